"""Buffers of lines: every edge lies within its tolerance of the distance, anywhere on Earth."""

import math

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

from geobuffer.errors import GeometryError
from geobuffer.geodesy.buffer import buffer_lines
from geobuffer.geodesy.ellipsoid import area_m2
from geobuffer.geodesy.nearest import LineIndex

GEOD = pyproj.Geod(ellps="WGS84")


def _edge_errors(index, shape, distance_m, shares=(0.0, 0.11, 0.33, 0.5, 0.62, 0.87)):
    """Return the largest error of all edges but those along the antimeridian."""
    errors = []
    for ring in shapely.get_rings(shapely.get_parts(shape)):
        c = shapely.get_coordinates(ring)
        cut = (np.abs(c[:-1, 0]) == 180.0) & (np.abs(c[1:, 0]) == 180.0)
        begin, step = c[:-1][~cut], np.diff(c, axis=0)[~cut]
        for share in shares:
            p = begin + share * step
            errors.append(index.nearest(p[:, 0], p[:, 1]).distance_m - distance_m)
    return np.abs(np.concatenate(errors)).max()


@pytest.mark.parametrize(
    ("km", "tolerance"),
    [
        (10, 0.1),
        (40, 0.5),
        pytest.param(10, 1.0, marks=pytest.mark.long),
        pytest.param(1, 0.1, marks=pytest.mark.long),
    ],
)
def test_every_edge_of_the_real_zone_keeps_to_its_distance(border, km, tolerance):
    shape, error = buffer_lines(border.index, km * 1e3, tolerance_m=tolerance)
    assert shape.is_valid
    assert error <= tolerance
    assert _edge_errors(border.index, shape, km * 1e3) <= tolerance


@given(
    seed=st.integers(0, 10_000),
    spread=st.sampled_from([0.002, 0.02, 0.2]),
    metres=st.sampled_from([50.0, 1_000.0, 12_000.0]),
    lat=st.floats(-84.0, 84.0),
    lon=st.floats(-180.0, 180.0),
)
@example(seed=2040, spread=0.2, metres=12_000.0, lat=64.0, lon=0.0)  # a notch next to an end
def test_every_edge_keeps_to_its_distance_anywhere(seed, spread, metres, lat, lon):
    rng = np.random.default_rng(seed)
    line = np.array([lon, lat]) + np.cumsum(rng.normal(0.0, spread, (12, 2)), axis=0)
    line[:, 0] = (line[:, 0] + 180.0) % 360.0 - 180.0
    index = LineIndex([shapely.LineString(line)])
    shape, error = buffer_lines(index, metres, tolerance_m=0.5)
    assert shape.is_valid
    assert error <= 0.5
    # `error` is a bound, also where a notch peaks between the places that we measured.
    assert _edge_errors(index, shape, metres, np.linspace(0.0, 1.0, 41)) <= error
    west, south, east, north = shape.bounds
    assert west >= -180.0
    assert east <= 180.0
    # Polygon and distance agree on random points, except within the errors of edges.
    lon, lat = rng.uniform(west, east, 300), rng.uniform(south, north, 300)
    away = index.nearest(lon, lat).distance_m
    clear = np.abs(away - metres) > 1.0
    assert (shapely.contains_xy(shape, lon, lat) == (away <= metres))[clear].all()


def test_zone_of_a_point_is_a_geodesic_disc():
    dot = LineIndex([shapely.LineString([(24.0, 60.0), (24.0, 60.0 + 1e-8)])])
    shape, _ = buffer_lines(dot, 10_000.0, tolerance_m=0.01)
    turns = np.arange(3600) / 10.0
    lon, lat, _ = GEOD.fwd(np.full(3600, 24.0), np.full(3600, 60.0), turns, np.full(3600, 1e4))
    disc = abs(GEOD.polygon_area_perimeter(lon, lat)[0])
    assert area_m2(shape) == pytest.approx(disc, rel=1e-5)


def test_straight_strip_has_area_width_by_length():
    equator = shapely.LineString([(10.0, 0.0), (12.0, 0.0)])
    shape, _ = buffer_lines(LineIndex([equator]), 5_000.0, tolerance_m=0.01)
    length = GEOD.inv(10.0, 0.0, 12.0, 0.0)[2]
    expected = 2.0 * 5_000.0 * length + np.pi * 5_000.0**2
    assert area_m2(shape) == pytest.approx(expected, rel=1e-5)


def test_a_finer_tolerance_holds_and_costs_vertices(border):
    section = LineIndex([border.sections[2].line])
    coarse, _ = buffer_lines(section, 10_000.0, tolerance_m=1.0)
    fine, error = buffer_lines(section, 10_000.0, tolerance_m=0.01)
    assert error <= 0.01
    assert _edge_errors(section, fine, 10_000.0) <= 0.01
    assert shapely.get_num_coordinates(fine) > 3 * shapely.get_num_coordinates(coarse)


def test_holes_are_kept():
    ring = shapely.Point(30.0, 50.0).buffer(0.5).exterior
    index = LineIndex([ring])
    shape, _ = buffer_lines(index, 5_000.0, tolerance_m=1.0)
    assert len(shape.interiors) == 1
    assert not shape.contains(shapely.Point(30.0, 50.0))


