"""KML and KMZ are readable by GDAL and valid by the schema."""

import re
import zipfile
from xml.etree import ElementTree as ET

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

import geobuffer as gb

KML = {"k": "http://www.opengis.net/kml/2.2"}
EVIL = '<script>alert(1)</script> & "quoted" $[name] ]]>'


@pytest.fixture(scope="module")
def rings(strip):
    return gb.build_zone(strip, km=[5, 10], side="East", tolerance_m=1)


@pytest.fixture
def places():
    return gpd.GeoDataFrame(
        {"name_en": ["One", EVIL, None], "code": ["007", "=1", "x"], "membership":
         ["inside", "uncertain", "elsewhere"], "people": pd.array([1741, None, 3], dtype="Int64")},
        geometry=[shapely.Point(35.123456789, 51.1), shapely.Point(34.25, 51.27), None],
        crs="EPSG:4326",
    )  # fmt: skip


def _root(path):
    if path.suffix == ".kmz":
        with zipfile.ZipFile(path) as packed:
            assert packed.namelist() == ["doc.kml"]
            return ET.fromstring(packed.read("doc.kml"))  # noqa: S314 - our own file
    return ET.parse(path).getroot()  # noqa: S314 - our own file


@pytest.mark.parametrize("suffix", [".kml", ".kmz"])
def test_gdal_reads_back_the_rings(suffix, rings, tmp_path):
    path = gb.write(rings, tmp_path / f"zone{suffix}")
    source = f"/vsizip/{path}/doc.kml" if suffix == ".kmz" else path
    assert [name for name, _ in pyogrio.list_layers(source)] == ["Zone", "Border"]
    back = gpd.read_file(source, layer="Zone")
    assert back["Name"].tolist() == list(rings.ring_names)
    for was, now in zip(rings.rings, back.geometry, strict=True):
        assert shapely.force_2d(now).normalize().equals_exact(was.normalize(), 1e-8)
    border = gpd.read_file(source, layer="Border")
    assert border["Name"].tolist() == ["West–East"]
    assert shapely.force_2d(border.geometry.item()).equals_exact(rings.border.line, 1e-8)


def test_elements_follow_the_order_of_the_schema(rings, tmp_path):
    root = _root(gb.write(rings, tmp_path / "zone.kml"))
    assert root.tag == "{http://www.opengis.net/kml/2.2}kml"
    order = ["name", "Snippet", "description", "styleUrl", "ExtendedData", "MultiGeometry",
             "Polygon", "LineString", "Point"]  # fmt: skip
    styles = {style.get("id") for style in root.iterfind(".//k:Style", KML)}
    marks = root.findall(".//k:Placemark", KML)
    assert len(marks) == 3
    for mark in marks:
        tags = [child.tag.split("}")[1] for child in mark]
        assert tags == sorted(tags, key=order.index)
        assert mark.findtext("k:styleUrl", namespaces=KML).removeprefix("#") in styles
    for colour in root.iterfind(".//k:color", KML):
        assert re.fullmatch("[0-9a-f]{8}", colour.text)
    assert root.find(".//k:Style[@id='ring0']/k:PolyStyle/k:color", KML).text == "661c3ca6"
    for name in ("outerBoundaryIs", "innerBoundaryIs"):
        for text in root.iterfind(f".//k:{name}//k:coordinates", KML):
            corners = [tuple(map(float, pair.split(","))) for pair in text.text.split()]
            assert corners[0] == corners[-1]
            assert shapely.LinearRing(corners).is_ccw == (name == "outerBoundaryIs")


def test_the_description_names_the_source(rings, tmp_path):
    root = _root(gb.write(rings, tmp_path / "zone.kml"))
    description = root.findtext("k:Document/k:description", namespaces=KML)
    for fact in ("source: drawn by hand", f"geobuffer {gb.__version__}", "Geodesic distance"):
        assert fact in description
    data = {d.get("name"): d.text
            for d in root.find(".//k:Placemark/k:ExtendedData/k:SchemaData", KML)}  # fmt: skip
    assert data["from_km"] == "0.0"
    assert data["source"] == "drawn by hand"


