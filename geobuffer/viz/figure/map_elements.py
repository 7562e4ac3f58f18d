"""Compute the elements of a printed map: scale bar, north arrow, meridians and parallels.

We measure each element on the ellipsoid, and return it in the plane of the map.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import shapely

from geobuffer.geodesy.ellipsoid import Floats, inverse
from geobuffer.viz.figure.projection import Projection, Window, project_points, unproject_points

# Steps between meridians or parallels, in degrees: round numbers of degrees, minutes or seconds.
_STEPS = tuple(
    part / unit
    for unit, parts in ((1.0, (30, 20, 10, 5, 2, 1)), (60.0, (30, 20, 10, 5, 2, 1)),
                        (3600.0, (30, 20, 10, 5, 2, 1)))
    for part in parts
)  # fmt: skip

# The smallest number of meridians and of parallels on a map: two show a direction, and three show
# whether it bends.
_LEAST_LINES = 3

# The number of points in the line of a meridian or a parallel. Across 60°, the true line deviates
# by less than a pixel between two of them.
_POINTS = 200

# The largest length of a scale bar, as a fraction of the map's width.
_BAR_SHARE = 0.3


class ScaleBar(NamedTuple):
    """A length in km, and its two ends in the plane, around the centre of the map."""

    km: float
    west: float
    east: float


class Graticule(NamedTuple):
    """Meridians and parallels in the plane, and where they cross the frame.

    ``meridians`` holds the x at which each crosses the lower edge, with its longitude;
    ``parallels`` the y at which each crosses the left edge, with its latitude. ``step`` is the
    distance between two parallels in degrees.
    """

    lines: list[Floats]
    meridians: list[tuple[float, float]]
    parallels: list[tuple[float, float]]
    step: float


def fit_scale_bar(projection: Projection, frame: tuple[float, float, float, float]) -> ScaleBar:
    """Return a scale bar of a round length that is true at the centre of a frame.

    Its ends are equally far from the centre, and the geodesic between them has its length.

    Examples
    --------
    >>> from geobuffer.viz.figure.projection import fit_projection
    >>> plane = fit_projection(shapely.box(30, 50, 31, 51))
    >>> bar = fit_scale_bar(plane, (-50_000, -50_000, 50_000, 50_000))
    >>> bar.km, round(bar.east - bar.west)
    (20, 20000)
    """
    west, south, east, north = frame
    x, y = (west + east) / 2.0, (south + north) / 2.0
    half = _BAR_SHARE * (east - west) / 2.0
    round_ = _round_down(_measure_bar(projection, x, y, half) / 1e3)
    # The second round leaves an error below a micrometre.
    for _ in range(2):
        half *= round_ * 1e3 / _measure_bar(projection, x, y, half)
    return ScaleBar(round_, x - half, x + half)


def _measure_bar(projection: Projection, x: float, y: float, half: float) -> float:
    lon, lat = unproject_points(projection, np.array([x - half, x + half]), np.array([y, y]))
    _, _, length = inverse(lon[0], lat[0], lon[1], lat[1])
    return float(length[0])


def _round_down(value: float) -> float:
    """Return the next smaller of 1, 2 and 5 times a power of ten.

    >>> [_round_down(value) for value in (0.3, 7, 10, 24)]
    [0.2, 5, 10, 20]
    """
    power = 10.0 ** math.floor(math.log10(value) + 1e-9)
    best = max(m for m in (1, 2, 5) if m * power <= value * (1 + 1e-9)) * power
    return int(best) if best >= 1 else best


def find_north(projection: Projection, x: float, y: float) -> float:
    """Return the direction of true north at a point of the plane, in degrees clockwise from up.

    Examples
    --------
    >>> from geobuffer.viz.figure.projection import fit_projection
    >>> plane = fit_projection(shapely.box(30, 50, 31, 51))
    >>> abs(find_north(plane, 0.0, 0.0)) < 0.01, find_north(plane, 50_000.0, 0.0) < -0.5
    (True, True)
    """
    lon, lat = unproject_points(projection, np.array([x]), np.array([y]))
    # One second of arc in either direction, some 31 m: a meridian is straight over that length.
    step = np.array([-1.0, 1.0]) / 3600.0
    at_x, at_y = project_points(projection, np.repeat(lon, 2), np.clip(lat + step, -90.0, 90.0))
    return math.degrees(math.atan2(at_x[1] - at_x[0], at_y[1] - at_y[0]))


def make_graticule(
    projection: Projection, frame: tuple[float, float, float, float], window: Window
) -> Graticule:
    """Return meridians and parallels across a frame, at a round step."""
    step = _choose_step(frame, window, projection)
    lon_step = _choose_lon_step(step, (window.south + window.north) / 2.0)
    lats, lons = _list_multiples(window.south, window.north, step), _list_multiples(
        window.west, window.east, lon_step)  # fmt: skip
    # At a pole all meridians meet.
    lats = lats[np.abs(lats) < 90.0]
    along_lat = np.linspace(window.south, window.north, _POINTS)
    along_lon = np.linspace(window.west, window.east, _POINTS)
    meridians = [_project_line(projection, np.full(_POINTS, lon), along_lat) for lon in lons]
    parallels = [_project_line(projection, along_lon, np.full(_POINTS, lat)) for lat in lats]
    west, south, east, north_ = frame
    lower = shapely.LineString([(west, south), (east, south)])
    left = shapely.LineString([(west, south), (west, north_)])
    return Graticule(
        [*meridians, *parallels],
        _find_crossings(meridians, lons, lower, axis=0),
        _find_crossings(parallels, lats, left, axis=1),
        step,
    )


def _choose_step(
    frame: tuple[float, float, float, float], window: Window, projection: Projection
) -> float:  # fmt: skip
    """Return the widest step of latitude that gives enough lines across the shorter side."""
    west, south, east, north_ = frame
    x, y = (west + east) / 2.0, (south + north_) / 2.0
    side = min(east - west, north_ - south) / 2.0
    lat = unproject_points(projection, np.array([x, x]), np.array([y - side, y + side]))[1]
    span = min(abs(lat[1] - lat[0]), window.north - window.south) or window.north - window.south
    return next((step for step in _STEPS if span / step >= _LEAST_LINES), _STEPS[-1])


def _choose_lon_step(step: float, lat: float) -> float:
    """Return the step of longitude whose length on the ground is closest to a step of latitude."""
    wanted = step / max(math.cos(math.radians(lat)), 0.05)
    return min(_STEPS, key=lambda known: abs(math.log(known / wanted)))


def _list_multiples(low: float, high: float, step: float) -> Floats:
    return np.asarray(np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step)


def _project_line(projection: Projection, lon: Floats, lat: Floats) -> Floats:
    return np.stack(project_points(projection, lon, lat), axis=1)


def _find_crossings(
    lines: list[Floats], values: Floats, edge: shapely.LineString, *, axis: int
) -> list[tuple[float, float]]:
    """Return the positions at which lines cross an edge of the frame, each with its value."""
    found = []
    for line, value in zip(lines, values.tolist(), strict=True):
        met = shapely.intersection(shapely.LineString(line), edge)
        points = [part for part in shapely.get_parts(met) if part.geom_type == "Point"]
        found += [(float(shapely.get_coordinates(point)[0, axis]), value) for point in points]
    return sorted(found)
