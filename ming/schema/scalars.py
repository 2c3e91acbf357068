"""Items for single BSON values.

They stand on `ming.schema.items`; what holds other items is in `ming.schema.containers`.
"""

from __future__ import annotations

import decimal
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any, TypeVar

import bson
import bson.errors

from ming._values import Missing, NoDefault, NoDefaultType
from ming.exc import Invalid
from ming.schema.items import SHORTHAND, FancySchemaItem

__all__ = [
    "Binary",
    "Bool",
    "DateTime",
    "DateTimeTZ",
    "Float",
    "Int",
    "NumberDecimal",
    "ObjectId",
    "OneOf",
    "ParticularScalar",
    "Scalar",
    "String",
]

T_co = TypeVar("T_co", covariant=True)


class Scalar(FancySchemaItem[T_co]):
    """Accepts everything but tuples, lists and dicts; an absent key becomes None."""

    if_missing: Any = None

    def _validate(self, value: Any, **options: Any) -> Any:
        if isinstance(value, (tuple, list, dict)):
            raise Invalid(f"{value!r} is not a scalar", value)
        return value


class ParticularScalar(Scalar[T_co]):
    """Accepts instances of the class, or classes, that a subclass names as ``type``.

    Args:
        allow_none: Whether a given None is accepted; if not, an absent key stays absent.
        required: Whether an absent key is an error.
        if_missing: Default of an absent key.
    """

    type: Any = ()
    """The accepted class, or a tuple of classes."""
    allow_none: bool = True
    """Whether a given None is accepted."""

    def __init__(
        self,
        allow_none: bool | NoDefaultType = NoDefault,
        required: bool | NoDefaultType = NoDefault,
        if_missing: Any = NoDefault,
    ) -> None:
        super().__init__(required, if_missing)
        if not isinstance(allow_none, NoDefaultType):
            self.allow_none = allow_none
        if if_missing is NoDefault and self.if_missing is None and not self.allow_none:
            self.if_missing = Missing

    def _validate(self, value: Any, **options: Any) -> Any:
        if value is None and self.allow_none:
            return None
        if not isinstance(value, self.type):
            raise self._refused(value)
        return value

    def _refused(self, value: Any) -> Invalid:
        return Invalid(f"{value} is not a {self.type!r}", value)


class OneOf(ParticularScalar[Any]):
    """Accepts the given options.

    Args:
        options: The accepted values.
        kwargs: Arguments of `ParticularScalar`.
    """

    type = object

    def __init__(self, *options: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.options = options

    def _validate(self, value: Any, **options: Any) -> Any:
        if value not in self.options:
            raise Invalid(f"{value} is not in {self.options!r}", value)
        return value


class String(ParticularScalar[str]):
    """Accepts text."""

    type = str


class Int(ParticularScalar[int]):
    """Accepts integers, and floats without a fraction, which become integers."""

    type = (int,)

    def _validate(self, value: Any, **options: Any) -> Any:
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return super()._validate(value, **options)


class Float(ParticularScalar[float]):
    """Accepts floats and integers, unchanged."""

    type = (float, int)


class Bool(ParticularScalar[bool]):
    """Accepts True and False."""

    type = bool


class Binary(ParticularScalar[bytes]):
    """Accepts bytes and BSON binary data of any subtype."""

    type = (bytes, bson.Binary)


class DateTimeTZ(ParticularScalar[datetime]):
    """Accepts a datetime, unchanged."""

    type = datetime


class DateTime(DateTimeTZ):
    """Accepts datetimes and dates, as BSON keeps them: naive UTC in whole milliseconds."""

    def _validate(self, value: Any, **options: Any) -> Any:
        if isinstance(value, date) and not isinstance(value, datetime):
            return datetime(value.year, value.month, value.day)
        moment = super()._validate(value, **options)
        return moment if moment is None else self._as_stored(moment)

    def _as_stored(self, moment: datetime) -> datetime:
        if moment.tzinfo is not None:
            try:
                moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
            except OverflowError:
                raise self._refused(moment) from None
        excess = moment.microsecond % 1000
        return moment.replace(microsecond=moment.microsecond - excess) if excess else moment


class ObjectId(Scalar[bson.ObjectId]):
    """Accepts ObjectIds and their hexadecimal form; an absent key becomes a new ObjectId."""

    def if_missing(self) -> bson.ObjectId:
        """Return a new ObjectId."""
        return bson.ObjectId()

    def _validate(self, value: Any, **options: Any) -> Any:
        value = super()._validate(value, **options)
        if value is None or isinstance(value, bson.ObjectId):
            return value
        if not isinstance(value, str):
            raise Invalid(f"{value} is not a bson.ObjectId", value)
        try:
            return bson.ObjectId(value)
        except bson.errors.InvalidId as error:
            raise Invalid(str(error), value) from error


class NumberDecimal(ParticularScalar[bson.Decimal128]):
    """Accepts numbers, as 128 bit decimals.

    Args:
        precision: Number of decimal places; None and 0 leave the number as it is.
        rounding: How to round, one of `decimal`'s constants.
        kwargs: Arguments of `ParticularScalar`.
    """

    type = (int, float, Decimal, bson.Decimal128)

    def __init__(
        self, precision: int | None = None, rounding: str = decimal.ROUND_HALF_DOWN, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.precision = precision
        self.rounding = rounding

    def _validate(self, value: Any, **options: Any) -> Any:
        value = super()._validate(value, **options)
        if value is None:
            return None
        try:
            return self._decimal128(value)
        except decimal.DecimalException as error:
            raise Invalid(f"{value} does not fit into 34 decimal digits", value) from error

    def _decimal128(self, value: int | float | Decimal | bson.Decimal128) -> bson.Decimal128:
        if isinstance(value, bson.Decimal128):
            if not self.precision:
                return value
            return self._decimal128(value.to_decimal())
        context = decimal.Context(
            prec=34,
            rounding=self.rounding,
            Emin=-6143,
            Emax=6144,
            clamp=1,
            traps=[decimal.InvalidOperation, decimal.Overflow],
        )
        number = context.create_decimal(value)
        # Infinities and NaN have no decimal places to round to.
        if self.precision and number.is_finite():
            number = number.quantize(Decimal(1).scaleb(-self.precision), context=context)
        return bson.Decimal128(number)


SHORTHAND.update(
    {
        int: Int,
        bson.Int64: Int,
        str: String,
        bytes: Binary,
        bson.Binary: Binary,
        float: Float,
        bool: Bool,
        datetime: DateTime,
        date: DateTime,
        Decimal: NumberDecimal,
        bson.Decimal128: NumberDecimal,
        bson.ObjectId: ObjectId,
    }
)
