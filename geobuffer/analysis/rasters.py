"""Open and check rasters, read windows of them, and measure the share of each pixel in a shape.

Rasters on one grid form a :class:`Mosaic`, which is read block by block, so that a raster may be
larger than memory.
"""

from __future__ import annotations

import dataclasses
import json
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

from geobuffer.errors import DataError, GeobufferError, missing_crs, require
from geobuffer.geodesy.antimeridian import (
    keep_polygons,
    repeat_around_globe,
    split_longitude_range,
    unwrap_east_of,
)
from geobuffer.geodesy.ellipsoid import Floats, Ints, quadrangle_area_m2
from geobuffer.io.read.files import find_path_fault
from geobuffer.io.untrusted import (
    check_companion,
    check_crs_definition,
    read_companion,
    silence_warnings,
)
from geobuffer.zones.source import Source, join_sources

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
            _check_sidecars(path)
            with rasterio.Env(**_NO_SIDECARS):
                raster = rasterio.open(path.absolute(), driver=_raster_format(path))
    except (OSError, RasterioError, UnicodeDecodeError) as error:
        message = f"Unreadable {path}: {error}. Must be complete; download it again."
        raise DataError(message) from error
    with ExitStack() as closing:
        closing.callback(raster.close)
        _check_raster(path, raster)
        closing.pop_all()
    return raster


def _check_sidecars(path: Path) -> None:
    """Refuse a raster with a mask beside it, or with a .prj file that refers to other files."""
    for suffix in (".msk", ".MSK"):
        mask = path.with_name(path.name + suffix)
        if mask.exists():
            raise DataError(
                f"Invalid {path}: the mask {mask.name} beside it is not read. Must mark pixels "
                "without data by a value of its own: gdalwarp -dstnodata."
            )
    for suffix in (".prj", ".PRJ"):
        definition = path.with_suffix(suffix)
        if check_companion(definition, str(path)):
            content = read_companion(definition, str(path))
            if content is None:
                raise DataError(f"Unreadable {path}: {definition.name} beside it is no short text.")
            check_crs_definition(content.decode("utf-8", "replace"), str(definition))


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


def check_band_unit(raster: Any, values: str) -> None:
    """Refuse a raster whose own unit or description contradicts ``values``.

    Raises
    ------
    DataError
        The unit or description of the band names a density, but ``values`` is ``"counts"``; or it
        names counts, but ``values`` is ``"density"``.
    """
    stated = f"{raster.units[0] or ''} {raster.descriptions[0] or ''}".strip()
    density = any(word in stated.casefold() for word in ("densit", "/", "per ", "km-2"))
    wrong = density if values == "counts" else "count" in stated.casefold() and not density
    if wrong:
        other = "density" if values == "counts" else "counts"
        raise DataError(
            f"Invalid values {values!r}: {raster.name} states {stated!r}. Must be {other!r}."
        )


def is_same_grid(one: Any, other: Any) -> bool:
    """Return whether the pixels of two rasters coincide."""
    if pyproj.CRS.from_user_input(one.crs) != pyproj.CRS.from_user_input(other.crs):
        return False
    a, b = one.transform, other.transform
    columns, rows = (b.c - a.c) / a.a, (b.f - a.f) / a.e
    grown = max(abs(b.a / a.a - 1.0) * other.width, abs(b.e / a.e - 1.0) * other.height)
    off = max(abs(columns - round(columns)), abs(rows - round(rows)))
    return bool(off + grown < _OFF_GRID)


def read_window(raster: Any, left: int, top: int, columns: int, rows: int) -> Floats:
    """Read a window as numbers, with the scale and offset of the file; NaN where it has no data."""
    import rasterio
    from rasterio.errors import RasterioError
    from rasterio.windows import Window

    try:
        with rasterio.Env(**_NO_SIDECARS):
            masked = raster.read(1, window=Window(left, top, columns, rows), masked=True)
    except (OSError, RasterioError) as error:
        message = f"Unreadable {raster.name}: {error}. Must be complete; download it again."
        raise DataError(message) from error
    values = np.ma.filled(masked.astype(np.float64), np.nan)
    values[~np.isfinite(values)] = np.nan
    return np.asarray(values * raster.scales[0] + raster.offsets[0])


