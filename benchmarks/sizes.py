"""Time the compiled engine alone, from a thousand points to a hundred million.

Run: python benchmarks/sizes.py (needs the extra ``fast`` and 5 GB of memory). Uniform random points
in the bounding box of the default border; best of three, nanoseconds a point.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

import geobuffer as gb

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (10**3, 10**5, 10**6, 10**7, 10**8)


def best_ns(job: Callable[[], object], count: int) -> tuple[float, float]:
    """Return clock and processor time for a point, of the run that the clock liked best."""
    runs = []
    for _ in range(3):
        clock, processor = time.perf_counter(), time.process_time()
        job()
        runs.append((time.perf_counter() - clock, time.process_time() - processor))
    clock, processor = min(runs)
    return clock / count * 1e9, processor / count * 1e9


def main() -> None:
    """Print the table."""
    border = gb.scenario_border(gb.load_scenario(), gb.load_regions())
    west, south, east, north = border.line.bounds
    index, rng = border.index, np.random.default_rng(0)
    index.nearest([34.0], [51.0], compiled=True)
    print("| points | membership, clock | processor | distance, clock | processor |")
    print("|---:|---:|---:|---:|---:|")
    for size in SIZES:
        lon, lat = rng.uniform(west, east, size), rng.uniform(south, north, size)
        # Answers to 10⁸ questions for a distance would not fit beside the points.
        few = min(size, 10**7)
        member = best_ns(lambda p=(lon, lat): index.within(*p, 10_000.0, compiled=True), size)
        away = best_ns(lambda p=(lon[:few], lat[:few]): index.nearest(*p, compiled=True), few)
        shown = " | ".join(f"{ns:.1f}" for ns in (*member, *away))
        print(f"| {size:.0e} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
