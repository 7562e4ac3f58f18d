"""Writing: a file is drafted beside its place, flushed to the disk and moved there, or not at all.

Whatever geobuffer writes goes through here. A draft lies in a folder of its own, whose lock its
writer holds: when a process dies, the system lets go of the lock, and the next write beside it
takes the draft away. Two writers have two drafts, so files never mix; the later one stays.

Whether GDAL has written all: it says nothing of a last buffer for which the disk had no room.

Formats of one stream are made in memory instead, and written by us; these are of several files or
parts, so they are looked at where they lie.
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
    from collections.abc import Callable, Iterator
    from types import FrameType

    import pandas as pd


# The name of a draft's folder: a beginning that tells whose it is, and eight letters of mkdtemp.
PREFIX = ".geobuffer-"
_TEMPORARY_NAME = re.compile(re.escape(PREFIX) + "[a-z0-9_]{8}")
# The file by which its writer holds it. No file that is drafted has such a name.
_LOCK = ".lock"

# Another process takes a new draft for a dead one's in the microseconds before it is held: once in
# a while, never so often.
_TRIES = 100

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def check_writable(path: Path) -> None:
    """Refuse a file's place where it cannot be written, before anything is computed.

    A folder is made there and removed: permissions alone do not tell, least of all an
    administrator.

    Raises
    ------
    WriteError
        The folder is not there or takes no new files, or what stands there is a folder, a device
        or read-only.
    """
    where = f"Invalid file {str(path)!r}"
    _resolve_target(path, where)
    check_folder_writable(_target_folder(path), where)


def _target_folder(path: Path) -> Path:
    """Return the folder in which a file is replaced: of a link, that of what it leads to."""
    return Path(os.path.realpath(path)).parent if path.is_symlink() else path.parent


def _resolve_target(path: Path, where: str) -> Path:
    """Return the place that a path leads to, through links, if a file may stand there."""
    place = Path(os.path.realpath(path))
    if not place.parent.is_dir():
        folder = str(_target_folder(path))
        raise WriteError(f"{where}: there is no folder {folder!r}. Must be made first.")
    if place.is_symlink():
        raise WriteError(f"{where}: it is a link that leads in a circle. Must lead to a file.")
    if place.is_dir():
        raise WriteError(f"{where}: it is a folder. Must be a file's name.")
    if place.exists() and not place.is_file():
        raise WriteError(f"{where}: it is a device or the like. Must be a plain file.")
    if place.exists() and not os.access(place, os.W_OK):
        raise WriteError(
            f"{where}: it is read-only. Must be writable: change that, or write to another file."
        )
    return place


def check_folder_writable(folder: Path, where: str) -> None:
    """Refuse a folder that takes no new files; ``where`` begins the message.

    Raises
    ------
    WriteError
        It is read-only, or full.
    """
    closed = (
        f"{where}: the folder {str(folder)!r} is read-only. Must take new files, in which the "
        "old one is replaced: change that, or write to another folder."
    )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise WriteError(closed)
    try:
        with temporary_folder(folder) as tried:
            # A byte: on a full disk there may be room for a folder and an empty file.
            (tried / "byte").write_bytes(b"\0")
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise WriteError(_full_disk_message(where, folder, 0)) from error
        raise WriteError(f"{closed} ({error.strerror})") from error


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Give the path of a draft, and put what was written there in the place of a file.

    The draft has the file's name, after which formats call their layers. A link is kept, and what
    it leads to is replaced. A file that stood there hands on its mode and, where that is
    permitted, its owner; a new one has the mode that the umask says.

    Raises
    ------
    WriteError
        It cannot be written, as on a full disk. What stood there is as it was, and no draft stays.
    """
    if is_temporary_folder(path.parent):
        yield path  # a draft already, as where a page is written that saves itself whole
        return
    place = _resolve_target(path, f"Invalid file {str(path)!r}")
    with _translate_errors(path, place.parent), temporary_folder(place.parent) as folder:
        draft = folder / path.name
        with _translate_errors(path, folder):
            yield draft
            _copy_permissions(draft, place, folder / _LOCK)
            move_into_place(draft, place)


def move_into_place(draft: Path, place: Path) -> None:
    """Put a file in the place of another of the same disk, so that it survives a loss of power."""
    _flush_to_disk(draft)
    draft.replace(place)
    # Some systems cannot flush a folder; its entry is then as durable as they make it.
    with suppress(OSError):
        _flush_to_disk(place.parent)


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, with line ends as they are: whole, or not at all."""
    with replace_file(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="")


def copy_file(source: Path, path: Path) -> None:
    """Copy a file, with the time of its last change: whole, or not at all."""
    with replace_file(path) as draft:
        shutil.copy2(source, draft)


@contextmanager
def append_to_file(path: Path, *, truncate: bool) -> Iterator[Callable[[bytes], None]]:
    """Give what adds bytes to a file that grows from run to run, until it is whole and moved.

    Raises
    ------
    WriteError
        It cannot be written, as on a full disk.
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
        # The error of the write is reported already.
        with suppress(OSError):
            file.close()


