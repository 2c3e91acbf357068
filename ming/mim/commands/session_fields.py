"""The fields by which a command takes part in a session, checked as the server checks them.

Pure functions; what the numbers mean for a session is in `ming.mim.commands.sessions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bson import Binary, Int64, Timestamp

from ming.mim.data.errors import CommandError
from ming.mim.data.options import wrong_type
from ming.mim.data.rendering import shown
from ming.mim.data.values import type_name

__all__ = [
    "CONCERNED",
    "SESSION_FIELDS",
    "check_fields",
    "check_in_transaction",
    "check_retryable",
    "session_id",
    "snapshot_moment",
]

Document = dict[str, Any]

SESSION_FIELDS: Final = frozenset(
    ("lsid", "txnNumber", "autocommit", "startTransaction", "stmtId", "stmtIds")
)
"""The fields this is about."""
CONCERNED: Final = SESSION_FIELDS | {"readConcern"}
"""The fields that `ming.mim.commands.session_commands.in_session` looks at."""

_INFO: Final = "OperationSessionInfo"


def _invalid(message: str) -> CommandError:
    return CommandError(72, message)


def check_fields(command: Mapping[str, Any]) -> None:
    """Refuse fields of wrong types, and those that do not go together.

    Raises:
        CommandError: As the server words it.
    """
    number, autocommit = command.get("txnNumber"), command.get("autocommit")
    if "lsid" in command:
        session_id(command["lsid"], f"{_INFO}.lsid")
    if number is not None and not isinstance(number, Int64):
        raise wrong_type(f"{_INFO}.txnNumber", number, "long")
    for name in ("autocommit", "startTransaction"):
        if name in command and not isinstance(command[name], bool):
            raise wrong_type(f"{_INFO}.{name}", command[name], "bool")
    if number is None:
        for name in ("autocommit", "startTransaction"):
            if name in command:
                raise _invalid(f"'{name}' field requires a transaction number to also be specified")
        return
    if "lsid" not in command:
        raise _invalid("Transaction number requires a session ID to also be specified")
    if number < 0:
        raise _invalid("Transaction number cannot be negative")
    if autocommit:
        raise _invalid("Specifying autocommit=true is not allowed.")
    if "startTransaction" in command:
        if autocommit is None:
            raise _invalid("'startTransaction' field requires 'autocommit' field to also be specified")
        if not command["startTransaction"]:
            raise _invalid("Specifying startTransaction=false is not allowed.")


def session_id(session: Any, field: str) -> bytes:
    """Return the number in an ``lsid``.

    Args:
        session: The value.
        field: What it is called, for messages.

    Raises:
        CommandError: It is not a session's.
    """
    if not isinstance(session, dict):
        raise wrong_type(field, session, "object")
    for name in session:
        if name not in ("id", "uid", "txnNumber", "txnUUID"):
            raise CommandError(40415, f"BSON field '{field}.{name}' is an unknown field.")
    if "id" not in session:
        raise CommandError(40414, f"BSON field '{field}.id' is missing but a required field")
    number = session["id"]
    if not isinstance(number, bytes):
        raise wrong_type(f"{field}.id", number, "binData")
    if not isinstance(number, Binary) or number.subtype != 4:
        kind = _SUBTYPES.get(number.subtype if isinstance(number, Binary) else 0, "general")
        raise CommandError(
            14, f"BSON field '{field}.id' is the wrong binData type '{kind}', expected type 'UUID'"
        )
    if len(number) != 16:
        raise CommandError(207, "uuid must be a 16-byte binary field with UUID (4) subtype")
    return bytes(number)


_SUBTYPES: Final[Mapping[int, str]] = {3: "UUID(deprecated)", 5: "MD5", 6: "encrypt", 128: "Custom"}


def _check_level(concern: Mapping[str, Any]) -> None:
    if concern.get("level", "local") not in _ALL_LEVELS:
        raise CommandError(
            9,
            "readConcern.level must be either 'local', 'majority', 'linearizable', 'available', or 'snapshot'",
        )


def snapshot_moment(name: str, command: Mapping[str, Any]) -> tuple[Timestamp | None] | None:
    """Check the read concern of a command outside transactions, and return the moment of the snapshot it asks
    for.

    Args:
        name: The command's name.
        command: The command.

    Returns:
        None if it asks for none; else the moment alone, which is None if the command leaves it open.

    Raises:
        CommandError: There is no such concern, or the command cannot read from snapshots.
    """
    concern = command.get("readConcern")
    if concern is None:
        return None
    if not isinstance(concern, dict):
        raise wrong_type(f"{name}.readConcern", concern, "object")
    _check_level(concern)
    moment = concern.get("atClusterTime")
    if concern.get("level") != "snapshot":
        if moment is not None:
            raise _invalid("atClusterTime field can be set only if level is equal to snapshot")
        return None
    if moment is not None and not isinstance(moment, Timestamp):
        raise CommandError(
            14, f'"atClusterTime" had the wrong type. Expected timestamp, found {type_name(moment)}'
        )
    if name not in _SNAPSHOT_READS:
        level = "snapshot " if name == "count" else ""
        given = {**concern, "provenance": "clientSupplied"}
        raise _invalid(
            f"Command {name} does not support {{ readConcern: {shown(given, spaced=True)} }} :: caused by ::"
            f" read concern {level}not supported"
        )
    return (moment,)


_SNAPSHOT_READS: Final = frozenset(("find", "aggregate", "distinct", "getMore", "killCursors"))


# -- commands that may not ----------------------------------------------------------------------------

_CANONICAL: Final[Mapping[str, str]] = {
    "collstats": "collStats",
    "dbstats": "dbStats",
    "dbhash": "dbHash",
    "deleteIndexes": "dropIndexes",
    "findandmodify": "findAndModify",
    "ismaster": "isMaster",
    "buildinfo": "buildInfo",
    "mapreduce": "mapReduce",
}
"""Names that the server replaces in messages."""

_RETRYABLE: Final = frozenset(("insert", "update", "delete", "findAndModify", "findandmodify"))
_IN_TRANSACTIONS: Final = _RETRYABLE.union(
    (
        "find aggregate distinct getMore killCursors create createIndexes commitTransaction abortTransaction"
    ).split()
)
_WITHOUT_SESSIONS: Final = frozenset(
    (
        "ping hello isMaster ismaster buildInfo buildinfo connectionStatus getLastError listCommands whatsmyuri"
        " getnonce saslStart saslContinue authenticate logout"
    ).split()
)
"""Commands that have nothing to do with sessions at all."""
_ENDINGS: Final[Mapping[str, str]] = {"commitTransaction": "a commit", "abortTransaction": "an abort"}
_TAKE_NO_WRITE_CONCERN: Final = frozenset(("find", "distinct", "getMore", "killCursors"))
_LEVELS: Final = frozenset(("local", "majority", "snapshot"))
_ALL_LEVELS: Final = _LEVELS.union(("linearizable", "available"))


def check_retryable(name: str) -> None:
    """Refuse a number for commands that are no retryable writes."""
    if name in _RETRYABLE:
        return
    if name in _ENDINGS:
        raise CommandError(125, f"{name} must be run within a transaction")
    if name in _WITHOUT_SESSIONS:
        raise CommandError(50889, "It is illegal to provide a txnNumber for this command")
    raise CommandError(
        50768,
        "txnNumber may only be provided for multi-document transactions and retryable write commands."
        f" autocommit:false was not provided, and {_CANONICAL.get(name, name)} is not a retryable write command.",
    )


def check_in_transaction(database: str, name: str, command: Mapping[str, Any]) -> None:
    """Refuse commands that cannot be part of a transaction; that leaves the transaction as it was.

    Args:
        database: The database's name.
        name: The command's.
        command: The command.
    """
    starting = "startTransaction" in command
    if name in _WITHOUT_SESSIONS:
        raise _unsupported("This command is not supported in transactions")
    if name not in _IN_TRANSACTIONS:
        advice = (
            " Please see http://dochub.mongodb.org/core/transaction-count for a recommended alternative."
            if name == "count"
            else ""
        )
        raise _unsupported(
            f"Cannot run '{_CANONICAL.get(name, name)}' in a multi-document transaction.{advice}"
        )
    if name in _ENDINGS:
        if database != "admin":
            raise CommandError(13, f"{name} may only be run against the admin database.")
        if starting:
            raise _unsupported(f"Cannot start a transaction with {_ENDINGS[name]}")
        return
    if name == "killCursors" and starting:
        raise _unsupported("Cannot run killCursors as the first operation in a multi-document transaction.")
    if name not in ("getMore", "killCursors"):
        _check_namespace(database, command[name])
    _check_concerns(name, command, starting)


def _unsupported(message: str) -> CommandError:
    return CommandError(263, message)


def _check_namespace(database: str, collection: Any) -> None:
    if database == "local":
        raise _unsupported("Cannot run command against the 'local' database in a transaction.")
    if database == "config":
        raise _unsupported("Cannot run command against the config database in a transaction.")
    if collection == "system.profile":
        raise _unsupported(
            f"Cannot run command against the '{database}.system.profile' collection in a transaction."
        )


def _check_concerns(name: str, command: Mapping[str, Any], starting: bool) -> None:
    if "writeConcern" in command:
        if name in _TAKE_NO_WRITE_CONCERN:
            raise _invalid("Command does not support writeConcern")
        raise _invalid("writeConcern is not allowed within a multi-statement transaction")
    concern = command.get("readConcern")
    if not concern:
        return
    if not starting:
        raise _invalid("Only the first command in a transaction may specify a readConcern")
    _check_level(concern)
    if concern.get("level", "local") not in _LEVELS:
        raise _invalid(
            "The readConcern level must be either 'local' (default), 'majority' or 'snapshot' in order to run in a"
            " transaction"
        )
