"""`ODMSession`: mapped objects on a datastore, synchronously.

It tracks objects in an identity map and a unit of work, names flows of `ming.odm.flows` and runs them. Its
asynchronous twin is in `ming.odm.aio`, the proxies that give every thread or context its own in
`ming.odm.proxies`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from ming._drive import run
from ming._types import Flow
from ming.odm.base import ObjectState, state
from ming.odm.cursor import ODMCursor
from ming.odm.flush import flush
from ming.odm.guarded import update_if_not_modified
from ming.odm.identity_map import IdentityMap
from ming.odm.pages import History
from ming.odm.prefetch import load, paths, siblings
from ming.odm.registry import mapper_of
from ming.odm.tracking import TrackingSession
from ming.odm.unit_of_work import UnitOfWork
from ming.session import Session

if TYPE_CHECKING:
    from pymongo.results import DeleteResult, UpdateResult
    from typing_extensions import Self, Unpack

    from ming.evolve.report import MigrationReport
    from ming.evolve.runs.options import MigrateOptions
    from ming.odm.relations import RelationProperty

__all__ = ["ODMSession"]

T = TypeVar("T")


class ODMSession(TrackingSession):
    """Mapped objects: what was loaded, what changed, and the way to store it.

    Args:
        doc_session: The session for documents; by default a new one on ``bind``.
        bind: The datastore; may be set later.
        extensions: `SessionExtension` classes.
        autoflush: Whether to flush before every query.
        raise_on_lazy: Whether reading a relation that is not loaded is refused.
    """

    _document_session = Session

    def __init__(
        self,
        doc_session: Session | None = None,
        bind: Any = None,
        extensions: Iterable[Callable[[Any], Any]] | None = None,
        autoflush: bool = False,
        raise_on_lazy: bool = False,
    ) -> None:
        self.uow = UnitOfWork(self)
        self.imap = IdentityMap()
        super().__init__(doc_session or Session(bind), extensions, autoflush, raise_on_lazy)

    def perform(self, flow: Flow[T]) -> T:
        """Run a flow through this session."""
        return run(flow, self)

    # -- storing

    def flush(self, obj: Any = None) -> None:
        """Store everything that changed, or one object.

        Args:
            obj: The object; by default all objects of this session.

        Raises:
            StaleObject: A document has been deleted, or somebody else changed what must not change.
            IllegalStateChange: The ``_id`` of a stored object was changed, or another session has changes of
                the object to store.
        """
        if obj is not None:
            self._forbid_if_elsewhere(state(obj))
        self.perform(flush(self, obj))

    def insert_now(self, obj: Any, st: ObjectState, **kwargs: Any) -> None:
        """Insert an object's document at once."""
        self.enlist()
        state(obj).mapper.insert(obj, st, self, **kwargs)

    def update_now(self, obj: Any, st: ObjectState, **kwargs: Any) -> None:
        """Store an object's changes at once."""
        self.enlist()
        state(obj).mapper.update(obj, st, self, **kwargs)

    def delete_now(self, obj: Any, st: ObjectState, **kwargs: Any) -> None:
        """Delete an object's document at once."""
        self.enlist()
        state(obj).mapper.delete(obj, st, self, **kwargs)

    def close(self) -> None:
        """Track nothing any longer; the same as `clear`."""
        self.clear()

    @contextmanager
    def begin(self, transaction: bool = False, **options: Any) -> Iterator[Self]:
        """Flush at the end of a block; track nothing any longer if it fails.

        Args:
            transaction: Whether all that the block stores is one transaction.
            options: Of the driver's ``start_transaction``.
        """
        self._forbid_options(transaction, options)
        try:
            with self.transaction(**options) if transaction else nullcontext():
                yield self
                self.flush()
        except BaseException:
            if not transaction:
                self.clear()
            raise

    @contextmanager
    def transaction(self, **options: Any) -> Iterator[Any]:
        """Run a block in a transaction; if it is aborted, the objects are what they were before it.

        Args:
            options: Of the driver's ``start_transaction``.
        """
        with self.impl.transaction(**options) as client_session:
            self.enlist()
            yield client_session

    def run_transaction(self, function: Callable[[], T], **options: Any) -> T:
        """Run a function in a transaction, again when the server says that this may help.

        Each run starts with the objects as they were before the first.

        Args:
            function: What to run.
            options: Of the driver's ``with_transaction``.
        """

        def attempt() -> T:
            self.enlist()
            return function()

        found: T = self.impl.run_transaction(attempt, **options)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # -- finding

    def get(self, cls: type[T], _id: Any) -> T | None:
        """Return the object of an ``_id``: the one this session has, or else what is stored."""
        found: T | None = self.imap.get(cls, _id)
        return found if found is not None else self.find(cls, {"_id": _id}).first()

    def find(self, cls: type[T], *args: Any, **kwargs: Any) -> ODMCursor[T]:
        """Open a cursor over the objects that match.

        Args:
            cls: The mapped class.
            args: The query, and what else the driver's ``find`` takes.
            kwargs: Options of the driver's ``find``, and of `ming.session.Session.find`. Ours are ``refresh``:
                objects there are take over what is stored; ``decorate``: called with every object; ``fields``:
                the projection; ``load``: relations to load along.

        Raises:
            ValueError: There are options, and no query before them.
        """
        if self.autoflush:
            self.flush()
        driver, options = self._find_arguments(cls, args, kwargs)
        ming_cursor = self.impl.find(mapper_of(cls).collection, *args, **driver)
        cursor = ODMCursor(self, cls, ming_cursor, **options)
        cursor._history = History(args, kwargs)
        cursor.announce("find", cls, *args, **driver)
        return cursor

    def refresh(self, obj: T) -> T | None:
        """Take over what is stored; pending changes are lost.

        Returns:
            The object; None if its document is gone, and then the session tracks it no longer; None for a new
            object, too, which stays as it is.
        """
        own = state(obj)
        if own.status == ObjectState.new:
            return None
        found = self.find(type(obj), {"_id": own.document_id}, refresh=True).first()
        if found is None:
            self.expunge(obj)
        return found

    def find_one_and_update(self, cls: type[T], *args: Any, **kwargs: Any) -> T | None:
        """Update one stored document and return its object, which takes over what the driver returns."""
        return self._found_and("find_one_and_update", cls, args, kwargs)

    def find_one_and_replace(self, cls: type[T], *args: Any, **kwargs: Any) -> T | None:
        """Replace one stored document and return its object, which takes over what the driver returns."""
        return self._found_and("find_one_and_replace", cls, args, kwargs)

    def find_one_and_delete(self, cls: type[T], *args: Any, **kwargs: Any) -> T | None:
        """Delete one stored document and return its object, which this session tracks no longer."""
        return self._found_and("find_one_and_delete", cls, args, kwargs)

    def _found_and(self, verb: str, cls: type[T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T | None:
        if self.autoflush:
            self.flush()
        decorate = kwargs.pop("decorate", None)
        raw = getattr(self.impl, verb)(mapper_of(cls).collection, *args, **kwargs)
        if raw is None:
            return None
        obj: T = self._returned(ODMCursor[T], cls, raw, kwargs).next()
        if verb == "find_one_and_delete":
            self.expunge(obj)
        return obj if decorate is None else decorate(obj)

    def find_with_values(self, cls: type[Any], query: Mapping[str, Any], name: str) -> list[tuple[Any, Any]]:
        """Find objects, each with the stored value of a field."""
        values: list[Any] = []
        cursor = self.find(cls, query)
        cursor.note(name, values)
        return list(zip(cursor.all(), values, strict=True))

    # -- relations

    def load(self, objects: Any, *names: str) -> None:
        """Load relations of an object, or of several, in one query per relation and batch.

        Args:
            objects: An object, or several.
            names: Names of relations; dotted names load those of the objects related.

        Raises:
            KeyError: None of the objects' classes has a relation of that name.
        """
        self.perform(paths(self, objects, names))

    def load_relation(self, own: ObjectState, prop: RelationProperty) -> None:
        """Load a relation for an object, and for those that came in the same result.

        Raises:
            RelationNotLoaded: This session does not load relations by the way.
        """
        if not self.raise_on_lazy:
            self.perform(load(self, prop, siblings(own, prop)))
        elif not self.is_done(load(self, prop, [own])):
            raise self._not_loaded(own, prop, f"session.load(obj, {prop.name!r})")

    def assign_relation(self, own: ObjectState, prop: RelationProperty, value: Any) -> None:
        """Relate an object to others; nothing is stored until the flush."""
        self.perform(prop.assign(self, own, value))

    # -- by query, past the objects

    def update(self, cls: type[Any], spec: Any, fields: Any, **kwargs: Any) -> UpdateResult:
        """Send an update as it is; memory stays as it is.

        Args:
            cls: The mapped class.
            spec: The query.
            fields: An update document with operators.
            kwargs: ``upsert``; ``multi=True`` for all documents that match; options of the driver.
        """
        return mapper_of(cls).update_partial(self, spec, fields, **kwargs)

    def remove(self, cls: type[Any], *args: Any, **kwargs: Any) -> DeleteResult:
        """Delete every stored document that matches, all of them without a query; memory stays as it is."""
        return mapper_of(cls).remove(self, *args, **kwargs)

    def update_if_not_modified(self, obj: Any, fields: Any, upsert: bool = False) -> bool:
        """Update an object's stored document if it still is what was loaded or flushed last.

        Args:
            obj: The object; it stays as it is in memory.
            fields: An update document with operators.
            upsert: Whether to insert where nothing matches.

        Returns:
            Whether the document was updated.
        """
        return self.perform(update_if_not_modified(self, obj, fields, upsert))

    def distinct(self, cls: type[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Return the distinct values of a key; arguments are the driver's."""
        found: list[Any] = self.impl.distinct(mapper_of(cls).collection, *args, **kwargs)
        return found

    def aggregate(self, cls: type[Any], *args: Any, **kwargs: Any) -> Any:
        """Run a pipeline; arguments and result are the driver's."""
        return self.impl.aggregate(mapper_of(cls).collection, *args, **kwargs)

    def count(self, cls: type[Any], filter: Mapping[str, Any] | None = None) -> int:
        """Count the documents that match."""
        return self.find(cls, {} if filter is None else filter).count()

    def migrate(self, cls: type[Any], **options: Unpack[MigrateOptions]) -> MigrationReport:
        """Store every document of a mapped class in its newest version; see `Session.migrate`.

        Objects of this session keep what they were loaded with, and can be flushed afterwards.

        Args:
            cls: The mapped class.
            options: See `ming.evolve.runs.RunOptions`.
        """
        report: MigrationReport = self.impl.migrate(mapper_of(cls).collection, **options)
        return report

    # -- indexes

    def ensure_index(self, cls: type[Any], fields: Any, **kwargs: Any) -> Any:
        """Create an index of a mapped class or a document class."""
        return self.impl.ensure_index(self._document_class(cls), fields, **kwargs)

    def ensure_indexes(self, cls: type[Any]) -> None:
        """Create the declared indexes of a mapped class or a document class."""
        self.impl.ensure_indexes(self._document_class(cls))

    def drop_indexes(self, cls: type[Any]) -> None:
        """Drop the indexes of a mapped class or a document class."""
        self.impl.drop_indexes(self._document_class(cls))


ODMSession._ORIGINALS = (ODMSession.insert_now, ODMSession.update_now, ODMSession.delete_now)
