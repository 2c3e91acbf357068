"""Steps that call a function: a value computed twice over, and changes that only Python can make."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ming._values import Missing
from ming.evolve.step import pipeline
from ming.evolve.step.base import Codec, Irreversible, Step
from ming.evolve.step.equality import equal
from ming.evolve.step.literals import from_json as literal_from_json
from ming.evolve.step.literals import to_json as literal_to_json
from ming.evolve.step.paths import Raw, has_room, put, remove
from ming.exc import MigrationError, MingConfigError

if TYPE_CHECKING:
    from ming.evolve.step.python_code import Block

__all__ = ["Expr", "Python", "fields_in"]


def _function_name(function: Callable[..., Any]) -> str:
    return f"{function.__module__}:{function.__qualname__}"


def _function_named(name: str) -> Callable[..., Any]:
    module, _, qualname = name.partition(":")
    found: Any = None
    try:
        found = importlib.import_module(module)
        for part in qualname.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise MingConfigError(f"no function {name}: {error}") from error
    if not callable(found):
        raise MingConfigError(f"{name} is no function")
    return found  # type: ignore[no-any-return]


FUNCTION = Codec(_function_name, _function_named)
"""Functions, by module and name: one inside a function can be written down, and not be found again."""
OPTIONAL_FUNCTION = Codec(
    lambda function: function and _function_name(function), lambda name: name and _function_named(name)
)
OPTIONAL_STEP = Codec(lambda step: step and step.to_json(), lambda form: form and Step.from_json(form))
EXPRESSION = Codec(literal_to_json, literal_from_json)
PATHS = Codec(sorted, frozenset)


@dataclass(frozen=True)
class Expr(Step):
    """Gives a field a value that is computed, by an expression on the server and by a function in Python.

    Args:
        path: Where the field is.
        expression: An aggregation expression over the document, which must not fail. Missing removes the field.
        function: The same in Python: from the raw document, which it leaves alone, to the value, or `Missing`.
        undo: The step that takes this one back.
    """

    kind: ClassVar[str] = "expr"
    path: str
    expression: Any = EXPRESSION()
    function: Callable[[Raw], Any] = FUNCTION()
    undo: Step | None = OPTIONAL_STEP(default=None)

    def __post_init__(self) -> None:
        self._check_paths(self.path)
        if not callable(self.function):
            raise MingConfigError(f"expr({self.path!r}): {self.function!r}, expected a function")
        if self.undo is not None and not isinstance(self.undo, Step):
            raise MingConfigError(f"expr({self.path!r}): inverse={self.undo!r}, expected a step")

    @property
    def reads(self) -> frozenset[str]:
        return frozenset(fields_in(self.expression))

    @property
    def reads_everything(self) -> bool:
        return _names_whole(self.expression)

    @property
    def puts(self) -> frozenset[str]:
        return frozenset((self.path,))

    def upgrade(self, raw: Raw) -> None:
        if not has_room(raw, self.path):
            return
        value = self.function(raw)
        if value is Missing:
            remove(raw, self.path)
        else:
            put(raw, self.path, value)

    def assignments(self) -> dict[str, Any]:
        removed = pipeline.assign(True, {}, removes=[self.path])
        given = pipeline.assign(True, {self.path: "$$computed"})
        (top,) = removed
        gone = pipeline.has_type("$$computed", "missing")
        either = pipeline.choose(gone, removed[top], given[top])
        return {
            top: pipeline.choose(
                pipeline.has_room(self.path), pipeline.let(either, computed=self.expression), f"${top}"
            )
        }

    def emit(self, block: Block) -> None:
        if room := block.has_room(self.path):
            with block.when(*room):
                self._emit_computed(block)
        else:
            self._emit_computed(block)

    def _emit_computed(self, block: Block) -> None:
        value = block.named(self.path)
        block.line(f"{value} = {block.bind(f'computed_{self.path}', self.function)}(raw)")
        with block.when(f"{value} is absent"):
            block.take(self.path)
        with block.when(f"{value} is not absent"):
            block.put(self.path, value)

    def inverse(self) -> Step | Irreversible:
        if self.undo is None:
            return Irreversible(f"what computed {self.path} has no inverse=")
        return self.undo


@dataclass(frozen=True)
class Python(Step):
    """Changes documents by a function that only Python can run.

    Args:
        function: From a raw document, which it may change, to the raw document wanted.
        reads_only: The paths it reads; empty where that is not known.
        writes_only: The paths it writes; empty where that is not known.
        undo: The function that takes this one back.
    """

    kind: ClassVar[str] = "python"
    function: Callable[[Raw], Raw] = FUNCTION()
    reads_only: frozenset[str] = PATHS(default=frozenset())
    writes_only: frozenset[str] = PATHS(default=frozenset())
    undo: Callable[[Raw], Raw] | None = OPTIONAL_FUNCTION(default=None)

    def __post_init__(self) -> None:
        self._check_paths(*self.reads_only, *self.writes_only)
        for function in (self.function, self.undo or self.function):
            if not callable(function):
                raise MingConfigError(f"python(): {function!r}, expected a function")

    @property
    def reads(self) -> frozenset[str]:
        return self.reads_only

    @property
    def reads_everything(self) -> bool:
        return not self.reads_only

    @property
    def puts(self) -> frozenset[str]:
        return self.writes_only

    def upgrade(self, raw: Raw) -> None:
        made = self.function(copy.deepcopy(raw))
        if not isinstance(made, Mapping):
            raise MigrationError(f"{_function_name(self.function)} returned {made!r}, expected a dict")
        made = {**made} if "_id" in made or "_id" not in raw else {"_id": raw["_id"], **made}
        self._check_written(raw, made)
        raw.clear()
        raw.update(made)

    def _check_written(self, before: Raw, after: Mapping[str, Any]) -> None:
        """A promise that is broken would lose other writers' changes."""
        written = {path.partition(".")[0] for path in self.writes_only} or {*before, *after} - {"_id"}
        changed = [
            name
            for name in {*before, *after} - written
            if name not in before or name not in after or not equal(before[name], after[name])
        ]
        if changed:
            message = f"{_function_name(self.function)} changed what it does not declare to write"
            raise MigrationError(message, fields=sorted(changed))

    def assignments(self) -> None:
        return None

    def emit(self, block: Block) -> None:
        block.line(f"{block.bind(f'run_{self.function.__name__}', self.upgrade)}(raw)")

    def inverse(self) -> Step | Irreversible:
        if self.undo is None:
            return Irreversible(f"{_function_name(self.function)} has no inverse=")
        return Python(self.undo, self.reads_only | self.writes_only, self.writes_only, self.function)


def _is_same(one: Any, other: Any) -> bool:
    return one is other or bool(one == other)


def _names_whole(expression: Any) -> bool:
    """Whether an expression looks at the document as a whole."""
    if isinstance(expression, Mapping):
        return any(_names_whole(inner) for name, inner in expression.items() if name != "$literal")
    if isinstance(expression, (list, tuple)):
        return any(map(_names_whole, expression))
    return isinstance(expression, str) and (
        expression == "$$CURRENT" or expression.partition(".")[0] == "$$ROOT"
    )


def fields_in(expression: Any) -> Iterator[str]:
    """Yield the paths of the fields that an expression reads; those of the whole document are not told."""
    if isinstance(expression, str):
        if expression.startswith("$") and not expression.startswith("$$"):
            yield expression[1:]
        elif expression.startswith("$$CURRENT."):
            yield expression.removeprefix("$$CURRENT.")
    elif isinstance(expression, Mapping):
        for name, inner in expression.items():
            if name != "$literal":
                yield from fields_in(inner)
    elif isinstance(expression, (list, tuple)):
        for inner in expression:
            yield from fields_in(inner)
