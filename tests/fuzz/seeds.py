"""The first inputs of each target: valid files that we make, and the files in corpus/."""

from __future__ import annotations

import contextlib
import gzip
import sqlite3
import tempfile
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from fuzz.targets import NEXT, workbook_parts, zone

import geobuffer as gb
from geobuffer.zones.data_folder import data_folder

CORPUS = Path(__file__).parent / "corpus"

_SHAPES = {
    "areas": [
        shapely.box(34, 51, 35, 52),
        shapely.MultiPolygon([shapely.box(179.5, 1, 180, 2), shapely.box(-180, 1, -179, 2)]),
    ],
    "lines": [
        shapely.LineString([(34, 51), (34.5, 51.2), (35, 51)]),
        shapely.MultiLineString([[(35, 51), (35.5, 51)], [(36, 51), (36.5, 52)]]),
    ],
    "points": [shapely.Point(34.0, 51.0), shapely.Point(34.9, 51.3)],
}

_TEXTS = {
    "comma": "name,lat,lon,population\nSumy,50.91,34.8,256474\nYunakivka,51.09,34.99,\n",
    "semicolon": "Назва;Широта;Довгота;Населення\nСуми;50,91;34,8;256 474\nЮнаківка;51,09;34,99;\n",
    "sexagesimal": "name\tlatitude\tlongitude\nSumy\t50°54′36″N\t34° 48' 0\" E\n",
    "metres": 'name|x|y|accuracy_m|radius_m\n"Su|my"|34.8|50.9|100|1000\n',
}

_SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>lat</t></is></c>'
    '<c r="C1" t="str"><v>lon</v></c><c r="D1" t="str"><v>population</v></c>'
    '<c r="E1" t="str"><v>date</v></c><c r="F1" t="str"><v>note</v></c></row>'
    '<row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2"><v>50.91</v></c><c r="C2"><v>34.8</v></c>'
    '<c r="D2"><v>256474</v></c></row>'
    '<row r="3"><c r="A3" t="e"><v>#N/A</v></c><c r="B3"><v>51</v></c>'
    '<c r="C3"><v>34</v></c><c r="D3" t="n"><f>1+1</f><v>2</v></c>'
    '<c r="E3" t="d"><v>2025-05-22</v></c><c r="F3" t="b"><v>1</v></c></row>'
    "</sheetData></worksheet>"
)
_STRINGS = (
    '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "<si><t>name</t></si><si><t>Суми</t></si></sst>"
)


def seeds(name):
    """Return the first inputs of a target: valid ones, and those of its corpus."""
    return [*_made(name), *(content for _, content in kept(name))]


def kept(name):
    """Return the corpus of a target: file names and contents."""
    files = sorted(file for file in (CORPUS / name).glob("*") if file.is_file())
    return [
        (file.name, gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else
         file.read_bytes())
        for file in files
    ]  # fmt: skip


def _made(name):
    makers = {
        "scenario": _scenarios, "sniffing": _any, "text_table": _texts, "workbook": _sheets,
        "archive": _archives, "shapefile": _shapefiles, "geopackage_rows": _rows,
        "zone_file": _zones, "zone_definition": _definitions, "geotiff": _tiffs,
        "ascii_grid": _grids,
    }  # fmt: skip
    if name in makers:
        return makers[name]()
    suffix = {"geojson": ".geojson", "kml": ".kml", "flatgeobuf": ".fgb", "parquet": ".parquet",
              "geopackage": ".gpkg"}[name]  # fmt: skip
    return _layers(suffix)


def _layers(suffix):
    """Return a layer of each kind of shapes as a file."""
    return [b"".join(files) for files in _files_of_layers(suffix)]


def _files_of_layers(suffix):
    for shapes in _SHAPES.values():
        columns = {"name": ["Суми", "Park"], "population": [1.5, np.nan]}
        table = gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"data{suffix}")
            if suffix == ".parquet":
                table.to_parquet(path)
            else:
                _write_layer(table, path)
            yield [path.with_suffix(s).read_bytes() for s in _companions(suffix)]


def _write_layer(table, path):
    if path.suffix == ".kml":
        gb.write(table, path)
        return
    pyogrio.write_dataframe(table, path)
    if path.suffix == ".gpkg":
        _shrink(path)


