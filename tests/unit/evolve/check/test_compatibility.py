"""Who can read whose documents, steps included."""

from __future__ import annotations

from typing import Any

import pytest
from harness.chains import declare

from ming import evolve as E
from ming import schema as S
from ming._indexes import Index
from ming.evolve.check import CheckReport, check
from ming.exc import MingConfigError


def versions(*bodies: dict[str, Any]) -> Any:
    return declare(
        None, *({"_version": S.Value(number, required=True), **body} for number, body in enumerate(bodies, 1))
    )


def checked(cls: Any, **options: Any) -> CheckReport:
    return check([cls], documents=60, **options)


STATUS = {"status": S.OneOf("A", "I")}
LONG = {"status": S.OneOf("active", "inactive")}


@pytest.mark.parametrize(
    ("older", "newer", "steps", "level", "reversible"),
    [
        ({"a": str}, {"a": str}, [], "full", True),
        ({"a": str}, {"b": str}, [E.move("a", "b")], "full", True),
        ({"a": str}, {"a": str, "n": int}, [E.default("n", 0)], "full", True),
        ({"a": str}, {"a": str, "n": S.Int(required=True)}, [E.default("n", 0)], "full", True),
        ({"a": str}, {"a": str, "n": S.Int(required=True)}, [], "forward", True),
        ({"a": str, "b": str}, {"a": str}, [E.drop("b")], "full", False),
        ({"a": str, "b": S.String(required=True)}, {"a": str}, [E.drop("b")], "backward", False),
        ({"n": str}, {"n": int}, [E.convert("n", int, on_error=None)], "backward", False),
        ({"n": str}, {"n": int}, [E.convert("n", int, on_error=None, canonical=True)], "full", True),
        ({"n": str}, {"n": int}, [], "none", True),
        (STATUS, LONG, [E.map("status", {"A": "active", "I": "inactive"})], "full", True),
        (STATUS, {"status": S.OneOf("x")}, [E.map("status", {"A": "x", "I": "x"})], "backward", False),
        (LONG, {"status": S.OneOf("active", "inactive", "banned")}, [], "backward", True),
        ({"status": S.OneOf("active", "inactive", "banned")}, LONG, [], "forward", True),
    ],
)
def test_level(older: Any, newer: Any, steps: list[Any], level: str, reversible: bool) -> None:
    (chain,) = checked(versions(older, {**newer, "migrate": E.steps(*steps)})).chains
    assert (chain.compatibility.level.value, chain.compatibility.reversible) == (level, reversible)


def test_transitive_is_about_all_older_versions() -> None:
    newest = versions(
        {"n": str},
        {"n": S.Int(), "migrate": E.steps(E.convert("n", int, on_error=None))},
        {"m": S.Int(), "migrate": E.steps(E.move("n", "m"))},
    )
    (chain,) = checked(newest).chains
    assert (chain.compatibility.level.value, chain.compatibility.transitive.value) == ("full", "backward")
    assert checked(newest, compatibility="FULL").ok
    report = checked(newest, compatibility="full_transitive")
    assert [each.code for each in report if each.severity == "error"] == ["incompatible"]
    assert "V3 -> V1: n: may be int, expected null or string" in str(report)


def test_the_way_back_begins_with_the_newest_hop() -> None:
    text = S.String(required=True)
    newest = versions(
        {"a": text},
        {"b": text, "migrate": E.steps(E.move("a", "b"))},
        {"c": text, "migrate": E.steps(E.move("b", "c"))},
    )
    assert checked(newest, compatibility="full_transitive").ok


def test_a_promise_that_a_mistake_breaks() -> None:
    newest = versions(
        STATUS, {"status": S.OneOf("x"), "migrate": E.steps(E.map("status", {"A": "x", "I": "x"}))}
    )
    assert checked(newest, compatibility="backward").ok
    assert not checked(newest, compatibility="full").ok


def test_functions_are_tried_out() -> None:
    good = versions({"a": str}, {"b": str, "migrate": lambda old: {"_version": 2, "b": old["a"]}})
    bad = versions({"a": str}, {"b": str, "migrate": lambda old: {"_version": 2, "b": old["a"].upper()}})
    levels = [checked(cls).chains[0].compatibility.level.value for cls in (good, bad)]
    assert levels == ["full", "forward"]


def test_a_class_without_older_versions_is_compatible() -> None:
    (chain,) = checked(versions({"a": str})).chains
    assert chain.compatibility.level.value == "full"
    assert chain.deploy == ()


def test_no_such_compatibility() -> None:
    with pytest.raises(MingConfigError, match="'fool', expected one of none, backward, .*full_transitive"):
        check([], compatibility="fool")


def test_deploy_order() -> None:
    newest = versions({"a": str}, {"b": str, "migrate": E.steps(E.move("a", "b"))})
    newest._manager.indexes.append(Index("b"))
    newest._manager.older.indexes.append(Index("a"))
    assert checked(newest).chains[0].deploy == (
        "build the new indexes first: b",
        "deploy in any order: old and new programs can read each other's documents, taken back by the inverse",
        "run ming migrate docs: it works inside the server",
        "drop the old indexes after the run: a",
    )
