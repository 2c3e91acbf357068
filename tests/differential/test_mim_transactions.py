"""Transactions of the embedded engine against a server: the same interleavings of sessions, the same outcomes.

Both are used through the driver's interface, so the client sessions are compared, too.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import bson
import pymongo
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.errors import OperationFailure

from ming import mim

pytestmark = pytest.mark.mongod
thorough = settings(
    max_examples=60,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

Command = dict[str, Any]
Step = tuple[str, Any]
"""Who does something (a session's letter, or "-" for nobody's session), and what."""

# -- steps --------------------------------------------------------------------------------------------

IDS = st.integers(1, 5)
KEYS = st.integers(1, 4)
LABELS = ("TransientTransactionError", "UnknownTransactionCommitResult")


def _update(selector: Command, update: Command, **options: Any) -> Command:
    return {"update": "c", "updates": [{"q": selector, "u": update, **options}]}


def _insert(own: int, key: int) -> Command:
    return {"insert": "c", "documents": [{"_id": own, "u": key, "n": 0}]}


FIND = st.just({"find": "c", "sort": {"_id": 1}})
READS = st.one_of(
    FIND,
    KEYS.map(lambda key: {"find": "c", "filter": {"u": key}}),
    st.just({"aggregate": "c", "pipeline": [{"$group": {"_id": None, "n": {"$sum": "$n"}}}], "cursor": {}}),
    st.just({"distinct": "c", "key": "u"}),
    st.just({"find": "made", "sort": {"_id": 1}}),
)
WRITES = st.one_of(
    st.builds(_insert, IDS, KEYS),
    IDS.map(lambda own: _update({"_id": own}, {"$inc": {"n": 1}})),
    st.builds(lambda own, key: _update({"_id": own}, {"$set": {"u": key}}), IDS, KEYS),
    st.builds(lambda own, key: _update({"_id": own}, {"u": key, "n": 9}), IDS, KEYS),
    IDS.map(lambda own: _update({"_id": own}, {"$set": {"n": 0}})),
    IDS.map(lambda own: {"delete": "c", "deletes": [{"q": {"_id": own}, "limit": 1}]}),
    KEYS.map(
        lambda key: {"findAndModify": "c", "query": {"u": key}, "update": {"$inc": {"n": 1}}, "new": True}
    ),
    IDS.map(lambda own: {"insert": "made", "documents": [{"_id": own}]}),
)
# Outside, several documents may be written before one is in the way; the server keeps those.
MANY = st.sampled_from(
    [_update({}, {"$inc": {"n": 1}}, multi=True), {"delete": "c", "deletes": [{"q": {"n": 1}, "limit": 0}]}]
)
CATALOG = st.sampled_from(
    [
        {"create": "made"},
        {"createIndexes": "made", "indexes": [{"key": {"n": 1}, "name": "n_1"}]},
        {"createIndexes": "c", "indexes": [{"key": {"u": 1}, "name": "u_1", "unique": True}]},
        {"drop": "c"},
        {"count": "c"},
        {"listCollections": 1},
        {"aggregate": "c", "pipeline": [{"$out": "made"}], "cursor": {}},
    ]
)
# Whatever concerns indexes takes a server too long for many examples.
RESHAPING = st.sampled_from([{"create": "made"}, {"drop": "made"}])
_READING = frozenset(("find", "aggregate", "distinct"))
ENDS = st.sampled_from(["commit", "abort", "begin"])

SESSIONS = st.sampled_from(["a", "b", "c"])
STEPS = st.lists(
    st.one_of(
        st.tuples(SESSIONS, READS | WRITES),
        st.tuples(SESSIONS, WRITES),
        st.tuples(SESSIONS, WRITES),
        st.tuples(SESSIONS, ENDS),
        st.tuples(SESSIONS, MANY | CATALOG),
        st.tuples(st.just("-"), READS | WRITES | RESHAPING),
    ),
    min_size=4,
    max_size=16,
)

# -- twins --------------------------------------------------------------------------------------------


class Side:
    """A client, and what is done with it.

    Args:
        client: The driver's client, or the embedded engine's.
        name: The database.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._database = client[name]
        self._sessions: dict[str, Any] = {}
        self._database.c.create_index("u", unique=True, name="u_1")

    def start(self) -> None:
        """Begin with two documents and three sessions."""
        self._database.made.drop()
        self._database.c.delete_many({})
        self._database.c.insert_many([{"_id": own, "u": own, "n": own} for own in (1, 2)])
        for letter in "abc":
            self._sessions[letter] = self._client.start_session()

    def end(self) -> None:
        """Abort what is open."""
        for session in self._sessions.values():
            session.end_session()

    def do(self, who: str, what: Any, patience: int = 100) -> Any:
        """Do something and return what can be compared.

        Args:
            who: Whose session.
            what: The command, or the name of a method of the session.
            patience: Milliseconds for commands outside of sessions.
        """
        try:
            return _comparable(self._done(who, what, patience))
        except OperationFailure as error:
            return error.code, [label for label in LABELS if error.has_error_label(label)]
        except pymongo.errors.InvalidOperation as error:
            return str(error)

    def _done(self, who: str, what: Any, patience: int) -> Any:
        if who == "-":
            # Nobody ends the transaction that is in the way.
            unconfirmed = {} if next(iter(what)) in _READING else {"writeConcern": {"w": 1}}
            return self._database.command({**what, **unconfirmed, "maxTimeMS": patience})
        session = self._sessions[who]
        calls: dict[str, Callable[[], Any]] = {
            "begin": session.start_transaction,
            "commit": session.commit_transaction,
            "abort": session.abort_transaction,
        }
        if isinstance(what, str):
            calls[what]()
            return session.in_transaction
        if not session.in_transaction:
            session.start_transaction()
        return self._database.command(what, session=session)


