"""`ming.infer`: shapes found again, and classes that read every document they were made from."""

from __future__ import annotations

import copy
import json
import random
from datetime import datetime, timedelta
from itertools import islice
from types import ModuleType
from typing import Any

import bson
import pytest
from harness import model_chains
from harness.chains import chain_of
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import stored_scalars

from ming import infer as door
from ming._base_manager import find_manager
from ming.evolve.generate import documents as generated
from ming.infer import Inference, infer

Document = dict[str, Any]


def module_of(inference: Inference) -> ModuleType:
    """The module that was written, imported."""
    module = ModuleType("inferred")
    exec(compile(inference.source(), "<inferred>", "exec"), vars(module))
    return module


def newest_class(inference: Inference) -> Any:
    return getattr(module_of(inference), inference.shapes[-1].name)


def read_all(inference: Inference, documents: list[Document]) -> list[Any]:
    """Every document, read by the newest class that was written."""
    load = newest_class(inference)._manager.loader()
    return [load(copy.deepcopy(document)) for document in documents]


# -- three versions made by hand ----------------------------------------------------------------------

START = datetime(2020, 1, 1)
CITIES = ["Oslo", "Rome", "Lima", "Kyiv", "Bonn", "Cork", "Nice"]


def made_at(rng: random.Random, day: int) -> bson.ObjectId:
    stamp = int((START + timedelta(days=day)).timestamp())
    return bson.ObjectId(stamp.to_bytes(4, "big") + rng.randbytes(8))


def people(rng: random.Random, version: int, count: int, stamped: bool) -> list[Document]:
    """Documents of one of three versions: the second nests, the third renames and counts with numbers."""
    documents = []
    for number in range(count):
        name, email, city = f"n{rng.randrange(50)}", f"{rng.randrange(90)}@x.org", rng.choice(CITIES)
        document: Document = {"_id": made_at(rng, version * 400 + number % 300)}
        if stamped:
            document["version"] = version
        if version == 1:
            document |= {"name": name, "email": email, "age": str(rng.randrange(99))}
        else:
            key = "name" if version == 2 else "title"
            document |= {key: name, "contact": {"email": email, "city": city}, "age": rng.randrange(99)}
        if rng.random() < 0.3:
            document["note"] = "x" * rng.randrange(9)
        document |= {"status": rng.choice(["new", "old"]), "friend_id": bson.ObjectId(), "seen": START}
        documents.append(document)
    return documents


@pytest.mark.parametrize("stamped", [True, False], ids=["stamped", "by keys"])
def test_three_versions_are_found_again(rng: random.Random, stamped: bool) -> None:
    documents = [
        document
        for version, count in ((1, 300), (2, 150), (3, 50))
        for document in people(rng, version, count, stamped)
    ]
    rng.shuffle(documents)
    inference = infer(documents, "people")
    assert [(shape.count, shape.share) for shape in inference.shapes] == [(300, 0.6), (150, 0.3), (50, 0.1)]
    assert inference.stamp == ("version" if stamped else None)
    assert [shape.stamp for shape in inference.shapes] == ([1, 2, 3] if stamped else [None] * 3)
    assert inference.steps == (
        ("E.move('email', 'contact.email')", "E.convert('age', int, on_error=None)"),
        ("E.move('name', 'title')",),
    )
    loaded = read_all(inference, documents)
    assert all(isinstance(person.age, int) and person.contact.email for person in loaded)
    assert {type(person).__name__ for person in loaded} == {"People"}


def test_what_is_said_of_fields(rng: random.Random) -> None:
    inference = infer(people(rng, 2, 200, stamped=False), "people")
    (shape,) = inference.shapes
    assert shape.fields["contact.email"] == {"share": 1.0, "types": {"str": 200}}
    assert shape.fields["status"]["options"] == ["new", "old"]
    assert 0.2 < shape.fields["note"]["share"] < 0.4
    source = inference.source()
    assert "status = Field(S.OneOf('new', 'old', required=True))" in source
    assert "friend_id = Field(S.ObjectId(required=True))" in source
    assert "seen = Field(S.DateTime(required=True))" in source
    assert "    note = Field(str)  # in " in source
    assert "_id = Field(S.ObjectId)\n" in source
    assert "'city': S.OneOf(" in source


def test_a_chain_of_words_for_stamps_is_found(rng: random.Random) -> None:
    documents = [
        {"_id": made_at(rng, day), "v": stamp, key: 1}
        for day, (stamp, key) in enumerate([("one", "a"), ("two", "b"), ("three", "c")])
        for _ in range(10)
    ]
    assert [shape.stamp for shape in infer(documents).shapes] == ["one", "two", "three"]


