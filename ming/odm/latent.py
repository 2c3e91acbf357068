"""Latent objects: those that a cursor handed out and nobody has looked at yet.

Most objects of a large result are passed on, or never used. A cursor therefore leaves no more on each than what
is stored and the result it came in; the first look at ``__ming__``, which every property takes, makes the
document and the state (`ming.odm.base.ObjectState`) of that. Who leaves it there is `ming.odm.loading`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import ref

from ming.odm.base import ObjectState

if TYPE_CHECKING:
    from ming._types import RawDocument
    from ming.odm.cursor_base import CursorBase
    from ming.odm.mapper import Mapper
    from ming.odm.options import Options
    from ming.odm.unit_of_work import Tenure

__all__ = ["FirstLook", "Result", "is_latent"]


def is_latent(obj: Any) -> bool:
    """Whether nobody has looked at an object; then it is as it is stored."""
    return obj._ming_stored is not None


class Result:
    """What the objects of one result have in common; relations, too, are loaded for all of them together.

    Args:
        cursor: The cursor that makes them.
        mapper: The mapper of the class that was asked for.
        options: How the objects are loaded.
        load: Makes the document of a stored one.
        tenure: In whose care they are.
    """

    __slots__ = ("_cursor", "keys", "load", "mapper", "options", "tenure")

    def __init__(
        self,
        cursor: CursorBase[Any],
        mapper: Mapper[Any],
        options: Options,
        load: Callable[[RawDocument], Any],
        tenure: Tenure,
    ) -> None:
        # Objects outlive cursors.
        self._cursor = ref(cursor)
        self.mapper = mapper
        self.options = options
        self.load = load
        self.tenure = tenure
        self.keys: list[int] = []
        """By which keys the unit of work has the objects."""

    def read_ahead(self) -> None:
        """Have the cursor, if it is still there, make objects of what it has already."""
        cursor = self._cursor()
        if cursor is not None:
            cursor.read_ahead()

    def state_of(self, obj: Any, stored: Any) -> ObjectState:
        """Make the state of an object.

        Args:
            obj: The object.
            stored: Its document, or a raw one that is known to be valid.
        """
        if type(stored) is dict:
            mapper, document = self.mapper, self.load(stored)
        else:
            mapper, document = self.mapper.mapper_for(stored), stored
        own = ObjectState.__new__(ObjectState)
        own.mapper, own.document = mapper, document
        own.options, own.tenure, own.group = self.options, self.tenure, self
        own._status = ObjectState.clean
        own._instance = ref(obj)
        return own


class FirstLook:
    """The ``__ming__`` of mapped classes: what an object has under that name from the first look on wins over it."""

    __slots__ = ()

    def __get__(self, obj: Any, owner: type[Any]) -> Any:
        attributes = vars(obj) if obj is not None else {}
        try:
            own = attributes["_ming_result"].state_of(obj, attributes["_ming_stored"])
        except KeyError:
            # Another thread may have been faster.
            if "__ming__" in attributes:
                return attributes["__ming__"]
            raise AttributeError(f"{owner.__name__} has no attribute '__ming__'") from None
        # However many threads look at once, there is one state.
        own = attributes.setdefault("__ming__", own)
        attributes.pop("_ming_result", None)
        attributes.pop("_ming_stored", None)
        return own
