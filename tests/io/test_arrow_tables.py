"""Tables of other libraries give the same answers as tables of geopandas, as Arrow."""

import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely

import geobuffer as gb
from geobuffer.io.arrow_tables import make_points_table, read_arrow_stream

ROWS = 2_000


@pytest.fixture(scope="module")
def zone(border):
    return gb.build_zone(border, km=[5, 10], side="Ukraine", tolerance_m=50)


@pytest.fixture(scope="module")
def places():
    """Return a table of geopandas with points near the border, one of them missing."""
    rng = np.random.default_rng(0)
    lon, lat = rng.uniform(31.5, 38.0, ROWS), rng.uniform(50.0, 52.5, ROWS)
    points = shapely.points(lon, lat)
    points[5] = None
    facts = {
        "id": np.arange(ROWS),
        "accuracy_m": rng.choice([10.0, 2_000.0, np.nan], ROWS),
        "country": rng.choice(["UA", "RU", ""], ROWS),
    }
    return gpd.GeoDataFrame(facts, geometry=points, crs="EPSG:4326")


def _to_columns(places):
    lon, lat = shapely.get_coordinates(places.geometry.fillna(shapely.Point(0, 0))).T.copy()
    lon[5] = np.nan
    facts = pd.DataFrame(places.drop(columns="geometry"))
    return pa.Table.from_pandas(facts.assign(lon=lon, lat=lat), preserve_index=False)


def _to_polars(places):
    return pytest.importorskip("polars").from_arrow(_to_columns(places))


def _to_duckdb(places):
    columns = _to_columns(places)
    return pytest.importorskip("duckdb").connect().from_arrow(columns).order("id")


def _to_ibis(places):
    import ibis

    return ibis.memtable(_to_columns(places)).order_by("id")


