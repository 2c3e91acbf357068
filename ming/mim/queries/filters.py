"""The filter compiler: query documents to closures over documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import random
from typing import Any, Final

from bson import Regex

from ming.mim.data.arithmetic import comparable
from ming.mim.data.dialect import Dialect
from ming.mim.data.environment import Environment, KeyOf
from ming.mim.data.metadata import Metadata
from ming.mim.data.path import path_at
from ming.mim.data.values import is_number, order_key, truthy
from ming.mim.expressions.compiler import compile_expression, root_scope
from ming.mim.queries.conditions import All, Condition, Filter, Leaf, Not, all_of, any_of, negated
from ming.mim.queries.json_schema import compile_schema
from ming.mim.queries.near import NEAR, near_condition
from ming.mim.queries.predicates import (
    BUILDERS,
    COMPARISONS,
    all_values,
    bad_value,
    equality,
    is_operator_document,
    regex_condition,
    regex_operator,
)
from ming.mim.queries.regions import GEO
from ming.mim.queries.search_indexes import NO_COLLECTION, SearchIndexes
from ming.mim.queries.text_search import substring_filter, text_filter

__all__ = [
    "DOCUMENT_OPERATORS",
    "FIELD_OPERATORS",
    "UNBUILT_OPERATORS",
    "QueryContext",
    "compile_condition",
    "compile_filter",
    "element_position",
]

UNBUILT_OPERATORS: Final = frozenset(("$where",))
"""Operators that are not built."""


@dataclass(eq=False)
class QueryContext:
    """What a filter depends on beside itself."""

    dialect: Dialect = Dialect()
    variables: Mapping[str, Any] = field(default_factory=dict)
    """The variables of the command, for expressions: those of ``let``, and ``NOW``."""
    key: KeyOf = order_key
    """How values compare."""
    search: SearchIndexes = NO_COLLECTION
    """The indexes for text and places of the collection that is queried."""
    metadata: Metadata = field(default_factory=Metadata)
    """What the query finds out about documents."""

    @property
    def environment(self) -> Environment:
        """What the expressions of the command are compiled in."""
        return Environment(frozenset(self.variables), self.key, self.metadata)


def compile_filter(query: Mapping[str, Any], context: QueryContext | None = None) -> Filter:
    """Compile a query document.

    Args:
        query: The query document, in stored form.
        context: The dialect, indexes and variables in force.

    Returns:
        The compiled filter.

    Raises:
        CommandError: The server would refuse the query.
        NotImplementedError: An operator is not built yet.
    """
    context = context or QueryContext()
    parts: list[Filter] = []
    for name, operand in query.items():
        if not name.startswith("$"):
            condition = compile_condition(operand, context)
            if condition is not None:
                parts.append(condition.on_path(path_at(name)))
        elif name in DOCUMENT_OPERATORS:
            parts.append(DOCUMENT_OPERATORS[name](operand, context))
        elif name in UNBUILT_OPERATORS:
            raise NotImplementedError(name)
        elif name != "$comment":
            raise bad_value(
                f"unknown top level operator: {name}. If you have a field name that starts with a '$' symbol,"
                " consider using $getField or $setField."
            )
    return all_of(parts) if parts else _EVERYTHING


_EVERYTHING: Final = Filter(lambda document: True)


def compile_condition(operand: Any, context: QueryContext) -> Condition | None:
    """Compile what stands beside a field's name: a value, a pattern, or operators.

    Returns:
        The condition, or None where the operators ask nothing.
    """
    if isinstance(operand, Regex):
        return regex_condition(operand)
    if not is_operator_document(operand):
        return equality(operand, context.key)
    conditions: list[Condition] = []
    for name, argument in operand.items():
        if name == "$regex":
            conditions.append(regex_operator(argument, operand.get("$options")))
        elif name == "$options":
            if "$regex" not in operand:
                raise bad_value("$options needs a $regex")
        elif name in COMPARISONS:
            conditions.append(COMPARISONS[name](argument, context.key))
        elif name in BUILDERS:
            conditions.append(BUILDERS[name](argument))
        elif name in FIELD_OPERATORS:
            conditions.append(FIELD_OPERATORS[name](argument, context))
        elif name in GEO:
            conditions.append(GEO[name](argument))
        elif name in NEAR:
            # It reads the operators beside it, too.
            return near_condition(name, operand, context.metadata)
        elif name != "$comment":
            raise bad_value(f"unknown operator: {name}")
    if not conditions:
        return None
    return conditions[0] if len(conditions) == 1 else All(conditions)


# -- operators of a field that hold conditions --------------------------------------------------------


def _not(operand: Any, context: QueryContext) -> Condition:
    if isinstance(operand, Regex):
        return Not(regex_condition(operand))
    if not isinstance(operand, dict):
        raise bad_value("$not needs a regex or a document")
    if not operand:
        raise bad_value("$not cannot be empty")
    if not is_operator_document(operand):
        raise bad_value(f"unknown operator: {next(iter(operand))}")
    inner = compile_condition(operand, context)
    return Not(inner if inner is not None else Leaf(lambda value: True))


def element_position(operand: Any, context: QueryContext) -> Callable[[Any], int | None]:
    """Compile the operand of ``$elemMatch``.

    Returns:
        A function giving the position of the first element of an array that matches, None if none does.
    """
    if not isinstance(operand, dict):
        raise bad_value("$elemMatch needs an Object")
    test = _element_test(operand, context)

    def position(value: Any) -> int | None:
        if value.__class__ is not list:
            return None
        return next((index for index, element in enumerate(value) if test(element)), None)

    return position


def _elem_match(operand: Any, context: QueryContext) -> Condition:
    position = element_position(operand, context)
    return Leaf(lambda value: position(value) is not None, expand=False, position_in=position)


def _element_test(operand: dict[str, Any], context: QueryContext) -> Callable[[Any], bool]:
    if is_operator_document(operand) and next(iter(operand)) not in DOCUMENT_OPERATORS:
        condition = compile_condition(operand, context)
        return condition.on_value if condition is not None else lambda element: True
    query = compile_filter(operand, context)
    if query.is_text_search:
        raise bad_value("$text can only be applied to the top-level document")
    matches = query.matches

    def test(element: Any) -> bool:
        if element.__class__ is list:
            # An array counts as a document whose names are the positions.
            element = {str(index): inner for index, inner in enumerate(element)}
        return element.__class__ is dict and matches(element)

    return test


def _all(operand: Any, context: QueryContext) -> Condition:
    if not isinstance(operand, list):
        raise bad_value("$all needs an array")
    if operand and isinstance(operand[0], dict) and next(iter(operand[0]), None) == "$elemMatch":
        if not all(isinstance(item, dict) and list(item) == ["$elemMatch"] for item in operand):
            raise bad_value("$all/$elemMatch has to be consistent")
        return All([_elem_match(item["$elemMatch"], context) for item in operand])
    return all_values(operand, context.key, empty_matches=context.dialect.lenient)


FIELD_OPERATORS: Final[Mapping[str, Callable[[Any, QueryContext], Condition]]] = {
    "$not": _not,
    "$elemMatch": _elem_match,
    "$all": _all,
}
"""Operators of a field that hold further conditions."""


# -- operators of the whole document ------------------------------------------------------------------


def _branches(name: str, operand: Any, context: QueryContext) -> list[Filter]:
    if not isinstance(operand, list):
        raise bad_value(f"{name} must be an array")
    if not operand:
        raise bad_value("$and/$or/$nor must be a nonempty array")
    if not all(isinstance(branch, dict) for branch in operand):
        raise bad_value("$or/$and/$nor entries need to be full objects")
    return [compile_filter(branch, context) for branch in operand]


def _and(operand: Any, context: QueryContext) -> Filter:
    return all_of(_branches("$and", operand, context))


def _or(operand: Any, context: QueryContext) -> Filter:
    branches = _branches("$or", operand, context)
    return branches[0] if len(branches) == 1 else any_of(branches)


def _nor(operand: Any, context: QueryContext) -> Filter:
    return negated(any_of(_branches("$nor", operand, context)))


def _expr(operand: Any, context: QueryContext) -> Filter:
    # Filters see no metadata, which the documents only get from them.
    environment = replace(context.environment, metadata=Metadata())
    evaluate = compile_expression(operand, environment)
    variables = context.variables
    return Filter(lambda document: truthy(evaluate(root_scope(document, variables))))


def _json_schema(operand: Any, context: QueryContext) -> Filter:
    return Filter(compile_schema(operand).matches)


def _sample_rate(operand: Any, context: QueryContext) -> Filter:
    if not is_number(operand):
        raise bad_value("argument to $sampleRate must be a numeric type")
    rate = comparable(operand)
    if not 0 <= rate <= 1:
        raise bad_value("numeric argument to $sampleRate must be in [0, 1]")
    return Filter(lambda document: random() < rate)


def _text(operand: Any, context: QueryContext) -> Filter:
    if context.dialect.lenient:
        return substring_filter(operand, context.search.text)
    return text_filter(operand, context.search.text, context.metadata)


DOCUMENT_OPERATORS: Final[Mapping[str, Callable[[Any, QueryContext], Filter]]] = {
    "$and": _and,
    "$or": _or,
    "$nor": _nor,
    "$expr": _expr,
    "$sampleRate": _sample_rate,
    "$jsonSchema": _json_schema,
    "$text": _text,
}
"""Operators of a whole document."""
