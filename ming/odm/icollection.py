"""Tracked containers: lists and dicts that report their changes and write them through.

A door to `ming.odm.tracked` and the two kinds there are.
"""

from ming.odm.tracked import deinstrument, instrument
from ming.odm.tracked_dict import InstrumentedObj
from ming.odm.tracked_list import InstrumentedList

__all__ = ["InstrumentedList", "InstrumentedObj", "deinstrument", "instrument"]
