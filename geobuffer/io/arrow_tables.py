"""Take tables of other libraries through Arrow's stream, and give answers back as Arrow.

pyarrow, Polars, DuckDB, Ibis and GeoArrow hand over their tables by the method
``__arrow_c_stream__`` (the Arrow PyCapsule interface); none of them is imported here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeGuard, runtime_checkable

import geopandas as gpd
import numpy as np
import pandas as pd

from geobuffer.errors import DataError, MissingCRSError
from geobuffer.io.read.point_columns import locate_points
from geobuffer.zones.arguments import describe_type
from geobuffer.zones.identity import Noun

if TYPE_CHECKING:
    from collections.abc import Collection

    import pyarrow as pa


@runtime_checkable
class ArrowStream(Protocol):
    """A table of another library."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the table as a capsule with a stream of Arrow."""


# The columns of a table of points that answers depend on.
USED = ("accuracy_m", "radius_m", "country", "country_name", "oblast", "oblast_iso", "candidates")

# We look at this many rows to find out what a column holds, as the reader of tables does.
_SAMPLE_ROWS = 10_000


def is_arrow_stream(table: object) -> TypeGuard[ArrowStream]:
    """Return whether something is a table of another library than pandas.

    Examples
    --------
    >>> import pyarrow as pa
    >>> is_arrow_stream(pa.table({"lon": [34.8]})), is_arrow_stream(pd.DataFrame({"lon": [34.8]}))
    (True, False)
    """
    ours = (pd.DataFrame, pd.Series, Noun)
    return isinstance(table, ArrowStream) and not isinstance(table, (*ours, type))


def read_arrow_stream(table: ArrowStream) -> pa.Table:
    """Return a table of another library as Arrow, without a copy where that library has Arrow.

    Raises
    ------
    DataError
        The object cannot be read as a table.
    """
    import pyarrow as pa

    try:
        return pa.table(table)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(
            f"Invalid table: {describe_type(table)}. It could not be read as Arrow: {error}",
            parameter="table",
        ) from error


def make_points_table(rows: pa.Table, used: Collection[str] | None = USED) -> gpd.GeoDataFrame:
    """Return the shapes of a table of Arrow, with the columns that are used.

    Shapes come from the one column with a type of GeoArrow. Without such a column, points come from
    two columns of degrees that are named as in files, such as ``lon`` and ``lat``.

    Parameters
    ----------
    rows
        The table.
    used
        The names of columns to keep; None for all.

    Raises
    ------
    DataError
        The table has no shapes and no coordinates, or several of either; or its shapes cannot be
        read; or two columns that are used have the same name.
    MissingCRSError
        The column of shapes states no coordinate reference system.

    Examples
    --------
    >>> import pyarrow as pa
    >>> rows = pa.table({"name": ["Sumy"], "lon": [34.8], "lat": [50.91], "accuracy_m": [500]})
    >>> make_points_table(rows).columns.tolist()
    ['accuracy_m', 'geometry']
    """
    names = rows.column_names
    kept = [name for name in names if used is None or name in used]
    shapes = [field.name for field in rows.schema if _is_geoarrow(field)]
    if len(shapes) > 1:
        shown = ", ".join(map(repr, shapes))
        raise DataError(f"Ambiguous table: several columns hold shapes: {shown}. Select one.")
    if shapes:
        facts = _make_facts(rows, [name for name in kept if name != shapes[0]])
        geometry = _read_shapes(rows, shapes[0])
        if geometry.crs is None:
            raise MissingCRSError(
                f"The column {shapes[0]!r} of the table has no coordinate reference system. Select "
                "its longitude and latitude as lon and lat, or make a GeoDataFrame with crs=."
            )
        return gpd.GeoDataFrame(facts, geometry=geometry.to_numpy(), crs=geometry.crs)
    found = locate_points("the table", names, lambda: rows.slice(0, _SAMPLE_ROWS).to_pandas())
    if found is None or found.is_one:
        shown = ", ".join(map(repr, names[:12])) or "no columns"
        raise DataError(
            f"Invalid table: its coordinates were not found among {shown}. Must have two columns "
            "of degrees: name them lon and lat; or a column of shapes with a type of GeoArrow.",
            parameter="table",
        )
    facts = _make_facts(rows, kept)
    lon, lat = (_read_degrees(rows, name) for name in found.columns)
    nowhere = np.isnan(lon) | np.isnan(lat)
    points = gpd.points_from_xy(lon, lat, crs="EPSG:4326")
    points[nowhere] = None
    return gpd.GeoDataFrame(facts, geometry=points)


