"""The rules of a ``$jsonSchema`` about what is in arrays and in documents; see `schema_rules` for all
others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bson import Int64

from ming.mim.data.path import Path
from ming.mim.data.values import MISSING, OrderKey
from ming.mim.queries.schema_rules import Failure, Schema, key_without_field_order

__all__ = [
    "AdditionalItems",
    "AdditionalProperties",
    "Dependencies",
    "Items",
    "ItemsByPosition",
    "PatternProperties",
    "Properties",
    "Required",
    "UniqueItems",
]

Search = Callable[[str], Any]


# -- rules about arrays -------------------------------------------------------------------------------


class UniqueItems:
    """``uniqueItems``: no two elements of an array are equal."""

    def holds(self, value: Any) -> bool:
        return value.__class__ is not list or self._repeated(value) is None

    def failure(self, value: Any) -> Failure:
        index = self._repeated(value)
        assert index is not None
        return {
            "operatorName": "uniqueItems",
            "specifiedAs": {"uniqueItems": True},
            "reason": "found a duplicate item",
            "consideredValue": value,
            "duplicatedValue": value[index],
        }

    def _repeated(self, array: list[Any]) -> int | None:
        """Return the position of the first element that equals an earlier one."""
        seen: set[OrderKey] = set()
        for index, item in enumerate(array):
            key = key_without_field_order(item)
            if key in seen:
                return index
            seen.add(key)
        return None


@dataclass(frozen=True, slots=True)
class Items:
    """``items`` or ``additionalItems`` with one schema: for each element of an array from some position
    on."""

    schema: Schema
    keyword: str = "items"
    start: int = 0

    def holds(self, value: Any) -> bool:
        return value.__class__ is not list or all(map(self.schema.matches, value[self.start :]))

    def failure(self, value: Any) -> Failure:
        index = next(at for at in range(self.start, len(value)) if not self.schema.matches(value[at]))
        kind = "item" if self.keyword == "items" else "additional item"
        return {
            "operatorName": self.keyword,
            **self.schema.notes,
            "reason": f"At least one {kind} did not match the sub-schema",
            "itemIndex": index,
            "details": self.schema.failures(value[index]),
        }


@dataclass(frozen=True, slots=True)
class ItemsByPosition:
    """``items`` with a list of schemas: one for each of the first elements of an array."""

    schemas: Sequence[Schema]

    def holds(self, value: Any) -> bool:
        return value.__class__ is not list or not self._failing(value)

    def failure(self, value: Any) -> Failure:
        details = [
            {"itemIndex": Int64(index), "details": self.schemas[index].failures(value[index])}
            for index in self._failing(value)
        ]
        return {"operatorName": "items", "details": details}

    def _failing(self, array: list[Any]) -> list[int]:
        pairs = enumerate(zip(self.schemas, array, strict=False))
        return [index for index, (schema, item) in pairs if not schema.matches(item)]


@dataclass(frozen=True, slots=True)
class AdditionalItems:
    """``additionalItems: false``: no elements beyond those that ``items`` has a schema for."""

    start: int

    def holds(self, value: Any) -> bool:
        return value.__class__ is not list or len(value) <= self.start

    def failure(self, value: Any) -> Failure:
        return {
            "operatorName": "additionalItems",
            "specifiedAs": {"additionalItems": False},
            "reason": "found additional items",
            "additionalItems": value[self.start :],
        }


# -- rules about documents ----------------------------------------------------------------------------


def _value_in(document: dict[str, Any], name: str, path: Path | None) -> Any:
    return document.get(name, MISSING) if path is None else _first_there(path.values(document, expand=False))


def _first_there(values: list[Any]) -> Any:
    return next((value for value in values if value is not MISSING), MISSING)


def _reader(name: str) -> Callable[[dict[str, Any]], Any]:
    """Return a function that gives a document's property; as on the server, a dotted name is a path."""
    return partial(_value_in, name=name, path=Path(name) if "." in name else None)


