"""The compiler of ``$jsonSchema``: schema documents to rules.

The dialect is the server's: JSON Schema draft 4 without references, formats and defaults, with ``bsonType``.
The keywords that hold no further schemas are in `schema_values`; the rules themselves in `schema_rules` and
`schema_containers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from bson import Regex

from ming.mim.data.errors import CommandError
from ming.mim.data.regex import compiled
from ming.mim.data.values import type_name
from ming.mim.queries.schema_containers import (
    AdditionalItems,
    AdditionalProperties,
    Dependencies,
    Items,
    ItemsByPosition,
    PatternProperties,
    Properties,
    Required,
)
from ming.mim.queries.schema_rules import Not, Of, Rule, Schema
from ming.mim.queries.schema_values import (
    ANY,
    ARRAYS,
    BAD_VALUE,
    FAILED_TO_PARSE,
    NUMBERS,
    OBJECTS,
    STRINGS,
    TYPE_MISMATCH,
    Builder,
    Definition,
    bound,
    enumeration,
    limits,
    mistyped,
    multiple_of,
    pattern,
    refused,
    required,
    types,
    unique_items,
)

__all__ = ["compile_schema"]

_UNSUPPORTED: Final = frozenset(("$ref", "$schema", "default", "definitions", "format", "id"))
_UNBUILT: Final = frozenset(("encrypt", "encryptMetadata"))
_NOTES: Final = ("title", "description")


def compile_schema(definition: Any, at_root: bool = True) -> Schema:
    """Compile a schema.

    Args:
        definition: The schema document.
        at_root: Whether it is about whole documents, not about a field.

    Returns:
        The compiled schema.

    Raises:
        CommandError: The server would refuse the schema.
        NotImplementedError: A keyword is not built yet.
    """
    if not isinstance(definition, dict):
        raise CommandError(TYPE_MISMATCH, "$jsonSchema must be an object")
    for keyword in definition:
        _check_keyword(keyword)
    notes = {name: definition[name] for name in _NOTES if name in definition}
    for name, note in notes.items():
        if not isinstance(note, str):
            raise mistyped(f"'{name}' must be of type string")
    possible, of_type = types(definition)
    rules = [
        rule
        for concerned, builders in _BUILDERS.items()
        for build in builders
        for rule in build(definition, at_root)
        if concerned & possible and (concerned & OBJECTS or not at_root)
    ]
    impossible = at_root and not all(rule.holds({}) for rule in of_type)
    return Schema([*rules, *of_type], notes, definition if impossible else None)


def _check_keyword(keyword: str) -> None:
    if keyword in _UNSUPPORTED:
        raise refused(f"keyword '{keyword}' is not currently supported")
    if keyword in _UNBUILT:
        raise NotImplementedError(f"$jsonSchema: {keyword}")
    if keyword not in _KEYWORDS:
        raise CommandError(FAILED_TO_PARSE, f"Unknown $jsonSchema keyword: {keyword}")


def _of_field(definition: Any) -> Schema:
    return compile_schema(definition, at_root=False)


# -- arrays -------------------------------------------------------------------------------------------


def _items(definition: Definition, at_root: bool) -> Iterator[Rule]:
    operand = definition.get("items", {})
    if isinstance(operand, list):
        for item in operand:
            if not isinstance(item, dict):
                raise mistyped(
                    "'items' requires that each element of the array is an object, but found a"
                    f" {type_name(item)}"
                )
        yield ItemsByPosition([_of_field(item) for item in operand])
    elif not isinstance(operand, dict):
        raise mistyped(f"'items' must be an array or an object, not {type_name(operand)}")
    elif operand:
        yield Items(_of_field(operand))


def _additional_items(definition: Definition, at_root: bool) -> Iterator[Rule]:
    operand = definition.get("additionalItems", True)
    if not isinstance(operand, bool | dict):
        raise mistyped(
            f"'additionalItems' must be either an object or a boolean, but got a {type_name(operand)}"
        )
    schema = _of_field(operand) if isinstance(operand, dict) else None
    items = definition.get("items")
    if not isinstance(items, list) or operand is True:
        return
    yield AdditionalItems(len(items)) if schema is None else Items(schema, "additionalItems", len(items))


# -- documents ----------------------------------------------------------------------------------------


def _mapping(definition: Definition, keyword: str) -> Definition:
    operand = definition.get(keyword, {})
    if not isinstance(operand, dict):
        raise mistyped(f"'{keyword}' must be an object")
    return operand


def _properties(definition: Definition, at_root: bool) -> Iterator[Rule]:
    schemas = {}
    for name, inner in _mapping(definition, "properties").items():
        if not isinstance(inner, dict):
            raise CommandError(
                TYPE_MISMATCH, f"Nested schema for $jsonSchema property '{name}' must be an object"
            )
        schemas[name] = _of_field(inner)
    if schemas:
        yield Properties(schemas)


def _pattern_properties(definition: Definition, at_root: bool) -> Iterator[Rule]:
    schemas = []
    for source, inner in _mapping(definition, "patternProperties").items():
        if not isinstance(inner, dict):
            raise mistyped(f"'patternProperties' has property '{source}' which is not an object")
        schemas.append((source, _name_search(source), _of_field(inner)))
    if schemas:
        yield PatternProperties(schemas)


def _name_search(source: str) -> Callable[[str], Any]:
    try:
        return compiled(Regex(source)).search
    except CommandError as error:
        raise CommandError(BAD_VALUE, error.errmsg) from error


def _additional_properties(definition: Definition, at_root: bool) -> Iterator[Rule]:
    operand = definition.get("additionalProperties", True)
    if not isinstance(operand, bool | dict):
        raise mistyped("'additionalProperties' must be an object or a boolean")
    if operand is True:
        return
    schema = _of_field(operand) if isinstance(operand, dict) else None
    patterns = [_name_search(source) for source in _mapping(definition, "patternProperties")]
    yield AdditionalProperties(frozenset(definition.get("properties", ())), patterns, schema)


def _dependencies(definition: Definition, at_root: bool) -> Iterator[Rule]:
    dependent: dict[str, Schema | Required] = {}
    for name, operand in _mapping(definition, "dependencies").items():
        if isinstance(operand, dict):
            dependent[name] = compile_schema(operand, at_root)
        elif isinstance(operand, list):
            dependent[name] = Required(_dependent_names(name, operand))
        else:
            raise CommandError(TYPE_MISMATCH, f"{_dependency(name)} must be either an object or an array")
    if dependent:
        yield Dependencies(dependent)


def _dependency(name: str) -> str:
    return f"property '{name}' in $jsonSchema keyword 'dependencies'"


def _dependent_names(name: str, names: list[Any]) -> list[str]:
    if not names:
        raise CommandError(FAILED_TO_PARSE, f"{_dependency(name)} cannot be an empty array")
    for at, each in enumerate(names):
        if not isinstance(each, str):
            raise CommandError(
                TYPE_MISMATCH,
                f"{_dependency(name)} can only contain strings, but found element of type: {type_name(each)}",
            )
        if each in names[:at]:
            raise CommandError(FAILED_TO_PARSE, f"{_dependency(name)} contains duplicate element: {each}")
    return names


# -- combinations -------------------------------------------------------------------------------------


def _of(keyword: str, enough: Callable[[list[bool]], bool]) -> Builder:
    """Return the builder of a keyword that holds a list of schemas."""

    def build(definition: Definition, at_root: bool) -> Iterator[Rule]:
        if keyword not in definition:
            return
        operand = definition[keyword]
        if not isinstance(operand, list):
            raise mistyped(f"'{keyword}' must be an array")
        if not operand:
            raise CommandError(BAD_VALUE, f"$jsonSchema keyword '{keyword}' must be a non-empty array")
        for inner in operand:
            if not isinstance(inner, dict):
                raise mistyped(
                    f"'{keyword}' must be an array of objects, but found an element of type {type_name(inner)}"
                )
        yield Of(keyword, [compile_schema(inner, at_root) for inner in operand], enough)

    return build


def _not(definition: Definition, at_root: bool) -> Iterator[Rule]:
    if "not" in definition:
        operand = definition["not"]
        if not isinstance(operand, dict):
            raise mistyped(f"'not' must be an object, but found an element of type {type_name(operand)}")
        yield Not(compile_schema(operand, at_root))


_MIN_LENGTH, _MAX_LENGTH = limits("Length")

_BUILDERS: Final[Mapping[frozenset[int], Sequence[Builder]]] = {
    STRINGS: (pattern, _MAX_LENGTH, _MIN_LENGTH),
    NUMBERS: (
        multiple_of,
        bound("maximum", "exclusiveMaximum", "$lte", "$lt"),
        bound("minimum", "exclusiveMinimum", "$gte", "$gt"),
    ),
    ARRAYS: (*limits("Items"), unique_items, _items, _additional_items),
    OBJECTS: (
        _properties,
        _additional_properties,
        _pattern_properties,
        required,
        *limits("Properties"),
    ),
    ANY: (
        _dependencies,
        _of("allOf", all),
        _of("anyOf", any),
        _of("oneOf", lambda matches: matches.count(True) == 1),
        _not,
        enumeration,
    ),
}
"""Builders of the keywords' rules by the types concerned, in the order in which the server reports
failures."""
_KEYWORDS: Final = frozenset(
    (
        "additionalItems additionalProperties allOf anyOf bsonType dependencies description enum exclusiveMaximum"
        " exclusiveMinimum items maxItems maxLength maxProperties maximum minItems minLength minProperties minimum"
        " multipleOf not oneOf pattern patternProperties properties required title type uniqueItems"
    ).split()
)
