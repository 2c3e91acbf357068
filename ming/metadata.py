"""Declarations of document classes: fields, indexes, and the imperative `collection`.

The declarative style is in `ming.declarative`; what ``m`` can do is in `ming._managers`.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ming._base_manager import BaseManager, manager_of
from ming._declaration import DRIVER_OPTIONS, Declaration
from ming._document import RESERVED, _Document
from ming._fields import Field
from ming._indexes import Index, flagged
from ming._managers import ClassManager, InstanceManager, Manager, ManagerDescriptor

__all__ = ["Field", "Index", "Manager", "collection"]

# Programs for Ming 0.17 know the classes by these names.
_ClassManager = ClassManager
_InstanceManager = InstanceManager
_ManagerDescriptor = ManagerDescriptor
_FieldDescriptor = Field

_OPTIONS = (
    "polymorphic_on",
    "polymorphic_identity",
    "polymorphic_registry",
    "version_of",
    "migrate",
    "unstamped",
    "on_hybrid",
    "unknown",
    "save",
    "on_load",
    "before_save",
)
_INHERITED = ("polymorphic_on", "polymorphic_registry", "before_save", "unknown", "save", "on_load")


def collection(*args: Any, **options: Any) -> type[Any]:
    """Make a document class: ``collection(name, session, *fields_and_indexes, **options)``.

    A document class, or a list of them, in place of name and session is inherited from:
    ``collection(Base, *fields_and_indexes, **options)``.

    Args:
        args: Name and session, each possibly None, or bases; then `Field` and `Index` objects.
        options: ``collection_name`` and ``session`` override the bases'; ``polymorphic_on``,
            ``polymorphic_identity``, ``polymorphic_registry``, ``version_of``, ``migrate``,
            ``before_save`` and the other options of ``__mongometa__``.

    Raises:
        TypeError: An argument that is none of these, or an unknown option.
        ValueError: A field without a name.
    """
    bases, name, session, items = _heading(args)
    name = options.pop("collection_name", name)
    session = options.pop("session", session)
    unknown = set(options) - {*_OPTIONS, *DRIVER_OPTIONS}
    if unknown:
        raise TypeError(f"collection() got unknown options {sorted(unknown)}")
    inherited = tuple(manager_of(base) for base in bases)
    fields, indexes = _fields_and_indexes(items)
    cls = _new_class(name, bases, fields, options)
    declaration = _declare(name, session, inherited, options)
    # The last base comes first, and gives way to those before it.
    all_fields = {key: field for base in reversed(inherited) for key, field in base.field_index.items()}
    all_fields.update({str(field.name): field for field in fields})
    all_indexes = [index for base in reversed(inherited) for index in base.indexes] + indexes
    cls._manager = ClassManager(cls, all_fields.values(), all_indexes, inherited, declaration)
    return cls


def _heading(args: tuple[Any, ...]) -> tuple[tuple[type[_Document], ...], str | None, Any, Sequence[Any]]:
    """Split the arguments into bases, name, session, and fields and indexes."""
    first = args[0] if args else ()
    if len(args) > 1 and (first is None or isinstance(first, str)):
        return (_Document,), first, args[1], args[2:]
    bases: tuple[Any, ...] = tuple(first) if isinstance(first, (list, tuple)) else (first,)
    if not bases or not all(isinstance(base, type) and issubclass(base, _Document) for base in bases):
        raise TypeError(f"collection() takes a name and a session, or document classes, not {args!r}")
    last = manager_of(bases[-1])
    return bases, last.collection_name, last.session, args[1:]


def _fields_and_indexes(items: Iterable[Any]) -> tuple[list[Field[Any]], list[Index]]:
    fields: list[Field[Any]] = []
    indexes: list[Index] = []
    for item in items:
        if isinstance(item, Field):
            if item.name is None:
                raise ValueError(f"a field of collection() needs a name: {item!r}")
            fields.append(item.claim())
            indexes.extend(flagged([item]))
        elif isinstance(item, Index):
            indexes.append(item)
        else:
            raise TypeError(f"don't know what to do with {item!r}")
    return fields, indexes


def _new_class(
    name: str | None, bases: tuple[type[_Document], ...], fields: list[Field[Any]], options: dict[str, Any]
) -> type[_Document]:
    identity = f":{options['polymorphic_identity']}" if "polymorphic_identity" in options else ""
    namespace = {str(field.name): field for field in fields if field.name not in RESERVED}
    # Past a declarative base's metaclass, which would make a manager of its own.
    metaclass = types.prepare_class("", bases)[0]
    return type.__new__(metaclass, f"Document<{name}{identity}>", bases, namespace)


def _declare(
    name: str | None, session: Any, inherited: Sequence[BaseManager[Any]], options: Mapping[str, Any]
) -> Declaration:
    """Everything but fields and indexes; where the options are silent, the first base that speaks counts."""
    driver_options = {key: options[key] for key in DRIVER_OPTIONS if key in options}
    said = {key: value for key, value in options.items() if key not in driver_options and value is not None}
    for manager in inherited:
        driver_options = {**manager.driver_options, **driver_options}
        for option in _INHERITED:
            value = getattr(manager.declaration, option)
            if value is not None:
                said.setdefault(option, value)
    if "polymorphic_on" in said:
        said.setdefault("polymorphic_registry", {})
    return Declaration(name=name, session=session, driver_options=driver_options, **said)
