"""Lazy properties, proxies, index specifications and text."""

from __future__ import annotations

import copy
import gc
import threading
from collections.abc import Callable
from typing import Any
from unittest import mock

import bson
import pytest

from ming import utils

# --- properties ------------------------------------------------------------------------------------


class Lazy:
    calls = 0

    @utils.LazyProperty
    def answer(self) -> int:
        """The answer."""
        self.calls += 1
        return 42

    @utils.LazyProperty
    def broken(self) -> Any:
        return None.nothing  # type: ignore[attr-defined]

    @utils.classproperty
    def name(cls) -> str:
        return cls.__name__  # type: ignore[attr-defined]


class Lazier(Lazy):
    pass


def test_a_lazy_property_is_computed_once() -> None:
    lazy = Lazy()
    assert (lazy.answer, lazy.answer, lazy.calls) == (42, 42, 1)
    assert lazy.__dict__["answer"] == 42


def test_a_lazy_property_can_be_assigned() -> None:
    lazy = Lazy()
    lazy.answer = 7  # type: ignore[misc,assignment]
    assert (lazy.answer, lazy.calls) == (7, 0)


def test_a_lazy_property_on_the_class() -> None:
    assert Lazy.answer is None
    declared = vars(Lazy)["answer"]
    assert (declared.__name__, declared.__doc__) == ("answer", "The answer.")


def test_an_attribute_error_in_a_lazy_property_comes_out() -> None:
    assert not issubclass(utils.UncaughtAttributeError, AttributeError)
    with pytest.raises(utils.UncaughtAttributeError, match="nothing") as caught:
        hasattr(Lazy(), "broken")
    assert isinstance(caught.value.__cause__, AttributeError)


def test_a_class_property_is_read_only() -> None:
    assert (Lazy.name, Lazier.name, Lazier().name) == ("Lazy", "Lazier", "Lazier")
    with pytest.raises(AttributeError):
        Lazy().name = "x"  # type: ignore[misc,assignment]


# --- proxies ---------------------------------------------------------------------------------------


class Thing:
    made = 0
    kind = "thing"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        type(self).made += 1
        self.arguments = (args, kwargs)
        self._flag = 0

    def __repr__(self) -> str:
        return "a thing"

    def whoami(self) -> Thing:
        return self


class Context:
    """A context known by its identity."""


@pytest.fixture(autouse=True)
def _count_from_zero() -> None:
    Thing.made = 0


PROXIES: dict[str, Callable[[], Any]] = {
    "thread": lambda: utils.ThreadLocalProxy(Thing, 1, b=2),
    "context": lambda: utils.ContextualProxy(Thing, lambda: "here", 1, b=2),
}


@pytest.fixture(params=PROXIES)
def proxy(request: pytest.FixtureRequest) -> Any:
    return PROXIES[request.param]()


def test_a_proxy_makes_its_object_on_demand(proxy: Any) -> None:
    assert Thing.made == 0
    assert proxy.arguments == ((1,), {"b": 2})
    assert proxy.whoami() is proxy._get()
    assert Thing.made == 1
    assert proxy._kwargs == {"b": 2}


def test_writes_go_to_the_object(proxy: Any) -> None:
    proxy.bind = "store"
    assert proxy._get().bind == "store"
    del proxy.bind
    assert not hasattr(proxy._get(), "bind")
    proxy._own = 1
    assert not hasattr(proxy._get(), "_own")
    del proxy._own


def test_private_attributes_of_the_object_can_be_read(proxy: Any) -> None:
    proxy._get()._flag = 5
    assert proxy._flag == 5


def test_methods_can_be_patched_through_a_proxy(proxy: Any) -> None:
    with mock.patch.object(proxy, "whoami", return_value=None):
        assert proxy._get().whoami() is None
    assert proxy.whoami() is proxy._get()


def test_closing_forgets_the_object(proxy: Any) -> None:
    first = proxy._get()
    proxy.close()
    proxy.close()
    assert proxy._get() is not first


def test_closing_an_unused_proxy(proxy: Any) -> None:
    proxy.close()
    assert Thing.made == 0


def test_an_absent_attribute(proxy: Any) -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = proxy.nothing


def test_each_thread_has_its_object() -> None:
    proxy = utils.ThreadLocalProxy(Thing)
    seen: list[Thing] = []
    thread = threading.Thread(target=lambda: seen.append(proxy._get()))
    thread.start()
    thread.join()
    assert seen != [proxy._get()]
    assert Thing.made == 2
    assert repr(proxy) == "TLProxy of a thing"


def test_each_context_has_its_object() -> None:
    current = ["one"]
    proxy = utils.ContextualProxy(Thing, lambda: current[0])
    one = proxy._get()
    current[0] = "two"
    two = proxy._get()
    assert proxy._registry == {"one": one, "two": two}
    proxy.close()
    assert proxy._registry == {"one": one}
    assert repr(proxy) == "CProxy of a thing"


