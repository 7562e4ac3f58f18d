"""Buffer lines by a distance on the ellipsoid: polygons that state the error of their edges.

:func:`buffer_lines` starts from a planar buffer. That buffer alone is wrong by 3 m at 10 km: its
projection distorts, its arcs are drawn as chords, and GEOS simplifies it, however fine the arcs.
So we then move every vertex along its geodesic until it lies at the distance, and cut every edge
until it keeps to the distance within a tolerance.

:class:`PlanarBuffers` stops at the planar buffer, for pictures at many widths.

A *foot* is the point of the lines that is nearest to a point. A *notch* is a concave corner of the
outline: there the arcs about two feet meet, one on either bank. Geometry is in longitude and
latitude, degrees on WGS 84; distances are in metres.
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from geobuffer.errors import GeometryError
from geobuffer.geodesy.antimeridian import (
    cut_at_antimeridian,
    keep_polygons,
    unwrap_near,
    wrap_degrees,
)
from geobuffer.geodesy.ellipsoid import (
    WGS84,
    Floats,
    Ints,
    direct,
    find_group_starts,
    find_successors,
    inverse,
    number_within_groups,
    project_to_globe,
    project_to_plane,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy.nearest import LineIndex


# We buffer lines in runs of this length or of the distance, whichever is more. Each run has its
# own azimuthal equidistant plane, which is off by at most 3 cm where a 10 km zone is widest.
_RUN_M = 25_000.0

# The planar buffer starts from lines that are simplified by this share of the tolerance. A long
# segment has a piece every 100 m; to measure an edge for each took a minute where a second will do.
_START_SHARE = 0.25

# Segments per quarter circle of the planar buffer: 3 m short at 10 km. GEOS simplifies by as much
# itself, so finer arcs would not show it more holes. We cut the arcs finer afterwards.
_QUADRANT = 32

# Shares of an edge at which we measure its error: an arc is off most at its middle, a notch may
# sit anywhere. Between two feet the error along an edge is convex, and it is zero at both ends.
# So the largest error, wherever it lies, is at most the largest of these eighths over 0.77; with a
# notch where both banks rise as straight lines, over 0.875. A notch next to an end, of an edge
# that is off to the other side before, showed half of its error at the eighths: hence one more
# probe near either end. We cut an edge whose measured error is above this share of the tolerance,
# and report the measured error over this share: a bound.
_PROBES = np.array([0, 1, 3, 6, 9, 12, 15, 18, 21, 23]) / 24.0
_MARGIN = 0.75

# Edges that more cuts do not improve are few. We measure those once more, at sixty-fourths; by the
# same reasoning the largest of these is at least this share of the largest error.
_DENSE_PROBES = np.arange(64) / 64.0
_DENSE_MARGIN = 0.97

# We drop vertices that lie nearer than this share of the tolerance to an edge without them.
# Vertices stand off by a twentieth themselves, and edges that are off by three quarters are cut.
_NEEDLESS_SHARE = 0.4

# The edge of a zone has a vertex at every degree at least. The short way to the next vertex is then
# the right one, and between two of the places at which we measure nothing bends much.
_LONGEST_DEGREES = 1.0

# Arcs take two or three rounds of cuts; a notch between many feet takes one round for each.
_ROUNDS = 20


def buffer_lines(
    index: LineIndex, distance_m: float, *, tolerance_m: float
) -> tuple[Polygon | MultiPolygon, float]:
    """Return all that lies within a distance of the lines, and the error of its edges.

    Parameters
    ----------
    index
        The lines.
    distance_m
        How far out the edge lies, in metres.
    tolerance_m
        How far the edge may be from there, in metres.

    Returns
    -------
    tuple
        A polygon in longitude and latitude, cut at the antimeridian (RFC 7946, section 3.1.9), and
        a bound of how far its edges depart from the distance, in metres.

    Raises
    ------
    GeometryError
        The zone would reach both poles, or its edge passes a pole too closely.

    Notes
    -----
    A zone over a pole, or round the globe, is drawn as a strip from −180° to 180° that closes along
    the pole.

    Examples
    --------
    >>> from geobuffer.geodesy.nearest import LineIndex
    >>> dot = LineIndex([shapely.LineString([(30, 50), (30, 50.00001)])])
    >>> disc, error = buffer_lines(dot, 1000, tolerance_m=0.1)
    >>> disc.geom_type, error <= 0.1
    ('Polygon', True)
    >>> cap, _ = buffer_lines(LineIndex([shapely.Point(30, 85)]), 600_000, tolerance_m=10.0)
    >>> cap.bounds[0], cap.bounds[2:]
    (-180.0, (180.0, 90.0))
    """
    if _find_meridian_problem(index, distance_m):
        return trace_about_pole(index, distance_m, tolerance_m)
    outline = trace_outline(index, distance_m, tolerance_m=tolerance_m)
    return cut_at_antimeridian(outline.shape), outline.error_m


class Outline(NamedTuple):
    """All that lies within a distance of lines, not yet cut at the antimeridian."""

    shape: MultiPolygon
    """In degrees; longitudes are unwrapped about ``meridian``."""
    meridian: float
    """A longitude in whole degrees, near the middle of the lines."""
    error_m: float
    """A bound of how far the edges depart from the distance, in metres.

    It is measured at the vertices and at seven points of every edge, and raised by what may lie
    between those.
    """


def trace_outline(index: LineIndex, distance_m: float, *, tolerance_m: float) -> Outline:
    """Return what :func:`buffer_lines` returns, before it is cut at the antimeridian.

    Arguments are those of :func:`buffer_lines`.

    Raises
    ------
    GeometryError
        The zone would reach a pole or round the globe, so that no meridian is free of it.
    """
    meridian = _find_central_meridian(index, distance_m)
    runs = _buffer_simplified_runs(index, distance_m, tolerance_m)
    start = _unite_runs(runs, meridian)
    edges, polygon_of_ring = _list_edges(start)
    edges = _refine_edges(index, edges, distance_m, tolerance_m)
    shape = _assemble_polygons(edges, polygon_of_ring, tolerance_m)
    return Outline(shape, meridian, _bound_error(index, edges, distance_m, tolerance_m))


class PlanarBuffers:
    """Planar buffers at many distances from lines: pictures, without a measured error.

    This second way to buffer serves the width slider of the map. For the 30 widths of the default
    border, :func:`buffer_lines` with a tolerance of 30 m took 23.7 s and gave 141,788 vertices;
    this class took 3.6 s and gave 38,885.

    We buffer once by a narrow distance, which closes the bends of the lines, and draw the wide
    buffers about that. If each wide buffer started from the lines, thirty of them up to 30 km from
    the default border would take three times as long.

    Parameters
    ----------
    index
        The lines.
    widest_m
        The largest distance that will be asked for, in metres.
    error_m
        How far the narrow buffer may be off, in metres: one half by its arcs, the other half by
        what we simplify. The arcs of every other buffer may fall short by the same distance.

    Examples
    --------
    >>> from geobuffer.geodesy.nearest import LineIndex
    >>> dot = LineIndex([shapely.LineString([(30, 50), (30, 50.00001)])])
    >>> len(PlanarBuffers(dot, 1000, error_m=20).at(1000).exterior.coords) < 40
    True
    """

    def __init__(self, index: LineIndex, widest_m: float, *, error_m: float) -> None:
        self._index, self._error_m = index, error_m
        self._lines = _cut_into_runs(index, _RUN_M)
        # At a tenth or a thirtieth of the widest, all buffers take a twentieth longer.
        self._narrow_m = widest_m / 15.0
        half = error_m / 2.0
        quadrant = _count_quadrant_segments(self._narrow_m, half)
        narrow = (_buffer_run(run, self._narrow_m, quadrant) for run in self._lines)
        # GEOS looks at vertices for how deep a hollow is, and leaves out shallow ones. Along the
        # long edges that simplifying leaves, it filled bays 200 m deep; so we add vertices.
        self._narrow = [
            run._replace(
                shape=shapely.segmentize(shapely.simplify(run.shape, half), self._narrow_m / 2.0)
            )
            for run in narrow
        ]

    def at(self, distance_m: float) -> Polygon | MultiPolygon:
        """Return the buffer at a distance, with unwrapped longitudes.

        The projections add errors of centimetres. GEOS leaves out hollows that it takes for
        shallow: on real borders that has added up to 35 m at 60 km.

        Raises
        ------
        GeometryError
            The zone would reach a pole or round the globe.
        """
        centre = _find_central_meridian(self._index, distance_m)
        runs, rest = self._lines, distance_m
        if distance_m > self._narrow_m:
            runs, rest = self._narrow, distance_m - self._narrow_m
        quadrant = _count_quadrant_segments(rest, self._error_m)
        return keep_polygons(
            _unite_runs([_buffer_run(run, rest, quadrant) for run in runs], centre)
        )


def drop_slivers(shape: BaseGeometry, width_m: float) -> MultiPolygon:
    """Return a shape without parts and holes thinner than a width, as crossing edges leave them."""
    degrees = np.degrees(width_m / WGS84.a)

    def is_thick(ring: BaseGeometry) -> bool:
        return bool(Polygon(ring).area > degrees * ring.length / 2.0)

    return MultiPolygon(
        [
            Polygon(part.exterior, [hole for hole in part.interiors if is_thick(hole)])
            for part in shapely.get_parts(shape)
            if isinstance(part, Polygon) and is_thick(part.exterior)
        ]
    )


# --- the planar buffer ---


class _Run(NamedTuple):
    """A stretch of a line, or what is drawn about it, in an equidistant plane about its middle."""

    lon: float
    lat: float
    shape: BaseGeometry
    """In metres east and north of ``lon`` and ``lat``."""


def _find_central_meridian(index: LineIndex, distance_m: float) -> float:
    """Return a longitude about which the zone can be drawn unbroken, in whole degrees."""
    if problem := _find_meridian_problem(index, distance_m):
        raise GeometryError(f"Invalid distance {distance_m / 1e3:g} km: {problem}")
    return _mean_meridian(index)


def _mean_meridian(index: LineIndex) -> float:
    lon = np.radians(index.pieces.lon)
    return float(np.round(np.degrees(np.arctan2(np.sin(lon).mean(), np.cos(lon).mean()))))


def _find_meridian_problem(index: LineIndex, distance_m: float) -> str:
    """Return why the zone cannot be drawn unbroken about a meridian; an empty text if it can."""
    pole_m = (90.0 - np.abs(index.pieces.lat).max()) * 111_000.0
    if pole_m < distance_m * 1.05:
        return (
            f"the zone would reach a pole, {pole_m / 1e3:,.0f} km from the border. Must be less, "
            "or on both sides of the border."
        )
    margin = np.degrees(distance_m / (WGS84.b * np.sin(pole_m / WGS84.a)))
    away = wrap_degrees(index.pieces.lon - _mean_meridian(index))
    if np.abs(away).max() + margin > 175.0:
        return (
            "the zone would reach round the globe. Must be less, or the border shorter, or on both "
            "sides of the border."
        )
    return ""


def _cut_into_runs(index: LineIndex, run_m: float) -> list[_Run]:
    """Cut the lines into runs of at most some metres, each in its own plane."""
    p = index.pieces
    run = np.floor(p.chainage_m / run_m).astype(np.int64)
    begins = ~index.continues | (np.diff(run, prepend=-1) != 0)
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(p.lon)) - 1
    # GEOS takes a closed line for a ring. Of one that crosses itself it loses what lies between the
    # loops, or all. So we break such a line in its middle.
    begins[((first + last + 1) // 2)[_find_closed(index, first, last)]] = True
    bounds = [*np.flatnonzero(begins).tolist(), len(p.lon)]
    runs = []
    for a, b in itertools.pairwise(bounds):
        lon = np.append(p.lon[a:b], p.lon[b - 1] + p.dlon[b - 1])
        lat = np.append(p.lat[a:b], p.lat[b - 1] + p.dlat[b - 1])
        at_lon, at_lat = float(lon[len(lon) // 2]), float(lat[len(lat) // 2])
        plane = project_to_plane(at_lon, at_lat, lon, lat).T
        runs.append(_Run(at_lon, at_lat, shapely.linestrings(plane)))
    return runs


def _find_closed(index: LineIndex, first: Ints, last: Ints) -> NDArray[np.bool_]:
    """Return which runs of pieces, from ``first`` to ``last``, end where they begin."""
    p = index.pieces
    end_lon, end_lat = p.at(last, np.ones(len(last)))
    _, _, apart = inverse(p.lon[first], p.lat[first], end_lon, end_lat)
    # To 0.01 mm, as the ends of lines that meet; a point is a piece of no length, not a loop.
    return np.asarray((apart < 1e-5) & (last > first))


def _count_quadrant_segments(distance_m: float, chord_m: float) -> int:
    """Return into how many chords to cut a quarter circle, so that they fall short by so little."""
    return int(np.ceil(np.pi / 4.0 / np.arccos(1.0 - min(chord_m / distance_m, 0.1))))


def _buffer_run(run: _Run, distance_m: float, quadrant: int) -> _Run:
    """Buffer a run in its plane."""
    return run._replace(shape=shapely.buffer(run.shape, distance_m, quad_segs=quadrant))


def _buffer_simplified_runs(index: LineIndex, distance_m: float, tolerance_m: float) -> list[_Run]:
    """Cut the lines into runs, simplify these, and buffer each in its plane."""
    simplify_m = _START_SHARE * tolerance_m
    return [
        _buffer_run(
            run._replace(shape=shapely.simplify(run.shape, simplify_m)), distance_m, _QUADRANT
        )
        for run in _cut_into_runs(index, max(_RUN_M, distance_m))
    ]


def _unite_runs(runs: Iterable[_Run], centre: float) -> BaseGeometry:
    """Bring runs from their planes to the globe, about a central meridian, and unite them."""

    def to_globe(xy: Floats, run: _Run) -> Floats:
        lon, lat = project_to_globe(run.lon, run.lat, xy.T)
        return np.stack([unwrap_near(lon, centre), lat], axis=1)

    return shapely.union_all(
        [shapely.transform(run.shape, functools.partial(to_globe, run=run)) for run in runs]
    )


# --- over a pole, or round the globe ---

# How far the edge of a zone must pass a pole, in metres: more than the planar buffer is off.
_BESIDE_POLE_M = 50.0


def trace_about_pole(
    index: LineIndex, distance_m: float, tolerance_m: float
) -> tuple[Polygon | MultiPolygon, float]:
    """Return what :func:`buffer_lines` returns, for a zone that no meridian is free of.

    We unite the runs in a plane about a pole, in which such a zone is one piece. Each ring of the
    outline then gets its area in longitude and latitude: a ring that winds about the pole gets the
    area up to the pole, any other ring the area within it.
    """
    pole, holds_pole = _choose_pole(index, distance_m)
    start = _unite_about_pole(_buffer_simplified_runs(index, distance_m, tolerance_m), pole)
    edges, polygon_of_ring = _list_edges(start)
    edges = _refine_edges(index, edges, distance_m, tolerance_m)
    lonlat = np.stack([edges.lon, edges.lat], axis=1)
    bounds = np.flatnonzero(np.diff(edges.ring, prepend=-1))
    areas = [_enclose_ring(ring, pole) for ring in np.split(lonlat, bounds[1:])]
    shells = np.flatnonzero(np.diff(polygon_of_ring, prepend=-1))
    polygons = [
        shapely.difference(areas[group[0]], shapely.union_all([areas[n] for n in group[1:]]))
        for group in np.split(np.arange(len(areas)), shells[1:])
    ]
    whole = keep_polygons(drop_slivers(shapely.union_all(polygons), tolerance_m))
    if bool(shapely.intersects_xy(whole, 0.0, pole)) != holds_pole:
        raise _beside_pole_error(distance_m)
    return whole, _bound_error(index, edges, distance_m, tolerance_m)


def _choose_pole(index: LineIndex, distance_m: float) -> tuple[float, bool]:
    """Return the latitude of the pole about which to draw, and whether the zone holds it.

    The other pole must not be near the zone, as the plane ends there.
    """
    poles = np.array([90.0, -90.0])
    away = index.nearest(np.zeros(2), poles).distance_m
    if (away < distance_m * 1.05).all():
        raise GeometryError(
            f"Invalid distance {distance_m / 1e3:g} km: the zone would reach both poles, "
            f"{away[0] / 1e3:,.0f} and {away[1] / 1e3:,.0f} km from the border. Must be less, or "
            "two zones, one for each half of the border."
        )
    if (np.abs(away - distance_m) < _BESIDE_POLE_M).any():
        raise _beside_pole_error(distance_m)
    near = int(away.argmin())
    return float(poles[near]), bool(away[near] < distance_m)


def _beside_pole_error(distance_m: float) -> GeometryError:
    return GeometryError(
        f"Invalid distance {distance_m / 1e3:g} km: the edge of the zone would pass within metres "
        "of a pole. Must be a little more or less."
    )


def _unite_about_pole(runs: Iterable[_Run], pole: float) -> BaseGeometry:
    """Bring runs to a plane about a pole, unite them, and return the whole in degrees.

    Edges of the result run the short way round.
    """

    def to_polar(xy: Floats, run: _Run) -> Floats:
        lon, lat = project_to_globe(run.lon, run.lat, xy.T)
        turn, away = np.radians(lon), np.abs(pole - lat)
        return np.stack([away * np.cos(turn), away * np.sin(turn)], axis=1)

    def to_degrees(xy: Floats) -> Floats:
        lon = np.degrees(np.arctan2(xy[:, 1], xy[:, 0]))
        return np.stack([lon, pole - np.sign(pole) * np.hypot(*xy.T)], axis=1)

    united = shapely.union_all(
        [shapely.transform(run.shape, functools.partial(to_polar, run=run)) for run in runs]
    )
    return shapely.transform(united, to_degrees)


def _enclose_ring(lonlat: Floats, pole: float) -> BaseGeometry:
    """Return the area within an open ring, cut at ±180°: up to the pole if the ring winds about it.

    Edges of the ring run the short way round.
    """
    step = wrap_degrees(np.diff(lonlat[:, 0], append=lonlat[:1, 0]))
    turns = round(step.sum() / 360.0)
    lon = lonlat[0, 0] + np.append(0.0, np.cumsum(step))
    ring = np.column_stack([lon, np.append(lonlat[:, 1], lonlat[0, 1])])
    if turns:
        ring = _close_over_pole(ring, pole)
    valid = shapely.make_valid(shapely.Polygon(ring), method="structure", keep_collapsed=False)
    if valid.is_empty:  # a hole of no width
        return valid
    return shapely.union_all([cut_at_antimeridian(valid)])


def _close_over_pole(ring: Floats, pole: float) -> Floats:
    """Return a ring that winds once about a pole, begun at the antimeridian, closed at the pole."""
    lon, lat = ring.T
    seam = np.floor((lon + 180.0) / 360.0)
    before = int(np.flatnonzero(np.diff(seam))[0])
    at = 360.0 * max(seam[before], seam[before + 1]) - 180.0
    share = (at - lon[before]) / (lon[before + 1] - lon[before])
    crossing = lat[before] + share * (lat[before + 1] - lat[before])
    turn = lon[-1] - lon[0]
    onward = np.column_stack([lon[before + 1 :], lat[before + 1 :]])
    again = np.column_stack([lon[1 : before + 1] + turn, lat[1 : before + 1]])
    first = -180.0 * np.sign(turn)
    middle = np.vstack([onward, again]) + np.array([first - at, 0.0])
    end = [(-first, crossing), (-first, pole), (first, pole)]
    return np.vstack([[(first, crossing)], middle, end])


# --- from the planar buffer to the distance ---


class _Edges(NamedTuple):
    """All rings of an outline: their vertices, one ring after another, each ring open.

    The edge of a vertex leads to the next vertex of its ring.
    """

    lon: Floats
    lat: Floats
    ring: Ints
    error: Floats
    """The largest departure of the edge from the distance, in metres; infinite if not measured."""


def _list_edges(shape: BaseGeometry) -> tuple[_Edges, Ints]:
    """Return the edges of all rings, not measured, and the number of each ring's polygon.

    The first ring of a polygon is its shell.
    """
    rings, polygon_of_ring = shapely.get_rings(shapely.get_parts(shape), return_index=True)
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    keep = np.ones(len(coords), dtype=bool)
    keep[np.flatnonzero(np.diff(ring, append=ring[-1] + 1))] = False
    lon, lat = coords[keep, 0], coords[keep, 1]
    edges = _Edges(lon, lat, ring[keep].astype(np.int64), np.full(len(lon), np.inf))
    return edges, polygon_of_ring


def _refine_edges(index: LineIndex, edges: _Edges, distance_m: float, tolerance_m: float) -> _Edges:
    """Move vertices to the distance and cut edges until they keep to it."""
    lon, lat, _ = _snap_to_distance(index, edges.lon, edges.lat, distance_m, tolerance_m)
    edges = edges._replace(lon=lon, lat=lat)
    edges = _drop_needless_vertices(index, edges, distance_m, tolerance_m)
    edges = _cut_to_tolerance(index, edges, distance_m, tolerance_m)
    # A vertex in the tip of a notch may not settle. It marked the notch until we found the corner.
    off = np.abs(index.nearest(edges.lon, edges.lat).distance_m - distance_m)
    # A ring keeps at least a triangle.
    settled = (off <= tolerance_m) | (
        np.bincount(edges.ring, weights=off <= tolerance_m)[edges.ring] < 3
    )
    loses_end = ~settled[find_successors(edges.ring)]
    error = np.where(loses_end, np.inf, edges.error)
    edges = _Edges(edges.lon[settled], edges.lat[settled], edges.ring[settled], error[settled])
    return _cut_to_tolerance(index, edges, distance_m, tolerance_m)


def _drop_needless_vertices(
    index: LineIndex, edges: _Edges, distance_m: float, tolerance_m: float
) -> _Edges:
    """Return edges, not measured, without vertices that an edge between others hardly misses.

    A curve of the plane may be straight in longitude and latitude: the zone about a parallel had
    fifty times the vertices that it needs. A degree of longitude counts as long as one of latitude,
    so away from the equator we keep more vertices than we need.
    """
    needless_m = _NEEDLESS_SHARE * tolerance_m
    after = find_successors(edges.ring)
    step = wrap_degrees(edges.lon[after] - edges.lon)
    middle = edges.lon + step / 2.0, (edges.lat + edges.lat[after]) / 2.0
    # A stretch that bulges between its ends keeps both: in a longer edge, probes could miss it.
    bulges = np.abs(index.nearest(*middle).distance_m - distance_m) > needless_m
    lon = np.cumsum(np.append(0.0, step[:-1]))
    lines = shapely.linestrings(
        np.column_stack([lon, edges.lat, np.arange(len(lon))]), indices=edges.ring
    )
    lines = shapely.simplify(lines, float(np.degrees(needless_m / WGS84.a)))
    kept = shapely.get_coordinates(lines, include_z=True)[:, 2].astype(np.int64)
    needed = bulges.copy()
    needed[after[bulges]] = True
    needed[kept] = True
    for degrees in (lon, edges.lat):
        needed |= np.diff(np.floor(degrees / _LONGEST_DEGREES), prepend=np.nan) != 0.0
    # A ring keeps at least a triangle.
    needed |= np.bincount(edges.ring, weights=needed)[edges.ring] < 3
    return _Edges(edges.lon[needed], edges.lat[needed], edges.ring[needed], edges.error[needed])


def _cut_to_tolerance(
    index: LineIndex, edges: _Edges, distance_m: float, tolerance_m: float
) -> _Edges:
    """Cut edges until they keep to the distance, or until more rounds would not help."""
    for _ in range(_ROUNDS):
        edges, after, length = _measure_edges(index, edges, distance_m)
        # An edge no longer than the tolerance cannot be improved.
        over = np.flatnonzero((edges.error > _MARGIN * tolerance_m) & (length > tolerance_m))
        if not len(over):
            return edges
        edges = _cut_edges(index, edges, after, over, distance_m, tolerance_m)
        if not np.isinf(edges.error).any():
            return edges
    return _measure_edges(index, edges, distance_m)[0]


def _measure_edges(
    index: LineIndex, edges: _Edges, distance_m: float
) -> tuple[_Edges, Ints, Floats]:
    """Measure the edges whose error is unknown; return also successors and new edges' lengths."""
    after = find_successors(edges.ring)
    fresh = np.flatnonzero(np.isinf(edges.error))
    error, length = edges.error.copy(), np.zeros(len(after))
    error[fresh], length[fresh] = _find_edge_errors(index, edges, fresh, after[fresh], distance_m)
    return edges._replace(error=error), after, length


