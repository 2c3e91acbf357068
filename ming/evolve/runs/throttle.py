"""How fast a run may be: a share of the time, and only as far as the secondaries keep up."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any, Final

from pymongo.errors import OperationFailure

from ming._flows.commands import RunAdminCommand
from ming._flows.operations import Sleep
from ming._types import Flow
from ming.evolve.runs.job import Job

__all__ = ["Throttle", "lag_of"]

log = logging.getLogger("ming.migration")

_ASK_EVERY: Final = 1.0
_PRIMARY: Final = 1
_SECONDARY: Final = 2


class Throttle:
    """Slows one worker down.

    Args:
        job: The process's part in the run.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._duty = job.options.duty
        self._max_lag = job.options.max_lag
        self._asked = float("-inf")

    def rest(self, worked: float) -> Flow[None]:
        """Sleep as long as it takes to keep to the share of the time, in which the caller has worked."""
        if self._duty < 1:
            yield from Sleep(worked * (1 / self._duty - 1))

    def wait_for_secondaries(self) -> Flow[None]:
        """Wait while a secondary is too far behind."""
        if time.monotonic() - self._asked < _ASK_EVERY:
            return
        while self._max_lag is not None and self._job.is_open:
            lag = yield from self._ask()
            self._asked = time.monotonic()
            if lag is None or lag <= self._max_lag:
                return
            yield from Sleep(_ASK_EVERY)
            yield from self._job.refresh()

    def _ask(self) -> Flow[float | None]:
        try:
            status = yield from RunAdminCommand({"replSetGetStatus": 1})
        except (OperationFailure, NotImplementedError) as error:
            log.warning(
                "%s: max_lag has no effect: the replica set tells no lag: %s", self._job.collection, error
            )
            self._max_lag = None
            return None
        return lag_of(status)


def lag_of(status: Mapping[str, Any]) -> float:
    """Seconds by which the slowest living secondary is behind the primary.

    Args:
        status: Reply of ``replSetGetStatus``.
    """
    applied: dict[int, list[Any]] = {_PRIMARY: [], _SECONDARY: []}
    for member in status["members"]:
        if member.get("health") and member["state"] in applied:
            applied[member["state"]].append(member["optimeDate"])
    if not applied[_PRIMARY] or not applied[_SECONDARY]:
        return 0.0
    lag: float = (max(applied[_PRIMARY]) - min(applied[_SECONDARY])).total_seconds()
    return lag
