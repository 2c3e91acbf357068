"""Domains in MongoDB's dialect of JSON Schema, as far as the server's ``$jsonSchema`` goes (MongoDB 6.0).

What the dialect cannot say is left out, so that a schema accepts more rather than less: keys with a dot, which the
server would take for paths; what lies deeper inside of documents that contain themselves; doubles whose fraction
begins after the fifteenth digit, which pass for whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from bson import Decimal128

from ming.schema.export.domains import (
    ANYTHING,
    READ_AS,
    AllOf,
    Constant,
    Domain,
    Elements,
    Fields,
    Matching,
    Parts,
    Recursion,
    Recursive,
    Whole,
    parts_of,
)

__all__ = ["written"]

Schema = dict[str, Any]

_FEW: Final = 4


def written(domain: Domain) -> Schema:
    """Write a domain down."""
    if isinstance(domain, Recursive):
        return written(domain.domain)
    if isinstance(domain, Recursion):
        # The dialect has no references.
        return {} if domain.kind is None else {"bsonType": domain.kind}
    if isinstance(domain, AllOf):
        return {"allOf": [written(part) for part in domain.parts]}
    if domain == ANYTHING:
        return {}
    options = list(_options(parts_of(domain)))
    if not options:
        return {"not": {}}
    return options[0] if len(options) == 1 else {"anyOf": options}


def _options(parts: Parts) -> Iterator[Schema]:
    kinds = parts.kinds
    if "object" not in kinds and "reference" in kinds:
        yield {"bsonType": "object", "required": ["$id", "$ref"]}
    constants = parts.constants
    if constants and not parts.shapes and kinds == {"null"}:
        kinds, constants = frozenset(), [*constants, Constant(None)]
    kinds -= {"reference"}
    if kinds or parts.shapes:
        yield _typed(kinds, parts)
    yield from _enumerations(constants)
    yield from map(written, parts.others)


def _typed(kinds: frozenset[str], parts: Parts) -> Schema:
    """One schema for values of several types; its keywords concern one type each."""
    missing = [
        name for name in READ_AS if name not in kinds and name not in parts.shapes and name != "reference"
    ]
    if not parts.shapes and len(missing) <= _FEW:
        return {"not": {"bsonType": _one_or_more(missing)}}
    schema: Schema = {
        "bsonType": _one_or_more(name for name in READ_AS if name in kinds or name in parts.shapes)
    }
    for shape in parts.shapes.values():
        schema |= _keywords(shape)
    return schema


def _one_or_more(names: Iterable[str]) -> str | list[str]:
    listed = list(names)
    return listed[0] if len(listed) == 1 else listed


def _keywords(shape: Domain) -> Schema:
    match shape:
        case Whole():
            return {"multipleOf": 1}
        case Matching(pattern=pattern):
            return {"pattern": _whole(pattern)}
        case Elements():
            return _array_keywords(shape)
        case Fields():
            return _object_keywords(shape)
    raise TypeError(f"{shape!r} is no part of a type")


def _whole(pattern: str) -> str:
    return rf"^(?:{pattern})\z"


def _array_keywords(shape: Elements) -> Schema:
    if not shape.leading:
        if shape.rest is None:
            return {"maxItems": 0}
        return {} if shape.rest == ANYTHING else {"items": written(shape.rest)}
    leading: Schema = {"items": [written(element) for element in shape.leading]}
    if shape.rest is None:
        return {**leading, "minItems": len(shape.leading), "maxItems": len(shape.leading)}
    return leading if shape.rest == ANYTHING else {**leading, "additionalItems": written(shape.rest)}


def _object_keywords(shape: Fields) -> Schema:
    schema: Schema = {}
    required = sorted(name for name in shape.required if "." not in name)
    if required:
        schema["required"] = required
    # Where keys are refused, those that take any value must be named, too.
    properties = {
        name: {} if _is_path(name) else written(values)
        for name, values in shape.named.items()
        if shape.others is None or not (_is_path(name) or values == ANYTHING)
    }
    if properties:
        schema["properties"] = properties
    if shape.matching:
        schema["patternProperties"] = {_whole(key): written(values) for key, values in shape.matching.items()}
    if shape.others is None:
        schema["additionalProperties"] = False
    elif shape.others != ANYTHING:
        schema["additionalProperties"] = written(shape.others)
    return schema


def _is_path(name: str) -> bool:
    """Whether the server takes a name for a path: to other keys, or to the document itself."""
    return not name or "." in name


def _enumerations(constants: Iterable[Constant]) -> Iterator[Schema]:
    """Schemas for constants; decimals apart, because to the server they equal other numbers."""
    distinct = {_server_key(constant): constant for constant in reversed(list(constants))}
    decimals: list[Constant] = []
    others: list[Constant] = []
    for constant in reversed(distinct.values()):
        (decimals if "decimal" in constant.types else others).append(constant)
    if others:
        yield {**_types(others), "enum": [constant.value for constant in others]}
    if decimals:
        yield {"bsonType": "decimal", "enum": [constant.value for constant in decimals]}


def _types(constants: list[Constant]) -> Schema:
    """The types of constants, where decimals have to be kept out."""
    if not any(constant.is_number for constant in constants):
        return {}
    types = frozenset[str]().union(*(constant.types for constant in constants))
    return {"bsonType": _one_or_more(name for name in READ_AS if name in types)}


def _server_key(constant: Constant) -> tuple[str, Any]:
    """Equal for constants that are equal to the server."""
    value = constant.value
    if constant.is_number:
        return "number", value
    if isinstance(value, Decimal128):
        return "decimal", str(value.to_decimal().normalize())
    return type(value).__name__, repr(value)
