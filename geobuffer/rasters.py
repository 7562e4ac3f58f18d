"""Open rasters, checked at the door, and read windows of them as numbers."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj

from geobuffer.errors import DataError, MissingCRSError
from geobuffer.references import check_reference

if TYPE_CHECKING:
    from pathlib import Path

    from geobuffer.geodesy import Floats

# Grids are one if their pixels coincide within this share of a pixel all along.
_OFF_GRID = 0.01
# Formats that hold their own pixels, by their first bytes; others may point at any file or address.
_FORMATS = {
    b"II*\0": "GTiff", b"MM\0*": "GTiff", b"II+\0": "GTiff", b"MM\0+": "GTiff", b"ncol": "AAIGrid",
}  # fmt: skip

# GDAL would look beside a raster for masks, overviews and notes, which may be of any format and
# name any file or address. The reference system of an ASCII grid (.prj) is read all the same.
_ALONE = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_PAM_ENABLED": "NO"}


def open_raster(path: Path) -> Any:
    """Open a raster of one band, north up, with a reference system.

    Raises
    ------
    DataError, MissingCRSError
        It is missing, unreadable, or not such a one.
    """
    try:
        import exactextract  # noqa: F401 - needed as soon as the first pixel is read
        import rasterio
        from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
    except ImportError as error:
        message = (
            f"{error.name} is not installed. Rasters need it: pip install 'geobuffer[raster]'."
        )
        raise DataError(message) from error
    if not path.is_file():
        raise DataError(f"No file {path}. Must be a raster on this machine.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            _check_beside(path)
            with rasterio.Env(**_ALONE):
                raster = rasterio.open(path.absolute(), driver=_format(path))
    except RasterioIOError as error:
        message = f"Unreadable {path}: {error}. Must be whole; fetch it again."
        raise DataError(message) from error
    try:
        _check_raster(path, raster)
    except Exception:
        raster.close()
        raise
    return raster


def _check_beside(path: Path) -> None:
    """Refuse what would count otherwise without a file beside it, or is defined by others."""
    for suffix in (".msk", ".MSK"):
        mask = path.with_name(path.name + suffix)
        if mask.exists():
            raise DataError(
                f"Invalid {path}: {mask.name} beside it says where it has data, which is not read. "
                "Must say so itself, by a value of no data: gdalwarp -dstnodata."
            )
    for suffix in (".prj", ".PRJ"):
        notes = path.with_suffix(suffix)
        if notes.is_file():
            check_reference(notes.read_text("utf-8", "replace"), str(notes))


def _format(path: Path) -> str:
    with path.open("rb") as file:
        first = file.read(4)
    try:
        return _FORMATS[first if first[:1] in b"IM" else first.lower()]
    except KeyError:
        raise DataError(
            f"Invalid {path}: it begins with {first!r}. Must be a GeoTIFF or an ASCII grid."
        ) from None


def _check_raster(path: Path, raster: Any) -> None:
    if raster.crs is None:
        raise MissingCRSError(
            f"{path} has no coordinate reference system. Must have one: rio edit-info --crs."
        )
    check_reference(raster.crs.to_wkt(), str(path))
    if raster.count != 1:
        raise DataError(f"Invalid {path}: {raster.count} bands. Must have one: rio stack --bidx.")
    t = raster.transform
    if t.b or t.d or t.a <= 0 or t.e >= 0:
        message = f"Invalid {path}: its rows do not run from west to east, or not from the north."
        raise DataError(f"{message} Must be north up: rio warp.")
    crs = pyproj.CRS.from_user_input(raster.crs)
    if not (crs.is_geographic or crs.is_projected):
        raise DataError(f"Invalid {path}: {crs.name}. Must be geographic or projected: rio warp.")
    if crs.is_geographic and raster.width * t.a > 360.0 + t.a * _OFF_GRID:
        raise DataError(f"Invalid {path}: wider than 360°. Must tell each place once; clip it.")


def check_values(raster: Any, values: str) -> None:
    """Refuse a raster that says of itself that it holds something else.

    Raises
    ------
    DataError
        The unit or description of its band speaks of density where counts were announced, or of
        counts where density was.
    """
    said = f"{raster.units[0] or ''} {raster.descriptions[0] or ''}".strip()
    density = any(word in said.casefold() for word in ("densit", "/", "per ", "km-2"))
    wrong = density if values == "counts" else "count" in said.casefold() and not density
    if wrong:
        other = "density" if values == "counts" else "counts"
        raise DataError(
            f"Invalid values {values!r}: {raster.name} says {said!r}. Must be {other!r}."
        )


def same_grid(one: Any, other: Any) -> bool:
    """Tell whether the pixels of two rasters coincide."""
    if pyproj.CRS.from_user_input(one.crs) != pyproj.CRS.from_user_input(other.crs):
        return False
    a, b = one.transform, other.transform
    columns, rows = (b.c - a.c) / a.a, (b.f - a.f) / a.e
    grown = max(abs(b.a / a.a - 1.0) * other.width, abs(b.e / a.e - 1.0) * other.height)
    off = max(abs(columns - round(columns)), abs(rows - round(rows)))
    return bool(off + grown < _OFF_GRID)


def read_window(raster: Any, left: int, top: int, columns: int, rows: int) -> Floats:
    """Read a window as numbers, scaled as the file says; NaN where there is no data."""
    import rasterio
    from rasterio.errors import RasterioIOError
    from rasterio.windows import Window

    try:
        with rasterio.Env(**_ALONE):
            masked = raster.read(1, window=Window(left, top, columns, rows), masked=True)
    except RasterioIOError as error:
        message = f"Unreadable {raster.name}: {error}. Must be whole; fetch it again."
        raise DataError(message) from error
    values = np.ma.filled(masked.astype(np.float64), np.nan)
    values[~np.isfinite(values)] = np.nan
    return np.asarray(values * raster.scales[0] + raster.offsets[0])