@pytest.mark.parametrize("suffix", [".kml", ".kmz"])
def test_a_table_has_a_placemark_for_each_row(suffix, places, tmp_path):
    root = _root(gb.write(places, tmp_path / f"places{suffix}"))
    folders = {f.findtext("k:name", namespaces=KML): f for f in root.iterfind(".//k:Folder", KML)}
    assert list(folders) == ["Inside", "Uncertain", "Places"]
    names = [
        mark.findtext("k:name", namespaces=KML) for mark in root.iterfind(".//k:Placemark", KML)
    ]
    assert names == ["One", EVIL, "3"]
    codes = [d.text for d in root.iterfind(".//k:SimpleData[@name='code']", KML)]
    assert codes == ["007", "=1", "x"]
    points = [text.text for text in root.iterfind(".//k:Point/k:coordinates", KML)]
    assert points == ["35.123456789,51.1", "34.25,51.27"]


def test_text_of_a_table_is_escaped(places, tmp_path):
    """Google Earth parses the XML, then the HTML in it: we escape for HTML first, then for XML."""
    root = _root(gb.write(places.assign(**{"<b>": EVIL}), tmp_path / "places.kml"))
    described = [mark.findtext("k:description", namespaces=KML)
                 for mark in root.iterfind(".//k:Placemark", KML)]  # fmt: skip
    for text in described:
        assert "<script" not in text
        assert set(re.findall("<[^>]*>", text)) <= {"<br/>", "<b>", "</b>"}
        assert "$[" not in text
    assert "&lt;script&gt;" in described[0]
    # The balloon shows the name from there; the list of places shows it as plain text.
    assert described[1].startswith("<b>&lt;script&gt;")
    assert {b.text for b in root.iterfind(".//k:BalloonStyle/k:text", KML)} == {"$[description]"}


KINDS = {
    "seats": (pd.array([1741, None], dtype="Int64"), "int"), "far": ([1.25, 3.5e-7], "double"),
    "large": ([2**40, 1], "double"), "hash": ([2**60, 1], "string"),
    "is_in": ([True, False], "bool"),
    "Посада": (["007", "<b>"], "string"), 'a "b" & <c>': (["x", None], "string"),
}  # fmt: skip


@pytest.mark.parametrize("suffix", [".kml", ".kmz"])
def test_values_have_types_and_are_read_back(suffix, tmp_path):
    table = gpd.GeoDataFrame(
        {"name_en": ["One", EVIL], **{name: values for name, (values, _) in KINDS.items()}},
        geometry=[shapely.Point(35.125, 51.1), shapely.Point(34.25, 51.27)], crs="EPSG:4326",
    )  # fmt: skip
    path = gb.write(table, tmp_path / f"places{suffix}")
    root = _root(path)
    fields = {f.get("name"): f.get("type") for f in root.iterfind(".//k:SimpleField", KML)}
    assert fields == {"name_en": "string"} | {name: kind for name, (_, kind) in KINDS.items()}
    # The schemas stand between styles and folders.
    tags = [child.tag.split("}")[1] for child in root.find("k:Document", KML)]
    order = ["name", "description", "Style", "Schema", "Folder"]
    assert tags == sorted(tags, key=order.index)
    back = gb.read_settlements(path, source="a")
    assert list(back.columns.drop(["source", "geometry"])) == list(table.columns.drop("geometry"))
    assert back["name_en"].tolist() == ["One", " ".join(EVIL.split())]
    for name, (values, kind) in KINDS.items():
        wanted = list(map(str, values)) if kind == "string" and name == "hash" else list(values)
        for now, was in zip(back[name].tolist(), wanted, strict=True):
            assert (pd.isna(now) and pd.isna(was)) or now == was, name
    assert back.geometry.geom_equals(table.geometry).all()
    # The plain driver of older builds of GDAL reads no fields.
    if suffix == ".kml" and "LIBKML" in pyogrio.list_drivers():
        seen = gpd.read_file(path, layer="Places")
        assert seen["far"].tolist() == [1.25, 3.5e-7]
        assert seen["seats"].tolist()[0] == 1741


def test_characters_that_xml_cannot_hold_raise_an_error(places, tmp_path):
    with pytest.raises(gb.DataError, match=r"U\+0007"):
        gb.write(places.assign(code="a\x07b"), tmp_path / "places.kml")
    assert list(tmp_path.iterdir()) == []


def test_points_and_shapes_across_the_antimeridian(tmp_path):
    disc = gb.build_zone(
        gb.border_around(shapely.Point(179.95, -17), source=gb.Source("map")), km=30
    )
    path = gb.write(disc, tmp_path / "disc.kml")
    assert gpd.read_file(path, layer="Border").geometry.geom_type.tolist() == ["Point"]
    zone = shapely.force_2d(gpd.read_file(path, layer="Zone").geometry.item())
    assert len(shapely.get_parts(zone)) == 2
    west, _, east, _ = zone.bounds
    assert (west, east) == (-180, 180)
