"""A map shows the regions of its zone, and others that may be visible."""

import pytest
import shapely

import geobuffer as gb
from geobuffer.viz.extent import measure_sea_km, select_regions, split_sections_at_coast

HAND = gb.Source("drawn by hand")


def _region(name, *bounds):
    return gb.Region(name, shapely.box(*bounds), HAND, names={})


def test_a_zones_own_regions_and_those_near_enough_to_be_seen(strip):
    zone = gb.build_zone(strip, km=10, tolerance_m=50)
    near, far = _region("Near", 31, 50, 32, 51), _region("Far", 40, 50, 41, 51)
    own = [region.name for region in strip.regions]
    assert [one.name for one in select_regions(zone, [far, near])] == ["Near", *own]
    assert [one.name for one in select_regions(zone, [])] == own
    # Of two regions with one name, that of the border counts: the other may have another outline.
    double = _region("West", 29, 50, 30, 50.9)
    (west,) = (one for one in select_regions(zone, [double]) if one.name == "West")
    assert west in strip.regions


def test_regions_of_one_name_in_two_countries_are_both_shown():
    def limburg(west, iso):
        box = shapely.box(west, 50, west + 1, 51)
        return gb.Region("Limburg", box, HAND, iso=iso, country=iso[:2])

    dutch, flemish = limburg(30, "NL-LI"), limburg(29, "BE-VLI")
    zone = gb.build_zone(gb.border_of(dutch), km=5, tolerance_m=50)
    assert select_regions(zone, [flemish, limburg(30, "NL-LI")]) == (flemish, dutch)
    # A user's own file seldom has codes.
    plain = _region("Limburg", 30, 50, 31, 50.9)
    assert select_regions(zone, [plain, flemish]) == (dutch, flemish)


def test_an_area_of_ones_own_is_drawn_wherever_other_regions_are(regions):
    park = _region("Park", -62, -3, -61, -2)
    zone = gb.build_zone(gb.border_of(park), km=5, tolerance_m=50)
    assert select_regions(zone, regions) == (park,)
    figure = gb.plot_zone(zone, regions=regions)
    assert [text.get_text() for text in figure.axes[0].texts if text.get_text() == "Park"]


def test_around_points_that_belong_together_each_is_marked():
    wells = shapely.MultiPoint([(30, 50), (30.2, 50), (30.1, 50.1)])
    zone = gb.build_zone(gb.border_around(wells, source=HAND), km=3, tolerance_m=50)
    figure = gb.plot_zone(zone)
    (marks,) = (one for one in figure.axes[0].collections if one.get_gid() == "geobuffer-junctions")
    assert len(marks.get_offsets()) == 3
    assert figure.axes[0].get_legend().get_texts()[0].get_text().startswith("Points")


def test_sea_of_a_combined_zone_is_counted_once():
    west, east = _region("West", 30.5, 44, 31.5, 48), _region("East", 31.5, 44, 32.5, 48)
    border = gb.border_between(west, east)
    wide, narrow = (gb.build_zone(border, km=km, tolerance_m=50) for km in (10, 5))
    outer = gb.subtract(wide, narrow)
    assert measure_sea_km(outer) == measure_sea_km(wide) == pytest.approx(border.sea_km)
    inland = gb.build_zone(gb.border_of(_region("Park", 30, 50, 30.1, 50.1)), km=2, tolerance_m=50)
    both = gb.unite(wide, inland)
    assert measure_sea_km(both) == pytest.approx(border.sea_km)
    assert [part.sea.is_empty for part in split_sections_at_coast(both)] == [False, True]
