"""Large tables: sources and targets that cannot be used are refused, and nothing is written."""

import itertools
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from support.bulk_tables import (
    check_refused,
    classify_rows,
    encode_wkb,
    read_answers,
    write_coordinates,
    write_geoparquet,
    write_text_file,
)

import geobuffer as gb


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("content", [None, b"", b"<!DOCTYPE html>\n<html><p>404</html>\n", b"PAR1"])
def test_a_source_that_is_not_a_table_is_refused(suffix, content, rings, tmp_path):
    source = tmp_path / f"in{suffix}"
    if content is not None:
        source.write_bytes(content)
    check_refused(source, rings, tmp_path / "out.parquet", str(source))


OTHER_FORMATS = {
    "in.csv.gz": (b"\x1f\x8b\x08", "compressed with gzip"),
    "in.xls": (b"\xd0\xcf\x11\xe0", "Save it as .xlsx"),
    "in.csv": (b"%PDF-1.7", "a PDF document"),
    "in.json": (b"[1, 2]", "in.json"),
}


@pytest.mark.parametrize("name", OTHER_FORMATS)
def test_a_source_of_another_format_is_refused(name, rings, tmp_path):
    content, said = OTHER_FORMATS[name]
    (tmp_path / name).write_bytes(content)
    check_refused(tmp_path / name, rings, tmp_path / "out.csv", name, said)


def test_a_truncated_source_is_refused(rings, places, tmp_path):
    places.to_parquet(tmp_path / "whole.parquet")
    source = tmp_path / "in.parquet"
    source.write_bytes((tmp_path / "whole.parquet").read_bytes()[:-100])
    check_refused(source, rings, tmp_path / "out.parquet", str(source))


@pytest.mark.usefixtures("small_batches")
def test_a_source_broken_in_the_middle_is_refused(rings, places, tmp_path):
    source = tmp_path / "in.parquet"
    places.to_parquet(source, row_group_size=100, compression="gzip")
    raw = bytearray(source.read_bytes())
    start = pq.read_metadata(source).row_group(3).column(0).data_page_offset
    raw[start : start + 2000] = b"\xff" * 2000
    source.write_bytes(raw)
    check_refused(source, rings, tmp_path / "out.parquet", str(source))


@pytest.mark.parametrize(
    ("content", "encoding", "fragment"),
    [
        ("name,lon\nа,30.1\n", "utf-8", "lat"),
        ("lat,lon\n50.5,30.1\n50.5\n", "utf-8", "Invalid line 3 of"),
        ("lat,lon,lat\n50.5,30.1,1\n", "utf-8", "'lat'"),
        ("name;lon;lat\nа;30,1;50,5\nб;30,1;1.050,5\n", "utf-8", "lat in line 3 of"),
        ("name/lon/lat\nа/30.1/50.5\n", "utf-8", "Choose it with lon=: 'name/lon/lat'"),
        ("lon,lat,LAT\n30.1,50.5,1\n", "utf-8", "'lat', 'LAT'"),
    ],
)
@pytest.mark.usefixtures("small_batches")
def test_csv_of_another_kind_is_refused(content, encoding, fragment, rings, tmp_path):
    source = write_text_file(tmp_path / "in.csv", content, encoding)
    check_refused(source, rings, tmp_path / "out.csv", fragment)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize(
    ("value", "column"),
    [
        *itertools.product(["п'ять", "1_000", "-5-"], ["lon", "lat", "accuracy_m", "radius_m"]),
        *itertools.product(["35,27", "35°16′"], ["accuracy_m", "radius_m"]),
        ("35°16′N", "lon"),
    ],
)
@pytest.mark.usefixtures("small_batches")
def test_a_text_that_is_not_a_number_is_refused_with_its_row(
    suffix, value, column, rings, tmp_path
):
    count, row = 300, 217
    table = {name: ["30.05"] * count for name in ("lon", "lat", "accuracy_m", "radius_m")}
    table[column][row] = value
    source = tmp_path / f"in{suffix}"
    # The header is line 1 of a text table; rows of Parquet are counted from 0.
    where = f"line {row + 2} of " if suffix == ".csv" else f"row {row} of "
    if suffix == ".csv":
        pd.DataFrame(table).to_csv(source, index=False)
    else:
        pq.write_table(pa.table(table), source)
    check_refused(source, rings, tmp_path / "out.parquet", column, where, repr(value))


@pytest.mark.parametrize(
    ("lon", "lat", "fragment"),
    [
        (30.0, 136.0, "latitude 136"),
        (30.0, -90.5, "latitude -90.5"),
        (np.inf, 50.0, "longitude inf"),
        (30.0, -np.inf, "latitude -inf"),
        (370_000.0, 5_600_000.0, "latitude 5600000"),
    ],
)
@pytest.mark.parametrize("kind", ["numbers", "csv", "WKB", "point", "parts"])
@pytest.mark.usefixtures("small_batches")
def test_an_impossible_point_is_refused_with_its_row_in_the_file(
    lon, lat, fragment, kind, rings, tmp_path
):
    row, x, y = 201, np.full(300, 30.05), np.full(300, 50.5)
    x[row], y[row] = lon, lat
    source = tmp_path / "in.parquet"
    if kind in {"numbers", "parts"}:
        write_coordinates(source, lon=x, lat=y)
    elif kind == "csv":
        source = tmp_path / "in.csv"
        pd.DataFrame({"lon": x, "lat": y}).to_csv(source, index=False)
    elif kind == "WKB":
        write_geoparquet(source, encode_wkb(shapely.points(x, y)), group=130)
    else:
        xy = pa.StructArray.from_arrays([pa.array(x), pa.array(y)], ["x", "y"])
        write_geoparquet(source, xy, encoding="point", group=130)
    if kind == "parts":
        with pytest.raises(gb.DataError, match=rf"row {row} of .*{re.escape(fragment)}"):
            gb.classify_file(source, rings, tmp_path / "parts")
        assert read_answers(tmp_path / "parts")["side"] == ["East"] * 192
    else:
        where = f"line {row + 2} of " if kind == "csv" else f"row {row} of "
        check_refused(source, rings, tmp_path / "out.parquet", where, fragment)


