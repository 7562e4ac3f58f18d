import itertools

import numpy as np
import pyproj
import pytest
import shapely

import geobuffer as gb

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


def test_sections_are_those_of_the_bundled_line(border):
    import geopandas as gpd

    from geobuffer.datasets import data_folder

    line = gpd.read_parquet(data_folder() / "boundaries/border_ukraine_russia.parquet")
    for section in border.sections:
        bundled = line.loc[line["section"] == section.name, "geometry"].item()
        assert shapely.get_coordinates(section.line).tolist() == (
            shapely.get_coordinates(bundled).tolist()
        )


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


def test_line_is_no_region():
    line = gb.Region("Line", shapely.LineString([(0, 0), (1, 1)]), SKETCH)
    with pytest.raises(gb.GeometryError, match=r"'Line'.*Polygon"):
        gb.border_of(line)


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


def test_any_two_bundled_regions_have_a_border_or_are_apart(regions):
    met = 0
    for one, other in itertools.combinations(regions, 2):
        try:
            border = gb.border_between(one, other)
        except gb.NotAdjacent as error:
            assert one.name in str(error)  # noqa: PT017 - either answer will do
        else:
            met += border.length_km > 1.0
    assert met > 15


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
    zones = [gb.build_zone(border, km=10, side=s, tolerance_m=1) for s in ("West", "East")]
    assert zones[0].area_km2 == pytest.approx(zones[1].area_km2)


def test_crossing_outlines_are_refused():
    bow = gb.Region("Bow", shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), SKETCH)
    with pytest.raises(gb.GeometryError, match=r"'Bow': Self-intersection.*make_valid"):
        gb.border_of(bow)


def test_regions_that_overlap_are_refused():
    with pytest.raises(gb.GeometryError, match=r"One and Other overlap by 6.15e\+03 km²"):
        gb.border_between(_region("One", 0, 0, 1, 1), _region("Other", 0.5, 0, 1.5, 1))


def test_regions_are_found_by_a_list_as_well(regions):
    assert regions[["Kursk", "Sumy"]] == regions["Kursk", "Sumy"]
    with pytest.raises(gb.UnknownRegion, match="Invalid region 0"):
        regions[0]


def test_two_regions_of_one_name_are_told_apart_or_refused():
    source = gb.Source("two files")
    one, other = (gb.Region("Park", shapely.box(x, 50, x + 1, 51), source) for x in (30, 31))
    with pytest.raises(gb.UnknownRegion, match=r"Ambiguous region 'park': 2 are called so"):
        gb.Regions((one, other))["park"]
    # Read twice, it is still one.
    assert gb.Regions((one, gb.Region("Park", one.geometry, source)))["Park"] is one


def test_the_whole_name_counts_before_what_is_left_without_the_word_for_oblast():
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
