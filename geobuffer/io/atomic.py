"""Write files atomically: whole, or not at all.

Everything that geobuffer writes goes through this module. We write a temporary file in a folder
beside the target, flush it to the disk and move it to the target. The writer holds a lock on that
folder. If the process dies, the system releases the lock, and the next write in the same place
removes the folder. Two writers have two temporary files, so their contents never mix; the file that
is finished last stays.

GDAL does not report a failed last write on a full disk. GDAL therefore writes formats that are one
stream to memory, and we write them to the disk. A GeoPackage and a Shapefile have several parts or
files, so we check them after GDAL has written them.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import sqlite3
import stat
import struct
import sys
import tempfile
import threading
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import shapely

from geobuffer.errors import GeobufferError, WriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType

    import pandas as pd


# The name of a temporary folder: our prefix and eight characters that mkdtemp chooses.
PREFIX = ".geobuffer-"
_TEMPORARY_NAME = re.compile(re.escape(PREFIX) + "[a-z0-9_]{8}")
# The file that the writer locks. No target has such a name.
_LOCK = ".lock"

# Before we have locked a new folder, another process may remove it as abandoned, and we try again.
# This is possible only for some microseconds, so it does not happen 100 times in a row.
_TRIES = 100

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def check_writable(path: Path) -> None:
    """Check that a file can be written, before anything is computed.

    We make a temporary folder beside the file, because permissions alone do not show whether we can
    write there, above all for an administrator.

    Raises
    ------
    WriteError
        The name is invalid or too long; or the folder is missing or takes no new files; or the
        target is a folder, a device or read-only.
    """
    where = f"Invalid file {str(path)!r}"
    if "\0" in str(path):
        raise WriteError(f"{where}: its name has a NUL character. Must be a valid file name.")
    try:
        os.fsencode(path)
    except UnicodeEncodeError as error:
        what = "its name has a lone surrogate, which is half a character"
        raise WriteError(f"{where}: {what}. Must be a valid file name.") from error
    check_name_length(path)
    _resolve_target(path, where)
    check_folder_writable(_target_folder(path), where)


# The longest name of a file, in bytes, if the system does not state a limit.
_NAME_BYTES = 255


def check_name_length(path: Path, spare: int = 0) -> None:
    """Refuse a file whose name is too long; ``spare`` bytes are for files that lie beside it.

    Raises
    ------
    WriteError
        Its name, or its whole path, is longer than the system allows.
    """
    try:
        limit = os.pathconf(path.parent, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            size = len(os.fsencode(path))
            raise WriteError(
                f"Invalid file {path.name[:40]!r}: its path is too long, {size:,} bytes. Must be "
                "shorter."
            ) from error
        limit = _NAME_BYTES
    size = len(os.fsencode(path.name))
    if size > limit - spare:
        raise WriteError(
            f"Invalid file {path.name[:40] + '…'!r}: its name has {size:,} bytes, and a letter may "
            f"take several. Must have at most {limit - spare}."
        )


# Files that readers open together with a file of the same name and another suffix: the parts of a
# Shapefile, the reference system of a grid.
_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qpj")

# Endings that are appended to the name of the main file: metadata and masks of rasters, and
# changes that are not yet in a GeoPackage. Readers open such files together with the main file.
_ADDITIONS = (".json", ".msk", ".ovr", ".aux.xml", "-wal", "-shm", "-journal")


def check_not_input(path: str | Path, inputs: Iterable[tuple[str, str | Path]]) -> None:
    """Refuse to overwrite one of the input files, before anything is computed.

    Parameters
    ----------
    path
        The file, or the folder of files, to write.
    inputs
        The inputs: the name of the argument and the path. Other texts, such as the address of a
        database, are not files and never match.

    Raises
    ------
    WriteError
        The target is an input file, also through a symbolic or a hard link or another spelling of
        the path. Or it is a companion of the input, or the archive that holds the input. Or the
        input lies in the target folder.
    """
    for name, given in inputs:
        if any(
            is_same_file(path, read) or _contains_file(path, read)
            for read in _list_read_files(given)
        ):
            raise WriteError(
                f"Invalid file {str(path)!r}: {name} {str(given)!r} is read from it. Must be "
                "another file, so that the input is not overwritten."
            )


def is_same_file(one: str | Path, other: str | Path) -> bool:
    """Return whether two paths lead to one file or folder that exists.

    >>> is_same_file(".", "./."), is_same_file(".", "no such file")
    (True, False)
    """
    # A text that is too long or has a NUL character is not the path of a file.
    with suppress(OSError, ValueError):
        return Path(one).samefile(other)
    return False


def _list_read_files(given: str | Path) -> Iterator[Path]:
    """Yield a file and its companions; for a file in an archive, the archive."""
    path = Path(given)
    with suppress(OSError, ValueError):
        while not path.exists() and path != path.parent:
            path = path.parent
        if not path.is_file():
            return
        # GDAL looks for companions beside the target of a link, other readers beside the link.
        for place in dict.fromkeys((path, Path(os.path.realpath(path)))):
            yield place
            for suffix in _PARTS:
                yield from (place.with_suffix(suffix), place.with_suffix(suffix.upper()))
            for ending in _ADDITIONS:
                yield place.with_name(place.name + ending)


def _contains_file(path: str | Path, file: Path) -> bool:
    """Return whether a folder holds a file, or a link to that file."""
    folder = Path(path)
    with suppress(OSError, ValueError):
        if folder.is_dir():
            inside = Path(os.path.realpath(folder)) in Path(os.path.realpath(file)).parents
            return inside or any(is_same_file(one, file) for one in folder.iterdir())
    return False


def _target_folder(path: Path) -> Path:
    """Return the folder of a file; for a link, the folder of the file that it points to."""
    return Path(os.path.realpath(path)).parent if path.is_symlink() else path.parent


def _resolve_target(path: Path, where: str) -> Path:
    """Return the path behind all links, after a check that a file can be written there."""
    place = Path(os.path.realpath(path))
    if not place.parent.is_dir():
        folder = str(_target_folder(path))
        raise WriteError(f"{where}: there is no folder {folder!r}. Must be made first.")
    if place.is_symlink():
        raise WriteError(f"{where}: it is a link that leads in a circle. Must lead to a file.")
    if place.is_dir():
        raise WriteError(f"{where}: it is a folder. Must be a file's name.")
    if place.exists() and not place.is_file():
        raise WriteError(f"{where}: it is a device, a pipe or a socket. Must be a plain file.")
    if place.exists() and not os.access(place, os.W_OK):
        raise WriteError(
            f"{where}: it is read-only. Must be writable: change that, or write to another file."
        )
    return place


def check_folder_writable(folder: Path, where: str) -> None:
    """Check that files can be made in a folder; ``where`` begins the message.

    Raises
    ------
    WriteError
        The folder is read-only or the disk is full.
    """
    closed = (
        f"{where}: the folder {str(folder)!r} is read-only. Must allow new files, because we "
        "write a new file and then replace the old one: change that, or write to another folder."
    )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise WriteError(closed)
    try:
        with temporary_folder(folder) as tried:
            # We write a byte, because a full disk may still allow a folder and an empty file.
            (tried / "byte").write_bytes(b"\0")
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise WriteError(_full_disk_message(where, folder, 0)) from error
        raise WriteError(f"{closed} ({error.strerror})") from error


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Yield the path of a temporary file that replaces a file at the end of the block.

    The temporary file has the same name, because formats name their layers after it. A link stays,
    and the file that it points to is replaced. The new file keeps the permissions of the old one
    and, if allowed, its owner. Without an old file, the umask decides.

    Raises
    ------
    WriteError
        The file cannot be written, as on a full disk. The old file stays, and the temporary
        file is removed.
    """
    if is_temporary_folder(path.parent):
        yield path  # already temporary, as when a page saves itself
        return
    place = _resolve_target(path, f"Invalid file {str(path)!r}")
    with _translate_errors(path, place.parent), temporary_folder(place.parent) as folder:
        draft = folder / path.name
        with _translate_errors(path, folder):
            yield draft
            _copy_permissions(draft, place, folder / _LOCK)
            move_into_place(draft, place)


