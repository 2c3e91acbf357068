"""The managers behind ``Page.m`` and ``page.m``: a document class's access to its collection.

A manager holds what the class declares, and hands each operation to its session; sessions call back for
loading and validating. What reading and validating mean is decided below, in `ming._compile.loader`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from ming import schema as S
from ming._compile.loader import ClassLoader, Load
from ming._declaration import Declaration
from ming._fields import Field
from ming._indexes import Index
from ming._values import KEEP_ASIDE
from ming.evolve.chain import Chain, Version
from ming.exc import MingConfigError
from ming.schema.stamps import stamped

if TYPE_CHECKING:
    from pymongo.results import DeleteResult, InsertOneResult, UpdateResult

    from ming._cursor import Cursor
    from ming._document import _Document
    from ming.aio.cursor import AsyncCursor
    from ming.aio.session import AsyncSession
    from ming.evolve.report import MigrationReport
    from ming.session import Session

__all__ = ["AsyncClassManager", "ClassManager", "InstanceManager", "Manager", "ManagerDescriptor"]

D = TypeVar("D", bound="_Document")


class BaseManager(Generic[D]):
    """What a document class declares, and its documents' way in and out.

    Args:
        cls: The document class.
        fields: Its own and inherited fields.
        indexes: Its own and inherited indexes.
        bases: The managers of its base classes.
        declaration: Everything else it declares.
    """

    def __init__(
        self,
        cls: type[D],
        fields: Iterable[Field[Any]],
        indexes: Iterable[Index],
        bases: tuple[BaseManager[Any], ...],
        declaration: Declaration,
    ) -> None:
        self.cls = cls
        self.bases = bases
        self.indexes = list(indexes)
        self.field_index = {cast(str, field.name): field for field in fields}
        self.declaration = declaration
        self.collection_name = declaration.name
        self.session = declaration.session
        self.polymorphic_on = declaration.polymorphic_on
        self.polymorphic_identity = declaration.polymorphic_identity
        self.polymorphic_registry = declaration.polymorphic_registry
        self.before_save = declaration.before_save
        self._in_chain = declaration.version_of is not None
        self._register()

    def _register(self) -> None:
        if self.polymorphic_on and self.declaration.registers and self.polymorphic_registry is not None:
            self.polymorphic_registry[self.polymorphic_identity] = self.cls
        older = self.older
        if older is not None:
            older._join_chain()

    def _join_chain(self) -> None:
        """Learn that a newer version exists: from now on constants are filled in."""
        if not self._in_chain:
            self._in_chain = True
            self.forget_schema()

    def forget_schema(self) -> None:
        """Have the schema and everything made of it built anew at the next use."""
        for name in ("own_schema", "schema", "chain", "_class_loader"):
            self.__dict__.pop(name, None)

    # -- what is declared

    @property
    def fields(self) -> Iterable[Field[Any]]:
        """The class's fields."""
        return self.field_index.values()

    @property
    def older(self) -> BaseManager[Any] | None:
        """The manager of the version before this one."""
        version_of = self.declaration.version_of
        return None if version_of is None else manager_of(version_of)

    @property
    def driver_options(self) -> Mapping[str, Any]:
        """Driver options declared for the class: read preference, hint, comment and their like."""
        return self.declaration.driver_options

    @property
    def strict_read(self) -> bool:
        """Whether unknown stored keys are refused on reading."""
        return self.declaration.unknown == "forbid"

    @property
    def collection(self) -> Any:
        """The driver's collection."""
        return self.session.db[self.collection_name]

    # -- schemas and loading

    @cached_property
    def own_schema(self) -> S.Document:
        """The schema of this version alone."""
        items = {name: field.schema for name, field in self.field_index.items()}
        if self._in_chain:
            items = {name: stamped(item) for name, item in items.items()}
        schema = S.Document(items)
        schema.managed_class = self.cls
        schema.polymorphic_on = self.polymorphic_on
        schema.polymorphic_registry = self.polymorphic_registry if self.polymorphic_on else None
        return schema

    @cached_property
    def schema(self) -> Any:
        """The schema with the older versions; None for a class without fields."""
        if not self.field_index:
            return None
        if self.older is None:
            return self.own_schema
        return S.Migrate(self.older.schema or self.older.own_schema, self.own_schema, self._migrate)

    def _migrate(self, old: Any) -> Any:
        migrate = self.declaration.migrate
        if migrate is None:
            raise TypeError(f"{self.cls.__name__} declares version_of without migrate")
        return migrate(old)

    @cached_property
    def chain(self) -> Chain:
        """This version and the older ones, oldest first."""
        versions = [Version(self.cls, self.own_schema, self.declaration.migrate)]
        manager = self.older
        while manager is not None:
            if manager.cls in [version.cls for version in versions]:
                raise MingConfigError(f"the versions of {self.cls.__name__} form a circle")
            versions.append(Version(manager.cls, manager.own_schema, manager.declaration.migrate))
            manager = manager.older
        declared = self.declaration.unstamped
        unstamped = next((version for version in versions if version.cls is declared), None)
        if declared is not None and unstamped is None:
            raise MingConfigError(f"unstamped: {declared!r} is no version of {self.cls.__name__}")
        return Chain(tuple(reversed(versions)), self.collection_name, unstamped, self.declaration.on_hybrid)

    @cached_property
    def _class_loader(self) -> ClassLoader:
        return ClassLoader(
            self.own_schema, self.chain, self.declaration.unknown, snapshots=self.declaration.save == "changes"
        )

    def loader(self, allow_extra: bool = True, strip_extra: bool = True) -> Load:
        """Return the function that makes documents of stored raw documents, which it may consume.

        Args:
            allow_extra: Whether stored keys that no field declares are accepted.
            strip_extra: Whether accepted ones go out of sight; they stay stored all the same.
        """
        if self.schema is None:
            return self.cls._wrap
        return self._class_loader.loader(allow_extra, strip_extra)

    def make(self, data: Any, allow_extra: bool = False, strip_extra: bool = True) -> D:
        """Make a valid document, with its defaults, of Python data.

        Args:
            data: The data; an older version's is upgraded.
            allow_extra: Whether keys that no field declares are accepted.
            strip_extra: Whether accepted ones are dropped.

        Raises:
            Invalid: The data are not valid.
        """
        if self.schema is None:
            return cast(D, self.cls._wrap(data))
        if strip_extra is KEEP_ASIDE:
            return cast(D, self.loader(allow_extra, strip_extra)(data))
        made = None if allow_extra else self._class_loader.make(data)
        if made is None:
            made = self.schema.validate(data, allow_extra=allow_extra, strip_extra=strip_extra)
        return cast(D, made)

    def validated(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return a document's valid form for storing, with defaults; keys without a field are refused.

        Raises:
            Invalid: The document is not valid; the error names collection and ``_id``.
        """
        if self.schema is None:
            return dict(document)
        data = self._class_loader.data(document)
        if data is not None:
            return data
        try:
            return dict(self.schema.validate(document))
        except S.Invalid as error:
            raise error.within(self.collection_name, document.get("_id"))


class ClassManager(BaseManager[D]):
    """A document class's access to its collection: ``Page.m``.

    Every operation is the session's of the same name with the class as first argument.
    """

    session: Any

    @overload
    def with_session(self, session: AsyncSession) -> AsyncClassManager[D]: ...
    @overload
    def with_session(self, session: Any) -> ClassManager[D]: ...
    def with_session(self, session: Any) -> Any:
        """Return a manager that works through another session, sync or async."""
        kind = AsyncClassManager if getattr(session, "is_async", False) is True else ClassManager
        other = copy.copy(self)
        other.__class__ = cast(Any, kind)
        other.session = session
        return other

    def with_options(self, **options: Any) -> ClassManager[D]:
        """Return a manager whose calls carry driver options; see `Session.with_options`."""
        return self.with_session(self.session.with_options(**options))

    def add_index(self, index: Index) -> None:
        """Declare one more index and create it."""
        self.indexes.append(index)
        self.session.create_index(self.cls, index.index_spec, **index.index_options)

    def get(self, **query: Any) -> D | None:
        """Return one document that matches, or None; see `Session.get`."""
        return cast("D | None", self.session.get(self.cls, **query))

    def find(self, *args: Any, **kwargs: Any) -> Cursor[D]:
        """Open a cursor over the documents that match; see `Session.find`."""
        return cast("Cursor[D]", self.session.find(self.cls, *args, **kwargs))

    def find_by(self, **query: Any) -> Cursor[D]:
        """Open a cursor over the documents that match keywords; see `Session.find_by`."""
        return cast("Cursor[D]", self.session.find_by(self.cls, **query))

    def count(self) -> int:
        """Count the whole collection; see `Session.count`."""
        return cast(int, self.session.count(self.cls))

    def remove(self, *args: Any, **kwargs: Any) -> DeleteResult:
        """Delete every document that matches; see `Session.remove`."""
        return cast("DeleteResult", self.session.remove(self.cls, *args, **kwargs))

    def update_partial(self, *args: Any, **kwargs: Any) -> UpdateResult:
        """Send an update document as it is; see `Session.update_partial`."""
        return cast("UpdateResult", self.session.update_partial(self.cls, *args, **kwargs))

    def find_one_and_update(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Update one document and return it raw; see `Session.find_one_and_update`."""
        return cast("dict[str, Any] | None", self.session.find_one_and_update(self.cls, *args, **kwargs))

    def find_one_and_replace(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Replace one document and return it raw; see `Session.find_one_and_replace`."""
        return cast("dict[str, Any] | None", self.session.find_one_and_replace(self.cls, *args, **kwargs))

    def find_one_and_delete(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Delete one document and return it raw; see `Session.find_one_and_delete`."""
        return cast("dict[str, Any] | None", self.session.find_one_and_delete(self.cls, *args, **kwargs))

    def aggregate(self, *args: Any, **kwargs: Any) -> Any:
        """Run a pipeline and return the driver's cursor; see `Session.aggregate`."""
        return self.session.aggregate(self.cls, *args, **kwargs)

    def distinct(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Return the distinct values of a key; see `Session.distinct`."""
        return cast("list[Any]", self.session.distinct(self.cls, *args, **kwargs))

    def create_index(self, *args: Any, **kwargs: Any) -> str:
        """Create an index; see `Session.create_index`."""
        return cast(str, self.session.create_index(self.cls, *args, **kwargs))

    def ensure_index(self, *args: Any, **kwargs: Any) -> str:
        """Create an index; see `Session.ensure_index`."""
        return cast(str, self.session.ensure_index(self.cls, *args, **kwargs))

    def ensure_indexes(self, *args: Any, **kwargs: Any) -> None:
        """Create the declared indexes; see `Session.ensure_indexes`."""
        self.session.ensure_indexes(self.cls, *args, **kwargs)

    def index_information(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the indexes there are; see `Session.index_information`."""
        return cast("dict[str, Any]", self.session.index_information(self.cls, *args, **kwargs))

    def drop_indexes(self, *args: Any, **kwargs: Any) -> None:
        """Drop the indexes; see `Session.drop_indexes`."""
        self.session.drop_indexes(self.cls, *args, **kwargs)

    def migrate(self) -> MigrationReport:
        """Store every document in its newest version; see `Session.migrate`."""
        return cast("MigrationReport", self.session.migrate(self.cls))


class AsyncClassManager(BaseManager[D]):
    """`ClassManager` on an asynchronous session: the same operations, awaitable."""

    session: Any

    def with_session(self, session: Any) -> AsyncClassManager[D]:
        """Return a manager that works through another asynchronous session."""
        other = copy.copy(self)
        other.session = session
        return other

    def with_options(self, **options: Any) -> AsyncClassManager[D]:
        """Return a manager whose calls carry driver options; see `AsyncSession.with_options`."""
        return self.with_session(self.session.with_options(**options))

    async def add_index(self, index: Index) -> None:
        """Declare one more index and create it."""
        self.indexes.append(index)
        await self.session.create_index(self.cls, index.index_spec, **index.index_options)

    async def get(self, **query: Any) -> D | None:
        """Return one document that matches, or None; see `AsyncSession.get`."""
        return cast("D | None", await self.session.get(self.cls, **query))

    def find(self, *args: Any, **kwargs: Any) -> AsyncCursor[D]:
        """Open a cursor over the documents that match; see `AsyncSession.find`."""
        return cast("AsyncCursor[D]", self.session.find(self.cls, *args, **kwargs))

    def find_by(self, **query: Any) -> AsyncCursor[D]:
        """Open a cursor over the documents that match keywords; see `AsyncSession.find_by`."""
        return cast("AsyncCursor[D]", self.session.find_by(self.cls, **query))

    async def count(self) -> int:
        """Count the whole collection; see `AsyncSession.count`."""
        return cast(int, await self.session.count(self.cls))

    async def remove(self, *args: Any, **kwargs: Any) -> DeleteResult:
        """Delete every document that matches; see `AsyncSession.remove`."""
        return cast("DeleteResult", await self.session.remove(self.cls, *args, **kwargs))

    async def update_partial(self, *args: Any, **kwargs: Any) -> UpdateResult:
        """Send an update document as it is; see `AsyncSession.update_partial`."""
        return cast("UpdateResult", await self.session.update_partial(self.cls, *args, **kwargs))

    async def find_one_and_update(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Update one document and return it raw; see `AsyncSession.find_one_and_update`."""
        return cast("dict[str, Any] | None", await self.session.find_one_and_update(self.cls, *args, **kwargs))

    async def find_one_and_replace(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Replace one document and return it raw; see `AsyncSession.find_one_and_replace`."""
        return cast("dict[str, Any] | None", await self.session.find_one_and_replace(self.cls, *args, **kwargs))

    async def find_one_and_delete(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Delete one document and return it raw; see `AsyncSession.find_one_and_delete`."""
        return cast("dict[str, Any] | None", await self.session.find_one_and_delete(self.cls, *args, **kwargs))

    async def aggregate(self, *args: Any, **kwargs: Any) -> Any:
        """Run a pipeline and return the driver's cursor; see `AsyncSession.aggregate`."""
        return await self.session.aggregate(self.cls, *args, **kwargs)

    async def distinct(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Return the distinct values of a key; see `AsyncSession.distinct`."""
        return cast("list[Any]", await self.session.distinct(self.cls, *args, **kwargs))

    async def create_index(self, *args: Any, **kwargs: Any) -> str:
        """Create an index; see `AsyncSession.create_index`."""
        return cast(str, await self.session.create_index(self.cls, *args, **kwargs))

    async def ensure_index(self, *args: Any, **kwargs: Any) -> str:
        """Create an index; see `AsyncSession.ensure_index`."""
        return cast(str, await self.session.ensure_index(self.cls, *args, **kwargs))

    async def ensure_indexes(self, *args: Any, **kwargs: Any) -> None:
        """Create the declared indexes; see `AsyncSession.ensure_indexes`."""
        await self.session.ensure_indexes(self.cls, *args, **kwargs)

    async def index_information(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the indexes there are; see `AsyncSession.index_information`."""
        return cast("dict[str, Any]", await self.session.index_information(self.cls, *args, **kwargs))

    async def drop_indexes(self, *args: Any, **kwargs: Any) -> None:
        """Drop the indexes; see `AsyncSession.drop_indexes`."""
        await self.session.drop_indexes(self.cls, *args, **kwargs)

    async def migrate(self) -> MigrationReport:
        """Store every document in its newest version; see `AsyncSession.migrate`."""
        return cast("MigrationReport", await self.session.migrate(self.cls))


class InstanceManager(Generic[D]):
    """A document's access to its collection: ``page.m``."""

    def __init__(self, classmanager: ClassManager[D], inst: D) -> None:
        self.classmanager = classmanager
        self.inst = inst
        self.session: Session = classmanager.session
        self.schema = classmanager.schema
        self.collection_name = classmanager.collection_name
        self.before_save = classmanager.before_save

    def save(self, *args: Any, **kwargs: Any) -> UpdateResult | InsertOneResult:
        """Store the document, or the named fields of it; see `Session.save`."""
        return self.session.save(self.inst, *args, **kwargs)

    def insert(self, *args: Any, **kwargs: Any) -> InsertOneResult:
        """Insert the document; see `Session.insert`."""
        return self.session.insert(self.inst, *args, **kwargs)

    def upsert(self, *args: Any, **kwargs: Any) -> UpdateResult:
        """Update the document with equal fields, or insert this one; see `Session.upsert`."""
        return self.session.upsert(self.inst, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> DeleteResult:
        """Delete the document; see `Session.delete`."""
        return self.session.delete(self.inst, *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> UpdateResult:
        """Set some fields, stored and in memory; see `Session.set`."""
        return self.session.set(self.inst, *args, **kwargs)

    def increase_field(self, **fields: Any) -> None:
        """Raise stored fields to values; see `Session.increase_field`."""
        self.session.increase_field(self.inst, **fields)


class ManagerDescriptor:
    """The attribute ``m`` of document classes and documents.

    Each access first has the session create the class's indexes, once, if its engine is set to.
    """

    manager: ClassManager[Any]

    @overload
    def __get__(self, instance: None, owner: type[D]) -> ClassManager[D]: ...
    @overload
    def __get__(self, instance: D, owner: type[D] | None = None) -> InstanceManager[D]: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        manager = self.manager
        if manager.session is not None:
            manager.session.auto_ensure(manager)
        return manager if instance is None else InstanceManager(manager, instance)


class Manager(ClassManager[D], InstanceManager[D], ManagerDescriptor):  # type: ignore[misc]
    """Type of ``m`` on the class and on documents alike, for ``m: 'Manager[Page]'`` in class bodies."""


def manager_of(cls: Any) -> BaseManager[Any]:
    """The class manager of a document class, without any index being created."""
    for base in cls.__mro__:
        descriptor = base.__dict__.get("m")
        if isinstance(descriptor, ManagerDescriptor):
            return descriptor.manager
    raise TypeError(f"{cls!r} is not a document class")
