"""Find which stretches of one outline run along another, by comparing them point by point.

A stretch of a ring runs along another outline where two things hold: it lies within a tolerance of
that outline, and that outline is nearest to it in turn. So neither the far side of a thin strip nor
the outline beyond a corner counts.

Arrays are degrees, longitude first; distances and chainages are in metres.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geobuffer.geodesy.ellipsoid import WGS84, Floats, Ints, find_successors, inverse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from geobuffer.geodesy.nearest import LineIndex


# Outlines nearer than this coincide: twice the error of a LineIndex.
SAME_M = 2e-3

# We compare outlines at points no farther apart than this share of the tolerance, so that an end
# is found to within it. They are not closer than the second figure: 2,000 km then need 400,000.
_SPACING = 0.25
_FINEST_M = 5.0

# A step along one outline may correspond to a way along the other that is this many tolerances
# longer: round a meander that the other leaves out, but not round the far side of a thin strip.
_DETOUR = 10.0

# We cut an end back to where the outlines are no farther apart than this many times the median of
# its stretch. The factor is below 2: if outlines only touch at a point, their distance grows in
# proportion to the way, and we then cut back the whole stretch. It is above 1, so that noise alone
# is hardly cut.
_TYPICAL = 1.5

# An end that we cut off stays cut off unless a part of it is longer than this many times the
# distance between the outlines. Where outlines diverge by 6 degrees or more, no part is that long.
_STEADY = 10.0


class Samples(NamedTuple):
    """Points along outlines, ordered by line and chainage, with their nearest points on others.

    One entry per point, (n,). ``foot_line`` and ``foot_chainage`` are of the nearest point.
    """

    line: Ints
    chainage: Floats
    lon: Floats
    lat: Floats
    distance: Floats
    foot_line: Ints
    foot_chainage: Floats


class Stretch(NamedTuple):
    """A stretch of a ring: the points along it, by chainage (m) and by their place in the samples.

    If the stretch passes the ring's first vertex, its chainages continue beyond the ring's length.
    """

    ring: int
    chainage: Floats
    distance: Floats
    sample: Ints

    @property
    def length_m(self) -> float:
        """The length of the stretch, in metres."""
        return float(self.chainage[-1] - self.chainage[0])

    @property
    def weights(self) -> Floats:
        """The length that each point stands for, in metres."""
        half = np.diff(self.chainage) / 2.0
        return np.asarray(np.append(half, 0.0) + np.append(0.0, half))

    def part(self, points: slice | Ints) -> Stretch:
        """Return the stretch along some of its points."""
        return Stretch(self.ring, self.chainage[points], self.distance[points], self.sample[points])


def measure_rings(index: LineIndex) -> Floats:
    """Return the length of each ring of an index, in metres."""
    lengths = np.bincount(index.pieces.line, weights=index.pieces.length_m)
    return np.asarray(lengths, dtype=float)


def compare_outlines(index: LineIndex, other: LineIndex, tolerance_m: float) -> Samples:
    """Return points along the rings of an index, with their distance from those of another.

    Points are close together wherever the distance may be within the tolerance. Points far outside
    the other's bounds have an infinite distance.
    """
    p = index.pieces
    near = _NearbyIndex(other, tolerance_m)
    begin, end = np.zeros(len(p.lon)), np.ones(len(p.lon))
    piece = np.arange(len(p.lon))
    head = near(p.lon, p.lat)
    found = [(piece, begin, head)]
    tail = head[:, find_successors(p.line)]
    while True:
        length = p.length_m[piece] * (end - begin)
        open_ = (head[0] + tail[0] - length) / 2.0 <= tolerance_m
        open_ &= length > max(_SPACING * tolerance_m, _FINEST_M)
        open_ &= ~_find_coincident(head, tail, length)
        if not open_.any():
            break
        piece, begin, end = piece[open_], begin[open_], end[open_]
        head, tail = head[:, open_], tail[:, open_]
        mid = (begin + end) / 2.0
        at = near(*p.at(piece, mid))
        found.append((piece, mid, at))
        piece = np.concatenate([piece, piece])
        begin, end = np.concatenate([begin, mid]), np.concatenate([mid, end])
        head, tail = np.hstack([head, at]), np.hstack([at, tail])
    pieces = np.concatenate([f[0] for f in found])
    share = np.concatenate([f[1] for f in found])
    distance, foot_line, foot_chainage = np.hstack([f[2] for f in found])
    order = np.lexsort([share, pieces])
    pieces, share = pieces[order], share[order]
    return Samples(
        p.line[pieces],
        p.chainage_m[pieces] + p.length_m[pieces] * share,
        *p.at(pieces, share),
        distance[order],
        foot_line[order].astype(np.int64),
        foot_chainage[order],
    )


class _NearbyIndex:
    """An index that finds distance, line and chainage of feet, for points near the lines only."""

    def __init__(self, index: LineIndex, tolerance_m: float) -> None:
        self.index = index
        p = index.pieces
        # A piece is at most about a kilometre long, so one within the tolerance starts in here.
        margin = np.degrees((tolerance_m + 2e3) / WGS84.b)
        self.south, self.north = p.lat.min() - margin, p.lat.max() + margin
        steepest = np.radians(min(max(abs(self.south), abs(self.north)), 89.9))
        self.west = p.lon.min() - margin / np.cos(steepest)
        self.east = p.lon.max() + margin / np.cos(steepest)

    def __call__(self, lon: Floats, lat: Floats) -> Floats:
        found = np.full((3, len(lon)), np.inf)
        found[1] = -1.0
        there = (lon >= self.west) & (lon <= self.east) & (lat >= self.south) & (lat <= self.north)
        if there.any():
            foot = self.index.nearest(lon[there], lat[there])
            found[:, there] = np.stack([foot.distance_m, foot.line, foot.chainage_m])
        return found


def _find_coincident(head: Floats, tail: Floats, length: Floats) -> NDArray[np.bool_]:
    """Return which intervals lie on the other outline from end to end."""
    both = (head[0] <= SAME_M) & (tail[0] <= SAME_M) & (head[1] == tail[1])
    with np.errstate(invalid="ignore"):  # infinity minus infinity, where both are far away
        along = np.abs(np.abs(head[2] - tail[2]) - length) <= 2 * SAME_M
    return np.asarray(both & along)


def find_stretches(
    mine: Samples, theirs: Samples, lengths: Floats, tolerance_m: float, *, trim: bool = True
) -> list[Stretch]:
    """Return the stretches of one side's rings that run along the other side's outline.

    Parameters
    ----------
    mine, theirs
        Points along the outline of either side, compared with the other.
    lengths
        The length of each ring of ``mine``, in metres.
    tolerance_m
        How far apart the outlines may run, in metres.
    trim
        Whether to cut ends back to where the outlines are as near as is typical for the stretch.
    """
    found = []
    for ring in np.unique(theirs.foot_line[theirs.distance <= tolerance_m]):
        at = np.flatnonzero(mine.line == ring)
        length = float(lengths[ring])
        twice = Stretch(
            int(ring),
            np.concatenate([mine.chainage[at], mine.chainage[at] + length]),
            np.tile(mine.distance[at], 2),
            np.tile(at, 2),
        )
        matched = _find_matched_intervals(theirs, int(ring), length, tolerance_m)
        if np.isinf(matched).any() and (mine.distance[at] <= tolerance_m).all():
            found.append(twice.part(slice(len(at) + 1)))
            continue
        for begin, end in _open_intervals(matched, twice, length, tolerance_m):
            found += _split_within(twice, begin, end, tolerance_m)
    return _trim_all(found, lengths) if trim else found


def find_runs_apart(
    stretches: Sequence[Stretch], apart: NDArray[np.bool_], lengths: Floats, *, trim: bool = True
) -> list[Stretch]:
    """Return the runs of stretches at which a condition holds.

    Parameters
    ----------
    stretches
        Stretches that :func:`find_stretches` did not trim.
    apart
        Whether the condition holds at each of the samples.
    lengths
        The length of each ring, in metres.
    trim
        Whether to leave out the ends that diverge.
    """
    found = []
    for stretch in stretches:
        there = np.flatnonzero(apart[stretch.sample])
        for run in np.split(there, np.flatnonzero(np.diff(there) > 1) + 1):
            found += [stretch.part(run)] if len(run) > 1 else []
    return _trim_all(found, lengths) if trim else found


def _trim_all(stretches: Sequence[Stretch], lengths: Floats) -> list[Stretch]:
    return [cut for stretch in stretches if (cut := _trim_ends(stretch, lengths[stretch.ring]))]


def _find_matched_intervals(
    theirs: Samples, ring: int, length: float, tolerance_m: float
) -> Floats:
    """Return the intervals (n, 2) of a ring's chainage that are nearest to the other outline.

    They start within the ring; one that runs over its first vertex ends beyond its length. If the
    whole ring is nearest to the other outline, the one interval ends at infinity.
    """
    here = (theirs.distance <= tolerance_m) & (theirs.foot_line == ring)
    after = find_successors(theirs.line)
    step = np.flatnonzero(here & here[after])
    way = theirs.chainage[after[step]] - theirs.chainage[step]
    closing = np.flatnonzero(way < 0.0)  # the last step of a ring
    last, first = step[closing], after[step[closing]]
    way[closing] = inverse(*(v[at] for at in (last, first) for v in (theirs.lon, theirs.lat)))[2]
    a, b = theirs.foot_chainage[step], theirs.foot_chainage[after[step]]
    ahead = (b - a + length / 2.0) % length - length / 2.0
    kept = np.abs(ahead) <= _DETOUR * tolerance_m + way
    begin = np.where(ahead >= 0.0, a, b)[kept] % length
    end = begin + np.abs(ahead[kept])
    if not len(begin):
        return np.empty((0, 2))
    order = np.argsort(begin)
    begin, reach = begin[order], np.maximum.accumulate(end[order])
    start = np.flatnonzero(np.append(True, begin[1:] > reach[:-1] + SAME_M))
    begin, end = begin[start], reach[np.append(start[1:], len(reach)) - 1]
    return _join_ends(begin, end, length)


def _join_ends(begin: Floats, end: Floats, length: float) -> Floats:
    """Join the last interval of a ring to those at the ring's start that it reaches."""
    while len(begin) > 1 and end[-1] - length >= begin[0] - SAME_M:
        end[-1] = max(end[-1], end[0] + length)
        begin, end = begin[1:], end[1:]
    if len(begin) == 1 and end[0] - begin[0] >= length - SAME_M:
        end = np.array([np.inf])
    return np.stack([begin, end], axis=1)


