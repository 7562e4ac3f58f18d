"""Find the nearest piece of lines for many points, with a grid of cells.

Each cell of a grid in longitude and latitude keeps only the pieces that can be nearest to some
point in it: two or three, of tens of thousands. So a point costs one look-up and as many distances.

The loops are compiled where numba is installed (:mod:`geobuffer.geodesy._kernels`); else numpy
takes whole arrays (:mod:`geobuffer.geodesy._cells`). Where points are few,
:mod:`geobuffer.geodesy.nearest` asks its tree instead.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geobuffer.geodesy import _cells
from geobuffer.geodesy._cells import Frame, Grid
from geobuffer.geodesy._series import COSINE, SINE, B
from geobuffer.geodesy.antimeridian import find_narrowest_range, normalize_longitudes
from geobuffer.versions import has_numba

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from numpy.typing import NDArray

    from geobuffer.geodesy._series import PackedPieces
    from geobuffer.geodesy.ellipsoid import Floats, Ints


# We start with about this many cells and halve them both ways so many times: 400,000 cells, of a
# square kilometre each about the default border. Twice as many cells take 1.5 times as long to
# build, and distances take as long. With half as many, more points lie in cells that an edge
# crosses and must be measured.
_FIRST_CELLS = 24
_HALVINGS = 7

# With numpy building takes longer: 25,000 cells keep nine pieces each, and take 0.2 s.
_HALVINGS_NUMPY = 5

# How far beyond the lines the grid reaches; the tree answers for points outside.
_MARGIN_M = 110_000.0

# Points that a thread takes at a time: 3 ms of work, small enough to keep all threads busy.
_SHARE = 32_768


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
    frame = Frame(west, south, width, height, columns, rows)
    halvings = _HALVINGS if has_numba() else _HALVINGS_NUMPY
    for halving in range(halvings + 1):
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
    frame: Frame,
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
    if not has_numba():
        every = np.arange(count)
        found = _cells.thin_cells(pieces, sag, frame, first, member, parent, every)
        return (*found[:3], found[3].reshape(rows, columns)[:, 0])
    offset = np.concatenate([[0], np.cumsum(np.diff(first)[parent])])
    kept = np.empty(count, dtype=np.int64)
    candidates = np.empty(int(offset[-1]), dtype=np.int32)
    middle, radius = np.empty(count), np.empty(rows)

    def run_kernel(low: int, high: int) -> None:
        _import_kernels().thin_cells(
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
    if not has_numba():
        return _cells.find_nearest(grid, pieces, lon, lat)
    n = len(lon)
    distance, piece, share = np.empty(n), np.empty(n, dtype=np.int32), np.empty(n)

    def run_kernel(low: int, high: int) -> None:
        _import_kernels().find_nearest(
            lon[low:high], lat[low:high], *pieces, grid.first, grid.member,
            grid.west, grid.south, grid.width, grid.height, grid.columns, grid.rows,
            SINE, COSINE, grid.sag_m, distance[low:high], piece[low:high], share[low:high],
        )  # fmt: skip

    _run_in_threads(run_kernel, n, _SHARE)
    return distance, piece, share


def look_up_classes(
    grid: Grid, classes: NDArray[np.int8], lon: Floats, lat: Floats
) -> NDArray[np.int8]:
    """Return the class of the cell of each point, −1 outside the grid."""
    found = np.empty(len(lon), dtype=np.int8)

    def run_kernel(low: int, high: int) -> None:
        _import_kernels().look_up_classes(
            lon[low:high], lat[low:high], grid.west, grid.south, grid.width, grid.height,
            grid.columns, grid.rows, classes, found[low:high],
        )  # fmt: skip

    _run_in_threads(run_kernel, len(lon), 8 * _SHARE)  # a point is an eighth of the work
    return found


def find_cells(grid: Grid, lon: Floats, lat: Floats) -> NDArray[np.int32]:
    """Return the cell of each point, −1 outside the grid."""
    if not has_numba():
        return _cells.find_cells(grid, lon, lat)
    cell = np.empty(len(lon), dtype=np.int32)

    def run_kernel(low: int, high: int) -> None:
        _import_kernels().find_cells(
            lon[low:high], lat[low:high], grid.west, grid.south, grid.width, grid.height,
            grid.columns, grid.rows, cell[low:high],
        )  # fmt: skip

    _run_in_threads(run_kernel, len(lon), _SHARE)
    return cell


def build_cell_boxes(grid: Grid) -> tuple[Floats, Floats, Any]:
    """Return the middles of all cells (longitude within ±180°), and boxes about them."""
    cell = np.arange(grid.rows * grid.columns)
    lon = normalize_longitudes(grid.west + (cell % grid.columns + 0.5) * grid.width)
    lat = np.asarray(grid.south + (cell // grid.columns + 0.5) * grid.height, dtype=np.float64)
    wide, high = grid.width / 2.0, grid.height / 2.0
    return lon, lat, shapely.box(lon - wide, lat - high, lon + wide, lat + high)


def _import_kernels() -> ModuleType:
    """Return the compiled loops; we import them late, as numba takes a second."""
    from geobuffer.geodesy import _kernels

    return _kernels
