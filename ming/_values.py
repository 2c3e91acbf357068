"""Sentinels, and the dict with attribute access that documents are made of.

``ming.base`` is the public door to these names.
"""

from __future__ import annotations

import copy
import decimal
import warnings
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

import bson

__all__ = [
    "KEEP_ASIDE",
    "Missing",
    "MissingType",
    "NoDefault",
    "NoDefaultType",
    "NoneType",
    "Object",
    "Origin",
    "set_origin",
    "with_snapshot",
]

NoneType = type(None)


class _Sentinel:
    """A falsy singleton that stays itself when copied or pickled."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"<{self._name}>"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return self._name


class MissingType(_Sentinel):
    """Type of `Missing`."""

    __slots__ = ()


class NoDefaultType(_Sentinel):
    """Type of `NoDefault`."""

    __slots__ = ()


Missing: Final = MissingType("Missing")
"""No value: the key is absent, or is to be dropped."""
NoDefault: Final = NoDefaultType("NoDefault")
"""The keyword argument was not given."""


class _KeepAside(int):
    """A true ``strip_extra`` that also keeps what it strips."""

    def __repr__(self) -> str:
        return "KEEP_ASIDE"

    def __reduce__(self) -> str:
        return "KEEP_ASIDE"


KEEP_ASIDE: Final = cast(bool, _KeepAside(1))
"""Value of ``strip_extra`` for stored documents: unknown keys go out of sight, not out of the data.

It is equal to True, so schema items and ``make`` methods written for a plain flag treat it as one."""


class Origin:
    """What a value read from the database carries beside its visible keys.

    Args:
        unknown: Stored keys that the schema does not declare, with their values.
    """

    __slots__ = ("snapshot", "unknown", "version")

    def __init__(
        self, unknown: dict[str, Any] | None = None, snapshot: Any = None, version: Any = None
    ) -> None:
        self.unknown = unknown or {}
        self.snapshot = snapshot
        """The raw document as it was read, where a save needs to know it; else None."""
        self.version = version
        """The document class the stored document was recognised as, where it is an older one; else None."""

    def __copy__(self) -> Origin:
        return Origin(dict(self.unknown), self.snapshot, self.version)

    def __deepcopy__(self, memo: dict[int, Any]) -> Origin:
        return Origin(copy.deepcopy(self.unknown, memo), copy.deepcopy(self.snapshot, memo), self.version)

    def __reduce__(self) -> tuple[Any, ...]:
        return Origin, (self.unknown, self.snapshot, self.version)


class Object(dict[str, Any]):
    """A dict whose keys can be read and set as attributes.

    Real attributes win on reading, so a key named like a dict method is reached by subscription.
    Equality, repr and iteration are dict's. ``_origin`` holds what the object carries out of sight
    (`Origin`), or is None.
    """

    __slots__ = ("_origin",)

    _origin: Origin | None
    # Without this attribute the BSON encoder asks every instance's __getattr__ for it.
    _type_marker = None

    def __getattr__(self, name: str) -> Any:
        if name == "_origin":
            # The slot is empty until there is something to carry.
            return None
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        if _is_attribute(type(self), name):
            object.__setattr__(self, name, value)
        else:
            self[name] = value

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _rebuild, (type(self), dict(self), _attributes(self), self._origin)

    def __copy__(self) -> Any:
        return _rebuild(type(self), self, _attributes(self), copy.copy(self._origin))

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        for key, value in dict.items(self):
            dict.__setitem__(made, copy.deepcopy(key, memo), copy.deepcopy(value, memo))
        return _restore(made, copy.deepcopy(_attributes(self), memo), copy.deepcopy(self._origin, memo))

    @classmethod
    def from_bson(cls, value: Any) -> Any:
        """Convert dicts, at every depth, to instances of this class and copy lists on the way.

        Args:
            value: Anything; only dicts and lists are converted.

        Returns:
            The converted value, or the value itself.
        """
        if isinstance(value, dict):
            made = cls((key, cls.from_bson(inner)) for key, inner in dict.items(value))
            if isinstance(value, Object) and value._origin is not None:
                made._origin = value._origin
            return made
        if isinstance(value, list):
            return [cls.from_bson(inner) for inner in value]
        return value

    def make_safe(self) -> None:
        """Replace values that BSON cannot hold, in place. Deprecated."""
        warnings.warn("Object.make_safe is deprecated", DeprecationWarning, stacklevel=2)
        self.update(_made_safe(self))


def _is_attribute(cls: type, name: str) -> bool:
    """Whether assigning to ``name`` is a real attribute assignment: own attributes, inherited data descriptors."""
    if name in cls.__dict__:
        return True
    for base in cls.__mro__[1:]:
        if base is dict or base is object:
            continue
        if name in base.__dict__:
            return hasattr(base.__dict__[name], "__set__")
    return False


def _attributes(value: Object) -> dict[str, Any] | None:
    """The attributes set on an instance, where its class has room for any; never a key of that name."""
    try:
        attributes: dict[str, Any] = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    return attributes


def _restore(made: Object, attributes: Mapping[str, Any] | None, origin: Origin | None) -> Object:
    if attributes:
        made.__dict__.update(attributes)
    if origin is not None:
        made._origin = origin
    return made


def _rebuild(
    cls: type[Object], data: Mapping[str, Any], attributes: Mapping[str, Any] | None, origin: Origin | None
) -> Object:
    made = cls.__new__(cls)
    dict.update(made, data)
    return _restore(made, attributes, origin)


set_origin: Final = Object.__dict__["_origin"].__set__
"""Set what an object carries out of sight; cheaper than an assignment, which asks the object's class first."""


def with_snapshot(document: Any, raw: dict[str, Any]) -> Any:
    """Let a document remember the raw document it was read from, in its own version."""
    unknown = None if document._origin is None else document._origin.unknown
    set_origin(document, Origin(unknown, snapshot=raw))
    return document


_SAFE = (str, int, float, datetime, NoneType, bson.ObjectId)


def _made_safe(value: Any) -> Any:
    if isinstance(value, list):
        return [_made_safe(inner) for inner in value]
    if isinstance(value, dict):
        return Object((key, _made_safe(inner)) for key, inner in dict.items(value))
    if isinstance(value, decimal.Decimal):
        return bson.Decimal128(value)
    if not isinstance(value, _SAFE):
        raise AssertionError(f"{type(value)} is not safe for bsonification: {value!r}")
    return value


def _safe_bson(value: Any) -> Any:
    """Convert a value to one that BSON can hold. Deprecated.

    Raises:
        AssertionError: BSON has no such value.
    """
    warnings.warn("_safe_bson is deprecated", DeprecationWarning, stacklevel=2)
    return _made_safe(value)
