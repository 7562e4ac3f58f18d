"""Time methods that take turns, in one process: python harness.py job.json.

``run.py`` starts it once for each group of peers, such as geobuffer, shapely and geopandas. In each
turn every method of the group answers the same question once, and the least time of each counts, so
that a ratio within a group depends little on what else the machine does. Rows are added one by one
to a file of JSON lines, so that those of a stopped group remain. Answers go to ``.npy`` files.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import traceback
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import geopandas as gpd

Floats: TypeAlias = NDArray[np.float64]

WIDTH_M = 10_000.0

# A method first answers this many points, to find how many its budget allows.
PROBE = 20

# The best of so many turns counts. A method leaves the turns when it has used up its budget.
TURNS = 5


@dataclass(frozen=True)
class Method:
    """One way to answer one question.

    Parameters
    ----------
    part, name
        What it answers, and what to call it. Parts are ``zone``, ``membership``, ``distance``,
        ``buffers`` and ``lines``.
    run
        Takes what ``load`` made and returns the answer. A zone: nothing, and a polygon in longitude
        and latitude. Memberships and distances: points, and an array of booleans or of metres.
        Buffers: a table with the column ``km``, and a list of polygons. Lines: a case, and a
        polygon.
    load
        Brings longitudes and latitudes into the form in which the peer keeps points. Not part of
        the time, but reported.
    rows
        For buffers, how many rows of a table are tried, where all would take minutes.
    """

    part: str
    name: str
    run: Callable[..., Any]
    load: Callable[[Floats, Floats], Any] = lambda lon, lat: (lon, lat)
    rows: int | None = None


@dataclass(frozen=True)
class Job:
    """What every group is given."""

    folder: Path
    group: str
    # Peers of this group, each with the names of the methods that take part; empty for all.
    peers: dict[str, list[str]]
    parts: list[str]
    sizes: list[int]
    budget_s: float
    node: str
    stack: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def line(self) -> shapely.LineString | shapely.MultiLineString:
        """The border of the default case."""
        return shapely.from_wkb((self.folder / "border.wkb").read_bytes())

    @cached_property
    def points(self) -> Floats:
        """Points scattered over the border's bounds, shape (2, n)."""
        return np.ascontiguousarray(np.load(self.folder / "points.npy"))

    @cached_property
    def ring(self) -> Floats:
        """Points next to the edge of the zone, shape (2, n)."""
        return np.load(self.folder / "ring.npy")

    def table(self, case: str) -> gpd.GeoDataFrame:
        """Return a table of shapes and widths (``cases.py``)."""
        import geopandas as gpd

        return gpd.read_parquet(self.folder / f"{case}.parquet")

    def write(self, row: dict[str, Any]) -> None:
        """Append a row to the results of this group."""
        with (self.folder / f"{self.group}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"group": self.group} | row) + "\n")


@dataclass(eq=False)
class Racer:
    """A method that takes turns, with its results so far."""

    peer: str
    number: int
    method: Method
    count: int = 0
    seconds: float = np.inf
    cpu_s: float = np.inf
    load_s: float = 0.0
    spent_s: float = 0.0
    loaded: Any = None
    answer: Any = None

    @property
    def stem(self) -> str:
        """The beginning of the names of files with the answers."""
        return f"{self.peer}-{self.number}"

    def begin(self, count: int, loaded: Any, load_s: float) -> None:
        """Forget earlier turns, and take other input."""
        self.count, self.loaded, self.load_s = count, loaded, load_s
        self.seconds = self.cpu_s = np.inf
        self.spent_s = 0.0

    def turn(self) -> None:
        """Answer once."""
        clock, processor = time.perf_counter(), time.process_time()
        self.answer = self.method.run(*([] if self.loaded is None else [self.loaded]))
        seconds = time.perf_counter() - clock
        if seconds < self.seconds:
            self.seconds, self.cpu_s = seconds, time.process_time() - processor
        self.spent_s += seconds

    def affordable(self, budget_s: float) -> int:
        """Return how many points fit in the budget at the rate seen, to two digits."""
        points = self.count * budget_s / max(self.seconds + self.load_s, 1e-6)
        unit = 10 ** max(int(np.log10(max(points, 1.0))) - 1, 0)
        return int(points // unit * unit)

    def row(self, case: str = "") -> dict[str, Any]:
        """Return the result."""
        return {
            "peer": self.peer,
            "part": self.method.part,
            "case": case,
            "method": self.method.name,
            "stem": self.stem,
            "count": self.count,
            "seconds": self.seconds,
            "cpu_s": self.cpu_s,
            "load_s": self.load_s,
            "kernel_s": kernel_s(),
        }


def kernel_s(repeats: int = 3) -> float:
    """Return the time of a fixed piece of numpy work: how busy the machine is just now."""
    lon, lat = np.linspace(-3.0, 3.0, 100_000), np.linspace(-1.5, 1.5, 100_000)
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        n = 1.0 / np.sqrt(1.0 - 0.00669438 * np.sin(lat) ** 2)
        np.stack([n * np.cos(lat) * np.cos(lon), n * np.cos(lat) * np.sin(lon), n * np.sin(lat)])
        times.append(time.perf_counter() - begin)
    return min(times)


class Race:
    """All methods of a group."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.racers: list[Racer] = []
        for peer, names in job.peers.items():
            module = importlib.import_module(f"with_{peer}")
            methods: list[Method] = module.methods(job)
            job.write({"peer": peer, "version": module.version(job)})
            for number, method in enumerate(methods):
                if method.part in job.parts and (not names or method.name in names):
                    self.racers.append(Racer(peer, number, method))

    def of(self, part: str) -> list[Racer]:
        """Return those that answer one question."""
        return [racer for racer in self.racers if racer.method.part == part]

    def take_turns(self, racers: Iterable[Racer], *, warm_up: bool = False) -> None:
        """Let all answer, several times; one that fails leaves the race, and its error is kept.

        In a warm-up, numba compiles the code for many points, which would use up a budget.
        """
        if warm_up:
            for racer in racers:
                if racer in self.racers and self._try(racer, racer.turn):
                    racer.begin(racer.count, racer.loaded, racer.load_s)
        for _ in range(TURNS):
            for racer in racers:
                if racer in self.racers and racer.spent_s < self.job.budget_s:
                    self._try(racer, racer.turn)

    def _try(self, racer: Racer, action: Callable[[], object]) -> bool:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - a peer may fail in any way; report it, and go on
            traceback.print_exc()
            said = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            method = racer.method
            self.job.write({"peer": racer.peer, "failed": f"{method.part}, {method.name}: {said}"})
            self.racers.remove(racer)
            return False
        return True

    def run_shapes(self, part: str, case: str, given: Any, count: int) -> None:
        """Time all ways to a zone, to the lines of one case or to the buffers of one table."""
        for racer in self.of(part):
            rows = min(count, racer.method.rows or count)
            racer.begin(rows, given if rows == count else given.head(rows), 0.0)
        self.take_turns(self.of(part))
        for racer in self.of(part):
            shapes = np.atleast_1d(shapely.force_2d(racer.answer))
            vertices = int(shapely.get_num_coordinates(shapes).sum())
            np.save(self.job.folder / f"{self.job.group}-{racer.stem}-{part}{case}.npy",
                    shapely.to_wkb(shapes))  # fmt: skip
            self.job.write(racer.row(case) | {"vertices": vertices})

    def run_points(self, part: str) -> None:
        """Time all ways at all sizes that fit in their budgets; store the answers of the largest.

        One that is too slow for the last size answers as many points as its budget allows.
        """
        for racer in self.of(part):
            # Twice, because the first run may make what the method keeps, such as a zone.
            if self._try(racer, lambda r=racer: self._run_alone(r, PROBE)):
                self._try(racer, lambda r=racer: self._run_alone(r, PROBE))
        for size in self.job.sizes:
            entered = []
            for racer in self.of(part):
                points = self._grow(racer, size)
                if points == size or size == self.job.sizes[-1]:
                    self._try(racer, lambda r=racer, n=points: self._load(r, n))
                    entered.append(racer)
            self.take_turns(entered, warm_up=True)
            for racer in entered:
                if racer in self.racers:
                    self._finish(racer)
        for racer in self.of(part):
            self._try(racer, lambda r=racer: self._answer_ring(r))

    def _grow(self, racer: Racer, size: int) -> int:
        """Return how many points fit in a budget, after steps with more and more points.

        Fixed costs weigh less for many points, so the rate of a few points would mislead.
        """
        while racer in self.racers:
            points = min(size, racer.affordable(self.job.budget_s / 2))
            if points == size or points < 1.5 * racer.count:
                return points
            self._try(racer, lambda n=points: self._run_alone(racer, n))
        return 0

    def _load(self, racer: Racer, count: int) -> None:
        begin = time.perf_counter()
        lon, lat = (np.ascontiguousarray(row[:count]) for row in self.job.points)
        racer.begin(count, racer.method.load(lon, lat), time.perf_counter() - begin)

    def _run_alone(self, racer: Racer, count: int) -> None:
        self._load(racer, count)
        racer.turn()

    def _finish(self, racer: Racer) -> None:
        self.job.write(racer.row())
        np.save(self.job.folder / f"{self.job.group}-{racer.stem}.npy", racer.answer)
        racer.loaded = None

    def _answer_ring(self, racer: Racer) -> None:
        # More points than we time, because the better ways are wrong at few of them.
        lon, lat = self.job.ring[:, : max(racer.affordable(2.0 * self.job.budget_s), 1)]
        found = racer.method.run(racer.method.load(lon.copy(), lat.copy()))
        np.save(self.job.folder / f"{self.job.group}-{racer.stem}-ring.npy", found)
        racer.answer = None


def main() -> None:
    """Time all methods of a group."""
    path = Path(sys.argv[1])
    job = Job(path.parent, **json.loads(path.read_text(encoding="utf-8")))
    with job.stack:
        race = Race(job)
        if "zone" in job.parts:
            race.run_shapes("zone", "", None, 1)
        for part in ("membership", "distance"):
            if part in job.parts:
                race.run_points(part)
        if race.of("buffers"):
            import cases

            for case in cases.TABLES:
                table = job.table(case)
                race.run_shapes("buffers", case, table, len(table))
        if race.of("lines"):
            import cases

            for case, line in cases.LINES.items():
                race.run_shapes("lines", case, line, 1)


if __name__ == "__main__":
    main()
