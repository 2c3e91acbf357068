"""Hypothesis strategies shared by tests: schemas, and values that nearly fit them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import bson
from hypothesis import strategies as st

from ming import schema as S
from ming.base import Missing, Object

FIXED_ID = bson.ObjectId("0123456789abcdef01234567")

names = st.sampled_from(
    ["_id", "a", "b", "items", "class", "type", "two words", "x-1", "x_1", "tags", "Ünï", "42", ""]
)

ids = st.binary(min_size=12, max_size=12).map(bson.ObjectId)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
floats = st.floats(allow_nan=False)
stored_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(2**40, 2**41).map(bson.Int64),
    floats,
    st.sampled_from(["", "a", "b", str(FIXED_ID)]),
    st.text(max_size=3),
    st.binary(max_size=3),
    st.binary(max_size=3).map(lambda data: bson.Binary(data, 5)),
    moments,
    moments.map(lambda moment: moment.replace(tzinfo=timezone.utc)),
    ids,
    st.sampled_from([bson.Decimal128("1.25"), bson.Regex("a"), bson.Timestamp(1, 2), bson.Code("f")]),
)
"""Single values as BSON holds them."""


class Text(str):
    """A str that is not quite a str."""


python_scalars = st.one_of(
    stored_scalars,
    st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)),
    st.sampled_from([datetime(2020, 5, 6).date(), Text("a"), 1 + 2j, Missing, timedelta(1), {1, 2}]),
)
"""Single values as programs make them."""


class Shouting(S.String):
    """An item with a rule of its own."""

    def _validate(self, value: Any, **options: Any) -> Any:
        value = super()._validate(value, **options)
        return value if value is None else value.upper()


class Picky(S.SchemaItem[Any]):
    """An item that is asked about everything, and may drop a key."""

    def validate(self, value: Any, **options: Any) -> Any:
        if value == "":
            raise S.Invalid("too short", value)
        return Missing if value is Missing or value == 0 else value


def _policy(*defaults: Any) -> st.SearchStrategy[dict[str, Any]]:
    choices = [{}, {"required": True}, {"if_missing": None}, {"if_missing": Missing}]
    return st.sampled_from(choices + [{"if_missing": default} for default in defaults])


def _scalar_items() -> st.SearchStrategy[S.SchemaItem[Any]]:
    def build(make: Callable[..., Any], *defaults: Any) -> st.SearchStrategy[Any]:
        return _policy(*defaults).map(lambda policy: make(**policy))

    def nullable(make: Callable[..., Any], *defaults: Any) -> st.SearchStrategy[Any]:
        return st.builds(
            lambda policy, allow_none: make(**policy, **({} if allow_none else {"allow_none": False})),
            _policy(*defaults),
            st.booleans(),
        )

    return st.one_of(
        nullable(S.String, "a", lambda: "b", 5),
        nullable(S.Int, 1, True, lambda: 2),
        nullable(S.Float, 0, 1.5),
        nullable(S.Bool, False),
        nullable(S.DateTime, datetime(2020, 1, 1, 1, 1, 1, 5)),
        nullable(S.DateTimeTZ),
        nullable(S.Binary, b"x"),
        nullable(S.NumberDecimal),
        nullable(lambda **policy: S.NumberDecimal(precision=1, **policy)),
        nullable(lambda **policy: S.OneOf("a", "b", **policy), "a", "z"),
        nullable(lambda **policy: S.OneOf(1, None, "a", **policy)),
        nullable(lambda **policy: S.OneOf([1], "a", **policy)),
        nullable(Shouting, "a"),
        build(lambda **policy: S.Value(1, **policy), 1, 2),
        build(lambda **policy: S.Value("a", **policy)),
        build(lambda **policy: S.Value(None, **policy)),
        build(lambda **policy: S.Value([1], **policy)),
        build(S.Anything, [], {"a": 1}),
        build(S.Scalar, 3),
        build(lambda **policy: S.ObjectId(**{"if_missing": lambda: FIXED_ID, **policy})),
        st.builds(Picky),
        st.builds(S.Deprecated),
        st.just(S.Migrate(S.Int(required=True), S.String(required=True), str)),
    )


def _containers(inner: st.SearchStrategy[S.SchemaItem[Any]]) -> st.SearchStrategy[S.SchemaItem[Any]]:
    keys = st.sampled_from([str, None, S.OneOf("a", "b"), S.ObjectId])
    return st.one_of(
        st.builds(lambda item, policy: S.Array(item, **policy), inner, _policy(["a"], [1])),
        st.builds(lambda item: S.Array(item, validate_ranges=[slice(0, 1)]), inner),
        st.builds(lambda fields, policy: S.Object(fields, **policy), fields(inner), _policy({"a": 1})),
        st.builds(lambda key, item: S.Object({key: item}), keys, inner),
    )


def fields(items: st.SearchStrategy[S.SchemaItem[Any]]) -> st.SearchStrategy[dict[str, S.SchemaItem[Any]]]:
    """Named fields."""
    return st.dictionaries(names, items, max_size=4)


items = st.recursive(_scalar_items(), _containers, max_leaves=6)
"""Schema items of every kind, nested."""


class Page(Object):
    """The class that generated schemas belong to."""


def documents(items: st.SearchStrategy[S.SchemaItem[Any]] = items) -> st.SearchStrategy[S.Document]:
    """Schemas of a document class."""

    def build(fields: dict[str, S.SchemaItem[Any]]) -> S.Document:
        schema = S.Document(fields)
        schema.managed_class = Page
        return schema

    return st.dictionaries(names, items, min_size=1, max_size=5).map(build)


def values(item: S.SchemaItem[Any], scalars: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values that mostly fit an item: now and then something is missing, unknown, or of another type.

    Args:
        item: The item.
        scalars: Strategy of the single values to draw from.
    """
    junk = st.one_of(scalars, st.lists(scalars, max_size=2), st.dictionaries(names, scalars, max_size=2))
    fitting = _fitting(item, scalars)
    return st.integers(0, 15).flatmap(lambda dice: fitting if dice else junk)


