"""Aliases and Protocols that let the layers talk about each other without importing each other.

A document class holds its session, and a session calls back into the class's manager; each side knows the
other by a Protocol from here.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from ming._flows.operations import Operation

__all__ = [
    "AsyncExecutor",
    "Executor",
    "Flow",
    "IndexLike",
    "ManagerLike",
    "RawDocument",
]

T = TypeVar("T")
D_co = TypeVar("D_co", covariant=True)

RawDocument: TypeAlias = dict[str, Any]
"""A plain dict as the driver decodes it."""

Flow: TypeAlias = Generator["Operation[Any]", Any, T]
"""A generator that yields operations, is sent their replies, and returns a ``T``."""


class IndexLike(Protocol):
    """A declared index: what is handed to the driver's ``create_index``."""

    @property
    def index_spec(self) -> Sequence[tuple[str, Any]]:
        """Pairs of key and direction."""
        ...

    @property
    def index_options(self) -> dict[str, Any]:
        """Keyword options."""
        ...


class ManagerLike(Protocol[D_co]):
    """What sessions and flows need of a document class's manager, ``Page.m``."""

    @property
    def cls(self) -> type[D_co]:
        """The document class."""
        ...

    @property
    def collection_name(self) -> str | None:
        """Name of the collection, or None for a class that has none."""
        ...

    @property
    def session(self) -> Any:
        """The session the class was declared with, or None."""
        ...

    @property
    def schema(self) -> Any:
        """The schema, or None for a class without fields."""
        ...

    @property
    def indexes(self) -> Sequence[IndexLike]:
        """The declared indexes in order."""
        ...

    @property
    def before_save(self) -> Callable[[Any], Any] | None:
        """The hook that runs before a document is stored."""
        ...

    @property
    def driver_options(self) -> Mapping[str, Any]:
        """Driver options declared for the class: read preference, hint, comment and their like."""
        ...

    @property
    def strict_read(self) -> bool:
        """Whether unknown stored keys are refused on reading."""
        ...

    def make(self, data: Any, allow_extra: bool = False, strip_extra: bool = True) -> D_co:
        """Validate data into a document."""
        ...

    def loader(self, allow_extra: bool = True, strip_extra: bool = True) -> Callable[[RawDocument], D_co]:
        """Return the function that makes documents of stored raw documents."""
        ...


class Executor(Protocol):
    """A synchronous session as operations see it."""

    def call(
        self,
        manager: ManagerLike[Any],
        verb: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        *,
        by_id: bool = False,
    ) -> Any:
        """Call a driver verb on the manager's collection.

        Args:
            manager: Names the collection and the driver options declared for it.
            verb: Name of the driver's collection method.
            args: Positional arguments, handed on as they are.
            kwargs: Keyword arguments; they win over declared options.
            by_id: The call means one known document, so a hint or collation declared for queries stays out.
        """
        ...


class AsyncExecutor(Executor, Protocol):
    """An asynchronous session as operations see it: what `call` returns is awaitable, or a cursor."""
