"""A ``migrate`` that changes the ``_id``, one that raises, and one that returns no dict."""

from ming import Document, Field, Session, create_datastore
from ming.exc import MingException

wiki = Session(create_datastore("mim:///wiki"))
wiki.db["pages"].insert_one({"_id": 1, "title": "Bookbinding"})


class OldPage(Document):
    class __mongometa__:
        session = wiki
        name = "pages"

    _id = Field(int)
    title = Field(str)


def other_id(old):
    return {"_id": old._id + 1, "name": old.title}


def mistaken(old):
    return {"name": old.tilte}


def forgetful(old):
    print("renamed", old.title)


for function in (other_id, mistaken, forgetful):

    class Page(Document):
        class __mongometa__:
            session = wiki
            name = "pages"
            version_of = OldPage
            migrate = function

        _id = Field(int)
        version = Field(2)
        name = Field(str)

    try:
        Page.m.get(_id=1)
    except (MingException, AttributeError) as error:
        print(f"{type(error).__name__}: {error}")
