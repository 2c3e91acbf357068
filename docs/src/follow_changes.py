"""Changes of a collection, as they happen."""

from ming import create_datastore

pages = create_datastore("mim:///wiki").db.pages

with pages.watch() as changes:
    pages.insert_one({"_id": 1, "title": "Bookbinding", "tags": ["craft"]})
    pages.update_one({"_id": 1}, {"$push": {"tags": "paper"}})
    for _ in range(2):
        change = changes.next()
        print(change["operationType"], change.get("updateDescription", {}).get("updatedFields"))
