"""Large tables: points are read from every encoding, and metadata of the source are kept."""

import decimal
import json
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from support.bulk_tables import (
    ADDED,
    classify_rows,
    encode_wkb,
    make_points,
    read_answers,
    write_coordinates,
    write_geoparquet,
    write_text_file,
)
from support.engines import use_engine

import geobuffer as gb
from geobuffer.analysis import _arrow
from geobuffer.analysis._arrow import read_points


def encode_points(points):
    """Return points in every form of well-known binary, by its name."""
    z = shapely.points(shapely.get_x(points), shapely.get_y(points), 120.0)
    srid = shapely.set_srid(points, 4326)
    mixed = encode_wkb(points).to_pylist()
    mixed[1::2] = shapely.to_wkb(points[1::2], byte_order=0).tolist()
    whole = encode_wkb(np.concatenate([points[:3], points, points[:5]]))
    return {
        "little-endian": encode_wkb(points, byte_order=1),
        "big-endian": encode_wkb(points, byte_order=0),
        "mixed": pa.array(mixed, pa.binary()),
        "EWKB": encode_wkb(srid, include_srid=True),
        "Z, ISO": encode_wkb(z, flavor="iso"),
        "Z, extended": encode_wkb(z, flavor="extended"),
        "large": encode_wkb(points, pa.large_binary()),
        "large, big-endian": encode_wkb(points, pa.large_binary(), byte_order=0),
        "view": encode_wkb(points).cast(pa.binary_view()),
        "sliced": whole[3 : 3 + len(points)],
        "chunks": pa.chunked_array(
            [encode_wkb(points[:7]), encode_wkb(points[:0]), encode_wkb(points[7:])]
        ),
    }


@pytest.mark.parametrize("way", encode_points(shapely.points([[0, 0], [1, 1]])))
def test_points_are_read_from_any_well_known_binary(way, rings, places, tmp_path, monkeypatch):
    monkeypatch.setattr(_arrow, "BATCH_ROWS", 41)
    some = places[["geometry"]].iloc[:200]
    geometry = encode_points(some.geometry.to_numpy())[way]
    kinds = ["Point Z"] if way.startswith("Z") else ["Point"]
    source = write_geoparquet(tmp_path / "in.parquet", geometry, kinds=kinds, group=77)
    gb.classify_file(source, rings, tmp_path / "out.parquet")
    assert read_answers(tmp_path / "out.parquet") == classify_rows(some, rings)
    now = pq.read_table(tmp_path / "out.parquet")["geometry"]
    assert now.equals(pq.read_table(source)["geometry"])


@pytest.mark.parametrize("way", encode_points(shapely.points([[0, 0], [1, 1]])))
def test_arrays_in_memory_are_read_as_shapely_reads_them(way):
    """Arrays in memory may have slices and chunks, which files do not keep."""
    points = shapely.points(np.random.default_rng(2).uniform(-80, 80, (40, 2)))
    for start, stop in [(0, 40), (5, 23), (39, 40), (11, 11)]:
        table = pa.table({"g": encode_points(points)[way]})[start:stop]
        at = _arrow.Coordinates(("g",), "WKB", None)
        source = _arrow.TableSource(Path("in.parquet"), table.schema, at, lambda: iter(()))
        lon, lat = read_points(table, source, 0)
        assert (
            np.column_stack([lon, lat]).tolist()
            == shapely.get_coordinates(points[start:stop]).tolist()
        )


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32636"])
@pytest.mark.parametrize("absent", [[0], [3, 4, 5], range(10)])
@pytest.mark.parametrize("empty", [None, shapely.Point()])
@pytest.mark.usefixtures("small_batches")
def test_rows_without_a_point_get_missing_values(encoding, crs, absent, empty, rings, tmp_path):
    points = shapely.points(np.linspace(29.9, 30.1, 10), 50.5)
    points[list(absent)] = empty
    if encoding == "geoarrow" and len(absent) == 10 and empty is None:
        pytest.skip("geopandas does not write it")
    table = gpd.GeoDataFrame(geometry=points, crs="EPSG:4326").to_crs(crs)
    table.to_parquet(tmp_path / "in.parquet", geometry_encoding=encoding)
    gb.classify_file(tmp_path / "in.parquet", rings, tmp_path / "out.parquet")
    now, wanted = read_answers(tmp_path / "out.parquet"), classify_rows(table, rings)
    for name in ADDED:
        assert [row for row in range(10) if now[name][row] is None and name != "ring"] == (
            [row for row in range(10) if wanted[name][row] is None and name != "ring"]
        )
        if name not in {"side", "margin_km", "conflict"}:
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
@pytest.mark.usefixtures("small_batches")
def test_coordinate_columns_have_many_names(names, suffix, rings, tmp_path):
    source = tmp_path / f"in{suffix}"
    if suffix == ".csv":
        write_text_file(source, f"{names[1]},{names[0]}\n50.5,30.05\n50.6,30.1\n")
    else:
        write_coordinates(source, names)
    gb.classify_file(source, rings, tmp_path / "out.parquet")
    wanted = classify_rows(make_points([30.05, 30.1], [50.5, 50.6]), rings)
    assert read_answers(tmp_path / "out.parquet") == wanted
    kept = pq.read_schema(tmp_path / "out.parquet").names[:2]
    assert sorted(kept) == sorted(names)


