"""From a stored document to the object that stands for it in a session: what every cursor does for each document.

Most objects are read and never changed, so their way through here is short: no call besides the document
class's loader, and nothing looked up that is the same for the whole result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import ref

from ming._values import Missing
from ming.odm.base import ObjectState
from ming.odm.identity_map import hashable

if TYPE_CHECKING:
    from ming._types import RawDocument
    from ming.odm.cursor_base import CursorBase
    from ming.odm.mapper import Mapper
    from ming.odm.options import Options
    from ming.odm.tracking import TrackingSession

__all__ = ["Result", "object_maker"]

TakeOver = Callable[[ObjectState, Any, "Options"], None]


class Result:
    """What the objects of one result have in common: relations are loaded for all of them together.

    Args:
        cursor: The cursor that makes them.
    """

    __slots__ = ("_cursor",)

    def __init__(self, cursor: CursorBase[Any]) -> None:
        # Objects outlive cursors.
        self._cursor = ref(cursor)

    def read_ahead(self) -> None:
        """Have the cursor, if it is still there, make objects of what it has already."""
        cursor = self._cursor()
        if cursor is not None:
            cursor.read_ahead()


def object_maker(
    session: TrackingSession,
    mapper: Mapper[Any],
    options: Options,
    load: Callable[[RawDocument], Any],
    group: Result,
    take_over: TakeOver = ObjectState.reload,
) -> Callable[[RawDocument], Any]:
    """Return the function from a stored document to its object, for one result.

    Args:
        session: The session that has the object, or is going to track it.
        mapper: The mapper of the class that was asked for.
        options: How the objects are loaded.
        load: Makes the document of a stored one.
        group: The result.
        take_over: How an object there is takes over what is stored, with ``refresh``.
    """
    family, add = session.imap.family(mapper.root), session.uow.add
    find, refresh, fields = family.get, options.refresh, options.fields
    collection = mapper.collection
    mapped_class: Any = mapper.mapped_class
    new, new_state, set_attribute = mapped_class.__new__, ObjectState.__new__, object.__setattr__
    clean = ObjectState.clean

    def make(raw: RawDocument) -> Any:
        key = document_id = raw.get("_id", Missing)
        try:
            obj = find(key)
        except TypeError:
            key = hashable(key)
            obj = find(key)
        if obj is None:
            document = load(raw)
            # The same as ObjectState.attach, without a call.
            own = new_state(ObjectState)
            if document.__class__ is collection:
                obj = new(mapped_class)
                own.mapper = mapper
            else:
                own.mapper = made = mapper.mapper_for(document)
                cls: Any = made.mapped_class
                obj = cls.__new__(cls)
            own.options = options
            own.session = session
            own.document = document
            own.group = group
            own._status = clean
            own._instance = ref(obj)
            set_attribute(obj, "__ming__", own)
            add(own, obj)
            if document_id is not Missing:
                family[key] = obj
            else:
                # A default would be nobody's.
                dict.pop(document, "_id", None)
        else:
            own = obj.__ming__
            own.group = group
            if refresh:
                take_over(own, load(raw), options)
            else:
                known = own.options.get("fields")
                if known is not None and (fields is None or not {*fields} <= {*known}):
                    own.complete(load(raw), options)
        return obj

    return make
