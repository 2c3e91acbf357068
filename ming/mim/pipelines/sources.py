"""The stages that begin a pipeline with documents of their own: $documents, $collStats, $planCacheStats."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from ming.mim.data.errors import CommandError, error_context
from ming.mim.data.rendering import shown, shown_field
from ming.mim.data.values import as_integer, is_number, type_name
from ming.mim.expressions.compiler import compile_expression, root_scope
from ming.mim.pipelines.stages import Builder, Document, PipelineContext, Stage

__all__ = ["OF_DATABASES", "SOURCES"]


def _documents(operand: Any, context: PipelineContext) -> Stage:
    evaluate = compile_expression(operand, context.environment)

    def run(documents: Iterable[Document]) -> Iterator[Document]:
        made = evaluate(root_scope({}, context.variables))
        if not isinstance(made, list):
            raise CommandError(5858203, "an array is expected")
        for document in made:
            if not isinstance(document, dict):
                raise CommandError(
                    40228,
                    "elements within the array passed to $documents must evaluate to an object, but resulting value"
                    f" was: {shown(document)}. Type of resulting value: '{type_name(document)}'.",
                )
            yield document

    return run


# -- $collStats ---------------------------------------------------------------------------------------


def _coll_stats(operand: Any, context: PipelineContext) -> Stage:
    if not isinstance(operand, dict):
        raise CommandError(
            5447000, f"$collStats must take a nested object but found: {shown_field('$collStats', operand)}"
        )
    for name, value in operand.items():
        if name not in _STATISTICS:
            raise CommandError(40415, f"BSON field '$collStats.{name}' is an unknown field.")
        if not isinstance(value, dict):
            raise CommandError(
                14,
                f"BSON field '$collStats.{name}' is the wrong type '{type_name(value)}', expected type 'object'",
            )
    tellers = {name: _STATISTICS[name](value, context) for name, value in operand.items()}

    def run(documents: Iterable[Document]) -> list[Document]:
        return [
            {
                "ns": f"{context.database}.{context.collection}",
                "host": platform.node(),
                "localTime": context.variables["NOW"],
                **{name: tell() for name, tell in tellers.items()},
            }
        ]

    return run


_Teller = Callable[[], Any]


def _storage(operand: Document, context: PipelineContext) -> _Teller:
    scale = operand.get("scale", 1)
    factor = as_integer(scale) if is_number(scale) else None
    if factor is None or factor < 1:
        raise CommandError(51024, f"BSON field 'scale' value must be >= 1, actual value '{shown(scale)}'")

    def tell() -> Document:
        with error_context("Unable to retrieve storageStats in $collStats stage"):
            command = {"collStats": _existing(context), "scale": factor}
            reply = context.namespaces.perform(context.database, command)
        return {name: value for name, value in reply.items() if name not in ("ns", "ok")}

    return tell


def _count(operand: Document, context: PipelineContext) -> _Teller:
    if operand:
        raise CommandError(31170, f"expected an empty object, but got {shown(operand, spaced=True)}")

    def tell() -> int:
        with error_context("Unable to retrieve count in $collStats stage"):
            command = {"collStats": _existing(context)}
            return int(context.namespaces.perform(context.database, command)["count"])

    return tell


def _existing(context: PipelineContext) -> str:
    name = context.collection
    if name is None or context.namespaces.source(context.database, name).records is None:
        raise CommandError(26, f"Collection [{context.database}.{name}] not found.")
    return name


def _unbuilt(name: str) -> Callable[[Document, PipelineContext], _Teller]:
    def build(operand: Document, context: PipelineContext) -> _Teller:
        raise NotImplementedError(f"$collStats: {name}")

    return build


_STATISTICS: Final[Mapping[str, Callable[[Document, PipelineContext], _Teller]]] = {
    "storageStats": _storage,
    "count": _count,
    "latencyStats": _unbuilt("latencyStats"),
    "queryExecStats": _unbuilt("queryExecStats"),
}


# -- $planCacheStats ----------------------------------------------------------------------------------


def _plan_cache_stats(operand: Any, context: PipelineContext) -> Stage:
    if not isinstance(operand, dict):
        raise CommandError(9, f"$planCacheStats value must be an object. Found: {type_name(operand)}")
    if operand:
        raise CommandError(9, "$planCacheStats parameters object must be empty. Found: object")

    def run(documents: Iterable[Document]) -> list[Document]:
        name = context.collection
        if name is None or context.namespaces.source(context.database, name).records is None:
            raise CommandError(50933, f"collection '{context.database}.{name}' does not exist")
        # Plans are made anew each time, so none is ever kept.
        return []

    return run


OF_DATABASES: Final = frozenset(("$documents",))
"""The stages that may begin a pipeline on a database rather than a collection."""

SOURCES: Final[Mapping[str, Builder]] = {
    "$documents": _documents,
    "$collStats": _coll_stats,
    "$planCacheStats": _plan_cache_stats,
}
"""Builders of the stages of this module, by name."""
