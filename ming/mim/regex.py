"""The server's regular expressions (PCRE) as Python's."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from bson import Regex

from ming.mim.errors import CommandError

__all__ = ["compiled", "with_options"]

_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE, "u": 0}
_HONOURED: Final = re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE
# Spellings that differ, and the escapes and classes that must not be mistaken for them.
_DIFFERING: Final = re.compile(r"\\(?:[zZ]|.)|\(\?<(?=[A-Za-z_])", re.DOTALL)
_PYTHON: Final = {r"\z": r"\Z", r"\Z": r"(?=\n?\Z)", "(?<": "(?P<"}


def with_options(pattern: str | Regex[str], options: str | None) -> Regex[str]:
    """Return the pattern with the flags of ``$options``, which replace its own.

    Raises:
        CommandError: A letter is no flag.
    """
    source, flags = (pattern, 0) if isinstance(pattern, str) else (pattern.pattern, pattern.flags)
    if options is not None:
        flags = 0
        for letter in options:
            if letter not in _FLAGS:
                raise CommandError(51108, f" invalid flag in regex options: {letter}")
            flags |= _FLAGS[letter]
    return Regex(source, flags)


@lru_cache(maxsize=512)
def _compile(pattern: str, flags: int) -> re.Pattern[str]:
    translated = _DIFFERING.sub(lambda found: _PYTHON.get(found[0], found[0]), pattern)
    try:
        return re.compile(translated, flags)
    except re.error as error:
        raise CommandError(51091, f"Regular expression is invalid: {error}") from error


def compiled(regex: Regex[str]) -> re.Pattern[str]:
    """Return the Python pattern that searches as the server would.

    Raises:
        CommandError: The pattern is malformed.
    """
    return _compile(regex.pattern, regex.flags & _HONOURED)
