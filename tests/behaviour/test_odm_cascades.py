"""What becomes of related objects when an object is deleted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from harness.counting import Queries
from harness.odm import OdmFace
from pymongo.errors import OperationFailure

from ming import schema as S
from ming.exc import ORMError
from ming.odm import (
    FieldProperty,
    ForeignIdProperty,
    MappedClass,
    RelationProperty,
    SessionExtension,
    state,
)


@pytest.fixture
def blog(odm: OdmFace) -> Any:
    """Posts go with their author, comments with their post, replies with their comment; tags are let go."""

    class Author(MappedClass):
        class __mongometa__:
            name = "author"
            session = odm.declared

        _id = FieldProperty(int)
        posts = RelationProperty("Post", cascade="delete")
        pictures = RelationProperty("Picture", cascade="nullify")

    class Post(MappedClass):
        class __mongometa__:
            name = "post"
            session = odm.declared

        _id = FieldProperty(int)
        author_id = ForeignIdProperty(Author)
        author = RelationProperty(Author)
        comments = RelationProperty("Comment", via=("post_id", False), cascade="delete")

    class Comment(MappedClass):
        class __mongometa__:
            name = "comment"
            session = odm.declared

        _id = FieldProperty(int)
        post_id = ForeignIdProperty(Post)
        parent_id = ForeignIdProperty("Comment")
        replies = RelationProperty("Comment", via=("parent_id", False), cascade="delete")

    class Picture(MappedClass):
        class __mongometa__:
            name = "picture"
            session = odm.declared

        _id = FieldProperty(int)
        author_id = ForeignIdProperty(Author)
        title = FieldProperty(str)

    class Tag(MappedClass):
        class __mongometa__:
            name = "tag"
            session = odm.declared

        _id = FieldProperty(int)
        picture_ids = ForeignIdProperty(Picture, uselist=True)

    return SimpleNamespace(Author=Author, Post=Post, Comment=Comment, Picture=Picture, Tag=Tag)


async def populate(odm: OdmFace, blog: Any) -> None:
    for number in range(3):
        blog.Author(_id=number)
        blog.Post(_id=number, author_id=number)
        blog.Post(_id=10 + number, author_id=number)
        blog.Comment(_id=number, post_id=number)
        blog.Comment(_id=10 + number, parent_id=number)
        blog.Comment(_id=20 + number, parent_id=10 + number)
        blog.Picture(_id=number, author_id=number, title="a")
    await odm.session.flush()
    odm.declared.clear()


async def stored_ids(odm: OdmFace, name: str) -> list[int]:
    return [document["_id"] async for document in odm.raw[name].find().sort("_id")]


async def test_without_a_rule_nothing_becomes_of_them(odm: OdmFace, blog: Any) -> None:
    class Shelf(MappedClass):
        class __mongometa__:
            name = "shelf"
            session = odm.declared

        _id = FieldProperty(int)
        books = RelationProperty("Book")

    class Book(MappedClass):
        class __mongometa__:
            name = "book"
            session = odm.declared

        _id = FieldProperty(int)
        shelf_id = ForeignIdProperty(Shelf)

    shelf = Shelf(_id=1)
    book = Book(_id=1, shelf_id=1)
    await odm.session.flush()
    queries = Queries(odm)
    shelf.delete()
    await odm.session.flush()
    assert (book.shelf_id, state(book).status) == (1, "clean")
    assert not queries.asked


async def test_they_are_deleted_along_chains(odm: OdmFace, blog: Any) -> None:
    await populate(odm, blog)
    authors = await odm.session.find(blog.Author, {"_id": {"$in": [0, 1]}}).all()
    queries = Queries(odm)
    for author in authors:
        author.delete()
    await odm.session.flush()
    assert await stored_ids(odm, "author") == [2]
    assert await stored_ids(odm, "post") == [2, 12]
    assert await stored_ids(odm, "comment") == [2, 12, 22]
    assert sorted(queries.taken()) == ["comment"] * 4 + ["picture", "post"], (
        "one query for each step of a chain"
    )
    assert list(odm.declared.uow.deleted) == []


async def test_foreign_ids_are_taken_from_them(odm: OdmFace, blog: Any) -> None:
    await populate(odm, blog)
    author = await odm.session.get(blog.Author, 1)
    author.delete()
    await odm.raw.picture.update_one({"_id": 1}, {"$set": {"title": "b"}})
    await odm.session.flush()
    stored = await odm.raw.picture.find_one({"_id": 1})
    assert stored == {"_id": 1, "author_id": None, "title": "b"}
    assert await odm.raw.picture.count_documents({"author_id": {"$ne": None}}) == 2


async def test_ids_are_taken_out_of_lists(odm: OdmFace, blog: Any) -> None:
    class Label(MappedClass):
        class __mongometa__:
            name = "label"
            session = odm.declared

        _id = FieldProperty(int)
        notes = RelationProperty("Note", cascade="nullify")

    class Note(MappedClass):
        class __mongometa__:
            name = "note"
            session = odm.declared

        _id = FieldProperty(int)
        label_ids = ForeignIdProperty(Label, uselist=True)
        labels = RelationProperty(Label, cascade="delete")

    labels = [Label(_id=number) for number in range(4)]
    notes = [Note(_id=number, label_ids=[number, number + 1]) for number in range(3)]
    await odm.session.flush()
    labels[1].delete()
    labels[2].delete()
    await odm.session.flush()
    assert [note.label_ids for note in notes] == [[0], [], [3]]
    assert [document["label_ids"] async for document in odm.raw.note.find().sort("_id")] == [[0], [], [3]]
    notes[2].delete()
    await odm.session.flush()
    assert await stored_ids(odm, "label") == [0], "from the side that holds the list they are deleted"


async def test_what_is_new_or_has_moved_counts(odm: OdmFace, blog: Any) -> None:
    await populate(odm, blog)
    ann, bob = await odm.session.get(blog.Author, 0), await odm.session.get(blog.Author, 1)
    moved = await odm.session.get(blog.Post, 10)
    moved.author = bob
    blog.Post(_id=30, author=ann)
    ann.delete()
    await odm.session.flush()
    assert await stored_ids(odm, "post") == [1, 2, 10, 11, 12]


async def test_what_others_added_since_counts(odm: OdmFace, blog: Any) -> None:
    await populate(odm, blog)
    author = await odm.session.find(blog.Author, {"_id": 0}).options(load=["posts"]).one()
    await odm.raw.post.insert_one({"_id": 40, "author_id": 0})
    author.delete()
    await odm.session.flush()
    assert await stored_ids(odm, "post") == [1, 2, 11, 12]


async def test_flushing_one_object_takes_along_what_goes_with_it(odm: OdmFace, blog: Any) -> None:
    await populate(odm, blog)
    author = await odm.session.get(blog.Author, 0)
    other = await odm.session.get(blog.Author, 1)
    author.delete()
    other.delete()
    await odm.session.flush(author)
    assert await stored_ids(odm, "author") == [1, 2]
    assert await stored_ids(odm, "post") == [1, 2, 11, 12]
    assert await stored_ids(odm, "comment") == [1, 2, 11, 12, 21, 22]
    assert state(other).status == "deleted"


async def test_a_circle_ends(odm: OdmFace, blog: Any) -> None:
    blog.Comment(_id=1, parent_id=2)
    blog.Comment(_id=2, parent_id=1)
    await odm.session.flush()
    odm.declared.clear()
    (await odm.session.get(blog.Comment, 1)).delete()
    await odm.session.flush()
    assert await stored_ids(odm, "comment") == []


async def test_with_autoflush_the_rules_are_applied_once(odm: OdmFace, blog: Any) -> None:
    await populate(odm, blog)
    author = await odm.session.get(blog.Author, 0)
    author.delete()
    odm.declared.autoflush = True
    assert [post._id async for post in odm.session.find(blog.Post).sort("_id")] == [1, 2, 11, 12]
    assert await stored_ids(odm, "post") == [1, 2, 11, 12]


async def test_hooks_are_called_for_each_of_them(odm: OdmFace, blog: Any) -> None:
    deleted = []

    class Noting(SessionExtension):
        def after_delete(self, obj: Any, st: Any) -> None:
            deleted.append((type(obj).__name__, obj._id))

    await populate(odm, blog)
    odm.declared.register_extension(Noting)
    (await odm.session.get(blog.Author, 0)).delete()
    await odm.session.flush()
    assert sorted(deleted) == [
        ("Author", 0),
        ("Comment", 0),
        ("Comment", 10),
        ("Comment", 20),
        ("Post", 0),
        ("Post", 10),
    ]


async def test_an_error_half_way_leaves_the_rest_pending(odm: OdmFace, blog: Any) -> None:
    class Refusing(SessionExtension):
        def before_delete(self, obj: Any, st: Any) -> None:
            if isinstance(obj, blog.Post) and obj._id == 10 and refused:
                raise OperationFailure("not this one")

    refused = [True]
    await populate(odm, blog)
    odm.declared.register_extension(Refusing)
    author = await odm.session.get(blog.Author, 0)
    author.delete()
    with pytest.raises(OperationFailure, match="not this one"):
        await odm.session.flush()
    pending = {(type(obj).__name__, obj._id) for obj in odm.declared.uow.deleted}
    assert ("Post", 10) in pending
    assert await stored_ids(odm, "post") == [1, 2, 10, 11, 12], "what came before it is stored"
    assert await stored_ids(odm, "comment") == [*range(3), *range(10, 13), *range(20, 23)]
    refused.clear()
    await odm.session.flush()
    assert await stored_ids(odm, "post") == [1, 2, 11, 12]
    assert await stored_ids(odm, "comment") == [1, 2, 11, 12, 21, 22]
    assert await stored_ids(odm, "author") == [1, 2]


async def test_a_foreign_id_that_cannot_be_taken_is_an_error(odm: OdmFace) -> None:
    class Present(S.Int):
        def validate(self, value: Any, **options: Any) -> Any:
            if value is None:
                raise S.Invalid("must be there", value)
            return super().validate(value, **options)

    class Owner(MappedClass):
        class __mongometa__:
            name = "owner"
            session = odm.declared

        _id = FieldProperty(Present)
        things = RelationProperty("Thing", cascade="nullify")

    class Thing(MappedClass):
        class __mongometa__:
            name = "thing"
            session = odm.declared

        _id = FieldProperty(int)
        owner_id = ForeignIdProperty(Owner, if_missing=0)

    owner = Owner(_id=1)
    thing = Thing(_id=1, owner_id=1)
    await odm.session.flush()
    owner.delete()
    with pytest.raises(S.Invalid, match="must be there"):
        await odm.session.flush()
    assert (state(owner).status, state(thing).status) == ("deleted", "clean")
    thing.delete()
    await odm.session.flush()
    assert await stored_ids(odm, "owner") == await stored_ids(odm, "thing") == []


def test_rules_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="cascade='all'"):
        RelationProperty("Post", cascade="all")  # type: ignore[arg-type]


async def test_nothing_can_be_taken_from_a_side_that_holds_nothing(odm: OdmFace, blog: Any) -> None:
    class Frame(MappedClass):
        class __mongometa__:
            name = "frame"
            session = odm.declared

        _id = FieldProperty(int)
        picture_id = ForeignIdProperty(blog.Picture)
        picture = RelationProperty(blog.Picture, cascade="nullify")

    frame = Frame(_id=1)
    await odm.session.flush()
    frame.delete()
    with pytest.raises(ORMError, match="nullify"):
        await odm.session.flush()
