"""Draw edges that are geodesics or loxodromes: add vertices until straight pieces follow them.

All other modules read an edge as straight in longitude and latitude (RFC 7946, section 3.1.1). A
treaty line, a flight path or a maritime limit of few vertices may have another meaning: the
shortest way (a geodesic of WGS 84), or a constant bearing (a loxodrome, a straight line on a
nautical chart). The 49th parallel between two vertices and the geodesic between them are up to
96 km apart.

Lengths are in metres, coordinates in degrees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import shapely

from geobuffer.errors import GeometryError
from geobuffer.geodesy.antimeridian import steps_over_antimeridian, wrap_degrees
from geobuffer.geodesy.ellipsoid import WGS84, Floats, direct, inverse

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    # From starts and ends, (n, 2) each, to points (n, 2) at these shares of the edges.
    _Curve = Callable[[Floats, Floats, Floats], Floats]

#: How edges run between two vertices: straight in longitude and latitude, or otherwise.
EdgeKind: TypeAlias = Literal["straight", "geodesic", "loxodrome"]

EDGES = ("straight", "geodesic", "loxodrome")

# How far straight pieces may be from the curve, in metres: a tenth of the smallest default
# tolerance of a zone's edges. At latitude 45, pieces are then some 700 m long.
CURVE_M = 0.01

# We measure a piece at the shares _PROBES. The largest deviation may lie between two of them, so we
# stop only at _MARGIN of the tolerance.
_PROBES = (0.25, 0.5, 0.75)
_MARGIN = 0.8

# Each round halves pieces. A geodesic across half a globe that passes a pole needs 31 rounds.
_ROUNDS = 40

# Between points nearly opposite each other on the globe, geodesics run in all directions.
_LONGEST_M = 19_900_000.0


def draw_edges(shape: Any, kind: EdgeKind) -> Any:
    """Return a line or an area whose edges follow geodesics or loxodromes to a centimetre.

    Parameters
    ----------
    shape
        A line or polygon of any kind, in longitude and latitude; others are returned unchanged.
    kind
        ``"geodesic"`` or ``"loxodrome"``; ``"straight"`` returns the shape unchanged.

    Raises
    ------
    GeometryError
        The ends of a geodesic are nearly opposite each other on the globe; or a loxodrome ends at a
        pole, or may run either way round the globe.

    Examples
    --------
    >>> parallel = shapely.LineString([(-123.3, 49), (-95.15, 49)])
    >>> round(draw_edges(parallel, "geodesic").bounds[3], 2)
    49.87
    >>> draw_edges(parallel, "loxodrome").equals(parallel)
    True
    """
    if kind == "straight" or shapely.get_dimensions(shape) < 1 or shape.is_empty:
        return shape
    if shape.geom_type == "GeometryCollection":
        return shapely.GeometryCollection([draw_edges(part, kind) for part in shape.geoms])
    if kind == "loxodrome":
        steps_over_antimeridian(shape)  # raises an error if an edge may run either way
    curve = _follow_geodesics if kind == "geodesic" else _follow_loxodromes

    def draw_line(line: shapely.Geometry) -> Floats:
        return _draw_vertices(shapely.get_coordinates(line), curve)

    parts = [
        shapely.Polygon(draw_line(part.exterior), [draw_line(hole) for hole in part.interiors])
        if part.geom_type == "Polygon"
        else type(part)(draw_line(part))
        for part in shapely.get_parts(shape)
    ]
    return parts[0] if len(parts) == 1 else type(shape)(parts)


def _draw_vertices(lonlat: Floats, curve: _Curve) -> Floats:
    """Return the vertices of a line and the additional ones that its curves need."""
    points, begin = lonlat, np.arange(len(lonlat) - 1)
    for _ in range(_ROUNDS):
        start, end = _order_ends(points[begin], points[begin + 1])
        length = inverse(*start.T, *end.T)[2]
        off = np.zeros(len(begin))
        for share in _PROBES:
            there = curve(start, end, np.full(len(begin), share))
            step = end - start
            step[:, 0] = wrap_degrees(step[:, 0])
            here = start + share * step
            off = np.maximum(off, inverse(*there.T, *here.T)[2])
        is_cut = (off > _MARGIN * CURVE_M) & (length > CURVE_M)
        cut = begin[is_cut]
        if not len(cut):
            break
        middle = curve(start[is_cut], end[is_cut], np.full(len(cut), 0.5))
        # The line may continue beyond ±180, so we shift the new longitudes by whole turns.
        middle[:, 0] += 360.0 * np.round((points[cut, 0] - middle[:, 0]) / 360.0)
        points = np.insert(points, cut + 1, middle, axis=0)
        first = cut + np.arange(len(cut))
        begin = np.sort(np.concatenate([first, first + 1]))
    return points


def _order_ends(start: Floats, end: Floats) -> tuple[Floats, Floats]:
    """Return the ends of edges, the western one first, or the southern one on a meridian.

    Two neighbours list a common edge in opposite directions. Its vertices must agree to the last
    bit, or the two share no border.
    """
    east, north = (end - start).T
    flip = ((east < 0.0) | ((east == 0.0) & (north < 0.0)))[:, None]
    return np.where(flip, end, start), np.where(flip, start, end)


def _follow_geodesics(start: Floats, end: Floats, share: Floats) -> Floats:
    azimuth, _, length = inverse(*start.T, *end.T)
    if (length > _LONGEST_M).any():
        (lon, lat), (to_lon, to_lat) = (points[length.argmax()] for points in (start, end))
        raise GeometryError(
            f"the geodesic from {lon:g}, {lat:g} to {to_lon:g}, {to_lat:g} (longitude, latitude) "
            "joins points nearly opposite each other on the globe. Must have a vertex between them"
        )
    lon, lat, _ = direct(start[:, 0], start[:, 1], azimuth, share * length)
    return np.stack([start[:, 0] + wrap_degrees(lon - start[:, 0]), lat], axis=1)


def _follow_loxodromes(start: Floats, end: Floats, share: Floats) -> Floats:
    turn = wrap_degrees(end[:, 0] - start[:, 0])
    lat = start[:, 1] + share * (end[:, 1] - start[:, 1])
    if (np.abs([start[:, 1], end[:, 1]]) == 90.0).any():
        raise GeometryError("a loxodrome ends at a pole, which it never reaches")
    begin, at, until = (_isometric_latitude(phi) for phi in (start[:, 1], lat, end[:, 1]))
    along = until - begin
    # Along a parallel, the share of the edge equals the share of its longitudes.
    level = np.abs(along) < 1e-12
    ratio = np.where(level, share, (at - begin) / np.where(level, 1.0, along))
    return np.stack([start[:, 0] + turn * ratio, lat], axis=1)


def _isometric_latitude(lat: Floats) -> Floats:
    """Return the latitude at which loxodromes are straight (Snyder 1987, eq. 7-7)."""
    sine, eccentricity = np.sin(np.radians(lat)), np.sqrt(WGS84.es)
    return np.asarray(np.arctanh(sine) - eccentricity * np.arctanh(eccentricity * sine))
