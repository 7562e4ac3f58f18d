"""The command line: what every option of every command writes, and how mistakes are answered.

Most tests run ``main`` in this process, as the installed script does, rather than typer's
CliRunner: it is ``main`` that turns our errors into one line and exit code 2.
"""

import contextlib
import functools
import io
import json
import os
import pty
import re
import resource
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import PIL.Image
import pyogrio
import pyproj
import pytest
import rasterio
import shapely
import typer
from rich.console import Console
from support import reference, sources
from support.publisher import Page

import geobuffer as gb
from geobuffer.cli import data as data_command
from geobuffer.cli import inputs
from geobuffer.cli.commands import app
from geobuffer.cli.main import run_command
from geobuffer.datasets import bundled as datasets

GEOD = pyproj.Geod(ellps="WGS84")

# A short border, for tests that ask nothing of the default one: Belgorod and Sumy share 117 km.
SHORT = ("--between", "Belgorod", "--and", "Sumy")
TITLE = "{} km zone along the border Belgorod Oblast – Sumy Oblast"

# Every option there is. A new one fails the test below until it is written here, and tested.
BORDER = {"--scenario", "--between", "--and", "--regions", "--region-name", "--country", "--gap-m",
          "--along", "--around", "--layer", "--crs", "--swap", "--json"}  # fmt: skip
ZONE = {*BORDER, "--km", "--from-km", "--side", "--ends"}
PLACES = {"--places", "--add-places", "--places-layer", "--places-crs", "--places-swap"}
OPTIONS = {
    "": {"--version", "--versions", "--help"},
    "map": {*ZONE, *PLACES, "--title", "--out", "--png"},
    "zone": {*ZONE, "--tolerance", "--out"},
    "settlements": {*ZONE, *PLACES, "--all", "--out"},
    "exposure": {*ZONE, *PLACES, "--by", "--cumulative", "--raster", "--values", "--as-of",
                 "--out"},
    "curve": {*BORDER, *PLACES, "--side", "--to-km", "--step-km", "--png", "--out"},
    "bulk": {*ZONE, "source", "target"},
    "where": {*BORDER, *PLACES, "place"},
    "data": {"--json"},
    "data get": {"name", "--country", "--level", "--iso", "--bbox", "--year", "--refresh", "--out",
                 "--json"},
}  # fmt: skip


class Answer(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self):
        assert (self.code, self.err) == (0, ""), self
        return json.loads(self.out, parse_constant=lambda c: pytest.fail(f"{c} is not JSON"))


@pytest.fixture(scope="module")
def built():
    """Every zone that a command asked for in this module, so that it is built but once."""
    zones = {}
    build = gb.build_zone

    def build_once(border, **options):
        asked = (tuple(section.name for section in border.sections), repr(options))
        if asked not in zones:
            zones[asked] = build(border, **options)
        return zones[asked]

    return build_once


@pytest.fixture
def run(monkeypatch, tmp_path, regions, towns, built):
    """Run geobuffer in this process, in an empty folder; the data are loaded but once."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(gb, "load_regions", lambda: regions)
    monkeypatch.setattr(gb, "load_settlements", towns.copy)
    monkeypatch.setattr(gb, "build_zone", built)

    def asked(*args):
        monkeypatch.setattr(sys, "argv", ["geobuffer", *map(str, args)])
        out, err = io.StringIO(), io.StringIO()
        code = 0
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                run_command()
            except SystemExit as done:
                code = done.code or 0
        return Answer(code, out.getvalue(), err.getvalue())

    return asked


@pytest.fixture
def here(tmp_path):
    """The folder in which commands are run."""
    return tmp_path / "here"


@pytest.fixture
def mine(tmp_path):
    """A scenario of one's own: short, one side, flat, two rings."""
    file = tmp_path / "mine.toml"
    file.write_text(
        """
        title = "Зона «моя»"
        [zone]
        between = "Belgorod"
        and = "Sumy"
        side = "Russia"
        km = [3, 6]
        ends = "flat"
        [[report]]
        claim = "A test says so."
        """,
        encoding="utf-8",
    )
    return file


@pytest.fixture(scope="module")
def short(regions):
    """The zone that the options SHORT and --km 6 describe."""
    border = gb.border_between(regions["Belgorod"], regions["Sumy"])
    return gb.build_zone(border, km=6, tolerance_m=1)


# Help and version


def test_version(run):
    assert run("--version") == Answer(0, f"geobuffer {gb.__version__}\n", "")


def test_versions_are_those_of_all_that_is_asked_for(run):
    lines = dict(line.split(" ", 1) for line in run("--versions").out.splitlines())
    assert lines["geobuffer"] == gb.__version__
    assert lines["shapely"] == shapely.__version__
    assert {"Python", "GEOS", "PROJ", "GDAL", "folium", "numba"} <= set(lines)


@pytest.mark.parametrize("command", OPTIONS)
def test_every_option_is_known_here_and_explained(command, run):
    root = typer.main.get_command(app)
    node = root
    for word in command.split():
        node = node.commands[word]
    options = {name for param in node.params for name in (*param.opts, *param.secondary_opts)}
    assert options | ({"--help"} & OPTIONS[command]) == OPTIONS[command]
    below = {" ".join([*command.split(), word]) for word in getattr(node, "commands", {})}
    deeper = {name for name in OPTIONS if name.rpartition(" ")[0] == command} - {""}
    assert below == deeper
    help_ = run(*command.split(), "--help")
    assert (help_.code, help_.err) == (0, "")
    words = help_.out.split()
    for option in options - {"place", "source", "target", "name"}:
        assert option in words
    for name in below:
        assert name.split()[-1] in words


def test_help_of_where_explains_the_order_of_its_arguments(run):
    text = " ".join(run("where", "--help").out.split())
    assert "LATITUDE LONGITUDE | NAME" in text
    assert "Latitude (north positive), then longitude (east positive), in degrees" in text


# zone


def test_zone_is_by_default_the_announced_one(run, zone):
    facts = run("zone", "--tolerance", "1", "--json").json
    assert facts["sections"] == [
        "Bryansk–Chernihiv", "Bryansk–Sumy", "Kursk–Sumy", "Belgorod–Sumy", "Belgorod–Kharkiv",
    ]  # fmt: skip
    assert (facts["side"], facts["ends"], facts["edges_km"]) == ("Ukraine", "round", [0, 10])
    assert facts["area_km2"] == pytest.approx(zone.area_km2)
    assert facts["border_km"] == pytest.approx(zone.border.length_km)


def test_zone_between_two_regions(run, short):
    facts = run("zone", *SHORT, "--km", "6", "--json").json
    assert facts["sections"] == ["Belgorod–Sumy"]
    assert (facts["side"], facts["ends"]) == ("both", "round")
    assert facts["border_km"] == pytest.approx(short.border.length_km)
    assert facts["area_km2"] == pytest.approx(short.area_km2, rel=1e-4)
    assert facts["edge_error_m"] <= 0.1


def test_between_and_and_may_be_repeated(run):
    args = ("--between", "Kursk", "--between", "Belgorod", "--and", "Sumy", "--and", "Kharkiv")
    facts = run("zone", *args, "--km", "2", "--tolerance", "10", "--json").json
    assert facts["sections"] == ["Kursk–Sumy", "Belgorod–Sumy", "Belgorod–Kharkiv"]


def test_a_region_named_twice_counts_once(run, short):
    answer = run("zone", *SHORT, *SHORT, "--km", "2", "--tolerance", "10", "--json")
    if answer.code == 2:
        return  # to refuse it is as good
    assert answer.json["border_km"] == pytest.approx(short.border.length_km)


def test_regions_are_found_by_their_names_and_codes(run):
    plain = run("zone", *SHORT, "--km", "2", "--json").json
    for between, and_ in (("RU-BEL", "UA-59"), ("Белгородская область", "Сумська область")):
        assert run("zone", "--between", between, "--and", and_, "--km", "2", "--json").json == plain


def test_several_km_make_rings(run, short):
    facts = run("zone", *SHORT, "--km", "2,3.5,6", "--json").json
    assert facts["edges_km"] == [0, 2, 3.5, 6]
    assert sum(facts["ring_areas_km2"]) == pytest.approx(facts["area_km2"])
    assert facts["area_km2"] == pytest.approx(short.area_km2, rel=1e-4)
    narrow = run("zone", *SHORT, "--km", "2", "--json").json
    assert facts["ring_areas_km2"][0] == pytest.approx(narrow["area_km2"], rel=1e-6)


def test_sides_are_found_by_name_and_make_up_both(run):
    args = ("zone", *SHORT, "--km", "3", "--ends", "flat", "--tolerance", "5", "--json", "--side")
    facts = {side: run(*args, side).json for side in ("both", "Ukraine", "Russia")}
    assert {side: fact["side"] for side, fact in facts.items()} == {s: s for s in facts}
    area = {side: fact["area_km2"] for side, fact in facts.items()}
    assert 0 < area["Ukraine"] < area["both"]
    # At its ends the border bends, so a corner of the zone lies in Kursk's or Kharkiv's land.
    assert area["Ukraine"] + area["Russia"] == pytest.approx(area["both"], rel=0.02)
    assert run(*args, "Україна").json == facts["Ukraine"]


