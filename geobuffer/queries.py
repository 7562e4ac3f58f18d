"""Ask where points lie: how far from a border, by which section, in a zone or not, and how surely.

The table comes first, in any CRS; results have its index, one row for each of its rows. A row
without a point gets missing values, never dropped. The caller's table is not changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from geobuffer.errors import DataError, MissingCRSError
from geobuffer.geodesy import wrap
from geobuffer.model import BOTH, Border, BufferZone

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from geobuffer.geodesy import Floats


def distance_to_border(table: gpd.GeoDataFrame | gpd.GeoSeries, border: Border) -> pd.Series:
    """Return each point's geodesic distance to a border in km, right to a millimetre.

    Parameters
    ----------
    table
        Points, in any CRS.
    border
        The border.

    Raises
    ------
    MissingCRSError
        The table has no coordinate reference system.
    DataError
        A geometry is not a point, or its coordinates are not finite or beyond ±90° latitude.

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
    return _located(table, border)["distance_km"]


def nearest_section(table: gpd.GeoDataFrame | gpd.GeoSeries, border: Border) -> pd.DataFrame:
    """Return each point's nearest section, and the chainage (km) of its nearest point there.

    Columns ``section`` and ``chainage_km``; errors as :func:`distance_to_border`.

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
    return _located(table, border)[["section", "chainage_km"]]


def locate(table: gpd.GeoDataFrame | gpd.GeoSeries, border: Border) -> pd.DataFrame:
    """Return where each point lies by a border: how far, on which side, by which kilometre.

    Columns ``distance_km``, ``side`` (``""`` on the territory of neither), ``section`` and
    ``chainage_km``; errors as :func:`distance_to_border`.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> import geopandas as gpd
    >>> point = gpd.GeoSeries.from_xy([34.8], [50.91], crs="EPSG:4326")
    >>> locate(point, border)["side"].tolist()
    ['Ukraine']
    """
    found = _located(table, border)
    found.insert(1, "side", _side_names(border, *_lonlat(table)))
    return found


def classify(table: gpd.GeoDataFrame | gpd.GeoSeries, zone: BufferZone) -> pd.DataFrame:
    """Tell for each point whether it lies in a zone, in which ring, and how surely.

    Parameters
    ----------
    table
        Points, in any CRS. Used where present: ``accuracy_m`` (of the point) and ``radius_m`` (of
        the place about it), in metres; ``country`` and ``oblast_iso`` (ISO codes).
    zone
        The zone. Its edges belong to it; a point on the edge of two rings is in the inner one.

    Returns
    -------
    pandas.DataFrame
        ``distance_km`` to the border; ``side``, the name of the side whose territory holds the
        point, or ``""``; ``section`` and ``chainage_km`` of the border's nearest point; ``ring``,
        missing outside the zone; ``membership``: ``"inside"``, ``"outside"``, or ``"uncertain"``
        where the zone's edge is nearer than ``margin_km``; that margin: the accuracies of border
        and point, combined as independent errors, and the radius of the place; ``conflict``, a
        sentence where the table's country or oblast contradicts the point's position, else ``""``.

    Raises
    ------
    MissingCRSError, DataError
        As :func:`distance_to_border`; also where an accuracy or radius is negative.

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
    """
    lon, lat = _lonlat(table)
    found = locate(table, zone.border)
    in_zone = _in_zone(zone, found, lon, lat)
    rings = pd.array(zone.ring_names, dtype="string")
    number = np.searchsorted(zone.edges_km[1:], found["distance_km"].fillna(0.0))
    found["ring"] = pd.Series(
        rings.take(np.where(in_zone, number, -1), allow_fill=True), index=found.index
    )
    margin = _margin_km(table, zone.border, len(found))
    conflict, wrong_side = _conflicts(table, zone.border, lon, lat)
    uncertain = _near_an_edge(zone, found, margin, _listed(table, "country").isna().to_numpy())
    uncertain |= wrong_side & (found["distance_km"] <= zone.width_km).to_numpy()
    membership = np.where(in_zone, "inside", "outside").astype(object)
    membership[uncertain] = "uncertain"
    membership[np.isnan(lon)] = None
    found["membership"] = membership
    found["margin_km"] = margin
    found["conflict"] = conflict
    return found


def within(table: gpd.GeoDataFrame, zone: BufferZone) -> gpd.GeoDataFrame:
    """Return the rows that lie in a zone, surely or uncertainly, with what ``classify`` says.

    Rows keep their order, index, columns and CRS; columns of :func:`classify` are added (or
    replaced). Errors as :func:`classify`.

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
    found = classify(table, zone)
    keep = (found["membership"] != "outside").to_numpy()
    return with_columns(table, found)[keep]


