"""Edges over 180 degrees of longitude: one rule for shapes in memory and in files."""

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from support.engines import use_engine

import geobuffer as gb

GEOD = pyproj.Geod(ellps="WGS84")
HAND = gb.Source("drawn by hand")
CROSSES = "read as crossing the antimeridian and cut there"

# A ring as people write it by hand, and the same ring 150° to the west.
STEPPING = shapely.Polygon([(178, 42), (178, 39), (-179, 39), (-179, 42)])
ELSEWHERE = shapely.box(28, 39, 31, 42)
INSIDE, OUTSIDE = (179.0, 40.0), (0.0, 40.0)


def _region(shape, name="R"):
    return gb.Region(name, shape, HAND)


def _densified_area_km2(points):
    """Return the area of a ring whose straight edges are cut finely; GeographicLib closes it."""
    fine = shapely.get_coordinates(shapely.segmentize(shapely.LineString(points), 0.01))
    return abs(GEOD.polygon_area_perimeter(*fine.T)[0]) / 1e6


BORDERS_AROUND = {
    "border_of a region": lambda: gb.border_of(_region(STEPPING)),
    "border_around a polygon": lambda: gb.border_around(STEPPING, source=HAND),
    "border_around a multipolygon": lambda: gb.border_around(
        shapely.MultiPolygon([STEPPING]), source=HAND
    ),
    "border_around a region": lambda: gb.border_around(_region(STEPPING)),
    "border_around a table": lambda: gb.border_around(
        gpd.GeoDataFrame(geometry=[STEPPING], crs=4326), source=HAND
    ),
    "clockwise": lambda: gb.border_around(shapely.reverse(STEPPING), source=HAND),
    "with the seam spelled twice": lambda: gb.border_around(
        shapely.Polygon(
            [(178, 42), (178, 39), (180, 39), (-180, 39), (-179, 39), (-179, 42), (-180, 42),
             (180, 42)]
        ),
        source=HAND,
    ),
}  # fmt: skip


@pytest.mark.parametrize("make", BORDERS_AROUND.values(), ids=BORDERS_AROUND)
def test_a_ring_that_steps_over_180_is_read_as_in_a_file(make):
    with pytest.warns(UserWarning, match=CROSSES):
        border = make()
    assert border.side_codes(*np.transpose([INSIDE, OUTSIDE])).tolist() == [0, 1]
    near = gb.border_around(ELSEWHERE, source=HAND)
    assert border.length_km == pytest.approx(near.length_km)
    zone, like = (gb.build_zone(b, km=10, side="inside", tolerance_m=5) for b in (border, near))
    assert zone.area_km2 == pytest.approx(like.area_km2, rel=1e-5)
    assert zone.area_km2 == pytest.approx(11_347, abs=1)


def test_clip_and_border_between_read_the_same_ring():
    with pytest.warns(UserWarning, match=CROSSES):
        region = _region(STEPPING)
    assert region.area_km2 == pytest.approx(_region(ELSEWHERE).area_km2)
    line = gb.border_along(shapely.LineString([(179, 40), (180.5, 40.2)]), source=HAND)
    clipped = gb.clip_zone(gb.build_zone(line, km=5, tolerance_m=5), region)
    assert clipped.area_km2 == pytest.approx(gb.build_zone(line, km=5).area_km2, rel=1e-4)
    assert gb.answer(*INSIDE, clipped).membership == 1
    east = _region(shapely.box(-179, 39, -170, 42), "E")
    border = gb.border_between(region, east)
    assert border.length_km == pytest.approx(GEOD.inv(-179, 39, -179, 42)[2] / 1e3)


def test_lines_that_step_over_180_are_cut_there():
    with pytest.warns(UserWarning, match=CROSSES):
        border = gb.border_along(shapely.LineString([(179, 40), (-179, 40)]), source=HAND)
    assert border.length_km == pytest.approx(
        gb.border_along(shapely.LineString([(29, 40), (31, 40)]), source=HAND).length_km
    )
    assert border.line.bounds == (-180, 40, 180, 40)


AMBIGUOUS = [
    shapely.box(-100, 40, 100, 50),
    shapely.box(-170, -10, 120, 10),
    shapely.box(-49, -60, 165, 60),
    shapely.Polygon([(120, 0), (-100, 5), (-100, 9), (120, 9)]),
]


