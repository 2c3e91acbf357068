"""Door to the properties of mapped classes, and to how relations find their other side."""

from __future__ import annotations

from ming._fields import Field
from ming.exc import AmbiguousJoin, NoJoin, ORMError
from ming.odm.base import session, state
from ming.odm.encrypted import DecryptedListProperty, DecryptedProperty
from ming.odm.fields import FieldProperty, FieldPropertyWithMissingNone, ORMProperty
from ming.odm.foreign_ids import ForeignIdProperty
from ming.odm.icollection import deinstrument, instrument
from ming.odm.joins import ManyToManyListJoin, ManyToOneJoin, OneToManyJoin
from ming.odm.relations import ManyToManyListTracker, OneToManyTracker, RelationProperty
from ming.utils import LazyProperty

__all__ = [
    "AmbiguousJoin",
    "DecryptedListProperty",
    "DecryptedProperty",
    "Field",
    "FieldProperty",
    "FieldPropertyWithMissingNone",
    "ForeignIdProperty",
    "LazyProperty",
    "ManyToManyListJoin",
    "ManyToManyListTracker",
    "ManyToOneJoin",
    "NoJoin",
    "ORMError",
    "ORMProperty",
    "OneToManyJoin",
    "OneToManyTracker",
    "RelationProperty",
    "deinstrument",
    "instrument",
    "session",
    "state",
]
