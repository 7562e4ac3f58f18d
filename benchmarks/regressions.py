"""Guard against slow-downs: geobuffer's times as multiples of a fixed piece of numpy work.

Run: python benchmarks/regressions.py [--update]. Prints each ratio beside the one on record in
benchmarks/results/ratios.json, and ends with code 1 where one has more than doubled. Absolute times
depend on the machine and on what else runs there; the ratio depends on neither by as much, because
work and reference take turns and the best of several turns counts.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import geobuffer as gb

if TYPE_CHECKING:
    from collections.abc import Callable

RECORD = Path(__file__).parent / "results" / "ratios.json"
LIMIT = 2.0
TURNS = 7
POINTS = 100_000


def seconds(job: Callable[[], object], times: int = 1) -> float:
    """Return the wall time of a job, done several times over."""
    begin = time.perf_counter()
    for _ in range(times):
        job()
    return (time.perf_counter() - begin) / times


def reference(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Turn points into Earth-centred coordinates: plain numpy, none of it geobuffer's."""
    lam, phi = np.radians(lon), np.radians(lat)
    n = 6_378_137.0 / np.sqrt(1.0 - 0.00669438 * np.sin(phi) ** 2)
    return np.stack(
        [n * np.cos(phi) * np.cos(lam), n * np.cos(phi) * np.sin(lam), n * np.sin(phi)], axis=-1
    )


def ratio(job: Callable[[], object], kernel: Callable[[], object], times: int) -> float:
    """Return the least time of a job over the least time of the kernel, in turns."""
    job()
    pairs = [(seconds(job, times), seconds(kernel, 5)) for _ in range(TURNS)]
    return min(pair[0] for pair in pairs) / min(pair[1] for pair in pairs)


def jobs(border: gb.Border) -> dict[str, tuple[Callable[[], object], int]]:
    """Return what is timed, and how often in a turn."""
    lon, lat = points(border)
    index = border.index
    work: dict[str, tuple[Callable[[], object], int]] = {
        "nearest": (lambda: index.nearest(lon, lat, compiled=False), 1),
        "zone": (lambda: gb.build_zone(border, km=10, tolerance_m=1.0), 1),
    }
    if importlib.util.find_spec("numba"):
        work["nearest, compiled"] = (lambda: index.nearest(lon, lat, compiled=True), 10)
        work["within, compiled"] = (lambda: index.within(lon, lat, 1e4, compiled=True), 10)
    return work


def points(border: gb.Border) -> tuple[np.ndarray, np.ndarray]:
    """Return points scattered over the border's bounds, always the same."""
    west, south, east, north = border.line.bounds
    rng = np.random.default_rng(1)
    return rng.uniform(west, east, POINTS), rng.uniform(south, north, POINTS)


def measured() -> dict[str, float]:
    """Return the ratios of this machine, now."""
    regions = gb.load_regions()
    border = gb.border_between(
        regions["Bryansk", "Kursk", "Belgorod"], regions["Chernihiv", "Sumy", "Kharkiv"]
    )
    lon, lat = points(border)
    return {
        name: ratio(job, lambda: reference(lon, lat), times)
        for name, (job, times) in jobs(border).items()
    }


def main() -> None:
    """Measure, compare, and tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--update", action="store_true", help="put these ratios on record")
    update = parser.parse_args().update
    now = measured()
    before = json.loads(RECORD.read_text(encoding="utf-8"))["ratios"] if RECORD.is_file() else {}
    slower = []
    print(f"{'100,000 points':20} {'× kernel':>8} {'recorded':>9} {'change':>7}")
    for name, value in now.items():
        known = before.get(name)
        shown = f"{known:9.2f} {value / known:7.2f}" if known else f"{'–':>9}"
        print(f"{name:20} {value:8.2f} {shown}")
        if known and value > LIMIT * known:
            slower.append(name)
    if update:
        entry = {
            "date": time.strftime("%Y-%m-%d"),
            "cores": os.cpu_count(),
            "reference": f"{POINTS:,} points to Earth-centred coordinates in numpy",
            "ratios": before | {name: float(f"{value:.3g}") for name, value in now.items()},
        }
        RECORD.write_text(json.dumps(entry, indent=2) + "\n", encoding="utf-8")
    elif slower:
        sys.exit(f"More than {LIMIT:g} times slower than on record: {', '.join(slower)}")


if __name__ == "__main__":
    main()
