"""Encrypted fields of mapped classes, in plain text."""

from __future__ import annotations

from ming.encryption.fields import DecryptedField, DecryptedListProperty

__all__ = ["DecryptedListProperty", "DecryptedProperty"]

DecryptedProperty = DecryptedField
