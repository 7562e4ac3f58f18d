"""Zones: rings, sides, widths by side and by section, and combinations of zones."""

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from support.engines import use_engine

import geobuffer as gb
from geobuffer.analysis.membership import MEMBERSHIP
from geobuffer.geodesy.ellipsoid import area_m2

GEOD = pyproj.Geod(ellps="WGS84")
KM = {"km": 10, "tolerance_m": 1.0}


def _area(shape):
    """Return the area by an independent method: shapely's polygons and pyproj's own loop."""
    return abs(GEOD.geometry_area_perimeter(shapely.segmentize(shape, 0.01))[0]) / 1e6


def test_rings_do_not_overlap_and_add_up(made_once, border):
    zone = gb.build_zone(border, km=[5, 10], side="Ukraine", tolerance_m=1.0)
    inner, outer = zone.rings
    assert shapely.intersection(inner, outer).area < 1e-9
    single = gb.build_zone(border, side="Ukraine", **KM)
    assert zone.area_km2 == pytest.approx(single.area_km2, rel=1e-9)
    assert zone.polygon.symmetric_difference(single.polygon).area < 1e-9
    assert zone.ring_names == ("0–5 km", "5–10 km")


def test_wider_zone_contains_a_narrower(border):
    narrow, wide = (gb.build_zone(border, km=km, tolerance_m=0.5) for km in (9.99, 10.0))
    assert shapely.difference(narrow.polygon, wide.polygon).area < 1e-9


def test_sides_and_what_lies_in_neither_add_up_to_both(made_once, border):
    zones = [gb.build_zone(border, side=s, **KM) for s in ("Ukraine", "Russia", "both")]
    ukraine, russia, both = zones
    assert shapely.intersection(ukraine.polygon, russia.polygon).area < 1e-9
    territory = shapely.union_all([border.side(s).area for s in ("Ukraine", "Russia")])
    neither = shapely.difference(both.polygon, territory)
    assert ukraine.area_km2 + russia.area_km2 + area_m2(neither) / 1e6 == pytest.approx(
        both.area_km2, rel=1e-6
    )
    assert area_m2(neither) > 0  # the round ends, in Belarus and about the Luhansk corner


def test_area_agrees_with_pyproj(zone):
    assert zone.area_km2 == pytest.approx(_area(zone.polygon), rel=1e-5)


def test_one_side_stays_within_its_named_regions(made_once, border, regions):
    zone = gb.build_zone(border, side="Ukraine", **KM)
    for other in ("Luhansk", "Gomel", "Bryansk", "Belgorod", "Voronezh"):
        spill = area_m2(shapely.intersection(zone.polygon, regions[other].geometry)) / 1e6
        assert spill < 1e-3, other


@given(lon=st.floats(-180, 180), lat=st.floats(-70, 70), km=st.sampled_from([0.5, 4.0, 30.0]))
@settings(max_examples=15, deadline=None)
def test_zone_about_any_park_splits_into_inside_and_outside(lon, lat, km):
    west = min(lon, 178.0)
    park = gb.Region("Park", shapely.box(west, lat, west + 1.0, lat + 1.0), gb.Source("a sketch"))
    border = gb.border_of(park)
    inside, outside, both = (
        gb.build_zone(border, km=km, side=side, tolerance_m=5.0)
        for side in ("inside", "outside", "both")
    )
    assert inside.area_km2 + outside.area_km2 == pytest.approx(both.area_km2, rel=1e-6)
    assert shapely.difference(inside.polygon, park.geometry).area < 1e-9


def test_error_is_within_the_tolerance_and_in_the_table(border):
    zone = gb.build_zone(border, km=10, tolerance_m=0.5)
    assert 0.0 < zone.error_m <= 0.5
    frame = zone.to_frame()
    assert frame["edge_error_m"].tolist() == [zone.error_m]
    assert frame["area_km2"].sum() == pytest.approx(zone.area_km2)
    assert frame.crs == "EPSG:4326"


