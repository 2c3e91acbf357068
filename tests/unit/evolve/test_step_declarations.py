"""Declaring steps: what is refused, what they say about themselves, and their JSON form."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from bson import Decimal128, Int64, ObjectId
from harness.chains import MODEL_CHAINS, chain_of, declare

from ming import evolve as E
from ming._base_manager import manager_of
from ming.evolve.step.kinds import Map
from ming.exc import MingConfigError


def untouched(raw: dict[str, Any]) -> dict[str, Any]:
    return raw


@pytest.mark.parametrize(
    ("declare_step", "message"),
    [
        (lambda: E.move("", "b"), "move: '', expected a dotted path"),
        (lambda: E.move("a..b", "b"), "move: 'a..b', expected a dotted path"),
        (lambda: E.move("a", "$b"), "move: '$b', expected a dotted path"),
        (lambda: E.drop("a\0"), "expected a dotted path"),
        (lambda: E.drop(5), "drop: 5, expected a dotted path"),
        (lambda: E.drop(), "drop(): expected at least one path"),
        (lambda: E.drop("a", "a.b"), "'a' and 'a.b' overlap"),
        (lambda: E.move("a", "a"), "'a' and 'a' overlap"),
        (lambda: E.move("a", "a.b"), "'a' and 'a.b' overlap; wrap() and unwrap()"),
        (lambda: E.copy("a.b", "a"), "'a.b' and 'a' overlap"),
        (lambda: E.split("a", "bc"), "split: 'bc', expected several paths"),
        (lambda: E.split("a", ["b"]), "expected two paths at least to split into"),
        (lambda: E.split("a", ["b", "b.c"]), "'b' and 'b.c' overlap"),
        (lambda: E.split("a", ["b", "c"], sep=""), "the separator is '', expected a text"),
        (lambda: E.merge(["a"], "b"), "expected two paths at least to merge"),
        (lambda: E.map("a", {}), "expected at least one value to replace"),
        (lambda: E.map("a", ["A"]), "map('a'): ['A'], expected a dict"),
        (lambda: Map("a", ((1, "x"), (Decimal128("1.0"), "y"))), "one value is named twice"),
        (lambda: Map("a", (([1], "x"),)), "only single values can be replaced"),
        (lambda: E.map("a", {"A": object()}), "cannot be stored"),
        (lambda: E.default("a", {1, 2}), "default('a'): {1, 2} cannot be stored"),
        (lambda: E.const("a", 2**64), "cannot be stored"),
        (lambda: E.convert("a", list), "convert('a'): <class 'list'> is no type that values convert to"),
        (lambda: E.convert("a", "datetime"), "'datetime' is no type"),
        (lambda: E.convert("a", "ObjectId", source=int), "int does not convert to ObjectId"),
        (lambda: E.wrap("a", "b.c"), "'b.c', expected a key without a dot"),
        (lambda: E.unwrap("a", ""), "unwrap: '', expected a dotted path"),
        (lambda: E.each("a", "b"), "each('a'): 'b', expected a step"),
        (lambda: E.expr("a", "$b", 5), "expr('a'): 5, expected a function"),
        (lambda: E.expr("a", "$b", untouched, inverse="c"), "inverse='c', expected a step"),
        (lambda: E.python(5), "python(): 5, expected a function"),
        (lambda: E.python(untouched, reads="ab"), "python: 'ab', expected several paths"),
        (lambda: E.steps(untouched), "expected a step such as move('name', 'title')"),
    ],
)
def test_a_wrong_step(declare_step: Callable[[], Any], message: str) -> None:
    with pytest.raises(MingConfigError) as caught:
        declare_step()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([E.move("a", "_id")], "writes '_id': it never changes"),
        ([E.drop("_id.x")], "writes '_id'"),
        ([E.python(untouched, writes=["_id"])], "writes '_id'"),
        ([E.drop("a"), E.convert("a", int)], "reads 'a', which drop(('a',)) removed"),
        ([E.move("a", "b"), E.copy("a.x", "c")], "reads 'a.x', which move('a', 'b') removed"),
        ([E.move("a", "x"), E.move("b", "x")], "both put a value at 'x'"),
        ([E.move("a", "x.y"), E.move("b", "x")], "both put a value at 'x.y'"),
        ([E.default("x", 1), E.const("x", 2)], "both put a value at 'x'"),
        ([E.split("a", ["x", "y"]), E.drop("x")], "removes 'x', where split('a', ('x', 'y')) put a value"),
        ([E.move("a", "x.y"), E.drop("x")], "removes 'x', where move('a', 'x.y') put a value"),
        ([E.split("a", ["x", "y"]), E.move("b", "x.z")], "goes through 'x', where split"),
        ([E.convert("x", int), E.default("x.z", 1)], "goes through 'x', where convert"),
        ([E.default("x", 1), E.copy("x.z", "y")], "goes through 'x', where default"),
    ],
)
@pytest.mark.parametrize("within", [E.steps, lambda *steps: E.steps(E.each("l", *steps))])
def test_steps_that_do_not_go_together(within: Any, steps: list[E.Step], message: str) -> None:
    if within is not E.steps and "_id" in message:
        within(*steps)  # an item's own
        return
    with pytest.raises(MingConfigError) as caught:
        within(*steps)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "steps",
    [
        [E.move("a", "b"), E.convert("b", int), E.map("b", {1: 2})],
        [E.move("a", "b"), E.default("a", 1)],
        [E.drop("a"), E.move("b", "a"), E.convert("a", int)],
        [E.move("a.b", "c"), E.move("a", "d")],
        [E.default("a", {}), E.move("b", "a.b")],
        [E.move("a", "b"), E.move("b", "c")],
        [E.move("a", "x.a"), E.move("b", "x.b")],
        [E.drop("a"), E.python(untouched), E.convert("a", int)],
        [E.wrap("a", "b"), E.default("a.c", 1)],
    ],
)
def test_steps_that_go_together(steps: list[E.Step]) -> None:
    assert E.steps(*steps).steps == tuple(steps)


def test_a_stamp_is_not_for_steps_to_write() -> None:
    cls = declare(None, {"v": 1, "a": int}, {"v": 2, "b": int, "migrate": E.steps(E.const("v", 2))})
    with pytest.raises(MingConfigError, match=r"const\('v', 2\) writes 'v': the constant of V1"):
        cls.m.make({})


def test_a_version_that_is_its_own_ancestor() -> None:
    newest = declare(None, {"v": 1}, {"v": 2}, {"v": 3})
    oldest = chain_of(newest).versions[0].cls
    manager_of(oldest).declaration.version_of = newest
    manager_of(newest).forget_schema()
    with pytest.raises(MingConfigError, match="V3 is a version of V2 is a version of V1 is a version of V3"):
        chain_of(newest)
    with pytest.raises(MingConfigError, match="V3 is a version of"):
        newest.m.make({})


@pytest.mark.parametrize("declare_chain", MODEL_CHAINS.values(), ids=MODEL_CHAINS)
def test_steps_survive_json(declare_chain: Any) -> None:
    for hop in chain_of(declare_chain()[-1]).hops:
        form = json.loads(json.dumps(hop.steps.to_json()))
        assert E.Steps.from_json(form) == hop.steps


def test_values_survive_json_with_their_types() -> None:
    values = [1, Int64(1), 2**40, 1.5, True, None, "x", datetime(2020, 1, 1), ObjectId(), Decimal128("1.50")]
    values += [{"keep": True}, {"ejson": "x"}, ["x"], b"x"]
    for value in values:
        step = E.default("a", value)
        (again,) = E.Steps.from_json(json.loads(json.dumps(E.steps(step).to_json()))).steps
        assert again == step
        assert type(again.value) is type(step.value)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"steps": [{"kind": "jump"}]}, "'jump' is no kind of step"),
        ({"steps": [{"kind": "move", "source": "a", "target": "b", "x": 1}]}, "unknown attributes x"),
        ({"steps": [{"kind": "move", "source": "a"}]}, "missing 1 required"),
        ({"steps": [{"kind": "move", "source": "", "target": "b"}]}, "expected a dotted path"),
        ({"steps": [{"kind": "python", "function": "ming.nowhere:f"}]}, "no function ming.nowhere:f"),
        ({}, "is no form of steps"),
    ],
)
def test_a_wrong_form(form: Any, message: str) -> None:
    with pytest.raises(MingConfigError, match=message):
        E.Steps.from_json(form)


@pytest.mark.parametrize(
    ("step", "inverse"),
    [
        (E.move("a", "b.c"), E.move("b.c", "a", prune=True)),
        (E.move("b.c", "a"), E.move("a", "b.c")),
        (E.split("a", ["b", "c"]), E.merge(["b", "c"], "a", canonical=True)),
        (E.merge(["b", "c"], "a", canonical=True), E.split("a", ["b", "c"])),
        (E.map("a", {"A": 1, "B": 2}), E.map("a", {1: "A", 2: "B"})),
        (E.convert("a", int, canonical=True), E.convert("a", str, canonical=True, source=int)),
        (E.convert("a", str, canonical=True, source=int), E.convert("a", int, canonical=True, source=str)),
        (E.wrap("a"), E.unwrap("a")),
        (E.unwrap("a", "b"), E.wrap("a", "b")),
        (E.each("l", E.move("a", "b"), E.wrap("b")), E.each("l", E.unwrap("b"), E.move("b", "a"))),
        (E.expr("a", "$b", untouched, inverse=E.drop("a")), E.drop("a")),
    ],
)
def test_an_inverse(step: E.Step, inverse: E.Step) -> None:
    assert step.inverse() == inverse


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (E.drop("a"), "the values of a are gone"),
        (E.const("a", 1), "what a held before is gone"),
        (E.merge(["a", "b"], "c"), "canonical=True promises that it does"),
        (E.map("a", {"A": 1, "B": 1}), "several values of a become the same"),
        (E.map("a", {"A": 1, "B": 1.0}), "several values of a become the same"),
        (E.map("a", {"A": 1}, otherwise=0), "all other values of a become 0"),
        (E.convert("a", int), "canonical=True promises"),
        (E.convert("a", str, canonical=True), "source= names it"),
        (E.unwrap("a", on_error=None), "becomes None where it is not one value"),
        (E.expr("a", "$b", untouched), "has no inverse="),
        (E.python(untouched), "has no inverse="),
        (E.each("l", E.wrap("a"), E.drop("b")), "drop(('b',)) in each item of l: the values of b are gone"),
    ],
)
def test_no_inverse(step: E.Step, reason: str) -> None:
    inverse = step.inverse()
    assert isinstance(inverse, E.Irreversible)
    assert reason in inverse.reason
    whole = E.steps(E.move("x", "y"), step).inverse()
    assert isinstance(whole, E.Irreversible)
    assert whole.reason.startswith(str(step))


def test_steps_on_a_document() -> None:
    steps = E.steps(E.move("a", "b.c"))
    old = {"a": 1, "n": []}
    assert steps(old) == {"b": {"c": 1}, "n": []}
    assert old == {"a": 1, "n": []}
    assert steps(old)["n"] is not old["n"]
