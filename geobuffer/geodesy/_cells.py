"""Build and search a grid of cells with numpy: which pieces a cell keeps, which one is nearest.

This module builds the grid, and searches it where the compiled loops of
:mod:`geobuffer.geodesy._kernels` are not used: without numba, or for few points. Both find the same
pieces and the same distances, to the last bit. The comments of the loops explain why the method is
correct. The module is long because distances and memberships share most of its steps.

``pieces`` is ``PackedPieces.chord``: start (3), chord (3), its squared length and the inverse of
that. Points are longitude and latitude in degrees, or Earth-centred metres (3, n).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from geobuffer.geodesy._chord_tree import _chord_slack as get_chord_slack
from geobuffer.geodesy._series import SERIES_M, B, measure_from, to_xyz
from geobuffer.geodesy.antimeridian import find_narrowest_range
from geobuffer.geodesy.ellipsoid import (
    find_group_minima,
    find_group_starts,
    is_on_globe,
    number_within_groups,
    to_ecef,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geobuffer.geodesy._series import PackedPieces
    from geobuffer.geodesy.ellipsoid import Floats, Ints

    Numbers = NDArray[np.integer[Any]]


# How many pairs of a cell and a piece, and how many points, we measure at once. An array of them is
# 128 kB, so the arrays of a step fit into the processor's L2 cache.
_PAIRS = 16_384
_POINTS = 16_384

# We start with about this many cells and halve them in both directions. For distances, 25,000 cells
# keep nine pieces each. One more halving would take half as long again to build, and distances
# would not become faster.
_FIRST_CELLS = 24
_HALVINGS = 5

# For memberships we halve only the cells that the edge crosses. Around the default border this
# makes 400,000 cells of a square kilometre, and we measure only points in one cell of a hundred.
# After one more halving the table would not fit into the processor's L2 cache, and look-ups would
# take longer.
_TABLE_HALVINGS = 7

# While cells are large, we compare runs of this many pieces instead of pieces, up to this number of
# halvings. That halves the time of building.
_RUN = 8
_RUN_HALVINGS = 3
_TABLE_RUN_HALVINGS = 4

# Cells much larger than the pieces, as around a line across an ocean, keep thousands of pieces. We
# leave the cells with the longest lists to the tree, so that building a grid ends after a second.
_MOST_PIECES = 1_000_000

# How far beyond the lines the grid of distances reaches; the tree answers for points outside.
_MARGIN_M = 110_000.0

# Coordinates of the Earth's size are rounded to a nanometre.
_ROUNDING_M = 1e-8

# The columns of ``PackedPieces.chord`` that tables of chords have: all but the squared length.
_COLUMNS = (0, 1, 2, 3, 4, 5, 7)

# As in the tree and the kernels: feet within a micrometre are equal, and the earlier piece wins.
_TIE_M = 1e-6


class Grid(NamedTuple):
    """Cells in rows from the south-west corner (degrees), and the pieces that each one keeps."""

    west: float
    south: float
    width: float
    height: float
    columns: int
    rows: int
    first: NDArray[np.int32]
    """Where the pieces of a cell begin in ``member``; one more than there are cells.

    For points in a cell without pieces, the tree answers.
    """
    member: NDArray[np.int32]
    sag_m: float
    """By how much the distances to a piece and to its chord differ at most."""


class Frame(NamedTuple):
    """Where the cells of a grid are: the south-west corner, a cell's size (degrees), the number."""

    west: float
    south: float
    width: float
    height: float
    columns: int
    rows: int

    @property
    def cells(self) -> int:
        """The number of cells."""
        return self.columns * self.rows

    def halve_cells(self) -> Frame:
        """Return the frame with cells halved in both directions."""
        west, south, width, height, columns, rows = self
        return Frame(west, south, width / 2, height / 2, 2 * columns, 2 * rows)


def make_frame(lon: Floats, lat: Floats, margin_m: float) -> Frame:
    """Return a frame of a few cells that reaches a margin beyond points (degrees)."""
    pad_lat = np.degrees(margin_m / B)
    south, north = lat.min() - pad_lat, lat.max() + pad_lat
    pad_lon = pad_lat / np.cos(np.radians(min(max(abs(south), abs(north)), 89.0)))
    west, span = find_narrowest_range(lon)
    west, span = west - pad_lon, min(span + 2.0 * pad_lon, 360.0)
    aspect = span * np.cos(np.radians((south + north) / 2.0)) / (north - south)
    rows = max(round(np.sqrt(_FIRST_CELLS / aspect)), 1)
    columns = max(round(_FIRST_CELLS / rows), 1)
    return Frame(west, south, span / columns, (north - south) / rows, columns, rows)


