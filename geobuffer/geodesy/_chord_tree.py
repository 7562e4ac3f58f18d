"""Find the few pieces of lines that can be nearest to given points.

:class:`ChordTree` keeps the chords of the pieces, and a tree of balls and tubes that bound them. It
compares chords, because the shortest chord is nearly that of the shortest geodesic. Far away,
*nearly* is not enough. At 1,500 km, chords that differ by 100 m may rank otherwise than their
geodesics, and 400 pieces of a straight line differ by less. There we compare what a series makes of
the chords.

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
    number_within_groups,
    to_ecef,
)

if TYPE_CHECKING:
    from geobuffer.geodesy.ellipsoid import Pieces


# Children per node of the tree: on the default border 4 are as fast, 8 take a seventh longer, and
# 16 take two fifths longer.
_BRANCH = 6

# Where balls leave more nodes than this to a point, we look at tubes, which takes twice the time;
# unless most tubes are wider than this share of their balls, as about scattered points. At 12, a
# point far from a straight line took twice the time: the next level had six times as many balls.
_MANY_BALLS = 5
_SLENDER = 0.5

# Where more than this are left only because chords do not tell, we compare geodesics. That takes as
# long as measuring two pieces more.
_MANY_VAGUE = 2

# Up to this distance the series ranks geodesics better than the chords do. Twice its error at
# 1,000 km, and how that grows: of 400,000 random geodesics each, the worst was off by 0.9 mm there,
# by 0.53 m at 3,000 km and by 1.6 km at 10,000 km.
_FAR_M = 10_000_000.0
_SERIES_ERROR_M = 2e-3
_SERIES_POWER = 6.5

# How far a piece may be from its chord, raised to the ellipsoid: a piece is straight in longitude
# and latitude, which is a millimetre off the geodesic.
_OFF_CHORD_M = 2e-3

# By how much geodesics of equal chords differ, as a share of what they are longer than the chords:
# the square of the radius of curvature varies by 1.4 % from its mean. Where an end of a geodesic
# moves, the change is a part of this: twice the move over the distance. The most found was 1.34.
_SPREAD = 0.03
_MOVES = 2.0

# Up to 10,000 km, a geodesic grows by less than this where its chord grows by one.
_STRETCH = 1.5


class Candidates(NamedTuple):
    """Pieces that can be nearest to points: one entry per pair, sorted by point and piece."""

    point: Ints
    piece: Ints
    share: Floats
    """The share of the piece that is passed at the foot on its chord."""
    chord_m: Floats
    """The length of each point's shortest chord; one entry per point."""


class _Nodes(NamedTuple):
    """What bounds pieces of lines: a ball, and a tube in it. One entry per node."""

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
    """Whether tubes bound the pieces so much better than balls that they are worth their time."""


class ChordTree:
    """The chords of pieces, in Earth-centred metres, and a tree of what bounds them.

    A node is a ball about a vertex, and a tube from the first vertex of its pieces to their last.
    Balls take less time. But far from a straight line hundreds of them reach as near as the nearest
    piece, where a few tubes do.
    """

    def __init__(self, pieces: Pieces) -> None:
        p = pieces
        self.start = to_ecef(p.lon, p.lat)
        end = to_ecef(p.lon + p.dlon, p.lat + p.dlat)
        self.chord = end - self.start
        self.squared = np.einsum("ij,ij->i", self.chord, self.chord)
        self._levels = _build_levels(self.start, end, self.squared)

    def find_candidates(self, xyz: Floats) -> Candidates:
        """Return the pieces whose geodesics from points may be shortest.

        Points are (n, 3), Earth-centred, in metres.
        """
        at = _to_columns(xyz)
        top, count = len(self._levels[0].ball), at.shape[1]
        point, node = np.repeat(np.arange(count), top), np.tile(np.arange(top), count)
        point, node = _find_in_reach(self._levels[0], at, point, node)
        for nodes in self._levels[1:]:
            point, node = _expand_children(point, node, len(nodes.ball))
            point, node = _find_in_reach(nodes, at, point, node)
        return _keep_pieces(self._levels[-1], at, point, node)


