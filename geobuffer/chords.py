"""Pieces of lines as chords in Earth-centred coordinates, under a tree of bounding spheres.

There is neither antimeridian nor pole nor projection there: which chords can be nearest to a point?
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geobuffer.geodesy import WGS84, Floats, Ints, ecef
from geobuffer.ragged import least, numbered

if TYPE_CHECKING:
    from geobuffer.geodesy import Pieces

# Children per node of the tree of pieces: on the default border 4 are as fast, 8 take a seventh
# longer and 16 two fifths.
_BRANCH = 6


class Candidates(NamedTuple):
    """Pieces that can be nearest to points: one entry per pair, sorted by point and piece."""

    point: Ints
    piece: Ints
    share: Floats
    """The share of the piece passed at the foot of the chord."""
    chord_m: Floats
    """The length of each point's shortest chord; one entry per point."""


class Chords:
    """The chords of pieces, and the spheres that bound them."""

    def __init__(self, pieces: Pieces) -> None:
        p = pieces
        self.start = ecef(p.lon, p.lat)
        self.chord = ecef(p.lon + p.dlon, p.lat + p.dlat) - self.start
        self.squared = np.einsum("ij,ij->i", self.chord, self.chord)
        # Axis by axis: what is taken from a column lies together, which halves the time.
        self._start, self._chord = _columns(self.start), _columns(self.chord)
        self._levels = [
            (_columns(centre), radius)
            for centre, radius in _sphere_tree(self.start, np.sqrt(self.squared))
        ]

    def near(self, xyz: Floats) -> Candidates:
        """Return the pieces whose geodesics from points, (n, 3) Earth-centred, may be shortest."""
        at = _columns(xyz)
        point, piece = self._in_reach(at)
        start, ahead = self._start.take(piece, axis=1), self._chord.take(piece, axis=1)
        squared = self.squared.take(piece)
        to_start = at.take(point, axis=1) - start
        along = (to_start * ahead).sum(axis=0)
        t = np.clip(along / np.where(squared > 0.0, squared, 1.0), 0.0, 1.0)
        foot = start + t * ahead
        foot *= 1.0 + t * (1.0 - t) * squared / (2.0 * WGS84.a**2)
        chord = _length(at.take(point, axis=1) - foot)
        best = least(chord, point)
        keep = np.flatnonzero(chord <= (best + _slack(best))[point])
        return Candidates(point[keep], piece[keep], t[keep], best)

    def _in_reach(self, at: Floats) -> tuple[Ints, Ints]:
        """Return pairs (point, piece), sorted by point, among which is each point's nearest.

        Points are (3, n).
        """
        top, count = len(self._levels[0][1]), at.shape[1]
        point = np.repeat(np.arange(count), top)
        node = np.tile(np.arange(top), count)
        reach = np.full(count, np.inf)
        for depth, (centre, radius) in enumerate(self._levels):
            if depth:
                point, node = _children(point, node, len(radius))
            away = _length(at.take(point, axis=1) - centre.take(node, axis=1))
            # The centre is a point of the line, so the nearest cannot be farther than it.
            reach = np.minimum(reach, least(away, point))
            keep = np.flatnonzero(away - radius.take(node) <= (reach + _slack(reach)).take(point))
            point, node = point.take(keep), node.take(keep)
        return point, node


def _columns(rows: Floats) -> Floats:
    """Return (n, 3) as (3, n), each axis in one piece of memory."""
    return np.ascontiguousarray(rows.T)


def _length(columns: Floats) -> Floats:
    """Return the lengths of vectors (3, n), which are overwritten."""
    columns *= columns
    return np.asarray(np.sqrt(columns.sum(axis=0)))


def _slack(chord: Floats) -> Floats:
    """Return by how much a chord may be longer than the shortest, and its geodesic yet shorter.

    A geodesic of length s is longer than its chord by s³ / 24r², where r, the radius of curvature
    along it, varies with its azimuth by 0.7 % from the mean. So two chords rank as their geodesics
    do once they differ by 3 % of that (1.5 cm at 80 km); the rest is for rounding.
    """
    return 1e-6 + 0.03 * chord**3 / (24.0 * WGS84.b**2)


def _children(point: Ints, node: Ints, count: int) -> tuple[Ints, Ints]:
    """Replace each pair (point, node) by the pairs of the point and the node's children."""
    first = node * _BRANCH
    size = np.minimum(first + _BRANCH, count) - first
    return np.repeat(point, size), np.repeat(first, size) + numbered(size)


def _sphere_tree(start: Floats, reach: Floats) -> list[tuple[Floats, Floats]]:
    """Return levels of bounding spheres (centres, radii), the coarsest first, pieces last.

    A node spans consecutive nodes of the level below; its centre is a vertex of the line.
    """
    levels = [(start, reach)]
    while len(levels[-1][0]) > 4 * _BRANCH:
        centre, radius = levels[-1]
        group = np.arange(len(centre)) // _BRANCH
        firsts = np.arange(0, len(centre), _BRANCH)
        middle = centre[np.minimum(firsts + _BRANCH // 2, len(centre) - 1)]
        away = np.linalg.norm(centre - middle[group], axis=1) + radius
        levels.append((middle, np.maximum.reduceat(away, firsts)))
    return levels[::-1]
