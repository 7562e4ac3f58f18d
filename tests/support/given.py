"""Test data: two square regions, places near their border, and files of both."""

import warnings

import geopandas as gpd
import pyproj
import shapely

import geobuffer as gb

GEOD = pyproj.Geod(ellps="WGS84")

# West and East share the meridian 30° E from 50° N to 51° N: 111.24 km, a geodesic.
WEST, EAST = shapely.box(29, 50, 30, 51), shapely.box(30, 50, 31, 51)
LINE = shapely.LineString([(30, 50), (30, 51)])
BOW_TIE = shapely.Polygon([(29, 50), (30, 51), (30, 50), (29, 51)])
SOURCE = gb.Source("drawn by hand")

#: Options that name the border of a user's own file of regions.
BETWEEN = ("--between", "West", "--and", "East", "--km", "10")


def own(file="regions.gpkg"):
    return ("--regions", file, *BETWEEN)


def areas(shapes=(WEST, EAST), names=("West", "East"), crs="EPSG:4326", **columns):
    return gpd.GeoDataFrame(
        {"name": list(names), **columns}, geometry=list(shapes), crs="EPSG:4326"
    ).to_crs(crs)


def points(*xy, crs="EPSG:4326", **columns):
    """Return places at longitudes and latitudes, called A, B, C unless named; None for no point."""
    shapes = [None if one is None else shapely.Point(one) for one in xy]
    named = {"name": [chr(65 + n) for n in range(len(xy))]} | columns
    return gpd.GeoDataFrame(named, geometry=shapes, crs=crs)


def save(table, file, **options):
    """Write a table as others do, without a reference system if it has none."""
    drivers = {
        ".kml": "KML", ".shp": "ESRI Shapefile", ".geojson": "GeoJSON", ".gpkg": "GPKG",
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'crs' was not provided")
        table.to_file(file, driver=drivers[file.suffix], **options)
    return file


def text(file, *lines, encoding="utf-8"):
    file.write_bytes("".join(f"{line}\n" for line in lines).encode(encoding))
    return file


def plain(message):
    """Check that a message reads as one or two lines that a newcomer may act on."""
    assert len(message) < 400, message
    assert "\n" not in message
    for jargon in ("Traceback", "NoneType", "ufunc", "DataFrame object", "0x", "GEOSException"):
        assert jargon not in message, message
    return message
