"""Compiles a document schema into programs: functions that accept what is plainly valid, and say no more.

Two kinds of programs, because values out of BSON have nothing to convert and may hold unknown keys, while
values made in Python are the other way round. How programs are joined for version chains and polymorphic
families is in `ming._compile.fast`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

from ming import schema as S
from ming._compile.derive import fields_of
from ming._compile.emit import BINDINGS, Mode
from ming._compile.inline import Acceptance, Shortcut, has_shortcut
from ming._compile.levels import Levels
from ming._compile.script import Script, snake_case
from ming._values import Object

__all__ = ["Program", "compile_acceptance", "compile_python", "compile_stored"]

Program = Callable[[Any], Any]
"""Takes a value; returns the valid form of it, or None where the schema itself has to decide."""

_STORED: Final = Mode("stored", "load", "raw")

_READ_METHODS: Final = (
    "__contains__",
    "__delitem__",
    "__getitem__",
    "__ior__",
    "__iter__",
    "__len__",
    "__setitem__",
)
"""Methods of dict that generated code relies on; a class that overrides one is left to its schema."""


def compile_stored(schema: S.Document, *, exact: bool, snapshot: bool) -> Program:
    """Compile the program for stored documents, whose values come out of BSON.

    Args:
        schema: The schema of a document class; other classes registered beside it are ignored.
        exact: Whether a document with unknown keys is left open; otherwise these are kept aside.
        snapshot: Whether the result shares no container with the raw document.

    Returns:
        A function from a raw document, which stays as it is, to an instance of the schema's class or None.
    """
    name = f"stored{' exact' if exact else ''}{' snapshot' if snapshot else ''}"
    return _compile(
        schema, Mode(name, "load", "raw", keeps_unknown=not exact, detaches=snapshot), shortcut=True
    )


def compile_acceptance(schema: S.Document) -> Callable[[Any], bool] | None:
    """Compile the test by which the program for stored documents knows one that is exactly as usual.

    Who knows that a document is valid may make it valid later, as long as nobody changes it meanwhile.

    Args:
        schema: The schema of a document class; other classes registered beside it are ignored.

    Returns:
        A function from a raw document to whether its program takes it; None where only trying tells.
    """
    check = fields_of(schema)
    cls = schema.managed_class or Object
    if check is None or not _is_plain(cls) or not has_shortcut(check):
        return None
    script = Script(f"{_title(cls)} acceptance", BINDINGS)
    name = script.function_name("accepts", snake_case(cls.__name__))
    Acceptance(script, _STORED).write(name, check, cls.__name__)
    return script.compile(name)


def compile_python(schema: S.Document, *, form: Literal["document", "data"]) -> Program:
    """Compile the program for values made in Python; unknown keys leave a value open.

    Args:
        schema: The schema of a document class; other classes registered beside it are ignored.
        form: ``document`` makes an instance of the schema's class, ``data`` a plain dict to be stored: its
            keys are sorted at every depth, and sub-documents that were so already are the value's own.

    Returns:
        A function from a value to its valid form or None.
    """
    if form == "data":
        return _compile(schema, Mode("data", "store", "value", plain=True), shortcut=False)
    return _compile(schema, Mode("made", "make", "value"), shortcut=False)


def _compile(schema: S.Document, mode: Mode, shortcut: bool) -> Program:
    check = fields_of(schema)
    cls = schema.managed_class or Object
    if check is None or not _is_plain(cls):
        return _leave_open
    script = Script(f"{_title(cls)} {mode.name}", BINDINGS)
    stem = snake_case(cls.__name__)
    document_class = script.bind(cls.__name__, cls)
    levels = Levels(script, mode, stem, document_class)
    name = script.function_name(mode.verb, stem)
    if shortcut and has_shortcut(check):
        unusual = script.function_name(mode.verb, "unusual", stem)
        Shortcut(script, mode, unusual).write(name, check, document_class)
        levels.write_whole(unusual, check)
    else:
        levels.write_whole(name, check)
    return script.compile(name)


def _leave_open(value: Any) -> None:
    """The program of a schema, or a class, with rules of its own."""


def _is_plain(cls: type) -> bool:
    """Whether a class is a dict as far as generated code is concerned, and made like one."""
    return cls.__new__ is dict.__new__ and all(
        getattr(cls, name) is getattr(dict, name) for name in _READ_METHODS
    )


def _title(cls: type) -> str:
    module = getattr(cls, "__module__", "")
    return f"{module}.{cls.__qualname__}"
