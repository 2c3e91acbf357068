"""Generated loaders against the reference validator: equal results, or an honest "unsure"."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import Page, documents, objects, plain_items, plain_values, python_scalars, stored_scalars

from ming import schema as S
from ming._compile.program import compile_python, compile_stored
from ming._values import KEEP_ASIDE, Object, Origin

NOTHING = object()


def reference(validate: Callable[[], Any]) -> Any:
    """What the reference makes of a value; a token for what it refuses."""
    try:
        return validate()
    except S.Invalid:
        return NOTHING


def described(value: Any) -> Any:
    """A value with the classes, the order of keys and what is out of sight, at every depth."""
    if isinstance(value, dict):
        unknown = value._origin.unknown if isinstance(value, Object) and value._origin else None
        entries = [(key, described(inner)) for key, inner in dict.items(value)]
        return type(value), entries, described(unknown)
    if isinstance(value, (list, tuple)):
        return type(value), [described(inner) for inner in value]
    return type(value), repr(value)


def unordered(description: Any) -> Any:
    """A description that does not tell the order of keys."""
    if isinstance(description, tuple):
        return tuple(unordered(part) for part in description)
    if isinstance(description, list):
        parts = [unordered(part) for part in description]
        return sorted(parts, key=repr) if parts and _are_entries(parts) else parts
    return description


def _are_entries(parts: list[Any]) -> bool:
    return all(isinstance(part, tuple) and len(part) == 2 and isinstance(part[0], str) for part in parts)


def containers(value: Any) -> Iterator[int]:
    """Identities of all dicts and lists within a value, and out of sight."""
    if isinstance(value, dict):
        yield id(value)
        for inner in dict.values(value):
            yield from containers(inner)
        if isinstance(value, Object) and value._origin:
            yield from containers(value._origin.unknown)
    elif isinstance(value, list):
        yield id(value)
        for inner in value:
            yield from containers(inner)


def holds_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        aside = isinstance(value, Object) and value._origin
        return bool(aside) or any(holds_unknown(inner) for inner in dict.values(value))
    return isinstance(value, list) and any(holds_unknown(inner) for inner in value)


@st.composite
def cases(draw: st.DrawFn, scalars: st.SearchStrategy[Any]) -> tuple[S.Document, Any]:
    schema = draw(documents())
    return schema, draw(objects(schema, scalars))


@pytest.mark.parametrize("snapshot", [False, True])
@given(case=cases(stored_scalars))
def test_stored(snapshot: bool, case: tuple[S.Document, Any]) -> None:
    schema, raw = case
    before = described(raw)
    made = compile_stored(schema, exact=False, snapshot=snapshot)(raw)
    assert described(raw) == before
    if made is not None:
        expected = reference(
            lambda: schema.validate(copy.deepcopy(raw), allow_extra=True, strip_extra=KEEP_ASIDE)
        )
        assert unordered(described(made)) == unordered(described(expected))
        assert type(made) is Page
        if snapshot:
            assert not set(containers(made)) & set(containers(raw))


@given(case=cases(stored_scalars))
def test_stored_exact(case: tuple[S.Document, Any]) -> None:
    schema, raw = case
    made = compile_stored(schema, exact=True, snapshot=False)(raw)
    if made is not None:
        expected = reference(lambda: schema.validate(copy.deepcopy(raw)))
        assert unordered(described(made)) == unordered(described(expected))


@pytest.mark.parametrize("form", ["document", "data"])
@given(case=cases(python_scalars))
def test_python(form: Any, case: tuple[S.Document, Any]) -> None:
    schema, value = case
    before = described(value)
    made = compile_python(schema, form=form)(value)
    assert described(value) == before
    if made is not None:
        expected = reference(lambda: schema.validate(value))
        assert expected is not NOTHING
        assert described(made) == described(expected if form == "document" else dict(expected))


@st.composite
def objects_within(draw: st.DrawFn, value: Any) -> Any:
    """A value whose dicts are, some of them, Objects that carry something out of sight, keys in any order."""
    if isinstance(value, dict):
        keys = draw(st.permutations(list(value)))
        inner = {key: draw(objects_within(value[key])) for key in keys}
        if not draw(st.booleans()):
            return inner
        made = Object(inner)
        if draw(st.booleans()):
            made._origin = Origin({"aside": [1]})
        return made
    return [draw(objects_within(inner)) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("form", ["document", "data"])
@given(data=st.data())
def test_what_objects_carry_travels_along(form: Any, data: st.DataObject) -> None:
    schema, value = data.draw(cases(python_scalars))
    value = data.draw(objects_within(value))
    made = compile_python(schema, form=form)(value)
    if made is not None:
        expected = reference(lambda: schema.validate(value))
        assert expected is not NOTHING
        assert described(made) == described(expected if form == "document" else dict(expected))


@pytest.mark.parametrize("snapshot", [False, True])
@given(data=st.data())
def test_objects_among_stored_values(snapshot: bool, data: st.DataObject) -> None:
    schema, value = data.draw(cases(stored_scalars))
    value = data.draw(objects_within(value))
    made = compile_stored(schema, exact=False, snapshot=snapshot)(value)
    if made is not None:
        expected = reference(
            lambda: schema.validate(copy.deepcopy(value), allow_extra=True, strip_extra=KEEP_ASIDE)
        )
        assert unordered(described(made)) == unordered(described(expected))


@given(data=st.data())
def test_usual_documents_are_never_left_open(data: st.DataObject) -> None:
    schema = data.draw(documents(plain_items))
    value = data.draw(plain_values(schema))
    expected = unordered(described(schema.validate(value)))
    for exact in (False, True):
        for snapshot in (False, True):
            assert (
                unordered(described(compile_stored(schema, exact=exact, snapshot=snapshot)(value)))
                == expected
            )
    assert unordered(described(compile_python(schema, form="document")(value))) == expected
    assert compile_python(schema, form="data")(value) is not None


@given(data=st.data())
def test_gaps_and_unknown_keys_are_never_left_open(data: st.DataObject) -> None:
    schema = data.draw(documents(plain_items))
    raw = data.draw(plain_values(schema))
    for key in data.draw(st.sets(st.sampled_from(sorted(raw)))):
        if not isinstance(schema.fields[key], S.ObjectId):  # its default is another one each time
            raw.pop(key, None)
    raw["unknown"] = [1]
    made = compile_stored(schema, exact=False, snapshot=False)(raw)
    assert made is not None
    assert made._origin.unknown == {"unknown": [1]}
    assert compile_stored(schema, exact=True, snapshot=False)(raw) is None
    assert compile_python(schema, form="document")(raw) is None


@given(case=cases(stored_scalars))
def test_unknown_keys_at_any_depth_leave_an_exact_load_open(case: tuple[S.Document, Any]) -> None:
    schema, raw = case
    kept = reference(lambda: schema.validate(copy.deepcopy(raw), allow_extra=True, strip_extra=KEEP_ASIDE))
    if holds_unknown(kept):
        assert compile_stored(schema, exact=True, snapshot=False)(raw) is None
