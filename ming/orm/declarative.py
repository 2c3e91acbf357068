"""Deprecated mirror of `ming.odm.declarative`."""

from __future__ import annotations

import warnings

from ming.odm.declarative import *  # noqa: F403

warnings.warn(
    "ming.orm.declarative is deprecated. Please use ming.odm.declarative instead",
    DeprecationWarning,
    stacklevel=2,
)
