"""PyMongo's explicit encryption with the engine as key vault."""

from __future__ import annotations

import os
from typing import Any

import pytest
from bson import Binary

from ming import mim

pytest.importorskip("pymongocrypt")

from pymongo.asynchronous.encryption import AsyncClientEncryption
from pymongo.errors import EncryptionError
from pymongo.synchronous.encryption import ClientEncryption

NAMESPACE = "vault.keys"
DETERMINISTIC = "AEAD_AES_256_CBC_HMAC_SHA_512-Deterministic"


@pytest.fixture
def providers() -> dict[str, Any]:
    return {"local": {"key": os.urandom(96)}}


def _protect_names(conn: Any) -> Any:
    partial = {"keyAltNames": {"$exists": True}}
    return conn.vault["keys"].create_index("keyAltNames", unique=True, partialFilterExpression=partial)


def _encryption(providers: dict[str, Any], conn: Any) -> Any:
    return ClientEncryption[dict[str, Any]](providers, NAMESPACE, conn, conn.codec_options)


def test_sync(providers: dict[str, Any]) -> None:
    conn = mim.Connection()
    _protect_names(conn)
    with _encryption(providers, conn) as encryption:
        key_id = encryption.create_data_key("local", key_alt_names=["name"])
        assert isinstance(key_id, Binary)
        secret = encryption.encrypt("value", DETERMINISTIC, key_alt_name="name")
        assert secret.subtype == 6
        assert secret == encryption.encrypt("value", DETERMINISTIC, key_id=key_id)
        assert encryption.decrypt(secret) == "value"
        with pytest.raises(EncryptionError, match="E11000"):
            encryption.create_data_key("local", key_alt_names=["name"])
        assert [key["_id"] for key in encryption.get_keys()] == [key_id]
        assert encryption.get_key_by_alt_name("name")["_id"] == key_id
        encryption.add_key_alt_name(key_id, "other")
        assert encryption.get_key(key_id)["keyAltNames"] == ["name", "other"]
    with _encryption(providers, conn) as again:
        assert again.decrypt(secret) == "value"
        assert again.rewrap_many_data_key({}, "local").bulk_write_result.modified_count == 1
        assert again.delete_key(key_id).deleted_count == 1


def test_missing_key(providers: dict[str, Any]) -> None:
    conn = mim.Connection()
    with _encryption(providers, conn) as encryption:
        with pytest.raises(EncryptionError, match="not all keys requested were satisfied"):
            encryption.encrypt("value", DETERMINISTIC, key_alt_name="name")


async def test_async(providers: dict[str, Any]) -> None:
    conn: Any = mim.AsyncConnection()
    await _protect_names(conn)
    encryption: Any = AsyncClientEncryption(providers, NAMESPACE, conn, conn.codec_options)
    async with encryption:
        key_id = await encryption.create_data_key("local", key_alt_names=["name"])
        secret = await encryption.encrypt("value", DETERMINISTIC, key_alt_name="name")
        assert await encryption.decrypt(secret) == "value"
        with pytest.raises(EncryptionError, match="E11000"):
            await encryption.create_data_key("local", key_alt_names=["name"])
        found = encryption.get_keys()
        assert [key["_id"] async for key in found] == [key_id]