def move_into_place(draft: Path, place: Path) -> None:
    """Replace a file by another one on the same disk, so that the new file survives a power cut."""
    _flush_to_disk(draft)
    draft.replace(place)
    # Some systems cannot flush a folder.
    with suppress(OSError):
        _flush_to_disk(place.parent)


def write_text(path: Path, text: str) -> None:
    """Write a text atomically, in UTF-8 and without changing its line ends."""
    with replace_file(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="")


def copy_file(source: Path, path: Path) -> None:
    """Copy a file atomically, with the time of its last change."""
    with replace_file(path) as draft:
        shutil.copy2(source, draft)


@contextmanager
def append_to_file(path: Path, *, truncate: bool) -> Iterator[Callable[[bytes], None]]:
    """Yield a function that appends bytes to a file, such as a download that is resumed.

    ``truncate`` removes the old content first.

    Raises
    ------
    WriteError
        The file cannot be written, as on a full disk.
    """
    with _translate_errors(path, path):
        file = path.open("wb" if truncate else "ab")

    def add(chunk: bytes) -> None:
        with _translate_errors(path, path):
            file.write(chunk)
            file.flush()

    try:
        yield add
    finally:
        # A failed write has already raised its error.
        with suppress(OSError):
            file.close()


@contextmanager
def temporary_folder(parent: Path | None = None) -> Iterator[Path]:
    """Yield a temporary folder, by default among the system's temporary files.

    We remove the folder at the end of the block. If the process is killed, the next call for the
    same parent folder removes it.
    """
    parent = parent or Path(tempfile.gettempdir())
    _remove_abandoned_folders(parent)
    begun: tuple[Path, int | None] | None = None
    try:
        with _delay_signals():
            begun = _make_locked_folder(parent)
        yield begun[0]
    finally:
        if begun is not None:
            try:
                with _delay_signals():
                    _remove_locked_folder(*begun)
            except BaseException:
                # The signal arrived just before we blocked it.
                _remove_locked_folder(*begun)
                raise


