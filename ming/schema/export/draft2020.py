"""Domains as JSON Schema, draft 2020-12, of the documents in `ming.schema.export.extended` JSON.

JSON does not tell 1 from 1.0, nor an object from one that stands for a BSON type: there, a schema accepts more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

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
from ming.schema.export.extended import EXTENDED, NATIVE, NON_FINITE, as_json

__all__ = ["Writer"]

Schema = dict[str, Any]


class Writer:
    """Writes domains down, and collects what they refer to."""

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}
        """What belongs under ``$defs``."""
        self._names: dict[int, str] = {}

    def written(self, domain: Domain) -> Schema:
        """Write a domain down."""
        match domain:
            case Recursion(key=key):
                return _reference(self._names[key])
            case Recursive():
                return self._recursive(domain)
            case AllOf(parts=parts):
                return {"allOf": [self.written(part) for part in parts]}
        if domain == ANYTHING:
            return {}
        options = list(self._options(parts_of(domain)))
        if not options:
            return {"not": {}}
        return options[0] if len(options) == 1 else {"anyOf": options}

    def _recursive(self, domain: Recursive) -> Schema:
        if domain.key not in self._names:
            name = self._names[domain.key] = self._free_name(domain.name)
            self.definitions[name] = {}
            self.definitions[name] = self.written(domain.domain)
        return _reference(self._names[domain.key])

    def _free_name(self, wanted: str) -> str:
        taken = {*self.definitions, *EXTENDED}
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}{number}"
        return name

    def _options(self, parts: Parts) -> Iterator[Schema]:
        constants, kinds = parts.constants, parts.kinds
        if constants and not parts.shapes and kinds == {"null"}:
            kinds, constants = frozenset(), [*constants, Constant(None)]
        native = self._native(kinds, parts)
        if native:
            yield native
        yield from self._extended(kinds)
        if constants:
            yield {"enum": list(_distinct(as_json(constant.value) for constant in constants))}
        yield from map(self.written, parts.others)

    def _native(self, kinds: frozenset[str], parts: Parts) -> Schema:
        """One schema for values of JSON's own types; its keywords concern one type each."""
        found = {NATIVE[name] for name in kinds if name in NATIVE}
        schema: Schema = {}
        for name, shape in parts.shapes.items():
            found.add("integer" if isinstance(shape, Whole) else NATIVE[name])
            schema |= self._keywords(shape)
        if "number" in found:
            found.discard("integer")
        types = [name for name in dict.fromkeys(NATIVE.values()) if name in found]
        return {"type": types[0] if len(types) == 1 else types, **schema} if types else {}

    def _extended(self, kinds: frozenset[str]) -> Iterator[Schema]:
        names = [name for name in READ_AS if name in kinds and name in EXTENDED]
        for name in [*names, NON_FINITE] if "double" in kinds else names:
            self.definitions[name] = EXTENDED[name]
            yield _reference(name)

    def _keywords(self, shape: Domain) -> Schema:
        match shape:
            case Matching(pattern=pattern):
                return {"pattern": _whole(pattern)}
            case Elements():
                return self._array_keywords(shape)
            case Fields():
                return self._object_keywords(shape)
            case _:
                return {}

    def _array_keywords(self, shape: Elements) -> Schema:
        schema: Schema = {}
        if shape.leading:
            schema["prefixItems"] = [self.written(element) for element in shape.leading]
        if shape.rest is None:
            return {**schema, "minItems": len(shape.leading), "maxItems": len(shape.leading)}
        return schema if shape.rest == ANYTHING else {**schema, "items": self.written(shape.rest)}

    def _object_keywords(self, shape: Fields) -> Schema:
        schema: Schema = {}
        if shape.named:
            schema["properties"] = {name: self.written(values) for name, values in shape.named.items()}
        if shape.required:
            schema["required"] = sorted(shape.required)
        if shape.matching:
            schema["patternProperties"] = {
                _whole(key): self.written(values) for key, values in shape.matching.items()
            }
        if shape.others is None:
            schema["additionalProperties"] = False
        elif shape.others != ANYTHING:
            schema["additionalProperties"] = self.written(shape.others)
        return schema


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _whole(pattern: str) -> str:
    return f"^(?:{pattern})$"


def _distinct(values: Iterable[Any]) -> Iterator[Any]:
    seen: list[tuple[bool, Any]] = []
    for value in values:
        key = (isinstance(value, bool), value)
        if key not in seen:
            seen.append(key)
            yield value
