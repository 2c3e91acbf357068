"""Doors are modules that only hand out what other modules hold."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator

import pytest
from harness.imports import module_names, source_of

MODULES = module_names()


def is_door(module: str) -> bool:
    """Whether a module is a door: ``ming.base``, and every public package.

    The deprecated mirrors below ``ming.orm`` are none: they warn. Nor are the packages inside the embedded
    engine, which group its rooms behind the one door ``ming.mim``.
    """
    if module.startswith("ming.mim."):
        return False
    if module in ("ming.base", "ming.orm"):
        return module == "ming.base"
    is_public = not any(part.startswith("_") for part in module.split("."))
    return is_public and any(name.startswith(f"{module}.") for name in MODULES)


DOORS = [module for module in MODULES if is_door(module)]


def logic(statements: list[ast.stmt]) -> Iterator[str]:
    """Yield the statements that do more than import, export, or look up a name by ``__getattr__``."""
    for statement in statements:
        match statement:
            case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
                pass
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) if _is_literal(value):
                pass
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), body=body, orelse=orelse):
                yield from logic(body + orelse)
            case ast.FunctionDef(name="__getattr__" | "__dir__"):
                pass
            case _:
                yield f"line {statement.lineno}: {ast.unparse(statement).splitlines()[0]}"


def _is_literal(value: ast.expr) -> bool:
    """Whether an expression is data: constants, names, and containers of them."""
    containers = (ast.List, ast.Tuple, ast.Dict, ast.Starred, ast.expr_context)
    return all(
        isinstance(node, (ast.Constant, ast.Name, ast.Attribute, *containers)) for node in ast.walk(value)
    )


def exported(module: str) -> list[str]:
    names = getattr(importlib.import_module(module), "__all__", None)
    assert names is not None, f"{module} has no __all__"
    return list(names)


@pytest.mark.parametrize("door", DOORS)
def test_a_door_has_no_logic(door: str) -> None:
    assert list(logic(source_of(door).body)) == []


@pytest.mark.parametrize("door", DOORS)
def test_a_door_exports_names_that_exist(door: str) -> None:
    names = exported(door)
    module = importlib.import_module(door)
    assert len(names) == len(set(names))
    assert [name for name in names if not hasattr(module, name)] == []


@pytest.mark.parametrize("door", DOORS)
def test_a_door_exports_every_public_name_it_takes_from_a_room(door: str) -> None:
    taken = {
        alias.asname or alias.name
        for statement in source_of(door).body
        if isinstance(statement, ast.ImportFrom) and (statement.module or "ming").startswith("ming.")
        for alias in statement.names
    }
    assert {name for name in taken if not name.startswith("_")} <= set(exported(door))


@pytest.mark.parametrize(
    "source", ["def f(): pass", "class A: pass", "x = f()", "for a in b: pass", "if a:\n    import b"]
)
def test_logic_is_seen(source: str) -> None:
    assert len(list(logic(ast.parse(source).body))) == 1