@pytest.mark.parametrize("count", [6, 8, 9, 11, 13])
@pytest.mark.parametrize("metres", [20.0, 100.0, 200.0, 10_000.0])
def test_a_closed_line_that_crosses_itself_has_its_whole_zone(count, metres):
    turn = np.linspace(0.0, 2.0 * np.pi, count)
    eight = np.stack([np.sin(turn), np.sin(2.0 * turn) / 2.0], axis=1)
    line = shapely.LineString(np.round(0.001 * eight, 9) + np.array([30.0, 50.0]))
    shape, error = buffer_lines(LineIndex([line]), metres, tolerance_m=metres / 1e3)
    # The same line in two parts, neither of them closed.
    middle = count // 2
    parts = [shapely.LineString(part) for part in (line.coords[: middle + 1], line.coords[middle:])]
    whole, _ = buffer_lines(LineIndex(parts), metres, tolerance_m=metres / 1e3)
    assert area_m2(shape) == pytest.approx(area_m2(whole), rel=1e-3)
    assert error <= metres / 1e3
    lon, lat = np.random.default_rng(count).uniform(
        [[29.998], [49.998]], [[30.002], [50.002]], (2, 500)
    )
    away = LineIndex([line]).nearest(lon, lat).distance_m
    clear = np.abs(away - metres) > error
    assert (shapely.contains_xy(shape, lon, lat) == (away <= metres))[clear].all()


def test_zone_across_the_antimeridian_is_cut_there():
    index = LineIndex([shapely.LineString([(179.9, -17.0), (-179.9, -16.5)])])
    shape, _ = buffer_lines(index, 20_000.0, tolerance_m=1.0)
    assert shape.geom_type == "MultiPolygon"
    assert shape.bounds[0] == -180.0
    assert shape.bounds[2] == 180.0
    turned = LineIndex([shapely.LineString([(9.9, -17.0), (10.1, -16.5)])])
    assert area_m2(shape) == pytest.approx(
        area_m2(buffer_lines(turned, 20_000.0, tolerance_m=1.0)[0]), rel=1e-6
    )


@pytest.mark.parametrize(
    ("lon", "lat", "radius_m"),
    [(30, 85, 600e3), (0, 90, 600e3), (-150, -88, 1_500e3), (179.9, 89.99, 2e3), (180, -89, 2e6)],
)
def test_a_disc_over_a_pole_has_the_area_of_geographiclib(lon, lat, radius_m):
    shape, error_m = buffer_lines(LineIndex([shapely.Point(lon, lat)]), radius_m, tolerance_m=1.0)
    azimuth = np.linspace(0.0, 360.0, 20_000, endpoint=False)
    here = (np.full(20_000, value) for value in (lon, lat))
    rim = GEOD.fwd(*here, azimuth, np.full(20_000, radius_m))[:2]
    area = abs(GEOD.polygon_area_perimeter(*rim)[0])
    assert abs(area_m2(shape) - area) < 2.0 * np.pi * radius_m * error_m + 1e-7 * area
    assert error_m <= 1.0
    assert shape.is_valid
    assert shape.bounds[0::2] == (-180.0, 180.0)
    assert (shape.bounds[3] if lat > 0 else -shape.bounds[1]) == 90.0
    assert shapely.intersects_xy(shape, [0.0, 180.0, -180.0], math.copysign(90.0, lat)).all()


BELTS = {
    "a whole parallel": ([(-180, 86), (-90, 86), (0, 86), (90, 86), (180, 86)], 100e3),
    "most of a parallel": ([(-170, -87), (0, -87), (170, -87)], 60e3),
    "beside a pole": ([(0, 89), (10, 89)], 200e3),
}


@pytest.mark.parametrize(("points", "distance_m"), BELTS.values(), ids=BELTS)
def test_zones_round_the_globe_agree_with_distances(points, distance_m):
    index = LineIndex([shapely.LineString(points)])
    shape, error_m = buffer_lines(index, distance_m, tolerance_m=20.0)
    assert shape.is_valid
    assert error_m <= 20.0
    rng = np.random.default_rng(4)
    south, north = shape.bounds[1] - 1.0, shape.bounds[3] + 1.0
    lon, lat = rng.uniform(-180, 180, 3_000), rng.uniform(max(south, -90), min(north, 90), 3_000)
    away = index.nearest(lon, lat).distance_m
    sure = np.abs(away - distance_m) > error_m
    assert (shapely.intersects_xy(shape, lon, lat) == (away <= distance_m))[sure].all()
    if len(points) == 5:
        # The zone lies between two parallels, at the distance along a meridian. Geod measures the
        # caps within these.
        caps = [
            abs(GEOD.polygon_area_perimeter(np.arange(0.0, 360.0, 0.01), np.full(36_000, at))[0])
            for at in (GEOD.fwd(0, points[0][1], way, distance_m)[1] for way in (180, 0))
        ]
        assert area_m2(shape) == pytest.approx(caps[0] - caps[1], rel=1e-5)


def test_a_zone_about_a_pole_starts_from_few_vertices():
    parallel = LineIndex([shapely.LineString([(lon, -70) for lon in range(-180, 181, 45)])])
    assert len(parallel.pieces.lon) > 100_000
    # With an edge for each piece of the parallel, this took 42 s.
    ring, error_m = buffer_lines(parallel, 370_400, tolerance_m=500)
    assert error_m <= 500
    assert len(shapely.get_coordinates(ring)) < 5_000
    assert _edge_errors(parallel, ring, 370_400) <= error_m


def test_zones_over_both_poles_or_with_an_edge_near_a_pole_are_refused():
    meridian = LineIndex([shapely.LineString([(20.0, -85.0), (20.0, 85.0)])])
    with pytest.raises(GeometryError, match=r"reach both poles.*two zones"):
        buffer_lines(meridian, 1_000_000.0, tolerance_m=100.0)
    _, _, to_pole = GEOD.inv(20.0, 85.0, 20.0, 90.0)
    spot = LineIndex([shapely.Point(20.0, 85.0)])
    with pytest.raises(GeometryError, match=r"within metres of a pole.*little more or less"):
        buffer_lines(spot, to_pole + 5.0, tolerance_m=1.0)
