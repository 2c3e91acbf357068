"""Deprecated mirror of `ming.odm`."""

from __future__ import annotations

import warnings

from ming.odm import *  # noqa: F403
from ming.odm import ContextualORMSession as ContextualORMSession
from ming.odm import ORMSession as ORMSession
from ming.odm import ThreadLocalORMSession as ThreadLocalORMSession

warnings.warn(
    "ming.orm is deprecated. Please use ming.odm instead",
    DeprecationWarning,
    stacklevel=2,
)
