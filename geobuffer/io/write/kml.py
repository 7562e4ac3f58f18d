"""Write zones and tables as KML or KMZ for Google Earth, with colours, folders and descriptions.

The version is OGC KML 2.2. Google Earth reads a description as HTML. We therefore escape values of
a table twice, as HTML and as XML, so that they never become markup. We also write the values as
typed data with a schema, so that a GIS reads numbers as numbers.
"""

from __future__ import annotations

import html
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree as ET

import geopandas as gpd
import pandas as pd
import shapely

from geobuffer.errors import DataError
from geobuffer.io.write.values import NOT_IN_XML, is_missing
from geobuffer.palette import BORDER, MEMBERSHIP, ring_colours
from geobuffer.zones.source import ORIGIN_COLUMNS
from geobuffer.zones.toponyms import name_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from shapely.geometry import Polygon
    from shapely.geometry.base import BaseGeometry

    from geobuffer.zones.zone import Zone


_NAMESPACE = "http://www.opengis.net/kml/2.2"

# Columns that may hold the name of a row; the first that exists is used.
_NAMES = (*name_columns("en"), "ring", "title")

# Nine decimals, as in GeoJSON: 0.1 mm.
_DECIMALS = 9


def write_kml(thing: Zone | gpd.GeoDataFrame, path: Path) -> None:
    """Write a zone or a table in degrees as KML, or as KMZ (zipped KML), by the suffix.

    A zone becomes a folder of rings and a folder of the border's sections. A table becomes a
    placemark for each row, coloured by the column ``membership`` if there is one.

    Raises
    ------
    DataError
        A text has a character that XML cannot hold.
    """
    root = ET.Element("kml", xmlns=_NAMESPACE)
    document = ET.SubElement(root, "Document")
    _add_text(document, "name", path.stem)
    if isinstance(thing, gpd.GeoDataFrame):
        _add_table(document, thing)
    else:
        _add_zone(document, thing)
    ET.indent(root)
    tree = ET.ElementTree(root)
    if path.suffix.lower() == ".kmz":
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("doc.kml", "w") as file,
        ):
            tree.write(file, encoding="utf-8", xml_declaration=True)
    else:
        tree.write(path, encoding="utf-8", xml_declaration=True)


def _add_zone(document: ET.Element, zone: Zone) -> None:
    frame = zone.to_frame()
    _add_description(document, _zone_facts(frame.iloc[0]))
    for n, colour in enumerate(ring_colours(len(frame))):
        # The fill is 40 % opaque, so that the ground shows; the outline is opaque.
        _add_style(document, f"ring{n}", line=(colour, 1.5), fill=(colour, 0.4))
    _add_style(document, "border", line=(BORDER, 2.5), icon=BORDER)
    facts = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    sections = pd.DataFrame(
        {
            "section": [section.name for section in zone.sections],
            "start_km": [section.start_km for section in zone.sections],
            "length_km": [section.length_km for section in zone.sections],
            "source": zone.source.title,
            "licence": zone.source.licence,
        }
    )
    # In a document, schemas come before folders.
    kinds, kinds_of_sections = (
        _add_schema(document, "rings", facts), _add_schema(document, "sections", sections)
    )  # fmt: skip
    folder = _add_folder(document, "Zone")
    for n, (row, shape) in enumerate(zip(facts.to_dict("records"), frame.geometry, strict=True)):
        values = {str(key): value for key, value in row.items()}
        _add_placemark(folder, str(row["ring"]), f"ring{n}", values, shape, kinds)
    folder = _add_folder(document, "Border")
    for row, section in zip(sections.to_dict("records"), zone.sections, strict=True):
        values = {str(key): value for key, value in row.items()}
        _add_placemark(folder, section.name, "border", values, section.line, kinds_of_sections)


