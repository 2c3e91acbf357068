"""`mim.Cursor` and `mim.AsyncCursor`."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from harness.awaited import Awaited
from pymongo import ASCENDING, DESCENDING, CursorType
from pymongo.errors import InvalidOperation, OperationFailure

from ming import mim


@pytest.fixture(params=["sync", "async"])
def coll(request: pytest.FixtureRequest) -> Any:
    return _filled(Awaited(mim.Connection().db.things) if request.param == "sync" else _async_things())


@pytest.fixture
def things() -> mim.Collection:
    made = mim.Connection().db.things
    made.insert_many([{"_id": number, "even": number % 2 == 0} for number in range(6)])
    return made


def _async_things() -> mim.AsyncCollection:
    return mim.AsyncConnection().db.things


def _filled(coll: Any) -> Any:
    target = coll._target if isinstance(coll, Awaited) else coll._inner
    target.insert_many([{"_id": number, "even": number % 2 == 0} for number in range(6)])
    return coll


async def _ids(cursor: Any) -> list[int]:
    return [document["_id"] async for document in cursor]


async def test_iterates_in_insertion_order(coll: Any) -> None:
    assert await _ids(coll.find()) == [0, 1, 2, 3, 4, 5]


async def test_iterator(coll: Any) -> None:
    assert await _ids(coll.find().limit(2).iterator) == [0, 1]


async def test_limit(coll: Any) -> None:
    assert await _ids(coll.find().limit(2)) == [0, 1]
    assert await _ids(coll.find().limit(-2)) == [0, 1]
    assert len(await _ids(coll.find().limit(2).limit(0))) == 6


async def test_skip(coll: Any) -> None:
    assert await _ids(coll.find().skip(4)) == [4, 5]
    with pytest.raises(ValueError, match="skip"):
        coll.find().skip(-1)
    with pytest.raises(TypeError):
        coll.find().skip("1")


@pytest.mark.parametrize(
    "arguments",
    [("_id", DESCENDING), ([("_id", -1)],), ({"_id": -1},), ([("even", ASCENDING), ("_id", -1)],)],
)
async def test_sort(coll: Any, arguments: Any) -> None:
    last_first = await _ids(coll.find({"even": True}).sort(*arguments))
    assert last_first == [4, 2, 0]


async def test_sort_by_bare_names(coll: Any) -> None:
    assert await _ids(coll.find().sort(["even", "_id"])) == [1, 3, 5, 0, 2, 4]


async def test_next_then_the_end(coll: Any) -> None:
    cursor = coll.find({"_id": 1})
    assert await cursor.next() == {"_id": 1, "even": False}
    end = StopIteration if isinstance(coll, Awaited) else StopAsyncIteration
    if end is StopAsyncIteration:
        with pytest.raises(end):
            await cursor.next()
    else:
        with pytest.raises(end):
            cursor._target.next()


async def test_options_are_refused_once_it_began(coll: Any) -> None:
    cursor = coll.find()
    await cursor.next()
    for name, argument in [("limit", 1), ("skip", 1), ("sort", "_id"), ("hint", "_id_"), ("batch_size", 2)]:
        with pytest.raises(InvalidOperation):
            getattr(cursor, name)(argument)


async def test_to_list(coll: Any) -> None:
    cursor = coll.find()
    assert len(await cursor.to_list(2)) == 2
    assert len(await cursor.to_list()) == 4
    assert await cursor.to_list() == []


async def test_all(coll: Any) -> None:
    assert await coll.find({"even": True}).all() == [{"_id": n, "even": True} for n in (0, 2, 4)]


async def test_results_are_copies(coll: Any) -> None:
    for document in await coll.find().all():
        document["even"] = "changed"
    assert await coll.count_documents({"even": "changed"}) == 0


async def test_closed_has_no_more(coll: Any) -> None:
    cursor = coll.find()
    await cursor.next()
    await cursor.close()
    assert await cursor.to_list() == []
    assert cursor.alive is False


async def test_leaving_with_closes(coll: Any) -> None:
    async with coll.find() as cursor:
        await cursor.next()
    assert await cursor.to_list() == []


def test_closed_raises_stop_iteration(things: mim.Collection) -> None:
    with things.find() as cursor:
        cursor.next()
    with pytest.raises(StopIteration):
        cursor.next()


async def test_rewind(coll: Any) -> None:
    cursor = coll.find().limit(2)
    await cursor.to_list()
    rewound = await cursor.rewind()
    assert await _ids(rewound) == [0, 1]
    await cursor.rewind()
    assert len(await cursor.limit(3).to_list()) == 3


def test_rewind_returns_itself(things: mim.Collection) -> None:
    cursor = things.find()
    assert cursor.rewind() is cursor


async def test_clone_is_unread(coll: Any) -> None:
    cursor = coll.find().sort("_id", -1).limit(3)
    await cursor.next()
    assert await _ids(cursor.clone()) == [5, 4, 3]


def test_copies_are_clones(things: mim.Collection) -> None:
    cursor = things.find().limit(1)
    cursor.next()
    assert len(list(copy.copy(cursor))) == len(list(copy.deepcopy(cursor))) == 1


async def test_alive(coll: Any) -> None:
    cursor = coll.find({"_id": 1})
    assert cursor.alive
    await cursor.next()
    assert not cursor.alive


async def test_reads_at_first_use(coll: Any) -> None:
    cursor = coll.find()
    await coll.insert_one({"_id": 6})
    assert len(await cursor.to_list()) == 7


async def test_inserting_while_open(coll: Any) -> None:
    async for document in coll.find():
        await coll.insert_one({"_id": document["_id"] + 10})
    assert await coll.count_documents({}) == 12


def test_item_does_not_use_the_cursor_up(things: mim.Collection) -> None:
    cursor = things.find().sort("_id", -1)
    assert cursor[1]["_id"] == 4
    assert next(cursor)["_id"] == 5
    assert cursor[0]["_id"] == 5


def test_item_counts_from_skip(things: mim.Collection) -> None:
    assert things.find().skip(2)[1]["_id"] == 3


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (slice(1, 3), [1, 2]),
        (slice(4, None), [4, 5]),
        (slice(None, 2), [0, 1]),
        (slice(1, 5, 2), [1, 2, 3, 4]),
        (slice(2, 2), []),
    ],
)
def test_slice_is_a_new_cursor(things: mim.Collection, part: slice, expected: list[int]) -> None:
    cursor = things.find()
    sliced = cursor[part]
    assert sliced is not cursor
    assert [document["_id"] for document in sliced] == expected
    assert len(list(cursor)) == 6


def test_bad_items(things: mim.Collection) -> None:
    with pytest.raises(TypeError):
        things.find()["a"]  # type: ignore[call-overload]
    for index in 100, -1, slice(-2, None), slice(3, 1):
        with pytest.raises(IndexError):
            things.find()[index]


async def test_async_cursors_have_no_items() -> None:
    with pytest.raises(IndexError):
        _async_things().find()[0]


async def test_distinct_over_the_results(coll: Any) -> None:
    assert await coll.find({"even": True}).distinct("_id") == [0, 2, 4]
    assert await coll.find({"even": True}).sort("_id", -1).limit(2).distinct("_id") == [2, 4]


def test_distinct_asks_the_collection(things: mim.Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mim.Collection, "distinct", lambda self, key, filter: [key, filter])
    assert things.find({"a": 1}).distinct("b") == ["b", {"a": 1}]


async def test_harmless_options(coll: Any) -> None:
    cursor = (
        coll.find()
        .batch_size(2)
        .max_time_ms(1000)
        .max_await_time_ms(10)
        .comment("why")
        .collation(None)
        .allow_disk_use(True)
        .remove_option(16)
    )
    await cursor.add_option(16)
    assert len(await cursor.to_list()) == 6


async def test_where_is_not_built(coll: Any) -> None:
    with pytest.raises(NotImplementedError, match=r"\$where"):
        await coll.find().where("this.a").to_list()


# -- hint


async def test_hint_knows_indexes(coll: Any) -> None:
    await coll.create_index([("even", 1), ("_id", -1)])
    for hint in (None, [("$natural", 1)], [("$natural", -1)], "even__id", [("even", 1), ("_id", -1)]):
        assert len(await coll.find().hint(hint).to_list()) == 6


@pytest.mark.parametrize("hint", ["nope", [("even", 1)], [("even", 1), ("_id", 1)]])
async def test_bad_hint_at_once(coll: Any, hint: Any) -> None:
    await coll.create_index([("even", 1), ("_id", -1)])
    with pytest.raises(OperationFailure, match=r"bad hint.*even__id"):
        coll.find().hint(hint)


@pytest.mark.parametrize("hint", [5, 1.5, {"even": 1}])
async def test_hint_of_another_type(coll: Any, hint: Any) -> None:
    with pytest.raises(TypeError):
        coll.find().hint(hint)


def test_strict_hint_fails_on_use() -> None:
    cursor = mim.Connection(strict=True).db.things.find().hint("nope")
    cursor.collection.insert_one({})
    with pytest.raises(OperationFailure):
        cursor.next()


# -- options of find


@pytest.mark.parametrize("method", ["find", "find_one", "count_documents", "estimated_document_count"])
async def test_unknown_option_at_the_call(coll: Any, method: str) -> None:
    with pytest.raises(TypeError, match="nonsense"):
        await getattr(coll, method)(nonsense=1)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"cursor_type": "x"}, ValueError),
        ({"sort": "a"}, TypeError),
        ({"skip": "1"}, TypeError),
        ({"limit": "1"}, TypeError),
        ({"batch_size": -1}, ValueError),
        ({"no_cursor_timeout": 1}, TypeError),
        ({"allow_disk_use": "yes"}, TypeError),
        ({"projection": 5}, TypeError),
        ({"collation": 5}, TypeError),
        ({"let": 5}, TypeError),
        ({"hint": 5}, TypeError),
        ({"filter": [1]}, TypeError),
    ],
)
async def test_bad_option_at_the_call(coll: Any, options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        coll.find(**options)


@pytest.mark.parametrize("method", ["find", "find_one", "count_documents"])
async def test_accepted_options(coll: Any, method: str) -> None:
    options = {
        "sort": [("_id", 1)],
        "hint": None,
        "batch_size": 2,
        "cursor_type": CursorType.EXHAUST,
        "allow_disk_use": True,
        "collation": None,
        "comment": "why",
        "session": None,
        "max_time_ms": 1000,
        "let": {"x": 1},
        "no_cursor_timeout": True,
        "allow_partial_results": True,
    }
    result = getattr(coll, method)({}, **options)
    if method == "find":
        assert len(await result.to_list()) == 6
    else:
        assert await result


def test_what_is_no_session_is_refused(things: mim.Collection) -> None:
    with pytest.raises(ValueError, match="'session' argument must be a ClientSession"):
        things.find(session=object()).to_list()
