"""A user's file: local, of a known format and a sane size; within a zip archive, read in place."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from geobuffer.errors import DataError, did_you_mean
from geobuffer.names import legible
from geobuffer.reading.formats import HEAD_BYTES, SUFFIXES, Kind, kind_of

#: The largest file that is read unless the caller allows more: bounds of all the world at full
#: resolution are 3 GB, and reading takes a few times as much memory.
MAX_GB = 4.0

# An archive is checked in blocks of so many bytes, however large its files.
_BLOCK = 1 << 24

# What an archive may be called in a program's or a database's name for a file.
_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


@dataclass(frozen=True)
class UserFile:
    """A file, or one within an archive, known by its content."""

    path: Path
    kind: Kind
    member: str = ""

    def __str__(self) -> str:
        return legible(f"{self.path}/{self.member}" if self.member else str(self.path))

    @property
    def stem(self) -> str:
        """Its name without folder and suffix."""
        return PurePosixPath(self.member or self.path.name).stem

    @property
    def size(self) -> int:
        """How many bytes it has, unpacked."""
        if not self.member:
            return self.path.stat().st_size
        with zipfile.ZipFile(self.path) as archive:
            return archive.getinfo(self.member).file_size

    @property
    def gdal_name(self) -> str:
        """The name by which GDAL opens it."""
        # In braces the archive's own name may hold anything.
        path = self.path.resolve()
        return f"/vsizip/{{{path}}}/{self.member}" if self.member else str(path)

    def companion(self, suffix: str) -> bytes | None:
        """Return the content of the file of the same name and another suffix, if there is one."""
        if not self.member:
            # On a file system that tells them apart, suffixes may be in capitals.
            for path in (self.path.with_suffix(suffix), self.path.with_suffix(suffix.upper())):
                if path.is_file():
                    return path.read_bytes()
            return None
        with zipfile.ZipFile(self.path) as archive:
            wanted = str(PurePosixPath(self.member).with_suffix(suffix)).casefold()
            for name in archive.namelist():
                if name.casefold() == wanted:
                    return archive.read(name)
        return None

    def read(self, count: int = -1) -> bytes:
        """Return its content, or the first bytes of it."""
        if not self.member:
            with self.path.open("rb") as file:
                return file.read(count)
        with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as file:
            return file.read(count)


def find_file(
    path: str | Path, *, layer: str | None = None, max_gb: float = MAX_GB
) -> tuple[UserFile, str | None]:
    """Return a user's file, and the layer of it that is asked for.

    In an archive of several files ``layer`` may name one of them.

    Raises
    ------
    DataError
        It is not there, is a folder, a web address or a name for one of GDAL's file systems, is
        larger than ``max_gb``, of no format that is read, or an archive with nothing to read or
        too much to choose from.
    """
    local = _local(path)
    try:
        if local.stat().st_size > max_gb * 1e9:
            raise _too_large(str(local), local.stat().st_size, max_gb)
        with local.open("rb") as file:
            kind = kind_of(file.read(HEAD_BYTES), str(local))
        if kind is Kind.ZIP:
            return _in_archive(local, layer, max_gb)
        if kind is Kind.PARQUET:
            _check_rows(UserFile(local, kind), max_gb)
    except OSError as error:
        raise DataError(f"Unreadable {local}: {error.strerror or error}.") from error
    return UserFile(local, kind), layer


def _local(path: str | Path) -> Path:
    text = str(path)
    if _URL.match(text) or text.startswith(("/vsi", "\\vsi")):
        raise DataError(
            f"Invalid file {hide_password(text)!r}. Must be a file on this machine: download it "
            "first; archives in zip are read as they are."
        )
    local = Path(path)
    if local.is_file():
        # Names with an exclamation mark mean an archive to the library that opens them.
        if "!" in str(local.resolve()):
            raise DataError(f"Invalid file {text!r}: its path has a '!'. Must be without: move it.")
        return local
    if local.is_dir():
        raise DataError(f"Invalid file {text!r}: it is a folder. Must be a file.")
    if local.exists():
        raise DataError(f"Invalid file {text!r}: it is a device or a pipe. Must be a file.")
    if not local.parent.is_dir():
        raise DataError(f"No file {text!r}: there is no folder {str(local.parent)!r}.")
    there = sorted(entry.name for entry in local.parent.iterdir() if entry.is_file())
    hint = did_you_mean(local.name, there) if there else f"The folder {local.parent} is empty."
    raise DataError(f"No file {text!r}. {hint}")


def hide_password(url: str) -> str:
    """Return an address without the password in it.

    >>> hide_password("postgresql://me:secret@host/db?password=secret")
    'postgresql://me:***@host/db?password=***'
    """
    hidden = re.sub(r"(:/{1,2}[^:/@?]*):[^/?]*@", r"\1:***@", url)
    return re.sub(r"(password=)[^&]*", r"\1***", hidden, flags=re.IGNORECASE)


def broken(file: UserFile, error: object) -> DataError:
    """Return the error of a file that is incomplete or damaged, with its size and what was said."""
    told = " ".join(str(error).split())
    plainly = "it is incomplete or damaged"
    if file.kind is Kind.KML:
        plainly = "its XML is broken, or declares entities"
    return DataError(
        f"Unreadable {file}: {plainly} ({file.size:,} bytes; {told[:200]}). Must be a whole "
        f"{file.kind}; get it again or save it anew."
    )


def _too_large(name: str, size: int, max_gb: float) -> DataError:
    return DataError(
        f"Unreadable {name}: {size / 1e9:,.1f} GB, unpacked. Must be at most {max_gb:g} GB; "
        "max_gb= allows more."
    )


def _in_archive(path: Path, layer: str | None, max_gb: float) -> tuple[UserFile, str | None]:
    """Return the file of an archive that is meant, and the layer of it."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename: entry for entry in archive.infolist() if entry.file_size}
            if "xl/workbook.xml" in entries:
                _check_size(path, list(entries.values()), max_gb)
                return UserFile(path, Kind.EXCEL), layer
            member, layer = _chosen(path, list(entries), layer)
            if member.startswith("/") or ".." in member.split("/"):
                message = (
                    f"Unreadable {path}: {member!r} lies outside of the archive. Pack it anew."
                )
                raise DataError(message)
            stem = member.rpartition(".")[0].casefold()
            beside = [e for n, e in entries.items() if n.casefold().startswith(stem)]
            _check_size(path, beside, max_gb)
            with archive.open(member) as file:
                kind = kind_of(file.read(HEAD_BYTES), f"{path}/{member}")
            _check_whole(archive, beside)
    # A damaged archive may also hold names that are no text, and what cannot be unpacked.
    except (
        zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError, NotImplementedError,
    ) as error:  # fmt: skip
        raise DataError(
            f"Unreadable {path}: a zip archive that is incomplete or damaged "
            f"({path.stat().st_size:,} bytes; {error}). Get it again."
        ) from error
    except RuntimeError as error:  # what zipfile says of an archive that is encrypted
        raise DataError(f"Unreadable {path}: {error}. Must be without a password.") from error
    if kind is Kind.ZIP:
        message = f"Unreadable {path}: {member} is an archive in an archive. Unpack it first."
        raise DataError(message)
    found = UserFile(path, kind, member)
    if kind is Kind.PARQUET:
        _check_rows(found, max_gb)
    return found, layer


