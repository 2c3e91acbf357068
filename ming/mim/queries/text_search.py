"""``$text``: the terms and phrases of a search, the documents that match it, and their scores."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ming.mim.data.errors import INDEX_NOT_FOUND, CommandError
from ming.mim.data.metadata import Metadata
from ming.mim.data.path import Path
from ming.mim.data.values import type_name
from ming.mim.queries.conditions import Filter
from ming.mim.text.analysis import Analysis, Language, language_named
from ming.mim.text.index import TextIndex

__all__ = [
    "SearchWords",
    "asks_text_index",
    "check_text_operand",
    "search_words",
    "substring_filter",
    "text_filter",
]

Document = dict[str, Any]

_PIECES: Final = re.compile(r'"|-|[ \n\r\f\v]|[^"\- \n\r\f\v]+')
_SPACES: Final = frozenset(" \n\r\f\v")
_MARKS: Final = frozenset('"-')


@dataclass(slots=True)
class SearchWords:
    """What a search asks for."""

    wanted: str = ""
    """Words, one of which must be there."""
    unwanted: str = ""
    """Words that must not be there."""
    phrases: tuple[str, ...] = ()
    """What must be there literally."""
    unwanted_phrases: tuple[str, ...] = ()
    """What must not be there literally."""


def search_words(search: str) -> SearchWords:
    """Take a search apart.

    A minus after a space negates what follows, up to the next space; quotation marks enclose a phrase, whose
    words are wanted, too, unless it is negated. A phrase that does not end is none.
    """
    found = SearchWords()
    negated, after_space = False, True
    phrase: str | None = None
    for piece in _PIECES.findall(search):
        if piece == '"':
            if phrase is not None and negated:
                found.unwanted_phrases += (phrase,)
            elif phrase is not None:
                found.phrases += (phrase,)
            phrase = "" if phrase is None else None
        elif phrase is not None:
            phrase += piece
        elif piece == "-" and after_space:
            negated = True
        elif piece in _SPACES:
            negated = False
        after_space = piece in _SPACES
        word = " " if piece in _MARKS else piece
        if not negated:
            found.wanted += word
        elif phrase is None:
            found.unwanted += word
    return found


# -- the operator -------------------------------------------------------------------------------------

_FLAGS: Final = ("$caseSensitive", "$diacriticSensitive")


def check_text_operand(operand: Any) -> Mapping[str, Any]:
    """Return the operand of ``$text``.

    Raises:
        CommandError: The server would refuse it.
    """
    if not isinstance(operand, dict):
        raise CommandError(2, "$text expects an object")
    if "$search" not in operand:
        raise CommandError(4, 'Missing expected field "$search"')
    for name, kind, wanted in (("$search", str, "string"), ("$language", str, "string"), *_FLAG_TYPES):
        if not isinstance(operand.get(name, kind()), kind):
            raise CommandError(
                14, f'"{name}" had the wrong type. Expected {wanted}, found {type_name(operand[name])}'
            )
    if operand.keys() - {"$search", "$language", *_FLAGS}:
        raise CommandError(2, "extra fields in $text")
    return operand


_FLAG_TYPES: Final[tuple[tuple[str, type, str], ...]] = tuple((name, bool, "bool") for name in _FLAGS)


def text_filter(operand: Any, index: TextIndex | None, metadata: Metadata) -> Filter:
    """Compile ``$text``.

    Args:
        operand: What stands beside it.
        index: The text index of the collection, None if it has none.
        metadata: Where to keep the scores.

    Raises:
        CommandError: The server would refuse it.
        NotImplementedError: There is no stemmer for its language.
    """
    given = check_text_operand(operand)
    named = given.get("$language")
    language = language_named(named) if named else None
    if named and language is None:
        raise CommandError(2, f'unsupported language: "{named}" for text index version 3')
    if index is None:
        raise CommandError(INDEX_NOT_FOUND, "text index required for $text query")
    own = language or language_named(index.default_language)
    assert own is not None
    search = _Search(index, search_words(given["$search"]), own, *(given.get(flag, False) for flag in _FLAGS))
    metadata.provide("textScore")

    def matches(document: Document) -> bool:
        score = search.score(document)
        if score is None:
            return False
        metadata.note("textScore", document, score)
        return True

    return Filter(matches, is_text_search=True)


def asks_text_index(query: Mapping[str, Any]) -> bool:
    """Whether a filter holds ``$text``."""
    return any(
        name == "$text" or (name in ("$and", "$or", "$nor") and any(map(asks_text_index, operand)))
        for name, operand in query.items()
    )


def substring_filter(operand: Any, index: TextIndex | None) -> Filter:
    """Compile ``$text`` as programs written for Ming's in-memory engine know it: a search for a substring."""
    wanted = check_text_operand(operand)["$search"].lower()
    paths = [Path(field) for field in index.weights] if index is not None else []

    def matches(document: Document) -> bool:
        return any(
            isinstance(value, str) and wanted in value.lower()
            for path in paths
            for value in path.values(document, expand=True)
        )

    return Filter(matches)


class _Search:
    """A search over a text index."""

    def __init__(
        self, index: TextIndex, words: SearchWords, language: Language, case: bool, diacritics: bool
    ) -> None:
        self._index = index
        self._words = words
        self._sensitive = Analysis(case, diacritics)
        self._is_sensitive = case or diacritics
        self._found_by = sorted(set(Analysis().terms(words.wanted, language)))
        self._wanted = set(self._sensitive.terms(words.wanted, language))
        self._unwanted = set(self._sensitive.terms(words.unwanted, language))

    def score(self, document: Document) -> float | None:
        """Return the score of a document: the sum of what the wanted terms count in it; None if it does not
        match."""
        scores = self._index.scores(document)
        found = [scores[term] for term in self._found_by if term in scores]
        return sum(found) if found and self._accepts(document) else None

    def _accepts(self, document: Document) -> bool:
        """Whether a document with wanted terms fulfils the other conditions."""
        if self._is_sensitive or self._unwanted:
            terms = {
                term
                for text, language, _ in self._index.texts(document)
                for term in self._sensitive.terms(text, language)
            }
            if not terms & self._wanted or terms & self._unwanted:
                return False
        has = self._phrase_finder(document)
        return all(map(has, self._words.phrases)) and not any(map(has, self._words.unwanted_phrases))

    def _phrase_finder(self, document: Document) -> Callable[[str], bool]:
        fold = self._sensitive.fold

        def has(phrase: str) -> bool:
            wanted = fold(phrase)
            return any(wanted in fold(text) for text, _, _ in self._index.texts(document))

        return has
