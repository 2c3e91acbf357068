"""``python -m ming``: the command `ming.cli`."""

from __future__ import annotations

from ming.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
