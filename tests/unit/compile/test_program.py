"""What compiled programs accept, leave open, fill in and keep."""

from __future__ import annotations

import inspect
import linecache
import sys
import traceback
from datetime import datetime, timezone
from typing import Any

import bson
import pytest

from ming import schema as S
from ming._compile.program import compile_python, compile_stored
from ming._values import KEEP_ASIDE, Missing, Object, Origin

MODES = ["stored", "document", "data"]


class Page(Object):
    """A stand-in for a document class."""


def document(cls: type = Page, /, **fields: Any) -> S.Document:
    schema = S.Document(fields)
    schema.managed_class = cls
    return schema


def program(schema: S.Document, mode: str) -> Any:
    if mode == "stored":
        return compile_stored(schema, exact=False, snapshot=False)
    return compile_python(schema, form=mode)  # type: ignore[arg-type]


class TestValues:
    """Which values a field accepts, and as what."""

    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize(
        ("item", "given", "expected"),
        [
            (S.String(), "a", "a"),
            (S.String(), None, None),
            (S.Int(), True, True),
            (S.Int(), bson.Int64(7), bson.Int64(7)),
            (S.Int(), 3.0, 3),
            (S.Float(), 3, 3),
            (S.Binary(), bson.Binary(b"x", 5), bson.Binary(b"x", 5)),
            (S.NumberDecimal(), bson.Decimal128("1.5"), bson.Decimal128("1.5")),
            (S.NumberDecimal(precision=1), bson.Decimal128("1.57"), bson.Decimal128("1.6")),
            (S.DateTime(), datetime(2020, 1, 2, 3, 4, 5, 6000), datetime(2020, 1, 2, 3, 4, 5, 6000)),
            (S.DateTime(), datetime(2020, 1, 2, tzinfo=timezone.utc), datetime(2020, 1, 2)),
            (S.ObjectId(), "0123456789abcdef01234567", bson.ObjectId("0123456789abcdef01234567")),
            (S.OneOf("a", "b"), "b", "b"),
            (S.Value(1), 1, 1),
            (S.Array(int), None, []),
            (S.Array(int), [1, 2], [1, 2]),
            (S.Array([int]), [[1], []], [[1], []]),
            (S.Array(int, if_missing=None), None, None),
            (S.Object({"b": int}, if_missing=None), None, None),
            (S.Object({"b": int}), {}, Object(b=None)),
            (S.Object({str: int}), {"x": 1}, Object(x=1)),
            (S.Anything(), {"x": [1]}, {"x": [1]}),
            (S.Migrate(S.Int(), S.String(), str), 5, "5"),
        ],
        ids=repr,
    )
    def test_accepted(self, item: S.SchemaItem[Any], given: Any, expected: Any, mode: str) -> None:
        made = program(document(a=item), mode)({"a": given})["a"]
        assert made == expected
        assert type(made) is type(expected)

    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize(
        ("item", "given"),
        [
            (S.String(), 1),
            (S.String(), type("Text", (str,), {})("a")),
            (S.String(allow_none=False), None),
            (S.Int(), 1.5),
            (S.Int(required=True), "1"),
            (S.Bool(), 0),
            (S.OneOf("a", "b"), "c"),
            (S.OneOf("a", "b"), ["a"]),
            (S.Value(1, required=True), 2),
            (S.Array(int), "12"),
            (S.Array(int), [1, "2"]),
            (S.Object({"b": int}), None),
            (S.Object({"b": int}), [("b", 1)]),
            (S.Object({str: int}), {"x": "y"}),
            (S.Object({"b": S.Int(required=True)}), {}),
        ],
        ids=repr,
    )
    def test_left_open(self, item: S.SchemaItem[Any], given: Any, mode: str) -> None:
        assert program(document(a=item), mode)({"a": given}) is None

    @pytest.mark.parametrize("mode", ["document", "data"])
    def test_python_values_are_truncated_to_what_bson_keeps(self, mode: str) -> None:
        made = program(document(at=S.DateTime()), mode)({"at": datetime(2020, 1, 1, 1, 1, 1, 1999)})
        assert made["at"] == datetime(2020, 1, 1, 1, 1, 1, 1000)

    @pytest.mark.parametrize("mode", ["document", "data"])
    def test_tuples_become_lists(self, mode: str) -> None:
        assert program(document(a=S.Array(int)), mode)({"a": (1, 2)}) == {"a": [1, 2]}

    @pytest.mark.parametrize("mode", ["document", "data"])
    def test_a_missing_given_as_value_is_left_open_or_absent(self, mode: str) -> None:
        made = program(document(a=S.Anything(), b=S.Int()), mode)({"a": Missing, "b": 1})
        assert made is None or made == {"b": 1}

    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize("value", [None, [], "text", 5])
    def test_what_is_no_dict_is_left_open(self, value: Any, mode: str) -> None:
        if mode != "stored":
            assert program(document(a=S.Int()), mode)(value) is None


