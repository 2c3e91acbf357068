"""The map of the code names every module, and nothing else."""

from __future__ import annotations

import re

from harness.programs import ROOT

PAGE = ROOT / "docs" / "explanation" / "architecture.rst"


def named() -> set[str]:
    """What the table of modules names: ``package/module``, or ``package/`` for all inside."""
    table = PAGE.read_text(encoding="utf-8").partition("Modules\n-------")[2].split("\n====")[2]
    return {name for row in table.splitlines() for name in re.findall(r"``([^`]+)``", row.partition("  ")[0])}


def modules() -> set[str]:
    """The modules there are; a package's own module only hands out what the others have."""
    paths = (path.relative_to(ROOT / "ming").with_suffix("") for path in (ROOT / "ming").rglob("*.py"))
    return {path.as_posix() for path in paths if path.name != "__init__"}


def test_the_table_names_every_module() -> None:
    packages = tuple(name for name in named() if name.endswith("/"))
    assert {name for name in modules() if name not in named() and not name.startswith(packages)} == set()


def test_the_table_names_nothing_else() -> None:
    there = modules() | {f"{name.rpartition('/')[0]}/" for name in modules()}
    assert named() - there == set()
