"""People in three versions, for tests of bulk runs: hops made by steps, or by functions that do the same."""

from __future__ import annotations

from typing import Any, Literal

from ming import Document, Field
from ming import evolve as E
from ming import schema as S

__all__ = ["Way", "new_person", "old_person", "people"]

Way = Literal["steps", "functions"]

_TO_SECOND = E.steps(
    E.move("email", "contact.email"),
    E.split("name", into=("first", "last"), sep=" "),
    E.convert("age", int, on_error=None, canonical=True),
)
_TO_THIRD = E.steps(E.map("status", {"A": "active", "I": "inactive"}), E.default("lang", "en"))


def _to_second(old: Any) -> dict[str, Any]:
    first, _, last = old.name.partition(" ")
    return {
        "_version": 2,
        "contact": {"email": old.email},
        "first": first,
        "last": last,
        "age": int(old.age) if old.age.isdecimal() else None,
        "status": old.status,
        "visits": old.visits,
    }


def _to_third(old: Any) -> dict[str, Any]:
    kept = {name: old[name] for name in ("contact", "first", "last", "age", "visits")}
    status = {"A": "active", "I": "inactive"}[old.status]
    return {"_version": 3, "status": status, "lang": "en", **kept}


def people(session: Any, way: Way = "steps", **options: Any) -> Any:
    """Declare the chain and return the newest class; ``options`` are of its ``__mongometa__``."""
    second, third = (_TO_SECOND, _TO_THIRD) if way == "steps" else map(staticmethod, (_to_second, _to_third))
    common = {"_id": Field(S.Anything), "visits": Field(int)}

    def declare(cls_name: str, fields: dict[str, Any], **meta: Any) -> Any:
        meta = {"name": "people", "session": session, **meta}
        namespace = {"__mongometa__": type("__mongometa__", (), meta), **common, **fields}
        return type(cls_name, (Document,), namespace)

    named: dict[str, Any] = {
        "first": Field(str),
        "last": Field(str),
        "contact": Field({"email": str}),
        "age": Field(int),
    }
    first = declare(
        "PersonV1",
        {
            "_version": Field(1, required=True),
            "name": Field(str),
            "email": Field(str),
            "age": Field(str),
            "status": Field(S.OneOf("A", "I")),
        },
    )
    fields = {"_version": Field(2, required=True), "status": Field(S.OneOf("A", "I")), **named}
    middle = declare("PersonV2", fields, version_of=first, migrate=second)
    newest = {
        "_version": Field(3, required=True),
        "status": Field(S.OneOf("active", "inactive")),
        "lang": Field(str),
        **{name: Field(item.schema) for name, item in named.items()},
    }
    return declare("Person", newest, version_of=middle, migrate=third, **options)


def old_person(number: Any, visits: int = 0, **fields: Any) -> dict[str, Any]:
    """A document of the first version; keys that no version declares may be among the fields."""
    return {
        "_id": number,
        "_version": 1,
        "name": f"Ann Number{number}",
        "email": "ann@example.org",
        "age": "41",
        "status": "A",
        "visits": visits,
        **fields,
    }


def new_person(number: Any, visits: int = 0, **fields: Any) -> dict[str, Any]:
    """The same in the newest version."""
    return {
        "_id": number,
        "_version": 3,
        "first": "Ann",
        "last": f"Number{number}",
        "contact": {"email": "ann@example.org"},
        "age": 41,
        "status": "active",
        "lang": "en",
        "visits": visits,
        **fields,
    }
