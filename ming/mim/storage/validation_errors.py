"""Why a document does not pass a validator: the ``details`` of the server's error 121, as nested documents.

The validator is read beside the document, clause by clause; what decides is the compiled filter of each
clause. A clause below ``$nor`` or ``$not`` is explained the other way round: why it does match.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import takewhile
from typing import Any, Final, NamedTuple

from bson import Regex

from ming.mim.data.errors import CommandError
from ming.mim.data.path import Path
from ming.mim.data.values import MISSING, type_name
from ming.mim.expressions.compiler import compile_expression, root_scope
from ming.mim.geo.geojson import parse_stored
from ming.mim.queries.filters import QueryContext, compile_filter
from ming.mim.queries.json_schema import compile_schema
from ming.mim.queries.predicates import is_operator_document
from ming.mim.queries.regions import GEO

__all__ = ["explain_failure"]

Document = dict[str, Any]

_MOST_CONSIDERED: Final = 10
"""How many values of an array a report shows."""


class _Asked(NamedTuple):
    """A document and what its clauses are explained with."""

    document: Document
    context: QueryContext
    why_matched: bool
    """Whether to explain why a clause matches, rather than why it does not."""

    def inverted(self) -> _Asked:
        return self._replace(why_matched=not self.why_matched)

    def concerns(self, query: Mapping[str, Any]) -> bool:
        """Whether a clause came out the way that is to be explained."""
        matches = compile_filter(query, self.context).matches
        try:
            return matches(self.document) == self.why_matched
        except CommandError:
            # An expression that cannot be evaluated refuses the document, wherever it stands.
            return True


def explain_failure(
    query: Mapping[str, Any], document: Document, context: QueryContext | None = None
) -> Document:
    """Explain why a document does not match a filter.

    Args:
        query: The filter, such as the validator of a collection.
        document: A document that does not match it, in stored form.
        context: What the filter depends on.

    Returns:
        What the server has in ``errInfo.details``.
    """
    return _explain(query, _Asked(document, context or QueryContext(), why_matched=False))


def _explain(query: Mapping[str, Any], asked: _Asked) -> Document:
    clauses = list(_clauses(query))
    if len(clauses) == 1:
        return _clause(clauses[0], asked)
    return _several("$and", clauses, asked)


def _clauses(query: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Split a filter into filters of one operator each."""
    for name, operand in query.items():
        if name.startswith("$") or not is_operator_document(operand):
            if name != "$comment":
                yield {name: operand}
            continue
        for operator, argument in operand.items():
            if operator == "$regex" and "$options" in operand:
                yield {name: {"$regex": argument, "$options": operand["$options"]}}
            elif operator not in ("$options", "$comment"):
                yield {name: {operator: argument}}


def _several(operator: str, queries: list[Mapping[str, Any]], asked: _Asked) -> Document:
    """Explain a logical operator by those of its branches that came out the way in question."""
    return {
        "operatorName": operator,
        "clausesSatisfied" if asked.why_matched else "clausesNotSatisfied": [
            {"index": index, "details": _explain(query, asked)}
            for index, query in enumerate(queries)
            if asked.concerns(query)
        ],
    }


def _clause(clause: Mapping[str, Any], asked: _Asked) -> Document:
    ((name, operand),) = clause.items()
    if name in _TOP_LEVEL:
        return _TOP_LEVEL[name](operand, asked)
    if not is_operator_document(operand):
        return _field(name, "$regex" if isinstance(operand, Regex) else "$eq", operand, operand, asked)
    operator, argument = next(iter(operand.items()))
    if operator == "$not":
        inner = {"$regex": argument} if isinstance(argument, Regex) else argument
        shown = {name: argument} if isinstance(argument, Regex) else None
        details = _explain({name: inner}, asked.inverted())
        return {
            "operatorName": "$not",
            "details": details if shown is None else {**details, "specifiedAs": shown},
        }
    return _field(name, operator, argument, operand, asked)


# -- operators of the whole document ------------------------------------------------------------------


def _json_schema(operand: Any, asked: _Asked) -> Document:
    if asked.why_matched:
        return {"operatorName": "$jsonSchema", "reason": "schema matched"}
    schema = compile_schema(operand)
    failures = schema.failures(asked.document)
    if isinstance(failures, dict):
        return failures
    return {"operatorName": "$jsonSchema", **schema.notes, "schemaRulesNotSatisfied": failures}


def _expr(operand: Any, asked: _Asked) -> Document:
    evaluate = compile_expression(operand, asked.context.environment)
    report: Document = {"operatorName": "$expr", "specifiedAs": {"$expr": operand}}
    try:
        result = evaluate(root_scope(asked.document, asked.context.variables))
    except CommandError as error:
        details = {"code": error.code, "codeName": error.code_name, "errmsg": error.errmsg}
        return {**report, "reason": "failed to evaluate aggregation expression", "details": details}
    report["reason"] = f"expression did{'' if asked.why_matched else ' not'} match"
    return report if result is MISSING else {**report, "expressionResult": result}


