"""How much dearer than the bare driver reading, validating and writing documents is.

    python benchmarks/read.py                                  on a server of its own, from the test extra
    python benchmarks/read.py --uri mongodb://localhost:27017  on another one, in a database of its own

Every figure is a multiple of the client CPU time that pymongo, or ``bson.decode``, takes for the same documents.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any, TypeAlias

import bson
import pymongo
import pymongo.database
from documents import KINDS, OLD_MEDIUM, STEPPED_MEDIUM, UPGRADED_MEDIUM, Kind, session
from measure import Comparison, import_ratio, memory_ratio
from servers import server

from ming import create_datastore, create_engine

DATABASE = "ming_benchmarks"
SINGLES = 300
FEW = 4
HELD = 10_000

Database: TypeAlias = pymongo.database.Database[dict[str, Any]]
_MEDIUM = KINDS[1]


def main() -> None:
    """Measure, and print the ratios beside their goals."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--uri", help="a MongoDB server; by default one is started")
    parser.add_argument("--rounds", type=int, default=9, help="how often everything is done (default: 9)")
    arguments = parser.parse_args()
    with server(arguments.uri) as uri, pymongo.MongoClient[dict[str, Any]](uri) as client:
        session.bind = create_datastore(DATABASE, bind=create_engine(uri))
        client.drop_database(DATABASE)
        try:
            for comparison in _comparisons(client[DATABASE], arguments.rounds):
                print(comparison, flush=True)
        finally:
            client.drop_database(DATABASE)


def _comparisons(database: Database, rounds: int) -> Iterator[Comparison]:
    """Make every comparison when it is asked for, so that each can be printed as soon as it is there."""
    for kind in (*KINDS, OLD_MEDIUM):
        raw = [kind.make(number) for number in range(kind.count)]
        database[str(kind.cls.m.collection_name)].insert_many(raw)
    timed = [_read_all(database, kind) for kind in KINDS]
    timed += [comparison for kind in KINDS for comparison in _validate(kind)]
    timed += [_find_one(database), _insert_one(database)]
    timed += [
        _lazy_migration(database, "by a function", UPGRADED_MEDIUM),
        _lazy_migration(database, "by steps", STEPPED_MEDIUM),
    ]
    for comparison in timed:
        comparison.run(rounds)
        yield comparison
    yield _memory(database)
    yield import_ratio("pymongo", "ming", goal=1.1, rounds=rounds)


def _read_all(database: Database, kind: Kind) -> Comparison:
    raw = database[str(kind.cls.m.collection_name)]
    return Comparison(
        f"read all, {kind.name}", lambda: _exhaust(raw.find()), lambda: _exhaust(kind.cls.m.find()), kind.goal
    )


def _validate(kind: Kind) -> Iterator[Comparison]:
    """Compare validation, and validation with encoding, with decoding the same documents."""
    # Few, in turn: a document is validated right after it was decoded, while the processor still has it at hand.
    encoded = [bson.encode(kind.make(number)) for number in range(FEW)]
    decoded = [bson.decode(data) for data in encoded]
    load = kind.cls.m.loader()
    turns = range(kind.count // (2 * FEW))

    def decode() -> None:
        for _ in turns:
            for data in encoded:
                bson.decode(data)

    def validate() -> None:
        for _ in turns:
            for raw in decoded:
                load(raw)

    def validate_and_encode() -> None:
        for _ in turns:
            for raw in decoded:
                bson.encode(load(raw))

    yield Comparison(f"validate, {kind.name}", decode, validate, 0.5)
    yield Comparison(f"validate and encode, {kind.name}", decode, validate_and_encode, 1.6)


def _find_one(database: Database) -> Comparison:
    raw, cls = database["medium"], _MEDIUM.cls
    ids = [document["_id"] for document in raw.find({}, {"_id": 1}).limit(SINGLES)]

    def unit() -> None:
        for _id in ids:
            raw.find_one({"_id": _id})

    def work() -> None:
        for _id in ids:
            cls.m.get(_id=_id)

    return Comparison("find one, M", unit, work, 1.05)


def _insert_one(database: Database) -> Comparison:
    raw, cls = database["inserted"], _MEDIUM.cls

    def unit() -> None:
        for number in range(SINGLES):
            raw.insert_one(_MEDIUM.make(number))

    def work() -> None:
        for number in range(SINGLES):
            cls(_MEDIUM.make(number), skip_from_bson=True).m.insert()

    return Comparison("insert one, M", unit, work, 1.05)


def _lazy_migration(database: Database, how: str, cls: Any) -> Comparison:
    raw = database[str(OLD_MEDIUM.cls.m.collection_name)]
    return Comparison(
        f"read all, upgraded {how}",
        lambda: _exhaust(raw.find()),
        lambda: _exhaust(cls.m.find()),
        OLD_MEDIUM.goal,
    )


def _memory(database: Database) -> Comparison:
    raw, cls = database["medium"], _MEDIUM.cls
    return memory_ratio(
        f"memory of {HELD} held, M",
        lambda: raw.find().limit(HELD).to_list(),
        lambda: cls.m.find().limit(HELD).all(),
        1.0,
    )


def _exhaust(documents: Any) -> None:
    for _ in documents:
        pass


if __name__ == "__main__":
    main()
