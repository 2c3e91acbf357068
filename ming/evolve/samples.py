"""Values that schema items accept: telling ones at the edges, and random ones.

Tables by class of item, for `ming.evolve.generate`, which puts documents together. A value here is as the
driver decodes it: `Missing` stands for an absent key. Whether an item really accepts a value is always asked
of the item, so items with rules of their own take part.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

import bson
from bson.max_key import MaxKey
from bson.min_key import MinKey

from ming import schema as S
from ming._values import Missing

__all__ = ["EDGE_SHARE", "Leaf", "accepts", "empties", "leaf_of"]

Draw = Callable[[Random], Any]

EDGE_SHARE: Final = 0.3
"""How often a random document has an edge value where an ordinary one would do."""

_REFUSALS: Final = (S.Invalid, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""A program's own item may choke on values it was never meant for; then it does not accept them."""

EPOCH: Final = datetime(1970, 1, 1)
A_DAY: Final = datetime(2024, 2, 29, 12, 30, 15, 123000)
AN_ID: Final = bson.ObjectId("0123456789abcdef01234567")

TEXTS: Final[tuple[Any, ...]] = (
    *("", "a", "ABC", "two words", "one two three", " leading", "trailing ", "  ", "a,b", "a.b", "$a", "\n"),
    *("0", "5", "-5", "42", " 5", "5 ", "+5", "-0", "007", "1_0", "1e3", "0x10", "3.14", "-1.50", ".5", "1."),
    *("2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775808"),
    *("NaN", "Infinity", "true", "false", "True", "null", "\uff15", "\u0661\u0662", "\u00b2", "\u22125"),
    *("é", "e\u0301", "ß", "İ", "\U0001f600", "\u00a0", "a\x00b", "$$ROOT", str(AN_ID), str(AN_ID).upper()),
    *("2024-02-29", "2024-02-29T12:30:15.123Z", "2023-02-29", "2024-02-29 12:30:15", "12:30"),
)
"""Text that reads as a number to some and not to others, text with nothing or too much around its parts."""
INTEGERS: Final[tuple[Any, ...]] = (
    *(0, 1, -1, 5, 2**31 - 1, -(2**31), bson.Int64(5), bson.Int64(0)),
    *(bson.Int64(2**31), bson.Int64(2**53 + 1), bson.Int64(2**63 - 1), bson.Int64(-(2**63))),
    *(3.0, -0.0, 2.0**53, 2.0**63, 1e300, True, False),
)
DOUBLES: Final[tuple[Any, ...]] = (
    *(0.0, -0.0, 0.1, -1.5, 2.5, 0.30000000000000004, 123456789.123, 1e15, 1e16, 1e300, 5e-324),
    *(float("nan"), float("inf"), float("-inf")),
)
DECIMALS: Final[tuple[Any, ...]] = tuple(
    bson.Decimal128(text)
    for text in ("0", "-0", "1", "1.0", "1.25", "-3.50", "1E+3", "9E+6144", "1E-6176", "NaN", "Infinity")
)
MOMENTS: Final[tuple[Any, ...]] = (
    *(EPOCH, EPOCH - timedelta(milliseconds=1), A_DAY, datetime(2038, 1, 19, 3, 14, 8)),
    *(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999000), datetime(2024, 12, 31)),
)
BINARIES: Final[tuple[Any, ...]] = (
    b"",
    b"x",
    b"\x00\xff",
    bson.Binary(bytes(16), 4),
    bson.Binary(b"y", 0x80),
)
IDS: Final[tuple[Any, ...]] = (AN_ID, bson.ObjectId(bytes(12)), str(AN_ID))
RARE: Final[tuple[Any, ...]] = (
    *(bson.Regex("a", 2), bson.Timestamp(1, 2), bson.Code("f"), MinKey(), MaxKey()),
)
SCALARS: Final = (
    *(None, True, False, "", "a", " 5", 0, 5, bson.Int64(2**40), 0.1, -0.0, float("nan")),
    *(EPOCH, A_DAY, AN_ID, b"x", bson.Decimal128("1.25"), *RARE),
)
CONTAINERS: Final[tuple[Any, ...]] = (
    [],
    [None],
    [[]],
    ["a", 1],
    {},
    {"a": 1},
    {"a": {"b": [1]}},
    [{"a": None}],
)
ANYTHING: Final = (*SCALARS, *CONTAINERS)

_LETTERS: Final = "abcdeXYZ0189 .,-_é\u4e2d"


def _text(rng: Random) -> str:
    return "".join(rng.choices(_LETTERS, k=rng.randint(0, 12)))


def _integer(rng: Random) -> Any:
    bits = rng.randint(1, 63)
    number = rng.randint(-(2**bits), 2**bits - 1)
    return number if -(2**31) <= number < 2**31 else bson.Int64(number)


def _double(rng: Random) -> float:
    return rng.uniform(-1, 1) * float(10 ** rng.randint(0, 20))


