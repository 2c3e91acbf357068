"""The managers behind ``Page.m`` and ``page.m``: a document class's access to its collection.

Every operation is handed to the session, with the class or the document as first argument. What a manager
holds of its class is in `ming._base_manager`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar, cast, overload

from ming._base_manager import BaseManager
from ming._indexes import Index

if TYPE_CHECKING:
    from pymongo.results import DeleteResult, InsertOneResult, UpdateResult
    from typing_extensions import Unpack

    from ming._cursor import Cursor
    from ming._document import _Document
    from ming._flows.index_sync import IndexSync
    from ming._flows.validators import Action, Level, ValidatorSync
    from ming._index_diff import IndexDiff
    from ming.aio.cursor import AsyncCursor
    from ming.aio.session import AsyncSession
    from ming.evolve.adoption import AdoptionReport
    from ming.evolve.report import MigrationReport
    from ming.evolve.runs.options import MigrateOptions
    from ming.session import Session
    from ming.utils import ContextualProxy, ThreadLocalProxy

    _SyncSession: TypeAlias = Session | ThreadLocalProxy[Session] | ContextualProxy[Session]

__all__ = [
    "AsyncClassManager",
    "ClassManager",
    "InstanceManager",
    "Manager",
    "ManagerDescriptor",
]

D = TypeVar("D", bound="_Document")
M = TypeVar("M", bound="BaseManager[Any]")


def _through(session: Any, manager: BaseManager[Any], kind: type[M]) -> M:
    """A manager like another one, of the kind that fits the session."""
    made = kind.__new__(kind)
    vars(made).update(vars(manager), session=session)
    return made


class ClassManager(BaseManager[D]):
    """A document class's access to its collection: ``Page.m``.

    Every operation is the session's of the same name with the class as first argument.
    """

    @property
    def _session(self) -> Session:
        return cast("Session", self.required_session)

    @overload
    def with_session(self, session: AsyncSession) -> AsyncClassManager[D]: ...
    @overload
    def with_session(self, session: _SyncSession) -> ClassManager[D]: ...
    def with_session(self, session: Any) -> Any:
        """Return a manager that works through another session, sync or async.

        Documents it returns still save through the session of their class.
        """
        is_async = getattr(session, "is_async", False) is True
        return _through(session, self, AsyncClassManager if is_async else ClassManager)

    def with_options(self, **options: Any) -> ClassManager[D]:
        """Return a manager whose calls carry driver options; see `Session.with_options`."""
        return self.with_session(self._session.with_options(**options))

    def add_index(self, index: Index) -> None:
        """Declare one more index and create it."""
        self.indexes.append(index)
        self._session.create_index(self.cls, index.index_spec, **index.index_options)

    def get(self, /, **query: Any) -> D | None:
        """Return one document that matches, or None; see `Session.get`."""
        return self._session.get(self.cls, **query)

    @overload
    def find(self, *args: Any, validate: Literal[False], **kwargs: Any) -> Generator[D, None, None]: ...
    @overload
    def find(self, *args: Any, validate: Literal[True] = True, **kwargs: Any) -> Cursor[D]: ...
    def find(self, *args: Any, **kwargs: Any) -> Any:
        """Open a cursor over the documents that match; see `Session.find`."""
        return self._session.find(self.cls, *args, **kwargs)

    def find_by(self, /, **query: Any) -> Cursor[D]:
        """Open a cursor over the documents that match keywords; see `Session.find_by`."""
        return self._session.find_by(self.cls, **query)

    def count(self) -> int:
        """Count the whole collection; see `Session.count`."""
        return self._session.count(self.cls)

    def remove(self, *args: Any, **kwargs: Any) -> DeleteResult:
        """Delete every document that matches; see `Session.remove`."""
        return self._session.remove(self.cls, *args, **kwargs)

    def update_partial(self, *args: Any, **kwargs: Any) -> UpdateResult:
        """Send an update document as it is; see `Session.update_partial`."""
        return self._session.update_partial(self.cls, *args, **kwargs)

    def find_one_and_update(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Update one document and return it raw; see `Session.find_one_and_update`."""
        return self._session.find_one_and_update(self.cls, *args, **kwargs)

    def find_one_and_replace(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Replace one document and return it raw; see `Session.find_one_and_replace`."""
        return self._session.find_one_and_replace(self.cls, *args, **kwargs)

    def find_one_and_delete(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Delete one document and return it raw; see `Session.find_one_and_delete`."""
        return self._session.find_one_and_delete(self.cls, *args, **kwargs)

    def aggregate(self, *args: Any, **kwargs: Any) -> Any:
        """Run a pipeline and return the driver's cursor; see `Session.aggregate`."""
        return self._session.aggregate(self.cls, *args, **kwargs)

    def distinct(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Return the distinct values of a key; see `Session.distinct`."""
        return self._session.distinct(self.cls, *args, **kwargs)

    def create_index(self, *args: Any, **kwargs: Any) -> str:
        """Create an index; see `Session.create_index`."""
        return self._session.create_index(self.cls, *args, **kwargs)

    def ensure_index(self, *args: Any, **kwargs: Any) -> str:
        """Create an index; see `Session.ensure_index`."""
        return self._session.ensure_index(self.cls, *args, **kwargs)

    def ensure_indexes(self, *args: Any, **kwargs: Any) -> None:
        """Create the declared indexes; see `Session.ensure_indexes`."""
        self._session.ensure_indexes(self.cls, *args, **kwargs)

    def index_information(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the indexes there are; see `Session.index_information`."""
        return self._session.index_information(self.cls, *args, **kwargs)

    def drop_indexes(self, *args: Any, **kwargs: Any) -> None:
        """Drop the indexes; see `Session.drop_indexes`."""
        self._session.drop_indexes(self.cls, *args, **kwargs)

    def index_diff(self) -> IndexDiff:
        """Compare the declared indexes with those there are; see `Session.index_diff`."""
        return self._session.index_diff(self.cls)

    def sync_indexes(self, drop: bool = False) -> IndexSync:
        """Make the indexes those that are declared; see `Session.sync_indexes`."""
        return self._session.sync_indexes(self.cls, drop)

    def sync_validator(
        self, level: Level = "moderate", action: Action = "warn", replace: bool = False
    ) -> ValidatorSync:
        """Have the server check what is stored; see `Session.sync_validator`."""
        return self._session.sync_validator(self.cls, level, action, replace)

    def adopt(self, dry_run: bool = False, assume: type[Any] | None = None) -> AdoptionReport:
        """Stamp what is valid in exactly one version; see `Session.adopt`."""
        return self._session.adopt(self.cls, dry_run, assume)

    def migrate(self, **options: Unpack[MigrateOptions]) -> MigrationReport:
        """Store every document in its newest version; see `Session.migrate`."""
        return self._session.migrate(self.cls, **options)


class AsyncClassManager(BaseManager[D]):
    """`ClassManager` on an asynchronous session: the same operations, awaitable."""

    @property
    def _session(self) -> AsyncSession:
        return cast("AsyncSession", self.required_session)

    def with_session(self, session: AsyncSession) -> AsyncClassManager[D]:
        """Return a manager that works through another asynchronous session."""
        return _through(session, self, AsyncClassManager)

    def with_options(self, **options: Any) -> AsyncClassManager[D]:
        """Return a manager whose calls carry driver options; see `AsyncSession.with_options`."""
        return self.with_session(self._session.with_options(**options))

    async def add_index(self, index: Index) -> None:
        """Declare one more index and create it."""
        self.indexes.append(index)
        await self._session.create_index(self.cls, index.index_spec, **index.index_options)

    async def get(self, /, **query: Any) -> D | None:
        """Return one document that matches, or None; see `AsyncSession.get`."""
        return await self._session.get(self.cls, **query)

    @overload
    def find(self, *args: Any, validate: Literal[False], **kwargs: Any) -> AsyncGenerator[D, None]: ...
    @overload
    def find(self, *args: Any, validate: Literal[True] = True, **kwargs: Any) -> AsyncCursor[D]: ...
    def find(self, *args: Any, **kwargs: Any) -> Any:
        """Open a cursor over the documents that match; see `AsyncSession.find`."""
        return self._session.find(self.cls, *args, **kwargs)

    def find_by(self, /, **query: Any) -> AsyncCursor[D]:
        """Open a cursor over the documents that match keywords; see `AsyncSession.find_by`."""
        return self._session.find_by(self.cls, **query)

    async def count(self) -> int:
        """Count the whole collection; see `AsyncSession.count`."""
        return await self._session.count(self.cls)

    async def remove(self, *args: Any, **kwargs: Any) -> DeleteResult:
        """Delete every document that matches; see `AsyncSession.remove`."""
        return await self._session.remove(self.cls, *args, **kwargs)

    async def update_partial(self, *args: Any, **kwargs: Any) -> UpdateResult:
        """Send an update document as it is; see `AsyncSession.update_partial`."""
        return await self._session.update_partial(self.cls, *args, **kwargs)

    async def find_one_and_update(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Update one document and return it raw; see `AsyncSession.find_one_and_update`."""
        return await self._session.find_one_and_update(self.cls, *args, **kwargs)

    async def find_one_and_replace(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Replace one document and return it raw; see `AsyncSession.find_one_and_replace`."""
        return await self._session.find_one_and_replace(self.cls, *args, **kwargs)

    async def find_one_and_delete(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Delete one document and return it raw; see `AsyncSession.find_one_and_delete`."""
        return await self._session.find_one_and_delete(self.cls, *args, **kwargs)

    async def aggregate(self, *args: Any, **kwargs: Any) -> Any:
        """Run a pipeline and return the driver's cursor; see `AsyncSession.aggregate`."""
        return await self._session.aggregate(self.cls, *args, **kwargs)

    async def distinct(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Return the distinct values of a key; see `AsyncSession.distinct`."""
        return await self._session.distinct(self.cls, *args, **kwargs)

    async def create_index(self, *args: Any, **kwargs: Any) -> str:
        """Create an index; see `AsyncSession.create_index`."""
        return await self._session.create_index(self.cls, *args, **kwargs)

    async def ensure_index(self, *args: Any, **kwargs: Any) -> str:
        """Create an index; see `AsyncSession.ensure_index`."""
        return await self._session.ensure_index(self.cls, *args, **kwargs)

    async def ensure_indexes(self, *args: Any, **kwargs: Any) -> None:
        """Create the declared indexes; see `AsyncSession.ensure_indexes`."""
        await self._session.ensure_indexes(self.cls, *args, **kwargs)

    async def index_information(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the indexes there are; see `AsyncSession.index_information`."""
        return await self._session.index_information(self.cls, *args, **kwargs)

    async def drop_indexes(self, *args: Any, **kwargs: Any) -> None:
        """Drop the indexes; see `AsyncSession.drop_indexes`."""
        await self._session.drop_indexes(self.cls, *args, **kwargs)

    async def index_diff(self) -> IndexDiff:
        """Compare the declared indexes with those there are; see `AsyncSession.index_diff`."""
        return await self._session.index_diff(self.cls)

    async def sync_indexes(self, drop: bool = False) -> IndexSync:
        """Make the indexes those that are declared; see `AsyncSession.sync_indexes`."""
        return await self._session.sync_indexes(self.cls, drop)

    async def sync_validator(
        self, level: Level = "moderate", action: Action = "warn", replace: bool = False
    ) -> ValidatorSync:
        """Have the server check what is stored; see `AsyncSession.sync_validator`."""
        return await self._session.sync_validator(self.cls, level, action, replace)

    async def adopt(self, dry_run: bool = False, assume: type[Any] | None = None) -> AdoptionReport:
        """Stamp what is valid in exactly one version; see `AsyncSession.adopt`."""
        return await self._session.adopt(self.cls, dry_run, assume)

    async def migrate(self, **options: Unpack[MigrateOptions]) -> MigrationReport:
        """Store every document in its newest version; see `AsyncSession.migrate`."""
        return await self._session.migrate(self.cls, **options)


class InstanceManager(Generic[D]):
    """A document's access to its collection: ``page.m``."""

    def __init__(self, classmanager: ClassManager[D], inst: D) -> None:
        self.classmanager = classmanager
        self.inst = inst
        self.session = classmanager.session
        self.schema = classmanager.schema
        self.collection_name = classmanager.collection_name
        self.before_save = classmanager.before_save

    @property
    def _session(self) -> Session:
        return cast("Session", self.classmanager.required_session)

    def save(self, *args: Any, **kwargs: Any) -> UpdateResult | InsertOneResult:
        """Store the document, or the named fields of it; see `Session.save`."""
        return self._session.save(self.inst, *args, **kwargs)

    def insert(self, *args: Any, **kwargs: Any) -> InsertOneResult:
        """Insert the document; see `Session.insert`."""
        return self._session.insert(self.inst, *args, **kwargs)

    def upsert(self, *args: Any, **kwargs: Any) -> UpdateResult:
        """Update the document with equal fields, or insert this one; see `Session.upsert`."""
        return self._session.upsert(self.inst, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> DeleteResult:
        """Delete the document; see `Session.delete`."""
        return self._session.delete(self.inst, *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> UpdateResult:
        """Set some fields, stored and in memory; see `Session.set`."""
        return self._session.set(self.inst, *args, **kwargs)

    def increase_field(self, /, **fields: Any) -> None:
        """Raise stored fields to values; see `Session.increase_field`."""
        self._session.increase_field(self.inst, **fields)


class ManagerDescriptor:
    """The attribute ``m`` of document classes and documents.

    Each access first has the session create the class's indexes, once, if its engine is set to.
    """

    @overload
    def __get__(self, instance: None, owner: type[D]) -> ClassManager[D]: ...
    @overload
    def __get__(self, instance: D, owner: type[D]) -> InstanceManager[D]: ...
    def __get__(self, instance: Any, owner: Any) -> Any:
        manager: ClassManager[Any] = owner._manager
        if manager.session is not None:
            manager.session.auto_ensure(manager)
        return manager if instance is None else InstanceManager(manager, instance)


class Manager(ClassManager[D], InstanceManager[D], ManagerDescriptor):
    """Type of ``m`` on the class and on documents alike, for ``m: 'Manager[Page]'`` in class bodies."""
