"""Writes the shortcut for stored documents that are exactly as usual: all keys there, nothing unknown.

One function tests a whole document in place, level by level, and copies tables instead of fields. Whatever
is otherwise goes to the functions of `ming._compile.levels`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ming._compile.checks import Absent, Anything, Call, Check, Each, Entries, Field, Fields
from ming._compile.emit import Mode, alternatives, comment, either, unless
from ming._compile.script import Script, with_article

__all__ = ["Acceptance", "Shortcut", "has_shortcut"]

_DEEPEST = 6
"""Loops within loops beyond this depth: Python itself stops at twenty blocks."""


def has_shortcut(check: Check, depth: int = 0) -> bool:
    """Whether a value can be tested in place, and made valid by copying tables."""
    match check:
        case Fields(fields=fields):
            return depth < _DEEPEST and all(has_shortcut(field.check, depth + 1) for field in fields)
        case Each(element=element):
            return depth < _DEEPEST and has_shortcut(element, depth + 1)
        case Entries() | Call():
            return False
        case _:
            return True


class Shortcut:
    """Writes the shortcut of one document class.

    Args:
        script: Where to write.
        mode: What the program is for.
        fallback: Name of the function for all other documents.
    """

    def __init__(self, script: Script, mode: Mode, fallback: str) -> None:
        self.script = script
        self.mode = mode
        self.fallback = fallback
        self.locals = script.locals()
        self.raw = self.locals.name(mode.argument)

    def write(self, name: str, check: Fields, document_class: str) -> None:
        """Write the function.

        Args:
            name: Its name.
            check: The document's fields.
            document_class: Name of the class of the result.
        """
        line = self.script.line
        with self.script.block(f"def {name}({self.raw}):"):
            line(
                f'"""Return {with_article(document_class)}, or None where the schema itself has to decide."""'
            )
            with self.script.block("try:"):
                made = self._test_level(self.raw, check, first=f"{self.raw}.__class__ is dict")
            with self.script.block("except KeyError:"):
                self._give_up()
            valid = self.locals.name("valid")
            line(f"{valid} = new({document_class})")
            # In place: the operator copies the table at half the cost of a call.
            line(f"{valid} |= {self.raw}")
            self._put(valid, made)
            line(f"return {valid}")
        line()

    def _give_up(self) -> None:
        self.script.line(f"return {self.fallback}({self.raw})")

    def _test_level(self, value: str, check: Fields, first: str = "") -> list[_Made]:
        """Test a dict and what is in it.

        Args:
            value: The local that holds the dict.
            check: Its fields.
            first: A condition to test before.

        Returns:
            What is not to be taken over as it is.
        """
        inner = self._read(value, check)
        line = self.script.line
        with self.script.block("if not ("):
            if first:
                line(first)
            line(f"{'and ' if first else ''}{self._length(value, check, inner)}")
            for field in check.fields:
                conditions = self._conditions(field, inner.get(field.name) or f"{value}[{field.name!r}]")
                if conditions:
                    line(f"# {comment(field)}")
                    line(f"and {either(conditions)}")
                elif field.name not in inner:
                    line(f"# {comment(field)}")
                    line(f"and {field.name!r} in {value}")
        with self.script.block("):"):
            self._give_up()
        made = []
        for field in check.fields:
            if self._changes(field.check):
                name = inner.get(field.name) or f"{value}[{field.name!r}]"
                expression = self._test_inner(name, field.check, optional=_is_optional(field))
                made.append(_Made(field.name, expression, name if field.absent is Absent.OMITTED else None))
            elif isinstance(field.check, Each | Fields):
                self._test_inner(inner[field.name], field.check, optional=_is_optional(field))
        return made

    def _read(self, value: str, check: Fields) -> dict[str, str]:
        """Read what is looked at more than once: containers, and fields that may be absent."""
        inner = {}
        for field in check.fields:
            optional = field.absent is Absent.OMITTED
            if optional or isinstance(field.check, Each | Fields):
                name = inner[field.name] = self.locals.name(field.name)
                key = repr(field.name)
                self.script.line(
                    f"{name} = {value}.get({key}, absent)" if optional else f"{name} = {value}[{key}]"
                )
        return inner

    def _length(self, value: str, check: Fields, inner: dict[str, str]) -> str:
        optional = [field for field in check.fields if field.absent is Absent.OMITTED]
        count = [str(len(check.fields) - len(optional))]
        count += [f"({inner[field.name]} is not absent)" for field in optional]
        return f"len({value}) == {' + '.join(count)}"

    def _conditions(self, field: Field, value: str) -> list[str]:
        conditions = alternatives(self.script, field.check, value, field.name, python=False)
        if conditions and field.absent is Absent.OMITTED:
            conditions.append(f"{value} is absent")
        return conditions

    def _changes(self, check: Check) -> bool:
        """Whether a valid value is another object than the stored one."""
        match check:
            case Fields():
                return True
            case Each(element=element):
                return self.mode.detaches or self._changes(element)
            case Anything():
                return self.mode.detaches
            case _:
                return False

    def _test_inner(self, name: str, check: Check, optional: bool = False) -> str:
        """Test what is in a container; return the expression of the valid one."""
        if isinstance(check, Each) and not isinstance(check.element, Anything):
            inner_class = "list"
        elif isinstance(check, Fields):
            inner_class = "dict"
        else:
            return f"detached({name})" if self._changes(check) else name
        if not optional:
            return self._test_container(name, check)
        with self.script.block(f"if {name}.__class__ is {inner_class}:"):
            expression = self._test_container(name, check)
            if expression != name:
                self.script.line(f"{name} = {expression}")
        return name

    def _test_container(self, name: str, check: Each | Fields) -> str:
        if isinstance(check, Each):
            return self._test_each(name, check.element)
        return self._made_of(name, self._test_level(name, check))

    def _made_of(self, name: str, made: list[_Made]) -> str:
        if not made:
            return f"Object({name})"
        valid = self.locals.name(f"valid_{name}")
        self.script.line(f"{valid} = Object({name})")
        self._put(valid, made)
        return valid

    def _all_made_of(self, name: str) -> str:
        return f"[*map(Object, {name})]"

    def _test_each(self, name: str, check: Check) -> str:
        line = self.script.line
        element = self.locals.element(name)
        conditions = alternatives(self.script, check, element, element, python=False)
        if isinstance(check, Fields) and self._is_plain(check):
            with self.script.block(f"for {element} in {name}:"):
                self._test_level(element, check, first=either(conditions))
            return self._all_made_of(name)
        made = self.locals.name(f"valid_{name}") if self._changes(check) else None
        if made:
            line(f"{made} = []")
        with self.script.block(f"for {element} in {name}:"):
            with self.script.block(f"if {unless(conditions)}:"):
                self._give_up()
            expression = self._test_inner(element, check, optional=_may_be_none(check))
            if made:
                line(f"{made}.append({expression})")
        return made or (f"[*{name}]" if self.mode.detaches else name)

    def _is_plain(self, check: Fields) -> bool:
        """Whether copying a dict's table, and reading nothing beforehand, makes it valid."""
        return not check.none and not any(
            isinstance(field.check, Each | Fields)
            or field.absent is Absent.OMITTED
            or self._changes(field.check)
            for field in check.fields
        )

    def _put(self, valid: str, made: list[_Made]) -> None:
        for part in made:
            statement = f"{valid}[{part.key!r}] = {part.expression}"
            if part.unless_absent:
                with self.script.block(f"if {part.unless_absent} is not absent:"):
                    self.script.line(statement)
            else:
                self.script.line(statement)


