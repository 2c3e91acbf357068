"""What a run has to do, as told by the classes."""

from __future__ import annotations

from typing import Any

import pytest
from harness.bulk import people
from harness.chains import declare

from ming import evolve as E
from ming import schema as S
from ming._base_manager import manager_of
from ming.evolve.runs.plan import RunPlan, plan_run


def plan(*bodies: Any, **options: Any) -> RunPlan:
    return plan_run(manager_of(declare(None, *bodies, **options)))


@pytest.mark.parametrize(
    ("bodies", "query"),
    [
        (({"v": 1}, {"v": 2}), {"v": {"$nin": [2]}}),
        (({}, {"v": "new"}), {"v": {"$nin": ["new"]}}),
        (({"v": 1}, {"v": 2}, {"v": 2}), {}),
        (({"v": 1}, {"n": int}), {}),
        (({"v": 1, "w": 1}, {"v": 2, "w": 2}), {}),
        (({"a": int}, {"b": int}), {}),
        (({"v": int}, {"v": S.Value(2, required=True)}), {"v": {"$nin": [2]}}),
    ],
)
def test_newest_documents_are_left_out_where_one_stamp_shows_them(bodies: Any, query: Any) -> None:
    assert plan(*bodies).outdated == query


def test_newer_documents_are_none_of_its_business() -> None:
    assert plan_run(manager_of(people(None)), to=2).outdated == {"_version": {"$nin": [2, 3]}}


STEPS = E.steps(E.move("a", "b"))
OLD, NEW = {"v": 1, "a": int}, {"v": 2, "b": int, "migrate": STEPS}


def test_steps_are_made_by_the_server() -> None:
    found = plan(OLD, NEW)
    assert found.python_reason is None
    (upgrade,) = found.in_server
    assert (upgrade.version.name, upgrade.stamp) == ("V1", 1)
    source, _, *absent = upgrade.filter["$and"]
    assert source == {"v": 1}
    # A key of a newer version may be in the way of steps.
    assert absent == [{"b": {"$exists": False}}]


@pytest.mark.parametrize(
    ("bodies", "is_proved"),
    [
        ((OLD, NEW), True),
        (({"v": 1, "a": str}, NEW), False),
        (({"v": 1}, {"v": 2, "b": S.Int(required=True), "migrate": E.steps(E.default("b", 0))}), True),
        (({"v": 1}, {"v": 2, "b": S.Int(required=True), "migrate": E.steps(E.drop("a"))}), False),
        (
            (
                {"v": 1, "a": [int]},
                {
                    "v": 2,
                    "a": [int],
                    "migrate": E.steps(E.expr("a", {"$slice": ["$a", 1]}, lambda raw: raw["a"][:1])),
                },
            ),
            False,
        ),
    ],
)
def test_what_the_types_do_not_prove_is_looked_at(bodies: Any, is_proved: bool) -> None:
    (upgrade,) = plan(*bodies).in_server
    assert (upgrade.misfits is None) is is_proved


def test_an_older_version_takes_all_hops_at_once() -> None:
    found = plan(OLD, NEW, {"v": 3, "c": int, "migrate": E.steps(E.move("b", "c"))})
    first, second = found.in_server
    assert first.stages[len(first.stages) - len(second.stages) :] == second.stages
    assert len(first.stages) > len(second.stages)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"before_save": print}, "V2 has a before_save hook"),
        ({"unknown": "strip"}, "V2 says unknown = 'strip'"),
        ({"unknown": "forbid"}, "V2 says unknown = 'forbid'"),
        ({"polymorphic_on": "b"}, "V2 is polymorphic"),
    ],
)
def test_classes_that_want_to_see_their_documents(options: Any, reason: str) -> None:
    found = plan(OLD, NEW, **options)
    assert (found.python_reason, found.in_server) == (reason, ())
    assert found.singly is ("before_save" in options)


def test_functions_are_run_in_python() -> None:
    found = plan(OLD, {"v": 2, "b": int, "migrate": lambda old: {"b": old.a}})
    assert found.python_reason == "V2 declares an opaque migrate function"
    assert found.in_server == ()


def test_versions_after_the_last_function_are_the_servers() -> None:
    found = plan(OLD, {"v": 2, "b": int}, {"v": 3, "c": int, "migrate": E.steps(E.move("b", "c"))})
    assert [upgrade.version.name for upgrade in found.in_server] == ["V2"]
    assert found.python_reason == "V2 declares an opaque migrate function"


def test_documents_without_a_stamp_are_read_unless_the_class_says_what_they_are() -> None:
    found = plan({"a": int}, NEW)
    assert found.in_server == ()
    assert found.python_reason == "no stamp tells which documents are of V1"


def test_no_key_of_an_unstamped_document_may_speak_for_another_version() -> None:
    new = {"v": 2, "b": int, "d": {"x": int, "y": int}, "l": [{"y": int}]}
    cls = declare(
        None,
        {"a": int, "d": {"x": int}, "l": [{"x": int}]},
        {**new, "migrate": E.steps(E.move("a", "b"))},
    )
    manager = manager_of(cls)
    manager.declaration.unstamped = manager.declaration.version_of
    manager.forget_schema()
    (upgrade,) = plan_run(manager).in_server
    assert upgrade.stamp is None
    source, _, *absent = upgrade.filter["$and"]
    assert source == {"v": None}
    assert absent == [{path: {"$exists": False}} for path in ("v", "b", "d.y", "l.y")]
