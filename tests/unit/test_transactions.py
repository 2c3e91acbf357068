"""How a transaction ends: what is tried again, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
from pymongo.errors import OperationFailure, PyMongoError

from ming import AsyncSession, Session, _transactions


class ClientSession:
    """A client session of the driver that remembers how it is used; commits fail as told."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.calls: list[Any] = []
        self.in_transaction = False

    def start_transaction(self, **options: Any) -> None:
        self.calls.append(options or "start")
        self.in_transaction = True

    def commit_transaction(self) -> None:
        self.calls.append("commit")
        if self.failures:
            raise self.failures.pop(0)
        self.in_transaction = False

    def abort_transaction(self) -> None:
        self.calls.append("abort")
        self.in_transaction = False

    def __enter__(self) -> ClientSession:
        return self

    def __exit__(self, *error: object) -> None:
        self.calls.append("end")


class AsyncClientSession(ClientSession):
    async def start_transaction(self, **options: Any) -> None:  # type: ignore[override]
        super().start_transaction(**options)

    async def commit_transaction(self) -> None:  # type: ignore[override]
        super().commit_transaction()

    async def abort_transaction(self) -> None:  # type: ignore[override]
        super().abort_transaction()

    async def __aenter__(self) -> AsyncClientSession:
        return self

    async def __aexit__(self, *error: object) -> None:
        self.calls.append("end")


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def transact(kind: str, client_session: Any, error: Exception | None = None, **options: Any) -> None:
    """Run a block in a transaction, on either face; it raises the error, if there is one."""
    bind = mock.Mock()
    bind.bind.conn.start_session.return_value = client_session

    def block() -> None:
        client_session.calls.append("block")
        if error is not None:
            raise error

    async def main() -> None:
        async with AsyncSession(bind).transaction(**options):
            block()

    if kind == "async":
        asyncio.run(main())
        return
    with Session(bind).transaction(**options):
        block()


def client_session_of(kind: str, *failures: Exception) -> ClientSession:
    return (ClientSession if kind == "sync" else AsyncClientSession)(*failures)


def unknown_result(code: int | None = None) -> PyMongoError:
    error = OperationFailure("unknown", code)
    error._add_error_label("UnknownTransactionCommitResult")
    return error


def test_success_commits(kind: str) -> None:
    client_session = client_session_of(kind)
    transact(kind, client_session, max_commit_time_ms=5)
    assert client_session.calls == [{"max_commit_time_ms": 5}, "block", "commit", "end"]


def test_an_error_aborts(kind: str) -> None:
    client_session = client_session_of(kind)
    with pytest.raises(KeyError):
        transact(kind, client_session, KeyError())
    assert client_session.calls == ["start", "block", "abort", "end"]


def test_a_commit_of_unknown_outcome_is_tried_again(kind: str) -> None:
    client_session = client_session_of(kind, unknown_result(), unknown_result())
    transact(kind, client_session)
    assert client_session.calls == ["start", "block", "commit", "commit", "commit", "end"]


@pytest.mark.parametrize("error", [OperationFailure("no"), unknown_result(50)])
def test_other_failures_to_commit_propagate(kind: str, error: PyMongoError) -> None:
    client_session = client_session_of(kind, error)
    with pytest.raises(OperationFailure):
        transact(kind, client_session)
    assert client_session.calls == ["start", "block", "commit", "end"]


def test_patience_ends(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_transactions, "COMMIT_PATIENCE", -1)
    client_session = client_session_of(kind, unknown_result(), unknown_result())
    with pytest.raises(OperationFailure):
        transact(kind, client_session)
    assert client_session.calls.count("commit") == 1


def test_nothing_is_left_behind(kind: str) -> None:
    transact(kind, client_session_of(kind))
    assert _transactions._ambient.get() == {}


@contextmanager
def opened(bind: Any, client_session: ClientSession) -> Iterator[Any]:
    bind.bind.conn.start_session.return_value = client_session
    with Session(bind).transaction() as found:
        assert found is client_session
        yield found


def test_the_block_may_end_the_transaction_itself() -> None:
    client_session = ClientSession()
    with opened(mock.Mock(), client_session):
        client_session.abort_transaction()
    assert client_session.calls == ["start", "abort", "end"]
