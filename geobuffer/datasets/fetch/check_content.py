"""Check that a file is what it must be, before anything is read from it."""

from __future__ import annotations

import gzip
import json
import shutil
import struct
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from geobuffer.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import IO


# Bytes at the beginning that tell what came instead of data.
_PEEK = 512
_CHUNK = 2**20

# Baseline TIFF: the tags that say where the pixels are, and those of GeoTIFF that place them.
_STRIP_OFFSETS, _STRIP_BYTES, _TILE_OFFSETS, _TILE_BYTES = 273, 279, 324, 325
_GEO_KEYS = 34735
# Sizes of the types that offsets and counts come in: SHORT, LONG and, in BigTIFF, LONG8.
_TIFF_TYPES = {3: "H", 4: "I", 16: "Q"}


def check_text(path: Path) -> None:
    """Raise DataError if a file is empty, a web page or a pointer to a file kept elsewhere."""
    with path.open("rb") as file:
        head = file.read(_PEEK).lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head:
        raise DataError(f"Invalid {path.name}: it is empty. Must hold data.")
    if head[:1] == b"<":
        page = "an HTML page" if b"<html" in head.lower() or b"<!doc" in head.lower() else "XML"
        raise DataError(
            f"Invalid {path.name}: it is {page}, not data. A log-in page of the network, or an "
            "error of the server's that calls itself a success."
        )
    if head.startswith(b"version https://git-lfs"):
        raise DataError(f"Invalid {path.name}: it is a Git LFS pointer, not the file it points to.")


def read_json(path: Path) -> Any:
    """Return what a JSON file holds.

    Raises
    ------
    DataError
        It is no JSON, is cut off, or is a web page.
    """
    check_text(path)
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"Invalid {path.name}: no JSON, or cut off: {error}.") from error
    except RecursionError as error:
        raise DataError(f"Invalid {path.name}: JSON nested too deeply to be data.") from error


def read_features(path: Path) -> list[dict[str, Any]]:
    """Return the features of a GeoJSON file.

    Raises
    ------
    DataError
        It is no FeatureCollection, or has no features.
    """
    return features_of(read_json(path), path.name)


def features_of(document: Any, name: str) -> list[dict[str, Any]]:
    """Return the features of a GeoJSON document; its errors are those of `read_features`."""
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or document.get("type") != "FeatureCollection":
        raise DataError(f"Invalid {name}: no GeoJSON. Must be a FeatureCollection.")
    if not features:
        raise DataError(f"Invalid {name}: it has no features. Must have one.")
    for number, feature in enumerate(features):
        known = isinstance(feature, dict) and isinstance(feature.get("properties"), dict)
        if not known or not isinstance(feature.get("geometry"), dict):
            raise DataError(f"Invalid {name}: feature {number} lacks properties or geometry.")
    return features


def read_zipped_features(path: Path, cap: int) -> list[dict[str, Any]]:
    """Return the features of a GeoJSON file under gzip: a collection, or a feature per line.

    Raises
    ------
    DataError
        It is no gzip, is cut off or damaged, unpacks to more than `cap` bytes, or is no GeoJSON.
    """
    text = _gunzip(path, cap)
    try:
        return features_of(json.loads(text), path.name)
    except json.JSONDecodeError:
        pass
    try:
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    except json.JSONDecodeError as error:
        raise DataError(f"Invalid {path.name}: no GeoJSON: {error}.") from error
    return features_of({"type": "FeatureCollection", "features": lines}, path.name)


