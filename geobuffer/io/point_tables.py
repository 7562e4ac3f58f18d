"""Read coordinates and accuracies from a table of points, and find problems in its rows.

Invalid rows raise an error that names the row. Swapped axes, rows without a point and repeated rows
give a warning.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geobuffer.errors import DataError, missing_crs
from geobuffer.geodesy.antimeridian import wrap_degrees
from geobuffer.geodesy.ellipsoid import ON_GLOBE, Floats, is_on_globe
from geobuffer.geodesy.threads import run_in_threads
from geobuffer.io.odd_points import REPORTED, OddPoints, Rows
from geobuffer.zones.arguments import describe_type, find_conversion
from geobuffer.zones.checks import convert_to_degrees
from geobuffer.zones.quantities import quote_value, read_number_column
from geobuffer.zones.toponyms import NAME_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Flags = NDArray[np.bool_]


# The accuracy or radius of a row without one, in a table that has such a column. It is larger than
# what the bundled gazetteers state, so that a missing value never makes a place more certain. In a
# table without the column, points count as exact.
UNSTATED_M = 1_000.0


def check_points_table(table: object, parameter: str = "table") -> None:
    """Raise an error unless an argument is a table with geometry.

    Parameters
    ----------
    table
        The argument.
    parameter
        Its name.

    Raises
    ------
    DataError
        The argument is something else. The message says how to make a table of points from it.

    Examples
    --------
    >>> check_points_table([34.8, 50.9])
    Traceback (most recent call last):
    geobuffer.errors.DataError: Invalid table: a list of float. Must be a GeoDataFrame or ...
    """
    if isinstance(table, gpd.GeoSeries):
        return
    if isinstance(table, gpd.GeoDataFrame) and table.active_geometry_name is not None:
        return
    what = describe_type(table)
    if isinstance(table, pd.DataFrame):
        what += " without geometry"
    remedy = find_conversion(table)
    if remedy or isinstance(table, pd.DataFrame):
        remedy += " read_settlements() makes points from its columns of longitude and latitude."
    else:
        remedy = (
            "geopandas.GeoSeries.from_xy(lon, lat, crs='EPSG:4326') makes one from coordinates; "
            "answer() takes arrays of them."
        )
    raise DataError(
        f"Invalid {parameter}: {what}. Must be a GeoDataFrame or GeoSeries of points. "
        f"{remedy.strip()}",
        parameter=parameter,
    )


def read_points_table(table: Any, parameter: str = "table") -> gpd.GeoDataFrame:
    """Return a table of points, or a GeoSeries as a table without other columns.

    Raises
    ------
    DataError
        The argument is something else, as :func:`check_points_table` says.

    Examples
    --------
    >>> points = gpd.GeoSeries.from_xy([34.8], [50.9], crs="EPSG:4326")
    >>> list(read_points_table(points).columns)
    ['geometry']
    """
    check_points_table(table, parameter)
    return gpd.GeoDataFrame(geometry=table) if isinstance(table, gpd.GeoSeries) else table


def read_lonlat(table: gpd.GeoDataFrame | gpd.GeoSeries) -> tuple[Floats, Floats]:
    """Return the longitudes and latitudes of a table's points, NaN for a row without a point.

    Returns
    -------
    tuple
        Degrees on WGS 84, (n,) each; longitudes within ±180°.

    Raises
    ------
    MissingCRSError
        The table has no coordinate reference system.
    DataError
        The argument is not a table of points, or a point is not on the globe. The message names
        the row.
    """
    check_points_table(table)
    points = table.geometry
    check_crs(points)
    shapes = points.to_numpy()
    plain = _read_plain_points(shapes)
    there: Any = slice(None) if plain is not None else _find_points(points)
    # geopandas always puts longitude first.
    converted = convert_to_degrees(points, "the table's points")
    if plain is None or converted is not points:
        lon, lat = np.full((2, len(shapes)), np.nan)
        lon[there], lat[there] = shapely.get_coordinates(converted.to_numpy()).T
    else:
        lon, lat = plain
    bad = np.flatnonzero(~is_on_globe(lon[there], lat[there]))
    if len(bad):
        row = np.arange(len(shapes))[there][bad[0]]
        raise DataError(
            f"Invalid point in row {table.index[row]!r}: longitude {lon[row]:.10g}, latitude "
            f"{lat[row]:.10g}. {ON_GLOBE}"
        )
    return wrap_degrees(lon), lat


# We read the coordinates of this many points at once, so that the points are still in the
# processor's cache when we read their latitudes after their longitudes.
_BLOCK = 4_096

# How many points a thread takes at a time: some milliseconds of work. Fetching the points from
# memory takes most of the time, so two threads are only 1.6 times as fast as one.
_SHARE = 131_072


def _read_plain_points(shapes: NDArray[np.object_]) -> tuple[Floats, Floats] | None:
    """Return the coordinates of shapes; None unless every row has a point.

    Most tables have only points, and checking the type of each shape first takes twice as long.
    """
    x, y = np.empty((2, len(shapes)))

    def read_range(low: int, high: int) -> bool:
        bounds = range(low, high, _BLOCK)
        blocks = (slice(begin, min(begin + _BLOCK, high)) for begin in bounds)
        return all(_read_block(shapes[block], x[block], y[block]) for block in blocks)

    return (x, y) if all(run_in_threads(read_range, len(shapes), _SHARE)) else None


def _read_block(shapes: NDArray[np.object_], x: Floats, y: Floats) -> bool:
    """Write the coordinates of shapes to x and y; return whether all are points."""
    # shapely makes its input read-only while it works. It cannot make a part of an array writeable
    # again while another thread works on the same array. So we pass a copy.
    some = shapes.copy()
    try:
        shapely.get_x(some, out=x)
        shapely.get_y(some, out=y)
    except shapely.errors.GEOSException:  # a point is empty
        return False
    # shapely returns NaN for missing shapes and for shapes that are not points.
    return not np.isnan(x).any()


def _find_points(points: gpd.GeoSeries) -> NDArray[np.intp]:
    """Return the rows that have a point; raise an error for other shapes."""
    shapes = points.to_numpy()
    kinds = shapely.get_type_id(shapes)
    # Not points.is_empty: a Series of flags would copy the table's attrs.
    there = (kinds >= 0) & ~shapely.is_empty(shapes)
    wrong = np.flatnonzero(there & (kinds != 0))
    if len(wrong):
        row = wrong[0]
        raise DataError(
            f"Invalid geometry in row {points.index[row]!r}: {shapes[row].geom_type}. Must be "
            "a Point; for shapes use their representative_point()."
        )
    return np.flatnonzero(there)


def check_crs(shapes: gpd.GeoSeries) -> None:
    """Raise an error unless shapes have a coordinate reference system.

    Raises
    ------
    MissingCRSError
        The shapes have none. The message says whether their coordinates may be degrees.
    """
    if shapes.crs is not None:
        return
    west, south, east, north = shapes.total_bounds
    degrees = west >= -180 and east <= 180 and south >= -90 and north <= 90
    hint = 'set_crs("EPSG:4326") fits their range' if degrees else "set the one they were made in"
    raise missing_crs("The table's shapes have", hint)


def read_metres(table: gpd.GeoDataFrame | gpd.GeoSeries, column: str, without: float) -> Floats:
    """Return a column of accuracies or radii in metres; ``without`` if there is no such column.

    A row without a value gets ``UNSTATED_M``. Errors are those of :func:`read_numbers`.
    """
    if column not in getattr(table, "columns", ()):
        return np.array(without)
    return np.nan_to_num(read_numbers(table, column), nan=UNSTATED_M)


def read_candidates(table: gpd.GeoDataFrame | gpd.GeoSeries) -> NDArray[np.object_] | None:
    """Return the column ``candidates``, None for an empty row; None if there is no such column."""
    if "candidates" not in getattr(table, "columns", ()):
        return None
    texts = np.array(table["candidates"], dtype=object)
    texts[pd.isna(texts) | (texts == "")] = None
    return texts


def check_metres(name: str, given: Floats) -> Floats:
    """Check accuracies or radii given as an argument; missing ones become ``UNSTATED_M``.

    Raises
    ------
    DataError
        A value is negative or infinite.
    """
    wrong = np.flatnonzero((given < 0.0) | np.isinf(given))
    if len(wrong):
        raise DataError(
            f"Invalid {name} at position {wrong[0]}: {given.flat[wrong[0]]:g}. Must be a number of "
            "metres, not negative, or missing.",
            parameter=name,
        )
    return np.where(np.isnan(given), UNSTATED_M, given)


# Columns of metres, in which a text may end with a unit, as "500 ft".
_METRES = ("accuracy_m", "radius_m")


def read_numbers(table: pd.DataFrame, column: str) -> Floats:
    """Return a column of numbers that are not negative, NaN for a row without a number.

    A text in ``accuracy_m`` or ``radius_m`` may end with a unit, as ``"500 ft"``.

    Raises
    ------
    DataError
        A value is not a number, has two readings, or is negative or infinite. The message names
        the row.
    """
    found = read_number_column(table[column], unit="m" if column in _METRES else "")
    wrong = np.flatnonzero(found.wrong | found.unclear | (found.numbers < 0.0))
    if len(wrong):
        row = wrong[0]
        unclear = " It may have decimals or a mark between thousands." if found.unclear[row] else ""
        raise DataError(
            f"Invalid {column} in row {table.index[row]!r}: "
            f"{quote_value(table[column].iloc[row])}.{unclear} Must be a number, not negative, or "
            "missing."
        )
    return found.numbers


# A point may lie this many degrees outside the expected area, because a gazetteer covers more than
# the land near a border.
_MARGIN_DEGREES = 5.0

# How many rows a message names; it counts the others.
_NAMED_ROWS = 5

# Without one of these columns, a repeated row cannot be distinguished from a second place.
_TELLING = ("id", "code", *NAME_COLUMNS)


def axes_seem_swapped(lon: Floats, lat: Floats, shapes: Iterable[BaseGeometry]) -> bool:
    """Return whether most points lie far from some shapes, but near them with swapped axes.

    Examples
    --------
    >>> line = shapely.LineString([(34, 51), (34, 52)])
    >>> axes_seem_swapped(np.array([51.2, 51.3]), np.array([34.9, 35.0]), [line])
    True
    """
    near, turned = find_near_points(lon, lat, shapes)
    there = np.isfinite(lon)
    return bool(there.any() and near[there].mean() < 0.5 < turned[there].mean())


def find_near_points(
    lon: Floats, lat: Floats, shapes: Iterable[BaseGeometry]
) -> tuple[Flags, Flags]:
    """Return which points lie near some shapes, and which would lie there with swapped axes."""
    west, south, east, north = shapely.total_bounds(list(shapes))

    def is_near(x: Floats, y: Floats) -> Flags:
        across = (x >= west - _MARGIN_DEGREES) & (x <= east + _MARGIN_DEGREES)
        up = (y >= south - _MARGIN_DEGREES) & (y <= north + _MARGIN_DEGREES)
        return np.asarray(across & up)

    return is_near(lon, lat), is_near(lat, lon)


def warn_if_swapped(
    lon: Floats,
    lat: Floats,
    shapes: Iterable[BaseGeometry],
    labels: pd.Index,
    *,
    stacklevel: int,
    remedy: str = "read_settlements(swap=True) turns those of a file",
) -> None:
    """Warn of points whose axes seem to be swapped: most points, or a few of them.

    ``remedy`` says how to swap them back.
    """
    shapes = list(shapes)
    if not axes_seem_swapped(lon, lat, shapes):
        near, turned = find_near_points(lon, lat, shapes)
        # In a worldwide table some places lie there by chance, so we warn only if most are near.
        if near.any() and near[np.isfinite(lon)].mean() > 0.5:
            warn_of_rows(
                labels[turned & ~near],
                "far from the border, but near it with longitude and latitude swapped",
                stacklevel=stacklevel + 1,
            )
        return
    first = int(np.flatnonzero(np.isfinite(lon))[0])
    where = f"longitude {lon[first]:g}, latitude {lat[first]:g}"
    if len(lon) == 1:
        which, remedy = f"The point at {where} lies", ""
    else:
        which = f"Most points, such as the first at {where}, lie"
        remedy = f"; {remedy}"
    warnings.warn(
        f"{which} far from the border, but near it with longitude and latitude swapped: are they "
        f"swapped{remedy}?",
        stacklevel=stacklevel + 1,
    )


def warn_of_odd_points(
    table: Any, lon: Floats, lat: Floats, shapes: Iterable[BaseGeometry], labels: pd.Index, *,
    stacklevel: int,
) -> None:  # fmt: skip
    """Warn of odd points of a table in memory, as readers do for files.

    Odd points have swapped axes, lie at 0, 0, or very far from all others. Usually all points lie
    near the shapes; then we check nothing else. If most do not, the table covers the whole world,
    and distant points are not odd.
    """
    near, turned = find_near_points(lon, lat, shapes := list(shapes))
    there = np.isfinite(lon)
    if near[there].all():
        return
    warn_if_swapped(lon, lat, shapes, labels, stacklevel=stacklevel + 1)
    if table.attrs.get(REPORTED):
        return
    odd = OddPoints()
    zeros = odd.drop(lon, lat)
    if near[there & ~zeros].sum() > 0.5 * (there & ~zeros).sum():
        left = ~zeros & (near | ~turned)  # swapped points are reported above
        odd.look(np.where(left, lon, np.nan), np.where(left, lat, np.nan))

    def cite(rows: Rows) -> str:
        shown = ", ".join(repr(label) for label in labels[list(rows.first)].tolist())
        more = f" and {rows.total - len(rows.first):,} more" if rows.total > len(rows.first) else ""
        return f"{rows.total:,} ({shown}{more})"

    for note in odd.list_notes(cite, are_kept=True):
        warnings.warn(note[0].upper() + note[1:], stacklevel=stacklevel + 1)


def find_repeats(table: pd.DataFrame, shapes: NDArray[np.object_]) -> Flags:
    """Return which rows repeat an earlier row in every column and in their shape.

    Examples
    --------
    >>> table = pd.DataFrame({"name": ["Sudzha", "Sudzha"], "people": [5, 5]})
    >>> point = shapely.Point(35.3, 51.2)
    >>> find_repeats(table, np.array([point, point])).tolist()
    [False, True]
    """
    wkb = pd.Series(shapely.to_wkb(shapes), dtype=object)
    # Few rows share a shape, so we compare all columns only for those.
    alike = np.flatnonzero(wkb.duplicated(keep=False))
    # We compare texts, because columns may hold lists, which have no hash.
    rows = table.iloc[alike].astype(str).assign(**{"\0shape": wkb.iloc[alike].to_numpy()})
    found = np.zeros(len(table), dtype=bool)
    found[alike] = rows.duplicated().to_numpy()
    return found


def drop_uncounted(table: Any, near: Flags, *, stacklevel: int) -> Flags:
    """Return which of the rows near a zone to count, and warn of the others.

    A row without a point is in no zone. We do not warn of it if it has candidates. Repeated rows,
    as :func:`keep_first_rows` finds them, are not counted.
    """
    warn_of_rows(
        table.index[~_find_rows_with_place(table)], "without a point, and so in no zone",
        stacklevel=stacklevel + 1,
    )  # fmt: skip
    counts = near.copy()
    counts[near] = keep_first_rows(table[near], stacklevel=stacklevel + 1)
    return counts


def _find_rows_with_place(table: Any) -> Flags:
    """Return which rows have a point or candidates."""
    has_place: Flags = ~(table.geometry.isna() | table.geometry.is_empty).to_numpy()
    if (candidates := read_candidates(table)) is not None:
        has_place |= ~pd.isna(candidates)
    return has_place


def keep_first_rows(table: Any, *, stacklevel: int) -> Flags:
    """Return which rows of a table of points repeat no earlier row, and warn of repeated rows.

    We keep repeated rows that may be different places: all in a table without names and ids, and
    rows with neither a point nor candidates.
    """
    if not set(_TELLING) & set(table.columns):
        return np.ones(len(table), dtype=bool)
    twice = _find_rows_with_place(table) & find_repeats(
        pd.DataFrame(table.drop(columns=table.geometry.name)), table.geometry.to_numpy()
    )
    warn_of_rows(
        table.index[twice], "repeating another in every column, and counted once",
        stacklevel=stacklevel + 1,
    )  # fmt: skip
    return ~twice


def warn_of_rows(labels: pd.Index, what: str, *, stacklevel: int) -> None:
    """Warn of rows, if there are any, with their number and the first labels."""
    if not len(labels):
        return
    shown = ", ".join(repr(label) for label in labels[:_NAMED_ROWS].tolist())
    more = f" and {len(labels) - _NAMED_ROWS:,} more" if len(labels) > _NAMED_ROWS else ""
    rows = "row" if len(labels) == 1 else "rows"
    warnings.warn(f"{len(labels):,} {rows} {what}: {shown}{more}.", stacklevel=stacklevel + 1)


def get_column(table: pd.DataFrame | pd.Series, column: str) -> pd.Series:
    """Return a column of a table, or missing values if there is no such column."""
    if column in getattr(table, "columns", ()):
        found: pd.Series = table[column]
        return found
    return pd.Series(None, index=table.index, dtype=object)
