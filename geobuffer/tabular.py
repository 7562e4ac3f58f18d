"""Tables made fit for a format: names and kinds of columns, one geometry, degrees, named rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geobuffer.errors import DataError, MissingCRSError
from geobuffer.queries import ORIGIN

if TYPE_CHECKING:
    from pathlib import Path

# What the libraries behind these suffixes write: numbers, booleans, dates, texts; Parquet more.
_BY_GDAL = (".gpkg", ".geojson", ".fgb", ".shp.zip")


def prepared(table: pd.DataFrame, suffix: str, path: Path) -> pd.DataFrame:
    """Return a table as a format can hold it; the one that was given is not changed.

    ``path`` is for messages.

    Shapes are brought to degrees. The names of rows become a column, if they say anything. What the
    format has no kind for (durations, say, or a column of both numbers and texts) becomes text.

    Raises
    ------
    DataError
        Two columns have one name; in a GeoPackage, which tells no capitals, also two that differ in
        capitals alone.
    MissingCRSError
        The geometry has no coordinate reference system.
    """
    table = _with_row_names(_with_origin(_with_text_names(table)))
    _check_names(table, suffix, path)
    if isinstance(table, gpd.GeoDataFrame):
        table = _of_one_geometry(_in_degrees(table))
    if suffix in _BY_GDAL or suffix == ".parquet":
        fit = _as_gdal_has_it if suffix in _BY_GDAL else _as_arrow_has_it
        shape = table.active_geometry_name if isinstance(table, gpd.GeoDataFrame) else None
        changed = {
            name: fitted
            for name in table.columns
            if name != shape and (fitted := fit(table[name])) is not table[name]
        }
        table = table.assign(**changed) if changed else table
    return table


def geopackage_names(table: pd.DataFrame) -> dict[str, str]:
    """Return what a GeoPackage is to call its own two columns, so that the table keeps its own.

    >>> geopackage_names(pd.DataFrame({"name": []})), geopackage_names(pd.DataFrame({"FID": []}))
    ({'FID': 'fid', 'GEOMETRY_NAME': 'geom'}, {'FID': 'fid_1', 'GEOMETRY_NAME': 'geom'})
    """
    taken = {str(name).casefold() for name in table.columns}
    names = {}
    for option, name in (("FID", "fid"), ("GEOMETRY_NAME", "geom")):
        free = (f"{name}_{n}" if n else name for n in range(len(taken) + 1))
        names[option] = next(one for one in free if one not in taken)
    return names


def _in_degrees(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if table.crs is None:
        raise MissingCRSError(
            "The table's geometry has no coordinate reference system. Must have one: use set_crs()."
        )
    return table.to_crs("EPSG:4326")


def _of_one_geometry(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a table whose other columns of shapes are WKT, as most formats hold one of them."""
    more = [
        name
        for name, kind in table.dtypes.items()
        if str(kind) == "geometry" and name != table.active_geometry_name
    ]
    return table.assign(**{name: table[name].to_wkt() for name in more}) if more else table


def _with_text_names(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose columns are called by texts: the levels of a pivot's with spaces."""
    if all(isinstance(name, str) for name in table.columns):
        return table
    plain: pd.DataFrame = table.set_axis([_as_name(name) for name in table.columns], axis="columns")
    if isinstance(plain, gpd.GeoDataFrame):
        plain = plain.set_geometry(_as_name(table.active_geometry_name))
    return plain


def _as_name(name: Any) -> str:
    return " ".join(map(str, name)).strip() if isinstance(name, tuple) else str(name)


def _with_origin(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that says in every row what it was measured against, if that is known."""
    from geobuffer import __version__

    told = table.attrs.get(ORIGIN)
    if not told:
        return table
    facts = {**told, "made_with": f"geobuffer {__version__}"}
    return table.assign(**{n: fact for n, fact in facts.items() if n not in table.columns})


def _with_row_names(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the names of its rows as columns, if they say anything.

    Numbers that are left of a longer table's index do not.
    """
    index = table.index
    if index.nlevels == 1 and index.name is None and pd.api.types.is_integer_dtype(index):
        return table
    taken = {str(name) for name in table.columns}
    names = []
    for level, name in enumerate(index.names):
        plain = str(name) if name is not None else "row" if index.nlevels == 1 else f"row_{level}"
        names.append(plain if plain not in taken else f"{plain}_of_row")
    named = table.copy(deep=False)
    named.index = index.set_names(names)
    return named.reset_index()


def _check_names(table: pd.DataFrame, suffix: str, path: Path) -> None:
    """Refuse two columns of one name."""
    seen: dict[str, str] = {}
    for name in table.columns:
        key = name.casefold() if suffix == ".gpkg" else name
        if key in seen:
            alike = "" if seen[key] == name else ", and GeoPackage does not tell capitals"
            raise DataError(
                f"Invalid columns {seen[key]!r} and {name!r} for {str(path)!r}: they have one "
                f"name{alike}. Must differ: rename() one."
            )
        seen[key] = name


def _as_gdal_has_it(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column of a kind that GDAL writes, as text if there is none."""
    kind = column.dtype
    if kind == np.float16:
        return column.astype(np.float32)
    # Whole numbers have 64 bits, of which one is the sign.
    beyond = kind == np.uint64 and bool((column > np.iinfo(np.int64).max).any())
    odd = beyond or getattr(kind, "kind", "") in "mc" or isinstance(kind, pd.PeriodDtype)
    return _as_text(column) if odd else column


def _as_arrow_has_it(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column of a kind that Parquet has, as text if it has none."""
    import pyarrow as pa

    try:
        pa.array(column, from_pandas=True)
    except (pa.ArrowException, TypeError, OverflowError):
        return _as_text(column)
    return column


def _as_text(column: pd.Series[Any]) -> pd.Series[Any]:
    return column.astype(object).where(column.notna(), None).map(str, na_action="ignore")
