"""PyMongo's explicit encryption with the engine as key vault."""

from __future__ import annotations

import os
from typing import Any

import pytest
from bson import Binary

from ming import mim

pytest.importorskip("pymongocrypt")

from pymongo.asynchronous.encryption import AsyncClientEncryption
from pymongo.encryption import Algorithm, ClientEncryption
from pymongo.errors import EncryptionError

NAMESPACE = "vault.keys"
DETERMINISTIC = Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Deterministic


@pytest.fixture
def providers() -> dict[str, Any]:
    return {"local": {"key": os.urandom(96)}}


def _protect_names(conn: Any) -> Any:
    partial = {"keyAltNames": {"$exists": True}}
    return conn.vault["keys"].create_index("keyAltNames", unique=True, partialFilterExpression=partial)


def test_sync(providers: dict[str, Any]) -> None:
    conn = mim.Connection()
    _protect_names(conn)
    with ClientEncryption(providers, NAMESPACE, conn, conn.codec_options) as encryption:  # type: ignore[arg-type]
        key_id = encryption.create_data_key("local", key_alt_names=["name"])
        assert isinstance(key_id, Binary)
        secret = encryption.encrypt("value", DETERMINISTIC, key_alt_name="name")
        assert secret.subtype == 6
        assert secret == encryption.encrypt("value", DETERMINISTIC, key_id=key_id)
        assert encryption.decrypt(secret) == "value"
        with pytest.raises(EncryptionError, match="E11000"):
            encryption.create_data_key("local", key_alt_names=["name"])
        assert [key["_id"] for key in encryption.get_keys()] == [key_id]
        assert encryption.get_key_by_alt_name("name")["_id"] == key_id  # type: ignore[index]
        encryption.add_key_alt_name(key_id, "other")
        assert encryption.get_key(key_id)["keyAltNames"] == ["name", "other"]  # type: ignore[index]
    with ClientEncryption(providers, NAMESPACE, conn, conn.codec_options) as again:  # type: ignore[arg-type]
        assert again.decrypt(secret) == "value"
        assert again.rewrap_many_data_key({}, "local").bulk_write_result.modified_count == 1  # type: ignore[union-attr]
        assert again.delete_key(key_id).deleted_count == 1


def test_missing_key(providers: dict[str, Any]) -> None:
    conn = mim.Connection()
    with ClientEncryption(providers, NAMESPACE, conn, conn.codec_options) as encryption:  # type: ignore[arg-type]
        with pytest.raises(EncryptionError, match="not all keys requested were satisfied"):
            encryption.encrypt("value", DETERMINISTIC, key_alt_name="name")


async def test_async(providers: dict[str, Any]) -> None:
    conn = mim.AsyncConnection()
    await _protect_names(conn)
    async with AsyncClientEncryption(providers, NAMESPACE, conn, conn.codec_options) as encryption:  # type: ignore[arg-type]
        key_id = await encryption.create_data_key("local", key_alt_names=["name"])
        secret = await encryption.encrypt("value", DETERMINISTIC, key_alt_name="name")
        assert await encryption.decrypt(secret) == "value"
        with pytest.raises(EncryptionError, match="E11000"):
            await encryption.create_data_key("local", key_alt_names=["name"])
        found = encryption.get_keys()
        assert [key["_id"] async for key in found] == [key_id]
