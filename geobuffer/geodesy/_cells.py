"""Build and ask the grid of cells with numpy: which pieces a cell keeps, which one is nearest.

The same as the compiled loops of :mod:`geobuffer.geodesy._kernels`, where numba is not installed.
The two find the same pieces and the same distances, to the bit; the reasons stand there.

``pieces`` is ``PackedPieces.chord``: start (3), chord (3), its squared length and the inverse of
that. Points are longitude and latitude in degrees, or Earth-centred metres (3, n).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from geobuffer.geodesy._chord_tree import _chord_slack as get_chord_slack
from geobuffer.geodesy._series import SERIES_M, B, measure_pieces
from geobuffer.geodesy.ellipsoid import (
    find_group_minima,
    find_group_starts,
    number_within_groups,
    to_ecef,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geobuffer.geodesy._series import PackedPieces
    from geobuffer.geodesy.ellipsoid import Floats, Ints

    Numbers = NDArray[np.integer[Any]]


# Pairs of a cell and a piece that are measured at once, and points: an array of them is 128 kB, or
# 64 kB, which fits the caches of a processor.
_PAIRS = 16_384
_POINTS = 8_192

# How often the cells that an edge crosses are halved for memberships: each time the table gets four
# times as large, and half as many points are left to be measured.
_TABLE_HALVINGS = 2

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
    """Where the pieces of a cell begin in ``member``; one more than there are cells."""
    member: NDArray[np.int32]
    middle_m: NDArray[np.float32]
    """Distance of the middle of a cell from the lines."""
    radius_m: NDArray[np.float32]
    """Distance of the corners of a row's cells from their middle."""
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

    def halve_cells(self) -> Frame:
        """Return the frame of cells halved both ways."""
        west, south, width, height, columns, rows = self
        return Frame(west, south, width / 2, height / 2, 2 * columns, 2 * rows)


def thin_cells(  # noqa: PLR0913, PLR0917 - columns of one table
    pieces: Floats,
    sag: float,
    frame: Frame,
    first: Ints,
    member: NDArray[np.int32],
    parent: Ints,
    cell: Ints,
) -> tuple[Ints, NDArray[np.int32], Floats, Floats]:
    """Select for each cell the pieces of its parent that may be nearest in it.

    Returns where the pieces of each cell begin, the pieces, the distance of each cell's middle from
    the lines, and the distance of its corners from the middle.
    """
    table = np.ascontiguousarray(pieces.T)
    counts = np.diff(first)[parent]
    offset = np.concatenate([[0], np.cumsum(counts)])
    kept, middle = np.empty(len(parent), dtype=np.int64), np.empty(len(parent))
    radius, found = np.empty(len(parent)), []
    for low, high in _split(offset, _PAIRS):
        count = counts[low:high]
        own = np.arange(high - low).repeat(count)
        begin = first[parent[low:high]] - (offset[low:high] - offset[low])
        piece = member.take(begin.repeat(count) + np.arange(len(own)))
        corner = _place_corners(frame, cell[low:high])
        own, piece, nearest, reach = _thin_block(table, sag, corner, own, piece)
        kept[low:high] = np.bincount(own, minlength=high - low)
        middle[low:high] = nearest * (1.0 + nearest * nearest / (24.0 * B * B))
        radius[low:high] = reach * (1.0 + reach * reach / (24.0 * B * B))
        found.append(piece)
    starts = np.concatenate([[0], np.cumsum(kept)])
    return starts, np.concatenate(found), middle, radius