def test_ends_round_off_or_cut_the_zone(run):
    area = {
        ends: run("zone", *SHORT, "--km", "3", "--ends", ends, "--json").json["area_km2"]
        for ends in ("round", "flat")
    }
    # Round ends add a half disc at each end, more or less, as the border is no straight line.
    assert area["round"] - area["flat"] == pytest.approx(3.1416 * 3**2, rel=0.25)


def test_tolerance_is_kept_and_shows_in_the_outline(run, here):
    facts, vertices = {}, {}
    for tolerance in ("50", "0.5"):
        path = here / f"{tolerance}.geojson"
        facts[tolerance] = run(
            "zone", *SHORT, "--km", "6", "--tolerance", tolerance, "--out", path, "--json"
        ).json
        vertices[tolerance] = shapely.get_num_coordinates(gpd.read_file(path).geometry.item())
    assert facts["0.5"]["edge_error_m"] <= 0.5 < facts["50"]["edge_error_m"] <= 50
    assert facts["0.5"]["area_km2"] != facts["50"]["area_km2"]
    # An edge some 330 km long that strays by 50 m at the most is wrong by at most 17 km².
    assert facts["50"]["area_km2"] == pytest.approx(facts["0.5"]["area_km2"], abs=17)
    assert vertices["0.5"] > 2 * vertices["50"]


def test_a_scenario_file_is_obeyed(run, mine):
    facts = run("zone", "--scenario", mine, "--json").json
    assert (facts["side"], facts["ends"], facts["edges_km"]) == ("Russia", "flat", [0, 3, 6])
    assert facts["sections"] == ["Belgorod–Sumy"]


def test_options_go_before_the_scenario_file(run, mine):
    facts = run(
        "zone", "--scenario", mine, "--km", "2", "--side", "both", "--ends", "round", "--json"
    ).json
    assert (facts["side"], facts["ends"], facts["edges_km"]) == ("both", "round", [0, 2])
    assert facts["sections"] == ["Belgorod–Sumy"]


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "fgb", "parquet"])
def test_zone_out_is_the_zone(run, here, suffix):
    path = here / f"zone.{suffix}"
    facts = run("zone", *SHORT, "--km", "2,6", "--side", "Ukraine", "--out", path, "--json").json
    assert facts["file"] == str(path)
    table = gpd.read_parquet(path) if suffix == "parquet" else _first_layer(path)
    table = table.sort_values("from_km")
    assert table.crs == "EPSG:4326"
    assert table["to_km"].tolist() == [2, 6]
    assert set(table["side"]) == {"Ukraine"}
    assert table["area_km2"].tolist() == pytest.approx(facts["ring_areas_km2"])
    areas = [
        GEOD.geometry_area_perimeter(s)[0] / 1e6 for s in shapely.orient_polygons(table.geometry)
    ]
    assert areas == pytest.approx(facts["ring_areas_km2"], rel=1e-5)
    assert [p.name for p in here.iterdir()] == [path.name]


def _first_layer(path):
    return gpd.read_file(path, layer=pyogrio.list_layers(path)[0, 0])


@pytest.mark.parametrize("suffix", ["kml", "kmz", "shp.zip"])
def test_zone_out_for_other_programs_is_the_zone(run, here, suffix):
    path = here / f"zone.{suffix}"
    answer = run("zone", *SHORT, "--km", "2,6", "--side", "Ukraine", "--out", path)
    assert answer.code == 0
    assert f"Wrote {path}." in answer.out.replace("\n", "")
    table = _first_layer(f"/vsizip/{path}/doc.kml" if suffix == "kmz" else path)
    shapes = shapely.orient_polygons(shapely.force_2d(table.geometry.to_numpy()))
    areas = [GEOD.geometry_area_perimeter(shape)[0] / 1e6 for shape in shapes]
    zone = gb.build_zone(
        gb.border_between(*(gb.load_regions()[name] for name in ("Belgorod", "Sumy"))),
        km=[2, 6], side="Ukraine",
    )  # fmt: skip
    assert areas == pytest.approx(zone.ring_areas_km2, rel=1e-5)
    # What a shapefile cannot hold is told, in one line.
    assert answer.err.count("\n") == (suffix == "shp.zip")
    assert ("'edge_error_m' is called 'edge_error'" in answer.err) == (suffix == "shp.zip")


def test_zone_out_can_be_read_again(run, here):
    run("zone", *SHORT, "--km", "2,6", "--ends", "flat", "--out", here / "zone.gpkg")
    zone = gb.read_zone(here / "zone.gpkg")
    assert (zone.edges_km, zone.ends, zone.sections[0].name) == ((0, 2, 6), "flat", "Belgorod–Sumy")


def test_zone_in_words(run, here):
    answer = run("zone", *SHORT, "--km", "2,6", "--ends", "flat", "--out", "zone.fgb")
    assert (answer.code, answer.err) == (0, "")
    for said in ("0–2 km", "2–6 km", "km²", TITLE.format("2 / 6"), "both sides", "ends: flat",
                 "Belgorod–Sumy", "edges within", "Wrote zone.fgb."):  # fmt: skip
        assert said in answer.out
    assert (here / "zone.fgb").is_file()


def test_a_changed_default_is_no_longer_called_the_announced_one(run):
    assert gb.load_scenario().title in run("zone", "--tolerance", "10").out
    changed = run("zone", "--tolerance", "10", "--km", "5").out
    assert gb.load_scenario().title not in changed
    assert "Not as announced: 5 km" in changed


# settlements


def test_settlements_are_those_within_the_announced_zone(run, towns, zone):
    records = run("settlements", "--json").json
    wanted = gb.within(towns, zone)
    assert {r["id"] for r in records} == set(wanted["id"])
    assert len(records) == len(wanted)
    found = pd.DataFrame(records).set_index("id").loc[wanted["id"]]
    for column in ("distance_km", "chainage_km", "margin_km"):
        assert found[column].tolist() == pytest.approx(wanted[column].tolist(), abs=1e-8)
    for column in ("name_uk", "side", "section", "membership", "conflict"):
        assert found[column].tolist() == wanted[column].tolist()
    assert found["longitude"].tolist() == pytest.approx(wanted.geometry.x.tolist(), abs=1e-8)
    assert found["latitude"].tolist() == pytest.approx(wanted.geometry.y.tolist(), abs=1e-8)
    # JSON has null for what is not known, not 0 and not NaN.
    nobody = [r["population"] is None for r in records]
    assert sum(nobody) == wanted["population"].isna().sum() > 0
    distances = [r["distance_km"] for r in records]
    assert distances == sorted(distances)


def test_settlements_within_fewer_km_on_another_side(run, towns, short):
    """--km, --side, --between and --and, each by which places are listed."""
    table = towns.join(gb.classify(towns, short))
    near = table[table["distance_km"] + table["margin_km"] < 3]  # surely within 3 km of the line
    for side in ("Ukraine", "Russia"):
        records = run("settlements", *SHORT, "--km", "3", "--side", side, "--json").json
        listed = {r["id"] for r in records}
        assert listed >= set(near.loc[(near["side"] == side) & (near["conflict"] == ""), "id"])
        assert {r["side"] for r in records if r["membership"] == "inside"} == {side}
        assert all(r["distance_km"] <= 3 + r["margin_km"] for r in records)
        assert {r["section"] for r in records} == {"Belgorod–Sumy"}


def test_settlements_of_rings_tell_their_ring(run):
    records = run("settlements", *SHORT, "--km", "3,6", "--json").json
    rings = {(r["ring"], r["distance_km"] <= 3) for r in records if r["membership"] == "inside"}
    assert rings == {("0–3 km", True), ("3–6 km", False)}


def test_flat_ends_list_fewer_settlements(run):
    listed = {
        ends: {
            r["id"]
            for r in run("settlements", *SHORT, "--km", "10", "--ends", ends, "--json").json
            if r["membership"] == "inside"
        }
        for ends in ("round", "flat")
    }
    assert listed["flat"] < listed["round"]


def test_settlements_of_a_scenario_file(run, mine):
    records = run("settlements", "--scenario", mine, "--json").json
    inside = [r for r in records if r["membership"] == "inside"]
    assert {r["side"] for r in inside} == {"Russia"}
    assert {r["ring"] for r in inside} == {"0–3 km", "3–6 km"}


def test_settlements_out_csv_holds_what_json_tells(run, here):
    records = run("settlements", *SHORT, "--km", "3", "--out", "inside.csv", "--json").json
    raw = (here / "inside.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(here / "inside.csv", encoding="utf-8-sig")
    assert table["id"].tolist() == [r["id"] for r in records]
    assert table["name_uk"].tolist() == [r["name_uk"] for r in records]
    assert table["distance_km"].tolist() == pytest.approx([r["distance_km"] for r in records])
    assert table["longitude"].tolist() == pytest.approx([r["longitude"] for r in records])
    assert "geometry" not in table


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "fgb", "parquet"])
def test_settlements_out_holds_points(run, here, suffix):
    path = here / f"inside.{suffix}"
    answer = run("settlements", *SHORT, "--km", "3", "--out", path)
    table = gpd.read_parquet(path) if suffix == "parquet" else gpd.read_file(path)
    assert table.crs == "EPSG:4326"
    assert (table.geom_type == "Point").all()
    unsure = int((table["membership"] == "uncertain").sum())
    sure = len(table) - unsure
    told = f"Wrote {len(table)} settlements to {path}: {sure} inside, {unsure} uncertain.\n"
    assert answer == Answer(0, told, "")


