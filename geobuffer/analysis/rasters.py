"""Open and check rasters, read windows of them, and measure the share of each pixel in a shape.

Rasters on one grid form a :class:`Mosaic`, which is read block by block, so that a raster may be
larger than memory.
"""

from __future__ import annotations

import math
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from pyproj.exceptions import ProjError

from geobuffer.analysis.raster_metadata import check_aux, check_sidecars, read_statements
from geobuffer.analysis.raster_units import Reading, read_unit
from geobuffer.errors import DataError, missing_crs, require
from geobuffer.geodesy.antimeridian import (
    keep_polygons,
    repeat_around_globe,
    split_longitude_range,
    unwrap_east_of,
)
from geobuffer.geodesy.ellipsoid import Floats, Ints, quadrangle_area_m2
from geobuffer.io.read.files import find_path_fault
from geobuffer.io.untrusted import check_crs_definition, silence_warnings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy.ellipsoid import Floats


# Two rasters are on one grid if their pixels coincide everywhere within this share of a pixel.
_OFF_GRID = 0.01
# Formats that hold their own pixels, by their first bytes. Other formats may refer to any file or
# address, so we do not let GDAL open them.
_FORMATS = {
    b"II*\0": "GTiff", b"MM\0*": "GTiff", b"II+\0": "GTiff", b"MM\0+": "GTiff", b"ncol": "AAIGrid",
}  # fmt: skip

# With these options GDAL ignores masks, overviews and metadata beside a raster. Such files may have
# any format and refer to any file or address. GDAL still reads the .prj file of an ASCII grid.
_NO_SIDECARS = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_PAM_ENABLED": "NO"}


def open_raster(path: Path) -> Any:
    """Open a raster of one band, north up, with a reference system.

    Raises
    ------
    DataError, MissingCRSError
        The file is missing, unreadable or not such a raster; or the extra ``raster`` is not
        installed.
    """
    for module in ("exactextract", "rasterio"):
        require("raster", module, "Reading a raster")
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    if find_path_fault(path) or not path.is_file():
        raise DataError(f"No file {path}. Must be a raster on this machine.")
    try:
        with silence_warnings(NotGeoreferencedWarning):
            check_sidecars(path)
            with rasterio.Env(**_NO_SIDECARS):
                raster = rasterio.open(path.absolute(), driver=_raster_format(path))
    except (OSError, RasterioError, UnicodeDecodeError) as error:
        message = f"Unreadable {path}: {error}. Must be complete; download it again."
        raise DataError(message) from error
    with ExitStack() as closing:
        closing.callback(raster.close)
        _check_raster(path, raster)
        check_aux(path, raster)
        closing.pop_all()
    return raster


def _raster_format(path: Path) -> str:
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
        raise missing_crs(f"{path} has", "run rio edit-info --crs")
    check_crs_definition(raster.crs.to_wkt(), str(path))
    if raster.count != 1:
        raise DataError(f"Invalid {path}: {raster.count} bands. Must have one: rio stack --bidx.")
    if not raster.dtypes[0].startswith(("int", "uint", "float")):
        raise DataError(f"Invalid {path}: its values are {raster.dtypes[0]}. Must be numbers.")
    t = raster.transform
    if t.b or t.d or t.a <= 0 or t.e >= 0:
        message = f"Invalid {path}: its rows do not run from west to east, or not from north down."
        raise DataError(f"{message} Must be north up: rio warp.")
    west, south, east, north = raster.bounds
    if not (np.isfinite(raster.bounds).all() and west < east and south < north):
        raise DataError(f"Invalid {path}: its pixels are {t.a:g} by {-t.e:g}. Must have a size.")
    crs = pyproj.CRS.from_user_input(raster.crs)
    if not (crs.is_geographic or crs.is_projected):
        raise DataError(f"Invalid {path}: {crs.name}. Must be geographic or projected: rio warp.")
    try:
        pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    except ProjError as error:
        raise DataError(
            f"Invalid {path}: {crs.name} cannot be converted to longitude and latitude ({error}). "
            "Must be a reference system of the Earth: rio warp."
        ) from error
    if crs.is_geographic and raster.width * t.a > 360.0 + t.a * _OFF_GRID:
        raise DataError(f"Invalid {path}: wider than 360°. Must hold each place once; clip it.")


