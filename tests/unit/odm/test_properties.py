"""Properties of mapped classes: reading, writing and deleting fields and foreign ids."""

from __future__ import annotations

from typing import Any

import bson
import pytest

from ming import Field
from ming import schema as S
from ming.odm import (
    FieldProperty,
    FieldPropertyWithMissingNone,
    ForeignIdProperty,
    MappedClass,
    Mapper,
    ODMSession,
    mapper,
    state,
)
from ming.odm.icollection import InstrumentedList, InstrumentedObj, deinstrument


@pytest.fixture
def page(session: ODMSession) -> Any:
    owner = session

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = owner

        _id = FieldProperty(S.ObjectId)
        title = FieldProperty(str)
        views = FieldProperty(int, if_missing=0)
        anything = FieldProperty(S.Anything)
        tags = FieldProperty([str])
        data = FieldProperty({"a": int})
        loose = FieldProperty({str: None})
        optional = FieldProperty(S.Int(if_missing=S.Missing))
        quiet = FieldPropertyWithMissingNone(S.Int(if_missing=S.Missing))

    return Page


@pytest.fixture
def stored(page: Any, session: ODMSession) -> Any:
    """A page that is clean."""
    made = page(title="a", views=1, tags=["x"], data={"a": 1}, anything={"k": [1]})
    session.flush()
    return made


# --- declaring


def test_forms_of_declaration() -> None:
    assert FieldProperty("name", str).name == "name"
    assert FieldProperty("a.b", int).field.name == "a.b"
    field = Field(str)
    assert FieldProperty(field).field is field
    assert isinstance(FieldProperty(None).field.schema, S.Anything)
    assert FieldProperty(str, required=True).field.schema.required
    with pytest.raises(TypeError, match="Unexpected args"):
        FieldProperty(field, required=True)
    with pytest.raises(TypeError, match="Unexpected args"):
        FieldProperty(field, str)
    with pytest.raises(TypeError, match="must be a str"):
        FieldProperty(5, str)
    with pytest.raises(ValueError, match="one argument"):
        FieldProperty("name")


def test_on_the_class_a_property_is_itself(page: Any) -> None:
    assert isinstance(page.title, FieldProperty)
    assert (page.title.name, page.title.field.type, page.title.field.name) == ("title", str, "title")
    assert mapper(page).property_index["title"] is page.title
    assert mapper(page).property_index["views"].field.schema.if_missing == 0
    assert repr(page.title) == "<FieldProperty title>"


def test_a_name_makes_an_alias(session: ODMSession) -> None:
    owner = session

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = owner

        _id = FieldProperty(S.ObjectId)
        title = FieldProperty("t", str)
        tags = FieldProperty("g", [str])

    class Sub(Page):
        pass

    made = Sub(title="a", tags=["x"])
    owner.flush()
    assert owner.db.page.find_one() == {"_id": made._id, "t": "a", "g": ["x"]}
    made.title = "b"
    made.tags.append("y")
    owner.flush()
    assert owner.db.page.find_one() == {"_id": made._id, "t": "b", "g": ["x", "y"]}
    assert [prop.name for prop in mapper(Sub).properties] == ["_id", "title", "tags"]
    owner.clear()
    found = Page.query.get(t="b")
    assert found is not None
    assert (found.title, found["title"], list(found.tags)) == ("b", "b", ["x", "y"])
    del found.title
    owner.flush()
    assert "t" not in owner.db.page.find_one()


# --- reading


def test_containers_are_tracked_and_kept(stored: Any) -> None:
    assert isinstance(stored.tags, InstrumentedList)
    assert isinstance(stored.data, InstrumentedObj)
    assert stored.tags is stored.tags is state(stored).i_document["tags"]
    assert deinstrument(stored.tags) is state(stored).document["tags"]


def test_absent_keys(page: Any, session: ODMSession) -> None:
    session.db.page.insert_one({"_id": bson.ObjectId()})
    found = page.query.get()
    own = state(found)
    for name in ("views", "tags"):
        own.delete(name)
    assert (found.views, found.tags) == (0, [])
    assert own.document["views"] == 0
    assert own.status == "clean"
    found.tags.append("x")
    session.flush()
    assert session.db.page.find_one()["tags"] == ["x"]
    with pytest.raises(AttributeError, match="^optional$"):
        _ = found.optional
    with pytest.raises(KeyError, match="optional"):
        found["optional"]
    assert "optional" not in found


