"""dask and Spark give the answers of one process, and send the zone once to each worker."""

import os
import re
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import geobuffer as gb

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"

# If set, a missing engine fails the tests instead of skipping them. The variable CI would not do:
# these engines are large, and only one run installs them.
CI = bool(os.environ.get("TEST_DISTRIBUTED"))

needs_dask = pytest.mark.skipif(
    not CI and not all(map(find_spec, ("dask_geopandas", "distributed"))),
    reason="dask-geopandas and distributed are not installed",
)
needs_spark = pytest.mark.skipif(
    not CI and not (find_spec("pyspark") and shutil.which("java")),
    reason="pyspark or Java is not installed",
)

# pyspark 4.3 warns of pandas 3 at each call; these tests do not convert through pandas.
ignores_new_pandas = pytest.mark.filterwarnings(
    "ignore:PySpark does not yet fully support pandas:FutureWarning"
)
# py4j leaves its sockets to the garbage collector.
ignores_open_sockets = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(autouse=True)
def _bounded():
    """End a test that waits for a process which does not answer."""

    def give_up(number, frame):
        raise TimeoutError("no answer within 300 seconds")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(300)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def points(border):
    """Points about the border, some of them missing, with accuracies, radii and countries."""
    rng = np.random.default_rng(5)
    west, south, east, north = border.line.bounds
    n = 4_000
    lon, lat = rng.uniform(west, east, n), rng.uniform(south, north, n)
    table = gpd.GeoDataFrame(
        {
            "lon": lon,
            "lat": lat,
            "accuracy_m": rng.uniform(0.0, 2_000.0, n),
            "country": rng.choice(["UA", "RU"], n),
        },
        geometry=gpd.points_from_xy(lon, lat),
        crs="EPSG:4326",
    )
    table.loc[[7, 1_999], ["lon", "lat", "geometry"]] = [np.nan, np.nan, None]
    return table


@pytest.fixture(scope="module")
def ready(zone):
    """The zone with the grid of its index built, as it is sent."""
    zone.build_grids()
    return zone


@pytest.fixture(scope="module")
def client():
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        # dask drops copies of the zone between computations, and would send them again.
        client.amm.stop()
        yield client


@pytest.fixture
def folder(points, tmp_path, monkeypatch):
    """A folder in which the pages run: ``places/`` holds the points in four files."""
    monkeypatch.chdir(tmp_path)
    Path("places").mkdir()
    for number, rows in enumerate(np.array_split(np.arange(len(points)), 4)):
        points.iloc[rows].to_parquet(f"places/{number}.parquet")
    return tmp_path


def _count_on_worker():
    """Count in a worker how often a zone arrives and an index or a grid is built there."""
    from geobuffer.geodesy import _cells
    from geobuffer.geodesy.nearest import LineIndex
    from geobuffer.zones.zone import BufferZone

    counts = {"pid": os.getpid(), "zones": 0, "indexes": 0, "grids": 0}

    def counted(what, function):
        def count(*args, **options):
            counts[what] += 1
            return function(*args, **options)

        return count

    def arrives(zone, state):
        counts["zones"] += 1
        zone.__dict__.update(state)

    BufferZone.__setstate__ = arrives
    LineIndex.__init__ = counted("indexes", LineIndex.__init__)
    _cells.build_grid = counted("grids", _cells.build_grid)
    _cells.counts = counts


def _counts_of_worker():
    from geobuffer.geodesy import _cells

    return _cells.counts


# The columns that make a place uncertain, as parameters of gb.answer.
NAMES = ["lon", "lat", "accuracy_m", "country"]


def _answers(frame, zone):
    """Return the answers for a table of columns, as one table."""
    lon, lat, accuracy_m, country = (frame[name].to_numpy() for name in NAMES)
    given = {"accuracy_m": accuracy_m, "country": country}
    return pd.DataFrame(gb.answer(lon, lat, zone, **given)._asdict())


