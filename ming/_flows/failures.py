"""Errors of the driver say which document they are about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from bson.errors import BSONError
from pymongo.errors import OperationFailure

from ming._types import Flow

__all__ = ["annotate_doc_failure"]

T = TypeVar("T")

_LONGEST: Final = 5000


def annotate_doc_failure(flow: Flow[T], doc: Mapping[str, Any], redact: bool = False) -> Flow[T]:
    """Wrap a flow so that an error of the driver gets the document's text as one more item of ``args``.

    The error stays the same object.

    Args:
        flow: What to run.
        doc: The document it is about.
        redact: Name the document's keys only. The server's own message may still quote indexed values.
    """
    try:
        return (yield from flow)
    except (OperationFailure, BSONError) as error:
        error.args = (*error.args, f"doc:  {_text(doc, redact)}")
        raise


def _text(doc: Mapping[str, Any], redact: bool) -> str:
    text = f"keys {', '.join(map(str, doc))}" if redact else str(doc)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
