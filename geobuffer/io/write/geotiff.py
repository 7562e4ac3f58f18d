"""Write a grid of numbers as GeoTIFF, north up, with the attributes that state its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geobuffer.errors import DataError, require
from geobuffer.io.grid_cells import read_cells
from geobuffer.io.write.values import NOT_IN_XML

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import xarray as xr


# The attributes that we write as tags. GDAL may give other names a special meaning.
_TAGS = ("border", "source", "licence", "as_of", "method", "made_with", "units")


def check_rasterio() -> None:
    """Raise MissingExtra unless GeoTIFF can be written."""
    require("raster", "rasterio", "A GeoTIFF")


def fit_geotiff(grid: xr.DataArray) -> Callable[[Path], None]:
    """Check a grid, and return a function that writes it to a path.

    Raises
    ------
    DataError
        The array has other dimensions than x and y, one column or row, uneven steps or no numbers;
        or the returned function finds that GeoTIFF cannot hold the reference system.
    MissingCRSError
        The grid has no reference system.
    """
    cells = read_cells(grid, "thing")
    if grid.ndim != 2:
        raise DataError(
            f"Invalid thing: its dimensions are {', '.join(map(str, grid.dims))}. Must be two: "
            "choose one of the layers with isel().",
            parameter="thing",
        )
    if grid.dtype.kind not in "biuf":
        raise DataError(f"Invalid thing: {grid.dtype} in it. Must be numbers.", parameter="thing")
    cells.check()
    # We use the coordinates, because slicing an array does not change its GeoTransform.
    down, right = cells.y[-1] < cells.y[0], cells.x[-1] > cells.x[0]
    turns = slice(None, None, 1 if down else -1), slice(None, None, 1 if right else -1)
    cells = cells._replace(y=cells.y[turns[0]], x=cells.x[turns[1]])
    transform = cells.find_transform()
    wkt = cells.crs.to_wkt()

    def save(path: Path) -> None:
        from rasterio import Affine, Env, MemoryFile

        numbers = np.asarray(grid.transpose(*cells.names).values, dtype=np.float64)[turns]
        # Make the file in memory: GDAL does not report a failed last write on a full disk.
        # Predictor 3 is made for floating-point numbers. A file beyond 4 GB has to be a BigTIFF.
        # GDAL's threads would save a tenth of the time, but a forked process lacks them and would
        # wait for ever, so we ask for none.
        # Without PAM, GDAL writes no second file for metadata that GeoTIFF cannot hold.
        with Env(GDAL_PAM_ENABLED="NO"), MemoryFile() as made:
            with made.open(
                driver="GTiff", width=len(cells.x), height=len(cells.y), count=1, dtype="float64",
                crs=wkt, transform=Affine.from_gdal(*transform), nodata=np.nan, compress="deflate",
                predictor=3, tiled=True, bigtiff="IF_SAFER",
            ) as raster:  # fmt: skip
                raster.write(numbers, 1)
                raster.update_tags(**{n: _text(grid.attrs[n]) for n in _TAGS if n in grid.attrs})
                raster.set_band_description(1, _text(grid.attrs.get("long_name", "")))
                raster.set_band_unit(1, _text(grid.attrs.get("units", "")))
            with made.open() as written:
                # GDAL silently drops a projection that GeoTIFF cannot hold.
                if not written.crs:
                    raise DataError(
                        f"Invalid thing: GeoTIFF cannot hold its system {cells.crs.name!r}. Must "
                        "be in another, as 'EPSG:4326'.",
                        parameter="thing",
                    )
            path.write_bytes(made.getbuffer())

    return save


def _text(value: object) -> str:
    return NOT_IN_XML.sub("", str(value))
