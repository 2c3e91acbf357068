"""Engines across event loops, threads and forks."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
from typing import Any
from unittest import mock

import pytest
from harness.stores import MongodStore, Store

from ming import AsyncSession, Document, Field, create_async_datastore
from ming.datastore import AsyncDataStore, AsyncEngine, create_async_engine


class Page(Document):
    class __mongometa__:
        name = "pages"

    _id = Field(int)


def fake_engine() -> tuple[AsyncEngine, list[Any]]:
    """An engine whose clients do nothing but know whether they were closed."""
    clients: list[Any] = []

    def client() -> Any:
        made = mock.MagicMock(close=mock.AsyncMock())
        made.__getitem__.return_value.client = made
        clients.append(made)
        return made

    return create_async_engine(use_class=client), clients


# --- loops


def test_each_loop_has_its_client_and_closes_it() -> None:
    engine, clients = fake_engine()

    async def main() -> None:
        client = engine.conn
        await asyncio.sleep(0)
        assert engine.conn is client
        client.close.assert_not_awaited()

    for number in (1, 2):
        asyncio.run(main())
        assert len(clients) == number
        clients[-1].close.assert_awaited_once_with()
    assert engine._lives == {}


def test_a_loop_that_was_closed_without_ceremony_is_forgotten() -> None:
    engine, clients = fake_engine()

    async def main() -> Any:
        return engine.conn

    loops = [asyncio.new_event_loop() for _ in range(2)]
    for loop in loops:
        assert loop.run_until_complete(main()) is clients[-1]
        loop.close()
    assert list(engine._lives) == loops[1:]


def test_loops_of_several_threads_at_once() -> None:
    engine, clients = fake_engine()
    datastore = AsyncDataStore(engine, "db")
    meeting = threading.Barrier(3)
    seen: list[bool] = []

    async def main() -> None:
        client = engine.conn
        for _ in range(50):
            await asyncio.sleep(0)
            seen.append(engine.conn is client and datastore.db is client["db"])

    def run() -> None:
        meeting.wait()
        asyncio.run(main())

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(clients) == 3
    assert len(seen) == 150
    assert all(seen)


def test_the_client_is_closed_with_its_engine() -> None:
    async def main() -> None:
        engine, clients = fake_engine()
        _ = engine.conn
        del engine
        gc.collect()
        await asyncio.sleep(0.01)
        clients[0].close.assert_awaited_once_with()

    asyncio.run(main())


def test_one_session_serves_loop_after_loop(store: Store) -> None:
    session = AsyncSession(create_async_datastore(store.uri()))

    async def main(number: int) -> int:
        await session.save(Page({"_id": number}))
        async with session.find(Page) as cursor:
            await cursor.first()
        return await session.count(Page)

    assert [asyncio.run(main(number)) for number in range(3)] == [1, 2, 3]


# --- forks

HEADER = """
import os, sys, threading
from ming import Document, Field, Session, create_datastore, create_engine
from ming.datastore import DataStore

def in_child(work):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            sys.stderr.flush()
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0

class Client:
    count = 0
    def __init__(self):
        Client.count += 1
        self.pid = os.getpid()
        self.closed = []
    def __getitem__(self, name):
        return self
    def close(self):
        self.closed.append(os.getpid())
"""

forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def run_program(text: str, *args: str) -> None:
    """Run a program that forks; with threads about, newer Pythons warn of that."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", HEADER + text, *args]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@forking
def test_a_child_connects_anew_and_leaves_the_parents_client_alone() -> None:
    run_program(
        """
engine = create_engine(use_class=Client)
datastore = DataStore(engine, "db")
parents = datastore.db
def child():
    import gc
    assert engine._conn is None
    assert datastore.db is engine.conn is not parents
    assert datastore.db.pid == os.getpid()
    del globals()["parents"]
    gc.collect()
in_child(child)
assert engine.conn is parents is datastore.db
assert parents.closed == []
"""
    )


@forking
def test_a_lock_held_elsewhere_does_not_reach_the_child() -> None:
    run_program(
        """
started, go_on = threading.Event(), threading.Event()
def slow_client():
    if threading.current_thread() is not threading.main_thread():
        started.set()
        go_on.wait()
    return Client()
engine = create_engine(use_class=slow_client)
thread = threading.Thread(target=engine.connect)
thread.start()
started.wait()
in_child(lambda: engine.connect())
go_on.set()
thread.join()
"""
    )


@forking
def test_index_creation_elsewhere_does_not_block_the_child() -> None:
    run_program(
        """
started, go_on = threading.Event(), threading.Event()
class Collection:
    def create_index(self, *args, **kwargs):
        if threading.current_thread() is not threading.main_thread():
            started.set()
            go_on.wait()
class Slow(Client):
    def __getitem__(self, name):
        return {"pages": Collection()}
main_session = Session(DataStore(create_engine(use_class=Slow), "db"))
class Page(Document):
    class __mongometa__:
        name, session, indexes = "pages", main_session, ["a"]
    a = Field(int)
thread = threading.Thread(target=lambda: Page.m)
thread.start()
started.wait()
in_child(lambda: Page.m)
go_on.set()
thread.join()
"""
    )


@forking
def test_a_child_sees_the_parents_store_in_memory_and_has_its_own_from_then_on() -> None:
    run_program(
        """
datastore = create_datastore("mim:///db")
session = Session(datastore)
class Page(Document):
    class __mongometa__:
        name = "pages"
    _id = Field(int)
session.save(Page({"_id": 1}))
def child():
    assert session.count(Page) == 1
    session.save(Page({"_id": 2}))
    assert session.count(Page) == 2
in_child(child)
assert session.count(Page) == 1
"""
    )


@forking
@pytest.mark.mongod
def test_parent_and_children_work_on_a_server(mongod_uri: str) -> None:
    store = MongodStore(mongod_uri)
    run_program(
        """
session = Session(create_datastore(sys.argv[1]))
class Page(Document):
    class __mongometa__:
        name = "pages"
    _id = Field(int)
session.save(Page({"_id": 0}))
for number in (1, 2, 3):
    in_child(lambda: (session.get(Page, _id=0), session.save(Page({"_id": number}))))
assert session.count(Page) == 4
with session.transaction():
    session.save(Page({"_id": 10}))
    # A child is not part of its parent's transaction.
    in_child(lambda: session.save(Page({"_id": 11})))
assert session.count(Page) == 6
""",
        store.uri(),
    )
    store.drop()
