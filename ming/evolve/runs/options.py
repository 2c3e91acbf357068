"""What the caller of a bulk run may choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypedDict

from ming.exc import MingConfigError

if TYPE_CHECKING:
    from ming.evolve.runs.progress import Progress

__all__ = ["CONTROL_COLLECTION", "MigrateOptions", "RunOptions"]

CONTROL_COLLECTION: Final = "ming_migrations"
"""Where runs keep their records, unless they are told otherwise."""


class MigrateOptions(TypedDict, total=False):
    """The keyword arguments of ``migrate``; `RunOptions` says what they mean."""

    to: Any
    workers: int
    duty: float
    max_lag: float | None
    dry_run: bool
    progress: Callable[[Progress], Any] | None
    resume: bool
    range_size: int
    control: str
    lease: float


@dataclass(frozen=True)
class RunOptions:
    """How a bulk run works.

    Args:
        to: The version to upgrade to, if not the newest: its document class, or its stamp.
        workers: How many ranges are upgraded at the same time: threads, or tasks on the asynchronous face.
            Other processes that start the same run are workers too.
        duty: The share of its time that each worker works, above 0 and at most 1; it sleeps the rest.
        max_lag: Work only while no secondary is more seconds behind the primary.
        dry_run: Write nothing; upgrade a sample and show what would change.
        progress: Called with a `Progress` after each range; on the asynchronous face it may be a coroutine
            function.
        resume: Continue the unfinished run, if there is one; otherwise it is abandoned and a new one begins.
        range_size: How many documents make a range.
        control: Name of the collection that keeps the records of runs.
        lease: Seconds without a sign of life after which a worker's range goes to another one.

    Raises:
        MingConfigError: A number is out of its bounds.
    """

    to: Any = None
    workers: int = 1
    duty: float = 1.0
    max_lag: float | None = None
    dry_run: bool = False
    progress: Callable[[Progress], Any] | None = None
    resume: bool = True
    range_size: int = 5000
    control: str = CONTROL_COLLECTION
    lease: float = 30.0

    def __post_init__(self) -> None:
        checks = {
            "workers": (self.workers >= 1, "at least 1"),
            "duty": (0 < self.duty <= 1, "above 0 and at most 1"),
            "max_lag": (self.max_lag is None or self.max_lag > 0, "above 0, or None"),
            "range_size": (self.range_size >= 1, "at least 1"),
            "lease": (self.lease > 0, "above 0"),
        }
        for name, (is_sound, expected) in checks.items():
            if not is_sound:
                raise MingConfigError(f"migrate: {name}={getattr(self, name)!r}, expected {expected}")
