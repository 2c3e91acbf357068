"""Which documents the server may upgrade by itself, and how.

It may where nothing can go wrong unseen: the stamp tells the version, the document is valid in it, no key of
a newer version is in the way, and what the steps make of it is valid in the newest version. The last is
proved once for all documents by the types of the schemas, or else looked at before documents are upgraded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ming.evolve.chain import Chain, Version
from ming.evolve.check.flow import arriving, stored_type
from ming.evolve.hop import Hop
from ming.evolve.keys import Path, Shape
from ming.evolve.step.kinds import Each, Expr, Step
from ming.evolve.types.misfits import Problem
from ming.schema.export import mongo_schema

__all__ = ["ServerUpgrade", "server_upgrades", "why_not_every"]


@dataclass(frozen=True)
class ServerUpgrade:
    """How documents of one version are upgraded inside the server.

    Args:
        version: The version.
        stamp: The stamp of its documents; None if they have none.
        filter: Matches documents that are of the version and valid.
        stages: Update pipeline from it to the newest version.
        misfits: Matches upgraded documents that are not valid in the newest version; None if there are none,
            as the types of the schemas prove.
    """

    version: Version
    stamp: Any
    filter: Mapping[str, Any]
    stages: list[dict[str, Any]]
    misfits: Mapping[str, Any] | None


def server_upgrades(chain: Chain) -> Iterator[ServerUpgrade]:
    """The older versions whose documents the server can upgrade to the newest, oldest first."""
    for number, version in enumerate(chain.versions[:-1]):
        hops = chain.hops[number:]
        source = hops[0].source_filter
        if source is None or any(hop.server_reason is not None for hop in hops):
            continue
        valid = {"$jsonSchema": mongo_schema(version.schema)}
        constant = version.constants.get(chain.stamps[0].name)
        yield ServerUpgrade(
            version,
            stamp=None if constant is None else constant.value,
            filter={"$and": [source, valid, *_foreign_keys_absent(chain, number)]},
            stages=[stage for hop in hops for stage in hop.stages() or ()],
            misfits=None
            if _is_proved(hops)
            else {"$nor": [{"$jsonSchema": mongo_schema(chain.newest.schema)}]},
        )


def why_not_every(chain: Chain, upgrades: Sequence[ServerUpgrade]) -> str | None:
    """Why documents of some older version are upgraded in Python; None if there is no such version."""
    by_server = {upgrade.version for upgrade in upgrades}
    for number, version in enumerate(chain.versions[:-1]):
        if version not in by_server:
            if chain.hops[number].source_filter is None:
                return f"no stamp tells which documents are of {version.name}"
            return next(hop.server_reason for hop in chain.hops[number:] if hop.server_reason is not None)
    return None


def _is_proved(hops: Sequence[Hop]) -> bool:
    """Whether what hops make of a valid document is always valid."""
    for hop in hops:
        steps = hop.all_steps or ()
        if any(map(_is_unknown, steps)):
            return False
        found = arriving(stored_type(hop.source), steps, hop.target)
        if any(misfit.problem is not Problem.UNDECLARED for misfit in found):
            return False
    return True


def _is_unknown(step: Step) -> bool:
    """Whether nothing is known of the values that a step makes."""
    return isinstance(step, Expr) or (isinstance(step, Each) and any(map(_is_unknown, step.steps)))


def _foreign_keys_absent(chain: Chain, number: int) -> Iterator[dict[str, Any]]:
    """Conditions for documents none of whose keys speaks for another version.

    Where a stamp tells the version, only keys of newer ones matter: steps might find them in their way.
    """
    has_stamp = any(number in stamp.constants for stamp in chain.stamps)
    shapes = chain.shapes[number + 1 :] if has_stamp else chain.shapes
    paths = (path for shape in shapes for path in _keys_beyond(chain.shapes[number], shape, ()))
    for path in dict.fromkeys(paths):
        yield {".".join(path): {"$exists": False}}


def _keys_beyond(own: Shape, other: Shape, path: Path) -> Iterator[Path]:
    """Keys that one shape declares and the other has no place for."""
    for name, below in other.names.items():
        mine = own.below(name)
        if mine is None:
            yield (*path, name)
        else:
            yield from _keys_beyond(_items(mine), _items(below), (*path, name))


def _items(shape: Shape) -> Shape:
    return shape.items if shape.items is not None and not shape.names else shape
