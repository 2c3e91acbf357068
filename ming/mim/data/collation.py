"""Collations: how the strings of a command, a collection or an index compare.

A collation document is checked and completed as the server does it; `collation_keys` compares. Built are the
locales that keep to the root order, but for letters of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from ming.mim.data.collation_keys import Rules, string_keys
from ming.mim.data.environment import KeyOf
from ming.mim.data.errors import CommandError
from ming.mim.data.options import enumerated, required, strict_flag, text, whole, wrong_type
from ming.mim.data.rendering import shown
from ming.mim.data.values import collated_key, order_key

__all__ = ["SIMPLE", "Collation", "read_collation"]

_VERSION: Final = "57.1"
_ROOT: Final = frozenset("ca de de_AT en en_US fr fr_CA ga id it lb ms nl pt sw wae zu".split())
"""The locales that keep to the root order."""
_LETTERS: Final[Mapping[str, str]] = {
    "be": "её уў",
    "eo": "cĉ gĝ hĥ jĵ sŝ uŭ",
    "es": "nñ",
    "gl": "nñ",
    "ky": "её",
    "pl": "aą cć eę lł nń oó sś zźż",
    "ro": "aăâ iî sş sș tţ tț",
    "uk": "гґ ꙇї",
}
"""The letters that locales put after others, rather than taking them for variants of these."""
_CYRILLIC_FIRST: Final = frozenset("be bg ky mn ru uk".split())
_BUILT: Final = _ROOT.union(_LETTERS, _CYRILLIC_FIRST)
_UNBUILT: Final = frozenset(
    (
        "af am ar as az bn bo bs bs_Cyrl chr cs cy da dsb dz ee el en_US_POSIX et fa fa_AF fi fil fo gu"
        " ha haw he hi hr hsb hu hy ig is ja ka kk kl km kn ko kok lkt ln lo lt lv mk ml mr mt my nb ne nn om or"
        " pa ps se si sk sl smn sq sr sr_Latn sv ta te th to tr ug ur vi yi yo zh zh_Hant"
    ).split()
)
_VARIANT: Final = "@collation="


@dataclass(frozen=True, slots=True, eq=False)
class Collation:
    """One way to compare strings."""

    document: Mapping[str, Any]
    """The description of it, complete."""
    key: KeyOf
    """Gives values their places; one and the same function for all collations that compare alike."""

    @property
    def is_simple(self) -> bool:
        """Whether it is the comparison by code points, which goes without saying."""
        return self.key is order_key


SIMPLE: Final = Collation({"locale": "simple"}, order_key)
"""The collation of everything that has no other one."""


def read_collation(given: Mapping[str, Any], of: str = "collation") -> Collation:
    """Return the collation that a document describes.

    Args:
        given: The document.
        of: What messages call it.

    Raises:
        CommandError: The server would refuse it.
        NotImplementedError: The locale has an order of its own, which is not built.
    """
    read: dict[str, Any] = {}
    for name in given:
        if name not in _FIELDS:
            raise CommandError(40415, f"BSON field '{of}.{name}' is an unknown field.")
        read[name] = _FIELDS[name](given, of, name)
    locale: str = required(given, of, "locale")
    if locale == "simple":
        return SIMPLE
    _check_locale(locale, given)
    if read.get("strength") == 0:
        raise CommandError(2, f"Enumeration value '0' for field '{of}.strength' is not a valid value.")
    complete = {**_DEFAULTS, "locale": locale, "backwards": locale == "fr_CA"}
    complete |= {name: value for name, value in read.items() if value is not None}
    if complete["version"] != _VERSION:
        raise CommandError(
            161,
            f"Requested collation version {complete['version']} but the only available collator version was"
            f" {_VERSION}. Requested collation spec: {shown(given, spaced=True)}",
        )
    _check_combination(complete, given)
    return Collation(complete, _key(_rules(complete)))


# -- fields -------------------------------------------------------------------------------------------


def _bool(given: Mapping[str, Any], of: str, name: str) -> bool | None:
    value = given[name]
    if value is not None and not isinstance(value, bool):
        raise wrong_type(f"{of}.{name}", value, "bool")
    return value


def _one_of(*words: str) -> Callable[[Mapping[str, Any], str, str], str | None]:
    return lambda given, of, name: enumerated(given, of, name, words)


_FIELDS: Final[Mapping[str, Callable[[Mapping[str, Any], str, str], Any]]] = {
    "locale": text,
    "caseLevel": _bool,
    "caseFirst": _one_of("off", "upper", "lower"),
    "strength": lambda given, of, name: whole(given, of, name, 0, 5),
    "numericOrdering": _bool,
    "alternate": _one_of("non-ignorable", "shifted"),
    "maxVariable": _one_of("punct", "space"),
    "normalization": _bool,
    "backwards": lambda given, of, name: strict_flag(given, name),
    "version": text,
}
"""What reads a field, in the order of complete documents."""
_DEFAULTS: Final = {
    "locale": "",
    "caseLevel": False,
    "caseFirst": "off",
    "strength": 3,
    "numericOrdering": False,
    "alternate": "non-ignorable",
    "maxVariable": "punct",
    "normalization": False,
    "backwards": False,
    "version": _VERSION,
}


def _check_locale(locale: str, given: Mapping[str, Any]) -> None:
    if not locale:
        raise CommandError(2, f"Field 'locale' cannot be the empty string in: {shown(given, spaced=True)}")
    if "\0" in locale:
        raise CommandError(
            2, f"Field 'locale' cannot contain null byte. Collation spec: {shown(given, spaced=True)}"
        )
    if locale in _BUILT:
        return
    base, variant, _ = locale.partition(_VARIANT)
    if base in _UNBUILT or (base in _BUILT and variant):
        raise NotImplementedError(f"collation of the locale {locale}")
    language, *places = re.split("[-_@]", locale)
    wanted = [f"{language.lower()}_{place.upper()}" for place in places[:1]] + [language.lower()]
    known = [name for name in wanted if name in _BUILT or name in _UNBUILT]
    hint = f". Did you mean '{known[0]}'?" if known else ""
    raise CommandError(2, f"Field 'locale' is invalid in: {shown(given, spaced=True)}{hint}")


def _check_combination(complete: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    if complete["backwards"] and complete["strength"] == 1:
        raise CommandError(2, f"'backwards' is invalid with 'strength' of 1 in: {shown(given, spaced=True)}")
    if complete["caseFirst"] != "off" and not complete["caseLevel"] and complete["strength"] < 3:
        raise CommandError(
            2,
            "'caseFirst' is invalid unless 'caseLevel' is on or 'strength' is greater than 2 in:"
            f" {shown(given, spaced=True)}",
        )


# -- comparing ----------------------------------------------------------------------------------------


def _rules(complete: Mapping[str, Any]) -> Rules:
    return Rules(
        strength=complete["strength"],
        case_level=complete["caseLevel"],
        case_first=complete["caseFirst"],
        numeric=complete["numericOrdering"],
        ignores=complete["maxVariable"] if complete["alternate"] == "shifted" else "",
        normalizes=complete["normalization"],
        backwards=complete["backwards"],
        letters=_LETTERS.get(complete["locale"], ""),
        cyrillic_first=complete["locale"] in _CYRILLIC_FIRST,
    )


@cache
def _key(rules: Rules) -> KeyOf:
    return collated_key(string_keys(rules))
