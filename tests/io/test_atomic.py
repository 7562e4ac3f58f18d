"""Temporary files are locked while written, flushed before the move, and removed if abandoned.

Missing parts that GDAL does not report raise an error.
"""

import contextlib
import errno
import fcntl
import json
import os
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

import geobuffer as gb
from geobuffer.io import atomic
from geobuffer.io.atomic import check_whole_geopackage, check_whole_shapefile
from geobuffer.io.write.write import check_target

IS_ROOT = os.geteuid() == 0
NO_ONE = 65534


@pytest.fixture
def table():
    return pd.DataFrame({"name": ["Юнаківка"], "people": [1741]})


@pytest.fixture
def points():
    places = gpd.points_from_xy([30.0] * 300, [50.0] * 300)
    return gpd.GeoDataFrame({"n": range(300)}, geometry=places, crs="EPSG:4326")


@pytest.fixture
def common():
    """A folder that every user can open; the folder of pytest is open to its owner only."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@contextlib.contextmanager
def as_nobody():
    """Run the block as a user without rights, because root may write anywhere."""
    if not IS_ROOT:
        yield
        return
    os.setresgid(NO_ONE, NO_ONE, 0)
    os.setresuid(NO_ONE, NO_ONE, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(0, 0, 0)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# Steps and their order


def test_a_draft_is_flushed_then_moved_then_its_folder_is_flushed(tmp_path, monkeypatch):
    done = []
    fsync, replace = os.fsync, Path.replace

    def flushed(handle):
        done.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        fsync(handle)

    def moved(self, target):
        done.append(f"{self.name} moved")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", moved)
    atomic.write_text(tmp_path / "a.txt", "text")
    assert done == ["a.txt", "a.txt moved", tmp_path.name]


def test_a_text_keeps_its_line_ends(tmp_path):
    atomic.write_text(tmp_path / "a.txt", "ї\r\n\n")
    assert (tmp_path / "a.txt").read_bytes() == "ї\r\n\n".encode()


def test_an_exception_deletes_the_draft_and_keeps_its_message(tmp_path):
    for error in (ZeroDivisionError, KeyboardInterrupt, RuntimeError):
        with contextlib.suppress(error), atomic.replace_file(tmp_path / "a.txt") as draft:
            draft.write_text("half")
            raise error
        assert names(tmp_path) == []


# Modes, owners, links


@pytest.mark.parametrize("suffix", [".csv", ".gpkg", ".geojson", ".parquet", ".kmz", ".shp.zip"])
@pytest.mark.parametrize("umask", [0o002, 0o022, 0o077])
def test_a_new_file_has_the_mode_that_the_umask_says(suffix, umask, points, tmp_path):
    before = os.umask(umask)
    try:
        path = gb.write(points, tmp_path / f"a{suffix}")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
def test_the_new_file_keeps_the_mode_of_the_old_one(mode, table, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("older", encoding="utf-8")
    path.chmod(mode)
    gb.write(table, path)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.read_text(encoding="utf-8-sig").startswith("name")


@pytest.mark.skipif(not IS_ROOT, reason="only an administrator gives files away")
def test_the_new_file_keeps_the_owner_of_the_old_one(table, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("older", encoding="utf-8")
    os.chown(path, 1234, 5678)
    gb.write(table, path)
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 5678)


@pytest.mark.skipif(not IS_ROOT, reason="only an administrator gives files away")
def test_a_group_that_cannot_be_set_loses_its_permissions(table, common):
    path = common / "a.csv"
    path.write_text("older", encoding="utf-8")
    os.chown(path, NO_ONE, 5678)
    path.chmod(0o664)
    with as_nobody():
        gb.write(table, path)
    assert path.stat().st_gid == NO_ONE
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_link_is_kept_and_its_target_is_replaced(points, tmp_path):
    (tmp_path / "there").mkdir()
    place = tmp_path / "there" / "real.gpkg"
    place.write_bytes(b"older")
    link = tmp_path / "link.gpkg"
    link.symlink_to("there/real.gpkg")
    (tmp_path / "second.gpkg").symlink_to(link)
    for path in (link, tmp_path / "second.gpkg"):
        assert gb.write(points, path) == path
        assert path.is_symlink()
        assert not place.is_symlink()
        assert len(gpd.read_file(place)) == len(points)
    assert names(tmp_path) == ["link.gpkg", "second.gpkg", "there"]
    assert names(tmp_path / "there") == ["real.gpkg"]


def test_a_link_to_a_missing_file_creates_the_file(table, tmp_path):
    link = tmp_path / "link.csv"
    link.symlink_to("new.csv")
    gb.write(table, link)
    assert link.is_symlink()
    assert (tmp_path / "new.csv").is_file()


# Refused before anything is computed


def check_refused(path, *fragments):
    """Check that the check and a writer both refuse a path, and what the message contains."""
    with pytest.raises(gb.WriteError) as checked:
        atomic.check_writable(path)
    with pytest.raises(gb.WriteError), atomic.replace_file(path) as draft:
        draft.write_text("text")
    for text in (repr(str(path)), "Must", *fragments):
        assert text in str(checked.value)
    assert isinstance(checked.value, OSError)


@pytest.mark.parametrize(("name", "what"), [("a\0.csv", "NUL"), ("a\ud800.csv", "surrogate")])
def test_names_that_no_file_can_have_are_refused(tmp_path, name, what):
    with pytest.raises(gb.WriteError, match=what):
        atomic.check_writable(tmp_path / name)
    with pytest.raises(gb.WriteError, match=what):
        gb.write(pd.DataFrame({"a": [1]}), tmp_path / name)


def test_links_in_a_circle_are_refused(tmp_path):
    (tmp_path / "a.csv").symlink_to("b.csv")
    (tmp_path / "b.csv").symlink_to("a.csv")
    with pytest.raises(gb.WriteError, match=r"a\.csv"):
        atomic.check_writable(tmp_path / "a.csv")


def test_a_folder_a_pipe_and_a_socket_are_refused(tmp_path, monkeypatch):
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as served:
        served.bind("socket.csv")
    check_refused(tmp_path / "folder.csv", "it is a folder")
    check_refused(tmp_path / "pipe.csv", "device, a pipe or a socket")
    check_refused(tmp_path / "socket.csv", "device, a pipe or a socket")
    check_refused(tmp_path / "nowhere" / "a.csv", "there is no folder")
    (tmp_path / "link.csv").symlink_to("/dev/null")
    check_refused(tmp_path / "link.csv", "device, a pipe or a socket")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_read_only_file_and_folder_are_refused(common):
    path = common / "a.csv"
    path.write_text("older", encoding="utf-8")
    path.chmod(0o444)
    with as_nobody(), pytest.raises(gb.WriteError, match="it is read-only"):
        atomic.check_writable(path)
    common.chmod(0o555)
    with as_nobody(), pytest.raises(gb.WriteError, match=r"is read-only\. Must allow new files"):
        atomic.check_writable(common / "b.csv")
    common.chmod(0o777)
    assert names(common) == ["a.csv"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc")
def test_a_folder_that_refuses_files_raises_an_error_despite_its_mode():
    with pytest.raises(gb.WriteError, match="'/proc' is read-only"):
        atomic.check_writable(Path("/proc/a.csv"))


def test_an_invalid_target_raises_an_error_before_computing(zone, tmp_path, monkeypatch):
    def computed(*_args, **_more):
        raise AssertionError("computed")

    monkeypatch.setattr(type(zone), "to_frame", computed)
    with pytest.raises(AssertionError, match="computed"):
        gb.write(zone, tmp_path / "zone.gpkg")
    (tmp_path / "folder.gpkg").mkdir()
    for path in ("nowhere/zone.gpkg", "folder.gpkg", "zone.doc"):
        with pytest.raises(gb.DataError):
            gb.write(zone, tmp_path / path)
    monkeypatch.setattr("geobuffer.analysis.bulk.open_table", computed)
    with pytest.raises(AssertionError, match="computed"):
        gb.classify_file("any.parquet", zone, tmp_path / "a.parquet")
    (tmp_path / "folder.csv").mkdir()
    for path in ("nowhere/a.csv", "folder.csv", "a.doc", "nowhere/parts"):
        with pytest.raises(gb.DataError):
            gb.classify_file("any.parquet", zone, tmp_path / path)


def test_a_check_leaves_nothing_behind(tmp_path):
    assert check_target(tmp_path / "a.gpkg", gb.BufferZone) == tmp_path / "a.gpkg"
    assert names(tmp_path) == []


# Drafts of killed and of running processes

KILLED = """
import os, pathlib, signal, sys
from geobuffer.io import atomic
with atomic.replace_file(pathlib.Path(sys.argv[1])) as draft:
    draft.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_a_writer(path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -9


def test_the_next_write_or_check_deletes_drafts_of_killed_processes(tmp_path):
    kill_a_writer(tmp_path / "a.txt")
    (litter,) = tmp_path.iterdir()
    assert (litter / "a.txt").read_text() == "half"
    atomic.check_writable(tmp_path / "b.txt")
    assert names(tmp_path) == []
    kill_a_writer(tmp_path / "a.txt")
    atomic.write_text(tmp_path / "b.txt", "whole")
    assert names(tmp_path) == ["b.txt"]


@pytest.mark.parametrize("left", [[], ["a.txt"], [".lock"], [".lock", "a.txt"]])
def test_drafts_of_killed_processes_are_deleted(left, tmp_path):
    litter = tmp_path / f"{atomic.PREFIX}abcd_123"
    litter.mkdir()
    for name in left:
        (litter / name).write_text("half")
    atomic.write_text(tmp_path / "b.txt", "whole")
    assert names(tmp_path) == ["b.txt"]


def test_files_that_resemble_drafts_are_not_deleted(tmp_path):
    for name in (".geobuffer-notes", ".geobuffer-abcd_1234", "geobuffer-abcd_123"):
        (tmp_path / name).mkdir()
    (tmp_path / ".geobuffer-afile_12").write_text("a file")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").write_text("mine")
    (tmp_path / ".geobuffer-alink_12").symlink_to("mine")
    before = names(tmp_path)
    atomic.check_writable(tmp_path / "b.txt")
    assert names(tmp_path) == before
    assert names(tmp_path / "mine") == ["a.txt"]


@pytest.mark.skipif(not IS_ROOT, reason="only an administrator gives files away")
def test_drafts_of_another_user_stay(tmp_path):
    litter = tmp_path / f"{atomic.PREFIX}abcd_123"
    litter.mkdir()
    os.chown(litter, 1234, -1)
    atomic.check_writable(tmp_path / "b.txt")
    assert names(tmp_path) == [litter.name]


def test_the_draft_of_a_living_process_stays(tmp_path):
    with atomic.replace_file(tmp_path / "a.txt") as one:
        one.write_text("one")
        with atomic.replace_file(tmp_path / "a.txt") as other:
            other.write_text("other")
            atomic.check_writable(tmp_path / "b.txt")
            assert one.read_text() == "one"
            assert one != other
        assert (tmp_path / "a.txt").read_text() == "other"
    assert (tmp_path / "a.txt").read_text() == "one"
    assert names(tmp_path) == ["a.txt"]


def test_without_locks_files_are_written_and_drafts_stay(tmp_path, monkeypatch):
    litter = tmp_path / f"{atomic.PREFIX}abcd_123"
    litter.mkdir()

    def unknown(*_):
        raise OSError(errno.EOPNOTSUPP, "not supported")

    monkeypatch.setattr(fcntl, "flock", unknown)
    atomic.write_text(tmp_path / "a.txt", "whole")
    assert names(tmp_path) == [litter.name, "a.txt"]


def test_concurrent_writers_do_not_mix_or_delete_drafts(tmp_path):
    texts = [str(n) * 50_000 for n in range(8)]
    wrong = []

    def write(text):
        for _ in range(40):
            atomic.write_text(tmp_path / "one.txt", text)
            if (tmp_path / "one.txt").read_text() not in texts:
                wrong.append(text[0])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, texts))
    assert wrong == []
    assert names(tmp_path) == ["one.txt"]


