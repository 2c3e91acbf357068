"""Sessions of mapped objects for behaviour tests, of either face; both answer with awaitables."""

from __future__ import annotations

from typing import Any

from harness.awaited import Awaited
from harness.faces import Face

__all__ = ["OdmFace"]


class OdmFace:
    """A session of mapped objects on a face's store.

    Args:
        face: The face.
        options: For the session, such as ``autoflush`` or ``extensions``.
    """

    def __init__(self, face: Face, **options: Any) -> None:
        from ming.odm import AsyncODMSession, ODMSession

        self.face = face
        self.kind = face.kind
        kind: Any = ODMSession if face.kind == "sync" else AsyncODMSession
        document_session = face.sync_session if face.kind == "sync" else face.session
        self.declared: Any = kind(document_session, **options)
        """The session as classes declare it."""
        self.session: Any = Awaited(self.declared) if face.kind == "sync" else self.declared
        """The session whose methods are awaitable, and whose cursors work with ``async for``."""

    @property
    def raw(self) -> Any:
        """The driver's database with awaitable methods."""
        return self.face.raw

    def another(self, **options: Any) -> OdmFace:
        """A session beside this one, as another request or program has it."""
        return OdmFace(self.face, **options)
