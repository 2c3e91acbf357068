"""Deprecated mirror of `ming.odm.odmsession`."""

from __future__ import annotations

import warnings

from ming.base import Object as Object
from ming.datastore import DataStore as DataStore
from ming.exc import MingException as MingException
from ming.odm import ContextualORMSession as ContextualORMSession
from ming.odm import ORMSession as ORMSession
from ming.odm import ThreadLocalORMSession as ThreadLocalORMSession
from ming.odm.identity_map import IdentityMap as IdentityMap
from ming.odm.odmsession import *  # noqa: F403
from ming.odm.unit_of_work import UnitOfWork as UnitOfWork
from ming.session import Session as Session
from ming.utils import ContextualProxy as ContextualProxy
from ming.utils import ThreadLocalProxy as ThreadLocalProxy

warnings.warn(
    "ming.orm.ormsession is deprecated. Use ming.odm.odmsession instead",
    DeprecationWarning,
    stacklevel=2,
)
