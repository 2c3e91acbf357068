"""Loading relations for all objects of a result at once, and how many queries that takes."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pymongo.monitoring
import pytest
from harness.counting import Queries
from harness.odm import OdmFace
from harness.stores import Store

from ming import Session, create_datastore
from ming import schema as S
from ming.exc import RelationNotLoaded
from ming.odm import FieldProperty, ForeignIdProperty, MappedClass, ODMSession, RelationProperty, related
from ming.odm.registry import REGISTRY

AUTHORS, POSTS, COMMENTS = 3, 12, 3
"""Posts of authors in turn, each with as many comments."""


def declare(declared: Any) -> Any:
    class Author(MappedClass):
        class __mongometa__:
            name = "author"
            session = declared

        _id = FieldProperty(int)
        posts = RelationProperty("Post")

    class Post(MappedClass):
        class __mongometa__:
            name = "post"
            session = declared

        _id = FieldProperty(int)
        author_id = ForeignIdProperty(Author)
        tag_ids = ForeignIdProperty("Tag", uselist=True)
        author = RelationProperty(Author)
        tags = RelationProperty("Tag")
        comments = RelationProperty("Comment")

    class Comment(MappedClass):
        class __mongometa__:
            name = "comment"
            session = declared

        _id = FieldProperty(S.ObjectId)
        post_id = ForeignIdProperty(Post)
        author_id = ForeignIdProperty(Author)
        post = RelationProperty(Post)
        author = RelationProperty(Author)

    class Tag(MappedClass):
        class __mongometa__:
            name = "tag"
            session = declared

        _id = FieldProperty(int)
        posts = RelationProperty(Post)

    for number in range(AUTHORS):
        Author(_id=number)
    for number in range(POSTS):
        Post(_id=number, author_id=number % AUTHORS, tag_ids=[number % 2, 2])
        for index in range(COMMENTS):
            Comment(post_id=number, author_id=(number + index) % AUTHORS)
    for number in range(3):
        Tag(_id=number)
    return SimpleNamespace(Author=Author, Post=Post, Comment=Comment, Tag=Tag)


@pytest.fixture
def blog(odm: OdmFace, event_loop: Any) -> Any:
    made = declare(odm.declared)

    async def stored() -> None:
        await odm.session.flush()
        odm.declared.clear()

    event_loop.run_until_complete(stored())
    return made


def forbid_lazy(odm: OdmFace) -> None:
    if odm.kind == "async":
        pytest.skip("an asynchronous session loads nothing implicitly")


# -- one read loads for all ---------------------------------------------------------------------------


async def test_a_loop_over_a_result_asks_once_per_relation(odm: OdmFace, blog: Any) -> None:
    forbid_lazy(odm)
    posts = blog.Post.query.find().sort("_id").all()
    queries = Queries(odm)
    for post in posts:
        assert post.author._id == post._id % AUTHORS
        assert {comment.post_id for comment in post.comments} == {post._id}
        assert len(post.comments) == COMMENTS
        assert [tag._id for tag in post.tags] == sorted([post._id % 2, 2])
    assert sorted(queries.taken()) == ["author", "comment", "tag"]


async def test_what_was_loaded_along_makes_a_result_again(odm: OdmFace, blog: Any) -> None:
    forbid_lazy(odm)
    queries = Queries(odm)
    for post in blog.Post.query.find():
        for comment in post.comments:
            assert comment.author._id == comment.author_id
            assert comment.post is post
    for author in blog.Author.query.find().all():
        assert {post.author_id for post in author.posts} == {author._id}
    assert sorted(queries.taken()) == ["author", "author", "comment", "post", "post"]


async def test_results_are_those_of_single_queries(odm: OdmFace, blog: Any) -> None:
    forbid_lazy(odm)
    posts = blog.Post.query.find().sort("_id", -1).all()
    batched = [([each._id for each in post.comments], [each._id for each in post.tags]) for post in posts]
    single = []
    for number in [post._id for post in posts]:
        odm.declared.clear()
        post = blog.Post.query.get(number)
        single.append(([each._id for each in post.comments], [each._id for each in post.tags]))
    assert batched == single


async def test_objects_that_were_there_already_are_of_the_result(odm: OdmFace, blog: Any) -> None:
    forbid_lazy(odm)
    for number in range(POSTS):
        blog.Post.query.get(number)
    posts = blog.Post.query.find().all()
    queries = Queries(odm)
    assert sum(len(post.comments) for post in posts) == POSTS * COMMENTS
    assert len(queries) == 1


async def test_ids_go_out_in_batches(odm: OdmFace, blog: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(related, "_BATCH", 5)
    posts = await odm.session.find(blog.Post).sort("_id").all()
    queries = Queries(odm)
    await odm.session.load(posts, "comments", "tags")
    assert [len(asked["post_id"]["$in"]) for name, asked in queries.asked if name == "comment"] == [5, 5, 2]
    assert all(len(post.comments) == COMMENTS for post in posts)
    assert all([tag._id for tag in post.tags] == sorted([post._id % 2, 2]) for post in posts)


async def test_a_loop_that_moves_objects_asks_no_more(odm: OdmFace, blog: Any) -> None:
    posts = await odm.session.find(blog.Post).options(load=["comments"]).sort("_id").all()
    queries = Queries(odm)
    for post, following in pairwise(posts):
        post.comments[0].post = following
    assert [len(post.comments) for post in posts] == [2] + [3] * (POSTS - 2) + [4]
    assert not queries.asked


# -- asked for beforehand -----------------------------------------------------------------------------


async def test_a_cursor_loads_relations_along(odm: OdmFace, blog: Any) -> None:
    odm.declared.raise_on_lazy = True
    queries = Queries(odm)
    cursor = odm.session.find(blog.Post).options(load=["author", "comments.author.posts", "tags"])
    posts = [post async for post in cursor.sort("_id")]
    assert sorted(queries.taken()) == ["author", "comment", "post", "post", "tag"]
    for post in posts:
        assert post.author._id == post._id % AUTHORS
        assert len(post.comments) == COMMENTS
        assert all(len(comment.author.posts) == POSTS // AUTHORS for comment in post.comments)
    assert not queries.asked


@pytest.mark.parametrize("options", [{"load": ["author"]}, {"load": ["author"], "limit": 5}])
async def test_find_takes_the_relations_too(odm: OdmFace, blog: Any, options: Any) -> None:
    posts = await odm.session.find(blog.Post, {}, **options).all()
    assert [post.author._id for post in posts] == [post.author_id for post in posts]


async def test_first_and_one_load_along_as_well(odm: OdmFace, blog: Any) -> None:
    cursor = odm.session.find(blog.Post, {"_id": 3}).options(load=["comments"])
    assert len((await cursor.one()).comments) == COMMENTS
    odm.declared.clear()
    cursor = odm.session.find(blog.Post).options(load=["comments"]).sort("_id")
    queries = Queries(odm)
    post = await cursor.first()
    assert (post._id, len(post.comments)) == (0, COMMENTS)
    assert queries.asked == [("comment", {"post_id": 0})], "no more than was wanted is loaded along"
    assert [each._id async for each in cursor] == list(range(1, POSTS))


async def test_what_decorates_sees_loaded_relations(odm: OdmFace, blog: Any) -> None:
    cursor = odm.session.find(blog.Post).sort("_id")
    found = await cursor.options(load=["comments"], decorate=lambda post: len(post.comments)).all()
    assert found == [COMMENTS] * POSTS


async def test_relations_of_one_object(odm: OdmFace, blog: Any) -> None:
    post = await odm.session.get(blog.Post, 1)
    await odm.session.load(post, "comments.author")
    queries = Queries(odm)
    assert [comment.author._id for comment in post.comments] == [1, 2, 0]
    await odm.session.load([post], "comments.author", "comments")
    assert not queries.asked, "what is loaded is not loaded again"


async def test_an_unknown_relation_is_refused(odm: OdmFace, blog: Any) -> None:
    for name in ["nothing", "author_id", "comments.nothing"]:
        with pytest.raises(KeyError, match="no relation"):
            await odm.session.find(blog.Post).options(load=[name]).all()


async def test_a_family_loads_what_each_class_has(odm: OdmFace, blog: Any) -> None:
    class Note(MappedClass):
        class __mongometa__:
            name = "note"
            session = odm.declared
            polymorphic_on = "kind"
            polymorphic_identity = "note"

        _id = FieldProperty(int)
        kind = FieldProperty(str, if_missing="note")
        post_id = ForeignIdProperty(blog.Post)
        post = RelationProperty(blog.Post)

    class Signed(Note):
        class __mongometa__:
            polymorphic_identity = "signed"

        kind = FieldProperty(str, if_missing="signed")
        author_id = ForeignIdProperty(blog.Author)
        author = RelationProperty(blog.Author)

    for number in range(6):
        (Signed(_id=number, post_id=number, author_id=1) if number % 2 else Note(_id=number, post_id=number))
    await odm.session.flush()
    odm.declared.clear()
    queries = Queries(odm)
    notes = await odm.session.find(Note).options(load=["post", "author"]).sort("_id").all()
    assert sorted(queries.taken()) == ["author", "note", "post", "post"]
    assert [note.post._id for note in notes] == list(range(6))
    assert {note.author._id for note in notes[1::2]} == {1}
    assert not queries.asked


async def test_an_asynchronous_read_names_the_remedy(odm: OdmFace, blog: Any) -> None:
    if odm.kind == "sync":
        pytest.skip("a synchronous session loads it")
    post = await odm.session.get(blog.Post, 1)
    with pytest.raises(
        RelationNotLoaded, match=r"Post\.comments is not loaded: await session\.load\(obj, 'comments'\)"
    ):
        post.comments  # noqa: B018
    with pytest.raises(RelationNotLoaded, match=r"Post\.comments"):
        post.comments = []
    assert post.author_id == 1
    await odm.session.load(post, "author")
    assert post.author._id == 1


# -- counted at the server ----------------------------------------------------------------------------


class _Commands(pymongo.monitoring.CommandListener):
    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: Any) -> None:
        self.names.append(event.command_name)

    def succeeded(self, event: Any) -> None:
        """Nothing to count."""

    def failed(self, event: Any) -> None:
        """Nothing to count."""


def test_commands_at_the_server(store: Store) -> None:
    if store.kind == "mim":
        pytest.skip("the embedded engine has no monitoring")
    commands = _Commands()
    datastore = create_datastore(store.uri(), event_listeners=[commands])
    declared = ODMSession(Session(datastore))
    with REGISTRY.preserved():
        blog = declare(declared)
        declared.flush()
        declared.clear()
        commands.names.clear()
        for post in blog.Post.query.find().all():
            assert (post.author._id, len(post.comments)) == (post._id % AUTHORS, COMMENTS)
    assert commands.names == ["find"] * 3
    datastore.conn.close()


# -- objects made ahead of their turn -----------------------------------------------------------------


async def test_a_loop_may_forget_everything_each_time(odm: OdmFace, blog: Any) -> None:
    forbid_lazy(odm)
    for post in blog.Post.query.find().sort("_id"):
        assert len(post.comments) == COMMENTS
        assert post in odm.declared.uow
        post.tag_ids = [post._id]
        odm.declared.flush()
        odm.declared.clear()
    assert [post["tag_ids"] async for post in odm.raw.post.find().sort("_id")] == [[n] for n in range(POSTS)]


async def test_a_bad_document_is_an_error_in_its_turn(odm: OdmFace, blog: Any) -> None:
    forbid_lazy(odm)
    await odm.raw.post.update_one({"_id": 5}, {"$set": {"author_id": "x"}})
    cursor = blog.Post.query.find().sort("_id")
    assert [len(next(cursor).comments) for _ in range(5)] == [COMMENTS] * 5
    with pytest.raises(S.Invalid):
        next(cursor)
    assert [len(post.comments) for post in cursor] == [COMMENTS] * 6


async def test_a_refreshing_loop_keeps_what_is_stored(odm: OdmFace, blog: Any) -> None:
    forbid_lazy(odm)
    queries = Queries(odm)
    for post in blog.Post.query.find({}, refresh=True).sort("_id"):
        assert len(post.comments) == COMMENTS
    assert len(queries) == 1 + POSTS, "each may be another one by then"


async def test_pages_end_where_the_loop_is(odm: OdmFace, blog: Any) -> None:
    forbid_lazy(odm)
    page = blog.Post.query.find().sort("author_id").after()
    post = next(page)
    assert (post._id, len(post.comments)) == (0, COMMENTS)
    assert blog.Post.query.find().sort("author_id").after(page.token).first()._id == 3
