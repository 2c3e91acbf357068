"""``ming status``: how many documents are of which version, and what is left to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click

from ming._drive import run
from ming._flows.index_sync import find_index_diff
from ming._flows.status import SAMPLE, find_status
from ming._index_diff import IndexDiff
from ming.cli.bars import Look, Part, tell_bar
from ming.cli.exits import Exit
from ming.cli.indexes import diff_to_json
from ming.cli.models import Model
from ming.cli.naming import plain_name
from ming.cli.options import json_option, takes_models
from ming.cli.output import Output, number
from ming.cli.runs import run_to_json, tell_run
from ming.evolve import runs
from ming.evolve.status import CollectionStatus

__all__ = ["status"]

_OLDER: Final = (Look("-", "░", "yellow"), Look("=", "▒", "blue"), Look("+", "▓", "magenta"))
"""Older versions, as they are drawn."""
_NEWEST: Final = Look("#", "█", "green")
_NEITHER: Final = Look("!", "▞", "red")
_UNFINISHED: Final = ("running", "paused")


@dataclass(frozen=True)
class _Found:
    """All that is known of one collection."""

    model: Model
    documents: CollectionStatus
    indexes: IndexDiff
    run: runs.RunStatus | None

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        is_running = self.run is not None and self.run.state in _UNFINISHED
        return not (self.documents.old or self.documents.invalid or self.indexes or is_running)


@click.command(short_help="Show the versions of the documents.")
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=SAMPLE,
    show_default=True,
    metavar="N",
    help="Read at most so many documents of a collection, where a stamp does not tell their version.",
)
@click.option("--exact", is_flag=True, help="Read all of these.")
@click.option("--no-validate", is_flag=True, help="Do not have the server look for invalid documents.")
@takes_models
@json_option
def status(output: Output, models: Sequence[Model], sample: int, exact: bool, no_validate: bool) -> None:
    """Show how many documents are of which version, how many are invalid, runs, and indexes.

    Exits with 1 if something is left to do: old or invalid documents, an unfinished run, or indexes that are
    not as declared.
    """
    found = [_look(model, None if exact else sample, not no_validate) for model in models]
    output.result({"collections": [_to_json(each) for each in found]}, lambda: _tell(output, found))
    if not all(each.is_done for each in found):
        click.get_current_context().exit(Exit.FINDINGS)


def _look(model: Model, sample: int | None, validate: bool) -> _Found:
    return _Found(
        model,
        run(find_status(model.manager, sample, validate), model.session),
        run(find_index_diff(model.manager, *model.others), model.session),
        runs.status(model.session, model.collection),
    )


def _tell(output: Output, found: Sequence[_Found]) -> None:
    for position, each in enumerate(found):
        if position:
            output.line()
        documents = each.documents
        output.line(f"{each.model.title}: {number(documents.total)} documents", style="bold")
        parts = list(_parts(documents))
        if len(parts) > 1 or parts[0].remark:
            tell_bar(output, parts)
        if documents.unread:
            output.line(
                f"  estimated from {number(documents.examined)} of "
                f"{number(documents.examined + documents.unread)} documents without a telling stamp"
            )
        if each.run is not None:
            tell_run(output, each.run)
        for line in _index_lines(each.indexes):
            output.line(f"  {line}", style="yellow")


def _parts(documents: CollectionStatus) -> Iterator[Part]:
    for position, version in enumerate(documents.versions):
        look = _NEWEST if version.is_newest else _OLDER[position % len(_OLDER)]
        remark = f"{number(version.invalid)} invalid" if version.invalid else ""
        yield Part(plain_name(version.name), version.count, look, remark)
    for verdict, count in documents.others.items():
        yield Part(verdict.value, count, _NEITHER)


def _index_lines(diff: IndexDiff) -> Iterator[str]:
    for what, entries in (
        ("missing", [str(each.form) for each in diff.missing]),
        ("different", [each.name for each in diff.changed]),
        ("obsolete", [each.name for each in diff.obsolete]),
    ):
        if entries:
            yield f"indexes {what}: {', '.join(entries)}"


def _to_json(found: _Found) -> dict[str, Any]:
    documents = found.documents
    return {
        "collection": documents.collection,
        "class": found.model.name,
        "total": documents.total,
        "versions": [
            {
                "name": plain_name(version.name),
                "newest": version.is_newest,
                "count": version.count,
                "invalid": version.invalid,
            }
            for version in documents.versions
        ],
        "others": {verdict.value: count for verdict, count in documents.others.items()},
        "estimated": documents.unread > 0,
        "examined": documents.examined,
        "run": None if found.run is None else run_to_json(found.run),
        "indexes": diff_to_json(found.indexes),
        "done": found.is_done,
    }
