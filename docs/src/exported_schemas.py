"""What a class accepts, in the languages of others."""

import json
from pprint import pprint

from pymongo.errors import WriteError

from ming import Document, Field, Session, create_datastore
from ming import schema as S

session = Session(create_datastore("mim:///schemas"))


class OldPage(Document):
    class __mongometa__:
        session = session
        name = "pages"

    _id = Field(int)
    title = Field(str)
    metadata = Field({"tags": [str]})


class Page(Document):
    class __mongometa__:
        session = session
        name = "pages"
        version_of = OldPage
        migrate = staticmethod(lambda old: {"title": old.title, "tags": old.metadata.tags})

    _id = Field(int)
    version = Field(2, required=True)
    title = Field(S.String(required=True))
    tags = Field([str])
    state = Field(S.OneOf("draft", "done"))


# The validator
validator = Page.m.validator()["$jsonSchema"]
print(validator["description"])
for part in validator["anyOf"]:
    pprint(part, width=110, sort_dicts=False)

# The server enforces it
synced = Page.m.sync_validator(level="strict", action="error")
print()
print(synced.collection, synced.change)
stored = session.db["pages"]
stored.insert_one({"_id": 1, "title": "Bookbinding", "metadata": {"tags": ["craft"]}})
stored.insert_one({"_id": 2, "version": 2, "title": "Gardening", "state": "done"})
try:
    stored.insert_one({"_id": 3, "version": 2, "title": "Weaving", "state": "finished"})
except WriteError as error:
    print(error.details["errmsg"])

# JSON Schema
print()
print(json.dumps(Page.m.json_schema(), indent=1))
