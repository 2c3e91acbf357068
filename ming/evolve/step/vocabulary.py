"""The words that steps are declared with. They check what they are given, and answer with frozen steps."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ming.evolve.step.base import Step
from ming.evolve.step.containers import Each, Unwrap, Wrap
from ming.evolve.step.conversions import type_named
from ming.evolve.step.fields import Const, Default, Drop
from ming.evolve.step.functions import Expr, Python
from ming.evolve.step.literals import KEEP, normal
from ming.evolve.step.moving import Copy, Move
from ming.evolve.step.sequence import Steps
from ming.evolve.step.texts import Merge, Split
from ming.evolve.step.values import Convert, Map
from ming.exc import MingConfigError

__all__ = [
    "const",
    "convert",
    "copy",
    "default",
    "drop",
    "each",
    "expr",
    "keep",
    "map",
    "merge",
    "move",
    "python",
    "split",
    "steps",
    "unwrap",
    "wrap",
]

keep = KEEP
"""The value of ``otherwise`` and ``on_error`` by which a value stays what it is."""


def steps(*steps: Step, fill: bool = False) -> Steps:
    """Declare what turns a document of one version into one of the next: a value for ``migrate``.

    Args:
        steps: The steps in order.
        fill: Whether fields that are missing afterwards get the constant defaults of the newer version.

    Raises:
        MingConfigError: The steps do not go together.
    """
    return Steps(_steps("steps", steps), fill)


def move(source: str, target: str, *, prune: bool = False) -> Move:
    """Carry a value to another place: rename, nest and unnest.

    Args:
        source: Where it is.
        target: Where it goes.
        prune: Whether sub-documents left empty go, too.
    """
    return Move(source, target, prune)


def copy(source: str, target: str) -> Copy:
    """Put a value at a second place.

    Args:
        source: Where it is, and stays.
        target: Where it goes, too.
    """
    return Copy(source, target)


def drop(*paths: str) -> Drop:
    """Remove fields.

    Args:
        paths: Where they are.
    """
    return Drop(paths)


def default(path: str, value: Any) -> Default:
    """Give a missing field a value; null stays null.

    Args:
        path: Where the field is.
        value: The value.
    """
    return Default(path, _literal("default", path, value))


def const(path: str, value: Any) -> Const:
    """Give a field a value, whatever it held.

    Args:
        path: Where the field is.
        value: The value.
    """
    return Const(path, _literal("const", path, value))


def map(path: str, table: Mapping[Any, Any], *, otherwise: Any = keep) -> Map:
    """Replace values by others.

    Args:
        path: Where the value is.
        table: New values by old ones. These are single values, compared as the server does.
        otherwise: What other values become; they stay by default.
    """
    if not isinstance(table, Mapping):
        raise MingConfigError(f"map({path!r}): {table!r}, expected a dict")
    pairs = ((_literal("map", path, old), _literal("map", path, new)) for old, new in table.items())
    return Map(path, tuple(pairs), _literal("map", path, otherwise))


def convert(
    path: str,
    to: builtins.type | str,
    *,
    on_error: Any = keep,
    canonical: bool = False,
    source: builtins.type | str | None = None,
) -> Convert:
    """Convert a value to another type.

    Args:
        path: Where the value is.
        to: The type, or its name: str, int, float, bool, datetime ("date"), ObjectId, Decimal128.
        on_error: What a value becomes that does not convert; it stays by default.
        canonical: A promise: what is stored is just what converting back would make of it.
        source: The type of the values to be converted; others do not convert.
    """
    return Convert(
        path,
        _type_name(path, to),
        _literal("convert", path, on_error),
        canonical,
        None if source is None else _type_name(path, source),
    )


def split(path: str, into: Iterable[str], sep: str = " ") -> Split:
    """Split a text at a separator; the last part holds the rest.

    Args:
        path: Where the text is.
        into: Where the parts go.
        sep: The separator.
    """
    return Split(path, _paths("split", into), sep)


def merge(paths: Iterable[str], into: str, sep: str = " ", *, canonical: bool = False) -> Merge:
    """Join texts with a separator, skipping those that are missing or null.

    Args:
        paths: Where the texts are.
        into: Where the joined text goes.
        sep: The separator.
        canonical: A promise: no text but the last holds the separator, and none is there without those before
            it. So splitting takes the step back.
    """
    return Merge(_paths("merge", paths), into, sep, canonical)


def wrap(path: str, key: str | builtins.type[list[Any]] = list) -> Wrap:
    """Put a value into a list of one item, or into a sub-document.

    Args:
        path: Where the value is.
        key: The value's key in the sub-document, or ``list``.
    """
    return Wrap(path, None if key is list else key)  # type: ignore[arg-type]


def unwrap(path: str, key: str | builtins.type[list[Any]] = list, *, on_error: Any = keep) -> Unwrap:
    """Take a value out of a list of one item, or out of a sub-document that holds nothing else.

    Args:
        path: Where the list or sub-document is.
        key: The value's key in the sub-document, or ``list``.
        on_error: What a list or sub-document becomes that holds nothing, or more; it stays by default.
    """
    return Unwrap(path, None if key is list else key, _literal("unwrap", path, on_error))  # type: ignore[arg-type]


def each(path: str, *steps: Step) -> Each:
    """Change each sub-document in a list.

    Args:
        path: Where the list is.
        steps: The changes, whose paths start at the item.
    """
    return Each(path, _steps(f"each({path!r})", steps))


def expr(
    path: str,
    expression: Any,
    function: Callable[[dict[str, Any]], Any],
    inverse: Step | None = None,
) -> Expr:
    """Give a field a value that is computed, by an expression on the server and by a function in Python.

    Args:
        path: Where the field is.
        expression: An aggregation expression over the document, which must not fail. Missing removes the field.
        function: The same in Python: from the raw document, which it leaves alone, to the value, or `Missing`.
        inverse: The step that takes this one back.
    """
    return Expr(path, expression, function, inverse)


def python(
    function: Callable[[dict[str, Any]], dict[str, Any]],
    reads: Iterable[str] = (),
    writes: Iterable[str] = (),
    inverse: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> Python:
    """Change documents by a function that only Python can run.

    Args:
        function: From a raw document, which it may change, to the raw document wanted.
        reads: The paths it reads; empty where that is not known.
        writes: The paths it writes, and no others; empty where that is not known.
        inverse: The function that takes this one back.
    """
    return Python(function, frozenset(_paths("python", reads)), frozenset(_paths("python", writes)), inverse)


def _steps(what: str, given: tuple[Any, ...]) -> tuple[Step, ...]:
    for step in given:
        if not isinstance(step, Step):
            raise MingConfigError(f"{what}: {step!r}, expected a step such as move('name', 'title')")
    return given


def _paths(what: str, given: Any) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise MingConfigError(f"{what}: {given!r}, expected several paths")
    return tuple(given)


def _literal(kind: str, path: Any, value: Any) -> Any:
    return keep if value is keep else normal(value, f"{kind}({path!r})")


def _type_name(path: Any, spec: Any) -> str:
    name = type_named(spec)
    if name is None:
        raise MingConfigError(f"convert({path!r}): {spec!r} is no type that values convert to")
    return name
