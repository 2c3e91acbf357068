"""A bar that shows shares of a whole: shaded and in colours on a terminal, plain characters elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ming.cli.output import Output, number, share

__all__ = ["Look", "Part", "tell_bar"]

_WIDTH: Final = 40


@dataclass(frozen=True)
class Look:
    """How a part of a bar looks."""

    plain: str
    """Its character where nobody looks, or where there are no others."""
    drawn: str
    """Its character on a terminal: colours alone do not tell everybody."""
    style: str
    """Its colour there."""

    def mark(self, output: Output) -> str:
        """The character to use."""
        return self.drawn if output.draws else self.plain


@dataclass(frozen=True)
class Part:
    """A part of a whole."""

    name: str
    """What it is called."""
    count: int
    """How much of the whole it is."""
    look: Look
    """How it looks."""
    remark: str = ""
    """What else is to be said about it."""


def tell_bar(output: Output, parts: Sequence[Part]) -> None:
    """Print a bar, and a line for each part below it."""
    if any(part.count for part in parts):
        cells = _cells([part.count for part in parts])
        bar = [
            (part.look.mark(output) * size, part.look.style) for part, size in zip(parts, cells, strict=True)
        ]
        output.styled([("  [", ""), *bar, ("]", "")])
    whole = sum(part.count for part in parts)
    names = max((len(part.name) for part in parts), default=0)
    counts = max((len(number(part.count)) for part in parts), default=0)
    for part in parts:
        text = f"{part.name.ljust(names)}  {number(part.count).rjust(counts)}  {share(part.count, whole).rjust(6)}"
        output.styled(
            [("  ", ""), (part.look.mark(output), part.look.style), (f" {text}  {part.remark}".rstrip(), "")]
        )


def _cells(counts: Sequence[int]) -> list[int]:
    """How many cells each part gets: at least one, where there is anything of it."""
    whole = sum(counts)
    cells = [max(1, round(_WIDTH * count / whole)) if count else 0 for count in counts]
    largest = max(range(len(cells)), key=cells.__getitem__)
    cells[largest] += _WIDTH - sum(cells)
    return cells
