"""Writes the statements that turn the value of a local variable into a valid one, or raise `Unsure`.

Used by `ming._compile.levels` for fields and for the elements of lists, whose loops nest.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from ming._compile.checks import Anything, Call, Check, Choice, Each, Entries, Exact, Fields, Moment
from ming._compile.emit import Mode, alternatives, either, passes_unchanged, unless, write_test
from ming._compile.script import Locals, Script, singular

__all__ = ["Place", "bind_order", "convert", "is_leaf", "write_reuse"]


class Place(Protocol):
    """The function that statements are written into."""

    script: Script
    mode: Mode
    stem: str
    locals: Locals

    def function_for(self, check: Fields, path: tuple[str, ...]) -> str:
        """Return the name of the function for an inner level."""
        ...


def convert(place: Place, check: Check, name: str, path: tuple[str, ...], absent: bool = False) -> None:
    """Write the statements for one check.

    Args:
        place: Where to write.
        check: The check.
        name: The local variable.
        path: Names of the fields on the way here.
        absent: Whether the variable may hold ``absent``, which stays.
    """
    line = place.script.line
    match check:
        case Each():
            with _if_list(place, check, name, absent):
                _convert_elements(place, check.element, name, path)
        case Entries():
            with _if_given(place, check.none, name, absent):
                _convert_entries(place, check, name, path)
        case Fields():
            with _if_given(place, check.none, name, absent):
                line(f"{name} = {place.function_for(check, path)}({name})")
        case Call():
            item = place.script.bind(f"{path[-1]}_item", check.item)
            given = f"detached({name})" if place.mode.detaches else name
            line(f"{name} = {item}.validate({given}{place.mode.options})")
        case Anything():
            if place.mode.detaches:
                line(f"{name} = detached({name})")
        case _:
            _convert_single(place, check, name, path, absent)


def _convert_single(
    place: Place, check: Exact | Moment | Choice, name: str, path: tuple[str, ...], absent: bool
) -> None:
    conditions = alternatives(place.script, check, name, path[-1], python=True)
    if absent:
        conditions.append(f"{name} is absent")
    with place.script.block(f"if {unless(conditions)}:"):
        if check.converts:
            item = place.script.bind(f"{path[-1]}_item", check.item)
            place.script.line(f"{name} = {item}.validate({name}{place.mode.options})")
        else:
            place.script.line("raise Unsure")


@contextmanager
def _if_given(place: Place, none: bool, name: str, absent: bool) -> Iterator[None]:
    """Open a block for the values that are neither None nor absent, where these may come."""
    conditions = [
        f"{name} is not {other}" for other, possible in (("None", none), ("absent", absent)) if possible
    ]
    if conditions:
        with place.script.block(f"if {' and '.join(conditions)}:"):
            yield
    else:
        yield


@contextmanager
def _if_list(place: Place, check: Each, name: str, absent: bool) -> Iterator[None]:
    """Open a block for lists and tuples, and deal with everything else after it."""
    with place.script.block(f"if {name}.__class__ is list or {name}.__class__ is tuple:"):
        yield
    if not check.none:
        with place.script.block(f"elif {name} is None:"):
            place.script.line(f"{name} = []")
    others = [
        f"{name} is not {other}" for other, possible in (("None", check.none), ("absent", absent)) if possible
    ]
    with place.script.block(f"elif {' and '.join(others)}:" if others else "else:"):
        place.script.line("raise Unsure")


def _convert_elements(place: Place, check: Check, name: str, path: tuple[str, ...]) -> None:
    line = place.script.line
    element = place.locals.element(path[-1])
    if isinstance(check, Fields) and not check.none:
        inner_path = (*path[:-1], singular(path[-1]))
        every = f"{name} = [{place.function_for(check, inner_path)}({element}) for {element} in {name}]"
        if place.mode.plain and is_leaf(check):
            _keep_list(place, name)
            with place.script.block(f"for {element} in {name}:"):
                write_reuse(place, check, element, inner_path, "continue")
                line(every)
                line("break")
        else:
            line(every)
    elif isinstance(check, Anything):
        with place.script.block(f"if any({element} is Missing for {element} in {name}):"):
            line("raise Unsure")
        line(
            f"{name} = [{'detached(' + element + ')' if place.mode.detaches else element} for {element} in {name}]"
        )
    elif passes_unchanged(check):
        refused = unless(alternatives(place.script, check, element, path[-1], python=True))
        with place.script.block(f"for {element} in {name}:"), place.script.block(f"if {refused}:"):
            line("raise Unsure")
        if place.mode.plain:
            _keep_list(place, name)
        else:
            line(f"{name} = [*{name}]")
    else:
        made = place.locals.name(f"valid_{path[-1]}")
        line(f"{made} = []")
        with place.script.block(f"for {element} in {name}:"):
            convert(place, check, element, (*path[:-1], singular(path[-1])))
            _keep_present(place, check, element, f"{made}.append({element})")
        line(f"{name} = {made}")


def _keep_list(place: Place, name: str) -> None:
    with place.script.block(f"if {name}.__class__ is tuple:"):
        place.script.line(f"{name} = [*{name}]")


def is_leaf(check: Fields) -> bool:
    """Whether a level has fields, and none of them holds others."""
    return bool(check.fields) and all(
        isinstance(field.check, Exact | Moment | Choice | Anything) for field in check.fields
    )


def bind_order(place: Place, check: Fields, path: tuple[str, ...]) -> str:
    """Bind a level's keys in order."""
    return place.script.bind("_".join((place.stem, *path, "order")), [field.name for field in check.fields])