def _check_rows(file: UserFile, max_gb: float) -> None:
    """Refuse a Parquet file whose rows, which may be packed into next to nothing, are too many."""
    import pyarrow as pa
    from pyarrow import parquet

    source: Any = io.BytesIO(file.read()) if file.member else file.path
    try:
        told = parquet.read_metadata(source)
    except (OSError, pa.ArrowException) as error:
        raise broken(file, error) from error
    # No value takes less than 8 bytes in a table of pandas: it is a number or refers to an object.
    size = 8 * told.num_rows * told.num_columns
    if size > max_gb * 1e9:
        raise _too_large(str(file), size, max_gb)


def _chosen(path: Path, names: list[str], layer: str | None) -> tuple[str, str | None]:
    readable = [
        name
        for name in names
        if name.lower().endswith(SUFFIXES) and not name.startswith("__MACOSX/")
    ]
    if not readable:
        shown = ", ".join(names[:8]) or "nothing"
        raise DataError(f"Unreadable {path}: an archive of {shown}. Must hold {_suffixes()}.")
    # Read-me texts and metadata that lie beside the data are not meant.
    for aside in (".txt", ".json"):
        if layer is None and len(readable) > 1:
            readable = [n for n in readable if not n.lower().endswith(aside)] or readable
    if len(readable) == 1:
        return readable[0], layer
    named = [name for name in readable if layer in {name, PurePosixPath(name).stem}]
    if len(named) == 1:
        return named[0], None
    if layer is None:
        shown = ", ".join(repr(PurePosixPath(name).stem) for name in readable[:12])
        raise DataError(f"Ambiguous {path}: it holds {len(readable)} files. Tell layer=: {shown}.")
    hint = did_you_mean(layer, readable)
    raise DataError(f"Invalid layer {layer!r} of {path}. {hint}")


def _suffixes() -> str:
    return ", ".join(SUFFIXES)


def _check_whole(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    """Unpack what will be read, in passing: zipfile holds it against its checksum, GDAL may not."""
    for entry in entries:
        with archive.open(entry) as file:
            while file.read(_BLOCK):
                pass


def _check_size(path: Path, entries: list[zipfile.ZipInfo], max_gb: float) -> None:
    size = sum(entry.file_size for entry in entries)
    if size > max_gb * 1e9:
        raise _too_large(str(path), size, max_gb)
