"""Steps that take texts apart and put them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ming._values import Missing
from ming.evolve.step import pipeline
from ming.evolve.step.base import Irreversible, Step
from ming.evolve.step.literals import quoted
from ming.evolve.step.moving import Carrying
from ming.exc import MingConfigError

__all__ = ["Merge", "Split"]


@dataclass(frozen=True)
class Split(Carrying):
    """Splits a text at a separator; the last part holds the rest. A null becomes a null for each part.

    Args:
        path: Where the text is.
        into: Where the parts go; those that the text has no part for stay empty.
        sep: The separator.
    """

    kind: ClassVar[str] = "split"
    path: str
    into: tuple[str, ...]
    sep: str = " "

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_separator(self, self.sep)
        if len(self.into) < 2:
            raise MingConfigError(f"{self}: expected two paths at least to split into")

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.path,)

    @property
    def targets(self) -> tuple[str, ...]:
        return self.into

    @property
    def single(self) -> frozenset[str]:
        return self.puts

    def made(self, values: Sequence[Any]) -> Sequence[Any] | None:
        (value,) = values
        if value is None:
            return [None] * len(self.into)
        if not isinstance(value, str):
            return None
        parts = value.split(self.sep, len(self.into) - 1)
        return [*parts, *[Missing] * (len(self.into) - len(parts))]

    def fitting(self) -> Any:
        return pipeline.has_type(pipeline.stored(self.path), "string", "null")

    def made_expressions(self) -> Sequence[Any]:
        parts = {"$split": [f"${self.path}", quoted(self.sep)]}
        size = len(self.into)
        elements: list[Any] = [{"$arrayElemAt": [parts, index]} for index in range(size - 1)]
        rest = {"$slice": [parts, size - 1, _ALL]}
        elements.append(_joined(rest, self.sep))
        return [{"$cond": [{"$eq": [f"${self.path}", None]}, None, element]} for element in elements]

    def inverse(self) -> Step:
        prune = any("." in target for target in self.into)
        return Merge(self.into, self.path, self.sep, canonical=True, prune=prune)


@dataclass(frozen=True)
class Merge(Carrying):
    """Joins texts with a separator. Missing and null ones are skipped; if there are only nulls, the result is null.

    Args:
        paths: Where the texts are.
        into: Where the joined text goes.
        sep: The separator.
        canonical: A promise: no text but the last holds the separator, and none is there without those before
            it. So splitting takes the step back.
        prune: Whether sub-documents left empty go, too.
    """

    kind: ClassVar[str] = "merge"
    paths: tuple[str, ...]
    into: str
    sep: str = " "
    canonical: bool = False
    prune: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_separator(self, self.sep)
        if len(self.paths) < 2:
            raise MingConfigError(f"{self}: expected two paths at least to merge")

    @property
    def sources(self) -> tuple[str, ...]:
        return self.paths

    @property
    def targets(self) -> tuple[str, ...]:
        return (self.into,)

    @property
    def prunes(self) -> bool:
        return self.prune

    @property
    def single(self) -> frozenset[str]:
        return self.puts

    def made(self, values: Sequence[Any]) -> Sequence[Any] | None:
        present = [value for value in values if value is not Missing]
        texts = [value for value in present if value is not None]
        if not present or not all(isinstance(text, str) for text in texts):
            return None
        return [self.sep.join(texts) if texts else None]

    def fitting(self) -> Any:
        fit = [pipeline.has_type(pipeline.stored(path), "string", "null", "missing") for path in self.paths]
        return pipeline.all_of([*fit, {"$or": [pipeline.is_present(path) for path in self.paths]}])

    def made_expressions(self) -> Sequence[Any]:
        given = [pipeline.stored(path) for path in self.paths]
        texts = {"$filter": {"input": given, "as": "text", "cond": {"$ne": ["$$text", None]}}}
        return [{"$ifNull": [_joined(texts, self.sep), None]}]

    def inverse(self) -> Step | Irreversible:
        if self.canonical:
            return Split(self.into, self.paths, self.sep)
        return Irreversible(
            f"a merged text does not tell where one of {', '.join(self.paths)} ends and the next begins; "
            "canonical=True promises that it does"
        )


_ALL = 2**31 - 1


def _check_separator(step: Step, sep: Any) -> None:
    if not isinstance(sep, str) or not sep:
        raise MingConfigError(f"{step}: the separator is {sep!r}, expected a text that is not empty")


def _joined(texts: Any, sep: str) -> Any:
    """The expression of a list of texts, joined; missing for an empty list."""
    return pipeline.let(
        {
            "$reduce": {
                "input": {"$slice": ["$$texts", 1, _ALL]},
                "initialValue": {"$arrayElemAt": ["$$texts", 0]},
                "in": {"$concat": ["$$value", quoted(sep), "$$this"]},
            }
        },
        texts=texts,
    )
