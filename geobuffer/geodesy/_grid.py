"""Find the nearest piece of lines for many points, with a grid of cells and compiled loops.

Each cell of a grid in longitude and latitude keeps only the pieces that can be nearest to some
point in it: two or three, of tens of thousands. So a point costs one look-up and as many distances.

The module needs numba (:mod:`geobuffer.geodesy._kernels`). Where numba is missing or the points
are few, :mod:`geobuffer.geodesy.nearest` uses its tree instead.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geobuffer.geodesy import _kernels
from geobuffer.geodesy._series import COSINE, SINE, B
from geobuffer.geodesy.antimeridian import find_narrowest_range, normalize_longitudes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from geobuffer.geodesy._series import PackedPieces
    from geobuffer.geodesy.ellipsoid import Floats, Ints


# We start with about this many cells and halve them both ways so many times: 400,000 cells, of a
# square kilometre each about the default border. Twice as many cells take 1.5 times as long to
# build, and distances take as long. With half as many, more points lie in cells that an edge
# crosses and must be measured.
_FIRST_CELLS = 24
_HALVINGS = 7

# How far beyond the lines the grid reaches; the tree answers for points outside.
_MARGIN_M = 110_000.0

# Points that a thread takes at a time: 3 ms of work, small enough to keep all threads busy.
_SHARE = 32_768


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


class _Frame(NamedTuple):
    """Where the cells of a grid are: the south-west corner, a cell's size (degrees), the number."""

    west: float
    south: float
    width: float
    height: float
    columns: int
    rows: int

    def halve_cells(self) -> _Frame:
        """Return the frame of cells halved both ways."""
        west, south, width, height, columns, rows = self
        return _Frame(west, south, width / 2, height / 2, 2 * columns, 2 * rows)


def build_grid(pieces: PackedPieces, lon: Floats, lat: Floats) -> Grid:
    """Build the grid about pieces; ``lon`` and ``lat`` (degrees) are those of their starts."""
    pad_lat = np.degrees(_MARGIN_M / B)
    south, north = lat.min() - pad_lat, lat.max() + pad_lat
    pad_lon = pad_lat / np.cos(np.radians(min(max(abs(south), abs(north)), 89.0)))
    west, span = find_narrowest_range(lon)
    west, span = west - pad_lon, min(span + 2.0 * pad_lon, 360.0)
    aspect = span * np.cos(np.radians((south + north) / 2.0)) / (north - south)
    rows = max(round(np.sqrt(_FIRST_CELLS / aspect)), 1)
    columns = max(round(_FIRST_CELLS / rows), 1)
    first = np.arange(rows * columns + 1, dtype=np.int64) * len(pieces.chord)
    member = np.tile(np.arange(len(pieces.chord), dtype=np.int32), rows * columns)
    width, height = span / columns, (north - south) / rows
    # By how much the distance to a piece and to its chord may differ.
    sag = 2.0 * float(np.linalg.norm(pieces.bend, axis=1).max() / 4.0)
    frame = _Frame(west, south, width, height, columns, rows)
    for halving in range(_HALVINGS + 1):
        if halving:
            frame = frame.halve_cells()
        first, member, middle, radius = _thin_cells(
            pieces.chord, sag, frame, first, member, halved=halving > 0
        )
    return Grid(
        *frame,
        first.astype(np.int32), member, middle.astype(np.float32), radius.astype(np.float32), sag,
    )  # fmt: skip


