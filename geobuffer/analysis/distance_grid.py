"""Compute the distance to a border at the centre of every cell of a grid.

A grid is given by the centres of its columns and rows and a reference system; cells are computed in
blocks, so little memory is needed besides the result.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj

from geobuffer._version import __version__
from geobuffer.analysis.rasters import open_raster
from geobuffer.errors import DataError, missing_crs, require
from geobuffer.geodesy.antimeridian import normalize_longitudes
from geobuffer.io.grid_cells import MOST_CELLS, Cells, read_cells, read_system
from geobuffer.zones.arguments import NUMBER, PATH, TEXT, Kind, check_arguments, is_each, optional
from geobuffer.zones.border import AROUND, BOTH
from geobuffer.zones.checks import check_border

if TYPE_CHECKING:
    from collections.abc import Iterable

    import xarray as xr

    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.zones.border import Border


# Cells that are computed at once: some 100 MB with their coordinates.
_BLOCK_CELLS = 262_144

_GRID = Kind(
    lambda value: (
        PATH.accepts(value) or _is_raster(value) or (hasattr(value, "dims") and _is_array(value))
    ),
    "a path of a raster, a raster opened by rasterio or a DataArray of xarray",
)
_FOUR = Kind(lambda value: _is_list(value, 4), "four numbers: west, south, east, north")
_ONE_OR_TWO = Kind(
    lambda value: NUMBER.accepts(value) or _is_list(value, 2), "a number, or two: of x and of y"
)


def _is_raster(value: Any) -> bool:
    return all(hasattr(value, name) for name in ("transform", "crs", "width", "height"))


def _is_array(value: Any) -> bool:
    return all(hasattr(value, name) for name in ("coords", "attrs", "encoding"))


def _is_list(value: Any, length: int) -> bool:
    numbers = isinstance(value, (list, tuple, np.ndarray)) and is_each(value, NUMBER.accepts)
    return numbers and len(value) == length


def distance_grid(
    border: Border,
    *,
    like: Any = None,
    bounds: Iterable[float] | None = None,
    resolution: float | tuple[float, float] | None = None,
    crs: Any = "EPSG:4326",
    side: str | None = None,
) -> xr.DataArray:
    """Return the signed geodesic distance to a border at the centre of each cell of a grid, in km.

    Parameters
    ----------
    border
        The border.
    like
        A grid to copy: the path of a raster of one band, a raster that rasterio has opened, or a
        DataArray with coordinates ``x`` and ``y`` (or ``lon`` and ``lat``) and a reference system
        in ``spatial_ref``, as rioxarray writes it. Names and numbers of its coordinates are kept.
    bounds
        West, south, east and north, in the units of ``crs``, in place of ``like``. If the
        grid crosses 180°, west is greater than east.
    resolution
        The size of a cell in these units: a number, or two, of x and y. As in gdalwarp, the grid
        begins at west and north, and the numbers of columns and rows are rounded to whole ones, so
        that east and south move by half a cell at most.
    crs
        The reference system of ``bounds``, in any form that pyproj takes.
    side
        The side on which distances are positive, by default the second one: outside an area, right
        of a bare line. They are negative on the territory of the other side only. ``"both"``: all
        are positive. ``"around"``: 0 inside an area.

    Returns
    -------
    xarray.DataArray
        ``distance_km``, rows by columns, in 64 bits. The coordinate ``spatial_ref`` holds the
        reference system and ``GeoTransform``, in the form of CF and rioxarray; ``attrs`` name the
        source of the border. Cells whose centre has no longitude and latitude are NaN.

    Raises
    ------
    DataError
        Both or neither of ``like`` and ``bounds`` are given; a grid is empty, too large, uneven,
        rotated, or reaches beyond a pole; or a reference system is unknown.
    MissingCRSError
        ``like`` has no reference system.
    UnknownSide, GeometryError
        As :func:`geobuffer.build_zone`, about ``side``.
    MissingExtra
        xarray is not installed (the extra ``xarray``), or for a path rasterio (``raster``).
    WrongKind
        ``border`` is not a border.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> grid = distance_grid(border, bounds=(34, 50, 36, 52), resolution=0.5)
    >>> grid.shape, grid.sel(x=34.75, y=50.75).round(1).item()
    ((4, 4), 45.8)
    """
    check_arguments(
        like=(like, optional(_GRID)), bounds=(bounds, optional(_FOUR)),
        resolution=(resolution, optional(_ONE_OR_TWO)), side=(side, optional(TEXT)),
    )  # fmt: skip
    check_border(border)
    name = border.find_side_name(border.sides[1].name if side is None else side)
    xarray = require("xarray", "xarray", "A grid of distances")
    cells = _choose_cells(like, bounds, resolution, read_system(crs))
    cells.check()
    values = np.empty((len(cells.y), len(cells.x)))
    columns = min(len(cells.x), _BLOCK_CELLS)
    rows = _BLOCK_CELLS // columns
    for first, left in product(range(0, len(cells.y), rows), range(0, len(cells.x), columns)):
        at = slice(first, first + rows), slice(left, left + columns)
        lon, lat = _locate_cells(cells, *at)
        values[at] = _measure_signed_km(border, lon, lat, name).reshape(values[at].shape)
    y, x = cells.names
    grid: xr.DataArray = xarray.DataArray(
        values,
        {y: (y, cells.y, _axis_attributes(cells, 0)), x: (x, cells.x, _axis_attributes(cells, 1)),
         "spatial_ref": ((), 0, _describe_system(cells))},
        (y, x), "distance_km", _describe_border(border, name),
    )  # fmt: skip
    grid.encoding["grid_mapping"] = "spatial_ref"
    return grid


def _choose_cells(like: Any, bounds: Any, resolution: Any, crs: pyproj.CRS) -> Cells:
    if (like is None) == (bounds is None) or (bounds is None) != (resolution is None):
        raise DataError(
            "Invalid grid: it is not clear which. Must be given like=, or bounds= and resolution=."
        )
    if like is None:
        return _lay_cells(bounds, resolution, crs)
    if PATH.accepts(like):
        with open_raster(Path(like)) as raster:
            return _cells_of_raster(raster)
    return _cells_of_raster(like) if _is_raster(like) else read_cells(like)


def _lay_cells(bounds: Any, resolution: Any, crs: pyproj.CRS) -> Cells:
    west, south, east, north = map(float, bounds)
    if crs.is_geographic and east < west:
        east += 360.0
    pair = (resolution, resolution) if NUMBER.accepts(resolution) else resolution
    wide, high = map(float, pair)
    if not (wide > 0.0 and high > 0.0):
        raise DataError(
            f"Invalid resolution {resolution!r}. Must be positive.", parameter="resolution"
        )
    if not (west < east and south < north):
        raise DataError(
            f"Invalid bounds {tuple(map(float, bounds))}. Must be west, south, east, north.",
            parameter="bounds",
        )
    if crs.is_geographic and (east - west > 360.0 or south < -90.0 or north > 90.0):
        raise DataError(
            f"Invalid bounds {tuple(map(float, bounds))}. Must lie within ±90° of latitude, and "
            "be at most 360° wide.",
            parameter="bounds",
        )
    # We count in floating-point numbers, because a tiny step makes more columns than an integer of
    # 64 bits can count.
    columns, rows = (np.floor(n + 0.5) for n in ((east - west) / wide, (north - south) / high))
    # We check this before we make the centres: a billion of them, also in one row, would fill the
    # memory.
    cells = max(columns, 1.0) * max(rows, 1.0)
    if cells > MOST_CELLS:
        raise DataError(
            f"Invalid resolution {resolution!r}: it makes {cells:,.15g} cells. Must make at most "
            f"{MOST_CELLS:,}.",
            parameter="resolution",
        )
    x = west + (np.arange(int(columns), dtype=np.float64) + 0.5) * wide
    y = north - (np.arange(int(rows), dtype=np.float64) + 0.5) * high
    return Cells(crs, x, y)


def _cells_of_raster(raster: Any) -> Cells:
    name = getattr(raster, "name", "like")
    if not raster.crs:
        raise missing_crs(f"{name} has", "run rio edit-info --crs")
    t = raster.transform
    if t.b or t.d:
        raise DataError(f"Invalid {name}: it is rotated. Must not be: rio warp.", parameter="like")
    x, y = t.c + (np.arange(raster.width) + 0.5) * t.a, t.f + (np.arange(raster.height) + 0.5) * t.e
    return Cells(read_system(raster.crs), x, y)


def _locate_cells(cells: Cells, rows: slice, columns: slice) -> tuple[Floats, Floats]:
    """Return longitudes and latitudes of the centres of a block; NaN beyond the Earth."""
    x, y = (one.ravel() for one in np.meshgrid(cells.x[columns], cells.y[rows]))
    if cells.crs != "EPSG:4326":
        convert = pyproj.Transformer.from_crs(cells.crs, "EPSG:4326", always_xy=True)
        x, y = convert.transform(x, y)
    there = np.isfinite(x) & np.isfinite(y)
    return np.where(there, normalize_longitudes(np.where(there, x, 0.0)), np.nan), y


def _measure_signed_km(border: Border, lon: Floats, lat: Floats, side: str) -> Floats:
    """Return distances to a border, negative across it as seen from a side."""
    km = np.full(len(lon), np.nan)
    there = np.flatnonzero(~np.isnan(lon))
    lon, lat = lon[there], lat[there]
    km[there] = border.index.nearest(lon, lat).distance_m / 1e3
    if side == BOTH:
        return km
    codes = border.side_codes(lon, lat)
    if side == AROUND:
        km[there[codes == 0]] = 0.0
        return km
    across = int(side == border.sides[0].name)
    km[there[codes == across]] *= -1.0
    return km


def _axis_attributes(cells: Cells, axis: int) -> dict[str, str]:
    """Return the attributes that CF requires of a coordinate; axis 0 is y, axis 1 is x."""
    axes = {one["axis"]: one for one in cells.crs.cs_to_cf()}
    return axes.get("YX"[axis], {})


def _describe_system(cells: Cells) -> dict[str, Any]:
    """Return the attributes of ``spatial_ref``."""
    wkt = cells.crs.to_wkt()
    facts: dict[str, Any] = {**cells.crs.to_cf(), "crs_wkt": wkt, "spatial_ref": wkt}
    if len(cells.x) > 1 and len(cells.y) > 1:
        facts["GeoTransform"] = " ".join(f"{number:.17g}" for number in cells.find_transform())
    return facts


def _describe_border(border: Border, side: str) -> dict[str, Any]:
    source = border.source
    sign = "" if side in {BOTH, AROUND} else f", positive on the side {side}"
    facts = {
        "units": "km",
        "long_name": f"geodesic distance to the border{sign}",
        "border": "; ".join(section.name for section in border.sections),
        "source": source.title,
        "licence": source.licence,
        "as_of": source.as_of,
        "method": "geodesics on WGS 84, at the centres of cells",
        "made_with": f"geobuffer {__version__}",
    }
    return {name: fact for name, fact in facts.items() if fact}
