"""Large tables: what a file held it holds still, and what is added is what classify says."""

import csv
import datetime as dt
import decimal
import hashlib
import importlib.util
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

import geobuffer as gb
from geobuffer.analysis import _arrow as opening
from geobuffer.analysis import _arrow as writing
from geobuffer.analysis import bulk as answering
from geobuffer.analysis._arrow import read_points
from geobuffer.cli.main import run_command
from geobuffer.geodesy import _grid

ADDED = ["distance_km", "side", "section", "ring", "membership"]

# A name that is not given, where None would be one.
ABSENT = object()

needs_numba = pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="no numba")


@pytest.fixture(scope="module")
def rings(strip):
    return gb.build_zone(strip, km=[5, 10], side="East", ends="flat", tolerance_m=1)


@pytest.fixture(scope="module")
def places():
    """Points about the border ``strip``, also beyond its sides; some say how exact they are."""
    rng = np.random.default_rng(3)
    count = 600
    lon = np.where(rng.random(count) < 0.5, rng.normal(30, 0.15, count), rng.uniform(28, 32, count))
    accuracy = rng.choice([0.0, 50.0, 2000.0], count)
    return gpd.GeoDataFrame(
        {
            "id": np.arange(count),
            "name": [f"село № {n}" for n in range(count)],
            "accuracy_m": accuracy,
            "radius_m": pd.array(rng.choice([0, 900], count), dtype="Int64"),
        },
        geometry=gpd.points_from_xy(lon, rng.uniform(49.8, 51.2, count)),
        crs="EPSG:4326",
    )


@pytest.fixture
def plainly(monkeypatch):
    """Ask the exact way, as classify does for small tables, and in many small batches."""
    monkeypatch.setattr(answering, "has_numba", lambda: False)
    monkeypatch.setattr(opening, "BATCH_ROWS", 64)


@pytest.fixture
def asked(monkeypatch):
    """How many rows each batch had that the zone was asked of."""
    sizes, answer = [], answering.answer

    def counted(lon, *args, **options):
        sizes.append(len(lon))
        return answer(lon, *args, **options)

    monkeypatch.setattr(answering, "answer", counted)
    return sizes


def expected(table, zone):
    """Return what classify says, as a file holds it: missing where there is nothing to say."""
    found = gb.classify(table, zone)[ADDED]
    return {
        name: [None if pd.isna(value) or value == "" else value for value in found[name]]
        for name in ADDED
    }


def added(path):
    """Return what a file, or a folder of parts, says in the columns that were added."""
    table = pq.read_table(path) if path.suffix != ".csv" else from_csv(path)
    return {name: table.column(name).to_pylist() for name in ADDED}


def csv_rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def from_csv(path):
    """Return a CSV file's texts as a table; only the distances as numbers."""
    header, *rows = csv_rows(path)
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    for name in ADDED:
        read = float if name == "distance_km" else str
        columns[name] = [read(text) if text else None for text in columns[name]]
    return pa.table({name: list(values) for name, values in columns.items()})


def pinned(path):
    return hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns


def by_hand(path, geometry, *, crs=ABSENT, kinds=("Point",), encoding="WKB", group=None, **columns):
    """Write GeoParquet with geometry as given, and any other columns."""
    column = {"encoding": encoding, "geometry_types": list(kinds)}
    if crs is not ABSENT:
        column["crs"] = crs
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    table = pa.table({**columns, "geometry": geometry})
    table = table.replace_schema_metadata({"geo": json.dumps(geo)})
    pq.write_table(table, path, row_group_size=group)
    return path


def wkb(points, kind=None, **options):
    return pa.array(shapely.to_wkb(points, **options), kind or pa.binary())


def numbers(path, names=("lon", "lat"), lon=(30.05, 30.1), lat=(50.5, 50.6), **columns):
    """Write plain Parquet with columns of coordinates."""
    pq.write_table(pa.table({names[0]: lon, names[1]: lat, **columns}), path)
    return path


def text(path, content, encoding="utf-8"):
    path.write_bytes(content.encode(encoding))
    return path


def at_points(lon, lat, **columns):
    """Return a frame for classify to answer for."""
    points = [None if pd.isna(x) else shapely.Point(x, y) for x, y in zip(lon, lat, strict=True)]
    return gpd.GeoDataFrame(columns, geometry=points, crs="EPSG:4326")


# What the source holds is carried through


def rich(count):
    """Return a table of every type of column, with missing values."""
    n = range(count)
    day = dt.datetime(2025, 5, 22, 1, 2, 3, 456789, tzinfo=dt.UTC)
    naive = [dt.datetime(1890, 1, 1) + dt.timedelta(microseconds=i) for i in n]  # noqa: DTZ001
    holes = [None if i % 7 == 0 else i for i in n]
    return {
        "integer": pa.array(holes, pa.int64()),
        "small": pa.array([i % 100 for i in n], pa.uint8()),
        "beyond 2^53": pa.array([2**53 + 1 + i for i in n], pa.int64()),
        "single": pa.array([i / 3 for i in n], pa.float32()),
        "nan or null": pa.array([None if i % 5 == 0 else float("nan") for i in n]),
        "truth": pa.array([None if i % 3 == 0 else i % 2 == 0 for i in n]),
        "text": pa.array(["", "NA", "007", " Ї\n", None] * count)[:count],
        "large text": pa.array([f"{i}" * (i % 5) for i in n], pa.large_string()),
        "bytes": pa.array([bytes([i % 256, 0, 255]) for i in n]),
        "list": pa.array([None if i % 4 == 0 else [i, None, i * 2][: i % 4] for i in n]),
        "lists": pa.array([[[str(i)], []] * (i % 3) for i in n], pa.list_(pa.list_(pa.string()))),
        "struct": pa.array([{"a": i, "b": {"c": [i]}} if i % 6 else None for i in n]),
        "map": pa.array([[(f"k{i}", i)] for i in n], pa.map_(pa.string(), pa.int32())),
        "time": pa.array([day] * count, pa.timestamp("us", "Europe/Kyiv")),
        "old time": pa.array(naive, pa.timestamp("us")),
        "fine time": pa.array([1_747_900_000_000_000_001 + i for i in n], pa.timestamp("ns")),
        "date": pa.array([dt.date(2025, 5, 22)] * count),
        "codes": pa.array([None if i % 8 == 0 else "авс"[i % 3] for i in n]).dictionary_encode(),
        "money": pa.array([decimal.Decimal(i) / 100 for i in n], pa.decimal128(20, 2)),
        "nothing": pa.nulls(count),
    }


@pytest.mark.parametrize("encoding", ["WKB", "point", "numbers"])
@pytest.mark.parametrize("target", ["out.parquet", "parts"])
@pytest.mark.usefixtures("plainly")
def test_every_column_is_carried_through_as_it_was(encoding, target, rings, places, tmp_path):
    columns, points = rich(600), places.geometry.to_numpy()
    source = tmp_path / "in.parquet"
    if encoding == "numbers":
        numbers(source, lon=places.geometry.x, lat=places.geometry.y, **columns)
    elif encoding == "WKB":
        by_hand(source, wkb(points), group=250, **columns)
    else:
        xy = [{"x": p.x, "y": p.y} for p in points]
        by_hand(source, pa.array(xy), encoding="point", group=250, **columns)
    before = pinned(source)
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
    assert added(tmp_path / target) == expected(places[["geometry"]], rings)
    assert pinned(source) == before


