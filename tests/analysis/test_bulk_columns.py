"""Large tables: every column of the source reaches the target unchanged."""

import csv

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from support.bulk_tables import (
    ADDED,
    check_refused,
    classify_rows,
    encode_wkb,
    file_state,
    format_csv,
    make_columns,
    make_points,
    read_answers,
    read_csv_rows,
    read_csv_table,
    write_coordinates,
    write_geoparquet,
    write_text_file,
)

import geobuffer as gb


@pytest.mark.parametrize("encoding", ["WKB", "point", "numbers"])
@pytest.mark.parametrize("target", ["out.parquet", "parts"])
@pytest.mark.usefixtures("small_batches")
def test_every_column_reaches_the_target_unchanged(encoding, target, rings, places, tmp_path):
    columns, points = make_columns(600), places.geometry.to_numpy()
    source = tmp_path / "in.parquet"
    if encoding == "numbers":
        write_coordinates(source, lon=places.geometry.x, lat=places.geometry.y, **columns)
    elif encoding == "WKB":
        write_geoparquet(source, encode_wkb(points), group=250, **columns)
    else:
        xy = [{"x": p.x, "y": p.y} for p in points]
        write_geoparquet(source, pa.array(xy), encoding="point", group=250, **columns)
    before = file_state(source)
    assert gb.classify_file(source, rings, tmp_path / target) == 600
    was = pq.ParquetFile(source).read()
    files = sorted((tmp_path / target).glob("part-*")) or [tmp_path / target]
    tables = [pq.ParquetFile(file).read() for file in files]
    now = pa.concat_tables(tables)
    assert now.column_names == [*was.column_names, *ADDED]
    kept = now.select(was.column_names)
    assert kept.schema == was.schema
    for name in set(was.column_names) - {"nan or null"}:
        assert kept.column(name).equals(was.column(name)), name
    assert repr(kept["nan or null"].to_pylist()) == repr(was["nan or null"].to_pylist())
    assert read_answers(tmp_path / target) == classify_rows(places[["geometry"]], rings)
    assert file_state(source) == before


@pytest.mark.usefixtures("small_batches")
def test_columns_of_an_earlier_run_are_replaced(rings, places, tmp_path):
    source = places.assign(side="mine", membership=7, distance_km="far")
    source.to_parquet(tmp_path / "in.parquet")
    once, twice = tmp_path / "once.parquet", tmp_path / "twice.parquet"
    gb.classify_file(tmp_path / "in.parquet", rings, once)
    gb.classify_file(once, rings, twice)
    assert pq.read_table(twice).equals(pq.read_table(once))
    assert pq.read_schema(once).names == [*places.columns, *ADDED]
    assert read_answers(once) == classify_rows(places, rings)


@pytest.mark.usefixtures("small_batches")
def test_texts_of_csv_stay_unchanged_letter_by_letter(rings, tmp_path):
    rows = [
        ["id", "Назва", "lat", "lon", "note", "accuracy_m"],
        ["007", "Юнаківка", "51.10", "35.1000", "NA", "0100"],
        ["1e5", "с. «Хотінь», Сумський", "50.5", "30.05", 'she said "no"', ""],
        ["true", "два\nрядки", " 50.5 ", "+30.05", "null", "2e3"],
        ["", " край ", "", "", "", ""],
        ["2025-05-22", "NaN", "NA", "n/a", "0x1F", "NULL"],
        ["-0", "ъ", "50.5", "30.051234567890123456", "a,b;c\td", "1"],
    ]
    source = tmp_path / "in.csv"
    for encoding, end in [("utf-8", "\n"), ("utf-8-sig", "\r\n")]:
        with source.open("w", encoding=encoding, newline="") as file:
            csv.writer(file, lineterminator=end).writerows(rows * 1 + rows[1:] * 49)
        assert gb.classify_file(source, rings, tmp_path / "out.csv") == 300
        now = read_csv_rows(tmp_path / "out.csv")
        assert now[0] == [*rows[0], *ADDED]
        assert [row[:6] for row in now[1:]] == rows[1:] * 50
        nan = float("nan")
        table = make_points(
            [35.1, 30.05, 30.05, nan, nan, 30.051234567890123456],
            [51.1, 50.5, 50.5, nan, nan, 50.5],
            accuracy_m=[100, nan, 2e3, nan, nan, 1],
        )
        wanted = {name: values * 50 for name, values in classify_rows(table, rings).items()}
        assert read_answers(tmp_path / "out.csv") == wanted


@pytest.mark.parametrize("mark", [";", "\t", ","])
@pytest.mark.parametrize("point", [",", "."])
def test_decimal_commas_are_read_with_any_separator(mark, point, rings, tmp_path):
    rows = [
        ["name", "lon", "lat", "accuracy_m"],
        ["а, б", "30.1", "50.5", "12.5"],
        ["в", "", "", ""],
    ]
    gb.classify_file(
        write_text_file(tmp_path / "in.csv", format_csv(rows, ",")), rings, tmp_path / "plain.csv"
    )
    cells = [[cell.replace(".", point) for cell in row] for row in rows]
    source = write_text_file(tmp_path / "in.csv", format_csv(cells, mark))
    assert gb.classify_file(source, rings, tmp_path / "out.csv") == 2
    now = read_csv_rows(tmp_path / "out.csv")
    # The texts stay as they were written; the answers are those of decimal points.
    assert [row[:4] for row in now] == cells
    plain = read_csv_rows(tmp_path / "plain.csv")
    assert [row[4:] for row in now] == [row[4:] for row in plain]
    assert (float(plain[1][4]) > 0, plain[2][4]) == (True, "")


