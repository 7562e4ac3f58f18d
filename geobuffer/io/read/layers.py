"""Read layers of shapes: GeoPackage, GeoJSON, FlatGeobuf, Shapefile, KML, GPX and GeoParquet.

TopoJSON, Esri JSON and answers of Overpass are further formats. GDAL reads all formats except KML,
GPX, answers of Overpass and GeoParquet.
"""

from __future__ import annotations

import io
import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import shapely

from geobuffer.errors import DataError, did_you_mean
from geobuffer.io.read.encodings import detect_encoding, needless_encoding_error
from geobuffer.io.read.files import DRIVERS, FIXED_CRS, FileFormat, damaged_error
from geobuffer.io.read.gdal import list_gdal_errors, open_for_gdal
from geobuffer.io.read.overpass import read_overpass
from geobuffer.io.read.point_columns import read_shape_column
from geobuffer.io.read.shape_kinds import keep_areas, note_closed_rings
from geobuffer.io.read.source_table import SourceTable
from geobuffer.io.read.topojson import list_open_rows
from geobuffer.io.read.xml_layers import read_xml_layer
from geobuffer.io.untrusted import (
    SHORT_WKB,
    capture_warnings,
    check_crs_definition,
    check_geoparquet,
    is_nested_too_deeply,
    set_gdal_option,
)

if TYPE_CHECKING:
    import warnings
    from collections.abc import Callable, Iterator, Sequence

    import geopandas as gpd
    from pyarrow import parquet

    from geobuffer.io.read.files import UserFile


# Coordinates that are texts: GDAL reads no shape from them.
_QUOTED_NUMBERS = re.compile(rb'"coordinates"\s*:\s*\[[\s\[]*"')
# Warnings of libraries about rings that do not end where they begin. We replace them by a note.
_OF_OPEN_RINGS = re.compile("closed linestring|Non closed ring")
# Values that JSON does not allow (RFC 8259), but that GDAL reads as numbers.
_NOT_JSON = re.compile(rb"[:,\[]\s*-?(?:NaN|Infinity)\s*[,}\]]")

# GDAL replaces arcs by chords of this many degrees. At a radius of 40 km the chords are 0.1 m off,
# like the edges of a zone. With GDAL's default of 4 degrees they are 24 m off.
_ARC_DEGREES = "0.25"

# The curved types of cadastres, and the types that remain when arcs are replaced by chords.
_STRAIGHT = {
    "CurvePolygon": "Polygon", "MultiSurface": "MultiPolygon", "CircularString": "LineString",
    "CompoundCurve": "LineString", "MultiCurve": "MultiLineString",
}  # fmt: skip

# The tables of a GeoPackage in which QGIS stores styles and projects.
_OF_QGIS = frozenset({"layer_styles", "qgis_projects"})

# We check a GeoJSON in blocks of this many bytes.
_BLOCK = 1 << 24


def read_layer(
    file: UserFile, layer: str | None, kinds: tuple[str, ...], encoding: str | None = None
) -> SourceTable:
    """Return the rows of a layer: the named one, or the only one with the wanted geometry types.

    Parameters
    ----------
    file
        The file.
    layer
        The layer's name, or ``None`` to choose it.
    kinds
        Names of geometry types, such as ``("Polygon", "MultiPolygon")``.
    encoding
        The encoding of the texts of a Shapefile, or ``None`` to find it.

    Raises
    ------
    DataError
        The file is damaged or has no such layer, several layers fit, or an encoding is stated for
        a file that needs none.
    """
    if encoding is not None and file.format is not FileFormat.SHAPEFILE:
        raise needless_encoding_error(encoding, str(file))
    if file.format is FileFormat.PARQUET:
        return _read_parquet(file)
    if file.format in {FileFormat.KML, FileFormat.GPX, FileFormat.OVERPASS}:
        return _read_without_gdal(file, layer, kinds)
    notes: list[str] = []
    if file.format is FileFormat.GEOPACKAGE:
        _check_geopackage_size(file)
    if file.format is FileFormat.GEOJSON:
        _check_geojson_text(file, notes)
    with (
        set_gdal_option("OGR_ARC_STEPSIZE", _ARC_DEGREES),
        # GDAL refuses a feature of more than 200 MB, some million vertices; we limit the file.
        set_gdal_option("OGR_GEOJSON_MAX_OBJ_SIZE", "0"),
        open_for_gdal(file, notes, encoding) as (name, found),
    ):
        # A Shapefile has only one layer, and a copy of the file has another name.
        wanted = None if file.format is FileFormat.SHAPEFILE else layer
        return _read_with_gdal(file, name, wanted, kinds, found, notes)


