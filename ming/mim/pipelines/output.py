"""The stages that write what a pipeline made: $out and $merge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from ming.mim.data.environment import Expression
from ming.mim.data.errors import DUPLICATE_KEY, CommandError
from ming.mim.data.values import MISSING, type_name
from ming.mim.expressions.compiler import compile_expression, root_scope
from ming.mim.expressions.variable_names import check_bound_name
from ming.mim.pipelines.stages import Builder, Document, PipelineContext, Stage, field_path

__all__ = ["OUTPUT"]

_INTERNAL: Final = frozenset(("admin", "config", "local"))


# -- $out ---------------------------------------------------------------------------------------------


def _out(operand: Any, context: PipelineContext) -> Stage:
    database, name = _out_target(operand, context)
    if database in _INTERNAL:
        raise CommandError(31321, f"Can't $out to internal database: {database}")
    if name.startswith("system."):
        raise CommandError(17385, f"Can't $out to special collection: {name}")
    context.namespaces.check(database, name, f"Invalid $out target namespace, {database}.{name}")

    def run(documents: Iterable[Document]) -> Iterable[Document]:
        context.namespaces.replace_contents(database, name, list(documents))
        return ()

    return run


def _out_target(operand: Any, context: PipelineContext) -> tuple[str, str]:
    if isinstance(operand, str):
        return context.database, operand
    if not isinstance(operand, dict):
        raise CommandError(
            16990, f"$out only supports a string or object argument, but found {type_name(operand)}"
        )
    if operand.keys() != {"db", "coll"}:
        raise CommandError(
            16994, "If an object is passed to $out it must have exactly 2 fields: 'db' and 'coll'"
        )
    for part, value in operand.items():
        if not isinstance(value, str):
            raise CommandError(13111, f"wrong type for field ({part}) {type_name(value)} != string")
    return operand["db"], operand["coll"]


# -- $merge -------------------------------------------------------------------------------------------


class _Merge(NamedTuple):
    """What $merge is to do."""

    database: str
    collection: str
    on: list[str]
    bindings: Mapping[str, Expression]
    """The variables of a pipeline that updates."""
    matched: str | list[Any]
    not_matched: str


def _merge(operand: Any, context: PipelineContext) -> Stage:
    options = _merge_options(operand)
    database, name = _merge_target(options["into"], context)
    merge = _Merge(
        database,
        name,
        _merge_on(options["on"], database, name, context) if "on" in options else ["_id"],
        _merge_variables(options, context),
        options.get("whenMatched", "merge"),
        options.get("whenNotMatched") or "insert",
    )

    def run(documents: Iterable[Document]) -> Iterable[Document]:
        # All statements are made before the first is performed, as the pipeline may read what they change.
        statements = [_statement(document, merge, context) for document in documents]
        if statements:
            _perform(statements, merge, context)
        return ()

    return run


def _merge_options(operand: Any) -> dict[str, Any]:
    if isinstance(operand, str):
        return {"into": operand}
    if not isinstance(operand, dict):
        raise CommandError(14, f"$merge requires a string or object argument, but found {type_name(operand)}")
    for name, value in operand.items():
        if name not in ("into", "on", "let", "whenMatched", "whenNotMatched"):
            raise CommandError(40415, f"BSON field '$merge.{name}' is an unknown field.")
        expected = {"let": "object", "whenNotMatched": "string"}.get(name)
        if expected is not None and value is not None and type_name(value) != expected:
            raise CommandError(
                14,
                f"BSON field '$merge.{name}' is the wrong type '{type_name(value)}', expected type '{expected}'",
            )
    if "into" not in operand:
        raise CommandError(40414, "BSON field '$merge.into' is missing but a required field")
    _check_modes(operand.get("whenMatched", "merge"), operand.get("whenNotMatched") or "insert")
    return operand


def _check_modes(matched: Any, not_matched: str) -> None:
    if not isinstance(matched, str | list):
        raise CommandError(
            51191,
            f"$merge 'whenMatched' field  must be either a string or an array, but found {type_name(matched)}",
        )
    if isinstance(matched, str) and matched not in ("replace", "merge", "keepExisting", "fail"):
        raise CommandError(2, f"Enumeration value '{matched}' for field 'whenMatched' is not a valid value.")
    if not_matched not in ("insert", "discard", "fail"):
        raise CommandError(
            2, f"Enumeration value '{not_matched}' for field '$merge.whenNotMatched' is not a valid value."
        )
    if matched in ("keepExisting", "fail") and not_matched != "insert":
        raise CommandError(
            51181,
            f"Combination of $merge modes 'whenMatched: {matched}' and 'whenNotMatched: {not_matched}' is not"
            " supported",
        )


def _merge_target(into: Any, context: PipelineContext) -> tuple[str, str]:
    if isinstance(into, str):
        database, name = context.database, into
    elif isinstance(into, dict):
        for part in into:
            if part not in ("db", "coll"):
                raise CommandError(40415, f"BSON field 'into.{part}' is an unknown field.")
        if not into.get("coll"):
            raise CommandError(
                5786801, "$merge 'into' field must specify a 'coll' that is not empty, null or undefined"
            )
        database, name = into.get("db") or context.database, into["coll"]
    else:
        raise CommandError(
            51178,
            f"$merge 'into' field  must be either a string or an object, but found {type_name(into)}",
        )
    context.namespaces.check(database, name, f"Invalid $merge target namespace: '{database}.{name}'")
    if database in _INTERNAL:
        raise CommandError(31320, f"Cannot $merge to internal database: {database}")
    if name.startswith("system."):
        raise CommandError(31319, f"Cannot $merge to special collection: {name}")
    return database, name


def _merge_on(on: Any, database: str, name: str, context: PipelineContext) -> list[str]:
    """Return the fields that tell which documents match, which a unique index must cover."""
    if not isinstance(on, str | list):
        raise CommandError(
            51186,
            f"$merge 'on' field  must be either a string or an array of strings, but found {type_name(on)}",
        )
    paths = on if isinstance(on, list) else [on]
    if not paths:
        raise CommandError(51187, "If explicitly specifying $merge 'on', must include at least one field")
    for path in paths:
        if not isinstance(path, str):
            raise CommandError(
                51134, f"$merge 'on' array elements must be strings, but found {type_name(path)}"
            )
        field_path(path)
        if paths.count(path) > 1:
            raise CommandError(31465, f"Found a duplicate field '{path}'")
    if not context.namespaces.identifies(database, name, paths, context.key):
        raise CommandError(51183, "Cannot find index to verify that join fields will be unique")
    return paths


def _merge_variables(options: Mapping[str, Any], context: PipelineContext) -> dict[str, Expression]:
    variables, matched = options.get("let"), options.get("whenMatched", "merge")
    if not isinstance(matched, list):
        if variables is not None:
            raise CommandError(51199, f"Cannot use 'let' variables with 'whenMatched: {matched}' mode")
        return {}
    given = {**(variables or {})}
    if given.setdefault("new", "$$ROOT") != "$$ROOT":
        raise CommandError(
            51273, "'let' may not define a value for the reserved 'new' variable other than '$$ROOT'"
        )
    for name in given:
        check_bound_name(name)
    return {name: compile_expression(value, context.environment) for name, value in given.items()}


def _statement(document: Document, merge: _Merge, context: PipelineContext) -> Document:
    """Return the update statement, or the document to insert, for one document of the pipeline."""
    if "_id" not in document and "_id" in merge.on:
        document = {"_id": context.namespaces.new_id(), **document}
    query = {path: _matched_value(document, path) for path in merge.on}
    upsert = merge.not_matched == "insert"
    if isinstance(merge.matched, list):
        scope = root_scope(document, context.variables)
        values = {name: value(scope) for name, value in merge.bindings.items()}
        constants = {name: value for name, value in values.items() if value is not MISSING}
        return {"q": query, "u": merge.matched, "c": constants, "upsert": upsert, "upsertSupplied": upsert}
    if merge.matched == "fail":
        return document
    operator = {"merge": "$set", "keepExisting": "$setOnInsert"}.get(merge.matched)
    return {"q": query, "u": document if operator is None else {operator: document}, "upsert": upsert}


def _matched_value(document: Document, path: str) -> Document:
    value: Any = document
    for part in path.split("."):
        if value.__class__ is list:
            break
        value = value.get(part) if value.__class__ is dict else None
    if value.__class__ is list:
        raise CommandError(51185, f"$merge write error: 'on' field '{path}' is an array")
    if value is None:
        raise CommandError(
            51132, f"$merge write error: 'on' field '{path}' cannot be missing, null, undefined or an array"
        )
    return {"$eq": value}


def _perform(statements: list[Document], merge: _Merge, context: PipelineContext) -> None:
    command, what = ("insert", "documents") if merge.matched == "fail" else ("update", "updates")
    reply = context.namespaces.perform(
        merge.database, {command: merge.collection, what: statements, "ordered": False}
    )
    for error in reply.get("writeErrors", ()):
        raise _merge_error(error, merge)
    if merge.not_matched == "fail" and reply["n"] < len(statements):
        raise CommandError(
            13113,
            "$merge could not find a matching document in the target collection for at least one document in the"
            " source collection",
            "MergeStageNoMatchingDocument",
        )


def _merge_error(error: Mapping[str, Any], merge: _Merge) -> CommandError:
    code = error["code"]
    if code == 66:
        what = "$merge failed to update the matching document, did you attempt to modify the _id or the shard key?"
    elif code != DUPLICATE_KEY:
        return CommandError.of_write(error)
    elif merge.matched == "fail" and set(error.get("keyPattern", ())) == set(merge.on):
        what = "$merge with whenMatched: fail found an existing document with the same values for the 'on' fields"
    else:
        what = "$merge failed due to a DuplicateKey error"
    return CommandError.of_write(error).within(what)


OUTPUT: Final[Mapping[str, Builder]] = {"$out": _out, "$merge": _merge}
"""Builders of the stages of this module, by name."""
