import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geobuffer.azimuthal import on_globe, on_plane
from geobuffer.geodesy import inverse, wrap


@given(
    lon=st.floats(-180.0, 180.0),
    lat=st.floats(-85.0, 85.0),
    east=st.floats(-2e5, 2e5),
    north=st.floats(-2e5, 2e5),
)
def test_there_and_back_and_true_from_the_middle(lon, lat, east, north):
    plane = np.array([[east], [north]])
    to_lon, to_lat = on_globe(lon, lat, plane)
    assert on_plane(lon, lat, to_lon, to_lat) == pytest.approx(plane, abs=1e-6)
    assert inverse(lon, lat, to_lon, to_lat)[2] == pytest.approx(np.hypot(east, north), abs=1e-6)
    assert np.abs(wrap(to_lon)) <= 180.0