def read_raster_source(paths: Iterable[str | Path]) -> Source | None:
    """Return the source of rasters from the metadata file beside each; None unless all have one.

    Raises
    ------
    DataError
        A metadata file is a pipe, a device, or a link to another folder.
    """
    sources = []
    for path in map(Path, paths):
        content = read_companion(path.with_name(path.name + ".json"), str(path))
        source = None if content is None else _parse_source(content)
        if source is None:
            return None  # there is no such file, or another program wrote it
        sources.append(source)
    return join_sources(sources) if sources else None


def _parse_source(content: bytes) -> Source | None:
    """Return the source in a metadata file; None if another program wrote it."""
    try:
        stated = json.loads(content)
        fields = {one.name for one in dataclasses.fields(Source)}
        known = {name: stated[name] for name in fields & set(stated)}
        accuracy = known.pop("accuracy_m", None)
        if not all(isinstance(value, str) for value in known.values()):
            return None
        "".join(known.values()).encode()  # half a character cannot be written or hashed
        if accuracy is not None and not math.isfinite(accuracy):
            return None
        return Source(**known, accuracy_m=accuracy)
    except (ValueError, TypeError, OverflowError, RecursionError, GeobufferError):
        return None


# Pixels along the edge of a block: its values take 8 MB, and some 150 MB are needed for the
# coordinates, areas and shares of its pixels where a zone covers the whole block.
_BLOCK_PIXELS = 1024
# Edges are straight in longitude and latitude, so they are curved in a projection. We cut them to
# pieces of this many degrees (1.1 km). A piece then departs from the curve by at most 7 cm up to a
# latitude of 80°: length² · tan(φ) / 8R.
_EDGE_DEG = 0.01


