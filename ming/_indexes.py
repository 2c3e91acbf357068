"""Index declarations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING

from ming.utils import fixup_index

if TYPE_CHECKING:
    from ming._fields import Field

__all__ = ["Index", "flagged"]


class Index:
    """An index that a document class declares.

    Args:
        fields: Keys, or ``(key, direction)`` pairs; directions are those of the driver, such as
            ``-1``, ``'text'``, ``'2dsphere'`` or ``'hashed'``. The keyword replaces the positional form.
        direction: Of keys without one.
        unique: Whether no two documents may have equal keys.
        sparse: Whether documents without the keys are left out.
        name: The index's name; without it, the server's.
        background: Accepted and ignored; it is always sent.
        options: Every other option of the driver's ``create_index``: ``expireAfterSeconds``,
            ``partialFilterExpression``, ``collation``, ``wildcardProjection``, ``hidden``, ...

    Raises:
        TypeError: The keys cannot be understood.
        ValueError: There are none.
    """

    fields: Any
    index_spec: list[tuple[str, Any]]
    """Pairs of key and direction."""
    index_options: dict[str, Any]
    """What is handed to the driver beside the keys."""
    name: str

    def __init__(
        self,
        *args: Any,
        direction: Any = ASCENDING,
        unique: bool = False,
        sparse: bool = False,
        fields: Any = None,
        name: str | None = None,
        background: Any = None,
        **options: Any,
    ) -> None:
        self.fields = args if fields is None else fields
        self.index_spec = fixup_index(self.fields, direction)
        if not self.index_spec:
            raise ValueError("an index needs a key")
        self.name = name or "idx_" + "_".join(f"{key}_{kind}" for key, kind in self.index_spec)
        self.index_options = {**options, "unique": unique, "sparse": sparse}
        if name:
            self.index_options["name"] = name

    def __getattr__(self, option: str) -> Any:
        if option.startswith("__") or option == "index_options":
            raise AttributeError(option)
        try:
            return self.index_options[option]
        except KeyError:
            raise AttributeError(f"Index {self.index_spec} has no option {option}") from None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Index):
            return NotImplemented
        return self.index_spec == other.index_spec and self.index_options == other.index_options

    # Options are dicts as a rule.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        keys = ",".join(f"{key}:{kind}" for key, kind in self.index_spec)
        return f"<Index ({keys}) options={self.index_options}>"


def flagged(fields: Iterable[Field[Any]]) -> list[Index]:
    """Return the indexes that fields declare by their own flags."""
    return [
        Index(field.name, unique=field.unique, sparse=field.sparse)
        for field in fields
        if field.index or field.unique or field.sparse
    ]
