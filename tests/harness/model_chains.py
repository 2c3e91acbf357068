"""Three version chains that together use every step; each declares fresh classes bound to a session."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from ming import Document, Field
from ming import evolve as E
from ming import schema as S
from ming._values import Missing

__all__ = ["MODEL_CHAINS", "orders", "pages", "people"]


def people(session: Any = None, collection: str = "people", **options: Any) -> tuple[Any, Any, Any]:
    """People: the classic hop, then one that wraps, copies and counts. Both can be taken back.

    Args:
        session: What the classes read and write through.
        collection: Its name.
        options: Of ``__mongometa__`` of the newest class.
    """

    class PersonV1(Document):
        __mongometa__ = _meta(collection, session)
        _id = Field(S.Anything)
        _version = Field(1, required=True)
        name = Field(str)
        email = Field(str)
        age = Field(str)
        status = Field(S.OneOf("A", "I"))
        address = Field({"street": str, "city": str})
        logins = Field(int)

    class PersonV2(Document):
        __mongometa__ = _meta(
            collection,
            session,
            version_of=PersonV1,
            migrate=E.steps(
                E.move("email", "contact.email"),
                E.split("name", into=("first", "last"), sep=" "),
                E.move("address.city", "city"),
                E.convert("age", int, canonical=True),
                E.map("status", {"A": "active", "I": "inactive"}),
                E.default("lang", "en"),
            ),
        )
        _id = Field(S.Anything)
        _version = Field(2, required=True)
        first = Field(str)
        last = Field(str)
        contact = Field({"email": str})
        city = Field(str)
        age = Field(S.Anything)
        status = Field(S.OneOf("active", "inactive"))
        address = Field({"street": str})
        lang = Field(str)
        logins = Field(int)

    class Person(Document):
        __mongometa__ = _meta(
            collection,
            session,
            version_of=PersonV2,
            migrate=E.steps(
                E.copy("contact.email", "login"),
                E.wrap("lang"),
                E.move("lang", "languages"),
                E.wrap("city", "name"),
                E.move("city", "address.city"),
                E.merge(("first", "last"), "name", canonical=True),
                E.default("settings.news", False),
            ),
            **options,
        )
        _id = Field(S.Anything)
        _version = Field(3, required=True)
        name = Field(str)
        login = Field(str)
        contact = Field({"email": str})
        age = Field(S.Anything)
        status = Field(S.OneOf("active", "inactive"))
        address = Field({"street": str, "city": S.Object({"name": str}, if_missing=None)})
        languages = Field([str])
        settings = Field({"news": bool})
        logins = Field(int)

    return PersonV1, PersonV2, Person


def pages(session: Any = None, collection: str = "pages", **options: Any) -> tuple[Any, Any, Any]:
    """Pages: the baseline bears no stamp; unnesting, expressions, defaults filled in, dates and ids out of texts.

    Args:
        session: What the classes read and write through.
        collection: Its name.
        options: Of ``__mongometa__`` of the newest class.
    """

    class PageV1(Document):
        __mongometa__ = _meta(collection, session)
        _id = Field(S.Anything)
        title = Field(str)
        text = Field(str)
        metadata = Field({"tags": [str], "categories": [str], "rating": float})
        written = Field(str)
        author = Field(str)
        views = Field(int)
        flag = Field(S.OneOf(0, 1, 2))

    class PageV2(Document):
        __mongometa__ = _meta(
            collection,
            session,
            version_of=PageV1,
            unstamped=PageV1,
            migrate=E.steps(
                E.move("metadata.tags", "tags"),
                E.move("metadata.categories", "categories"),
                E.move("metadata.rating", "rating", prune=True),
                E.convert("written", datetime, on_error=None),
                E.convert("author", "ObjectId"),
                E.map("flag", {0: "new", 1: "seen"}, otherwise="old"),
                E.expr("length", _LENGTH, _length),
                fill=True,
            ),
        )
        _id = Field(S.Anything)
        version = Field(2, required=True)
        title = Field(str, if_missing="untitled")
        text = Field(str)
        tags = Field([str])
        categories = Field([str])
        rating = Field(float)
        written = Field(datetime)
        author = Field(S.Anything)
        views = Field(int, if_missing=0)
        flag = Field(str)
        length = Field(int)
        state = Field({"draft": S.Bool(if_missing=True), "note": str})

    class Page(Document):
        __mongometa__ = _meta(
            collection,
            session,
            version_of=PageV2,
            unstamped=PageV1,
            migrate=E.steps(
                E.unwrap("categories", on_error=None),
                E.move("categories", "category"),
                E.convert("rating", int, on_error=0),
                E.const("state.checked", [{"by": "import"}]),
                E.convert("views", int, on_error=0),
                E.convert("views", str, canonical=True, source=int),
                E.drop("state.note", "length"),
                E.map("flag", {"new": {"kind": "new"}, "seen": None, None: "none"}),
            ),
            **options,
        )
        _id = Field(S.Anything)
        version = Field(3, required=True)
        title = Field(str)
        text = Field(str)
        tags = Field([str])
        category = Field(str)
        rating = Field(S.Anything)
        written = Field(datetime)
        author = Field(S.Anything)
        views = Field(str)
        flag = Field(S.Anything)
        state = Field({"draft": bool, "checked": [{"by": str}]})

    return PageV1, PageV2, Page


def orders(session: Any = None, collection: str = "orders", **options: Any) -> tuple[Any, Any, Any]:
    """Orders: lists of sub-documents, decimals, and a step that only Python can make, in the last hop.

    Args:
        session: What the classes read and write through.
        collection: Its name.
        options: Of ``__mongometa__`` of the newest class.
    """

    class OrderV1(Document):
        __mongometa__ = _meta(collection, session)
        _id = Field(S.Anything)
        v = Field(S.Value("one", required=True))
        lines = Field([{"sku": str, "qty": str, "price": str, "tags": str, "discounts": [_DISCOUNT]}])
        customer = Field({"name": str, "address": {"city": str, "zip": int}})
        paid = Field(str)
        total = Field(int)
        rush = Field(bool)

    class OrderV2(Document):
        __mongometa__ = _meta(
            collection,
            session,
            version_of=OrderV1,
            migrate=E.steps(
                E.each(
                    "lines",
                    E.move("sku", "item.sku"),
                    E.convert("qty", int, on_error=1),
                    E.convert("price", "Decimal128", on_error=None),
                    E.wrap("tags"),
                    E.default("item.kind", "thing"),
                    E.each("discounts", E.convert("percent", int, source=str), E.drop("note")),
                ),
                E.convert("paid", bool, canonical=True),
                E.convert("total", float),
                E.convert("rush", int),
                E.move("customer.address", "ship"),
                E.convert("ship.zip", str, on_error=None),
                E.wrap("customer", list),
            ),
        )
        _id = Field(S.Anything)
        v = Field(S.Value("two", required=True))
        lines = Field(
            [
                {
                    "item": {"sku": str, "kind": str},
                    "qty": S.Anything,
                    "price": S.Anything,
                    "tags": [str],
                    "discounts": [{"code": str, "percent": S.Anything}],
                }
            ]
        )
        customer = Field([{"name": str}])
        paid = Field(S.Anything)
        total = Field(S.Anything)
        rush = Field(S.Anything)
        ship = Field({"city": str, "zip": str})

    class Order(Document):
        __mongometa__ = _meta(
            collection,
            session,
            version_of=OrderV2,
            migrate=E.steps(
                E.each(
                    "lines", E.unwrap("tags"), E.map("item.kind", {"thing": "t"}), E.copy("item.sku", "label")
                ),
                E.unwrap("customer"),
                E.move("customer", "party.customer"),
                E.unwrap("party", "customer"),
                E.move("party", "customer"),
                E.python(_count_lines, reads=["lines"], writes=["count"], inverse=_drop_count),
            ),
            **options,
        )
        _id = Field(S.Anything)
        v = Field(S.Value("three", required=True))
        lines = Field(
            [
                {
                    "item": {"sku": str, "kind": str},
                    "label": str,
                    "qty": S.Anything,
                    "price": S.Anything,
                    "tags": S.Anything,
                    "discounts": [{"code": str, "percent": S.Anything}],
                }
            ]
        )
        customer = Field(S.Anything)
        paid = Field(S.Anything)
        total = Field(S.Anything)
        rush = Field(S.Anything)
        ship = Field({"city": str, "zip": str})
        count = Field(int)

    return OrderV1, OrderV2, Order


MODEL_CHAINS: dict[str, Callable[..., tuple[Any, Any, Any]]] = {
    "people": people,
    "pages": pages,
    "orders": orders,
}
"""The chains by name; each makes the classes, oldest first."""

_DISCOUNT = {"code": str, "percent": str, "note": str}
_LENGTH = {"$cond": [{"$eq": [{"$type": "$text"}, "string"]}, {"$strLenCP": "$text"}, "$$REMOVE"]}


def _length(raw: dict[str, Any]) -> Any:
    text = raw.get("text")
    return len(text) if isinstance(text, str) else Missing


def _count_lines(raw: dict[str, Any]) -> dict[str, Any]:
    return {**raw, "count": len(raw.get("lines") or [])}


def _drop_count(raw: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if key != "count"}


def _meta(name: str, session: Any, **options: Any) -> type:
    return type("__mongometa__", (), {"name": name, "session": session, **options})
