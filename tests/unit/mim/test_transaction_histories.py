"""Isolation and atomicity of transactions: random histories against a model of snapshots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from unit.mim.transaction_clients import FIND, Client, Document, delete, found

from ming.mim.commands.core import Engine
from ming.mim.data.errors import WriteConflict
from ming.mim.storage.open_transactions import Busy

Contents = dict[int, Document]

IDS = st.integers(0, 3)
VALUES = st.integers(0, 2)
FIELDS = st.none() | st.fixed_dictionaries({"k": VALUES}, optional={"u": VALUES})
"""What a document is to hold, besides its ``_id``; None if it is to go."""
INDEXES: list[Document] = [
    {"key": {"k": 1}, "name": "k_1"},
    {"key": {"u": 1}, "name": "u_1", "unique": True, "sparse": True},
]


class Model:
    """What a transaction should see: the store as it began, and its own writes."""

    def __init__(self, store: Contents) -> None:
        self.began = dict(store)
        self.sees = dict(store)
        self.wrote: set[int] = set()

    def stands_in_the_way(self, own: int, unique: Any) -> bool:
        """Whether it may have written the same document, or one with the same unique key."""
        return own in self.wrote or (unique is not None and bool(self.wrote))


class Histories(RuleBasedStateMachine):
    """Writes in some sessions and outside; everybody must see what the models say."""

    clients = Bundle("clients")

    def __init__(self) -> None:
        super().__init__()
        self.engine = Engine()
        self.engine.command("db", {"createIndexes": "c", "indexes": INDEXES})
        self.store: Contents = {}
        self.open: dict[Client, Model] = {}

    @initialize(target=clients)
    def first(self) -> Client:
        return Client(self.engine)

    @rule(target=clients)
    def another(self) -> Client:
        return Client(self.engine)

    @rule(client=clients)
    def begin(self, client: Client) -> None:
        if client not in self.open:
            client.begin()(FIND)
            self.open[client] = Model(self.store)

    @rule(client=clients, own=IDS, fields=FIELDS)
    def write(self, client: Client, own: int, fields: Document | None) -> None:
        model = self.open.get(client)
        if model is None:
            return
        try:
            reply = client(_command(own, fields))
        except WriteConflict:
            assert self._is_to_conflict(client, own, fields)
            del self.open[client]
            return
        if "writeErrors" in reply:
            assert _is_duplicate(model.sees, own, fields)
            del self.open[client]
            return
        before = dict(model.sees)
        _apply(model.sees, own, fields)
        if model.sees != before:
            model.wrote.add(own)

    @rule(own=IDS, fields=FIELDS)
    def write_outside(self, own: int, fields: Document | None) -> None:
        try:
            reply = self.engine.command("db", _command(own, fields))
        except Busy:
            unique = (fields or {}).get("u")
            assert any(model.stands_in_the_way(own, unique) for model in self.open.values())
            return
        if "writeErrors" in reply:
            assert _is_duplicate(self.store, own, fields)
        else:
            _apply(self.store, own, fields)

    @rule(client=clients)
    def commit(self, client: Client) -> None:
        model = self.open.pop(client, None)
        if model is not None:
            client.commit()
            for own in model.wrote:
                document = model.sees.get(own)
                _apply(self.store, own, document)

    @rule(client=clients)
    def abort(self, client: Client) -> None:
        if self.open.pop(client, None) is not None:
            client.abort()

    @invariant()
    def everybody_sees_what_the_models_say(self) -> None:
        _agree(lambda command: self.engine.command("db", command), self.store)
        for client, model in self.open.items():
            _agree(client, model.sees)

    def _is_to_conflict(self, client: Client, own: int, fields: Document | None) -> bool:
        """Whether somebody else has written the same since the client's transaction began."""
        unique = (fields or {}).get("u")
        others = [model for each, model in self.open.items() if each is not client]
        began = self.open[client].began
        changed = {each for each in range(4) if self.store.get(each) is not began.get(each)}
        return (
            any(model.stands_in_the_way(own, unique) for model in others)
            or own in changed
            or (unique is not None and bool(changed))
        )


def _command(own: int, fields: Document | None) -> Document:
    if fields is None:
        return delete(own)
    return {"update": "c", "updates": [{"q": {"_id": own}, "u": {"_id": own, **fields}, "upsert": True}]}


def _apply(contents: Contents, own: int, fields: Document | None) -> None:
    if fields is None:
        contents.pop(own, None)
    else:
        contents[own] = {"_id": own, **fields}


def _is_duplicate(contents: Contents, own: int, fields: Document | None) -> bool:
    unique = (fields or {}).get("u")
    return unique is not None and any(
        each.get("u") == unique for other, each in contents.items() if other != own
    )


def _agree(run: Callable[[Document], Document], expected: Contents) -> None:
    """Check that somebody sees some documents, with and without an index."""
    documents = run({**FIND, "sort": {"_id": 1}})["cursor"]["firstBatch"]
    assert documents == [expected[own] for own in sorted(expected)]
    for field in "k", "u":
        for value in range(3):
            ids = sorted(found(run({**FIND, "filter": {field: value}})))
            assert ids == sorted(own for own, each in expected.items() if each.get(field) == value)


Histories.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestHistories = Histories.TestCase
