"""Builds a Python module line by line: named bindings, unique locals, source where debuggers look for it.

What the lines say is the emitters' business (`ming._compile.levels`, `ming._compile.inline`).
"""

from __future__ import annotations

import builtins
import keyword
import linecache
import re
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

__all__ = ["Locals", "Script", "identifier", "singular", "snake_case", "with_article"]

_RESERVED: Final = frozenset({*keyword.kwlist, *keyword.softkwlist, *dir(builtins)})


class Script:
    """The source of a module under construction.

    Args:
        title: What the module is called in tracebacks.
        bindings: Names that every function of the module may use, with their values.
    """

    def __init__(self, title: str, bindings: dict[str, Any]) -> None:
        self.title = title
        self._bindings = dict(bindings)
        self._locals: set[str] = set()
        self._lines: list[str] = []
        self._indent = ""

    def line(self, text: str = "") -> None:
        """Add one line at the current depth."""
        self._lines.append(f"{self._indent}{text}".rstrip())

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Add a line that opens a block; what is added inside is its body."""
        self.line(head)
        before, self._indent = self._indent, self._indent + "    "
        yield
        self._indent = before

    def bind(self, hint: str, value: Any) -> str:
        """Give a value a name in the module, the same name if it has one already.

        Args:
            hint: The name wanted.
            value: The value; equal sets or lists share a name, so nobody may change them.
        """
        name = identifier(hint)
        while self._is_taken(name, value):
            name += "_"
        self._bindings[name] = value
        return name

    def _is_taken(self, name: str, value: Any) -> bool:
        if name in self._bindings:
            bound = self._bindings[name]
            return not (bound is value or (isinstance(value, (frozenset, list)) and bound == value))
        return name in _RESERVED or name in self._locals

    def function_name(self, *parts: str) -> str:
        """Reserve the name of a function of the module."""
        return self.bind("_".join(part.strip("_") or part for part in parts), object())

    def locals(self) -> Locals:
        """Return the names of a new function."""
        return Locals(self._bindings, self._locals)

    def source(self) -> str:
        """Return the text written so far."""
        return "\n".join(self._lines).strip() + "\n"

    def compile(self, name: str) -> Callable[[Any], Any]:
        """Run the module and return one of its functions, with the text as its ``source``."""
        source = self.source()
        filename = _free_filename(f"<ming loader {self.title}>")
        exec(compile(source, filename, "exec"), self._bindings)
        function = self._bindings[name]
        function.source = source
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        weakref.finalize(function, linecache.cache.pop, filename, None)
        return function  # type: ignore[no-any-return]


class Locals:
    """Names of local variables of one function: unlike each other, unlike any binding."""

    def __init__(self, bindings: dict[str, Any], everywhere: set[str]) -> None:
        self._bindings = bindings
        self._everywhere = everywhere
        self._own: set[str] = set()

    def name(self, hint: str) -> str:
        """Return a new name, as close to the hint as possible."""
        name = identifier(hint)
        while name in self._own or name in self._bindings or name in _RESERVED:
            name += "_"
        self._own.add(name)
        self._everywhere.add(name)
        return name

    def element(self, plural: str) -> str:
        """Return a new name for one of several, such as ``tag`` for ``tags``."""
        return self.name(singular(plural))


def identifier(text: str) -> str:
    """Turn any text into a plain identifier; different texts may turn into the same one."""
    if text.isascii() and text.isidentifier():
        return text
    name = re.sub(r"[^A-Za-z0-9_]+", "_", text)
    return name if name.isidentifier() else f"field_{name}"


def snake_case(name: str) -> str:
    """Turn the name of a class into one for functions: ``WikiPage`` to ``wiki_page``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", identifier(name)).lower()


def singular(plural: str) -> str:
    """Return a name for one of several."""
    if plural.endswith("ies"):
        return f"{plural[:-3]}y"
    if plural.endswith("s") and not plural.endswith("ss") and len(plural) > 1:
        return plural[:-1]
    return f"{plural}_item"


def with_article(noun: str) -> str:
    """Return a noun with its indefinite article."""
    return f"{'an' if noun[:1] in 'AEIOUaeiou' else 'a'} {noun}"


def _free_filename(filename: str) -> str:
    """Classes may share a name; each keeps its own source."""
    candidate, number = filename, 1
    while candidate in linecache.cache:
        number += 1
        candidate = f"{filename[:-1]} ({number})>"
    return candidate