@pytest.mark.parametrize("row", [["30.1", "50.5", "1,500"], ["30,1", "50,5", "1.500"]])
@pytest.mark.parametrize("more", [0, 300])
@pytest.mark.usefixtures("small_batches")
def test_the_coordinates_of_the_whole_file_tell_thousands_from_decimals(row, more, rings, tmp_path):
    whole = ["30", "50", "7"]  # no mark in the first batches
    source = tmp_path / "in.csv"
    write_text_file(source, format_csv([["lon", "lat", "accuracy_m"], *[whole] * more, row], ";"))
    gb.classify_file(source, rings, tmp_path / "out.parquet")
    wanted = make_points([30] * more + [30.1], [50] * more + [50.5], accuracy_m=[7] * more + [1500])
    assert read_answers(tmp_path / "out.parquet") == classify_rows(wanted, rings)


@pytest.mark.usefixtures("small_batches")
def test_a_column_decides_for_all_of_its_batches(rings, tmp_path):
    rows = [["30", "50", "1,500"]] * 300 + [["30", "50", "0,5"]]
    source = tmp_path / "in.csv"
    write_text_file(source, format_csv([["lon", "lat", "accuracy_m"], *rows], ";"))
    gb.classify_file(source, rings, tmp_path / "out.parquet")
    wanted = make_points([30] * 301, [50] * 301, accuracy_m=[1.5] * 300 + [0.5])
    assert read_answers(tmp_path / "out.parquet") == classify_rows(wanted, rings)
    write_text_file(source, format_csv([["lon", "lat", "accuracy_m"], *rows[:-1]], ";"))
    check_refused(source, rings, tmp_path / "out.parquet", "Ambiguous accuracy_m", "'1,500'",
                  "lines 2, 3, 4")  # fmt: skip


@pytest.mark.parametrize(
    "header", ["name\tlon\tlat\tpeople (2020, est.)", '"name, full";lon;lat', '"a;b"\tlon\tlat']
)
def test_column_names_may_hold_other_separators(header, rings, tmp_path):
    mark = ";" if "full" in header else "\t"
    row = ["А", "30.1", "50.5", "7"][: header.count(mark) + 1]
    source = write_text_file(tmp_path / "in.csv", f"{header}\n{mark.join(row)}\n")
    assert gb.classify_file(source, rings, tmp_path / "out.csv") == 1
    found = read_csv_table(tmp_path / "out.csv")
    assert found["membership"].to_pylist() == ["inside"]


@pytest.mark.usefixtures("small_batches")
def test_csv_and_parquet_are_converted_both_ways(rings, places, tmp_path):
    gb.write(places, tmp_path / "in.csv")
    gb.classify_file(tmp_path / "in.csv", rings, tmp_path / "out.parquet")
    now = pq.read_table(tmp_path / "out.parquet")
    assert now["name"].to_pylist() == places["name"].tolist()
    assert now["id"].to_pylist() == places["id"].astype(str).tolist()
    gb.classify_file(tmp_path / "out.parquet", rings, tmp_path / "out.csv")
    assert (
        read_csv_table(tmp_path / "out.csv")
        .select(ADDED)
        .equals(
            pa.table(
                read_answers(tmp_path / "out.parquet"),
                read_csv_table(tmp_path / "out.csv").select(ADDED).schema,
            )
        )
    )


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
@pytest.mark.usefixtures("small_batches")
def test_points_are_written_to_csv_as_text(encoding, rings, places, tmp_path):
    points = places.geometry.to_numpy().copy()
    points[5] = None
    table = places.set_geometry(points, crs=places.crs)
    table.to_parquet(tmp_path / "in.parquet", geometry_encoding=encoding)
    gb.classify_file(tmp_path / "in.parquet", rings, tmp_path / "out.csv")
    now = read_csv_table(tmp_path / "out.csv")
    shapes = shapely.from_wkt([wkt or None for wkt in now["geometry"].to_pylist()])
    assert shapely.is_missing(shapes).nonzero()[0].tolist() == [5]
    there = ~shapely.is_missing(shapes)
    assert shapely.equals_exact(shapes[there], points[there], tolerance=1e-9).all()
    assert read_answers(tmp_path / "out.csv") == classify_rows(table, rings)


@pytest.mark.parametrize("name", ["list", "struct", "map", "bytes"])
def test_a_column_that_csv_cannot_hold_is_refused(name, rings, tmp_path):
    source = write_coordinates(tmp_path / "in.parquet", **{name: make_columns(2)[name]})
    check_refused(source, rings, tmp_path / "out.csv", repr(name), ".parquet")
