"""Sphinx extension: references by whatever name the code uses lead to the page of the public name.

The code lives in private modules, and the public ones hand its names out; signatures and docstrings speak of
either. A name that no page describes stays text, if the package has it. Any other is left to Sphinx to report.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

ALIASES = {"ClassManager": "Manager", "InstanceManager": "Manager", "BaseObject": "Object"}
"""Names used in the code, with the public name of the same thing, or of what describes it."""

FIRST = ("ming.declarative.", "ming.metadata.", "ming.session.", "ming.base.", "ming.schema.")
"""Where to look first for a name that several modules have."""


def resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, text: nodes.TextElement) -> Any:
    """Resolve a reference that Sphinx could not."""
    if node["refdomain"] != "py":
        return None
    names = _within_module([ALIASES.get(name, name) for name in node["reftarget"].split(".")])
    if not names:
        return text
    domain = env.domains.python_domain
    ending = "." + ".".join(names)
    found = [name for name in domain.objects if name.endswith(ending)]
    if found:
        public = min(found, key=lambda name: _distance(name, f"{node.get('py:module')}."))
        return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", public, node, text)
    return text if _exists(names[0]) else None


def _within_module(names: list[str]) -> list[str]:
    """The names without those of the package's module in front."""
    for length in range(len(names), 0, -1):
        if names[0] == "ming" and ".".join(names[:length]) in sys.modules:
            return names[length:]
    return names


def _distance(name: str, own: str) -> tuple[bool, int]:
    places = [number for number, place in enumerate(FIRST) if name.startswith(place)]
    return not name.startswith(own), min(places, default=len(FIRST))


def _exists(name: str) -> bool:
    """Whether a name is private, some module of the package has it, or it is somebody else's package."""
    modules = [module for path, module in sys.modules.items() if path.partition(".")[0] == "ming"]
    return (
        name.startswith("_")
        or any(hasattr(module, name) for module in modules)
        or find_spec(name) is not None
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True}