@pytest.mark.parametrize(
    ("kwargs", "parameter", "names"),
    [
        ({"km": 0}, "km", "km 0. Must be positive"),
        ({"km": -5}, "km", "km -5.*side="),
        ({"km": float("nan")}, "km", "nan"),
        ({"km": float("inf")}, "km", "inf"),
        ({"km": True}, "km", "True"),
        ({"km": "ten"}, "km", "'ten'"),
        ({"km": []}, "km", "\\[\\]"),
        ({"km": [10, 5]}, "km", "\\[10, 5\\].*ascend"),
        ({"km": [5, 5]}, "km", "\\[5, 5\\].*ascend"),
        ({"km": 2001}, "km", "2001.*2,000 km"),
        ({"km": 10, "tolerance_m": 0}, "tolerance_m", "0"),
        ({"km": 10, "tolerance_m": float("nan")}, "tolerance_m", "nan"),
        ({"km": 10, "ends": "square"}, "ends", "'square'.*'round', 'flat'"),
        ({"km": 10, "side": "Ukrane"}, "side", "Did you mean 'Ukraine'"),
    ],
)
def test_zones_that_cannot_be_built_are_refused(border, kwargs, parameter, names):
    with pytest.raises(gb.GeobufferError, match=names) as caught:
        gb.build_zone(border, **kwargs)
    assert caught.value.parameter == parameter


HAND = gb.Source("drawn by hand", accuracy_m=100)


def _zone(seed, **kwargs):
    rng = np.random.default_rng(seed)
    lat = 50 + np.cumsum(rng.normal(0, 0.03, 6))
    line = shapely.LineString(np.stack([np.linspace(30, 30.5, 6), lat], axis=1))
    border = gb.border_along(line, names=[f"line {seed}"], source=HAND)
    return gb.build_zone(border, tolerance_m=5, **{"km": 4} | kwargs)


@pytest.fixture(scope="module")
def stretch(regions):
    """Return two sections of the real border."""
    return gb.border_between(regions["Belgorod"], regions[["Sumy", "Kharkiv"]])


