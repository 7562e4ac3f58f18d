"""Scale bar, north arrow and graticule: lengths and directions agree with the ellipsoid."""

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geobuffer.viz.figure.layout import _fit_frame
from geobuffer.viz.figure.map_elements import find_north, fit_scale_bar, make_graticule
from geobuffer.viz.figure.projection import find_window, fit_projection, globe_window, project_shape

GEOD = pyproj.Geod(ellps="WGS84")

boxes = st.builds(
    lambda lon, lat, wide, high: shapely.box(lon, lat - high / 2, lon + wide, lat + high / 2),
    st.floats(-180, 180), st.floats(-82, 82), st.floats(0.01, 20), st.floats(0.01, 10),
)  # fmt: skip


def framed(shape):
    found = fit_projection(shape)
    frame, _ = _fit_frame(project_shape(shape, found, globe_window(found)).bounds, 100.0)
    return found, frame


@settings(deadline=None, max_examples=50)
@given(boxes)
def test_a_scale_bar_is_as_long_as_it_says(shape):
    found, frame = framed(shape)
    bar = fit_scale_bar(found, frame)
    y = (frame[1] + frame[3]) / 2
    (lon, to_lon), (lat, to_lat) = pyproj.Proj(found.crs)(
        [bar.west, bar.east], [y, y], inverse=True
    )
    assert GEOD.inv(lon, lat, to_lon, to_lat)[2] == pytest.approx(bar.km * 1e3, rel=1e-8)
    assert (bar.west + bar.east) / 2 == pytest.approx((frame[0] + frame[2]) / 2, abs=1e-3)
    assert 0.1 < (bar.east - bar.west) / (frame[2] - frame[0]) <= 0.31


@settings(deadline=None, max_examples=50)
@given(boxes, st.floats(0, 1), st.floats(0, 1))
def test_north_is_where_proj_says_that_meridians_lead(shape, right, up):
    found, (west, south, east, north_) = framed(shape)
    x, y = west + right * (east - west), south + up * (north_ - south)
    lon, lat = pyproj.Proj(found.crs)(x, y, inverse=True)
    convergence = pyproj.Proj(found.crs).get_factors(lon, lat).meridian_convergence
    assert find_north(found, x, y) == pytest.approx(-convergence, abs=0.01)


@settings(deadline=None, max_examples=50)
@given(boxes)
def test_degrees_at_the_frame_are_where_their_lines_meet_it(shape):
    found, frame = framed(shape)
    lines = make_graticule(found, frame, find_window(found, frame))
    for x, lon in lines.meridians:
        assert frame[0] <= x <= frame[2]
        at = pyproj.Proj(found.crs)(x, frame[1], inverse=True)[0]
        assert (at - lon + 180) % 360 - 180 == pytest.approx(0, abs=1e-3)
    for y, lat in lines.parallels:
        assert frame[1] <= y <= frame[3]
        at = pyproj.Proj(found.crs)(frame[0], y, inverse=True)[1]
        assert at == pytest.approx(lat, abs=5e-3)
    assert 1 <= len(lines.lines) < 60


def test_a_graticule_reads_well():
    found, frame = framed(shapely.box(30, 50, 31, 51))
    lines = make_graticule(found, frame, find_window(found, frame))
    assert lines.step in {1 / 3, 1 / 6}
    lats = np.array([lat for _, lat in lines.parallels])
    assert np.allclose(lats / lines.step, np.round(lats / lines.step))
