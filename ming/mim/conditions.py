"""What a compiled filter is made of.

A `Condition` is what one field must fulfil; it can be asked of a path (any reached value will do) or, below
``$elemMatch``, of a single value. A `Filter` is the compiled question to a whole document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ming.mim.path import Path
from ming.mim.values import OrderKey

__all__ = ["All", "Condition", "Filter", "Leaf", "Not", "all_of", "any_of", "negated"]

Document = dict[str, Any]
Test = Callable[[Any], bool]


def _no_position(document: Document) -> int | None:
    return None


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled filter."""

    matches: Callable[[Document], bool]
    """Whether a document is selected."""
    position: Callable[[Document], int | None] = _no_position
    """Which array element made a selected document match, for the positional ``$``."""
    points: Mapping[str, frozenset[OrderKey]] = field(default_factory=dict)
    """Paths that must hold one of a few values: what an index can look up."""


def all_of(filters: Sequence[Filter]) -> Filter:
    """Return the conjunction of filters."""
    if len(filters) == 1:
        return filters[0]
    tests = [each.matches for each in filters]
    points = {path: keys for each in filters for path, keys in each.points.items()}

    def matches(document: Document) -> bool:
        for test in tests:
            if not test(document):
                return False
        return True

    def position(document: Document) -> int | None:
        # Every part of a conjunction overwrites the position that an earlier one found.
        found = [each.position(document) for each in filters]
        return next((place for place in reversed(found) if place is not None), None)

    return Filter(matches, position, points)


def any_of(filters: Sequence[Filter]) -> Filter:
    """Return the disjunction of filters."""

    def position(document: Document) -> int | None:
        return next((each.position(document) for each in filters if each.matches(document)), None)

    return Filter(lambda document: any(each.matches(document) for each in filters), position)


def negated(inner: Filter) -> Filter:
    """Return the negation of a filter."""
    return Filter(lambda document: not inner.matches(document))


class Condition(Protocol):
    """What a field must fulfil."""

    def on_path(self, path: Path) -> Filter:
        """Return the filter asking this of the values a path reaches."""
        ...

    def on_value(self, value: Any) -> bool:
        """Whether one value, taken as it is, fulfils this."""
        ...


@dataclass(frozen=True, slots=True)
class Leaf:
    """A test that any value reached by the path may pass."""

    test: Test
    expand: bool = True
    """Whether the elements of an array at the end of the path are asked, too."""
    keys: frozenset[OrderKey] | None = None
    """The values that pass, where they are few and known."""
    position_in: Callable[[Any], int | None] | None = None
    """The position within a value that passed, for tests that look into arrays themselves."""

    def on_path(self, path: Path) -> Filter:
        test, expand, values = self.test, self.expand, path.values

        def matches(document: Document) -> bool:
            for value in values(document, expand):
                if test(value):
                    return True
            return False

        points = {} if self.keys is None else {path.dotted: self.keys}
        return Filter(matches, lambda document: self._position(path, document), points)

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
