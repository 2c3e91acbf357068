"""Validators of collections: what is refused, where, and what a refusal tells; as a server answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from bson import ObjectId

from ming.mim.commands.core import Engine
from ming.mim.data.errors import CommandError

Document = dict[str, Any]

POSITIVE = {"a": {"$gt": 0}}
DETAILS = {
    "operatorName": "$gt",
    "specifiedAs": POSITIVE,
    "reason": "comparison failed",
    "consideredValue": -1,
}


@pytest.fixture
def engine() -> Engine:
    made = Engine()
    made.command("db", {"create": "c", "validator": POSITIVE})
    return made


def write(engine: Engine, command: Document) -> int | None:
    """Perform a write and return the code of its refusal, None if it was performed."""
    try:
        reply = engine.command("db", command)
    except CommandError as error:
        return error.code
    errors = reply.get("writeErrors")
    return errors[0]["code"] if errors else None


def contents(engine: Engine) -> list[Document]:
    batch: list[Document] = engine.command("db", {"find": "c"})["cursor"]["firstBatch"]
    return batch


def update(change: Any, **options: Any) -> Document:
    return {"update": "c", "updates": [{"q": {"_id": 1}, "u": change, **options}]}


def test_a_refused_insert_tells_why(engine: Engine) -> None:
    reply = engine.command("db", {"insert": "c", "documents": [{"_id": 1, "a": 1}, {"_id": 2, "a": -1}]})
    assert reply["n"] == 1
    assert reply["writeErrors"] == [
        {
            "index": 1,
            "code": 121,
            "errmsg": "Document failed validation",
            "errInfo": {"failingDocumentId": 2, "details": DETAILS},
        }
    ]


@pytest.mark.parametrize(
    "command",
    [
        update({"$set": {"a": -1}}),
        update({"a": -1}),
        update([{"$set": {"a": -1}}]),
        update({"$set": {"a": -1}}, multi=True),
        {"findAndModify": "c", "query": {"_id": 1}, "update": {"$set": {"a": -1}}},
        {"update": "c", "updates": [{"q": {"_id": 5}, "u": {"$set": {"a": -1}}, "upsert": True}]},
        {"findAndModify": "c", "query": {"_id": 5}, "update": {"a": -1}, "upsert": True},
    ],
)
def test_every_write_is_checked_unless_bypassed(engine: Engine, command: Document) -> None:
    engine.command("db", {"insert": "c", "documents": [{"_id": 1, "a": 1}]})
    assert write(engine, command) == 121
    assert contents(engine) == [{"_id": 1, "a": 1}]
    assert write(engine, {**command, "bypassDocumentValidation": True}) is None
    assert contents(engine)[-1]["a"] == -1


def test_find_and_modify_tells_where(engine: Engine) -> None:
    engine.command("db", {"insert": "c", "documents": [{"_id": 1, "a": 1}]})
    with pytest.raises(CommandError) as caught:
        engine.command("db", {"findAndModify": "c", "query": {}, "update": {"$set": {"a": -1}}})
    assert (
        caught.value.errmsg
        == "Plan executor error during findAndModify :: caused by :: Document failed validation"
    )
    assert caught.value.details == {"errInfo": {"failingDocumentId": 1, "details": DETAILS}}


def test_validation_comes_before_uniqueness(engine: Engine) -> None:
    engine.command("db", {"insert": "c", "documents": [{"_id": 1, "a": 1}]})
    assert write(engine, {"insert": "c", "documents": [{"_id": 1, "a": -1}]}) == 121


def test_a_write_that_changes_nothing_is_not_checked(engine: Engine) -> None:
    broken = {"insert": "c", "documents": [{"_id": 1, "a": -1}], "bypassDocumentValidation": True}
    assert write(engine, broken) is None
    assert write(engine, update({"$set": {"a": -1}})) is None
    assert write(engine, update({"$set": {"b": 1}})) == 121


@pytest.mark.parametrize(
    ("options", "insert", "sound_to_broken", "broken_to_broken"),
    [
        ({}, 121, 121, 121),
        ({"validationLevel": "strict"}, 121, 121, 121),
        ({"validationLevel": "moderate"}, 121, 121, None),
        ({"validationLevel": "off"}, None, None, None),
        ({"validationAction": "warn"}, None, None, None),
        ({"validationLevel": "moderate", "validationAction": "warn"}, None, None, None),
    ],
)
def test_levels_and_actions(
    options: Document, insert: int | None, sound_to_broken: int | None, broken_to_broken: int | None
) -> None:
    engine = Engine()
    engine.command("db", {"create": "c", "validator": POSITIVE, **options})
    assert write(engine, {"insert": "c", "documents": [{"_id": 9, "a": -1}]}) == insert
    both = [{"_id": 1, "a": 1}, {"_id": 2, "a": -1}]
    engine.command("db", {"insert": "c", "documents": both, "bypassDocumentValidation": True})
    assert write(engine, update({"$set": {"a": -2}})) == sound_to_broken
    change = {"update": "c", "updates": [{"q": {"_id": 2}, "u": {"$set": {"a": -2}}}]}
    assert write(engine, change) == broken_to_broken


def test_the_time_of_a_validator_is_that_of_the_write() -> None:
    clock = [datetime(2024, 1, 1)]
    engine = Engine(now=lambda: clock[0], new_id=ObjectId)
    engine.command("db", {"create": "c", "validator": {"$expr": {"$lt": ["$at", "$$NOW"]}}})
    document = {"insert": "c", "documents": [{"_id": 1, "at": datetime(2024, 1, 2)}]}
    assert write(engine, document) == 121
    clock[0] = datetime(2024, 1, 3)
    assert write(engine, document) is None


@pytest.mark.parametrize(
    ("validator", "code"),
    [
        (5, 14),
        ([], 14),
        ({"$where": "1"}, 2),
        ({"$text": {"$search": "x"}}, 2),
        ({"$and": [{"$text": {"$search": "x"}}]}, 2),
        ({"a": {"$near": [1, 2]}}, 5626500),
        ({"a": {"$foo": 1}}, 2),
        ({"$jsonSchema": {"foo": 1}}, 9),
        ({"$nor": []}, 2),
        ({"$expr": "$$USER"}, 17276),
        ({"$sampleRate": 0.4}, 3040500),
        ({"$expr": {"$function": {"body": "", "args": [], "lang": "js"}}}, 4660800),
    ],
)
def test_what_no_validator_can_ask(validator: Any, code: int) -> None:
    engine = Engine()
    for options in {}, {"validationLevel": "off"}:
        assert write(engine, {"create": "c", "validator": validator, **options}) == code
    engine.command("db", {"create": "c"})
    assert write(engine, {"collMod": "c", "validator": validator}) == code


def test_changing_the_rule(engine: Engine) -> None:
    def options() -> Document:
        (listed,) = engine.command("db", {"listCollections": 1})["cursor"]["firstBatch"]
        return dict(listed["options"])

    assert options() == {"validator": POSITIVE}
    engine.command("db", {"collMod": "c", "validationLevel": "moderate"})
    assert options() == {
        "validator": POSITIVE,
        "validationLevel": "moderate",
        "validationAction": "error",
    }
    engine.command("db", {"collMod": "c", "validator": {"a": {"$lt": 0}}, "validationLevel": "strict"})
    assert write(engine, {"insert": "c", "documents": [{"_id": 1, "a": 1}]}) == 121
    engine.command("db", {"collMod": "c", "validator": {}})
    assert options() == {"validationLevel": "strict", "validationAction": "error"}
    assert write(engine, {"insert": "c", "documents": [{"_id": 1, "a": 1}]}) is None


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"validationLevel": "x"}, 2),
        ({"validationLevel": 5}, 14),
        ({"validationAction": "off"}, 2),
        ({"validationAction": None}, None),
    ],
)
def test_levels_and_actions_are_words(options: Document, code: int | None) -> None:
    assert write(Engine(), {"create": "c", **options}) == code


def test_out_and_merge_are_checked(engine: Engine) -> None:
    engine.command("db", {"insert": "source", "documents": [{"_id": 1, "a": -1}]})
    for stage in {"$out": "c"}, {"$merge": "c"}:
        command = {"aggregate": "source", "pipeline": [stage], "cursor": {}}
        with pytest.raises(CommandError) as caught:
            engine.command("db", command)
        assert caught.value.code == 121
        assert caught.value.details["errInfo"] == {"failingDocumentId": 1, "details": DETAILS}
        assert contents(engine) == []
    engine.command("db", {**command, "bypassDocumentValidation": True})
    assert contents(engine) == [{"_id": 1, "a": -1}]


def test_a_rule_that_cannot_be_asked_is_broken() -> None:
    engine = Engine()
    engine.command("db", {"create": "c", "validator": {"$expr": {"$gt": [{"$divide": [1, "$a"]}, 0]}}})
    reply = engine.command("db", {"insert": "c", "documents": [{"_id": 1, "a": 0}]})
    details = reply["writeErrors"][0]["errInfo"]["details"]
    assert details["details"] == {"code": 2, "codeName": "BadValue", "errmsg": "can't $divide by zero"}