def _bound_error(index: LineIndex, edges: _Edges, distance_m: float, tolerance_m: float) -> float:
    """Return a bound of how far finished edges depart from the distance, in metres."""
    bound = edges.error / _MARGIN
    over = np.flatnonzero(bound > tolerance_m)
    if len(over):
        after = find_successors(edges.ring)[over]
        dense, _ = _find_edge_errors(index, edges, over, after, distance_m, _DENSE_PROBES)
        bound[over] = dense / _DENSE_MARGIN
    return float(bound.max())


def _find_edge_errors(
    index: LineIndex,
    edges: _Edges,
    begin: Ints,
    end: Ints,
    distance_m: float,
    probes: Floats = _PROBES,
) -> tuple[Floats, Floats]:
    """Return the largest departure from the distance along edges, and their lengths, in metres.

    It is measured at the shares ``probes`` of each edge.
    """
    lon, lat = edges.lon, edges.lat
    along_lon = lon[begin, None] + probes * wrap_degrees(lon[end] - lon[begin])[:, None]
    along_lat = lat[begin, None] + probes * (lat[end] - lat[begin])[:, None]
    found = index.nearest(along_lon.ravel(), along_lat.ravel()).distance_m
    off = np.abs(found - distance_m).reshape(len(begin), len(probes))
    _, _, length = inverse(lon[begin], lat[begin], lon[end], lat[end])
    return off.max(axis=1), length