def _points(count=3000, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(29.9, 30.6, count), rng.uniform(49.7, 50.3, count)


def _member(zone, lon, lat, **kwargs):
    return gb.answer(lon, lat, zone, **kwargs).ring >= 0


@given(one=st.integers(0, 50), other=st.integers(51, 99), seed=st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_membership_is_the_algebra_of_sets(one, other, seed):
    a, b = _zone(one), _zone(other, km=6, side="left")
    lon, lat = _points(seed=seed)
    in_a, in_b = _member(a, lon, lat), _member(b, lon, lat)
    assert (_member(gb.unite(a, b), lon, lat) == (in_a | in_b)).all()
    assert (_member(gb.subtract(a, b), lon, lat) == (in_a & ~in_b)).all()
    assert (_member(gb.subtract(a, gb.subtract(a, b)), lon, lat) == (in_a & in_b)).all()
    assert (_member(gb.unite(gb.subtract(a, b), b), lon, lat) == (in_a | in_b)).all()


@given(seed=st.integers(0, 99), margin=st.floats(0.01, 2.0))
@settings(max_examples=10, deadline=None)
def test_uncertainty_follows_three_valued_logic(seed, margin):
    a, b = _zone(seed), _zone(seed + 100, km=6)
    lon, lat = _points(seed=seed)
    rank = np.array([0, 2, 1])  # outside, inside, uncertain → false, true, unknown

    def truth(zone):
        return rank[gb.answer(lon, lat, zone, radius_m=margin * 1e3).membership]

    assert (truth(gb.unite(a, b)) == np.maximum(truth(a), truth(b))).all()
    assert (truth(gb.subtract(a, b)) == np.minimum(truth(a), 2 - truth(b))).all()


def test_polygons_hold_the_points_that_are_inside():
    a, b = _zone(1), _zone(2, km=6)
    lon, lat = _points(20_000)
    for zone in (gb.unite(a, b), gb.subtract(a, b), gb.clip_zone(a, _box())):
        drawn = shapely.contains_xy(zone.polygon, lon, lat)
        edge = shapely.distance(shapely.points(lon, lat), zone.polygon.boundary) * 111_000
        clear = edge > 2 * max(zone.error_m, 5.0)
        assert (drawn == _member(zone, lon, lat))[clear].all()


def test_the_engines_agree():
    zone = gb.unite(_zone(1), _zone(2, km=6, side="left"), _box())
    lon, lat = _points(20_000)
    given = {"radius_m": 300, "country": "XX", "oblast_iso": "XX-1"}
    ways = []
    for engine in ("tree", "numpy"):
        with use_engine(engine):
            ways.append(gb.answer(lon, lat, zone, **given))
    tree, grid = ways
    for name in ("side", "section", "ring", "membership", "margin_km", "conflict"):
        np.testing.assert_array_equal(getattr(tree, name), getattr(grid, name))
    assert tree.distance_km == pytest.approx(grid.distance_km, abs=1e-9)  # a micrometre
    assert len(set(ways[0].conflict)) > 1


def _box(name="Box"):
    return gb.Region(name, shapely.box(30.1, 49.8, 30.3, 50.2), HAND, iso="XX-1")


def test_clipping_keeps_what_lies_in_the_region_and_doubts_its_edge():
    zone = _zone(3)
    clipped = gb.clip_zone(zone, _box())
    lon, lat = _points(5000)
    within = shapely.contains_xy(_box().geometry, lon, lat)
    assert (_member(clipped, lon, lat) == (_member(zone, lon, lat) & within)).all()
    foot = shapely.line_interpolate_point(zone.border.line, 0.5, normalized=True)
    at = np.array([30.1 - 1e-4, 30.1 + 1e-4, 30.2])
    level = np.interp(at, *shapely.get_coordinates(zone.border.line).T)
    result = gb.answer(at, level, clipped, radius_m=50).membership
    assert [MEMBERSHIP[code] for code in result] == ["uncertain", "uncertain", "inside"]
    assert foot.within(zone.polygon)


def test_regions_that_meet_leave_no_edge_between_them(regions, border):
    zone = gb.build_zone(border, km=10, tolerance_m=5)
    ukraine = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=5)
    clipped = gb.clip_zone(zone, regions["Chernihiv", "Sumy", "Kharkiv"])
    assert clipped.area_km2 == pytest.approx(ukraine.area_km2, rel=1e-6)
    assert clipped.name == "zone in Chernihiv, Sumy, Kharkiv"


def test_a_park_and_all_within_five_kilometres():
    park = _box("Park")
    about = gb.build_zone(gb.border_of(park), km=5, side="outside", tolerance_m=5)
    whole = gb.unite(about, park)
    lon, lat = np.array([30.2, 30.05, 29.9]), np.array([50.0, 50.0, 50.0])
    assert _member(whole, lon, lat).tolist() == [True, True, False]
    assert whole.area_km2 == pytest.approx(about.area_km2 + park.area_km2, rel=1e-6)


def test_classify_reports_the_border_that_is_nearest():
    north = gb.border_along(
        shapely.LineString([(30, 51), (31, 51)]), names=["north"], source=gb.Source("n")
    )
    plant = gb.border_around(
        shapely.Point(30.5, 50), names=["plant"], source=gb.Source("p", accuracy_m=50)
    )
    zone = gb.unite(gb.build_zone(north, km=5), gb.build_zone(plant, km=20))
    table = gpd.GeoSeries(
        [shapely.Point(30.5, 50.98), shapely.Point(30.5, 50.1), None], crs="EPSG:4326"
    )
    found = gb.classify(table, zone)
    assert found["section"].tolist()[:2] == ["north", "plant"]
    assert found["side"].tolist()[:2] == ["right", "outside"]
    assert found["membership"].tolist()[:2] == ["inside", "inside"]
    assert found["ring"].tolist()[:2] == ["united zone"] * 2
    assert found.iloc[2][["distance_km", "membership", "ring"]].isna().all()
    assert found["margin_km"].tolist() == [0.05] * 3
    assert zone.source.title == "n; p"


def test_exposure_and_compare_take_combined_zones(towns, border):
    zone = gb.build_zone(border, km={"Ukraine": 10, "Russia": 5}, tolerance_m=10)
    joined = gb.unite(zone, name="both")
    counted = gb.exposure(towns, joined)
    membership = gb.classify(towns, joined)["membership"].value_counts()
    assert counted["ring"].tolist() == ["both"]
    assert counted["places"].tolist() == [membership["inside"]]
    assert counted["uncertain"].tolist() == [membership["uncertain"]]
    narrow = gb.build_zone(border, km=5, side="Ukraine", tolerance_m=10)
    table = gb.compare(narrow, joined, towns)
    assert table.loc["lost", "places"] == 0
    assert table["places"].sum() == (gb.classify(towns, joined)["ring"].notna()).sum()


def test_combined_zones_are_drawn_on_a_map(border):
    zone = gb.unite(_zone(1), gb.build_zone(gb.border_around(shapely.Point(30.2, 50.1),
                                                             source=HAND), km=3))  # fmt: skip
    page = gb.map_zone(zone).get_root().render()
    assert "united zone" in page
    sides = gb.build_zone(border, km={"Ukraine": 10, "Russia": 5}, tolerance_m=20)
    assert "Russia 5 km, Ukraine 10 km" in gb.map_zone(sides).get_root().render()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (gb.unite, "no zone"),
        (lambda: gb.unite(_box()), "no zone"),
        (lambda: gb.unite(_zone(1), "x"), "a str"),
        (lambda: gb.clip_zone(_zone(1), []), "Must be regions"),
        (lambda: gb.clip_zone(_zone(1), _zone(2)), "Must be regions"),
    ],
)
def test_parts_that_cannot_be_combined_are_refused(make, says):
    with pytest.raises((gb.GeobufferError), match=says):
        make()


