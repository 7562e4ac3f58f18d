"""Regions, lines and settlements from the user's own files, and the options that read them."""

import json
import math
import re
import warnings

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from support.cli import GEOD, SHORT

import geobuffer as gb


def test_another_gazetteer_is_merged_in(run, tmp_path):
    lost = gb.load_not_located()
    named = lost[lost["oblast_iso"] == "UA-59"].iloc[0]
    file = tmp_path / "more.csv"
    pd.DataFrame(
        {"name_uk": [named["name_uk"]], "raion": [named["raion"]], "hromada": [named["hromada"]],
         "oblast_iso": [named["oblast_iso"]], "code": [named["code"]],
         "code_system": [named["code_system"]], "lon": [34.5], "lat": [50.7]}
    ).to_csv(file, index=False)  # fmt: skip
    answer = run("settlements", *SHORT, "--km", "100", "--add-places", file, "--json")
    assert answer.code == 0, answer.err
    assert "1 of them now have a position" in answer.err
    found = [row for row in json.loads(answer.out) if row["id"] == named["id"]]
    assert [(row["longitude"], row["latitude"]) for row in found] == [(34.5, 50.7)]


def test_own_regions_and_places_are_listed(run, own):
    regions, places = own
    answer = run("settlements", *regions, *places, "--json")
    assert answer.code == 0
    rows = json.loads(answer.out)
    assert [(row["name"], row["population"], row["side"]) for row in rows] == [
        ("Село", 120, "Right"),
    ]  # fmt: skip
    assert rows[0]["distance_km"] == pytest.approx(3.9, abs=0.1)
    assert "note:" in answer.err
    assert "read as cp1251" in answer.err
    assert "without coordinates: 1 (line 4)" in answer.err
    text = run("settlements", *regions, *places)
    assert "Село" in text.out
    assert "Місто" not in text.out


def test_own_regions_and_places_are_drawn_and_counted(run, own, here):
    regions, places = own
    answer = run("map", *regions, *places, "--km", "10", "--out", "own.html")
    assert answer.code == 0, answer.err
    assert "1 settlement inside" in answer.out
    assert "Село" in (here / "own.html").read_text(encoding="utf-8")
    counted = run("exposure", *regions, *places, "--km", "5,50", "--json")
    assert [row["population"] for row in json.loads(counted.out)] == [120, 5000]


def test_own_regions_have_zones_and_distances(run, own, here, tmp_path):
    regions, _ = own
    zone = run("zone", *regions, "--side", "Left", "--out", "own.gpkg", "--json").json
    assert zone["sections"] == ["Left–Right"]
    assert gpd.read_file(here / "own.gpkg", layer="own")["side"].tolist() == ["Left"]
    there = run("where", "45.5", "11.05", *regions)
    assert "3.9" in there.out
    assert "accurate to about" not in there.out, "no accuracy of the file is known"
    points = tmp_path / "points.csv"
    points.write_text("lon,lat\n11.05,45.5\n")
    run("bulk", points, "answers.csv", *regions)
    assert pd.read_csv(here / "answers.csv")["side"].tolist() == ["Right"]


def test_points_and_files_are_one_zone(run, tmp_path):
    park, track = shapely.box(10, 45, 10.1, 45.1), shapely.LineString([(10, 46), (10.1, 46)])
    shapes = gpd.GeoDataFrame({"name": ["park", "track"]}, geometry=[park, track], crs=4326)
    shapes.to_file(tmp_path / "shapes.gpkg")
    args = ("--around", "45.5,11", "--around", tmp_path / "shapes.gpkg", "--km", "2")
    zone = run("zone", *args, "--json").json
    assert zone["sections"] == ["park", "track", "45.5, 11"]
    # Within 2 km: three discs (the corners of the park, the ends of the track, the point), the park
    # with a margin along its outline, and the track with one on either side.
    area_m2, outline_m = map(abs, GEOD.geometry_area_perimeter(park))
    edges_km = (outline_m + 2 * GEOD.geometry_length(track)) / 1e3
    expected = 3 * math.pi * 2**2 + area_m2 / 1e6 + 2 * edges_km
    assert zone["area_km2"] == pytest.approx(expected, rel=1e-3)


def test_bundled_places_with_own_regions_are_reported(run, own):
    regions, _ = own
    # Far from all of them, no message says that no place lies there.
    for command in ("settlements", "exposure", "curve"):
        answer = run(command, *regions)
        assert (answer.code, answer.out) == (2, "")
        assert "No settlements are bundled along this border" in answer.err
    facts = run("map", *regions, "--json").json
    assert not {"inside", "uncertain"} & set(facts)
    near = run("settlements", "--around", "50.908,34.803")
    assert near.code == 0
    assert "note: the bundled settlements are those along the border" in near.err


def test_a_gazetteer_is_enough_where_no_settlements_are_bundled(run, own):
    regions, (_, file) = own
    answer = run("settlements", *regions, "--add-places", file, "--json")
    assert [row["name"] for row in json.loads(answer.out)] == ["Село"]


def test_own_places_with_swapped_axes_are_refused_by_the_border(run, tmp_path):
    file = tmp_path / "towns.csv"
    file.write_text("name,lat,lon\nA,35.27,51.19\nB,34.99,51.09\n")
    answer = run("settlements", *SHORT, "--places", file)
    assert answer.code == 2
    assert "swap" in answer.err


