"""Places from a user's file or table, with the columns that the rest of geobuffer knows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geobuffer.errors import DataError
from geobuffer.oddities import repeated
from geobuffer.reading.columns import COUNTRY, NAME, NAMES, find, named
from geobuffer.reading.coordinates import NO_NUMBER, place
from geobuffer.reading.database import is_database, read_database
from geobuffer.reading.expected import check_place
from geobuffer.reading.files import MAX_GB, find_file
from geobuffer.reading.formats import Kind
from geobuffer.reading.layers import read_layer
from geobuffer.reading.raw import check_rows
from geobuffer.reading.shapes import check_points
from geobuffer.reading.tables import read_table
from geobuffer.reading.texts import clean_names

if TYPE_CHECKING:
    from pathlib import Path

    from geobuffer.model import Border, Region, Regions
    from geobuffer.reading.raw import Raw

# Other columns that geobuffer knows, and what publishers call them.
_KNOWN = {
    "kind": ("kind", "place_type", "fclass", "категорія", "тип_населеного_пункту"),
    "oblast_iso": ("oblast_iso",),
    "oblast": (
        "oblast", "область", "region", "admin1", "adm1_en", "admin1_name", "state", "province",
        "регіон", "регион",
    ),
    "raion": ("raion", "район", "rayon", "district", "admin2", "adm2_en", "admin2_name", "county"),
    "hromada": ("hromada", "громада", "admin3", "adm3_en", "admin3_name", "municipality"),
    "code": ("code", "katottg", "катоттг", "oktmo", "октмо", "geonameid", "pcode", "adm4_pcode"),
    "population": (
        "population", "pop", "inhabitants", "населення", "население", "кількість_населення",
        "численность_населения", "чисельність_населення",
    ),
    "accuracy_m": ("accuracy_m",),
    "radius_m": ("radius_m",),
    "source": ("source", "джерело", "источник"),
}  # fmt: skip

_ALPHA_2 = re.compile(r"[A-Za-z]{2}")

# A whole number whose thousands are parted by spaces, commas or points, or not at all.
_COUNT = re.compile(r"-?\d{1,3}(?:([ ,.'’])\d{3})(?:\1\d{3})*|-?\d+(?:[.,]0+)?")


def read_settlements(  # noqa: PLR0913 - one parameter for each fact that a file may not tell
    path: str | Path,
    *,
    lon: str | None = None,
    lat: str | None = None,
    name: str | None = None,
    layer: str | None = None,
    sheet: str | None = None,
    crs: Any = None,
    source: str = "",
    accuracy_m: float | None = None,
    near: Region | Regions | Border | None = None,
    swap: bool = False,
    max_gb: float = MAX_GB,
) -> gpd.GeoDataFrame:
    r"""Read places from a table with coordinates, a layer of points, or a PostGIS table.

    Columns that are known by their names, in English, Ukrainian or Russian, get the names that
    :func:`geobuffer.load_settlements` has: ``name`` (of a language that is not told), ``name_en``,
    ``name_uk``, ``name_ru``, ``kind``, ``country`` (codes of two letters), ``oblast``, ``raion``,
    ``hromada``, ``code``, ``population`` (whole numbers, missing where there is no figure),
    ``accuracy_m``, ``radius_m`` and ``source``. All others are kept as they are; of a text table,
    letter by letter. A row without coordinates is kept without a point; a row that repeats another
    in every column is left out. Warnings tell of both, and of what else was done.

    Parameters
    ----------
    path
        CSV, TSV or another text table (commas, semicolons, tabs; decimal points or commas; UTF-8,
        UTF-16, cp1251 and others), Excel (``.xlsx``, with the extra ``excel``), GeoPackage,
        GeoJSON, FlatGeobuf, Shapefile, KML or KMZ, (Geo)Parquet, a zip archive of one of these, or
        ``postgresql://…?table=schema.table``, as for :func:`geobuffer.read_regions`.
    lon, lat
        The columns of longitude and latitude in degrees, or of x and y in ``crs``. By default those
        plainly meant: ``lon``, ``longitude``, ``довгота``, ``x`` and the like.
    name
        The column of names, likewise.
    layer, sheet
        The layer or the file within an archive, and the sheet, where several may be meant.
    crs
        The coordinate reference system, where the file does not tell it; of columns, if they are
        not degrees of WGS 84.
    source
        Where positions come from, for rows that do not say; by default the file's name.
    accuracy_m
        How far off a position is, typically, for rows that do not say.
    near
        Where most places are expected: if they are not, but would be with longitude and latitude
        swapped, the file is refused.
    swap
        Take the first coordinate for the latitude.
    max_gb
        The largest size, unpacked, that is read.

    Raises
    ------
    DataError
        The file is not there, damaged, of no format that is read, or too large; a column, sheet or
        layer is not there or must be told; a coordinate or a count is no number, or beyond ±180 or
        ±90; the axes are swapped. The line, column and value are named.
    GeometryError
        A row of a layer is no point.
    MissingCRSError
        Neither the file nor ``crs`` tells the reference system of a layer.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = Path(folder, "places.csv")
    ...     _ = table.write_text("Назва;Широта;Довгота\nЮнаківка;51,09;34,99\n", encoding="utf-8")
    ...     read_settlements(table)[["name", "geometry"]]
           name             geometry
    0  Юнаківка  POINT (34.99 51.09)
    """
    raw, title = _rows(path, layer, sheet, max_gb)
    check_rows(raw)
    if raw.shapes is None:
        place(raw, lon, lat, crs)
    elif lon is not None or lat is not None:
        raise DataError(f"Invalid lon and lat: {raw.name} has shapes. Must be without them.")
    check_points(raw, crs, swap=swap)
    _drop_repeated(raw)
    check_place(raw, near)
    table = _known_columns(raw, name)
    _note_alike(raw, table)
    table["source"] = _filled(table, "source", source or title)
    if accuracy_m is not None or "accuracy_m" in table:
        table["accuracy_m"] = _filled(table, "accuracy_m", accuracy_m)
    places = gpd.GeoDataFrame(table, geometry=raw.shapes, crs="EPSG:4326")
    raw.tell()
    return places


def _rows(path: str | Path, layer: str | None, sheet: str | None, max_gb: float) -> tuple[Raw, str]:
    """Return the rows of a table or layer, and the title of a source that nobody described."""
    if is_database(path):
        raw = read_database(str(path), layer)
        return raw, raw.name
    file, layer = find_file(path, layer=layer, max_gb=max_gb)
    if sheet is not None and file.kind is not Kind.EXCEL:
        raise DataError(f"Invalid sheet {sheet!r}: {file} is no workbook. Must be without it.")
    tabular = file.kind in {Kind.TEXT, Kind.EXCEL}
    raw = read_table(file, sheet) if tabular else read_layer(file, layer, ("Point", "MultiPoint"))
    return raw, file.path.name


def _drop_repeated(raw: Raw) -> None:
    """Leave out rows that repeat an earlier one in every column, and note them."""
    twice = repeated(raw.frame, raw.placed)
    if twice.any():
        raw.notes.append(f"left out, as they repeat others: {raw.rows(np.flatnonzero(twice))}.")
        raw.drop(twice)


def _note_alike(raw: Raw, table: pd.DataFrame) -> None:
    """Note rows of one name at one point that differ in something else: they count one by one."""
    named = [column for column in ("name", "name_en", "name_uk", "name_ru") if column in table]
    there = ~shapely.is_missing(raw.placed) & table[named].notna().any(axis=1).to_numpy()
    alike = repeated(table[named], raw.placed) & there
    if named and alike.any():
        raw.notes.append(
            f"of the same name at the same point as others, but not the same in all columns, and "
            f"kept: {raw.rows(np.flatnonzero(alike))}."
        )


def _known_columns(raw: Raw, name: str | None) -> pd.DataFrame:
    """Return the attributes with the names and kinds of value that geobuffer knows."""
    meant = _meant(raw, name)
    renamed = {old: new for new, old in meant.items()}
    # A column that has a known name, but is not what is meant by it, steps aside.
    aside = {new: f"{new}_original" for new in meant if new in raw.frame and new not in renamed}
    if "country" in raw.frame and "country" not in meant:
        aside["country"] = "country_name"
    table = raw.frame.rename(columns=aside | renamed)
    for column in sorted({"name", "name_en", "name_uk", "name_ru"} & set(meant)):
        texts = clean_names(raw, table[column])
        table[column] = pd.Series([text or None for text in texts], dtype=object)
    if not {"name", *(f"name_{language}" for language in NAMES)} & set(meant):
        shown = ", ".join(repr(str(c)) for c in list(raw.frame.columns)[:12])
        raw.notes.append(f"no column is known to hold names; name= tells which: {shown}.")
    for column in sorted({"accuracy_m", "radius_m"} & set(meant)):
        table[column] = _metres(raw, table[column], meant[column])
    if "population" in meant:
        table["population"] = _population(raw, table["population"], meant["population"])
    if "country" in meant:
        table["country"] = table["country"].map(lambda v: v.upper() if isinstance(v, str) else None)
    return table


def _meant(raw: Raw, name: str | None) -> dict[str, str]:
    """Return which column of the file is meant by each that geobuffer knows."""
    columns = [str(column) for column in raw.frame.columns]
    wanted = {"name": NAME, **{f"name_{to}": names for to, names in NAMES.items()}, **_KNOWN}
    meant: dict[str, str] = {} if name is None else {"name": named(raw, name, "name")}
    for known, names in wanted.items():
        found = [column for column in find(columns, names) if column not in meant.values()]
        if known not in meant and len(found) == 1:
            meant[known] = found[0]
    for column in find(columns, COUNTRY):
        codes = raw.frame[column].dropna().astype(str).str.strip()
        if len(codes) and codes.map(lambda code: bool(_ALPHA_2.fullmatch(code))).all():
            meant["country"] = column
    return meant


def _population(raw: Raw, column: pd.Series, called: str) -> pd.Series:
    """Return counts of people; missing where a value stands for none, and where it is negative."""
    counts: list[int | None] = []
    negative = []
    for row, value in enumerate(column.tolist()):
        count = _count(raw, row, value, called)
        if count is not None and count < 0:
            negative.append(row)
            count = None
        counts.append(count)
    if negative:
        raw.notes.append(f"negative {called} taken for unknown: {raw.rows(negative)}.")
    return pd.Series(counts, dtype="Int64")


def _count(raw: Raw, row: int, value: Any, called: str) -> int | None:
    if pd.isna(value):
        return None
    text = " ".join(str(value).replace("−", "-").split())
    if text.casefold() in NO_NUMBER:
        return None
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        if np.isfinite(value):
            return round(float(value))
    elif match := _COUNT.fullmatch(text):
        whole = text if match[1] else re.split("[.,]", text)[0]
        return int(re.sub(r"[^\d-]", "", whole))
    raise DataError(
        f"Invalid {called} in {raw.row(row)}: {value!r}. Must be a whole number, such as 1234 or "
        "1 234, or empty."
    )


def _metres(raw: Raw, column: pd.Series, called: str) -> pd.Series:
    values: list[float] = []
    for row, value in enumerate(column.tolist()):
        text = "" if pd.isna(value) else str(value).strip().replace(",", ".")
        try:
            number = float("nan") if text.casefold() in NO_NUMBER else float(text)
        except ValueError:
            number = -1.0
        if number < 0 or np.isinf(number):
            raise DataError(
                f"Invalid {called} in {raw.row(row)}: {value!r}. Must be metres, or empty."
            )
        values.append(number)
    return pd.Series(values, dtype=float)


def _filled(table: pd.DataFrame, column: str, value: Any) -> Any:
    """Return a column with its gaps filled, or a new one."""
    if column not in table:
        return value
    return table[column] if value is None else table[column].where(table[column].notna(), value)
