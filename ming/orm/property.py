"""Deprecated mirror of `ming.odm.property`."""

from __future__ import annotations

import warnings

from ming.odm.property import *  # noqa: F403

warnings.warn(
    "ming.orm.property is deprecated. Please use ming.odm.property instead",
    DeprecationWarning,
    stacklevel=2,
)
