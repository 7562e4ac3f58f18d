"""Longitudes that wrap, and shapes cut at 180 degrees, unwrapped and joined again."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate

from geobuffer.geodesy.antimeridian import (
    crosses_antimeridian,
    cut_at_antimeridian,
    cut_line,
    cut_unwrapped_line,
    cut_unwrapped_lines,
    find_narrowest_range,
    keep_polygons,
    meet_around_globe,
    normalize_longitudes,
    repeat_within,
    shift_to_0_360,
    subtract_around_globe,
    trace_boundary,
    trace_boundary_at_180,
    unwrap_narrowest,
    unwrap_near,
    unwrap_polygon,
    unwrap_to_0_360,
    wrap_degrees,
)

FIJI = shapely.box(177.0, -19.0, 182.0, -16.0)  # unwrapped

longitudes = st.floats(-720.0, 720.0)


@given(st.lists(longitudes, min_size=1))
def test_wrapped_longitudes_are_whole_turns_away_and_within_range(given_lon):
    lon = np.array(given_lon)
    for wrapped, least, most in (
        (wrap_degrees(lon), -180.0, 180.0),
        (normalize_longitudes(lon), -180.0, 180.0),
        (shift_to_0_360(lon), 0.0, 360.0),
        (unwrap_near(lon, 170.0), -10.0, 350.0),
    ):
        turns = (wrapped - lon) / 360.0
        assert turns == pytest.approx(np.round(turns), abs=1e-12)
        assert wrapped.min() >= least
        assert wrapped.max() <= most


@given(st.lists(st.floats(-180.0, 180.0), min_size=1))
def test_longitudes_within_180_are_wrapped_to_themselves(given_lon):
    lon = np.array(given_lon)
    assert (wrap_degrees(lon) == lon).all()


@given(st.lists(longitudes, min_size=1, max_size=20))
def test_the_narrowest_range_holds_all_longitudes(given_lon):
    lon = np.array(given_lon)
    west, width = find_narrowest_range(lon)
    assert (shift_to_0_360(lon - west + 1e-9) <= width + 2e-9).all()
    unwrapped = unwrap_narrowest(lon)
    assert np.ptp(unwrapped) == pytest.approx(width, abs=1e-9)
    # No turn of some of the longitudes makes their range narrower.
    assert all(width <= np.ptp(shift_to_0_360(lon - start)) + 1e-9 for start in lon)
    assert -180.0 <= unwrapped.min() < 180.0 + 1e-9


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-179, 179), st.floats(-80, 80), st.floats(0.5, 20), st.floats(-360, 360),
)  # fmt: skip
def test_an_unwrapped_polygon_has_the_same_area_at_any_longitude(lon, lat, size, turn):
    disc = shapely.Point(0, 0).buffer(size)
    here = shapely.transform(
        disc,
        lambda xy: np.stack(
            [(xy[:, 0] + lon + turn + 180) % 360 - 180, np.clip(xy[:, 1] + lat, -90, 90)], axis=1
        ),
    )
    whole = unwrap_polygon(here)
    still = shapely.transform(
        disc, lambda xy: np.stack([xy[:, 0], np.clip(xy[:, 1] + lat, -90, 90)], axis=1)
    )
    assert whole.area == pytest.approx(still.area, rel=1e-6)


def _length_deg(line):
    """Length in longitude and latitude, where segments are straight and go the short way round."""
    steps = np.vstack(
        [np.diff(shapely.get_coordinates(part), axis=0) for part in shapely.get_parts(line)]
    )
    steps[:, 0] -= 360.0 * np.round(steps[:, 0] / 360.0)
    return np.hypot(*steps.T).sum()


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-180, 180),
    st.lists(st.tuples(st.floats(-45, 45), st.floats(-85, 85)), min_size=2, max_size=12),
)
def test_cutting_a_line_keeps_its_length_and_order(start, steps):
    east, lat = np.array(steps).T
    line = shapely.LineString(np.column_stack([wrap_degrees(start + east.cumsum()), lat]))
    cut = cut_line(line)
    west, _, east, _ = cut.bounds
    assert -180 <= west <= east <= 180
    assert _length_deg(cut) == pytest.approx(_length_deg(line), rel=1e-9)
    assert cut.geom_type == "LineString" or all(
        not crosses_antimeridian(part) for part in cut.geoms
    )


def test_a_cut_polygon_is_joined_again_without_a_seam():
    cut = cut_at_antimeridian(FIJI)
    assert cut.bounds == (-180.0, -19.0, 180.0, -16.0)
    assert [part.bounds for part in cut.geoms] == [
        (177.0, -19.0, 180.0, -16.0),
        (-180.0, -19.0, -178.0, -16.0),
    ]
    assert unwrap_to_0_360(cut).equals(FIJI)
    # Three sides of either part: the seam is no boundary.
    assert trace_boundary(cut).length == pytest.approx(FIJI.length)
    assert cut.boundary.length == pytest.approx(FIJI.length + 2 * 3.0)


@pytest.mark.parametrize("pole", [-90.0, 90.0])
def test_an_edge_along_a_pole_is_no_boundary(pole):
    edge = pole * 2 / 3
    cap = shapely.box(-180, min(pole, edge), 180, max(pole, edge))
    quarters = shapely.segmentize(cap, 90.0)
    for area in (cap, quarters):
        south, north = np.array(trace_boundary(area).bounds)[[1, 3]]
        assert (south, north) == (edge, edge)
        assert trace_boundary(area).length == 360.0


def test_neighbours_on_either_side_of_180_share_a_boundary_at_180():
    west, east = shapely.box(170, 50, 180, 60), shapely.box(-180, 50, -170, 60)
    common = shapely.intersection(trace_boundary_at_180(west), trace_boundary_at_180(east))
    assert common.length == pytest.approx(10.0)
    assert common.bounds == (180.0, 50.0, 180.0, 60.0)
    assert not shapely.intersects(west, east)
    assert meet_around_globe(west, east)
    assert meet_around_globe(east, west)
    assert not meet_around_globe(west, translate(east, 0.0, 11.0))


def test_unwrapped_lines_are_cut_and_keep_their_direction():
    line = shapely.LineString([(170, 50), (190, 51), (190, 52), (170, 53)])
    parts = cut_unwrapped_line(line)
    assert sorted(list(part.coords) for part in parts) == [
        [(-180.0, 50.5), (-170.0, 51.0), (-170.0, 52.0), (-180.0, 52.5)],
        [(170.0, 50.0), (180.0, 50.5)],
        [(180.0, 52.5), (170.0, 53.0)],
    ]
    inside = np.array([[170.0, 50.0], [180.0, 51.0]])
    found = cut_unwrapped_lines([inside, shapely.get_coordinates(line)])
    assert [shape.bounds for shape in found] == [
        (170.0, 50.0, 180.0, 51.0),
        (170.0, 50.0, 180.0, 53.0),
        (-180.0, 50.5, -170.0, 52.5),
    ]


def test_shapes_are_found_and_subtracted_whole_turns_away():
    cut = shapely.box(-180, -18, -179, -17)
    rest = subtract_around_globe(FIJI, cut)
    assert rest.area == pytest.approx(FIJI.area - 1.0)
    assert not rest.contains(shapely.Point(180.5, -17.5))
    near = [copy.bounds for copy in repeat_within(cut, 177.0, 182.0)]
    assert (180.0, -18.0, 181.0, -17.0) in near


def test_only_the_polygons_of_an_overlay_are_kept():
    polygon, line = shapely.box(0, 0, 1, 1), shapely.LineString([(0, 0), (2, 2)])
    mixed = shapely.GeometryCollection([line, polygon, shapely.Point(3, 3), shapely.Polygon()])
    assert keep_polygons(mixed).equals(polygon)
    assert keep_polygons(mixed).geom_type == "Polygon"
    assert keep_polygons(line).is_empty


def test_a_ring_over_180_ends_exactly_where_it_begins():
    # Rounded sums of differences ended it a last digit away, so that it crossed itself.
    east = np.array([178.123456789, -179.987654321, -178.2, 179.333333333])
    for turn in np.arange(0.0, 0.5, 0.013):
        lon = np.where(east > 0.0, east + turn, east - turn / 3.0)
        ring = np.column_stack([lon, [50.1, 50.3, 51.7, 51.9]])
        unwrapped = unwrap_polygon(shapely.Polygon(ring))
        assert unwrapped.is_valid
        assert len(unwrapped.exterior.coords) == 5
