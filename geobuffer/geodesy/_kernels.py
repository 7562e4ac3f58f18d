"""The loops that numba compiles: what a cell of a grid keeps, and what is nearest to a point in it.

They stand in one file, as numba keeps what it compiled until the file of the caller changes, and
does not look whether that of what it calls has. :func:`nearest` is longer than functions here are,
as each seam in it costs time: its search apart takes 45 % longer, its sines and cosines 15 %.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

# WGS 84: equatorial radius in metres, square of the first eccentricity, polar radius.
A = 6_378_137.0
ES = 0.0066943799901413165
B = 6_356_752.314245179

# Up to this distance the series from chord to geodesic is right to 7e-10 of it (0.01 µm at 100 km,
# 22 µm at 500 km, held against GeographicLib); beyond, Vincenty's solution takes nine times as
# long and is right to 0.01 mm at 1,200 km and 0.07 mm at 12,000 km.
_SERIES_M = 1_000_000.0


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
    n = A / np.sqrt(1.0 - ES * s * s)
    return n * np.cos(phi) * np.cos(lam), n * np.cos(phi) * np.sin(lam), n * (1.0 - ES) * s


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
    """As in chords: by how much a longer chord may still be the shorter geodesic."""
    return 1e-6 + 0.03 * chord * chord * chord / (24.0 * B * B)


@_jit
def thin(pieces, sag, west, south, width, height, columns, first, member, parent, room, low, high,
         kept, roomy, middle, radius):  # fmt: skip
    """Keep for cells low to high the pieces of their parents that may be nearest in them."""
    corner, foot = np.empty((5, 3)), np.empty((5, 3))
    for cell in range(low, high):
        row, column = cell // columns, cell % columns
        lon, lat = west + (column + 0.5) * width, south + (row + 0.5) * height
        reach = _corners(lon, lat, width, height, corner)
        # The cell bulges above the plane of its corners.
        bulge = reach * reach / (2.0 * B)
        reach += bulge
        begin, end, at = first[parent[cell]], first[parent[cell] + 1], room[cell]
        x, y, z = corner[4, 0], corner[4, 1], corner[4, 2]
        nearest = np.inf
        for j in range(begin, end):
            d, _ = _chord(pieces, member[j], x, y, z)
            nearest = min(nearest, d)
        limit = nearest + 2.0 * reach + sag + _slack(nearest + 2.0 * reach)
        count = 0
        for j in range(begin, end):
            d, _ = _chord(pieces, member[j], x, y, z)
            if d <= limit:
                roomy[at + count] = member[j]
                count += 1
        _feet(pieces, roomy, at, at + count, corner, foot)
        margin = sag + _slack(nearest + 2.0 * reach)
        margin += 2.0 * bulge * min(1.0, (nearest + 4.0 * reach) / B)
        left = 0
        for j in range(at, at + count):
            i = roomy[j]
            if not _beaten(pieces, i, corner, foot, margin):
                roomy[at + left] = i
                left += 1
        kept[cell] = left
        middle[cell] = nearest * (1.0 + nearest * nearest / (24.0 * B * B))
        radius[row] = reach * (1.0 + reach * reach / (24.0 * B * B))


@_jit
def _corners(lon, lat, width, height, corner):
    """Fill in a cell's four corners and its middle; return how far they are from that."""
    corner[4, 0], corner[4, 1], corner[4, 2] = _xyz(lon, lat)
    reach = 0.0
    for k in range(4):
        x, y, z = _xyz(lon + (k % 2 - 0.5) * width, lat + (k // 2 - 0.5) * height)
        corner[k, 0], corner[k, 1], corner[k, 2] = x, y, z
        x, y, z = x - corner[4, 0], y - corner[4, 1], z - corner[4, 2]
        reach = max(reach, np.sqrt(x * x + y * y + z * z))
    return reach


@_jit
def _feet(pieces, roomy, begin, end, corner, foot):
    """Fill in the feet of a cell's corners and middle on what is nearest to them."""
    for k in range(5):
        best, best_t, best_i = np.inf, 0.0, -1
        for j in range(begin, end):
            d, t = _chord(pieces, roomy[j], corner[k, 0], corner[k, 1], corner[k, 2])
            if d < best:
                best, best_t, best_i = d, t, roomy[j]
        for m in range(3):
            foot[k, m] = pieces[best_i, m] + best_t * pieces[best_i, 3 + m]


@_jit
def _beaten(pieces, i, corner, foot, margin):
    """Tell whether a piece is farther all over a cell than one of the feet.

    What is nearer to a point than a piece is convex: a piece that is farther than one and the same
    foot at all four corners is farther all over the cell.
    """
    for k in range(5):
        beaten = True
        for c in range(4):
            x, y, z = corner[c, 0], corner[c, 1], corner[c, 2]
            d, _ = _chord(pieces, i, x, y, z)
            x, y, z = x - foot[k, 0], y - foot[k, 1], z - foot[k, 2]
            if d <= np.sqrt(x * x + y * y + z * z) + margin:
                beaten = False
                break
        if beaten:
            return True
    return False


@_jit
def cell_of(lon, lat, west, south, width, height, columns, rows, cell):
    """Find the cell of each point, −1 outside the grid."""
    for p in range(len(lon)):
        turned = lon[p] - west
        turned -= 360.0 * np.floor(turned / 360.0)
        column, row = turned / width, (lat[p] - south) / height
        inside = (column < columns) & (row >= 0.0) & (row < rows)
        cell[p] = np.int32(row) * columns + np.int32(column) if inside else -1


@_jit
def classed(lon, lat, west, south, width, height, columns, rows, classes, found):
    """Find the class of the cell of each point, −1 outside the grid."""
    across, up = 1.0 / width, 1.0 / height
    for p in range(len(lon)):
        turned = lon[p] - west
        turned -= 360.0 * np.floor(turned * (1.0 / 360.0))
        column, row = turned * across, (lat[p] - south) * up
        inside = (column < columns) & (row >= 0.0) & (row < rows)
        found[p] = classes[np.int64(row) * columns + np.int64(column)] if inside else -1


@_jit
def nearest(lon, lat, pieces, bend, first, member, west, south, width, height, columns, rows,
            row_sin, row_cos, column_sin, column_cos, sag, distance, piece, share):  # fmt: skip
    """Find the nearest piece to each point, the distance, and the share of the piece passed."""
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
        n = A / np.sqrt(1.0 - ES * sin_lat * sin_lat)
        x, y, z = n * cos_lat * cos_lon, n * cos_lat * sin_lon, n * (1.0 - ES) * sin_lat
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
                    # As in nearest: feet within a micrometre are equal, and the earlier wins.
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
    mx, my, mz = x + fx, y + fy, (z + fz) / (1.0 - ES)
    s2, t2 = mz * mz / (mx * mx + my * my + mz * mz), dz * dz / max(square, 1e-12)
    curve = (1.0 - ES * s2) * (1.0 + ES / (1.0 - ES) * t2) ** 2
    # Arc of a circle from its chord: with x = c²/24r², 1 + x + 2.7x² + 9.64x³.
    arc = square * curve * (1.0 / (24.0 * A * A))
    change = square * square * (ES / (160.0 * A**4)) * (s2 - t2)
    return np.sqrt(square) * (1.0 + arc * (1.0 + arc * (2.7 + arc * 9.642857)) + change), t


@_jit
def _vincenty(x, y, z, fx, fy, fz):
    """Return the geodesic between two points of the ellipsoid.

    T. Vincenty, *Direct and inverse solutions of geodesics on the ellipsoid with application of
    nested equations*, Survey Review 23 (1975). Reduced latitudes come straight from x, y and z.
    """
    f = 1.0 - B / A
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
    u2 = cos2a * (A * A - B * B) / (B * B)
    big_a = 1.0 + u2 / 16384.0 * (4096.0 + u2 * (-768.0 + u2 * (320.0 - 175.0 * u2)))
    big_b = u2 / 1024.0 * (256.0 + u2 * (-128.0 + u2 * (74.0 - 47.0 * u2)))
    inner = cs * (2.0 * c2m * c2m - 1.0) - big_b / 6.0 * c2m * (4.0 * ss * ss - 3.0) * (
        4.0 * c2m * c2m - 3.0
    )
    return B * big_a * (sigma - big_b * ss * (c2m + big_b / 4.0 * inner))


@_jit
def _sin_cos(d):
    """Sine and cosine of at most 0.01 radian, to the last bit."""
    q = d * d
    return d * (1.0 - q / 6.0 * (1.0 - q / 20.0)), 1.0 - q / 2.0 * (
        1.0 - q / 12.0 * (1.0 - q / 30.0)
    )
