"""What a GeoPackage must be before GDAL opens it: its own tables, and nothing that opens others."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from geobuffer.errors import DataError
from geobuffer.references import check_reference

if TYPE_CHECKING:
    from pathlib import Path

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
        with closing(_database(content)) as database:
            # What is no text is looked at all the same, and so is text stored as bytes.
            database.text_factory = _text
            _check_tables(database, name)
            _check_references(database, name)
    # The other is of SQLite's messages, which may quote what is no text.
    except (sqlite3.Error, UnicodeDecodeError) as error:
        size = len(content) if isinstance(content, bytes) else content.stat().st_size
        raise DataError(
            f"Unreadable {name}: it is incomplete or damaged ({size:,} bytes; {error}). Must be a "
            "whole GeoPackage; get it again or save it anew."
        ) from error


def _database(content: Path | bytes) -> sqlite3.Connection:
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
        made = _text(sql or b"")
        if _VIRTUAL.match(made) and not _OWN_MODULE.match(made):
            raise DataError(
                f"Invalid GeoPackage {name}: its table {table!r} is a virtual one, whose rows may "
                "lie in other files. Must hold its rows itself; save it anew."
            )


def _check_references(database: sqlite3.Connection, name: str) -> None:
    there = "SELECT 1 FROM sqlite_master WHERE name = 'gpkg_spatial_ref_sys'"
    if database.execute(there).fetchone():
        for row in database.execute("SELECT * FROM gpkg_spatial_ref_sys"):
            for value in row:
                check_reference(_text(value), name)


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
