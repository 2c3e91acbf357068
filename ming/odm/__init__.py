"""The ODM: mapped classes, relations, an identity map and a unit of work.

Door. ``mapper`` and ``session`` are the functions; the modules of these names are reached by their full path.
"""

from __future__ import annotations

from ming.odm.aio import AsyncODMSession
from ming.odm.base import session, state
from ming.odm.declarative import MappedClass
from ming.odm.mapper import Mapper, MapperExtension, mapper
from ming.odm.odmsession import (
    ContextualODMSession,
    ODMSession,
    SessionExtension,
    ThreadLocalODMSession,
)
from ming.odm.property import (
    DecryptedListProperty,
    DecryptedProperty,
    FieldProperty,
    FieldPropertyWithMissingNone,
    ForeignIdProperty,
    RelationProperty,
)
from ming.odm.typed import TypedMappedClass

__all__ = [
    "AsyncODMSession",
    "ContextualODMSession",
    "DecryptedListProperty",
    "DecryptedProperty",
    "FieldProperty",
    "FieldPropertyWithMissingNone",
    "ForeignIdProperty",
    "MappedClass",
    "Mapper",
    "MapperExtension",
    "ODMSession",
    "RelationProperty",
    "SessionExtension",
    "ThreadLocalODMSession",
    "TypedMappedClass",
    "mapper",
    "session",
    "state",
]

ORMSession = ODMSession
ThreadLocalORMSession = ThreadLocalODMSession
ContextualORMSession = ContextualODMSession
