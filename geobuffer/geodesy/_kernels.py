"""Compile the loops of the grid with numba: which pieces a cell keeps, which one is nearest.

All kernels stand in one file. numba caches a compiled function until the file of that function
changes; it does not look whether a function called from another file has changed.
:func:`find_nearest` is long because each call in it costs time: with its search in a function of
its own it takes 45 % longer, with its sines and cosines 15 %.

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
    ax, ay, az = x - pieces[i, 0], y - pieces[i, 1], z - pieces[i, 2]
    vx, vy, vz = pieces[i, 3], pieces[i, 4], pieces[i, 5]
    t = min(max((ax * vx + ay * vy + az * vz) * pieces[i, 7], 0.0), 1.0)
    ax, ay, az = ax - t * vx, ay - t * vy, az - t * vz
    return np.sqrt(ax * ax + ay * ay + az * az), t


@_jit
def _chord_slack(chord):
    """Return by how much a longer chord may still be the shorter geodesic.

    The same as ``_chord_slack`` of ``nearest``, for one chord; a test compares the two.
    """
    return 1e-6 + 0.03 * chord * chord * chord / (24.0 * B * B)


@_jit
def thin_cells(pieces, sag, west, south, width, height, columns, first, member, parent, offset,
               low, high, kept, candidates, middle, radius):  # fmt: skip
    """Select for cells ``low`` to ``high`` the pieces of their parents that may be nearest in them.

    The pieces of a cell are written to ``candidates`` from its ``offset`` on, their number to
    ``kept``; also the distance of the cell's middle from the lines, and the radius of its row.
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
        middle[cell] = nearest * (1.0 + nearest * nearest / (24.0 * B * B))
        radius[row] = reach * (1.0 + reach * reach / (24.0 * B * B))


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
def find_cells(lon, lat, west, south, width, height, columns, rows, cell):
    """Find the cell of each point, −1 outside the grid."""
    for p in range(len(lon)):
        turned = lon[p] - west
        turned -= 360.0 * np.floor(turned / 360.0)
        column, row = turned / width, (lat[p] - south) / height
        inside = (column < columns) & (row >= 0.0) & (row < rows)
        cell[p] = np.int32(row) * columns + np.int32(column) if inside else -1


@_jit
def look_up_classes(lon, lat, west, south, width, height, columns, rows, classes, found):
    """Find the class of the cell of each point, −1 outside the grid."""
    across, up = 1.0 / width, 1.0 / height
    for p in range(len(lon)):
        turned = lon[p] - west
        turned -= 360.0 * np.floor(turned * (1.0 / 360.0))
        column, row = turned * across, (lat[p] - south) * up
        inside = (column < columns) & (row >= 0.0) & (row < rows)
        found[p] = classes[np.int64(row) * columns + np.int64(column)] if inside else -1


@_jit
def find_nearest(lon, lat, pieces, bend, first, member, west, south, width, height, columns, rows,
        sine, cosine, sag, distance, piece, share):  # fmt: skip
    """Find the nearest piece to each point, the distance, and the share of the piece passed.

    The piece is −1 for points outside the grid and for those too far for the series.
    """
    for p in range(len(lon)):
        piece[p] = -1
        turned = lon[p] - west
        turned -= 360.0 * np.floor(turned / 360.0)
        column, row = turned / width, (lat[p] - south) / height
        inside = (column < columns) & (row >= 0.0) & (row < rows)
        # The sines end at 720°; the tree refuses what lies beyond.
        if not (inside & (abs(lon[p]) <= 720.0)):
            continue
        i, j = np.int64(column), np.int64(row)
        x, y, z = _to_strict_xyz(lon[p], lat[p], sine, cosine)
        cell = j * columns + i
        best, second, chosen, at = np.inf, np.inf, -1, 0.0
        for k in range(first[cell], first[cell + 1]):
            m = member[k]
            chord, t = _measure_chord(pieces, m, x, y, z)
            # A foot on a vertex belongs to both pieces that meet there; we keep the earlier.
            if m == chosen + 1 and t == 0.0 and at == 1.0 and best - 1e-6 < chord < 1e5:
                continue
            if chord < best:
                best, second, chosen, at = chord, best, m, t
            else:
                second = min(second, chord)
        if best > SERIES_M:
            continue
        limit = best + sag + _chord_slack(best)
        if second <= limit:
            shortest, at = measure_piece(pieces, bend, chosen, x, y, z)
            for k in range(first[cell], first[cell + 1]):
                chord, t = _measure_chord(pieces, member[k], x, y, z)
                if chord <= limit:
                    length, t = measure_piece(pieces, bend, member[k], x, y, z)
                    # As in the tree: feet within a micrometre are equal, and the earlier wins.
                    nearer = length < shortest - 1e-6
                    if nearer or (length < shortest + 1e-6 and member[k] < chosen):
                        shortest, chosen, at = length, member[k], t
        else:
            shortest, at = measure_piece(pieces, bend, chosen, x, y, z)
        distance[p], piece[p], share[p] = shortest, chosen, at


