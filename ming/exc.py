"""Every exception of ming, in one tree.

::

    Exception
    └── MingException
        ├── MongoGone                no connection behind a session
        ├── MingConfigError          wrong or incomplete configuration
        ├── StoreFileError           a file of the embedded engine that cannot be used
        ├── Invalid                  a value its schema does not accept
        │   ├── DocumentTooNew       stamped by a newer version than this program knows
        │   └── HybridDocument       holds keys of several versions
        ├── StaleObject              somebody else changed what was about to be written
        ├── MigrationError           a document could not be upgraded or written back
        ├── RunConflict              an unfinished bulk run of another program is in the way
        └── ORMError                 wrong use of mapped classes
            ├── AmbiguousJoin        several foreign ids could be meant by a relation
            ├── NoJoin               no foreign id could be meant by a relation
            ├── RelationNotLoaded    a relation was read where reading must not ask a server
            └── IllegalStateChange   an object cannot become what it was asked to become

Errors of the driver are not wrapped: programs keep catching ``DuplicateKeyError`` and its like.
An exception carries data first and text second; the text of one that has a `MingException.code` ends with
it, so that a reader of a log knows where to read on. All of them survive pickling.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

__all__ = [
    "AmbiguousJoin",
    "DocumentTooNew",
    "HybridDocument",
    "IllegalStateChange",
    "Invalid",
    "MigrationError",
    "MingConfigError",
    "MingException",
    "MongoGone",
    "NoJoin",
    "ORMError",
    "RelationNotLoaded",
    "RunConflict",
    "StaleObject",
    "StoreFileError",
]


class MingException(Exception):
    """Root of every exception that ming defines."""

    code: ClassVar[str | None] = None
    """Name of the section of the error reference that explains this error."""

    def _with_code(self, text: str) -> str:
        return text if self.code is None else f"{text} [{self.code}]"


class MongoGone(MingException):
    """A session has no connection to work with."""


class MingConfigError(MingException):
    """The configuration is wrong or incomplete, or an optional package it needs is missing."""


class StoreFileError(MingException):
    """A file of the embedded engine cannot be used: another process has it, it is damaged or no such file.

    Args:
        message: What is wrong.
        path: The file.
    """

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message, path)
        self.message = message
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class Invalid(MingException):
    """A value is not what its schema item accepts.

    Args:
        msg: What is wrong; nested errors are joined line by line.
        value: The value that was refused.
        state: Free for callers; kept as given.
        error_list: One entry per array item, None where the item was fine.
        error_dict: The errors of an object's keys.
    """

    def __init__(
        self,
        msg: str,
        value: Any,
        state: Any = None,
        error_list: Sequence[Invalid | None] | None = None,
        error_dict: Mapping[Any, Invalid] | None = None,
    ) -> None:
        super().__init__(msg)
        assert not (error_list and error_dict), "an error has a list or a dict of inner errors, not both"
        self.msg = self.reason
        self.value = value
        self.state = state
        self.error_list = error_list
        self.error_dict = error_dict
        self.collection: str | None = None
        """Name of the collection, where the error concerns a document of one."""
        self.document_id: Any = None
        """The document's ``_id``, where the error concerns a document."""

    def __str__(self) -> str:
        return self.msg

    def __reduce__(self) -> tuple[Any, ...]:
        arguments = (self.args[0], self.value, self.state, self.error_list, self.error_dict)
        return type(self), arguments, self.__dict__

    @property
    def reason(self) -> str:
        """What is wrong, whichever document it is wrong in."""
        return self._with_code(str(self.args[0]))

    @property
    def path(self) -> str:
        """Where the first inner error lies, such as ``tags[2]``; empty for the value itself."""
        return next(self.flatten())[0]

    def flatten(self) -> Iterator[tuple[str, str]]:
        """Yield the innermost errors as ``(path, message)`` pairs, ``("tags[2]", "…")``."""
        inner = list(self._inner())
        if not inner:
            yield "", self.reason
        for step, error in inner:
            for path, message in error.flatten():
                joint = "." if path and not path.startswith("[") else ""
                yield f"{step}{joint}{path}", message

    def _inner(self) -> Iterator[tuple[str, Invalid]]:
        for key, error in (self.error_dict or {}).items():
            yield str(key), error
        for index, item_error in enumerate(self.error_list or ()):
            if item_error is not None:
                yield f"[{index}]", item_error

    def within(self, collection: str | None, document_id: Any) -> Invalid:
        """Say which document the error concerns, once; the innermost caller that knows wins."""
        if self.collection is None and collection is not None:
            self.collection, self.document_id = collection, document_id
            self.msg = f"invalid document in {collection!r}, _id {document_id!r}:\n{self.msg}"
        return self


class DocumentTooNew(Invalid):
    """A stored document bears a stamp newer than every version this program declares."""

    code = "document-too-new"


class HybridDocument(Invalid):
    """A stored document holds keys of several versions, and no version declares them all."""

    code = "hybrid-document"


class _DocumentError(MingException):
    """An error about one stored document.

    Args:
        message: What happened, and what to do.
        collection: Name of the collection.
        document_id: The document's ``_id``.
        fields: The fields concerned, if some are.
    """

    def __init__(
        self,
        message: str,
        collection: str | None = None,
        document_id: Any = None,
        fields: Sequence[str] = (),
    ) -> None:
        super().__init__(message, collection, document_id, tuple(fields))
        self.message = message
        self.collection = collection
        self.document_id = document_id
        self.fields = tuple(fields)

    def __str__(self) -> str:
        which = "" if self.document_id is None else f", _id {self.document_id!r}"
        where = "" if self.collection is None else f"{self.collection!r}{which}: "
        named = f" (fields: {', '.join(self.fields)})" if self.fields else ""
        return self._with_code(f"{where}{self.message}{named}")


class StaleObject(_DocumentError):
    """The stored document is no longer what the program's changes started from."""

    code = "stale-object"


class MigrationError(_DocumentError):
    """A document could not be upgraded, or its upgrade not be stored."""

    code = "migration-error"


class RunConflict(MingException):
    """An unfinished bulk run, begun by a program that means something else by a version, is in the way.

    Args:
        message: What is known of the run, and what to do.
        collection: Name of the collection.
        run_id: The run, in the control collection.
        differences: A line for each place where the two programs differ.
    """

    code = "run-conflict"

    def __init__(self, message: str, collection: str, run_id: str, differences: Sequence[str] = ()) -> None:
        super().__init__(message, collection, run_id, tuple(differences))
        self.message = message
        self.collection = collection
        self.run_id = run_id
        self.differences = tuple(differences)

    def __str__(self) -> str:
        return self._with_code(f"{self.collection!r}: {self.message}")


class ORMError(MingException):
    """Mapped classes, or objects of them, were used in a way that has no meaning."""

    def __str__(self) -> str:
        return self._with_code(super().__str__())


class AmbiguousJoin(ORMError):
    """Several foreign ids could be meant by a relation; ``via`` says which one is."""


class NoJoin(ORMError):
    """No foreign id could be meant by a relation."""


class RelationNotLoaded(ORMError):
    """A relation was read where reading an attribute must not ask a server."""

    code = "relation-not-loaded"


class IllegalStateChange(ORMError):
    """An object cannot become what it was asked to become."""

    code = "illegal-state-change"
