"""``Page.query`` and ``page.query``: a mapped class's way to its session.

Every method names the session's method and hands over the class, or what tells the object. On a class mapped
to an asynchronous session the results are to be awaited.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from ming._values import Missing
from ming.odm.base import ObjectState, state

if TYPE_CHECKING:
    from pymongo.results import DeleteResult, UpdateResult
    from typing_extensions import Unpack

    from ming.evolve.report import MigrationReport
    from ming.evolve.runs.options import MigrateOptions
    from ming.odm.cursor import ODMCursor
    from ming.odm.mapper import Mapper

__all__ = ["Query", "QueryDescriptor", "_ClassQuery", "_InstQuery"]

T = TypeVar("T")

_UNSET: Any = Missing


class _ClassQuery(Generic[T]):
    """What a mapped class asks its session.

    Args:
        mapper: The class's mapper.
    """

    def __init__(self, mapper: Mapper[T]) -> None:
        self.mapper = mapper

    @property
    def mapped_class(self) -> type[T]:
        """The class."""
        return self.mapper.mapped_class

    @property
    def session(self) -> Any:
        """The session, looked up at each call; setting it here sets the mapper's."""
        return self.mapper.session

    @session.setter
    def session(self, session: Any) -> None:
        self.mapper.session = session

    def find(self, *args: Any, **kwargs: Any) -> ODMCursor[T]:
        """Open a cursor over the objects that match; see `ODMSession.find`."""
        return cast("ODMCursor[T]", self.session.find(self.mapped_class, *args, **kwargs))

    def find_by(self, **query: Any) -> ODMCursor[T]:
        """Open a cursor over the objects that match keywords."""
        return self.find(query)

    def get(self, _id: Any = _UNSET, **query: Any) -> T | None:
        """Return one object: that of an ``_id``, or the first that matches keywords.

        Args:
            _id: The ``_id``.
            query: Further criteria.
        """
        if _id is not Missing and not query:
            return cast("T | None", self.session.get(self.mapped_class, _id))
        criteria = query if _id is Missing else {"_id": _id, **query}
        return self.find(criteria).first()

    def count(self, filter: Mapping[str, Any] | None = None) -> int:
        """Count the objects that match."""
        return self.find({} if filter is None else filter).count()

    def find_one_and_update(self, *args: Any, **kwargs: Any) -> T | None:
        """Update one stored document and return its object; see `ODMSession.find_one_and_update`."""
        return cast("T | None", self.session.find_one_and_update(self.mapped_class, *args, **kwargs))

    def find_one_and_replace(self, *args: Any, **kwargs: Any) -> T | None:
        """Replace one stored document and return its object; see `ODMSession.find_one_and_replace`."""
        return cast("T | None", self.session.find_one_and_replace(self.mapped_class, *args, **kwargs))

    def find_one_and_delete(self, *args: Any, **kwargs: Any) -> T | None:
        """Delete one stored document and return its object; see `ODMSession.find_one_and_delete`."""
        return cast("T | None", self.session.find_one_and_delete(self.mapped_class, *args, **kwargs))

    def remove(self, *args: Any, **kwargs: Any) -> DeleteResult:
        """Delete every stored document that matches; see `ODMSession.remove`."""
        return cast("DeleteResult", self.session.remove(self.mapped_class, *args, **kwargs))

    def update(self, *args: Any, **kwargs: Any) -> UpdateResult:
        """Send an update as it is; see `ODMSession.update`."""
        return cast("UpdateResult", self.session.update(self.mapped_class, *args, **kwargs))

    def distinct(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Return the distinct values of a key; see `ODMSession.distinct`."""
        return cast("list[Any]", self.session.distinct(self.mapped_class, *args, **kwargs))

    def aggregate(self, *args: Any, **kwargs: Any) -> Any:
        """Run a pipeline; see `ODMSession.aggregate`."""
        return self.session.aggregate(self.mapped_class, *args, **kwargs)

    def migrate(self, **options: Unpack[MigrateOptions]) -> MigrationReport:
        """Store every document in its newest version; see `ODMSession.migrate`."""
        return cast("MigrationReport", self.session.migrate(self.mapped_class, **options))


class _InstQuery(Generic[T]):
    """What a mapped object asks its class's session.

    Args:
        mapper: The class's mapper.
        instance: The object.
    """

    def __init__(self, mapper: Mapper[T], instance: T) -> None:
        self.instance = instance
        self.mapper = mapper
        self.classquery: _ClassQuery[T] = mapper.query

    def find(self, *args: Any, **kwargs: Any) -> ODMCursor[T]:
        """Open a cursor over the objects of the class that match."""
        return self.classquery.find(*args, **kwargs)

    def get(self, _id: Any = _UNSET, **query: Any) -> T | None:
        """Return one object of the class, as the class's ``query`` does."""
        return self.classquery.get(_id, **query)

    @property
    def mapped_class(self) -> type[T]:
        """The object's class."""
        return self.mapper.mapped_class

    @property
    def session(self) -> Any:
        """The class's session."""
        return self.mapper.session

    def delete(self) -> None:
        """Have the object's document deleted by the next flush.

        Raises:
            IllegalStateChange: It has been deleted already.
        """
        found = state(self.instance)
        found.forbid_if_gone("deleted again")
        found.status = ObjectState.deleted

    def update(self, fields: Any, **kwargs: Any) -> UpdateResult:
        """Send an update for the object's document as it is; memory stays as it is."""
        return self.classquery.update({"_id": state(self.instance).document_id}, fields, **kwargs)

    def update_if_not_modified(self, fields: Any, upsert: bool = False) -> bool:
        """Update the stored document if it is what was loaded; see `ODMSession.update_if_not_modified`."""
        return cast(bool, self.session.update_if_not_modified(self.instance, fields, upsert))


class QueryDescriptor:
    """``query`` on a mapped class and on its objects.

    Args:
        mapper: The class's mapper.
    """

    def __init__(self, mapper: Mapper[Any]) -> None:
        self._mapper = mapper

    @overload
    def __get__(self, instance: None, owner: type[T]) -> _ClassQuery[T]: ...
    @overload
    def __get__(self, instance: T, owner: type[T] | None = None) -> _InstQuery[T]: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self._mapper.query if instance is None else _InstQuery(self._mapper, instance)


class Query(_ClassQuery[T], _InstQuery[T], QueryDescriptor):
    """Type of ``query`` on the class and on objects alike, for ``query: 'Query[Page]'`` in class bodies."""
