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
_DRAFT = re.compile(re.escape(PREFIX) + "[a-z0-9_]{8}")
# The file by which its writer holds it. No file that is drafted has such a name.
_LOCK = ".lock"

# Another process takes a new draft for a dead one's in the microseconds before it is held: once in
# a while, never so often.
_TRIES = 100

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def check_place(path: Path) -> None:
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
    _checked(path, where)
    check_folder(_folder_of(path), where)


def _folder_of(path: Path) -> Path:
    """Return the folder in which a file is replaced: of a link, that of what it leads to."""
    return Path(os.path.realpath(path)).parent if path.is_symlink() else path.parent


def _checked(path: Path, where: str) -> Path:
    """Return the place that a path leads to, through links, if a file may stand there."""
    place = Path(os.path.realpath(path))
    if not place.parent.is_dir():
        folder = str(_folder_of(path))
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


def check_folder(folder: Path, where: str) -> None:
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
        with scratch(folder) as tried:
            # A byte: on a full disk there may be room for a folder and an empty file.
            (tried / "byte").write_bytes(b"\0")
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise WriteError(_no_room(where, folder, 0)) from error
        raise WriteError(f"{closed} ({error.strerror})") from error


@contextmanager
def drafted(path: Path) -> Iterator[Path]:
    """Give the path of a draft, and put what was written there in the place of a file.

    The draft has the file's name, after which formats call their layers. A link is kept, and what
    it leads to is replaced. A file that stood there hands on its mode and, where that is
    permitted, its owner; a new one has the mode that the umask says.

    Raises
    ------
    WriteError
        It cannot be written, as on a full disk. What stood there is as it was, and no draft stays.
    """
    if is_draft(path.parent):
        yield path  # a draft already, as where a page is written that saves itself whole
        return
    place = _checked(path, f"Invalid file {str(path)!r}")
    with _told(path, place.parent), scratch(place.parent) as folder:
        draft = folder / path.name
        with _told(path, folder):
            yield draft
            _dress(draft, place, folder / _LOCK)
            move(draft, place)


def move(draft: Path, place: Path) -> None:
    """Put a file in the place of another of the same disk, so that it survives a loss of power."""
    _flush(draft)
    draft.replace(place)
    # Some systems cannot flush a folder; its entry is then as durable as they make it.
    with suppress(OSError):
        _flush(place.parent)


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, with line ends as they are: whole, or not at all."""
    with drafted(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="")


def copy(source: Path, path: Path) -> None:
    """Copy a file, with the time of its last change: whole, or not at all."""
    with drafted(path) as draft:
        shutil.copy2(source, draft)


@contextmanager
def growing(path: Path, *, anew: bool) -> Iterator[Callable[[bytes], None]]:
    """Give what adds bytes to a file that grows from run to run, until it is whole and moved.

    Raises
    ------
    WriteError
        It cannot be written, as on a full disk.
    """
    with _told(path, path):
        file = path.open("wb" if anew else "ab")

    def add(chunk: bytes) -> None:
        with _told(path, path):
            file.write(chunk)
            file.flush()

    try:
        yield add
    finally:
        # What could not be written is told already.
        with suppress(OSError):
            file.close()


@contextmanager
def scratch(parent: Path | None = None) -> Iterator[Path]:
    """Give a folder of one's own, by default among the system's temporary files.

    It is gone afterwards; if the process is killed, when the next one is asked for beside it.
    """
    parent = parent or Path(tempfile.gettempdir())
    _sweep(parent)
    begun: tuple[Path, int | None] | None = None
    try:
        with _undisturbed():
            begun = _begun(parent)
        yield begun[0]
    finally:
        if begun is not None:
            try:
                with _undisturbed():
                    _ended(*begun)
            except BaseException:
                # It came in the moment before it was put off.
                _ended(*begun)
                raise


@contextmanager
def _undisturbed() -> Iterator[None]:
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


def is_draft(path: Path) -> bool:
    """Tell whether a path is that of a draft's folder, by its name."""
    return bool(_DRAFT.fullmatch(path.name))


