"""Inference from a collection, on either face."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ming._drive import arun, run
from ming._flows.sampling import sample
from ming._types import Flow
from ming.infer.inference import Inference, infer

if TYPE_CHECKING:
    from ming.aio.session import AsyncSession
    from ming.session import Session

__all__ = ["ainfer_collection", "infer_collection"]


def infer_collection(session: Session, collection: str, size: int = 2000) -> Inference:
    """Find the shapes of a collection's documents, and classes for them.

    Args:
        session: What to read through.
        collection: Name of the collection.
        size: How many documents to read at most; a smaller collection is read as a whole, of a larger one a
            random sample, and the first and last by ``_id``.
    """
    return run(_inference(collection, size), session)


async def ainfer_collection(session: AsyncSession, collection: str, size: int = 2000) -> Inference:
    """Find the shapes of a collection's documents, and classes for them; see `infer_collection`."""
    return await arun(_inference(collection, size), session)


def _inference(collection: str, size: int) -> Flow[Inference]:
    found = yield from sample(collection, size)
    return infer(found.random, collection, found.ends)
