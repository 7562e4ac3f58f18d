"""No file makes the library open another file or send a request.

The kernel watches a folder with a harmless file, and a local server counts connections. Each file
here refers to one of them in a way that its format supports.
"""

import io
import json
import sqlite3
import struct
import warnings
import zipfile
from contextlib import closing, suppress

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pyproj
import pytest
import rasterio
import shapely
from support.watch import CAN_WATCH, Watch

import geobuffer as gb
from geobuffer.analysis.rasters import open_mosaics, open_raster, read_window
from geobuffer.io.untrusted import check_crs_definition, set_gdal_option
from geobuffer.viz.offline.packages import InstalledPackages

pytestmark = pytest.mark.skipif(not CAN_WATCH, reason="the kernel does not report what is opened")

SQUARE = shapely.box(30, 50, 31, 51)
FEATURE = {
    "type": "Feature", "properties": {"name": "Own"}, "geometry": shapely.geometry.mapping(SQUARE),
}  # fmt: skip
PLACEMARK = (
    "<Placemark><name>Own</name><Polygon><outerBoundaryIs><LinearRing><coordinates>30,50 31,50 "
    "31,51 30,51 30,50</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
)
KML = 'xmlns="http://www.opengis.net/kml/2.2"'
ELLIPSOID = 'DATUM["x",SPHEROID["GRS 1980",6378137,298.257222101]'
DEGREE = 'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]'


@pytest.fixture
def watch(tmp_path, monkeypatch):
    """A canary among the watched files: a region of that name, as layer, raster and Shapefile."""
    found = Watch(tmp_path / "watched", monkeypatch)
    canary = gpd.GeoDataFrame({"name": ["Canary"]}, geometry=[SQUARE], crs="EPSG:4326")
    canary.to_file(found.folder / "canary.geojson")
    canary.to_file(found.folder / "canary.shp")
    write_raster(found.folder / "canary.tif", 7)
    yield found
    found.stop()


def write_raster(path, value):
    with rasterio.open(
        path, "w", driver="GTiff", width=8, height=8, count=1, dtype="float32", crs="EPSG:4326",
        transform=rasterio.Affine(0.1, 0, 30, 0, -0.1, 51),
    ) as raster:  # fmt: skip
        raster.write(np.full((1, 8, 8), value, "float32"))
    return path


