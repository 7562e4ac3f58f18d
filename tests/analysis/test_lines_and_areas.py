"""Lines and areas in zones, compared with polygons that are drawn much finer, and with points."""

from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

import geobuffer as gb
from geobuffer.geodesy.ellipsoid import area_m2, length_m

GEOD = pyproj.Geod(ellps="WGS84")
SOURCE = gb.Source("drawn by hand", accuracy_m=0.0)
BEND = shapely.LineString([(30, 50), (30.1, 50.05), (30.12, 50.2), (30.3, 50.22), (30.25, 50.05)])
TWO = [shapely.LineString([(30, 50), (30.2, 50.1)]), shapely.LineString([(30.2, 50.1), (30.3, 50)])]
PARK = shapely.box(30.05, 50.02, 30.2, 50.1)
EAST = gb.Region("East", shapely.box(30.1, 49.5, 31, 50.5), SOURCE)
WEST = gb.Region("West", shapely.box(29, 49.5, 30.1, 50.5), SOURCE)

ZONES = {
    "both": lambda m: gb.build_zone(_bend(), km=[1, 3], tolerance_m=m),
    "left": lambda m: gb.build_zone(_bend(), km=[1, 3], side="left", tolerance_m=m),
    "flat": lambda m: gb.build_zone(_bend(), km=3, ends="flat", tolerance_m=m),
    "from": lambda m: gb.build_zone(_bend(), km=3, from_km=1, tolerance_m=m),
    "territories": lambda m: gb.build_zone(gb.border_between(WEST, EAST), km=3, tolerance_m=m),
    "sections": lambda m: gb.build_zone(_two(), km=[1, 3], tolerance_m=m),
    "around": lambda m: gb.build_zone(_park(), km=[1, 3], side="around", tolerance_m=m),
    "inside": lambda m: gb.build_zone(_park(), km=1, side="inside", tolerance_m=m),
    "clipped": lambda m: gb.clip_zone(gb.build_zone(_park(), km=2, tolerance_m=m), EAST),
    "united": lambda m: gb.unite(
        gb.build_zone(_park(), km=1, tolerance_m=m),
        gb.Region("Wood", shapely.box(30.18, 50.08, 30.3, 50.2), SOURCE),
    ),
    "subtracted": lambda m: gb.subtract(
        gb.build_zone(_park(), km=3, tolerance_m=m),
        gb.build_zone(gb.border_along(TWO[1], source=SOURCE), km=1, tolerance_m=m),
    ),
}


@cache
def _bend():
    return gb.border_along(BEND, source=SOURCE)


@cache
def _two():
    return gb.border_along(TWO, names=["one", "other"], source=SOURCE)


@cache
def _park():
    return gb.border_around(PARK, source=SOURCE)


@cache
def zone(name, tolerance_m=1.0):
    return ZONES[name](tolerance_m)


@cache
def roads():
    rng = np.random.default_rng(3)
    start = np.stack([rng.uniform(29.95, 30.33, 40), rng.uniform(49.97, 50.25, 40)], axis=1)
    steps = np.cumsum(rng.normal(0, 0.03, (40, 5, 2)), axis=1)
    return gpd.GeoSeries(
        shapely.linestrings(np.concatenate([start[:, None], start[:, None] + steps], axis=1)),
        crs="EPSG:4326",
    )


@cache
def fields():
    """Stars, among them some with a hole, one that holds the park and one within it."""
    rng = np.random.default_rng(5)
    middle = np.stack([rng.uniform(29.95, 30.33, 38), rng.uniform(49.97, 50.25, 38)], axis=1)
    turns = np.linspace(0, 2 * np.pi, 9, endpoint=False)
    away = rng.uniform(0.004, 0.03, (38, 9))
    ray = np.stack([1.5 * away * np.cos(turns), away * np.sin(turns)], axis=-1)
    stars = shapely.polygons(middle[:, None] + ray)
    holes = shapely.polygons(middle[:10, None] + ray[:10] / 2)
    stars[:10] = shapely.difference(stars[:10], holes)
    others = [shapely.box(29.9, 49.9, 30.4, 50.3), shapely.box(30.1, 50.05, 30.12, 50.06)]
    return gpd.GeoSeries([*stars, *others], crs="EPSG:4326")


