import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import geobuffer as gb
from geobuffer.geodesy import area_m2

GEOD = pyproj.Geod(ellps="WGS84")
KM = {"km": 10, "tolerance_m": 1.0}


def _area(shape):
    """The area by an independent route: shapely's own polygons and pyproj's own loop."""
    return abs(GEOD.geometry_area_perimeter(shapely.segmentize(shape, 0.01))[0]) / 1e6


def test_rings_do_not_overlap_and_add_up(border):
    zone = gb.build_zone(border, km=[5, 10], side="Ukraine", tolerance_m=1.0)
    inner, outer = zone.rings
    assert shapely.intersection(inner, outer).area < 1e-9
    single = gb.build_zone(border, side="Ukraine", **KM)
    assert zone.area_km2 == pytest.approx(single.area_km2, rel=1e-9)
    assert zone.polygon.symmetric_difference(single.polygon).area < 1e-9
    assert zone.ring_names == ("0–5 km", "5–10 km")


def test_wider_zone_contains_a_narrower(border):
    narrow, wide = (gb.build_zone(border, km=km, tolerance_m=0.5) for km in (9.99, 10.0))
    assert shapely.difference(narrow.polygon, wide.polygon).area < 1e-9


def test_sides_and_what_lies_in_neither_add_up_to_both(border):
    zones = [gb.build_zone(border, side=s, **KM) for s in ("Ukraine", "Russia", "both")]
    ukraine, russia, both = zones
    assert shapely.intersection(ukraine.polygon, russia.polygon).area < 1e-9
    territory = shapely.union_all([border.side(s).area for s in ("Ukraine", "Russia")])
    neither = shapely.difference(both.polygon, territory)
    assert ukraine.area_km2 + russia.area_km2 + area_m2(neither) / 1e6 == pytest.approx(
        both.area_km2, rel=1e-6
    )
    assert area_m2(neither) > 0  # the round ends, in Belarus and about the Luhansk corner


def test_area_agrees_with_pyproj(zone):
    assert zone.area_km2 == pytest.approx(_area(zone.polygon), rel=1e-5)


def test_one_side_stays_within_its_named_regions(border, regions):
    zone = gb.build_zone(border, side="Ukraine", **KM)
    for other in ("Luhansk", "Gomel", "Bryansk", "Belgorod", "Voronezh"):
        spill = area_m2(shapely.intersection(zone.polygon, regions[other].geometry)) / 1e6
        assert spill < 1e-3, other


@given(lon=st.floats(-180, 180), lat=st.floats(-70, 70), km=st.sampled_from([0.5, 4.0, 30.0]))
@settings(max_examples=15, deadline=None)
def test_zone_about_any_park_splits_into_inside_and_outside(lon, lat, km):
    west = min(lon, 178.0)
    park = gb.Region("Park", shapely.box(west, lat, west + 1.0, lat + 1.0), gb.Source("a sketch"))
    border = gb.border_of(park)
    inside, outside, both = (
        gb.build_zone(border, km=km, side=side, tolerance_m=5.0)
        for side in ("inside", "outside", "both")
    )
    assert inside.area_km2 + outside.area_km2 == pytest.approx(both.area_km2, rel=1e-6)
    assert shapely.difference(inside.polygon, park.geometry).area < 1e-9


def test_error_is_reported_and_kept(border):
    zone = gb.build_zone(border, km=10, tolerance_m=0.5)
    assert 0.0 < zone.error_m <= 0.5
    frame = zone.to_frame()
    assert frame["edge_error_m"].tolist() == [zone.error_m]
    assert frame["area_km2"].sum() == pytest.approx(zone.area_km2)
    assert frame.crs == "EPSG:4326"


@pytest.mark.parametrize(
    ("kwargs", "says"),
    [
        ({"km": 0}, "km 0. Must be positive"),
        ({"km": -5}, "km -5. Must be positive"),
        ({"km": float("nan")}, "km nan"),
        ({"km": float("inf")}, "km inf"),
        ({"km": True}, "km True. Must be a number"),
        ({"km": "ten"}, "km 'ten'. Must be a number"),
        ({"km": []}, "km \\[\\]"),
        ({"km": [10, 5]}, "Must ascend"),
        ({"km": [5, 5]}, "Must ascend"),
        ({"km": 2001}, "Must be at most 2,000 km"),
        ({"km": 10, "tolerance_m": 0}, "tolerance_m 0"),
        ({"km": 10, "tolerance_m": float("nan")}, "tolerance_m nan"),
        ({"km": 10, "ends": "square"}, "ends 'square'"),
        ({"km": 10, "side": "Ukrane"}, "Did you mean 'Ukraine'"),
    ],
)
def test_zones_that_cannot_be_built_are_refused(border, kwargs, says):
    with pytest.raises(gb.GeobufferError, match=says):
        gb.build_zone(border, **kwargs)