@pytest.mark.usefixtures("plainly")
def test_what_was_said_before_is_replaced(rings, places, tmp_path):
    source = places.assign(side="mine", membership=7, distance_km="far")
    source.to_parquet(tmp_path / "in.parquet")
    once, twice = tmp_path / "once.parquet", tmp_path / "twice.parquet"
    gb.classify_file(tmp_path / "in.parquet", rings, once)
    gb.classify_file(once, rings, twice)
    assert pq.read_table(twice).equals(pq.read_table(once))
    assert pq.read_schema(once).names == [*places.columns, *ADDED]
    assert added(once) == expected(places, rings)


@pytest.mark.usefixtures("plainly")
def test_texts_of_csv_are_carried_letter_by_letter(rings, tmp_path):
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
        now = csv_rows(tmp_path / "out.csv")
        assert now[0] == [*rows[0], *ADDED]
        assert [row[:6] for row in now[1:]] == rows[1:] * 50
        nan = float("nan")
        table = at_points(
            [35.1, 30.05, 30.05, nan, nan, 30.051234567890123456],
            [51.1, 50.5, 50.5, nan, nan, 50.5],
            accuracy_m=[100, nan, 2e3, nan, nan, 1],
        )
        wanted = {name: values * 50 for name, values in expected(table, rings).items()}
        assert added(tmp_path / "out.csv") == wanted


@pytest.mark.parametrize("mark", [";", "\t", ","])
@pytest.mark.parametrize("point", [",", "."])
def test_columns_parted_by_other_marks_may_have_decimal_commas(mark, point, rings, tmp_path):
    rows = [
        ["name", "lon", "lat", "accuracy_m"],
        ["а, б", "30.1", "50.5", "12.5"],
        ["", "", "", ""],
    ]
    gb.classify_file(text(tmp_path / "in.csv", as_csv(rows, ",")), rings, tmp_path / "plain.csv")
    told = [[cell.replace(".", point) for cell in row] for row in rows]
    source = text(tmp_path / "in.csv", as_csv(told, mark))
    assert gb.classify_file(source, rings, tmp_path / "out.csv") == 2
    now = csv_rows(tmp_path / "out.csv")
    # What was there stays as it was written; the answers are those of points.
    assert [row[:4] for row in now] == told
    plain = csv_rows(tmp_path / "plain.csv")
    assert [row[4:] for row in now] == [row[4:] for row in plain]
    assert (float(plain[1][4]) > 0, plain[2][4]) == (True, "")


def as_csv(rows, mark):
    """Return rows as a table whose columns are parted by a mark."""
    made = io.StringIO(newline="")
    csv.writer(made, delimiter=mark, lineterminator="\n").writerows(rows)
    return made.getvalue()


def test_a_comma_of_thousands_is_not_taken_for_decimals(rings, tmp_path):
    rows = [["lon", "lat", "accuracy_m"], ["30.1", "50.5", "1,500"]]
    source = text(tmp_path / "in.csv", as_csv(rows, "\t"))
    refused(source, rings, tmp_path / "out.csv", "Invalid accuracy_m in row 0: '1,500'")
    rows = [["lon", "lat", "accuracy_m"], ["30,1", "50,5", "1.500"]]
    source = text(tmp_path / "in.csv", as_csv(rows, ";"))
    refused(source, rings, tmp_path / "out.csv", "Invalid accuracy_m in row 0: '1.500'", "35,27")


@pytest.mark.parametrize(
    "header", ["name\tlon\tlat\tpeople (2020, est.)", '"name, full";lon;lat', '"a;b"\tlon\tlat']
)
def test_names_of_columns_may_hold_other_marks(header, rings, tmp_path):
    mark = ";" if "full" in header else "\t"
    row = ["А", "30.1", "50.5", "7"][: header.count(mark) + 1]
    source = text(tmp_path / "in.csv", f"{header}\n{mark.join(row)}\n")
    assert gb.classify_file(source, rings, tmp_path / "out.csv") == 1
    assert csv_rows(tmp_path / "out.csv")[1][-1] == "inside"


@pytest.mark.usefixtures("plainly")
def test_csv_becomes_parquet_of_texts_and_parquet_csv(rings, places, tmp_path):
    gb.write(places, tmp_path / "in.csv")
    gb.classify_file(tmp_path / "in.csv", rings, tmp_path / "out.parquet")
    now = pq.read_table(tmp_path / "out.parquet")
    assert now["name"].to_pylist() == places["name"].tolist()
    assert now["id"].to_pylist() == places["id"].astype(str).tolist()
    gb.classify_file(tmp_path / "out.parquet", rings, tmp_path / "out.csv")
    assert (
        from_csv(tmp_path / "out.csv")
        .select(ADDED)
        .equals(
            pa.table(
                added(tmp_path / "out.parquet"), from_csv(tmp_path / "out.csv").select(ADDED).schema
            )
        )
    )


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
@pytest.mark.usefixtures("plainly")
def test_points_in_csv_are_texts(encoding, rings, places, tmp_path):
    points = places.geometry.to_numpy().copy()
    points[5] = None
    table = places.set_geometry(points, crs=places.crs)
    table.to_parquet(tmp_path / "in.parquet", geometry_encoding=encoding)
    gb.classify_file(tmp_path / "in.parquet", rings, tmp_path / "out.csv")
    now = from_csv(tmp_path / "out.csv")
    shapes = shapely.from_wkt([wkt or None for wkt in now["geometry"].to_pylist()])
    assert shapely.is_missing(shapes).nonzero()[0].tolist() == [5]
    there = ~shapely.is_missing(shapes)
    assert shapely.equals_exact(shapes[there], points[there], tolerance=1e-9).all()
    assert added(tmp_path / "out.csv") == expected(table, rings)


@pytest.mark.parametrize("name", ["list", "struct", "map", "bytes"])
def test_csv_that_cannot_hold_a_column_is_refused(name, rings, tmp_path):
    source = numbers(tmp_path / "in.parquet", **{name: rich(2)[name]})
    refused(source, rings, tmp_path / "out.csv", repr(name), ".parquet")


# What is added is what classify says


CRSS = ["EPSG:4326", "OGC:CRS84", "EPSG:32636", "EPSG:3857", "EPSG:4284", "EPSG:3035"]


@pytest.mark.parametrize(
    ("crs", "encoding"),
    [*((crs, "WKB") for crs in CRSS), ("EPSG:4326", "geoarrow"), ("EPSG:32636", "geoarrow")],
)
@pytest.mark.usefixtures("plainly")
def test_any_crs_gives_the_answers_of_classify(crs, encoding, rings, places, tmp_path):
    table = places.to_crs(crs)
    table.to_parquet(tmp_path / "in.parquet", geometry_encoding=encoding, row_group_size=100)
    gb.classify_file(tmp_path / "in.parquet", rings, tmp_path / "out.parquet")
    wanted = expected(table, rings)
    assert set(wanted["membership"]) == {"inside", "outside", "uncertain"}
    assert set(wanted["ring"]) == {*rings.ring_names, None}
    assert set(wanted["side"]) == {"West", "East", None}
    now = added(tmp_path / "out.parquet")
    assert now.pop("distance_km") == pytest.approx(wanted.pop("distance_km"), abs=1e-9)
    assert now == wanted
    back = gpd.read_parquet(tmp_path / "out.parquet")
    assert back.crs == table.crs
    assert shapely.equals_identical(back.geometry.to_numpy(), table.geometry.to_numpy()).all()
    assert back["distance_km"].notna().all()


