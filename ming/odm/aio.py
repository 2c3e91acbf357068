"""`AsyncODMSession`: the awaitable twin of `ming.odm.odmsession.ODMSession`.

One session serves all tasks of an application: what it tracks belongs to the running context. A block
``async with session:`` starts with nothing tracked and ends so; a task that does not enter one goes on with
what its creator tracks, and flushes of such tasks take turns.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, nullcontext
from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from weakref import WeakSet

from ming._drive import arun
from ming._types import Flow
from ming.aio.session import AsyncSession
from ming.odm.aio_cursor import AsyncODMCursor
from ming.odm.base import ObjectState, state
from ming.odm.flush import flush
from ming.odm.guarded import update_if_not_modified
from ming.odm.identity_map import IdentityMap
from ming.odm.pages import History
from ming.odm.prefetch import load, paths
from ming.odm.registry import mapper_of
from ming.odm.tracking import TrackingSession
from ming.odm.turns import Turns
from ming.odm.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from pymongo.results import DeleteResult, UpdateResult
    from typing_extensions import Self, Unpack

    from ming.evolve.report import MigrationReport
    from ming.evolve.runs.options import MigrateOptions
    from ming.odm.relations import RelationProperty

__all__ = ["AsyncODMSession"]

T = TypeVar("T")


class _Work:
    """What a session tracks in one context."""

    def __init__(self, session: AsyncODMSession) -> None:
        self.uow = UnitOfWork(session)
        self.imap = IdentityMap()
        self.turns = Turns()
        session._alive.add(self)


class AsyncODMSession(TrackingSession):
    """Mapped objects, asynchronously; arguments as `ODMSession`, but for ``raise_on_lazy``: it always does."""

    is_async: ClassVar[bool] = True
    _document_session = AsyncSession

    def __init__(
        self,
        doc_session: AsyncSession | None = None,
        bind: Any = None,
        extensions: Iterable[Callable[[Any], Any]] | None = None,
        autoflush: bool = False,
    ) -> None:
        self._alive: WeakSet[_Work] = WeakSet()
        self._works: ContextVar[_Work] = ContextVar("ming_odm_session")
        self._entered: ContextVar[tuple[Token[_Work], ...]] = ContextVar("ming_odm_entered", default=())
        super().__init__(doc_session or AsyncSession(bind), extensions, autoflush, raise_on_lazy=True)

    # -- what the running context tracks

    @property
    def _work(self) -> _Work:
        found = self._works.get(None)
        if found is None:
            found = _Work(self)
            self._works.set(found)
        return found

    @property
    def uow(self) -> UnitOfWork:  # type: ignore[override]
        """The unit of work of the running context."""
        return self._work.uow

    @property
    def imap(self) -> IdentityMap:  # type: ignore[override]
        """The identity map of the running context."""
        return self._work.imap

    def tracks(self, own: ObjectState) -> bool:
        """Whether the object of a state is tracked, in whichever context that may be."""
        return any(work.uow.tracks(own) for work in list(self._alive))

    def release(self, obj: Any) -> None:
        """Track an object no longer, in whichever context that may be."""
        for work in list(self._alive):
            work.uow.expunge(obj)
            work.imap.expunge(obj)

    async def __aenter__(self) -> Self:
        self._entered.set((*self._entered.get(), self._works.set(_Work(self))))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.clear()
        *others, last = self._entered.get()
        self._entered.set(tuple(others))
        self._works.reset(last)

    async def perform(self, flow: Flow[T]) -> T:
        """Run a flow through this session."""
        return await arun(flow, self)

    # -- storing

    async def flush(self, obj: Any = None) -> None:
        """Store everything that changed, or one object; see `ODMSession.flush`."""
        if obj is not None:
            self._forbid_if_elsewhere(state(obj))
        async with self._work.turns.taken():
            await self.perform(flush(self, obj))

    async def insert_now(self, obj: Any, st: ObjectState, **kwargs: Any) -> None:
        """Insert an object's document at once."""
        self.enlist()
        await state(obj).mapper.insert(obj, st, self, **kwargs)  # type: ignore[misc]

    async def update_now(self, obj: Any, st: ObjectState, **kwargs: Any) -> None:
        """Store an object's changes at once."""
        self.enlist()
        await state(obj).mapper.update(obj, st, self, **kwargs)  # type: ignore[misc]

    async def delete_now(self, obj: Any, st: ObjectState, **kwargs: Any) -> None:
        """Delete an object's document at once."""
        self.enlist()
        await state(obj).mapper.delete(obj, st, self, **kwargs)  # type: ignore[misc]

    async def close(self) -> None:
        """Track nothing any longer; the same as `clear`."""
        self.clear()

    @asynccontextmanager
    async def begin(self, transaction: bool = False, **options: Any) -> AsyncIterator[Self]:
        """Flush at the end of a block; track nothing any longer if it fails; see `ODMSession.begin`."""
        self._forbid_options(transaction, options)
        try:
            async with self.transaction(**options) if transaction else nullcontext():
                yield self
                await self.flush()
        except BaseException:
            if not transaction:
                self.clear()
            raise

    @asynccontextmanager
    async def transaction(self, **options: Any) -> AsyncIterator[Any]:
        """Run a block in a transaction; if it is aborted, the objects are what they were before it."""
        async with self.impl.transaction(**options) as client_session:
            self.enlist()
            yield client_session

    async def run_transaction(self, function: Callable[[], Awaitable[T]], **options: Any) -> T:
        """Run a coroutine function in a transaction; see `ODMSession.run_transaction`."""

        async def attempt() -> T:
            self.enlist()
            return await function()

        found: T = await self.impl.run_transaction(attempt, **options)
        return found

    # -- finding

    async def get(self, cls: type[T], _id: Any) -> T | None:
        """Return the object of an ``_id``: the one this session has, or else what is stored."""
        found: T | None = self.imap.get(cls, _id)
        return found if found is not None else await self.find(cls, {"_id": _id}).first()

    def find(self, cls: type[T], *args: Any, **kwargs: Any) -> AsyncODMCursor[T]:
        """Open a cursor over the objects that match; see `ODMSession.find`.

        With ``autoflush``, the cursor flushes when it is first asked.
        """
        driver, options = self._find_arguments(cls, args, kwargs)
        ming_cursor = self.impl.find(mapper_of(cls).collection, *args, **driver)
        cursor = AsyncODMCursor[T](self, cls, ming_cursor, **options)
        cursor.is_to_flush = self.autoflush
        cursor._history = History(args, kwargs)
        cursor.announce("find", cls, *args, **driver)
        return cursor

    async def refresh(self, obj: T) -> T | None:
        """Take over what is stored; see `ODMSession.refresh`."""
        own = state(obj)
        if own.status == ObjectState.new:
            return None
        found = await self.find(type(obj), {"_id": own.document_id}, refresh=True).first()
        if found is None:
            self.expunge(obj)
        return found

    async def find_one_and_update(self, cls: type[T], *args: Any, **kwargs: Any) -> T | None:
        """Update one stored document and return its object; see `ODMSession.find_one_and_update`."""
        return await self._found_and("find_one_and_update", cls, args, kwargs)

    async def find_one_and_replace(self, cls: type[T], *args: Any, **kwargs: Any) -> T | None:
        """Replace one stored document and return its object; see `ODMSession.find_one_and_replace`."""
        return await self._found_and("find_one_and_replace", cls, args, kwargs)

    async def find_one_and_delete(self, cls: type[T], *args: Any, **kwargs: Any) -> T | None:
        """Delete one stored document and return its object, which this session tracks no longer."""
        return await self._found_and("find_one_and_delete", cls, args, kwargs)

    async def _found_and(
        self, verb: str, cls: type[T], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> T | None:
        if self.autoflush:
            await self.flush()
        decorate = kwargs.pop("decorate", None)
        raw = await getattr(self.impl, verb)(mapper_of(cls).collection, *args, **kwargs)
        if raw is None:
            return None
        obj: T = await self._returned(AsyncODMCursor[T], cls, raw, kwargs).next()
        if verb == "find_one_and_delete":
            self.expunge(obj)
        return obj if decorate is None else decorate(obj)

    async def find_with_values(
        self, cls: type[Any], query: Mapping[str, Any], name: str
    ) -> list[tuple[Any, Any]]:
        """Find objects, each with the stored value of a field."""
        values: list[Any] = []
        cursor = self.find(cls, query)
        cursor.note(name, values)
        return list(zip(await cursor.all(), values, strict=True))

    # -- relations

    async def load(self, objects: Any, *names: str) -> None:
        """Load relations of an object, or of several; see `ODMSession.load`."""
        await self.perform(paths(self, objects, names))

    def load_relation(self, own: ObjectState, prop: RelationProperty) -> None:
        """Load a relation when it is read, if memory answers for the server: to ask would have to be awaited.

        Raises:
            RelationNotLoaded: It does not.
        """
        if not self.is_done(load(self, prop, [own])):
            raise self._not_loaded(own, prop, f"await session.load(obj, {prop.name!r})")

    def assign_relation(self, own: ObjectState, prop: RelationProperty, value: Any) -> None:
        """Relate an object to others; nothing is stored until the flush.

        Raises:
            RelationNotLoaded: What it is related to now has to be known, and is not.
        """
        if not self.is_done(prop.assign(self, own, value)):
            raise self._not_loaded(own, prop, f"await session.load(obj, {prop.name!r})")

    # -- by query, past the objects

    async def update(self, cls: type[Any], spec: Any, fields: Any, **kwargs: Any) -> UpdateResult:
        """Send an update as it is; see `ODMSession.update`."""
        result: UpdateResult = await mapper_of(cls).update_partial(self, spec, fields, **kwargs)  # type: ignore[misc]
        return result

    async def remove(self, cls: type[Any], *args: Any, **kwargs: Any) -> DeleteResult:
        """Delete every stored document that matches; see `ODMSession.remove`."""
        result: DeleteResult = await mapper_of(cls).remove(self, *args, **kwargs)  # type: ignore[misc]
        return result

    async def update_if_not_modified(self, obj: Any, fields: Any, upsert: bool = False) -> bool:
        """Update an object's stored document if it is what was loaded; see `ODMSession.update_if_not_modified`."""
        return await self.perform(update_if_not_modified(self, obj, fields, upsert))

    async def distinct(self, cls: type[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Return the distinct values of a key; arguments are the driver's."""
        found: list[Any] = await self.impl.distinct(mapper_of(cls).collection, *args, **kwargs)
        return found

    async def aggregate(self, cls: type[Any], *args: Any, **kwargs: Any) -> Any:
        """Run a pipeline; arguments and result are the driver's."""
        return await self.impl.aggregate(mapper_of(cls).collection, *args, **kwargs)

    async def count(self, cls: type[Any], filter: Mapping[str, Any] | None = None) -> int:
        """Count the documents that match."""
        return await self.find(cls, {} if filter is None else filter).count()

    async def migrate(self, cls: type[Any], **options: Unpack[MigrateOptions]) -> MigrationReport:
        """Store every document of a mapped class in its newest version; see `AsyncSession.migrate`.

        Objects of this session keep what they were loaded with, and can be flushed afterwards.

        Args:
            cls: The mapped class.
            options: See `ming.evolve.runs.RunOptions`.
        """
        report: MigrationReport = await self.impl.migrate(mapper_of(cls).collection, **options)
        return report

    # -- indexes

    async def ensure_index(self, cls: type[Any], fields: Any, **kwargs: Any) -> Any:
        """Create an index of a mapped class or a document class."""
        return await self.impl.ensure_index(self._document_class(cls), fields, **kwargs)

    async def ensure_indexes(self, cls: type[Any]) -> None:
        """Create the declared indexes of a mapped class or a document class."""
        await self.impl.ensure_indexes(self._document_class(cls))

    async def drop_indexes(self, cls: type[Any]) -> None:
        """Drop the indexes of a mapped class or a document class."""
        await self.impl.drop_indexes(self._document_class(cls))


AsyncODMSession._ORIGINALS = (
    AsyncODMSession.insert_now,
    AsyncODMSession.update_now,
    AsyncODMSession.delete_now,
)
