"""The lock file: what each version of each class was when it was last committed.

A version that has left the building, in documents or in another process, must not change its meaning any more.
``ming.lock.json`` holds the schema and the steps of every version in a canonical form, and a check
compares. The file is sorted and has one item per line, so merging two branches shows what collided.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ming.evolve.chain import Version
from ming.evolve.check.findings import Finding, finding
from ming.evolve.check.forms import differences, digest, schema_form
from ming.evolve.check.subjects import Subject, name_of, subjects_of
from ming.evolve.step import literals
from ming.evolve.step.kinds import Steps
from ming.exc import MingConfigError

__all__ = ["LOCK_FILE", "Lock", "check_lock", "read_lock", "update_lock"]

LOCK_FILE: Final = "ming.lock.json"
"""The usual name of the file."""

_FORMAT: Final = 1
_FUNCTION: Final = "function"
"""Stands for the steps of a hop that a function makes."""


@dataclass(frozen=True)
class Lock:
    """The locked versions of all classes.

    Args:
        chains: By collection and class, the forms of the versions, oldest first.
    """

    chains: dict[str, list[dict[str, Any]]]

    def to_text(self) -> str:
        """The text of the file."""
        form = {"format": _FORMAT, "chains": self.chains}
        return json.dumps(form, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def lock_of(subjects: Iterable[Subject]) -> Lock:
    """The lock of classes as they are now."""
    return Lock({_key(subject): _forms(subject) for subject in subjects})


def read_lock(path: str | os.PathLike[str]) -> Lock | None:
    """Read a lock file; None where there is none.

    Raises:
        MingConfigError: It is no lock file of this format.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        form = json.loads(text)
    except ValueError as error:
        conflict = any(line.startswith("<<<<<<<") for line in text.splitlines())
        reason = "it has merge conflicts: resolve them, then update it" if conflict else str(error)
        raise MingConfigError(f"lock file {os.fspath(path)!r} cannot be read: {reason}") from error
    if not isinstance(form, dict) or form.get("format") != _FORMAT or "chains" not in form:
        raise MingConfigError(f"lock file {os.fspath(path)!r} is not of format {_FORMAT}")
    return Lock(form["chains"])


def update_lock(classes: Iterable[Any], path: str | os.PathLike[str] = LOCK_FILE) -> list[Finding]:
    """Write the lock file of some classes as they are now; chains of other classes stay in it.

    Args:
        classes: Document classes and mapped classes.
        path: The file.

    Returns:
        How the classes differed from what was locked.
    """
    subjects = subjects_of(classes)
    before = read_lock(path)
    if before is None:
        before = lock_of(subjects)
    replaced = {_locked_key(subject, subjects, before) for subject in subjects}
    others = {key: chain for key, chain in before.chains.items() if key not in replaced}
    after = Lock({**others, **lock_of(subjects).chains})
    Path(path).write_text(after.to_text(), encoding="utf-8")
    return list(check_lock(subjects, before))


def check_lock(subjects: Iterable[Subject], lock: Lock) -> Iterator[Finding]:
    """Compare classes with what is locked."""
    subjects = list(subjects)
    for subject in subjects:
        key = _locked_key(subject, subjects, lock)
        yield from _compare(subject, _forms(subject), [] if key is None else lock.chains[key])


def _locked_key(subject: Subject, subjects: Sequence[Subject], lock: Lock) -> str | None:
    """Under which key a chain is locked; its newest class may have had another name."""
    key = _key(subject)
    if key in lock.chains:
        return key
    collection = f"{subject.chain.collection}/"
    keys = [each for each in map(_key, subjects) if each.startswith(collection)]
    left = [each for each in lock.chains if each.startswith(collection) and each not in keys]
    new = [each for each in keys if each not in lock.chains]
    return left[0] if len(left) == 1 and new == [key] else None


def _key(subject: Subject) -> str:
    return f"{subject.chain.collection}/{subject.cls}"


def _forms(subject: Subject) -> list[dict[str, Any]]:
    return [_form(version) for version in subject.chain.versions]


def _form(version: Version) -> dict[str, Any]:
    schema = schema_form(version.schema)
    fields = schema["fields"] if isinstance(schema, dict) else {}
    form = {
        "class": name_of(version),
        "constants": {name: literals.to_json(item.value) for name, item in sorted(version.constants.items())},
        "fields": fields,
        "hash": digest(fields),
    }
    if version.migrate is not None:
        migrate = version.migrate
        form["steps"] = _without_modules(migrate.to_json()) if isinstance(migrate, Steps) else _FUNCTION
    return form


def _without_modules(form: Any) -> Any:
    """Steps in JSON, in which functions go by their bare names."""
    if isinstance(form, list):
        return [_without_modules(inner) for inner in form]
    if not isinstance(form, dict):
        return form
    return {
        name: inner.partition(":")[2] if _names_function(name, inner) else _without_modules(inner)
        for name, inner in form.items()
    }


def _names_function(attribute: str, form: Any) -> bool:
    return attribute in ("function", "undo") and isinstance(form, str)


Pair = tuple[int, int]
"""Positions of one version among the current and the locked ones."""


def _compare(
    subject: Subject, current: list[dict[str, Any]], locked: list[dict[str, Any]]
) -> Iterator[Finding]:
    pairs = dict(_pairs(current, locked))
    for number, form in enumerate(current):
        if number not in pairs:
            yield finding("lock-outdated", form["class"], "this version is not in the lock file")
            continue
        before = locked[pairs[number]]
        if before["hash"] != form["hash"]:
            lines = differences(before["fields"], form["fields"])
            yield finding(
                "schema-changed", form["class"], f"the schema is not the locked one: {'; '.join(lines)}"
            )
        if number and number - 1 in pairs and before.get("steps") != form.get("steps"):
            hop = f"{current[number - 1]['class']} -> {form['class']}"
            lines = differences(_steps(before), _steps(form))
            message = f"the steps are not the locked ones: {'; '.join(lines)}"
            yield finding("steps-changed", form["class"], message, hop=hop)
    gone = [form for number, form in enumerate(locked) if number not in pairs.values()]
    for form in gone:
        message = f"the locked version {form['class']} is in no chain any more"
        yield finding("version-removed", subject.cls, message)


def _steps(form: dict[str, Any]) -> Any:
    steps = form.get("steps")
    listed = steps.get("steps") if isinstance(steps, dict) else steps
    if not isinstance(listed, list):
        return {"migrate": steps}
    return {f"step {number}": step for number, step in enumerate(listed, 1)}


def _pairs(current: Sequence[dict[str, Any]], locked: Sequence[dict[str, Any]]) -> Iterator[Pair]:
    """Which current version is which locked one: by constants, else by schema, else by position."""
    free = [(list(range(len(current)))), list(range(len(locked)))]

    def matching(same: Any) -> Iterator[Pair]:
        for number in tuple(free[0]):
            found = [other for other in free[1] if same(number, other)]
            if len(found) == 1:
                free[0].remove(number)
                free[1].remove(found[0])
                yield number, found[0]

    def field(name: str) -> Any:
        return lambda number, other: current[number][name] == locked[other][name]

    yield from matching(
        lambda number, other: current[number]["constants"] and field("constants")(number, other)
    )
    yield from matching(field("hash"))
    yield from matching(
        lambda number, other: (
            number == other and not current[number]["constants"] and not locked[other]["constants"]
        )
    )
