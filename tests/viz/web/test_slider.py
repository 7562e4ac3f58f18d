"""The slider's areas differ from those of exact zones by no more than stated."""

import pytest
import shapely

import geobuffer as gb
from geobuffer.viz.web.slider import cut_error_m, measure_steps

SOURCE = gb.Source("by hand")


def assert_areas(step, border, sides, *, rel=0.002, ends="round"):
    """Assert that the areas of a step are those of exact zones; of both sides, to 0.1 %."""
    for side in sides:
        exact = gb.build_zone(border, km=step.km, side=side, ends=ends, tolerance_m=1).area_km2
        most = min(rel, 0.001) if side == "both" else rel
        assert step.areas_km2[side] == pytest.approx(exact, rel=most), (step.km, side)


def test_areas_are_those_of_exact_zones(zone, border):
    steps = measure_steps(zone, [*range(1, 31)])
    assert [step.km for step in steps] == [*range(1, 31)]
    assert_areas(steps[0], border, ("both",))
    assert_areas(steps[9], border, ("Ukraine", "Russia"))


def test_areas_on_a_territory_narrower_than_the_zone():
    """Its other edge runs along a row of cells."""
    line, strip, rest = (
        [(30, 50), (30.5, 50.1), (31, 49.95), (31.6, 50.2)],
        [(31.6, 50.23), (31, 49.98), (30.5, 50.13), (30, 50.03)],
        [(31.6, 49), (30, 49)],
    )
    narrow, wide = (
        gb.Region(name, shapely.Polygon(line + back), SOURCE)
        for name, back in (("Narrow", strip), ("Wide", rest))
    )
    border = gb.border_between(narrow, wide)
    steps = measure_steps(gb.build_zone(border, km=10, tolerance_m=50), [*range(1, 31)])
    for km in (2, 10, 30):
        assert_areas(steps[km - 1], border, ("both", "Narrow", "Wide"), rel=0.005)


def test_areas_beside_long_straight_edges():
    line, up, down = [(20, 60), (24, 65)], [(24, 73), (20, 68)], [(24, 57), (20, 52)]
    north, south = (
        gb.Region(name, shapely.Polygon(line + rest), SOURCE)
        for name, rest in (("North", up), ("South", down))
    )
    zone = gb.build_zone(gb.border_between(north, south), km=10)
    (step,) = measure_steps(zone, [10])
    assert_areas(step, zone.border, ("both", "North", "South"))


def test_areas_of_flat_ends_that_turn_with_the_width():
    """An end faces as the line's last stretch, whose length is the width, so zones do not nest."""
    tip = [(30, 50), (30.7, 50), (30.7, 50.045)]
    one = gb.Region("A", shapely.Polygon([*tip, (30.2, 50.6), (30, 50.6)]), SOURCE)
    other = gb.Region(
        "B", shapely.Polygon([*tip, (31.5, 50.045), (31.5, 49.4), (30, 49.4)]), SOURCE
    )
    border = gb.border_between(one, other)
    for step in measure_steps(gb.build_zone(border, km=1, ends="flat"), [1, 5, 20]):
        assert_areas(step, border, ("A", "B"), rel=0.003, ends="flat")


def test_flat_ends_are_cut(strip):
    round_, flat = (gb.build_zone(strip, km=10, ends=ends) for ends in ("round", "flat"))
    (of_round,), (of_flat,) = measure_steps(round_, [10]), measure_steps(flat, [10])
    assert of_flat.areas_km2["both"] == pytest.approx(flat.area_km2, rel=0.002)
    assert of_round.areas_km2["both"] == pytest.approx(round_.area_km2, rel=0.001)
    away = strip.index.nearest(*shapely.get_coordinates(of_flat.cut).T).distance_m
    assert of_round.cut is None
    assert away.max() > 10_000 - cut_error_m([10])


def test_narrow_zones_are_measured_as_exactly(strip):
    (step,) = measure_steps(gb.build_zone(strip, km=0.1), [0.1])
    assert_areas(step, strip, ("both",))
    assert cut_error_m([0.1]) == 6.0


def test_widths_that_cannot_be_drawn_are_left_out():
    north = gb.Region("North", shapely.box(10, 80, 20, 84), SOURCE)
    zone = gb.build_zone(gb.border_of(north), km=50)
    assert [step.km for step in measure_steps(zone, [50, 100, 1_000])] == [50, 100]


@pytest.mark.parametrize("ends", ["round", "flat"])
def test_across_the_antimeridian(ends):
    east = gb.Region("East", shapely.box(179.9, 60, 180, 61), SOURCE)
    west = gb.Region("West", shapely.box(-180, 60, -179.9, 61), SOURCE)
    zone = gb.build_zone(gb.border_between(east, west), km=20, ends=ends)
    step = measure_steps(zone, [*range(2, 62, 2)])[9]  # as on a page: 2 to 60 km
    for side in ("both", "East", "West"):
        whole = gb.build_zone(zone.border, km=20, side=side, ends=ends).area_km2
        assert step.areas_km2[side] == pytest.approx(whole, rel=0.005)


@pytest.mark.parametrize(("reach", "count"), [(160, 1), (180, 0)])
def test_along_a_parallel(reach, count):
    line = shapely.LineString([(-reach, 85), (0, 85), (reach, 85)])
    zone = gb.build_zone(gb.border_along(line, source=SOURCE), km=50, tolerance_m=30)
    steps = measure_steps(zone, [50])
    assert len(steps) == count  # we draw no zone that goes round the globe
    for step in steps:
        assert step.areas_km2["both"] == pytest.approx(zone.area_km2, rel=0.001)


def test_about_a_point_and_along_a_bare_line():
    disc = gb.build_zone(gb.border_around(shapely.Point(30, 50), source=SOURCE), km=10)
    line = gb.border_along([shapely.LineString([(30, 50), (31, 50.5)])], source=SOURCE)
    for zone in (disc, gb.build_zone(line, km=10)):
        (step,) = measure_steps(zone, [10])
        assert step.areas_km2["both"] == pytest.approx(zone.area_km2, rel=0.001)
