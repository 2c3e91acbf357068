"""Applying migrate functions in memory."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from harness.chains import declare, wiki_classes

from ming import schema as S
from ming._base_manager import manager_of
from ming.exc import Invalid, MigrationError

pytestmark = pytest.mark.usefixtures("loader")


def load(cls: Any, raw: Any, **options: Any) -> Any:
    """Read a raw document, which stays as it is."""
    before = copy.deepcopy(raw)
    document = manager_of(cls).loader(**options)(raw)
    assert raw == before
    return document


def test_the_classic_example() -> None:
    _, wiki_page = wiki_classes(None)
    raw = {"_id": 1, "title": "t", "text": "x", "metadata": {"tags": ["a"], "categories": ["b"]}, "hits": 3}
    page = load(wiki_page, raw)
    assert type(page) is wiki_page
    assert page == {
        "_id": 1,
        "title": "t",
        "text": "x",
        "tags": ["a"],
        "categories": ["b"],
        "views": 0,
        "version": 1,
    }
    assert page._origin.unknown == {"hits": 3}
    assert page._origin.version.__name__ == "OldWikiPage"
    assert page._origin.snapshot == raw


def test_a_document_of_the_newest_version_is_not_upgraded() -> None:
    page = load(wiki_classes(None)[1], {"_id": 1, "version": 1, "tags": ["a"]})
    assert page._origin is None


def test_three_versions() -> None:
    seen: list[str] = []

    def to_second(old: Any) -> Any:
        seen.append(type(old).__name__)
        return {"b": old.a + 1}

    def to_third(old: Any) -> Any:
        seen.append(type(old).__name__)
        return {"c": old.b + 1}

    cls = declare(
        None, {"v": 1, "a": int}, {"v": 2, "b": int, "migrate": to_second}, {"c": int, "migrate": to_third}
    )
    assert load(cls, {"_id": 1, "v": 1, "a": 1}) == {"_id": 1, "c": 3}
    assert load(cls, {"_id": 1, "v": 2, "b": 5}) == {"_id": 1, "c": 6}
    assert seen == ["V1", "V2", "V2"]


def test_the_function_gets_defaults_and_attribute_access() -> None:
    def migrate(old: Any) -> Any:
        return {"b": [old.sub.x, old.n]}

    cls = declare(
        None,
        {"v": 1, "n": S.Int(if_missing=7), "sub": {"x": int}},
        {"v": 2, "b": [S.Int()], "migrate": migrate},
    )
    assert load(cls, {"_id": 1, "v": 1}).b == [None, 7]


def test_the_function_may_change_and_return_what_it_gets() -> None:
    def migrate(old: Any) -> Any:
        old.v = 2
        old["b"] = old.pop("a")
        old.sub.x += 1
        old.tags.append("new")
        old.any["list"].append(1)
        return old

    cls = declare(
        None,
        {"v": 1, "a": int, "sub": {"x": int}, "tags": [str], "any": None},
        {"v": 2, "b": int, "sub": {"x": int}, "tags": [str], "any": None, "migrate": migrate},
    )
    raw = {"_id": 1, "v": 1, "a": 1, "sub": {"x": 1, "u": 9}, "tags": ["old"], "any": {"list": []}}
    document = load(cls, raw)
    assert (document.b, document.sub, document.tags, document.any) == (
        1,
        {"x": 2},
        ["old", "new"],
        {"list": [1]},
    )
    assert document.sub._origin.unknown == {"u": 9}


def test_leftover_keys_are_dropped() -> None:
    cls = declare(
        None, {"v": 1, "a": int}, {"v": 2, "b": int, "migrate": lambda old: {**old, "v": 2, "b": 1}}
    )
    assert load(cls, {"_id": 1, "v": 1, "a": 1}) == {"_id": 1, "v": 2, "b": 1}


# --- the _id


def test_a_dropped_id_is_carried_over() -> None:
    cls = declare(None, {"v": 1}, {"v": 2})
    assert load(cls, {"_id": "x", "v": 1})._id == "x"


def test_a_dropped_id_is_carried_over_as_the_older_version_reads_it() -> None:
    text = "5" * 24
    fields = {"_id": S.ObjectId()}
    for migrate in (lambda old: {}, lambda old: {"_id": old._id}, lambda old: {"_id": text}):
        cls = declare(None, {"v": 1, **fields}, {"v": 2, **fields, "migrate": migrate})
        assert str(load(cls, {"_id": text, "v": 1})._id) == text


def test_an_undeclared_id_stays_out_of_sight() -> None:
    from ming import collection

    old = collection("docs", None, *_fields(v=1, a=int))
    new = collection("docs", None, *_fields(v=2, b=int), version_of=old, migrate=lambda old: {"b": old.a})
    document = load(new, {"_id": 5, "v": 1, "a": 1})
    assert (dict(document), document._origin.unknown) == ({"v": 2, "b": 1}, {"_id": 5})


def _fields(**specs: Any) -> list[Any]:
    from ming import Field

    return [Field(name, spec) for name, spec in specs.items()]


def test_a_changed_id_is_refused() -> None:
    cls = declare(None, {"v": 1}, {"v": 2, "migrate": lambda old: {"_id": 2}})
    with pytest.raises(MigrationError, match=r"'docs', _id 1: migrate of V2 changed the _id to 2"):
        load(cls, {"_id": 1, "v": 1})


# --- unknown keys


def test_unknown_keys_that_the_next_version_declares_come_into_sight() -> None:
    cls = declare(None, {"v": 1}, {"v": 2, "n": int}, {"v": 3, "n": int, "twice": int, "migrate": _twice})
    document = load(cls, {"_id": 1, "v": 1, "n": 4, "z": 5})
    assert (document.n, document.twice) == (4, 8)
    assert document._origin.unknown == {"z": 5}


def _twice(old: Any) -> Any:
    return {"n": old.n, "twice": old.n * 2}


def test_what_the_function_returns_goes_before_an_unknown_key() -> None:
    cls = declare(None, {"v": 1}, {"v": 2, "n": int, "migrate": lambda old: {"n": 1}})
    document = load(cls, {"_id": 1, "v": 1, "n": 4})
    assert (document.n, document._origin.unknown) == (1, {"n": 4})


def test_unknown_keys_of_sub_documents_come_into_sight_likewise() -> None:
    old = {"v": 1, "sub": {"a": int}, "items": [{"a": int}], "map": {str: {"a": int}}}
    inner = {"a": int, "b": int}
    new = {
        "v": 2,
        "sub": inner,
        "items": [inner],
        "map": {str: inner},
        "migrate": lambda old: {**old, "v": 2},
    }
    stored = {"a": 1, "b": 2, "z": 3}
    document = load(
        declare(None, old, new),
        {"_id": 1, "v": 1, "sub": stored, "items": [{"a": 0}, stored], "map": {"k": stored}},
    )
    for sub in (document.sub, document["items"][1], document.map["k"]):
        assert sub == {"a": 1, "b": 2}
        assert sub._origin.unknown == {"z": 3}
    assert document["items"][0] == {"a": 0, "b": None}


def test_unknown_keys_travel_with_sub_documents_that_move() -> None:
    old = {"v": 1, "address": {"street": str}, "items": [{"n": int}]}
    new = {"v": 2, "home": {"street": str}, "first": {"n": int}, "rest": [{"n": int}], "migrate": _move}
    document = load(
        declare(None, old, new),
        {
            "_id": 1,
            "v": 1,
            "address": {"street": "x", "zip": 1},
            "items": [{"n": 3, "u": 3}, {"n": 2, "u": 2}, {"n": 1, "u": 1}],
        },
    )
    assert document.home._origin.unknown == {"zip": 1}
    assert document.first._origin.unknown == {"u": 1}
    assert [item._origin.unknown for item in document.rest] == [{"u": 2}, {"u": 3}]


def _move(old: Any) -> Any:
    first, *rest = sorted(old["items"], key=lambda item: item.n)
    return {"home": old.address, "first": first, "rest": rest}


def test_unknown_keys_in_sight_are_kept_where_the_function_drops_them() -> None:
    cls = declare(None, {"v": 1, "a": int}, {"v": 2, "b": int})
    document = load(cls, {"_id": 1, "v": 1, "a": 1, "z": 5}, strip_extra=False)
    assert document._origin.unknown == {"z": 5}


def test_stripped_keys_are_gone() -> None:
    cls = declare(None, {"v": 1, "a": int}, {"v": 2, "b": int}, unknown="strip")
    assert load(cls, {"_id": 1, "v": 1, "a": 1, "z": 5})._origin.unknown == {}


def test_forbidden_keys_are_refused_in_the_older_version() -> None:
    cls = declare(None, {"v": 1, "a": int}, {"v": 2, "b": int}, unknown="forbid")
    with pytest.raises(Invalid, match="Extra keys"):
        load(cls, {"_id": 1, "v": 1, "a": 1, "z": 5})
    assert load(cls, {"_id": 1, "v": 1, "a": 1}) == {"_id": 1, "v": 2, "b": None}


# --- functions that fail


@pytest.mark.parametrize("nonsense", [None, 5, "text", [], [("b", 1)]])
def test_nonsense(nonsense: Any) -> None:
    cls = declare(None, {"v": 1}, {"v": 2, "migrate": lambda old: nonsense})
    with pytest.raises(
        Invalid, match=r"(?s)'docs', _id 1:.*migrate of V2 returned .*expected a dict"
    ) as caught:
        load(cls, {"_id": 1, "v": 1})
    assert (caught.value.collection, caught.value.document_id) == ("docs", 1)


def test_an_invalid_result_names_the_step_and_the_path() -> None:
    cls = declare(None, {"v": 1}, {"v": 2, "n": int, "migrate": lambda old: {"n": "x"}})
    with pytest.raises(Invalid, match="after migrating from V1 to V2:\nn:") as caught:
        load(cls, {"_id": 1, "v": 1})
    assert caught.value.path == "n"


def test_errors_of_the_function_pass_with_a_note() -> None:
    error = ZeroDivisionError("mine")

    def migrate(old: Any) -> Any:
        raise error

    with pytest.raises(ZeroDivisionError) as caught:
        load(declare(None, {"v": 1}, {"v": 2, "migrate": migrate}), {"_id": 1, "v": 1})
    assert caught.value is error
    assert error.__notes__ == ["while migrating 'docs', _id 1, from V1 to V2"]  # type: ignore[attr-defined]


def test_a_version_without_a_function() -> None:
    old = declare(None, {"v": 1})
    cls = declare(None, {"v": 2}, version_of=old)
    with pytest.raises(TypeError, match="V1 declares version_of without migrate"):
        load(cls, {"_id": 1, "v": 1})
