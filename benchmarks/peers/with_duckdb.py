"""DuckDB and its spatial extension: GEOS and PROJ in SQL; planar, so in UTM."""

# All SQL is made of constants of this file.
# ruff: noqa: S608
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import duckdb_extension_spatial
import numpy as np
import pandas as pd
import shapely
from harness import WIDTH_M, Method

if TYPE_CHECKING:
    from harness import Floats, Job
    from numpy.typing import NDArray

UTM = "'EPSG:4326', 'EPSG:32636', always_xy := true"
BACK = "'EPSG:32636', 'EPSG:4326', always_xy := true"


def version(_job: Job) -> str:
    """Return versions."""
    return f"DuckDB {duckdb.__version__} with spatial"


def connect() -> duckdb.DuckDBPyConnection:
    """Connect to a database in memory; the extension comes from its wheel, not from a download."""
    folder = Path(duckdb_extension_spatial.__file__).parent
    extension = next(folder.rglob("spatial.duckdb_extension"))
    base = duckdb.connect()
    base.execute(f"LOAD '{extension}'")
    return base


def methods(job: Job) -> list[Method]:
    """Return the buffer, a join with it, ST_DWithin and ST_Distance."""
    base = connect()
    base.execute(
        f"CREATE TABLE line AS SELECT ST_Transform(ST_GeomFromWKB(?::BLOB), {UTM}) AS g",
        [shapely.to_wkb(job.line)],
    )
    buffer = f"SELECT ST_Transform(ST_Buffer(g, {WIDTH_M}), {BACK}) AS g FROM line"
    base.execute(f"CREATE TABLE zone AS {buffer}")

    def load(lon: Floats, lat: Floats) -> int:
        raw = pd.DataFrame({"i": np.arange(len(lon)), "lon": lon, "lat": lat})
        base.register("raw", raw)
        base.execute("CREATE OR REPLACE TABLE p AS SELECT i, ST_Point(lon, lat) AS g FROM raw")
        return len(lon)

    def zone() -> shapely.Geometry:
        rows = base.execute(f"SELECT ST_AsWKB(g) FROM ({buffer})").fetchall()
        return shapely.from_wkb(bytes(rows[0][0]))

    def inside(query: str, count: int) -> NDArray[np.bool_]:
        return np.isin(np.arange(count), base.execute(query).fetchnumpy()["i"])

    def away(_count: int) -> Floats:
        query = f"SELECT ST_Distance(ST_Transform(p.g, {UTM}), line.g) d FROM p, line ORDER BY i"
        return np.asarray(base.execute(query).fetchnumpy()["d"])

    join = "SELECT p.i FROM p JOIN zone ON ST_Within(p.g, zone.g)"
    near = f"SELECT p.i FROM p, line WHERE ST_DWithin(ST_Transform(p.g, {UTM}), line.g, {WIDTH_M})"
    return [
        Method("zone", "UTM 36N, ST_Buffer", zone),
        Method("membership", "UTM 36N, join ST_Within zone", lambda n: inside(join, n), load),
        Method("membership", "UTM 36N, ST_DWithin", lambda n: inside(near, n), load),
        Method("distance", "UTM 36N, ST_Distance", away, load),
    ]
