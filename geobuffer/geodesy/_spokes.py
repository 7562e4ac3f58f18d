"""Measure how far the land that is nearest to the left side of lines reaches.

The *foot* of a point is the nearest point of the lines. All points between a point and its foot
have the same foot. So the land left of lines is a union of *spokes*. A spoke is a geodesic that
begins at a foot and leaves to the left, at right angles to the line. It ends at its *tip*, where
another stretch becomes as near. At a bend that is convex to the left, spokes leave the vertex in a
fan; at a free end they leave in half a circle.

:class:`LeftBank` says where spokes begin and in which direction they leave. :class:`SpokeGauge`
measures them, and adds spokes until the line through the tips keeps to a tolerance. A tip moves
continuously when its foot moves along the bank, so more spokes make that line more accurate.

The bank is a row of *elements*, three for each segment s: the fan at its begin (number 3 s), the
segment itself (3 s + 1) and the fan at its end (3 s + 2). The place of a spoke is its element and
its *share* of that, from 0 to 1 as one walks the line.

Geometry is in degrees on WGS 84, with longitudes unwrapped about a meridian; lengths are metres.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from geobuffer.geodesy._series import SERIES_M
from geobuffer.geodesy.antimeridian import unwrap_near, wrap_degrees
from geobuffer.geodesy.ellipsoid import (
    WGS84,
    Floats,
    Ints,
    direct,
    find_group_starts,
    inverse,
    number_within_groups,
)
from geobuffer.geodesy.nearest import TIE_M

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from geobuffer.geodesy.nearest import LineIndex

    _Bools = NDArray[np.bool_]


#: What an element is, by its number modulo 3.
BEGIN_FAN, SEGMENT, END_FAN = 0, 1, 2

# Spokes are at most this many widths long. They reach beyond the zone, so that the chords between
# tips of a fan (ten degrees apart) lie outside it, too. They do not reach much farther, because a
# pole may be as near as 1.05 widths to the lines.
_REACH = 1.04

# Bends of less than this angle, in degrees, have no fan: rounded vertices bend by as much.
_STRAIGHT = 1e-6

# A point nearer than 0.1 mm to the line counts as on it; we draw no spoke of less than twice that.
_SHORTEST_M = 2e-4

# Feet are accurate to micrometres. For spokes shorter than this we check on which side they lie.
_SURE_M = 1.0

# The most look-ups to find where a spoke ends. From the full reach, 3 to 12 are enough.
_LOOKUPS = 80

# The line through the tips departs by at most this share of the tolerance at the places that we
# test.
_TIP_SHARE = 1.0 / 3.0

# Where the land beyond a tip is left too, we draw the spoke longer by this share of the tolerance,
# so that cells from both banks overlap; but by no more than a tenth of its length.
_OVERLAP_SHARE = 0.5

# We measure a spoke in the middle of an edge between tips. But a middle may lie on its chord by
# chance: of 500 random lines, 2 were wrong by 33 m and 0.8 m. So we check edges in two places more.
_CHECKS = (0.27, 0.73)

# Feet closer together than this, a centimetre, count as one. The line between them is so short that
# its exact place does not matter: its spokes are too close together to be halved.
_SAME_FOOT_DEGREES = 1e-7

# Halving 45 times turns 1,000 km into nanometres.
_ROUNDS = 45

# One of this many neighbouring spokes is measured without a guess. The points that stopped such
# spokes are good guesses for the spokes between them.
_STRIDE = 64

# Metres to the degree, to compare tips that lie close together.
_DEGREE_M = 111_320.0


class Spokes(NamedTuple):
    """Spokes in the order of the bank: one entry per spoke, (n,)."""

    element: Ints
    share: Floats
    lon: Floats
    """The foot."""
    lat: Floats
    azimuth: Floats
    """In degrees, at the foot."""
    length_m: Floats
    tip_lon: Floats
    tip_lat: Floats
    drawn_lon: Floats
    """The tip as it is drawn: see :meth:`SpokeGauge.draw_tips`."""
    drawn_lat: Floats
    stop_lon: Floats
    """The point of the lines that is as near to the tip as the foot is; NaN if no point is."""
    stop_lat: Floats

    def select(self, rows: Ints) -> Spokes:
        """Return some spokes."""
        columns: Iterable[Any] = (column[rows] for column in self)
        return Spokes(*columns)

    def insert(self, before: Ints, others: Spokes) -> Spokes:
        """Return these spokes and others, which are put before those in rows ``before``."""
        pairs = zip(self, others, strict=True)
        columns: Iterable[Any] = (np.insert(mine, before, theirs) for mine, theirs in pairs)
        return Spokes(*columns)


class LeftBank:
    """The left bank of lines, as a row of elements.

    In arrays of two rows, the first row is about the begin of each segment, the second about its
    end.

    Parameters
    ----------
    index
        The lines.
    meridian
        The longitude about which longitudes are unwrapped.
    """

    def __init__(self, index: LineIndex, meridian: float) -> None:
        p = index.pieces
        # Pieces of one straight segment go together: long segments have thousands.
        same = index.continues.copy()
        same[1:] &= (p.dlon[1:] == p.dlon[:-1]) & (p.dlat[1:] == p.dlat[:-1])
        first = np.flatnonzero(~same)
        last = np.append(first[1:], len(p.lon)) - 1
        self._pieces, self._first = p, first
        self.count = len(first)
        self.length_m = np.add.reduceat(p.length_m, first)
        self.node: Ints = np.stack([index.nodes.begin[first], index.nodes.end[last]])
        ends = p.at(last, np.ones(self.count))
        lon, lat = (np.stack(pair) for pair in zip((p.lon[first], p.lat[first]), ends, strict=True))
        self._set_rays(
            np.degrees(p.heading(first, lat[0])), np.degrees(p.heading(last, lat[1])) + 180.0
        )
        # Each node has one place, to the last digit; otherwise cells leave cracks between them.
        _, kept, node = np.unique(self.node.ravel(), return_index=True, return_inverse=True)
        self.lon = unwrap_near(lon.ravel()[kept][node].reshape(2, -1), meridian)
        self.lat = lat.ravel()[kept][node].reshape(2, -1)

    def _set_rays(self, out: Floats, back: Floats) -> None:
        """Find the sector left of each segment's ends: up to the next ray of the same node.

        A ray leaves a node along a segment. The sector lies anticlockwise of the ray out of the
        segment's begin, and clockwise of the ray back from its end.
        """
        n = self.count
        ray = np.concatenate([out, back]) % 360.0
        before, after = _find_neighbour_rays(self.node.ravel(), ray)
        gap = (ray[after] - ray) % 360.0
        gap[gap == 0.0] = 360.0
        # Two segments share a sector. They need the same number for its middle.
        middle = (ray + gap / 2.0) % 360.0
        sector = np.stack([gap[before[:n]], gap[n:]])
        self.middle = np.stack([middle[before[:n]], middle[n:]])
        # Whether the sector lies right of its other segment: its middle then divides the sides.
        self.is_open: _Bools = np.stack([before[:n] < n, after[n:] >= n])
        self.has_fan: _Bools = sector > 180.0 + _STRAIGHT
        self.is_hollow: _Bools = sector < 180.0 - _STRAIGHT
        self.sector = sector
        square = np.stack([out - 90.0, back + 90.0]) % 360.0
        self.edge_azimuth = np.where(self.has_fan, square, self.middle)

    def locate_spokes(self, element: Ints, share: Floats) -> tuple[Floats, Floats, Floats]:
        """Return longitude and latitude of the feet of spokes, and the azimuths of the spokes."""
        s, kind = element // 3, element % 3
        along = np.where(kind == SEGMENT, share, np.where(kind == BEGIN_FAN, 0.0, 1.0))
        lon, lat = (
            np.where(along == 1.0, at[1, s], at[0, s] + along * (at[1, s] - at[0, s]))
            for at in (self.lon, self.lat)
        )
        azimuth = np.degrees(self._pieces.heading(self._first[s], lat)) - 90.0
        edge, middle = self.edge_azimuth[:, s], self.middle[:, s]
        azimuth = np.where((kind == SEGMENT) & (share == 0.0), edge[0], azimuth)
        azimuth = np.where((kind == SEGMENT) & (share == 1.0), edge[1], azimuth)
        begin_fan = _turn_clockwise(middle[0], edge[0], share)
        end_fan = _turn_clockwise(edge[1], middle[1], share)
        azimuth = np.where(kind == BEGIN_FAN, begin_fan, azimuth)
        return lon, lat, np.where(kind == END_FAN, end_fan, azimuth)

    def list_fans(self) -> tuple[Ints, Floats]:
        """Return the elements that are fans, and over how many degrees each spreads."""
        end, s = np.nonzero(self.has_fan)
        # The other half of the sector is the fan of another segment, or lies right of the lines.
        return 3 * s + np.array([BEGIN_FAN, END_FAN])[end], self.sector[end, s] / 2.0 - 90.0

    def find_open(self, element: Ints, share: Floats) -> _Bools:
        """Return which spokes run where left and right part, in the middle of a sector."""
        s, kind = element // 3, element % 3
        at_begin = (kind == BEGIN_FAN) & (share == 0.0) & self.is_open[0, s]
        return np.asarray(at_begin | ((kind == END_FAN) & (share == 1.0) & self.is_open[1, s]))

    def find_hollow(self, element: Ints, share: Floats) -> _Bools:
        """Return which spokes stand in the corner of a hollow bend, and so have no length."""
        s, is_segment = element // 3, element % 3 == SEGMENT
        at_begin = is_segment & (share == 0.0) & self.is_hollow[0, s]
        return np.asarray(at_begin | (is_segment & (share == 1.0) & self.is_hollow[1, s]))


def _find_neighbour_rays(node: Ints, azimuth: Floats) -> tuple[Ints, Ints]:
    """Return the ray before and the ray after each ray, clockwise about its node."""
    order = np.lexsort((azimuth, node))
    first = find_group_starts(node[order])
    size = np.diff(np.append(first, len(node)))
    group = np.repeat(np.arange(len(first)), size)
    nth = number_within_groups(size)
    before, after = np.empty(len(node), dtype=np.int64), np.empty(len(node), dtype=np.int64)
    before[order] = order[first[group] + (nth - 1) % size[group]]
    after[order] = order[first[group] + (nth + 1) % size[group]]
    return before, after


def _turn_clockwise(begin: Floats, end: Floats, share: Floats) -> Floats:
    """Return azimuths at shares of the turn clockwise from one azimuth to another."""
    turned = (begin + share * ((end - begin) % 360.0)) % 360.0
    return np.where(share == 1.0, end, turned)


class SpokeGauge:
    """Measures spokes, and adds spokes until the line through their tips keeps to a tolerance.

    Parameters
    ----------
    index, bank
        The lines, and their left bank.
    width_m
        The width of the zone: no spoke need be much longer.
    tolerance_m
        How far the line through the tips may be from where another stretch becomes nearest.
    has_touches
        Whether a vertex touches another segment. Points near such a vertex may be equally near to
        two stretches, and then belong to the earlier one.
    """

    def __init__(
        self,
        index: LineIndex,
        bank: LeftBank,
        width_m: float,
        tolerance_m: float,
        *,
        has_touches: bool,
    ) -> None:
        self._index, self._bank, self._has_touches = index, bank, has_touches
        self._width_m = width_m
        self._tip_m = _TIP_SHARE * tolerance_m
        self._overlap_m = _OVERLAP_SHARE * tolerance_m
        self.reach_m = _REACH * width_m

    def measure_all(self, element: Ints, share: Floats) -> Spokes:
        """Measure spokes that are in the order of the bank."""
        count = len(element)
        found = Spokes(element, share, *(np.full(count, np.nan) for _ in Spokes._fields[2:]))
        stride, rows = _STRIDE, np.arange(0, count, _STRIDE)
        while True:
            stops = np.stack([found.stop_lon, found.stop_lat], axis=1)
            guesses = [stops[np.clip(rows + by, 0, count - 1)] for by in (-stride, stride)]
            for column, values in zip(
                found, self.measure(element[rows], share[rows], guesses), strict=True
            ):
                column[rows] = values
            if stride == 1:
                return found
            stride //= 2
            rows = np.arange(stride, count, 2 * stride)

    def measure(self, element: Ints, share: Floats, guesses: Sequence[Floats]) -> Spokes:
        """Measure spokes; ``guesses`` are points (n, 2) of the lines that may stop them."""
        lon, lat, azimuth = self._bank.locate_spokes(element, share)
        length, stop = np.zeros(len(lon)), np.full((len(lon), 2), np.nan)
        rows = np.flatnonzero(~self._bank.find_hollow(element, share))
        length[rows], stop[rows] = self.find_lengths(
            lon[rows], lat[rows], azimuth[rows], [guess[rows] for guess in guesses]
        )
        is_open = self._bank.find_open(element, share)
        # On the line between left and right, rounding decides; so we test a little to the left.
        inward = np.where(is_open, np.where(element % 3 == BEGIN_FAN, _STRAIGHT, -_STRAIGHT), 0.0)
        # Where a vertex touches another segment, a spoke may belong to the earlier stretch.
        # Elsewhere the middle of a spoke has the foot of its tip. We rely on that except for short
        # spokes.
        ask = is_open | self._has_touches | (length < _SURE_M)
        rows = np.flatnonzero((length > 0.0) & ask)
        middle = direct(lon[rows], lat[rows], (azimuth + inward)[rows], length[rows] / 2.0)
        length[rows[~self._index.is_left(middle[0], middle[1])]] = 0.0
        tip = _find_tips(lon, lat, azimuth, length)
        return Spokes(element, share, lon, lat, azimuth, length, *tip, *tip, *stop.T)

    def draw_tips(self, spokes: Spokes) -> Spokes:
        """Return spokes that are drawn a little longer where the land beyond is left, too."""
        is_open = self._bank.find_open(spokes.element, spokes.share)
        length = spokes.length_m
        rows = np.flatnonzero((length > 0.0) & (length < self.reach_m) & ~is_open)
        lon, lat, azimuth = spokes.lon[rows], spokes.lat[rows], spokes.azimuth[rows]
        longer = length[rows] + np.minimum(self._overlap_m, 0.1 * length[rows])
        tip_lon, tip_lat = _find_tips(lon, lat, azimuth, longer)
        is_left = self._index.is_left(tip_lon, tip_lat)
        drawn_lon, drawn_lat = spokes.drawn_lon.copy(), spokes.drawn_lat.copy()
        drawn_lon[rows[is_left]], drawn_lat[rows[is_left]] = tip_lon[is_left], tip_lat[is_left]
        return spokes._replace(drawn_lon=drawn_lon, drawn_lat=drawn_lat)

    def find_lengths(
        self, lon: Floats, lat: Floats, azimuth: Floats, guesses: Sequence[Floats] = ()
    ) -> tuple[Floats, Floats]:
        """Return how far spokes reach, up to the full reach, and the points (n, 2) that stop them.

        We begin at the full reach, or where a guess would stop the spoke. While another point of
        the lines is nearer to the tip than the foot is, we move the tip back to where both are
        equally near.
        """
        length, stop = self._apply_guesses(lon, lat, azimuth, guesses)
        open_ = np.arange(len(lon))
        for _ in range(_LOOKUPS):
            tip = direct(lon[open_], lat[open_], azimuth[open_], length[open_])
            near = self._index.nearest(tip[0], tip[1])
            nearer = near.distance_m < length[open_] - _find_tie(length[open_])
            open_ = open_[nearer]
            if not len(open_):
                break
            stop[open_] = np.stack([near.lon[nearer], near.lat[nearer]], axis=1)
            level = _find_level_lengths(
                lon[open_], lat[open_], azimuth[open_], stop[open_], length[open_]
            )
            # We shorten a spoke at least a little in each round, so that the search ends.
            length[open_] = np.minimum(level, length[open_] - _find_tie(length[open_]) / 4.0)
            none = length[open_] < _SHORTEST_M
            length[open_[none]] = 0.0
            open_ = open_[~none]
        return length, stop

    def _apply_guesses(
        self, lon: Floats, lat: Floats, azimuth: Floats, guesses: Sequence[Floats]
    ) -> tuple[Floats, Floats]:
        length, stop = np.full(len(lon), self.reach_m), np.full((len(lon), 2), np.nan)
        for guess in guesses:
            rows = np.flatnonzero(np.isfinite(guess[:, 0]))
            to_guess, _, away = inverse(lon[rows], lat[rows], *guess[rows].T)
            level = _find_level_on_sphere(away, to_guess - azimuth[rows])
            # Feet are right to micrometres. So a point that lies less than that off the line
            # through the foot stops no spoke, however short the level length is.
            ahead = away * np.cos(np.radians(to_guess - azimuth[rows]))
            clear = (ahead * self._tip_m > 10.0 * _find_tie(level) * level) & (ahead > 1e-3)
            shorter = np.flatnonzero(clear & (level < length[rows]))
            length[rows[shorter]] = level[shorter]
            stop[rows[shorter]] = guess[rows[shorter]]
        rows = np.flatnonzero(np.isfinite(stop[:, 0]))
        at = lon[rows], lat[rows], azimuth[rows]
        reach = np.full(len(rows), self.reach_m)
        level = _correct_level_lengths(*at, stop[rows], length[rows], reach)
        length[rows] = np.maximum(level, _SHORTEST_M)
        return length, stop

    # --- more spokes ---

    def refine(self, spokes: Spokes) -> Spokes:
        """Add spokes until the line through the tips keeps to the tolerance within the zone."""
        spokes = self._halve_edges(spokes, np.ones(len(spokes.element), dtype=bool), 0.5)
        for share in _CHECKS:
            edge = np.flatnonzero(np.diff(spokes.element) == 0)
            begin, end = spokes.select(edge), spokes.select(edge + 1)
            untried = np.zeros(len(spokes.element), dtype=bool)
            untried[edge] = self._has_touches | self._find_wrong_edges(begin, end, share)
            spokes = self._halve_edges(spokes, untried, share)
        return spokes

    def _halve_edges(self, spokes: Spokes, untried: _Bools, share: float) -> Spokes:
        """Halve edges until they keep to the tolerance; begin with those after ``untried`` spokes.

        These are measured at ``share`` first.
        """
        for turn in range(_ROUNDS):
            edge = np.flatnonzero(untried[:-1] & (np.diff(spokes.element) == 0))
            begin, end = spokes.select(edge), spokes.select(edge + 1)
            probe = self._probe_edges(begin, end, 0.5 if turn else share)
            cut = np.flatnonzero(self._find_loose_edges(begin, probe, end))
            if not len(cut):
                break
            untried[:] = False
            untried[edge[cut]] = True
            untried = np.insert(untried, edge[cut] + 1, True)
            spokes = spokes.insert(edge[cut] + 1, probe.select(cut))
        return spokes

    def _find_wrong_edges(self, begin: Spokes, end: Spokes, share: float) -> _Bools:
        """Return which edges between tips are not where another stretch becomes nearest.

        At one share of each edge we look up the nearest point twice. A little before the edge, it
        must lie between the feet of both spokes; a little beyond the edge, it must not. That takes
        a third of the time of measuring a spoke.
        """
        shortest = np.minimum(begin.length_m, end.length_m)
        wrong = shortest == 0.0  # we cannot test beside a spoke without length
        rows = np.flatnonzero((shortest > 0.0) & (shortest < self._width_m))
        a, b = begin.select(rows), end.select(rows)
        lon = a.tip_lon + share * (b.tip_lon - a.tip_lon)
        lat = a.tip_lat + share * (b.tip_lat - a.tip_lat)
        east = np.cos(np.radians(lat))
        along = np.stack([(b.tip_lon - a.tip_lon) * east, b.tip_lat - a.tip_lat])
        # The edge runs along the left of the line, so its own left side is beyond it.
        beyond = np.stack([-along[1] / east, along[0]]) / np.maximum(np.hypot(*along), 1e-15)
        beyond *= self._overlap_m / _DEGREE_M
        middle_lon, middle_lat = (a.lon + b.lon) / 2.0, (a.lat + b.lat) / 2.0
        half = np.hypot((b.lon - a.lon) * np.cos(np.radians(middle_lat)), b.lat - a.lat) / 2.0
        for side in (-1.0, 1.0):
            near = self._index.nearest(lon + side * beyond[0], lat + side * beyond[1])
            off_lon = wrap_degrees(near.lon - middle_lon) * np.cos(np.radians(middle_lat))
            is_own = np.hypot(off_lon, near.lat - middle_lat) <= 1.01 * half + _SAME_FOOT_DEGREES
            wrong[rows] |= is_own == (side > 0.0)
        return np.asarray(wrong)

    def _probe_edges(self, begin: Spokes, end: Spokes, share: float) -> Spokes:
        """Measure a spoke between each pair of neighbours, at a share of the edge between them.

        In a fan, equal angles may be very unequal parts of the edge, so we use a share of its
        chord.
        """
        between = np.full(len(begin.share), share)
        fan = np.flatnonzero(begin.element % 3 != SEGMENT)
        if len(fan):
            a, b = begin.select(fan), end.select(fan)
            to_chord, _, _ = inverse(
                a.lon,
                a.lat,
                a.tip_lon + share * (b.tip_lon - a.tip_lon),
                a.tip_lat + share * (b.tip_lat - a.tip_lat),
            )
            turn = (b.azimuth - a.azimuth) % 360.0
            part = ((to_chord - a.azimuth) % 360.0) / np.maximum(turn, 1e-12)
            # If one of the spokes has no length, the chord does not show the angle.
            blind = (part > 1.0) | (np.minimum(a.length_m, b.length_m) == 0.0)
            between[fan] = np.where(blind, 0.5, np.clip(part, 0.2, 0.8))
        guesses = [np.stack([one.stop_lon, one.stop_lat], axis=1) for one in (begin, end)]
        at = begin.share + between * (end.share - begin.share)
        return self.measure(begin.element, at, guesses)

    def _find_loose_edges(self, begin: Spokes, probe: Spokes, end: Spokes) -> _Bools:
        """Return on which edges between tips the probe's tip lies too far from the edge."""
        east = _DEGREE_M * np.cos(np.radians(probe.tip_lat))
        a, b = (
            np.stack([(s.tip_lon - probe.tip_lon) * east, (s.tip_lat - probe.tip_lat) * _DEGREE_M])
            for s in (begin, end)
        )
        chord = b - a
        squared = np.maximum((chord**2).sum(axis=0), 1e-12)
        share = np.clip(-(a * chord).sum(axis=0) / squared, 0.0, 1.0)
        off = np.hypot(*(a + share * chord))
        # A probe near one end of the chord says little about the rest of a fan.
        uneven = (probe.element % 3 != SEGMENT) & ((share < 0.1) | (share > 0.9))
        uneven &= np.sqrt(squared) > self._tip_m
        shortest = np.minimum(np.minimum(begin.length_m, end.length_m), probe.length_m)
        # Between spokes that are this close, another spoke would change less than the tolerance.
        feet = np.hypot((end.lon - begin.lon) * east, (end.lat - begin.lat) * _DEGREE_M)
        turn = np.radians(np.abs(wrap_degrees(end.azimuth - begin.azimuth)))
        apart = feet + turn * np.maximum(begin.length_m, end.length_m)
        loose = ((off > self._tip_m) | uneven) & (apart > self._tip_m)
        return np.asarray(loose & (shortest < self._width_m))