@pytest.mark.parametrize("suffix", ["kml", "kmz", "shp.zip", "xlsx"])
def test_settlements_out_for_other_programs(run, here, suffix):
    path = here / f"inside.{suffix}"
    answer = run("settlements", *SHORT, "--km", "3", "--out", path)
    records = run("settlements", *SHORT, "--km", "3", "--json").json
    unsure = sum(record["membership"] == "uncertain" for record in records)
    sure = len(records) - unsure
    told = f"Wrote {len(records)} settlements to {path}: {sure} inside, {unsure} uncertain.\n"
    assert answer.out == told
    if suffix == "xlsx":
        table = pd.read_excel(path, sheet_name="data")
        assert table["name_uk"].tolist() == [r["name_uk"] for r in records]
        assert table["longitude"].tolist() == pytest.approx(
            [r["longitude"] for r in records], abs=1e-6
        )
        return
    source = f"/vsizip/{path}/doc.kml" if suffix == "kmz" else path
    layers = [gpd.read_file(source, layer=name) for name, _ in pyogrio.list_layers(source)]
    assert sum(map(len, layers)) == len(records)
    lons = sorted(lon for layer in layers for lon in layer.geometry.x)
    assert lons == pytest.approx(sorted(r["longitude"] for r in records), abs=1e-8)


def test_exposure_out_to_a_workbook(run, here):
    run("exposure", *SHORT, "--by", "section", "--out", here / "counts.xlsx")
    rows = run("exposure", *SHORT, "--by", "section", "--json").json
    written = pd.read_excel(here / "counts.xlsx")
    assert written[list(rows[0])].to_dict("records") == rows
    # A file says besides where its figures are from.
    assert written["border_licence"].tolist() == ["ODbL-1.0"] * len(rows)
    assert written["places_source"].str.contains("GeoNames").all()


def test_settlements_in_words(run):
    (wanted,) = (
        record
        for record in run("settlements", *SHORT, "--km", "6", "--json").json
        if record["name_uk"] == "Велика Писарівка"
    )
    out = run("settlements", *SHORT, "--km", "6").out
    assert out.startswith(TITLE.format(6) + ", both sides\n")
    for said in ("name", "українською", "section", "membership", "Belgorod–Sumy", "uncertain"):
        assert said in out
    (line,) = (line for line in out.splitlines() if "Велика" in line)
    assert f" {wanted['distance_km']:.1f} " in line
    assert f" {wanted['population']:,} " in line
    assert wanted["membership"] in line


def test_all_settlements_are_listed_with_those_outside(run, here, towns, short):
    args = ("settlements", *SHORT, "--km", "6", "--all")
    records = run(*args, "--json").json
    expected = gb.classify(towns, gb.build_zone(short.border, km=6, tolerance_m=50))
    assert [r["membership"] for r in records].count("outside") > 1000
    told = {record["id"]: record["membership"] for record in records}
    assert told == dict(zip(towns["id"], expected["membership"], strict=True))
    count = expected["membership"].value_counts()
    assert run(*args, "--out", here / "all.csv").out == (
        f"Wrote {len(towns):,} settlements to {here / 'all.csv'}: {count['inside']} inside, "
        f"{count['uncertain']} uncertain, {count['outside']:,} outside, 0 without a point.\n"
    )
    assert len(pd.read_csv(here / "all.csv")) == len(towns)


def test_no_name_is_broken_for_a_file(run, here):
    name = "A very long name of a settlement that nobody would ever give to one, " * 3
    (here / "long.csv").write_text(f'name,lat,lon\n"{name.strip(" ,")}",50.6,35.4\n', "utf-8")
    out = run("settlements", *SHORT, "--km", "50", "--places", "long.csv").out
    assert name.strip(" ,") in out


def test_a_row_without_a_point_is_told_of_once(run, here):
    (here / "gap.csv").write_text("name,lat,lon\nA,50.6,35.4\nB,,\n", "utf-8")
    err = run("settlements", *SHORT, "--km", "50", "--places", "gap.csv").err
    (told,) = (line for line in err.splitlines() if "without" in line)
    assert told == "geobuffer: note: gap.csv: rows without coordinates: 1 (line 3)."


def test_settlements_tell_how_many_are_known_but_not_located(run):
    answer = run("settlements", *SHORT, "--km", "6")
    told = re.search(r"(\d+) more places of the same hromadas are known by name", answer.out)
    listed = run("settlements", *SHORT, "--km", "6", "--json").json
    unplaced = gb.load_not_located()
    assert int(told[1]) == unplaced["hromada"].isin({r["hromada"] for r in listed} - {None}).sum()


# exposure


def _rows(table):
    return json.loads(table.to_json(orient="records", force_ascii=False, double_precision=9))


def test_exposure_counts_the_announced_zone(run, towns, zone):
    assert run("exposure", "--json").json == _rows(gb.exposure(towns, zone))


@pytest.mark.parametrize("by", ["oblast", "raion", "section"])
def test_exposure_by_a_column(run, towns, short, by):
    rows = run("exposure", *SHORT, "--km", "6", "--by", by, "--json").json
    assert rows == _rows(gb.exposure(towns, short, by=by))
    assert len({row[by] for row in rows}) == len(rows)


def test_exposure_cumulative(run, towns, regions):
    border = gb.border_between(regions["Belgorod"], regions["Sumy"])
    zone = gb.build_zone(border, km=[3, 6], side="Ukraine", tolerance_m=1)
    args = ("exposure", *SHORT, "--km", "3,6", "--side", "Ukraine", "--json")
    rings, within = run(*args).json, run(*args, "--cumulative").json
    assert rings == _rows(gb.exposure(towns, zone))
    assert within == _rows(gb.exposure(towns, zone, cumulative=True))
    assert [row["ring"] for row in rings] == ["0–3 km", "3–6 km"]
    assert [row["within_km"] for row in within] == [3, 6]
    assert within[1]["places"] > rings[1]["places"]


def test_exposure_ends(run):
    count = {
        ends: run("exposure", *SHORT, "--km", "10", "--ends", ends, "--json").json[0]["places"]
        for ends in ("round", "flat")
    }
    assert 0 < count["flat"] < count["round"]


def test_exposure_of_a_scenario_file_by_side(run, mine):
    rows = run("exposure", "--scenario", mine, "--by", "side", "--json").json
    assert [row["ring"] for row in rows if row["side"] == "Russia"] == ["0–3 km", "3–6 km"]
    assert sum(row["places"] for row in rows if row["side"] != "Russia") == 0


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_exposure_out(run, here, suffix):
    path = here / f"counts.{suffix}"
    answer = run("exposure", *SHORT, "--by", "section", "--out", path)
    rows = run("exposure", *SHORT, "--by", "section", "--json").json
    assert answer == Answer(0, f"Wrote {len(rows)} rows to {path}.\n", "")
    csv = suffix == "csv"
    table = pd.read_csv(path, encoding="utf-8-sig", keep_default_na=False) if csv else (
        pd.read_parquet(path))  # fmt: skip
    # A file says too what it was measured against.
    assert {"border_source", "border_licence"} <= set(table) - set(rows[0])
    assert table[list(rows[0])].to_dict("records") == rows
    told = run("exposure", *SHORT, "--by", "section", "--out", path, "--json")
    assert told.json == rows


def test_exposure_in_words_says_that_people_are_at_least_so_many(run):
    out = run("exposure", *SHORT).out
    for said in ("0–10 km", "at least", "Uncertain are places nearer"):
        assert said in out
    (head,) = (line for line in out.splitlines() if line.startswith(" ring"))
    (row,) = (line for line in out.splitlines() if line.startswith(" 0–10 km"))
    told = "ring inside people no_figure_for uncertain people no_figure_for"
    assert head.replace("no figure for", "no_figure_for").split() == told.split()
    (facts,) = run("exposure", *SHORT, "--json").json
    counts = ("places", "population", "without_figure", "uncertain", "population_uncertain",
              "uncertain_without_figure")  # fmt: skip
    assert row.split()[2:] == [f"{facts[name]:,}" for name in counts]


@pytest.fixture
def raster(here):
    """One person to a square kilometre, over all the bundled oblasts."""
    path = here / "people.tif"
    at = rasterio.Affine(0.1, 0, 31, 0, -0.1, 53)
    with rasterio.open(path, "w", driver="GTiff", count=1, dtype="uint8", width=100, height=60,
                       crs="EPSG:4326", transform=at) as file:  # fmt: skip
        file.write(np.ones((60, 100), dtype="uint8"), 1)
    return path


