"""Programs for stored documents of an older version, where steps lead from it to the newest.

All hops are one function, between a look at the stored document and reading what became of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ming import schema as S
from ming._compile.program import Program, compile_acceptance, compile_stored
from ming._values import Origin, set_origin
from ming.evolve.chain import Chain, Version
from ming.evolve.hop import compile_hops
from ming.evolve.step.paths import tops
from ming.schema.kinds import kind_of

__all__ = ["over_steps"]

Raw = dict[str, Any]


def over_steps(chain: Chain, version: Version, exact: bool) -> Program | None:
    """Return the program of an older version; None where its documents may turn out to be of another class.

    Args:
        chain: All versions of the class.
        version: The version; only steps lead from it to the newest.
        exact: Whether documents with unknown keys are left open.
    """
    if chain.newest.schema.polymorphic_registry:
        return None
    looks_valid = compile_acceptance(version.schema) if exact else _glance(chain, version)
    is_valid = compile_stored(version.schema, exact=exact, snapshot=False)
    advance = compile_hops(chain.hops_from(version))
    read = compile_stored(chain.newest.schema, exact=exact, snapshot=True)
    cls = version.cls

    def load(raw: Raw) -> Any:
        if (looks_valid is None or not looks_valid(raw)) and is_valid(raw) is None:
            return None
        document = read(advance(raw))
        if document is not None:
            origin = document._origin
            set_origin(document, Origin(None if origin is None else origin.unknown, raw, cls))
        return document

    return load


def _glance(chain: Chain, version: Version) -> Callable[[Raw], bool] | None:
    """A look at those fields that the newest version does not look at in the same way anyhow."""
    fields = version.schema.fields
    looked_at = _touched(chain, version) | {
        name for name, item in fields.items() if not _same(item, chain.newest.schema.fields.get(name))
    }
    names = [name for name in fields if name in looked_at]
    accepts = compile_acceptance(S.Document({name: fields[name] for name in names}))
    if accepts is None:
        return None

    def looks_valid(raw: Raw) -> bool:
        return accepts({name: raw[name] for name in names if name in raw})

    return looks_valid


def _touched(chain: Chain, version: Version) -> set[str]:
    """The top-level fields that the steps look at or change; all where that is unknown."""
    steps = [step for hop in chain.hops_from(version) for step in hop.all_steps or ()]
    if any(step.reads_everything or not step.writes for step in steps):
        return set(version.schema.fields)
    return {name for step in steps for name in tops(step.reads | step.writes)}


def _same(one: Any, other: Any) -> bool:
    """Whether two schema items accept the same values and absences."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, S.SchemaItem):
        return kind_of(one) is not None and _same(vars(one), vars(other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)