# Widths by side


def _near(border, count=6000):
    west, south, east, north = border.line.buffer(0.3).bounds
    rng = np.random.default_rng(1)
    return rng.uniform(west, east, count), rng.uniform(south, north, count)


@pytest.mark.parametrize("widths", [{"Ukraine": 10, "Russia": 5}, {"Ukraine": 3, "Россия": 12}])
def test_widths_by_side_are_the_two_one_sided_zones(widths, stretch):
    zone = gb.build_zone(stretch, km=widths, tolerance_m=5)
    ones = [gb.build_zone(stretch, km=km, side=side, tolerance_m=5) for side, km in widths.items()]
    lon, lat = _near(stretch)
    members = [_member(one, lon, lat) for one in ones]
    assert (_member(zone, lon, lat) == (members[0] | members[1])).all()
    assert zone.area_km2 == pytest.approx(sum(one.area_km2 for one in ones), rel=1e-9)
    assert zone.ring_names == (zone.side_label,)


def test_one_width_by_side_is_a_one_sided_zone(border):
    zone = gb.build_zone(border, km={"Ukraine": 10}, tolerance_m=5)
    assert (zone.side, zone.edges_km, zone.side_km) == ("Ukraine", (0.0, 10.0), None)


def test_the_date_of_one_source_is_not_given_to_the_other():
    sources = [gb.Source("old", as_of="2020", url="https://a.example", licence="CC0"),
               gb.Source("new", sha256="12ab")]  # fmt: skip
    zones = [
        gb.build_zone(gb.border_around(shapely.Point(30 + n, 50), source=one), km=1, tolerance_m=9)
        for n, one in enumerate(sources)
    ]
    row = gb.unite(*zones).to_frame().iloc[0]
    assert (row["source"], row["as_of"]) == ("old; new", "2020; undated")
    assert row["licence"] == "CC0; licence not stated"
    joined = gb.unite(*zones).source
    assert (joined.url, joined.sha256, joined.citation) == ("https://a.example", "12ab", "")


def test_the_name_of_its_ring_says_where_it_begins(strip):
    zone = gb.build_zone(strip, km={"West": 10, "East": 3}, from_km=1, tolerance_m=10)
    assert zone.ring_names == ("West 10 km, East 3 km, from 1 km",)


def test_left_and_right_may_differ():
    line = shapely.LineString([(30, 50), (30, 51)])
    border = gb.border_along(line, source=HAND)
    zone = gb.build_zone(border, km={"left": 2, "right": 8}, tolerance_m=1)
    ones = [gb.build_zone(border, km=k, side=s, tolerance_m=1) for s, k in (("left", 2), ("right", 8))]  # fmt: skip  # noqa: E501
    assert zone.area_km2 == pytest.approx(sum(one.area_km2 for one in ones), rel=1e-6)


def test_place_by_a_bare_line_is_sure_if_both_sides_hold_it():
    border = gb.border_along(shapely.LineString([(30, 50), (30, 51)]), source=HAND)
    zone = gb.build_zone(border, km={"left": 10, "right": 3}, tolerance_m=1)
    lon, lat = np.array([29.999, 30.001, 30.02]), np.full(3, 50.5)
    result = [gb.answer(lon, lat, zone, radius_m=m * 1e3).membership.tolist() for m in (0.5, 3.1)]
    assert result == [[1, 1, 1], [2, 2, 2]]
    # Beyond the end, where left and right meet: 2 km away both hold it, 5 km away one does.
    beyond = gb.answer(np.array([30.001, 29.999]), np.array([51.018, 51.045]), zone, radius_m=500)
    assert beyond.distance_km == pytest.approx([2.0, 5.0], abs=0.1)
    assert beyond.membership.tolist() == [1, 2]


