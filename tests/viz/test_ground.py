"""The locator shows land wherever on Earth a zone lies; waters of a region are no land."""

import pytest
import shapely

import geobuffer as gb
from geobuffer.datasets.bundled import read_ground
from geobuffer.viz.ground import (
    LOCATOR_SIZE,
    choose_window,
    find_ground,
    find_regions_at_sea,
    make_locator,
)


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        (0, -179.9),
        (-17.5, 179.9),
        (30, -40),
        (-55, -120),
        (-30, 80),
        (70, -175),
        (-82, 0),
        (51, 34),
    ],
)
def test_locator_has_land_and_the_zone_in_it(lat, lon):
    """In the ocean it grows until land is in it: a box in a blue sea would say nothing."""
    zone = gb.build_zone(
        gb.border_around(shapely.Point(lon, lat), source=gb.Source("by hand")),
        km=20,
        tolerance_m=500,
    )
    locator = make_locator(zone, {})
    wide, high = LOCATOR_SIZE
    left, top, right, bottom = locator.mark
    assert 0 < left < right < wide
    assert 0 < top < bottom < high
    land = shapely.union_all([shape for _, shape in locator.shapes])
    assert land.area > 0.05 * wide * high
    west, north, east, south = land.bounds
    assert -1 <= west < east <= wide + 1
    assert -1 <= north < south <= high + 1


def test_near_land_the_locator_stays_close(zone):
    """About Ukraine 22 degrees are enough: the mark of the zone of May 2025 is seen as a shape."""
    left, _, right, _ = make_locator(zone, {}).mark
    assert right - left > 15


def test_ground_across_180_degrees_is_on_both_sides():
    """Taveuni in Fiji lies on 180°: its land must be on both sides of it in one window."""
    zone = gb.build_zone(
        gb.border_around(shapely.Point(180, -16.8), source=gb.Source("by hand")),
        km=50,
        tolerance_m=500,
    )
    window = choose_window(zone)
    assert window[0] < 180 < window[2]
    land = shapely.union_all([one.land for one in find_ground(zone, window).countries])
    west, _, east, _ = land.bounds
    assert west < 179.9
    assert east > 180


def test_regions_that_hold_waters_are_not_drawn_as_land(regions):
    """Boxes with sea off Odesa and across 180° in Fiji have too much water; inland oblasts not."""
    source = gb.Source("by hand")
    coast = gb.Region("Coast", shapely.box(30, 45.5, 32, 47), source)
    fiji = gb.Region("Fiji", shapely.box(-180, -18, -179, -16), source)
    inland = [regions["Sumy"], regions["Kursk"]]
    assert find_regions_at_sea([coast, *inland], (29, 44, 40, 54)) == [True, False, False]
    assert find_regions_at_sea([fiji], (178, -20, 183, -14)) == [True]
    assert find_regions_at_sea([], (178, -20, 183, -14)) == []


def around(lon, lat):
    """Return a zone around a point, and its ground."""
    zone = gb.build_zone(
        gb.border_around(shapely.Point(lon, lat), source=gb.Source("by hand")),
        km=20,
        tolerance_m=500,
    )
    return zone, choose_window(zone)


def test_own_data_get_the_rivers_about_them():
    """Kinshasa lies on the Congo, which is 3 km wide there."""
    ground = find_ground(*around(15.3, -4.3))
    assert ground.rivers.distance(shapely.Point(15.29, -4.3)) < 0.04


def test_rivers_of_the_world_begin_where_finer_ones_end(zone):
    """Around the default zone, which reaches nearly as far as the finer rivers, none is twice."""
    near = read_ground("waters").geometry
    area = shapely.box(*near.total_bounds)
    drawn = find_ground(zone, choose_window(zone)).rivers
    fine = near[near.geom_type == "LineString"].union_all()
    doubled = shapely.difference(shapely.intersection(drawn, area), shapely.buffer(fine, 0.01))
    assert drawn.length > 50
    assert doubled.length < 0.2
