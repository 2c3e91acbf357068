"""The base of all document classes, declarative and imperative."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from ming._declaration import Declaration
from ming._managers import ClassManager, ManagerDescriptor
from ming._values import Object
from ming.encryption.fields import EncryptedMixin

__all__ = ["_Document"]

D = TypeVar("D", bound="_Document")


class _Document(Object, EncryptedMixin):
    """A document: a dict with its fields as attributes, and with a manager ``m``.

    Args:
        data: Keys and values; nested dicts get attribute access. Nothing is validated and no default
            filled in: that is what ``make`` and saving do.
        skip_from_bson: Take the data as they are.
    """

    m = ManagerDescriptor()

    def __init__(
        self, data: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None, skip_from_bson: bool = False
    ) -> None:
        values = {} if data is None else dict(data)
        super().__init__(values if skip_from_bson else Object.from_bson(values))

    @classmethod
    def _wrap(cls: type[D], data: Any, skip_from_bson: bool = False) -> D:
        """Make an instance around data as they are."""
        return cls(data, skip_from_bson)

    @classmethod
    def make(cls: type[D], data: Any, allow_extra: bool = False, strip_extra: bool = True) -> D:
        """Make a valid document, with its defaults, of Python data; see `ClassManager.make`."""
        return cls.m.make(data, allow_extra=allow_extra, strip_extra=strip_extra)

    @classmethod
    def make_encr(cls: type[D], data: Mapping[str, Any]) -> D:
        """Make a valid document of data in plain text; declarative classes can.

        Raises:
            NotImplementedError: The class is not declarative.
        """
        raise NotImplementedError("make_encr() is for declarative document classes")


def give_manager(cls: type[_Document], manager: ClassManager[Any]) -> None:
    """Attach a class's manager as its attribute ``m``."""
    descriptor = ManagerDescriptor()
    descriptor.manager = manager
    type.__setattr__(cls, "m", descriptor)


give_manager(_Document, ClassManager(_Document, (), (), (), Declaration()))
