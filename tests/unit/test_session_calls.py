"""The driver calls of both sessions, exactly: form of the arguments, and nothing added."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from unittest import mock
from unittest.mock import call

import pytest
from bson.errors import InvalidDocument
from pymongo import ReadPreference, WriteConcern
from pymongo.errors import AutoReconnect, DuplicateKeyError, NotPrimaryError, OperationFailure
from pymongo.read_concern import ReadConcern

from ming import AsyncSession, Document, Field, Session, create_async_datastore, create_datastore
from ming import schema as S
from ming.exc import MingConfigError, MongoGone


class Driver:
    """A datastore whose collections remember the calls they get, on one face."""

    def __init__(self, kind: str, auto_ensure_indexes: bool = False) -> None:
        self.kind = kind
        self.collection: Any = mock.MagicMock()
        if kind == "async":
            self.collection = mock.AsyncMock()
            for name in ("find", "with_options"):
                setattr(self.collection, name, mock.MagicMock())
        self.collection.with_options.return_value = self.collection
        bind = mock.MagicMock()
        bind.bind._auto_ensure_indexes = auto_ensure_indexes
        bind.db = {"pages": self.collection}
        self.session: Any = (Session if kind == "sync" else AsyncSession)(bind)

    @property
    def calls(self) -> list[Any]:
        return list(self.collection.method_calls)

    def do(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a method of the session, and await what has to be awaited."""
        result = method(*args, **kwargs)
        return asyncio.run(_await(result)) if inspect.isawaitable(result) else result


async def _await(awaitable: Any) -> Any:
    return await awaitable


def page_class(session_: Any = None, **options: Any) -> Any:
    body = {"name": "pages", "session": session_, **options}
    fields = {"_id": Field(int), "a": Field(int), "b": Field({"c": int})}
    return type("Page", (Document,), {"__mongometa__": type("__mongometa__", (), body), **fields})


@pytest.fixture(params=["sync", "async"])
def driver(request: pytest.FixtureRequest) -> Driver:
    return Driver(request.param)


@pytest.fixture
def page() -> Any:
    return page_class()


INDEXES = ["a", ("a", -1)]

CLASS_LEVEL: list[tuple[str, tuple[Any, ...], dict[str, Any], Any]] = [
    ("get", (), {"a": 1}, call.find_one({"a": 1})),
    ("get", (), {}, call.find_one({})),
    ("get", (), {"b.c": 1}, call.find_one({"b.c": 1})),
    ("get", (), {"session": 1}, call.find_one({"session": 1})),
    ("find", (), {}, call.find()),
    ("find", (None,), {}, call.find(None)),
    ("find", ({"a": 1},), {}, call.find({"a": 1})),
    ("find", ({"a": 1}, {"a": 1}), {}, call.find({"a": 1}, {"a": 1})),
    ("find", ({},), {"limit": 2, "sort": [("a", 1)]}, call.find({}, limit=2, sort=[("a", 1)])),
    ("find", ({},), {"projection": None}, call.find({})),
    ("find", ({},), {"projection": ["a"]}, call.find({}, projection=["a"])),
    ("find", ({},), {"allow_extra": False, "strip_extra": False, "validate": True}, call.find({})),
    ("find", ({},), {"on_invalid": "skip"}, call.find({})),
    ("find", (), {"on_invalid": "skip", "allow_extra": False}, call.find()),
    ("find_by", (), {"a": 1, "limit": 2}, call.find({"a": 1, "limit": 2})),
    ("count", (), {}, call.estimated_document_count()),
    ("remove", (), {}, call.delete_many({})),
    ("remove", ({"a": 1},), {}, call.delete_many({"a": 1})),
    ("remove", ({"a": 1}, "collation"), {"comment": 1}, call.delete_many({"a": 1}, "collation", comment=1)),
    ("remove", (), {"filter": {"a": 1}, "hint": "a_1"}, call.delete_many({"a": 1}, hint="a_1")),
    (
        "update_partial",
        ({"a": 1}, {"$inc": {"a": 1}}),
        {},
        call.update_one({"a": 1}, {"$inc": {"a": 1}}, False),
    ),
    ("update_partial", ({}, {}, True), {"hint": "x"}, call.update_one({}, {}, True, hint="x")),
    ("update_partial", ({}, {}), {"upsert": True, "multi": False}, call.update_one({}, {}, True)),
    ("update_partial", ({}, {}), {"multi": True}, call.update_many({}, {}, False)),
    ("update_partial", ({}, {}), {"multi": 1}, call.update_many({}, {}, False)),
    (
        "find_one_and_update",
        ({}, {"$set": {}}),
        {"new": 1},
        call.find_one_and_update({}, {"$set": {}}, new=1),
    ),
    ("find_one_and_replace", ({}, {}), {"upsert": True}, call.find_one_and_replace({}, {}, upsert=True)),
    ("find_one_and_delete", ({},), {"sort": 1}, call.find_one_and_delete({}, sort=1)),
    ("aggregate", ([{"$match": {}}],), {"batchSize": 1}, call.aggregate([{"$match": {}}], batchSize=1)),
    ("distinct", ("a",), {"filter": {}}, call.distinct("a", filter={})),
    ("create_index", ("a",), {"unique": True}, call.create_index([("a", 1)], unique=True)),
    ("ensure_index", ([("a", -1), "b"],), {}, call.create_index([("a", -1), ("b", 1)])),
    ("index_information", (), {}, call.index_information()),
    ("drop_indexes", (), {}, call.drop_indexes()),
]


