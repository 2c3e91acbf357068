"""Documents without a stamp get that of the one version they are valid in."""

from __future__ import annotations

from typing import Any

import pytest
from harness.chains import declare
from harness.faces import Face

from ming import Field
from ming import schema as S
from ming._flows.adoption import adopt as adopt_flow
from ming._flows.operations import BulkWrite
from ming.exc import MingConfigError


def three(face: Face, **options: Any) -> Any:
    """A baseline without a stamp, and two versions with one."""
    return declare(
        face.sync_session,
        {"name": str},
        {"v": Field(2, required=True), "name": str, "email": S.String(required=True)},
        {"v": Field(3, required=True), "name": str, "mail": S.String(required=True)},
        **options,
    )


async def insert(face: Face, *documents: Any) -> None:
    await face.raw["docs"].insert_many([{"_id": number, **each} for number, each in enumerate(documents)])


async def stored(face: Face) -> list[Any]:
    return [raw async for raw in face.raw["docs"].find().sort("_id")]


async def test_each_document_gets_the_stamp_of_its_version(face: Face) -> None:
    await insert(face, {"name": "a", "email": "e"}, {"mail": "m", "more": 1}, {"v": None, "email": "n"})
    report = await face.session.adopt(three(face))
    assert report.stamped == {"V2": 2, "V3": 1}
    assert report.is_complete
    assert await stored(face) == [
        {"_id": 0, "name": "a", "email": "e", "v": 2},
        {"_id": 1, "mail": "m", "more": 1, "v": 3},
        {"_id": 2, "email": "n", "v": 2},
    ]


async def test_what_is_stamped_already_is_left_alone(face: Face) -> None:
    documents = [{"v": 2, "mail": "m"}, {"v": 9}, {"v": "x"}]
    await insert(face, *documents)
    report = await face.session.adopt(three(face))
    assert (report.seen, report.stamped) == (0, {})
    assert await stored(face) == [{"_id": number, **each} for number, each in enumerate(documents)]


async def test_documents_of_a_version_without_a_stamp_need_none(face: Face) -> None:
    await insert(face, {"name": "a"})
    report = await face.session.adopt(three(face))
    assert (report.baseline, report.stamped, report.is_complete) == (1, {}, True)
    assert await stored(face) == [{"_id": 0, "name": "a"}]


async def test_invalid_and_hybrid_documents_are_reported_and_left(face: Face) -> None:
    documents = [{"email": 5}, {"email": "e", "mail": "m"}, {"name": 7}]
    await insert(face, *documents)
    report = await face.session.adopt(three(face))
    assert report.invalid.count == 3
    reasons = dict(report.invalid.examples)
    assert "V2: email: 5 is not a <class 'str'>" in reasons[0]
    assert "V2: no place for mail" in reasons[1]
    assert not report.is_complete
    assert await stored(face) == [{"_id": number, **each} for number, each in enumerate(documents)]


async def test_ambiguous_documents_are_reported_and_left_unless_told(face: Face) -> None:
    cls = declare(face.sync_session, {"v": Field(1), "a": str}, {"v": Field(2), "a": str, "b": str})
    older = cls._manager.older.cls
    await insert(face, {"a": "x"}, {"b": "y"})
    report = await face.session.adopt(cls)
    assert report.ambiguous.examples == [(0, "valid as V1, V2")]
    assert (report.stamped, report.is_complete) == ({"V2": 1}, False)
    report = await face.session.adopt(cls, assume=older)
    assert report.stamped == {"V1": 1}
    assert await stored(face) == [{"_id": 0, "a": "x", "v": 1}, {"_id": 1, "b": "y", "v": 2}]


async def test_what_the_class_says_of_unstamped_documents_settles_ambiguity(face: Face) -> None:
    older = declare(face.sync_session, {"v": Field(1), "a": str})

    def newer(**options: Any) -> Any:
        from ming import collection

        fields = [Field("_id", S.Anything), Field("v", 2), Field("a", str)]
        return collection(
            "docs", face.sync_session, *fields, version_of=older, migrate=lambda old: old, **options
        )

    await insert(face, {"a": "x"})
    assert (await face.session.adopt(newer())).ambiguous.count == 1
    assert (await face.session.adopt(newer(unstamped=older))).stamped == {"V1": 1}


