"""``geobuffer zone``: widths, sides and ends; borders of regions, lines, points and areas."""

import json
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from support.cli import GEOD, SHORT, TITLE, Answer

import geobuffer as gb
from geobuffer.zones.translation import translate_all


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


def test_the_outline_keeps_to_the_tolerance(run, here):
    facts, vertices = {}, {}
    for tolerance in ("50", "0.5"):
        path = here / f"{tolerance}.geojson"
        facts[tolerance] = run(
            "zone", *SHORT, "--km", "6", "--tolerance", tolerance, "--out", path, "--json"
        ).json
        vertices[tolerance] = shapely.get_num_coordinates(gpd.read_file(path).geometry.item())
    assert facts["0.5"]["edge_error_m"] <= 0.5 < facts["50"]["edge_error_m"] <= 50
    assert facts["0.5"]["area_km2"] != facts["50"]["area_km2"]
    # An edge some 330 km long with an error of at most 50 m changes the area by at most 17 km².
    assert facts["50"]["area_km2"] == pytest.approx(facts["0.5"]["area_km2"], abs=17)
    assert vertices["0.5"] > 2 * vertices["50"]


def test_a_scenario_file_sets_the_zone(run, mine):
    facts = run("zone", "--scenario", mine, "--json").json
    assert (facts["side"], facts["ends"], facts["edges_km"]) == ("Russia", "flat", [0, 3, 6])
    assert facts["sections"] == ["Belgorod–Sumy"]


def test_a_scenario_file_of_a_point_needs_no_option(run, tmp_path):
    file = tmp_path / "plant.toml"
    file.write_text("title = 'Plant'\n[zone]\naround = '51.39, 30.1'\nkm = [10, 30]\n", "utf-8")
    given = run("zone", "--around", "51.39,30.1", "--km", "10,30", "--json").json
    assert run("zone", "--scenario", file, "--json").json == given
    assert run("zone", "--scenario", file).out.splitlines()[0].strip() == "Plant"
    wider = run("zone", "--scenario", file, "--km", "40", "--json").json
    assert (wider["edges_km"], wider["sections"]) == ([0, 40], given["sections"])
    refused = run("zone", "--scenario", file, "--land-only")
    assert refused.code == 2
    assert "Invalid --land-only with a --scenario that has 'around'" in refused.err


def test_options_override_the_scenario_file(run, mine):
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
    # One line reports what a shapefile cannot hold.
    assert answer.err.count("\n") == (suffix == "shp.zip")
    assert ("'edge_error_m' is called 'edge_error'" in answer.err) == (suffix == "shp.zip")


def test_zone_out_can_be_read_again(run, here):
    run("zone", *SHORT, "--km", "2,6", "--ends", "flat", "--out", here / "zone.gpkg")
    zone = gb.read_zone(here / "zone.gpkg")
    assert (zone.edges_km, zone.ends, zone.sections[0].name) == ((0, 2, 6), "flat", "Belgorod–Sumy")


def test_zone_prints_its_facts(run, here):
    answer = run("zone", *SHORT, "--km", "2,6", "--ends", "flat", "--out", "zone.fgb")
    assert (answer.code, answer.err) == (0, "")
    for said in ("0–2 km", "2–6 km", "km²", TITLE.format("2 / 6"), "both sides", "ends: flat",
                 "Belgorod–Sumy", "edges within", "Wrote zone.fgb."):  # fmt: skip
        assert said in answer.out
    assert (here / "zone.fgb").is_file()


def test_a_changed_default_is_no_longer_called_the_announced_one(run):
    assert gb.load_scenario().title in run("zone", "--tolerance", "50").out
    changed = run("zone", "--tolerance", "50", "--km", "5").out
    assert gb.load_scenario().title not in changed
    assert "Not as announced: 5 km" in changed


