"""Store the colours of layers in a GeoPackage, so that QGIS draws them as the page does.

QGIS stores styles in a table ``layer_styles``, and applies the style that is marked as default.
Other programs show this table as one without shapes.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree as ET

import shapely

from geobuffer.errors import WriteError
from geobuffer.palette import BORDER, MEMBERSHIP, ring_colours

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import geopandas as gpd

# The table as QGIS makes it.
_CREATE = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),
    f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
    styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT,
    owner TEXT(30), ui TEXT(30),
    update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
)"""

# Readers that follow the standard find only the tables that gpkg_contents lists.
_REGISTER = """
INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)
VALUES ('layer_styles', 'attributes', 'layer_styles', 'Styles for QGIS',
        strftime('%Y-%m-%dT%H:%M:%fZ','now'))"""

_INSERT = """
INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column,
                          styleName, styleQML, styleSLD, useAsDefault, description, owner)
VALUES ('', '', ?, ?, ?, ?, '', 1, 'Colours of geobuffer', '')"""

# Diameters and outlines of dots in mm; on the page their diameters are 10, 12 and 5 pixels.
_DOTS = {"inside": ("2.2", "0.2"), "uncertain": ("2.6", "0.55"), "outside": ("1.2", "0")}

# The fill is 40 % opaque, so that a map below shows.
_FILL = 102


class _Class(NamedTuple):
    """A class of rows: the value of the column, its colour, diameter and outline."""

    value: str
    colour: str
    size: str = "2"
    outline: str = "0.3"


class Style(NamedTuple):
    """The style of a layer: how QGIS draws the classes of a column, or all rows alike."""

    layer: str
    shapes_in: str
    qml: str


def style_places(table: gpd.GeoDataFrame, layer: str, shapes_in: str) -> Style | None:
    """Return the style of places by membership; ``None`` without it, or with mixed shapes."""
    kind = _find_kind(table)
    if kind is None or "membership" not in table:
        return None
    classes = [_Class(name, MEMBERSHIP[name], *_DOTS[name]) for name in MEMBERSHIP]
    return Style(layer, shapes_in, _write_qml("membership", classes, kind))


def style_rings(table: gpd.GeoDataFrame, layer: str, shapes_in: str) -> Style:
    """Return the style of the rings of a zone, from deep to pale blue."""
    colours = ring_colours(len(table))
    classes = [_Class(str(ring), c) for ring, c in zip(table["ring"], colours, strict=True)]
    return Style(layer, shapes_in, _write_qml("ring", classes, "fill"))


def style_border(layer: str) -> Style:
    """Return the style of the sections of a border."""
    return Style(layer, "geom", _write_qml("", [_Class("", BORDER, outline="0.6")], "line"))


def write_styles(path: Path, styles: Sequence[Style]) -> None:
    """Add styles to a GeoPackage that holds their layers.

    Raises
    ------
    WriteError
        The styles cannot be stored, for example because the disk is full.
    """
    if not styles:
        return
    try:
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(_CREATE)
            database.execute(_REGISTER)
            for style in styles:
                values = (style.layer, style.shapes_in, style.layer[:30], style.qml)
                database.execute(_INSERT, values)
    except sqlite3.Error as error:
        raise WriteError(f"Cannot write {str(path)!r}: its styles are incomplete ({error}).") from (
            error
        )


# Symbols of QGIS, by the type of shapes.
_KINDS = {"Point": "marker", "LineString": "line", "LinearRing": "line", "Polygon": "fill"}


def _find_kind(table: gpd.GeoDataFrame) -> str | None:
    """Return the kind of symbol that draws all shapes of a table."""
    shapes = table.geometry.to_numpy()
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    kinds = {_KINDS.get(shape.geom_type.removeprefix("Multi"), "") for shape in shapes[there]}
    return kinds.pop() or None if len(kinds) == 1 else None


def _write_qml(column: str, classes: Sequence[_Class], kind: str) -> str:
    """Return a style in the format of QGIS: a symbol for each class of a column, or one symbol."""
    root = ET.Element("qgis", version="3.22.0", styleCategories="Symbology")
    if column:
        renderer = ET.SubElement(
            root, "renderer-v2", type="categorizedSymbol", attr=column, symbollevels="0"
        )
        categories = ET.SubElement(renderer, "categories")
        for n, one in enumerate(classes):
            ET.SubElement(
                categories, "category", symbol=str(n), value=one.value, label=one.value,
                render="true",
            )  # fmt: skip
    else:
        renderer = ET.SubElement(root, "renderer-v2", type="singleSymbol", symbollevels="0")
    symbols = ET.SubElement(renderer, "symbols")
    for n, one in enumerate(classes):
        _add_symbol(symbols, str(n), kind, one)
    ET.indent(root)
    head = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
    return head + ET.tostring(root, encoding="unicode")


def _add_symbol(symbols: ET.Element, name: str, kind: str, one: _Class) -> None:
    names = {"marker": "SimpleMarker", "line": "SimpleLine", "fill": "SimpleFill"}
    symbol = ET.SubElement(symbols, "symbol", type=kind, name=name, alpha="1")
    layer = ET.SubElement(symbol, "layer", {"class": names[kind], "enabled": "1", "pass": "0"})
    # All versions of QGIS read this older form of properties.
    for key, value in _list_properties(kind, one).items():
        ET.SubElement(layer, "prop", k=key, v=value)


def _list_properties(kind: str, one: _Class) -> dict[str, Any]:
    colour = _qgis_colour(one.colour)
    if kind == "line":
        return {"line_color": colour, "line_width": one.outline, "line_width_unit": "MM"}
    if kind == "fill":
        return {
            "color": _qgis_colour(one.colour, _FILL), "style": "solid", "outline_color": colour,
            "outline_style": "solid", "outline_width": one.outline, "outline_width_unit": "MM",
        }  # fmt: skip
    return {
        "name": "circle", "color": colour, "size": one.size, "size_unit": "MM",
        "outline_color": _qgis_colour(BORDER), "outline_width": one.outline,
        "outline_width_unit": "MM", "outline_style": "solid" if one.outline != "0" else "no",
    }  # fmt: skip


def _qgis_colour(colour: str, opacity: int = 255) -> str:
    """Return the colour ``#rrggbb`` in the notation of QGIS.

    >>> _qgis_colour("#0072b2")
    '0,114,178,255'
    """
    red, green, blue = bytes.fromhex(colour[1:])
    return f"{red},{green},{blue},{opacity}"
