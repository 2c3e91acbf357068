"""Authors and their pages, pages and their topics."""

import asyncio

from ming import AsyncSession, Session, create_async_datastore, create_datastore, schema
from ming.exc import RelationNotLoaded
from ming.odm import (
    AsyncODMSession,
    FieldProperty,
    ForeignIdProperty,
    MappedClass,
    ODMSession,
    RelationProperty,
)

wiki = ODMSession(Session(create_datastore("mim:///wiki")))
async_wiki = AsyncODMSession(AsyncSession(create_async_datastore("mim:///wiki")))


class Author(MappedClass):
    class __mongometa__:
        session = wiki
        name = "authors"

    _id = FieldProperty(schema.Int)
    name = FieldProperty(str)
    pages = RelationProperty("Page", via="author_id", cascade="delete")
    checked = RelationProperty("Page", via="checker_id", cascade="nullify")


class Topic(MappedClass):
    class __mongometa__:
        session = wiki
        name = "topics"

    _id = FieldProperty(str)
    pages = RelationProperty("Page")


class Page(MappedClass):
    class __mongometa__:
        session = wiki
        name = "pages"
        indexes = ["author_id", "checker_id", "topic_ids"]

    _id = FieldProperty(schema.Int)
    title = FieldProperty(str)
    author_id = ForeignIdProperty(Author)
    author = RelationProperty(Author, via="author_id")
    checker_id = ForeignIdProperty(Author)
    checker = RelationProperty(Author, via="checker_id")
    topic_ids = ForeignIdProperty(Topic, uselist=True)
    topics = RelationProperty(Topic)
    parent_id = ForeignIdProperty("Page")
    parent = RelationProperty("Page", via=("parent_id", True))
    children = RelationProperty("Page", via=("parent_id", False))


# Assign either side.
ann, ben = Author(_id=1, name="Ann"), Author(_id=2, name="Ben")
craft, paper = Topic(_id="craft"), Topic(_id="paper")
binding = Page(_id=1, title="Bookbinding", author=ann, checker=ben, topics=[craft, paper])
gardening = Page(_id=2, title="Gardening", author_id=2)
ann.pages = [binding, gardening]
binding.children = [Page(_id=3, title="Folding", author=ben, checker=ann, topics=[paper])]
wiki.flush()
wiki.clear()

# One query for the authors of all pages found, one for all topics.
for page in Page.query.find().sort("_id").options(load=["author", "topics"]):
    print(page.title, page.author.name, [topic._id for topic in page.topics])

# A list of related objects shows; assigning and foreign ids change.
try:
    page.topics.append(craft)
except TypeError as error:
    print(error)
page.topic_ids.append("craft")
print([topic._id for topic in page.topics])

# Ann's pages go with her; what she has checked stays.
Author.query.get(1).delete()
wiki.flush()
print([(page.title, page.checker) for page in Page.query.find()])


async def main() -> None:
    async with async_wiki:
        page = await async_wiki.get(Page, 3)
        try:
            print(page.author)
        except RelationNotLoaded as error:
            print(error)
        await async_wiki.load(page, "author", "topics.pages")
        print(page.author.name, [len(topic.pages) for topic in page.topics])


asyncio.run(main())