def test_exposure_beside_a_raster(run, raster):
    options = (*SHORT, "--km", "3,6", "--by", "side", "--cumulative")
    plain = [row for row in run("exposure", *options, "--json").json if row["side"]]
    rows = run("exposure", *options, "--raster", raster, "--values", "density",
               "--as-of", "2025", "--json").json  # fmt: skip
    within = [row for row in rows if row["side"] in {"Ukraine", "Russia"}]
    assert [row["places"] for row in within] == [row["places"] for row in plain]
    for row in within:
        assert row["population_raster"] == pytest.approx(row["area_km2"], rel=2e-3)
        assert row["as_of_raster"] == "2025"
        assert row["source_raster"] == "people.tif"
        assert row["no_data_share"] == 0.0
    counts = run("exposure", *options, "--raster", raster, "--values", "counts", "--json").json
    assert counts[0]["population_raster"] < rows[0]["population_raster"] / 10


def test_exposure_of_several_rasters_tells_of_an_overlap(run, raster, here):
    other = here / "again.tif"
    other.write_bytes(raster.read_bytes())
    answer = run("exposure", *SHORT, "--raster", raster, "--raster", other, "--values", "counts")
    assert answer.code == 2
    assert "again.tif" in answer.err


def test_exposure_with_a_raster_says_what_it_is(run, raster):
    out = run("exposure", *SHORT, "--raster", raster, "--values", "density").out
    for said in ("raster", "no data", "a model's estimate", "at least"):
        assert said in out
    for options in (("--raster", raster), ("--values", "counts")):
        answer = run("exposure", *SHORT, *options)
        assert (answer.code, answer.out) == (2, "")
        assert "--raster and --values" in answer.err


# where


@pytest.mark.parametrize(
    ("place", "side"), [("Юнаківка", "Ukraine"), ("Тьоткіно", "Russia"), ("Вовчанськ", "Ukraine")]
)
def test_where_tells_distance_side_and_section(run, towns, border, place, side):
    point = towns.loc[towns["name_uk"] == place].geometry.iloc[0]
    facts = run("where", point.y, point.x, "--json").json
    lines = [shapely.get_coordinates(part) for part in shapely.get_parts(border.line)]
    assert facts["distance_km"] * 1e3 == pytest.approx(
        reference.distance_m(lines, point.x, point.y), abs=1e-3
    )
    assert (facts["latitude"], facts["longitude"]) == (point.y, point.x)
    assert facts["side"] == side
    section = next(s for s in border.sections if s.name == facts["section"])
    assert section.start_km <= facts["chainage_km"] <= section.start_km + section.length_km
    words = run("where", point.y, point.x).out.splitlines()
    assert words == [
        f"{facts['distance_km']:.3f} km from the border, in {side}.",
        f"Nearest section: {facts['section']}, at kilometre {facts['chainage_km']:.1f}.",
        "The border itself is right to about 10 m.",
    ]


@pytest.mark.parametrize(
    "words", [("51.27,34.63",), ("51.27, 34.63",), ("51,27", "34,63"), ("51.27", "+34.63")]
)
def test_where_takes_pairs_as_people_write_them(run, words):
    assert run("where", *words) == run("where", "51.27", "34.63")


@pytest.mark.parametrize("name", ["Yunakivka", "yunakivka", "Юнаківка", "Юнаковка"])
def test_where_finds_a_place_by_its_name(run, towns, border, name):
    (record,) = run("where", name, "--json").json
    (row,) = towns.index[towns["name_en"] == "Yunakivka"]
    told = gb.locate(towns.loc[[row]], border).iloc[0]
    assert record["distance_km"] == pytest.approx(told["distance_km"])
    assert (record["id"], record["section"]) == (towns.loc[row, "id"], told["section"])
    words = run("where", name).out
    assert f"{told['distance_km']:.1f}" in words
    assert "right to about 10 m" in words


def test_where_tells_all_places_of_a_name_and_those_without_a_position(run):
    same = run("where", "Mykhailivka", "--json").json
    assert len(same) > 3
    distances = [record["distance_km"] for record in same]
    assert distances == sorted(distances)
    unplaced = gb.load_not_located()
    located = gb.load_settlements()
    names = set(unplaced["name_en"]) - set(located["name_en"]) - set(located["name_ru"])
    name = min(one for one in names if one.isalpha() and one.isascii())
    assert "Known by name only, without a trusted position: " in run("where", name).out


def test_where_knows_the_other_names_of_a_place(run):
    known = run("where", "Belgorod", "--json").json
    assert known
    assert run("where", "Bilhorod", "--json").json == known


def test_where_finds_a_name_of_a_file(run, here):
    (here / "mine.csv").write_text("name,lat,lon,accuracy_m\nMy farm,51.1,35.0,50\n")
    (record,) = run("where", "my", "farm", "--places", "mine.csv", "--json").json
    assert (record["name"], record["latitude"], record["longitude"]) == ("My farm", 51.1, 35.0)


def test_where_on_the_territory_of_neither(run):
    assert run("where", "53.5", "23.0", "--json").json["side"] == ""
    assert "on the territory of neither side" in run("where", "53.5", "23.0").out


def test_where_takes_southern_and_western_degrees(run, border):
    facts = run("where", "-51.5", "-0.25", "--json").json
    assert (facts["latitude"], facts["longitude"]) == (-51.5, -0.25)
    # To the nearest vertex, which a segment of the border of some 50 m cannot undercut by more.
    lon, lat = shapely.get_coordinates(border.line).T
    _, _, away = GEOD.inv([-0.25] * len(lon), [-51.5] * len(lat), lon, lat)
    assert facts["distance_km"] == pytest.approx(away.min() / 1e3, abs=0.05)


def test_where_takes_longitudes_once_round_the_globe_or_refuses_them(run):
    plain, round_ = (
        run("where", "51.27", "34.63", "--json"),
        run("where", "51.27", "394.63", "--json"),
    )
    if round_.code == 2:
        assert "394.63" in round_.err
        return
    assert round_.json["side"] == plain.json["side"] == "Russia"


def test_where_by_another_border(run, regions, mine):
    for option in (SHORT, ("--scenario", mine)):
        facts = run("where", "51.2", "35.1", *option, "--json").json
        assert facts["section"] == "Belgorod–Sumy"
    assert run("where", "51.2", "35.1", "--json").json["section"] == "Kursk–Sumy"


# data


def test_data_tells_what_the_manifest_says(run):
    text = (datasets.data_folder() / "manifest.toml").read_text(encoding="utf-8")
    manifest = tomllib.loads(text)
    records = run("data", "--json").json
    assert [r["dataset"] for r in records] == list(manifest)
    for record in records:
        entry = manifest[record["dataset"]]
        for key in ("title", "rows", "as_of", "accuracy_m", "licence", "version", "publisher"):
            assert record[key] == entry.get(key)


def test_data_in_words(run):
    answer = run("data")
    assert (answer.code, answer.err) == (0, "")
    for name in datasets.manifest():
        assert name in answer.out
    assert "ODbL-1.0" in answer.out
    for name in gb.list_sources().index:
        assert name in answer.out


# data get


@pytest.fixture
def get(run, how, monkeypatch):
    """Run ``geobuffer data get`` against the publisher on this machine."""
    options = {"folder": how.folder, "sites": how.sites, "pause_s": 0, "attempts": 2}
    monkeypatch.setattr(gb, "Downloader", functools.partial(gb.Downloader, **options))
    return functools.partial(run, "data", "get")


def test_get_places_come_with_their_sources(get, publisher):
    digest = sources.serve_geonames(publisher)
    facts = get("geonames", "--country", "UA", "--json").json
    assert (facts["name"], facts["rows"]) == ("geonames", 2)
    dump, names = facts["sources"]
    assert (dump["sha256"], dump["licence"]) == (digest, "CC BY 4.0")
    assert names["url"] == f"{publisher.url}/geonames/alternatenames/UA.zip"
    assert "file" not in facts
    said = get("geonames", "--country", "UA")
    assert "2 rows, in the cache: gb.fetch('geonames', ...)" in said.out
    assert digest in said.out.replace("\n", "")
    assert said.err == ""
    assert len(publisher.asked) == 2
    get("geonames", "--country", "UA", "--refresh")
    assert len(publisher.asked) == 4


def test_get_out_writes_a_table_with_its_source(get, here, publisher):
    digest = sources.serve_geonames(publisher)
    facts = get("geonames", "--country", "UA", "--out", ".", "--json").json
    assert [p.name for p in here.iterdir()] == ["geonames-UA.gpkg"]
    table = gpd.read_file(here / facts["file"])
    assert table["name_uk"].tolist() == ["Юнаківка", "Суми"]
    assert digest in table["source"].iloc[0]
    assert f"Wrote {facts['file']}." in get(
        "geonames", "--country", "UA", "--out", "."
    ).out  # fmt: skip