def _decimal(rng: Random) -> bson.Decimal128:
    return bson.Decimal128(f"{rng.randint(-(10**12), 10**12)}E{rng.randint(-6, 3)}")


def _moment(rng: Random) -> datetime:
    return EPOCH + timedelta(milliseconds=rng.randint(-(2**40), 2**42))


def _binary(rng: Random) -> bytes:
    return rng.randbytes(rng.randint(0, 8))


def _id(rng: Random) -> bson.ObjectId:
    return bson.ObjectId(rng.randbytes(12))


def _scalar(rng: Random) -> Any:
    return rng.choice((_text, _integer, _double, _moment, _id, lambda rng: rng.choice(SCALARS)))(rng)


def _anything(rng: Random) -> Any:
    kind = rng.randint(0, 5)
    if kind == 0:
        return [_anything(rng) for _ in range(rng.randint(0, 2))]
    if kind == 1:
        return {_text(rng) or "k": _anything(rng) for _ in range(rng.randint(0, 2))}
    return _scalar(rng)


@dataclass(frozen=True)
class _Kind:
    """The values of one class of items."""

    edges: Sequence[Any]
    draw: Draw


_KINDS: Final[dict[type, _Kind]] = {
    S.String: _Kind(TEXTS, _text),
    S.Int: _Kind(INTEGERS, _integer),
    S.Float: _Kind((*DOUBLES, *INTEGERS), _double),
    S.Bool: _Kind((True, False), lambda rng: rng.random() < 0.5),
    S.Binary: _Kind(BINARIES, _binary),
    S.DateTimeTZ: _Kind(MOMENTS, _moment),
    S.ObjectId: _Kind(IDS, _id),
    S.NumberDecimal: _Kind((*DECIMALS, *INTEGERS, *DOUBLES), _decimal),
    S.Scalar: _Kind(SCALARS, _scalar),
    S.Deprecated: _Kind(("a", 1, [], {}, None), _scalar),
}
_ANY_KIND: Final = _Kind((*ANYTHING, *TEXTS, *INTEGERS, *DOUBLES, *DECIMALS, *MOMENTS, *BINARIES), _anything)


def accepts(item: S.SchemaItem[Any], value: Any) -> bool:
    """Whether an item accepts a stored value, unknown keys aside."""
    try:
        item.validate(copy.deepcopy(value), allow_extra=True, strip_extra=False)
    except _REFUSALS:
        return False
    return True


def empties(item: S.SchemaItem[Any], empty: Any) -> list[Any]:
    """Of an absent key, null and an empty container, those that an item accepts."""
    candidates: tuple[Any, ...] = (Missing, None, empty)
    return [value for value in candidates if accepts(item, value)]


@dataclass(frozen=True, eq=False)
class Leaf:
    """The values of an item that holds no items."""

    item: S.SchemaItem[Any]
    pool: tuple[Any, ...]
    """Accepted edge values."""
    fresh: Draw

    def edges(self, rng: Random) -> Sequence[Any]:
        """The edge values."""
        return self.pool

    def draw(self, rng: Random) -> Any:
        """A random value, an edge value now and then."""
        if self.pool and rng.random() < EDGE_SHARE:
            return copy.deepcopy(rng.choice(self.pool))
        return self.plain(rng)

    def plain(self, rng: Random) -> Any:
        """An ordinary value, there if any can be."""
        for _ in range(5):
            value = self.fresh(rng)
            if accepts(self.item, value):
                return value
        there = [value for value in self.pool if value is not Missing and value is not None]
        return copy.deepcopy(rng.choice(there or self.pool or (Missing,)))


def leaf_of(item: S.SchemaItem[Any]) -> Leaf:
    """The values of an item that holds no items."""
    kind = _kind_of(item)
    pool = tuple(value for value in (Missing, None, *kind.edges) if accepts(item, value))
    return Leaf(item, _each_once(pool), kind.draw)


def _kind_of(item: S.SchemaItem[Any]) -> _Kind:
    if isinstance(item, S.OneOf):
        return _options(item.options)
    if isinstance(item, S.Value):
        return _options((item.value,))
    known = (_KINDS[cls] for cls in type(item).__mro__ if cls in _KINDS)
    return next(known, _ANY_KIND)


def _options(options: Sequence[Any]) -> _Kind:
    edges = [form for option in options for form in (option, *_numerically_equal(option))]
    return _Kind(edges, lambda rng: copy.deepcopy(rng.choice(options)) if options else Missing)


def _numerically_equal(value: Any) -> tuple[Any, ...]:
    """The other BSON numbers that equal a number; the server does not tell them apart either."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        return ()
    return tuple(form for form in (bson.Int64(value), float(value)) if type(form) is not type(value))


def _each_once(values: Sequence[Any]) -> tuple[Any, ...]:
    # By text: NaN equals nothing, and 1 equals True.
    return tuple({f"{type(value)} {value!r}": value for value in values}.values())
