"""Find where lines run in a zone: the stretches in each ring, on each side and near each section.

Distances define a zone, so no polygon is needed. :func:`geobuffer.analysis.membership.decide`
answers for points of the lines, and two bounds say where more points are needed. Along a stretch
of length L with the distances a and b at its ends, the distance is

- at least (a + b − L) / 2, and at least min(a, b) − L² / 8d, where d is the first bound: the
  second derivative of the distance to one point is at most 1 / d, and so is that of the least of
  such distances;
- at most (a + b + L) / 2, and at most the distance to the foot of each end, which is convex. A foot
  is the nearest point of the border.

A stretch is halved while an edge of the zone lies between its bounds. If the ends of a remaining
stretch have different answers, we find the place of the change to a millimetre.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geobuffer.analysis.membership import (
    MEMBERSHIP,
    decide,
    list_regions,
    make_uncertainty,
    measure_errors,
)
from geobuffer.analysis.probability import Errors
from geobuffer.geodesy.antimeridian import cut_at_antimeridian, trace_boundary, wrap_degrees
from geobuffer.geodesy.ellipsoid import Floats, Ints, cut_into_pieces, inverse
from geobuffer.zones.border import AROUND
from geobuffer.zones.region import Region
from geobuffer.zones.zone import CombinedZone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy.ellipsoid import Pieces
    from geobuffer.zones.zone import Part, Zone

    Flags = NDArray[np.bool_]


# The accuracy of distances and of changes, in metres; distances of points are no more accurate.
_EXACT_M = 1e-3

# Stretches shorter than this are not halved in search of an edge. So a line that dips across an
# edge and back within a metre may be counted as not crossing it: by a metre at most.
_SHORT_M = 1.0

# No bound says where the nearest section changes, or the side of a bare line beyond its ends. So
# points are no farther apart than this in a zone of several sections. A stretch that is nearer to
# another section for less than this may be counted with its neighbour.
_STEP_M = 250.0

# No bound says where a flat end cuts the zone. So points near a flat end are this far apart.
_CUT_STEP_M = 25.0

# Within a margin of an edge of the zone, points are uncertain. The limit of that strip is an edge
# of doubt. We find it to this fraction of the margin.
_DOUBT_SHARE = 0.25

# How many pieces we process at a time: each takes 300 bytes, and as much for the points between.
_BATCH = 200_000

_INSIDE, _UNCERTAIN = MEMBERSHIP.index("inside"), MEMBERSHIP.index("uncertain")


class Stretches(NamedTuple):
    """Stretches of lines with one answer each, in the order of the lines and along them."""

    line: Ints
    """The number of the line."""
    ring: NDArray[np.int8]
    """The number of the ring; −1 outside the zone."""
    side: NDArray[np.int8]
    section: NDArray[np.int16]
    length_km: Floats
    begin: Floats
    """Where it begins: (n, 2) degrees. Longitudes continue beyond ±180°."""
    end: Floats
    piece: Ints
    """The straight piece of a line that it is part of; neighbours on a piece share an end."""

    def select(self, rows: Flags) -> Stretches:
        """Return some of the stretches."""
        chosen: Any = (column[rows] for column in self)
        return Stretches(*chosen)


class Extremes(NamedTuple):
    """The facts about each whole line: arrays with one entry for each line."""

    least_km: Floats
    """Its least distance from the border; 0 if the line touches the border."""
    greatest_km: Floats
    side: NDArray[np.int8]
    """The side of its nearest point."""
    section: NDArray[np.int16]
    chainage_km: Floats
    length_km: Floats
    margin_km: Floats
    """The largest margin of its points."""
    is_inside: Flags
    """Whether a point of it is surely inside."""
    is_outside: Flags
    is_doubtful: Flags
    """Whether a point of it is uncertain."""


class LineAnswers(NamedTuple):
    """Where lines lie."""

    extremes: Extremes
    stretches: Stretches


def measure_lines(
    lines: NDArray[np.object_], accuracy_km: Floats, zone: Zone, *, extremes: bool = True
) -> LineAnswers:
    """Return where lines run in a zone.

    Parameters
    ----------
    lines
        LineStrings and MultiLineStrings with a length, in longitude and latitude; segments are
        straight there, and go the short way over 180°.
    accuracy_km
        The accuracy of each line.
    zone
        The zone.
    extremes
        Whether to look for the points that are nearest and farthest. Without it, the extremes are
        those of the points that the stretches needed.
    """
    counts = shapely.get_num_coordinates(lines)
    batch = np.cumsum(counts) // _BATCH
    found = []
    for number in np.unique(batch):
        rows = np.flatnonzero(batch == number)
        whole, parts = _Search(lines[rows], accuracy_km[rows], zone, extremes=extremes).run()
        found.append((whole, parts._replace(line=rows[parts.line])))
    joined: Any = (
        type(parts[0])(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        for parts in zip(*found, strict=True)
    )
    return LineAnswers(*joined)


class _Points(NamedTuple):
    """Points of lines, with their answers."""

    distance_m: Floats
    """From the zone's borders: (borders, n)."""
    foot: Floats
    """Their nearest points: (borders, 2, n) degrees."""
    away_m: Floats
    """The distance in the answer; 0 inside the areas of a zone around areas."""
    side: NDArray[np.int8]
    section: NDArray[np.int16]
    chainage_km: Floats
    ring: NDArray[np.int8]
    membership: NDArray[np.int8]
    margin_m: Floats

    def has_other_answers(self, one: Ints, other: Ints) -> Flags:
        """Return for which pairs of points the ring, the side or the section differ."""
        differ = self.ring[one] != self.ring[other]
        # Outside the zone we do not count by side and section.
        inside = ~differ & (self.ring[one] >= 0)
        differ |= inside & (self.side[one] != self.side[other])
        return np.asarray(differ | (inside & (self.section[one] != self.section[other])))