class Acceptance(Shortcut):
    """Writes the shortcut's test alone: whether it would take a document, which stays as it is.

    Args:
        script: Where to write.
        mode: What the shortcut is for.
    """

    def __init__(self, script: Script, mode: Mode) -> None:
        super().__init__(script, mode, fallback="")

    def write(self, name: str, check: Fields, document_class: str) -> None:
        """Write the function; arguments as `Shortcut.write`."""
        line = self.script.line
        with self.script.block(f"def {name}({self.raw}):"):
            line(
                f'"""Return whether this is, without any doubt, {with_article(document_class)} as stored."""'
            )
            with self.script.block("try:"):
                self._test_level(self.raw, check, first=f"{self.raw}.__class__ is dict")
            with self.script.block("except KeyError:"):
                self._give_up()
            line("return True")

    def _give_up(self) -> None:
        self.script.line("return False")

    def _changes(self, check: Check) -> bool:
        return False

    def _made_of(self, name: str, made: list[_Made]) -> str:
        return name

    def _all_made_of(self, name: str) -> str:
        return name


@dataclass(frozen=True)
class _Made:
    """A key whose valid value is another object than the stored one."""

    key: str
    expression: str
    unless_absent: str | None
    """The local that tells whether the key is there at all; None where it always is."""


def _may_be_none(check: Check) -> bool:
    return isinstance(check, Each | Fields) and check.none


def _is_optional(field: Field) -> bool:
    return field.absent is Absent.OMITTED or _may_be_none(field.check)