def _split(offset: Ints, size: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of groups that have about so many members together."""
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
) -> tuple[Ints, NDArray[np.int32], Floats, Floats]:
    """Return the pairs (cell, piece) that stay, and each cell's distance and radius."""
    reach = _measure(corner[:4] - corner[4], axis=1).max(axis=0)
    # The surface of the cell bulges above the plane of its corners.
    bulge = reach * reach / (2.0 * B)
    reach += bulge
    away, _ = _measure_chords(table.take(piece, axis=1), corner[4].take(own, axis=1))
    nearest = find_group_minima(away, own)
    slack = sag + get_chord_slack(nearest + 2.0 * reach)
    keep = (away <= (nearest + 2.0 * reach + slack).take(own)).nonzero()[0]
    own, piece = own.take(keep), piece.take(keep)
    margin = slack + 2.0 * bulge * np.minimum(1.0, (nearest + 4.0 * reach) / B)
    chords = table.take(piece, axis=1)
    measured = [_measure_chords(chords, at.take(own, axis=1)) for at in corner]
    beaten = np.zeros(len(own), dtype=bool)
    for away, share in measured:
        best = (away == find_group_minima(away, own).take(own)).nonzero()[0]
        best = best.take(find_group_starts(own.take(best)))
        foot = chords[:3].take(best, axis=1) + share.take(best) * chords[3:6].take(best, axis=1)
        to_foot = _measure(corner[:4] - foot, axis=1) + margin
        farther = [measured[c][0] > to_foot[c].take(own) for c in range(4)]
        beaten |= farther[0] & farther[1] & farther[2] & farther[3]
    left = (~beaten).nonzero()[0]
    return own.take(left), piece.take(left), nearest, reach


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
    share *= chords[7]
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


# --- look-ups ---


class ClassTable(NamedTuple):
    """Which cells lie within a distance of the lines (1), beyond (0), or have the edge in them."""

    frame: Frame
    classes: NDArray[np.int8]
    """By cell, with one more cell on each side of every row and column, which are −1."""


def classify_cells(grid: Grid, edge_m: float) -> NDArray[np.int8]:
    """Return for each cell 1 if it lies within a distance of the lines, 0 if beyond, −1 if both."""
    return classify_distances(grid.middle_m, np.repeat(grid.radius_m, grid.columns), edge_m)


def classify_distances(
    middle_m: NDArray[np.floating[Any]], radius_m: NDArray[np.floating[Any]], edge_m: float
) -> NDArray[np.int8]:
    """Return the classes of cells, from the distances of their middles and their radii."""
    # A middle's distance is a float32 (8 mm off at 100 km); far ones are a lower bound. So 10 cm.
    found = np.full(len(middle_m), -1, dtype=np.int8)
    found[middle_m + (radius_m + 0.1) < edge_m] = 1
    found[middle_m - (radius_m + 0.1) > edge_m] = 0
    return found


def find_cells(grid: Grid, lon: Floats, lat: Floats) -> NDArray[np.int32]:
    """Return the cell of each point, −1 outside the grid."""
    with np.errstate(invalid="ignore"):  # a coordinate that is not a number is outside
        turned = lon - grid.west
        turned -= 360.0 * np.floor(turned / 360.0)
        column, row = turned / grid.width, (lat - grid.south) / grid.height
        inside = (column < grid.columns) & (row >= 0.0) & (row < grid.rows)
        cell = row.astype(np.int32) * np.int32(grid.columns) + column.astype(np.int32)
    return np.where(inside, cell, np.int32(-1))


def build_class_table(grid: Grid, pieces: PackedPieces, edge_m: float) -> ClassTable:
    """Return which cells lie within a distance of the lines.

    Cells that the edge crosses are halved both ways, and again. So one point of 130 is left to be
    measured about the default border, and of the grid's own cells one of 30.
    """
    frame, classes = Frame(*grid[:6]), classify_cells(grid, edge_m)
    cell = (classes < 0).nonzero()[0]
    count = np.diff(grid.first)[cell]
    member = grid.member.take(grid.first.take(cell).repeat(count) + number_within_groups(count))
    first = np.concatenate([[0], np.cumsum(count)])
    for _ in range(_TABLE_HALVINGS):
        frame, row, column = frame.halve_cells(), cell // frame.columns, cell % frame.columns
        across = np.array([0, 1, 0, 1]) + 2 * column[:, None]
        cell = ((np.array([0, 0, 1, 1]) + 2 * row[:, None]) * frame.columns + across).ravel()
        parent = np.arange(len(row)).repeat(4)
        classes = classes.reshape(frame.rows // 2, -1).repeat(2, axis=0).repeat(2, axis=1).ravel()
        if not len(cell):
            continue
        first, member, middle, radius = thin_cells(
            pieces.chord, grid.sag_m, frame, first, member, parent, cell
        )
        classes[cell] = found = classify_distances(middle, radius, edge_m)
        left = found < 0
        count = np.diff(first)
        cell, member, count = cell[left], member[left.repeat(count)], count[left]
        first = np.concatenate([[0], np.cumsum(count)])
    # A ring of cells about the grid answers for what is outside, without a comparison.
    framed = np.full((frame.rows + 2, frame.columns + 2), -1, dtype=np.int8)
    framed[1:-1, 1:-1] = classes.reshape(frame.rows, frame.columns)
    return ClassTable(frame, framed.ravel())


def look_up_classes(table: ClassTable, lon: Floats, lat: Floats) -> NDArray[np.int8]:
    """Return the class of the cell of each point, −1 outside the grid."""
    frame, found = table.frame, np.empty(len(lon), dtype=np.int8)
    across, up, wide = 1.0 / frame.width, 1.0 / frame.height, np.int64(frame.columns + 2)
    with np.errstate(invalid="ignore"):  # a coordinate that is not a number is outside
        for low in range(0, len(lon), 2 * _POINTS):
            part = slice(low, low + 2 * _POINTS)
            column = lon[part] - frame.west
            if column.min() < 0.0 or column.max() >= 360.0:
                column -= 360.0 * np.floor(column * (1.0 / 360.0))
            column *= across
            column += 1.0
            np.minimum(column, frame.columns + 1.0, out=column)
            row = lat[part] - frame.south
            row *= up
            row += 1.0
            np.maximum(row, 0.0, out=row)
            np.minimum(row, frame.rows + 1.0, out=row)
            cell = row.astype(np.int64)
            cell *= wide
            cell += column.astype(np.int64)
            table.classes.take(cell, out=found[part], mode="clip")
    return found


def find_nearest(
    grid: Grid, pieces: PackedPieces, lon: Floats, lat: Floats
) -> tuple[Floats, NDArray[np.int32], Floats]:
    """Return the distance (m), piece and share of it passed for points (degrees).

    The piece is −1, and the rest undefined, outside the grid and beyond 1,000 km from the lines.

    Points are taken in the order of how many pieces their cells keep. So the n-th pieces of all
    points are those of the first points, and every step works on whole arrays.
    """
    size, table = len(lon), np.ascontiguousarray(pieces.chord.T)
    distance, piece, share = np.zeros(size), np.full(size, -1, dtype=np.int32), np.zeros(size)
    cell = find_cells(grid, lon, lat)
    # The sines end at 720°; the tree refuses what lies beyond.
    there = ((cell >= 0) & (np.abs(lon) <= 720.0)).nonzero()[0]
    count = np.diff(grid.first)
    rank = np.empty(len(count), dtype=np.uint16 if len(count) <= 65_536 else np.int64)
    rank[np.argsort(-count, kind="stable")] = np.arange(len(count))
    there = there.take(np.argsort(rank.take(cell.take(there)), kind="stable"))
    for low in range(0, len(there), _POINTS):
        rows = there[low : low + _POINTS]
        at_lon, at_lat, at = lon.take(rows), lat.take(rows), cell.take(rows)
        begin, kept = grid.first.take(at), count.take(at)
        xyz = np.ascontiguousarray(to_ecef(at_lon, at_lat).T)
        best, second, chosen = _choose_by_chord(table, grid.member, begin, kept, xyz)
        found, passed = measure_pieces(pieces, chosen, at_lon, at_lat)
        reach = best + grid.sag_m + get_chord_slack(best)
        # Pieces whose chords are shorter than that may be nearest as well.
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
                at_lon.take(doubtful),
                at_lat.take(doubtful),
            )
            found[doubtful], chosen[doubtful], passed[doubtful] = again
        distance[rows], share[rows] = found, passed
        piece[rows] = np.where(best <= SERIES_M, chosen, -1)
    return distance, piece, share


def _choose_by_chord(
    table: Floats, member: NDArray[np.int32], begin: Numbers, kept: Numbers, xyz: Floats
) -> tuple[Floats, Floats, NDArray[np.int32]]:
    """Return each point's shortest chord, the square of the second, and the piece of the first.

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
        shared = (piece == last + 1) & (share == 0.0) & (at[:points] == 1.0) & (square < 1e10)
        shared &= np.sqrt(so_far) - _TIE_M < np.sqrt(square)
        square[shared] = np.inf
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
    lon: Floats,
    lat: Floats,
) -> tuple[Floats, NDArray[np.int32], Floats]:
    """Return the distance, piece and share of points whose chords leave more than one piece."""
    point = np.arange(len(kept)).repeat(kept)
    piece = member.take(begin.repeat(kept) + number_within_groups(kept.astype(np.int64)))
    square, _ = _measure_squares(table.take(piece, axis=1), xyz.take(point, axis=1))
    near = (square <= (reach * reach).take(point)).nonzero()[0]
    point, piece = point.take(near), piece.take(near)
    length, share = measure_pieces(pieces, piece, lon.take(point), lat.take(point))
    level = (length <= find_group_minima(length, point).take(point) + _TIE_M).nonzero()[0]
    first = level.take(find_group_starts(point.take(level)))
    return length.take(first), piece.take(first), share.take(first)
