"""The types of stored documents, and what steps make of them."""

from __future__ import annotations

__all__: list[str] = []
