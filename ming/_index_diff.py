"""Declared indexes against those a collection has. All pure; `ming._flows.index_sync` asks the server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ming._index_forms import (
    CREATED_BY_THE_SERVER,
    IndexForm,
    collation_differences,
    declared_form,
    present_form,
)
from ming._types import IndexLike

__all__ = ["ChangedIndex", "IndexDiff", "MissingIndex", "ObsoleteIndex", "index_diff"]

_MODIFIABLE: Final = {"expireAfterSeconds", "hidden"}
"""Options that the server changes on an index that exists."""

_OF_ID: Final = (("_id", 1),)
"""The keys of the index that every collection has."""


@dataclass(frozen=True, eq=False)
class MissingIndex:
    """An index that is declared, and is not there."""

    index: IndexLike
    """The declaration."""
    form: IndexForm
    """The same as it is compared."""

    def __str__(self) -> str:
        return f"+ {self.form}"


@dataclass(frozen=True, eq=False)
class ObsoleteIndex:
    """An index that is there, and that the newest version does not declare."""

    name: str
    """Its name on the server."""
    form: IndexForm
    """What it is."""
    declared_by: str | None = None
    """The older version that declares it."""

    def __str__(self) -> str:
        whose = f"declared by {self.declared_by} only" if self.declared_by else "declared nowhere"
        return f"- {self.name} {self.form}  # {whose}"


@dataclass(frozen=True, eq=False)
class ChangedIndex:
    """An index that is there with other options than declared, or under another name."""

    name: str
    """Its name on the server."""
    index: IndexLike
    """The declaration."""
    present: IndexForm
    """What is there."""
    differences: Mapping[str, tuple[Any, Any]]
    """What is there, and what is declared, for each option that differs."""

    @property
    def is_modifiable(self) -> bool:
        """Whether the server can change it in place, without dropping it."""
        return (
            self.differences.keys() <= _MODIFIABLE
            # An index does not stop or begin to be one that expires documents.
            and all(isinstance(value, (int, float)) for pair in self.differences.values() for value in pair)
        )

    def __str__(self) -> str:
        changes = ", ".join(f"{name}: {old!r} -> {new!r}" for name, (old, new) in self.differences.items())
        how = "" if self.is_modifiable else "  # has to be dropped and created"
        return f"~ {self.name} {changes}{how}"


@dataclass(frozen=True, eq=False)
class IndexDiff:
    """What creating and dropping would make a collection's indexes the declared ones."""

    collection: str
    """Name of the collection."""
    missing: Sequence[MissingIndex] = ()
    """Declared, and not there."""
    changed: Sequence[ChangedIndex] = ()
    """There in another form."""
    obsolete: Sequence[ObsoleteIndex] = ()
    """There, and not declared by the newest version."""
    matching: Sequence[str] = ()
    """Names of the indexes that are as declared."""

    def __bool__(self) -> bool:
        return bool(self.missing or self.changed or self.obsolete)

    def __str__(self) -> str:
        return "\n".join(map(str, (*self.missing, *self.changed, *self.obsolete)))


def index_diff(
    collection: str,
    declared: Iterable[IndexLike],
    listed: Iterable[Mapping[str, Any]],
    older: Mapping[str, Iterable[IndexLike]],
    default_collation: Mapping[str, Any] | None = None,
) -> IndexDiff:
    """Compare the declared indexes of a collection with those it has.

    Args:
        collection: Name of the collection.
        declared: The indexes of the newest version.
        listed: The reply to ``listIndexes``.
        older: The indexes of older versions by the name of the class, to say whose an obsolete index is.
        default_collation: The collection's own collation.
    """
    present = [form for form in map(present_form, listed) if form.keys != _OF_ID]
    forms = ((index, declared_form(index, default_collation)) for index in declared)
    wanted = _distinct((index, form) for index, form in forms if form.keys != _OF_ID)
    matching: list[str] = []
    for pair in list(wanted):
        match = next((form for form in present if not _differences(form, pair[1])), None)
        if match is not None:
            present.remove(match)
            wanted.remove(pair)
            matching.append(str(match.name))
    changed, missing = [], []
    for index, form in wanted:
        other = next((each for each in present if _takes_the_place(each, form)), None)
        if other is None:
            missing.append(MissingIndex(index, form))
        else:
            present.remove(other)
            changed.append(ChangedIndex(str(other.name), index, other, _differences(other, form)))
    owners = [(name, declared_form(index, default_collation)) for name, own in older.items() for index in own]
    obsolete = [ObsoleteIndex(str(form.name), form, _owner(form, owners)) for form in present]
    return IndexDiff(collection, missing, changed, obsolete, sorted(matching))


def _distinct(declared: Iterable[tuple[IndexLike, IndexForm]]) -> list[tuple[IndexLike, IndexForm]]:
    """Each index once: the classes of a family declare those of their base again."""
    found: list[tuple[IndexLike, IndexForm]] = []
    for index, form in declared:
        if not any(form.name == other.name and not _differences(other, form) for _, other in found):
            found.append((index, form))
    return found


def _differences(present: IndexForm, declared: IndexForm) -> dict[str, tuple[Any, Any]]:
    """What is there and what is declared, of everything that differs; the name counts where it is declared."""
    found: dict[str, tuple[Any, Any]] = {}
    if present.keys != declared.keys:
        found["key"] = (dict(present.keys), dict(declared.keys))
    if declared.name not in (None, present.name):
        found["name"] = (present.name, declared.name)
    for name in sorted((present.options.keys() - CREATED_BY_THE_SERVER) | declared.options.keys()):
        old, new = present.option(name), declared.option(name)
        if name == "collation":
            differing = collation_differences(old, new)
        else:
            differing = None if old == new else (old, new)
        if differing is not None:
            found[name] = differing
    return found


def _takes_the_place(present: IndexForm, declared: IndexForm) -> bool:
    """Whether an index is what stands where a declared one should be."""
    return (
        present.keys == declared.keys
        or (declared.name is not None and present.name == declared.name)
        or (present.is_text and declared.is_text)
    )


def _owner(form: IndexForm, owners: Iterable[tuple[str, IndexForm]]) -> str | None:
    return next((name for name, declared in owners if not _differences(form, declared)), None)