STARTED = """
import pathlib, sys
from geobuffer.io import atomic
text = sys.argv[2] * 50_000
for _ in range(150):
    atomic.write_text(pathlib.Path(sys.argv[1]), text)
"""


def test_concurrent_processes_do_not_mix_or_delete_drafts(tmp_path):
    path = tmp_path / "one.txt"
    atomic.write_text(path, "0" * 50_000)
    running = [
        subprocess.Popen([sys.executable, "-c", STARTED, str(path), letter]) for letter in "123"
    ]
    while any(process.poll() is None for process in running):
        text = path.read_text()
        assert len(text) == 50_000
        assert len(set(text)) == 1
        threading.Event().wait(0.01)
    assert [process.returncode for process in running] == [0, 0, 0]
    assert names(tmp_path) == ["one.txt"]


# A full disk

FULL = """
import json, pathlib, resource, sys
import geopandas as gpd, numpy as np, pandas as pd
import geobuffer as gb

folder, limited = pathlib.Path(sys.argv[1]), sys.argv[2] == "limited"
def table(rows):
    lon, lat = np.random.default_rng(0).random((2, rows))
    frame = {"n": range(rows), "text": ["Юнаківка"] * rows}
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")
def thing(rows, suffix):
    if suffix != ".tif":
        return table(rows)
    import xarray
    at = np.arange(rows // 10) / 100
    numbers = np.random.default_rng(0).random((len(at), len(at)))
    system = xarray.Variable((), 0, {"spatial_ref": "EPSG:4326"})
    return xarray.DataArray(numbers, {"y": at, "x": at, "spatial_ref": system}, ("y", "x"))
def limit(size):
    if limited:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
results = []
for suffix in sys.argv[3:]:
    path = folder / f"out{suffix}"
    path.unlink(missing_ok=True)
    gb.write(thing(300, suffix), path)
    old = path.read_bytes()
    # The disk has space for all but the last bytes, or for half of the file.
    for size in (len(old) - 1, len(old) // 2) if limited else (0,):
        limit(size)
        try:
            gb.write(thing(300 if limited else 20_000, suffix), path)
            said = "written"
        except gb.WriteError as error:
            said = str(error)
        limit(resource.RLIM_INFINITY)
        results.append([suffix, said, path.read_bytes() == old, [p.name for p in folder.iterdir()]])
    path.unlink()
print(json.dumps(results))
"""
SUFFIXES = [
    ".gpkg", ".geojson", ".fgb", ".parquet", ".kml", ".kmz", ".shp.zip", ".csv", ".xlsx", ".tif",
]  # fmt: skip


