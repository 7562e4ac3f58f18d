"""Find the points of lines that are nearest to given points, exactly and anywhere on Earth.

:class:`LineIndex` answers which point of the lines is nearest, how far away it is, and whether it
is passed on the left or on the right. It keeps the lines as short pieces and as nodes where pieces
meet or end (:class:`Nodes`). A tree of their chords finds the pieces near a point. The chords are
in Earth-centred coordinates, so the antimeridian and the poles need no special treatment.

Points and lines are degrees on WGS 84, longitude first; distances are metres. A *foot* is the
point of a piece that is nearest to a given point.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from geobuffer.geodesy import _cells, _grid
from geobuffer.geodesy._chord_tree import MANY_POINTS, ChordTree, sort_by_place
from geobuffer.geodesy._series import SERIES_M, PackedPieces, measure_pieces, pack_pieces
from geobuffer.geodesy.antimeridian import shift_to_0_360, wrap_degrees
from geobuffer.geodesy.ellipsoid import (
    WGS84,
    Floats,
    Ints,
    check_points,
    cut_into_pieces,
    find_group_minima,
    find_group_starts,
    inverse,
    number_within_groups,
    to_ecef,
)
from geobuffer.versions import has_numba

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray
    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy._cells import ClassTable, Grid, Runs
    from geobuffer.geodesy.ellipsoid import Pieces


# How many points we look up at once: each has some 40 candidates, so a batch takes less than 40 MB.
_BATCH = 16_384

# Distances that differ by less count as equal, and the earlier piece wins. Otherwise the numerical
# noise of geodesics (some nanometres) would decide which section a place is nearest to.
TIE_M = 1e-6

# The largest length of pieces. We cut them to 1,000 m, but they become a little longer where the
# length of a degree of longitude changes along a segment.
_PIECE_M = 1_100.0

# A point nearer than this is on the line. Feet are right to some micrometres only, so the direction
# from a foot to a nearer point does not show its side.
_ON_LINE_M = 1e-4


# From these numbers of points on, building a table takes less time than searching the tree: a table
# of memberships takes 0.1 s, a grid of distances 0.25 s, and loading compiled loops half a second.
# A table that exists is used for fewer points. A few points at a time are mostly near each other,
# and then the tree is faster, so the grid is used from a larger number on.
# These numbers are for lines with this many pieces.
_PIECES = 25_000
_TABLE_FROM = 20_000
_GRID_FROM = 40_000
_GRID_AFTER = 100_000
_COMPILED_FROM = 200_000
_KEPT_FROM = 2_000

# The table of memberships uses a short series for the distances of cells, which ends here.
_FARTHEST_EDGE_M = 900_000.0


class Nearest(NamedTuple):
    """The nearest points of some lines: one entry per given point."""

    distance_m: Floats
    line: Ints
    """The number of the line, in the order they were given."""
    chainage_m: Floats
    """Distance along that line from its start to the foot, in metres."""
    lon: Floats
    """Longitude of the foot, within ±180°."""
    lat: Floats


class Feet(NamedTuple):
    """Points of pieces: distance (m), number of the piece, share of it passed. One per point."""

    distance_m: Floats
    piece: Ints
    share: Floats


class LineIndex:
    """An index of lines that finds their nearest points, exactly and anywhere on Earth.

    A tree of tubes finds the pieces whose chords are short enough. Of these, the one with the
    shortest geodesic holds the foot.

    Many points are looked up in a grid of cells instead (:mod:`geobuffer.geodesy._cells`), which
    takes a fraction of the time, and even less if numba is installed (the extra ``fast``). The
    index builds the grid when that saves time, and keeps it. The tree still answers for points
    outside the grid, which reaches 110 km beyond the lines, and for points more than 1,000 km from
    them. Both ways measure the piece that they found by one formula
    (:mod:`geobuffer.geodesy._series`), so they agree to the last bit.

    Parameters
    ----------
    lines
        LineStrings or MultiLineStrings in longitude and latitude, degrees; also points, each of
        which becomes a piece of no length, and collections of lines and points.
    apart
        Whether each line is searched alone, like the rows of a table. Each call then states which
        line counts for each point, in the order of the lines.

    Raises
    ------
    GeometryError
        All lines are empty or without length; or a vertex is not finite, or beyond ±720° of
        longitude or ±90° of latitude.

    Examples
    --------
    >>> index = LineIndex([shapely.LineString([(36, 50), (36, 52)])])
    >>> foot = index.nearest([36.1], [51.0])
    >>> round(float(foot.distance_m[0]), 1), float(foot.lon[0]), round(float(foot.lat[0]), 4)
    (7019.8, 36.0, 51.0)
    """

    def __init__(self, lines: Sequence[BaseGeometry], *, apart: bool = False) -> None:
        self.pieces = cut_into_pieces(lines)
        self.continues: NDArray[np.bool_] = np.diff(self.pieces.part, prepend=-1) == 0
        self._chords = ChordTree(self.pieces, self.pieces.line if apart else None)
        self._tips = find_tips(lines)
        self._grid: Grid | None = None
        self._fine_grid: Grid | None = None
        self._class_table: ClassTable | None = None
        # How many points were looked up so far: from some number on, building a grid saves time.
        self._asked = 0
        # Building takes longer with more pieces.
        self._size = max(len(self.pieces.lon) / _PIECES, 1.0)

    def nearest(self, lon: ArrayLike, lat: ArrayLike) -> Nearest:
        """Return the nearest point of the lines for each given point.

        Answers depend neither on the number nor on the order of the points.

        Parameters
        ----------
        lon, lat
            Degrees on WGS 84, one-dimensional.

        Raises
        ------
        GeometryError
            A coordinate is not finite, a longitude lies beyond ±720°, or a latitude beyond ±90°.
        """
        p, (distance, i, t) = self.pieces, self.find_feet(*_to_arrays(lon, lat))
        chainage = p.chainage_m[i] + t * p.length_m[i]
        foot_lon, foot_lat = p.at(i, t)
        return Nearest(distance, p.line[i], chainage, wrap_degrees(foot_lon), foot_lat)

    def is_left(self, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
        """Return which points lie to the left of the stretch of line nearest to them.

        Left is meant in the direction of the line from its start. If the nearest point is a vertex,
        both stretches that meet there decide. If it is an end, the line counts as going straight
        on. A point of the line itself, to a tenth of a millimetre, is on the left.

        Parameters and errors are those of :meth:`nearest`.
        """
        return self.find_sides(lon, lat)[0]

    def find_sides(self, lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[np.bool_], Floats]:
        """Return what :meth:`is_left` returns, and the distances (metres), found at once."""
        lon, lat = _to_arrays(lon, lat)
        distance, piece, share = self.find_feet(lon, lat)
        p, nodes = self.pieces, self.nodes
        foot_lon, foot_lat = p.at(piece, share)
        passed = share * p.length_m[piece]
        at_begin, at_end = passed < TIE_M, p.length_m[piece] - passed < TIE_M
        left = self._lie_left_of_chords(lon, lat, piece, share)
        # Elsewhere a geodesic leaves the line at right angles, so vectors show the side.
        rows = np.flatnonzero(at_begin | at_end | (distance > SERIES_M))
        azimuth = np.full(len(lon), np.nan)
        azimuth[rows], _, _ = inverse(foot_lon[rows], foot_lat[rows], lon[rows], lat[rows])
        along = np.degrees(p.heading(piece[rows], foot_lat[rows]))
        left[rows] = wrap_degrees(azimuth[rows] - along) <= 0.0
        for node, at in ((nodes.begin[piece], at_begin), (nodes.end[piece], at_end)):
            rows = np.flatnonzero(at)
            left[rows] = nodes.is_left(azimuth[rows], node[rows])
        return np.asarray(left | (distance < _ON_LINE_M)), distance

    def _lie_left_of_chords(
        self, lon: Floats, lat: Floats, piece: Ints, share: Floats
    ) -> NDArray[np.bool_]:
        """Return which points lie left of the plane through a piece's chord and the vertical."""
        chord = self._chords.chord[piece]
        away = to_ecef(lon, lat) - self._chords.start[piece] - share[:, None] * chord
        foot_lon, foot_lat = np.radians(self.pieces.at(piece, share))
        flat = np.cos(foot_lat)
        up = np.stack([flat * np.cos(foot_lon), flat * np.sin(foot_lon), np.sin(foot_lat)], axis=1)
        return np.asarray((np.cross(chord, away) * up).sum(axis=1) >= 0.0)

    def within(self, lon: ArrayLike, lat: ArrayLike, distance_m: float) -> NDArray[np.bool_]:
        """Return which points lie within a distance (metres) of the lines, the edge included.

        With the grid, we measure only points in cells that the edge crosses, one in a hundred.
        Other parameters and errors are those of :meth:`nearest`.
        """
        lon, lat = _to_arrays(lon, lat)
        if not self._uses_class_table(len(lon), distance_m):
            return self.nearest(lon, lat).distance_m <= distance_m
        self._asked += len(lon)
        table, open_ = self._get_class_table(distance_m), None
        if self._uses_kernels(len(lon)):
            found = _grid.look_up_classes(table, lon, lat)
            open_ = np.flatnonzero(found < 0)
            lon, lat = lon[open_], lat[open_]
        classes, rows, cell = _cells.look_up_classes(table, lon, lat)
        measured = _cells.measure_open(table, self._packed_pieces, lon[rows], lat[rows], cell)
        bad = rows[measured < 0]
        check_points(lon[bad], lat[bad], bad if open_ is None else open_[bad])
        classes[rows] = measured
        if open_ is None:
            found = classes
        else:
            found[open_] = classes
        inside: NDArray[np.bool_] = found.view(bool)
        return inside

    def build_cells(self) -> None:
        """Build the grid of cells now, so that copies of the index have it."""
        if self._has_grid:
            self._get_grid()

    def _uses_grid(self, count: int) -> bool:
        enough = min(_GRID_FROM * self._size, _GRID_AFTER * self._size - self._asked)
        return count >= (_KEPT_FROM if self._grid else enough) and self._has_grid

    def _uses_class_table(self, count: int, distance_m: float) -> bool:
        is_kept = self._class_table is not None and self._class_table.edge_m == distance_m
        enough = _KEPT_FROM if is_kept else _TABLE_FROM * self._size
        return count >= enough and self._has_grid and distance_m <= _FARTHEST_EDGE_M

    def _uses_kernels(self, count: int) -> bool:
        """Return whether to use compiled loops for this many points."""
        if not has_numba() or count < _KEPT_FROM:
            return False
        return _grid.is_loaded() or self._asked >= _COMPILED_FROM

    @cached_property
    def _has_grid(self) -> bool:
        # Towards a pole the cells of a grid shrink to slivers.
        return bool(np.abs(self.pieces.lat).max() < 80.0)

    @cached_property
    def nodes(self) -> Nodes:
        """The nodes in which the pieces meet and end."""
        return Nodes(self.pieces, self._tips)

    def find_feet(self, lon: Floats, lat: Floats, *, line: Ints | None = None) -> Feet:
        """Return the nearest points of the lines as points of their pieces.

        Parameters
        ----------
        lon, lat
            Degrees on WGS 84, (n,).
        line
            If lines are looked up apart, the number of the line that counts for each point, not
            descending.
        """
        if not len(lon):
            return Feet(np.empty(0), np.empty(0, np.int64), np.empty(0))
        if line is None:
            if self._uses_grid(len(lon)):
                return self._find_in_grid(lon, lat)
            self._asked += len(lon)
        return self._search_tree(lon, lat, line)

    def _search_tree(self, lon: Floats, lat: Floats, line: Ints | None) -> Feet:
        check_points(lon, lat, np.arange(len(lon)))
        xyz = to_ecef(lon, lat)
        if len(lon) < MANY_POINTS:
            return self._find_in_tree(lon, lat, xyz, line)
        # The tree takes points that follow one another as a group.
        order = sort_by_place(xyz)
        if line is not None:
            order = order[np.argsort(line[order], kind="stable")]
        batches = [
            self._find_in_tree(
                lon[rows], lat[rows], xyz[rows], None if line is None else line[rows]
            )
            for rows in np.split(order, range(_BATCH, len(order), _BATCH))
        ]
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        return Feet(*(np.concatenate(column)[place] for column in zip(*batches, strict=True)))

    def measure_feet(self, lon: Floats, lat: Floats, piece: Ints) -> Feet:
        """Return the point of a given piece that is nearest to each point."""
        away = to_ecef(lon, lat) - self._chords.start[piece]
        near = self._has_grid & ((away * away).sum(axis=1) <= (SERIES_M - _PIECE_M) ** 2)
        share = np.full(len(lon), 0.5)
        far = np.flatnonzero(~near)
        if len(far):
            chord, squared = self._chords.chord[piece[far]], self._chords.squared[piece[far]]
            along = (away[far] * chord).sum(axis=1) / np.where(squared > 0.0, squared, 1.0)
            share[far] = np.clip(along, 0.0, 1.0)
        return self._measure_feet(lon, lat, piece, share, near)

    def _find_in_tree(self, lon: Floats, lat: Floats, xyz: Floats, line: Ints | None) -> Feet:
        point, piece, t, chord = self._chords.find_candidates(xyz, line)
        once = ~self._find_repeats(point, piece, t, chord)
        near = chord <= SERIES_M if self._has_grid else np.zeros(len(chord), dtype=bool)
        point, piece, t = point[once], piece[once], t[once]
        distance, _, t = self._measure_feet(lon[point], lat[point], piece, t, near[point])
        shortest = find_group_minima(distance, point)
        level = np.flatnonzero(distance <= shortest[point] + TIE_M)
        chosen = level[find_group_starts(point[level])]
        return Feet(distance[chosen], piece[chosen], t[chosen])

    def _find_repeats(
        self, point: Ints, piece: Ints, t: Floats, chord: Floats
    ) -> NDArray[np.bool_]:
        """Return which feet are on a vertex of the piece before, too: we measure such a foot once.

        Only within 100 km, where the foot of the chord is the foot of the geodesic to 1 m.
        """
        repeats = np.zeros(len(point), dtype=bool)
        repeats[1:] = (
            (point[1:] == point[:-1])
            & (piece[1:] == piece[:-1] + 1)
            & (t[1:] == 0.0)
            & (t[:-1] == 1.0)
        )
        return np.asarray(repeats & self.continues[piece] & (chord[point] < 1e5))

    def _measure_feet(
        self, lon: Floats, lat: Floats, piece: Ints, t: Floats, near: NDArray[np.bool_]
    ) -> Feet:
        """Measure geodesics from points to their pieces; the ``near`` ones as the grid does."""
        distance, t = np.empty(len(piece)), t.copy()
        for rows, measure in (
            (np.flatnonzero(near), self._measure_series),
            (np.flatnonzero(~near), self._slide_feet),
        ):
            if len(rows):
                distance[rows], t[rows] = measure(lon[rows], lat[rows], piece[rows], t[rows])
        return Feet(distance, piece, t)

    def _measure_series(
        self, lon: Floats, lat: Floats, piece: Ints, t: Floats
    ) -> tuple[Floats, Floats]:
        """Return distances to pieces and shares passed, to the last bit as the grid does."""
        del t  # the series finds its own foot
        return measure_pieces(self._packed_pieces, piece, lon, lat)

    def _slide_feet(
        self, lon: Floats, lat: Floats, piece: Ints, t: Floats
    ) -> tuple[Floats, Floats]:
        """Slide feet along their pieces until geodesics meet them at right angles (Newton)."""
        length = np.maximum(self.pieces.length_m[piece], 1e-9)  # a point has no length
        best, slide = self._measure_geodesics(lon, lat, piece, t)
        best_t, t = t.copy(), t.copy()
        for _ in range(8):
            better = np.clip(t + slide / length, 0.0, 1.0)
            # Sliding a foot by e changes the distance s by e²/2s; we stop below a nanometre, and at
            # distance zero, where no direction shows which way to slide.
            loose = np.flatnonzero((((better - t) * length) ** 2 > 2e-9 * best) & (best > 1e-9))
            if not len(loose):
                break
            t[loose] = better[loose]
            distance, slide[loose] = self._measure_geodesics(
                lon[loose], lat[loose], piece[loose], t[loose]
            )
            shorter = distance < best[loose]
            best[loose[shorter]], best_t[loose[shorter]] = distance[shorter], t[loose[shorter]]
        return best, best_t

    def _measure_geodesics(
        self, lon: Floats, lat: Floats, piece: Ints, t: Floats
    ) -> tuple[Floats, Floats]:
        """Return the distance to feet on pieces, and how far to slide each foot on (metres)."""
        p = self.pieces
        foot_lon, foot_lat = p.at(piece, t)
        azimuth, _, distance = inverse(foot_lon, foot_lat, lon, lat)
        phi, heading = np.radians(foot_lat), p.heading(piece, foot_lat)
        turn = np.radians(azimuth) - heading
        # How the slope of the distance, −cos(turn), grows along the piece: because geodesics
        # spread, and because the piece bends. Far away, the bend outweighs the spread.
        bend = np.tan(phi) * np.sin(heading) * (1.0 + np.cos(heading) ** 2)
        spread = np.sin(turn) ** 2 / np.tan(np.clip(distance / WGS84.a, 1e-12, 3.1))
        growth = (spread + np.sin(turn) * bend) / WGS84.a
        # Where the slope falls, the nearest point is an end: we slide as far as the piece goes.
        slide = np.cos(turn) / np.maximum(growth, 1e-12)
        return distance, slide

    def _find_in_grid(self, lon: Floats, lat: Floats) -> Feet:
        self._asked += len(lon)
        if self._uses_kernels(len(lon)):
            found = _grid.find_nearest(self._get_fine_grid(), self._packed_pieces, lon, lat)
        else:
            found = _cells.find_nearest(self._get_grid(), self._packed_pieces, lon, lat)
        distance, piece, share = found
        feet = Feet(distance, piece.astype(np.int64), share)
        beyond = np.flatnonzero(feet.piece < 0)
        if len(beyond):
            check_points(lon[beyond], lat[beyond], beyond)
            rest = self._search_tree(lon[beyond], lat[beyond], None)
            for column, values in zip(feet, rest, strict=True):
                column[beyond] = values
        return feet

    def _get_grid(self) -> Grid:
        """Return the grid; build it at first use."""
        if self._grid is None:
            pieces = self._packed_pieces
            self._grid = _cells.build_grid(pieces, self._runs, self.pieces.lon, self.pieces.lat)
        return self._grid

    def _get_fine_grid(self) -> Grid:
        """Return the grid for compiled loops; build it at first use."""
        if self._fine_grid is None:
            self._fine_grid = _grid.refine_grid(self._get_grid(), self._packed_pieces)
        return self._fine_grid

    def _get_class_table(self, distance_m: float) -> ClassTable:
        """Return which cells lie within a distance; we keep the table of the last distance."""
        if self._class_table is None or self._class_table.edge_m != distance_m:
            self._class_table = _cells.build_class_table(
                self._packed_pieces, self._runs, self.pieces.lon, self.pieces.lat, distance_m
            )
        return self._class_table

    @cached_property
    def _runs(self) -> Runs:
        return _cells.join_runs(self._packed_pieces.chord, self.continues)

    @cached_property
    def _packed_pieces(self) -> PackedPieces:
        """The pieces as both engines measure them."""
        p = self.pieces
        middle = to_ecef(p.lon + p.dlon / 2.0, p.lat + p.dlat / 2.0)
        return pack_pieces(self._chords.start, self._chords.chord, self._chords.squared, middle)


