"""Declarative mapped classes: a class body with properties, and ``__mongometa__`` for everything else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from ming._fields import Field
from ming._indexes import Index, flagged
from ming._mongometa import meta_class
from ming.declarative import Document
from ming.encryption import EncryptedMixin
from ming.exc import MongoGone
from ming.metadata import collection
from ming.odm.fields import FieldProperty, ORMProperty
from ming.odm.foreign_ids import ForeignIdProperty
from ming.odm.mapper import Mapper, mapper
from ming.odm.registry import REGISTRY
from ming.schema import Deprecated
from ming.utils import classproperty

if TYPE_CHECKING:
    from ming.odm.query import QueryDescriptor

    _MAPPER = cast("Mapper[Any]", None)

__all__ = ["EncryptedMixin", "Index", "MappedClass", "ORMProperty", "collection", "mapper"]

_OPTIONS = ("include_properties", "exclude_properties", "extensions")


class _MappedClassMeta(type):
    """Collects properties and ``__mongometa__`` into a document class and a mapper."""

    __mongometa__: Any

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **keywords: Any
    ) -> _MappedClassMeta:
        properties = _properties(namespace)
        body = {key: value for key, value in namespace.items() if key not in properties}
        for key, prop in properties.items():
            prop.name = key
        own_meta = vars(body["__mongometa__"]) if "__mongometa__" in body else {}
        body["__mongometa__"] = meta_class(bases, own_meta)
        body["__mongometa__"].__name__ = f"__mongometa__{name}"
        body["_compiled"] = False
        cls: Any = super().__new__(mcs, name, bases, body, **keywords)
        meta = cls.__mongometa__
        document_class = _document_class(cls, own_meta, list(_fields(properties)))
        options = {option: getattr(meta, option) for option in _OPTIONS if getattr(meta, option, None)}
        Mapper(cls, document_class, getattr(meta, "session", None), properties=properties, **options)
        # Asked for, the manager creates the declared indexes where a session is bound already.
        document_class.m  # noqa: B018
        return cls  # type: ignore[no-any-return]

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **keywords: Any) -> None:
        super().__init__(name, bases, namespace)


def _properties(namespace: Mapping[str, Any]) -> dict[str, ORMProperty]:
    """What a class body declares; a field is a property over it."""
    declared = {
        key: FieldProperty(value) if isinstance(value, Field) else value for key, value in namespace.items()
    }
    return {key: value for key, value in declared.items() if isinstance(value, ORMProperty)}


def _fields(properties: Mapping[str, ORMProperty]) -> Iterator[Field[Any]]:
    for prop in properties.values():
        if isinstance(prop, ForeignIdProperty) and not prop.is_resolved:
            # Its type is another class's, which may not be there yet; compiling adds the field.
            continue
        if isinstance(prop, FieldProperty):
            yield prop.field


def _document_class(cls: Any, own_meta: Mapping[str, Any], fields: list[Field[Any]]) -> Any:
    """The document class of a mapped class: its fields, and everything its meta class says."""
    bases = [REGISTRY.by_class[base].collection for base in cls.__bases__ if base in REGISTRY.by_class]
    options = {key: value for key, value in own_meta.items() if key not in ("__dict__", "__weakref__")}
    if "session" in options:
        options["session"] = _document_session(options["session"])
    if options.get("version_of") in REGISTRY.by_class:
        options["version_of"] = REGISTRY.by_class[options["version_of"]].collection
    namespace: dict[str, Any] = {"__mongometa__": type("__mongometa__", (), options)}
    namespace.update({_attribute(str(field.name)): field for field in fields})
    metaclass: Any = type(Document)
    made = metaclass(f"Document<{cls.__name__}>", tuple(bases) or (Document,), namespace)
    made._manager.indexes[:0] = [index for index in flagged(fields) if index not in made._manager.indexes]
    return made


def _attribute(name: str) -> str:
    """Where a document class holds a field: hooks that get its documents find dict's methods in their place."""
    return f"<{name}>" if hasattr(dict, name) else name


def _document_session(session: Any) -> Any:
    """The session for documents behind one for objects; an asynchronous one stays out of declarations."""
    return None if session is None or getattr(session, "is_async", False) is True else session.impl


class MappedClass(EncryptedMixin, metaclass=_MappedClassMeta):
    """Base of declarative mapped classes.

    Properties are class attributes. The inner class ``__mongometa__`` names the collection and the session,
    and holds indexes, polymorphism, versions, hooks and the mapper's options; all of it is inherited.
    """

    _registry: ClassVar[dict[str, Mapper[Any]]] = REGISTRY.by_name

    class __mongometa__:
        name = None
        session = None

    @classproperty
    def _datastore(cls: Any) -> Any:
        session = cls.query.session
        datastore = None if session is None else session.bind
        if datastore is None:
            raise MongoGone(f"{cls.__name__} can neither encrypt nor decrypt: its session has no datastore")
        return datastore

    @classproperty
    def _field_names(cls: Any) -> list[str]:
        mapper = cls.query.mapper
        mapper.compile()
        names = {prop.key: str(prop.name) for prop in mapper.properties if isinstance(prop, FieldProperty)}
        fields = mapper.manager.field_index.items()
        return [
            names[key] for key, field in fields if key in names and not isinstance(field.schema, Deprecated)
        ]

    if TYPE_CHECKING:
        query = QueryDescriptor(_MAPPER)

        def __init__(self, **kwargs: Any) -> None: ...
        def __getitem__(self, name: str) -> Any: ...
        def __setitem__(self, name: str, value: Any) -> None: ...
        def __delitem__(self, name: str) -> None: ...
        def __contains__(self, name: str) -> bool: ...
        def delete(self) -> None: ...
