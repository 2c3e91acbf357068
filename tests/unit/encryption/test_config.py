"""`EncryptionConfig`, and keys for the local provider."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ming.encryption import ENCRYPTED_SUFFIX, EncryptionConfig, MingEncryptionError, make_encryption_key
from ming.exc import MingConfigError, MingException


def test_a_config_hands_out_its_entries() -> None:
    config = EncryptionConfig({"kms_providers": {"local": {}}, "key_vault_namespace": "a.b"})
    assert config.kms_providers == {"local": {}}
    assert config.key_vault_namespace == "a.b"
    assert config.provider_options is None


def test_an_empty_config_is_true_and_shows_no_secret() -> None:
    assert EncryptionConfig({})
    assert "secret" not in repr(EncryptionConfig({"kms_providers": {"local": {"key": "secret"}}}))


def test_the_first_name_is_the_one_to_encrypt_with() -> None:
    config = EncryptionConfig({"provider_options": {"local": {"key_alt_names": ["new", "old"]}}})
    assert config.key_alt_name("local") == "new"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, r"encryption provider 'local' \(configured: none\)"),
        ({"provider_options": {"aws": {}, "gcp": {}}}, r"\(configured: 'aws', 'gcp'\)"),
        ({"provider_options": {"local": {}}}, "'local' lack a name in 'key_alt_names'"),
        ({"provider_options": {"local": {"key_alt_names": []}}}, "'local' lack a name in 'key_alt_names'"),
    ],
)
def test_a_provider_without_a_name_to_encrypt_with(config: dict[str, Any], message: str) -> None:
    with pytest.raises(MingEncryptionError, match=message):
        EncryptionConfig(config).key_alt_name("local")


def test_the_error_is_one_of_configuration() -> None:
    assert issubclass(MingEncryptionError, MingConfigError)
    assert issubclass(MingEncryptionError, MingException)


def test_keys_are_96_random_bytes_in_base64() -> None:
    key = make_encryption_key()
    assert len(key) == 128
    assert len(base64.b64decode(key, validate=True)) == 96
    assert key != make_encryption_key()


def test_a_seed_makes_the_same_key_again() -> None:
    assert make_encryption_key(seed="a") == make_encryption_key("a") != make_encryption_key("b")


def test_the_suffix() -> None:
    assert ENCRYPTED_SUFFIX == "_encrypted"
