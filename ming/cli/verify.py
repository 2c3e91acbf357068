"""``ming verify``: whether every document is valid in the newest version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from ming._drive import run
from ming._flows.status import find_status
from ming.cli.exits import Exit
from ming.cli.models import Model
from ming.cli.naming import plain_name
from ming.cli.options import json_option, takes_models
from ming.cli.output import Output, number
from ming.evolve.status import CollectionStatus

__all__ = ["verify"]


@click.command(short_help="Fail unless all documents are valid and of the newest version.")
@takes_models
@json_option
def verify(output: Output, models: Sequence[Model]) -> None:
    """Count every document, and exit with 1 unless all of them are of the newest version, and valid.

    Documents whose stamp does not tell their version are read, all of them.
    """
    found = [(model, run(find_status(model.manager, sample=None), model.session)) for model in models]
    output.result({"collections": [_to_json(*each) for each in found]}, lambda: _tell(output, found))
    if any(each.old or each.invalid for _, each in found):
        click.get_current_context().exit(Exit.FINDINGS)


def _tell(output: Output, found: Sequence[tuple[Model, CollectionStatus]]) -> None:
    columns = ("collection", "documents", "old", "invalid", "verified")
    rows = [
        (
            model.title,
            number(each.total),
            number(each.old),
            number(each.invalid),
            "no" if each.old or each.invalid else "yes",
        )
        for model, each in found
    ]
    output.table(columns, rows, right=columns[1:4])


def _to_json(model: Model, found: CollectionStatus) -> dict[str, Any]:
    return {
        "collection": found.collection,
        "class": model.name,
        "total": found.total,
        "old": found.old,
        "invalid": found.invalid,
        "versions": {plain_name(version.name): version.count for version in found.versions},
        "others": {verdict.value: count for verdict, count in found.others.items()},
        "verified": not (found.old or found.invalid),
    }