@pytest.mark.usefixtures("small_batches")
def test_longitude_takes_precedence_over_x(rings, tmp_path):
    source = write_coordinates(tmp_path / "in.parquet", x=[3e5, 3e5], y=[5e6, 5e6])
    gb.classify_file(source, rings, tmp_path / "out.parquet")
    wanted = classify_rows(make_points([30.05, 30.1], [50.5, 50.6]), rings)
    assert read_answers(tmp_path / "out.parquet") == wanted


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
@pytest.mark.usefixtures("small_batches")
def test_coordinates_may_have_any_number_type(kind, rings, tmp_path):
    lon, lat = [30.0625, None, 30.125], [50.5, None, 50.5]
    made = COLUMNS[kind]
    source = write_coordinates(
        tmp_path / "in.parquet", lon=made(lon), lat=made(lat), radius_m=made([None, 9, 9])
    )
    gb.classify_file(source, rings, tmp_path / "out.parquet")
    table = make_points([30.0625, np.nan, 30.125], [50.5, np.nan, 50.5], radius_m=[np.nan, 9, 9])
    assert read_answers(tmp_path / "out.parquet") == classify_rows(table, rings)
    assert pq.read_table(tmp_path / "out.parquet")["lon"].equals(pq.read_table(source)["lon"])


@pytest.mark.parametrize("engine", ["tree", "numpy"])
def test_longitudes_beyond_180_are_wrapped(engine, rings, tmp_path):
    source = write_coordinates(tmp_path / "in.parquet", lon=[390.05, -329.95], lat=[50.5, 50.5])
    with use_engine(engine):
        gb.classify_file(source, rings, tmp_path / "out.parquet")
    wanted = classify_rows(make_points([390.05, -329.95], [50.5, 50.5]), rings)
    assert wanted["side"] == ["East", "East"]
    now = read_answers(tmp_path / "out.parquet")
    assert now.pop("distance_km") == pytest.approx(wanted.pop("distance_km"), abs=1e-8)
    assert now == wanted


@pytest.mark.usefixtures("small_batches")
def test_the_metadata_of_the_source_are_kept(rings, places, tmp_path):
    places.set_index("name").to_parquet(tmp_path / "in.parquet", write_covering_bbox=True)
    gb.classify_file(tmp_path / "in.parquet", rings, tmp_path / "out.parquet")
    was, now = (pq.read_schema(tmp_path / f"{name}.parquet").metadata for name in ("in", "out"))
    assert json.loads(now[b"geo"]) == json.loads(was[b"geo"])
    origin = {"zone_id": rings.digest, "made_with": f"geobuffer {gb.__version__}"}
    assert json.loads(now[b"geobuffer"]) == origin
    back = gpd.read_parquet(tmp_path / "out.parquet")
    pd.testing.assert_frame_equal(
        back.drop(columns=ADDED), gpd.read_parquet(tmp_path / "in.parquet"), check_like=True
    )
    assert pd.read_parquet(tmp_path / "out.parquet")["membership"].notna().all()