def _thin_cells(
    pieces: Floats,
    sag: float,
    frame: _Frame,
    first: Ints,
    member: NDArray[np.int32],
    *,
    halved: bool,
) -> tuple[Ints, NDArray[np.int32], Floats, Floats]:
    """Select for each cell the pieces that can be nearest in it, from those of its parent.

    ``first`` and ``member`` hold the parents' pieces. A cell is its own parent, unless the cells
    were ``halved``. Returned are the cells' own ``first`` and ``member``, their middles' distances
    and their rows' radii.
    """
    west, south, width, height, columns, rows = frame
    count = columns * rows
    parent = np.arange(count)
    if halved:
        row, column = parent // columns, parent % columns
        parent = (row // 2) * (columns // 2) + column // 2
    offset = np.concatenate([[0], np.cumsum(np.diff(first)[parent])])
    kept = np.empty(count, dtype=np.int64)
    candidates = np.empty(int(offset[-1]), dtype=np.int32)
    middle, radius = np.empty(count), np.empty(rows)

    def run_kernel(low: int, high: int) -> None:
        _kernels.thin_cells(
            pieces, sag, west, south, width, height, columns, first, member, parent, offset,
            low, high, kept, candidates, middle, radius,
        )  # fmt: skip

    _run_in_threads(run_kernel, count, max(count // 64, 1))
    starts = np.concatenate([[0], np.cumsum(kept)])
    nth = np.arange(starts[-1]) - np.repeat(starts[:-1], kept)
    return starts, candidates[np.repeat(offset[:-1], kept) + nth], middle, radius


def _run_in_threads(work: Callable[[int, int], None], count: int, share: int) -> None:
    """Call a kernel on ranges of a count, on all processors; kernels release the GIL."""
    bounds = range(0, count, share)
    if len(bounds) < 2:
        work(0, count)
        return
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in [pool.submit(work, low, min(low + share, count)) for low in bounds]:
            done.result()


def find_nearest(
    grid: Grid, pieces: PackedPieces, lon: Floats, lat: Floats
) -> tuple[Floats, NDArray[np.int32], Floats]:
    """Return the distance (m), piece and share of it passed for points (degrees).

    The piece is −1, and the rest undefined, outside the grid and beyond 1,000 km from the lines.
    """
    n = len(lon)
    distance, piece, share = np.empty(n), np.empty(n, dtype=np.int32), np.empty(n)

    def run_kernel(low: int, high: int) -> None:
        _kernels.find_nearest(
            lon[low:high], lat[low:high], *pieces, grid.first, grid.member,
            grid.west, grid.south, grid.width, grid.height, grid.columns, grid.rows,
            SINE, COSINE, grid.sag_m, distance[low:high], piece[low:high], share[low:high],
        )  # fmt: skip

    _run_in_threads(run_kernel, n, _SHARE)
    return distance, piece, share


def classify_cells(grid: Grid, edge_m: float) -> NDArray[np.int8]:
    """Return for each cell 1 if it lies within a distance of the lines, 0 if beyond, −1 if both."""
    # A middle's distance is a float32 (8 mm off at 100 km); far ones are a lower bound. So 10 cm.
    radius = np.repeat(grid.radius_m, grid.columns) + 0.1
    found = np.full(len(grid.middle_m), -1, dtype=np.int8)
    found[grid.middle_m + radius < edge_m] = 1
    found[grid.middle_m - radius > edge_m] = 0
    return found


def look_up_classes(
    grid: Grid, classes: NDArray[np.int8], lon: Floats, lat: Floats
) -> NDArray[np.int8]:
    """Return the class of the cell of each point, −1 outside the grid."""
    found = np.empty(len(lon), dtype=np.int8)

    def run_kernel(low: int, high: int) -> None:
        _kernels.look_up_classes(
            lon[low:high], lat[low:high], grid.west, grid.south, grid.width, grid.height,
            grid.columns, grid.rows, classes, found[low:high],
        )  # fmt: skip

    _run_in_threads(run_kernel, len(lon), 8 * _SHARE)  # a point is an eighth of the work
    return found


def find_cells(grid: Grid, lon: Floats, lat: Floats) -> NDArray[np.int32]:
    """Return the cell of each point, −1 outside the grid."""
    cell = np.empty(len(lon), dtype=np.int32)

    def run_kernel(low: int, high: int) -> None:
        _kernels.find_cells(
            lon[low:high], lat[low:high], grid.west, grid.south, grid.width, grid.height,
            grid.columns, grid.rows, cell[low:high],
        )  # fmt: skip

    _run_in_threads(run_kernel, len(lon), _SHARE)
    return cell


def build_cell_boxes(
    grid: Grid,
) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]], Any]:
    """Return the middles of all cells (longitude within ±180°), and boxes about them."""
    cell = np.arange(grid.rows * grid.columns)
    lon = grid.west + (cell % grid.columns + 0.5) * grid.width
    lon = normalize_longitudes(lon)
    lat = grid.south + (cell // grid.columns + 0.5) * grid.height
    wide, high = grid.width / 2.0, grid.height / 2.0
    return lon, lat, shapely.box(lon - wide, lat - high, lon + wide, lat + high)