def other_layer(watch):
    return (
        "<OGRVRTDataSource><OGRVRTLayer name='canary'><SrcDataSource>"
        f"{watch.folder}/canary.geojson</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    )


def gridded(watch):
    """A reference system that names a file of corrections."""
    grids = f'EXTENSION["PROJ4_GRIDS","{watch.folder}/canary.geojson"]'
    return f'GEOGCS["x",{ELLIPSOID},{grids}],{DEGREE}]'


def collection(**more):
    return json.dumps({"type": "FeatureCollection", **more, "features": [FEATURE]})


def named(name):
    return collection(crs={"type": "name", "properties": {"name": name}})


# Contents of text files, by file name. The files to which they refer must never be opened.
TEXTS = {
    "words.geojson": lambda w: collection(note=other_layer(w)),
    "algorithm.geojson": lambda w: json.dumps(
        {"type": "gdal_streamed_alg",
         "command_line": f"gdal vector pipeline ! read {w.folder}/canary.geojson"}
    ),
    "link.geojson": lambda w: collection(
        crs={"type": "link", "properties": {"href": f"{w.url}/crs", "type": "proj4"}}
    ),
    "url.geojson": lambda w: collection(crs={"type": "url", "properties": {"url": f"{w.url}/c"}}),
    "escaped.geojson": lambda w: collection(
        crs={"type": "link", "properties": {"href": f"{w.url}/crs"}}
    ).replace('"crs"', '"\\u0063\\u0072s"'),
    "zero.geojson": lambda w: collection(
        crs={"type": "link", "properties": {"href": f"{w.url}/crs"}}
    ).replace('"crs"', '"crs\\u0000 and more of a name"'),
    "inner-zero.geojson": lambda w: collection(
        crs={"type\0": "link", "properties": {"href": f"{w.url}/crs"}}
    ),
    "capital.geojson": lambda w: collection(
        CRS={"Type": "link", "properties": {"href": f"{w.url}/crs"}}
    ),
    "single.geojson": lambda w: collection(
        crs={"type": "link", "properties": {"href": f"{w.url}/crs"}}
    ).replace('"crs"', "'crs'"),
    "comment.geojson": lambda w: collection(
        crs={"type": "link", "properties": {"href": f"{w.url}/crs"}}
    ).replace('"crs"', '"crs"/**/'),
    "twice.geojson": lambda w: named("x").replace(
        '"type": "name"', f'"type": "link", "href": "{w.url}/crs", "type": "name"'
    ),
    "program.geojson": lambda w: named(f"+init={w.folder}/canary.geojson:1"),
    "path.geojson": lambda w: named(f"{w.folder}/canary.geojson"),
    "address.geojson": lambda w: named(f"{w.url}/crs"),
    "grid.geojson": lambda w: named(
        f"+proj=longlat +ellps=GRS80 +nadgrids={w.folder}/canary.geojson +type=crs"
    ),
    "lines.geojson": lambda w: "\n".join(
        [json.dumps(FEATURE), json.dumps({**FEATURE, "note": other_layer(w)})]
    ),
    "second.kml": lambda w: f"<kml></kml>{other_layer(w)}",
    "inner.kml": lambda w: f"<kml {KML}>{other_layer(w)}{PLACEMARK}</kml>",
    "comment.kml": lambda w: f"<!-- {other_layer(w)} --><kml {KML}>{PLACEMARK}</kml>",
    "links.kml": lambda w: (
        f"<kml {KML}><Document><Style id='s'><IconStyle><Icon><href>{w.url}/icon.png</href></Icon>"
        f"</IconStyle></Style><NetworkLink><Link><href>{w.url}/more.kml</href></Link></NetworkLink>"
        f"<GroundOverlay><Icon><href>{w.folder}/canary.tif</href></Icon></GroundOverlay>"
        + PLACEMARK.replace("<name>", f"<styleUrl>{w.url}/style#a</styleUrl><name>")
        + "</Document></kml>"
    ),
    "schema.kml": lambda w: (
        f'<kml {KML} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xmlns:gml="http://www.opengis.net/gml" xsi:schemaLocation="http://x {w.url}/x.xsd">'
        f"<wfs:FeatureCollection />{PLACEMARK}</kml>"
    ),
    "stylesheet.kml": lambda w: (
        f'<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="{w.url}/x.xsl"?>'
        f'<kml {KML} xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{w.folder}/'
        f'canary.geojson" parse="text"/>{PLACEMARK}</kml>'
    ),
    "entity.kml": lambda w: (
        f'<!DOCTYPE kml [<!ENTITY x SYSTEM "{w.folder}/canary.geojson">]><kml {KML}>&x;'
        f"{PLACEMARK}</kml>"
    ),
    "product.kml": lambda w: (
        f'<kml {KML} xmlns:p="Product_Observational http://pds.nasa.gov/pds4/pds/v1">'
        f"<File><file_name>{w.folder}/canary.geojson</file_name></File>{PLACEMARK}</kml>"
    ),
    "service.kml": lambda w: (
        f"<kml></kml><OGRWFSDataSource><URL>{w.url}/wfs</URL></OGRWFSDataSource>"
    ),
    "list.csv": other_layer,
    "addresses.csv": lambda w: f"name,lat,lon,url\n{w.folder}/canary.geojson,50,30,{w.url}/x\n",
}  # fmt: skip


@pytest.fixture(params=TEXTS)
def text(request, watch, tmp_path):
    path = tmp_path / request.param
    path.write_text(TEXTS[request.param](watch), encoding="utf-8")
    return path


def read_all(path, **options):
    """Return all names that can be read from a file, and the errors of failed reads."""
    names, errors = [], []
    for read in (gb.read_regions, gb.read_settlements, gb.read_border, gb.read_zone):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = read(path, **({} if read is gb.read_zone else options))
            except gb.GeobufferError as error:
                errors.append(str(error))
            else:
                names += found["name"].tolist() if hasattr(found, "columns") else [
                    region.name for region in found
                ]  # fmt: skip
    return names, errors


def assert_alone(watch, path, **options):
    watch.begin()
    names, errors = read_all(path, **options)
    assert watch.opened() == []
    assert watch.asked == []
    assert "Canary" not in names
    assert all(path.name in error for error in errors)
    return names


def test_no_text_opens_another_file(watch, text):
    assert_alone(watch, text)


def test_no_text_in_an_archive_opens_another_file(watch, text, tmp_path):
    archive = tmp_path / "packed.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(text, text.name)
    assert_alone(watch, archive)


SEEN = ["words.geojson", "second.kml", "link.geojson", "program.geojson", "zero.geojson"]


@pytest.mark.parametrize("name", SEEN)
def test_the_watch_sees_what_gdal_would_open(watch, tmp_path, name):
    path = tmp_path / name
    path.write_text(TEXTS[name](watch), encoding="utf-8")
    watch.begin()
    with suppress(Exception):
        gpd.read_file(path)
    assert watch.opened() or watch.asked


def test_files_without_references_are_read(watch, tmp_path):
    """We read the same files without the reference, and files with a similar text."""
    for name in ("words.geojson", "lines.geojson", "inner.kml", "comment.kml", "product.kml"):
        path = tmp_path / name
        path.write_text(TEXTS[name](watch), encoding="utf-8")
        assert assert_alone(watch, path)[0] == "Own"
    plain = tmp_path / "plain.geojson"
    for crs in (
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}},
        {"type": "name", "properties": {"name": "EPSG:4326"}},
        {"type": "EPSG", "properties": {"code": 4326}},
        None,
        "EPSG:4326",
        {"note": "no system"},
    ):
        plain.write_text(collection(crs=crs), encoding="utf-8")
        assert len(gb.read_regions(plain)) == 1


