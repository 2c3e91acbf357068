"""Tracked containers: the whole protocol of list and dict, what trackers hear, and when."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock, call

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ming._values import Object
from ming.odm.icollection import InstrumentedList, InstrumentedObj, deinstrument, instrument


class Recorder:
    """A tracker that remembers what it heard, and what the plain container was when a change was announced."""

    def __init__(self, plain: Any) -> None:
        self.plain = plain
        self.calls: list[tuple[str, Any]] = []
        self.announced: list[Any] = []

    def changing(self) -> None:
        self.announced.append(copy.deepcopy(self.plain))

    def __getattr__(self, name: str) -> Callable[..., None]:
        def hear(*args: Any) -> None:
            self.calls.append((name, copy.deepcopy(args)))

        return hear


def tracked(value: Any) -> tuple[Any, Mock]:
    """A tracked container over a value, and its tracker, which is told of changes after they were made only."""
    tracker = Mock(spec=["added_item", "added_items", "removed_item", "removed_items", "cleared"])
    return instrument(value, tracker), tracker


# --- what is tracked


def test_only_containers_are_tracked() -> None:
    assert isinstance(instrument({}, None), InstrumentedObj)
    assert isinstance(instrument([], None), InstrumentedList)
    assert instrument("text", None) == "text"
    already = instrument([], None)
    assert instrument(already, None) is already


def test_the_plain_container_is_the_very_one() -> None:
    plain = {"a": [1]}
    made = instrument(plain, Mock())
    assert made._deinstrument() is deinstrument(made) is plain
    assert deinstrument(made["a"]) is plain["a"]
    assert deinstrument(5) == 5


def test_containers_below_share_the_tracker() -> None:
    plain: dict[str, Any] = {"a": [{"b": 1}]}
    made, tracker = tracked(plain)
    made["a"][0]["b"] = 2
    assert plain == {"a": [{"b": 2}]} == made
    assert tracker.mock_calls == [call.removed_item(1), call.added_item(2)]
    assert made["a"] is made.a is made.get("a")
    assert made["a"][0] is next(iter(made["a"]))


def test_equality_is_of_plain_data_both_ways() -> None:
    made = instrument({"a": [1]}, None)
    assert made == {"a": [1]}
    assert {"a": [1]} == made
    assert made != {"a": [2]}
    assert {"a": [2]} != made
    assert made == instrument({"a": [1]}, None)
    items = instrument([1, 2], None)
    assert items == [1, 2]
    assert [1, 2] == items
    assert items < [1, 3]
    assert [0] < items
    assert items <= [1, 2]
    assert items > [1]
    assert items >= [1]


def test_no_hash() -> None:
    for made in (instrument({}, None), instrument([], None)):
        with pytest.raises(TypeError, match="unhashable"):
            hash(made)


def test_repr_is_marked() -> None:
    assert repr(instrument({"a": [1]}, None)) == "I{'a': [1]}"
    assert repr(instrument([{"a": 1}], None)) == "I[{'a': 1}]"


def test_encoders_see_the_contents() -> None:
    made, _ = tracked({"a": [1]})
    made["b"] = {"c": [{"d": 2}]}
    made["b"].c.append(3)
    expected = {"a": [1], "b": {"c": [{"d": 2}, 3]}}
    assert json.loads(json.dumps(made)) == expected
    assert bson.decode(bson.encode(made)) == expected
    assert bson.decode(bson.encode({"it": made})) == {"it": expected}
    assert {**made} == dict(made) == expected
    assert isinstance(dict(made)["b"], InstrumentedObj)


@pytest.mark.parametrize("value", [{"a": [1], "b": {}}, [1, [2], {"c": 3}]], ids=["dict", "list"])
def test_copies_are_plain_and_apart(value: Any) -> None:
    made, tracker = tracked(value)
    shallow, deep, pickled = copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))
    for each in (shallow, deep, pickled):
        assert type(each) is type(value)
        assert each == value
        each.clear()
    assert made == value != []
    assert tracker.mock_calls == []


def test_what_a_shallow_copy_holds_is_tracked() -> None:
    made, tracker = tracked([{"a": 1}])
    copy.copy(made)[0].a = 2
    assert made == [{"a": 2}]
    assert tracker.mock_calls[-1] == call.added_item(2)


def test_a_copy_of_an_object_keeps_its_class() -> None:
    made = copy.deepcopy(instrument(Object({"a": Object(b=1)}), None))
    assert type(made) is type(made.a) is Object


# --- dict


def test_dict_items_and_attributes() -> None:
    made, tracker = tracked({"a": 1})
    made.a = 2
    made["b"] = 3
    assert tracker.mock_calls == [call.removed_item(1), call.added_item(2), call.added_item(3)]
    assert made.b == 3
    with pytest.raises(AttributeError, match="^missing$"):
        _ = made.missing
    with pytest.raises(KeyError):
        made["missing"]
    del made.b
    assert tracker.mock_calls[-1] == call.removed_item(3)
    with pytest.raises(AttributeError, match="^b$"):
        del made.b
    assert deinstrument(made) == {"a": 2}


def test_dict_an_equal_value_is_told_all_the_same() -> None:
    made, tracker = tracked({"a": 1})
    made["a"] = 1
    assert tracker.mock_calls == [call.removed_item(1), call.added_item(1)]


def test_dict_removing() -> None:
    made, tracker = tracked({"a": [1], "b": 2, "c": 3})
    popped = made.pop("a")
    assert (popped, type(popped)) == ([1], list)
    assert tracker.mock_calls[-1] == call.removed_item([1])
    assert made.pop("missing", "default") == "default"
    with pytest.raises(KeyError):
        made.pop("missing")
    with pytest.raises(KeyError):
        del made["missing"]
    assert tracker.mock_calls == [call.removed_item([1])]
    assert made.popitem() == ("c", 3)
    assert tracker.mock_calls[-1] == call.removed_item(3)
    made.clear()
    assert tracker.mock_calls[-1] == call.cleared()
    assert made == deinstrument(made) == {}
    with pytest.raises(KeyError):
        made.popitem()


def test_dict_update_and_its_kin() -> None:
    made, tracker = tracked({"a": 1})
    made.update({"b": 2})
    made.update([("c", 3)], d=4)
    made |= {"e": 5}
    assert tracker.mock_calls == [call.added_item(value) for value in (2, 3, 4, 5)]
    with pytest.raises(TypeError):
        made.update({}, {})
    assert made.setdefault("a", 9) == 1
    made.setdefault("f", []).append(1)
    assert made.setdefault("g") is None
    assert deinstrument(made) == {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": [1], "g": None}
    made.replace({"z": made.f})
    assert deinstrument(made) == {"z": [1]}
    assert tracker.mock_calls[-2:] == [call.cleared(), call.added_item([1])]


def test_dict_views_hold_tracked_containers_also_later() -> None:
    made, tracker = tracked({"a": [1]})
    values, items = made.values(), made.items()
    made["b"] = []
    for value in values:
        value.append(2)
    assert dict(items) == deinstrument(made) == {"a": [1, 2], "b": [2]}
    assert tracker.mock_calls[-2:] == [call.added_item(2), call.added_item(2)]


def test_dict_copy_and_union_share_the_tracker() -> None:
    made, tracker = tracked({"a": {}})
    for each in (made.copy(), made | {"b": 1}, {"b": 1} | made):
        assert isinstance(each, InstrumentedObj)
        each["c"] = 5
        assert tracker.mock_calls[-1] == call.added_item(5)
    assert made == {"a": {}}
    assert InstrumentedObj.fromkeys("ab", 1) == {"a": 1, "b": 1}


def test_names_of_the_class_are_attributes() -> None:
    class Titled(InstrumentedObj):
        title = None

    made = Titled({}, Mock())
    made.title = "attribute"
    made.other = "item"
    assert made.title == "attribute"
    assert deinstrument(made) == {"other": "item"}
    with pytest.raises(AttributeError):
        instrument({}, Mock()).items = 5


# --- list


def test_list_items() -> None:
    made, tracker = tracked([1, 2, 3])
    made[0] = 4
    assert tracker.mock_calls == [call.removed_item(1), call.added_item(4)]
    made[1:] = [5, 6, 7]
    assert tracker.mock_calls[-2:] == [call.removed_items([2, 3]), call.added_items([5, 6, 7])]
    del made[0]
    assert tracker.mock_calls[-1] == call.removed_item(4)
    del made[:2]
    assert tracker.mock_calls[-1] == call.removed_items([5, 6])
    assert made == deinstrument(made) == [7]


def test_list_growing() -> None:
    made, tracker = tracked([1])
    made.append(2)
    assert tracker.mock_calls[-1] == call.added_item(2)
    made.insert(0, 0)
    assert tracker.mock_calls[-1] == call.added_item(0)
    made.extend(iter([3, 4]))
    assert tracker.mock_calls[-1] == call.added_items([3, 4])
    made += (5,)
    assert tracker.mock_calls[-1] == call.added_items([5])
    made *= 2
    assert tracker.mock_calls[-1] == call.added_items([0, 1, 2, 3, 4, 5])
    assert made == deinstrument(made) == [0, 1, 2, 3, 4, 5] * 2
    made *= 0
    assert tracker.mock_calls[-1] == call.removed_items([0, 1, 2, 3, 4, 5] * 2)
    assert made == deinstrument(made) == []


def test_list_shrinking() -> None:
    made, tracker = tracked([[1], 2, 3, 4])
    popped = made.pop(0)
    assert (popped, type(popped)) == ([1], list)
    assert tracker.mock_calls[-1] == call.removed_item([1])
    assert made.pop() == 4
    made.remove(2)
    assert tracker.mock_calls[-1] == call.removed_item(2)
    with pytest.raises(ValueError, match="not in list"):
        made.remove("missing")
    made.replace(iter([8, 9]))
    assert tracker.mock_calls[-2:] == [call.removed_items([3]), call.added_items([8, 9])]
    made.clear()
    assert tracker.mock_calls[-1] == call.cleared()
    assert made == deinstrument(made) == []
    with pytest.raises(IndexError):
        made.pop()


def test_list_order() -> None:
    made, tracker = tracked([2, 3, 1])
    made.sort()
    assert made == deinstrument(made) == [1, 2, 3]
    made.sort(key=lambda value: -value)
    assert made == deinstrument(made) == [3, 2, 1]
    made.reverse()
    assert list(made) == deinstrument(made) == [1, 2, 3]
    assert tracker.mock_calls[-1] == call.added_items([1, 2, 3])
    heard = len(tracker.mock_calls)
    with pytest.raises(TypeError):
        made.sort(key=lambda value: [1, "a", 2][value - 1])
    assert list(made) == deinstrument(made) == [1, 2, 3]
    assert len(tracker.mock_calls) == heard


def test_list_sums_and_products_share_the_tracker() -> None:
    made, tracker = tracked([1])
    sums = [made + [2], [2] + made, made * 2, 2 * made, made.copy()]  # noqa: RUF005
    assert sums == [[1, 2], [2, 1], [1, 1], [1, 1], [1]]
    for each in sums:
        assert isinstance(each, InstrumentedList)
        each.append(5)
        assert tracker.mock_calls[-1] == call.added_item(5)
    assert made == [1]


def test_list_reading() -> None:
    made, tracker = tracked([1, {"a": 1}, 1])
    assert made.index({"a": 1}) == made.index(made[1]) == 1
    assert made.count(1) == 2
    assert {"a": 1} in made
    assert made[1] in made
    assert 5 not in made
    part = made[1:]
    assert type(part) is list
    assert isinstance(part[0], InstrumentedObj)
    assert list(reversed(made)) == [1, {"a": 1}, 1]
    assert sorted(made, key=str) == [1, 1, {"a": 1}]
    assert (tuple(made), [*made], len(made)) == ((1, {"a": 1}, 1), [1, {"a": 1}, 1], 3)
    assert tracker.mock_calls == []


def test_tracked_values_are_stored_plain() -> None:
    plain: dict[str, Any] = {}
    made = instrument(plain, Mock())
    inner = instrument([{"a": 1}], Mock())
    made["direct"] = inner
    made["below"] = {"deep": [inner, inner[0]]}
    made["list"] = []
    made["list"].append(inner[0])
    made["list"] += [inner]
    made["list"][0:0] = [inner]

    def kinds(value: Any) -> set[type]:
        below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return {type(value), *(kind for each in below for kind in kinds(each))}

    assert kinds(plain) == {dict, list, int}


# --- a change that fails, or is refused


def test_a_refused_change_changes_nothing() -> None:
    tracker = Mock()
    tracker.changing.side_effect = TypeError("read-only")
    plain = [3, 1, 2]
    made = InstrumentedList(plain, tracker)
    attempts: list[Callable[[], Any]] = [
        lambda: made.append(1),
        lambda: made.insert(0, 1),
        lambda: made.extend([1]),
        lambda: made.__iadd__([1]),
        lambda: made.__imul__(2),
        lambda: made.__imul__(0),
        lambda: made.pop(),
        lambda: made.remove(1),
        lambda: made.__setitem__(0, 1),
        lambda: made.__setitem__(slice(None), []),
        lambda: made.__delitem__(0),
        lambda: made.__delitem__(slice(None)),
        made.sort,
        made.reverse,
        made.clear,
        lambda: made.replace([]),
    ]
    for attempt in attempts:
        with pytest.raises(TypeError, match="read-only"):
            attempt()
    assert list(made) == plain == [3, 1, 2]


# --- against plain containers

scalars = st.one_of(st.integers(-3, 3), st.sampled_from(["a", "b"]))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=5,
)
lists = st.lists(values, max_size=4)
places = st.integers(-5, 5)
slices = st.builds(slice, st.none() | places, st.none() | places, st.sampled_from([None, None, 1, 2, -1]))
keys = st.sampled_from("abcd")
dicts = st.dictionaries(keys, values, max_size=4)

list_calls = st.one_of(
    st.tuples(st.just("append"), values),
    st.tuples(st.just("insert"), places, values),
    st.tuples(st.sampled_from(["extend", "__iadd__"]), lists),
    st.tuples(st.just("__imul__"), st.integers(-1, 3)),
    st.tuples(st.sampled_from(["pop", "__delitem__", "__getitem__"]), places),
    st.tuples(st.sampled_from(["pop", "clear", "reverse"])),
    st.tuples(st.sampled_from(["remove", "index", "count", "__contains__"]), values),
    st.tuples(st.just("__setitem__"), places, values),
    st.tuples(st.just("__setitem__"), slices, lists),
    st.tuples(st.sampled_from(["__delitem__", "__getitem__"]), slices),
    st.tuples(st.sampled_from(["__add__", "__eq__", "__ne__"]), lists),
)
dict_calls = st.one_of(
    st.tuples(st.sampled_from(["__setitem__", "setdefault"]), keys, values),
    st.tuples(st.sampled_from(["pop", "get"]), keys, values),
    st.tuples(
        st.sampled_from(["pop", "get", "__delitem__", "__getitem__", "__contains__", "setdefault"]), keys
    ),
    st.tuples(st.sampled_from(["popitem", "clear", "__len__"])),
    st.tuples(st.sampled_from(["update", "__ior__", "__or__", "__eq__", "__ne__"]), dicts),
)
READING = {
    "index",
    "count",
    "get",
    "__contains__",
    "__getitem__",
    "__add__",
    "__or__",
    "__eq__",
    "__ne__",
    "__len__",
}


def outcome(container: Any, name: str, args: tuple[Any, ...]) -> Any:
    """What a call returns, or the class of what it raises."""
    try:
        return getattr(container, name)(*copy.deepcopy(args))
    except (IndexError, ValueError, KeyError) as error:
        return type(error)


def check(plain: Any, calls: list[tuple[Any, ...]]) -> None:
    model, recorder = copy.deepcopy(plain), Recorder(plain)
    made = instrument(plain, recorder)
    for name, *args in calls:
        before, heard = copy.deepcopy(model), len(recorder.calls)
        recorder.announced.clear()
        expected, got = outcome(model, name, tuple(args)), outcome(made, name, tuple(args))
        if name not in ("__iadd__", "__imul__", "__ior__"):
            assert got == expected
        assert made == plain == model
        # Its own storage, which encoders read, and what reading hands out.
        assert bson.decode(bson.encode({"it": made})) == {"it": model}
        assert json.dumps(made) == json.dumps(plain)
        changed = plain != before
        if changed:
            assert recorder.announced[0] == before
            assert len(recorder.calls) > heard
        if name in READING or isinstance(expected, type):
            assert not changed
            assert len(recorder.calls) == heard


@given(lists, st.lists(list_calls, max_size=8))
def test_a_tracked_list_does_as_a_plain_one(plain: list[Any], calls: list[tuple[Any, ...]]) -> None:
    check(plain, calls)


@given(dicts, st.lists(dict_calls, max_size=8))
def test_a_tracked_dict_does_as_a_plain_one(plain: dict[str, Any], calls: list[tuple[Any, ...]]) -> None:
    check(plain, calls)


@given(st.data(), values.filter(lambda value: isinstance(value, (list, dict)) and bool(value)))
def test_changes_at_any_depth_are_written_through(data: st.DataObject, plain: Any) -> None:
    recorder = Recorder(plain)
    place = instrument(plain, recorder)
    while True:
        below = [
            key
            for key in (range(len(place)) if isinstance(place, list) else list(place))
            if isinstance(place[key], (list, dict))
        ]
        if not below or data.draw(st.booleans()):
            break
        place = place[data.draw(st.sampled_from(below))]
    before = copy.deepcopy(plain)
    if isinstance(place, list):
        place.append("new")
    else:
        place["new"] = "new"
    assert recorder.announced == [before]
    assert recorder.calls == [("added_item", ("new",))]
    assert plain != before
    assert json.dumps(instrument(plain, recorder)) == json.dumps(plain)
