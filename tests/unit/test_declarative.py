"""Declarative document classes: ``__mongometa__``, fields, inheritance, managers."""

from __future__ import annotations

import asyncio
import copy
import inspect
import pickle
from typing import Any, ClassVar
from unittest import mock
from unittest.mock import call

import pytest

from ming import AsyncSession, Document, Field, Index, Session, collection
from ming import schema as S
from ming.declarative import _DocumentMeta
from ming.encryption import EncryptedMixin
from ming.exc import Invalid, MingConfigError
from ming.metadata import _ClassManager, _Document, _InstanceManager
from ming.utils import ContextualProxy, ThreadLocalProxy

SESSION = Session()
OTHER = Session()


class Page(Document):
    class __mongometa__:
        name = "pages"
        session = SESSION
        indexes: ClassVar[Any] = ["title", ("author", "title")]
        unique_indexes: ClassVar[Any] = [("slug",)]
        custom_indexes: ClassVar[Any] = [{"fields": ("seen",), "expireAfterSeconds": 10}]
        history_class = "a stranger's attribute"

    _id = Field(S.ObjectId)
    title = Field(str, index=True, unique=True)
    author = Field(str)
    slug = Field(str)
    seen = Field(S.DateTime)


class Article(Page):
    class __mongometa__:
        indexes: ClassVar[Any] = ["author"]

    title = Field(S.String(required=True))
    body = Field(str)


# --- documents


def test_the_bases_of_document_classes() -> None:
    assert [base.__name__ for base in _Document.__mro__] == [
        "_Document",
        "Object",
        "dict",
        "EncryptedMixin",
        "object",
    ]
    assert issubclass(Document, EncryptedMixin)
    assert type(Document) is _DocumentMeta


def test_the_constructor_neither_validates_nor_fills_in() -> None:
    assert Page() == {}
    assert Page({"title": 3, "nonsense": 1}) == {"title": 3, "nonsense": 1}
    assert Page([("title", "a")]) == {"title": "a"}


def test_the_constructor_gives_nested_dicts_attribute_access() -> None:
    inner = {"a": {"b": [{"c": 1}]}}
    page: Any = Page(inner)
    assert page.a.b[0].c == 1
    assert type(page.a) is not Page
    untouched = Page(inner, skip_from_bson=True)
    assert untouched["a"] is inner["a"]


def test_the_constructor_takes_no_fields_by_keyword() -> None:
    with pytest.raises(TypeError):
        Page(title="a")  # type: ignore[call-arg]


def test_make_validates_and_fills_in_defaults() -> None:
    article = Article.make({"title": "a"})
    assert type(article) is Article
    assert set(article) == {"_id", "title", "author", "slug", "seen", "body"}
    assert Article.m.make({"title": "a", "_id": article._id}) == article


def test_make_refuses_unknown_keys_unless_told_otherwise() -> None:
    data = {"title": "a", "extra": 1}
    with pytest.raises(Invalid, match="Extra keys: {'extra'}"):
        Page.make(data)
    assert "extra" not in Page.make(data, allow_extra=True)
    assert Page.make(data, allow_extra=True, strip_extra=False)["extra"] == 1


def test_make_without_fields_takes_everything() -> None:
    class Empty(Document):
        pass

    made: Any = Empty.make({"a": {"b": 1}}, allow_extra=False)
    assert type(made) is Empty
    assert made.a.b == 1
    assert Empty.m.schema is None


def test_attributes_without_a_field() -> None:
    class Noted(Document):
        note = "of the class"
        title = Field(str)

    noted: Any = Noted({"title": "a"})
    noted.other = 1
    noted.note = "of the document"
    assert noted == {"title": "a", "other": 1}
    assert noted.note == "of the document"
    assert Noted.note == "of the class"


def test_inherited_fields_and_properties_can_be_assigned() -> None:
    class Base(Document):
        _ren = Field("ren", str)

        @property
        def shout(self) -> str:
            return self._ren.upper()

        @shout.setter
        def shout(self, value: str) -> None:
            self._ren = value.lower()

    class Child(Base):
        pass

    child = Child()
    child._ren = "a"
    assert child == {"ren": "a"}
    child.shout = "B"
    assert child == {"ren": "b"}
    assert child.shout == "B"


