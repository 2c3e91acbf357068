"""Writes one function per level of a document: absent keys filled, unknown ones noticed, values converted.

These functions accept everything that can be decided without the reference validator. The shortcut for
stored documents that are exactly as usual is in `ming._compile.inline`.
"""

from __future__ import annotations

from collections import deque

from ming import schema as S
from ming._compile.checks import Absent, Anything, Call, Field, Fields
from ming._compile.convert import bind_order, convert, is_leaf, write_reuse
from ming._compile.emit import Mode, alternatives, comment, either, passes_unchanged, write_test
from ming._compile.script import Script, with_article

__all__ = ["Level", "Levels"]

_REFUSE = "raise Unsure"
_LONG = 15
"""Python builds longer dict displays out of pieces, which takes twice as long as filling in a copied table."""


class Levels:
    """Writes functions into a script; those of inner levels as they turn out to be needed.

    Args:
        script: Where to write.
        mode: What the program is for.
        stem: What the functions' names go on with.
        document_class: Name of the class of whole documents.
    """

    def __init__(self, script: Script, mode: Mode, stem: str, document_class: str) -> None:
        self.script = script
        self.mode = mode
        self.stem = stem
        self.document_class = document_class
        self.a_document = with_article(document_class)
        self.outcome = f"what to store of {self.a_document}" if mode.plain else self.a_document
        """What the function for a whole document returns."""
        self._wanted: deque[tuple[str, Fields, tuple[str, ...]]] = deque()

    def function_for(self, check: Fields, path: tuple[str, ...]) -> str:
        """Return the name of the function for an inner level, to be written later."""
        name = self.script.function_name(self.mode.verb, self.stem, *path)
        self._wanted.append((name, check, path))
        return name

    def write_whole(self, name: str, check: Fields) -> None:
        """Write the function for a whole document, then those of its inner levels."""
        Level(self, check, ()).write_whole(name)
        while self._wanted:
            inner, check, path = self._wanted.popleft()
            Level(self, check, path).write(inner)


