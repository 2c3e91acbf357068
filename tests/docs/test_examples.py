"""The examples run, on either store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("kind", ["mim", pytest.param("mongod", marks=pytest.mark.mongod)])
def test_the_wiki_loses_no_tag(kind: str, request: pytest.FixtureRequest) -> None:
    uri = "mim://" if kind == "mim" else request.getfixturevalue("mongod_uri")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / "wiki.py"), "--uri", uri, "--pages", "200"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "  old: 200, version 1: 0\n" in done.stdout
    assert "  old: 0, version 1: 200\n" in done.stdout
    assert done.stdout.endswith("Tags lost: 0\n")
