"""Several flows at the same time: one thread each, or one task each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Any

from ming._drive import arun, run
from ming._flows.operations import Operation
from ming._types import AsyncExecutor, Executor, Flow

__all__ = ["Together"]


class Together(Operation[None]):
    """Perform flows side by side through one session, until all have ended.

    If one fails, or the program is interrupted, the others are asked to stop and waited for; then the error
    is raised.

    Args:
        flows: Generators that have not started.
        stop: Asks the flows to end soon.
    """

    __slots__ = ("flows", "stop")

    def __init__(self, flows: Sequence[Flow[Any]], stop: Callable[[], object]) -> None:
        self.flows = flows
        self.stop = stop

    def perform(self, session: Executor) -> None:
        """Give each flow a thread."""
        with ThreadPoolExecutor(len(self.flows)) as threads:
            running: list[Future[Any]] = [threads.submit(run, flow, session) for flow in self.flows]
            try:
                wait(running, return_when=FIRST_EXCEPTION)
            finally:
                self.stop_unless_done(running)
        for each in running:
            each.result()

    async def aperform(self, session: AsyncExecutor) -> None:
        """Give each flow a task; a cancellation is handed on to all of them."""
        running = [asyncio.ensure_future(arun(flow, session)) for flow in self.flows]
        try:
            await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
        except asyncio.CancelledError:
            for task in running:
                task.cancel()
            raise
        finally:
            self.stop_unless_done(running)
            await asyncio.gather(*running, return_exceptions=True)
        for each in running:
            each.result()

    def stop_unless_done(self, running: Sequence[Any]) -> None:
        """Ask the flows to end if some are still under way."""
        if not all(each.done() for each in running):
            self.stop()
