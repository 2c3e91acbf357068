"""The modules import each other as the layer table says."""

from __future__ import annotations

import ast

import pytest
from harness.imports import Import, imports_of, module_names

LAYERS = {
    8: "ming __main__ config validators odm odm.middleware odm.asgi orm.* cli.* ext.* infer.*",
    7: "odm.odmsession odm.sessions odm.tracking odm.cursor odm.cursor_base odm.pages odm.proxies"
    " odm.aio odm.aio_cursor odm.turns",
    6: "odm.base odm.options odm.identity_map odm.unit_of_work odm.icollection odm.fields odm.property odm.joins"
    " odm.relations odm.mapper odm.query odm.registry odm.declarative odm.flows odm.encrypted"
    " odm.extensions odm.foreign_ids odm.inheritance odm.instances odm.trackers odm.typed"
    " odm.writes odm.bulk odm.flush odm.guarded odm.memory odm.projections"
    " odm.related odm.prefetch odm.cascades odm.journal odm.loading odm.paging odm.sort_order"
    " odm.latent odm.hooks odm.contents odm.changes odm.directory odm.tracked odm.tracked_dict odm.tracked_list"
    " evolve.rollout",
    5: "session _cursor fs base aio.*",
    4: "datastore _engine _uri _transactions _binding _calls mim.* encryption.keys",
    3: "_flows.* _drive evolve.runs evolve.runs.*",
    2: "metadata declarative _base_manager _declaration _document _fields _indexes _index_diff _index_forms"
    " _managers _mongometa _typed encryption encryption.config encryption.fields encryption.wrappers evolve.check.*",
    1: "schema.* _compile.* evolve evolve.keys evolve.chain evolve.covering evolve.recognise evolve.upgrade evolve.hop"
    " evolve.step evolve.step.* evolve.types evolve.types.* evolve.report evolve.validator evolve.adoption"
    " evolve.status evolve.generate evolve.samples evolve.sources evolve.rewrite",
    0: "exc _values _stored_form _types utils compat version",
}
"""The lines of the table, highest first: ``name`` is one module, ``name.*`` a package with all inside it."""

IO_FREE_CORE = {module for module in LAYERS[6].split() if module.startswith("odm.")}
"""The ODM core leans on the lines up to the flows, which keeps it free of I/O."""

ENGINE = (
    "data",
    "dates geo text",
    "expressions",
    "queries",
    "pipelines",
    "updates storage",
    "plans",
    "commands",
    "faces",
    "front",
)
"""The packages of the embedded engine, lowest line first; those of one line do not import each other."""

MODULES = frozenset(module_names())
LINE_OF = {entry: line for line, entries in LAYERS.items() for entry in entries.split()}


def line_of(module: str) -> int:
    """The line a module stands in.

    Raises:
        KeyError: The table does not name it.
    """
    name = module.removeprefix("ming.")
    if name in LINE_OF:
        return LINE_OF[name]
    parts = name.split(".")
    packages = (".".join(parts[:length]) + ".*" for length in range(len(parts), 0, -1))
    return LINE_OF[next(package for package in packages if package in LINE_OF or package == f"{parts[0]}.*")]


def all_imports() -> list[Import]:
    return [found for module in sorted(MODULES) for found in imports_of(module, MODULES)]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_the_table_names_every_module(module: str) -> None:
    assert line_of(module) in LAYERS


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_module_imports_a_higher_line(module: str) -> None:
    allowed = line_of(module)
    assert [str(found) for found in imports_of(module, MODULES) if line_of(found.imported) > allowed] == []


def test_the_odm_core_is_free_of_io() -> None:
    broken = [
        str(found)
        for found in all_imports()
        if found.importer.removeprefix("ming.") in IO_FREE_CORE
        and found.imported.removeprefix("ming.") not in IO_FREE_CORE
        and line_of(found.imported) > 3
    ]
    assert broken == []


def test_the_packages_of_the_engine_import_lower_ones_only() -> None:
    heights = {package: height for height, line in enumerate(ENGINE) for package in line.split()}
    package_of = {
        module: module.split(".")[2]
        for module in MODULES
        if module.startswith("ming.mim.") and module.count(".") > 2
    }
    assert set(package_of.values()) == set(heights)
    broken = [
        str(found)
        for found in all_imports()
        if found.importer in package_of and found.imported in package_of
        if (importer := package_of[found.importer]) != (imported := package_of[found.imported])
        and heights[imported] >= heights[importer]
    ]
    assert broken == []


def test_imports_have_no_cycle() -> None:
    imported_by: dict[str, set[str]] = {module: set() for module in MODULES}
    for found in all_imports():
        imported_by[found.importer].add(found.imported)
    while leaves := {module for module, imported in imported_by.items() if not imported - {module}}:
        imported_by = {
            module: imported - leaves for module, imported in imported_by.items() if module not in leaves
        }
    assert imported_by == {}, "these modules import each other in a circle, or lean on a circle"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import ming.mim", ["ming.mim"]),
        ("from ming import exc, Session", ["ming.exc", "ming"]),
        ("from ming.exc import Invalid", ["ming.exc"]),
        ("def f():\n    from ming import session", ["ming.session"]),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import ming.mim", []),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    import ming.mim", ["ming.mim"]),
        ("from importlib import import_module\nimport_module('ming.config')", ["ming.config"]),
        ("def __getattr__(name):\n    import ming.config", []),
        ("from . import exc\nfrom .exc import Invalid", ["ming.exc", "ming.exc"]),
    ],
)
def test_what_counts_as_an_import(source: str, expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.imports.source_of", lambda module: ast.parse(source))
    known = frozenset({"ming", "ming.exc", "ming.session", "ming.mim", "ming.config"})
    found = sorted(imports_of("ming.version", known), key=lambda each: each.line)
    assert [each.imported for each in found] == expected
