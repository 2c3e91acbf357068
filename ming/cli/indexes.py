"""``ming indexes diff`` and ``ming indexes sync``: declared indexes against those there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from ming._drive import run
from ming._flows.index_sync import IndexSync, apply_index_diff, find_index_diff
from ming._index_diff import IndexDiff
from ming.cli.exits import Exit
from ming.cli.models import Model
from ming.cli.options import json_option, takes_models
from ming.cli.output import Output

__all__ = ["diff_to_json", "indexes", "tell_diffs"]


@click.group(short_help="Compare or create indexes.")
def indexes() -> None:
    """Compare the indexes that classes declare with those their collections have, or make them so."""


@indexes.command(short_help="Show the differences.")
@takes_models
@json_option
def diff(output: Output, models: Sequence[Model]) -> None:
    """Show which indexes are missing (+), different (~) or declared by no class of the newest version (-).

    Exits with 1 if there is a difference.
    """
    diffs = [_diff(model) for model in _one_of_each_collection(models)]
    output.result({"collections": [diff_to_json(each) for each in diffs]}, lambda: tell_diffs(output, diffs))
    if any(diffs):
        click.get_current_context().exit(Exit.FINDINGS)


@indexes.command(short_help="Create what is missing; drop with --drop only.")
@click.option("--drop", is_flag=True, help="Also drop indexes, or drop and create them anew.")
@takes_models
@json_option
def sync(output: Output, models: Sequence[Model], drop: bool) -> None:
    """Show the differences, then create indexes that are missing.

    An option that the server can change in place is changed, as for documents that expire. Everything else
    would need an index to be dropped, and waits for --drop. Exits with 1 if something is left.
    """
    chosen = _one_of_each_collection(models)
    diffs = [_diff(model) for model in chosen]
    tell_diffs(output, diffs)
    synced = [
        run(apply_index_diff(model.manager, each, drop), model.session)
        for model, each in zip(chosen, diffs, strict=True)
    ]
    output.result(
        {"collections": [_sync_to_json(each) for each in synced]}, lambda: _tell_synced(output, synced)
    )
    if any(each.left for each in synced):
        click.get_current_context().exit(Exit.FINDINGS)


def _one_of_each_collection(models: Sequence[Model]) -> list[Model]:
    """All classes of a collection declare its indexes, so any of its models will do."""
    return list({model.binder.place_of(model.manager): model for model in reversed(models)}.values())[::-1]


def _diff(model: Model) -> IndexDiff:
    return run(find_index_diff(model.manager, *model.others), model.session)


def tell_diffs(output: Output, diffs: Sequence[IndexDiff]) -> None:
    """Print differences for people."""
    for each in diffs:
        output.line(f"{each.collection}: {'' if each else 'as declared'}".rstrip(), style="bold")
        for change in (*each.missing, *each.changed, *each.obsolete):
            text = str(change)
            output.line(f"  {text}", style={"+": "green", "~": "yellow", "-": "red"}[text[0]])


def _tell_synced(output: Output, synced: Sequence[IndexSync]) -> None:
    for each in synced:
        done = {"created": each.created, "modified": each.modified, "dropped": each.dropped}
        for what, names in done.items():
            if names:
                output.line(f"{each.diff.collection}: {what} {', '.join(names)}")
        if each.left:
            output.line(f"{each.diff.collection}: left for --drop: {', '.join(each.left)}", style="yellow")


def diff_to_json(diff: IndexDiff) -> dict[str, Any]:
    """Differences for programs."""
    return {
        "collection": diff.collection,
        "missing": [{"key": dict(each.form.keys), "options": _options(each.form)} for each in diff.missing],
        "changed": [
            {
                "name": each.name,
                "in_place": each.is_modifiable,
                "differences": {
                    name: {"present": old, "declared": new} for name, (old, new) in each.differences.items()
                },
            }
            for each in diff.changed
        ],
        "obsolete": [
            {
                "name": each.name,
                "key": dict(each.form.keys),
                "options": _options(each.form),
                "declared_by": each.declared_by,
            }
            for each in diff.obsolete
        ],
        "matching": list(diff.matching),
    }


def _options(form: Any) -> dict[str, Any]:
    return dict(form.options)


def _sync_to_json(sync: IndexSync) -> dict[str, Any]:
    return {
        **diff_to_json(sync.diff),
        "done": {
            "created": list(sync.created),
            "modified": list(sync.modified),
            "dropped": list(sync.dropped),
            "left": list(sync.left),
        },
    }