def test_a_width_for_each_side_is_on_both_sides(run, short):
    facts = run("zone", *SHORT, "--km", "Ukraine=6,Russia=3", "--json").json
    narrow = gb.build_zone(short.border, km=3, side="Russia", tolerance_m=1)
    wide = gb.build_zone(short.border, km=6, side="Ukraine", tolerance_m=1)
    assert facts["area_km2"] == pytest.approx(narrow.area_km2 + wide.area_km2, rel=1e-4)
    # Widths by side mean both sides, although the default zone has only one.
    coarse = ("--km", "Ukraine=1,Russia=1", "--tolerance", "50")
    assert run("zone", *coarse, "--json").json["side"] == "both"


def test_a_width_for_each_section(run, short):
    facts = run("zone", *SHORT, "--km", "Belgorod–Sumy=6", "--json").json
    assert facts["area_km2"] == pytest.approx(short.area_km2, rel=1e-4)


def test_from_km_leaves_out_what_is_nearer(run, short):
    facts = run("zone", *SHORT, "--km", "6", "--from-km", "2", "--json").json
    inner = gb.build_zone(short.border, km=2, tolerance_m=1)
    assert facts["edges_km"] == [2, 6]
    assert facts["area_km2"] == pytest.approx(short.area_km2 - inner.area_km2, rel=1e-4)


@pytest.fixture
def river(tmp_path):
    line = shapely.LineString([(34.8, 50.7), (34.8, 51.1)])
    table = gpd.GeoDataFrame({"name": ["Psel"]}, geometry=[line], crs="EPSG:4326")
    table.to_file(tmp_path / "river.gpkg")
    return tmp_path / "river.gpkg"


def test_along_a_line_left_and_right_are_sides(run, river, here):
    facts = run("zone", "--along", river, "--km", "2", "--side", "left", "--json").json
    assert facts["sections"] == ["Psel"]
    # A strip of 2 km on one side of the line, and a quarter of a disc at each end.
    assert facts["area_km2"] == pytest.approx(facts["border_km"] * 2 + np.pi * 4 / 2, rel=1e-3)
    assert "from the river, on its right." in run("where", "50.9", "34.9", "--along", river).out
    assert "\nRiver: Psel.\n" in run("zone", "--along", river, "--km", "2").out
    answer = run("map", "--along", river, "--out", "river.html", "--png", "river.png")
    assert answer.code == 0, answer.err
    assert "Psel" in (here / "river.html").read_text(encoding="utf-8")


def test_around_a_point_is_a_disc(run, towns):
    facts = run("zone", "--around", "50.908,34.803", "--km", "10", "--json").json
    assert facts["area_km2"] == pytest.approx(np.pi * 100, rel=1e-4)
    rows = json.loads(run("settlements", "--around", "50.908,34.803", "--json").out)
    _, _, metres = GEOD.inv(
        np.full(len(towns), 34.803), np.full(len(towns), 50.908),
        towns.geometry.x, towns.geometry.y,
    )  # fmt: skip
    sure = towns[metres + towns["accuracy_m"].fillna(0) + towns["radius_m"].fillna(0) < 10_000]
    assert {row["id"] for row in rows} >= set(sure["id"])
    assert {row["id"] for row in rows} <= set(towns["id"][metres < 20_000])


def test_the_answer_about_a_point_names_no_border(run, here):
    point = ("--around", "50.908,34.803")
    answer = run("where", "50.9", "34.8", *point)
    km = GEOD.inv(34.8, 50.9, 34.803, 50.908)[2] / 1e3
    assert answer == Answer(0, f"{km:.3f} km from 50.908, 34.803.\n", "")
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
    assert facts["kind"] == "point"
    assert facts["titles"]["en"] == "10 km around 50.908, 34.803"
    # The page shows the bundled oblasts around it as context.
    assert "Sumy" in [region["name"] for region in facts["regions"]]


def test_around_the_areas_of_a_file(run, own):
    (_, file, *_), _ = own
    args = ("--around", file, "--region-name", "park", "--km", "1", "--side", "outside")
    facts = run("zone", *args, "--json").json
    assert facts["side"] == "outside"
    perimeter_km = GEOD.geometry_area_perimeter(shapely.box(10, 45, 12, 46))[1] / 1e3
    assert facts["area_km2"] == pytest.approx(perimeter_km + np.pi, rel=1e-2)
    assert "0.000 km from the areas, inside." in run("where", "45.5", "11", *args[:4]).out


