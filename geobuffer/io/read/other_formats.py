"""Recognise files of other formats that users often have, and say what to do with them.

Each function returns what a file is and what to do with it, or ``None``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from geobuffer.io.read.json_kinds import is_javascript

if TYPE_CHECKING:
    from collections.abc import Iterable


# First bytes, what the file is, and what to do.
_OTHER_FORMATS = (
    (b"PK\x05\x06", "an empty zip archive", "Must hold a file."),
    (b"\x1f\x8b", "compressed with gzip (.gz)", "Decompress it first, for example with 7-Zip."),
    (b"\xfd7zXZ\0", "compressed with xz (.xz)", "Decompress it first."),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard (.zst)", "Decompress it first."),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it first."),
    (b"Rar!", "a RAR archive", "Unpack it first."),
    (b"%PDF", "a PDF document", "Must be a table or a layer."),
    (b"{\\rtf", "a text document (RTF)", "Save its table as CSV or .xlsx."),
    (b"\xd0\xcf\x11\xe0", "an Excel file of before 2007 (.xls)", "Save it as .xlsx."),
    (b"ARROW1", "an Arrow file (Feather)", "Save it as Parquet."),
    (b"\xff\xff\xff\xff", "an Arrow stream", "Save it as Parquet."),
    (b"Obj\x01", "an Avro file", "Save it as Parquet or CSV."),
    (
        b"\x89HDF",
        "an HDF5 or netCDF file",
        "Save its places as CSV; exposure_raster reads GeoTIFF.",
    ),
    (b"II*\0", "a picture or raster (TIFF)", "Must be a table or a layer."),
    (b"MM\0*", "a picture or raster (TIFF)", "Must be a table or a layer."),
    (b"\x89PNG", "a picture (PNG)", "Must be a table or a layer."),
    (b"\xff\xd8\xff", "a picture (JPEG)", "Must be a table or a layer."),
    (b"version https://git-lfs", "a Git LFS pointer, not the file", "Fetch it with git lfs pull."),
)

# Formats that begin with letters, as a text may, and continue with bytes that no text has.
_OTHER_BINARIES = (
    (b"BZh", "compressed with bzip2 (.bz2)", "Decompress it first."),
    (b"FEA1", "a Feather file of before 2020", "Save it as Parquet."),
    (b"ORC", "an ORC file", "Save it as Parquet or CSV."),
    (b"PMTiles", "a set of map tiles (PMTiles)", "Must be a table or a layer."),
    (b"CDF", "a netCDF file", "Save its places as CSV; exposure_raster reads GeoTIFF."),
    (b"AC10", "a drawing (DWG)", "Save its layer as GeoPackage, with a reference system."),
)

# Archives of other programs, by the name of a file in them.
_OTHER_ARCHIVES = (
    ("content.xml", "an OpenDocument file (.ods)", "Save it as .xlsx or CSV."),
    ("word/document.xml", "a Word document (.docx)", "Save its table as .xlsx or CSV."),
    ("ppt/presentation.xml", "a presentation (.pptx)", "Must be a table or a layer."),
    ("xl/workbook.bin", "a binary Excel workbook (.xlsb)", "Save it as .xlsx."),
    ("Index/Document.iwa", "a document of Numbers or Pages", "Export it as .xlsx or CSV."),
    (".qgs", "a QGIS project (.qgz), which holds no data", "Give the file of the layer."),
)

# The version of a dBASE table, and the year, month and day of its last change.
_DBASE = re.compile(rb"[\x02\x03\x30\x31\x43\x63\x83\x8b\xf5].[\x01-\x0c][\x01-\x1f]", re.DOTALL)

# A record of GeoNames: an ID, three names, latitude, longitude and the class of the feature.
_GEONAMES = re.compile(
    rb"\d+\t[^\t\n]+\t[^\t\n]*\t[^\t\n]*\t-?\d+(?:\.\d+)?\t-?\d+(?:\.\d+)?\t[A-Z]?\t"
)
_OTHER_TEXTS = (
    (re.compile(rb"!table\s", re.IGNORECASE), "a MapInfo table (.tab)",
     "Save it as GeoPackage, with its other files beside it."),
    (re.compile(rb"version\s+\d+\s+(?:charset|delimiter)\b", re.IGNORECASE),
     "a MapInfo interchange file (.mif)", "Save it as GeoPackage."),
    (re.compile(rb"0\s*\n\s*SECTION\b|999\s*\n.*\n\s*0\s*\n\s*SECTION\b"), "a drawing (DXF)",
     "Save its layer as GeoPackage, with a reference system."),
    (_GEONAMES, "a dump of GeoNames, which has no header",
     "Put a line with the names of its columns before it: geonameid, name, asciiname and so on."),
)  # fmt: skip


def describe_start(head: bytes) -> tuple[str, str] | None:
    """Return the format of a file with these first bytes, and what to do.

    >>> describe_start(b"%PDF-1.7")
    ('a PDF document', 'Must be a table or a layer.')
    """
    return _find_start(head, _OTHER_FORMATS)


def _find_start(head: bytes, formats: Iterable[tuple[bytes, str, str]]) -> tuple[str, str] | None:
    return next((found[1:] for found in formats if head.startswith(found[0])), None)


def describe_binary(head: bytes, name: str) -> tuple[str, str] | None:
    """Return the format of a file that is not a text, and what to do."""
    if found := _find_start(head, _OTHER_BINARIES):
        return found
    if head[257:262] == b"ustar":  # the mark of a tar archive
        return "a tar archive", "Unpack it first."
    if _DBASE.match(head) and name.lower().endswith(".dbf"):
        return "the table of a Shapefile (.dbf)", "Give the .shp file beside it."
    return None


def describe_text(plain: bytes) -> tuple[str, str] | None:
    """Return the format of a text that is not a table, and what to do."""
    if is_javascript(plain[:1000].decode("utf-8", "replace")):
        return "JavaScript", "Save only the JSON in it: from the first { or [ to the last."
    return next((found[1:] for found in _OTHER_TEXTS if found[0].match(plain)), None)


def describe_archive(names: Iterable[str]) -> tuple[str, str] | None:
    """Return the format of an archive with these files, and what to do."""
    names = list(names)
    for ending, *found in _OTHER_ARCHIVES:
        if any(name.endswith(ending) for name in names):
            return found[0], found[1]
    return None
