"""Steps that carry values from one place to another; those that take texts apart are in `ming.evolve.step.texts`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ming._values import Missing
from ming.evolve.step import pipeline
from ming.evolve.step.base import Step
from ming.evolve.step.fields import Uncopy
from ming.evolve.step.literals import fresh
from ming.evolve.step.paths import Raw, has_room, overlap, put, read, remove
from ming.exc import MingConfigError

if TYPE_CHECKING:
    from ming.evolve.step.python_code import Block

__all__ = ["Carrying", "Copy", "Move"]


@dataclass(frozen=True)
class Carrying(Step):
    """A step that takes values from its sources and puts what it makes of them at its targets.

    It does nothing where a target holds a value already, or has no room for one: nothing is overwritten.
    """

    takes_away: ClassVar[bool] = True
    """Whether the sources are empty afterwards."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Paths that values are taken from."""
        raise NotImplementedError

    @property
    def targets(self) -> tuple[str, ...]:
        """Paths that values are put at."""
        raise NotImplementedError

    @property
    def prunes(self) -> bool:
        """Whether sub-documents left empty go, too."""
        return False

    @property
    def reads(self) -> frozenset[str]:
        return frozenset(self.sources)

    @property
    def puts(self) -> frozenset[str]:
        return frozenset(self.targets)

    @property
    def removes(self) -> frozenset[str]:
        return frozenset(self.sources) if self.takes_away else frozenset()

    def __post_init__(self) -> None:
        paths = (*self.sources, *self.targets)
        self._check_paths(*paths)
        self._check_distinct(self.sources)
        self._check_distinct(self.targets)
        for source in self.sources:
            for target in self.targets:
                if overlap(source, target) and not (source == target and len(paths) > 2):
                    hint = "; wrap() and unwrap() change how deep a value lies" if source != target else ""
                    raise MingConfigError(f"{self}: {source!r} and {target!r} overlap{hint}")

    def _check_distinct(self, paths: Sequence[str]) -> None:
        if not paths:
            raise MingConfigError(f"{self}: expected at least one path")
        for number, path in enumerate(paths):
            for other in paths[:number]:
                if overlap(path, other):
                    raise MingConfigError(f"{self}: {other!r} and {path!r} overlap")

    def made(self, values: Sequence[Any]) -> Sequence[Any] | None:
        """What is put at the targets; None where the values do not fit."""
        raise NotImplementedError

    def upgrade(self, raw: Raw) -> None:
        made = self.made([read(raw, source) for source in self.sources])
        if made is None or not all(self._is_free(raw, target) for target in self.targets):
            return
        for source in self.sources if self.takes_away else ():
            remove(raw, source, prune=self.prunes)
        for target, value in zip(self.targets, made, strict=True):
            if value is not Missing:
                put(raw, target, value)

    def _is_free(self, raw: Raw, target: str) -> bool:
        return has_room(raw, target) and (target in self.removes or read(raw, target) is Missing)

    def fitting(self) -> Any:
        """The expression of whether the values fit."""
        raise NotImplementedError

    def made_expressions(self) -> Sequence[Any]:
        """The expressions of what is put at the targets, where the values fit."""
        raise NotImplementedError

    def assignments(self) -> dict[str, Any]:
        free = [
            pipeline.has_room(target) if target in self.removes else pipeline.is_absent(target)
            for target in self.targets
        ]
        return pipeline.assign(
            pipeline.all_of([self.fitting(), *free]),
            dict(zip(self.targets, self.made_expressions(), strict=True)),
            removes=sorted(self.removes),
            prune=self.prunes,
        )

    def emit(self, block: Block) -> None:
        made = block.local("made")
        bound = block.bind(f"made_by_{self.kind}_{self.sources[0]}", self.made)
        block.line(f"{made} = {bound}([{', '.join(map(block.read, self.sources))}])")
        with block.when(f"{made} is not None", *self._room(block)):
            self._emit_removal(block)
            values = [block.named(target) for target in self.targets]
            block.line(f"[{', '.join(values)}] = {made}")
            for target, value in zip(self.targets, values, strict=True):
                with block.when(f"{value} is not absent"):
                    block.put(target, value)

    def _room(self, block: Block) -> list[str]:
        conditions = []
        for target in self.targets:
            conditions += block.has_room(target) if target in self.removes else [block.is_free(target)]
        return conditions

    def _emit_removal(self, block: Block) -> None:
        for source in self.sources if self.takes_away else ():
            block.take(source, self.prunes)


@dataclass(frozen=True)
class _Relocation(Carrying):
    """A step that carries one value to one place."""

    source: str
    target: str

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.source,)

    @property
    def targets(self) -> tuple[str, ...]:
        return (self.target,)

    def made(self, values: Sequence[Any]) -> Sequence[Any] | None:
        return None if values[0] is Missing else values

    def fitting(self) -> Any:
        return pipeline.is_present(self.source)

    def made_expressions(self) -> Sequence[Any]:
        return [f"${self.source}"]

    def emit(self, block: Block) -> None:
        value = block.named(self.source)
        block.line(f"{value} = {block.read(self.source)}")
        with block.when(f"{value} is not absent", *self._room(block)):
            self._emit_removal(block)
            block.put(self.target, value)


@dataclass(frozen=True)
class Move(_Relocation):
    """Carries a value, null as well, to another place.

    Args:
        source: Where it is.
        target: Where it goes.
        prune: Whether sub-documents left empty go, too.
    """

    kind: ClassVar[str] = "move"
    prune: bool = False

    @property
    def prunes(self) -> bool:
        return self.prune

    def inverse(self) -> Step:
        # Sub-documents on the way to the target were made for the value, as far as anybody can tell.
        return Move(self.target, self.source, prune="." in self.target)


@dataclass(frozen=True)
class Copy(_Relocation):
    """Puts a value, null as well, at a second place.

    Args:
        source: Where it is, and stays.
        target: Where it goes, too.
    """

    kind: ClassVar[str] = "copy"
    takes_away: ClassVar[bool] = False

    def made(self, values: Sequence[Any]) -> Sequence[Any] | None:
        return None if values[0] is Missing else [fresh(values[0])]

    def inverse(self) -> Step:
        return Uncopy(self.source, self.target)
