"""What the command prints: tables and bars on a terminal, plain lines elsewhere, or JSON.

Nothing that comes from a database reaches the terminal as it is: control characters are shown, not obeyed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import click
from bson import json_util

from ming.cli.redaction import REDACTOR

__all__ = ["Output", "number", "share"]

_JSON: Final = json_util.RELAXED_JSON_OPTIONS
_INDENT: Final = 2


class Output:
    """Where a verb puts its results.

    Args:
        as_json: Whether they are for a program.
    """

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    @property
    def is_terminal(self) -> bool:
        """Whether somebody looks at it."""
        return not self.as_json and sys.stdout.isatty()

    @property
    def draws(self) -> bool:
        """Whether there are more characters than those of ASCII to draw with."""
        return self.is_terminal and (sys.stdout.encoding or "").lower().startswith("utf")

    def result(self, data: Any, tell: Callable[[], None]) -> None:
        """Give the result of a verb.

        Args:
            data: For programs: it is printed as extended JSON.
            tell: Prints it for people.
        """
        if self.as_json:
            print_json(data)
        else:
            tell()

    def line(self, text: str = "", style: str | None = None) -> None:
        """Print a line for people."""
        if self.as_json:
            return
        if self.is_terminal:
            self._print(_text(visible(text), style))
        else:
            _write(visible(text))

    def styled(self, pieces: Sequence[tuple[str, str]]) -> None:
        """Print a line of pieces, each with its style."""
        if self.is_terminal:
            line = _text("", None)
            for text, style in pieces:
                line.append_text(_text(visible(text), style))
            self._print(line)
        else:
            self.line("".join(text for text, _ in pieces))

    def lines(self, text: str) -> None:
        """Print lines for people."""
        for each in text.splitlines():
            self.line(each)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]], right: Sequence[str] = ()) -> None:
        """Print a table for people.

        Args:
            columns: The headings.
            rows: The cells.
            right: Headings of the columns that are aligned to the right.
        """
        if self.as_json:
            return
        cells = [[visible(str(cell)) for cell in row] for row in rows]
        if self.is_terminal:
            self._print(_rich_table(columns, cells, right))
        else:
            for line in _plain_table(columns, cells, right):
                _write(line)

    @staticmethod
    def note(text: str) -> None:
        """Print a line beside the results, for people, to the standard error stream."""
        _write(visible(text), err=True)

    @staticmethod
    def _print(what: Any) -> None:
        from rich.console import Console

        Console(highlight=False, markup=False, emoji=False).print(what, soft_wrap=True)


def print_json(data: Any, err: bool = False) -> None:
    """Print data as extended JSON, credentials blotted out.

    Args:
        data: Whatever BSON can hold.
        err: Whether it goes to the standard error stream, one line each.
    """
    converted = _redacted(json.loads(json_util.dumps(data, json_options=_JSON)))
    click.echo(json.dumps(converted, indent=None if err else _INDENT), err=err)


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return REDACTOR.uris(value)
    if isinstance(value, dict):
        return {_redacted(key): _redacted(inner) for key, inner in value.items()}
    return [_redacted(inner) for inner in value] if isinstance(value, list) else value


def visible(text: str) -> str:
    """Text with control characters shown as escapes."""
    return "".join(each if each.isprintable() or each == " " else ascii(each)[1:-1] for each in text)


def _write(text: str, err: bool = False) -> None:
    stream = sys.stderr if err else sys.stdout
    encoding = stream.encoding or "utf-8"
    click.echo(REDACTOR.uris(text).encode(encoding, "backslashreplace").decode(encoding), err=err)


def _text(text: str, style: str | None) -> Any:
    from rich.text import Text

    encoding = sys.stdout.encoding or "utf-8"
    return Text(REDACTOR.uris(text).encode(encoding, "backslashreplace").decode(encoding), style=style or "")


def _rich_table(columns: Sequence[str], cells: Sequence[Sequence[str]], right: Sequence[str]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in cells:
        table.add_row(*(_text(cell, None) for cell in row))
    return table


def _plain_table(columns: Sequence[str], cells: Sequence[Sequence[str]], right: Sequence[str]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]

    def line(row: Sequence[str]) -> str:
        aligned = (
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(columns, row, widths, strict=True)
        )
        return "  ".join(aligned).rstrip()

    return [line(columns), *map(line, cells)]


def number(value: int) -> str:
    """A count as people read it."""
    return f"{value:,}"


def share(part: int, whole: int) -> str:
    """A part in percent; never 0 for something, and never 100 for less than everything."""
    if not whole:
        return "-"
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "<0.1%"
    return ">99.9%" if 99.9 < percent < 100 else f"{percent:.1f}%"
