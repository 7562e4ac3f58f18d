"""We detect the kind of a file by its content, and refuse remote, truncated and huge files."""

import gzip
import http.server
import threading
import warnings
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

import geobuffer as gb
from geobuffer.io.read.files import FileFormat, detect_format, find_file, hide_password

SQUARES = {"West": shapely.box(30, 50, 31, 51), "East": shapely.box(31, 50, 32, 51)}


@pytest.fixture
def squares():
    """Two neighbouring squares with names."""
    return gpd.GeoDataFrame({"name": list(SQUARES)}, geometry=[*SQUARES.values()], crs="EPSG:4326")


@pytest.fixture
def everything(squares, tmp_path):
    """The squares in every format of shapes, by suffix."""
    drivers = {
        "gpkg": "GPKG", "geojson": "GeoJSON", "fgb": "FlatGeobuf", "shp": "ESRI Shapefile",
        "kml": "KML",
    }  # fmt: skip
    for suffix, driver in drivers.items():
        squares.to_file(tmp_path / f"squares.{suffix}", driver=driver)
    squares.to_parquet(tmp_path / "squares.parquet")
    return tmp_path


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "fgb", "shp", "kml", "parquet"])
def test_every_format_gives_the_same_regions(everything, suffix):
    regions = gb.read_regions(everything / f"squares.{suffix}")
    assert sorted(region.name for region in regions) == ["East", "West"]
    for name, shape in SQUARES.items():
        assert regions[name].geometry.equals(shape)
        assert regions[name].source == gb.Source(f"squares.{suffix}")


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "fgb", "shp", "kml", "parquet"])
def test_every_format_is_read_within_an_archive(everything, suffix):
    archive = everything / "data {1}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in everything.glob("squares.*"):
            if file.suffix == f".{suffix}" or (suffix == "shp" and file.suffix in _COMPANIONS):
                packed.write(file, f"deep/{file.name}")
        packed.writestr("README.txt", "not data")
    before = sorted(everything.iterdir())
    regions = gb.read_regions(archive)
    assert sorted(region.name for region in regions) == ["East", "West"]
    assert sorted(everything.iterdir()) == before


_COMPANIONS = {".shp", ".shx", ".dbf", ".prj", ".cpg"}


def test_kmz_is_read_in_place(everything):
    with zipfile.ZipFile(everything / "squares.kmz", "w") as packed:
        packed.write(everything / "squares.kml", "doc.kml")
    assert len(gb.read_regions(everything / "squares.kmz")) == 2


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "fgb", "shp", "parquet", "kml"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.98])
def test_a_truncated_file_is_refused_with_its_size(everything, suffix, share):
    whole = everything / f"squares.{suffix}"
    content = whole.read_bytes()
    kept = int(len(content) * share)
    whole.write_bytes(content[:kept])
    with pytest.raises(gb.DataError, match=r"incomplete|damaged|broken") as refused:
        gb.read_regions(whole)
    assert f"{kept:,} bytes" in str(refused.value)
    assert whole.name in str(refused.value)


def test_truncated_geojson_keeps_the_line(everything):
    whole = everything / "squares.geojson"
    whole.write_text(whole.read_text()[:-60])
    with pytest.raises(gb.DataError, match=r"At line \d+, character \d+"):
        gb.read_regions(whole)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"empty \(0 bytes\)"),
        (b"<!DOCTYPE html><html><body>404", "web page"),
        (b"\n\n<html>", "web page"),
        ('{"type": "FeatureCollection"}'.encode("utf-16"), "UTF-16"),
        (b"PK\x05\x06" + 18 * b"\0", "empty zip"),
        (b"PK\x03\x04 and no more", "zip archive that is incomplete"),
        (gzip.compress(b"{}", mtime=0), "gzip"),
        (b"%PDF-1.7", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xlsx"),
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        (b"SQLite format 3\x00" + 200 * b"\0", "no GeoPackage"),
        (b"<gml></gml>", "<gml>"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a picture"),
        (b"DUCK\0", "no format that is known"),
        (b'{"type": "Topology", "objects": {}}', "damaged|TopoJSON"),
    ],
)
def test_the_error_names_the_real_kind_of_a_file(tmp_path, content, message):
    file = tmp_path / "mine.geojson"
    file.write_bytes(content)
    with pytest.raises(gb.DataError, match=message) as refused:
        gb.read_regions(file)
    assert "mine.geojson" in str(refused.value)


