"""Validators on the server: what `sync_validator` creates, changes, and leaves alone."""

from __future__ import annotations

from typing import Any

import pytest
from harness.chains import declare
from harness.faces import Face
from pymongo.errors import WriteError

from ming import schema as S
from ming.exc import MingConfigError


def people(session: Any, **newest: Any) -> Any:
    return declare(
        session,
        {"name": S.String(required=True)},
        {"version": 2, "names": [str], "migrate": lambda old: {"names": [old.name]}, **newest},
        name="people",
    )


async def options(face: Face) -> dict[str, Any]:
    reply = await face.raw.command({"listCollections": 1, "filter": {"name": "people"}})
    found = reply["cursor"]["firstBatch"]
    return dict(found[0]["options"]) if found else {}


async def test_a_collection_is_created_with_its_validator(face: Face) -> None:
    cls = people(face.sync_session)
    done = await face.session.sync_validator(cls)
    assert (done.collection, done.change, done.before) == ("people", "created", {})
    assert done.validator == cls.m.validator()
    assert await options(face) == {
        "validator": cls.m.validator(),
        "validationLevel": "moderate",
        "validationAction": "warn",
    }


async def test_a_collection_that_is_there_gets_one(face: Face) -> None:
    cls = people(face.sync_session)
    await face.raw.people.insert_one({"_id": 1, "name": "Ann"})
    assert (await face.session.sync_validator(cls)).change == "changed"
    assert (await options(face))["validator"] == cls.m.validator()
    assert (await face.session.sync_validator(cls)).change == "unchanged"


async def test_the_server_holds_documents_to_their_version(face: Face) -> None:
    cls = people(face.sync_session)
    await face.session.sync_validator(cls, level="strict", action="error")
    await face.raw.people.insert_many([{"_id": 1, "name": "Ann"}, {"_id": 2, "version": 2, "names": ["Bea"]}])
    refused: list[dict[str, Any]] = [
        {"name": 5},
        {"version": 2, "names": [5]},
        {"version": 3, "name": "Ann", "names": []},
        {"names": ["x"], "name": 5},
    ]
    for document in refused:
        with pytest.raises(WriteError) as caught:
            await face.raw.people.insert_one(document)
        assert caught.value.code == 121
    assert [person.names async for person in face.session.find(cls).sort("_id")] == [["Ann"], ["Bea"]]


async def test_warnings_refuse_nothing(face: Face) -> None:
    await face.session.sync_validator(people(face.sync_session))
    await face.raw.people.insert_one({"_id": 1, "name": 5})


async def test_a_new_version_changes_the_validator_and_says_what_was_before(face: Face) -> None:
    older = people(face.sync_session)
    await face.session.sync_validator(older)
    newer = people(face.sync_session, age=int)
    done = await face.session.sync_validator(newer, action="error")
    assert (done.change, done.before) == ("changed", older.m.validator())
    assert await options(face) == {
        "validator": newer.m.validator(),
        "validationLevel": "moderate",
        "validationAction": "error",
    }


def added_to(validator: dict[str, Any]) -> dict[str, Any]:
    return {**validator, "name": {"$ne": "nobody"}}


def changed(validator: dict[str, Any]) -> dict[str, Any]:
    return {"$jsonSchema": {**validator["$jsonSchema"], "minProperties": 2}}


def foreign(validator: dict[str, Any]) -> dict[str, Any]:
    return {"name": {"$type": "string"}}


@pytest.mark.parametrize("made", [added_to, changed, foreign])
async def test_a_validator_of_somebody_else_stays(face: Face, made: Any) -> None:
    cls = people(face.sync_session)
    theirs = made(cls.m.validator())
    await face.raw.command({"create": "people", "validator": theirs})
    with pytest.raises(MingConfigError, match="'people' has a validator that ming did not make") as caught:
        await face.session.sync_validator(cls)
    assert repr(theirs) in str(caught.value)
    assert (await options(face))["validator"] == theirs
    done = await face.session.sync_validator(cls, replace=True)
    assert (done.change, done.before) == ("changed", theirs)
    assert (await options(face))["validator"] == cls.m.validator()


async def test_a_wrong_level_or_action_is_refused_before_anything_is_sent(face: Face) -> None:
    cls = people(face.sync_session)
    with pytest.raises(ValueError, match="level='hard', expected one of off, moderate, strict"):
        await face.session.sync_validator(cls, level="hard")
    with pytest.raises(ValueError, match="action='log', expected one of warn, error"):
        await face.session.sync_validator(cls, action="log")
    assert await options(face) == {}


async def test_the_manager_hands_it_on(face: Face) -> None:
    cls = people(face.sync_session)
    done = cls.m.sync_validator(level="off")
    assert done.change == "created"
    await face.raw.people.insert_one({"_id": 1, "name": 5})
