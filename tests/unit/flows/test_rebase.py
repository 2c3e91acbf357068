"""The flow that stores a document read from the database, fed replies by hand."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from harness.chains import declare
from harness.flows import Play, matched

from ming._base_manager import manager_of
from ming._flows.documents import save
from ming._flows.exactness import ExactUpdateOne
from ming._flows.operations import Sleep
from ming._flows.origins import is_upgraded, remembers
from ming._flows.rebase import ATTEMPTS, FindAgain, store_changes, store_upgrade
from ming.exc import StaleObject

Page: Any = declare(
    None,
    {"v": 1, "name": str, "n": int},
    {"v": 2, "title": str, "n": int, "migrate": lambda old: {"title": old.name, "n": old.n}},
)
Changing: Any = declare(None, {"v": 1}, {"v": 2, "title": str, "n": int}, save="changes")

OLD = {"_id": 1, "v": 1, "name": "t", "n": 1, "z": 9}


def load(cls: Any, raw: Any) -> Any:
    return manager_of(cls).loader()(copy.deepcopy(raw))


def guard(**values: Any) -> dict[str, Any]:
    """The filter that holds as long as fields have these values; ... stands for absence."""
    conditions = [
        {"$eq": [{"$type": f"${name}"}, "missing"]}
        if value is ...
        else {"$eq": [f"${name}", {"$literal": value}]}
        for name, value in sorted(values.items())
    ]
    return {"_id": 1, "$expr": {"$and": conditions}}


UPGRADE_GUARD = guard(v=1, name="t", n=1, title=...)


def test_one_update_stores_upgrade_and_changes() -> None:
    page = load(Page, OLD)
    page.n = 5
    play = Play(save(manager_of(Page), page, (), {"comment": "c"}), matched())
    (update,) = play.operations
    assert isinstance(update, ExactUpdateOne)
    assert update.args == (
        UPGRADE_GUARD,
        {"$set": {"title": "t", "n": 5, "v": 2}, "$unset": {"name": ""}},
    )
    assert update.kwargs == {"comment": "c"}
    assert play.result.matched_count == 1
    assert not is_upgraded(page)
    assert remembers(page)
    assert page._origin.unknown == {"z": 9}


def test_a_conflict_is_read_upgraded_and_tried_again() -> None:
    page = load(Page, OLD)
    page.title = "mine"
    theirs = {**OLD, "n": 7, "z": 10}
    play = Play(save(manager_of(Page), page, (), {}), matched(0), theirs, matched())
    assert play.kinds == [ExactUpdateOne, Sleep, FindAgain, ExactUpdateOne]
    assert play.operations[2].args == ({"_id": 1},)
    assert play.operations[3].args == (
        guard(v=1, name="t", n=7, title=...),
        {"$set": {"title": "mine", "v": 2}, "$unset": {"name": ""}},
    )
    assert page == {"_id": 1, "v": 2, "title": "mine", "n": 7}
    assert page._origin.unknown == {"z": 10}


def test_a_document_that_somebody_else_upgraded_gets_the_changes_alone() -> None:
    page = load(Page, OLD)
    page.n = 5
    theirs = {"_id": 1, "v": 2, "title": "t", "n": 1, "z": 9}
    play = Play(save(manager_of(Page), page, (), {}), matched(0), theirs, matched())
    assert play.operations[-1].args == (guard(n=1, v=2), {"$set": {"n": 5}})


def test_where_others_always_come_first_it_gives_up() -> None:
    page = load(Page, OLD)
    page.title = "mine"
    conflicts: list[int] = []
    flow = store_changes(manager_of(Page), page, dict(page), {}, lambda: conflicts.append(1))
    replies = [reply for number in range(ATTEMPTS) for reply in (matched(0), {**OLD, "n": number})]
    with pytest.raises(StaleObject, match=f"in each of {ATTEMPTS} attempts") as caught:
        Play(flow, *replies)
    assert caught.value.fields == ("title",)
    assert len(conflicts) == ATTEMPTS
    # The document can still be saved later.
    assert is_upgraded(page)


def test_pauses_grow_and_stay_short() -> None:
    page = load(Page, OLD)
    replies = [reply for number in range(ATTEMPTS) for reply in (matched(0), {**OLD, "n": number})]
    pauses: list[float] = []
    with pytest.raises(StaleObject):
        Play(save(manager_of(Page), page, (), {}), *replies, pauses=pauses)
    assert len(pauses) == ATTEMPTS
    assert all(0 < pause < 0.1 for pause in pauses)
    assert sum(pauses[-3:]) > sum(pauses[:3])


def test_deleted_after_an_upgrade() -> None:
    page = load(Page, OLD)
    with pytest.raises(StaleObject, match="deleted since it was read"):
        Play(save(manager_of(Page), page, (), {}), matched(0), None)


def test_deleted_otherwise_it_is_inserted_again() -> None:
    raw = {"_id": 1, "v": 2, "title": "t", "n": 1, "z": 9}
    page = load(Changing, raw)
    page.n = 5
    play = Play(save(manager_of(Changing), page, (), {}), matched(0), None, matched(0, 1))
    insert = play.operations[-1]
    assert insert.args == ({"_id": 1}, {"$setOnInsert": {"v": 2, "title": "t", "n": 5, "z": 9}})
    assert insert.kwargs == {"upsert": True}


def test_inserted_by_somebody_else_in_the_meantime() -> None:
    raw = {"_id": 1, "v": 2, "title": "t", "n": 1}
    page = load(Changing, raw)
    page.n = 5
    replies = (matched(0), None, matched(1), matched(0), {**raw, "title": "theirs"}, matched())
    play = Play(save(manager_of(Changing), page, (), {}), *replies)
    assert play.operations[-1].args == (guard(n=1, v=2), {"$set": {"n": 5}})
    assert page.title == "theirs"


def test_an_aborted_transaction_takes_it_back() -> None:
    page = load(Page, OLD)
    page.title = "mine"
    theirs = {**OLD, "n": 7}
    play = Play(save(manager_of(Page), page, (), {}), matched(0), theirs, matched())
    (undo,) = play.undo
    undo()
    assert is_upgraded(page)
    # What others stored is where the next try starts.
    assert page._origin.snapshot == theirs


def test_an_error_leaves_the_document_as_it_was() -> None:
    page = load(Page, OLD)
    page.title = "mine"
    flow = save(manager_of(Page), page, (), {})
    next(flow)
    with pytest.raises(ZeroDivisionError):
        flow.throw(ZeroDivisionError())
    assert is_upgraded(page)
    assert page.title == "mine"


def test_an_upgrade_alone_leaves_the_programs_changes_in_memory() -> None:
    page = load(Page, OLD)
    page.title = "mine"
    play = Play(store_upgrade(manager_of(Page), page, {}), matched())
    assert play.operations[0].args[1] == {"$set": {"title": "t", "v": 2}, "$unset": {"name": ""}}
    assert page.title == "mine"
    assert page._origin.snapshot == {"_id": 1, "v": 2, "title": "t", "n": 1, "z": 9}


def test_nothing_to_do_is_an_update_that_does_nothing() -> None:
    page = load(Changing, {"_id": 1, "v": 2, "title": "t", "n": 1})
    play = Play(save(manager_of(Changing), page, (), {}), matched())
    assert play.operations[0].args == (guard(v=2), {"$setOnInsert": {"_": 0}})


def test_snapshots_are_not_shared() -> None:
    raw = {**OLD}
    page = load(Page, raw)
    snapshot = copy.deepcopy(page._origin.snapshot)
    Play(save(manager_of(Page), page, (), {}), matched(0), {**OLD, "n": 3}, matched())
    assert snapshot == OLD
    assert raw == OLD
