"""shapely and pyproj by hand: finer arcs, a projection made for the border, an index of segments.

The best that one projection can do: what someone would write who knows the recipes' faults.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyproj
import shapely
from harness import WIDTH_M, Method

if TYPE_CHECKING:
    from harness import Floats, Job
    from numpy.typing import NDArray


class Plane:
    """A border in a projection."""

    def __init__(self, line: shapely.Geometry, crs: str) -> None:
        self.there = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
        self.back = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
        self.line = shapely.transform(line, self.there.transform, interleaved=False)
        parts = [shapely.get_coordinates(part) for part in shapely.get_parts(self.line)]
        pairs = np.concatenate([np.stack([c[:-1], c[1:]], axis=1) for c in parts])
        self.segments = shapely.linestrings(pairs)
        self.tree = shapely.STRtree(self.segments)

    def zone(self) -> shapely.Geometry:
        """Return the zone with fine arcs."""
        flat = shapely.buffer(self.line, WIDTH_M, quad_segs=128)
        return shapely.transform(flat, self.back.transform, interleaved=False)

    def away(self, points: tuple[Floats, Floats]) -> Floats:
        """Return distances in the plane."""
        flat = shapely.points(*self.there.transform(*points))
        _, metres = self.tree.query_nearest(flat, all_matches=False, return_distance=True)
        return np.asarray(metres)


def version(_job: Job) -> str:
    """Return versions."""
    return f"shapely {shapely.__version__}, pyproj {pyproj.__version__}"


def conic(line: shapely.Geometry) -> str:
    """Return an equidistant conic projection fitted to a line."""
    west, south, east, north = line.bounds
    sixth = (north - south) / 6.0
    return (
        f"+proj=eqdc +lat_1={south + sixth} +lat_2={north - sixth} "
        f"+lat_0={(south + north) / 2} +lon_0={(west + east) / 2} +ellps=WGS84 +units=m"
    )


def methods(job: Job) -> list[Method]:
    """Return the usual projection and the best one."""
    utm, best = Plane(job.line, "EPSG:32636"), Plane(job.line, conic(job.line))
    polygon = best.zone()
    shapely.prepare(polygon)

    def inside(points: tuple[Floats, Floats]) -> NDArray[np.bool_]:
        return np.asarray(shapely.contains_xy(polygon, *points))

    return [
        Method("zone", "UTM 36N, 128 arcs a quarter", utm.zone),
        Method("zone", "own conic, 128 arcs a quarter", best.zone),
        Method("membership", "own conic, contains_xy in prepared zone", inside),
        Method("membership", "UTM 36N, STRtree", lambda p: utm.away(p) <= WIDTH_M),
        Method("distance", "UTM 36N, STRtree", utm.away),
        Method("distance", "own conic, STRtree", best.away),
    ]
