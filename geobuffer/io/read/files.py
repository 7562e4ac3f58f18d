"""Find a user's file, also within a zip archive, and detect its format.

We accept local files of a limited size. We detect the format from the first bytes, not from the
name, because a name may be wrong and some formats open other files: a GDAL virtual format (VRT)
named ``.geojson`` would open any file that it names.
"""

from __future__ import annotations

import codecs
import enum
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from geobuffer.errors import DataError, did_you_mean
from geobuffer.io.read.encodings import detect_utf16
from geobuffer.io.read.json_kinds import describe_other, detect_json_kind, list_members
from geobuffer.io.read.other_formats import (
    describe_archive,
    describe_binary,
    describe_start,
    describe_text,
)
from geobuffer.io.untrusted import check_companion, is_geopackage, is_sqlite
from geobuffer.zones.toponyms import escape_controls

#: How many bytes we read to detect a format; a KML may begin with a long comment.
HEAD_BYTES = 65_536


class FileFormat(enum.StrEnum):
    """The formats that we read."""

    GEOPACKAGE = "GeoPackage"
    GEOJSON = "GeoJSON"
    TOPOJSON = "TopoJSON"
    ESRI_JSON = "Esri JSON"
    OVERPASS = "Overpass JSON"
    RECORDS = "JSON records"
    FLATGEOBUF = "FlatGeobuf"
    SHAPEFILE = "Shapefile"
    GEODATABASE = "file geodatabase"
    KML = "KML"
    GPX = "GPX"
    PARQUET = "Parquet"
    EXCEL = "Excel"
    TEXT = "text table"
    ZIP = "zip archive"


#: The GDAL drivers of each format. GDAL must not choose another driver.
DRIVERS = {
    FileFormat.GEOPACKAGE: ("GPKG",),
    FileFormat.GEOJSON: ("GeoJSON", "GeoJSONSeq"),
    FileFormat.TOPOJSON: ("TopoJSON",),
    FileFormat.ESRI_JSON: ("ESRIJSON",),
    FileFormat.FLATGEOBUF: ("FlatGeobuf",),
    FileFormat.SHAPEFILE: ("ESRI Shapefile",),
    FileFormat.GEODATABASE: ("OpenFileGDB",),
}

#: Formats with a reference system fixed by their standard (RFC 7946; OGC 12-007) or by their use.
FIXED_CRS = (
    FileFormat.GEOJSON, FileFormat.TOPOJSON, FileFormat.OVERPASS, FileFormat.KML, FileFormat.GPX,
)  # fmt: skip

#: The suffixes of these formats within an archive.
SUFFIXES = (
    ".gpkg", ".geojson", ".json", ".geojsonl", ".geojsons", ".jsonl", ".ndjson", ".topojson",
    ".fgb", ".shp", ".kml", ".gpx", ".parquet", ".geoparquet", ".csv", ".tsv", ".txt", ".xlsx",
    ".xlsm",
)  # fmt: skip

#: The suffix of the tables of a file geodatabase, which is a folder of them.
GDB_TABLE = ".gdbtable"

_MAGIC = (
    (b"fgb\x03fgb", FileFormat.FLATGEOBUF),
    (b"\x00\x00\x27\x0a", FileFormat.SHAPEFILE),
    (b"PAR1", FileFormat.PARQUET),
    (b"PK\x03\x04", FileFormat.ZIP),
)

