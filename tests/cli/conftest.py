"""What tests of the command share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.command import MODELS, Application
from harness.stores import Store

from ming import create_datastore


@pytest.fixture
def bare(tmp_path: Path) -> Application:
    """An empty folder, no database."""
    return Application(tmp_path)


@pytest.fixture
def wiki(tmp_path: Path, store: Store) -> Application:
    """An application with pages in three versions, and its settings; the store's database is set outside."""
    application = Application(tmp_path, store.uri())
    application.write("wiki.py", MODELS)
    application.write("pyproject.toml", '[tool.ming]\nmodels = ["wiki"]\n')
    return application


@pytest.fixture
def pages(store: Store) -> Iterator[Any]:
    """The driver's collection of pages."""
    datastore = create_datastore(store.uri())
    yield datastore.db["pages"]
    datastore.conn.close()


def old_page(number: int) -> dict[str, Any]:
    """A page of the oldest version."""
    return {"_id": number, "version": 1, "title": f"Page {number}", "meta": {"tags": ["a"]}}


@pytest.fixture
def old_pages(pages: Any) -> Any:
    """The driver's collection, with 20 pages of the oldest version and 5 of the newest."""
    pages.insert_many([old_page(number) for number in range(20)])
    newest = {"version": 3, "heading": "New", "meta": {}, "tags": [], "lang": "en"}
    pages.insert_many([{"_id": number, **newest} for number in range(20, 25)])
    return pages
