"""The sync and the async face have the same methods with the same parameters."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest

TWINS = {
    "ming.session:Session": "ming.aio.session:AsyncSession",
    "ming._cursor:Cursor": "ming.aio.cursor:AsyncCursor",
    "ming.datastore:Engine": "ming.datastore:AsyncEngine",
    "ming.datastore:DataStore": "ming.datastore:AsyncDataStore",
    "ming.datastore:create_engine": "ming.datastore:create_async_engine",
    "ming.datastore:create_datastore": "ming.datastore:create_async_datastore",
    "ming.odm.sessions:ODMSession": "ming.odm.aio:AsyncODMSession",
    "ming.odm.cursor:ODMCursor": "ming.odm.aio_cursor:AsyncODMCursor",
    "ming.mim:Connection": "ming.mim:AsyncConnection",
    "ming.mim:Database": "ming.mim:AsyncDatabase",
    "ming.mim:Collection": "ming.mim:AsyncCollection",
    "ming.mim:Cursor": "ming.mim:AsyncCursor",
    "ming.mim:CommandCursor": "ming.mim:AsyncCommandCursor",
    "ming.mim:ClientSession": "ming.mim:AsyncClientSession",
}
"""Each public class or function of the sync face, and its async twin."""

EXPLICIT = "the async face ensures indexes by an explicit call"
WRAPS = "programs do not make it; the async one wraps the sync one, over the same engine"

OF_CONTEXT = "what an asynchronous session tracks belongs to the running context"
LATE = "an asynchronous cursor flushes when it is first asked"

ONE_SIDED: dict[str, dict[str, str]] = {
    "ming.session:Session": {"auto_ensure": EXPLICIT},
    "ming.datastore:Engine": {"__init__": f"{EXPLICIT}; it sleeps with asyncio"},
    "ming.datastore:create_engine": {"()": EXPLICIT},
    "ming.odm.sessions:ODMSession": {
        "__init__": "the async face never loads relations by the way",
        "imap": OF_CONTEXT,
        "uow": OF_CONTEXT,
    },
    "ming.odm.cursor:ODMCursor": {"__init__": LATE, "is_to_flush": LATE},
    "ming.mim:Connection": {"__init__": WRAPS, "aconnect": "as the driver's AsyncMongoClient"},
    "ming.mim:Database": {"__init__": WRAPS},
    "ming.mim:Collection": {"__init__": WRAPS},
    "ming.mim:Cursor": {"__init__": WRAPS},
    "ming.mim:CommandCursor": {"__init__": WRAPS},
}
"""Members that differ on purpose: sync class, then member, then the reason."""

ASYNC_PROTOCOLS = {
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
}


def resolve(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def members(face: Any) -> dict[str, Any]:
    """What a class of ming offers, inherited members of ming's own classes included; of a function, its call."""
    if not inspect.isclass(face):
        return {"()": face}
    own = [base for base in face.__mro__ if base.__module__.startswith("ming")]
    names = {name for base in own for name in vars(base)}
    public = {name for name in names if not name.startswith("_") or name in ASYNC_PROTOCOLS}
    public |= names & set(ASYNC_PROTOCOLS.values()) | {"__init__"}
    return {ASYNC_PROTOCOLS.get(name, name): inspect.getattr_static(face, name) for name in public}


def shape(member: Any) -> str:
    """What must be equal in two twins: parameters for what is called, otherwise only that it is data."""
    if isinstance(member, (staticmethod, classmethod)):
        member = member.__func__
    if not inspect.isfunction(member):
        return "an attribute"
    signature = inspect.signature(member)
    bare = [each.replace(annotation=each.empty) for each in signature.parameters.values()]
    return str(inspect.Signature(bare))


def differences(sync_path: str) -> dict[str, str]:
    """How two twins differ, by member."""
    sync, twin = members(resolve(sync_path)), members(resolve(TWINS[sync_path]))
    found = dict.fromkeys(sync.keys() - twin.keys(), "only sync")
    found |= dict.fromkeys(twin.keys() - sync.keys(), "only async")
    for name in sync.keys() & twin.keys():
        if shape(sync[name]) != shape(twin[name]):
            found[name] = f"{shape(sync[name])}, async {shape(twin[name])}"
    return found


@pytest.mark.parametrize("sync_path", TWINS)
def test_twins_have_the_same_members(sync_path: str) -> None:
    allowed = ONE_SIDED.get(sync_path, {})
    found = differences(sync_path)
    assert {name: how for name, how in found.items() if name not in allowed} == {}
    # A difference that went away leaves the table too.
    assert allowed.keys() - found.keys() == set()


@pytest.mark.parametrize(
    "module", sorted({path.partition(":")[0] for pair in TWINS.items() for path in pair})
)
def test_every_async_name_has_a_twin(module: str) -> None:
    known = {name for pair in TWINS.items() for name in (path.partition(":")[2] for path in pair)}
    names = importlib.import_module(module).__all__
    assert {name for name in names if "async" in name.lower()} <= known
