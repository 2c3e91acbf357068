"""``ming adopt``: stamp the documents that were there before the stamps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from ming._drive import run
from ming._flows.adoption import adopt as adopt_documents
from ming.cli.exits import Exit, UsageProblem
from ming.cli.models import Model
from ming.cli.naming import class_name
from ming.cli.options import json_option, takes_models
from ming.cli.output import Output, number
from ming.evolve.adoption import AdoptionReport, Documents

__all__ = ["adopt"]

_SHOWN = 10
"""Examples of each kind that are shown to people."""


@click.command(short_help="Stamp documents that can only be of one version.")
@click.option("--dry-run", is_flag=True, help="Count only, and write nothing.")
@click.option(
    "--assume", metavar="CLASS", help="The version that documents valid in several versions are taken for."
)
@takes_models
@json_option
def adopt(output: Output, models: Sequence[Model], dry_run: bool, assume: str | None) -> None:
    """Give every document without a stamp that of the one version it is valid in.

    Documents that are valid in several versions, or in none, stay as they are and are listed; the exit code is
    1 then.
    """
    reports = [
        (model, run(adopt_documents(model.manager, dry_run, _version(model, assume)), model.session))
        for model in _with_stamps(models)
    ]
    output.result(
        {"collections": [_to_json(*each) for each in reports]},
        lambda: _tell(output, reports),
    )
    if not all(each.is_complete for _, each in reports):
        click.get_current_context().exit(Exit.FINDINGS)


def _with_stamps(models: Sequence[Model]) -> Sequence[Model]:
    """The models that have stamps; a single one that has none is an error of its own."""
    return models if len(models) == 1 else [model for model in models if model.manager.chain.stamps]


def _version(model: Model, assume: str | None) -> type[Any] | None:
    if assume is None:
        return None
    versions = {class_name(version.cls): version.cls for version in model.manager.chain.versions}
    if assume not in versions:
        raise UsageProblem(f"--assume {assume}: the versions of {model.collection} are {', '.join(versions)}")
    return versions[assume]


def _tell(output: Output, reports: Sequence[tuple[Model, AdoptionReport]]) -> None:
    for _, report in reports:
        output.line(str(report), style="bold")
        for name, count in report.stamped.items():
            output.line(f"  {name}: {number(count)}")
        for kind, documents in _problems(report).items():
            _tell_examples(output, kind, documents)
    if not reports:
        output.line("nothing to do: no class has versions with stamps")


def _problems(report: AdoptionReport) -> dict[str, Documents]:
    found = {"ambiguous": report.ambiguous, "invalid": report.invalid, "refused": report.refused}
    return {kind: documents for kind, documents in found.items() if documents.count}


def _tell_examples(output: Output, kind: str, documents: Documents) -> None:
    for document_id, reason in documents.examples[:_SHOWN]:
        output.line(f"  {kind}: _id {document_id!r}: {reason}", style="yellow")
    if documents.count > _SHOWN:
        output.line(f"  {kind}: {number(documents.count - _SHOWN)} more")


def _to_json(model: Model, report: AdoptionReport) -> dict[str, Any]:
    return {
        "collection": report.collection,
        "class": model.name,
        "dry_run": report.dry_run,
        "seen": report.seen,
        "stamped": report.stamped,
        "baseline": report.baseline,
        "conflicts": report.conflicts,
        **{
            kind: {
                "count": documents.count,
                "examples": [{"_id": found, "reason": reason} for found, reason in documents.examples],
            }
            for kind, documents in (
                ("ambiguous", report.ambiguous),
                ("invalid", report.invalid),
                ("refused", report.refused),
            )
        },
    }
