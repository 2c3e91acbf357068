"""``ming check``: mistakes in version chains, found before a document is touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from ming._drive import run
from ming._flows.data_check import check_data
from ming.cli.exits import Exit
from ming.cli.models import Model
from ming.cli.options import json_option, takes_classes
from ming.cli.output import Output
from ming.cli.settings import read_settings
from ming.evolve.check import LOCK_FILE, CheckReport, Finding, Level, Severity, read_lock, update_lock
from ming.evolve.check import check as check_classes

__all__ = ["check"]

_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}
_PROMISES = [level.value for level in Level]
_PROMISES += [f"{promise}_transitive" for promise in _PROMISES if promise != Level.NONE.value]


@click.command(short_help="Find mistakes in version chains; needs no server.")
@click.option(
    "--lock",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"The lock file; by default {LOCK_FILE} beside pyproject.toml, if it is there.",
)
@click.option("--update-lock", "update", is_flag=True, help="Write the lock file as the classes are now.")
@click.option(
    "--compatibility",
    type=click.Choice(_PROMISES, case_sensitive=False),
    default=Level.NONE.value,
    show_default=True,
    help="What every chain has to promise.",
)
@click.option(
    "--documents", type=click.IntRange(min=1), default=1000, show_default=True, help="Generated for a hop."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the generated documents.")
@click.option("--data", is_flag=True, help="Also count documents that no version accepts, in the database.")
@click.option("--strict", is_flag=True, help="Fail for warnings, too.")
@click.option("--quiet", is_flag=True, help="Leave out what is merely worth knowing.")
@takes_classes
@json_option
def check(
    output: Output,
    models: Sequence[Model],
    lock: Path | None,
    update: bool,
    compatibility: str,
    documents: int,
    seed: int,
    data: bool,
    strict: bool,
    quiet: bool,
) -> None:
    """Check classes, their versions and the steps between them; only --data needs a database.

    Exits with 1 if there is an error.
    """
    classes = [manager.cls for model in models for manager in (model.manager, *model.others)]
    file = lock or read_settings().root / LOCK_FILE
    locked = read_lock(file)
    if lock is not None and locked is None and not update:
        raise click.UsageError(f"no lock file {lock}: --update-lock writes one")
    if update:
        update_lock(classes, file)
        locked = read_lock(file)
    report = check_classes(classes, lock=locked, compatibility=compatibility, seed=seed, documents=documents)
    if data:
        report = _with_data(report, models)
    output.result(report.to_json(), lambda: _tell(output, report, quiet))
    if not report.ok or (strict and report.of(Severity.WARNING)):
        click.get_current_context().exit(Exit.FINDINGS)


def _with_data(report: CheckReport, models: Sequence[Model]) -> CheckReport:
    """A report with what the stored documents say."""
    stored = [finding for model in models for finding in run(check_data(model.manager), model.session)]
    order = list(Severity)
    findings = sorted((*report.findings, *stored), key=lambda finding: order.index(finding.severity))
    return replace(report, findings=tuple(findings))


def _tell(output: Output, report: CheckReport, quiet: bool) -> None:
    for finding in report:
        if not (quiet and finding.severity is Severity.INFO):
            _tell_finding(output, finding)
    for chain in report.chains:
        if len(chain.versions) > 1:
            output.line(f"{chain.cls}: {' -> '.join(chain.versions)}", style="bold")
            for position, step in enumerate(chain.deploy, 1):
                output.line(f"  {position}. {step}")
    output.line(str(report).splitlines()[-1], style="green" if report.ok else "red")


def _tell_finding(output: Output, finding: Finding) -> None:
    output.line(str(finding), style=_STYLES[finding.severity])
    output.line(f"    {finding.remedy}")
