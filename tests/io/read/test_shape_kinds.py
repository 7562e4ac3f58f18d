"""Files that mix points, lines, areas and collections: each reader takes what it asks for."""

import json

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from shapely.geometry import mapping

import geobuffer as gb

POINT, LINE = shapely.Point(35, 51), shapely.LineString([(35, 51), (36, 51)])
AREA = shapely.box(35, 51, 36, 52)
ALL = shapely.GeometryCollection([POINT, LINE, AREA])
NESTED = shapely.GeometryCollection(
    [shapely.GeometryCollection([AREA]), shapely.box(37, 51, 38, 52)]
)


def features(path, *shapes):
    listed = [
        {"type": "Feature", "properties": {"name": f"n{number}"}, "geometry": mapping(shape)}
        for number, shape in enumerate(shapes)
    ]
    document = {"type": "FeatureCollection", "features": listed}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


READERS = {
    "points": lambda path: gb.read_settlements(path)["name"].tolist(),
    "lines": lambda path: [one.name for one in gb.read_border(path).sections],
    "areas": lambda path: [region.name for region in gb.read_regions(path)],
}


@pytest.mark.parametrize(
    ("shapes", "kind", "names", "notes"),
    [
        ((POINT, LINE, AREA), "points", ["n0"], ["no points were left out: 1 line, 1 area: 2"]),
        ((POINT, LINE, AREA), "lines", ["n1"], ["no lines were left out: 1 point, 1 area: 2"]),
        ((POINT, LINE, AREA), "areas", ["n2"], ["left out: 1 point, 1 line: 2 (rows 0, 1)"]),
        (
            (ALL, POINT),
            "points",
            ["n0", "n1"],
            ["parts that are no points were left out: 1 (row 0"],
        ),
        ((POINT, ALL), "lines", ["n1"], ["1 point: 1 (row 0)", "parts that are no lines"]),
        ((ALL, LINE), "areas", ["n0"], ["1 line: 1 (row 1)", "parts that are no areas"]),
        ((NESTED,), "areas", ["n0"], []),
        ((shapely.GeometryCollection([POINT]),), "points", ["n0"], []),
    ],
)
def test_each_reader_names_the_reader_for_other_kinds(
    tmp_path, recwarn, shapes, kind, names, notes
):
    path = features(tmp_path / "mixed.geojson", *shapes)
    assert READERS[kind](path) == names
    said = "\n".join(str(one.message) for one in recwarn)
    assert len(recwarn) == len(notes), said
    assert all(note in said for note in notes), said


def test_a_file_without_the_kind_says_what_it_holds(tmp_path):
    path = features(tmp_path / "lines.geojson", LINE, AREA)
    with pytest.raises(gb.GeometryError, match=r"row 0 .*LineString.*read_border"):
        gb.read_settlements(path)


def test_layers_and_tables_are_sorted_alike(tmp_path):
    frame = gpd.GeoDataFrame({"name": ["A", "B", "C"]}, geometry=[POINT, AREA, LINE], crs=4326)
    frame.to_file(tmp_path / "mixed.gpkg")
    frame.to_parquet(tmp_path / "mixed.parquet")
    for given in (tmp_path / "mixed.gpkg", tmp_path / "mixed.parquet", frame):
        with pytest.warns(UserWarning, match="no points were left out"):
            assert gb.read_settlements(given)["name"].tolist() == ["A"]
        with pytest.warns(UserWarning, match="no areas were left out"):
            assert [region.name for region in gb.read_regions(given)] == ["B"]


def test_rows_keep_their_numbers_in_messages_when_others_are_left_out(tmp_path):
    far = shapely.Point(35, 95)
    path = features(tmp_path / "mixed.geojson", LINE, POINT, far)
    with pytest.raises(gb.DataError, match=r"row 2 of .*latitude 95"):
        gb.read_settlements(path)


def _write_parquet(path, text, **facts):
    stated = {"encoding": "WKT", "geometry_types": [], **facts}
    geo = {"version": "0.4.0", "primary_column": "shape", "columns": {"shape": stated}}
    table = pa.table({"name": ["A", "B"], "shape": text})
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    return path


def test_geoparquet_with_shapes_as_text_is_read(tmp_path):
    path = _write_parquet(tmp_path / "a.parquet", ["POINT (35 51)", None])
    with pytest.warns(UserWarning, match="rows without coordinates"):
        assert gb.read_settlements(path).geometry[0] == POINT
    path = _write_parquet(tmp_path / "b.parquet", ["POINT (35 51)", "POINT (36 51)"], crs=None)
    with pytest.raises(gb.MissingCRSError):
        gb.read_settlements(path)
    metres = _write_parquet(
        tmp_path / "c.parquet",
        ["POINT (3339584.72 6446275.84)", "POINT (3450904.2 6446275.84)"],
        crs="EPSG:3857",
    )
    assert gb.read_settlements(metres).geometry[1].x == pytest.approx(31.0)


@pytest.mark.parametrize("text", ["POINT (35", "GEOMETRYCOLLECTION (" * 100_000])
def test_texts_that_are_no_shapes_are_refused_by_row(tmp_path, text):
    path = _write_parquet(tmp_path / "a.parquet", ["POINT (35 51)", text])
    with pytest.raises(gb.DataError, match=r"row 1 of .*a\.parquet"):
        gb.read_settlements(path)