def test_documents_are_equal_as_dicts_and_unhashable() -> None:
    assert Page({"title": "a"}) == {"title": "a"}
    with pytest.raises(TypeError, match="unhashable"):
        hash(Page())


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda page: pickle.loads(pickle.dumps(page))]
)
def test_documents_can_be_copied_and_pickled(duplicate: Any) -> None:
    page = Page({"title": "a", "meta": {"tags": ["x"]}})
    other = duplicate(page)
    assert type(other) is Page
    assert other == page
    assert other.meta.tags == ["x"]
    assert type(page.copy()) is dict


@pytest.mark.parametrize("name", ["items", "m", "make", "from_bson", "encr", "decrypt_some_fields"])
def test_reserved_names_hide_keys_from_attribute_reading(name: str) -> None:
    page = Page({name: "a"})
    assert getattr(page, name) != "a"
    assert page[name] == "a"


def test_encrypting_make_is_for_declarative_classes() -> None:
    class Empty(Document):
        title = Field(str)

        class __mongometa__:
            session = SESSION

    assert Empty.make_encr({"title": "a"}) == {"title": "a"}
    with pytest.raises(NotImplementedError):
        collection("pages", SESSION, Field("title", str)).make_encr({"title": "a"})


# --- __mongometa__


def test_mongometa_is_read_back_as_declared() -> None:
    meta: Any = Page.__mongometa__
    assert meta.__name__ == "__mongometa__"
    assert meta.indexes == ["title", ("author", "title")]
    assert meta.history_class == "a stranger's attribute"
    assert (meta.name, meta.session) == ("pages", SESSION)


def test_the_base_of_all_lists_no_indexes() -> None:
    assert Document.__mongometa__.indexes == []


def test_mongometa_is_inherited_from_every_base() -> None:
    class Mixin:
        class __mongometa__:
            name = "mixed"
            abstract = True

    class Mixed(Mixin, Document):
        class __mongometa__:
            session = OTHER

    meta: Any = Mixed.__mongometa__
    assert issubclass(meta, Mixin.__mongometa__)
    assert meta.abstract is True
    assert (Mixed.m.collection_name, Mixed.m.session) == ("mixed", OTHER)
    meta = Article.__mongometa__
    assert (meta.name, meta.history_class) == ("pages", "a stranger's attribute")
    assert Article.m.collection_name == "pages"


def test_bases_of_the_inner_class_are_dropped() -> None:
    class Shared:
        name = "shared"

    class Own(Document):
        class __mongometa__(Shared):
            session = SESSION

    assert Own.m.collection_name is None


def test_everything_in_mongometa_is_inherited() -> None:
    def hook(document: Any) -> None:
        pass

    class Old(Document):
        name = Field(S.String(required=True))

    class Base(Document):
        class __mongometa__:
            name = "pages"
            version_of = Old
            polymorphic_on = "kind"
            polymorphic_identity = "base"
            before_save = hook
            unknown = "strip"
            comment = "from pages"

            def migrate(old: Any) -> Any:  # type: ignore[misc]
                return {"title": old.name, "kind": "base"}

        kind = Field(str)
        title = Field(S.String(required=True))

    class Child(Base):
        pass

    manager = Child.m
    assert manager.before_save is hook
    assert manager.older is Old.m
    assert manager.polymorphic_identity == "base"
    assert manager.declaration.unknown == "strip"
    assert manager.driver_options == {"comment": "from pages"}
    assert Child.make({"name": "a"}) == {"kind": "base", "title": "a"}

    class Grown(Base):
        class __mongometa__:
            version_of = None

    assert Grown.m.older is None


def plain(document: Any) -> str:
    return f"plain {document}"


@pytest.mark.parametrize("option", ["migrate", "before_save"])
@pytest.mark.parametrize(
    "function",
    [
        plain,
        staticmethod(plain),
        classmethod(plain),
        classmethod(lambda cls, document: f"plain {document}"),
    ],
)
def test_functions_get_the_document_alone(option: str, function: Any) -> None:
    meta = type("__mongometa__", (), {option: function})
    made: Any = _DocumentMeta("Made", (Document,), {"__mongometa__": meta})
    assert getattr(made.m.declaration, option)("x") == "plain x"


