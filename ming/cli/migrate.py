"""``ming migrate``: store every document in the newest version."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from ming.cli.exits import Exit
from ming.cli.models import Model
from ming.cli.naming import plain_name
from ming.cli.options import json_option, takes_models
from ming.cli.output import Output, number
from ming.cli.progress import shown_progress
from ming.cli.values import duty, seconds
from ming.evolve.runs import MigrateOptions, MigrationReport, RunOptions, Sample, VersionCount
from ming.evolve.runs.quarantine import reason_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["migrate"]

_REFUSED: Final = 10
"""Refused documents that are shown."""
_SAMPLES: Final = 2
"""Samples of each version that are shown of a dry run, beside those with a problem."""


@click.command(short_help="Store every document in its newest version.")
@click.option("--to", metavar="VERSION", help="Upgrade to this version only: its class, or its stamp.")
@click.option("--dry-run", is_flag=True, help="Upgrade some documents in memory, and show what would change.")
@click.option(
    "--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Threads to work in."
)
@click.option(
    "--duty",
    type=duty,
    metavar="SHARE",
    default="100%",
    show_default=True,
    help="Share of its time that a worker works.",
)
@click.option(
    "--max-lag",
    type=seconds,
    metavar="TIME",
    help="Wait while a secondary is more than this behind, such as 2s.",
)
@click.option(
    "--range-size",
    type=click.IntRange(min=1),
    default=RunOptions.range_size,
    show_default=True,
    help="Documents that are upgraded in one go.",
)
@click.option("--no-resume", is_flag=True, help="Give up an unfinished run, and begin a new one.")
@takes_models
@json_option
def migrate(output: Output, models: Sequence[Model], to: str | None, no_resume: bool, **options: Any) -> None:
    """Store every document of an older version in the newest one.

    Readers and writers go on meanwhile. A run can be interrupted at any time, even killed: the same command
    goes on with it. Documents that cannot be upgraded stay as they are and are listed. Exits with 1 if old
    documents are left.
    """
    chains = [model for model in models if model.manager.older is not None]
    reports = []
    with shown_progress(output) as show, _quiet_log():
        for model in chains:
            target = _target(model, to)
            reports.append(
                (model, _migrated(model, to=target, resume=not no_resume, progress=show, **options))
            )
    output.result({"collections": [_to_json(*each) for each in reports]}, lambda: _tell(output, reports))
    if not all(_is_fine(report) for _, report in reports):
        click.get_current_context().exit(Exit.FINDINGS)


@contextmanager
def _quiet_log() -> Iterator[None]:
    """Keep what the command says itself out of the log."""
    log = logging.getLogger("ming.migration")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def _migrated(model: Model, **options: Unpack[MigrateOptions]) -> MigrationReport:
    try:
        report: MigrationReport = model.session.migrate(model.manager.cls, **options)
        return report
    except KeyboardInterrupt:
        message = (
            f"the run of {model.collection} is unfinished: to go on with it, give the same command again"
        )
        raise KeyboardInterrupt(message) from None


def _target(model: Model, to: str | None) -> Any:
    """The class, or the stamp, that is meant."""
    if to is None:
        return None
    classes = {plain_name(version.name): version.cls for version in model.manager.chain.versions}
    if to in classes:
        return classes[to]
    try:
        return json.loads(to)
    except ValueError:
        return to


def _is_fine(report: MigrationReport) -> bool:
    if report.dry_run:
        return not any(sample.problem for sample in report.samples)
    return report.is_complete


def _tell(output: Output, reports: Sequence[tuple[Model, MigrationReport]]) -> None:
    if not reports:
        output.line("nothing to migrate: no class has older versions")
    for _, report in reports:
        if report.dry_run:
            _tell_dry_run(output, report)
        else:
            _tell_run(output, report)


def _tell_run(output: Output, report: MigrationReport) -> None:
    speed = f" ({number(round(report.changed / report.seconds))}/s)" if report.seconds else ""
    output.line(
        f"{report.collection}: {number(report.changed)} upgraded in {report.seconds:.1f} s{speed}", "bold"
    )
    output.line(
        f"  {_where(report)}; {number(report.conflicts)} conflicts, {number(report.refused_count)} refused"
    )
    if report.state != "done":
        output.line(f"  the run was {report.state}", style="yellow")
    if report.left:
        output.line(f"  {number(report.left)} old documents are left", style="yellow")
    for document_id, error in report.refused[:_REFUSED]:
        output.line(f"  refused: _id {document_id!r}: {reason_of(error)}", style="red")
    if report.refused_count > _REFUSED:
        output.line(f"  refused: {number(report.refused_count - _REFUSED)} more", style="red")


def _where(report: MigrationReport) -> str:
    if report.python_reason is None:
        return "inside the server"
    return f"{'partly ' if report.in_server else ''}in Python: {report.python_reason}"


def _tell_dry_run(output: Output, report: MigrationReport) -> None:
    tried, problems = len(report.samples), sum(bool(sample.problem) for sample in report.samples)
    output.line(
        f"{report.collection}: nothing written; {tried} documents tried, {problems} with a problem", "bold"
    )
    output.line(f"  {_where(report)}")
    for sample in _worth_showing(report.samples):
        version = "unknown version" if sample.version is None else plain_name(sample.version)
        output.line(f"  _id {sample.document_id!r} ({version})")
        for change in sample.changes:
            output.line(f"    {change}")
        if sample.problem:
            output.line(f"    ! {sample.problem}", style="red")


def _worth_showing(samples: Sequence[Sample]) -> Iterator[Sample]:
    """The samples with a problem, and some of each version."""
    fine: Counter[str | None] = Counter()
    for sample in samples:
        if not sample.problem:
            fine[sample.version] += 1
        if sample.problem or fine[sample.version] <= _SAMPLES:
            yield sample


def _to_json(model: Model, report: MigrationReport) -> dict[str, Any]:
    return {
        "collection": report.collection,
        "class": model.name,
        "run": report.run_id,
        "state": report.state,
        "dry_run": report.dry_run,
        "seen": report.seen,
        "changed": report.changed,
        "conflicts": report.conflicts,
        "left": report.left,
        "passes": report.passes,
        "seconds": report.seconds,
        "in_server": report.in_server,
        "python_reason": report.python_reason,
        "before": _counts(report.before),
        "after": _counts(report.after),
        "refused": {
            "count": report.refused_count,
            "examples": [
                {"_id": document_id, "error": reason_of(error)} for document_id, error in report.refused
            ],
        },
        "samples": [_sample(sample) for sample in report.samples],
        "done": _is_fine(report),
    }


def _counts(counts: Sequence[VersionCount] | None) -> list[dict[str, Any]] | None:
    if counts is None:
        return None
    return [
        {
            "stamp": each.stamp,
            "version": None if each.version is None else plain_name(each.version),
            "old": each.is_old,
            "count": each.count,
        }
        for each in counts
    ]


def _sample(sample: Sample) -> dict[str, Any]:
    return {
        "_id": sample.document_id,
        "version": None if sample.version is None else plain_name(sample.version),
        "before": sample.before,
        "after": sample.after,
        "changes": [str(change) for change in sample.changes],
        "problem": sample.problem,
    }
