"""Points and numbers of a batch, from whatever columns keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely

from geobuffer.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from geobuffer.bulk.opening import Coordinates
    from geobuffer.geodesy import Floats

# A point in well-known binary: byte order, type, longitude, latitude; 21 bytes, no padding.
_WKB_POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("lon", "<f8"), ("lat", "<f8")])

# Texts that stand for no number, in small letters.
_NO_NUMBER = ("", "na", "n/a", "nan", "null", "none")


def points_of(rows: pa.Table, at: Coordinates, first: int) -> tuple[Floats, Floats]:
    """Return longitudes and latitudes; NaN where there is no point."""
    if at.encoding == "numbers":
        lon, lat = (numbers_of(rows, name, first, at.decimal) for name in at.columns)
    else:
        column = _whole(rows, at.columns[0])
        read = from_struct if at.encoding == "point" else _from_wkb
        lon, lat = read(column, first)
    if at.crs is not None:
        to_degrees = pyproj.Transformer.from_crs(at.crs, "OGC:CRS84", always_xy=True)
        there = np.isfinite(lon)
        lon, lat = np.array(lon), np.array(lat)
        lon[there], lat[there] = to_degrees.transform(lon[there], lat[there])
    return lon, lat


def _whole(rows: pa.Table, name: str) -> pa.Array:
    """Return a column as one array, in a layout whose bytes can be looked at."""
    import pyarrow as pa

    column = rows.column(name).combine_chunks()
    column = getattr(column, "storage", column)
    return column.cast(pa.large_binary()) if column.type == pa.binary_view() else column


def numbers_of(rows: pa.Table, name: str, first: int, decimal: str) -> Floats:
    """Return a column of numbers, or of texts that are numbers; NaN where there is none.

    ``decimal`` is what parts the decimals of texts.
    """
    import pyarrow as pa
    from pyarrow import compute as pc

    given = rows.column(name)
    if pa.types.is_dictionary(given.type):
        given = given.cast(given.type.value_type)
    column = given
    try:
        if not pa.types.is_primitive(column.type) and not pa.types.is_decimal(column.type):
            column = pc.utf8_trim_whitespace(column.cast(pa.string()))
            absent = pc.is_in(pc.utf8_lower(column), value_set=pa.array(_NO_NUMBER))
            column = pc.if_else(absent, pa.scalar(None, pa.string()), column)
            if decimal == ",":
                # A point in such a number parts thousands, or is a mistake.
                column = pc.replace_substring(column, ".", "_")
                column = pc.replace_substring(column, ",", ".")
        numbers: Floats = column.cast(pa.float64(), safe=False).to_numpy()
    except pa.ArrowException as error:
        raise DataError(_no_number(given, column, name, first, decimal)) from error
    return numbers


def _no_number(
    given: pa.ChunkedArray, column: pa.ChunkedArray, name: str, first: int, decimal: str
) -> str:
    """Return what to say of a column in which some row is not a number."""
    import pyarrow as pa

    told = f"Must be a number, as in 35{decimal}27."
    for row, value in enumerate(column.to_pylist()):
        try:
            pa.array([value]).cast(pa.float64(), safe=False)
        except pa.ArrowException:
            return f"Invalid {name} in row {first + row}: {given[row].as_py()!r}. {told}"
    return f"Invalid {name}: it is of type {column.type}. Must be numbers."


def from_struct(column: pa.Array, first: int) -> tuple[Floats, Floats]:  # noqa: ARG001 - as _from_wkb
    """Return the points of GeoArrow: numbers x and y."""
    x, y = column.flatten()[:2]
    return x.to_numpy(zero_copy_only=False), y.to_numpy(zero_copy_only=False)


def _from_wkb(column: pa.Array, first: int) -> tuple[Floats, Floats]:
    """Return the points of well-known binary: by a view of its bytes where all are plain points."""
    offsets = np.frombuffer(column.buffers()[1], dtype=_offset_type(column))
    offsets = offsets[column.offset : column.offset + len(column) + 1]
    if column.null_count == 0 and (np.diff(offsets) == _WKB_POINT.itemsize).all() and len(column):
        values = np.frombuffer(column.buffers()[2], dtype=np.uint8)[offsets[0] : offsets[-1]]
        points = values.view(_WKB_POINT)
        if ((points["order"] == 1) & (points["type"] == 1)).all():
            return np.ascontiguousarray(points["lon"]), np.ascontiguousarray(points["lat"])
    shapes = _shapes(column, first)
    lon, lat = np.full((2, len(shapes)), np.nan)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    wrong = np.flatnonzero(there & (shapely.get_type_id(shapes) != 0))
    if len(wrong):
        kind = shapes[wrong[0]].geom_type
        raise DataError(f"Invalid geometry in row {first + wrong[0]}: {kind}. Must be a Point.")
    lon[there], lat[there] = shapely.get_coordinates(shapes[there]).T
    return lon, lat


def _shapes(column: pa.Array, first: int) -> np.ndarray[Any, Any]:
    """Return the shapes of well-known binary."""
    texts = column.to_numpy(zero_copy_only=False)
    try:
        return np.asarray(shapely.from_wkb(texts))
    except (shapely.errors.GEOSException, TypeError) as error:
        shapes = shapely.from_wkb(texts, on_invalid="ignore")
        row = np.flatnonzero(
            shapely.is_missing(shapes) & column.is_valid().to_numpy(zero_copy_only=False)
        )[0]
        message = f"Invalid geometry in row {first + row}: {error}. Must be well-known binary."
        raise DataError(message) from error


def _offset_type(column: pa.Array) -> type[np.signedinteger[Any]]:
    import pyarrow as pa

    return np.int64 if pa.types.is_large_binary(column.type) else np.int32
