"""What a mapped class's objects have: how they are made, printed and subscribed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from ming._values import Object
from ming.odm.base import ObjectState, state
from ming.odm.latent import FirstLook
from ming.odm.query import QueryDescriptor
from ming.odm.relations import RelationProperty
from ming.utils import wordwrap

if TYPE_CHECKING:
    from ming.odm.mapper import Mapper

__all__ = ["equip"]

_WIDTH: Final = 60


def equip(mapper: Mapper[Any]) -> None:
    """Give a class what mapped objects have, where it has nothing of its own."""
    cls: Any = mapper.mapped_class
    cls.query = QueryDescriptor(mapper)
    cls.__ming__ = FirstLook()
    # Where nothing is stored aside, the document is made.
    cls._ming_stored = None
    cls.__init__ = _initializer(mapper, _own_init(cls))
    for name, method in _INSTANCE_METHODS.items():
        if getattr(cls, name, None) in (None, getattr(object, name, None)):
            setattr(cls, name, method)


def _own_init(cls: type[Any]) -> Callable[..., None]:
    """The class's initializer as it was written; without one, keywords are set as attributes."""
    found = cls.__init__
    if found is object.__init__:
        return _set_attributes
    body: Callable[..., None] = getattr(found, "__ming_body__", found)
    return body


def _set_attributes(self: Any, **kwargs: Any) -> None:
    """Set keywords as attributes."""
    for name, value in kwargs.items():
        setattr(self, name, value)


def _initializer(mapper: Mapper[Any], body: Callable[..., None]) -> Callable[..., None]:
    @wraps(body)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        if "__ming__" in self.__dict__:
            # A subclass's initializer calls its base's.
            body(self, *args, **kwargs)
            return
        mapper.compile()
        made = ObjectState.attach(self, mapper, mapper.options, None, Object())
        body(self, *args, **kwargs)
        if mapper.session:
            made.document = mapper.made(made.document)
            made.i_document.clear()
            mapper.session.save(self)

    __init__.__ming_body__ = body  # type: ignore[attr-defined]
    return __init__


def _repr(self: Any) -> str:
    shown = [
        f"{prop.name}={prop.repr(self)}" for prop in state(self).mapper.properties if prop.include_in_repr
    ]
    return wordwrap(f"<{' '.join([type(self).__name__, *shown])}>", _WIDTH, 0, 2)


def _getitem(self: Any, name: str) -> Any:
    try:
        return getattr(self, name)
    except AttributeError:
        raise KeyError(name) from None


def _setitem(self: Any, name: str, value: Any) -> None:
    setattr(self, name, value)


def _delitem(self: Any, name: str) -> None:
    try:
        delattr(self, name)
    except AttributeError:
        raise KeyError(name) from None


def _contains(self: Any, name: str) -> bool:
    # A relation is there whether it is loaded or not.
    is_relation = isinstance(state(self).mapper.property_index.get(name), RelationProperty)
    return is_relation or hasattr(self, name)


def _delete(self: Any) -> None:
    """Have the object's document deleted by the next flush."""
    self.query.delete()


_INSTANCE_METHODS: Final[dict[str, Any]] = {
    "__repr__": _repr,
    "__getitem__": _getitem,
    "__setitem__": _setitem,
    "__delitem__": _delitem,
    "__contains__": _contains,
    "delete": _delete,
}
