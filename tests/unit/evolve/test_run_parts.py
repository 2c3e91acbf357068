"""Parts of bulk runs that need no server."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from harness.bulk import people
from harness.chains import declare
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DuplicateKeyError,
    NotPrimaryError,
    OperationFailure,
    ServerSelectionTimeoutError,
    WriteError,
)

from ming._base_manager import manager_of
from ming._drive import run
from ming._flows.operations import CallHook, FindOne, Sleep
from ming._values import Missing
from ming.evolve.runs import Change, RunOptions
from ming.evolve.runs.identity import ChainIdentity
from ming.evolve.runs.patience import is_transient, patient
from ming.evolve.runs.samples import changes_between
from ming.evolve.runs.throttle import Throttle, lag_of

MANAGER: Any = manager_of(declare(None, {"n": int}))


class Flaky:
    """Answers with errors, then with the last answer for ever; remembers how long it was made to wait."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls = 0
        self.slept: list[float] = []
        monkeypatch.setattr(Sleep, "perform", lambda sleep, session: self.slept.append(sleep.seconds))

    def call(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def find() -> Any:
    return (yield from FindOne(MANAGER, {}))


TRANSIENT = [
    AutoReconnect("gone"),
    NotPrimaryError("not primary"),
    ServerSelectionTimeoutError("none"),
    BulkWriteError({"writeErrors": [], "writeConcernErrors": [{"code": 91}]}),
]
LASTING = [
    WriteError("no", 121),
    DuplicateKeyError("twice", 11000),
    OperationFailure("not allowed", 13),
    BulkWriteError({"writeErrors": [{"index": 0}], "writeConcernErrors": []}),
    ZeroDivisionError(),
]


@pytest.mark.parametrize("error", TRANSIENT, ids=lambda error: type(error).__name__)
def test_calls_are_made_again_after_errors_that_pass(error: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_transient(error)
    session = Flaky(monkeypatch, error, error, error, {"_id": 1})
    assert run(patient(find()), session) == {"_id": 1}  # type: ignore[arg-type]
    assert session.calls == 4
    first, second, third = session.slept
    assert 0 < first < 2 * second < 8 * third


@pytest.mark.parametrize("error", LASTING, ids=lambda error: type(error).__name__)
def test_other_errors_are_raised_at_once(error: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_transient(error)
    session = Flaky(monkeypatch, error)
    with pytest.raises(type(error)):
        run(patient(find()), session)  # type: ignore[arg-type]
    assert session.calls == 1


def test_patience_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Flaky(monkeypatch, AutoReconnect("gone"))
    with pytest.raises(AutoReconnect):
        run(patient(find(), patience=0), session)  # type: ignore[arg-type]
    assert session.calls == 1


def test_hooks_are_called_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def hook() -> None:
        calls.append(1)
        raise AutoReconnect("of the hook's own")

    def flow() -> Any:
        try:
            yield from CallHook(hook)
        except AutoReconnect:
            return "told"

    assert run(patient(flow()), Flaky(monkeypatch, None)) == "told"  # type: ignore[arg-type]
    assert calls == [1]


def member(state: int, second: int, health: float = 1.0) -> dict[str, Any]:
    return {"state": state, "health": health, "optimeDate": datetime.datetime(2026, 1, 1, 0, 0, second)}


@pytest.mark.parametrize(
    ("members", "lag"),
    [
        ([member(1, 9)], 0),
        ([member(1, 9), member(2, 9), member(2, 4)], 5),
        ([member(1, 9), member(2, 8), member(2, 0, health=0)], 1),
        ([member(1, 9), member(2, 7), member(7, 0), {"state": 8, "health": 0}], 2),
        ([member(2, 7), member(2, 3)], 0),
    ],
)
def test_the_lag_is_that_of_the_slowest_living_secondary(members: Any, lag: float) -> None:
    assert lag_of({"members": members}) == lag


def test_changes_are_told_by_path() -> None:
    before = {"a": 1, "b": {"c": 1, "d": [1, {"e": 1}]}, "f": None, "same": {"x": [1]}}
    after = {"b": {"c": 1.0, "d": [1, {"e": 2}], "g": 0}, "f": {}, "same": {"x": [1]}}
    assert list(changes_between(before, after)) == [
        Change("a", 1, Missing),
        Change("b.c", 1, 1.0),
        Change("b.d", [1, {"e": 1}], [1, {"e": 2}]),
        Change("b.g", Missing, 0),
        Change("f", None, {}),
    ]


def identity(cls: Any) -> ChainIdentity:
    return ChainIdentity(manager_of(cls).chain)


@pytest.mark.parametrize("way", ["steps", "functions"])
def test_the_same_declarations_mean_the_same(way: Any) -> None:
    one, other = identity(people(None, way)), identity(people(None, way))
    assert one.hash == other.hash
    assert other.differences_to(one.to_record()) == []


def test_a_function_with_another_text_means_something_else() -> None:
    def chain(migrate: Any) -> Any:
        return identity(declare(None, {"v": 1, "a": int}, {"v": 2, "b": int, "migrate": migrate}))

    one = chain(lambda old: {"b": old.a})
    other = chain(lambda old: {"b": old.a + 1})
    assert one.hash != other.hash
    (line,) = other.differences_to(one.to_record())
    assert line.startswith("~ version 2.migrate.source: ")


def test_a_worker_waits_until_the_secondaries_have_caught_up() -> None:
    told = iter([{"members": [member(1, 9), member(2, second)]} for second in (2, 5, 8)])
    refreshed = []

    class Job:
        options = RunOptions(max_lag=2.0)
        is_open = True

        def refresh(self) -> Any:
            refreshed.append(1)
            yield from ()

    done: list[str] = []

    def wait() -> Any:
        flow = Throttle(Job()).wait_for_secondaries()  # type: ignore[arg-type]
        reply: Any = None
        while True:
            try:
                operation = flow.send(reply)
            except StopIteration:
                return
            done.append(type(operation).__name__)
            reply = None if isinstance(operation, Sleep) else next(told)

    wait()
    assert done == ["RunAdminCommand", "Sleep", "RunAdminCommand", "Sleep", "RunAdminCommand"]
    assert len(refreshed) == 2