# --- where pieces meet and end ---


class Nodes:
    """The nodes at both ends of pieces, in which parts with a common end vertex meet.

    Parameters
    ----------
    pieces
        The pieces of lines.
    tips
        What :func:`find_tips` returns for those lines.
    """

    def __init__(self, pieces: Pieces, tips: Floats) -> None:
        self._pieces = pieces
        parts = np.unique(pieces.part)
        _, met = np.unique(tips[parts].reshape(-1, 2), axis=0, return_inverse=True)
        first = find_group_starts(pieces.part)
        count = len(pieces.part)
        begin, end = np.arange(count), np.arange(1, count + 1)
        begin[first], end[np.append(first[1:], count) - 1] = count + 1 + met.reshape(-1, 2).T
        self.begin: Ints = begin
        self.end: Ints = end

    def is_left(self, azimuth: Floats, node: Ints) -> NDArray[np.bool_]:
        """Return which azimuths (degrees) from nodes point left, by the node's nearest ray."""
        at, bearing, leaves = self._rays
        first, count = np.searchsorted(at, node), np.searchsorted(at, node, side="right")
        count -= first
        ray = np.repeat(first, count) + number_within_groups(count)
        point = np.repeat(np.arange(len(node)), count)
        turn = wrap_degrees(np.repeat(azimuth, count) - bearing[ray])
        best = np.lexsort((np.abs(turn), point))
        best = best[find_group_starts(point[best])]
        return np.asarray((turn[best] <= 0.0) == leaves[ray[best]])

    @cached_property
    def _rays(self) -> tuple[Ints, Floats, NDArray[np.bool_]]:
        """The rays of nodes: node, azimuth (degrees) and whether the line leaves along it."""
        p, every = self._pieces, np.arange(len(self.begin))
        out = np.degrees(p.heading(every, p.lat))
        back = np.degrees(p.heading(every, p.lat + p.dlat)) + 180.0
        node = np.concatenate([self.begin, self.end])
        order = np.argsort(node, kind="stable")
        leaves = np.repeat([True, False], len(every))
        return node[order], np.concatenate([out, back])[order], leaves[order]


def find_tips(lines: Sequence[BaseGeometry]) -> Floats:
    """Return (parts, 2, 2): first and last vertex of each part, in longitudes 0° to 360°.

    Parts that meet share that vertex. Adding a turn rounds off digits, so we round to 0.01 mm.

    Examples
    --------
    >>> find_tips([shapely.LineString([(-170, 50), (0, 51), (10, 52)])]).tolist()
    [[[190.0, 50.0], [10.0, 52.0]]]
    """
    parts = shapely.get_parts(np.asarray(lines, dtype=object))
    coords, part = shapely.get_coordinates(parts, return_index=True)
    ends = np.full((len(parts), 2, 2), np.nan)
    ends[part[::-1], 0], ends[part, 1] = coords[::-1], coords
    ends[..., 0] = shift_to_0_360(ends[..., 0])
    return np.round(ends, 10)


# --- arguments ---


def _to_arrays(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Return longitudes and latitudes as one-dimensional arrays."""
    return (
        np.atleast_1d(np.asarray(lon, dtype=np.float64)),
        np.atleast_1d(np.asarray(lat, dtype=np.float64)),
    )