def keys(found):
    """The rings, sides and sections of points, as `exposure` names those of parts."""
    return list(zip(found["ring"].fillna(""), found["side"], found["section"], strict=True))


@pytest.mark.parametrize("name", ZONES)
def test_kilometres_inside_are_those_within_a_fine_polygon(name):
    found = gb.classify(roads(), zone(name))
    cut = shapely.intersection(roads().to_numpy(), zone(name, 0.005).polygon)
    expected = [0.0 if one.length == 0 else length_m(_lines(one)) / 1e3 for one in cut]
    # An edge that is off by 5 mm is crossed at some angle.
    assert found["inside_km"].to_numpy() == pytest.approx(expected, rel=1e-5, abs=1e-4)
    clipped = gb.clip(roads(), zone(name))
    lengths = [length_m(one) / 1e3 for one in clipped.geometry]
    assert lengths == pytest.approx(found.loc[clipped.index, "inside_km"].tolist(), abs=1e-5)
    assert set(clipped.index) == set(found.index[found["inside_km"] > 0])
    assert {*found["membership"]} <= {"inside", "outside", "partly"}
    assert (found["share_inside"].eq(1) == found["membership"].eq("inside")).all()


def _lines(shape):
    parts = [one for one in shapely.get_parts(shape) if one.length]
    return shapely.MultiLineString(parts)


@pytest.mark.parametrize(
    "name", ["both", "territories", "around", "clipped", "united", "subtracted"]
)
def test_square_kilometres_inside_are_those_within_a_fine_polygon(name):
    found = gb.classify(fields(), zone(name))
    cut = shapely.intersection(fields().to_numpy(), zone(name, 0.005).polygon)
    expected = np.array([area_m2(one) / 1e6 for one in cut])
    assert found["inside_km2"].to_numpy() == pytest.approx(expected, rel=1e-4, abs=1e-5)
    clipped = gb.clip(fields(), zone(name))
    areas = [area_m2(one) / 1e6 for one in clipped.geometry]
    assert areas == pytest.approx(found.loc[clipped.index, "inside_km2"].tolist(), rel=1e-6)
    assert found["area_km2"].to_numpy() == pytest.approx(
        [abs(GEOD.geometry_area_perimeter(shapely.segmentize(one, 0.001))[0]) / 1e6
         for one in fields()], rel=1e-6)  # fmt: skip


@pytest.mark.parametrize("name", ["both", "territories", "sections", "subtracted"])
def test_parts_by_ring_side_and_section_are_those_of_points(name):
    """Points close together on a line, and random points in an area, stand for its parts."""
    road = shapely.LineString([(29.95, 50), (30.2, 50.06), (30.21, 49.99), (30.33, 50.1)])
    field = shapely.box(30.08, 49.99, 30.27, 50.13)
    line, area = (gpd.GeoSeries([one], crs=4326) for one in (road, field))
    ends = shapely.get_coordinates(shapely.segmentize(road, 2e-5))
    at = gpd.GeoSeries.from_xy(*(ends[1:] + ends[:-1]).T / 2, crs=4326)
    along = GEOD.inv(*ends[:-1].T, *ends[1:].T)[2]
    west, south, east, north = area.total_bounds
    rng = np.random.default_rng(1)
    # One random point in each cell of a grid.
    x, y = (np.indices((300, 300)).reshape(2, -1) + rng.random((2, 90_000))) / 300
    grid = gpd.GeoSeries.from_xy(west + (east - west) * x, south + (north - south) * y, crs=4326)
    for shapes, points, weight, size, off in (
        (line, at, along, "length_km", 1e-4),
        (area, grid, np.cos(np.radians(grid.y.to_numpy())), "area_km2", 5e-4),
    ):
        found = gb.classify(points, zone(name))
        whole = gb.classify(shapes, zone(name))[size].item()
        share = pd.DataFrame({"key": keys(found), "weight": weight / weight.sum() * whole})
        expected = share[found["ring"].notna()].groupby("key")["weight"].sum().to_dict()
        parts = gb.exposure(shapes.to_frame("geometry"), zone(name), by=["side", "section"])
        measured = dict(zip(keys(parts), parts[size], strict=True))
        assert len(measured) > 1
        for key in expected | measured:
            assert measured.get(key, 0.0) == pytest.approx(expected.get(key, 0.0), abs=off * whole)


