"""What seems to have happened between one shape and the next.

Only the obvious is guessed: a value that went to another place, a text that became a number. What was carried
over and not guessed stays where it is, so nothing is lost by a step that is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ming.infer.observed import ITEMS, Observed

__all__ = ["Guess", "converted", "guessed", "moved"]

Path = tuple[str, ...]

_MOST_MOVES: Final = 30
_ENOUGH_VALUES: Final = 5
_ALIKE: Final = 0.6
_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})\Z", re.ASCII)


@dataclass(frozen=True)
class Guess:
    """One guessed step."""

    kind: str
    """``move`` or ``convert``."""
    source: Path
    target: Path

    def __str__(self) -> str:
        if self.kind == "convert":
            return f"E.convert({_dotted(self.source)!r}, int, on_error=None)"
        return f"E.move({_dotted(self.source)!r}, {_dotted(self.target)!r})"


def _dotted(path: Path) -> str:
    return ".".join(path)


def guessed(old: Observed, new: Observed) -> list[Guess]:
    """The steps that seem to lead from one shape to another."""
    before, after = _places(old), _places(new)
    gone = {path: seen for path, seen in before.items() if path not in after and _is_single(seen)}
    come = {path: seen for path, seen in after.items() if path not in before and _is_single(seen)}
    if len(gone) > _MOST_MOVES or len(come) > _MOST_MOVES:
        return []
    return [*_moves(gone, come, before, after), *_conversions(before, after)]


def _places(seen: Observed) -> dict[Path, Observed]:
    """What can be named by a path: not within lists, and without keys that paths cannot hold."""
    return {
        path: inner
        for path, inner in seen.walk()
        if path != ("_id",)
        and all(name and "." not in name and name[0] != "$" and name != ITEMS for name in path)
    }


def _is_single(seen: Observed) -> bool:
    """Whether there are values that go elsewhere as a whole: single ones, and lists of such."""
    if seen.kinds == {"list"}:
        return seen.items is None or not seen.items.kinds & {"object", "list"}
    return bool(seen.kinds) and not seen.kinds & {"object", "list"}


# -- moves --------------------------------------------------------------------------------------------


def _moves(
    gone: Mapping[Path, Observed],
    come: Mapping[Path, Observed],
    before: Mapping[Path, Observed],
    after: Mapping[Path, Observed],
) -> Iterator[Guess]:
    taken: set[Path] = set()
    for source, old in gone.items():
        alike = [target for target, new in come.items() if _seem_same(source, old, target, new)]
        if len(alike) == 1 and alike[0] not in taken and _is_free(alike[0], before):
            taken.add(alike[0])
            yield Guess("move", source, alike[0])


def _seem_same(source: Path, old: Observed, target: Path, new: Observed) -> bool:
    if old.kinds != new.kinds:
        return False
    return source[-1] == target[-1] or _share_values(old, new)


def _share_values(old: Observed, new: Observed) -> bool:
    one, other = set(old.values), set(new.values)
    if min(len(one), len(other)) < _ENOUGH_VALUES:
        return False
    return len(one & other) >= _ALIKE * min(len(one), len(other))


def _is_free(target: Path, before: Mapping[Path, Observed]) -> bool:
    """Whether a value can go there: every parent that was there before is an object."""
    parents = (before.get(target[:length]) for length in range(1, len(target)))
    return all(
        parent is None or (parent.kinds <= {"object"} and not parent.types["null"]) for parent in parents
    )


# -- conversions --------------------------------------------------------------------------------------


def _conversions(before: Mapping[Path, Observed], after: Mapping[Path, Observed]) -> Iterator[Guess]:
    for path, old in before.items():
        new = after.get(path)
        if new is not None and old.kinds == {"str"} and new.kinds == {"int"} and _are_integers(old):
            yield Guess("convert", path, path)


def _are_integers(seen: Observed) -> bool:
    return bool(seen.values) and all(isinstance(value, int) or _INTEGER.match(value) for value in seen.values)


# -- afterwards ---------------------------------------------------------------------------------------


def moved(root: Observed, guess: Guess) -> None:
    """Move what was seen, as the step would."""
    parent = _at(root, guess.source[:-1])
    seen = None if parent is None else parent.fields.pop(guess.source[-1], None)
    if seen is None:
        return
    for name in guess.target[:-1]:
        root = root.fields.setdefault(name, Observed())
        # Parents come into being with the value.
        root.count = max(root.count, seen.count)
        root.types["object"] = max(root.types["object"], seen.count)
    root.fields[guess.target[-1]] = seen


def converted(root: Observed, guess: Guess) -> None:
    """Convert what was seen, as the step would."""
    seen = _at(root, guess.source)
    if seen is not None:
        seen.types["int"] += seen.types.pop("str", 0)
        seen.types["null"] += 1
        seen.values.clear()


def _at(root: Observed, path: Path) -> Observed | None:
    found: Observed | None = root
    for name in path:
        found = None if found is None else found.fields.get(name)
    return found
