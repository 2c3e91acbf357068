"""FormEncode validators of the settings that `ming.configure` takes.

Importing this module needs FormEncode; `ming.config` imports it only when there are settings to read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ming.encryption import EncryptionConfig
from ming.exc import MingConfigError

try:
    from formencode import FancyValidator, Invalid, Schema, validators  # type: ignore[import-untyped]
except ImportError as error:
    raise MingConfigError("settings are read with FormEncode: pip install 'Ming[configure]'") from error

__all__ = ["DatastoreSettings", "EncryptionConfigValidator"]

_Problems = Iterator[tuple[str, str]]


class EncryptionConfigValidator(FancyValidator):  # type: ignore[misc]
    """Makes an `EncryptionConfig` of a dict of settings; empty input gives None."""

    VALID_KMS_PROVIDERS = ("local", "aws", "azure", "gcp", "kmip")
    REQUIRED_FIELDS = ("key_vault_namespace", "provider_options", "kms_providers")

    # Else a FormEncode schema refuses a dict as the value of one key.
    accept_iterator = True

    def _convert_to_python(self, value: Any, state: Any) -> EncryptionConfig:
        if not isinstance(value, Mapping):
            raise Invalid(f"Encryption settings are a dict, not {type(value).__name__}", value, state)
        settings = {name: _with_name_lists(given) for name, given in value.items()}
        problems = self._problems(settings)
        if problems:
            errors = {name: Invalid(text, settings.get(name), state) for name, text in problems.items()}
            raise Invalid("Invalid Encryption Settings", value, state, error_dict=errors)
        return EncryptionConfig(settings)

    def _problems(self, settings: dict[str, Any]) -> dict[str, str]:
        """What is wrong, by setting: the unexpected, and what the first other check finds that finds anything."""
        problems = dict(self._unexpected(settings))
        given = [settings[name] for name in self.REQUIRED_FIELDS if name in settings]
        if not given or (len(given) == len(self.REQUIRED_FIELDS) and not any(given)):
            return problems
        for check in (self._lacking, self._unknown_providers, self._bad_namespace, self._incomplete_local):
            found = dict(check(settings))
            if found:
                return problems | found
        return problems

    def _unexpected(self, settings: dict[str, Any]) -> _Problems:
        for name in settings:
            if name not in self.REQUIRED_FIELDS:
                yield (
                    name,
                    (
                        f"Unexpected encryption configuration field {name!r}."
                        f" Valid fields are: {', '.join(self.REQUIRED_FIELDS)}"
                    ),
                )

    def _lacking(self, settings: dict[str, Any]) -> _Problems:
        for name in self.REQUIRED_FIELDS:
            if not settings.get(name):
                yield (
                    name,
                    (
                        f"Missing required encryption configuration field {name}."
                        f" Required fields are: {', '.join(self.REQUIRED_FIELDS)}"
                    ),
                )

    def _unknown_providers(self, settings: dict[str, Any]) -> _Problems:
        unknown = [name for name in settings["kms_providers"] if name not in self.VALID_KMS_PROVIDERS]
        if unknown:
            yield (
                "kms_providers",
                (
                    f"Invalid kms_provider(s) {', '.join(unknown)}."
                    f" Valid providers are: {', '.join(self.VALID_KMS_PROVIDERS)}"
                ),
            )

    def _bad_namespace(self, settings: dict[str, Any]) -> _Problems:
        namespace = settings["key_vault_namespace"]
        if not re.fullmatch(r"[^.]+\.[^.]+", str(namespace)):
            yield (
                "key_vault_namespace",
                (f"Invalid key_vault_namespace '{namespace}'. It takes the form <database>.<collection>"),
            )

    def _incomplete_local(self, settings: dict[str, Any]) -> _Problems:
        if "local" not in settings["kms_providers"]:
            return
        if not _entry(settings["kms_providers"], "local", "key"):
            yield "kms_providers", "kms_provider 'local' requires a 96 byte 'key' value"
        if not _entry(settings["provider_options"], "local", "key_alt_names"):
            yield (
                "provider_options",
                ("kms_provider 'local' requires provider_options with a 'key_alt_names' list"),
            )


class DatastoreSettings(Schema):  # type: ignore[misc]
    """The settings of one datastore; those not named here are handed to the client unchanged."""

    allow_extra_fields = True

    uri = validators.UnicodeString()
    database = validators.UnicodeString(if_missing=None, if_empty=None)
    connect_retry = validators.Int(if_missing=3, if_empty=0)
    auto_ensure_indexes = validators.StringBool(if_missing=True, if_empty=None)
    tz_aware = validators.StringBool(if_missing=False, if_empty=False)
    encryption = EncryptionConfigValidator(if_missing=None)


def _entry(settings: Any, provider: str, option: str) -> Any:
    """One provider's option, or None where the settings are of another shape."""
    options = settings.get(provider) if isinstance(settings, Mapping) else None
    return options.get(option) if isinstance(options, Mapping) else None


def _with_name_lists(by_provider: Any) -> Any:
    """Copy settings with every provider's ``key_alt_names`` made a list."""
    if not isinstance(by_provider, Mapping):
        return by_provider
    return {
        provider: {**options, "key_alt_names": _name_list(options["key_alt_names"])}
        if isinstance(options, Mapping) and isinstance(options.get("key_alt_names"), str)
        else options
        for provider, options in by_provider.items()
    }


def _name_list(text: str) -> list[Any]:
    """Read a JSON list, or names separated by commas in whatever brackets and quotes."""
    try:
        names = json.loads(text)
    except ValueError:
        names = None
    if isinstance(names, list):
        return names
    stripped = (name.strip(" \t\n[]\"'") for name in text.split(","))
    return [name for name in stripped if name]
