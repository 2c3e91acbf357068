"""Bulk runs: ranges, passes, records, refusals, pauses, several workers, dry runs; by server and by Python."""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections.abc import Callable
from typing import Any

import bson
import pytest
from harness.bulk import Way, new_person, old_person, people
from harness.chains import declare
from harness.faces import Face

from ming import evolve as E
from ming import schema as S
from ming.evolve import runs
from ming.exc import DocumentTooNew, Invalid, MigrationError, MingConfigError, RunConflict

EVERY_TYPE = [
    bson.MinKey(),
    None,
    float("nan"),
    -1,
    2.5,
    bson.Int64(2**40),
    bson.Decimal128("1e30"),
    "",
    "a",
    {},
    {"a": 1},
    {"b": {"c": 1}},
    b"",
    b"xyz",
    bson.Binary(b"\0" * 16, 4),
    bson.ObjectId("0" * 24),
    bson.ObjectId("f" * 24),
    False,
    True,
    datetime.datetime(1960, 1, 1),
    datetime.datetime(2020, 1, 1),
    bson.Timestamp(1, 1),
    bson.Code("x"),
    bson.MaxKey(),
]
"""An ``_id`` of each type, in the order of the server."""


@pytest.fixture(params=["steps", "functions"])
def way(request: pytest.FixtureRequest) -> Way:
    """Who makes the hops: the server, or Python."""
    found: Way = request.param
    return found


async def fill(face: Face, documents: list[dict[str, Any]]) -> None:
    await face.raw["people"].insert_many(documents)


async def stored(face: Face) -> list[Any]:
    found: list[Any] = await face.raw["people"].find({}).sort("_id").to_list()
    return found


async def control(face: Face, **query: Any) -> list[Any]:
    found: list[Any] = await face.raw["ming_migrations"].find(query).sort("number").to_list()
    return found


def counts(of: tuple[runs.VersionCount, ...] | None) -> list[tuple[Any, str | None, bool, int]]:
    return [(each.stamp, each.version, each.is_old, each.count) for each in of or ()]


async def test_all_versions_become_the_newest(face: Face, way: Way) -> None:
    cls = people(face.sync_session, way)
    middle = {**new_person(3, visits=3), "_version": 2, "status": "I"}
    del middle["lang"]
    await fill(
        face, [old_person(1, 1, other={"a": [1]}), new_person(2), middle, old_person(4, 4, status="I")]
    )
    report = await face.session.migrate(cls)
    assert await stored(face) == [
        new_person(1, 1, other={"a": [1]}),
        new_person(2),
        new_person(3, 3, status="inactive"),
        new_person(4, 4, status="inactive"),
    ]
    assert (report.changed, report.conflicts, report.refused, report.left) == (3, 0, [], 0)
    assert (report.state, report.passes, report.is_complete) == ("done", 1, True)
    assert report.in_server is (way == "steps")
    assert (report.python_reason is None) is (way == "steps")
    assert counts(report.before) == [
        (1, "PersonV1", True, 2),
        (2, "PersonV2", True, 1),
        (3, "Person", False, 1),
    ]
    assert counts(report.after) == [(3, "Person", False, 4)]


@pytest.mark.parametrize("range_size", [1, 2, 5, 100])
async def test_ids_of_every_type(face: Face, way: Way, range_size: int) -> None:
    cls = people(face.sync_session, way)
    # Several of a type, so that ranges end inside of types and between them.
    ids = [*EVERY_TYPE, *range(10, 17), *"klmnop"]
    await fill(face, [old_person(each) for each in reversed(ids)])
    report = await face.session.migrate(cls, range_size=range_size)
    assert (report.seen, report.changed, report.passes) == (len(ids), len(ids), 1)
    assert await face.raw["people"].count_documents({"_version": 3, "lang": "en"}) == len(ids)
    ranges = await control(face, kind="range")
    assert all(each["done"] for each in ranges)
    assert [each["number"] for each in ranges] == list(range(len(ranges)))
    if range_size == 1:
        assert len(ranges) == len(ids)