@pytest.mark.parametrize("shape", AMBIGUOUS)
def test_an_edge_that_may_run_either_way_is_refused_by_name(shape, tmp_path):
    gpd.GeoDataFrame({"name": ["R"]}, geometry=[shape], crs=4326).to_file(tmp_path / "wide.gpkg")
    edges = gpd.GeoDataFrame(
        {"name": ["L"]}, geometry=[shapely.LineString(shape.exterior)], crs=4326
    )
    edges.to_file(tmp_path / "line.gpkg")
    for read in (
        lambda: _region(shape),
        lambda: gb.border_around(shape, source=HAND),
        lambda: gb.border_along(shape.exterior, source=HAND),
        lambda: gb.read_regions(tmp_path / "wide.gpkg"),
        lambda: gb.read_border(tmp_path / "line.gpkg"),
    ):
        with pytest.raises(gb.GeometryError, match=r"spans 2\d\d° of longitude.*segmentize"):
            read()


def test_a_wide_area_with_vertices_enough_is_read_as_it_is_drawn():
    belt = _region(shapely.segmentize(shapely.box(-100, 40, 100, 50), 90))
    assert belt.area_km2 == pytest.approx(17_501_954, abs=1)
    assert belt.area_km2 == pytest.approx(
        _densified_area_km2([(-100, 40), (100, 40), (100, 50), (-100, 50), (-100, 40)]), rel=1e-7
    )


@pytest.mark.parametrize("west", [-180, 0, -30])
def test_an_edge_of_a_whole_turn_is_a_parallel(west, tmp_path):
    arctic = shapely.box(west, 66.5, west + 360, 90)
    region = _region(arctic)
    around = [(west, 66.5), (west + 180, 66.5), (west + 360, 66.5)]
    cap_km2 = _densified_area_km2(around)  # GeographicLib knows that the ring holds the pole
    assert region.area_km2 == pytest.approx(cap_km2, rel=1e-7)
    border = gb.border_of(region)
    parallel_km = 360 * GEOD.inv(0, 66.5, 1e-3, 66.5)[2]
    assert border.length_km == pytest.approx(parallel_km, rel=1e-6)
    assert border.side_codes(np.array([10.0, 10.0]), np.array([89.0, 60.0])).tolist() == [0, 1]
    line = gb.border_along(shapely.LineString([(west, 66.5), (west + 360, 66.5)]), source=HAND)
    assert line.length_km == pytest.approx(parallel_km, rel=1e-6)
    if west == -180:
        gpd.GeoDataFrame({"name": ["R"]}, geometry=[arctic], crs=4326).to_file(tmp_path / "a.gpkg")
        assert gb.read_regions(tmp_path / "a.gpkg")["R"] == gb.Region(
            "R", region.geometry, gb.read_regions(tmp_path / "a.gpkg")["R"].source
        )


@pytest.mark.parametrize(
    "crude",
    [
        [(-180, -60), (179.5, -57), (180, -60), (180, -85), (-180, -85)],
        [(-180, -60), (179.5, -57), (180, -60), (180, -90), (-180, -90)],
    ],
)
def test_a_continent_drawn_across_the_whole_map_stays_whole(crude):
    region = _region(shapely.Polygon(crude))
    south, north = np.sin(np.radians([crude[-1][1], -58.5]))
    assert region.area_km2 == pytest.approx(2 * np.pi * 6371**2 * (north - south), rel=0.01)
    border = gb.border_of(region)
    assert border.side_codes(np.array([0.0, 0.0]), np.array([-70.0, -50.0])).tolist() == [0, 1]


def test_180_and_minus_180_are_one_longitude():
    west, east = (
        _region(shapely.box(170, -20, 180, -10)),
        _region(shapely.box(-180, -20, -170, -10)),
    )
    border = gb.border_between(gb.Region("W", west.geometry, HAND), east)
    lon, lat = np.array([180.0, -180.0]), np.array([-15.0, -15.0])
    for engine in ("tree", "numpy"):
        with use_engine(engine):
            assert border.side_codes(lon, lat).tolist() == [0, 0]
    zone = gb.build_zone(border, km=10, side="W", tolerance_m=5)
    assert gb.answer(lon, lat, zone).membership.tolist() == [1, 1]
    around = gb.border_around(west, source=HAND)
    assert around.side_codes(lon, lat).tolist() == [0, 0]
    within = gb.clip_zone(gb.build_zone(around, km=10, tolerance_m=5), west)
    assert gb.answer(lon, lat, within).ring.tolist() == [0, 0]


def test_a_meridian_edge_may_be_spelled_in_two_ways():
    ring = shapely.Polygon([(170, 50), (180, 50), (-180, 60), (170, 60)])
    with pytest.warns(UserWarning, match=CROSSES):
        region = _region(ring)
    assert region.area_km2 == pytest.approx(_region(shapely.box(20, 50, 30, 60)).area_km2)
