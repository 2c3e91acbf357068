"""The command ``ming`` on an application that a test writes: in this process, or in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ming

__all__ = ["Application", "Outcome"]

_LIBRARY = Path(ming.__file__ or "").parents[1]

MODELS = """\
from ming import Document, Field, Session, evolve as E, schema as S

session = Session()


class PageV1(Document):
    class __mongometa__:
        name = "pages"
        session = session
        indexes = ("title",)

    _id = Field(S.Anything)
    version = Field(1, required=True)
    title = Field(str)
    meta = Field({"tags": [str]})


class PageV2(Document):
    class __mongometa__:
        name = "pages"
        session = session
        version_of = PageV1
        indexes = ("title",)
        migrate = E.steps(E.move("meta.tags", "tags"), E.default("lang", "en"))

    _id = Field(S.Anything)
    version = Field(2, required=True)
    title = Field(str)
    meta = Field({})
    tags = Field([str])
    lang = Field(str)


class Page(Document):
    class __mongometa__:
        name = "pages"
        session = session
        version_of = PageV2
        indexes = ("heading",)
        migrate = E.steps(E.move("title", "heading"))

    _id = Field(S.Anything)
    version = Field(3, required=True)
    heading = Field(str)
    meta = Field({})
    tags = Field([str])
    lang = Field(str)
"""
"""Pages in three versions, the classes unbound."""


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    """Its exit code."""
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """What it printed, read as JSON."""
        return json.loads(self.stdout)

    @property
    def everything(self) -> str:
        """Both streams."""
        return self.stdout + self.stderr


class Application:
    """A folder with the modules of an application.

    Args:
        folder: The folder; the current one while a command runs.
        uri: The database, for the environment.
    """

    def __init__(self, folder: Path, uri: str | None = None) -> None:
        self.folder = folder
        self._root = folder
        self.environment = {} if uri is None else {"MING_URI": uri}

    def write(self, name: str, text: str) -> Path:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def below(self, name: str) -> Application:
        """The same in a folder below."""
        other = Application(self.folder / name)
        other.folder.mkdir(parents=True)
        other.environment, other._root = self.environment, self._root
        return other

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Outcome:
        """Run the command in this process; modules it imports are forgotten afterwards."""
        from click.testing import CliRunner

        from ming.cli.app import ming as command

        with self._as_current():
            given: Any = {"MING_URI": None, **self.environment, **(environment or {})}
            result = CliRunner().invoke(command, arguments, env=given, prog_name="ming")
        return Outcome(result.exit_code, result.stdout, result.stderr)

    def start(
        self, *arguments: str, environment: Mapping[str, str] | None = None, **options: Any
    ) -> subprocess.Popen[str]:
        """Start the command in a process of its own."""
        inherited = {name: value for name, value in os.environ.items() if name != "MING_URI"}
        given = {**inherited, "PYTHONPATH": str(_LIBRARY), **self.environment, **(environment or {})}
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "ming", *arguments],
            cwd=self.folder,
            env=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def execute(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Outcome:
        """Run the command in a process of its own."""
        process = self.start(*arguments, environment=environment)
        stdout, stderr = process.communicate(timeout=60)
        return Outcome(process.returncode, stdout, stderr)

    @contextmanager
    def _as_current(self) -> Iterator[None]:
        from ming.odm.registry import REGISTRY

        folder, path, modules = Path.cwd(), list(sys.path), set(sys.modules)
        os.chdir(self.folder)
        try:
            with REGISTRY.preserved():
                yield
        finally:
            os.chdir(folder)
            sys.path[:] = path
            for name in set(sys.modules) - modules:
                if str(self._root) in str(getattr(sys.modules[name], "__file__", "")):
                    del sys.modules[name]
