"""Steps: the words they are declared with, what each kind does, and the forms it is compiled to."""

from __future__ import annotations

__all__: list[str] = []
