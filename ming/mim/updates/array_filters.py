"""Array filters: which elements the step ``$[identifier]`` of an update path stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ming.mim.data.errors import CommandError
from ming.mim.queries.filters import QueryContext, compile_filter

__all__ = ["check_identifiers", "compile_array_filters"]


def compile_array_filters(
    array_filters: Sequence[Mapping[str, Any]], context: QueryContext
) -> dict[str, Callable[[Any], bool]]:
    compiled: dict[str, Callable[[Any], bool]] = {}
    for query in array_filters:
        names = _identifiers(query)
        if len(names) != 1:
            raise CommandError(
                9,
                "Error parsing array filter :: caused by :: Expected a single top-level field name, found"
                f" {sorted(names)}",
            )
        (name,) = names
        if not (name[:1].islower() and name.isalnum()):
            raise CommandError(2, f"The top-level field name must be an alphanumeric string: '{name}'")
        if name in compiled:
            raise CommandError(9, f"Found multiple array filters with the same top-level field name {name}")
        compiled[name] = _element_test(name, query, context)
    return compiled


def _element_test(name: str, query: Mapping[str, Any], context: QueryContext) -> Callable[[Any], bool]:
    matches = compile_filter(query, context).matches
    return lambda element: matches({name: element})


def _identifiers(query: Mapping[str, Any]) -> set[str]:
    names: set[str] = set()
    for name, operand in query.items():
        if name in ("$and", "$or", "$nor"):
            names.update(*(_identifiers(branch) for branch in operand))
        else:
            names.add(name.partition(".")[0])
    return names


def check_identifiers(paths: Iterable[tuple[str, ...]], filters: Mapping[str, Any]) -> None:
    used: set[str] = set()
    for parts in paths:
        for part in parts:
            identifier = part[2:-1] if part.startswith("$[") else ""
            if identifier:
                if identifier not in filters:
                    raise CommandError(
                        2,
                        f"No array filter found for identifier '{identifier}' in path '{'.'.join(parts)}'",
                    )
                used.add(identifier)
    for name in filters:
        if name not in used:
            raise CommandError(9, f"The array filter for identifier '{name}' was not used in the update")
