"""Buffer each row of a table by a distance on the ellipsoid."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geobuffer.errors import (
    DataError,
    GeobufferError,
    GeometryError,
    did_you_mean,
    find_caller_level,
    missing_crs,
)
from geobuffer.geodesy.antimeridian import (
    cut_at_antimeridian,
    cut_line,
    keep_polygons,
    wrap_degrees,
)
from geobuffer.geodesy.ellipsoid import (
    LIMIT_M,
    ON_GLOBE,
    WGS84,
    is_on_globe,
)
from geobuffer.geodesy.refine import bend_of_edges
from geobuffer.geodesy.row_buffers import buffer_rows
from geobuffer.io.arrow_tables import join_shapes, make_arrow_shapes, take_table
from geobuffer.io.point_tables import warn_of_rows
from geobuffer.zones.arguments import (
    FLAG,
    TEXT,
    Kind,
    check_arguments,
    describe_type,
    find_conversion,
)
from geobuffer.zones.checks import convert_to_degrees
from geobuffer.zones.edges import read_edges
from geobuffer.zones.make_border import border_along, border_around
from geobuffer.zones.make_zone import LEAST_KM, build_zone, find_width_problem, parse_tolerance
from geobuffer.zones.quantities import KM_FORMS, list_values, parse_km, quote_value
from geobuffer.zones.source import UNSTATED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray
    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy.ellipsoid import Floats

    Shapes = NDArray[np.object_]
    Flags = NDArray[np.bool_]
    Widths = float | str | Sequence[float | str] | ArrayLike | pd.Series


#: The column with a bound of how far the edges of each row's zone depart from its distance.
ERROR_COLUMN = "buffer_error_m"

_SIDES = ("around", "outside", "inside", "both", "left", "right")
_ENDS = ("round", "flat")
_ON_ERROR = ("raise", "null")

_TABLES = "a GeoDataFrame, a GeoSeries, or shapely geometries in longitude and latitude"

# The tolerance is at most this share of the width, so that a narrow zone keeps its shape.
_SHARE_OF_WIDTH = 0.01

# In a table that is not in degrees, edges move when they become straight in the CRS of the table.
# We reserve this share of the tolerance for that.
_BEND_SHARE = 0.25


class _Rows(NamedTuple):
    """The rows that get a zone; one entry per row."""

    number: NDArray[np.int64]
    """The position of the row in the table."""
    shape: Shapes
    """Its shape in degrees, valid, in two dimensions."""
    km: Floats
    tolerance_m: Floats

    def select(self, kept: Flags) -> _Rows:
        """Return some of the rows."""
        return _Rows._make(column[kept] for column in self)


def buffer(  # noqa: PLR0913 - each is a keyword with a default
    table: Any,
    km: Widths,
    *,
    side: Literal["around", "outside", "inside", "both", "left", "right"] = "around",
    ends: Literal["round", "flat"] = "round",
    tolerance_m: float | str = 1.0,
    dissolve: bool | str = False,
    on_error: Literal["raise", "null"] = "raise",
) -> Any:
    """Return the zone within a distance of each row's shape, measured along geodesics.

    It does for tables what :func:`build_zone` does for borders: it measures the same distances,
    anywhere on Earth, and you need not choose a projection.

    Parameters
    ----------
    table
        A GeoDataFrame or GeoSeries in any CRS; or an array or list of shapely geometries, or one of
        them, in longitude and latitude. Points, lines, polygons and collections may be mixed. Or a
        table of another library (Polars, DuckDB, Ibis, pyarrow), as for :func:`classify`.
    km
        The width: a number of kilometres, a text such as ``"500 m"`` or ``"5 NM"``, or a quantity
        of pint or astropy. Or one for each row: the name of a column, a Series with the table's
        index, or a list or array. A negative width shrinks areas: it leaves the part that lies
        farther than that from the outline. At width 0 an area stays unchanged.
    side
        ``"around"`` is the shape and everything within the distance of it. For areas, ``"outside"``
        is the same without the area itself, ``"inside"`` is the part of the area within the
        distance of its outline (a setback), and ``"both"`` is the band on both sides of the
        outline. For lines and points, ``"both"`` is the same as ``"around"``. ``"left"`` and
        ``"right"`` are the sides of a line in its own direction.
    ends
        ``"flat"`` cuts the zones of lines off square where the lines end, as for
        :func:`build_zone`.
    tolerance_m
        How far the edges of the zones may lie from their distance, in metres or a text with its
        unit; at most a hundredth of a row's width. At 0.1 m, zones have three times the vertices
        that they have at 1 m.
    dissolve
        Whether to unite all zones into one; or the name of a column, for one zone per value.
    on_error
        ``"raise"`` stops at the first row that has no zone: its geometry is not valid, or its width
        makes no sense for it. ``"null"`` leaves such rows without a geometry, with a warning.

    Returns
    -------
    GeoDataFrame, GeoSeries, array or geometry
        What was given, with zones in place of shapes: index, columns and CRS are kept. A
        GeoDataFrame gets the column ``buffer_error_m``: a bound, in metres, of how far the edges of
        each zone depart from their distance. Dissolved, it has the columns geometry, buffer_error_m
        and the one by which it was dissolved. Zones are cut at the antimeridian (RFC 7946). A
        missing or empty shape, or a missing width, gives a missing zone, with a warning. A table of
        another library comes back as Arrow, with the zones in ``geometry`` (GeoArrow).

    Raises
    ------
    GeometryError
        A row's geometry is not valid (the message names the row, the kind of geometry and the
        reason), its coordinates are not degrees, or its width is not finite, above 2,000 km, zero
        or negative for a point or line; ``side`` or ``ends`` do not suit its kind; its zone would
        reach both poles; or ``side``, ``ends`` or ``on_error`` is an unknown text.
    DataError
        The table is something else, or there is no such column to dissolve by.
    MissingCRSError
        The table has no coordinate reference system.
    WrongKind
        An option has a wrong type.

    Warns
    -----
    UserWarning
        Rows have no zone; or the edges of a zone depart by more than the tolerance.

    Notes
    -----
    Edges are straight in longitude and latitude. In a table of another CRS they are straight there;
    they get vertices so that both agree within a quarter of the tolerance. Points are built all at
    once; polygons take longer, the more vertices they have. Rows that reach a pole or more than
    200 km from their middle, sides of lines and flat ends are built one by one: they take longest.

    Examples
    --------
    >>> import geobuffer as gb
    >>> towns = gpd.GeoDataFrame(
    ...     {"town": ["Sumy", "Okhtyrka"], "km": [10, 5]},
    ...     geometry=gpd.GeoSeries.from_xy([34.80, 34.88], [50.91, 50.31], crs="EPSG:4326"),
    ... )
    >>> zones = gb.buffer(towns, km="km")
    >>> list(zones.columns), zones.geom_type.tolist()
    (['town', 'km', 'geometry', 'buffer_error_m'], ['Polygon', 'Polygon'])
    >>> round(float(zones.to_crs("+proj=laea +lat_0=50.6 +lon_0=34.8").area.iloc[0]) / 1e6, 1)
    314.1
    """
    check_arguments(
        side=(side, TEXT), ends=(ends, TEXT), on_error=(on_error, TEXT), dissolve=(dissolve, _BY)
    )
    for name, value, known in (
        ("side", side, _SIDES), ("ends", ends, _ENDS), ("on_error", on_error, _ON_ERROR)
    ):  # fmt: skip
        if value not in known:
            message = f"Invalid {name} {value!r}. {did_you_mean(value, known)}"
            raise GeometryError(message, parameter=name)
    table, arrow = take_table(table, None)
    given = _read_table(table)
    groups = _read_groups(table, given, dissolve)
    widths = _read_widths(table, given, km)
    problems = _Problems(given.index, raises=on_error == "raise")
    rows = _read_rows(given, widths, parse_tolerance(tolerance_m), problems)
    keeps_degrees = given.crs == "EPSG:4326"
    if not keeps_degrees:
        rows = rows._replace(tolerance_m=(1.0 - _BEND_SHARE) * rows.tolerance_m)
    shapes, error = _draw_zones(rows, side, ends, problems)
    problems.warn()
    _warn_of_errors(given.index[rows.number], error, rows.tolerance_m)
    zones, errors = np.full(len(given), None, dtype=object), np.full(len(given), np.nan)
    if not keeps_degrees:
        shapes, error = _add_vertices(shapes, error, rows.tolerance_m)
    zones[rows.number], errors[rows.number] = shapes, error
    if groups is not None:
        united = _dissolve(table, given, zones, errors, groups)
        return united if arrow is None else make_arrow_shapes(united)
    found = _return_like(table, given, zones, errors)
    return found if arrow is None else join_shapes(arrow, found)


_BY = Kind(
    lambda value: FLAG.accepts(value) or TEXT.accepts(value),
    "True, False or the name of a column",
)


# --- arguments ---


def _read_table(table: Any) -> gpd.GeoSeries:
    """Return the shapes of any kind of table; shapely geometries are in degrees."""
    if isinstance(table, gpd.GeoSeries):
        shapes = table
    elif isinstance(table, gpd.GeoDataFrame) and table.active_geometry_name is not None:
        shapes = table.geometry
    elif isinstance(table, pd.DataFrame | pd.Series):
        raise DataError(
            f"Invalid table: {describe_type(table)} without geometry. Must be {_TABLES}. "
            "geopandas.points_from_xy(lon, lat) makes points of columns.",
            parameter="table",
        )
    else:
        items = [table] if isinstance(table, shapely.Geometry) else list_values(table)
        wrong = [item for item in items if not isinstance(item, shapely.Geometry | None)]
        if wrong or not (items or isinstance(table, list | tuple | np.ndarray)):
            what = describe_type(wrong[0] if wrong else table)
            raise DataError(
                f"Invalid table: {what}. Must be {_TABLES}. {find_conversion(table)}".strip(),
                parameter="table",
            )
        shapes = gpd.GeoSeries(items, crs="EPSG:4326")
    if shapes.crs is None:
        raise missing_crs("The table has", 'set_crs("EPSG:4326") if it is in degrees')
    return shapes


def _read_groups(table: Any, given: gpd.GeoSeries, dissolve: object) -> pd.Series | None:
    """Return the value by which each row is dissolved; None if rows stay apart."""
    if not isinstance(dissolve, str):
        return pd.Series(0, index=given.index) if dissolve else None
    columns = [*map(str, table.columns)] if isinstance(table, gpd.GeoDataFrame) else []
    if dissolve not in columns:
        raise DataError(
            f"Invalid dissolve {dissolve!r}. {did_you_mean(dissolve, columns)}"
            if columns
            else f"Invalid dissolve {dissolve!r}: there are no columns. Must be True or False.",
            parameter="dissolve",
        )
    found: pd.Series = table[dissolve]
    return found


def _read_widths(table: Any, given: gpd.GeoSeries, km: Any) -> Floats:
    """Return the width of each row in kilometres, NaN where it is missing."""
    columns = table.columns if isinstance(table, gpd.GeoDataFrame) else ()
    if isinstance(km, str) and km in columns:
        values, what = table[km].tolist(), f"{km!r} in row"
    elif isinstance(km, str) or not hasattr(km, "__len__") or np.ndim(km) == 0:
        if isinstance(km, str) and not any(map(str.isdigit, km)) and len(columns):
            message = f"Invalid km {km!r}: no such column. {did_you_mean(km, map(str, columns))}"
            raise GeometryError(message, parameter="km")
        return np.full(len(given), parse_km(km))
    else:
        values, what = _align_widths(given, km), "in row"
    return _parse_widths(values, what, given.index)


def _parse_widths(values: list[Any], what: str, labels: pd.Index) -> Floats:
    found = np.full(len(values), np.nan)
    for n, value in enumerate(values):
        if pd.api.types.is_scalar(value) and pd.isna(value):
            continue
        try:
            found[n] = parse_km(value)
        except GeometryError as error:
            message = f"Invalid km {what} {labels[n]!r}: {quote_value(value)}. {KM_FORMS}"
            raise GeometryError(message, parameter="km") from error
    return found


def _align_widths(given: gpd.GeoSeries, km: Any) -> list[Any]:
    """Return one width for each row of those given as a Series, a list or an array."""
    if isinstance(km, pd.Series) and not km.index.equals(given.index):
        try:
            km = km.reindex(given.index) if km.index.is_unique else None
        except (TypeError, ValueError):
            km = None
        if km is None or km.isna().all():
            message = "Invalid km: its index is not that of the table. Must be the same labels."
            raise GeometryError(message, parameter="km")
    values = list_values(km)
    if len(values) != len(given):
        raise GeometryError(
            f"Invalid km: {len(values):,} widths for {len(given):,} rows. Must be one, or as many "
            "as rows.",
            parameter="km",
        )
    return values


class _Problems:
    """The rows that have no zone, and why."""

    def __init__(self, index: pd.Index, *, raises: bool) -> None:
        self.index, self.raises = index, raises
        self.found: list[str] = []

    def add(self, row: int, why: str) -> None:
        """Record a row that has no zone, or raise an error for it."""
        message = f"Invalid row {self.index[row]!r}: {why}"
        if self.raises:
            raise GeometryError(f"{message} on_error='null' leaves such rows without a zone.")
        self.found.append(message)

    def warn(self) -> None:
        """Warn of the rows."""
        if self.found:
            more = f" And {len(self.found) - 3:,} more." if len(self.found) > 3 else ""
            shown = " ".join(self.found[:3])
            rows = "row" if len(self.found) == 1 else "rows"
            warnings.warn(
                f"{len(self.found):,} {rows} without a zone. {shown}{more}",
                stacklevel=find_caller_level(),
            )


# --- rows ---


def _read_rows(given: gpd.GeoSeries, km: Floats, tolerance_m: float, problems: _Problems) -> _Rows:
    """Return the rows that have a shape and a width, as shapes that are safe to draw."""
    shapes = shapely.force_2d(convert_to_degrees(given, "the table").to_numpy())
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes) | np.isnan(km)
    warn_of_rows(
        given.index[missing], "without a shape or a width, and so without a zone",
        stacklevel=find_caller_level(),
    )  # fmt: skip
    number = np.flatnonzero(~missing)
    usable = np.ones(len(number), dtype=bool)
    shapes, km = shapes[number], km[number]
    for n, why in _find_problems(shapes, km, given.to_numpy()[number]).items():
        usable[n] = False
        problems.add(int(number[n]), why)
    for n in np.flatnonzero(usable & _need_care(shapes)).tolist():
        try:
            shapes[n] = _bring_within_180(shapes[n], f"row {given.index[number[n]]!r}")
        except GeobufferError as error:
            usable[n] = False
            problems.add(int(number[n]), f"{error}")
    tolerance = np.minimum(tolerance_m, _SHARE_OF_WIDTH * 1e3 * np.maximum(np.abs(km), LEAST_KM))
    return _Rows(number, shapes, km, tolerance).select(usable)


def _find_problems(shapes: Shapes, km: Floats, given: Shapes) -> dict[int, str]:
    """Return the rows whose geometry or width is wrong, and why.

    The reason names a point: in the CRS of the table as given, so that the user finds it there.
    """
    coords, row = shapely.get_coordinates(shapes, return_index=True)
    off = np.flatnonzero(~is_on_globe(coords[:, 0], coords[:, 1]))
    found = {
        int(row[n]): f"longitude {coords[n, 0]:.10g}, latitude {coords[n, 1]:.10g}. {ON_GLOBE}"
        for n in off[::-1]
    }
    for n in np.flatnonzero(~shapely.is_valid(shapes)):
        # A shape may be valid in its own CRS and break only in degrees.
        named = shapes[n] if shapely.is_valid(given[n]) else given[n]
        kind, reason = named.geom_type, shapely.is_valid_reason(named)
        why = f"a {kind} that is not valid: {reason}. Must be valid: make_valid() repairs it."
        found.setdefault(int(n), why)
    wrong = (np.abs(km) * 1e3 > LIMIT_M) | ((np.abs(km) < LEAST_KM) & (km != 0.0))
    for n in np.flatnonzero(wrong):
        problem = find_width_problem(abs(float(km[n])))
        found.setdefault(int(n), f"width {km[n]:g} km. {problem}")
    return dict(sorted(found.items()))


def _need_care(shapes: Shapes) -> Flags:
    """Return the shapes to treat one by one: collections, rings, or those that may cross 180°."""
    west, _, east, _ = shapely.bounds(shapes).T
    kinds = shapely.get_type_id(shapes)
    unusual = np.isin(kinds, (shapely.GeometryType.GEOMETRYCOLLECTION, 2))
    return np.asarray((west < -180.0) | (east > 180.0) | (east - west > 180.0) | unusual)


def _bring_within_180(shape: BaseGeometry, what: str) -> BaseGeometry:
    """Return a shape cut at the antimeridian, with the areas of a collection united."""
    kind = shape.geom_type
    if kind in ("Polygon", "MultiPolygon"):
        return cut_at_antimeridian(read_edges(shape, what))
    if kind in ("LineString", "LinearRing", "MultiLineString"):
        lines = [shapely.LineString(part.coords) for part in shapely.get_parts(shape)]
        whole = read_edges(shapely.MultiLineString(lines) if len(lines) > 1 else lines[0], what)
        return cut_line(whole)
    if kind in ("Point", "MultiPoint"):
        lon, lat = shapely.get_coordinates(shape).T
        return shapely.set_coordinates(shape, np.column_stack([wrap_degrees(lon), lat]))
    flat = [
        one
        for part in shapely.get_parts(shape)
        if not part.is_empty
        for one in shapely.get_parts(_bring_within_180(part, what))
    ]
    areas = [one for one in flat if one.geom_type == "Polygon"]
    rest = [one for one in flat if one.geom_type != "Polygon"]
    whole = shapely.union_all(areas) if areas else None
    if not rest:
        return whole
    return shapely.GeometryCollection([*shapely.get_parts(whole), *rest] if areas else rest)


# --- zones ---


def _draw_zones(
    rows: _Rows, side: str, ends: Literal["round", "flat"], problems: _Problems
) -> tuple[Shapes, Floats]:
    """Return the zone of each row, None where it has none, and a bound of its error in metres."""
    shapes, errors = np.full(len(rows.km), None, dtype=object), np.full(len(rows.km), np.nan)
    kinds = shapely.get_type_id(rows.shape)
    areas, lines = np.isin(kinds, (3, 6)), np.isin(kinds, (1, 5))
    suits = np.ones(len(kinds), dtype=bool)
    for wrong, why in (
        ((rows.km <= 0.0) & ~areas, "a {} has no zone of a width of zero or less."),
        ((rows.km <= 0.0) & (side != "around"), "a width of zero or less needs side 'around'."),
        (~areas & (side in ("outside", "inside")), f"side {side!r} needs an area, not a {{}}."),
        (~lines & (side in ("left", "right")), f"side {side!r} needs a line, not a {{}}."),
        (~lines & (ends == "flat"), "flat ends need a line, not a {}."),
    ):
        for n in np.flatnonzero(wrong & suits):
            problems.add(int(rows.number[n]), why.format(rows.shape[n].geom_type))
            suits[n] = False
    same = suits & (rows.km == 0.0)
    shapes[same], errors[same] = rows.shape[same], 0.0
    by_rows = np.flatnonzero(suits & ~same & (ends == "round") & (side not in ("left", "right")))
    shapes[by_rows], errors[by_rows] = _buffer_in_rows(rows, by_rows, areas[by_rows], side)
    for row in np.flatnonzero(suits & shapely.is_missing(shapes)).tolist():
        try:
            shapes[row], errors[row] = _build_alone(rows, row, side, ends)
        except GeobufferError as error:
            problems.add(int(rows.number[row]), f"{error}")
    return shapes, errors


def _buffer_in_rows(
    rows: _Rows, chosen: NDArray[np.int64], areas: Flags, side: str
) -> tuple[Shapes, Floats]:
    """Return zones drawn many at once; None for those that must be built alone."""
    given, metres, tolerance = rows.shape[chosen], rows.km[chosen] * 1e3, rows.tolerance_m[chosen]
    if side == "around" or not areas.any():
        return buffer_rows(given, metres, tolerance)
    grown, error = given, np.zeros(len(given))
    if side in ("outside", "both"):
        grown, error = buffer_rows(given, metres, tolerance)
    inner, inner_error = given.copy(), np.zeros(len(given))
    if side in ("inside", "both"):
        shrunken = buffer_rows(given[areas], -metres[areas], tolerance[areas])
        inner[areas], inner_error[areas] = shrunken
    shapes = grown.copy()
    shapes[areas] = shapely.difference(grown[areas], inner[areas])
    shapes[shapely.is_missing(inner)] = None
    return shapes, np.fmax(error, inner_error)


def _build_alone(
    rows: _Rows, n: int, side: str, ends: Literal["round", "flat"]
) -> tuple[BaseGeometry, float]:
    """Return the zone of one row, built as a zone along its border."""
    shape, km, tolerance_m = rows.shape[n], float(rows.km[n]), max(float(rows.tolerance_m[n]), 1e-3)
    is_area = shape.geom_type in ("Polygon", "MultiPolygon")
    with warnings.catch_warnings():
        # The caller warns of all rows whose edges depart by more than the tolerance.
        warnings.simplefilter("ignore")
        if side in ("left", "right") or ends == "flat":
            border = border_along(shape, source=UNSTATED)
            side = side if side in ("left", "right") else "both"
        else:
            border = border_around(shape)
            side = "both" if not is_area else "inside" if km < 0 else side
        zone = build_zone(border, [abs(km)], side=side, ends=ends, tolerance_m=tolerance_m)
    drawn = shapely.difference(shape, zone.polygon) if km < 0 else zone.polygon
    return keep_polygons(drawn), zone.error_m


def _warn_of_errors(index: pd.Index, error: Floats, tolerance_m: Floats) -> None:
    over = np.flatnonzero(error > tolerance_m)
    if len(over):
        worst = over[error[over].argmax()]
        warn_of_rows(
            index[over],
            f"with edges farther from their distance than the tolerance (up to {error[worst]:.2g} "
            f"m in row {index[worst]!r}); {ERROR_COLUMN} says how far",
            stacklevel=find_caller_level(),
        )


# --- results ---


def _add_vertices(shapes: Shapes, error: Floats, tolerance_m: Floats) -> tuple[Shapes, Floats]:
    """Add vertices, so that edges move little when they become straight in another CRS.

    An edge moves by length² / 8 times the curvature of an edge that is straight in longitude and
    latitude. The projection may move it by as much again.
    """
    spare = _BEND_SHARE / (1.0 - _BEND_SHARE) * tolerance_m
    _, south, _, north = shapely.bounds(shapes).T
    bend = 2.0 * bend_of_edges(np.nan_to_num(np.maximum(np.abs(south), np.abs(north))))
    longest = np.sqrt(8.0 * spare / np.maximum(bend, 1e-12))
    degrees = np.minimum(np.degrees(longest / WGS84.a), 1.0)
    return np.asarray(shapely.segmentize(shapes, degrees)), error + spare


def _return_like(table: Any, given: gpd.GeoSeries, zones: Shapes, errors: Floats) -> Any:
    """Return zones as the kind of table that was given."""
    series = gpd.GeoSeries(zones, index=given.index, crs="EPSG:4326", name=given.name)
    series = series if given.crs == "EPSG:4326" else series.to_crs(given.crs)
    if isinstance(table, gpd.GeoDataFrame):
        result = table.copy()
        result[given.name] = series
        result[ERROR_COLUMN] = errors
        return result
    if isinstance(table, gpd.GeoSeries):
        return series
    return series.iloc[0] if isinstance(table, shapely.Geometry) else series.to_numpy()


def _dissolve(
    table: Any, given: gpd.GeoSeries, zones: Shapes, errors: Floats, groups: pd.Series
) -> Any:
    """Return the zones of each group as one."""
    there = ~shapely.is_missing(zones)
    number, values = pd.factorize(groups[there], use_na_sentinel=False)
    united = [shapely.union_all(zones[there][number == n]) for n in range(len(values))]
    whole = gpd.GeoSeries(united, crs="EPSG:4326", name=given.name)
    error = [errors[there][number == n].max() for n in range(len(values))]
    if not isinstance(table, gpd.GeoDataFrame):
        given = gpd.GeoSeries(united, crs=given.crs, name=given.name)
        made = _return_like(table, given, whole.to_numpy(), np.array(error))
        return made if isinstance(table, gpd.GeoSeries) or len(made) != 1 else made[0]
    columns = {} if groups.name not in table.columns else {groups.name: values}
    columns |= {given.name: whole.to_crs(given.crs).to_numpy(), ERROR_COLUMN: error}
    return gpd.GeoDataFrame(columns, geometry=given.name, crs=given.crs)
