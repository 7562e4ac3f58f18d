"""Downloaded files are checked before data are read from them."""

import json
import struct
import sys
import zipfile

import numpy as np
import pytest
import rasterio
from support.sources import geotiff, zipped

import geobuffer as gb
from geobuffer.datasets.fetch import check_content

CAP = 10_000_000
FEATURE = {
    "type": "Feature",
    "properties": {"name": "A"},
    "geometry": {"type": "Point", "coordinates": [30, 50]},
}
COLLECTION = {"type": "FeatureCollection", "features": [FEATURE]}


@pytest.fixture
def file(tmp_path):
    def written(body, name="data.bin"):
        path = tmp_path / name
        path.write_bytes(body)
        return path

    return written


@pytest.mark.parametrize(
    ("body", "message"),
    [(b"", "empty"), (b" \r\n", "empty"), (b"<!DOCTYPE html><p>", "HTML page"),
     (b"\xef\xbb\xbf\n<html>", "HTML page"), (b"<?xml version='1.0'?><Error>", "XML"),
     (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS pointer")],
)  # fmt: skip
@pytest.mark.parametrize(
    "read",
    [check_content.read_json, check_content.read_features, check_content.check_geotiff,
     lambda path: check_content.check_zip(path, CAP)],
)  # fmt: skip
def test_html_pages_and_lfs_pointers_raise_an_error_for_every_kind(file, read, body, message):
    with pytest.raises(gb.DataError, match=rf"data\.bin.*{message}"):
        read(file(body))


@pytest.mark.parametrize(
    "body", [b'{"a": 1', b"{'a': 1}", b"\xff\xfe{\x00", b"[" * 200_000, b"PK\x03\x04"]
)
def test_invalid_json_raises_an_error(file, body):
    with pytest.raises(gb.DataError, match=r"data\.bin"):
        check_content.read_json(file(body))


@pytest.mark.parametrize(
    ("document", "message"),
    [([], "not GeoJSON"), ({"type": "Topology"}, "not GeoJSON"),
     ({"features": [FEATURE]}, "not GeoJSON"),
     ({**COLLECTION, "features": []}, "no features"), ({**COLLECTION, "features": [1]}, "ture 0"),
     ({**COLLECTION, "features": [FEATURE, {**FEATURE, "geometry": None}]}, "feature 1"),
     ({**COLLECTION, "features": [{**FEATURE, "properties": None}]}, "feature 0")],
)  # fmt: skip
def test_json_that_is_not_geojson_raises_an_error(file, document, message):
    with pytest.raises(gb.DataError, match=message):
        check_content.read_features(file(json.dumps(document).encode()))


def test_geojson_is_read(file):
    body = b"\xef\xbb\xbf" + json.dumps(COLLECTION).encode()
    assert check_content.read_features(file(body)) == [FEATURE]


def test_a_whole_zip_passes(file):
    check_content.check_zip(file(zipped({"a/b.txt": "x", "c.txt": "y" * 1000})), CAP)


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "C:\\evil", "..\\evil"])
def test_members_that_point_out_of_a_zip_are_refused(file, name):
    with pytest.raises(gb.DataError, match="points out of it"):
        check_content.check_zip(file(zipped({"good.txt": "x", name: "y"})), CAP)


def test_zip_bombs_are_refused_unopened(file):
    bomb = zipped({f"{n}.txt": b"\0" * 3_000_000 for n in range(4)})
    assert len(bomb) < 20_000
    with pytest.raises(gb.DataError, match=r"unpacks to 11\.4 MB, more than 9\.5 MB"):
        check_content.check_zip(file(bomb), CAP)


def test_a_zip_with_a_false_size_yields_no_more_than_it_states(file):
    honest = zipped({"a.txt": b"\0" * 3_000_000})
    at = honest.rindex(b"PK\x01\x02") + 24  # uncompressed size in the central directory
    liar = honest[:at] + struct.pack("<I", 10) + honest[at + 4 :]
    with pytest.raises(gb.DataError, match="damaged"):
        check_content.check_zip(file(liar), CAP)


def test_zips_that_are_truncated_damaged_or_encrypted_raise_an_error(file):
    good = zipped({"a.txt": b"hello" * 500}, zipfile.ZIP_STORED)
    flipped = bytearray(good)
    flipped[100] ^= 0xFF
    at = good.rindex(b"PK\x01\x02") + 8  # flags in the central directory
    locked = good[:at] + b"\x01" + good[at + 1 :]
    for body, message in (
        (good[:-30], "not a zip, cut off"), (bytes(flipped), "damaged"), (locked, "encrypted"),
        (b"PK\x05\x06", "not a zip"),
    ):  # fmt: skip
        with pytest.raises(gb.DataError, match=message):
            check_content.check_zip(file(body), CAP)


def test_a_missing_member_raises_an_error(file):
    path = file(zipped({"b.txt": "x"}))
    with (
        pytest.raises(gb.DataError, match=r"a\.txt, but b\.txt"),
        check_content.open_zip_member(path, "a.txt"),
    ):
        pass


def test_members_are_unpacked_under_names_of_our_own(file, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    check_content.unpack(file(zipped({"../x.shp": "x"})), {"../x.shp": "layer.shp"}, folder)
    assert [p.name for p in folder.iterdir()] == ["layer.shp"]
    assert not (tmp_path / "x.shp").exists()


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("strips", [1, 4])
def test_whole_geotiffs_pass_and_truncated_ones_raise_an_error(file, big, order, strips):
    whole = geotiff(big=big, order=order, strips=strips)
    check_content.check_geotiff(file(whole))
    with pytest.raises(gb.DataError, match=r"cut off\. Its pixels end at byte"):
        check_content.check_geotiff(file(whole[:-1]))
    for end in (3, 8, 40):
        with pytest.raises(gb.DataError, match="not a GeoTIFF, or cut off"):
            check_content.check_geotiff(file(whole[:end]))


def test_a_tiff_without_a_position_is_refused(file):
    with pytest.raises(gb.DataError, match="without a coordinate reference system"):
        check_content.check_geotiff(file(geotiff(geo=False)))


def test_random_bytes_are_not_a_geotiff(file):
    for body in (
        b"GIF89a" + b"x" * 100,
        b"II\x2a\x00\xff\xff\xff\x7f",
        b"MM\x00\x2a" + b"\xff" * 99,
    ):
        with pytest.raises(gb.DataError, match="not a GeoTIFF"):
            check_content.check_geotiff(file(body))


def test_without_rasterio_only_the_beginning_of_a_geotiff_is_checked(file, monkeypatch):
    monkeypatch.setitem(sys.modules, "rasterio", None)
    check_content.check_geotiff(file(geotiff()))
    for body, reason in ((b"GIF89a" + b"x" * 100, "not a GeoTIFF"), (b"<html>", "HTML page")):
        with pytest.raises(gb.DataError, match=reason):
            check_content.check_geotiff(file(body))


def test_a_geotiff_whose_empty_blocks_are_left_out_passes(tmp_path):
    path = tmp_path / "sparse.tif"
    profile = {"driver": "GTiff", "width": 64, "height": 64, "count": 1, "dtype": "float32",
               "crs": "EPSG:4326", "transform": rasterio.Affine(0.1, 0, 30, 0, -0.1, 54),
               "tiled": True, "blockxsize": 16, "blockysize": 16, "sparse_ok": True}  # fmt: skip
    pixels = np.zeros((64, 64), "float32")
    pixels[:16, :16] = 1
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(pixels, 1)
    assert path.stat().st_size < 64 * 64 * 4
    check_content.check_geotiff(path)