@pytest.mark.usefixtures("plainly")
def test_the_bundled_places_get_the_answers_of_classify(zone, towns, tmp_path):
    gb.write(towns, tmp_path / "in.parquet")
    gb.classify_file(tmp_path / "in.parquet", zone, tmp_path / "out.parquet")
    # What a place says of its country is not asked.
    unlisted = towns.drop(columns=["country", "oblast_iso"], errors="ignore")
    assert added(tmp_path / "out.parquet") == expected(unlisted, zone)


@pytest.mark.usefixtures("plainly")
def test_country_is_not_asked_which_is_all_that_differs(strip, tmp_path):
    """A village listed in a country stands there, says classify; a large table does not ask."""
    zone = gb.build_zone(strip, km=10, side="East", tolerance_m=1)
    table = at_points([30.001, 29.9], [50.5, 50.5], accuracy_m=500.0, country=["BB", "BB"])
    table.to_parquet(tmp_path / "in.parquet")
    gb.classify_file(tmp_path / "in.parquet", zone, tmp_path / "out.parquet")
    assert expected(table, zone)["membership"] == ["inside", "uncertain"]
    assert added(tmp_path / "out.parquet")["membership"] == ["uncertain", "outside"]
    assert added(tmp_path / "out.parquet") == expected(table.drop(columns="country"), zone)


@pytest.mark.usefixtures("plainly")
def test_a_row_that_does_not_say_how_exact_it_is_is_taken_as_by_classify(rings, places, tmp_path):
    accuracy = places["accuracy_m"].where(places["id"] % 3 > 0)
    table = places.assign(accuracy_m=accuracy)
    table.to_parquet(tmp_path / "in.parquet")
    gb.classify_file(tmp_path / "in.parquet", rings, tmp_path / "out.parquet")
    assert added(tmp_path / "out.parquet") == expected(table, rings)


@needs_numba
def test_the_compiled_way_gives_the_same_to_a_hundredth_of_a_millimetre(rings, places, tmp_path):
    places.to_parquet(tmp_path / "in.parquet")
    gb.classify_file(tmp_path / "in.parquet", rings, tmp_path / "out.parquet")
    now, wanted = added(tmp_path / "out.parquet"), expected(places, rings)
    assert now.pop("distance_km") == pytest.approx(wanted.pop("distance_km"), abs=1e-8)
    assert now == wanted


@needs_numba
@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_answers_depend_on_neither_batches_nor_order_nor_threads(
    suffix, rings, places, tmp_path, monkeypatch
):
    monkeypatch.setattr(_grid, "_SHARE", 50, raising=False)
    source, target = tmp_path / f"in{suffix}", tmp_path / f"out{suffix}"
    order = np.random.default_rng(1).permutation(len(places))
    results = []
    for rows, threads, shuffled in [
        (1000, 2, False),
        (37, 1, False),
        (600, 7, True),
        (90, 3, True),
    ]:
        monkeypatch.setattr(opening, "BATCH_ROWS", rows)
        monkeypatch.setattr(os, "cpu_count", lambda threads=threads: threads)
        table = places.iloc[order] if shuffled else places
        if suffix == ".csv":
            gb.write(table, source)
        else:
            table.to_parquet(source, row_group_size=170)
        gb.classify_file(source, rings, target)
        now = pd.DataFrame(added(target))
        results.append(now.iloc[np.argsort(order)] if shuffled else now)
    for other in results[1:]:
        pd.testing.assert_frame_equal(
            other.reset_index(drop=True), results[0], check_exact=True, check_dtype=False
        )


# Ways to keep points


def ways(points):
    """Return ways to write points in well-known binary."""
    z = shapely.points(shapely.get_x(points), shapely.get_y(points), 120.0)
    srid = shapely.set_srid(points, 4326)
    mixed = wkb(points).to_pylist()
    mixed[1::2] = shapely.to_wkb(points[1::2], byte_order=0).tolist()
    whole = wkb(np.concatenate([points[:3], points, points[:5]]))
    return {
        "little-endian": wkb(points, byte_order=1),
        "big-endian": wkb(points, byte_order=0),
        "mixed": pa.array(mixed, pa.binary()),
        "EWKB": wkb(srid, include_srid=True),
        "Z, ISO": wkb(z, flavor="iso"),
        "Z, extended": wkb(z, flavor="extended"),
        "large": wkb(points, pa.large_binary()),
        "large, big-endian": wkb(points, pa.large_binary(), byte_order=0),
        "view": wkb(points).cast(pa.binary_view()),
        "sliced": whole[3 : 3 + len(points)],
        "chunks": pa.chunked_array([wkb(points[:7]), wkb(points[:0]), wkb(points[7:])]),
    }


@pytest.mark.parametrize("way", ways(shapely.points([[0, 0], [1, 1]])))
def test_points_in_any_well_known_binary(way, rings, places, tmp_path, monkeypatch):
    monkeypatch.setattr(answering, "has_numba", lambda: False)
    monkeypatch.setattr(opening, "BATCH_ROWS", 41)
    some = places[["geometry"]].iloc[:200]
    geometry = ways(some.geometry.to_numpy())[way]
    kinds = ["Point Z"] if way.startswith("Z") else ["Point"]
    source = by_hand(tmp_path / "in.parquet", geometry, kinds=kinds, group=77)
    gb.classify_file(source, rings, tmp_path / "out.parquet")
    assert added(tmp_path / "out.parquet") == expected(some, rings)
    now = pq.read_table(tmp_path / "out.parquet")["geometry"]
    assert now.equals(pq.read_table(source)["geometry"])


@pytest.mark.parametrize("way", ways(shapely.points([[0, 0], [1, 1]])))
def test_the_bytes_of_any_array_are_read_as_shapely_reads_them(way):
    """Straight from memory: slices and chunks, which files do not keep."""
    points = shapely.points(np.random.default_rng(2).uniform(-80, 80, (40, 2)))
    for start, stop in [(0, 40), (5, 23), (39, 40), (11, 11)]:
        table = pa.table({"g": ways(points)[way]})[start:stop]
        at = opening.Coordinates(("g",), "WKB", None)
        lon, lat = read_points(table, at, 0)
        assert (
            np.column_stack([lon, lat]).tolist()
            == shapely.get_coordinates(points[start:stop]).tolist()
        )


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32636"])
@pytest.mark.parametrize("absent", [[0], [3, 4, 5], range(10)])
@pytest.mark.parametrize("empty", [None, shapely.Point()])
@pytest.mark.usefixtures("plainly")
def test_rows_without_a_point_get_missing_values(encoding, crs, absent, empty, rings, tmp_path):
    points = shapely.points(np.linspace(29.9, 30.1, 10), 50.5)
    points[list(absent)] = empty
    if encoding == "geoarrow" and len(absent) == 10 and empty is None:
        pytest.skip("geopandas does not write it")
    table = gpd.GeoDataFrame(geometry=points, crs="EPSG:4326").to_crs(crs)
    table.to_parquet(tmp_path / "in.parquet", geometry_encoding=encoding)
    gb.classify_file(tmp_path / "in.parquet", rings, tmp_path / "out.parquet")
    now, wanted = added(tmp_path / "out.parquet"), expected(table, rings)
    for name in ADDED:
        assert [row for row in range(10) if now[name][row] is None and name != "ring"] == (
            [row for row in range(10) if wanted[name][row] is None and name != "ring"]
        )
        assert all(now[name][row] is None for row in absent)
    distance = [d for d in wanted.pop("distance_km") if d is not None]
    assert [d for d in now.pop("distance_km") if d is not None] == pytest.approx(distance, abs=1e-9)
    assert now == wanted


