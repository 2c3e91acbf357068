"""Update paths: where in a document a modifier acts.

Unlike a query's path, an update path names places one by one: steps are names or array positions, ``$`` is
the element the filter matched, ``$[]`` every element and ``$[name]`` those an array filter selects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ming.mim.data.errors import CommandError
from ming.mim.data.path import is_index
from ming.mim.data.values import MISSING, type_name

__all__ = ["Place", "Placing", "check_update_path", "places"]

_MOST_PADDING: Final = 1_500_000

Container = dict[str, Any] | list[Any]


class Placing(NamedTuple):
    """What the dynamic steps of update paths stand for, for one document."""

    position: int | None = None
    """The array position that the filter matched."""
    array_filters: Mapping[str, Callable[[Any], bool]] = MappingProxyType({})
    """Tests of array elements, by identifier."""


class Place(NamedTuple):
    """One place in a document, which may not exist yet."""

    container: Container | None
    """The innermost document or array on the way that exists, or None where the path is blocked."""
    rest: tuple[str, ...]
    """The steps from there; more than one where documents in between are missing."""
    document: dict[str, Any]
    """The whole document, for messages."""
    blocked_by: tuple[str, Any] = ("", None)
    """Name and value of what stands in the way, where the path is blocked."""

    def get(self) -> Any:
        """Return the value at the place, or `MISSING`.

        Raises:
            CommandError: A scalar, or an array without such a position, is in the way.
        """
        container = self._reachable()
        step, *deeper = self.rest
        if deeper:
            return MISSING
        if isinstance(container, dict):
            return container.get(step, MISSING)
        return container[int(step)] if int(step) < len(container) else MISSING

    def set(self, value: Any) -> None:
        """Put a value at the place, creating the documents on the way and padding arrays with null.

        Raises:
            CommandError: A scalar, or an array without such a position, is in the way.
        """
        container = self._reachable()
        for step in reversed(self.rest[1:]):
            value = {step: value}
        step = self.rest[0]
        if isinstance(container, dict):
            container[step] = value
            return
        index = int(step)
        padding = index - len(container)
        if padding > _MOST_PADDING:
            raise CommandError(2, f"can't backfill more than {_MOST_PADDING} elements")
        if padding >= 0:
            container.extend([None] * (padding + 1))
        container[index] = value

    def remove(self) -> None:
        """Remove the field at the place, if there is one; an array element becomes null instead."""
        if self.container is None or self.get() is MISSING:
            return
        if isinstance(self.container, dict):
            del self.container[self.rest[0]]
        else:
            self.container[int(self.rest[0])] = None

    def _reachable(self) -> Container:
        if self.container is None:
            name, blocking = self.blocked_by
            raise CommandError(
                28, f"Cannot create field '{self.rest[0]}' in element {{{name}: {blocking!r}}}"
            )
        return self.container


@lru_cache(maxsize=1000)
def check_update_path(path: str) -> tuple[str, ...]:
    """Split an update path.

    Raises:
        CommandError: A step is empty, or starts with ``$`` and is none of the positional operators.
    """
    if path == "":
        raise CommandError(56, "An empty update path is not valid.")
    parts = tuple(path.split("."))
    if "" in parts:
        raise CommandError(
            56, f"The update path '{path}' contains an empty field name, which is not allowed."
        )
    if _is_dynamic(parts[0]):
        raise CommandError(
            2, f"Cannot have positional (i.e. '$') element in the first position in path '{path}'"
        )
    if parts.count("$") > 1:
        raise CommandError(2, f"Too many positional (i.e. '$') elements found in path '{path}'")
    for step in parts:
        if step.startswith("$") and not _is_dynamic(step):
            raise CommandError(
                52,
                f"The dollar ($) prefixed field '{step}' in '{path}' is not allowed in the context of an update",
            )
    return parts


def _is_dynamic(step: str) -> bool:
    return step == "$" or (step.startswith("$[") and step.endswith("]"))


def places(document: dict[str, Any], parts: tuple[str, ...], placing: Placing) -> Iterator[Place]:
    """Yield the places that an update path names in a document.

    Raises:
        CommandError: A positional step finds no array.
    """
    yield from _places(document, "", parts, placing, document, parts)


def _places(
    container: Any,
    name: str,
    rest: tuple[str, ...],
    placing: Placing,
    document: dict[str, Any],
    path: tuple[str, ...],
) -> Iterator[Place]:
    step = rest[0]
    if step == "$":
        step = str(placing.position)
        rest = (step, *rest[1:])
    elif _is_dynamic(step):
        for index in _selected(container, name, step, placing):
            yield from _places(container, name, (str(index), *rest[1:]), placing, document, path)
        return
    if isinstance(container, dict):
        inner = container.get(step, MISSING)
    elif isinstance(container, list) and is_index(step):
        inner = container[int(step)] if int(step) < len(container) else MISSING
    else:
        yield Place(None, rest, document, (name, container))
        return
    if len(rest) == 1:
        yield Place(container, rest, document)
    elif inner is MISSING:
        _refuse_dynamic(rest[1:], path)
        yield Place(container, rest, document)
    else:
        yield from _places(inner, step, rest[1:], placing, document, path)


def _refuse_dynamic(missing: tuple[str, ...], path: tuple[str, ...]) -> None:
    for offset, step in enumerate(missing):
        if step.startswith("$["):
            above = ".".join(path[: len(path) - len(missing) + offset])
            raise CommandError(
                2, f"The path '{above}' must exist in the document in order to apply array updates."
            )


def _selected(container: Any, name: str, step: str, placing: Placing) -> list[int]:
    if not isinstance(container, list):
        raise CommandError(
            2, f"Cannot apply array updates to non-array element {name}: {type_name(container)}"
        )
    identifier = step[2:-1]
    if not identifier:
        return list(range(len(container)))
    test = placing.array_filters[identifier]
    return [index for index, element in enumerate(container) if test(element)]
