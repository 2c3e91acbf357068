"""Mistakes that are made in version chains, each found with its code and path, and nothing else alarmed about."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from harness.chains import MODEL_CHAINS, declare, wiki_classes

from ming import Session
from ming import evolve as E
from ming import schema as S
from ming._indexes import Index
from ming.base import Missing
from ming.evolve.check import CODES, CheckReport, Severity, check
from ming.odm import FieldProperty, MappedClass, ODMSession

V1: dict[str, Any] = {"_version": S.Value(1, required=True)}
V2: dict[str, Any] = {"_version": S.Value(2, required=True)}
ERROR, WARNING, INFO = Severity


def hop(old: dict[str, Any], new: dict[str, Any], *steps: Any, **options: Any) -> Any:
    """The newest class of a chain of two versions with stamps, made by steps or a function."""
    migrate = steps[0] if len(steps) == 1 and not isinstance(steps[0], E.Step) else E.steps(*steps)
    return declare(None, {**V1, **old}, {**V2, **new, "migrate": migrate}, **options)


class Shouting(S.String):
    """An item with a rule of its own."""

    def _validate(self, value: Any, **options: Any) -> Any:
        value = super()._validate(value, **options)
        if value is not None and value.upper() != value:
            raise S.Invalid("too quiet", value)
        return value


counter = itertools.count()


def two_collections() -> Any:
    newest = hop({"a": str}, {"a": str})
    newest._manager.older.collection_name = "elsewhere"
    return newest


def with_index(cls: Any, *indexes: Index, older: tuple[Index, ...] = ()) -> Any:
    cls._manager.indexes += indexes
    cls._manager.older.indexes += older
    return cls


@dataclass(frozen=True)
class Mistake:
    """One mistake, and the finding that tells of it."""

    what: str
    make: Callable[[], Any]
    code: str
    path: str = ""
    severity: Severity = ERROR
    along: frozenset[str] = frozenset()
    """Codes of other alarms that come with it."""


MISTAKES = [
    Mistake(
        "a new field is required, and no step makes it",
        lambda: hop({}, {"lang": S.String(required=True)}),
        *("missing-required", "lang"),
    ),
    Mistake(
        "a text need not have two parts",
        lambda: hop(
            {"name": S.String(required=True, allow_none=False)},
            {"first": S.String(required=True), "last": S.String(required=True)},
            E.split("name", into=("first", "last")),
        ),
        *("missing-required", "last"),
    ),
    Mistake(
        "an optional field moves to where it is required",
        lambda: hop(
            {"email": str, "contact": S.Object({"phone": str}, required=True)},
            {"contact": S.Object({"phone": str, "email": S.String(required=True)}, required=True)},
            E.move("email", "contact.email"),
        ),
        *("missing-required", "contact.email"),
    ),
    Mistake(
        "a field has another type now, and no step converts it",
        lambda: hop({"age": str}, {"age": int}),
        *("wrong-type", "age"),
    ),
    Mistake(
        "texts that are no numbers stay texts",
        lambda: hop({"age": str}, {"age": int}, E.convert("age", int)),
        *("wrong-type", "age"),
    ),
    Mistake(
        "null comes in where it is refused",
        lambda: hop(
            {"age": S.String(allow_none=False)},
            {"age": S.Int(allow_none=False)},
            E.convert("age", int, on_error=None),
        ),
        *("wrong-type", "age"),
    ),
    Mistake(
        "a sub-document field in a list changes its type",
        lambda: hop({"lines": [{"qty": str}]}, {"lines": [{"qty": int}]}),
        *("wrong-type", "lines[].qty"),
    ),
    Mistake(
        "a step in a list leaves texts",
        lambda: hop(
            {"lines": [{"qty": str}]}, {"lines": [{"qty": int}]}, E.each("lines", E.convert("qty", int))
        ),
        *("wrong-type", "lines[].qty"),
    ),
    Mistake(
        "a number is split",
        lambda: hop({"n": int}, {"a": str, "b": str, "n": int}, E.split("n", into=("a", "b"))),
        *("wrong-type", "n"),
    ),
    Mistake(
        "something that is no list is unwrapped",
        lambda: hop({"n": int}, {"n": int}, E.unwrap("n")),
        *("wrong-type", "n"),
    ),
    Mistake(
        "a list of several is unwrapped",
        lambda: hop({"tags": [str]}, {"tags": str}, E.unwrap("tags")),
        *("wrong-type", "tags"),
    ),
    Mistake(
        "the values of a dict have another type",
        lambda: hop({"counts": S.Object({str: S.Int()})}, {"counts": S.Object({str: S.String()})}),
        *("wrong-type", "counts.*"),
    ),
    Mistake(
        "a map forgets an option",
        lambda: hop(
            {"status": S.OneOf("A", "I", "X")},
            {"status": S.OneOf("active", "inactive")},
            E.map("status", {"A": "active", "I": "inactive"}),
        ),
        *("outside-enum", "status"),
    ),
    Mistake(
        "a default is none of the options",
        lambda: hop({}, {"status": S.OneOf("active", "inactive")}, E.default("status", "actve")),
        *("outside-enum", "status"),
    ),
    Mistake(
        "any text becomes one of few",
        lambda: hop({"status": str}, {"status": S.OneOf("active", "inactive")}),
        *("outside-enum", "status"),
    ),
    Mistake(
        "a path is misspelt",
        lambda: hop({"email": str}, {"mail": str, "email": str}, E.move("emial", "mail")),
        *("reads-nothing", "emial"),
    ),
    Mistake(
        "a path in a list is misspelt",
        lambda: hop({"lines": [{"sku": str}]}, {"lines": [{"sku": str}]}, E.each("lines", E.drop("skuu"))),
        *("reads-nothing", "lines[].skuu"),
    ),
    Mistake(
        "an expression reads a field that is not there",
        lambda: hop(
            {"a": str}, {"a": str, "b": str}, E.expr("b", {"$concat": ["$aa", "x"]}, lambda raw: "x")
        ),
        *("reads-nothing", "aa"),
    ),
    Mistake(
        "a field moves to where another one lives",
        lambda: hop({"a": str, "b": str}, {"b": str}, E.move("a", "b")),
        *("target-in-use", "b", ERROR, frozenset({"undeclared"})),
    ),
    Mistake(
        "a field moves into a sub-document that may be null",
        lambda: hop(
            {"a": str, "o": S.Object({"x": str}, if_missing=None)},
            {"o": S.Object({"x": str, "a": str}, if_missing=None)},
            E.move("a", "o.a"),
        ),
        *("target-in-use", "o.a", ERROR, frozenset({"undeclared"})),
    ),
    Mistake(
        "a constant replaces data",
        lambda: hop({"a": str}, {"a": str}, E.const("a", "new")),
        *("overwrites-field", "a"),
    ),
    Mistake(
        "the newer class forgets a field",
        lambda: hop({"a": str, "b": str}, {"a": str}),
        *("undeclared", "b", WARNING),
    ),
    Mistake(
        "the newer class forgets a field, and strips what it does not know",
        lambda: hop({"o": {"a": str, "b": str}}, {"o": {"a": str}}, unknown="strip"),
        *("undeclared", "o.b"),
    ),
    Mistake(
        "an option is misspelt in a map",
        lambda: hop(
            {"status": S.OneOf("A", "I")},
            {"status": S.OneOf("A", "I", "x")},
            E.map("status", {"a": "x"}),
        ),
        *("dead-mapping", "status", WARNING),
    ),
    Mistake(
        "two options become one",
        lambda: hop(
            {"status": S.OneOf("A", "I")}, {"status": S.OneOf("x")}, E.map("status", {"A": "x", "I": "x"})
        ),
        *("not-injective", "status", INFO),
    ),
    Mistake(
        "what does not convert is lost",
        lambda: hop({"age": str}, {"age": int}, E.convert("age", int, on_error=None)),
        *("lossy-convert", "age", INFO),
    ),
    Mistake(
        "an item with a rule of its own refuses what arrives",
        lambda: hop({"name": str}, {"title": Shouting}, E.move("name", "title")),
        *("invalid-result", "title"),
    ),
    Mistake(
        "both versions have the same stamp",
        lambda: declare(
            None,
            {"_version": S.Value(1), "a": str},
            {"_version": S.Value(2), "a": str, "migrate": E.steps()},
            {"_version": S.Value(2), "a": str, "migrate": E.steps()},
        ),
        *("stamp-duplicate", "_version"),
    ),
    Mistake(
        "the newest version has no stamp",
        lambda: declare(None, {"a": str}, {"b": str, "migrate": E.steps(E.move("a", "b"))}),
        *("stamp-missing", "", WARNING),
    ),
    Mistake(
        "a stamp that documents need not bear",
        lambda: declare(None, {"a": str}, {"_version": S.Value(2), "a": str, "migrate": E.steps()}),
        *("stamp-optional", "_version", INFO),
    ),
    Mistake(
        "stamps that go down",
        lambda: declare(None, {**V2, "a": str}, {**V1, "a": str, "migrate": E.steps()}),
        *("stamp-order", "_version", INFO),
    ),
    Mistake("versions in two collections", two_collections, "other-collection"),
    Mistake(
        "a version without migrate",
        lambda: hop({"a": str}, {"a": str}, None),
        "no-migrate",
    ),
    Mistake(
        "a function that does not know null",
        lambda: hop(
            {"name": str}, {"first": str}, lambda old: {"_version": 2, "first": old["name"].split()[0]}
        ),
        *("raises", "name"),
    ),
    Mistake(
        "a function that changes the _id",
        lambda: hop({"a": str}, {"a": str}, lambda old: {**old, "_version": 2, "_id": "new"}),
        *("changes-id", "_id"),
    ),
    Mistake(
        "a function whose result is not valid",
        lambda: hop({"a": str}, {"n": int}, lambda old: {"_version": 2, "n": old["a"]}),
        *("invalid-result", "n"),
    ),
    Mistake(
        "a function that forgets the stamp",
        lambda: hop({"a": str}, {"b": str}, lambda old: {"b": old["a"]}),
        *("stamp-not-set", "_version"),
    ),
    Mistake(
        "a function that is different each time",
        lambda: hop(
            {"a": str}, {"a": str, "n": int}, lambda old: {"_version": 2, "a": old["a"], "n": next(counter)}
        ),
        *("not-deterministic", "n"),
    ),
    Mistake(
        "a function that forgets a field",
        lambda: hop({"a": str, "b": int}, {"a": str}, lambda old: {"_version": 2, "a": old["a"]}),
        *("lost-field", "b"),
    ),
    Mistake(
        "a function that forgets a field of a sub-document",
        lambda: hop(
            {"metadata": {"tags": [str], "categories": [str]}},
            {"tags": [str]},
            lambda old: {"_version": 2, "tags": old["metadata"]["tags"]},
        ),
        *("lost-field", "metadata.categories"),
    ),
    Mistake(
        "a function that forgets a field in a list",
        lambda: hop(
            {"lines": [{"sku": str, "qty": int}]},
            {"skus": [str]},
            lambda old: {"_version": 2, "skus": [line.get("sku") for line in old["lines"]]},
        ),
        *("lost-field", "lines[].qty"),
    ),
    Mistake(
        "a function that does not know true is an integer, too",
        lambda: hop(
            {"n": int},
            {"n": S.OneOf(*range(-1, 2), None)},
            lambda old: {"_version": 2, "n": {True: "yes"}.get(old["n"]) if old["n"] is True else None},
        ),
        *("tolerated-value", "n", WARNING),
    ),
    Mistake(
        "an index stays where its field was",
        lambda: with_index(hop({"a": str}, {"b": str}, E.move("a", "b")), Index("a")),
        *("index-left-behind", "a", WARNING),
    ),
    Mistake(
        "a field loses its index on the way",
        lambda: with_index(hop({"a": str}, {"b": str}, E.move("a", "b")), older=(Index("a"),)),
        *("index-left-behind", "b", WARNING),
    ),
    Mistake(
        "an index on a misspelt key",
        lambda: with_index(hop({"a": str}, {"a": str}), Index("aa")),
        *("index-on-nothing", "aa", WARNING),
    ),
    Mistake(
        "a unique field moves",
        lambda: with_index(hop({"a": str}, {"o": {"b": str}}, E.move("a", "o.b")), Index("o.b", unique=True)),
        *("unique-moves", "o.b", WARNING),
    ),
    Mistake(
        "a step that cannot be taken back",
        lambda: hop({"a": str, "b": str}, {"a": str}, E.drop("b")),
        *("irreversible", "", INFO),
    ),
    Mistake(
        "a function instead of steps",
        lambda: hop({"a": str}, {"a": str}, lambda old: {**old, "_version": 2}),
        "opaque",
        "",
        INFO,
    ),
    Mistake(
        "a function reads more than its step says",
        lambda: hop(
            {"a": str, "b": str},
            {"a": str, "b": str, "c": str},
            E.python(lambda raw: {**raw, "c": str(raw.get("b"))}, ["a"], ["c"]),
        ),
        *("undeclared-read", "b"),
    ),
    Mistake(
        "a function reads what its expression does not",
        lambda: hop(
            {"a": str, "b": str},
            {"a": str, "b": str, "c": S.Anything},
            E.expr("c", "$a", lambda raw: raw.get("b", Missing)),
        ),
        *("undeclared-read", "b"),
    ),
    Mistake(
        "a step that only Python can make",
        lambda: hop({"a": str}, {"a": str}, E.python(lambda raw: raw, ["a"], ["a"])),
        *("client-side", "", INFO),
    ),
]


def checked(*classes: Any, **options: Any) -> CheckReport:
    return check(classes, documents=250, **options)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.what)
def test_the_mistake_is_found(mistake: Mistake) -> None:
    report = checked(mistake.make())
    found = {(each.code, each.path, each.severity) for each in report}
    expected = (mistake.code, mistake.path, mistake.severity)
    assert expected in found, str(report)
    alarms = {each for each in found if each[2] is not INFO and each[0] not in mistake.along}
    assert alarms <= {expected}, str(report)


def test_every_code_about_classes_has_its_mistake() -> None:
    elsewhere = {
        *("schema-changed", "steps-changed", "lock-outdated", "version-removed"),  # test_lock
        "incompatible",  # test_compatibility
        *("invalid-documents", "hybrid-documents", "too-new-documents"),  # tests/behaviour/test_data_check
    }
    assert {mistake.code for mistake in MISTAKES} == CODES.keys() - elsewhere


@pytest.mark.parametrize("name", MODEL_CHAINS)
def test_no_alarm_on_correct_chains(name: str) -> None:
    report = checked(MODEL_CHAINS[name]()[-1])
    assert [str(each) for each in report if each.severity is not INFO] == []


def test_mapped_classes() -> None:
    objects = ODMSession(Session())

    class PersonV1(MappedClass):
        class __mongometa__:
            name = "people"
            session = objects

        _id = FieldProperty(S.ObjectId)
        _version = FieldProperty(1, required=True)
        status = FieldProperty(S.OneOf("A", "I"))

    class Person(MappedClass):
        class __mongometa__:
            name = "people"
            session = objects
            version_of = PersonV1
            migrate = E.steps(E.map("status", {"A": "active"}))

        _id = FieldProperty(S.ObjectId)
        _version = FieldProperty(2, required=True)
        status = FieldProperty(S.OneOf("active", "inactive"))

    report = checked(Person, PersonV1)
    assert [(each.code, each.hop, each.path) for each in report] == [
        ("outside-enum", "PersonV1 -> Person", "status")
    ]
    assert report.chains[0].versions == ("PersonV1", "Person")


def test_what_is_no_class_is_refused() -> None:
    with pytest.raises(TypeError, match="neither a document class nor a mapped class"):
        checked(int)


def test_the_report_as_json_and_as_text() -> None:
    report = checked(hop({}, {"lang": S.String(required=True)}))
    assert json.loads(json.dumps(report.to_json()))["findings"] == [
        {
            "code": "missing-required",
            "severity": "error",
            "class": "V2",
            "hop": "V1 -> V2",
            "step": None,
            "path": "lang",
            "message": "required, but never there",
            "remedy": "add E.default(...), or do not require the field",
        }
    ]
    assert str(report) == (
        "error: V1 -> V2: lang: required, but never there [missing-required]\n"
        "    add E.default(...), or do not require the field\n"
        "1 class checked: 1 error, 0 warning, 0 info"
    )


def test_no_alarm_on_a_correct_function() -> None:
    _, newest = wiki_classes(None)
    report = checked(newest)
    assert [str(each) for each in report if each.severity is not INFO] == []


def test_a_field_may_be_dropped_by_declaration() -> None:
    newest = hop(
        {"a": str, "b": int}, {"a": str, "b": S.Deprecated}, lambda old: {"_version": 2, "a": old["a"]}
    )
    assert checked(newest).ok
