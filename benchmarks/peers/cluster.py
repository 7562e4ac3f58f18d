"""Time dask and Spark on this machine: python cluster.py dask|spark ROWS FOLDER. Prints JSON lines.

Points and answers are numbers in Parquet files of a million rows; two processes answer. Processor
seconds are those of all processes, without what starts them.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import psutil
from with_geobuffer import default_border

import geobuffer as gb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PART_ROWS = 1_000_000
NAMES = ("distance_km", "membership")


def write_parts(count: int, folder: Path) -> None:
    """Write points as columns of longitude and latitude."""
    west, south, east, north = default_border().line.bounds
    folder.mkdir(parents=True)
    rng = np.random.default_rng(3)
    for part, begin in enumerate(range(0, count, PART_ROWS)):
        rows = min(PART_ROWS, count - begin)
        frame = {"lon": rng.uniform(west, east, rows), "lat": rng.uniform(south, north, rows)}
        pd.DataFrame(frame).to_parquet(folder / f"part-{part:05}.parquet")


def spent_s() -> float:
    """Return the processor seconds of this process and all below it that still run."""
    own = psutil.Process()
    times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


def answer_columns(frame: pd.DataFrame, zone: gb.BufferZone) -> pd.DataFrame:
    """Answer a part of a table of numbers with numbers."""
    answers = gb.answer(frame["lon"].to_numpy(), frame["lat"].to_numpy(), zone)
    return pd.DataFrame({name: getattr(answers, name) for name in NAMES}, index=frame.index)


def classify_points(frame: pd.DataFrame, zone: gb.BufferZone) -> pd.DataFrame:
    """Answer it as most would: points as objects, answers as text."""
    import geopandas as gpd

    points = gpd.GeoSeries.from_xy(frame["lon"], frame["lat"], crs="EPSG:4326")
    return gb.classify(points, zone)


def with_dask(zone: gb.BufferZone, source: Path) -> Iterator[tuple[str, Callable[[Path], None]]]:
    """Yield jobs for a cluster of two processes."""
    import dask.dataframe as dd
    from dask.distributed import Client, LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1) as cluster, Client(cluster) as client:
        client.amm.stop()
        sent = client.scatter(zone, broadcast=True)
        example = pd.DataFrame({"lon": [34.8], "lat": [50.9]})
        for function in (answer_columns, classify_points):

            def job(target: Path, function: Any = function) -> None:
                meta = function(example, zone)[:0]
                parts = dd.read_parquet(source)
                parts.map_partitions(function, sent, meta=meta).to_parquet(target)

            yield function.__name__, job


def with_spark(zone: gb.BufferZone, source: Path) -> Iterator[tuple[str, Callable[[Path], None]]]:
    """Yield a job for a session of two cores."""
    import pyarrow as pa
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = SparkSession.builder.master("local[2]").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    sent = session.sparkContext.broadcast(zone)
    session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", 200_000)

    def answered(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            lon, lat = (batch[name].to_numpy(zero_copy_only=False) for name in ("lon", "lat"))
            answers = gb.answer(lon, lat, sent.value)
            yield pa.RecordBatch.from_arrays(
                [pa.array(answers.distance_km), pa.array(answers.membership)], list(NAMES)
            )

    def job(target: Path) -> None:
        places = session.read.parquet(str(source)).select("lon", "lat")
        found = places.mapInArrow(answered, "distance_km double, membership tinyint")
        found.write.mode("overwrite").parquet(str(target))

    yield "answer_columns", job
    session.stop()


def main() -> None:
    """Run each job twice; the second counts, as workers have imported and compiled by then."""
    way, rows, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    source, target = folder / f"parts-{rows}", folder / f"{way}-found"
    if not source.is_dir():
        write_parts(rows, source)
    zone = gb.build_zone(default_border(), km=10)
    gb.answer(np.full(300_000, 34.8), np.full(300_000, 50.9), zone)  # builds the grid of cells
    for name, job in (with_dask if way == "dask" else with_spark)(zone, source):
        for _ in range(2):
            shutil.rmtree(target, ignore_errors=True)
            clock, processor = time.perf_counter(), spent_s()
            job(target)
            seconds, cpu_s = time.perf_counter() - clock, spent_s() - processor
        row = {"method": name, "count": rows, "seconds": seconds, "cpu_s": cpu_s,
               "bytes_in": size_of(source), "bytes_out": size_of(target),
               "bytes_sent": len(pickle.dumps(zone))}  # fmt: skip
        print(json.dumps(row), flush=True)


def size_of(folder: Path) -> int:
    """Return how many bytes the Parquet files of a folder have."""
    return sum(path.stat().st_size for path in folder.rglob("*.parquet"))


if __name__ == "__main__":
    main()
