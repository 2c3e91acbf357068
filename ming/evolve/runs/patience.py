"""Driver calls of a run are made again where the server was gone for a moment.

A step-down of the primary or a broken connection is an ordinary event of a long run. Everything a run sends
may be sent twice: writes are guarded by what they found, claims by their owner.
"""

from __future__ import annotations

import random
import time
from typing import Any, Final, TypeVar

from pymongo.errors import AutoReconnect, BulkWriteError, ConnectionFailure, PyMongoError

from ming._flows.operations import DriverCall, Operation, Sleep
from ming._types import Flow

__all__ = ["PATIENCE", "is_transient", "patient"]

T = TypeVar("T")

PATIENCE: Final = 120.0
"""Seconds without a success after which the server is not coming back."""
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0


def is_transient(error: BaseException) -> bool:
    """Whether an error is about the connection or the primary, and not about what was asked."""
    if isinstance(error, BulkWriteError):
        details: Any = error.details
        return bool(details.get("writeConcernErrors")) and not details.get("writeErrors")
    if isinstance(error, (AutoReconnect, ConnectionFailure)):
        return True
    return isinstance(error, PyMongoError) and error.has_error_label("RetryableWriteError")


def patient(flow: Flow[T], patience: float = PATIENCE) -> Flow[T]:
    """Have the driver calls of a flow made again at errors that may pass; hooks are run once.

    Args:
        flow: A generator that has not started.
        patience: Seconds without a success after which the error is raised.
    """
    try:
        operation = next(flow)
        while True:
            try:
                reply = yield from _performed(operation, patience)
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is the flow's
                operation = flow.throw(error)
            else:
                operation = flow.send(reply)
    except StopIteration as done:
        result: T = done.value
        return result


def _performed(operation: Operation[Any], patience: float) -> Flow[Any]:
    if not isinstance(operation, DriverCall):
        return (yield operation)
    deadline = time.monotonic() + patience
    pause = _FIRST_PAUSE
    while True:
        try:
            return (yield operation)
        except PyMongoError as error:
            if not is_transient(error) or time.monotonic() > deadline:
                raise
        yield Sleep(pause * random.uniform(0.5, 1.5))
        pause = min(2 * pause, _LONGEST_PAUSE)