def _fitting(item: S.SchemaItem[Any], scalars: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    if isinstance(item, S.Array):
        return st.lists(values(item.field_type, scalars), max_size=3)
    if isinstance(item, S.Object) and item.is_homogeneous:
        (inner,) = item.fields.values()
        return st.dictionaries(st.sampled_from(["a", "b", str(FIXED_ID)]), values(inner, scalars), max_size=2)
    if isinstance(item, S.Object):
        return objects(item, scalars)
    return _SCALAR_VALUES.get(type(item), scalars)


def objects(item: S.Object, scalars: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Dicts that mostly fit an object: usually complete, sometimes with gaps, sometimes with unknown keys."""
    each = {name: values(inner, scalars) for name, inner in item.fields.items()}
    complete = st.fixed_dictionaries(each)
    with_gaps = st.fixed_dictionaries({}, optional=each)
    unknown = st.dictionaries(
        st.sampled_from(["unknown", "old", "zz"]),
        st.one_of(scalars, st.just([1]), st.just({"u": [1]})),
        max_size=1,
    )
    merged = st.builds(
        lambda known, extra: {**extra, **known}, st.one_of(complete, complete, with_gaps), unknown
    )
    return st.one_of(complete, merged)


def plain_values(item: S.SchemaItem[Any]) -> st.SearchStrategy[Any]:
    """Values as the usual document holds them."""
    if isinstance(item, S.Array):
        return st.lists(plain_values(item.field_type), max_size=3)
    if isinstance(item, S.Object):
        return st.fixed_dictionaries({name: plain_values(inner) for name, inner in item.fields.items()})
    return _SCALAR_VALUES.get(type(item), stored_scalars)


_SCALAR_VALUES: dict[type, st.SearchStrategy[Any]] = {
    S.String: st.text(max_size=3),
    Shouting: st.text(max_size=3),
    S.Int: st.integers(-3, 3) | st.integers(2**40, 2**41).map(bson.Int64),
    S.Float: floats | st.integers(0, 3),
    S.Bool: st.booleans(),
    S.DateTime: moments,
    S.DateTimeTZ: moments,
    S.Binary: st.binary(max_size=3),
    S.ObjectId: ids,
    S.NumberDecimal: st.just(bson.Decimal128("1.25")),
    S.OneOf: st.sampled_from(["a", "b", 1]),
    S.Value: st.sampled_from([1, "a"]),
}

plain_items = st.recursive(
    st.sampled_from(
        [S.String, S.Int, S.Float, S.Bool, S.DateTime, S.Binary, S.ObjectId, S.NumberDecimal, S.Anything]
    ).map(lambda cls: cls()),
    lambda inner: st.one_of(
        inner.map(S.Array), st.dictionaries(names, inner, min_size=1, max_size=4).map(S.Object)
    ),
    max_leaves=6,
)
"""Schema items that generated code decides alone."""
