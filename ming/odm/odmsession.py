"""Door to the synchronous sessions of mapped objects."""

from __future__ import annotations

from ming.odm.base import ObjectState, session, state
from ming.odm.cursor import ODMCursor
from ming.odm.extensions import SessionExtension
from ming.odm.mapper import mapper
from ming.odm.proxies import ContextualODMSession, ThreadLocalODMSession
from ming.odm.sessions import ODMSession

__all__ = [
    "ContextualODMSession",
    "ODMCursor",
    "ODMSession",
    "ObjectState",
    "SessionExtension",
    "ThreadLocalODMSession",
    "mapper",
    "session",
    "state",
]
