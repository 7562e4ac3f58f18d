"""Borders of regions, between regions, along lines, and around points and areas."""

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from support.engines import use_engine

import geobuffer as gb
from geobuffer.datasets.bundled import load_border

GEOD = pyproj.Geod(ellps="WGS84")
SKETCH = gb.Source("a sketch", accuracy_m=5.0)


def _region(name, *bounds, **kwargs):
    return gb.Region(name, shapely.box(*bounds), SKETCH, **kwargs)


def test_border_between_boxes_is_their_common_edge():
    west = _region("West", 30, 50, 31, 51)
    north, south = _region("North", 31, 50.5, 32, 51), _region("South", 31, 50, 32, 50.5)
    # The edge of West has no vertex at 50.5, where North and South meet.
    border = gb.border_between(west, [north, south])
    assert {s.name for s in border.sections} == {"West–North", "West–South"}
    assert border.length_km == pytest.approx(GEOD.inv(31, 50, 31, 51)[2] / 1e3)
    assert [side.name for side in border.sides] == ["West", "North, South"]


def test_sections_of_the_default_border(border):
    assert [s.name for s in border.sections] == [
        "Bryansk–Chernihiv", "Bryansk–Sumy", "Kursk–Sumy", "Belgorod–Sumy", "Belgorod–Kharkiv",
    ]  # fmt: skip
    assert [side.name for side in border.sides] == ["Russia", "Ukraine"]
    assert border.side("Україна").name == border.side("ukraine").name == "Ukraine"
    assert border.source.accuracy_m == 10.0
    starts = [s.start_km for s in border.sections]
    lengths = [s.length_km for s in border.sections]
    assert starts == pytest.approx([0.0, *np.cumsum(lengths)[:-1]])
    ends = [shapely.get_coordinates(s.line)[[0, -1]] for s in border.sections]
    for here, there in itertools.pairwise(ends):
        assert (here[1] == there[0]).all()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Bryansk", "Kursk", "Belgorod"), ("Chernihiv", "Sumy", "Kharkiv")),
        (("Sumy",), ("Kursk",)),
        (("Luhansk", "Donetsk"), ("Rostov", "Voronezh", "Belgorod")),
        # Two runs of line, with Kursk between them.
        (("Belgorod", "Bryansk"), ("Sumy",)),
    ],
)
@pytest.mark.filterwarnings("error")
def test_the_bundled_line_is_the_border_between(regions, one, other):
    found, quick = (
        gb.border_between(regions[one], regions[other]),
        load_border(regions[one], regions[other]),
    )
    assert quick == found
    for ours, theirs in zip(quick.sections, found.sections, strict=True):
        assert ours == theirs
        assert ours.line.equals_exact(theirs.line, 0.0)
    for ours, theirs in zip(quick.sides, found.sides, strict=True):
        assert ours.area.equals_exact(theirs.area, 0.0)


def test_the_bundled_line_is_not_that_of_neighbours_in_one_country(regions):
    assert load_border(regions["Kursk",], regions["Belgorod",]) is None
    # Not even if one of them has it: a part of the border would be missing.
    assert load_border(regions["Kursk",], regions["Belgorod", "Sumy"]) is None


def test_length_is_that_of_the_line(border):
    coords = np.concatenate([shapely.get_coordinates(s.line) for s in border.sections])
    expected = GEOD.inv(coords[:-1, 0], coords[:-1, 1], coords[1:, 0], coords[1:, 1])[2].sum()
    assert border.length_km == pytest.approx(expected / 1e3, rel=1e-7)


def test_order_of_the_sides_does_not_matter(regions, border):
    other = gb.border_between(
        regions["Kharkiv", "Chernihiv", "Sumy"], regions["Belgorod", "Kursk", "Bryansk"]
    )
    assert other.line.equals_exact(border.line, 0.0)
    assert other.sides[0].name == "Ukraine"
    assert other.sections[0].name == "Chernihiv–Bryansk"


def test_one_country_faces_regions_of_several(regions):
    border = gb.border_between(regions["Chernihiv", "Sumy"], regions["Gomel", "Bryansk", "Kursk"])
    assert border.sides[0].name == "Ukraine"
    assert border.sides[1].name == "Gomel, Bryansk, Kursk"
    assert gb.build_zone(border, km=5, side="Україна", tolerance_m=50).side == "Ukraine"


