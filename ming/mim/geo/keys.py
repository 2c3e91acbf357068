"""What a geo index takes: documents with malformed places are refused when they are stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ming.mim.data.errors import CommandError
from ming.mim.data.path import Path
from ming.mim.data.rendering import shown, shown_field
from ming.mim.data.values import MISSING, is_number
from ming.mim.geo.geojson import bad_geometry, is_geojson, legacy_place, parse_geojson, parse_pair

__all__ = ["check_places"]

Document = dict[str, Any]


def check_places(definition: Mapping[str, Any], document: Document) -> None:
    """Refuse a document whose places an index cannot take.

    Args:
        definition: The definition of the index, of whatever kind.
        document: A document about to be stored.

    Raises:
        CommandError: There is something else than a place at a path of the index.
    """
    for field, kind in definition["key"].items():
        check = _CHECKS.get(kind) if isinstance(kind, str) else None
        if check is None:
            continue
        for value in Path(field).values(document, expand=False):
            if value is not None and value is not MISSING:
                check(value, field, document, definition)


def _check_on_sphere(value: Any, field: str, document: Document, definition: Mapping[str, Any]) -> None:
    try:
        if not isinstance(value, dict | list):
            raise bad_geometry(f"geo element must be an array or object: {shown_field(field, value)}")
        if is_geojson(value):
            parse_geojson(value)
        elif value and legacy_place(parse_pair(value)).geometry is None:
            raise bad_geometry(f"can't project geometry into spherical CRS: {shown(value, spaced=True)}")
    except CommandError as error:
        what = shown(document, spaced=True)
        raise CommandError(16755, f"Can't extract geo keys: {what}  {error}") from error


def _check_on_plane(value: Any, field: str, document: Document, definition: Mapping[str, Any]) -> None:
    if not isinstance(value, dict | list):
        return
    items = list(value.values()) if isinstance(value, dict) else value
    if items and is_number(items[0]):
        _check_pair(items, document, definition)
        return
    for item in items:
        if not isinstance(item, dict | list):
            raise CommandError(16804, "location object expected, location array not in correct format")
        if item:
            _check_pair(list(item.values()) if isinstance(item, dict) else item, document, definition)


def _check_pair(items: list[Any], document: Document, definition: Mapping[str, Any]) -> None:
    where = f" :: caused by :: {shown(document, spaced=True)}"
    if len(items) < 2:
        raise CommandError(13068, f"geo field only has 1 element{where}")
    if not all(map(is_number, items[:2])):
        raise CommandError(13026, f"geo values must be 'legacy coordinate pairs' for 2d indexes{where}")
    least, most = definition.get("min", -180.0), definition.get("max", 180.0)
    if not all(least <= float(str(number)) <= most for number in items[:2]):
        raise CommandError(13027, f"point not in interval of [ {least:g}, {most:g} ]{where}")


_CHECKS: Final[Mapping[str, Callable[[Any, str, Document, Mapping[str, Any]], None]]] = {
    "2dsphere": _check_on_sphere,
    "2d": _check_on_plane,
}