def test_get_out_writes_regions(get, here, publisher):
    publisher.serve(
        "/overpass",
        sources.overpass_answer(
            sources.relation(sources.way(sources.BOX), **{"ISO3166-2": "RU-KRS"})
        ),
    )
    get("osm-boundaries", "--iso", "RU-KRS", "--out", ".")
    table = gpd.read_file(here / "osm-boundaries-RU-KRS.gpkg")
    assert table["iso"].tolist() == ["RU-KRS"]
    assert table.geometry.iloc[0].area == pytest.approx(16)


def test_get_out_copies_a_raster_with_its_papers(get, here, publisher):
    publisher.serve(sources.WORLDPOP_PATH, Page(sources.geotiff()))
    options = ("--country", "UA", "--year", "2025")
    facts = get("worldpop", *options, "--out", here, "--json").json
    name = sources.WORLDPOP_PATH.rsplit("/", maxsplit=1)[1]
    assert sorted(p.name for p in here.iterdir()) == [name, f"{name}.json"]
    assert (here / name).read_bytes() == sources.geotiff()
    assert json.loads((here / f"{name}.json").read_text(encoding="utf-8"))["as_of"] == "2025"
    assert facts["file"] == str(here / name)
    assert "1 raster, in the cache" in get("worldpop", *options).out


def test_get_level_and_bbox_reach_the_publisher(get, publisher):
    sources.serve_geoboundaries(publisher, [sources.boundary("A", (33, 50, 35, 52))])
    get("geoboundaries", "--country", "UA", "--level", "1")
    assert publisher.paths()[0] == "/geoboundaries/gbOpen/UKR/ADM1/"
    publisher.serve("/overpass", sources.overpass_answer(sources.YUNAKIVKA))
    get("osm-places", "--bbox", "-5,50.9,35,52")
    assert "(50.900000,-5.000000,52.000000,35.000000)" in publisher.asked[-1][2]["data"][0]


@pytest.mark.parametrize(
    ("args", "told"),
    [(("geoname",), "Did you mean 'geonames'"), (("geonames",), "geonames needs country"),
     (("geonames", "--country", "UA"), "404 Not Found. It is not in the cache."),
     (("geonames", "--country", "UA", "--out", "nowhere"), "Invalid --out 'nowhere'"),
     (("worldpop", "--country", "UA", "--level", "1"), "Invalid level for worldpop"), ((), "NAME")],
)  # fmt: skip
def test_get_tells_mistakes_in_one_line_and_code_2(get, here, args, told):
    answer = get(*args)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.count("\n") == 1
    assert told.casefold() in answer.err.casefold()
    assert list(here.iterdir()) == []


def test_get_draws_a_bar_on_a_terminal_and_none_elsewhere(get, publisher, monkeypatch):
    sources.serve_geonames(publisher)
    assert get("geonames", "--country", "UA").err == ""
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w") as terminal:
        console = Console(file=terminal, force_terminal=True)
        monkeypatch.setattr(data_command, "stderr_console", lambda: console)
        get("geonames", "--country", "UA", "--refresh")
    shown = os.read(leader, 100_000).decode()
    os.close(leader)
    assert "UA.zip" in shown
    assert "UA-names.zip" in shown


# map


def _map(run, here, *args):
    facts = run("map", *args, "--json").json
    return facts, (here / facts["file"]).read_text(encoding="utf-8")


def test_map_of_the_announced_zone(run, here, towns, zone):
    facts, page = _map(run, here)
    assert [p.name for p in here.iterdir()] == ["geobuffer-map.html"]
    counts = gb.classify(towns, zone)["membership"].value_counts()
    assert (facts["inside"], facts["uncertain"]) == (counts["inside"], counts["uncertain"])
    assert facts["zone"]["area_km2"] == pytest.approx(zone.area_km2, rel=1e-4)
    assert page.lstrip().startswith("<!DOCTYPE html>")
    assert page.rstrip().endswith("</html>")
    for said in ("10 km into Ukraine", "Oleh Hryhorov", "Юнаківка", "Chernihiv"):
        assert said in page
    # It opens offline.
    assert not re.search(r"<(script|link)[^>]+(src|href)=.(https?:)?//", page)


def test_map_of_what_the_options_say(run, here):
    facts, page = _map(
        run, here, *SHORT, "--km", "3,6", "--side", "Ukraine", "--ends", "flat", "--out", "m.html"
    )
    assert [p.name for p in here.iterdir()] == ["m.html"]
    shape = {key: facts["zone"][key] for key in ("side", "ends", "edges_km", "sections")}
    assert shape == {
        "side": "Ukraine", "ends": "flat", "edges_km": [0, 3, 6], "sections": ["Belgorod–Sumy"],
    }  # fmt: skip
    for said in (TITLE.format("3 / 6"), '"edges_km":[0.0,3.0,6.0]', "Велика Писарівка"):
        assert said in page
    listed = run(
        "settlements", *SHORT, "--km", "6", "--side", "Ukraine", "--ends", "flat", "--json"
    )
    memberships = [r["membership"] for r in listed.json]
    assert facts["inside"] == memberships.count("inside") > 0
    assert facts["uncertain"] == memberships.count("uncertain")


def test_map_of_a_scenario_file_shows_its_title_and_reports(run, here, mine):
    facts, page = _map(run, here, "--scenario", mine)
    assert facts["zone"]["side"] == "Russia"
    assert "Зона «моя»" in page
    assert "A test says so." in page
    assert "Oleh Hryhorov" not in page


def test_map_has_the_title_that_is_given_on_page_and_picture(run, here):
    title = "Ours & <theirs>"
    files = ("--out", "m.html", "--png", "m.png")
    answer = run("map", *SHORT, "--km", "3", "--title", title, *files)
    assert answer.code == 0, answer.err
    page = (here / "m.html").read_text("utf-8")
    assert "<title>Ours &amp; &lt;theirs&gt;</title>" in page
    assert TITLE.format(3) not in page.split('"along"')[0]
    with PIL.Image.open(here / "m.png") as image:
        assert image.info["Title"] == title


def test_map_in_words(run, here):
    answer = run("map", *SHORT, "--km", "3", "--out", "m.html")
    assert re.fullmatch(
        r"\d+ settlements inside, \d+ uncertain\.\nWrote m\.html: open it in any browser\.\n",
        answer.out,
    )
    assert (answer.code, answer.err) == (0, "")


def test_map_png_writes_the_picture_and_no_page(run, here):
    answer = run("map", *SHORT, "--km", "3,6", "--side", "Ukraine", "--png", "m.png")
    assert re.fullmatch(
        r"\d+ settlements inside, \d+ uncertain\.\nWrote m\.png\.\n", answer.out
    )  # fmt: skip
    assert (answer.code, answer.err) == (0, "")
    assert [p.name for p in here.iterdir()] == ["m.png"]
    with PIL.Image.open(here / "m.png") as image:
        assert image.info["Title"] == TITLE.format("3 / 6") + ", side: Ukraine"
        assert min(image.size) > 1500


def test_map_png_shows_the_same_zone_and_places_as_the_page(run, here, monkeypatch):
    drawn = []
    plot = gb.plot_zone
    monkeypatch.setattr(gb, "plot_zone", lambda *a, **k: drawn.append(plot(*a, **k)) or drawn[0])
    args = (*SHORT, "--km", "6", "--side", "Ukraine", "--png", "m.svg", "--out", "m.html")
    facts = run("map", *args, "--json").json
    assert (facts["file"], facts["picture"]) == ("m.html", "m.svg")
    assert sorted(p.name for p in here.iterdir()) == ["m.html", "m.svg"]
    rows = [text.get_text() for text in drawn[0].axes[0].get_legend().get_texts()]
    assert f"Inside the zone ({facts['inside']})" in rows
    places = gb.load_settlements()
    zone = gb.build_zone(
        gb.border_between(*(gb.load_regions()[name] for name in ("Belgorod", "Sumy"))),
        km=(6.0,), side="Ukraine", ends="round", tolerance_m=1.0,
    )  # fmt: skip
    unknown = len(gb.load_not_located(gb.within(places, zone)))
    assert unknown > 0
    assert rows[-1].replace("\n", " ") == f"Known by name, position unknown ({unknown})"


def test_map_png_without_matplotlib_is_one_line_before_anything_is_computed(run, here, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr(gb, "build_zone", lambda *_, **__: pytest.fail("computed first"))
    answer = run("map", "--png", "m.png")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "geobuffer: A picture needs matplotlib, which is not installed. "
        "Run: pip install 'geobuffer[plot]'.\n"
    )
    assert not list(here.iterdir())


# Other kinds of zones


def test_a_width_for_each_side_is_on_both_sides(run, short):
    told = run("zone", *SHORT, "--km", "Ukraine=6,Russia=3", "--json").json
    narrow = gb.build_zone(short.border, km=3, side="Russia", tolerance_m=1)
    wide = gb.build_zone(short.border, km=6, side="Ukraine", tolerance_m=1)
    assert told["area_km2"] == pytest.approx(narrow.area_km2 + wide.area_km2, rel=1e-4)
    # The default's own side is not asked for.
    assert run("zone", "--km", "Ukraine=1,Russia=1", "--json").json["side"] == "both"


