"""What a program can do about runs beside starting one: look at them, hold them up, check their outcome.

Each function takes a session of either face; with an asynchronous one, what it returns is to be awaited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from ming._base_manager import manager_of
from ming._drive import arun, run
from ming.evolve.runs.control import ControlCollection
from ming.evolve.runs.options import CONTROL_COLLECTION
from ming.evolve.runs.status import RunStatus, change_state, find_status
from ming.evolve.runs.verify import Verification, verify_collection

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from ming.aio.session import AsyncSession
    from ming.session import Session

__all__ = ["abandon", "pause", "status", "verify"]


@overload
def status(session: Session, collection: str, control: str = ...) -> RunStatus | None: ...
@overload
def status(session: AsyncSession, collection: str, control: str = ...) -> Awaitable[RunStatus | None]: ...
def status(session: Any, collection: str, control: str = CONTROL_COLLECTION) -> Any:
    """Return what is known of a collection's unfinished run, or else of its last one; None if it had none.

    Args:
        session: Where the collection is.
        collection: Its name.
        control: Name of the control collection.
    """
    return _perform(find_status(ControlCollection(control), collection), session)


@overload
def pause(session: Session, collection: str, control: str = ...) -> bool: ...
@overload
def pause(session: AsyncSession, collection: str, control: str = ...) -> Awaitable[bool]: ...
def pause(session: Any, collection: str, control: str = CONTROL_COLLECTION) -> Any:
    """Have all workers of a collection's run end after their range; migrating again goes on with it.

    Args:
        session: Where the collection is.
        collection: Its name.
        control: Name of the control collection.

    Returns:
        Whether there is an unfinished run.
    """
    return _perform(change_state(ControlCollection(control), collection, "paused"), session)


@overload
def abandon(session: Session, collection: str, control: str = ...) -> bool: ...
@overload
def abandon(session: AsyncSession, collection: str, control: str = ...) -> Awaitable[bool]: ...
def abandon(session: Any, collection: str, control: str = CONTROL_COLLECTION) -> Any:
    """Give a collection's run up: its workers end after their range, and migrating again begins a new one.

    Documents that have been upgraded stay so.

    Args:
        session: Where the collection is.
        collection: Its name.
        control: Name of the control collection.

    Returns:
        Whether there was an unfinished run.
    """
    return _perform(change_state(ControlCollection(control), collection, "abandoned"), session)


@overload
def verify(session: Session, cls: type[Any], to: Any = ...) -> Verification: ...
@overload
def verify(session: AsyncSession, cls: type[Any], to: Any = ...) -> Awaitable[Verification]: ...
def verify(session: Any, cls: type[Any], to: Any = None) -> Any:
    """Count the documents of a class by stamp, the old ones among them, and those invalid under their stamp.

    Args:
        session: Where the collection is.
        cls: The newest document class.
        to: The version that documents should be of, if not the newest: its class, or its stamp.
    """
    return _perform(verify_collection(manager_of(cls), to), session)


def _perform(flow: Any, session: Any) -> Any:
    return arun(flow, session) if session.is_async else run(flow, session)
