"""Steps that change a value where it is. Missing stays missing, and null stays null, if not said otherwise.

Those for lists and sub-documents are in `ming.evolve.step.containers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from ming._values import Missing
from ming.evolve.step import pipeline
from ming.evolve.step.base import LITERAL, Codec, Irreversible, Step
from ming.evolve.step.conversions import CONVERSIONS, FAILED, TYPES
from ming.evolve.step.equality import scalar_key
from ming.evolve.step.literals import KEEP, fresh, is_scalar, quoted
from ming.evolve.step.literals import from_json as literal_from_json
from ming.evolve.step.literals import to_json as literal_to_json
from ming.evolve.step.paths import Raw, put, read
from ming.evolve.step.pipeline import REMOVE, has_type
from ming.exc import MingConfigError

if TYPE_CHECKING:
    from ming.evolve.step.python_code import Block

__all__ = ["Changing", "Convert", "Map"]

_VALUE = "$$value"


@dataclass(frozen=True)
class Changing(Step):
    """A step that replaces the value at a path by what it makes of it."""

    path: str

    def __post_init__(self) -> None:
        self._check_paths(self.path)

    @property
    def reads(self) -> frozenset[str]:
        return frozenset((self.path,))

    @property
    def writes(self) -> frozenset[str]:
        return frozenset((self.path,))

    @property
    def changes_null(self) -> bool:
        """Whether a null is a value like any other."""
        return False

    def changed(self, value: Any) -> Any:
        """What becomes of a value; the value itself where the step does not fit it."""
        raise NotImplementedError

    def changed_expression(self) -> Any:
        """The expression of what becomes of ``$$value``."""
        raise NotImplementedError

    def upgrade(self, raw: Raw) -> None:
        value = read(raw, self.path)
        if value is not Missing and (value is not None or self.changes_null):
            put(raw, self.path, self.changed(value))

    def emit(self, block: Block) -> None:
        value = block.named(self.path)
        present = block.read_present(self.path, value, null=self.changes_null)
        with block.when(*present):
            block.put(self.path, f"{block.bind(f'{self.kind}_{self.path}', self.changed)}({value})")

    def assignments(self) -> dict[str, Any] | None:
        left_alone = ["missing"] if self.changes_null else ["missing", "null"]
        value = pipeline.stored(self.path)
        changed = pipeline.let(self.changed_expression(), value=f"${self.path}")
        return pipeline.assign({"$not": [has_type(value, *left_alone)]}, {self.path: changed})


def _table_to_json(table: tuple[tuple[Any, Any], ...]) -> list[Any]:
    return [[literal_to_json(old), literal_to_json(new)] for old, new in table]


def _table_from_json(form: Any) -> tuple[tuple[Any, Any], ...]:
    return tuple((literal_from_json(old), literal_from_json(new)) for old, new in form)


TABLE = Codec(_table_to_json, _table_from_json)


@dataclass(frozen=True)
class Map(Changing):
    """Replaces values by others.

    Args:
        path: Where the value is.
        table: Pairs of an old and a new value. The old ones are single values, compared as the server does:
            1 and 1.0 are equal, 1 and true are not.
        otherwise: What other values become; they stay by default. Null is none of them, unless the table has it.
    """

    kind: ClassVar[str] = "map"
    table: tuple[tuple[Any, Any], ...] = TABLE()
    otherwise: Any = LITERAL(default=KEEP)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.table:
            raise MingConfigError(f"{self}: expected at least one value to replace")
        if not all(is_scalar(old) for old, _ in self.table):
            raise MingConfigError(f"{self}: only single values can be replaced")
        if len(self.lookup) < len(self.table):
            raise MingConfigError(f"{self}: one value is named twice")

    @cached_property
    def lookup(self) -> dict[Any, Any]:
        """The new values by the keys of the old ones."""
        return {scalar_key(old): new for old, new in self.table}

    @property
    def changes_null(self) -> bool:
        return scalar_key(None) in self.lookup

    def changed(self, value: Any) -> Any:
        new = self.lookup.get(scalar_key(value), self.otherwise) if is_scalar(value) else self.otherwise
        return value if new is KEEP else fresh(new)

    def changed_expression(self) -> Any:
        branches = [{"case": {"$eq": [_VALUE, quoted(old)]}, "then": quoted(new)} for old, new in self.table]
        default = _VALUE if self.otherwise is KEEP else quoted(self.otherwise)
        return {"$switch": {"branches": branches, "default": default}}

    def inverse(self) -> Step | Irreversible:
        if self.otherwise is not KEEP:
            return Irreversible(f"all other values of {self.path} become {self.otherwise!r}")
        if not all(is_scalar(new) for _, new in self.table):
            return Irreversible(f"only single values of {self.path} can be replaced")
        backwards = {scalar_key(new): new for _, new in self.table}
        if len(backwards) < len(self.table):
            return Irreversible(f"several values of {self.path} become the same")
        return Map(self.path, tuple((new, old) for old, new in self.table))


@dataclass(frozen=True)
class Convert(Changing):
    """Converts a value to another type. Values of that type stay as they are.

    Args:
        path: Where the value is.
        to: The name of the type.
        on_error: What a value becomes that does not convert; it stays by default.
        canonical: A promise: what is stored is just what converting back would make of it.
        source: The name of the type of the values to be converted; others do not convert.
    """

    kind: ClassVar[str] = "convert"
    to: str
    on_error: Any = LITERAL(default=KEEP)
    canonical: bool = False
    source: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in (self.to, self.source or "str"):
            if name not in TYPES:
                raise MingConfigError(f"{self}: {name!r}, expected one of {', '.join(TYPES)}")
        if not self.sources:
            raise MingConfigError(f"{self}: {self.source or 'nothing'} does not convert to {self.to}")

    @property
    def single(self) -> frozenset[str]:
        return self.writes if self.on_error is KEEP or is_scalar(self.on_error) else frozenset()

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The names of the types that are converted."""
        known = [source for source, target in CONVERSIONS if target == self.to]
        return tuple(source for source in known if self.source in (None, source))

    def changed(self, value: Any) -> Any:
        if TYPES[self.to].holds(value):
            return value
        made = FAILED
        for source in self.sources:
            if TYPES[source].holds(value):
                made = CONVERSIONS[source, self.to].python(value)
        if made is not FAILED:
            return made
        return value if self.on_error is KEEP else fresh(self.on_error)

    def changed_expression(self) -> Any:
        branches = [{"case": has_type(_VALUE, *TYPES[self.to].bson), "then": _VALUE}]
        for source in self.sources:
            conversion = CONVERSIONS[source, self.to]
            made = pipeline.choose(conversion.test, conversion.expression, REMOVE)
            branches.append({"case": has_type(_VALUE, *TYPES[source].bson), "then": made})
        made = {"$switch": {"branches": branches, "default": REMOVE}}
        failed = _VALUE if self.on_error is KEEP else quoted(self.on_error)
        return pipeline.let(
            pipeline.choose(has_type("$$converted", "missing"), failed, "$$converted"), converted=made
        )

    def inverse(self) -> Step | Irreversible:
        if not self.canonical:
            return Irreversible(
                f"the form that {self.path} was stored in is gone; canonical=True promises that it was the usual one"
            )
        if self.source is None and self.to == "str":
            return Irreversible(f"the type that {self.path} had is gone; source= names it")
        back = self.source or "str"
        if (self.to, back) not in CONVERSIONS:
            return Irreversible(f"{self.to} does not convert to {back}")
        return Convert(self.path, back, canonical=True, source=self.to)
