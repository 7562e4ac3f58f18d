"""Coordinates, accuracies and counts of tables of points; errors name the invalid row."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import geobuffer as gb
from geobuffer.io.point_tables import UNSTATED_M, read_lonlat, read_metres, read_numbers

HERE = shapely.Point(30.0, 50.0)


def _table(count=1, **columns):
    return gpd.GeoDataFrame(columns, geometry=[HERE] * count, crs="EPSG:4326")


@pytest.mark.parametrize("people", [[True, False], [1e300, 1], ["1_000", "1"], [1j, 1]])
def test_counts_that_are_not_numbers_raise_an_error_that_names_the_row(people):
    with pytest.raises(gb.DataError, match="Invalid population in row 0"):
        read_numbers(pd.DataFrame({"population": people}), "population")


def test_points_come_back_from_any_crs_and_gaps_as_nan():
    points = gpd.GeoSeries([HERE, None, shapely.Point()], crs="EPSG:4326")
    for given in (points, points.to_crs("EPSG:32636"), points.to_frame("geometry")):
        lon, lat = read_lonlat(given)
        assert lon == pytest.approx([30.0, np.nan, np.nan], nan_ok=True)
        assert lat == pytest.approx([50.0, np.nan, np.nan], nan_ok=True)


@pytest.mark.parametrize("other", [HERE, None, shapely.Point()])
def test_long_tables_are_read_in_threads_as_short_ones(other):
    lon, lat = np.linspace(20.0, 40.0, 300_000), np.linspace(45.0, 55.0, 300_000)
    shapes = shapely.points(lon, lat)
    shapes[-2] = other
    lon[-2], lat[-2] = (np.nan, np.nan) if other is not HERE else (HERE.x, HERE.y)
    for given, found in zip((lon, lat), read_lonlat(gpd.GeoSeries(shapes, crs=4326)), strict=True):
        np.testing.assert_array_equal(found, given)


def test_longitudes_from_0_to_360_are_normalised():
    lon, _ = read_lonlat(gpd.GeoSeries.from_xy([190.0, -190.0], [0.0, 0.0], crs="EPSG:4326"))
    assert lon.tolist() == [-170.0, 170.0]


def test_a_missing_crs_raises_an_error_with_the_likely_crs():
    with pytest.raises(gb.MissingCRSError, match='set_crs\\("EPSG:4326"\\)'):
        read_lonlat(gpd.GeoSeries([HERE]))
    with pytest.raises(gb.MissingCRSError, match="they were made in"):
        read_lonlat(gpd.GeoSeries([shapely.Point(370_000, 5_600_000)]))


def test_shapes_other_than_points_raise_an_error_that_names_the_row():
    table = gpd.GeoSeries([HERE, shapely.box(0, 0, 1, 1)], index=["a", "b"], crs="EPSG:4326")
    with pytest.raises(gb.DataError, match=r"row 'b': Polygon"):
        read_lonlat(table)


def test_impossible_coordinates_raise_an_error_that_names_the_row():
    table = gpd.GeoSeries([HERE, shapely.Point(50.0, 136.0)], crs="EPSG:4326")
    with pytest.raises(gb.DataError, match=r"row 1: .*latitude 136"):
        read_lonlat(table)


def test_table_without_geometry_is_refused():
    with pytest.raises(gb.DataError, match="a DataFrame without geometry"):
        read_lonlat(pd.DataFrame({"lon": [30]}))


def test_missing_accuracies_get_a_careful_value_and_an_absent_column_gives_zero():
    table = _table(2, accuracy_m=[300.0, None])
    assert read_metres(table, "accuracy_m", without=np.nan).tolist() == [300.0, UNSTATED_M]
    assert read_metres(table, "radius_m", without=0.0) == 0.0


@pytest.mark.parametrize("value", ["500 parsecs", -1.0, np.inf])
def test_invalid_accuracies_raise_an_error_that_names_the_row(value):
    table = _table(2).assign(accuracy_m=pd.Series([1.0, value], dtype=object))
    with pytest.raises(gb.DataError, match="Invalid accuracy_m in row 1"):
        read_metres(table, "accuracy_m", without=np.nan)