def _cut_edges(
    index: LineIndex,
    edges: _Edges,
    after: Ints,
    over: Ints,
    distance_m: float,
    tolerance_m: float,
) -> _Edges:
    """Cut the edges ``over``, and forget the error of those that were cut.

    An edge in a notch is cut at the notch's corner, any other edge into equal parts.
    """
    lon, lat, ring, error = edges
    in_notch, corner_lon, corner_lat = _find_notch_corners(
        index, edges, over, after[over], distance_m, tolerance_m
    )
    cuts = np.ones(len(lon), dtype=np.int64)
    # The sagitta falls with the square of the cuts.
    cuts[over] = np.clip(np.ceil(np.sqrt(error[over] / (_MARGIN * tolerance_m))), 2, 64)
    cuts[over[in_notch]] = 2
    edge = np.repeat(np.arange(len(lon)), cuts)
    nth = number_within_groups(cuts)
    share, new = nth / cuts[edge], nth > 0
    new_lon = lon[edge] + share * wrap_degrees(lon[after] - lon)[edge]
    new_lat = lat[edge] + share * (lat[after] - lat)[edge]
    at = np.cumsum(cuts)[over[in_notch]] - 1
    new_lon[at], new_lat[at] = corner_lon, corner_lat
    new_lon[new], new_lat[new], settled = _snap_to_distance(
        index, new_lon[new], new_lat[new], distance_m, tolerance_m
    )
    keep = np.ones(len(edge), dtype=bool)
    keep[new] = settled
    # If no new vertex of an edge settled, the edge stays as it is, and so does its error.
    grown = np.bincount(edge[keep], minlength=len(lon)) > 1
    new_error = np.where(grown, np.inf, error)[edge]
    return _Edges(new_lon[keep], new_lat[keep], ring[edge][keep], new_error[keep])


