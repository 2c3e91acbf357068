"""The stage that fills in values that are missing: $fill, which is put down to $setWindowFields and
$addFields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ming.mim.data.errors import CommandError, error_context
from ming.mim.data.values import type_name
from ming.mim.pipelines.stages import (
    Builder,
    Document,
    PipelineContext,
    Stage,
    chained,
    check_fields,
    field_path,
)

__all__ = ["FILL"]

_METHODS: Final = {"linear": "$linearFill", "locf": "$locf"}
_OPTIONS: Final = {
    "partitionBy": "object",
    "partitionByFields": "array",
    "sortBy": "object",
    "output": "object",
}


def _fill(operand: Any, context: PipelineContext) -> Stage:
    if not isinstance(operand, dict):
        raise CommandError(9, f"The $fill stage specification must be an object, found {type_name(operand)}")
    check_fields("$fill", operand, _OPTIONS, ("output",))
    if not operand["output"]:
        raise CommandError(
            6050203, "The output field in '$fill' must contain an object with at least one element"
        )
    partition = _partition(operand)
    functions: Document = {}
    defaults: Document = {}
    for path, specification in operand["output"].items():
        _check_output(specification)
        if "method" in specification:
            functions[path] = {_METHODS[specification["method"]]: f"${path}"}
        elif "value" in specification:
            with error_context("Invalid $addFields"):
                field_path(path)
            defaults[path] = {"$ifNull": [f"${path}", specification["value"]]}
    stages: list[Document] = []
    if functions:
        window = {"partitionBy": partition, "sortBy": operand.get("sortBy"), "output": functions}
        stages.append({"$setWindowFields": window})
    if defaults:
        stages.append({"$addFields": defaults})
    return chained(context.compile(stages, context))


def _check_output(specification: Any) -> None:
    if not isinstance(specification, dict):
        raise CommandError(6050200, "Each fill output specification must be an object with exactly one field")
    check_fields("$fill", specification, {"value": None, "method": "string"})
    if len(specification) > 1:
        raise CommandError(
            6050201,
            "Each fill output specification must have exactly one of 'method' or 'value' fields, not both",
        )
    if specification.get("method", "locf") not in _METHODS:
        raise CommandError(6050202, "Method must be either locf or linear")


def _partition(operand: Document) -> Any:
    fields = operand.get("partitionByFields")
    if not fields:
        return operand.get("partitionBy")
    if operand.get("partitionBy") is not None:
        raise CommandError(
            6050204, "Maximum one of 'partitionBy' and 'partitionByFields can be specified in '$fill'"
        )
    for at, field in enumerate(fields):
        if not isinstance(field, str):
            raise CommandError(
                14,
                f"BSON field '$fill.partitionByFields.{at}' is the wrong type '{type_name(field)}', expected type"
                " 'string'",
            )
    return {field: f"${field}" for field in fields}


FILL: Final[Mapping[str, Builder]] = {"$fill": _fill}
"""The builder of the stage, by name."""
