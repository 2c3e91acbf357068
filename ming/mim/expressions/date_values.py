"""Dates and time zones as the date operators are given them."""

from __future__ import annotations

from typing import Any

from bson import ObjectId, Timestamp

from ming.mim.data.errors import CommandError
from ming.mim.data.values import type_name
from ming.mim.dates.parts import SECOND, is_date, milliseconds_of
from ming.mim.dates.zones import TimeZone, time_zone
from ming.mim.expressions.functions import absent

__all__ = ["given_zone", "moment_in", "moment_of", "zone_of"]


def moment_in(value: Any) -> int | None:
    """Return the moment in a date, timestamp or object id, as milliseconds since 1970; None if there is
    none."""
    if is_date(value):
        return milliseconds_of(value)
    if isinstance(value, Timestamp):
        return value.time * SECOND
    if isinstance(value, ObjectId):
        return int.from_bytes(value.binary[:4], "big") * SECOND
    return None


def moment_of(value: Any) -> int:
    """Return the moment in a value.

    Raises:
        CommandError: There is none in values of this type.
    """
    moment = moment_in(value)
    if moment is None:
        raise CommandError(16006, f"can't convert from BSON type {type_name(value)} to Date")
    return moment


def given_zone(value: Any) -> TimeZone | None:
    """Return the time zone that an argument names; None if it is null or missing.

    Raises:
        CommandError: It is no string, or there is no such zone.
    """
    return None if absent(value) else zone_of(value)


def zone_of(value: Any) -> TimeZone:
    """Return the time zone that a value names.

    Raises:
        CommandError: It is no string, or there is no such zone.
    """
    if not isinstance(value, str):
        raise CommandError(40517, f"timezone must evaluate to a string, found {type_name(value)}")
    return time_zone(value)
