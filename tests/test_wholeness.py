"""What GDAL leaves out without a word is seen."""

import sqlite3
from contextlib import closing

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

import geobuffer as gb
from geobuffer.wholeness import check_whole_geopackage, check_whole_shapefile


def places(rows):
    lon, lat = np.random.default_rng(rows).random((2, rows))
    return gpd.GeoDataFrame(
        {"name": ["Юнаківка"] * rows}, geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326"
    )


POINT, NOTHING, EMPTY = shapely.Point(1, 2), None, shapely.Point()


@pytest.mark.parametrize(
    "shapes", [[], [POINT], [NOTHING], [EMPTY], [POINT, NOTHING, EMPTY, POINT], [EMPTY, NOTHING]]
)
@pytest.mark.parametrize("layer", ["places", 'a "b" c', "місця 1", "a'b"])
def test_a_whole_geopackage_is_found_whole(shapes, layer, tmp_path):
    table = gpd.GeoDataFrame({"n": range(len(shapes))}, geometry=shapes, crs="EPSG:4326")
    path = tmp_path / "a.gpkg"
    table.to_file(path, driver="GPKG", layer=layer, index=False)
    check_whole_geopackage(path, layer, table)


def test_a_whole_table_without_shapes_is_found_whole(tmp_path):
    table = pd.DataFrame({"n": [1, 2]})
    pyogrio.write_dataframe(table, tmp_path / "a.gpkg", layer="t", driver="GPKG")
    check_whole_geopackage(tmp_path / "a.gpkg", "t", table)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [("DROP TABLE a", "a part of 'a'"), ("DELETE FROM a WHERE fid = 1", "the rows of 'a'"),
     ("DROP TABLE rtree_a_geom", "a part of 'a'"),
     ("DELETE FROM rtree_a_geom WHERE id = 1", "the spatial index of 'a'"),
     ("DELETE FROM gpkg_ogr_contents", "the count of rows of 'a'"),
     ("UPDATE gpkg_ogr_contents SET feature_count = NULL", "the count of rows of 'a'")],
)  # fmt: skip
def test_a_geopackage_that_lacks_something_is_refused(spoil, told, tmp_path):
    table, path = places(300), tmp_path / "a.gpkg"
    table.to_file(path, driver="GPKG", layer="a", index=False)
    with closing(sqlite3.connect(path)) as database, database:
        # Its triggers call functions of GDAL's.
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute(spoil)
    with pytest.raises(gb.WriteError, match=told):
        check_whole_geopackage(path, "a", table)


@pytest.mark.parametrize("suffix", [".shp", ".shx", ".dbf"])
@pytest.mark.parametrize("left", [-1, 4_000, 100])
def test_a_shapefile_that_is_cut_off_is_refused(suffix, left, tmp_path):
    path = tmp_path / "a.shp"
    pyogrio.write_dataframe(places(300), path, driver="ESRI Shapefile", encoding="UTF-8")
    check_whole_shapefile(path, 300)
    file = path.with_suffix(suffix)
    whole = file.read_bytes()
    file.write_bytes(whole[: min(left, len(whole) - 1)])
    with pytest.raises(gb.WriteError, match=r"a\.shp"):
        check_whole_shapefile(path, 300)


def test_a_shapefile_of_other_rows_or_without_its_projection_is_refused(tmp_path):
    path = tmp_path / "a.shp"
    pyogrio.write_dataframe(places(300), path, driver="ESRI Shapefile", encoding="UTF-8")
    with pytest.raises(gb.WriteError, match="whole"):
        check_whole_shapefile(path, 301)
    path.with_suffix(".prj").write_bytes(b"")
    with pytest.raises(gb.WriteError, match=r"\.prj"):
        check_whole_shapefile(path, 300)
