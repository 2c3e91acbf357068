"""Aggregation pipelines: stages, accumulators, window functions."""