class TestAbsentKeys:
    """What becomes of keys that are not there."""

    @pytest.mark.parametrize("mode", MODES)
    def test_defaults(self, mode: str) -> None:
        schema = document(
            nothing=S.String(),
            constant=S.Int(if_missing=3),
            dropped=S.String(if_missing=Missing),
            open=S.Anything(),
            made=S.String(if_missing=lambda: "fresh"),
            unmade=S.String(if_missing=lambda: Missing),
            items=S.Array(int),
            inner=S.Object({"x": S.Int(if_missing=1)}),
            given=S.Array(int, if_missing=[1]),
        )
        assert program(schema, mode)({}) == {
            "constant": 3,
            "given": [1],
            "inner": {"x": 1},
            "items": [],
            "made": "fresh",
            "nothing": None,
        }

    @pytest.mark.parametrize("mode", MODES)
    def test_required_keys(self, mode: str) -> None:
        required = program(document(a=S.Anything(required=True), b=S.Int()), mode)
        assert required({"b": 1}) is None
        assert required({"a": None}) == {"a": None, "b": None}

    @pytest.mark.parametrize("mode", MODES)
    def test_mutable_defaults_are_fresh(self, mode: str) -> None:
        make = program(document(a=S.Array(int), b=S.Anything(if_missing={"x": []})), mode)
        first, second = make({}), make({})
        assert first["a"] is not second["a"]
        assert first["b"]["x"] is not second["b"]["x"]

    @pytest.mark.parametrize("mode", MODES)
    def test_callables_are_called_once_per_absent_key(self, mode: str) -> None:
        calls: list[int] = []
        make = program(document(a=S.Int(if_missing=lambda: calls.append(1) or len(calls)), b=S.Int()), mode)
        assert make({"a": 5, "b": 1})["a"] == 5
        assert calls == []
        assert make({"b": 1})["a"] == 1
        assert make({})["a"] == 2
        assert len(calls) == 2

    @pytest.mark.parametrize("mode", MODES)
    def test_callables_are_not_called_for_what_is_left_open(self, mode: str) -> None:
        def default() -> int:
            raise AssertionError("called")

        assert program(document(a=S.Int(if_missing=default), b=S.String()), mode)({"b": 1}) is None

    def test_defaults_are_not_validated(self) -> None:
        assert program(document(a=S.Int(if_missing="bad")), "stored")({}) == {"a": "bad"}


class TestUnknownKeys:
    """Keys that no field declares."""

    RAW = {"a": 1, "u": 1, "inner": {"x": 1, "v": 2}, "each": [{"x": 1}, {"x": 2, "w": 3}]}  # noqa: RUF012

    @pytest.fixture
    def schema(self) -> S.Document:
        return document(a=int, inner={"x": int}, each=[{"x": int}])

    def test_are_kept_aside_where_they_are(self, schema: S.Document) -> None:
        made = compile_stored(schema, exact=False, snapshot=False)(self.RAW)
        assert made == {"a": 1, "inner": {"x": 1}, "each": [{"x": 1}, {"x": 2}]}
        assert made._origin.unknown == {"u": 1}
        assert made["inner"]._origin.unknown == {"v": 2}
        assert made["each"][0]._origin is None
        assert made["each"][1]._origin.unknown == {"w": 3}

    def test_count_also_where_as_many_keys_are_absent(self) -> None:
        made = compile_stored(document(a=int, b=int), exact=False, snapshot=False)({"a": 1, "u": 1})
        assert made == {"a": 1, "b": None}
        assert made._origin.unknown == {"u": 1}

    @pytest.mark.parametrize("part", ["u", "inner", "each"])
    def test_leave_strict_programs_open(self, schema: S.Document, part: str) -> None:
        value = {"a": 1, "inner": {"x": 1}, "each": [{"x": 1}], part: self.RAW[part]}
        assert compile_stored(schema, exact=True, snapshot=False)(value) is None
        assert compile_python(schema, form="document")(value) is None
        assert compile_python(schema, form="data")(value) is None

    @pytest.mark.parametrize("mode", MODES)
    def test_deprecated_keys_are_dropped(self, mode: str) -> None:
        made = program(document(a=S.Int(), old=S.Deprecated()), mode)({"a": 1, "old": 2})
        assert made == {"a": 1}
        assert mode == "data" or made._origin is None

    def test_a_snapshot_shares_nothing(self, schema: S.Document) -> None:
        schema.fields["open"] = S.Anything()
        schema.fields["tags"] = S.Array(str)
        raw = {**self.RAW, "u": [1], "open": {"x": [1]}, "tags": ["t"]}
        made = compile_stored(schema, exact=False, snapshot=True)(raw)
        made["tags"].append("t2")
        made["open"]["x"].append(2)
        made._origin.unknown["u"].append(2)
        made["each"].append(1)
        assert raw == {**self.RAW, "u": [1], "open": {"x": [1]}, "tags": ["t"]}


