"""Which documents are of one shape.

A field that looks like a stamp decides. Without one, two sets of keys are of different shapes if some key of the
one and some key of the other, each common enough, never occur together; sets of keys that differ otherwise have
optional fields.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import bson

from ming.infer.observed import ITEMS, Observed, observed, type_of

__all__ = ["Cluster", "Clusters", "clusters_of"]

Document = dict[str, Any]
Token = tuple[str, ...]

_STAMP_NAMES: Final = ("_version", "version", "_v", "v", "schema_version", "schemaVersion", "_schema")
_MOST_STAMPS: Final = 20
_MOST_SHAPES: Final = 12
_EXPECTED: Final = 6.0
"""Keys exclude each other if at least so many documents should have both, and none has."""


@dataclass
class Cluster:
    """Documents of one shape."""

    documents: list[Document]
    stamp: int | str | None = None
    """Their value of the stamp, if they bear one."""


@dataclass
class Clusters:
    """All documents, sorted by shape; the oldest shape first."""

    stamp: str | None
    """The field that tells shapes apart, if there is one."""
    clusters: list[Cluster]


def clusters_of(documents: list[Document]) -> Clusters:
    """Sort documents by shape."""
    stamp = _stamp_field(documents)
    if stamp is None:
        groups = _by_keys(documents) or [[]]
        return Clusters(None, _oldest_first(map(Cluster, groups)))
    by_value: dict[Any, list[Document]] = defaultdict(list)
    for document in documents:
        by_value[document.get(stamp)].append(document)
    unstamped = by_value.pop(None, [])
    stamped = [
        Cluster(by_value[value], value if isinstance(value, str) else int(value))
        for value in sorted(by_value)
    ]
    if any(isinstance(value, str) for value in by_value):
        # Numbers count upwards; words may come in any order.
        stamped = _oldest_first(stamped)
    return Clusters(stamp, [*([Cluster(unstamped)] if unstamped else []), *stamped])


# -- stamps -------------------------------------------------------------------------------------------


def _stamp_field(documents: list[Document]) -> str | None:
    """The field whose value seems to be the version of a document."""
    names = {name for document in documents for name in document}
    usual = [name for name in _STAMP_NAMES if name in names]
    return next((name for name in usual if _is_stamp(documents, name)), None)


def _is_stamp(documents: list[Document], name: str) -> bool:
    values = [document[name] for document in documents if document.get(name) is not None]
    if not values or not (all(map(_is_whole, values)) or {type_of(value) for value in values} == {"str"}):
        return False
    if len(set(values)) > min(_MOST_STAMPS, max(1, len(values) // 2)):
        return False
    keys: dict[Any, set[str]] = defaultdict(set)
    for document in documents:
        keys[document.get(name)].update(document)
    # A counter changes without the keys.
    return len(set(map(frozenset, keys.values()))) == len(keys)


def _is_whole(value: Any) -> bool:
    return type_of(value) == "int" or (isinstance(value, float) and value.is_integer())


# -- keys ---------------------------------------------------------------------------------------------


def _by_keys(documents: list[Document]) -> list[list[Document]]:
    """Group documents by the keys they have."""
    by_tokens: dict[frozenset[Token], list[Document]] = defaultdict(list)
    whole = observed(documents)
    for document in documents:
        by_tokens[frozenset(_tokens(document, whole))].append(document)
    excluded = _exclusions(by_tokens, len(documents))
    groups: list[tuple[set[Token], list[Document]]] = []
    for tokens, members in sorted(by_tokens.items(), key=lambda entry: (-len(entry[1]), sorted(entry[0]))):
        fitting = [group for group in groups if not any(excluded[token] & group[0] for token in tokens)]
        if not fitting and len(groups) < _MOST_SHAPES:
            groups.append((set(tokens), list(members)))
            continue
        known, grown = max(fitting or groups, key=lambda group: _likeness(tokens, group[0]))
        known.update(tokens)
        grown.extend(members)
    return [members for _, members in groups]


def _likeness(one: frozenset[Token], other: set[Token]) -> float:
    return len(one & other) / (len(one | other) or 1)


def _tokens(value: Any, seen: Observed, path: Token = ()) -> Iterator[Token]:
    """Yield the keys of a document at every depth; where there are two forms of value, each with its form."""
    if isinstance(value, dict) and not seen.is_map:
        for name, inner in value.items():
            below = seen.fields.get(name)
            if below is not None:
                place = (*path, name)
                yield (*place, _form(type_of(inner))) if len(set(map(_form, below.kinds))) == 2 else place
                yield from _tokens(inner, below, place)
    elif isinstance(value, list) and seen.items is not None:
        for inner in value:
            yield from _tokens(inner, seen.items, (*path, ITEMS))


def _form(type_name: str) -> str:
    return type_name if type_name in ("object", "list") else "single"


def _exclusions(
    by_tokens: Mapping[frozenset[Token], list[Document]], total: int
) -> Mapping[Token, frozenset[Token]]:
    """The tokens that each token excludes."""
    members: dict[Token, int] = defaultdict(int)
    sizes = [len(group) for group in by_tokens.values()]
    for number, tokens in enumerate(by_tokens):
        for token in tokens:
            members[token] |= 1 << number
    counts = {token: _size(mask, sizes) for token, mask in members.items()}
    common = [token for token, count in counts.items() if count * count >= _EXPECTED]
    excluded: dict[Token, set[Token]] = defaultdict(set)
    for one in common:
        for other in common:
            expected = counts[one] * counts[other] / total
            if not members[one] & members[other] and expected >= _EXPECTED:
                excluded[one].add(other)
    return defaultdict(frozenset, {token: frozenset(others) for token, others in excluded.items()})


def _size(mask: int, sizes: list[int]) -> int:
    return sum(size for number, size in enumerate(sizes) if mask >> number & 1)


# -- age ----------------------------------------------------------------------------------------------


def _oldest_first(clusters: Iterable[Cluster]) -> list[Cluster]:
    """Sort shapes by the time in their ObjectIds, where they have any, else as they were found."""
    found = list(clusters)
    ages = [_age(cluster) for cluster in found]
    if any(age is None for age in ages):
        return found
    return [found[number] for number in sorted(range(len(found)), key=lambda number: ages[number] or 0)]


def _age(cluster: Cluster) -> float | None:
    """The mean time of the ObjectIds of a shape's documents."""
    times = [
        document["_id"].generation_time.timestamp()
        for document in cluster.documents
        if isinstance(document.get("_id"), bson.ObjectId)
    ]
    return sum(times) / len(times) if times else None
