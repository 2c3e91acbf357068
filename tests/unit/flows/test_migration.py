"""The flows that load and save documents one by one, fed replies by hand."""

from __future__ import annotations

from typing import Any

import pytest
from harness.chains import declare
from pymongo.errors import AutoReconnect, WriteError
from pymongo.results import UpdateResult

from ming import schema as S
from ming._base_manager import manager_of
from ming._flows.migration import migrate_one, normalise
from ming._flows.operations import ReplaceOne, Sleep, UpdateOne
from ming._flows.rebase import FindAgain
from ming._flows.streams import OpenFind, TakeBatch
from ming._flows.undo import OnAbort
from ming.evolve.runs import Tally
from ming.exc import MongoGone

Page: Any = declare(None, {"n": S.Int(if_missing=7)})


class Play:
    """Runs a flow; what it asks for is answered by a function, but for the batches it reads."""

    def __init__(self, flow: Any, batches: list[list[Any]], answer: Any) -> None:
        self.operations: list[Any] = []
        self.result: Any = None
        pending = iter([*batches, []])
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
            self.result = done.value


def normalised(batches: list[list[Any]], answer: Any) -> Play:
    return Play(normalise(manager_of(Page)), batches, answer)


def stored(operation: Any) -> Any:
    assert isinstance(operation, (UpdateOne, ReplaceOne))
    return UpdateResult({"n": 1, "nModified": 1}, True)


def test_all_documents_come_in_the_order_of_their_id() -> None:
    opening = normalised([], stored).operations[0]
    assert opening.args == ({},)
    assert opening.kwargs == {"sort": [("_id", 1)]}


def test_batches_are_read_to_the_end() -> None:
    raws = [[{"_id": 2 * batch + number} for number in range(2)] for batch in range(3)]
    play = normalised(raws, stored)
    assert (play.result.seen, play.result.changed) == (6, 6)
    assert sum(isinstance(operation, ReplaceOne) for operation in play.operations) == 6


def test_each_document_is_replaced_by_its_normal_form() -> None:
    play = normalised([[{"_id": 1, "z": 1}]], stored)
    (replace,) = [operation for operation in play.operations if isinstance(operation, ReplaceOne)]
    assert replace.args == ({"_id": 1}, {"_id": 1, "n": 7, "z": 1})


def test_what_did_not_change_is_not_counted() -> None:
    play = normalised([[{"_id": 1}]], lambda operation: UpdateResult({"n": 1, "nModified": 0}, True))
    assert (play.result.seen, play.result.changed) == (1, 0)


def test_writes_nobody_waits_for_count_as_done() -> None:
    assert normalised([[{"_id": 1}]], lambda operation: UpdateResult({}, False)).result.changed == 1


def test_a_refused_write_is_reported() -> None:
    error = WriteError("no", 121)
    report = normalised([[{"_id": 1}, {"_id": 2, "n": "x"}]], lambda operation: error).result
    assert [document_id for document_id, _ in report.refused] == [1, 2]
    assert report.refused[0][1] is error
    assert report.refused_count == 2


@pytest.mark.parametrize("error", [AutoReconnect("gone"), MongoGone("gone")])
def test_a_lost_connection_is_an_end(error: Exception) -> None:
    with pytest.raises(type(error)):
        normalised([[{"_id": 1}]], lambda operation: error)


def test_a_document_deleted_meanwhile_is_gone() -> None:
    def deleted(operation: Any) -> Any:
        return None if isinstance(operation, FindAgain) else UpdateResult({"n": 0, "nModified": 0}, True)

    cls = declare(None, {"v": 1, "a": int}, {"v": 2, "b": int, "migrate": lambda old: {"b": old.a}})
    tally = Tally()
    play = Play(migrate_one(manager_of(cls), {"_id": 1, "v": 1, "a": 1}, tally), [], deleted)
    assert (play.result, tally.conflicts) == ("gone", 1)