def _read_without_gdal(file: UserFile, layer: str | None, kinds: tuple[str, ...]) -> SourceTable:
    """Return the rows of a file that mixes kinds of shapes."""
    if file.format is not FileFormat.OVERPASS:
        return read_xml_layer(file, layer)
    if layer is not None:
        raise DataError(f"Invalid layer {layer!r} of {file}: it has no layers. Leave layer= out.")
    return read_overpass(file, kinds)


def _read_with_gdal(
    file: UserFile,
    name: str,
    layer: str | None,
    kinds: tuple[str, ...],
    encoding: str | None,
    notes: list[str],
) -> SourceTable:
    import pyogrio

    # A later check reports coordinates that are not numbers, with their row.
    with np.errstate(invalid="ignore"), capture_warnings() as said:
        try:
            chosen = _choose_layer(file, name, layer, kinds)
            info = _read_layer_info(file, name, chosen, encoding)
            # Broken shapes become missing shapes and a warning, which we pass on.
            read = partial(pyogrio.read_dataframe, name, layer=chosen, encoding=encoding)
            frame = read(on_invalid="warn")
            closed = _close_rings(frame, read, said)
            if file.format is FileFormat.TOPOJSON and chosen is not None:
                closed = list_open_rows(file, chosen)
        except DataError:
            raise
        except list_gdal_errors() as error:
            raise damaged_error(file, error) from error
    if len(frame) < info["features"]:
        raise damaged_error(file, f"{len(frame)} of {info['features']} rows")
    notes += [str(warning.message) for warning in said if _concerns_file(warning)]
    several = file.format in {FileFormat.GEOPACKAGE, FileFormat.GEODATABASE} and chosen
    layer_name = f"{file}, layer {chosen}" if several else str(file)
    table = _make_table(file, layer_name, frame, notes)
    note_closed_rings(table, closed)
    return table


def _close_rings(
    frame: Any, read: Callable[..., Any], said: list[warnings.WarningMessage]
) -> Sequence[int]:
    """Close rings that do not end where they begin, and return their rows."""
    if not any("closed linestring" in str(warning.message) for warning in said):
        return []
    missing = np.flatnonzero(frame.geometry.isna())
    # Reading again with "fix" gives shapes for the rows that the first reading could not read.
    fixed = np.asarray(read(on_invalid="fix").geometry.to_numpy(), dtype=object)[missing]
    fixed, is_area = keep_areas(fixed)
    shapes = np.asarray(frame.geometry.to_numpy(), dtype=object).copy()
    shapes[missing] = fixed
    frame[frame.geometry.name] = type(frame.geometry)(shapes, crs=frame.crs, index=frame.index)
    if is_area.all():
        said[:] = [one for one in said if not _OF_OPEN_RINGS.search(str(one.message))]
    return list(missing[is_area])


def _read_layer_info(
    file: UserFile, name: str, layer: str | None, encoding: str | None
) -> dict[str, Any]:
    """Return the metadata of a layer, after a check that GDAL used the right driver."""
    import pyogrio

    info: dict[str, Any] = pyogrio.read_info(name, layer=layer, encoding=encoding)
    if info["driver"] not in DRIVERS[file.format]:
        raise DataError(f"Unreadable {file}: it is {info['driver']}. Must be {file.format}.")
    check_crs_definition(info["crs"] or "", str(file))
    return info


