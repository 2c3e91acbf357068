"""Every program shown in the documentation runs, and prints what is shown."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from harness.programs import ROOT, run_program
from harness.stores import MongodStore

DOCS = ROOT / "docs"
SNIPPETS = sorted((DOCS / "src").glob("*.py"))
PAGES = sorted(page for page in DOCS.rglob("*.rst") if "_build" not in page.parts)
WRITE_OUTPUT = os.environ.get("MING_TEST_WRITE_OUTPUT") == "1"


ON_SERVER = [path for path in SNIPPETS if path.name.startswith("server_")]
"""Snippets that need a server; their argument is the URI of a database."""


@pytest.mark.parametrize(
    "snippet", [path for path in SNIPPETS if path not in ON_SERVER], ids=lambda path: path.stem
)
def test_a_snippet_prints_what_is_shown(snippet: Path) -> None:
    check_output(snippet, run_program(str(snippet)))


@pytest.mark.mongod
@pytest.mark.parametrize("snippet", ON_SERVER, ids=lambda path: path.stem)
def test_a_snippet_for_a_server_prints_what_is_shown(snippet: Path, mongod_uri: str) -> None:
    store = MongodStore(mongod_uri)
    try:
        check_output(snippet, run_program(str(snippet), store.uri()))
    finally:
        store.drop()


def check_output(snippet: Path, printed: str) -> None:
    """Compare what a snippet printed with what is shown, or show what it printed."""
    shown = snippet.with_suffix(".out")
    if WRITE_OUTPUT:
        shown.write_text(printed, encoding="utf-8")
    assert printed == shown.read_text(encoding="utf-8")


def test_the_readme_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    run_program("-", source="\n".join(blocks))


def included(page: Path) -> set[Path]:
    """The files a page shows."""
    text = page.read_text(encoding="utf-8")
    return {
        (page.parent / name).resolve() for name in re.findall(r"^\.\. literalinclude:: (\S+)$", text, re.M)
    }


def test_every_snippet_is_shown_with_its_output() -> None:
    shown = set().union(*map(included, PAGES))
    files = {path for snippet in SNIPPETS for path in (snippet, snippet.with_suffix(".out"))}
    assert files == {path for path in shown if path.parent == DOCS / "src"}
    assert files == {path for path in (DOCS / "src").iterdir() if path.is_file()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_a_page_holds_no_python_that_nothing_runs(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert (
        re.findall(r"(?:code-block|code|sourcecode):: py.*|^\s*>>> .*|^\s*\.\. doctest::.*", text, re.M) == []
    )
    # A bare literal block is highlighted as Python.
    assert re.findall(r"^(?!\.\. ).*::$", text, re.M) == []
