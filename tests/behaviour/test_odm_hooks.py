"""Extensions: in which order they are called, with what, and what they may do."""

from __future__ import annotations

from typing import Any

import pytest
from harness.odm import OdmFace

from ming import schema as S
from ming.odm import FieldProperty, MappedClass, MapperExtension, SessionExtension, state
from ming.odm.base import ObjectState

EVENTS = [f"{moment}_{event}" for moment in ("before", "after") for event in ("insert", "update", "delete")]


def page_class(odm: OdmFace, **options: Any) -> Any:
    meta = {"name": "page", "session": odm.declared, **options}

    class Page(MappedClass):
        __mongometa__ = type("__mongometa__", (), meta)

        _id = FieldProperty(S.ObjectId)
        title = FieldProperty(str)

    return Page


class Recorder:
    """Makes extensions that note their calls."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def session_extension(self, label: str) -> Any:
        hooks = {name: self._hook(label, name) for name in EVENTS}
        flush = {name: self._flush_hook(label, name) for name in ("before_flush", "after_flush")}
        removal = {name: self._plain(label, name) for name in ("before_remove", "after_remove")}
        return type(label, (SessionExtension,), {**hooks, **flush, **removal})

    def mapper_extension(self, label: str) -> Any:
        hooks = {name: self._hook(label, name) for name in EVENTS}
        removal = {name: self._plain(label, name) for name in ("before_remove", "after_remove")}
        return type(label, (MapperExtension,), {**hooks, **removal})

    def _hook(self, label: str, name: str) -> Any:
        def hook(extension: Any, obj: Any, st: Any, *session: Any) -> None:
            assert state(obj) is st
            self.events.append((label, name, st.status))

        return hook

    def _flush_hook(self, label: str, name: str) -> Any:
        def hook(extension: Any, obj: Any = None) -> None:
            self.events.append((label, name, obj))

        return hook

    def _plain(self, label: str, name: str) -> Any:
        def hook(extension: Any, *args: Any, **kwargs: Any) -> None:
            self.events.append((label, name, args, kwargs))

        return hook

    def taken(self) -> list[Any]:
        taken, self.events = self.events, []
        return taken


async def test_order_and_statuses(odm: OdmFace) -> None:
    noted = Recorder()
    beside = odm.another(extensions=[noted.session_extension("S1"), noted.session_extension("S2")])

    def before_save(document: Any) -> None:
        noted.events.append("before_save")

    page = page_class(
        beside,
        before_save=before_save,
        extensions=[noted.mapper_extension("M1"), noted.mapper_extension("M2")],
    )

    def around(event: str, before: str, after: str, *step: Any) -> list[Any]:
        return [
            ("S1", "before_flush", None),
            ("S2", "before_flush", None),
            *[(label, f"before_{event}", before) for label in ("S1", "S2", "M1", "M2")],
            *step,
            *[(label, f"after_{event}", after) for label in ("M1", "M2", "S1", "S2")],
            ("S1", "after_flush", None),
            ("S2", "after_flush", None),
        ]

    one = page(title="one")
    await beside.session.flush()
    assert noted.taken() == around("insert", "new", "clean", "before_save")
    one.title = "two"
    await beside.session.flush()
    assert noted.taken() == around("update", "dirty", "clean", "before_save")
    one.delete()
    await beside.session.flush()
    assert noted.taken() == around("delete", "deleted", "deleted")
    await beside.session.flush()
    assert [event[:2] for event in noted.taken()] == [
        (label, f"{moment}_flush") for moment in ("before", "after") for label in ("S1", "S2")
    ]


async def test_a_flush_of_one_object_names_it(odm: OdmFace) -> None:
    noted = Recorder()
    beside = odm.another(extensions=[noted.session_extension("S")])
    one = page_class(beside)(title="one")
    await beside.session.flush(one)
    first, *_, last = noted.taken()
    assert (first, last) == (("S", "before_flush", one), ("S", "after_flush", one))


async def test_removal_by_query(odm: OdmFace) -> None:
    noted = Recorder()
    beside = odm.another(extensions=[noted.session_extension("S")])
    page = page_class(beside, extensions=[noted.mapper_extension("M")])
    await odm.raw.page.insert_many([{"title": "a"}, {"title": "b"}])
    result = await beside.session.remove(page, {"title": "a"}, comment="c")
    assert result.deleted_count == 1
    session = beside.declared
    assert noted.taken() == [
        ("S", "before_remove", (page, {"title": "a"}), {"comment": "c"}),
        ("M", "before_remove", (session, {"title": "a"}), {"comment": "c"}),
        ("M", "after_remove", (session, {"title": "a"}), {"comment": "c"}),
        ("S", "after_remove", (page, {"title": "a"}), {"comment": "c"}),
    ]
    with pytest.raises(ValueError, match=r"Unexpected kwarg title\."):
        await beside.session.remove(page, title="b")
    await beside.session.remove(page)
    assert await odm.raw.page.count_documents({}) == 0


async def test_a_hook_that_raises(odm: OdmFace) -> None:
    events = []

    class Refuse(MapperExtension):
        def before_insert(self, obj: Any, state: Any, session: Any) -> None:
            if obj.title == "b":
                raise RuntimeError("no b")

        def after_insert(self, obj: Any, state: Any, session: Any) -> None:
            events.append(obj.title)

    class AfterFlush(SessionExtension):
        def after_flush(self, obj: Any = None) -> None:
            events.append("flushed")

    beside = odm.another(extensions=[AfterFlush])
    page = page_class(beside, extensions=[Refuse])
    found = [page(title=title) for title in "abc"]
    with pytest.raises(RuntimeError, match="no b") as caught:
        await beside.session.flush()
    assert caught.value.__notes__ == [f"in the insert of Page {found[1]._id!r}"]
    assert [state(each).status for each in found] == ["clean", "new", "new"]
    assert events == ["a"]
    found[1].title = "B"
    await beside.session.flush()
    assert events == ["a", "B", "c", "flushed"]


async def test_hooks_may_make_and_load_objects(odm: OdmFace) -> None:
    class Log(MappedClass):
        class __mongometa__:
            name = "log"
            session = odm.declared

        _id = FieldProperty(S.ObjectId)
        title = FieldProperty(str)

    class Logging(MapperExtension):
        def after_insert(self, obj: Any, state: Any, session: Any) -> None:
            Log(title=obj.title)
            session.find(Log, {})

    page = page_class(odm, extensions=[Logging])
    for title in "abc":
        page(title=title)
    await odm.session.flush()
    assert await odm.raw.log.distinct("title") == ["a", "b", "c"]
    assert {state(each).status for each in odm.declared.uow} == {"clean"}


async def test_what_a_hook_changes_after_the_step_stays_dirty(odm: OdmFace) -> None:
    class Change(MapperExtension):
        def before_insert(self, obj: Any, state: Any, session: Any) -> None:
            obj.title += " stored"

        def after_insert(self, obj: Any, state: Any, session: Any) -> None:
            obj.title += " later"

    one = page_class(odm, extensions=[Change])(title="one")
    await odm.session.flush()
    assert (await odm.raw.page.find_one())["title"] == "one stored"
    assert state(one).status == "dirty"
    await odm.session.flush()
    assert (await odm.raw.page.find_one())["title"] == "one stored later"


async def test_a_hook_may_call_off_what_comes_after(odm: OdmFace) -> None:
    class Choose(MapperExtension):
        def after_insert(self, obj: Any, state: Any, session: Any) -> None:
            if obj.title == "a":
                one, two, three = others
                session.expunge(one)
                two.__ming__.status = ObjectState.clean
                three.delete()

    page = page_class(odm, extensions=[Choose])
    first = page(title="a")
    others = [page(title=title) for title in "bcd"]
    await odm.session.flush()
    assert await odm.raw.page.distinct("title") == ["a"]
    assert list(odm.declared.uow) == [first, others[1]]


async def test_before_flush_may_suppress_saving(odm: OdmFace) -> None:
    class Suppress(SessionExtension):
        def before_flush(self, obj: Any = None) -> None:
            for each in list(self.session.uow.dirty):
                state(each).status = ObjectState.clean

    beside = odm.another(extensions=[Suppress])
    page = page_class(beside)
    one = page(title="one")
    await beside.session.flush()
    one.title = "two"
    await beside.session.flush()
    assert (await odm.raw.page.find_one())["title"] == "one"


async def test_a_hook_may_flush(odm: OdmFace) -> None:
    class Flush(MapperExtension):
        async def before_insert(self, obj: Any, state: Any, session: Any) -> None:
            await odm.session.flush()

    class FlushNow(MapperExtension):
        def before_insert(self, obj: Any, state: Any, session: Any) -> None:
            session.flush()

    page = page_class(odm, extensions=[Flush if odm.kind == "async" else FlushNow])
    found = [page(title=title) for title in "abc"]
    await odm.session.flush()
    assert await odm.raw.page.count_documents({}) == 3
    assert {state(each).status for each in found} == {"clean"}


async def test_hooks_may_be_coroutines_where_somebody_awaits(odm: OdmFace) -> None:
    events = []

    class Coroutines(MapperExtension):
        async def before_insert(self, obj: Any, state: Any, session: Any) -> None:
            events.append("before")

    class Cursors(SessionExtension):
        async def cursor_created(self, cursor: Any, action: Any, *args: Any, **kwargs: Any) -> None:
            events.append(action)

        async def after_cursor_next(self, cursor: Any) -> None:
            events.append("next")

    beside = odm.another(extensions=[Cursors])
    page = page_class(beside, extensions=[Coroutines])
    one = page(title="one")
    if odm.kind == "sync":
        with pytest.raises(TypeError, match="coroutine function"):
            await beside.session.flush()
        with pytest.raises(TypeError, match="coroutine function"):
            beside.declared.find(page)
        return
    await beside.session.flush()
    assert await beside.session.find(page).limit(3).first() is one
    assert events == ["before", "find", "limit", "next"]


async def test_replaced_methods_are_called(odm: OdmFace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Timers of applications patch the class, or an object."""
    page = page_class(odm)
    calls = []
    cls = type(odm.declared)
    original = cls.insert_now

    def insert_now(self: Any, obj: Any, st: Any, **kwargs: Any) -> Any:
        calls.append(obj)
        return original(self, obj, st, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(cls, "insert_now", insert_now)
        found = [page(title=title) for title in "ab"]
        await odm.session.flush()
    assert calls == found
    with monkeypatch.context() as patched:
        patched.setattr(
            odm.declared, "insert_now", lambda obj, st, **kw: insert_now(odm.declared, obj, st, **kw)
        )
        found += [page(title=title) for title in "cd"]
        await odm.session.flush()
    assert calls == found


async def test_insert_now_lets_a_duplicate_be_dropped(odm: OdmFace) -> None:
    from pymongo.errors import DuplicateKeyError

    page = page_class(odm)
    await odm.raw.page.create_index("title", unique=True)
    one, two = page(title="a"), page(title="a")
    assert await odm.session.insert_now(one, state(one)) is None
    with pytest.raises(DuplicateKeyError):
        await odm.session.insert_now(two, state(two))
    odm.declared.expunge(two)
    one.title = "b"
    assert await odm.session.update_now(one, state(one)) is None
    assert (await odm.raw.page.find_one())["title"] == "b"
    assert await odm.session.delete_now(one, state(one)) is None
    await odm.session.flush()
    assert await odm.raw.page.count_documents({}) == 0


async def test_extensions_may_come_later(odm: OdmFace) -> None:
    noted = Recorder()
    page = page_class(odm)
    page(title="a")
    odm.declared.register_extension(noted.session_extension("S"))
    await odm.session.flush()
    assert [event[1] for event in noted.taken()] == [
        "before_flush",
        "before_insert",
        "after_insert",
        "after_flush",
    ]
