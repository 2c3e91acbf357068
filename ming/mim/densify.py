"""The stage that adds documents where a sequence of values has gaps: $densify."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from bson import Decimal128

from ming.mim.arithmetic import add, as_decimal
from ming.mim.date_arithmetic import UNITS, added
from ming.mim.date_parts import date_from, milliseconds_of
from ming.mim.errors import CommandError
from ming.mim.filters import QueryContext
from ming.mim.sorting import compile_sort
from ming.mim.stages import Builder, Document, Stage, check_fields, field_path
from ming.mim.stages_reshaping import nested_value, with_value
from ming.mim.time_zones import UTC
from ming.mim.values import MISSING, OrderKey, as_integer, is_number, order_key, type_code, type_name

__all__ = ["DENSIFY"]

_MOST_GENERATED: Final = 500_000


class _Range(NamedTuple):
    """The values there should be."""

    step: Any
    unit: str | None
    bounds: Any
    """``full``, ``partition``, or a lower and an upper one."""

    @property
    def is_explicit(self) -> bool:
        return isinstance(self.bounds, list)

    def after(self, value: Any) -> Any:
        """Return the value one step later."""
        if self.unit is None:
            return add(value, self.step)
        amount = as_integer(self.step)
        assert amount is not None
        return date_from(added(milliseconds_of(value), self.unit, amount, UTC))


def _densify(operand: Any, context: QueryContext) -> Stage:
    if not isinstance(operand, dict):
        raise CommandError(
            9, f"The $densify stage specification must be an object, found {type_name(operand)}"
        )
    options = {"field": "string", "partitionByFields": "array", "range": "object"}
    check_fields("$densify", operand, options, ("field", "range"))
    path = field_path(operand["field"])
    partition_paths = _partition_paths(operand.get("partitionByFields") or [])
    span = _range(operand["range"], bool(partition_paths))
    sorted_paths = [] if span.bounds == "full" else [".".join(each) for each in partition_paths]
    order = compile_sort(dict.fromkeys([*sorted_paths, operand["field"]], 1), context.key)

    def run(documents: Iterable[Document]) -> Iterator[Document]:
        return _Densifier(path, partition_paths, span, context).run(sorted(documents, key=order))

    return run


def _partition_paths(fields: list[Any]) -> list[tuple[str, ...]]:
    for at, field in enumerate(fields):
        if not isinstance(field, str):
            raise CommandError(
                14,
                f"BSON field '$densify.partitionByFields.{at}' is the wrong type '{type_name(field)}', expected type"
                " 'string'",
            )
    return [field_path(field) for field in fields]


# -- the range ----------------------------------------------------------------------------------------


def _range(given: Document, partitioned: bool) -> _Range:
    check_fields("$densify.range", given, {"step": None, "bounds": None, "unit": "string"}, ("step", "bounds"))
    step, bounds, unit = given["step"], given["bounds"], given.get("unit")
    if not is_number(step):
        raise CommandError(
            14,
            f"BSON field '$densify.range.step' is the wrong type '{type_name(step)}', expected types '[int, decimal,"
            " double, long']",
        )
    if order_key(step) <= order_key(0):
        raise CommandError(
            5733401, "The step parameter in a range statement must be a strictly positive numeric value"
        )
    if unit is not None and unit not in UNITS:
        raise CommandError(9, f"unknown time unit value: {unit}")
    if unit is not None and as_integer(step) is None:
        raise CommandError(
            6586400,
            "The step parameter in a range statement must be a whole number when densifying a date range",
        )
    if isinstance(bounds, list):
        _check_bounds(bounds, step, unit)
    elif not isinstance(bounds, str):
        raise CommandError(
            5733404,
            "The bounds in a range statement must be the string 'full', 'partition', or an ascending array of two"
            " numbers or two dates",
        )
    elif bounds not in ("full", "partition"):
        raise CommandError(5946802, "Bounds string must either be 'full' or 'partition'")
    elif bounds == "partition" and not partitioned:
        raise CommandError(
            5733408,
            "One cannot specify the bounds as 'partition' without specifying a non-empty array of partitionByFields."
            " You may have meant to specify 'full' bounds.",
        )
    return _Range(step, unit, bounds)


def _check_bounds(bounds: list[Any], step: Any, unit: str | None) -> None:
    if len(bounds) != 2:
        raise CommandError(5733403, "A bounding array in a range statement must have exactly two elements")
    dates = [type_name(bound) == "date" for bound in bounds]
    if not all(dates) and not all(map(is_number, bounds)) or order_key(bounds[0]) > order_key(bounds[1]):
        raise CommandError(
            5733402, "A bounding array must be an ascending array of either two dates or two numbers"
        )
    if all(dates):
        if unit is None:
            raise CommandError(5733410, "A bounding array of dates must specify a unit")
    elif unit is not None:
        raise CommandError(5733409, "Numeric bounds may not have unit parameter")
    elif len({type_code(each) for each in (*bounds, step)}) > 1:
        raise CommandError(5876900, "Upper bound, lower bound, and step must all have the same type")


# -- one run ------------------------------------------------------------------------------------------


class _Densifier:
    """The state of one run: how far the values of each partition have come."""

    def __init__(
        self, path: tuple[str, ...], partition_paths: list[tuple[str, ...]], span: _Range, context: QueryContext
    ) -> None:
        self._path = path
        self._partition_paths = partition_paths
        self._range = span
        self._key = context.key
        self._next: dict[OrderKey, tuple[Document, Any]] = {}
        """The next value of each partition, with its fields."""
        self._least: Any = MISSING
        self._greatest: Any = MISSING
        self._generated = 0

    def run(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Yield ordered documents, and others where some are missing."""
        for document in documents:
            value = nested_value(document, self._path)
            if value is not None and value is not MISSING:
                self._check(value)
                yield from self._before(document, value)
            yield document
        yield from self._at_end()

    def _check(self, value: Any) -> None:
        if type_name(value) == "date":
            if self._range.unit is None:
                raise CommandError(
                    6053601, "Encountered date densify value in collection when step does not have a date unit."
                )
        elif not is_number(value):
            raise CommandError(5733201, "Densify field type must be numeric or a date")
        elif self._range.unit is not None:
            raise CommandError(
                6053600, "Encountered numeric densify value in collection when step has a date unit."
            )

    def _before(self, document: Document, value: Any) -> Iterator[Document]:
        """Yield what is missing before a document of the same partition, and note where to go on after it."""
        if self._least is MISSING:
            self._least = value
        self._greatest = value
        fields: Document = {}
        for path in self._partition_paths:
            fields = with_value(fields, path, nested_value(document, path))
        partition = self._key(fields)
        if partition not in self._next:
            self._next[partition] = (fields, self._start(value))
        _, following = self._next[partition]
        yield from self._up_to(partition, lambda each: each < order_key(value))
        fields, following = self._next[partition]
        if order_key(following) == order_key(value):
            self._next[partition] = (fields, self._range.after(following))

    def _start(self, value: Any) -> Any:
        if self._range.is_explicit:
            return self._range.bounds[0]
        return self._least if self._range.bounds == "full" else value

    def _at_end(self) -> Iterator[Document]:
        if self._range.bounds == "partition":
            return
        if self._range.is_explicit:
            if not self._next:
                self._next[self._key({})] = ({}, self._range.bounds[0])
            for partition in self._next:
                yield from self._up_to(partition, lambda each: True)
        elif self._next:
            last = order_key(self._greatest)
            for partition in self._next:
                yield from self._up_to(partition, lambda each: each <= last)

    def _up_to(self, partition: OrderKey, goes_on: Callable[[OrderKey], bool]) -> Iterator[Document]:
        """Yield documents with the next values of a partition as long as they are wanted."""
        fields, value = self._next[partition]
        while goes_on(order_key(value)) and self._is_inside(value):
            yield self._made(fields, value)
            value = self._range.after(value)
            self._next[partition] = (fields, value)

    def _is_inside(self, value: Any) -> bool:
        if not self._range.is_explicit:
            return True
        lower, upper = map(order_key, self._range.bounds)
        # The lower bound itself is always made, even if there is nothing between it and the upper one.
        return order_key(value) < upper or order_key(value) == lower

    def _made(self, fields: Document, value: Any) -> Document:
        if any(path[: len(self._path)] == self._path for path in self._partition_paths):
            raise CommandError(5733306, "DocGenerator cannot include field that is being densified")
        self._generated += 1
        if self._generated > _MOST_GENERATED:
            raise CommandError(
                5897900,
                f"Generated {self._generated} documents in $densify, which is over the limit of {_MOST_GENERATED}."
                " Increase the 'internalQueryMaxAllowedDensifyDocs' parameter to allow more generated documents",
            )
        return with_value(fields, self._path, value)


DENSIFY: Final[Mapping[str, Builder]] = {"$densify": _densify}
"""The builder of the stage, by name."""
