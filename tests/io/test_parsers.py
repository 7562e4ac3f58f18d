"""Files that make a parser fail, hang or crash are refused in one line that names them."""

import json
import os
import struct
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

import geobuffer as gb
from geobuffer.io.untrusted import is_nested_too_deeply

NEST = struct.pack("<BII", 1, 7, 1)
POINT = shapely.Point(34.9, 51.1).wkb
DEEP = NEST * 100_000 + POINT


def make_geoparquet(path, values, kind=None, **stated):
    """Write a GeoParquet file of these values, with these entries in its metadata."""
    column = {"encoding": "WKB", "geometry_types": [], **stated}
    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": column}}
    table = pa.table({"geometry": pa.array(values, kind or pa.binary())})
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    return path


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("code", [4, 5, 6, 7, 1007, 3007, 0x80000007])
def test_deep_nesting_is_found_in_the_bytes(order, code):
    level = struct.pack(f"{order}BII", order == "<", code, 1)
    assert is_nested_too_deeply(level * 34 + POINT)
    assert not is_nested_too_deeply(level * 31 + POINT * 30)


def test_nesting_behind_other_parts_is_found():
    two = struct.pack("<BII", 1, 7, 2)
    line = shapely.LineString(np.zeros((50, 2))).wkb
    area = shapely.box(0, 0, 1, 1).wkb
    assert is_nested_too_deeply((two + line) * 40 + POINT)
    assert is_nested_too_deeply((two + area) * 40 + POINT)
    with_srid = struct.pack("<BIII", 1, 0x20000007, 4326, 1)
    assert is_nested_too_deeply(with_srid * 40 + POINT)


@pytest.mark.parametrize("depth", [2, 3])
def test_valid_geometry_passes_the_check_of_nesting(depth):
    coordinates = np.random.default_rng(1).random((400, depth))
    shapes = [shapely.Point(p) for p in coordinates] + [shapely.box(0, 0, 1, 1)] * 100
    many = [
        shapely.LineString(coordinates), shapely.MultiPoint(coordinates),
        shapely.MultiPolygon([shapely.box(i, 0, i + 0.5, 1) for i in range(400)]),
        shapely.GeometryCollection([shapely.GeometryCollection(shapes)] * 50),
    ]  # fmt: skip
    for shape in many:
        for flavor in ("iso", "extended"):
            assert not is_nested_too_deeply(shapely.to_wkb(shape, flavor=flavor))


@pytest.mark.parametrize("cut", range(300, 330))
def test_truncated_bytes_raise_no_error(cut):
    assert is_nested_too_deeply((NEST * 40)[:cut]) in {True, False}
    assert not is_nested_too_deeply(struct.pack("<BII", 1, 6, 2**32 - 1) + bytes(cut))


def test_nested_shapes_do_not_end_the_process(tmp_path, zone):
    path = make_geoparquet(tmp_path / "deep.parquet", [POINT, DEEP])
    for read in (gb.read_settlements, gb.read_regions, gb.read_border):
        with pytest.raises(gb.DataError, match=r"row 1.*nested"):
            read(path)
    with pytest.raises(gb.DataError, match=r"row 1.*nested"):
        gb.classify_file(path, zone, tmp_path / "out.parquet")


MOON = (
    'GEOGCRS["Moon (2015)",DATUM["Moon (2015)",ELLIPSOID["Moon (2015)",1737400,0]],'
    'CS[ellipsoidal,2],AXIS["latitude",north],AXIS["longitude",east],'
    'ANGLEUNIT["degree",0.0174532925199433],ID["IAU",30100,2015]]'
)


@pytest.mark.parametrize(
    "stated",
    [
        {"geometry_types": [1]}, {"geometry_types": {"a": 1}}, {"encoding": ["WKB"]},
        {"encoding": "point"}, {"encoding": 7}, {"crs": MOON}, {"crs": "EPSG:4978"},
        {"crs": "EPSG:5773"}, {"crs": [1]}, {"covering": {"bbox": {"xmin": [7]}}},
    ],
    ids=str,
)  # fmt: skip
def test_odd_metadata_of_geoparquet_are_refused(tmp_path, zone, stated):
    path = make_geoparquet(tmp_path / "odd.parquet", [POINT], **stated)
    with pytest.raises(gb.DataError):
        gb.classify_file(path, zone, tmp_path / "out.parquet")


def test_encoding_that_is_not_that_of_the_column_is_refused(tmp_path, zone):
    pairs = pa.struct([("x", pa.float64()), ("y", pa.float64())])
    path = make_geoparquet(tmp_path / "odd.parquet", [{"x": 34.9, "y": 51.1}], pairs)
    with pytest.raises(gb.DataError, match="geometry"):
        gb.classify_file(path, zone, tmp_path / "out.parquet")


