"""``geobuffer exposure`` and ``curve``: counts of places and people, and their sources."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import PIL.Image
import pytest
import rasterio
import shapely
from support.cli import SHORT, Answer

import geobuffer as gb


def test_exposure_out_to_a_workbook(run, here):
    run("exposure", *SHORT, "--by", "section", "--out", here / "counts.xlsx")
    rows = run("exposure", *SHORT, "--by", "section", "--json").json
    written = pd.read_excel(here / "counts.xlsx")
    assert written[list(rows[0])].to_dict("records") == rows
    # The workbook states the sources of its figures once.
    about = pd.read_excel(here / "counts.xlsx", sheet_name="about", header=None).set_index(0)[1]
    assert about["border_licence"] == "ODbL-1.0"
    assert "GeoNames" in about["places_source"]


def _rows(table):
    return json.loads(table.to_json(orient="records", force_ascii=False, double_precision=9))


@pytest.fixture(scope="module")
def every():
    """The bundled places, also those without a point: what the command line counts."""
    return gb.load_settlements(located="all")


def test_exposure_counts_the_announced_zone(run, every, zone):
    assert run("exposure", "--json").json == _rows(gb.exposure(every, zone))


@pytest.mark.parametrize("by", ["oblast", "raion", "section"])
def test_exposure_by_a_column(run, every, short, by):
    rows = run("exposure", *SHORT, "--km", "6", "--by", by, "--json").json
    assert rows == _rows(gb.exposure(every, short, by=by))
    assert len({row[by] for row in rows}) == len(rows)


def test_exposure_cumulative(run, every, regions):
    border = gb.border_between(regions["Belgorod"], regions["Sumy"])
    zone = gb.build_zone(border, km=[3, 6], side="Ukraine", tolerance_m=1)
    args = ("exposure", *SHORT, "--km", "3,6", "--side", "Ukraine", "--json")
    rings, within = run(*args).json, run(*args, "--cumulative").json
    assert rings == _rows(gb.exposure(every, zone))
    assert within == _rows(gb.exposure(every, zone, cumulative=True))
    assert [row["ring"] for row in rings] == ["0–3 km", "3–6 km"]
    assert [row["within_km"] for row in within] == [3, 6]
    assert within[1]["places"] > rings[1]["places"]


def test_exposure_from_a_distance_says_so(run, here):
    args = ("exposure", "--from-km", "5", "--km", "10", "--cumulative")
    (row,) = run(*args, "--json").json
    assert (row["from_km"], row["within_km"], row["places"], row["not_located"]) == (5, 10, 94, 218)
    out = run(*args).out
    assert " from 5 to 10 km " in out
    assert "within km" not in out
    run(*args, "--out", "counts.csv")
    assert pd.read_csv(here / "counts.csv")[["from_km", "within_km"]].to_numpy().tolist() == [
        [5, 10]
    ]


def test_exposure_and_curve_count_places_that_are_not_located(run, here):
    assert [row["not_located"] for row in run("exposure", "--json").json] == [218]
    args = ("curve", "--to-km", "10", "--out", "curve.csv")
    assert [row["not_located"] for row in run(*args, "--json").json] == [193, 218]
    assert pd.read_csv(here / "curve.csv")["not_located"].tolist() == [193, 218]
    assert "\n218 more places of the same hromadas are known by name" in run("exposure").out
    for args in (("curve", "--to-km", "10"), ("exposure", "--by", "oblast")):
        out = run(*args).out
        assert "not located" in out
        assert "“Not located” counts more places of the same hromadas" in out


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
    # A file also states the border from which distances were measured.
    assert {"border_source", "border_licence"} <= set(table) - set(rows[0])
    assert table[list(rows[0])].to_dict("records") == rows
    printed = run("exposure", *SHORT, "--by", "section", "--out", path, "--json")
    assert printed.json == rows


def test_exposure_prints_at_least_so_many_people(run):
    out = run("exposure", *SHORT).out
    for said in ("0–10 km", "at least", "Places are uncertain if"):
        assert said in out
    (head,) = (line for line in out.splitlines() if line.startswith(" ring"))
    (row,) = (line for line in out.splitlines() if line.startswith(" 0–10 km"))
    titles = "ring expected inside people no_figure_for uncertain people no_figure_for"
    assert head.replace("no figure for", "no_figure_for").split() == titles.split()
    (facts,) = run("exposure", *SHORT, "--json").json
    counts = ("places", "population", "without_figure", "uncertain", "population_uncertain",
              "uncertain_without_figure")  # fmt: skip
    expected = f"{facts['expected']:.0f} ({facts['expected_low']}–{facts['expected_high']})"
    assert row.split()[2:] == [*expected.split(), *(f"{facts[name]:,}" for name in counts)]
    about = expected.replace(" (", " places are expected in the zone, with 90 % probability ")
    assert f"About {about.replace('–', ' to ').replace(')', '')}; " in out


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


def test_exposure_of_several_rasters_reports_an_overlap(run, raster, here):
    other = here / "again.tif"
    other.write_bytes(raster.read_bytes())
    answer = run("exposure", *SHORT, "--raster", raster, "--raster", other, "--values", "counts")
    assert answer.code == 2
    assert "again.tif" in answer.err


def test_exposure_with_a_raster_prints_its_source(run, raster):
    out = run("exposure", *SHORT, "--raster", raster, "--values", "density").out
    for said in ("raster", "no data", "a model's estimate", "at least"):
        assert said in out
    for options in (("--raster", raster), ("--values", "counts")):
        answer = run("exposure", *SHORT, *options)
        assert (answer.code, answer.out) == (2, "")
        assert "--raster and --values" in answer.err


def test_curve_beside_a_raster(run, raster, here):
    options = (*SHORT, "--side", "Ukraine", "--raster", raster, "--values", "density",
               "--as-of", "2025")  # fmt: skip
    steps = ("--to-km", "20", "--step-km", "10")
    rows = run("curve", *options, *steps, "--json").json
    alone = run("exposure", *options, "--km", "10,20", "--cumulative", "--json").json
    for row, other in zip(rows, alone, strict=True):
        assert row["within_km"] == other["within_km"]
        assert row["places"] == other["places"]
        assert row["population_raster"] == pytest.approx(other["population_raster"], rel=2e-3)
        assert (row["as_of_raster"], row["source_raster"]) == ("2025", "people.tif")
    printed = run("curve", *options, *steps).out
    assert f"{round(rows[-1]['population_raster']):,}" in printed
    assert "a model's estimate" in printed
    pictures = []
    for words in (options, options[:6]):
        assert run("curve", *words, *steps, "--png", "curve.png").code == 0
        pictures.append((here / "curve.png").read_bytes())
    assert pictures[0] != pictures[1]
    assert "together" in run("curve", *SHORT, "--raster", raster).err


def test_curve_lists_every_distance(run, every, short, here):
    args = ("curve", *SHORT, "--side", "Ukraine", "--to-km", "20", "--step-km", "10")
    rows = json.loads(run(*args, "--json").out)
    wide = gb.exposure_curve(every, short.border, side="Ukraine", to_km=20, step_km=10)
    assert [row["within_km"] for row in rows] == [10, 20]
    assert [row["places"] for row in rows] == wide["places"].tolist()
    assert "within km" in run(*args).out
    picture = ("--png", "curve.png", "--size", "800x500", "--language", "uk")
    assert run(*args, "--out", "curve.csv", *picture).code == 0
    assert pd.read_csv(here / "curve.csv")["places"].tolist() == wide["places"].tolist()
    with PIL.Image.open(here / "curve.png") as picture:
        assert picture.size == (800, 500)
        assert len(picture.convert("RGB").getcolors(2**24)) > 10
    assert "'xx'" in run(*args, "--png", "curve.png", "--language", "xx").err


def test_a_raster_counts_people_where_no_settlements_are_bundled(run, raster):
    args = ("exposure", "--around", "49,31.5", "--raster", raster, "--values", "density")
    rows = run(*args, "--json").json
    assert "places" not in rows[0]
    assert rows[0]["population"] == pytest.approx(np.pi * 100, rel=1e-3)
    said = run(*args).out
    assert "314" in said
    assert "a model's estimate" in said
    assert "at least" not in said


def test_rings_are_not_to_be_added_up(run):
    assert "Do not add rings up" in run("exposure", *SHORT, "--km", "3,6").out
    assert "Do not add rings up" not in run("exposure", *SHORT, "--km", "3,6", "--cumulative").out
    assert "Do not add rings up" not in run("exposure", *SHORT, "--km", "6").out


def test_counts_are_printed_with_their_sources(run, here):
    text = run("exposure", *SHORT).out
    assert "Border: © OpenStreetMap contributors" in text
    assert "As of 2026." in text
    assert "Places and people: GeoNames gazetteer" in text
    assert "pre-war" in text
    (here / "mine.csv").write_text("name,lat,lon,population,accuracy_m\nA,51,35,10,5\n")
    assert "pre-war" not in run("exposure", *SHORT, "--places", "mine.csv").out


def test_unknown_is_not_printed_as_zero(run, here):
    rows = "A,51.0,35.3,,5\nB,51.0,35.31,,5\n"
    (here / "mine.csv").write_text(f"name,lat,lon,population,accuracy_m\n{rows}")
    answer = run("exposure", *SHORT, "--km", "100", "--places", "mine.csv")
    (row,) = [line for line in answer.out.splitlines() if line.strip().startswith("0–100 km")]
    assert row.split()[2:] == ["2", "2", "–", "2", "0", "0", "0"]


def test_exposure_shows_the_model_separately_or_not_at_all(run, here):
    (row,) = run("exposure", *SHORT, "--json").json
    low, high = row["population_model_low"], row["population_model_high"]
    assert row["population"] < low < high
    out = run("exposure", *SHORT).out
    assert f"A model gives {low:,} to {high:,} people in all: places without a figure" in out
    (plain,) = run("exposure", *SHORT, "--no-model", "--json").json
    assert plain == {name: value for name, value in row.items() if "model" not in name}
    assert "model" not in run("exposure", *SHORT, "--no-model").out
    assert "“Modelled” is a model's range" in run("exposure", *SHORT, "--by", "oblast").out


def test_any_columns_are_added_up(run, tmp_path):
    path = tmp_path / "clinics.csv"
    path.write_text("name,lat,lon,beds,staff\nA,51.12,35.03,120,10\nB,51.11,35.02,,12.5\n")
    asked = "--places", path, "--places-read", "accuracy_m=1", "--km", "10"
    (row,) = run("exposure", *asked, "--of", "beds", "--of", "staff", "--json").json
    assert (row["beds"], row["beds_without_figure"], row["staff"]) == (120, 1, 22.5)
    assert not {"population", "population_model_low"} & set(row)
    answer = run("exposure", *asked, "--of", "beds")
    assert "beds  no figure for" in answer.out
    assert "The sums are at least this" in answer.out
    assert "Invalid --of 'bed'. Did you mean 'beds'?" in run("exposure", *asked, "--of", "bed").err


def test_lines_and_areas_are_listed_and_counted(run, tmp_path, zone):
    road = shapely.LineString([(34.8, 50.91), (35.1, 51.2)])
    for name, shape, size in (("road", road, "km"), ("field", road.buffer(0.02), "km2")):
        columns = {"name": ["H07"], "cars": [100], "accuracy_m": [1.0]}
        table = gpd.GeoDataFrame(columns, geometry=[shape], crs=4326)
        table.to_file(tmp_path / f"{name}.gpkg")
        asked = "--places", tmp_path / f"{name}.gpkg"
        (row,) = run("settlements", *asked, "--json").json
        expected = gb.classify(table, zone).iloc[0]
        assert row["membership"] == "partly"
        assert row[f"inside_{size}"] == pytest.approx(expected[f"inside_{size}"], rel=1e-4)
        (shared,) = run("exposure", *asked, "--of", "cars", "--json").json
        assert shared["cars"] == pytest.approx(100 * row["share_inside"], rel=1e-6)
        (whole,) = run("exposure", *asked, "--of", "cars", "--whole", "--json").json
        assert (whole["features"], whole["cars"]) == (1, 100)
    assert "counts the lines or areas with a part there" in run("exposure", *asked).out
    # A map takes the outlines of places, and no roads.
    drawn = run("map", *asked, "--out", tmp_path / "map.html")
    assert (drawn.code, "0 settlements inside, 1 uncertain." in drawn.out) == (0, True)
    roads = "--places", tmp_path / "road.gpkg"
    refused = run("map", *roads, "--out", tmp_path / "roads.html")
    assert (refused.code, "Must be a Point" in refused.err) == (2, True)
