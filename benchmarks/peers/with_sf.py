"""sf of R: on the sphere by S2, and in the plane by GEOS; R answers in a process of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from harness import Method

if TYPE_CHECKING:
    import geopandas as gpd
    from harness import Floats, Job
    from numpy.typing import NDArray

VERSIONS = 'cat("sf ", format(packageVersion("sf")), ", R ", format(getRversion()), sep = "")'

# A buffer by S2 takes some 20 ms, so not all rows of a table get one.
SOME_ROWS = 100


class R:
    """An R process that answers one command a line."""

    def __init__(self, job: Job) -> None:
        self.folder = job.folder
        self.write_shapes("sf-line.txt", [job.line])
        command = ["Rscript", str(Path(__file__).with_name("sf.R")), str(job.folder)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        job.stack.callback(self.process.kill)

    def ask(self, command: str) -> None:
        """Send a command and wait until it is done."""
        assert self.process.stdin is not None and self.process.stdout is not None  # noqa: S101, PT018
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        said = self.process.stdout.readline().strip()
        if said != "done":
            raise RuntimeError(said or "R ended")

    def write_shapes(self, name: str, shapes: Any) -> None:
        """Hand shapes over."""
        lines = shapely.to_wkb(np.asarray(shapes, dtype=object), hex=True)
        (self.folder / name).write_text("\n".join(lines) + "\n", encoding="ascii")

    def load(self, lon: Floats, lat: Floats) -> str:
        """Hand points over."""
        np.column_stack([lon, lat]).tofile(self.folder / "sf-points.bin")
        self.ask("load")
        return "loaded"

    def numbers(self, command: str) -> Floats:
        """Return one number a point."""
        self.ask(command)
        return np.fromfile(self.folder / "sf-answers.bin")

    def shapes(self, command: str) -> NDArray[Any]:
        """Return shapes."""
        self.ask(command)
        return shapely.from_wkb((self.folder / "sf-shapes.txt").read_text("ascii").split())

    def buffer_rows(self, table: gpd.GeoDataFrame) -> NDArray[Any]:
        """Return the buffer of each row; the time includes passing the rows to R."""
        self.write_shapes("sf-rows.txt", table.geometry.to_numpy())
        (table["km"].to_numpy() * 1e3).tofile(self.folder / "sf-m.bin")
        return self.shapes("rows")


def version(_job: Job) -> str:
    """Return versions."""
    command = ["Rscript", "-e", VERSIONS]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def methods(job: Job) -> list[Method]:
    """Return buffers, joins and distances, on the sphere and in UTM."""
    r = R(job)
    return [
        Method("zone", "UTM 36N, st_buffer", lambda: r.shapes("zone_utm")[0]),
        Method("zone", "S2, st_buffer", lambda: r.shapes("zone_s2")[0]),
        Method("membership", "UTM 36N, st_buffer + st_intersects",
               lambda _: r.numbers("membership") > 0, r.load),
        Method("distance", "S2, st_distance", lambda _: r.numbers("distance_s2"), r.load),
        Method("distance", "UTM 36N, st_distance",
               lambda _: r.numbers("distance_utm"), r.load),
        Method("buffers", "S2, st_buffer", r.buffer_rows, rows=SOME_ROWS),
    ]  # fmt: skip
