"""Mapped classes and mappers: what a class body says, what the class gets, and how objects are made."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock, Mock

import bson
import pytest

from ming import Document, Field, collection
from ming import schema as S
from ming.exc import MingConfigError
from ming.odm import (
    AsyncODMSession,
    FieldProperty,
    ForeignIdProperty,
    MappedClass,
    Mapper,
    MapperExtension,
    ODMSession,
    RelationProperty,
    ThreadLocalODMSession,
    mapper,
    state,
)
from ming.odm import session as session_of
from ming.odm.property import ORMProperty
from ming.odm.registry import REGISTRY


@pytest.fixture
def page(session: ODMSession) -> Any:
    owner = session

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = owner

        _id = FieldProperty(S.ObjectId)
        title = FieldProperty(str, required=True)
        tags = FieldProperty([str])

    return Page


def stored_indexes(session: ODMSession) -> set[str]:
    """The keys of the indexes that pages have in the database."""
    return {"_".join(key for key, _ in each["key"]) for each in session.db.page.index_information().values()}


# --- the class statement


def test_class_keywords_reach_init_subclass(session: ODMSession) -> None:
    seen: dict[str, Any] = {}

    class Base(MappedClass):
        def __init_subclass__(cls, flag: int = 0, **keywords: Any) -> None:
            super().__init_subclass__(**keywords)
            seen.update(flag=flag, names=set(vars(cls)), mapped=cls.query.mapped_class)

    class Sub(Base, flag=3):
        name = FieldProperty(str)

    assert seen["flag"] == 3
    assert seen["mapped"] is Base
    assert not {"name", "query"} & seen["names"]
    assert Sub.query.mapped_class is Sub


def test_the_registry_has_every_class_by_its_full_name(page: Any) -> None:
    name = f"{__name__}.Page"
    assert MappedClass._registry[name] is mapper(page) is mapper(name) is mapper("Page")
    assert Mapper.by_classname("Page").mapped_class is page
    assert Mapper.by_collection(mapper(page).collection) is Mapper.by_class(page)
    assert page._compiled is False
    with pytest.raises(KeyError, match="Pag"):
        Mapper.by_classname("Pag")
    with pytest.raises(KeyError):
        mapper(int)


def test_the_meta_class_is_readable_and_keeps_strangers(page: Any) -> None:
    class Sub(page):  # type: ignore[misc]
        class __mongometa__:
            history_class = "History"

    meta: Any = Sub.__mongometa__
    assert meta.__name__ == "__mongometa__Sub"
    assert (meta.name, meta.history_class) == ("page", "History")
    assert meta.session is page.__mongometa__.session


def test_a_class_without_name_and_session_may_have_indexes() -> None:
    class Draft(MappedClass):
        class __mongometa__:
            indexes = ["a", ("b", "c"), [("d", -1)]]  # noqa: RUF012

        a = FieldProperty(str)

    assert len(mapper(Draft).collection.m.indexes) == 3


def test_flags_of_fields_come_before_listed_indexes(session: ODMSession) -> None:
    owner = session

    class Other(MappedClass):
        _id = FieldProperty(S.ObjectId)

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = owner
            indexes = ["plain"]  # noqa: RUF012
            unique_indexes = [("a", "b")]  # noqa: RUF012
            custom_indexes = [{"fields": "c", "sparse": True, "name": "mine"}]  # noqa: RUF012

        flagged = FieldProperty(str, index=True)
        single = FieldProperty(str, unique=True, sparse=True)
        other_id = ForeignIdProperty(Other, index=True)

    class Sub(Page):
        pass

    names = ["flagged", "single", "other_id", "plain", "a_b", "c"]
    for cls in (Page, Sub):
        declared = mapper(cls).collection.m.indexes
        assert ["_".join(key for key, _ in index.index_spec) for index in declared] == names
    assert (declared[1].unique, declared[1].sparse, declared[4].unique, declared[5].sparse) == (True,) * 4
    # The session was bound when the class was made.
    assert set(names) <= stored_indexes(owner)


def test_without_indexes_no_command_is_sent() -> None:
    datastore = MagicMock()

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = ODMSession(bind=datastore)

        title = FieldProperty(str)

    assert datastore.db.mock_calls == []
    assert Page.query.session.bind is datastore


def test_a_bound_class_with_indexes_needs_a_name(session: ODMSession) -> None:
    owner = session
    with pytest.raises(MingConfigError, match="Nameless"):

        class Nameless(MappedClass):
            class __mongometa__:
                session = owner
                indexes = ["a"]  # noqa: RUF012

            a = FieldProperty(str)


def test_the_first_base_wins() -> None:
    class One(MappedClass):
        both = FieldProperty(str)
        one = FieldProperty(str)

    class Two(MappedClass):
        both = FieldProperty(int)
        two = FieldProperty(str)

    class Sub(One, Two):
        own = FieldProperty(str)

    assert [prop.name for prop in mapper(Sub).properties] == ["own", "both", "one", "two"]
    sub: Any = Sub
    assert sub.both.field.type is str
    assert sub(both="text").both == "text"


def test_inherited_properties_are_copies() -> None:
    class Base(MappedClass):
        x = FieldProperty(str)

    class Sub(Base):
        pass

    assert Sub.x is not Base.x
    assert (Base.x.mapper, Sub.x.mapper) == (mapper(Base), mapper(Sub))
    assert Sub.x.field.type is str
    assert list(mapper(Sub).base_mappers()) == [mapper(Base)]
    assert [prop.name for prop in mapper(Sub).all_properties()] == ["x"]


def test_a_subclass_may_put_something_else_in_a_propertys_place() -> None:
    class Base(MappedClass):
        x = FieldProperty(str)
        y = FieldProperty(str)

    class Sub(Base):
        y = None  # type: ignore[assignment]

        @property
        def x(self) -> str:  # type: ignore[override]
            return "computed"

    class SubSub(Sub):
        pass

    for cls in (Sub, SubSub):
        assert (cls().x, cls().y) == ("computed", None)
        assert mapper(cls).properties == []

    class Again(Sub):
        x = FieldProperty(int)  # type: ignore[assignment]

    assert Again(x=3).x == 3


def test_a_field_in_the_body_is_a_property() -> None:
    class Page(MappedClass):
        title = Field(str)

    assert isinstance(Page.title, FieldProperty)
    assert Page(title="a").title == "a"


def test_properties_of_a_plain_mixin_are_not_collected() -> None:
    class Mixin:
        x = FieldProperty(str)

    class Page(Mixin, MappedClass):
        pass

    assert mapper(Page).properties == []
    with pytest.raises(TypeError, match="mapped class"):
        Page(x="lost")


def test_properties_are_inert_in_a_document_class() -> None:
    class Page(Document):
        title = FieldProperty(str)
        named = FieldProperty("a.b", str)

    assert Page.make({}) == {}
    assert isinstance(Page.title, FieldProperty)


def test_query_cannot_be_a_property() -> None:
    with pytest.raises(TypeError, match="query"):

        class Page(MappedClass):
            query = FieldProperty(str)  # type: ignore[assignment]

    class Search(MappedClass):
        asked = FieldProperty("query", str)

    assert Search(asked="x").asked == "x"


def test_including_and_excluding() -> None:
    class Base(MappedClass):
        a = FieldProperty(str)
        b = FieldProperty(str)
        c = FieldProperty(str)

    class Some(Base):
        class __mongometa__:
            include_properties = ["c", "a"]  # noqa: RUF012

    class Others(Base):
        class __mongometa__:
            exclude_properties = ["a", "missing"]  # noqa: RUF012

    assert [prop.name for prop in mapper(Some).properties] == ["c", "a"]
    assert [prop.name for prop in mapper(Others).properties] == ["b", "c"]
    assert set(mapper(Some).collection.m.field_index) == set("abc")
    with pytest.raises(KeyError, match="unknown"):

        class Wrong(Base):
            class __mongometa__:
                include_properties = ["unknown"]  # noqa: RUF012


def test_extensions_are_made_for_each_class() -> None:
    class Extension(MapperExtension):
        pass

    class Base(MappedClass):
        class __mongometa__:
            extensions = (Extension,)

    class Sub(Base):
        pass

    assert [each.mapper for cls in (Base, Sub) for each in mapper(cls).extensions] == [
        mapper(Base),
        mapper(Sub),
    ]


# --- making objects


def test_only_keywords(page: Any) -> None:
    with pytest.raises(TypeError):
        page("title")
    with pytest.raises(S.Invalid, match="title"):
        page()
    assert list(session_of(page).uow) == []
    made = page(title="a", stranger=5)
    assert made.stranger == 5
    assert state(made).document == {"_id": made._id, "tags": [], "title": "a"}
    assert (state(made).status, session_of(made), session_of(page)) == (
        "new",
        page.query.session,
        page.query.session,
    )
    assert made.__dict__["__ming__"].state.instance is made


def test_without_a_session_nothing_is_validated() -> None:
    class Loose(MappedClass):
        _id = FieldProperty(S.ObjectId)
        title = FieldProperty(str, required=True)
        tags = FieldProperty([str])

    made = Loose(_id=None)
    assert state(made).document == {"_id": None}
    assert session_of(made) is None
    assert made.tags == []
    assert repr(made) == "<Loose _id=None title=<Missing> tags=I[]>"
    with pytest.raises(S.Invalid):
        _ = made.title


def test_an_explicit_null_id_is_stored(page: Any, session: ODMSession) -> None:
    page(_id=None, title="a")
    session.flush()
    assert session.db.page.find_one({"_id": None})["title"] == "a"


def test_what_a_custom_initializer_sees(session: ODMSession) -> None:
    owner, seen = session, []

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = owner

        _id = FieldProperty(S.ObjectId)
        title = FieldProperty(str, if_missing="untitled")
        tags = FieldProperty([str])

        def __init__(self, *tags: str, **values: Any) -> None:
            super().__init__(**values)
            seen.append((state(self).status, session_of(self), list(owner.uow)))
            self.tags.extend(tags)

    made = Page("a", "b")
    assert seen == [("new", None, [])]
    made.tags.append("c")
    owner.flush()
    assert owner.db.page.find_one() == {"_id": made._id, "tags": ["a", "b", "c"], "title": "untitled"}
    made.tags.append("d")
    owner.flush()
    assert owner.db.page.find_one()["tags"] == list("abcd")
    assert str(inspect.signature(Page)) == "(*tags: 'str', **values: 'Any') -> 'None'"


def test_an_initializer_may_be_called_by_its_class(page: Any) -> None:
    made = page.__new__(page)
    page.__init__(made, title="a")
    assert made.title == "a"


def test_mixins_before_and_after() -> None:
    calls: list[str] = []

    class Mixin:
        def __init__(self, **values: Any) -> None:
            calls.append("mixin")

    class After(MappedClass, Mixin):
        x = FieldProperty(str)

    class Before(Mixin, MappedClass):
        x = FieldProperty(str)

    assert After(x="a").x == "a"
    assert calls == []
    Before(x="a")
    assert calls == ["mixin"]


def test_super_reaches_the_methods_of_the_base(page: Any) -> None:
    class Sub(page):  # type: ignore[misc]
        def delete(self) -> str:
            super().delete()
            return "deleted"

        def __repr__(self) -> str:
            return f"<<{super().__repr__()}>>"

    made = Sub(title="a")
    assert made.delete() == "deleted"
    assert state(made).status == "deleted"
    assert repr(made).startswith("<<<Sub ")


# --- what objects have


def test_items_are_attributes(page: Any) -> None:
    made = page(title="a")
    assert made["title"] == "a"
    assert made["query"].instance is made
    made["title"] = "b"
    made["other"] = 1
    assert (made.title, made.other) == ("b", 1)
    assert "title" in made
    assert "missing" not in made
    with pytest.raises(KeyError, match="missing"):
        made["missing"]
    with pytest.raises(AttributeError, match="missing"):
        _ = made.missing
    del made["other"]
    assert "other" not in made
    with pytest.raises(KeyError, match="other"):
        del made["other"]


def test_asking_whether_there_is_a_relation_does_not_load_it(session: ODMSession) -> None:
    owner = session

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = owner

        _id = FieldProperty(S.ObjectId)
        parent_id = ForeignIdProperty("Page")
        parent = RelationProperty("Page")

    made = Page()
    owner.raise_on_lazy = True
    assert "parent" in made
    assert state(made).extra_state == {}


def test_repr_is_wrapped() -> None:
    class Page(MappedClass):
        title = FieldProperty(str)
        tags = FieldProperty([str])
        data = FieldProperty({"d": int})
        blob = FieldProperty(S.Binary)
        old = FieldProperty(S.Deprecated)
        missing = FieldProperty(S.Int(if_missing=S.Missing))

    made = Page(title="a title of some length", tags=["a", "b"], data={"d": 4}, blob=b"x")
    assert repr(made) == "\n".join(
        ["<Page title='a title of some length' tags=I['a', 'b']", "  data=I{'d': 4} missing=<Missing>>"]
    )
    assert repr(mapper(Page)) == "<Mapper Page:None>"


def test_objects_are_equal_to_themselves_alone(page: Any) -> None:
    one, other = page(title="a"), page(title="a")
    assert one == one
    assert one != other
    assert len({one, other}) == 2


# --- imperative mapping


def test_a_plain_class_gets_the_same(session: ODMSession) -> None:
    class Plain:
        pass

    document = collection("plain", session.impl, Field("_id", S.ObjectId), Field("title", str))
    made_mapper = session.mapper(Plain, document)
    plain: Any = Plain
    made = plain(title="a")
    assert repr(made_mapper) == "<Mapper Plain:plain>"
    assert (made_mapper.mapped_class, made_mapper.collection, made_mapper.session) == (
        Plain,
        document,
        session,
    )
    assert made_mapper.property_index["title"] is plain.title
    assert (made["title"], "title" in made, session_of(made)) == ("a", True, session)
    session.flush()
    assert plain.query.get(title="a") is made
    made.delete()
    session.flush()
    assert plain.query.count() == 0


def test_printing_an_object_does_not_store_it(session: ODMSession) -> None:
    class Plain:
        pass

    session.mapper(Plain, collection("plain", session.impl, Field("_id", int), Field("title", str)))
    made: Any = Plain()
    repr(made)
    repr(session)
    assert session.db.plain.count_documents({}) == 0
    assert state(made).status == "new"


def test_mapping_again_replaces(session: ODMSession) -> None:
    class Plain:
        def __init__(self, title: str) -> None:
            self.title = title

    plain: Any = Plain
    for name in ("one", "two"):
        session.mapper(plain, collection(name, session.impl, Field("_id", S.ObjectId), Field("title", str)))
    plain("a")
    session.flush()
    assert session.db.list_collection_names() == ["two"]
    assert len([each for each in Mapper.all_mappers() if each.mapped_class is plain]) == 2


def test_keywords_of_mappers(session: ODMSession) -> None:
    class Plain:
        pass

    document = collection("plain", session.impl, Field("_id", S.ObjectId), Field("a", str), Field("b", str))
    with pytest.raises(TypeError, match="Unknown kwd args: {'wrong': 1}"):
        session.mapper(Plain, document, wrong=1)
    made = session.mapper(Plain, document, include_properties=["a"], options={"instrument": False})
    assert [prop.name for prop in made.properties] == ["a"]
    assert (made.options.instrument, made.options.refresh) == (False, False)


def test_a_property_without_a_field_cannot_be_stored(session: ODMSession) -> None:
    class Plain:
        pass

    session.mapper(
        Plain, collection("plain", session.impl, Field("_id", int)), properties={"extra": FieldProperty(str)}
    )
    with pytest.raises(S.Invalid, match="Extra keys"):
        Plain(_id=1, extra="a")  # type: ignore[call-arg]


def test_a_collection_without_fields(session: ODMSession) -> None:
    class Plain:
        pass

    session.mapper(Plain, collection("plain", session.impl))
    session.db.plain.insert_one({"_id": 1, "a": 2})
    found = session.find(Plain).one()
    assert state(found).document == {"_id": 1, "a": 2}
    assert repr(found) == "<Plain>"
    with pytest.warns(UserWarning, match="<Mapper Plain:plain> declares no fields"):
        Plain()


# --- the mapper's own operations


def test_create(page: Any) -> None:
    own: Mapper[Any] = mapper(page)
    made = own.create({"title": "a"}, {"refresh": False, "instrument": False})
    assert (state(made).status, session_of(made), made.tags) == ("new", None, [])
    assert type(made.tags) is list
    with pytest.raises(S.Invalid, match="Extra keys"):
        own.create({"title": "a", "extra": 1}, {})
    document = own.collection({"extra": 1})
    assert state(own.create(document, {}, remake=False)).document is document


def test_operations_return_the_drivers_results(page: Any, session: ODMSession) -> None:
    own: Mapper[Any] = mapper(page)
    made = page(title="a")
    assert own.insert(made, state(made), session).inserted_id == made._id
    assert state(made).status == "clean"
    made.title = "b"
    assert own.update(made, state(made), session).modified_count == 1
    assert own.update_partial(session, {}, {"$set": {"title": "c"}}).matched_count == 1
    page(title="d")
    session.flush()
    assert own.update_partial(session, {}, {"$set": {"title": "e"}}, multi=True).matched_count == 2
    assert own.delete(made, state(made), session).deleted_count == 1
    assert own.remove(session, {}).deleted_count == 1


# --- the registry


def test_names_may_be_forgotten_before_redefining(page: Any, session: ODMSession) -> None:
    Mapper._mapper_by_classname.clear()
    with pytest.raises(KeyError):
        Mapper.by_classname("Page")
    page(title="a")
    session.flush()
    assert page.query.count() == 1

    class Page(MappedClass):
        title = FieldProperty(int)

    assert Mapper.by_classname("Page").mapped_class is Page


def test_all_mappers_is_the_live_list(page: Any) -> None:
    mappers = Mapper.all_mappers()

    class Later(MappedClass):
        pass

    assert mappers is Mapper.all_mappers()
    assert mapper(Later) in mappers
    assert mapper(page) in mappers


def test_after_clear_all_classes_can_be_made(session: ODMSession) -> None:
    Mapper.clear_all()
    assert [each.mapped_class.__name__ for each in Mapper.all_mappers()] == [
        "MappedClass",
        "TypedMappedClass",
    ]

    class Base(MappedClass):
        x = FieldProperty(str)

    class Sub(Base):
        pass

    assert Sub(x="a").x == "a"


def test_an_unknown_class_is_reported_each_time_and_stops_nobody_else(session: ODMSession) -> None:
    class Lost(MappedClass):
        other_id = ForeignIdProperty("Nowhere")

    class Found(MappedClass):
        _id = FieldProperty(S.ObjectId)
        own_id = ForeignIdProperty("Found")

    for _ in range(2):
        with pytest.raises(KeyError, match="Nowhere"):
            Mapper.compile_all()
    assert "own_id" in mapper(Found).collection.m.field_index
    with pytest.raises(KeyError, match="Nowhere"):
        Lost()

    class Nowhere(MappedClass):
        _id = FieldProperty(int)

    Mapper.compile_all()
    assert Lost.other_id.field.type is int


def test_what_was_redefined_does_not_stop_the_rest(session: ODMSession) -> None:
    def define(related: str) -> Any:
        class Model(MappedClass):
            _id = FieldProperty(S.ObjectId)
            other_id = ForeignIdProperty(related)

        return Model

    define("Nowhere")
    define("Model")
    Mapper.compile_all()


def test_replace_session(page: Any, session: ODMSession) -> None:
    class Plain:
        pass

    Mapper(Plain, collection("plain", session.impl, Field("_id", int)), session)
    other = ODMSession(bind=MagicMock())
    before = mapper(page).collection.m.session
    Mapper.replace_session(other)
    assert {each.session for each in Mapper.all_mappers()} == {other}
    assert page.query.session is page.__mongometa__.session is session_of(page) is other
    assert page(title="a") in other.uow
    assert mapper(page).collection.m.session is before
    Mapper.replace_session(session)
    page(title="b")
    session.flush()
    assert session.db.page.count_documents({}) == 1
    Mapper.replace_session(None)
    assert session_of(page(title="c")) is None


def test_ensure_all_indexes(session: ODMSession) -> None:
    owner = session

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = owner

        title = FieldProperty(str)
        parent_id = ForeignIdProperty("Other", index=True)

    class Other(MappedClass):
        class __mongometa__:
            session = AsyncODMSession(bind=Mock())

        _id = FieldProperty(S.ObjectId)

    assert stored_indexes(owner) == set()
    Mapper.compile_all()
    Mapper.ensure_all_indexes()
    assert {"parent_id"} <= stored_indexes(owner)


# --- queries


def test_the_class_query(page: Any, session: ODMSession) -> None:
    assert (page.query.mapper, page.query.session, page.query.mapped_class) == (mapper(page), session, page)
    assert page.query.get() is None
    one, two = page(title="a"), page(title="b")
    session.flush()
    session.clear()
    assert page.query.get(_id=one._id) is page.query.get(one._id)
    assert page.query.get(title="b")._id == two._id
    assert page.query.get(one._id, title="b") is None
    assert page.query.get()._id in (one._id, two._id)
    assert page.query.get(_id=None) is None
    assert page.query.find_by(title="a").one().title == "a"
    assert page.query.count() == page.query.find().count() == 2
    assert page.query.count({"title": "a"}) == 1
    assert sorted(page.query.distinct("title")) == ["a", "b"]
    assert len(list(page.query.aggregate([{"$match": {"title": "a"}}]))) == 1


def test_queries_go_to_the_session_of_the_moment(page: Any) -> None:
    other = Mock()
    page.query.session = other
    page.query.find({"a": 1}, limit=3)
    page.query.find_one_and_update({}, {"$set": {}})
    page.query.remove({})
    assert [name for name, _, _ in other.mock_calls] == ["find", "find_one_and_update", "remove"]
    assert other.find.call_args == ((page, {"a": 1}), {"limit": 3})
    assert mapper(page).session is other


def test_the_query_of_an_object(page: Any, session: ODMSession) -> None:
    made = page(title="a")
    session.flush()
    query = made.query
    assert (query.instance, query.mapper, query.mapped_class, query.session) == (
        made,
        mapper(page),
        page,
        session,
    )
    assert query.classquery is page.query
    assert query.get(title="a") is query.find().one() is made
    assert query.update({"$set": {"title": "b"}}).matched_count == 1
    assert (made.title, session.db.page.find_one()["title"]) == ("a", "b")
    assert [name for name in ("remove", "aggregate", "find_by", "distinct") if hasattr(query, name)] == []
    query.delete()
    assert state(made).status == "deleted"


# --- names


@pytest.fixture
def shadowing(session: ODMSession) -> Any:
    names = "items keys values get copy update pop popitem clear setdefault fromkeys".split()
    hooked: list[Any] = []
    meta = {"name": "shadowing", "session": session, "version_field": "clear"}
    meta["before_save"] = staticmethod(lambda document: hooked.append(sorted(document.items())))
    body: dict[str, Any] = {name: FieldProperty([str] if name == "items" else str) for name in names}
    body |= {"_id": FieldProperty(S.ObjectId), "clear": FieldProperty(int, if_missing=0)}
    body |= {"__mongometa__": type("meta", (), meta), "__module__": __name__}
    cls: Any = type(MappedClass)("Shadowing", (MappedClass,), body)
    return SimpleNamespace(cls=cls, hooked=hooked)


def test_fields_named_like_methods_of_dicts(session: ODMSession, shadowing: Any) -> None:
    cls = shadowing.cls
    made = cls(items=["a"], keys="k", get="g", copy="c", update="u")
    session.flush()
    made.items.append("b")
    made.pop = "p"
    assert str(session.plan())
    session.flush()
    expected = dict.fromkeys("values pop popitem setdefault fromkeys".split())
    expected |= {"_id": made._id, "items": ["a", "b"], "keys": "k", "get": "g", "copy": "c", "update": "u"}
    expected |= {"pop": "p", "clear": 1}
    assert session.db.shadowing.find_one() == expected
    assert state(made).original_document == expected
    session.clear()
    found = cls.query.find({"get": "g"}, projection=["items", "clear"]).one()
    found.items.append("c")
    session.flush()
    whole = session.refresh(found)
    assert (whole.items, whole.keys, whole.clear) == (["a", "b", "c"], "k", 2)
    assert "items=I['a', 'b', 'c']" in repr(whole)
    whole.delete()
    session.flush()
    assert session.db.shadowing.count_documents({}) == 0
    assert len(shadowing.hooked) == 3


# --- proxies and shared things


def test_a_thread_local_session(session: ODMSession) -> None:
    proxy = ThreadLocalODMSession(bind=session.bind)

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = proxy

        _id = FieldProperty(S.ObjectId)

    made = Page()
    assert session_of(Page) is proxy
    assert session_of(made) is proxy._get()
    proxy.close()


def test_user_properties(session: ODMSession) -> None:
    class Shouted(FieldProperty[str]):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.mark = kwargs.pop("mark")
            super().__init__(*args, **kwargs)

        def __get__(self, instance: Any, owner: Any = None) -> Any:
            found = super().__get__(instance, owner)
            return found if instance is None else found + self.mark

        def __set__(self, instance: Any, value: Any) -> None:
            super().__set__(instance, value.upper())

    class Computed(ORMProperty):
        include_in_repr = True

        def __get__(self, instance: Any, owner: Any = None) -> Any:
            return self if instance is None else len(instance.title)

    class Page(MappedClass):
        title = Shouted(str, mark="!")
        size = Computed()

    made = Page(title="a")
    Page.title.anything = 5  # type: ignore[attr-defined]
    assert (made.title, made.size) == ("A!", 2)
    assert Page.size.repr(made) == "2"  # type: ignore[attr-defined]
    assert repr(made) == "<Page title='A!' size=2>"
    assert repr(Page.size) == "<Computed size>"
    with pytest.raises(TypeError, match="'size' is a read-only property on <Mapper Page:None>"):
        made.size = 3


def test_replaced_markers_and_mocks() -> None:
    stand_in = Mock()
    assert hasattr(stand_in, "__ming__") is False
    stand_in.__ming__ = Mock()
    assert session_of(stand_in) is stand_in.__ming__.state.session
    with pytest.raises(AttributeError):
        state(object())
    assert bson.ObjectId() not in REGISTRY.by_class
