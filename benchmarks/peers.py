"""Measure geobuffer beside what people use today: same border, same points, one run.

Run: python benchmarks/peers.py [--points 1e3,1e5,1e6] [--peers geobuffer,shapely,...]

Sets the peers up (see benchmarks/README.md), times each in a process of its own, judges their
answers against geodesic distances, and writes a table (CSV and Markdown) and a plot to
benchmarks/results. Nothing here is asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "peers"))

import environment  # noqa: E402
import report  # noqa: E402
import truth  # noqa: E402
from with_geobuffer import default_border  # noqa: E402

PEERS = ("geobuffer_fast", "geobuffer", "shapely", "geopandas", "postgis", "duckdb", "spherely",
         "sedonadb", "turf")  # fmt: skip

# Their work is done in a process of its own, whose processor time and memory we do not see.
SERVED = ("postgis", "turf")


@dataclass(frozen=True)
class Truth:
    """Points and their distances."""

    points: Any
    away: Any
    ring: Any
    ring_away: Any


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--points", default="1e3,1e5,1e6", help="how many, separated by commas")
    parser.add_argument("--peers", default=",".join(PEERS), help="which, separated by commas")
    parser.add_argument("--ring", default="1e6", help="points within 50 m of the zone's edge")
    parser.add_argument("--budget", type=float, default=20.0, help="seconds for one measurement")
    parser.add_argument("--patience", type=float, default=900.0, help="seconds for one peer")
    parser.add_argument("--certify", type=int, default=300, help="points to solve independently")
    parser.add_argument("--cache", type=Path, help="where peers are installed, and kept")
    parser.add_argument("--out", type=Path, default=HERE / "results")
    parser.add_argument("--name", default=time.strftime("peers-%Y-%m"))
    given = parser.parse_args()
    given.points = sorted(int(float(word)) for word in given.points.split(","))
    given.ring = int(float(given.ring))
    given.peers = given.peers.split(",")
    unknown = set(given.peers) - set(PEERS)
    if unknown:
        parser.error(f"no such peer: {', '.join(sorted(unknown))}. Must be of {', '.join(PEERS)}")
    given.cache = given.cache or Path.home() / ".cache" / "geobuffer-peers"
    return given


def prepare(folder: Path, given: argparse.Namespace) -> tuple[Truth, dict[str, Any]]:
    """Write border and points for the peers, and return the truth about them."""
    border = default_border()
    (folder / "border.wkb").write_bytes(shapely.to_wkb(border.line))
    points = truth.scattered(border, given.points[-1])
    ring, ring_away = truth.ring(border, given.ring)
    # Peers answer for the first so many; a million are enough to judge.
    away = truth.distance_m(border, points[:, :1_000_000])
    np.save(folder / "points.npy", points)
    np.save(folder / "ring.npy", ring)
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


def run_peer(peer: str, folder: Path, given: argparse.Namespace) -> list[dict[str, Any]]:
    """Set a peer up, time it in a process of its own, and return what it wrote."""
    print(f"{peer} ...", flush=True)
    try:
        python = sys.executable if peer.startswith("geobuffer") else environment.python(given.cache)
        node = str(environment.node(given.cache)) if peer == "turf" else ""
        if peer == "postgis":
            environment.postgis()
    except environment.CannotSetUp as error:
        return [{"failed": f"cannot be set up here: {error}"}]
    job = folder / "job.json"
    settings = {"sizes": given.points, "budget_s": given.budget, "node": node}
    job.write_text(json.dumps(settings), encoding="utf-8")
    command = [str(python), str(HERE / "peers" / "harness.py"), f"with_{peer}", str(job)]
    rows: list[dict[str, Any]] = []
    try:
        done = subprocess.run(command, check=False, timeout=given.patience)
        if done.returncode:
            rows.append({"failed": f"ended with code {done.returncode}"})
    except subprocess.TimeoutExpired:
        rows.append({"failed": f"the rest stopped after {given.patience:.0f} s"})
    lines = folder / f"with_{peer}.jsonl"
    if lines.is_file():
        rows += [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    if peer in SERVED:
        rows = [row | {"cpu_s": None, "peak_mb": None} if "task" in row else row for row in rows]
    return rows


def judge(peer: str, row: dict[str, Any], folder: Path, facts: Truth) -> dict[str, Any]:
    """Return how far off the answers of one method are."""
    stem = folder / f"with_{peer}-{row['number']}"
    if row["task"] == "zone":
        polygon = shapely.from_wkb(stem.with_suffix(".wkb").read_bytes())
        worst, mean = truth.edge_error_m(default_border(), polygon)
        return {"max_error_m": worst, "rms_error_m": mean}
    ring_file = folder / f"{stem.name}-ring.npy"
    if not ring_file.is_file():
        return {}
    found = np.load(ring_file)
    away = facts.ring_away[: len(found)]
    if row["task"] == "membership":
        wrong = found != (away <= truth.WIDTH_M)
        return {"ring_points": len(found), "wrong_per_million": wrong.mean() * 1e6}
    wrong = (found <= truth.WIDTH_M) != (away <= truth.WIDTH_M)
    scattered = np.load(stem.with_suffix(".npy"))[: len(facts.away)]
    far = np.abs(scattered - facts.away[: len(scattered)])
    return {
        "ring_points": len(found),
        "wrong_per_million": wrong.mean() * 1e6,
        "max_error_m": np.abs(found - away).max(),
        "rms_error_m": np.sqrt(((found - away) ** 2).mean()),
        "max_error_anywhere_m": far.max(),
    }


def first_calls(folder: Path) -> pd.DataFrame:
    """Return what comes before the first answer: without numba, not yet compiled, compiled."""
    columns = {}
    for name, way in {"numpy": "numpy", "fast, never compiled": "fast",
                      "fast, compiled before": "fast"}.items():  # fmt: skip
        command = [sys.executable, str(HERE / "peers" / "first_call.py"), way]
        place = os.environ | {"NUMBA_CACHE_DIR": str(folder / "numba")}
        said = subprocess.run(command, check=True, capture_output=True, text=True, env=place)
        columns[name] = json.loads(said.stdout)
    return pd.DataFrame(columns)


def machine() -> dict[str, Any]:
    """Return where and when this was measured."""
    info = Path("/proc/cpuinfo")
    names = [x for x in info.read_text("utf-8").splitlines() if x.startswith("model name")] \
        if info.is_file() else []  # fmt: skip
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": names[0].partition(": ")[2] if names else platform.processor(),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
    }


def main() -> None:
    """Measure, judge, write."""
    given = options()
    with tempfile.TemporaryDirectory(prefix="peers-") as name:
        folder = Path(name)
        facts, said = prepare(folder, given)
        print(f"truth certified to {said['certified_m']:.1e} m", flush=True)
        rows, failed, versions = [], [], {}
        begun = first_calls(folder)
        for peer in given.peers:
            for row in run_peer(peer, folder, given):
                if "failed" in row:
                    failed.append((peer, row["failed"]))
                elif "version" in row:
                    versions[peer] = row["version"]
                else:
                    rows.append({"peer": peer} | row | judge(peer, row, folder, facts))
    results = report.Results(pd.DataFrame(rows), begun, versions, failed, machine() | said)
    stem = given.out / given.name
    results.write(stem)
    try:
        python = environment.python(given.cache)
        environment.run(
            python, HERE / "peers" / "plot.py", *map(stem.with_suffix, (".csv", ".png"))
        )
    except environment.CannotSetUp as error:
        print(f"no plot: {error}")
    print(stem.with_suffix(".md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
