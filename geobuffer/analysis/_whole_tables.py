"""Read the sources that Arrow cannot read in batches: each as one table of Arrow.

These are layers, workbooks, records of JSON, files in an archive, and tables of PostGIS.
:func:`geobuffer.read_settlements` reads them by the same steps, so the rows and the messages are
the same.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd

from geobuffer.errors import DataError
from geobuffer.io.read.geometry import check_points
from geobuffer.io.read.header_rows import drop_second_headers
from geobuffer.io.read.point_columns import add_point_columns
from geobuffer.io.read.read import POINT_TYPES, read_database_rows, read_rows
from geobuffer.io.read.shape_kinds import keep_kind
from geobuffer.io.read.source_table import check_has_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    import pyarrow as pa

    from geobuffer.io.read.files import UserFile


class Reading(NamedTuple):
    """What the caller states about how a source is read, as for ``read_settlements``."""

    lon: str | None = None
    lat: str | None = None
    layer: str | None = None
    sheet: str | None = None
    encoding: str | None = None
    crs: Any = None
    accuracy_m: float | None = None
    swap: bool = False


class WholeTable(NamedTuple):
    """The rows of a file; shapes, if there are any, are stored as in GeoParquet."""

    name: str
    """Its name in messages."""
    rows: pa.Table
    lines: Sequence[int] | None
    """The line of each row of a workbook or a text table."""
    tags: Mapping[str, str]
    notes: Sequence[str]


def read_whole(source: UserFile | str, how: Reading, *, mixes_kinds: bool = False) -> WholeTable:
    """Return the rows of a file, or of a table of PostGIS by its address.

    ``mixes_kinds`` says that a column of texts or binaries may hold shapes that are not points.

    Raises
    ------
    DataError, GeometryError, MissingCRSError
        As :func:`geobuffer.read_settlements`.
    """
    import pyarrow as pa

    stated = how.layer, how.sheet, how.encoding
    if isinstance(source, str):
        table = read_database_rows(source, *stated)
    else:
        table = read_rows(source, *stated)
    check_has_rows(table)
    if table.shapes is None:
        drop_second_headers(table)
        if mixes_kinds:
            add_point_columns(table, None, None, how.crs)
    if table.shapes is None:
        rows = pa.Table.from_pandas(_make_plain(table.frame), preserve_index=False)
        return WholeTable(table.name, rows, table.line_numbers, table.tags, table.notes)
    if how.lon is not None or how.lat is not None:
        raise DataError(f"Invalid lon and lat: {table.name} has shapes. Leave them out.")
    keep_kind(table, POINT_TYPES)
    check_points(table, how.crs, swap=how.swap)
    frame = _make_plain(table.frame)
    shapes = gpd.GeoSeries(table.required_shapes, index=frame.index, crs="EPSG:4326")
    name = next(n for n in ("geometry", "geometry_", "geometry__") if n not in frame)
    return WholeTable(
        table.name, _write_shapes(frame, shapes, name), table.line_numbers, {}, table.notes
    )


def _write_shapes(frame: pd.DataFrame, shapes: gpd.GeoSeries, name: str) -> pa.Table:
    """Return a table of Arrow with a column of shapes and the metadata of GeoParquet."""
    from pyarrow import parquet

    made = io.BytesIO()
    gpd.GeoDataFrame(frame.assign(**{name: shapes}), geometry=name).to_parquet(made, index=False)
    return parquet.read_table(made)


def _make_plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose columns Arrow can hold; a column of mixed types becomes texts."""
    return frame.apply(_make_plain_column)


def _make_plain_column(column: pd.Series) -> pd.Series:
    import pyarrow as pa

    if column.dtype != object:
        return column
    try:
        pa.array(column, from_pandas=True)
    except pa.ArrowException:
        there = column.notna()
        return column.astype(str).where(there, None)
    return column
