"""Two programs that mean something else by version 2."""

from ming import Field, Session, collection, create_datastore
from ming import evolve as E
from ming.exc import RunConflict

wiki = Session(create_datastore("mim:///wiki"))
OldPage = collection("pages", wiki, Field("_id", int), Field("v", 1, required=True), Field("text", str))


def new_page(target):
    fields = [Field("_id", int), Field("v", 2, required=True), Field(target, str)]
    steps = E.steps(E.move("text", target))
    return collection("pages", wiki, *fields, version_of=OldPage, migrate=steps)


def interrupt(progress):
    raise KeyboardInterrupt


wiki.db["pages"].insert_many({"_id": number, "v": 1, "text": "x"} for number in range(20))
try:
    new_page("body").m.migrate(range_size=10, progress=interrupt)
except KeyboardInterrupt:
    pass
try:
    new_page("content").m.migrate()
except RunConflict as error:
    print(str(error).replace(error.run_id, "..."))
