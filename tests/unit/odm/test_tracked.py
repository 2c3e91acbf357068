"""One plain container in several places of a field."""

from __future__ import annotations

from typing import Any

import pytest

from ming import schema as S
from ming.odm import FieldProperty, MappedClass, ODMSession, state


@pytest.fixture
def page(session: ODMSession) -> Any:
    owner = session

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = owner

        _id = FieldProperty(S.ObjectId)
        parts = FieldProperty([S.Anything()])

    return Page()


def in_step(page: Any) -> bool:
    """Whether tracked containers show what is stored."""
    shown = [dict(part) for part in page.parts]
    return shown == [dict(part) for part in state(page).document["parts"]]


def test_what_is_put_in_twice_is_seen_changed_twice(page: Any) -> None:
    part = {"a": 1}
    page.parts.append(part)
    page.parts.extend([part, {"a": 1}])
    page.parts[0]["a"] = 2
    assert page.parts == [{"a": 2}, {"a": 2}, {"a": 1}]
    assert in_step(page)


def test_what_changes_places_stays_what_it_is(page: Any, session: ODMSession) -> None:
    page.parts = [{"a": 1}, {"b": 2}]
    session.flush()
    first, second = page.parts
    page.parts[0], page.parts[1] = second, first
    first["a"] = 3
    page.parts.reverse()
    second["b"] = 4
    assert page.parts == [{"a": 3}, {"b": 4}]
    assert page.parts[0] is first
    assert in_step(page)
    session.flush()
    assert session.db.page.find_one()["parts"] == [{"a": 3}, {"b": 4}]


def test_a_container_is_found_again_below_others(page: Any) -> None:
    page.parts = [{"inner": [1]}]
    inner = page.parts[0]["inner"]
    page.parts.append({"same": inner})
    inner.append(2)
    assert page.parts == [{"inner": [1, 2]}, {"same": [1, 2]}]
    assert page.parts[1]["same"] is inner
