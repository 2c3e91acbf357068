"""A wiki whose pages changed their shape, and not one tag is lost.

    python examples/wiki.py                                    on the embedded engine
    python examples/wiki.py --uri mongodb://localhost:27017    on a MongoDB server

The wiki's first release kept tags and categories below ``metadata``; now they are fields of their own. The
old pages are read, queried, edited and saved as if they had always been new: each is upgraded when it is
read, and stored in the new shape when it is saved.
"""

from __future__ import annotations

import argparse
import itertools
import pprint
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from pages_of_python import old_pages

from ming import Document, Field, Session, create_datastore, create_engine
from ming import schema as S

DATABASE = "ming_example_wiki"
SAMPLE = {"title": "string-methods"}
wiki = Session()


class OldWikiPage(Document):
    """A page as the first release stored it."""

    class __mongometa__:
        session = wiki
        name = "pages"

    _id = Field(S.ObjectId)
    title = Field(str)
    text = Field(str)
    metadata = Field({"tags": [str], "categories": [str]})


class WikiPage(Document):
    """A page as it is today."""

    class __mongometa__:
        session = wiki
        name = "pages"
        version_of = OldWikiPage

        @staticmethod
        def migrate(old: OldWikiPage) -> dict[str, Any]:
            """Make a page of today out of an old one."""
            return {
                "_id": old._id,
                "title": old.title,
                "text": old.text,
                "tags": old.metadata["tags"],
                "categories": old.metadata["categories"],
            }

    _id = Field(S.ObjectId)
    version = Field(1)
    title = Field(str)
    text = Field(str)
    tags = Field([str])
    categories = Field([str])


def main() -> int:
    """Tell the story, and return 1 if a tag was lost."""
    arguments = parse_arguments()
    wiki.bind = create_datastore(DATABASE, bind=create_engine(arguments.uri))

    stored = store_old_pages(arguments.pages)
    before = tags_by_page(stored.find())
    show("Stored before, by plain pymongo:", stored.find_one(SAMPLE))

    read = tags_by_page(WikiPage.m.find())
    show("Read as a WikiPage:", WikiPage.m.find(SAMPLE).one())
    show_versions("Reading changes nothing that is stored:", stored)

    edited = add_see_also()
    show("Stored after an edit:", stored.find_one(SAMPLE))
    show_versions(f"Saving the {edited} edited pages stored them in the new shape:", stored)

    report = WikiPage.m.migrate()
    show_versions(f"m.migrate() upgraded the other {report.changed}:", stored)

    after = tags_by_page(stored.find())
    print(f"\nPages tagged 'sys': {WikiPage.m.find({'tags': 'sys'}).count()}")
    print(f"Tags stored before: {count(before)}, read: {count(read)}, stored after: {count(after)}")
    lost = sum(len(tags - (read.get(page, set()) & after.get(page, set()))) for page, tags in before.items())
    print(f"Tags lost: {lost}")
    return 1 if lost else 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Upgrade a wiki, page by page, without losing a tag.")
    parser.add_argument(
        "--uri",
        default="mim://",
        help=f"where to keep the wiki; the database is always {DATABASE!r} (default: %(default)s, in memory)",
    )
    parser.add_argument("--pages", type=int, default=300, metavar="N", help="how many pages, at least 200")
    arguments = parser.parse_args()
    if arguments.pages < 200:
        parser.error("--pages: a wiki has at least 200 pages")
    return arguments


def store_old_pages(number: int) -> Any:
    """Store pages in the old shape without ming, and return the driver's collection of them."""
    collection = wiki.db["pages"]
    collection.drop()
    collection.insert_many(list(itertools.islice(old_pages(), number)))
    return collection


def add_see_also() -> int:
    """End every tagged page with a line naming its tags, and return how many there are."""
    edited = 0
    for page in WikiPage.m.find():
        if page.tags:
            page.text += f"\n\nSee also: {', '.join(page.tags)}"
            page.m.save()
            edited += 1
    return edited


def tags_by_page(pages: Iterable[Mapping[str, Any]]) -> dict[Any, set[str]]:
    """The tags of pages of either shape, by ``_id``."""
    return {page["_id"]: set(page["tags"] if "tags" in page else page["metadata"]["tags"]) for page in pages}


def count(tags: dict[Any, set[str]]) -> int:
    return sum(map(len, tags.values()))


def show(heading: str, page: Mapping[str, Any]) -> None:
    """Print a page with only the ends of its text."""
    text = page["text"]
    print(f"\n{heading}")
    pprint.pprint({**page, "text": f"{text[:24]} ... {text[-24:]}"}, sort_dicts=False, width=100)


def show_versions(heading: str, stored: Any) -> None:
    """Print how many pages of each version are stored."""
    new = stored.count_documents({"version": 1})
    print(f"\n{heading}\n  old: {stored.count_documents({}) - new}, version 1: {new}")


if __name__ == "__main__":
    sys.exit(main())