@pytest.mark.parametrize("encoding", ["cp1251", "utf-16"])
def test_old_encoding_of_a_large_table_is_reported_without_a_traceback(tmp_path, zone, encoding):
    path = tmp_path / "old.csv"
    path.write_text("назва,lat,lon\nЮнаківка,51.1,34.9\n", encoding=encoding)
    with pytest.warns(UserWarning, match="old.csv"):
        gb.classify_file(path, zone, tmp_path / "out.csv")
    assert "Юнаківка" in (tmp_path / "out.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("km", ["9" * 5000, "1" + "0" * 400, "1e999", "-" + "9" * 5000])
@pytest.mark.parametrize("key", ["km", "from_km"])
def test_huge_numbers_of_a_scenario_are_refused(tmp_path, key, km):
    path = tmp_path / "huge.toml"
    widths = {"km": "5", "from_km": "0", key: km}
    lines = [f"{name} = {value}" for name, value in widths.items()]
    path.write_text('[zone]\nbetween="Kursk"\nand="Sumy"\n' + "\n".join(lines), encoding="utf-8")
    with pytest.raises(gb.GeobufferError):
        gb.build_zone(
            gb.border_along(shapely.LineString([(30, 50), (31, 50)]), source=gb.Source("x")),
            km=gb.load_scenario(path).km,
            from_km=gb.load_scenario(path).from_km,
        )


def test_gdal_has_no_size_limit_for_features_of_geojson(tmp_path, monkeypatch):
    """GDAL's own limit of 200 MB refuses valid features of more than a million vertices."""
    import pyogrio

    from geobuffer.io.read import layers

    read, limits = layers._read_with_gdal, []

    def read_and_record(*given):
        limits.append(pyogrio.get_gdal_config_option("OGR_GEOJSON_MAX_OBJ_SIZE"))
        return read(*given)

    monkeypatch.setattr(layers, "_read_with_gdal", read_and_record)
    file = tmp_path / "line.geojson"
    file.write_text('{"type": "LineString", "coordinates": [[34.0, 51.0], [35.0, 51.5]]}')
    assert gb.read_border(file).length_km > 80
    assert list(map(str, limits)) == ["0"]


@pytest.mark.parametrize("suffix", [".cpg", ".prj", ".dbf", ".shx"])
@pytest.mark.parametrize("how", ["pipe", "link", "device"])
def test_companions_of_a_shapefile_are_plain_files(tmp_path, suffix, how):
    import geopandas as gpd

    line = shapely.LineString([(30, 50), (31, 50)])
    folder = tmp_path / "layer"
    folder.mkdir()
    gpd.GeoDataFrame({"name": ["a"]}, geometry=[line], crs=4326).to_file(folder / "line.shp")
    beside = folder / f"line{suffix}"
    beside.unlink(missing_ok=True)
    put_in_place(beside, tmp_path, how)
    begun = time.monotonic()
    with pytest.raises(gb.DataError, match=f"line{suffix}"):
        gb.read_border(folder / "line.shp")
    assert time.monotonic() - begun < 60


def put_in_place(path, elsewhere, how):
    if how == "pipe":
        os.mkfifo(path)
    elif how == "device":
        path.symlink_to("/dev/zero")
    else:
        secret = elsewhere / "secret"
        secret.write_text('{"title": "TOPSECRET"}', encoding="utf-8")
        path.symlink_to(secret)


@pytest.mark.parametrize("how", ["pipe", "link", "device"])
def test_metadata_of_a_raster_are_a_plain_file(tmp_path, how):
    from geobuffer.analysis.raster_metadata import read_raster_source

    folder = tmp_path / "rasters"
    folder.mkdir()
    put_in_place(folder / "pop.tif.json", tmp_path, how)
    with pytest.raises(gb.DataError, match=r"pop\.tif\.json"):
        read_raster_source([folder / "pop.tif"])


@pytest.mark.parametrize(
    "content",
    [
        "[" * 200_000, '{"title": {"a": [1]}}', '{"title": ["a"]}', '{"title": 5}', "null", "7", "",
        '{"title": "a", "accuracy_m": [1]}', '{"title": "a", "accuracy_m": 1e999}', '"title"',
        '{"title": "a", "accuracy_m": ' + "9" * 5000 + "}", " " * 2_000_000, '{"title": null}',
    ],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_metadata_of_another_program_are_ignored(tmp_path, content):
    from geobuffer.analysis.raster_metadata import read_raster_source

    (tmp_path / "pop.tif.json").write_text(content, encoding="utf-8")
    assert read_raster_source([tmp_path / "pop.tif"]) is None


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:S3@CRET@h/db?table=t", "postgresql//me:S3CRET@h/db",
        "postgresql:\\\\me:S3CRET@h/db", "postgresql://h/db?user=me&Password = S3CRET",
        "mysql://me:S3CRET@h/db", "PG:host=h password=S3CRET", "jdbc:postgresql://h?password=S3CRET",
    ],
)  # fmt: skip
def test_addresses_with_mistakes_show_no_password(address):
    for read in (gb.read_regions, gb.read_settlements, gb.read_border):
        with pytest.raises(gb.DataError) as caught:
            read(address)
        assert "CRET" not in str(caught.value)


