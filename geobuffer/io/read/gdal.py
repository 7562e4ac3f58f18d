"""Make GDAL open a file with the driver of its format, and no other file with it.

GDAL tries its drivers in turn on a file. Some drivers find a few words near the beginning of the
file and read the file as a list of other files or addresses. We prevent this for each format:

- GeoJSON, TopoJSON and Esri JSON: a prefix of the name chooses the driver.
- File geodatabase: we copy its tables to a folder of their own.
- GeoPackage: if changes to it are in a file beside it, we open a copy that has them.
- Other formats: their first bytes include a zero byte, at which those drivers stop.

For a Shapefile we also check its companion files and find the encoding of its texts.
"""

from __future__ import annotations

import codecs
import html
import json
import mmap
import re
import zipfile
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any

import shapely

from geobuffer.errors import DataError
from geobuffer.io.atomic import temporary_folder
from geobuffer.io.geopackage import has_plain_header, open_geopackage
from geobuffer.io.read.dbase import find_dbase_encoding, name_for_gdal
from geobuffer.io.read.files import DRIVERS, GDB_TABLE, HEAD_BYTES, FileFormat, damaged_error
from geobuffer.io.untrusted import (
    check_companion,
    check_crs_definition,
    check_geopackage,
    set_gdal_option,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geobuffer.io.read.files import UserFile


def list_gdal_errors() -> tuple[type[Exception], ...]:
    """Return the classes of the errors that pyogrio and geopandas raise for a damaged file.

    Their only common base class is Exception.
    """
    from pyogrio.errors import CRSError, DataLayerError, DataSourceError, FeatureError
    from pyproj.exceptions import ProjError

    # pyogrio 0.13 raises UnboundLocalError for a reference system that GDAL cannot write.
    return (
        CRSError, DataLayerError, DataSourceError, FeatureError, ProjError, shapely.GEOSException,
        LookupError, OSError, OverflowError, RuntimeError, UnboundLocalError, ValueError,
    )  # fmt: skip


@contextmanager
def open_shapefile(
    file: UserFile, notes: list[str], encoding: str | None
) -> Iterator[tuple[str, str | None]]:
    """Yield the name by which GDAL opens a Shapefile, and the encoding of its texts.

    We do not check an encoding that the caller states. If ``.shx``, the index, is missing, we copy
    the file to a temporary folder and GDAL makes the index there.

    Raises
    ------
    DataError
        The ``.dbf``, which holds the names of the shapes, is missing; the file is incomplete; a
        companion is a link to another folder; or the reference system names another file.
    """
    _check_links(file)
    _check_complete(file)
    check_crs_definition((file.companion(".prj") or b"").decode("utf-8", "replace"), str(file))
    table = file.companion(".dbf")
    if table is None:
        raise DataError(
            f"Unreadable {file}: there is no {file.stem}.dbf beside it, so no shape has a name. "
            "Must be together in one folder: .shp, .shx, .dbf and .prj."
        )
    if encoding is None:
        encoding = find_dbase_encoding(table, file.companion(".cpg"), str(file), notes)
    encoding = name_for_gdal(encoding) if encoding else None
    if file.companion(".shx") is not None:
        yield file.gdal_name, encoding
        return
    notes.append("its index (.shx) is missing and was made again for reading.")
    with temporary_folder() as folder:
        copy = folder / "shapes.shp"
        copy.write_bytes(file.read())
        for suffix in (".dbf", ".prj", ".cpg"):
            if (content := file.companion(suffix)) is not None:
                copy.with_suffix(suffix).write_bytes(content)
        with set_gdal_option("SHAPE_RESTORE_SHX", "YES"):
            yield str(copy), encoding


def _check_links(file: UserFile) -> None:
    """Check that no companion of the file is a pipe, a device, or a link to another folder."""
    if file.member:
        return
    home = file.path.resolve()
    for path in home.parent.iterdir():
        if path.name.casefold().startswith(f"{home.stem.casefold()}."):
            check_companion(path, str(file))


def _check_complete(file: UserFile) -> None:
    """Check the length in the header: GDAL reads shapes beyond the end as missing."""
    # Bytes 24 to 27 hold the length in words of two bytes.
    promised = 2 * int.from_bytes(file.read(28)[24:28], "big")
    if file.size < promised:
        raise DataError(
            f"Unreadable {file}: it is incomplete, {file.size:,} bytes of {promised:,}. Download "
            "it again."
        )


# Skips to the next string that may be "crs" (its letters may be written as \uXXXX), and to what
# GDAL accepts but JSON does not: strings in single quotes, and comments. Takes 12 s per gigabyte.
_PLAIN = re.compile(rb"""(?:[^"'/]++|"(?![cC\\](?:[rR\\]|u00))(?:[^"\\]++|\\.)*+")*+""", re.DOTALL)
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_VALUE = re.compile(rb"\s*:\s*(?=\{)")

# The name "crs" with any spelling of its letters. For GDAL a zero ends the name.
_CRS = re.compile(
    rb'"(?:c|\\u00[46]3)(?:r|\\u00[57]2)(?:s|\\u00[57]3)(?:"|\\u0000|\0)', re.IGNORECASE
)
# More bytes than the name of any reference system has.
_CRS_BYTES = 10_000
# Names as in "EPSG:3857", "urn:ogc:def:crs:OGC:1.3:CRS84" or "WGS 84": never a path or a program.
_CRS_NAME = re.compile(r"[\w .:()-]+|https?://www\.opengis\.net/(?:def/crs|gml/srs)/[\w./#-]+")

# The FlatGeobuf library itself rejects larger headers. Below this, the last byte of the size is
# zero.
_FLATGEOBUF_HEADER = 10 * 1024 * 1024


@contextmanager
def open_for_gdal(
    file: UserFile, notes: list[str], encoding: str | None
) -> Iterator[tuple[str, str | None]]:
    """Yield the name by which GDAL opens a file, and the encoding of its texts if it needs one.

    Raises
    ------
    DataError
        The file is damaged or refers to other files; or as :func:`open_shapefile`.
    """
    if file.format is FileFormat.SHAPEFILE:
        with open_shapefile(file, notes, encoding) as named:
            yield named
    elif file.format is FileFormat.GEODATABASE:
        with _copy_geodatabase(file) as name:
            yield name, None
    elif file.format is FileFormat.GEOPACKAGE:
        with _open_geopackage(file) as name:
            yield name, None
    elif file.format in {FileFormat.ESRI_JSON, FileFormat.TOPOJSON}:
        # ArcGIS sends at most some thousand features at once; this member says that more exist.
        if load_json(file).get("exceededTransferLimit"):
            notes.append("the server sent only some of the features (exceededTransferLimit).")
        yield f"{DRIVERS[file.format][0]}:{file.gdal_name}", None
    else:
        yield _PREFIXES[file.format](file) + file.gdal_name, None


# The parts of a file geodatabase that GDAL needs: tables, their offsets and indexes.
_GDB_PARTS = (".gdbtable", ".gdbtablx", ".gdbindexes", ".atx", ".spx", ".freelist")
_GDB_BLOCK = 1 << 22
# Words in definitions of reference systems that make PROJ open another file. The tables of a file
# geodatabase hold XML, and text in UTF-16, from which we remove the zero bytes.
_GDB_NAMES_A_FILE = re.compile(
    rb"PROJ4_GRIDS|PARAMETERFILE|grids\s{0,9}=|\+(?:init|file|model|catalog)\s{0,9}=", re.IGNORECASE
)
# Longer than any of these words.
_GDB_OVERLAP = 100


@contextmanager
def _copy_geodatabase(file: UserFile) -> Iterator[str]:
    """Yield the name of a copy that holds only the tables of a file geodatabase.

    Without a copy, other files in the folder could make GDAL choose another driver.

    Raises
    ------
    DataError
        A part is a pipe or a link to another folder, or a reference system names a file.
    """
    with temporary_folder() as folder:
        copy = folder / "layers.gdb"
        copy.mkdir()
        for name, _ in file.list_parts():
            part = PurePosixPath(name).name
            if not part.lower().endswith(_GDB_PARTS) and part != "gdb":
                continue
            with _open_part(file, name) as opened, (copy / part).open("wb") as written:
                before = b""
                while block := opened.read(_GDB_BLOCK):
                    written.write(block)
                    if part.lower().endswith(GDB_TABLE):
                        before = _check_gdb_block(file, before, block)
        yield str(copy)


@contextmanager
def _open_part(file: UserFile, name: str) -> Iterator[IO[bytes]]:
    if file.member:
        with zipfile.ZipFile(file.path) as archive, archive.open(name) as member:
            yield member
    else:
        check_companion(file.path / name, str(file))
        with (file.path / name).open("rb") as plain:
            yield plain


def _check_gdb_block(file: UserFile, before: bytes, block: bytes) -> bytes:
    """Check a block of a table, and return its end, which the next block may continue."""
    text = before + block.replace(b"\0", b"")
    # XML may write any letter as a number.
    plain = html.unescape(text.decode("latin-1")).encode("utf-8") if b"&#" in text else text
    if found := _GDB_NAMES_A_FILE.search(plain):
        raise DataError(
            f"Invalid reference system of {file}: it names another file "
            f"({found[0].decode('latin-1')!r}), which geobuffer does not open. Save the layer in "
            "EPSG:4326."
        )
    return text[-_GDB_OVERLAP:]


def _map_content(file: UserFile) -> mmap.mmap | bytes:
    if file.member:
        return file.read()
    with file.path.open("rb") as plain:
        return mmap.mmap(plain.fileno(), 0, access=mmap.ACCESS_READ)


@contextmanager
def _open_geopackage(file: UserFile) -> Iterator[str]:
    """Yield the name by which GDAL opens a GeoPackage without changing it."""
    if not file.member:
        with open_geopackage(file.path, str(file)) as path:
            yield str(path)
        return
    content = file.read()
    changes = file.companion(".gpkg-wal")
    if changes is None and has_plain_header(content):
        check_geopackage(content, str(file))
        yield file.gdal_name
        return
    with temporary_folder() as folder:
        unpacked = folder / "layers.gpkg"
        unpacked.write_bytes(content)
        unpacked.with_name("layers.gpkg-wal").write_bytes(changes or b"")
        with open_geopackage(unpacked, str(file)) as path:
            yield str(path)


def _check_flatgeobuf(file: UserFile) -> str:
    size = int.from_bytes(file.read(12)[8:], "little")
    if size > _FLATGEOBUF_HEADER:
        raise damaged_error(file, f"a header of {size:,}")
    check_crs_definition(file.read(12 + size).decode("utf-8", "replace"), str(file))
    return ""


def _choose_geojson_driver(file: UserFile) -> str:
    """Return the driver of a GeoJSON as a prefix: a whole document, or a feature on each line."""
    content = _map_content(file)
    at = _skip_plain(content, 0)
    while at < len(content) and (string := _STRING.match(content, at)):
        if _CRS.match(string[0]) and (value := _VALUE.match(content, string.end())):
            _check_crs(file, content[value.end() : value.end() + _CRS_BYTES])
        at = _skip_plain(content, string.end())
    if content[at : at + 1] in {b"'", b"/"}:
        raise damaged_error(file, f"no JSON at byte {at:,}: {content[at : at + 1].decode()}")
    if content[:1000].removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"\x1e"):
        return "GeoJSONSeq:"
    end = content.find(b"\n")
    first = content[: max(end, 0)].rstrip()
    lines = first.endswith(b"}") and content[end : end + HEAD_BYTES].lstrip().startswith(b"{")
    return "GeoJSONSeq:" if lines else "GeoJSON:"


