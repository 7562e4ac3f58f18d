"""Check untrusted files before PROJ or GDAL open them, so that neither opens another file.

- The definition of a reference system may name a grid of corrections or another file, which PROJ
  would open. We reject such a definition.
- A GeoPackage may have virtual tables that open other files. We reject such a table.
- A companion, such as a ``.prj``, may be a pipe or a link to another folder. We reject such a
  companion.
- A geometry may nest collections so deeply that GEOS crashes the process. We reject such a
  geometry.

The module also captures the warnings of libraries, and sets options of GDAL, while we read a file.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import warnings
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Literal

from geobuffer.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


# Up to Python 3.13 all threads share the warning filters. Without a lock, a thread could capture
# the warnings of another thread's file, or leave the filters changed. The lock is reentrant because
# a reader may call another reader.
_warnings_lock = threading.RLock()

# The options of GDAL that open blocks have set: the earlier value, and the number of open blocks.
_options: dict[str, tuple[str | None, int]] = {}
_options_lock = threading.Lock()


@contextmanager
def capture_warnings() -> Iterator[list[warnings.WarningMessage]]:
    """Capture warnings in a list instead of showing them.

    Examples
    --------
    >>> with capture_warnings() as said:
    ...     warnings.warn("A ring is broken.")
    >>> [str(one.message) for one in said]
    ['A ring is broken.']
    """
    with _warnings_lock, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        yield said


@contextmanager
def silence_warnings(category: type[Warning] = Warning) -> Iterator[None]:
    """Silence warnings of a category that do not concern the user.

    Examples
    --------
    >>> with silence_warnings(UserWarning):
    ...     warnings.warn("Fonts are not read.")
    """
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore", category)
        yield


@contextmanager
def set_gdal_option(name: str, value: str) -> Iterator[None]:
    """Set an option of GDAL for the block, and restore its value after the last block that sets it.

    All threads share the options. All readers set an option to the same value, so the first block
    stores the earlier value, and the last block restores it.

    Examples
    --------
    >>> with set_gdal_option("OGR_ARC_STEPSIZE", "0.25"):
    ...     pass
    """
    import pyogrio

    with _options_lock:
        before, users = _options.get(name, (None, 0))
        if not users:
            before = pyogrio.get_gdal_config_option(name)
            pyogrio.set_gdal_config_options({name: value})
        _options[name] = before, users + 1
    try:
        yield
    finally:
        with _options_lock:
            before, users = _options[name]
            _options[name] = before, users - 1
            if users == 1:
                pyogrio.set_gdal_config_options({name: before})


# A companion, such as a .prj, is a few lines of text, so this limit is generous.
_COMPANION_BYTES = 1_000_000


def check_companion(path: Path, name: str) -> bool:
    """Return whether a companion of a file exists, after a check that it may be opened.

    Parameters
    ----------
    path
        The companion, such as the ``.prj`` file of a Shapefile.
    name
        The name of the main file in messages.

    Raises
    ------
    DataError
        The companion is a pipe or a device, on which a reader may wait for ever, or a link to
        another folder.
    """
    what = ""
    if path.is_symlink() and path.resolve().parent != path.parent.resolve():
        what = "a link to another folder"
    elif path.exists() and not (path.is_file() or path.is_dir()):
        what = "a pipe or a device"
    if what:
        raise DataError(
            f"Unreadable {name}: {path.name} beside it is {what}. Must be a file in the same "
            "folder: copy the file itself there."
        )
    return path.is_file()


def read_companion(path: Path, name: str) -> bytes | None:
    """Return the content of a companion of a file; None if it is missing or too long.

    Raises
    ------
    DataError
        As :func:`check_companion`.
    """
    if not check_companion(path, name):
        return None
    with path.open("rb") as file:
        content = file.read(_COMPANION_BYTES + 1)
    return content if len(content) <= _COMPANION_BYTES else None


#: GEOS recurses into nested collections, and a deep nesting crashes the process. GDAL has the same
#: limit.
MAX_DEPTH = 32
#: WKB of at most this length cannot be nested too deeply, because a level takes nine bytes.
SHORT_WKB = 9 * MAX_DEPTH
# The WKB types that contain other geometries, after their number.
_HOLDERS = frozenset({4, 5, 6, 7, 9, 10, 11, 12, 15, 16})


def is_nested_too_deeply(wkb: bytes | memoryview) -> bool:
    r"""Return whether well-known binary has collections nested more than 32 levels deep.

    We look at the bytes and do not parse the geometry. GEOS reports other damage later.

    Examples
    --------
    >>> nest = b"\x01\x07\x00\x00\x00\x01\x00\x00\x00"
    >>> is_nested_too_deeply(nest * 20), is_nested_too_deeply(nest * 50)
    (False, True)
    """
    # A point, a line or a polygon holds no other geometry.
    if len(wkb) <= SHORT_WKB or _read_wkb_head(wkb, 0)[0] not in _HOLDERS:
        return False
    at, left = 0, [1]
    while left and at < len(wkb):
        if not left[-1]:
            left.pop()
            continue
        left[-1] -= 1
        kind, point, order, at = _read_wkb_head(wkb, at)
        if kind in _HOLDERS:
            left.append(int.from_bytes(wkb[at : at + 4], order))
            at += 4
            if len(left) > MAX_DEPTH + 1:
                return True
        else:
            at = _skip_wkb_leaf(wkb, at, kind, point, order)
    return False


def _read_wkb_head(
    wkb: bytes | memoryview, at: int
) -> tuple[int, int, Literal["little", "big"], int]:
    """Return a geometry's type, the bytes of a point, the byte order, and where content begins."""
    order: Literal["little", "big"] = "little" if wkb[at : at + 1] == b"\x01" else "big"
    code = int.from_bytes(wkb[at + 1 : at + 5], order)
    # EWKB marks Z, M and an SRID by the highest bits, ISO the dimensions by thousands.
    thousands, kind = divmod(code & 0x0FFFFFFF, 1000)
    flags = bool(code & 0x80000000) + bool(code & 0x40000000)
    numbers = 2 + max(flags, {1: 1, 2: 1, 3: 2}.get(thousands, 0))
    return kind, 8 * numbers, order, at + 5 + (4 if code & 0x20000000 else 0)


