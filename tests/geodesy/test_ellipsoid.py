"""Lengths, areas and directions on the ellipsoid, compared with GeographicLib."""

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geobuffer.errors import GeometryError
from geobuffer.geodesy.antimeridian import wrap_degrees
from geobuffer.geodesy.ellipsoid import (
    area_m2,
    cut_into_pieces,
    find_group_minima,
    find_successors,
    inverse,
    length_m,
    number_within_groups,
    project_to_globe,
    project_to_plane,
)

GEOD = pyproj.Geod(ellps="WGS84")


def test_area_is_that_of_the_ellipsoid():
    octant = shapely.box(0.0, 0.0, 90.0, 90.0)
    a, b = GEOD.a, GEOD.b
    e = np.sqrt(1.0 - (b / a) ** 2)
    globe = 2.0 * np.pi * a**2 * (1.0 + (1.0 - e**2) / e * np.arctanh(e))
    assert area_m2(octant) == pytest.approx(globe / 8.0, rel=1e-9)
    ring = shapely.box(10, 10, 12, 12).difference(shapely.box(10.5, 10.5, 11, 11))
    whole, hole = shapely.box(10, 10, 12, 12), shapely.box(10.5, 10.5, 11, 11)
    assert area_m2(ring) == pytest.approx(area_m2(whole) - area_m2(hole))


@given(lon=st.floats(-180.0, 180.0), lat=st.floats(-70.0, 70.0), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_pieces_keep_to_the_line_and_sum_up_to_it(lon, lat, seed):
    rng = np.random.default_rng(seed)
    line = shapely.LineString(
        np.array([lon, lat]) + np.cumsum(rng.normal(0.0, 0.2, (5, 2)), axis=0)
    )
    pieces = cut_into_pieces([line])
    every = np.arange(len(pieces.lon))
    # A piece is off its geodesic by a millimetre at most, so its middle is too.
    end_lon, end_lat = pieces.at(every, np.ones(len(every)))
    middle = pieces.at(every, np.full(len(every), 0.5))
    azimuth, _, length = GEOD.inv(pieces.lon, pieces.lat, end_lon, end_lat)
    half_way = GEOD.fwd(pieces.lon, pieces.lat, azimuth, length / 2.0)[:2]
    assert GEOD.inv(*middle, *half_way)[2] == pytest.approx(0.0, abs=1.1e-3)
    assert pieces.length_m.sum() == pytest.approx(length_m(line), rel=1e-12)
    assert (pieces.length_m < 1_001.0).all()
    fine = shapely.get_coordinates(shapely.segmentize(line, 1e-3))
    assert length_m(line) == pytest.approx(GEOD.line_length(*fine.T), rel=1e-7)


def test_heading_is_that_of_a_short_way_along_the_piece():
    pieces = cut_into_pieces([shapely.LineString([(30.0, 60.0), (31.0, 60.5)])])
    every = np.arange(len(pieces.lon))
    lon, lat = pieces.at(every, np.full(len(every), 1e-3))
    azimuth = GEOD.inv(pieces.lon, pieces.lat, lon, lat)[0]
    assert np.degrees(pieces.heading(every, pieces.lat)) == pytest.approx(azimuth, abs=1e-3)


def test_vertices_that_cannot_be_degrees_are_refused():
    with pytest.raises(GeometryError, match="vertex 1 is longitude 373000"):
        length_m(shapely.LineString([(30.0, 50.0), (373_000.0, 50.0)]))


@given(
    lon=st.floats(-180.0, 180.0),
    lat=st.floats(-85.0, 85.0),
    east=st.floats(-2e5, 2e5),
    north=st.floats(-2e5, 2e5),
)
def test_planes_are_true_from_the_middle_and_project_back(lon, lat, east, north):
    plane = np.array([[east], [north]])
    to_lon, to_lat = project_to_globe(lon, lat, plane)
    assert project_to_plane(lon, lat, to_lon, to_lat) == pytest.approx(plane, abs=1e-6)
    assert inverse(lon, lat, to_lon, to_lat)[2] == pytest.approx(np.hypot(east, north), abs=1e-6)
    assert np.abs(wrap_degrees(to_lon)) <= 180.0


@given(st.lists(st.integers(0, 5)))
def test_members_are_numbered_within_their_group(sizes):
    wanted = [number for size in sizes for number in range(size)]
    assert number_within_groups(np.array(sizes, dtype=np.int64)).tolist() == wanted


@given(st.lists(st.integers(1, 5), min_size=1))
def test_successors_run_round_each_group(sizes):
    group = np.repeat(np.arange(len(sizes)), sizes)
    after = find_successors(group)
    assert (group[after] == group).all()
    assert sorted(after) == list(range(len(group)))
    # Only the last member of a group steps back, to the first.
    back = np.flatnonzero(after <= np.arange(len(group)))
    assert back.tolist() == (np.cumsum(sizes) - 1).tolist()
    assert after[back].tolist() == (np.cumsum(sizes) - sizes).tolist()


@given(st.lists(st.lists(st.floats(-1e9, 1e9), min_size=1), min_size=1))
def test_group_minima_are_those_of_each_group(groups):
    group = np.repeat(np.arange(len(groups)), [len(values) for values in groups])
    assert find_group_minima(np.concatenate(groups), group).tolist() == [
        min(values) for values in groups
    ]
