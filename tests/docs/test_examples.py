"""The examples run, on either store."""

from __future__ import annotations

import pytest
from harness.programs import ROOT, run_program


@pytest.fixture(params=["mim", pytest.param("mongod", marks=pytest.mark.mongod)])
def uri(request: pytest.FixtureRequest) -> str:
    return "mim://" if request.param == "mim" else str(request.getfixturevalue("mongod_uri"))


def test_the_wiki_loses_no_tag(uri: str) -> None:
    printed = run_program(str(ROOT / "examples" / "wiki.py"), "--uri", uri, "--pages", "200")
    assert "  old: 200, version 1: 0\n" in printed
    assert "  old: 0, version 1: 200\n" in printed
    assert printed.endswith("Tags lost: 0\n")


def test_no_click_is_lost(uri: str) -> None:
    printed = run_program(str(ROOT / "examples" / "clicks.py"), "--uri", uri, "--clicks", "50")
    assert "WSGI: answers to 50 clicks: {302: 50}\n" in printed
    assert "ASGI: answers to 50 clicks: {302: 50}\n" in printed
    assert "there are 1 code(s)\n" in printed
    assert "Unknown code: 404\n" in printed
    assert printed.endswith("Clicks lost: 0\n")


def test_the_blog_keeps_together_what_belongs_together(uri: str) -> None:
    printed = run_program(str(ROOT / "examples" / "blog.py"), "--uri", uri)
    assert "Queries for 10 posts with authors and comments: 3\n" in printed
    assert "Posts seen page by page: 35, different ones: 35\n" in printed
    assert "Page 2 begins with the same post: True\n" in printed
    assert "Both tags are stored: ['reviewed', 'beginners'], version 2\n" in printed
    assert "Comments that went with the post: 2\n" in printed
    assert "Posts left without author: True\n" in printed
    assert printed.endswith("Comments without post: 0\n")
