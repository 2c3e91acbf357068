"""Hooks of extensions: which of them do something, and a step between those before it and those after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ming._flows.operations import CallHook

if TYPE_CHECKING:
    from ming._types import Flow

__all__ = ["call_hook", "hooks", "no_op"]

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

_NO_OPS: Final[set[Any]] = set()


def no_op(function: F) -> F:
    """Mark a hook that does nothing, so that nobody has to call it."""
    _NO_OPS.add(function)
    return function


def hooks(extensions: Iterable[Any], name: str) -> list[Callable[..., Any]]:
    """Return those of the extensions' hooks of a name that do something, in order."""
    found = [getattr(extension, name, None) for extension in extensions]
    return [hook for hook in found if hook is not None and getattr(hook, "__func__", None) not in _NO_OPS]


def call_hook(extensions: Iterable[Any], event: str, step: Flow[T], *args: Any) -> Flow[T]:
    """Do a step between the extensions' hooks of an event.

    Args:
        extensions: Those registered, in order.
        event: What happens, such as ``insert``.
        step: Makes it happen.
        args: What the hooks get.

    Returns:
        What the step returns.
    """
    for hook in hooks(extensions, f"before_{event}"):
        yield from CallHook(hook, *args)
    result = yield from step
    for hook in hooks(extensions, f"after_{event}"):
        yield from CallHook(hook, *args)
    return result
