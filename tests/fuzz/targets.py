"""Fuzzing targets, one for each reader. A reader may refuse any bytes, but only with our errors.

A target gets bytes and a folder, makes a file of the bytes, reads it and checks the result. For
formats that pack their content (workbooks, Shapefiles, GeoPackages) the bytes are the content,
which the target packs. So a mutation reaches the reader and not only a checksum. Any exception
other than ``GeobufferError`` is a crash.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import sqlite3
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

import geobuffer as gb
from geobuffer.io.read.encodings import detect_encoding
from geobuffer.io.read.files import HEAD_BYTES, detect_format

if TYPE_CHECKING:
    from collections.abc import Callable


#: Separates the files of one input if a format has several.
NEXT = b"\n\0NEXT\0\n"

HAND = gb.Source("drawn by hand")


def zone():
    """A small zone, for rasters and for the file that zones are read from."""
    line = shapely.LineString([(34.0, 51.0), (34.05, 51.0)])
    return gb.build_zone(gb.border_along(line, source=HAND), km=2, tolerance_m=10)


def _write(folder, name, data):
    path = Path(folder, name)
    path.write_bytes(data)
    return path


def _regions(path):
    regions = gb.read_regions(path)
    for region in regions:
        assert region.name, "a region without a name"
        assert region.geometry.geom_type in {"Polygon", "MultiPolygon"}, region.geometry.geom_type
        assert region.geometry.is_valid, shapely.is_valid_reason(region.geometry)
        assert not region.geometry.is_empty, "a region without area"
        _check_bounds(region.geometry.bounds)
        assert region.area_km2 >= 0.0, region.area_km2


def _border(path):
    border = gb.read_border(path)
    assert np.isfinite(border.length_km), border.length_km
    assert border.length_km > 0.0, border.length_km
    found = border.index.nearest([34.0], [51.0])
    assert np.isfinite(found.distance_m).all(), found


def _settlements(path, **options):
    table = gb.read_settlements(path, **options)
    assert str(table.crs) == "EPSG:4326", table.crs
    shapes = table.geometry[table.geometry.notna() & ~table.geometry.is_empty]
    if len(shapes):
        # Points, or a layer of lines alone or of areas alone.
        kinds = {kind.removeprefix("Multi") for kind in shapes.geom_type}
        assert kinds in ({"Point"}, {"LineString"}, {"Polygon"}), kinds
        _check_bounds(shapes.total_bounds)
    if "population" in table:
        assert not (table["population"].dropna() < 0).any(), "people below zero"


def _check_bounds(bounds):
    west, south, east, north = bounds
    assert west >= -180.0, bounds
    assert east <= 180.0, bounds
    assert south >= -90.0, bounds
    assert north <= 90.0, bounds


def scenario(data, folder):
    """A scenario file."""
    said = gb.load_scenario(_write(folder, "scenario.toml", data), language="uk")
    assert said.km, "no width"
    assert all(isinstance(note, str) for note in said.notes)


def sniffing(data, folder):
    """The first bytes of any file, and the encoding of any text."""
    data.decode(detect_encoding(data), "replace")
    detect_format(data[:HEAD_BYTES], "a file")


def text_table(data, folder):
    """A CSV, TSV or other text table of settlements."""
    _settlements(_write(folder, "places.csv", data))


def workbook(data, folder):
    """An Excel workbook: the bytes are its sheet, and after a mark its shared strings."""
    sheet, _, strings = data.partition(NEXT)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in workbook_parts().items():
            archive.writestr(name, text)
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        archive.writestr("xl/sharedStrings.xml", strings)
    _settlements(_write(folder, "places.xlsx", packed.getvalue()))


@functools.cache
def workbook_parts():
    """The parts of a workbook except its sheet and its strings."""
    import openpyxl

    book, saved = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["name"])
    book.save(saved)
    own = {"xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"}
    with zipfile.ZipFile(saved) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name not in own}
    if b"sharedStrings" not in parts["[Content_Types].xml"]:
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
        override = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
        types = parts["[Content_Types].xml"].replace(b"</Types>", override.encode())
        parts["[Content_Types].xml"] = types
    return parts


def archive(data, folder):
    """A zip archive of anything, KMZ among them."""
    path = _write(folder, "data.zip", data)
    _either(path)


def _either(path):
    """Read a file with every reader; each may refuse it."""
    for read in (_regions, _border, _settlements):
        try:
            read(path)
        except gb.GeobufferError:
            continue


def geojson(data, folder):
    """GeoJSON of areas, lines or points."""
    _either(_write(folder, "data.geojson", data))


def kml(data, folder):
    """KML of areas, lines or points."""
    _either(_write(folder, "data.kml", data))


def flatgeobuf(data, folder):
    """FlatGeobuf of areas, lines or points."""
    _either(_write(folder, "data.fgb", data))


def parquet(data, folder):
    """GeoParquet, or Parquet, of areas, lines or points."""
    _either(_write(folder, "data.parquet", data))


def shapefile(data, folder):
    """A Shapefile: the bytes are its .shp, and after marks its .dbf, .prj, .cpg and .shx."""
    parts = data.split(NEXT)
    for suffix, content in zip((".shp", ".dbf", ".prj", ".cpg", ".shx"), parts, strict=False):
        if content:
            _write(folder, f"data{suffix}", content)
    _either(Path(folder, "data.shp"))


def geopackage(data, folder):
    """A GeoPackage, byte by byte."""
    _either(_write(folder, "data.gpkg", data))


def geopackage_rows(data, folder):
    """A GeoPackage of two rows: the bytes are a name and a shape in its binary form, twice."""
    parts = [*data.split(NEXT), b"", b"", b"", b""]
    path = _write(folder, "data.gpkg", _template("geopackage"))
    with _database(path) as database:
        database.execute("DELETE FROM data")
        for name, shape in (parts[0:2], parts[2:4]):
            text = name.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()
            values = (text, shape)
            database.execute("INSERT INTO data (name, geom) VALUES (?, ?)", values)
    _either(path)


def zone_file(data, folder):
    """A zone's GeoPackage, byte by byte."""
    _zone(_write(folder, "zone.gpkg", data))