@contextmanager
def temporary_folder(parent: Path | None = None) -> Iterator[Path]:
    """Give a folder of one's own, by default among the system's temporary files.

    It is gone afterwards; if the process is killed, when the next one is asked for beside it.
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
                # It came in the moment before it was put off.
                _remove_locked_folder(*begun)
                raise


@contextmanager
def _delay_signals() -> Iterator[None]:
    """Put off Ctrl-C and SIGTERM until what must not be half-done is done: some milliseconds."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are for the main thread
        return
    came: list[tuple[int, FrameType | None]] = []
    known = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    heeded = {number: how for number, how in known.items() if callable(how)}
    for number in heeded:
        signal.signal(number, lambda *told: came.append(told))
    try:
        yield
    finally:
        for number, how in heeded.items():
            signal.signal(number, how)
    for told in came:
        heeded[signal.Signals(told[0])](*told)


def is_temporary_folder(path: Path) -> bool:
    """Tell whether a path is that of a draft's folder, by its name."""
    return bool(_TEMPORARY_NAME.fullmatch(path.name))


def _make_locked_folder(parent: Path) -> tuple[Path, int | None]:
    """Make a folder for a draft, and hold it."""
    for _ in range(_TRIES):
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        try:
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:
            continue  # swept before it was held
        except OSError:
            folder.rmdir()
            raise
        taken = _try_lock(lock)
        if taken is None:
            # Nothing here can be locked, so no process removes drafts either.
            os.close(lock)
            return folder, None
        if taken:
            return folder, lock
        os.close(lock)
    raise OSError(errno.EAGAIN, "drafts are taken away before they can be held")


def _remove_locked_folder(folder: Path, lock: int | None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if lock is not None:
        with suppress(OSError):  # closed before
            os.close(lock)


def _try_lock(lock: int) -> bool | None:
    """Hold a lock, unless another does or has removed it; None where files cannot be locked."""
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
    """Remove the drafts of processes that were killed: those of this user that no process holds."""
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
    # A process may have been killed before it made its lock, or after it removed it.
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    try:
        if _try_lock(lock):
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _copy_permissions(draft: Path, place: Path, new: Path) -> None:
    """Give a draft the mode and owner of the file that it replaces, or the mode of a new one."""
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
            # Another group than that of the file may do no more than everybody.
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
    """Turn what the system and GDAL say of a failed write into our words.

    ``draft`` is the file or folder that was being filled.
    """
    try:
        yield
    except GeobufferError:
        raise
    except (OSError, RuntimeError) as error:
        is_gdal = type(error).__module__.startswith("pyogrio")
        if not is_gdal and not isinstance(error, OSError):
            raise
        raise WriteError(_failure_message(path, draft, error)) from error


def _failure_message(path: Path, draft: Path, error: Exception) -> str:
    where = f"Cannot write {str(path)!r}"
    number = error.errno if isinstance(error, OSError) else None
    said = (error.strerror if isinstance(error, OSError) else None) or str(error).splitlines()[0]
    # GDAL hands on no number and seldom the reason, but that the place takes files is known.
    if number is None or number in _NO_ROOM:
        return _full_disk_message(
            f"{where}: {said.rstrip('.')}", _target_folder(path), _count_written_bytes(draft)
        )
    return (
        f"{where}: {said.rstrip('.')}. What stood there, if anything, is as it was. Must be a "
        "place that takes files: change that, or write elsewhere."
    )


def _full_disk_message(where: str, folder: Path, taken: int) -> str:
    """Return what to say of a full disk; ``taken`` is how many bytes the draft has come to."""
    free = shutil.disk_usage(folder).free
    return (
        f"{where}. Is there room for it? It needs more than the {taken:,} bytes drafted so far; "
        f"{free:,} are free in {str(folder)!r} beside them. "
        "What stood there, if anything, is as it was. Must have room for the old and the new file: "
        "make some, lift the limit on the size of files if there is one, or write to another disk."
    )


def _count_written_bytes(draft: Path) -> int:
    """Return the bytes of a growing file or of all in a draft's folder; of another folder, none."""
    files = [draft, *draft.rglob("*")] if is_temporary_folder(draft) else [draft]
    return sum(file.stat().st_size for file in files if file.is_file())


# The head of a .shp and of a .shx; in the latter, eight bytes a shape follow.
_HEAD, _ENTRY = 100, 8

_COUNT = "SELECT feature_count FROM gpkg_ogr_contents WHERE table_name = ?"


def check_whole_geopackage(
    path: Path, layer: str, table: pd.DataFrame, *, shapes_in: str = "geom"
) -> None:
    """Refuse a GeoPackage whose layer lacks rows, their count, or its spatial index.

    ``shapes_in`` is the column of shapes as the file has it.

    Raises
    ------
    WriteError
        It is not whole.
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
    """Refuse a shapefile whose files are not as long as their own heads and the rows say.

    Raises
    ------
    WriteError
        It is not whole.
    """
    shapes, index = path.read_bytes()[:_HEAD], path.with_suffix(".shx").read_bytes()[:_HEAD]
    # Counted in words of two bytes.
    lengths = [2 * struct.unpack(">i", head[24:28])[0] for head in (shapes, index)]
    with path.with_suffix(".dbf").open("rb") as file:
        count, head, row = struct.unpack("<IHH", file.read(12)[4:])
    wanted = {
        ".shp": lengths[0],
        ".shx": _HEAD + _ENTRY * rows,
        # After the last row stands a mark of the end.
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
        f"Cannot write {path.name!r} whole: GDAL left out {what}, most likely as the disk is full "
        "or files may not be as large here. What stood there, if anything, is as it was. Must have "
        "room for the old and the new file: make some, or write to another disk."
    )
