"""Expression operators that match regular expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from bson import Regex

from ming.mim.data.errors import CommandError
from ming.mim.data.regex import compiled, with_options
from ming.mim.expressions.functions import NamedFunction, absent

__all__ = ["REGEX"]


def _matching(name: str, answer: Callable[[Iterator[re.Match[str]]], Any]) -> NamedFunction:
    """Make an operator.

    Args:
        name: Its name.
        answer: Makes its result of the matches, which are searched for as they are asked for.
    """

    def apply(input: Any, regex: Any, options: Any = None) -> Any:
        pattern = _pattern(name, regex, options)
        if not absent(input) and not isinstance(input, str):
            raise CommandError(51104, f"{name} needs 'input' to be of type string")
        if pattern is None or absent(input):
            return answer(iter(()))
        return answer(_matches(pattern, input))

    return NamedFunction(
        apply,
        ("input", "regex"),
        ("options",),
        not_an_object=51103,
        unknown=31024,
        missing={"input": 31022, "regex": 31023},
    )


def _pattern(name: str, regex: Any, options: Any) -> re.Pattern[str] | None:
    _check_types(name, regex, options)
    for code, what, value in ((51109, "", regex), (51110, " options", options)):
        if isinstance(value, str) and "\0" in value:
            raise CommandError(code, f"{name}: regular expression{what} cannot contain an embedded null byte")
    letters = None if absent(options) else options
    try:
        combined = with_options("" if absent(regex) else regex, letters)
    except CommandError as error:
        raise CommandError(error.code, f"{name}{error.errmsg}") from None
    try:
        return None if absent(regex) else compiled(combined)
    except CommandError as error:
        reason = error.errmsg.removeprefix("Regular expression is invalid: ")
        raise CommandError(51111, f"Invalid Regex in {name}: {reason}") from None


def _check_types(name: str, regex: Any, options: Any) -> None:
    if not absent(regex) and not isinstance(regex, str | Regex):
        raise CommandError(51105, f"{name} needs 'regex' to be of type string or regex")
    if absent(options):
        return
    if not isinstance(options, str):
        raise CommandError(51106, f"{name} needs 'options' to be of type string")
    if isinstance(regex, Regex) and regex.flags:
        raise CommandError(
            51107, f"{name}: found regex option(s) specified in both 'regex' and 'option' fields"
        )


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    at = 0
    while found := pattern.search(text, at):
        yield found
        at = found.end() if found[0] else found.end() + 1
        if at >= len(text):
            return


def _described(found: re.Match[str]) -> dict[str, Any]:
    return {"match": found[0], "idx": found.start(), "captures": list(found.groups())}


def _first(matches: Iterator[re.Match[str]]) -> dict[str, Any] | None:
    found = next(matches, None)
    return None if found is None else _described(found)


REGEX: Final[Mapping[str, NamedFunction]] = {
    "$regexMatch": _matching("$regexMatch", lambda matches: next(matches, None) is not None),
    "$regexFind": _matching("$regexFind", _first),
    "$regexFindAll": _matching("$regexFindAll", lambda matches: [_described(found) for found in matches]),
}
"""The operators by name."""
