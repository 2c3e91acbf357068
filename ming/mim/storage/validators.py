"""Validators: the filter that documents of a collection must match, how strictly, and what happens if not.

Built from the options of a collection and kept by it; `ming.mim.storage.storing` asks it before a document is
stored. Why a document fails is told by `ming.mim.storage.validation_errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from ming.mim.data.environment import KeyOf
from ming.mim.data.errors import CommandError
from ming.mim.queries.filters import QueryContext, compile_filter
from ming.mim.storage.validation_errors import explain_failure

__all__ = ["ACTIONS", "LEVELS", "Validator", "validator_of"]

LEVELS: Final = ("off", "strict", "moderate")
ACTIONS: Final = ("error", "warn")

Document = dict[str, Any]


class Validator:
    """The rule that the documents of one collection follow.

    Args:
        query: The filter they match.
        key: How values compare.
        level: ``strict``, or ``moderate``: documents that already break the rule may go on doing so.
        action: ``error``, or ``warn``: nothing is refused.

    Raises:
        CommandError: The filter is not one that a validator can have.
        NotImplementedError: An operator is not built yet.
    """

    def __init__(self, query: Mapping[str, Any], key: KeyOf, level: str, action: str) -> None:
        _check_operators(query)
        self._query = query
        self._level = level
        self._action = action
        # Filters read their variables when they are asked, so this is what $$NOW is in them.
        self._variables: dict[str, Any] = {"NOW": None}
        self._context = QueryContext(variables=self._variables, key=key)
        self._matches = compile_filter(query, self._context).matches

    def check(self, document: Document, before: Document | None, now: Callable[[], datetime]) -> None:
        """Refuse a document that breaks the rule.

        Args:
            document: The document to store.
            before: The one it takes the place of.
            now: The clock.

        Raises:
            CommandError: It breaks the rule.
        """
        if self._action == "warn":
            return
        if self.accepts(document, now):
            return
        if before is not None and self._level == "moderate" and not self.accepts(before, now):
            return
        details = explain_failure(self._query, document, self._context)
        raise CommandError(
            121,
            "Document failed validation",
            details={"errInfo": {"failingDocumentId": document["_id"], "details": details}},
        )

    def accepts(self, document: Document, now: Callable[[], datetime]) -> bool:
        """Whether a document follows the rule; one that the rule cannot be asked about does not."""
        self._variables["NOW"] = now()
        try:
            return self._matches(document)
        except CommandError:
            return False


def validator_of(options: Mapping[str, Any], key: KeyOf) -> Validator | None:
    """Return the validator that a collection's options describe, None if there is none or it is off.

    Args:
        options: The options.
        key: How the collection's values compare.
    """
    query, level = options.get("validator"), options.get("validationLevel", "strict")
    if not query or level == "off":
        return None
    return Validator(query, key, level, options.get("validationAction", "error"))


# -- what a validator cannot ask ----------------------------------------------------------------------


class _Refusal(NamedTuple):
    code: int
    message: str


_NO_DISTANCES: Final = _Refusal(5626500, "$geoNear, $near, and $nearSphere are not allowed in this context")
_REFUSED: Final[Mapping[str, _Refusal]] = {
    "$where": _Refusal(2, "$where is not allowed in this context"),
    "$text": _Refusal(2, "$text is not allowed in this context"),
    "$near": _NO_DISTANCES,
    "$nearSphere": _NO_DISTANCES,
    "$geoNear": _NO_DISTANCES,
    "$sampleRate": _Refusal(3040500, "$rand not allowed inside collection validators"),
    "$rand": _Refusal(3040500, "$rand not allowed inside collection validators"),
    "$function": _Refusal(4660800, "$function cannot be used inside a validator."),
}


def _check_operators(query: Mapping[str, Any]) -> None:
    for name in _operators(query):
        if name in _REFUSED:
            raise CommandError(*_REFUSED[name])


def _operators(value: Any) -> Iterator[str]:
    """Yield the names of the operators that a filter uses; what is below a schema or a literal is not one."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name.startswith("$"):
                yield name
            if name not in ("$jsonSchema", "$literal", "$eq", "$in"):
                yield from _operators(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _operators(inner)
