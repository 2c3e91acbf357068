"""Mappers: how a class stands for the documents of a document class.

``mapper()`` finds or makes one; what can be asked of all of them is in `ming.odm.directory`. What classes
declare is read by `ming.odm.declarative`, which ends in the same `Mapper`; queries are in `ming.odm.query`; what a
mapper does to the database, in `ming.odm.flows`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from ming._base_manager import BaseManager
from ming._fields import Field
from ming._indexes import flagged
from ming.odm import flows
from ming.odm.base import ObjectState, state
from ming.odm.directory import Directory
from ming.odm.extensions import MapperExtension
from ming.odm.fields import ORMProperty
from ming.odm.foreign_ids import ForeignIdProperty
from ming.odm.inheritance import properties_of
from ming.odm.instances import equip
from ming.odm.options import Options
from ming.odm.query import Query, _ClassQuery, _InstQuery
from ming.odm.registry import REGISTRY
from ming.odm.relations import RelationProperty

if TYPE_CHECKING:
    from pymongo.results import DeleteResult, InsertOneResult, UpdateResult

__all__ = ["Mapper", "MapperExtension", "Query", "_ClassQuery", "_InstQuery", "mapper"]

M = TypeVar("M")


class Mapper(Directory, Generic[M]):
    """How one class stands for the documents of a document class.

    Args:
        mapped_class: The class.
        collection: The document class.
        session: The session its objects live in, or None.
        properties: Properties by name, in place of plain fields or beside them.
        include_properties: If there are some, the names of the properties to have, in this order.
        exclude_properties: Names of properties not to have.
        extensions: `MapperExtension` classes.
        options: ``instrument`` and ``refresh`` of new objects.
        kwargs: Nothing.

    Raises:
        TypeError: There are other keyword arguments.
        KeyError: ``include_properties`` names a property that is not there.
    """

    def __init__(
        self,
        mapped_class: type[M],
        collection: Any,
        session: Any,
        *,
        properties: Mapping[str, ORMProperty] | None = None,
        include_properties: Iterable[str] = (),
        exclude_properties: Iterable[str] = (),
        extensions: Iterable[Callable[[Mapper[Any]], Any]] = (),
        options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            raise TypeError(f"Unknown kwd args: {kwargs}")
        self.mapped_class = mapped_class
        self.collection = collection
        self.session = session
        self.extensions = [extension(self) for extension in extensions]
        self.options = Options(**(options or {}))
        self.query: _ClassQuery[M] = _ClassQuery(self)
        self.properties: list[ORMProperty] = []
        self.property_index: dict[str, ORMProperty] = {}
        self._compiled = False
        found = properties_of(self, properties or {})
        excluded = frozenset(exclude_properties)
        for name in list(include_properties) or [name for name in found if name not in excluded]:
            self._set_property(name, found[name])
        equip(self)
        REGISTRY.add(self)
        for each in self._family():
            each._compiled = False

    def __repr__(self) -> str:
        return f"<Mapper {self.mapped_class.__name__}:{self.manager.collection_name}>"

    @property
    def manager(self) -> BaseManager[Any]:
        """What the document class knows of itself."""
        manager: BaseManager[Any] = self.collection._manager
        return manager

    # -- properties

    def _set_property(self, name: str, prop: ORMProperty) -> None:
        if name == "query":
            raise TypeError(
                f"{self!r}: `query` is the way to the session; a property of another name can stand for it"
            )
        prop.name = name
        prop.mapper = self
        self.properties.append(prop)
        self.property_index[name] = prop
        setattr(self.mapped_class, name, prop)

    def base_mappers(self) -> Iterator[Mapper[Any]]:
        """Yield the mappers of the direct bases."""
        for base in self.mapped_class.__bases__:
            if base in REGISTRY.by_class:
                yield REGISTRY.by_class[base]

    def all_properties(self) -> Iterator[ORMProperty]:
        """Yield own and inherited properties, each name once."""
        seen: set[str | None] = set()
        mappers = [self, *self.base_mappers()]
        for prop in (prop for each in mappers for prop in each.properties):
            if prop.name not in seen:
                seen.add(prop.name)
                yield prop

    def add_field(self, field: Field[Any]) -> None:
        """Have the document class declare one more field, if it does not declare it yet."""
        manager = self.manager
        if field.name not in manager.field_index:
            manager.field_index[str(field.name)] = field
            manager.indexes += [index for index in flagged([field]) if index not in manager.indexes]
            manager.forget_schema()

    @cached_property
    def foreign_ids(self) -> frozenset[str]:
        """The names of the foreign ids."""
        return frozenset(str(prop.name) for prop in self.properties if isinstance(prop, ForeignIdProperty))

    @cached_property
    def cascades(self) -> list[RelationProperty]:
        """The relations with a rule for what becomes of the other side when an object is deleted."""
        return [prop for prop in self.properties if isinstance(prop, RelationProperty) and prop.cascade]

    @property
    def version_field(self) -> str | None:
        """The field that counts the flushes of a document, for the optimistic lock."""
        found: str | None = getattr(getattr(self.mapped_class, "__mongometa__", None), "version_field", None)
        return found

    @cached_property
    def root(self) -> Mapper[Any]:
        """The mapper that stands for the polymorphic family; the mapper itself where there is none."""
        registry = self.manager.polymorphic_registry
        if registry is not None and self.manager.polymorphic_on:
            for base in self.base_mappers():
                if base.manager.polymorphic_registry is registry and base.manager.polymorphic_on:
                    return base.root
        return self

    def mapper_for(self, document: Any) -> Mapper[Any]:
        """Return the mapper of a document's class, which polymorphism may make another one."""
        cls = type(document)
        return self if cls is self.collection else REGISTRY.by_collection.get(cls, self)

    # -- objects

    def adopt(self, document: Any, session: Any, options: Options) -> M:
        """Make an object of a loaded document."""
        cls = self.mapped_class
        obj = cls.__new__(cls)
        ObjectState.attach(obj, self, options, session, document)._status = ObjectState.clean
        return obj

    def made(self, data: Mapping[str, Any]) -> Any:
        """Return a valid document, with its defaults, of data.

        Raises:
            Invalid: The data are not valid.
        """
        if self.manager.schema is None:
            warnings.warn(f"{self!r} declares no fields: nothing is validated", UserWarning, stacklevel=3)
        return self.collection.make(data)

    def create(self, doc: Mapping[str, Any], options: Mapping[str, Any], remake: bool = True) -> Any:
        """Make a new object, without a session, of data.

        Args:
            doc: The data.
            options: Options of the object's state.
            remake: Whether to validate even what is a document of the class already.

        Raises:
            Invalid: The data are not valid.
        """
        self.compile()
        if remake or type(doc) is not self.collection:
            doc = self.made(doc)
        obj = self.mapper_for(doc).adopt(doc, None, Options(**options))
        state(obj).status = ObjectState.new
        return obj

    def insert(self, obj: Any, state: ObjectState, session: Any, **kwargs: Any) -> InsertOneResult:
        """Insert an object's document, hooks included."""
        result: InsertOneResult = session.perform(flows.insert(session, obj, kwargs))
        return result

    def update(self, obj: Any, state: ObjectState, session: Any, **kwargs: Any) -> UpdateResult:
        """Store an object's changes, hooks included."""
        result: UpdateResult = session.perform(flows.update(session, obj, kwargs))
        return result

    def delete(self, obj: Any, state: ObjectState, session: Any, **kwargs: Any) -> DeleteResult:
        """Delete an object's document, hooks included."""
        result: DeleteResult = session.perform(flows.delete(session, obj, kwargs))
        return result

    def remove(self, session: Any, *args: Any, **kwargs: Any) -> DeleteResult:
        """Delete documents by a query, hooks included."""
        result: DeleteResult = session.perform(flows.remove(session, self, args, kwargs))
        return result

    def update_partial(self, session: Any, spec: Any, fields: Any, **kwargs: Any) -> UpdateResult:
        """Send an update as it is."""
        result: UpdateResult = session.impl.update_partial(self.collection, spec, fields, **kwargs)
        return result

    # -- compiling

    def compile(self) -> None:
        """Look up what the properties name, for classes of the same polymorphic family as far as they are there.

        Raises:
            KeyError: No mapped class is of the name; the next call tries again.
        """
        if self._compiled:
            return
        for each in self._family():
            try:
                each._compile_properties()
            except KeyError:
                if each is self:
                    raise

    def _compile_properties(self) -> None:
        for prop in self.properties:
            prop.compile(self)
        self._compiled = True

    def _family(self) -> list[Mapper[Any]]:
        """This mapper, and those of the classes that its documents may be of."""
        registered = (self.manager.polymorphic_registry or {}).values() if self.manager.polymorphic_on else ()
        mappers = [REGISTRY.by_collection.get(cls) for cls in registered]
        return list(dict.fromkeys([self, *(each for each in mappers if each is not None)]))


@overload
def mapper(cls: type[M], collection: Any = None, session: Any = None, **kwargs: Any) -> Mapper[M]: ...
@overload
def mapper(cls: Any) -> Mapper[Any]: ...
def mapper(cls: Any, collection: Any = None, session: Any = None, **kwargs: Any) -> Mapper[Any]:
    """Return the mapper of a class, or map it.

    Args:
        cls: A mapped class, its name, or an object of it; to map it, the class.
        collection: The document class to map it to.
        session: The session its objects are to live in.
        kwargs: As for `Mapper`.

    Raises:
        KeyError: The class is not mapped.
    """
    if collection is None and session is None:
        if isinstance(cls, str):
            return REGISTRY.named(cls)
        return REGISTRY.by_class[cls if isinstance(cls, type) else type(cls)]
    return Mapper(cls, collection, session, **kwargs)
