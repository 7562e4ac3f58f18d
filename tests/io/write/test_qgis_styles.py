"""A GeoPackage brings its colours to QGIS, and stays one layer for other readers."""

import sqlite3
import warnings
from contextlib import closing
from xml.etree import ElementTree as ET

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

import geobuffer as gb
from geobuffer.palette import BORDER, MEMBERSHIP, ring_colours


@pytest.fixture
def places():
    return gpd.GeoDataFrame(
        {"name": ["a", "b"], "membership": ["inside", "outside"]},
        geometry=[shapely.Point(30, 50), shapely.Point(31, 50)], crs=4326,
    )  # fmt: skip


def read_styles(path):
    """Return the styles by layer: column of shapes, and the root of the style."""
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        listed = database.execute(
            "SELECT data_type FROM gpkg_contents WHERE table_name = 'layer_styles'"
        ).fetchall()
        assert listed == [("attributes",)]
        rows = database.execute(
            "SELECT f_table_catalog, f_table_schema, useAsDefault, f_table_name, "
            "f_geometry_column, styleQML FROM layer_styles"
        ).fetchall()
        shaped = set(
            database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall()
        )
    # QGIS looks for these values of the first three.
    assert {row[:3] for row in rows} == {("", "", 1)}
    assert {row[3:5] for row in rows} <= shaped
    return {row[3]: ET.fromstring(row[5]) for row in rows}  # noqa: S314 - our own


def list_colours(style):
    """Return the colour of each class: of the fill of dots and areas, of the line of a line."""
    renderer = style.find("renderer-v2")
    found = {}
    for symbol in renderer.iter("symbol"):
        props = {one.get("k"): one.get("v") for one in symbol.iter("prop")}
        red, green, blue, _ = (props.get("color") or props["line_color"]).split(",")
        colour = f"#{int(red):02x}{int(green):02x}{int(blue):02x}"
        values = [
            one.get("value")
            for one in renderer.iter("category")
            if one.get("symbol") == symbol.get("name")
        ]
        found[values[0] if values else ""] = colour
    return renderer.get("attr"), found


def test_places_have_the_colours_of_the_page(places, tmp_path):
    path = gb.write(places, tmp_path / "places.gpkg")
    (style,) = read_styles(path).values()
    assert list_colours(style) == ("membership", dict(MEMBERSHIP))
    assert {one.get("type") for one in style.iter("symbol")} == {"marker"}


def test_a_zone_has_the_colours_of_its_rings(strip, tmp_path):
    zone = gb.build_zone(strip, km=[5, 10, 15], side="East", tolerance_m=10)
    path = gb.write(zone, tmp_path / "zone.gpkg")
    styles = read_styles(path)
    rings = dict(zip(zone.ring_names, ring_colours(3), strict=True))
    assert list_colours(styles["zone"]) == ("ring", rings)
    assert list_colours(styles["geobuffer_sections"]) == (None, {"": BORDER})
    assert gb.read_zone(path) == zone


def test_the_column_of_shapes_is_named(places, tmp_path):
    path = gb.write(places.assign(geom="mine"), tmp_path / "places.gpkg")
    with closing(sqlite3.connect(path)) as database:
        found = database.execute("SELECT f_geometry_column FROM layer_styles").fetchall()
    assert found == [("geom_1",)]


@pytest.mark.parametrize("change", ["no membership", "mixed", "empty"])
def test_a_table_without_one_style_has_none(places, change, tmp_path):
    if change == "no membership":
        places = places.drop(columns="membership")
    elif change == "mixed":
        places = places.set_geometry(
            [places.geometry.iloc[0], shapely.box(30, 50, 31, 51)], crs=4326
        )
    else:
        places = places.iloc[:0]
    path = gb.write(places, tmp_path / "places.gpkg")
    assert [name for name, _ in pyogrio.list_layers(path)] == ["places"]


def test_styles_are_no_layer_for_our_readers(places, tmp_path):
    path = gb.write(places, tmp_path / "places.gpkg")
    back = gb.read_settlements(path, source="a")
    assert back["membership"].tolist() == ["inside", "outside"]
    areas = places.set_geometry(shapely.buffer(places.geometry.to_numpy(), 0.1), crs=4326)
    regions = gb.read_regions(gb.write(areas, tmp_path / "areas.gpkg"))
    assert [region.name for region in regions] == ["a", "b"]
    # A table without shapes beside the styles of other layers.
    plain = tmp_path / "plain.gpkg"
    table = pd.DataFrame({"name": ["a"], "lat": [50.0], "lon": [30.0]})
    pyogrio.write_dataframe(table, plain, layer="towns", driver="GPKG")
    for name in ("layer_styles", "qgis_projects"):
        pyogrio.write_dataframe(pd.DataFrame({"a": ["x"]}), plain, layer=name, driver="GPKG")
    assert gb.read_settlements(plain, source="a")["name"].tolist() == ["a"]


def test_geopandas_reads_the_places_first(places, tmp_path):
    path = gb.write(places, tmp_path / "places.gpkg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert len(gpd.read_file(path)) == 2
