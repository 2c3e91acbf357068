"""The test of which documents may be made later, against the programs that make them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from strategies import documents, objects, plain_items, plain_values, stored_scalars

from ming import schema as S
from ming._compile.program import compile_acceptance, compile_stored


@given(schema=documents(), data=st.data())
def test_what_is_accepted_is_made_and_scalars_stay_as_they_are(
    schema: S.Document, data: st.DataObject
) -> None:
    accepts = compile_acceptance(schema)
    raw = data.draw(objects(schema, stored_scalars))
    before = repr(raw)
    if accepts is not None and accepts(raw):
        for snapshot in (False, True):
            made = compile_stored(schema, exact=True, snapshot=snapshot)(raw)
            assert list(made) == list(raw)
            for key, value in made.items():
                assert value is raw[key] or isinstance(value, (dict, list))
    assert repr(raw) == before


@given(data=st.data())
def test_usual_documents_are_accepted(data: st.DataObject) -> None:
    schema = data.draw(documents(plain_items))
    accepts = compile_acceptance(schema)
    raw = data.draw(plain_values(schema))
    made = compile_stored(schema, exact=True, snapshot=False)(raw)
    if accepts is not None and list(made) == list(raw) and not _has_gaps(raw):
        assert accepts(raw)


def _has_gaps(raw: Any) -> bool:
    if isinstance(raw, dict):
        return any(value is None or _has_gaps(value) for value in raw.values())
    return isinstance(raw, list) and any(map(_has_gaps, raw))


@given(schema=documents(), data=st.data())
def test_documents_with_unknown_keys_are_not_accepted(schema: S.Document, data: st.DataObject) -> None:
    accepts = compile_acceptance(schema)
    raw = data.draw(objects(schema, stored_scalars))
    if accepts is not None and isinstance(raw, dict):
        assert not accepts({**raw, "unknown": 1})
