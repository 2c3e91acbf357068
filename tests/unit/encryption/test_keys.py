"""Key vaults on the embedded engine: whose client, which loop, what is missing."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from pymongo.errors import DuplicateKeyError, EncryptionError

from ming import mim
from ming._flows.operations import CallHook, CreateIndex, Sleep
from ming.encryption import EncryptionConfig, MingEncryptionError, make_encryption_key
from ming.encryption.keys import AsyncKeyVault, KeyVault, _encrypt


@pytest.fixture
def config() -> EncryptionConfig:
    return EncryptionConfig(
        {
            "kms_providers": {"local": {"key": make_encryption_key(seed=1)}},
            "key_vault_namespace": "vault_of_tests.keys",
            "provider_options": {"local": {"key_alt_names": ["name"]}},
        }
    )


def test_the_driver_encrypts_only_when_asked_to() -> None:
    """``pymongo.encryption`` costs more time to import than all of ming."""
    program = "import sys, ming.encryption.keys; sys.exit('pymongo.encryption' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_one_encryptor_as_long_as_the_client_is_the_same(config: EncryptionConfig) -> None:
    clients = [mim.Connection(), mim.Connection()]
    vault = KeyVault(config, lambda: clients[0])
    first = vault.encryptor
    assert vault.encryptor is first
    clients.reverse()
    assert vault.encryptor is not first


def test_one_encryptor_per_loop(config: EncryptionConfig) -> None:
    vault = AsyncKeyVault(config, mim.AsyncConnection)

    async def encryptor() -> object:
        assert vault.encryptor is vault.encryptor
        return vault.encryptor

    assert asyncio.run(encryptor()) is not asyncio.run(encryptor())
    assert len(vault._encryptors) == 1, "the first loop is gone, and its encryptor with it"


def test_without_settings() -> None:
    vault = KeyVault(None, mim.Connection)
    with pytest.raises(MingEncryptionError, match="no encryption settings.*EncryptionConfig.*ming.configure"):
        vault.encr("x")
    with pytest.raises(MingEncryptionError, match="no encryption settings"):
        vault.decr(b"x")
    with pytest.raises(MingEncryptionError, match="no encryption settings"):
        vault.make_data_key()
    with pytest.raises(MingEncryptionError, match="no encryption settings"):
        _ = vault.encryptor


def test_without_settings_none_stays_none() -> None:
    vault = KeyVault(None, mim.Connection)
    assert vault.encr(None) is None
    assert vault.decr(None) is None


def test_without_the_optional_package(config: EncryptionConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymongocrypt", None)
    with pytest.raises(MingEncryptionError, match=r"pip install 'Ming\[encryption\]'"):
        KeyVault(config, mim.Connection).encr("x")


def test_waiting_for_a_key_that_another_process_has_just_made(config: EncryptionConfig) -> None:
    absent = EncryptionError(Exception("not all keys requested were satisfied"))
    flow = _encrypt(KeyVault(config, mim.Connection), "x", "local")
    encrypt = next(flow)
    assert isinstance(flow.throw(absent), CreateIndex)
    assert isinstance(flow.send("name of the index"), CallHook)
    assert isinstance(flow.throw(EncryptionError(DuplicateKeyError("the other was first"))), Sleep)
    assert flow.send(None) is encrypt
    with pytest.raises(StopIteration) as done:
        flow.send(b"ciphertext")
    assert done.value.value == b"ciphertext"


def test_a_key_that_never_comes(config: EncryptionConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ming.encryption.keys._PAUSES", (0,))
    connection = mim.Connection()
    # The vault has a key of the second name only, so neither can the first be found nor a new one be made.
    KeyVault(_named(config, "spare"), lambda: connection).make_data_key()
    with pytest.raises(EncryptionError, match="not all keys requested were satisfied"):
        KeyVault(_named(config, "main", "spare"), lambda: connection).encr("x")


def _named(config: EncryptionConfig, *names: str) -> EncryptionConfig:
    return EncryptionConfig(
        {
            "kms_providers": config.kms_providers,
            "key_vault_namespace": config.key_vault_namespace,
            "provider_options": {"local": {"key_alt_names": list(names)}},
        }
    )
