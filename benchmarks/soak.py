"""Watch the memory of one process over a long stream of points, and over many zones.

Run: python benchmarks/soak.py points [--points 1e8] [--source .parquet] [--target .parquet]
or:  python benchmarks/soak.py zones [--zones 1000]

Points: makes a table of so many random points in the bounding box of the default border, classifies
it with ``classify_file``, and prints memory over time. Zones: builds so many zones, each along a
newly made border; classifies settlements by each, and draws, writes and reads back every 25th.
Both print the slope of memory: the median over all pairs of rows of the table (Theil and Sen), over
the last two thirds of the run, because caches fill once in the first third.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import psutil
import shapely

import geobuffer as gb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import geopandas as gpd

# How many points are made at a time. They use little memory compared with the library.
_MADE_ROWS = 250_000
# A batch of half a million points takes 0.2 s, so memory is sampled several times in each.
_EVERY_S = 0.02
_ROWS_SHOWN = 20
_MB = 1e6


class Moment(NamedTuple):
    """What a process held when a part of the work was done."""

    done: float
    """How much of the work: rows, or zones."""
    seconds: float
    memory_mb: float
    """The most resident memory since the moment before."""
    files: int
    """Open file descriptors."""
    objects: int
    """Objects known to the garbage collector."""


class Watch:
    """Samples this process's memory in a thread of its own, from one moment to the next."""

    def __init__(self) -> None:
        self.moments: list[Moment] = []
        self._process = psutil.Process()
        self._most, self._begin = 0, time.perf_counter()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._over.wait(_EVERY_S):
            self._most = max(self._most, self._process.memory_info().rss)

    def note(self, done: float) -> None:
        """Record what the process holds, and the most memory since the last call."""
        most = max(self._most, self._process.memory_info().rss)
        self._most = 0
        spent = time.perf_counter() - self._begin
        held = len(gc.get_objects())
        moment = Moment(done, spent, most / _MB, self._process.num_fds(), held)
        self.moments.append(moment)


def slope(done: Sequence[float], held: Sequence[float]) -> float:
    """Return by how much ``held`` grows for each unit of ``done``, over the last two thirds."""
    later = len(done) // 3
    x, y = np.asarray(done[later:], dtype=float), np.asarray(held[later:], dtype=float)
    one, other = np.triu_indices(len(x), 1)
    return float(np.median((y[other] - y[one]) / (x[other] - x[one])))


