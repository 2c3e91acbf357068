"""Evaluating expressions by the engine, for tables of values that a server answered."""

from __future__ import annotations

from typing import Any

import bson
import pytest

from ming.mim.commands.core import Engine
from ming.mim.data.errors import CommandError

Document = dict[str, Any]


def evaluated(expression: Any, document: Document) -> bytes:
    """Return the BSON of an expression's value, so that types count and NaN is NaN."""
    engine = Engine()
    engine.command("db", {"insert": "c", "documents": [{"_id": 0, **document}]})
    stages = [{"$project": {"_id": 0, "v": expression}}]
    reply = engine.command("db", {"aggregate": "c", "pipeline": stages, "cursor": {}})
    return bson.encode(reply["cursor"]["firstBatch"][0])


def value(expected: Any) -> bytes:
    """Return what `evaluated` returns for a value; ``...`` stands for none."""
    return bson.encode({} if expected is ... else {"v": expected})


def refusal(expression: Any, document: Document) -> int:
    """Return the code of the error that evaluating an expression raises."""
    with pytest.raises(CommandError) as caught:
        evaluated(expression, document)
    return caught.value.code
