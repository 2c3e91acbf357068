"""The command ``ming``. A door: the verbs are the modules beside it, `ming.cli.app` is the group of them."""

from __future__ import annotations

from ming.cli.entry import main

__all__ = ["main"]