def _skip_wkb_leaf(
    wkb: bytes | memoryview, at: int, kind: int, point: int, order: Literal["little", "big"]
) -> int:
    """Return where a point, a line or a polygon ends; the end of the bytes for other types."""
    if kind == 1:
        return at + point
    count = int.from_bytes(wkb[at : at + 4], order)
    if kind in {2, 8}:
        return at + 4 + count * point
    if kind not in {3, 17}:
        return len(wkb)
    at += 4
    while count and at < len(wkb):
        at += 4 + int.from_bytes(wkb[at : at + 4], order) * point
        count -= 1
    return at


# Parameters that name a file, in PROJ strings, WKT 1, WKT 2 and PROJJSON. The grid "null" is not a
# file, and the codes of EPSG are in PROJ's own database.
_NAMES_A_FILE = re.compile(
    r"(?:\b(?:init|\w*grids?|file|model|catalog)\s*=\s*"
    r'|"PROJ4_GRIDS"\s*,\s*"'
    r'|PARAMETERFILE\s*[\[(]\s*"(?:[^"]|"")*"\s*,\s*"'
    r'|"value"\s*:\s*")'
    r'(?!(?:@?null|epsg:\d+)(?:["\s\]]|$))(?P<file>[^"\]]+)',
    re.IGNORECASE,
)


def check_crs_definition(definition: str, name: str) -> None:
    """Check that the definition of a reference system, from the file ``name``, names no other file.

    Raises
    ------
    DataError
        The definition names a file, such as a grid of corrections.

    Examples
    --------
    >>> check_crs_definition('GEOGCS["WGS 84",DATUM["WGS_1984"]]', "a")
    >>> check_crs_definition("+proj=longlat +ellps=GRS80 +nadgrids=there.gsb", "mine.prj")
    Traceback (most recent call last):
    geobuffer.errors.DataError: Invalid reference system of mine.prj: it names another file, ...
    """
    if found := _NAMES_A_FILE.search(definition):
        raise DataError(
            f"Invalid reference system of {name}: it names another file, {found['file'][:80]!r}, "
            "which geobuffer does not open. Must be complete, as the definitions of EPSG are: save "
            "the file in EPSG:4326."
        )


def _check_texts(entry: str, texts: object) -> None:
    """Raise TypeError unless an entry of metadata is a list of texts."""
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise TypeError(f"{entry} must be made of texts, not {json.dumps(texts)}")


