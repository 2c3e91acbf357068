"""Three versions of a class in one collection."""

from ming import Document, Field, Session, create_datastore

people = Session(create_datastore("mim:///people"))
stored = people.db["people"]


class PersonV1(Document):
    class __mongometa__:
        session = people
        name = "people"

    _id = Field(int)
    name = Field(str)
    city = Field(str)


class PersonV2(Document):
    class __mongometa__:
        session = people
        name = "people"
        version_of = PersonV1

        def migrate(old):
            first, _, last = old.name.partition(" ")
            return {"first": first, "last": last, "city": old.city}

    _id = Field(int)
    version = Field(2)
    first = Field(str)
    last = Field(str)
    city = Field(str)


class Person(Document):
    class __mongometa__:
        session = people
        name = "people"
        version_of = PersonV2

        def migrate(old):
            return {"first": old.first, "last": old.last, "address": {"city": old.city}}

    _id = Field(int)
    version = Field(3)
    first = Field(str)
    last = Field(str)
    address = Field({"city": str})


stored.insert_many(
    [
        {"_id": 1, "name": "Ann Bell", "city": "Ulm"},
        {"_id": 2, "version": 2, "first": "Ben", "last": "Cole", "city": "Bonn"},
        {"_id": 3, "version": 3, "first": "Cem", "last": "Dal", "address": {"city": "Kiel"}},
    ]
)
# Read
for person in Person.m.find().sort("_id"):
    print(person.version, person.first, person.last, person.address.city)

# Query
print(Person.m.find({"address.city": "Ulm"}).count(), "found before the run")
print(Person.m.migrate())
print(Person.m.find({"address.city": "Ulm"}).count(), "found after the run")
