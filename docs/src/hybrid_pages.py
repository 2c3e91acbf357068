"""A document that holds keys of two versions."""

from ming import Document, Field, Session, create_datastore
from ming.exc import HybridDocument

wiki = Session(create_datastore("mim:///wiki"))


class OldPage(Document):
    class __mongometa__:
        session = wiki
        name = "pages"

    _id = Field(int)
    title = Field(str)
    labels = Field([str])


def from_old(old):
    return {"title": old.title, "tags": old.labels}


class Page(Document):
    class __mongometa__:
        session = wiki
        name = "pages"
        version_of = OldPage
        migrate = from_old

    _id = Field(int)
    title = Field(str)
    tags = Field([str])


wiki.db["pages"].insert_one({"_id": 1, "title": "Bookbinding", "labels": ["craft"], "tags": ["paper"]})
try:
    Page.m.get(_id=1)
except HybridDocument as error:
    print(error)


# Say what is to become of them
def merge(raw, candidates):
    return {"_id": raw["_id"], "title": raw["title"], "tags": raw["tags"] + raw["labels"]}


class ForgivingPage(Page):
    class __mongometa__:
        on_hybrid = merge


print(ForgivingPage.m.get(_id=1).tags)
