"""Errors of the embedded engine, with the server's codes.

A command that fails as a whole raises `CommandError`; a write that fails inside a batch is caught by the
write commands and reported in ``writeErrors``. The faces turn both into the driver's exceptions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from ming.mim.data.rendering import shown

__all__ = [
    "CODE_NAMES",
    "CONVERSION_FAILURE",
    "CURSOR_NOT_FOUND",
    "DUPLICATE_KEY",
    "INDEX_NOT_FOUND",
    "LOCK_TIMEOUT",
    "NAMESPACE_NOT_FOUND",
    "TOO_LARGE",
    "WRITE_CONFLICT",
    "CommandError",
    "DuplicateKey",
    "WriteConflict",
    "error_context",
]

NAMESPACE_NOT_FOUND: Final = 26
INDEX_NOT_FOUND: Final = 27
CURSOR_NOT_FOUND: Final = 43
LOCK_TIMEOUT: Final = 24
WRITE_CONFLICT: Final = 112
CONVERSION_FAILURE: Final = 241
TOO_LARGE: Final = 10334
DUPLICATE_KEY: Final = 11000

CODE_NAMES: Final[Mapping[int, str]] = {
    2: "BadValue",
    8: "UnknownError",
    9: "FailedToParse",
    13: "Unauthorized",
    14: "TypeMismatch",
    15: "Overflow",
    16: "InvalidLength",
    18: "AuthenticationFailed",
    20: "IllegalOperation",
    22: "InvalidBSON",
    LOCK_TIMEOUT: "LockTimeout",
    NAMESPACE_NOT_FOUND: "NamespaceNotFound",
    INDEX_NOT_FOUND: "IndexNotFound",
    28: "PathNotViable",
    38: "FileNotOpen",
    39: "FileStreamFailed",
    40: "ConflictingUpdateOperators",
    CURSOR_NOT_FOUND: "CursorNotFound",
    48: "NamespaceExists",
    50: "MaxTimeMSExpired",
    52: "DollarPrefixedFieldName",
    53: "InvalidIdField",
    56: "EmptyFieldName",
    59: "CommandNotFound",
    66: "ImmutableField",
    67: "CannotCreateIndex",
    68: "IndexAlreadyExists",
    72: "InvalidOptions",
    73: "InvalidNamespace",
    85: "IndexOptionsConflict",
    86: "IndexKeySpecsConflict",
    79: "UnknownReplWriteConcern",
    96: "OperationFailed",
    WRITE_CONFLICT: "WriteConflict",
    117: "ConflictingOperationInProgress",
    121: "DocumentValidationFailure",
    125: "CommandFailed",
    159: "DurationOverflow",
    166: "CommandNotSupportedOnView",
    171: "CannotIndexParallelArrays",
    175: "QueryPlanKilled",
    181: "AmbiguousIndexKeyPattern",
    197: "InvalidIndexSpecificationOption",
    207: "InvalidUUID",
    217: "IncompleteTransactionHistory",
    224: "QueryFeatureNotAllowed",
    225: "TransactionTooOld",
    238: "NotImplemented",
    239: "SnapshotTooOld",
    CONVERSION_FAILURE: "ConversionFailure",
    246: "SnapshotUnavailable",
    251: "NoSuchTransaction",
    256: "TransactionCommitted",
    263: "OperationNotSupportedInTransaction",
    278: "UnsatisfiableCommitQuorum",
    291: "NoQueryExecutionPlans",
    352: "UnsupportedOpQueryCommand",
    359: "CannotConvertIndexToUnique",
    TOO_LARGE: "BSONObjectTooLarge",
    5: "GraphContainsCycle",
    165: "ViewDepthLimitExceeded",
    167: "OptionNotSupportedOnView",
    168: "InvalidPipelineOperator",
    182: "InvalidViewDefinition",
    232: "MaxSubPipelineDepthExceeded",
    13113: "MergeStageNoMatchingDocument",
    DUPLICATE_KEY: "DuplicateKey",
    14031: "OutOfDiskSpace",
    50768: "NotARetryableWriteCommand",
}
"""Names of the error codes in use; a code without one is ``Location<code>``, as the server has it."""

_WRITE_CONFLICT: Final = (
    "WriteConflict error: this operation conflicted with another operation."
    " Please retry your operation or multi-document transaction."
)


@contextmanager
def error_context(context: str) -> Iterator[None]:
    """Let the messages of errors tell what they came of."""
    try:
        yield
    except CommandError as error:
        raise error.within(context) from None


class CommandError(Exception):
    """A command, or one write of a batch, was refused.

    Args:
        code: The server's error code.
        errmsg: The message.
        code_name: The server's name of the code; by default looked up.
        details: Further fields of the server's reply, such as ``keyPattern`` and ``keyValue``.
    """

    def __init__(
        self,
        code: int,
        errmsg: str,
        code_name: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code, errmsg)
        self.code = code
        self.errmsg = errmsg
        self.code_name = code_name or CODE_NAMES.get(code) or f"Location{code}"
        self.details: dict[str, Any] = dict(details or {})

    def __str__(self) -> str:
        return self.errmsg

    def within(self, context: str) -> CommandError:
        """Return this error as one that came of something, which its message tells."""
        return CommandError(
            self.code, f"{context} :: caused by :: {self.errmsg}", self.code_name, self.details
        )

    def reply(self) -> dict[str, Any]:
        """Return the reply document a server would send."""
        return {
            "ok": 0.0,
            "errmsg": self.errmsg,
            "code": self.code,
            "codeName": self.code_name,
            **self.details,
        }

    @classmethod
    def of_write(cls, error: Mapping[str, Any]) -> CommandError:
        """Return an entry of ``writeErrors`` as the error of a command."""
        details = {name: value for name, value in error.items() if name not in ("index", "code", "errmsg")}
        return cls(error["code"], error["errmsg"], details=details)

    def write_error(self, index: int) -> dict[str, Any]:
        """Return the entry of ``writeErrors`` for the write at ``index`` of a batch."""
        return {"index": index, "code": self.code, **self.details, "errmsg": self.errmsg}


class DuplicateKey(CommandError):
    """A write would give two documents one key of a unique index."""

    def __init__(
        self,
        namespace: str,
        index: str,
        key_pattern: Mapping[str, Any],
        key_value: Mapping[str, Any],
        collation: Mapping[str, Any] | None = None,
    ):
        super().__init__(
            DUPLICATE_KEY,
            f"E11000 duplicate key error collection: {namespace} index: {index}"
            f" dup key: {shown(key_value, spaced=True)}",
            details={
                "keyPattern": dict(key_pattern),
                "keyValue": dict(key_value),
                **({"collation": dict(collation)} if collation else {}),
            },
        )


class WriteConflict(CommandError):
    """Two transactions want to change the same thing; unlike other errors of a write, it ends the command.

    Args:
        errmsg: The message; by default the server's.
        code: The error code, if the conflict has one of its own.
    """

    def __init__(self, errmsg: str = _WRITE_CONFLICT, code: int = WRITE_CONFLICT) -> None:
        super().__init__(code, errmsg)

    def within(self, context: str) -> WriteConflict:
        """Return this error as one that came of something, which its message tells."""
        return WriteConflict(f"{context} :: caused by :: {self.errmsg}", self.code)
