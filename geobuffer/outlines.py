"""The picture of a distance: polygons whose edges lie that far from some lines, and say how nearly.

A planar buffer only gives the start: it is off by its projection, by its arcs drawn as chords and
by what it simplifies (3 m at 10 km, however fine the arcs). Every vertex is then moved along its
geodesic until it lies at the distance, and edges are cut until they do.
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from geobuffer.azimuthal import on_globe, on_plane
from geobuffer.errors import GeometryError
from geobuffer.geodesy import WGS84, Floats, Ints, wrap
from geobuffer.refinement import Draft, refined

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    runs = _runs(index, max(_RUN_M, distance_m))
    start = _united([_grown(run, distance_m, _QUADRANT) for run in runs], centre)
    vertices, ring, shells = _rings(start)
    draft = refined(index, vertices, ring, distance_m, tolerance_m)
    shape = _assembled(draft, shells, tolerance_m)
    return cut_at_antimeridian(shape), float(draft.error.max())


class RoughOutlines:
    """Planar buffers at many distances from lines: pictures, with no measured error.

    Wide ones are drawn about a narrow one, in which the bends of the lines have closed: about
    every bend anew, thirty up to 30 km from the default border take three times as long.

    Parameters
    ----------
    index
        The lines.
    widest_m
        The largest distance that will be asked for, in metres.
    strays_m
        How far the narrow one may stray, half of it by its arcs and half by what it simplifies,
        and how far short of their distance the arcs of each other may run.

    Examples
    --------
    >>> from geobuffer.nearest import LineIndex
    >>> dot = LineIndex([shapely.LineString([(30, 50), (30, 50.00001)])])
    >>> len(RoughOutlines(dot, 1000, strays_m=20).at(1000).exterior.coords) < 40
    True
    """

    def __init__(self, index: LineIndex, widest_m: float, *, strays_m: float) -> None:
        self._index, self._strays_m = index, strays_m
        self._lines = _runs(index, _RUN_M)
        # At a tenth or a thirtieth of it, all takes a twentieth longer.
        self._narrow_m = widest_m / 15.0
        half = strays_m / 2.0
        quadrant = _quadrant(self._narrow_m, half)
        narrow = (_grown(run, self._narrow_m, quadrant) for run in self._lines)
        # A buffer asks at vertices how deep a hollow is, and leaves out shallow ones: along edges
        # as long as simplifying leaves them, it filled bays that were 200 m deep.
        self._narrow = [
            run._replace(
                shape=shapely.segmentize(shapely.simplify(run.shape, half), self._narrow_m / 2.0)
            )
            for run in narrow
        ]

    def at(self, distance_m: float) -> Polygon | MultiPolygon:
        """Return the outline at a distance, not cut at the antimeridian; errors as :func:`outline`.

        Its projection adds centimetres. The buffer leaves out hollows that it takes for shallow: on
        real borders that has added up to 35 m at 60 km.
        """
        centre = _central_meridian(self._index, distance_m)
        runs, rest = self._lines, distance_m
        if distance_m > self._narrow_m:
            runs, rest = self._narrow, distance_m - self._narrow_m
        quadrant = _quadrant(rest, self._strays_m)
        return areal(_united([_grown(run, rest, quadrant) for run in runs], centre))


def _quadrant(distance_m: float, chord_m: float) -> int:
    """Return into how many chords to cut a quarter circle, so that they run so little short."""
    return int(np.ceil(np.pi / 4.0 / np.arccos(1.0 - min(chord_m / distance_m, 0.1))))


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


class _Run(NamedTuple):
    """A stretch of a line, or what is drawn about it, in an equidistant plane about its middle."""

    lon: float
    lat: float
    shape: BaseGeometry


def _runs(index: LineIndex, run_m: float) -> list[_Run]:
    """Cut the lines into runs, each in a plane of its own."""
    p = index.pieces
    run = np.floor(p.chainage_m / run_m).astype(np.int64)
    begins = ~index.continues | (np.diff(run, prepend=-1) != 0)
    bounds = [*np.flatnonzero(begins).tolist(), len(p.lon)]
    runs = []
    for a, b in itertools.pairwise(bounds):
        lon = np.append(p.lon[a:b], p.lon[b - 1] + p.dlon[b - 1])
        lat = np.append(p.lat[a:b], p.lat[b - 1] + p.dlat[b - 1])
        at_lon, at_lat = float(lon[len(lon) // 2]), float(lat[len(lat) // 2])
        plane = on_plane(at_lon, at_lat, lon, lat).T
        runs.append(_Run(at_lon, at_lat, shapely.linestrings(plane)))
    return runs


def _grown(run: _Run, distance_m: float, quadrant: int) -> _Run:
    """Buffer a run in its plane."""
    return run._replace(shape=shapely.buffer(run.shape, distance_m, quad_segs=quadrant))


def _united(runs: Iterable[_Run], centre: float) -> BaseGeometry:
    """Bring runs from their planes to the globe, about a central meridian, and unite them."""

    def placed(xy: Floats, run: _Run) -> Floats:
        lon, lat = on_globe(run.lon, run.lat, xy.T)
        return np.stack([centre + wrap(lon - centre), lat], axis=1)

    return shapely.union_all(
        [shapely.transform(run.shape, functools.partial(placed, run=run)) for run in runs]
    )


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
        return areal(shape)
    parts = []
    turns = np.arange(np.floor((west + 180.0) / 360.0), np.ceil((east + 180.0) / 360.0))
    for turn in 360.0 * turns:
        part = shapely.intersection(shape, shapely.box(-180.0 + turn, -90.0, 180.0 + turn, 90.0))
        parts.extend(shapely.get_parts(shapely.transform(part, lambda xy, t=turn: xy - [t, 0.0])))
    return areal(shapely.multipolygons([p for p in parts if isinstance(p, Polygon)]))


def areal(shape: BaseGeometry) -> Polygon | MultiPolygon:
    """Keep the polygons of an overlay, one as a Polygon: no points or lines where shapes touch."""
    flat = shapely.get_parts(shapely.get_parts(shape))
    parts = [part for part in flat if isinstance(part, Polygon) and not part.is_empty]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def boundary_of(area: BaseGeometry) -> BaseGeometry:
    """Return an area's boundary without the seams at which it was cut at the antimeridian."""
    boundary, round_ = area.boundary, np.array([360.0, 0.0])
    if boundary.is_empty or boundary.bounds[0] > -180.0 or boundary.bounds[2] < 180.0:
        return boundary
    west, east = (shapely.intersection(boundary, meridian(lon)) for lon in (-180.0, 180.0))
    if west.is_empty or east.is_empty:
        return boundary
    seam = shapely.intersection(shapely.transform(west, lambda xy: xy + round_), east)
    twin = shapely.transform(seam, lambda xy: xy - round_)
    return shapely.difference(boundary, shapely.union(seam, twin))


def meridian(lon: float) -> LineString:
    """Return a meridian from pole to pole."""
    return shapely.LineString([(lon, -90.0), (lon, 90.0)])
