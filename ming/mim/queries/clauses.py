"""Filters taken apart: the clauses that must hold together, in the form and order in which plans show
them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from bson import Regex

from ming.mim.data.values import order_key
from ming.mim.queries.predicates import is_operator_document

__all__ = ["Clause", "clauses_of", "shown_filter"]

Document = dict[str, Any]

_ORDER: Final = (
    "$and $or $elemMatch $size $eq $lte $lt $gt $gte $regex $mod $exists $in $bitsAllSet $bitsAllClear $bitsAnySet"
    " $bitsAnyClear $not $nor $type"
).split()
"""Operators in the order in which plans show their clauses."""
_RANK: Final = {operator: rank for rank, operator in enumerate(_ORDER)}


class Clause(NamedTuple):
    """One condition of a filter."""

    path: str
    """The field asked, or nothing for an operator of the whole document."""
    operator: str
    operand: Any

    def shown(self) -> Document:
        """Return the clause as plans show it."""
        if not self.path:
            return {self.operator: self.operand}
        if self.operator == "$regex":
            return {self.path: _shown_regex(self.operand)}
        return {self.path: {self.operator: self.operand}}


def clauses_of(query: Mapping[str, Any]) -> list[Clause]:
    """Return the clauses of a filter in the order in which plans show them."""
    return sorted(_clauses(query), key=_place)


def _place(clause: Clause) -> tuple[int, str]:
    return _RANK.get(clause.operator, len(_RANK)), clause.path


def shown_filter(clauses: list[Clause]) -> Document:
    """Return clauses that must hold together as plans show them."""
    if len(clauses) == 1:
        return clauses[0].shown()
    return {"$and": [clause.shown() for clause in clauses]} if clauses else {}


def _clauses(query: Mapping[str, Any]) -> Iterator[Clause]:
    for name, operand in query.items():
        if name == "$and":
            for branch in operand:
                yield from _clauses(branch)
        elif name == "$or":
            yield from _either(operand)
        elif name == "$nor":
            yield from _neither(operand)
        elif name.startswith("$"):
            if name != "$comment":
                yield Clause("", name, operand)
        elif is_operator_document(operand):
            yield from _of_field(name, operand)
        else:
            yield Clause(name, *_equality(operand))


def _either(branches: list[Document]) -> Iterator[Clause]:
    if len(branches) == 1:
        yield from _clauses(branches[0])
    else:
        yield Clause("", "$or", _branches(branches))


def _branches(branches: list[Document]) -> list[Document]:
    each = sorted(
        (clauses_of(branch) for branch in branches), key=lambda clauses: [_place(one) for one in clauses]
    )
    return [shown_filter(clauses) for clauses in each]


def _neither(branches: list[Document]) -> Iterator[Clause]:
    only = clauses_of(branches[0]) if len(branches) == 1 else []
    if len(only) == 1 and only[0].path:
        ((path, condition),) = only[0].shown().items()
        yield Clause(path, "$not", condition)
    else:
        yield Clause("", "$nor", _branches(branches))


def _of_field(path: str, operators: Mapping[str, Any]) -> Iterator[Clause]:
    for operator, operand in operators.items():
        if operator == "$ne":
            yield Clause(path, "$not", dict([_equality(operand)]))
        elif operator == "$nin":
            yield Clause(path, "$not", dict([_membership(operand)]))
        elif operator == "$in":
            yield Clause(path, *_membership(operand))
        elif operator == "$all":
            for value in operand:
                yield Clause(path, *_equality(value))
        elif operator == "$regex":
            yield Clause(path, "$regex", _regex(operand, operators.get("$options", "")))
        elif operator not in ("$options", "$comment"):
            yield Clause(path, operator, operand)


def _equality(value: Any) -> tuple[str, Any]:
    return ("$regex", value) if isinstance(value, Regex) else ("$eq", value)


def _membership(values: list[Any]) -> tuple[str, Any]:
    known = {order_key(value): value for value in values}
    ordered = [known[key] for key in sorted(known)]
    return _equality(ordered[0]) if len(ordered) == 1 else ("$in", ordered)


_FLAGS: Final = {"i": re.I, "m": re.M, "s": re.S, "x": re.X}


def _regex(pattern: Any, options: str) -> Any:
    if isinstance(pattern, Regex):
        return pattern
    flags = 0
    for letter in options:
        flags |= _FLAGS.get(letter, 0)
    return Regex(pattern, flags)


def _shown_regex(pattern: Any) -> Document:
    letters = "".join(letter for letter, flag in _FLAGS.items() if int(pattern.flags) & flag)
    return {"$regex": pattern.pattern, **({"$options": letters} if letters else {})}