class TestStoring:
    """Data to be stored: the same bytes for the same document."""

    SCHEMA = document(
        z=S.Int(), a=S.Object({"z": int, "b": int}), each=S.Array({"y": int, "x": [{"n": int, "m": int}]})
    )

    def test_keys_are_sorted_at_every_depth(self) -> None:
        inner = {"y": 1, "x": [{"n": 1, "m": 2}]}
        data = compile_python(self.SCHEMA, form="data")({"z": 1, "each": [inner], "a": {"z": 1, "b": 2}})
        assert type(data) is dict
        assert [*data] == ["a", "each", "z"]
        assert [*data["a"]] == ["b", "z"]
        assert [*data["each"][0]] == ["x", "y"]
        assert [*data["each"][0]["x"][0]] == ["m", "n"]

    def test_sorted_sub_documents_stay_the_objects_they_are(self) -> None:
        inner = Object(x=[Object(m=1, n=2)], y=1)
        value = Page(a=Object(b=1, z=2), each=[inner], z=1)
        data = compile_python(self.SCHEMA, form="data")(value)
        assert data["a"] is value["a"]
        assert data["each"][0] is inner

    def test_reordered_sub_documents_carry_their_origin(self) -> None:
        inner = Object(z=1, b=2)
        inner._origin = Origin({"u": 1})
        data = compile_python(self.SCHEMA, form="data")({"a": inner, "each": [], "z": 1})
        assert data["a"] is not inner
        assert data["a"]._origin is inner._origin

    def test_long_documents_are_sorted_too(self) -> None:
        names = [chr(code) for code in range(ord("a"), ord("z"))]
        schema = document(**{name: S.Int() for name in names})
        data = compile_python(schema, form="data")(dict.fromkeys(reversed(names), 1))
        assert [*data] == names


class TestItemsWithTheirOwnRules:
    """A subclass always gets its say."""

    class Upper(S.String):
        def _validate(self, value: Any, **options: Any) -> Any:
            return super()._validate(value, **options).upper()

    class Anyhow(S.SchemaItem[Any]):
        def validate(self, value: Any, **options: Any) -> Any:
            return Missing if value == "drop" else (value, options)

    class Email(S.String):
        required = True

    class Stamped(S.Int):
        def if_missing(self) -> int:  # type: ignore[override]
            return 42

    @pytest.mark.parametrize("mode", MODES)
    def test_validate_overridden(self, mode: str) -> None:
        make = program(document(a=self.Upper(), each=S.Array(self.Upper())), mode)
        assert make({"a": "x", "each": ["y"]}) == {"a": "X", "each": ["Y"]}

    @pytest.mark.parametrize("mode", MODES)
    def test_options_and_absence_are_handed_on(self, mode: str) -> None:
        make = program(document(a=self.Anyhow(), b=self.Anyhow(), each=S.Array(self.Anyhow())), mode)
        options = {"allow_extra": True, "strip_extra": KEEP_ASIDE} if mode == "stored" else {}
        made = make({"a": 1, "each": [1, "drop"]})
        assert made == {"a": (1, options), "b": (Missing, options), "each": [(1, options)]}
        assert make({"a": "drop", "b": "drop", "each": []}) == {"each": []}

    @pytest.mark.parametrize("mode", MODES)
    def test_validate_on_the_instance(self, mode: str) -> None:
        item = S.String()
        item.validate = lambda value, **options: "mine"  # type: ignore[method-assign]
        assert program(document(a=item), mode)({"a": "x"}) == {"a": "mine"}

    @pytest.mark.parametrize("mode", MODES)
    def test_policies_of_subclasses(self, mode: str) -> None:
        make = program(document(email=self.Email(), n=self.Stamped()), mode)
        assert make({"email": "a@b"}) == {"email": "a@b", "n": 42}
        assert make({}) is None

    @pytest.mark.parametrize("mode", MODES)
    def test_classes_that_are_not_plain_dicts(self, mode: str) -> None:
        class Odd(Object):
            def __setitem__(self, key: Any, value: Any) -> None:
                raise AssertionError("called")

        assert program(document(Odd, a=S.Int()), mode)({"a": 1}) is None


