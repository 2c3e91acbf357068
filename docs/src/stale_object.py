"""Two programs change the same field of a document read in an older version."""

from ming import Document, Field, Session, create_datastore
from ming.exc import StaleObject

wiki = Session(create_datastore("mim:///wiki"))
stored = wiki.db["pages"]


class OldPage(Document):
    class __mongometa__:
        session = wiki
        name = "pages"

    _id = Field(int)
    title = Field(str)
    labels = Field([str])


class Page(Document):
    class __mongometa__:
        session = wiki
        name = "pages"
        version_of = OldPage

        def migrate(old):
            return {"title": old.title, "tags": old.labels}

    _id = Field(int)
    version = Field(2)
    title = Field(str)
    tags = Field([str])


stored.insert_one({"_id": 1, "title": "Bookbinding", "labels": ["craft"]})
page = Page.m.get(_id=1)
stored.update_one({"_id": 1}, {"$push": {"labels": "hobby"}})
page.tags.append("paper")
try:
    page.m.save()
except StaleObject as error:
    print(error)
print(stored.find_one())

# Nothing was stored. Read it again, and make the change to what is there now.
page = Page.m.get(_id=1)
page.tags.append("paper")
page.m.save()
print(stored.find_one()["tags"])