PAIRS = [
    ("longitude", "latitude"), ("lon", "lat"), ("lng", "lat"), ("long", "lat"), ("x", "y"),
    ("Longitude", "LATITUDE"), (" Lon ", "Lat"), ("X", "Y"),
]  # fmt: skip


@pytest.mark.parametrize("names", PAIRS)
@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.usefixtures("plainly")
def test_columns_of_coordinates_go_by_many_names(names, suffix, rings, tmp_path):
    source = tmp_path / f"in{suffix}"
    if suffix == ".csv":
        text(source, f"{names[1]},{names[0]}\n50.5,30.05\n50.6,30.1\n")
    else:
        numbers(source, names)
    gb.classify_file(source, rings, tmp_path / "out.parquet")
    wanted = expected(at_points([30.05, 30.1], [50.5, 50.6]), rings)
    assert added(tmp_path / "out.parquet") == wanted
    kept = pq.read_schema(tmp_path / "out.parquet").names[:2]
    assert sorted(kept) == sorted(names)


@pytest.mark.usefixtures("plainly")
def test_longitude_is_looked_for_before_x(rings, tmp_path):
    source = numbers(tmp_path / "in.parquet", x=[3e5, 3e5], y=[5e6, 5e6])
    gb.classify_file(source, rings, tmp_path / "out.parquet")
    wanted = expected(at_points([30.05, 30.1], [50.5, 50.6]), rings)
    assert added(tmp_path / "out.parquet") == wanted


COLUMNS = {
    "single": lambda values: pa.array(values, pa.float32()),
    "decimal": lambda v: pa.array(
        [x if x is None else decimal.Decimal(x) for x in v], pa.decimal128(9, 4)
    ),
    "text": lambda values: pa.array([None if x is None else f" {x} " for x in values]),
    "large text": lambda v: pa.array([None if x is None else str(x) for x in v], pa.large_string()),
    "codes": lambda v: pa.array([None if x is None else str(x) for x in v]).dictionary_encode(),
}


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.usefixtures("plainly")
def test_coordinates_may_be_any_numbers(kind, rings, tmp_path):
    lon, lat = [30.0625, None, 30.125], [50.5, None, 50.5]
    made = COLUMNS[kind]
    source = numbers(
        tmp_path / "in.parquet", lon=made(lon), lat=made(lat), radius_m=made([None, 9, 9])
    )
    gb.classify_file(source, rings, tmp_path / "out.parquet")
    table = at_points([30.0625, np.nan, 30.125], [50.5, np.nan, 50.5], radius_m=[np.nan, 9, 9])
    assert added(tmp_path / "out.parquet") == expected(table, rings)
    assert pq.read_table(tmp_path / "out.parquet")["lon"].equals(pq.read_table(source)["lon"])


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=needs_numba)])
def test_longitudes_beyond_180_are_brought_round(compiled, rings, tmp_path, monkeypatch):
    monkeypatch.setattr(answering, "has_numba", lambda: compiled)
    source = numbers(tmp_path / "in.parquet", lon=[390.05, -329.95], lat=[50.5, 50.5])
    gb.classify_file(source, rings, tmp_path / "out.parquet")
    wanted = expected(at_points([390.05, -329.95], [50.5, 50.5]), rings)
    assert wanted["side"] == ["East", "East"]
    now = added(tmp_path / "out.parquet")
    assert now.pop("distance_km") == pytest.approx(wanted.pop("distance_km"), abs=1e-8)
    assert now == wanted


@pytest.mark.usefixtures("plainly")
def test_the_notes_of_the_source_are_kept(rings, places, tmp_path):
    places.set_index("name").to_parquet(tmp_path / "in.parquet", write_covering_bbox=True)
    gb.classify_file(tmp_path / "in.parquet", rings, tmp_path / "out.parquet")
    was, now = (pq.read_schema(tmp_path / f"{name}.parquet").metadata for name in ("in", "out"))
    assert json.loads(now[b"geo"]) == json.loads(was[b"geo"])
    back = gpd.read_parquet(tmp_path / "out.parquet")
    pd.testing.assert_frame_equal(
        back.drop(columns=ADDED), gpd.read_parquet(tmp_path / "in.parquet"), check_like=True
    )
    assert pd.read_parquet(tmp_path / "out.parquet")["membership"].notna().all()


@pytest.mark.usefixtures("plainly")
def test_parts_are_read_as_one_table(rings, places, tmp_path):
    places.to_parquet(tmp_path / "in.parquet")
    assert gb.classify_file(tmp_path / "in.parquet", rings, tmp_path / "parts") == 600
    files = sorted(file.name for file in (tmp_path / "parts").iterdir())
    assert files == ["_geobuffer.json", *(f"part-{n:06}.parquet" for n in range(10))]
    back = gpd.read_parquet(tmp_path / "parts")
    assert back.crs == "EPSG:4326"
    assert back["id"].tolist() == places["id"].tolist()
    assert added(tmp_path / "parts") == expected(places, rings)
    for number in range(10):
        part = gpd.read_parquet(tmp_path / "parts" / f"part-{number:06}.parquet")
        assert part["id"].tolist() == places["id"].tolist()[64 * number : 64 * (number + 1)]


# Sources that cannot be used are refused, and nothing is written


def refused(source, zone, target, *fragments, error=gb.DataError):
    """Check that a source is refused in one sentence, and that nothing is written."""
    folder = target.parent
    before = sorted(folder.rglob("*")) if folder.is_dir() else None
    with pytest.raises(error) as caught:
        gb.classify_file(source, zone, target)
    for fragment in fragments:
        assert fragment in str(caught.value)
    if before is not None:
        assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("content", [None, b"", b"<!DOCTYPE html>\n<html><p>404</html>\n", b"PAR1"])
def test_a_source_that_is_no_table_is_refused(suffix, content, rings, tmp_path):
    source = tmp_path / f"in{suffix}"
    if content is not None:
        source.write_bytes(content)
    refused(source, rings, tmp_path / "out.parquet", str(source))


@pytest.mark.parametrize("name", ["in.gpkg", "in.parket", "in", "in.csv.gz"])
def test_a_source_of_another_format_is_refused(name, rings, tmp_path):
    refused(text(tmp_path / name, "lon,lat\n30,50\n"), rings, tmp_path / "out.csv", name)


def test_a_truncated_source_is_refused(rings, places, tmp_path):
    places.to_parquet(tmp_path / "whole.parquet")
    source = tmp_path / "in.parquet"
    source.write_bytes((tmp_path / "whole.parquet").read_bytes()[:-100])
    refused(source, rings, tmp_path / "out.parquet", str(source))