def test_an_asynchronous_session_is_refused_with_the_remedy() -> None:
    with pytest.raises(MingConfigError, match=r"pages: .*asession\.find\(Page, \.\.\.\)"):

        class Wrong(Document):
            class __mongometa__:
                name = "pages"
                session = AsyncSession()


@pytest.mark.parametrize("proxy", [ThreadLocalProxy, ContextualProxy])
def test_declaring_makes_no_session_behind_a_proxy(proxy: Any) -> None:
    def no_session(*args: Any) -> Any:
        raise AssertionError("the proxy was asked")

    class Proxied(Document):
        class __mongometa__:
            name = "pages"
            session = proxy(no_session, no_session)

    assert isinstance(Proxied._manager.session, proxy)


@pytest.mark.parametrize(("option", "value"), [("unknown", "drop"), ("save", "diff")])
def test_an_unknown_choice_is_refused(option: str, value: str) -> None:
    meta = type("__mongometa__", (), {"name": "pages", option: value})
    with pytest.raises(MingConfigError, match=f"pages: {option}='{value}', expected one of"):
        _DocumentMeta("Made", (Document,), {"__mongometa__": meta})


@pytest.mark.parametrize("option", ["migrate", "before_save"])
def test_what_is_no_function_is_refused_at_the_declaration(option: str) -> None:
    meta = type("__mongometa__", (), {"name": "pages", option: 5})
    with pytest.raises(MingConfigError, match=f"pages: {option}=5, expected a function"):
        _DocumentMeta("Made", (Document,), {"__mongometa__": meta})


def test_class_keywords_reach_init_subclass_before_the_manager_is_made() -> None:
    seen: list[Any] = []

    class Base(Document):
        class __mongometa__:
            name = "base"

        def __init_subclass__(cls, colour: str = "", **keywords: Any) -> None:
            super().__init_subclass__(**keywords)
            seen.append((colour, cls.m.collection_name, cls.__mongometa__.name))

    class Child(Base, colour="red"):
        class __mongometa__:
            name = "child"

    assert seen == [("red", "base", "child")]
    assert Child.m.collection_name == "child"


# --- fields and indexes


def test_fields_are_inherited_and_replaced() -> None:
    assert list(Article.m.field_index) == ["_id", "title", "author", "slug", "seen", "body"]
    assert Article.m.field_index["title"] is Article.title
    assert Article.m.field_index["author"] is Page.author
    assert list(Article.m.fields) == list(Article.m.field_index.values())


def test_the_last_base_wins_where_fields_collide() -> None:
    class Left(Document):
        a = Field(int)
        b = Field(int)

    class Right(Document):
        a = Field(str)
        b = Field(str)

    class Both(Left, Right):
        b = Field(float)

    assert Both.m.field_index["a"] is Right.a
    assert Both.m.field_index["b"] is Both.b


def test_fields_of_plain_mixins_are_not_collected() -> None:
    class Mixin:
        extra = Field(str)

    class Mixed(Mixin, Document):
        title = Field(str)

    assert list(Mixed.m.field_index) == ["title"]


def test_replacing_a_field_by_something_else_leaves_it_in_the_schema() -> None:
    class Base(Document):
        title = Field(str)

    class Child(Base):
        title = "constant"  # type: ignore[assignment]

    assert Child.make({"title": "a"}) == {"title": "a"}
    assert Child({"title": "a"}).title == "constant"  # type: ignore[comparison-overlap]


def test_indexes_come_in_order_and_flags_of_fields_make_none() -> None:
    listed = [
        Index("title"),
        Index("author", "title"),
        Index("slug", unique=True),
        Index("seen", expireAfterSeconds=10),
    ]
    assert Page.m.indexes == listed
    assert Article.m.indexes[:4] == listed


