"""Which module of ming imports which, read from the sources without importing them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import ming

__all__ = ["PACKAGE", "Import", "imports_of", "module_names", "source_of"]

PACKAGE = Path(ming.__file__ or "").parent


@dataclass(frozen=True)
class Import:
    """One module of ming importing another."""

    importer: str
    imported: str
    line: int

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def module_names() -> list[str]:
    """Names of all modules of ming, packages included."""
    return sorted(_module_name(path) for path in PACKAGE.rglob("*.py"))


def source_of(module: str) -> ast.Module:
    """The syntax tree of a module."""
    path = PACKAGE.parent.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def imports_of(module: str, known: frozenset[str]) -> Iterator[Import]:
    """Yield what a module imports of ming, at its top and inside functions.

    Imports for type checkers do not count, nor do those of a module's ``__getattr__``, by which a door
    hands out what lies in higher lines.

    Args:
        module: Name of the importing module.
        known: Names of all modules, to tell a submodule from a name inside a module.
    """
    for node in _executed(source_of(module)):
        for name in _imported_names(node, module, known):
            if name.partition(".")[0] == "ming":
                yield Import(module, name, getattr(node, "lineno", 0))


def _module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _executed(tree: ast.Module) -> Iterator[ast.AST]:
    """Walk the nodes that run, leaving out ``if TYPE_CHECKING:`` and the module's ``__getattr__``."""
    pending: list[ast.AST] = [
        node for node in tree.body if not (isinstance(node, ast.FunctionDef) and node.name == "__getattr__")
    ]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, ast.If) and _is_type_checking(node.test):
            pending.extend(node.orelse)
        else:
            pending.extend(ast.iter_child_nodes(node))


def _is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _imported_names(node: ast.AST, module: str, known: frozenset[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        source = _absolute(node, module, known)
        for alias in node.names:
            submodule = f"{source}.{alias.name}"
            yield submodule if submodule in known else source
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        yield from (
            argument.value
            for argument in node.args[:1]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        )


def _absolute(node: ast.ImportFrom, module: str, known: frozenset[str]) -> str:
    if not node.level:
        return node.module or ""
    is_package = any(name.startswith(f"{module}.") for name in known)
    parents = module.split(".")
    base = parents[: len(parents) - node.level + is_package]
    return ".".join([*base, node.module] if node.module else base)