def _concerns_file(warning: warnings.WarningMessage) -> bool:
    """Return whether a library's warning is about the file, not about deprecations or measures."""
    text = str(warning.message)
    ours = "Measured" in text or issubclass(warning.category, (DeprecationWarning, FutureWarning))
    return not ours


def _make_table(
    file: UserFile | None, name: str, frame: pd.DataFrame, notes: list[str]
) -> SourceTable:
    import geopandas as gpd

    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise DataError(f"Invalid layer {name}: two columns are named {twice[0]!r}. Must differ.")
    if not isinstance(frame, gpd.GeoDataFrame):
        return SourceTable(name, frame.reset_index(drop=True), notes=notes)
    shapes = frame.geometry
    is_fixed = file is not None and file.format in FIXED_CRS
    return SourceTable(
        name,
        pd.DataFrame(frame.drop(columns=shapes.name)).reset_index(drop=True),
        np.asarray(shapes.to_numpy(), dtype=object),
        shapes.crs or ("EPSG:4326" if is_fixed else None),
        crs_is_fixed=is_fixed,
        notes=notes,
    )


def read_frame(
    frame: pd.DataFrame | gpd.GeoSeries, *, layer: str | None = None, sheet: str | None = None
) -> SourceTable:
    """Return the rows of a table in memory.

    Raises
    ------
    DataError
        Two columns have one name, or a layer or a sheet is named.
    """
    import geopandas as gpd

    for name, given in (("layer", layer), ("sheet", sheet)):
        if given is not None:
            message = f"Invalid {name} {given!r}: a table in memory has none. Leave it out."
            raise DataError(message, parameter=name)
    if isinstance(frame, gpd.GeoSeries):
        frame = frame.to_frame("geometry")
    if isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is None:
        frame = pd.DataFrame(frame)
    frame = _index_to_columns(frame)
    if frame.columns.nlevels > 1:
        frame = frame.set_axis(["_".join(map(str, labels)) for labels in frame.columns], axis=1)
    return _make_table(None, "the table in memory", frame.rename(columns=str), [])


def _choose_layer(
    file: UserFile, name: str, layer: str | None, kinds: tuple[str, ...]
) -> str | None:
    """Return the name of the layer to read."""
    import pyogrio

    listed = {str(key): str(value) for key, value in pyogrio.list_layers(name)}
    listed = {key: value for key, value in listed.items() if key not in _OF_QGIS} or listed
    if layer is not None:
        if layer not in listed:
            raise DataError(f"Invalid layer {layer!r} of {file}. {did_you_mean(layer, listed)}")
        return layer
    shaped = {key: value for key, value in listed.items() if value != "None"} or listed
    if len(shaped) == 1:
        return next(iter(shaped))
    if not shaped:
        raise damaged_error(file, "no layer in it")
    fitting = [key for key, value in shaped.items() if _is_of_kind(value, kinds)]
    if len(fitting) == 1:
        return fitting[0]
    shown = ", ".join(f"{key!r} ({value})" for key, value in list(shaped.items())[:12])
    raise DataError(
        f"Ambiguous {file}: it has {len(shaped)} layers. Choose one with layer=: {shown}."
    )


def _is_of_kind(geometry_type: str, kinds: tuple[str, ...]) -> bool:
    """Return whether a layer's type is one of the wanted ones, ignoring dimensions and curves.

    >>> _is_of_kind("2.5D Polygon", ("Polygon",)), _is_of_kind("CurvePolygon", ("Polygon",))
    (True, True)
    """
    plain = re.sub(r"^(2\.5D|3D|Measured|3D Measured) | ?Z?M?$", "", geometry_type)
    return _STRAIGHT.get(plain, plain) in kinds


