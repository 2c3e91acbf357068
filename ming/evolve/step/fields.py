"""Steps about whether a field is there: dropping it, giving it a value, and taking such a value away again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ming._values import Missing
from ming.evolve.step import pipeline
from ming.evolve.step.base import LITERAL, Irreversible, Step
from ming.evolve.step.equality import equal
from ming.evolve.step.literals import fresh, is_scalar, quoted
from ming.evolve.step.paths import Raw, has_room, overlap, put, read, remove
from ming.exc import MingConfigError

if TYPE_CHECKING:
    from ming.evolve.step.python_code import Block

__all__ = ["Const", "Default", "Drop", "Forget", "Uncopy"]


@dataclass(frozen=True)
class Drop(Step):
    """Removes fields.

    Args:
        paths: Where they are.
    """

    kind: ClassVar[str] = "drop"
    paths: tuple[str, ...]

    def __post_init__(self) -> None:
        self._check_paths(*self.paths)
        if not self.paths:
            raise MingConfigError("drop(): expected at least one path")
        for number, path in enumerate(self.paths):
            for other in self.paths[:number]:
                if overlap(path, other):
                    raise MingConfigError(f"{self}: {other!r} and {path!r} overlap")

    @property
    def reads(self) -> frozenset[str]:
        return frozenset()

    @property
    def removes(self) -> frozenset[str]:
        return frozenset(self.paths)

    def upgrade(self, raw: Raw) -> None:
        for path in self.paths:
            remove(raw, path)

    def assignments(self) -> dict[str, Any]:
        return pipeline.assign(True, {}, removes=self.paths)

    def emit(self, block: Block) -> None:
        for path in self.paths:
            block.take(path)

    def inverse(self) -> Irreversible:
        return Irreversible(f"the values of {', '.join(self.paths)} are gone")


@dataclass(frozen=True)
class _Giving(Step):
    """A step that puts a literal at a path that has room for it."""

    path: str
    value: Any = LITERAL()

    def __post_init__(self) -> None:
        self._check_paths(self.path)

    @property
    def reads(self) -> frozenset[str]:
        return frozenset()

    @property
    def puts(self) -> frozenset[str]:
        return frozenset((self.path,))

    @property
    def single(self) -> frozenset[str]:
        return self.puts if is_scalar(self.value) else frozenset()


@dataclass(frozen=True)
class Default(_Giving):
    """Gives a missing field a value; null stays null.

    Args:
        path: Where the field is.
        value: The value.
    """

    kind: ClassVar[str] = "default"

    def upgrade(self, raw: Raw) -> None:
        if has_room(raw, self.path) and read(raw, self.path) is Missing:
            put(raw, self.path, fresh(self.value))

    def assignments(self) -> dict[str, Any]:
        return pipeline.assign(pipeline.is_absent(self.path), {self.path: quoted(self.value)})

    def emit(self, block: Block) -> None:
        with block.when(block.is_free(self.path)):
            block.put(self.path, block.literal(f"default_{self.path}", self.value))

    def inverse(self) -> Step:
        return Forget(self.path, self.value, prune="." in self.path)


@dataclass(frozen=True)
class Const(_Giving):
    """Gives a field a value, whatever it held.

    Args:
        path: Where the field is.
        value: The value.
    """

    kind: ClassVar[str] = "const"

    def upgrade(self, raw: Raw) -> None:
        if has_room(raw, self.path):
            put(raw, self.path, fresh(self.value))

    def assignments(self) -> dict[str, Any]:
        return pipeline.assign(pipeline.has_room(self.path), {self.path: quoted(self.value)})

    def emit(self, block: Block) -> None:
        value = block.literal(f"const_{self.path}", self.value)
        room = block.has_room(self.path)
        if not room:
            block.put(self.path, value)
        else:
            with block.when(*room):
                block.put(self.path, value)

    def inverse(self) -> Irreversible:
        return Irreversible(f"what {self.path} held before is gone; default() keeps it")


@dataclass(frozen=True)
class Forget(_Giving):
    """Removes a field that holds one value; takes `Default` back.

    Args:
        path: Where the field is.
        value: The value.
        prune: Whether sub-documents left empty go, too.
    """

    kind: ClassVar[str] = "forget"
    prune: bool = False

    @property
    def reads(self) -> frozenset[str]:
        return frozenset((self.path,))

    @property
    def puts(self) -> frozenset[str]:
        return frozenset()

    @property
    def removes(self) -> frozenset[str]:
        return frozenset((self.path,))

    def upgrade(self, raw: Raw) -> None:
        stored = read(raw, self.path)
        if stored is not Missing and equal(stored, self.value):
            remove(raw, self.path, prune=self.prune)

    def assignments(self) -> dict[str, Any]:
        holds = {"$eq": [pipeline.stored(self.path), quoted(self.value)]}
        return pipeline.assign(holds, {}, removes=[self.path], prune=self.prune)

    def emit(self, block: Block) -> None:
        value = block.bind(f"default_{self.path}", self.value)
        with block.when(f"equal({block.read(self.path)}, {value})"):
            block.take(self.path, self.prune)

    def inverse(self) -> Step:
        return Default(self.path, self.value)


@dataclass(frozen=True)
class Uncopy(Step):
    """Removes a field that holds the same as another one; takes `Copy` back.

    Args:
        source: Where the other one is.
        target: Where the field is.
    """

    kind: ClassVar[str] = "uncopy"
    source: str
    target: str

    def __post_init__(self) -> None:
        self._check_paths(self.source, self.target)

    @property
    def reads(self) -> frozenset[str]:
        return frozenset((self.source, self.target))

    @property
    def removes(self) -> frozenset[str]:
        return frozenset((self.target,))

    def upgrade(self, raw: Raw) -> None:
        stored = read(raw, self.target)
        if stored is not Missing and equal(stored, read(raw, self.source)):
            remove(raw, self.target, prune=True)

    def assignments(self) -> dict[str, Any]:
        same = {"$eq": [pipeline.stored(self.target), pipeline.stored(self.source)]}
        fits = pipeline.all_of([pipeline.is_present(self.target), same])
        return pipeline.assign(fits, {}, removes=[self.target], prune=True)

    def emit(self, block: Block) -> None:
        value = block.named(self.target)
        block.line(f"{value} = {block.read(self.target)}")
        with block.when(f"{value} is not absent", f"equal({value}, {block.read(self.source)})"):
            block.take(self.target, prune=True)

    def inverse(self) -> Irreversible:
        return Irreversible(
            f"{self.target} is absent where it held the same as {self.source}, and where it was"
        )