async def test_a_range_has_no_more_documents_than_asked_for(face: Face) -> None:
    cls = people(face.sync_session)
    await fill(face, [old_person(number) for number in range(23)])
    await face.session.migrate(cls, range_size=5)
    assert [each["tally"]["changed"] for each in await control(face, kind="range")] == [5, 5, 5, 5, 3]


async def test_a_run_leaves_a_record(face: Face) -> None:
    cls = people(face.sync_session)
    await fill(face, [old_person(1)])
    report = await face.session.migrate(cls, control="my_runs")
    (record,) = await face.raw["my_runs"].find({"kind": "run"}).to_list()
    assert str(record["_id"]) == report.run_id
    assert (record["collection"], record["class"], record["active"]) == ("people", "Person", False)
    assert record["started"] <= record["finished"]
    assert await control(face) == []
    status = await runs_status(face, control="my_runs")
    assert (status.state, status.tally.changed, status.ranges_done, status.ranges) == ("done", 1, 1, 1)
    assert (status.leases, status.refused, counts(status.after)) == ((), (), [(3, "Person", False, 1)])


async def runs_status(face: Face, **options: Any) -> Any:
    found = runs.status(bound(face), "people", **options)
    return await found if face.kind == "async" else found


def bound(face: Face) -> Any:
    """The session itself, where the face's is one in async clothes."""
    return face.sync_session if face.kind == "sync" else face.session


async def test_there_is_no_status_without_a_run(face: Face) -> None:
    assert await runs_status(face) is None


async def test_later_runs_keep_the_refusals_of_earlier_ones_and_not_their_ranges(face: Face) -> None:
    cls = people(face.sync_session)
    await fill(face, [old_person(1), old_person(2, status="Q")])
    first = await face.session.migrate(cls)
    second = await face.session.migrate(cls)
    assert first.run_id != second.run_id
    assert [each["run"] for each in await control(face, kind="range")] == [bson.ObjectId(second.run_id)]
    assert len(await control(face, kind="refused")) == 2
    assert second.changed == 0


async def test_documents_that_do_not_fit_are_listed_and_left_alone(face: Face, way: Way) -> None:
    cls = people(face.sync_session, way)
    bad = [
        old_person(1, status="Q"),
        old_person(2, visits="many"),  # type: ignore[arg-type]
        {"_id": 3, "_version": 7},
        {"_id": 4},
    ]
    await fill(face, [*bad, old_person(5)])
    report = await face.session.migrate(cls)
    assert await stored(face) == [*bad, new_person(5)]
    assert [(document_id, type(error)) for document_id, error in report.refused] == [
        (1, Invalid),
        (2, Invalid),
        (3, DocumentTooNew),
        (4, Invalid),
    ]
    assert (report.changed, report.refused_count, report.left, report.passes) == (1, 4, 0, 1)
    assert not report.is_complete
    status = await runs_status(face)
    assert [(each.document_id, each.path, each.error) for each in status.refused[:2]] == [
        (1, "status", "Invalid"),
        (2, "visits", "Invalid"),
    ]
    assert "Q" in status.refused[0].reason


async def test_what_the_steps_make_of_a_document_must_be_valid(face: Face) -> None:
    # The map leaves other values alone, so nothing proves that they are among the new ones.
    cls = declare(
        face.sync_session,
        {"v": 1, "status": str},
        {
            "v": 2,
            "status": S.OneOf("active", "inactive"),
            "migrate": E.steps(E.map("status", {"A": "active"})),
        },
    )
    documents = [{"_id": number, "v": 1, "status": status} for number, status in enumerate("AAQA")]
    await face.raw["docs"].insert_many(documents)
    report = await face.session.migrate(cls)
    assert report.in_server
    assert (report.changed, [document_id for document_id, _ in report.refused]) == (3, [2])
    assert (await face.raw["docs"].find_one({"_id": 2})) == documents[2]


async def test_keys_in_the_way_of_steps_are_left_to_python(face: Face) -> None:
    cls = people(face.sync_session)
    documents = [
        old_person(1, first="Zoe"),
        old_person(2, contact=5),
        old_person(3, lang="de"),
        old_person(4),
    ]
    await fill(face, documents)
    report = await face.session.migrate(cls)
    assert [document_id for document_id, _ in report.refused] == [2]
    # As the server would: steps that do not fit leave a document as it is, and nothing is overwritten.
    first = {**new_person(1, first="Zoe"), "name": "Ann Number1"}
    del first["last"]
    assert await stored(face) == [first, documents[1], new_person(3, lang="de"), new_person(4)]


