"""Regular expressions as the server writes them (PCRE) in the spelling of Python's `re`.

What Python has no spelling for raises `NotImplementedError`; what PCRE refuses too is left for Python to
refuse.
"""

from __future__ import annotations

import re
import string
import sys
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

__all__ = ["translated"]

_SPACE: Final = "\t\n\v\f\r "
_HORIZONTAL: Final = "\t \u00a0\u1680\u180e" + "".join(map(chr, range(0x2000, 0x200B))) + "\u202f\u205f\u3000"
_VERTICAL: Final = "\n\v\f\r\u0085\u2028\u2029"
_POSIX: Final = {
    "alnum": string.ascii_letters + string.digits,
    "alpha": string.ascii_letters,
    "ascii": "".join(map(chr, range(128))),
    "blank": "\t ",
    "cntrl": "".join(map(chr, (*range(32), 127))),
    "digit": string.digits,
    "graph": "".join(map(chr, range(33, 127))),
    "lower": string.ascii_lowercase,
    "print": "".join(map(chr, range(32, 127))),
    "punct": string.punctuation,
    "space": _SPACE,
    "upper": string.ascii_uppercase,
    "word": string.ascii_letters + string.digits + "_",
    "xdigit": string.hexdigits,
}
"""The characters of ``[:alpha:]`` and its like; there are none but those of ASCII."""
_LETTERED: Final = {
    "d": _POSIX["digit"],
    "w": _POSIX["word"],
    "s": _SPACE,
    "h": _HORIZONTAL,
    "v": _VERTICAL,
}
"""The characters of the escapes; the capital letter stands for all others."""
_LAST: Final = sys.maxunicode


def _members(characters: str, others: bool = False) -> str:
    """Return characters, or all others, as they are written between brackets."""
    codes = sorted(map(ord, characters))
    if others:
        edges = [-1, *codes, _LAST + 1]
        ranges = [(before + 1, after - 1) for before, after in pairwise(edges) if before + 1 < after]
    else:
        ranges = [(code, code) for code in codes]
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


def _lettered(letter: str) -> str:
    return _members(_LETTERED[letter.lower()], others=letter.isupper())


