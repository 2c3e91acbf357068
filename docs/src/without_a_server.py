"""A script that keeps its documents in a file, and shows them to other programs."""

import tempfile
from pathlib import Path

import pymongo

from ming import Document, Field, Session, create_datastore, mim

notes = Session()


class Note(Document):
    class __mongometa__:
        session = notes
        name = "notes"

    _id = Field(int)
    text = Field(str, required=True)


with tempfile.TemporaryDirectory() as folder:
    uri = f"mim:///notes?file={Path(folder, 'notes.ming')}"

    # The first run
    datastore = create_datastore(uri)
    notes.bind = datastore
    Note.make({"_id": 1, "text": "Order thread"}).m.save()
    datastore.conn.close()

    # A later one
    datastore = create_datastore(uri)
    notes.bind = datastore
    print("Kept:", Note.m.get(_id=1).text)

    # Other programs
    with mim.serve(datastore.conn) as server, pymongo.MongoClient(server.uri) as client:
        client.notes.notes.insert_one({"_id": 2, "text": "Sharpen the knife"})
    print("Of another program:", Note.m.get(_id=2).text)
    datastore.conn.close()
