"""Read the land of the world from TopoJSON, and cut it into tiles of few vertices."""

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.affinity import translate

# The source rounds coordinates to 0.0036° and 0.0017°. Ours are multiples of this number, so no
# vertex moves by more than 0.001° (110 m), and all but the first bytes of each number are zero:
# the file shrinks to two fifths.
GRID = 1.0 / 512.0

# A tile with more vertices is cut into four. The 144 tiles that are all land then reach near
# enough to the coasts that most inland borders lie in them.
MOST_VERTICES = 100

# The two squares from which we cut, as west, south, east, north. Halves of 180 are multiples of the
# grid down to tiles of 0.18°.
HALVES = ((-180.0, -90.0, 0.0, 90.0), (0.0, -90.0, 180.0, 90.0))

WORLD = shapely.box(-180.0, -90.0, 180.0, 90.0)

# A tile smaller than this is kept as it is, in degrees.
SMALLEST = 0.2


Ring = NDArray[np.float64]


class Tile(NamedTuple):
    """A piece of land, its bounds in degrees, and whether it fills its bounds."""

    west: float
    south: float
    east: float
    north: float
    is_inland: bool
    land: shapely.Geometry


def read_land(text: bytes) -> shapely.Geometry:
    """Return the land of a TopoJSON file that has an object `land`, on our grid.

    >>> topology = {"transform": {"scale": [1, 1], "translate": [179, 20]},
    ...             "arcs": [[[0, 0], [2, 0], [0, 2]], [[0, 0], [0, 2], [2, 0]]],
    ...             "objects": {"land": {"geometries": [{"type": "Polygon", "arcs": [[0, -2]]}]}}}
    >>> land = read_land(json.dumps(topology).encode())
    >>> [part.bounds for part in land.geoms]
    [(-180.0, 20.0, -179.0, 22.0), (179.0, 20.0, 180.0, 22.0)]
    """
    topology = json.loads(text)
    scale, offset = (np.array(topology["transform"][key]) for key in ("scale", "translate"))
    # Each position is the difference from the one before it.
    arcs = [np.cumsum(arc, axis=0) * scale + offset for arc in topology["arcs"]]
    polygons: list[shapely.Geometry] = []
    for shape in topology["objects"]["land"]["geometries"]:
        parts = [shape["arcs"]] if shape["type"] == "Polygon" else shape["arcs"]
        for rings in parts:
            shell, *holes = (cut_at_antimeridian(unwrap_ring(ring, arcs)) for ring in rings)
            polygons.append(shapely.difference(shell, shapely.union_all(holes)))
    return keep_polygons(shapely.set_precision(shapely.union_all(polygons), GRID))


def unwrap_ring(numbers: Sequence[int], arcs: Sequence[Ring]) -> Ring:
    """Return a ring whose longitudes do not jump, from its arcs: a negative one runs backwards.

    The source joins land across 180° of longitude, so that its edges there run from one end of the
    map to the other. The ring of Antarctica goes round the pole: we close it there.
    """
    lines = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in numbers]
    ring = np.vstack([lines[0], *(line[1:] for line in lines[1:])])
    ring = np.column_stack([np.unwrap(ring[:, 0], period=360.0), ring[:, 1]])
    first, last = ring[0, 0], ring[-1, 0]
    if abs(last - first) < 180.0:
        return ring
    pole = np.copysign(90.0, ring[0, 1])
    return np.vstack([ring, [(last, pole), (first, pole)], ring[:1]])


def cut_at_antimeridian(ring: Ring) -> shapely.Geometry:
    """Return what a ring encloses, within ±180°."""
    area = shapely.make_valid(shapely.Polygon(ring), method="structure")
    copies = [translate(area, by) for by in (-360.0, 0.0, 360.0)]
    return shapely.union_all([shapely.intersection(copy, WORLD) for copy in copies])


def cut_tiles(land: shapely.Geometry) -> list[Tile]:
    """Return the land in tiles, from the south-west to the north-east of each quarter."""
    return [tile for half in HALVES for tile in cut_tile(land, half)]


def cut_tile(land: shapely.Geometry, bounds: tuple[float, ...]) -> Iterator[Tile]:
    """Yield the land within bounds: as one tile if it has few vertices, else in quarters."""
    box = shapely.box(*bounds)
    inside = keep_polygons(shapely.intersection(land, box, grid_size=GRID))
    if inside.is_empty:
        return
    west, south, east, north = bounds
    is_inland = bool(shapely.equals(inside, box))
    few = shapely.get_num_coordinates(inside) <= MOST_VERTICES
    if is_inland or few or east - west < SMALLEST:
        ends = shapely.bounds(inside).tolist()
        yield Tile(*ends, is_inland=is_inland, land=inside)
        return
    lons, lats = ((low, (low + high) / 2.0, high) for low, high in ((west, east), (south, north)))
    for s, n in pairwise(lats):
        for w, e in pairwise(lons):
            yield from cut_tile(inside, (w, s, e, n))


def keep_polygons(shape: shapely.Geometry) -> shapely.Geometry:
    """Return the polygons of a shape without its points and lines."""
    parts: Any = shapely.get_parts(shapely.get_parts(shape))
    polygons = [part for part in parts if part.geom_type == "Polygon"]
    return shapely.MultiPolygon(polygons)