async def test_what_the_server_refuses_to_store_is_listed(face: Face, way: Way) -> None:
    cls = people(face.sync_session, way)
    await face.raw["people"].create_index("last", unique=True, partialFilterExpression={"_version": 3})
    await fill(face, [old_person(number, name=f"Ann {number // 2}") for number in range(8)])
    report = await face.session.migrate(cls, range_size=3)
    assert report.changed == 4
    assert [(document_id, type(error).__name__) for document_id, error in report.refused] == [
        (number, "DuplicateKeyError") for number in (1, 3, 5, 7)
    ]
    assert [raw["_version"] for raw in await stored(face)] == [3, 1] * 4
    assert {each.path for each in (await runs_status(face)).refused} == {"last"}


async def test_documents_that_grow_too_large_are_listed(face: Face, way: Way) -> None:
    cls = people(face.sync_session, way)
    large = old_person(2, other="")
    # As large as a document may be: any key more is too much.
    large["other"] = "x" * (16 * 1024 * 1024 - len(bson.encode(large)))
    await fill(face, [old_person(1), old_person(3)])
    await face.raw["people"].insert_one(large)
    report = await face.session.migrate(cls)
    assert [document_id for document_id, _ in report.refused] == [2]
    assert await face.raw["people"].find_one({"_id": 2}) == large
    assert report.changed == 2


async def test_large_documents_are_held_a_few_at_a_time(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    cls = people(face.sync_session, "functions")
    read: list[int] = []
    from ming.evolve.runs import python_range

    store = python_range._store

    def noted(holding: Any, upgrades: Any) -> Any:
        read.append(len(upgrades))
        return store(holding, upgrades)

    monkeypatch.setattr(python_range, "_store", noted)
    await fill(face, [old_person(number, other="x" * 3_000_000) for number in range(11)])
    assert (await face.session.migrate(cls)).changed == 11
    assert read == [5, 5, 1]


async def test_a_validator_has_its_say(face: Face, way: Way) -> None:
    cls = people(face.sync_session, way)
    await face.raw.create_collection("people")
    await fill(face, [old_person(1, 1), old_person(2, 2)])
    schema = {"properties": {"visits": {"minimum": 2}}, "required": ["visits"]}
    await face.raw.command({"collMod": "people", "validator": {"$jsonSchema": schema}})
    report = await face.session.migrate(cls)
    assert [document_id for document_id, _ in report.refused] == [1]
    assert [raw["_version"] for raw in await stored(face)] == [1, 3]
    assert [each.path for each in (await runs_status(face)).refused] == ["visits"]


async def test_old_documents_inserted_meanwhile_are_upgraded_by_another_pass(face: Face, way: Way) -> None:
    cls = people(face.sync_session, way)
    await fill(face, [old_person(number) for number in range(10)])
    late = [[old_person(-2)], [old_person(-5), old_person("x")]]
    collection = face.sync_session.db["people"]

    def insert(progress: runs.Progress) -> None:
        # Before what has been gone through, and of another type.
        if late and progress.ranges >= 3:
            collection.insert_many(late.pop())

    report = await face.session.migrate(cls, range_size=3, progress=insert)
    assert report.passes >= 2
    assert (report.changed, report.left) == (13, 0)
    assert {raw["_version"] for raw in await stored(face)} == {3}


async def test_progress_is_told_after_each_range(face: Face) -> None:
    cls = people(face.sync_session)
    await fill(face, [old_person(number) for number in range(5)])
    told: list[runs.Progress] = []

    async def note(progress: runs.Progress) -> None:
        told.append(progress)

    report = await face.session.migrate(cls, range_size=2, progress=note)
    assert [(each.ranges, each.changed, each.old, each.share) for each in told] == [
        (1, 2, 5, 0.4),
        (2, 4, 5, 0.8),
        (3, 5, 5, 1.0),
    ]
    assert {each.run_id for each in told} == {report.run_id}
    assert str(told[-1]).startswith("people: 5 changed (100%)")


async def test_several_workers_share_the_ranges(face: Face, way: Way) -> None:
    cls = people(face.sync_session, way)
    await fill(face, [old_person(number, number) for number in range(200)])
    report = await face.session.migrate(cls, range_size=7, workers=4)
    assert (report.seen, report.changed, report.refused) == (200, 200, [])
    assert await stored(face) == [new_person(number, number) for number in range(200)]
    ranges = await control(face, kind="range")
    assert [each["number"] for each in ranges] == list(range(29))


async def test_an_error_in_one_worker_ends_them_all_and_leaves_a_run_to_resume(face: Face) -> None:
    cls = people(face.sync_session)
    await fill(face, [old_person(number) for number in range(60)])

    def fail(progress: runs.Progress) -> None:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError):
        await face.session.migrate(cls, range_size=5, workers=3, progress=fail)
    ranges = await control(face, kind="range")
    assert 0 < len(ranges) < 12
    assert all(each["done"] or "owner" not in each for each in ranges)
    report = await face.session.migrate(cls, range_size=5)
    assert (report.changed, report.state) == (60, "done")