def full(folder, how):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FULL, str(folder), how, *SUFFIXES],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    for suffix, said, is_old, beside in json.loads(done.stdout):
        path = folder / f"out{suffix}"
        assert path.name in said, said
        assert "disk space for" in said, said
        assert "free some" in said
        assert is_old, suffix
        assert beside == [path.name]


def test_a_file_size_limit_keeps_the_old_file(tmp_path):
    full(tmp_path, "limited")


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 300 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)],
        capture_output=True, check=False,
    ).returncode == 0  # fmt: skip
    if not mounted:
        pytest.skip("only an administrator mounts disks")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_on_a_full_disk_the_old_file_stays(small_disk):
    full(small_disk, "full")


def test_a_full_disk_raises_an_error_before_writing(small_disk):
    with contextlib.suppress(OSError), (small_disk / "large").open("wb", 0) as file:
        while True:
            file.write(bytes(4096))
    with pytest.raises(gb.WriteError, match="disk full"):
        atomic.check_writable(small_disk / "a.gpkg")


@pytest.mark.skipif(not IS_ROOT, reason="only an administrator mounts disks")
def test_a_disk_that_is_read_only_is_refused_to_administrators_too(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    check_refused(small_disk / "a.gpkg", "is read-only")


def places(rows):
    lon, lat = np.random.default_rng(rows).random((2, rows))
    return gpd.GeoDataFrame(
        {"name": ["Юнаківка"] * rows}, geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326"
    )


POINT, NOTHING, EMPTY = shapely.Point(1, 2), None, shapely.Point()


@pytest.mark.parametrize(
    "shapes", [[], [POINT], [NOTHING], [EMPTY], [POINT, NOTHING, EMPTY, POINT], [EMPTY, NOTHING]]
)
@pytest.mark.parametrize("layer", ["places", 'a "b" c', "місця 1", "a'b"])
def test_a_complete_geopackage_passes_the_check(shapes, layer, tmp_path):
    table = gpd.GeoDataFrame({"n": range(len(shapes))}, geometry=shapes, crs="EPSG:4326")
    path = tmp_path / "a.gpkg"
    table.to_file(path, driver="GPKG", layer=layer, index=False)
    check_whole_geopackage(path, layer, table)


def test_a_complete_table_without_shapes_passes_the_check(tmp_path):
    table = pd.DataFrame({"n": [1, 2]})
    pyogrio.write_dataframe(table, tmp_path / "a.gpkg", layer="t", driver="GPKG")
    check_whole_geopackage(tmp_path / "a.gpkg", "t", table)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [("DROP TABLE a", "a part of 'a'"), ("DELETE FROM a WHERE fid = 1", "the rows of 'a'"),
     ("DROP TABLE rtree_a_geom", "a part of 'a'"),
     ("DELETE FROM rtree_a_geom WHERE id = 1", "the spatial index of 'a'"),
     ("DELETE FROM gpkg_ogr_contents", "the count of rows of 'a'"),
     ("UPDATE gpkg_ogr_contents SET feature_count = NULL", "the count of rows of 'a'")],
)  # fmt: skip
def test_a_geopackage_that_lacks_something_is_refused(spoil, message, tmp_path):
    table, path = places(300), tmp_path / "a.gpkg"
    table.to_file(path, driver="GPKG", layer="a", index=False)
    with closing(sqlite3.connect(path)) as database, database:
        # The triggers of a GeoPackage call functions that only GDAL has.
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute(spoil)
    with pytest.raises(gb.WriteError, match=message):
        check_whole_geopackage(path, "a", table)


