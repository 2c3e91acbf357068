"""The English stemmer of text search: the Snowball algorithm known as Porter 2.

Written from the published description of the algorithm. A suffix is looked for in the regions R1 and R2 of a
word: what follows the first consonant after a vowel, and the same again within R1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

__all__ = ["stem"]

_VOWELS: Final = frozenset("aeiouy")
_DOUBLES: Final = frozenset(("bb", "dd", "ff", "gg", "mm", "nn", "pp", "rr", "tt"))
_BEFORE_LI: Final = frozenset("cdeghkmnrt")
_R1_PREFIXES: Final = ("gener", "commun", "arsen")

_IRREGULAR: Final[Mapping[str, str]] = {
    "skis": "ski",
    "skies": "sky",
    "dying": "die",
    "lying": "lie",
    "tying": "tie",
    "idly": "idl",
    "gently": "gentl",
    "ugly": "ugli",
    "early": "earli",
    "only": "onli",
    "singly": "singl",
    **{word: word for word in ("sky", "news", "howe", "atlas", "cosmos", "bias", "andes")},
}
_DONE_WITHOUT_PLURAL: Final = frozenset(
    ("inning", "outing", "canning", "herring", "earring", "proceed", "exceed", "succeed")
)


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """Return the stem of an English word; capital letters count as consonants."""
    if len(word) <= 2:
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    bare = word.removeprefix("'")
    marked = _with_consonant_y(bare)
    r1 = _first_region(marked)
    r2 = _region(marked, r1)
    singular = _without_plural(_without_possessive(marked))
    if singular in _DONE_WITHOUT_PLURAL:
        return singular
    stemmed = _y_to_i(_without_past(singular, r1))
    stemmed = _replaced(stemmed, _STEP_2, r1, _step_2_allows)
    stemmed = _replaced(stemmed, _STEP_3, r1, lambda rest, suffix: suffix != "ative" or len(rest) >= r2)
    stemmed = _replaced(stemmed, _STEP_4, r2, lambda rest, suffix: suffix != "ion" or rest[-1:] in ("s", "t"))
    stemmed = _without_end(stemmed, r1, r2)
    return stemmed if marked == bare else stemmed.replace("Y", "y")


# -- regions ------------------------------------------------------------------------------------------


def _with_consonant_y(word: str) -> str:
    """Write a ``y`` that is a consonant, at the start or after a vowel, as a capital letter."""
    marked = ""
    for letter in word:
        is_consonant = letter == "y" and (not marked or marked[-1] in _VOWELS)
        marked += "Y" if is_consonant else letter
    return marked


def _first_region(word: str) -> int:
    for prefix in _R1_PREFIXES:
        if word.startswith(prefix):
            return len(prefix)
    return _region(word, 0)


def _region(word: str, start: int) -> int:
    """Return where the part behind the first consonant after a vowel begins."""
    for at in range(start + 1, len(word)):
        if word[at] not in _VOWELS and word[at - 1] in _VOWELS:
            return at + 1
    return len(word)


def _has_vowel(part: str) -> bool:
    return any(letter in _VOWELS for letter in part)


def _ends_in_short_syllable(part: str) -> bool:
    if len(part) == 2:
        return part[0] in _VOWELS and part[1] not in _VOWELS
    return (
        len(part) > 2
        and part[-3] not in _VOWELS
        and part[-2] in _VOWELS
        and part[-1] not in _VOWELS
        and part[-1] not in "wxY"
    )


# -- the steps ----------------------------------------------------------------------------------------


def _without_possessive(word: str) -> str:
    for suffix in ("'s'", "'s", "'"):
        if word.endswith(suffix):
            return word.removesuffix(suffix)
    return word


def _without_plural(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith(("ied", "ies")):
        return word[:-2] if len(word) > 4 else word[:-1]
    if word.endswith("s") and not word.endswith(("us", "ss")) and _has_vowel(word[:-2]):
        return word[:-1]
    return word


def _without_past(word: str, r1: int) -> str:
    for suffix in ("eedly", "ingly", "edly", "eed", "ing", "ed"):
        if not word.endswith(suffix):
            continue
        rest = word.removesuffix(suffix)
        if suffix.startswith("eed"):
            return f"{rest}ee" if len(rest) >= r1 else word
        return _repaired(rest, r1) if _has_vowel(rest) else word
    return word


def _repaired(rest: str, r1: int) -> str:
    """Mend a word that has lost its ``ed`` or ``ing``."""
    if rest.endswith(("at", "bl", "iz")):
        return f"{rest}e"
    if rest[-2:] in _DOUBLES:
        return rest[:-1]
    return f"{rest}e" if len(rest) <= r1 and _ends_in_short_syllable(rest) else rest


def _y_to_i(word: str) -> str:
    if len(word) > 2 and word[-1] in "yY" and word[-2] not in _VOWELS:
        return f"{word[:-1]}i"
    return word


def _replaced(word: str, endings: Mapping[str, str], region: int, allows: Callable[[str, str], bool]) -> str:
    """Replace the longest suffix of a table, if it lies in a region and is allowed after the rest."""
    for length in range(min(len(word), 7), 1, -1):
        suffix = word[-length:]
        if suffix in endings:
            rest = word[:-length]
            return rest + endings[suffix] if len(rest) >= region and allows(rest, suffix) else word
    return word


def _step_2_allows(rest: str, suffix: str) -> bool:
    if suffix == "ogi":
        return rest.endswith("l")
    return suffix != "li" or rest[-1:] in _BEFORE_LI


def _without_end(word: str, r1: int, r2: int) -> str:
    rest = word[:-1]
    if word.endswith("e"):
        in_r1 = len(rest) >= r1 and not _ends_in_short_syllable(rest)
        return rest if len(rest) >= r2 or in_r1 else word
    return rest if word.endswith("ll") and len(rest) >= r2 else word


def _table(*replacements: tuple[str, str]) -> Mapping[str, str]:
    return {suffix: replacement for suffixes, replacement in replacements for suffix in suffixes.split()}


_STEP_2: Final = _table(
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("abli", "able"),
    ("entli", "ent"),
    ("izer ization", "ize"),
    ("ational ation ator", "ate"),
    ("alism aliti alli", "al"),
    ("fulness fulli", "ful"),
    ("ousli ousness", "ous"),
    ("iveness iviti", "ive"),
    ("biliti bli", "ble"),
    ("ogi", "og"),
    ("lessli", "less"),
    ("li", ""),
)
_STEP_3: Final = _table(
    ("tional", "tion"),
    ("ational", "ate"),
    ("alize", "al"),
    ("icate iciti ical", "ic"),
    ("ful ness ative", ""),
)
_STEP_4: Final = _table(
    ("al ance ence er ic able ible ant ement ment ent ism ate iti ous ive ize ion", ""),
)
