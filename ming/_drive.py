"""The two executors: they perform a flow's operations and send the replies back.

They hold no decisions. An error of an operation is thrown into the flow where it yielded, so a flow may
catch it like any code.
"""

from __future__ import annotations

from typing import TypeVar

from ming._types import AsyncExecutor, Executor, Flow

__all__ = ["arun", "run"]

T = TypeVar("T")


def run(flow: Flow[T], session: Executor) -> T:
    """Perform a flow through a synchronous session.

    Args:
        flow: A generator that has not started.
        session: What the operations are performed through.

    Returns:
        What the flow returns.
    """
    try:
        operation = next(flow)
        while True:
            try:
                reply = operation.perform(session)
            except BaseException as error:
                operation = flow.throw(error)
            else:
                operation = flow.send(reply)
    except StopIteration as done:
        result: T = done.value
        return result


async def arun(flow: Flow[T], session: AsyncExecutor) -> T:
    """Perform a flow through an asynchronous session; see `run`.

    Args:
        flow: A generator that has not started.
        session: What the operations are performed through.

    Returns:
        What the flow returns.
    """
    try:
        operation = next(flow)
        while True:
            try:
                reply = await operation.aperform(session)
            except BaseException as error:
                operation = flow.throw(error)
            else:
                operation = flow.send(reply)
    except StopIteration as done:
        result: T = done.value
        return result
