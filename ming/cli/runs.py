"""How a bulk run is shown."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from ming.cli.output import Output, number
from ming.evolve.runs import RunStatus

__all__ = ["run_to_json", "tell_run"]

_REFUSED: Final = 3
"""Refused documents that are shown."""


def tell_run(output: Output, run: RunStatus) -> None:
    """Print what is known of a run, for people."""
    tally = run.tally
    moment = run.finished or run.updated or run.started
    when = "" if moment is None else f" at {moment:%Y-%m-%d %H:%M:%S} UTC"
    output.line(
        f"  run {run.state}{when}: {number(tally.changed)} upgraded{_share(run)}, "
        f"{number(tally.conflicts)} conflicts, {number(tally.refused)} refused",
        style="cyan" if run.state in ("running", "paused") else None,
    )
    for refusal in run.refused[:_REFUSED]:
        output.line(f"    refused: _id {refusal.document_id!r}: {refusal.reason}", style="red")


def _share(run: RunStatus) -> str:
    if run.before is None:
        return ""
    old = sum(each.count for each in run.before if each.is_old)
    return f" of {number(old)}"


def run_to_json(run: RunStatus) -> dict[str, Any]:
    """What is known of a run, for programs."""
    return {
        "run": run.run_id,
        "state": run.state,
        "class": run.document_class,
        "chain": run.chain,
        "pass": run.pass_number,
        "ranges": {"done": run.ranges_done, "known": run.ranges},
        **asdict(run.tally),
        "workers": [asdict(lease) for lease in run.leases],
        "started": run.started,
        "updated": run.updated,
        "finished": run.finished,
        "examples": [asdict(refusal) for refusal in run.refused],
    }
