"""Strings compared by a collation, on every store and face."""

from __future__ import annotations

from typing import Any

import pytest
from harness.faces import Face
from pymongo import DeleteMany, UpdateMany
from pymongo.collation import Collation
from pymongo.errors import DuplicateKeyError

from ming import Document, Field

ALIKE = Collation("en", strength=2)
"""Capitals and small letters are the same."""


class Word(Document):
    class __mongometa__:
        name = "words"

    _id = Field(int)
    text = Field(str)


async def fill(face: Face) -> Any:
    """Store words and return the driver's collection."""
    words = face.raw["words"]
    await words.insert_many([{"_id": at, "text": text} for at, text in enumerate(["b", "A", "a", "é", "B"])])
    return words


async def test_finding_and_sorting(face: Face) -> None:
    await fill(face)
    found = face.session.find(Word, {"text": "a"}).collation(ALIKE).sort([("_id", 1)])
    assert [document._id for document in await found.all()] == [1, 2]
    everything = face.session.find(Word).collation({"locale": "en"}).sort("text")
    assert "".join([document.text async for document in everything]) == "aAbBé"


async def test_reading_by_the_drivers_methods(face: Face) -> None:
    words = await fill(face)
    assert await words.count_documents({"text": "B"}, collation=ALIKE) == 2
    assert (await words.find_one({"text": "É"}, collation=ALIKE))["_id"] == 3
    distinct = await words.distinct("text", collation={"locale": "en", "strength": 1})
    assert distinct == ["A", "b", "é"]
    stages = [{"$group": {"_id": "$text", "n": {"$sum": 1}}}, {"$sort": {"_id": 1}}]
    grouped = await (await words.aggregate(stages, collation=ALIKE)).to_list()
    assert grouped == [{"_id": "A", "n": 2}, {"_id": "b", "n": 2}, {"_id": "é", "n": 1}]


async def test_writing_by_the_drivers_methods(face: Face) -> None:
    words = await fill(face)
    assert (await words.update_many({"text": "a"}, {"$set": {"n": 1}}, collation=ALIKE)).modified_count == 2
    assert (await words.update_one({"text": "É"}, {"$set": {"n": 1}}, collation=ALIKE)).modified_count == 1
    assert (await words.replace_one({"text": "É"}, {"text": "e"}, collation=ALIKE)).modified_count == 1
    found = await words.find_one_and_update({"text": "E"}, {"$set": {"n": 2}}, collation=ALIKE)
    assert found == {"_id": 3, "text": "e"}
    requests = [
        UpdateMany({"text": "A"}, {"$set": {"n": 3}}, collation=ALIKE),
        DeleteMany({"text": "B"}, collation=ALIKE),
    ]
    result = await words.bulk_write(requests)
    assert (result.modified_count, result.deleted_count) == (2, 2)
    assert (await words.delete_one({"text": "E"}, collation=ALIKE)).deleted_count == 1
    assert (await words.delete_many({"text": "A"}, collation=ALIKE)).deleted_count == 2


async def test_a_collection_with_a_collation(face: Face) -> None:
    await face.raw.create_collection("words", collation=ALIKE)
    words = face.raw["words"]
    await words.insert_one({"_id": "a", "text": "x"})
    assert await words.find_one({"_id": "A"}) == {"_id": "a", "text": "x"}
    assert await words.find_one({"_id": "A"}, collation={"locale": "simple"}) is None
    with pytest.raises(DuplicateKeyError):
        await words.insert_one({"_id": "A"})
    await words.create_index("text", name="by_text", unique=True)
    with pytest.raises(DuplicateKeyError):
        await words.insert_one({"_id": "b", "text": "X"})
    assert (await words.index_information())["by_text"]["collation"]["strength"] == 2
    assert (await words.options())["collation"]["locale"] == "en"


async def test_an_index_with_a_collation(face: Face) -> None:
    words = await fill(face)
    assert await words.create_index("text", name="alike", collation=ALIKE) == "alike"
    assert await words.create_index("text", name="plain") == "plain"
    information = await words.index_information()
    assert information["alike"]["collation"]["locale"] == "en"
    assert "collation" not in information["plain"]
    for collation, count in ((ALIKE, 2), ({"locale": "en"}, 1), (None, 1)):
        assert await words.count_documents({"text": "a"}, collation=collation) == count