@needs_dask
@pytest.mark.filterwarnings("ignore:.*without a point:UserWarning")
def test_dask_gives_the_same_answers_and_sends_the_zone_once(client, points, ready):
    import dask
    import dask_geopandas

    # Otherwise dask changes the dtype of text before geobuffer sees it.
    dask.config.set({"dataframe.convert-string": False})
    client.run(_count_on_worker)
    sent = client.scatter(ready, broadcast=True)
    table = dask_geopandas.from_geopandas(points, npartitions=9)
    classified = table.map_partitions(gb.classify, sent, meta=gb.classify(points[:1], ready)[:0])
    assert_frame_equal(classified.compute(), gb.classify(points, ready))
    inside = table.map_partitions(gb.within, sent, meta=gb.within(points, ready)[:0])
    assert_frame_equal(inside.compute(), gb.within(points, ready))

    def codes(frame, zone):
        return _answers(frame, zone)

    said = table.map_partitions(codes, sent, meta=codes(points[:1], ready)[:0]).compute()
    assert_frame_equal(said.reset_index(drop=True), codes(points, ready))

    workers = list(client.run(_counts_of_worker).values())
    assert len({worker["pid"] for worker in workers} - {os.getpid()}) == 2
    for worker in workers:
        assert (worker["zones"], worker["indexes"], worker["grids"]) == (1, 0, 0)


@needs_dask
def test_partitions_do_not_change_the_answers(client, points, ready):
    import dask_geopandas

    sent = client.scatter(ready, broadcast=True)
    meta = gb.classify(points[:1], ready)[:0]
    tables = [dask_geopandas.from_geopandas(points, npartitions=n) for n in (1, 13)]
    one, many = (t.map_partitions(gb.classify, sent, meta=meta).compute() for t in tables)
    assert_frame_equal(one, many)


@pytest.fixture(scope="module")
def spark():
    os.environ["PYSPARK_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    session = builder.config("spark.sql.shuffle.partitions", 2).getOrCreate()
    yield session
    session.stop()


@pytest.mark.spark
@needs_spark
@ignores_new_pandas
@ignores_open_sockets
def test_spark_gives_the_same_answers_and_sends_the_zone_once(spark, points, ready, folder):
    sent = spark.sparkContext.broadcast(ready)

    def classified(batches):
        import pyarrow as pa

        zone = sent.value
        for batch in batches:
            lon, lat, accuracy_m, country = (
                batch[name].to_numpy(zero_copy_only=False) for name in NAMES
            )
            said = gb.answer(lon, lat, zone, accuracy_m=accuracy_m, country=country)._asdict()
            said |= {"lon": batch["lon"], "pid": [os.getpid()] * len(batch)}
            said["copy"] = [id(zone)] * len(batch)
            yield pa.RecordBatch.from_pydict(said)

    columns = (
        "distance_km double, side byte, section short, chainage_km double, ring byte, "
        "membership byte, p_inside double, margin_km double, conflict string, lon double, "
        "pid long, copy long"
    )
    places = str(Path("places").absolute())  # Java's working folder is that of the first test
    table = spark.read.parquet(places).select(*NAMES).repartition(6)
    found = pd.DataFrame(
        [row.asDict() for row in table.mapInArrow(classified, columns).collect()]
    ).sort_values("lon", ignore_index=True)
    at = points.sort_values("lon")
    expected = _answers(at, ready)
    assert_frame_equal(found[list(expected)].astype(expected.dtypes), expected)
    # A worker keeps its copy from batch to batch and from task to task.
    copies = found[["pid", "copy"]].drop_duplicates()
    assert os.getpid() not in set(copies["pid"])
    assert copies["pid"].is_unique


def _blocks(page):
    """Return the Python blocks of a page, in order."""
    text = (HOW_TO / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def _run(page):
    """Run the blocks of a page one after another in a process of their own."""
    # Under -c there is no script that workers would import, so no guard is needed.
    command = [sys.executable, "-c", "\n".join(_blocks(page))]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr


def test_pages_have_blocks():
    assert all(len(_blocks(page.name)) >= 3 for page in map(Path, ("dask.md", "spark.md")))


@needs_dask
def test_page_on_dask_runs_as_it_stands(folder, points, ready):
    _run("dask.md")
    found, codes = (pd.read_parquet(f).reset_index(drop=True) for f in ("found/", "codes/"))
    assert_frame_equal(found, gb.classify(points, ready).reset_index(drop=True))
    assert_frame_equal(codes, _answers(points, ready))
    assert (found["membership"] == "uncertain").any()


@pytest.mark.spark
@needs_spark
def test_page_on_spark_runs_as_it_stands(folder, points, ready):
    _run("spark.md")
    found = pd.read_parquet("found/").sort_values("lon", ignore_index=True)
    at = points.sort_values("lon")
    expected = gb.classify(at, ready)
    np.testing.assert_array_equal(found["distance_km"], expected["distance_km"])
    memberships = [frame["membership"].fillna("").tolist() for frame in (found, expected)]
    assert memberships[0] == memberships[1]
    assert "uncertain" in memberships[0]