def is_same_grid(one: Any, other: Any) -> bool:
    """Return whether the pixels of two rasters coincide."""
    if pyproj.CRS.from_user_input(one.crs) != pyproj.CRS.from_user_input(other.crs):
        return False
    a, b = one.transform, other.transform
    columns, rows = (b.c - a.c) / a.a, (b.f - a.f) / a.e
    grown = max(abs(b.a / a.a - 1.0) * other.width, abs(b.e / a.e - 1.0) * other.height)
    off = max(abs(columns - round(columns)), abs(rows - round(rows)))
    return bool(off + grown < _OFF_GRID)


class Window(NamedTuple):
    """The pixels of a window, row by row."""

    numbers: Floats
    """The values, with the scale and offset of the file; NaN where the raster has no data."""
    is_fill: NDArray[np.bool_]
    """Which stored numbers probably stand for no data, but are not declared so."""


def read_window(raster: Any, left: int, top: int, columns: int, rows: int) -> Window:
    """Read a window of a raster."""
    import rasterio
    from rasterio.errors import RasterioError

    try:
        with rasterio.Env(**_NO_SIDECARS):
            area = rasterio.windows.Window(left, top, columns, rows)
            masked = raster.read(1, window=area, masked=True)
    except (OSError, RasterioError) as error:
        message = f"Unreadable {raster.name}: {error}. Must be complete; download it again."
        raise DataError(message) from error
    values = np.ma.filled(masked.astype(np.float64), np.nan)
    values[~np.isfinite(values)] = np.nan
    scaled = np.asarray(values * raster.scales[0] + raster.offsets[0])
    return Window(scaled, _find_fill(masked, is_declared=raster.nodata is not None))


# Floating-point numbers from here on stand for no data: programs write the greatest of 32 bits,
# 3.4028235e38, with few digits.
_FLOAT_FILL = 3.4e38
# The greatest integers of 8, 16, 32 and 64 bits. A raster that was converted to a wider type may
# hold them; 32 bits of a floating-point number round the larger ones up by one.
_INTEGER_FILLS = frozenset(
    {255, 32767, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63}
)


def _find_fill(stored: np.ma.MaskedArray[Any, Any], *, is_declared: bool) -> NDArray[np.bool_]:
    """Return which numbers probably stand for no data: the greatest that a type can hold.

    A number that is the greatest of a narrower type only may be a count. We suspect it where no
    number is larger, where it occurs at least twice, and where the file declares no no-data value.
    """
    known = stored.compressed()
    known = known[np.isfinite(known)]
    numbers, there = np.ma.getdata(stored), ~np.ma.getmaskarray(stored)
    if not len(known):
        return np.zeros(stored.shape, dtype=bool)
    top = known.max()
    if stored.dtype.kind == "f" and top >= _FLOAT_FILL:
        return np.asarray(there & (numbers >= _FLOAT_FILL) & np.isfinite(numbers))
    greatest = stored.dtype.kind != "f" and top == np.iinfo(stored.dtype).max
    if greatest or (not is_declared and top in _INTEGER_FILLS and (known == top).sum() > 1):
        return np.asarray(there & (numbers == top))
    return np.zeros(stored.shape, dtype=bool)


# Pixels along the edge of a block: its values take 8 MB, and some 150 MB are needed for the
# coordinates, areas and shares of its pixels where a zone covers the whole block.
_BLOCK_PIXELS = 1024
# Edges are straight in longitude and latitude, so they are curved in a projection. We cut them to
# pieces of this many degrees (1.1 km). A piece then departs from the curve by at most 7 cm up to a
# latitude of 80°: length² · tan(φ) / 8R.
_EDGE_DEG = 0.01


class Cells(NamedTuple):
    """The pixels of a block that shapes cover, and the share of each pixel in each shape."""

    people: Floats
    """The people in each pixel; NaN where the raster has no data."""
    area_km2: Floats
    """The area of the whole pixel on the ground."""
    lon: Floats
    lat: Floats
    """The centre of the pixel."""
    column: Ints
    row: Ints
    """The place of the pixel in its grid."""
    shape: Ints
    """The numbers of shapes; ``cell`` and ``share`` hold a pixel number and its share for each."""
    cell: Ints
    share: Floats


