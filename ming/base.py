"""The sentinels, the dict with attribute access, and the cursor."""

from __future__ import annotations

from ming._cursor import Cursor
from ming._values import Missing, NoDefault, NoneType, Object, _safe_bson

__all__ = ["Cursor", "Missing", "NoDefault", "NoneType", "Object", "_safe_bson"]
