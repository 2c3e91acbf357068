"""What a flush would send, before it does."""

from ming import create_datastore, schema
from ming.odm import FieldProperty, MappedClass, ODMSession, state

wiki = ODMSession(bind=create_datastore("mim:///wiki"))


class Page(MappedClass):
    class __mongometa__:
        session = wiki
        name = "pages"

    _id = FieldProperty(schema.Int)
    title = FieldProperty(str)
    tags = FieldProperty([str])
    views = FieldProperty(int, if_missing=0)


first, second = (Page(_id=number, title="Bookbinding", tags=["craft"]) for number in (1, 2))
wiki.flush()

first.title = "Binding"
first.tags.append("paper")
second.tags = ["craft"]
Page(_id=3)
print(wiki.plan())
print(state(first).status, state(second).status)

# Nothing but the changes is sent: others may change other fields meanwhile.
wiki.update(Page, {"_id": 1}, {"$inc": {"views": 10}})
wiki.flush()
print(wiki.db["pages"].find_one({"_id": 1}))
print(first.views, wiki.refresh(first).views)

# A page that was only shown must not be stored.
first.tags.sort()
print(wiki.plan())
first.tags.sort(reverse=True)
print(wiki.plan())