async def test_an_interrupted_run_gives_its_range_back(face: Face, caplog: pytest.LogCaptureFixture) -> None:
    # The hook has documents stored one by one, and interrupts in the middle of a range.
    seen = []

    def interrupt(person: Any) -> None:
        seen.append(person._id)
        if len(seen) == 5:
            raise KeyboardInterrupt

    cls = people(face.sync_session, before_save=interrupt)
    await fill(face, [old_person(number) for number in range(8)])
    with pytest.raises(KeyboardInterrupt), caplog.at_level(logging.WARNING):
        await face.session.migrate(cls, range_size=3)
    assert "to go on with it, migrate again" in caplog.text
    assert [("owner" in each, each["done"]) for each in await control(face, kind="range")] == [
        (False, True),
        (False, False),
    ]
    status = await runs_status(face)
    assert (status.state, status.leases) == ("running", ())
    report = await face.session.migrate(cls, range_size=3)
    assert report.run_id == status.run_id
    assert sorted(seen) == [0, 1, 2, 3, 4, 4, 5, 6, 7]
    # What was done to the range in the middle of which it was interrupted, is not counted.
    assert (report.changed, report.left) == (7, 0)


async def test_a_cancelled_task_gives_its_ranges_back(face: Face, way: Way) -> None:
    if face.kind == "sync":
        pytest.skip("only tasks are cancelled")
    cls = people(face.sync_session, way)
    await fill(face, [old_person(number) for number in range(300)])
    begun = asyncio.Event()

    async def begin(progress: runs.Progress) -> None:
        begun.set()

    run = asyncio.ensure_future(face.session.migrate(cls, range_size=5, workers=3, progress=begin))
    await begun.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert not any("owner" in each for each in await control(face, kind="range"))
    report = await face.session.migrate(cls, range_size=5)
    assert (report.state, report.left) == ("done", 0)
    assert await face.raw["people"].count_documents({"_version": 3}) == 300


async def test_the_range_of_a_dead_worker_goes_to_another_one(face: Face) -> None:
    cls = people(face.sync_session)
    await fill(face, [old_person(number) for number in range(9)])
    with pytest.raises(ZeroDivisionError):
        await face.session.migrate(cls, range_size=3, progress=lambda progress: 1 // 0)
    run = (await control(face, kind="run"))[0]["_id"]
    # As if its worker had died: the second range is leased, for a short while and for a long while.
    second = {"_id": f"{run}/1/1", "run": run, "kind": "range", "pass": 1, "collection": "people"}
    lease = {"number": 1, "lower": 3, "upper": 6, "following": 6, "done": False, "owner": "dead"}
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=0.6)
    await face.raw["ming_migrations"].insert_one({**second, **lease, "until": until})
    assert [each.owner for each in (await runs_status(face)).leases] == ["dead"]
    report = await face.session.migrate(cls, range_size=3)
    assert (report.changed, report.state) == (9, "done")
    assert report.seconds > 0.3