def test_interior_border_is_named_after_its_regions(regions):
    border = gb.border_between(regions["Sumy"], regions["Chernihiv"])
    assert [side.name for side in border.sides] == ["Sumy", "Chernihiv"]
    assert border.source.accuracy_m == 50.0


def test_regions_apart_are_refused_with_the_gap():
    near, far = _region("Near", 30, 50, 31, 51), _region("Far", 32, 50, 33, 51)
    gap = GEOD.inv(31, 51, 32, 51)[2] / 1e3  # nearest at the northern corners
    with pytest.raises(gb.NotAdjacent, match=rf"Near and Far .* {gap:.3g} km apart"):
        gb.border_between(near, far)


def test_regions_that_meet_at_a_point_are_refused():
    one, other = _region("One", 30, 50, 31, 51), _region("Other", 31, 51, 32, 52)
    with pytest.raises(gb.NotAdjacent, match="at a point"):
        gb.border_between(one, other)


def test_region_on_both_sides_is_refused(regions):
    with pytest.raises(gb.GeometryError, match="Sumy stands on both"):
        gb.border_between(regions["Sumy", "Kursk"], regions["Sumy"])


def test_a_region_of_a_line_is_refused():
    with pytest.raises(gb.GeometryError, match=r"'Line'.*Polygon"):
        gb.Region("Line", shapely.LineString([(0, 0), (1, 1)]), SKETCH)


def test_border_of_a_region_has_its_hole_and_islands():
    lake = shapely.box(30.2, 50.2, 30.4, 50.4)
    land = shapely.MultiPolygon([shapely.box(30, 50, 31, 51) - lake, shapely.box(32, 50, 33, 51)])
    border = gb.border_of(gb.Region("Land", land, SKETCH))
    assert [side.name for side in border.sides] == ["inside", "outside"]
    assert border.length_km == pytest.approx(GEOD.geometry_length(land.boundary) / 1e3, rel=1e-3)


def test_unknown_names_get_the_nearest_known(regions, border):
    with pytest.raises(gb.UnknownRegion, match="Did you mean 'Kursk'"):
        regions["Kurks"]
    with pytest.raises(gb.UnknownSide, match="Did you mean 'Ukraine'"):
        border.side("Ukrane")
    with pytest.raises(gb.UnknownSide, match="'Russia', 'Ukraine', 'both'"):
        border.side("east")


@pytest.mark.parametrize("step", [10, pytest.param(1, marks=pytest.mark.long)])
def test_any_two_bundled_regions_have_a_border_or_are_apart(regions, step):
    met = 0
    for one, other in itertools.islice(itertools.combinations(regions, 2), 0, None, step):
        try:
            border = gb.border_between(one, other)
        except gb.NotAdjacent as error:
            assert one.name in str(error)  # noqa: PT017 - either answer will do
        else:
            met += border.length_km > 1.0
    assert met > 15 / step


@pytest.mark.parametrize(
    "shape",
    [
        shapely.MultiPolygon([shapely.box(179, 50, 180, 51), shapely.box(-180, 50, -179, 51)]),
        shapely.box(179, 50, 181, 51),
        shapely.box(-181, 50, -179, 51),
        shapely.box(389, 50, 391, 51),
    ],
)
def test_antimeridian_makes_no_border(shape):
    here = gb.border_of(_region("Park", 29, 50, 31, 51))
    there = gb.border_of(gb.Region("Park", shape, SKETCH))
    assert there.length_km == pytest.approx(here.length_km)
    for side in ("inside", "outside", "both"):
        areas = [gb.build_zone(b, km=10, side=side, tolerance_m=1).area_km2 for b in (here, there)]
        assert areas[0] == pytest.approx(areas[1], rel=1e-5)
    assert there.index.nearest(180.0, 50.5).distance_m > 50_000


def test_regions_may_meet_at_the_antimeridian():
    west, east = _region("West", 179, 50, 180, 51), _region("East", -180, 50, -179, 51)
    border = gb.border_between(west, east)
    assert border.length_km == pytest.approx(GEOD.inv(180, 50, 180, 51)[2] / 1e3)
    zones = [gb.build_zone(border, km=10, side=s, tolerance_m=0.1) for s in ("West", "East")]
    assert zones[0].area_km2 == pytest.approx(zones[1].area_km2)


