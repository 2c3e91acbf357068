"""A session's datastore: bound late, and by name for sessions that a program finds by theirs.

`BoundSession` is the part of the sessions of both faces that knows where they are connected to; what they do
there is in `ming._calls`. `ming.configure` binds the named ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from ming.exc import MingConfigError, MongoGone

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["BoundSession", "bind_named"]


class BoundSession:
    """A session with a datastore, now or later. Each face keeps its own registry of names.

    Args:
        bind: The datastore; may be set later.
    """

    _registry: ClassVar[dict[str, Any]]
    """The named sessions."""
    _datastores: ClassVar[dict[str, Any]]
    """The datastores of named sessions, by the same names."""

    is_async: ClassVar[bool]
    """Whether the session's methods are awaited."""
    bind: Any
    """The datastore, or None while there is none."""
    _name: str | None = None

    def __init__(self, bind: Any = None) -> None:
        self.bind = bind

    @classmethod
    def by_name(cls, name: str) -> Self:
        """Return the session of a name, the same one for ever.

        Args:
            name: As in the settings for `ming.configure`, which binds the session.
        """
        if name not in cls._registry:
            made = cls(cls._datastores.get(name))
            made._name = name
            # Of two threads the first wins, so that everyone has the same object.
            cls._registry.setdefault(name, made)
        return cast("Self", cls._registry[name])

    @property
    def db(self) -> Any:
        """The driver's database.

        Raises:
            MongoGone: The session is bound to no datastore.
            MingConfigError: Of session and datastore, only one is asynchronous.
        """
        bind = self.bind
        if bind is None:
            raise self._gone()
        if getattr(type(bind), "is_async", self.is_async) is not self.is_async:
            raise MingConfigError(f"{type(self).__name__} cannot work on {type(bind).__name__}")
        return bind.db

    @property
    def engine(self) -> Any:
        """The engine of the datastore.

        Raises:
            MongoGone: The session is bound to no datastore.
        """
        if self.bind is None:
            raise self._gone()
        return self.bind.bind

    def _gone(self) -> MongoGone:
        return MongoGone(f'No MongoDB connection for "{self._name or "unknown connection"}"')


def bind_named(face: type[BoundSession], datastores: dict[str, Any]) -> None:
    """Bind the named sessions of a face, those there are and those to come; others keep what they have.

    Args:
        face: The class of the sessions.
        datastores: The datastores by name; they replace those of an earlier call.
    """
    face._datastores = datastores
    for name, session in face._registry.items():
        session._name = name
        if name in datastores:
            session.bind = datastores[name]
