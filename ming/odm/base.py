"""What a session knows of one mapped object: its state, which is told of changes and tells the session.

Properties and tracked containers announce a change before they make it (`ObjectState.touch`). What is in an
object is in `ming.odm.contents`, what changed in it in `ming.odm.changes`. Who registers states is
`ming.odm.unit_of_work`; who stores documents, `ming.odm.flows`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any
from weakref import ref

from ming._values import Missing, Object, set_origin
from ming.exc import IllegalStateChange
from ming.odm.changes import Changes
from ming.odm.contents import detached
from ming.odm.hooks import call_hook, hooks, no_op
from ming.odm.trackers import FieldTracker, RawTracker, Tracker

if TYPE_CHECKING:
    from ming.odm.latent import Result
    from ming.odm.mapper import Mapper
    from ming.odm.unit_of_work import Tenure

__all__ = ["ObjectState", "Tracker", "call_hook", "detached", "hooks", "no_op", "session", "state"]


def state(obj: Any) -> ObjectState:
    """Return the state of a mapped object.

    Raises:
        AttributeError: The object is not mapped.
    """
    found: ObjectState = obj.__ming__.state
    return found


def session(of: Any) -> Any:
    """Return the session of a mapped class, as declared, or the one that tracks an object; None without.

    Raises:
        AttributeError: Neither a mapped class nor a mapped object.
    """
    owner: Any = of
    return owner.query.session if isinstance(of, type) else owner.__ming__.state.session


class ObjectState(Changes):
    """Status and document of one object; it is also what the object has as ``__ming__``.

    Args:
        options: How the object was loaded: ``instrument``, ``refresh``, ``fields`` and so on.
        session: The session that tracks the object, or None.
    """

    # What every loaded object has takes a slot; applications may attach more.
    __slots__ = ("__weakref__", "_instance", "group", "options", "tenure")

    options: Any
    """How the object was loaded, or is to be."""
    tenure: Tenure | None
    """In whose care the object is; None if it never was in anybody's, or was let go."""
    group: Result | None
    """Shared by the objects of one result, whose relations are loaded together; None for an object by itself."""
    _instance: Callable[[], Any]

    gone: bool = False
    """Whether the document has been deleted by a flush."""
    relations: dict[Any, Any] | None = None
    """What each relation that has loaded something depends on, by property."""
    _extra: dict[Any, Any] | None = None

    def __init__(self, options: Any, session: Any) -> None:
        self.options = options
        self.session = session
        self.document = Object()
        self.group = None
        self._status = self.new

    @classmethod
    def attach(cls, obj: Any, mapper: Mapper[Any], options: Any, session: Any, document: Any) -> ObjectState:
        """Make a state and give it to an object."""
        made = cls(options, session)
        made.document = document
        made.mapper = mapper
        # An object and its state that held each other would be freed by the collector only.
        made._instance = ref(obj)
        # Into the instance's attributes past a __setattr__ of the class.
        object.__setattr__(obj, "__ming__", made)
        return made

    @property
    def session(self) -> Any:
        """The session that tracks the object, or None."""
        return None if self.tenure is None else self.tenure.session

    @session.setter
    def session(self, session: Any) -> None:
        self.tenure = None if session is None else session.uow.tenure

    @property
    def instance(self) -> Any:
        """The object; None when it is no longer there."""
        return self._instance()

    def __repr__(self) -> str:
        return f"<ObjectState status={self.status}>"

    @property
    def state(self) -> ObjectState:
        """The state itself."""
        return self

    @property
    def status(self) -> str:
        """``new``, ``clean``, ``dirty`` or ``deleted``; may be set."""
        return self._status

    @status.setter
    def status(self, status: str) -> None:
        self._enlist()
        # Whoever says by hand that the object is dirty does not say where.
        if status == self.dirty:
            self._all = self._all_since = True
        self._become(status)
        self.gone = False

    def _become(self, status: str) -> None:
        """Have a status, and the session know of what it is going to store."""
        self._status = status
        if status != self.clean and self.tenure is not None:
            self.tenure.expect(self)

    def soil(self) -> None:
        """Note that anything in the document may have changed."""
        self._enlist()
        if self._status == self.clean:
            self._become(self.dirty)
        self._all = self._all_since = True

    def touch(self, name: str) -> None:
        """Note that a field is about to change."""
        session = self.session
        if session is not None:
            session.enlist(self)
            if name in self.mapper.foreign_ids:
                session.uow.note(self, name)
        if self._since is not None and name not in self._since:
            self._since[name] = detached(dict.get(self.document, name, Missing))
        if self._status == self.new:
            if name == "_id" and session is not None:
                session.imap.expunge(self.instance)
            return
        if self._status == self.clean:
            self._become(self.dirty)
        before = self._before
        if before is None:
            before = self._before = {}
        if name not in before:
            before[name] = detached(dict.get(self.document, name, Missing))

    def distrust(self, name: str) -> None:
        """Note that a field may have changed before anybody could say so."""
        self.touch(name)
        for before in (self._before, self._since):
            if before is not None:
                before[name] = Missing

    def _enlist(self) -> None:
        """Have the object go back to what it is if the running transaction is aborted."""
        if self.session is not None:
            self.session.enlist(self)

    def settle(self, left: Collection[str] = ()) -> None:
        """Note that the document is stored as it was when it was sent.

        Args:
            left: Changed fields that are not stored; for them the object stays dirty.
        """
        before = self._before or {}
        if self._status == self.new:
            before = dict.fromkeys(self.document, Missing)
        self._before = {**(self._since or {}), **{name: before[name] for name in left}} or None
        stored = {name: value for name, value in before.items() if name not in left}
        self._original = {**stored, **(self._original or {})}
        self._all = self._all_since
        self._since, self._all_since = None, False
        if self._status != self.deleted:
            self._become(self.dirty if self._before or self._all else self.clean)

    def settle_deleted(self) -> None:
        """Note that the document has been deleted."""
        self.gone = True

    @property
    def tracker(self) -> Tracker:
        """Who to tell of changes that no field announces."""
        return Tracker(self)

    def field_tracker(self, name: str) -> Tracker:
        """Who to tell of changes below a field."""
        return FieldTracker(self, name)

    def raw_tracker(self, name: str) -> Tracker:
        """Who to tell of changes to the plain containers below a field."""
        return RawTracker(self, name)

    def forbid_if_gone(self, attempt: str) -> None:
        """Refuse what makes no sense for an object whose document has been deleted.

        Raises:
            IllegalStateChange: It has been deleted.
        """
        if self.gone:
            name = type(self.instance).__name__
            raise IllegalStateChange(f"{name} {self.document_id!r} has been deleted; it cannot be {attempt}")

    @property
    def extra_state(self) -> dict[Any, Any]:
        """What relations have loaded, by property."""
        if self._extra is None:
            self._extra = {}
        return self._extra

    def reload(self, document: Any, options: Any) -> None:
        """Take over what is stored now, as far as it was read; pending changes of that are lost."""
        self._enlist()
        fields = options.get("fields")
        for before in (self._before or {}, self._since or {}):
            for name in list(before) if fields is None else fields:
                before.pop(name, None)
        if fields is None:
            dict.clear(self.document)
            dict.update(self.document, document)
            set_origin(self.document, document._origin)
            self._all, self._all_since, self.options = False, False, options
        else:
            for name in fields:
                self._take(name, document)
            self._note_read(fields)
        self._original = self._cache = self._extra = None
        self._become(self.dirty if self._before or self._all else self.clean)
        if self.session is not None:
            self.session.uow.note_fields(self)

    def merge(self, document: Any, options: Any) -> None:
        """Take over what is stored now; pending changes are made to that, unless nobody said what changed."""
        status = self._status
        pending = (
            {} if self._all else {name: dict.get(self.document, name, Missing) for name in self.touched()}
        )
        self.reload(document, options)
        for name, value in pending.items():
            self.touch(name)
            self._take(name, {} if value is Missing else {name: value})
        if status == self.deleted:
            self._become(status)

    def complete(self, document: Any, options: Any) -> None:
        """Take over fields that had not been read; what was read stays as it is, and so do pending changes."""
        fields, known = options.get("fields"), self.options["fields"]
        for name in {*(document if fields is None else fields)} - {*known}:
            if self._before is not None and name in self._before:
                self._before[name] = dict.get(document, name, Missing)
            else:
                self._take(name, document)
        if fields is None:
            set_origin(self.document, document._origin)
        self._note_read(fields)

    def _note_read(self, fields: Collection[str] | None) -> None:
        """Note that fields, or all of them, were read beside those that had been."""
        known = self.options.get("fields")
        if known is not None:
            made = None if fields is None else tuple(dict.fromkeys([*known, *fields]))
            # The options are shared with the other objects of the result.
            self.options = type(self.options)(**{**self.options, "fields": made})

    def remember(self) -> Callable[[], None]:
        """Return a function that puts everything back as it is now, for a transaction that may be aborted."""
        tenure, status, everything, gone = self.tenure, self._status, self._all, self.gone
        options = self.options
        contents = {name: detached(value) for name, value in dict.items(self.document)}
        before, original = _copy(self._before), _copy(self._original)
        origin = self.document._origin

        def restore() -> None:
            self.tenure, self._status, self._all, self.gone = tenure, status, everything, gone
            self._before, self._original, self.options = before, original, options
            dict.clear(self.document)
            dict.update(self.document, contents)
            set_origin(self.document, origin)
            self._cache = self._extra = None

        return restore


def _copy(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if values is None else dict(values)
