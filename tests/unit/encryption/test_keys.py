"""Key vaults on the embedded engine: whose client, which loop, what is missing."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from ming import mim
from ming.encryption import EncryptionConfig, MingEncryptionError, make_encryption_key
from ming.encryption.keys import AsyncKeyVault, KeyVault


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
