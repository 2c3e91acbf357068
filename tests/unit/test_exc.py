"""The tree of exceptions, and what an exception carries."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from ming import exc
from ming.exc import DocumentTooNew, HybridDocument, Invalid, MigrationError, StaleObject


@pytest.mark.parametrize("name", exc.__all__)
def test_one_root(name: str) -> None:
    assert issubclass(getattr(exc, name), exc.MingException)
    assert getattr(exc, name).__doc__


def test_the_tree_of_invalid() -> None:
    assert Invalid.__mro__[1] is exc.MingException
    assert issubclass(DocumentTooNew, Invalid)
    assert issubclass(HybridDocument, Invalid)
    assert not issubclass(StaleObject, Invalid)


def nested() -> Invalid:
    items = Invalid("[1]:bad", ["a", "b"], error_list=[None, Invalid("bad", "b")])
    keys = Invalid("c:worse", {"c": 1}, error_dict={"c": Invalid("worse", 1)})
    return Invalid("x:[1]:bad\ny:c:worse", {}, state="s", error_dict={"x": items, "y": keys})


def test_invalid_carries_its_arguments() -> None:
    error = nested()
    assert error.args == (error.msg,)
    assert (error.value, error.state, error.error_list) == ({}, "s", None)
    assert list(error.error_dict or ()) == ["x", "y"]
    plain = Invalid("m", 5)
    assert (plain.value, plain.state, plain.error_list, plain.error_dict) == (5, None, None, None)


def test_the_text_is_the_current_message() -> None:
    error = Invalid("before", 1)
    error.msg = "after"
    assert str(error) == "after"
    assert error.args == ("before",)


def test_inner_errors_are_a_list_or_a_dict() -> None:
    inner = Invalid("m", 1)
    with pytest.raises(AssertionError):
        Invalid("m", 1, error_list=[inner], error_dict={"a": inner})
    assert Invalid("m", 1, error_list=[], error_dict={"a": inner}).error_dict == {"a": inner}


def test_flatten_and_path() -> None:
    assert list(nested().flatten()) == [("x[1]", "bad"), ("y.c", "worse")]
    assert nested().path == "x[1]"
    assert list(Invalid("m", 1).flatten()) == [("", "m")]
    matrix = Invalid("m", 1, error_list=[Invalid("m", 1, error_list=[Invalid("deep", 1)])])
    assert matrix.path == "[0][0]"


def test_within_names_the_document_once() -> None:
    error = nested().within("pages", 5)
    assert str(error) == "invalid document in 'pages', _id 5:\nx:[1]:bad\ny:c:worse"
    assert (error.collection, error.document_id) == ("pages", 5)
    assert error.within("others", 6) is error
    assert (error.collection, error.document_id) == ("pages", 5)
    assert next(error.flatten()) == ("x[1]", "bad")
    assert str(Invalid("m", 1).within(None, 5)) == "m"


@pytest.mark.parametrize(
    "make_copy", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))]
)
@pytest.mark.parametrize("cls", [Invalid, DocumentTooNew, HybridDocument])
def test_invalid_survives_copying(make_copy: Any, cls: type[Invalid]) -> None:
    original = nested()
    error = cls(original.msg, original.value, original.state, None, original.error_dict).within("pages", 5)
    error.msg += " (more)"
    copied = make_copy(error)
    assert type(copied) is cls
    assert (str(copied), copied.args, copied.state) == (str(error), error.args, "s")
    assert (copied.collection, copied.document_id) == ("pages", 5)
    assert list(copied.flatten()) == list(error.flatten())


@pytest.mark.parametrize("cls", [StaleObject, MigrationError])
def test_document_errors(cls: Any) -> None:
    error = cls("somebody changed it", "pages", 5, ["title", "tags"])
    assert str(error) == (f"'pages', _id 5: somebody changed it (fields: title, tags) [{cls.code}]")
    assert str(cls("no document")) == f"no document [{cls.code}]"
    copied = pickle.loads(pickle.dumps(error))
    assert (copied.message, copied.collection, copied.document_id) == ("somebody changed it", "pages", 5)
    assert copied.fields == ("title", "tags")
    assert str(copied) == str(error)


def test_codes() -> None:
    codes = [cls.code for cls in (DocumentTooNew, HybridDocument, StaleObject, MigrationError)]
    assert codes == ["document-too-new", "hybrid-document", "stale-object", "migration-error"]
    assert Invalid.code is None


@pytest.mark.parametrize("cls", [DocumentTooNew, HybridDocument])
def test_the_text_of_an_error_with_a_code_ends_with_it(cls: type[Invalid]) -> None:
    error = cls("of several versions", {})
    assert str(error) == error.reason == f"of several versions [{cls.code}]"
    assert list(error.flatten()) == [("", error.reason)]
    assert str(error.within("pages", 5)).endswith(f":\n{error.reason}")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