# Python holds JSON in memory in some ten times its size, and GDAL does so again.
_MAX_TREE_BYTES = 500_000_000


def load_json(file: UserFile) -> dict[str, Any]:
    """Return the object of a JSON file, after a check that no member refers to another file.

    Raises
    ------
    DataError
        The file is damaged, too large or nested too deeply, repeats a member, or its reference
        system names a file.
    """
    if file.size > _MAX_TREE_BYTES:
        raise DataError(
            f"Unreadable {file}: {file.size:,} bytes. A file of {file.format} must be at most "
            f"{_MAX_TREE_BYTES:,} bytes: save it as GeoPackage."
        )

    def check_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = _reject_repeated_members(pairs)
        for key, value in pairs:
            if key.casefold() in {"wkt", "wkt2"}:
                check_crs_definition(str(value), str(file))
        return members

    try:
        found = json.loads(file.read().decode("utf-8-sig"), object_pairs_hook=check_members)
    except DataError:
        raise
    except (ValueError, RecursionError) as error:
        raise damaged_error(file, error) from error
    return found if isinstance(found, dict) else {}


def _skip_plain(content: mmap.mmap | bytes, start: int) -> int:
    plain = _PLAIN.match(content, start)
    return plain.end() if plain else start


_PREFIXES = {
    FileFormat.GEOJSON: _choose_geojson_driver,
    FileFormat.FLATGEOBUF: _check_flatgeobuf,
}