@contextmanager
def _delay_signals() -> Iterator[None]:
    """Delay Ctrl-C and SIGTERM to the end of the block, which takes some milliseconds."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread receives signals
        return
    arrived: list[tuple[int, FrameType | None]] = []
    known = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handlers = {number: handler for number, handler in known.items() if callable(handler)}
    for number in handlers:
        signal.signal(number, lambda number, frame: arrived.append((number, frame)))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    for code, frame in arrived:
        handlers[signal.Signals(code)](code, frame)


def is_temporary_folder(path: Path) -> bool:
    """Return whether a path has the name of one of our temporary folders."""
    return bool(_TEMPORARY_NAME.fullmatch(path.name))


def _make_locked_folder(parent: Path) -> tuple[Path, int | None]:
    """Make a temporary folder and lock it."""
    for _ in range(_TRIES):
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        try:
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:
            continue  # another process removed it before we locked it
        except OSError:
            folder.rmdir()
            raise
        taken = _try_lock(lock)
        if taken is None:
            # This file system has no locks, so no process removes folders either.
            os.close(lock)
            return folder, None
        if taken:
            return folder, lock
        os.close(lock)
    raise OSError(errno.EAGAIN, "other processes remove temporary folders before we can lock them")


def _remove_locked_folder(folder: Path, lock: int | None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if lock is not None:
        with suppress(OSError):  # closed before
            os.close(lock)


def _try_lock(lock: int) -> bool | None:
    """Lock a file; return False if another process has it, None if files cannot be locked."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return os.fstat(lock).st_nlink > 0


def _remove_abandoned_folders(parent: Path) -> None:
    """Remove this user's temporary folders without a lock: their processes were killed."""
    if sys.platform == "win32":
        return
    with suppress(OSError), os.scandir(parent) as entries:
        left = [entry for entry in entries if _TEMPORARY_NAME.fullmatch(entry.name)]
        for entry in left:
            with suppress(OSError):
                is_folder = entry.is_dir(follow_symlinks=False)
                if is_folder and entry.stat(follow_symlinks=False).st_uid == os.geteuid():
                    _remove_if_unlocked(Path(entry.path))


def _remove_if_unlocked(folder: Path) -> None:
    # There may be no lock file, if the process was killed before it made or after it removed one.
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    try:
        if _try_lock(lock):
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _copy_permissions(draft: Path, place: Path, new: Path) -> None:
    """Copy the permissions and owner of the replaced file; else set those of a new file."""
    try:
        was = place.stat()
    except FileNotFoundError:
        draft.chmod(stat.S_IMODE(new.stat().st_mode))
        return
    mode, now = was.st_mode & 0o777, draft.stat()
    if sys.platform != "win32" and (was.st_uid, was.st_gid) != (now.st_uid, now.st_gid):
        with suppress(OSError):
            os.chown(draft, was.st_uid, -1)
        try:
            os.chown(draft, -1, was.st_gid)
        except OSError:
            # If the file gets another group, that group must have no more rights than other users.
            mode &= ~0o070 | (mode & 0o007) << 3
    draft.chmod(mode)


def _flush_to_disk(path: Path) -> None:
    """Wait until a file or a folder is on the disk."""
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _translate_errors(path: Path, draft: Path) -> Iterator[None]:
    """Raise a :class:`WriteError` for errors of the system and of GDAL.

    ``draft`` is the file or folder that was being written.
    """
    try:
        yield
    except GeobufferError:
        raise
    except UnicodeEncodeError as error:
        if str(path).isprintable():
            raise  # the error is not about the name
        raise WriteError(
            f"Cannot write {str(path)!r}: its name is not text in UTF-8. Must have another name."
        ) from error
    except (OSError, RuntimeError) as error:
        is_gdal = type(error).__module__.startswith("pyogrio")
        if not is_gdal and not isinstance(error, OSError):
            raise
        raise WriteError(_failure_message(path, draft, error)) from error


