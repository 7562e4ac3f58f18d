"""The tables and the lines that are buffered, and how far off the buffers are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

# Rows whose edges are measured, and places on each. The independent search takes some 5 ms a place.
ROWS, PLACES = 60, 8


def draw_points(count: int) -> gpd.GeoDataFrame:
    """Return points over an area as large as Ukraine, three UTM zones wide."""
    rng = np.random.default_rng(20)
    at = shapely.points(rng.uniform(22.0, 40.0, count), rng.uniform(44.0, 52.0, count))
    return gpd.GeoDataFrame({"km": rng.uniform(0.2, 30.0, count)}, geometry=at, crs="EPSG:4326")


def draw_areas(count: int, least: float) -> gpd.GeoDataFrame:
    """Return areas of 100 vertices, some 10 km across; jagged where the least radius is small."""
    rng = np.random.default_rng(21)
    turn = np.linspace(0.0, 2.0 * np.pi, 100, endpoint=False)
    shapes = []
    for lon, lat in zip(rng.uniform(22, 40, count), rng.uniform(44, 52, count), strict=True):
        reach = 0.045 * rng.uniform(least, 1.0, 100)
        east = reach * np.cos(turn) / np.cos(np.radians(lat))
        shapes.append(shapely.Polygon(np.column_stack([lon + east, lat + reach * np.sin(turn)])))
    return gpd.GeoDataFrame({"km": rng.uniform(0.5, 10.0, count)}, geometry=shapes, crs="EPSG:4326")


# Names, and tables as large as a share of 10,000 points and 1,000 areas.
TABLES: dict[str, Callable[[float], gpd.GeoDataFrame]] = {
    "points": lambda share: draw_points(round(10_000 * share)),
    "smooth areas": lambda share: draw_areas(round(1_000 * share), 0.97),
    "jagged areas": lambda share: draw_areas(round(1_000 * share), 0.6),
}


class Line(NamedTuple):
    """A bare line and its zone."""

    line: shapely.LineString
    km: float
    side: str


def _round_trip() -> shapely.LineString:
    """Return a line of six vertices, 1,500 km across, that ends where it begins."""
    turn = np.radians([200.0, 128.0, 56.0, -16.0, -88.0, 200.0])
    return shapely.LineString(np.column_stack([131 + 8.5 * np.cos(turn), -21 + 6 * np.sin(turn)]))


def _route() -> shapely.LineString:
    """Return the line of a ship's route of 66 vertices, 7,500 km long, that bends at each."""
    along = np.linspace(0.0, 1.0, 66)
    bends = np.random.default_rng(66).normal(0.0, 0.15, (2, 66))
    lon = -87.0 + 87.0 * along**1.3 + bends[0]
    lat = 21.0 + 30.0 * np.sin(0.5 * np.pi * along) + bends[1]
    return shapely.LineString(np.column_stack([lon, lat]))


LINES = {
    "six vertices, one side, 80 km": Line(_round_trip(), 80.0, "left"),
    "66 vertices, one side, 50 miles": Line(_route(), 80.4672, "left"),
    "66 vertices, both sides, 50 miles": Line(_route(), 80.4672, "both"),
}


def outlines(shape: shapely.Geometry) -> list[NDArray[np.float64]]:
    """Return a line as it is, an area as its rings, and a point as a line that has it twice."""
    if shape.geom_type == "Point":
        return [np.repeat(shapely.get_coordinates(shape), 2, axis=0)]
    parts = [shape] if shape.geom_type == "LineString" else shapely.get_rings(shape)
    return [shapely.get_coordinates(part) for part in parts]


def find_error_m(
    shapes: Sequence[Any], km: Sequence[float], zones: Sequence[Any], places: int = PLACES
) -> float:
    """Return the largest error in metres at some vertices and middles of edges of each zone.

    The tests' independent search finds the distances. ``places`` of each zone are measured. A zone
    on one side does not fit: its edge along the line is nearer to the line than the width.
    """
    from support import reference

    rng, worst = np.random.default_rng(1), 0.0
    for shape, width, zone in zip(shapes, km, zones, strict=True):
        rings = [shapely.get_coordinates(r) for r in shapely.get_rings(shapely.get_parts(zone))]
        start = np.concatenate([xy[:-1] for xy in rings])
        end = np.concatenate([xy[1:] for xy in rings])
        for n, edge in enumerate(rng.integers(0, len(start), places)):
            at = start[edge] if n % 2 else (start[edge] + end[edge]) / 2.0
            error = abs(reference.distance_m(outlines(shape), *at) - width * 1e3)
            worst = max(worst, error)
    return worst
