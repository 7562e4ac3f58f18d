"""Rows about writing: full disks, kills, read-only targets, two writers, unusual pages."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from support.given import own, points, save, text

import geobuffer as gb

NEAR = (30.05, 50.5)

FULL = """
import resource, signal, sys
sys.argv[0] = "geobuffer"
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
from geobuffer.cli.main import main
main()
"""


@pytest.mark.row(53)
@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".html"])
def test_a_full_disk_leaves_the_old_file(suffix, here):
    """Limit files to 20 kB; writers then fail as on a full disk."""
    target = here / f"out{suffix}"
    target.write_bytes(b"an older file")
    command = "map" if suffix == ".html" else "zone"
    run = subprocess.run(
        [sys.executable, "-c", FULL, command, *own(), "--out", target.name],
        capture_output=True, text=True, cwd=here, check=False, timeout=120,
    )  # fmt: skip
    assert run.returncode != 0
    assert target.read_bytes() == b"an older file"
    assert sorted(path.name for path in here.iterdir()) == [target.name, "regions.gpkg"]


KILLED = """
import sys, geobuffer as gb, shapely
line = gb.border_along(shapely.LineString([(30, 50), (30, 51)]), source=gb.Source("drawn"))
zone = gb.build_zone(line, km=10, tolerance_m=10)
print("ready", flush=True)
while True:
    gb.write(zone, sys.argv[1])
    print("written", flush=True)
"""


@pytest.mark.row(54)
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is of POSIX")
def test_a_kill_while_overwriting_leaves_a_whole_file(tmp_path):
    target = tmp_path / "zone.gpkg"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, target], stdout=subprocess.PIPE, text=True
    ) as writing:
        for _ in range(3):  # ready, and two files written: the third is under way
            assert writing.stdout.readline()
        time.sleep(0.02)
        writing.send_signal(signal.SIGKILL)
    assert gb.read_zone(target).area_km2 > 0
    gb.write(gb.read_zone(target), target)  # and it can be written again


@pytest.mark.row(55)
@pytest.mark.parametrize("out", ["no/zone.gpkg", "regions.gpkg/zone.gpkg", "."])
def test_a_target_that_cannot_be_written_is_refused_first(out, here, check_refused, monkeypatch):
    monkeypatch.setattr(gb, "build_zone", lambda *_, **__: pytest.fail("computed first"))
    error = check_refused("zone", *own(), "--out", out, says=["Invalid file"])
    assert "No such file" not in error


@pytest.mark.row(55)
def test_a_read_only_folder_is_named_before_anything_is_computed(here, check_refused, monkeypatch):
    monkeypatch.setattr(gb, "build_zone", lambda *_, **__: pytest.fail("computed first"))
    # Root ignores the mode of folders, but cannot write here.
    for command in ("zone", "settlements", "map"):
        suffix = "html" if command == "map" else "gpkg"
        check_refused(
            command, *own(), "--out", f"/proc/out.{suffix}", says=["'/proc/out.", "'/proc'"]
        )


@pytest.mark.row(56)
def test_two_writers_of_one_file_do_not_mix(tmp_path):
    target = tmp_path / "zone.gpkg"
    line = gb.border_along(shapely.LineString([(30, 50), (30, 51)]), source=gb.Source("drawn"))
    zones = [gb.build_zone(line, km=km, tolerance_m=50) for km in (5, 10)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: gb.write(zones[n % 2], target), range(12)))
    assert gb.read_zone(target).edges_km in {(0, 5), (0, 10)}
    assert [path.name for path in tmp_path.iterdir()] == ["zone.gpkg"]


@pytest.mark.row(57)
def test_a_posix_locale_loses_no_letter(here):
    text(here / "places.csv", "name,lat,lon,accuracy_m", "Юнаківка,50.5,30.05,50")
    environment = {**os.environ, "LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for options in (["--out", "out.csv"], []):
        done = subprocess.run(
            [sys.executable, "-m", "geobuffer", "settlements", *own(), "--places", "places.csv",
             *options],
            capture_output=True, cwd=here, env=environment, check=False, timeout=120,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, b"")
    assert "Юнаківка" in (here / "out.csv").read_text(encoding="utf-8-sig")
    assert rb"\u042e" in done.stdout  # a terminal that cannot show it gets it as an escape


def _facts(page):
    data = re.search(r'id="geobuffer-data">(.*?)</script>', page, flags=re.DOTALL)
    return json.loads(data[1])


@pytest.mark.row(58)
def test_tables_with_timestamps_can_be_mapped(here, belt, check_accepted):
    moment = pd.Timestamp("2025-05-22T12:00")
    table = points(NEAR, population=[5], population_as_of=[moment], seen=[moment])
    page = gb.map_zone(belt, settlements=table).get_root().render()
    columns = _facts(page)["places"]["columns"]
    assert columns["population_as_of"]["values"][0].startswith("2025-05-22")
    save(table, here / "places.gpkg")
    check_accepted("map", *own(), "--places", "places.gpkg", "--out", "map.html")
    assert gb.write(table, here / "out.geojson").read_text().count("2025-05-22") == 2


@pytest.mark.row(59)
def test_a_map_without_places_reports_zero_places(here, belt, check_accepted):
    far = points((100, 10))
    for table in (far.iloc[:0], gb.within(far, belt), far):
        page = gb.map_zone(belt, settlements=table).get_root().render()
        assert _facts(page)["places"]["count"] == 0
    text(here / "places.csv", "name,lat,lon", "A,10,100")
    answer = check_accepted("map", *own(), "--places", "places.csv", "--out", "map.html")
    assert "0 settlements inside, 0 uncertain." in answer.out
    assert (here / "map.html").exists()
    listed = check_accepted("settlements", *own(), "--places", "places.csv", "--json")
    assert json.loads(listed.out) == []


@pytest.mark.row(59)
def test_pictures_and_files_without_places_are_written(here, belt):
    none = gb.within(points((100, 10)), belt)
    figure = gb.plot_zone(belt, settlements=none)
    assert gb.write(figure, here / "none.png").stat().st_size > 10_000
    for suffix in (".gpkg", ".geojson", ".csv", ".parquet", ".kml"):
        assert gb.write(none, here / f"none{suffix}").exists()
    assert isinstance(none, gpd.GeoDataFrame)
