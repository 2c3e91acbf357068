"""Writes single checks as Python expressions, and names the values that generated code shares.

One emitter per kind of check; `ming._compile.levels` and `ming._compile.inline` put them into functions.
"""

from __future__ import annotations

import builtins
import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ming._compile.checks import Anything, Check, Choice, Each, Entries, Exact, Field, Fields, Moment
from ming._compile.script import Script, identifier
from ming._values import KEEP_ASIDE, Missing, NoneType, Object, Origin
from ming.exc import Invalid

__all__ = [
    "BINDINGS",
    "Mode",
    "Unsure",
    "alternatives",
    "comment",
    "either",
    "passes_unchanged",
    "unless",
    "write_test",
]


class Unsure(Exception):
    """Raised within generated code: the value is not plainly valid."""


@dataclass(frozen=True)
class Mode:
    """What a program is for.

    Args:
        name: Names the program in tracebacks.
        verb: First word of its functions' names.
        argument: What a whole document is called before it is validated.
        keeps_unknown: Whether unknown keys are kept aside; otherwise they leave a value open.
        detaches: Whether the result shares no container with the value.
        plain: Whether the result is a plain dict that may hold the value's own sub-documents.
    """

    name: str
    verb: str
    argument: str
    keeps_unknown: bool = False
    detaches: bool = False
    plain: bool = False

    @property
    def options(self) -> str:
        """The options that items are called with, ready to follow another argument."""
        return ", allow_extra=True, strip_extra=KEEP_ASIDE" if self.keeps_unknown else ""


def detached(value: Any) -> Any:
    """Return a value that shares no container with the given one."""
    return copy.deepcopy(value) if isinstance(value, (dict, list)) else value


BINDINGS: Final[dict[str, Any]] = {
    "Invalid": Invalid,
    "KEEP_ASIDE": KEEP_ASIDE,
    "Missing": Missing,
    "Object": Object,
    "Origin": Origin,
    "Unsure": Unsure,
    "absent": object(),
    "detached": detached,
    # Never looked up on a document: a field may be named like a method of dict.
    "get": dict.get,
    "items": dict.items,
    "new": dict.__new__,
    # Assigning the attribute would ask a method in Python, at twenty times the cost.
    "set_origin": Object.__dict__["_origin"].__set__,
    "values": dict.values,
}
"""Names that every generated module knows."""

_MANY: Final = 4


def alternatives(script: Script, check: Check, value: str, hint: str, python: bool) -> list[str]:
    """Write the conditions of which one must hold for a value to pass.

    Args:
        script: Where constants are bound.
        check: The check.
        value: An expression without side effects.
        hint: What constants may be named after.
        python: Whether values come out of Python, not out of BSON.

    Returns:
        The conditions; none at all where every value passes.
    """
    match check:
        case Exact():
            return _of_classes(script, check, value)
        case Moment(none=none):
            whole = f" and not {value}.microsecond % 1000" if python else ""
            moment = f"{_is(script, value, datetime)} and {value}.tzinfo is None{whole}"
            return [moment, *_none(value, none)]
        case Choice(none=none):
            return [_chosen(script, check, value, hint), *_none(value, none)]
        case Anything():
            return [f"{value} is not Missing"] if python else []
        case Each(none=none):
            return [
                _is(script, value, list),
                *([_is(script, value, tuple)] if python else []),
                *_none(value, none),
            ]
        case Fields(none=none) | Entries(none=none):
            return [_is(script, value, dict), *_none(value, none)]
        case _:
            return []


def either(conditions: list[str]) -> str:
    """Join conditions into one that can stand within a longer one."""
    joined = " or ".join(conditions)
    return f"({joined})" if len(conditions) > 1 else joined


def unless(conditions: list[str]) -> str:
    """Write the condition that none of the given ones holds."""
    if len(conditions) == 1 and " and " not in conditions[0]:
        return conditions[0].replace(" is ", " is not ", 1)
    return f"not ({' or '.join(conditions)})"


def passes_unchanged(check: Check) -> bool:
    """Whether a value either passes as it is, or not at all."""
    return isinstance(check, Anything) or (isinstance(check, Exact) and not check.converts)


def _kind_name(check: Check) -> str:
    match check:
        case Exact(classes=classes) if len(classes) <= _MANY:
            return identifier(classes[0].__name__)
        case Exact():
            return "a scalar"
        case Moment():
            return "datetime"
        case Choice(options=[_]):
            return "a constant"
        case Choice():
            return "one of its options"
        case Each(element=element):
            return f"list of {_kind_name(element)}"
        case Entries(value=entry):
            return f"dict of {_kind_name(entry)} by key"
        case Fields():
            return "dict of fields"
        case Anything():
            return "anything"
        case _:
            return "rules of its own"


def write_test(script: Script, opening: str, tests: list[tuple[Field, str]]) -> None:
    """Write conditions joined by ``and``, each under its field's comment; the caller closes the parenthesis."""
    with script.block(opening):
        for number, (field, condition) in enumerate(tests):
            script.line(f"# {comment(field)}")
            script.line(f"and {condition}" if number else condition)


def comment(field: Field) -> str:
    """Describe a field in one line; a name that is no identifier is quoted."""
    name = field.name if field.name.isascii() and field.name.isidentifier() else ascii(field.name)
    return f"{name}: {_kind_name(field.check)}"


def _class_name(script: Script, cls: type) -> str:
    return cls.__name__ if getattr(builtins, cls.__name__, None) is cls else script.bind(cls.__name__, cls)


def _is(script: Script, value: str, cls: type) -> str:
    return f"{value}.__class__ is {_class_name(script, cls)}"


def _none(value: str, accepted: bool) -> list[str]:
    return [f"{value} is None"] if accepted else []


def _of_classes(script: Script, check: Exact, value: str) -> list[str]:
    first, *others = check.classes
    if len(others) >= _MANY:
        return [
            f"{value}.__class__ in {script.bind('scalars', frozenset(check.classes))}",
            *_none(value, check.none),
        ]
    if not others:
        return [_is(script, value, first), *_none(value, check.none)]
    others += [NoneType] if check.none else []
    # The usual class is tested alone: looking one up among several costs twice as much.
    also = script.bind(f"also_{first.__name__}", frozenset(others))
    return [_is(script, value, first), f"{value}.__class__ in {also}"]


def _chosen(script: Script, check: Choice, value: str, hint: str) -> str:
    classes = check.classes
    if len(classes) == 1:
        of_class = _is(script, value, classes[0])
    else:
        of_class = f"{value}.__class__ in {script.bind(f'{hint}_classes', frozenset(classes))}"
    if len(check.options) > 1:
        return f"{of_class} and {value} in {script.bind(f'{hint}_options', frozenset(check.options))}"
    option = next(iter(check.options))
    literal = repr(option) if option.__class__ in (str, int, bool) else script.bind(f"{hint}_option", option)
    return f"{of_class} and {value} == {literal}"