def test_an_inherited_list_of_indexes_is_not_repeated() -> None:
    class Child(Page):
        pass

    assert Child.m.indexes == Page.m.indexes
    # Lists that a child does not replace are inherited with the rest of `__mongometa__`.
    assert Article.m.indexes == [*Page.m.indexes, Index("author")]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("a", Index("a")),
        (("a",), Index("a")),
        (("a", "b"), Index("a", "b")),
        (("a", -1), Index(("a", -1))),
        ((("a", -1), ("b", 1)), Index(("a", -1), "b")),
        ([("a", 1), "b"], Index("a", "b")),
    ],
)
@pytest.mark.parametrize(("option", "unique"), [("indexes", False), ("unique_indexes", True)])
def test_forms_of_index_entries(entry: Any, expected: Index, option: str, unique: bool) -> None:
    meta = type("__mongometa__", (), {option: [entry]})
    made: Any = _DocumentMeta("Made", (Document,), {"__mongometa__": meta})
    assert made.m.indexes == [Index(*expected.index_spec, unique=unique)]


# --- managers


def test_the_class_manager_is_one_object_and_the_instance_manager_is_made_anew() -> None:
    page = Page()
    assert isinstance(Page.m, _ClassManager)
    assert Page.m is Page.m
    assert isinstance(page.m, _InstanceManager)
    assert page.m is not page.m


def test_attributes_of_the_class_manager() -> None:
    manager = Article.m
    assert (manager.cls, manager.bases) == (Article, (Page.m,))
    assert isinstance(manager.schema, S.Document)
    assert manager.schema.managed_class is Article
    assert (manager.polymorphic_on, manager.polymorphic_identity, manager.polymorphic_registry) == (None,) * 3
    assert manager.before_save is None


def test_attributes_of_the_instance_manager() -> None:
    page = Page()
    manager = page.m
    assert manager.inst is page
    assert manager.classmanager is Page.m
    assert (manager.session, manager.collection_name, manager.before_save) == (SESSION, "pages", None)
    assert manager.schema is Page.m.schema


@pytest.mark.parametrize("name", ["remove", "find", "get", "with_session", "__call__"])
def test_instance_managers_have_no_methods_of_classes(name: str) -> None:
    assert not hasattr(Page().m, name)


@pytest.mark.parametrize("name", ["save", "insert", "upsert", "delete", "set", "increase_field"])
def test_class_managers_have_no_methods_of_instances(name: str) -> None:
    assert not hasattr(Page.m, name)


CLASS_METHODS = [
    *("get", "find", "find_by", "remove", "count", "update_partial", "create_index", "ensure_index"),
    *("ensure_indexes", "index_information", "drop_indexes", "find_one_and_update", "find_one_and_replace"),
    *("find_one_and_delete", "aggregate", "distinct", "migrate"),
]
NO_ARGUMENTS = {"count", "migrate", "ensure_indexes", "index_information", "drop_indexes"}
KEYWORDS_ONLY = {"get", "find_by"}
ONE_ARGUMENT = {"create_index", "ensure_index"}


@pytest.mark.parametrize("face", [Session, AsyncSession])
@pytest.mark.parametrize("name", CLASS_METHODS)
def test_class_managers_hand_arguments_to_the_session_untouched(name: str, face: Any) -> None:
    session = mock.create_autospec(face, instance=True, is_async=face.is_async)
    manager: Any = Page.m.with_session(session)
    assert inspect.iscoroutinefunction(manager.count) is face.is_async
    args: tuple[Any, ...] = () if name in KEYWORDS_ONLY | NO_ARGUMENTS else ({"a": 1}, "b")
    if name in ONE_ARGUMENT:
        args = args[:1]
    kwargs: dict[str, Any] = {} if name in NO_ARGUMENTS else {"limit": 2}
    result = getattr(manager, name)(*args, **kwargs)
    if inspect.iscoroutine(result):
        result = asyncio.run(result)
    assert session.mock_calls == [getattr(call, name)(Page, *args, **kwargs)]
    returns_nothing = name in ("ensure_indexes", "drop_indexes")
    assert result is (None if returns_nothing else getattr(session, name).return_value)


@pytest.mark.parametrize("name", ["save", "insert", "upsert", "delete", "set", "increase_field"])
def test_instance_managers_hand_arguments_to_the_session_untouched(name: str) -> None:
    class Mocked(Document):
        class __mongometa__:
            session = mock.Mock()

    mocked = Mocked({"a": 1})
    args: tuple[Any, ...] = () if name == "increase_field" else ("a", "b")
    getattr(mocked.m, name)(*args, b=2)
    session = Mocked.__mongometa__.session
    assert session.method_calls[1:] == [getattr(call, name)(mocked, *args, b=2)]


