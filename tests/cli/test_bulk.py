"""``geobuffer bulk`` writes what classify_file writes, and reports mistakes in one line."""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from support.bulk_tables import (
    classify_rows,
    encode_wkb,
    file_state,
    make_points,
    read_answers,
    write_geoparquet,
    write_text_file,
)
from support.cli import SHORT, run_geobuffer

import geobuffer as gb
from geobuffer.analysis import _arrow


@pytest.fixture
def run(monkeypatch, tmp_path, made_once):
    """Run ``geobuffer bulk`` in this process, so that the data are loaded only once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_arrow, "BATCH_ROWS", 500)

    return lambda *args: run_geobuffer("bulk", *args)


def short_zone(regions, **options):
    border = gb.border_between(regions["Belgorod"], regions["Sumy"])
    return gb.build_zone(border, tolerance_m=1, **options)


def points_near_border(count=150):
    """Points about the border of Belgorod and Sumy."""
    rng = np.random.default_rng(5)
    return make_points(rng.uniform(34.8, 35.8, count), rng.uniform(50.2, 51.0, count))


@pytest.mark.parametrize("target", ["out.parquet", "out.csv", "parts"])
def test_the_command_says_what_it_wrote(target, run, regions, tmp_path):
    points_near_border(1200).to_parquet(tmp_path / "in.parquet")
    code, out, err = run("in.parquet", target, *SHORT)
    assert (code, out, err) == (0, f"Wrote 1,200 rows to {target}.\n", "")
    assert read_answers(tmp_path / target) == classify_rows(
        points_near_border(1200), short_zone(regions, km=10)
    )


@pytest.mark.parametrize(
    ("options", "meant"),
    [
        (["--km", "6"], {"km": 6}),
        (["--km", "3,6"], {"km": [3, 6]}),
        (["--km", "6", "--side", "Ukraine"], {"km": 6, "side": "Ukraine"}),
        (["--km", "15", "--ends", "flat"], {"km": 15, "ends": "flat"}),
    ],
)
def test_the_command_takes_the_options_of_a_zone(options, meant, run, regions, tmp_path):
    table = points_near_border()
    table.to_parquet(tmp_path / "in.parquet")
    code, out, err = run("in.parquet", "out.parquet", *SHORT, *options, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {"rows": 150, "file": "out.parquet"}
    wanted = classify_rows(table, short_zone(regions, **meant))
    assert "inside" in wanted["membership"]
    assert read_answers(tmp_path / "out.parquet") == wanted


def test_the_command_takes_a_scenario(run, regions, tmp_path):
    write_text_file(
        tmp_path / "mine.toml",
        'title = "Моя"\n[zone]\nbetween = "Belgorod"\nand = "Sumy"\nside = "Russia"\nkm = [3, 6]\n'
        'ends = "flat"\n[[report]]\nclaim = "A test says so."\n',
    )
    points_near_border().to_parquet(tmp_path / "in.parquet")
    code, _, err = run("in.parquet", "out.parquet", "--scenario", "mine.toml")
    assert (code, err) == (0, "")
    zone = short_zone(regions, km=[3, 6], side="Russia", ends="flat")
    assert read_answers(tmp_path / "out.parquet") == classify_rows(points_near_border(), zone)


MISTAKES = [
    (["none.parquet", "out.parquet"], "none.parquet"),
    (["in.parquet", "out.gpkg"], "out.gpkg"),
    (["in.parquet", "nowhere/out.parquet"], "nowhere"),
    (["in.pdf", "out.parquet"], "a PDF document"),
    (["bad.csv", "out.parquet"], "line 3 of bad.csv: 'п'"),
    (["beyond.csv", "out.parquet"], "latitude 136"),
    (["html.parquet", "out.parquet"], "html.parquet"),
    (["no-crs.parquet", "out.parquet"], "reference system"),
    (["in.parquet", "out.parquet", "--km", "ten"], "'ten'"),
    (["in.parquet", "out.parquet", "--side", "Ukrane"], "Ukrane"),
    (["in.parquet", "out.parquet", "--ends", "square"], "square"),
    (["in.parquet", "out.parquet", "--scenario", "none.toml"], "none.toml"),
    (["in.parquet", "mine"], "notes.txt"),
    (["in.parquet"], "target"),
]


@pytest.mark.parametrize(("args", "fragment"), MISTAKES)
def test_mistakes_are_reported_in_one_line_and_nothing_is_written(args, fragment, run, tmp_path):
    points_near_border(3).to_parquet(tmp_path / "in.parquet")
    write_text_file(tmp_path / "in.pdf", "%PDF-1.7")
    write_text_file(tmp_path / "bad.csv", "lon,lat\n35,50\nп,50\n")
    write_text_file(tmp_path / "beyond.csv", "lon,lat\n35,136\n")
    write_text_file(tmp_path / "html.parquet", "<html>")
    write_geoparquet(
        tmp_path / "no-crs.parquet", encode_wkb(points_near_border(3).geometry.to_numpy()), crs=None
    )
    (tmp_path / "mine").mkdir()
    write_text_file(tmp_path / "mine" / "notes.txt", "mine")
    before = {path: path.is_file() and file_state(path) for path in tmp_path.rglob("*")}
    between = () if "--scenario" in args else SHORT
    code, out, err = run(*args, *between)
    assert (code, out) == (2, "")
    assert err.startswith("geobuffer: ")
    assert err.count("\n") == 1
    assert fragment in err
    assert {path: path.is_file() and file_state(path) for path in tmp_path.rglob("*")} == before


def test_a_folder_begun_with_another_zone_is_refused(run, tmp_path):
    points_near_border(3).to_parquet(tmp_path / "in.parquet")
    for name, west in (("one", 35), ("other", 39)):
        road = shapely.LineString([(west, 50.5), (west + 0.3, 50.7)])
        gpd.GeoDataFrame({"name": ["road"]}, geometry=[road], crs=4326).to_file(
            tmp_path / f"{name}.geojson"
        )
    options = ("in.parquet", "parts", "--km", "20", "--along")
    assert run(*options, "one.geojson")[0] == 0
    before = {path: path.is_file() and file_state(path) for path in tmp_path.rglob("*")}
    code, out, err = run(*options, "other.geojson")
    assert (code, out) == (2, "")
    assert "another zone" in err
    assert err.count("\n") == 1
    assert {path: path.is_file() and file_state(path) for path in tmp_path.rglob("*")} == before
    assert run(*options, "one.geojson")[0] == 0
    (tmp_path / "more.parquet").write_bytes((tmp_path / "in.parquet").read_bytes())
    code, _, err = run("more.parquet", *options[1:], "one.geojson")
    assert code == 2
    assert "another source file" in err


def test_the_encoding_can_be_stated(run, tmp_path):
    text = "name,lon,lat\nСуми,35,50.5\nХотінь,35.1,50.6\n"
    (tmp_path / "in.csv").write_bytes(text.encode("koi8-u"))
    code, _, err = run("in.csv", "out.csv", *SHORT)
    assert code == 0
    assert "note: in.csv: read as koi8" in err
    assert "state the encoding with --source-read encoding=, or" in err
    code, _, err = run("in.csv", "out.csv", "--source-read", "encoding=koi8-u", *SHORT)
    assert (code, err) == (0, "")
    assert "Хотінь" in (tmp_path / "out.csv").read_text(encoding="utf-8")
    code, out, err = run("in.csv", "out.csv", "--encoding", "ascii", *SHORT)
    assert (code, out) == (2, "")
    assert "state another encoding with --source-read encoding=." in err
    assert (
        "Invalid --source-read encoding 'koi9'"
        in run("in.csv", "out.csv", "--encoding", "koi9", *SHORT)[2]
    )


def test_rows_of_empty_fields_are_counted(run, tmp_path):
    write_text_file(tmp_path / "in.csv", "lon,lat\n35,50.5\n,\n,\n35,50.6\n")
    code, out, err = run("in.csv", "out.csv", *SHORT)
    assert (code, out) == (0, "Wrote 2 rows to out.csv.\n")
    assert err.endswith("rows of empty fields were left out: 2 (lines 3, 4).\n")