class _Intervals(NamedTuple):
    """Parts of pieces: from a share of the piece to another, with the points at both ends."""

    piece: Ints
    begin: Floats
    end: Floats
    head: Ints
    tail: Ints

    def select(self, rows: Any) -> _Intervals:
        return _Intervals(*(values[rows] for values in self))

    def join(self, *others: _Intervals) -> _Intervals:
        return _Intervals(*map(np.concatenate, zip(self, *others, strict=True)))


class _Bounds(NamedTuple):
    """Bounds of a distance along intervals, in metres."""

    least: Floats
    greatest: Floats


class _Search:
    """The search along some lines."""

    def __init__(
        self, lines: NDArray[np.object_], accuracy_km: Floats, zone: Zone, *, extremes: bool
    ) -> None:
        self.lines, self.accuracy_km, self.zone = lines, accuracy_km, zone
        self.wants_extremes = extremes
        self.pieces: Pieces = cut_into_pieces(list(lines))
        self.borders = [*{id(one.border): one.border for one in zone.zones}.values()]
        count = len(lines)
        self.least, self.greatest = np.full(count, np.inf), np.full(count, -1.0)
        self.nearest = np.zeros(count, dtype=np.int64)
        self.seen = np.zeros((count, len(MEMBERSHIP)), dtype=bool)

    def run(self) -> tuple[Extremes, Stretches]:
        """Return the extremes of each line, and its stretches."""
        intervals = self._begin()
        closed = []
        while len(intervals.piece):
            open_ = self._find_open(intervals)
            closed.append(intervals.select(~open_))
            intervals = self._halve(intervals.select(open_))
        parts = self._find_changes(closed[0].join(*closed[1:]))
        return self._list_extremes(), self._list_stretches(parts)

    # --- points ---

    def _begin(self) -> _Intervals:
        """Classify the ends of all pieces, and return the pieces as intervals."""
        p, every = self.pieces, np.arange(len(self.pieces.lon))
        last = np.flatnonzero(np.diff(p.part, append=-1) != 0)
        shares = np.concatenate([np.zeros(len(every)), np.ones(len(last))])
        self.points = self._classify(np.concatenate([every, last]), shares, 0)
        tail = every + 1
        tail[last] = len(every) + np.arange(len(last))
        return _Intervals(every, np.zeros(len(every)), np.ones(len(every)), every, tail)

    def _halve(self, open_: _Intervals) -> _Intervals:
        mid = (open_.begin + open_.end) / 2.0
        at = self._add(open_.piece, mid)
        first = open_._replace(end=mid, tail=at)
        return first.join(open_._replace(begin=mid, head=at))

    def _add(self, piece: Ints, share: Floats) -> Ints:
        """Classify new points, add them to the known ones, and return their numbers."""
        known = len(self.points.ring)
        if not len(piece):
            return np.zeros(0, dtype=np.int64)
        new = self._classify(piece, share, known)
        pairs: Any = zip(self.points, new, strict=True)
        joined: Any = (np.concatenate(both, axis=-1) for both in pairs)
        self.points = _Points(*joined)
        return np.arange(known, known + len(piece))

    def _classify(self, piece: Ints, share: Floats, first: int) -> _Points:
        """Return the answers for new points, and update the extremes of their lines.

        ``first`` is the number of the first new point.
        """
        lon, lat = self.pieces.at(piece, share)
        lon, line = wrap_degrees(lon), self.pieces.line[piece]
        feet = [border.index.nearest(lon, lat) for border in self.borders]
        accuracy_m = self.accuracy_km[line] * 1e3
        margin_km = measure_errors(lon, lat, self.zone, accuracy_m, np.zeros(1)).margin
        # We need no probability. A line may lie in no country or in several, so none lists it.
        exact = Errors(np.array(np.nan), np.array(0.0), np.array(0.0))
        found = decide(lon, lat, self.zone, make_uncertainty(margin_km, exact))
        away_m = found.distance_km * 1e3
        order = np.lexsort([away_m, line])
        best = order[np.append(True, np.diff(line[order]) != 0)]
        nearer = best[away_m[best] < self.least[line[best]]]
        self.least[line[nearer]], self.nearest[line[nearer]] = away_m[nearer], first + nearer
        np.maximum.at(self.greatest, line, away_m)
        self.seen[line, found.membership] = True
        return _Points(
            np.stack([foot.distance_m for foot in feet]),
            np.stack([[foot.lon, foot.lat] for foot in feet]),
            away_m, found.side, found.section, found.chainage_km, found.ring,
            found.membership, margin_km * 1e3,
        )  # fmt: skip

    # --- which intervals need more points ---

    def _find_open(self, at: _Intervals) -> Flags:
        """Return which intervals to halve."""
        length = self.pieces.length_m[at.piece] * (at.end - at.begin)
        found = length > _EXACT_M
        # The bounds by feet take most of the time, so they come last, for the intervals left.
        for by_feet in (False, True):
            rows = np.flatnonzero(found)
            found[rows] = self._need_points(at.select(rows), length[rows], by_feet=by_feet)
        return found

    def _need_points(self, at: _Intervals, length: Floats, *, by_feet: bool) -> Flags:
        """Return which intervals, by these bounds, may hold a change or an extreme."""
        every = range(len(self.borders))
        bounds = [self._bound(at, length, border, by_feet=by_feet) for border in every]
        near = np.min([one.least for one in bounds], axis=0) <= self._reach_m
        open_ = self._find_edges(at, length, bounds)
        if self.wants_extremes:
            open_ |= self._find_extreme(at, length, bounds)
        if len(self.zone.sections) > 1 or any(border.is_bare for border in self.borders):
            open_ |= near & (length > _STEP_M)
        if len(self._outlines):
            left = np.flatnonzero(near & (length > _SHORT_M) & ~open_)
            open_[left] = self._meet_outlines(at.select(left))
        return (open_ | self._find_cuts(at, length)) & ~self._find_coincident(at, length)

    def _find_coincident(self, at: _Intervals, length: Floats) -> Flags:
        """Return which intervals run along a border from end to end: they have one answer."""
        distance, chainage = self.points.distance_m.min(axis=0), self.points.chainage_km * 1e3
        on = (distance[at.head] <= _EXACT_M) & (distance[at.tail] <= _EXACT_M)
        on &= self.points.section[at.head] == self.points.section[at.tail]
        along = np.abs(chainage[at.tail] - chainage[at.head])
        return np.asarray(on & (np.abs(along - length) <= 2.0 * _EXACT_M))

    def _bound(self, at: _Intervals, length: Floats, border: int, *, by_feet: bool) -> _Bounds:
        """Return bounds of the distance from a border."""
        distance = self.points.distance_m[border]
        head, tail = distance[at.head], distance[at.tail]
        least = (head + tail - length) / 2.0
        # A piece of a line is off its geodesic by up to a millimetre; a part of a piece by less.
        off = _EXACT_M * (at.end - at.begin) ** 2
        with np.errstate(divide="ignore"):
            bent = np.minimum(head, tail) - length**2 / (8.0 * np.maximum(least, 0.0)) - off
        greatest = (head + tail + length) / 2.0
        if by_feet:
            greatest = np.minimum(greatest, self._bound_by_feet(at, border) + off)
        return _Bounds(np.maximum(least, bent), greatest)

    def _bound_by_feet(self, at: _Intervals, border: int) -> Floats:
        """Return the greatest possible distance along intervals, from the feet of their ends."""
        distance, foot = self.points.distance_m[border], self.points.foot[border]
        head, tail = distance[at.head], distance[at.tail]
        begin = self.pieces.at(at.piece, at.begin)
        end = self.pieces.at(at.piece, at.end)
        first, second = foot[:, at.head], foot[:, at.tail]
        far_tail = inverse(first[0], first[1], *end)[2]
        far_head = inverse(second[0], second[1], *begin)[2]
        # One bound falls from far_head to tail, the other rises from head to far_tail. The distance
        # is at most that of the point where the two bounds meet.
        total = (far_head - head) + (far_tail - tail)
        share = np.divide(far_head - head, total, out=np.zeros_like(total), where=total > 0.0)
        meet = head + (far_tail - head) * np.clip(share, 0.0, 1.0)
        return np.asarray(np.maximum(meet, np.maximum(head, tail)))

    def _find_extreme(self, at: _Intervals, length: Floats, bounds: Sequence[_Bounds]) -> Flags:
        """Return which intervals may hold a point nearer or farther than all known ones."""
        line, away = self.pieces.line[at.piece], self.points.away_m
        head, tail = away[at.head], away[at.tail]
        least = np.min([one.least for one in bounds], axis=0)
        greatest = np.min([one.greatest for one in bounds], axis=0)
        # Inside a filled area all distances are 0, unless the interval may reach its outline.
        filled = (head == 0.0) & (tail == 0.0) & (least > 0.0)
        nearer = np.maximum(least, (head + tail - length) / 2.0) < self.least[line] - _EXACT_M
        farther = np.minimum(greatest, (head + tail + length) / 2.0) > (
            self.greatest[line] + _EXACT_M
        )
        return np.asarray((nearer & (self.least[line] > _EXACT_M)) | (farther & ~filled))

    def _find_edges(self, at: _Intervals, length: Floats, bounds: Sequence[_Bounds]) -> Flags:
        """Return which intervals an edge of the zone, or an edge of doubt, may cross."""
        line = self.pieces.line[at.piece]
        margin = np.maximum(self.points.margin_m[at.head], self.points.margin_m[at.tail])
        is_decided = self.seen[line, _INSIDE] & self.seen[line, MEMBERSHIP.index("outside")]
        doubt = ~is_decided & (margin > 0.0)
        doubt &= length > np.maximum(_DOUBT_SHARE * margin, _SHORT_M)
        open_ = np.zeros(len(line), dtype=bool)
        for bound, edges in zip(bounds, self._edges_m, strict=True):
            for edge in edges:
                crossed = (bound.least <= edge) & (bound.greatest >= edge)
                open_ |= crossed & (length > _SHORT_M)
                for doubtful in (np.abs(edge - margin), edge + margin):
                    open_ |= doubt & (bound.least <= doubtful) & (bound.greatest >= doubtful)
        return open_

    def _find_cuts(self, at: _Intervals, length: Floats) -> Flags:
        """Return which intervals are too long to show where a flat end cuts the zone."""
        open_ = np.zeros(len(length), dtype=bool)
        long = np.flatnonzero(length > _CUT_STEP_M)
        for one in self.zone.zones:
            for end in one.flat_ends:
                some = at.select(long)
                lon, lat = self.pieces.at(some.piece, some.begin)
                open_[long] |= end.concerns(lon, lat, one.width_km * 1e3)
        return open_

    def _meet_outlines(self, at: _Intervals) -> Flags:
        """Return which intervals meet the outline of a territory or region."""
        line = self.pieces.line[at.piece]
        rows = np.flatnonzero(self._is_at_outline[line])
        some = at.select(rows)
        begin = np.stack(self.pieces.at(some.piece, some.begin), axis=-1)
        end = np.stack(self.pieces.at(some.piece, some.end), axis=-1)
        # Territories are cut at 180°, and longitudes of lines run on.
        turn = begin[:, 0] - wrap_degrees(begin[:, 0])
        begin[:, 0] -= turn
        end[:, 0] -= turn
        beyond = np.abs(end[:, 0]) >= 180.0
        found = np.zeros(len(line), dtype=bool)
        met = shapely.intersects(
            self._outlines[:, None], shapely.linestrings(np.stack([begin, end], axis=1))
        )
        found[rows] = met.any(axis=0) | beyond
        return found

    # --- facts about the zone ---

    @cached_property
    def _reach_m(self) -> float:
        """How far from its borders the zone may reach, in metres."""
        filled = any(one.side == AROUND for one in self.zone.zones)
        return np.inf if filled or _holds_region(self.zone) else self.zone.width_km * 1e3

    @cached_property
    def _edges_m(self) -> list[list[float]]:
        """The distances from each border at which an answer may change, in metres."""
        edges: list[set[float]] = [{0.0} for _ in self.borders]
        for one in self.zone.zones:
            (number,) = (n for n, border in enumerate(self.borders) if border is one.border)
            edges[number] |= {km * 1e3 for km in (*one.edges_km, *(one.side_km or ()))}
        return [sorted(one) for one in edges]

    @cached_property
    def _regions(self) -> list[BaseGeometry]:
        """The regions that are parts of the zone."""
        return [cut_at_antimeridian(region.geometry) for region in list_regions(self.zone)]

    @cached_property
    def _outlines(self) -> NDArray[np.object_]:
        """The outlines at which the side of a point may change, or whether a region holds it."""
        sides = [side for border in self.borders for side in border.sides]
        areas = [side.area for side in sides if side.area is not None and not side.area.is_empty]
        outlines = np.array([trace_boundary(area) for area in areas + self._regions], dtype=object)
        shapely.prepare(outlines)
        return outlines

    @cached_property
    def _is_at_outline(self) -> Flags:
        """Which lines meet such an outline, or may meet one because they cross 180°."""
        beyond = np.abs(shapely.bounds(self.lines)[:, [0, 2]]).max(axis=1) >= 180.0
        wide = np.ptp(shapely.bounds(self.lines)[:, [0, 2]], axis=1) >= 180.0
        met = shapely.intersects(self._outlines[:, None], self.lines).any(axis=0)
        return np.asarray(met | beyond | wide)

    # --- changes of the answer ---

    def _find_changes(self, closed: _Intervals) -> _Intervals:
        """Return intervals with one answer each: that of their head."""
        done = []
        while True:
            differ = self.points.has_other_answers(closed.head, closed.tail)
            length = self.pieces.length_m[closed.piece] * (closed.end - closed.begin)
            differ &= (length > _EXACT_M) & ~self._find_coincident(closed, length)
            done.append(closed.select(~differ))
            if not differ.any():
                return done[0].join(*done[1:])
            before, closed = self._bisect(closed.select(differ))
            done.append(before)

    def _bisect(self, at: _Intervals) -> tuple[_Intervals, _Intervals]:
        """Return the parts of intervals before and after the first change found in each."""
        low, high, head = at.begin.copy(), at.end.copy(), at.head
        tail = at.tail.copy()
        length = self.pieces.length_m[at.piece]
        while True:
            rows = np.flatnonzero((high - low) * length > _EXACT_M)
            if not len(rows):
                break
            mid = (low[rows] + high[rows]) / 2.0
            new = self._add(at.piece[rows], mid)
            other = self.points.has_other_answers(head[rows], new)
            high[rows] = np.where(other, mid, high[rows])
            tail[rows] = np.where(other, new, tail[rows])
            low[rows] = np.where(other, low[rows], mid)
        middle = (low + high) / 2.0
        return at._replace(end=middle), at._replace(begin=middle, head=tail)

    # --- results ---

    def _list_extremes(self) -> Extremes:
        at, count = self.nearest, len(self.accuracy_km)
        margin_m = np.zeros(count)
        line = self.pieces.line
        np.maximum.at(margin_m, line, self.points.margin_m[: len(line)])
        least = np.where(self.least < _EXACT_M, 0.0, self.least)
        return Extremes(
            least / 1e3, self.greatest / 1e3,
            self.points.side[at], self.points.section[at], self.points.chainage_km[at],
            np.bincount(line, self.pieces.length_m, minlength=count) / 1e3,
            margin_m / 1e3,
            self.seen[:, _INSIDE], self.seen[:, MEMBERSHIP.index("outside")],
            self.seen[:, _UNCERTAIN],
        )  # fmt: skip

    def _list_stretches(self, parts: _Intervals) -> Stretches:
        parts = parts.select(np.lexsort([parts.begin, parts.piece]))
        points, p = self.points, self.pieces
        return Stretches(
            p.line[parts.piece],
            points.ring[parts.head], points.side[parts.head], points.section[parts.head],
            p.length_m[parts.piece] * (parts.end - parts.begin) / 1e3,
            np.stack(p.at(parts.piece, parts.begin), axis=-1),
            np.stack(p.at(parts.piece, parts.end), axis=-1),
            parts.piece,
        )  # fmt: skip


def _holds_region(part: Part | Zone) -> bool:
    """Return whether a zone includes a whole region, so that it may reach any distance."""
    if not isinstance(part, CombinedZone):
        return isinstance(part, Region)
    held = [_holds_region(one) for one in part.parts]
    if part.how == "union":
        return any(held)
    return held[0] if part.how == "difference" else all(held)