def test_a_counter_is_no_stamp() -> None:
    documents = [{"_id": number, "version": number % 5, "title": "x"} for number in range(100)]
    inference = infer(documents)
    assert inference.stamp is None
    assert len(inference.shapes) == 1


def test_keys_that_are_data_become_a_map() -> None:
    documents = [{"_id": number, "hits": {f"page{number}": number, "all": 1}} for number in range(40)]
    documents += [{"_id": 100 + number, "hits": {}} for number in range(60)]
    assert "hits = Field({str: int}, " in infer(documents).source().replace(
        "S.Object({str: int}", "{str: int}, "
    )


def test_a_value_that_may_have_gone_to_two_places_is_not_moved() -> None:
    old = [{"_id": number, "a": {"mail": "x"}} for number in range(30)]
    new = [{"_id": 100 + number, "b": {"mail": "x"}, "c": {"mail": "x"}} for number in range(30)]
    inference = infer([*old, *new])
    assert inference.steps == ((),)
    assert "# No step accounts for 'a':" in inference.source()


def test_a_key_that_a_class_needs_itself_is_reached_by_another_attribute() -> None:
    inference = infer([{"_id": 1, "items": [1], "class": "a", "two words": 1, "__x": 1}], "docs")
    source = inference.source()
    for line in (
        "items_ = Field('items', [int])",
        "class_ = Field('class', str)",
        "two_words_ = Field('two words', int)",
        "x_ = Field('__x', int)",
    ):
        assert f"    {line}\n" in source
    (document,) = read_all(inference, [{"_id": 1, "items": [1]}])
    assert (document.items_, dict(document)["items"]) == ([1], [1])


def test_extra_documents_count_for_nothing_but_are_read() -> None:
    inference = infer([{"_id": 1, "a": 1}] * 30, "docs", extra=[{"_id": 2, "a": "x"}])
    assert [shape.share for shape in inference.shapes] == [1.0]
    assert "a = Field(S.Anything(required=True))" in inference.source()


def test_nothing_makes_an_empty_class() -> None:
    inference = infer([], "empty things")
    assert find_manager(newest_class(inference)) is not None
    assert inference.to_json()["documents"] == 0


def test_the_report_is_json(rng: random.Random) -> None:
    report = infer(people(rng, 1, 50, stamped=True), "people").to_json()
    assert json.loads(json.dumps(report)) == report
    assert report["stamp"] == "version"
    assert [shape["name"] for shape in report["shapes"]] == ["People"]


@pytest.mark.parametrize("declare", [model_chains.people, model_chains.pages, model_chains.orders])
def test_classes_for_edge_values_read_every_document(declare: Any) -> None:
    versions = chain_of(declare()[-1]).versions
    documents = [
        {**document, "_id": f"{number}-{index}"}
        for number, version in enumerate(versions)
        for index, document in enumerate(islice(generated(version.schema, seed=number), 150))
    ]
    assert len(read_all(infer(documents, "docs"), documents)) == len(documents)


# -- whatever the documents are -----------------------------------------------------------------------

keys = st.sampled_from(
    [
        "a",
        "b",
        "A",
        "class",
        "m",
        "items",
        "two words",
        "a.b",
        "$a",
        "",
        "_x",
        "__x",
        "é",
        "ﬁ",
        "1",
        "S",
        "version",
    ]
)
stored = st.recursive(
    stored_scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)
collections = st.lists(st.dictionaries(keys, stored, max_size=5), max_size=8).map(
    lambda bodies: [{**body, "_id": number} for number, body in enumerate(bodies * 4)]
)


@settings(max_examples=150)
@given(
    documents=collections, name=st.sampled_from(["docs", "", 'a"""b', "Fields", "document", "1 2", "a.b\\n"])
)
def test_whatever_the_documents_are_the_classes_read_them(documents: list[Document], name: str) -> None:
    documents = [bson.decode(bson.encode(document)) for document in documents]
    before = copy.deepcopy(documents)
    inference = infer(documents, name)
    assert len(read_all(inference, documents)) == len(documents)
    assert repr(documents) == repr(before)
    assert sum(shape.count for shape in inference.shapes) == len(documents)


def test_the_door_has_both_faces() -> None:
    assert {"infer_collection", "ainfer_collection"} <= set(door.__all__)
