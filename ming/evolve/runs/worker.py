"""What each worker of a run does: it takes a range, upgrades its documents, and takes the next one."""

from __future__ import annotations

import logging
import time
from typing import Final

from pymongo.errors import PyMongoError

from ming._flows.operations import Sleep
from ming._types import Flow
from ming.evolve.runs.holding import Holding
from ming.evolve.runs.job import Job
from ming.evolve.runs.lease import Leases, worker_name
from ming.evolve.runs.python_range import upgrade_in_python
from ming.evolve.runs.server_range import upgrade_in_server
from ming.evolve.runs.throttle import Throttle

__all__ = ["work"]

log = logging.getLogger("ming.migration")

_FIRST_WAIT: Final = 0.05
_LONGEST_WAIT: Final = 1.0


def work(job: Job) -> Flow[None]:
    """Work on ranges until the pass is done, or the run is paused or stopped."""
    leases = _leases(job)
    try:
        yield from _work_on_ranges(job, leases)
    except GeneratorExit:
        # Whoever performs the flow has given it up, and takes no more operations.
        raise
    except BaseException:
        yield from _give_back(job, leases)
        raise


def _work_on_ranges(job: Job, leases: Leases) -> Flow[None]:
    throttle = Throttle(job)
    wait = _FIRST_WAIT
    while job.is_open and job.pass_number == leases.pass_number:
        yield from throttle.wait_for_secondaries()
        taken = yield from leases.take()
        if taken is not None:
            began = time.monotonic()
            yield from _upgrade(Holding(job, leases, taken))
            yield from throttle.rest(time.monotonic() - began)
            wait = _FIRST_WAIT
        elif (yield from leases.is_pass_done()):
            return
        else:
            # Others are at the last ranges; if one of them died, its lease runs out.
            yield from Sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)
            yield from job.refresh()


def _upgrade(holding: Holding) -> Flow[None]:
    if (yield from upgrade_in_server(holding)):
        yield from upgrade_in_python(holding)
    if (yield from holding.leases.complete(holding.range, holding.tally)):
        yield from holding.job.note(holding.tally)


def _give_back(job: Job, leases: Leases) -> Flow[None]:
    try:
        yield from leases.release()
    except PyMongoError as error:
        log.warning("%s: a range stays leased until the lease runs out: %s", job.collection, error)


def _leases(job: Job) -> Leases:
    return Leases(
        control=job.control,
        run=job.record["_id"],
        pass_number=job.pass_number,
        manager=job.plan.manager,
        # What came in while the first pass went through is few, and lies anywhere.
        query={} if job.pass_number == 1 else job.plan.outdated,
        owner=worker_name(),
        seconds=job.options.lease,
        range_size=job.options.range_size,
    )
