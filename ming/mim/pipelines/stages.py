"""What the stages of a pipeline share: their type, their surroundings, and the checking of their operands.

The stages themselves are in `stages_basic` and its siblings; `pipeline` has their table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, Protocol

from ming.mim.data.environment import KeyOf
from ming.mim.data.errors import CommandError
from ming.mim.data.metadata import Metadata
from ming.mim.data.rendering import shown_field
from ming.mim.data.values import as_integer, is_number, type_name
from ming.mim.queries.conditions import Filter
from ming.mim.queries.filters import QueryContext
from ming.mim.queries.search_indexes import NO_COLLECTION, SearchIndexes

__all__ = [
    "Builder",
    "Document",
    "Namespaces",
    "PipelineContext",
    "Records",
    "Source",
    "Stage",
    "chained",
    "check_fields",
    "expect_whole",
    "field_name",
    "field_path",
    "split_stage",
]

Document = dict[str, Any]
Stage = Callable[[Iterable[Document]], Iterable[Document]]
"""A compiled stage: documents in, documents out, as lazily as it can."""

_LONGEST: Final = 2**63 - 1
_MOST_NESTED: Final = 20
"""How deep sub-pipelines may lie in each other."""


class Records(Protocol):
    """A collection, as pipelines read it."""

    @property
    def namespace(self) -> str:
        """Database and collection."""
        ...

    def select(self, query: Filter) -> Iterator[tuple[int, Document]]:
        """Yield the records that a filter selects."""
        ...

    def finds(self, path: str, order: KeyOf) -> bool:
        """Whether an index finds the documents with a value at a path, as an order knows it."""
        ...


class Source(NamedTuple):
    """Where a pipeline reads: a collection, if it exists, below the stages of the views over it."""

    records: Records | None
    stages: Sequence[Document] = ()


class Namespaces(Protocol):
    """The collections and views of an engine, as pipelines reach them."""

    def source(self, database: str, name: str) -> Source:
        """Return what a name means."""
        ...

    def search_indexes(self, database: str, name: str) -> SearchIndexes:
        """Return the indexes for text and places of a collection."""
        ...

    def perform(self, database: str, command: Document) -> Document:
        """Perform a command and return its reply."""
        ...

    def replace_contents(self, database: str, name: str, documents: Sequence[Document]) -> None:
        """Let a collection, created if need be, hold other documents under the same indexes and options."""
        ...

    def identifies(self, database: str, name: str, paths: Sequence[str], order: KeyOf) -> bool:
        """Whether a unique index of a collection is over some paths, so that at most one document has their
        values.

        Args:
            database: The collection's database.
            name: Its name.
            paths: The paths.
            order: What tells values apart.
        """
        ...

    def new_id(self) -> Any:
        """Return a new ``_id``."""
        ...

    def check(self, database: str, name: str, message: str) -> None:
        """Refuse a name that no collection can have, with a message."""
        ...


@dataclass(eq=False, kw_only=True)
class PipelineContext(QueryContext):
    """What a stage depends on beside itself."""

    namespaces: Namespaces
    database: str
    """The database the pipeline runs on."""
    collection: str | None
    """The collection it reads, None if it reads none."""
    compile: Callable[[Sequence[Any], PipelineContext], list[Stage]]
    """The compiler of pipelines, for stages that hold some."""
    within: str | None = None
    """The stage that holds the pipeline, None for a command's own."""
    depth: int = 0
    """In how many other pipelines it lies."""
    changing: frozenset[str] = frozenset()
    """The variables that change from one run of the pipeline to the next."""
    in_slots: bool = False
    """Whether the server runs the stage in its slot-based engine."""

    def inside(
        self, stage: str, collection: str | None, variables: Mapping[str, Any], changing: Iterable[str] = ()
    ) -> PipelineContext:
        """Return the surroundings of a pipeline that a stage holds.

        Args:
            stage: The stage.
            collection: What the pipeline reads.
            variables: Those it sees.
            changing: Those of them that the stage changes from run to run.

        Raises:
            CommandError: It lies too deep.
        """
        if self.depth == _MOST_NESTED:
            raise CommandError(
                232, f"Maximum number of nested sub-pipelines exceeded. Limit is {_MOST_NESTED}"
            )
        inner = replace(
            self,
            within=stage,
            collection=collection,
            variables=variables,
            depth=self.depth + 1,
            changing=self.changing.union(changing),
        )
        return inner if stage == "$facet" else inner._reading(collection)

    def _reading(self, collection: str | None) -> PipelineContext:
        """Return the surroundings of a pipeline that does not go on with what another has found."""
        search = NO_COLLECTION
        if collection is not None:
            search = self.namespaces.search_indexes(self.database, collection)
        return replace(self, search=search, metadata=Metadata())


