"""The keys strings are compared by under a collation.

A key is a string: the weights of the first level, then those of the second, and so on. `root_collation` has
the weights of the characters; `collation` reads the rules from documents.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from ming.mim.data.root_collation import (
    BEFORE_LETTERS,
    FIRST_CYRILLIC,
    LAST_CYRILLIC,
    LAST_PUNCTUATION,
    LAST_SPACE,
    NUMBER,
    Element,
    elements_of,
)

__all__ = ["Rules", "string_keys"]

_LEVEL_END: Final = "\0"
_NOT_IGNORED: Final = chr(0x10FFFF)
_UNITS: Final = {"и\u0306": "й", "И\u0306": "Й", "l·": "ŀ", "L·": "Ŀ"}
"""Characters that make one letter together."""
_LONGEST_NUMBER: Final = 254
"""Digits after so many are compared as another number."""
_CACHED: Final = 1 << 14
_LAST_PLACES: Final = 0x10FF00

_Weights = tuple[str, ...]
"""Those of one character, a string for each level."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts when strings are compared."""

    strength: int = 3
    """How many levels: the bases, the marks, the forms, what the others ignore, the code points."""
    case_level: bool = False
    """Whether capitals make a level of their own, before other forms."""
    case_first: str = "off"
    """Whether ``upper`` or ``lower`` case goes first, in spite of other forms."""
    numeric: bool = False
    """Whether digits compare as numbers."""
    ignores: str = ""
    """What the first three levels ignore: nothing, ``space``, or ``punct``, which is both."""
    normalizes: bool = False
    """Whether marks in another order are the same."""
    backwards: bool = False
    """Whether marks are compared from the end."""
    letters: str = ""
    """The letters an alphabet has of its own: words of a common letter and those that follow it."""
    cyrillic_first: bool = False
    """Whether Cyrillic letters come before all others."""


@cache
def string_keys(rules: Rules) -> Callable[[str], str]:
    """Return the function that gives strings their keys: equal ones for equal strings, in the strings'
    order."""
    return lru_cache(maxsize=_CACHED)(_StringKeys(rules).key)


def _own_letters(alphabet: str) -> dict[str, Element]:
    """Return the elements of the letters that `Rules.letters` has."""
    own = {}
    for letters in alphabet.split():
        (base,) = elements_of(letters[0])
        (capital,) = elements_of(letters[0].upper())
        for place, letter in enumerate(letters[1:]):
            # After all that begins with the common letter, and before the next one.
            primary = base.primary + chr(_LAST_PLACES + place)
            own[letter] = base._replace(primary=primary)
            own[letter.upper()] = capital._replace(primary=primary)
    return own


class _StringKeys:
    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._last_ignored = {"": "", "space": LAST_SPACE, "punct": LAST_PUNCTUATION}[rules.ignores]
        self._levels = list(self._levels_of(rules))
        self._nothing = ("",) * len(self._levels)
        self._weights: dict[str, _Weights] = {}
        self._own = _own_letters(rules.letters)
        composed = {unicodedata.normalize("NFD", letter): letter for letter in self._own}
        self._units = {**composed, **_UNITS}

    def _levels_of(self, rules: Rules) -> Iterator[Callable[[Element], str]]:
        """Yield what gives an element its weight on each level; what is ignored has one on the last only."""
        yield self._base
        if rules.strength > 1:
            yield lambda element: chr(element.secondary)
        if rules.case_level:
            yield self._case
        if rules.strength > 2:
            yield self._form
        if rules.strength > 3 and rules.ignores:
            yield lambda element: _NOT_IGNORED

    def _base(self, element: Element) -> str:
        is_first = self._rules.cyrillic_first and FIRST_CYRILLIC <= element.primary[:1] <= LAST_CYRILLIC
        return BEFORE_LETTERS + element.primary if is_first else element.primary

    def _case(self, element: Element) -> str:
        if self._rules.strength == 1 and not element.primary:
            return ""
        return "\2" if element.capital == (self._rules.case_first != "upper") else "\1"

    def _form(self, element: Element) -> str:
        if self._rules.case_level or self._rules.case_first == "off":
            return chr(element.tertiary)
        return self._case(element) + chr(element.tertiary)

    def key(self, text: str) -> str:
        """Return the key of a string."""
        rules = self._rules
        weights = [self._nothing, *self._weights_of(text)]
        levels = ["".join(column) for column in zip(*weights, strict=True)]
        if rules.backwards:
            levels[1] = levels[1][::-1]
        if rules.strength > 4:
            levels.append(unicodedata.normalize("NFD", text))
        return _LEVEL_END.join(levels)

    def _weights_of(self, text: str) -> Iterable[_Weights]:
        if not text.isascii():
            text = self._with_units(text)
            if self._rules.ignores:
                text = "".join(self._without_orphans(text))
        if self._rules.numeric:
            return self._with_numbers(text)
        return map(self._weights_of_character, text)

    def _with_units(self, text: str) -> str:
        """Put a single character for what makes one letter together."""
        if self._rules.normalizes:
            text = unicodedata.normalize("NFD", text)
        elif self._own:
            # Marks stay in their order.
            text = "".join([unicodedata.normalize("NFD", character) for character in text])
        for unit, letter in self._units.items():
            text = text.replace(unit, letter)
        return text

    def _weights_of_character(self, character: str) -> _Weights:
        weights = self._weights.get(character)
        if weights is None:
            weights = self._weights[character] = self._joined(self._elements_of(character))
        return weights

    def _elements_of(self, character: str) -> tuple[Element, ...]:
        return (self._own[character],) if character in self._own else elements_of(character)

    def _joined(self, elements: Iterable[Element]) -> _Weights:
        of_elements: list[_Weights] = [self._nothing]
        for element in elements:
            if self._is_ignored(element):
                of_elements.append((*self._nothing[1:], element.primary if self._rules.strength > 3 else ""))
            else:
                of_elements.append(tuple([weight(element) for weight in self._levels]))
        return tuple(map("".join, zip(*of_elements, strict=True)))

    def _is_ignored(self, element: Element) -> bool:
        return "" < element.primary <= self._last_ignored

    def _without_orphans(self, text: str) -> Iterator[str]:
        """Yield the characters, without the marks on an ignored character."""
        on_ignored = False
        for character in text:
            bases = [element for element in self._elements_of(character) if element.primary]
            if bases:
                on_ignored = self._is_ignored(bases[-1])
            if bases or not on_ignored:
                yield character

    def _with_numbers(self, text: str) -> Iterator[_Weights]:
        for at, piece in enumerate(re.split(r"(\d+)", text)):
            if at % 2 == 0:
                yield from map(self._weights_of_character, piece)
                continue
            digits = "".join([str(unicodedata.decimal(digit)) for digit in piece]).lstrip("0") or "0"
            while digits:
                number, digits = digits[:_LONGEST_NUMBER], digits[_LONGEST_NUMBER:].lstrip("0")
                yield self._joined([Element(NUMBER + chr(len(number)) + number)])
