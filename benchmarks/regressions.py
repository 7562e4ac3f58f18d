"""Guard against slow-downs: geobuffer's times as multiples of a fixed piece of numpy work.

Run: python benchmarks/regressions.py [--update]. Prints each ratio beside the one on record in
benchmarks/results/ratios.json, and ends with code 1 where one has more than doubled. Absolute times
depend on the machine and on what else runs there; the ratio depends on neither by as much, because
work and reference take turns and the best of several turns counts.

Everything is measured without numba and, if numba is installed, again with it.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import geobuffer as gb

RECORD = Path(__file__).parent / "results" / "ratios.json"
LIMIT = 2.0

# The best of seven turns counts. No turn starts after five seconds, but there are at least three.
TURNS, LEAST_TURNS, PATIENCE_S = 7, 3, 5.0

# geobuffer uses numba, if installed, from 200,000 points on.
POINTS = 200_000

WAYS = ("default", "numba")

sys.path.insert(0, str(Path(__file__).parent / "peers"))


def reference(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Turn points into Earth-centred coordinates with numpy alone, without geobuffer."""
    lam, phi = np.radians(lon), np.radians(lat)
    n = 6_378_137.0 / np.sqrt(1.0 - 0.00669438 * np.sin(phi) ** 2)
    return np.stack(
        [n * np.cos(phi) * np.cos(lam), n * np.cos(phi) * np.sin(lam), n * np.sin(phi)], axis=-1
    )


def seconds(job: Callable[[], object], times: int = 1) -> float:
    """Return the wall time of a job, done several times over."""
    begin = time.perf_counter()
    for _ in range(times):
        job()
    return (time.perf_counter() - begin) / times


def ratio(job: Callable[[], object], kernel: Callable[[], object], times: int) -> float:
    """Return the least time of a job over the least time of the kernel, in turns."""
    job()
    pairs: list[tuple[float, float]] = []
    begin = time.perf_counter()
    while len(pairs) < LEAST_TURNS or (
        len(pairs) < TURNS and time.perf_counter() - begin < PATIENCE_S
    ):
        pairs.append((seconds(job, times), seconds(kernel, 3)))
    return min(pair[0] for pair in pairs) / min(pair[1] for pair in pairs)


def jobs(border: gb.Border, folder: str) -> dict[str, tuple[Callable[[], object], int]]:
    """Return what is timed, and how often in a turn."""
    import cases
    import geopandas as gpd

    import geobuffer as gb

    lon, lat = points(border)
    table = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat, crs="EPSG:4326"))
    zone = gb.build_zone(border, km=10)
    rows, areas = cases.draw_points(500), cases.draw_areas(50, 0.97)
    return {
        "membership": (lambda: border.index.within(lon, lat, 1e4), 3),
        "distance": (lambda: border.index.nearest(lon, lat), 1),
        "classify a table": (lambda: gb.classify(table, zone), 1),
        "zone, 0.1 m": (lambda: gb.build_zone(border, km=10, tolerance_m=0.1), 1),
        "buffers of 500 points": (lambda: gb.buffer(rows, km="km"), 1),
        "buffers of 50 areas": (lambda: gb.buffer(areas, km="km"), 1),
        "geobuffer map, cold": (lambda: draw_map(folder), 1),
    }


def draw_map(folder: str) -> None:
    """Run the command in a process of its own."""
    code = "from geobuffer.cli.main import main; main()"
    words = [sys.executable, "-c", code, "map", "--out", f"{folder}/map.html"]
    subprocess.run(words, check=True, capture_output=True)


def points(border: gb.Border) -> tuple[np.ndarray, np.ndarray]:
    """Return points scattered over the border's bounds, always the same."""
    west, south, east, north = border.line.bounds
    rng = np.random.default_rng(1)
    return rng.uniform(west, east, POINTS), rng.uniform(south, north, POINTS)


def measure(way: str) -> dict[str, float]:
    """Return the ratios of this machine, now."""
    if way == "default":
        sys.modules["numba"] = None  # type: ignore[assignment]
    from with_geobuffer import default_border

    border = default_border()
    lon, lat = points(border)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (job, times) in jobs(border, folder).items():
            # The other jobs run no compiled loop, or start a process of their own.
            if way == "default" or name in {"membership", "distance", "classify a table"}:
                found[f"{name}{', numba' * (way == 'numba')}"] = ratio(
                    job, lambda: reference(lon, lat), times
                )
    return found


def measure_apart(way: str) -> dict[str, float]:
    """Return the ratios of one way, measured in a process of its own."""
    words = [sys.executable, __file__, "--way", way]
    said = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout
    ratios: dict[str, float] = json.loads(said)
    return ratios


def compare(now: dict[str, float], before: dict[str, float]) -> list[str]:
    """Print the ratios beside those on record, and return what has become slower."""
    slower = []
    print(f"{'200,000 points':26} {'× kernel':>8} {'recorded':>9} {'change':>7}")
    for name, value in now.items():
        known = before.get(name)
        shown = f"{known:9.3g} {value / known:7.2f}" if known else f"{'–':>9}"
        print(f"{name:26} {value:8.3g} {shown}")
        if known and value > LIMIT * known:
            slower.append(name)
    return slower


def main() -> None:
    """Measure the ratios, and compare or record them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--update", action="store_true", help="put these ratios on record")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        print(json.dumps(measure(given.way)))
        return
    now: dict[str, float] = {}
    for way in WAYS[: 1 + bool(importlib.util.find_spec("numba"))]:
        now |= measure_apart(way)
    record: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    slower = compare(now, record["ratios"])
    if given.update:
        entry = {
            "date": time.strftime("%Y-%m-%d"),
            "cores": os.cpu_count(),
            "reference": f"{POINTS:,} points to Earth-centred coordinates in numpy",
            "ratios": {name: float(f"{value:.3g}") for name, value in now.items()},
        }
        RECORD.write_text(json.dumps(entry, indent=2) + "\n", encoding="utf-8")
    elif slower:
        sys.exit(f"More than {LIMIT:g} times slower than on record: {', '.join(slower)}")


if __name__ == "__main__":
    main()
