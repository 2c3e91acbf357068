"""What a save sends after a lazy upgrade by steps, when another writer comes first."""

from pprint import pprint

from ming import Document, Field, Session, create_datastore
from ming import evolve as E
from ming._flows import documents
from ming._flows.operations import DriverCall

wiki = Session(create_datastore("mim:///wiki"))
stored = wiki.db["pages"]


class OldPage(Document):
    class __mongometa__:
        session = wiki
        name = "pages"

    _id = Field(int)
    version = Field(1, required=True)
    title = Field(str)
    labels = Field([str])
    views = Field(int)


class Page(Document):
    class __mongometa__:
        session = wiki
        name = "pages"
        version_of = OldPage
        migrate = E.steps(E.move("title", "heading.text"), E.move("labels", "tags"))

    _id = Field(int)
    version = Field(2, required=True)
    heading = Field({"text": str})
    tags = Field([str])
    views = Field(int)


stored.insert_one({"_id": 1, "version": 1, "title": "Bookbinding", "labels": ["craft"], "views": 7})
page = Page.m.get(_id=1)
page.heading.text = "Binding books"
stored.update_one({"_id": 1}, {"$push": {"labels": "hobby"}, "$inc": {"views": 1}})

# What page.m.save() does, one operation at a time.
flow = documents.save(Page.m, page, (), {})
operation = next(flow)
while True:
    reply = operation.perform(wiki)
    if isinstance(operation, DriverCall):
        filter, *updates = operation.args
        print(f"{operation.verb}:")
        pprint(filter, width=100, sort_dicts=False)
        for stages in updates:
            print(f"{len(stages) - 1} from the steps, then {stages[-1]}")
        print("->", getattr(reply, "raw_result", reply))
    try:
        operation = flow.send(reply)
    except StopIteration:
        break

print("in memory:", page)
