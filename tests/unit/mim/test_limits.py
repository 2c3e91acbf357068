"""How large and how deep a stored document may be; as a server answers."""

from __future__ import annotations

from typing import Any

import bson
import pytest

from ming.mim.commands.core import Engine
from ming.mim.data.errors import CommandError

Document = dict[str, Any]

MOST = 16 * 1024 * 1024


def sized(size: int) -> Document:
    """Return a document of that many bytes."""
    empty = len(bson.encode({"_id": 1, "a": ""}))
    return {"_id": 1, "a": "x" * (size - empty)}


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def errors(reply: Document) -> list[int]:
    return [error["code"] for error in reply.get("writeErrors", ())]


@pytest.mark.parametrize(("size", "expected"), [(MOST, []), (MOST + 1, [2])])
def test_size_of_an_insert(size: int, expected: list[int]) -> None:
    assert errors(Engine().command("db", {"insert": "c", "documents": [sized(size)]})) == expected


def test_what_no_message_holds_fails_as_a_whole() -> None:
    engine = Engine()
    for command in (
        {"insert": "c", "documents": [{"_id": 2}, sized(MOST + 17 * 1024)]},
        {"update": "c", "updates": [{"q": {}, "u": {"$set": sized(MOST + 17 * 1024)}}]},
        {"find": "c", "filter": sized(MOST + 17 * 1024)},
    ):
        with pytest.raises(CommandError) as caught:
            engine.command("db", command)
        assert caught.value.code == 10334
        assert caught.value.code_name == "BSONObjectTooLarge"
    assert engine.command("db", {"count": "c"})["n"] == 0


def test_size_after_an_update() -> None:
    engine = Engine()
    engine.command("db", {"insert": "c", "documents": [sized(MOST - 100)]})
    grow = {"$set": {"b": "y" * 200}}
    assert errors(engine.command("db", {"update": "c", "updates": [{"q": {}, "u": grow}]})) == [17419]
    with pytest.raises(CommandError) as caught:
        engine.command("db", {"findAndModify": "c", "update": grow})
    assert caught.value.code == 17419
    half = "y" * (8 * 1024 * 1024)
    upsert = {"q": {"_id": 5}, "u": {"$set": {"b": half, "c": half}}, "upsert": True}
    assert errors(engine.command("db", {"update": "c", "updates": [upsert]})) == [17420]


@pytest.mark.parametrize(("levels", "expected"), [(179, []), (180, [15])])
def test_depth_of_an_insert(levels: int, expected: list[int]) -> None:
    document = {"_id": 1, "d": nested(levels)}
    assert errors(Engine().command("db", {"insert": "c", "documents": [document]})) == expected


@pytest.mark.parametrize(("levels", "expected"), [(178, []), (179, [15])])
def test_depth_after_an_update(levels: int, expected: list[int]) -> None:
    engine = Engine()
    engine.command("db", {"insert": "c", "documents": [{"_id": 1}]})
    change = {"$set": {"z.z": nested(levels)}}
    assert errors(engine.command("db", {"update": "c", "updates": [{"q": {}, "u": change}]})) == expected


def test_many_documents_beside_each_other_are_not_deep() -> None:
    document = {"_id": 1, "l": [{"a": {"b": []}} for _ in range(500)]}
    assert errors(Engine().command("db", {"insert": "c", "documents": [document]})) == []
