"""Schemas in a canonical JSON form, and how two forms differ.

A form says what a schema means, not where it is written: classes go by their bare names, so moving them to
another module changes nothing. Functions go by their names, so a change inside one is not seen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ming import schema as S
from ming._values import Missing
from ming.evolve.step import literals
from ming.schema.items import FancySchemaItem
from ming.schema.stamps import Stamp

__all__ = ["differences", "digest", "schema_form"]

Form = Any
"""What JSON has: a str for an item without options, otherwise a dict."""


def schema_form(item: S.SchemaItem[Any], above: tuple[int, ...] = ()) -> Form:
    """The JSON form of a schema item.

    Args:
        item: The item.
        above: Identities of the items it lies in; one of them again is written as its class only.
    """
    # A constant turns into a stamp when its class gets a newer version; that is no change.
    name = "Value" if isinstance(item, Stamp) else type(item).__name__
    if id(item) in above:
        return name
    options = {**_policy(item), **_own_options(item), **_inner(item, (*above, id(item)))}
    return {"is": name, **options} if options else name


def _policy(item: S.SchemaItem[Any]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if not isinstance(item, FancySchemaItem):
        return options
    if item.required:
        options["required"] = True
    if "if_missing" in vars(item) and not isinstance(item, Stamp):
        options["if_missing"] = _literal(item.if_missing)
    if isinstance(item, S.ParticularScalar) and not item.allow_none:
        options["allow_none"] = False
    return options


def _own_options(item: S.SchemaItem[Any]) -> dict[str, Any]:
    if isinstance(item, S.Value):
        return {"value": _literal(item.value)}
    if isinstance(item, S.OneOf):
        return {"options": [_literal(option) for option in item.options]}
    if isinstance(item, S.NumberDecimal) and item.precision:
        return {"precision": item.precision, "rounding": item.rounding}
    if isinstance(item, S.Array) and item.validate_ranges:
        return {"validate_ranges": [str(part) for part in item.validate_ranges]}
    return {}


def _inner(item: S.SchemaItem[Any], above: tuple[int, ...]) -> dict[str, Any]:
    if isinstance(item, S.Migrate):
        return {"old": schema_form(item.old, above), "new": schema_form(item.new, above)}
    if isinstance(item, S.Array):
        return {"items": schema_form(item.field_type, above)}
    if not isinstance(item, S.Object):
        return {}
    if item.is_homogeneous:
        ((key, entry),) = item.fields.items()
        return {"keys": schema_form(S.SchemaItem.make(key), above), "entries": schema_form(entry, above)}
    return {"fields": {name: schema_form(inner, above) for name, inner in item.ordered_items()}}


def _literal(value: Any) -> Form:
    if value is Missing:
        return {"missing": True}
    if callable(value):
        return {"function": getattr(value, "__name__", type(value).__name__)}
    return literals.to_json(value)


def digest(form: Form) -> str:
    """A short hash of a form."""
    text = json.dumps(form, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]


_DIGEST_LENGTH: Final = 16


def differences(before: Form, after: Form) -> list[str]:
    """A line for each place where two forms differ, such as ``+ age.required: true``."""
    old, new = dict(_flat(before)), dict(_flat(after))
    lines = []
    for path in sorted({*old, *new}):
        if path not in new:
            lines.append(f"- {path}: {old[path]}")
        elif path not in old:
            lines.append(f"+ {path}: {new[path]}")
        elif old[path] != new[path]:
            lines.append(f"~ {path}: {old[path]} -> {new[path]}")
    return lines


def _flat(form: Form, path: str = "") -> Iterator[tuple[str, str]]:
    """Pairs of a path and what is there, one for each leaf; ``is`` and ``fields`` are left out of paths."""
    if isinstance(form, Mapping) and form:
        for key, inner in form.items():
            unnamed = key in ("is", "fields")
            yield from _flat(inner, path if unnamed else f"{path}.{key}" if path else key)
    else:
        yield path, json.dumps(form, sort_keys=True, ensure_ascii=False)
