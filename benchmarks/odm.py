"""How much dearer than the bare driver mapped objects are.

    python benchmarks/odm.py                                  on a server of its own, from the test extra
    python benchmarks/odm.py --uri mongodb://localhost:27017  on another one, in a database of its own

Every figure is a multiple of the client CPU time that pymongo takes for the same documents, and of the memory.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import bson
import pymongo
import pymongo.database
from documents import KINDS, Kind
from documents import session as document_session
from measure import Comparison, memory_ratio
from servers import server

from ming import create_datastore, create_engine
from ming import schema as S
from ming.odm import FieldProperty, ForeignIdProperty, MappedClass, ODMSession, RelationProperty

DATABASE = "ming_benchmarks_odm"
CHANGED = 200
AUTHORS = 50
HELD = 50_000
GOALS = {"S": 1.8, "M": 1.6, "L": 1.6, "B": 1.6}

Database: TypeAlias = pymongo.database.Database[dict[str, Any]]

session = ODMSession(document_session)
_MEDIUM = KINDS[1]


class Author(MappedClass):
    """Somebody who wrote articles."""

    class __mongometa__:
        session = session
        name = "author"

    _id = FieldProperty(S.ObjectId)
    name = FieldProperty(str)
    articles = RelationProperty("Article")


class Article(MappedClass):
    """What somebody wrote."""

    class __mongometa__:
        session = session
        name = "article"

    _id = FieldProperty(S.ObjectId)
    title = FieldProperty(str)
    author_id = ForeignIdProperty("Author")
    author = RelationProperty("Author")


def _mapped(kind: Kind) -> Any:
    cls = type(kind.cls.__name__, (), {"__doc__": kind.cls.__doc__})
    session.mapper(cls, kind.cls)
    return cls


_CLASSES = {kind.name: _mapped(kind) for kind in KINDS}


def main() -> None:
    """Measure, and print the ratios beside their goals."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--uri", help="a MongoDB server; by default one is started")
    parser.add_argument("--rounds", type=int, default=9, help="how often everything is done (default: 9)")
    parser.add_argument("--only", default="", help="what the names of the comparisons to make contain")
    arguments = parser.parse_args()
    with server(arguments.uri) as uri, pymongo.MongoClient[dict[str, Any]](uri) as client:
        session.bind = create_datastore(DATABASE, bind=create_engine(uri))
        client.drop_database(DATABASE)
        try:
            _fill(client[DATABASE])
            for comparison in _comparisons(client[DATABASE]):
                if arguments.only in comparison.name:
                    comparison.run(arguments.rounds)
                    print(comparison, flush=True)
            name = f"memory of {HELD} held, M"
            if arguments.only in name:
                print(_memory(client[DATABASE], name), flush=True)
        finally:
            client.drop_database(DATABASE)


def _fill(database: Database) -> None:
    for kind in KINDS:
        database[_collection(kind)].insert_many([kind.make(number) for number in range(kind.count)])
    authors = [{"_id": bson.ObjectId(), "name": f"author {number}"} for number in range(AUTHORS)]
    articles = [
        {"_id": bson.ObjectId(), "author_id": author["_id"], "title": f"article {number}"}
        for number, author in enumerate(authors * 2)
    ]
    database["author"].insert_many(authors)
    database["article"].insert_many(articles)
    database["article"].create_index("author_id")


def _comparisons(database: Database) -> Iterator[Comparison]:
    for kind in KINDS:
        yield _read_all(database, kind, "all", lambda cursor: cursor.all())
    yield _read_all(database, _MEDIUM, "loop", _exhaust)
    yield _read_all(
        database, _MEDIUM, "and look at a field", lambda cursor: [obj.visits for obj in cursor.all()]
    )
    yield _read_all(
        database, _MEDIUM, "and look at a list", lambda cursor: [obj.tags for obj in cursor.all()]
    )
    yield _read_again(database)
    yield _flush(database)
    yield _flush_beside_others(database)
    yield _many_to_one(database)
    yield _one_to_many(database)


def _collection(kind: Kind) -> str:
    return str(kind.cls.m.collection_name)


def _read_all(database: Database, kind: Kind, way: str, read: Callable[[Any], object]) -> Comparison:
    raw, cls = database[_collection(kind)], _CLASSES[kind.name]

    def unit() -> None:
        # As in reading objects, all are held at the end.
        list(raw.find())

    def work() -> None:
        # As at the end of a request, nothing is tracked any longer.
        read(cls.query.find())
        session.clear()

    goal = GOALS[kind.name] if way in ("all", "loop") else None
    return Comparison(f"read {way}, {kind.name}", unit, work, goal)


def _read_again(database: Database) -> Comparison:
    """Find objects that the session has."""
    raw, cls = database[_collection(_MEDIUM)], _CLASSES[_MEDIUM.name]
    held: list[Any] = []

    def work() -> None:
        if not held:
            session.clear()
            held.extend(cls.query.find().all())
        cls.query.find().all()

    return Comparison("read again, M", lambda: list(raw.find()), work)


def _flush(database: Database) -> Comparison:
    raw, cls = database[_collection(_MEDIUM)], _CLASSES[_MEDIUM.name]
    session.clear()
    objects = cls.query.find().limit(CHANGED).all()
    ids = [obj._id for obj in objects]
    turn = iter(range(1_000_000))

    def unit() -> None:
        number = next(turn)
        for _id in ids:
            raw.update_one({"_id": _id}, {"$set": {"visits": number}})

    def work() -> None:
        number = next(turn)
        for obj in objects:
            if not obj.__ming__.session:
                session.save(obj)
            obj.visits = number
        session.flush()

    return Comparison(f"flush of {CHANGED} changed, M", _often(unit), _often(work), 0.1)


def _flush_beside_others(database: Database) -> Comparison:
    """As `_flush`, with all the others tracked, too."""
    comparison = _flush(database)
    others = _CLASSES[_MEDIUM.name].query.find().all()
    comparison.name = f"{comparison.name}, of {len(others)}"
    return comparison


def _often(work: Callable[[], object]) -> Callable[[], None]:
    """Do what takes a millisecond or two as often as it takes to be measured."""

    def several() -> None:
        for _ in range(20):
            work()

    return several


def _many_to_one(database: Database) -> Comparison:
    def unit() -> None:
        for article in database["article"].find().limit(AUTHORS):
            database["author"].find_one({"_id": article["author_id"]})

    def work() -> None:
        session.clear()
        for article in Article.query.find().limit(AUTHORS):
            assert article.author is not None

    return Comparison("loop over many to one", _often(unit), _often(work), 0.15)


def _one_to_many(database: Database) -> Comparison:
    def unit() -> None:
        for author in database["author"].find():
            database["article"].find({"author_id": author["_id"]}).to_list()

    def work() -> None:
        session.clear()
        for author in Author.query.find():
            assert len(author.articles) == 2

    return Comparison("loop over one to many", _often(unit), _often(work), 0.15)


def _memory(database: Database, name: str) -> Comparison:
    raw, cls = database["held"], _CLASSES[_MEDIUM.name]
    raw.insert_many([_MEDIUM.make(number) for number in range(HELD)])
    database.drop_collection(_collection(_MEDIUM))
    raw.rename(_collection(_MEDIUM))
    raw = database[_collection(_MEDIUM)]

    def work() -> Any:
        session.clear()
        return cls.query.find().all()

    return memory_ratio(name, lambda: raw.find().to_list(), work, 1.1)


def _exhaust(objects: Any) -> None:
    for _ in objects:
        pass


if __name__ == "__main__":
    main()
