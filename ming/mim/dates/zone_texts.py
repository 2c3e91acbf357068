"""Time zones as the texts of dates name them: by abbreviation or distance from UTC."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from ming.mim.dates.parts import HOUR, MINUTE, SECOND

__all__ = ["ZoneText", "read_zone"]

# What the server knows: hours, minutes and perhaps seconds, and the abbreviations in use for them.
_ABBREVIATIONS: Final = """
    -1200 y
    -1100 x sst
    -1000 w bdt hst ahst
    -0930 hdt hpt hwt
    -0900 v yst ahdt akst
    -0800 u pst ydt ypt ywt akdt
    -071728 emt
    -0700 t mst pdt ppt pwt yddt
    -0600 s cst mdt mpt mwt pddt
    -053613 sjmt
    -052936 hmt
    -0514 qmt
    -0500 r cdt cpt cwt est mddt
    -0449 ppmt
    -0440 sdmt
    -041648 cmt
    -040420 ffmt
    -0400 q ast edt ept ewt cddt
    -035829 bmt
    -035124 smt
    -035040 amt
    -034036 pmt
    -0330 nst
    -0300 p adt apt awt eddt
    -023052 ndt
    -0230 npt nwt
    -0200 o addt
    -0130 nddt
    -010736 fmt
    -0100 n
    -002521 dmt
    +0000 z gmt uct utc wet
    +0100 a bst cet met wat west
    +0124 wmt
    +013536 kmt
    +013634 rmt
    +0200 b cat eet ist bdst cest mest sast wast wemt
    +022040 jmt
    +023017 mmt
    +023634 lst
    +025911 tbmt
    +0300 c eat idt msk cemt eest
    +032544 tmt
    +0400 d msd iddt
    +043119 mdst
    +0500 e pkt
    +0600 f pkst
    +065705 imt
    +0700 g wib
    +070630 plmt
    +0800 h hkt awst wita
    +0830 kst
    +0900 i jst wit awdt hkst
    +0930 acst cast
    +1000 k gst jdt kdt aest chst
    +1030 acdt
    +1100 l gdt aedt
    +1130 nzmt
    +1200 m nzst
    +1300 nzdt
"""


class ZoneText(NamedTuple):
    """A time zone found in a text."""

    end: int
    """Where in the text it ends."""
    offset: int
    """What it adds to UTC, in milliseconds."""
    name: str | None
    """Its abbreviation, unless it is a distance."""


def _distance(sign: str, clock: str) -> int | None:
    """Return an offset in milliseconds: ``H``, ``HH``, ``HMM``, ``HHMM`` or ``HHMMSS``, or such with
    colons."""
    if ":" in clock:
        fields = [int(field or "0") for field in clock.split(":")]
    elif len(clock) <= 4:
        fields = [int(clock)] if len(clock) <= 2 else [int(clock) // 100, int(clock) % 100]
    elif len(clock) == 6:
        fields = [int(clock[:2]), int(clock[2:4]), int(clock[4:])]
    else:
        return None
    amount = sum(field * unit for field, unit in zip(fields, (HOUR, MINUTE, SECOND), strict=False))
    return -amount if sign == "-" else amount


def _known(table: str) -> dict[str, int]:
    known: dict[str, int] = {}
    for row in table.split("\n"):
        for offset, *names in [row.split()] if row.strip() else []:
            known.update(dict.fromkeys(names, _distance(offset[0], offset[1:]) or 0))
    return known


_OFFSETS: Final[Mapping[str, int]] = _known(_ABBREVIATIONS)
_ZONE: Final = re.compile(r"[ \t(]*(?:(?:GMT)?([+-])(\d[\d:]*)|([A-Za-z][\w/+-]*))\)*", re.ASCII)


def read_zone(text: str, at: int = 0) -> ZoneText | None:
    """Read the time zone at a place in a text.

    Returns:
        None if there is none, or not one that is known by itself: names of the Olson database are not.
    """
    found = _ZONE.match(text, at)
    if found is None:
        return None
    sign, clock, name = found.groups()
    offset = _OFFSETS.get(name.lower()) if name else _distance(sign, clock)
    return None if offset is None else ZoneText(found.end(), offset, name.upper() if name else None)
