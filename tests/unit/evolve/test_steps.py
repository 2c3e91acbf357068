"""What each step makes of a document: interpreted, generated, and on the server."""

from __future__ import annotations

import copy
from datetime import datetime
from typing import Any

import bson
import pytest
from bson import Decimal128, ObjectId
from harness.stores import Store

from ming import create_datastore
from ming import evolve as E
from ming._values import Missing
from ming.evolve.step.base import Step
from ming.evolve.step.python_code import compile_steps

ID = ObjectId("0123456789abcdef01234567")
NAN = float("nan")


def one_more(raw: dict[str, Any]) -> Any:
    return raw["p"] + 1


def same(raw: dict[str, Any]) -> Any:
    return raw["p"]


def nothing(raw: dict[str, Any]) -> Any:
    return Missing


CASES: list[tuple[Step, dict[str, Any], dict[str, Any]]] = [
    # move
    (E.move("a", "b"), {"a": 1}, {"b": 1}),
    (E.move("a", "b"), {"a": None}, {"b": None}),
    (E.move("a", "b"), {"c": 1}, {"c": 1}),
    (E.move("a", "b"), {"a": 1, "b": 2}, {"a": 1, "b": 2}),
    (E.move("a", "b"), {"a": 1, "b": None}, {"a": 1, "b": None}),
    (E.move("a", "b.c"), {"a": 1}, {"b": {"c": 1}}),
    (E.move("a", "b.c.d"), {"a": 1}, {"b": {"c": {"d": 1}}}),
    (E.move("a", "b.c"), {"a": 1, "b": {"x": 2}}, {"b": {"x": 2, "c": 1}}),
    (E.move("a", "b.c"), {"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 2}}),
    (E.move("a", "b.c"), {"a": 1, "b": None}, {"a": 1, "b": None}),
    (E.move("a", "b.c"), {"a": 1, "b": 5}, {"a": 1, "b": 5}),
    (E.move("a", "b.c"), {"a": 1, "b": [{"x": 1}]}, {"a": 1, "b": [{"x": 1}]}),
    (E.move("a", "b.c.d"), {"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 2}}),
    (E.move("a", "b.c"), {"x": 1}, {"x": 1}),
    (E.move("a.b", "c"), {"a": {"b": 1}}, {"a": {}, "c": 1}),
    (E.move("a.b", "c", prune=True), {"a": {"b": 1}}, {"c": 1}),
    (E.move("a.b", "c", prune=True), {"a": {"b": 1, "x": 2}}, {"a": {"x": 2}, "c": 1}),
    (E.move("a.b.c", "d", prune=True), {"a": {"b": {"c": 1}, "x": 2}}, {"a": {"x": 2}, "d": 1}),
    (E.move("a.b.c", "d", prune=True), {"a": {"b": {"c": 1}}}, {"d": 1}),
    (E.move("a.b", "c", prune=True), {"a": {}}, {"a": {}}),
    (E.move("a.b", "c"), {"a": [{"b": 1}]}, {"a": [{"b": 1}]}),
    (E.move("a.b", "c"), {"a": None}, {"a": None}),
    (E.move("a.b", "a.c"), {"a": {"b": 1}}, {"a": {"c": 1}}),
    (E.move("a", "b"), {"a": {"x": [1, {"y": "$z"}]}}, {"b": {"x": [1, {"y": "$z"}]}}),
    # copy
    (E.copy("a", "b.c"), {"a": 1}, {"a": 1, "b": {"c": 1}}),
    (E.copy("a", "b"), {"a": 1, "b": 2}, {"a": 1, "b": 2}),
    (E.copy("a", "b"), {}, {}),
    # drop
    (E.drop("a", "b.c"), {"a": 1, "b": {"c": 1, "d": 2}}, {"b": {"d": 2}}),
    (E.drop("a.b.c"), {"a": {"b": 5}}, {"a": {"b": 5}}),
    (E.drop("a.b"), {"a": [{"b": 1}]}, {"a": [{"b": 1}]}),
    (E.drop("a.b"), {"a": {"b": 1}}, {"a": {}}),
    (E.drop("a.b"), {}, {}),
    # default and const
    (E.default("a", 1), {}, {"a": 1}),
    (E.default("a", 1), {"a": None}, {"a": None}),
    (E.default("a", 1), {"a": 2}, {"a": 2}),
    (E.default("a.b", "$x"), {}, {"a": {"b": "$x"}}),
    (E.default("a.b", {"x": "$y"}), {"a": {"c": 1}}, {"a": {"c": 1, "b": {"x": "$y"}}}),
    (E.default("a.b", 1), {"a": None}, {"a": None}),
    (E.default("a.b", 1), {"a": [{}]}, {"a": [{}]}),
    (E.default("a", None), {}, {"a": None}),
    (E.const("a", []), {"a": 5}, {"a": []}),
    (E.const("a", {"x": 1}), {"a": {"y": 2}}, {"a": {"x": 1}}),
    (E.const("a.b", 1), {"a": {"b": 2, "c": 3}}, {"a": {"b": 1, "c": 3}}),
    (E.const("a.b", 1), {"a": 5}, {"a": 5}),
    (E.const("a.b", 1), {}, {"a": {"b": 1}}),
    # map
    (E.map("a", {"A": "active", "I": "inactive"}), {"a": "A"}, {"a": "active"}),
    (E.map("a", {"A": "active"}), {"a": "X"}, {"a": "X"}),
    (E.map("a", {"A": "B", "B": "A"}), {"a": "B"}, {"a": "A"}),
    (E.map("a", {"A": "B"}, otherwise="?"), {"a": "X"}, {"a": "?"}),
    (E.map("a", {"A": "B"}, otherwise="?"), {"a": None}, {"a": None}),
    (E.map("a", {"A": "B"}, otherwise="?"), {"a": ["A"]}, {"a": "?"}),
    (E.map("a", {"A": "B"}, otherwise="?"), {}, {}),
    (E.map("a", {"A": "B"}, otherwise=None), {"a": "X"}, {"a": None}),
    (E.map("a", {None: "none"}), {"a": None}, {"a": "none"}),
    (E.map("a", {None: "none"}), {}, {}),
    (E.map("a", {1: "one"}), {"a": 1.0}, {"a": "one"}),
    (E.map("a", {1: "one"}), {"a": Decimal128("1.0")}, {"a": "one"}),
    (E.map("a", {1: "one"}), {"a": True}, {"a": True}),
    (E.map("a", {True: "yes"}), {"a": 1}, {"a": 1}),
    (E.map("a", {True: "yes", False: "no"}), {"a": False}, {"a": "no"}),
    (E.map("a", {0: "zero"}), {"a": -0.0}, {"a": "zero"}),
    (E.map("a", {0: "zero"}), {"a": NAN}, {"a": NAN}),
    (E.map("a", {0.1: "tenth"}), {"a": Decimal128("0.1")}, {"a": Decimal128("0.1")}),
    (E.map("a", {ID: 1, datetime(2020, 1, 1): 2}), {"a": datetime(2020, 1, 1)}, {"a": 2}),
    (E.map("a", {"A": {"x": "$y"}}), {"a": "A"}, {"a": {"x": "$y"}}),
    (E.map("a.b", {"A": 1}), {"a": {"b": "A", "c": 2}}, {"a": {"b": 1, "c": 2}}),
    (E.map("a.b", {"A": 1}), {"a": [{"b": "A"}]}, {"a": [{"b": "A"}]}),
    # split
    (E.split("a", ["b", "c"]), {"a": "x y z"}, {"b": "x", "c": "y z"}),
    (E.split("a", ["b", "c", "d"]), {"a": "x y"}, {"b": "x", "c": "y"}),
    (E.split("a", ["b", "c"]), {"a": ""}, {"b": ""}),
    (E.split("a", ["b", "c"]), {"a": " x"}, {"b": "", "c": "x"}),
    (E.split("a", ["b", "c"]), {"a": "x  y "}, {"b": "x", "c": " y "}),
    (E.split("a", ["b", "c"]), {"a": None}, {"b": None, "c": None}),
    (E.split("a", ["b", "c"]), {"a": 5}, {"a": 5}),
    (E.split("a", ["b", "c"]), {}, {}),
    (E.split("a", ["b", "c"]), {"a": "x", "c": 1}, {"a": "x", "c": 1}),
    (E.split("a", ["b", "n.c"]), {"a": "x"}, {"b": "x"}),
    (E.split("a", ["n.b", "n.c"]), {"a": "x y"}, {"n": {"b": "x", "c": "y"}}),
    (E.split("a", ["a", "c"]), {"a": "x y"}, {"a": "x", "c": "y"}),
    (E.split("a", ["b", "c"], sep="$"), {"a": "x$y$z"}, {"b": "x", "c": "y$z"}),
    (E.split("a", ["b", "c"], sep=", "), {"a": "x, y, z"}, {"b": "x", "c": "y, z"}),
    # merge
    (E.merge(["a", "b"], "c"), {"a": "x", "b": "y"}, {"c": "x y"}),
    (E.merge(["a", "b"], "c", sep="$"), {"a": "x", "b": "y"}, {"c": "x$y"}),
    (E.merge(["a", "b"], "c"), {"a": None, "b": "y"}, {"c": "y"}),
    (E.merge(["a", "b"], "c"), {"b": "y"}, {"c": "y"}),
    (E.merge(["a", "b"], "c"), {"a": None}, {"c": None}),
    (E.merge(["a", "b"], "c"), {"a": "", "b": ""}, {"c": " "}),
    (E.merge(["a", "b"], "c"), {}, {}),
    (E.merge(["a", "b"], "c"), {"a": "x", "b": 5}, {"a": "x", "b": 5}),
    (E.merge(["a", "b"], "c"), {"a": "x", "c": "z"}, {"a": "x", "c": "z"}),
    (E.merge(["a", "b"], "a"), {"a": "x", "b": "y"}, {"a": "x y"}),
    (E.merge(["n.a", "b"], "n.a"), {"n": 5, "b": "y"}, {"n": 5, "b": "y"}),
    (E.merge(["n.a", "n.b"], "c"), {"n": {"a": "x", "b": "y", "d": 1}}, {"n": {"d": 1}, "c": "x y"}),
    # wrap and unwrap
    (E.wrap("a"), {"a": 1}, {"a": [1]}),
    (E.wrap("a"), {"a": [1]}, {"a": [1]}),
    (E.wrap("a"), {"a": None}, {"a": None}),
    (E.wrap("a"), {}, {}),
    (E.wrap("a", "b"), {"a": 1}, {"a": {"b": 1}}),
    (E.wrap("a", "b"), {"a": {"b": 1}}, {"a": {"b": {"b": 1}}}),
    (E.wrap("a", "b"), {"a": None}, {"a": {"b": None}}),
    (E.wrap("a", "b"), {}, {}),
    (E.wrap("a.b", "c"), {"a": {"b": 1}}, {"a": {"b": {"c": 1}}}),
    (E.unwrap("a"), {"a": [1]}, {"a": 1}),
    (E.unwrap("a"), {"a": [None]}, {"a": None}),
    (E.unwrap("a"), {"a": []}, {"a": []}),
    (E.unwrap("a"), {"a": [1, 2]}, {"a": [1, 2]}),
    (E.unwrap("a", on_error=None), {"a": []}, {"a": None}),
    (E.unwrap("a", on_error="?"), {"a": [1, 2]}, {"a": "?"}),
    (E.unwrap("a", on_error="?"), {"a": 5}, {"a": 5}),
    (E.unwrap("a", on_error="?"), {"a": None}, {"a": None}),
    (E.unwrap("a", "b"), {"a": {"b": 1}}, {"a": 1}),
    (E.unwrap("a", "b"), {"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 2}}),
    (E.unwrap("a", "b"), {"a": {"c": 2}}, {"a": {"c": 2}}),
    (E.unwrap("a", "b", on_error=0), {"a": {}}, {"a": 0}),
    (E.unwrap("a", "b", on_error=0), {"a": [{"b": 1}]}, {"a": [{"b": 1}]}),
    # each
    (
        E.each("l", E.move("a", "b.c"), E.convert("n", int)),
        {"l": [{"a": 1, "n": "5", "x": 0}, {"n": "y"}, 7, None, [{"a": 1}]]},
        {"l": [{"b": {"c": 1}, "n": 5, "x": 0}, {"n": "y"}, 7, None, [{"a": 1}]]},
    ),
    (E.each("l", E.drop("a")), {"l": {"a": 1}}, {"l": {"a": 1}}),
    (E.each("l", E.drop("a")), {"l": []}, {"l": []}),
    (E.each("l", E.drop("a")), {"l": None}, {"l": None}),
    (E.each("l", E.drop("a")), {"a": 1}, {"a": 1}),
    (E.each("n.l", E.drop("_id")), {"n": {"l": [{"_id": 1}]}}, {"n": {"l": [{}]}}),
    (
        E.each("l", E.each("m", E.default("a", 1)), E.copy("k", "j")),
        {"l": [{"m": [{}, {"a": 2}], "k": 3}], "k": 4},
        {"l": [{"m": [{"a": 1}, {"a": 2}], "k": 3, "j": 3}], "k": 4},
    ),
    (
        E.each("l", E.expr("s", {"$add": ["$p", 1]}, one_more)),
        {"l": [{"p": 1}], "p": 10},
        {"l": [{"p": 1, "s": 2}], "p": 10},
    ),
    # expr
    (E.expr("s", {"$add": ["$p", 1]}, one_more), {"p": 1}, {"p": 1, "s": 2}),
    (E.expr("p", {"$add": ["$p", 1]}, one_more), {"p": 1}, {"p": 2}),
    (E.expr("n.s", "$p", same), {"p": 1}, {"p": 1, "n": {"s": 1}}),
    (E.expr("n.s", "$p", same), {"p": 1, "n": 5}, {"p": 1, "n": 5}),
    (E.expr("n.s", "$$REMOVE", nothing), {"p": 1, "n": {"s": 5}}, {"p": 1, "n": {}}),
    (E.expr("n.s", "$$REMOVE", nothing), {"p": 1}, {"p": 1}),
]

FAILS = "no conversion"

CONVERSIONS: list[tuple[Any, Any, Any]] = [
    ("12", int, 12),
    ("-5", int, -5),
    ("0", int, 0),
    ("-0", int, 0),
    ("007", int, FAILS),
    ("+5", int, FAILS),
    (" 5", int, FAILS),
    ("5 ", int, FAILS),
    ("5\n", int, FAILS),
    ("5\0", int, FAILS),
    ("1_0", int, FAILS),
    ("1e3", int, FAILS),
    ("1.0", int, FAILS),
    ("0x1F", int, FAILS),
    ("\uff11\uff12", int, FAILS),
    ("", int, FAILS),
    ("-", int, FAILS),
    (str(2**63 - 1), int, 2**63 - 1),
    (str(2**63), int, FAILS),
    (str(-(2**63)), int, -(2**63)),
    (str(-(2**63) - 1), int, FAILS),
    ("9" * 5000, int, FAILS),
    (True, int, 1),
    (3.0, int, 3),
    (-0.0, int, 0),
    (3.5, int, FAILS),
    (NAN, int, FAILS),
    (float("inf"), int, FAILS),
    (9.3e18, int, FAILS),
    (-9.223372036854775808e18, int, -(2**63)),
    (Decimal128("12.00"), int, 12),
    (Decimal128("1E+3"), int, 1000),
    (Decimal128("1.5"), int, FAILS),
    (Decimal128("1E+6000"), int, FAILS),
    (Decimal128("NaN"), int, FAILS),
    (Decimal128("-Infinity"), int, FAILS),
    ([1], int, FAILS),
    ({"a": 1}, int, FAILS),
    (ID, int, FAILS),
    ("1.5", float, 1.5),
    ("-0.25e-3", float, -0.00025),
    ("12", float, 12.0),
    ("1E+5", float, 100000.0),
    ("0.1", float, 0.1),
    ("123456789012345678901", float, 123456789012345678901.0),
    (".5", float, FAILS),
    ("5.", float, FAILS),
    ("1e400", float, FAILS),
    ("nan", float, FAILS),
    ("inf", float, FAILS),
    (7, float, 7.0),
    (2**53, float, 2.0**53),
    (2**53 + 1, float, FAILS),
    (12, str, "12"),
    (-(2**63), str, str(-(2**63))),
    (True, str, "true"),
    (1.5, str, FAILS),
    (ID, str, "0123456789abcdef01234567"),
    (datetime(2020, 2, 29, 1, 2, 3, 4000), str, "2020-02-29T01:02:03.004Z"),
    (datetime(1, 1, 1), str, "0001-01-01T00:00:00.000Z"),
    (Decimal128("1E+3"), str, "1E+3"),
    (Decimal128("0.10"), str, "0.10"),
    ("true", bool, True),
    ("false", bool, False),
    ("True", bool, FAILS),
    ("1", bool, FAILS),
    ("true\n", bool, FAILS),
    (1, bool, True),
    (0.0, bool, False),
    (2, bool, FAILS),
    ("2020-02-29", datetime, datetime(2020, 2, 29)),
    ("2021-02-29", datetime, FAILS),
    ("2020-02-29T23:59:59", datetime, datetime(2020, 2, 29, 23, 59, 59)),
    ("2020-02-29T23:59:59.5Z", datetime, datetime(2020, 2, 29, 23, 59, 59, 500000)),
    ("1969-12-31T23:59:59.123+00:00", datetime, datetime(1969, 12, 31, 23, 59, 59, 123000)),
    ("1969-12-31T23:59:59.123456", datetime, FAILS),
    ("2020-02-29T24:00:00", datetime, FAILS),
    ("2020-02-29T23:59:60", datetime, FAILS),
    ("2020-02-29T23:59:59+01:00", datetime, FAILS),
    ("2020-02-29 23:59:59", datetime, FAILS),
    ("0000-01-01", datetime, FAILS),
    ("0001-01-01", datetime, datetime(1, 1, 1)),
    ("9999-12-31T23:59:59.999", datetime, datetime(9999, 12, 31, 23, 59, 59, 999000)),
    ("20200101", datetime, FAILS),
    ("0123456789ABCDEF01234567", ObjectId, ID),
    ("0123456789abcdef0123456", ObjectId, FAILS),
    ("0123456789abcdef0123456g", ObjectId, FAILS),
    ("1.50", Decimal128, Decimal128("1.50")),
    ("-0", Decimal128, Decimal128("-0")),
    ("1e5", Decimal128, FAILS),
    ("NaN", Decimal128, FAILS),
    (2**63 - 1, Decimal128, Decimal128(str(2**63 - 1))),
    (1.5, Decimal128, FAILS),
]

STAYS = [5, 1.5, "x", True, datetime(2020, 1, 1), ID, Decimal128("1")]


def conversion_cases() -> list[tuple[Step, dict[str, Any], dict[str, Any]]]:
    cases: list[tuple[Step, dict[str, Any], dict[str, Any]]] = []
    for value, to, expected in CONVERSIONS:
        kept = value if expected is FAILS else expected
        replaced = {"why": "$x"} if expected is FAILS else expected
        cases.append((E.convert("a", to), {"a": value}, {"a": kept}))
        cases.append((E.convert("a", to, on_error={"why": "$x"}), {"a": value}, {"a": replaced}))
    for value in STAYS:
        cases.append((E.convert("a", type(value), on_error="?"), {"a": value}, {"a": value}))
        cases.append((E.convert("a", type(value), on_error="?"), {"a": None}, {"a": None}))
        cases.append((E.convert("a", type(value), on_error="?"), {}, {}))
    cases.append((E.convert("a", str, source=int), {"a": True}, {"a": True}))
    cases.append((E.convert("a", str, source=int), {"a": 5}, {"a": "5"}))
    cases.append((E.convert("a.b", str), {"a": {"b": 5, "c": 6}}, {"a": {"b": "5", "c": 6}}))
    cases.append((E.convert("a.b", str), {"a": [{"b": 5}]}, {"a": [{"b": 5}]}))
    return cases


ALL = [*CASES, *conversion_cases()]


def plain(value: Any) -> Any:
    """A value with its types, so that 1, 1.0 and true differ; keys have no order."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    # 32 and 64 bits are one type in Python.
    return "int" if type(value) in (int, bson.Int64) else type(value).__name__, repr(value)


@pytest.mark.parametrize(("step", "before", "after"), ALL)
def test_python(step: Step, before: dict[str, Any], after: dict[str, Any]) -> None:
    stored = bson.decode(bson.encode(before))
    interpreted = copy.deepcopy(stored)
    step.upgrade(interpreted)
    generated = compile_steps("test", [("", [step])])(stored)
    assert plain(interpreted) == plain(generated) == plain(after)
    assert plain(stored) == plain(before), "the generated code must leave the document as it is"


def test_the_server(store: Store) -> None:
    datastore = create_datastore(store.uri())
    collection = datastore.db.steps
    for number, (_, before, _) in enumerate(ALL):
        collection.insert_one({**before, "_id": number})
    for number, (step, _, _) in enumerate(ALL):
        collection.update_one({"_id": number}, list(step.stages() or ()))
    stored = list(collection.find({}, sort=[("_id", 1)]))
    for (step, before, after), made in zip(ALL, stored, strict=True):
        del made["_id"]
        assert plain(made) == plain(after), f"{step} of {before}"


@pytest.mark.parametrize("step", {str(step): step for step, _, _ in ALL}.values(), ids=str)
def test_a_step_survives_json(step: Step) -> None:
    form = step.to_json()
    assert Step.from_json(bson.decode(bson.encode(form))) == step
    assert bson.json_util.loads(bson.json_util.dumps(form)) == form


def test_python_steps() -> None:
    def shout(raw: dict[str, Any]) -> dict[str, Any]:
        raw["loud"] = raw.pop("quiet").upper()
        return raw

    step = E.python(shout, reads=["quiet"], writes=["quiet", "loud"])
    before = {"_id": 1, "quiet": "a", "n": [NAN]}
    made = compile_steps("test", [("", [step])])(before)
    assert made == {"_id": 1, "loud": "A", "n": before["n"]}
    assert before["quiet"] == "a"
    assert step.stages() is None