def test_an_invalid_flatgeobuf_is_refused(watch, tmp_path):
    path = tmp_path / "words.fgb"
    path.write_bytes(b"fgb\x03fgb\x01" + other_layer(watch).encode())
    assert assert_alone(watch, path) == []


# SQL statements, by what they put into a GeoPackage whose layer "own" is valid.
SHAPE = 'VirtualShape("{}/canary", UTF-8, 4326)'
VIRTUAL = "INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 0, '{}')"
EXTENSIONS = (
    "CREATE TABLE IF NOT EXISTS gpkg_extensions (table_name TEXT, column_name TEXT, "
    "extension_name TEXT, definition TEXT, scope TEXT)"
)
EXTENSION = "INSERT INTO gpkg_extensions VALUES (NULL, NULL, 'x', 'url', 'read-write')"
REFERENCE = (
    "UPDATE gpkg_spatial_ref_sys SET organization = 'NONE', definition = '{}' WHERE srs_id = 4326"
)
VIEW = "CREATE VIEW v AS SELECT fid, geom, {} AS name FROM own"
STATEMENTS = {
    "a Shapefile as a table": lambda w: [
        VIRTUAL.format(
            f'CREATE VIRTUAL TABLE v USING VirtualShape("{w.folder}/canary", UTF-8, 4326)'
        )
    ],
    "a layer as a table": lambda w: [
        VIRTUAL.format(f'CREATE VIRTUAL TABLE v USING VirtualOGR("{w.folder}/canary.geojson")')
    ],
    "a table behind a comment": lambda w: [
        VIRTUAL.format(
            f"CREATE VIRTUAL TABLE v /* USING rtree(a) */ USING {SHAPE.format(w.folder)}"
        )
    ],
    "a view of a layer": lambda w: [
        VIRTUAL.format(
            f'CREATE VIRTUAL TABLE v USING VirtualOGR("{w.folder}/canary.geojson")'
        ).replace("'v', 'v'", "'vv', 'vv'"),
        VIEW.format("(SELECT name FROM vv)"),
    ],
    "a view of a pixel": lambda w: [
        VIEW.format(f"gdal_get_pixel_value('{w.folder}/canary.tif', 1, 'pixel', 0, 0)")
    ],
    "a view that loads layers": lambda w: [
        VIEW.format(f"ogr_datasource_load_layers('{w.folder}/canary.geojson')")
    ],
    "a view that asks for positions": lambda _: [VIEW.format("ogr_geocode('Sumy')")],
    "a view that loads an extension": lambda w: [
        VIEW.format(f"load_extension('{w.folder}/canary.shp')")
    ],
    "a trigger": lambda _: [
        "CREATE TRIGGER t AFTER INSERT ON own BEGIN SELECT ogr_geocode('Sumy'); END"
    ],
    "an extension": lambda w: [
        EXTENSIONS,
        EXTENSION.replace("url", w.url),
    ],
    "grids": lambda w: [REFERENCE.format(gridded(w))],
    "an address for a reference system": lambda w: [REFERENCE.format(f"{w.url}/crs")],
}
CONTENTS = "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES "
LISTED = [
    CONTENTS + "('v', 'features', 'v', 4326)",
    "INSERT INTO gpkg_geometry_columns VALUES ('v', 'geom', 'POLYGON', 4326, 0, 0)",
]


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.gpkg"
    frame = gpd.GeoDataFrame({"name": ["Own"]}, geometry=[SQUARE], crs="EPSG:4326")
    frame.to_file(path, layer="own")
    return path