def test_crossing_outlines_are_refused():
    bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    with pytest.raises(gb.GeometryError, match=r"'Bow': Self-intersection.*make_valid"):
        gb.Region("Bow", bow, SKETCH)


def test_regions_that_overlap_are_refused():
    with pytest.raises(gb.GeometryError, match=r"One and Other overlap by 6.15e\+03 km²"):
        gb.border_between(_region("One", 0, 0, 1, 1), _region("Other", 0.5, 0, 1.5, 1))


def test_regions_that_are_chosen_are_regions_too(regions):
    some = regions["Kursk", "Sumy"]
    assert regions[["Kursk", "Sumy"]] == some
    assert list(some) == [regions["Kursk"], regions["Sumy"]]
    assert some.to_frame()["name"].tolist() == ["Kursk", "Sumy"]
    assert len(some.__geo_interface__["features"]) == 2
    with pytest.raises(gb.UnknownRegion, match="Invalid region: 0"):
        regions[0]


def test_two_regions_of_one_name_are_distinguished_or_refused():
    source = gb.Source("two files")
    one, other = (gb.Region("Park", shapely.box(x, 50, x + 1, 51), source) for x in (30, 31))
    with pytest.raises(gb.UnknownRegion, match=r"Ambiguous region 'park': 2 "):
        gb.Regions((one, other))["park"]
    # Read twice, it is still one.
    assert gb.Regions((one, gb.Region("Park", one.geometry, source)))["Park"] is one


def test_the_whole_name_counts_before_the_name_without_oblast():
    source = gb.Source("a map")
    city = gb.Region("Kyiv", shapely.box(30, 50, 31, 51), source)
    about = gb.Region(
        "Kyiv Oblast", shapely.box(31, 50, 32, 51), source, {"uk": "Київська область"}
    )
    for order in ((city, about), (about, city)):
        regions = gb.Regions(order)
        assert regions["Kyiv"] is city
        assert regions["kyiv oblast"] is about
        assert regions["Київська"] is about


GEOD = pyproj.Geod(ellps="WGS84")
HAND = gb.Source("drawn by hand")


def _line(seed, vertices=12):
    """Return a random line that runs eastward and never meets itself."""
    rng = np.random.default_rng(seed)
    lat = 50 + np.cumsum(rng.normal(0, 0.02, vertices))
    return shapely.LineString(np.stack([np.linspace(30, 31, vertices), lat], axis=1))


def _points(shape, count=4000, seed=0):
    west, south, east, north = shape.bounds
    rng = np.random.default_rng(seed)
    return rng.uniform(west, east, count), rng.uniform(south, north, count)


def _member(zone, lon, lat, **kwargs):
    return gb.answer(lon, lat, zone, **kwargs).ring >= 0


@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_left_side_equals_a_polygon_on_the_left(seed):
    line = _line(seed)
    border = gb.border_along(line, source=HAND)
    north = shapely.Polygon([*line.coords, (31, 53), (30, 53)])
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(30.02, 30.98, 3000), rng.uniform(49.6, 50.4, 3000)
    # Near the ends the line is not long enough to say what a longer one would.
    foot = border.index.nearest(lon, lat)
    whole = border.length_km * 1e3
    clear = (foot.chainage_m > 1.0) & (foot.chainage_m < whole - 1.0)
    codes = border.side_codes(lon, lat)
    assert ((codes == 0) == shapely.contains_xy(north, lon, lat))[clear].all()


@pytest.mark.parametrize("engine", ["tree", "numpy"])
def test_reversing_the_line_swaps_left_and_right(engine):
    line = _line(5, 40)
    one, other = (gb.border_along(way, source=HAND) for way in (line, shapely.reverse(line)))
    lon, lat = _points(line.buffer(0.3))
    with use_engine(engine):
        assert (one.side_codes(lon, lat) == 1 - other.side_codes(lon, lat)).all()


def test_the_engines_agree_on_the_side():
    border = gb.border_along([_line(1, 200), _line(2, 50)], source=HAND)
    lon, lat = _points(border.line.buffer(0.4), 50_000)
    codes = []
    for engine in ("tree", "numpy"):
        with use_engine(engine):
            codes.append(border.side_codes(lon, lat))
    assert (codes[0] == codes[1]).all()
    assert set(codes[0]) == {0, 1}