@pytest.mark.parametrize(("method", "args", "kwargs", "expected"), CLASS_LEVEL)
def test_class_level_calls(
    driver: Driver, page: Any, method: str, args: Any, kwargs: dict[str, Any], expected: Any
) -> None:
    driver.collection.find_one.return_value = None
    driver.do(getattr(driver.session, method), page, *args, **kwargs)
    assert driver.calls == [expected]


@pytest.mark.parametrize(
    "method",
    ["count", "find_one_and_update", "find_one_and_replace", "find_one_and_delete", "distinct", "aggregate"],
)
def test_results_are_the_drivers(driver: Driver, page: Any, method: str) -> None:
    verb = "estimated_document_count" if method == "count" else method
    result = getattr(driver.collection, verb).return_value = {"_id": 1, "unknown": 2}
    assert driver.do(getattr(driver.session, method), page) is result


@pytest.mark.parametrize("options", [{"filter": {"a": 1}}, {"limit": 2}, {"session": None}])
def test_find_wants_a_query_before_options(driver: Driver, page: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="takes a query before its options"):
        driver.session.find(page, **options)
    assert driver.calls == []


@pytest.mark.parametrize("name", ["a", "foo", "w", "safe", "spec_or_id"])
def test_remove_refuses_what_is_no_option_of_the_driver(driver: Driver, page: Any, name: str) -> None:
    with pytest.raises(ValueError, match=f"Unexpected kwarg {name}"):
        driver.do(driver.session.remove, page, **{name: 1})
    assert driver.calls == []


@pytest.mark.parametrize("name", ["collation", "hint", "session", "let", "comment"])
def test_remove_passes_the_drivers_options(driver: Driver, page: Any, name: str) -> None:
    driver.do(driver.session.remove, page, {"a": 1}, **{name: 5})
    assert driver.calls == [call.delete_many({"a": 1}, **{name: 5})]


def test_validate_false_generates_documents_as_stored(driver: Driver, page: Any) -> None:
    raws = [{"_id": 1, "a": "no int", "b": {"c": 1}, "unknown": 2}]
    driver.collection.find.return_value = raws if driver.kind == "sync" else _stream(raws)
    found = driver.session.find(page, {"a": 1}, validate=False)
    assert driver.calls == [call.find({"a": 1})]
    assert inspect.isgenerator(found) or inspect.isasyncgen(found)
    documents = list(found) if driver.kind == "sync" else asyncio.run(_all(found))
    assert documents == raws
    assert type(documents[0]) is page
    assert type(documents[0]["b"]) is dict