async def test_a_dry_run_counts_and_writes_nothing(face: Face) -> None:
    await insert(face, {"email": "e"}, {"email": 5})
    report = await face.session.adopt(three(face), dry_run=True)
    assert (report.stamped, report.invalid.count) == ({"V2": 1}, 1)
    assert await stored(face) == [{"_id": 0, "email": "e"}, {"_id": 1, "email": 5}]


async def test_more_documents_than_fit_a_batch(face: Face) -> None:
    await insert(face, *({"email": str(number)} if number % 2 else {"mail": "m"} for number in range(1101)))
    report = await face.session.adopt(three(face))
    assert report.stamped == {"V2": 550, "V3": 551}
    assert await face.raw["docs"].count_documents({"v": None}) == 0


async def test_what_a_validator_refuses_is_reported(face: Face) -> None:
    await insert(face, {"email": "e"}, {"mail": "m"})
    await face.raw.command({"collMod": "docs", "validator": {"v": {"$ne": 2}}})
    report = await face.session.adopt(three(face))
    assert (report.stamped, report.refused.count) == ({"V3": 1}, 1)
    assert report.refused.examples[0][0] == 0


@pytest.mark.parametrize("wrong", ["a chain without stamps", "a foreign class"])
async def test_wrong_use_is_refused(face: Face, wrong: str) -> None:
    plain = declare(face.sync_session, {"a": str})
    cls, assume = (plain, None) if wrong == "a chain without stamps" else (three(face), plain)
    with pytest.raises(MingConfigError, match="no version of"):
        await face.session.adopt(cls, assume=assume)


# --- somebody else is first


def meanwhile(face: Face, flow: Any, *actions: Any) -> Any:
    """The flow with something happening just before each bulk write."""
    waiting = list(actions)

    def play() -> Any:
        reply: Any = None
        while True:
            try:
                operation = flow.send(reply)
            except StopIteration as done:
                return done.value
            if isinstance(operation, BulkWrite) and waiting:
                waiting.pop(0)()
            reply = yield operation

    return play()


def adopted(face: Face, *actions: Any) -> Any:
    from ming._drive import run

    cls = three(face)
    return run(meanwhile(face, adopt_flow(cls._manager), *actions), face.sync_session)


async def test_a_document_that_changes_meanwhile_is_looked_at_again(face: Face) -> None:
    await insert(face, {"email": "e"}, {"email": "f"})
    docs = face.sync_session.db["docs"]
    change = {"$unset": {"email": ""}, "$set": {"mail": "m"}}
    report = adopted(face, lambda: docs.update_one({"_id": 0}, change))
    assert (report.stamped, report.conflicts) == ({"V2": 1, "V3": 1}, 1)
    assert await stored(face) == [{"_id": 0, "mail": "m", "v": 3}, {"_id": 1, "email": "f", "v": 2}]


async def test_a_key_that_appears_meanwhile_counts(face: Face) -> None:
    await insert(face, {"email": "e"})
    docs = face.sync_session.db["docs"]
    report = adopted(face, lambda: docs.update_one({"_id": 0}, {"$set": {"mail": "m"}}))
    assert (report.stamped, report.invalid.count) == ({}, 1)
    assert await stored(face) == [{"_id": 0, "email": "e", "mail": "m"}]


async def test_documents_that_others_delete_or_stamp_are_settled(face: Face) -> None:
    await insert(face, {"email": "e"}, {"email": "f"}, {"email": "g"})
    docs = face.sync_session.db["docs"]

    def act() -> None:
        docs.delete_one({"_id": 0})
        docs.update_one({"_id": 1}, {"$set": {"v": 9}})

    report = adopted(face, act)
    assert (report.stamped, report.is_complete) == ({"V2": 1}, True)
    assert await stored(face) == [{"_id": 1, "email": "f", "v": 9}, {"_id": 2, "email": "g", "v": 2}]


async def test_a_document_that_never_rests_is_reported(face: Face) -> None:
    await insert(face, {"email": "e"})
    docs = face.sync_session.db["docs"]
    change = [{"$set": {"name": {"$concat": [{"$ifNull": ["$name", ""]}, "x"]}}}]
    report = adopted(face, *[lambda: docs.update_one({"_id": 0}, change)] * 20)
    assert report.refused.examples == [(0, "changed by others in each of 10 attempts")]
    assert report.conflicts == 10
