"""Plain dicts outside any collection: `match` with its result types, `_lookup`, and the order of BSON values.

These helpers are what programs import from ``ming.mim`` beside the faces; they answer as the lenient engine
does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ming.mim.data.dialect import Dialect
from ming.mim.data.path import is_index, parts_of
from ming.mim.data.values import MISSING, from_wire, identical, order_key
from ming.mim.queries.conditions import Filter
from ming.mim.queries.filters import QueryContext, compile_filter
from ming.mim.updates.compiler import compile_update

__all__ = ["BsonArith", "MatchDoc", "MatchList", "_lookup", "match"]

_CONTEXT: Final = QueryContext(Dialect(lenient=True))


def match(spec: Mapping[str, Any], doc: dict[str, Any]) -> MatchDoc | None:
    """Match a document against a query.

    Args:
        spec: The query.
        doc: A plain dict.

    Returns:
        The wrapped document, whose lists know which element matched, or None if it does not match.
    """
    query, stored = from_wire(spec), from_wire(doc)
    if not compile_filter(query, _CONTEXT).matches(stored):
        return None
    return MatchDoc(doc, _positions(query, stored))


def _positions(query: Mapping[str, Any], document: dict[str, Any]) -> dict[str, int]:
    """Return, for each path a query asks about, the position of the element that matched."""
    positions: dict[str, int] = {}
    for path, operand in query.items():
        if path in ("$and", "$or"):
            for branch in operand:
                if compile_filter(branch, _CONTEXT).matches(document):
                    positions.update(_positions(branch, document))
        elif not path.startswith("$"):
            compiled: Filter = compile_filter({path: operand}, _CONTEXT)
            position = compiled.position(document)
            if position is not None:
                positions[path] = position
    return positions


def _wrapped(value: Any, path: str, positions: Mapping[str, int]) -> Any:
    if isinstance(value, dict):
        return MatchDoc(value, positions, path)
    if isinstance(value, list):
        asked = (at for at in positions if at == path or at.startswith(f"{path}."))
        longest = max(asked, key=len, default=None)
        return MatchList(value, None if longest is None else positions[longest], positions, path)
    return value


def _joined(path: str, step: Any) -> str:
    return f"{path}.{step}" if path else str(step)


class _Wrapper:
    """What wrapped dicts and lists share: reaching values by dotted paths."""

    def getvalue(self, path: str) -> Any:
        """Return the value at a dotted path; ``$`` is the position the query matched.

        Raises:
            KeyError: There is no such value.
        """
        value: Any = self
        for step in path.split("."):
            if not isinstance(value, _Wrapper):
                raise KeyError(path)
            value = value._step(step)
            if value is MISSING:
                raise KeyError(path)
        return value

    def _step(self, step: str) -> Any:
        raise NotImplementedError


class MatchDoc(_Wrapper):
    """A wrapped dict. It is always true, and equal to other wrapped dicts of equal content only.

    Args:
        orig: The dict.
        positions: The positions that a query matched, by path.
        path: Where the dict lies in the matched document.
    """

    def __init__(
        self, orig: dict[str, Any], positions: Mapping[str, int] | None = None, path: str = ""
    ) -> None:
        self._orig = orig
        self._doc = {
            name: _wrapped(value, _joined(path, name), positions or {}) for name, value in orig.items()
        }

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MatchDoc) and self._doc == other._doc

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"M{self._doc!r}"

    def __getitem__(self, key: str) -> Any:
        return self._doc[key]

    def __contains__(self, key: object) -> bool:
        return key in self._doc

    def __iter__(self) -> Iterator[str]:
        return iter(self._doc)

    def __len__(self) -> int:
        return len(self._doc)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the wrapped value of a key, or a default."""
        return self._doc.get(key, default)

    def keys(self) -> Any:
        """Return the keys."""
        return self._doc.keys()

    def items(self) -> Any:
        """Return keys with wrapped values."""
        return self._doc.items()

    def update(self, changes: Mapping[str, Any]) -> None:
        """Apply an update document to the original dict, in place.

        Args:
            changes: Update operators with their fields.
        """
        before = from_wire(self._orig)
        position = next(
            (
                value.pos
                for value in self._doc.values()
                if isinstance(value, MatchList) and value.pos is not None
            ),
            0,
        )
        after = compile_update(from_wire({"u": changes})["u"]).apply(from_wire(self._orig), position, False)
        for name in before.keys() - after.keys():
            del self._orig[name]
        for name, value in after.items():
            if name not in before or not identical(before[name], value):
                self._orig[name] = value
        self._doc = {name: _wrapped(value, name, {}) for name, value in self._orig.items()}

    def _step(self, step: str) -> Any:
        return self._doc.get(step, MISSING)


class MatchList(_Wrapper):
    """A wrapped list that knows the position of the element a query matched.

    Args:
        orig: The list.
        pos: The position that matched.
        positions: The positions that a query matched, by path.
        path: Where the list lies in the matched document.
    """

    def __init__(
        self,
        orig: list[Any],
        pos: int | None = None,
        positions: Mapping[str, int] | None = None,
        path: str = "",
    ) -> None:
        self._orig = orig
        self.pos = pos
        self._items = [
            _wrapped(value, _joined(path, index), positions or {}) for index, value in enumerate(orig)
        ]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MatchList) and self._items == other._items

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"M<{self.pos}>{self._items!r}"

    def __getitem__(self, index: int) -> Any:
        return self._items[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def _step(self, step: str) -> Any:
        index = self.pos or 0 if step == "$" else int(step) if step.isdigit() else -1
        return self._items[index] if 0 <= index < len(self._items) else MISSING


def _lookup(doc: Mapping[str, Any], key: str, default: Any = MISSING) -> Any:
    """Return the value at a dotted path of a document; digits are positions in lists.

    Programs written for Ming's in-memory engine import it by this name.

    Args:
        doc: A plain dict.
        key: The path.
        default: What to return where there is no such value.

    Raises:
        KeyError: There is no such value, and no default.
    """
    value: Any = doc
    for step in parts_of(key):
        if isinstance(value, Mapping):
            value = value.get(step, MISSING)
        elif isinstance(value, list) and is_index(step) and int(step) < len(value):
            value = value[int(step)]
        else:
            value = MISSING
    if value is not MISSING:
        return value
    if default is MISSING:
        raise KeyError(key)
    return default


class BsonArith:
    """The order of BSON values."""

    @classmethod
    def cmp(cls, a: Any, b: Any) -> int:
        """Compare two values in BSON's order of types and values.

        Returns:
            -1, 0 or 1.
        """
        left, right = (order_key(from_wire({"": value})[""]) for value in (a, b))
        return (left > right) - (left < right)