async def test_a_paused_run_is_resumed_by_migrating_again(face: Face, way: Way) -> None:
    cls = people(face.sync_session, way)
    await fill(face, [old_person(number) for number in range(20)])
    collection = face.sync_session

    def pause(progress: runs.Progress) -> None:
        # A callback comes after a worker has looked whether it is to go on, so one more range is taken.
        if progress.ranges == 2:
            assert runs.pause(collection, "people")

    paused = await face.session.migrate(cls, range_size=4, progress=pause)
    assert (paused.state, paused.changed, paused.after) == ("paused", 12, None)
    assert not paused.is_complete
    assert (await runs_status(face)).state == "paused"
    report = await face.session.migrate(cls, range_size=4)
    assert (report.run_id, report.state, report.changed) == (paused.run_id, "done", 20)
    assert not runs.pause(collection, "people")


async def test_a_run_that_was_given_up_stops(face: Face) -> None:
    cls = people(face.sync_session)
    await fill(face, [old_person(number) for number in range(20)])
    session = face.sync_session
    report = await face.session.migrate(
        cls, range_size=4, progress=lambda progress: runs.abandon(session, "people")
    )
    assert (report.state, report.changed) == ("abandoned", 8)
    again = await face.session.migrate(cls)
    assert again.run_id != report.run_id
    assert (again.state, again.changed) == ("done", 12)


