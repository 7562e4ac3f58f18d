"""The outlines for the slider: errors and areas stay within what is stated."""

import itertools

import numpy as np
import pytest
import shapely

import geobuffer as gb
from geobuffer.viz.web.slider import draw_outlines, outline_error_m

SOURCE = gb.Source("by hand")


@pytest.fixture(scope="module")
def drawn(zone):
    return draw_outlines(zone, [1, 2, 3, 5, 10, 20, 30])


def measure_error(drawn, border):
    """Return the largest deviation of the outlines' edges from their distance, in metres."""
    worst = 0.0
    for outline in drawn:
        dense = shapely.get_coordinates(shapely.segmentize(outline.shape, 0.001))  # 110 m
        away = border.index.nearest(dense[:, 0], dense[:, 1]).distance_m
        worst = max(worst, np.abs(away - outline.km * 1e3).max())
    return worst


def test_edges_lie_within_what_is_stated(drawn, border):
    assert measure_error(drawn, border) <= outline_error_m([1])


def test_edges_of_narrow_ones_do_too(zone, border):
    assert measure_error(draw_outlines(zone, [0.2, 4, 6]), border) <= outline_error_m([0.2]) == 12.0


def test_bays_are_not_filled():
    """Along a line with bends of all sizes, they once were, to 230 m."""
    rng = np.random.default_rng(13)
    lat, count, wide = rng.uniform(0, 65), int(rng.integers(20, 400)), rng.choice([1, 3, 8])
    x = np.linspace(0, wide, count)
    waves = np.sin(x * rng.uniform(2, 9) * 3 / wide) * rng.uniform(0.1, 0.6) * wide / 3
    y = lat + waves + np.cumsum(rng.normal(0, 0.01 * wide / 3, count))
    border = gb.border_along([shapely.LineString(np.c_[x, y])], source=SOURCE)
    zone = gb.build_zone(border, km=1, tolerance_m=50)
    assert measure_error(draw_outlines(zone, [1, 25, 30]), border) <= outline_error_m([1])


def test_nothing_is_missing(drawn, border):
    """A point well inside the distance is inside the outline, one well outside is not."""
    rng = np.random.default_rng(4)
    lon, lat = rng.uniform(31.2, 39.0, 20_000), rng.uniform(49.2, 52.8, 20_000)
    away = border.index.nearest(lon, lat).distance_m
    for outline in drawn:
        held = shapely.contains_xy(outline.shape, lon, lat)
        clear = np.abs(away - outline.km * 1e3) > outline_error_m([1])
        assert (held == (away < outline.km * 1e3))[clear].all()


def test_areas_are_those_of_exact_zones(drawn, border):
    at_10 = next(outline for outline in drawn if outline.km == 10)
    for side in ("both", "Ukraine", "Russia"):
        exact = gb.build_zone(border, km=10, side=side, tolerance_m=5).area_km2
        assert at_10.areas_km2[side] == pytest.approx(exact, rel=0.002)


def test_areas_beside_long_straight_edges():
    line, up, down = [(20, 60), (24, 65)], [(24, 73), (20, 68)], [(24, 57), (20, 52)]
    north, south = (
        gb.Region(name, shapely.Polygon(line + rest), SOURCE)
        for name, rest in (("North", up), ("South", down))
    )
    zone = gb.build_zone(gb.border_between(north, south), km=10)
    (outline,) = draw_outlines(zone, [10])
    for side in ("both", "North", "South"):
        exact = gb.build_zone(zone.border, km=10, side=side).area_km2
        assert outline.areas_km2[side] == pytest.approx(exact, rel=0.002)


def test_areas_of_flat_ends_that_turn_with_the_width():
    """The last stretch as long as the zone is wide says where an end faces: they do not nest."""
    tip = [(30, 50), (30.7, 50), (30.7, 50.045)]
    one = gb.Region("A", shapely.Polygon([*tip, (30.2, 50.6), (30, 50.6)]), SOURCE)
    other = gb.Region(
        "B", shapely.Polygon([*tip, (31.5, 50.045), (31.5, 49.4), (30, 49.4)]), SOURCE
    )
    border = gb.border_between(one, other)
    for outline in draw_outlines(gb.build_zone(border, km=1, ends="flat"), [1, 5, 20]):
        for side in ("A", "B"):
            exact = gb.build_zone(border, km=outline.km, side=side, ends="flat").area_km2
            assert outline.areas_km2[side] == pytest.approx(exact, rel=0.003)


def test_wider_contains_narrower(drawn):
    for inner, outer in itertools.pairwise(drawn):
        assert outer.shape.covers(inner.shape)


def test_flat_ends_are_cut(strip):
    round_, flat = (gb.build_zone(strip, km=10, ends=ends) for ends in ("round", "flat"))
    (of_round,), (of_flat,) = draw_outlines(round_, [10]), draw_outlines(flat, [10])
    assert of_flat.areas_km2["both"] == pytest.approx(flat.area_km2, rel=0.002)
    assert of_round.areas_km2["both"] == pytest.approx(round_.area_km2, rel=0.002)


def test_narrow_zones_are_drawn_finer(strip):
    zone = gb.build_zone(strip, km=0.1)
    (outline,) = draw_outlines(zone, [0.1])
    assert outline.areas_km2["both"] == pytest.approx(zone.area_km2, rel=0.02)
    assert outline_error_m([0.1]) == 6.0


def test_widths_that_cannot_be_drawn_are_left_out():
    north = gb.Region("North", shapely.box(10, 80, 20, 84), SOURCE)
    zone = gb.build_zone(gb.border_of(north), km=50)
    assert [outline.km for outline in draw_outlines(zone, [50, 100, 1_000])] == [50, 100]


@pytest.mark.parametrize("ends", ["round", "flat"])
def test_across_the_antimeridian(ends):
    east = gb.Region("East", shapely.box(179.9, 60, 180, 61), SOURCE)
    west = gb.Region("West", shapely.box(-180, 60, -179.9, 61), SOURCE)
    zone = gb.build_zone(gb.border_between(east, west), km=20, ends=ends)
    (outline,) = draw_outlines(zone, [20])
    assert outline.areas_km2["both"] == pytest.approx(zone.area_km2, rel=0.005)
    west_m, _, east_m, _ = outline.shape.bounds
    assert west_m >= -180
    assert east_m <= 180


@pytest.mark.parametrize(("reach", "count"), [(160, 1), (180, 0)])
def test_along_a_parallel(reach, count):
    line = shapely.LineString([(-reach, 85), (0, 85), (reach, 85)])
    zone = gb.build_zone(gb.border_along(line, source=SOURCE), km=50, tolerance_m=30)
    drawn = draw_outlines(zone, [50])
    assert len(drawn) == count  # none round the globe
    for outline in drawn:
        assert outline.areas_km2["both"] == pytest.approx(zone.area_km2, rel=0.005)


def test_about_a_point_and_along_a_bare_line():
    disc = gb.build_zone(gb.border_around(shapely.Point(30, 50), source=SOURCE), km=10)
    line = gb.border_along([shapely.LineString([(30, 50), (31, 50.5)])], source=SOURCE)
    for zone in (disc, gb.build_zone(line, km=10)):
        (outline,) = draw_outlines(zone, [10])
        assert outline.areas_km2["both"] == pytest.approx(zone.area_km2, rel=0.005)