@pytest.mark.parametrize("blank", [" ", "\n", "\t", "\u00a0"])
def test_blank_before_an_address_shows_no_password(blank):
    for address in ("postgresql://me:S3CRET@h/db?table=t", "postgres:/me:S3/CR?ET@h/db"):
        with pytest.raises(gb.DataError) as caught:
            gb.read_regions(f"{blank}{address}")
        assert "S3" not in str(caught.value)
        assert "ET@" not in str(caught.value)


@pytest.mark.parametrize("crs", ["IAU_2015:30100", "EPSG:5773", "EPSG:4978"])
def test_tables_in_no_system_of_the_earth_are_refused(tmp_path, zone, crs):
    table = gb.load_settlements().head(3).set_crs(crs, allow_override=True)
    for ask in (
        lambda: gb.classify(table, zone),
        lambda: gb.exposure(table, zone),
        lambda: gb.border_around(table.geometry, source=gb.Source("x")),
        lambda: gb.write(table, tmp_path / "out.csv"),
    ):
        with pytest.raises(gb.DataError, match="longitude and latitude on Earth") as caught:
            ask()
        assert caught.value.parameter == "crs"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a" * 252 + ".csv", "п" * 126 + ".csv", "a" * 243 + ".gpkg"])
def test_the_error_names_a_long_name_as_the_cause(tmp_path, name):
    with pytest.raises(gb.WriteError, match=r"its name has \d+ bytes"):
        gb.write(gb.load_settlements().head(1), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_longest_names_are_written(tmp_path):
    for name in ("a" * 251 + ".csv", "a" * 242 + ".gpkg"):
        gb.write(gb.load_settlements().head(1), tmp_path / name)
        assert len(gb.read_settlements(tmp_path / name)) == 1


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a;b", "a!b", "\udcff"])
def test_the_error_names_the_odd_name_of_a_geopackage_as_the_cause(tmp_path, name):
    with pytest.raises(gb.WriteError, match="name"):
        gb.write(gb.load_settlements().head(1), tmp_path / f"{name}.gpkg")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".gpkg", ".shp.zip"])
@pytest.mark.parametrize("name", ["a\nb", "a!b"])
def test_the_error_names_the_odd_name_of_a_folder_as_the_cause(tmp_path, name, suffix):
    (tmp_path / name).mkdir()
    with pytest.raises(gb.WriteError, match="its folder has"):
        gb.write(gb.load_settlements().head(1), tmp_path / name / f"a{suffix}")


@pytest.mark.parametrize("name", ["a" * 300, "a\0b", "a" * 5000, "x/" * 3000], ids=len)
def test_impossible_names_are_refused_by_every_reader(tmp_path, zone, name):
    from geobuffer.analysis.rasters import open_raster

    path = tmp_path / name
    readers = [
        gb.read_settlements, gb.read_regions, gb.read_border, gb.read_zone, gb.load_scenario,
        open_raster, lambda path: gb.classify_file(f"{path}.csv", zone, tmp_path / "o.csv"),
        lambda path: gb.classify_file(f"{path}.parquet", zone, tmp_path / "o.csv"),
        lambda path: gb.write(gb.load_settlements().head(1), f"{path}.csv"),
    ]  # fmt: skip
    for read in readers:
        with pytest.raises(gb.DataError):
            read(path)


@pytest.mark.parametrize("step", [1e-300, 1e-6, 0.0009])
def test_least_step_of_a_curve_is_a_metre(zone, step):
    with pytest.raises(gb.GeometryError, match="a metre") as caught:
        gb.exposure_curve(gb.load_settlements().head(3), zone.border, to_km=20, step_km=step)
    assert caught.value.parameter == "step_km"


@pytest.mark.parametrize("address", ["http://[::1", "https://[", "https://a]b/"])
def test_malformed_address_of_a_redirect_is_refused(address):
    from geobuffer.datasets.fetch import http

    with pytest.raises(gb.DataError, match="Invalid address"):
        http.check_address(http._join_address("https://example.org/a", address))


@pytest.mark.parametrize("length", ["9" * 5000, "٣", "-1", "1e9", ""])
def test_an_impossible_content_length_is_ignored(length):
    from types import SimpleNamespace

    from geobuffer.datasets.fetch import http

    answer = SimpleNamespace(headers={"Content-Length": length})
    assert http._total_bytes(answer, 0) is None
