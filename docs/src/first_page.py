"""A document class, saved and found."""

from ming import Document, Field, Session, create_datastore
from ming import schema as S

wiki = Session(create_datastore("mim:///wiki"))


class Page(Document):
    class __mongometa__:
        session = wiki
        name = "pages"

    _id = Field(S.ObjectId)
    title = Field(str, required=True)
    tags = Field([str])


page = Page.make({"title": "Bookbinding", "tags": ["craft", "paper"]})
page.m.save()

found = Page.m.find({"tags": "paper"}).one()
print(found.title, found.tags)
