"""Classify tables: distance to a border, nearest section, zone membership and conflicts.

This module classifies tables of points. :mod:`geobuffer.analysis.features` classifies lines and
areas. The table is the first argument and may be in any CRS. The result has one row for each row of
the table, with the same index. A row without a shape gets missing values. The table of the caller
stays unchanged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd

from geobuffer.analysis.conflicts import read_listing
from geobuffer.analysis.features import FEATURE_MEMBERSHIP, answer_features
from geobuffer.analysis.membership import (
    MEMBERSHIP,
    Answers,
    decide,
    find_uncertainty,
    is_counted,
    locate_points,
    measure_distance_km,
    measure_errors,
)
from geobuffer.analysis.text_columns import make_text_column
from geobuffer.geodesy.ellipsoid import inverse
from geobuffer.io.arrow_tables import join_arrow, join_shapes, make_arrow, take_table
from geobuffer.io.feature_tables import LINES, POINTS, find_kind
from geobuffer.io.point_tables import (
    read_candidates,
    read_lonlat,
    read_metres,
    read_points_table,
    warn_of_odd_points,
    warn_of_rows,
)
from geobuffer.zones.arguments import FLAG, check_arguments
from geobuffer.zones.checks import check_border, check_zone
from geobuffer.zones.source import ORIGIN

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from geobuffer.analysis.features import FeatureAnswers
    from geobuffer.analysis.membership import Uncertainty
    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.io.arrow_tables import ArrowStream
    from geobuffer.zones.border import Border
    from geobuffer.zones.zone import Zone

    # A table of geopandas, or of another library.
    Table: TypeAlias = gpd.GeoDataFrame | gpd.GeoSeries | ArrowStream


class Classification(NamedTuple):
    """The result of :func:`classify_table`: one entry for each row of the table."""

    frame: pd.DataFrame
    """The columns that :func:`classify` returns."""
    lon: Floats
    lat: Floats
    """Coordinates in degrees; NaN where there is no point."""
    uncertainty: Uncertainty
    """How far the places may be from their points, and why."""
    answers: Answers
    """The answers as arrays."""

    def select(self, rows: NDArray[np.bool_]) -> Classification:
        """Return the entries of some rows."""
        uncertainty = self.uncertainty.select(rows)
        some: Any = (values[rows] for values in self.answers)
        answers = Answers(*some)
        return Classification(
            self.frame[rows], self.lon[rows], self.lat[rows], uncertainty, answers
        )


def distance_to_border(table: Table, border: Border) -> pd.Series:
    """Return the geodesic distance of each point to a border in km, accurate to a millimetre.

    Parameters
    ----------
    table
        Points, in any CRS; also a table of another library, as for :func:`classify`, which gets
        its answer as Arrow.
    border
        The border.

    Raises
    ------
    MissingCRSError
        The table has no coordinate reference system.
    DataError
        A geometry is not a point, or a coordinate is not finite or outside the range of degrees.
    WrongKind
        ``border`` is not a border.

    Warns
    -----
    UserWarning
        Points are odd: they lie near the border only with longitude and latitude swapped, at 0, 0,
        or very far from all other points.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> import geopandas as gpd
    >>> sumy = gpd.GeoSeries.from_xy([34.8], [50.91], crs="EPSG:4326")
    >>> distance_to_border(sumy, border).round(1).tolist()
    [28.9]
    """
    check_border(border)
    points, rows = take_table(table, ())
    lon, lat = _read_points(points, border, stacklevel=2)
    distance = measure_distance_km(lon, lat, border)
    found = pd.Series(distance, points.index, name="distance_km")
    return found if rows is None else make_arrow(found)["distance_km"]


def nearest_section(table: Table, border: Border) -> pd.DataFrame:
    """Return the section nearest to each point, and the chainage (km) of the nearest point on it.

    Parameters
    ----------
    table
        Points, in any CRS; also a table of another library, as for :func:`classify`, which gets
        its answer as Arrow.
    border
        The border.

    Returns
    -------
    pandas.DataFrame
        ``section`` and ``chainage_km``, with the table's index.

    Raises
    ------
    MissingCRSError, DataError, WrongKind
        As :func:`distance_to_border`.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> import geopandas as gpd
    >>> point = gpd.GeoSeries.from_xy([34.8], [50.91], crs="EPSG:4326")
    >>> nearest_section(point, border)["section"].tolist()
    ['Kursk–Sumy']
    """
    points, rows = take_table(table, ())
    found = _locate_table(points, border, stacklevel=2, with_side=False)
    sections = found[["section", "chainage_km"]]
    return sections if rows is None else make_arrow(sections)


def locate(table: Table, border: Border, *, nearest_point: bool = False) -> pd.DataFrame:
    """Return where each point lies along a border: distance, side, section and chainage.

    Parameters
    ----------
    table
        Points, in any CRS; also a table of another library, as for :func:`classify`, which gets
        its answer as Arrow.
    border
        The border.
    nearest_point
        Whether to return the nearest point of the border too, and the bearing to it.

    Returns
    -------
    pandas.DataFrame
        ``distance_km``, ``side`` (``""`` on the territory of neither side), ``section`` and
        ``chainage_km``, with the table's index. With ``nearest_point`` also ``nearest_lon`` and
        ``nearest_lat``, in degrees on WGS 84, and ``bearing_deg``, the bearing at the given point,
        in degrees clockwise from north. A point within a millimetre of the border has no bearing.

    Raises
    ------
    MissingCRSError, DataError, WrongKind
        As :func:`distance_to_border`.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> import geopandas as gpd
    >>> point = gpd.GeoSeries.from_xy([34.8], [50.91], crs="EPSG:4326")
    >>> locate(point, border)["side"].tolist()
    ['Ukraine']
    >>> locate(point, border, nearest_point=True)["bearing_deg"].round().tolist()
    [3.0]
    """
    check_arguments(nearest_point=(nearest_point, FLAG))
    points, rows = take_table(table, ())
    found = _locate_table(points, border, stacklevel=2, nearest_point=nearest_point)
    return found if rows is None else make_arrow(found)


# A nearest point is accurate to some micrometres, so the bearing to one nearer than this is noise.
_NO_BEARING_M = 1e-3


def _find_nearest_points(lon: Floats, lat: Floats, border: Border) -> dict[str, Floats]:
    """Return the nearest point of the border for each point, and the bearing to it, by column."""
    there = np.flatnonzero(np.isfinite(lon))
    found = np.full((3, len(lon)), np.nan)
    foot = border.index.nearest(lon[there], lat[there])
    bearing, _, _ = inverse(lon[there], lat[there], foot.lon, foot.lat)
    bearing = np.where(foot.distance_m < _NO_BEARING_M, np.nan, bearing % 360.0)
    found[:, there] = foot.lon, foot.lat, bearing
    return dict(zip(("nearest_lon", "nearest_lat", "bearing_deg"), found, strict=True))


def _locate_table(
    table: gpd.GeoDataFrame | gpd.GeoSeries,
    border: Border,
    *,
    stacklevel: int,
    with_side: bool = True,
    nearest_point: bool = False,
) -> pd.DataFrame:
    """Return the result of :func:`locate`; ``with_side=False`` skips the side, the slowest part.

    ``stacklevel`` is the caller that warnings point to.
    """
    check_border(border)
    lon, lat = _read_points(table, border, stacklevel=stacklevel + 1)
    distance, section, chainage = locate_points(lon, lat, border)
    none = np.full(len(lon), -1, dtype=np.int8)
    side = border.side_codes(lon, lat) if with_side else none
    frame = _location_frame(table, border, distance, side, section, chainage)
    if nearest_point:
        for column, values in _find_nearest_points(lon, lat, border).items():
            frame[column] = values
    return frame


def _read_points(
    table: gpd.GeoDataFrame | gpd.GeoSeries, border: Border | Zone, *, stacklevel: int
) -> tuple[Floats, Floats]:
    """Return longitudes and latitudes; warn of points that are probably mistakes."""
    lon, lat = read_lonlat(table)
    lines = [section.line for section in border.sections]
    warn_of_odd_points(table, lon, lat, lines, _row_labels(table), stacklevel=stacklevel + 1)
    return lon, lat


def _row_labels(table: gpd.GeoDataFrame | gpd.GeoSeries) -> pd.Index:
    """Return the labels of the rows for messages: a column of names, or else the index."""
    labels: pd.Index = table.index
    for column in ("name_en", "name"):
        if column in getattr(table, "columns", ()):
            labels = pd.Index(table[column])
    return labels


def classify(table: Table, zone: Zone) -> pd.DataFrame:
    """Classify points, lines or areas: whether each lies in a zone, and how surely.

    Parameters
    ----------
    table
        Points, lines or areas, in any CRS; all of one kind, because each kind gets other columns.
        For points, these columns are used if the table has them: ``accuracy_m``, the error range of
        the point, and ``radius_m``, the radius of the place, in metres; ``country`` and
        ``oblast_iso`` (ISO codes), or names in ``country`` and ``oblast``; ``candidates``, points
        near which a place without a point may lie, as for :func:`geobuffer.answer`. In a table with
        the column ``accuracy_m`` or ``radius_m``, a missing value counts as 1,000. Without the
        column, all points count as exact, or all places as points. For lines and areas, only
        ``accuracy_m`` is used, in the same way. Their edges are straight in the CRS of the table.

        A table of Polars, DuckDB, Ibis or pyarrow works as well. Its columns are read through
        Arrow: a column of shapes in a GeoArrow type, or columns of longitudes and latitudes with
        the same names as in files, such as ``lon`` and ``lat``.
    zone
        The zone. Its edges belong to it; a point on the edge of two rings is in the inner one.

    Returns
    -------
    pandas.DataFrame, or pyarrow.Table for a table of another library
        ``distance_km`` to the border; ``side``, the name of the side whose territory holds the
        point, or ``""``; ``section`` and ``chainage_km`` of the nearest point of the border;
        ``ring``, missing outside the zone; ``membership``: ``"inside"``, ``"outside"``, or
        ``"uncertain"`` where the edge of the zone is nearer than ``margin_km``; ``p_inside``, the
        probability that the middle of the place lies in the zone, missing where the table states no
        accuracy; ``margin_km``, the accuracies of border and point, combined as independent errors,
        plus the radius of the place; ``conflict``, a sentence where the country or oblast of the
        table contradicts the point, else ``""``.

        For lines and areas, ``distance_km`` is the least distance, 0 where the shape touches the
        border. ``farthest_km`` is the greatest distance; for an area, that of its outline.
        ``side``, ``section`` and ``chainage_km`` are those of the nearest point. ``ring`` is the
        innermost ring that contains a part of the shape. ``membership`` is ``"inside"`` if every
        point is inside, ``"outside"`` if every point is outside, and ``"partly"`` if one point is
        surely inside and another surely outside. Otherwise it is ``"uncertain"``: an edge of the
        zone is nearer than ``margin_km`` to the nearest or farthest point of the shape. The size of
        the whole shape and of its part inside are ``length_km`` and ``inside_km`` for lines,
        ``area_km2`` and ``inside_km2`` for areas; ``share_inside`` is their ratio, from 0 to 1.
        Distances and lengths are accurate to some millimetres, areas to 0.01 % (areas below a
        hectare to some square metres).

    Raises
    ------
    MissingCRSError, DataError
        As :func:`distance_to_border`; also where an accuracy or radius is negative, and where a
        line or an area is invalid or stands beside shapes of another kind.
    GeometryError
        An area is invalid, and a repair would change it.
    WrongKind
        ``zone`` is not a zone.

    Warns
    -----
    UserWarning
        For points, as :func:`distance_to_border`.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> zone = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=1)
    >>> places = gb.load_settlements()
    >>> place = places[places["name_uk"] == "Юнаківка"]
    >>> classify(place, zone)[["side", "ring", "membership"]].values.tolist()
    [['Ukraine', '0–10 km', 'inside']]
    >>> import geopandas as gpd, shapely
    >>> road = gpd.GeoSeries([shapely.LineString([(34.8, 50.91), (35.1, 51.2)])], crs="EPSG:4326")
    >>> found = classify(road, zone)
    >>> found["membership"].item(), found[["length_km", "inside_km"]].round(2).values.tolist()
    ('partly', [[38.51, 12.21]])
    """
    check_zone(zone)
    places, rows = take_table(table)
    kind = find_kind(places)
    if kind == POINTS:
        found = classify_table(places, zone, stacklevel=2).frame
    else:
        found = make_feature_frame(places, zone, answer_features(places, kind, zone))
    return found if rows is None else make_arrow(found)


def classify_table(
    table: gpd.GeoDataFrame | gpd.GeoSeries,
    zone: Zone,
    *,
    stacklevel: int = 1,
) -> Classification:
    """Return the result of :func:`classify`, with the coordinates and error ranges behind it.

    Callers that need more than the columns call this once and pass the result on. Warnings point to
    the caller, or with a larger ``stacklevel`` to the caller of the caller.
    """
    check_zone(zone)
    lon, lat = _read_points(table, zone, stacklevel=stacklevel + 1)
    errors = measure_errors(
        lon,
        lat,
        zone,
        read_metres(table, "accuracy_m", np.nan),
        read_metres(table, "radius_m", 0.0),
    )
    uncertainty = find_uncertainty(
        lon, lat, zone, errors, read_listing(table), read_candidates(table)
    )
    answers = decide(lon, lat, zone, uncertainty)
    frame = _location_frame(
        table, zone, answers.distance_km, answers.side, answers.section, answers.chainage_km
    )
    frame["ring"] = make_text_column(answers.ring, zone.ring_names)
    frame["membership"] = make_text_column(answers.membership, MEMBERSHIP)
    frame["p_inside"] = answers.p_inside
    frame["margin_km"] = answers.margin_km
    frame["conflict"] = make_text_column(*uncertainty.conflict)
    return Classification(frame, lon, lat, uncertainty, answers)


def make_feature_frame(
    table: gpd.GeoDataFrame | gpd.GeoSeries, zone: Zone, found: FeatureAnswers
) -> pd.DataFrame:
    """Return answers about lines or areas as columns; missing values where there is no shape."""
    rows, count, whole = found.features.rows, len(table), found.extremes
    lines = found.features.kind == LINES
    size, part = ("length_km", "inside_km") if lines else ("area_km2", "inside_km2")
    columns: dict[str, Any] = {
        "distance_km": whole.least_km, "farthest_km": whole.greatest_km,
        "chainage_km": whole.chainage_km, "margin_km": whole.margin_km, size: found.size,
        part: found.inside[rows],
    }  # fmt: skip
    codes: dict[str, Any] = {
        "side": whole.side, "section": whole.section, "ring": found.find_innermost_rings()[rows],
        "membership": found.membership,
    }  # fmt: skip
    floats = {name: _spread(values, rows, count, np.nan) for name, values in columns.items()}
    numbers = {name: _spread(values, rows, count, -1) for name, values in codes.items()}
    frame = _location_frame(
        table, zone, floats["distance_km"], numbers["side"], numbers["section"],
        floats["chainage_km"],
    )  # fmt: skip
    frame.insert(1, "farthest_km", floats["farthest_km"])
    frame["ring"] = make_text_column(numbers["ring"], zone.ring_names)
    frame["membership"] = make_text_column(numbers["membership"], FEATURE_MEMBERSHIP)
    frame["margin_km"] = floats["margin_km"]
    frame[size], frame[part] = floats[size], floats[part]
    frame["share_inside"] = floats[part] / floats[size]
    return frame


def _spread(values: NDArray[Any], rows: NDArray[np.int64], count: int, missing: float) -> Any:
    """Return an array of ``count`` entries with values at some rows and ``missing`` elsewhere."""
    found = np.full(count, missing, dtype=values.dtype)
    found[rows] = values
    return found


def within(table: Table, zone: Zone) -> gpd.GeoDataFrame:
    """Return the rows that lie or may lie in a zone, with the columns of ``classify``.

    Parameters
    ----------
    table
        Points, lines or areas, in any CRS, as for :func:`classify`. Lines and areas that lie partly
        in the zone are returned as they are; :func:`clip` cuts them. Also a table of another
        library, as for :func:`classify`.
    zone
        The zone.

    Returns
    -------
    geopandas.GeoDataFrame, or pyarrow.Table for a table of another library
        The rows in their order, with their index, columns and CRS; the columns of :func:`classify`
        are added (or replaced). Rows that are partly inside are included. ``attrs["geobuffer"]``
        names the border and its source; :func:`geobuffer.write` copies that into every row.

    Raises
    ------
    MissingCRSError, DataError, WrongKind
        As :func:`classify`.

    Warns
    -----
    UserWarning
        Rows have no shape, so they lie in no zone.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> zone = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=1)
    >>> inside = within(gb.load_settlements(), zone)
    >>> sorted(inside["membership"].unique())
    ['inside', 'uncertain']
    """
    places, rows = take_table(table)
    places = read_points_table(places)
    check_zone(zone)
    kind = find_kind(places)
    if kind == POINTS:
        found = classify_table(places, zone, stacklevel=2).frame
    else:
        found = make_feature_frame(places, zone, answer_features(places, kind, zone))
    _warn_of_missing(places, found, kind, stacklevel=2)
    held = is_counted(found["membership"])
    if rows is not None:
        return join_arrow(rows, found, held)
    return join_columns(places[held], found[held])


def _warn_of_missing(
    table: gpd.GeoDataFrame, found: pd.DataFrame, kind: str, *, stacklevel: int
) -> None:
    """Warn of rows without a shape."""
    what = "a point" if kind == POINTS else "a shape"
    rows = table.index[found["membership"].isna().to_numpy()]
    warn_of_rows(rows, f"without {what}, and so in no zone", stacklevel=stacklevel + 1)


def clip(table: Table, zone: Zone) -> gpd.GeoDataFrame | pa.Table:
    """Cut points, lines or areas at the edges of a zone, and return the parts inside it.

    Each row keeps its index and its columns. Rows without a part in the zone are left out, also
    uncertain rows whose shape does not reach it. A shape that lies wholly inside stays unchanged.

    Parameters
    ----------
    table
        Points, lines or areas, in any CRS, as for :func:`classify`; also of another library.
    zone
        The zone.

    Returns
    -------
    geopandas.GeoDataFrame
        The rows in their order, in the CRS of the table. A shape that is cut loses its heights.
        Cuts of lines are accurate to a millimetre. Cuts of areas follow the zone to a centimetre,
        or, if that is more, to 0.002 % of the square root of the smallest area that is cut. Where
        the territories of both sides meet, they may be tenths of a metre off. For a table of
        another library, the rows as Arrow, with their shapes in ``geometry`` (GeoArrow).

    Raises
    ------
    MissingCRSError, DataError, GeometryError, WrongKind
        As :func:`classify`.

    Examples
    --------
    >>> import geobuffer as gb, geopandas as gpd, shapely
    >>> plant = gb.border_around(shapely.Point(30, 51), source=gb.Source("a map"))
    >>> road = gpd.GeoSeries([shapely.LineString([(30, 51), (31, 51)])], crs="EPSG:4326")
    >>> part = clip(road, gb.build_zone(plant, km=10))
    >>> shapely.get_coordinates(part.geometry).round(4).tolist()[-1]
    [30.1425, 51.0]
    """
    places, rows = take_table(table)
    check_zone(zone)
    found = _clip_rows(read_points_table(places), zone)
    return found if rows is None else join_shapes(rows, found)


def _clip_rows(table: gpd.GeoDataFrame, zone: Zone) -> gpd.GeoDataFrame:
    """Return the parts of the rows of a table that lie in a zone."""
    kind = find_kind(table)
    if kind == POINTS:
        found = classify_table(table, zone, stacklevel=3).answers.ring
        return table[found >= 0]
    answers = answer_features(table, kind, zone)
    held = np.flatnonzero(~pd.isna(answers.shapes))
    rows = answers.features.rows[held]
    shapes = table.geometry.to_numpy()[rows].copy()
    whole = answers.is_whole[held]
    cut = gpd.GeoSeries(answers.shapes[held[~whole]], crs="EPSG:4326").to_crs(table.crs)
    shapes[~whole] = cut.to_numpy()
    return table.iloc[rows].set_geometry(gpd.GeoSeries(shapes, table.index[rows], crs=table.crs))


# Names for the geometry column of a table if an answer has the name of that column.
_POINTS_NAMES = ("geometry", "geometry_points", "geometry_of_table")


def join_columns(table: gpd.GeoDataFrame, found: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return a table with the columns of another one that has the same rows in the same order."""
    name = table.geometry.name
    if name in found.columns:
        # An answer has the name of the geometry column, so that column gets another name.
        taken = {*table.columns, *found.columns}
        table = table.rename_geometry(next(n for n in _POINTS_NAMES if n not in taken))
    others = table.drop(columns=[c for c in found.columns if c in table.columns])
    # We join by position, because labels of rows may repeat.
    joined = others.assign(**{column: found[column].array for column in found.columns})
    joined.attrs |= found.attrs
    return joined


def _location_frame(
    table: gpd.GeoDataFrame | gpd.GeoSeries,
    border: Border | Zone,
    distance: Floats,
    side: NDArray[np.int8],
    section: NDArray[np.int16],
    chainage: Floats,
) -> pd.DataFrame:
    """Return locations as a frame with the index of the table and the origin of the border."""
    found = pd.DataFrame(
        {
            "distance_km": distance,
            "side": make_text_column(side, [one.name for one in border.sides], ""),
            "section": make_text_column(section, [one.name for one in border.sections]),
            "chainage_km": chainage,
        },
        index=table.index,
    )
    found.attrs[ORIGIN] = _border_origin(border)
    return found


def _border_origin(border: Border | Zone) -> dict[str, Any]:
    """Return the facts about a border that a table of distances to it must state."""
    source = border.source
    facts = {
        "border": "; ".join(section.name for section in border.sections),
        "border_source": source.title,
        "border_citation": source.citation,
        "border_licence": source.licence,
        "border_as_of": source.as_of,
        "border_accuracy_m": source.accuracy_m,
    }
    return {name: fact for name, fact in facts.items() if fact not in {"", None}}