def _open_intervals(
    matched: Floats, twice: Stretch, length: float, tolerance_m: float
) -> Iterator[tuple[float, float]]:
    """Yield the intervals; one that goes all the way round starts where the ring is outside."""
    for begin, end in matched:
        if np.isfinite(end):
            yield float(begin), float(end)
        else:
            outside = float(twice.chainage[twice.distance > tolerance_m][0])
            yield outside, outside + length


def _split_within(
    twice: Stretch, begin: float, end: float, tolerance_m: float
) -> Iterator[Stretch]:
    """Yield the parts of an interval of a ring in which its points lie within the tolerance."""
    there = twice.part(slice(*np.searchsorted(twice.chainage, [begin - SAME_M, end + SAME_M])))
    inside = np.flatnonzero(there.distance <= tolerance_m)
    for run in np.split(inside, np.flatnonzero(np.diff(inside) > 1) + 1):
        if len(run) > 1:
            yield there.part(run)


def _trim_ends(stretch: Stretch, length: float) -> Stretch | None:
    """Cut a stretch back at either end to where the outlines run along each other.

    An end that we cut off may itself hold a part along which the outlines are farther apart, but
    do not part. The stretch then reaches to the end of that part.
    """
    if stretch.length_m >= length - SAME_M:
        return stretch
    core = _find_core(stretch)
    if core is None:
        return None
    begin, end = core
    while more := _find_steady_part(stretch.part(slice(begin + 1))):
        begin = more[0]
    while more := _find_steady_part(stretch.part(slice(end, None))):
        end += more[1]
    return stretch.part(slice(begin, end + 1))


