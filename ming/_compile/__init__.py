"""Loaders: schemas compiled into readable Python functions; the schema itself is the reference they agree with."""