@pytest.mark.usefixtures("plainly")
def test_a_source_broken_in_the_middle_is_refused(rings, places, tmp_path):
    source = tmp_path / "in.parquet"
    places.to_parquet(source, row_group_size=100, compression="gzip")
    raw = bytearray(source.read_bytes())
    start = pq.read_metadata(source).row_group(3).column(0).data_page_offset
    raw[start : start + 2000] = b"\xff" * 2000
    source.write_bytes(raw)
    refused(source, rings, tmp_path / "out.parquet", str(source))


@pytest.mark.parametrize(
    ("content", "encoding", "fragment"),
    [
        ("name,lon\nа,30.1\n", "utf-8", "lat"),
        ("name,lat,lon\n" + "а,50.5,30.1\n" * 99 + "Суджа,50.5,30.1\n", "cp1251", "UTF8"),
        ("name,lat,lon\nа,50.5,30.1\n", "utf-16", "in.csv"),
        ("lat,lon\n50.5,30.1\n50.5\n", "utf-8", "columns"),
        ("lat,lon,lat\n50.5,30.1,1\n", "utf-8", "'lat'"),
        ("name;lon;lat\nа;30,1;50,5\nб;30,1;1.050,5\n", "utf-8", "lat in row 1: '1.050,5'"),
        ("name|lon|lat\nа|30.1|50.5\n", "utf-8", "no columns of coordinates"),
    ],
)
@pytest.mark.usefixtures("plainly")
def test_csv_of_another_kind_is_refused(content, encoding, fragment, rings, tmp_path):
    source = text(tmp_path / "in.csv", content, encoding)
    refused(source, rings, tmp_path / "out.csv", fragment)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("value", ["35,27", "п'ять", "35°16′", "1_000", "--"])
@pytest.mark.parametrize("column", ["lon", "lat", "accuracy_m", "radius_m"])
@pytest.mark.usefixtures("plainly")
def test_a_text_that_is_no_number_is_refused_by_row(suffix, value, column, rings, tmp_path):
    count, row = 300, 217
    table = {name: ["30.05"] * count for name in ("lon", "lat", "accuracy_m", "radius_m")}
    table[column][row] = value
    source = tmp_path / f"in{suffix}"
    if suffix == ".csv":
        pd.DataFrame(table).to_csv(source, index=False)
    else:
        pq.write_table(pa.table(table), source)
    refused(source, rings, tmp_path / "out.parquet", column, f"row {row}:", repr(value))


@pytest.mark.parametrize(
    ("lon", "lat", "fragment"),
    [
        (30.0, 136.0, "latitude 136"),
        (30.0, -90.5, "latitude -90.5"),
        (np.inf, 50.0, "longitude inf"),
        (30.0, -np.inf, "latitude -inf"),
        (np.nan, 50.0, "longitude nan"),
        (30.0, np.nan, "latitude nan"),
        (370_000.0, 5_600_000.0, "latitude 5600000"),
    ],
)
@pytest.mark.parametrize("kind", ["numbers", "csv", "WKB", "point", "parts"])
@pytest.mark.usefixtures("plainly")
def test_an_impossible_point_is_refused_by_its_row_in_the_file(
    lon, lat, fragment, kind, rings, tmp_path
):
    row, x, y = 201, np.full(300, 30.05), np.full(300, 50.5)
    x[row], y[row] = lon, lat
    source = tmp_path / "in.parquet"
    if kind in {"numbers", "parts"}:
        numbers(source, lon=x, lat=y)
    elif kind == "csv":
        source = tmp_path / "in.csv"
        pd.DataFrame({"lon": x, "lat": y}).to_csv(source, index=False)
    elif kind == "WKB":
        by_hand(source, wkb(shapely.points(x, y)), group=130)
    else:
        xy = pa.StructArray.from_arrays([pa.array(x), pa.array(y)], ["x", "y"])
        by_hand(source, xy, encoding="point", group=130)
    if kind == "parts":
        with pytest.raises(gb.DataError, match=rf"row {row}: .*{re.escape(fragment)}"):
            gb.classify_file(source, rings, tmp_path / "parts")
        assert added(tmp_path / "parts")["side"] == ["East"] * 192
    else:
        refused(source, rings, tmp_path / "out.parquet", f"row {row}:", fragment)


@pytest.mark.usefixtures("plainly")
def test_a_point_that_its_crs_cannot_place_is_refused_by_row(rings, places, tmp_path):
    table = places.to_crs("EPSG:32636")
    points = table.geometry.to_numpy().copy()
    points[300] = shapely.Point(1e30, 1e30)
    table.set_geometry(points, crs=table.crs).to_parquet(tmp_path / "in.parquet")
    refused(tmp_path / "in.parquet", rings, tmp_path / "out.parquet", "row 300:", "inf")


@pytest.mark.parametrize("column", ["accuracy_m", "radius_m"])
@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.usefixtures("plainly")
def test_a_negative_accuracy_is_refused_by_row(column, suffix, rings, tmp_path):
    metres = [1.0] * 200
    metres[150] = -5.0
    table = pd.DataFrame({"lon": 30.05, "lat": 50.5, column: metres})
    source = tmp_path / f"in{suffix}"
    table.to_csv(source) if suffix == ".csv" else table.to_parquet(source)
    refused(source, rings, tmp_path / "out.parquet", column, "row 150: -5")


@pytest.mark.parametrize("declared", [(), ("LineString",)])
@pytest.mark.usefixtures("plainly")
def test_other_shapes_than_points_are_refused(declared, rings, tmp_path):
    points = shapely.points(np.linspace(29.9, 30.1, 200), 50.5)
    points[150] = shapely.LineString([(30, 50), (31, 51)])
    source = by_hand(tmp_path / "in.parquet", wkb(points), kinds=declared)
    named = ("row 150:", "LineString") if not declared else ("LineString", "'geometry'")
    refused(source, rings, tmp_path / "out.parquet", *named, "points" if declared else "Point")


@pytest.mark.usefixtures("plainly")
def test_broken_binary_is_refused_by_row(rings, tmp_path):
    texts = shapely.to_wkb(shapely.points(np.linspace(29.9, 30.1, 200), 50.5)).tolist()
    texts[99], texts[150] = None, b"\x01\x01"
    source = by_hand(tmp_path / "in.parquet", pa.array(texts, pa.binary()))
    refused(source, rings, tmp_path / "out.parquet", "row 150:")


def test_geoparquet_without_a_crs_is_refused(rings, places, tmp_path):
    points = wkb(places.geometry.to_numpy())
    source = by_hand(tmp_path / "in.parquet", points, crs=None)
    refused(
        source, rings, tmp_path / "out.parquet", str(source), "'geometry'", error=gb.MissingCRSError
    )


@pytest.mark.usefixtures("plainly")
def test_geoparquet_that_does_not_speak_of_its_crs_is_in_degrees(rings, places, tmp_path):
    """So says GeoParquet 1.1."""
    source = by_hand(tmp_path / "in.parquet", wkb(places.geometry.to_numpy()))
    gb.classify_file(source, rings, tmp_path / "out.parquet")
    assert added(tmp_path / "out.parquet") == expected(places[["geometry"]], rings)


