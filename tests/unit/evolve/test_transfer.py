"""Types through steps: whatever a step makes of a document is within what it makes of the document's type."""

from __future__ import annotations

import copy
from itertools import islice
from typing import Any

import bson
import pytest
from harness.chains import MODEL_CHAINS, chain_of, declare
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ming import evolve as E
from ming import schema as S
from ming.base import Missing, Object
from ming.evolve.chain import Version
from ming.evolve.check import Severity, check
from ming.evolve.check.flow import stored_type
from ming.evolve.check.trials import is_ordinary
from ming.evolve.generate import documents
from ming.evolve.step import kinds
from ming.evolve.step.equality import equal
from ming.evolve.types.domain import EMPTY, NOT_SINGLE, Type, constant, join, kind_of
from ming.evolve.types.flow import Flow
from ming.evolve.types.items import type_of
from ming.evolve.types.misfits import misfits
from ming.evolve.types.transfer import _TRANSFERS, send
from ming.exc import MingConfigError


def outside(value: Any, expected: Type, path: str = "") -> list[str]:
    """Places where a value is not of a type; keys that the type does not know are unknown to it."""
    kind = kind_of(value)
    if kind not in expected.kinds:
        return [f"{path}: {value!r} is none of {sorted(expected.kinds)}"]
    if kind not in NOT_SINGLE and expected.values is not None:
        return [] if any(equal(value, each) for each in expected.values) else [f"{path}: {value!r}"]
    if kind == "object":
        places = [
            (f"{path}.{name}", value.get(name, Missing), inner) for name, inner in expected.fields.items()
        ]
    else:
        places = [(f"{path}[]", inner, expected.items) for inner in value] if kind == "array" else []
    return [
        found for place, inner, type_ in places if type_ is not None for found in outside(inner, type_, place)
    ]


def examples(schema: S.Document, count: int) -> list[dict[str, Any]]:
    """Documents as programs store them. Types know nothing of unknown keys, so there are none."""
    source = type_of(schema)
    made = islice(documents(schema, 3, unknown=False), count)
    return [document for document in made if is_ordinary(document, source)]


def assert_sound(schema: S.Document, steps: Any, raws: list[dict[str, Any]]) -> None:
    flow = Flow(stored_type(Version(Object, schema)))
    raws = copy.deepcopy(raws)
    for step in steps:
        send(step, flow)
        for raw in raws:
            step.upgrade(raw)
            assert outside(raw, flow.record) == [], step


@pytest.mark.parametrize("name", MODEL_CHAINS)
@pytest.mark.parametrize("number", [0, 1])
def test_model_chains(name: str, number: int) -> None:
    hop = chain_of(MODEL_CHAINS[name]()[-1]).hops[number]
    assert_sound(hop.source.schema, hop.all_steps, examples(hop.source.schema, 400))


SCHEMA = S.Document(
    {
        "_id": S.ObjectId(),
        "text": S.String(),
        "name": S.String(required=True, allow_none=False),
        "count": S.Int(),
        "rate": S.Float(),
        "price": S.NumberDecimal(),
        "flag": S.Bool(),
        "born": S.DateTime(),
        "owner": S.ObjectId(if_missing=None),
        "status": S.OneOf("A", "I", 3),
        "tags": S.Array(S.String()),
        "only": S.Object({"key": S.Int(required=True, allow_none=False)}, required=True),
        "deep": S.Object({"a": S.String(), "b": S.Object({"c": S.Int()})}),
        "lines": S.Array(S.Object({"sku": S.String(), "n": S.Int()})),
        "counts": S.Object({str: S.Int()}),
        "any": S.Anything(),
    }
)
sources = st.sampled_from(
    "text name count rate price flag born owner status tags only only.key deep deep.a deep.b.c lines counts counts.a"
    " any any.x absent new made.x".split()
)
targets = st.sampled_from(["new", "made.x", "made.y", "deep.new", "only.new", "count", "text.x", "other"])
literals = st.sampled_from(["x", None, 1, 1.5, True, [], ["a"], {}, {"z": 1}, bson.Int64(7)])
single = st.sampled_from(["A", "I", 3, None, 1.0, "two words", True])
conversions = st.sampled_from([str, int, float, bool, "date", "ObjectId", "Decimal128"])


