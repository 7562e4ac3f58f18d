"""Measure all parts, judge the answers and write the results: run by ``benchmarks/peers.py``."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cases
import environment
import numpy as np
import pandas as pd
import report
import shapely
import truth
from results import OURS, Results, read
from with_geobuffer import default_border

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent

# Parts that the harness times, in groups of peers.
RACES = ("zone", "membership", "distance", "buffers", "lines")

# In the environment with numba, only the peers that goals compare with geobuffer run again.
BESIDE_FAST = {
    "shapely": ["own conic, contains_xy in prepared zone", "UTM 36N, STRtree"],
    "geopandas": ["estimated UTM, buffer", "estimated UTM, buffer + sjoin"],
}

# A file takes three times as long without numba, and dask and Spark take longer for each row. With
# these shares of the rows, each of them takes a minute or two.
WITHOUT_NUMBA, IN_CLUSTERS = 5, 10

# These peers work in another process, whose processor time we do not measure.
SERVED = ("postgis", "turf", "sf")


@dataclass(frozen=True)
class Run:
    """The options of the command line, and a folder for what passes between processes."""

    given: Any
    folder: Path

    @cached_property
    def variables(self) -> dict[str, str]:
        """The environment variables of all processes."""
        return environment.plain_variables(self.given.cache) | {
            "NUMBA_CACHE_DIR": str(self.folder / "numba")
        }

    def lines_of(
        self, env: str, script: str, *words: object, compiled: str = "numba"
    ) -> list[dict[str, Any]]:
        """Run a script in an environment, and return what it printed.

        What numba compiles is kept in the folder ``compiled``.
        """
        command = [str(environment.python(self.given.cache, env)), str(HERE / script)]
        limit = self.given.patience
        variables = self.variables | {"NUMBA_CACHE_DIR": str(self.folder / compiled)}
        done = subprocess.run([*command, *map(str, words)], check=False, capture_output=True,
                              text=True, env=variables, timeout=limit)  # fmt: skip
        if done.returncode:
            print(done.stderr)
            raise environment.CannotSetUp(f"{script} ended with code {done.returncode}")
        lines = (line for line in done.stdout.splitlines() if line.startswith("{"))
        return [json.loads(line) for line in lines]


@dataclass(frozen=True)
class Truth:
    """Points and their distances."""

    points: Any
    away: Any
    ring: Any
    ring_away: Any


def prepare(run: Run) -> tuple[Truth, dict[str, Any]]:
    """Write border, points and tables for the peers, and return the truth about the points."""
    given, border = run.given, default_border()
    (run.folder / "border.wkb").write_bytes(shapely.to_wkb(border.line))
    points = truth.scattered(border, given.points[-1])
    ring, ring_away = truth.ring(border, given.ring)
    # We compare the answers for the first million points, which are enough.
    away = truth.distance_m(border, points[:, :1_000_000])
    np.save(run.folder / "points.npy", points)
    np.save(run.folder / "ring.npy", ring)
    for name, draw in cases.TABLES.items():
        draw(given.share).to_parquet(run.folder / f"{name}.parquet")
    facts = {
        "sizes": given.points,
        "budget_s": given.budget,
        "certified_points": 2 * given.certify,
        "certified_m": max(
            truth.certify(border, points[:, : len(away)], away, given.certify),
            truth.certify(border, ring, ring_away, given.certify),
        ),
        "nearest_to_edge_mm": float(np.abs(ring_away - truth.WIDTH_M).min()) * 1e3,
        "inside_share": float((away <= truth.WIDTH_M).mean()),
        "border_km": border.length_km,
        "border_vertices": int(shapely.get_num_coordinates(border.line)),
    }
    return Truth(points, away, ring, ring_away), facts


def groups(peers: list[str]) -> dict[str, tuple[str, dict[str, list[str]]]]:
    """Return groups of peers that take turns: the environment, and the methods of each peer."""
    together = {peer: [] for peer in ("geobuffer", "shapely", "geopandas") if peer in peers}
    found: dict[str, tuple[str, dict[str, list[str]]]] = {}
    if together:
        found["default"] = ("default", together)
    if "geobuffer" in peers:
        found["fast"] = ("fast", {"geobuffer": []} | {
            peer: names for peer, names in BESIDE_FAST.items() if peer in peers
        })  # fmt: skip
    for peer in peers:
        if peer not in together:
            found[peer] = ("default", {peer: [], "geobuffer": list(OURS.values())})
    return found


def set_up_peer(peer: str, cache: Path) -> str:
    """Set up a peer that is not on PyPI; return the folder of Turf.js, or an empty text."""
    if peer == "postgis":
        environment.postgis()
    elif peer == "sf":
        environment.sf()
    elif peer == "turf":
        return str(environment.node(cache))
    return ""


def race(run: Run, group: str, env: str, peers: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Time one group in a process of its own, and return what it wrote."""
    given = run.given
    try:
        node = set_up_peer(group, given.cache)
    except environment.CannotSetUp as error:
        return [{"peer": group, "failed": f"cannot be set up here: {error}"}]
    job = run.folder / "job.json"
    parts = [part for part in RACES if part in given.only]
    settings = {"group": group, "peers": peers, "parts": parts, "sizes": given.points,
                "budget_s": given.budget, "node": node}  # fmt: skip
    job.write_text(json.dumps(settings), encoding="utf-8")
    rows: list[dict[str, Any]] = []
    python = environment.python(given.cache, env)
    command = [str(python), str(HERE / "harness.py"), str(job)]
    try:
        done = subprocess.run(command, check=False, env=run.variables, timeout=given.patience)
        if done.returncode:
            rows.append({"peer": group, "failed": f"ended with code {done.returncode}"})
    except subprocess.TimeoutExpired:
        rows.append({"peer": group, "failed": f"the rest stopped after {given.patience:.0f} s"})
    lines = run.folder / f"{group}.jsonl"
    if lines.is_file():
        rows += [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    return [row | {"cpu_s": None} if row.get("peer") in SERVED and "part" in row else row
            for row in rows]  # fmt: skip


def judge(row: dict[str, Any], run: Run, facts: Truth) -> dict[str, Any]:
    """Return how far off the answers of one method are."""
    stem = f"{row['group']}-{row['stem']}"
    part, case = row["part"], row["case"]
    if part == "zone":
        shape = shapely.from_wkb(np.load(run.folder / f"{stem}-zone.npy", allow_pickle=True))
        worst, mean = truth.edge_error_m(default_border(), shape[0])
        return {"max_error_m": worst, "rms_error_m": mean}
    if part in {"buffers", "lines"}:
        return judge_shapes(row, run.folder / f"{stem}-{part}{case}.npy", run)
    ring_file = run.folder / f"{stem}-ring.npy"
    if not ring_file.is_file():
        return {}
    found = np.load(ring_file)
    away = facts.ring_away[: len(found)]
    if part == "membership":
        wrong = found != (away <= truth.WIDTH_M)
        return {"ring_points": len(found), "wrong_per_million": wrong.mean() * 1e6}
    wrong = (found <= truth.WIDTH_M) != (away <= truth.WIDTH_M)
    scattered = np.load(run.folder / f"{stem}.npy")[: len(facts.away)]
    far = np.abs(scattered - facts.away[: len(scattered)])
    return {
        "ring_points": len(found),
        "wrong_per_million": wrong.mean() * 1e6,
        "max_error_m": np.abs(found - away).max(),
        "rms_error_m": np.sqrt(((found - away) ** 2).mean()),
        "max_error_anywhere_m": far.max(),
    }


def judge_shapes(row: dict[str, Any], file: Path, run: Run) -> dict[str, Any]:
    """Return the largest error that is found of buffers."""
    made = shapely.from_wkb(np.load(file, allow_pickle=True))
    if row["part"] == "buffers":
        table = pd.read_parquet(run.folder / f"{row['case']}.parquet").head(cases.ROWS)
        shapes, km = shapely.from_wkb(table["geometry"].to_numpy()), table["km"].to_numpy()
        count = min(len(made), len(shapes))
        return {"max_error_m": cases.find_error_m(shapes[:count], km[:count], made[:count])}
    line = cases.LINES[row["case"]]
    # The edge of a zone on one side runs along the line itself as well.
    if line.side != "both":
        return {}
    return {"max_error_m": cases.find_error_m([line.line], [line.km], made, places=200)}


def time_commands(run: Run) -> Iterator[dict[str, Any]]:
    """Yield rows of commands, in both environments."""
    for group in environment.EXTRAS:
        for row in run.lines_of(group, "commands.py", run.given.turns):
            ours = row["method"].startswith("geobuffer")
            yield {"group": group, "peer": "geobuffer" if ours else "python"} | row


def time_first_calls(run: Run) -> Iterator[dict[str, Any]]:
    """Yield what comes before the first answer: without numba, never compiled, compiled."""
    for group, case in (("default", "default"), ("fast", "never compiled"),
                        ("fast", "compiled before")):  # fmt: skip
        for row in run.lines_of(group, "first_call.py", compiled="first"):
            for step, seconds in row.items():
                yield {"group": group, "peer": "geobuffer", "case": case, "method": step,
                       "seconds": seconds, "count": 1}  # fmt: skip


def time_bulk(run: Run) -> Iterator[dict[str, Any]]:
    """Yield rows of files."""
    for group, part in (("fast", 1), ("default", WITHOUT_NUMBA)):
        for row in run.lines_of(group, "bulk.py", run.given.rows // part, run.folder):
            ours = row["method"] == "classify_file"
            yield {"group": group, "peer": "geobuffer" if ours else "files"} | row
    for path in run.folder.glob("*-answers*"):
        path.unlink()


def time_clusters(run: Run) -> Iterator[dict[str, Any]]:
    """Yield rows of dask and Spark."""
    for engine in ("dask", "spark"):
        try:
            if engine == "spark":
                environment.spark(run.given.cache)
            rows = run.given.rows // IN_CLUSTERS
            for row in run.lines_of("fast", "cluster.py", engine, rows, run.folder):
                yield {"group": "fast", "peer": engine} | row
        except (environment.CannotSetUp, subprocess.TimeoutExpired) as error:
            yield {"peer": engine, "failed": str(error)}


OTHERS: dict[str, Callable[[Run], Iterator[dict[str, Any]]]] = {
    "command": time_commands,
    "first": time_first_calls,
    "bulk": time_bulk,
    "cluster": time_clusters,
}


def time_others(run: Run) -> Iterator[dict[str, Any]]:
    """Yield rows of the parts that need no other peer."""
    for part, measure in OTHERS.items():
        if part not in run.given.only:
            continue
        print(f"{part} ...", flush=True)
        try:
            for row in measure(run):
                yield row if "failed" in row else {"part": part, "case": ""} | row
        except (environment.CannotSetUp, subprocess.TimeoutExpired) as error:
            yield {"peer": part, "failed": str(error)}


def machine() -> dict[str, Any]:
    """Return where and when this was measured."""
    info = Path("/proc/cpuinfo")
    names = [x for x in info.read_text("utf-8").splitlines() if x.startswith("model name")] \
        if info.is_file() else []  # fmt: skip
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": names[0].partition(": ")[2] if names else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def collect(run: Run) -> Results:
    """Measure and judge."""
    begin = time.monotonic()
    facts, said = prepare(run)
    print(f"truth certified to {said['certified_m']:.1e} m", flush=True)
    rows, failed, versions = [], [], {}
    found = list(time_others(run))
    if set(run.given.only) & set(RACES):
        for group, (env, peers) in groups(run.given.peers).items():
            print(f"{group} ...", flush=True)
            found += race(run, group, env, peers)
    for row in found:
        if "failed" in row:
            failed.append((row["peer"], row["failed"]))
        elif "version" in row:
            versions[row["peer"]] = max(row["version"], versions.get(row["peer"], ""), key=len)
        elif row["part"] in RACES and is_judged(row):
            rows.append(row | judge(row, run, facts))
        else:
            rows.append(row)
    said |= {"versions": versions, "failed": list(dict.fromkeys(failed)),
             "minutes": (time.monotonic() - begin) / 60.0, "options": run.given.said}  # fmt: skip
    return Results.of(rows, machine() | said)


def is_judged(row: dict[str, Any]) -> bool:
    """Return whether we judge a peer in this group; in others it only takes turns."""
    return row["group"] in {"default", row["peer"]} or (row["group"], row["peer"]) == (
        "fast", "geobuffer"
    )  # fmt: skip


def main(given: Any) -> None:
    """Measure, write the results, draw."""
    with tempfile.TemporaryDirectory(prefix="peers-") as name:
        results = collect(Run(given, Path(name)))
    stem = given.out / given.name
    results.write(stem)
    # The tables are those of the rows as they are kept, which have fewer digits.
    results = read(stem)
    stem.with_suffix(".md").write_text(report.page(results), encoding="utf-8")
    if {"membership", "distance"} <= set(given.only):
        import plot

        plot.draw_page(results, stem.with_suffix(".png"))
    print(stem.with_suffix(".md").read_text(encoding="utf-8"))