def test_sides_of_areas_are_those_of_territories_and_of_one_sided_zones():
    """Divided along parallels, or cut with polygons: square kilometres by side are the same."""
    some = fields().iloc[[3, 11, 38]].to_frame("geometry")
    by_side = gb.exposure(some, zone("both"), by="side").groupby("side")["area_km2"].sum()
    left = gb.classify(some, zone("left"))["inside_km2"].sum()
    assert by_side["left"] == pytest.approx(left, rel=1e-4)
    by_side = gb.exposure(some, zone("territories"), by="side").set_index("side")["area_km2"]
    cut = shapely.intersection(some.geometry.to_numpy(), zone("territories", 0.005).polygon)
    for region in (EAST, WEST):
        there = [area_m2(one) for one in shapely.intersection(cut, region.geometry)]
        assert by_side[region.name] == pytest.approx(sum(there) / 1e6, rel=1e-4)


@pytest.mark.parametrize("name", ["left", "flat", "around", "clipped"])
def test_least_and_greatest_distances_are_those_of_points(name):
    found = gb.classify(roads(), zone(name))
    for row in range(0, 40, 4):
        line = roads().iloc[row]
        share = np.arange(4001) / 4000.0
        at = gpd.GeoSeries(shapely.line_interpolate_point(line, share, normalized=True), crs=4326)
        known = gb.classify(at, zone(name))["distance_km"]
        step = found["length_km"][row] / 4000
        assert known.min() - step < found["distance_km"][row] <= known.min() + 1e-6
        assert known.max() - 1e-6 <= found["farthest_km"][row] < known.max() + step
    assert (found["distance_km"] == 0.0).any()


def test_a_line_may_run_either_way_and_be_split(strip):
    """Reversing changes nothing, and two halves have the kilometres of the whole."""
    for name in ("left", "sections", "subtracted"):
        there = gb.exposure(roads().to_frame("geometry"), zone(name), by=["side", "section"])
        back = gb.exposure(
            roads().reverse().to_frame("geometry"), zone(name), by=["side", "section"]
        )
        assert there["length_km"].to_numpy() == pytest.approx(back["length_km"], abs=1e-4)
        halves = [
            shapely.LineString(vertices)
            for line in roads()
            for vertices in (line.coords[:3], line.coords[2:])
        ]
        parts = gb.classify(gpd.GeoSeries(halves, crs=4326), zone(name))["inside_km"]
        whole = gb.classify(roads(), zone(name))["inside_km"]
        sums = parts.to_numpy().reshape(-1, 2).sum(axis=1)
        assert sums == pytest.approx(whole.to_numpy(), abs=1e-5)


def test_what_runs_along_the_border_itself_is_answered(strip):
    """There, rounding puts neighbouring points on different sides; that must not take hours."""
    zone = gb.build_zone(strip, km=10, tolerance_m=0.1)
    along = gpd.GeoSeries([shapely.LineString([(30, 50), (30, 50.37), (30, 51)])], crs=4326)
    found = gb.classify(along, zone).iloc[0]
    assert (found["farthest_km"], found["membership"]) == (pytest.approx(0, abs=1e-6), "inside")
    assert found["inside_km"] == pytest.approx(found["length_km"])
    beside = gpd.GeoDataFrame(geometry=[shapely.box(30, 50.2, 30.05, 50.4)], crs=4326)
    sides = gb.exposure(beside, zone, by="side").set_index("side")["area_km2"]
    assert sides["East"] == pytest.approx(area_m2(beside.geometry[0]) / 1e6)


