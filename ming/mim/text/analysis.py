"""How text becomes the terms that text search compares: words, without stop words, stemmed and folded."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from ming.mim.text.stemming import stem

__all__ = ["Analysis", "Language", "folded", "language_named"]

_PATTERN_SYNTAX: Final = (
    "!-&(-/:-@\\[-^`{-~\u00a1-\u00a7\u00a9\u00ab\u00ac\u00ae\u00b0\u00b1\u00b6\u00bb\u00bf\u00d7\u00f7\u2010-\u203e"
    "\u2041-\u2053\u2055-\u205e\u2190-\u245f\u2500-\u2775\u2794-\u2bff\u2e00-\u2e7f\u3001-\u3003\u3008-\u3020\u3030"
    "\ufd3e\ufd3f\ufe45\ufe46"
)
_WHITE_SPACE: Final = "\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_OTHER_MARKS: Final = (
    "\u037e\u0387\u0589\u058a\u05be\u05c3\u060c\u061b\u061e\u061f\u06d4\u0700-\u070a\u070c\u07f8\u07f9\u0964\u0965"
    "\u0e5a\u0e5b\u104a\u104b\u1361-\u1368\u1400\u166d\u166e\u16eb-\u16ed\u17d4-\u17d6\u17da\u1802-\u1806\u1808\u1809"
    "\ufe58\ufe63\uff01\uff02\uff07\uff0c-\uff0e\uff1a\uff1b\uff1f\uff61\uff64"
)
_NO_WORD: Final = _PATTERN_SYNTAX + _WHITE_SPACE + _OTHER_MARKS
_WORDS: Final = re.compile(f"[^'{_NO_WORD}]+")
_ENGLISH_WORDS: Final = re.compile(f"[^{_NO_WORD}]+")

_ENGLISH_STOP_WORDS: Final = frozenset(
    """
    a about above after again against all am an and any are aren't as at be because been before being below
    between both but by can't cannot could couldn't did didn't do does doesn't doing don't down during each
    few for from further had hadn't has hasn't have haven't having he he'd he'll he's her here here's hers
    herself him himself his how how's i i'd i'll i'm i've if in into is isn't it it's its itself let's me more
    most mustn't my myself no nor not of off on once only or other ought our ours ourselves out over own same
    shan't she she'd she'll she's should shouldn't so some such than that that's the their theirs them
    themselves then there there's these they they'd they'll they're they've this those through to too under
    until up very was wasn't we we'd we'll we're we've were weren't what what's when when's where where's
    which while who who's whom why why's with won't would wouldn't you you'd you'll you're you've your yours
    yourself yourselves """.split()
)


class Language(NamedTuple):
    """What depends on the language of a text."""

    words: re.Pattern[str]
    stop_words: frozenset[str]
    stem: Callable[[str], str]


_ENGLISH: Final = Language(_ENGLISH_WORDS, _ENGLISH_STOP_WORDS, stem)
_LANGUAGES: Final[Mapping[str, Language]] = {
    "english": _ENGLISH,
    "en": _ENGLISH,
    "none": Language(_WORDS, frozenset(), lambda word: word),
}
_UNBUILT: Final = frozenset(
    (
        "da danish de dutch es fi finnish fr french german hu hungarian it italian nb nl norwegian portuguese pt ro"
        " romanian ru russian spanish sv swedish tr turkish"
    ).split()
)


def language_named(name: Any) -> Language | None:
    """Return a language, or None if the server has none of that name.

    Raises:
        NotImplementedError: The server has it, but there is no stemmer for it here.
    """
    lower = name.lower() if isinstance(name, str) else ""
    if lower in _UNBUILT:
        raise NotImplementedError(f"text search in {lower}")
    return _LANGUAGES.get(lower)


def _lower(text: str) -> str:
    # A letter that has no single lower-case counterpart stays.
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)


def _without_diacritics(text: str) -> str:
    if text.isascii():
        return text
    parts = (letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", "".join(parts))


def folded(text: str, case_sensitive: bool, diacritic_sensitive: bool) -> str:
    """Return a text without what does not count when texts are compared."""
    if not case_sensitive:
        text = _lower(text)
    return text if diacritic_sensitive else _without_diacritics(text)


class Analysis(NamedTuple):
    """How the terms of a text are told apart."""

    case_sensitive: bool = False
    diacritic_sensitive: bool = False

    def terms(self, text: str, language: Language) -> Iterator[str]:
        """Yield the terms of a text, those that repeat included."""
        for word in language.words.findall(text):
            lowered = _lower(word)
            if lowered not in language.stop_words:
                # The stemmer knows diacritics, so these go last.
                stemmed = language.stem(word if self.case_sensitive else lowered)
                yield stemmed if self.diacritic_sensitive else _without_diacritics(stemmed)

    def fold(self, text: str) -> str:
        """Return a text as phrases are looked for in it."""
        return folded(text, self.case_sensitive, self.diacritic_sensitive)