def make_points(path: Path, count: int, bounds: Sequence[float]) -> Path:
    """Write a table of numbered random points in parts."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import csv

    west, south, east, north = bounds
    rng = np.random.default_rng(0)
    names = ("lon", "lat", "number")
    schema = pa.schema([(name, pa.float64()) for name in names])
    made = csv.CSVWriter if path.suffix == ".csv" else pq.ParquetWriter
    with made(path, schema) as writer:
        for first in range(0, count, _MADE_ROWS):
            few = min(_MADE_ROWS, count - first)
            columns = (rng.uniform(west, east, few), rng.uniform(south, north, few))
            # Six decimals: 0.1 m, as files of points have them.
            columns = (*(c.round(6) for c in columns), np.arange(first, first + few, dtype=float))
            writer.write_table(pa.table(dict(zip(names, columns, strict=True)), schema=schema))
    return path


def stream(source: Path, zone: gb.BufferZone, target: Path, count: int) -> list[Moment]:
    """Classify a table of points, and return a moment for each of its batches."""
    with Watch() as watch:
        rows = gb.classify_file(
            source, zone, target, progress=lambda share: watch.note(share * count)
        )
    if rows != count:
        raise SystemExit(f"{rows:,} rows came of {count:,}")
    return watch.moments


def make_zones(count: int, folder: Path, *, drawn_every: int = 25) -> Iterator[int]:
    """Build zones of random width and side, each along a newly made border.

    Every second border is that of two oblasts, whose settlements are classified. The others are
    lines anywhere on the globe, to show whether caches by place grow. Yields the number so far.
    """
    rng = np.random.default_rng(0)
    regions, towns = gb.load_regions(), gb.load_settlements()
    for number in range(count):
        # Widths are whole numbers, so that some repeat, as those of users do.
        km = [int(rng.integers(1, 6)), int(rng.integers(6, 20))]
        if number % 2:
            border, asked = _some_line(rng), towns.iloc[:100]
            side = rng.choice(("left", "right", "both"))
        else:
            border = gb.border_between(regions["Belgorod"], regions["Sumy"])
            side, asked = rng.choice(("Ukraine", "Russia", "both")), towns
        # Nothing here depends on the exact edge, so a tolerance of 50 m saves time.
        zone = gb.build_zone(border, km=km, side=side, tolerance_m=50)
        inside = gb.within(asked, zone)
        if number % drawn_every == 0:
            _draw(zone, inside, folder)
        yield number + 1


def _some_line(rng: np.random.Generator) -> gb.Border:
    """Return a border along five random points, some 20 km apart, anywhere up to 70°."""
    start = (rng.uniform(-178, 178), rng.uniform(-70, 70))
    steps = rng.uniform(0.05, 0.3, (5, 2)).cumsum(axis=0)
    return gb.border_along(shapely.LineString(start + steps), source=gb.Source("made at random"))


def _draw(zone: gb.BufferZone, inside: gpd.GeoDataFrame, folder: Path) -> None:
    """Draw a zone as a page and a picture, write it, and read it back."""
    gb.write(gb.map_zone(zone, settlements=inside), folder / "zone.html")
    gb.write(gb.plot_zone(zone, settlements=inside), folder / "zone.png")
    for name in ("zone.gpkg", "zone.geojson", "zone.kmz", "zone.parquet"):
        gb.write(zone, folder / name)
    gb.write(inside, folder / "inside.csv")
    if gb.read_zone(folder / "zone.gpkg").edges_km != zone.edges_km:
        raise SystemExit("A zone that was read back is another one")


def show(moments: Sequence[Moment], what: str) -> None:
    """Print moments as a table: the most memory in each stretch of the work."""
    print(f"| {what} | seconds | memory, MB | open files | objects |")
    print("|---:|---:|---:|---:|---:|")
    size = -(-len(moments) // _ROWS_SHOWN)
    for first in range(0, len(moments), size):
        some = moments[first : first + size]
        most, last = max(m.memory_mb for m in some), some[-1]
        print(
            f"| {last.done:,.0f} | {last.seconds:.1f} | {most:.0f} | {last.files} "
            f"| {last.objects:,} |"
        )


def _points(asked: argparse.Namespace, folder: Path) -> None:
    count = int(asked.points)
    zone = gb.scenario_zone(gb.load_scenario(), gb.load_regions())
    source = make_points(folder / f"in{asked.source}", count, zone.border.line.bounds)
    moments = stream(source, zone, folder / f"out{asked.target}", count)
    show(moments, "rows")
    grows = slope([m.done for m in moments], [m.memory_mb for m in moments])
    spent = moments[-1].seconds
    print(f"\n{count / spent:,.0f} rows a second; memory grows by {grows * 1e6:.3f} MB a million.")


def _zones(asked: argparse.Namespace, folder: Path) -> None:
    with Watch() as watch:
        for number in make_zones(int(asked.zones), folder):
            if number % 10 == 0:
                # Objects that only wait to be collected are no growth.
                gc.collect()
                watch.note(number)
    show(watch.moments, "zones")
    done = [m.done for m in watch.moments]
    grows = slope(done, [m.memory_mb for m in watch.moments])
    more = slope(done, [m.objects for m in watch.moments])
    print(f"\nMemory grows by {grows * 1000:.1f} MB, and {more * 1000:.0f} objects, a thousand.")


def main() -> None:
    """Run what is asked for, in a temporary folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("points", "zones"))
    parser.add_argument("--points", type=float, default=1e8)
    parser.add_argument("--zones", type=float, default=1000)
    parser.add_argument("--source", choices=(".parquet", ".csv"), default=".parquet")
    parser.add_argument("--target", choices=(".parquet", ".csv", ""), default=".parquet")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (_points if asked.what == "points" else _zones)(asked, Path(folder))


if __name__ == "__main__":
    main()
