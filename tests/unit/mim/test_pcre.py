"""Regular expressions in the server's spelling: which of these texts a server found by them."""

from __future__ import annotations

import pytest
from bson import Regex

from ming.mim.data.errors import CommandError
from ming.mim.data.regex import compiled

TEXTS = [
    "a",
    "ab",
    "AB",
    "aB",
    "b",
    "\u00e9",
    "\u00c9",
    "x",
    "x\n",
    "a\nx",
    "12",
    "",
    "a.b",
    "aa",
    "a b",
    "y",
    "[",
    "]",
    "&",
    "{",
    "a{,2}",
    "cD",
    "\u0001",
    "\u001b",
    "\b",
    "c",
]
SIGNS = [
    "\u00e9",
    "\u00c9",
    "x\n",
    "a\nx",
    "a.b",
    "a b",
    "[",
    "]",
    "&",
    "{",
    "a{,2}",
    "\u0001",
    "\u001b",
    "\b",
]
"""Texts with something that is neither a letter nor a digit."""


def all_but(*texts: str) -> list[str]:
    return [text for text in TEXTS if text not in texts]


FOUND: list[tuple[str, str, list[str]]] = [
    ("a|b", "", ["a", "ab", "aB", "b", "a\nx", "a.b", "aa", "a b", "a{,2}"]),
    ("\\w+", "", all_but("\u00e9", "\u00c9", "", "[", "]", "&", "{", "\u0001", "\u001b", "\b")),
    ("\\W", "", SIGNS),
    ("\\d", "", ["12", "a{,2}"]),
    ("[^\\w]", "", SIGNS),
    ("[[:alpha:]]", "", all_but("\u00e9", "\u00c9", "12", "", "[", "]", "&", "{", "\u0001", "\u001b", "\b")),
    ("[[:^space:]]", "", all_but("")),
    ("a(?i)b", "", ["ab", "aB"]),
    ("a(?i)b|C", "", ["ab", "aB", "cD", "c"]),
    ("(?i:a)B", "", ["AB", "aB"]),
    ("(a(?i)b|c)D", "", ["cD"]),
    ("(?i)\u00e9", "", ["\u00e9", "\u00c9"]),
    ("^x$", "m", ["x", "x\n", "a\nx"]),
    ("^$", "m", [""]),
    ("x\\Z", "", ["x", "x\n", "a\nx"]),
    ("x\\z", "", ["x", "a\nx"]),
    ("a{,2}", "", ["a{,2}"]),
    ("a{2}", "", ["aa"]),
    ("\\Qa.b\\E", "", ["a.b"]),
    ("\\x{e9}", "", ["\u00e9"]),
    ("\\xe9$", "", ["\u00e9"]),
    ("\\h", "", ["a b"]),
    ("\\R", "", ["x\n", "a\nx"]),
    ("\\N", "", all_but("")),
    ("\\y", "", ["y"]),
    ("[]a]", "", ["a", "ab", "aB", "a\nx", "a.b", "aa", "a b", "]", "a{,2}"]),
    ("[a&&b]", "", ["a", "ab", "aB", "b", "a\nx", "a.b", "aa", "a b", "&", "a{,2}"]),
    ("[[a]", "", ["a", "ab", "aB", "a\nx", "a.b", "aa", "a b", "[", "a{,2}"]),
    ("a b # c\n", "x", ["ab"]),
    ("(?<n>a)\\k<n>", "", ["aa"]),
    ("(a)\\g{1}", "", ["aa"]),
    ("(?'n'a)(?P=n)", "", ["aa"]),
    ("\\e", "", ["\u001b"]),
    ("\\cA", "", ["\u0001"]),
    (".b", "s", ["ab", "a.b", "a b"]),
    ("(a)?(?(1)b|c)", "", ["ab", "cD", "c"]),
    ("(?#c)B", "i", ["ab", "AB", "aB", "b", "a.b", "a b"]),
    ("[\\b]", "", ["\b"]),
]


@pytest.mark.parametrize(("pattern", "options", "expected"), FOUND)
def test_what_is_found(pattern: str, options: str, expected: list[str]) -> None:
    search = compiled(Regex(pattern, options)).search
    assert [text for text in TEXTS if search(text)] == expected


@pytest.mark.parametrize("pattern", ["[[.a.]]", "[[:nope:]]", "(", "\\u0041", "a{70000}", "(?z)"])
def test_malformed_patterns(pattern: str) -> None:
    with pytest.raises(CommandError) as caught:
        compiled(Regex(pattern))
    assert caught.value.code == 51091


@pytest.mark.parametrize(
    "pattern",
    [
        r"\p{L}",
        r"\K",
        r"\X",
        r"\G",
        "(?R)",
        "(a)(?1)",
        "(?&n)",
        "(?P>n)",
        "(?|a|b)",
        "(*ACCEPT)",
        "(?U)a",
        "(?<=a|bc)d",
    ],
)
def test_what_python_has_no_spelling_for(pattern: str) -> None:
    with pytest.raises(NotImplementedError, match="regular expression"):
        compiled(Regex(pattern))
