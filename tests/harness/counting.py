"""What a session of mapped objects asks the server for."""

from __future__ import annotations

from typing import Any

from harness.odm import OdmFace

__all__ = ["Queries"]


class Queries:
    """Records the queries of a session from now on.

    Args:
        odm: The session.
    """

    def __init__(self, odm: OdmFace) -> None:
        self.asked: list[tuple[str, Any]] = []
        """Collection and filter of each query."""
        find = odm.declared.impl.find

        def recorded(cls: Any, *args: Any, **kwargs: Any) -> Any:
            self.asked.append((cls.m.collection_name, args[0] if args else {}))
            return find(cls, *args, **kwargs)

        odm.declared.impl.find = recorded

    def __len__(self) -> int:
        return len(self.asked)

    def taken(self) -> list[str]:
        """Return the collections that were asked since the last call."""
        names = [name for name, _ in self.asked]
        self.asked.clear()
        return names
