"""How many times as fast as loading and saving each document a bulk run is.

    python benchmarks/migrate.py                                  on a server of its own, from the test extra
    python benchmarks/migrate.py --uri mongodb://localhost:27017  on another one, in a database of its own

A chain of two hops and sixteen steps, once declared as steps, which the server makes, and once as functions, which
Python makes. The unit is ``for document in cls.m.find(): document.m.save()`` through the same classes.
Times are by the clock on the wall, and by the client's CPU time; both per document.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pymongo
import pymongo.database
from servers import server

from ming import Document, Field, Session, create_datastore, create_engine
from ming import evolve as E
from ming import schema as S

DATABASE = "ming_benchmarks_migrate"
GOALS = {"steps": 30, "functions": 15}

Database: TypeAlias = pymongo.database.Database[dict[str, Any]]

session = Session()

_FIRST = E.steps(
    E.move("email", "contact.email"),
    E.move("phone", "contact.phone"),
    E.split("name", into=("first", "last"), sep=" "),
    E.move("address.city", "city"),
    E.move("address.street", "street"),
    E.drop("address"),
    E.convert("age", int, on_error=None, canonical=True),
    E.default("lang", "en"),
)
_SECOND = E.steps(
    E.map("status", {"A": "active", "I": "inactive"}),
    E.wrap("tag", list),
    E.move("tag", "tags"),
    E.copy("contact.email", "login"),
    E.const("origin", "import"),
    E.move("visits", "stats.visits"),
    E.default("stats.likes", 0),
    E.drop("obsolete"),
)


def _first(old: Any) -> dict[str, Any]:
    first, _, last = old.name.partition(" ")
    return {
        "_version": 2,
        "contact": {"email": old.email, "phone": old.phone},
        "first": first,
        "last": last,
        "city": old.address.city,
        "street": old.address.street,
        "age": int(old.age) if old.age.isdecimal() else None,
        "lang": "en",
        **{name: old[name] for name in ("status", "tag", "visits", "obsolete")},
    }


def _second(old: Any) -> dict[str, Any]:
    return {
        "_version": 3,
        "status": {"A": "active", "I": "inactive"}[old.status],
        "tags": [old.tag],
        "login": old.contact.email,
        "origin": "import",
        "stats": {"visits": old.visits, "likes": 0},
        **{name: old[name] for name in ("contact", "first", "last", "city", "street", "age", "lang")},
    }


def declare(first: Any, second: Any) -> Any:
    """Declare the chain with two ways of making its hops, and return the newest class."""

    class PersonV1(Document):
        class __mongometa__:
            name = "people"

        _id = Field(S.Anything)
        _version = Field(1, required=True)
        name = Field(str)
        email = Field(str)
        phone = Field(str)
        address = Field({"street": str, "city": str})
        age = Field(str)
        status = Field(S.OneOf("A", "I"))
        tag = Field(str)
        visits = Field(int)
        obsolete = Field(str)

    class PersonV2(Document):
        class __mongometa__:
            name = "people"
            version_of = PersonV1
            migrate = first

        _id = Field(S.Anything)
        _version = Field(2, required=True)
        first = Field(str)
        last = Field(str)
        contact = Field({"email": str, "phone": str})
        city = Field(str)
        street = Field(str)
        age = Field(int)
        lang = Field(str)
        status = Field(S.OneOf("A", "I"))
        tag = Field(str)
        visits = Field(int)
        obsolete = Field(str)

    class Person(Document):
        class __mongometa__:
            name = "people"
            version_of = PersonV2
            migrate = second

        _id = Field(S.Anything)
        _version = Field(3, required=True)
        first = Field(str)
        last = Field(str)
        contact = Field({"email": str, "phone": str})
        city = Field(str)
        street = Field(str)
        age = Field(int)
        lang = Field(str)
        status = Field(S.OneOf("active", "inactive"))
        tags = Field([str])
        login = Field(str)
        origin = Field(str)
        stats = Field({"visits": int, "likes": int})

    return Person


def old_person(number: int) -> dict[str, Any]:
    """A document of the first version."""
    return {
        "_id": number,
        "_version": 1,
        "name": f"Ann Number{number}",
        "email": f"ann{number}@example.org",
        "phone": f"+49 30 {number}",
        "address": {"street": f"Street {number}", "city": "Berlin"},
        "age": str(number % 90),
        "status": "A" if number % 3 else "I",
        "tag": f"tag{number % 7}",
        "visits": number,
        "obsolete": "x" * 20,
    }


@dataclass
class Times:
    """How long some work took per document."""

    name: str
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def measure(self, count: int, work: Callable[[], object]) -> None:
        """Do it once."""
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        self.wall.append((time.perf_counter() - wall) / count)
        self.cpu.append((time.process_time() - cpu) / count)

    def beside(self, unit: Times, goal: float) -> str:
        """How many times as fast it is."""
        wall = statistics.median(unit.wall) / statistics.median(self.wall)
        cpu = statistics.median(unit.cpu) / statistics.median(self.cpu)
        missed = "" if min(wall, cpu) >= goal else "  missed"
        return f"{self.name:<34} wall {wall:7.1f}  cpu {cpu:7.1f}  goal {goal}{missed}"


def main() -> None:
    """Measure, and print the ratios beside their goals."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--uri", help="a MongoDB server; by default one is started")
    parser.add_argument("--documents", type=int, default=200_000, help="how many a run upgrades")
    parser.add_argument("--loop", type=int, default=20_000, help="how many are loaded and saved one by one")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is done (default: 3)")
    parser.add_argument("--only", nargs="+", default=list(GOALS), choices=list(GOALS), help="what to compare")
    arguments = parser.parse_args()
    with server(arguments.uri) as uri, pymongo.MongoClient[dict[str, Any]](uri) as client:
        session.bind = create_datastore(DATABASE, bind=create_engine(uri))
        client.drop_database(DATABASE)
        try:
            database = client[DATABASE]
            for start in range(0, arguments.documents, 10_000):
                numbers = range(start, min(start + 10_000, arguments.documents))
                database["source"].insert_many(map(old_person, numbers))
            ways = {"steps": (_FIRST, _SECOND), "functions": (staticmethod(_first), staticmethod(_second))}
            for name in arguments.only:
                cls = declare(*ways[name])
                print(_compare(database, name, cls, arguments), flush=True)
        finally:
            client.drop_database(DATABASE)


def _compare(database: Database, name: str, cls: Any, arguments: argparse.Namespace) -> str:
    loop, bulk = Times("loop"), Times(f"bulk run, {name}")
    for _ in range(arguments.rounds):
        _refill(database, arguments.loop)
        loop.measure(arguments.loop, lambda: _load_and_save(cls))
        _refill(database, arguments.documents)
        bulk.measure(arguments.documents, lambda: session.migrate(cls))
        left = database["people"].count_documents({"_version": {"$ne": 3}})
        assert left == 0, f"{left} documents are left"
    return bulk.beside(loop, GOALS[name])


def _refill(database: Database, count: int) -> None:
    database["source"].aggregate([{"$match": {"_id": {"$lt": count}}}, {"$out": "people"}])


def _load_and_save(cls: Any) -> None:
    for person in session.find(cls, {}):
        session.save(person)


if __name__ == "__main__":
    main()
