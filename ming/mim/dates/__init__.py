"""Dates: their parts, time zones, formats, and the texts they are read from."""
