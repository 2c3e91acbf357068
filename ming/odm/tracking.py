"""What both faces' sessions share: the objects they track, and who wants to hear what happens to them.

Nothing here waits for a server. The faces are `ming.odm.odmsession` and `ming.odm.aio`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast
from weakref import ref

from ming._transactions import Ambient, ambient
from ming.exc import IllegalStateChange, RelationNotLoaded
from ming.odm.base import ObjectState, hooks, state
from ming.odm.identity_map import IdentityMap
from ming.odm.mapper import Mapper
from ming.odm.memory import Memory
from ming.odm.projections import projected
from ming.odm.registry import REGISTRY, mapper_of
from ming.odm.unit_of_work import FlushPlan, UnitOfWork
from ming.utils import indent

if TYPE_CHECKING:
    from typing_extensions import Self

    from ming._types import Flow, ManagerLike
    from ming.odm.cursor_base import CursorBase
    from ming.odm.relations import RelationProperty

__all__ = ["TrackingSession"]

C = TypeVar("C", bound="CursorBase[Any]")

_EVENTS = ("insert", "update", "delete")
_NOW = ("insert_now", "update_now", "delete_now")
_CURSOR_OPTIONS = ("refresh", "decorate", "load")
_PENDING = (ObjectState.new, ObjectState.dirty)


class TrackingSession:
    """Objects and their states, in memory.

    Args:
        doc_session: The session for documents.
        extensions: `SessionExtension` classes.
        autoflush: Whether to flush before every query.
        raise_on_lazy: Whether reading a relation that is not loaded is refused.
    """

    is_async: ClassVar[bool] = False
    _registry: ClassVar[dict[str, Any]] = {}
    _document_session: ClassVar[Any]
    """The face's class of sessions for documents."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls._registry = {}

    if TYPE_CHECKING:
        uow: UnitOfWork
        imap: IdentityMap

        def flush(self, obj: Any = None) -> Any: ...

    def __init__(
        self,
        doc_session: Any,
        extensions: Iterable[Callable[[Any], Any]] | None = None,
        autoflush: bool = False,
        raise_on_lazy: bool = False,
    ) -> None:
        self.impl = doc_session
        self.autoflush = autoflush
        self.raise_on_lazy = raise_on_lazy
        self.extensions: list[Any] = []
        for extension in extensions or ():
            self.register_extension(extension)

    @classmethod
    def by_name(cls, name: str) -> Self:
        """Return the session of a name, on the datastore of that name.

        Args:
            name: As in the settings for `ming.configure`.
        """
        if name not in cls._registry:
            make: Any = cls
            cls._registry.setdefault(name, make(bind=cls._document_session._datastores.get(name)))
        return cast("Self", cls._registry[name])

    def register_extension(self, extension: Callable[[Any], Any]) -> None:
        """Have one more extension called.

        Args:
            extension: Its class.
        """
        self.extensions.append(extension(self))

    def __repr__(self) -> str:
        lines = ["<session>", *(f"  {indent(repr(part), 2)}" for part in (self.uow, self.imap))]
        return "\n".join(lines)

    @property
    def bind(self) -> Any:
        """The datastore."""
        return self.impl.bind

    @bind.setter
    def bind(self, bind: Any) -> None:
        self.impl.bind = bind

    @property
    def db(self) -> Any:
        """The driver's database.

        Raises:
            MongoGone: There is no datastore.
        """
        return self.impl.db

    def mapper(self, cls: type[Any], collection: Any, **kwargs: Any) -> Mapper[Any]:
        """Map a class to a document class; its objects live in this session. Arguments as `Mapper`."""
        return Mapper(cls, collection, self, **kwargs)

    def _find_arguments(
        self, cls: type[Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Split the keywords of a ``find`` into the driver's and ours, which the cursor gets.

        Raises:
            ValueError: There are options, and no query before them.
        """
        options = {name: kwargs[name] for name in _CURSOR_OPTIONS if name in kwargs}
        driver = {name: value for name, value in kwargs.items() if name not in (*_CURSOR_OPTIONS, "fields")}
        if kwargs.get("fields") is not None:
            driver["projection"] = kwargs["fields"]
        if driver and not args:
            raise ValueError(
                "A query dict is typically the first param to find(); to find everything, pass {} before "
                + ", ".join(driver)
            )
        projection = driver.get("projection", args[1] if len(args) > 1 else None)
        options["fields"] = projected(projection, lambda: _declared(cls))
        return driver, options

    def _returned(self, cursor: type[C], cls: type[Any], raw: Any, options: Mapping[str, Any]) -> C:
        """A cursor that hands out the object of a raw document which the driver returned."""
        fields = projected(options.get("projection"), lambda: _declared(cls))
        made = cursor(self, cls, None, refresh=True, fields=fields)
        made.hand_out([raw])
        return made

    @staticmethod
    def _document_class(named: type[Any]) -> type[Any]:
        """A document class, or that of a mapped class."""
        return REGISTRY.by_class[named].collection if named in REGISTRY.by_class else named

    # -- relations

    @staticmethod
    def is_done(flow: Flow[Any]) -> bool:
        """Run a flow as far as it goes without asking a server, and say whether that is its end."""
        for _ in flow:
            return False
        return True

    @staticmethod
    def _not_loaded(own: ObjectState, prop: RelationProperty, remedy: str) -> RelationNotLoaded:
        name = f"{type(own.instance).__name__}.{prop.name}"
        return RelationNotLoaded(
            f"{name} is not loaded: {remedy}, or find(...).options(load=[{prop.name!r}])"
        )

    # -- tracking

    def track(self, obj: Any) -> None:
        """Track an object."""
        self.enlist(state(obj))
        self.uow.save(obj)
        self.imap.save(obj)

    def save(self, obj: Any) -> None:
        """Track an object, so that the next flush stores what changed.

        Raises:
            IllegalStateChange: Another session has changes of it to store.
        """
        own = state(obj)
        own.forbid_if_gone("saved")
        self._forbid_if_elsewhere(own)
        if own.session is not None and not self.uow.tracks(own):
            own.session.release(obj)
        self.track(obj)

    def _forbid_if_elsewhere(self, own: ObjectState) -> None:
        other = own.session
        if other is None or own.status not in _PENDING or self.uow.tracks(own) or not other.tracks(own):
            return
        name = type(own.instance).__name__
        raise IllegalStateChange(
            f"{name} {own.document_id!r} is {own.status} in another session: flush it there, or expunge it"
        )

    def tracks(self, own: ObjectState) -> bool:
        """Whether the object of a state is tracked, wherever that may be."""
        return self.uow.tracks(own)

    def release(self, obj: Any) -> None:
        """Track an object no longer, wherever that may be."""
        self.expunge(obj)

    def expunge(self, obj: Any) -> None:
        """Track an object no longer; what was not flushed stays in memory alone."""
        self.enlist(state(obj))
        self.uow.expunge(obj)
        self.imap.expunge(obj)
        state(obj).session = None

    def clear(self) -> None:
        """Track nothing any longer; what was not flushed is lost."""
        self.enlist()
        self.uow.clear()
        self.imap.clear()

    def plan(self) -> FlushPlan:
        """Return what a flush would do now; it prints one line per step."""
        return self.uow.plan()

    def is_bulkable(self, mapper: Mapper[Any]) -> bool:
        """Whether nobody has to be called for each object of a class that is stored."""
        if _functions(self, _NOW) != self._ORIGINALS or _functions(mapper, _EVENTS) != _MAPPER_METHODS:
            return False
        wanted = [f"{moment}_{event}" for moment in ("before", "after") for event in _EVENTS]
        return not any(
            hooks(extensions, name) for extensions in (self.extensions, mapper.extensions) for name in wanted
        )

    _ORIGINALS: ClassVar[tuple[Any, ...]] = ()
    """The face's methods for single objects, as they are unless somebody replaces them."""

    @staticmethod
    def _forbid_options(transaction: bool, options: Mapping[str, Any]) -> None:
        if options and not transaction:
            raise TypeError(f"options of a transaction, without transaction=True: {', '.join(options)}")

    # -- performing flows

    def call(
        self,
        manager: ManagerLike[Any],
        verb: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        *,
        by_id: bool = False,
    ) -> Any:
        """Call a driver verb through the session for documents."""
        return self.impl.call(manager, verb, args, kwargs, by_id=by_id)

    def acknowledges(self, manager: ManagerLike[Any], write_concern: Any = None) -> bool:
        """Return whether the server answers a write."""
        return bool(self.impl.acknowledges(manager, write_concern))

    def on_abort(self, action: Callable[[], object]) -> None:
        """Have something done if the running transaction is aborted."""
        self.impl.on_abort(action)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is running here."""
        return self._running() is not None

    def _running(self) -> Ambient | None:
        return ambient(getattr(self.impl.bind, "bind", None))

    def enlist(self, own: ObjectState | None = None) -> None:
        """Have the objects go back to what they are now if the running transaction is aborted.

        Args:
            own: The state of one that may not be tracked.
        """
        running = self._running()
        if running is None:
            return
        memory = self.uow.memory()
        if memory is None or not memory.is_of(running):
            memory = Memory(self, running)
            self.uow.memory = ref(memory)
        if own is not None:
            memory.add(own)


def _declared(cls: type[Any]) -> set[str]:
    """The fields of the classes whose objects a query of a class may find."""
    root = mapper_of(cls).root
    return {name for mapper in REGISTRY if mapper.root is root for name in mapper.manager.field_index}


def _functions(owner: Any, names: Iterable[str]) -> tuple[Any, ...]:
    """The functions behind methods, which programs may have replaced on the class or on the object."""
    return tuple(getattr(getattr(owner, name), "__func__", None) for name in names)


_MAPPER_METHODS = (Mapper.insert, Mapper.update, Mapper.delete)