GEOS = [
    b"not JSON", b"[]", b"{}", b'{"primary_column": "g"}', b'{"primary_column":"g","columns":{}}',
    b'{"primary_column": "g", "columns": {"g": {"encoding": "WKB"}}}',
    b'{"primary_column": "lon", "columns": {"lon": {"crs": {"type": "nonsense"}}}}',
]  # fmt: skip


@pytest.mark.parametrize("geo", GEOS)
def test_broken_notes_of_geometry_are_refused(geo, rings, tmp_path):
    table = pa.table({"lon": [30.0], "lat": [50.0]}).replace_schema_metadata({"geo": geo})
    pq.write_table(table, tmp_path / "in.parquet")
    refused(tmp_path / "in.parquet", rings, tmp_path / "out.parquet", "in.parquet")


@pytest.mark.parametrize("name", ["out.gpkg", "out.parqet", "out.csv.gz"])
def test_a_target_of_another_format_is_refused(name, rings, tmp_path):
    refused(tmp_path / "none.parquet", rings, tmp_path / name, name)


@pytest.mark.parametrize("name", ["out.parquet", "out.csv", "out"])
def test_a_target_in_no_folder_is_refused(name, rings, tmp_path):
    source = numbers(tmp_path / "in.parquet")
    refused(source, rings, tmp_path / "nowhere" / name, "nowhere")


def test_a_target_that_is_something_else_is_refused(rings, tmp_path, asked):
    source = numbers(tmp_path / "in.parquet")
    (tmp_path / "out.parquet").mkdir()
    refused(source, rings, tmp_path / "out.parquet", "it is a folder")
    text(tmp_path / "parts", "mine")
    refused(source, rings, tmp_path / "parts", "it is a file")
    assert asked == []


# A file is whole or not there


@pytest.fixture
def breaks(monkeypatch):
    """Let the engine fail after so many batches."""

    answer = answering.answer

    def after(batches, error=RuntimeError):
        left = [batches]

        def failing(*args, **options):
            if not left[0]:
                raise error("the lights went out")
            left[0] -= 1
            return answer(*args, **options)

        monkeypatch.setattr(answering, "answer", failing)

    return after


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("batches", [0, 1, 4])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.usefixtures("plainly")
def test_a_failure_leaves_the_older_file(  # noqa: PLR0917 - one parameter for each case
    suffix, batches, error, rings, places, tmp_path, breaks
):
    places.to_parquet(tmp_path / "in.parquet")
    target = text(tmp_path / f"out{suffix}", "an older file")
    breaks(batches, error)
    with pytest.raises(error, match="lights"):
        gb.classify_file(tmp_path / "in.parquet", rings, target)
    assert target.read_text(encoding="utf-8") == "an older file"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.parquet", target.name]


@pytest.mark.usefixtures("plainly")
def test_a_failure_to_write_leaves_the_older_file(rings, places, tmp_path, monkeypatch):
    places.to_parquet(tmp_path / "in.parquet")
    target = text(tmp_path / "out.parquet", "an older file")
    write, left = writing.TableWriter.write, [3]

    def full(self, table):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        write(self, table)

    monkeypatch.setattr(writing.TableWriter, "write", full)
    with pytest.raises((OSError, gb.DataError), match="No space"):
        gb.classify_file(tmp_path / "in.parquet", rings, target)
    assert target.read_text(encoding="utf-8") == "an older file"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.parquet", "out.parquet"]


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.usefixtures("plainly")
def test_an_older_file_is_replaced_and_who_reads_it_is_not_disturbed(
    suffix, rings, places, tmp_path
):
    gb.write(places, tmp_path / f"in{suffix}")
    target = text(tmp_path / f"out{suffix}", "an older file")
    with target.open("rb") as reader:
        gb.classify_file(tmp_path / f"in{suffix}", rings, target)
        assert reader.read() == b"an older file"
    assert len(added(target)["side"]) == 600
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([f"in{suffix}", target.name])


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.usefixtures("plainly")
def test_a_file_may_become_its_own_target(suffix, rings, places, tmp_path):
    """It is read to its end before it is replaced."""
    path, other = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    gb.write(places, path)
    gb.classify_file(path, rings, other)
    gb.classify_file(path, rings, path)
    assert path.read_bytes() == other.read_bytes()


@pytest.mark.usefixtures("plainly")
def test_others_may_read_a_file_as_the_umask_says(rings, tmp_path):
    source = numbers(tmp_path / "in.parquet")
    gb.classify_file(source, rings, tmp_path / "out.parquet")
    gb.classify_file(source, rings, tmp_path / "parts")
    umask = os.umask(0)
    os.umask(umask)
    for path in (tmp_path / "out.parquet", *(tmp_path / "parts").iterdir()):
        assert path.stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("target", ["out.parquet", "out.csv", "parts"])
@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=needs_numba)])
def test_a_table_without_rows_stays_one(suffix, target, compiled, rings, tmp_path, monkeypatch):
    monkeypatch.setattr(answering, "has_numba", lambda: compiled)
    source = tmp_path / f"in{suffix}"
    if suffix == ".csv":
        text(source, "name,lon,lat\n")
    else:
        pq.write_table(pa.table({"name": ["a"], "lon": [1.0], "lat": [1.0]})[:0], source)
    shares = []
    assert gb.classify_file(source, rings, tmp_path / target, progress=shares.append) == 0
    if target == "out.csv":
        (names,) = csv_rows(tmp_path / target)
    else:
        names = pq.read_table(tmp_path / target).column_names
    assert names == ["name", "lon", "lat", *ADDED]
    assert shares == [1.0]


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
@pytest.mark.usefixtures("plainly")
def test_geoparquet_without_rows_stays_so(encoding, rings, places, tmp_path):
    for target in ("out.parquet", "out.csv"):
        empty = places[:0].to_crs("EPSG:32636")
        source = tmp_path / "in.parquet"
        if encoding == "WKB":
            empty.to_parquet(source)
        else:
            xy = pa.array([], pa.struct([("x", pa.float64()), ("y", pa.float64())]))
            by_hand(source, xy, encoding="point")
        assert gb.classify_file(source, rings, tmp_path / target) == 0
    if encoding == "WKB":
        assert gpd.read_parquet(tmp_path / "out.parquet").crs == "EPSG:32636"


# A folder of parts is gone on with


@pytest.fixture
def whole(rings, places, tmp_path, plainly):
    """The rows of a single run, and its source."""
    places.to_parquet(tmp_path / "in.parquet")
    gb.classify_file(tmp_path / "in.parquet", rings, tmp_path / "whole")
    return tmp_path / "in.parquet", tmp_path / "whole"


def same_folders(one, other):
    names = sorted(path.name for path in one.iterdir())
    assert sorted(path.name for path in other.iterdir()) == names
    for name in names:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_parts_are_gone_on_with_after_a_failure(whole, rings, tmp_path, breaks):
    source, single = whole
    parts = tmp_path / "parts"
    breaks(4)
    with pytest.raises(RuntimeError, match="lights"):
        gb.classify_file(source, rings, parts)
    assert len(list(parts.glob("part-*.parquet"))) == 4
    assert not list(parts.glob(".*"))
    made = {path: pinned(path) for path in parts.glob("part-*.parquet")}
    breaks(6)
    shares = []
    assert gb.classify_file(source, rings, parts, progress=shares.append) == 600
    same_folders(single, parts)
    assert {path: pinned(path) for path in made} == made
    assert shares[-1] == 1.0


