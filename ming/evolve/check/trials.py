"""Trying hops out: documents of the older version are generated, upgraded, and validated as the newer one.

What types cannot tell is found here: items with rules of their own, functions that raise, values at the edges.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from ming._values import KEEP_ASIDE, Missing
from ming.evolve.chain import Version
from ming.evolve.check.findings import Finding, finding
from ming.evolve.check.places import general, hop_name
from ming.evolve.check.subjects import name_of
from ming.evolve.generate import documents
from ming.evolve.hop import Hop
from ming.evolve.types.domain import Type, kind_of
from ming.evolve.types.items import type_of
from ming.exc import Invalid

__all__ = ["Failure", "is_ordinary", "migrated", "try_out"]

_TRIED_TWICE: Final = 25
"""Documents that a function is given twice, to see whether it answers the same."""
_SHOWN: Final = 200
"""Characters of a document in a message."""


class Failure(Exception):
    """A hop that failed on a document.

    Args:
        code: The code of the finding.
        message: What happened.
        path: The place in the result, where known.
    """

    def __init__(self, code: str, message: str, path: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path


@dataclass
class _Seen:
    """Failures of one kind at one place."""

    failure: Failure
    document: dict[str, Any]
    ordinary: bool
    count: int = field(default=0)


def try_out(hop: Hop, seed: int, count: int) -> Iterator[Finding]:
    """Send generated documents through a hop.

    Args:
        hop: The hop.
        seed: Of the generator.
        count: How many documents.
    """
    tried = list(islice(documents(hop.source.schema, seed), count))
    source_type = type_of(hop.source.schema)
    seen: dict[tuple[str, str], _Seen] = {}
    for document in tried:
        failure = _failure(hop, document)
        if failure is not None:
            _record(seen, failure, document, is_ordinary(document, source_type))
    for each in seen.values():
        yield _finding_of(hop, each, len(tried))
    if hop.steps is None:
        yield from _undetermined(hop, tried[:_TRIED_TWICE])


def _record(seen: dict[Any, _Seen], failure: Failure, document: dict[str, Any], ordinary: bool) -> None:
    known = seen.setdefault((failure.code, failure.path), _Seen(failure, document, ordinary))
    known.count += 1
    if (ordinary, -len(repr(document))) > (known.ordinary, -len(repr(known.document))):
        known.failure, known.document, known.ordinary = failure, document, ordinary


def _finding_of(hop: Hop, seen: _Seen, tried: int) -> Finding:
    failure = seen.failure
    culprit = _culprit(hop, seen.document, failure)
    message = (
        f"{failure.message}; {seen.count} of {tried} generated documents, such as {_example(seen, culprit)}"
    )
    path = failure.path or culprit or ""
    code = failure.code if seen.ordinary else "tolerated-value"
    return finding(code, name_of(hop.target), message, path=path, hop=hop_name(hop))


def _example(seen: _Seen, culprit: str | None) -> str:
    if culprit is None:
        return _shortened(seen.document)
    return (
        _shortened({culprit: seen.document[culprit]})
        if culprit in seen.document
        else f"one without {culprit}"
    )


def _failure(hop: Hop, document: dict[str, Any]) -> Failure | None:
    try:
        made = migrated(hop, document)
        if made.get("_id", document["_id"]) != document["_id"]:
            return Failure("changes-id", f"the _id becomes {made['_id']!r}", "_id")
        _validate(hop.target, {"_id": document["_id"], **made})
    except Failure as failure:
        return failure
    return None


def migrated(hop: Hop, document: dict[str, Any]) -> dict[str, Any]:
    """What a hop makes of a stored document.

    Raises:
        Failure: It raises an error, or its result is no dict.
    """
    raw = copy.deepcopy(document)
    try:
        if hop.steps is not None:
            return dict(hop.upgrade(raw))
        old = hop.source.schema.validate(raw, allow_extra=True, strip_extra=KEEP_ASIDE)
        made = hop.target.migrate(old) if hop.target.migrate is not None else {}
    except Exception as error:
        raise Failure("raises", f"migrate raises {type(error).__name__}: {_first_line(error)}") from error
    if not isinstance(made, dict):
        raise Failure("invalid-result", f"migrate returns {made!r}, expected a dict")
    return dict(made)


def _validate(target: Version, made: dict[str, Any]) -> None:
    try:
        target.schema.validate(made, allow_extra=True, strip_extra=False)
    except Invalid as error:
        path, message = next(error.flatten())
        stamp = path in target.constants and message == "Missing field"
        code = "stamp-not-set" if stamp else "invalid-result"
        place = general(target.schema, path)
        raise Failure(code, f"the result is not valid: {message}", place) from error


def _culprit(hop: Hop, document: dict[str, Any], failure: Failure) -> str | None:
    """The top-level field that the failure hangs on: with an ordinary value there, it is gone."""
    ordinary = next((each for each in _ordinary_documents(hop) if _failure(hop, each) is None), None)
    if ordinary is None:
        return None
    for name in {**document, **ordinary}:
        changed = {**document}
        changed.pop(name, None)
        if name in ordinary:
            changed[name] = ordinary[name]
        again = _failure(hop, changed)
        if name != "_id" and (again is None or again.code != failure.code):
            return name
    return None


def _ordinary_documents(hop: Hop) -> Iterable[dict[str, Any]]:
    return islice(documents(hop.source.schema, 0, unknown=False), 2, 100)


def is_ordinary(value: Any, expected: Type) -> bool:
    """Whether a value is one that programs store, not merely one that is tolerated."""
    if kind_of(value) not in expected.kinds:
        return False
    if isinstance(value, dict):
        return all(
            is_ordinary(inner, expected.within(name))
            for name, inner in value.items()
            if not expected.within(name).is_absent
        )
    if isinstance(value, list) and expected.items is not None:
        return all(is_ordinary(inner, expected.items) for inner in value)
    return True


def _undetermined(hop: Hop, tried: Iterable[dict[str, Any]]) -> Iterator[Finding]:
    for document in tried:
        try:
            once, again = migrated(hop, document), migrated(hop, document)
        except Failure:
            continue
        different = [name for name in once if repr(once[name]) != repr(again.get(name, Missing))]
        if different:
            message = "migrate makes something else of the same document each time"
            yield finding(
                "not-deterministic", name_of(hop.target), message, path=different[0], hop=hop_name(hop)
            )
            return


def _first_line(error: Exception) -> str:
    text = error.args[0] if isinstance(error, KeyError) and error.args else error
    return str(text).splitlines()[0] if str(text) else ""


def _shortened(document: dict[str, Any]) -> str:
    text = repr(document)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
