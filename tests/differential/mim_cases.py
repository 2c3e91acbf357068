"""Strategies for documents, filters, projections and updates that the embedded engine and a server must agree on.

Values, field names and paths come from small pools, so that filters hit and updates collide.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from bson import Binary, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from hypothesis import strategies as st

NUMBERS = st.sampled_from([-2, -1, 0, 1, 2, 3, 7, 2**31, Int64(1), -1.5, 0.0, 0.5, 1.0, 2.5, 1e10])
SCALARS = st.one_of(
    NUMBERS,
    st.sampled_from(["", "a", "ab", "B", "é", "x\ny"]),
    st.booleans(),
    st.none(),
    st.sampled_from([datetime(2020, 1, 1), datetime(2021, 5, 6, 7, 8)]),
    st.sampled_from([ObjectId("5f" * 12), ObjectId("60" * 12)]),
)
EXOTIC = st.sampled_from(
    [
        Decimal128("1"),
        Decimal128("2.50"),
        Decimal128("NaN"),
        float("nan"),
        float("inf"),
        MinKey(),
        MaxKey(),
        Timestamp(1, 1),
        b"ab",
        Binary(b"ab", 128),
    ]
)
FIELDS = st.sampled_from(["a", "b", "x", "0"])


def _containers(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, max_size=3) | st.dictionaries(FIELDS, values, max_size=3)


VALUES = st.recursive(SCALARS, _containers, max_leaves=5)
ANY_VALUES = st.recursive(SCALARS | EXOTIC, _containers, max_leaves=5)
PATHS = st.sampled_from(["a", "b", "x", "a.b", "a.x", "a.0", "a.0.b", "a.b.x", "b.1", "b.x.0", "none"])


def documents(values: st.SearchStrategy[Any] = VALUES) -> st.SearchStrategy[list[dict[str, Any]]]:
    """One to four documents with ``_id`` 0, 1, ..."""
    fields = st.dictionaries(st.sampled_from(["a", "b", "x"]), values, max_size=3)
    return st.lists(fields, min_size=1, max_size=4).map(
        lambda made: [{"_id": at, **document} for at, document in enumerate(made)]
    )


# -- filters ------------------------------------------------------------------------------------------

PATTERNS = st.sampled_from([Regex("a"), Regex("^A", re.IGNORECASE), Regex("^x$", re.MULTILINE), Regex("b$")])
TYPES = st.sampled_from(
    ["double", "string", "object", "array", "bool", "null", "int", "long", "number", 2, 16]
)


def _one(name: str, operands: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return operands.map(lambda operand: {name: operand})


def _plain_conditions(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    comparisons = st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"])
    return st.one_of(
        st.dictionaries(comparisons, values, min_size=1, max_size=2),
        st.dictionaries(
            st.sampled_from(["$in", "$nin"]), st.lists(values | PATTERNS, max_size=3), min_size=1
        ),
        _one("$exists", st.booleans()),
        _one("$type", TYPES),
        _one("$size", st.integers(-1, 3)),
        _one("$all", st.lists(values, max_size=2)),
        _one("$mod", st.tuples(st.integers(0, 3), st.integers(0, 2)).map(list)),
        _one("$bitsAllSet", st.integers(0, 3)),
        PATTERNS,
        PATTERNS.map(lambda pattern: {"$regex": pattern.pattern, "$options": "i"}),
    )


def _nested_conditions(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(_one("$not", inner), _one("$elemMatch", inner), _one("$elemMatch", _by_path(inner)))


def _by_path(conditions: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(PATHS, conditions, min_size=1, max_size=2)


def filters(values: st.SearchStrategy[Any] = VALUES) -> st.SearchStrategy[dict[str, Any]]:
    """Filters, a few of them malformed."""
    conditions = st.recursive(_plain_conditions(values), _nested_conditions, max_leaves=3)
    fields = _by_path(conditions | values)
    branches = st.sampled_from(["$and", "$or", "$nor"])
    return st.recursive(
        fields,
        lambda inner: st.dictionaries(branches, st.lists(inner, max_size=2), min_size=1, max_size=1),
        max_leaves=3,
    )


SORTS = st.dictionaries(PATHS, st.sampled_from([1, -1]), max_size=2).map(lambda keys: {**keys, "_id": 1})

_FLAGS = st.dictionaries(PATHS | st.just("_id"), st.sampled_from([0, 1, True, False]), max_size=3)
PROJECTIONS = st.one_of(
    _FLAGS,
    st.dictionaries(PATHS, st.just(1), max_size=2),
    st.dictionaries(PATHS, st.just(0), max_size=2),
    st.dictionaries(PATHS, st.sampled_from([{"$slice": 1}, {"$slice": -1}, {"$slice": [1, 1]}]), max_size=1),
    st.dictionaries(PATHS, st.sampled_from(["$a", {"$literal": 1}, {"$type": "$b"}, 1]), max_size=2),
    st.just({"a": {"$elemMatch": {"$gt": 0}}, "b": 1}),
    st.just({"a": {"$elemMatch": {"b": {"$exists": True}}}}),
)

# -- updates ------------------------------------------------------------------------------------------

UPDATE_PATHS = st.sampled_from(
    [
        "a",
        "b",
        "x",
        "new",
        "_id",
        "a.b",
        "a.0",
        "a.5",
        "a.0.b",
        "b.x.0",
        "new.x.y",
        "a.$",
        "a.$.b",
        "a.$[]",
        "a.$[].b",
    ]
)
PUSHED = st.fixed_dictionaries(
    {"$each": st.lists(VALUES, max_size=3)},
    optional={
        "$position": st.integers(-2, 4),
        "$slice": st.integers(-3, 3),
        "$sort": st.sampled_from([1, -1, {"b": 1}, {"x": -1, "b": 1}]),
    },
)
_OPERANDS: dict[str, st.SearchStrategy[Any]] = {
    "$set": VALUES,
    "$unset": st.just(""),
    "$inc": NUMBERS | st.just("a"),
    "$mul": NUMBERS,
    "$min": VALUES,
    "$max": VALUES,
    "$bit": st.sampled_from([{"and": 6}, {"or": 9}, {"xor": Int64(3)}, {"nand": 1}]),
    "$push": VALUES | PUSHED,
    "$addToSet": VALUES | st.lists(VALUES, max_size=3).map(lambda each: {"$each": each}),
    "$pull": VALUES | _plain_conditions(VALUES) | st.dictionaries(st.just("b"), VALUES, min_size=1),
    "$pullAll": st.lists(VALUES, max_size=2),
    "$pop": st.sampled_from([1, -1, 2]),
    "$rename": UPDATE_PATHS,
    "$setOnInsert": VALUES,
}
MODIFIERS = st.one_of(
    [
        _one(name, st.dictionaries(UPDATE_PATHS, operands, max_size=1 if name == "$rename" else 2))
        for name, operands in _OPERANDS.items()
    ]
)
STAGES = st.one_of(
    _one(
        "$set",
        st.dictionaries(
            PATHS, VALUES | st.sampled_from(["$a", "$b.x", {"$type": "$a"}]), min_size=1, max_size=2
        ),
    ),
    _one("$unset", PATHS),
    st.just({"$replaceWith": {"_id": "$_id", "x": "$a"}}),
)
UPDATES = st.one_of(
    MODIFIERS,
    st.tuples(MODIFIERS, MODIFIERS).map(lambda pair: {**pair[0], **pair[1]}),
    st.dictionaries(st.sampled_from(["a", "b", "new"]), VALUES, max_size=2),
    st.lists(STAGES, min_size=1, max_size=2),
)

# -- expressions --------------------------------------------------------------------------------------

_FIELD_REFERENCES = st.sampled_from(["$a", "$b", "$a.b", "$a.0", "$none", "$$ROOT.x", "$_id"])


def _calls(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    pairs = st.tuples(inner, inner).map(list)
    triples = st.tuples(inner, inner, inner).map(list)
    return st.one_of(
        st.tuples(
            st.sampled_from(
                ["$eq", "$ne", "$gt", "$lt", "$cmp", "$add", "$subtract", "$multiply", "$divide", "$mod"]
            ),
            pairs,
        ).map(lambda call: {call[0]: call[1]}),
        st.tuples(
            st.sampled_from(["$and", "$or", "$ifNull", "$concatArrays", "$concat", "$arrayElemAt", "$slice"]),
            pairs,
        ).map(lambda call: {call[0]: call[1]}),
        st.tuples(
            st.sampled_from(
                ["$not", "$type", "$isArray", "$size", "$abs", "$floor", "$sum", "$max", "$avg", "$first"]
            ),
            inner.map(lambda operand: [operand]),
        ).map(lambda call: {call[0]: call[1]}),
        _one("$cond", triples),
        pairs.map(lambda pair: {"$map": {"input": pair[0], "in": {"v": "$$this", "w": pair[1]}}}),
        pairs.map(lambda pair: {"$filter": {"input": pair[0], "as": "e", "cond": {"$gt": ["$$e", pair[1]]}}}),
        st.dictionaries(st.sampled_from(["p", "q"]), inner, max_size=2),
    )


EXPRESSIONS = st.recursive(
    _FIELD_REFERENCES | NUMBERS | VALUES.map(lambda value: {"$literal": value}), _calls, max_leaves=5
)
