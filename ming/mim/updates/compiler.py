"""The update engine: update documents compiled to changes of a document.

A compiled update makes another document of the stored one; the caller stores it if it differs. The places are
the business of `paths`, what happens there of `modifiers` and `array_modifiers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from ming.mim.data.errors import CommandError
from ming.mim.data.path import is_index, parts_of, values_along
from ming.mim.data.values import MISSING, copied, identical, order_key, type_name
from ming.mim.pipelines.pipeline import compile_update_pipeline
from ming.mim.queries.filters import QueryContext
from ming.mim.updates.array_filters import check_identifiers, compile_array_filters
from ming.mim.updates.array_modifiers import ARRAY_MODIFIERS
from ming.mim.updates.modifiers import SCALAR_MODIFIERS, Action, ModifierContext, utc_now
from ming.mim.updates.paths import Place, Placing, check_update_path, places

__all__ = ["MODIFIERS", "Update", "check_id_unchanged", "compile_update"]

Document = dict[str, Any]

_IMMUTABLE_ID: Final = "Performing an update on the path '_id' would modify the immutable field '_id'"
MODIFIERS: Final = {**SCALAR_MODIFIERS, **ARRAY_MODIFIERS}


def _unchanged(document: Document, position: int | None) -> bool:
    return False


class Update(NamedTuple):
    """A compiled update."""

    apply: Callable[[Document, int | None, bool], Document]
    """Return the changed document, given the one before, the position that the filter matched and whether the
    document is about to be inserted. The two share what is the same in both, which is not to be changed."""
    is_replacement: bool = False
    """Whether the whole document is replaced."""
    counts_as_change: Callable[[Document, int | None], bool] = _unchanged
    """Whether the server counts a document as modified even if nothing changed."""
    uses_position: bool = False
    """Whether the position that the filter matched is asked for."""


def compile_update(
    update: Any,
    array_filters: Sequence[Mapping[str, Any]] = (),
    context: QueryContext | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Update:
    """Compile an update: modifiers, a replacement document or a pipeline.

    Args:
        update: What the update command has under ``u``.
        array_filters: The filters for ``$[identifier]``.
        context: The variables and the order of values in force.
        now: The clock behind ``$currentDate``.

    Returns:
        The compiled update.

    Raises:
        CommandError: The server would refuse the update.
        NotImplementedError: A stage is not built yet.
    """
    if isinstance(update, list):
        if array_filters:
            raise CommandError(9, "arrayFilters may not be specified for pipeline-syle updates")
        return _pipeline_update(update, context or QueryContext())
    if not isinstance(update, dict):
        raise CommandError(9, "Update argument must be either an object or an array")
    if next(iter(update), "").startswith("$"):
        return _modifier_update(update, array_filters, ModifierContext(now, context or QueryContext()))
    return _replacement(update)


def _replacement(update: Document) -> Update:
    for name in update:
        if name.startswith("$"):
            raise CommandError(
                52,
                f"The dollar ($) prefixed field '{name}' in '{name}' is not allowed in the context of an update's"
                " replacement document. Consider using an aggregation pipeline with $replaceWith.",
            )

    def apply(document: Document, position: int | None, inserting: bool) -> Document:
        fresh: Document = copied(update)
        return {"_id": document["_id"], **fresh} if "_id" in document and "_id" not in fresh else fresh

    return Update(apply, is_replacement=True, counts_as_change=lambda document, position: "_id" not in update)


def _pipeline_update(stages: list[Any], context: QueryContext) -> Update:
    run = compile_update_pipeline(stages, context)

    def apply(document: Document, position: int | None, inserting: bool) -> Document:
        (changed,) = run([document])
        changed = copied(changed)
        return changed if "_id" in changed or "_id" not in document else {"_id": document["_id"], **changed}

    return Update(apply)


# -- modifiers ----------------------------------------------------------------------------------------


class _Step(NamedTuple):
    """One modifier at one path."""

    parts: tuple[str, ...]
    act: Action
    on_insert_only: bool
    source: tuple[str, ...] | None = None
    """The path a ``$rename`` takes the value from."""

    def paths(self) -> tuple[tuple[str, ...], ...]:
        """Return the paths that are changed."""
        return (self.parts,) if self.source is None else (self.source, self.parts)


def _modifier_update(
    update: Document, array_filters: Sequence[Mapping[str, Any]], context: ModifierContext
) -> Update:
    filters = compile_array_filters(array_filters, context.query)
    steps = _compile_steps(update, context)
    is_dynamic = any("$" in path for changes in update.values() for path in changes)
    if is_dynamic or filters:
        check_identifiers([step.parts for step in steps], filters)
    if len(steps) > 1:
        steps.sort(key=lambda step: _path_order(step.parts))
    touched = {path[0] for step in steps for path in step.paths()}
    uses_position = is_dynamic and any("$" in step.parts for step in steps)

    def apply(document: Document, position: int | None, inserting: bool) -> Document:
        placing = Placing(position, filters)
        own_id = document.get("_id", MISSING) if "_id" in touched else MISSING
        changed = document.copy()
        for name in touched.intersection(document):
            changed[name] = copied(document[name])
        for step in steps:
            if uses_position and position is None and "$" in step.parts:
                raise CommandError(2, "The positional operator did not find the match needed from the query.")
            if inserting or not step.on_insert_only:
                _perform(step, changed, placing)
                if own_id is not MISSING and not identical(changed.get("_id", MISSING), own_id):
                    raise CommandError(66, _IMMUTABLE_ID)
        return changed

    pushes = _pushes_something(update["$push"]) if "$push" in update else _unchanged
    unset = [parts_of(path) for path in update.get("$unset", ()) if "." in path]

    def counts_as_change(document: Document, position: int | None) -> bool:
        placing = Placing(position, filters)
        empties = any(_empties_element(document, parts, placing) for parts in unset)
        return empties or pushes(document, position)

    return Update(apply, counts_as_change=counts_as_change, uses_position=uses_position)


def _compile_steps(update: Document, context: ModifierContext) -> list[_Step]:
    steps: list[_Step] = []
    for name, changes in update.items():
        _check_modifier(name, changes)
        for path, operand in changes.items():
            step = _compile_step(name, path, operand, context)
            if steps:
                _check_conflicts(step, steps)
            steps.append(step)
    return steps


def _check_modifier(name: str, changes: Any) -> None:
    if name not in MODIFIERS and name != "$rename":
        raise CommandError(
            9,
            f"Unknown modifier: {name}. Expected a valid update modifier or pipeline-style update specified"
            " as an array",
        )
    if not isinstance(changes, dict):
        raise CommandError(
            9,
            f"Modifiers operate on fields but we found type {type_name(changes)} instead. For example:"
            f" {{$mod: {{<field>: ...}}}} not {{{name}: {changes!r}}}",
        )


def _empties_element(document: Document, parts: tuple[str, ...], placing: Placing) -> bool:
    """Return whether an ``$unset`` meets an array's element: null already, the server still writes it."""
    return any(
        isinstance(place.container, list) and place.get() is None
        for place in places(document, parts, placing)
    )