Builder = Callable[[Any, PipelineContext], Stage]
"""Compiles a stage's operand."""


def chained(stages: Sequence[Stage]) -> Stage:
    """Return several stages as one."""

    def run(documents: Iterable[Document]) -> Iterable[Document]:
        for stage in stages:
            documents = stage(documents)
        return documents

    return run


def split_stage(stage: Any) -> tuple[str, Any]:
    """Return the name and the operand of a stage document.

    Raises:
        CommandError: It is none.
    """
    if not isinstance(stage, dict):
        raise CommandError(14, "Each element of the 'pipeline' array must be an object")
    if len(stage) != 1:
        raise CommandError(40323, "A pipeline stage specification object must contain exactly one field.")
    ((name, operand),) = stage.items()
    return name, operand


def check_fields(
    where: str, given: Document, types: Mapping[str, str | None], required: Sequence[str] = ()
) -> None:
    """Check an object as the server checks most of those with fixed fields; null counts as not given.

    Args:
        where: What the object is, for messages.
        given: The object.
        types: The fields with the names of their types, None for any.
        required: Those that must be given.

    Raises:
        CommandError: A field is unknown, of another type, or not there.
    """
    for name, value in given.items():
        if name not in types:
            raise CommandError(40415, f"BSON field '{where}.{name}' is an unknown field.")
        expected = types[name]
        if expected is not None and value is not None and type_name(value) != expected:
            raise CommandError(
                14,
                f"BSON field '{where}.{name}' is the wrong type '{type_name(value)}', expected type '{expected}'",
            )
    for name in required:
        if given.get(name) is None:
            raise CommandError(40414, f"BSON field '{where}.{name}' is missing but a required field")


def expect_whole(operand: Any, code: int, stage: str) -> int:
    """Return a stage's operand as the count it must be.

    Raises:
        CommandError: It is not a whole number, or negative; it has the given code.
    """
    if not is_number(operand):
        expected = "a number in"
    elif (number := as_integer(operand)) is None:
        expected = "an integer"
    elif number > _LONGEST:
        raise CommandError(
            code,
            f"invalid argument to {stage} stage: Cannot represent as a 64-bit integer: {shown_field(stage, operand)}",
        )
    elif number < 0:
        expected = "a non-negative number in"
    else:
        return number
    raise CommandError(
        code, f"invalid argument to {stage} stage: Expected {expected}: {shown_field(stage, operand)}"
    )


def field_name(name: str) -> str:
    """Return a field's name, checked as stages check it.

    Raises:
        CommandError: It is not a field's name.
    """
    hint = "Consider using $getField or $setField."
    if not name:
        raise CommandError(15998, "FieldPath field names may not be empty strings.")
    if name.startswith("$"):
        raise CommandError(16410, f"FieldPath field names may not start with '$'. {hint}")
    if "\0" in name:
        raise CommandError(16411, "FieldPath field names may not contain '\\0'.")
    if "." in name:
        raise CommandError(16412, f"FieldPath field names may not contain '.'. {hint}")
    return name


def field_path(dotted: str) -> tuple[str, ...]:
    """Split the dotted name of a field, checked as stages check it.

    Raises:
        CommandError: It is not a field's name.
    """
    if not dotted:
        raise CommandError(40352, "FieldPath cannot be constructed with empty string")
    if dotted.endswith("."):
        raise CommandError(40353, "FieldPath must not end with a '.'.")
    return tuple(map(field_name, dotted.split(".")))
