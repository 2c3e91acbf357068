"""Pages of a cursor: walking them gives exactly the whole sorted result."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

import bson
import pytest
from bson import Binary, Decimal128, Int64, MaxKey, MinKey, ObjectId, Timestamp
from harness.counting import Queries
from harness.faces import SyncFace
from harness.odm import OdmFace
from harness.stores import Store
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ming import schema as S
from ming.odm import FieldProperty, ForeignIdProperty, MappedClass, RelationProperty
from ming.odm.registry import REGISTRY


def declare(declared: Any) -> Any:
    class Item(MappedClass):
        class __mongometa__:
            name = "item"
            session = declared

        _id = FieldProperty(S.Anything)
        a = FieldProperty(S.Anything, if_missing=S.Missing)
        b = FieldProperty(S.Anything, if_missing=S.Missing)
        parent_id = ForeignIdProperty("Item")
        parent = RelationProperty("Item", via=("parent_id", True))

    return Item


@pytest.fixture
def item(odm: OdmFace) -> Any:
    return declare(odm.declared)


async def filled(odm: OdmFace, **fields: Any) -> None:
    """Items 0 to 9 with values of fields in turn."""
    documents = [
        {"_id": number, **{name: values[number % len(values)] for name, values in fields.items()}}
        for number in range(10)
    ]
    await odm.raw.item.insert_many(documents)


async def walked(cursor: Any, size: int) -> list[Any]:
    """The ids of all pages, one after the other."""
    found: list[Any] = []
    token = None
    while True:
        page = cursor.limit(size).after(token)
        ids = [each._id for each in await page.all()]
        if not ids:
            assert page.token is None
            return found
        found += ids
        token = page.token


def ids_of(objects: Any) -> list[Any]:
    return [each._id for each in objects]


# -- by number ----------------------------------------------------------------------------------------


async def test_pages_by_number(odm: OdmFace, item: Any) -> None:
    await filled(odm, a=[2, 1])
    pages = [await odm.session.find(item).sort("a", -1).page(number, 4).all() for number in (1, 2, 3, 4)]
    assert [ids_of(page) for page in pages] == [[8, 6, 4, 2], [0, 9, 7, 5], [3, 1], []]
    cursor = odm.session.find(item, {"a": 1}).sort("a").page(2, 2)
    assert await cursor.count() == 5
    assert ids_of(await cursor.all()) == [5, 7]
    assert ids_of(await odm.session.find(item, {}, sort=[("a", 1), ("_id", -1)]).page(1, 3).all()) == [
        9,
        7,
        5,
    ]


@pytest.mark.parametrize(("number", "size"), [(0, 5), (-1, 5), (1, 0), (1, -1)])
async def test_pages_count_from_one(odm: OdmFace, item: Any, number: int, size: int) -> None:
    with pytest.raises(ValueError, match="count from 1"):
        odm.declared.find(item).page(number, size)


async def test_from_a_numbered_page_one_can_walk_on(odm: OdmFace, item: Any) -> None:
    await filled(odm, a=[1])
    page = odm.session.find(item).sort("a").page(2, 3)
    assert ids_of(await page.all()) == [3, 4, 5]
    assert ids_of(await odm.session.find(item).sort("a").limit(3).after(page.token).all()) == [6, 7, 8]


# -- from where the last one ended --------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 3, 10, 11])
@pytest.mark.parametrize(
    "sort", [[], [("a", 1)], [("b", -1), ("a", 1)], [("a", -1), ("_id", 1)], [("_id", -1)]]
)
async def test_walking_pages_gives_everything_in_order(odm: OdmFace, item: Any, sort: Any, size: int) -> None:
    await filled(odm, a=[1, 2, 2], b=["x", None])
    whole = [
        document["_id"]
        async for document in odm.raw.item.find().sort([*sort, ("_id", (sort or [("", 1)])[-1][1])])
    ]
    cursor = odm.session.find(item)
    assert await walked(cursor.sort(sort) if sort else cursor, size) == whole


async def test_what_comes_and_goes_moves_nothing_else(odm: OdmFace, item: Any) -> None:
    await filled(odm, a=[1])
    page = odm.session.find(item).sort("a").limit(4).after()
    assert ids_of(await page.all()) == [0, 1, 2, 3]
    await odm.raw.item.delete_many({"_id": {"$in": [1, 3, 5]}})
    await odm.raw.item.insert_many([{"_id": -1, "a": 1}, {"_id": 4.5, "a": 1}])
    following = odm.session.find(item).sort("a").limit(4).after(page.token)
    assert ids_of(await following.all()) == [4, 4.5, 6, 7]


async def test_the_query_and_all_options_stay(odm: OdmFace, item: Any) -> None:
    await filled(odm, a=[1, 2], parent_id=[3])
    cursor = odm.session.find(item, {"a": 2}, {"a": 1, "parent_id": 1}).sort("_id").limit(2)
    cursor = cursor.options(load=["parent"], decorate=lambda obj: (obj._id, obj.parent._id))
    page = cursor.after()
    assert await page.all() == [(1, 3), (3, 3)]
    page = cursor.after(page.token)
    assert await page.all() == [(5, 3), (7, 3)]


async def test_a_token_is_of_what_was_handed_out(odm: OdmFace, item: Any) -> None:
    await filled(odm, a=[1], parent_id=[3])
    for options in ({}, {"load": ["parent"]}):
        page = odm.session.find(item, {}, **options).sort("a").after()
        assert page.token is None
        assert (await page.first())._id == 0
        assert (await page.next())._id == 1
        assert ids_of(await odm.session.find(item).sort("a").limit(2).after(page.token).all()) == [2, 3]
        await page.rewind()
        assert page.token is None


async def test_tokens_can_be_parts_of_urls(odm: OdmFace, item: Any) -> None:
    await filled(odm, a=["ÿ?>~/+", "é&="])
    page = odm.session.find(item).sort("a").limit(1).after()
    await page.all()
    assert re.fullmatch(r"[\w-]+", page.token, re.ASCII)


async def test_where_a_page_ends_is_what_is_stored(odm: OdmFace, item: Any) -> None:
    await filled(odm, a=[1, 2])
    for obj in await odm.session.find(item).all():
        obj.a = 7
    page = odm.session.find(item).sort("a").limit(5).after()
    assert ids_of(await page.all()) == [0, 2, 4, 6, 8]
    assert ids_of(await odm.session.find(item).sort("a").after(page.token).all()) == [1, 3, 5, 7, 9]


async def test_a_collation_holds_for_pages(odm: OdmFace, item: Any) -> None:
    await filled(odm, a=["b", "B", "a", "A", "c"])
    collation = {"locale": "en", "strength": 2}
    whole = [
        each["_id"] async for each in odm.raw.item.find({}, collation=collation).sort([("a", 1), ("_id", 1)])
    ]
    assert await walked(odm.session.find(item, {}, collation=collation).sort("a"), 3) == whole


async def test_an_index_is_used_from_where_the_page_ended(odm: OdmFace, item: Any, store: Store) -> None:
    if store.kind == "mim":
        pytest.skip("the embedded engine's plans are not the server's")
    await odm.raw.item.insert_many([{"_id": number, "a": number // 10} for number in range(1000)])
    await odm.raw.item.create_index([("a", 1), ("_id", 1)])
    for way in (1, -1):
        page = odm.session.find(item).sort("a", way).skip(0).limit(1)
        queries = Queries(odm)
        middle = odm.session.find(item).sort("a", way).page(501, 1)
        await middle.all()
        page = odm.session.find(item).sort("a", way).limit(10).after(middle.token)
        await page.all()
        query = queries.asked[-1][1]
        command = {"find": "item", "filter": query, "sort": {"a": way, "_id": way}, "limit": 10}
        plan = await odm.raw.command({"explain": command, "verbosity": "executionStats"})
        assert plan["executionStats"]["totalDocsExamined"] == 10
        assert plan["executionStats"]["totalKeysExamined"] < 20


# -- bad input ----------------------------------------------------------------------------------------


async def test_tokens_that_do_not_fit_are_refused(odm: OdmFace, item: Any) -> None:
    await filled(odm, a=[1])
    page = odm.session.find(item).sort("a").after()
    await page.first()
    token = page.token
    for other in (
        odm.declared.find(item),
        odm.declared.find(item).sort("a", -1),
        odm.declared.find(item).sort("b"),
    ):
        with pytest.raises(ValueError, match="the token is of pages sorted by"):
            other.after(token)
    for bad in ("", "x", token[:-3], "ÿ", "A" * 40, "BQAAAAA", token[4:]):
        with pytest.raises(ValueError, match="is not the token of a page"):
            odm.declared.find(item).sort("a").after(bad)


async def test_what_pages_say_themselves_is_refused(odm: OdmFace, item: Any) -> None:
    find = odm.declared.find
    for cursor in (find(item).skip(1), find(item, {}, skip=1), find(item, {}, None, 1)):
        with pytest.raises(ValueError, match="skip"):
            cursor.after()
        with pytest.raises(ValueError, match="skip"):
            cursor.page(1, 5)
    with pytest.raises(ValueError, match="limit"):
        find(item).limit(5).page(1, 5)
    with pytest.raises(ValueError, match="already"):
        find(item).after().page(1, 5)
    with pytest.raises(ValueError, match="before"):
        find(item).after().sort("a")
    with pytest.raises(ValueError, match="only a cursor made by"):
        find(item).token  # noqa: B018


@pytest.mark.parametrize(
    "sort",
    [[("a", {"$meta": "textScore"})], [("$natural", 1)], [("a", "2d")], [("a.0", 1)]],
)
async def test_sorts_that_cannot_be_gone_on_with(odm: OdmFace, item: Any, sort: Any) -> None:
    with pytest.raises(ValueError, match="pages cannot be sorted by"):
        odm.declared.find(item, {}, sort=sort).after()


@pytest.mark.parametrize(
    ("projection", "is_refused"),
    [
        (["a.b"], False),
        (["a"], False),
        ({"a": 1}, False),
        ({"b": 0}, False),
        ([], False),
        (["b"], True),
        (["a.c"], True),
        ({"a": 0}, True),
        ({"a.b.c": 0}, True),
        ({"a.b": 1, "_id": 0}, True),
        ({"a.b": {"$slice": 1}}, True),
    ],
)
async def test_a_projection_shows_what_is_sorted_by(
    odm: OdmFace, item: Any, projection: Any, is_refused: bool
) -> None:
    cursor = odm.declared.find(item, {}, projection).sort("a.b")
    if not is_refused:
        cursor.after()
        return
    with pytest.raises(ValueError, match="projection"):
        cursor.after()


@pytest.mark.parametrize("value", [bson.Regex("a"), bson.Code("a"), [[1]]])
async def test_values_that_nothing_compares_to(odm: OdmFace, item: Any, value: Any) -> None:
    await odm.raw.item.insert_one({"_id": 1, "a": value})
    page = odm.session.find(item).sort("a").after()
    await page.all()
    with pytest.raises(ValueError, match="a: pages cannot go on after"):
        page.token  # noqa: B018


# -- every value there is -----------------------------------------------------------------------------

_SCALARS: list[Any] = [
    None,
    *(1, 2.0, Int64(3), float("nan"), float("inf"), float("-inf"), -0.0, Decimal128("2"), Decimal128("NaN")),
    *("", "a", "ab", "Z"),
    *({}, {"x": 1}, {"b": 2}, {"b": None}, {"b": "x"}, {"b": []}, {"b": [7, 1]}),
    *(b"", b"ab", Binary(b"q", 5), ObjectId(b"0" * 12), ObjectId(b"1" * 12), True, False),
    *(Timestamp(1, 2), MinKey(), MaxKey()),
]
_ARRAYS: list[Any] = [
    [],
    [1, 3],
    [2, None],
    ["a", 1],
    [MinKey(), 4],
    [float("nan"), 5],
    [{"b": 1}, {"b": 3}],
    [{"b": []}, {"b": 9}],
    [{"b": 2}, 5],
    [{}],
]


def documents() -> st.SearchStrategy[list[dict[str, Any]]]:
    """Documents with every kind of value; two arrays in one cannot be sorted by."""
    present = {"a": st.sampled_from(_SCALARS + _ARRAYS), "b": st.sampled_from(_SCALARS)}
    made = st.fixed_dictionaries({}, optional=present)
    return st.lists(made, min_size=1, max_size=10).map(
        lambda found: [{"_id": number, **each} for number, each in enumerate(found)]
    )


@pytest.fixture
def paged(store: Store) -> Iterator[Any]:
    face = SyncFace(store)
    odm = OdmFace(face)
    with REGISTRY.preserved():
        yield odm, declare(odm.declared)
    face.sync_session.bind.conn.close()


ways = st.sampled_from([1, -1])
sorts = st.lists(
    st.tuples(st.sampled_from(["a", "b", "a.b", "_id"]), ways), max_size=3, unique_by=lambda by: by[0]
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stored=documents(), sort=sorts, size=st.integers(1, 4), seed=st.integers(0, 100))
async def test_pages_of_everything(paged: Any, stored: Any, sort: Any, size: int, seed: int) -> None:
    odm, item = paged
    if {"a", "a.b"} <= {name for name, _ in sort}:
        # Both are in one array.
        sort = sort[:1]
    random.Random(seed).shuffle(stored)
    collection = odm.declared.db.item
    collection.drop()
    collection.insert_many(stored)
    odm.declared.clear()
    total = sort if any(name == "_id" for name, _ in sort) else [*sort, ("_id", sort[-1][1] if sort else 1)]
    whole = [document["_id"] for document in collection.find().sort(total)]
    cursor = odm.session.find(item)
    assert await walked(cursor.sort(sort) if sort else cursor, size) == whole