# The text that may precede the first element of XML.
_PROLOGUE = re.compile(rb"\A(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)

# The character before each record of a JSON sequence (RFC 8142).
_RECORD_SEPARATOR = b"\x1e"

_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def detect_format(head: bytes, name: str) -> FileFormat:
    """Return the format of a file by its first bytes; ``name`` is its name in messages.

    Raises
    ------
    DataError
        We do not read the format of the file. The message names the format, if we know it.

    Examples
    --------
    >>> detect_format(b'{"type": "FeatureCollection"', "parks.json")
    <FileFormat.GEOJSON: 'GeoJSON'>
    >>> detect_format(b"<!DOCTYPE html><html>", "parks.geojson")
    Traceback (most recent call last):
    geobuffer.errors.DataError: Unreadable parks.geojson: it is a web page (HTML). A download ...
    """
    if not head:
        raise _unreadable_error(name, "empty (0 bytes)", "Must hold data.")
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if other := describe_start(head):
        raise _unreadable_error(name, *other)
    if is_geopackage(head):
        return FileFormat.GEOPACKAGE
    if is_sqlite(head):
        raise _unreadable_error(
            name, "an SQLite database, but no GeoPackage", "Save it as GeoPackage."
        )
    return _detect_text_format(head, name)


def _detect_text_format(head: bytes, name: str) -> FileFormat:
    if head.startswith(_BOMS):
        text = head.decode("utf-16", "ignore").lstrip()
        if text.startswith("<"):
            return _detect_xml_format(text.encode(), name)
        if text.startswith(("{", "[")):
            raise _unreadable_error(
                name, "text in UTF-16", "Save it as UTF-8, as its format wants."
            )
        return FileFormat.TEXT
    plain = head.removeprefix(codecs.BOM_UTF8).lstrip()
    # A sequence of RFC 8142 has a record separator before each object.
    if plain.startswith(_RECORD_SEPARATOR) and plain.lstrip(b"\x1e \t\r\n").startswith(b"{"):
        return FileFormat.GEOJSON
    if plain.startswith((b"{", b"[")):
        is_whole = len(head) < HEAD_BYTES
        kind = detect_json_kind(plain.decode("utf-8", "replace"), is_whole=is_whole)
        if not kind.format:
            raise _unreadable_error(name, kind.what, kind.remedy)
        return FileFormat(kind.format)
    if plain.startswith(b"<"):
        return _detect_xml_format(plain, name)
    # Among texts, only UTF-16 has control characters other than tabs and line ends.
    if re.search(rb"[\0-\x08\x0e-\x1a]", plain) and not detect_utf16(head):
        unknown = ("of no format that is known", f"Must be one of {list_formats()}.")
        raise _unreadable_error(name, *(describe_binary(head, name) or unknown))
    if other := describe_text(plain):
        raise _unreadable_error(name, *other)
    return FileFormat.TEXT


def _detect_xml_format(start: bytes, name: str) -> FileFormat:
    body = _PROLOGUE.sub(b"", start, count=1)
    root = body[:200].lower()
    if re.match(rb"<!doctype\s+html|<html", root):
        remedy = "A download probably failed; open it in a browser to see why."
        raise _unreadable_error(name, "a web page (HTML)", remedy)
    if root.startswith(b"<!doctype"):
        remedy = "Must be without a DOCTYPE, which no KML or GPX needs."
        raise _unreadable_error(name, "XML that declares entities of its own", remedy)
    if found := re.match(rb"<(?:\w+:)?(kml|gpx)\b", root):
        return FileFormat(found[1].decode().upper())
    if root.startswith(b"<ogrvrt"):
        raise _unreadable_error(
            name, "a GDAL virtual format (VRT), which opens other files", "Convert it."
        )
    element = re.match(rb"<([\w:.-]+)", root)
    what = f"XML of another kind (<{element[1].decode()}>)" if element else "broken XML"
    raise _unreadable_error(name, what, f"Must be one of {list_formats()}.")


def _unreadable_error(name: str, what: str, remedy: str) -> DataError:
    return DataError(f"Unreadable {name}: it is {what}. {remedy}")


def list_formats() -> str:
    """Return the formats that we read, for messages."""
    return ", ".join(kind.value for kind in FileFormat)


#: The largest file that we read unless the caller allows more. The boundaries of the whole world at
#: full resolution are 3 GB, and reading takes a few times as much memory.
MAX_GB = 4.0

# We check the files of an archive in blocks of this many bytes, to save memory.
_BLOCK = 1 << 24

# The beginning of a web address or of a database's address.
_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


@dataclass(frozen=True)
class UserFile:
    """A file, or a file within an archive, and its format."""

    path: Path
    format: FileFormat
    member: str = ""

    def __str__(self) -> str:
        return escape_controls(f"{self.path}/{self.member}" if self.member else str(self.path))

    @property
    def stem(self) -> str:
        """The name without folder and suffix."""
        return PurePosixPath(self.member or self.path.name).stem

    @property
    def size(self) -> int:
        """The size in bytes, unpacked."""
        if self.format is FileFormat.GEODATABASE:
            return sum(size for _, size in self.list_parts())
        if not self.member:
            return self.path.stat().st_size
        with zipfile.ZipFile(self.path) as archive:
            return archive.getinfo(self.member).file_size

    def list_parts(self) -> list[tuple[str, int]]:
        """Return the names and sizes of the files of a geodatabase, which is a folder."""
        if not self.member:
            return [(p.name, p.lstat().st_size) for p in self.path.iterdir() if not p.is_dir()]
        with zipfile.ZipFile(self.path) as archive:
            return [
                (entry.filename, entry.file_size)
                for entry in archive.infolist()
                if str(PurePosixPath(entry.filename).parent) == self.member and not entry.is_dir()
            ]

    @property
    def gdal_name(self) -> str:
        """The name by which GDAL opens the file."""
        # Braces let the name of the archive hold any character.
        path = self.path.resolve()
        return f"/vsizip/{{{path}}}/{self.member}" if self.member else str(path)

    @property
    def is_kmz(self) -> bool:
        """Whether the file is a document of a KMZ archive."""
        return bool(self.member) and self.path.suffix.lower() == ".kmz"

    def list_kml(self) -> list[str]:
        """Return the names of all KML documents in the archive of the file."""
        with zipfile.ZipFile(self.path) as archive:
            return [name for name in archive.namelist() if name.lower().endswith(".kml")]

    def companion(self, suffix: str) -> bytes | None:
        """Return the content of the file with the same name and another suffix, if there is one."""
        if not self.member:
            # Suffixes may be in capitals, which matters on some file systems. GDAL looks for
            # companions beside the target of a link.
            home = self.path.resolve()
            for path in (home.with_suffix(suffix), home.with_suffix(suffix.upper())):
                if check_companion(path, str(self)):
                    size, limit_gb = path.stat().st_size, MAX_GB if suffix == ".dbf" else 0.001
                    if size > limit_gb * 1e9:
                        raise DataError(
                            f"Unreadable {self}: {path.name} beside it has {size:,} bytes. Must "
                            f"have at most {limit_gb * 1e9:,.0f}."
                        )
                    return path.read_bytes()
            return None
        with zipfile.ZipFile(self.path) as archive:
            wanted = str(PurePosixPath(self.member).with_suffix(suffix)).casefold()
            for name in archive.namelist():
                if name.casefold() == wanted:
                    return archive.read(name)
        return None

    def open(self) -> BinaryIO:
        """Open the content. An archive stays open until the content is closed."""
        if not self.member:
            return self.path.open("rb")
        # The archive closes its file when the last reader of a member is closed.
        with zipfile.ZipFile(self.path) as archive:
            return cast("BinaryIO", archive.open(self.member))

    def read(self, count: int = -1) -> bytes:
        """Return the content, or its first bytes."""
        with self.open() as file:
            return file.read(count)


def find_file(
    path: str | Path, *, layer: str | None = None, max_gb: float = MAX_GB
) -> tuple[UserFile, str | None]:
    """Return a user's file and the layer to read from it.

    In an archive of several files, ``layer`` may name one of the files.

    Raises
    ------
    DataError
        The file is missing, a folder, a web address or a path of one of GDAL's file systems; it is
        larger than ``max_gb`` or in an unknown format; or an archive holds no file that we read, or
        several.
    """
    local = _check_local_file(path)
    try:
        if local.is_dir():
            folder = UserFile(local, FileFormat.GEODATABASE)
            if folder.size > max_gb * 1e9:
                raise _too_large_error(str(local), folder.size, max_gb)
            return folder, layer
        if local.stat().st_size > max_gb * 1e9:
            raise _too_large_error(str(local), local.stat().st_size, max_gb)
        with local.open("rb") as file:
            kind = detect_format(file.read(HEAD_BYTES), str(local))
        if kind is FileFormat.ZIP:
            return _find_in_archive(local, layer, max_gb)
        if kind is FileFormat.PARQUET:
            _check_parquet_size(UserFile(local, kind), max_gb)
    except OSError as error:
        raise DataError(f"Unreadable {local}: {error.strerror or error}.") from error
    return UserFile(local, kind), layer


def _check_local_file(path: str | Path) -> Path:
    text = hide_password(str(path))
    if _URL.match(text.lstrip()) or text.startswith(("/vsi", "\\vsi")):
        raise DataError(
            f"Invalid file {text!r}. Must be a file on this machine: download it "
            "first; archives in zip are read as they are."
        )
    local = Path(path)
    if (reason := find_path_fault(local)) is not None:
        raise DataError(
            f"No file {_shorten_text(text)!r}: {reason}. Must be a file on this machine."
        )
    if local.is_file() or (local.is_dir() and any(local.glob(f"*{GDB_TABLE}"))):
        # pyogrio takes a path with an exclamation mark for a path within an archive.
        if "!" in str(local.resolve()):
            raise DataError(f"Invalid file {text!r}: its path has a '!'. Move the file elsewhere.")
        return local
    if local.is_dir():
        raise DataError(
            f"Invalid file {text!r}: it is a folder. Must be a file, or a file geodatabase (.gdb)."
        )
    if local.exists():
        raise DataError(f"Invalid file {text!r}: it is a device or a pipe. Must be a file.")
    if not local.parent.is_dir():
        raise DataError(
            f"No file {text!r}: there is no folder {hide_password(str(local.parent))!r}."
        )
    there = sorted(entry.name for entry in local.parent.iterdir() if entry.is_file())
    hint = did_you_mean(local.name, there) if there else f"The folder {local.parent} is empty."
    raise DataError(f"No file {text!r}. {hint}")


def find_path_fault(path: Path) -> str | None:
    r"""Return why the system refuses a path, such as one that is too long; else ``None``.

    >>> "embedded null" in find_path_fault(Path("a\0b")), find_path_fault(Path("no such file"))
    (True, None)
    """
    try:
        path.stat()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return None


def _shorten_text(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:100]}…{text[-60:]}"