def _pushes_something(pushed: Document) -> Callable[[Document, int | None], bool]:
    """Return what counts as a change: of items pushed and cut off again, or sorted, the server sees no
    more."""
    pushes = {path: operand for path, operand in pushed.items() if isinstance(operand, dict)}
    adds = any(operand.get("$each") for operand in pushes.values())
    sorted_arrays = [parts_of(path) for path, operand in pushes.items() if "$sort" in operand]
    return lambda document, position: (
        adds or any(value for parts in sorted_arrays for value in values_along(document, parts))
    )


def _perform(step: _Step, document: Document, placing: Placing) -> None:
    if step.source is not None:
        _rename(document, step.source, step.parts)
        return
    if len(step.parts) == 1:
        step.act(Place(document, step.parts, document))
        return
    # All places are known before the first changes, as arrays may be replaced.
    for place in list(places(document, step.parts, placing)):
        step.act(place)


def _compile_step(name: str, path: str, operand: Any, context: ModifierContext) -> _Step:
    parts = check_update_path(path)
    if name != "$rename":
        return _Step(parts, MODIFIERS[name](path, operand, context), name == "$setOnInsert")
    if not isinstance(operand, str):
        raise CommandError(2, f"The 'to' field for $rename must be a string: {path}: {operand!r}")
    target = check_update_path(operand)
    for end, steps in (("source", parts), ("destination", target)):
        if any(step.startswith("$") for step in steps):
            raise CommandError(2, f"The {end} field for $rename may not be dynamic: {'.'.join(steps)}")
    if _clash(parts, target) is not None:
        raise CommandError(2, f'The source and target field for $rename must differ: {path}: "{operand}"')
    return _Step(target, lambda place: None, on_insert_only=False, source=parts)


def _path_order(parts: tuple[str, ...]) -> list[tuple[int, int, str]]:
    # The server applies modifiers by name; names that are numbers, by number.
    return [(0, int(part), "") if is_index(part) else (1, 0, part) for part in parts]


def _check_conflicts(step: _Step, earlier: Sequence[_Step]) -> None:
    for parts in step.paths():
        for other in (path for each in earlier for path in each.paths()):
            clash = _clash(parts, other)
            if clash is not None:
                raise CommandError(
                    40,
                    f"Updating the path '{'.'.join(parts)}' would create a conflict at '{'.'.join(clash)}'",
                )


def _clash(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the path at which two update paths contradict each other, None if they do not."""
    for at, (step, other) in enumerate(zip(left, right, strict=False)):
        if step != other:
            # One node cannot be changed by element and by name at once.
            return left[:at] if step.startswith("$[") != other.startswith("$[") else None
    return min(left, right, key=len)


def _rename(document: Document, source: tuple[str, ...], target: tuple[str, ...]) -> None:
    (origin,) = places(document, source, Placing())
    value = origin.get()
    if value is MISSING:
        return
    _check_no_array(document, source, "source")
    _check_no_array(document, target, "destination")
    origin.remove()
    (destination,) = places(document, target, Placing())
    destination.set(value)


def _check_no_array(document: Document, parts: tuple[str, ...], end: str) -> None:
    value: Any = document
    for step in parts[:-1]:
        value = value.get(step, MISSING) if isinstance(value, dict) else MISSING
        if isinstance(value, list):
            raise CommandError(
                2,
                f"The {end} field cannot be an array element, '{'.'.join(parts)}' in doc with _id:"
                f" {document.get('_id')!r} has an array field called '{step}'",
            )


def check_id_unchanged(before: Document, after: Document) -> None:
    """Refuse a replacement or a pipeline that gives another ``_id``; an equal one of another type is fine.

    Raises:
        CommandError: It does.
    """
    if "_id" not in after or order_key(after["_id"]) != order_key(before["_id"]):
        raise CommandError(66, _IMMUTABLE_ID)
