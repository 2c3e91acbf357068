"""The faces against the driver's classes: names and parameters."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pymongo
import pymongo.asynchronous.client_session
import pymongo.asynchronous.collection
import pymongo.asynchronous.command_cursor
import pymongo.asynchronous.cursor
import pymongo.asynchronous.database
import pymongo.client_session
import pymongo.collection
import pymongo.command_cursor
import pymongo.cursor
import pymongo.database
import pytest

from ming import mim

SYNC = [
    (mim.Collection, pymongo.collection.Collection),
    (mim.Database, pymongo.database.Database),
    (mim.Cursor, pymongo.cursor.Cursor),
    (mim.CommandCursor, pymongo.command_cursor.CommandCursor),
    (mim.ClientSession, pymongo.client_session.ClientSession),
]
ASYNC = [
    (mim.AsyncCollection, pymongo.asynchronous.collection.AsyncCollection),
    (mim.AsyncDatabase, pymongo.asynchronous.database.AsyncDatabase),
    (mim.AsyncCursor, pymongo.asynchronous.cursor.AsyncCursor),
    (mim.AsyncCommandCursor, pymongo.asynchronous.command_cursor.AsyncCommandCursor),
    (mim.AsyncClientSession, pymongo.asynchronous.client_session.AsyncClientSession),
]

# What works over the public methods of the same object, without the network.
INHERITED = {"dereference", "full_name", "name", "next", "codec_options", "read_preference", "read_concern"}
INHERITED |= {"write_concern"}


def _public(cls: type[Any]) -> Iterator[str]:
    return (name for name in dir(cls) if not name.startswith("_"))


@pytest.mark.parametrize(("ours", "drivers"), SYNC + ASYNC)
def test_every_method_of_the_driver_is_ours(ours: type[Any], drivers: type[Any]) -> None:
    for name in set(_public(drivers)) - INHERITED:
        assert hasattr(ours, name), name
        assert getattr(ours, name) is not getattr(drivers, name), f"{name} is inherited from the driver"


@pytest.mark.parametrize(("ours", "drivers"), SYNC + ASYNC)
def test_every_parameter_of_the_driver_is_taken(ours: type[Any], drivers: type[Any]) -> None:
    for name in set(_public(drivers)) - INHERITED:
        method = getattr(drivers, name)
        if not inspect.isfunction(method):
            continue
        taken = inspect.signature(getattr(ours, name)).parameters.values()
        if inspect.Parameter.VAR_POSITIONAL in {parameter.kind for parameter in taken}:
            continue
        missing = set(inspect.signature(method).parameters) - {parameter.name for parameter in taken}
        assert not missing - {"args", "kwargs"}, name


@pytest.mark.parametrize(("ours", "drivers"), ASYNC)
def test_coroutines_are_those_of_the_driver(ours: type[Any], drivers: type[Any]) -> None:
    for name in set(_public(drivers)) - INHERITED:
        theirs = getattr(drivers, name)
        if inspect.isfunction(theirs):
            wanted = inspect.iscoroutinefunction(inspect.unwrap(theirs))
            assert inspect.iscoroutinefunction(getattr(ours, name)) == wanted, name


def test_find_options_are_the_drivers() -> None:
    parameters = inspect.signature(pymongo.cursor.Cursor.__init__).parameters
    defaults = {
        name: parameter.default
        for name, parameter in parameters.items()
        if parameter.default is not inspect.Parameter.empty and name not in ("filter", "session")
    }
    cursor = mim.Connection().db.things.find(**defaults)
    assert list(cursor) == []
    positional = mim.Connection().db.things.find(None, *defaults.values())
    assert list(positional) == []