@pytest.mark.usefixtures("small_batches")
def test_a_point_outside_its_crs_is_refused_with_its_row(rings, places, tmp_path):
    table = places.to_crs("EPSG:32636")
    points = table.geometry.to_numpy().copy()
    points[300] = shapely.Point(1e30, 1e30)
    table.set_geometry(points, crs=table.crs).to_parquet(tmp_path / "in.parquet")
    check_refused(tmp_path / "in.parquet", rings, tmp_path / "out.parquet", "row 300 of", "inf")


@pytest.mark.parametrize("column", ["accuracy_m", "radius_m"])
@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.usefixtures("small_batches")
def test_a_negative_accuracy_is_refused_with_its_row(column, suffix, rings, tmp_path):
    metres = [1.0] * 200
    metres[150] = -5.0
    table = pd.DataFrame({"lon": 30.05, "lat": 50.5, column: metres})
    source = tmp_path / f"in{suffix}"
    where = "line 152 of " if suffix == ".csv" else "row 150 of "
    table.to_csv(source) if suffix == ".csv" else table.to_parquet(source)
    check_refused(source, rings, tmp_path / "out.parquet", column, where, "-5")


@pytest.mark.usefixtures("small_batches")
def test_shapes_that_are_not_declared_are_refused(rings, tmp_path):
    points = shapely.points(np.linspace(29.9, 30.1, 200), 50.5)
    points[150] = shapely.LineString([(30, 50), (31, 51)])
    source = write_geoparquet(tmp_path / "in.parquet", encode_wkb(points), kinds=())
    check_refused(source, rings, tmp_path / "out.parquet", "row 150:", "LineString", "Point")


@pytest.mark.usefixtures("small_batches")
def test_broken_binary_is_refused_with_its_row(rings, tmp_path):
    texts = shapely.to_wkb(shapely.points(np.linspace(29.9, 30.1, 200), 50.5)).tolist()
    texts[99], texts[150] = None, b"\x01\x01"
    source = write_geoparquet(tmp_path / "in.parquet", pa.array(texts, pa.binary()))
    check_refused(source, rings, tmp_path / "out.parquet", "row 150:")


def test_geoparquet_without_a_crs_is_refused(rings, places, tmp_path):
    points = encode_wkb(places.geometry.to_numpy())
    source = write_geoparquet(tmp_path / "in.parquet", points, crs=None)
    check_refused(
        source, rings, tmp_path / "out.parquet", str(source), "'geometry'", error=gb.MissingCRSError
    )


@pytest.mark.usefixtures("small_batches")
def test_geoparquet_without_the_key_crs_is_in_degrees(rings, places, tmp_path):
    """So says GeoParquet 1.1."""
    source = write_geoparquet(tmp_path / "in.parquet", encode_wkb(places.geometry.to_numpy()))
    gb.classify_file(source, rings, tmp_path / "out.parquet")
    assert read_answers(tmp_path / "out.parquet") == classify_rows(places[["geometry"]], rings)


GEOS = [
    b"not JSON", b"[]", b"{}", b'{"primary_column": "g"}', b'{"primary_column":"g","columns":{}}',
    b'{"primary_column": "g", "columns": {"g": {"encoding": "WKB"}}}',
    b'{"primary_column": "lon", "columns": {"lon": {"crs": {"type": "nonsense"}}}}',
]  # fmt: skip


@pytest.mark.parametrize("geo", GEOS)
def test_broken_geoparquet_metadata_are_refused(geo, rings, tmp_path):
    table = pa.table({"lon": [30.0], "lat": [50.0]}).replace_schema_metadata({"geo": geo})
    pq.write_table(table, tmp_path / "in.parquet")
    check_refused(tmp_path / "in.parquet", rings, tmp_path / "out.parquet", "in.parquet")


@pytest.mark.parametrize("name", ["out.gpkg", "out.parqet", "out.csv.gz"])
def test_a_target_of_another_format_is_refused(name, rings, tmp_path):
    check_refused(tmp_path / "none.parquet", rings, tmp_path / name, name)


@pytest.mark.parametrize("name", ["out.parquet", "out.csv", "out"])
def test_a_target_in_no_folder_is_refused(name, rings, tmp_path):
    source = write_coordinates(tmp_path / "in.parquet")
    check_refused(source, rings, tmp_path / "nowhere" / name, "nowhere")


def test_a_target_of_another_kind_is_refused(rings, tmp_path, batch_sizes):
    source = write_coordinates(tmp_path / "in.parquet")
    (tmp_path / "out.parquet").mkdir()
    check_refused(source, rings, tmp_path / "out.parquet", "it is a folder")
    write_text_file(tmp_path / "parts", "mine")
    check_refused(source, rings, tmp_path / "parts", "it is a file")
    assert batch_sizes == []


@pytest.mark.parametrize("column", ["lon", "accuracy_m"])
def test_truth_values_are_no_numbers(column, rings, tmp_path):
    table = pd.DataFrame({"lon": [30.05], "lat": [50.5]}).assign(**{column: [True]})
    table.to_parquet(tmp_path / "in.parquet")
    check_refused(
        tmp_path / "in.parquet", rings, tmp_path / "out.parquet", f"Invalid {column}", "truth"
    )
