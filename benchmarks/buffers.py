"""Time buffers of the rows of tables, beside the recipes of geopandas and PostGIS's geography.

Run: python benchmarks/buffers.py. Prints processor seconds, the ratio to geobuffer and the largest
error of sampled edges, by the independent search of the tests. PostGIS is left out where its
programs are missing; its seconds are those of its own process. Nothing here is asserted.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

import geobuffer as gb

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from numpy.typing import NDArray

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "tests"), str(HERE / "peers")]

from support import reference  # noqa: E402 - after the path

SOURCE = gb.Source("random shapes")

# Rows whose edges are measured, and places on each. The independent search takes some 5 ms a place.
ROWS, PLACES = 150, 8

# An estimate of the best UTM zone for each row takes some 20 ms, so not all rows get one.
PER_ROW = 300


def draw_points(count: int, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return points over an area as large as Ukraine, three UTM zones wide."""
    at = shapely.points(rng.uniform(22.0, 40.0, count), rng.uniform(44.0, 52.0, count))
    return gpd.GeoDataFrame({"km": rng.uniform(0.2, 30.0, count)}, geometry=at, crs="EPSG:4326")


def draw_areas(count: int, least: float, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return areas of 100 vertices, some 10 km across; jagged where the least radius is small."""
    turn = np.linspace(0.0, 2.0 * np.pi, 100, endpoint=False)
    shapes = []
    for lon, lat in zip(rng.uniform(22, 40, count), rng.uniform(44, 52, count), strict=True):
        reach = 0.045 * rng.uniform(least, 1.0, 100)
        east = reach * np.cos(turn) / np.cos(np.radians(lat))
        shapes.append(shapely.Polygon(np.column_stack([lon + east, lat + reach * np.sin(turn)])))
    return gpd.GeoDataFrame({"km": rng.uniform(0.5, 10.0, count)}, geometry=shapes, crs="EPSG:4326")


def outlines(shape: shapely.Geometry) -> list[NDArray[np.float64]]:
    """Return the outlines of areas and, twice, points."""
    if shape.geom_type == "Point":
        return [np.repeat(shapely.get_coordinates(shape), 2, axis=0)]
    return [shapely.get_coordinates(ring) for ring in shapely.get_rings(shape)]


def find_error_m(
    shapes: Sequence[Any], km: Sequence[float], zones: Sequence[Any], places: int = PLACES
) -> float:
    """Return the largest error found at vertices and at middles of edges."""
    rng, worst = np.random.default_rng(1), 0.0
    for shape, width, zone in zip(shapes, km, zones, strict=True):
        starts, ends = [], []
        for ring in shapely.get_rings(shapely.get_parts(zone)):
            xy = shapely.get_coordinates(ring)
            starts.append(xy[:-1])
            ends.append(xy[1:])
        start, end = np.concatenate(starts), np.concatenate(ends)
        for n, edge in enumerate(rng.integers(0, len(start), places)):
            at = start[edge] if n % 2 else (start[edge] + end[edge]) / 2.0
            away = reference.distance_m(outlines(shape), *at)
            worst = max(worst, abs(away - width * 1e3))
    return worst


def time_s(job: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a job makes, and the processor seconds of all threads."""
    begin = time.process_time()
    made = job()
    return made, time.process_time() - begin


def one_utm(table: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Buffer all rows in the UTM zone that geopandas estimates for the table."""
    flat = table.geometry.to_crs(table.estimate_utm_crs())
    return flat.buffer(table["km"] * 1e3).to_crs("EPSG:4326")


def utm_per_row(table: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Buffer each row in the UTM zone that geopandas estimates for it."""
    return pd.concat([one_utm(table.iloc[[n]]) for n in range(len(table))])


def with_postgis(table: gpd.GeoDataFrame, base: Any) -> tuple[NDArray[Any], float]:
    """Return ST_Buffer of geography, and the seconds that the server's process took."""
    base.execute("DROP TABLE IF EXISTS t; CREATE TABLE t (i int, g geography, m float8)")
    rows = zip(shapely.to_wkb(table.geometry.array), table["km"] * 1e3, strict=True)
    with base.cursor() as cursor:
        place = "INSERT INTO t VALUES (%s, ST_GeomFromWKB(%s, 4326)::geography, %s)"
        cursor.executemany(place, [(i, wkb, m) for i, (wkb, m) in enumerate(rows)])
    process = Path(f"/proc/{base.execute('SELECT pg_backend_pid()').fetchone()[0]}/stat")

    def spent_s() -> float:
        user, system = process.read_text(encoding="ascii").split()[13:15]
        return (int(user) + int(system)) / 100.0  # ticks of Linux

    begin = spent_s()
    found = base.execute("SELECT ST_AsBinary(ST_Buffer(g, m)) FROM t ORDER BY i").fetchall()
    return shapely.from_wkb([row[0] for row in found]), spent_s() - begin


def show(name: str, seconds: float, base_s: float, error_m: float) -> None:
    """Print a row of the table."""
    print(f"| {name} | {seconds:.2f} | {seconds / base_s:.2g} | {error_m:.3g} |", flush=True)


def compare_rows(name: str, table: gpd.GeoDataFrame, base: Any) -> None:
    """Print the rows of one table."""
    rng = np.random.default_rng(2)
    some = np.sort(rng.choice(len(table), min(ROWS, len(table)), replace=False))
    shapes, km = table.geometry.to_numpy()[some], table["km"].to_numpy()[some]
    gb.buffer(table.head(20), km="km")  # a warm-up
    zones, base_s = time_s(lambda: gb.buffer(table, km="km"))
    error = find_error_m(shapes, km, zones.geometry.to_numpy()[some])
    show(f"{name}: geobuffer, tolerance 1 m", base_s, base_s, error)
    flat, seconds = time_s(lambda: one_utm(table))
    error = find_error_m(shapes, km, flat.to_numpy()[some])
    show(f"{name}: geopandas, one UTM zone for all", seconds, base_s, error)
    first = table.head(PER_ROW)
    flat, seconds = time_s(lambda: utm_per_row(first))
    at = slice(0, ROWS)
    error = find_error_m(first.geometry[at], first["km"][at], flat[at])
    seconds *= len(table) / len(first)
    show(f"{name}: geopandas, `estimate_utm_crs()` for each row ¹", seconds, base_s, error)
    if base is not None:
        made, seconds = with_postgis(table, base)
        error = find_error_m(shapes, km, made[some])
        show(f"{name}: PostGIS, `ST_Buffer` of geography", seconds, base_s, error)


def compare_zones(count: int, rng: np.random.Generator) -> None:
    """Print one zone about many points: a united buffer."""
    points = draw_points(count, rng).assign(km=5.0)
    border = gb.border_around(list(points.geometry), source=SOURCE)
    whole = shapely.MultiPoint(list(points.geometry))
    zone, base_s = time_s(lambda: gb.build_zone(border, km=5, tolerance_m=1.0))
    flat, seconds = time_s(lambda: one_utm(points).union_all())
    for name, shape, took in (
        ("`build_zone`, tolerance 1 m", zone.polygon, base_s),
        ("geopandas, one UTM zone, united", flat, seconds),
    ):
        # Of all points the nearest decides; the search drops the others by their distance.
        lines = [np.repeat(xy[None], 2, axis=0) for xy in shapely.get_coordinates(whole)]
        show(f"{count:,} points, 5 km: {name}", took, base_s, united_error_m(lines, shape))


def united_error_m(lines: list[NDArray[np.float64]], shape: shapely.Geometry) -> float:
    """Return the largest error of the edges of a zone of 5 km about many points."""
    rings = [shapely.get_coordinates(r) for r in shapely.get_rings(shapely.get_parts(shape))]
    at = np.concatenate([np.vstack([xy[:-1], (xy[:-1] + xy[1:]) / 2.0]) for xy in rings])
    at = at[np.random.default_rng(1).choice(len(at), ROWS * PLACES)]
    return max(abs(reference.distance_m(lines, *xy) - 5e3) for xy in at)


def time_named_widths(rng: np.random.Generator) -> None:
    """Print a zone of one section and width for each of 400 points."""
    points = draw_points(400, rng)
    names = [f"place {n}" for n in range(len(points))]
    border = gb.border_around(list(points.geometry), names=names, source=SOURCE)
    widths = dict(zip(names, points["km"], strict=True))
    zone, seconds = time_s(lambda: gb.build_zone(border, km=widths, tolerance_m=1.0))
    print(f"| 400 points, each with its width by name: `build_zone` | {seconds:.2f} | |"
          f" {zone.error_m:.3g} (its bound) |")  # fmt: skip


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(20)
    tables = {
        "10,000 points, 0.2–30 km": draw_points(10_000, rng),
        "1,000 areas of 100 vertices, smooth": draw_areas(1_000, 0.97, rng),
        "1,000 areas of 100 vertices, jagged": draw_areas(1_000, 0.6, rng),
    }
    print("| job | processor, s | × geobuffer | largest error found, m |\n|---|---:|---:|---:|")
    try:
        from with_postgis import cluster

        with cluster() as base:
            base.execute("CREATE EXTENSION postgis")
            for name, table in tables.items():
                compare_rows(name, table, base)
    except (ImportError, OSError, ValueError) as error:
        print(f"PostGIS left out: {error}", file=sys.stderr)
        for name, table in tables.items():
            compare_rows(name, table, None)
    for count in (800, 2_000):
        compare_zones(count, rng)
    time_named_widths(rng)


if __name__ == "__main__":
    main()
