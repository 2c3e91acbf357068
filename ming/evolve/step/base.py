"""The base of all steps: what a step can do, and its JSON form.

The steps themselves are in the modules behind `ming.evolve.step.kinds`, the door to them all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from ming.evolve.step import literals
from ming.evolve.step.paths import Raw, checked
from ming.exc import MingConfigError

if TYPE_CHECKING:
    from ming.evolve.step.python_code import Block

__all__ = ["LITERAL", "PLAIN", "Codec", "Irreversible", "Step"]

_KINDS: Final[dict[str, type[Step]]] = {}
_CODEC: Final = "codec"


@dataclass(frozen=True)
class Irreversible:
    """What a step without an inverse answers.

    Args:
        reason: Why it cannot be told afterwards what was there before.
    """

    reason: str

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True)
class Codec:
    """How an attribute of a step is written as JSON."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]

    def __call__(self, **options: Any) -> Any:
        """Return a dataclass field whose values are written so."""
        return dataclasses.field(metadata={_CODEC: self}, **options)


def _as_lists(value: Any) -> Any:
    return [_as_lists(item) for item in value] if isinstance(value, tuple) else value


def _as_tuples(value: Any) -> Any:
    return tuple(_as_tuples(item) for item in value) if isinstance(value, list) else value


PLAIN: Final = Codec(_as_lists, _as_tuples)
"""Texts, flags, and tuples of them."""
LITERAL: Final = Codec(literals.to_json, literals.from_json)
"""Values that are stored."""


@dataclass(frozen=True)
class Step:
    """One change of the shape of stored documents, as a value.

    A step changes documents it fits, and leaves the others as they are. It has one meaning in all its forms:
    Python that is interpreted, Python that is generated, and stages of an update pipeline.
    """

    kind: ClassVar[str]
    """The name by which `ming.evolve` offers the step, and JSON calls it."""

    def __init_subclass__(cls) -> None:
        if "kind" in vars(cls):
            _KINDS[cls.kind] = cls

    @property
    def reads(self) -> frozenset[str]:
        """Paths of the values that the result is computed from."""
        raise NotImplementedError

    @property
    def reads_everything(self) -> bool:
        """Whether the result may be computed from any value at all."""
        return False

    @property
    def writes(self) -> frozenset[str]:
        """Paths that may hold another value, or none, afterwards."""
        return self.puts | self.removes

    @property
    def puts(self) -> frozenset[str]:
        """Paths that may hold a new value afterwards."""
        return frozenset()

    @property
    def removes(self) -> frozenset[str]:
        """Paths that may hold nothing afterwards."""
        return frozenset()

    @property
    def single(self) -> frozenset[str]:
        """Paths that hold a value without fields afterwards, if they hold one."""
        return frozenset()

    def upgrade(self, raw: Raw) -> None:
        """Change a raw document in place. The reference: every other form does exactly this."""
        raise NotImplementedError

    def assignments(self) -> dict[str, Any] | None:
        """The change as a ``$set``: an expression for each top-level field; None where only Python can do it."""
        raise NotImplementedError

    def stages(self) -> tuple[dict[str, Any], ...] | None:
        """The change as stages of an update pipeline; None where only Python can do it."""
        assignments = self.assignments()
        return None if assignments is None else ({"$set": assignments},)

    def emit(self, block: Block) -> None:
        """Write the change as Python."""
        raise NotImplementedError

    def inverse(self) -> Step | Irreversible:
        """The step that takes the change back, or the reason why there is none."""
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        """The step in a form that both JSON and BSON keep; attributes with their default are left out."""
        form: dict[str, Any] = {"kind": self.kind}
        for attribute in dataclasses.fields(self):
            value = getattr(self, attribute.name)
            if not _is_default(value, attribute.default):
                form[attribute.name] = _codec(attribute).encode(value)
        return form

    @staticmethod
    def from_json(form: Mapping[str, Any]) -> Step:
        """The step of a JSON form.

        Raises:
            MingConfigError: No step has this form.
        """
        kind = _KINDS.get(form.get("kind", ""))
        if kind is None:
            raise MingConfigError(f"{form.get('kind')!r} is no kind of step")
        codecs = {attribute.name: _codec(attribute) for attribute in dataclasses.fields(kind)}
        given = {name: value for name, value in form.items() if name != "kind"}
        if unknown := given.keys() - codecs.keys():
            raise MingConfigError(f"{kind.kind}: unknown attributes {', '.join(sorted(unknown))}")
        try:
            return kind(**{name: codecs[name].decode(value) for name, value in given.items()})
        except TypeError as error:
            raise MingConfigError(f"{kind.kind}: {error}") from error

    def __str__(self) -> str:
        arguments = []
        for attribute in dataclasses.fields(self):
            value = getattr(self, attribute.name)
            if attribute.default is dataclasses.MISSING:
                arguments.append(_shown(value))
            elif not _is_default(value, attribute.default):
                arguments.append(f"{attribute.name}={_shown(value)}")
        return f"{self.kind}({', '.join(arguments)})"

    def _check_paths(self, *paths: Any) -> None:
        """Refuse what is no path; for ``__post_init__``."""
        for path in paths:
            checked(path, self.kind)


def _shown(value: Any) -> str:
    """A value as messages show it: functions by name, steps as they are declared."""
    if isinstance(value, tuple) and any(isinstance(each, Step) for each in value):
        return ", ".join(map(str, value))
    return str(value) if isinstance(value, Step) else getattr(value, "__qualname__", None) or repr(value)


def _is_default(value: Any, default: Any) -> bool:
    return value is default or (type(value) is type(default) and bool(value == default))


def _codec(attribute: dataclasses.Field[Any]) -> Codec:
    codec: Codec = attribute.metadata.get(_CODEC, PLAIN)
    return codec