def _find_in_reach(nodes: _Nodes, at: Floats, point: Ints, node: Ints) -> tuple[Ints, Ints]:
    """Return the pairs (point, node) that may hold the nearest point of the lines."""
    away = _measure_vectors(at.take(point, axis=1) - nodes.centre.take(node, axis=1))
    # The centre is a point of the line, so the nearest point cannot be farther away.
    reach = find_group_minima(away, point)
    keep, is_vague = _keep_by_chord(away - nodes.ball.take(node), reach, point)
    point, node = point.take(keep), node.take(keep)
    if is_vague or (nodes.is_slender and len(keep) > _MANY_BALLS * len(reach)):
        keep = _find_near_tubes(nodes, at, point, node, away.take(keep), reach)
        point, node = point.take(keep), node.take(keep)
    return point, node


def _find_near_tubes(
    nodes: _Nodes, at: Floats, point: Ints, node: Ints, to_centre: Floats, reach: Floats
) -> Ints:
    """Return which pairs have a tube in reach."""
    here, axis = at.take(point, axis=1), nodes.axis.take(node, axis=1)
    away = here - nodes.begin.take(node, axis=1)
    away -= _find_share(away, axis, nodes.squared.take(node)) * axis
    chord, radius = _measure_vectors(away), nodes.tube.take(node)
    keep, is_vague = _keep_by_chord(chord - radius, reach, point)
    if is_vague:
        there = here.take(keep, axis=1), away.take(keep, axis=1), chord.take(keep)
        away_m, vague = _measure_by_series(*there, 2.0 * nodes.ball.take(node.take(keep)))
        # The centre may be nearer than the axis.
        farther = (to_centre - chord).take(keep)
        upper = away_m + np.maximum(farther, _STRETCH * farther) + vague
        lower = away_m - _STRETCH * radius.take(keep) - vague
        keep = keep.take(_keep_by_bounds(lower, upper, point.take(keep)))
    return keep


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
    keep, is_vague = _keep_by_chord(chord, best, point)
    if is_vague:
        there = here.take(keep, axis=1), away.take(keep, axis=1), chord.take(keep)
        away_m, vague = _measure_by_series(*there, pieces.ball.take(piece.take(keep)))
        keep = keep.take(_keep_by_bounds(away_m - vague, away_m + vague, point.take(keep)))
    return Candidates(point.take(keep), piece.take(keep), t.take(keep), best)


def _keep_by_chord(lower: Floats, reach: Floats, point: Ints) -> tuple[Ints, bool]:
    """Return the pairs whose chord, at least so long, may belong to the shortest geodesic.

    The last value says whether many of them are left only because chords do not tell.
    """
    sure = np.count_nonzero(lower <= reach.take(point))
    keep = (lower <= (reach + _chord_slack(reach)).take(point)).nonzero()[0]
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

    A geodesic is nearly an arc of the curvature in its middle, as the module ``_series`` has it.
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
    """Return by how much a chord may be longer than the shortest while its geodesic is shorter.

    A geodesic of length s is longer than its chord by s³ / 24r², where r, the radius of curvature
    along it, varies with its azimuth by 0.7 % from the mean. So chords that differ by 3 % of that
    (1.5 cm at 80 km) rank as their geodesics do. The 1 µm is for rounding.
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


def _expand_children(point: Ints, node: Ints, count: int) -> tuple[Ints, Ints]:
    """Replace each pair (point, node) by the pairs of the point and the node's children."""
    first = node * _BRANCH
    size = np.minimum(first + _BRANCH, count) - first
    return point.repeat(size), first.repeat(size) + number_within_groups(size)


def _build_levels(start: Floats, end: Floats, squared: Floats) -> list[_Nodes]:
    """Return the levels of a tree, the coarsest first, the pieces last.

    A node holds consecutive nodes of the level below.
    """
    columns, length = _to_columns(start), np.sqrt(squared)
    axes = _to_columns(end - start)
    levels = [
        _Nodes(columns, length, columns, axes, squared, np.zeros_like(length), is_slender=False)
    ]
    size = 1
    while len(levels[-1].ball) > 4 * _BRANCH:
        size *= _BRANCH
        first = np.arange(0, len(start), size)
        levels.append(_bound_pieces(start, end, first, np.append(first[1:], len(start))))
    return levels[::-1]


def _bound_pieces(start: Floats, end: Floats, first: Ints, after: Ints) -> _Nodes:
    """Return nodes, each of which holds pieces from a first to the one before another."""
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
    return _Nodes(centre, ball, begin, axis, (axis * axis).sum(axis=0), tube, is_slender)
