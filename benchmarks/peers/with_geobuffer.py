"""geobuffer as ``pip install geobuffer`` gives it: numpy, shapely and pyproj."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import geopandas as gpd
from harness import WIDTH_M, Method

import geobuffer as gb

if TYPE_CHECKING:
    import numpy as np
    import shapely
    from harness import Floats, Job
    from numpy.typing import NDArray


def version(_job: Job) -> str:
    """Return versions."""
    return f"geobuffer {gb.__version__}"


def default_border() -> gb.Border:
    """Return the border of the default case."""
    regions = gb.load_regions()
    return gb.border_between(
        regions["Bryansk", "Kursk", "Belgorod"], regions["Chernihiv", "Sumy", "Kharkiv"]
    )


def load(lon: Floats, lat: Floats) -> gpd.GeoDataFrame:
    """Return points as a table."""
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat, crs="EPSG:4326"))


def methods(_job: Job) -> list[Method]:
    """Return the public functions, and the arrays below them, as if numba were not installed."""
    sys.modules["numba"] = None  # type: ignore[assignment]
    return ways(compiled=False)


def ways(*, compiled: bool) -> list[Method]:
    """Return all ways, with arrays looked up in the tree or in the compiled grid."""
    border = default_border()
    zone = gb.build_zone(border, km=10)

    def built(tolerance_m: float) -> shapely.Geometry:
        return gb.build_zone(border, km=10, tolerance_m=tolerance_m).polygon

    def classified(table: gpd.GeoDataFrame) -> NDArray[np.bool_]:
        # Not its column membership, which is "uncertain" next to the edge.
        return gb.classify(table, zone)["ring"].notna().to_numpy()

    def within(points: tuple[Floats, Floats]) -> NDArray[np.bool_]:
        return border.index.within(*points, distance_m=WIDTH_M, compiled=compiled)

    def measured(table: gpd.GeoDataFrame) -> Floats:
        metres: Floats = gb.distance_to_border(table, border).to_numpy() * 1e3
        return metres

    def nearest(points: tuple[Floats, Floats]) -> Floats:
        return border.index.nearest(*points, compiled=compiled).distance_m

    return [
        Method("zone", "build_zone, tolerance 1 m", lambda: built(1.0)),
        Method("zone", "build_zone, tolerance 0.1 m", lambda: built(0.1)),
        Method("zone", "build_zone, tolerance 0.01 m", lambda: built(0.01)),
        Method("membership", "index.within", within),
        Method("membership", "classify: distance, side, section, ring", classified, load),
        Method("distance", "index.nearest, with section and chainage", nearest),
        Method("distance", "distance_to_border of a table", measured, load),
    ]
