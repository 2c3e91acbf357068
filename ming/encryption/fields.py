"""Descriptors that show encrypted fields in plain text, and what a class with such fields can do.

A field stored as ``ssn_encrypted`` has the virtual name ``ssn``::

    class Person(Document):
        ssn_encrypted = Field(S.Binary)
        ssn = DecryptedField(str, "ssn_encrypted")

Encryption itself is the datastore's (`ming.encryption.keys`), reached through the class's session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar, overload

from ming.encryption.config import ENCRYPTED_SUFFIX, stored_name, virtual_name
from ming.encryption.wrappers import ChangeTracker, Cipher, EncryptedListWrapper
from ming.exc import MongoGone
from ming.schema import Binary, Deprecated
from ming.utils import classproperty

__all__ = ["DecryptedField", "DecryptedListField", "DecryptedListProperty", "EncryptedMixin"]

T = TypeVar("T")


class EncryptedMixin:
    """Encrypting and decrypting for a class with encrypted fields.

    Document classes have it from their base. Any other class supplies the class properties
    ``_datastore`` and ``_field_names``.
    """

    __slots__ = ()

    @classproperty
    def _datastore(cls: Any) -> Any:
        session = _manager(cls, "_datastore").session
        datastore = None if session is None else session.bind
        if datastore is None:
            raise MongoGone(f"{cls.__name__} can neither encrypt nor decrypt: its session has no datastore")
        return datastore

    @classproperty
    def _field_names(cls: Any) -> list[str]:
        fields: Mapping[str, Any] = _manager(cls, "_field_names").field_index
        return [name for name, field in fields.items() if not isinstance(field.schema, Deprecated)]

    @classmethod
    def encr(cls, value: Any, provider: str = "local") -> Any:
        """Encrypt a value with the keys of the class's datastore.

        Args:
            value: Text, bytes, a whole number, a datetime or an ObjectId; None stays None.
            provider: Whose data key encrypts.

        Returns:
            A `bson.Binary`, the same for the same value, so that queries can ask for it.
        """
        return None if value is None else cls._datastore.encr(value, provider)

    @classmethod
    def decr(cls, value: Any) -> Any:
        """Decrypt a value with the keys of the class's datastore; None stays None."""
        return None if value is None else cls._datastore.decr(value)

    @classmethod
    def encrypted_field_names(cls) -> list[str]:
        """The stored names of the encrypted fields, in the order of declaration."""
        return [name for name in cls._field_names if name.endswith(ENCRYPTED_SUFFIX)]

    @classmethod
    def decrypted_field_names(cls) -> list[str]:
        """The virtual names of the encrypted fields, in the order of declaration."""
        return [virtual_name(name) for name in cls.encrypted_field_names()]

    @classmethod
    def encrypt_some_fields(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        """Put stored names and ciphertexts into the place of virtual names and plain text.

        Args:
            data: Values by name; it stays as it is.

        Returns:
            A new dict. Names that are no virtual name of an encrypted field keep their values.
        """
        encrypted = dict(data)
        for virtual in cls.decrypted_field_names():
            if virtual in data:
                del encrypted[virtual]
                is_list = isinstance(getattr(cls, virtual, None), DecryptedListField)
                value = data[virtual]
                encrypted[stored_name(virtual)] = _encrypt_items(cls, value) if is_list else cls.encr(value)
        return encrypted

    def decrypt_some_fields(self) -> dict[str, Any]:
        """Show all fields in plain text.

        Returns:
            Values by name, encrypted fields under their virtual names. Absent fields are left out.

        Raises:
            AttributeError: An encrypted field has no descriptor with its virtual name.
        """
        present = [name for name in self._field_names if hasattr(self, name)]
        return dict(self._in_plain_text(name) for name in present)

    def _in_plain_text(self, name: str) -> tuple[str, Any]:
        shown = virtual_name(name)
        value = getattr(self, shown)
        return shown, value.copy() if isinstance(value, EncryptedListWrapper) else value


class DecryptedField(Generic[T]):
    """The plain text of a field that is stored encrypted.

    Args:
        field_type: What may be assigned, a type or a tuple of types; None always may.
        encrypted_field: Name of the attribute that holds the ciphertext.
    """

    def __init__(self, field_type: type[T] | tuple[type[T], ...], encrypted_field: str) -> None:
        self.field_type = field_type
        self.encrypted_field = encrypted_field

    @overload
    def __get__(self, instance: None, owner: type) -> DecryptedField[T]: ...
    @overload
    def __get__(self, instance: EncryptedMixin, owner: type | None = None) -> T: ...
    def __get__(self, instance: EncryptedMixin | None, owner: type | None = None) -> Any:
        if instance is None:
            return self
        return instance.decr(getattr(instance, self.encrypted_field))

    def __set__(self, instance: EncryptedMixin, value: T | None) -> None:
        if value is not None and not isinstance(value, self.field_type):
            raise TypeError(f"not {self.field_type}, got {value!r}")
        setattr(instance, self.encrypted_field, instance.encr(value))


class DecryptedListField(Generic[T]):
    """The plain text of a list whose items are stored encrypted.

    Args:
        encrypted_field: Name of the attribute that holds the list of ciphertexts.
    """

    def __init__(self, encrypted_field: str) -> None:
        self.encrypted_field = encrypted_field

    @overload
    def __get__(self, instance: None, owner: type) -> DecryptedListField[T]: ...
    @overload
    def __get__(self, instance: EncryptedMixin, owner: type | None = None) -> EncryptedListWrapper[T]: ...
    def __get__(self, instance: EncryptedMixin | None, owner: type | None = None) -> Any:
        if instance is None:
            return self
        stored = self._stored_list(instance)
        return EncryptedListWrapper(stored, self._tracker(instance), Binary, instance, items_encrypted=True)

    def __set__(self, instance: EncryptedMixin, values: Iterable[T | None] | None) -> None:
        if isinstance(values, EncryptedListWrapper) and values.shows(self._stored_list(instance)):
            # The end of ``document.names += [...]``: the stored list has changed already.
            return
        setattr(instance, self.encrypted_field, _encrypt_items(instance, values))

    def __delete__(self, instance: EncryptedMixin) -> None:
        delattr(instance, self.encrypted_field)

    def _stored_list(self, instance: Any) -> list[Any]:
        if getattr(instance, self.encrypted_field, None) is None:
            setattr(instance, self.encrypted_field, [])
        stored: list[Any] = getattr(instance, self.encrypted_field)
        return stored

    def _tracker(self, instance: Any) -> ChangeTracker | None:
        return None


class DecryptedListProperty(DecryptedListField[T]):
    """The plain text of a list whose items are stored encrypted, on a mapped class."""

    def _stored_list(self, instance: Any) -> list[Any]:
        # The raw list and not the instrumented one: changes go through to the state's own document.
        document: dict[str, Any] = instance.__ming__.state.document
        if dict.get(document, self.encrypted_field) is None:
            document[self.encrypted_field] = []
        stored: list[Any] = document[self.encrypted_field]
        return stored

    def _tracker(self, instance: Any) -> ChangeTracker | None:
        state = instance.__ming__.state
        # What stands in for a state may have no more than one tracker for everything.
        raw_tracker: Callable[[str], ChangeTracker] | None = getattr(state, "raw_tracker", None)
        tracker: ChangeTracker = state.tracker if raw_tracker is None else raw_tracker(self.encrypted_field)
        return tracker


def _manager(cls: type, wanted: str) -> Any:
    # Not ``m``: asking for the datastore is no reason to create indexes.
    manager = getattr(cls, "_manager", None)
    if manager is None:
        raise NotImplementedError(
            f"{cls.__name__} is no document class: it needs a class property {wanted!r}"
        )
    return manager


def _encrypt_items(cipher: Cipher, values: Iterable[Any] | None) -> list[Any]:
    return [cipher.encr(value) for value in values or ()]
