"""Documents on their way between users and the engine, as a handle's codec options say.

The engine reads Python values by its own rules (UUIDs become legacy binaries) and answers with plain
decoded BSON. `Codec` applies what a `CodecOptions` adds: UUID representation, time zones, custom types,
the document class.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import bson
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions, DatetimeConversion

from ming.mim.data.errors import CommandError
from ming.mim.data.values import from_wire
from ming.mim.faces._replies import operation_failure

__all__ = ["PLAIN", "Codec", "unspecified_uuids"]

# Values inside the process: dates of any year pass, database references stay as they are written.
_PLAIN: Final = CodecOptions[dict[str, Any]](datetime_conversion=DatetimeConversion.DATETIME_AUTO)


def unspecified_uuids(options: CodecOptions[Any]) -> CodecOptions[Any]:
    """Return options that read UUIDs as `bson.Binary` and are otherwise the same."""
    return options.with_options(uuid_representation=UuidRepresentation.UNSPECIFIED)


class Codec:
    """Applies codec options to commands going in and documents coming out.

    Args:
        options: The codec options of the handle that writes.
        reading: Those it reads with, by default the same.
    """

    __slots__ = ("_reads", "_writes")

    def __init__(self, options: CodecOptions[Any], reading: CodecOptions[Any] | None = None) -> None:
        self._writes = options
        self._reads = reading or options

    def command(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Return a command with its values written as the options say, as the engine performs it.

        Raises:
            pymongo.errors.OperationFailure: It is larger than a message can hold.
        """
        try:
            return from_wire(command, self._writes)
        except CommandError as error:
            raise operation_failure(error) from None

    def document(self, document: Mapping[str, Any]) -> Any:
        """Return a document of the engine as an object of the options' document class."""
        return bson.decode(bson.encode(document, codec_options=_PLAIN), codec_options=self._reads)

    def encoded(self, document: Mapping[str, Any]) -> bytes:
        """Return a document of the engine as BSON."""
        return bson.encode(document, codec_options=_PLAIN)

    def optional(self, document: Mapping[str, Any] | None) -> Any:
        """Return a document as `document` does, or None."""
        return None if document is None else self.document(document)

    def values(self, values: list[Any]) -> list[Any]:
        """Return values of the engine decoded as the options say."""
        decoded: list[Any] = self.document({"values": values})["values"]
        return decoded


PLAIN: Final = Codec(CodecOptions(uuid_representation=UuidRepresentation.PYTHON_LEGACY))
"""The rules of the engine itself."""