class _OnlyStream:
    """A table that offers nothing but the stream, such as one of a library we do not know."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


LIBRARIES = {
    "pyarrow": _to_columns,
    "polars": _to_polars,
    "duckdb": _to_duckdb,
    "ibis": _to_ibis,
    "unknown": lambda places: _OnlyStream(_to_columns(places)),
    "geoarrow, WKB": lambda places: pa.table(places.to_arrow()),
    "geoarrow": lambda places: pa.table(places.to_arrow(geometry_encoding="geoarrow")),
    "geoarrow, in metres": lambda places: pa.table(places.to_crs("EPSG:32636").to_arrow()),
}


@pytest.mark.parametrize("library", LIBRARIES)
def test_classify_gives_the_answers_of_geopandas_as_arrow(library, places, zone):
    found = gb.classify(LIBRARIES[library](places), zone)
    assert isinstance(found, pa.Table)
    wanted = gb.classify(places, zone)
    assert set(wanted["membership"].dropna()) == {"inside", "outside", "uncertain"}
    assert (wanted["conflict"] != "").any()
    got = found.to_pandas()
    # Coordinates in metres come back within a nanometre.
    pd.testing.assert_frame_equal(got, wanted, check_dtype=False, rtol=0.0, atol=1e-9)


@pytest.mark.parametrize("library", ["pyarrow", "polars", "ibis", "geoarrow, WKB"])
def test_within_keeps_all_columns(library, places, zone):
    with pytest.warns(UserWarning, match="without a point"):
        found = gb.within(LIBRARIES[library](places), zone)
    with pytest.warns(UserWarning, match="without a point"):
        wanted = gb.within(places, zone)
    assert isinstance(found, pa.Table)
    assert 0 < len(wanted) < ROWS
    assert found["id"].to_pylist() == wanted["id"].tolist()
    assert found["membership"].to_pylist() == wanted["membership"].tolist()
    given = pa.table(LIBRARIES[library](places))
    assert found.column_names[: given.num_columns] == given.column_names
    assert found.schema.field(given.num_columns - 1).equals(given.schema.field(-1))


@pytest.mark.parametrize("library", ["pyarrow", "ibis"])
def test_distances_and_sections_are_arrow_too(library, places, border):
    table = LIBRARIES[library](places)
    distance = gb.distance_to_border(table, border)
    assert isinstance(distance, pa.ChunkedArray)
    wanted = gb.locate(places, border, nearest_point=True)
    assert distance.to_numpy() == pytest.approx(wanted["distance_km"].to_numpy(), nan_ok=True)
    found = gb.locate(table, border, nearest_point=True).to_pandas()
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False)
    section = gb.nearest_section(table, border)
    assert section["section"].to_pylist()[:5] == wanted["section"].tolist()[:5]


@pytest.mark.parametrize("library", ["pyarrow", "polars", "duckdb", "ibis", "geoarrow, in metres"])
def test_clip_and_buffer_give_the_shapes_of_geopandas_as_arrow(library, places, zone):
    near = places.iloc[:400]
    asked = LIBRARIES[library](near)
    given = pa.table(asked)
    for ask in (
        lambda table: gb.clip(table, zone),
        lambda table: gb.buffer(table, 1, side="around"),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the warning of a row without a point
            found, wanted = ask(asked), ask(near)
        assert isinstance(found, pa.Table)
        assert 0 < len(wanted) == found.num_rows
        assert set(given.column_names) - {"geometry"} <= set(found.column_names)
        assert found["id"].to_pylist() == wanted["id"].tolist()
        shapes = gpd.GeoDataFrame.from_arrow(found)
        assert shapes.geometry.name == "geometry"
        there = wanted.geometry.notna().to_numpy()
        assert (shapes.geometry.notna() == there).all()
        pairs = (frame.geometry.to_crs(4326).to_numpy()[there] for frame in (shapes, wanted))
        off = shapely.hausdorff_distance(*pairs)
        assert off.max() < 1e-4  # zones of a table in metres have other vertices
    with pytest.warns(UserWarning, match="zone"):
        united = gb.buffer(asked, 1, dissolve="country")
    assert isinstance(united, pa.Table)
    assert sorted(united["country"].to_pylist()) == sorted(near["country"].unique())


@pytest.mark.parametrize("library", ["pyarrow", "polars"])
def test_counts_are_those_of_geopandas(library, places, zone):
    near = places.assign(population=7)
    for ask in (
        lambda table: gb.exposure(table, zone, by="country"),
        lambda table: gb.exposure_curve(table, zone.border, to_km=10, step_km=5),
    ):
        with pytest.warns(UserWarning, match="without a point"):
            found = ask(LIBRARIES[library](near))
        with pytest.warns(UserWarning, match="without a point"):
            pd.testing.assert_frame_equal(found, ask(near))


def test_lines_of_another_library_get_the_answers_of_geopandas(zone, border):
    roads = gpd.GeoDataFrame(
        {"id": [1]}, geometry=[shapely.LineString([(34.0, 51.0), (35.5, 51.5)])], crs="EPSG:4326"
    )
    found = gb.classify(pa.table(roads.to_arrow()), zone)
    assert found["inside_km"].to_pylist() == gb.classify(roads, zone)["inside_km"].tolist()
    part = gpd.GeoDataFrame.from_arrow(gb.clip(pa.table(roads.to_arrow()), zone))
    assert part.geometry.geom_equals(gb.clip(roads, zone).geometry).all()
    assert part["id"].tolist() == [1]


def test_columns_are_not_copied(places):
    table = _to_columns(places)
    again = read_arrow_stream(_OnlyStream(table))
    for name in table.column_names:
        ours, theirs = (t.column(name).chunk(0).buffers()[-1].address for t in (again, table))
        assert ours == theirs
    assert make_points_table(again, ()).columns.tolist() == ["geometry"]


def test_rows_of_a_table_that_had_an_index_are_numbered(places, zone):
    """pandas leaves its index in the metadata, which to_pandas() would set again."""
    frame = _to_columns(places).slice(0, 5).to_pandas().assign(id=list("edcba"))
    table = pa.Table.from_pandas(frame.set_index("id"))
    assert gb.buffer(table, 1, side="around")["id"].to_pylist() == list("edcba")
    stream = pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
    assert len(gb.exposure_curve(stream, zone.border, to_km=5, step_km=5)) == 1


@pytest.mark.parametrize(
    ("values", "kind", "system"),
    [
        ([b"xx"], "wkb", '{"crs": "EPSG:4326"}'),
        ([shapely.Point(34, 51).wkb], "wkb", '{"crs": "nonsense"}'),
        ([shapely.Point(34, 51).wkb], "wkb", "{"),
        (["POINT (34 51)"], "wkt", '{"crs": "EPSG:4326"}'),
    ],
)
def test_shapes_that_cannot_be_read_name_their_column(values, kind, system, zone):
    array = pa.array(values)
    facts = {"ARROW:extension:name": f"geoarrow.{kind}", "ARROW:extension:metadata": system}
    table = pa.table([array], pa.schema([pa.field("where", array.type, metadata=facts)]))
    with pytest.raises(gb.DataError, match="Invalid column 'where': its shapes or"):
        gb.classify(table, zone)


def test_what_cannot_be_read_is_refused(places, zone):
    twice = pa.table([[34.8], [50.9], [1], [2]], names=["lon", "lat", "n", "n"])
    with pytest.raises(gb.DataError, match="several columns are named 'n'"):
        gb.clip(twice, zone)
    with pytest.raises(gb.DataError, match=r"among 'where'\. Must have .* lon and lat"):
        gb.classify(pa.table({"where": [shapely.Point(34, 51).wkb]}), zone)
    no_crs = gpd.GeoDataFrame(geometry=places.geometry.set_crs(None, allow_override=True))
    with pytest.raises(gb.MissingCRSError, match="'geometry' of the table has no coordinate"):
        gb.classify(pa.table(no_crs.to_arrow()), zone)
    with pytest.raises(gb.DataError, match="name"):
        gb.classify(pa.table({"name": ["Sumy"]}), zone)
    with pytest.raises(gb.DataError, match="Invalid column 'lon'"):
        gb.classify(pa.table({"lon": ["34.8 E"], "lat": [50.9]}), zone)
    two = places.assign(other=places.geometry)
    with pytest.raises(gb.DataError, match="several columns hold shapes: 'geometry', 'other'"):
        gb.classify(pa.table(two.to_arrow()), zone)
