"""Wrong data is refused, with the place and the reason."""

from ming import Document, Field, Session, create_datastore
from ming import schema as S

wiki = Session(create_datastore("mim:///wiki"))


class Page(Document):
    class __mongometa__:
        session = wiki
        name = "pages"

    _id = Field(int)
    title = Field(str, required=True)
    tags = Field([str])
    author = Field({"name": str, "email": str})
    views = Field(int, if_missing=0)


page = Page.make({"_id": 1, "title": "Bookbinding"})
print(page)

try:
    Page.make({"_id": 2, "tags": ["craft", 3], "author": {"name": "Ann", "email": False}})
except S.Invalid as error:
    for path, message in error.flatten():
        print(f"{path}: {message}")

page.tags.append(4)
try:
    page.m.save()
except S.Invalid as error:
    print(error)

print(Page.m.count(), "pages stored")
