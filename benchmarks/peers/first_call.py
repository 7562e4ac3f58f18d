"""Time what comes before the first answer, in a fresh process: python first_call.py."""

from __future__ import annotations

import json
import time

import numpy as np


def main() -> None:
    """Print seconds as JSON: import, border, and the first and later million points."""
    times = {}
    begin = time.perf_counter()
    from with_geobuffer import default_border

    times["import"] = time.perf_counter() - begin
    begin = time.perf_counter()
    border = default_border()
    times["border"] = time.perf_counter() - begin
    west, south, east, north = border.line.bounds
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(west, east, 1_000_000), rng.uniform(south, north, 1_000_000)
    for name in ("within, first call", "within, again"):
        begin = time.perf_counter()
        border.index.within(lon, lat, 10_000.0)
        times[name] = time.perf_counter() - begin
    for name in ("nearest, first call", "nearest, again"):
        begin = time.perf_counter()
        border.index.nearest(lon, lat)
        times[name] = time.perf_counter() - begin
    print(json.dumps(times))


if __name__ == "__main__":
    main()