class Cells(NamedTuple):
    """The pixels of a block that shapes cover, and the share of each pixel in each shape."""

    value: Floats
    """The value of each pixel; NaN where the raster has no data."""
    area_km2: Floats
    """The area of the whole pixel on the ground."""
    lon: Floats
    lat: Floats
    """The centre of the pixel."""
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
    rasters: Sequence[Any] = field(repr=False)

    @cached_property
    def size(self) -> tuple[int, int]:
        """The number of columns and rows."""
        ends = [(at[0] + r.width, at[1] + r.height) for r, at in self._raster_offsets]
        return max(end[0] for end in ends), max(end[1] for end in ends)

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

    def _to_lonlat(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        lon, lat = self._transformer.transform(x.ravel(), y.ravel(), direction="INVERSE")
        return np.reshape(lon, x.shape), np.reshape(lat, y.shape)

    def _clip_to_reach(self, shape: BaseGeometry) -> BaseGeometry:
        """Cut a shape to the area in which the projection of the rasters is valid."""
        west, south, east, north = self.footprint.bounds
        x, y = np.meshgrid(np.linspace(west, east, 33), np.linspace(south, north, 33))
        if not np.isfinite(self._to_lonlat(x, y)[0]).all():
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
        """Return the values, areas and centres of the pixels that shapes cover."""
        cells, number = np.unique(found["cell"], return_inverse=True)
        down, across = np.divmod(cells, self._block_size(column, row)[0])
        value = self._read_values(column, row, across, down)
        x, y = self.find_corner(column + across + 0.5, row + down + 0.5)
        lon, lat = self._to_lonlat(x, y)
        return Cells(
            value,
            self._pixel_areas_km2(x, y),
            lon,
            lat,
            found["shape"].to_numpy(),
            number,
            found["share"].to_numpy(),
        )

    def _pixel_areas_km2(self, x: Floats, y: Floats) -> Floats:
        half = np.array(self.pixel) / 2.0
        lon, lat = self._to_lonlat(
            x[:, None] + half[0] * np.array([-1, 1, 1, -1]),
            y[:, None] + half[1] * np.array([-1, -1, 1, 1]),
        )
        area = quadrangle_area_m2(lon, np.clip(lat, -90.0, 90.0)) / 1e6
        # On the rim of a map of the world, corners of pixels have no longitude and latitude.
        return np.where(np.isfinite(area), area, self.pixel[0] * self.pixel[1] / 1e6)

    def _read_values(self, column: int, row: int, across: Ints, down: Ints) -> Floats:
        """Return the values of some pixels of a block; NaN where no raster has data."""
        columns, rows = self._block_size(column, row)
        value, owner = np.full(len(across), np.nan), np.full(len(across), -1)
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
            values = read[down[here] - (top - row), across[here] - (left - column)]
            spots = np.flatnonzero(here)
            _check_not_negative(raster, values, (column + across[here], row + down[here]), self)
            known = ~np.isnan(values)
            twice = np.flatnonzero(known & (owner[spots] >= 0))
            if len(twice):
                first = self.rasters[owner[spots[twice[0]]]]
                raise DataError(
                    f"Overlap of {first.name} and {raster.name}: both have data for "
                    f"{len(twice)} pixels of the zone. Must be in one of them only; clip the other."
                )
            value[spots[known]] = values[known]
            owner[spots[known]] = number
        return value


def _intersect_windows(
    raster: Any, at: tuple[int, int], block: tuple[int, int], extent: tuple[int, int]
) -> tuple[int, int, int, int] | None:
    """Return column, row, columns and rows of the pixels that a raster and a block share."""
    left, top = max(at[0], block[0]), max(at[1], block[1])
    right = min(at[0] + raster.width, block[0] + extent[0])
    bottom = min(at[1] + raster.height, block[1] + extent[1])
    return (left, top, right - left, bottom - top) if left < right and top < bottom else None


def _check_not_negative(raster: Any, values: Floats, at: tuple[Ints, Ints], mosaic: Mosaic) -> None:
    below = np.flatnonzero(values < 0.0)
    if len(below):
        x, y = mosaic.find_corner(at[0][below[0]] + 0.5, at[1][below[0]] + 0.5)
        raise DataError(
            f"Invalid value in {raster.name} at {x:.10g}, {y:.10g}: {values[below[0]]:g}. Must not "
            "be negative; if it stands for no data, declare it: rio edit-info --nodata."
        )


@contextmanager
def open_mosaics(paths: Iterable[str | Path]) -> Iterator[list[Mosaic]]:
    """Open rasters and group them by the grid that they share.

    Raises
    ------
    DataError
        No path is given; or a file is missing, not a raster, not north up, or has several bands.
    MissingCRSError
        A raster has no coordinate reference system.
    """
    with ExitStack() as stack:
        rasters = [stack.enter_context(open_raster(Path(path))) for path in paths]
        if not rasters:
            raise DataError("No raster. Must be given at least one file.")
        yield _group_by_grid(rasters)


def _group_by_grid(rasters: Sequence[Any]) -> list[Mosaic]:
    groups: list[list[Any]] = []
    for raster in rasters:
        for group in groups:
            if is_same_grid(group[0], raster):
                group.append(raster)
                break
        else:
            groups.append([raster])
    return [
        Mosaic(
            pyproj.CRS.from_user_input(group[0].crs),
            min(raster.bounds.left for raster in group),
            max(raster.bounds.top for raster in group),
            (group[0].transform.a, -group[0].transform.e),
            group,
        )
        for group in groups
    ]


def measure_coverage(mosaics: Sequence[Mosaic], shapes: Sequence[BaseGeometry]) -> Iterator[Cells]:
    """Yield the pixels of all rasters that shapes in longitude and latitude cover.

    Raises
    ------
    DataError
        As :meth:`Mosaic.measure_coverage`. Also where the centre of a pixel with data lies within
        the bounds of a raster on another grid, because we could not see what is counted twice.
    """
    for mosaic in mosaics:
        for cells in mosaic.measure_coverage(shapes):
            known = ~np.isnan(cells.value)
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
            yield cells
