"""A collection in which not every document is valid."""

import logging
import sys

from ming import Document, Field, Session, create_datastore
from ming import schema as S

wiki = Session(create_datastore("mim:///wiki"))
logging.basicConfig(stream=sys.stdout, format="log: %(message)s")


class Page(Document):
    class __mongometa__:
        session = wiki
        name = "pages"

    _id = Field(int)
    title = Field(str, required=True)
    tags = Field([str])


wiki.db["pages"].insert_many(
    [
        {"_id": 1, "title": "Bookbinding", "tags": ["craft"]},
        {"_id": 2, "title": "Gardening", "tags": ["craft", 3]},
        {"_id": 3, "tags": []},
    ]
)

# raise: the default
try:
    Page.m.find().all()
except S.Invalid as error:
    print(error)

# skip: leave them out, and log a warning for each
print([page.title for page in Page.m.find({}, on_invalid="skip")])

# report: leave them out, and keep the errors
cursor = Page.m.find({}, on_invalid="report")
print([page.title for page in cursor])
for error in cursor.rejected:
    print(error.document_id, list(error.flatten()))

# Repair: read as it is, change, and save with validation.
for error in cursor.rejected:
    page = next(Page.m.find({"_id": error.document_id}, validate=False))
    page.title = page.get("title", "(untitled)")
    page.tags = [tag for tag in page.tags if isinstance(tag, str)]
    page.m.save()
print([page.title for page in Page.m.find()])