def test_a_width_for_each_section(run, short):
    told = run("zone", *SHORT, "--km", "Belgorod–Sumy=6", "--json").json
    assert told["area_km2"] == pytest.approx(short.area_km2, rel=1e-4)


def test_from_km_leaves_out_what_is_nearer(run, short):
    told = run("zone", *SHORT, "--km", "6", "--from-km", "2", "--json").json
    inner = gb.build_zone(short.border, km=2, tolerance_m=1)
    assert told["edges_km"] == [2, 6]
    assert told["area_km2"] == pytest.approx(short.area_km2 - inner.area_km2, rel=1e-4)


@pytest.fixture
def river(tmp_path):
    line = shapely.LineString([(34.8, 50.7), (34.8, 51.1)])
    table = gpd.GeoDataFrame({"name": ["Psel"]}, geometry=[line], crs="EPSG:4326")
    table.to_file(tmp_path / "river.gpkg")
    return tmp_path / "river.gpkg"


def test_along_a_line_left_and_right_are_sides(run, river, here):
    told = run("zone", "--along", river, "--km", "2", "--side", "left", "--json").json
    assert told["sections"] == ["Psel"]
    # Half of what lies within 2 km of 44.5 km, one end and the other.
    assert told["area_km2"] == pytest.approx(told["border_km"] * 2 + np.pi * 4 / 2, rel=1e-3)
    assert "from the border, on its right." in run("where", "50.9", "34.9", "--along", river).out
    answer = run("map", "--along", river, "--out", "river.html", "--png", "river.png")
    assert answer.code == 0, answer.err
    assert "Psel" in (here / "river.html").read_text(encoding="utf-8")


def test_around_a_point_is_a_disc(run, towns):
    told = run("zone", "--around", "50.908,34.803", "--km", "10", "--json").json
    assert told["area_km2"] == pytest.approx(np.pi * 100, rel=1e-4)
    rows = json.loads(run("settlements", "--around", "50.908,34.803", "--json").out)
    _, _, metres = GEOD.inv(
        np.full(len(towns), 34.803), np.full(len(towns), 50.908),
        towns.geometry.x, towns.geometry.y,
    )  # fmt: skip
    sure = towns[metres + towns["accuracy_m"].fillna(0) + towns["radius_m"].fillna(0) < 10_000]
    assert {row["id"] for row in rows} >= set(sure["id"])
    assert {row["id"] for row in rows} <= set(towns["id"][metres < 20_000])


def test_of_a_point_no_border_is_told(run, here):
    point = ("--around", "50.908,34.803")
    told = run("where", "50.9", "34.8", *point)
    km = GEOD.inv(34.8, 50.9, 34.803, 50.908)[2] / 1e3
    assert told == Answer(0, f"{km:.3f} km from 50.908, 34.803.\n", "")
    zone = run("zone", *point, "--km", "10").out
    assert zone.startswith("10 km around 50.908, 34.803\n")
    assert "order" not in zone
    assert "\nPoint: as given" in run("exposure", *point).out
    assert run("curve", *point, "--to-km", "5").out.startswith("50.908, 34.803\n")
    sumy = run("where", "Sumy", *point).out
    assert "order" not in sumy
    assert "side" not in sumy
    assert run("map", *point, "--km", "10", "--out", "m.html").code == 0
    page = (here / "m.html").read_text("utf-8")
    facts = json.loads(re.search(r'id="geobuffer-data">(.*?)</script>', page)[1])
    assert facts["of_points"]
    assert facts["titles"]["en"] == "10 km around 50.908, 34.803"
    # The bundled oblasts about it are its context.
    assert "Sumy" in [region["name"] for region in facts["regions"]]


def test_around_the_areas_of_a_file(run, own):
    (_, file, *_), _ = own
    args = ("--around", file, "--region-name", "park", "--km", "1", "--side", "outside")
    told = run("zone", *args, "--json").json
    assert told["side"] == "outside"
    perimeter_km = GEOD.geometry_area_perimeter(shapely.box(10, 45, 12, 46))[1] / 1e3
    assert told["area_km2"] == pytest.approx(perimeter_km + np.pi, rel=1e-2)
    assert "km from the border, inside." in run("where", "45.5", "11", *args[:4]).out


def test_gap_heals_outlines_that_do_not_match(run, tmp_path):
    squares = [shapely.box(10, 45, 11, 46), shapely.box(11.001, 45, 12, 46)]
    table = gpd.GeoDataFrame({"name": ["A", "B"]}, geometry=squares, crs="EPSG:4326")
    table.to_file(tmp_path / "apart.gpkg")
    args = ("--regions", tmp_path / "apart.gpkg", "--between", "A", "--and", "B")
    apart = run("zone", *args)
    assert apart.code == 2
    assert "km apart" in apart.err
    told = run("zone", *args, "--gap-m", "100", "--json").json
    assert told["healing"]["tolerance_m"] == 100
    assert "do not match exactly" in run("zone", *args, "--gap-m", "100").out


def test_curve_tells_every_distance(run, towns, short, here):
    args = ("curve", *SHORT, "--side", "Ukraine", "--to-km", "20", "--step-km", "10")
    rows = json.loads(run(*args, "--json").out)
    wide = gb.exposure_curve(towns, short.border, side="Ukraine", to_km=20, step_km=10)
    assert [row["within_km"] for row in rows] == [10, 20]
    assert [row["places"] for row in rows] == wide["places"].tolist()
    assert "within km" in run(*args).out
    assert run(*args, "--out", "curve.csv", "--png", "curve.png").code == 0
    assert pd.read_csv(here / "curve.csv")["places"].tolist() == wide["places"].tolist()
    with PIL.Image.open(here / "curve.png") as picture:
        assert len(picture.convert("RGB").getcolors(2**24)) > 10


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


# Mistakes

