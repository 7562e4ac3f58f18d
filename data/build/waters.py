"""Read rivers from the World Data Bank II and lakes from GSHHG, as basemap packs them."""

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

# West, south, east and north, in degrees.
Bounds = tuple[float, float, float, float]


class Scale(NamedTuple):
    """What is kept for maps of a scale, and how exactly; all but the area in degrees.

    Rivers shorter than `shortest` and lakes smaller than `smallest_km2` are left out. Lines are
    simplified by `tolerance`, and vertices moved to multiples of `grid`.
    """

    window: Bounds
    shortest: float
    smallest_km2: float
    tolerance: float
    grid: float


# The bundled oblasts and as much around them as a map of them shows. Shorter pieces of rivers are
# headwaters and islands of one bend; smaller lakes would be specks. The source is good to a
# kilometre or so, the tolerance is 440 m, the grid 110 m.
NEAR = Scale((24.0, 44.0, 46.0, 57.0), 0.2, 50.0, 0.004, 0.001)

# The main rivers and larger lakes of the world, for maps of a few hundred kilometres. A tolerance
# of 2.8 km keeps the file at 0.3 MB. The grid, 430 m to either side, is a power of two, so that
# most bytes of a number are zero and pack well.
FAR = Scale((-180.0, -90.0, 180.0, 90.0), 1.0, 500.0, 0.025, 1.0 / 128.0)

# A lake larger than this is the Caspian Sea, which is sea in the dataset land. The next, Lakes
# Superior, Michigan and Huron in one, have 208,000 km².
LARGEST_KM2 = 300_000.0

# The boxes of lakes that are in the source but exist no longer. Kakhovka lay
# between the dams of Zaporizhzhia and Nova Kakhovka. The lower dam was destroyed on 6 June 2023,
# and the water ran off within weeks (UNEP, Rapid Environmental Assessment of Kakhovka Dam Breach,
# 2023). In the source it is one area with the reservoirs upstream, which remain. The source has the
# Aral Sea and Lake Chad as they were about 1960, with 67,500 and 12,000 km²; nine tenths of both
# have dried up since, and it has no outline of what is left.
DRAINED: dict[str, Bounds] = {
    "Kakhovka": (33.37, 46.7, 35.4, 47.86),
    "Aral Sea": (57.5, 43.2, 62.5, 47.0),
    "Chad": (12.8, 12.3, 15.6, 14.1),
}

# The levels of lakes, and of islands in lakes, in GSHHG; 1 is land.
LAKE, ISLAND = 2, 3


class Water(NamedTuple):
    """A river or a lake."""

    kind: str
    shape: shapely.Geometry


class Piece(NamedTuple):
    """A piece of the source: its level, its area in km² (−1 for a river), and its vertices."""

    level: int
    area_km2: float
    vertices: NDArray[np.float64]


def read_pieces(index: bytes, content: bytes, window: Bounds) -> list[Piece]:
    """Return the pieces in a window.

    A line of the index has the level, the area, the number of vertices, the lowest and highest
    latitude and the first byte; the vertices are pairs of 32-bit numbers, longitudes of 0° to 360°.

    >>> index = b"2 60.0 3 50.0 51.0 0 24 0-E"
    >>> content = np.array([[30, 50], [31, 50], [30, 51]], "<f4").tobytes()
    >>> [piece] = read_pieces(index, content, NEAR.window)
    >>> piece.level, len(piece.vertices)
    (2, 3)
    """
    west, south, east, north = window
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


def make_rivers(pieces: list[Piece], scale: Scale) -> list[Water]:
    """Return the rivers in the window, cut where they meet, and joined end to end."""
    lines = shapely.union_all([shapely.LineString(one.vertices) for one in pieces])
    inside = shapely.intersection(lines, shapely.box(*scale.window))
    return list_rivers(shapely.line_merge(inside), scale)


def make_main_rivers(pieces: list[Piece], scale: Scale) -> list[Water]:
    """Return the rivers, joined end to end, but not cut where others flow into them.

    Cut there, most rivers would be pieces shorter than `scale.shortest`, and full of gaps.

    >>> main, other = Piece(-1, -1, [(0, 0), (1, 0), (2, 0)]), Piece(-1, -1, [(1, 0), (1, 0.5)])
    >>> [river] = make_main_rivers([main, other], FAR)
    >>> river.shape.bounds
    (0.0, 0.0, 2.0, 0.0)
    """
    lines = shapely.MultiLineString([one.vertices for one in pieces])
    return list_rivers(shapely.line_merge(lines), scale)


def list_rivers(lines: shapely.Geometry, scale: Scale) -> list[Water]:
    """Return the lines that are long enough, in the order of their bounds."""
    whole = [line for line in shapely.get_parts(lines) if line.length >= scale.shortest]
    ordered = sorted(whole, key=lambda one: one.bounds)
    return [Water("river", round_shape(line, scale)) for line in ordered]


def make_lakes(pieces: list[Piece], scale: Scale) -> list[Water]:
    """Return the larger lakes and reservoirs in the window, without those that are drained.

    Raises
    ------
    ValueError
        A drained lake is not in the source: its box is wrong, or the source is corrected.
    """
    areas = [
        shapely.Polygon(one.vertices)
        for one in pieces
        if one.level == LAKE and scale.smallest_km2 <= one.area_km2 <= LARGEST_KM2
    ]
    window = shapely.box(*scale.window)
    for name, bounds in DRAINED.items():
        box = shapely.box(*bounds)
        if not shapely.intersects(box, window):
            continue
        there = [one for one in areas if shapely.intersects(one, box)]
        if not there:
            msg = f"Invalid drained lake {name!r}: the source has no lake in its box."
            raise ValueError(msg)
        left = shapely.difference(shapely.make_valid(there), box)
        areas = [one for one in areas if one not in there]
        areas += [part for part in shapely.get_parts(left) if not part.is_empty]
    islands = shapely.union_all(
        [
            shapely.Polygon(one.vertices)
            for one in pieces
            if one.level == ISLAND and one.area_km2 >= scale.smallest_km2
        ]
    )
    whole = shapely.make_valid(areas)
    dug = np.where(shapely.intersects(whole, islands), shapely.difference(whole, islands), whole)
    rounded = shapely.get_parts([round_shape(area, scale) for area in dug])
    return [Water("lake", area) for area in rounded if not area.is_empty]


def round_shape(shape: shapely.Geometry, scale: Scale) -> shapely.Geometry:
    """Return a shape simplified, with its vertices on the grid, so that it compresses well."""
    return shapely.set_precision(shapely.simplify(shape, scale.tolerance), scale.grid)
