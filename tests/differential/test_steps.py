"""Steps in Python against steps in a store, on generated documents of the model chains.

``MING_TEST_DOCUMENTS=100000`` sets how many documents go over each hop.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from itertools import islice
from typing import Any

import bson
import pytest
from harness.chains import MODEL_CHAINS, chain_of
from harness.randomness import run_seed
from harness.stores import Store

from ming import create_datastore
from ming.evolve.generate import documents
from ming.evolve.hop import Hop
from ming.evolve.step.kinds import Irreversible, Python
from ming.evolve.step.python_code import compile_steps
from ming.evolve.step.sequence import merged_stages

DOCUMENTS = int(os.environ.get("MING_TEST_DOCUMENTS", "600"))
BATCH = 5_000
SIMPLE = {"locale": "simple"}

HOPS = {
    f"{name}-{number}": hop
    for name, declare in MODEL_CHAINS.items()
    for number, hop in enumerate(chain_of(declare()[-1]).hops, 1)
}


@pytest.fixture(params=HOPS)
def hop(request: pytest.FixtureRequest) -> Hop:
    return HOPS[request.param]


def batches(hop: Hop) -> Iterator[list[dict[str, Any]]]:
    """Generated documents of a hop's source, as they come back from a store."""
    generated = documents(hop.source.schema, int(run_seed()))
    stored = (bson.decode(bson.encode(document)) for document in islice(generated, DOCUMENTS))
    count = 0
    while batch := list(islice(stored, BATCH)):
        count += len(batch)
        yield batch
    assert count == DOCUMENTS


def typed(value: Any) -> Any:
    """A value with its types, so that 1, 1.0 and true differ; keys have no order."""
    if isinstance(value, dict):
        return {key: typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    # A number of 64 bits may come back in fewer.
    return "int" if type(value) in (int, bson.Int64) else type(value).__name__, repr(value)


def test_the_generated_code_does_what_the_steps_do(hop: Hop) -> None:
    for batch in batches(hop):
        for document in batch:
            before = typed(document)
            assert typed(hop.upgrade(document)) == typed(hop.reference(document))
            assert typed(document) == before


def test_the_store_does_what_python_does(hop: Hop, store: Store) -> None:
    datastore = create_datastore(store.uri())
    steps = [step for step in hop.all_steps or () if not isinstance(step, Python)]
    upgrade = compile_steps("on the server", [("", steps)])
    stages = merged_stages(steps)
    assert stages
    for batch in batches(hop):
        collection = datastore.db.documents
        collection.delete_many({})
        collection.insert_many(copy.deepcopy(batch))
        collection.update_many({}, stages, collation=SIMPLE)
        stored = {repr(document["_id"]): document for document in collection.find()}
        for document in batch:
            assert typed(stored[repr(document["_id"])]) == typed(upgrade(document)), document


def canonical_age(person: dict[str, Any]) -> bool:
    try:
        return str(int(person["age"])) == person["age"]
    except (KeyError, TypeError, ValueError):
        return True


def canonical_name(person: dict[str, Any]) -> bool:
    first, last = person.get("first"), person.get("last")
    if first is None or last is None:
        return "last" not in person and first is not None and " " not in first
    return " " not in first


REVERSIBLE = {
    "people-1": canonical_age,
    # A sub-document that stood empty where a value was put goes again with the value.
    "people-2": lambda person: canonical_name(person) and person.get("address") != {},
    # A list of one null is unwrapped to a null, which is not wrapped.
    "orders-2": lambda order: all(line.get("tags") != [None] for line in order.get("lines") or ()),
}
"""The hops that can be taken back, with what their steps promise of documents."""


@pytest.mark.parametrize("name", HOPS)
def test_what_can_be_taken_back_comes_back(name: str) -> None:
    hop = HOPS[name]
    inverse = hop.inverse()
    assert isinstance(inverse, Irreversible) == (name not in REVERSIBLE)
    if not isinstance(inverse, Irreversible):
        back = Hop(hop.target, hop.source, inverse)
        promised = [document for batch in batches(hop) for document in batch if REVERSIBLE[name](document)]
        assert len(promised) > DOCUMENTS / 2
        for document in promised:
            # The stamp comes back as the constant is declared, 1 for 1.0.
            stamp = {field: document[field] for field in hop.source.constants}
            assert typed({**back.upgrade(hop.upgrade(document)), **stamp}) == typed(document)


@pytest.mark.parametrize("name", MODEL_CHAINS)
def test_the_result_is_valid(name: str) -> None:
    newest = MODEL_CHAINS[name]()[-1]
    for version in chain_of(newest).versions:
        for document in islice(documents(version.schema, int(run_seed())), DOCUMENTS):
            assert newest.m.make(document, allow_extra=True)["_id"] == document["_id"]
