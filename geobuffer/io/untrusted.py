"""Check files from strangers before PROJ or GDAL open them: they must not open other files.

- The definition of a reference system may name a grid of corrections or another file, which PROJ
  would open. We reject such a definition.
- A GeoPackage may have virtual tables that open other files. We reject such a table.

The module also captures the warnings of libraries, and sets options of GDAL, while we read a file.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import warnings
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from geobuffer.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


# Up to Python 3.13 all threads share the warning filters. Without a lock, a thread could capture
# the warnings of another thread's file, or leave the filters changed for good. The lock is
# reentrant because a reader may call another one.
_warnings_lock = threading.RLock()


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
    """Set an option of GDAL for the block, and restore its value afterwards.

    Examples
    --------
    >>> with set_gdal_option("OGR_ARC_STEPSIZE", "0.25"):
    ...     pass
    """
    import pyogrio

    before = pyogrio.get_gdal_config_option(name)
    pyogrio.set_gdal_config_options({name: value})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({name: before})


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
        It names a file, such as a grid of corrections.

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
            "which is not opened. Must say all by itself, as those of EPSG do: save the file in "
            "EPSG:4326."
        )


def check_geoparquet(geo: bytes, name: str) -> None:
    """Check that no reference system in the metadata of a GeoParquet file names another file.

    Raises
    ------
    DataError
        A reference system does, or the metadata are broken.
    """
    try:
        systems = [column.get("crs") for column in json.loads(geo)["columns"].values()]
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
