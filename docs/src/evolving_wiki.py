"""A wiki whose pages change their shape."""

from pprint import pprint

from ming import Document, Field, Session, create_datastore
from ming.exc import DocumentTooNew

wiki = Session(create_datastore("mim:///wiki"))
stored = wiki.db["pages"]


# The first release
class OldWikiPage(Document):
    class __mongometa__:
        session = wiki
        name = "pages"

    _id = Field(int)
    title = Field(str)
    text = Field(str)
    metadata = Field({"tags": [str], "categories": [str]})


bookbinding = {"title": "Bookbinding", "text": "Fold, sew, glue."}
OldWikiPage.make({"_id": 1, **bookbinding, "metadata": {"tags": ["craft"], "categories": ["paper"]}}).m.save()
gardening = {"title": "Gardening", "text": "Dig, sow, wait."}
OldWikiPage.make({"_id": 2, **gardening, "metadata": {"tags": ["green"], "categories": ["earth"]}}).m.save()
# Another program counts readers; no class declares its key.
stored.update_one({"_id": 1}, {"$set": {"readers": 7}})
print("Stored by the first release:")
pprint(stored.find_one({"_id": 1}), sort_dicts=False)


# The second release
class WikiPage(Document):
    class __mongometa__:
        session = wiki
        name = "pages"
        version_of = OldWikiPage

        def migrate(old):
            return {
                "_id": old._id,
                "title": old.title,
                "text": old.text,
                "tags": old.metadata.tags,
                "categories": old.metadata.categories,
            }

    _id = Field(int)
    version = Field(1)
    title = Field(str)
    text = Field(str)
    tags = Field([str])
    categories = Field([str])


# Read
print("\nRead by the second release:")
page = WikiPage.m.get(_id=1)
pprint(dict(page), sort_dicts=False)
print("Stored version:", stored.find_one({"_id": 1}).get("version"))

# Change
print("\nWhile it is being edited, an old server adds a tag and counts a reader.")
stored.update_one({"_id": 1}, {"$push": {"metadata.tags": "hobby"}, "$inc": {"readers": 1}})
page.title = "Binding books"
page.m.save()
print("Stored after the save:")
pprint(stored.find_one({"_id": 1}), sort_dicts=False)

# The rest
print("\nAll at once:")
report = WikiPage.m.migrate()
print(report)
print("Old pages left:", stored.count_documents({"version": {"$exists": False}}))

# Too new
stored.insert_one({"_id": 3, "version": 2, "title": "Joinery", "body": "Measure, saw, fit."})
print("\nA page of a release to come:")
try:
    WikiPage.m.get(_id=3)
except DocumentTooNew as error:
    print(f"{type(error).__name__}: {error}")
