"""Sphinx extension: the directive ``engine-vocabulary`` lists what the embedded engine understands.

It reads the tables that the engine works with, so the page cannot say anything else than the code does.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

from ming.mim import vocabulary


class EngineVocabulary(Directive):
    """One definition list: each kind of name, with what is known and what is refused."""

    def run(self) -> list[nodes.Node]:
        """Make the list."""
        entries = nodes.definition_list()
        for kind, names in vocabulary().items():
            definition = nodes.definition("", _names("", names.known))
            if names.refused:
                definition += _names("Refused: ", names.refused)
            entries += nodes.definition_list_item("", nodes.term("", kind.capitalize()), definition)
        return [entries]


def _names(heading: str, names: tuple[str, ...]) -> nodes.paragraph:
    made = nodes.paragraph("", heading)
    for at, name in enumerate(names):
        made += nodes.Text(" " if at else "")
        made += nodes.literal(name, name)
    return made


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("engine-vocabulary", EngineVocabulary)
    return {"parallel_read_safe": True}
