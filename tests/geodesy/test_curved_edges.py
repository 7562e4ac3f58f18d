"""Edges as geodesics and loxodromes, compared with GeographicLib and with a Mercator chart."""

import itertools

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely

import geobuffer as gb
from geobuffer.geodesy.curved_edges import CURVE_M, draw_edges
from geobuffer.geodesy.ellipsoid import length_m

GEOD = pyproj.Geod(ellps="WGS84")
HAND = gb.Source("drawn by hand")
MERCATOR = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3395", always_xy=True)

FLIGHTS = {
    "Frankfurt to Tokyo": [(8.57, 50.03), (139.78, 35.55)],
    "over the antimeridian": [(170, 40), (-150, 55)],
    "the 49th parallel": [(-123.3, 49), (-95.15, 49)],
    "near the pole": [(20, 80), (-150, 82)],
    "over the pole": [(10, 70), (-170, 75)],
    "along the equator": [(0, 0), (120, 0)],
    "several edges": [(0, 10), (40, 60), (-30, 45), (-30, -20)],
}


def _length_m(points):
    return sum(GEOD.inv(*a, *b)[2] for a, b in itertools.pairwise(points))


@pytest.mark.filterwarnings("ignore:.*crossing the antimeridian")
@pytest.mark.parametrize("points", FLIGHTS.values(), ids=FLIGHTS)
def test_geodesic_edges_follow_the_geodesic_to_a_centimetre(points):
    drawn = draw_edges(shapely.LineString(points), "geodesic")
    # Each piece is longer than the geodesic only by the square of its deviation.
    assert length_m(drawn) == pytest.approx(_length_m(points), abs=1.0, rel=1e-8)
    assert shapely.get_num_coordinates(drawn) < 60_000
    near = gb.border_along(drawn, source=HAND).index
    for a, b in itertools.pairwise(points):
        azimuth, _, length = GEOD.inv(*a, *b)
        along = np.linspace(0, length, 400)
        lon, lat, _ = GEOD.fwd(*np.full((400, 2), a).T, np.full(400, azimuth), along)
        assert near.nearest(np.asarray(lon), np.asarray(lat)).distance_m.max() <= CURVE_M


@pytest.mark.parametrize("points", [FLIGHTS["Frankfurt to Tokyo"], FLIGHTS["several edges"],
                                    FLIGHTS["over the antimeridian"]])  # fmt: skip
def test_loxodromes_are_straight_on_a_mercator_chart(points):
    drawn = draw_edges(shapely.LineString(points), "loxodrome")
    xy = shapely.get_coordinates(drawn)
    lon = np.unwrap(xy[:, 0], period=360)
    _, north = MERCATOR.transform(xy[:, 0], xy[:, 1])
    chart = shapely.LineString(np.column_stack([np.radians(lon) * 6378137.0, north]))
    ends = np.column_stack([np.unwrap(np.array(points)[:, 0], period=360), np.array(points)[:, 1]])
    x, y = np.radians(ends[:, 0]) * 6378137.0, MERCATOR.transform(0 * ends[:, 0], ends[:, 1])[1]
    straight = shapely.LineString(np.column_stack([x, y]))
    assert shapely.hausdorff_distance(chart, straight, densify=0.01) < 0.05
    # Points between two vertices are off by a centimetre at most, and the chart enlarges that.
    fine = shapely.segmentize(shapely.LineString(np.column_stack([lon, xy[:, 1]])), 0.01)
    fx, fy = shapely.get_coordinates(fine).T
    on_chart = shapely.points(np.radians(fx) * 6378137.0, MERCATOR.transform(0 * fx, fy)[1])
    assert shapely.distance(on_chart, straight).max() < CURVE_M / np.cos(np.radians(60))


