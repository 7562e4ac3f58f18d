"""Time the default case, beside the usual recipe: a planar buffer in UTM and a spatial join.

Run: python benchmarks/default_case.py. Prints medians of five runs after a warm-up, their ratios
to the recipe, and how far each answer is off. Nothing here is asserted.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

import geobuffer as gb

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 5


def median_s(job: Callable[[], object]) -> float:
    """Return the median wall time of a job in seconds, after a warm-up."""
    job()
    times = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        job()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def recipe_zone(line: gpd.GeoSeries) -> gpd.GeoSeries:
    """Buffer in the UTM zone that geopandas estimates: what most would do."""
    return line.to_crs(line.estimate_utm_crs()).buffer(10_000).to_crs("EPSG:4326")


def recipe_distance(line: gpd.GeoSeries, towns: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Measure in the UTM zone that geopandas estimates."""
    utm = line.estimate_utm_crs()
    return towns.to_crs(utm).distance(line.to_crs(utm).item()) / 1e3


def edge_error_m(border: gb.Border, polygon: shapely.Geometry) -> float:
    """Return the largest error of the edge of a 10 km zone, at vertices and middles."""
    rings = shapely.get_rings(shapely.get_parts(polygon))
    coords = [shapely.get_coordinates(ring) for ring in rings]
    points = np.concatenate([np.vstack([c, (c[:-1] + c[1:]) / 2]) for c in coords])
    found = border.index.nearest(points[:, 0], points[:, 1]).distance_m
    return float(np.abs(found - 10_000.0).max())


def commands() -> None:
    """Time whole commands, from cold start to finished file."""
    with tempfile.TemporaryDirectory() as folder:
        page = str(Path(folder) / "map.html")
        code = "from geobuffer.cli.main import main; main()"
        for name, command in {
            "python -c 'import geopandas'": [sys.executable, "-c", "import geopandas"],
            "python -c 'import geobuffer'": [sys.executable, "-c", "import geobuffer"],
            "geobuffer where 51.27 34.63": [sys.executable, "-c", code, "where", "51.27", "34.63"],
            "geobuffer map": [sys.executable, "-c", code, "map", "--out", page],
        }.items():
            seconds = median_s(lambda c=command: subprocess.run(c, check=True, capture_output=True))
            print(f"{name:34} {seconds:8.2f} s")


def main() -> None:
    """Print the table."""
    regions, towns = gb.load_regions(), gb.load_settlements()
    russia, ukraine = (
        regions["Bryansk", "Kursk", "Belgorod"],
        regions["Chernihiv", "Sumy", "Kharkiv"],
    )
    border = gb.border_between(russia, ukraine)
    line = gpd.GeoSeries([border.line], crs="EPSG:4326")
    zone = gb.build_zone(border, km=10)
    coarse = gb.build_zone(border, km=10, tolerance_m=1.0)
    planar = recipe_zone(line).item()
    # The tests hold geobuffer's distances against an independent solution, to a millimetre.
    exact = gb.distance_to_border(towns, border)
    off = float((recipe_distance(line, towns) - exact).abs().max()) * 1e3

    print(f"border of {border.length_km:,.0f} km, {len(towns):,} settlements\n")
    print(f"{'job':34} {'seconds':>8} {'× recipe':>9} {'error, m':>9}")
    zone_recipe = median_s(lambda: recipe_zone(line))
    distance_recipe = median_s(lambda: recipe_distance(line, towns))
    rows: tuple[tuple[str, Callable[[], object] | None, float, float], ...] = (
        ("zone 10 km: UTM recipe", None, zone_recipe, edge_error_m(border, planar)),
        ("zone 10 km: geobuffer, 1 m", lambda: gb.build_zone(border, km=10, tolerance_m=1.0),
         zone_recipe, edge_error_m(border, coarse.polygon)),
        ("zone 10 km: geobuffer, 0.1 m", lambda: gb.build_zone(border, km=10),
         zone_recipe, edge_error_m(border, zone.polygon)),
        ("distances: UTM recipe", None, distance_recipe, off),
        ("distances: geobuffer", lambda: gb.distance_to_border(towns, border),
         distance_recipe, float("nan")),
    )  # fmt: skip
    for name, job, base, error in rows:
        seconds = base if job is None else median_s(job)
        shown = "" if np.isnan(error) else f"{error:9.3f}"
        print(f"{name:34} {seconds:8.3f} {seconds / base:9.2f} {shown}")
    seconds = median_s(lambda: gb.border_between(russia, ukraine))
    print(f"{'border from six oblasts':34} {seconds:8.3f}")
    seconds = median_s(lambda: gb.classify(towns, zone))
    print(f"{'classify all settlements':34} {seconds:8.3f}\n")
    commands()


if __name__ == "__main__":
    main()