def test_a_loop_has_its_inside_on_the_left_if_it_turns_left():
    ring = shapely.Polygon([(30, 50), (30.5, 50), (30.6, 50.4), (30.2, 50.2), (30, 50.5)]).exterior
    lon, lat = _points(ring.buffer(0.3))
    inside = shapely.contains_xy(shapely.Polygon(ring), lon, lat)
    for way, left in ((ring, inside), (shapely.reverse(ring), ~inside)):
        border = gb.border_along(way, source=HAND)
        assert ((border.side_codes(lon, lat) == 0) == left).all()


def test_sections_that_meet_are_one_line():
    """Where a line is cut into sections makes no difference to the side of a point."""
    line = _line(3, 30)
    parts = [shapely.LineString(line.coords[:12]), shapely.LineString(line.coords[11:])]
    whole, cut = (gb.border_along(way, source=HAND) for way in (line, parts))
    lon, lat = _points(line.buffer(0.3), 20_000)
    assert (whole.side_codes(lon, lat) == cut.side_codes(lon, lat)).all()
    assert [s.name for s in cut.sections] == ["line 1", "line 2"]
    assert cut.sections[1].start_km == pytest.approx(cut.sections[0].length_km)


def test_a_point_beyond_a_sharp_bend_has_the_right_side():
    """Beyond a sharp bend both segments are equally near, at their common vertex."""
    border = gb.border_along(
        shapely.LineString([(30, 50), (30.5, 50.01), (30, 50.02)]), source=HAND
    )
    codes = border.side_codes(np.array([30.6, 30.51, 30.4]), np.array([50.01, 50.0101, 50.01]))
    assert codes.tolist() == [1, 1, 0]  # it turns left, so beyond the bend is right


def test_beyond_an_end_the_line_goes_straight_on():
    border = gb.border_along(shapely.LineString([(30, 50), (30, 51)]), source=HAND)
    lon, lat = np.array([29.9, 30.1, 29.9, 30.1]), np.array([51.5, 51.5, 49.5, 49.5])
    assert border.side_codes(lon, lat).tolist() == [0, 1, 0, 1]
    nowhere = np.array([np.nan])
    assert border.side_codes(nowhere, nowhere).tolist() == [-1]


def test_a_point_on_the_line_is_on_the_left():
    border = gb.border_along(_line(7), source=HAND)
    lon, lat = shapely.get_coordinates(shapely.line_interpolate_point(border.line, [0.2, 0.5])).T
    assert border.side_codes(lon, lat).tolist() == [0, 0]