async def test_programs_that_disagree_about_a_version_do_not_share_a_run(face: Face) -> None:
    steps, functions = people(face.sync_session), people(face.sync_session, "functions")
    await fill(face, [old_person(number) for number in range(10)])
    with pytest.raises(ZeroDivisionError):
        await face.session.migrate(steps, range_size=4, progress=lambda progress: 1 // 0)
    with pytest.raises(RunConflict) as refusal:
        await face.session.migrate(functions)
    error = refusal.value
    assert error.collection == "people"
    assert any(line.startswith("- version 2.migrate.step 1.kind") for line in error.differences)
    assert any(line.startswith("+ version 2.migrate.source") for line in error.differences)
    assert error.run_id in str(error)
    assert (await runs_status(face)).chain in str(error)
    with pytest.raises(RunConflict):
        await face.session.migrate(steps, to=2)
    report = await face.session.migrate(functions, resume=False)
    assert (report.state, report.changed) == ("done", 6)
    assert sorted(each["state"] for each in await control(face, kind="run")) == ["abandoned", "done"]


@pytest.mark.parametrize("name_target", [lambda cls: 2, lambda cls: cls.m.older.cls])
async def test_up_to_an_older_version(face: Face, way: Way, name_target: Callable[[Any], Any]) -> None:
    cls = people(face.sync_session, way)
    await fill(face, [old_person(1), new_person(2)])
    report = await face.session.migrate(cls, to=name_target(cls))
    first, second = await stored(face)
    assert (first["_version"], first["status"], first["contact"]) == (2, "A", {"email": "ann@example.org"})
    assert second == new_person(2)
    assert (report.changed, report.left, report.refused) == (1, 0, [])


@pytest.mark.parametrize("to", [1, 4, "2", S.Int])
async def test_a_target_that_is_none(face: Face, to: Any) -> None:
    cls = people(face.sync_session)
    with pytest.raises(MingConfigError, match="expected one of Person, PersonV2"):
        await face.session.migrate(cls, to=to)


@pytest.mark.parametrize(
    "options", [{"workers": 0}, {"duty": 0}, {"duty": 1.1}, {"max_lag": 0}, {"range_size": 0}, {"lease": 0}]
)
async def test_options_out_of_bounds(face: Face, options: Any) -> None:
    with pytest.raises(MingConfigError, match=f"migrate: {next(iter(options))}="):
        await face.session.migrate(people(face.sync_session), **options)


@pytest.mark.parametrize("options", [{"dry_run": True}, {"progress": print}, {"workers": 2}])
async def test_a_class_without_older_versions_takes_no_options(face: Face, options: Any) -> None:
    cls = people(face.sync_session).m.older.older.cls
    await fill(face, [old_person(1)])
    with pytest.raises(MingConfigError, match="has no version_of"):
        await face.session.migrate(cls, **options)


async def test_a_run_is_no_part_of_a_transaction(face: Face) -> None:
    cls = people(face.sync_session)
    await fill(face, [old_person(1)])
    async with face.session.transaction():
        with pytest.raises(MigrationError, match="transaction"):
            await face.session.migrate(cls)
    assert await stored(face) == [old_person(1)]


async def test_a_dry_run_writes_nothing_and_shows_what_would_change(face: Face, way: Way) -> None:
    cls = people(face.sync_session, way)
    documents = [old_person(number, other=1) for number in range(30)] + [
        old_person(30, status="Q"),
        new_person(31),
    ]
    await fill(face, documents)
    report = await face.session.migrate(cls, dry_run=True)
    assert await stored(face) == documents
    assert await face.raw.list_collection_names() == ["people"]
    assert (report.dry_run, report.is_complete, report.changed, report.refused_count) == (True, False, 0, 1)
    assert (
        counts(report.before) == counts(report.after) == [(1, "PersonV1", True, 31), (3, "Person", False, 1)]
    )
    # The first ten and the last ten.
    assert [sample.document_id for sample in report.samples] == [*range(10), *range(21, 31)]
    sample = report.samples[0]
    assert (sample.version, sample.before, sample.after) == ("PersonV1", documents[0], new_person(0, other=1))
    assert sample.problem is None
    assert sorted(map(str, sample.changes)) == [
        "+ contact: {'email': 'ann@example.org'}",
        "+ first: 'Ann'",
        "+ lang: 'en'",
        "+ last: 'Number0'",
        "- email: 'ann@example.org'",
        "- name: 'Ann Number0'",
        "~ _version: 1 -> 3",
        "~ age: '41' -> 41",
        "~ status: 'A' -> 'active'",
    ]
    refused = report.samples[-1]
    assert (refused.document_id, refused.after) == (30, None)
    assert "Q" in refused.problem


async def test_verifying_counts_what_is_old_and_what_is_invalid(face: Face) -> None:
    cls = people(face.sync_session)
    await fill(face, [old_person(1), old_person(2, status="Q"), new_person(3), new_person(4, lang=5)])
    found = runs.verify(bound(face), cls)
    verification = await found if face.kind == "async" else found
    assert counts(verification.counts) == [(1, "PersonV1", True, 2), (3, "Person", False, 2)]
    assert {each.version: each.count for each in verification.invalid} == {
        "PersonV1": 1,
        "PersonV2": 0,
        "Person": 1,
    }
    assert (verification.old, verification.is_clean) == (2, False)
    assert str(verification) == "people: 2 old, 2 invalid"


async def test_max_lag_without_a_replica_set_says_so_once(
    face: Face, caplog: pytest.LogCaptureFixture
) -> None:
    if face.store.kind == "mongod":
        pytest.skip("the test's server is a replica set")
    cls = people(face.sync_session)
    await fill(face, [old_person(number) for number in range(6)])
    with caplog.at_level(logging.WARNING):
        report = await face.session.migrate(cls, range_size=2, max_lag=1.0)
    assert report.changed == 6
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["people"]


async def test_a_run_at_half_duty_sleeps_as_long_as_it_works(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    cls = people(face.sync_session)
    await fill(face, [old_person(number) for number in range(6)])
    from ming._flows.operations import Sleep

    slept: list[float] = []
    monkeypatch.setattr(Sleep, "perform", lambda self, session: slept.append(self.seconds))

    async def aperform(self: Any, session: Any) -> None:
        slept.append(self.seconds)

    monkeypatch.setattr(Sleep, "aperform", aperform)
    await face.session.migrate(cls, range_size=2, duty=0.5)
    assert len(slept) == 3
    assert all(seconds > 0 for seconds in slept)


async def test_mapped_classes_are_migrated_by_their_session(face: Face, odm: Any) -> None:
    cls = people(face.sync_session)
    await fill(face, [old_person(1)])
    person = type("MappedPerson", (), {})
    odm.declared.mapper(person, cls)
    report = await odm.session.migrate(person)
    assert report.changed == 1
    assert await stored(face) == [new_person(1)]
