"""Read rivers from the World Data Bank II and lakes from GSHHG, as basemap packs them."""

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

# Where we keep rivers and lakes, as west, south, east, north: the bundled oblasts and as much
# around them as a map of them shows.
WINDOW = (24.0, 44.0, 46.0, 57.0)

# Lines are simplified by this many degrees (440 m): the source is good to a kilometre or so.
TOLERANCE = 0.004

# Pieces of rivers shorter than this, in degrees, are headwaters and islands of one bend; lakes
# smaller than this, in km², would be specks where we draw them.
SHORTEST, SMALLEST_KM2 = 0.2, 50.0

# The boxes, as above, of reservoirs that are in the source but exist no longer. Kakhovka lay
# between the dams of Zaporizhzhia and Nova Kakhovka. The lower dam was destroyed on 6 June 2023,
# and the water ran off within weeks (UNEP, Rapid Environmental Assessment of Kakhovka Dam Breach,
# 2023). In the source it is one area with the reservoirs upstream, which remain.
DRAINED = {"Kakhovka": (33.37, 46.7, 35.4, 47.86)}

# The level of lakes in GSHHG: 1 is land, 2 lakes, 3 islands in lakes.
LAKE = 2


class Water(NamedTuple):
    """A river or a lake."""

    kind: str
    shape: shapely.Geometry


class Piece(NamedTuple):
    """A piece of the source: its level, its area in km² (−1 for a river), and its vertices."""

    level: int
    area_km2: float
    vertices: NDArray[np.float64]


def read_pieces(index: bytes, content: bytes) -> list[Piece]:
    """Return the pieces in the window.

    A line of the index has the level, the area, the number of vertices, the lowest and highest
    latitude and the first byte; the vertices are pairs of 32-bit numbers, longitudes of 0° to 360°.

    >>> index = b"2 60.0 3 50.0 51.0 0 24 0-E"
    >>> content = np.array([[30, 50], [31, 50], [30, 51]], "<f4").tobytes()
    >>> [piece] = read_pieces(index, content)
    >>> piece.level, len(piece.vertices)
    (2, 3)
    """
    west, south, east, north = WINDOW
    pairs = np.frombuffer(content, dtype="<f4").reshape(-1, 2)
    pieces = []
    for line in index.decode("ascii").splitlines():
        level, area, count, low, high, first, *_ = line.split()
        if float(high) < south or float(low) > north:
            continue
        start = int(first) // pairs[0].nbytes
        lon, lat = pairs[start : start + int(count)].astype(float).T
        lon = (lon + 180.0) % 360.0 - 180.0
        if lon.max() > west and lon.min() < east:
            pieces.append(Piece(int(level), float(area), np.column_stack([lon, lat])))
    return pieces


def make_rivers(pieces: list[Piece]) -> list[Water]:
    """Return the rivers in the window, joined where they meet end to end."""
    lines = shapely.union_all([shapely.LineString(one.vertices) for one in pieces])
    merged = shapely.line_merge(shapely.intersection(lines, shapely.box(*WINDOW)))
    whole = [line for line in shapely.get_parts(merged) if line.length >= SHORTEST]
    return [Water("river", round_shape(line)) for line in sorted(whole, key=lambda one: one.bounds)]


def make_lakes(pieces: list[Piece]) -> list[Water]:
    """Return the larger lakes and reservoirs in the window, without those that are drained.

    Raises
    ------
    ValueError
        A drained reservoir is not in the source: its box is wrong, or the source is corrected.
    """
    areas = [
        shapely.Polygon(one.vertices)
        for one in pieces
        if one.level == LAKE and one.area_km2 >= SMALLEST_KM2
    ]
    for name, box in DRAINED.items():
        there = [one for one in areas if shapely.intersects(one, shapely.box(*box))]
        if not there:
            msg = f"Invalid drained reservoir {name!r}: the source has no lake in its box."
            raise ValueError(msg)
        left = shapely.difference(shapely.make_valid(there), shapely.box(*box))
        areas = [one for one in areas if one not in there]
        areas += [part for part in shapely.get_parts(left) if not part.is_empty]
    return [Water("lake", round_shape(shapely.make_valid(area))) for area in areas]


def round_shape(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a shape simplified, its vertices on a grid of 0.001° (110 m): it packs well."""
    return shapely.set_precision(shapely.simplify(shape, TOLERANCE), 0.001)