def _east(*kms, lat=50.5):
    """A line along points that many kilometres east of 30° E, square to it."""
    lon, lats, _ = GEOD.fwd([30.0] * len(kms), [lat] * len(kms), [90.0] * len(kms),
                            np.array(kms) * 1e3)  # fmt: skip
    return shapely.LineString(np.stack([lon, lats], axis=1))


def test_what_touches_the_zone_at_exactly_the_distance_is_inside(strip):
    line = gpd.GeoSeries([_east(3, 7)], crs=4326)
    ends = gb.classify(line, gb.build_zone(strip, km=20, tolerance_m=50)).iloc[0]
    reached = gb.build_zone(strip, km=float(ends["farthest_km"]), tolerance_m=50)
    assert gb.classify(line, reached)["membership"].item() == "inside"
    touched = gb.build_zone(strip, km=float(ends["distance_km"]), tolerance_m=50)
    found = gb.classify(line, touched).iloc[0]
    assert (found["membership"], round(found["inside_km"], 5)) == ("partly", 0.0)
    nothing = gb.build_zone(strip, km=float(ends["distance_km"]) - 1e-6, tolerance_m=50)
    assert gb.classify(line, nothing)["membership"].item() == "outside"


@pytest.mark.parametrize("as_areas", [False, True])
def test_a_row_is_uncertain_where_its_accuracy_leaves_it_open(strip, as_areas):
    """An error of 500 m moves the ends of a row across an edge, or does not."""
    kms = [(1, 9.4), (1, 9.6), (1, 10.4), (1, 12), (10.4, 12), (10.6, 12)]
    lines = gpd.GeoDataFrame({"accuracy_m": 500.0}, geometry=[_east(*km) for km in kms],
                             index=range(6), crs=4326)  # fmt: skip
    if as_areas:
        shapes = [shapely.box(*line.bounds[:3], line.bounds[3] + 0.0001) for line in lines.geometry]
        lines = lines.set_geometry(gpd.GeoSeries(shapes, crs=4326))
    zone = gb.build_zone(strip, km=10, side="East", tolerance_m=1)
    classes = ["inside", "uncertain", "uncertain", "partly", "uncertain", "outside"]
    assert gb.classify(lines, zone)["membership"].tolist() == classes
    assert gb.within(lines, zone).index.tolist() == [0, 1, 2, 3, 4]
    # Only where the shape lies decides what is cut.
    assert gb.clip(lines, zone).index.tolist() == [0, 1, 2, 3]
    beds = gb.exposure(lines.assign(beds=10), zone, of="beds").iloc[0]
    assert (beds["features"], beds["uncertain"], beds["beds_uncertain"]) == (2, 3, 30)
    exact = gb.classify(lines.drop(columns="accuracy_m"), zone)["membership"]
    assert exact.tolist() == ["inside", "inside", "partly", "partly", "outside", "outside"]


def test_sums_are_shared_out_or_counted_whole(strip):
    lines = gpd.GeoDataFrame(
        {"cars": [100, None, 8], "kind": ["a", "a", "b"]},
        geometry=[_east(2, 8), _east(0, 1), _east(11, 12)],
        crs=4326,
    )
    zone = gb.build_zone(strip, km=[5, 10], tolerance_m=50)
    columns = ["features", "length_km", "cars", "cars_without_figure"]
    shared = gb.exposure(lines, zone, of="cars")
    assert shared[columns].to_numpy() == pytest.approx(
        np.array([[2, 4, 50, 1], [1, 3, 50, 0]]), abs=0.01
    )
    whole = gb.exposure(lines, zone, of="cars", whole=True, cumulative=True, by="kind")
    assert whole[["within_km", "kind", "features", "cars"]].to_numpy().tolist() == [
        [5.0, "a", 2, 100], [10.0, "a", 2, 100],
    ]  # fmt: skip
    assert whole["length_km"].tolist() == pytest.approx([4, 7], abs=0.01)
    assert list(gb.exposure(lines[["geometry"]], zone).columns) == [
        "ring", "features", "uncertain", "length_km",
    ]  # fmt: skip