def test_a_vrt_named_geojson_opens_no_other_file(everything):
    secret = everything / "squares.geojson"
    trap = everything / "trap.geojson"
    trap.write_text(
        "<OGRVRTDataSource><OGRVRTLayer name='squares'>"
        f"<SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    )
    assert len(gpd.read_file(trap)) == 2, "GDAL would have opened it"
    with pytest.raises(gb.DataError, match="VRT"):
        gb.read_regions(trap)
    with zipfile.ZipFile(everything / "trap.zip", "w") as packed:
        packed.write(trap, "trap.geojson")
    with pytest.raises(gb.DataError, match="VRT"):
        gb.read_regions(everything / "trap.zip")


@pytest.mark.parametrize(
    "name",
    [
        "/vsicurl/http://127.0.0.1:9/a.geojson", "/vsizip/a.zip/a.geojson", "/vsimem/a",
        "https://127.0.0.1:9/a.geojson", "zip:///tmp/a.zip", "s3://bucket/a", "file:///etc/hosts",
    ],
)  # fmt: skip
def test_only_local_files_are_opened(name):
    for read in (gb.read_regions, gb.read_settlements):
        with pytest.raises(gb.DataError, match="file on this machine"):
            read(name)


class _Listener(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *_):
        pass


def test_links_of_a_kml_are_not_followed(everything):
    with http.server.HTTPServer(("127.0.0.1", 0), _Listener) as server:
        server.asked = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/more.kml"
        link = f"<NetworkLink><Link><href>{address}</href></Link></NetworkLink>"
        text = (everything / "squares.kml").read_text().replace("</Folder>", f"{link}</Folder>")
        assert address in text
        (everything / "linked.kml").write_text(text)
        with pytest.warns(UserWarning, match="links to other files were not opened: 1"):
            assert len(gb.read_regions(everything / "linked.kml")) == 2
        server.shutdown()
    assert server.asked == []


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE kml [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;">]>',
    ],
)
def test_a_kml_with_entities_is_refused(tmp_path, doctype):
    file = tmp_path / "trap.kml"
    file.write_text(
        f'<?xml version="1.0"?>{doctype}<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark>'
        "<name>&x;</name><Point><coordinates>30,50</coordinates></Point></Placemark></kml>"
    )
    with pytest.raises(gb.DataError, match="declares entities"):
        gb.read_settlements(file)


def test_a_missing_file_suggests_its_neighbour(everything):
    with pytest.raises(gb.DataError, match=r"Did you mean 'squares.gpkg'"):
        gb.read_regions(everything / "square.gpkg")
    with pytest.raises(gb.DataError, match="there is no folder"):
        gb.read_regions(everything / "no" / "squares.gpkg")
    with pytest.raises(gb.DataError, match="is a folder"):
        gb.read_regions(everything)
    with pytest.raises(gb.DataError, match="device"):
        gb.read_regions("/dev/null")


def test_a_path_that_libraries_take_for_an_archive_is_refused(everything):
    odd = everything / "a!b.geojson"
    (everything / "squares.geojson").rename(odd)
    with pytest.raises(gb.DataError, match="'!'"):
        gb.read_regions(odd)


@pytest.mark.parametrize("name", ["../../escaped.geojson", "/escaped.geojson", "a/../../b.geojson"])
def test_paths_that_leave_an_archive_are_refused(everything, name):
    archive = everything / "slip.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(everything / "squares.geojson", "x")
        packed.filelist[0].filename = name
    before = set(everything.parent.rglob("*"))
    with pytest.raises(gb.DataError, match="outside of the archive"):
        gb.read_regions(archive)
    assert set(everything.parent.rglob("*")) == before


def test_an_archive_of_several_files_requires_a_choice(everything):
    archive = everything / "both.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(everything / "squares.geojson", "a/one.geojson")
        packed.write(everything / "squares.fgb", "a/two.fgb")
    with pytest.raises(gb.DataError, match="layer=: 'one', 'two'"):
        gb.read_regions(archive)
    assert len(gb.read_regions(archive, layer="two")) == 2
    assert len(gb.read_regions(archive, layer="a/one.geojson")) == 2
    with pytest.raises(gb.DataError, match="Invalid layer 'three'"):
        gb.read_regions(archive, layer="three")


def test_archives_without_data_are_refused(tmp_path):
    archive = tmp_path / "none.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("picture.png", b"\x89PNG")
    with pytest.raises(gb.DataError, match=r"archive of picture\.png"):
        gb.read_regions(archive)
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as packed:
        packed.write(archive, "inner.gpkg")
    with pytest.raises(gb.DataError, match="archive in an archive"):
        gb.read_regions(tmp_path / "outer.zip")


def test_a_zip_bomb_is_refused_unread_and_the_cap_can_be_raised(everything):
    bomb = everything / "bomb.zip"
    padded = (everything / "squares.geojson").read_bytes() + b" " * 30_000_000
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("squares.geojson", padded)
    assert bomb.stat().st_size < 100_000
    with pytest.raises(gb.DataError, match="max_gb= allows more"):
        gb.read_regions(bomb, max_gb=0.01)
    assert len(gb.read_regions(bomb, max_gb=0.05)) == 2
    with pytest.raises(gb.DataError, match="Must be at most 1e-06 GB"):
        gb.read_regions(everything / "squares.gpkg", max_gb=1e-6)


