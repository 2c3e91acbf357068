"""``ming check --data``: what the stored documents say against a class."""

from __future__ import annotations

from typing import Any

from ming._base_manager import BaseManager
from ming._flows.status import SAMPLE, find_status
from ming._types import Flow
from ming.evolve.check.data import data_findings
from ming.evolve.check.findings import Finding

__all__ = ["check_data"]


def check_data(manager: BaseManager[Any], sample: int | None = SAMPLE) -> Flow[list[Finding]]:
    """Count the documents that no version accepts.

    Args:
        manager: The class.
        sample: How many documents whose stamp does not tell are read at most; None for all.
    """
    status = yield from find_status(manager, sample)
    return list(data_findings(manager.chain, status))