@pytest.mark.parametrize("content", STATEMENTS)
def test_no_geopackage_opens_another_file(watch, own, content, tmp_path):
    statements = STATEMENTS[content](watch)
    with closing(sqlite3.connect(own)) as database:
        database.execute("PRAGMA writable_schema = 1")
        for statement in [*statements, *(LISTED if " v" in statements[-1] else [])]:
            database.execute(statement)
        database.commit()
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(own, own.name)
    for path in (own, packed):
        for layer in ("own", "v"):
            assert_alone(watch, path, layer=layer)


def test_the_watch_sees_what_a_geopackage_would_open(watch, own):
    with closing(sqlite3.connect(own)) as database:
        database.execute("PRAGMA writable_schema = 1")
        for statement in (*STATEMENTS["a Shapefile as a table"](watch), *LISTED):
            database.execute(statement)
        database.commit()
    watch.begin()
    with suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gpd.read_file(own, layer="v")
    assert watch.opened()


def test_a_geopackage_with_indexes_and_views_is_read(own):
    with closing(sqlite3.connect(own)) as database:
        database.execute(VIEW.format("name || '!'"))
        for statement in LISTED:
            database.execute(statement)
        database.commit()
    assert [region.name for region in gb.read_regions(own, layer="v")] == ["Own!"]


@pytest.mark.parametrize("suffix", [".shp", ".parquet", ".fgb", ".gpkg"])
def test_no_reference_system_opens_a_file(watch, tmp_path, suffix):
    path = tmp_path / f"own{suffix}"
    frame = gpd.GeoDataFrame({"name": ["Own"]}, geometry=[SQUARE], crs="EPSG:4326")
    if suffix == ".parquet":
        frame.to_parquet(path)
        table = pq.read_table(path)
        metadata = json.loads(table.schema.metadata[b"geo"])
        metadata["columns"]["geometry"]["crs"] = gridded(watch)
        pq.write_table(table.replace_schema_metadata({"geo": json.dumps(metadata)}), path)
    elif suffix == ".shp":
        frame.to_file(path)
        path.with_suffix(".prj").write_text(gridded(watch))
    else:
        pyogrio.raw.write(
            path, geometry=shapely.to_wkb([SQUARE]), field_data=[np.array(["Own"], object)],
            fields=["name"], geometry_type="Polygon", crs=gridded(watch),
        )  # fmt: skip
    watch.begin()
    names, errors = read_all(path)
    assert watch.opened() == []
    assert names == []
    assert any("names another file" in error for error in errors)
    if suffix in {".shp", ".gpkg"}:
        with suppress(Exception):
            gpd.read_file(path)
        assert watch.opened(), "GDAL would have opened it"
    if suffix == ".parquet":
        border = gb.border_around(shapely.Point(30, 50), source=gb.Source("a map"))
        with pytest.raises(gb.DataError, match="names another file"):
            gb.classify_file(path, gb.build_zone(border, km=10), tmp_path / "out.parquet")


MASK = (
    '<VRTDataset rasterXSize="8" rasterYSize="8"><Metadata><MDI key="INTERNAL_MASK_FLAGS_1">2</MDI>'
    '</Metadata><VRTRasterBand dataType="Byte" band="1"><SimpleSource><SourceFilename>{}'
    "</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
)
OVERVIEW = (
    '<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{}</MDI></Metadata>'
    "</PAMDataset>"
)