TIMED_OUT = (50, [])
OF_REPLICATION = frozenset(("$clusterTime", "operationTime", "electionId", "opTime", "commitQuorum"))


def _comparable(reply: Any) -> Any:
    if not isinstance(reply, dict):
        return reply
    reply = {name: value for name, value in reply.items() if name not in OF_REPLICATION}
    reply["writeErrors"] = [(error["index"], error["code"]) for error in reply.get("writeErrors", ())]
    reply.pop("createdCollectionAutomatically", None)
    if "cursor" in reply:
        reply["cursor"] = reply["cursor"]["firstBatch"]
    return [(name, bson.encode({"": reply[name]})) for name in sorted(reply)]


@pytest.fixture(scope="module")
def sides(mongod_uri: str) -> Iterator[tuple[Side, Side]]:
    name = f"mim_{uuid.uuid4().hex[:12]}"
    with pymongo.MongoClient[Any](mongod_uri) as client:
        yield Side(client, name), Side(mim.Connection(strict=True), name)
        client.drop_database(name)


def agree(sides: tuple[Side, Side], steps: list[Step]) -> None:
    server, engine = sides
    try:
        server.start()
        engine.start()
        for at, (who, what) in enumerate(steps):
            expected, got = server.do(who, what), engine.do(who, what)
            if expected != got and expected == TIMED_OUT:
                # Nothing is in the way; the disk was slow.
                expected = server.do(who, what, patience=5000)
            assert got == expected, steps[: at + 1]
    finally:
        server.end()
        engine.end()
    assert engine.do("-", {"find": "c", "sort": {"_id": 1}}) == server.do(
        "-", {"find": "c", "sort": {"_id": 1}}
    )


@thorough
@given(STEPS)
def test_interleaved_sessions(sides: tuple[Side, Side], steps: list[Step]) -> None:
    agree(sides, steps)


def _inc(own: int) -> Command:
    return _update({"_id": own}, {"$inc": {"n": 1}})


MISUSE = ["commit", "commit", "abort", "begin", "begin", "abort", "abort", "commit"]


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([("a", _inc(1)), ("b", _inc(1)), ("b", "commit"), ("a", "commit")], id="same document"),
        pytest.param(
            [("a", {"find": "c"}), ("b", _inc(1)), ("b", "commit"), ("a", _inc(1)), ("a", "commit")],
            id="changed since",
        ),
        pytest.param(
            [("a", _insert(7, 9)), ("b", _insert(8, 9)), ("a", "commit"), ("b", "abort")],
            id="same unique key",
        ),
        pytest.param(
            [("a", {"create": "made"}), ("b", {"create": "made"}), ("a", "commit"), ("b", "commit")],
            id="both create",
        ),
        pytest.param(
            [("a", {"find": "c"}), ("-", {"create": "made"}), ("a", {"find": "made"})], id="created since"
        ),
        pytest.param(
            [
                ("-", {"create": "made"}),
                ("a", {"find": "made"}),
                ("-", {"drop": "made"}),
                ("a", "commit"),
                ("-", {"drop": "made"}),
            ],
            id="drop of one that was read",
        ),
        pytest.param([("a", _inc(1)), *(("a", method) for method in MISUSE)], id="misuse"),
    ],
)
def test_interleavings(sides: tuple[Side, Side], steps: list[Step]) -> None:
    agree(sides, steps)
