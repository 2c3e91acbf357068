"""What flush plans say of related objects, and what states keep of them."""

from __future__ import annotations

from typing import Any

import pytest
from harness.odm import OdmFace

from ming.odm import AsyncODMSession, FieldProperty, ForeignIdProperty, MappedClass, RelationProperty, state


@pytest.fixture
def author(odm: OdmFace) -> Any:
    class Author(MappedClass):
        class __mongometa__:
            name = "author"
            session = odm.declared

        _id = FieldProperty(int)
        posts = RelationProperty("Post", cascade="delete")
        notes = RelationProperty("Note", cascade="nullify")

    class Post(MappedClass):
        class __mongometa__:
            name = "post"
            session = odm.declared

        _id = FieldProperty(int)
        author_id = ForeignIdProperty(Author)
        author = RelationProperty(Author)

    class Note(MappedClass):
        class __mongometa__:
            name = "note"
            session = odm.declared

        _id = FieldProperty(int)
        author_id = ForeignIdProperty(Author)

    Author.Post = Post
    return Author


async def test_a_deletion_names_what_goes_with_it(odm: OdmFace, author: Any) -> None:
    one, post = author(_id=1), author.Post(_id=2, author_id=1)
    await odm.session.flush()
    one.delete()
    assert str(odm.declared.plan()) == "delete Author _id=1: delete posts, nullify notes"
    post.delete()
    assert str(odm.declared.plan()).splitlines()[1] == "delete Post _id=2"


async def test_extra_state_holds_what_relations_loaded(odm: OdmFace, author: Any) -> None:
    one, post = author(_id=1), author.Post(_id=2, author_id=1)
    await odm.session.flush()
    await odm.session.load([one], "posts")
    await odm.session.load([post], "author")
    assert state(one).extra_state == {author.posts: [post]}
    assert state(one).extra_state[author.posts] is one.posts
    assert state(post).extra_state == {author.Post.author: one}
    state(post).extra_state.clear()
    await odm.session.load([post], "author")
    assert post.author is one


def test_an_asynchronous_session_does_not_take_what_it_cannot_do() -> None:
    with pytest.raises(TypeError, match="raise_on_lazy"):
        AsyncODMSession(raise_on_lazy=False)  # type: ignore[call-arg]
