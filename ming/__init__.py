"""ming: documents of MongoDB with schemas that evolve while the data stay live.

The front door. Declare classes with `Document` and `Field` (or `TypedDocument` and `field`), connect them
with `create_datastore` and `Session`, or asynchronously with `create_async_datastore` and `AsyncSession`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING

from ming import (
    base,
    compat,
    config,
    datastore,
    declarative,
    encryption,
    exc,
    metadata,
    schema,
    session,
    utils,
)
from ming.base import Cursor
from ming.config import configure
from ming.datastore import create_async_datastore, create_datastore, create_engine
from ming.declarative import Document
from ming.metadata import Field, Index, collection
from ming.session import Session
from ming.version import __version__, __version_info__

if TYPE_CHECKING:
    from ming import mim
    from ming._typed import TypedDocument, field
    from ming.aio.session import AsyncSession

__all__ = [
    "ASCENDING",
    "DESCENDING",
    "AsyncSession",
    "Cursor",
    "Document",
    "Field",
    "Index",
    "Session",
    "TypedDocument",
    "__version__",
    "__version_info__",
    "base",
    "collection",
    "compat",
    "config",
    "configure",
    "create_async_datastore",
    "create_datastore",
    "create_engine",
    "datastore",
    "declarative",
    "encryption",
    "exc",
    "field",
    "metadata",
    "mim",
    "schema",
    "session",
    "utils",
]

_IMPORTED_WHEN_USED = {
    "AsyncSession": "ming.aio.session",
    "TypedDocument": "ming._typed",
    "field": "ming._typed",
    "mim": "ming.mim",
}


def __getattr__(name: str) -> Any:
    if name not in _IMPORTED_WHEN_USED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(_IMPORTED_WHEN_USED[name])
    return globals().setdefault(name, getattr(module, name, module))
