"""Schema items, as source text, for what was observed.

An item accepts every value it was made of: what is of several types accepts anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ming.infer.observed import Observed

__all__ = ["Items", "Policy"]


@dataclass(frozen=True)
class Item:
    """A schema item as source text."""

    name: str
    """Its class."""
    arguments: str = ""
    short: str = ""
    """Shorthand for it, if there is any."""
    if_optional: str = ""
    """An argument for where the value may be missing or null."""

    @property
    def plain(self) -> str:
        """The item without a policy for missing values."""
        return self.short or self._called()

    @property
    def optional(self) -> str:
        """The item of a value that may be missing or null."""
        return self._called(self.if_optional) if self.if_optional else self.plain

    @property
    def required(self) -> str:
        """The item of a value that has to be there."""
        return self._called("required=True")

    def _called(self, *options: str) -> str:
        arguments = ", ".join(filter(None, (self.arguments, *options)))
        return f"{self.name}({arguments})" if arguments else self.name


_ANYTHING: Final = Item("S.Anything")
_ANY_LIST: Final = Item("S.Array", "S.Anything", short="[]")
_ANY_OBJECT: Final = Item("S.Object", "{str: S.Anything}", short="dict")
_SINGLE: Final[Mapping[frozenset[str], Item]] = {
    frozenset({"bool"}): Item("S.Bool", short="bool"),
    frozenset({"int"}): Item("S.Int", short="int"),
    frozenset({"float"}): Item("S.Float", short="float"),
    frozenset({"int", "float"}): Item("S.Float", short="float"),
    frozenset({"str"}): Item("S.String", short="str"),
    frozenset({"date"}): Item("S.DateTime", short="datetime"),
    frozenset({"ObjectId"}): Item("S.ObjectId", if_optional="if_missing=None"),
    frozenset({"decimal"}): Item("S.NumberDecimal"),
    frozenset({"binary"}): Item("S.Binary", short="bytes"),
}
_INDENT: Final = "    "
_ENOUGH: Final = 20
"""Values of which at least so many were seen are taken to be always there, if they always were."""
_MOST_OPTIONS: Final = 8
_TIMES_EACH: Final = 5
_LONGEST_OPTION: Final = 40


@dataclass(frozen=True)
class Policy:
    """How far conclusions go.

    Args:
        required: Whether what was always there is required.
        options: Whether few texts, each seen often, are all there are.
        types: Whether values are of the types that were seen.
        steps: Whether to guess what happened between shapes.
    """

    required: bool = True
    options: bool = True
    types: bool = True
    steps: bool = True


@dataclass(frozen=True)
class Items:
    """Writes items.

    Args:
        policy: How far conclusions go.
    """

    policy: Policy

    def of_field(self, seen: Observed, total: int, depth: int = 1) -> str:
        """The item of a field.

        Args:
            seen: Its values.
            total: In how many objects it could have been.
            depth: How far the source is indented.
        """
        item = self._item(seen, depth)
        return item.required if self.is_required(seen, total) else item.optional

    def is_required(self, seen: Observed, total: int) -> bool:
        """Whether a field has to be there."""
        always = seen.count == total >= _ENOUGH and seen.types["null"] == 0
        return self.policy.required and always

    def options(self, seen: Observed) -> list[str]:
        """The texts that are all there are, if the values look like it; else none."""
        values = seen.values
        few = not seen.overflown and 1 < len(values) <= _MOST_OPTIONS and seen.kinds == {"str"}
        if not (few and self.policy.options) or seen.types["str"] < _ENOUGH:
            return []
        if any(times < _TIMES_EACH or len(text) > _LONGEST_OPTION for text, times in values.items()):
            return []
        return sorted(values)

    def _item(self, seen: Observed, depth: int) -> Item:
        if not self.policy.types or seen.truncated:
            return _ANYTHING
        if seen.kinds == {"object"}:
            return self._object(seen, depth)
        if seen.kinds == {"list"} and seen.items is not None:
            return self._list(seen.items, depth)
        options = self.options(seen)
        if options:
            return Item("S.OneOf", ", ".join(map(repr, options)))
        return _SINGLE.get(seen.kinds, _ANYTHING)

    def _list(self, items: Observed, depth: int) -> Item:
        item = self._item(items, depth)
        if item == _ANYTHING:
            return _ANY_LIST
        inner = item.optional if items.types["null"] else item.plain
        return Item("S.Array", inner, short=f"[{inner}]")

    def _object(self, seen: Observed, depth: int) -> Item:
        if not seen.fields:
            return _ANY_OBJECT
        fields = self._entries(seen, depth) if seen.is_map else self._named(seen, depth)
        # An object may not be null, nor lack its own required fields, unless null is its default.
        return Item("S.Object", fields, short=fields, if_optional="if_missing=None")

    def _entries(self, seen: Observed, depth: int) -> str:
        values = Observed()
        for inner in seen.fields.values():
            values.merge(inner)
        item = self._item(values, depth)
        return f"{{str: {item.optional if values.types['null'] else item.plain}}}"

    def _named(self, seen: Observed, depth: int) -> str:
        total = seen.types["object"]
        lines = (
            f"{_INDENT * (depth + 1)}{name!r}: {self.of_field(inner, total, depth + 1)},\n"
            for name, inner in sorted(seen.fields.items())
        )
        return f"{{\n{''.join(lines)}{_INDENT * depth}}}"
