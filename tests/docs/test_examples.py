"""The examples run, on either store."""

from __future__ import annotations

import pytest
from harness.programs import ROOT, run_program


@pytest.mark.parametrize("kind", ["mim", pytest.param("mongod", marks=pytest.mark.mongod)])
def test_the_wiki_loses_no_tag(kind: str, request: pytest.FixtureRequest) -> None:
    uri = "mim://" if kind == "mim" else request.getfixturevalue("mongod_uri")
    printed = run_program(str(ROOT / "examples" / "wiki.py"), "--uri", uri, "--pages", "200")
    assert "  old: 200, version 1: 0\n" in printed
    assert "  old: 0, version 1: 200\n" in printed
    assert printed.endswith("Tags lost: 0\n")
