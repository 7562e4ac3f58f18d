"""Find the few pieces of lines that can be nearest to given points.

:class:`ChordTree` holds the chords of the pieces, and a tree of balls and tubes that bound them. It
compares chords, because the shortest chord nearly always belongs to the shortest geodesic. Far away
this is not certain. At 1,500 km, chords that differ by 100 m may rank in another order than their
geodesics, and 400 pieces of a straight line differ by less. There we estimate the geodesics from
the chords by a series, and compare the estimates.

Points that lie close together have nearly the same candidates. So we search for many points in
*groups*: a group is a ball around one of its points.

A tree may be a *forest*: it then holds pieces of many shapes, and each shape is searched alone.

Points are Earth-centred; lengths are in metres.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geobuffer.geodesy._series import CHANGE, ES, TILT, UNPOLAR
from geobuffer.geodesy.ellipsoid import (
    WGS84,
    Floats,
    Ints,
    find_group_minima,
    find_group_starts,
    number_within_groups,
    to_ecef,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geobuffer.geodesy.ellipsoid import Pieces


# Children per node of the tree: on the default border 4 are as fast, 8 take a seventh longer, and
# 16 take two fifths longer.
_BRANCH = 6

# If more than _MANY_BALLS nodes per point remain after testing balls, we test tubes as well, which
# takes twice the time. We do not if most tubes are wider than the share _SLENDER of their balls, as
# around scattered points. With 12 instead of 5 nodes, a point far from a straight line took twice
# the time, because the next level had six times as many balls.
_MANY_BALLS = 5
_SLENDER = 0.5

# If more pieces per point than this are left only because chords cannot decide, we compare
# geodesics. That takes as long as measuring two more pieces.
_MANY_VAGUE = 2

# Up to _FAR_M the series ranks geodesics better than the chords do. _SERIES_ERROR_M is twice its
# error at 1,000 km, and this grows with the distance to the power _SERIES_POWER. Of 400,000 random
# geodesics of each length, the worst was off by 0.9 mm at 1,000 km, by 0.53 m at 3,000 km and by
# 1.6 km at 10,000 km.
_FAR_M = 10_000_000.0
_SERIES_ERROR_M = 2e-3
_SERIES_POWER = 6.5

# How far a piece may be from its chord, after the chord is raised to the ellipsoid. A piece is
# straight in longitude and latitude, and so up to a millimetre off the geodesic; we allow twice
# that.
_OFF_CHORD_M = 2e-3

# A geodesic is longer than its chord. Between geodesics with equal chords, this excess differs by
# at most the share _SPREAD, because the square of the radius of curvature varies by 1.4 % from its
# mean. If one end of a geodesic moves, the excess differs by only a part of that: _MOVES times the
# move divided by the distance. The largest factor that we found was 1.34.
_SPREAD = 0.03
_MOVES = 2.0

# Up to 10,000 km, a geodesic grows by less than this where its chord grows by one.
_STRETCH = 1.5

#: From MANY_POINTS points on, we search groups of _GROUP points. We split a group that keeps more
#: than _MANY_NODES nodes of a level into its points. Beside a line of 300 segments, single points
#: took twice the time of groups of 8; groups of 16 or 64 took as long as groups of 8. If we split
#: most groups, grouping gains little.
MANY_POINTS = 1_000
_GROUP = 8
_MANY_NODES = 8

# How to spread 21 binary digits to every third place: move the upper half of each run, and keep the
# digits that are already in place.
_SPREAD_DIGITS = [
    (np.uint64(32), np.uint64(0x1F00000000FFFF)),
    (np.uint64(16), np.uint64(0x1F0000FF0000FF)),
    (np.uint64(8), np.uint64(0x100F00F00F00F00F)),
    (np.uint64(4), np.uint64(0x10C30C30C30C30C3)),
    (np.uint64(2), np.uint64(0x1249249249249249)),
]

# From one point of a group to another, the distances to two places change alike, except for the
# angle between their directions. That angle is at most this factor times the chord between the
# places divided by the shorter distance: on a sphere, 1.42 for places up to 10,000 km away.
_ANGLE = 1.5


class Candidates(NamedTuple):
    """Pieces that can be nearest to points: one entry per pair, sorted by point and piece."""

    point: Ints
    piece: Ints
    share: Floats
    """The share of the piece that is passed at the foot on its chord."""
    chord_m: Floats
    """The length of each point's shortest chord; one entry per point."""