@pytest.mark.parametrize(
    ("args", "fragment"),
    [
        (("--regions", "x.gpkg"), "Invalid --regions without --between"),
        (("--region-name", "park"), "--region-name without --regions"),
        (("--regions", "x.gpkg", *SHORT), "No file 'x.gpkg'"),
        (
            ("--regions", "postgresql://me:tiger@127.0.0.1:9/x?table=t", *SHORT),
            "Unreadable table t",
        ),
        ((*SHORT, "--places", "https://x.org/a.csv"), "download it first"),
    ],
)
def test_own_files_that_cannot_be_read_are_one_line(run, args, fragment):
    answer = run("exposure", *args)
    assert (answer.code, answer.out) == (2, "")
    assert fragment in answer.err
    assert answer.err.count("\n") == 1
    assert "tiger" not in answer.err


@pytest.fixture
def odd(here):
    """Files without a CRS, with swapped axes, with two layers, or without lines."""
    line = shapely.LineString([(35.0, 51.0), (35.2, 51.1)])
    tables = {
        "nocrs.shp": gpd.GeoDataFrame({"name": ["A"]}, geometry=[line]),
        "areas.gpkg": gpd.GeoDataFrame({"name": ["A"]}, geometry=[line.buffer(0.1)], crs=4326),
        "turned.gpkg": gpd.GeoDataFrame(
            {"name": list("ABC"), "accuracy_m": 50},
            geometry=gpd.points_from_xy([51.0, 51.1, 51.2], [35.0, 35.1, 35.2]), crs=4326,
        ),
        "nocrs-places.shp": gpd.GeoDataFrame(
            {"name": ["A"]}, geometry=[shapely.Point(35.1, 51.1)]
        ),
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is no reference system
        for name, table in tables.items():
            table.to_file(here / name)
    tables["areas.gpkg"].to_file(here / "areas.gpkg", layer="more")
    (here / "table.csv").write_text("name,lat,lon\nA,51,35\n")
    return here


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("zone", "--along", "nocrs.shp", "--km", "1"), "--along-read crs=EPSG:4326 fits"),
        (("zone", "--along", "areas.gpkg", "--layer", "more", "--km", "1"), "read by --around"),
        (("zone", "--around", "areas.gpkg", "--km", "1"), "with --around-read layer=:"),
        (
            (
                "zone",
                "--regions",
                "nocrs.shp",
                "--crs",
                "EPSG:4326",
                "--between",
                "A",
                "--and",
                "B",
            ),
            "read by --along",
        ),
        (("zone", "--along", "table.csv", "--km", "1"), "--places reads tables"),
        (("settlements", "--places", "turned.gpkg"), "--places-read swap=true turns them"),
        (("settlements", "--places", "nocrs-places.shp"), "--places-read crs=EPSG:4326 fits"),
    ],
)
def test_remedies_are_options(run, odd, args, said):
    answer = run(*args)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert "()" not in answer.err
    assert not re.search(r"(?<!-read )\b(crs|swap|layer|lon|sheet)=", answer.err)


def test_options_of_files_are_used(run, odd):
    line = ("zone", "--along", "nocrs.shp", "--crs", "EPSG:4326", "--km", "1", "--json")
    there, turned = ([35.0, 35.2], [51.0, 51.1]), ([51.0, 51.1], [35.0, 35.2])
    for options, points in (((), there), (("--swap",), turned)):
        length = GEOD.line_length(*points) / 1e3
        assert run(*line, *options).json["border_km"] == pytest.approx(length)
    area = run("zone", "--around", "areas.gpkg", "--layer", "more", "--km", "1", "--json")
    assert area.json["sections"] == ["A"]
    for args in (("turned.gpkg", "--places-swap"), ("nocrs-places.shp", "--places-crs", "4326")):
        found = run("settlements", *SHORT, "--km", "300", "--places", *args, "--json")
        assert json.loads(found.out)


def test_points_without_an_accuracy_are_reported(run, odd):
    (odd / "sure.csv").write_text("name,lat,lon,accuracy_m\nA,51,35,50\n")
    assert "no column accuracy_m" in run("settlements", *SHORT, "--places", "table.csv").err
    assert run("settlements", *SHORT, "--places", "sure.csv").err == ""


def test_one_swapped_row_among_others_is_reported(run, here):
    rows = "A,51.0,35.0\nB,51.1,35.1\nC,34.2,51.2\n"
    (here / "one.csv").write_text(f"name,lat,lon\n{rows}")
    for command in ("settlements", "exposure"):
        err = run(command, *SHORT, "--places", "one.csv").err
        assert "1 row far from the border, but near it with longitude and latitude swapped" in err
        assert "'C'" in err


def test_areas_without_any_names_are_numbered(run, here):
    shapes = [shapely.box(30, 50, 30.1, 50.1), shapely.box(30.2, 50, 30.3, 50.1)]
    (here / "bare.geojson").write_text(shapely.to_geojson(shapes[0]))
    gpd.GeoDataFrame({"id": [7, 8]}, geometry=shapes, crs=4326).to_file("two.gpkg")
    one = run("zone", "--around", "bare.geojson", "--km", "1", "--json").json
    two = run("zone", "--outline", "two.gpkg", "--km", "1", "--json").json
    assert (one["sections"], two["sections"]) == (["area 1"], ["area 1", "area 2"])
