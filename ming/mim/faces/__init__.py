"""PyMongo's classes over the engine, sync and async."""
