"""A file's shapes as geobuffer has them: of one kind, flat, finite, in degrees, and valid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geobuffer.errors import DataError, GeometryError
from geobuffer.geodesy import area_m2, wrap
from geobuffer.outlines import cut_at_antimeridian
from geobuffer.reading.meridian import cut_line, jumps, unwrap_polygon
from geobuffer.reading.projections import in_degrees

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geobuffer.reading.raw import Raw

# What shapes may be of each kind, and what to do with others.
_TYPES = {
    "polygons": {"Polygon", "MultiPolygon"},
    "lines": {"LineString", "MultiLineString"},
    "points": {"Point", "MultiPoint"},
}
_REMEDIES = {
    ("polygons", "lines"): "lines are read by read_border()",
    ("polygons", "points"): "points are read by read_settlements()",
    ("lines", "polygons"): "areas are read by read_regions(), their outline is border_of()",
    ("lines", "points"): "points are read by read_settlements()",
    ("points", "polygons"): "save the areas' representative points instead",
    ("points", "lines"): "lines are read by read_border()",
}

# A slip of the pen changes an area by far less than this; a figure of eight, whose lobes cancel
# each other, by all of it, and nobody knows what was meant.
_MOST_CHANGED = 0.01


def check_polygons(raw: Raw, crs: object, *, swap: bool = False) -> None:
    """Make a file's shapes valid polygons in degrees, or say which row cannot be one.

    ``swap`` takes their first coordinate for the latitude.

    Raises
    ------
    GeometryError
        A row is no polygon, or repairing it would change its area by more than 1 %.
    DataError, MissingCRSError
        As :func:`geobuffer.reading.projections.in_degrees`; a coordinate is not finite or no
        degree.
    """
    _check(raw, crs, "polygons", swap=swap)
    shapes = raw.placed
    crossing: list[int] = []
    mended: list[str] = []
    for row in _there(shapes):
        shape = shapes[row]
        if crosses := jumps(shape):
            crossing.append(row)
            shape = _in_turn(raw, row, shape)
        if not shape.is_valid:
            shape = _mended(raw, row, shape, mended)
        # The parts of what goes round a pole may meet again where its ring began.
        shapes[row] = shapely.union_all([cut_at_antimeridian(shape)]) if crosses else shape
    _note_crossing(raw, crossing)
    raw.notes.extend(mended)


def check_lines(raw: Raw, crs: object, *, swap: bool = False) -> None:
    """Make a file's shapes lines in degrees, cut at the antimeridian.

    Parameters and errors as :func:`check_polygons`.
    """
    _check(raw, crs, "lines", swap=swap)
    shapes = raw.placed
    crossing = [row for row in _there(shapes) if jumps(shapes[row])]
    for row in crossing:
        shapes[row] = cut_line(shapes[row])
    _note_crossing(raw, crossing)


def check_points(raw: Raw, crs: object, *, swap: bool = False) -> None:
    """Make a file's shapes points in degrees; a row without coordinates has none.

    Parameters and errors as :func:`check_polygons`.
    """
    _check(raw, crs, "points", swap=swap)
    shapes = raw.placed
    several = shapely.get_type_id(shapes) == shapely.GeometryType.MULTIPOINT
    for row in np.flatnonzero(several).tolist():
        parts = shapely.get_parts(shapes[row])
        if len(parts) > 1:
            raise GeometryError(
                f"Invalid geometry in {raw.row(row)}: {len(parts)} points. Must be one."
            )
        shapes[row] = parts[0]
    raw.shapes = shapely.transform(shapes, lambda xy: np.stack([wrap(xy[:, 0]), xy[:, 1]], axis=1))


def _there(shapes: NDArray[np.object_]) -> list[int]:
    """Return the rows that have a shape."""
    rows: list[int] = np.flatnonzero(~shapely.is_missing(shapes)).tolist()
    return rows


def _check(raw: Raw, crs: object, kind: str, *, swap: bool) -> None:
    shapes = raw.shapes = raw.placed.copy()
    shapes[shapely.is_empty(shapes)] = None
    there = ~shapely.is_missing(shapes)
    if not there.all():
        what = "coordinates" if kind == "points" else "geometry"
        raw.notes.append(f"rows without {what}: {raw.rows(np.flatnonzero(~there))}.")
    for row in _there(shapes):
        _check_type(raw, row, shapes[row].geom_type, kind)
    raised = shapely.has_z(shapes) | _has_m(shapes)
    if raised.any():
        raw.notes.append(f"heights and measures left out: {raw.rows(np.flatnonzero(raised))}.")
        shapes[raised] = shapely.force_2d(shapes[raised])
    if swap:
        raw.shapes = shapes = shapely.transform(shapes, lambda xy: xy[:, ::-1])
    _check_finite(raw, shapes)
    in_degrees(raw, crs)
    _check_range(raw, raw.placed)


def _has_m(shapes: NDArray[np.object_]) -> Any:
    # Measures are known from GEOS 3.12 on.
    return shapely.has_m(shapes) if shapely.geos_version >= (3, 12, 0) else False


def _check_type(raw: Raw, row: int, found: str, kind: str) -> None:
    if found in _TYPES[kind]:
        return
    other = next((name for name, types in _TYPES.items() if found in types), "")
    hint = f"; {_REMEDIES[kind, other]}" if other else "; take it apart first"
    raise GeometryError(f"Invalid geometry in {raw.row(row)}: {found}. Must be {kind}{hint}.")


def _check_finite(raw: Raw, shapes: NDArray[np.object_]) -> None:
    xy, row = shapely.get_coordinates(shapes, return_index=True)
    bad = np.flatnonzero(~np.isfinite(xy).all(axis=1))
    if len(bad):
        at = xy[bad[0]]
        raise DataError(
            f"Invalid coordinates in {raw.row(int(row[bad[0]]))}: ({at[0]:g}, {at[1]:g}). Must be "
            "finite numbers."
        )


def _check_range(raw: Raw, shapes: NDArray[np.object_]) -> None:
    """Refuse what cannot be degrees: metres, and latitudes where longitudes should be."""
    xy, row = shapely.get_coordinates(shapes, return_index=True)
    # Longitudes up to 360 are those of charts of the Pacific.
    bad = np.flatnonzero((np.abs(xy[:, 0]) > 360.0) | (np.abs(xy[:, 1]) > 90.0))
    if not len(bad):
        return
    lon, lat = xy[bad[0]]
    swapped = (np.abs(xy[:, 1]) <= 360.0).all() and (np.abs(xy[:, 0]) <= 90.0).all()
    remedy = (
        "swap=True turns them."
        if swapped
        else 'metres of a projection need crs=: "EPSG:3857" for web maps, or that of the file.'
    )
    question = "are longitude and latitude swapped? " if swapped else ""
    raise DataError(
        f"Invalid coordinates in {raw.row(int(row[bad[0]]))}: longitude {lon:g}, latitude {lat:g}. "
        f"Must lie within ±180 and ±90; {question}{remedy}"
    )


def _in_turn(raw: Raw, row: int, shape: Any) -> Any:
    try:
        return unwrap_polygon(shape)
    except GeometryError as error:
        raise GeometryError(
            f"Invalid geometry in {raw.row(row)}: {error}. Must be cut at the antimeridian first."
        ) from error


def _mended(raw: Raw, row: int, shape: Any, notes: list[str]) -> Any:
    """Return the valid polygon that a shape stands for, if that is plain."""
    reason = shapely.is_valid_reason(shape)
    made = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    whole = shapely.MultiPolygon(
        [part for part in shapely.get_parts(made) if part.geom_type == "Polygon"]
    )
    before, after = area_m2(shape) / 1e6, area_m2(whole) / 1e6
    areas = f"area {before:,.6g} km² before, {after:,.6g} km² after"
    if abs(after - before) > _MOST_CHANGED * max(before, after) or not after:
        raise GeometryError(
            f"Invalid polygon in {raw.row(row)}: {reason}; repairing it would change it by more "
            f"than {_MOST_CHANGED:.0%} ({areas}). Must be drawn anew, or mended by hand "
            '("Fix geometries" in QGIS, make_valid() in geopandas) and looked at.'
        )
    notes.append(f"repaired the polygon of row {row} ({reason}): {areas}.")
    return whole if len(whole.geoms) > 1 else whole.geoms[0]


def _note_crossing(raw: Raw, rows: list[int]) -> None:
    if rows:
        raw.notes.append(f"read as crossing the antimeridian and cut there: {raw.rows(rows)}.")