def test_around_a_file_fills_its_areas_and_outline_does_not(run, own, tmp_path):
    (_, file, *_), _ = own
    parks = ("--region-name", "park", "--km", "1", "--json")
    area_km2 = (
        abs(GEOD.geometry_area_perimeter(shapely.segmentize(shapely.box(10, 45, 12, 46), 0.01))[0])
        / 1e6
    )
    facts = run("zone", "--around", file, *parks).json
    outside = run("zone", "--around", file, *parks, "--side", "outside").json
    band = run("zone", "--outline", file, *parks).json
    assert (facts["side"], outside["side"], band["side"]) == ("around", "outside", "both")
    assert facts["area_km2"] == pytest.approx(area_km2 + outside["area_km2"], rel=1e-6)
    assert outside["area_km2"] < band["area_km2"] < area_km2
    (tmp_path / "towns.csv").write_text(
        "name,lat,lon,accuracy_m\nMiddle,45.5,11,50\nFar,47,11,50\n"
    )
    places = ("--places", tmp_path / "towns.csv")
    [row] = json.loads(run("settlements", "--around", file, *parks, *places).out)
    assert (row["name"], row["distance_km"], row["membership"]) == ("Middle", 0, "inside")
    assert json.loads(run("settlements", "--outline", file, *parks, *places).out) == []
    curve = run("curve", "--around", file, *parks[:2], "--to-km", "10", *places, "--json").out
    assert [one["places"] for one in json.loads(curve)] == [1, 1]
    told = run("zone", "--around", file, *parks[:4]).out
    assert told.startswith("1 km around Left; Right\n")  # outlines have no ends
    assert "\nOutline: Left + Right.\n" in told
    by_side = ("--region-name", "park", "--km", "inside=1,outside=2", "--json")
    assert run("zone", "--around", file, *by_side).json["side"] == "both"
    by_section = ("--region-name", "park", "--km", "Left + Right=1", "--json")
    assert run("zone", "--around", file, *by_section).json["area_km2"] == facts["area_km2"]
    both = run("zone", "--around", file, "--outline", file, "--km", "1")
    assert (both.code, both.out) == (2, "")
    assert "--around with --outline" in both.err


def test_around_takes_files_of_lines_and_points_too(run, tmp_path):
    line, point = shapely.LineString([(30, 50), (30.1, 50)]), shapely.Point(30.5, 50)
    mixed = [shapely.GeometryCollection([shapely.box(31, 50, 31.1, 50.1), point]), line]
    table = gpd.GeoDataFrame({"name": ["Works", "Road"]}, geometry=mixed, crs=4326)
    table.to_file(tmp_path / "mixed.geojson")
    facts = run("zone", "--around", tmp_path / "mixed.geojson", "--km", "1", "--json").json
    assert facts["side"] == "around"
    assert facts["sections"] == ["Works", "Road", "Works"]
    one = gb.build_zone(border=gb.border_around(mixed, source=gb.Source("x")), km=1, side="around")
    assert facts["area_km2"] == pytest.approx(one.area_km2, rel=1e-6)
    table.iloc[1:].to_file(tmp_path / "road.gpkg")
    road = run("zone", "--around", tmp_path / "road.gpkg", "--km", "1", "--json").json
    along = run("zone", "--along", tmp_path / "road.gpkg", "--km", "1", "--json").json
    assert road["area_km2"] == pytest.approx(along["area_km2"], rel=1e-6)


def test_gap_heals_outlines_that_do_not_match(run, tmp_path):
    squares = [shapely.box(10, 45, 11, 46), shapely.box(11.001, 45, 12, 46)]
    table = gpd.GeoDataFrame({"name": ["A", "B"]}, geometry=squares, crs="EPSG:4326")
    table.to_file(tmp_path / "apart.gpkg")
    args = ("--regions", tmp_path / "apart.gpkg", "--between", "A", "--and", "B")
    apart = run("zone", *args)
    assert apart.code == 2
    assert "km apart" in apart.err
    facts = run("zone", *args, "--gap-m", "100", "--json").json
    assert facts["healing"]["tolerance_m"] == 100
    assert "do not match exactly" in run("zone", *args, "--gap-m", "100").out