def test_an_ended_context_leaves_nothing_behind() -> None:
    contexts = [Context(), Context()]
    proxy = utils.ContextualProxy(Thing, lambda: contexts[-1])
    second = proxy._get()
    assert proxy._get() is second
    contexts.pop()
    gc.collect()
    assert len(proxy._registry) == 0
    first = proxy._get()
    assert proxy._get() is first is not second
    proxy.close()
    assert len(proxy._registry) == 0


@pytest.mark.parametrize("context", [None, 5, "x", (1, 2), frozenset({1})])
def test_a_context_that_is_a_value_is_known_by_equality(context: Any) -> None:
    proxy = utils.ContextualProxy(Thing, lambda: copy.deepcopy(context))
    assert proxy._get() is proxy._get()
    assert list(proxy._registry) == [context]


def test_a_contextual_proxy_can_be_copied() -> None:
    proxy = utils.ContextualProxy(Thing, lambda: "here")
    copied = copy.copy(proxy)
    assert copied._get() is proxy._get()


# --- index specifications --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "pairs"),
    [
        ("foo", [("foo", 1)]),
        (["foo"], [("foo", 1)]),
        (("foo", "bar"), [("foo", 1), ("bar", 1)]),
        ([("foo", -1), "bar"], [("foo", -1), ("bar", 1)]),
        ([[("a", 1), ("b", -1)]], [("a", 1), ("b", -1)]),
        (("a", -1), [("a", -1)]),
        ((("a", -1), ("b", 1)), [("a", -1), ("b", 1)]),
        (("a", "2d"), [("a", "2d")]),
        (("a", "text"), [("a", "text")]),
        (("a", "2dsphere"), [("a", "2dsphere")]),
        ([("a", "hashed"), "b"], [("a", "hashed"), ("b", 1)]),
        (["a", 1], [("a", 1)]),
        ([["a", 1], ["b", -1]], [("a", 1), ("b", -1)]),
        (["a", "text"], [("a", 1), ("text", 1)]),
        (["$**"], [("$**", 1)]),
        (("a.$**", 1), [("a.$**", 1)]),
        (("$**", "text"), [("$**", "text")]),
        ({"a": -1, "b": "2dsphere"}, [("a", -1), ("b", "2dsphere")]),
        (bson.SON([("b", 1), ("a", -1)]), [("b", 1), ("a", -1)]),
        ([{"a": -1}, "b"], [("a", -1), ("b", 1)]),
        ((name for name in "ab"), [("a", 1), ("b", 1)]),
        ([], []),
    ],
)
def test_fixup_index(index: Any, pairs: Any) -> None:
    assert utils.fixup_index(index) == pairs


def test_fixup_index_with_a_direction_for_bare_keys() -> None:
    assert utils.fixup_index(["a", ("b", 1)], -1) == [("a", -1), ("b", 1)]
    assert utils.fixup_index("a", "hashed") == [("a", "hashed")]


@pytest.mark.parametrize("index", [("a", 2), ["a", 0], {"a": 2}, None, 5, ("a", None)])
def test_fixup_index_refuses_what_it_cannot_read(index: Any) -> None:
    with pytest.raises(TypeError, match="is neither a key nor a direction of an index"):
        utils.fixup_index(index)


# --- the rest --------------------------------------------------------------------------------------


def test_fix_write_concern() -> None:
    options: dict[str, Any] = {"safe": True, "x": 1}
    with pytest.warns(DeprecationWarning, match="safe"):
        assert utils.fix_write_concern(options) is options
    assert options == {"w": 1, "x": 1}
    assert utils.fix_write_concern({"w": 2}) == {"w": 2}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("aa bb cc", 5), "aa bb\ncc"),
        (("aa bb cc", 4), "aa\nbb\ncc"),
        (("aa bbbbbbbb cc", 5), "aa\nbbbbbbbb\ncc"),
        (("aa bb cc dd", 7, 2, 4), "  aa bb\n    cc\n    dd"),
        (("aa  bb", 80), "aa  bb"),
        (("", 5), ""),
    ],
)
def test_wordwrap(arguments: Any, text: str) -> None:
    assert utils.wordwrap(*arguments) == text


def test_indent() -> None:
    assert utils.indent("a\nb\n c") == "a\n  b\n   c"
    assert utils.indent("a\nb", 4) == "a\n    b"


def test_encode_keys() -> None:
    assert dict(**utils.encode_keys({"a": 1, b"b": 2})) == {"a": 1, "b": 2}


def test_all_class_properties() -> None:
    class Base:
        a = 1
        b = 2

    class Sub(Base):
        a = 3

    found = list(utils.all_class_properties(Sub))
    assert ("a", 3) in found
    assert ("b", 2) in found
    assert ("a", 1) not in found


def test_the_empty_class() -> None:
    assert utils.EmptyClass().__dict__ == {}
