"""The lock file: what was committed must not change its meaning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from harness.chains import declare, wiki_classes

from ming import Document, Field
from ming import evolve as E
from ming import schema as S
from ming.evolve.check import Severity, check, read_lock, update_lock
from ming.exc import MingConfigError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ming.lock.json"


def person(first: dict[str, Any], *newer: dict[str, Any]) -> Any:
    """The newest of several versions with stamps, the older ones made by steps."""
    bodies = [
        {"_version": S.Value(number, required=True), **body} for number, body in enumerate((first, *newer), 1)
    ]
    return declare(None, *bodies)


def told(cls: Any, path: Path) -> list[tuple[str, str, str]]:
    report = check([cls], lock=read_lock(path), documents=5)
    return [
        (each.code, each.cls, each.message)
        for each in report
        if each.code in ("schema-changed", "steps-changed", "lock-outdated", "version-removed")
    ]


def test_nothing_to_tell_about_what_is_locked(path: Path) -> None:
    rename = E.steps(E.move("name", "title"))
    update_lock([person({"name": str}, {"title": str, "migrate": rename})], path)
    assert told(person({"name": str}, {"title": str, "migrate": rename}), path) == []


def test_a_changed_schema_without_a_new_version(path: Path) -> None:
    update_lock([person({"name": str, "age": int, "tags": [str]})], path)
    changed = person({"name": S.String(required=True), "age": str, "tags": [str], "lang": str})
    ((code, cls, message),) = told(changed, path)
    assert (code, cls) == ("schema-changed", "V1")
    assert message == (
        'the schema is not the locked one: ~ age: "Int" -> "String"; + lang: "String"; + name.required: true'
    )


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (S.OneOf("A", "I"), S.OneOf("A", "X"), '~ f.options: ["A", "I"] -> ["A", "X"]'),
        (S.Int(), S.Int(if_missing=3), "+ f.if_missing: 3"),
        (S.Int(if_missing=3), S.Int(if_missing=len), "- f.if_missing: 3"),
        (S.String(), S.String(allow_none=False), "+ f.allow_none: false"),
        (S.Array(S.String()), S.Array(S.Int()), '~ f.items: "String" -> "Int"'),
        (S.Object({"a": S.Int()}), S.Object({"a": S.Int(required=True)}), "+ f.a.required: true"),
        (S.Object({str: S.Int()}), S.Object({str: S.Float()}), '~ f.entries: "Int" -> "Float"'),
        (S.NumberDecimal(), S.NumberDecimal(precision=2), "+ f.precision: 2"),
        (S.Value("x"), S.Value("y"), '~ f.value: "x" -> "y"'),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_kind_of_change(path: Path, before: Any, after: Any, line: str) -> None:
    update_lock([person({"o": {"f": before}})], path)
    ((_, _, message),) = told(person({"o": {"f": after}}), path)
    assert line.replace(" f", " o.f", 1) in message


def test_changed_steps(path: Path) -> None:
    update_lock([person({"a": str}, {"b": str, "migrate": E.steps(E.move("a", "b"))})], path)
    changed = person({"a": str}, {"b": str, "migrate": E.steps(E.move("a", "b"), E.map("b", {"x": "y"}))})
    ((code, cls, message),) = told(changed, path)
    assert (code, cls) == ("steps-changed", "V2")
    assert "+ step 2.kind" in message


def test_a_new_version_is_to_be_locked(path: Path) -> None:
    update_lock([person({"a": str})], path)
    newer = person({"a": str}, {"b": str, "migrate": E.steps(E.move("a", "b"))})
    assert [(code, cls) for code, cls, _ in told(newer, path)] == [("lock-outdated", "V2")]
    update_lock([newer], path)
    assert told(newer, path) == []


def test_a_version_that_is_gone(path: Path) -> None:
    update_lock([person({"a": str}, {"b": str, "migrate": E.steps(E.move("a", "b"))})], path)
    left = declare(None, {"_version": S.Value(2, required=True), "b": str})
    assert [code for code, _, _ in told(left, path)] == ["version-removed"]


def test_versions_without_stamps_are_told_by_schema_and_place(path: Path) -> None:
    update_lock([declare(None, {"a": str})], path)
    newer = declare(None, {"a": str}, {"b": str, "migrate": E.steps(E.move("a", "b"))})
    assert [(code, cls) for code, cls, _ in told(newer, path)] == [("lock-outdated", "V2")]
    changed = declare(None, {"a": int}, {"b": str, "migrate": E.steps(E.move("a", "b"))})
    assert [(code, cls) for code, cls, _ in told(changed, path)] == [
        ("schema-changed", "V1"),
        ("lock-outdated", "V2"),
    ]


def test_renamed_classes_and_modules_change_nothing(path: Path) -> None:
    def page(module: str, name: str) -> Any:
        body = {
            "__module__": module,
            "__mongometa__": type("__mongometa__", (), {"name": "pages"}),
            "_id": Field(S.ObjectId),
            "version": Field(1),
            "title": Field(str),
        }
        return type(name, (Document,), body)

    update_lock([page("wiki.models", "Page")], path)
    assert told(page("wiki.pages.model", "WikiPage"), path) == []


def test_functions_moved_to_another_module_change_nothing(path: Path) -> None:
    def count(raw: dict[str, Any]) -> dict[str, Any]:
        return raw

    def chain() -> Any:
        return person({"a": str}, {"a": str, "migrate": E.steps(E.python(count, ["a"], ["a"]))})

    update_lock([chain()], path)
    count.__module__ = "elsewhere"
    assert told(chain(), path) == []


def test_joining_a_chain_is_no_change(path: Path) -> None:
    update_lock([declare(None, {"version": S.Value(1), "a": str})], path)
    chained = declare(
        None, {"version": S.Value(1), "a": str}, {"version": S.Value(2), "a": str, "migrate": E.steps()}
    )
    assert [(code, cls) for code, cls, _ in told(chained, path)] == [("lock-outdated", "V2")]


def test_other_classes_stay_locked(path: Path) -> None:
    update_lock([person({"a": str})], path)
    _, newer = wiki_classes(None)
    update_lock([newer], path)
    lock = read_lock(path)
    assert lock is not None
    assert sorted(lock.chains) == ["docs/V1", "pages/WikiPage"]


def test_the_file_is_sorted_and_has_one_item_per_line(path: Path) -> None:
    update_lock([person({"b": str, "a": S.OneOf("x", "y")})], path)
    text = path.read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    before = text.splitlines()
    update_lock([person({"b": str, "a": S.OneOf("x", "y"), "ab": int})], path)
    after = path.read_text(encoding="utf-8").splitlines()
    changed = [line for line in after if line not in before]
    assert len(changed) == 2, "the field, and the hash"


def test_updating_tells_what_changed(path: Path) -> None:
    assert update_lock([person({"a": str})], path) == []
    assert [each.code for each in update_lock([person({"a": int})], path)] == ["schema-changed"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ('{\n<<<<<<< HEAD\n"format": 1\n=======\n', "merge conflicts"),
        ('{"format": 99}', "format 1"),
        ("[]", "format 1"),
        ('{"format": 1}', "format 1"),
    ],
)
def test_a_damaged_file(path: Path, text: str, message: str) -> None:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MingConfigError, match=message):
        read_lock(path)


def test_no_file(path: Path) -> None:
    assert read_lock(path) is None
    assert check([person({"a": str})], lock=read_lock(path)).of(Severity.ERROR) == []