def test_nearer_than_the_beginning_no_side_is_in_doubt():
    border = gb.border_along(shapely.LineString([(30, 50), (30, 51)]), source=HAND)
    zone = gb.build_zone(border, km=10, from_km=5, side="left", tolerance_m=1)
    result = gb.answer(np.array([30.0, 30.0]), np.array([51.01, 51.06]), zone, radius_m=300)
    assert result.membership.tolist() == [0, 2]


def test_a_clipped_zone_has_no_edge_along_the_antimeridian():
    halves = shapely.MultiPolygon([shapely.box(179, 60, 180, 61), shapely.box(-180, 60, -179, 61)])
    region = gb.Region("far east", halves, HAND)
    zone = gb.build_zone(gb.border_around(shapely.Point(180, 60.5), source=HAND), km=30)
    clipped = gb.clip_zone(zone, region)
    lon, lat = np.array([179.999, -179.999, 180.0]), np.full(3, 60.5)
    assert gb.answer(lon, lat, clipped, radius_m=1000).membership.tolist() == [1, 1, 1]
    edge = gb.answer(np.array([180.0]), np.array([60.995]), gb.clip_zone(
        gb.build_zone(gb.border_around(shapely.Point(180, 60.9), source=HAND), km=30), region
    ), radius_m=1000)  # fmt: skip
    assert edge.membership.tolist() == [2]


def test_a_place_by_the_border_is_sure_if_both_sides_hold_it(strip):
    """The place may lie on either side, and both sides of the border belong to the zone."""
    zone = gb.build_zone(strip, km={"West": 10, "East": 3}, tolerance_m=1)
    lon, lat = np.array([29.999, 30.001, 30.02]), np.full(3, 50.5)
    result = [gb.answer(lon, lat, zone, radius_m=m * 1e3).membership for m in (0.5, 3.1)]
    assert [MEMBERSHIP[c] for c in result[0]] == ["inside", "inside", "inside"]
    # 3.1 km: it may be across the border, and beyond the three kilometres there.
    assert [MEMBERSHIP[c] for c in result[1]] == ["uncertain", "uncertain", "uncertain"]


def test_places_by_the_border_of_a_one_sided_zone_are_uncertain(strip):
    zone = gb.build_zone(strip, km=10, side="West", tolerance_m=1)
    lon, lat = np.array([29.999, 30.001, 29.9, 30.1]), np.full(4, 50.5)
    result = gb.answer(lon, lat, zone, radius_m=500)
    listed = gb.answer(lon, lat, zone, radius_m=500, country=["AA", "BB"] * 2)
    assert result.membership.tolist() == [2, 2, 1, 0]
    assert listed.membership.tolist() == [1, 0, 1, 0]


# Widths by section


def test_widths_by_section_are_the_union_of_their_zones(border):
    names = [section.name for section in border.sections]
    widths = {names[0]: 4, names[2]: 9, names[3]: 9}
    zone = gb.build_zone(border, km=widths, side="Ukraine", tolerance_m=5)
    lon, lat = _near(border)
    wanted = np.zeros(len(lon), dtype=bool)
    for name, km in widths.items():
        section = next(s for s in border.sections if s.name == name)
        away = gb.border_along(section.line, source=HAND).index.nearest(lon, lat).distance_m
        wanted |= away <= km * 1e3
    wanted &= border.side_codes(lon, lat) == [s.name for s in border.sides].index("Ukraine")
    assert (_member(zone, lon, lat) == wanted).all()
    assert set(zone.sections) == {s for s in border.sections if s.name in widths}
    assert zone.name.startswith("4 km along ")


def test_all_sections_of_one_width_are_the_plain_zone(border):
    zone = gb.build_zone(border, km=dict.fromkeys([s.name for s in border.sections], 7.0),
                         tolerance_m=5)  # fmt: skip
    plain = gb.build_zone(border, km=7, tolerance_m=5)
    lon, lat = _near(border)
    assert (_member(zone, lon, lat) == _member(plain, lon, lat)).all()
    distances = [gb.answer(lon, lat, one).distance_km for one in (zone, plain)]
    assert np.abs(distances[0] - distances[1]).max() < 1e-8


