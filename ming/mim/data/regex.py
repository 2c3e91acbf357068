"""The server's regular expressions (PCRE) as Python's."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from bson import Regex

from ming.mim.data.errors import CommandError
from ming.mim.data.pcre import translated

__all__ = ["compiled", "with_options"]

_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE, "u": 0}
_HONOURED: Final = re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE


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
    try:
        return re.compile(translated(pattern, flags), flags)
    except re.error as error:
        if "|" in pattern and "fixed-width" in str(error):
            raise NotImplementedError("regular expression that looks behind at branches") from error
        raise CommandError(51091, f"Regular expression is invalid: {error}") from error


def compiled(regex: Regex[str]) -> re.Pattern[str]:
    """Return the Python pattern that searches as the server would.

    Raises:
        CommandError: The pattern is malformed.
        NotImplementedError: Python has nothing of the kind.
    """
    return _compile(regex.pattern, regex.flags & _HONOURED)