async def _stream(raws: list[Any]) -> AsyncIterator[Any]:
    for raw in raws:
        yield raw


async def _all(documents: Any) -> list[Any]:
    return [document async for document in documents]


# --- indexes


def test_ensure_indexes_goes_through_create_index(driver: Driver) -> None:
    page = page_class(indexes=INDEXES, unique_indexes=["b"])
    driver.do(driver.session.ensure_indexes, page)
    options = {"background": True, "sparse": False}
    assert driver.calls == [
        call.create_index([("a", 1)], unique=False, **options),
        call.create_index([("a", -1)], unique=False, **options),
        call.create_index([("b", 1)], unique=True, **options),
    ]
    with mock.patch.object(type(driver.session), "create_index") as create_index:
        driver.do(driver.session.ensure_indexes, page)
    assert create_index.call_count == 3


def test_drop_indexes_lets_errors_through(driver: Driver, page: Any) -> None:
    driver.collection.drop_indexes.side_effect = OperationFailure("not allowed", 13)
    with pytest.raises(OperationFailure):
        driver.do(driver.session.drop_indexes, page)


@pytest.fixture
def ensuring() -> Driver:
    return Driver("sync", auto_ensure_indexes=True)


def test_the_first_access_of_m_creates_the_indexes_once(ensuring: Driver) -> None:
    page = page_class(ensuring.session, indexes=INDEXES)
    assert ensuring.calls == []
    _ = page.m
    _ = page({"_id": 1}).m
    options = {"background": True, "unique": False, "sparse": False}
    assert ensuring.calls == [
        call.create_index([("a", 1)], **options),
        call.create_index([("a", -1)], **options),
    ]


def test_no_indexes_are_created_where_the_engine_says_so() -> None:
    driver = Driver("sync")
    _ = page_class(driver.session, indexes=INDEXES).m
    assert driver.calls == []


def test_indexes_wait_for_a_connection(ensuring: Driver) -> None:
    session = Session()
    page = page_class(session, indexes=["a"])
    _ = page.m
    session.bind = ensuring.session.bind
    _ = page.m
    assert len(ensuring.calls) == 1


def test_a_class_without_indexes_is_settled_at_the_first_access(ensuring: Driver) -> None:
    page = page_class(ensuring.session)
    page.m.indexes.append(mock.Mock(index_spec=[("a", 1)], index_options={}))
    _ = page.m
    assert ensuring.calls == []


@pytest.mark.parametrize(
    "error",
    [AutoReconnect("not master"), MongoGone("not master"), NotPrimaryError("not primary", {"code": 10107})],
)
def test_a_read_only_member_is_left_alone(
    ensuring: Driver, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    page = page_class(ensuring.session, indexes=INDEXES)
    ensuring.collection.create_index.side_effect = error
    _ = page.m
    _ = page.m
    assert len(ensuring.calls) == 1
    assert [record.levelname for record in caplog.records] == ["INFO"]


@pytest.mark.parametrize("error", [AutoReconnect("gone"), MongoGone("no"), OperationFailure("conflict", 85)])
def test_other_errors_come_out_of_every_access(ensuring: Driver, error: Exception) -> None:
    page = page_class(ensuring.session, indexes=["a"])
    ensuring.collection.create_index.side_effect = error
    for _ in range(2):
        with pytest.raises(type(error)):
            _ = page.m
    ensuring.collection.create_index.side_effect = None
    _ = page.m
    _ = page.m
    assert len(ensuring.calls) == 3


def test_the_async_face_creates_no_index_unasked() -> None:
    sync, driver = Driver("sync", auto_ensure_indexes=True), Driver("async", auto_ensure_indexes=True)
    page = page_class(sync.session, indexes=["a"])
    driver.collection.find_one.return_value = {"_id": 1}

    async def main() -> None:
        await driver.session.get(page, _id=1)
        await driver.session.save(page({"_id": 1}))

    asyncio.run(main())
    assert sync.calls == []
    assert [each[0] for each in driver.calls] == ["find_one", "replace_one"]


# --- documents


def document_calls(page: Any) -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any], Any]]:
    full = {"_id": 1, "a": 2, "b": {"c": None}}

    def doc() -> Any:
        return page({"_id": 1, "a": 2})

    yield "save", (doc(),), {}, call.replace_one({"_id": 1}, full, upsert=True)
    yield "save", (doc(),), {"comment": "x"}, call.replace_one({"_id": 1}, full, upsert=True, comment="x")
    yield (
        "save",
        (page({"_id": 1, "z": 2}),),
        {"validate": False},
        call.replace_one({"_id": 1}, {"_id": 1, "z": 2}, upsert=True),
    )
    yield "save", (doc(), "a"), {}, call.update_one({"_id": 1}, {"$set": {"a": 2}})
    yield "insert", (doc(),), {"session": 5}, call.insert_one(full, session=5)
    yield "upsert", (doc(), ["a"]), {}, call.update_one({"a": 2}, {"$set": full}, upsert=True)
    yield "upsert", (doc(), "a"), {}, call.update_one({"a": 2}, {"$set": full}, upsert=True)
    yield "delete", (doc(),), {}, call.delete_one({"_id": 1})
    yield "delete", (doc(),), {"hint": "a_1"}, call.delete_one({"_id": 1}, hint="a_1")
    yield "set", (doc(), {"a": 3}), {}, call.update_one({"_id": 1}, {"$set": {"a": 3}})