class Level:
    """Writes the function for one level.

    Args:
        levels: The program's other functions.
        check: The fields of this level.
        path: Names of the fields on the way here.
    """

    def __init__(self, levels: Levels, check: Fields, path: tuple[str, ...]) -> None:
        self.levels = levels
        self.script = levels.script
        self.mode = levels.mode
        self.check = check
        self.path = path
        self.locals = self.script.locals()
        self.stem = levels.stem
        self.function_for = levels.function_for
        self.value = self.locals.name(path[-1] if path else self.mode.argument)
        self.result = self.locals.name("valid")
        self._names = {field.name: self.locals.name(field.name) for field in check.fields}

    def write(self, name: str) -> None:
        """Write the function for an inner level; it raises `Unsure`."""
        with self.script.block(f"def {name}({self.value}):"):
            self.script.line(
                f'"""Return a valid {self.value} of {self.levels.a_document}; raise Unsure of others."""'
            )
            if self.mode.plain and is_leaf(self.check):
                write_reuse(
                    self, self.check, self.value, self.path, f"return {self.value}", [*self._names.values()]
                )
            self._refuse_other_classes("Object", "dict")
            self._body("Object")
        self.script.line()

    def write_whole(self, name: str) -> None:
        """Write the function for a whole document; it returns None when unsure."""
        document_class = self.levels.document_class
        with self.script.block(f"def {name}({self.value}):"):
            self.script.line(
                f'"""Return {self.levels.outcome}, or None where the schema itself has to decide."""'
            )
            with self.script.block("try:"):
                self._refuse_other_classes(*dict.fromkeys(("dict", document_class, "Object")))
                self._body(None if self.mode.plain else document_class)
            with self.script.block("except (Unsure, Invalid):"):
                self.script.line("return None")
        self.script.line()

    def _refuse_other_classes(self, *classes: str) -> None:
        others = " and ".join(f"type({self.value}) is not {name}" for name in classes)
        with self.script.block(f"if {others}:"):
            self.script.line(_REFUSE)

    def _body(self, made: str | None) -> None:
        gaps = self._read()
        unknown = self._notice_unknown(gaps)
        self._test()
        for field in self.check.fields:
            self._convert(field)
        if self.mode.plain and self.path and not is_leaf(self.check):
            self._reuse()
        if gaps:
            with self.script.block(f"if {gaps}:"):
                for field in self.check.fields:
                    self._fill(field)
        self._build(made)
        if made is not None:
            self._carry_origin(unknown)
        self.script.line(f"return {self.result}")

    def _read(self) -> str | None:
        """Read every field into a local; return the flag that tells whether some are absent."""
        line = self.script.line
        for field in self.check.fields:
            if not _is_usually_there(field):
                line(f"{self._names[field.name]} = get({self.value}, {field.name!r}, {_sentinel(field)})")
        usual = [field for field in self.check.fields if _is_usually_there(field)]
        if not usual:
            return None
        gaps = (
            self.locals.name("gaps") if any(field.absent is not Absent.REFUSED for field in usual) else None
        )
        if gaps:
            line(f"{gaps} = False")
        with self.script.block("try:"):
            for field in usual:
                line(f"{self._names[field.name]} = {self.value}[{field.name!r}]")
        with self.script.block("except KeyError:"):
            if not gaps:
                line(f"{_REFUSE} from None")
                return None
            line(f"{gaps} = True")
            for field in usual:
                line(f"{self._names[field.name]} = get({self.value}, {field.name!r}, absent)")
        return gaps

    def _notice_unknown(self, gaps: str | None) -> str | None:
        """Compare the keys with the declared ones; return the local that holds the unknown ones."""
        expected = [str(sum(_is_usually_there(field) for field in self.check.fields))]
        for field in self.check.fields:
            if not _is_usually_there(field):
                expected.append(f"({self._names[field.name]} is not {_sentinel(field)})")
        differs = f"{f'{gaps} or ' if gaps else ''}len({self.value}) != {' + '.join(expected)}"
        declared = self.script.bind("_".join((self.stem, *self.path, "keys")), self.check.declared)
        if not self.mode.keeps_unknown:
            differs = f"({differs})" if gaps else differs
            with self.script.block(f"if {differs} and not {declared}.issuperset({self.value}):"):
                self.script.line(_REFUSE)
            return None
        unknown, key, stored = (self.locals.name(hint) for hint in ("unknown", "key", "stored"))
        kept = f"detached({stored})" if self.mode.detaches else stored
        self.script.line(f"{unknown} = None")
        with self.script.block(f"if {differs}:"):
            entries = f"{key}: {kept} for {key}, {stored} in items({self.value}) if {key} not in {declared}"
            self.script.line(f"{unknown} = {{{entries}}}")
        return unknown

    def _test(self) -> None:
        """Write one test for all fields that pass as they are or not at all."""
        tests = [(field, condition) for field in self.check.fields if (condition := self._condition(field))]
        if tests:
            write_test(self.script, "if not (", tests)
            with self.script.block("):"):
                self.script.line(_REFUSE)

    def _condition(self, field: Field) -> str | None:
        if not passes_unchanged(field.check):
            return None
        name = self._names[field.name]
        conditions = alternatives(self.script, field.check, name, field.name, python=True)
        if isinstance(field.check, Anything):
            # An absent key, read as `absent`, would pass for a value.
            return (
                f"{conditions[0]} and {name} is not absent"
                if field.absent is Absent.REFUSED
                else conditions[0]
            )
        if field.absent is not Absent.REFUSED:
            conditions.append(f"{name} is absent")
        return either(conditions)

    def _convert(self, field: Field) -> None:
        if passes_unchanged(field.check) and not (self.mode.detaches and isinstance(field.check, Anything)):
            return
        name = self._names[field.name]
        self.script.line(f"# {comment(field)}")
        convert(self, field.check, name, (*self.path, field.name), absent=field.absent is not Absent.REFUSED)

    def _reuse(self) -> None:
        """Let a sub-document that is valid, sorted, and made of what it was made of, stay the object it is."""
        conditions = [
            f"type({self.value}) is Object",
            f"[*{self.value}] == {bind_order(self, self.check, self.path)}",
        ]
        for field in self.check.fields:
            if not passes_unchanged(field.check):
                conditions.append(f"{self._names[field.name]} is {self.value}[{field.name!r}]")
        with self.script.block(f"if {' and '.join(conditions)}:"):
            self.script.line(f"return {self.value}")

    def _build(self, made: str | None) -> None:
        line = self.script.line
        entries = self._entries()
        if made is None:
            line(f"{self.result} = {entries}")
        elif made == "Object":
            line(f"{self.result} = Object({entries})")
        else:
            line(f"{self.result} = new({made})")
            line(f"{self.result} |= {entries}")
        for field in self.check.fields:
            if field.absent in (Absent.OMITTED, Absent.CALLED) or isinstance(field.check, Call):
                with self.script.block(f"if {self._names[field.name]} is {_sentinel(field)}:"):
                    line(f"del {self.result}[{field.name!r}]")

    def _entries(self) -> str:
        """Write an expression for a dict of all fields in order."""
        if len(self._names) <= _LONG:
            return f"{{{', '.join(f'{key!r}: {name}' for key, name in self._names.items())}}}"
        template = self.script.bind("_".join((self.stem, *self.path, "template")), dict.fromkeys(self._names))
        entries = self.locals.name("entries")
        self.script.line(f"{entries} = {{**{template}}}")
        for key, name in self._names.items():
            self.script.line(f"{entries}[{key!r}] = {name}")
        return entries

    def _fill(self, field: Field) -> None:
        """Give an absent field its default."""
        if _is_usually_there(field) and field.absent is not Absent.REFUSED:
            name = self._names[field.name]
            with self.script.block(f"if {name} is absent:"):
                self.script.line(f"{name} = {self._default(field)}")

    def _default(self, field: Field) -> str:
        item = field.item
        assert isinstance(item, S.FancySchemaItem)
        if field.absent is Absent.LIST:
            return "[]"
        if field.absent in (Absent.MADE, Absent.CALLED):
            return f"{self.script.bind(f'{field.name}_default', item.default)}()"
        default = item.if_missing
        return "None" if default is None else self.script.bind(f"{field.name}_default", default)

    def _carry_origin(self, unknown: str | None) -> None:
        line = self.script.line
        if unknown is not None:
            with self.script.block(f"if {unknown}:"):
                line(f"set_origin({self.result}, Origin({unknown}))")
        with self.script.block(f"if type({self.value}) is not dict and {self.value}._origin is not None:"):
            if unknown is not None:
                with self.script.block(f"if {unknown}:"):
                    line(_REFUSE)
            line(f"set_origin({self.result}, {self.value}._origin)")


def _is_usually_there(field: Field) -> bool:
    return field.absent is not Absent.OMITTED and not isinstance(field.check, Call)


def _sentinel(field: Field) -> str:
    """What a field's local holds in the end where the result is to lack the key."""
    return "absent" if field.absent is Absent.OMITTED and not isinstance(field.check, Call) else "Missing"