def test_borders_regions_and_files_take_edges(tmp_path):
    flight = shapely.LineString(FLIGHTS["the 49th parallel"])
    border = gb.border_along(flight, source=HAND, edges="geodesic")
    assert border.length_km == pytest.approx(_length_m(flight.coords) / 1e3, abs=1e-3)
    corners = [(0, 50), (40, 50), (40, 60), (0, 60)]
    box = shapely.Polygon(corners)
    around = gb.border_around(box, source=HAND, edges="geodesic")
    area_km2 = abs(GEOD.polygon_area_perimeter(*np.transpose(corners))[0]) / 1e6
    region = gb.Region("R", box, HAND, edges="geodesic")
    assert region.area_km2 == pytest.approx(area_km2, rel=1e-8)
    assert gb.border_of(region).length_km == pytest.approx(around.length_km)
    # The southern edge bends to 51.6° in its middle.
    assert around.side_codes(np.array([20.0, 20.0]), np.array([51.0, 52.5])).tolist() == [1, 0]
    for crs in (4326, 3857):
        table = gpd.GeoDataFrame({"name": ["R"]}, geometry=[box], crs=4326).to_crs(crs)
        table.to_file(tmp_path / f"{crs}.gpkg")
        read = gb.read_regions(tmp_path / f"{crs}.gpkg", edges="geodesic")["R"]
        assert read.area_km2 == pytest.approx(area_km2, rel=1e-8)
    lines = gpd.GeoDataFrame({"name": ["L"]}, geometry=[flight], crs=4326)
    lines.to_file(tmp_path / "line.gpkg")
    read_line = gb.read_border(tmp_path / "line.gpkg", edges="geodesic")
    assert read_line.length_km == pytest.approx(border.length_km)
    assert gb.read_border(tmp_path / "line.gpkg", edges="loxodrome").length_km == pytest.approx(
        gb.border_along(flight, source=HAND).length_km
    )


@pytest.mark.filterwarnings("ignore:.*crossing the antimeridian")
def test_a_long_geodesic_has_one_reading_where_a_straight_edge_has_two():
    wide = shapely.LineString([(-100, 40), (100, 50)])
    border = gb.border_along(wide, source=HAND, edges="geodesic")
    assert border.length_km == pytest.approx(GEOD.inv(-100, 40, 100, 50)[2] / 1e3, abs=1e-3)
    zone = gb.build_zone(
        gb.border_along(shapely.LineString([(176, 60), (-178, 62)]), source=HAND,
                        edges="geodesic"), km=20, tolerance_m=10)  # fmt: skip
    assert zone.error_m <= 10
    assert zone.area_km2 == pytest.approx(40 * zone.border.length_km + 400 * np.pi, rel=1e-3)


@pytest.mark.parametrize(
    ("points", "edges", "said"),
    [
        ([(0, 10), (179.9, -10)], "geodesic", "nearly opposite"),
        ([(0, 10), (30, 90)], "loxodrome", "ends at a pole"),
        ([(-100, 40), (100, 50)], "loxodrome", "either way round"),
        ([(0, 10), (30, 20)], "great circle", "Invalid edges 'great circle'.*geodesic"),
    ],
)
def test_edges_that_cannot_be_drawn_are_refused_with_the_reason(points, edges, said):
    with pytest.raises(gb.GeometryError, match=said):
        gb.border_along(shapely.LineString(points), source=HAND, edges=edges)


@pytest.mark.parametrize("kind", ["geodesic", "loxodrome"])
@pytest.mark.parametrize("line", [[(0, 49), (10, 47)], [(10, 49), (0, 49)], [(5, 10), (5, 70)]])
def test_an_edge_has_the_same_vertices_in_both_directions(line, kind):
    there, back = (
        shapely.get_coordinates(draw_edges(shapely.LineString(way), kind))
        for way in (line, line[::-1])
    )
    there[:, 0], back[:, 0] = np.mod(there[:, 0], 360.0), np.mod(back[::-1, 0], 360.0)
    assert len(there) == len(back)
    assert (there[:, 0] == back[:, 0]).all()
    assert (there[:, 1] == back[::-1, 1]).all()