def test_rows_keep_index_columns_and_crs(strip):
    zone = gb.build_zone(strip, km=10, tolerance_m=1)
    high = shapely.force_3d(_east(1, 2), z=7)
    table = gpd.GeoDataFrame({"name": list("abcd")}, index=[4, 2, 9, 9],
                             geometry=[_east(5, 15), None, high, shapely.LineString()],
                             crs=4326).to_crs(32636)  # fmt: skip
    found = gb.classify(table, zone)
    assert found.index.tolist() == [4, 2, 9, 9]
    assert found["membership"].fillna("").tolist() == ["partly", "", "inside", ""]
    with pytest.warns(UserWarning, match="2 rows without a shape.*: 2, 9"):
        within = gb.within(table, zone)
    assert (within["name"].tolist(), within.crs) == (["a", "c"], table.crs)
    clipped = gb.clip(table, zone)
    assert (clipped.index.tolist(), clipped["name"].tolist()) == ([4, 9], ["a", "c"])
    assert clipped.crs == table.crs
    assert clipped.geometry.iloc[1] == table.geometry.iloc[2]  # whole, so it stays as it is
    assert clipped.to_crs(4326).geometry.iloc[0].length == pytest.approx(
        _east(5, 10).length, rel=1e-5
    )
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy([30.01, 31], [50.5, 50.5]), crs=4326)
    assert gb.clip(points, zone).index.tolist() == [0]


def test_lines_and_areas_over_180(strip):
    """A zone over 180° holds what the same zone elsewhere holds."""

    def ask(shift):
        line = shapely.LineString([(29.9, 60), (30.1, 60.1)])

        def move(one):
            return shapely.transform(one, lambda lonlat: lonlat + np.array([shift, 0]))

        border = gb.border_along(move(line), source=SOURCE)
        zone = gb.build_zone(border, km=5, side="left", tolerance_m=1)
        road = shapely.LineString([(29.8, 59.9), (30.2, 60.2)])
        field = shapely.box(29.95, 59.9, 30.05, 60.2)
        tables = [gpd.GeoSeries([move(one)], crs=4326) for one in (road, field)]
        found = [gb.classify(table, zone).iloc[0] for table in tables]
        cut = [gb.clip(table, zone).total_bounds for table in tables]
        assert all(np.abs(bounds).max() <= 180.0 for bounds in cut)
        sizes = ["distance_km", "farthest_km", "share_inside"]
        return [[*one[sizes], *one[["side", "membership"]]] for one in found]

    there, here = ask(150.0), ask(0.0)
    for one, other in zip(there, here, strict=True):
        assert one[3:] == other[3:] == [one[3], "partly"]
        assert one[:3] == pytest.approx(other[:3], abs=1e-5)


BOW = shapely.Polygon([(30, 50), (30.1, 50.1), (30.1, 50), (30, 50.1)])


@pytest.mark.parametrize(
    ("shapes", "error", "words"),
    [
        ([_east(1, 2), shapely.Point(30, 50)], gb.DataError, r"row 'a'.*Point in row 'b'"),
        ([BOW], gb.GeometryError, r"row 'a': Self-intersection"),
        ([_east(1, 2), _east(1, 1)], gb.DataError, r"row 'b': Too few points"),
        ([shapely.LineString([(30, 50), (30, 99)])], gb.DataError, r"row 'a'.*latitude 99"),
    ],
)
def test_shapes_that_cannot_be_judged_are_refused_by_row(strip, shapes, error, words):
    table = gpd.GeoSeries(shapes, index=list("ab")[: len(shapes)], crs=4326)
    zone = gb.build_zone(strip, km=10, tolerance_m=50)
    with pytest.raises(error, match=words):
        gb.classify(table, zone)
    with pytest.raises(gb.MissingCRSError, match="coordinate reference system"):
        gb.clip(gpd.GeoSeries([_east(1, 2)]), zone)
