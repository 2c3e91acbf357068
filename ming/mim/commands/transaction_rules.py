"""What commands may not ask for inside a transaction; asking for it aborts the transaction.

Commands that cannot be part of one at all are refused before, by `ming.mim.commands.session_fields`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ming.mim.data.errors import CommandError
from ming.mim.pipelines.pipeline import compile_pipeline
from ming.mim.pipelines.stages import PipelineContext, Stage

__all__ = ["check_permitted", "compile_in_transaction"]

Document = Mapping[str, Any]

_DIAGNOSTIC: Final = frozenset(
    ("$changeStream", "$currentOp", "$listLocalSessions", "$listSessions", "$planCacheStats")
)
_WRITING: Final = frozenset(("$out", "$merge"))
_UNSUPPORTED: Final = frozenset(("$collStats", "$indexStats", "$unionWith"))


def check_permitted(database: str, name: str, command: Document) -> None:
    """Refuse a command for its options.

    Args:
        database: The database's name.
        name: The command's.
        command: The command.

    Raises:
        CommandError: An option is not for transactions.
    """
    check = _CHECKS.get(name)
    if check is not None:
        check(command)
    target = command[name]
    if name in _CHANGING and isinstance(target, str) and target.startswith("system."):
        raise CommandError(
            50791, f"Cannot write to system collection {database}.{target} within a transaction."
        )


_CHANGING: Final = frozenset(("insert", "update", "delete", "findAndModify", "findandmodify"))


def _check_find(command: Document) -> None:
    if command.get("tailable"):
        raise CommandError(72, "It is illegal to open a tailable cursor in a transaction")


def _check_create(command: Document) -> None:
    for option, what in (("viewOn", "view"), ("timeseries", "time-series collection")):
        if command.get(option):
            raise CommandError(263, f"Cannot create a {what} in a multi-document transaction.")


def _check_aggregate(command: Document) -> None:
    if command.get("explain"):
        raise _not_permitted(
            "Explain for the aggregate command cannot run within a multi-document transaction"
        )
    pipeline = command.get("pipeline")
    for name in _names(pipeline if isinstance(pipeline, list) else []):
        if name in _DIAGNOSTIC:
            raise _not_permitted(f"Aggregation stage {name} cannot run within a multi-document transaction.")


def _not_permitted(what: str) -> CommandError:
    return CommandError(263, f"Operation not permitted in transaction :: caused by :: {what}")


_CHECKS: Final[Mapping[str, Callable[[Document], None]]] = {
    "find": _check_find,
    "create": _check_create,
    "aggregate": _check_aggregate,
}


def compile_in_transaction(stages: Sequence[Any], context: PipelineContext) -> list[Stage]:
    """Compile a pipeline as `ming.mim.pipelines.pipeline.compile_pipeline`, and refuse what is not for
    transactions.

    Raises:
        CommandError: A stage is refused.
    """
    compiled = compile_pipeline(stages, context)
    for name in _names(stages):
        if name in _WRITING:
            raise CommandError(263, f"{name} cannot be used in a transaction")
        if name in _UNSUPPORTED:
            raise CommandError(263, f"Stage not supported inside of a multi-document transaction: {name}")
    return compiled


def _names(stages: Sequence[Any]) -> list[str]:
    return [next(iter(stage)) for stage in stages if isinstance(stage, dict) and stage]
