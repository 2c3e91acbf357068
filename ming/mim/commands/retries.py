"""Retryable writes: what the statements of a numbered write command did, so that none is done twice.

A client that did not get a reply sends the command again, with the same session and number
(`ming.mim.commands.sessions`). The write commands (`ming.mim.commands.writing`) do each statement through the
`Attempt`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ming.mim.data.errors import CommandError
from ming.mim.data.values import MISSING

__all__ = ["Attempt", "Outcome", "Statements"]

Document = dict[str, Any]


class Outcome(NamedTuple):
    """What one statement did."""

    n: int
    """How many documents it inserted, matched or deleted."""
    modified: int = 0
    """How many of those matched it changed."""
    upserted_id: Any = MISSING
    """The ``_id`` of the document it made because none matched."""
    reply: Mapping[str, Any] | None = None
    """The reply of a ``findAndModify``."""
    changed: bool = True
    """Whether it changed anything."""


Statements = dict[int, Outcome]
"""What the statements under one number did, by their own numbers; only those that changed something."""


class Attempt:
    """A write command of a session, sent for the first time or again.

    Args:
        command: The command.
        done: What was done under its number; the statements of this attempt come to it with `succeed`.
    """

    def __init__(self, command: Mapping[str, Any], done: Statements) -> None:
        self.retried: list[int] = []
        self._numbers = command.get("stmtIds")
        self._first = command.get("stmtId", 0)
        self._done = done
        self._new: Statements = {}

    def once(self, index: int, statement: Any, perform: Callable[[Any], Outcome]) -> Outcome:
        """Perform a statement unless it has been done.

        Raises:
            CommandError: It may change several documents.
        """
        _check_single(statement)
        outcome = self.recalled(index)
        if outcome is None:
            outcome = perform(statement)
            self.keep(index, outcome)
        return outcome

    def recalled(self, index: int = 0) -> Outcome | None:
        """Return what the statement at a place in the command did when it was sent before."""
        number = self._number(index)
        outcome = self._done.get(number)
        if outcome is not None:
            self.retried.append(number)
        return outcome

    def keep(self, index: int, outcome: Outcome) -> None:
        """Remember what a statement did."""
        if outcome.changed:
            self._new[self._number(index)] = outcome

    def succeed(self) -> None:
        """Note that the command has not failed as a whole: what its statements did stays."""
        self._done.update(self._new)

    def _number(self, index: int) -> int:
        return int(self._first + index if self._numbers is None else self._numbers[index])


def _check_single(statement: Document) -> None:
    if "q" in statement:
        if statement.get("multi"):
            raise CommandError(72, "Cannot use (or request) retryable writes with multi=true")
        if statement.get("limit") == 0:
            raise CommandError(72, "Cannot use (or request) retryable writes with limit=0")
