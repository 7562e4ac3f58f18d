"""A column of points may have the name of an answer or of a column that formats add."""

import warnings

import geopandas as gpd
import pytest
import shapely

import geobuffer as gb

NAMES = ["side", "distance_km", "name", "geom", "lon"]
FORMATS = ["csv", "xlsx", "gpkg", "geojson", "fgb", "parquet", "kml", "kmz", "shp.zip"]


@pytest.fixture(scope="module")
def zone():
    line = shapely.LineString([(30, 50), (30, 51)])
    return gb.build_zone(gb.border_along(line, source=gb.Source("a map")), km=5, tolerance_m=20)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_points_are_written_and_read_back_whatever_their_column_is_called(
    name, suffix, zone, tmp_path
):
    label = "title" if name == "name" else "name"
    points = gpd.points_from_xy([30.01, 30.02, 29.99], [50.2, 50.4, 50.6])
    table = gpd.GeoDataFrame({label: ["A", "B", "C"]}, geometry=points, crs=4326)
    chosen = gb.within(table.rename_geometry(name), zone)
    assert len(chosen) == 3
    file = tmp_path / f"t.{suffix}"
    with warnings.catch_warnings(action="ignore"):
        gb.write(chosen, file)
        found = gb.read_settlements(file)
    # FlatGeobuf sorts its rows by place.
    for there, wanted in ((found.geometry.x, points.x), (found.geometry.y, points.y)):
        assert sorted(there) == pytest.approx(sorted(wanted), abs=1e-6)
    if suffix not in {"kml", "kmz", "shp.zip"}:
        assert sorted(found["distance_km"].astype(float)) == pytest.approx(
            sorted(chosen["distance_km"])
        )
        assert sorted(found["side"]) == sorted(chosen["side"])
