"""Values as users have them: numbers, grids, tables in memory and of other libraries."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely

import geobuffer as gb

LINE = shapely.LineString([(30, 50), (30, 51)])
ANSWERS = (
    "distance_km", "side", "section", "ring", "membership", "p_inside", "margin_km", "conflict",
)  # fmt: skip


@pytest.fixture(scope="module")
def some(towns):
    return towns[towns["oblast"].isin(["Sumy", "Сумська"])].iloc[:300]


def test_answer_has_the_shape_of_what_is_given(strip):
    zone = gb.build_zone(strip, 10, tolerance_m=10)
    lon, lat = np.meshgrid([29.9, 30.0, 30.5], [50.2, 50.8])
    grid = gb.answer(lon, lat, zone)
    flat = gb.answer(lon.ravel().tolist(), lat.ravel().tolist(), zone)
    for shaped, row in zip(grid, flat, strict=True):
        assert shaped.shape == lon.shape
        np.testing.assert_array_equal(shaped.ravel(), row)
    one = gb.answer(np.float32(29.9), 50.2, zone)
    assert [np.ndim(value) for value in one] == [0] * len(gb.Answers._fields)
    assert one.ring == grid.ring[0, 0]


@pytest.mark.parametrize(
    ("lon", "lat", "named"),
    [
        ("east", 50.0, "lon"), ([30.0, 31.0], 50.0, "lat"), ([30.0], [[50.0]], "lat"),
        (True, 50.0, "lon"), (30.0, object(), "lat"), ([30.0, 31.0], [50.0], "lat"),
    ],
)  # fmt: skip
def test_answer_refuses_what_is_no_number_or_of_another_shape(strip, lon, lat, named):
    zone = gb.build_zone(strip, 10, tolerance_m=10)
    with pytest.raises(gb.DataError, match=f"Invalid {named}") as caught:
        gb.answer(lon, lat, zone)
    assert caught.value.parameter == named


def test_a_table_of_another_library_is_refused_with_its_conversion(strip):
    table = pa.table({"lon": [30.0], "lat": [50.5]})
    zone = gb.build_zone(strip, 10, tolerance_m=10)
    with pytest.raises(
        gb.DataError, match=r"Invalid settlements: a Table of pyarrow.*to_pandas\(\)"
    ):
        gb.map_zone(zone, settlements=table)
    with pytest.raises(gb.GeobufferError, match=r"Invalid path: a Table of pyarrow.*to_pandas\(\)"):
        gb.read_settlements(table)
    read = gb.read_settlements(table.to_pandas().assign(name="A"))
    assert gb.locate(read, strip)["distance_km"].tolist() == [0.0]


def test_a_table_in_memory_is_read_like_its_file(tmp_path):
    shapes = gpd.GeoDataFrame(
        {"name": ["A", "B"]}, geometry=[shapely.box(30, 50, 31, 51), shapely.box(31, 50, 32, 51)],
        crs="EPSG:4326",
    ).to_crs("EPSG:32636")  # fmt: skip
    given = shapes.copy(deep=True)
    shapes.to_file(tmp_path / "shapes.gpkg")
    here, there = gb.read_regions(shapes), gb.read_regions(tmp_path / "shapes.gpkg")
    assert [r.geometry.wkb for r in here] == [r.geometry.wkb for r in there]
    assert here["A"].source.title == "given by the user, source not stated"
    assert here["A"].source.accuracy_m is None
    pd.testing.assert_frame_equal(shapes, given)
    lines = gpd.GeoSeries([LINE], crs="EPSG:4326")
    assert gb.read_border(lines).length_km == gb.border_along(LINE).length_km
    with pytest.raises(gb.DataError, match="Invalid layer 'x'"):
        gb.read_regions(shapes, layer="x")


def test_a_shape_without_a_source_says_so():
    for border in (gb.border_along(LINE), gb.border_around(shapely.Point(30, 50))):
        assert border.source == gb.Source("given by the user, source not stated")


@pytest.mark.parametrize(
    ("lon", "lat"), [(np.inf, 50.2), (373_000.0, 50.2), (30.0, -np.inf), (30.0, 91.0)]
)
def test_answer_refuses_what_is_not_on_the_globe(strip, lon, lat):
    """A longitude in metres would otherwise be wrapped to some degree."""
    zone = gb.build_zone(strip, km=10, tolerance_m=50)
    with pytest.raises(gb.GeometryError, match="Invalid point at position 1"):
        gb.answer([30.0, lon, np.nan], [50.2, lat, 50.2], zone)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_column_of_points_may_be_called_like_an_answer(some, strip, name):
    zone = gb.build_zone(gb.border_along(shapely.LineString([(34, 50), (35, 52)])), [5, 60])
    renamed = some.rename_geometry(name)
    plain, found = gb.within(some, zone), gb.within(renamed, zone)
    assert len(found) > 10
    assert found.geometry.tolist() == plain.geometry.tolist()
    pd.testing.assert_frame_equal(pd.DataFrame(found[[*ANSWERS]]), pd.DataFrame(plain[[*ANSWERS]]))
    pd.testing.assert_frame_equal(gb.exposure(renamed, zone), gb.exposure(some, zone))


def test_exposure_counts_by_several_columns(some):
    zone = gb.build_zone(gb.border_along(shapely.LineString([(34, 50), (35, 52)])), 60)
    by_one = gb.exposure(some, zone, by=["raion"])
    pd.testing.assert_frame_equal(by_one, gb.exposure(some, zone, by="raion"))
    by_two = gb.exposure(some, zone, by=["raion", "kind"])
    assert by_two.columns.tolist()[:3] == ["ring", "raion", "kind"]
    assert by_two["places"].sum() == by_one["places"].sum() > 0
    assert len(by_two) > len(by_one)


@pytest.mark.parametrize("by", ["as_of", "within_km", "nowhere", ["side", "side"], 5, ["lists"]])
def test_exposure_refuses_what_it_cannot_count_by(some, by):
    zone = gb.build_zone(gb.border_along(shapely.LineString([(34, 50), (35, 52)])), 60)
    table = some.assign(as_of="2024", within_km=5.0, lists=[[1]] * len(some))
    with pytest.raises(gb.GeobufferError, match="Invalid by") as caught:
        gb.exposure(table, zone, by=by, cumulative=True)
    assert caught.value.parameter == "by"


@pytest.mark.parametrize("crs", ["IAU_2015:30100", "EPSG:5773", "EPSG:4978"])
def test_points_that_are_not_on_a_map_of_the_earth_are_refused(strip, crs):
    points = gpd.GeoSeries([shapely.Point(30, 50)], crs=crs)
    with pytest.raises(gb.DataError, match="Invalid reference system"):
        gb.locate(points, strip)


def test_a_basemap_must_be_a_name(strip):
    zone = gb.build_zone(strip, 10, tolerance_m=10)
    with pytest.raises(gb.WrongKind, match=r"Invalid basemap: True, a bool\. Must be a text"):
        gb.map_zone(zone, basemap=True)


@pytest.mark.parametrize(
    "call",
    [
        lambda points, zone: gb.within(points, zone)["distance_km"],
        lambda points, zone: gb.exposure(points, zone)["places"],
        lambda points, zone: gb.exposure_curve(points, zone.border, to_km=10)["places"],
        lambda points, zone: gb.compare(zone, zone, points)["places"],
        lambda points, zone: gb.plot_zone(zone, settlements=points).get_suptitle(),
    ],
)
def test_points_without_columns_are_a_table(strip, call):
    zone = gb.build_zone(strip, 10, tolerance_m=10)
    points = gpd.GeoSeries.from_xy([29.9, 31.5], [50.2, 50.2], crs="EPSG:4326")
    table = gpd.GeoDataFrame(geometry=points)
    assert list(call(points, zone)) == list(call(table, zone))


def test_a_map_of_points_without_columns_asks_for_names(strip):
    zone = gb.build_zone(strip, 10, tolerance_m=10)
    points = gpd.GeoSeries.from_xy([29.9], [50.2], crs="EPSG:4326")
    with pytest.raises(gb.DataError, match="no column of names"):
        gb.map_zone(zone, settlements=points)


@pytest.mark.parametrize("name", ["side", "ring", "membership", "margin_km", "conflict"])
def test_a_map_takes_points_with_the_name_of_an_answer(strip, some, name):
    zone = gb.build_zone(strip, 10, tolerance_m=10)
    assert gb.map_zone(zone, settlements=some.rename_geometry(name)).get_root().render() == (
        gb.map_zone(zone, settlements=some).get_root().render()
    )


@pytest.mark.parametrize("given", [10**400, float("nan"), float("inf")])
def test_a_size_that_is_no_finite_number_is_refused(tmp_path, given):
    with pytest.raises(gb.WrongKind, match="Invalid max_gb"):
        gb.read_settlements(tmp_path / "towns.csv", max_gb=given)


def test_a_radius_that_no_float_can_hold_is_refused(strip):
    zone = gb.build_zone(strip, 10, tolerance_m=10)
    with pytest.raises(gb.DataError, match="Invalid radius_m") as caught:
        gb.answer(30.0, 50.5, zone, radius_m=10**400)
    assert caught.value.parameter == "radius_m"


def test_a_geodataframe_without_geometry_is_not_written(tmp_path):
    with pytest.raises(gb.DataError, match=r"without geometry.*set_geometry\(\)"):
        gb.write(gpd.GeoDataFrame({"name": ["A"]}), tmp_path / "towns.csv")
    assert list(tmp_path.iterdir()) == []


def test_cumulative_counts_of_combined_zones_say_where_they_begin(strip, some):
    far, near = (gb.build_zone(strip, 10, from_km=k, tolerance_m=10) for k in (4, 6))
    area = gb.Region("a box", shapely.box(29, 50, 31, 51), gb.Source("x"))
    for zone, start in (
        (gb.unite(far, near), 4.0), (gb.clip_zone(near, area), 6.0),
    ):  # fmt: skip
        assert gb.exposure(some, zone, cumulative=True)["from_km"].tolist() == [start]
    plain = gb.build_zone(strip, 3, tolerance_m=10)
    assert "from_km" not in gb.exposure(some, gb.unite(far, plain), cumulative=True)
    # What lies between 3 and 10 km is not within 10 km, so the count has the name of the zone.
    for cut in (gb.subtract(far, plain), gb.clip_zone(gb.subtract(far, plain), area)):
        counted = gb.exposure(some, cut, cumulative=True)
        assert counted["ring"].tolist() == [cut.name]
        assert "within_km" not in counted
