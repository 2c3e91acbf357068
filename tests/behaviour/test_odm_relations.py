"""Relations of mapped objects: what reading finds, what writing changes, and how what was read follows changes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from harness.counting import Queries
from harness.odm import OdmFace

from ming import schema as S
from ming.exc import RelationNotLoaded
from ming.odm import FieldProperty, ForeignIdProperty, MappedClass, RelationProperty, session, state
from ming.odm.icollection import InstrumentedList


@pytest.fixture
def wiki(odm: OdmFace) -> Any:
    """Authors have posts, posts have tags; tags know their posts."""

    class Author(MappedClass):
        class __mongometa__:
            name = "author"
            session = odm.declared

        _id = FieldProperty(S.ObjectId)
        name = FieldProperty(str)
        posts = RelationProperty("Post")

    class Tag(MappedClass):
        class __mongometa__:
            name = "tag"
            session = odm.declared

        _id = FieldProperty(int)
        posts = RelationProperty("Post")

    class Post(MappedClass):
        class __mongometa__:
            name = "post"
            session = odm.declared

        _id = FieldProperty(int)
        author_id = ForeignIdProperty("Author")
        tag_ids = ForeignIdProperty(Tag, uselist=True)
        author = RelationProperty(Author)
        tags = RelationProperty("Tag")

    return SimpleNamespace(Author=Author, Post=Post, Tag=Tag)


async def read(odm: OdmFace, obj: Any, name: str) -> Any:
    """Read a relation, which on the asynchronous face has to be loaded first."""
    if odm.kind == "async":
        await odm.session.load(obj, name)
    return getattr(obj, name)


def ids(objects: Any) -> list[Any]:
    return [each._id for each in objects]


async def flushed_and_forgotten(odm: OdmFace) -> None:
    await odm.session.flush()
    odm.declared.clear()


# -- reading ------------------------------------------------------------------------------------------


async def test_a_foreign_id_leads_to_its_object(odm: OdmFace, wiki: Any) -> None:
    author = wiki.Author(name="Ann")
    wiki.Post(_id=1, author_id=author._id)
    await flushed_and_forgotten(odm)
    post = await odm.session.get(wiki.Post, 1)
    found = await read(odm, post, "author")
    assert found._id == author._id
    assert found.name == "Ann"
    assert found is await odm.session.get(wiki.Author, author._id)


async def test_an_object_in_memory_is_found_without_a_query(odm: OdmFace, wiki: Any) -> None:
    author = wiki.Author(name="Ann")
    post = wiki.Post(_id=1, author_id=author._id)
    queries = Queries(odm)
    assert post.author is author
    assert not queries.asked


async def test_no_foreign_id_leads_nowhere_without_a_query(odm: OdmFace, wiki: Any) -> None:
    queries = Queries(odm)
    post = wiki.Post(_id=1)
    assert post.author is None
    assert post.tags == []
    assert not queries.asked


async def test_a_dangling_foreign_id_reads_as_none(odm: OdmFace, wiki: Any) -> None:
    author = wiki.Author(name="Ann")
    wiki.Post(_id=1, author_id=author._id)
    await flushed_and_forgotten(odm)
    await odm.raw.author.delete_many({})
    post = await odm.session.get(wiki.Post, 1)
    assert await read(odm, post, "author") is None
    queries = Queries(odm)
    assert post.author is None
    assert not queries.asked, "that there is nothing is remembered, too"


async def test_one_to_many_finds_who_holds_the_id(odm: OdmFace, wiki: Any) -> None:
    ann, bob = wiki.Author(name="Ann"), wiki.Author(name="Bob")
    for number, author in enumerate([ann, bob, ann]):
        wiki.Post(_id=number, author_id=author._id)
    await flushed_and_forgotten(odm)
    found = await odm.session.get(wiki.Author, ann._id)
    posts = await read(odm, found, "posts")
    assert isinstance(posts, InstrumentedList)
    assert ids(posts) == [0, 2]
    assert found.posts is posts, "reading again gives the same list"


async def test_many_to_many_from_both_sides(odm: OdmFace, wiki: Any) -> None:
    for number in range(4):
        wiki.Tag(_id=number)
    wiki.Post(_id=10, tag_ids=[3, 1, 3])
    wiki.Post(_id=11, tag_ids=[1])
    await flushed_and_forgotten(odm)
    post = await odm.session.get(wiki.Post, 10)
    assert ids(await read(odm, post, "tags")) == [1, 3], "in the order of the collection, each once"
    tag = await odm.session.get(wiki.Tag, 1)
    assert ids(await read(odm, tag, "posts")) == [10, 11]
    assert await read(odm, await odm.session.get(wiki.Tag, 2), "posts") == []


async def test_an_id_may_be_none_where_that_is_allowed(odm: OdmFace) -> None:
    class Root(MappedClass):
        class __mongometa__:
            name = "root"
            session = odm.declared

        _id = FieldProperty(int)
        leaves = RelationProperty("Leaf")

    class Leaf(MappedClass):
        class __mongometa__:
            name = "leaf"
            session = odm.declared

        _id = FieldProperty(int)
        root_id = ForeignIdProperty(Root, allow_none=True)
        root = RelationProperty(Root)

    root = Root(_id=None)
    Leaf(_id=1, root_id=None)
    await flushed_and_forgotten(odm)
    leaf = await odm.session.get(Leaf, 1)
    found = await read(odm, leaf, "root")
    assert found._id is None
    assert ids(await read(odm, found, "leaves")) == [1]
    assert root is not found


async def test_without_fetch_a_list_is_a_cursor_each_time(odm: OdmFace, wiki: Any) -> None:
    class Reader(MappedClass):
        class __mongometa__:
            name = "reader"
            session = odm.declared

        _id = FieldProperty(int)
        author_id = ForeignIdProperty(wiki.Author)
        post_ids = ForeignIdProperty(wiki.Post, uselist=True)
        author = RelationProperty(wiki.Author, fetch=False)
        posts = RelationProperty(wiki.Post, fetch=False)

    author = wiki.Author(name="Ann")
    for number in range(3):
        wiki.Post(_id=number)
    reader = Reader(_id=1, author_id=author._id, post_ids=[0, 2])
    await odm.session.flush()
    assert reader.author == [author]
    cursor = reader.posts
    assert reader.posts is not cursor
    found = cursor.all()
    assert ids(found if odm.kind == "sync" else await found) == [0, 2]
    assert Reader(_id=2).author == [None]


# -- writing ------------------------------------------------------------------------------------------


async def test_assigning_an_object_sets_the_foreign_id(odm: OdmFace, wiki: Any) -> None:
    ann, bob = wiki.Author(name="Ann"), wiki.Author(name="Bob")
    post = wiki.Post(_id=1, author=ann)
    assert post.author_id == ann._id
    post.author = bob
    assert (post.author_id, post.author) == (bob._id, bob)
    await odm.session.flush()
    assert (await odm.raw.post.find_one())["author_id"] == bob._id
    post.author = None
    assert (post.author_id, post.author) == (None, None)
    assert state(post).status == "dirty"


async def test_a_bare_id_is_no_object(odm: OdmFace, wiki: Any) -> None:
    post = wiki.Post(_id=1)
    with pytest.raises(AttributeError):
        post.author = wiki.Author()._id
    assert post.author_id is None


async def test_of_an_orphan_its_id_alone_is_used(odm: OdmFace, wiki: Any) -> None:
    author = wiki.Author(name="Ann")
    await flushed_and_forgotten(odm)
    post = wiki.Post(_id=1, author=author)
    assert post.author_id == author._id
    found = await read(odm, post, "author")
    assert found is not author
    assert found._id == author._id


async def test_assigning_many_moves_them_here(odm: OdmFace, wiki: Any) -> None:
    ann, bob = wiki.Author(name="Ann"), wiki.Author(name="Bob")
    posts = [wiki.Post(_id=number, author=ann) for number in range(3)]
    await odm.session.flush()
    await read(odm, ann, "posts")
    await read(odm, bob, "posts")
    bob.posts = posts[1:]
    assert ids(bob.posts) == [1, 2]
    assert ids(ann.posts) == [0]
    more = bob.posts.__add__([posts[0]])
    assert isinstance(more, InstrumentedList)
    bob.posts = more
    assert sorted(ids(bob.posts)) == [0, 1, 2]
    bob.posts = bob.posts[:1]
    assert len(bob.posts) == 1
    assert [post.author for post in posts].count(None) == 2
    await odm.session.flush()
    stored = {post["_id"]: post["author_id"] async for post in odm.raw.post.find()}
    assert sorted(stored.values(), key=str) == sorted([bob._id, None, None], key=str)


async def test_repeating_an_assignment_leaves_no_links(odm: OdmFace, wiki: Any) -> None:
    ann = wiki.Author(name="Ann")
    posts = [wiki.Post(_id=number) for number in range(3)]
    await odm.session.flush()
    await read(odm, ann, "posts")
    for chosen in ([0, 1], [1, 2], [2]):
        ann.posts = [posts[number] for number in chosen]
        assert ids(ann.posts) == chosen
    assert [post.author_id for post in posts] == [None, None, ann._id]
    tag = wiki.Tag(_id=1)
    await odm.session.flush()
    await read(odm, tag, "posts")
    for chosen in ([0, 1], [1, 2], [2], []):
        tag.posts = [posts[number] for number in chosen]
        assert ids(tag.posts) == chosen
        assert [post.tag_ids for post in posts] == [[1] if number in chosen else [] for number in range(3)]


async def test_ids_may_stand_for_objects_in_lists(odm: OdmFace, wiki: Any) -> None:
    ann = wiki.Author(name="Ann")
    for number in range(3):
        wiki.Post(_id=number)
    tag = wiki.Tag(_id=1)
    await odm.session.flush()
    await read(odm, ann, "posts")
    await read(odm, tag, "posts")
    ann.posts = [0, 2]
    assert ids(ann.posts) == [0, 2]
    tag.posts = [2]
    assert ids(tag.posts) == [2]
    post = await odm.session.get(wiki.Post, 2)
    post.tags = [1]
    assert post.tag_ids == [1]
    assert (post.author, await read(odm, post, "tags")) == (ann, [tag])


async def test_ids_as_bson_has_them_may_stand_for_objects(odm: OdmFace, wiki: Any) -> None:
    class Shelf(MappedClass):
        class __mongometa__:
            name = "shelf"
            session = odm.declared

        _id = FieldProperty(S.ObjectId())
        author_ids = ForeignIdProperty(wiki.Author, uselist=True)
        authors = RelationProperty(wiki.Author)

    ann = wiki.Author(name="Ann")
    shelf = Shelf(authors=[ann._id])
    await odm.session.flush()
    assert shelf.author_ids == [ann._id]
    assert await read(odm, shelf, "authors") == [ann]


async def test_an_unknown_id_is_refused(odm: OdmFace, wiki: Any) -> None:
    if odm.kind == "async":
        pytest.skip("an asynchronous session would have to ask")
    ann = wiki.Author(name="Ann")
    wiki.Post(_id=1, author=ann)
    with pytest.raises(AttributeError, match="no Post has the _id 7"):
        ann.posts = [7]
    assert ids(ann.posts) == [1]


async def test_relations_may_be_given_to_constructors(odm: OdmFace, wiki: Any) -> None:
    posts = [wiki.Post(_id=number) for number in range(2)]
    tags = [wiki.Tag(_id=number) for number in range(2)]
    ann = wiki.Author(name="Ann", posts=posts)
    assert [post.author for post in posts] == [ann, ann]
    assert wiki.Post(_id=2, tags=tags).tags == tags
    assert wiki.Tag(_id=2, posts=posts).posts == posts
    assert [post.tag_ids for post in posts] == [[2], [2]]


async def test_lists_of_related_objects_are_read_only(odm: OdmFace, wiki: Any) -> None:
    ann = wiki.Author(name="Ann")
    posts = [wiki.Post(_id=number, author=ann) for number in range(2)]
    await odm.session.flush()
    found = await read(odm, ann, "posts")
    attempts: list[Any] = [
        lambda: found.append(posts[0]),
        lambda: found.insert(0, posts[0]),
        lambda: found.extend(posts),
        lambda: found.__iadd__(posts),
        lambda: found.__imul__(2),
        lambda: found.pop(),
        lambda: found.remove(posts[0]),
        lambda: found.__setitem__(slice(0, 1), []),
        lambda: found.__setitem__(0, posts[1]),
        lambda: found.__delitem__(0),
        lambda: found.sort(key=id),
        lambda: found.reverse(),
        lambda: found.clear(),
        lambda: found.replace([]),
    ]
    for attempt in attempts:
        with pytest.raises(TypeError, match="read-only"):
            attempt()
        assert ids(found) == ids(list(found)) == [0, 1]
    assert state(ann).status == "clean"


async def test_relations_are_not_in_the_repr(odm: OdmFace, wiki: Any) -> None:
    queries = Queries(odm)
    assert "author=" not in repr(wiki.Post(_id=1, author=wiki.Author()))
    assert not queries.asked


# -- what was read follows changes --------------------------------------------------------------------


async def test_a_new_foreign_id_leads_elsewhere(odm: OdmFace, wiki: Any) -> None:
    ann, bob = wiki.Author(name="Ann"), wiki.Author(name="Bob")
    post = wiki.Post(_id=1, author=ann)
    assert post.author is ann
    post.author_id = bob._id
    assert post.author is bob
    del post.author_id
    assert post.author is None


async def test_lists_follow_foreign_ids(odm: OdmFace, wiki: Any) -> None:
    ann, bob = wiki.Author(name="Ann"), wiki.Author(name="Bob")
    posts = [wiki.Post(_id=number, author=ann) for number in range(2)]
    await odm.session.flush()
    before = await read(odm, ann, "posts")
    await read(odm, bob, "posts")
    queries = Queries(odm)
    posts[0].author = bob
    assert (ids(ann.posts), ids(bob.posts)) == ([1], [0])
    assert before is not ann.posts
    wiki.Post(_id=2, author=ann)
    assert ids(ann.posts) == [1, 2]
    unchanged = ann.posts
    posts[0].author = None
    assert ann.posts is unchanged
    assert bob.posts == []
    await odm.session.flush()
    assert (ids(ann.posts), ids(bob.posts)) == ([1, 2], [])
    assert not queries.asked


async def test_lists_follow_lists_of_ids(odm: OdmFace, wiki: Any) -> None:
    tags = [wiki.Tag(_id=number) for number in range(2)]
    post = wiki.Post(_id=1, tags=tags[:1])
    await odm.session.flush()
    assert post.tags == tags[:1]
    post.tag_ids.append(1)
    assert await read(odm, post, "tags") == tags
    for tag in tags:
        assert await read(odm, tag, "posts") == [post]
    post.tag_ids.remove(0)
    assert [tag.posts for tag in tags] == [[], [post]]
    assert await read(odm, post, "tags") == tags[1:]


async def test_lists_follow_deletions(odm: OdmFace, wiki: Any) -> None:
    ann = wiki.Author(name="Ann")
    posts = [wiki.Post(_id=number, author=ann) for number in range(2)]
    await odm.session.flush()
    assert await read(odm, ann, "posts") == posts
    assert posts[1].author is ann
    posts[0].delete()
    assert ann.posts == posts, "until the flush it is there"
    await odm.session.flush()
    assert ann.posts == posts[1:]
    ann.delete()
    await odm.session.flush()
    assert await read(odm, posts[1], "author") is None


async def test_what_is_never_stored_goes_again(odm: OdmFace, wiki: Any) -> None:
    ann = wiki.Author(name="Ann")
    await odm.session.flush()
    assert await read(odm, ann, "posts") == []
    post = wiki.Post(_id=1, author=ann)
    assert ann.posts == [post]
    odm.declared.expunge(post)
    assert ann.posts == []


async def test_lists_follow_a_refresh(odm: OdmFace, wiki: Any) -> None:
    ann, bob = wiki.Author(name="Ann"), wiki.Author(name="Bob")
    post = wiki.Post(_id=1, author=ann)
    await odm.session.flush()
    assert (await read(odm, ann, "posts"), await read(odm, bob, "posts")) == ([post], [])
    await odm.raw.post.update_one({}, {"$set": {"author_id": bob._id}})
    await odm.session.refresh(post)
    assert (post.author, ann.posts, bob.posts) == (bob, [], [post])


async def test_pending_changes_count_at_the_first_read(odm: OdmFace, wiki: Any) -> None:
    ann, bob = wiki.Author(name="Ann"), wiki.Author(name="Bob")
    posts = [wiki.Post(_id=number, author=ann) for number in range(2)]
    await odm.session.flush()
    posts[0].author = bob
    new = wiki.Post(_id=2, author=ann)
    assert await read(odm, ann, "posts") == [posts[1], new]
    assert await read(odm, bob, "posts") == [posts[0]]


async def test_what_was_read_stays_when_the_session_lets_go(odm: OdmFace, wiki: Any) -> None:
    ann = wiki.Author(name="Ann")
    post = wiki.Post(_id=1, author=ann)
    await odm.session.flush()
    posts = await read(odm, ann, "posts")
    assert post.author is ann
    queries = Queries(odm)
    odm.declared.clear()
    assert session(ann) is None
    assert ann.posts is posts
    assert post.author is ann
    assert not queries.asked


async def test_relations_lead_to_no_object_that_was_let_go(odm: OdmFace, wiki: Any) -> None:
    ann, bob = wiki.Author(name="Ann"), wiki.Author(name="Bob")
    post = wiki.Post(_id=1, author=ann)
    await odm.session.flush()
    assert await read(odm, ann, "posts") == [post]
    assert await read(odm, post, "author") is ann
    post.author_id = bob._id
    # Its change is never going to be stored.
    odm.declared.expunge(post)
    (again,) = await read(odm, ann, "posts")
    assert again is not post
    assert again is await odm.session.get(wiki.Post, 1)
    assert list(await read(odm, bob, "posts")) == []
    odm.declared.expunge(ann)
    assert await read(odm, again, "author") is await odm.session.get(wiki.Author, ann._id)


async def test_an_abort_takes_relations_back(odm: OdmFace, wiki: Any) -> None:
    ann, bob = wiki.Author(name="Ann"), wiki.Author(name="Bob")
    post = wiki.Post(_id=1, author=ann)
    await odm.session.flush()
    assert await read(odm, ann, "posts") == [post]

    async def aborted() -> None:
        async with odm.session.transaction():
            post.author = bob
            assert ann.posts == []
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await aborted()
    assert post.author is ann
    assert await read(odm, ann, "posts") == [post]
    assert await read(odm, bob, "posts") == []


# -- families and odd classes -------------------------------------------------------------------------


async def test_relations_to_and_from_subclasses(odm: OdmFace, wiki: Any) -> None:
    class Shape(MappedClass):
        class __mongometa__:
            name = "shape"
            session = odm.declared
            polymorphic_on = "kind"
            polymorphic_identity = "shape"

        _id = FieldProperty(int)
        kind = FieldProperty(str, if_missing="shape")
        whole_id = ForeignIdProperty("Shape")
        whole = RelationProperty("Shape", via=("whole_id", True))
        parts = RelationProperty("Shape", via=("whole_id", False))

    class Circle(Shape):
        class __mongometa__:
            polymorphic_identity = "circle"

        kind = FieldProperty(str, if_missing="circle")

    Shape(_id=1)
    Circle(_id=2, whole_id=1)
    Shape(_id=3, whole_id=1)
    Circle(_id=4, whole_id=2)
    await flushed_and_forgotten(odm)
    shapes = await odm.session.find(Shape).sort("_id").all()
    assert [type(each) for each in shapes] == [Shape, Circle, Shape, Circle]
    assert [ids(await read(odm, each, "parts")) for each in shapes] == [[2, 3], [4], [], []]
    wholes = [await read(odm, each, "whole") for each in shapes]
    assert wholes == [None, shapes[0], shapes[0], shapes[1]]


async def test_a_relation_may_be_replaced_by_a_subclass(odm: OdmFace, wiki: Any) -> None:
    class Shouting(RelationProperty):
        def __get__(self, instance: Any, owner: Any = None) -> Any:
            found = super().__get__(instance, owner)
            return found if instance is None else [each.name.upper() for each in found]

        def __set__(self, instance: Any, value: Any) -> None:
            super().__set__(instance, [wiki.Author(name=name) for name in value])

    class Club(MappedClass):
        class __mongometa__:
            name = "club"
            session = odm.declared

        _id = FieldProperty(int)
        author_ids = ForeignIdProperty(wiki.Author, uselist=True)
        names = Shouting(wiki.Author)

    club = Club(_id=1)
    club.names = ["ann", "bob"]
    assert club.names == ["ANN", "BOB"]
    await odm.session.flush()
    assert await odm.raw.author.count_documents({}) == 2


async def test_a_relation_not_loaded_is_refused_where_it_must_not_be(odm: OdmFace, wiki: Any) -> None:
    author = wiki.Author(name="Ann")
    wiki.Post(_id=1, author=author)
    await flushed_and_forgotten(odm)
    odm.declared.raise_on_lazy = True
    post = await odm.session.get(wiki.Post, 1)
    remedy = "await session.load" if odm.kind == "async" else r"Post.author is not loaded: session.load"
    with pytest.raises(RelationNotLoaded, match=remedy) as caught:
        post.author  # noqa: B018
    assert "options(load=['author'])" in str(caught.value)
    await odm.session.load(post, "author")
    assert post.author._id == author._id
    found = await odm.session.find(wiki.Author).options(load=["posts"]).one()
    assert found.posts == [post]
