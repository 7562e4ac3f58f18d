"""Quick pictures of a zone at many widths: as right as they say."""

import itertools

import numpy as np
import pytest
import shapely

import geobuffer as gb
from geobuffer.sketches import sketches, strays_m


@pytest.fixture(scope="module")
def drawn(zone):
    return sketches(zone, [1, 2, 3, 5, 10, 20, 30])


def test_edges_lie_within_what_is_stated(drawn, border):
    for sketch in drawn:
        dense = shapely.get_coordinates(shapely.segmentize(sketch.outline, 0.001))  # 110 m
        away = border.index.nearest(dense[:, 0], dense[:, 1]).distance_m
        assert np.abs(away - sketch.km * 1e3).max() <= strays_m([1])


def test_nothing_is_missing(drawn, border):
    """A point well inside the distance is inside the sketch, one well outside is not."""
    rng = np.random.default_rng(4)
    lon, lat = rng.uniform(31.2, 39.0, 20_000), rng.uniform(49.2, 52.8, 20_000)
    away = border.index.nearest(lon, lat).distance_m
    for sketch in drawn:
        held = shapely.contains_xy(sketch.outline, lon, lat)
        clear = np.abs(away - sketch.km * 1e3) > strays_m([1])
        assert (held == (away < sketch.km * 1e3))[clear].all()


def test_areas_are_those_of_exact_zones(drawn, border):
    at_10 = next(sketch for sketch in drawn if sketch.km == 10)
    for side in ("both", "Ukraine", "Russia"):
        exact = gb.build_zone(border, km=10, side=side, tolerance_m=5).area_km2
        assert at_10.areas_km2[side] == pytest.approx(exact, rel=0.002)


def test_wider_contains_narrower(drawn):
    for inner, outer in itertools.pairwise(drawn):
        assert outer.outline.covers(inner.outline)


def test_flat_ends_are_cut(strip):
    round_, flat = (gb.build_zone(strip, km=10, ends=ends) for ends in ("round", "flat"))
    (of_round,), (of_flat,) = sketches(round_, [10]), sketches(flat, [10])
    assert of_flat.areas_km2["both"] == pytest.approx(flat.area_km2, rel=0.002)
    assert of_round.areas_km2["both"] == pytest.approx(round_.area_km2, rel=0.002)


def test_narrow_zones_are_drawn_finer(strip):
    zone = gb.build_zone(strip, km=0.1)
    (sketch,) = sketches(zone, [0.1])
    assert sketch.areas_km2["both"] == pytest.approx(zone.area_km2, rel=0.02)
    assert strays_m([0.1]) == 6.0


def test_widths_that_cannot_be_drawn_are_left_out():
    source = gb.Source("by hand")
    north = gb.Region("North", shapely.box(10, 80, 20, 84), source)
    zone = gb.build_zone(gb.border_of(north), km=50)
    assert [sketch.km for sketch in sketches(zone, [50, 100, 1_000])] == [50, 100]


def test_across_the_antimeridian():
    source = gb.Source("by hand")
    east = gb.Region("East", shapely.box(179.9, 60, 180, 61), source)
    west = gb.Region("West", shapely.box(-180, 60, -179.9, 61), source)
    zone = gb.build_zone(gb.border_between(east, west), km=20)
    (sketch,) = sketches(zone, [20])
    assert sketch.areas_km2["both"] == pytest.approx(zone.area_km2, rel=0.005)
    west_m, _, east_m, _ = sketch.outline.bounds
    assert west_m >= -180
    assert east_m <= 180


def test_about_a_point_and_along_a_bare_line():
    source = gb.Source("by hand")
    disc = gb.build_zone(gb.border_around(shapely.Point(30, 50), source=source), km=10)
    line = gb.border_along([shapely.LineString([(30, 50), (31, 50.5)])], source=source)
    for zone in (disc, gb.build_zone(line, km=10)):
        (sketch,) = sketches(zone, [10])
        assert sketch.areas_km2["both"] == pytest.approx(zone.area_km2, rel=0.005)
