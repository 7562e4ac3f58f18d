"""Tables for the tests of classify_file: write sources, read answers, check refusals."""

import csv
import datetime as dt
import decimal
import hashlib
import importlib.util
import io
import json

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

import geobuffer as gb

# The columns that classify_file adds.
ADDED = [
    "distance_km", "side", "section", "chainage_km", "ring", "membership", "p_inside",
    "margin_km", "conflict",
]  # fmt: skip

# Stands for a parameter that is not given, where None has a meaning.
ABSENT = object()

needs_numba = pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="no numba")


def classify_rows(table, zone):
    """Return the answers of classify as a file holds them: None where one is missing."""
    found = gb.classify(table, zone)[ADDED]
    return {name: [None if pd.isna(value) else value for value in found[name]] for name in ADDED}


def read_answers(path):
    """Return the columns that were added to a file or to a folder of parts."""
    table = pq.read_table(path) if path.suffix != ".csv" else read_csv_table(path)
    return {name: table.column(name).to_pylist() for name in ADDED}


def read_csv_rows(path):
    """Return the header and the rows of a CSV file, as lists of texts."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def read_csv_table(path):
    """Return a CSV file as a table of texts; only lengths and probabilities are numbers."""
    header, *rows = read_csv_rows(path)
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    for name in ADDED:
        read = float if name.endswith("_km") or name == "p_inside" else str
        empty = "" if name in {"side", "conflict"} else None
        columns[name] = [read(text) if text else empty for text in columns[name]]
    return pa.table({name: list(values) for name, values in columns.items()})


def file_state(path):
    """Return the checksum of a file and the time of its last change."""
    return hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns


def write_geoparquet(
    path, geometry, *, crs=ABSENT, kinds=("Point",), encoding="WKB", group=None, **columns
):
    """Write GeoParquet with a geometry column as given and any other columns."""
    column = {"encoding": encoding, "geometry_types": list(kinds)}
    if crs is not ABSENT:
        column["crs"] = crs
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    table = pa.table({**columns, "geometry": geometry})
    table = table.replace_schema_metadata({"geo": json.dumps(geo)})
    pq.write_table(table, path, row_group_size=group)
    return path


def encode_wkb(points, kind=None, **options):
    """Return points as a column of well-known binary."""
    return pa.array(shapely.to_wkb(points, **options), kind or pa.binary())


def write_coordinates(path, names=("lon", "lat"), lon=(30.05, 30.1), lat=(50.5, 50.6), **columns):
    """Write plain Parquet with columns of coordinates."""
    pq.write_table(pa.table({names[0]: lon, names[1]: lat, **columns}), path)
    return path


def write_text_file(path, content, encoding="utf-8"):
    """Write a text and return the path."""
    path.write_bytes(content.encode(encoding))
    return path


def make_points(lon, lat, **columns):
    """Return a table of points; a missing coordinate makes a row without a point."""
    points = [None if pd.isna(x) else shapely.Point(x, y) for x, y in zip(lon, lat, strict=True)]
    return gpd.GeoDataFrame(columns, geometry=points, crs="EPSG:4326")


def make_columns(count):
    """Return columns of every type, with missing values."""
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


def format_csv(rows, mark):
    """Return rows as CSV with a given separator."""
    made = io.StringIO(newline="")
    csv.writer(made, delimiter=mark, lineterminator="\n").writerows(rows)
    return made.getvalue()


def check_refused(source, zone, target, *fragments, error=gb.DataError):
    """Check that a source is refused in one sentence, and that nothing is written."""
    folder = target.parent
    before = sorted(folder.rglob("*")) if folder.is_dir() else None
    with pytest.raises(error) as caught:
        gb.classify_file(source, zone, target)
    for fragment in fragments:
        assert fragment in str(caught.value)
    if before is not None:
        assert sorted(folder.rglob("*")) == before
