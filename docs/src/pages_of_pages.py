"""Lists in portions: by number, or each from where the last one ended."""

import asyncio

from ming import create_async_datastore, create_datastore, schema
from ming.odm import AsyncODMSession, FieldProperty, MappedClass, ODMSession

wiki = ODMSession(bind=create_datastore("mim:///wiki"))
async_wiki = AsyncODMSession(bind=create_async_datastore("mim:///wiki"))


class Page(MappedClass):
    class __mongometa__:
        session = wiki
        name = "pages"
        indexes = [("views", "_id")]

    _id = FieldProperty(schema.Int)
    views = FieldProperty(int)


for number in range(8):
    Page(_id=number, views=number // 2)
wiki.flush()

# By number.
print([page._id for page in Page.query.find().sort("views", -1).page(2, 3)])

# From where the last one ended; a token is a string for a link to the next page.
page = Page.query.find().sort("views", -1).limit(3).after()
print([found._id for found in page])
token = page.token
Page(_id=8, views=9)
wiki.flush()
print([found._id for found in Page.query.find().sort("views", -1).limit(3).after(token)])


async def main() -> None:
    token = None
    while found := await (page := async_wiki.find(Page).sort("views").limit(4).after(token)).all():
        print([each._id for each in found])
        token = page.token


asyncio.run(main())
