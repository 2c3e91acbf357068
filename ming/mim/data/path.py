"""Dotted paths, read as queries read them.

A query's path fans out over arrays: ``a.b`` reaches the ``b`` of every document in the array ``a``, and a
number is both a field name and an array position. `Path.values` gives what the path reaches; with
``expand``, an array at the end also counts as each of its elements. Update paths, which name exactly one
place, are the business of `ming.mim.updates.paths`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from ming.mim.data.values import MISSING

__all__ = ["Path", "is_index", "parts_of", "path_at", "values_along"]


def parts_of(dotted: str) -> tuple[str, ...]:
    """Split a dotted path into its steps."""
    return tuple(dotted.split("."))


def is_index(step: str) -> bool:
    """Whether a step of a path can be an array position: digits without leading zeros."""
    return step.isascii() and step.isdigit() and (step == "0" or step[0] != "0")


def values_along(value: Any, parts: tuple[str, ...]) -> Iterator[Any]:
    """Yield the values at a path as ``distinct`` reads it: a number in front of an array is a position
    only."""
    for at, step in enumerate(parts):
        if value.__class__ is dict:
            value = value.get(step, MISSING)
        elif value.__class__ is not list:
            return
        elif is_index(step):
            value = value[int(step)] if int(step) < len(value) else MISSING
        else:
            for inner in value:
                if inner.__class__ is dict:
                    yield from values_along(inner, parts[at:])
            return
    if value is not MISSING:
        yield value


class Path:
    """A dotted path, split once."""

    __slots__ = ("_first", "_indexes", "_parts", "_single", "dotted")

    def __init__(self, dotted: str) -> None:
        self.dotted = dotted
        self._parts = parts_of(dotted)
        self._indexes = [int(step) if is_index(step) else None for step in self._parts]
        self._first = self._parts[0]
        self._single = len(self._parts) == 1

    def values(self, document: dict[str, Any], expand: bool) -> list[Any]:
        """Return the values the path reaches; a field that is not there is `MISSING`.

        Args:
            document: Where the path starts.
            expand: Whether an array at the end counts as its elements, and then as a whole.
        """
        if self._single:
            value = document.get(self._first, MISSING)
            return [*value, value] if expand and value.__class__ is list else [value]
        return [value for value, _ in self.placed_values(document, expand)]

    def reaches(self, test: Callable[[Any], bool], expand: bool) -> Callable[[dict[str, Any]], bool]:
        """Return a function telling whether the path reaches a value that passes a test.

        Args:
            test: What one value must pass.
            expand: As `values`.
        """
        parts = self._parts

        def along(document: dict[str, Any]) -> bool:
            value: Any = document
            for step in parts:
                if value.__class__ is dict:
                    value = value.get(step, MISSING)
                elif value.__class__ is list:
                    return any(test(value) for value, _ in self.placed_values(document, expand))
                else:
                    return test(MISSING)
            if expand and value.__class__ is list:
                return any(map(test, value)) or test(value)
            return test(value)

        def at_once(document: dict[str, Any]) -> bool:
            value = document.get(parts[0], MISSING)
            if expand and value.__class__ is list:
                return any(map(test, value)) or test(value)
            return test(value)

        return at_once if self._single else along

    def placed_values(self, document: dict[str, Any], expand: bool) -> list[tuple[Any, int | None]]:
        """Return the reached values, each with its position in the outermost array it was found in."""
        found: list[tuple[Any, int | None]] = []
        self._from_document(document, 0, None, expand, found)
        return found

    def _from_document(
        self,
        document: dict[str, Any],
        at: int,
        position: int | None,
        expand: bool,
        found: list[tuple[Any, int | None]],
    ) -> None:
        last = len(self._parts) - 1
        value: Any = document.get(self._parts[at], MISSING)
        while at < last and value.__class__ is dict:
            at += 1
            value = value.get(self._parts[at], MISSING)
        if at < last:
            if value.__class__ is list:
                self._from_array(value, at + 1, position, expand, found)
            else:
                found.append((MISSING, position))
            return
        if expand and value.__class__ is list:
            found.extend(
                (inner, index if position is None else position) for index, inner in enumerate(value)
            )
        found.append((value, position))

    def _from_array(
        self,
        array: list[Any],
        at: int,
        position: int | None,
        expand: bool,
        found: list[tuple[Any, int | None]],
    ) -> None:
        wanted = self._indexes[at]
        last = len(self._parts) - 1
        for index, inner in enumerate(array):
            outer = index if position is None else position
            if inner.__class__ is dict:
                self._from_document(inner, at, outer, expand, found)
            if index != wanted:
                continue
            if at == last:
                # An element named by its position is not expanded further.
                found.append((inner, position))
            elif inner.__class__ is dict:
                self._from_document(inner, at + 1, position, expand, found)
            elif inner.__class__ is list:
                self._from_array(inner, at + 1, position, expand, found)


@lru_cache(maxsize=1000)
def path_at(dotted: str) -> Path:
    """Return the path of a dotted name; programs use the same few over and over."""
    return Path(dotted)
