"""Deprecated mirror of `ming.odm.base`."""

from __future__ import annotations

import warnings

from ming.odm.base import *  # noqa: F403

warnings.warn(
    "ming.orm.base is deprecated. Please use ming.odm.base instead",
    DeprecationWarning,
    stacklevel=2,
)
