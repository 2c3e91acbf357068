"""The module of document classes for some shapes, as source text: a class for each, the oldest first."""

from __future__ import annotations

import copy
import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ming import Document
from ming.infer.hops import Guess, converted, guessed, moved
from ming.infer.items import Items, Policy
from ming.infer.observed import Observed

__all__ = ["Module", "Seen"]

_DOCSTRING: Final = '''"""Documents of {collection}, as inferred from {sampled:,} of them.

Bind the session before use: ``session.bind = ming.create_datastore(...)``.
"""'''

_IMPORTS: Final = {
    "datetime": "from datetime import datetime\n\n",
    "Field": "from ming import Document, Field, Session\n",
    "E": "from ming import evolve as E\n",
    "S": "from ming import schema as S\n",
}
"""Lines of imports by the name that takes them; the documents' keys may hold such a name, too."""


@dataclass(frozen=True)
class Seen:
    """What was seen of the documents of one shape."""

    whole: Observed
    share: float
    stamp: int | str | None = None


def _class_name(collection: str) -> str:
    """The name of the class for a collection's documents: ``blog_posts`` becomes ``BlogPost``."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", collection) if word]
    name = "".join(word[:1].upper() + word[1:] for word in words)
    if name.endswith("s") and not name.endswith("ss"):
        name = name[:-1]
    return (
        name
        if name.isidentifier() and not keyword.iskeyword(name) and name not in _TAKEN
        else f"Inferred{name}"
    )


_TAKEN: Final = frozenset({"Document", "Field", "Session", "E", "S", "Inferred", "None", "True", "False"})


class Module:
    """The module for the shapes of a collection.

    Args:
        collection: Name of the collection.
        shapes: Its shapes, the oldest first.
        stamp: The field that tells them apart, if the documents have one.
        policy: How far conclusions go.
        sampled: How many documents they are drawn from.
    """

    def __init__(
        self, collection: str, shapes: list[Seen], stamp: str | None, policy: Policy, sampled: int
    ) -> None:
        self.collection = collection
        self.shapes = shapes
        self.guesses: list[list[Guess]] = []
        """The guessed steps from each shape to the next."""
        self._items = Items(policy)
        self._guesses_steps = policy.steps
        self._is_stamped = stamp is not None
        self._stamp = stamp or _free_name(shapes)
        self._carried = Observed()
        """What documents of the shapes so far look like as documents of the shape being written."""
        # Within a docstring.
        named = repr(collection).replace('"', "'")
        head = _DOCSTRING.format(collection=named, sampled=sampled)
        classes = "\n\n".join(self._class(number) for number in range(len(shapes)))
        self.source = f"{head}\n\n{_imports(classes)}\nsession = Session()\n\n\n{classes}"

    def name(self, number: int) -> str:
        """The name of a shape's class."""
        newest = _class_name(self.collection)
        return newest if number == len(self.shapes) - 1 else f"{newest}V{number + 1}"

    def _class(self, number: int) -> str:
        shape = self.shapes[number]
        self._carry(number)
        lines = [f"class {self.name(number)}(Document):", f'    """{self._summary(number)}"""', ""]
        lines += [f"    {line}" for line in self._meta(number)]
        lines += ["", *(f"    {line}" for line in self._fields(shape, number))]
        return "\n".join(lines) + "\n"

    def _carry(self, number: int) -> None:
        """Have what was seen of older shapes take the step to a shape, and join it."""
        shape = self.shapes[number]
        if number:
            older = self.shapes[number - 1].whole
            guesses = guessed(older, shape.whole) if self._guesses_steps else []
            self.guesses.append(guesses)
            for guess in guesses:
                (moved if guess.kind == "move" else converted)(self._carried, guess)
        self._carried.merge(copy.deepcopy(shape.whole))

    def _summary(self, number: int) -> str:
        shape = self.shapes[number]
        return f"Shape {number + 1} of {len(self.shapes)}: {shape.share:.1%} of the documents."

    def _meta(self, number: int) -> Iterator[str]:
        yield "class __mongometa__:"
        yield f"    name = {self.collection!r}"
        yield "    session = session"
        if not number:
            return
        yield f"    version_of = {self.name(number - 1)}"
        if self._is_stamped and self.shapes[0].stamp is None:
            yield f"    unstamped = {self.name(0)}"
        steps = [f"        {step}," for step in self.guesses[number - 1]]
        yield from ["    migrate = E.steps(", *steps, "    )"] if steps else ["    migrate = E.steps()"]
        left = self._left_over(number)
        if left:
            yield f"    # No step accounts for {', '.join(left)}: kept in stored documents, out of sight here."

    def _left_over(self, number: int) -> list[str]:
        """Keys of the older shape that are nowhere in this one."""
        sources = {guess.source[0] for guess in self.guesses[number - 1]}
        old, new = self.shapes[number - 1].whole.fields, self.shapes[number].whole.fields
        return sorted(repr(name) for name in old if name not in new and name not in sources)

    # -- fields

    def _fields(self, shape: Seen, number: int) -> Iterator[str]:
        attributes: set[str] = set()
        for name in shape.whole.fields:
            if name != self._stamp:
                yield self._field(name, attributes)
        constant = self._constant(number)
        if constant:
            note = "" if self._is_stamped else "  # new: no stored document has it"
            yield _assignment(self._stamp, constant, attributes) + note

    def _constant(self, number: int) -> str:
        """The item of the stamp; empty where a shape has none."""
        if not self._is_stamped:
            return f"{number + 1}" if number else ""
        stamp = self.shapes[number].stamp
        return "" if stamp is None else f"S.Value({stamp!r}, required=True)"

    def _field(self, name: str, attributes: set[str]) -> str:
        seen, total = self._carried.fields[name], self._carried.count
        item = (
            "S.ObjectId"
            if name == "_id" and seen.kinds == {"ObjectId"}
            else self._items.of_field(seen, total)
        )
        notes = [f"in {seen.count / total:.1%}"] if seen.count < total else []
        if name != "_id" and seen.kinds == {"ObjectId"}:
            notes.append("refers to a document")
        return _assignment(name, item, attributes) + (f"  # {', '.join(notes)}" if notes else "")


def _imports(classes: str) -> str:
    needed = (
        line for name, line in _IMPORTS.items() if name == "Field" or re.search(rf"\b{name}\b", classes)
    )
    return "".join(needed)


def _assignment(name: str, item: str, attributes: set[str]) -> str:
    attribute = _attribute(name, attributes)
    attributes.add(attribute)
    return f"{attribute} = Field({item})" if attribute == name else f"{attribute} = Field({name!r}, {item})"


def _attribute(name: str, taken: set[str]) -> str:
    """An attribute for a key: the key itself, where a class body can have it."""
    plain = name.isascii() and name.isidentifier() and not keyword.iskeyword(name)
    mangled = name.startswith("__")
    if plain and not mangled and not hasattr(Document, name) and name not in taken and name not in _TAKEN:
        return name
    attribute = base = (re.sub(r"\W", "_", name, flags=re.ASCII).strip("_") or "field") + "_"
    if not base[0].isalpha():
        attribute = base = f"field_{base}"
    number = 1
    while attribute in taken or hasattr(Document, attribute):
        number += 1
        attribute = f"{base}{number}"
    return attribute


def _free_name(shapes: list[Seen]) -> str:
    """A name for a stamp that no document has."""
    names = {name for shape in shapes for name in shape.whole.fields}
    number, name = 1, "_version"
    while name in names:
        number += 1
        name = f"_version_{number}"
    return name
