"""The chosen projection is conformal, the best candidate, and whole across the antimeridian."""

import numpy as np
import pyproj
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st

from geobuffer.viz.figure import projection as projections
from geobuffer.viz.figure.projection import find_window, fit_projection, globe_window, project_shape

# Shapes, the kind of projection that suits each, and its largest scale error. They follow from
# Snyder's rules for choosing a projection, and from the square of half the width over the Earth's
# radius.
SHAPES = {
    "tmerc": (shapely.box(20, 10, 23, 60), 0.001),
    "lcc": (shapely.box(20, 49, 50, 52), 0.001),
    "merc": (shapely.box(0, -1, 40, 1), 0.001),
    "polar": (shapely.box(-180, 80, 180, 88), 0.01),
    "omerc": (shapely.LineString([(20, 40), (50, 60)]).buffer(0.5), 0.001),
    "stere": (shapely.affinity.scale(shapely.Point(20, 45).buffer(9), 1 / np.cos(np.pi / 4)), 0.01),
}


def true_scales(projection, shape):
    """Measure the scale at points of a shape in three directions, with short geodesics."""
    lon, lat = shapely.get_coordinates(shapely.segmentize(shape, 0.5)).T
    lat = np.clip(lat, -89.5, 89.5)
    geod, plane = pyproj.Geod(ellps="WGS84"), pyproj.Proj(projection.crs)
    scales = []
    for azimuth in (0.0, 37.0, 90.0):
        far = geod.fwd(lon, lat, np.full(len(lon), azimuth), np.full(len(lon), 10.0))
        there, here = np.array(plane(far[0], far[1])), np.array(plane(lon, lat))
        scales.append(np.hypot(*(there - here)) / 10.0)
    return np.array(scales)


@pytest.mark.parametrize("kind", SHAPES)
def test_each_kind_is_taken_for_the_shapes_that_it_suits(kind):
    shape, bound = SHAPES[kind]
    found = fit_projection(shape)
    assert found.kind == kind
    assert found.scale_error < bound


@pytest.mark.parametrize("kind", SHAPES)
def test_scale_is_what_it_says_in_every_direction(kind):
    """Measure with geodesics of 10 m, independently of PROJ's own factors."""
    shape, _ = SHAPES[kind]
    found = fit_projection(shape)
    scales = true_scales(found, shape)
    assert np.ptp(scales, axis=0).max() < 1e-6  # conformal
    assert np.abs(scales - 1.0).max() <= found.scale_error * 1.02 + 1e-6


def test_no_candidate_is_better_than_the_one_taken():
    for shape, _ in SHAPES.values():
        lon, lat = projections._sample_points(shape)
        fitted = [
            projections._fit_candidate(*one, lon, lat)
            for one in projections._list_candidates(lon, lat)
        ]
        errors = [one.scale_error for one in fitted if one is not None]
        assert len(errors) >= 3
        assert fit_projection(shape).scale_error <= max(min(errors), projections._INVISIBLE)


@settings(deadline=None, max_examples=50)
@given(
    lon=st.floats(-180, 180), lat=st.floats(-84, 84), wide=st.floats(0.001, 8),
    high=st.floats(0.001, 4),
)  # fmt: skip
def test_any_zone_of_some_hundred_km_is_true_to_a_few_per_mille(lon, lat, wide, high):
    shape = shapely.box(lon, lat - high / 2, lon + wide, lat + high / 2)
    found = fit_projection(shape)
    assert 0.0 <= found.scale_error < 0.003
    assert np.isfinite(project_shape(shape, found, globe_window(found)).bounds).all()


def test_default_zone_is_true_to_a_twentieth_of_a_per_mille(zone):
    found = fit_projection(zone.polygon)
    assert found.scale_error < 5e-5
    assert np.abs(true_scales(found, zone.polygon) - 1.0).max() < 5.5e-5
    # The error of UTM, which geopandas would choose, is thirty times as large.
    utm = pyproj.CRS.from_epsg(32636)
    lon, lat = shapely.get_coordinates(zone.polygon).T
    assert np.abs(projections.measure_scales(utm, lon, lat) - 1.0).max() > 1.2e-3


@pytest.mark.parametrize("turn", [0.0, 360.0])
def test_a_shape_across_the_antimeridian_is_one_and_no_larger_than_elsewhere(turn):
    cut = shapely.multipolygons([shapely.box(178, 60, 180, 62), shapely.box(-180, 60, -178, 62)])
    shape = cut if turn == 0.0 else shapely.box(178, 60, 182, 62)
    found = fit_projection(shape)
    flat = project_shape(shape, found, globe_window(found))
    elsewhere = shapely.box(28, 60, 32, 62)
    there = fit_projection(elsewhere)
    assert flat.geom_type == "Polygon"
    assert flat.area == pytest.approx(
        project_shape(elsewhere, there, globe_window(there)).area, rel=1e-6
    )


def test_a_ring_about_the_pole_has_no_seam():
    found = fit_projection(shapely.box(-180, 80, 180, 85))
    flat = project_shape(shapely.box(-180, 80, 180, 85), found, globe_window(found))
    assert flat.geom_type == "Polygon"
    assert len(flat.interiors) == 1
    assert not shapely.intersects(flat.boundary, shapely.Point(0, (flat.bounds[3] * 0.8)))


def test_a_window_holds_all_of_its_frame():
    for shape, _ in SHAPES.values():
        found = fit_projection(shape)
        frame = project_shape(shape, found, globe_window(found)).bounds
        window = find_window(found, frame)
        x, y = np.random.default_rng(0).uniform(frame[:2], frame[2:], (500, 2)).T
        lon, lat = projections.unproject_points(found, x, y)
        lon = projections.unwrap_longitudes(lon, found)
        assert (window.west <= lon).all()
        assert (lon <= window.east).all()
        assert (window.south <= lat).all()
        assert (lat <= window.north).all()
