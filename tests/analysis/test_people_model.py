"""The modelled range of people, with figures that can be checked by hand."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import geobuffer as gb
from geobuffer.analysis.classify import classify_table
from geobuffer.analysis.people_model import model_sizes
from geobuffer.analysis.probability import ERROR_SHARES, ERROR_SIGMAS, normal_cdf


def _table(zone_km=0.5, *, count=40):
    """Return small places of two oblasts on the border, with 100 and 200 people, and others."""
    rows = [("A", 100.0)] * count + [("B", 200.0)] * count + [("B", 10_000.0), ("A", np.nan)]
    frame = pd.DataFrame(rows, columns=["oblast", "population"])
    frame["accuracy_m"] = 1.0
    frame["population_as_of"] = "2020"
    frame["name"] = [f"place {n}" for n in range(len(frame))]
    # All lie 20 km from the border, but for the last two, which lie in a zone of 5 km.
    lon = np.where(np.arange(len(frame)) < 2 * count, 30.3, 30.01)
    lat = np.linspace(50.2, 50.8, len(frame))
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")


@pytest.fixture(scope="module")
def near(strip):
    return gb.build_zone(strip, km=5, tolerance_m=10)


def test_places_without_a_figure_are_as_large_as_small_ones(near):
    row = gb.exposure(_table(), near).iloc[0]
    assert (row["population"], row["without_figure"]) == (10_000, 1)
    # One place of 10,000, and one of 100 to 200, with two digits.
    assert row["population_model_low"] == 10_000
    assert row["population_model_high"] == 10_000
    alone = _table().drop(index=80)
    row = gb.exposure(alone, near).iloc[0]
    low, high = row["population_model_low"], row["population_model_high"]
    # Sizes of 100 and of 200 have a standard deviation of 50.
    assert (low, high) == (round(100 - 1.645 * 50), round(200 + 1.645 * 50, -1))


def test_the_model_is_described_and_can_be_left_out(near):
    table = gb.exposure(_table(), near)
    said = table.attrs["geobuffer"]["population_model"]
    assert "fewer than 500 people in A, B within 60 km: 100 to 200 on average" in said
    assert "2020" in said
    without = gb.exposure(_table(), near, model=False)
    assert not [name for name in without if "model" in name]
    assert "population_model" not in without.attrs["geobuffer"]
    pd.testing.assert_frame_equal(
        without, table.drop(columns=["population_model_low", "population_model_high"])
    )


def test_too_few_comparable_places_give_no_range(near):
    row = gb.exposure(_table(count=20), near).iloc[0]
    assert row[["population_model_low", "population_model_high"]].isna().all()


def test_totals_of_hromadas_are_shared_by_the_places_without_a_figure():
    code, other = "UA59080270000000000", "UA59080290000000000"
    table = pd.DataFrame({"hromada_code": [code, code, code, other]})
    people = np.array([100.0, np.nan, np.nan, np.nan])
    found = model_sizes(table, people, np.zeros(4), {code: 500.0, other: 50.0})
    (choice,) = found.choices
    assert choice.people.tolist() == [100, 200, 200, 50]
    assert "totals of their hromadas" in str(found.basis)
    # A place of another hromada is of unknown size, and no place is comparable.
    assert model_sizes(table, people, np.zeros(4), {code: 500.0}) is None


@pytest.mark.parametrize("totals", [7, {"UA": "many"}, {1: 2.0}])
def test_wrong_totals_are_refused(near, totals):
    with pytest.raises(gb.WrongKind, match="totals"):
        gb.exposure(_table(), near, totals=totals)


def test_the_range_never_begins_below_the_floor(towns, zone):
    every = gb.load_settlements(located="all")
    for by in ("oblast", "section", "hromada_code"):
        table = gb.exposure(every, zone, by=by)
        low, high = table["population_model_low"], table["population_model_high"]
        assert (low >= table["population"]).all()
        assert (high >= low).all()


@pytest.mark.parametrize(
    ("radius_m", "accuracy_m"), [(0.0, 500.0), (2000.0, 500.0), (8000.0, 900.0)]
)
def test_people_of_a_large_place_are_spread_over_its_extent(near, radius_m, accuracy_m):
    # A city whose point lies on the edge, drawn by the errors of its point alone.
    table = _table().iloc[[80]].assign(accuracy_m=accuracy_m, radius_m=radius_m, population=1e6)
    edge = gpd.points_from_xy([30.0 + 5.0 / 71.0], [50.5])
    table = table.set_geometry(gpd.GeoSeries(edge, table.index, crs="EPSG:4326"))
    found = classify_table(table, near)
    rng = np.random.default_rng(1)
    sigma = rng.choice(ERROR_SIGMAS, 40_000, p=ERROR_SHARES) * accuracy_m / 1e3
    moved = rng.normal(0.0, 1.0, 40_000) * sigma
    extent = max(radius_m / 2e3, 1e-9)
    inside = normal_cdf(moved / extent)
    whole = found.uncertainty.errors.measure_whole()
    assert float(whole[0]) == pytest.approx(inside.var() / 0.25, abs=0.02)


@pytest.mark.parametrize(
    ("counted", "ends"),
    [(431.5, (200, 430)), (250.0, (200, 300)), (40.0, (120, 300)), (None, (200, 300))],
)
def test_a_raster_is_one_more_choice(counted, ends):
    facts = {"ring": ["0–5 km"], "places": [3], "population": [120]}
    places = pd.DataFrame(facts | {"population_model_low": [200], "population_model_high": [300]})
    places.attrs = {"geobuffer": {"population_model": "sizes"}}
    raster = pd.DataFrame({"ring": ["0–5 km"], "population": [counted], "no_data_share": [0.0]})
    joined = gb.compare_exposure(places, raster.astype({"population": float}))
    low, high = joined["population_model_low"].item(), joined["population_model_high"].item()
    assert (low, high) == ends
    said = joined.attrs["geobuffer"]["population_model"]
    assert said == "sizes; or as many as the raster counts"
    assert places.attrs == {"geobuffer": {"population_model": "sizes"}}


def test_totals_are_one_choice_beside_comparable_places(near):
    table = _table().drop(index=80).assign(hromada_code="UA59080270000000000")
    plain, more = (
        gb.exposure(table, near, totals=totals).iloc[0] for totals in (None, {"UA5908027": 1e6})
    )
    assert more["population_model_low"] == plain["population_model_low"]
    # What is left of the million, after 12,000 people of the other places.
    assert more["population_model_high"] == 990_000
