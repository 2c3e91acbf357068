"""From one version to the next: stamp, defaults, sources, filters, and the golden code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from harness.chains import chain_of, declare, orders, pages, people

from ming import evolve as E
from ming import schema as S
from ming.evolve.hop import Hop, compile_hops
from ming.exc import Invalid, MigrationError

GOLDEN = Path(__file__).parents[2] / "golden" / "upgrades" / "orders.py.txt"


def hop_between(old: dict[str, Any], new: dict[str, Any], *steps: E.Step, **options: Any) -> Hop:
    cls = declare(None, old, {**new, "migrate": E.steps(*steps, **options)})
    (hop,) = chain_of(cls).hops
    return hop


def test_the_stamp_is_exchanged() -> None:
    hop = hop_between({"v": 1, "old": 1, "same": 7}, {"v": 2, "new": "x", "same": 7})
    assert hop.upgrade({"_id": 1, "v": 1, "old": 1, "same": 7}) == {"_id": 1, "v": 2, "new": "x", "same": 7}
    assert hop.upgrade({"v": 1.0, "new": None})["new"] == "x"


def test_an_unknown_key_in_the_place_of_a_new_constant_is_left() -> None:
    hop = hop_between({"v": 1}, {"v": 2, "kind": "x"})
    assert hop.upgrade({"v": 1, "kind": "mine"}) == {"v": 2, "kind": "mine"}


def test_the_way_back_exchanges_the_stamp_again() -> None:
    hop = hop_between({"a": int}, {"v": 2, "b": int}, E.move("a", "b"))
    inverse = hop.inverse()
    assert not isinstance(inverse, E.Irreversible)
    back = Hop(hop.target, hop.source, inverse)
    assert back.upgrade(hop.upgrade({"_id": 1, "a": 5})) == {"_id": 1, "a": 5}


def test_fill() -> None:
    new = {
        "v": 2,
        "n": S.Int(if_missing=3),
        "t": str,
        "l": [{"x": S.Int(if_missing=0), "y": S.Int(required=True)}],
        "o": {"p": {"q": S.String(if_missing="q")}},
        "made": S.ObjectId(),
        "called": S.Int(if_missing=lambda: 5),
        "needed": S.Int(required=True),
        "any": S.Anything(),
    }
    hop = hop_between({"v": 1}, new, fill=True)
    filled = {"v": 2, "n": 3, "t": None, "l": [], "o": {"p": {"q": "q"}}}
    assert hop.upgrade({"v": 1}) == filled
    assert hop.upgrade({"v": 1, "l": [{}, 5], "o": {"p": {}}}) == {**filled, "l": [{"x": 0}, 5]}
    assert hop.upgrade({"v": 1, "o": None, "t": "t"}) == {**filled, "o": None, "t": "t"}
    assert hop_between({"v": 1}, new).upgrade({"v": 1}) == {"v": 2}
    with_id = hop_between({"v": 1}, {"v": 2, "_id": int, "a": int}, fill=True)
    assert [list(stage["$set"]) for stage in with_id.stages() or ()] == [["a", "v"]]


def test_the_sources_of_a_field() -> None:
    hop = chain_of(people()[-1]).hops[0]
    assert hop.sources("first") == {"first", "last", "name"}
    assert hop.sources("city") == {"address", "city"}
    assert hop.sources("logins") == {"logins"}
    assert hop.sources("_version") == {"_version"}


def test_sources_are_unknown_where_a_function_does_not_say() -> None:
    opaque = declare(None, {"v": 1, "a": int}, {"v": 2, "a": int, "migrate": lambda old: old})
    assert chain_of(opaque).hops[0].sources("a") is None
    silent = hop_between({"v": 1}, {"v": 2, "a": int}, E.python(dict))
    assert silent.sources("a") is None
    curious = hop_between({"v": 1}, {"v": 2, "a": int}, E.python(dict, writes=["b"]))
    assert (curious.sources("a"), curious.sources("b")) == ({"a"}, None)


def test_steps_share_a_stage_where_none_sees_what_another_writes() -> None:
    def stages(*steps: E.Step) -> list[list[str]]:
        return [list(stage["$set"]) for stage in E.steps(*steps).stages() or ()]

    assert stages(E.move("a", "b.c"), E.default("d", 1)) == [["a", "b", "d"]]
    assert stages(E.move("a", "b.c"), E.default("b.d", 1)) == [["a", "b"], ["b"]]
    assert stages(E.move("a", "b"), E.convert("b", int), E.default("d", 1)) == [["a", "b"], ["b", "d"]]
    assert stages(E.default("a", 1), E.expr("b", "$a", str), E.drop("c")) == [["a"], ["b", "c"]]
    assert stages(E.default("a", 1), E.expr("b", {"$size": "$$ROOT.l"}, str)) == [["a"], ["b"]]


def test_what_a_filter_tells() -> None:
    assert [hop.source_filter for hop in chain_of(people()[-1]).hops] == [{"_version": 1}, {"_version": 2}]
    assert [hop.source_filter for hop in chain_of(pages()[-1]).hops] == [{"version": None}, {"version": 2}]
    bare = declare(None, {"a": int}, {"b": int, "migrate": E.steps(E.move("a", "b"))})
    assert chain_of(bare).hops[0].source_filter is None
    baseline = declare(None, {"a": int}, {"v": 2, "b": int, "migrate": E.steps(E.move("a", "b"))})
    assert chain_of(baseline).hops[0].source_filter is None, "keys may speak against the baseline"


def test_what_only_python_can_do() -> None:
    first, second = chain_of(orders()[-1]).hops
    assert first.server_reason is None
    assert first.stages()
    assert second.stages() is None
    assert str(second.server_reason).startswith("only Python can do python(")
    opaque = declare(None, {"v": 1}, {"v": 2, "migrate": lambda old: old})
    (hop,) = chain_of(opaque).hops
    assert (hop.steps, hop.stages()) == (None, None)
    assert "opaque" in str(hop.server_reason)
    with pytest.raises(TypeError, match="opaque"):
        hop.upgrade({})


def test_a_function_that_writes_more_than_it_says() -> None:
    def greedy(raw: dict[str, Any]) -> dict[str, Any]:
        return {**raw, "b": 2, "c": 3}

    hop = hop_between({"v": 1}, {"v": 2}, E.python(greedy, writes=["b"]))
    with pytest.raises(MigrationError, match=r"changed what it does not declare to write \(fields: c\)"):
        hop.upgrade({"_id": 1, "v": 1})


def test_a_function_must_not_change_the_id() -> None:
    other = hop_between({"v": 1}, {"v": 2}, E.python(lambda raw: {**raw, "_id": 2}))
    with pytest.raises(MigrationError, match="fields: _id"):
        other.upgrade({"_id": 1, "v": 1})
    without = hop_between({"v": 1}, {"v": 2}, E.python(lambda raw: {"v": raw["v"], "a": 1}))
    assert without.upgrade({"_id": 1, "v": 1}) == {"_id": 1, "v": 2, "a": 1}


def test_steps_between_two_schemas() -> None:
    item = S.Migrate(
        {"v": S.Value(1, required=True), "a": int},
        {"v": S.Value(2, required=True), "b": int},
        E.steps(E.move("a", "b")),
    )
    assert item.validate({"v": 1, "a": 5}) == {"v": 2, "b": 5}
    assert item.validate({"v": 2, "b": 5}) == {"v": 2, "b": 5}
    with pytest.raises(Invalid):
        item.validate({"v": 3})
    with pytest.raises(E.MigrationError.__mro__[2], match="steps lead from one schema"):
        S.Migrate(int, str, E.steps(E.move("a", "b")))


def test_the_generated_code_of_a_telling_chain() -> None:
    upgrade: Any = compile_hops(chain_of(orders()[-1]).hops)
    if os.environ.get("MING_TEST_UPDATE_GOLDEN"):
        GOLDEN.write_text(upgrade.source)
    assert upgrade.source == GOLDEN.read_text()
    assert chain_of(orders()[-1]).hops[0].code().startswith("def upgrade_from_OrderV1_to_OrderV2(raw):")
