"""Making objects of stored documents, and the first look at them."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

import pytest

from ming._flows.loading import acceptance_for, loader_for
from ming.exc import Invalid
from ming.odm import FieldProperty, MappedClass, ODMSession, state
from ming.odm.base import ObjectState
from ming.odm.latent import is_latent
from ming.odm.loading import ObjectMaker


@pytest.fixture
def page(session: ODMSession) -> Any:
    owner = session

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = owner

        _id = FieldProperty(None)
        tags = FieldProperty([str])

    return Page


@pytest.fixture
def cursor(page: Any) -> Any:
    return page.query.find()


@pytest.fixture
def maker(cursor: Any) -> ObjectMaker:
    """A maker as for documents out of the driver's own batches."""
    cls = cursor.mapper.collection
    return ObjectMaker(cursor, cursor._options, loader_for(cls), acceptance_for(cls), ObjectState.reload)


def test_no_class_is_mapped_object(page: Any) -> None:
    assert not hasattr(page, "__ming__")
    assert not hasattr(page.__new__(page), "__ming__")


def test_a_document_that_comes_twice_is_one_object(maker: ObjectMaker, session: ODMSession) -> None:
    raws = [{"_id": n, "tags": []} for n in (1, 2, 1, 3)]
    one, two, again, three = maker.make_all(deque(raws))
    assert again is one
    assert list(session.uow) == [one, two, three]
    assert maker.make({"_id": 2, "tags": []}) is two


def test_ids_without_a_hash(maker: ObjectMaker, session: ODMSession, page: Any) -> None:
    raws = [{"_id": {"n": n}, "tags": []} for n in (1, 2, 1)]
    one, two, again = maker.make_all(deque(raws))
    assert (again is one, two is one) == (True, False)
    assert session.imap.get(page, {"n": 2}) is two


def test_a_batch_keeps_what_was_not_reached(maker: ObjectMaker, session: ODMSession) -> None:
    batch = deque([{"_id": 1, "tags": []}, {"_id": 2, "tags": 5}, {"_id": 3, "tags": []}])
    with pytest.raises(Invalid, match="tags"):
        maker.make_all(batch)
    assert [each._id for each in session.uow] == [1]
    assert [raw["_id"] for raw in batch] == [3]


def test_the_document_is_not_what_was_read(maker: ObjectMaker) -> None:
    raw = {"_id": 1, "tags": ["a"]}
    (obj,) = maker.make_all(deque([raw]))
    assert is_latent(obj)
    assert type(state(obj).document) is maker._mapper.collection


def test_threads_that_look_at_once_see_one_state(maker: ObjectMaker) -> None:
    objects = maker.make_all(deque({"_id": n, "tags": []} for n in range(2000)))
    barrier = threading.Barrier(4)
    seen: list[list[ObjectState]] = []

    def look() -> None:
        barrier.wait()
        seen.append([state(each) for each in objects])

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4
    for states in zip(*seen, strict=True):
        assert len(set(states)) == 1


def test_objects_are_freed_without_the_collector(maker: ObjectMaker, session: ODMSession) -> None:
    freed = []

    class Witness:
        def __del__(self) -> None:
            freed.append(1)

    objects = maker.make_all(deque({"_id": n, "tags": []} for n in range(3)))
    for each in objects:
        each.witness = Witness()
    objects[0].tags.append("x")
    del objects, each
    assert freed == []
    session.clear()
    assert len(freed) == 3
