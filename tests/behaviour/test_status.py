"""How many documents of a collection are of which version."""

from __future__ import annotations

from typing import Any

import pytest
from harness.chains import declare
from harness.faces import Face

from ming import Field, collection
from ming import schema as S
from ming._drive import arun, run
from ming._flows.status import find_status
from ming.evolve.status import CollectionStatus, Verdict, estimated


def stamped(face: Face, **options: Any) -> Any:
    """A baseline without a stamp, and two versions with one."""
    return declare(
        face.sync_session,
        {"name": str},
        {"v": Field(2), "name": str, "email": str},
        {"v": Field(3), "name": str, "mail": str},
        **options,
    )


async def status(face: Face, cls: Any, *documents: dict[str, Any], **options: Any) -> CollectionStatus:
    if documents:
        await face.raw["docs"].insert_many([{"_id": number, **each} for number, each in enumerate(documents)])
    flow = find_status(cls._manager, **options)
    return run(flow, face.sync_session) if face.kind == "sync" else await arun(flow, face.session)


def counts(found: CollectionStatus) -> dict[str, int]:
    return {version.name: version.count for version in found.versions}


async def test_stamps_are_counted_and_other_documents_read(face: Face) -> None:
    found = await status(
        face,
        stamped(face),
        {"name": "a"},
        {"name": "b", "v": None},
        {"mail": "m"},
        {"v": 2, "email": "e"},
        {"v": 3.0},
        {"v": 3, "more": 1},
    )
    assert counts(found) == {"V1": 1, "V2": 1, "V3": 4}
    assert (found.total, found.old, found.invalid) == (6, 2, 0)
    assert (found.examined, found.unread) == (3, 0)
    assert [version.name for version in found.versions if version.is_newest] == ["V3"]


async def test_documents_that_are_of_no_version(face: Face) -> None:
    found = await status(
        face,
        stamped(face),
        {"v": 9},
        {"v": "x"},
        {"v": True},
        {"email": "e", "mail": "m"},
        {"name": 5},
        {"v": [2]},
    )
    assert found.others == {Verdict.TOO_NEW: 1, Verdict.INVALID: 4, Verdict.HYBRID: 1}
    assert (counts(found), found.invalid) == ({"V1": 0, "V2": 0, "V3": 0}, 6)


async def test_documents_that_their_version_does_not_accept(face: Face) -> None:
    documents = [{"v": 2, "email": 5}, {"v": 2, "email": "e"}, {"v": 3, "mail": []}]
    cls = stamped(face)
    found = await status(face, cls, *documents)
    assert {version.name: version.invalid for version in found.versions} == {"V1": 0, "V2": 1, "V3": 1}
    found = await status(face, cls, validate=False)
    assert {version.invalid for version in found.versions} == {None}


async def test_unknown_keys_that_the_class_forbids(face: Face) -> None:
    found = await status(face, stamped(face, unknown="forbid"), {"v": 3, "more": 1}, {"v": 2, "more": 1})
    assert {version.name: version.invalid for version in found.versions} == {"V1": 0, "V2": 0, "V3": 1}


async def test_a_sample_is_extended_to_the_whole(face: Face) -> None:
    documents = [{"mail": "m"} if number % 4 else {"name": "n"} for number in range(200)]
    found = await status(face, stamped(face), *documents, {"v": 2}, sample=50)
    assert (found.examined, found.unread, found.total) == (50, 150, 201)
    assert 0 < counts(found)["V1"] < 150
    found = await status(face, stamped(face), sample=None)
    assert (found.examined, found.unread) == (200, 0)
    assert counts(found) == {"V1": 50, "V2": 1, "V3": 150}


async def test_a_chain_without_stamps_is_read(face: Face) -> None:
    cls = declare(face.sync_session, {"title": str}, {"heading": S.String(required=True)})
    found = await status(
        face, cls, {"title": "a"}, {"heading": "b"}, {"heading": "c"}, {"title": "d", "heading": "e"}
    )
    assert counts(found) == {"V1": 1, "V2": 2}
    assert found.others == {Verdict.HYBRID: 1}


async def test_a_class_without_older_versions_needs_no_reading(face: Face) -> None:
    cls = declare(face.sync_session, {"title": str})
    found = await status(face, cls, {"title": "a"}, {"title": 5})
    assert (counts(found), found.invalid, found.examined) == ({"V1": 2}, 1, 0)


async def test_two_stamps_that_disagree(face: Face) -> None:
    cls = declare(face.sync_session, {"v": Field(1), "w": Field(1)}, {"v": Field(2), "w": Field(2)})
    found = await status(face, cls, {"v": 1, "w": 1}, {"v": 2}, {"v": 1, "w": 2})
    assert counts(found) == {"V1": 1, "V2": 1}
    assert found.others == {Verdict.HYBRID: 1}


async def test_classes_of_a_family_have_versions_of_their_own(face: Face) -> None:
    kinds: dict[str, Any] = {}
    options: dict[str, Any] = {"polymorphic_on": "kind", "polymorphic_registry": kinds}
    fields = [Field("_id", int), Field("kind", str)]
    session = face.sync_session
    base = collection("docs", session, *fields, polymorphic_identity="base", **options)
    older = collection("docs", session, *fields, Field("a", str), polymorphic_identity="old", **options)
    collection(
        "docs",
        session,
        *fields,
        Field("v", 2),
        Field("b", str),
        polymorphic_identity="talk",
        version_of=older,
        migrate=lambda old: old,
        **options,
    )
    found = await status(face, base, {"kind": "base"}, {"kind": "talk", "v": 2, "b": "x"})
    assert found.total == 2


async def test_the_collation_of_a_collection_does_not_blur_stamps(face: Face) -> None:
    await face.raw.create_collection("docs", collation={"locale": "en", "strength": 1})
    cls = declare(face.sync_session, {"v": S.Value("a")}, {"v": S.Value("A")})
    found = await status(face, cls, {"v": "a"}, {"v": "A"}, {"v": "A"})
    assert counts(found) == {"V1": 1, "V2": 2}


async def test_nothing_there(face: Face) -> None:
    found = await status(face, stamped(face))
    assert (found.total, found.examined, found.unread) == (0, 0, 0)


@pytest.mark.parametrize(
    ("sample", "whole", "expected"),
    [
        ({}, 5, {}),
        ({"a": 1}, 1000, {"a": 1000}),
        ({"a": 1, "b": 1, "c": 1}, 100, {"a": 34, "b": 33, "c": 33}),
        ({"a": 7, "b": 3}, 11, {"a": 8, "b": 3}),
    ],
)
def test_estimates_sum_up_to_the_whole(sample: dict[str, int], whole: int, expected: dict[str, int]) -> None:
    assert estimated(sample, whole) == expected
