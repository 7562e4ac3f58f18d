"""Open a GeoPackage for reading without changing it or the files beside it.

A program that writes to a GeoPackage may keep its changes in a file beside it, ``<name>-wal``, the
write-ahead log (WAL) of SQLite. If another program then opens the GeoPackage, even for reading
only, SQLite writes the changes into the GeoPackage and removes that file. So we let SQLite do this
to a copy, and read the copy.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from geobuffer.errors import DataError
from geobuffer.io.atomic import temporary_folder
from geobuffer.io.untrusted import check_companion, check_geopackage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


# Bytes 18 and 19 of an SQLite file are 1 and 1 if SQLite uses it without a file of changes.
_PLAIN = b"\x01\x01"
# The first bytes of a journal that SQLite would play back. A journal may name files for SQLite to
# delete, so we refuse such a GeoPackage.
_HOT_JOURNAL = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
# The largest file of changes. Programs write them into the GeoPackage after some megabytes.
_MAX_CHANGES = 4_000_000_000


def has_plain_header(content: bytes) -> bool:
    """Return whether a GeoPackage with these first bytes has no file of changes."""
    return content[18:20] == _PLAIN


@contextmanager
def open_geopackage(path: Path, name: str) -> Iterator[Path]:
    """Yield the path by which to read a GeoPackage: its own, or that of a copy with its changes.

    Parameters
    ----------
    path
        The path of the file.
    name
        The name of the file in messages.

    Raises
    ------
    DataError
        A file beside it is a pipe or a link to another folder; a program is writing, or stopped
        while it wrote; the changes are too large, or there is no space for the copy; or
        :func:`geobuffer.io.untrusted.check_geopackage` raises it.
    """
    home = path.resolve()
    beside = {end: home.with_name(home.name + end) for end in ("-wal", "-shm", "-journal")}
    there = {end for end, one in beside.items() if check_companion(one, name)}
    if "-journal" in there and _read_start(beside["-journal"], 8) == _HOT_JOURNAL:
        raise DataError(
            f"Unreadable {name}: a program is writing to it, or stopped while it wrote: there is "
            f"{beside['-journal'].name} beside it. Close that program, or open the file once in "
            "QGIS and close it."
        )
    has_changes = "-wal" in there and beside["-wal"].stat().st_size > 0
    if has_plain_header(_read_start(home, 20)) and not has_changes:
        check_geopackage(home, name)
        yield home
        return
    if has_changes and beside["-wal"].stat().st_size > _MAX_CHANGES:
        raise DataError(
            f"Unreadable {name}: {beside['-wal'].name} beside it has more than {_MAX_CHANGES:,} "
            "bytes. Open the file once in QGIS and close it."
        )
    with temporary_folder() as folder:
        copy = folder / "layers.gpkg"
        try:
            shutil.copyfile(home, copy)
            if has_changes:
                shutil.copyfile(beside["-wal"], folder / "layers.gpkg-wal")
        except OSError as error:
            raise DataError(
                f"Unreadable {name}: some of its changes are in a second file, and it cannot be "
                f"copied to {folder.parent}: {error.strerror or error}. Free some space there."
            ) from error
        _write_changes(copy, name)
        check_geopackage(copy, name)
        yield copy


def _read_start(path: Path, count: int) -> bytes:
    with path.open("rb") as file:
        return file.read(count)


def _write_changes(copy: Path, name: str) -> None:
    """Write the file of changes into a copy of a GeoPackage."""
    try:
        with closing(sqlite3.connect(copy)) as database:
            database.execute("PRAGMA journal_mode = DELETE").fetchall()
    except sqlite3.Error as error:
        raise DataError(
            f"Unreadable {name}: it is incomplete or damaged ({copy.stat().st_size:,} bytes; "
            f"{error}). Must be a whole GeoPackage; download or save it again."
        ) from error
