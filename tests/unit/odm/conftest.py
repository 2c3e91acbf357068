"""Sessions on an embedded database of one test, whose mappers are forgotten after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ming import create_datastore
from ming.odm import ODMSession
from ming.odm.registry import REGISTRY


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    """Leave the test alone with its own mappers, and forget them."""
    with REGISTRY.preserved():
        REGISTRY.clear()
        yield


@pytest.fixture
def session() -> Iterator[ODMSession]:
    """A session on an empty embedded database."""
    from ming import mim

    name = "unit_odm"
    yield ODMSession(bind=create_datastore(f"mim:///{name}"))
    mim.Connection.get().drop_database(name)
