"""What a compiled ``$jsonSchema`` is made of: rules that can be asked of a value, and can say why it fails.

`json_schema` builds them; the rules about what arrays and documents contain are in `schema_containers`. The
keywords, reasons and order of fields of failures are those of the server's ``errInfo.details``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ming.mim.data.values import OrderKey, order_key

__all__ = ["Enumeration", "Failure", "Leaf", "Not", "Of", "Rule", "Schema", "key_without_field_order"]

Failure = dict[str, Any]
"""Why a value does not pass a rule."""


class Rule(Protocol):
    """One keyword of a schema. Values of types the keyword is not about pass."""

    def holds(self, value: Any) -> bool:
        """Whether a value passes."""
        ...

    def failure(self, value: Any) -> Failure:
        """Describe why a value does not pass."""
        ...


@dataclass(frozen=True, slots=True)
class Schema:
    """A compiled schema."""

    rules: Sequence[Rule]
    notes: Mapping[str, str] = field(default_factory=dict)
    """Title and description, for reports of failures."""
    impossible: Mapping[str, Any] | None = None
    """The schema as given, if it demands of the whole document to be something else than an object."""

    def matches(self, value: Any) -> bool:
        """Whether a value passes all rules."""
        for rule in self.rules:
            if not rule.holds(value):
                return False
        return True

    def failures(self, value: Any) -> list[Failure] | Failure:
        """Describe the rules that a value does not pass."""
        if self.impossible is not None:
            return {
                "operatorName": "$jsonSchema",
                "specifiedAs": {"$jsonSchema": self.impossible},
                "reason": "expression always evaluates to false",
            }
        return [rule.failure(value) for rule in self.rules if not rule.holds(value)]


def key_without_field_order(value: Any) -> OrderKey:
    """Return a key that is equal for equal values; the order of a document's fields does not count."""
    if value.__class__ is dict:
        return (
            "document",
            frozenset([(name, key_without_field_order(inner)) for name, inner in value.items()]),
        )
    if value.__class__ is list:
        return ("array", tuple(map(key_without_field_order, value)))
    return order_key(value)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A keyword that one test decides."""

    keyword: str
    specified: Mapping[str, Any]
    test: Callable[[Any], bool]
    """Whether a value passes, also one of a type the keyword is not about."""
    reason: str
    observe: Callable[[Any], Mapping[str, Any]]
    """What was seen at a value that does not pass."""

    def holds(self, value: Any) -> bool:
        return self.test(value)

    def failure(self, value: Any) -> Failure:
        return {
            "operatorName": self.keyword,
            "specifiedAs": self.specified,
            "reason": self.reason,
            **self.observe(value),
        }


class Enumeration:
    """``enum``: one of a few values.

    Args:
        values: The values.
        at_root: Whether the rule is about the whole document, which can only equal a document.
    """

    def __init__(self, values: list[Any], at_root: bool) -> None:
        self._values = values
        self._keys = frozenset(map(key_without_field_order, values))
        self._impossible = at_root and not any(isinstance(value, dict) for value in values)

    def holds(self, value: Any) -> bool:
        return key_without_field_order(value) in self._keys

    def failure(self, value: Any) -> Failure:
        failure = {"operatorName": "enum", "specifiedAs": {"enum": self._values}}
        if self._impossible:
            return {**failure, "reason": "expression always evaluates to false"}
        return {**failure, "reason": "value was not found in enum", "consideredValue": value}


@dataclass(frozen=True, slots=True)
class Of:
    """``allOf``, ``anyOf`` or ``oneOf``: how many of some schemas must be matched."""

    keyword: str
    schemas: Sequence[Schema]
    enough: Callable[[list[bool]], bool]

    def holds(self, value: Any) -> bool:
        return self.enough(self._matches(value))

    def failure(self, value: Any) -> Failure:
        matches = self._matches(value)
        if self.keyword == "oneOf" and any(matches):
            return {
                "operatorName": "oneOf",
                "reason": "more than one subschema matched",
                "matchingSchemaIndexes": [index for index, matched in enumerate(matches) if matched],
            }
        failing = [
            {"index": index, **schema.notes, "details": schema.failures(value)}
            for index, (schema, matched) in enumerate(zip(self.schemas, matches, strict=True))
            if not matched
        ]
        return {"operatorName": self.keyword, "schemasNotSatisfied": failing}

    def _matches(self, value: Any) -> list[bool]:
        return [schema.matches(value) for schema in self.schemas]


@dataclass(frozen=True, slots=True)
class Not:
    """``not``: a schema that must not be matched."""

    schema: Schema

    def holds(self, value: Any) -> bool:
        return not self.schema.matches(value)

    def failure(self, value: Any) -> Failure:
        return {"operatorName": "not", "reason": "child expression matched"}
