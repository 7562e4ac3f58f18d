"""The points that all peers get, and the truth about them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    import geobuffer as gb

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

WIDTH_M = 10_000.0
RING_M = 50.0
EDGE_STEP = 2e-4  # degrees: 15 to 20 m


def distance_m(border: gb.Border, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return distances by geobuffer without numba, of which ``certify`` checks some."""
    return border.index.nearest(*points).distance_m


def scattered(border: gb.Border, count: int) -> NDArray[np.float64]:
    """Return points uniform in longitude and latitude over the border's bounds."""
    west, south, east, north = border.line.bounds
    rng = np.random.default_rng(20261123)
    return np.stack([rng.uniform(west, east, count), rng.uniform(south, north, count)])


def ring(border: gb.Border, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points within 50 m of the zone's edge, uniform there, and their distances."""
    rng = np.random.default_rng(9950)
    corners, size = _cells(border)
    points, found = np.empty((2, 0)), np.empty(0)
    while len(found) < count:
        drawn = corners[:, rng.integers(corners.shape[1], size=count)]
        drawn = drawn + rng.uniform(size=drawn.shape) * size[:, None]
        # Cells narrow towards the pole: thin them out to the same density.
        keep = rng.uniform(size=count) < np.cos(np.radians(drawn[1])) / np.cos(np.radians(48.0))
        drawn = drawn[:, keep]
        away = distance_m(border, drawn)
        near = np.abs(away - WIDTH_M) <= RING_M
        points, found = np.hstack([points, drawn[:, near]]), np.append(found, away[near])
    return points[:, :count], found[:count]


def _cells(border: gb.Border) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return south-western corners of cells of some 150 m that hold the ring, and their size."""
    west, south, east, north = border.line.bounds
    pad = np.array([0.25, 0.15])
    size = (np.array([east, north]) - [west, south] + 2 * pad) / 32
    steps = np.arange(32)
    corners = np.stack(np.meshgrid(steps, steps)).reshape(2, -1) * size[:, None]
    corners += (np.array([west, south]) - pad)[:, None]
    for _ in range(6):
        size = size / 2
        shifts = np.array([[0, 1, 0, 1], [0, 0, 1, 1]]) * size[:, None]
        corners = (corners[:, :, None] + shifts[:, None, :]).reshape(2, -1)
        reach = RING_M + 111_700.0 * np.hypot(size[0] * 0.66, size[1]) / 2
        away = distance_m(border, corners + size[:, None] / 2)
        corners = corners[:, np.abs(away - WIDTH_M) <= reach]
    return corners, size


def certify(
    border: gb.Border, points: NDArray[np.float64], away: NDArray[np.float64], count: int
) -> float:
    """Return the largest difference from an independent solution, over some of the points."""
    from support import reference

    lines = [shapely.get_coordinates(part) for part in shapely.get_parts(border.line)]
    some = np.linspace(0, len(away) - 1, count).astype(int)
    exact = [reference.distance_m(lines, *points[:, i]) for i in some]
    return float(np.abs(away[some] - exact).max())


def edge_error_m(border: gb.Border, polygon: shapely.Geometry) -> tuple[float, float]:
    """Return the largest and the root mean square error of an edge in metres, from 10 km."""
    fine = shapely.segmentize(polygon, EDGE_STEP)
    coords = shapely.get_coordinates(fine)
    error = distance_m(border, coords.T) - WIDTH_M
    _, weight = _weights(fine)
    return float(np.abs(error).max()), float(np.sqrt(np.average(error**2, weights=weight)))


def _weights(fine: shapely.Geometry) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coordinates, and how much of the edge each stands for."""
    coords, ring_of = shapely.get_coordinates(
        shapely.get_rings(shapely.get_parts(fine)), return_index=True
    )
    step = np.hypot(*np.diff(coords, axis=0).T * [[0.63], [1.0]])
    step[np.diff(ring_of) != 0] = 0.0
    return coords, np.append(step, 0.0) + np.insert(step, 0, 0.0)