def zone_definition(data, folder):
    """A zone's GeoPackage: the bytes are the definition in it, and after a mark the sources."""
    definition, _, source = data.partition(NEXT)
    path = _write(folder, "zone.gpkg", _template("zone"))
    with _database(path) as database:
        text = definition.decode("utf-8", "replace")
        database.execute("UPDATE geobuffer_zone SET definition = ?", (text,))
        for column, value in _columns(source):
            statement = f'UPDATE geobuffer_{column[0]} SET "{column[1]}" = ?'  # noqa: S608
            database.execute(statement, (value,))
    _zone(path)


def _columns(data):
    """Return values for cells of a zone's tables: JSON such as ``{"sides.regions": "[0]"}``."""
    known = {
        "sources.title", "sources.accuracy_m", "regions.names", "regions.source",
        "sections.regions", "sections.border", "sections.start_km", "sections.name",
        "sides.names", "sides.regions", "sides.has_area", "sides.border", "sides.name",
    }  # fmt: skip
    try:
        cells = json.loads(data)
    except (ValueError, RecursionError):
        return
    for column, value in cells.items() if isinstance(cells, dict) else ():
        if column in known and isinstance(value, (str, int, float, type(None))):
            fits = not isinstance(value, int) or abs(value) < 2**63
            yield column.split("."), value if fits else None


def _zone(path):
    found = gb.read_zone(path)
    found.to_frame()
    repr(found)
    places = gpd.GeoSeries.from_xy([34.0, 34.02], [51.0, 51.1], crs="EPSG:4326")
    gb.classify(places, found)


def geotiff(data, folder):
    """A GeoTIFF of people."""
    _raster(_write(folder, "people.tif", data))


def ascii_grid(data, folder):
    """An ASCII grid of people: the bytes are it, and after a mark its .prj."""
    grid, _, projection = data.partition(NEXT)
    path = _write(folder, "people.asc", grid)
    if projection:
        _write(folder, "people.prj", projection)
    _raster(path)


@functools.cache
def _small_zone():
    return zone()


def _raster(path):
    table = gb.exposure_raster(path, _small_zone(), values="counts")
    people = table["population"].dropna()
    assert (people >= 0).all(), people.tolist()


@functools.cache
def _template(name):
    """Bytes of a file that targets change; the file is made once."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{name}.gpkg")
        if name == "zone":
            gb.write(_small_zone(), path)
        else:
            areas = gpd.GeoDataFrame(
                {"name": ["Park"]}, geometry=[shapely.box(34, 51, 35, 52)], crs="EPSG:4326"
            )
            areas.to_file(path, layer="data", engine="pyogrio")
        with _database(path) as database:
            # The triggers call functions that only GDAL has.
            triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            for (trigger,) in database.execute(triggers).fetchall():
                database.execute(f'DROP TRIGGER "{trigger}"')
        return path.read_bytes()


@contextlib.contextmanager
def _database(path):
    """Open a GeoPackage as an SQLite database, to change it."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        # The file serves one input, so we do not wait for the disk: it would take most of the time.
        connection.execute("PRAGMA synchronous = OFF")
        with connection:
            yield connection


TARGETS: dict[str, Callable[[bytes, str], None]] = {
    target.__name__: target
    for target in (
        scenario, sniffing, text_table, workbook, archive, geojson, kml, flatgeobuf, parquet,
        shapefile, geopackage, geopackage_rows, zone_file, zone_definition, geotiff, ascii_grid,
    )
}  # fmt: skip


def try_target(name, data):
    """Run a target on bytes; our own errors are expected, all others are raised."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            TARGETS[name](data, folder)
        except gb.GeobufferError:
            return
