"""Saving a document whose upgrade the server computes: nobody else's change is lost, only the same ones collide."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from harness.chains import declare
from harness.faces import Face
from pymongo import WriteConcern

from ming import evolve as E
from ming import schema as S
from ming._flows.origins import is_upgraded
from ming.exc import HybridDocument, StaleObject

pytestmark = pytest.mark.usefixtures("loader")

OLD = {
    "_id": 1,
    "v": 1,
    "name": "Ann Lee",
    "email": "ann@example.org",
    "address": {"city": "Graz", "street": "Ring", "zip": 8010},
    "tags": ["a"],
    "logins": 1,
    "hits": 5,
}
NEW = {
    "_id": 1,
    "v": 3,
    "first": "Ann",
    "last": "Lee",
    "contact": {"email": "ann@example.org"},
    "town": "Graz",
    "address": {"street": "Ring", "zip": 8010},
    "labels": ["a"],
    "logins": 1,
    "hits": 5,
}


def people(face: Face, *, stamped: bool = True, **options: Any) -> Any:
    """Two hops, which the server can make."""
    base = {"name": str, "tags": [str], "logins": int, "address": {"street": str, "city": str}, "email": str}
    moved = {"name": str, "tags": [str], "logins": int, "address": {"street": str}, "town": str}
    contact = {"contact": {"email": str}}
    new = {"first": str, "last": str, "labels": [str], "logins": int, "address": {"street": str}, "town": str}
    return declare(
        face.sync_session,
        {"v": S.Value(1, required=True), **base} if stamped else base,
        {
            "v": S.Value(2, required=True),
            **moved,
            **contact,
            "migrate": E.steps(E.move("email", "contact.email"), E.move("address.city", "town")),
        },
        {
            "v": S.Value(3, required=True),
            **new,
            **contact,
            "lang": S.String(if_missing="en"),
            "migrate": E.steps(E.split("name", into=("first", "last"), sep=" "), E.move("tags", "labels")),
        },
        **options,
    )


async def put(face: Face, raw: dict[str, Any]) -> None:
    await face.raw["docs"].insert_one(copy.deepcopy(raw))


async def stored(face: Face) -> Any:
    """The only document."""
    (raw,) = await face.raw["docs"].find({}).to_list()
    return raw


async def others(face: Face, update: Any) -> None:
    """Somebody else updates the document in its old form."""
    assert (await face.raw["docs"].update_one({"_id": 1, "v": 1}, update)).matched_count == 1


async def read(face: Face, raw: dict[str, Any] = OLD, **options: Any) -> Any:
    await put(face, raw)
    return await face.session.get(people(face, **options), _id=1)


def recorded(face: Face, before: Callable[[str], None] = lambda verb: None) -> list[str]:
    """The verbs that the session calls from now on; something may happen before each."""
    verbs: list[str] = []
    session: Any = face.sync_session if face.kind == "sync" else face.session
    call = session.call

    def calling(manager: Any, verb: str, *args: Any, **kwargs: Any) -> Any:
        before(verb)
        verbs.append(verb)
        return call(manager, verb, *args, **kwargs)

    session.call = calling
    return verbs


async def test_a_save_stores_upgrade_and_changes(face: Face) -> None:
    person = await read(face)
    person.last = "Berg"
    person.labels.append("b")
    del person["town"]
    await face.session.save(person)
    assert await stored(face) == {
        **{key: value for key, value in NEW.items() if key != "town"},
        "last": "Berg",
        "labels": ["a", "b"],
        # Validation fills in what a field says.
        "town": None,
    }
    assert not is_upgraded(person)


async def test_what_others_do_meanwhile_is_kept_and_shown(face: Face) -> None:
    person = await read(face)
    person.last = "Berg"
    await others(
        face,
        {
            "$inc": {"logins": 1, "hits": 1},
            "$push": {"tags": "theirs"},
            "$set": {"address.zip": 8020, "email": "new@example.org", "more": 1},
        },
    )
    verbs = recorded(face)
    await face.session.save(person)
    # It needs no second attempt.
    assert verbs == ["update_one", "find_one"]
    assert await stored(face) == {
        **NEW,
        "last": "Berg",
        "logins": 2,
        "hits": 6,
        "labels": ["a", "theirs"],
        "address": {"street": "Ring", "zip": 8020},
        "contact": {"email": "new@example.org"},
        "more": 1,
    }
    assert (person.logins, person.labels, person.contact.email) == (2, ["a", "theirs"], "new@example.org")
    assert person.lang == "en"
    # The next save starts from there.
    person.logins = 10
    verbs.clear()
    await face.session.save(person)
    assert verbs == ["update_one"]
    assert (await stored(face))["logins"] == 10


@pytest.mark.parametrize(
    ("field", "value", "theirs"),
    [
        ("last", "Berg", {"$set": {"name": "Eva Lee-Berg"}}),
        ("labels", ["b"], {"$push": {"tags": "theirs"}}),
        ("contact", {"email": "mine"}, {"$set": {"email": "theirs"}}),
        ("town", "Wien", {"$set": {"address.city": "Linz"}}),
        ("town", "Wien", {"$unset": {"address": ""}}),
    ],
)
async def test_the_same_change_by_another_name_is_a_collision(
    face: Face, field: str, value: Any, theirs: Any
) -> None:
    person = await read(face)
    person[field] = value
    await others(face, theirs)
    before = await stored(face)
    with pytest.raises(StaleObject) as caught:
        await face.session.save(person)
    assert caught.value.fields == (field,)
    assert await stored(face) == before
    assert is_upgraded(person)


async def test_a_source_changed_to_the_same_value_is_no_collision(face: Face) -> None:
    person = await read(face)
    person.last = "Berg"
    # The first name was the other half of the same field.
    await others(face, {"$set": {"name": "Eva Lee"}})
    await face.session.save(person)
    assert (await stored(face))["first"] == "Eva"
    assert (person.first, person.last) == ("Eva", "Berg")


async def test_somebody_else_upgraded_it_meanwhile(face: Face) -> None:
    person = await read(face)
    person.last = "Berg"
    await face.raw["docs"].replace_one({"_id": 1}, {**NEW, "logins": 7})
    await face.session.save(person)
    assert await stored(face) == {**NEW, "last": "Berg", "logins": 7}
    assert person.logins == 7


async def test_somebody_else_made_one_hop_meanwhile(face: Face) -> None:
    person = await read(face)
    person.last = "Berg"
    await others(
        face,
        {
            "$set": {"v": 2, "town": "Graz", "contact": {"email": "ann@example.org"}},
            "$unset": {"email": "", "address.city": ""},
        },
    )
    await face.session.save(person)
    assert await stored(face) == {**NEW, "last": "Berg"}


async def test_nothing_is_upgraded_twice(face: Face) -> None:
    fields = {"status": str, "n": int}
    cls = declare(
        face.sync_session,
        {"v": 1, **fields},
        {"v": 2, **fields, "migrate": E.steps(E.map("status", {"a": "b", "b": "c"}))},
    )
    await put(face, {"_id": 1, "v": 1, "status": "a", "n": 1})
    found = await face.session.get(cls, _id=1)
    found.n = 5
    await face.raw["docs"].replace_one({"_id": 1}, {"_id": 1, "v": 2, "status": "b", "n": 1})
    await face.session.save(found)
    assert await stored(face) == {"_id": 1, "v": 2, "status": "b", "n": 5}


async def test_a_step_that_replaces_does_not_replace_what_turns_up(face: Face) -> None:
    cls = declare(
        face.sync_session,
        {"v": 1, "n": int},
        {"v": 2, "n": int, "lang": str, "migrate": E.steps(E.const("lang", "en"))},
    )
    await put(face, {"_id": 1, "v": 1, "n": 1})
    found = await face.session.get(cls, _id=1)
    await others(face, {"$set": {"lang": "theirs"}})
    with pytest.raises(HybridDocument, match="would overwrite the stored lang"):
        await face.session.save(found)
    assert await stored(face) == {"_id": 1, "v": 1, "n": 1, "lang": "theirs"}


async def test_deleted_meanwhile(face: Face) -> None:
    person = await read(face)
    await face.raw["docs"].delete_one({"_id": 1})
    with pytest.raises(StaleObject, match="deleted since it was read"):
        await face.session.save(person)
    assert await face.raw["docs"].find({}).to_list() == []


async def test_keys_of_a_newer_version_that_turn_up_are_not_overwritten(face: Face) -> None:
    person = await read(face)
    await others(face, {"$set": {"labels": ["theirs"]}})
    await face.session.save(person)
    # A step does not replace what is there.
    assert await stored(face) == {**NEW, "labels": ["theirs"], "tags": ["a"]}
    assert person.labels == ["theirs"]


async def test_keys_of_a_newer_version_that_turn_up_collide_with_changes(face: Face) -> None:
    person = await read(face)
    person.labels.append("mine")
    await others(face, {"$set": {"labels": ["theirs"]}})
    with pytest.raises(StaleObject) as caught:
        await face.session.save(person)
    assert caught.value.fields == ("labels",)
    assert await stored(face) == {**OLD, "labels": ["theirs"]}


async def test_values_are_no_expressions(face: Face) -> None:
    person = await read(face)
    person.last, person.labels, person.contact = "$logins", ["$$ROOT"], {"email": "$email"}
    await face.session.save(person)
    raw = await stored(face)
    assert (raw["last"], raw["labels"], raw["contact"]) == ("$logins", ["$$ROOT"], {"email": "$email"})


async def test_a_sub_document_is_replaced_and_not_merged(face: Face) -> None:
    person = await read(face)
    person.address = {"street": "Allee"}
    await face.session.save(person)
    assert (await stored(face))["address"] == {"street": "Allee"}


async def test_defaults_are_filled_in_by_reading_alone(face: Face) -> None:
    person = await read(face)
    await face.session.save(person)
    assert await stored(face) == NEW
    person.lang = "de"
    await face.session.save(person)
    assert await stored(face) == {**NEW, "lang": "de"}


async def test_named_fields_are_stored_and_others_stay_in_memory(face: Face) -> None:
    person = await read(face)
    person.last, person.town = "Berg", "Wien"
    await face.session.save(person, "last")
    assert await stored(face) == {**NEW, "last": "Berg"}
    assert person.town == "Wien"
    await face.session.save(person)
    assert await stored(face) == {**NEW, "last": "Berg", "town": "Wien"}


async def test_what_stays_in_memory_collides_later(face: Face) -> None:
    person = await read(face)
    person.last, person.town = "Berg", "Wien"
    await others(face, {"$set": {"address.city": "Linz"}})
    verbs = recorded(face)
    await face.session.save(person, "last")
    assert verbs == ["update_one", "find_one"]
    assert person.town == "Wien"
    with pytest.raises(StaleObject) as caught:
        await face.session.save(person)
    assert caught.value.fields == ("town",)
    assert await stored(face) == {**NEW, "last": "Berg", "town": "Linz"}


@pytest.mark.parametrize("method", ["set", "increase_field", "upsert"])
async def test_partial_writes_store_the_upgrade_first(face: Face, method: str) -> None:
    person = await read(face)
    await others(face, {"$inc": {"hits": 1}})
    if method == "set":
        await face.session.set(person, {"logins": 10})
    elif method == "increase_field":
        await face.session.increase_field(person, logins=10)
    else:
        person.logins = 10
        await face.session.upsert(person, "_id")
    raw = await stored(face)
    assert {key: raw[key] for key in NEW} == {**NEW, "logins": 10, "hits": 6}


async def test_a_change_between_storing_and_looking_is_not_overwritten_later(face: Face) -> None:
    person = await read(face)
    person.last = "Berg"

    def interfere(verb: str) -> None:
        if verb == "find_one":
            face.sync_session.db["docs"].update_one({"_id": 1}, {"$set": {"last": "theirs", "town": "Linz"}})

    verbs = recorded(face, before=interfere)
    await face.session.save(person)
    assert verbs == ["update_one", "find_one"]
    assert (person.last, person.town) == ("Berg", "Linz")
    person.logins = 3
    await face.session.save(person)
    assert (await stored(face))["last"] == "theirs"
    person.last = "again"
    with pytest.raises(StaleObject):
        await face.session.save(person)


@pytest.mark.parametrize("change", [{"$set": {"logins": "no number"}}, {"$set": {"v": 4}}])
async def test_a_change_after_storing_that_cannot_be_read_is_its_readers_business(
    face: Face, change: Any
) -> None:
    person = await read(face)
    person.last = "Berg"

    def interfere(verb: str) -> None:
        if verb == "find_one":
            face.sync_session.db["docs"].update_one({"_id": 1}, change)

    recorded(face, before=interfere)
    await face.session.save(person)
    assert (person.last, person.logins) == ("Berg", 1)
    assert not is_upgraded(person)


async def test_deleted_after_it_was_stored(face: Face) -> None:
    person = await read(face)
    recorded(
        face, before=lambda verb: verb == "find_one" and face.sync_session.db["docs"].delete_one({"_id": 1})
    )
    await face.session.save(person)
    assert person.first == "Ann"
    assert await face.raw["docs"].find({}).to_list() == []


async def test_an_oldest_version_without_a_stamp(face: Face) -> None:
    raw = {key: value for key, value in OLD.items() if key != "v"}
    person = await read(face, raw, stamped=False)
    person.last = "Berg"
    await face.raw["docs"].update_one({"_id": 1}, {"$inc": {"logins": 1}})
    verbs = recorded(face)
    await face.session.save(person)
    assert verbs == ["update_one", "find_one"]
    assert await stored(face) == {**NEW, "last": "Berg", "logins": 2}


async def test_unknown_keys_may_be_meant_to_go(face: Face) -> None:
    person = await read(face, unknown="strip")
    await face.session.save(person)
    raw = await stored(face)
    assert "hits" not in raw
    assert raw["address"] == {"street": "Ring"}


async def test_a_case_that_a_collation_ignores_is_a_change(face: Face) -> None:
    await face.raw.create_collection("docs", collation={"locale": "en", "strength": 2})
    person = await read(face, {**OLD, "email": "Ann@example.org"})
    person.contact = {"email": "mine"}
    await others(face, {"$set": {"email": "ann@example.org"}})
    with pytest.raises(StaleObject):
        await face.session.save(person)


async def test_a_save_that_nobody_waits_for(face: Face) -> None:
    person = await read(face, write_concern=WriteConcern(w=0))
    result = await face.session.save(person)
    assert not result.acknowledged
    # A read on the same connection comes after the write.
    for _ in range(100):
        if (await stored(face))["v"] == 3:
            break
    assert await stored(face) == NEW


async def test_only_python_can_make_a_hop(face: Face) -> None:
    cls = declare(
        face.sync_session,
        {"v": 1, "n": int, "a": str},
        {
            "v": 2,
            "k": int,
            "a": str,
            "filled": S.Int(if_missing=7),
            "migrate": E.steps(E.python(_counted, reads=["n"], writes=["k"]), E.drop("n")),
        },
    )
    await put(face, {"_id": 1, "v": 1, "n": 1, "a": "x"})
    found = await face.session.get(cls, _id=1)
    found.a = "mine"
    await others(face, {"$inc": {"n": 1}})
    await face.session.save(found)
    assert await stored(face) == {"_id": 1, "v": 2, "k": 2, "a": "mine"}
    assert found.k == 2


def _counted(raw: dict[str, Any]) -> dict[str, Any]:
    return {**raw, "k": raw["n"]}


async def test_reading_stores_what_the_server_computes(face: Face) -> None:
    await put(face, OLD)

    def interfere(verb: str) -> None:
        if verb == "bulk_write":
            face.sync_session.db["docs"].update_one({"_id": 1}, {"$inc": {"logins": 1}})

    verbs = recorded(face, before=interfere)
    person = await face.session.get(people(face, on_load="on_read"), _id=1)
    assert verbs == ["find_one", "bulk_write"]
    assert await stored(face) == {**NEW, "logins": 2}
    assert (person.logins, is_upgraded(person)) == (1, False)
    person.logins = 5
    # Somebody counted meanwhile.
    with pytest.raises(StaleObject):
        await face.session.save(person)
    assert (await stored(face))["logins"] == 2


async def test_an_aborted_transaction_takes_it_back(face: Face) -> None:
    person = await read(face)
    person.last = "Berg"

    async def save_and_fail() -> None:
        async with face.session.transaction():
            await face.session.save(person)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await save_and_fail()
    assert await stored(face) == OLD
    assert is_upgraded(person)
    await face.session.save(person)
    assert await stored(face) == {**NEW, "last": "Berg"}
