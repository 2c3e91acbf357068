"""When the upgrade of a document that was read in an older version is stored."""

from ming import Document, Field, Session, create_datastore
from ming import evolve as E
from ming.exc import MigrationError

wiki = Session(create_datastore("mim:///wiki"))
stored = wiki.db["pages"]


class OldPage(Document):
    class __mongometa__:
        session = wiki
        name = "pages"

    _id = Field(int)
    version = Field(1, required=True)
    labels = Field([str])


class Page(Document):
    class __mongometa__:
        session = wiki
        name = "pages"
        version_of = OldPage
        migrate = E.steps(E.move("labels", "tags"))

    _id = Field(int)
    version = Field(2, required=True)
    tags = Field([str])


# A program that must only read says so.
class ReportedPage(Page):
    class __mongometa__:
        on_load = "never"


# One whose reading is to modernise the collection by the way says this.
class BrowsedPage(Page):
    class __mongometa__:
        on_load = "on_read"


stored.insert_one({"_id": 1, "version": 1, "labels": ["craft"]})
page = ReportedPage.m.get(_id=1)
print(page.tags)
page.tags.append("paper")
try:
    page.m.save()
except MigrationError as error:
    print(error)

# By default it is the next save that stores the upgrade.
page = Page.m.get(_id=1)
print("read:", stored.find_one())

page = BrowsedPage.m.get(_id=1)
print("read with on_read:", stored.find_one())
