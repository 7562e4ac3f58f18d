import numpy as np
import pytest
import shapely

import geobuffer as gb
from geobuffer.geodesy.buffer import buffer_lines
from geobuffer.geodesy.ellipsoid import area_m2
from geobuffer.zones.flat_ends import find_flat_ends

KM = {"km": 10, "tolerance_m": 1.0}


def test_round_ends_spill_on_both_sides_and_flat_ends_hardly(border, regions):
    spilled = {}
    for ends in ("round", "flat"):
        zone = gb.build_zone(border, ends=ends, **KM)
        foreign = shapely.union_all([regions[n].geometry for n in ("Luhansk", "Gomel", "Voronezh")])
        spilled[ends] = area_m2(shapely.intersection(zone.polygon, foreign)) / 1e6
    assert spilled["round"] > 100.0
    assert spilled["flat"] < spilled["round"] / 4.0


def test_flat_ends_of_a_straight_border_leave_a_strip(strip):
    length = strip.length_km
    flat = gb.build_zone(strip, ends="flat", **KM)
    round_ = gb.build_zone(strip, ends="round", **KM)
    assert flat.area_km2 == pytest.approx(20.0 * length, rel=2e-3)
    disc = round_.area_km2 - flat.area_km2
    assert disc == pytest.approx(np.pi * 100.0, rel=1e-3)
    _, south, _, north = flat.polygon.bounds
    # Squared off by a geodesic, which 10 km out lies under 10 m off the parallel.
    assert (south, north) == pytest.approx((50.0, 51.0), abs=2e-4)


def test_flat_ends_keep_what_another_stretch_reaches():
    # A hook: the border turns back beside its own end.
    hook = shapely.Polygon([(30, 50), (30.5, 50), (30.5, 50.05), (30.1, 50.05), (30.1, 50.3),
                            (30, 50.3)])  # fmt: skip
    rest = shapely.box(29, 49, 32, 51).difference(hook)
    source = gb.Source("a sketch")
    border = gb.border_between(
        gb.Region("Hook", hook, source), gb.Region("Rest", shapely.Polygon(rest.exterior,
                                                                        rest.interiors), source)
    )  # fmt: skip
    zone = gb.build_zone(border, km=2, ends="flat", tolerance_m=0.5)
    rng = np.random.default_rng(0)
    west, south, east, north = zone.polygon.bounds
    lon, lat = rng.uniform(west, east, 2000), rng.uniform(south, north, 2000)
    away = border.index.nearest(lon, lat).distance_m
    out = np.zeros(2000, dtype=bool)
    for end in zone.flat_ends:
        out |= end.beyond_m(lon, lat, 2000.0) > 0.0
    clear = np.abs(away - 2000.0) > 2.0
    inside = shapely.contains_xy(zone.polygon, lon, lat)
    assert (inside == ((away <= 2000.0) & ~out))[clear].mean() > 0.999


def test_a_border_that_closes_has_no_ends_and_one_that_does_not_has_two(strip):
    assert len(find_flat_ends(strip.line, 1_000.0)) == 2
    assert find_flat_ends(shapely.box(0, 0, 1, 1).exterior, 1_000.0) == []


def test_a_bend_in_the_last_metres_does_not_turn_an_end():
    hooked = shapely.LineString([(30.0, 50.0), (30.0, 51.0), (30.001, 51.0)])
    end = max(find_flat_ends(hooked, 10_000.0), key=lambda end: end.lat)
    assert abs((end.azimuth + 180.0) % 360.0 - 180.0) < 1.0


def test_a_closed_line_over_180_has_no_ends():
    # An eight. Where it begins, 179.933244566 became 179.9332445659999 at its end.
    ring = [(179.933244566, -48.295386575), (-178.09209052, -50.395194741),
            (-179.705570251, -51.346469083), (177.586688501, -50.812453258),
            (178.319764836, -49.246660917), (-178.453275704, -47.344112233),
            (-177.720199369, -45.778319892), (179.572059383, -45.244304067),
            (177.958579653, -46.195578409), (179.933244566, -48.295386575)]  # fmt: skip
    with pytest.warns(UserWarning, match="read as crossing the antimeridian"):
        border = gb.border_along(shapely.LineString(ring), source=gb.Source("a sketch"))
    assert find_flat_ends(border.line, 1_000.0) == []


def test_the_error_of_the_cuts_is_in_error_m():
    line = shapely.LineString(
        [(9.999831112, 12.705596357), (10.000168888, 12.705262214), (10.000203341, 12.705295548),
         (9.999982737, 12.705507707)]
    )  # fmt: skip
    border = gb.border_along(line, source=gb.Source("a sketch"))
    zone = gb.build_zone(border, km=0.03, ends="flat", tolerance_m=0.01)
    cuts = [buffer_lines(end.rest, 30.0, tolerance_m=0.01)[1] for end in zone.flat_ends]
    # Without the cuts, the zone is nearer to its distance than they are.
    assert gb.build_zone(border, km=0.03, tolerance_m=0.01).error_m < max(cuts) - 1e-8
    assert zone.error_m >= max(cuts) - 1e-9
