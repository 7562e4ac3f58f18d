"""Large tables: an interrupted folder of parts is completed, a foreign one is refused."""

import shutil
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely
from support.bulk_tables import (
    check_refused,
    file_state,
    write_coordinates,
    write_text_file,
)

import geobuffer as gb
from geobuffer.analysis import _arrow, bulk


def same_folders(one, other):
    names = sorted(path.name for path in one.iterdir())
    assert sorted(path.name for path in other.iterdir()) == names
    for name in names:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_parts_are_completed_after_a_failure(complete_parts, rings, tmp_path, fail_after):
    source, single = complete_parts
    parts = tmp_path / "parts"
    fail_after(4)
    with pytest.raises(RuntimeError, match="lights"):
        gb.classify_file(source, rings, parts)
    assert len(list(parts.glob("part-*.parquet"))) == 4
    assert not list(parts.glob(".*"))
    made = {path: file_state(path) for path in parts.glob("part-*.parquet")}
    fail_after(6)
    shares = []
    assert gb.classify_file(source, rings, parts, progress=shares.append) == 600
    same_folders(single, parts)
    assert {path: file_state(path) for path in made} == made
    assert shares[-1] == 1.0


def test_complete_parts_are_not_computed_again(complete_parts, rings, batch_sizes):
    source, single = complete_parts
    assert gb.classify_file(source, rings, single) == 600
    assert batch_sizes == []
    (single / "part-000009.parquet").unlink()
    (single / "part-000003.parquet").unlink()
    assert gb.classify_file(source, rings, single) == 600
    assert batch_sizes == [64, 24]
    assert pq.read_table(single)["id"].to_pylist() == list(range(600))


def test_the_row_of_an_error_counts_earlier_parts(rings, tmp_path, small_batches):
    lat = np.full(300, 50.5)
    lat[201] = 91
    source = write_coordinates(tmp_path / "in.parquet", lon=np.full(300, 30.0), lat=lat)
    for _ in range(2):
        with pytest.raises(gb.DataError, match="row 201 of "):
            gb.classify_file(source, rings, tmp_path / "parts")


def test_a_folder_of_another_source_or_zone_is_refused(
    complete_parts, strip, rings, places, tmp_path
):
    source, single = complete_parts
    other = tmp_path / "other.parquet"
    shutil.copy(source, other)
    check_refused(other, rings, single, f"another source file ({source.resolve()})")
    changes = [{"km": [5, 11]}, {"side": "West"}, {"ends": "round"}]
    for change in changes:
        options = {"km": [5, 10], "side": "East", "ends": "flat", "tolerance_m": 1, **change}
        zone = gb.build_zone(strip, **options)
        check_refused(source, zone, single, "another zone", repr(rings))
    places[:-1].to_parquet(source)
    check_refused(source, rings, single, "an older version of the source file")


def test_a_folder_of_a_border_of_another_accuracy_is_refused(complete_parts, rings):
    source, single = complete_parts
    rough = replace(rings.border, source=replace(rings.border.source, accuracy_m=50))
    check_refused(source, replace(rings, border=rough), single, "another zone")


def test_a_folder_of_another_version_is_refused(complete_parts, rings, monkeypatch):
    source, single = complete_parts
    monkeypatch.setattr(bulk, "__version__", "9.9")
    check_refused(
        source, rings, single, f"another version of geobuffer (geobuffer {gb.__version__})"
    )


def roads():
    """Zones along two roads of one name and length, 4 degrees apart."""
    lines = [shapely.LineString([(lon, 50), (lon + 0.5, 50.3)]) for lon in (30, 34)]
    source = gb.Source("a map")
    return [
        gb.build_zone(gb.border_along(line, names=["road"], source=source), km=20, tolerance_m=20)
        for line in lines
    ]


def points():
    """Zones about two points of one latitude."""
    source = gb.Source("a map")
    spots = [shapely.Point(lon, 51.39) for lon in (30.1, 35.1)]
    return [
        gb.build_zone(gb.border_around(spot, names=["plant"], source=source), km=20)
        for spot in spots
    ]


def edited_regions():
    """Zones about two outlines of one name, of equal length."""
    return [
        gb.build_zone(
            gb.border_of(gb.Region("Park", shapely.box(w, 50, w + 0.3, 50.2), gb.Source("a map"))),
            km=5, tolerance_m=20,
        )
        for w in (30, 31)
    ]  # fmt: skip


def clipped():
    """Zones clipped by two regions of one name and area."""
    zone = gb.build_zone(points()[0].border, km=20)
    boxes = [shapely.box(w, 51, w + 0.3, 52) for w in (29.8, 30.1)]
    return [gb.clip_zone(zone, gb.Region("Box", box, gb.Source("a map"))) for box in boxes]


