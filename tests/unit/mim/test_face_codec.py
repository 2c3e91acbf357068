"""What documents look like after they went through a handle's codec options."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import bson
import pytest
from bson import SON, Binary, Code, DBRef, Int64, ObjectId, Regex
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions, TypeDecoder, TypeEncoder, TypeRegistry
from bson.decimal128 import Decimal128
from bson.errors import InvalidDocument
from bson.raw_bson import RawBSONDocument
from harness.awaited import Awaited

from ming import mim

UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")


@pytest.fixture(params=["sync", "async"])
def coll(request: pytest.FixtureRequest) -> Any:
    return Awaited(mim.Connection().db.things) if request.param == "sync" else mim.AsyncConnection().db.things


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ((1, 2), [1, 2]),
        (datetime(2020, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))), datetime(2020, 1, 1, 10)),
        (datetime(2020, 1, 1, 0, 0, 0, 123456), datetime(2020, 1, 1, 0, 0, 0, 123000)),
        (Binary(b"x"), b"x"),
        (Binary(b"x", 5), Binary(b"x", 5)),
        (2**40, Int64(2**40)),
        (SON([("a", SON(b=1))]), {"a": {"b": 1}}),
        (UUID, Binary(UUID.bytes, 3)),
        (DBRef("things", 1), DBRef("things", 1)),
        (Code("f"), Code("f")),
        (Regex("a", "i"), Regex("a", "i")),
        (Decimal128("1.5"), Decimal128("1.5")),
        (None, None),
    ],
)
async def test_copies_through_bson(coll: Any, given: Any, stored: Any) -> None:
    await coll.insert_one({"_id": 1, "a": given})
    found = (await coll.find_one())["a"]
    assert found == stored
    assert type(found) is type(stored)
    assert await coll.find_one({"a": given}) is not None


async def test_uuid_and_its_binary_both_find(coll: Any) -> None:
    await coll.insert_one({"_id": UUID})
    assert await coll.find_one({"_id": UUID}) == {"_id": Binary(UUID.bytes, 3)}
    assert await coll.find_one({"_id": Binary(UUID.bytes, 3)}) is not None
    assert await coll.distinct("_id") == [Binary(UUID.bytes, 3)]


async def test_binary_subtypes_differ(coll: Any) -> None:
    await coll.insert_one({"a": b"x"})
    assert await coll.count_documents({"a": b"x"}) == 1
    assert await coll.count_documents({"a": Binary(b"x", 0)}) == 1
    assert await coll.count_documents({"a": Binary(b"x", 5)}) == 0


@pytest.mark.parametrize("value", [{1, 2}, Decimal("1.5"), object()])
async def test_what_bson_cannot_hold(coll: Any, value: Any) -> None:
    with pytest.raises(InvalidDocument):
        await coll.insert_one({"a": value})
    cursor = coll.find({"a": value})
    with pytest.raises(InvalidDocument):
        await cursor.to_list()


async def test_returned_documents_are_apart_from_the_store(coll: Any) -> None:
    await coll.insert_one({"_id": 1, "a": {"b": [1]}})
    for document in (
        await coll.find_one(),
        (await coll.find().all())[0],
        await coll.find_one_and_update({}, {"$set": {"c": 1}}),
        (await (await coll.aggregate([])).to_list())[0],
    ):
        document["a"]["b"].append(2)
    (await coll.distinct("a"))[0]["b"].append(3)
    assert await coll.find_one() == {"_id": 1, "a": {"b": [1]}, "c": 1}


async def test_filters_may_be_raw(coll: Any) -> None:
    await coll.insert_one({"_id": 1, "a": {"b": 1}})
    raw = RawBSONDocument(bson.encode({"$or": [{"_id": {"$in": [1]}}, {"a": {"b": 2}}]}))
    assert await coll.count_documents(raw) == 1
    assert await coll.count_documents({"a": RawBSONDocument(bson.encode({"b": 1}))}) == 1
    assert await coll.find_one(raw) is not None


async def test_raw_documents_in_and_out(coll: Any) -> None:
    handle = coll.with_options(codec_options=CodecOptions(document_class=RawBSONDocument))
    data = bson.encode({"_id": 1, "a": {"b": 1}})
    result = await handle.insert_one(RawBSONDocument(data))
    assert result.inserted_id == 1
    assert (await handle.find_one()).raw == data
    assert (await handle.find_one({"_id": 1})).raw == data
    old = await handle.find_one_and_update({}, {"$set": {"a": 1}})
    assert old.raw == data
    assert await coll.find_one() == {"_id": 1, "a": 1}


async def test_raw_document_without_id(coll: Any) -> None:
    result = await coll.insert_one(RawBSONDocument(bson.encode({"a": 1})))
    assert result.inserted_id is None
    assert isinstance((await coll.find_one())["_id"], ObjectId)


async def test_document_class(coll: Any) -> None:
    handle = coll.with_options(codec_options=CodecOptions(document_class=OrderedDict))
    await handle.insert_one({"_id": 1, "a": {"b": 1}})
    found = await handle.find_one()
    assert type(found) is type(found["a"]) is OrderedDict


async def test_time_zones(coll: Any) -> None:
    options = CodecOptions[dict[str, Any]](tz_aware=True, tzinfo=timezone.utc)
    await coll.insert_one({"a": datetime(2020, 1, 1)})
    handle = coll.with_options(codec_options=options)
    assert (await handle.find_one())["a"] == datetime(2020, 1, 1, tzinfo=timezone.utc)
    assert await handle.distinct("a") == [datetime(2020, 1, 1, tzinfo=timezone.utc)]


async def test_uuid_representations(coll: Any) -> None:
    standard = CodecOptions[dict[str, Any]](uuid_representation=UuidRepresentation.STANDARD)
    handle = coll.with_options(codec_options=standard)
    await handle.insert_one({"_id": UUID})
    assert await handle.find_one({"_id": UUID}) == {"_id": UUID}
    assert await coll.find_one() == {"_id": Binary(UUID.bytes, 4)}
    legacy = CodecOptions[dict[str, Any]](uuid_representation=UuidRepresentation.PYTHON_LEGACY)
    handle = coll.with_options(codec_options=legacy)
    await handle.insert_one({"_id": UUID})
    assert await handle.find_one({"_id": UUID}) == {"_id": UUID}


def test_strict_connections_refuse_uuids_as_the_driver() -> None:
    with pytest.raises(ValueError, match=r"uuid\.UUID"):
        mim.Connection(strict=True).db.things.insert_one({"_id": UUID})


class _Point:
    def __init__(self, x: int) -> None:
        self.x = x


class _PointEncoder(TypeEncoder):
    python_type = _Point

    def transform_python(self, value: Any) -> Any:
        return Binary(bytes([value.x]), 128)


class _PointDecoder(TypeDecoder):
    bson_type = Binary

    def transform_bson(self, value: Any) -> Any:
        return _Point(value[0])


async def test_custom_types(coll: Any) -> None:
    registry = TypeRegistry([_PointEncoder(), _PointDecoder()])
    handle = coll.with_options(codec_options=CodecOptions(type_registry=registry))
    await handle.insert_one({"_id": 1, "at": _Point(3)})
    assert (await handle.find_one({"at": _Point(3)}))["at"].x == 3
    assert await coll.find_one() == {"_id": 1, "at": Binary(b"\x03", 128)}