def take_table(table: Any, used: Collection[str] | None = USED) -> tuple[Any, pa.Table | None]:
    """Return a table as :func:`make_points_table` makes it, and its rows in Arrow.

    A table of geopandas, and all that is not a table, is returned as it is, with None.
    """
    if not is_arrow_stream(table):
        return table, None
    rows = read_arrow_stream(table)
    return make_points_table(rows, used), rows


def _is_geoarrow(field: pa.Field) -> bool:
    """Return whether a column has a type of GeoArrow, even if no GeoArrow package is installed."""
    name = (field.metadata or {}).get(b"ARROW:extension:name", b"").decode()
    return str(name or getattr(field.type, "extension_name", "")).startswith("geoarrow.")


def _select_columns(rows: pa.Table, names: list[str]) -> pa.Table:
    """Return some columns; raise an error if several have one name, because they are ambiguous."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(
            f"Ambiguous table: several columns are named {twice!r}. Rename or drop all but one.",
            parameter="table",
        )
    return rows.select(names)


def _make_facts(rows: pa.Table, names: list[str]) -> pd.DataFrame:
    """Return columns as a table of pandas with rows numbered from 0; we ignore a stored index."""
    facts: pd.DataFrame = _select_columns(rows, names).to_pandas(ignore_metadata=True)
    return facts


def _read_shapes(rows: pa.Table, name: str) -> gpd.GeoSeries:
    """Return the shapes of a column of GeoArrow."""
    import pyarrow as pa
    from pyproj.exceptions import CRSError
    from shapely.errors import ShapelyError

    try:
        return gpd.GeoDataFrame.from_arrow(rows.select([name])).geometry
    except (CRSError, ShapelyError, TypeError, ValueError, pa.ArrowException) as error:
        raise DataError(
            f"Invalid column {name!r}: its shapes or their coordinate reference system cannot be "
            f"read: {error}. Must be geoarrow.wkb, or points, lines or polygons of GeoArrow, with "
            "a valid system.",
            parameter="table",
        ) from error


def _read_degrees(rows: pa.Table, name: str) -> Any:
    """Return a column of numbers, NaN where one is missing; without a copy where possible."""
    import pyarrow as pa

    try:
        return rows.column(name).cast(pa.float64()).to_numpy()
    except pa.ArrowException as error:
        raise DataError(
            f"Invalid column {name!r}: {rows.schema.field(name).type}. Must hold numbers, in "
            f"degrees: {error}",
            parameter="table",
        ) from error


def make_arrow(answers: pd.DataFrame | pd.Series) -> pa.Table:
    """Return answers as a table of Arrow, one row for each row of the table that was asked."""
    import pyarrow as pa

    table = answers.to_frame() if isinstance(answers, pd.Series) else answers
    return pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)


def join_arrow(rows: pa.Table, answers: pd.DataFrame, held: Any) -> pa.Table:
    """Return some rows of a table, with the columns of their answers added or replaced."""
    found = make_arrow(answers[held])
    joined = rows.drop_columns([name for name in found.column_names if name in rows.column_names])
    joined = _cast_views(joined).filter(np.asarray(held))
    for field, column in zip(found.schema, found.columns, strict=True):
        joined = joined.append_column(field, column)
    return joined


def make_arrow_shapes(found: gpd.GeoDataFrame) -> pa.Table:
    """Return a table of geopandas as Arrow, with its shapes as GeoArrow (WKB)."""
    import pyarrow as pa

    return pa.table(found.to_arrow(index=False))


def join_shapes(rows: pa.Table, found: gpd.GeoDataFrame) -> pa.Table:
    """Return the rows of a table that an answer in geopandas keeps, with the answer's shapes.

    Parameters
    ----------
    rows
        The table.
    found
        Some of its rows, by number. Their shapes become the column ``geometry`` of GeoArrow, in
        place of the column of shapes that the table had; its other new columns follow.
    """
    shapes = {field.name for field in rows.schema if _is_geoarrow(field)}
    fresh = {found.geometry.name, *set(found.columns).difference(rows.column_names)}
    kept = [name for name in rows.column_names if name not in shapes | fresh]
    joined = _cast_views(_select_columns(rows, kept)).take(found.index.to_numpy())
    added = make_arrow_shapes(found[[name for name in found.columns if name in fresh]])
    for field, column in zip(added.schema, added.columns, strict=True):
        joined = joined.append_column(field, column)
    return joined


def _cast_views(rows: pa.Table) -> pa.Table:
    """Convert the string and binary views of Polars, because pyarrow cannot filter them."""
    import pyarrow as pa

    plain = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
    fields = [field.with_type(plain.get(field.type, field.type)) for field in rows.schema]
    return rows.cast(pa.schema(fields, metadata=rows.schema.metadata))
