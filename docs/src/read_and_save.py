"""Finding, changing, saving and removing documents."""

from ming import Document, Field, Session, create_datastore

wiki = Session(create_datastore("mim:///wiki"))


class Page(Document):
    class __mongometa__:
        session = wiki
        name = "pages"
        indexes = ["tags", ("title", "views")]

    _id = Field(int)
    title = Field(str, required=True)
    tags = Field([str])
    views = Field(int, if_missing=0)


for number, title in enumerate(["Bookbinding", "Gardening", "Joinery"], start=1):
    Page.make({"_id": number, "title": title, "tags": ["craft"]}).m.save()

# One document.
print(Page.m.get(_id=2).title)
print(Page.m.get(_id=99))

# Many documents.
for page in Page.m.find({"tags": "craft"}).sort("title", -1).limit(2):
    print(page._id, page.title)
print(Page.m.find({"title": {"$gt": "C"}}).count())

# Change and save.
page = Page.m.get(_id=1)
page.title = "Binding books"
page.m.save()
print(Page.m.find({"_id": 1}).one().title)

# Change a part.
page.m.set({"views": 10})
Page.m.update_partial({"_id": 1}, {"$inc": {"views": 1}})
print(Page.m.get(_id=1).views)

# Remove.
page.m.delete()
Page.m.remove({"title": "Joinery"})
print([page.title for page in Page.m.find()])