def _snap_to_distance(
    index: LineIndex, lon: Floats, lat: Floats, distance_m: float, tolerance_m: float
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Move points along the geodesics from their feet until they lie at the distance.

    The last array is true where they do. In the tip of a notch, between two feet, some points
    never settle; those stay where they were.
    """
    was_lon, was_lat, lon, lat = lon, lat, lon.copy(), lat.copy()
    moving = np.arange(len(lon))
    # One move is exact unless it brings another foot nearer, which happens beside notches only.
    for _ in range(6):
        foot = index.nearest(lon[moving], lat[moving])
        off = np.abs(foot.distance_m - distance_m) > tolerance_m / 20.0
        moving = moving[off]
        if not len(moving):
            break
        foot_lon, foot_lat = foot.lon[off], foot.lat[off]
        azimuth, _, _ = inverse(foot_lon, foot_lat, lon[moving], lat[moving])
        new_lon, lat[moving], _ = direct(foot_lon, foot_lat, azimuth, distance_m)
        lon[moving] += wrap_degrees(new_lon - lon[moving])
    settled = np.ones(len(lon), dtype=bool)
    settled[moving] = False
    return np.where(settled, lon, was_lon), np.where(settled, lat, was_lat), settled


def _find_notch_corners(
    index: LineIndex,
    edges: _Edges,
    begin: Ints,
    end: Ints,
    distance_m: float,
    tolerance_m: float,
) -> tuple[Ints, Floats, Floats]:
    """Return which edges, from ``begin`` to ``end``, hold the corner of a notch, and where it is.

    The corner lies at the distance from a foot on either bank. Circles about the feet of the
    edge's ends give a first guess, in the plane. Then, in turns, we look up the nearer bank's foot
    again and correct the corner with geodesics.
    """
    lon, lat = edges.lon, edges.lat
    a, b = index.nearest(lon[begin], lat[begin]), index.nearest(lon[end], lat[end])
    at_lon = lon[begin] + wrap_degrees(lon[end] - lon[begin]) / 2.0
    at_lat = (lat[begin] + lat[end]) / 2.0
    feet = [(a.lon, a.lat), (b.lon, b.lat)]
    half_edge, foot_a, foot_b = (
        project_to_plane(at_lon, at_lat, *to) for to in ((lon[end], lat[end]), *feet)
    )
    between = foot_b - foot_a
    # In a notch the ways from the feet close in on each other: feet lie farther apart than ends.
    converge = (between * half_edge).sum(axis=0) > 2.0001 * (half_edge**2).sum(axis=0)
    height = distance_m**2 - (between**2).sum(axis=0) / 4.0
    notch = np.flatnonzero(converge & (height > 0.0) & (np.hypot(*between) > 2e-3))
    if not len(notch):
        return notch, np.empty(0), np.empty(0)
    middle, across = ((foot_a + foot_b) / 2.0)[:, notch], between[:, notch]
    normal = np.stack([-across[1], across[0]]) / np.hypot(*across)
    normal *= -np.sign((normal * middle).sum(axis=0))
    guess = middle + np.sqrt(height[notch]) * normal
    at_lon, at_lat = _move_points(at_lon[notch], at_lat[notch], guess)
    feet = [(foot_lon[notch], foot_lat[notch]) for foot_lon, foot_lat in feet]
    at_lon, at_lat = _move_between_banks(index, at_lon, at_lat, feet, distance_m)
    at_lon, at_lat, settled = _snap_to_distance(index, at_lon, at_lat, distance_m, tolerance_m)
    # If a vertex stands in the corner already, the rest of the edge is an arc and is cut as one.
    for ends in (begin[notch], end[notch]):
        settled &= np.hypot(*project_to_plane(at_lon, at_lat, lon[ends], lat[ends])) > tolerance_m
    return notch[settled], at_lon[settled], at_lat[settled]


def _move_between_banks(
    index: LineIndex,
    lon: Floats,
    lat: Floats,
    feet: list[tuple[Floats, Floats]],
    distance_m: float,
) -> tuple[Floats, Floats]:
    """Move points until they lie at the distance from a foot on either bank."""
    # Each turn halves the error at worst. Corners between four feet are rare; the next round of
    # cuts takes them up again.
    for _ in range(6):
        to_a, to_b = (project_to_plane(lon, lat, *foot) for foot in feet)
        lon, lat = _move_points(lon, lat, _find_newton_step(to_a, to_b, distance_m))
        foot = index.nearest(lon, lat)
        to_foot, to_a, to_b = (
            project_to_plane(lon, lat, *to) for to in ((foot.lon, foot.lat), *feet)
        )
        is_a = np.hypot(*(to_foot - to_a)) < np.hypot(*(to_foot - to_b))
        feet = [
            (np.where(is_a == first, foot.lon, old[0]), np.where(is_a == first, foot.lat, old[1]))
            for first, old in ((True, feet[0]), (False, feet[1]))
        ]
    return lon, lat


def _find_newton_step(to_a: Floats, to_b: Floats, distance_m: float) -> Floats:
    """Return the step (2, n) that brings two distances, with these vectors to the feet, to one."""
    away_a, away_b = np.maximum(np.hypot(*to_a), 1.0), np.maximum(np.hypot(*to_b), 1.0)
    (ax, ay), (bx, by) = -to_a / away_a, -to_b / away_b
    da, db = distance_m - away_a, distance_m - away_b
    det = ax * by - ay * bx
    det = np.where(np.abs(det) < 1e-6, np.inf, det)  # feet in one line: no step
    return np.stack([(by * da - ay * db) / det, (ax * db - bx * da) / det])


def _move_points(lon: Floats, lat: Floats, step: Floats) -> tuple[Floats, Floats]:
    """Move points by (2, n) metres east and north."""
    to_lon, to_lat = project_to_globe(lon, lat, step)
    return unwrap_near(to_lon, lon), to_lat


def _assemble_polygons(edges: _Edges, polygon_of_ring: Ints, tolerance_m: float) -> MultiPolygon:
    """Put rings together as polygons; repair those that cross themselves beside a notch."""
    vertices = np.stack([edges.lon, edges.lat], axis=1)
    rings = shapely.linearrings(vertices, indices=edges.ring)
    shells = find_group_starts(polygon_of_ring)
    polygons = [shapely.Polygon(part[0], list(part[1:])) for part in np.split(rings, shells[1:])]
    valid = shapely.make_valid(polygons, method="structure", keep_collapsed=False)
    return drop_slivers(shapely.union_all(valid), tolerance_m)
