"""Three-way comparisons, as Python 2 had them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["base_cmp", "dict_cmp", "smallest_diff_key"]


def base_cmp(a: Any, b: Any) -> int:
    """Return -1, 0 or 1 as ``a`` is less than, equal to or greater than ``b``."""
    return int(a > b) - int(a < b)


def dict_cmp(A: Mapping[Any, Any], B: Mapping[Any, Any]) -> int:
    """Compare two dicts: by length, then by the smallest key that differs, then by the values there."""
    if len(A) != len(B):
        return base_cmp(len(A), len(B))
    key_of_a = smallest_diff_key(A, B)
    key_of_b = smallest_diff_key(B, A)
    if key_of_a is None or key_of_b is None:
        return 0
    if key_of_a != key_of_b:
        return base_cmp(key_of_a, key_of_b)
    return base_cmp(A[key_of_a], B[key_of_b])


def smallest_diff_key(A: Mapping[Any, Any], B: Mapping[Any, Any]) -> Any:
    """Return the smallest key of ``A`` whose value is absent from or different in ``B``, or None."""
    return min((key for key in A if key not in B or A[key] != B[key]), default=None)
