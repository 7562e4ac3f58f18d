"""geobuffer; which engine answers depends on the environment: numpy, or numba where installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from harness import WIDTH_M, Method

import geobuffer as gb
from geobuffer.geodesy.nearest import LineIndex
from geobuffer.versions import has_numba

if TYPE_CHECKING:
    from cases import Line
    from harness import Floats, Job
    from numpy.typing import NDArray


def version(_job: Job) -> str:
    """Return versions."""
    if not has_numba():
        return f"geobuffer {gb.__version__}"
    import numba

    return f"geobuffer {gb.__version__}, numba {numba.__version__}"


def default_border() -> gb.Border:
    """Return the border of the default case."""
    regions = gb.load_regions()
    return gb.border_between(
        regions["Bryansk", "Kursk", "Belgorod"], regions["Chernihiv", "Sumy", "Kharkiv"]
    )


def load(lon: Floats, lat: Floats) -> gpd.GeoDataFrame:
    """Return points as a table."""
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat, crs="EPSG:4326"))


def load_listed(lon: Floats, lat: Floats) -> gpd.GeoDataFrame:
    """Return points as a table that lists country and oblast of each, rightly, and an accuracy."""
    table = load(lon, lat)
    country, oblast = np.full((2, len(lon)), None, dtype=object)
    for region in gb.load_regions():
        shapely.prepare(region.geometry)
        within = shapely.contains_xy(region.geometry, lon, lat)
        country[within], oblast[within] = region.country, region.iso
    table["country"], table["oblast_iso"] = country, oblast
    table["accuracy_m"] = np.random.default_rng(5).choice([50.0, 500.0, 700.0], len(lon))
    return table


def methods(_job: Job) -> list[Method]:
    """Return the public functions, and the arrays below them."""
    border = default_border()
    zone = gb.build_zone(border, km=10)

    def built(tolerance_m: float) -> shapely.Geometry:
        return gb.build_zone(border, km=10, tolerance_m=tolerance_m).polygon

    def classified(table: gpd.GeoDataFrame) -> NDArray[np.bool_]:
        # Not its column membership, which is "uncertain" next to the edge.
        return gb.classify(table, zone)["ring"].notna().to_numpy()

    def within(points: tuple[Floats, Floats]) -> NDArray[np.bool_]:
        return border.index.within(*points, distance_m=WIDTH_M)

    def measured(table: gpd.GeoDataFrame) -> Floats:
        metres: Floats = gb.distance_to_border(table, border).to_numpy() * 1e3
        return metres

    def nearest(points: tuple[Floats, Floats]) -> Floats:
        return border.index.nearest(*points).distance_m

    def new_index() -> LineIndex:
        return LineIndex([section.line for section in border.sections])

    return [
        Method("zone", "build_zone, tolerance 1 m", lambda: built(1.0)),
        Method("zone", "build_zone, tolerance 0.1 m", lambda: built(0.1)),
        Method("zone", "build_zone, tolerance 0.01 m", lambda: built(0.01)),
        Method("membership", "index.within", within),
        Method("membership", "index.within, and building the index",
               lambda p: new_index().within(*p, distance_m=WIDTH_M)),
        Method("membership", "classify of a table", classified, load),
        Method("membership", "classify, with country, oblast and accuracy", classified,
               load_listed),
        Method("distance", "index.nearest, with section and chainage", nearest),
        Method("distance", "index.nearest, and building the index",
               lambda p: new_index().nearest(*p).distance_m),
        Method("distance", "distance_to_border of a table", measured, load),
        Method("buffers", "gb.buffer, tolerance 1 m", buffer_rows),
        Method("lines", "build_zone, tolerance 0.1 m", build_along),
    ]  # fmt: skip


def buffer_rows(table: gpd.GeoDataFrame) -> Any:
    """Return the zone of each row, as most would ask for them."""
    return gb.buffer(table, km="km").geometry.to_numpy()


def build_along(case: Line) -> shapely.Geometry:
    """Return the zone along a bare line."""
    border = gb.border_along(case.line, source=gb.Source("a line drawn for this"))
    return gb.build_zone(border, km=case.km, side=case.side).polygon