@dataclass(frozen=True, eq=False)
class Mosaic:
    """Rasters on one grid: same reference system and pixels that coincide."""

    crs: pyproj.CRS
    left: float
    top: float
    pixel: tuple[float, float]
    """Width and height of a pixel, both positive."""
    size: tuple[int, int]
    """The number of columns and rows."""
    rasters: Sequence[Any] = field(repr=False)
    readings: Sequence[Reading] = field(repr=False)
    """How the values of each raster become people."""

    @cached_property
    def _raster_offsets(self) -> list[tuple[Any, tuple[int, int]]]:
        """Each raster, and the column and row of its first pixel."""
        (width, height), placed = self.pixel, []
        for raster in self.rasters:
            across, down = raster.bounds.left - self.left, self.top - raster.bounds.top
            placed.append((raster, (round(across / width), round(down / height))))
        return placed

    @property
    def footprint(self) -> BaseGeometry:
        """The area that the rasters cover, in the coordinates of the grid."""
        return shapely.union_all([shapely.box(*r.bounds) for r in self.rasters])

    def measure_coverage(self, shapes: Sequence[BaseGeometry]) -> Iterator[Cells]:
        """Yield the pixels that shapes in longitude and latitude cover, block by block.

        Raises
        ------
        DataError
            Two rasters have data for the same pixel in a shape, or a value there is negative.
        """
        grid_shapes = np.array([self._shape_in_grid(shape) for shape in shapes], dtype=object)
        whole = shapely.union_all(grid_shapes)
        for column, row in self._list_blocks(whole):
            block = self._block_box(column, row)
            near = np.flatnonzero(shapely.intersects(grid_shapes, block))
            parts = shapely.intersection(grid_shapes[near], block)
            found = self._coverage_table(parts, near, column, row)
            if len(found):
                yield self._describe_pixels(found, column, row)

    def is_in_frame(self, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
        """Return which points lie within the bounds of one of the rasters, with data or without."""
        x, y = self._from_lonlat(lon, lat)
        if self.crs.is_geographic:
            x = unwrap_east_of(x, self.left)
        found = np.zeros(len(lon), dtype=bool)
        for raster in self.rasters:
            west, south, east, north = raster.bounds
            found |= (x > west) & (x < east) & (y > south) & (y < north)
        return found

    def _shape_in_grid(self, shape: BaseGeometry) -> BaseGeometry:
        """Return a shape in the coordinates of the grid, in its range of longitudes."""
        if self.crs.is_geographic:
            moved = self._transform_shape(shape)
            left, right = self.left, self.left + self.size[0] * self.pixel[0]
            copies = repeat_around_globe(moved)
            inside = [shapely.clip_by_rect(copy, left, -91.0, right, 91.0) for copy in copies]
            return keep_polygons(shapely.union_all([shapely.make_valid(part) for part in inside]))
        near = self._clip_to_reach(shape)
        return keep_polygons(
            shapely.make_valid(self._transform_shape(shapely.segmentize(near, _EDGE_DEG)))
        )

    def _transform_shape(self, shape: BaseGeometry) -> BaseGeometry:
        if shape.is_empty:
            return shape
        return shapely.transform(shape, lambda xy: np.column_stack(self._from_lonlat(*xy.T)))

    @cached_property
    def _transformer(self) -> pyproj.Transformer:
        return pyproj.Transformer.from_crs("EPSG:4326", self.crs, always_xy=True)

    def _from_lonlat(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        x, y = self._transformer.transform(lon, lat)
        return np.asarray(x), np.asarray(y)

    def to_lonlat(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return degrees of points of the grid; infinite where these have no place on Earth."""
        lon, lat = self._transformer.transform(x.ravel(), y.ravel(), direction="INVERSE")
        return np.reshape(lon, x.shape), np.reshape(lat, y.shape)

    def _clip_to_reach(self, shape: BaseGeometry) -> BaseGeometry:
        """Cut a shape to the area in which the projection of the rasters is valid."""
        west, south, east, north = self.footprint.bounds
        x, y = np.meshgrid(np.linspace(west, east, 33), np.linspace(south, north, 33))
        if not np.isfinite(self.to_lonlat(x, y)[0]).all():
            return shape  # a map of the whole world: its projection is valid everywhere
        left, bottom, right, top = self._transformer.transform_bounds(
            west, south, east, north, densify_pts=33, direction="INVERSE"
        )
        # Between the points that we tried, an edge may bulge by a thousandth of its length.
        spare = 0.01 + (top - bottom) / 100.0
        boxes = split_longitude_range(left, right)
        reach = [shapely.box(w - spare, bottom - spare, e + spare, top + spare) for w, e in boxes]
        return shapely.intersection(shape, shapely.union_all(reach))

    def _list_blocks(self, whole: BaseGeometry) -> Iterator[tuple[int, int]]:
        """Yield the first column and row of each block that a shape touches, row by row."""
        if whole.is_empty:
            return
        (width, height), (columns, rows) = self.pixel, self.size
        west, south, east, north = whole.bounds
        first = max(0, int((west - self.left) / width)) // _BLOCK_PIXELS
        last = min(columns - 1, int((east - self.left) / width))
        above = max(0, int((self.top - north) / height)) // _BLOCK_PIXELS
        below = min(rows - 1, int((self.top - south) / height))
        shapely.prepare(whole)
        for row in range(above * _BLOCK_PIXELS, below + 1, _BLOCK_PIXELS):
            for column in range(first * _BLOCK_PIXELS, last + 1, _BLOCK_PIXELS):
                if shapely.intersects(whole, self._block_box(column, row)):
                    yield column, row

    def _block_size(self, column: int, row: int) -> tuple[int, int]:
        return min(_BLOCK_PIXELS, self.size[0] - column), min(_BLOCK_PIXELS, self.size[1] - row)

    def _block_box(self, column: int, row: int) -> BaseGeometry:
        columns, rows = self._block_size(column, row)
        x, y = self.find_corner(column, row)
        return shapely.box(x, y - rows * self.pixel[1], x + columns * self.pixel[0], y)

    def find_corner(self, column: Any, row: Any) -> tuple[Any, Any]:
        """Return the upper left corner of a pixel; with half numbers added, its centre."""
        return self.left + column * self.pixel[0], self.top - row * self.pixel[1]

    def _coverage_table(
        self, parts: NDArray[np.object_], numbers: Ints, column: int, row: int
    ) -> pd.DataFrame:
        """Return the share of each pixel of a block that each shape covers."""
        from exactextract import exact_extract
        from exactextract.raster import NumPyRasterSource

        parts = np.array([keep_polygons(part) for part in parts], dtype=object)
        there = ~shapely.is_empty(parts)
        if not there.any():
            return pd.DataFrame()
        columns, rows = self._block_size(column, row)
        west, south, east, north = self._block_box(column, row).bounds
        plain = NumPyRasterSource(
            np.zeros((rows, columns), dtype=np.uint8), xmin=west, ymin=south, xmax=east, ymax=north
        )
        frame = gpd.GeoDataFrame({"shape": numbers[there]}, geometry=parts[there], crs=self.crs)
        found = exact_extract(
            plain, frame, ["cell_id", "coverage"], include_cols=["shape"], output="pandas"
        )
        counts = found["cell_id"].map(len)
        return pd.DataFrame(
            {
                "shape": np.repeat(found["shape"].to_numpy(), counts),
                "cell": np.concatenate(found["cell_id"].to_list()).astype(np.int64),
                "share": np.concatenate(found["coverage"].to_list()),
            }
        )

    def _describe_pixels(self, found: pd.DataFrame, column: int, row: int) -> Cells:
        """Return the people, areas and centres of the pixels that shapes cover."""
        cells, number = np.unique(found["cell"], return_inverse=True)
        down, across = np.divmod(cells, self._block_size(column, row)[0])
        x, y = self.find_corner(column + across + 0.5, row + down + 0.5)
        lon, lat = self.to_lonlat(x, y)
        area = self._pixel_areas_km2(x, y)
        return Cells(
            self._read_people(column, row, _Pixels(across, down, area)),
            area,
            lon,
            lat,
            column + across,
            row + down,
            found["shape"].to_numpy(),
            number,
            found["share"].to_numpy(),
        )

    def _pixel_areas_km2(self, x: Floats, y: Floats) -> Floats:
        half = np.array(self.pixel) / 2.0
        lon, lat = self.to_lonlat(
            x[:, None] + half[0] * np.array([-1, 1, 1, -1]),
            y[:, None] + half[1] * np.array([-1, -1, 1, 1]),
        )
        area = quadrangle_area_m2(lon, np.clip(lat, -90.0, 90.0)) / 1e6
        # On the rim of a map of the world, corners of pixels have no longitude and latitude.
        return np.where(np.isfinite(area), area, self.pixel[0] * self.pixel[1] / 1e6)

    def _read_people(self, column: int, row: int, pixels: _Pixels) -> Floats:
        """Return the people in some pixels of a block; NaN where no raster has data."""
        columns, rows = self._block_size(column, row)
        across, down, area = pixels
        people, owner = np.full(len(across), np.nan), np.full(len(across), -1)
        for number, (raster, at) in enumerate(self._raster_offsets):
            window = _intersect_windows(raster, at, (column, row), (columns, rows))
            if window is None:
                continue
            left, top, wide, high = window
            here = (across >= left - column) & (across < left - column + wide)
            here &= (down >= top - row) & (down < top - row + high)
            if not here.any():
                continue
            read = read_window(raster, left - at[0], top - at[1], wide, high)
            inside = down[here] - (top - row), across[here] - (left - column)
            spots = np.flatnonzero(here)
            values = self._count_people(
                number, Window(read.numbers[inside], read.is_fill[inside]), area[spots],
                self.find_corner(column + across[here] + 0.5, row + down[here] + 0.5),
            )  # fmt: skip
            known = ~np.isnan(values)
            twice = np.flatnonzero(known & (owner[spots] >= 0))
            if len(twice):
                first = self.rasters[owner[spots[twice[0]]]]
                raise DataError(
                    f"Overlap of {first.name} and {raster.name}: both have data for "
                    f"{len(twice)} pixels of the zone. Must be in one of them only; clip the other."
                )
            people[spots[known]] = values[known]
            owner[spots[known]] = number
        return people

    def _count_people(
        self, number: int, read: Window, area: Floats, centres: tuple[Floats, Floats]
    ) -> Floats:
        """Return the people in pixels of a raster; raise an error for impossible numbers."""
        reading = self.readings[number]
        people = read.numbers * reading.factor * (area if reading.is_density else 1.0)
        most = _MOST_PER_KM2 * np.maximum(area, _HECTARE_KM2)
        fault = _Fault(self.rasters[number], read.numbers, centres)
        if read.is_fill.any():
            raise fault.describe(read.is_fill, _describe_fill(self.rasters[number]))
        if (below := read.numbers < 0.0).any():
            raise fault.describe(below, "Must not be negative")
        if (above := people > most).any():
            raise fault.describe(above, _IMPOSSIBLE)
        return people


# The densest quarter ever counted, the Walled City of Kowloon, had some 1.9 million people per
# square kilometre (50,000 on 2.6 ha, in 1990). A pixel of less than a hectare may be one building,
# so it may hold as many people as a hectare.
_MOST_PER_KM2 = 2e6
_HECTARE_KM2 = 0.01
_IMPOSSIBLE = (
    f"Must be at most {_MOST_PER_KM2:,.0f} people to a square kilometre, or "
    f"{_MOST_PER_KM2 * _HECTARE_KM2:,.0f} in a pixel of less than a hectare, as no quarter of a "
    "city ever had more: are values= and the unit of the raster right"
)


class _Fault(NamedTuple):
    """What an error message needs about pixels: their raster, numbers and centres."""

    raster: Any
    numbers: Floats
    centres: tuple[Floats, Floats]

    def describe(self, wrong: NDArray[np.bool_], must: str) -> DataError:
        """Return the error about the first of the pixels that are wrong."""
        first = int(np.flatnonzero(wrong)[0])
        x, y = self.centres[0][first], self.centres[1][first]
        number = float(self.numbers[first])
        stored = (number - self.raster.offsets[0]) / self.raster.scales[0]
        return DataError(
            f"Invalid value in {self.raster.name} at {x:.10g}, {y:.10g}: {number:.10g}. {must}; if "
            f"it stands for no data, declare it: rio edit-info --nodata {stored:.17g}."
        )


def _describe_fill(raster: Any) -> str:
    """Return the words for what a value must be, where it is the greatest number of a type."""
    wider = "Int32" if "8" in raster.dtypes[0] else "Float64"
    return (
        "Must be a count, not the greatest number that a type of 8, 16, 32 or 64 bits holds: it "
        "stands for no data, or for more than the type can hold (if it is a count, convert the "
        f"raster: gdal_translate -ot {wider} -a_nodata -1)"
    )


class _Pixels(NamedTuple):
    """Columns and rows of pixels in a block, and their areas."""

    across: Ints
    down: Ints
    area_km2: Floats


def _intersect_windows(
    raster: Any, at: tuple[int, int], block: tuple[int, int], extent: tuple[int, int]
) -> tuple[int, int, int, int] | None:
    """Return column, row, columns and rows of the pixels that a raster and a block share."""
    left, top = max(at[0], block[0]), max(at[1], block[1])
    right = min(at[0] + raster.width, block[0] + extent[0])
    bottom = min(at[1] + raster.height, block[1] + extent[1])
    return (left, top, right - left, bottom - top) if left < right and top < bottom else None


@contextmanager
def open_mosaics(paths: Iterable[str | Path], values: str) -> Iterator[list[Mosaic]]:
    """Open rasters and group them by the grid that they share.

    ``values`` says what pixels hold: ``"counts"`` or ``"density"``.

    Raises
    ------
    DataError
        No path is given; a file is missing, not a raster, not north up, or has several bands; or
        its unit contradicts ``values``.
    MissingCRSError
        A raster has no coordinate reference system.
    """
    with ExitStack() as stack:
        rasters = []
        for path in map(Path, paths):
            raster = stack.enter_context(open_raster(path))
            rasters.append((raster, read_unit(str(path), read_statements(path, raster), values)))
        if not rasters:
            raise DataError("No raster. Must be given at least one file.")
        yield _group_by_grid(rasters)


def _group_by_grid(rasters: Sequence[tuple[Any, Reading]]) -> list[Mosaic]:
    groups: list[list[tuple[Any, Reading]]] = []
    for raster, reading in rasters:
        for group in groups:
            if is_same_grid(group[0][0], raster):
                group.append((raster, reading))
                break
        else:
            groups.append([(raster, reading)])
    return [_make_mosaic(*zip(*group, strict=True)) for group in groups]


def _make_mosaic(rasters: Sequence[Any], readings: Sequence[Reading]) -> Mosaic:
    first, bounds = rasters[0], [raster.bounds for raster in rasters]
    left, top = min(one.left for one in bounds), max(one.top for one in bounds)
    wide, high = first.transform.a, -first.transform.e
    columns = round((max(one.right for one in bounds) - left) / wide)
    rows = round((top - min(one.bottom for one in bounds)) / high)
    crs = pyproj.CRS.from_user_input(first.crs)
    return Mosaic(crs, left, top, (wide, high), (columns, rows), rasters, readings)


def make_empty_mosaic(pixel_deg: float) -> Mosaic:
    """Return a grid of the world in longitude and latitude without rasters: it has no data.

    Its pixels are squares of this many degrees or a little less.
    """
    rows = math.ceil(180.0 / pixel_deg)
    pixel = 180.0 / rows
    crs = pyproj.CRS.from_epsg(4326)
    return Mosaic(crs, -180.0, 90.0, (pixel, pixel), (2 * rows, rows), (), ())


def measure_coverage(
    mosaics: Sequence[Mosaic], shapes: Sequence[BaseGeometry]
) -> Iterator[tuple[Mosaic, Cells]]:
    """Yield the pixels of all rasters that shapes in longitude and latitude cover, and their grid.

    Raises
    ------
    DataError
        As :meth:`Mosaic.measure_coverage`. Also where the centre of a pixel with data lies within
        the bounds of a raster on another grid, because people might be counted twice unnoticed.
    """
    for mosaic in mosaics:
        for cells in mosaic.measure_coverage(shapes):
            known = ~np.isnan(cells.people)
            for other in mosaics:
                if (
                    other is not mosaic
                    and other.is_in_frame(cells.lon[known], cells.lat[known]).any()
                ):
                    names = (mosaic.rasters[0].name, other.rasters[0].name)
                    raise DataError(
                        f"Overlap of {names[0]} and {names[1]} in the zone, on different grids. "
                        "Must hold each place once: clip one, or bring both to one grid (rio warp)."
                    )
            yield mosaic, cells
