"""Tests of a program that keeps pages, on the embedded engine or on a server."""

import os

import pytest

from ming import Document, Field, Session, create_datastore

wiki = Session()


class Page(Document):
    class __mongometa__:
        session = wiki
        name = "pages"
        unique_indexes = ["title"]

    _id = Field(int)
    title = Field(str, required=True)
    views = Field(int, if_missing=0)


def visit(title):
    """The code under test."""
    page = Page.m.find({"title": title}).one()
    page.m.set({"views": page.views + 1})
    return page.views


# The fixture
@pytest.fixture
def pages(monkeypatch):
    """An empty collection of pages, gone after the test."""
    uri = os.environ.get("WIKI_TEST_URI", "mim:///wiki_test")
    datastore = create_datastore(uri)
    monkeypatch.setattr(wiki, "bind", datastore)
    datastore.conn.drop_database(datastore.name)
    Page.m.ensure_indexes()
    yield Page.m
    datastore.conn.drop_database(datastore.name)


# The tests
def test_a_visit_counts(pages):
    Page.make({"_id": 1, "title": "Bookbinding"}).m.save()
    assert visit("Bookbinding") == 1
    assert pages.get(_id=1).views == 1


def test_a_missing_page_is_no_page(pages):
    with pytest.raises(ValueError, match="Less than one result"):
        visit("Gardening")


def test_two_pages_cannot_share_a_title(pages):
    from pymongo.errors import DuplicateKeyError

    Page.make({"_id": 1, "title": "Joinery"}).m.save()
    with pytest.raises(DuplicateKeyError):
        Page.make({"_id": 2, "title": "Joinery"}).m.save()
    assert pages.count() == 1


if __name__ == "__main__":

    class Report:
        def pytest_runtest_logreport(self, report):
            if report.when == "call":
                print(f"{report.head_line}: {report.outcome}")

    options = ["-c", os.devnull, "-p", "no:terminal", "-p", "no:cacheprovider"]
    raise SystemExit(pytest.main([__file__, *options], plugins=[Report()]))