def _failure_message(path: Path, draft: Path, error: Exception) -> str:
    where = f"Cannot write {str(path)!r}"
    number = error.errno if isinstance(error, OSError) else None
    said = (error.strerror if isinstance(error, OSError) else None) or str(error).partition("\n")[0]
    said = said or type(error).__name__
    # GDAL gives no error number and seldom a reason. The folder takes files, as we have checked, so
    # the disk is probably full.
    if number is None or number in _NO_SPACE:
        return _full_disk_message(
            f"{where}: {said.rstrip('.')}", _target_folder(path), _count_written_bytes(draft)
        )
    return (
        f"{where}: {said.rstrip('.')}. An older file of this name is unchanged. "
        "Make the folder writable, or write to another one."
    )


def _full_disk_message(where: str, folder: Path, taken: int) -> str:
    """Return the message for a full disk; ``taken`` is the number of bytes written so far."""
    free = shutil.disk_usage(folder).free
    return (
        f"{where}. Is the disk full? The file needs more than the {taken:,} bytes written so far; "
        f"{free:,} bytes are free in {str(folder)!r}. An older file of this name is unchanged. "
        "There must be disk space for the old and the new file: free some, raise a limit on the "
        "size of files, or write to another disk."
    )


def _count_written_bytes(draft: Path) -> int:
    """Return the size of a file or of all files in a temporary folder; 0 for other folders."""
    files = [draft, *draft.rglob("*")] if is_temporary_folder(draft) else [draft]
    return sum(file.stat().st_size for file in files if file.is_file())


# Bytes of the header of a .shp and a .shx, and of the entry of each shape in a .shx.
_HEAD, _ENTRY = 100, 8

_COUNT = "SELECT feature_count FROM gpkg_ogr_contents WHERE table_name = ?"


def check_whole_geopackage(
    path: Path, layer: str, table: pd.DataFrame, *, shapes_in: str = "geom"
) -> None:
    """Check that a layer of a GeoPackage has all rows, their count and its spatial index.

    ``shapes_in`` is the column of shapes in the file.

    Raises
    ------
    WriteError
        Something is missing.
    """
    import geopandas as gpd

    quoted = '"{}"'.format(layer.replace('"', '""'))
    wanted: list[tuple[str, str, tuple[str, ...], int]] = [
        ("rows", f"SELECT count(*) FROM {quoted}", (), len(table)),  # noqa: S608 - quoted
        ("count of rows", _COUNT, (layer,), len(table)),
    ]
    if isinstance(table, gpd.GeoDataFrame):
        shapes = table.geometry.to_numpy()
        index = '"{}"'.format(f"rtree_{layer}_{shapes_in}_rowid".replace('"', '""'))
        there = int((~(shapely.is_missing(shapes) | shapely.is_empty(shapes))).sum())
        wanted.append(("spatial index", f"SELECT count(*) FROM {index}", (), there))  # noqa: S608
    try:
        with closing(sqlite3.connect(path)) as database:
            for what, question, values, number in wanted:
                found = database.execute(question, values).fetchone()
                if found is None or found[0] != number:
                    raise WriteError(_incomplete_message(path, f"the {what} of {layer!r}"))
    except sqlite3.Error as error:
        raise WriteError(_incomplete_message(path, f"a part of {layer!r} ({error})")) from error


def check_whole_shapefile(path: Path, rows: int) -> None:
    """Check that the files of a Shapefile have the lengths that follow from headers and rows.

    Raises
    ------
    WriteError
        One of the files is incomplete.
    """
    shapes, index = path.read_bytes()[:_HEAD], path.with_suffix(".shx").read_bytes()[:_HEAD]
    # The headers count words of two bytes.
    lengths = [2 * struct.unpack(">i", head[24:28])[0] for head in (shapes, index)]
    with path.with_suffix(".dbf").open("rb") as file:
        count, head, row = struct.unpack("<IHH", file.read(12)[4:])
    wanted = {
        ".shp": lengths[0],
        ".shx": _HEAD + _ENTRY * rows,
        # One byte after the last row marks the end.
        ".dbf": head + rows * row + 1,
    }
    for suffix, length in wanted.items():
        if path.with_suffix(suffix).stat().st_size != length:
            raise WriteError(_incomplete_message(path, suffix))
    if lengths[1] != wanted[".shx"] or count != rows:
        raise WriteError(_incomplete_message(path, "rows"))
    for suffix in (".prj", ".cpg"):
        if not path.with_suffix(suffix).stat().st_size:
            raise WriteError(_incomplete_message(path, suffix))


def _incomplete_message(path: Path, what: str) -> str:
    return (
        f"Cannot write the whole of {path.name!r}: GDAL left out {what}. Most likely the disk is "
        "full, or there is a limit on file sizes. An older file of this name is unchanged. There "
        "must be disk space for the old and the new file: free some, or write to another disk."
    )