class Lists(NamedTuple):
    """Which pieces or runs each cell keeps, and how far away the lines are."""

    first: Ints
    """Where those of a cell begin in ``member``; one more than there are cells."""
    member: NDArray[np.int32]
    least_m: Floats
    """A lower bound of the distance of the middle of each cell from the lines."""
    most_m: Floats
    """An upper bound of it. Where pieces are kept, both are the distance."""
    radius_m: Floats
    """The distance of the corners of each cell from its middle."""

    def select(self, cells: NDArray[np.bool_]) -> Lists:
        """Return the lists of some cells."""
        count = np.diff(self.first)
        first = np.concatenate([[0], np.cumsum(count[cells])])
        member = self.member[cells.repeat(count)]
        return Lists(first, member, self.least_m[cells], self.most_m[cells], self.radius_m[cells])


class Runs(NamedTuple):
    """Runs of consecutive pieces, each as one chord from the start of the first to the last end.

    While cells are large, we compare them with runs, of which there are an eighth as many. Every
    point of the pieces lies within ``table[7]`` (metres) of the chord. The reverse holds as well,
    because the feet of the pieces on the chord go from its start to its end.
    """

    table: Floats
    """By row: start (3), chord (3), the inverse of its squared length, and how far the pieces
    depart from it. (8, n)"""
    first: Ints
    """The number of the first piece of each run; one more than there are runs."""


def make_table(pieces: Floats) -> Floats:
    """Return pieces as a table like that of :class:`Runs`, with a deviation of 0."""
    return np.concatenate([pieces.T[list(_COLUMNS)], np.zeros((1, len(pieces)))])


def join_runs(pieces: Floats, continues: NDArray[np.bool_]) -> Runs:
    """Return runs of pieces; ``continues`` marks pieces that begin at the end of the one before."""
    starts = np.flatnonzero(~continues)
    count = np.diff(np.append(starts, len(pieces)))
    nth = np.arange(len(pieces)) - starts.repeat(count)
    first = np.append(np.flatnonzero(nth % _RUN == 0), len(pieces))
    size = np.diff(first)
    start, last = pieces[first[:-1], :3], pieces[first[1:] - 1]
    chord = last[:, :3] + last[:, 3:6] - start
    squared = (chord * chord).sum(axis=1)
    inverse = 1.0 / np.where(squared > 0.0, squared, 1.0)
    table = np.concatenate([start.T, chord.T, [inverse], [np.zeros(len(size))]])
    own = np.arange(len(size)).repeat(size)
    # The distance to a chord is convex, so it is largest at a vertex. The last one is on the chord.
    away, _ = _measure_chords(table.take(own, axis=1), pieces.T[:3])
    table[7] = np.maximum.reduceat(away, first[:-1]) + _ROUNDING_M
    return Runs(table, first)


def list_pieces(lists: Lists, runs: Runs) -> Lists:
    """Return lists of runs as lists of their pieces."""
    size = np.diff(runs.first)[lists.member]
    member = runs.first[lists.member].repeat(size) + number_within_groups(size)
    room = np.concatenate([[0], np.cumsum(size)])
    return lists._replace(first=room[lists.first], member=member.astype(np.int32))


def thin_cells(
    table: Floats, sag: float, frame: Frame, lists: Lists, parent: Ints, cell: Ints
) -> Lists:
    """Select for each cell the pieces of its parent that may be nearest in it.

    ``table`` holds pieces, or runs (:class:`Runs`), and ``parent`` the number of the list that each
    cell chooses from.
    """
    first, member = lists.first, lists.member
    counts = np.diff(first)[parent]
    offset = np.concatenate([[0], np.cumsum(counts)])
    kept, found = np.empty(len(parent), dtype=np.int64), []
    bounds = np.empty((3, len(parent)))
    for low, high in _split(offset, _PAIRS):
        count = counts[low:high]
        own = np.arange(high - low).repeat(count)
        begin = first[parent[low:high]] - (offset[low:high] - offset[low])
        piece = member.take(begin.repeat(count) + np.arange(len(own)))
        corner = _place_corners(frame, cell[low:high])
        own, piece, bounds[:, low:high] = _thin_block(table, sag, corner, own, piece)
        kept[low:high] = np.bincount(own, minlength=high - low)
        found.append(piece)
    starts = np.concatenate([[0], np.cumsum(kept)])
    # We convert chords to distances.
    bounds *= 1.0 + bounds * bounds / (24.0 * B * B)
    return Lists(starts, np.concatenate(found), *bounds)


