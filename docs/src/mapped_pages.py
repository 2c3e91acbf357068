"""Objects that know what changed in them, and each other."""

from ming import create_datastore, schema
from ming.odm import FieldProperty, ForeignIdProperty, MappedClass, ODMSession, RelationProperty

wiki = ODMSession(bind=create_datastore("mim:///wiki"))


class Author(MappedClass):
    class __mongometa__:
        session = wiki
        name = "authors"

    _id = FieldProperty(schema.Int)
    name = FieldProperty(str, required=True)
    pages = RelationProperty("Page")


class Page(MappedClass):
    class __mongometa__:
        session = wiki
        name = "pages"
        indexes = ["author_id"]

    _id = FieldProperty(schema.Int)
    title = FieldProperty(str, required=True)
    tags = FieldProperty([str])
    views = FieldProperty(int, if_missing=0)
    author_id = ForeignIdProperty(Author)
    author = RelationProperty(Author)


# New objects are stored by a flush.
ann = Author(_id=1, name="Ann")
Page(_id=1, title="Bookbinding", tags=["craft"], author=ann)
Page(_id=2, title="Gardening", author=ann)
wiki.flush()
wiki.clear()

# Change what was found, and look at what a flush would send.
page = Page.query.get(title="Bookbinding")
page.views += 1
page.tags.append("paper")
Page.query.get(2).delete()
print(wiki.plan())
wiki.flush()
print(wiki.db["pages"].find_one({"_id": 1}))

# A document has one object in a session.
print(Page.query.find({"tags": "paper"}).one() is page)

# Follow relations.
wiki.clear()
author = Author.query.get(1)
print([page.title for page in author.pages])
page = Page(_id=3, title="Joinery", author=author)
print([page.title for page in author.pages], page.author.name)
wiki.flush()