_TOP_LEVEL: Final[Mapping[str, Callable[[Any, _Asked], Document]]] = {
    "$and": lambda operand, asked: _several("$and", operand, asked),
    "$or": lambda operand, asked: _several("$or", operand, asked),
    "$nor": lambda operand, asked: _several("$nor", operand, asked.inverted()),
    "$jsonSchema": _json_schema,
    "$expr": _expr,
}

# -- operators of one field ---------------------------------------------------------------------------


class _Reasons(NamedTuple):
    """How the outcome of an operator is told."""

    failed: str
    matched: str
    expects: tuple[str, ...] = ()
    """The types it is about, in the order reported; values of others alone are a reason of their own."""
    whole: bool = False
    """Whether it looks at an array as a whole."""


_COMPARISON: Final = _Reasons("comparison failed", "comparison succeeded")
_BITS: Final = _Reasons(
    "bitwise operator failed to match",
    "bitwise operator matched successfully",
    ("binData", "decimal", "double", "int", "long"),
)
_REASONS: Final[Mapping[str, _Reasons]] = {
    **dict.fromkeys(("$eq", "$gt", "$gte", "$lt", "$lte"), _COMPARISON),
    "$ne": _Reasons(_COMPARISON.matched, _COMPARISON.failed),
    "$in": _Reasons("no matching value found in array", "matching value found in array"),
    "$nin": _Reasons("matching value found in array", "no matching value found in array"),
    "$type": _Reasons("type did not match", "type did match"),
    "$regex": _Reasons(
        "regular expression did not match", "regular expression did match", ("regex", "string", "symbol")
    ),
    "$mod": _Reasons(
        "$mod did not evaluate to expected remainder",
        "$mod did evaluate to expected remainder",
        ("decimal", "double", "int", "long"),
    ),
    "$size": _Reasons(
        "array length was not equal to given size",
        "array length was equal to given size",
        ("array",),
        whole=True,
    ),
    "$elemMatch": _Reasons(
        "array did not satisfy the child predicate",
        "array did satisfy the child predicate",
        ("array",),
        whole=True,
    ),
    "$all": _Reasons(
        "array did not contain all specified values", "array did contain all specified values", whole=True
    ),
    **dict.fromkeys(("$bitsAllSet", "$bitsAnySet", "$bitsAllClear", "$bitsAnyClear"), _BITS),
    "$geoWithin": _Reasons(
        "none of the considered geometries were contained within the expression\u2019s geometry",
        "at least one of considered geometries was contained within the expression\u2019s geometry",
    ),
    "$geoIntersects": _Reasons(
        "none of the considered geometries intersected the expression\u2019s geometry",
        "at least one of considered geometries intersected the expression\u2019s geometry",
    ),
}


def _field(name: str, operator: str, argument: Any, operand: Any, asked: _Asked) -> Document:
    report: Document = {"operatorName": operator, "specifiedAs": {name: operand}}
    if operator == "$exists":
        there = compile_filter({name: {"$exists": True}}).matches(asked.document)
        return {**report, "reason": f"path does {'' if there else 'not '}exist"}
    if operator == "$all" and not argument:
        return {**report, "reason": "expression always evaluates to false"}
    reasons = _REASONS.get(operator)
    if reasons is None:
        raise NotImplementedError(f"validation: {operator}")
    # The server looks no further than the first element of an array that has no such field.
    reached = list(
        takewhile(lambda value: value is not MISSING, Path(name).values(asked.document, expand=False))
    )
    if not reached:
        return {**report, "reason": "field was missing"}
    values = reached if reasons.whole else _elements(reached)
    if operator in GEO and not any(map(parse_stored, (*reached, *values))):
        return {**report, "reason": "could not find a valid geometry at the given path", **_values(values)}
    return {**report, **_considered(operator, values, reasons, asked.why_matched)}


def _considered(operator: str, values: list[Any], reasons: _Reasons, why_matched: bool) -> Document:
    seen = sorted({type_name(value) for value in values})
    report: Document = {"reason": reasons.matched if why_matched else reasons.failed}
    if reasons.expects and not set(seen) & set(reasons.expects):
        report = {
            "reason": "type did not match",
            **_one_or_more("consideredType", seen),
            **_one_or_more("expectedType", list(reasons.expects)),
        }
    report |= _values(values)
    if operator == "$type":
        report |= _one_or_more("consideredType", seen)
    return report


def _elements(reached: list[Any]) -> list[Any]:
    return [item for value in reached for item in (value if value.__class__ is list else [value])]


def _one_or_more(name: str, found: list[Any]) -> Document:
    if not found:
        return {}
    return {name: found[0]} if len(found) == 1 else {f"{name}s": found}


def _values(values: list[Any]) -> Document:
    if len(values) == 1:
        return {"consideredValue": values[0]}
    report: Document = {"consideredValues": values[:_MOST_CONSIDERED]}
    return report if len(values) <= _MOST_CONSIDERED else {**report, "consideredValuesTruncated": True}
