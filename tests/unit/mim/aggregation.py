"""Running pipelines on the engine, for tables of results that a server answered."""

from __future__ import annotations

from typing import Any

import bson
import pytest

from ming.mim.commands.core import Engine
from ming.mim.data.errors import CommandError

Document = dict[str, Any]
Stored = dict[str, list[Document]]
"""Documents by collection."""


def engine_with(stored: Stored) -> Engine:
    """Return an engine that holds documents in its database ``db``."""
    engine = Engine()
    for name, documents in stored.items():
        engine.command("db", {"insert": name, "documents": documents} if documents else {"create": name})
    return engine


def aggregated(engine: Engine, stages: list[Any], target: Any = "c") -> list[Document]:
    """Return what a pipeline gives."""
    reply = engine.command("db", {"aggregate": target, "pipeline": stages, "cursor": {"batchSize": 1000}})
    found: list[Document] = reply["cursor"]["firstBatch"]
    return found


def as_bson(values: Any) -> bytes:
    """Return the BSON of values, so that types and the order of fields count and NaN is NaN."""
    return bson.encode({"": values})


def refusal(engine: Engine, stages: list[Any], target: Any = "c") -> int:
    """Return the code of the error a pipeline raises."""
    with pytest.raises(CommandError) as caught:
        aggregated(engine, stages, target)
    return caught.value.code


def held(engine: Engine, name: str) -> list[Document]:
    """Return the documents of a collection, in natural order."""
    return aggregated(engine, [], name)
