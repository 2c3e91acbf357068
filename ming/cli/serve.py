"""``ming serve``: the embedded engine as a server of its own."""

from __future__ import annotations

import click

from ming.cli.options import json_option
from ming.cli.output import Output

__all__ = ["serve"]


@click.command(short_help="Serve the embedded engine to drivers and tools.")
@click.option("--file", metavar="PATH", help="Keep the data in this file; by default in memory only.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=27017,
    show_default=True,
    help="The port to listen on, 0 for any free one.",
)
@json_option
def serve(output: Output, file: str | None, host: str, port: int) -> None:
    """Serve the embedded engine to unmodified MongoDB drivers and tools.

    Prints the URI to connect to, and serves until it is interrupted. There are no users: whoever reaches the
    port can do everything.
    """
    # The engine is large, and no other verb needs it as long as the database is a server.
    from ming.mim.__main__ import serve_until_stopped

    def announce(uri: str) -> None:
        output.result({"uri": uri}, lambda: output.line(uri))

    serve_until_stopped(file, host, port, announce)
