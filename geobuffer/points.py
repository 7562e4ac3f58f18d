"""What tables say of points: where they lie, and how surely. A row that cannot be is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from geobuffer.errors import DataError, MissingCRSError
from geobuffer.geodesy import ON_GLOBE, Floats, is_on_globe, wrap

if TYPE_CHECKING:
    import geopandas as gpd

# What an accuracy or a radius is taken for in a row that leaves it out, where other rows state it:
# on the careful side of what the bundled gazetteers state, so that a gap makes nothing surer.
UNSTATED_M = 1_000.0


def lonlat(table: gpd.GeoDataFrame | gpd.GeoSeries) -> tuple[Floats, Floats]:
    """Return longitudes and latitudes of a table's points; NaN where there is none."""
    points = getattr(table, "geometry", None)
    if points is None or not hasattr(points, "crs"):
        raise DataError(
            f"Invalid table: a {type(table).__name__} without geometry. Must be a GeoDataFrame or "
            "GeoSeries of points; geopandas.points_from_xy() makes them."
        )
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
    bad = np.flatnonzero(~missing & ~is_on_globe(lon, lat))
    if len(bad):
        row = bad[0]
        raise DataError(
            f"Invalid point in row {table.index[row]!r}: longitude {lon[row]:.10g}, latitude "
            f"{lat[row]:.10g}. {ON_GLOBE}"
        )
    return wrap(lon), lat


def _no_crs(points: gpd.GeoSeries) -> str:
    west, south, east, north = points.total_bounds
    degrees = west >= -180 and east <= 180 and south >= -90 and north <= 90
    hint = 'set_crs("EPSG:4326") fits their range' if degrees else "set the one they were made in"
    return f"The table's points have no coordinate reference system. Must have one: {hint}."


def metres(table: gpd.GeoDataFrame | gpd.GeoSeries, column: str) -> Floats:
    """Return a column of accuracies or radii; 0 where there is no such column."""
    if column not in getattr(table, "columns", ()):
        return np.zeros(len(table))
    return np.nan_to_num(numbers(table, column), nan=UNSTATED_M)


def numbers(table: pd.DataFrame, column: str) -> Floats:
    """Return a column of numbers, none of them negative; NaN where there is none.

    Raises
    ------
    DataError
        A value is no number, negative or infinite; the row is named.
    """
    found = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    absent = table[column].isna().to_numpy()
    wrong = np.flatnonzero((np.isnan(found) & ~absent) | (found < 0.0) | np.isinf(found))
    if len(wrong):
        row = wrong[0]
        raise DataError(
            f"Invalid {column} in row {table.index[row]!r}: {table[column].tolist()[row]!r}. "
            "Must be a number, not negative, or missing."
        )
    return np.asarray(found)
