"""`Session`: document classes on a datastore, synchronously.

The methods that take a class call the driver (`ming._calls`) or open a cursor; those that take a document
name a flow of `ming._flows.documents` and run it. The twin is `ming.aio.session.AsyncSession`.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeVar, cast, overload

from ming import _transactions
from ming._base_manager import manager_of
from ming._calls import EVERYTHING, DriverCalls, FindArguments, checked_delete_options
from ming._cursor import Cursor, OnInvalid
from ming._drive import run
from ming._engine import forget_after_fork
from ming._flows import documents, indexes
from ming._flows.failures import annotate_doc_failure
from ming._values import Object
from ming.utils import fixup_index

if TYPE_CHECKING:
    from pymongo.client_session import ClientSession
    from pymongo.results import DeleteResult, InsertOneResult, UpdateResult
    from typing_extensions import Unpack

    from ming._flows.index_sync import IndexSync
    from ming._flows.validators import Action, Level, ValidatorSync
    from ming._index_diff import IndexDiff
    from ming._managers import ClassManager
    from ming._types import Flow, ManagerLike, RawDocument
    from ming.evolve.adoption import AdoptionReport
    from ming.evolve.report import MigrationReport
    from ming.evolve.runs.options import MigrateOptions

__all__ = ["Session", "annotate_doc_failure"]

D = TypeVar("D")
T = TypeVar("T")


class Session(DriverCalls):
    """What document classes read and write through.

    Args:
        bind: The datastore; may be set later.
    """

    _registry: ClassVar[dict[str, Any]] = {}
    _datastores: ClassVar[dict[str, Any]] = {}
    is_async: ClassVar[bool] = False
    redact_errors: ClassVar[bool] = False
    """Whether errors of the driver name a document's keys only, where they would quote the document."""

    # -- classes: reading

    def get(self, cls: type[D], /, **query: Any) -> D | None:
        """Return one document that matches, or None.

        Args:
            cls: The document class.
            query: The query; options of the driver go through `with_options`.
        """
        found: D | None = run(documents.get(_manager(cls), query), self)
        return found

    @overload
    def find(
        self, cls: type[D], *args: Any, validate: Literal[False], **kwargs: Any
    ) -> Generator[D, None, None]: ...
    @overload
    def find(
        self,
        cls: type[D],
        *args: Any,
        allow_extra: bool = True,
        strip_extra: bool = True,
        validate: Literal[True] = True,
        on_invalid: OnInvalid = "raise",
        **kwargs: Any,
    ) -> Cursor[D]: ...
    def find(self, cls: type[D], *args: Any, **kwargs: Any) -> Any:
        """Open a cursor over the documents that match.

        Args:
            cls: The document class.
            args: The query, and what else the driver's ``find`` takes.
            kwargs: Options of the driver's ``find``. Ours are ``allow_extra`` and ``strip_extra``: whether
                stored keys that no field declares are accepted, and go out of sight; ``validate=False`` for
                a generator of documents as they are; ``on_invalid``: see `Cursor`.

        Raises:
            ValueError: There are options, and no query before them.
        """
        found = FindArguments(args, kwargs)
        manager = _manager(cls)
        cursor, count_options = self.open_cursor(manager, found)
        if not found.validate:
            wrap = cast("Callable[..., D]", manager.cls._wrap)
            return (wrap(raw, skip_from_bson=True) for raw in cursor)
        documents_found = Cursor(
            cls, cursor, found.allow_extra, found.strip_extra, found.query, found.on_invalid
        )
        documents_found._count_options = count_options
        return documents_found.read_through(self, manager, found)

    def find_by(self, cls: type[D], /, **query: Any) -> Cursor[D]:
        """Open a cursor over the documents that match keywords; see `get`."""
        return self.find(cls, query)

    def count(self, cls: type[Any]) -> int:
        """Count the whole collection."""
        count: int = self.call(_manager(cls), "estimated_document_count", (), {})
        return count

    def aggregate(self, cls: type[Any], *args: Any, **kwargs: Any) -> Any:
        """Run a pipeline; arguments and result are the driver's."""
        return self.call(_manager(cls), "aggregate", args, kwargs)

    def distinct(self, cls: type[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Return the distinct values of a key; arguments are the driver's."""
        values: list[Any] = self.call(_manager(cls), "distinct", args, kwargs)
        return values

    # -- classes: writing

    def remove(
        self, cls: type[Any], filter: Mapping[str, Any] = EVERYTHING, *args: Any, **kwargs: Any
    ) -> DeleteResult:
        """Delete every document that matches; without a query, all of them.

        Args:
            cls: The document class.
            filter: The query.
            args: What else the driver's ``delete_many`` takes.
            kwargs: Options of the driver's ``delete_many``.

        Raises:
            ValueError: An option is none of the driver's; nothing has been deleted.
        """
        options = checked_delete_options(kwargs)
        result: DeleteResult = self.call(_manager(cls), "delete_many", (filter, *args), options)
        return result

    def update_partial(
        self, cls: type[Any], spec: Mapping[str, Any], fields: Any, upsert: bool = False, **kwargs: Any
    ) -> UpdateResult:
        """Send an update as it is; nothing is validated.

        Args:
            cls: The document class.
            spec: The query.
            fields: An update document with operators.
            upsert: Whether to insert where nothing matches.
            kwargs: Options of the driver; with ``multi`` true, all documents that match are updated.
        """
        verb = "update_many" if kwargs.pop("multi", False) else "update_one"
        result: UpdateResult = self.call(_manager(cls), verb, (spec, fields, upsert), kwargs)
        return result

    def find_one_and_update(self, cls: type[Any], *args: Any, **kwargs: Any) -> RawDocument | None:
        """Update one document and return it raw; arguments are the driver's."""
        raw: RawDocument | None = self.call(_manager(cls), "find_one_and_update", args, kwargs)
        return raw

    def find_one_and_replace(self, cls: type[Any], *args: Any, **kwargs: Any) -> RawDocument | None:
        """Replace one document and return it raw; arguments are the driver's."""
        raw: RawDocument | None = self.call(_manager(cls), "find_one_and_replace", args, kwargs)
        return raw

    def find_one_and_delete(self, cls: type[Any], *args: Any, **kwargs: Any) -> RawDocument | None:
        """Delete one document and return it raw; arguments are the driver's."""
        raw: RawDocument | None = self.call(_manager(cls), "find_one_and_delete", args, kwargs)
        return raw

    def migrate(self, cls: type[Any], **options: Unpack[MigrateOptions]) -> MigrationReport:
        """Store every document in its newest version, and report what was done.

        A class with older versions is migrated by a bulk run, which can be interrupted and resumed, has its
        records in a control collection, and upgrades inside the server where it can. The documents of a class
        without are loaded and saved one by one.

        Args:
            cls: The document class.
            options: See `ming.evolve.runs.RunOptions`.

        Raises:
            MigrationError: The class only reads older versions; or a transaction is under way.
            RunConflict: An unfinished run of a program that means something else by a version is in the way.
        """
        # Programs that migrate nothing do not pay for it.
        from ming.evolve.runs.engine import migrate

        manager = _manager(cls)
        return run(migrate(manager, options), self.for_bulk_run(manager))

    def adopt(self, cls: type[Any], dry_run: bool = False, assume: type[Any] | None = None) -> AdoptionReport:
        """Stamp every document without a stamp that is valid in exactly one version; see `ming.evolve`.

        Args:
            cls: The document class.
            dry_run: Whether to count only, and write nothing.
            assume: The version that documents valid in several are taken for; by default, ``unstamped`` in
                ``__mongometa__``.

        Raises:
            MingConfigError: No version bears a stamp, or ``assume`` is no version of the class.
        """
        from ming._flows import adoption

        return run(adoption.adopt(manager_of(cls), dry_run, assume), self)

    # -- classes: indexes

    def create_index(self, cls: type[Any], fields: Any, **kwargs: Any) -> str:
        """Create an index.

        Args:
            cls: The document class.
            fields: A key, or pairs of key and direction, as `ming.utils.fixup_index` understands them.
            kwargs: Options of the driver's ``create_index``.

        Returns:
            Its name.
        """
        name: str = self.call(_manager(cls), "create_index", (fixup_index(fields),), kwargs)
        return name

    def ensure_index(self, cls: type[Any], fields: Any, **kwargs: Any) -> str:
        """Create an index; the same as `create_index`."""
        return self.create_index(cls, fields, **kwargs)

    def ensure_indexes(self, cls: type[Any]) -> None:
        """Create the indexes that a class declares."""
        for index in _manager(cls).indexes:
            self.create_index(cls, index.index_spec, background=True, **index.index_options)

    def index_information(self, cls: type[Any]) -> dict[str, Any]:
        """Return the indexes there are."""
        information: dict[str, Any] = self.call(_manager(cls), "index_information", (), {})
        return information

    def drop_indexes(self, cls: type[Any]) -> None:
        """Drop all indexes but the one on ``_id``; a collection that does not exist has none."""
        self.call(_manager(cls), "drop_indexes", (), {})

    def auto_ensure(self, manager: ManagerLike[Any]) -> None:
        """Create a class's indexes when it is first used, if the engine is set to.

        Args:
            manager: The class's manager.
        """
        if manager.cls in _ensured.classes:
            return
        engine = getattr(self.bind, "bind", None)
        if engine is None or not getattr(engine, "_auto_ensure_indexes", False):
            return
        running = _transactions.ambient(engine)
        if running is not None:
            # To the server, an index coming into being is a change the transaction did not make.
            running.postpone(manager.cls, lambda: self.auto_ensure(manager))
            return
        _ensured.ensure(manager, self)

    def index_diff(self, cls: type[Any]) -> IndexDiff:
        """Compare the indexes that a class declares with those its collection has; nothing is changed."""
        from ming._flows import index_sync

        return run(index_sync.find_index_diff(manager_of(cls)), self)

    def sync_indexes(self, cls: type[Any], drop: bool = False) -> IndexSync:
        """Make a collection's indexes those that the class declares.

        Args:
            cls: The document class.
            drop: Whether indexes that nothing declares, or that must be made anew, may be dropped.
        """
        from ming._flows import index_sync

        return run(index_sync.sync_indexes(manager_of(cls), drop), self)

    def sync_validator(
        self,
        cls: type[Any],
        level: Level = "moderate",
        action: Action = "warn",
        replace: bool = False,
    ) -> ValidatorSync:
        """Have the server check what is stored against all live versions of a class.

        The collection is created if it does not exist.

        Args:
            cls: The document class; its manager's ``validator()`` is what the collection gets.
            level: ``moderate`` leaves updates of documents that were invalid before alone, ``strict`` does not;
                ``off`` checks nothing.
            action: ``warn`` writes to the server's log, ``error`` refuses.
            replace: Whether a validator that ming did not make, or that was changed since, may be replaced.

        Raises:
            MingConfigError: There is such a validator, and ``replace`` is false; nothing was changed.
        """
        from ming._flows import validators

        return run(validators.sync_validator(manager_of(cls), level, action, replace), self)

    # -- documents

    def save(self, doc: Any, *args: str, **kwargs: Any) -> UpdateResult | InsertOneResult:
        """Store a document.

        Args:
            doc: The document; with an ``_id`` it replaces the stored one, else it is inserted.
            args: Names of fields, to store these alone.
            kwargs: Options of the driver; ``validate=False`` stores the document as it is.

        Raises:
            Invalid: The document is not valid; nothing is stored.
            ValueError: Fields are named, but the document has no ``_id``.
        """
        return self._run(documents.save(_manager(type(doc)), doc, args, kwargs), doc)

    def insert(self, doc: Any, **kwargs: Any) -> InsertOneResult:
        """Insert a document; arguments as `save`."""
        return self._run(documents.insert(_manager(type(doc)), doc, kwargs), doc)

    def upsert(self, doc: Any, spec_fields: str | Sequence[str], **kwargs: Any) -> UpdateResult:
        """Update the stored document that has the same values in some fields, or insert this one.

        Args:
            doc: The document.
            spec_fields: Names of the fields, or one name.
            kwargs: As for `save`.
        """
        return self._run(documents.upsert(_manager(type(doc)), doc, spec_fields, kwargs), doc)

    def delete(self, doc: Any, **kwargs: Any) -> DeleteResult:
        """Delete a document.

        Args:
            doc: The document.
            kwargs: Options of the driver's ``delete_one``.
        """
        return self._run(documents.delete(_manager(type(doc)), doc, kwargs), doc)

    def set(self, doc: Any, fields_values: Mapping[str, Any], **kwargs: Any) -> UpdateResult:
        """Set some fields, in memory and in the stored document; nothing is validated.

        Args:
            doc: The document.
            fields_values: Values by name; dotted names descend.
            kwargs: Options of the driver's ``update_one``.
        """
        return self._run(documents.set_fields(_manager(type(doc)), doc, fields_values, kwargs), doc)

    def increase_field(self, doc: Any, /, **fields: Any) -> None:
        """Raise a stored field to a value, unless it is as high already.

        Args:
            doc: The document; its own value stays.
            fields: Values by name; options of the driver go through `with_options`.
        """
        self._run(documents.increase_field(_manager(type(doc)), doc, fields), doc)

    def _run(self, flow: Flow[T], doc: Any) -> T:
        return run(annotate_doc_failure(flow, doc, self.redact_errors), self)

    # -- transactions

    def transaction(self, **options: Any) -> AbstractContextManager[ClientSession]:
        """Run a block in a transaction: committed at its end, aborted by an error.

        All sessions on the same engine take part; other threads and tasks do not. A block inside joins the
        outer one. Only the commit is tried again: see `run_transaction` for what may have to start anew.

        Args:
            options: Of the driver's ``start_transaction``.

        Returns:
            A context manager, which yields the driver's client session.
        """
        return _transactions.transaction(self.engine, options)

    def run_transaction(self, function: Callable[[], T], **options: Any) -> T:
        """Run a function in a transaction, again when the server says that this may help.

        Args:
            function: What to run; takes no argument, and may run several times.
            options: Of the driver's ``with_transaction``.

        Returns:
            What the function returns.
        """
        return _transactions.run_transaction(self.engine, function, options)


def _manager(cls: Any) -> ClassManager[Any]:
    """The class's manager, asked the way that creates its indexes first.

    Raises:
        TypeError: It is no document class.
    """
    try:
        manager: ClassManager[Any] = cls.m
    except AttributeError:
        manager_of(cls)
        raise
    if isinstance(cls, Object):
        raise TypeError(f"a document of {type(cls).__name__} is not a document class")
    return manager


class _Ensured:
    """The classes whose indexes have been created, in this process."""

    def __init__(self) -> None:
        self.classes: weakref.WeakSet[type[Any]] = weakref.WeakSet()
        # A hook of the driver's may use the class whose indexes are being created.
        self._lock = threading.RLock()
        forget_after_fork(self)

    def ensure(self, manager: ManagerLike[Any], session: Session) -> None:
        with self._lock:
            if manager.cls not in self.classes:
                run(indexes.create_declared_indexes(manager), session)
                self.classes.add(manager.cls)

    def _forget(self) -> None:
        self._lock = threading.RLock()


_ensured: Final = _Ensured()
