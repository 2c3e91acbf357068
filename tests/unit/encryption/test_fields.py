"""`DecryptedListProperty` on an instance with a state, as mapped classes have one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ming.encryption import DecryptedListProperty, EncryptedMixin


class Tracker:
    def __init__(self) -> None:
        self.changes = 0

    def added_item(self, item: Any) -> None:
        self.changes += 1


class Stored:
    """A property that keeps its value in the state's document."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        return instance.__ming__.state.document[self.name]

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__ming__.state.document[self.name] = value
        instance.__ming__.state.tracker.added_item(value)

    def __delete__(self, instance: Any) -> None:
        del instance.__ming__.state.document[self.name]


class Person(EncryptedMixin):
    names_encrypted = Stored()
    names = DecryptedListProperty[str]("names_encrypted")

    def __init__(self, **document: Any) -> None:
        self.__ming__ = SimpleNamespace(state=SimpleNamespace(document=document, tracker=Tracker()))

    @classmethod
    def encr(cls, value: Any, provider: str = "local") -> Any:
        return None if value is None else value.upper()

    @classmethod
    def decr(cls, value: Any) -> Any:
        return None if value is None else value.lower()


def state(person: Person) -> Any:
    return person.__ming__.state


def test_changes_go_into_the_states_own_list_and_are_tracked() -> None:
    stored = ["A"]
    person = Person(names_encrypted=stored)
    person.names.append("b")
    assert state(person).document["names_encrypted"] is stored
    assert stored == ["A", "B"]
    assert state(person).tracker.changes == 1


def test_adding_in_place_stores_nothing_anew() -> None:
    stored = ["A"]
    person = Person(names_encrypted=stored)
    person.names += ["b"]
    assert state(person).document["names_encrypted"] is stored
    assert person.names == ["a", "b"]
    assert state(person).tracker.changes == 1


def test_assigning_goes_through_the_stored_property() -> None:
    person = Person()
    person.names = ["a", None]
    assert state(person).document == {"names_encrypted": ["A", None]}
    assert state(person).tracker.changes == 1


@pytest.mark.parametrize("document", [{}, {"names_encrypted": None}])
def test_reading_what_is_not_there_stores_an_empty_list(document: dict[str, Any]) -> None:
    person = Person(**document)
    assert person.names == []
    assert state(person).document == {"names_encrypted": []}
    assert state(person).tracker.changes == 0


def test_deleting() -> None:
    person = Person(names_encrypted=[])
    del person.names
    assert state(person).document == {}
