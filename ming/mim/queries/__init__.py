"""Filters and projections: the compilers, and the operators of one kind each."""
