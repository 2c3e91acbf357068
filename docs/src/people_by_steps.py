"""Versions told apart by steps: read, look at the other forms, take back."""

from pprint import pprint

from ming import Document, Field, Session, create_datastore
from ming import evolve as E

people = Session(create_datastore("mim:///people"))
stored = people.db["people"]


class PersonV1(Document):
    class __mongometa__:
        session = people
        name = "people"

    _id = Field(int)
    version = Field(1, required=True)
    name = Field(str)
    email = Field(str)
    age = Field(str)


class Person(Document):
    class __mongometa__:
        session = people
        name = "people"
        version_of = PersonV1
        migrate = E.steps(
            E.move("email", "contact.email"),
            E.split("name", into=("first", "last")),
            E.convert("age", int, canonical=True),
            E.default("lang", "en"),
        )

    _id = Field(int)
    version = Field(2, required=True)
    first = Field(str)
    last = Field(str)
    contact = Field({"email": str})
    age = Field(int)
    lang = Field(str)


stored.insert_one({"_id": 1, "version": 1, "name": "Ann Bell", "email": "ann@home", "age": "44", "shoe": 39})

# Read
person = Person.m.get(_id=1)
print(person.first, person.contact.email, person.age, person.lang)

# The hop
(hop,) = Person.m.chain.hops
raw = hop.upgrade(stored.find_one())
pprint(raw, sort_dicts=False)
pprint(hop.source_filter)

# Take it back
for step in hop.inverse().steps:
    print(step)