@pytest.mark.parametrize("build", [roads, points, edited_regions, clipped])
def test_a_folder_of_a_zone_of_like_description_is_refused(build, tmp_path, small_batches):
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform(28, 38, 200), rng.uniform(49, 53, 200)
    source = write_coordinates(tmp_path / "in.parquet", lon=lon, lat=lat)
    one, other = build()
    gb.classify_file(source, one, tmp_path / "parts")
    check_refused(source, other, tmp_path / "parts", "another zone")
    again = build()[0]
    assert again is not one
    assert gb.classify_file(source, again, tmp_path / "parts") == 200


def test_a_zone_with_finer_polygons_continues_a_folder(complete_parts, strip, batch_sizes):
    source, single = complete_parts
    (single / "part-000003.parquet").unlink()
    fine = gb.build_zone(strip, km=[5, 10], side="East", ends="flat", tolerance_m=0.5)
    assert gb.classify_file(source, fine, single) == 600
    assert batch_sizes == [64]


def test_parts_of_another_batch_size_are_refused(complete_parts, rings, monkeypatch):
    source, single = complete_parts
    (single / "part-000003.parquet").unlink()
    monkeypatch.setattr(_arrow, "BATCH_ROWS", 50)
    check_refused(source, rings, single, "Invalid folder")


@pytest.mark.parametrize(
    "name", ["mine.txt", "part-1.parquet", "part-000001.parquet", "_geobuffer"]
)
def test_a_folder_with_other_files_is_refused(name, rings, tmp_path):
    source = write_coordinates(tmp_path / "in.parquet")
    (tmp_path / "parts").mkdir()
    write_text_file(tmp_path / "parts" / name, "mine")
    check_refused(source, rings, tmp_path / "parts", name, "Must be empty")
    assert (tmp_path / "parts" / name).read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["mine.txt", "part-x.parquet", "part-1.parquet"])
def test_a_folder_of_parts_with_other_files_is_refused(name, complete_parts, rings):
    source, single = complete_parts
    write_text_file(single / name, "mine")
    check_refused(source, rings, single, name)


def test_a_folder_with_a_broken_note_is_refused(complete_parts, rings):
    source, single = complete_parts
    write_text_file(single / "_geobuffer.json", "")
    check_refused(source, rings, single, "Invalid folder")


def test_an_empty_folder_is_accepted(complete_parts, rings, tmp_path):
    source, single = complete_parts
    (tmp_path / "parts").mkdir()
    assert gb.classify_file(source, rings, tmp_path / "parts") == 600
    same_folders(single, tmp_path / "parts")


KILLED_RUN = """
import os, signal, sys
import shapely
import geobuffer as gb
from geobuffer.analysis import _arrow

source, target, writes = sys.argv[1], sys.argv[2], int(sys.argv[3])
drawn = gb.Source("drawn by hand")
west = gb.Region("West", shapely.box(29, 50, 30, 51), drawn, country="AA", names={})
east = gb.Region("East", shapely.box(30, 50, 31, 51), drawn, country="BB", names={})
border = gb.border_between(west, east)
zone = gb.build_zone(border, km=[5, 10], side="East", ends="flat", tolerance_m=1)
_arrow.BATCH_ROWS = 64
write = _arrow.TableWriter.write

def killed(self, table):
    global writes
    write(self, table)
    writes -= 1
    if writes == 0:
        os.kill(os.getpid(), signal.SIGKILL)

_arrow.TableWriter.write = killed
gb.classify_file(source, zone, target)
"""


def run_until_killed(*args):
    done = subprocess.run(
        [sys.executable, "-c", KILLED_RUN, *map(str, args)], capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def test_parts_are_completed_after_a_kill(complete_parts, rings, tmp_path, batch_sizes):
    source, single = complete_parts
    parts = tmp_path / "parts"
    run_until_killed(source, parts, 5)
    assert len(list(parts.glob("part-*.parquet"))) == 4
    assert gb.classify_file(source, rings, parts) == 600
    assert len(batch_sizes) == 6
    same_folders(single, parts)


def test_a_kill_leaves_the_older_file(complete_parts, tmp_path):
    source, _ = complete_parts
    target = write_text_file(tmp_path / "out.parquet", "an older file")
    run_until_killed(source, target, 5)
    assert target.read_text(encoding="utf-8") == "an older file"


def test_parts_of_another_combined_zone_are_refused(rings, places, tmp_path):
    source = gb.write(places, tmp_path / "in.parquet")
    park = gb.Region("Park", shapely.box(30, 50.2, 30.1, 50.4), gb.Source("a map"))
    gb.classify_file(source, gb.unite(rings, park), tmp_path / "parts")
    with pytest.raises(gb.DataError):
        gb.classify_file(source, gb.subtract(rings, park), tmp_path / "parts")
