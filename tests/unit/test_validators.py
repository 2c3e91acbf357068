"""Encryption settings are read and checked by `ming.validators`."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import pytest

from ming.encryption import EncryptionConfig, make_encryption_key
from ming.exc import MingConfigError

# FormEncode imports a module that Python is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore:'cgi' is deprecated:DeprecationWarning")

ALL = {
    "kms_providers": {"local": {"key": make_encryption_key(seed=1)}},
    "key_vault_namespace": "vault.keys",
    "provider_options": {"local": {"key_alt_names": ["name"]}},
}


def validated(settings: Any) -> EncryptionConfig | None:
    from ming.validators import EncryptionConfigValidator

    return EncryptionConfigValidator().to_python(settings)


def errors(settings: Any) -> dict[str, str]:
    from formencode import Invalid

    with pytest.raises(Invalid) as caught:
        validated(settings)
    assert str(caught.value) == "Invalid Encryption Settings"
    assert all(isinstance(error, Invalid) for error in caught.value.error_dict.values())
    return {name: str(error) for name, error in caught.value.error_dict.items()}


def test_constants() -> None:
    from ming.validators import EncryptionConfigValidator

    assert EncryptionConfigValidator.VALID_KMS_PROVIDERS == ("local", "aws", "azure", "gcp", "kmip")
    assert EncryptionConfigValidator.REQUIRED_FIELDS == (
        "key_vault_namespace",
        "provider_options",
        "kms_providers",
    )


def test_complete_settings_become_a_config() -> None:
    config = validated(ALL)
    assert isinstance(config, EncryptionConfig)
    assert config.kms_providers == ALL["kms_providers"]
    assert config.key_vault_namespace == "vault.keys"
    assert config.provider_options == ALL["provider_options"]


@pytest.mark.parametrize("empty", [None, "", {}])
def test_empty_input_gives_none(empty: Any) -> None:
    assert validated(empty) is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a", ["a"]),
        ("a, b", ["a", "b"]),
        ('"a", "b"', ["a", "b"]),
        ("['a','b']", ["a", "b"]),
        ('["a"]', ["a"]),
        ('["a b", "c,d"]', ["a b", "c,d"]),
        ('"a"', ["a"]),
        ("a,, b,", ["a", "b"]),
        ("123", ["123"]),
        (["a", "b"], ["a", "b"]),
    ],
)
def test_key_alt_names_are_read_from_text(text: Any, names: list[str]) -> None:
    settings = {**ALL, "provider_options": {"local": {"key_alt_names": text}}}
    config = validated(settings)
    assert config is not None
    assert config.provider_options == {"local": {"key_alt_names": names}}
    assert settings["provider_options"] == {"local": {"key_alt_names": text}}, "the input stays as it is"


def test_all_three_empty_is_accepted() -> None:
    config = validated({"kms_providers": "", "key_vault_namespace": "", "provider_options": ""})
    assert config is not None
    assert (config.kms_providers, config.key_vault_namespace, config.provider_options) == ("", "", "")


def test_unexpected_settings_are_reported_beside_the_first_other_finding() -> None:
    found = errors({**ALL, "x": 1, "key_vault_namespace": "nodot"})
    assert found.keys() == {"x", "key_vault_namespace"}
    assert found["x"].startswith("Unexpected encryption configuration field 'x'")
    assert all(name in found["x"] for name in ALL)


def test_only_unexpected_settings() -> None:
    assert errors({"x": 1, "y": 2}).keys() == {"x", "y"}


@pytest.mark.parametrize("absent", sorted(ALL))
def test_absent_settings(absent: str) -> None:
    found = errors({name: value for name, value in ALL.items() if name != absent})
    assert found.keys() == {absent}
    assert found[absent].startswith(f"Missing required encryption configuration field {absent}")
    assert all(name in found[absent] for name in ALL)


@pytest.mark.parametrize("empty", sorted(ALL))
def test_empty_settings(empty: str) -> None:
    found = errors({**ALL, empty: ""})
    assert found.keys() == {empty}
    assert found[empty].startswith(f"Missing required encryption configuration field {empty}")


def test_unknown_provider_ends_the_checks() -> None:
    found = errors({**ALL, "kms_providers": {"local": {}, "acme": {}}, "key_vault_namespace": "nodot"})
    assert found.keys() == {"kms_providers"}
    assert found["kms_providers"].startswith("Invalid kms_provider(s) acme")
    assert "kmip" in found["kms_providers"]


@pytest.mark.parametrize("namespace", ["nodot", "a.b.c", ".b", "a."])
def test_namespace_is_database_and_collection(namespace: str) -> None:
    found = errors({**ALL, "key_vault_namespace": namespace, "kms_providers": {"local": {}}})
    assert found.keys() == {"key_vault_namespace"}
    assert found["key_vault_namespace"].startswith(f"Invalid key_vault_namespace '{namespace}'")


def test_local_provider_needs_a_key_and_a_name() -> None:
    found = errors({**ALL, "kms_providers": {"local": {}}, "provider_options": {"local": {"x": 1}}})
    assert found.keys() == {"kms_providers", "provider_options"}
    assert found["kms_providers"].startswith("kms_provider 'local' requires")
    assert "96 byte" in found["kms_providers"]
    assert found["provider_options"].startswith("kms_provider 'local' requires provider_options")
    assert "key_alt_names" in found["provider_options"]


def test_other_providers_need_neither() -> None:
    config = validated({**ALL, "kms_providers": {"aws": {}}, "provider_options": {"aws": {}}})
    assert config is not None
    assert config.kms_providers == {"aws": {}}


def test_settings_that_are_no_dict() -> None:
    from formencode import Invalid

    with pytest.raises(Invalid, match="Encryption settings are a dict, not str"):
        validated("local")


def test_importing_without_formencode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "formencode", None)
    monkeypatch.delitem(sys.modules, "ming.validators", raising=False)
    with pytest.raises(MingConfigError, match="FormEncode"):
        importlib.import_module("ming.validators")
