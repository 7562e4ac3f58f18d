"""Write a Shapefile as a zip of its files, and report what the format cannot hold.

Its column names have at most ten letters, its texts 254 bytes, its dates no time, and all shapes
are of one kind. A warning, and a text file beside the shapes, list every change.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import shapely

from geobuffer.errors import DataError
from geobuffer.io.atomic import check_whole_shapefile, temporary_folder
from geobuffer.io.write.values import is_missing
from geobuffer.zones.source import ORIGIN_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


# The limits of dBASE III, which holds the columns.
_LONGEST_NAME = 10
_LONGEST_TEXT = 254

# A .shp has offsets of 32 bits, and most readers stop here.
_MOST_BYTES = 2**31 - 1


def write_shapefile(table: gpd.GeoDataFrame, path: Path) -> None:
    """Write a table in degrees as a zip of a shapefile, in UTF-8.

    Warns
    -----
    UserWarning
        Names of columns were shortened, texts were cut, moments were written as texts, or the files
        within the zip have a plainer name than the zip. The ``.txt`` beside the shapes lists the
        same changes.

    Raises
    ------
    DataError
        The table has shapes of more than one kind or none at all, or is beyond 2 GB.
    """
    import pyogrio

    stem = path.name[: -len(".shp.zip")]
    inner = re.sub(r"[^\w.-]", "_", stem) or "shapes"
    table, kind = _unify_shapes(table)
    table, names, notes = _fit_table(table)
    if inner != stem:
        notes.insert(0, f"the files in {path.name!r} are called {inner!r}")
    if notes:
        warnings.warn(f"A shapefile cannot hold all: {'; '.join(notes)}.", stacklevel=4)
    with temporary_folder(path.parent) as folder:
        pyogrio.write_dataframe(
            table, folder / f"{inner}.shp", driver="ESRI Shapefile", encoding="UTF-8",
            geometry_type=kind,
        )  # fmt: skip
        check_whole_shapefile(folder / f"{inner}.shp", len(table))
        text = _describe_table(table, names, notes)
        (folder / f"{inner}.txt").write_text(text, encoding="utf-8")
        files = sorted(folder.glob(f"{inner}.*"))
        large = [file.name for file in files if file.stat().st_size > _MOST_BYTES]
        if large:
            raise DataError(
                f"Invalid table for a shapefile: {large[0]} has more than 2 GB. Must be less; "
                ".gpkg has no such limit."
            )
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, file.name)


def _unify_shapes(table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, str]:
    """Return a table whose shapes are of one kind, and that kind."""
    shapes = table.geometry
    there = ~(shapely.is_missing(shapes.to_numpy()) | shapes.is_empty)
    kinds = {kind.removeprefix("Multi") for kind in shapes[there].geom_type}
    if len(kinds) != 1 or kinds == {"GeometryCollection"}:
        listed = ", ".join(sorted(kinds)) or "none"
        raise DataError(f"Invalid shapes for a shapefile: {listed}. Must be of one kind.")
    kind = kinds.pop()
    if kind == "Point" and (shapes[there].geom_type == "MultiPoint").any():
        points = [
            shapely.MultiPoint(shapely.get_parts(shape)) if given else None
            for shape, given in zip(shapes, there, strict=True)
        ]
        return table.set_geometry(points, crs=table.crs), "MultiPoint"
    return table, kind


def _fit_table(table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, dict[str, str], list[str]]:
    """Return a table that dBASE can hold, its new column names by the old ones, and the changes."""
    shapes = table.geometry
    columns: dict[str, Any] = {}
    names: dict[str, str] = {}
    notes: list[str] = []
    plain = pd.DataFrame(table.drop(columns=shapes.name))
    # Names that fit stay unchanged; only longer names are shortened.
    fitting = {str(name) for name in plain.columns if _shorten_name(str(name), ()) == name}
    for name, column in plain.items():
        taken = [*names.values(), *(fitting - {name})]
        short = _shorten_name(str(name), taken)
        if short != name:
            notes.append(f"column {str(name)!r} is called {short!r}")
        names[str(name)] = short
        values, note = _fit_column(column)
        if note:
            notes.append(f"column {short!r}: {note}")
        columns[short] = values
    fitted = gpd.GeoDataFrame(columns, geometry=shapes.to_numpy(), crs=table.crs)
    return fitted, names, notes


def _shorten_name(name: str, taken: Iterable[str]) -> str:
    """Return a name of at most ten ASCII letters that is not taken.

    >>> _shorten_name("population_as_of", ["population"]), _shorten_name("назва", [])
    ('populati_1', 'field')
    """
    used = {one.casefold() for one in taken}
    plain = re.sub(r"[^A-Za-z0-9_]", "", name)[:_LONGEST_NAME] or "field"
    short, count = plain, 0
    # Readers ignore case, and geopandas uses the name "geometry" itself.
    while short.casefold() in used | {"geometry"}:
        count += 1
        short = f"{plain[: _LONGEST_NAME - 1 - len(str(count))]}_{count}"
    return short


def _fit_column(column: pd.Series[Any]) -> tuple[pd.Series[Any], str]:
    """Convert a column for dBASE, and return it with a note of the change."""
    column = column.reset_index(drop=True)
    if pd.api.types.is_datetime64_any_dtype(column):
        there = column.notna()
        texts = pd.Series(None, index=column.index, dtype=object)
        texts[there] = [moment.isoformat() for moment in column[there]]
        return texts, "moments are written as ISO 8601 texts"
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
        return column, ""
    values = [None if is_missing(value) else str(value) for value in column.astype(object)]
    long = [n for n, text in enumerate(values) if text and len(text.encode()) > _LONGEST_TEXT]
    for n in long:
        values[n] = _cut_text(str(values[n]))
    texts = pd.Series(values, dtype=object)
    return texts, f"{len(long)} texts are cut to {_LONGEST_TEXT} bytes" if long else ""


def _cut_text(text: str) -> str:
    """Return the beginning of a text, cut between letters, with an ellipsis."""
    mark = "…"
    space = _LONGEST_TEXT - len(mark.encode())
    return text.encode()[:space].decode(errors="ignore") + mark


def _describe_table(table: gpd.GeoDataFrame, names: dict[str, str], notes: list[str]) -> str:
    """Return the text file that lies beside the shapes."""
    from geobuffer._version import __version__

    lines = [f"made_with: geobuffer {__version__}", "crs: EPSG:4326, longitude and latitude"]
    for name in ("source", "licence", "as_of", "accuracy_m", "method", *ORIGIN_COLUMNS):
        if name in names and len(table):
            values = table[names[name]].dropna().astype(str).unique()
            lines += [f"{name}: {text}" for text in values[:100]]
    lines += ["", "columns:", *(f"  {short} = {name}" for name, short in names.items())]
    if notes:
        lines += ["", "what the format could not hold:", *(f"  {note}" for note in notes)]
    return "\n".join(lines) + "\n"