def test_missing_none(page: Any, stored: Any) -> None:
    assert stored.quiet is stored["quiet"] is None
    assert "quiet" in stored
    stored.quiet = 3
    assert stored.quiet == 3
    del stored.quiet
    assert stored.quiet is None


def test_without_instruments(page: Any, stored: Any, session: ODMSession) -> None:
    session.clear()
    found = page.query.find().options(instrument=False).one()
    assert type(found.tags) is list
    assert not isinstance(found.data, InstrumentedObj)
    state(found).delete("views")
    with pytest.raises(KeyError, match="views"):
        _ = found.views


# --- writing


def test_writing_validates_at_once(stored: Any) -> None:
    with pytest.raises(S.Invalid):
        stored.title = 5
    with pytest.raises(S.Invalid, match="Extra keys"):
        stored.data = {"a": 1, "b": 2}
    assert state(stored).status == "clean"
    assert stored.data == {"a": 1}


@pytest.mark.parametrize(
    ("name", "value"),
    [("title", "a"), ("views", 1), ("tags", ["x"]), ("data", {"a": 1}), ("anything", {"k": [1]})],
)
def test_an_equal_value_leaves_the_object_clean(stored: Any, name: str, value: Any) -> None:
    setattr(stored, name, value)
    assert state(stored).status == "clean"
    setattr(stored, name, getattr(stored, name))
    assert state(stored).status == "clean"


@pytest.mark.parametrize(
    ("before", "after"), [(1, True), (1, 1.0), (0, False), ([1], [True]), ({"a": 1}, {"a": 1.0})]
)
def test_values_of_another_type_are_changes(
    stored: Any, session: ODMSession, before: Any, after: Any
) -> None:
    stored.anything = before
    session.flush()
    stored.anything = after
    session.flush()
    kept = session.db.page.find_one()["anything"]
    assert repr(kept) == repr(after)


def test_what_was_handed_in_is_not_the_objects(stored: Any, session: ODMSession) -> None:
    given: dict[str, Any] = {"list": [1]}
    stored.anything = given
    session.flush()
    given["list"].append(2)
    assert stored.anything == {"list": [1]}
    stored.anything = given
    session.flush()
    assert session.db.page.find_one()["anything"] == {"list": [1, 2]}


def test_a_plain_container_changed_by_hand_and_assigned(stored: Any, session: ODMSession) -> None:
    plain = stored.tags._deinstrument()
    plain.append("y")
    stored.tags = plain
    assert state(stored).status == "dirty"
    session.flush()
    assert session.db.page.find_one()["tags"] == ["x", "y"]


def test_a_replaced_container_is_the_objects_no_longer(stored: Any, session: ODMSession) -> None:
    before = stored.tags
    stored.tags = ["new"]
    session.flush()
    before.append("late")
    assert state(stored).status == "clean"
    assert stored.tags == ["new"]


def test_the_first_default_is_tracked(page: Any) -> None:
    made = page.query.mapper.adopt(page.query.mapper.collection({}), None, page.query.mapper.options)
    first = made.tags
    first.append("x")
    assert state(made).status == "dirty"
    assert state(made).changes()["tags"] == ["x"]


def test_tracked_values_are_stored_plain(stored: Any, page: Any, session: ODMSession) -> None:
    other = page(anything=stored.anything, loose={"it": stored.data}, tags=stored.tags)
    other.anything = {"deep": [stored.data, stored.tags]}
    document = state(other).document
    for value in (document["anything"]["deep"], document["loose"]["it"], document["tags"]):
        assert not isinstance(value, (InstrumentedList, InstrumentedObj))
    assert not any(
        isinstance(each, (InstrumentedList, InstrumentedObj)) for each in document["anything"]["deep"]
    )
    other.anything["deep"][1].append("mine")
    other.tags.append("mine")
    assert stored.tags == ["x"]
    session.flush()
    assert session.db.page.find_one({"_id": other._id})["anything"] == {"deep": [{"a": 1}, ["x", "mine"]]}


def test_deleting_is_a_change(stored: Any, session: ODMSession) -> None:
    del stored.views
    assert state(stored).status == "dirty"
    with pytest.raises(KeyError, match="views"):
        del stored.views
    session.flush()
    assert "views" not in session.db.page.find_one()
    assert stored.views == 0


def test_an_item_added_to_a_default_does_not_push_past_it(session: ODMSession) -> None:
    owner = session

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = owner

        _id = FieldProperty(S.ObjectId)
        tags = FieldProperty([str], if_missing=["default"])

    owner.db.page.insert_one({"_id": bson.ObjectId()})
    Page.query.find().one().tags.append("x")
    owner.flush()
    assert owner.db.page.find_one()["tags"] == ["default", "x"]


