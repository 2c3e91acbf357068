"""Where the command takes its models and its database from, if not from the command line.

``[tool.ming]`` in the nearest ``pyproject.toml``, upwards from the current folder, names them::

    [tool.ming]
    models = ["wiki.models"]
    uri = "mongodb://localhost/wiki"
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ming.cli.exits import UsageProblem

__all__ = ["Settings", "read_settings"]

_KNOWN: Final = {"models": list, "uri": str}


@dataclass(frozen=True)
class Settings:
    """What is set."""

    root: Path
    """The folder of the settings file, or the current one: modules of models are looked for there."""
    models: Sequence[str] = ()
    """Modules of models."""
    uri: str | None = None
    """The database, where neither the command line nor the environment names one."""


def read_settings(folder: Path | None = None) -> Settings:
    """Read the settings file that counts for a folder, by default the current one.

    Raises:
        UsageProblem: It cannot be read, or says something else than it may.
    """
    start = folder or Path.cwd()
    found = next((each for each in (start, *start.parents) if (each / "pyproject.toml").is_file()), None)
    if found is None:
        return Settings(start)
    file = found / "pyproject.toml"
    tool = _parsed(file).get("tool", {})
    return _checked(file, tool.get("ming", {}) if isinstance(tool, Mapping) else {})


def _parsed(file: Path) -> Mapping[str, Any]:
    # In the standard library from Python 3.11 on; before that, the extra brings the same parser.
    tomllib: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        parsed: Mapping[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageProblem(f"{file}: {error}") from error
    return parsed


def _checked(file: Path, given: Any) -> Settings:
    if not isinstance(given, Mapping):
        raise UsageProblem(f"{file}: [tool.ming] is no table")
    for name, value in given.items():
        if name not in _KNOWN:
            raise UsageProblem(f"{file}: [tool.ming] has no setting {name!r}, only {', '.join(_KNOWN)}")
        if not isinstance(value, _KNOWN[name]):
            raise UsageProblem(f"{file}: [tool.ming] {name} must be a {_KNOWN[name].__name__}")
    models = given.get("models", [])
    if not all(isinstance(name, str) for name in models):
        raise UsageProblem(f"{file}: [tool.ming] models must be names of modules")
    return Settings(file.parent, tuple(models), given.get("uri"))