def test_parts_that_are_all_there_are_not_computed_again(whole, rings, asked):
    source, single = whole
    assert gb.classify_file(source, rings, single) == 600
    assert asked == []
    (single / "part-000009.parquet").unlink()
    (single / "part-000003.parquet").unlink()
    assert gb.classify_file(source, rings, single) == 600
    assert asked == [64, 24]
    assert pq.read_table(single)["id"].to_pylist() == list(range(600))


def test_the_row_of_an_error_counts_the_parts_that_were_there(rings, tmp_path, plainly):
    lat = np.full(300, 50.5)
    lat[201] = 91
    source = numbers(tmp_path / "in.parquet", lon=np.full(300, 30.0), lat=lat)
    for _ in range(2):
        with pytest.raises(gb.DataError, match="row 201:"):
            gb.classify_file(source, rings, tmp_path / "parts")


def test_a_folder_of_another_source_or_zone_is_refused(whole, strip, rings, places, tmp_path):
    source, single = whole
    other = tmp_path / "other.parquet"
    shutil.copy(source, other)
    refused(other, rings, single, "another source")
    changes = [{"km": [5, 11]}, {"side": "West"}, {"ends": "round"}]
    for change in changes:
        options = {"km": [5, 10], "side": "East", "ends": "flat", "tolerance_m": 1, **change}
        refused(source, gb.build_zone(strip, **options), single, "another source")
    places[:-1].to_parquet(source)
    refused(source, rings, single, "another source")


def test_a_folder_of_a_border_of_another_accuracy_is_refused(whole, rings):
    source, single = whole
    mark = single / "_geobuffer.json"
    mark.write_text(
        mark.read_text(encoding="utf-8").replace('"accuracy_m": null', '"accuracy_m": 50'),
        encoding="utf-8",
    )
    refused(source, rings, single, "another source")


def test_other_batches_do_not_mix(whole, rings, monkeypatch):
    source, single = whole
    (single / "part-000003.parquet").unlink()
    monkeypatch.setattr(opening, "BATCH_ROWS", 50)
    refused(source, rings, single, "Invalid folder")


@pytest.mark.parametrize(
    "name", ["mine.txt", "part-1.parquet", "part-000001.parquet", "_geobuffer"]
)
def test_a_folder_with_other_files_is_refused(name, rings, tmp_path):
    source = numbers(tmp_path / "in.parquet")
    (tmp_path / "parts").mkdir()
    text(tmp_path / "parts" / name, "mine")
    refused(source, rings, tmp_path / "parts", name, "Must be empty")
    assert (tmp_path / "parts" / name).read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["mine.txt", "part-x.parquet", "part-1.parquet"])
def test_a_folder_of_parts_with_other_files_is_refused(name, whole, rings):
    source, single = whole
    text(single / name, "mine")
    refused(source, rings, single, name)


def test_a_folder_with_a_broken_note_is_refused(whole, rings):
    source, single = whole
    text(single / "_geobuffer.json", "")
    refused(source, rings, single, "Invalid folder")


def test_an_empty_folder_is_taken(whole, rings, tmp_path):
    source, single = whole
    (tmp_path / "parts").mkdir()
    assert gb.classify_file(source, rings, tmp_path / "parts") == 600
    same_folders(single, tmp_path / "parts")


KILLED = """
import os, signal, sys
import shapely
import geobuffer as gb
from geobuffer.analysis import bulk as answering, _arrow as opening, _arrow as writing

source, target, writes = sys.argv[1], sys.argv[2], int(sys.argv[3])
drawn = gb.Source("drawn by hand")
west = gb.Region("West", shapely.box(29, 50, 30, 51), drawn, country="AA", names={})
east = gb.Region("East", shapely.box(30, 50, 31, 51), drawn, country="BB", names={})
border = gb.border_between(west, east)
zone = gb.build_zone(border, km=[5, 10], side="East", ends="flat", tolerance_m=1)
opening.BATCH_ROWS = 64
answering.has_numba = lambda: False
write = writing.TableWriter.write

def killed(self, table):
    global writes
    write(self, table)
    writes -= 1
    if writes == 0:
        os.kill(os.getpid(), signal.SIGKILL)

writing.TableWriter.write = killed
gb.classify_file(source, zone, target)
"""


def killed(*args):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, *map(str, args)], capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def test_parts_are_gone_on_with_after_a_kill(whole, rings, tmp_path, asked):
    source, single = whole
    parts = tmp_path / "parts"
    killed(source, parts, 5)
    assert len(list(parts.glob("part-*.parquet"))) == 4
    assert gb.classify_file(source, rings, parts) == 600
    assert len(asked) == 6
    same_folders(single, parts)


def test_a_kill_leaves_the_older_file(whole, tmp_path):
    source, _ = whole
    target = text(tmp_path / "out.parquet", "an older file")
    killed(source, target, 5)
    assert target.read_text(encoding="utf-8") == "an older file"


# Progress and memory


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("target", ["out.parquet", "out.csv", "parts"])
@pytest.mark.usefixtures("plainly")
def test_progress_goes_up_to_one(suffix, target, rings, places, tmp_path):
    gb.write(places, tmp_path / f"in{suffix}")
    shares = []
    gb.classify_file(tmp_path / f"in{suffix}", rings, tmp_path / target, progress=shares.append)
    assert len(shares) > 3
    assert all(0 < share <= 1 for share in shares)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


MEMORY = """
import pathlib, re, sys
import numpy as np, pyarrow as pa, pyarrow.parquet as pq, shapely
import geobuffer as gb
from geobuffer.analysis import _arrow as opening

folder, suffix = pathlib.Path(sys.argv[1]), sys.argv[2]
drawn = gb.Source("drawn by hand")
west = gb.Region("West", shapely.box(29, 50, 30, 51), drawn, names={})
east = gb.Region("East", shapely.box(30, 50, 31, 51), drawn, names={})
zone = gb.build_zone(gb.border_between(west, east), km=10, tolerance_m=1)
opening.BATCH_ROWS = 50_000
rng = np.random.default_rng(0)
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024

def made(count):
    path, writer = folder / f"{count}.parquet", None
    for _ in range(count // 100_000):
        table = pa.table({
            "lon": rng.uniform(29.9, 30.1, 100_000), "lat": rng.uniform(50, 51, 100_000),
            "a": rng.random(100_000), "b": rng.random(100_000),
        })
        writer = writer or pq.ParquetWriter(path, table.schema, compression="none")
        writer.write_table(table)
    writer.close()
    return path

small, large = made(1_000_000), made(3_000_000)
start = peak()
gb.classify_file(small, zone, folder / f"small{suffix}")
middle = peak()
assert gb.classify_file(large, zone, folder / f"large{suffix}") == 3_000_000
print(start, middle, peak())
"""


@needs_numba
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells a process's peak")
def test_memory_does_not_grow_with_the_table(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, tmp_path, ".parquet"], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    start, middle, end = map(int, done.stdout.split())
    # Two million rows more are 64 MB more in the file, and 90 MB more when answered.
    assert end - middle < 40, (start, middle, end)
    assert end < 800, (start, middle, end)


