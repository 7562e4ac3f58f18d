"""Read lines and areas from a table, and find problems in its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from geobuffer.errors import DataError
from geobuffer.geodesy.ellipsoid import ON_GLOBE, is_on_globe
from geobuffer.io.point_tables import check_crs, check_points_table
from geobuffer.zones.areas import check_area
from geobuffer.zones.checks import convert_to_degrees

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

#: The kinds of tables.
POINTS, LINES, AREAS = "points", "lines", "areas"

# The kind of each geometry type of shapely, by its number; collections have no kind.
_KINDS = (POINTS, LINES, LINES, AREAS, POINTS, LINES, AREAS, "")


class Features(NamedTuple):
    """The lines or areas of a table."""

    kind: str
    """``"lines"`` or ``"areas"``."""
    rows: NDArray[np.int64]
    """The rows that have a shape."""
    shapes: NDArray[np.object_]
    """Their shapes, in longitude and latitude, without heights; areas are cut at 180°."""


def find_kind(table: gpd.GeoDataFrame | gpd.GeoSeries) -> str:
    """Return whether a table holds points, lines or areas; an empty table counts as points.

    Raises
    ------
    DataError
        The table holds shapes of two kinds, or a collection beside lines or areas. The message
        names a row of each.

    Examples
    --------
    >>> import geopandas as gpd
    >>> find_kind(gpd.GeoSeries([shapely.LineString([(30, 50), (31, 50)])]))
    'lines'
    """
    check_points_table(table)
    shapes = table.geometry.to_numpy()
    types = shapely.get_type_id(shapes)
    if types.max(initial=-1) <= 0:  # points, empty or not
        return POINTS
    types[(types >= 0) & shapely.is_empty(shapes)] = -1
    there = np.flatnonzero(types >= 0)
    present = {_KINDS[number] for number in np.unique(types[there]).tolist()}
    if not {LINES, AREAS} & present:
        # read_lonlat() raises an error for shapes that are not points.
        return POINTS
    first = _KINDS[types[there[0]]]
    if len(present) > 1:
        other = next(n for n, number in enumerate(types[there]) if _KINDS[number] != first)
        one, two = (
            f"{shapes[row].geom_type} in row {table.index[row]!r}"
            for row in (there[0], there[other])
        )
        raise DataError(
            f"Invalid table: it has a {one} and a {two}. Must hold points, lines or areas alone: "
            "select rows by their geom_type, or make points of all with representative_point()."
        )
    return first


def read_features(table: gpd.GeoDataFrame | gpd.GeoSeries, kind: str) -> Features:
    """Return the lines or areas of a table. Rows without a shape are left out.

    Parameters
    ----------
    table
        A table of one kind.
    kind
        The kind of the table, from :func:`find_kind`.

    Raises
    ------
    MissingCRSError
        The table has no coordinate reference system.
    DataError
        A shape is invalid, or a vertex is not on the globe. The message names the row.
    GeometryError
        An area is invalid, and a repair would change it. The message names the row.

    Warns
    -----
    UserWarning
        An area was repaired, or crosses 180° of longitude.
    """
    check_crs(table.geometry)
    shapes = convert_to_degrees(table.geometry, f"the table's {kind}").to_numpy()
    rows = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    shapes = shapely.force_2d(shapes[rows])
    labels = table.index[rows]
    _check_vertices(shapes, labels)
    if kind == LINES:
        _check_lines(shapes, labels)
        return Features(kind, rows, shapes)
    # Most areas are valid and far from 180°. We check, repair and cut the others one by one.
    bounds = shapely.bounds(shapes)
    plain = shapely.is_valid(shapes) & (bounds[:, 0] > -180.0) & (bounds[:, 2] < 180.0)
    plain &= bounds[:, 2] - bounds[:, 0] < 180.0
    for row in np.flatnonzero(~plain):
        shapes[row] = check_area(shapes[row], f"geometry in row {labels[row]!r}")
    return Features(kind, rows, shapes)


def _check_vertices(shapes: NDArray[np.object_], labels: pd.Index) -> None:
    """Raise an error for the first vertex that is not on the globe."""
    coords, owner = shapely.get_coordinates(shapes, return_index=True)
    bad = np.flatnonzero(~is_on_globe(coords[:, 0], coords[:, 1]))
    if len(bad):
        lon, lat = coords[bad[0]]
        raise DataError(
            f"Invalid geometry in row {labels[owner[bad[0]]]!r}: a vertex is longitude {lon:.10g}, "
            f"latitude {lat:.10g}. {ON_GLOBE}"
        )


def _check_lines(shapes: NDArray[np.object_], labels: pd.Index) -> None:
    """Raise an error for the first line without a length."""
    wrong = np.flatnonzero(~shapely.is_valid(shapes))
    if len(wrong):
        reason = shapely.is_valid_reason(shapes[wrong[0]])
        raise DataError(
            f"Invalid geometry in row {labels[wrong[0]]!r}: {reason}. Must be a line with a length."
        )
