"""Which join a relation has, and joins as applications use them by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ming import Session, create_datastore, mim
from ming.exc import AmbiguousJoin, NoJoin, ORMError
from ming.odm import FieldProperty, ForeignIdProperty, MappedClass, ODMSession, RelationProperty, mapper
from ming.odm.property import ManyToManyListJoin, ManyToOneJoin, OneToManyJoin
from ming.odm.registry import REGISTRY


@pytest.fixture
def declared() -> Iterator[ODMSession]:
    with REGISTRY.preserved():
        yield ODMSession(Session(create_datastore("mim:///joins")))
    mim.Connection.get().drop_database("joins")


def made(declared: Any, name: str, *bases: type, **body: Any) -> Any:
    """A mapped class with an ``_id`` and what else is in its body."""
    meta = type("__mongometa__", (), {"name": name.lower(), "session": declared})
    own_id = {} if bases else {"_id": FieldProperty(int)}
    return type(MappedClass)(name, bases or (MappedClass,), {"__mongometa__": meta, **own_id, **body})


def described(join: Any) -> tuple[type, str, str, str]:
    return type(join), join.own_cls.__name__, join.rel_cls.__name__, join.prop.name


# -- inference ----------------------------------------------------------------------------------------


def test_one_own_foreign_id_makes_many_to_one(declared: Any) -> None:
    made(declared, "Parent", children=RelationProperty("Child"))
    child = made(declared, "Child", parent_id=ForeignIdProperty("Parent"), parent=RelationProperty("Parent"))
    assert described(child.parent.join) == (ManyToOneJoin, "Child", "Parent", "parent_id")
    assert described(child.parent.related.children.join) == (OneToManyJoin, "Parent", "Child", "parent_id")
    assert child.parent.join is child.parent.join


def test_a_list_of_foreign_ids_makes_many_to_many(declared: Any) -> None:
    tag = made(declared, "Tag", posts=RelationProperty("Post"))
    post = made(declared, "Post", tag_ids=ForeignIdProperty(tag, uselist=True), tags=RelationProperty(tag))
    for join, detains_list in [(post.tags.join, True), (tag.posts.join, False)]:
        assert isinstance(join, ManyToManyListJoin)
        assert join.detains_list is detains_list
        assert join.prop is post.tag_ids


def test_via_chooses_by_name(declared: Any) -> None:
    other = made(declared, "Other")
    cls = made(
        declared,
        "Own",
        y1=ForeignIdProperty(other),
        y2=ForeignIdProperty(other),
        first=RelationProperty(other, "y1"),
        second=RelationProperty(other, via=("y2", True)),
        any_of_them=RelationProperty(other),
    )
    assert (cls.first.join.prop.name, cls.second.join.prop.name) == ("y1", "y2")
    assert (cls.first.via_property_owner, cls.second.via_property_owner) == (None, True)
    with pytest.raises(AmbiguousJoin, match=r"^Ambiguous join, satisfying keys are \['y1', 'y2'\]"):
        cls.any_of_them.join  # noqa: B018


def test_two_candidates_at_the_other_side_are_ambiguous(declared: Any) -> None:
    own = made(declared, "Own", others=RelationProperty("Other"))
    made(declared, "Other", y1=ForeignIdProperty(own), y2=ForeignIdProperty(own))
    with pytest.raises(AmbiguousJoin, match=r"\['y1', 'y2'\]"):
        own.others.join  # noqa: B018


def test_two_own_candidates_are_ambiguous_whatever_the_other_side_has(declared: Any) -> None:
    other = made(declared, "Other", own_id=ForeignIdProperty("Own"))
    own = made(
        declared,
        "Own",
        y1=ForeignIdProperty(other),
        y2=ForeignIdProperty(other),
        others=RelationProperty(other),
    )
    with pytest.raises(AmbiguousJoin, match=r"\['y1', 'y2'\]"):
        own.others.join  # noqa: B018


def test_no_candidate_at_all(declared: Any) -> None:
    other = made(declared, "Other")
    own = made(declared, "Own", others=RelationProperty(other), via=RelationProperty(other, "nothing"))
    with pytest.raises(NoJoin, match=r"^No join keys found between <class .*Own'> and <class .*Other'>"):
        own.others.join  # noqa: B018
    with pytest.raises(NoJoin):
        own.via.join  # noqa: B018
    assert issubclass(NoJoin, ORMError)
    assert issubclass(AmbiguousJoin, ORMError)


@pytest.mark.parametrize(
    ("via", "kind"),
    [
        (None, ManyToOneJoin),
        ("parent_id", ManyToOneJoin),
        (("parent_id", True), ManyToOneJoin),
        (("parent_id", False), OneToManyJoin),
    ],
)
def test_relations_of_a_class_with_itself(declared: Any, via: Any, kind: type) -> None:
    cls = made(
        declared, "Node", parent_id=ForeignIdProperty("Node"), related=RelationProperty("Node", via=via)
    )
    assert type(cls.related.join) is kind


def test_foreign_ids_may_mean_a_base(declared: Any) -> None:
    base = made(declared, "Base")
    sub = made(declared, "Sub", base)
    holder = made(declared, "Holder", base_id=ForeignIdProperty(base), sub=RelationProperty(sub))
    made(declared, "Special", holder)
    assert described(holder.sub.join) == (ManyToOneJoin, "Holder", "Sub", "base_id")
    assert described(REGISTRY.named("Special").mapped_class.sub.join)[:2] == (ManyToOneJoin, "Special")


def test_an_unknown_class_is_a_key_error_until_it_is_there(declared: Any) -> None:
    own = made(declared, "Own", later_id=FieldProperty(int), later=RelationProperty("Later"))
    with pytest.raises(KeyError, match="Later"):
        own.later.related  # noqa: B018
    with pytest.raises(KeyError, match="Later"):
        own.later.join  # noqa: B018
    later = made(declared, "Later", own_id=ForeignIdProperty(own))
    assert own.later.related is later
    assert type(own.later.join) is OneToManyJoin


def test_a_class_with_unresolved_foreign_ids_works_at_once(declared: Any) -> None:
    child = made(declared, "Child", parent_id=ForeignIdProperty("Parent"), parent=RelationProperty("Parent"))
    parent = made(declared, "Parent")
    assert child.parent_id.related is parent
    one = child(_id=1, parent=parent(_id=2))
    declared.flush()
    declared.clear()
    assert declared.get(child, 1).parent._id == one.parent_id == 2
    assert child.parent_id.field.type is parent._id.field.type


def test_foreign_keys_can_be_asked_for(declared: Any) -> None:
    parent = made(declared, "Parent", children=RelationProperty("Child"))
    child = made(declared, "Child", parent_id=ForeignIdProperty(parent))
    detect = parent.children._detect_foreign_keys
    assert detect(mapper(child), parent) == [child.parent_id]
    assert detect(mapper(child), parent, False) == []
    assert detect(mapper(parent), child) == []


# -- by hand ------------------------------------------------------------------------------------------


def test_joins_of_ones_own(declared: Any) -> None:
    parent = made(declared, "Parent")
    child = made(declared, "Child", parent_id=ForeignIdProperty(parent))
    join = OneToManyJoin(parent, child, child.parent_id)
    one, other = parent(_id=1), parent(_id=2)
    children = [child(_id=number, parent_id=1) for number in range(3)]
    declared.flush()
    assert join.load(one) == children
    assert [each._id for each in join.iterator(one)] == [0, 1, 2]
    join.set(other, children[1:])
    assert [each.parent_id for each in children] == [1, 2, 2]
    assert (join.load(one), join.load(other)) == (children[:1], children[1:])
    up = ManyToOneJoin(child, parent, child.parent_id)
    assert (up.load(children[0]), list(up.iterator(children[1]))) == (one, [other])
    up.set(children[0], None)
    assert children[0].parent_id is None


def test_lists_by_hand(declared: Any) -> None:
    tag = made(declared, "Tag")
    post = made(declared, "Post", tag_ids=ForeignIdProperty(tag, uselist=True))
    tags = [tag(_id=number) for number in range(3)]
    one = post(_id=1)
    declared.flush()
    down = ManyToManyListJoin(post, tag, post.tag_ids)
    up = ManyToManyListJoin(tag, post, post.tag_ids, False)
    assert (down.detains_list, up.detains_list) == (True, False)
    down.set(one, tags[:2])
    assert one.tag_ids == [0, 1]
    up.set(tags[2], [one])
    up.set(tags[0], [])
    assert one.tag_ids == [1, 2]
    assert down.load(one) == tags[1:]
    assert [up.load(each) for each in tags] == [[], [one], [one]]


def test_a_relation_may_bring_its_own_join(declared: Any) -> None:
    parent = made(declared, "Parent")
    child = made(declared, "Child", parent_id=ForeignIdProperty(parent))

    class Children(RelationProperty):
        @property
        def join(self) -> Any:
            assert self.mapper is not None
            return OneToManyJoin(self.mapper.mapped_class, child, child.parent_id)

    owner = made(declared, "Owner", parent, children=Children("no such class"))
    one = owner(_id=1)
    child(_id=1, parent_id=1)
    child(_id=2, parent_id=2)
    declared.flush()
    assert [each._id for each in one.children] == [1]
    one.children = []
    assert one.children == []
