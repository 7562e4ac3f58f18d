"""Read KML and GPX as one stream of placemarks or of waypoints, routes and tracks.

We do not use GDAL here: it drops columns with Cyrillic names and makes a layer of each folder. We
use expat and ignore namespaces, because programs often forget to declare them. We open nothing to
which a file refers: we refuse a DOCTYPE and store no address.

A file gives one table: the placemarks of all folders and documents.
"""

from __future__ import annotations

import re
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

import numpy as np
import pandas as pd
import shapely

from geobuffer.errors import DataError, did_you_mean
from geobuffer.io.read.encodings import detect_encoding
from geobuffer.io.read.files import FileFormat, damaged_error
from geobuffer.io.read.shape_kinds import join_parts, note_closed_rings
from geobuffer.io.read.source_table import SourceTable
from geobuffer.zones.toponyms import name_columns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.io.read.files import UserFile


# We parse in blocks of this many bytes.
_BLOCK = 1 << 20
# Real files nest folders some ten levels deep. The limit protects the memory.
_MAX_DEPTH = 200
# Rows times columns of the table. Each cell takes 8 bytes at least, so this is 0.8 GB.
_MAX_CELLS = 100_000_000

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]?(?:nan|inf)", re.IGNORECASE)


@dataclass
class _Row:
    """A placemark, a waypoint, a route or a track while we read it."""

    line: int
    layers: tuple[str, ...]
    elements: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    parts: list[Any] = field(default_factory=list)
    is_broken: bool = False
    is_open: bool = False
    """Whether one of its rings does not end where it begins."""


def read_xml_layer(file: UserFile, layer: str | None) -> SourceTable:
    """Return the rows of a KML or GPX: of all folders and kinds, or of one layer.

    Parameters
    ----------
    file
        The file.
    layer
        The name of a folder or document of a KML; ``waypoints``, ``routes`` or ``tracks`` of a GPX.
        ``None`` reads everything.

    Raises
    ------
    DataError
        The XML is broken or declares entities, a coordinate is not a number, or there is no such
        layer.
    """
    reader = _KmlReader(file) if file.format is FileFormat.KML else _GpxReader(file)
    reader.parse()
    rows = _choose_rows(file, reader.rows, layer)
    if not rows and reader.links:
        raise DataError(
            f"Invalid file {file}: it holds no placemark, only a link to another file, which is "
            "not opened. Open the file in Google Earth and save the places themselves."
        )
    table = SourceTable(
        str(file),
        reader.build_frame(rows),
        _build_shapes(rows),
        "EPSG:4326",
        crs_is_fixed=True,
        line_numbers=_find_lines(rows),
        notes=reader.notes,
    )
    if reader.links:
        table.notes.append(f"links to other files were not opened: {reader.links}.")
    broken = [number for number, row in enumerate(rows) if row.is_broken]
    if broken:
        table.notes.append(
            "lines of less than two points and rings of less than three corners were left out: "
            f"{table.cite_rows(broken)}."
        )
    note_closed_rings(table, [number for number, row in enumerate(rows) if row.is_open])
    return table


def _choose_rows(file: UserFile, rows: list[_Row], layer: str | None) -> list[_Row]:
    if layer is None:
        return rows
    chosen = [row for row in rows if layer in row.layers]
    if not chosen:
        names = sorted({name for row in rows for name in row.layers if name})
        hint = did_you_mean(layer, names) if names else "It has no layers."
        raise DataError(f"Invalid layer {layer!r} of {file}. {hint}")
    return chosen


def _find_lines(rows: list[_Row]) -> list[int] | None:
    """Return the line of each row; None for a file that does not begin a line for each row."""
    lines = [row.line for row in rows]
    return lines if len(set(lines)) == len(lines) else None


def _build_shapes(rows: list[_Row]) -> Any:
    shapes = np.empty(len(rows), dtype=object)
    for number, row in enumerate(rows):
        shapes[number] = join_parts(row.parts)
    return shapes


