"""The flow behind ``m.migrate()``, fed replies by hand."""

from __future__ import annotations

from typing import Any

import pytest
from harness.chains import declare
from pymongo.errors import AutoReconnect, WriteError
from pymongo.results import UpdateResult

from ming import schema as S
from ming._base_manager import manager_of
from ming._flows.migration import migrate
from ming._flows.operations import ReplaceOne, Sleep, UpdateOne
from ming._flows.rebase import FindAgain
from ming._flows.streams import OpenFind, TakeBatch
from ming._flows.undo import OnAbort
from ming.exc import MongoGone

Page: Any = declare(None, {"v": 1, "a": int}, {"v": 2, "b": int, "migrate": lambda old: {"b": old.a}})


class Play:
    """Runs the flow over batches of raw documents; what it does in between is answered by a function."""

    def __init__(self, cls: Any, batches: list[list[Any]], answer: Any) -> None:
        self.operations: list[Any] = []
        self.report: Any = None
        pending = iter([*batches, []])
        flow = migrate(manager_of(cls))
        try:
            operation = next(flow)
            while True:
                self.operations.append(operation)
                if isinstance(operation, OpenFind):
                    reply = "cursor"
                elif isinstance(operation, TakeBatch):
                    assert operation.cursor == "cursor"
                    reply = next(pending)
                elif isinstance(operation, (Sleep, OnAbort)):
                    reply = None
                else:
                    reply = answer(operation)
                if isinstance(reply, Exception):
                    operation = flow.throw(reply)
                else:
                    operation = flow.send(reply)
        except StopIteration as done:
            self.report = done.value

    @property
    def query(self) -> Any:
        return self.operations[0].args[0]


def stored(operation: Any) -> Any:
    assert isinstance(operation, (UpdateOne, ReplaceOne))
    return UpdateResult({"n": 1, "nModified": 1}, True)


@pytest.mark.parametrize(
    ("bodies", "query"),
    [
        (({"v": 1}, {"v": 2}), {"v": {"$ne": 2}}),
        (({}, {"v": "new"}), {"v": {"$ne": "new"}}),
        (({"v": 1}, {"v": 2}, {"v": 2}), {}),
        (({"v": 1}, {"n": int}), {}),
        (({"v": 1, "w": 1}, {"v": 2, "w": 2}), {}),
        (({"a": int}, {"b": int}), {}),
        (({"v": int}, {"v": S.Value(2, required=True)}), {"v": {"$ne": 2}}),
    ],
)
def test_newest_documents_are_left_out_where_one_stamp_shows_them(bodies: Any, query: Any) -> None:
    assert Play(declare(None, *bodies), [], stored).query == query


def test_documents_come_in_the_order_of_their_id() -> None:
    assert Play(Page, [], stored).operations[0].kwargs == {"sort": [("_id", 1)]}


def test_batches_are_read_to_the_end() -> None:
    raws = [[{"_id": 2 * batch + number, "v": 1, "a": 1} for number in range(2)] for batch in range(3)]
    play = Play(Page, raws, stored)
    assert (play.report.seen, play.report.changed) == (6, 6)
    assert sum(isinstance(operation, UpdateOne) for operation in play.operations) == 6


def test_what_did_not_change_is_not_counted() -> None:
    play = Play(
        Page, [[{"_id": 1, "v": 1, "a": 1}]], lambda operation: UpdateResult({"n": 1, "nModified": 0}, True)
    )
    assert (play.report.seen, play.report.changed) == (1, 0)


def test_writes_nobody_waits_for_count_as_done() -> None:
    play = Play(Page, [[{"_id": 1, "v": 1, "a": 1}]], lambda operation: UpdateResult({}, False))
    assert play.report.changed == 1


def test_a_refused_write_is_reported() -> None:
    error = WriteError("no", 121)
    play = Play(Page, [[{"_id": 1, "v": 1, "a": 1}, {"_id": 2, "v": 1, "a": "x"}]], lambda operation: error)
    assert [document_id for document_id, _ in play.report.refused] == [1, 2]
    assert play.report.refused[0][1] is error


@pytest.mark.parametrize("error", [AutoReconnect("gone"), MongoGone("gone")])
def test_a_lost_connection_ends_the_run(error: Exception) -> None:
    with pytest.raises(type(error)):
        Play(Page, [[{"_id": 1, "v": 1, "a": 1}]], lambda operation: error)


def test_a_document_deleted_meanwhile_is_no_refusal() -> None:
    def deleted(operation: Any) -> Any:
        return None if isinstance(operation, FindAgain) else UpdateResult({"n": 0, "nModified": 0}, True)

    report = Play(Page, [[{"_id": 1, "v": 1, "a": 1}]], deleted).report
    assert (report.seen, report.changed, report.conflicts, report.refused) == (1, 0, 1, [])


def test_a_class_without_older_versions_replaces_each_document() -> None:
    cls = declare(None, {"n": S.Int(if_missing=7)})
    play = Play(cls, [[{"_id": 1, "z": 1}]], stored)
    (replace,) = [operation for operation in play.operations if isinstance(operation, ReplaceOne)]
    assert replace.args == ({"_id": 1}, {"_id": 1, "n": 7, "z": 1})
    assert play.query == {}
