"""What stored documents say against a class, as findings of a check."""

from __future__ import annotations

from typing import Any

from harness.chains import declare
from harness.faces import Face

from ming import Field
from ming import evolve as E
from ming._base_manager import manager_of
from ming._drive import arun, run
from ming._flows.data_check import check_data
from ming.evolve.check import Finding


async def findings(face: Face, cls: Any) -> list[Finding]:
    flow = check_data(manager_of(cls))
    if face.kind == "sync":
        return run(flow, face.sync_session)
    return await arun(flow, face.session)


def two(face: Face) -> Any:
    return declare(
        face.sync_session,
        {"v": Field(1, required=True), "n": str},
        {"v": Field(2, required=True), "m": str, "migrate": E.steps(E.move("n", "m"))},
    )


async def test_nothing_to_say_about_valid_documents(face: Face) -> None:
    await face.raw["docs"].insert_many([{"v": 1, "n": "a"}, {"v": 2, "m": "b", "more": 1}])
    assert await findings(face, two(face)) == []


async def test_documents_that_no_version_accepts(face: Face) -> None:
    wrong = [{"v": 1, "n": 5}, {"v": 1, "n": [1]}, {"v": 9}, {"v": 0}, {"v": 2, "m": "fine"}]
    await face.raw["docs"].insert_many(wrong)
    assert sorted((each.code, each.cls, each.message) for each in await findings(face, two(face))) == [
        ("invalid-documents", "V1", "2 of 2 documents with its stamp are not valid"),
        ("invalid-documents", "V2", "1 of 5 documents are accepted by no version"),
        (
            "too-new-documents",
            "V2",
            "1 of 5 documents bear the stamp of a newer version than this program knows",
        ),
    ]


async def test_documents_of_two_versions_at_once(face: Face) -> None:
    cls = declare(
        face.sync_session,
        {"n": str},
        {"v": Field(2), "m": str, "migrate": E.steps(E.move("n", "m"))},
        {"v": Field(3), "w": Field(1), "m": str, "migrate": E.steps()},
    )
    await face.raw["docs"].insert_many([{"v": 2, "w": 1, "m": "a"}, {"v": 3, "w": 1, "m": "b"}])
    (hybrid,) = await findings(face, cls)
    assert (hybrid.code, hybrid.message) == (
        "hybrid-documents",
        "1 of 2 documents have keys, or stamps, of several versions",
    )