def check_geoparquet(geo: bytes, name: str) -> None:
    """Check the metadata of a GeoParquet file: their types, and what their reference systems name.

    Raises
    ------
    DataError
        A reference system names another file, or the metadata are broken.
    """
    try:
        columns = json.loads(geo)["columns"].values()
        systems = [column.get("crs") for column in columns]
        for column in columns:
            _check_texts("encoding", [column.get("encoding", "WKB")])
            _check_texts("geometry_types", column.get("geometry_types", []))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"Unreadable {name}: its GeoParquet metadata are broken: {error}"
        ) from error
    for system in systems:
        # PROJJSON, or the WKT of older programs.
        check_crs_definition(system if isinstance(system, str) else json.dumps(system), name)


# The first bytes of an SQLite database, and the application IDs at byte 68 of a GeoPackage from
# version 1.0 on.
_SQLITE = b"SQLite format 3\x00"
_IDS = (b"GPKG", b"GP10", b"GP11")

# A virtual table is implemented by a module, and some modules open other files. The modules for
# spatial and text indexes store their data in the same database.
_VIRTUAL = re.compile(r"\s*CREATE\s+VIRTUAL\b", re.IGNORECASE)
_OWN_MODULE = re.compile(
    r"""\s*CREATE\s+VIRTUAL\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:"(?:[^"]|"")*"|\w+)\s+"""
    r"USING\s+(?:rtree|rtree_i32|fts3|fts4|fts5)\b",
    re.IGNORECASE,
)


def is_sqlite(head: bytes) -> bool:
    """Return whether a file with these first bytes is an SQLite database."""
    return head.startswith(_SQLITE)


def is_geopackage(head: bytes) -> bool:
    """Return whether a file is a GeoPackage, by its first 72 bytes or more.

    >>> is_geopackage(b"SQLite format 3" + bytes(53) + b"GPKG"), is_geopackage(b"{}")
    (True, False)
    """
    return is_sqlite(head) and head[68:72] in _IDS


def check_geopackage(content: Path | bytes, name: str) -> None:
    """Check that a GeoPackage does not make GDAL open other files.

    Parameters
    ----------
    content
        The path of the file, or its content.
    name
        The name of the file in messages.

    Raises
    ------
    DataError
        It has a virtual table other than an index, a reference system names a file, or the file is
        damaged.
    """
    try:
        with closing(_open_database(content)) as database:
            # Also check values that are not valid text, and text that is stored as bytes.
            database.text_factory = _decode_text
            _check_tables(database, name)
            _check_crs_table(database, name)
    # UnicodeDecodeError: a message of SQLite may quote bytes that are not text.
    except (sqlite3.Error, UnicodeDecodeError) as error:
        size = len(content) if isinstance(content, bytes) else content.stat().st_size
        raise DataError(
            f"Unreadable {name}: it is incomplete or damaged ({size:,} bytes; {error}). Must be a "
            "whole GeoPackage; download or save it again."
        ) from error


def _open_database(content: Path | bytes) -> sqlite3.Connection:
    if not isinstance(content, bytes):
        return sqlite3.connect(f"{content.resolve().as_uri()}?mode=ro", uri=True)
    database = sqlite3.connect(":memory:")
    # Bytes 18 and 19 may announce a second file with changes, which a file in an archive lacks.
    if content[18:20] != b"\x01\x01":
        content = content[:18] + b"\x01\x01" + content[20:]
    database.deserialize(content)
    return database


def _check_tables(database: sqlite3.Connection, name: str) -> None:
    for table, sql in database.execute("SELECT name, sql FROM sqlite_master"):
        made = _decode_text(sql or b"")
        if _VIRTUAL.match(made) and not _OWN_MODULE.match(made):
            raise DataError(
                f"Invalid GeoPackage {name}: its table {table!r} is a virtual one, whose rows may "
                "lie in other files. Must hold its rows itself; save it again."
            )


def _check_crs_table(database: sqlite3.Connection, name: str) -> None:
    there = "SELECT 1 FROM sqlite_master WHERE name = 'gpkg_spatial_ref_sys'"
    if database.execute(there).fetchone():
        for row in database.execute("SELECT * FROM gpkg_spatial_ref_sys"):
            for value in row:
                check_crs_definition(_decode_text(value), name)


def _decode_text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