@pytest.mark.parametrize(
    ("kwargs", "names"),
    [
        ({"km": {"Ukrane": 5}}, "Did you mean 'Ukraine'"),
        ({"km": {"Kursk-Sumi": 5}}, "Did you mean 'Kursk–Sumy'"),
        ({"km": {"Ukraine": 5, "Kursk–Sumy": 3}}, "all of one kind"),
        ({"km": {"Ukraine": 5, "Україна": 3}}, "named twice"),
        ({"km": {"Kursk–Sumy": 5, "kursk-sumy": 3}}, "named twice"),
        ({"km": {}}, "Must have a width"),
        ({"km": {"Ukraine": -1}}, "km -1"),
        ({"km": {"Ukraine": [5, 10]}}, "\\[5, 10\\]"),
        ({"km": {"Ukraine": 5}, "side": "Ukraine"}, "side 'both'"),
        ({"km": {"Ukraine": 5}, "ends": "flat"}, "round ends"),
        ({"km": {"Kursk–Sumy": 5}, "ends": "flat"}, "round ends"),
        ({"km": {"Kursk–Sumy": 5}, "from_km": 2}, "from_km 0"),
        ({"km": {"Ukraine": 5, "Russia": 10}, "from_km": 6}, "Must be less than 5"),
        ({"km": 5, "from_km": 5}, "more than from_km 5"),
        ({"km": 5, "from_km": -1}, "from_km -1"),
        ({"km": 5, "from_km": float("nan")}, "from_km nan"),
        ({"km": 5, "from_km": 0.0001}, "at least 0.001"),
    ],
)
def test_widths_that_make_no_sense_are_refused(border, kwargs, names):
    with pytest.raises(gb.GeobufferError, match=names) as caught:
        gb.build_zone(border, **kwargs)
    assert caught.value.parameter in {"km", "from_km"}


# Between two distances


@pytest.mark.parametrize("side", ["both", "Ukraine"])
def test_a_zone_from_a_distance_is_the_wide_less_the_narrow(side, stretch):
    zone, wide, narrow = (
        gb.build_zone(stretch, side=side, tolerance_m=2, **km)
        for km in ({"km": 10, "from_km": 4}, {"km": 10}, {"km": 4})
    )
    lon, lat = _near(stretch)
    wanted = _member(wide, lon, lat) & ~_member(narrow, lon, lat)
    assert (_member(zone, lon, lat) == wanted).all()
    assert (_member(gb.subtract(wide, narrow), lon, lat) == wanted).all()
    assert zone.area_km2 == pytest.approx(wide.area_km2 - narrow.area_km2, rel=1e-6)
    assert (zone.ring_names, zone.edges_km) == (("4–10 km",), (4.0, 10.0))


def test_rings_beyond_from_km_are_those_of_the_whole_zone(stretch, towns):
    zone = gb.build_zone(stretch, km=[6, 10], from_km=4, tolerance_m=10)
    whole = gb.build_zone(stretch, km=[4, 6, 10], tolerance_m=10)
    assert zone.ring_names == whole.ring_names[1:]
    assert zone.ring_areas_km2 == pytest.approx(whole.ring_areas_km2[1:])
    columns = ["places", "uncertain", "population"]
    counted = gb.exposure(towns, zone)[columns]
    assert counted.values.tolist() == gb.exposure(towns, whole)[columns].values.tolist()[1:]
    single = gb.exposure(towns, gb.build_zone(stretch, km=6, from_km=4, tolerance_m=10))
    assert single[columns].values.tolist() == counted.values.tolist()[:1]


def test_a_place_by_the_inner_edge_is_uncertain(strip):
    zone = gb.build_zone(strip, km=10, from_km=5, tolerance_m=1)
    lon, lat = 30 + np.array([0.065, 0.07, 0.075, 0.1]), np.full(4, 50.5)  # 71 km to the degree
    result = gb.answer(lon, lat, zone, radius_m=200)
    assert result.distance_km == pytest.approx([4.6, 5.0, 5.3, 7.1], abs=0.1)
    assert result.membership.tolist() == [0, 2, 1, 1]
    assert result.ring.tolist() == [-1, -1, 0, 0]
