"""SedonaDB: geography by S2, on a sphere, in SQL."""

# All SQL is made of constants of this file.
# ruff: noqa: S608
from __future__ import annotations

from importlib.metadata import version as version_of
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import sedonadb
import shapely
from harness import WIDTH_M, Method

if TYPE_CHECKING:
    from harness import Floats, Job
    from numpy.typing import NDArray

GEOG = "ST_GeogFromWKB(ST_AsBinary(geometry))"


def version(_job: Job) -> str:
    """Return versions."""
    return f"SedonaDB {version_of('sedonadb')}"


def methods(job: Job) -> list[Method]:
    """Return joins and distances, then the buffer, which takes minutes."""
    base = sedonadb.connect()

    def view(name: str, table: gpd.GeoDataFrame) -> None:
        base.create_data_frame(table).to_view("raw", overwrite=True)
        query = f"SELECT i, geometry, {GEOG} AS g FROM raw"
        base.sql(query).to_memtable().to_view(name, overwrite=True)

    def load(lon: Floats, lat: Floats) -> int:
        points = gpd.points_from_xy(lon, lat, crs="EPSG:4326")
        view("p", gpd.GeoDataFrame({"i": np.arange(len(lon))}, geometry=points))
        return len(lon)

    view("line", gpd.GeoDataFrame({"i": [0]}, geometry=[job.line], crs="EPSG:4326"))
    flat = gpd.GeoSeries([job.line], crs="EPSG:4326").to_crs("EPSG:32636").buffer(WIDTH_M)
    view("zone", gpd.GeoDataFrame({"i": [0]}, geometry=flat.to_crs("EPSG:4326")))

    def inside(query: str, count: int) -> NDArray[np.bool_]:
        return np.isin(np.arange(count), base.sql(query).to_pandas()["i"])

    def away(_count: int) -> Floats:
        query = "SELECT p.i, ST_Distance(p.g, line.g) AS d FROM p, line"
        return np.asarray(base.sql(query).to_pandas().sort_values("i")["d"])

    def buffer() -> shapely.Geometry:
        query = f"SELECT ST_AsBinary(ST_Buffer(g, {WIDTH_M})) AS b FROM line"
        return shapely.from_wkb(bytes(base.sql(query).to_pandas()["b"][0]))

    near = f"SELECT p.i FROM p JOIN line ON ST_DWithin(p.g, line.g, {WIDTH_M})"
    join = "SELECT p.i FROM p JOIN zone ON ST_Within(p.geometry, zone.geometry)"
    return [
        Method("membership", "geography, ST_DWithin", lambda n: inside(near, n), load),
        Method("membership", "join with geopandas' UTM zone", lambda n: inside(join, n), load),
        Method("distance", "geography, ST_Distance", away, load),
        Method("zone", "geography, ST_Buffer", buffer),
    ]
