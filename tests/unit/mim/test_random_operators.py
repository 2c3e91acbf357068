"""``$rand``, ``$sampleRate``, and operators that need JavaScript."""

from __future__ import annotations

from typing import Any

import pytest

from ming.mim.commands.core import Engine
from ming.mim.data.errors import CommandError


@pytest.fixture
def engine() -> Engine:
    made = Engine()
    made.command("db", {"insert": "c", "documents": [{"_id": at} for at in range(50)]})
    return made


def found(engine: Engine, query: dict[str, Any]) -> list[dict[str, Any]]:
    documents: list[dict[str, Any]] = engine.command("db", {"find": "c", "filter": query})["cursor"][
        "firstBatch"
    ]
    return documents


@pytest.mark.parametrize("expression", [{"$rand": {}}, {"$rand": []}, {"$add": [{"$rand": {}}, 0]}], ids=str)
def test_each_document_has_a_random_number(engine: Engine, expression: Any) -> None:
    stages = [{"$project": {"v": expression}}]
    reply = engine.command("db", {"aggregate": "c", "pipeline": stages, "cursor": {}})
    numbers = [document["v"] for document in reply["cursor"]["firstBatch"]]
    assert len(set(numbers)) == 50
    assert all(0 <= number < 1 for number in numbers)


@pytest.mark.parametrize(("rate", "count"), [(0, 0), (1, 50), (1.0, 50)])
def test_sample_rates(engine: Engine, rate: float, count: int) -> None:
    assert len(found(engine, {"$sampleRate": rate})) == count
    assert 0 <= len(found(engine, {"$or": [{"$sampleRate": 0.5}]})) <= 50


@pytest.mark.parametrize("rate", [1.5, -0.1, float("nan"), "x", {}, None])
def test_refused_sample_rates(engine: Engine, rate: Any) -> None:
    with pytest.raises(CommandError) as caught:
        found(engine, {"$sampleRate": rate})
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"$where": "true"}, "$where"),
        ({"$expr": {"$function": {"body": "x", "args": [], "lang": "js"}}}, "$function"),
    ],
    ids=["where", "function"],
)
def test_javascript_is_refused_by_name(engine: Engine, query: dict[str, Any], name: str) -> None:
    with pytest.raises(NotImplementedError) as caught:
        found(engine, query)
    assert caught.value.args == (name,)