class TestNames:
    """Names that mean something to Python."""

    NAMES = (
        "class", "def", "type", "len", "id", "None", "__debug__", "items", "get", "keys", "raw", "value", "valid",
        "absent", "Object", "Page", "gaps", "unknown", "a-b", "a_b", "a b", "1st", "", "é", "x\ny", 'q"uote', "\ud800",
        "''' + exit() + '''", "_", "page_keys", "load_page",
    )  # fmt: skip

    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize("make_item", [S.String, lambda: S.Array({"class": str, "a-b": int})])
    def test_any_name_will_do(self, make_item: Any, mode: str) -> None:
        schema = S.Document({name: make_item() for name in self.NAMES})
        schema.managed_class = Page
        value = {name: make_item().default() for name in self.NAMES}
        assert program(schema, mode)(value) == value
        assert program(schema, mode)({}) == value

    @pytest.mark.parametrize("name", ["A\nB", "class", "3D", "Ünï", 'x"""', "Object", "absent"])
    @pytest.mark.parametrize("mode", MODES)
    def test_any_class_name_will_do(self, name: str, mode: str) -> None:
        schema = document(type(name, (Object,), {}), a=S.Int(), b={"x": int})
        assert program(schema, mode)({}) == {"a": None, "b": {"x": None}}

    def test_fields_named_like_methods_of_dict(self) -> None:
        class Shop(Object):
            items = property(lambda self: self["items"])
            get = property(lambda self: self["get"])

        made = program(document(Shop, items=S.Array(str), get=S.Int()), "stored")({"items": ["a"], "u": 1})
        assert program(document(Shop, items=S.Array(str), get=S.Int()), "data")(made) == {
            "get": None,
            "items": ["a"],
        }


class TestSource:
    """Generated code can be read where it is met."""

    def test_is_found_by_debuggers(self) -> None:
        load = program(document(title=S.String()), "stored")
        assert inspect.getsource(load) in load.source
        assert load.__code__.co_filename.startswith("<ming loader ")
        assert "Page stored" in load.__code__.co_filename

    def test_shows_in_tracebacks(self) -> None:
        class Broken(S.SchemaItem[Any]):
            def validate(self, value: Any, **options: Any) -> Any:
                raise ZeroDivisionError

        load = program(document(broken=Broken()), "stored")
        with pytest.raises(ZeroDivisionError) as caught:
            load({"broken": 1})
        assert "broken_item.validate(broken" in "".join(traceback.format_exception(caught.value))

    def test_classes_of_one_name_keep_their_own(self) -> None:
        first, second = program(document(a=S.Int()), "stored"), program(document(b=S.Int()), "stored")
        assert first.__code__.co_filename != second.__code__.co_filename
        assert "raw['b']" in inspect.getsource(second)

    def test_is_forgotten_with_the_program(self) -> None:
        load = program(document(a=S.Int()), "stored")
        filename = load.__code__.co_filename
        assert filename in linecache.cache
        del load
        if sys.implementation.name == "cpython":
            import gc

            gc.collect()
        assert filename not in linecache.cache


class TestDepth:
    """Deep and recursive schemas."""

    @pytest.mark.parametrize("mode", MODES)
    def test_recursive_schema(self, mode: str) -> None:
        tree = S.Object({"n": S.Int()}, if_missing=None)
        tree.extend(S.Object({"children": S.Array(tree)}))
        value = {"root": {"n": 1, "children": [{"n": 2, "children": []}]}}
        made = program(document(root=tree), mode)(value)
        assert made == value
        assert type(made["root"]["children"][0]) is Object

    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize("wrap", [lambda item: S.Array(item), lambda item: S.Object({"x": item})])
    def test_a_hundred_levels(self, wrap: Any, mode: str) -> None:
        item: S.SchemaItem[Any] = S.Int()
        value: Any = 1
        for _ in range(100):
            item = wrap(item)
            value = [value] if isinstance(item, S.Array) else {"x": value}
        assert program(document(a=item), mode)({"a": value}) == {"a": value}
