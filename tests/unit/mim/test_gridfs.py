"""PyMongo's GridFS over the engine, sync and async: files go in, are found, come out and go."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import gridfs
import pytest
from gridfs import GridFS, GridFSBucket, GridOut
from gridfs.asynchronous import AsyncGridFS, AsyncGridFSBucket
from gridfs.errors import FileExists, NoFile

from ming import mim

DATA = bytes(range(256)) * 1000


@pytest.fixture(params=[False, True], ids=["lenient", "strict"])
def db(request: pytest.FixtureRequest) -> mim.Database:
    return mim.Connection(strict=request.param).db


@pytest.fixture
def files(db: mim.Database) -> GridFS:
    return GridFS(db)


@pytest.fixture
def bucket(db: mim.Database) -> GridFSBucket:
    return GridFSBucket(db, chunk_size_bytes=1000)


@pytest.fixture
def async_db() -> mim.AsyncDatabase:
    return mim.AsyncConnection().db


# -- GridFS -------------------------------------------------------------------------------------------


def test_a_file_is_chunks(db: mim.Database, files: GridFS) -> None:
    file_id = files.put(DATA, filename="a.bin", chunkSize=100_000, metadata={"kind": "test"})
    assert db.fs.chunks.count_documents({"files_id": file_id}) == 3
    stored = db.fs.files.find_one(file_id)
    assert stored is not None
    assert (stored["length"], stored["chunkSize"]) == (len(DATA), 100_000)
    out = files.get(file_id)
    assert (out.read(), out.filename, out.length, out.metadata) == (
        DATA,
        "a.bin",
        len(DATA),
        {"kind": "test"},
    )


def test_reading_in_parts(files: GridFS) -> None:
    out = files.get(files.put(b"one\ntwo\nthree", chunkSize=4))
    assert out.readline() == b"one\n"
    assert out.read(2) == b"tw"
    assert out.tell() == 6
    out.seek(-5, 2)
    assert out.read() == b"three"
    out.seek(0)
    assert list(out) == [b"one\n", b"two\n", b"three"]
    out.seek(0)
    assert out.readchunk() == b"one\n"


def test_writing_in_parts(files: GridFS) -> None:
    with files.new_file(filename="parts", chunkSize=3) as file:
        file.write(b"ab")
        file.writelines([b"cd", b"ef", b"g"])
    assert files.get(file._id).read() == b"abcdefg"


def _upload(db: mim.Database, files: Any, *texts: str) -> list[Any]:
    """Store versions of a file, a day apart."""
    ids = []
    for day, text in enumerate(texts, 1):
        ids.append(files.put(text.encode(), filename="v", note=text))
        db.fs.files.update_one({"_id": ids[-1]}, {"$set": {"uploadDate": datetime(2024, 1, day)}})
    return ids


def test_versions(db: mim.Database, files: GridFS) -> None:
    ids = _upload(db, files, "first", "second", "third")
    assert files.get_last_version("v").read() == files.get_version("v", 2).read() == b"third"
    assert files.get_version("v", 0).read() == b"first"
    assert files.get_last_version("v", note="second")._id == ids[1]
    with pytest.raises(NoFile):
        files.get_version("v", 3)
    with pytest.raises(NoFile):
        files.get_last_version("unknown")


def test_what_there_is(files: GridFS) -> None:
    file_id = files.put(b"x", filename="a", kind="note")
    files.put(b"y", filename="b")
    assert files.list() == ["a", "b"]
    assert files.exists(file_id)
    assert files.exists({"kind": "note"})
    assert files.exists(filename="b")
    assert not files.exists(filename="c")


def test_find(files: GridFS) -> None:
    for number in range(5):
        files.put(str(number).encode(), filename=f"f{number}", number=number)
    found = files.find({"number": {"$gt": 1}}).sort("number", -1).skip(1).limit(2)
    assert [out.read() for out in found] == [b"3", b"2"]
    assert found.alive is False
    assert [out.filename for out in files.find()] == [f"f{number}" for number in range(5)]
    one = files.find_one({"number": 4})
    assert isinstance(one, GridOut)
    assert one.read() == b"4"
    assert files.find_one({"number": 9}) is None
    with files.find() as cursor:
        assert next(cursor).read() == b"0"
    again = files.find({"number": 2})
    assert [out.number for out in again.clone()] == [2]
    assert [out.number for out in again] == [2]
    assert [out.number for out in again.rewind()] == [2]


def test_ids_are_unique(files: GridFS) -> None:
    files.put(b"", _id="mine")
    with pytest.raises(FileExists):
        files.put(b"", _id="mine")
    assert files.get("mine").read() == b""


def test_deleting_takes_the_chunks(db: mim.Database, files: GridFS) -> None:
    kept, gone = files.put(b"kept"), files.put(b"gone")
    files.delete(gone)
    with pytest.raises(NoFile):
        files.get(gone)
    assert files.get(kept).read() == b"kept"
    assert db.fs.chunks.count_documents({}) == 1
    files.delete("unknown")


def test_indexes_of_the_files(db: mim.Database, files: GridFS) -> None:
    files.put(b"x")
    (of_chunks,) = (e for name, e in db.fs.chunks.index_information().items() if name != "_id_")
    assert of_chunks["key"] == [("files_id", 1), ("n", 1)]
    assert of_chunks["unique"]
    (of_files,) = (e for name, e in db.fs.files.index_information().items() if name != "_id_")
    assert of_files["key"] == [("filename", 1), ("uploadDate", 1)]


def test_own_index_beside_the_files(db: mim.Database) -> None:
    db.docs.files.create_index("filename")
    files = GridFS(db, "docs")
    file_id = files.put(b"x", filename="a")
    assert files.get(file_id).read() == b"x"
    assert len(db.docs.files.index_information()) >= 2


# -- GridFSBucket -------------------------------------------------------------------------------------


def test_bucket(db: mim.Database, bucket: GridFSBucket) -> None:
    file_id = bucket.upload_from_stream("a", DATA, metadata={"kind": "test"})
    assert db.fs.chunks.count_documents({}) == 256
    assert bucket.open_download_stream(file_id).read() == DATA
    with bucket.open_upload_stream("b") as stream:
        stream.write(b"hello")
    bucket.upload_from_stream_with_id("own", "c", b"!")
    assert [out.filename for out in bucket.find({}, sort=[("filename", 1)])] == ["a", "b", "c"]
    bucket.delete(file_id)
    assert db.fs.chunks.count_documents({}) == 2
    with pytest.raises(NoFile):
        bucket.delete(file_id)


def test_bucket_by_name(db: mim.Database, bucket: GridFSBucket, tmp_path: Path) -> None:
    _upload(db, GridFS(db), "first", "second")
    assert bucket.open_download_stream_by_name("v", revision=0).read() == b"first"
    assert bucket.open_download_stream_by_name("v").read() == b"second"
    with (tmp_path / "out").open("wb") as target:
        bucket.download_to_stream_by_name("v", target, revision=1)
    assert (tmp_path / "out").read_bytes() == b"second"
    with pytest.raises(NoFile):
        bucket.open_download_stream_by_name("b")
    with pytest.raises(NoFile):
        bucket.open_download_stream_by_name("v", revision=5)


def test_bucket_rename(bucket: GridFSBucket) -> None:
    file_id = bucket.upload_from_stream("a", b"x")
    bucket.rename(file_id, "b")
    assert bucket.open_download_stream_by_name("b").read() == b"x"
    with pytest.raises(NoFile):
        bucket.rename("unknown", "c")
    if hasattr(bucket, "rename_by_name"):
        bucket.rename_by_name("b", "d")
        assert bucket.find({"filename": "d"}).next().read() == b"x"
        bucket.delete_by_name("d")
        assert list(bucket.find({})) == []


def test_abort_leaves_nothing(db: mim.Database, bucket: GridFSBucket) -> None:
    stream = bucket.open_upload_stream("a")
    stream.write(DATA)
    stream.abort()
    assert db.fs.chunks.count_documents({}) == db.fs.files.count_documents({}) == 0


# -- async --------------------------------------------------------------------------------------------


async def test_async_files(async_db: mim.AsyncDatabase) -> None:
    files = AsyncGridFS(async_db)
    file_id = await files.put(DATA, filename="a", chunkSize=100_000)
    assert await (await files.get(file_id)).read() == DATA
    assert await (await files.get_last_version("a")).read() == DATA
    assert await files.list() == ["a"]
    assert await files.exists(file_id)
    found = await files.find_one({"filename": "a"})
    assert found is not None
    assert found.length == len(DATA)
    assert [out.filename async for out in files.find({})] == ["a"]
    async with files.new_file(filename="b") as file:
        await file.write(b"hello")
    assert [out.filename async for out in files.find({}).sort("filename", -1).limit(1)] == ["b"]
    with pytest.raises(FileExists):
        await files.put(b"", _id=file_id)
    await files.delete(file_id)
    with pytest.raises(NoFile):
        await files.get(file_id)


async def test_async_bucket(async_db: mim.AsyncDatabase) -> None:
    bucket = AsyncGridFSBucket(async_db, "docs", chunk_size_bytes=1000)
    file_id = await bucket.upload_from_stream("a", DATA)
    assert await (await bucket.open_download_stream(file_id)).read() == DATA
    await bucket.rename(file_id, "b")
    assert await (await bucket.open_download_stream_by_name("b")).read() == DATA
    assert [out.filename async for out in bucket.find({"filename": "b"})] == ["b"]
    await bucket.delete(file_id)
    assert await async_db.docs.chunks.count_documents({}) == 0
    with pytest.raises(NoFile):
        await bucket.open_download_stream_by_name("b")


def test_a_file_of_the_sync_face_is_one_of_the_async_face() -> None:
    conn = mim.Connection()
    file_id = gridfs.GridFS(conn.db).put(b"shared")
    assert mim.AsyncConnection(inner=conn)._inner.db.fs.files.find_one(file_id) is not None
