"""The base of all document classes, declarative and imperative."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any, ClassVar, Final, TypeVar

from ming import schema as S
from ming._declaration import Declaration
from ming._managers import ClassManager, ManagerDescriptor
from ming._values import Object
from ming.encryption.fields import EncryptedMixin
from ming.exc import MingConfigError

__all__ = ["RESERVED", "_Document"]

RESERVED: Final = frozenset({"m", "make", "_manager", "_origin", "_wrap"})
"""Attributes that documents need themselves: a field of such a name is reached by subscription."""

D = TypeVar("D", bound="_Document")

_embedding: ContextVar[tuple[type, ...]] = ContextVar("_embedding", default=())
"""The classes whose schemas are being made as parts of others."""


class _Document(Object, EncryptedMixin):
    """A document: a dict with its fields as attributes, and with a manager ``m``.

    Args:
        data: Keys and values; nested dicts get attribute access. Nothing is validated and no default
            filled in: that is what ``make`` and saving do.
        skip_from_bson: Take the data as they are.
    """

    m = ManagerDescriptor()
    _manager: ClassVar[ClassManager[Any]]
    """The class manager for use inside ming: unlike `m`, reading it creates no index."""

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
    def __schema_item__(cls, **options: Any) -> S.Document:
        """The schema of a sub-document of this class: what the class means as the type of a field.

        Raises:
            MingConfigError: The class is part of itself; schemas have an end.
        """
        outer = _embedding.get()
        if cls in outer:
            way = " in ".join(each.__name__ for each in (cls, *reversed(outer[outer.index(cls) :])))
            raise MingConfigError(
                f"{cls.__name__} is part of itself ({way}); declare the inner field as dict"
            )
        token = _embedding.set((*outer, cls))
        try:
            item = S.Document(cls._manager.own_schema.fields, **options)
        finally:
            _embedding.reset(token)
        item.managed_class = cls
        return item

    @classmethod
    def make(cls: type[D], data: Any, allow_extra: bool = False, strip_extra: bool = True) -> D:
        """Make a valid document, with its defaults, of Python data; see `ClassManager.make`."""
        made: D = cls._manager.make(data, allow_extra=allow_extra, strip_extra=strip_extra)
        return made

    @classmethod
    def make_encr(cls: type[D], data: Mapping[str, Any]) -> D:
        """Make a valid document of data in plain text; declarative classes can.

        Raises:
            NotImplementedError: The class is not declarative.
        """
        raise NotImplementedError("make_encr() is for declarative document classes")


_Document._manager = ClassManager(_Document, (), (), (), Declaration())