# The command


@pytest.fixture
def run(monkeypatch, tmp_path, regions, capsys):
    """Run ``geobuffer bulk`` in this process; the data are loaded but once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(gb, "load_regions", lambda: regions)
    monkeypatch.setattr(answering, "has_numba", lambda: False)
    monkeypatch.setattr(opening, "BATCH_ROWS", 500)

    def asked(*args):
        monkeypatch.setattr(sys, "argv", ["geobuffer", "bulk", *map(str, args)])
        with pytest.raises(SystemExit) as done:
            run_command()
        out, err = capsys.readouterr()
        return done.value.code or 0, out, err

    return asked


SHORT = ("--between", "Belgorod", "--and", "Sumy")


def short(regions, **options):
    border = gb.border_between(regions["Belgorod"], regions["Sumy"])
    return gb.build_zone(border, tolerance_m=1, **options)


def near(count=150):
    """Points about the border of Belgorod and Sumy."""
    rng = np.random.default_rng(5)
    return at_points(rng.uniform(34.8, 35.8, count), rng.uniform(50.2, 51.0, count))


@pytest.mark.parametrize("target", ["out.parquet", "out.csv", "parts"])
def test_the_command_says_what_it_wrote(target, run, regions, tmp_path):
    near(1200).to_parquet(tmp_path / "in.parquet")
    code, out, err = run("in.parquet", target, *SHORT)
    assert (code, out, err) == (0, f"Wrote 1,200 rows to {target}.\n", "")
    assert added(tmp_path / target) == expected(near(1200), short(regions, km=10))


@pytest.mark.parametrize(
    ("options", "meant"),
    [
        (["--km", "6"], {"km": 6}),
        (["--km", "3,6"], {"km": [3, 6]}),
        (["--km", "6", "--side", "Ukraine"], {"km": 6, "side": "Ukraine"}),
        (["--km", "15", "--ends", "flat"], {"km": 15, "ends": "flat"}),
    ],
)
def test_the_command_takes_the_options_of_a_zone(options, meant, run, regions, tmp_path):
    table = near()
    table.to_parquet(tmp_path / "in.parquet")
    code, out, err = run("in.parquet", "out.parquet", *SHORT, *options, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {"rows": 150, "file": "out.parquet"}
    wanted = expected(table, short(regions, **meant))
    assert "inside" in wanted["membership"]
    assert added(tmp_path / "out.parquet") == wanted


def test_the_command_takes_a_scenario(run, regions, tmp_path):
    text(
        tmp_path / "mine.toml",
        'title = "Моя"\n[zone]\nbetween = "Belgorod"\nand = "Sumy"\nside = "Russia"\nkm = [3, 6]\n'
        'ends = "flat"\n[[report]]\nclaim = "A test says so."\n',
    )
    near().to_parquet(tmp_path / "in.parquet")
    code, _, err = run("in.parquet", "out.parquet", "--scenario", "mine.toml")
    assert (code, err) == (0, "")
    zone = short(regions, km=[3, 6], side="Russia", ends="flat")
    assert added(tmp_path / "out.parquet") == expected(near(), zone)


MISTAKES = [
    (["none.parquet", "out.parquet"], "none.parquet"),
    (["in.parquet", "out.gpkg"], "out.gpkg"),
    (["in.parquet", "nowhere/out.parquet"], "nowhere"),
    (["in.txt", "out.parquet"], "in.txt"),
    (["bad.csv", "out.parquet"], "row 1: 'п'"),
    (["beyond.csv", "out.parquet"], "latitude 136"),
    (["html.parquet", "out.parquet"], "html.parquet"),
    (["no-crs.parquet", "out.parquet"], "reference system"),
    (["in.parquet", "out.parquet", "--km", "ten"], "'ten'"),
    (["in.parquet", "out.parquet", "--side", "Ukrane"], "Ukrane"),
    (["in.parquet", "out.parquet", "--ends", "square"], "square"),
    (["in.parquet", "out.parquet", "--scenario", "none.toml"], "none.toml"),
    (["in.parquet", "mine"], "notes.txt"),
    (["in.parquet"], "target"),
]


@pytest.mark.parametrize(("args", "fragment"), MISTAKES)
def test_mistakes_are_one_line_and_nothing_is_written(args, fragment, run, tmp_path):
    near(3).to_parquet(tmp_path / "in.parquet")
    text(tmp_path / "in.txt", "lon,lat\n")
    text(tmp_path / "bad.csv", "lon,lat\n35,50\nп,50\n")
    text(tmp_path / "beyond.csv", "lon,lat\n35,136\n")
    text(tmp_path / "html.parquet", "<html>")
    by_hand(tmp_path / "no-crs.parquet", wkb(near(3).geometry.to_numpy()), crs=None)
    (tmp_path / "mine").mkdir()
    text(tmp_path / "mine" / "notes.txt", "mine")
    before = {path: path.is_file() and pinned(path) for path in tmp_path.rglob("*")}
    between = () if "--scenario" in args else SHORT
    code, out, err = run(*args, *between)
    assert (code, out) == (2, "")
    assert err.startswith("geobuffer: ")
    assert err.count("\n") == 1
    assert fragment in err
    assert {path: path.is_file() and pinned(path) for path in tmp_path.rglob("*")} == before


# Files and zones of more kinds


def test_boxes_of_geoparquet_are_left_out_of_csv_and_kept_in_parquet(rings, places, tmp_path):
    source = gb.write(places, tmp_path / "in.parquet")
    gb.classify_file(source, rings, tmp_path / "out.csv")
    gb.classify_file(source, rings, tmp_path / "out.parquet")
    assert "bbox" not in pd.read_csv(tmp_path / "out.csv").columns
    assert "bbox" in pq.read_schema(tmp_path / "out.parquet").names
    assert "bbox" not in gpd.read_parquet(tmp_path / "out.parquet").columns


def test_combined_zones_answer_as_classify_does(rings, strip, places, tmp_path):
    disc = gb.border_around(shapely.Point(29.8, 50.5), names=["plant"], source=gb.Source("a map"))
    zone = gb.unite(rings, gb.build_zone(disc, km=20, tolerance_m=5), name="either")
    source = gb.write(places, tmp_path / "in.parquet")
    gb.classify_file(source, zone, tmp_path / "out.parquet")
    found = pd.read_parquet(tmp_path / "out.parquet", columns=ADDED)
    told = gb.classify(places, zone, compiled=False)
    for column in ("side", "section", "ring", "membership"):
        texts = found[column].astype(object)
        assert texts.fillna("").tolist() == told[column].astype(object).fillna("").tolist()
    assert {"West–East", "plant"} <= set(found["section"].astype(str))
    assert np.abs(found["distance_km"] - told["distance_km"]).max() < 1e-7


def test_parts_of_another_combined_zone_are_refused(rings, places, tmp_path):
    source = gb.write(places, tmp_path / "in.parquet")
    park = gb.Region("Park", shapely.box(30, 50.2, 30.1, 50.4), gb.Source("a map"))
    gb.classify_file(source, gb.unite(rings, park), tmp_path / "parts")
    with pytest.raises(gb.DataError):
        gb.classify_file(source, gb.subtract(rings, park), tmp_path / "parts")