class _Nodes(NamedTuple):
    """The bounds of pieces of lines: a ball, and a tube inside it. One entry per node."""

    centre: Floats
    """A vertex of the lines: (3, n)."""
    ball: Floats
    """The radius of the ball about it."""
    begin: Floats
    """Where the axis of the tube begins: (3, n)."""
    axis: Floats
    """(3, n)."""
    squared: Floats
    """The length of the axis, squared."""
    tube: Floats
    """The radius of the tube."""
    is_slender: bool
    """Whether tubes bound the pieces so much better than balls that testing them saves time."""
    child: Ints
    """The number, in the level below, of each node's first child; one more entry marks the end."""


class _Groups(NamedTuple):
    """Groups of points that follow one another: one entry per group."""

    first: Ints
    """The number of the group's first point."""
    size: Ints
    """How many points it has."""
    middle: Floats
    """One of its points: (3, n)."""
    radius: Floats
    """How far its other points are from that."""
    are_points: bool
    """Whether each group is a single point."""


class _Pairs(NamedTuple):
    """Pairs of a group and a node: one entry per pair, sorted by group."""

    group: Ints
    node: Ints
    to_centre: Floats
    """From the middle of the group to the centre of the node."""
    apart: Floats | None
    """How far the node reaches from the centre nearest to the group; None for single points."""

    def select(self, rows: Ints) -> _Pairs:
        """Return some pairs."""
        apart = None if self.apart is None else self.apart.take(rows)
        return _Pairs(self.group.take(rows), self.node.take(rows), self.to_centre.take(rows), apart)


class ChordTree:
    """The chords of pieces, in Earth-centred metres, and a tree of their bounds.

    A node is a ball about a vertex, and a tube from the first vertex of its pieces to their last.
    Balls are faster to test. But far from a straight line, hundreds of balls come as near as the
    nearest piece, and only a few tubes do.
    """

    def __init__(self, pieces: Pieces, shape: Ints | None = None) -> None:
        p = pieces
        self.start = to_ecef(p.lon, p.lat)
        end = to_ecef(p.lon + p.dlon, p.lat + p.dlat)
        self.chord = end - self.start
        self.squared = np.einsum("ij,ij->i", self.chord, self.chord)
        shape = np.zeros(len(p.lon), dtype=np.int64) if shape is None else shape
        self._order = _order_parts(self.start, end, p.part, shape)
        order = slice(None) if self._order is None else self._order
        self._levels, self._top = _build_levels(
            self.start[order], end[order], self.squared[order], shape[order]
        )

    def find_candidates(self, xyz: Floats, shape: Ints | None = None) -> Candidates:
        """Return the pieces whose geodesics from points may be shortest.

        Points are (n, 3), Earth-centred, in metres. In a forest, ``shape`` is the number of the
        shape that counts for each point, and points of one shape follow one another.
        """
        at = _to_columns(xyz)
        groups = _group_points(at, shape)
        one = np.zeros_like(groups.first) if shape is None else shape.take(groups.first)
        group, node = _expand_children(np.arange(len(one)), one, self._top)
        found = self._descend(0, at, groups, group, node)
        point, piece = (np.concatenate(column) for column in zip(*found, strict=True))
        if len(found) > 1:
            order = np.argsort(point, kind="stable")
            point, piece = point.take(order), piece.take(order)
        nearest = _keep_pieces(self._levels[-1], at, point, piece)
        if self._order is None:
            return nearest
        piece = self._order.take(nearest.piece)
        order = np.lexsort([piece, nearest.point])
        return Candidates(nearest.point[order], piece[order], nearest.share[order], nearest.chord_m)

    def _descend(
        self, level: int, at: Floats, groups: _Groups, group: Ints, node: Ints
    ) -> list[tuple[Ints, Ints]]:
        """Return pairs (point, piece), in one list or several, below pairs (group, node)."""
        group, node = _find_in_reach(self._levels[level], groups, group, node)
        found: list[tuple[Ints, Ints]] = []
        if not groups.are_points:
            busy = np.bincount(group) > _MANY_NODES
            if busy.any():
                points = _split_groups(at, *_select_groups(groups, busy, group, node))
                found = self._descend(level, at, *points)
                if busy.all():
                    return found
                groups, group, node = _select_groups(groups, ~busy, group, node)
        if level + 1 < len(self._levels):
            group, node = _expand_children(group, node, self._levels[level].child)
            return [*found, *self._descend(level + 1, at, groups, group, node)]
        points = _split_groups(at, groups, group, node)
        return [*found, (points[0].first.take(points[1]), points[2])]