def test_an_encrypted_archive_raises_an_error(everything):
    archive = everything / "locked.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(everything / "squares.geojson", "squares.geojson")
    content = bytearray(archive.read_bytes())
    # Bit 0 of the general flags, in the local header and in the directory, says "encrypted".
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(content)
    with pytest.raises(gb.DataError, match="without a password"):
        gb.read_regions(archive)


def test_passwords_are_hidden():
    assert "tiger" not in hide_password("postgresql://scott:tiger@host/db?password=tiger&x=1")
    with pytest.raises(gb.DataError) as refused:
        gb.read_regions("https://scott:tiger@host/a.gpkg")
    assert "tiger" not in str(refused.value)


def test_file_kinds_are_detected_by_content_not_by_name(everything):
    misnamed = everything / "squares.csv"
    (everything / "squares.gpkg").rename(misnamed)
    found, layer = find_file(misnamed)
    assert (found.format, layer) == (FileFormat.GEOPACKAGE, None)
    assert detect_format("\ufeff{}".encode(), "x") is FileFormat.GEOJSON
    assert detect_format(b"<!-- note --><kml:kml>", "x") is FileFormat.KML
    assert detect_format("name;lat;lon".encode("utf-16"), "x") is FileFormat.TEXT


def test_reading_leaves_no_file_open_and_writes_nothing(everything):
    before = {path: path.stat().st_mtime_ns for path in everything.iterdir()}
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        for path in list(before):
            if path.suffix in {".gpkg", ".geojson", ".fgb", ".shp", ".kml", ".parquet"}:
                gb.read_regions(path)
    assert {path: path.stat().st_mtime_ns for path in everything.iterdir()} == before


def test_relative_paths_work(everything, monkeypatch):
    monkeypatch.chdir(everything)
    assert len(gb.read_regions("squares.gpkg")) == 2
    assert len(gb.read_regions(Path("squares.gpkg"))) == 2


@pytest.mark.parametrize("suffix", [".geojson", ".kml", ".csv", ".gpkg", ".parquet", ".fgb"])
def test_a_damaged_file_in_an_archive_is_refused(suffix, tmp_path):
    """GDAL reads some of these files without checking their checksum."""
    count = 3000
    lon, lat = np.random.default_rng(1).uniform((30, 50), (35, 52), (count, 2)).T
    names = [f"place {n}" for n in range(count)]
    table = gpd.GeoDataFrame(
        {"name": names}, geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326"
    )
    gb.write(table, tmp_path / f"places{suffix}")
    packed = tmp_path / "places.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / f"places{suffix}", f"places{suffix}")
    assert len(gb.read_settlements(packed)) == count
    damaged = bytearray(packed.read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 6] = bytes(255 - byte for byte in damaged[middle : middle + 6])
    packed.write_bytes(damaged)
    with pytest.raises(gb.DataError, match="archive that is incomplete or damaged"):
        gb.read_settlements(packed)


@pytest.mark.parametrize(
    ("start", "name", "said"),
    [
        (b"\x1f\x8b\x08", "a.csv.gz", "compressed with gzip"),
        (b"BZh91AY&SY\0", "a.csv.bz2", "compressed with bzip2"),
        (b"ARROW1\0\0", "a.feather", r"Arrow file \(Feather\)\. Save it as Parquet"),
        (b"Obj\x01", "a.avro", "an Avro file"),
        (b"\x89HDF\r\n\x1a\n", "a.nc", "HDF5 or netCDF"),
        (b"II*\0", "a.tif", "TIFF"),
        (b"\x03\x7d\x01\x01\0", "a.dbf", r"Give the \.shp file"),
        (b"a.csv" + bytes(252) + b"ustar", "a.tar", "a tar archive"),
        (b"{\\rtf1 ", "a.rtf", "a text document"),
        (b'{"name": "A", "size": 51}', "a.json", "it is JSON of another kind"),
    ],
)
def test_other_formats_are_named_with_what_to_do(tmp_path, start, name, said):
    path = tmp_path / name
    path.write_bytes(start if name.endswith("json") else start + bytes(300))
    with pytest.raises(gb.DataError, match=said):
        gb.read_settlements(path)


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("content.xml", r"OpenDocument file \(\.ods\)\. Save it as \.xlsx"),
        ("word/document.xml", "a Word document"),
        ("xl/workbook.bin", "a binary Excel workbook"),
        ("map.qgs", "a QGIS project"),
    ],
)
def test_archives_of_other_programs_are_named(tmp_path, inside, said):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("mimetype", "application/other")
        archive.writestr(inside, "<a/>")
    with pytest.raises(gb.DataError, match=said):
        gb.read_settlements(tmp_path / "a.zip")


@pytest.mark.parametrize("header", ["CDF;lat;lon", "ORC;lat;lon", "AC10;lat;lon", "BZh;lat;lon"])
def test_a_table_whose_first_heading_looks_like_a_format_is_a_table(tmp_path, header):
    path = tmp_path / "a.csv"
    path.write_text(f"{header}\nA;51.1;35.1\n", encoding="utf-8")
    assert gb.read_settlements(path, name=header[:-8]).geometry[0].x == 35.1
