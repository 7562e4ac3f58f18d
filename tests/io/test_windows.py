"""Writing and reading as on Windows: no locks, no flushed folders, open files, other encodings.

We simulate only these differences. The tests show that the code needs nothing that Windows lacks,
and not that it works on Windows.
"""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import shapely

import geobuffer as gb
from geobuffer.io import atomic

BORDER = gb.border_around(shapely.Point(30.0, 50.0), source=gb.Source("a map"))

TOWNS = pd.DataFrame({"name": ["Юнаківка", "Суджа"], "lon": [35.04, 35.27], "lat": [51.09, 51.19]})


class _Sys:
    """The module ``sys`` as Windows has it."""

    platform = "win32"

    def __getattr__(self, name):
        return getattr(sys, name)


class _Os:
    """The module ``os`` as Windows has it: no user numbers, no file handles of folders."""

    def __getattr__(self, name):
        if name in {"geteuid", "getuid", "chown", "O_NOFOLLOW"}:
            raise AttributeError(f"module 'os' has no attribute {name!r}")
        return getattr(os, name)

    def open(self, path, *args, **options):
        if Path(path).is_dir():
            raise PermissionError(13, "Permission denied", str(path))
        return os.open(path, *args, **options)


@pytest.fixture
def windows(monkeypatch):
    monkeypatch.setattr(atomic, "sys", _Sys())
    monkeypatch.setattr(atomic, "os", _Os())
    monkeypatch.setitem(sys.modules, "fcntl", None)


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".kmz", ".parquet"])
def test_zones_are_written_and_no_draft_stays(suffix, tmp_path):
    zone = gb.build_zone(BORDER, km=2, tolerance_m=50)
    path = gb.write(zone, tmp_path / f"зона{suffix}")
    assert path.stat().st_size > 0
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    if suffix == ".gpkg":
        assert gb.read_zone(path) == zone


@pytest.mark.usefixtures("windows")
def test_tables_are_read_and_written_again(tmp_path):
    path = gb.write(TOWNS, tmp_path / "towns.csv")
    # Notepad and Excel end lines with \r\n.
    path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    assert gb.read_settlements(path)["name"].tolist() == TOWNS["name"].tolist()
    target = tmp_path / "out.parquet"
    zone = gb.build_zone(BORDER, km=2, tolerance_m=50)
    gb.classify_file(path, zone, target)
    assert len(pd.read_parquet(target)) == 2
    assert {one.name for one in tmp_path.iterdir()} == {"towns.csv", "out.parquet"}


@pytest.mark.usefixtures("windows")
def test_a_table_that_is_open_in_excel_stays_unchanged(tmp_path, monkeypatch):
    path = gb.write(TOWNS, tmp_path / "towns.csv")
    before = path.read_bytes()

    def refuse(draft, target):
        raise PermissionError(13, "Access is denied", str(target))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(gb.WriteError, match=r"towns\.csv"):
        gb.write(TOWNS.iloc[:1], path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["towns.csv"]


CODE = """
import sys, warnings
warnings.filterwarnings("error", category=EncodingWarning, module=r"geobuffer\\.")
import geobuffer as gb
zone = gb.scenario_zone(gb.load_scenario(), gb.load_regions())
towns = gb.load_settlements()
folder = sys.argv[1]
gb.write(gb.map_zone(zone, settlements=towns[:50]), folder + "/map.html")
path = gb.write(towns[:50], folder + "/towns.csv")
gb.read_settlements(path)
gb.write(zone, folder + "/zone.kml")
gb.find_settlements(towns, "Суджа")
"""


def test_no_text_is_in_the_default_encoding_of_the_system(tmp_path):
    """On Windows the default encoding is cp1251 or cp1252, on other systems it is UTF-8."""
    command = [sys.executable, "-X", "warn_default_encoding", "-c", CODE, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    assert "Сум" in (tmp_path / "map.html").read_text("utf-8")


@pytest.mark.parametrize("name", ["C:\\data\\зона.gpkg", "..\\zone.gpkg"])
def test_paths_of_windows_in_scenarios_and_messages_are_shown_whole(name):
    with pytest.raises(gb.GeobufferError) as caught:
        gb.read_zone(name)
    assert name in str(caught.value) or repr(name)[1:-1] in str(caught.value)
