"""Sessions that are another one in every thread or context."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from harness.stores import MimStore

from ming import Session, create_datastore
from ming import schema as S
from ming.odm import (
    ContextualODMSession,
    FieldProperty,
    MappedClass,
    MapperExtension,
    ODMSession,
    SessionExtension,
    ThreadLocalODMSession,
    session,
    state,
)
from ming.odm.registry import REGISTRY


@pytest.fixture
def datastore() -> Iterator[Any]:
    store = MimStore()
    with REGISTRY.preserved():
        yield create_datastore(store.uri())
    ThreadLocalODMSession.close_all()
    store.drop()


def page_class(proxy: Any, **options: Any) -> Any:
    class Page(MappedClass):
        __mongometa__ = type("__mongometa__", (), {"name": "page", "session": proxy, **options})

        _id = FieldProperty(S.Int)
        title = FieldProperty(str)

    return Page


def in_thread(function: Callable[[], Any]) -> Any:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


def test_each_thread_has_its_own(datastore: Any) -> None:
    proxy = ThreadLocalODMSession(bind=datastore)
    page = page_class(proxy)
    one = page(_id=1)
    assert (session(page), session(one)) == (proxy, proxy._get())
    assert isinstance(proxy._get(), ODMSession)

    def other() -> Any:
        assert list(proxy.uow) == []
        two = page(_id=2)
        ThreadLocalODMSession.flush_all()
        ThreadLocalODMSession.close_all()
        return state(two).status, session(one) is proxy._get()

    assert in_thread(other) == ("clean", False)
    assert datastore.db.page.distinct("_id") == [2]
    assert state(one).status == "new"
    proxy.flush_all()
    assert sorted(datastore.db.page.distinct("_id")) == [1, 2]


def test_many_threads_at_once(datastore: Any) -> None:
    proxy = ThreadLocalODMSession(bind=datastore)
    page = page_class(proxy)
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(20):
                page(_id=number * 100 + step)
                ThreadLocalODMSession.flush_all()
                ThreadLocalODMSession.close_all()
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert datastore.db.page.count_documents({}) == 160


def test_closing_starts_anew(datastore: Any) -> None:
    proxy = ThreadLocalODMSession(bind=datastore)
    one = page_class(proxy)(_id=1)
    first = proxy._get()
    proxy.close()
    assert (state(one).session, proxy._get() is first) == (None, False)
    proxy.close()
    proxy.close()
    with proxy as entered:
        assert entered is proxy
        two = page_class(proxy)(_id=2)
    assert state(two).session is None


def test_what_is_set_stays_on_the_proxy(datastore: Any) -> None:
    proxy = ThreadLocalODMSession(bind=datastore)
    proxy.flag = 1
    assert proxy.flag == 1
    assert not hasattr(proxy._get(), "flag")
    proxy._get().flag = 2
    del proxy.flag
    assert proxy.flag == 2
    assert bool(proxy)
    assert repr(proxy).startswith("TLProxy of <session>")


def test_extensions_are_those_of_sessions_to_come(datastore: Any) -> None:
    class One(SessionExtension):
        pass

    class Two(SessionExtension):
        pass

    proxy = ThreadLocalODMSession(bind=datastore, extensions=(One,))
    assert [type(each) for each in proxy.extensions] == [One]
    proxy.register_extension(Two)
    assert [type(each) for each in proxy.extensions] == [One]
    assert proxy._kwargs["extensions"] == [One, Two]
    proxy.close()
    assert [type(each) for each in proxy.extensions] == [One, Two]
    assert proxy.extensions[0].session is proxy._get()


def test_a_hook_may_be_the_first_to_use_a_session(datastore: Any) -> None:
    logs = ThreadLocalODMSession(bind=datastore)
    log = page_class(logs)

    class Logging(MapperExtension):
        def after_insert(self, obj: Any, state: Any, session: Any) -> None:
            log(_id=obj._id + 100)

    page = page_class(ThreadLocalODMSession(bind=datastore), extensions=[Logging])
    page(_id=1)
    ThreadLocalODMSession.flush_all()
    assert sorted(datastore.db.page.distinct("_id")) == [1, 101]


def test_proxies_go_with_their_last_user(datastore: Any) -> None:
    proxy = ThreadLocalODMSession(bind=datastore)
    proxy.flush()
    assert proxy in ThreadLocalODMSession._used.proxies
    before = len(ThreadLocalODMSession._used.proxies)
    del proxy
    gc.collect()
    assert len(ThreadLocalODMSession._used.proxies) == before - 1


def test_named_proxies(datastore: Any) -> None:
    with mock.patch.object(Session, "_datastores", {"main": datastore}):
        assert ThreadLocalODMSession.by_name("unheard of") is None
        found = ThreadLocalODMSession.by_name("main")
        assert found.bind is datastore
        assert ThreadLocalODMSession.by_name("main") is found
        found.close()


# -- contexts of the application's choice


def test_each_context_has_its_own(datastore: Any) -> None:
    current = ["a"]
    proxy = ContextualODMSession(lambda: current[0], bind=datastore)
    page = page_class(proxy)
    one = page(_id=1)
    current[0] = "b"
    two = page(_id=2)
    assert (session(page), session(two) is proxy._get(), session(one) is session(two)) == (proxy, True, False)
    ContextualODMSession.flush_all("a")
    assert [state(each).status for each in (one, two)] == ["clean", "new"]
    ContextualODMSession.close_all("a")
    assert [state(each).session for each in (one, two)] == [None, proxy._get()]
    ContextualODMSession.flush_all("unheard of")
    ContextualODMSession.close_all("unheard of")
    assert list(proxy._registry) == ["b"]
    ContextualODMSession.close_all("b")
    assert list(proxy._registry) == []
    assert repr(proxy).startswith("CProxy of <session>")
    with proxy:
        page(_id=3)
    assert list(proxy._registry) == []


def test_contexts_may_be_threads_and_go_with_them(datastore: Any) -> None:
    proxy = ContextualODMSession(threading.current_thread, bind=datastore)
    page = page_class(proxy)

    def other() -> Any:
        page(_id=datastore.db.page.count_documents({}))
        ContextualODMSession.flush_all(threading.current_thread())
        return list(proxy.uow)

    assert [len(in_thread(other)) for _ in range(2)] == [1, 1]
    gc.collect()
    assert [reference() for reference in proxy._registry if reference() is not threading.main_thread()] == []
    assert datastore.db.page.count_documents({}) == 2


def test_a_hook_may_be_the_first_to_use_a_contextual_session(datastore: Any) -> None:
    logs = ContextualODMSession(lambda: 1, bind=datastore)
    log = page_class(logs)

    class Logging(SessionExtension):
        def after_flush(self, obj: Any = None) -> None:
            log(_id=5)

    proxy = ContextualODMSession(lambda: 1, bind=datastore, extensions=[Logging])
    page_class(proxy)(_id=1)
    ContextualODMSession.flush_all(1)
    ContextualODMSession.close_all(1)
    assert sorted(datastore.db.page.distinct("_id")) == [1, 5]


def test_a_contextual_session_takes_extensions_for_the_current_context(datastore: Any) -> None:
    current = ["a"]
    proxy = ContextualODMSession(lambda: current[0], bind=datastore)
    proxy.register_extension(SessionExtension)
    assert len(proxy.extensions) == 1
    current[0] = "b"
    assert len(proxy.extensions) == 0
    assert not hasattr(ContextualODMSession, "by_name")
