"""Large tables: a file is complete or absent, progress reaches 1, and memory does not grow."""

import os
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.bulk_tables import (
    ADDED,
    needs_numba,
    read_answers,
    read_csv_rows,
    write_coordinates,
    write_geoparquet,
    write_text_file,
)

import geobuffer as gb
from geobuffer.analysis import _arrow


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("batches", [0, 1, 4])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.usefixtures("small_batches")
def test_a_failure_leaves_the_older_file(  # noqa: PLR0917 - one parameter for each case
    suffix, batches, error, rings, places, tmp_path, fail_after
):
    places.to_parquet(tmp_path / "in.parquet")
    target = write_text_file(tmp_path / f"out{suffix}", "an older file")
    fail_after(batches, error)
    with pytest.raises(error, match="lights"):
        gb.classify_file(tmp_path / "in.parquet", rings, target)
    assert target.read_text(encoding="utf-8") == "an older file"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.parquet", target.name]


@pytest.mark.usefixtures("small_batches")
def test_a_failure_to_write_leaves_the_older_file(rings, places, tmp_path, monkeypatch):
    places.to_parquet(tmp_path / "in.parquet")
    target = write_text_file(tmp_path / "out.parquet", "an older file")
    write, left = _arrow.TableWriter.write, [3]

    def full(self, table):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        write(self, table)

    monkeypatch.setattr(_arrow.TableWriter, "write", full)
    with pytest.raises((OSError, gb.DataError), match="No space"):
        gb.classify_file(tmp_path / "in.parquet", rings, target)
    assert target.read_text(encoding="utf-8") == "an older file"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.parquet", "out.parquet"]


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.usefixtures("small_batches")
def test_an_older_file_is_replaced_without_disturbing_its_readers(suffix, rings, places, tmp_path):
    gb.write(places, tmp_path / f"in{suffix}")
    target = write_text_file(tmp_path / f"out{suffix}", "an older file")
    with target.open("rb") as reader:
        gb.classify_file(tmp_path / f"in{suffix}", rings, target)
        assert reader.read() == b"an older file"
    assert len(read_answers(target)["side"]) == 600
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([f"in{suffix}", target.name])


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.usefixtures("small_batches")
def test_a_file_cannot_be_its_own_target(suffix, rings, places, tmp_path):
    path = tmp_path / f"a{suffix}"
    gb.write(places, path)
    before = path.read_bytes()
    with pytest.raises(gb.WriteError, match="source"):
        gb.classify_file(path, rings, path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_readers_can_skip_rows_by_numbers_and_texts_of_the_source(rings, places, tmp_path):
    places.to_parquet(tmp_path / "in.parquet")
    gb.classify_file(tmp_path / "in.parquet", rings, tmp_path / "out.parquet")
    group = pq.read_metadata(tmp_path / "out.parquet").row_group(0)
    columns = {one.path_in_schema: one for one in map(group.column, range(group.num_columns))}
    known = {name for name, one in columns.items() if one.is_stats_set}
    numbered = {name for name, one in columns.items() if one.has_dictionary_page}
    answers = {"side", "section", "ring", "membership", "conflict"}
    assert columns.keys() - known == {"geometry", *answers}
    assert answers | {"name"} <= numbered
    assert not {"geometry", "id", "distance_km"} & numbered
    found = columns["distance_km"].statistics
    distances = pq.read_table(tmp_path / "out.parquet")["distance_km"].to_numpy()
    assert (found.min, found.max) == (distances.min(), distances.max())


@pytest.mark.usefixtures("small_batches")
def test_new_files_follow_the_umask(rings, tmp_path):
    source = write_coordinates(tmp_path / "in.parquet")
    gb.classify_file(source, rings, tmp_path / "out.parquet")
    gb.classify_file(source, rings, tmp_path / "parts")
    umask = os.umask(0)
    os.umask(umask)
    for path in (tmp_path / "out.parquet", *(tmp_path / "parts").iterdir()):
        assert path.stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("target", ["out.parquet", "out.csv", "parts"])
def test_a_table_without_rows_stays_one(suffix, target, rings, tmp_path):
    source = tmp_path / f"in{suffix}"
    if suffix == ".csv":
        write_text_file(source, "name,lon,lat\n")
    else:
        pq.write_table(pa.table({"name": ["a"], "lon": [1.0], "lat": [1.0]})[:0], source)
    shares = []
    assert gb.classify_file(source, rings, tmp_path / target, progress=shares.append) == 0
    if target == "out.csv":
        (names,) = read_csv_rows(tmp_path / target)
    else:
        names = pq.read_table(tmp_path / target).column_names
    assert names == ["name", "lon", "lat", *ADDED]
    assert shares == [1.0]


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
@pytest.mark.usefixtures("small_batches")
def test_geoparquet_without_rows_stays_one(encoding, rings, places, tmp_path):
    for target in ("out.parquet", "out.csv"):
        empty = places[:0].to_crs("EPSG:32636")
        source = tmp_path / "in.parquet"
        if encoding == "WKB":
            empty.to_parquet(source)
        else:
            xy = pa.array([], pa.struct([("x", pa.float64()), ("y", pa.float64())]))
            write_geoparquet(source, xy, encoding="point")
        assert gb.classify_file(source, rings, tmp_path / target) == 0
    if encoding == "WKB":
        assert gpd.read_parquet(tmp_path / "out.parquet").crs == "EPSG:32636"


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("target", ["out.parquet", "out.csv", "parts"])
@pytest.mark.usefixtures("small_batches")
def test_progress_goes_up_to_one(suffix, target, rings, places, tmp_path):
    gb.write(places, tmp_path / f"in{suffix}")
    shares = []
    gb.classify_file(tmp_path / f"in{suffix}", rings, tmp_path / target, progress=shares.append)
    assert len(shares) > 3
    assert all(0 < share <= 1 for share in shares)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


MEMORY = """
import pathlib, re, sys
import numpy as np, pyarrow as pa, pyarrow.parquet as pq, shapely
import geobuffer as gb
from geobuffer.analysis import _arrow

folder, suffix = pathlib.Path(sys.argv[1]), sys.argv[2]
drawn = gb.Source("drawn by hand")
west = gb.Region("West", shapely.box(29, 50, 30, 51), drawn, names={})
east = gb.Region("East", shapely.box(30, 50, 31, 51), drawn, names={})
zone = gb.build_zone(gb.border_between(west, east), km=10, tolerance_m=1)
_arrow.BATCH_ROWS = 50_000
rng = np.random.default_rng(0)
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024

def made(count):
    path, writer = folder / f"{count}.parquet", None
    for _ in range(count // 100_000):
        table = pa.table({
            "lon": rng.uniform(29.9, 30.1, 100_000), "lat": rng.uniform(50, 51, 100_000),
            "a": rng.random(100_000), "b": rng.random(100_000),
        })
        writer = writer or pq.ParquetWriter(path, table.schema, compression="none")
        writer.write_table(table)
    writer.close()
    return path

small, large = made(1_000_000), made(3_000_000)
start = peak()
# The memory of a first file is not always used to the full; that of a second one mostly is.
for again in range(2):
    gb.classify_file(small, zone, folder / f"small{again}{suffix}")
middle = peak()
assert gb.classify_file(large, zone, folder / f"large{suffix}") == 3_000_000
print(start, middle, peak())
"""


@needs_numba
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux reports peak memory")
def test_memory_does_not_grow_with_the_table(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, tmp_path, ".parquet"], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    start, middle, end = map(int, done.stdout.split())
    # Two million more rows take 64 MB more in the source and 90 MB more in the target.
    assert end - middle < 40, (start, middle, end)
    assert end < 800, (start, middle, end)
