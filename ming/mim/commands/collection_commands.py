"""The commands that make, drop, rename and convert collections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ming.mim.commands.requests import Handler, Reply, Request, check_options
from ming.mim.data.errors import NAMESPACE_NOT_FOUND, CommandError
from ming.mim.data.names import check_writable_name, split_namespace
from ming.mim.data.options import required, text, wrong_type
from ming.mim.data.values import as_integer, is_number
from ming.mim.storage.capped import rounded_size
from ming.mim.storage.collection_options import OPTIONS, kept_options
from ming.mim.storage.records import Collection
from ming.mim.storage.store import Database
from ming.mim.storage.view_definitions import drop_view
from ming.mim.storage.views import find_view

__all__ = ["COLLECTION_COMMANDS", "CREATION", "creation_reply"]

CREATION: Final = frozenset(
    (
        "capped size max flags temp idIndex viewOn pipeline expireAfterSeconds timeseries clusteredIndex"
        " encryptedFields"
    ).split()
).union(OPTIONS)
"""What ``create`` takes."""


def _create(request: Request) -> Reply:
    check_options(request.command, CREATION, request.name)
    _check_no_view(request.database, request.collection_name)
    options = kept_options(request.command, request.namespace)
    request.database.create(request.collection_name, options)
    return creation_reply(options)


def creation_reply(options: Mapping[str, Any]) -> Reply:
    """Return the reply to ``create``, with a note if an option is of no use."""
    if "autoIndexId" not in options:
        return {"ok": 1.0}
    note = "The autoIndexId option is deprecated and will be removed in a future release"
    return {"note": note, "ok": 1.0}


def _check_no_view(database: Database, name: str) -> None:
    if find_view(database, name) is not None:
        raise CommandError(48, f"A view already exists. NS: {database.name}.{name}")


def _drop(request: Request) -> Reply:
    check_options(request.command, frozenset(), request.name)
    if find_view(request.database, request.collection_name) is not None:
        drop_view(request.database, request.collection_name)
        return {"ns": request.namespace, "ok": 1.0}
    collection = request.collection()
    if collection is None:
        raise CommandError(NAMESPACE_NOT_FOUND, "ns not found")
    request.database.drop(collection.name)
    return {"nIndexesWas": len(collection.indexes) + 1, "ns": request.namespace, "ok": 1.0}


# -- renaming -----------------------------------------------------------------------------------------


def _rename_collection(request: Request) -> Reply:
    check_options(request.command, frozenset(("to", "dropTarget")), request.name)
    if request.database.name != "admin":
        raise CommandError(13, "renameCollection may only be run against the admin database.")
    source, target = _ends(request)
    if source == target:
        raise CommandError(20, "Can't rename a collection to itself")
    home, new_home = request.store.database(source[0]), request.store.database(target[0])
    if find_view(home, source[1]) is not None:
        raise CommandError(166, f"cannot rename view: {'.'.join(source)}")
    if home.get(source[1]) is None:
        raise CommandError(NAMESPACE_NOT_FOUND, _no_source(source, target))
    if find_view(new_home, target[1]) is not None:
        raise CommandError(48, f"a view already exists with that name: {'.'.join(target)}")
    if new_home.get(target[1]) is not None:
        if not request.option("dropTarget"):
            raise CommandError(48, "target namespace exists")
        new_home.drop(target[1])
    home.rename(source[1], new_home, target[1])
    return {"ok": 1.0}


def _ends(request: Request) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return the database and name of a collection to be renamed, then and afterwards."""
    required(request.command, request.name, "to")
    to = text(request.command, request.name, "to") or ""
    dropping = request.option("dropTarget")
    if dropping is not None and not isinstance(dropping, bool):
        raise wrong_type("renameCollection.dropTarget", dropping, "bool", "binData")
    source, target = split_namespace(request.target), split_namespace(to)
    if source is None:
        raise CommandError(73, f"Invalid namespace specified '{request.target}'")
    if target is None:
        raise CommandError(73, f"Invalid target namespace: {to}")
    for end, name in (("source", source), ("target", target)):
        try:
            check_writable_name(*name)
        except CommandError as error:
            raise CommandError(20, f"error with {end} namespace: {error}") from None
    return source, target


def _no_source(source: tuple[str, str], target: tuple[str, str]) -> str:
    if source[0] != target[0]:
        return "source namespace does not exist"
    return f"Source collection {'.'.join(source)} does not exist"


# -- capped collections -------------------------------------------------------------------------------


def _convert_to_capped(request: Request) -> Reply:
    size = _cap_size(request)
    source = _source(request)
    options = {**source.options, "capped": True, "size": size}
    request.database.drop(source.name)
    _fill(request, request.database.create(source.name, options), source)
    return {"ok": 1.0}


def _clone_as_capped(request: Request) -> Reply:
    size = _cap_size(request)
    source = _source(request)
    name = text(request.command, request.name, "toCollection") or ""
    _check_no_view(request.database, name)
    if request.database.get(name) is not None:
        raise CommandError(
            48,
            f"cloneCollectionAsCapped failed - destination collection {request.database.name}.{name} already"
            f" exists. source collection: {source.namespace}",
        )
    _fill(request, request.database.create(name, {"capped": True, "size": size}), source)
    return {"ok": 1.0}


def _cap_size(request: Request) -> int:
    size = request.option("size")
    number = as_integer(float(str(size)) // 1) if is_number(size) else None
    if number is None or number == 0:
        raise CommandError(8, "invalid command spec")
    if number < 0:
        raise CommandError(2, "size has to be >= 0")
    return rounded_size(number)


def _source(request: Request) -> Collection:
    source = request.collection()
    if source is None:
        raise CommandError(NAMESPACE_NOT_FOUND, f"source collection {request.namespace} does not exist")
    return source


def _fill(request: Request, target: Collection, source: Collection) -> None:
    """Copy documents in natural order; those for which there is no room go as the later ones come."""
    storing = request.storing._replace(bypass=True)
    for _, document in source:
        storing.insert(target, document)


COLLECTION_COMMANDS: Final[Mapping[str, Handler]] = {
    "create": _create,
    "drop": _drop,
    "renameCollection": _rename_collection,
    "convertToCapped": _convert_to_capped,
    "cloneCollectionAsCapped": _clone_as_capped,
}
"""Handlers of the commands that make and unmake collections."""
