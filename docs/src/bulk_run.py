"""A dry run, and a bulk run while a program of the release before still writes."""

from ming import Document, Field, Session, create_datastore
from ming import evolve as E
from ming import schema as S
from ming.evolve import runs

shop = Session(create_datastore("mim:///shop"))
stored = shop.db["people"]


class PersonV1(Document):
    class __mongometa__:
        session = shop
        name = "people"

    _id = Field(int)
    _version = Field(1, required=True)
    name = Field(str)
    email = Field(str)
    status = Field(S.OneOf("A", "I"))
    visits = Field(int)


class Person(Document):
    class __mongometa__:
        session = shop
        name = "people"
        version_of = PersonV1
        migrate = E.steps(
            E.split("name", into=("first", "last"), sep=" "),
            E.move("email", "contact.email"),
            E.map("status", {"A": "active", "I": "inactive"}),
        )

    _id = Field(int)
    _version = Field(2, required=True)
    first = Field(str)
    last = Field(str)
    contact = Field({"email": str})
    status = Field(S.OneOf("active", "inactive"))
    visits = Field(int)


def old_person(number):
    fields = {"name": f"Ann Smith{number}", "email": f"ann{number}@example.org", "status": "A", "visits": 0}
    return {"_id": number, "_version": 1, **fields}


stored.insert_many(map(old_person, range(12)))
stored.update_one({"_id": 7}, {"$set": {"status": "?"}})

# Rehearse
rehearsal = Person.m.migrate(dry_run=True)
print(rehearsal)
first = rehearsal.samples[0]
print(f"_id {first.document_id}, {first.version}:")
for change in first.changes:
    print("   ", change)
for sample in rehearsal.samples:
    if sample.problem:
        print(f"_id {sample.document_id}: {sample.problem}")


# Run
def old_release_at_work(progress):
    print(progress.changed, "of", progress.old, "upgraded,", progress.refused, "refused")
    if progress.ranges == 2:
        # It counts visits, of people in either version, and inserts somebody in its own.
        stored.update_many({}, {"$inc": {"visits": 1}})
        stored.insert_one(old_person(-1))


report = Person.m.migrate(range_size=5, progress=old_release_at_work)
print(report)
print("Passes:", report.passes, "- upgraded inside the server:", report.in_server)
print("Visits counted:", sum(person["visits"] for person in stored.find()))

# Look after
print(runs.verify(shop, Person))
for refusal in runs.status(shop, "people").refused:
    print(f"_id {refusal.document_id}: {refusal.reason}")
stored.update_one({"_id": 7}, {"$set": {"status": "I"}})
print(Person.m.migrate())
print("All of them new and valid:", runs.verify(shop, Person).is_clean)
