"""geopandas, as most would write it: one projection for all, GEOS in the plane."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from harness import WIDTH_M, Method

if TYPE_CHECKING:
    from harness import Floats, Job
    from numpy.typing import NDArray

# An estimate of the best UTM zone takes some 20 ms, so not all rows of a table get one.
PER_ROW = 100


def version(_job: Job) -> str:
    """Return versions."""
    return f"geopandas {gpd.__version__}, GEOS {shapely.geos_version_string}"


def load(lon: Floats, lat: Floats) -> gpd.GeoDataFrame:
    """Return points as a table."""
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat, crs="EPSG:4326"))


def methods(job: Job) -> list[Method]:
    """Return three projections, three tasks."""
    line = gpd.GeoSeries([job.line], crs="EPSG:4326")
    projections = {
        "UTM 36N": "EPSG:32636",
        "estimated UTM": line.estimate_utm_crs(),
        "EPSG:3857": "EPSG:3857",
    }
    ways = []
    for name, crs in projections.items():
        ways += _three(line, name, crs)
    segments = _segments(job.line).to_crs("EPSG:32636")

    def nearest(table: gpd.GeoDataFrame) -> Floats:
        found = gpd.sjoin_nearest(table.to_crs("EPSG:32636"), segments, distance_col="away")
        away: Floats = found.groupby(level=0)["away"].first().to_numpy()
        return away

    ways.append(Method("distance", "UTM 36N, sjoin_nearest of segments", nearest, load))
    ways.append(Method("buffers", "one UTM zone for all rows", one_utm))
    ways.append(Method("buffers", "estimate_utm_crs() for each row", utm_per_row, rows=PER_ROW))
    return ways


def one_utm(table: gpd.GeoDataFrame) -> NDArray[Any]:
    """Buffer all rows in the UTM zone that geopandas estimates for the table."""
    flat = table.geometry.to_crs(table.estimate_utm_crs())
    return flat.buffer(table["km"] * 1e3).to_crs("EPSG:4326").to_numpy()


def utm_per_row(table: gpd.GeoDataFrame) -> NDArray[Any]:
    """Buffer each row in the UTM zone that geopandas estimates for it."""
    return np.concatenate([one_utm(table.iloc[[n]]) for n in range(len(table))])


def _three(line: gpd.GeoSeries, name: str, crs: object) -> list[Method]:
    def polygon() -> shapely.Geometry:
        return line.to_crs(crs).buffer(WIDTH_M).to_crs("EPSG:4326").item()

    @cache
    def zone() -> gpd.GeoDataFrame:
        return gpd.GeoDataFrame(geometry=[polygon()], crs="EPSG:4326")

    def inside(table: gpd.GeoDataFrame) -> NDArray[np.bool_]:
        found = gpd.sjoin(table, zone(), predicate="within")
        return np.isin(np.arange(len(table)), found.index)

    def away(table: gpd.GeoDataFrame) -> Floats:
        metres: Floats = table.to_crs(crs).distance(line.to_crs(crs).item()).to_numpy()
        return metres

    return [
        Method("zone", f"{name}, buffer", polygon),
        Method("membership", f"{name}, buffer + sjoin", inside, load),
        Method("distance", f"{name}, distance", away, load),
    ]


def _segments(line: shapely.Geometry) -> gpd.GeoDataFrame:
    parts = [shapely.get_coordinates(part) for part in shapely.get_parts(line)]
    pairs = np.concatenate([np.stack([c[:-1], c[1:]], axis=1) for c in parts])
    return gpd.GeoDataFrame(geometry=shapely.linestrings(pairs), crs="EPSG:4326")