def _check_crs(file: UserFile, begin: bytes) -> None:
    """Check that the member "crs" of a GeoJSON is a name, and not an address or a file.

    RFC 7946 removed this member; GDAL still reads it as the specification of 2008 defines it.
    """
    try:
        decoder = json.JSONDecoder(object_pairs_hook=_reject_repeated_members)
        crs, _ = decoder.raw_decode(begin.decode("utf-8", "ignore"))
    except (ValueError, RecursionError) as error:
        raise damaged_error(file, f"of its member 'crs': {error}") from error
    if any(str(key).casefold() == "type" for key in crs) and not _names_a_crs(crs):
        raise DataError(
            f"Invalid GeoJSON {file}: its member 'crs' does not name a reference system, but "
            "refers to something else. Must be left out (RFC 7946), or name one such as EPSG:4326."
        )


def _reject_repeated_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs) or any("\0" in key for key, _ in pairs):
        raise ValueError("a member occurs twice, or has a NUL character in its name")
    return dict(pairs)


def _names_a_crs(crs: dict[str, Any]) -> bool:
    """Return whether the value of the member "crs" is a name, an EPSG code or null."""
    match crs:
        case {"type": "name", "properties": {"name": str(name)}}:
            plain = _CRS_NAME.fullmatch(name) is not None
        case {"type": "EPSG", "properties": {"code": int()}}:
            plain = True
        case {"type": "name", "properties": {"name": None}}:
            plain = True
        case _:
            plain = False
    return plain and len(crs) == 2 and len(crs["properties"]) == 1
