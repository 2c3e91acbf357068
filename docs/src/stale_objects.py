"""A flush meets a document that somebody else has deleted, and one that somebody else has changed."""

from ming import create_datastore, schema
from ming.exc import StaleObject
from ming.odm import FieldProperty, MappedClass, ODMSession

wiki = ODMSession(bind=create_datastore("mim:///wiki"))
stored = wiki.db["pages"]


class Page(MappedClass):
    class __mongometa__:
        session = wiki
        name = "pages"
        version_field = "version"

    _id = FieldProperty(schema.Int)
    version = FieldProperty(int)
    title = FieldProperty(str)


def flush() -> None:
    try:
        wiki.flush()
    except StaleObject as error:
        print(error)


pages = [Page(_id=number, title="Bookbinding") for number in range(4)]
wiki.flush()
stored.delete_one({"_id": 1})
stored.update_one({"_id": 2}, {"$set": {"title": "Book binding"}, "$inc": {"version": 1}})

for page in pages:
    page.title = "Binding"
print(wiki.plan())
flush()
print(wiki.plan())

# Let go of the one that is gone, take over what is stored of the other one, and flush again.
wiki.expunge(pages[1])
flush()
wiki.refresh(pages[2])
flush()
print([raw["title"] for raw in stored.find()])
