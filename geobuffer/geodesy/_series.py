"""Measure the distance from points to given pieces of lines, to the same bits in two engines.

The tree (:mod:`geobuffer.geodesy.nearest`) and the grid (:mod:`geobuffer.geodesy._cells`, compiled
in :mod:`geobuffer.geodesy._kernels`) choose the nearest piece in different ways, but measure it by
the same formula. The formula uses only sums, products, quotients and square roots, in the same
order, and IEEE 754 defines how each of them is rounded. So a point has one distance, whether it is
looked up alone or among millions.

Points are longitude and latitude in degrees; lengths are metres.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from geobuffer.geodesy.ellipsoid import WGS84

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geobuffer.geodesy.ellipsoid import Floats

# Radius at the equator, squared eccentricity, radius at the pole.
A, ES, B = float(WGS84.a), float(WGS84.es), float(WGS84.b)

# Up to this distance the series from chord to geodesic is accurate to 7e-10 of it (0.01 µm at
# 100 km, 22 µm at 500 km, compared with GeographicLib). GeographicLib measures farther points.
SERIES_M = 1_000_000.0

# The terms of the series, as constants: both engines must use the same bits.
RADIAN = np.pi / 180.0
SIXTH, TWELFTH, THIRTIETH = 1.0 / 6.0, 1.0 / 12.0, 1.0 / 30.0
ARC = 1.0 / (24.0 * A * A)
CHANGE = ES / (160.0 * A * A * A * A)
POLAR = 1.0 - ES
UNPOLAR = 1.0 / POLAR
TILT = ES / (1.0 - ES)

# Sines and cosines of every quarter of a degree from −720° to 720°, as far as longitudes may go.
_QUARTERS = np.radians(np.arange(-2880, 2881) / 4.0)
SINE, COSINE = np.sin(_QUARTERS), np.cos(_QUARTERS)


class PackedPieces(NamedTuple):
    """Pieces of lines in the form of both engines: chords, and how lines bend away from them."""

    chord: Floats
    """Start, chord, its length squared and the inverse of that: (n, 8), one cache line each."""
    bend: Floats
    """Four times the vector from the middle of the chord to the middle of the piece: (n, 3)."""


def pack_pieces(start: Floats, chord: Floats, squared: Floats, middle: Floats) -> PackedPieces:
    """Return pieces from their starts, chords and middles on the surface (Earth-centred metres)."""
    # A point is a chord of no length; the inverse 0 makes the share passed 0.
    inverse = np.divide(1.0, squared, out=np.zeros_like(squared), where=squared > 0.0)
    rows = np.column_stack([start, chord, squared, inverse])
    return PackedPieces(np.ascontiguousarray(rows), 4.0 * (middle - start - chord / 2.0))


def measure_pieces(
    packed: PackedPieces, piece: NDArray[np.integer[Any]], lon: Floats, lat: Floats
) -> tuple[Floats, Floats]:
    """Return the distance of each point to its piece, and the share of the piece that is passed."""
    return measure_from(packed, piece, to_xyz(lon, lat))


def measure_from(
    packed: PackedPieces, piece: NDArray[np.integer[Any]], xyz: Floats
) -> tuple[Floats, Floats]:
    """Return the result of :func:`measure_pieces` for Earth-centred points (3, n).

    This repeats ``_measure_piece`` of :mod:`geobuffer.geodesy._kernels` operation by operation. If
    you change one, change the other. The formula is explained there.
    """
    x, y, z = xyz
    px, py, pz, vx, vy, vz, squared, inverse = packed.chord[piece].T
    bx, by, bz = packed.bend[piece].T
    ax, ay, az = x - px, y - py, z - pz
    t = np.minimum(np.maximum((ax * vx + ay * vy + az * vz) * inverse, 0.0), 1.0)
    s, c = t * (1.0 - t), 1.0 - 2.0 * t
    dx = px + t * vx + s * bx - x
    dy = py + t * vy + s * by - y
    dz = pz + t * vz + s * bz - z
    tx, ty, tz = vx + c * bx, vy + c * by, vz + c * bz
    growth = tx * tx + ty * ty + tz * tz - 2.0 * (dx * bx + dy * by + dz * bz)
    near = growth > 0.5 * squared
    slid = t - (dx * tx + dy * ty + dz * tz) / np.where(near, growth, 1.0)
    t = np.where(near, np.minimum(np.maximum(slid, 0.0), 1.0), t)
    s = t * (1.0 - t)
    fx = px + t * vx + s * bx
    fy = py + t * vy + s * by
    fz = pz + t * vz + s * bz
    dx, dy, dz = fx - x, fy - y, fz - z
    square = dx * dx + dy * dy + dz * dz
    mx, my, mz = x + fx, y + fy, (z + fz) * UNPOLAR
    s2 = mz * mz / (mx * mx + my * my + mz * mz)
    t2 = dz * dz / np.maximum(square, 1e-12)
    tilt = 1.0 + TILT * t2
    arc = square * ((1.0 - ES * s2) * (tilt * tilt)) * ARC
    change = square * square * CHANGE * (s2 - t2)
    return np.sqrt(square) * (1.0 + arc * (1.0 + arc * (2.7 + arc * 9.642857)) + change), t


def to_xyz(lon: Floats, lat: Floats) -> Floats:
    """Return points (degrees) in Earth-centred coordinates, (3, n), as the compiled loops do."""
    # One call for both angles: for short arrays, the number of numpy calls decides on the time.
    (sin_lon, sin_lat), (cos_lon, cos_lat) = _sin_cos(np.stack([lon, lat]))
    n = A / np.sqrt(1.0 - ES * sin_lat * sin_lat)
    return np.stack([n * cos_lat * cos_lon, n * cos_lat * sin_lon, n * POLAR * sin_lat])


def _sin_cos(degrees: Floats) -> tuple[Floats, Floats]:
    """Return sine and cosine: those of the nearest quarter of a degree, and a short series."""
    quarter = np.floor(degrees * 4.0 + 0.5)
    d = (degrees - quarter * 0.25) * RADIAN
    q = d * d
    sd = d * (1.0 - q * SIXTH * (1.0 - q * 0.05))
    cd = 1.0 - q * 0.5 * (1.0 - q * TWELFTH * (1.0 - q * THIRTIETH))
    at = quarter.astype(np.int64) + 2880
    s, c = SINE[at], COSINE[at]
    return s * cd + c * sd, c * cd - s * sd
