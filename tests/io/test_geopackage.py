"""Reading a GeoPackage changes no file, even if a file of changes lies beside it."""

import shutil
import sqlite3
import zipfile

import geopandas as gpd
import pytest
import shapely

import geobuffer as gb

POINTS = gpd.GeoDataFrame(
    {"name": ["A", "B"]}, geometry=shapely.points([35.1, 35.2], [51.1, 51.2]), crs=4326
)


def _change(path, mode):
    """Rename a place of a GeoPackage, and return the connection before the change is committed."""
    database = sqlite3.connect(path, isolation_level=None)
    for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
        database.create_function(name, 1, lambda _: 0)  # triggers call them
    database.execute(f"PRAGMA journal_mode = {mode}")
    database.execute("PRAGMA wal_autocheckpoint = 0")
    database.execute("BEGIN")
    database.execute("UPDATE work SET name = 'CHANGED' WHERE name = 'B'")
    return database


@pytest.fixture
def crashed(tmp_path):
    """A GeoPackage whose last change is only in the -wal file beside it."""
    POINTS.to_file(tmp_path / "work.gpkg", layer="work")
    database = _change(tmp_path / "work.gpkg", "WAL")
    database.execute("COMMIT")
    folder = tmp_path / "crashed"
    folder.mkdir()
    for ending in ("", "-wal"):
        shutil.copy(tmp_path / f"work.gpkg{ending}", folder / f"a.gpkg{ending}")
    database.close()
    return folder / "a.gpkg"


def _content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_changes_beside_a_geopackage_are_read_and_stay_there(crashed, tmp_path):
    before = _content(crashed.parent)
    assert gb.read_settlements(crashed)["name"].tolist() == ["A", "CHANGED"]
    assert _content(crashed.parent) == before
    (tmp_path / "link.gpkg").symlink_to(crashed)
    assert gb.read_settlements(tmp_path / "link.gpkg")["name"].tolist() == ["A", "CHANGED"]
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in crashed.parent.iterdir():
            archive.write(path, path.name)
    assert gb.read_settlements(tmp_path / "a.zip")["name"].tolist() == ["A", "CHANGED"]
    # The journal mode in its header alone would make SQLite write files beside it.
    crashed.with_name("a.gpkg-wal").unlink()
    crashed.parent.chmod(0o555)
    try:
        assert gb.read_settlements(crashed)["name"].tolist() == ["A", "B"]
    finally:
        crashed.parent.chmod(0o755)
    assert list(_content(crashed.parent)) == ["a.gpkg"]


def test_damaged_changes_are_ignored_but_a_damaged_file_is_refused(crashed):
    changes = crashed.with_name("a.gpkg-wal")
    changes.write_bytes(b"\0" * 5000)  # SQLite ignores bytes that are not changes
    assert gb.read_settlements(crashed)["name"].tolist() == ["A", "B"]
    crashed.write_bytes(crashed.read_bytes()[:5000])
    with pytest.raises(gb.DataError, match=r"a\.gpkg.*incomplete or damaged"):
        gb.read_settlements(crashed)


def test_a_change_that_is_half_written_is_refused(tmp_path):
    POINTS.to_file(tmp_path / "work.gpkg", layer="work")
    database = _change(tmp_path / "work.gpkg", "DELETE")
    database.execute("PRAGMA cache_spill = 1")
    assert (tmp_path / "work.gpkg-journal").exists()
    shutil.copy(tmp_path / "work.gpkg-journal", tmp_path / "j")
    database.rollback()
    database.close()
    journal = tmp_path / "work.gpkg-journal"
    journal.write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + (tmp_path / "j").read_bytes()[8:])
    before = _content(tmp_path)
    with pytest.raises(gb.DataError, match=r"work\.gpkg-journal beside it"):
        gb.read_settlements(tmp_path / "work.gpkg")
    assert _content(tmp_path) == before


def test_a_zone_with_changes_beside_it_is_read_unchanged(tmp_path):
    border = gb.border_around(shapely.Point(30, 50), source=gb.Source("a map"))
    zone = gb.build_zone(border, km=1, tolerance_m=100)
    gb.write(zone, tmp_path / "zone.gpkg")
    with sqlite3.connect(tmp_path / "zone.gpkg") as database:
        database.execute("PRAGMA journal_mode = WAL")
    database.close()
    before = _content(tmp_path)
    assert gb.read_zone(tmp_path / "zone.gpkg") == zone
    assert _content(tmp_path) == before
