"""The compiled way to the nearest piece of a line: a grid of cells that know which pieces to ask.

Each cell of a grid in longitude and latitude keeps just the pieces that can be nearest to some
point in it: two or three, of tens of thousands. A point costs a look-up and as many distances. This
room takes and gives arrays; it needs numba, and :mod:`geobuffer.geodesy` does without it when that
is missing or the points are few.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numba
import numpy as np
import shapely
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

# WGS 84: equatorial radius in metres, square of the first eccentricity, polar radius.
_A = 6_378_137.0
_ES = 0.0066943799901413165
_B = 6_356_752.314245179

# The first cells, about as many as this, are halved both ways so many times: 400,000 cells, of a
# square kilometre each about the default border. Twice as many take 1.5 times as long to build and
# as long to ask for distances; half as many leave more points beside an edge to be measured.
_ROOTS = 24
_HALVINGS = 7

# How far beyond the lines the grid reaches; a point outside it is looked up in the tree.
_MARGIN_M = 110_000.0

# Up to this distance the series from chord to geodesic is right to 7e-10 of it (0.01 µm at 100 km,
# 22 µm at 500 km, held against GeographicLib); beyond, Vincenty's solution takes nine times as
# long and is right to 0.01 mm at 1,200 km and 0.07 mm at 12,000 km.
_SERIES_M = 1_000_000.0

# Points a thread takes at a time: small enough to share out evenly, 3 ms of work each.
_SHARE = 32_768


class Grid(NamedTuple):
    """Cells in rows from south-west, and the pieces that each may be nearest to."""

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


class Pieces(NamedTuple):
    """Pieces of lines: chords, and how the line bends away from each."""

    chord: Floats
    """Beginning, chord, its length squared and the inverse of that: a cache line for each."""
    bend: Floats
    """Four times the way from the middle of the chord to the middle of the piece."""


def packed(start: Floats, chord: Floats, squared: Floats, middle: Floats) -> Pieces:
    """Return pieces from their beginnings, chords, and middles on the surface (Earth-centred)."""
    # A point is a chord of no length, of which no share is passed.
    inverse = np.divide(1.0, squared, out=np.zeros_like(squared), where=squared > 0.0)
    rows = np.column_stack([start, chord, squared, inverse])
    return Pieces(np.ascontiguousarray(rows), 4.0 * (middle - start - chord / 2.0))


def build_grid(pieces: Pieces, lon: Floats, lat: Floats) -> Grid:
    """Build the grid about pieces; ``lon`` and ``lat`` are of their beginnings."""
    pad_lat = np.degrees(_MARGIN_M / _B)
    south, north = lat.min() - pad_lat, lat.max() + pad_lat
    pad_lon = pad_lat / np.cos(np.radians(min(max(abs(south), abs(north)), 89.0)))
    west, span = _span(lon)
    west, span = west - pad_lon, min(span + 2.0 * pad_lon, 360.0)
    aspect = span * np.cos(np.radians((south + north) / 2.0)) / (north - south)
    rows = max(round(np.sqrt(_ROOTS / aspect)), 1)
    columns = max(round(_ROOTS / rows), 1)
    first = np.arange(rows * columns + 1, dtype=np.int64) * len(pieces.chord)
    member = np.tile(np.arange(len(pieces.chord), dtype=np.int32), rows * columns)
    width, height = span / columns, (north - south) / rows
    # By how much the distance to a piece and to its chord may differ.
    sag = 2.0 * float(np.linalg.norm(pieces.bend, axis=1).max() / 4.0)
    for halving in range(_HALVINGS + 1):
        if halving:
            rows, columns, width, height = 2 * rows, 2 * columns, width / 2, height / 2
        first, member, middle, radius = _thinned(
            pieces.chord,
            sag,
            (west, south, width, height),
            (columns, rows),
            first,
            member,
            halving > 0,
        )
    return Grid(
        west, south, width, height, columns, rows,
        first.astype(np.int32), member, middle.astype(np.float32), radius.astype(np.float32), sag,
    )  # fmt: skip


def _span(lon: Floats) -> tuple[float, float]:
    """Return the western end and the width of the narrowest range that holds all longitudes."""
    turned = np.sort(lon % 360.0)
    gaps = np.diff(turned, append=turned[0] + 360.0)
    widest = int(gaps.argmax())
    return float(turned[(widest + 1) % len(turned)]), float(360.0 - gaps[widest])


def _thinned(
    pieces: Floats,
    sag: float,
    frame: tuple[float, float, float, float],
    shape: tuple[int, int],
    first: Ints,
    member: NDArray[np.int32],
    halved: bool,  # noqa: FBT001 - private, and called once
) -> tuple[Ints, NDArray[np.int32], Floats, Floats]:
    """Hand each cell the pieces of the cell it was cut from that can be nearest in it."""
    columns, rows = shape
    count = columns * rows
    parent = np.arange(count)
    if halved:
        row, column = parent // columns, parent % columns
        parent = (row // 2) * (columns // 2) + column // 2
    room = np.concatenate([[0], np.cumsum(np.diff(first)[parent])])
    kept = np.empty(count, dtype=np.int64)
    roomy = np.empty(int(room[-1]), dtype=np.int32)
    middle, radius = np.empty(count), np.empty(rows)

    def work(low: int, high: int) -> None:
        _thin(pieces, sag, *frame, columns, first, member, parent, room, low, high,
              kept, roomy, middle, radius)  # fmt: skip

    _shared_out(work, count, max(count // 64, 1))
    starts = np.concatenate([[0], np.cumsum(kept)])
    nth = np.arange(starts[-1]) - np.repeat(starts[:-1], kept)
    return starts, roomy[np.repeat(room[:-1], kept) + nth], middle, radius


def _shared_out(work: Callable[[int, int], None], count: int, share: int) -> None:
    """Do work on ranges of a count, on all processors; the kernels leave the lock to others."""
    bounds = range(0, count, share)
    if len(bounds) < 2:
        work(0, count)
        return
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in [pool.submit(work, low, min(low + share, count)) for low in bounds]:
            done.result()


def nearest(
    grid: Grid, pieces: Pieces, lon: Floats, lat: Floats
) -> tuple[Floats, NDArray[np.int32], Floats]:
    """Return the distance (m), piece and share along it of points; −1 for the piece if unknown.

    It is unknown outside the grid.
    """
    n = len(lon)
    distance, piece, share = np.empty(n), np.empty(n, dtype=np.int32), np.empty(n)
    tables = _tables(grid)

    def work(low: int, high: int) -> None:
        _nearest(
            lon[low:high], lat[low:high], *pieces, grid.first, grid.member,
            grid.west, grid.south, grid.width, grid.height, grid.columns, grid.rows,
            *tables, grid.sag_m, distance[low:high], piece[low:high], share[low:high],
        )  # fmt: skip

    _shared_out(work, n, _SHARE)
    return distance, piece, share


def classes(grid: Grid, edge_m: float) -> NDArray[np.int8]:
    """Return for each cell 1 if it lies within a distance of the lines, 0 if beyond, −1 if both."""
    # Middles are rounded to a float32 (8 mm at 100 km) and farther ones are a lower bound; 10 cm.
    radius = np.repeat(grid.radius_m, grid.columns) + 0.1
    found = np.full(len(grid.middle_m), -1, dtype=np.int8)
    found[grid.middle_m + radius < edge_m] = 1
    found[grid.middle_m - radius > edge_m] = 0
    return found


def classed(grid: Grid, classes: NDArray[np.int8], lon: Floats, lat: Floats) -> NDArray[np.int8]:
    """Return the class of the cell of each point, −1 outside the grid."""
    found = np.empty(len(lon), dtype=np.int8)

    def work(low: int, high: int) -> None:
        _classed(
            lon[low:high], lat[low:high], grid.west, grid.south, grid.width, grid.height,
            grid.columns, grid.rows, classes, found[low:high],
        )  # fmt: skip

    _shared_out(work, len(lon), 8 * _SHARE)  # an eighth of the work for a point
    return found


def cell_of(grid: Grid, lon: Floats, lat: Floats) -> NDArray[np.int32]:
    """Return the cell of each point, −1 outside the grid."""
    cell = np.empty(len(lon), dtype=np.int32)

    def work(low: int, high: int) -> None:
        _cell_of(
            lon[low:high], lat[low:high], grid.west, grid.south, grid.width, grid.height,
            grid.columns, grid.rows, cell[low:high],
        )  # fmt: skip

    _shared_out(work, len(lon), _SHARE)
    return cell


def outlines(grid: Grid) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]], Any]:
    """Return the middles of all cells (longitude within ±180°), and boxes about them."""
    cell = np.arange(grid.rows * grid.columns)
    lon = grid.west + (cell % grid.columns + 0.5) * grid.width
    lon = (lon + 180.0) % 360.0 - 180.0
    lat = grid.south + (cell // grid.columns + 0.5) * grid.height
    wide, high = grid.width / 2.0, grid.height / 2.0
    return lon, lat, shapely.box(lon - wide, lat - high, lon + wide, lat + high)


def _tables(grid: Grid) -> tuple[Floats, Floats, Floats, Floats]:
    """Return sine and cosine of the middles of rows, and of columns."""
    lat = np.radians(grid.south + (np.arange(grid.rows) + 0.5) * grid.height)
    lon = np.radians(grid.west + (np.arange(grid.columns) + 0.5) * grid.width)
    return np.sin(lat), np.cos(lat), np.sin(lon), np.cos(lon)


def _jit(kernel: Any) -> Any:
    """Compile a kernel at its first call, and keep it for other processes where that can be."""
    how: Any = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "nsz"}}
    try:
        return numba.njit(cache=True, **how)(kernel)
    except RuntimeError:
        # Neither beside the code nor in a home may anything be written: compiled in each process.
        return numba.njit(**how)(kernel)


@_jit
def _xyz(lon, lat):
    lam, phi = np.radians(lon), np.radians(lat)
    s = np.sin(phi)
    n = _A / np.sqrt(1.0 - _ES * s * s)
    return n * np.cos(phi) * np.cos(lam), n * np.cos(phi) * np.sin(lam), n * (1.0 - _ES) * s


@_jit
def _chord(pieces, i, x, y, z):
    """Return the distance of a point to the chord of a piece, and the share along it."""
    ax, ay, az = x - pieces[i, 0], y - pieces[i, 1], z - pieces[i, 2]
    vx, vy, vz = pieces[i, 3], pieces[i, 4], pieces[i, 5]
    t = min(max((ax * vx + ay * vy + az * vz) * pieces[i, 7], 0.0), 1.0)
    ax, ay, az = ax - t * vx, ay - t * vy, az - t * vz
    return np.sqrt(ax * ax + ay * ay + az * az), t


@_jit
def _slack(chord):
    """As in geodesy: by how much a longer chord may still be the shorter geodesic."""
    return 1e-6 + 0.03 * chord * chord * chord / (24.0 * _B * _B)


@_jit
def _thin(pieces, sag, west, south, width, height, columns, first, member, parent, room, low, high,
          kept, roomy, middle, radius):  # fmt: skip
    corner = np.empty((5, 3))
    foot = np.empty((5, 3))
    for cell in range(low, high):
        row, column = cell // columns, cell % columns
        lon, lat = west + (column + 0.5) * width, south + (row + 0.5) * height
        corner[4, 0], corner[4, 1], corner[4, 2] = _xyz(lon, lat)
        reach = 0.0
        for k in range(4):
            x, y, z = _xyz(lon + (k % 2 - 0.5) * width, lat + (k // 2 - 0.5) * height)
            corner[k, 0], corner[k, 1], corner[k, 2] = x, y, z
            x, y, z = x - corner[4, 0], y - corner[4, 1], z - corner[4, 2]
            reach = max(reach, np.sqrt(x * x + y * y + z * z))
        # The cell bulges above the plane of its corners.
        bulge = reach * reach / (2.0 * _B)
        reach += bulge
        mother = parent[cell]
        begin, end = first[mother], first[mother + 1]
        nearest = np.inf
        for j in range(begin, end):
            d, _ = _chord(pieces, member[j], corner[4, 0], corner[4, 1], corner[4, 2])
            nearest = min(nearest, d)
        limit = nearest + 2.0 * reach + sag + _slack(nearest + 2.0 * reach)
        count = 0
        for j in range(begin, end):
            d, _ = _chord(pieces, member[j], corner[4, 0], corner[4, 1], corner[4, 2])
            if d <= limit:
                roomy[room[cell] + count] = member[j]
                count += 1
        for k in range(5):
            best, best_t, best_i = np.inf, 0.0, -1
            for j in range(room[cell], room[cell] + count):
                d, t = _chord(pieces, roomy[j], corner[k, 0], corner[k, 1], corner[k, 2])
                if d < best:
                    best, best_t, best_i = d, t, roomy[j]
            for m in range(3):
                foot[k, m] = pieces[best_i, m] + best_t * pieces[best_i, 3 + m]
        # What is nearer to a point than a piece is convex: a piece that is farther than one and
        # the same foot at all four corners is farther all over the cell.
        margin = sag + _slack(nearest + 2.0 * reach)
        margin += 2.0 * bulge * min(1.0, (nearest + 4.0 * reach) / _B)
        left = 0
        for j in range(room[cell], room[cell] + count):
            i = roomy[j]
            beaten = False
            for k in range(5):
                if beaten:
                    break
                beaten = True
                for c in range(4):
                    x, y, z = corner[c, 0], corner[c, 1], corner[c, 2]
                    d, _ = _chord(pieces, i, x, y, z)
                    x, y, z = x - foot[k, 0], y - foot[k, 1], z - foot[k, 2]
                    if d <= np.sqrt(x * x + y * y + z * z) + margin:
                        beaten = False
                        break
            if not beaten:
                roomy[room[cell] + left] = i
                left += 1
        kept[cell] = left
        middle[cell] = nearest * (1.0 + nearest * nearest / (24.0 * _B * _B))
        radius[row] = reach * (1.0 + reach * reach / (24.0 * _B * _B))


@_jit
def _cell_of(lon, lat, west, south, width, height, columns, rows, cell):
    for p in range(len(lon)):
        turned = lon[p] - west
        turned -= 360.0 * np.floor(turned / 360.0)
        column, row = turned / width, (lat[p] - south) / height
        inside = (column < columns) & (row >= 0.0) & (row < rows)
        cell[p] = np.int32(row) * columns + np.int32(column) if inside else -1


@_jit
def _classed(lon, lat, west, south, width, height, columns, rows, classes, found):
    across, up = 1.0 / width, 1.0 / height
    for p in range(len(lon)):
        turned = lon[p] - west
        turned -= 360.0 * np.floor(turned * (1.0 / 360.0))
        column, row = turned * across, (lat[p] - south) * up
        inside = (column < columns) & (row >= 0.0) & (row < rows)
        found[p] = classes[np.int64(row) * columns + np.int64(column)] if inside else -1


@_jit
def _nearest(lon, lat, pieces, bend, first, member, west, south, width, height, columns, rows,
             row_sin, row_cos, column_sin, column_cos, sag, distance, piece, share):  # fmt: skip
    for p in range(len(lon)):
        piece[p] = -1
        turned = lon[p] - west
        turned -= 360.0 * np.floor(turned / 360.0)
        column, row = turned / width, (lat[p] - south) / height
        if not ((column < columns) & (row >= 0.0) & (row < rows)):
            continue
        i, j = np.int64(column), np.int64(row)
        # Sine and cosine from those of the cell's middle: a cell is small enough for the series.
        d = np.radians((row - j - 0.5) * height)
        sd, cd = _sin_cos(d)
        sin_lat, cos_lat = row_sin[j] * cd + row_cos[j] * sd, row_cos[j] * cd - row_sin[j] * sd
        d = np.radians((column - i - 0.5) * width)
        sd, cd = _sin_cos(d)
        sin_lon = column_sin[i] * cd + column_cos[i] * sd
        cos_lon = column_cos[i] * cd - column_sin[i] * sd
        n = _A / np.sqrt(1.0 - _ES * sin_lat * sin_lat)
        x, y, z = n * cos_lat * cos_lon, n * cos_lat * sin_lon, n * (1.0 - _ES) * sin_lat
        cell = j * columns + i
        best, second, chosen, at = np.inf, np.inf, -1, 0.0
        for k in range(first[cell], first[cell + 1]):
            m = member[k]
            chord, t = _chord(pieces, m, x, y, z)
            # A foot on a vertex belongs to both pieces that meet there; the earlier has it.
            if m == chosen + 1 and t == 0.0 and at == 1.0 and chord > best - 1e-6:
                continue
            if chord < best:
                best, second, chosen, at = chord, best, m, t
            else:
                second = min(second, chord)
        shortest, at = _geodesic(pieces, bend, chosen, at, x, y, z)
        limit = best + sag + _slack(best)
        if second <= limit:
            for k in range(first[cell], first[cell + 1]):
                chord, t = _chord(pieces, member[k], x, y, z)
                if chord <= limit:
                    length, t = _geodesic(pieces, bend, member[k], t, x, y, z)
                    # As in geodesy: feet within a micrometre are equal, and the earlier wins.
                    nearer = length < shortest - 1e-6
                    if nearer or (length < shortest + 1e-6 and member[k] < chosen):
                        shortest, chosen, at = length, member[k], t
        distance[p], piece[p], share[p] = shortest, chosen, at


@_jit
def _geodesic(pieces, bend, i, t, x, y, z):
    """Return the length of the geodesic from a point to its foot, and where on the piece that is.

    The piece is its chord and a bend: start + t·chord + t(1 − t)·bend, to a hundredth of a
    millimetre; one Newton step brings the foot from the chord to it.

    The geodesic is all but a normal section, whose curvature half-way, by Euler's and Meusnier's
    theorems, is √(1 − e²S²) (1 + e′²T²) / a: S the sine of the latitude there, T the share of the
    chord along the Earth's axis. How that curvature changes along the way adds the last term.
    """
    bx, by, bz = bend[i, 0], bend[i, 1], bend[i, 2]
    vx, vy, vz = pieces[i, 3], pieces[i, 4], pieces[i, 5]
    s, c = t * (1.0 - t), 1.0 - 2.0 * t
    dx = pieces[i, 0] + t * vx + s * bx - x
    dy = pieces[i, 1] + t * vy + s * by - y
    dz = pieces[i, 2] + t * vz + s * bz - z
    tx, ty, tz = vx + c * bx, vy + c * by, vz + c * bz
    growth = tx * tx + ty * ty + tz * tz - 2.0 * (dx * bx + dy * by + dz * bz)
    # Far away the bend outweighs the chord; there a metre of foot is nothing to the distance.
    if growth > 0.5 * pieces[i, 6]:
        t = min(max(t - (dx * tx + dy * ty + dz * tz) / growth, 0.0), 1.0)
        s = t * (1.0 - t)
    fx, fy = pieces[i, 0] + t * vx + s * bx, pieces[i, 1] + t * vy + s * by
    fz = pieces[i, 2] + t * vz + s * bz
    dx, dy, dz = fx - x, fy - y, fz - z
    square = dx * dx + dy * dy + dz * dz
    if square > _SERIES_M * _SERIES_M:
        return _vincenty(x, y, z, fx, fy, fz), t
    mx, my, mz = x + fx, y + fy, (z + fz) / (1.0 - _ES)
    s2, t2 = mz * mz / (mx * mx + my * my + mz * mz), dz * dz / max(square, 1e-12)
    curve = (1.0 - _ES * s2) * (1.0 + _ES / (1.0 - _ES) * t2) ** 2
    # Arc of a circle from its chord: with x = c²/24r², 1 + x + 2.7x² + 9.64x³.
    arc = square * curve * (1.0 / (24.0 * _A * _A))
    change = square * square * (_ES / (160.0 * _A**4)) * (s2 - t2)
    return np.sqrt(square) * (1.0 + arc * (1.0 + arc * (2.7 + arc * 9.642857)) + change), t


@_jit
def _vincenty(x, y, z, fx, fy, fz):
    """Return the geodesic between two points of the ellipsoid.

    T. Vincenty, *Direct and inverse solutions of geodesics on the ellipsoid with application of
    nested equations*, Survey Review 23 (1975). Reduced latitudes come straight from x, y and z.
    """
    f = 1.0 - _B / _A
    p, q = np.hypot(x, y), np.hypot(fx, fy)
    r = np.hypot(p * (1.0 - f), z)
    su, cu = z / r, p * (1.0 - f) / r
    r = np.hypot(q * (1.0 - f), fz)
    sv, cv = fz / r, q * (1.0 - f) / r
    turn = np.arctan2(x * fy - y * fx, x * fx + y * fy)
    lam, sigma, ss, cs, c2m, cos2a = turn, 0.0, 0.0, 0.0, 0.0, 0.0
    for _ in range(50):
        sl, cl = np.sin(lam), np.cos(lam)
        ss = np.hypot(cv * sl, cu * sv - su * cv * cl)
        cs = su * sv + cu * cv * cl
        sigma = np.arctan2(ss, cs)
        sa = cu * cv * sl / max(ss, 1e-300)
        cos2a = max(1.0 - sa * sa, 1e-15)
        c2m = cs - 2.0 * su * sv / cos2a
        c = f / 16.0 * cos2a * (4.0 + f * (4.0 - 3.0 * cos2a))
        last = lam
        lam = turn + (1.0 - c) * f * sa * (
            sigma + c * ss * (c2m + c * cs * (2.0 * c2m * c2m - 1.0))
        )
        if abs(lam - last) < 1e-13:
            break
    u2 = cos2a * (_A * _A - _B * _B) / (_B * _B)
    big_a = 1.0 + u2 / 16384.0 * (4096.0 + u2 * (-768.0 + u2 * (320.0 - 175.0 * u2)))
    big_b = u2 / 1024.0 * (256.0 + u2 * (-128.0 + u2 * (74.0 - 47.0 * u2)))
    inner = cs * (2.0 * c2m * c2m - 1.0) - big_b / 6.0 * c2m * (4.0 * ss * ss - 3.0) * (
        4.0 * c2m * c2m - 3.0
    )
    return _B * big_a * (sigma - big_b * ss * (c2m + big_b / 4.0 * inner))


@_jit
def _sin_cos(d):
    """Sine and cosine of at most 0.01 radian, to the last bit."""
    q = d * d
    return d * (1.0 - q / 6.0 * (1.0 - q / 20.0)), 1.0 - q / 2.0 * (
        1.0 - q / 12.0 * (1.0 - q / 30.0)
    )