def _split(offset: Ints, size: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of groups that have about ``size`` members together."""
    parts = max(1, -(-int(offset[-1]) // size))
    cuts = np.searchsorted(offset, np.linspace(0, offset[-1], parts + 1))
    cuts[0], cuts[-1] = 0, len(offset) - 1
    cuts = np.unique(cuts)
    yield from zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)


def _place_corners(frame: Frame, cell: Ints) -> Floats:
    """Return the four corners of cells and their middles, Earth-centred: (5, 3, n)."""
    row, column = cell // frame.columns, cell % frame.columns
    lon = frame.west + (column + 0.5) * frame.width
    lat = frame.south + (row + 0.5) * frame.height
    east = np.array([-0.5, 0.5, -0.5, 0.5, 0.0])[:, None] * frame.width
    north = np.array([-0.5, -0.5, 0.5, 0.5, 0.0])[:, None] * frame.height
    return np.moveaxis(to_ecef(lon + east, lat + north), -1, 1)


def _thin_block(
    table: Floats, sag: float, corner: Floats, own: Ints, piece: NDArray[np.int32]
) -> tuple[Ints, NDArray[np.int32], Floats]:
    """Return the pairs (cell, piece) to keep, and the bounds of cells, (3, n), as chords.

    Bounds are ``least_m``, ``most_m`` and ``radius_m`` of :class:`Lists`.
    """
    reach = _measure(corner[:4] - corner[4], axis=1).max(axis=0)
    # The surface of the cell bulges above the plane of its corners.
    bulge = reach * reach / (2.0 * B)
    reach += bulge
    chords = table.take(piece, axis=1)
    away, share = _measure_chords(chords, corner[4].take(own, axis=1))
    lowest, most = away - chords[7], find_group_minima(away + chords[7], own)
    slack = sag + get_chord_slack(most + 2.0 * reach)
    keep = (lowest <= (most + 2.0 * reach + slack).take(own)).nonzero()[0]
    bounds = np.stack([np.maximum(find_group_minima(lowest, own), 0.0), most, reach])
    own, piece, chords = own.take(keep), piece.take(keep), chords.take(keep, axis=1)
    margin = slack + 2.0 * bulge * np.minimum(1.0, (most + 4.0 * reach) / B)
    measured = [_measure_chords(chords, at.take(own, axis=1)) for at in corner[:4]]
    measured.append((away.take(keep), share.take(keep)))
    beaten = np.zeros(len(own), dtype=bool)
    for away, share in measured:
        away = away + chords[7]  # noqa: PLW2901
        best = (away == find_group_minima(away, own).take(own)).nonzero()[0]
        best = best.take(find_group_starts(own.take(best)))
        foot = chords[:3].take(best, axis=1) + share.take(best) * chords[3:6].take(best, axis=1)
        to_foot = _measure(corner[:4] - foot, axis=1) + margin + chords[7].take(best)
        farther = [measured[c][0] - chords[7] > to_foot[c].take(own) for c in range(4)]
        beaten |= farther[0] & farther[1] & farther[2] & farther[3]
    left = (~beaten).nonzero()[0]
    return own.take(left), piece.take(left), bounds


def _measure(vectors: Floats, axis: int) -> Floats:
    return np.asarray(np.sqrt((vectors * vectors).sum(axis=axis)))


def _measure_chords(chords: Floats, at: Floats) -> tuple[Floats, Floats]:
    """Return the distance of each point to its chord, and the share along it."""
    square, share = _measure_squares(chords, at)
    return np.sqrt(square), share


def _measure_squares(chords: Floats, at: Floats) -> tuple[Floats, Floats]:
    """Return the squared distance of each point to its chord, and the share along it."""
    ax, ay, az = at[0] - chords[0], at[1] - chords[1], at[2] - chords[2]
    vx, vy, vz = chords[3], chords[4], chords[5]
    share = ax * vx
    share += ay * vy
    share += az * vz
    share *= chords[6]
    np.maximum(share, 0.0, out=share)
    np.minimum(share, 1.0, out=share)
    ax -= share * vx
    ay -= share * vy
    az -= share * vz
    ax *= ax
    ay *= ay
    az *= az
    ax += ay
    ax += az
    return ax, share


# --- the grid of distances ---


def find_sag(pieces: PackedPieces) -> float:
    """Return by how much the distances to a piece and to its chord differ at most, in metres."""
    return 2.0 * float(np.linalg.norm(pieces.bend, axis=1).max() / 4.0)


def build_grid(pieces: PackedPieces, runs: Runs, lon: Floats, lat: Floats) -> Grid:
    """Build the grid about pieces; ``lon`` and ``lat`` (degrees) are those of their starts."""
    frame, sag = make_frame(lon, lat, _MARGIN_M), find_sag(pieces)
    lists, table, cell = _list_all(runs, frame), runs.table, np.arange(frame.cells)
    parent = cell
    for halving in range(_HALVINGS + 1):
        if halving == _RUN_HALVINGS + 1:
            lists, table = list_pieces(lists, runs), make_table(pieces.chord)
        if halving:
            short = _find_shortest(np.diff(lists.first), _MOST_PIECES)
            cell, lists = cell[short], lists.select(short)
            place = np.full(frame.cells, -1)
            place[cell] = np.arange(len(cell))
            frame = frame.halve_cells()
            parent = place[find_parents(frame)]
            cell = (parent >= 0).nonzero()[0]
            parent = parent[cell]
        lists = thin_cells(table, sag, frame, lists, parent, cell)
    kept = np.zeros(frame.cells, dtype=np.int64)
    kept[cell] = np.diff(lists.first)
    return make_grid(frame, np.concatenate([[0], np.cumsum(kept)]), lists.member, sag)


def _find_shortest(count: Ints, most: int) -> NDArray[np.bool_]:
    """Return which lists to keep: the shortest ones, with at most ``most`` entries together."""
    order = np.argsort(count, kind="stable")
    found = np.empty(len(count), dtype=bool)
    found[order] = np.cumsum(count[order]) <= most
    return found


def _list_all(runs: Runs, frame: Frame) -> Lists:
    """Return lists of all runs for each cell."""
    count = frame.cells
    every = np.arange(len(runs.first) - 1, dtype=np.int32)
    first = np.arange(count + 1, dtype=np.int64) * len(every)
    unknown = np.full(count, np.inf)
    return Lists(first, np.tile(every, count), np.zeros(count), unknown, unknown)


def find_parents(frame: Frame) -> Ints:
    """Return for each cell the number of the larger cell of which it is a quarter."""
    row, column = np.divmod(np.arange(frame.cells), frame.columns)
    parent: Ints = (row // 2) * (frame.columns // 2) + column // 2
    return parent


def make_grid(frame: Frame, first: Ints, member: NDArray[np.int32], sag: float) -> Grid:
    """Return the grid of the pieces that cells keep."""
    return Grid(*frame, first.astype(np.int32), member, sag)


def find_cells(grid: Grid, lon: Floats, lat: Floats) -> NDArray[np.int32]:
    """Return the cell of each point, −1 outside the grid."""
    with np.errstate(invalid="ignore"):  # a coordinate that is not a number is outside
        turned = lon - grid.west
        turned -= 360.0 * np.floor(turned / 360.0)
        column, row = turned / grid.width, (lat - grid.south) / grid.height
        inside = (column < grid.columns) & (row >= 0.0) & (row < grid.rows)
        cell = row.astype(np.int32) * np.int32(grid.columns) + column.astype(np.int32)
    return np.where(inside, cell, np.int32(-1))


# --- memberships ---


class ClassTable(NamedTuple):
    """Which cells lie within a distance of lines (1), beyond (0), or have the edge in them (−1)."""

    frame: Frame
    classes: NDArray[np.int8]
    """The class of each cell; a ring of additional cells around the grid has the class 0."""
    edge: Ints
    """The cells that have the edge in them, as numbered in ``classes``, ascending."""
    first: Ints
    """Where the pieces of those cells begin in ``member``."""
    member: NDArray[np.int32]
    edge_m: float
    sag_m: float


def build_class_table(
    pieces: PackedPieces, runs: Runs, lon: Floats, lat: Floats, edge_m: float
) -> ClassTable:
    """Return which cells lie within a distance of the lines; only undecided cells are halved.

    ``lon`` and ``lat`` (degrees) are those of the starts of pieces.
    """
    # The last piece of a line reaches 1.1 km beyond its start, and a little more in high latitudes.
    frame, sag = make_frame(lon, lat, 1.02 * edge_m + 2_000.0), find_sag(pieces)
    lists, table, cell = _list_all(runs, frame), runs.table, np.arange(frame.cells)
    classes = np.full(frame.cells, -1, dtype=np.int8)
    for halving in range(1, _TABLE_HALVINGS + 1):
        (row, column), frame = np.divmod(cell, frame.columns), frame.halve_cells()
        across = np.array([0, 1, 0, 1]) + 2 * column[:, None]
        cell = ((np.array([0, 0, 1, 1]) + 2 * row[:, None]) * frame.columns + across).ravel()
        parent = np.arange(len(row)).repeat(4)
        classes = classes.reshape(frame.rows // 2, -1).repeat(2, axis=0).repeat(2, axis=1).ravel()
        if not len(cell):
            continue
        if halving == _TABLE_RUN_HALVINGS + 1:
            lists, table = list_pieces(lists, runs), make_table(pieces.chord)
        lists = thin_cells(table, sag, frame, lists, parent, cell)
        classes[cell] = found = _classify(lists, edge_m)
        cell, lists = cell[found < 0], lists.select(found < 0)
    # A ring of cells around the grid holds all points outside, so we need not compare coordinates.
    framed = np.zeros((frame.rows + 2, frame.columns + 2), dtype=np.int8)
    framed[1:-1, 1:-1] = classes.reshape(frame.rows, frame.columns)
    row, column = np.divmod(cell, frame.columns)
    edge = (row + 1) * (frame.columns + 2) + column + 1
    order = np.argsort(edge)
    count = np.diff(lists.first)[order]
    member = lists.member[lists.first[order].repeat(count) + number_within_groups(count)]
    first = np.concatenate([[0], np.cumsum(count)])
    return ClassTable(frame, framed.ravel(), edge[order], first, member, edge_m, sag)


def _classify(lists: Lists, edge_m: float) -> NDArray[np.int8]:
    """Return for each cell 1 if it lies within a distance of the lines, 0 if beyond, −1 if both."""
    found = np.full(len(lists.radius_m), -1, dtype=np.int8)
    # Rounding and the bend of pieces together are less than a decimetre.
    room = 0.1 + bound_series_error(lists.most_m)
    found[lists.most_m + lists.radius_m + room < edge_m] = 1
    found[lists.least_m - lists.radius_m - room > edge_m] = 0
    return found


def look_up_classes(
    table: ClassTable, lon: Floats, lat: Floats
) -> tuple[NDArray[np.int8], Ints, Ints]:
    """Return the class of the cell of each point, the points with −1, and their cells.

    A point that is not on the globe has −1, and is in no cell (−1).
    """
    frame, found = table.frame, np.empty(len(lon), dtype=np.int8)
    across, up, wide = 1.0 / frame.width, 1.0 / frame.height, np.int64(frame.columns + 2)
    size = max(min(len(lon), _POINTS), 1)
    columns, rows = np.empty(size), np.empty(size)
    cells, across_cells = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    open_, open_cells = [], []
    with np.errstate(invalid="ignore"):  # a coordinate that is not a number is outside
        for low in range(0, len(lon), size):
            block = slice(low, low + size)
            at_lon, at_lat, out = lon[block], lat[block], found[block]
            part = slice(len(at_lon))
            column, row, cell, at = columns[part], rows[part], cells[part], across_cells[part]
            np.subtract(at_lon, frame.west, out=column)
            turns = not (column.min() >= 0.0 and column.max() < 360.0)
            if turns:
                column -= 360.0 * np.floor(column * (1.0 / 360.0))
            bad = None
            if turns or not (at_lat.min() >= -90.0 and at_lat.max() <= 90.0):
                bad = (~is_on_globe(at_lon, at_lat)).nonzero()[0]
            column *= across
            column += 1.0
            np.minimum(column, frame.columns + 1.0, out=column)
            np.subtract(at_lat, frame.south, out=row)
            row *= up
            row += 1.0
            np.maximum(row, 0.0, out=row)
            np.minimum(row, frame.rows + 1.0, out=row)
            np.copyto(cell, row, casting="unsafe")
            cell *= wide
            np.copyto(at, column, casting="unsafe")
            cell += at
            table.classes.take(cell, out=out, mode="clip")
            if bad is not None:
                out[bad], cell[bad] = -1, -1
            left = (out < 0).nonzero()[0]
            open_.append(left + low)
            open_cells.append(cell.take(left))
    if not open_:
        return found, np.empty(0, np.int64), np.empty(0, np.int64)
    return found, np.concatenate(open_), np.concatenate(open_cells)


def measure_open(
    table: ClassTable, pieces: PackedPieces, lon: Floats, lat: Floats, cell: Ints
) -> NDArray[np.int8]:
    """Return 1 for points within the distance, 0 for those beyond, −1 for those in no edge cell.

    ``cell`` are the cells of the points, as :func:`look_up_classes` returns them.
    """
    found = np.full(len(lon), -1, dtype=np.int8)
    if not len(table.edge):
        return found
    at = np.minimum(np.searchsorted(table.edge, cell), len(table.edge) - 1)
    there = (table.edge[at] == cell).nonzero()[0]
    chords = make_table(pieces.chord)[:7]
    for low in range(0, len(there), _POINTS):
        rows = there[low : low + _POINTS]
        found[rows] = _measure_in_cells(table, pieces, chords, lon[rows], lat[rows], at[rows])
    return found


def _measure_in_cells(
    table: ClassTable, pieces: PackedPieces, chords: Floats, lon: Floats, lat: Floats, at: Ints
) -> NDArray[np.bool_]:
    """Return which points lie within the distance; ``at`` are the places of cells in ``edge``."""
    begin = table.first.take(at)
    count = table.first.take(at + 1) - begin
    own = np.arange(len(at)).repeat(count)
    piece = table.member.take(begin.repeat(count) + number_within_groups(count))
    xyz = to_xyz(lon, lat)
    chord, _ = _measure_chords(chords.take(piece, axis=1), xyz.take(own, axis=1))
    best = find_group_minima(chord, own)
    # Most chords are so much shorter or longer that the geodesic need not be measured.
    arc, room = best * (1.0 + best * best / (24.0 * B * B)), bound_series_error(best) + table.sag_m
    inside = arc <= table.edge_m
    close = np.abs(arc - table.edge_m) <= room
    reach = best + table.sag_m + get_chord_slack(best)
    pairs = (close.take(own) & (chord <= reach.take(own))).nonzero()[0]
    if len(pairs):
        nth = np.cumsum(close) - 1  # of those that are close
        own, piece = own.take(pairs), piece.take(pairs)
        length, _ = measure_from(pieces, piece, xyz.take(own, axis=1))
        chosen = _choose_earliest(length, nth.take(own))
        inside[close] = length.take(chosen) <= table.edge_m
    return np.asarray(inside)


def bound_series_error(chord_m: Floats) -> Floats:
    """Return by how much the short series from chord to geodesic may be off, in metres.

    The series is the chord c and a term c³ / 24R²: 2.8 cm at 30 km, 28 m at 300 km. The curvature
    of the Earth changes this term by up to 1.4 %, and the next term adds 0.3 % of it at 1,000 km.
    We allow 5 %, and a millimetre for rounding.
    """
    return 1e-3 + 0.05 * chord_m**3 / (24.0 * B * B)


def find_nearest(
    grid: Grid, pieces: PackedPieces, lon: Floats, lat: Floats
) -> tuple[Floats, NDArray[np.int32], Floats]:
    """Return the distance (m), piece and share of it passed for points (degrees).

    The piece is −1, and the rest undefined, outside the grid, in cells without pieces, and beyond
    1,000 km from the lines.

    We sort points by the number of pieces in their cells, the largest number first. So the points
    with an n-th piece are always the first ones, and every step works on whole arrays.
    """
    size, table = len(lon), make_table(pieces.chord)[:7]
    distance, piece, share = np.zeros(size), np.full(size, -1, dtype=np.int32), np.zeros(size)
    cell = find_cells(grid, lon, lat)
    # The table of sines ends at 720°; the tree raises an error for larger longitudes.
    count = np.diff(grid.first)
    there = ((cell >= 0) & (np.abs(lon) <= 720.0) & (count.take(cell) > 0)).nonzero()[0]
    rank = np.empty(len(count), dtype=np.uint16 if len(count) <= 65_536 else np.int64)
    rank[np.argsort(-count, kind="stable")] = np.arange(len(count))
    there = there.take(np.argsort(rank.take(cell.take(there)), kind="stable"))
    for low in range(0, len(there), _POINTS):
        rows = there[low : low + _POINTS]
        at_lon, at_lat, at = lon.take(rows), lat.take(rows), cell.take(rows)
        begin, kept = grid.first.take(at), count.take(at)
        xyz = to_xyz(at_lon, at_lat)
        best, second, chosen = _choose_by_chord(table, grid.member, begin, kept, xyz)
        found, passed = measure_from(pieces, chosen, xyz)
        reach = best + grid.sag_m + get_chord_slack(best)
        # Pieces whose chords are shorter than this reach may be nearest as well.
        doubtful = (second <= reach * reach).nonzero()[0]
        if len(doubtful):
            again = _choose_by_length(
                table,
                pieces,
                grid.member,
                xyz[:, doubtful],
                begin.take(doubtful),
                kept.take(doubtful),
                reach.take(doubtful),
            )
            found[doubtful], chosen[doubtful], passed[doubtful] = again
        distance[rows], share[rows] = found, passed
        piece[rows] = np.where(best <= SERIES_M, chosen, -1)
    return distance, piece, share


def _choose_by_chord(
    table: Floats, member: NDArray[np.int32], begin: Numbers, kept: Numbers, xyz: Floats
) -> tuple[Floats, Floats, NDArray[np.int32]]:
    """Return shortest chords, squares of the second shortest, and pieces of the shortest, (n,).

    Points whose cells keep more pieces come first.
    """
    chosen = member.take(begin)
    best, at = _measure_squares(table.take(chosen, axis=1), xyz)
    second = np.full(len(chosen), np.inf)
    more = np.searchsorted(-kept, -np.arange(1, kept[0]), side="left").tolist()
    for nth, points in enumerate(more, start=1):
        piece = member.take(begin[:points] + nth)
        square, share = _measure_squares(table.take(piece, axis=1), xyz[:, :points])
        so_far, last = best[:points], chosen[:points]
        # A foot on a vertex belongs to both pieces that meet there; we keep the earlier.
        shared = ((piece == last + 1) & (share == 0.0) & (at[:points] == 1.0)).nonzero()[0]
        if len(shared):
            ours, others = square.take(shared), so_far.take(shared)
            skipped = (ours < 1e10) & (np.sqrt(others) - _TIE_M < np.sqrt(ours))
            square[shared[skipped]] = np.inf
        nearer = square < so_far
        np.minimum(second[:points], np.maximum(square, so_far), out=second[:points])
        np.copyto(last, piece, where=nearer)
        np.copyto(at[:points], share, where=nearer)
        np.minimum(so_far, square, out=so_far)
    return np.sqrt(best), second, chosen


def _choose_by_length(  # noqa: PLR0913, PLR0917 - columns of one table
    table: Floats,
    pieces: PackedPieces,
    member: NDArray[np.int32],
    xyz: Floats,
    begin: Numbers,
    kept: Numbers,
    reach: Floats,
) -> tuple[Floats, NDArray[np.int32], Floats]:
    """Return distance, piece and share for points whose chords alone do not decide the piece."""
    point = np.arange(len(kept)).repeat(kept)
    piece = member.take(begin.repeat(kept) + number_within_groups(kept.astype(np.int64)))
    square, _ = _measure_squares(table.take(piece, axis=1), xyz.take(point, axis=1))
    near = (square <= (reach * reach).take(point)).nonzero()[0]
    point, piece = point.take(near), piece.take(near)
    length, share = measure_from(pieces, piece, xyz.take(point, axis=1))
    first = _choose_earliest(length, point)
    return length.take(first), piece.take(first), share.take(first)


def _choose_earliest(length: Floats, point: Ints) -> Ints:
    """Return for each point the first of the pairs that are shortest."""
    level = (length <= find_group_minima(length, point).take(point) + _TIE_M).nonzero()[0]
    return level.take(find_group_starts(point.take(level)))
