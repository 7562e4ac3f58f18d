"""Outputs that are inputs, and what lies beside a file or within it: rows 65 to 70 and 78."""

import os
import sqlite3
import struct
from contextlib import closing

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.cli import run_geobuffer

import geobuffer as gb


@pytest.mark.row(65)
def test_output_that_is_an_input(tmp_path):
    places = tmp_path / "places.csv"
    places.write_text("name,lat,lon\nA,51.1,34.9\n", encoding="utf-8")
    (tmp_path / "link.csv").symlink_to(places)
    for out in ("places.csv", "link.csv"):
        assert run_geobuffer("settlements", "--places", places, "--out", tmp_path / out).code == 2
    assert places.read_text(encoding="utf-8") == "name,lat,lon\nA,51.1,34.9\n"


@pytest.mark.row(66)
def test_pipe_beside_a_raster(tmp_path):
    from geobuffer.analysis.raster_metadata import read_raster_source

    os.mkfifo(tmp_path / "pop.tif.json")
    with pytest.raises(gb.DataError, match=r"pop\.tif\.json"):
        read_raster_source([tmp_path / "pop.tif"])


@pytest.mark.row(67)
def test_nested_collections(tmp_path, zone):
    deep = struct.pack("<BII", 1, 7, 1) * 100_000
    geo = b'{"primary_column": "g", "columns": {"g": {"encoding": "WKB", "geometry_types": []}}}'
    table = pa.table({"g": pa.array([deep], pa.binary())}).replace_schema_metadata({"geo": geo})
    pq.write_table(table, tmp_path / "deep.parquet")
    with pytest.raises(gb.DataError, match="nested"):
        gb.read_regions(tmp_path / "deep.parquet")
    with pytest.raises(gb.DataError, match="nested"):
        gb.classify_file(tmp_path / "deep.parquet", zone, tmp_path / "out.csv")


@pytest.mark.row(67)
def test_text_of_parquet_that_is_not_utf8(tmp_path):
    name = pa.array([b"\xd0abc\xff", b"ok"], pa.binary()).view(pa.string())
    table = pa.table({"name": name, "lat": [51.1, 51.2], "lon": [34.9, 34.8]})
    pq.write_table(table, tmp_path / "old.parquet")
    with pytest.raises(gb.DataError, match=r"old\.parquet.*name.*UTF-8"):
        gb.read_settlements(tmp_path / "old.parquet")


@pytest.mark.row(68)
def test_name_that_is_too_long(tmp_path):
    with pytest.raises(gb.WriteError, match=r"its name has \d+ bytes"):
        gb.write(gb.load_settlements().head(1), tmp_path / ("a" * 250 + ".gpkg"))
    assert not list(tmp_path.iterdir())


@pytest.mark.row(69)
def test_table_of_the_moon(zone):
    table = gb.load_settlements().set_crs("IAU_2015:30100", allow_override=True)
    with pytest.raises(gb.DataError, match="on Earth"):
        gb.classify(table, zone)


@pytest.mark.row(70)
def test_fault_of_geobuffer(monkeypatch):
    def fail():
        raise KeyError("unforeseen")

    monkeypatch.setattr(gb, "list_datasets", fail)
    done = run_geobuffer("data", "--debug")
    assert done.code == 70
    assert "please report it" in done.err.splitlines()[-1]


@pytest.mark.row(78)
def test_changes_beside_a_geopackage(tmp_path):
    path = tmp_path / "places.gpkg"
    gb.load_settlements().head(2)[["name_en", "geometry"]].to_file(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
    path.with_name("places.gpkg-wal").write_bytes(b"")
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    assert len(gb.read_settlements(path)) == 2
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == before
