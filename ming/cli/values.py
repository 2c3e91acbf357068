"""Values of options as people write them: ``50%``, ``2s``."""

from __future__ import annotations

from typing import Final

import click

__all__ = ["duty", "seconds"]

_UNITS: Final = (("ms", 0.001), ("s", 1.0), ("m", 60.0), ("", 1.0))


def duty(text: str) -> float:
    """Read a share, such as ``50%`` or ``0.5``.

    Raises:
        BadParameter: It is none above 0 and up to 100%.
    """
    share = _number(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if not 0 < share <= 1:
        raise click.BadParameter(f"{text!r} is no share above 0 and up to 100%, such as 50% or 0.5")
    return share


def seconds(text: str) -> float:
    """Read a time, such as ``2s``, ``500ms``, ``1m`` or ``2``.

    Raises:
        BadParameter: It is none above 0.
    """
    unit, factor = next((unit, factor) for unit, factor in _UNITS if text.endswith(unit))
    time = _number(text.removesuffix(unit)) * factor
    if not 0 < time < float("inf"):
        raise click.BadParameter(f"{text!r} is no time above 0, such as 2s, 500ms or 1m")
    return time


def _number(text: str) -> float:
    """The number, or one that is of no use."""
    try:
        return float(text)
    except ValueError:
        return -1.0