def _order_parts(start: Floats, end: Floats, part: Ints, shape: Ints) -> Ints | None:
    """Return an order of pieces in which parts that are near each other follow one another.

    The nodes of a tree hold pieces that follow one another: 800 points in a random order took ten
    times the time. Return None if the given order is as good, as it is for lines.
    """
    first = find_group_starts(part)
    if len(first) <= _BRANCH:
        return None
    last = np.append(first[1:], len(part)) - 1

    def measure_jumps(order: Ints) -> float:
        jumps = start[first[order[1:]]] - end[last[order[:-1]]]
        return float(np.sqrt((jumps * jumps).sum(axis=1)).sum())

    by_place = sort_by_place(start[first])
    by_place = by_place[np.argsort(shape[first[by_place]], kind="stable")]
    if measure_jumps(by_place) > 0.5 * measure_jumps(np.arange(len(first))):
        return None
    size = (last - first + 1)[by_place]
    return np.asarray(first[by_place].repeat(size) + number_within_groups(size))


def sort_by_place(xyz: Floats) -> Ints:
    """Return an order of points (n, 3) in which most neighbours follow one another.

    It is the Morton order (Z-order): we interleave the binary digits of the three coordinates.
    """
    low = xyz.min(axis=0)
    size = float((xyz.max(axis=0) - low).max()) + 1.0
    digits = ((xyz - low) * (2.0**21 / size)).astype(np.uint64)
    # Between any two of the 21 digits we leave room for those of the other coordinates.
    for step, kept in _SPREAD_DIGITS:
        digits = (digits | (digits << step)) & kept
    x, y, z = digits.T
    return np.argsort(x | (y << np.uint64(1)) | (z << np.uint64(2)), kind="stable")


