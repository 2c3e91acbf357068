"""Sphinx settings. Build with ``tox -e docs``; warnings are errors, and every reference must resolve."""

from __future__ import annotations

import sys
from pathlib import Path

from ming.version import __version__

sys.path.append(str(Path(__file__).parent))

project = "ming"
author = "the ming authors"
copyright = "2026, the ming authors"
version = release = __version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "doors", "vocabulary"]
exclude_patterns = ["_build", "news/*.rst"]
default_role = "py:obj"
nitpicky = True
# Types that other projects' documentation describes; it is not fetched while building.
nitpick_ignore_regex = [
    ("py:.*", r"(bson|collections|datetime|decimal|formencode|pymongo|typing)(\..*)?"),
    # Imported for type checkers only, so nothing says that they are the driver's, or of `typing`.
    ("py:class", r"(Async)?ClientEncryption|Self"),
    # What is left of a type that Sphinx took apart at a bracket.
    ("py:class", r".*\[.*"),
]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

html_theme = "alabaster"
html_theme_options = {"description": "Documents for MongoDB", "page_width": "1000px"}