def _find_tie(length_m: Floats) -> Floats:
    """Return by how much distances must differ, in metres, for one of them to be the shorter.

    Distances up to 1,000 km come from a series. It is off by 22 µm at 500 km and by 0.7 mm at
    1,000 km, thirty times as much. Without this, a foot seemed nearer than the length of its spoke.
    """
    return TIE_M + 1e-3 * np.minimum(length_m / SERIES_M, 1.0) ** 5


def _find_tips(
    lon: Floats, lat: Floats, azimuth: Floats, length_m: Floats
) -> tuple[Floats, Floats]:
    """Return the ends of spokes; for spokes without length, exactly their feet."""
    tip_lon, tip_lat, _ = direct(lon, lat, azimuth, length_m)
    none = length_m == 0.0
    return np.where(none, lon, unwrap_near(tip_lon, lon)), np.where(none, lat, tip_lat)


def _find_level_lengths(
    lon: Floats, lat: Floats, azimuth: Floats, stop: Floats, most_m: Floats
) -> Floats:
    """Return the lengths along spokes at which the foot and the point ``stop`` are equally far.

    Lengths are at most ``most_m``.
    """
    to_stop, _, away = inverse(lon, lat, *stop.T)
    level = _find_level_on_sphere(away, to_stop - azimuth)
    return _correct_level_lengths(lon, lat, azimuth, stop, level, most_m)


def _find_level_on_sphere(away_m: Floats, turn: Floats) -> Floats:
    """Return the lengths along spokes at which the foot and another point are equally far.

    ``away_m`` is the distance of that point from the foot, and ``turn`` the angle at the foot, in
    degrees, between the point and the spoke.
    """
    ahead = np.maximum(np.cos(np.radians(turn)), 1e-15)
    return np.asarray(WGS84.a * np.arctan2(np.tan(away_m / 2.0 / WGS84.a), ahead))


def _correct_level_lengths(
    lon: Floats, lat: Floats, azimuth: Floats, stop: Floats, level: Floats, most_m: Floats
) -> Floats:
    """Make level lengths right to micrometres, by two steps of Newton on the ellipsoid."""
    level = np.minimum(level, most_m)
    for _ in range(2):
        tip_lon, tip_lat, back = direct(lon, lat, azimuth, level)
        to_stop, _, away = inverse(tip_lon, tip_lat, *stop.T)
        slope = 1.0 + np.cos(np.radians(to_stop - back - 180.0))
        better = level + (away - level) / np.maximum(slope, 1e-9)
        level = np.clip(better, level / 4.0, most_m)
    return np.asarray(level)