def _begun(parent: Path) -> tuple[Path, int | None]:
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
        taken = _take(lock)
        if taken is None:
            # Nothing here can be held, so nobody sweeps either.
            os.close(lock)
            return folder, None
        if taken:
            return folder, lock
        os.close(lock)
    raise OSError(errno.EAGAIN, "drafts are taken away before they can be held")


def _ended(folder: Path, lock: int | None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if lock is not None:
        with suppress(OSError):  # closed before
            os.close(lock)


def _take(lock: int) -> bool | None:
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


def _sweep(parent: Path) -> None:
    """Remove the drafts of processes that were killed: those of this user that nobody holds."""
    if sys.platform == "win32":
        return
    with suppress(OSError), os.scandir(parent) as entries:
        left = [entry for entry in entries if _DRAFT.fullmatch(entry.name)]
        for entry in left:
            with suppress(OSError):
                is_folder = entry.is_dir(follow_symlinks=False)
                if is_folder and entry.stat(follow_symlinks=False).st_uid == os.geteuid():
                    _remove_unheld(Path(entry.path))


def _remove_unheld(folder: Path) -> None:
    # A process may have been killed before it made its lock, or after it removed it.
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    try:
        if _take(lock):
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _dress(draft: Path, place: Path, new: Path) -> None:
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


def _flush(path: Path) -> None:
    """Wait until a file or a folder is on the disk."""
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _told(path: Path, draft: Path) -> Iterator[None]:
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
        raise WriteError(_words(path, draft, error)) from error


def _words(path: Path, draft: Path, error: Exception) -> str:
    where = f"Cannot write {str(path)!r}"
    number = error.errno if isinstance(error, OSError) else None
    said = (error.strerror if isinstance(error, OSError) else None) or str(error).splitlines()[0]
    # GDAL hands on no number and seldom the reason, but that the place takes files is known.
    if number is None or number in _NO_ROOM:
        return _no_room(f"{where}: {said.rstrip('.')}", _folder_of(path), _size(draft))
    return (
        f"{where}: {said.rstrip('.')}. What stood there, if anything, is as it was. Must be a "
        "place that takes files: change that, or write elsewhere."
    )


def _no_room(where: str, folder: Path, taken: int) -> str:
    """Return what to say of a full disk; ``taken`` is how many bytes the draft has come to."""
    free = shutil.disk_usage(folder).free
    return (
        f"{where}. Is there room for it? It needs more than the {taken:,} bytes drafted so far; "
        f"{free:,} are free in {str(folder)!r} beside them. "
        "What stood there, if anything, is as it was. Must have room for the old and the new file: "
        "make some, lift the limit on the size of files if there is one, or write to another disk."
    )


def _size(draft: Path) -> int:
    """Return the bytes of a growing file or of all in a draft's folder; of another folder, none."""
    files = [draft, *draft.rglob("*")] if is_draft(draft) else [draft]
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
                    raise WriteError(_lacking(path, f"the {what} of {layer!r}"))
    except sqlite3.Error as error:
        raise WriteError(_lacking(path, f"a part of {layer!r} ({error})")) from error


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
            raise WriteError(_lacking(path, suffix))
    if lengths[1] != wanted[".shx"] or count != rows:
        raise WriteError(_lacking(path, "rows"))
    for suffix in (".prj", ".cpg"):
        if not path.with_suffix(suffix).stat().st_size:
            raise WriteError(_lacking(path, suffix))


def _lacking(path: Path, what: str) -> str:
    return (
        f"Cannot write {path.name!r} whole: GDAL left out {what}, most likely as the disk is full "
        "or files may not be as large here. What stood there, if anything, is as it was. Must have "
        "room for the old and the new file: make some, or write to another disk."
    )
