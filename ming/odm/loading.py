"""From a stored document to the object that stands for it in a session: what every cursor does for each document.

Most objects are read and never changed, so their way through here is short: a document that is plainly valid is
left as it is (`ming.odm.latent`), and nothing is looked up that is the same for the whole result.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ming._values import Missing
from ming.odm.base import ObjectState
from ming.odm.identity_map import hashable
from ming.odm.latent import Result

if TYPE_CHECKING:
    from ming._types import RawDocument
    from ming.odm.cursor_base import CursorBase
    from ming.odm.mapper import Mapper
    from ming.odm.options import Options

__all__ = ["ObjectMaker"]

_set_attribute = object.__setattr__


class ObjectMaker:
    """Makes the objects of one result.

    Args:
        cursor: The cursor that hands them out, in the session that tracks them.
        options: How the objects are loaded.
        load: Makes the document of a stored one.
        accepts: Whether ``load`` may as well be called later; None where it may not.
        take_over: How an object there is takes over what is stored, with ``refresh``.
    """

    def __init__(
        self,
        cursor: CursorBase[Any],
        options: Options,
        load: Callable[[RawDocument], Any],
        accepts: Callable[[RawDocument], bool] | None,
        take_over: Callable[[ObjectState, Any, Options], None],
    ) -> None:
        session, mapper = cursor.session, cursor.mapper
        self._cursor = cursor
        self._mapper: Mapper[Any] = mapper
        self._mapped_class: Any = mapper.mapped_class
        self._options = options
        self._refresh, self._fields = options.refresh, options.fields
        self._load = load
        self._accepts = accepts
        self._take_over = take_over
        self._uow = session.uow
        self._family: dict[Any, Any] = session.imap.family(mapper.root)
        self._result = self._new_result()

    def _new_result(self) -> Result:
        return Result(self._cursor, self._mapper, self._options, self._load, self._uow.tenure)

    def _current_result(self) -> Result:
        """The result that objects come in now: what a session has cleared is no company for what comes after."""
        if self._result.tenure is not self._uow.tenure:
            self._result = self._new_result()
        return self._result

    def make(self, raw: RawDocument) -> Any:
        """Return the object of a stored document: the one the session has, or else a new one."""
        key = document_id = raw.get("_id", Missing)
        if key.__hash__ is None:
            key = hashable(document_id)
        obj = self._family.get(key)
        if obj is not None:
            self._meet(obj, raw)
            return obj
        if self._accepts is not None and self._accepts(raw):
            return self._enter(key, raw, self._mapped_class)
        document = self._load(raw)
        if document_id is Missing:
            # A default would be nobody's.
            dict.pop(document, "_id", None)
        return self._enter(key, document, self._mapper.mapper_for(document).mapped_class)

    def _enter(self, key: Any, stored: Any, cls: Any) -> Any:
        """Make an object, and have the session track it."""
        result = self._current_result()
        obj = cls.__new__(cls)
        _set_attribute(obj, "_ming_stored", stored)
        _set_attribute(obj, "_ming_result", result)
        if key is not Missing:
            self._family[key] = obj
        identity = id(obj)
        self._uow.objects[identity] = obj
        result.keys.append(identity)
        return obj

    def _meet(self, obj: Any, raw: RawDocument) -> None:
        """Deal with an object that the session has already."""
        own, result = obj.__ming__, self._current_result()
        own.group = result
        result.keys.append(id(obj))
        if self._refresh:
            self._take_over(own, self._load(raw), self._options)
            return
        known = own.options.get("fields")
        if known is not None and (self._fields is None or not {*self._fields} <= {*known}):
            own.complete(self._load(raw), self._options)

    def make_all(self, batch: deque[RawDocument]) -> list[Any]:
        """Return the objects of stored documents, which are taken out of their batch one after the other."""
        accepts, cls = self._accepts, self._mapped_class
        is_alone = len(self._family) <= len(self._current_result().keys)
        if accepts is None or not is_alone or cls.__setattr__ is not object.__setattr__:
            make = self.make
            return [make(batch.popleft()) for _ in range(len(batch))]
        return self._make_new(batch, cls, accepts)

    def _make_new(
        self, batch: deque[RawDocument], cls: Any, accepts: Callable[[RawDocument], bool]
    ) -> list[Any]:
        """As `make` for each, where the session has nothing yet that did not come in the same result."""
        new, enter, track, result = cls.__new__, self._family.setdefault, self._uow.objects, self._result
        made: list[Any] = []
        for _ in range(len(batch)):
            raw = batch.popleft()
            key = raw.get("_id", Missing)
            if key.__hash__ is not None and accepts(raw):
                obj = new(cls)
                if enter(key, obj) is obj:
                    obj._ming_stored = raw
                    obj._ming_result = result
                    identity = id(obj)
                    track[identity] = obj
                    result.keys.append(identity)
                    made.append(obj)
                    continue
            made.append(self.make(raw))
            result = self._result
        return made