SHAPES = {
    "one": [_line(11, 60)],
    "two the same way": [
        shapely.LineString([(30, 50), (30.3, 50)]),
        shapely.LineString([(30, 50.06), (30.3, 50.06)]),
    ],
    "an end before a line": [
        shapely.LineString([(30, 50), (30, 50.4)]),
        shapely.LineString([(29.7, 50.46), (30.3, 50.46)]),
    ],
    "across the antimeridian": [shapely.LineString([(179.5, -17), (180.4, -17.1), (181, -16.8)])],
    "crossing": [
        shapely.LineString([(30, 50), (30.5, 50.3)]), shapely.LineString([(30, 50.3), (30.5, 50)]),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.filterwarnings("ignore:The edges of the zone lie up to")
def test_left_and_right_zones_add_up_to_both_and_are_what_is_drawn(name):
    border = gb.border_along(SHAPES[name], source=HAND)
    left, right, both = (
        gb.build_zone(border, km=5, side=side, tolerance_m=1) for side in ("left", "right", "both")
    )
    lon, lat = _points(shapely.union_all(SHAPES[name]).buffer(0.1), 20_000)
    lon = (lon + 180) % 360 - 180
    members = [_member(zone, lon, lat) for zone in (left, right, both)]
    assert ((members[0] ^ members[1]) == members[2]).all()
    assert members[0].any()
    assert members[1].any()
    assert left.area_km2 + right.area_km2 == pytest.approx(both.area_km2, abs=1e-3)
    for zone, member in zip((left, right, both), members, strict=True):
        drawn = shapely.contains_xy(zone.polygon, lon, lat)
        # No farther from the edge than the error allows; half-way lines report their own error.
        edge, error_deg = zone.polygon.boundary, max(zone.error_m, 1.0) / 111_000
        shapely.prepare(edge)
        clear = ~shapely.dwithin(shapely.points(lon, lat), edge, 2 * error_deg)
        assert (drawn == member)[clear].all()


def test_a_bent_line_between_sides_is_cut_at_its_bend():
    """The edge was once 6.3 m off, with a tolerance of 1 m."""
    border = gb.border_along(SHAPES["an end before a line"], source=HAND)
    zone = gb.build_zone(border, km=10, side="left", tolerance_m=1)
    assert zone.error_m < 1
    # Right and left meet where the nearest bank changes, tried close to the edge between them.
    meet = shapely.intersection(
        zone.polygon.boundary, gb.build_zone(border, km=10, side="right", tolerance_m=1).polygon
    )
    on_edge = shapely.get_coordinates(shapely.segmentize(meet, 0.001))
    away = np.random.default_rng(1).uniform(-1, 1, on_edge.shape) * 8 / 111_000
    lon, lat = (on_edge + away).T
    far = border.index.nearest(lon, lat).distance_m > 100
    drawn = shapely.contains_xy(zone.polygon, lon, lat)
    wrong = far & (drawn != (_member(zone, lon, lat)))
    off = shapely.distance(shapely.points(lon[wrong], lat[wrong]), zone.polygon.boundary)
    assert (off * 111_000).max(initial=0.0) < 2


@given(seed=st.integers(0, 10_000))
@settings(max_examples=5, deadline=None)
def test_one_sided_zones_of_any_line_add_up(seed):
    border = gb.border_along(_line(seed, 8), source=HAND)
    zones = [gb.build_zone(border, km=3, side=s, tolerance_m=20) for s in ("left", "right", "both")]
    left, right, both = (zone.area_km2 for zone in zones)
    assert left + right == pytest.approx(both, abs=1e-3)


def test_rings_of_one_side_add_up():
    border = gb.border_along(_line(4), source=HAND)
    rings = gb.build_zone(border, km=[2, 5], side="left", tolerance_m=1)
    single = gb.build_zone(border, km=5, side="left", tolerance_m=1)
    assert rings.area_km2 == pytest.approx(single.area_km2, rel=1e-9)


def test_where_the_side_may_change_a_place_is_uncertain():
    """Near the line, and near the geodesic that continues it, 5 km from its end."""
    border = gb.border_along(shapely.LineString([(30, 50), (30, 51)]), source=HAND)
    zone = gb.build_zone(border, km=10, side="left", tolerance_m=1)
    lon, lat = [29.999, 30.001, 29.999, 29.95], [50.5, 50.5, 51.05, 50.5]
    places = gpd.GeoDataFrame(
        {"accuracy_m": 200.0, "country": "UA"},
        geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326", index=range(4),
    )  # fmt: skip
    found = gb.classify(places, zone)
    assert found["membership"].tolist() == ["uncertain", "uncertain", "uncertain", "inside"]
    sure = gb.classify(places.assign(accuracy_m=20.0), zone)
    assert sure["membership"].tolist() == ["inside", "outside", "inside", "inside"]


@given(
    lon=st.floats(-180, 180), lat=st.floats(-70, 70), km=st.sampled_from([0.1, 5.0, 30.0, 300.0])
)
@settings(max_examples=20, deadline=None)
def test_the_zone_of_a_point_is_the_geodesic_disc(lon, lat, km):
    border = gb.border_around(shapely.Point(lon, lat), source=HAND)
    zone = gb.build_zone(border, km=km, tolerance_m=1.0)
    azimuth = np.arange(0.0, 360.0, 0.25)
    rim_lon, rim_lat, _ = GEOD.fwd(np.full(1440, lon), np.full(1440, lat), azimuth,
                                   np.full(1440, km * 1e3))  # fmt: skip
    area = abs(GEOD.polygon_area_perimeter(rim_lon, rim_lat)[0]) / 1e6
    # An inscribed polygon of 1,440 sides lacks 3e-6 of a disc.
    tolerance = 2 * min(1.0, km * 10) / (km * 1e3) + 4e-6
    assert zone.area_km2 == pytest.approx(area, rel=tolerance)
    assert zone.error_m <= 1.0
    for share, inside in ((0.9999999, True), (1.0000001, False)):
        at = GEOD.fwd(np.full(1440, lon), np.full(1440, lat), azimuth,
                      np.full(1440, km * 1e3 * share))  # fmt: skip
        assert (_member(zone, at[0], at[1]) == inside).all()


def test_grid_and_tree_agree_for_points():
    spots = shapely.MultiPoint([(30, 50), (30.3, 50.1), (31, 50)])
    border = gb.border_around(spots, source=HAND)
    lon, lat = _points(spots.buffer(0.4))
    with use_engine("tree"):
        tree = border.index.nearest(lon, lat)
    with use_engine("compiled"):
        grid = border.index.nearest(lon, lat)
    assert np.abs(tree.distance_m - grid.distance_m).max() < 1e-5
    brute = np.min([GEOD.inv(np.full(len(lon), p.x), np.full(len(lon), p.y), lon, lat)[2]
                    for p in spots.geoms], axis=0)  # fmt: skip
    assert np.abs(tree.distance_m - brute).max() < 1e-6
    assert (border.side_codes(lon, lat) == 1).all()


def test_parks_that_touch_are_one():
    west, east = shapely.box(30, 50, 30.1, 50.1), shapely.box(30.1, 50, 30.2, 50.1)
    far = shapely.box(31, 50, 31.1, 50.1)
    border = gb.border_around([far, west, east], names=["Far", "West", "East"], source=HAND)
    assert [s.name for s in border.sections] == ["Far", "West + East"]
    middle = gb.locate(gpd.GeoSeries.from_xy([30.1], [50.05], crs=4326), border)
    assert middle["side"].tolist() == ["inside"]
    assert middle["distance_km"].iloc[0] == pytest.approx(5.562, abs=1e-3)  # to the south or north
    outside = gb.build_zone(border, km=1, side="outside", tolerance_m=1)
    assert shapely.intersection(outside.polygon, shapely.union_all([west, east, far])).area < 1e-12


def test_areas_that_touch_across_the_antimeridian_are_one():
    halves = [shapely.box(179, -17, 180, -16), shapely.box(-180, -17, -179, -16)]
    border = gb.border_around(halves, names=["West", "East"], source=HAND)
    whole = gb.border_around(shapely.box(179, -17, 181, -16), source=HAND)
    assert [s.name for s in border.sections] == ["West + East"]
    assert border.length_km == pytest.approx(whole.length_km, rel=1e-9)
    seam = gpd.GeoSeries.from_xy([180.0, 179.99, -179.99], [-16.5] * 3, crs=4326)
    assert gb.locate(seam, border)["distance_km"].min() > 50
    turned = gb.border_around([shapely.box(179, -17, 180.5, -16), halves[1]], source=HAND)
    assert turned.length_km == pytest.approx(whole.length_km, rel=1e-9)


def test_names_of_a_table_go_by_row_whatever_its_labels():
    lines = gpd.GeoDataFrame(
        {"name": ["A", "B", "C"], "km": [1.0, 2.0, 3.0]},
        geometry=[shapely.LineString([(30 + n, 50), (30 + n, 50.5)]) for n in range(3)], crs=4326,
    )  # fmt: skip
    for table in (lines.iloc[::-1], lines.iloc[1:], lines.set_index("name", drop=False)):
        border = gb.border_along(table, names=table["name"], source=HAND)
        starts = {section.name: section.line.coords[0][0] - 30 for section in border.sections}
        assert starts == {name: "ABC".index(name) for name in table["name"]}
        zone = gb.build_zone(border, km=table.set_index("name")["km"], tolerance_m=10)
        alone = {part.sections[0].name: part.width_km for part in zone.parts}
        assert alone == dict(zip(table["name"], table["km"], strict=True))


def test_a_column_of_widths_has_one_for_a_name():
    lines = [shapely.LineString([(30 + n, 50), (30 + n, 50.5)]) for n in range(2)]
    border = gb.border_along(lines, names=["road", "road"], source=HAND)
    widths = pd.Series([3.0, 5.0], index=["road", "road"])
    with pytest.raises(gb.GeometryError, match=r"'road': 3.0, 5.0. Must be one width"):
        gb.build_zone(border, km=widths)
    same = gb.build_zone(border, km=widths.clip(upper=3.0), tolerance_m=10)
    assert len(same.sections) == 2
    assert gb.build_zone(border, km=pd.Series([3.0, 5.0]), tolerance_m=10).edges_km == (0, 3, 5)


def test_regions_keep_their_names_and_sources(regions):
    border = gb.border_around(regions["Kursk", "Sumy"])
    assert [s.name for s in border.sections] == ["Kursk + Sumy"]
    assert {r.name for r in border.regions} == {"Kursk", "Sumy"}
    assert border.source == regions["Kursk"].source
    assert border.sections[0].length_km < sum(
        gb.border_of(r).length_km for r in regions["Kursk", "Sumy"]
    )


def test_a_point_and_an_area_are_one_border():
    shapes = [shapely.Point(30, 50), shapely.box(30.5, 50, 30.6, 50.1)]
    border = gb.border_around(shapes, names=["plant", "park"], source=HAND)
    zone = gb.build_zone(border, km=2, tolerance_m=1)
    table = gpd.GeoSeries.from_xy([30.01, 30.51, 30.7], [50, 50.05, 50], crs=4326)
    found = gb.classify(table, zone)
    assert found["section"].tolist() == ["plant", "park", "park"]
    assert found["side"].tolist() == ["outside", "inside", "outside"]
    assert found["membership"].tolist() == ["inside", "inside", "outside"]


def test_tables_are_brought_to_degrees():
    table = gpd.GeoSeries([_line(1)], crs="EPSG:4326").to_crs("EPSG:32636")
    border = gb.border_along(table, source=HAND)
    # Edges that are straight in the projection bend by 1.3 m in degrees, as those of files do.
    assert 1e-7 < shapely.hausdorff_distance(border.line, _line(1)) < 1.3e-5
    vertices = shapely.points(shapely.get_coordinates(_line(1)))
    assert shapely.distance(vertices, border.line).max() < 1e-8
    with pytest.raises(gb.MissingCRSError):
        gb.border_along(gpd.GeoSeries([_line(1)]), source=HAND)


@pytest.mark.parametrize(
    ("make", "shapes", "kwargs", "says"),
    [
        (gb.border_along, [], {}, "none given"),
        (gb.border_along, shapely.Point(30, 50), {}, "Point.*border_around takes it"),
        (gb.border_along, shapely.LineString(), {}, "'line': it is empty"),
        (gb.border_along, shapely.LineString([(30, 50), (30, 50)]), {}, "no length"),
        (gb.border_along, shapely.LineString([(30, 50), (30, 95)]), {}, "vertex 1 is"),
        (gb.border_along, [_line(1), _line(2)], {"names": ["one"]}, "1 for 2 lines"),
        (gb.border_along, "LINESTRING (30 50, 31 51)", {}, "a str"),
        (gb.border_around, shapely.Point(), {}, "it is empty"),
        (gb.border_around, shapely.Point(400_000, 5_500_000), {}, "vertex 0 is"),
        (gb.border_around, shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), {}, "valid polygon"),
        (gb.border_around, shapely.Point(30, 50), {"source": "a map"}, "Must be a Source"),
    ],
)
def test_shapes_that_make_no_border_are_refused(make, shapes, kwargs, says):
    with pytest.raises(gb.GeobufferError, match=says):
        make(shapes, **{"source": HAND} | kwargs)


def test_a_point_has_no_inside():
    border = gb.border_around(shapely.Point(30, 50), source=HAND)
    with pytest.raises(gb.GeometryError, match="points and lines have no inside"):
        gb.build_zone(border, km=5, side="inside")
    frame = gb.build_zone(border, km=5).to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert frame["border"].tolist() == ["shape"]


@pytest.mark.parametrize(
    ("lines", "how"),
    [
        ([[(30, 50), (30, 51)], [(30, 52), (30, 51)]], "end at 30.000000, 51"),
        ([[(30, 51), (30, 50)], [(30, 51), (30, 52)]], "begin at 30.000000, 51"),
    ],
)
@pytest.mark.parametrize("of_one", [True, False])
def test_lines_that_run_against_each_other_have_no_left(lines, how, of_one):
    given = shapely.MultiLineString(lines)
    given = given if of_one else list(given.geoms)
    with pytest.warns(UserWarning, match=f"both {how}"):
        border = gb.border_along(given, source=gb.Source("a sketch"))
    with pytest.raises(gb.GeometryError, match=f"both {how}.*Must run in one direction"):
        gb.build_zone(border, km=5, side="left")


@pytest.mark.parametrize(
    "lines",
    [
        [[(30, 50), (30.2, 50), (30.1, 50)]],  # there and half back
        [[(30, 50), (30.2, 50.1), (30, 50)]],
        [[(30, 50), (30.1, 50), (30.2, 50)], [(30.1, 50), (30.3, 50)]],  # two share a stretch
    ],
)
def test_a_stretch_that_comes_twice_has_no_left_and_no_right(lines):
    border = gb.border_along(shapely.MultiLineString(lines), source=HAND)
    for side in ("left", "right"):
        with pytest.raises(gb.GeometryError, match=r"run along one another.*side 'both'"):
            gb.build_zone(border, km=1, side=side, tolerance_m=10)
    assert gb.build_zone(border, km=1, tolerance_m=10).area_km2 > 0


def test_lines_that_meet_at_points_have_sides():
    lines = [[(30, 50), (30.2, 50)], [(30.1, 49.9), (30.1, 50)], [(30.2, 50), (30.3, 50.05)]]
    border = gb.border_along(shapely.MultiLineString(lines), source=HAND)
    left, right = (gb.build_zone(border, km=1, side=s, tolerance_m=10) for s in ("left", "right"))
    both = gb.build_zone(border, km=1, tolerance_m=10)
    assert left.area_km2 + right.area_km2 == pytest.approx(both.area_km2, rel=1e-5)


@pytest.mark.parametrize(("wide_km", "is_told"), [(1.4, True), (10.0, False)])
def test_warns_of_a_strip_of_neither_side_unless_it_may_be_a_region(wide_km, is_told):
    west = shapely.box(29, 50, 30, 52)
    bay = shapely.Polygon([(30, 51), (30.0 + wide_km / 70.0, 51.01), (30, 51.18)])
    east = shapely.box(30, 50, 31, 52) - bay
    sides = (gb.Region("West", west, SKETCH), gb.Region("East", east, SKETCH))
    if not is_told:
        assert gb.border_between(*sides).length_km == pytest.approx(222.5 - 20.0, abs=1.0)
        return
    with pytest.warns(UserWarning, match=r"20\.\d km are missing .* m wide on average, at 30"):
        gb.border_between(*sides)


# Where the eastern outline leaves the meridian 30° at 50.3°, as latitudes and km from it; what the
# warning says, and how long the border is with the tolerance that it names.
OPEN_STRIPS = {
    "a strip": ([(50.31, 1.4), (50.5, 1.4)], r"22\.1 km .* up to 1,391 m apart", 55.6),
    "slowly, up to a width": ([(50.5, 2.0)], r"18\.\d km .* up to 1,6\d\d m apart", 33.3),
    "at 11 degrees": ([(50.5, 4.5)], None, None),
}


@pytest.mark.parametrize("name", OPEN_STRIPS)
def test_warns_of_a_strip_that_is_open_at_one_end(name):
    way, says, whole_km = OPEN_STRIPS[name]
    away = [(50.0, 0.0), (50.3, 0.0), *way, (50.5, 9.0), (51.0, 9.0)]
    shape = shapely.Polygon([(31, 50), *((30 + km / 71.7, lat) for lat, km in away), (31, 51)])
    sides = _region("West", 29, 50, 30, 51), gb.Region("East", shape, SKETCH)
    if says is None:
        assert gb.border_between(*sides).length_km == pytest.approx(33.4, abs=0.1)
        return
    with pytest.warns(UserWarning, match=f"may be incomplete: {says}, and are not in it") as said:
        border = gb.border_between(*sides)
    assert len(said) == 1
    assert said[0].filename == __file__
    assert border.length_km == pytest.approx(33.4, abs=0.1)
    tolerance_m = float(str(said[0].message).rpartition("tolerance_m=")[2].rstrip("."))
    wide = gb.border_between(*sides, tolerance_m=tolerance_m)
    assert wide.length_km == pytest.approx(whole_km, abs=0.2)
