"""Probabilities that places lie in a zone agree with randomly drawn places and with classes."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import geobuffer as gb
from geobuffer.analysis.probability import (
    ANY_SIDE,
    ERROR_SHARES,
    ERROR_SIGMAS,
    Errors,
    Interval,
    compute_probability,
    normal_cdf,
)
from geobuffer.geodesy.ellipsoid import direct

# The latitude of the middle of the border of `strip`.
LAT = 50.5
# With so many draws, the share inside is within 0.01 of the probability: 4 standard errors.
DRAWS = 40_000
CLOSE = 0.01


def _east(km):
    lon, _, _ = direct(30.0, LAT, 90.0 if km >= 0 else 270.0, abs(km) * 1e3)
    return np.asarray(lon).item()


def _place(km, **columns):
    """Return a table of one place so many kilometres east of the border."""
    row = {"accuracy_m": [500.0], **{name: [value] for name, value in columns.items()}}
    return gpd.GeoDataFrame(row, geometry=[shapely.Point(_east(km), LAT)], crs="EPSG:4326")


def _draw(km, zone, *, accuracy_m=500.0, radius_m=0.0, country=None, sides=None, seed=3):
    """Return the share of drawn middles of a place that lie in a zone, of those in its country.

    The share is an approximation of pytest, to four standard errors.
    """
    rng = np.random.default_rng(seed)
    sigma = rng.choice(ERROR_SIGMAS, DRAWS, p=ERROR_SHARES) * accuracy_m
    sigma = np.hypot(sigma, radius_m / 2.0)
    away = np.hypot(*rng.normal(0.0, sigma, (2, DRAWS)))
    lon, lat, _ = direct(
        np.full(DRAWS, _east(km)), np.full(DRAWS, LAT), rng.uniform(0, 360, DRAWS), away
    )
    found = gb.answer(lon, lat, zone)
    possible = np.ones(DRAWS, dtype=bool)
    if country is not None:
        # The country is that of a side of this zone, or of another one that is given.
        side = found.side if sides is None else gb.answer(lon, lat, sides).side
        possible = side == {"AA": 0, "BB": 1}[country]
    share = (found.ring[possible] >= 0).mean()
    return pytest.approx(share, abs=max(CLOSE, 2.0 / np.sqrt(possible.sum())))


@pytest.mark.parametrize("km", [-3.0, -0.2, 0.3, 4.6, 5.0, 5.4, 9.0])
@pytest.mark.parametrize("country", [None, "BB"])
@pytest.mark.parametrize("options", [{}, {"side": "East"}, {"from_km": 4.5}])
def test_probability_is_the_share_of_drawn_places(strip, km, country, options):
    zone = gb.build_zone(strip, km=5, tolerance_m=10, **options)
    table = _place(km) if country is None else _place(km, country=country)
    p = gb.classify(table, zone)["p_inside"].item()
    assert p == _draw(km, zone, country=country)


def test_the_extent_of_a_place_counts(strip):
    zone = gb.build_zone(strip, km=5, tolerance_m=10)
    p = gb.classify(_place(4.0, radius_m=2000.0), zone)["p_inside"].item()
    assert p == _draw(4.0, zone, radius_m=2000.0)
    assert p < gb.classify(_place(4.0, radius_m=0.0), zone)["p_inside"].item() - 0.05


def test_zones_made_of_zones(strip):
    wide, narrow = (gb.build_zone(strip, km=km, tolerance_m=10) for km in (8, 4))
    for zone in (gb.subtract(wide, narrow), gb.clip_zone(wide, strip.sides[1].regions)):
        for km in (0.3, 3.8, 4.2, 7.7):
            p = gb.classify(_place(km), zone)["p_inside"].item()
            assert p == _draw(km, zone)


def _corner_zones(strip):
    """Return zones with corners at 30° E and near it, 50.5° N: clipped, united and subtracted."""
    source = gb.Source("a map")
    zone = gb.build_zone(strip, km=5, tolerance_m=10)
    north = gb.Region("North", shapely.box(29, 50.5, 31, 51), source)
    along = gb.border_along(shapely.LineString([(29.5, 50.5), (30.5, 50.6)]), source=source)
    road = gb.build_zone(along, km=1, tolerance_m=10)
    return gb.clip_zone(zone, north), gb.unite(zone, road), gb.subtract(zone, road)


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("country", [None, "BB"])
def test_probabilities_near_corners_are_the_shares_of_drawn_places(strip, number, country):
    zone, sides = _corner_zones(strip)[number], gb.build_zone(strip, km=5, tolerance_m=10)
    # On each edge, on the corner and near it, inside and outside.
    for km in (0.3, 4.4, 5.0, 5.2):
        table = _place(km, accuracy_m=900.0)
        table = table if country is None else table.assign(country=country)
        p = gb.classify(table, zone)["p_inside"].item()
        drawn = _draw(km, zone, accuracy_m=900.0, country=country, sides=sides).expected
        # 320 points stand for each place.
        assert p == pytest.approx(drawn, abs=0.025)


def test_probabilities_near_corners_are_those_of_the_row_alone(strip):
    rng = np.random.default_rng(2)
    lon, lat = rng.uniform(29.9, 30.1, 300), rng.uniform(50.45, 50.6, 300)
    for zone in _corner_zones(strip):
        whole = gb.answer(lon, lat, zone, accuracy_m=1500.0).p_inside
        some = gb.answer(lon[100:103], lat[100:103], zone, accuracy_m=1500.0).p_inside
        assert whole[100:103].tolist() == some.tolist()


def test_flat_ends_and_zones_around(strip):
    flat = gb.build_zone(strip, km=5, ends="flat", tolerance_m=10)
    lon, lat, _ = (np.asarray(one).item() for one in direct(30.0, 51.0, 0.0, 100.0))
    table = gpd.GeoDataFrame(
        {"accuracy_m": [500.0]}, geometry=[shapely.Point(lon, lat)], crs="EPSG:4326"
    )
    # Beyond the end by 100 m: less than half of the errors bring it back.
    assert 0.2 < gb.classify(table, flat)["p_inside"].item() < 0.45
    around = gb.build_zone(
        gb.border_around(shapely.box(29.9, 50.4, 30.0, 50.6), source=gb.Source("a map")),
        km=2, side="around", tolerance_m=10,
    )  # fmt: skip
    inside, edge = (gb.classify(_place(km), around)["p_inside"].item() for km in (-3.0, 2.0))
    assert inside > 0.98
    assert edge == pytest.approx(0.5, abs=0.01)


def test_no_accuracy_no_probability(strip):
    zone = gb.build_zone(strip, km=5, tolerance_m=10)
    found = gb.classify(_place(1.0).drop(columns="accuracy_m"), zone)
    assert found["membership"].tolist() == ["inside"]
    assert found["p_inside"].isna().all()


def test_the_mixture_has_the_measured_errors():
    # Of 561 places in Kharkiv oblast: the median and other percentiles of the errors in km.
    measured = {0.5: 0.25, 0.9: 0.91, 0.95: 1.34, 0.99: 4.5}
    for share, km in measured.items():
        sigmas = 0.5 * np.array(ERROR_SIGMAS)
        within = 1.0 - np.dot(ERROR_SHARES, np.exp(-0.5 * (km / sigmas) ** 2))
        assert within == pytest.approx(share, abs=0.005)
    assert sum(ERROR_SHARES) == pytest.approx(1.0)


def test_the_table_of_the_normal_distribution():
    from statistics import NormalDist

    x = np.linspace(-9.0, 9.0, 3001)
    exact = np.array([NormalDist().cdf(one) for one in x])
    assert np.abs(normal_cdf(x) - exact).max() < 5e-7


@given(
    km=st.floats(-30.0, 30.0),
    metres=st.tuples(st.floats(1.0, 5_000.0), st.floats(0.0, 5_000.0)),
    country=st.sampled_from([None, "AA", "BB"]),
    edges=st.tuples(st.floats(0.5, 20.0), st.sampled_from([0.0, 0.3])),
    side=st.sampled_from(["both", "East", "West"]),
)
def test_no_class_contradicts_its_probability(strip, km, metres, country, edges, side):
    width, begin = edges
    zone = gb.build_zone(strip, km=width, from_km=begin * width, side=side, tolerance_m=100)
    table = _place(km, accuracy_m=metres[0], radius_m=metres[1])
    if country is not None:
        table["country"] = country
    found = gb.classify(table, zone)
    p, membership = found["p_inside"].item(), found["membership"].item()
    assert 0.0 <= p <= 1.0
    assert not (membership == "inside" and p < 0.5)
    assert not (membership == "outside" and p > 0.5)


def test_rows_of_the_bundled_table_keep_their_probabilities(zone):
    towns = gb.load_settlements(located="all")
    whole = gb.classify(towns, zone)["p_inside"]
    assert whole.notna().all()
    for some in (towns.head(100), towns.tail(100), towns.iloc[::97]):
        pd.testing.assert_series_equal(
            gb.classify(some, zone)["p_inside"], whole[some.index], check_exact=True
        )


class TestCandidates:
    def _table(self, text, **columns):
        row = {"candidates": [text], **{name: [value] for name, value in columns.items()}}
        return gpd.GeoDataFrame(row, geometry=[None], crs="EPSG:4326")

    def test_weigh_what_they_stand_for(self, strip):
        zone = gb.build_zone(strip, km=5, tolerance_m=10)
        inside, outside = f"{_east(1.0):.6f} {LAT} 100", f"{_east(20.0):.6f} {LAT} 100"
        table = self._table(f"{inside} 1; {outside} 3")
        found = gb.classify(table, zone)
        assert found["p_inside"].item() == pytest.approx(0.25, abs=1e-6)
        assert found[["distance_km", "membership", "ring"]].isna().all(axis=None)

    def test_spread_is_an_error_and_the_country_bounds_it(self, strip):
        zone = gb.build_zone(strip, km=5, side="East", tolerance_m=10)
        text = f"{_east(0.5):.6f} {LAT} 1000 1"
        free = gb.classify(self._table(text), zone)["p_inside"].item()
        listed = gb.classify(self._table(text, country="BB"), zone)["p_inside"].item()
        assert free == pytest.approx(0.6915, abs=0.001)  # the normal distribution at 0.5
        assert listed > 0.999

    def test_a_point_counts_and_not_its_candidates(self, strip):
        zone = gb.build_zone(strip, km=5, tolerance_m=10)
        table = _place(1.0, candidates=f"{_east(20.0):.6f} {LAT} 100 1")
        assert gb.classify(table, zone)["p_inside"].item() > 0.99

    @pytest.mark.parametrize(
        "text",
        ["34.5 51", "34.5 51 2000", "34.5 51 2000 one", "34.5 91 2000 1", "34.5 51 0 1",
         "34.5 51 2000 -1", "34.5 51 2000 1;", "34.5 51 2000 1; 3 4", "nan 51 2000 1", 7],
    )  # fmt: skip
    def test_wrong_texts_are_refused_with_their_row(self, zone, text):
        table = pd.concat([self._table("34.5 51 2000 1"), self._table(text)], ignore_index=True)
        with pytest.raises(gb.DataError, match="Invalid candidates at position 1"):
            gb.classify(table, zone)


def test_a_point_far_on_the_wrong_side_says_nothing():
    errors = Errors(np.array(0.005), np.array(0.0), np.array(0.0))
    p = compute_probability(
        np.array([8.0]), errors, Interval(-10.0, 10.0), np.full(1, 2, dtype=np.int8)
    )
    assert np.isnan(p).all()
    free = compute_probability(
        np.array([8.0]), errors, Interval(-10.0, 10.0), np.full(1, ANY_SIDE, dtype=np.int8)
    )
    assert free.tolist() == pytest.approx([1.0])
