"""The generated code of telling schemas, kept under ``tests/golden`` to be reviewed like code.

After a wanted change of the generator, write the files anew and read the difference::

    MING_TEST_UPDATE_GOLDEN=1 python -m pytest tests/unit/compile/test_golden.py
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ming import schema as S
from ming._compile.program import compile_python, compile_stored
from ming._values import Missing, Object

GOLDEN = Path(__file__).parents[2] / "golden"


class User(Object):
    """Scalars only."""


class BlogPost(Object):
    """Sub-documents, and lists of them."""


class Account(Object):
    """Every policy for absent keys, and an item with rules of its own."""


class Slug(S.String):
    """An item with rules of its own."""

    def _validate(self, value: Any, **options: Any) -> Any:
        return super()._validate(value, **options).lower()


def today() -> str:
    return "today"


def _user() -> S.Document:
    return _document(User, {"_id": S.ObjectId(), "name": S.String(required=True), "age": int, "active": bool})


def _blog_post() -> S.Document:
    comment = {"author": str, "at": S.DateTime(), "likes": S.Array(S.Object({"by": str, "stars": int}))}
    fields = {
        "_id": S.ObjectId(),
        "tags": [str],
        "author": {"name": str, "email": str},
        "comments": [comment],
    }
    return _document(BlogPost, {**fields, "version": S.Value(2, required=True)})


def _account() -> S.Document:
    return _document(
        Account,
        {
            "kind": S.OneOf("free", "paid", if_missing="free"),
            "nick-name": S.String(if_missing=Missing),
            "opened": S.String(if_missing=today),
            "slug": Slug(),
            "scores": S.Object({str: float}),
            "notes": S.Anything(),
            "class": S.Deprecated(),
            "address": S.Object({"city": S.String(required=True)}, if_missing=None),
        },
    )


def _document(cls: type, fields: dict[str, Any]) -> S.Document:
    schema = S.Document(fields)
    schema.managed_class = cls
    return schema


CASES: dict[str, Callable[[], Any]] = {
    "user.stored": lambda: compile_stored(_user(), exact=False, snapshot=False),
    "user.made": lambda: compile_python(_user(), form="document"),
    "blog_post.stored": lambda: compile_stored(_blog_post(), exact=False, snapshot=False),
    "blog_post.snapshot": lambda: compile_stored(_blog_post(), exact=True, snapshot=True),
    "blog_post.data": lambda: compile_python(_blog_post(), form="data"),
    "account.stored": lambda: compile_stored(_account(), exact=False, snapshot=False),
}


@pytest.mark.parametrize("name", CASES)
def test_generated_code(name: str) -> None:
    source = CASES[name]().source
    path = GOLDEN / f"{name}.py.txt"
    if os.environ.get("MING_TEST_UPDATE_GOLDEN"):
        path.write_text(source, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == source


def test_no_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.glob("*.txt")} == {f"{name}.py.txt" for name in CASES}
