"""Writes steps as Python: one function that upgrades a raw document, over one hop or several.

How a step is written is its own business (`Step.emit`); here is what it writes into. The code agrees with
`Step.upgrade`, but shares what it does not change with the document it is given.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from ming._compile.script import Script, identifier, singular
from ming._values import Missing
from ming.evolve.step import shared_paths
from ming.evolve.step.base import Step
from ming.evolve.step.equality import equal
from ming.evolve.step.literals import fresh, is_scalar
from ming.evolve.step.paths import Raw

__all__ = ["Block", "compile_steps"]

Part = tuple[str, Sequence[Step]]

_BINDINGS: Final = {
    "absent": Missing,
    "at": shared_paths.at,
    "equal": equal,
    "fresh": fresh,
    "has_room": shared_paths.has_room,
    "is_free": shared_paths.is_free,
    "put": shared_paths.put,
    "take": shared_paths.take,
}


def compile_steps(title: str, parts: Iterable[Part]) -> Callable[[Raw], Raw]:
    """Compile steps.

    Args:
        title: What the function does, from which version to which.
        parts: The steps, each run of them under a heading.

    Returns:
        A function from a raw document, which stays as it is, to the upgraded one; its text is its ``source``.
    """
    script = Script(f"upgrade {title}", _BINDINGS)
    functions = _Functions(script)
    name = functions.wanted("upgrade_" + identifier(title), f"a document upgraded {title}", parts)
    functions.write()
    return script.compile(name)


class _Functions:
    """The functions of a module, each written when all that call it are."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self._queue: deque[tuple[str, str, list[Part]]] = deque()
        self._keys: dict[str, tuple[str, ...]] = {}

    def keys(self, path: str) -> str:
        """Return the name of a path's keys, the same for the same path."""
        keys = self._keys.setdefault(path, tuple(path.split(".")))
        return self.script.bind(f"{identifier(path.replace('.', '_'))}_path", keys)

    def wanted(self, hint: str, result: str, parts: Iterable[Part]) -> str:
        """Return the name of a function that will be written."""
        name = self.script.function_name(hint)
        self._queue.append((name, result, list(parts)))
        return name

    def write(self) -> None:
        """Write all functions that are wanted, and those that these want."""
        while self._queue:
            name, result, parts = self._queue.popleft()
            if self.script.source().strip():
                self.script.line()
                self.script.line()
            with self.script.block(f"def {name}(raw):"):
                self.script.line(f'"""Return {result}; the one given stays as it is."""')
                self.script.line("raw = {**raw}")
                for heading, steps in parts:
                    if heading:
                        self.script.line()
                        self.script.line(f"# -- {heading}")
                    for step in steps:
                        step.emit(Block(self))
                self.script.line("return raw")


class Block:
    """The lines of one step, in the body of a function that upgrades ``raw``, its own copy of a document.

    Args:
        functions: The module.
    """

    def __init__(self, functions: _Functions) -> None:
        self._functions = functions
        self._script = functions.script
        self._locals = functions.script.locals()
        self.line = self._script.line

    @contextmanager
    def when(self, *conditions: str) -> Iterator[None]:
        """Open a block of lines for the case that all conditions hold."""
        with self._script.block(f"if {' and '.join(conditions)}:"):
            yield

    def bind(self, hint: str, value: Any) -> str:
        """Give a value a name in the module."""
        return self._script.bind(hint, value)

    def local(self, hint: str) -> str:
        """Return a new name for a local variable."""
        return self._locals.name(hint)

    def named(self, path: str) -> str:
        """Return a new name for a local variable that holds what is at a path."""
        return self.local(path.replace(".", "_"))

    def element(self, path: str) -> str:
        """Return a new name for a local variable that holds one of the list at a path."""
        return self.local(singular(path.rpartition(".")[2]))

    def literal(self, hint: str, value: Any) -> str:
        """Return the expression of a literal, a new one each time if it can be changed."""
        if value is None or type(value) in (str, bool, int):
            return repr(value)
        name = self.bind(hint, value)
        return name if is_scalar(value) else f"fresh({name})"

    def function(self, path: str, steps: Sequence[Step]) -> str:
        """Return the name of a function that upgrades one of the sub-documents in the list at a path."""
        item = singular(identifier(path.replace(".", "_")))
        return self._functions.wanted(f"upgrade_{item}", f"an item of {path} upgraded", [("", steps)])

    def keys(self, path: str) -> str:
        """Return the expression of a path's keys."""
        return self._functions.keys(path)

    def read(self, path: str) -> str:
        """Return the expression of the value at a path, or ``absent``."""
        return f"raw.get({path!r}, absent)" if "." not in path else f"at(raw, {self.keys(path)})"

    def read_present(self, path: str, value: str, null: bool) -> list[str]:
        """Write that a local variable gets the value at a path; return the conditions that one is there.

        Args:
            path: The path.
            value: The variable.
            null: Whether a null counts.
        """
        if null or "." in path:
            self.line(f"{value} = {self.read(path)}")
            return [f"{value} is not absent"] + [f"{value} is not None"] * (not null)
        self.line(f"{value} = raw.get({path!r})")
        return [f"{value} is not None"]

    def is_free(self, path: str) -> str:
        """Return the condition that a value could be put at a path, and none is there."""
        return f"{path!r} not in raw" if "." not in path else f"is_free(raw, {self.keys(path)})"

    def has_room(self, path: str) -> list[str]:
        """Return the conditions under which a value could be put at a path."""
        return [f"has_room(raw, {self.keys(path)})"] if "." in path else []

    def put(self, path: str, value: str) -> None:
        """Write that a value is put at a path that has room for it."""
        if "." in path:
            self.line(f"put(raw, {self.keys(path)}, {value})")
        else:
            self.line(f"raw[{path!r}] = {value}")

    def take(self, path: str, prune: bool = False) -> None:
        """Write that the value at a path is removed, if there is one."""
        if "." in path:
            self.line(f"take(raw, {self.keys(path)}{', prune=True' if prune else ''})")
        else:
            self.line(f"raw.pop({path!r}, None)")