def _check_geopackage_size(file: UserFile) -> None:
    """Check that a GeoPackage is as long as its header says."""
    head = file.read(100)
    # Bytes of the SQLite header: at 16 the size of a page (1 means 65,536), at 28 their number,
    # which is valid only if the bytes at 24 and 92 agree.
    page = int.from_bytes(head[16:18], "big")
    promised = (65_536 if page == 1 else page) * int.from_bytes(head[28:32], "big")
    if head[24:28] == head[92:96] and file.size < promised:
        raise damaged_error(file, f"of {promised:,}")


def _check_geojson_text(file: UserFile, notes: list[str]) -> None:
    """Check that a GeoJSON is UTF-8, and note values that JSON does not allow."""
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")()
    done, legal, quoted = 0, True, False
    for block in _read_blocks(file):
        legal = legal and not _NOT_JSON.search(block)
        quoted = quoted or bool(_QUOTED_NUMBERS.search(block))
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            raise DataError(
                f"Unreadable {file}: not UTF-8 at byte {done + error.start:,}; it seems to be "
                f"{detect_encoding(block)}. Save it as UTF-8 (RFC 8259)."
            ) from error
        done += len(block)
    if not legal:
        notes.append("it holds NaN or Infinity, which JSON does not allow (RFC 8259).")
    if quoted:
        notes.append(
            "coordinates in quotes are texts, but GeoJSON needs numbers (RFC 7946): such shapes "
            "are missing. Remove the quotes."
        )


def _read_blocks(file: UserFile) -> Iterator[bytes]:
    import zipfile

    if file.member:
        with zipfile.ZipFile(file.path) as archive, archive.open(file.member) as opened:
            yield from iter(lambda: opened.read(_BLOCK), b"")
    else:
        with file.path.open("rb") as plain:
            yield from iter(lambda: plain.read(_BLOCK), b"")


def _read_parquet(file: UserFile) -> SourceTable:
    import geopandas as gpd
    import pyarrow as pa
    from pyarrow import parquet
    from pyproj.exceptions import CRSError

    source: Any = io.BytesIO(file.read()) if file.member else file.path
    try:
        metadata = parquet.read_schema(source).metadata or {}
        if b"geo" in metadata:
            check_geoparquet(metadata[b"geo"], str(file))
            _check_nesting(file, source, metadata[b"geo"])
        written = _find_own_column(metadata.get(b"geo"), "WKT")
        is_read = b"geo" in metadata and not written
        with np.errstate(invalid="ignore"):  # a later check reports invalid numbers
            try:
                frame = (gpd.read_parquet if is_read else pd.read_parquet)(source)
            except shapely.errors.GEOSException:
                # A shape is broken: we read the shapes one by one, and close open rings.
                written = _find_own_column(metadata.get(b"geo"), "WKB")
                frame = pd.read_parquet(source)
        native = written
        if b"geo" not in metadata:
            native = list_native_columns(parquet.ParquetFile(source))
    except DataError:
        raise
    except (
        OSError, pa.ArrowException, shapely.errors.ShapelyError, CRSError,
        AttributeError, LookupError, TypeError, ValueError,
    ) as error:  # fmt: skip
        raise damaged_error(file, error) from error
    _check_texts(file, frame)
    table = _make_table(file, str(file), _index_to_columns(frame), [])
    if native:
        _set_native_shapes(table, native)
    return table


class NativeColumn(NamedTuple):
    """A column of Parquet's native geometry types, or of well-known text (WKT)."""

    crs: Any
    """Its reference system; ``None`` if it is unknown."""
    is_geography: bool
    """Whether its edges are geodesics."""


def list_native_columns(file: parquet.ParquetFile) -> dict[str, NativeColumn]:
    """Return the columns of Parquet's types GEOMETRY and GEOGRAPHY, by their names.

    Raises
    ------
    DataError
        A reference system names another file.
    """
    found = {}
    for number in range(len(file.schema)):
        column = file.schema.column(number)
        stated = json.loads(column.logical_type.to_json())
        if stated.get("Type") in {"Geometry", "Geography"} and column.path == column.name:
            crs = _read_native_crs(stated.get("crs"), file.metadata.metadata or {})
            check_crs_definition(crs if isinstance(crs, str) else json.dumps(crs), column.name)
            found[column.name] = NativeColumn(crs, stated["Type"] == "Geography")
    return found


