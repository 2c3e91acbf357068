"""``ming plan``: what a migration would do, hop by hop; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click

from ming._drive import run
from ming._flows.index_sync import find_index_diff
from ming._flows.status import find_status
from ming._index_diff import IndexDiff
from ming.cli.models import Model
from ming.cli.naming import plain_name
from ming.cli.options import json_option, takes_models
from ming.cli.output import Output, number
from ming.evolve.hop import Hop
from ming.evolve.runs.plan import RunPlan, plan_run
from ming.evolve.status import CollectionStatus
from ming.evolve.step.base import Irreversible

__all__ = ["plan"]


@dataclass(frozen=True)
class _Planned:
    """What a run would do to one collection."""

    model: Model
    run: RunPlan
    documents: CollectionStatus
    indexes: IndexDiff

    @property
    def hops(self) -> Sequence[Hop]:
        """All hops, oldest first."""
        return self.model.manager.chain.hops

    def waiting(self, hop: Hop) -> int:
        """How many documents have this hop before them."""
        versions = self.model.manager.chain.versions
        older = {version.name for version in versions[: versions.index(hop.target)]}
        return sum(version.count for version in self.documents.versions if version.name in older)


@click.command(short_help="Show what a migration would do.")
@takes_models
@json_option
def plan(output: Output, models: Sequence[Model]) -> None:
    """Show hops and steps, the documents before them, where each would be upgraded, and indexes to create."""
    planned = [_plan(model) for model in models if model.manager.older is not None]
    output.result({"collections": [_to_json(each) for each in planned]}, lambda: _tell(output, planned))


def _plan(model: Model) -> _Planned:
    return _Planned(
        model,
        plan_run(model.manager),
        run(find_status(model.manager, validate=False), model.session),
        run(find_index_diff(model.manager, *model.others), model.session),
    )


def _tell(output: Output, planned: Sequence[_Planned]) -> None:
    if not planned:
        output.line("nothing to plan: no class has older versions")
    for each in planned:
        output.line(f"{each.model.title}: {number(each.documents.old)} documents to upgrade", style="bold")
        for hop in each.hops:
            output.line(f"  {_title(hop)}: {number(each.waiting(hop))} documents")
            for line in _lines(hop):
                output.line(f"    {line}")
        where = each.run.python_reason
        output.line(f"  upgraded in Python: {where}" if where else "  upgraded inside the server")
        for missing in each.indexes.missing:
            output.line(f"  before: create index {missing.form}")
        for obsolete in each.indexes.obsolete:
            output.line(f"  after: drop index {obsolete.name} {obsolete.form}")


def _title(hop: Hop) -> str:
    return f"{plain_name(hop.source.name)} -> {plain_name(hop.target.name)}"


def _lines(hop: Hop) -> Iterator[str]:
    yield from map(str, hop.all_steps or ())
    if hop.server_reason is not None:
        yield f"runs in Python: {hop.server_reason}"
    inverse = hop.inverse()
    yield (
        f"cannot be taken back: {inverse.reason}"
        if isinstance(inverse, Irreversible)
        else "can be taken back"
    )


def _to_json(planned: _Planned) -> dict[str, Any]:
    return {
        "collection": planned.documents.collection,
        "class": planned.model.name,
        "documents": planned.documents.old,
        "estimated": planned.documents.unread > 0,
        "in_server": [plain_name(upgrade.version.name) for upgrade in planned.run.in_server],
        "python_reason": planned.run.python_reason,
        "hops": [_hop_to_json(planned, hop) for hop in planned.hops],
        "indexes": {
            "before": [str(missing.form) for missing in planned.indexes.missing],
            "after": [obsolete.name for obsolete in planned.indexes.obsolete],
        },
    }


def _hop_to_json(planned: _Planned, hop: Hop) -> dict[str, Any]:
    inverse = hop.inverse()
    return {
        "source": plain_name(hop.source.name),
        "target": plain_name(hop.target.name),
        "documents": planned.waiting(hop),
        "steps": None if hop.all_steps is None else [step.to_json() for step in hop.all_steps],
        "server_reason": hop.server_reason,
        "irreversible": inverse.reason if isinstance(inverse, Irreversible) else None,
    }