@pytest.mark.usefixtures("small_batches")
def test_parts_are_read_as_one_table(rings, places, tmp_path):
    places.to_parquet(tmp_path / "in.parquet")
    assert gb.classify_file(tmp_path / "in.parquet", rings, tmp_path / "parts") == 600
    files = sorted(file.name for file in (tmp_path / "parts").iterdir())
    assert files == ["_geobuffer.json", *(f"part-{n:06}.parquet" for n in range(10))]
    back = gpd.read_parquet(tmp_path / "parts")
    assert back.crs == "EPSG:4326"
    assert back["id"].tolist() == places["id"].tolist()
    assert read_answers(tmp_path / "parts") == classify_rows(places, rings)
    for number in range(10):
        part = gpd.read_parquet(tmp_path / "parts" / f"part-{number:06}.parquet")
        assert part["id"].tolist() == places["id"].tolist()[64 * number : 64 * (number + 1)]


def test_boxes_of_geoparquet_are_left_out_of_csv_and_kept_in_parquet(rings, places, tmp_path):
    source = gb.write(places, tmp_path / "in.parquet")
    gb.classify_file(source, rings, tmp_path / "out.csv")
    gb.classify_file(source, rings, tmp_path / "out.parquet")
    assert "bbox" not in pd.read_csv(tmp_path / "out.csv").columns
    assert "bbox" in pq.read_schema(tmp_path / "out.parquet").names
    assert "bbox" not in gpd.read_parquet(tmp_path / "out.parquet").columns


POINT = shapely.Point(35.038, 51.123)
LINE = shapely.LineString([(34, 51), (35, 51)])
# Shapes of two rows, with words of the error or the warning that both readers give.
MIXTURES = {
    "one point in a collection": ([POINT, shapely.MultiPoint([POINT])], ""),
    "points and a line": ([POINT, LINE], "no points were left out: 1 line"),
    "several points": ([POINT, shapely.MultiPoint([POINT, (34, 51)])], "2 points. Must be one"),
}


def write_mixture(shapes, way, path):
    table = gpd.GeoDataFrame({"name": ["A", "B"]}, geometry=shapes, crs=4326)
    if way == "GeoParquet":
        table.to_parquet(path)
    elif way == "WKB":
        pd.DataFrame({"name": ["A", "B"], "geometry": table.to_wkb()["geometry"]}).to_parquet(path)
    else:
        pd.DataFrame({"name": ["A", "B"], "wkt": table.to_wkt()["geometry"]}).to_csv(path)


@pytest.mark.parametrize("way", ["GeoParquet", "WKB", "WKT"])
@pytest.mark.parametrize("mixture", MIXTURES)
def test_mixed_shapes_are_read_as_by_read_settlements(mixture, way, rings, tmp_path):
    shapes, words = MIXTURES[mixture]
    path, target = tmp_path / "mixed", tmp_path / "out.parquet"
    write_mixture(shapes, way, path)
    readers = [
        lambda: classify_rows(gb.read_settlements(path), rings),
        lambda: gb.classify_file(path, rings, target) and read_answers(target),
    ]
    said = []
    for read in readers:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                found = read()
            except gb.GeobufferError as error:
                found = str(error)
        said.append((found, [str(one.message) for one in warned]))
    assert words in str(said[0])
    np.testing.assert_equal(said[1][1], said[0][1])
    if isinstance(said[0][0], str):
        assert said[1][0] == said[0][0]
    else:
        assert said[1][0]["distance_km"] == pytest.approx(said[0][0]["distance_km"])


@pytest.mark.parametrize("way", ["GeoParquet", "WKB", "WKT"])
def test_lines_are_refused_with_who_takes_them(way, rings, tmp_path):
    write_mixture([LINE, LINE], way, tmp_path / "lines")
    with pytest.raises(
        gb.GeometryError, match=r"LineString. Must be points; classify\(\) judges lines"
    ):
        gb.classify_file(tmp_path / "lines", rings, tmp_path / "out.parquet")


def test_a_row_of_tags_in_parquet_is_no_place(rings, tmp_path):
    rows = {"v": ["#adm4+name", "A"], "a": ["#geo+lat", "51.1"], "b": ["#geo+lon", "35.0"]}
    pd.DataFrame(rows).to_parquet(tmp_path / "hxl.parquet")
    with pytest.warns(UserWarning, match="further headers"):
        assert gb.classify_file(tmp_path / "hxl.parquet", rings, tmp_path / "out.csv") == 1
