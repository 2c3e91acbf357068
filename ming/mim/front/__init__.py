"""The wire protocol, for unmodified drivers and tools."""