@pytest.mark.parametrize(
    ("beside", "content", "read"),
    [
        (".msk", MASK, False),
        (".ovr", MASK, True),
        (".aux.xml", OVERVIEW, True),
    ],
)
def test_a_raster_does_not_open_files_beside_it(watch, tmp_path, beside, content, read):
    path = write_raster(tmp_path / "own.tif", 1)
    path.with_name(path.name + beside).write_text(content.format(watch.folder / "canary.tif"))
    watch.begin()
    if read:
        with open_raster(path) as raster:
            assert (read_window(raster, 0, 0, 8, 8).numbers == 1).all()
    else:
        with pytest.raises(gb.DataError, match=r"own\.tif\.msk"):
            open_raster(path)
    assert watch.opened() == []
    with suppress(Exception), rasterio.open(path) as raster:
        raster.read(1, out_shape=(2, 2), masked=True)
    if beside != ".ovr":
        assert watch.opened(), "GDAL would have opened it"


@pytest.mark.parametrize(
    "definition",
    [
        "+init=there:1", "+proj=longlat +nadgrids=@null,/there", "+proj=longlat +geoidgrids=there",
        'X["a",EXTENSION["PROJ4_GRIDS" , "there"]]', 'PARAMETERFILE["a ""b"" c","/there"]',
        'METHOD["PROJ-based operation method: +proj=tinshift +file=/there"]',
        '{"parameters": [{"name": "x", "value": "/there"}]}',
    ],
)  # fmt: skip
def test_definitions_that_name_files_are_refused(definition):
    with pytest.raises(gb.DataError, match="there"):
        check_crs_definition(definition, "mine")


@pytest.mark.parametrize("code", [4326, 3857, 32636, 28404, 2154, 27700, 28992, 5564])
def test_definitions_that_name_no_file_are_accepted(code):
    crs = pyproj.CRS.from_epsg(code)
    for definition in (crs.to_wkt(), crs.to_wkt("WKT1_GDAL"), crs.to_json()):
        check_crs_definition(definition, "mine")
    check_crs_definition("+proj=merc +a=6378137 +b=6378137 +nadgrids=@null +wktext", "mine")
    check_crs_definition("+init=epsg:4326", "mine")


def test_a_raster_that_refers_to_another_raster_is_refused(watch, tmp_path):
    path = tmp_path / "own.tif"
    path.write_text(MASK.format(watch.folder / "canary.tif"))
    grid = tmp_path / "own.asc"
    grid.write_text("ncols 1\nnrows 1\nxllcorner 30\nyllcorner 50\ncellsize 1\n5\n")
    grid.with_suffix(".prj").write_text(gridded(watch))
    watch.begin()
    for file in (path, grid, f"/vsicurl/{watch.url}/a.tif", f"{watch.url}/a.tif"):
        with pytest.raises(gb.DataError), open_mosaics([file], "counts"):
            pass
    assert watch.opened() == []
    assert watch.asked == []


@pytest.mark.parametrize("suffix", [".dbf", ".prj", ".cpg", ".shx", ".qix"])
def test_companion_files_that_link_elsewhere_are_refused(watch, tmp_path, suffix):
    frame = gpd.GeoDataFrame({"name": ["Own"]}, geometry=[SQUARE], crs="EPSG:4326")
    frame.to_file(tmp_path / "own.shp")
    link = tmp_path / f"own{suffix}"
    link.unlink(missing_ok=True)
    link.symlink_to(watch.folder / "canary.dbf")
    watch.begin()
    with pytest.raises(gb.DataError, match="is a link to another folder"):
        gb.read_regions(tmp_path / "own.shp")
    assert watch.opened() == []


def test_links_within_a_folder_are_followed(tmp_path):
    frame = gpd.GeoDataFrame({"name": ["Own"]}, geometry=[SQUARE], crs="EPSG:4326")
    (tmp_path / "store").mkdir()
    frame.to_file(tmp_path / "store" / "own.shp")
    for file in (tmp_path / "store").iterdir():
        (tmp_path / file.name).symlink_to(file)
    assert len(gb.read_regions(tmp_path / "own.shp")) == 1


def test_links_in_an_archive_are_texts(watch, tmp_path):
    archive = tmp_path / "links.zip"
    for suffix in ("geojson", "csv", "gpkg"):
        entry = zipfile.ZipInfo(f"own.{suffix}")
        entry.create_system = 3
        entry.external_attr = 0o120777 << 16
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr(entry, str(watch.folder / "canary.geojson"))
        assert assert_alone(watch, archive) == []


