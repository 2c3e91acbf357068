"""Errors of the embedded engine, with the server's codes.

A command that fails as a whole raises `CommandError`; a write that fails inside a batch is caught by the
write commands and reported in ``writeErrors``. The faces turn both into the driver's exceptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = [
    "CODE_NAMES",
    "DUPLICATE_KEY",
    "INDEX_NOT_FOUND",
    "NAMESPACE_NOT_FOUND",
    "CommandError",
    "DuplicateKey",
]

NAMESPACE_NOT_FOUND: Final = 26
INDEX_NOT_FOUND: Final = 27
DUPLICATE_KEY: Final = 11000

CODE_NAMES: Final[Mapping[int, str]] = {
    2: "BadValue",
    9: "FailedToParse",
    14: "TypeMismatch",
    16: "InvalidLength",
    20: "IllegalOperation",
    NAMESPACE_NOT_FOUND: "NamespaceNotFound",
    INDEX_NOT_FOUND: "IndexNotFound",
    28: "PathNotViable",
    40: "ConflictingUpdateOperators",
    48: "NamespaceExists",
    52: "DollarPrefixedFieldName",
    53: "InvalidIdField",
    56: "EmptyFieldName",
    66: "ImmutableField",
    67: "CannotCreateIndex",
    68: "IndexAlreadyExists",
    72: "InvalidOptions",
    73: "InvalidNamespace",
    85: "IndexOptionsConflict",
    86: "IndexKeySpecsConflict",
    171: "CannotIndexParallelArrays",
    197: "InvalidIndexSpecificationOption",
    241: "ConversionFailure",
    DUPLICATE_KEY: "DuplicateKey",
}
"""Names of the error codes in use; a code without one is ``Location<code>``, as the server has it."""


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

    def reply(self) -> dict[str, Any]:
        """Return the reply document a server would send."""
        return {
            "ok": 0.0,
            "errmsg": self.errmsg,
            "code": self.code,
            "codeName": self.code_name,
            **self.details,
        }

    def write_error(self, index: int) -> dict[str, Any]:
        """Return the entry of ``writeErrors`` for the write at ``index`` of a batch."""
        return {"index": index, "code": self.code, **self.details, "errmsg": self.errmsg}


class DuplicateKey(CommandError):
    """A write would give two documents one key of a unique index."""

    def __init__(
        self, namespace: str, index: str, key_pattern: Mapping[str, Any], key_value: Mapping[str, Any]
    ):
        shown = ", ".join(f"{name}: {value!r}" for name, value in key_value.items())
        super().__init__(
            DUPLICATE_KEY,
            f"E11000 duplicate key error collection: {namespace} index: {index} dup key: {{ {shown} }}",
            details={"keyPattern": dict(key_pattern), "keyValue": dict(key_value)},
        )
