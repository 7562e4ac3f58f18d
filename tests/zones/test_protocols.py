"""Nouns as tables, Features of GeoJSON and streams of Arrow, as other libraries take them."""

import json

import geopandas as gpd
import pyarrow as pa
import pytest
import shapely

import geobuffer as gb

SOURCE = gb.Source("a map", licence="CC0", accuracy_m=20)


@pytest.fixture(scope="module")
def nouns(border):
    zone = gb.build_zone(border, km=[5, 10], side="Ukraine", tolerance_m=50)
    spots = gb.border_around(shapely.points([(30.0, 50.0), (30.5, 50.0)]), source=SOURCE)
    regions = gb.Regions(border.regions)
    circle = gb.build_zone(spots, km=3)
    return {
        "zone": (zone, 2, zone.polygon),
        "combined": (gb.unite(circle, zone), 1, None),
        "border": (border, len(border.sections), border.line),
        "spots": (spots, len(spots.sections), shapely.MultiPoint([(30.0, 50.0), (30.5, 50.0)])),
        "section": (border.sections[0], 1, border.sections[0].line),
        "side": (border.sides[1], 1, border.sides[1].area),
        "region": (regions.members[0], 1, regions.members[0].geometry),
        "regions": (regions, len(regions), None),
    }


NAMES = ["zone", "combined", "border", "spots", "section", "side", "region", "regions"]


@pytest.mark.parametrize("name", NAMES)
def test_tables_and_streams_have_the_same_rows(name, nouns):
    noun, rows, _ = nouns[name]
    frame = noun.to_frame()
    assert len(frame) == rows
    assert frame.crs.to_epsg() == 4326
    stream = pa.table(noun)
    assert stream.num_rows == rows
    assert stream.column_names == list(frame.columns)
    kind = stream.schema.field("geometry").metadata[b"ARROW:extension:name"]
    assert kind == b"geoarrow.wkb"
    back = gpd.GeoDataFrame.from_arrow(stream)
    assert back.geometry.geom_equals_exact(frame.geometry, 0.0).all()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "regions"])
def test_nouns_are_features(name, nouns):
    noun, _, shape = nouns[name]
    shape = noun.polygon if shape is None else shape
    assert shapely.equals(shapely.geometry.shape(noun), shape)
    json.dumps(noun.__geo_interface__, allow_nan=False)
    [row] = gpd.GeoDataFrame.from_features([noun]).to_dict("records")
    frame = noun.to_frame()
    for column in frame.columns.drop("geometry"):
        shared = frame[column].nunique(dropna=False) == 1
        assert (column in row) == shared
        if shared:
            assert row[column] == pytest.approx(frame[column].iloc[0], nan_ok=True)


def test_facts_of_a_border_are_in_every_row(border):
    frame = border.to_frame()
    assert frame["length_km"].sum() == pytest.approx(border.length_km)
    assert frame["name_uk"].tolist() == [section.label("uk") for section in border.sections]
    assert set(frame["sides"]) == {"Russia; Ukraine"}
    assert set(frame["source"]) == {border.source.title}


def test_regions_are_a_collection_that_reads_back(border, tmp_path):
    regions = gb.Regions(border.regions)
    table = gpd.GeoDataFrame.from_features(regions, crs="EPSG:4326")
    assert table["iso"].tolist() == [region.iso for region in regions]
    path = gb.write(regions.to_frame(), tmp_path / "regions.gpkg")
    again = gb.read_regions(path, name="name", source=SOURCE)
    assert [region.names["uk"] for region in again] == [region.names["uk"] for region in regions]


def test_a_side_without_a_territory_has_no_shape():
    park = gb.border_around(shapely.box(30.0, 50.0, 30.1, 50.1), source=SOURCE)
    outside = park.side("outside")
    assert outside.__geo_interface__["geometry"] is None
    assert outside.to_frame().geometry.isna().all()


def test_duckdb_asks_a_noun_again_from_its_own_threads(nouns):
    """There pyproj ends the process, so no table may be made there."""
    duckdb = pytest.importorskip("duckdb")
    border = nouns["border"][0]
    with duckdb.connect() as con:
        for _ in range(4):
            assert con.from_arrow(border).fetchall()[0][0] == border.sections[0].name
    first, again = (pa.table(border)["length_km"].chunk(0).buffers()[-1] for _ in range(2))
    assert first.address == again.address
    assert "_arrow" not in border.__getstate__()


def test_zones_have_no_membership_operator_and_no_plot(nouns):
    # A plain yes or no would lose "uncertain", and nouns do not draw.
    zone, _, _ = nouns["zone"]
    with pytest.raises(TypeError):
        shapely.Point(34.8, 50.9) in zone  # noqa: B015
    assert not hasattr(zone, "plot")
