"""What a save sends after a lazy upgrade, when another writer comes first."""

from pprint import pprint

from ming import Document, Field, Session, create_datastore
from ming._flows import documents
from ming._flows.operations import DriverCall

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
page.title = "Binding books"
stored.update_one({"_id": 1}, {"$push": {"labels": "hobby"}})

# What page.m.save() does, one operation at a time.
flow = documents.save(Page.m, page, (), {})
operation = next(flow)
while True:
    reply = operation.perform(wiki)
    if isinstance(operation, DriverCall):
        print(f"{operation.verb}:")
        pprint(operation.args, width=100, sort_dicts=False)
        print("->", getattr(reply, "raw_result", reply))
    try:
        operation = flow.send(reply)
    except StopIteration:
        break

print("stored:", stored.find_one())
