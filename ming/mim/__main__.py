"""``python -m ming.mim``: the embedded engine as a server of its own."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Sequence

from ming.exc import StoreFileError
from ming.mim.faces.connection import Connection
from ming.mim.front.server import serve

__all__ = ["main", "serve_until_stopped"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until a signal says to stop.

    Args:
        arguments: Those of the command line, by default the process's.
    """
    options = _parser().parse_args(arguments)
    try:
        serve_until_stopped(options.file, options.host, options.port, lambda uri: print(uri, flush=True))
    except (StoreFileError, OSError, OverflowError) as error:
        sys.exit(f"error: {error}")


def serve_until_stopped(file: str | None, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve until a signal says to stop.

    Args:
        file: Where the data are kept; None for in memory only.
        host: The address to listen on.
        port: The port to listen on, 0 for any free one.
        announce: Called with the URI when drivers can connect.

    Raises:
        StoreFileError: The file cannot be used.
        OSError: The address cannot be listened on.
        OverflowError: There is no such port.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Connection(strict=True, file=file) as connection, serve(connection, host, port) as server:
        announce(server.uri)
        stop.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ming.mim",
        description="Serve the embedded engine to unmodified MongoDB drivers and tools. There are no users:"
        " whoever reaches the port can do everything.",
    )
    parser.add_argument(
        "--file", metavar="PATH", help="keep the data in this file; by default in memory only"
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=int, default=27017, help="the port to listen on, 0 for any free one (%(default)s)"
    )
    return parser


if __name__ == "__main__":
    main()
