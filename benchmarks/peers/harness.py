"""Time the methods of one peer, in a process of its own and in the peer's own environment.

Run by ``benchmarks/peers.py``: python harness.py with_shapely job.json. Rows go to a file of JSON
lines as they come, so that a peer that is stopped keeps what it did; answers go to ``.npy`` files.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
import traceback
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

Floats: TypeAlias = NDArray[np.float64]

WIDTH_M = 10_000.0
PROBE = 20


@dataclass(frozen=True)
class Method:
    """One way to one of three answers: ``zone``, ``membership`` or ``distance``.

    Parameters
    ----------
    task, name
        What it answers, and what to call it.
    run
        Takes what ``load`` made (nothing for a zone); returns a polygon in longitude and latitude,
        an array of booleans, or an array of metres.
    load
        Brings longitudes and latitudes into the form in which the peer keeps points. Not part of
        the time, but reported.
    """

    task: str
    name: str
    run: Callable[..., Any]
    load: Callable[[Floats, Floats], Any] = lambda lon, lat: (lon, lat)


@dataclass(frozen=True)
class Job:
    """What every peer is given."""

    peer: str
    folder: Path
    line: shapely.LineString | shapely.MultiLineString
    lon: Floats
    lat: Floats
    ring_lon: Floats
    ring_lat: Floats
    sizes: list[int]
    budget_s: float
    node: str
    stack: ExitStack = field(default_factory=ExitStack)

    def write(self, row: dict[str, Any]) -> None:
        """Append a row to the results of this peer."""
        with (self.folder / f"{self.peer}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


@dataclass(frozen=True)
class Timing:
    """Least wall time, its processor time, time to load, and the answer."""

    points: int
    seconds: float
    cpu_s: float
    load_s: float
    answer: Any


def kernel_s(repeats: int = 5) -> float:
    """Return the time of a fixed piece of numpy work: how busy the machine is just now."""
    lon, lat = np.linspace(-3.0, 3.0, 100_000), np.linspace(-1.5, 1.5, 100_000)
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        n = 1.0 / np.sqrt(1.0 - 0.00669438 * np.sin(lat) ** 2)
        np.stack([n * np.cos(lat) * np.cos(lon), n * np.cos(lat) * np.sin(lon), n * np.sin(lat)])
        times.append(time.perf_counter() - begin)
    return min(times)


def measure(method: Method, lon: Floats, lat: Floats) -> Timing:
    """Time a method: the best of three runs, or one where a run takes more than two seconds."""
    begin = time.perf_counter()
    loaded = None if method.task == "zone" else method.load(lon, lat)
    load_s = time.perf_counter() - begin
    best = (np.inf, np.inf)
    answer = None
    for _ in range(3):
        wall, cpu = time.perf_counter(), time.process_time()
        answer = method.run() if method.task == "zone" else method.run(loaded)
        best = min(best, (time.perf_counter() - wall, time.process_time() - cpu))
        if best[0] > 2.0:
            break
    return Timing(len(lon), *best, load_s, answer)


def run_zone(job: Job, method: Method, number: int) -> None:
    """Time one way to the zone; keep the polygon."""
    busy = kernel_s()
    timing = measure(method, np.empty(0), np.empty(0))
    polygon = shapely.force_2d(timing.answer)
    (job.folder / f"{job.peer}-{number}.wkb").write_bytes(shapely.to_wkb(polygon))
    job.write(_row(method, number, timing, busy) | {"vertices": _vertices(polygon)})


def _vertices(polygon: shapely.Geometry) -> int:
    return int(shapely.get_num_coordinates(polygon))


def run_points(job: Job, method: Method, number: int) -> None:
    """Time one way at all sizes that fit in the budget; keep the answers of the last, and ring."""
    begin = time.perf_counter()
    timing = measure(method, job.lon[:PROBE], job.lat[:PROBE])
    first_s = time.perf_counter() - begin
    rows = []
    for size in job.sizes:
        while timing.points < size:
            points = min(size, affordable(timing, job.budget_s))
            if points < min(size, 1.5 * timing.points):
                break
            busy = kernel_s()
            timing = measure(method, job.lon[:points], job.lat[:points])
            rows.append(_row(method, number, timing, busy) | {"first_s": first_s})
    # Steps on the way to a size are not results; the last is, where the next size does not fit.
    rows = [row for row in rows[:-1] if row["points"] in job.sizes] + rows[-1:]
    # Where not even the smallest size fits, the probe is the result.
    for row in rows or [_row(method, number, timing, kernel_s()) | {"first_s": first_s}]:
        job.write(row)
    np.save(job.folder / f"{job.peer}-{number}.npy", timing.answer)
    points = min(len(job.ring_lon), affordable(timing, job.budget_s))
    loaded = method.load(job.ring_lon[:points], job.ring_lat[:points])
    np.save(job.folder / f"{job.peer}-{number}-ring.npy", method.run(loaded))


def affordable(timing: Timing, budget_s: float) -> int:
    """Return how many points fit in the budget at a rate, to two digits."""
    points = timing.points * budget_s / max(timing.seconds + timing.load_s, 1e-6)
    unit = 10 ** max(int(np.log10(points)) - 1, 0)
    return int(points // unit * unit)


def _row(method: Method, number: int, timing: Timing, busy_s: float) -> dict[str, Any]:
    return {
        "number": number,
        "task": method.task,
        "method": method.name,
        "points": timing.points,
        "seconds": timing.seconds,
        "cpu_s": timing.cpu_s,
        "load_s": timing.load_s,
        "kernel_s": busy_s,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def read_job(peer: str, path: Path) -> Job:
    """Read what ``benchmarks/peers.py`` wrote."""
    given = json.loads(path.read_text(encoding="utf-8"))
    folder = path.parent
    points = np.load(folder / "points.npy", mmap_mode="r")
    ring = np.load(folder / "ring.npy")
    line = shapely.from_wkb((folder / "border.wkb").read_bytes())
    lon, lat = (np.ascontiguousarray(column) for column in points)
    ring_lon, ring_lat = ring
    return Job(peer, folder, line, lon, lat, ring_lon, ring_lat, **given)


def main() -> None:
    """Time all methods of the peer named on the command line."""
    peer, path = sys.argv[1], Path(sys.argv[2])
    job = read_job(peer, path)
    module = importlib.import_module(peer)
    with job.stack:
        methods: list[Method] = module.methods(job)
        job.write({"version": module.version(job)})
        for number, method in enumerate(methods):
            print(f"  {method.task}: {method.name}", flush=True)
            try:
                (run_zone if method.task == "zone" else run_points)(job, method, number)
            except Exception as error:  # noqa: BLE001 - a peer may fail in any way; tell, and go on
                traceback.print_exc()
                said = f"{type(error).__name__}: {error}".splitlines()[0][:200]
                job.write({"failed": f"{method.task}, {method.name}: {said}"})


if __name__ == "__main__":
    main()
