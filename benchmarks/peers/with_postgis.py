"""PostGIS and its geography type, in a private cluster that listens on a Unix socket only."""

# All SQL is made of constants of this file.
# ruff: noqa: S608
from __future__ import annotations

import io
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import psycopg
import shapely
from harness import WIDTH_M, Method

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd
    from harness import Floats, Job
    from numpy.typing import NDArray

POINT = "ST_SetSRID(ST_MakePoint(lon, lat), 4326)::geography"
TABLES = (
    "CREATE TABLE line AS SELECT ST_GeomFromWKB(%b, 4326)::geography AS g",
    "CREATE TABLE pieces AS SELECT ST_Subdivide(g::geometry, 32)::geography AS g FROM line",
    "CREATE INDEX ON pieces USING gist (g)",
)


def bin_folder() -> Path:
    """Return where the server's programs are: on the path, or where Debian puts them."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"))


def as_postgres(*command: object) -> None:
    """Run a command, as the user postgres where we are root: the server refuses to be root."""
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["runuser", "-u", "postgres", "--", *words]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd="/")


@contextmanager
def cluster() -> Iterator[psycopg.Connection[Any]]:
    """Start a cluster of our own in a temporary folder, and stop and remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="peers-postgis-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    programs, data = bin_folder(), folder / "data"
    try:
        as_postgres(programs / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8")
        options = (
            f"-c listen_addresses= -c unix_socket_directories={folder} "
            "-c shared_buffers=1GB -c work_mem=256MB -c fsync=off"
        )
        as_postgres(
            programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"
        )
        try:
            connection = psycopg.connect(
                host=str(folder), user="postgres", dbname="postgres", autocommit=True
            )
            with connection:
                yield connection
        finally:
            as_postgres(programs / "pg_ctl", "-D", data, "-m", "fast", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def version(job: Job) -> str:
    """Return versions."""
    return (job.folder / "postgis-version.txt").read_text(encoding="utf-8")


def methods(job: Job) -> list[Method]:
    """Return ST_Buffer, ST_DWithin and ST_Distance of geography."""
    base = job.stack.enter_context(cluster())
    base.execute("CREATE EXTENSION postgis")
    said = base.execute("SELECT version(), postgis_lib_version()").fetchone() or ("?", "?")
    text = f"PostGIS {said[1]}, {' '.join(said[0].split()[:2])}"
    (job.folder / "postgis-version.txt").write_text(text, encoding="utf-8")
    base.execute(TABLES[0], [shapely.to_wkb(job.line)])
    for statement in TABLES[1:]:
        base.execute(statement)

    def load(lon: Floats, lat: Floats) -> int:
        _copy(base, lon, lat)
        return len(lon)

    def zone(arcs: int) -> shapely.Geometry:
        query = f"SELECT ST_AsBinary(ST_Buffer(g, {WIDTH_M}, {arcs})) FROM line"
        return shapely.from_wkb(bytes(base.execute(query).fetchall()[0][0]))

    def inside(query: str, count: int) -> NDArray[np.bool_]:
        return np.isin(np.arange(count), np.array(base.execute(query).fetchall()).reshape(-1))

    def away(_count: int) -> Floats:
        query = "SELECT ST_Distance(p.g, line.g) FROM p, line ORDER BY i"
        return np.array(base.execute(query).fetchall()).reshape(-1)

    whole = f"SELECT i FROM p, line WHERE ST_DWithin(p.g, line.g, {WIDTH_M})"
    pieces = (
        "SELECT i FROM p WHERE EXISTS "
        f"(SELECT FROM pieces WHERE ST_DWithin(p.g, pieces.g, {WIDTH_M}))"
    )
    return [
        Method("zone", "geography, ST_Buffer", lambda: zone(8)),
        Method("zone", "geography, ST_Buffer, 128 arcs a quarter", lambda: zone(128)),
        Method("membership", "geography, ST_DWithin", lambda n: inside(whole, n), load),
        Method("membership", "geography, ST_DWithin of pieces", lambda n: inside(pieces, n), load),
        Method("distance", "geography, ST_Distance", away, load),
        Method("buffers", "geography, ST_Buffer", lambda table: _buffer_rows(base, table)),
    ]


def _buffer_rows(base: psycopg.Connection[Any], table: gpd.GeoDataFrame) -> NDArray[Any]:
    """Return ST_Buffer of each row; the time includes passing the rows to the server."""
    base.execute("DROP TABLE IF EXISTS rows; CREATE TABLE rows (i int, g bytea, m float8)")
    shapes = shapely.to_wkb(table.geometry.to_numpy())
    with base.cursor().copy("COPY rows FROM STDIN") as copy:
        for row in zip(range(len(table)), shapes, table["km"] * 1e3, strict=True):
            copy.write_row(row)
    buffered = "ST_AsBinary(ST_Buffer(ST_GeomFromWKB(g, 4326)::geography, m))"
    found = base.execute(f"SELECT {buffered} FROM rows ORDER BY i").fetchall()
    return shapely.from_wkb([row[0] for row in found])


def _copy(base: psycopg.Connection[Any], lon: Floats, lat: Floats) -> None:
    """Bring points into the table ``p``, indexed and analysed."""
    text = io.StringIO()
    pd.DataFrame({"i": np.arange(len(lon)), "lon": lon, "lat": lat}).to_csv(
        text, header=False, index=False, float_format="%.17g"
    )
    base.execute("DROP TABLE IF EXISTS raw, p")
    base.execute("CREATE TABLE raw (i int, lon float8, lat float8)")
    with base.cursor().copy("COPY raw FROM STDIN (FORMAT csv)") as copy:
        copy.write(text.getvalue())
    base.execute(f"CREATE TABLE p AS SELECT i, {POINT} AS g FROM raw")
    base.execute("CREATE INDEX ON p USING gist (g)")
    base.execute("VACUUM ANALYZE p")