MISTAKES = {
    "unknown region": (["zone", "--between", "Kurks", "--and", "Sumy"],
                       ["Invalid region 'Kurks'", "Did you mean 'Kursk'?"]),
    "regions apart": (["zone", "--between", "Kursk", "--and", "Kyiv"],
                      ["Kursk", "Kyiv", "km apart", "Must be neighbours"]),
    "a region on both sides": (["zone", "--between", "Kursk", "--and", "Kursk"],
                               ["Kursk stands on both"]),
    "between without and": (["zone", "--between", "Kursk"], ["--between and --and", "together"]),
    "and without between": (["where", "51", "34", "--and", "Sumy"], ["--between and --and"]),
    "a line and a point": (["zone", "--along", "x.gpkg", "--around", "51,34"],
                           ["--along with --around"]),
    "a line and regions": (["zone", "--along", "x.gpkg", *SHORT], ["--between with --along"]),
    "a point and a gap": (["where", "51", "34", "--around", "51,34", "--gap-m", "5"],
                          ["--gap-m with --around"]),
    "a point beyond the pole": (["zone", "--around", "134,51"], ["--around '134,51'", "±90"]),
    "a point and a file": (["zone", "--around", "51,34", "--around", "x.gpkg"],
                           ["51,34, x.gpkg", "points, or files"]),
    "a width of neither side": (["zone", *SHORT, "--km", "Poland=5"], ["Poland"]),
    "a width without a number": (["zone", *SHORT, "--km", "Ukraine=wide"],
                                 ["--km 'wide'", "such as '10 km'"]),
    "from beyond the width": (["zone", *SHORT, "--km", "5", "--from-km", "6"], ["6"]),
    "a gap that is none": (["zone", *SHORT, "--gap-m", "-1"], ["-1"]),
    "curve to nowhere": (["curve", *SHORT, "--to-km", "0"], ["Invalid --to-km 0", "positive"]),
    "curve by no step": (["curve", *SHORT, "--step-km", "0"], ["Invalid --step-km 0", "positive"]),
    "suffix of a curve": (["curve", "--png", "m.jpg"], ["'m.jpg'", "Figure"]),
    "a country alone": (["zone", "--country", "KR,KP"], ["--country alone", "--between"]),
    "unknown side": (["zone", *SHORT, "--side", "Ukrain"],
                     ["Invalid side 'Ukrain'", "Did you mean 'Ukraine'?"]),
    "km a word": (["zone", *SHORT, "--km", "ten"], ["--km 'ten'", "such as '10 km'"]),
    "km an empty text": (["settlements", *SHORT, "--km", ""], ["--km ''", "such as '10 km'"]),
    "km a gap": (["exposure", *SHORT, "--km", "5,,10"], ["--km ''", "such as '10 km'"]),
    "km of two lines": (["zone", *SHORT, "--km", "5\n10x"], ["--km '5\\n10x'"]),
    "km in no unit of length": (["zone", *SHORT, "--km", "10km/h"], ["--km '10km/h'"]),
    "km with a decimal comma": (["zone", *SHORT, "--km", "10,5 km"],
                                ["--km '10,5 km'", "Commas part rings", "decimals have a point"]),
    "km negative": (["zone", *SHORT, "--km=-5"], ["Invalid km -5", "Must be positive"]),
    "km nothing": (["zone", *SHORT, "--km", "0"], ["Invalid km 0", "Must be positive"]),
    "km no number": (["map", *SHORT, "--km", "nan"], ["--km 'nan'", "such as '10 km'"]),
    "km too far": (["zone", *SHORT, "--km", "2001"], ["Invalid km 2001", "at most 2,000 km"]),
    "km descending": (["zone", *SHORT, "--km", "10,5"], ["[10.0, 5.0]", "Must ascend"]),
    "tolerance nothing": (["zone", *SHORT, "--tolerance", "0"],
                          ["Invalid --tolerance 0", "at least 0.001"]),
    "tolerance no number": (["zone", *SHORT, "--tolerance", "nan"], ["Invalid --tolerance nan"]),
    "unknown by": (["exposure", *SHORT, "--by", "oblats"],
                   ["Invalid --by 'oblats'", "Did you mean 'oblast'?"]),
    "by a ring": (["exposure", *SHORT, "--by", "ring", "--json"], ["Invalid --by 'ring'"]),
    "by a shape": (["exposure", *SHORT, "--by", "geometry"], ["Invalid --by 'geometry'"]),
    "by what is counted": (["exposure", *SHORT, "--by", "population", "--json"],
                           ["Invalid --by 'population'"]),
    "latitude beyond the pole": (["where", "95", "34"], ["latitude 95", "within ±90"]),
    "latitude no number": (["where", "nan", "34"], ["latitude nan", "Must be finite"]),
    "no point": (["where", "nan", "nan"], ["latitude nan", "Must be finite"]),
    "longitude endless": (["where", "51", "inf"], ["longitude inf", "Must be finite"]),
    "scenario not there": (["zone", "--scenario", "no.toml"], ["no.toml", "No such file"]),
    "scenario a folder": (["where", "51", "34", "--scenario", "."], ["Is a directory"]),
    "suffix of a zone": (["zone", "--out", "zone.shp"], ["'zone.shp'", "BufferZone", "'.gpkg'"]),
    "suffix of settlements": (["settlements", "--out", "t.html"], ["'t.html'", "'.csv'"]),
    "suffix of exposure": (
        ["exposure", "--out", "t.gpkg"], ["'t.gpkg'", "'.csv', '.xlsx', '.parquet'"],
    ),
    "suffix of a map": (["map", "--out", "m.png"], ["'m.png'", "Map", "'.html'"]),
    "suffix of a picture": (["map", "--png", "m.jpg"], ["'m.jpg'", "Figure", "'.png'"]),
    "folder not there": (["map", "--out", "no/m.html"], ["'no/m.html'", "no folder 'no'"]),
    "option misspelt": (["zone", "--sid", "Ukraine"], ["No such option: --sid", "--side"]),
    "option of other programs, and of none of ours": (
        ["data", "--output", "x"], ["No such option: --output\n"]),
    "option of other programs": (["zone", "--width", "5"],
                                 ["No such option: --width (Possible options: --km)"]),
    "unknown ends": (["zone", *SHORT, "--ends", "oval"], ["--ends", "oval", "round", "flat"]),
    "tolerance a word": (["zone", *SHORT, "--tolerance", "fine"], ["--tolerance", "number"]),
    "latitude a word": (["where", "north", "34"], ["'north 34'", "latitude and longitude"]),
    "no longitude": (["where", "51"], ["latitude and longitude", "51.27 34.63"]),
    "no such place": (["where", "Yunakivk"], ["'Yunakivk'", "'Yunakivka'"]),
    "option of where misspelt": (["where", "51", "34", "--jsn"], ["--jsn", "where --help"]),
    "a file's option without a file": (["zone", "--crs", "EPSG:4326"], ["--crs", "--along"]),
    "width below zero": (["zone", "--km", "-5"], ["--side takes one side"]),
    "a file of places without one": (["settlements", "--places-swap"], ["without --places"]),
    "a point and a file's option": (
        ["zone", "--around", "51,34", "--km", "1", "--crs", "4326"], ["--crs", "with a point"],
    ),
    "a point and a file of names": (["where", "51", "34", "--places", "x"], ["--places", "point"]),
    "regions that do not meet": (
        ["zone", "--between", "Kursk", "--and", "Kharkiv"], ["give --gap-m"],
    ),
    "a gap below zero": (["zone", *SHORT, "--gap-m", "-1"], ["Invalid --gap-m -1", "metres"]),
    "option without a value": (["zone", "--km"], ["--km"]),
    "unknown command": (["zones"], ["zones"]),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_exit_code_2_and_nothing_written(run, here, mistake):
    args, fragments = MISTAKES[mistake]
    answer = run(*args)
    assert (answer.code, answer.out) == (2, "")
    for fragment in fragments:
        assert fragment.casefold() in answer.err.casefold()
    assert answer.err.endswith("\n")
    assert len(answer.err.splitlines()) == 1
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("args", "file"),
    [
        (["zone", "--between", "Kursk", "--and", "Kyiv"], "old.geojson"),
        (["settlements", *SHORT, "--km", "0"], "old.csv"),
        (["exposure", *SHORT, "--by", "nothing"], "old.csv"),
        (["map", *SHORT, "--side", "nobody's"], "old.html"),
    ],
)
def test_a_mistake_leaves_an_older_file_as_it_was(run, here, args, file):
    (here / file).write_text("older")
    assert run(*args, "--out", file).code == 2
    assert (here / file).read_text() == "older"
    assert [p.name for p in here.iterdir()] == [file]


# Every command that writes a file, as it names it, and a suffix that it takes.
WRITES = {
    "zone": (["zone", "--out"], ".gpkg"), "settlements": (["settlements", "--out"], ".csv"),
    "exposure": (["exposure", "--out"], ".csv"), "map": (["map", "--out"], ".html"),
    "picture": (["map", "--png"], ".png"), "bulk": (["bulk", "points.csv"], ".parquet"),
}  # fmt: skip


@pytest.mark.parametrize("command", WRITES)
def test_nothing_is_computed_for_a_file_that_cannot_be_written(run, here, command, monkeypatch):
    args, suffix = WRITES[command]
    monkeypatch.setattr(inputs, "read_scenario", lambda *_, **__: pytest.fail("computed"))
    (here / f"folder{suffix}").mkdir()
    (here / f"pipe{suffix}").symlink_to("/dev/null")
    for file, told in (
        (f"no/x{suffix}", "there is no folder 'no'"), (f"folder{suffix}", "it is a folder"),
        (f"pipe{suffix}", "it is a device"), ("x.doc", "Must be one of"),
        (f"/proc/x{suffix}", "'/proc' is read-only"),
    ):  # fmt: skip
        answer = run(*args, file)
        assert (answer.code, answer.out) == (2, "")
        assert told in answer.err
        assert len(answer.err.splitlines()) == 1
    assert sorted(p.name for p in here.iterdir()) == [f"folder{suffix}", f"pipe{suffix}"]


def test_get_asks_nobody_for_a_folder_that_cannot_be_written(get, publisher):
    answer = get("geonames", "--country", "UA", "--out", "/proc")
    assert answer.code == 2
    assert "Invalid --out '/proc': the folder '/proc' is read-only" in answer.err
    assert publisher.asked == []