def test_a_member_is_no_larger_than_it_says(tmp_path):
    """If the directory states too small a size, reading stops with an error at that size."""
    archive = tmp_path / "liar.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("own.geojson", collection(note=" " * 1_000_000))
    content = bytearray(archive.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 1_000)
    archive.write_bytes(content)
    with pytest.raises(gb.DataError, match=r"liar\.zip"):
        gb.read_regions(archive)


def test_companion_files_are_checked_in_any_case(tmp_path):
    archive = tmp_path / "case.zip"
    frame = gpd.GeoDataFrame({"name": ["Own"]}, geometry=[SQUARE], crs="EPSG:4326")
    frame.to_file(tmp_path / "own.shp")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(tmp_path / "own.shp", "own.shp")
        packed.writestr("OWN.DBF", b"\0" * 3_000_000)
    with pytest.raises(gb.DataError, match="max_gb= allows more"):
        gb.read_regions(archive, max_gb=0.001)


def test_highly_compressed_rows_count_towards_the_cap(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"name": pa.nulls(3_000_000, pa.int64())}), path)
    assert path.stat().st_size < 10_000
    with pytest.raises(gb.DataError, match="max_gb= allows more"):
        gb.read_settlements(path, max_gb=0.01)
    with zipfile.ZipFile(tmp_path / "rows.zip", "w") as packed:
        packed.write(path, path.name)
    with pytest.raises(gb.DataError, match="max_gb= allows more"):
        gb.read_settlements(tmp_path / "rows.zip", max_gb=0.01)


def workbook(tmp_path, change):
    """A workbook of one place with some of its parts replaced."""
    path = tmp_path / "own.xlsx"
    places = pd.DataFrame({"name": ["Own"], "lat": [50.5], "lon": [30.5]})
    places.to_excel(path, index=False)
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, part in parts.items():
            packed.writestr(name, part)
    return path


SHEET = "xl/worksheets/sheet1.xml"


def test_a_workbook_opens_nothing(watch, tmp_path):
    def links(parts):
        parts["xl/externalLinks/externalLink1.xml"] = (
            '<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
        )
        parts["xl/externalLinks/_rels/externalLink1.xml.rels"] = (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="rId1" Type="x" Target="{watch.url}/a.xlsx" TargetMode="External"/>'
            "</Relationships>"
        )
        book = parts["xl/workbook.xml"].decode()
        parts["xl/workbook.xml"] = book.replace(
            "</workbook>", f"<definedNames><definedName name='x'>'{watch.folder}/[a.xlsx]b'!A1"
            "</definedName></definedNames></workbook>",
        )  # fmt: skip

    assert assert_alone(watch, workbook(tmp_path, links)) == ["Own"]


@pytest.mark.parametrize(
    "doctype",
    ['<!DOCTYPE x [<!ENTITY e SYSTEM "{}">]>', '<!DOCTYPE x [<!ENTITY e "ha"><!ENTITY f "&e;">]>'],
)
def test_entities_in_a_workbook_open_nothing(watch, tmp_path, doctype):
    def entity(parts):
        sheet = parts[SHEET].decode().replace("<v>50.5</v>", "<v>&e;</v>")
        begin = sheet.index("<worksheet")
        declaration = doctype.format(watch.folder / "canary.geojson")
        parts[SHEET] = f"{sheet[:begin]}{declaration}{sheet[begin:]}"

    assert assert_alone(watch, workbook(tmp_path, entity)) == []


def test_a_sheet_is_as_large_as_its_rows(tmp_path):
    def vast(parts):
        sheet = parts[SHEET].decode()
        at = sheet.index("<dimension")
        parts[SHEET] = (
            sheet[:at] + '<dimension ref="A1:XFD1048576"/>' + sheet[sheet.index("/>", at) + 2 :]
        )

    assert gb.read_settlements(workbook(tmp_path, vast))["name"].tolist() == ["Own"]