_ASSERTIONS: Final = {
    "A": r"\A",
    "Z": r"(?=\n?\Z)",
    "z": r"\Z",
    "b": r"(?a:\b)",
    "B": r"(?a:\B)",
    "N": r"[^\n]",
    "R": rf"(?:\r\n|[{_members(_VERTICAL)}])",
    "E": "",
}
_CHARACTERS: Final = {"a": "\a", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_NOT_IN_PYTHON: Final = frozenset("CGKXpP")
_NOT_IN_PCRE: Final = frozenset("LUlu")
_CODE: Final = re.compile(r"x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{0,2})|o\{([0-7]+)\}")
_REFERENCE: Final = re.compile(r"g\{(\d+)\}|g(\d+)|[gk]\{(\w+)\}|k<(\w+)>|k'(\w+)'")
_GROUP: Final = re.compile(r"\(\?(?:P?<|')([A-Za-z_]\w*)[>']")
_INLINE: Final = re.compile(r"\(\?([imsx]*)(?:-([imsx]*))?([:)])")
_PLAIN_GROUP: Final = re.compile(r"\((?:\?(?:[:=!]|<[=!]|>|\((?=\w+\))))?(?![?*])")
_NAMED_CONDITION: Final = re.compile(r"\(\?\((?:<(\w+)>|'(\w+)')\)")
_REPEAT: Final = re.compile(r"(?:[*+?]|\{(\d+)(?:,(\d*))?\})([+?]?)")
_UNKNOWN_GROUPS: Final = frozenset("P&|RCUJX+-0123456789")
"""What begins, after ``(?``, calls of groups and other constructs that Python does not have."""
_FLAGS: Final = {"i": re.I, "m": re.M, "s": re.S, "x": re.X}
_MOST_REPEATS: Final = 65535
_HAS_POSSESSIVE: Final = sys.version_info >= (3, 11)


@dataclass
class _Scope:
    """A group that is open, or the whole pattern."""

    flags: int
    switches: list[str] = field(default_factory=list)
    """The groups, in Python's spelling, for the flags that were switched inside."""


def translated(pattern: str, flags: int) -> str:
    """Return a pattern in Python's spelling.

    Args:
        pattern: The pattern in PCRE's.
        flags: The flags of the whole pattern.

    Raises:
        re.error: The pattern is malformed.
        NotImplementedError: Python has nothing of the kind.
    """
    return _Translation(pattern, flags).run()


class _Translation:
    """The translation of one pattern."""

    def __init__(self, pattern: str, flags: int) -> None:
        self._pattern = pattern
        self._at = 0
        self._made: list[str] = []
        self._scopes = [_Scope(flags)]

    def run(self) -> str:
        while self._at < len(self._pattern):
            self._step(self._pattern[self._at])
        self._made.append(")" * len(self._scopes[0].switches))
        return "".join(self._made)

    def _step(self, character: str) -> None:
        if character == "\\":
            self._escape()
        elif character == "[":
            self._brackets()
        elif character == "(":
            self._open()
        elif character in ")|":
            self._end_of_branch(character)
        elif character in "*+?{":
            self._repeat()
        elif character == "^" and self._scopes[-1].flags & re.M:
            # Not after the newline at the very end, other than in Python.
            self._put(r"(?:\A|(?<=\n)(?!\Z))", 1)
        elif character == "#" and self._scopes[-1].flags & re.X:
            end = self._pattern.find("\n", self._at)
            self._at = len(self._pattern) if end < 0 else end
        else:
            self._put(character, 1)

    def _put(self, made: str, length: int) -> None:
        """Append to what is made, for the next characters of the pattern."""
        self._made.append(made)
        self._at += length

    # -- groups and repetition ------------------------------------------------------------------------

    def _open(self) -> None:
        rest = self._pattern[self._at :]
        if rest.startswith("(?#"):
            self._at += (rest.find(")") if ")" in rest else len(rest)) + 1
        elif rest.startswith("(?P="):
            self._put("(?P=", 4)
            self._scopes.append(_Scope(self._scopes[-1].flags))
        elif (found := _INLINE.match(rest)) and found[0] != "(?:":
            self._switch(found)
        elif found := _GROUP.match(rest):
            self._enter(f"(?P<{found[1]}>", found)
        elif found := _NAMED_CONDITION.match(rest):
            self._enter(f"(?({found[1] or found[2]})", found)
        elif found := _PLAIN_GROUP.match(rest):
            if found[0] == "(?>" and not _HAS_POSSESSIVE:
                raise NotImplementedError("regular expression with an atomic group")
            if found[0] == "(?(":
                # The closing parenthesis of the condition is no end of a group.
                self._scopes.append(_Scope(self._scopes[-1].flags))
            self._enter(found[0], found)
        elif rest[1:2] == "*" or rest[2:3] in _UNKNOWN_GROUPS:
            raise NotImplementedError(f"regular expression with {rest[:3]}")
        else:
            self._put("(", 1)

    def _enter(self, made: str, found: re.Match[str]) -> None:
        self._put(made, len(found[0]))
        self._scopes.append(_Scope(self._scopes[-1].flags))

    def _switch(self, found: re.Match[str]) -> None:
        """Switch flags, for a group or for the rest of the one that is open."""
        on, off, end = found[1], found[2] or "", found[3]
        flags = self._scopes[-1].flags
        for letter in on:
            flags |= _FLAGS[letter]
        for letter in off:
            flags &= ~_FLAGS[letter]
        made = f"(?{on}{'-' if off else ''}{off}:"
        self._put(made, len(found[0]))
        if end == ":":
            self._scopes.append(_Scope(flags))
        else:
            self._scopes[-1].flags = flags
            self._scopes[-1].switches.append(made)

    def _end_of_branch(self, character: str) -> None:
        # A switch of flags holds up to the end of the group, through all its branches.
        switches = self._scopes[-1].switches
        if character == "|":
            self._put(")" * len(switches) + "|" + "".join(switches), 1)
            return
        self._put(")" * len(switches) + ")", 1)
        if len(self._scopes) > 1:
            self._scopes.pop()

    def _repeat(self) -> None:
        found = _REPEAT.match(self._pattern, self._at)
        if found is None:
            # A brace that begins no number of repetitions stands for itself.
            self._put(r"\{", 1)
            return
        if any(int(number) > _MOST_REPEATS for number in (found[1], found[2]) if number):
            raise re.error("number too big in {} quantifier")
        if found[3] == "+" and not _HAS_POSSESSIVE:
            raise NotImplementedError("regular expression with a possessive quantifier")
        self._put(found[0], len(found[0]))

    # -- escapes --------------------------------------------------------------------------------------

    def _escape(self) -> None:
        letter = self._pattern[self._at + 1 : self._at + 2]
        if letter in _ASSERTIONS:
            self._put(_ASSERTIONS[letter], 2)
        elif letter.lower() in _LETTERED:
            # Other cases of the letters do not belong to them.
            self._put(f"(?-i:[{_lettered(letter)}])", 2)
        elif letter in ("g", "k") and (found := _REFERENCE.match(self._pattern, self._at + 1)):
            number, name = found[1] or found[2], found[3] or found[4] or found[5]
            self._put(rf"(?:\{number})" if number else f"(?P={name})", 1 + len(found[0]))
        elif letter.isdigit():
            self._put(f"\\{letter}", 2)
        else:
            self._literal(letter)

    def _literal(self, letter: str) -> None:
        """Translate an escape that stands for one character, or quotes several."""
        after = self._at + 1
        if letter == "Q":
            end = self._pattern.find(r"\E", after)
            end = len(self._pattern) if end < 0 else end
            self._put(re.escape(self._pattern[after + 1 : end]), end + 2 - self._at)
        elif letter in ("x", "o") and (found := _CODE.match(self._pattern, after)):
            code = int(found[3], 8) if found[3] else int(found[1] or found[2] or "0", 16)
            self._put(re.escape(chr(code)), 1 + len(found[0]))
        elif letter == "c" and after + 1 < len(self._pattern):
            self._put(re.escape(chr(ord(self._pattern[after + 1].upper()) ^ 64)), 3)
        elif letter in _NOT_IN_PYTHON:
            raise NotImplementedError(f"regular expression with \\{letter}")
        elif not letter or letter in _NOT_IN_PCRE:
            raise re.error(f"bad escape \\{letter}")
        else:
            self._put(re.escape(_CHARACTERS.get(letter, letter)), 2)

    # -- character classes ----------------------------------------------------------------------------

    def _brackets(self) -> None:
        self._put("[", 1)
        for first in ("^", "]"):
            if self._pattern.startswith(first, self._at):
                self._put("^" if first == "^" else r"\]", 1)
        while self._at < len(self._pattern) and self._pattern[self._at] != "]":
            self._member(self._pattern[self._at])
        if self._at < len(self._pattern):
            self._put("]", 1)

    def _member(self, character: str) -> None:
        letter = self._pattern[self._at + 1 : self._at + 2]
        if character == "[" and (found := re.match(r"\[:(\^?)([a-z]+):\]", self._pattern[self._at :])):
            if found[2] not in _POSIX:
                raise re.error("unknown POSIX class name")
            self._put(_members(_POSIX[found[2]], others=bool(found[1])), len(found[0]))
        elif re.match(r"\[([.=]).*?\1\]", self._pattern[self._at :]):
            raise re.error("POSIX collating elements are not supported")
        elif character != "\\":
            # What Python may once take for operations on sets.
            self._put(f"\\{character}" if character in "[&~|" else character, 1)
        elif letter.lower() in _LETTERED:
            self._put(_lettered(letter), 2)
        elif letter == "b":
            self._put(r"\x08", 2)
        elif letter.isdigit():
            self._put(f"\\{letter}", 2)
        else:
            self._literal(letter)