def hide_password(url: str) -> str:
    """Return an address without the password in it.

    >>> hide_password("postgresql://me:secret@host/db?password=secret")
    'postgresql://me:***@host/db?password=***'
    """
    # A password may hold any character, also @ and signs that end an address, so we hide all text
    # up to the last @. We also handle wrong addresses: without a colon, or with backslashes.
    hidden = re.sub(r"(:/{1,2}[^:/@?]*):.*@", r"\1:***@", url, flags=re.DOTALL)
    hidden = re.sub(_ODD_ADDRESS, r"\1:***@", hidden)
    return re.sub(r"(pass(?:word|wd)?\s*=\s*)[^&]*", r"\1***", hidden, flags=re.IGNORECASE)


# The beginning of an address with a mistake, up to the name of its user, and its password.
_ODD_ADDRESS = re.compile(
    r"(\A\W*[a-z][a-z0-9+.]*:?[/\\]+[^:/\\@?]*):.*@", re.IGNORECASE | re.DOTALL
)


def damaged_error(file: UserFile, error: object) -> DataError:
    """Return the error for a damaged file, with its size and the message of the library."""
    if file.format is FileFormat.GEOJSON:
        head = file.read(HEAD_BYTES).removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
        kind = detect_json_kind(head.lstrip())
        if kind.format == FileFormat.RECORDS:  # the rest of the file shows that it is not GeoJSON
            return _unreadable_error(str(file), *describe_other(list_members(head.lstrip())))
        if not kind.format:
            return _unreadable_error(str(file), kind.what, kind.remedy)
    message = " ".join(str(error).split())
    problem = "it is incomplete or damaged"
    if file.format in {FileFormat.KML, FileFormat.GPX}:
        problem = "its XML is broken, or declares entities"
    return DataError(
        f"Unreadable {file}: {problem} ({file.size:,} bytes; {message[:200]}). Must be a whole "
        f"{file.format}: download or save it again."
    )