def test_document_level_calls(driver: Driver, page: Any) -> None:
    for method, args, kwargs, expected in document_calls(page):
        driver.collection.reset_mock()
        driver.do(getattr(driver.session, method), *args, **kwargs)
        assert driver.calls == [expected], method


DOCUMENT_METHODS: list[tuple[str, tuple[Any, ...], str]] = [
    ("save", (), "replace_one"),
    ("insert", (), "insert_one"),
    ("upsert", ("a",), "update_one"),
    ("delete", (), "delete_one"),
    ("set", ({"a": 1},), "update_one"),
]
failing = pytest.mark.parametrize(("method", "args", "verb"), DOCUMENT_METHODS)


@failing
@pytest.mark.parametrize("error", [DuplicateKeyError("E11000"), InvalidDocument("cannot encode")])
def test_errors_of_the_driver_carry_the_document(
    driver: Driver, page: Any, method: str, args: Any, verb: str, error: Exception
) -> None:
    getattr(driver.collection, verb).side_effect = type(error)(*error.args)
    document = page({"_id": 1, "a": 2, "b": {"c": 3}})
    with pytest.raises(type(error)) as caught:
        driver.do(getattr(driver.session, method), document, *args)
    assert caught.value.args == (*error.args, f"doc:  {document}")


@failing
def test_a_redacted_error_names_keys_only(
    driver: Driver, page: Any, method: str, args: Any, verb: str
) -> None:
    session = type("Discreet", (type(driver.session),), {"redact_errors": True})(driver.session.bind)
    getattr(driver.collection, verb).side_effect = OperationFailure("no")
    with pytest.raises(OperationFailure) as caught:
        driver.do(getattr(session, method), page({"_id": 4711, "a": 2, "b": {"c": 3}}), *args)
    assert caught.value.args == ("no", "doc:  keys _id, a, b")


def test_a_long_document_is_cut(driver: Driver) -> None:
    page = page_class()
    driver.collection.delete_one.side_effect = OperationFailure("no")
    document = page({"_id": 1, "a": "x" * 6000})
    with pytest.raises(OperationFailure) as caught:
        driver.do(driver.session.delete, document)
    assert caught.value.args[-1] == f"doc:  {str(document)[:5000]}..."


def test_other_errors_stay_as_they_are(driver: Driver, page: Any) -> None:
    driver.collection.delete_one.side_effect = AutoReconnect("gone")
    with pytest.raises(AutoReconnect) as caught:
        driver.do(driver.session.delete, page({"_id": 1}))
    assert "doc:" not in str(caught.value.args)


# --- connection