def possible(make: Any, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Steps out of arguments, and None where those do not go together."""

    def build(*drawn: Any) -> Any:
        try:
            return make(*drawn)
        except MingConfigError:
            return None

    return st.builds(build, *arguments)


keep_or = st.one_of(st.just(E.keep), literals)
EXAMPLES = examples(SCHEMA, 300)[::4]
simple_steps = st.one_of(
    possible(E.move, sources, targets),
    possible(lambda source, target: E.move(source, target, prune=True), sources, targets),
    possible(E.copy, sources, targets),
    possible(E.drop, sources),
    possible(E.default, st.one_of(sources, targets), literals),
    possible(E.const, st.one_of(sources, targets), literals),
    possible(
        lambda path, table, otherwise: E.map(path, table, otherwise=otherwise),
        *(sources, st.dictionaries(single, literals, min_size=1, max_size=3), keep_or),
    ),
    possible(
        lambda path, to, on_error: E.convert(path, to, on_error=on_error), sources, conversions, keep_or
    ),
    possible(lambda path, one, other: E.split(path, into=(one, other)), sources, targets, targets),
    possible(lambda one, other, target: E.merge((one, other), target), sources, sources, targets),
    possible(E.wrap, sources, st.sampled_from([list, "key", "z"])),
    possible(
        lambda path, key, on_error: E.unwrap(path, key, on_error=on_error),
        *(sources, st.sampled_from([list, "key", "z"]), keep_or),
    ),
)
inner_steps = st.one_of(
    possible(E.move, st.sampled_from(["sku", "n"]), st.sampled_from(["item.sku", "label"])),
    possible(E.drop, st.sampled_from(["sku", "n", "none"])),
    possible(E.convert, st.sampled_from(["sku", "n"]), conversions),
)
each_line = possible(
    lambda first, *others: first and E.each("lines", first, *filter(None, others)), inner_steps, inner_steps
)
steps = st.one_of(simple_steps, simple_steps, each_line).filter(bool)


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, min_size=1, max_size=5))
def test_random_steps(drawn: list[Any]) -> None:
    assert_sound(SCHEMA, drawn, EXAMPLES)


SINGLE: dict[frozenset[str], Any] = {
    frozenset({"string"}): S.String,
    frozenset({"int"}): S.Int,
    frozenset({"double"}): S.Float,
    frozenset({"double", "int"}): S.Float,
    frozenset({"bool"}): S.Bool,
    frozenset({"date"}): S.DateTime,
    frozenset({"decimal"}): S.NumberDecimal,
}


def item_of(type_: Type) -> S.SchemaItem[Any]:
    """An item that accepts the values of a type, and as few others as may be."""
    required, rest = "missing" not in type_.kinds, type_.kinds - EMPTY
    policy = {"required": required, "if_missing": Missing}
    if not type_.loose and rest in SINGLE and type_.values is None:
        return SINGLE[rest](allow_none="null" in type_.kinds, **policy)  # type: ignore[no-any-return]
    if not type_.loose and type_.values and not rest & NOT_SINGLE:
        options = [*type_.values, *([None] if "null" in type_.kinds else [])]
        return S.OneOf(*options, **policy)
    if rest == {"array"} and type_.items is not None:
        return S.Array(item_of(type_.items), **policy)
    if type_.kinds == {"object"} and type_.others is None:
        return S.Object({name: item_of(inner) for name, inner in type_.fields.items()}, required=True)
    return S.Anything(required=required)


@settings(max_examples=40, deadline=None)
@given(st.lists(steps, min_size=1, max_size=4))
def test_no_alarm_on_a_class_made_for_its_steps(drawn: list[Any]) -> None:
    try:
        migrate = E.steps(*drawn)
    except MingConfigError:
        assume(False)
    flow = Flow(stored_type(Version(Object, SCHEMA)))
    for step in drawn:
        send(step, flow)
    older = {**SCHEMA.fields, "_version": S.Value(1, required=True)}
    newer = {name: item_of(inner) for name, inner in flow.record.fields.items() if not inner.is_absent}
    newest = declare(None, older, {**newer, "_version": S.Value(2, required=True), "migrate": migrate})
    # What is said about single steps is about steps that meet nothing.
    report = check([newest], documents=60)
    assert [str(each) for each in report.of(Severity.ERROR) if each.step is None] == []


def test_every_step_has_its_transfer() -> None:
    every = {each for each in vars(kinds).values() if isinstance(each, type) and issubclass(each, kinds.Step)}
    assert set(_TRANSFERS) == every - {kinds.Step}


def test_a_type_fits_itself() -> None:
    for factory in MODEL_CHAINS.values():
        for cls in factory():
            version = chain_of(cls).newest
            assert list(misfits(stored_type(version), stored_type(version))) == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", "b"], []),
        ([5], [": 5 is none of ['string']"]),
        ([None, "a"], []),
    ],
)
def test_joined_constants_hold_just_their_values(values: list[Any], expected: list[str]) -> None:
    joined = join(map(constant, values))
    assert [found for value in values for found in outside(value, joined)] == []
    assert joined.values == tuple(values) or None in values
    assert (outside("zzz", joined) != []) is True
