"""A chain of versions, checked as a test would do it."""

import tempfile
from pathlib import Path

from ming import Document, Field
from ming import evolve as E
from ming import schema as S
from ming.evolve.check import check, read_lock, update_lock

lock_file = Path(tempfile.mkdtemp()) / "ming.lock.json"


# The first release
class Person(Document):
    class __mongometa__:
        name = "people"

    _id = Field(S.ObjectId)
    _version = Field(1, required=True)
    name = Field(str)
    status = Field(S.OneOf("A", "I"))


update_lock([Person], lock_file)
print(lock_file.read_text())


# A change that forgets those who stored documents already
class Person(Document):
    class __mongometa__:
        name = "people"

    _id = Field(S.ObjectId)
    _version = Field(1, required=True)
    name = Field(str)
    status = Field(S.OneOf("active", "inactive"))


print(check([Person], lock=read_lock(lock_file)))
print()


# The same as a new version
class PersonV1(Document):
    class __mongometa__:
        name = "people"

    _id = Field(S.ObjectId)
    _version = Field(1, required=True)
    name = Field(str)
    status = Field(S.OneOf("A", "I"))


class Person(Document):
    class __mongometa__:
        name = "people"
        version_of = PersonV1
        migrate = E.steps(
            E.split("name", into=("first", "last")),
            E.map("status", {"A": "active"}),
        )

    _id = Field(S.ObjectId)
    _version = Field(2, required=True)
    first = Field(str)
    last = Field(str)
    status = Field(S.OneOf("active", "inactive"))


print(check([Person], lock=read_lock(lock_file)))
print()


# Corrected
class Person(Document):
    class __mongometa__:
        name = "people"
        version_of = PersonV1
        migrate = E.steps(
            E.split("name", into=("first", "last")),
            E.map("status", {"A": "active", "I": "inactive"}),
        )

    _id = Field(S.ObjectId)
    _version = Field(2, required=True)
    first = Field(str)
    last = Field(str)
    status = Field(S.OneOf("active", "inactive"))


update_lock([Person], lock_file)
report = check([Person], lock=read_lock(lock_file), compatibility="full_transitive")
print(report)
for step in report.chains[0].deploy:
    print("-", step)


# In the tests of the program
def test_versions():
    report = check([Person], lock=read_lock(lock_file), compatibility="backward_transitive")
    assert report.ok, str(report)


test_versions()