def with_columns(table: gpd.GeoDataFrame, found: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return a table with the columns of another of the same rows, in the same order."""
    kept = table.drop(columns=[c for c in found.columns if c in table.columns])
    # By position: labels of rows may repeat.
    return kept.assign(**{column: found[column].to_numpy() for column in found.columns})


def _lonlat(table: gpd.GeoDataFrame | gpd.GeoSeries) -> tuple[Floats, Floats]:
    """Return longitudes and latitudes of a table's points; NaN where there is none."""
    points = table.geometry
    if points.crs is None:
        raise MissingCRSError(_no_crs(points))
    kinds = shapely.get_type_id(points.to_numpy())
    missing = (kinds == -1) | points.is_empty.to_numpy()
    wrong = np.flatnonzero((kinds != 0) & ~missing)
    if len(wrong):
        row = wrong[0]
        raise DataError(
            f"Invalid geometry in row {table.index[row]!r}: {points.iloc[row].geom_type}. Must be "
            "a Point; for shapes use their representative_point()."
        )
    # always_xy is geopandas' own rule: longitude first.
    points = points.to_crs("EPSG:4326") if points.crs != "EPSG:4326" else points
    there = np.flatnonzero(~missing)
    lon, lat = np.full((2, len(points)), np.nan)
    lon[there], lat[there] = shapely.get_coordinates(points.to_numpy()[there]).T
    bad = np.flatnonzero(~missing & ~(np.isfinite(lon) & (np.abs(lat) <= 90.0)))
    if len(bad):
        row = bad[0]
        raise DataError(
            f"Invalid point in row {table.index[row]!r}: longitude {lon[row]:g}, latitude "
            f"{lat[row]:g}. Must be finite, latitude within ±90; are they swapped?"
        )
    return wrap(lon), lat


def _no_crs(points: gpd.GeoSeries) -> str:
    west, south, east, north = points.total_bounds
    degrees = west >= -180 and east <= 180 and south >= -90 and north <= 90
    hint = 'set_crs("EPSG:4326") fits their range' if degrees else "set the one they were made in"
    return f"The table's points have no coordinate reference system. Must have one: {hint}."


def _located(table: gpd.GeoDataFrame | gpd.GeoSeries, border: Border) -> pd.DataFrame:
    """Return distance_km, section and chainage_km for each row."""
    lon, lat = _lonlat(table)
    there = np.flatnonzero(np.isfinite(lon))
    foot = border.index.nearest(lon[there], lat[there])
    starts = np.array([section.start_km for section in border.sections])
    names = np.array([section.name for section in border.sections], dtype=object)
    distance, chainage = np.full(len(lon), np.nan), np.full(len(lon), np.nan)
    section = np.full(len(lon), None, dtype=object)
    distance[there] = foot.distance_m / 1e3
    chainage[there] = starts[foot.line] + foot.chainage_m / 1e3
    section[there] = names[foot.line]
    columns = {"distance_km": distance, "section": section, "chainage_km": chainage}
    return pd.DataFrame(columns, index=table.index)


def _holds(area: object, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    shapely.prepare(area)
    return np.asarray(shapely.intersects_xy(area, lon, lat))


def _side_names(border: Border, lon: Floats, lat: Floats) -> NDArray[np.object_]:
    """Return the side on which each point lies; "" in neither's territory."""
    one, other = border.sides
    names = np.full(len(lon), "", dtype=object)
    for side, opposite in ((one, other), (other, one)):
        if side.area is not None:
            on = _holds(side.area, lon, lat)
        else:
            on = ~_holds(opposite.area, lon, lat) & np.isfinite(lon)
        names[on & (names == "")] = side.name
    return names


def _in_zone(zone: BufferZone, found: pd.DataFrame, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    """Tell which points lie in the zone: within its width, on its side, not beyond a flat end."""
    inside = found["distance_km"].to_numpy() <= zone.width_km
    if zone.side != BOTH:
        inside = inside & (found["side"] == zone.side).to_numpy()
    for end in zone.flat_ends:
        near = np.flatnonzero(inside)
        inside[near[end.leaves_out(lon[near], lat[near], zone.width_km * 1e3)]] = False
    return inside


def _margin_km(table: gpd.GeoDataFrame | gpd.GeoSeries, border: Border, count: int) -> Floats:
    accuracy, radius = (_metres(table, c, count) for c in ("accuracy_m", "radius_m"))
    return np.asarray((np.hypot(accuracy, border.source.accuracy_m or 0.0) + radius) / 1e3)


def _metres(table: gpd.GeoDataFrame | gpd.GeoSeries, column: str, count: int) -> Floats:
    if column not in getattr(table, "columns", ()):
        return np.zeros(count)
    metres: Floats = pd.to_numeric(table[column]).fillna(0.0).to_numpy(dtype=float)
    if (metres < 0).any():
        row = int(np.flatnonzero(metres < 0)[0])
        raise DataError(
            f"Invalid {column} in row {table.index[row]!r}: {metres[row]:g}. Must not be negative."
        )
    return metres


def _near_an_edge(
    zone: BufferZone, found: pd.DataFrame, margin: Floats, unlisted: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell which points lie nearer to an edge of the zone than the margin of their position.

    The border is an edge of a one-sided zone only for a place that no country lists: one that is
    listed stands on its country's side of the border, however coarse its point.
    """
    distance = found["distance_km"].to_numpy()
    near = np.abs(distance - zone.width_km) < margin
    if zone.side == BOTH:
        return near
    on_side = (found["side"] == zone.side).to_numpy()
    return (near & on_side) | ((distance < margin) & unlisted)


def _listed(table: gpd.GeoDataFrame | gpd.GeoSeries, column: str) -> pd.Series:
    """Return a column of a table, or missing values where it has none of that name."""
    if column in getattr(table, "columns", ()):
        listed: pd.Series = table[column]
        return listed
    return pd.Series(None, index=table.index, dtype=object)


def _conflicts(
    table: gpd.GeoDataFrame | gpd.GeoSeries, border: Border, lon: Floats, lat: Floats
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Tell where a row's country or oblast contradicts its point, and where its country does."""
    said = np.full(len(lon), "", dtype=object)
    wrong_country = np.zeros(len(lon), dtype=bool)
    country, iso = _listed(table, "country"), _listed(table, "oblast_iso")
    oblast = _listed(table, "oblast").fillna(iso).to_numpy()
    for region in border.regions:
        there = _holds(region.geometry, lon, lat)
        abroad = there & (country.notna() & (country != region.country)).to_numpy()
        abroad &= bool(region.country)
        astray = there & (iso.notna() & (iso != region.iso)).to_numpy() & bool(region.iso)
        absent = ~there & (iso == region.iso).to_numpy(dtype=bool, na_value=False)
        for row in np.flatnonzero(absent & (said == "")):
            said[row] = f"listed in {oblast[row]}, but its point lies outside it"
        for row in np.flatnonzero(astray | abroad):
            listed = country.iloc[row] if abroad[row] else oblast[row]
            said[row] = f"listed in {listed}, but its point lies in {region.name}"
        wrong_country |= abroad
    return said, wrong_country
