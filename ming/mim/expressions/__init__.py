"""Aggregation expressions: the compiler, and tables of operators."""
