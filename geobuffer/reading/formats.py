"""What a file is, by its first bytes: a name may say anything, and some formats open others.

A GDAL virtual format (VRT) named ``.geojson``, for one, would open any file that it names.
"""

from __future__ import annotations

import codecs
import enum
import re

from geobuffer.errors import DataError
from geobuffer.geopackages import is_geopackage, is_sqlite
from geobuffer.reading.encodings import utf16_without_mark

#: How much of a file tells what it is: a KML may begin with a long comment.
HEAD_BYTES = 65_536


class Kind(enum.StrEnum):
    """The formats that are read."""

    GEOPACKAGE = "GeoPackage"
    GEOJSON = "GeoJSON"
    FLATGEOBUF = "FlatGeobuf"
    SHAPEFILE = "Shapefile"
    KML = "KML"
    PARQUET = "Parquet"
    EXCEL = "Excel"
    TEXT = "text table"
    ZIP = "zip archive"


#: The names of GDAL's drivers for what it reads; it must not choose another by itself.
DRIVERS = {
    Kind.GEOPACKAGE: ("GPKG",),
    Kind.GEOJSON: ("GeoJSON", "GeoJSONSeq"),
    Kind.FLATGEOBUF: ("FlatGeobuf",),
    Kind.SHAPEFILE: ("ESRI Shapefile",),
    Kind.KML: ("LIBKML", "KML"),
}

#: Formats whose reference system is fixed by their standard (RFC 7946; OGC 12-007).
FIXED_CRS = (Kind.GEOJSON, Kind.KML)

#: What files of these formats are called within an archive.
SUFFIXES = (
    ".gpkg", ".geojson", ".json", ".fgb", ".shp", ".kml", ".parquet", ".geoparquet", ".csv",
    ".tsv", ".txt", ".xlsx", ".xlsm",
)  # fmt: skip

_MAGIC = (
    (b"fgb\x03fgb", Kind.FLATGEOBUF),
    (b"\x00\x00\x27\x0a", Kind.SHAPEFILE),
    (b"PAR1", Kind.PARQUET),
    (b"PK\x03\x04", Kind.ZIP),
)

# What people save or download by mistake: how it begins, what it is, what to do.
_NOT_READ = (
    (b"PK\x05\x06", "an empty zip archive", "Must hold a file."),
    (b"\x1f\x8b", "compressed with gzip", "Decompress it first."),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it first."),
    (b"Rar!", "a RAR archive", "Unpack it first."),
    (b"%PDF", "a PDF document", "Must be a table or a layer."),
    (b"\xd0\xcf\x11\xe0", "an Excel file of before 2007 (.xls)", "Save it as .xlsx."),
    (b"version https://git-lfs", "a Git LFS pointer, not the file", "Fetch it with git lfs pull."),
)

# What may stand before the first element of XML.
_PROLOGUE = re.compile(rb"\A(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)

_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def kind_of(head: bytes, name: str) -> Kind:
    """Return what a file is by its first bytes; ``name`` is for messages and tells text apart.

    Raises
    ------
    DataError
        It is of none of the formats that are read; the message says what it is instead.

    Examples
    --------
    >>> kind_of(b'{"type": "FeatureCollection"', "parks.json")
    <Kind.GEOJSON: 'GeoJSON'>
    >>> kind_of(b"<!DOCTYPE html><html>", "parks.geojson")
    Traceback (most recent call last):
    geobuffer.errors.DataError: Unreadable parks.geojson: it is a web page (HTML). A download ...
    """
    if not head:
        raise _not_read(name, "empty (0 bytes)", "Must hold data.")
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    for magic, what, remedy in _NOT_READ:
        if head.startswith(magic):
            raise _not_read(name, what, remedy)
    if is_geopackage(head):
        return Kind.GEOPACKAGE
    if is_sqlite(head):
        raise _not_read(name, "an SQLite database, but no GeoPackage", "Save it as GeoPackage.")
    return _kind_of_text(head, name)


def _kind_of_text(head: bytes, name: str) -> Kind:
    if head.startswith(_BOMS):
        start = head.decode("utf-16", "ignore").lstrip()[:1]
        if start in {"{", "[", "<"}:
            raise _not_read(name, "text in UTF-16", "Save it as UTF-8, as its format wants.")
        return Kind.TEXT
    plain = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if plain.startswith((b"{", b"[")):
        return Kind.GEOJSON
    if plain.startswith(b"<"):
        return _kind_of_xml(plain, name)
    # Control characters other than tabs and line ends are in no text, but in UTF-16.
    if re.search(rb"[\0-\x08\x0e-\x1a]", plain) and not utf16_without_mark(head):
        raise _not_read(name, "of no format that is known", f"Must be one of {formats()}.")
    return Kind.TEXT


def _kind_of_xml(start: bytes, name: str) -> Kind:
    body = _PROLOGUE.sub(b"", start, count=1)
    root = body[:200].lower()
    if re.match(rb"<!doctype\s+html|<html", root):
        remedy = "A download probably failed; open it in a browser to see why."
        raise _not_read(name, "a web page (HTML)", remedy)
    if root.startswith(b"<!doctype"):
        remedy = "Must be without a DOCTYPE, which no KML needs."
        raise _not_read(name, "XML that declares entities of its own", remedy)
    if re.match(rb"<(?:\w+:)?kml\b", root):
        return Kind.KML
    if root.startswith(b"<ogrvrt"):
        raise _not_read(name, "a GDAL virtual format (VRT), which opens other files", "Convert it.")
    element = re.match(rb"<([\w:.-]+)", root)
    what = f"XML of another kind (<{element[1].decode()}>)" if element else "broken XML"
    raise _not_read(name, what, f"Must be one of {formats()}.")


def _not_read(name: str, what: str, remedy: str) -> DataError:
    return DataError(f"Unreadable {name}: it is {what}. {remedy}")


def formats() -> str:
    """Return the formats that are read, for messages."""
    return ", ".join(kind.value for kind in Kind)
