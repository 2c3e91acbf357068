"""A document class's way from stored documents, and from values made in Python, to valid documents.

The fast programs only say yes. Whatever they leave open goes to the reference validator, on the input as
it came, and, for a class with older versions, through the full rules of `ming.evolve.recognise`.
"""

from __future__ import annotations

import copy
import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from ming import schema as S
from ming._values import KEEP_ASIDE, with_snapshot
from ming.evolve.chain import Chain, Version
from ming.evolve.recognise import recognise
from ming.evolve.upgrade import Reading, upgrade
from ming.exc import Invalid, MingException
from ming.utils import add_note

__all__ = ["ClassLoader", "backend"]

Raw = dict[str, Any]
Load = Callable[[Raw], Any]
Unknown = Literal["keep", "strip", "forbid"]
Backend = Literal["reference", "generated"]

_BACKENDS: Final[tuple[Backend, ...]] = ("reference", "generated")


def backend() -> Backend:
    """The backend of the loaders made from now on: the one named by ``MING_LOADER``, else generated."""
    name = os.environ.get("MING_LOADER") or "generated"
    for known in _BACKENDS:
        if name == known:
            return known
    raise ValueError(f"MING_LOADER={name!r}, expected one of {', '.join(_BACKENDS)}")


@dataclass(eq=False)
class ClassLoader:
    """Loads and validates the documents of one class.

    Args:
        schema: The class's own schema, without older versions.
        chain: The class and its older versions; just the class where there are none.
        unknown: What becomes of stored keys that no field declares.
        snapshots: Whether documents of the newest version keep the raw document they were read from, too.
    """

    schema: S.Document
    chain: Chain
    unknown: Unknown = "keep"
    snapshots: bool = False

    def loader(self, allow_extra: bool = True, strip_extra: bool = True) -> Load:
        """A function from a raw document, which it may consume, to a document.

        Args:
            allow_extra: Whether unknown stored keys are accepted.
            strip_extra: Whether accepted ones go out of sight.
        """
        if self.unknown == "forbid" or not allow_extra:
            return lambda raw: self._refer(raw, allow_extra=False, strip_extra=True)
        if not strip_extra:
            return lambda raw: self._refer(raw, allow_extra=True, strip_extra=False)
        return self._load

    @cached_property
    def accepts(self) -> Callable[[Raw], bool] | None:
        """Whether a raw document is plainly one of this class, so that the usual loader only has to build it.

        None where that takes more than a look: older versions, other classes, rules of the class's own.
        """
        is_plain = len(self.chain.versions) == 1 and not self.schema.polymorphic_registry
        if self._by_reference or self.unknown == "forbid" or not is_plain:
            return None
        accepts: Callable[[Raw], bool] | None = _compiler().compile_acceptance(self.schema)
        return accepts

    def make(self, value: Any) -> Any:
        """A document of the newest version made from Python data, or None where the reference must decide."""
        return self._make(value)

    def data(self, document: Mapping[str, Any]) -> dict[str, Any] | None:
        """A document's valid form for storing, or None where the reference must decide."""
        data: dict[str, Any] | None = self._data(document)
        return data

    @cached_property
    def _make(self) -> Callable[[Any], Any]:
        return self._python_program("document")

    @cached_property
    def _data(self) -> Callable[[Any], Any]:
        return self._python_program("data")

    def _python_program(self, form: Literal["document", "data"]) -> Callable[[Any], Any]:
        return _nothing if self._by_reference else _compiler().python_program(self.schema, form)

    @property
    def _by_reference(self) -> bool:
        return backend() == "reference"

    @cached_property
    def _load(self) -> Load:
        keep = self.unknown == "keep"

        def refer(raw: Raw) -> Any:
            return self._refer(raw, allow_extra=True, strip_extra=KEEP_ASIDE if keep else True)

        if self._by_reference:
            return refer
        program = _compiler().stored_program(
            self.chain, exact=not keep, snapshots=self.snapshots, reading=self._fast_reading
        )
        if self.schema.polymorphic_registry:
            program = _compiler().only_own_class(self.schema, program)

        def load(raw: Raw) -> Any:
            try:
                document = program(raw)
            except Exception as error:
                self._name_document(error, raw)
                raise
            return refer(raw) if document is None else document

        return load

    def _refer(self, raw: Raw, allow_extra: bool, strip_extra: bool) -> Any:
        try:
            return self._read(raw, allow_extra, strip_extra)
        except Exception as error:
            self._name_document(error, raw)
            raise

    def _name_document(self, error: Exception, raw: Raw) -> None:
        """Have an error say which document it is about; somebody else's gets a note."""
        if isinstance(error, Invalid):
            error.within(self.chain.collection, raw.get("_id"))
        elif not isinstance(error, MingException) and not hasattr(error, "__notes__"):
            add_note(error, f"while reading {self.chain.collection!r}, _id {raw.get('_id')!r}")

    def _read(self, raw: Raw, allow_extra: bool, strip_extra: bool) -> Any:
        # The schema words the error about a discriminator that nobody knows.
        cls: Any = self.schema.class_of(raw)
        if cls is not self.schema.managed_class:
            return cls._manager.loader(allow_extra, strip_extra)(raw)

        def attempt(version: Version, stored: Mapping[str, Any]) -> Any:
            # A snapshot must not change with the document, and `Anything` keeps the containers it is given.
            keeps_raw = self.snapshots or version is not self.chain.newest
            value = copy.deepcopy(stored) if keeps_raw else stored
            return version.schema.validate(value, allow_extra=allow_extra, strip_extra=strip_extra)

        def validate(version: Version, value: Any) -> Any:
            return version.schema.validate(value, allow_extra=allow_extra, strip_extra=bool(strip_extra))

        version, document = recognise(self.chain, raw, attempt)
        if version is not self.chain.newest:
            return upgrade(
                self.chain,
                version,
                document,
                raw,
                Reading(attempt, validate, lambda hop, raw: hop.reference(raw)),
            )
        return with_snapshot(document, raw) if self.snapshots else document

    @cached_property
    def _fast_reading(self) -> Reading:
        return Reading(self._read_as, self._upgraded, lambda hop, raw: hop.upgrade(raw))

    def _read_as(self, version: Version, raw: Raw) -> Any:
        """Read what steps made; it may share containers with the stored document, and must not change it."""
        strip_extra = KEEP_ASIDE if self.unknown == "keep" else True
        return version.schema.validate(copy.deepcopy(raw), allow_extra=True, strip_extra=strip_extra)

    @cached_property
    def _upgraded(self) -> Callable[[Version, Any], Any]:
        """Validates what a ``migrate`` function returned; leftover keys are dropped."""
        programs = {
            version: _compiler().python_program(version.schema, "document") for version in self.chain.versions
        }

        def validate(version: Version, value: Any) -> Any:
            document = programs[version](value)
            if document is None:
                return version.schema.validate(value, allow_extra=True, strip_extra=True)
            return document

        return validate


def _compiler() -> Any:
    """The module that makes fast programs; only a program that loads documents pays for it."""
    return importlib.import_module("ming._compile.fast")


def _nothing(value: Any) -> None:
    """The program that leaves everything to the reference."""
