"""Turf.js in Node: geodesy on a sphere, in the language of web maps."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from harness import Method

if TYPE_CHECKING:
    from cases import Line
    from harness import Floats, Job


class Turf:
    """A Node process that answers one command a line; points and answers pass through files."""

    def __init__(self, job: Job) -> None:
        self.folder = job.folder
        (job.folder / "turf-line.json").write_text(shapely.to_geojson(job.line), encoding="utf-8")
        script = Path(__file__).with_name("turf.mjs")
        command = ["node", str(script), job.node, str(job.folder)]
        self.node = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        job.stack.callback(self.node.kill)

    def ask(self, command: str) -> Any:
        """Send a command and wait for its answer."""
        assert self.node.stdin is not None and self.node.stdout is not None  # noqa: S101, PT018
        self.node.stdin.write(command + "\n")
        self.node.stdin.flush()
        answer = self.node.stdout.readline()
        if not answer:
            raise RuntimeError("node ended")
        return json.loads(answer)

    def load(self, lon: Floats, lat: Floats) -> str:
        """Hand points over."""
        np.column_stack([lon, lat]).tofile(self.folder / "turf-points.bin")
        self.ask("load")
        return "loaded"

    def answers(self, command: str) -> Floats:
        """Return one number a point."""
        self.ask(command)
        return np.fromfile(self.folder / "turf-answers.bin")

    def zone(self) -> shapely.Geometry:
        """Return the buffer, which membership then uses."""
        self.ask("zone")
        return self._read_zone()

    def along(self, case: Line) -> shapely.Geometry:
        """Return the buffer of a line, on both sides, because Turf has no other."""
        name = self.folder / "turf-case.json"
        name.write_text(shapely.to_geojson(case.line), encoding="utf-8")
        self.ask(f"along {case.km}")
        return self._read_zone()

    def _read_zone(self) -> shapely.Geometry:
        return shapely.from_geojson((self.folder / "turf-zone.json").read_text(encoding="utf-8"))


def version(job: Job) -> str:
    """Return versions."""
    path = Path(job.node) / "node_modules/@turf/turf/package.json"
    return f"Turf.js {json.loads(path.read_text(encoding='utf-8'))['version']}"


def methods(job: Job) -> list[Method]:
    """Return distance, buffers, and whether points lie in one."""
    turf = Turf(job)
    return [
        Method("distance", "pointToLineDistance", lambda _: turf.answers("distance"), turf.load),
        Method("zone", "buffer", turf.zone),
        Method("membership", "booleanPointInPolygon of its buffer",
               lambda _: turf.answers("membership") > 0, turf.load),
        Method("lines", "buffer, both sides", turf.along),
    ]  # fmt: skip
