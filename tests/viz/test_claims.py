"""Claims of a scenario are judged only by distances and by lower limits of people."""

from dataclasses import replace

import geopandas as gpd
import pytest
import shapely

import geobuffer as gb
from geobuffer.viz.claims import compare_people


@pytest.fixture(scope="module")
def zone():
    """10 km about a point at 30° E, 50° N; a minute of latitude there is 1.85 km."""
    around = gb.border_around(shapely.Point(30, 50), source=gb.Source("a test"))
    return gb.build_zone(around, km=10, side="around")


@pytest.fixture(scope="module")
def places():
    rows = [
        ("Nearby", 50.01, 300, 500, "East"), ("Faraway", 50.5, None, 500, "East"),
        ("Edgewater", 50.0899, 70, 500, "West"), ("Twinham", 50.02, 20, 500, "West"),
        ("Twinham", 50.03, None, 500, "East"), ("Lost", None, 9, 500, "East"),
    ]  # fmt: skip
    names, north, people, accuracy_m, oblast = zip(*rows, strict=True)
    points = [None if lat is None else shapely.Point(30, lat) for lat in north]
    return gpd.GeoDataFrame(
        {"name": names, "population": people, "accuracy_m": accuracy_m, "oblast": oblast},
        geometry=points, crs="EPSG:4326",
    )  # fmt: skip


def make_scenario(*reports, places=()):
    return gb.Scenario("A test", ("A",), ("B",), 10, reports=reports, places=places)


pytestmark = pytest.mark.filterwarnings("ignore:.*without a point", "ignore:.*no point")


@pytest.mark.parametrize(
    ("name", "verdict", "figure", "why"),
    [
        ("Nearby", "supported", "1.1 km, inside, probability above 0.99", "inside the zone"),
        ("Faraway", "contradicted", "55.6 km, outside, probability below 0.01", "outside"),
        ("Edgewater", "not decidable", "10.0 km, uncertain, probability 0.5", "than its position"),
        ("Twinham", "not decidable", "2 places", "2 places of the table bear this name"),
        ("Lost", "not decidable", "no position", "known by name only"),
        ("Nowhere", "not decidable", "", "no such place"),
    ],
)
def test_a_named_place(zone, places, name, verdict, figure, why):
    report = gb.Report("They are in it.", places=((name, ""),))
    row = gb.check_scenario(make_scenario(report), zone, places).iloc[0]
    assert (row["verdict"], row["about"], row["claim"]) == (verdict, name, "They are in it.")
    assert row["figure"].startswith(figure)
    assert why in row["why"]
    # A place that no report gives is judged the same, on a row of its own.
    alone = gb.check_scenario(make_scenario(places=((name, ""),)), zone, places).iloc[0]
    assert (alone["verdict"], alone["why"]) == (verdict, row["why"])


@pytest.mark.parametrize(
    ("claimed", "verdict", "why"),
    [
        ((100, "", False), "not decidable", "Not the same"),
        ((100, "", True), "contradicted", "Fewer than the lower limit"),
        ((320, "", True), "not decidable", "cannot confirm"),
        ((299, "East", True), "contradicted", "for 1 of its 2 sure places"),
        ((10, "West", False), "not decidable", "the whole West oblast"),
        ((10, "North", True), "not decidable", "no figure of people"),
    ],
)
def test_a_number_of_people(zone, places, claimed, verdict, why):
    people, oblast, all_within = claimed
    report = gb.Report("So many.", people=people, oblast=oblast, all_within=all_within)
    row = gb.check_scenario(make_scenario(report), zone, places).iloc[0]
    assert (row["verdict"], why in row["why"]) == (verdict, True), row["why"]
    floors = {"": 320, "East": 300, "West": 20}
    assert (None if row.isna()["people"] else row["people"]) == floors.get(oblast)
    (alone,) = compare_people(make_scenario(replace(report, km=3.0)), zone, places)
    assert alone["why"] == row["why"]


def test_a_width_and_a_report_of_nothing(zone, places):
    reports = gb.Report("Wide.", km="9 km"), gb.Report("It is to come.")
    wide, nothing = gb.check_scenario(make_scenario(*reports), zone, places).itertuples()
    assert (wide.verdict, nothing.verdict) == ("not decidable", "not decidable")
    assert wide.why.endswith("The zone here is not as wide: 10 km.")
    expected = gb.exposure(places, zone).iloc[0]
    assert wide.expected == expected["expected"]
    assert f"{expected['expected_low']}–{expected['expected_high']}" in wide.figure
    assert nothing.why.startswith("The report gives no place")


def test_a_place_whose_point_contradicts_its_country_is_not_decidable(strip):
    # Its point lies in the zone, but on the side of the other country.
    zone = gb.build_zone(strip, km=5, side="both", tolerance_m=10)
    row = {
        "name": ["Nearby"],
        "accuracy_m": [100.0],
        "country": [strip.sides[1].regions[0].country],
    }
    west = gpd.GeoDataFrame(row, geometry=[shapely.Point(29.98, 50.5)], crs="EPSG:4326")
    scenario = make_scenario(gb.Report("There.", places=(("Nearby", ""),)))
    (place,) = gb.check_scenario(scenario, zone, west).itertuples()
    conflict = gb.classify(west, zone)["conflict"].item()
    assert conflict
    assert place.verdict == "not decidable"
    assert f"but its point is in doubt: {conflict}".rstrip(".") in place.why


def test_a_table_without_accuracies(zone, places):
    scenario = make_scenario(gb.Report("There.", places=(("Nearby", ""),), km=10))
    place, wide = gb.check_scenario(
        scenario, zone, places.drop(columns=["accuracy_m"])
    ).itertuples()
    assert (place.verdict, place.figure) == ("supported", "1.1 km, inside")
    assert "they count as exact" in place.why
    assert wide.figure == "10 km"


def test_a_table_without_rows_decides_nothing():
    scenario = gb.load_scenario()
    zone = gb.scenario_zone(scenario, gb.load_regions())
    checked = gb.check_scenario(scenario, zone, gb.load_settlements().iloc[:0])
    assert set(checked["verdict"]) == {"not decidable"}