def test_an_error_without_a_text_is_called_by_its_name(tmp_path):
    with pytest.raises(gb.WriteError, match="OSError"), atomic.replace_file(tmp_path / "a.csv"):
        raise OSError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".shp", ".shx", ".dbf"])
@pytest.mark.parametrize("left", [-1, 4_000, 100])
def test_a_shapefile_that_is_cut_off_is_refused(suffix, left, tmp_path):
    path = tmp_path / "a.shp"
    pyogrio.write_dataframe(places(300), path, driver="ESRI Shapefile", encoding="UTF-8")
    check_whole_shapefile(path, 300)
    file = path.with_suffix(suffix)
    whole = file.read_bytes()
    file.write_bytes(whole[: min(left, len(whole) - 1)])
    with pytest.raises(gb.WriteError, match=r"a\.shp"):
        check_whole_shapefile(path, 300)


def test_a_shapefile_of_other_rows_or_without_its_projection_is_refused(tmp_path):
    path = tmp_path / "a.shp"
    pyogrio.write_dataframe(places(300), path, driver="ESRI Shapefile", encoding="UTF-8")
    with pytest.raises(gb.WriteError, match="whole"):
        check_whole_shapefile(path, 301)
    path.with_suffix(".prj").write_bytes(b"")
    with pytest.raises(gb.WriteError, match=r"\.prj"):
        check_whole_shapefile(path, 300)