def test_a_scenario_names_regions_not_files(watch, tmp_path):
    path = tmp_path / "own.toml"
    canary = watch.folder / "canary.geojson"
    path.write_text(
        f'title = "{canary}"\nsummary = "{watch.url}"\n[zone]\nbetween = "{canary}"\n'
        f'and = "{watch.url}/x"\nkm = 10\n[[report]]\nclaim = "x"\nurl = "file://{canary}"\n'
    )
    watch.begin()
    scenario = gb.load_scenario(path)
    with pytest.raises(gb.UnknownRegion):
        gb.scenario_zone(scenario, gb.load_regions())
    assert watch.opened() == []
    assert watch.asked == []
    path.write_bytes(b"#" * 10_000_001)
    with pytest.raises(gb.DataError, match="at most 10 MB"):
        gb.load_scenario(path)
    with pytest.raises(gb.DataError, match="device"):
        gb.load_scenario("/dev/zero")


@pytest.mark.parametrize(
    "url",
    [
        "file://{}", "{}", "../../../../../../../..{}", "https://cdn.jsdelivr.net/npm/leaflet@1.9.3{}",
        "https://cdn.jsdelivr.net/npm/leaflet@1.9.3/../../../../../../../..{}",
        "https://unpkg.com/leaflet@1.9.3/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e{}",
        "https://cdn.jsdelivr.net/npm/xstatic-leaflet@1.9.3/METADATA",
        "https://cdn.jsdelivr.net/npm/geopandas@1.2.0/geopandas/array.py",
    ],
)  # fmt: skip
def test_a_page_embeds_only_files_of_packages(watch, url):
    script = watch.folder / "canary.js"
    script.write_text("1;")
    packages = InstalledPackages()
    watch.begin()
    assert isinstance(packages.find(url.format(script)), str)
    leaflet = packages.find("https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.js")
    assert leaflet.find_sibling(url.format(script)) is None
    assert watch.opened() == []
    assert watch.asked == []


def test_reading_leaves_no_temporary_copy(tmp_path, monkeypatch):
    """Neither a whole file nor a broken one leaves something in the temporary folder."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    path = tmp_path / "own.kml"
    path.write_text(f"<kml {KML}>{PLACEMARK}</kml>")
    assert len(gb.read_regions(path)) == 1
    path.write_text(f"<kml {KML}>{PLACEMARK}")
    with pytest.raises(gb.DataError, match="broken"):
        gb.read_regions(path)
    assert list(folder.iterdir()) == []


def test_a_kml_in_an_archive_may_have_any_name(tmp_path):
    archive = tmp_path / "long.zip"
    for name in (f"{'я' * 300}.kml", "...kml", "a b/{c}.kml", "vsicurl/http:/x.kml"):
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr(name, f"<kml {KML}>{PLACEMARK}</kml>")
        assert [region.name for region in gb.read_regions(archive)] == ["Own"]


def test_kml_with_a_mark_or_other_namespaces_is_read(tmp_path):
    path = tmp_path / "own.kml"
    mark = PLACEMARK.replace("Own", "Суджа")
    path.write_bytes(f"\ufeff<kml {KML}>{mark}</kml>".encode())
    assert [region.name for region in gb.read_regions(path)] == ["Суджа"]
    with_space = f'<kml {KML} xmlns:gx="http://www.google.com/kml/ext/2.2">'
    path.write_text(f"{with_space}<Document><gx:Tour/>{mark}</Document></kml>", encoding="utf-8")
    assert [region.name for region in gb.read_regions(path)] == ["Суджа"]
    for empty in ("<kml/>", "<kml></kml>"):
        path.write_text(empty)
        with pytest.raises(gb.DataError):
            gb.read_regions(path)


def test_bytes_of_a_geopackage_in_an_archive_are_those_of_a_file(own):
    from geobuffer.io.untrusted import check_geopackage

    check_geopackage(own.read_bytes(), "own")
    with pytest.raises(gb.DataError, match="incomplete or damaged"):
        check_geopackage(io.BytesIO(own.read_bytes()).read(3_000), "own")


def test_threads_that_set_an_option_together_restore_it():
    name = "OGR_ARC_STEPSIZE"
    first, second = set_gdal_option(name, "0.25"), set_gdal_option(name, "0.25")
    # As two threads may do: the one that began first also ends first.
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert pyogrio.get_gdal_config_option(name) == "0.25"
    second.__exit__(None, None, None)
    assert pyogrio.get_gdal_config_option(name) is None