def _add_table(document: ET.Element, table: gpd.GeoDataFrame) -> None:
    from geobuffer._version import __version__

    origin = {c: table[c].iloc[0] for c in ORIGIN_COLUMNS if c in table.columns and len(table)}
    _add_description(document, origin | {"made_with": f"geobuffer {__version__}"})
    for kind, colour in MEMBERSHIP.items():
        _add_style(document, kind, line=(colour, 1.5), fill=(colour, 0.4), icon=colour)
    _add_style(document, "plain", line=(BORDER, 1.5), fill=(BORDER, 0.2), icon=BORDER)
    shapes, facts = table.geometry, table.drop(columns=table.geometry.name)
    name_column = next((name for name in _NAMES if name in facts.columns), None)
    kinds = _add_schema(document, "places", pd.DataFrame(facts))
    # One folder for each class, so that a reader can hide the places outside.
    folders: dict[str, ET.Element] = {}
    for n, row in enumerate(facts.to_dict("records")):
        kind = row.get("membership")
        kind = kind if isinstance(kind, str) and kind in MEMBERSHIP else "plain"
        if kind not in folders:
            title = "Places" if kind == "plain" else kind.capitalize()
            folders[kind] = _add_folder(document, title)
        name = row.get(name_column) if name_column else None
        label = str(n + 1) if is_missing(name) else str(name)
        values = {str(key): value for key, value in row.items()}
        _add_placemark(folders[kind], label, kind, values, shapes.iloc[n], kinds)


def _zone_facts(row: pd.Series[Any]) -> dict[str, Any]:
    """Return the values of a zone's row that apply to the whole zone."""
    wanted = ("side", "ends", "border", "edge_error_m", "source", "licence", "as_of", "accuracy_m",
              "method", "made_with")  # fmt: skip
    return {name: row[name] for name in wanted}


def _add_folder(parent: ET.Element, name: str) -> ET.Element:
    folder = ET.SubElement(parent, "Folder")
    _add_text(folder, "name", name)
    return folder


def _add_style(
    document: ET.Element,
    name: str,
    *,
    line: tuple[str, float],
    fill: tuple[str, float] | None = None,
    icon: str | None = None,
) -> None:
    style = ET.SubElement(document, "Style", id=name)
    if icon is not None:
        element = ET.SubElement(style, "IconStyle")
        _add_text(element, "color", _kml_colour(icon))
        _add_text(element, "scale", "0.6")
        dot = "https://maps.google.com/mapfiles/kml/shapes/placemark_circle.png"
        _add_text(ET.SubElement(element, "Icon"), "href", dot)
        # Small letters: the names of a thousand places would hide the ground.
        _add_text(ET.SubElement(style, "LabelStyle"), "scale", "0.7")
    element = ET.SubElement(style, "LineStyle")
    _add_text(element, "color", _kml_colour(line[0]))
    _add_text(element, "width", f"{line[1]:g}")
    if fill is not None:
        _add_text(ET.SubElement(style, "PolyStyle"), "color", _kml_colour(*fill))
    # Not $[name]: the balloon is HTML, but the name is plain text for the list of places. The
    # description begins with the name, as HTML.
    balloon = ET.SubElement(style, "BalloonStyle")
    _add_text(balloon, "text", "$[description]")


def _kml_colour(colour: str, opacity: float = 1.0) -> str:
    """Return the colour ``#rrggbb`` in the notation of KML, ``aabbggrr``.

    >>> _kml_colour("#0072b2", 0.4)
    '66b27200'
    """
    red, green, blue = colour[1:3], colour[3:5], colour[5:7]
    return f"{round(255 * opacity):02x}{blue}{green}{red}"


class _Schema(NamedTuple):
    """The schema of some placemarks: its id, and the type of each column."""

    id: str
    types: Mapping[str, str]


# Whole numbers of KML have 32 bits with the sign; a double holds whole numbers of 53 bits.
_INT_BITS, _DOUBLE_BITS = 31, 53


def _add_schema(document: ET.Element, name: str, table: pd.DataFrame) -> _Schema:
    """Add the types of a table's columns to a document."""
    types = {str(column): _choose_type(table[column]) for column in table.columns}
    schema = ET.SubElement(document, "Schema", name=name, id=name)
    for column, kind in types.items():
        ET.SubElement(schema, "SimpleField", type=kind, name=_check_xml_text(column))
    return _Schema(name, types)


