"""Schemas: what a document may hold. A door; the rooms are the modules beside it."""

from __future__ import annotations

from datetime import datetime

from ming._values import Missing, NoDefault
from ming._values import Object as BaseObject
from ming.exc import Invalid
from ming.schema.containers import Array, Object
from ming.schema.documents import Document
from ming.schema.evolution import Deprecated, Migrate
from ming.schema.items import SHORTHAND, Anything, FancySchemaItem, SchemaItem, Value
from ming.schema.scalars import (
    Binary,
    Bool,
    DateTime,
    DateTimeTZ,
    Float,
    Int,
    NumberDecimal,
    ObjectId,
    OneOf,
    ParticularScalar,
    Scalar,
    String,
)

__all__ = [
    "SHORTHAND",
    "Anything",
    "Array",
    "BaseObject",
    "Binary",
    "Bool",
    "DateTime",
    "DateTimeTZ",
    "Deprecated",
    "Document",
    "FancySchemaItem",
    "Float",
    "Int",
    "Invalid",
    "Migrate",
    "Missing",
    "NoDefault",
    "NumberDecimal",
    "Object",
    "ObjectId",
    "OneOf",
    "ParticularScalar",
    "Scalar",
    "SchemaItem",
    "String",
    "Value",
    "datetime",
]
