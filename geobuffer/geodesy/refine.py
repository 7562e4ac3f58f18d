"""Move the outlines of planar buffers to their distance from lines, within a tolerance.

:func:`refine_edges` moves every vertex along its geodesic until it lies at the distance, and cuts
every edge until it lies at the distance within the tolerance. It takes the outlines of many shapes
at once, such as the rows of a table, so that they share the cost of each call of numpy.

A *foot* is the point of the lines that is nearest to a point. We do not measure the error of an
edge at places along it. We compute a bound from the distances of its two ends and from their feet
(:func:`_bound_stretches`):

- *The edge comes too near.* Along an edge, the distance to any fixed point curves upwards by at
  most 1/distance. No point of the lines is nearer to an end than the distance of that end. So
  between the ends the distance lies above a parabola, whose depth is length² / 8 distance. That is
  the sagitta of an arc, so for arcs the bound equals the error.
- *The edge leads too far away.* The distance to the piece that holds the foot of an end is convex.
  So it lies below the straight line between its values at the ends. There is one such line for
  each foot; the lower line bounds the distance.

Where this does not decide about an edge, we halve the edge and look up the distance of its middle.

A *notch* is a concave corner of the outline, where the arcs around two feet meet. Coordinates are
longitude and latitude, degrees on WGS 84; distances are in metres.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from geobuffer.geodesy.antimeridian import unwrap_near, wrap_degrees
from geobuffer.geodesy.ellipsoid import (
    WGS84,
    Floats,
    Ints,
    direct,
    find_successors,
    inverse,
    number_within_groups,
    project_to_globe,
    project_to_plane,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy.nearest import Feet, LineIndex


# A vertex has settled if it is within this share of the tolerance of its distance. Most vertices
# settle to a nanometre after one move.
_SETTLED = 1.0 / 20.0

# We choose the number of parts of an edge so that the sagitta of each is this share of the
# tolerance.
_SAGITTA = 0.9

# We drop vertices that lie nearer than this share of the tolerance to an edge without them.
_NEEDLESS = 0.4

# The longest edge of a zone. With it, the short way round to the next vertex is always the right
# one, and an edge bends little.
_LONGEST_DEGREES = 1.0

# Arcs need two or three rounds of cuts; a notch between many feet needs one round for each foot.
_ROUNDS = 20

# How often we halve an edge that its feet do not decide. An edge is at most a degree long, so the
# last parts have at most half a metre. A part is decided when its sagitta is within the tolerance:
# at 90 m for a distance of 10 km and a tolerance of 0.1 m.
_HALVINGS = 18

# We assume that, between two vertices, an edge is too near to the lines by at most this share of
# the distance, besides the error of removed vertices. The planar buffer is off by less: at most
# 35 m at 60 km, and 16 chords of a quarter circle are short by 0.0012 of the distance. Without this
# limit, an edge of 100 km at 20 m from a line took 25,000 look-ups.
_LEFT_OUT = 0.002

# How many edges we bound at once, which limits the memory for their parts.
_EDGES_AT_ONCE = 16_384

# The largest radius of curvature of the ellipsoid: with it, lengths are at most 0.7 % too long.
_LONG_RADIUS_M = WGS84.a**2 / WGS84.b

# An edge straight in longitude and latitude bends by this times the tangent of its latitude, over
# the Earth's radius: 1.155 on a sphere (with azimuth α, sin α √(4 cos²α + sin²α) is largest there),
# and 1 % more on the ellipsoid.
_BEND = 1.17

# A factor for what the bounds leave out: curvatures of the ellipsoid differ by 1 % from those of a
# sphere, and shares of an edge are not exactly shares of its length.
_SPARE = 1.05


class Target(NamedTuple):
    """The lines, the distance and the tolerance of each ring of an outline."""

    lines: LineIndex
    distance_m: Floats
    tolerance_m: Floats
    line: Ints | None = None
    """For an index that looks up each line separately: the line of each ring, not descending."""

    def find_feet(self, lon: Floats, lat: Floats, ring: Ints) -> Feet:
        """Return the feet of points that belong to rings."""
        line = None if self.line is None else self.line[ring]
        return self.lines.find_feet(lon, lat, line=line)


class Edges(NamedTuple):
    """All rings of outlines: their vertices, one ring after another, each ring open.

    The edge of a vertex leads to the next vertex of its ring.
    """

    lon: Floats
    lat: Floats
    ring: Ints
    away_m: Floats
    """The distance of the vertex from the lines."""
    piece: Ints
    """The piece that holds the foot of the vertex."""
    error_m: Floats
    """A bound of how far the edge departs from the distance; infinite if unknown."""

    def select(self, chosen: NDArray[np.bool_] | Ints) -> Edges:
        """Return some of the vertices."""
        return Edges._make(column[chosen] for column in self)


class _Vertices(NamedTuple):
    """Points, their distances and their feet."""

    lon: Floats
    lat: Floats
    away_m: Floats
    piece: Ints
    settled: NDArray[np.bool_]
    """Whether the point lies at its distance."""


def refine_edges(target: Target, lon: Floats, lat: Floats, ring: Ints) -> Edges:
    """Move the vertices of rings to their distance, and cut edges until all lies within tolerance.

    Parameters
    ----------
    target
        The distance.
    lon, lat, ring
        The vertices of the rings, which are open, one ring after another.

    Returns
    -------
    Edges
        Their ``error_m`` may exceed the tolerance where more cuts do not help.
    """
    kept = _find_needed_vertices(target, lon, lat, ring)
    lon, lat, ring = lon[kept], lat[kept], ring[kept]
    found = _snap_to_distance(target, lon, lat, ring)
    unknown = np.full(len(ring), np.inf)
    edges = Edges(found.lon, found.lat, ring, found.away_m, found.piece, unknown)
    edges = _cut_to_tolerance(target, edges)
    # A vertex in the tip of a notch may not settle. We kept it to find the corner of the notch.
    off = np.abs(edges.away_m - target.distance_m[edges.ring])
    settled = off <= target.tolerance_m[edges.ring]
    # A ring keeps at least a triangle.
    settled |= np.bincount(edges.ring, weights=settled)[edges.ring] < 3
    loses_end = ~settled[find_successors(edges.ring)]
    edges = edges._replace(error_m=np.where(loses_end, np.inf, edges.error_m)).select(settled)
    return _cut_to_tolerance(target, edges)


def _find_needed_vertices(
    target: Target, lon: Floats, lat: Floats, ring: Ints
) -> NDArray[np.bool_]:
    """Return which vertices are needed: those that lie off an edge between their neighbours.

    A curve in the plane may be a straight line in longitude and latitude. The zone along a parallel
    had fifty times the vertices that it needs. We treat a degree of longitude as if it were as long
    as one of latitude, so away from the equator we keep more vertices than needed.
    """
    needless_m = _NEEDLESS * target.tolerance_m[ring]
    after = find_successors(ring)
    step = wrap_degrees(lon[after] - lon)
    middle = lon + step / 2.0, (lat + lat[after]) / 2.0
    # If the middle of an edge is off the distance, we keep both ends: there may be a hollow.
    away = target.find_feet(*middle, ring).distance_m
    bulges = np.abs(away - target.distance_m[ring]) > needless_m
    on = np.cumsum(np.append(0.0, step[:-1]))
    # We scale each ring by its tolerance, so that one call simplifies all rings.
    scale = np.degrees(needless_m / WGS84.a)
    lines = shapely.linestrings(
        np.column_stack([on / scale, lat / scale, np.arange(len(on))]), indices=ring
    )
    kept = shapely.get_coordinates(shapely.simplify(lines, 1.0), include_z=True)[:, 2]
    needed = bulges.copy()
    needed[after[bulges]] = True
    needed[kept.astype(np.int64)] = True
    for degrees in (on, lat):
        needed |= np.diff(np.floor(degrees / _LONGEST_DEGREES), prepend=np.nan) != 0.0
    # A ring keeps at least a triangle.
    return np.asarray(needed | (np.bincount(ring, weights=needed)[ring] < 3))


# --- the error of edges ---


def bend_of_edges(lat: Floats) -> Floats:
    """Return the largest curvature, per metre, of edges straight in longitude and latitude.

    The edges lie at these latitudes or nearer to the equator.
    """
    return _BEND * np.tan(np.radians(np.minimum(np.abs(lat), 89.999))) / WGS84.b


class _Stretches(NamedTuple):
    """Stretches of edges, with the distances and feet of their ends; one entry per stretch."""

    edge: Ints
    """The position of the edge among the edges that we bound."""
    begin: Floats
    """The share of the edge at which the stretch begins."""
    end: Floats
    begin_m: Floats
    """The distance from the lines at its beginning."""
    end_m: Floats
    begin_piece: Ints
    """The piece that holds the foot of its beginning."""
    end_piece: Ints

    def select(self, chosen: NDArray[np.bool_] | Ints) -> _Stretches:
        """Return some of the stretches."""
        return _Stretches._make(column[chosen] for column in self)


class _Courses(NamedTuple):
    """The beginning, direction, length and curvature of edges; one entry per edge."""

    lon: Floats
    lat: Floats
    dlon: Floats
    dlat: Floats
    ring: Ints
    length_m: Floats
    """At least its length, at most 0.7 % more."""
    bend: Floats
    """At least its curvature, per metre."""

    def at(self, edge: Ints, share: Floats) -> tuple[Floats, Floats]:
        """Return the points at some shares of edges."""
        return (
            self.lon[edge] + share * self.dlon[edge],
            self.lat[edge] + share * self.dlat[edge],
        )


def _trace_courses(edges: Edges, begin: Ints, end: Ints) -> _Courses:
    lon, lat = edges.lon[begin], edges.lat[begin]
    dlon, dlat = wrap_degrees(edges.lon[end] - lon), edges.lat[end] - lat
    other = np.abs(lat + dlat)
    least = np.where(lat * (lat + dlat) < 0.0, 0.0, np.minimum(np.abs(lat), other))
    bend = bend_of_edges(np.maximum(np.abs(lat), other))
    east = np.radians(dlon) * np.cos(np.radians(least))
    length = _LONG_RADIUS_M * np.hypot(east, np.radians(dlat))
    return _Courses(lon, lat, dlon, dlat, edges.ring[begin], length, bend)


def _bound_errors(target: Target, edges: Edges, begin: Ints, end: Ints) -> Floats:
    """Return how far the edges from ``begin`` to ``end`` depart from their distance.

    A value within the tolerance is a bound. We stop at the first value above it, because the edge
    must be cut; the true error may then be larger.
    """
    if len(begin) > _EDGES_AT_ONCE:
        cuts = range(_EDGES_AT_ONCE, len(begin), _EDGES_AT_ONCE)
        parts = zip(np.split(begin, cuts), np.split(end, cuts), strict=True)
        return np.concatenate([_bound_errors(target, edges, *part) for part in parts])
    courses = _trace_courses(edges, begin, end)
    distance, tolerance = target.distance_m[courses.ring], target.tolerance_m[courses.ring]
    away = np.stack([edges.away_m[begin], edges.away_m[end]])
    error: Floats = np.abs(away - distance).max(axis=0)
    every = np.arange(len(begin))
    none, all_ = np.zeros(len(every)), np.ones(len(every))
    whole = _Stretches(every, none, all_, away[0], away[1], edges.piece[begin], edges.piece[end])
    open_ = whole.select(error <= tolerance)
    for _ in range(_HALVINGS):
        bound = _bound_stretches(target, courses, open_)
        undecided = bound > tolerance[open_.edge]
        np.maximum.at(error, open_.edge[~undecided], bound[~undecided])
        open_ = open_.select(undecided & (error <= tolerance)[open_.edge])
        if not len(open_.edge):
            break
        open_ = _halve_stretches(target, courses, open_, error)
    np.maximum.at(error, open_.edge, _bound_stretches(target, courses, open_))
    return error


def _halve_stretches(
    target: Target, courses: _Courses, open_: _Stretches, error: Floats
) -> _Stretches:
    """Halve stretches, and raise the errors of their edges to the error found in the middle.

    Returns only the stretches of edges that are still within their tolerance.
    """
    tolerance, distance = target.tolerance_m[courses.ring], target.distance_m[courses.ring]
    middle = (open_.begin + open_.end) / 2.0
    lon, lat = courses.at(open_.edge, middle)
    # The pieces of the two feet may already be too near to the middle. That needs no look-up.
    near = np.minimum(
        target.lines.measure_feet(lon, lat, open_.begin_piece).distance_m,
        target.lines.measure_feet(lon, lat, open_.end_piece).distance_m,
    )
    np.maximum.at(error, open_.edge, distance[open_.edge] - near)
    within = (error <= tolerance)[open_.edge]
    open_, middle, lon, lat = open_.select(within), middle[within], lon[within], lat[within]
    away, piece, _ = target.find_feet(lon, lat, courses.ring[open_.edge])
    np.maximum.at(error, open_.edge, np.abs(away - distance[open_.edge]))
    within = (error <= tolerance)[open_.edge]
    first = open_._replace(end=middle, end_m=away, end_piece=piece).select(within)
    second = open_._replace(begin=middle, begin_m=away, begin_piece=piece).select(within)
    both = _Stretches._make(np.concatenate(pair) for pair in zip(first, second, strict=True))
    # Look-ups of separate lines need the lines in order.
    return both.select(np.argsort(both.edge, kind="stable"))


def _bound_stretches(target: Target, courses: _Courses, open_: _Stretches) -> Floats:
    """Return a bound of the error of stretches, as the docstring of the module explains."""
    edge, d0, d1 = open_.edge, open_.begin_m, open_.end_m
    distance = target.distance_m[courses.ring[edge]]
    length = courses.length_m[edge] * (open_.end - open_.begin)
    eighth = _SPARE * length * length / 8.0
    # No point of the stretch is nearer than this.
    least = np.minimum(d0, d1) - length / 2.0
    left_out = _LEFT_OUT * distance + _NEEDLESS * target.tolerance_m[courses.ring[edge]]
    nearer = np.minimum(eighth / np.maximum(least, 1e-9), left_out)
    sag = nearer + eighth * courses.bend[edge]
    fall = d0 - d1
    at = np.clip(0.5 + fall / (8.0 * np.maximum(sag, 1e-12)), 0.0, 1.0)
    inside = distance - d0 + at * fall + 4.0 * sag * at * (1.0 - at)
    far = _bound_far(target, courses, open_)
    # Pieces of the lines are curved too, and on a globe the distance to a long piece grows more
    # slowly.
    outside = (
        far
        - distance
        + eighth * (2.0 * courses.bend[edge] + np.tan(np.minimum(far / WGS84.b, 1.5)) / WGS84.b)
    )
    return np.asarray(np.maximum(np.maximum(inside, outside), 0.0))


def _bound_far(target: Target, courses: _Courses, open_: _Stretches) -> Floats:
    """Return the largest distance of stretches from the lines, as if the globe were a plane."""
    d0, d1 = open_.begin_m, open_.end_m
    far = np.maximum(d0, d1)
    rows = np.flatnonzero(open_.begin_piece != open_.end_piece)
    if len(rows):
        edge = open_.edge[rows]
        there = courses.at(edge, open_.end[rows])
        here = courses.at(edge, open_.begin[rows])
        # The distance from each end to the piece of the other end's foot.
        u01 = target.lines.measure_feet(*there, open_.begin_piece[rows]).distance_m
        u10 = target.lines.measure_feet(*here, open_.end_piece[rows]).distance_m
        up, down = np.maximum(u01 - d1[rows], 0.0), np.maximum(u10 - d0[rows], 0.0)
        share = np.divide(down, up + down, out=np.zeros_like(up), where=up + down > 0.0)
        far[rows] = np.maximum(far[rows], d0[rows] + share * (u01 - d0[rows]))
    return far


def list_vertices(shape: BaseGeometry) -> tuple[Floats, Floats, Ints, Ints]:
    """Return longitude, latitude and ring of all vertices, and the number of each ring's polygon.

    Rings are open. The first ring of a polygon is its shell.
    """
    rings, polygon_of_ring = shapely.get_rings(shapely.get_parts(shape), return_index=True)
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    keep = np.append(np.diff(ring) == 0, False)
    lon, lat = coords[keep].T
    return lon, lat, ring[keep].astype(np.int64), polygon_of_ring


def bound_error(target: Target, ring: int, shape: BaseGeometry) -> float:
    """Return a bound of how far the edges of a shape depart from the distance of a ring.

    The bound is at least the tolerance if an edge exceeds the tolerance.
    """
    if shape.is_empty:
        return 0.0
    lon, lat, part, _ = list_vertices(shape)
    one = Target(target.lines, *(np.full(part[-1] + 1, column[ring]) for column in target[1:3]))
    if target.line is not None:
        one = one._replace(line=np.full(part[-1] + 1, target.line[ring]))
    away, piece, _ = one.find_feet(lon, lat, part)
    edges = Edges(lon, lat, part, away, piece, np.full(len(lon), np.inf))
    return float(_measure_edges(one, edges)[0].error_m.max())


# --- cuts ---


def _cut_to_tolerance(target: Target, edges: Edges) -> Edges:
    """Cut edges until they are within tolerance, or until more rounds would not help."""
    for _ in range(_ROUNDS):
        edges, after = _measure_edges(target, edges)
        over = np.flatnonzero(edges.error_m > target.tolerance_m[edges.ring])
        # Cutting an edge that is shorter than the tolerance does not help.
        length = _trace_courses(edges, over, after[over]).length_m
        over = over[length > target.tolerance_m[edges.ring[over]]]
        if not len(over):
            return edges
        edges = _cut_edges(target, edges, after, over)
        if not np.isinf(edges.error_m).any():
            return edges
    return _measure_edges(target, edges)[0]


def _measure_edges(target: Target, edges: Edges) -> tuple[Edges, Ints]:
    """Bound the unknown errors of edges; return also the successors of vertices."""
    after = find_successors(edges.ring)
    fresh = np.flatnonzero(np.isinf(edges.error_m))
    error = edges.error_m.copy()
    error[fresh] = _bound_errors(target, edges, fresh, after[fresh])
    return edges._replace(error_m=error), after


def _cut_edges(target: Target, edges: Edges, after: Ints, over: Ints) -> Edges:
    """Cut the edges ``over``, and mark the errors of their parts as unknown.

    We cut an edge in a notch at the corner of the notch, any other edge into equal parts.
    """
    lon, lat, ring, away, piece, error = edges
    in_notch, corner = _find_notch_corners(target, edges, over, after[over])
    cuts = np.ones(len(lon), dtype=np.int64)
    # The sagitta falls with the square of the number of parts.
    parts = np.sqrt(error[over] / (_SAGITTA * target.tolerance_m[ring[over]]))
    cuts[over] = np.clip(np.ceil(parts), 2, 64)
    cuts[over[in_notch]] = 2
    edge = np.repeat(np.arange(len(lon)), cuts)
    nth = number_within_groups(cuts)
    share, new = nth / cuts[edge], nth > 0
    new_lon = lon[edge] + share * wrap_degrees(lon[after] - lon)[edge]
    new_lat = lat[edge] + share * (lat[after] - lat)[edge]
    new_away, new_piece = away[edge], piece[edge]
    keep = np.ones(len(edge), dtype=bool)
    corners = np.cumsum(cuts)[over[in_notch]] - 1
    new[corners] = False
    plain = np.flatnonzero(new)
    # The new vertices of an arc around one foot are moved from that foot; others need look-ups.
    on_arc = (piece == piece[after])[edge[plain]]
    arcs, others = plain[on_arc], plain[~on_arc]
    moved = [
        _snap_to_distance(target, new_lon[rows], new_lat[rows], ring[edge[rows]], guess)
        for rows, guess in ((arcs, piece[edge[arcs]]), (others, None))
    ]
    for rows, at in ((arcs, moved[0]), (others, moved[1]), (corners, corner)):
        new_lon[rows], new_lat[rows] = at.lon, at.lat
        new_away[rows], new_piece[rows], keep[rows] = at.away_m, at.piece, at.settled
    # If no new vertex of an edge settled, the edge and its error stay unchanged.
    grown = np.bincount(edge[keep], minlength=len(lon)) > 1
    new_error = np.where(grown, np.inf, error)[edge]
    return Edges(new_lon, new_lat, ring[edge], new_away, new_piece, new_error).select(keep)


def _snap_to_distance(
    target: Target, lon: Floats, lat: Floats, ring: Ints, piece: Ints | None = None
) -> _Vertices:
    """Move points along the geodesics from their feet until they lie at the distance.

    In the tip of a notch, between two feet, some points never settle; we do not move those.
    ``piece`` is a guess of the pieces that hold the feet, which saves a look-up.
    """
    index, p = target.lines, target.lines.pieces
    distance, settled_m = target.distance_m[ring], _SETTLED * target.tolerance_m[ring]
    was_lon, was_lat, lon, lat = lon, lat, lon.copy(), lat.copy()
    away, holder = np.zeros(len(lon)), np.zeros(len(lon), dtype=np.int64)
    moving = np.arange(len(lon))
    # One move is exact unless the nearest foot changes, which happens only at notches.
    for turn in range(7):
        if turn == 0 and piece is not None:
            feet = index.measure_feet(lon, lat, piece)
            off = np.ones(len(moving), dtype=bool)
        else:
            feet = target.find_feet(lon[moving], lat[moving], ring[moving])
            away[moving], holder[moving] = feet.distance_m, feet.piece
            off = np.abs(feet.distance_m - distance[moving]) > settled_m[moving]
        moving = moving[off]
        if not len(moving) or turn == 6:
            break
        foot_lon, foot_lat = p.at(feet.piece[off], feet.share[off])
        azimuth, _, _ = inverse(foot_lon, foot_lat, lon[moving], lat[moving])
        new_lon, lat[moving], _ = direct(foot_lon, foot_lat, azimuth, distance[moving])
        lon[moving] += wrap_degrees(new_lon - lon[moving])
    settled = np.ones(len(lon), dtype=bool)
    settled[moving] = False
    if len(moving):
        lon[moving], lat[moving] = was_lon[moving], was_lat[moving]
        feet = target.find_feet(lon[moving], lat[moving], ring[moving])
        away[moving], holder[moving] = feet.distance_m, feet.piece
    return _Vertices(lon, lat, away, holder, settled)


# --- notches ---


def _find_notch_corners(
    target: Target, edges: Edges, begin: Ints, end: Ints
) -> tuple[Ints, _Vertices]:
    """Return which edges, from ``begin`` to ``end``, hold the corner of a notch, and the corners.

    The corner lies at the distance from two feet, one on each bank. Circles around the feet of the
    edge's ends give a first guess, in the plane. Then we repeat two steps: look up the foot on the
    nearer bank again, and correct the corner with geodesics.
    """
    lon, lat, ring = edges.lon, edges.lat, edges.ring[begin]
    at_lon = lon[begin] + wrap_degrees(lon[end] - lon[begin]) / 2.0
    at_lat = (lat[begin] + lat[end]) / 2.0
    feet = [_locate_feet(target, edges, ends) for ends in (begin, end)]
    half_edge, foot_a, foot_b = (
        project_to_plane(at_lon, at_lat, *to) for to in ((lon[end], lat[end]), *feet)
    )
    between = foot_b - foot_a
    # In a notch the lines from the feet converge, so the feet are farther apart than the ends.
    converge = (between * half_edge).sum(axis=0) > 2.0001 * (half_edge**2).sum(axis=0)
    height = target.distance_m[ring] ** 2 - (between**2).sum(axis=0) / 4.0
    notch = np.flatnonzero(converge & (height > 0.0) & (np.hypot(*between) > 2e-3))
    middle, across, ring = ((foot_a + foot_b) / 2.0)[:, notch], between[:, notch], ring[notch]
    if not len(notch):
        none = np.empty(0)
        return notch, _Vertices(none, none, none, notch, notch.astype(bool))
    normal = np.stack([-across[1], across[0]]) / np.hypot(*across)
    normal *= -np.sign((normal * middle).sum(axis=0))
    guess = middle + np.sqrt(height[notch]) * normal
    at_lon, at_lat = _move_points(at_lon[notch], at_lat[notch], guess)
    feet = [(foot_lon[notch], foot_lat[notch]) for foot_lon, foot_lat in feet]
    at_lon, at_lat = _move_between_banks(target, at_lon, at_lat, ring, feet)
    found = _snap_to_distance(target, at_lon, at_lat, ring)
    # If a vertex is in the corner already, the edge is an arc, and we cut it as an arc.
    settled = found.settled
    for ends in (begin[notch], end[notch]):
        apart = np.hypot(*project_to_plane(found.lon, found.lat, lon[ends], lat[ends]))
        settled &= apart > target.tolerance_m[ring]
    return notch[settled], _Vertices._make(column[settled] for column in found)


def _locate_feet(target: Target, edges: Edges, at: Ints) -> tuple[Floats, Floats]:
    """Return longitude and latitude of the feet of some vertices."""
    piece = edges.piece[at]
    share = target.lines.measure_feet(edges.lon[at], edges.lat[at], piece).share
    return target.lines.pieces.at(piece, share)


def _move_between_banks(
    target: Target,
    lon: Floats,
    lat: Floats,
    ring: Ints,
    feet: list[tuple[Floats, Floats]],
) -> tuple[Floats, Floats]:
    """Move points until they lie at the distance from two feet, one on each bank."""
    distance = target.distance_m[ring]
    # Each turn at least halves the error. Corners between four feet are rare; the next round of
    # cuts continues with them.
    for _ in range(6):
        to_a, to_b = (project_to_plane(lon, lat, *foot) for foot in feet)
        lon, lat = _move_points(lon, lat, _find_newton_step(to_a, to_b, distance))
        _, piece, share = target.find_feet(lon, lat, ring)
        foot = target.lines.pieces.at(piece, share)
        to_foot, to_a, to_b = (project_to_plane(lon, lat, *to) for to in (foot, *feet))
        is_a = np.hypot(*(to_foot - to_a)) < np.hypot(*(to_foot - to_b))
        feet = [
            (np.where(is_a == first, foot[0], old[0]), np.where(is_a == first, foot[1], old[1]))
            for first, old in ((True, feet[0]), (False, feet[1]))
        ]
    return lon, lat


def _find_newton_step(to_a: Floats, to_b: Floats, distance_m: Floats) -> Floats:
    """Return the step (2, n) after which two feet, at these vectors, are at the distance."""
    away_a, away_b = np.maximum(np.hypot(*to_a), 1.0), np.maximum(np.hypot(*to_b), 1.0)
    (ax, ay), (bx, by) = -to_a / away_a, -to_b / away_b
    da, db = distance_m - away_a, distance_m - away_b
    det = ax * by - ay * bx
    det = np.where(np.abs(det) < 1e-6, np.inf, det)  # feet on one straight line: no step
    return np.stack([(by * da - ay * db) / det, (ax * db - bx * da) / det])


def _move_points(lon: Floats, lat: Floats, step: Floats) -> tuple[Floats, Floats]:
    """Move points by (2, n) metres east and north."""
    to_lon, to_lat = project_to_globe(lon, lat, step)
    return unwrap_near(to_lon, lon), to_lat