@_strict_jit
def measure_piece(pieces, bend, i, x, y, z):
    """Return the length of the geodesic from a point to its foot, and where on the piece that is.

    The same as ``measure_pieces`` of ``_series``, operation by operation, so that both engines
    return the same bits: who changes one must change the other.

    The piece is its chord and a bend: start + t·chord + t(1 − t)·bend, to a hundredth of a
    millimetre; one Newton step brings the foot from the chord to it.

    The geodesic is almost a normal section. Half-way its curvature, by Euler's and Meusnier's
    theorems, is √(1 − e²S²) (1 + e′²T²) / a: S the sine of the latitude there, T the share of the
    chord along the Earth's axis. The last term adds how that curvature changes along the way.
    """
    px, py, pz = pieces[i, 0], pieces[i, 1], pieces[i, 2]
    vx, vy, vz = pieces[i, 3], pieces[i, 4], pieces[i, 5]
    bx, by, bz = bend[i, 0], bend[i, 1], bend[i, 2]
    ax, ay, az = x - px, y - py, z - pz
    t = min(max((ax * vx + ay * vy + az * vz) * pieces[i, 7], 0.0), 1.0)
    s, c = t * (1.0 - t), 1.0 - 2.0 * t
    dx = px + t * vx + s * bx - x
    dy = py + t * vy + s * by - y
    dz = pz + t * vz + s * bz - z
    tx, ty, tz = vx + c * bx, vy + c * by, vz + c * bz
    growth = tx * tx + ty * ty + tz * tz - 2.0 * (dx * bx + dy * by + dz * bz)
    # Far away the bend outweighs the chord; there a metre of foot does not change the distance.
    if growth > 0.5 * pieces[i, 6]:
        t = min(max(t - (dx * tx + dy * ty + dz * tz) / growth, 0.0), 1.0)
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
def _to_strict_xyz(lon, lat, sine, cosine):
    """Return Earth-centred coordinates with the bits of ``_series``, from its sines and cosines."""
    sin_lon, cos_lon = _sin_cos(lon, sine, cosine)
    sin_lat, cos_lat = _sin_cos(lat, sine, cosine)
    n = A / np.sqrt(1.0 - ES * sin_lat * sin_lat)
    return n * cos_lat * cos_lon, n * cos_lat * sin_lon, n * POLAR * sin_lat


@_strict_jit
def _sin_cos(degrees, sine, cosine):
    """Return sine and cosine: those of the nearest quarter of a degree, and a short series."""
    quarter = np.floor(degrees * 4.0 + 0.5)
    d = (degrees - quarter * 0.25) * RADIAN
    q = d * d
    sd = d * (1.0 - q * SIXTH * (1.0 - q * 0.05))
    cd = 1.0 - q * 0.5 * (1.0 - q * TWELFTH * (1.0 - q * THIRTIETH))
    at = np.int64(quarter) + 2880
    s, c = sine[at], cosine[at]
    return s * cd + c * sd, c * cd - s * sd
