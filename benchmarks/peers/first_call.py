"""Time what comes before the first answer, in a fresh process: python first_call.py numpy|fast."""

from __future__ import annotations

import json
import sys
import time

import numpy as np


def main() -> None:
    """Print seconds as JSON: import, border, index, first and second 200,000 points."""
    compiled = sys.argv[1] == "fast"
    times = {}
    begin = time.perf_counter()
    from with_geobuffer import default_border

    times["import"] = time.perf_counter() - begin
    begin = time.perf_counter()
    border = default_border()
    times["border"] = time.perf_counter() - begin
    west, south, east, north = border.line.bounds
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(west, east, 200_000), rng.uniform(south, north, 200_000)
    for name in ("nearest, first call", "nearest, again", "nearest, once more"):
        begin = time.perf_counter()
        border.index.nearest(lon, lat, compiled=compiled)
        times[name] = time.perf_counter() - begin
    for name in ("within, first call", "within, again"):
        begin = time.perf_counter()
        border.index.within(lon, lat, 10_000.0, compiled=compiled)
        times[name] = time.perf_counter() - begin
    print(json.dumps(times))


if __name__ == "__main__":
    main()
