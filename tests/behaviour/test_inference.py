"""Inference from a collection: what is read of it."""

from __future__ import annotations

from typing import Any

from harness.faces import Face

from ming.infer import Inference, ainfer_collection, infer_collection


async def inferred(face: Face, size: int) -> Inference:
    """What the face infers of the collection ``things``."""
    if face.kind == "async":
        return await ainfer_collection(face.session, "things", size)
    return infer_collection(face.sync_session, "things", size)


async def test_a_small_collection_is_read_as_a_whole(face: Face) -> None:
    await face.raw.things.insert_many([{"_id": number, "a": number} for number in range(30)])
    inference = await inferred(face, 40)
    assert sorted(document["_id"] for document in inference.documents) == list(range(30))
    assert inference.extra == ()
    assert [(shape.name, shape.share) for shape in inference.shapes] == [("Thing", 1.0)]


async def test_of_a_large_one_some_are_read_each_once_and_both_ends_among_them(face: Face) -> None:
    await face.raw.things.insert_many([{"_id": number, "a": number} for number in range(200)])
    await face.raw.things.insert_one({"_id": 1000, "rare": 1})
    inference = await inferred(face, 40)
    sampled = [document["_id"] for document in inference.documents]
    ends = [document["_id"] for document in inference.extra]
    assert len(sampled) == 20
    assert len({*sampled, *ends}) == len(sampled) + len(ends)
    assert {*sampled, *ends} >= {*range(10), *range(192, 200), 1000}
    assert "rare = Field(int)" in inference.source()


async def test_a_collection_that_is_not_there_is_empty(face: Face) -> None:
    inference = await inferred(face, 40)
    shares: list[Any] = [shape.share for shape in inference.shapes]
    assert (inference.documents, shares) == ((), [0.0])
