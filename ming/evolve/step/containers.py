"""Steps that make lists and sub-documents of values, values of them, and change what is in a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ming.evolve.step import pipeline
from ming.evolve.step.base import LITERAL, Codec, Irreversible, Step
from ming.evolve.step.conflicts import refuse_conflicts
from ming.evolve.step.literals import KEEP, fresh, quoted
from ming.evolve.step.pipeline import has_type
from ming.evolve.step.values import Changing
from ming.exc import MingConfigError

if TYPE_CHECKING:
    from ming.evolve.step.python_code import Block

__all__ = ["Each", "Unwrap", "Wrap"]

_VALUE = "$$value"


@dataclass(frozen=True)
class Wrap(Changing):
    """Puts a value into a list of one item, or into a sub-document.

    Args:
        path: Where the value is.
        key: The value's key in the sub-document; None for a list. A list does not become the item of another.
    """

    kind: ClassVar[str] = "wrap"
    key: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_key(self, self.key)

    @property
    def changes_null(self) -> bool:
        # A sub-document has a place for a null; objects of a schema do not accept one themselves.
        return self.key is not None

    def changed(self, value: Any) -> Any:
        if self.key is not None:
            return {self.key: value}
        return value if isinstance(value, list) else [value]

    def changed_expression(self) -> Any:
        if self.key is not None:
            return {"$setField": {"field": self.key, "input": quoted({}), "value": _VALUE}}
        return pipeline.choose(has_type(_VALUE, "array"), _VALUE, [_VALUE])

    def inverse(self) -> Step:
        return Unwrap(self.path, self.key)


@dataclass(frozen=True)
class Unwrap(Changing):
    """Takes a value out of a list of one item, or out of a sub-document that holds nothing else.

    Args:
        path: Where the list or sub-document is; other values stay as they are.
        key: The value's key in the sub-document; None for a list.
        on_error: What a list or sub-document becomes that holds nothing, or more; it stays by default.
    """

    kind: ClassVar[str] = "unwrap"
    key: str | None = None
    on_error: Any = LITERAL(default=KEEP)

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_key(self, self.key)

    def changed(self, value: Any) -> Any:
        if not isinstance(value, list if self.key is None else dict):
            return value
        key: Any = 0 if self.key is None else self.key
        if len(value) == 1 and (self.key is None or key in value):
            return value[key]
        return value if self.on_error is KEEP else fresh(self.on_error)

    def changed_expression(self) -> Any:
        kind = "array"
        items: Any = _VALUE
        inner: Any = {"$arrayElemAt": [_VALUE, 0]}
        if self.key is not None:
            kind, items = "object", {"$objectToArray": _VALUE}
            inner = {"$getField": {"field": self.key, "input": _VALUE}}
        alone = {"$and": [{"$eq": [{"$size": items}, 1]}, {"$not": [has_type(inner, "missing")]}]}
        failed = _VALUE if self.on_error is KEEP else quoted(self.on_error)
        return pipeline.choose(has_type(_VALUE, kind), pipeline.choose(alone, inner, failed), _VALUE)

    def inverse(self) -> Step | Irreversible:
        if self.on_error is not KEEP:
            return Irreversible(
                f"all that {self.path} held becomes {self.on_error!r} where it is not one value"
            )
        return Wrap(self.path, self.key)


def _check_key(step: Step, key: Any) -> None:
    if key is not None:
        step._check_paths(key)
        if "." in key:
            raise MingConfigError(f"{step}: {key!r}, expected a key without a dot")


def _steps_to_json(steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    return [step.to_json() for step in steps]


def _steps_from_json(form: Any) -> tuple[Step, ...]:
    return tuple(map(Step.from_json, form))


@dataclass(frozen=True)
class Each(Changing):
    """Changes the sub-documents in a list. Other items, and other values, stay as they are.

    Args:
        path: Where the list is.
        steps: The changes, whose paths start at the item.
    """

    kind: ClassVar[str] = "each"
    steps: tuple[Step, ...] = Codec(_steps_to_json, _steps_from_json)()

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_conflicts(self.steps)

    def changed(self, value: Any) -> Any:
        if isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    for step in self.steps:
                        step.upgrade(item)
        return value

    def emit(self, block: Block) -> None:
        value, item = block.named(self.path), block.element(self.path)
        block.line(f"{value} = {block.read(self.path)}")
        upgraded = f"{block.function(self.path, self.steps)}({item}) if isinstance({item}, dict) else {item}"
        with block.when(f"isinstance({value}, list)"):
            block.put(self.path, f"[{upgraded} for {item} in {value}]")

    def assignments(self) -> dict[str, Any] | None:
        if any(step.assignments() is None for step in self.steps):
            return None
        return super().assignments()

    def changed_expression(self) -> Any:
        changes = [step.assignments() or {} for step in self.steps]
        return pipeline.choose(has_type(_VALUE, "array"), pipeline.over_items(_VALUE, changes), _VALUE)

    def inverse(self) -> Step | Irreversible:
        inverses = []
        for step in reversed(self.steps):
            inverse = step.inverse()
            if isinstance(inverse, Irreversible):
                return Irreversible(f"{step} in each item of {self.path}: {inverse.reason}")
            inverses.append(inverse)
        return Each(self.path, tuple(inverses))
