"""Time zones on one side of random walks, which bend and cross themselves more than any border.

Run: python benchmarks/walks.py. Zones on one side take the longest, because the half-way lines
between the line's bends and crossings have to be found. Each case is a line and a width. The table
states the processor time and the largest error that the zone states. The walks are the same in each
run.
"""

from __future__ import annotations

import time
import warnings
from typing import NamedTuple

import numpy as np
import shapely

import geobuffer as gb

# A walk begins here (longitude, latitude) and takes steps of some 11 km, in degrees. A zone of 1 km
# is then narrower than its bends, and one of 1,000 km far wider.
_BEGIN = (35.0, 50.0)
_STEP_DEGREES = 0.1

# How far a walk turns at a vertex, as a standard deviation in degrees.
_TURN_DEGREES = 50.0


class Case(NamedTuple):
    """A line and the width of its zone."""

    name: str
    line: shapely.LineString
    km: float


def walk(vertices: int) -> shapely.LineString:
    """Return a random walk with so many vertices, the same for the same number."""
    rng = np.random.default_rng(vertices)
    heading = np.cumsum(np.radians(rng.normal(0.0, _TURN_DEGREES, vertices - 1)))
    # At 50° N, one and a half degrees of longitude are about as long as one of latitude.
    steps = _STEP_DEGREES * np.stack([1.5 * np.cos(heading), np.sin(heading)], axis=1)
    return shapely.LineString(np.vstack([_BEGIN, _BEGIN + np.cumsum(steps, axis=0)]))


def list_cases() -> list[Case]:
    """Return the twelve cases."""
    walks = [
        Case(f"walk of {vertices} vertices", walk(vertices), km)
        for vertices in (100, 200, 300)
        for km in (1.0, 100.0, 1_000.0)
    ]
    eight = [(20, 40), (50, 55), (50, 40), (20, 55), (15, 47), (55, 48)]
    return [
        *walks,
        Case("walk of 300 vertices", walk(300), 1_500.0),
        Case("wide line that crosses itself", shapely.LineString(eight), 500.0),
        Case("diagonal over 130° of longitude", shapely.LineString([(-60, -40), (70, 60)]), 300.0),
    ]


def main() -> None:
    """Print the table."""
    print("| line | width, km | processor, s | error, m | vertices of the zone |")
    print("|---|---:|---:|---:|---:|")
    for case in list_cases():
        border = gb.border_along(case.line, source=gb.Source("a random walk"))
        begin = time.process_time()
        with warnings.catch_warnings():
            # The table states the error.
            warnings.filterwarnings("ignore", "The edges of the zone lie up to")
            zone = gb.build_zone(border, km=case.km, side="left")
        seconds = time.process_time() - begin
        count = shapely.get_num_coordinates(zone.polygon)
        print(
            f"| {case.name} | {case.km:,g} | {seconds:.1f} | {zone.error_m:.2g} | {count:,} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