def test_an_unbound_session_says_who_it_is(page: Any) -> None:
    session = Session()
    with pytest.raises(MongoGone, match='No MongoDB connection for "unknown connection"'):
        session.get(page)
    session._name = "wiki"
    with pytest.raises(MongoGone, match='No MongoDB connection for "wiki"'):
        _ = session.db


def test_session_and_datastore_are_of_one_face() -> None:
    with pytest.raises(MingConfigError, match="^Session cannot work on AsyncDataStore"):
        _ = Session(create_async_datastore("mim:///a")).db
    with pytest.raises(MingConfigError, match="^AsyncSession cannot work on DataStore"):
        _ = AsyncSession(create_datastore("mim:///a")).db


def test_a_database_that_is_none_is_no_connection(page: Any) -> None:
    with pytest.raises(MongoGone, match="MongoDB is not connected"):
        Session(mock.Mock(db=None)).get(page)


def test_a_class_without_collection_name(driver: Driver) -> None:
    driver.session.bind.db = mock.MagicMock(**{"__getitem__.side_effect": TypeError("name must be str")})
    with pytest.raises(MingConfigError, match="Nameless names no collection"):
        driver.do(driver.session.get, type("Nameless", (Document,), {"a": Field(int)}))


@pytest.mark.parametrize("wrong", [dict, None, "a document"])
def test_what_is_no_document_class_is_refused(driver: Driver, page: Any, wrong: Any) -> None:
    wrong = page({"_id": 1}) if wrong == "a document" else wrong
    with pytest.raises(TypeError, match="is not a document class"):
        driver.do(driver.session.get, wrong, _id=1)
    assert driver.calls == []


def test_what_is_no_document_is_refused(driver: Driver) -> None:
    with pytest.raises(TypeError, match="'dict'> is not a document class"):
        driver.do(driver.session.save, {"_id": 1})


def test_sessions_by_name() -> None:
    class Wiki(Session):
        _registry = {}  # noqa: RUF012
        _datastores = {"main": "a datastore"}  # noqa: RUF012

    main = Wiki.by_name("main")
    assert (type(main), main.bind) == (Wiki, "a datastore")
    assert Wiki.by_name("main") is main
    assert Wiki.by_name("other").bind is None
    assert Wiki._registry.keys() == {"main", "other"}


def test_registries_are_shared_with_subclasses() -> None:
    class Own(Session):
        pass

    assert Own._registry is Session._registry
    assert Own._datastores is Session._datastores


# --- options

WRITE = WriteConcern(w=2)
COLLATION = {"locale": "de"}


def optioned(
    driver: Driver, way: str, method: str, args: Any, options: dict[str, Any]
) -> tuple[Any, list[Any]]:
    """Call with options that come through the session, or with the class."""
    if way == "session":
        page, session = page_class(), driver.session.with_options(**options)
    else:
        page, session = page_class(**options), driver.session
    if args and args[0] == "document":
        args = (page({"_id": 1}), *args[1:])
    else:
        args = (page, *args)
    driver.collection.find_one.return_value = None
    driver.do(getattr(session, method), *args)
    return page, driver.calls


ways = pytest.mark.parametrize("way", ["session", "class"])


@ways
@pytest.mark.parametrize(
    ("method", "args", "expected"),
    [
        ("get", (), call.find_one({}, hint="a_1", collation=COLLATION, comment="c", max_time_ms=9)),
        ("find", ({},), call.find({}, hint="a_1", collation=COLLATION, comment="c", max_time_ms=9)),
        ("aggregate", ([],), call.aggregate([], hint="a_1", collation=COLLATION, comment="c", maxTimeMS=9)),
        ("distinct", ("a",), call.distinct("a", collation=COLLATION, comment="c", maxTimeMS=9)),
        ("count", (), call.estimated_document_count(comment="c", maxTimeMS=9)),
        ("remove", (), call.delete_many({}, hint="a_1", collation=COLLATION, comment="c")),
        (
            "find_one_and_delete",
            ({},),
            call.find_one_and_delete({}, hint="a_1", collation=COLLATION, comment="c", maxTimeMS=9),
        ),
        ("delete", ("document",), call.delete_one({"_id": 1}, comment="c")),
        ("set", ("document", {"a": 1}), call.update_one({"_id": 1}, {"$set": {"a": 1}}, comment="c")),
        ("create_index", ("a",), call.create_index([("a", 1)], comment="c")),
    ],
)
def test_options_reach_the_calls_that_take_them(
    driver: Driver, way: str, method: str, args: Any, expected: Any
) -> None:
    options = {"hint": "a_1", "collation": COLLATION, "comment": "c", "max_time_ms": 9}
    assert optioned(driver, way, method, args, options)[1] == [expected]


