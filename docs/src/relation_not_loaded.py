"""Reading a relation must not ask a server on the asynchronous face; there the program says what it needs."""

import asyncio

from ming import create_async_datastore, schema
from ming.exc import RelationNotLoaded
from ming.odm import AsyncODMSession, FieldProperty, ForeignIdProperty, MappedClass, RelationProperty

blog = AsyncODMSession(bind=create_async_datastore("mim:///blog"))


class Post(MappedClass):
    class __mongometa__:
        session = blog
        name = "posts"

    _id = FieldProperty(schema.Int)
    title = FieldProperty(str)
    comments = RelationProperty("Comment")


class Comment(MappedClass):
    class __mongometa__:
        session = blog
        name = "comments"

    _id = FieldProperty(schema.Int)
    text = FieldProperty(str)
    post_id = ForeignIdProperty(Post)


async def main() -> None:
    async with blog:
        Post(_id=1, title="Binding books")
        Comment(_id=1, post_id=1, text="Which thread?")
        await blog.flush()
        blog.clear()

        post = await blog.get(Post, 1)
        try:
            print(post.comments)
        except RelationNotLoaded as error:
            print(error)
        await blog.load(post, "comments")
        print([comment.text for comment in post.comments])

        for found in await blog.find(Post).options(load=["comments"]).all():
            print(found.title, len(found.comments))


asyncio.run(main())
