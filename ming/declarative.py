"""Declarative document classes: a class body with fields, and ``__mongometa__`` for everything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar, cast

from ming._base_manager import find_manager
from ming._document import RESERVED, _Document
from ming._fields import Field
from ming._managers import ClassManager
from ming._mongometa import declared, declared_indexes, meta_class

__all__ = ["Document"]

D = TypeVar("D", bound="Document")


class _DocumentMeta(type):
    """Collects fields and ``__mongometa__`` into the class's manager."""

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **keywords: Any
    ) -> _DocumentMeta:
        own_fields = mcs._claim_fields(namespace)
        own_meta = vars(namespace["__mongometa__"]) if "__mongometa__" in namespace else {}
        namespace["__mongometa__"] = meta_class(bases, own_meta)
        cls = super().__new__(mcs, name, bases, namespace, **keywords)
        inherited = [manager for base in bases if (manager := find_manager(base)) is not None]
        fields = {key: field for base in inherited for key, field in base.field_index.items()}
        fields.update({str(field.name): field for field in own_fields})
        declaration = declared(cls.__mongometa__, own_meta, inherited)
        indexes = declared_indexes(inherited, cls.__mongometa__)
        document_class = cast("type[_Document]", cls)
        document_class._manager = ClassManager(
            document_class, fields.values(), indexes, inherited, declaration
        )
        return cls

    @classmethod
    def _claim_fields(mcs, namespace: dict[str, Any]) -> list[Field[Any]]:
        """Let the class hold its fields; one that another class holds already is copied."""
        fields = {name: value.claim() for name, value in namespace.items() if isinstance(value, Field)}
        namespace.update(fields)
        for attribute in RESERVED & fields.keys():
            namespace.pop(attribute).__set_name__(None, attribute)
        return list(fields.values())

    __mongometa__: type


class Document(_Document, metaclass=_DocumentMeta):
    """Base of declarative document classes.

    Fields are class attributes. The inner class ``__mongometa__`` names the collection and the session, and
    holds indexes, polymorphism, versions and hooks; all of it is inherited.
    """

    __mongometa__: ClassVar[Any] = type("__mongometa__", (), {"name": None, "session": None, "indexes": []})

    @classmethod
    def make_encr(cls: type[D], data: Mapping[str, Any]) -> D:
        """Make a valid document of data in plain text, its encrypted fields encrypted."""
        return cls.make(cls.encrypt_some_fields(data))