def test_a_manager_with_another_session_is_a_copy() -> None:
    manager = Page.m.with_session(OTHER)
    assert manager.session is OTHER
    assert (manager.cls, manager.indexes) == (Page, Page.m.indexes)
    assert Page.m.session is SESSION


def test_a_manager_with_an_asynchronous_session_is_its_asynchronous_twin() -> None:
    asession = AsyncSession()
    manager: Any = Page.m.with_session(asession)
    assert manager.session is asession
    assert inspect.iscoroutinefunction(manager.get)
    assert manager.collection_name == "pages"


def test_options_of_the_driver_go_through_a_copy() -> None:
    manager = Page.m.with_options(comment="from a test")
    assert manager is not Page.m
    assert manager.session._options == {"comment": "from a test"}


def test_an_index_can_be_added() -> None:
    class Indexed(Document):
        class __mongometa__:
            session = mock.Mock()

    Indexed.m.add_index(Index("a", unique=True))
    assert Indexed.m.indexes == [Index("a", unique=True)]
    created = Indexed.__mongometa__.session.create_index.mock_calls
    assert created == [call(Indexed, [("a", 1)], unique=True, sparse=False)]


def test_a_class_without_a_session_is_legal_until_used() -> None:
    class Loose(Document):
        title = Field(str)

    assert Loose.m.session is None
    assert Loose.make({"title": "a"}).title == "a"
    remedy = r"Loose declares no session: use session\.find\(Loose, \.\.\.\)"
    with pytest.raises(MingConfigError, match=remedy):
        Loose.m.find()
    with pytest.raises(MingConfigError, match=remedy):
        Loose().m.save()
    with pytest.raises(MingConfigError, match=remedy):
        _ = Loose.m.collection


def test_the_base_of_all_has_a_manager() -> None:
    assert (Document.m.collection_name, Document.m.session, list(Document.m.fields)) == (None, None, [])


# --- polymorphism


def family(**base_options: Any) -> tuple[Any, Any]:
    base_meta = type("__mongometa__", (), {"polymorphic_on": "kind", **base_options})
    base: Any = _DocumentMeta(
        "Base", (Document,), {"__mongometa__": base_meta, "kind": Field(str), "a": Field(int)}
    )
    child_meta = type("__mongometa__", (), {"polymorphic_identity": "child"})
    child: Any = _DocumentMeta("Child", (base,), {"__mongometa__": child_meta, "b": Field(int)})
    return base, child


def test_an_explicit_registry_is_the_family() -> None:
    registry: dict[Any, Any] = {}
    base, child = family(polymorphic_identity="base", polymorphic_registry=registry)
    assert registry == {"base": base, "child": child}
    assert child.m.polymorphic_registry is registry


def test_without_a_registry_the_family_shares_one_all_the_same() -> None:
    base, child = family(polymorphic_identity="base")
    made = base.make({"kind": "child", "b": 1})
    assert type(made) is child
    assert made == {"kind": "child", "a": None, "b": 1}


def test_without_an_identity_none_is_registered() -> None:
    base, child = family()
    assert base.m.polymorphic_registry == {None: base, "child": child}


def test_a_document_without_the_key_counts_as_the_class_asked() -> None:
    base, child = family(polymorphic_identity="base")
    assert type(base.make({})) is base
    assert type(child.make({})) is child


def test_an_inherited_identity_is_not_taken_over() -> None:
    base, child = family(polymorphic_identity="base")

    class Grown(base):  # type: ignore[misc]
        pass

    assert base.m.polymorphic_registry == {"base": base, "child": child}
    assert type(base.make({"kind": "base"})) is base
    assert type(Grown.make({"kind": "base"})) is Grown
    assert type(Grown.make({"kind": "child"})) is child


def test_an_unknown_identity_is_invalid() -> None:
    base, _child = family(polymorphic_identity="base")
    with pytest.raises(Invalid, match=r"'other' is not among the known identities \['base', 'child'\]"):
        base.make({"kind": "other"})


def test_a_name_in_place_of_a_list_of_indexes_is_refused() -> None:
    with pytest.raises(MingConfigError, match="pages: indexes='title', expected a list"):

        class Page(Document):
            class __mongometa__:
                name = "pages"
                indexes = "title"
