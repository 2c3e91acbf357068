"""What a compiled filter is made of.

A `Condition` is what one field must fulfil; it can be asked of a path (any reached value will do) or, below
``$elemMatch``, of a single value. A `Filter` is the compiled question to a whole document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from ming.mim.data.environment import KeyOf
from ming.mim.data.errors import CommandError
from ming.mim.data.path import Path
from ming.mim.data.values import OrderKey, depends_on_collation, order_key

__all__ = ["All", "Condition", "Filter", "Leaf", "Not", "Order", "Points", "all_of", "any_of", "negated"]

Document = dict[str, Any]
Test = Callable[[Any], bool]


class Points(NamedTuple):
    """A few values, one of which must be there."""

    keys: frozenset[OrderKey]
    order: KeyOf = order_key
    """What gave the values their keys."""

    def known_by(self, order: KeyOf) -> bool:
        """Whether another order gives these values the same keys."""
        return self.order is order or not any(map(depends_on_collation, self.keys))


class Order(NamedTuple):
    """The order of documents by their distance from a point."""

    distance: Callable[[Document], float]
    """Gives the distance of a document that was selected."""
    path: str
    """Where documents have the places that are measured."""
    index_kinds: frozenset[str]
    """The kinds of index, one of which there must be."""

    def check(self, indexes: Mapping[str, frozenset[str]]) -> None:
        """Refuse to search without an index.

        Args:
            indexes: The kinds of geo index, by field.

        Raises:
            CommandError: The server would have no index to use.
        """
        if not self.index_kinds & indexes.get(self.path, frozenset()):
            raise CommandError(
                291,
                "error processing query: planner returned error :: caused by :: unable to find index for $geoNear"
                " query",
            )


def _no_position(document: Document) -> int | None:
    return None


_NO_POINTS: Final[Mapping[str, Points]] = MappingProxyType({})


class Filter(NamedTuple):
    """A compiled filter."""

    matches: Callable[[Document], bool]
    """Whether a document is selected."""
    position: Callable[[Document], int | None] = _no_position
    """Which array element made a selected document match, for the positional ``$``."""
    points: Mapping[str, Points] = _NO_POINTS
    """Paths that must hold one of a few values: what an index can look up."""
    order: Order | None = None
    """The order that selected documents have by themselves, if the filter gives them one."""
    is_text_search: bool = False
    """Whether it asks the text index."""


def all_of(filters: Sequence[Filter]) -> Filter:
    """Return the conjunction of filters."""
    if len(filters) == 1:
        return filters[0]
    tests = [each.matches for each in filters]
    points = {path: of_path for each in filters for path, of_path in each.points.items()}

    def matches(document: Document) -> bool:
        for test in tests:
            if not test(document):
                return False
        return True

    def position(document: Document) -> int | None:
        # Every part of a conjunction overwrites the position that an earlier one found.
        found = [each.position(document) for each in filters]
        return next((place for place in reversed(found) if place is not None), None)

    return Filter(matches, position, points, *_searches(filters))


def _searches(filters: Sequence[Filter]) -> tuple[Order | None, bool]:
    """Return the only order that filters give, and whether there is a text search."""
    orders = [each.order for each in filters if each.order is not None]
    text_searches = sum(each.is_text_search for each in filters)
    if len(orders) > 1:
        raise CommandError(2, "Too many geoNear expressions")
    if text_searches > 1:
        raise CommandError(2, "Too many text expressions")
    if orders and text_searches:
        raise CommandError(2, "text and geoNear not allowed in same query")
    return orders[0] if orders else None, text_searches > 0


def any_of(filters: Sequence[Filter]) -> Filter:
    """Return the disjunction of filters.

    Raises:
        CommandError: One of them gives documents an order.
    """
    _refuse_order(filters)

    def position(document: Document) -> int | None:
        return next((each.position(document) for each in filters if each.matches(document)), None)

    return Filter(
        lambda document: any(each.matches(document) for each in filters),
        position,
        is_text_search=_searches(filters)[1],
    )


def negated(inner: Filter) -> Filter:
    """Return the negation of a filter.

    Raises:
        CommandError: It gives documents an order, or searches text.
    """
    _refuse_order([inner])
    if inner.is_text_search:
        raise CommandError(2, "text expression not allowed in nor")
    return Filter(lambda document: not inner.matches(document))


def _refuse_order(filters: Sequence[Filter]) -> None:
    if any(each.order is not None for each in filters):
        raise CommandError(2, "geo $near must be top-level expr")


class Condition(Protocol):
    """What a field must fulfil."""

    def on_path(self, path: Path) -> Filter:
        """Return the filter asking this of the values a path reaches."""
        ...

    def on_value(self, value: Any) -> bool:
        """Whether one value, taken as it is, fulfils this."""
        ...


class Leaf(NamedTuple):
    """A test that any value reached by the path may pass."""

    test: Test
    expand: bool = True
    """Whether the elements of an array at the end of the path are asked, too."""
    points: Points | None = None
    """The values that pass, where they are few and known."""
    position_in: Callable[[Any], int | None] | None = None
    """The position within a value that passed, for tests that look into arrays themselves."""

    def on_path(self, path: Path) -> Filter:
        points = _NO_POINTS if self.points is None else {path.dotted: self.points}
        return Filter(path.reaches(self.test, self.expand), partial(self._position, path), points)

    def _position(self, path: Path, document: Document) -> int | None:
        for value, position in path.placed_values(document, self.expand):
            if self.test(value):
                if position is None and self.position_in is not None:
                    return self.position_in(value)
                return position
        return None

    def on_value(self, value: Any) -> bool:
        return self.test(value)


@dataclass(frozen=True, slots=True)
class Not:
    """A condition that must fail: on a path, for every value it reaches."""

    inner: Condition

    def on_path(self, path: Path) -> Filter:
        return negated(self.inner.on_path(path))

    def on_value(self, value: Any) -> bool:
        return not self.inner.on_value(value)


@dataclass(frozen=True, slots=True)
class All:
    """Several conditions, each of which must hold; on a path, not necessarily for the same value."""

    inner: Sequence[Condition]

    def on_path(self, path: Path) -> Filter:
        return all_of([condition.on_path(path) for condition in self.inner])

    def on_value(self, value: Any) -> bool:
        return all(condition.on_value(value) for condition in self.inner)
