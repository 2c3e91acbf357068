"""Being written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ming.mim.stages import Builder

__all__ = ["GAPS"]

GAPS: Final[Mapping[str, Builder]] = {}
