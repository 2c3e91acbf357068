"""How many times as fast as a server the embedded engine is, through the driver's interface.

    python benchmarks/engine.py                                  beside a server of its own, from the test extra
    python benchmarks/engine.py --uri mongodb://localhost:27017  beside another one, in a database of its own

Time on the wall, of both in turns: a server works in a process of its own, and its user waits for it.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pymongo
import pymongo.collection
import pymongo.database
from measure import Speedup
from servers import server

from ming import mim

DATABASE = "ming_engine_benchmark"
STORED = 10_000
POINTS = 300
SMALL_TESTS = 10

Database: TypeAlias = pymongo.database.Database[dict[str, Any]]
Collection: TypeAlias = pymongo.collection.Collection[dict[str, Any]]


def main() -> None:
    """Measure, and print the ratios beside their goals."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--uri", help="a MongoDB server; by default one is started")
    parser.add_argument("--rounds", type=int, default=9, help="how often everything is done (default: 9)")
    arguments = parser.parse_args()
    engine = mim.Connection(strict=True)[DATABASE]
    with server(arguments.uri) as uri, pymongo.MongoClient[dict[str, Any]](uri) as client:
        client.drop_database(DATABASE)
        try:
            for speedup in _speedups(client[DATABASE], engine):
                speedup.run(arguments.rounds)
                print(speedup, flush=True)
        finally:
            client.drop_database(DATABASE)


def _speedups(on_server: Database, in_process: Database) -> Iterator[Speedup]:
    for name, goal, work in _work():
        yield Speedup(name, work(_filled(on_server)), work(_filled(in_process)), goal)
    yield Speedup("a test of 10 documents", _small_tests(on_server), _small_tests(in_process), 30)


def _filled(database: Database) -> Collection:
    collection = database.stored
    collection.drop()
    collection.create_index("number")
    collection.insert_many([_document(number) for number in range(STORED)])
    return collection


def _document(number: int) -> dict[str, Any]:
    return {
        "_id": number,
        "number": number,
        "name": f"name {number * 7919 % STORED}",
        "tags": ["a", "b", str(number)],
        "place": {"row": number // 100, "seat": number % 100},
    }


Prepared = Callable[[Collection], Callable[[], object]]


def _work() -> Iterator[tuple[str, float, Prepared]]:
    for field in ("_id", "number"):
        where = "by _id" if field == "_id" else "by an indexed field"
        yield f"read {where}", 10, _reads(field)
        yield f"update {where}", 10, _updates(field)
        yield f"delete {where}", 10, _deletes(field)
    yield "scan with a filter", 0.25, _scan
    yield "sort, first 10", 0.2, _sort


def _numbers() -> Callable[[], range]:
    """Ever new numbers, a batch at a time, and again from the start."""
    starts = itertools.cycle(range(0, STORED - POINTS + 1, POINTS))
    return lambda: range(start := next(starts), start + POINTS)


def _reads(field: str) -> Prepared:
    def prepared(collection: Collection) -> Callable[[], object]:
        numbers = _numbers()
        return lambda: [collection.find_one({field: number}) for number in numbers()]

    return prepared


def _updates(field: str) -> Prepared:
    def prepared(collection: Collection) -> Callable[[], object]:
        numbers = _numbers()
        return lambda: [
            collection.update_one({field: number}, {"$inc": {"count": 1}}) for number in numbers()
        ]

    return prepared


def _deletes(field: str) -> Prepared:
    def prepared(collection: Collection) -> Callable[[], object]:
        numbers = _numbers()
        return lambda: [collection.delete_one({field: number}) for number in numbers()]

    return prepared


def _scan(collection: Collection) -> Callable[[], object]:
    return lambda: list(collection.find({"place.row": {"$gte": 90}}))


def _sort(collection: Collection) -> Callable[[], object]:
    return lambda: list(collection.find().sort("name").limit(10))


def _small_tests(database: Database) -> Callable[[], object]:
    collection = database.small

    def work() -> None:
        for _ in range(SMALL_TESTS):
            collection.insert_many([_document(number) for number in range(10)])
            collection.update_one({"_id": 3}, {"$set": {"name": "other"}})
            if collection.count_documents({"name": "other"}) != 1:
                raise AssertionError
            list(collection.find({"number": {"$gt": 5}}))
            collection.drop()

    return work


if __name__ == "__main__":
    main()
