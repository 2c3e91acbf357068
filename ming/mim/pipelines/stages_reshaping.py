"""The stages that make other documents of each: $unwind, $replaceRoot, $replaceWith, $redact."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from bson import Int64

from ming.mim.data.environment import Scope
from ming.mim.data.errors import CommandError
from ming.mim.data.rendering import shown
from ming.mim.data.values import MISSING, type_name
from ming.mim.expressions.compiler import compile_expression, root_scope
from ming.mim.pipelines.stages import Builder, Document, Stage, field_path
from ming.mim.queries.filters import QueryContext

__all__ = ["REPLACING", "RESHAPING", "nested_value", "with_added", "with_last_value", "with_value"]


def nested_value(document: Document, parts: tuple[str, ...]) -> Any:
    """Follow a path through documents only; an array on the way ends it."""
    value: Any = document
    for part in parts:
        if value.__class__ is not dict:
            return MISSING
        value = value.get(part, MISSING)
    return value


def with_value(document: Document, parts: tuple[str, ...], value: Any) -> Document:
    """Return a document with a value, or without one if it is `MISSING`, at a path.

    What lies on the path and is no document gives way to one.
    """
    first, *rest = parts
    if rest:
        inner = document.get(first)
        value = with_value(inner if isinstance(inner, dict) else {}, tuple(rest), value)
    if value is MISSING:
        return {name: inner for name, inner in document.items() if name != first}
    return {**document, first: value}


def with_last_value(document: Document, parts: tuple[str, ...], value: Any) -> Document:
    """Return a document with a value at a path, as `with_value` does, but in the last place."""
    first, *rest = parts
    if rest:
        inner = document.get(first)
        value = with_last_value(inner if isinstance(inner, dict) else {}, tuple(rest), value)
    return {**{name: inner for name, inner in document.items() if name != first}, first: value}


def with_added(value: Any, parts: tuple[str, ...], added: Any) -> Any:
    """Return a document with a value put at a path as $addFields does: in all documents of arrays on the
    way."""
    if value.__class__ is list:
        return [with_added(item, parts, added) for item in value]
    first, *rest = parts
    document = value if value.__class__ is dict else {}
    if rest:
        added = with_added(document.get(first), tuple(rest), added)
    if added is MISSING:
        return {name: inner for name, inner in document.items() if name != first}
    return {**document, first: added}


# -- $unwind ------------------------------------------------------------------------------------------


def _unwind(operand: Any, context: QueryContext) -> Stage:
    path, keeps_empty, index_path = _unwind_options(operand)

    def indexed(document: Document, index: Int64 | None) -> Document:
        return document if index_path is None else with_value(document, index_path, index)

    def unwound(document: Document) -> Iterator[Document]:
        value = nested_value(document, path)
        if value.__class__ is list:
            for index, item in enumerate(value):
                yield indexed(with_value(document, path, item), Int64(index))
            if keeps_empty and not value:
                yield indexed(with_value(document, path, MISSING), None)
        elif keeps_empty or not (value is None or value is MISSING):
            yield indexed(document, None)

    return lambda documents: (made for document in documents for made in unwound(document))


def _unwind_options(operand: Any) -> tuple[tuple[str, ...], bool, tuple[str, ...] | None]:
    if not isinstance(operand, str | dict):
        raise CommandError(
            15981,
            "expected either a string or an object as specification for $unwind stage, got"
            f" {type_name(operand)}",
        )
    options = operand if isinstance(operand, dict) else {"path": operand}
    for name, value in options.items():
        if name not in _UNWIND_OPTIONS:
            raise CommandError(28811, f"unrecognized option to $unwind stage: {name}")
        accepted, code, expected = _UNWIND_OPTIONS[name]
        if not isinstance(value, accepted) or (name == "includeArrayIndex" and not value):
            raise CommandError(
                code, f"expected a {expected} for the {name} option to $unwind stage, got {type_name(value)}"
            )
    path, index_path = options.get("path"), options.get("includeArrayIndex")
    if not path:
        raise CommandError(28812, "no path specified to $unwind stage")
    if not path.startswith("$"):
        raise CommandError(28818, f"path option to $unwind stage should be prefixed with a '$': {path}")
    if index_path is not None and index_path.startswith("$"):
        raise CommandError(
            28822,
            f"includeArrayIndex option to $unwind stage should not be prefixed with a '$': {index_path}",
        )
    return (
        field_path(path[1:]),
        bool(options.get("preserveNullAndEmptyArrays")),
        None if index_path is None else field_path(index_path),
    )


_UNWIND_OPTIONS: Final[Mapping[str, tuple[type, int, str]]] = {
    "path": (str, 28808, "string"),
    "preserveNullAndEmptyArrays": (bool, 28809, "boolean"),
    "includeArrayIndex": (str, 28810, "non-empty string"),
}
"""The type each option must have, the code of the error if it has another, and how the message puts it."""


# -- $replaceRoot -------------------------------------------------------------------------------------


def _replace_root(operand: Any, context: QueryContext) -> Stage:
    if not isinstance(operand, dict):
        raise CommandError(
            40229,
            f"expected an object as specification for $replaceRoot stage, got {type_name(operand)}",
        )
    for name in operand.keys() - {"newRoot"}:
        raise CommandError(40415, f"BSON field '$replaceRoot.{name}' is an unknown field.")
    if not operand:
        raise CommandError(40414, "BSON field '$replaceRoot.newRoot' is missing but a required field")
    return _replaced(operand["newRoot"], "'newRoot' expression", context)


def _replace_with(operand: Any, context: QueryContext) -> Stage:
    return _replaced(operand, "'replacement document'", context)


def _replaced(expression: Any, what: str, context: QueryContext) -> Stage:
    evaluate = compile_expression(expression, context.environment)

    def replaced(document: Document) -> Document:
        root = evaluate(root_scope(document, context.variables))
        if not isinstance(root, dict):
            raise CommandError(
                40228,
                f"{what}  must evaluate to an object, but resulting value was: {shown(root)}. Type of resulting"
                f" value: '{type_name(root)}'. Input document: {shown(document)}",
            )
        return root

    return lambda documents: map(replaced, documents)


# -- $redact ------------------------------------------------------------------------------------------

_DECISIONS: Final = {"KEEP": "keep", "PRUNE": "prune", "DESCEND": "descend"}


def _redact(operand: Any, context: QueryContext) -> Stage:
    decide = compile_expression(operand, context.environment.binding(*_DECISIONS))

    def redacted(value: Any, scope: Scope) -> Any:
        if value.__class__ is list:
            inner = [redacted(item, scope) for item in value]
            return [item for item in inner if item is not MISSING]
        if value.__class__ is not dict:
            return value
        decision = decide({**scope, "CURRENT": value})
        if decision == "keep":
            return value
        if decision == "prune":
            return MISSING
        if decision != "descend":
            raise CommandError(
                17053,
                "$redact's expression should not return anything aside from the variables $$KEEP, $$DESCEND, and"
                f" $$PRUNE, but returned {shown(decision)}",
            )
        kept = {name: redacted(item, scope) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item is not MISSING}

    def run(document: Document) -> Any:
        return redacted(document, {**root_scope(document, context.variables), **_DECISIONS})

    return lambda documents: (made for made in map(run, documents) if made is not MISSING)


REPLACING: Final[Mapping[str, Callable[[Any, QueryContext], Stage]]] = {
    "$replaceRoot": _replace_root,
    "$replaceWith": _replace_with,
}
"""The stages that put another document in a document's place, by name."""

RESHAPING: Final[Mapping[str, Builder]] = {**REPLACING, "$unwind": _unwind, "$redact": _redact}
"""Builders of all stages of this module, by name."""
