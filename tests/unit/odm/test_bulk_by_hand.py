"""Bulk writes of a flush, fed with the replies of servers that are hard to come by."""

from __future__ import annotations

from typing import Any

import pymongo
import pytest
from harness.stores import MimStore
from pymongo.errors import BulkWriteError, WriteConcernError, WriteError, WTimeoutError
from pymongo.results import BulkWriteResult, UpdateResult

from ming import create_datastore
from ming._flows.operations import BulkWrite, CallHook
from ming.odm import FieldProperty, MappedClass, ODMSession, state
from ming.odm.flush import flush
from ming.odm.registry import REGISTRY


@pytest.fixture
def session() -> Any:
    store = MimStore()
    with REGISTRY.preserved():
        yield ODMSession(bind=create_datastore(store.uri()))
    store.drop()


@pytest.fixture
def pages(session: Any) -> list[Any]:
    class Page(MappedClass):
        class __mongometa__:
            name = "page"

        _id = FieldProperty(int)
        title = FieldProperty(str)
        tags = FieldProperty([str])

    Page.query.session = session
    made = [Page(_id=n, title="old") for n in range(4)]
    session.flush()
    for each in made:
        each.title = "new"
    return made


def statuses(pages: Any) -> list[str]:
    return [state(each).status for each in pages]


def refused(index: int, code: int) -> BulkWriteError:
    return BulkWriteError({"writeErrors": [{"index": index, "code": code, "errmsg": "refused"}]})


def test_single_writes_take_over_where_an_upsert_needs_a_shard_key(session: Any, pages: Any) -> None:
    flow = flush(session)
    sent = next(flow)
    assert isinstance(sent, BulkWrite)
    assert len(sent.args[0]) == 4
    alone = flow.throw(refused(1, 61))
    assert statuses(pages) == ["clean", "dirty", "dirty", "dirty"]
    for each in pages[1:3]:
        assert alone == CallHook(session.update_now, each, state(each))
        alone = flow.send(alone.perform(session))
        assert state(each).status == "clean"
    with pytest.raises(StopIteration):
        flow.send(alone.perform(session))
    assert session.db.page.count_documents({"title": "new"}) == 3


def test_other_errors_are_those_of_a_single_write(session: Any, pages: Any) -> None:
    flow = flush(session)
    next(flow)
    with pytest.raises(WriteError, match="refused") as caught:
        flow.throw(refused(2, 121))
    assert (caught.value.code, caught.value.args[-2]) == (121, "Page 2")
    assert statuses(pages) == ["clean", "clean", "dirty", "dirty"]


@pytest.mark.parametrize(("code", "kind"), [(64, WTimeoutError), (100, WriteConcernError)])
def test_what_too_few_members_have_written_is_written(session: Any, pages: Any, code: int, kind: Any) -> None:
    flow = flush(session)
    next(flow)
    details = {"writeErrors": [], "writeConcernErrors": [{"code": code, "errmsg": "waited"}]}
    with pytest.raises(kind, match="waited"):
        flow.throw(BulkWriteError(details))
    assert statuses(pages) == ["clean"] * 4


def test_an_error_without_a_reply_leaves_everything_pending(session: Any, pages: Any) -> None:
    flow = flush(session)
    next(flow)
    with pytest.raises(pymongo.errors.AutoReconnect):
        flow.throw(pymongo.errors.AutoReconnect("gone"))
    assert statuses(pages) == ["dirty"] * 4
    assert session.uow.in_progress == set()


def test_messages_are_of_a_limited_number_of_writes(session: Any, pages: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("ming.odm.bulk.SIZE", 3)
    flow = flush(session)
    assert len(next(flow).args[0]) == 3
    alone = flow.send(BulkWriteResult({"nMatched": 3}, acknowledged=True))
    assert alone == CallHook(session.update_now, pages[3], state(pages[3]))


def test_single_writes_report_an_unmet_write_concern_after_writing(session: Any, pages: Any) -> None:
    from ming.odm import flows

    flow = flows.update(session, pages[0], {})
    next(flow)
    with pytest.raises(WriteConcernError):
        flow.throw(WriteConcernError("waited", 100))
    assert state(pages[0]).status == "clean"


def test_an_unacknowledged_write_is_taken_for_done(session: Any, pages: Any) -> None:
    from ming.odm import flows

    flow = flows.update(session, pages[0], {"w": 0})
    assert next(flow).kwargs == {"w": 0}
    with pytest.raises(StopIteration):
        flow.send(UpdateResult({}, acknowledged=False))
    assert state(pages[0]).status == "clean"
