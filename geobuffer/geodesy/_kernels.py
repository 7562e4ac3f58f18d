"""Compile the loops of the grid with numba: which pieces a cell keeps, which one is nearest.

All kernels are in one file. numba caches a compiled function until the file of that function
changes; it does not check whether a function that it calls in another file has changed.

Points are Earth-centred x, y, z in metres, or longitude and latitude in degrees. ``pieces`` is
``PackedPieces.chord``: start (3), chord (3), its squared length and the inverse of that.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from geobuffer.geodesy._series import (
    ARC,
    CHANGE,
    ES,
    POLAR,
    RADIAN,
    SERIES_M,
    SIXTH,
    THIRTIETH,
    TILT,
    TWELFTH,
    UNPOLAR,
    A,
    B,
)

# How many points each loop of :func:`find_nearest` takes before the next loop begins: their numbers
# (50 kB) then stay in the processor's L1 cache.
_BLOCK = 256

# We use unsigned indices, because numba tests each signed index for being negative.
_ONE = np.uint64(1)


def _jit(kernel: Any, fastmath: Any = frozenset({"contract", "nsz"})) -> Any:
    """Compile a kernel at its first call, and cache it for other processes where possible."""
    how: Any = {"nogil": True, "error_model": "numpy", "fastmath": set(fastmath) or False}
    try:
        return numba.njit(cache=True, **how)(kernel)
    except RuntimeError:
        # No writable cache folder: numba compiles again in every process.
        return numba.njit(**how)(kernel)


def _strict_jit(kernel: Any) -> Any:
    """Compile a kernel whose every operation is rounded as IEEE 754 says, as numpy does."""
    return _jit(kernel, frozenset())


@_jit
def _to_xyz(lon, lat):
    lam, phi = np.radians(lon), np.radians(lat)
    s = np.sin(phi)
    n = A / np.sqrt(1.0 - ES * s * s)
    return n * np.cos(phi) * np.cos(lam), n * np.cos(phi) * np.sin(lam), n * (1.0 - ES) * s


@_jit
def _measure_chord(pieces, i, x, y, z):
    """Return the distance of a point to the chord of a piece, and the share along it."""
    square, t = _measure_square(pieces, i, x, y, z)
    return np.sqrt(square), t


@_jit
def _measure_square(pieces, i, x, y, z):
    """Return the squared distance of a point to the chord of a piece, and the share along it."""
    ax, ay, az = x - pieces[i, 0], y - pieces[i, 1], z - pieces[i, 2]
    vx, vy, vz = pieces[i, 3], pieces[i, 4], pieces[i, 5]
    t = min(max((ax * vx + ay * vy + az * vz) * pieces[i, 7], 0.0), 1.0)
    ax, ay, az = ax - t * vx, ay - t * vy, az - t * vz
    return ax * ax + ay * ay + az * az, t


@_jit
def _chord_slack(chord):
    """Return by how much a longer chord may still be the shorter geodesic.

    The same as ``_chord_slack`` of ``_chord_tree``, for one chord; a test compares the two.
    """
    return 1e-6 + 0.03 * chord * chord * chord / (24.0 * B * B)


@_jit
def thin_cells(pieces, sag, west, south, width, height, columns, first, member, parent, offset,
               low, high, kept, candidates):  # fmt: skip
    """Select for cells ``low`` to ``high`` the pieces of their parents that may be nearest in them.

    The pieces of a cell are written to ``candidates`` from its ``offset`` on, their number to
    ``kept``.
    """
    corner, foot = np.empty((5, 3)), np.empty((5, 3))
    for cell in range(low, high):
        row, column = cell // columns, cell % columns
        lon, lat = west + (column + 0.5) * width, south + (row + 0.5) * height
        reach = _set_corners(lon, lat, width, height, corner)
        # The surface of the cell bulges above the plane of its corners.
        bulge = reach * reach / (2.0 * B)
        reach += bulge
        begin, end, at = first[parent[cell]], first[parent[cell] + 1], offset[cell]
        x, y, z = corner[4, 0], corner[4, 1], corner[4, 2]
        nearest = np.inf
        for j in range(begin, end):
            d, _ = _measure_chord(pieces, member[j], x, y, z)
            nearest = min(nearest, d)
        limit = nearest + 2.0 * reach + sag + _chord_slack(nearest + 2.0 * reach)
        count = 0
        for j in range(begin, end):
            d, _ = _measure_chord(pieces, member[j], x, y, z)
            if d <= limit:
                candidates[at + count] = member[j]
                count += 1
        _find_feet(pieces, candidates, at, at + count, corner, foot)
        margin = sag + _chord_slack(nearest + 2.0 * reach)
        margin += 2.0 * bulge * min(1.0, (nearest + 4.0 * reach) / B)
        left = 0
        for j in range(at, at + count):
            i = candidates[j]
            if not _is_beaten(pieces, i, corner, foot, margin):
                candidates[at + left] = i
                left += 1
        kept[cell] = left


@_jit
def _set_corners(lon, lat, width, height, corner):
    """Set a cell's four corners and its middle; return how far the corners are from the middle."""
    corner[4, 0], corner[4, 1], corner[4, 2] = _to_xyz(lon, lat)
    reach = 0.0
    for k in range(4):
        x, y, z = _to_xyz(lon + (k % 2 - 0.5) * width, lat + (k // 2 - 0.5) * height)
        corner[k, 0], corner[k, 1], corner[k, 2] = x, y, z
        x, y, z = x - corner[4, 0], y - corner[4, 1], z - corner[4, 2]
        reach = max(reach, np.sqrt(x * x + y * y + z * z))
    return reach


@_jit
def _find_feet(pieces, candidates, begin, end, corner, foot):
    """Set the feet of a cell's corners and middle on the pieces nearest to them."""
    for k in range(5):
        best, best_t, best_i = np.inf, 0.0, -1
        for j in range(begin, end):
            d, t = _measure_chord(pieces, candidates[j], corner[k, 0], corner[k, 1], corner[k, 2])
            if d < best:
                best, best_t, best_i = d, t, candidates[j]
        for m in range(3):
            foot[k, m] = pieces[best_i, m] + best_t * pieces[best_i, 3 + m]


@_jit
def _is_beaten(pieces, i, corner, foot, margin):
    """Return whether a piece is farther away than one of the feet, everywhere in a cell.

    The points nearer to a foot than to a piece form a convex area. So a piece that is farther than
    the same foot at all four corners is farther everywhere in the cell.
    """
    for k in range(5):
        beaten = True
        for c in range(4):
            x, y, z = corner[c, 0], corner[c, 1], corner[c, 2]
            d, _ = _measure_chord(pieces, i, x, y, z)
            x, y, z = x - foot[k, 0], y - foot[k, 1], z - foot[k, 2]
            if d <= np.sqrt(x * x + y * y + z * z) + margin:
                beaten = False
                break
        if beaten:
            return True
    return False


@_jit
def look_up_classes(lon, lat, west, south, width, height, columns, rows, classes, found):
    """Find the class of the cell of each point: 0 outside the grid, −1 if it is not on the globe.

    ``classes`` has one more cell on each side of every row and column.
    """
    across, up = 1.0 / width, 1.0 / height
    for p in range(len(lon)):
        turned = lon[p] - west
        turned -= 360.0 * np.floor(turned * (1.0 / 360.0))
        column, row = turned * across, (lat[p] - south) * up
        inside = (column < columns) & (row >= 0.0) & (row < rows)
        known = (abs(lon[p]) <= 720.0) & (abs(lat[p]) <= 90.0)
        at = (np.int64(row) + 1) * (columns + 2) + np.int64(column) + 1
        found[p] = (classes[at] if inside else 0) if known else -1


@_jit
def find_nearest(lon, lat, pieces, bend, first, member, west, south, width, height, columns, rows,
        sine, cosine, sag, distance, piece, share):  # fmt: skip
    """Find the nearest piece to each point, the distance, and the share of the piece passed.

    The piece is −1 for points outside the grid, in cells without pieces, or too far away.

    Points go through short loops in blocks. The compiler vectorizes the loops without a search. And
    the processor fetches the pieces of many cells at once, instead of waiting for those of each
    point. So the loops take 0.4 of the time of one long loop.
    """
    x, y, z, limit = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    at_lon, at_lat, found = np.empty(_BLOCK), np.empty(_BLOCK), np.empty((11, _BLOCK))
    inside, cell = np.empty(_BLOCK, np.bool_), np.empty(_BLOCK, np.uint64)
    low, high = np.empty(_BLOCK, np.uint64), np.empty(_BLOCK, np.uint64)
    length, passed, earliest = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK, np.int32)
    for begin in range(0, len(lon), _BLOCK):
        n = min(_BLOCK, len(lon) - begin)
        for p in range(n):
            turned = lon[begin + p] - west
            turned -= 360.0 * np.floor(turned / 360.0)
            column, row = turned / width, (lat[begin + p] - south) / height
            # The table of sines ends at 720°; the tree raises an error for larger longitudes.
            known = abs(lon[begin + p]) <= 720.0
            inside[p] = known & (column < columns) & (row >= 0.0) & (row < rows)
            # A point outside passes through the loops in the first cell; its answer is dropped.
            at_lon[p] = lon[begin + p] if inside[p] else 0.0
            at_lat[p] = lat[begin + p] if inside[p] else 0.0
            cell[p] = np.int64(row) * columns + np.int64(column) if inside[p] else 0
        for p in range(n):
            low[p], high[p] = first[cell[p]], first[cell[p] + _ONE]
        for p in range(n):
            inside[p] &= low[p] < high[p]  # some cells keep no pieces
            earliest[p] = member[low[p]] if inside[p] else 0
        _set_strict_xyz(at_lon[:n], at_lat[:n], sine, cosine, x, y, z)
        for p in range(n):
            chosen = earliest[p]
            best, at = _measure_square(pieces, np.uint64(chosen), x[p], y[p], z[p])
            second = np.inf
            for k in range(low[p] + _ONE, high[p]):
                m = member[k]
                square, t = _measure_square(pieces, np.uint64(m), x[p], y[p], z[p])
                # A foot on a vertex belongs to both pieces that meet there; we keep the earlier.
                shared = m == chosen + 1 and t == 0.0 and at == 1.0 and square < 1e10
                if shared and np.sqrt(best) - 1e-6 < np.sqrt(square):
                    continue
                if square < best:
                    best, second, chosen, at = square, best, m, t
                else:
                    second = min(second, square)
            best = np.sqrt(best)
            reach = best + sag + _chord_slack(best)
            # Pieces whose chords are shorter than the limit may be nearest as well.
            limit[p] = reach if second <= reach * reach else -1.0
            inside[p] &= best <= SERIES_M
            piece[begin + p] = chosen if inside[p] else -1
            _copy_piece(pieces, bend, np.uint64(chosen), found, p)
        _measure_found(found, x[:n], y, z, length, passed)
        for p in range(n):
            distance[begin + p], share[begin + p] = length[p], passed[p]
            if limit[p] < 0.0 or not inside[p]:
                continue
            shortest, at, chosen = length[p], passed[p], piece[begin + p]
            for k in range(low[p], high[p]):
                m = member[k]
                square, _ = _measure_square(pieces, np.uint64(m), x[p], y[p], z[p])
                if square <= limit[p] * limit[p]:
                    long, t = _measure_one(pieces, bend, m, x[p], y[p], z[p])
                    # As in the tree: feet within a micrometre are equal, and the earlier wins.
                    nearer = long < shortest - 1e-6
                    if nearer or (long < shortest + 1e-6 and m < chosen):
                        shortest, chosen, at = long, m, t
            distance[begin + p], piece[begin + p], share[begin + p] = shortest, chosen, at


@_jit
def _copy_piece(pieces, bend, i, found, p):
    """Copy a piece to a column, so that the pieces of many points are measured together."""
    for m in range(8):
        found[m, p] = pieces[i, m]
    for m in range(3):
        found[8 + m, p] = bend[i, m]


@_strict_jit
def _measure_found(found, x, y, z, length, passed):
    """Measure the geodesics from points to the pieces found for them, and the shares passed."""
    for p in range(len(x)):
        length[p], passed[p] = _measure_piece(
            found[0, p], found[1, p], found[2, p], found[3, p], found[4, p], found[5, p],
            found[6, p], found[7, p], found[8, p], found[9, p], found[10, p], x[p], y[p], z[p],
        )  # fmt: skip


@_strict_jit
def _measure_one(pieces, bend, m, x, y, z):
    """Measure the geodesic from one point to a piece, and the share passed."""
    return _measure_piece(
        pieces[m, 0], pieces[m, 1], pieces[m, 2], pieces[m, 3], pieces[m, 4], pieces[m, 5],
        pieces[m, 6], pieces[m, 7], bend[m, 0], bend[m, 1], bend[m, 2], x, y, z,
    )  # fmt: skip


# numba inlines this function into its callers, because the compiler would not vectorize a loop that
# calls a function for each point. The inlined code is compiled as strictly as its caller.
@numba.njit(error_model="numpy", inline="always")
def _measure_piece(px, py, pz, vx, vy, vz, squared, inverse, bx, by, bz, x, y, z):
    """Return the length of the geodesic from a point to its foot, and where on the piece that is.

    The same as ``measure_from`` of ``_series``, operation by operation, so that both engines return
    the same bits. If you change one, change the other.

    The point of the piece at a share t is start + t·chord + t(1 − t)·bend, to a hundredth of a
    millimetre. One Newton step moves the foot from the chord to this curve.

    The geodesic is almost a normal section. By Euler's and Meusnier's theorems, the curvature in
    its middle is √(1 − e²S²) (1 + e′²T²) / a, where S is the sine of the latitude there, and T the
    share of the chord along the Earth's axis. The last term adds how that curvature changes along
    the geodesic.
    """
    ax, ay, az = x - px, y - py, z - pz
    t = min(max((ax * vx + ay * vy + az * vz) * inverse, 0.0), 1.0)
    s, c = t * (1.0 - t), 1.0 - 2.0 * t
    dx = px + t * vx + s * bx - x
    dy = py + t * vy + s * by - y
    dz = pz + t * vz + s * bz - z
    tx, ty, tz = vx + c * bx, vy + c * by, vz + c * bz
    growth = tx * tx + ty * ty + tz * tz - 2.0 * (dx * bx + dy * by + dz * bz)
    slid = min(max(t - (dx * tx + dy * ty + dz * tz) / growth, 0.0), 1.0)
    # Far away the bend outweighs the chord, so we keep the foot on the chord. A metre along the
    # piece does not change the distance there.
    t = slid if growth > 0.5 * squared else t
    s = t * (1.0 - t)
    fx = px + t * vx + s * bx
    fy = py + t * vy + s * by
    fz = pz + t * vz + s * bz
    dx, dy, dz = fx - x, fy - y, fz - z
    square = dx * dx + dy * dy + dz * dz
    mx, my, mz = x + fx, y + fy, (z + fz) * UNPOLAR
    s2 = mz * mz / (mx * mx + my * my + mz * mz)
    t2 = dz * dz / max(square, 1e-12)
    tilt = 1.0 + TILT * t2
    # Arc of a circle from its chord: with x = c²/24r², 1 + x + 2.7x² + 9.64x³.
    arc = square * ((1.0 - ES * s2) * (tilt * tilt)) * ARC
    change = square * square * CHANGE * (s2 - t2)
    return np.sqrt(square) * (1.0 + arc * (1.0 + arc * (2.7 + arc * 9.642857)) + change), t


@_strict_jit
def _set_strict_xyz(lon, lat, sine, cosine, x, y, z):
    """Set Earth-centred coordinates with the bits of ``_series``, from its sines and cosines."""
    for p in range(len(lon)):
        sin_lon, cos_lon = _sin_cos(lon[p], sine, cosine)
        sin_lat, cos_lat = _sin_cos(lat[p], sine, cosine)
        n = A / np.sqrt(1.0 - ES * sin_lat * sin_lat)
        x[p], y[p], z[p] = n * cos_lat * cos_lon, n * cos_lat * sin_lon, n * POLAR * sin_lat


@_strict_jit
def _sin_cos(degrees, sine, cosine):
    """Return sine and cosine: those of the nearest quarter of a degree, and a short series."""
    quarter = np.floor(degrees * 4.0 + 0.5)
    d = (degrees - quarter * 0.25) * RADIAN
    q = d * d
    sd = d * (1.0 - q * SIXTH * (1.0 - q * 0.05))
    cd = 1.0 - q * 0.5 * (1.0 - q * TWELFTH * (1.0 - q * THIRTIETH))
    at = np.uint64(np.int64(quarter) + 2880)
    s, c = sine[at], cosine[at]
    return s * cd + c * sd, c * cd - s * sd
