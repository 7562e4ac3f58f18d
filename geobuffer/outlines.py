"""The picture of a distance: polygons whose edges lie that far from some lines, and say how nearly.

A planar buffer only gives the start: it is off by its projection, by its arcs drawn as chords and
by what it simplifies (3 m at 10 km, however fine the arcs). Every vertex is then moved along its
geodesic until it lies at the distance, and edges are cut until they do.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from geobuffer.azimuthal import on_globe, on_plane
from geobuffer.errors import GeometryError
from geobuffer.geodesy import WGS84, Floats, Ints, wrap
from geobuffer.refinement import Draft, refined

if TYPE_CHECKING:
    from shapely.geometry import LineString
    from shapely.geometry.base import BaseGeometry

    from geobuffer.nearest import LineIndex

# Lines are buffered in runs of this length or of the distance, whichever is more, each in an
# azimuthal equidistant plane of its own: off by at most 3 cm where a 10 km zone is widest.
_RUN_M = 25_000.0

# Segments per quarter circle of the start: 3 m short at 10 km, as much as the planar buffer's own
# simplification, so that finer ones would not show it more holes; arcs are cut finer below.
_QUADRANT = 32


def outline(
    index: LineIndex, distance_m: float, *, tolerance_m: float
) -> tuple[Polygon | MultiPolygon, float]:
    """Return all that lies within a distance of the lines, and the error of its edges.

    Parameters
    ----------
    index
        The lines.
    distance_m, tolerance_m
        How far out the edge lies, and how far from there it may stray, in metres.

    Returns
    -------
    tuple
        A polygon in longitude and latitude, cut at the antimeridian (RFC 7946, section 3.1.9), and
        the largest departure from the distance, in metres, found at its vertices and at seven
        points of every edge.

    Raises
    ------
    GeometryError
        The zone would reach a pole or round the globe.

    Examples
    --------
    >>> from geobuffer.nearest import LineIndex
    >>> dot = LineIndex([shapely.LineString([(30, 50), (30, 50.00001)])])
    >>> disc, error = outline(dot, 1000, tolerance_m=0.1)
    >>> disc.geom_type, error <= 0.1
    ('Polygon', True)
    """
    centre = _central_meridian(index, distance_m)
    start = _planar_start(index, distance_m, centre)
    vertices, ring, shells = _rings(start)
    draft = refined(index, vertices, ring, distance_m, tolerance_m)
    shape = _assembled(draft, shells, tolerance_m)
    return cut_at_antimeridian(shape), float(draft.error.max())


def rough_outline(index: LineIndex, distance_m: float, *, chord_m: float) -> Polygon | MultiPolygon:
    """Return the planar buffer that an outline starts from: a picture, with no measured error.

    Its arcs run up to ``chord_m`` short of the distance, its projection adds centimetres, and the
    buffer's own simplification about a thousandth of the distance. It is not cut at the
    antimeridian. Errors as :func:`outline`.

    Examples
    --------
    >>> from geobuffer.nearest import LineIndex
    >>> dot = LineIndex([shapely.LineString([(30, 50), (30, 50.00001)])])
    >>> len(rough_outline(dot, 1000, chord_m=20).exterior.coords) < 40
    True
    """
    quadrant = np.pi / 4.0 / np.arccos(1.0 - min(chord_m / distance_m, 0.1))
    centre = _central_meridian(index, distance_m)
    return _areal(_planar_start(index, distance_m, centre, int(np.ceil(quadrant))))


def _central_meridian(index: LineIndex, distance_m: float) -> float:
    """Return a longitude about which the zone can be drawn unbroken, in whole degrees."""
    lat, lon = index.pieces.lat, np.radians(index.pieces.lon)
    pole_m = (90.0 - np.abs(lat).max()) * 111_000.0
    if pole_m < distance_m * 1.05:
        raise GeometryError(
            f"Invalid distance {distance_m / 1e3:g} km: the zone would reach a pole, "
            f"{pole_m / 1e3:,.0f} km from the border. Must be less."
        )
    centre = float(np.round(np.degrees(np.arctan2(np.sin(lon).mean(), np.cos(lon).mean()))))
    margin = np.degrees(distance_m / (WGS84.b * np.sin(pole_m / WGS84.a)))
    if np.abs(wrap(index.pieces.lon - centre)).max() + margin > 175.0:
        raise GeometryError(
            f"Invalid distance {distance_m / 1e3:g} km: the zone would reach round the globe. "
            "Must be less, or the border shorter."
        )
    return centre


def _planar_start(
    index: LineIndex, distance_m: float, centre: float, quadrant: int = _QUADRANT
) -> BaseGeometry:
    """Buffer the lines run by run, each in its own equidistant plane, and unite the runs."""
    p = index.pieces
    run = np.floor(p.chainage_m / max(_RUN_M, distance_m)).astype(np.int64)
    begins = ~index.continues | (np.diff(run, prepend=-1) != 0)
    bounds = [*np.flatnonzero(begins).tolist(), len(p.lon)]
    parts = [
        _planar_buffer(
            np.append(p.lon[a:b], p.lon[b - 1] + p.dlon[b - 1]),
            np.append(p.lat[a:b], p.lat[b - 1] + p.dlat[b - 1]),
            distance_m,
            centre,
            quadrant,
        )
        for a, b in itertools.pairwise(bounds)
    ]
    return shapely.union_all(parts)


def _planar_buffer(
    lon: Floats, lat: Floats, distance_m: float, centre: float, quadrant: int
) -> BaseGeometry:
    at_lon, at_lat = lon[len(lon) // 2], lat[len(lat) // 2]
    plane = on_plane(at_lon, at_lat, lon, lat).T
    buffer = shapely.buffer(shapely.linestrings(plane), distance_m, quad_segs=quadrant)

    def placed(xy: Floats) -> Floats:
        to_lon, to_lat = on_globe(at_lon, at_lat, xy.T)
        return np.stack([centre + wrap(to_lon - centre), to_lat], axis=1)

    return shapely.transform(buffer, placed)


def _rings(shape: BaseGeometry) -> tuple[tuple[Floats, Floats], Ints, Ints]:
    """Return the (lon, lat) of all rings, open; each vertex's ring; and each ring's polygon.

    The first ring of a polygon is its shell.
    """
    polygons = shapely.get_parts(shape)
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    keep = np.ones(len(coords), dtype=bool)
    keep[np.flatnonzero(np.diff(ring, append=ring[-1] + 1))] = False
    return (coords[keep, 0], coords[keep, 1]), ring[keep].astype(np.int64), polygon


def _assembled(draft: Draft, polygon_of_ring: Ints, tol: float) -> BaseGeometry:
    """Put rings back together as polygons; mend those that cross themselves beside a notch."""
    vertices = np.stack([draft.lon, draft.lat], axis=1)
    rings = shapely.linearrings(vertices, indices=draft.ring)
    shells = np.flatnonzero(np.diff(polygon_of_ring, prepend=-1))
    holes = np.split(rings, shells[1:])
    polygons = [shapely.Polygon(part[0], list(part[1:])) for part in holes]
    mended = shapely.make_valid(polygons, method="structure", keep_collapsed=False)
    return without_slivers(shapely.union_all(mended), tol)


def without_slivers(shape: BaseGeometry, tol: float) -> BaseGeometry:
    """Drop parts and holes thinner than the tolerance, left where an edge crossed itself."""
    degrees = np.degrees(tol / WGS84.a)

    def thick(ring: BaseGeometry) -> bool:
        return bool(Polygon(ring).area > degrees * ring.length / 2.0)

    return MultiPolygon(
        [
            Polygon(part.exterior, [hole for hole in part.interiors if thick(hole)])
            for part in shapely.get_parts(shape)
            if isinstance(part, Polygon) and thick(part.exterior)
        ]
    )


def cut_at_antimeridian(shape: BaseGeometry) -> Polygon | MultiPolygon:
    """Bring longitudes into ±180°, cutting polygons at the antimeridian (RFC 7946, 3.1.9)."""
    west, _, east, _ = shape.bounds
    if west >= -180.0 and east <= 180.0:
        return _areal(shape)
    parts = []
    turns = np.arange(np.floor((west + 180.0) / 360.0), np.ceil((east + 180.0) / 360.0))
    for turn in 360.0 * turns:
        part = shapely.intersection(shape, shapely.box(-180.0 + turn, -90.0, 180.0 + turn, 90.0))
        parts.extend(shapely.get_parts(shapely.transform(part, lambda xy, t=turn: xy - [t, 0.0])))
    return _areal(shapely.multipolygons([p for p in parts if isinstance(p, Polygon)]))


def _areal(shape: BaseGeometry) -> Polygon | MultiPolygon:
    """Keep the polygons of a shape, one of them as a Polygon."""
    parts = [p for p in shapely.get_parts(shape) if isinstance(p, Polygon) and not p.is_empty]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def boundary_of(area: BaseGeometry) -> BaseGeometry:
    """Return an area's boundary without the seams at which it was cut at the antimeridian."""
    boundary, round_ = area.boundary, np.array([360.0, 0.0])
    west, east = (shapely.intersection(boundary, meridian(lon)) for lon in (-180.0, 180.0))
    if west.is_empty or east.is_empty:
        return boundary
    seam = shapely.intersection(shapely.transform(west, lambda xy: xy + round_), east)
    twin = shapely.transform(seam, lambda xy: xy - round_)
    return shapely.difference(boundary, shapely.union(seam, twin))


def meridian(lon: float) -> LineString:
    """Return a meridian from pole to pole."""
    return shapely.LineString([(lon, -90.0), (lon, 90.0)])
