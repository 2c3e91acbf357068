"""The stage that adds documents where a sequence of values has gaps: $densify."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from ming.mim.data.arithmetic import add, subtract
from ming.mim.data.errors import CommandError
from ming.mim.data.sorting import compile_sort
from ming.mim.data.values import MISSING, OrderKey, as_integer, is_number, order_key, type_code, type_name
from ming.mim.dates.arithmetic import UNITS, added
from ming.mim.dates.parts import date_from, milliseconds_of
from ming.mim.dates.zones import UTC
from ming.mim.expressions.compiler import field_value
from ming.mim.pipelines.stages import Builder, Document, Stage, check_fields, field_path
from ming.mim.pipelines.stages_reshaping import nested_value, with_value
from ming.mim.queries.filters import QueryContext

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
        return add(value, self.step) if self.unit is None else self._shifted(value, self.unit, 1)

    def beginning(self, value: Any) -> Any:
        """Return the value a sequence begins with that is to begin with another; it is got by steps, too."""
        if self.unit is None:
            return add(subtract(value, self.step), self.step)
        return self.after(self._shifted(value, self.unit, -1))

    def _shifted(self, date: Any, unit: str, steps: int) -> Any:
        amount = as_integer(self.step)
        assert amount is not None
        return date_from(added(milliseconds_of(date), unit, amount * steps, UTC))


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
    check_fields(
        "$densify.range", given, {"step": None, "bounds": None, "unit": "string"}, ("step", "bounds")
    )
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
    lower, upper = bounds
    if order_key(lower) > order_key(upper):
        raise CommandError(
            5733402, "A bounding array must be an ascending array of either two dates or two numbers"
        )
    if not is_number(lower) and not _is_date(lower):
        raise CommandError(5946800, "Explicit bounds must be numeric or dates")
    if not (_is_date(upper) if _is_date(lower) else is_number(upper)):
        raise CommandError(5733406, "A bounding array must contain either both dates or both numeric types")
    if _is_date(lower):
        if unit is None:
            raise CommandError(5733410, "A bounding array of dates must specify a unit")
    elif unit is not None:
        raise CommandError(5733409, "Numeric bounds may not have unit parameter")
    elif len({type_code(each) for each in (*bounds, step)}) > 1:
        raise CommandError(5876900, "Upper bound, lower bound, and step must all have the same type")


def _is_date(value: Any) -> bool:
    return type_name(value) == "date"


# -- one run ------------------------------------------------------------------------------------------


class _Densifier:
    """The state of one run: how far the values of each partition have come."""

    def __init__(
        self,
        path: tuple[str, ...],
        partition_paths: list[tuple[str, ...]],
        span: _Range,
        context: QueryContext,
    ) -> None:
        self._path = path
        self._partition_paths = partition_paths
        self._range = span
        self._key = context.key
        self._fields: dict[OrderKey, Document] = {}
        """The fields by which each partition is known."""
        self._last: dict[OrderKey, Any] = {}
        """The value of each partition after which to go on."""
        self._least: Any = MISSING
        self._greatest: Any = MISSING
        self._is_below = self._was_always_below = True
        """Whether the last value, or all values, were below the lower bound."""
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
        if _is_date(value):
            if self._range.unit is None:
                raise CommandError(
                    6053601,
                    "Encountered date densify value in collection when step does not have a date unit.",
                )
        elif not is_number(value):
            raise CommandError(5733201, "Densify field type must be numeric or a date")
        elif self._range.unit is not None:
            raise CommandError(
                6053600, "Encountered numeric densify value in collection when step has a date unit."
            )

    def _before(self, document: Document, value: Any) -> Iterator[Document]:
        """Yield what is missing before a document of the same partition, and note where to go on after it."""
        is_first = self._least is MISSING
        if is_first:
            self._least = value
        self._greatest = value
        partition = self._partition_of(document)
        if self._range.is_explicit:
            yield from self._before_in_bounds(partition, value)
        elif partition in self._last:
            yield from self._up_to(partition, self._range.after(self._last[partition]), value)
        elif self._range.bounds == "partition" or is_first:
            self._last[partition] = value
        else:
            yield from self._up_to(partition, self._range.beginning(self._least), value)

    def _before_in_bounds(self, partition: OrderKey, value: Any) -> Iterator[Document]:
        lower = self._range.bounds[0]
        if order_key(value) < order_key(lower):
            self._is_below = True
            if self._partition_paths:
                self._last[partition] = value
            return
        was_below, self._is_below = self._is_below, False
        self._was_always_below = False
        if order_key(value) == order_key(lower):
            # As on the server, the first value within bounds does not replace one below them.
            if not was_below or partition not in self._last:
                self._last[partition] = value
        elif was_below or partition not in self._last:
            yield from self._up_to(partition, self._range.beginning(lower), value)
        else:
            yield from self._up_to(partition, self._range.after(self._last[partition]), value)

    def _partition_of(self, document: Document) -> OrderKey:
        fields: Document = {}
        for path in self._partition_paths:
            fields = with_value(fields, path, field_value(document, path))
        partition = self._key(fields)
        self._fields.setdefault(partition, fields)
        return partition

    def _at_end(self) -> Iterator[Document]:
        if self._range.is_explicit:
            yield from self._at_end_of_bounds()
        elif self._range.bounds == "full":
            for partition, last in list(self._last.items()):
                value = self._range.after(last)
                while order_key(value) <= order_key(self._greatest):
                    yield self._made(partition, value)
                    value = self._range.after(value)

    def _at_end_of_bounds(self) -> Iterator[Document]:
        lower, upper = self._range.bounds
        if not self._last:
            self._fields = {self._key({}): {}}
            yield from self._up_to(self._key({}), self._range.beginning(lower), None)
            if order_key(lower) == order_key(upper) and self._greatest is MISSING:
                yield self._made(self._key({}), lower)
            return
        for partition, last in list(self._last.items()):
            value = self._range.after(last)
            if order_key(value) < order_key(lower):
                value = self._range.beginning(lower)
            if order_key(value) == order_key(lower) == order_key(upper):
                yield self._made(partition, value)
            yield from self._up_to(partition, value, None)
            if self._was_always_below:
                # The server knows of no others yet.
                return

    def _up_to(self, partition: OrderKey, value: Any, end: Any) -> Iterator[Document]:
        """Yield documents with further values of a partition up to that of a document, or up to the bound."""
        while (end is None or order_key(value) < order_key(end)) and self._is_inside(value, end):
            self._last[partition] = value
            yield self._made(partition, value)
            value = self._range.after(value)
        if end is not None and order_key(value) == order_key(end):
            self._last[partition] = end

    def _is_inside(self, value: Any, end: Any) -> bool:
        if not self._range.is_explicit:
            return True
        lower, upper = map(order_key, self._range.bounds)
        # Before a document, the lower bound is made even if there is nothing between it and the upper one.
        return order_key(value) < upper or (end is not None and order_key(value) == lower)

    def _made(self, partition: OrderKey, value: Any) -> Document:
        if any(path[: len(self._path)] == self._path for path in self._partition_paths):
            raise CommandError(5733306, "DocGenerator cannot include field that is being densified")
        self._generated += 1
        if self._generated > _MOST_GENERATED:
            raise CommandError(
                5897900,
                f"Generated {self._generated} documents in $densify, which is over the limit of {_MOST_GENERATED}."
                " Increase the 'internalQueryMaxAllowedDensifyDocs' parameter to allow more generated documents",
            )
        return with_value(self._fields[partition], self._path, value)


DENSIFY: Final[Mapping[str, Builder]] = {"$densify": _densify}
"""The builder of the stage, by name."""