class Required:
    """``required``: properties a document must have."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._readers = {name: _reader(name) for name in sorted(names)}

    def holds(self, value: Any) -> bool:
        return value.__class__ is not dict or not self.missing(value)

    def missing(self, document: dict[str, Any]) -> list[str]:
        """Return the names of the properties that a document does not have."""
        return [name for name, read in self._readers.items() if read(document) is MISSING]

    def failure(self, value: Any) -> Failure:
        return {
            "operatorName": "required",
            "specifiedAs": {"required": self._names},
            "missingProperties": self.missing(value),
        }


class Properties:
    """``properties``: schemas of the properties a document has, by name."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = [(name, _reader(name), schema) for name, schema in schemas.items()]

    def holds(self, value: Any) -> bool:
        return value.__class__ is not dict or next(self._failing(value), None) is None

    def failure(self, value: Any) -> Failure:
        return {
            "operatorName": "properties",
            "propertiesNotSatisfied": [
                {"propertyName": name, **schema.notes, "details": schema.failures(inner)}
                for name, schema, inner in self._failing(value)
            ],
        }

    def _failing(self, document: dict[str, Any]) -> Iterator[tuple[str, Schema, Any]]:
        for name, read, schema in self._schemas:
            inner = read(document)
            if inner is not MISSING and not schema.matches(inner):
                yield name, schema, inner


@dataclass(frozen=True, slots=True)
class PatternProperties:
    """``patternProperties``: schemas of the properties whose names match a pattern."""

    schemas: Sequence[tuple[str, Search, Schema]]

    def holds(self, value: Any) -> bool:
        return value.__class__ is not dict or next(self._failing(value), None) is None

    def failure(self, value: Any) -> Failure:
        details = []
        for pattern, name, schema in self._failing(value):
            inner = schema.failures(value[name])
            details.append({"propertyName": name, **schema.notes, "regexMatched": pattern, "details": inner})
        return {"operatorName": "patternProperties", "details": details}

    def _failing(self, document: dict[str, Any]) -> Iterator[tuple[str, str, Schema]]:
        """Yield the first failing property of each pattern."""
        for pattern, search, schema in self.schemas:
            for name, inner in document.items():
                if search(name) and not schema.matches(inner):
                    yield pattern, name, schema
                    break


@dataclass(frozen=True, slots=True)
class AdditionalProperties:
    """``additionalProperties``: the schema of all other properties, or None if there must be none."""

    named: frozenset[str]
    patterns: Sequence[Search]
    schema: Schema | None

    def holds(self, value: Any) -> bool:
        return value.__class__ is not dict or next(self._failing(value), None) is None

    def failure(self, value: Any) -> Failure:
        if self.schema is None:
            return {
                "operatorName": "additionalProperties",
                "specifiedAs": {"additionalProperties": False},
                "additionalProperties": list(self._failing(value)),
            }
        name = next(self._failing(value))
        return {
            "operatorName": "additionalProperties",
            **self.schema.notes,
            "reason": "at least one additional property did not match the subschema",
            "failingProperty": name,
            "details": self.schema.failures(value[name]),
        }

    def _failing(self, document: dict[str, Any]) -> Iterator[str]:
        for name, inner in document.items():
            if name in self.named or any(search(name) for search in self.patterns):
                continue
            if self.schema is None or not self.schema.matches(inner):
                yield name


class Dependencies:
    """``dependencies``: what a document with some property must fulfil."""

    def __init__(self, dependent: Mapping[str, Schema | Required]) -> None:
        self._dependent = [(name, _reader(name), rule) for name, rule in dependent.items()]

    def holds(self, value: Any) -> bool:
        return value.__class__ is not dict or not self._failing(value)

    def failure(self, value: Any) -> Failure:
        failing: list[Failure] = []
        for name, rule in self._failing(value):
            if isinstance(rule, Required):
                failing.append({"conditionalProperty": name, "missingProperties": rule.missing(value)})
            else:
                failing.append({"conditionalProperty": name, "details": rule.failures(value)})
        return {"operatorName": "dependencies", "failingDependencies": failing}

    def _failing(self, document: dict[str, Any]) -> list[tuple[str, Schema | Required]]:
        return [
            (name, rule)
            for name, read, rule in self._dependent
            if read(document) is not MISSING
            and not (rule.holds(document) if isinstance(rule, Required) else rule.matches(document))
        ]