def test_a_custom_initializer_that_reads_containers(session: ODMSession) -> None:
    owner = session

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = owner

        _id = FieldProperty(S.ObjectId)
        tags = FieldProperty([str])
        data = FieldProperty({"n": int})

        def __init__(self, **values: Any) -> None:
            super().__init__(**values)
            self.tags.append("made")
            self.data.n = len(self.tags)

    made = Page(tags=["x"])
    made.tags.append("later")
    made.data.n += 5
    owner.flush()
    assert owner.db.page.find_one() == {"_id": made._id, "tags": ["x", "made", "later"], "data": {"n": 7}}


# --- foreign ids


@pytest.fixture
def parent() -> Any:
    class Parent(MappedClass):
        _id = FieldProperty(S.ObjectId)

    return Parent


def test_a_foreign_id_is_typed_as_the_other_id(parent: Any) -> None:
    class Child(MappedClass):
        one_id = ForeignIdProperty(parent)
        many_ids = ForeignIdProperty(parent, uselist=True)
        made_id = ForeignIdProperty(parent, if_missing=lambda: bson.ObjectId("0" * 24))

    child = Child()
    assert Child.one_id.field.type == parent._id.field.type
    assert Child.many_ids.field.type == [parent._id.field.type]
    assert (child.one_id, child.many_ids, child.made_id) == (None, [], bson.ObjectId("0" * 24))
    with pytest.raises(S.Invalid):
        child.one_id = "no id"
    own = Child.many_ids
    assert (own.related, own.uselist, own.allow_none) == (parent, True, False)
    child.many_ids.append(bson.ObjectId())
    assert len(state(child).document["many_ids"]) == 1
    with pytest.raises(AttributeError, match="allow_none with uselist is not supported"):
        ForeignIdProperty(parent, uselist=True, allow_none=True)


def test_a_schema_instance_as_id(session: ODMSession) -> None:
    class Parent(MappedClass):
        _id = FieldProperty(S.ObjectId(required=True))

    class Child(MappedClass):
        one_id = ForeignIdProperty(Parent)
        many_ids = ForeignIdProperty(Parent, uselist=True)

    assert (Child().one_id, Child().many_ids) == (None, [])
    one = bson.ObjectId()
    assert (Child(one_id=one).one_id, Child(many_ids=[one]).many_ids) == (one, [one])
    assert Parent._id.field.schema.required


def test_a_class_by_name_is_looked_up_when_needed(session: ODMSession) -> None:
    owner = session

    class Child(MappedClass):
        class __mongometa__:
            name = "child"
            session = owner

        _id = FieldProperty(S.ObjectId)
        parent_id = ForeignIdProperty("Parent", unique=True)

    assert "parent_id" not in mapper(Child).collection.m.field_index
    with pytest.raises(KeyError, match="Parent"):
        _ = Child.parent_id.field

    class Parent(MappedClass):
        _id = FieldProperty(int)

    # Without Mapper.compile_all().
    Child(parent_id=3)
    owner.flush()
    assert owner.db.child.find_one()["parent_id"] == 3
    assert Child.parent_id.related is Parent
    assert Child.parent_id.field.type is int
    assert [index.index_spec for index in mapper(Child).collection.m.indexes] == [[("parent_id", 1)]]


def test_a_family_is_looked_up_together(session: ODMSession) -> None:
    owner = session

    class Base(MappedClass):
        class __mongometa__:
            name = "base"
            session = owner
            polymorphic_on = "kind"
            polymorphic_identity = "base"

        _id = FieldProperty(int)
        kind = FieldProperty(str, if_missing="base")

    assert Base.query.get() is None

    class Sub(Base):
        class __mongometa__:
            polymorphic_identity = "sub"

        base_id = ForeignIdProperty("Base")

    owner.db.base.insert_one({"_id": 1, "kind": "sub", "base_id": 5})
    found: Any = Base.query.get(1)
    assert isinstance(found, Sub)
    assert found.base_id == 5


def test_a_foreign_id_has_one_name(parent: Any) -> None:
    class Child(MappedClass):
        parent_id = ForeignIdProperty(parent, False, False, "other_name")

    with pytest.raises(TypeError, match="parent_id.*other_name"):
        Mapper.compile_all()
    with pytest.raises(TypeError, match="no property _id"):

        class Wrong(MappedClass):
            child_id = ForeignIdProperty(Child)