@pytest.fixture
def coast(here):
    """A file of two regions that meet from the steppe near Odesa far into the Black Sea."""
    shapes = [shapely.box(30.5, 45, 31.5, 48), shapely.box(31.5, 45, 32.5, 48)]
    table = gpd.GeoDataFrame({"name": ["West", "East"]}, geometry=shapes, crs="EPSG:4326")
    table.to_file(here / "coast.geojson")
    return ("--regions", "coast.geojson", "--between", "West", "--and", "East", "--km", "2")


def test_kilometres_at_sea_are_reported_and_left_out(run, coast):
    answer = run("zone", *coast, "--tolerance", "10")
    facts = run("zone", *coast, "--tolerance", "10", "--json").json
    assert facts["sea_km"] == pytest.approx(2.7 * 111.15 - 111.15, abs=8)
    assert f"{facts['sea_km']:,.1f} km of it run at sea" in answer.out
    dry = run("zone", *coast, "--tolerance", "10", "--land-only", "--json").json
    assert dry["sea_km"] == 0
    assert dry["border_km"] == pytest.approx(facts["border_km"] - facts["sea_km"])
    assert dry["area_km2"] == pytest.approx(dry["border_km"] * 4 + np.pi * 4, rel=1e-3)
    assert "at sea" not in run("zone", *SHORT, "--km", "6", "--tolerance", "10").out


def test_every_command_takes_land_only(run, coast):
    Path("towns.csv").write_text("name,lon,lat\nOn land,31.51,47.5\nAt sea,31.51,45.5\n")
    Path("points.csv").write_text("name,lon,lat\nOn land,31.51,47.5\nAt sea,31.51,45.5\n")
    own = (*coast, "--places", "towns.csv")
    for flags, names in (((), {"On land", "At sea"}), (("--land-only",), {"On land"})):
        rows = run("settlements", *own, *flags, "--json")
        assert {row["name"] for row in json.loads(rows.out)} == names
        assert run("bulk", "points.csv", f"out{len(flags)}.csv", *coast, *flags).code == 0
        text = Path(f"out{len(flags)}.csv").read_text(encoding="utf-8")
        assert text.count('"inside"') == len(names)
    asked = [part for part in coast if part not in ("--km", "2")]
    for flags, km in (((), 0.78), (("--land-only",), 140)):
        answer = run("where", "45.5, 31.51", *asked, *flags, "--json")
        assert json.loads(answer.out)["distance_km"] == pytest.approx(km, rel=0.1)
    assert run("exposure", *own, "--land-only").code == 0
    assert run("map", *own, "--land-only", "--out", "map.html").code == 0
    page = Path("map.html").read_text(encoding="utf-8")
    said = translate_all("land_only")
    assert all(text in page for text in said.values())
    assert f"{said['en']}." in run("zone", *coast, "--land-only").out


def test_land_only_needs_a_border_of_regions(run):
    for line in (("--around", "50, 30"), ("--along", "line.geojson")):
        answer = run("zone", *line, "--land-only")
        assert answer.code == 2
        assert f"Invalid --land-only with {line[0]}" in answer.err


def test_no_land_border_is_an_error(run, here):
    shapes = [shapely.box(33, 43, 34, 44), shapely.box(34, 43, 35, 44)]
    table = gpd.GeoDataFrame({"name": ["West", "East"]}, geometry=shapes, crs="EPSG:4326")
    table.to_file(here / "sea.geojson")
    sea = ("--regions", "sea.geojson", "--between", "West", "--and", "East", "--km", "2")
    answer = run("zone", *sea, "--tolerance", "10")
    assert (answer.code, "All 111 km of the border run at sea" in answer.err) == (0, True)
    answer = run("zone", *sea, "--land-only")
    assert (answer.code, "No land border: all 111 km of it run at sea" in answer.err) == (2, True)