class _XmlReader:
    """Call ``start`` and ``end`` for the elements of a file, without the prefixes of their names.

    ``end`` also gets the text of an element, and the names of the elements around it.
    """

    def __init__(self, file: UserFile) -> None:
        self.file = file
        self.rows: list[_Row] = []
        self.row: _Row | None = None
        self.links = 0
        self.notes: list[str] = []
        self._columns: set[str] = set()
        self._path: list[str] = []
        self._texts: list[list[str]] = []
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._open_element
        parser.EndElementHandler = self._close_element
        parser.CharacterDataHandler = self._store_text

    def parse(self) -> None:
        """Read the whole file.

        Raises
        ------
        DataError
            As :func:`read_xml_layer`.
        """
        block = b""
        try:
            with _open_stream(self.file) as stream:
                while block := stream.read(_BLOCK):
                    self._parser.Parse(block)
            self._parser.Parse(b"", True)  # noqa: FBT003 - the signature of expat
        except expat.ExpatError as error:
            raise self._broken_error(error, block) from error
        # For encodings that expat does not know.
        except (LookupError, ValueError) as error:
            raise damaged_error(self.file, error) from error

    def _broken_error(self, error: expat.ExpatError, block: bytes) -> DataError:
        try:
            block.decode("utf-8")
        except UnicodeDecodeError as undecoded:
            # The end of a block may cut a character in two.
            is_text = undecoded.start >= len(block) - 4
            if (
                not is_text
                and error.code == expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN]
            ):
                return DataError(
                    f"Unreadable {self.file}: line {error.lineno} is not UTF-8; it seems to be "
                    f"{detect_encoding(block)}. Save it as UTF-8, or state its encoding in the "
                    "first line."
                )
        return damaged_error(self.file, error)

    @property
    def line(self) -> int:
        """The line at which the parser is."""
        return self._parser.CurrentLineNumber

    @staticmethod
    def _refuse_doctype(*_: object) -> None:
        raise expat.ExpatError("a DOCTYPE, which no KML or GPX needs")

    def _open_element(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if not self._path and local != self.file.format.value.lower():
            raise expat.ExpatError(f"its root is {name[:40]!r}, not {self.file.format}")
        if len(self._path) == _MAX_DEPTH:
            raise expat.ExpatError(f"more than {_MAX_DEPTH} nested elements")
        self.start(local, attributes)
        # We need only the text of an element after its last child.
        if self._texts:
            self._texts[-1].clear()
        self._path.append(local)
        self._texts.append([])

    def _close_element(self, _name: str) -> None:
        text = "".join(self._texts.pop()).strip()
        self.end(self._path.pop(), text)

    def _store_text(self, text: str) -> None:
        if self._texts:
            self._texts[-1].append(text)

    @property
    def parent(self) -> str:
        """The name of the element around the one that starts or ends."""
        return self._path[-1] if self._path else ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Handle the start of an element."""
        raise NotImplementedError

    def end(self, name: str, text: str) -> None:
        """Handle the end of an element."""
        raise NotImplementedError

    def begin_row(self, *layers: str) -> _Row:
        """Begin a row at the current line."""
        if self.row is not None:
            raise expat.ExpatError(f"line {self.line}: a {layers[-1]} within another one")
        self.row = _Row(self.line, layers)
        return self.row

    def store_row(self) -> None:
        """Add the finished row; raise an error for a table that would fill the memory."""
        row, self.row = self.row, None
        if row is None:
            return
        self.rows.append(row)
        self._columns.update(row.elements, row.data)
        if len(self.rows) * (len(self._columns) + 8) > _MAX_CELLS:
            raise DataError(
                f"Unreadable {self.file}: more than {_MAX_CELLS:,} values. Divide the file."
            )

    def build_frame(self, rows: list[_Row]) -> pd.DataFrame:
        """Return the attributes of rows, with the columns in the order in which they occur.

        If a column of the data has the name of an element, the column of the data keeps the name.
        """
        data = list(dict.fromkeys(key for row in rows for key in row.data))
        elements = list(dict.fromkeys(k for row in rows for k, v in row.elements.items() if v))
        taken = {key.casefold(): key for key in data}
        columns: dict[str, list[str | None]] = {}
        for key in elements:
            values = [row.elements.get(key) or None for row in rows]
            if key not in taken:
                columns[key] = values
            elif values != [row.data.get(taken[key]) or None for row in rows]:
                columns[_free_name(f"{self.file.format.value.lower()}_{key}", taken)] = values
        columns |= {key: [row.data.get(key) or None for row in rows] for key in data}
        return pd.DataFrame(columns, index=range(len(rows)), dtype=object)

    def read_point(self, numbers: list[str], found: str, line: int) -> tuple[float, float, float]:
        """Return longitude, latitude and height.

        Raises
        ------
        DataError
            There are not two or three values, or a value is not a number.
        """
        if len(numbers) == 3 and not numbers[2]:
            numbers = numbers[:2]
        if len(numbers) not in {2, 3} or not all(map(_NUMBER.fullmatch, numbers)):
            raise DataError(
                f"Invalid coordinates in line {line} of {self.file}: {found[:60]!r}. Must be "
                "longitude and latitude in degrees with a decimal point, as 35.04 and 51.12."
            )
        lon, lat, *height = map(float, numbers)
        return lon, lat, height[0] if height else 0.0


def _free_name(name: str, taken: dict[str, str]) -> str:
    return name if name not in taken else _free_name(f"{name}_", taken)


@contextmanager
def _open_stream(file: UserFile) -> Iterator[BinaryIO]:
    if file.member:
        with zipfile.ZipFile(file.path) as archive, archive.open(file.member) as member:
            yield member  # type: ignore[misc]
    else:
        with file.path.open("rb") as plain:
            yield plain


def _make_coordinates(points: list[tuple[float, float, float]]) -> Floats:
    """Return coordinates, with heights only if one is not zero: programs write zeros."""
    xyz = np.array(points, dtype=float).reshape(-1, 3)
    return xyz if xyz[:, 2].any() else xyz[:, :2]


def _make_line(points: list[tuple[float, float, float]]) -> Any:
    return shapely.linestrings(_make_coordinates(points)) if len(points) > 1 else None


_CONTAINERS = frozenset({"Document", "Folder"})
_GEOMETRIES = frozenset(
    {"Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Track", "MultiTrack"}
)
# The children of a placemark and of its times that become columns.
_ELEMENTS = {
    ("Placemark", "name"): "name",
    ("Placemark", "description"): "description",
    ("Placemark", "address"): "address",
    ("TimeStamp", "when"): "timestamp",
    ("TimeSpan", "begin"): "begin",
    ("TimeSpan", "end"): "end",
}
_NUMERIC_FIELDS = frozenset({"int", "uint", "short", "ushort", "float", "double"})


@dataclass
class _Geometry:
    """A geometry element while we read it."""

    kind: str
    boundary: str
    points: list[tuple[float, float, float]] = field(default_factory=list)
    outer: list[Any] = field(default_factory=list)
    inner: list[Any] = field(default_factory=list)


class _KmlReader(_XmlReader):
    """The placemarks of a KML."""

    def __init__(self, file: UserFile) -> None:
        super().__init__(file)
        self._folders: list[str] = []
        self._geometries: list[_Geometry] = []
        self._field = ""
        self._types: dict[str, str] = {}
        self._is_ours = False
        if file.is_kmz and (others := [name for name in file.list_kml() if name != file.member]):
            self.notes.append(
                f"its other documents were not read: {', '.join(others[:5])}; layer= chooses one."
            )

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin a folder, a placemark, a geometry or a field."""
        if name in _CONTAINERS:
            self._folders.append("")
        elif name == "Placemark":
            self.begin_row(*self._folders, name)
        elif name in {"NetworkLink", "GroundOverlay"}:
            self.links += name == "NetworkLink"
        elif name in _GEOMETRIES and self.row is not None:
            self._geometries.append(_Geometry(name, self.parent))
        elif name in {"Data", "SimpleData"}:
            self._field = attributes.get("name", "").strip()
        elif name == "SimpleField":
            self._types[attributes.get("name", "").strip()] = attributes.get("type", "")

    def end(self, name: str, text: str) -> None:
        """End a folder, a placemark, a geometry or a field, and store its text."""
        if self.row is None:
            self._end_container(name, text)
        elif name == "Placemark":
            self.row.layers = self.row.layers[:-1]
            if len(self.row.layers) and self.row.layers[-1]:
                self.row.elements["folder"] = self.row.layers[-1]
            self.store_row()
        elif self._geometries:
            self._end_in_geometry(name, text)
        else:
            self._store_value(self.row, name, text)

    def _end_container(self, name: str, text: str) -> None:
        if name in _CONTAINERS:
            self._folders.pop()
        elif name == "name" and self.parent in _CONTAINERS:
            self._folders[-1] = text
        elif name == "description" and self.parent == "Document":
            self._is_ours = self._is_ours or "made_with: geobuffer " in text

    def _store_value(self, row: _Row, name: str, text: str) -> None:
        if key := _ELEMENTS.get((self.parent, name)):
            row.elements[key] = text
        elif (self.parent, name) == ("Data", "value") or name == "SimpleData":
            if self._field:
                row.data[self._field] = text
        # Elements of other namespaces are a third way to store data.
        elif self.parent == "ExtendedData" and name not in {"Data", "SchemaData"} and text:
            row.data[name] = text

    def _end_in_geometry(self, name: str, text: str) -> None:
        shape = self._geometries[-1]
        if name == "coordinates":
            # KML forbids spaces around the commas of a tuple, but people write them.
            tuples = ",".join(part.strip() for part in text.split(",")).split()
            shape.points += [self.read_point(one.split(","), one, self.line) for one in tuples]
        elif name == "coord":
            shape.points.append(self.read_point(text.split(), text, self.line))
        elif name == shape.kind:
            self._geometries.pop()
            self._end_geometry(shape)

    def _end_geometry(self, shape: _Geometry) -> None:
        row, made = self.row, _make_parts(shape)
        if row is None:
            return
        if shape.kind == "Polygon":
            row.is_open |= any(not ring.is_closed for ring in shape.outer + shape.inner)
        if made is None:
            row.is_broken = True
        elif not self._geometries:
            row.parts += made
        elif shape.boundary == "innerBoundaryIs":
            self._geometries[-1].inner += made
        else:
            self._geometries[-1].outer += made

    def build_frame(self, rows: list[_Row]) -> pd.DataFrame:
        """Return the attributes; numbers and truth values where a schema states them."""
        if len({row.elements.get("folder") for row in rows}) < 2 or self._is_ours:
            for row in rows:
                row.elements.pop("folder", None)
        if self._is_ours:
            _drop_own_labels(rows)
        frame = super().build_frame(rows)
        for column in frame.columns.intersection(list(self._types)):
            values = _read_typed(frame[column], self._types[column])
            # If a text is not of the stated type, the column keeps its texts.
            if not (values.isna() & frame[column].notna()).any():
                frame[column] = values
        return frame


_TRUTH = {"1": True, "true": True, "0": False, "false": False}


def _read_typed(texts: pd.Series[Any], kind: str) -> pd.Series[Any]:
    """Return the values of texts of a type of KML; missing where a text is not of that type."""
    if kind == "bool":
        values = texts.map(_TRUTH, na_action="ignore")
        return values if values.isna().any() else values.astype(bool)
    return pd.to_numeric(texts, errors="coerce") if kind in _NUMERIC_FIELDS else texts


def _drop_own_labels(rows: list[_Row]) -> None:
    """Drop the elements that :mod:`geobuffer.io.write.kml` adds to the columns of a table.

    Descriptions repeat the columns. The label of a row repeats a name, or is the row's number.
    """
    known = {key for row in rows for key in row.data}
    labels = {row.elements.get("name") for row in rows}
    is_repeated = known.intersection(name_columns("en")) or labels == {
        str(number + 1) for number in range(len(rows))
    }
    for row in rows:
        row.elements.pop("description", None)
        if is_repeated:
            row.elements.pop("name", None)


def _make_parts(shape: _Geometry) -> list[Any] | None:
    """Return the points, lines or polygons of a geometry element; None for a broken one."""
    if shape.kind in {"MultiGeometry", "MultiTrack"}:
        return shape.outer
    if shape.kind == "Point":
        return [shapely.points(_make_coordinates(shape.points[:1])[0])] if shape.points else []
    if shape.kind == "Polygon":
        if len(shape.outer) != 1:
            return None
        return [shapely.polygons(*_as_rings(shape.outer), holes=_as_rings(shape.inner) or None)]
    ring_is_short = shape.kind == "LinearRing" and len(set(shape.points)) < 3
    line = None if ring_is_short else _make_line(shape.points)
    return None if line is None else [line]


def _as_rings(lines: list[Any]) -> list[Any]:
    return [shapely.linearrings(shapely.get_coordinates(one, include_z=one.has_z)) for one in lines]


_GPX_LAYERS = {"wpt": "waypoints", "rte": "routes", "trk": "tracks"}
_GPX_ELEMENTS = ("name", "cmt", "desc", "src", "sym", "type", "number", "ele", "time")


class _GpxReader(_XmlReader):
    """The waypoints, routes and tracks of a GPX; each segment of a track is a part of its line."""

    def __init__(self, file: UserFile) -> None:
        super().__init__(file)
        self._points: list[tuple[float, float, float]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin a row or store a point."""
        if name in _GPX_LAYERS and self.parent == "gpx":
            self.begin_row(_GPX_LAYERS[name])
            self._points = []
        if name in {"wpt", "rtept", "trkpt"} and self.row is not None:
            numbers = [attributes.get("lon", ""), attributes.get("lat", "")]
            self._points.append(self.read_point(numbers, ", ".join(numbers), self.line))

    def end(self, name: str, text: str) -> None:
        """End a line or a row, or store the text of an element."""
        row = self.row
        if row is None:
            return
        if name == "wpt":
            row.parts = [shapely.points(self._points[0][:2])]
        elif name in {"rte", "trkseg"}:
            line = _make_line(self._points)
            self._points = []
            row.is_broken = row.is_broken or line is None
            row.parts += [] if line is None else [line]
        elif self.parent in _GPX_LAYERS and name in _GPX_ELEMENTS:
            row.elements[name] = text
        # We read extensions of rows, but not those of the points of a line.
        elif self._path[2:3] == ["extensions"] and text:
            row.data[name] = text
        if name in _GPX_LAYERS:
            self.store_row()