@ways
def test_concerns_and_preference_belong_to_the_collection(driver: Driver, way: str) -> None:
    options = {
        "write_concern": WRITE,
        "read_concern": ReadConcern("majority"),
        "read_preference": ReadPreference.SECONDARY,
    }
    assert optioned(driver, way, "get", (), options)[1] == [call.with_options(**options), call.find_one({})]


def test_the_nearer_option_wins(driver: Driver) -> None:
    page = page_class(comment="class", max_time_ms=1)
    session = driver.session.with_options(comment="session")
    driver.do(session.find, page, {}, comment="call")
    driver.do(session.find, page, {})
    assert driver.calls == [
        call.find({}, comment="call", max_time_ms=1),
        call.find({}, comment="session", max_time_ms=1),
    ]


def test_concerns_of_a_single_call(driver: Driver, page: Any) -> None:
    driver.do(driver.session.remove, page, {"a": 1}, write_concern=WRITE)
    assert driver.calls == [call.with_options(write_concern=WRITE), call.delete_many({"a": 1})]
    driver.collection.reset_mock()
    driver.do(driver.session.update_partial, page, {}, {"$set": {"a": 1}}, write_concern=WRITE)
    assert driver.calls == [
        call.with_options(write_concern=WRITE),
        call.update_one({}, {"$set": {"a": 1}}, False),
    ]


def test_options_add_up_and_leave_the_first_session_alone(driver: Driver, page: Any) -> None:
    session = driver.session.with_options(comment="a").with_options(max_time_ms=2)
    driver.do(session.find, page, {})
    driver.do(driver.session.find, page, {})
    assert driver.calls == [call.find({}, comment="a", max_time_ms=2), call.find({})]
    assert session.bind is driver.session.bind


def test_an_unknown_option_is_refused(driver: Driver) -> None:
    with pytest.raises(TypeError, match="hnit"):
        driver.session.with_options(hnit="a_1")


def test_increase_field_takes_options_from_the_session_alone(driver: Driver, page: Any) -> None:
    driver.do(driver.session.with_options(session=7).increase_field, page({"_id": 1}), a=5)
    assert driver.calls == [call.update_one({"_id": 1}, {"$max": {"a": 5}}, session=7)]


# --- patching


def test_methods_can_be_replaced_on_the_class(page: Any) -> None:
    driver = Driver("sync")
    page = page_class(driver.session)
    with mock.patch("ming.session.Session.aggregate") as aggregate:
        assert page.m.aggregate([], batchSize=1) is aggregate.return_value
    aggregate.assert_called_once_with(page, [], batchSize=1)


def test_extra_keys_and_conversion_on_reading(driver: Driver, page: Any) -> None:
    driver.collection.find_one.return_value = {"_id": 1, "a": 1, "unknown": 5}
    found = driver.do(driver.session.get, page, _id=1)
    assert found == {"_id": 1, "a": 1, "b": {"c": None}}
    assert type(found) is page


def test_a_class_with_a_make_of_its_own_is_asked(driver: Driver) -> None:
    asked: list[dict[str, Any]] = []

    class Own(Document):
        a = Field(S.Int())

        class __mongometa__:
            name = "pages"

        @classmethod
        def make(cls, data: Any, **options: Any) -> Any:
            asked.append(options)
            return super().make(data, **options)

    driver.collection.find_one.return_value = {"_id": 1, "a": 1}
    assert driver.do(driver.session.get, Own) == {"a": 1}
    assert asked == [{"allow_extra": True, "strip_extra": True}]
