"""Pages for the wiki example, out of what every Python ships.

The reference manual's topics, tagged with the cross-references of ``help()``, and the docstrings of the
standard library's modules, tagged with the modules they import. Sources are read, nothing is imported.
"""

from __future__ import annotations

import ast
import sysconfig
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from pydoc import Helper
from pydoc_data.topics import topics
from typing import Any

NOT_MODULES = {"site-packages", "test", "tests", "idle_test", "__pycache__"}


def old_pages() -> Iterator[dict[str, Any]]:
    """Yield wiki pages in the old shape: tags and categories lie below ``metadata``."""
    for title, text, tags, category in chain(reference_topics(), standard_modules()):
        yield {"title": title, "text": text, "metadata": {"tags": tags, "categories": [category]}}


def reference_topics() -> Iterator[tuple[str, str, list[str], str]]:
    """Yield the topics of the language reference, each with what ``help()`` says to see also."""
    see_also: dict[str, set[str]] = {}
    for entry in [*Helper.topics.values(), *Helper.keywords.values()]:
        # The other entries are plain strings: aliases of these.
        if isinstance(entry, tuple):
            topic, names = entry
            see_also.setdefault(topic, set()).update(names.split())
    for title, text in topics.items():
        yield title, text, sorted(see_also.get(title, ())), "language reference"


def standard_modules() -> Iterator[tuple[str, str, list[str], str]]:
    """Yield the standard library's documented modules, each with the modules it imports."""
    library = Path(sysconfig.get_path("stdlib"))
    for path in sorted(library.rglob("*.py")):
        folders = path.relative_to(library).parts[:-1]
        if NOT_MODULES.isdisjoint(folders):
            tree = ast.parse(path.read_bytes())
            if text := ast.get_docstring(tree):
                name = ".".join([*folders, path.stem]).removesuffix(".__init__")
                yield name, text, imported_modules(tree), name.rpartition(".")[0] or "top level"


def imported_modules(tree: ast.Module) -> list[str]:
    """The modules that a module imports by name, sorted."""
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.Import))
    return sorted({alias.name for node in imports for alias in node.names})
