"""Waiting for transactions: how long whoever sent a command waits until it can be done.

The engine never waits; it says what stands in the way (`ming.mim.storage.open_transactions.Busy`). The faces
and the wire protocol try the command again when that has ended, each in its own way of waiting.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from ming.mim.data.errors import CommandError
from ming.mim.storage.open_transactions import Busy

__all__ = ["LIMIT", "Patience"]

LIMIT: Final = 5.0
"""Seconds for which a command without ``maxTimeMS`` waits; a server would do so for a minute."""


class Patience:
    """The time that one command has.

    Args:
        command: The command.
    """

    def __init__(self, command: Mapping[str, Any]) -> None:
        given = command.get("maxTimeMS")
        self._is_given = bool(given)
        self._deadline = time.monotonic() + (given / 1000 if given else LIMIT)

    def left(self, busy: Busy) -> float:
        """Return for how many seconds it is worth waiting.

        Args:
            busy: What stood in the way.

        Raises:
            CommandError: The time is up.
        """
        now = time.monotonic()
        if now < self._deadline:
            # A transaction that has lasted too long is aborted by the next try.
            return max(min(self._deadline, busy.holder.expires) - now, 0.0)
        if self._is_given:
            raise CommandError(50, "operation exceeded time limit")
        raise busy
