"""Text indexes: which texts of a document are searched, and what each term counts in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ming.mim.data.errors import CommandError
from ming.mim.data.values import MISSING, is_number, type_name
from ming.mim.text.analysis import Analysis, Language, language_named

__all__ = ["Text", "TextIndex"]

Document = dict[str, Any]

_EVERYTHING: Final = "$**"
_MOST_WEIGHT: Final = 100000
_OPTION_TYPES: Final[tuple[tuple[str, type, str], ...]] = (
    ("weights", dict, "an object"),
    ("default_language", str, "a string"),
    ("language_override", str, "a string"),
)
_INSENSITIVE: Final = Analysis()


class Text(NamedTuple):
    """A text of a document."""

    text: str
    language: Language
    weight: int


@dataclass(frozen=True, slots=True)
class TextIndex:
    """The definition of a text index."""

    weights: Mapping[str, int]
    """The fields and how much each counts; ``$**`` stands for all others."""
    default_language: str = "english"
    language_override: str = "language"
    """The field of documents that names the language of their texts."""

    @classmethod
    def of(cls, definition: Mapping[str, Any]) -> TextIndex:
        """Return the text index that an index definition describes."""
        weights = dict.fromkeys((field for field, kind in definition["key"].items() if kind == "text"), 1)
        weights |= definition.get("weights", {})
        return cls(
            {field: int(float(str(weight))) for field, weight in weights.items()},
            definition.get("default_language", "english"),
            definition.get("language_override", "language"),
        )

    @staticmethod
    def check_definition(definition: Mapping[str, Any]) -> None:
        """Refuse what the server does not take as the definition of a text index.

        Raises:
            CommandError: It is not taken.
            NotImplementedError: There is no stemmer for its language.
        """
        for name, kind, wanted in _OPTION_TYPES:
            given = definition.get(name, kind())
            if not isinstance(given, kind):
                raise CommandError(14, f"The field '{name}' must be {wanted}, but got {type_name(given)}")
        for weight in definition.get("weights", {}).values():
            if not is_number(weight):
                raise CommandError(67, "weight for text index needs numeric type")
            if not 0 < float(str(weight)) < _MOST_WEIGHT:
                raise CommandError(
                    67,
                    f"text index weight must be in the exclusive interval (0,{_MOST_WEIGHT}) but found: {weight}",
                )
        _language(definition.get("default_language", "english"))
        override = definition.get("language_override", "language")
        if not override or "." in override or override.startswith("$"):
            raise CommandError(67, "language_override is not valid")

    def texts(self, document: Document) -> Iterator[Text]:
        """Yield the texts of a document that are searched.

        Raises:
            CommandError: The document names no language, or one that there is not.
            NotImplementedError: It names one for which there is no stemmer.
        """
        return self._texts(document, "", self.default_language)

    def check(self, document: Document) -> None:
        """Refuse a document that the index cannot take.

        Raises:
            CommandError: The document names no language, or one that there is not.
            NotImplementedError: It names one for which there is no stemmer.
        """
        for _ in self.texts(document):
            pass

    def _texts(self, value: Any, path: str, language: str) -> Iterator[Text]:
        if isinstance(value, str):
            weight = self.weights.get(path, self.weights.get(_EVERYTHING))
            if weight is not None:
                yield Text(value, _language(language), weight)
        elif isinstance(value, list):
            for item in value:
                yield from self._texts(item, path, language)
        elif isinstance(value, dict) and self._leads_on(path):
            own = self._own_language(value, language)
            for name, inner in value.items():
                if name != self.language_override or _EVERYTHING not in self.weights:
                    yield from self._texts(inner, f"{path}.{name}" if path else name, own)

    def _leads_on(self, path: str) -> bool:
        return (
            not path
            or _EVERYTHING in self.weights
            or any(field.startswith(f"{path}.") for field in self.weights)
        )

    def _own_language(self, document: Document, outer: str) -> str:
        named = document.get(self.language_override, MISSING)
        if named is MISSING:
            return outer
        if not isinstance(named, str):
            raise CommandError(17261, "found language override field in document with non-string type")
        if language_named(named) is None:
            raise CommandError(17262, f"language override unsupported: {named}")
        return named

    def scores(self, document: Document) -> dict[str, float]:
        """Return what each term counts in a document.

        The first occurrence of a term in a text counts 1, each further one half of the one before; that is
        weighted by the share of the term in the text and by the field, and a text of nothing but the term
        counts 10 % more.
        """
        scores: dict[str, float] = {}
        for text, language, weight in self.texts(document):
            counts = Counter(_INSENSITIVE.terms(text, language))
            number = counts.total()
            for term, count in counts.items():
                frequency = 2.0 - 2.0 ** (1 - count)
                share = 0.5 * count / number + 0.5
                alone = 1.1 if text.lower() == term else 1.0
                scores[term] = scores.get(term, 0.0) + weight * frequency * share * alone
        return scores


def _language(name: str) -> Language:
    language = language_named(name)
    if language is None:
        raise CommandError(67, "default_language is not valid")
    return language
