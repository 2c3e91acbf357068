"""Settings of field encryption, the naming convention of encrypted fields, and key generation.

Pure data: `ming.encryption.keys` talks to the key vault, `ming.config` reads settings from text,
`ming.validators` checks them.
"""

from __future__ import annotations

import base64
import random
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ming.exc import MingConfigError

__all__ = [
    "ENCRYPTED_SUFFIX",
    "EncryptionConfig",
    "MingEncryptionError",
    "make_encryption_key",
    "stored_name",
    "virtual_name",
]

ENCRYPTED_SUFFIX: Final = "_encrypted"
"""How the stored name of an encrypted field ends; without it, it is the field's virtual name."""

_MASTER_KEY_BYTES: Final = 96


class MingEncryptionError(MingConfigError):
    """Field encryption is used, but not configured, or its optional package is missing."""


class EncryptionConfig:
    """What a datastore needs to encrypt: master keys, where data keys are kept, and their names.

    Args:
        config: A dict with the entries ``kms_providers``, ``key_vault_namespace`` and
            ``provider_options``. It is taken as it is; `ming.validators.EncryptionConfigValidator`
            checks one.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config

    @property
    def kms_providers(self) -> Any:
        """Each provider's credentials or master key, by the provider's name."""
        return self._config.get("kms_providers")

    @property
    def key_vault_namespace(self) -> Any:
        """Where the data keys are kept, as ``database.collection``."""
        return self._config.get("key_vault_namespace")

    @property
    def provider_options(self) -> Any:
        """Each provider's keywords for creating its data key, such as ``key_alt_names``."""
        return self._config.get("provider_options")

    def key_alt_name(self, provider: str) -> str:
        """The name of the data key that encrypts for a provider: the first of its ``key_alt_names``.

        Raises:
            MingEncryptionError: The provider, or a name for its key, is not configured.
        """
        options: Mapping[str, Any] = self.provider_options or {}
        if provider not in options:
            known = ", ".join(map(repr, sorted(options))) or "none"
            raise MingEncryptionError(
                f"no provider_options for the encryption provider {provider!r} (configured: {known})"
            )
        names: Sequence[str] = options[provider].get("key_alt_names") or ()
        if not names:
            raise MingEncryptionError(f"provider_options of {provider!r} lack a name in 'key_alt_names'")
        return names[0]


def make_encryption_key(seed: int | float | str | bytes | bytearray | None = None) -> str:
    """Make a master key for the ``local`` provider.

    Args:
        seed: Makes the same key every time, for tests. Such a key is no secret.

    Returns:
        96 bytes, random unless a seed is given, as 128 characters of base64.
    """
    if seed is None:
        key = secrets.token_bytes(_MASTER_KEY_BYTES)
    else:
        key = random.Random(seed).randbytes(_MASTER_KEY_BYTES)
    return base64.b64encode(key).decode("ascii")


def stored_name(virtual: str) -> str:
    """The key under which an encrypted field is stored."""
    return virtual + ENCRYPTED_SUFFIX


def virtual_name(stored: str) -> str:
    """The name under which an encrypted field is read in plain text."""
    return stored.removesuffix(ENCRYPTED_SUFFIX)
