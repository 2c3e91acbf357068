"""``ming infer``: document classes out of a collection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ming.cli.binding import Binder, Database
from ming.cli.exits import UsageProblem
from ming.cli.options import database_options, json_option
from ming.cli.output import Output, number, share
from ming.infer import Inference, infer_collection

__all__ = ["infer"]


@click.command(short_help="Write document classes for a collection.")
@click.argument("collection")
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=2000,
    show_default=True,
    metavar="N",
    help="Read at most so many documents.",
)
@click.option(
    "-o",
    "--output",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the module to this file, which must not be there yet, and print the shapes.",
)
@database_options
@json_option
def infer(output: Output, database: Database, collection: str, sample: int, file: Path | None) -> None:
    """Find the shapes of a collection's documents, and print a module of document classes for them.

    The classes form a version chain, oldest first, and read each of the documents that were looked at.
    """
    found = infer_collection(Binder(database).session(), collection, sample)
    if not found.documents:
        raise UsageProblem(f"there are no documents in collection {collection!r}")
    if file is not None:
        _write(file, found.source())
    output.result({**found.to_json(), "source": found.source()}, lambda: _tell(output, found, file))


def _write(file: Path, source: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(source)
    except FileExistsError as error:
        raise UsageProblem(f"{file} is there already") from error
    except OSError as error:
        raise UsageProblem(f"{file} cannot be written: {error.strerror}") from error


def _tell(output: Output, found: Inference, file: Path | None) -> None:
    if file is None:
        output.lines(found.source())
        return
    whole = len(found.documents)
    columns = ("class", "documents", "share", "stamp")
    rows: list[tuple[Any, ...]] = [
        (
            shape.name,
            number(shape.count),
            share(shape.count, whole),
            "" if shape.stamp is None else repr(shape.stamp),
        )
        for shape in found.shapes
    ]
    output.table(columns, rows, right=columns[1:3])
    output.line(f"written to {file}")
