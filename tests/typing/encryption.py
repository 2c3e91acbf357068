"""Types of encrypted fields: what a descriptor shows is what it was declared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ming import Document, Field
from ming import schema as S
from ming.encryption import DecryptedField, DecryptedListField, EncryptedListWrapper

if TYPE_CHECKING:
    from typing_extensions import assert_type


class Person(Document):
    ssn_encrypted = Field(S.Binary)
    ssn = DecryptedField(str, "ssn_encrypted")
    nicks_encrypted = Field([S.Binary])
    nicks = DecryptedListField[str]("nicks_encrypted")


def reading(person: Person) -> None:
    assert_type(Person.ssn, DecryptedField[str])
    assert_type(person.ssn, str)
    assert_type(person.nicks, EncryptedListWrapper[str])
    assert_type(person.nicks[0], str)
    assert_type(person.nicks[1:], list[str])
    assert_type(person.nicks * 2, list[str])


def writing(person: Person) -> None:
    person.ssn = "123"
    person.ssn = None
    person.nicks = ["a", None]
    person.nicks = None
    person.nicks += ["c"]
    person.nicks.append("d")


def wrong(person: Person) -> None:
    person.ssn = 5  # type: ignore[assignment]
    person.nicks.append(5)  # type: ignore[arg-type]
