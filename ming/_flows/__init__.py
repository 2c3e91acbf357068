"""Flows: generators that decide and yield operations, for an executor of `ming._drive` to perform."""
