"""PyMongo's GridFS over the engine: files go in and come out."""

from __future__ import annotations

import gridfs
import pytest
from gridfs.asynchronous import AsyncGridFS
from gridfs.errors import FileExists, NoFile

from ming import mim


def test_put_and_get() -> None:
    db = mim.Connection().db
    files = gridfs.GridFS(db)
    file_id = files.put(b"x" * 300_000, filename="a.txt", chunkSize=100_000)
    assert files.get(file_id).read() == b"x" * 300_000
    assert files.get_last_version("a.txt").length == 300_000
    assert files.list() == ["a.txt"]
    assert db.fs.chunks.count_documents({}) == 3
    with pytest.raises(FileExists):
        files.put(b"", _id=file_id)
    assert "files_id_n" in db.fs.chunks.index_information()
    files.delete(file_id)
    with pytest.raises(NoFile):
        files.get(file_id)
    assert db.fs.chunks.count_documents({}) == 0


async def test_async_put_and_get() -> None:
    files = AsyncGridFS(mim.AsyncConnection().db)
    file_id = await files.put(b"x" * 1000, filename="a.txt")
    assert await (await files.get(file_id)).read() == b"x" * 1000