def _read_native_crs(stated: str | None, metadata: dict[bytes, bytes]) -> Any:
    """Return the reference system of a native type, in any of the forms of the standard."""
    if not stated:
        return "OGC:CRS84"
    kind, _, value = stated.partition(":")
    if kind == "srid":
        return f"EPSG:{value}" if value != "0" else None
    if kind == "projjson":
        return metadata.get(value.encode(), b"").decode("utf-8", "replace") or None
    return stated


def _set_native_shapes(table: SourceTable, native: dict[str, NativeColumn]) -> None:
    """Set the shapes of a table from its only column of geometry, which holds raw values."""
    if len(native) > 1:
        shown = ", ".join(map(repr, native))
        raise DataError(f"Ambiguous {table.name}: several columns hold shapes: {shown}.")
    ((column, kind),) = native.items()
    table.shapes = read_shape_column(table, column).shapes
    table.frame, table.crs = table.frame.drop(columns=[column]), kind.crs
    if kind.is_geography and (shapely.get_dimensions(table.shapes) > 0).any():
        table.notes.append(
            f"{column!r} is a GEOGRAPHY, whose edges are geodesics; edges='geodesic' reads them so."
        )


def _find_own_column(geo: bytes | None, encoding: str) -> dict[str, NativeColumn]:
    """Return the column of shapes of a GeoParquet, if the column has that encoding.

    GeoParquet before version 1.0 may store WKT, which geopandas does not read.
    """
    stated = json.loads(geo) if geo else {}
    column = stated.get("primary_column")
    facts = stated.get("columns", {}).get(column, {})
    if str(facts.get("encoding")).upper() != encoding:
        return {}
    return {str(column): NativeColumn(facts.get("crs", "OGC:CRS84"), is_geography=False)}


def _check_texts(file: UserFile, frame: pd.DataFrame) -> None:
    """Raise an error for text that is not UTF-8: Arrow would report it only on use of a value."""
    import pyarrow as pa

    for name, kind in frame.dtypes.items():
        if isinstance(kind, pd.StringDtype):
            try:
                pa.array(frame[name].array).validate(full=True)
            except pa.ArrowInvalid as error:
                raise DataError(
                    f"Unreadable {file}: the column {str(name)!r} holds text that is not UTF-8 "
                    f"({error}). Save it again as UTF-8."
                ) from error


def _check_nesting(file: UserFile, source: Any, geo: bytes) -> None:
    """Raise an error for collections that are nested so deeply that GEOS would crash."""
    from pyarrow import parquet

    stated = json.loads(geo)["columns"]
    columns = [name for name, one in stated.items() if one.get("encoding", "WKB") == "WKB"]
    first = 0
    for batch in parquet.ParquetFile(source).iter_batches(columns=columns):
        for row in (row for values in batch.columns for row in _list_nested(values)):
            raise _nesting_error(file, first + row)
        first += len(batch)


def _nesting_error(file: UserFile, row: int) -> DataError:
    return DataError(
        f"Invalid geometry in row {row} of {file}: its collections are nested too deeply. Must be "
        "plain points, lines or areas."
    )


def _list_nested(values: Any) -> Iterator[int]:
    """Yield the rows of a column whose well-known binary is nested too deeply."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type):
        long = pc.greater(pc.binary_length(values), SHORT_WKB)
        for row in pc.indices_nonzero(long).to_pylist():
            if is_nested_too_deeply(memoryview(values[row].as_buffer())):
                yield row


def _index_to_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn the index of a table into columns: dissolve() and set_index() put names in it."""
    index = frame.index
    if index.nlevels == 1 and index.name is None and not pd.api.types.is_integer_dtype(index):
        frame = frame.rename_axis(index="index")
    levels = [n for n in frame.index.names if n is not None and n not in frame.columns]
    return frame.reset_index(level=levels) if levels else frame
