"""Deprecated mirror of `ming.odm.middleware`."""

from __future__ import annotations

import warnings

from ming.odm.middleware import *  # noqa: F403
from ming.odm.odmsession import ContextualODMSession as ContextualODMSession
from ming.odm.odmsession import ThreadLocalODMSession as ThreadLocalODMSession

warnings.warn(
    "ming.orm.middleware is deprecated. Please use ming.odm.middleware instead",
    DeprecationWarning,
    stacklevel=2,
)
