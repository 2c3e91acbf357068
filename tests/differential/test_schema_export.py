"""Exported schemas accept what reading accepts, asked of the server and of the embedded engine."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

import bson
import pytest
from harness import model_chains
from harness.chains import chain_of
from harness.stores import Store
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import Page, Picky, Shouting, documents, objects, stored_scalars

from ming import create_datastore
from ming import schema as S
from ming._values import KEEP_ASIDE
from ming.evolve.chain import Chain, Version
from ming.evolve.generate import documents as generated
from ming.evolve.recognise import recognise
from ming.evolve.validator import validator_of
from ming.schema.export import mongo_schema

many = partial(settings, suppress_health_check=[HealthCheck.function_scoped_fixture])


def is_plain(value: Any) -> bool:
    """Whether the server sees the fraction of a number: it looks at fifteen digits."""
    return not isinstance(value, float) or value.is_integer() == float(f"{value:.15g}").is_integer()


scalars = stored_scalars.filter(is_plain)


@pytest.fixture
def collection(store: Store) -> Iterator[Any]:
    datastore = create_datastore(store.uri())
    yield datastore.db.docs
    datastore.conn.close()


def stored(raw: dict[str, Any]) -> dict[str, Any]:
    """A document as the driver reads it."""
    return bson.decode(bson.encode(raw))


def is_read(schema: S.Document, raw: dict[str, Any]) -> bool:
    """Whether reading accepts a stored document."""
    try:
        schema.validate(stored(raw), allow_extra=True, strip_extra=KEEP_ASIDE)
    except S.Invalid:
        return False
    return True


def is_expressible(item: Any) -> bool:
    """Whether the server's dialect can say exactly what an item accepts."""
    if isinstance(item, Picky | Shouting | S.Migrate) or getattr(item, "precision", None):
        return False
    if isinstance(item, S.Array):
        return is_expressible(item.field_type)
    if isinstance(item, S.Object):
        return "" not in item.fields and all(map(is_expressible, item.fields.values()))
    return True


@many(max_examples=150)
@given(data=st.data())
def test_reading_and_the_exported_schema_agree(data: st.DataObject, collection: Any) -> None:
    schema = data.draw(documents())
    raw = data.draw(objects(schema, scalars))
    collection.replace_one({}, {"_id": 1, "doc": raw}, upsert=True)
    exported = {"properties": {"doc": mongo_schema(schema)}}
    accepted = collection.count_documents({"$jsonSchema": exported}) == 1
    read = is_read(schema, raw)
    assert accepted or not read
    if is_expressible(schema):
        assert accepted == read


def closed_reads(schema: S.Document, raw: dict[str, Any]) -> bool:
    """Whether reading accepts a stored document where unknown keys are forbidden."""
    try:
        schema.validate(stored(raw), allow_extra=False)
    except S.Invalid:
        return False
    return True


@many(max_examples=60)
@given(data=st.data())
def test_forbidden_keys_are_refused(data: st.DataObject, collection: Any) -> None:
    schema = data.draw(documents())
    raw = data.draw(objects(schema, scalars))
    collection.replace_one({}, {"_id": 1, "doc": raw}, upsert=True)
    exported = {"properties": {"doc": mongo_schema(schema, closed=True)}}
    accepted = collection.count_documents({"$jsonSchema": exported}) == 1
    read = closed_reads(schema, raw)
    assert accepted or not read
    if is_expressible(schema):
        assert accepted == read


# -- chains -------------------------------------------------------------------------------------------


def version(number: int, schema: S.Document, stamped: bool, required: bool) -> Version:
    cls = type(f"V{number}", (Page,), {})
    fields = {name: item for name, item in schema.fields.items() if not isinstance(item, S.Value)}
    if stamped:
        fields["v"] = S.Value(number, required=required)
    made = S.Document({"_id": S.Anything(), **fields})
    made.managed_class = cls
    return Version(cls, made)


@st.composite
def chains(draw: st.DrawFn) -> Chain:
    stamped = draw(st.sampled_from([(True, True), (False, True), (False, False), (True, True, True)]))
    schemas = [draw(documents()) for _ in stamped]
    required = draw(st.booleans())
    versions = [
        version(number, schema, has_stamp, required)
        for number, (schema, has_stamp) in enumerate(zip(schemas, stamped, strict=True))
    ]
    return Chain(tuple(versions), "docs")


def is_recognised(chain: Chain, raw: dict[str, Any]) -> bool:
    """Whether a stored document is a valid one of some version."""

    def attempt(version: Version, raw: Any) -> Any:
        return version.schema.validate(dict(raw), allow_extra=True, strip_extra=KEEP_ASIDE)

    try:
        recognise(chain, stored(raw), attempt)
    except S.Invalid:
        return False
    return True


@many(max_examples=120)
@given(data=st.data())
def test_reading_a_chain_and_its_validator_agree(data: st.DataObject, collection: Any) -> None:
    chain = data.draw(chains())
    raw = {}
    for number in data.draw(st.lists(st.integers(0, len(chain.versions) - 1), min_size=1, max_size=2)):
        raw |= data.draw(objects(chain.versions[number].schema, scalars))
    stamp = data.draw(st.sampled_from([..., ..., None, 0, 1, 2, 3, True, "1"]))
    raw = {**raw, "_id": 1} if stamp is ... else {**raw, "_id": 1, "v": stamp}
    collection.replace_one({"_id": 1}, raw, upsert=True)
    accepted = collection.count_documents(validator_of(chain, closed=False)) == 1
    read = is_recognised(chain, raw)
    assert accepted or not read
    has_baseline = bool(chain.stamps) and not chain.versions[0].constants
    if not has_baseline and all(is_expressible(each.schema) for each in chain.versions):
        assert accepted == read


@pytest.mark.parametrize("declare", [model_chains.people, model_chains.pages, model_chains.orders])
def test_the_validator_accepts_every_document_of_a_live_version(declare: Any, collection: Any) -> None:
    chain = chain_of(declare()[-1])
    for each in chain.versions:
        collection.insert_many(list(islice(generated(each.schema), 150)))
        validator = validator_of(chain, closed=False)
        assert collection.find_one({"$nor": [validator]}) is None
        collection.delete_many({})
