"""Check the content of downloaded files before we read data from them."""

from __future__ import annotations

import json
import shutil
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from geobuffer.errors import DataError
from geobuffer.io.untrusted import silence_warnings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import IO


# This many bytes at the beginning show whether a file holds a web page in place of data.
_PEEK_BYTES = 512
_CHUNK_BYTES = 2**20
# A TIFF begins with one of these: little or big endian, TIFF or BigTIFF.
_TIFF_SIGNATURES = {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}
# GDAL reads only the TIFF itself: files beside it could be of any format and name other files.
_NO_SIDECARS = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_PAM_ENABLED": "NO"}
_RAISE_CAP = "To accept it, raise size_cap_bytes of the Downloader."


def check_text(path: Path) -> None:
    """Raise DataError if a file is empty, a web page or a Git LFS pointer."""
    with path.open("rb") as file:
        head = file.read(_PEEK_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head:
        raise DataError(f"Invalid {path.name}: it is empty. Download it again.")
    if head[:1] == b"<":
        page = "an HTML page" if b"<html" in head.lower() or b"<!doc" in head.lower() else "XML"
        raise DataError(
            f"Invalid {path.name}: it is {page}, not data. The network may have sent its log-in "
            "page, or the server an error page with a status of success."
        )
    if head.startswith(b"version https://git-lfs"):
        raise DataError(f"Invalid {path.name}: it is a Git LFS pointer, not the file itself.")


def read_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises
    ------
    DataError
        The file is not JSON, is cut off, or is a web page.
    """
    check_text(path)
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    # ValueError: broken text or JSON, or a number of more than 4,300 digits.
    except ValueError as error:
        raise DataError(f"Invalid {path.name}: not JSON, or cut off: {error}.") from error
    except RecursionError as error:
        raise DataError(
            f"Invalid {path.name}: its JSON is nested too deeply to be data."
        ) from error


def read_features(path: Path) -> list[dict[str, Any]]:
    """Return the features of a GeoJSON file.

    Raises
    ------
    DataError
        The file is not a FeatureCollection, or has no features.
    """
    document, name = read_json(path), path.name
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or document.get("type") != "FeatureCollection":
        raise DataError(f"Invalid {name}: not GeoJSON. Expected a FeatureCollection.")
    if not features:
        raise DataError(f"Invalid {name}: it has no features. Expected one or more.")
    for number, feature in enumerate(features):
        known = isinstance(feature, dict) and isinstance(feature.get("properties"), dict)
        if not known or not isinstance(feature.get("geometry"), dict):
            raise DataError(f"Invalid {name}: feature {number} lacks properties or geometry.")
    return features


def check_zip(path: Path, cap: int) -> None:
    """Raise DataError unless a file is a complete zip that is safe to read.

    The names of its members must stay inside the zip. Its members must unpack to at most `cap`
    bytes in all; zipfile never returns more of a member than its header states. We compare every
    checksum.
    """
    with open_zip(path) as archive:
        for member in archive.infolist():
            inside = PurePosixPath(member.filename.replace("\\", "/"))
            if inside.is_absolute() or ".." in inside.parts or ":" in member.filename:
                message = f"Invalid {path.name}: its member {member.filename!r} points out of it."
                raise DataError(message)
            if member.flag_bits & 1:  # bit 0: encrypted
                message = f"Invalid {path.name}: its member {member.filename!r} is encrypted."
                raise DataError(message)
        unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > cap:
            raise DataError(
                f"Invalid {path.name}: unpacks to {_megabytes(unpacked)}, more than "
                f"{_megabytes(cap)}. {_RAISE_CAP}"
            )
        if damaged := archive.testzip():
            raise DataError(f"Invalid {path.name}: its member {damaged!r} is damaged.")


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip for reading.

    Raises
    ------
    DataError
        The file is not a zip, or is cut off or damaged.
    """
    check_text(path)
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise DataError(f"Invalid {path.name}: not a zip, cut off or damaged: {error}.") from error


@contextmanager
def open_zip_member(path: Path, member: str) -> Iterator[IO[bytes]]:
    """Open a member of a zip for reading.

    Raises
    ------
    DataError
        The zip has no member of that name.
    """
    with open_zip(path) as archive:
        if member not in archive.namelist():
            held = ", ".join(archive.namelist()[:10])
            raise DataError(f"Invalid {path.name}: it does not contain {member}, but {held}.")
        with archive.open(member) as file:
            yield file


def unpack(path: Path, members: Mapping[str, str], folder: Path) -> None:
    """Write members of a zip to a folder under names that we choose, never under their paths."""
    for member, name in members.items():
        with open_zip_member(path, member) as packed, (folder / name).open("wb") as file:
            shutil.copyfileobj(packed, file, _CHUNK_BYTES)


def check_geotiff(path: Path) -> None:
    """Raise DataError unless a file is a GeoTIFF that holds all of its pixels.

    Rasterio checks the pixels and the position. It belongs to the extra ``raster``, not to
    ``fetch``. Without it, we check only the first bytes; a download is still compared with the
    length that the server states.
    """
    check_text(path)
    with path.open("rb") as file:
        if file.read(4) not in _TIFF_SIGNATURES:
            raise DataError(f"Invalid {path.name}: not a GeoTIFF, or cut off.")
    try:
        import rasterio
        from rasterio.errors import NotGeoreferencedWarning, RasterioError
    except ImportError:
        return
    try:
        with (
            silence_warnings(NotGeoreferencedWarning),
            rasterio.Env(**_NO_SIDECARS),
            rasterio.open(path.absolute(), driver="GTiff") as raster,
        ):
            placed = raster.crs is not None
            end = _pixels_end(raster)
    except RasterioError as error:
        raise DataError(f"Invalid {path.name}: not a GeoTIFF, or cut off: {error}.") from error
    if not placed:
        raise DataError(
            f"Invalid {path.name}: a TIFF without a coordinate reference system, so its position "
            "is unknown. Expected a GeoTIFF."
        )
    size = path.stat().st_size
    if end > size:
        raise DataError(
            f"Invalid {path.name}: cut off. Its pixels end at byte {end:,}, the file at {size:,}."
        )


def _pixels_end(raster: Any) -> int:
    """Return the position after the last byte of the pixels of the first band."""
    end = 0
    for (row, column), _ in raster.block_windows(1):
        block = f"{column}_{row}"
        offset = raster.get_tag_item(f"BLOCK_OFFSET_{block}", "TIFF", bidx=1)
        length = raster.get_tag_item(f"BLOCK_SIZE_{block}", "TIFF", bidx=1)
        # A sparse TIFF leaves out blocks that hold no data.
        if offset is not None and length is not None:
            end = max(end, int(offset) + int(length))
    return end


def _megabytes(count: int) -> str:
    return f"{count / 2**20:,.1f} MB"