def _gunzip(path: Path, cap: int) -> str:
    check_text(path)
    try:
        with gzip.open(path) as file:
            data = file.read(cap + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"Invalid {path.name}: no gzip, or cut off: {error}.") from error
    if len(data) > cap:
        raise DataError(f"Invalid {path.name}: unpacks to more than {_size(cap)}. {_RAISE_CAP}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"Invalid {path.name}: not UTF-8: {error}.") from error


_RAISE_CAP = "If that is right, raise size_cap_bytes of the Downloader."


def check_zip(path: Path, cap: int) -> None:
    """Raise DataError unless a file is a whole zip that is safe to read.

    Its members may not point out of it, and unpack to no more than `cap` bytes in all: zipfile
    never gives more of a member than its header states. Every checksum is compared.
    """
    with opened_zip(path) as archive:
        for member in archive.infolist():
            inside = PurePosixPath(member.filename.replace("\\", "/"))
            if inside.is_absolute() or ".." in inside.parts or ":" in member.filename:
                message = f"Invalid {path.name}: its member {member.filename!r} points out of it."
                raise DataError(message)
            if member.flag_bits & 1:  # bit 0: encrypted
                raise DataError(f"Invalid {path.name}: its member {member.filename!r} is locked.")
        unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > cap:
            raise DataError(
                f"Invalid {path.name}: unpacks to {_size(unpacked)}, more than {_size(cap)}. "
                f"{_RAISE_CAP}"
            )
        if damaged := archive.testzip():
            raise DataError(f"Invalid {path.name}: its member {damaged!r} is damaged.")


@contextmanager
def opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip for reading.

    Raises
    ------
    DataError
        It is none, or it is cut off or damaged.
    """
    check_text(path)
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise DataError(f"Invalid {path.name}: no zip, cut off or damaged: {error}.") from error


@contextmanager
def opened_member(path: Path, member: str) -> Iterator[IO[bytes]]:
    """Open a member of a zip for reading.

    Raises
    ------
    DataError
        There is none of that name.
    """
    with opened_zip(path) as archive:
        if member not in archive.namelist():
            held = ", ".join(archive.namelist()[:10])
            raise DataError(f"Invalid {path.name}: no {member} in it, but {held}.")
        with archive.open(member) as file:
            yield file


def unpack(path: Path, members: Mapping[str, str], folder: Path) -> None:
    """Write members of a zip to a folder, under names of our own: theirs reach no path."""
    for member, name in members.items():
        with opened_member(path, member) as packed, (folder / name).open("wb") as file:
            shutil.copyfileobj(packed, file, _CHUNK)


def check_geotiff(path: Path) -> None:
    """Raise DataError unless a file is a GeoTIFF whose pixels are all there.

    Reads the first directory only: where the strips or tiles end, and that GeoTIFF keys say
    where the raster lies.
    """
    check_text(path)
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            tags = _tiff_tags(file)
    except (struct.error, KeyError, IndexError) as error:
        raise DataError(f"Invalid {path.name}: no GeoTIFF, or cut off.") from error
    if _GEO_KEYS not in tags:
        raise DataError(f"Invalid {path.name}: a TIFF without GeoTIFF keys, so placed nowhere.")
    offsets = tags.get(_TILE_OFFSETS) or tags.get(_STRIP_OFFSETS) or []
    lengths = tags.get(_TILE_BYTES) or tags.get(_STRIP_BYTES) or []
    if not offsets or len(offsets) != len(lengths):
        raise DataError(f"Invalid {path.name}: a TIFF without pixels.")
    end = max(offset + length for offset, length in zip(offsets, lengths, strict=True))
    if end > size:
        raise DataError(
            f"Invalid {path.name}: cut off. Its pixels end at byte {end:,}, the file at {size:,}."
        )


def _tiff_tags(file: IO[bytes]) -> dict[int, list[int]]:
    """Return the tags of a TIFF's first directory that hold whole numbers.

    Layout: TIFF 6.0, section 2; BigTIFF widens counts and offsets to eight bytes.
    """
    order = {b"II": "<", b"MM": ">"}[file.read(2)]
    big = {42: False, 43: True}[struct.unpack(order + "H", file.read(2))[0]]
    wide, size, skip, count = ("Q", 8, 4, "Q") if big else ("I", 4, 0, "H")
    file.seek(skip, 1)
    file.seek(struct.unpack(order + wide, file.read(size))[0])
    entries = struct.unpack(order + count, file.read(struct.calcsize(count)))[0]
    # A directory has some twenty entries; more than this many is noise read as one.
    if entries > 4096:
        raise KeyError(entries)
    raw = [
        struct.unpack(order + "HH" + wide + f"{size}s", file.read(4 + 2 * size))
        for _ in range(entries)
    ]
    return {
        tag: _tiff_values(file, order, _TIFF_TYPES[kind], number, value)
        for tag, kind, number, value in raw
        if kind in _TIFF_TYPES
    }


def _tiff_values(file: IO[bytes], order: str, kind: str, number: int, value: bytes) -> list[int]:
    """Return the values of an entry: in the entry itself if they fit, else where it points."""
    length = number * struct.calcsize(kind)
    if length > len(value):
        wide = "Q" if len(value) == 8 else "I"
        file.seek(struct.unpack(order + wide, value)[0])
        value = file.read(length)
    return list(struct.unpack(f"{order}{number}{kind}", value[:length]))


def _size(count: int) -> str:
    return f"{count / 2**20:,.1f} MB"