def write_reuse(
    place: Place, check: Fields, value: str, path: tuple[str, ...], then: str, names: list[str] | None = None
) -> None:
    """Write the way out for a sub-document that is valid and sorted already: it stays the object it is.

    Args:
        place: Where to write.
        check: The sub-document's fields, none of which holds others.
        value: The local that holds it.
        path: Names of the fields on the way here.
        then: The statement that leaves.
        names: Locals for its fields; new ones by default.
    """
    script = place.script
    names = names or [place.locals.name(field.name) for field in check.fields]
    with script.block(f"if type({value}) is Object and [*{value}] == {bind_order(place, check, path)}:"):
        script.line(f"[{', '.join(names)}] = values({value})")
        tests = []
        for field, name in zip(check.fields, names, strict=True):
            conditions = alternatives(script, field.check, name, field.name, python=True)
            tests.append((field, either(conditions)))
        write_test(script, "if (", tests)
        with script.block("):"):
            script.line(then)


def _convert_entries(place: Place, check: Entries, name: str, path: tuple[str, ...]) -> None:
    line = place.script.line
    made, key, entry = (place.locals.name(hint) for hint in (f"valid_{path[-1]}", "key", "entry"))
    with place.script.block(f"if type({name}) is not dict and type({name}) is not Object:"):
        line("raise Unsure")
    line(f"{made} = Object()")
    with place.script.block(f"for {key}, {entry} in items({name}):"):
        convert(place, check.key, key, (*path, "key"))
        convert(place, check.value, entry, (*path, "entry"))
        if isinstance(check.value, Anything):
            _refuse_missing(place, entry)
        _keep_present(place, check.value, entry, f"{made}[{key}] = {entry}")
    with place.script.block(f"if type({name}) is Object and {name}._origin is not None:"):
        line(f"set_origin({made}, {name}._origin)")
    line(f"{name} = {made}")


def _refuse_missing(place: Place, name: str) -> None:
    with place.script.block(f"if {name} is Missing:"):
        place.script.line("raise Unsure")


def _keep_present(place: Place, check: Check, name: str, statement: str) -> None:
    """Only items with their own rules can drop a value."""
    if isinstance(check, Call):
        with place.script.block(f"if {name} is not Missing:"):
            place.script.line(statement)
    else:
        place.script.line(statement)
