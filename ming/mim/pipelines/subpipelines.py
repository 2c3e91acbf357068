"""Pipelines that stages hold: what they read, and what of it is the same in every run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from ming.mim.pipelines.stages import Document, PipelineContext, Records, Source, Stage, chained
from ming.mim.queries.conditions import Filter
from ming.mim.queries.filters import compile_filter

__all__ = [
    "Reader",
    "cached",
    "compile_reader",
    "mentions",
    "open_reader",
    "starts_with_documents",
]

Reader = Callable[[], Iterable[Document]]
"""A pipeline with what it reads."""

_EVERYTHING: Final = Filter(lambda document: True)


def compile_reader(source: Source, stages: Sequence[Document], context: PipelineContext) -> Reader:
    """Compile a pipeline over a collection or view.

    Args:
        source: What it reads.
        stages: The pipeline.
        context: Its surroundings.

    Raises:
        CommandError: The server would refuse the pipeline.
        NotImplementedError: A stage is not built yet.
    """
    everything = [*source.stages, *stages]
    return open_reader(source.records, everything, context.compile(everything, context), context)


def open_reader(
    records: Records | None, stages: Sequence[Document], compiled: Sequence[Stage], context: PipelineContext
) -> Reader:
    """Let stages read a collection, of which a first ``$match`` may select by an index.

    Args:
        records: The collection, None if it does not exist.
        stages: The stages.
        compiled: The same, compiled.
        context: Their surroundings.
    """
    if records is None:
        run = chained(compiled)
        return lambda: run(())
    query = _EVERYTHING
    if stages and "$match" in stages[0]:
        query, compiled = compile_filter(stages[0]["$match"], context), compiled[1:]
    run = chained(compiled)
    return lambda: run(document for _, document in records.select(query))


def cached(read: Reader) -> Reader:
    """Return a reader that reads at its first use only."""
    found: list[Document] | None = None

    def reread() -> list[Document]:
        nonlocal found
        if found is None:
            found = list(read())
        return found

    return reread


def starts_with_documents(stages: Any) -> bool:
    """Whether a pipeline brings its own documents."""
    return (
        isinstance(stages, list)
        and bool(stages)
        and isinstance(stages[0], dict)
        and "$documents" in stages[0]
    )


def mentions(part: Any, variables: frozenset[str]) -> bool:
    """Whether a part of a pipeline refers to one of some variables."""
    if isinstance(part, str):
        return part.startswith("$$") and part[2:].partition(".")[0] in variables
    if isinstance(part, dict):
        return any(mentions(value, variables) for value in part.values())
    return isinstance(part, list) and any(mentions(item, variables) for item in part)
