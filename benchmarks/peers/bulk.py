"""Time ``classify_file`` on GeoParquet, in turns with only reading and writing the same files.

Run by ``run.py`` with the Python of an environment: python bulk.py ROWS FOLDER. Prints JSON lines.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

TURNS = 2
BATCH = 500_000


def write_points(count: int, path: Path) -> float:
    """Write random points over the bounds of the default border, and a number for each."""
    begin = time.perf_counter()
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    import shapely
    from with_geobuffer import default_border

    west, south, east, north = default_border().line.bounds
    rng = np.random.default_rng(count)
    # GeoParquet without a reference system means longitude and latitude.
    column = {"encoding": "WKB", "geometry_types": ["Point"]}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    schema = pa.schema({"number": pa.int64(), "geometry": pa.binary()}, {"geo": json.dumps(geo)})
    # 100 million points at once would fill the memory.
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for first in range(0, count, BATCH):
            rows = min(BATCH, count - first)
            points = shapely.points(rng.uniform(west, east, rows), rng.uniform(south, north, rows))
            columns = [np.arange(first, first + rows), shapely.to_wkb(points)]
            writer.write_table(pa.table(columns, schema=schema), row_group_size=BATCH)
    return time.perf_counter() - begin


def classify(source: Path, target: Path) -> float:
    """Classify a file; the border and the zone are made before the clock starts."""
    from with_geobuffer import default_border

    import geobuffer as gb

    zone = gb.build_zone(default_border(), km=10)
    begin = time.perf_counter()
    gb.classify_file(source, zone, target)
    return time.perf_counter() - begin


def copy(source: Path, answered: Path) -> float:
    """Time reading the source and writing the answers, without geobuffer's work between.

    The time to read the answers does not count. The writer has the settings of geobuffer, so that
    both do the same work.
    """
    import pyarrow.parquet as pq

    from geobuffer.analysis._arrow import choose_parquet_options

    begin = time.perf_counter()
    for batch in pq.ParquetFile(source).iter_batches(BATCH):
        batch.validate()
    spent = time.perf_counter() - begin
    answers = pq.ParquetFile(answered)
    schema, carried = answers.schema_arrow, pq.read_schema(source).names
    options = choose_parquet_options(schema, carried)
    with pq.ParquetWriter(answered.with_suffix(".copy"), schema, **options) as writer:
        for batch in answers.iter_batches(BATCH):
            begin = time.perf_counter()
            writer.write_batch(batch)
            spent += time.perf_counter() - begin
    return spent


def in_process(pipe: Any, job: Callable[..., float], *given: Any) -> None:
    """Run a job and send its time and processor time in seconds, and its most memory in MiB."""
    seconds = job(*given)
    used = resource.getrusage(resource.RUSAGE_SELF)
    pipe.send((seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024))


def measure(job: Callable[..., float], *given: Any) -> tuple[float, float, float]:
    """Run a job in a process of its own, so that the measured memory is that of the job.

    This process stays small, because Linux counts the memory of a parent as the child's.
    """
    # Otherwise the system would still be writing the file of the previous turn.
    os.sync()
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=in_process, args=(there, job, *given))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{job.__name__} ended with code {process.exitcode}")
    found: tuple[float, float, float] = here.recv()
    return found


def main() -> None:
    """Measure a fifth of the rows, and all of them."""
    rows, folder = int(sys.argv[1]), Path(sys.argv[2])
    for count in (rows // 5, rows):
        source, answered = folder / f"{count}.parquet", folder / f"{count}-answers.parquet"
        if not source.is_file():
            measure(write_points, count, source)
        found = []
        for _ in range(TURNS):
            ours = measure(classify, source, answered)
            found.append((ours, measure(copy, source, answered)))
        for nth, name in enumerate(("classify_file", "reading and writing alone")):
            seconds, cpu_s, peak_mb = min(pair[nth] for pair in found)
            row = {"method": name, "count": count, "seconds": seconds, "cpu_s": cpu_s,
                   "peak_mb": peak_mb, "bytes_in": source.stat().st_size,
                   "bytes_out": answered.stat().st_size}  # fmt: skip
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
