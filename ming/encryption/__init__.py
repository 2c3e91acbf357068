"""Field encryption: what programs import. A door; datastores use the room ``keys`` besides."""

from __future__ import annotations

from ming.encryption.config import (
    ENCRYPTED_SUFFIX,
    EncryptionConfig,
    MingEncryptionError,
    make_encryption_key,
)
from ming.encryption.fields import DecryptedField, DecryptedListField, DecryptedListProperty, EncryptedMixin
from ming.encryption.wrappers import EncryptedListWrapper

__all__ = [
    "ENCRYPTED_SUFFIX",
    "DecryptedField",
    "DecryptedListField",
    "DecryptedListProperty",
    "EncryptedListWrapper",
    "EncryptedMixin",
    "EncryptionConfig",
    "MingEncryptionError",
    "make_encryption_key",
]
