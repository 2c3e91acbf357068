"""The same documents, with ``await``."""

import asyncio

from ming import AsyncSession, Document, Field, create_async_datastore


class Page(Document):
    class __mongometa__:
        name = "pages"
        indexes = ["tags"]

    _id = Field(int)
    title = Field(str, required=True)
    tags = Field([str])


async def main() -> None:
    wiki = AsyncSession(create_async_datastore("mim:///wiki"))
    await wiki.ensure_indexes(Page)

    for number, title in enumerate(["Bookbinding", "Gardening", "Joinery"], start=1):
        await wiki.save(Page.make({"_id": number, "title": title, "tags": ["craft"]}))

    page = await wiki.get(Page, _id=1)
    page.title = "Binding books"
    await wiki.save(page)

    async for page in wiki.find(Page, {"tags": "craft"}).sort("title"):
        print(page._id, page.title)

    # A class's manager on this session: every operation of Page.m, awaitable.
    pages = Page.m.with_session(wiki)
    print(await pages.find({"title": "Joinery"}).count())
    await pages.remove({"title": "Joinery"})
    print(await pages.count())


asyncio.run(main())