def _too_large_error(name: str, size: int, max_gb: float) -> DataError:
    return DataError(
        f"Unreadable {name}: {size / 1e9:,.1f} GB, unpacked. Must be at most {max_gb:g} GB; "
        "max_gb= allows more."
    )


def _find_in_archive(path: Path, layer: str | None, max_gb: float) -> tuple[UserFile, str | None]:
    """Return the file within an archive and the layer to read from it."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename: entry for entry in archive.infolist() if entry.file_size}
            if "xl/workbook.xml" in entries:
                _check_size(path, list(entries.values()), max_gb)
                return UserFile(path, FileFormat.EXCEL), layer
            member, layer = _choose_member(path, list(entries), layer)
            if member.startswith("/") or ".." in member.split("/"):
                message = (
                    f"Unreadable {path}: {member!r} lies outside of the archive. Pack it again."
                )
                raise DataError(message)
            if member in _list_geodatabases(list(entries)):
                found = UserFile(path, FileFormat.GEODATABASE, member)
                parts = [archive.getinfo(name) for name, _ in found.list_parts()]
                _check_size(path, parts, max_gb)
                _check_checksums(archive, parts)
                return found, layer
            stem = member.rpartition(".")[0].casefold()
            beside = [e for n, e in entries.items() if n.casefold().startswith(stem)]
            _check_size(path, beside, max_gb)
            with archive.open(member) as file:
                kind = detect_format(file.read(HEAD_BYTES), f"{path}/{member}")
            _check_checksums(archive, beside)
    # A damaged archive may also have file names that are not text, or an unknown compression.
    except (
        zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError, NotImplementedError,
    ) as error:  # fmt: skip
        raise DataError(
            f"Unreadable {path}: a zip archive that is incomplete or damaged "
            f"({path.stat().st_size:,} bytes; {error}). Get it again."
        ) from error
    except RuntimeError as error:  # zipfile raises it for an encrypted archive
        raise DataError(f"Unreadable {path}: {error}. Must be without a password.") from error
    if kind is FileFormat.ZIP:
        message = f"Unreadable {path}: {member} is an archive in an archive. Unpack it first."
        raise DataError(message)
    found = UserFile(path, kind, member)
    if kind is FileFormat.PARQUET:
        _check_parquet_size(found, max_gb)
    return found, layer


def _check_parquet_size(file: UserFile, max_gb: float) -> None:
    """Check the number of rows of a Parquet file: a small file may hold a huge table."""
    import pyarrow as pa
    from pyarrow import parquet

    source: Any = io.BytesIO(file.read()) if file.member else file.path
    try:
        metadata = parquet.read_metadata(source)
    except (OSError, pa.ArrowException) as error:
        raise damaged_error(file, error) from error
    # A value takes at least 8 bytes in pandas: it is a number or a reference to an object.
    size = 8 * metadata.num_rows * metadata.num_columns
    if size > max_gb * 1e9:
        raise _too_large_error(str(file), size, max_gb)


def _choose_member(path: Path, names: list[str], layer: str | None) -> tuple[str, str | None]:
    databases = _list_geodatabases(names)
    readable = databases + [
        name
        for name in names
        if name.lower().endswith(SUFFIXES)
        and not name.startswith("__MACOSX/")
        and str(PurePosixPath(name).parent) not in databases
    ]
    if not readable:
        if other := describe_archive(names):
            raise _unreadable_error(str(path), *other)
        shown = ", ".join(names[:8]) or "nothing"
        raise DataError(
            f"Unreadable {path}: an archive of {shown}. Must hold {', '.join(SUFFIXES)}."
        )
    documents = [name for name in readable if name.lower().endswith(".kml")]
    if path.suffix.lower() == ".kmz" and documents and layer not in _name_members(documents):
        # A KMZ has one main document, at its root: doc.kml or the first (OGC 12-007). A layer
        # names a folder in it.
        documents.sort(key=lambda name: ("/" in name, name.lower() != "doc.kml"))
        return documents[0], layer
    # Skip read-me texts and metadata that lie beside the data.
    for aside in (".txt", ".json"):
        others = [name for name in readable if not name.lower().endswith(aside)]
        if others and layer not in _name_members([n for n in readable if n not in others]):
            readable = others
    if len(readable) == 1:
        return readable[0], layer
    named = [name for name in readable if layer in _name_members([name])]
    if len(named) == 1:
        return named[0], None
    if layer is None:
        shown = ", ".join(repr(PurePosixPath(name).stem) for name in readable[:12])
        raise DataError(
            f"Ambiguous {path}: it holds {len(readable)} files. Choose one with layer=: {shown}."
        )
    hint = did_you_mean(layer, readable)
    raise DataError(f"Invalid layer {layer!r} of {path}. {hint}")


def _list_geodatabases(names: list[str]) -> list[str]:
    """Return the folders of an archive that are file geodatabases."""
    folders = [str(PurePosixPath(name).parent) for name in names if name.endswith(GDB_TABLE)]
    return [name for name in dict.fromkeys(folders) if not name.startswith("__MACOSX")]


def _name_members(names: list[str]) -> set[str]:
    """Return the names by which ``layer`` may choose a file: the whole name or the stem."""
    return {*names, *(PurePosixPath(name).stem for name in names)}


def _check_checksums(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    """Unpack the files once so that zipfile compares their checksums; GDAL may not do so."""
    for entry in entries:
        with archive.open(entry) as file:
            while file.read(_BLOCK):
                pass


def _check_size(path: Path, entries: list[zipfile.ZipInfo], max_gb: float) -> None:
    size = sum(entry.file_size for entry in entries)
    if size > max_gb * 1e9:
        raise _too_large_error(str(path), size, max_gb)
