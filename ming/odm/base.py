"""What a session knows of one mapped object: its state, its document, and what changed in it.

Properties and tracked containers announce a change before they make it (`ObjectState.touch`), so that a flush
can send what changed and nothing else. Hooks are called here, too. Who registers states is
`ming.odm.unit_of_work`; who stores documents, `ming.odm.flows`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar
from weakref import ref

from ming._flows.changes import guarded, same, storable
from ming._flows.operations import CallHook
from ming._values import Missing, Object, set_origin
from ming.exc import IllegalStateChange
from ming.odm.icollection import deinstrument, instrument
from ming.odm.trackers import FieldTracker, RawTracker, Tracker

if TYPE_CHECKING:
    from ming._types import Flow
    from ming.odm.loading import Result
    from ming.odm.mapper import Mapper

__all__ = ["ObjectState", "Tracker", "call_hook", "detached", "hooks", "no_op", "session", "state"]

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


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


def detached(value: Any) -> Any:
    """Copy containers deeply, as plain ones; what they hold, and what they carry out of sight, is shared."""
    if isinstance(value, dict):
        plain: Any = deinstrument(value)
        kind: Any = type(plain)
        made = kind.__new__(kind)
        dict.update(made, ((key, detached(inner)) for key, inner in dict.items(plain)))
        if isinstance(plain, Object) and plain._origin is not None:
            set_origin(made, plain._origin)
        return made
    return [detached(inner) for inner in value] if isinstance(value, list) else value


class ObjectState:
    """Status and document of one object; it is also what the object has as ``__ming__``.

    Args:
        options: How the object was loaded: ``instrument``, ``refresh``, ``fields`` and so on.
        session: The session that tracks the object, or None.
    """

    # What every loaded object has takes a slot; applications may attach more.
    __slots__ = (
        "__dict__",
        "__weakref__",
        "_instance",
        "_status",
        "document",
        "group",
        "mapper",
        "options",
        "session",
    )

    new: Final = "new"
    clean: Final = "clean"
    dirty: Final = "dirty"
    deleted: Final = "deleted"

    STATUSES: ClassVar[tuple[str, ...]] = ("new", "clean", "dirty", "deleted")

    document: Any
    """The object's data, plain containers throughout: the same dict over all changes."""
    options: Any
    """How the object was loaded, or is to be."""
    session: Any
    """The session that tracks the object, or None."""
    mapper: Mapper[Any]
    """The mapper of the object's class."""
    group: Result | None
    """Shared by the objects of one result, whose relations are loaded together; None for an object by itself."""
    _status: str
    _instance: Callable[[], Any]

    # Most objects are only read; what they all share is here, and costs them nothing.
    gone: bool = False
    """Whether the document has been deleted by a flush."""
    _before: dict[str, Any] | None = None
    _original: dict[str, Any] | None = None
    _all: bool = False
    _cache: dict[str, Any] | None = None
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
    def document_id(self) -> Any:
        """The document's ``_id`` as it is stored, also where the class does not declare one; `Missing` without."""
        found = self.stored("_id")
        if found is Missing and self.document._origin is not None:
            return self.document._origin.unknown.get("_id", Missing)
        return found

    # -- status

    @property
    def status(self) -> str:
        """``new``, ``clean``, ``dirty`` or ``deleted``; may be set."""
        return self._status

    @status.setter
    def status(self, status: str) -> None:
        self._enlist()
        # Whoever says by hand that the object is dirty does not say where.
        self._all = self._all or status == self.dirty
        self._status = status
        self.gone = False

    def soil(self) -> None:
        """Note that anything in the document may have changed."""
        self._enlist()
        if self._status == self.clean:
            self._status = self.dirty
        self._all = True

    def touch(self, name: str) -> None:
        """Note that a field is about to change."""
        session = self.session
        if session is not None:
            session.enlist(self)
            if name in self.mapper.foreign_ids:
                session.uow.note(self, name)
        if self._status == self.new:
            if name == "_id" and session is not None:
                session.imap.expunge(self.instance)
            return
        if self._status == self.clean:
            self._status = self.dirty
        before = self._before
        if before is None:
            before = self._before = {}
        if name not in before:
            before[name] = detached(dict.get(self.document, name, Missing))

    def distrust(self, name: str) -> None:
        """Note that a field may have changed before anybody could say so."""
        self.touch(name)
        if self._before is not None:
            self._before[name] = Missing

    def _enlist(self) -> None:
        """Have the object go back to what it is if the running transaction is aborted."""
        if self.session is not None:
            self.session.enlist(self)

    def touched(self) -> list[str]:
        """Return the fields that changed since the document was loaded or flushed, as far as that was told."""
        return list(self._before or ())

    def stored(self, name: str) -> Any:
        """Return what is stored at a field as far as that is known, `Missing` without it."""
        before = self._before
        if before is not None and name in before:
            return before[name]
        return dict.get(self.document, name, Missing)

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

    # -- what changed

    def changes(self) -> dict[str, Any]:
        """Return the fields to store, with their stored form; `Missing` where one is gone."""
        document, before = self.document, self._before or {}
        names = {**document, **before} if self._all else before
        changed: dict[str, Any] = {}
        for name in names:
            value = dict.get(document, name, Missing)
            # A scalar may have been set back; it was meant to be stored all the same.
            if self._all or not isinstance(value, (dict, list)) or not same(value, before[name]):
                changed[name] = value
        return storable(changed)

    def appended(self, name: str) -> list[Any] | None:
        """Return the items added at the end of a list, None if it changed in any other way."""
        before = None if self._before is None else self._before.get(name)
        value = dict.get(self.document, name)
        if self._all or not isinstance(before, list) or not isinstance(value, list):
            return None
        if len(value) <= len(before) or not all(map(same, before, value)):
            return None
        if before and same(before, self._default(name)):
            # What was read may have been the default, and nothing that is stored.
            return None
        items: list[Any] = storable({name: value[len(before) :]})[name]
        return items

    def _default(self, name: str) -> Any:
        field = self.mapper.manager.field_index.get(name)
        default = getattr(field.schema, "default", None) if field is not None else None
        return Missing if default is None else default()

    def settle(self, left: Collection[str] = ()) -> None:
        """Note that the document is stored as it is.

        Args:
            left: Changed fields that are not stored; for them the object stays dirty.
        """
        before = self._before or {}
        if self._status == self.new:
            before = dict.fromkeys(self.document, Missing)
        self._before = {name: before[name] for name in left} or None
        stored = {name: value for name, value in before.items() if name not in left}
        self._original = {**stored, **(self._original or {})}
        self._all = False
        self._status = self.clean if self._before is None else self.dirty

    def settle_deleted(self) -> None:
        """Note that the document has been deleted."""
        self.gone = True

    def forbid_if_gone(self, attempt: str) -> None:
        """Refuse what makes no sense for an object whose document has been deleted.

        Raises:
            IllegalStateChange: It has been deleted.
        """
        if self.gone:
            name = type(self.instance).__name__
            raise IllegalStateChange(f"{name} {self.document_id!r} has been deleted; it cannot be {attempt}")

    def forget_original(self) -> None:
        """Let `original_document` be what was stored last."""
        self._original = None

    @property
    def original_document(self) -> dict[str, Any]:
        """A copy of the document as it was loaded or last flushed; empty for a new object."""
        if self._status == self.new:
            return {}
        original = {**self.document, **(self._before or {}), **(self._original or {})}
        return {name: detached(value) for name, value in original.items() if value is not Missing}

    def original_filter(self) -> dict[str, Any]:
        """A filter for the stored document as long as it is what was loaded or flushed last."""
        original = storable(self.original_document, self.document._origin)
        return guarded(original, original)

    # -- raw access; none of it changes the status

    @property
    def i_document(self) -> dict[str, Any]:
        """Tracked containers made so far, by field."""
        if self._cache is None:
            self._cache = {}
        return self._cache

    @property
    def extra_state(self) -> dict[Any, Any]:
        """What relations have loaded, by property."""
        if self._extra is None:
            self._extra = {}
        return self._extra

    def instrumented(self, name: str) -> Any:
        """Return the value of a field, a container as one that reports its changes.

        Raises:
            KeyError: The field is absent.
        """
        value = dict.__getitem__(self.document, name)
        if not isinstance(value, (dict, list)):
            return value
        found = self.i_document.get(name)
        if found is None or deinstrument(found) is not value:
            found = self.i_document[name] = instrument(value, self.field_tracker(name))
        return found

    def set(self, name: str, value: Any) -> None:
        """Put a raw value at a field."""
        dict.__setitem__(self.document, name, value)
        self._uncache(name)

    def delete(self, name: str) -> None:
        """Drop a field.

        Raises:
            KeyError: It is absent.
        """
        dict.__delitem__(self.document, name)
        self._uncache(name)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Put raw values at fields, as ``dict.update``."""
        for name, value in dict(*args, **kwargs).items():
            self.set(name, value)

    def validate(self, schema: Any) -> None:
        """Replace the document by its valid form."""
        self.document = schema.validate(self.document)
        self._cache = None

    def clone(self) -> Any:
        """Return a deep copy of the document."""
        return detached(self.document)

    def _uncache(self, name: str) -> None:
        if self._cache is not None:
            self._cache.pop(name, None)

    def reload(self, document: Any, options: Any) -> None:
        """Take over what is stored now, as far as it was read; pending changes of that are lost."""
        self._enlist()
        fields = options.get("fields")
        if fields is None:
            dict.clear(self.document)
            dict.update(self.document, document)
            set_origin(self.document, document._origin)
            self._before, self._all, self.options = None, False, options
        else:
            before = self._before or {}
            for name in fields:
                before.pop(name, None)
                self._take(name, document)
            self._before = before or None
            self._note_read(fields)
        self._original = self._cache = self._extra = None
        self._status = self.dirty if self._before or self._all else self.clean
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
            self._status = status

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

    def _take(self, name: str, document: Mapping[str, Any]) -> None:
        if name in document:
            self.set(name, document[name])
        else:
            dict.pop(self.document, name, None)
            self._uncache(name)

    def _note_read(self, fields: Collection[str] | None) -> None:
        """Note that fields, or all of them, were read beside those that had been."""
        known = self.options.get("fields")
        if known is not None:
            made = None if fields is None else tuple(dict.fromkeys([*known, *fields]))
            # The options are shared with the other objects of the result.
            self.options = type(self.options)(**{**self.options, "fields": made})

    # -- going back

    def remember(self) -> Callable[[], None]:
        """Return a function that puts everything back as it is now, for a transaction that may be aborted."""
        session_, status, everything, gone = self.session, self._status, self._all, self.gone
        contents = {name: detached(value) for name, value in dict.items(self.document)}
        before, original = _copy(self._before), _copy(self._original)
        origin = self.document._origin

        def restore() -> None:
            self.session, self._status, self._all, self.gone = session_, status, everything, gone
            self._before, self._original = before, original
            dict.clear(self.document)
            dict.update(self.document, contents)
            set_origin(self.document, origin)
            self._cache = self._extra = None

        return restore


def _copy(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if values is None else dict(values)


# -- hooks --------------------------------------------------------------------------------------------

_NO_OPS: Final[set[Any]] = set()


def no_op(function: F) -> F:
    """Mark a hook that does nothing, so that nobody has to call it."""
    _NO_OPS.add(function)
    return function


def hooks(extensions: Iterable[Any], name: str) -> list[Callable[..., Any]]:
    """Return those of the extensions' hooks of a name that do something, in order."""
    found = [getattr(extension, name, None) for extension in extensions]
    return [hook for hook in found if hook is not None and getattr(hook, "__func__", None) not in _NO_OPS]


def call_hook(extensions: Iterable[Any], event: str, step: Flow[T], *args: Any) -> Flow[T]:
    """Do a step between the extensions' hooks of an event.

    Args:
        extensions: Those registered, in order.
        event: What happens, such as ``insert``.
        step: Makes it happen.
        args: What the hooks get.

    Returns:
        What the step returns.
    """
    for hook in hooks(extensions, f"before_{event}"):
        yield from CallHook(hook, *args)
    result = yield from step
    for hook in hooks(extensions, f"after_{event}"):
        yield from CallHook(hook, *args)
    return result