def _shrink(path):
    """Give a GeoPackage small pages, so that an input has fewer empty bytes."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA page_size = 512")
        database.execute("VACUUM")


def _companions(suffix):
    return (".shp", ".dbf", ".prj", ".cpg", ".shx") if suffix == ".shp" else (suffix,)


def _scenarios():
    files = sorted((data_folder() / "scenarios").iterdir())
    short = '[zone]\nbetween = "Kursk"\nand = ["Sumy"]\nkm = [5, 10]\nside = "Ukraine"\n'
    return [*(file.read_bytes() for file in files), short.encode()]


def _texts():
    plain = [text.encode() for text in _TEXTS.values()]
    encodings = ("cp1251", "utf-16", "utf-16-le", "utf-8-sig", "koi8_u", "cp866")
    return plain + [_TEXTS["semicolon"].replace("і", "и").encode(e) for e in encodings]


def _any():
    heads = [b"fgb\x03fgb", b"PAR1", b"<?xml version='1.0'?><kml>", b"<!DOCTYPE html>", b'{"type":']
    return [*_texts(), *heads]


def _sheets():
    return [(_SHEET.encode() + NEXT + _STRINGS.encode())]


def _archives():
    inner = {"data.geojson": _layers(".geojson")[0], "places.csv": _texts()[0],
             "doc.kml": _layers(".kml")[1]}  # fmt: skip
    chosen = [*([name] for name in inner), list(inner), ["book"]]
    found = []
    for names in chosen:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "data.zip")
            # Stored without compression, so that a mutation reaches the content.
            with zipfile.ZipFile(path, "w") as packed:
                content = inner | workbook_parts()
                for name in workbook_parts() if names == ["book"] else names:
                    packed.writestr(name, content[name])
            found.append(path.read_bytes())
    return found


def _shapefiles():
    return [NEXT.join(files) for files in _files_of_layers(".shp")]


def _rows():
    found = []
    for one, other in _SHAPES.values():
        # The header of GeoPackage's binary form: magic, version, flags (little-endian), SRS.
        head = b"GP\0\x01" + (4326).to_bytes(4, "little")
        wkb = [head + shapely.to_wkb(shape) for shape in (one, other)]
        found.append(NEXT.join([b"Park", wkb[0], "Суми".encode(), wkb[1]]))
    return found


def _zones():
    with tempfile.TemporaryDirectory() as folder:
        path = gb.write(zone(), Path(folder, "zone.gpkg"))
        _shrink(path)
        return [path.read_bytes()]


def _definitions():
    with tempfile.TemporaryDirectory() as folder:
        path = gb.write(zone(), Path(folder, "zone.gpkg"))
        text = pyogrio.read_dataframe(path, layer="geobuffer_zone")["definition"].iloc[0]
    cells = '{"sides.regions": "[]", "sections.border": 0, "sources.accuracy_m": 5.5}'
    return [text.encode(), (text.encode() + NEXT + cells.encode())]


def _tiffs():
    import rasterio
    from rasterio.transform import from_origin

    found = []
    for options in ({}, {"compress": "deflate"}, {"tiled": True, "blockxsize": 16,
                                                  "blockysize": 16}):  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "people.tif")
            where = from_origin(33.9, 51.1, 0.02, 0.02)
            with rasterio.open(path, "w", driver="GTiff", width=12, height=10, count=1,
                               dtype="float32", crs="EPSG:4326", transform=where, nodata=-1,
                               **options) as raster:  # fmt: skip
                raster.write(np.arange(120, dtype="float32").reshape(10, 12), 1)
            found.append(path.read_bytes())
    return found


def _grids():
    head = "ncols 4\nnrows 3\nxllcorner 33.9\nyllcorner 50.9\ncellsize 0.05\nNODATA_value -9999\n"
    grid = head + "1 2 3 4\n5 6.5 -9999 8\n9 10 11 12\n"
    with tempfile.TemporaryDirectory() as folder:
        shapes = gpd.GeoDataFrame(geometry=_SHAPES["points"], crs="EPSG:4326")
        pyogrio.write_dataframe(shapes, Path(folder, "p.shp"))
        projection = Path(folder, "p.prj").read_bytes()
    return [grid.encode() + NEXT + projection]
