"""The reference of checks explains every code, and says how bad it is."""

from __future__ import annotations

import re

from harness.programs import ROOT

from ming.evolve.check import CODES

PAGE = ROOT / "docs" / "reference" / "check.rst"
SECTION = re.compile(r"^\.\. _check-(\S+):\n\n(\S+)\n\^+\n\n\*(\w+)\.\*", re.M)


def test_every_code_has_a_section() -> None:
    sections = SECTION.findall(PAGE.read_text(encoding="utf-8"))
    assert {(label, heading, severity.lower()) for label, heading, severity in sections} == {
        (code, code, meaning.severity.value) for code, meaning in CODES.items()
    }