def _choose_type(column: pd.Series[Any]) -> str:
    """Return the KML type that holds all values of a column without loss."""
    kind = column.dtype
    if pd.api.types.is_bool_dtype(kind):
        return "bool"
    if pd.api.types.is_float_dtype(kind):
        return "double"
    if not pd.api.types.is_integer_dtype(kind):
        return "string"
    largest = max((abs(int(value)) for value in column.dropna()), default=0)
    if largest < 1 << _INT_BITS:
        return "int"
    return "double" if largest <= 1 << _DOUBLE_BITS else "string"


def _add_placemark(
    folder: ET.Element,
    name: str,
    style: str,
    facts: Mapping[str, Any],
    shape: BaseGeometry | None,
    schema: _Schema,
) -> None:
    placemark = ET.SubElement(folder, "Placemark")
    _add_text(placemark, "name", name)
    # An empty snippet: by default the list of places repeats the description below each name.
    ET.SubElement(placemark, "Snippet", maxLines="0")
    _add_description(placemark, facts, title=name)
    _add_text(placemark, "styleUrl", f"#{style}")
    extended = ET.SubElement(placemark, "ExtendedData")
    data = ET.SubElement(extended, "SchemaData", schemaUrl=f"#{schema.id}")
    for key, value in facts.items():
        if not is_missing(value):
            text = str(int(value)) if schema.types[key] == "bool" else str(value)
            ET.SubElement(data, "SimpleData", name=key).text = _check_xml_text(text)
    if shape is not None and not shape.is_empty:
        _add_shape(placemark, shape)


def _add_description(parent: ET.Element, facts: Mapping[str, Any], *, title: str = "") -> None:
    lines = [f"<b>{_escape_html(title)}</b>"] if title else []
    lines += [
        f"{_escape_html(str(key))}: {_escape_html(_format_value(value))}"
        for key, value in facts.items()
        if not is_missing(value) and value != ""
    ]
    _add_text(parent, "description", "<br/>".join(lines))


def _escape_html(text: str) -> str:
    """Escape a text for HTML, and ``$[`` too, because Google Earth replaces ``$[name]``."""
    return html.escape(text).replace("$[", "&#36;[")


def _format_value(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


def _add_shape(parent: ET.Element, shape: BaseGeometry) -> None:
    parts = shapely.get_parts(shape)
    if len(parts) > 1:
        parent = ET.SubElement(parent, "MultiGeometry")
    for part in parts:
        if part.geom_type.startswith(("Multi", "Geometry")):
            _add_shape(parent, part)
        elif part.geom_type == "Polygon":
            _add_polygon(parent, shapely.orient_polygons(part))
        else:
            kind = "Point" if part.geom_type == "Point" else "LineString"
            element = ET.SubElement(parent, kind)
            if kind == "LineString":
                _add_text(element, "tessellate", "1")
            _add_text(element, "coordinates", _kml_coordinates(part))


def _add_polygon(parent: ET.Element, polygon: Polygon) -> None:
    element = ET.SubElement(parent, "Polygon")
    # Edges follow the ground instead of cutting through hills.
    _add_text(element, "tessellate", "1")
    rings: Iterable[tuple[str, BaseGeometry]] = [
        ("outerBoundaryIs", polygon.exterior),
        *(("innerBoundaryIs", ring) for ring in polygon.interiors),
    ]
    for name, ring in rings:
        boundary = ET.SubElement(ET.SubElement(element, name), "LinearRing")
        _add_text(boundary, "coordinates", _kml_coordinates(ring))


def _kml_coordinates(line: BaseGeometry) -> str:
    pairs: Sequence[Sequence[float]] = shapely.get_coordinates(line).round(_DECIMALS).tolist()
    return " ".join(f"{_format_degrees(lon)},{_format_degrees(lat)}" for lon, lat in pairs)


def _format_degrees(degrees: float) -> str:
    """Return degrees as text without an exponent and without trailing zeros.

    >>> _format_degrees(30.0), _format_degrees(1e-8)
    ('30', '0.00000001')
    """
    return f"{degrees:.{_DECIMALS}f}".rstrip("0").rstrip(".")


def _add_text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = _check_xml_text(text)


def _check_xml_text(text: str) -> str:
    if found := NOT_IN_XML.search(text):
        raise DataError(
            f"Invalid text {text[:40]!r}: the character U+{ord(found.group()):04X} cannot stand in "
            "KML. Remove it."
        )
    return text
