"""What a run has to do: which documents are old, and how those of each version become new.

Where every hop of a version can run inside the server, its documents are upgraded there, as far as
`ming.evolve.runs.in_server` allows. All others are read and upgraded in Python, which knows what is wrong
with a document, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ming._base_manager import BaseManager, manager_of
from ming._flows.loading import overrides_make
from ming.evolve.chain import Chain, same_constant
from ming.evolve.report import VersionCount
from ming.evolve.runs.in_server import ServerUpgrade, server_upgrades, why_not_every
from ming.exc import MingConfigError

__all__ = ["RunPlan", "plan_run"]


@dataclass(frozen=True, eq=False)
class RunPlan:
    """What a run has to do.

    Args:
        manager: The class of the version to upgrade to.
        stamp: Name of the field that tells old documents from others; None if only reading them does.
        kept: Values of the stamp that are not old: those of the version to upgrade to, and of newer ones.
        in_server: The versions whose documents are upgraded inside the server.
        python_reason: Why documents of other versions are upgraded in Python; None if there are none.
        singly: Whether each document is saved by itself, because the class wants to see it.
    """

    manager: BaseManager[Any]
    stamp: str | None
    kept: tuple[Any, ...]
    in_server: tuple[ServerUpgrade, ...]
    python_reason: str | None
    singly: bool

    @property
    def outdated(self) -> dict[str, Any]:
        """Matches every old document; where no stamp tells, every document."""
        return {} if self.stamp is None else {self.stamp: {"$nin": list(self.kept)}}

    def counted(self, stamp: Any, count: int) -> VersionCount:
        """What is known of the documents that bear a stamp."""
        is_old = not any(same_constant(constant, stamp) for constant in self.kept)
        (field,) = (field for field in self.manager.chain.stamps if field.name == self.stamp)
        numbers = field.matching(stamp)
        name = self.manager.chain.versions[numbers[0]].name if len(numbers) == 1 else None
        return VersionCount(stamp, name, is_old, count)


def plan_run(manager: BaseManager[Any], to: Any = None) -> RunPlan:
    """Plan a run.

    Args:
        manager: The newest class; it has older versions.
        to: The version to upgrade to, if not the newest: its class, or its stamp.

    Raises:
        MingConfigError: ``to`` is no version that there is anything older than, or newer documents could not
            be told apart.
    """
    target = manager if to is None else _target(manager, to)
    stamp, kept = _telling(manager.chain, target.chain)
    if stamp is None and target is not manager:
        raise MingConfigError(f"to={to!r}: no stamp tells which documents are newer than that already")
    reason = _why_in_python(target)
    upgrades = () if reason else tuple(server_upgrades(target.chain))
    reason = reason or why_not_every(target.chain, upgrades)
    singly = target.before_save is not None or overrides_make(target.cls)
    return RunPlan(target, stamp, kept, upgrades, reason, singly)


def _target(manager: BaseManager[Any], to: Any) -> BaseManager[Any]:
    chain = manager.chain
    known = [manager_of(version.cls) for version in reversed(chain.versions[1:])]
    for candidate in known:
        constants = [constant.value for name, constant in _stamp_constants(chain, candidate)]
        if to is candidate.cls or any(same_constant(constant, to) for constant in constants):
            if candidate.collection_name != manager.collection_name:
                raise MingConfigError(
                    f"to={to!r}: {candidate.cls.__name__} is stored in {candidate.collection_name!r}, "
                    f"not in {manager.collection_name!r}"
                )
            return candidate
    names = ", ".join(candidate.cls.__name__ for candidate in known)
    raise MingConfigError(f"to={to!r}, expected one of {names}, or its stamp")


def _stamp_constants(chain: Chain, manager: BaseManager[Any]) -> Iterator[tuple[str, Any]]:
    stamps = {stamp.name for stamp in chain.stamps}
    version = chain.versions[chain.number_of(manager.cls)]
    return ((name, item) for name, item in version.constants.items() if name in stamps)


def _telling(whole: Chain, chain: Chain) -> tuple[str | None, tuple[Any, ...]]:
    """The stamp that tells old documents, and its values in documents that are not."""
    if len(whole.stamps) != 1:
        return None, ()
    (stamp,) = whole.stamps
    target = len(chain.versions) - 1
    numbers = range(target, len(whole.versions))
    kept = [stamp.constants[number] for number in numbers if number in stamp.constants]
    is_telling = len(kept) == len(numbers) and all(min(stamp.matching(value)) >= target for value in kept)
    return (stamp.name, tuple(kept)) if is_telling else (None, ())


def _why_in_python(manager: BaseManager[Any]) -> str | None:
    """What about a class keeps all its documents from being upgraded inside the server."""
    name = manager.cls.__name__
    reasons = {
        f"{name} has a before_save hook": manager.before_save is not None,
        f"{name} overrides make": overrides_make(manager.cls),
        f"{name} is polymorphic": manager.polymorphic_on is not None,
        f"{name} says unknown = {manager.declaration.unknown!r}": manager.declaration.unknown != "keep",
    }
    return next((reason for reason, holds in reasons.items() if holds), None)
