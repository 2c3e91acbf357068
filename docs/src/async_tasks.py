"""Hooks, tasks and loops on the asynchronous face."""

import asyncio

from ming import AsyncSession, Document, Field, create_async_datastore
from ming.exc import MingConfigError

wiki = AsyncSession(create_async_datastore("mim:///wiki"))


async def spell_out(page):
    """A hook of the asynchronous face may be a coroutine."""
    await asyncio.sleep(0)
    page.slug = page.title.lower().replace(" ", "-")


class Page(Document):
    class __mongometa__:
        name = "pages"
        before_save = spell_out

    _id = Field(int)
    title = Field(str, required=True)
    slug = Field(str)


async def main():
    titles = ["Book binding", "Market gardening", "Wood joinery"]
    await asyncio.gather(
        *(wiki.save(Page.make({"_id": n, "title": title})) for n, title in enumerate(titles))
    )
    async with wiki.find(Page).sort("_id") as cursor:
        print([page.slug async for page in cursor])
    print(await wiki.find(Page, {"_id": {"$gt": 0}}).count())


# A datastore keeps one client per event loop, and drops it with the loop.
asyncio.run(main())
asyncio.run(main())

try:

    class WrongPage(Document):
        class __mongometa__:
            session = wiki
            name = "pages"

except MingConfigError as error:
    print(error)