@pytest.mark.parametrize("command", ["zone", "settlements", "exposure", "map", "picture"])
def test_for_want_of_room_the_old_file_stays_and_one_line_tells(run, here, command):
    args, suffix = WRITES[command]
    (here / f"x{suffix}").write_text("older")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limit[1]))
    try:
        answer = run(args[0], *SHORT, *args[1:], f"x{suffix}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"geobuffer: Cannot write 'x{suffix}': ")
    assert "Is there room for it?" in answer.err
    assert len(answer.err.splitlines()) == 1
    assert (here / f"x{suffix}").read_text() == "older"
    assert [p.name for p in here.iterdir()] == [f"x{suffix}"]


@pytest.mark.parametrize(
    ("command", "file"),
    [("zone", "x.geojson"), ("settlements", "x.csv"), ("exposure", "x.csv"), ("map", "x.html")],
)
def test_a_folder_in_the_place_of_the_file_is_a_mistake(run, here, command, file):
    (here / file).mkdir()
    answer = run(command, *SHORT, "--km", "2", "--out", file)
    assert (answer.code, answer.out) == (2, "")
    assert len(answer.err.splitlines()) == 1
    assert file in answer.err
    assert [p.name for p in here.iterdir()] == [file]


def test_a_bad_target_is_told_before_anything_is_computed(run, monkeypatch):
    monkeypatch.setattr(gb, "build_zone", lambda *_, **__: pytest.fail("computed first"))
    for command in ("zone", "map", "settlements", "exposure"):
        assert run(command, "--out", "x.doc").code == 2


def test_an_error_of_ours_is_not_passed_off_as_the_users(run, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(gb, "build_zone", broken)
    with pytest.raises(ZeroDivisionError):
        run("zone", *SHORT)


def test_a_broken_installation_is_one_line_too(run, monkeypatch):
    def altered():
        raise gb.ChecksumMismatch("Altered oblasts.parquet.")

    monkeypatch.setattr(gb, "load_regions", altered)
    assert run("zone") == Answer(2, "", "geobuffer: Altered oblasts.parquet.\n")


def test_without_arguments_there_is_help(run):
    answer = run()
    assert answer.out + answer.err == run("--help").out


# As a process of its own

SCRIPT = "from geobuffer.cli.main import main; main()"
ROOT = Path(gb.__file__).parents[1]


def process(*args, streams="", **environment):
    """Run geobuffer as a process; ``streams`` tells bash where they lead."""
    command = f'exec "{sys.executable}" -W error -c "{SCRIPT}" "$@" {streams}'
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHON"))}
    done = subprocess.run(
        ["bash", "-c", command, "geobuffer", *args],
        capture_output=True,
        env=clean | {"PYTHONPATH": str(ROOT)} | environment,
        check=False,
        timeout=120,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def test_process_version_with_closed_input():
    answer = process("--version", streams="<&-")
    assert answer == Answer(0, f"geobuffer {gb.__version__}\n".encode(), b"")


def test_process_answers_in_a_posix_locale_with_closed_input():
    """Data loaded for real; no warning on the way; Cyrillic and en dashes as UTF-8."""
    answer = process("settlements", *SHORT, "--km", "6", streams="<&-", LC_ALL="POSIX")
    assert (answer.code, answer.err) == (0, b"")
    assert "Велика" in answer.out.decode("utf-8")


def test_process_answers_where_only_ascii_can_be_shown():
    answer = process("where", "51.1", "35.1", "--json", PYTHONIOENCODING="ascii")
    assert (answer.code, answer.err) == (0, b"")
    assert json.loads(answer.out.decode("ascii"))["section"] == "Kursk–Sumy"


def test_process_tells_a_mistake_in_one_line(tmp_path):
    file = tmp_path / "zone.geojson"
    file.write_text("older")
    answer = process("zone", "--between", "Куртськ", "--and", "Sumy", "--out", str(file),
                     LC_ALL="POSIX")  # fmt: skip
    assert (answer.code, answer.out) == (2, b"")
    (line,) = answer.err.decode("utf-8").splitlines()
    assert line.startswith("geobuffer: Invalid region 'Куртськ'")
    assert file.read_text() == "older"
    assert list(tmp_path.iterdir()) == [file]


def test_process_writes_and_stays_quiet(tmp_path):
    answer = process("zone", *SHORT, "--km", "2", "--out", str(tmp_path / "зона.geojson"), "--json",
                     LC_ALL="POSIX")  # fmt: skip
    assert (answer.code, answer.err) == (0, b"")
    facts = json.loads(answer.out)
    table = gpd.read_file(facts["file"])
    assert table["area_km2"].item() == pytest.approx(facts["area_km2"])
    assert [p.name for p in tmp_path.iterdir()] == ["зона.geojson"]


def test_process_whose_reader_has_left_says_nothing():
    """As in ``geobuffer data | head -1``: no traceback."""
    answer = process("data", streams="> >(exec true; exit)")
    assert b"Traceback" not in answer.err
    assert b"Exception" not in answer.err


# Regions and settlements of one's own.


@pytest.fixture
def own(tmp_path):
    """Two squares of the user's own in a projection, and places by them."""
    squares = [shapely.box(10, 45, 11, 46), shapely.box(11, 45, 12, 46)]
    table = gpd.GeoDataFrame(
        {"park": ["Left", "Right"], "kind": ["a", "b"]}, geometry=squares, crs="EPSG:4326"
    )
    table.to_file(tmp_path / "parks.gpkg")
    (tmp_path / "towns.csv").write_text(
        "назва;населення;широта;довгота;дата\nСело;120;45,5;11,05;2024-01-01\n"
        "Місто;5 000;45,4;10,5;2024-01-01\n?;;;;\n",
        encoding="cp1251",
    )
    between = ("--between", "Left", "--and", "Right")
    return ("--regions", tmp_path / "parks.gpkg", "--region-name", "park", *between), (
        "--places", tmp_path / "towns.csv",
    )  # fmt: skip


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
    assert "1 settlements inside" in answer.out
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
    assert "right to about" not in there.out, "nobody says how accurate the file is"
    points = tmp_path / "points.csv"
    points.write_text("lon,lat\n11.05,45.5\n")
    run("bulk", points, "answers.csv", *regions)
    assert pd.read_csv(here / "answers.csv")["side"].tolist() == ["Right"]


def test_bundled_places_by_own_regions_are_told(run, own):
    regions, _ = own
    # Far from all of them, nobody is told that none lies there.
    for command in ("settlements", "exposure", "curve"):
        answer = run(command, *regions)
        assert (answer.code, answer.out) == (2, "")
        assert "No settlements are bundled along this border" in answer.err
    facts = run("map", *regions, "--json").json
    assert not {"inside", "uncertain"} & set(facts)
    near = run("settlements", "--around", "50.908,34.803")
    assert near.code == 0
    assert "note: the bundled settlements are those along the border" in near.err


def test_a_raster_counts_people_where_no_settlements_are_bundled(run, raster):
    args = ("exposure", "--around", "49,31.5", "--raster", raster, "--values", "density")
    rows = run(*args, "--json").json
    assert "places" not in rows[0]
    assert rows[0]["population"] == pytest.approx(np.pi * 100, rel=1e-3)
    said = run(*args).out
    assert "314" in said
    assert "a model's estimate" in said
    assert "at least" not in said


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
    ("args", "told"),
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
def test_own_files_that_cannot_be_read_are_one_line(run, args, told):
    answer = run("exposure", *args)
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err
    assert answer.err.count("\n") == 1
    assert "tiger" not in answer.err


# The words of the command line


@pytest.fixture
def odd(here):
    """Files that lack something, or have it the other way round."""
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
        (("zone", "--along", "nocrs.shp", "--km", "1"), "--crs EPSG:4326 fits"),
        (("zone", "--along", "areas.gpkg", "--layer", "more", "--km", "1"), "read by --around"),
        (("zone", "--around", "areas.gpkg", "--km", "1"), "Tell --layer:"),
        (("zone", "--around", "nocrs.shp", "--crs", "EPSG:4326", "--km", "1"), "read by --along"),
        (("zone", "--along", "table.csv", "--km", "1"), "--places reads tables"),
        (("settlements", "--places", "turned.gpkg"), "--places-swap turns them"),
        (("settlements", "--places", "nocrs-places.shp"), "--places-crs EPSG:4326 fits"),
    ],
)
def test_remedies_are_options(run, odd, args, said):
    answer = run(*args)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert "()" not in answer.err
    assert not re.search(r"\b(crs|swap|layer)=", answer.err)


def test_options_of_files_are_heeded(run, odd):
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


def test_points_without_an_accuracy_are_told_of(run, odd):
    (odd / "sure.csv").write_text("name,lat,lon,accuracy_m\nA,51,35,50\n")
    assert "no column accuracy_m" in run("settlements", *SHORT, "--places", "table.csv").err
    assert run("settlements", *SHORT, "--places", "sure.csv").err == ""


def test_one_swapped_row_among_others_is_told_of(run, here):
    rows = "A,51.0,35.0\nB,51.1,35.1\nC,34.2,51.2\n"
    (here / "one.csv").write_text(f"name,lat,lon\n{rows}")
    for command in ("settlements", "exposure"):
        err = run(command, *SHORT, "--places", "one.csv").err
        assert "1 row far from the border, but near it with longitude and latitude swapped" in err
        assert "'C'" in err


# What a reader needs beside the numbers


def test_headings_tell_the_side(run):
    for command in ("exposure", "settlements"):
        assert run(command, *SHORT).out.splitlines()[0].endswith(", both sides")
        told = run(command, *SHORT, "--side", "Ukraine").out.splitlines()[0]
        assert told.endswith(", side: Ukraine")
        assert run(command, "--km", "5").out.splitlines()[0].endswith(" – side: Ukraine")


def test_rings_are_not_to_be_added_up(run):
    assert "Do not add rings up" in run("exposure", *SHORT, "--km", "3,6").out
    assert "Do not add rings up" not in run("exposure", *SHORT, "--km", "3,6", "--cumulative").out
    assert "Do not add rings up" not in run("exposure", *SHORT, "--km", "6").out


def test_counts_say_where_they_are_from(run, here):
    told = run("exposure", *SHORT).out
    assert "Border: © OpenStreetMap contributors" in told
    assert "As of 2026." in told
    assert "Places and people: GeoNames gazetteer" in told
    assert "pre-war" in told
    (here / "mine.csv").write_text("name,lat,lon,population,accuracy_m\nA,51,35,10,5\n")
    assert "pre-war" not in run("exposure", *SHORT, "--places", "mine.csv").out


def test_unknown_is_not_printed_as_none(run, here):
    rows = "A,51.0,35.3,,5\nB,51.0,35.31,,5\n"
    (here / "mine.csv").write_text(f"name,lat,lon,population,accuracy_m\n{rows}")
    answer = run("exposure", *SHORT, "--km", "100", "--places", "mine.csv")
    (row,) = [line for line in answer.out.splitlines() if line.strip().startswith("0–100 km")]
    assert row.split()[2:] == ["2", "–", "2", "0", "0", "0"]
