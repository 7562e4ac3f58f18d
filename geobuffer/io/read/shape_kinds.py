"""Close open rings, join parts to shapes, and select shapes of one kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from geobuffer.geodesy.ellipsoid import Ints
    from geobuffer.io.read.source_table import SourceTable


def parse_and_close(parse: Callable[..., Any], given: Sequence[Any]) -> tuple[Any, Ints]:
    """Return the shapes of texts or bytes, and the rows whose open rings we closed.

    A ring must end where it begins. If not, we close it, as QGIS and GDAL do; see
    :func:`note_closed_rings`. A wrong value gives ``None``.

    >>> shapes, rows = parse_and_close(shapely.from_wkt, ["POLYGON ((30 50, 31 50, 31 51))", "a"])
    >>> str(shapes[0]), shapes[1], rows.tolist()
    ('POLYGON ((30 50, 31 50, 31 51, 30 50))', None, [0])
    """
    values = np.fromiter(given, dtype=object, count=len(given))
    shapes = parse(values, on_invalid="ignore")
    missing = np.flatnonzero(shapely.is_missing(shapes))
    shapes[missing], closed = keep_areas(parse(values[missing], on_invalid="fix"))
    return shapes, missing[closed]


def keep_areas(fixed: Any) -> tuple[Any, Any]:
    """Return areas, with ``None`` for other shapes, and which shapes are areas."""
    kinds = [shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON]
    is_area = np.isin(shapely.get_type_id(fixed), kinds) & ~shapely.is_empty(fixed)
    return np.where(is_area, fixed, None), is_area


def note_closed_rings(table: SourceTable, rows: Iterable[int]) -> None:
    """Note which rows had rings that did not end where they begin."""
    rows = list(rows)
    if rows:
        table.notes.append(
            "rings that do not end where they begin were closed by a straight edge: "
            f"{table.cite_rows(rows)}. If vertices are missing, complete them in the file."
        )


def join_parts(parts: list[Any]) -> Any:
    """Join parts to one shape: a single part, several of one kind, or a collection.

    >>> join_parts([shapely.Point(30, 50), shapely.Point(31, 50)]).geom_type
    'MultiPoint'
    """
    if len(parts) < 2:
        return parts[0] if parts else None
    singles = [single for part in parts for single in shapely.get_parts(part)]
    kinds = {single.geom_type for single in singles}
    if len(kinds) > 1:
        return shapely.geometrycollections(parts)
    join = {
        "Point": shapely.multipoints,
        "LineString": shapely.multilinestrings,
        "Polygon": shapely.multipolygons,
    }
    return join[kinds.pop()](singles)


def unwrap_points(shapes: Any) -> Any:
    """Replace a collection of one point by the point.

    >>> unwrap_points(shapely.from_wkt(["MULTIPOINT ((30 50))", "MULTIPOINT ((1 2), (3 4))"]))
    array([<POINT (30 50)>, <MULTIPOINT ((1 2), (3 4))>], dtype=object)
    """
    kinds = [shapely.GeometryType.MULTIPOINT, shapely.GeometryType.GEOMETRYCOLLECTION]
    alone = np.isin(shapely.get_type_id(shapes), kinds) & (shapely.get_num_geometries(shapes) == 1)
    if not alone.any():
        return shapes
    shapes = shapes.copy()
    for row in np.flatnonzero(alone):
        part = shapely.get_geometry(shapes[row], 0)
        shapes[row] = part if part.geom_type == "Point" else shapes[row]
    return shapes


def list_kinds(kinds: tuple[str, ...]) -> str:
    """Return the word for geometry types in a message.

    >>> list_kinds(("Point", "MultiPoint"))
    'points'
    """
    words = {"Point": "points", "LineString": "lines", "Polygon": "areas"}
    return next((words[kind] for kind in kinds if kind in words), "shapes")


def keep_kind(table: SourceTable, kinds: tuple[str, ...]) -> None:
    """Keep the rows, and the parts of collections, of the wanted geometry types; note the others.

    If no row has a shape of these types, we keep all: a later check says what the file holds. Rows
    without a shape stay.

    Examples
    --------
    >>> import pandas as pd
    >>> from geobuffer.io.read.source_table import SourceTable
    >>> shapes = shapely.from_wkt(["POINT (30 50)", "LINESTRING (30 50, 31 50)"])
    >>> table = SourceTable("pins.kml", pd.DataFrame({"name": ["a", "b"]}), shapes)
    >>> keep_kind(table, ("Point", "MultiPoint"))
    >>> table.frame["name"].tolist(), table.notes
    (['a'], ['rows that are no points were left out: 1 line: 1 (row 1).'])
    """
    if table.shapes is None or "GeometryCollection" in kinds:
        return
    wanted = [shapely.GeometryType[kind.upper()] for kind in kinds if kind != "Geometry"]
    there = ~(shapely.is_missing(table.shapes) | shapely.is_empty(table.shapes))
    odd = there & ~np.isin(shapely.get_type_id(table.shapes), wanted)
    if not odd.any():
        return
    rows = np.flatnonzero(odd).tolist()
    kept = {row: _select_parts(table.shapes[row], kinds) for row in rows}
    left = np.zeros(len(table.shapes), dtype=bool)
    left[[row for row in rows if kept[row] is None]] = True
    if (left | ~there).all():
        return
    word = list_kinds(kinds)
    cut = [row for row in rows if kept[row] is not None and _has_others(table.shapes[row], kinds)]
    if cut:
        table.notes.append(f"parts that are no {word} were left out: {table.cite_rows(cut)}.")
    if left.any():
        table.notes.append(
            f"rows that are no {word} were left out: {_count_kinds(table.shapes[left])}: "
            f"{table.cite_rows(np.flatnonzero(left))}."
        )
    table.shapes = table.shapes.copy()
    for row in rows:
        table.shapes[row] = kept[row]
    table.drop_rows(left)


def _list_parts(shape: Any) -> list[Any]:
    """Return the shapes in a collection, also those in collections in it."""
    found, pending = [], [shape]
    while pending:
        one = pending.pop()
        if one.geom_type == "GeometryCollection":
            pending += reversed(one.geoms)
        else:
            found.append(one)
    return found


def _select_parts(shape: Any, kinds: tuple[str, ...]) -> Any:
    """Return the parts of a collection that are of the wanted types; None if it has none."""
    return join_parts([part for part in _list_parts(shape) if part.geom_type in kinds])


def _has_others(shape: Any, kinds: tuple[str, ...]) -> bool:
    return any(part.geom_type not in kinds for part in _list_parts(shape))


def _count_kinds(shapes: Any) -> str:
    """Return the words for a number of points, lines, areas and collections."""
    words = {"Point": "point", "LineString": "line", "Polygon": "area"}
    counts: dict[str, int] = {}
    for shape in shapes:
        word = words.get(shape.geom_type.removeprefix("Multi"), "collection")
        counts[word] = counts.get(word, 0) + 1
    return ", ".join(f"{count} {word}{'s' if count > 1 else ''}" for word, count in counts.items())
