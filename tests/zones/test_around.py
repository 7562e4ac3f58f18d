"""Zones around areas: the areas filled, and all that lies within a distance outside them."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import geobuffer as gb
from geobuffer.analysis.classify import classify_table
from geobuffer.viz.captions import load_translation, write_subtitle, write_title
from geobuffer.viz.web.page_data import describe_places, describe_shapes
from geobuffer.viz.web.slider import measure_steps

MAP = gb.Source("a map", accuracy_m=100.0)
PARK = shapely.box(30, 50, 30.2, 50.1)
LAKE = shapely.Polygon(
    shapely.box(30.5, 50, 30.8, 50.2).exterior, [shapely.box(30.6, 50.05, 30.7, 50.15).exterior]
)
ISLANDS = shapely.MultiPolygon(
    [shapely.box(29, 49, 29.02, 49.02), shapely.box(29.1, 49, 29.3, 49.1)]
)

AREAS = {
    "a park": [PARK],
    "a lake with an island": [LAKE],
    "islands": [ISLANDS],
    "several": [PARK, LAKE, ISLANDS],
    "over 180": [shapely.box(179.9, -17, 180.2, -16.8)],
    "at high latitude": [shapely.box(20, 80, 21, 80.1)],
}


def _around(shapes, km, **how):
    return gb.build_zone(gb.border_around(shapes, source=MAP), km, side="around", **how)


def _area_km2(shapes):
    return sum(gb.Region("x", shape, MAP).area_km2 for shape in shapes)


@pytest.mark.parametrize("shapes", AREAS.values(), ids=AREAS)
def test_a_zone_around_areas_is_the_areas_and_what_is_near_outside(shapes):
    border = gb.border_around(shapes, source=MAP)
    zone = gb.build_zone(border, km=[1, 3], side="around", tolerance_m=1)
    outside = gb.build_zone(border, km=[1, 3], side="outside", tolerance_m=1)
    first, second = zone.ring_areas_km2
    assert first == pytest.approx(outside.ring_areas_km2[0] + _area_km2(shapes), rel=1e-6)
    assert second == pytest.approx(outside.ring_areas_km2[1], rel=1e-6)
    assert zone.error_m <= 1
    assert shapely.is_valid(zone.polygon)
    # Polygon and membership agree, except nearer to an edge than its error.
    rng = np.random.default_rng(1)
    middle = zone.polygon.representative_point()
    spread = 0.3 / np.cos(np.radians(middle.y))
    lon = middle.x + rng.uniform(-spread, spread, 4_000)
    lat = middle.y + rng.uniform(-0.3, 0.3, 4_000)
    found = gb.answer(lon, lat, zone)
    near_edge = np.abs(found.distance_km[:, None] - [1, 3]).min(axis=1) < zone.error_m / 1e3
    lon = (lon + 180) % 360 - 180
    for number, ring in enumerate(zone.rings):
        drawn = shapely.intersects_xy(ring, lon, lat)
        assert ((found.ring == number) == drawn)[~near_edge].all()
    inside = border.side_codes(lon, lat) == 0
    assert inside.any()
    assert (found.distance_km[inside] == 0).all()
    assert (found.ring[inside] == 0).all()
    beyond = gb.answer(lon[~inside], lat[~inside], outside)
    assert beyond.distance_km == pytest.approx(found.distance_km[~inside], abs=1e-9)
    assert (beyond.membership[beyond.membership < 2] == 0).any()


def test_margins_count_from_the_outline():
    zone = _around([PARK], 2, tolerance_m=5)
    lon, lat = np.full(4, 30.1), np.array([50.05, 50.002, 50.1 + 1.95 / 111.2, 50.1 + 2.3 / 111.2])
    assert gb.answer(lon, lat, zone).membership.tolist() == [1, 1, 2, 0]
    # 0.22 km within the outline, a place of 2.4 km may lie beyond the zone; one of 2 km may not.
    assert gb.answer(lon, lat, zone, accuracy_m=2_000.0).membership[1] == 1
    assert gb.answer(lon, lat, zone, accuracy_m=2_400.0).membership[1] == 2
    assert gb.answer(lon, lat, zone, accuracy_m=2_400.0).membership[0] == 1


def test_a_zone_that_begins_at_some_distance_leaves_the_areas_out():
    border = gb.border_around([PARK], source=MAP)
    zone = gb.build_zone(border, km=5, from_km=2, side="around", tolerance_m=5)
    outside = gb.build_zone(border, km=5, from_km=2, side="outside", tolerance_m=5)
    assert zone.area_km2 == pytest.approx(outside.area_km2, rel=1e-6)
    lon, lat = np.array([30.1, 30.1, 30.1]), np.array([50.05, 50.11, 50.13])
    assert gb.answer(lon, lat, zone).membership.tolist() == [0, 0, 1]


def test_points_and_lines_have_nothing_to_fill():
    for shape in (shapely.Point(30, 50), shapely.LineString([(30, 50), (30.1, 50.1)])):
        border = gb.border_around(shape, source=MAP)
        both, around = (gb.build_zone(border, 2, side=s, tolerance_m=1) for s in ("both", "around"))
        assert around.area_km2 == pytest.approx(both.area_km2, rel=1e-9)
        with pytest.raises(gb.GeometryError, match="points and lines have no inside"):
            gb.build_zone(border, 2, side="inside")


def test_mixed_shapes_and_collections_are_taken():
    line = shapely.LineString([(30.3, 50.3), (30.4, 50.4)])
    mixed = shapely.GeometryCollection(
        [PARK, shapely.GeometryCollection([line, shapely.Point(30.9, 50.5)])]
    )
    table = gpd.GeoDataFrame(geometry=[PARK, line, shapely.Point(30.9, 50.5)], crs=4326)
    zones = [
        gb.build_zone(gb.border_around(given, source=MAP), 1, side="around", tolerance_m=1)
        for given in (mixed, [PARK, line, shapely.Point(30.9, 50.5)], table)
    ]
    assert [len(zone.border.sections) for zone in zones] == [3, 3, 3]
    assert {section.name for section in zones[0].sections} == {"shape"}
    areas = [zone.area_km2 for zone in zones]
    parts = [_around([shape], 1, tolerance_m=1).area_km2 for shape in (PARK, line)]
    assert areas == pytest.approx([sum(parts) + np.pi] * 3, rel=1e-4)
    found = gb.answer([30.1, 30.35, 30.9, 30.9], [50.05, 50.35, 50.5, 50.52], zones[0])
    assert found.membership.tolist() == [1, 1, 1, 0]
    assert gb.border_around([line], source=MAP).length_km == pytest.approx(
        gb.border_along(line, source=MAP).length_km
    )


def test_widths_for_each_section_fill_its_own_areas():
    border = gb.border_around([PARK, LAKE], names=["park", "lake"], source=MAP)
    zone = gb.build_zone(border, {"park": 2, "lake": 1}, side="around", tolerance_m=5)
    apart = [_around([PARK], 2, tolerance_m=5), _around([LAKE], 1, tolerance_m=5)]
    assert zone.area_km2 == pytest.approx(gb.unite(*apart).area_km2, rel=1e-5)
    only = gb.build_zone(border, {"park": 2}, side="around", tolerance_m=5)
    assert gb.answer([30.1, 30.55], [50.05, 50.1], only).ring.tolist() == [0, -1]
    with pytest.raises(gb.GeometryError, match="Invalid km for 'around'"):
        gb.build_zone(border, {"around": 2, "outside": 1})


def test_only_a_border_with_an_inside_has_a_zone_around_it():
    line = gb.border_along(shapely.LineString([(30, 50), (30.1, 50.1)]), source=MAP)
    with pytest.raises(gb.UnknownSide, match="around"):
        gb.build_zone(line, 2, side="around")
    east = gb.Region("E", shapely.box(30.2, 50, 30.3, 50.1), MAP)
    between = gb.border_between(gb.Region("W", PARK, MAP), east)
    with pytest.raises(gb.UnknownSide, match="around"):
        gb.build_zone(between, 2, side="around")
    assert gb.build_zone(gb.border_of(east), 2, side="навколо", tolerance_m=5).side == "around"


def test_files_keep_a_zone_around_areas(tmp_path):
    zone = _around([PARK, LAKE], [1, 3], tolerance_m=5)
    other = gb.unite(zone, _around([ISLANDS], 2, tolerance_m=5))
    for one in (zone, other):
        again = gb.read_zone(gb.write(one, tmp_path / "z.gpkg"))
        assert again == one
        assert again.side == "around"
        assert again.area_km2 == pytest.approx(one.area_km2, rel=1e-9)
        lon, lat = [30.1, 30.65, 31.5], [50.05, 50.1, 50.1]
        assert gb.answer(lon, lat, again).ring.tolist() == gb.answer(lon, lat, one).ring.tolist()
    table = gpd.read_file(gb.write(zone, tmp_path / "z.geojson"))
    assert set(table["side"]) == {"around"}


def test_combined_zones_hold_the_areas():
    park, lake = _around([PARK], 2, tolerance_m=5), _around([LAKE], 1, tolerance_m=5)
    lon, lat = np.array([30.1, 30.55, 30.65, 31.5]), np.array([50.05, 50.1, 50.1, 50.1])
    both = gb.answer(lon, lat, gb.unite(park, lake))
    assert both.ring.tolist() == [0, 0, -1, -1]
    assert both.distance_km[:2].tolist() == [0, 0]
    assert gb.answer(lon, lat, gb.subtract(park, lake)).ring.tolist() == [0, -1, -1, -1]
    half = gb.Region("half", shapely.box(30, 50, 30.05, 50.1), MAP)
    assert gb.answer([30.02, 30.1], [50.05, 50.05], gb.clip_zone(park, half)).ring.tolist() == [
        0,
        -1,
    ]


@pytest.fixture
def towns():
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(29.9, 30.9, 400), rng.uniform(49.9, 50.3, 400)
    table = {
        "name": [f"t{n}" for n in range(400)],
        "population": rng.integers(10, 1000, 400),
        "accuracy_m": rng.choice([50.0, 900.0, 4_000.0], 400),
    }
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(lon, lat), crs=4326)


def test_counts_and_curves_agree(towns):
    border = gb.border_around([PARK, LAKE], source=MAP)
    curve = gb.exposure_curve(towns, border, side="around", to_km=6, step_km=1)
    for row in curve.itertuples():
        zone = gb.build_zone(border, row.within_km, side="around", tolerance_m=50)
        classes = gb.classify(towns, zone)["membership"].value_counts()
        assert (row.places, row.uncertain) == (classes["inside"], classes["uncertain"])
        [counted] = gb.exposure(towns, zone).itertuples()
        assert (row.population, row.uncertain) == (counted.population, counted.uncertain)
    rings = gb.build_zone(border, [1, 2, 6], side="around", tolerance_m=50)
    sums = gb.exposure(towns, rings, cumulative=True)
    assert sums["places"].tolist() == curve["places"].iloc[[0, 1, 5]].tolist()
    assert sums["uncertain"].tolist() == curve["uncertain"].iloc[[0, 1, 5]].tolist()


def test_bulk_answers_are_those_of_classify(towns, tmp_path):
    zone = _around([PARK, LAKE], [1, 3], tolerance_m=50)
    towns.to_parquet(tmp_path / "towns.parquet")
    gb.classify_file(tmp_path / "towns.parquet", zone, tmp_path / "out.parquet")
    found, own = pd.read_parquet(tmp_path / "out.parquet"), gb.classify(towns, zone)
    for column in ("distance_km", "side", "ring", "membership", "margin_km"):
        both = found[column].astype(object), own[column].astype(object)
        one, other = (values.where(values.notna(), "").tolist() for values in both)
        assert one == other
    within = gb.within(towns, zone)
    assert (within["distance_km"] == 0).any()


def test_titles_say_around_in_three_languages():
    border = gb.border_around([PARK], names=["Park"], source=MAP)
    zone = gb.build_zone(border, 5, side="around", tolerance_m=50)
    titles = {to: write_title(zone, "", load_translation(to, zone)) for to in
              ("en", "uk", "ru")}  # fmt: skip
    assert titles == {
        "en": "5 km around Park", "uk": "5 км навколо: Park", "ru": "5 км вокруг: Park",
    }  # fmt: skip
    for to, words in (("en", "and inside"), ("uk", "Всередині"), ("ru", "Внутри")):
        assert words in write_subtitle(zone, load_translation(to, zone), titled=True)


def test_the_page_draws_the_areas_filled_at_every_width(towns):
    zone = _around([PARK, LAKE], [1, 3], tolerance_m=50)
    steps = measure_steps(zone, [1, 3, 6])
    for step in steps:
        whole = gb.build_zone(zone.border, step.km, side="around", tolerance_m=5)
        assert step.areas_km2["around"] == pytest.approx(whole.area_km2, rel=1e-3)
        outside = gb.build_zone(zone.border, step.km, side="outside", tolerance_m=5)
        assert step.areas_km2["outside"] == pytest.approx(outside.area_km2, rel=2e-3)
    facts = describe_shapes(zone, [])["zone"]
    assert (facts["side"], facts["sides"]) == ("around", ["around", "outside"])
    places = json.loads(
        json.dumps(describe_places(towns, classify_table(towns, zone), zone, steps)[0])
    )
    assert places["far"] < len(towns)
    # The page takes the distance of the outline, and the side tells it which places are within.
    away = gb.distance_to_border(towns, zone.border)
    assert np.sort(places["columns"]["distance_km"])[:50] == pytest.approx(
        np.sort(away)[:50], abs=0.01
    )


def test_lines_that_run_against_each_other_have_both_sides_only():
    rails = [
        shapely.LineString([(30, 50), (30.1, 50)]), shapely.LineString([(30.2, 50), (30.1, 50)]),
    ]  # fmt: skip
    with pytest.warns(UserWarning, match="both end at 30.1"):
        border = gb.border_along(rails, source=MAP)
    through = gb.border_along(shapely.LineString([(30, 50), (30.2, 50)]), source=MAP)
    both = gb.build_zone(border, 2, tolerance_m=1)
    assert both.area_km2 == pytest.approx(gb.build_zone(through, 2).area_km2, rel=1e-4)
    towns = gpd.GeoDataFrame(geometry=[shapely.Point(30.05, 50.01)], crs=4326)
    for one_side in (
        lambda: gb.build_zone(border, 2, side="left"),
        lambda: gb.build_zone(border, {"left": 2, "right": 1}),
        lambda: gb.exposure_curve(towns, border, side="right", to_km=3),
    ):
        with pytest.raises(gb.GeometryError, match=r"both end at 30\.1.*Must run in one direction"):
            one_side()
    assert gb.exposure_curve(towns, border, to_km=3)["places"].tolist()[-1] == 1


def test_a_border_of_many_sections_is_named_by_the_first():
    spots = gb.border_around(list(shapely.points(np.arange(450) / 10.0 - 20, 50)), source=MAP)
    assert repr(spots).endswith("shape 7, shape 8 and 442 more; 0 km)")