def _group_points(at: Floats, shape: Ints | None) -> _Groups:
    """Return groups of points (3, n) in their order; if there are few, each point is a group."""
    count = at.shape[1]
    if count < MANY_POINTS:
        return _take_each(np.arange(count), at)
    begin = np.zeros(1, dtype=np.int64) if shape is None else find_group_starts(shape)
    number = number_within_groups(np.diff(begin, append=count))
    first = (number % _GROUP == 0).nonzero()[0]
    size = np.diff(first, append=count)
    middle = at.take(first + size // 2, axis=1)
    away = _measure_vectors(at - middle.repeat(size, axis=1))
    return _Groups(first, size, middle, np.maximum.reduceat(away, first), are_points=False)


def _take_each(point: Ints, at: Floats) -> _Groups:
    """Return points as groups of one."""
    one, none = np.ones_like(point), np.zeros(len(point))
    return _Groups(point, one, at.take(point, axis=1), none, are_points=True)


def _select_groups(
    groups: _Groups, chosen: NDArray[np.bool_], group: Ints, node: Ints
) -> tuple[_Groups, Ints, Ints]:
    """Return some groups and their pairs (group, node)."""
    pairs, number = chosen.take(group).nonzero()[0], chosen.cumsum() - 1
    some = _Groups(
        groups.first[chosen],
        groups.size[chosen],
        groups.middle[:, chosen],
        groups.radius[chosen],
        are_points=groups.are_points,
    )
    return some, number.take(group.take(pairs)), node.take(pairs)


def _split_groups(
    at: Floats, groups: _Groups, group: Ints, node: Ints
) -> tuple[_Groups, Ints, Ints]:
    """Return the points of groups, each with the pairs of its group."""
    if groups.are_points:
        return groups, group, node
    parent = np.arange(len(groups.size)).repeat(groups.size)
    begin = find_group_starts(group)
    count = np.diff(begin, append=len(group)).take(parent)
    pair = begin.take(parent).repeat(count) + number_within_groups(count)
    point = groups.first.take(parent) + number_within_groups(groups.size)
    return _take_each(point, at), np.arange(len(parent)).repeat(count), node.take(pair)


def _find_in_reach(nodes: _Nodes, groups: _Groups, group: Ints, node: Ints) -> tuple[Ints, Ints]:
    """Return the pairs (group, node) that may hold the nearest point of the lines to a point."""
    centre, ball = nodes.centre.take(node, axis=1), nodes.ball.take(node)
    away = _measure_vectors(groups.middle.take(group, axis=1) - centre)
    # The centre is a point of the line, so the nearest point cannot be farther away.
    reach = find_group_minima(away, group)
    apart = None if groups.are_points else _measure_from_nearest(centre, away, reach, group) + ball
    pairs = _Pairs(group, node, away, apart)
    lower = away - ball - _bound_change(groups, pairs, away, reach)
    keep, is_vague = _keep_by_chord(lower, reach, groups.radius, group)
    pairs = pairs.select(keep)
    many = nodes.is_slender and len(keep) > _MANY_BALLS * len(reach)
    if is_vague or many or not groups.are_points:
        pairs = pairs.select(_find_near_tubes(nodes, groups, pairs, reach))
    return pairs.group, pairs.node


def _find_near_tubes(nodes: _Nodes, groups: _Groups, pairs: _Pairs, reach: Floats) -> Ints:
    """Return which pairs have a tube in reach."""
    group, node, to_centre, _ = pairs
    here, axis = groups.middle.take(group, axis=1), nodes.axis.take(node, axis=1)
    away = here - nodes.begin.take(node, axis=1)
    away -= _find_share(away, axis, nodes.squared.take(node)) * axis
    chord = _measure_vectors(away)
    radius = nodes.tube.take(node) + _bound_change(groups, pairs, chord, reach)
    keep, is_vague = _keep_by_chord(chord - radius, reach, groups.radius, group)
    if is_vague:
        there = here.take(keep, axis=1), away.take(keep, axis=1), chord.take(keep)
        away_m, vague = _measure_by_series(*there, 2.0 * nodes.ball.take(node.take(keep)))
        # The centre may be nearer than the axis.
        farther = (to_centre - chord).take(keep)
        upper = away_m + np.maximum(farther, _STRETCH * farther) + vague
        lower = away_m - _STRETCH * radius.take(keep) - vague
        if not groups.are_points:
            # We only know how distances change relative to the distance to the nearest centre.
            upper[to_centre.take(keep) > reach.take(group.take(keep))] = np.inf
        keep = keep.take(_keep_by_bounds(lower, upper, group.take(keep)))
    return keep


def _measure_from_nearest(centre: Floats, away: Floats, reach: Floats, group: Ints) -> Floats:
    """Return how far centres (3, n) are from the nearest centre of their group."""
    nearest = (away == reach.take(group)).nonzero()[0]
    nearest = nearest.take(find_group_starts(group.take(nearest)))
    return _measure_vectors(centre - centre.take(nearest, axis=1).take(group, axis=1))


def _bound_change(groups: _Groups, pairs: _Pairs, away: Floats, reach: Floats) -> Floats | float:
    """Return by how much nodes may come nearer, relative to the nearest centre, within a group.

    ``away`` are the distances of nodes from the middle of the group, ``reach`` the distance of the
    nearest centre from it.
    """
    if pairs.apart is None:
        return 0.0
    radius = groups.radius.take(pairs.group)
    least = np.minimum(away, reach.take(pairs.group)) - radius
    return np.asarray(radius * np.minimum(2.0, _ANGLE * pairs.apart / np.maximum(least, 1e-6)))


def _keep_pieces(pieces: _Nodes, at: Floats, point: Ints, piece: Ints) -> Candidates:
    """Return the pairs (point, piece) whose geodesic may be the shortest of the point."""
    here = at.take(point, axis=1)
    start, ahead = pieces.begin.take(piece, axis=1), pieces.axis.take(piece, axis=1)
    squared = pieces.squared.take(piece)
    t = _find_share(here - start, ahead, squared)
    foot = start + t * ahead
    foot *= 1.0 + t * (1.0 - t) * squared / (2.0 * WGS84.a**2)
    away = here - foot
    chord = _measure_vectors(away)
    best = find_group_minima(chord, point)
    keep, is_vague = _keep_by_chord(chord, best, np.zeros_like(best), point)
    if is_vague:
        there = here.take(keep, axis=1), away.take(keep, axis=1), chord.take(keep)
        away_m, vague = _measure_by_series(*there, pieces.ball.take(piece.take(keep)))
        keep = keep.take(_keep_by_bounds(away_m - vague, away_m + vague, point.take(keep)))
    return Candidates(point.take(keep), piece.take(keep), t.take(keep), best)


def _keep_by_chord(lower: Floats, reach: Floats, radius: Floats, group: Ints) -> tuple[Ints, bool]:
    """Return the pairs whose chord, at least ``lower``, may belong to the shortest geodesic.

    The second value says whether many of them are left only because chords cannot decide.
    """
    sure = np.count_nonzero(lower <= reach.take(group))
    keep = (lower <= (reach + _chord_slack(reach + radius)).take(group)).nonzero()[0]
    return keep, bool(len(keep) - sure > _MANY_VAGUE * len(reach))


def _keep_by_bounds(lower: Floats, upper: Floats, point: Ints) -> Ints:
    """Return the pairs whose geodesic, between these bounds, may be the shortest of its point."""
    reach = find_group_minima(upper, point).take(point)
    return ((lower <= reach) | (reach > _FAR_M)).nonzero()[0]


def _find_share(to_start: Floats, axis: Floats, squared: Floats) -> Floats:
    """Return the share of each axis that is passed at the foot of a point."""
    along = (to_start * axis).sum(axis=0)
    return np.asarray(np.clip(along / np.where(squared > 0.0, squared, 1.0), 0.0, 1.0))


def _measure_by_series(
    here: Floats, away: Floats, chord: Floats, size: Floats
) -> tuple[Floats, Floats]:
    """Return how long geodesics are, and by how much they may differ from that within a tube.

    A geodesic is nearly an arc with the curvature of its middle, as in the module ``_series``.
    """
    x, y, z = 2.0 * here - away
    z = z * UNPOLAR
    s2 = z * z / (x * x + y * y + z * z)
    t2 = (away[2] / np.maximum(chord, 1e-6)) ** 2
    double = 2.0 * WGS84.a / (np.sqrt(1.0 - ES * s2) * (1.0 + TILT * t2))
    arc = double * np.arcsin(np.minimum(chord / double, 1.0)) + chord**5 * CHANGE * (s2 - t2)
    moved = _MOVES * size * (1.0 / np.maximum(chord, 1.0) + 1.0 / WGS84.b)
    error = _OFF_CHORD_M + _SERIES_ERROR_M * (chord / 1e6) ** _SERIES_POWER
    return arc, error + _chord_slack(chord) * np.minimum(moved, 1.0)


def _chord_slack(chord: Floats) -> Floats:
    """Return by how much a chord may exceed the shortest chord although its geodesic is shorter.

    A geodesic of length s is longer than its chord by s³ / 24r², where r, the radius of curvature
    along it, varies with its azimuth by 0.7 % from the mean. So chords that differ by more than 3 %
    of that (1.5 cm at 80 km) rank as their geodesics do. The 1 µm is for rounding.
    """
    return 1e-6 + chord * chord * chord * (_SPREAD / (24.0 * WGS84.b**2))


def _to_columns(rows: Floats) -> Floats:
    """Return (n, 3) as (3, n), each axis contiguous in memory.

    Values taken together then lie together, which halves the time.
    """
    return np.ascontiguousarray(rows.T)


def _measure_vectors(columns: Floats) -> Floats:
    """Return the lengths of vectors (3, n)."""
    return np.asarray(np.sqrt((columns * columns).sum(axis=0)))


def _expand_children(point: Ints, node: Ints, child: Ints) -> tuple[Ints, Ints]:
    """Replace each pair (point, node) by the pairs of the point and the node's children."""
    first = child.take(node)
    size = child.take(node + 1) - first
    return point.repeat(size), first.repeat(size) + number_within_groups(size)


def _build_levels(
    start: Floats, end: Floats, squared: Floats, shape: Ints
) -> tuple[list[_Nodes], Ints]:
    """Return the levels of a tree, the coarsest first, the pieces last.

    A node holds consecutive nodes of the level below, all of one shape. Shapes are numbered, and
    their pieces follow one another. The last array has the number of each shape's first node in the
    coarsest level; one more entry marks the end.
    """
    columns, length = _to_columns(start), np.sqrt(squared)
    axes = _to_columns(end - start)
    tube = squared / (8.0 * WGS84.b) + _OFF_CHORD_M  # a piece bends away from its chord
    none = np.empty(0, dtype=np.int64)
    leaves = _Nodes(columns, length, columns, axes, squared, tube, is_slender=False, child=none)
    levels, count = [leaves], len(start)
    number = number_within_groups(np.diff(find_group_starts(shape), append=count))
    most, size, below = int(number.max()) + 1, 1, np.arange(count)
    while most > 4 * _BRANCH:
        size, most = size * _BRANCH, -(-most // _BRANCH)
        first = (number % size == 0).nonzero()[0]
        child = np.append(below.searchsorted(first), len(below))
        levels.append(_bound_pieces(start, end, first, np.append(first[1:], count), child))
        below = first
    top = below.searchsorted(shape.searchsorted(np.arange(shape[-1] + 2)))
    return levels[::-1], top


def _bound_pieces(start: Floats, end: Floats, first: Ints, after: Ints, child: Ints) -> _Nodes:
    """Return nodes; each holds the pieces from ``first`` to the one before ``after``."""
    node = np.repeat(np.arange(len(first)), after - first)

    def reach_from(begin: Floats, axis: Floats) -> Floats:
        begin, axis = begin.take(node, axis=1), axis.take(node, axis=1)
        squared, off = (axis * axis).sum(axis=0), np.zeros(len(node))
        for ends in (start, end):
            away = ends.T - begin
            off = np.maximum(off, _measure_vectors(away - _find_share(away, axis, squared) * axis))
        # A piece bends away from its chord.
        bend = ((end - start) ** 2).sum(axis=1) / (8.0 * WGS84.b) + _OFF_CHORD_M
        return np.asarray(np.maximum.reduceat(off + bend, first))

    centre = _to_columns(start[(first + after) // 2])
    begin = _to_columns(start[first])
    axis = _to_columns(end[after - 1]) - begin
    ball, tube = reach_from(centre, np.zeros_like(axis)), reach_from(begin, axis)
    is_slender = bool(np.median(tube / ball) < _SLENDER)
    return _Nodes(centre, ball, begin, axis, (axis * axis).sum(axis=0), tube, is_slender, child)
