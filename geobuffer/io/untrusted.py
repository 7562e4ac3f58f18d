"""A reference system that a file brings along says all by itself; no other file is looked up.

The definition of one may name grids of corrections, or a file that it is defined in. PROJ opens
whatever is named there, so definitions are looked at before PROJ or GDAL sees them.

Warnings of libraries, heard by who asked for them: by one thread at a time.

A setting of GDAL's, which hold for the whole process, for the while of a reading only.

What a GeoPackage must be before GDAL opens it: its own tables, and nothing that opens others.
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


# Up to Python 3.13 the filters are the whole process's: of two threads that change them, one may
# hear what the other one's file says, and the last may leave them changed for good, so that
# nothing is ever heard again. Reentrant, as a reader may use another one.
_warnings_lock = threading.RLock()


@contextmanager
def capture_warnings() -> Iterator[list[warnings.WarningMessage]]:
    """Keep warnings from the user, and give them to the caller instead.

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
    """Keep warnings of a category from everybody: they say nothing of what is asked.

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
    """Set one of GDAL's configuration options, and give it back its value after.

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


# What names a file: parameters of PROJ, and their like in WKT 1, WKT 2 and PROJJSON. "null" is no
# grid at all, and EPSG's codes are in PROJ's own database.
_NAMES_A_FILE = re.compile(
    r"(?:\b(?:init|\w*grids?|file|model|catalog)\s*=\s*"
    r'|"PROJ4_GRIDS"\s*,\s*"'
    r'|PARAMETERFILE\s*[\[(]\s*"(?:[^"]|"")*"\s*,\s*"'
    r'|"value"\s*:\s*")'
    r'(?!(?:@?null|epsg:\d+)(?:["\s\]]|$))(?P<file>[^"\]]+)',
    re.IGNORECASE,
)


def check_crs_definition(definition: str, name: str) -> None:
    """Refuse a reference system whose definition, of a file called ``name``, names another file.

    Raises
    ------
    DataError
        It names one, such as a grid of corrections.

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
    """Refuse the metadata of a GeoParquet file if a reference system in it names another file.

    Raises
    ------
    DataError
        One does, or the metadata are broken.
    """
    try:
        systems = [column.get("crs") for column in json.loads(geo)["columns"].values()]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"Unreadable {name}: its GeoParquet metadata are broken: {error}"
        ) from error
    for system in systems:
        # PROJJSON, or what older programs wrote in its place.
        check_crs_definition(system if isinstance(system, str) else json.dumps(system), name)


# How an SQLite database begins; and at byte 68 the names by which it says that it is a GeoPackage,
# from version 1.0 on.
_SQLITE = b"SQLite format 3\x00"
_IDS = (b"GPKG", b"GP10", b"GP11")

# Virtual tables are whatever their module makes of them, and some modules open other files. Indexes
# of space and of words are kept in tables of the same database.
_VIRTUAL = re.compile(r"\s*CREATE\s+VIRTUAL\b", re.IGNORECASE)
_OWN_MODULE = re.compile(
    r"""\s*CREATE\s+VIRTUAL\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:"(?:[^"]|"")*"|\w+)\s+"""
    r"USING\s+(?:rtree|rtree_i32|fts3|fts4|fts5)\b",
    re.IGNORECASE,
)


def is_sqlite(head: bytes) -> bool:
    """Tell whether a file that begins so is an SQLite database."""
    return head.startswith(_SQLITE)


def is_geopackage(head: bytes) -> bool:
    """Tell whether a file that begins so, with its first 72 bytes at least, is a GeoPackage.

    >>> is_geopackage(b"SQLite format 3" + bytes(53) + b"GPKG"), is_geopackage(b"{}")
    (True, False)
    """
    return is_sqlite(head) and head[68:72] in _IDS


def check_geopackage(content: Path | bytes, name: str) -> None:
    """Refuse a GeoPackage that would have GDAL open other files.

    Parameters
    ----------
    content
        Where it is, or all of it.
    name
        What messages call it.

    Raises
    ------
    DataError
        It has a virtual table that is not an index of its own, its reference systems name files,
        or it is damaged.
    """
    try:
        with closing(_open_database(content)) as database:
            # What is no text is looked at all the same, and so is text stored as bytes.
            database.text_factory = _decode_text
            _check_tables(database, name)
            _check_crs_table(database, name)
    # The other is of SQLite's messages, which may quote what is no text.
    except (sqlite3.Error, UnicodeDecodeError) as error:
        size = len(content) if isinstance(content, bytes) else content.stat().st_size
        raise DataError(
            f"Unreadable {name}: it is incomplete or damaged ({size:,} bytes; {error}). Must be a "
            "whole GeoPackage; get it again or save it again."
        ) from error


def _open_database(content: Path | bytes) -> sqlite3.Connection:
    if not isinstance(content, bytes):
        return sqlite3.connect(f"{content.resolve().as_uri()}?mode=ro", uri=True)
    database = sqlite3.connect(":memory:")
    # Bytes 18 and 19 may say that changes lie in a second file, which one in an archive has not.
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