def _find_steady_part(end: Stretch) -> tuple[int, int] | None:
    """Return the first and last point of a part of an end; None if the part is too short.

    It must be ``_STEADY`` times as long as the largest distance between the outlines along it.
    """
    core = _find_core(end)
    if core is None:
        return None
    part = end.part(slice(core[0], core[1] + 1))
    return core if part.length_m > _STEADY * max(part.distance.max(), SAME_M) else None


def _find_core(stretch: Stretch) -> tuple[int, int] | None:
    """Return the first and last point of the part whose ends are as near as is typical of it."""
    begin, end = 0, len(stretch.chainage) - 1
    while end > begin:
        within = stretch.part(slice(begin, end + 1))
        typical = max(_find_median_distance(within), SAME_M)
        good = np.flatnonzero(within.distance <= _TYPICAL * typical)
        if good[-1] - good[0] == end - begin:
            return begin, end
        begin, end = begin + int(good[0]), begin + int(good[-1])
    return None


def _find_median_distance(stretch: Stretch) -> float:
    """Return the median distance along a stretch, weighted by length."""
    order = np.argsort(stretch.distance)
    total = np.cumsum(stretch.weights[order])
    return float(stretch.distance[order][np.searchsorted(total, total[-1] / 2.0)])


def measure_vertex_chainages(index: LineIndex, ring: int, coords: Floats) -> Floats:
    """Return the chainage (m) of each vertex of a ring; the last vertex closes it.

    Each vertex starts a piece of the index, and a valid ring has no vertex twice.
    """
    p = index.pieces
    at = np.flatnonzero(p.line == ring)
    place = dict(zip(zip(p.lon[at], p.lat[at], strict=True), p.chainage_m[at], strict=True))
    inner = [place[lon, lat] for lon, lat in coords[:-1]]
    return np.append(inner, p.chainage_m[at[-1]] + p.length_m[at[-1]])


def find_points_at(index: LineIndex, ring: int, chainage: Floats) -> Floats:
    """Return the points (n, 2), in degrees, of a ring at some chainages."""
    p = index.pieces
    at = np.flatnonzero(p.line == ring)
    piece = at[np.searchsorted(p.chainage_m[at], chainage, side="right") - 1]
    share = np.clip((chainage - p.chainage_m[piece]) / p.length_m[piece], 0.0, 1.0)
    return np.stack(p.at(piece, share), axis=1)


def gap_m(one: Floats, other: Floats) -> float:
    """Return the distance in metres between two points (longitude, latitude)."""
    return float(inverse(one[0], one[1], other[0], other[1])[2][0])
