"""The version of ming."""

from __future__ import annotations

__all__ = ["__version__", "__version_info__"]

__version_info__ = ("1", "0", "0", "dev0")
__version__ = ".".join(__version_info__)
