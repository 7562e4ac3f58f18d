"""Regions from a user's file: each a named area with its source.

Places from a user's file or table, with the columns that the rest of geobuffer knows.

A border line from a user's file: each feature a section, sides left and right of it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geobuffer.errors import DataError
from geobuffer.io.point_tables import find_repeats
from geobuffer.io.read.columns import (
    COUNTRY,
    ISO,
    NAME,
    NAMES,
    NO_NUMBER,
    add_points,
    find_columns,
    find_language_columns,
    find_name_column,
    require_column,
    simplify_name,
)
from geobuffer.io.read.files import MAX_GB, FileFormat, find_file
from geobuffer.io.read.geometry import (
    check_axis_order,
    check_lines,
    check_points,
    check_polygons,
    orient_lines,
)
from geobuffer.io.read.layers import read_layer, read_shapes
from geobuffer.io.read.postgis import is_database, read_database
from geobuffer.io.read.source_table import check_has_rows
from geobuffer.io.read.text_tables import clean_names, read_table
from geobuffer.zones.border import BOTH
from geobuffer.zones.checks import is_number
from geobuffer.zones.region import Region, Regions
from geobuffer.zones.source import Source
from geobuffer.zones.toponyms import NAME_COLUMNS, fold_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry import LineString, MultiLineString

    from geobuffer.io.read.geometry import OrientedLines
    from geobuffer.io.read.source_table import SourceTable
    from geobuffer.zones.border import Border


# A code given as an argument must be in capitals; a column of places may hold either case.
_COUNTRY_CODE = re.compile(r"[A-Z]{2}")
_COUNTRY_CODE_ANY_CASE = re.compile(r"[A-Za-z]{2}")


def read_regions(  # noqa: PLR0913 - one parameter for each fact that a file may not tell
    path: str | Path,
    *,
    name: str | None = None,
    layer: str | None = None,
    source: Source | None = None,
    names: Mapping[str, str] | None = None,
    iso: str | None = None,
    country: str | None = None,
    crs: Any = None,
    near: Region | Regions | Border | None = None,
    swap: bool = False,
    max_gb: float = MAX_GB,
) -> Regions:
    """Read regions from a file of areas, or from a PostGIS table.

    Several rows of one name are one region of several parts, if they agree in all other texts
    (islands are often kept so); if they do not, they are namesakes and refused. Areas come out in
    longitude and latitude, without heights, valid, cut at the antimeridian. Of all that was done
    to them, and of rows left out, a warning tells.

    Parameters
    ----------
    path
        GeoPackage, GeoJSON, FlatGeobuf, Shapefile, KML or KMZ, GeoParquet, a zip archive of one
        of these; or ``postgresql://user@host/database?table=schema.table`` (or ``?query=SELECT
        …``), for which the extra ``postgis`` is needed.
    name
        The column of names. By default the one that is plainly meant: ``name``, ``name_en``,
        ``shapeName``, ``ADM1_EN``, ``NAME_1`` and the like.
    layer
        The layer, or the file within an archive, where there are several that may be meant.
    source
        Where the outlines come from; by default the file's name, with nothing known of accuracy.
    names
        Columns of full names by language; ``name_en``, ``name:uk``, ``ADM1_UA`` and the like are
        found by themselves.
    iso, country
        Columns of ISO 3166 codes, found by themselves where their names tell; ``country`` may be
        a code of two letters for all.
    crs
        The coordinate reference system, where the file does not tell it or tells it wrongly.
    near
        Where they are expected: if most are not, but would be with longitude and latitude swapped,
        the file is refused.
    swap
        Take the first coordinate for the latitude.
    max_gb
        The largest size, unpacked, that is read.

    Raises
    ------
    DataError
        The file is not there, damaged, of no format that is read, or too large; a column or layer
        is not there or must be told; no region is left; namesakes; the axes are swapped.
    GeometryError
        A row is no area, or so broken that repairing it would change it by more than 1 %.
    MissingCRSError
        Neither the file nor ``crs`` tells the reference system.

    Examples
    --------
    >>> import tempfile
    >>> import geobuffer as gb
    >>> import geopandas as gpd
    >>> area = shapely.box(30, 50, 31, 51)
    >>> park = gpd.GeoDataFrame({"park_name": ["Riverside"]}, geometry=[area])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     park.set_crs("EPSG:4326").to_file(f"{folder}/parks.gpkg")
    ...     read_regions(f"{folder}/parks.gpkg", source=gb.Source("City parks 2025"))
    Regions(Riverside)
    """
    table, title = read_shapes(path, layer, ("Polygon", "MultiPolygon"), max_gb)
    check_has_rows(table)
    column = find_name_column(table, name)
    by_language = find_language_columns(table, names or {})
    codes = _read_codes(table, iso, ISO, "iso"), _read_countries(table, country)
    check_polygons(table, crs, swap=swap)
    check_axis_order(table, near)
    labels = clean_names(table, table.frame[column])
    groups = _group_rows(_rows_to_keep(table, labels), labels)
    _join_parts(table, groups, column)
    told = {language: clean_names(table, table.frame[c]) for language, c in by_language.items()}
    regions = tuple(
        Region(
            name=label,
            geometry=_join_shapes(table, rows),
            source=source or Source(title),
            names={language: texts[rows[0]] for language, texts in told.items() if texts[rows[0]]},
            iso=codes[0][rows[0]],
            country=codes[1][rows[0]],
        )
        for label, rows in groups.items()
    )
    table.warn_notes()
    return Regions(regions)


def _read_codes(
    table: SourceTable, given: str | None, wanted: tuple[str, ...], option: str
) -> list[str]:
    """Return the codes of a column, given or found; empty texts where there is none."""
    found = (
        [require_column(table, given, option)]
        if given is not None
        else find_columns(table.frame.columns, wanted)
    )
    if len(found) != 1:
        return [""] * len(table.frame)
    column = table.frame[found[0]]
    return [
        str(v).strip() if known else "" for v, known in zip(column, column.notna(), strict=True)
    ]


def _read_countries(table: SourceTable, given: str | None) -> list[str]:
    """Return codes of two letters; whatever else a column called *country* holds is none."""
    if given is not None and given not in table.frame.columns and _COUNTRY_CODE.fullmatch(given):
        return [given] * len(table.frame)
    codes = [code.upper() for code in _read_codes(table, given, COUNTRY, "country")]
    if given is not None:
        for row, code in enumerate(codes):
            if code and not _COUNTRY_CODE.fullmatch(code):
                raise DataError(
                    f"Invalid {given} in {table.cite_row(row)}: {code!r}. Must be an ISO code of "
                    "two "
                    "letters."
                )
    return [code if _COUNTRY_CODE.fullmatch(code) else "" for code in codes]


def _rows_to_keep(table: SourceTable, labels: list[str]) -> list[int]:
    """Return the rows that have a name and an area."""
    nameless = [row for row, label in enumerate(labels) if not label]
    if nameless:
        table.notes.append(f"left out, as they have no name: {table.cite_rows(nameless)}.")
    there = ~shapely.is_missing(table.required_shapes)
    kept = [int(row) for row in np.flatnonzero(there) if labels[row]]
    if not kept:
        raise DataError(f"Invalid file {table.name}: no row has a name and an area. Must have one.")
    return kept


def _group_rows(rows: list[int], labels: list[str]) -> dict[str, list[int]]:
    """Return rows by their names, in order."""
    groups: dict[str, list[int]] = {}
    for row in rows:
        groups.setdefault(labels[row], []).append(row)
    return groups


def _join_parts(table: SourceTable, groups: Mapping[str, list[int]], column: str) -> None:
    """Note regions of several rows, and refuse namesakes: rows that differ in another text."""
    joined = {label: rows for label, rows in groups.items() if len(rows) > 1}
    texts = [
        c for c in table.frame.columns if table.frame[c].map(lambda v: isinstance(v, str)).any()
    ]
    for label, rows in joined.items():
        for other in texts:
            values = list(dict.fromkeys(table.frame[other].iloc[rows].dropna()))
            if other != column and simplify_name(other) not in _OF_A_PART and len(values) > 1:
                one, two = values[:2]
                raise DataError(
                    f"Ambiguous {table.name}: {label!r} names {table.cite_rows(rows)}, which "
                    "differ in "
                    f"{other!r} ({one!r}, {two!r}). Tell a column of different names with name=, "
                    "or join the rows first if they are parts of one region."
                )
    if joined:
        shown = ", ".join(f"{label} ({len(rows)})" for label, rows in list(joined.items())[:6])
        more = f" and {len(joined) - 6} more" if len(joined) > 6 else ""
        table.notes.append(f"rows of one name were joined to one region: {shown}{more}.")


# Texts that tell one part of a region from another, and not one region from its namesake.
_OF_A_PART = ("id", "fid", "gid", "objectid", "osm_id", "shapeid", "uuid", "globalid")


def _join_shapes(table: SourceTable, rows: list[int]) -> Any:
    """Return the area of a region: that of its row, or of its parts together."""
    if len(rows) == 1:
        return table.required_shapes[rows[0]]
    return shapely.union_all(table.required_shapes[rows])


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
    table, title = _read_rows(path, layer, sheet, max_gb)
    check_has_rows(table)
    if table.shapes is None:
        add_points(table, lon, lat, crs)
    elif lon is not None or lat is not None:
        raise DataError(f"Invalid lon and lat: {table.name} has shapes. Must be without them.")
    check_points(table, crs, swap=swap)
    _drop_repeats(table)
    check_axis_order(table, near)
    attributes = _standardise_columns(table, name)
    _note_alike(table, attributes)
    attributes["source"] = _fill_gaps(attributes, "source", source or title)
    if accuracy_m is not None or "accuracy_m" in attributes:
        attributes["accuracy_m"] = _fill_gaps(attributes, "accuracy_m", accuracy_m)
    places = gpd.GeoDataFrame(attributes, geometry=table.shapes, crs="EPSG:4326")
    table.warn_notes()
    return places


def _read_rows(
    path: str | Path, layer: str | None, sheet: str | None, max_gb: float
) -> tuple[SourceTable, str]:
    """Return the rows of a table or layer, and the title of a source that nobody described."""
    if is_database(path):
        table = read_database(str(path), layer)
        return table, table.name
    file, layer = find_file(path, layer=layer, max_gb=max_gb)
    if sheet is not None and file.format is not FileFormat.EXCEL:
        raise DataError(f"Invalid sheet {sheet!r}: {file} is no workbook. Must be without it.")
    tabular = file.format in {FileFormat.TEXT, FileFormat.EXCEL}
    table = read_table(file, sheet) if tabular else read_layer(file, layer, ("Point", "MultiPoint"))
    return table, file.path.name


def _drop_repeats(table: SourceTable) -> None:
    """Leave out rows that repeat an earlier one in every column, and note them."""
    twice = find_repeats(table.frame, table.required_shapes)
    if twice.any():
        table.notes.append(
            f"left out, as they repeat others: {table.cite_rows(np.flatnonzero(twice))}."
        )
        table.drop_rows(twice)


def _note_alike(table: SourceTable, attributes: pd.DataFrame) -> None:
    """Note rows of one name at one point that differ in something else: they count one by one."""
    named = [column for column in NAME_COLUMNS if column in attributes]
    there = (
        ~shapely.is_missing(table.required_shapes)
        & attributes[named].notna().any(axis=1).to_numpy()
    )
    alike = find_repeats(attributes[named], table.required_shapes) & there
    if named and alike.any():
        table.notes.append(
            f"of the same name at the same point as others, but not the same in all columns, and "
            f"kept: {table.cite_rows(np.flatnonzero(alike))}."
        )


def _standardise_columns(table: SourceTable, name: str | None) -> pd.DataFrame:
    """Return the attributes with the names and kinds of value that geobuffer knows."""
    meant = _find_known_columns(table, name)
    renamed = {old: new for new, old in meant.items()}
    # A column that has a known name, but is not what is meant by it, steps aside.
    aside = {new: f"{new}_original" for new in meant if new in table.frame and new not in renamed}
    if "country" in table.frame and "country" not in meant:
        aside["country"] = "country_name"
    attributes = table.frame.rename(columns=aside | renamed)
    for column in sorted({*NAME_COLUMNS} & set(meant)):
        texts = clean_names(table, attributes[column])
        attributes[column] = pd.Series([text or None for text in texts], dtype=object)
    if not {"name", *(f"name_{language}" for language in NAMES)} & set(meant):
        shown = ", ".join(repr(str(c)) for c in list(table.frame.columns)[:12])
        table.notes.append(f"no column is known to hold names; name= tells which: {shown}.")
    for column in sorted({"accuracy_m", "radius_m"} & set(meant)):
        attributes[column] = _read_metres(table, attributes[column], meant[column])
    if "population" in meant:
        attributes["population"] = _read_population(
            table, attributes["population"], meant["population"]
        )
    if "country" in meant:
        attributes["country"] = attributes["country"].map(
            lambda v: v.upper() if isinstance(v, str) else None
        )
    return attributes


def _find_known_columns(table: SourceTable, name: str | None) -> dict[str, str]:
    """Return which column of the file is meant by each that geobuffer knows."""
    columns = [str(column) for column in table.frame.columns]
    wanted = {"name": NAME, **{f"name_{to}": names for to, names in NAMES.items()}, **_KNOWN}
    meant: dict[str, str] = {} if name is None else {"name": require_column(table, name, "name")}
    for known, names in wanted.items():
        found = [column for column in find_columns(columns, names) if column not in meant.values()]
        if known not in meant and len(found) == 1:
            meant[known] = found[0]
    for column in find_columns(columns, COUNTRY):
        codes = table.frame[column].dropna().astype(str).str.strip()
        if (
            len(codes)
            and codes.map(lambda code: bool(_COUNTRY_CODE_ANY_CASE.fullmatch(code))).all()
        ):
            meant["country"] = column
    return meant


def _read_population(table: SourceTable, column: pd.Series, called: str) -> pd.Series:
    """Return counts of people; missing where a value stands for none, and where it is negative."""
    counts: list[int | None] = []
    negative = []
    for row, value in enumerate(column.tolist()):
        count = _parse_count(table, row, value, called)
        if count is not None and count < 0:
            negative.append(row)
            count = None
        counts.append(count)
    if negative:
        table.notes.append(f"negative {called} taken for unknown: {table.cite_rows(negative)}.")
    return pd.Series(counts, dtype="Int64")


def _parse_count(table: SourceTable, row: int, value: Any, called: str) -> int | None:
    if pd.isna(value):
        return None
    text = " ".join(str(value).replace("−", "-").split())
    if text.casefold() in NO_NUMBER:
        return None
    if is_number(value):
        if np.isfinite(value):
            return round(float(value))
    elif match := _COUNT.fullmatch(text):
        whole = text if match[1] else re.split("[.,]", text)[0]
        return int(re.sub(r"[^\d-]", "", whole))
    raise DataError(
        f"Invalid {called} in {table.cite_row(row)}: {value!r}. Must be a whole number, such as "
        "1234 or "
        "1 234, or empty."
    )


def _read_metres(table: SourceTable, column: pd.Series, called: str) -> pd.Series:
    values: list[float] = []
    for row, value in enumerate(column.tolist()):
        text = "" if pd.isna(value) else str(value).strip().replace(",", ".")
        try:
            number = float("nan") if text.casefold() in NO_NUMBER else float(text)
        except ValueError:
            number = -1.0
        if number < 0 or np.isinf(number):
            raise DataError(
                f"Invalid {called} in {table.cite_row(row)}: {value!r}. Must be metres, or empty."
            )
        values.append(number)
    return pd.Series(values, dtype=float)


def _fill_gaps(attributes: pd.DataFrame, column: str, value: Any) -> Any:
    """Return a column with its gaps filled, or a new one."""
    if column not in attributes:
        return value
    return (
        attributes[column]
        if value is None
        else attributes[column].where(attributes[column].notna(), value)
    )


_SIDES = ("left", "right")
_KINDS = ("LineString", "MultiLineString")


class _Lines(NamedTuple):
    """The sections of a line, in order, their names, and what they come from."""

    lines: tuple[LineString | MultiLineString, ...]
    names: tuple[str, ...]
    source: Source


def read_border(  # noqa: PLR0913 - one parameter for each fact that a file may not tell
    path: str | Path,
    *,
    name: str | None = None,
    layer: str | None = None,
    source: Source | None = None,
    crs: Any = None,
    sides: tuple[str, str] = _SIDES,
    near: Region | Regions | Border | None = None,
    swap: bool = False,
    max_gb: float = MAX_GB,
) -> Border:
    """Read a border from a file of lines, without regions: its sides are its left and right.

    Each feature is a section. Left and right are those of somebody who goes along the line: the way
    in which the features are listed, or, where their order is not that of the line, the way most
    of it was drawn. Features, and parts of one, that run against the rest are turned round, and
    those out of order are put in order; warnings tell of it, and of places where lines branch.

    Parameters
    ----------
    path, layer, crs, near, swap, max_gb
        As for :func:`geobuffer.read_regions`.
    name
        The column of the sections' names; by default ``name`` or the like. Features without a name
        are numbered.
    source
        Where the line comes from; by default the file's name, with nothing known of accuracy.
    sides
        What its left and its right are called.

    Raises
    ------
    DataError, MissingCRSError
        As :func:`geobuffer.read_regions`; the two sides have one name.
    GeometryError
        A row is no line, or as :func:`geobuffer.border_along`.

    Examples
    --------
    >>> import tempfile
    >>> import geopandas as gpd
    >>> line = shapely.LineString([(34, 51), (34, 50)])
    >>> river = gpd.GeoDataFrame({"name": ["Psel"]}, geometry=[line])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     river.set_crs("EPSG:4326").to_file(f"{folder}/river.gpkg")
    ...     read_border(f"{folder}/river.gpkg", sides=("east bank", "west bank"))
    Border(east bank | west bank: Psel; 111 km)
    """
    from geobuffer.zones.make_border import border_along

    table, title = read_shapes(path, layer, _KINDS, max_gb)
    check_lines(table, crs, swap=swap)
    check_axis_order(table, near)
    read = _collect_lines(table, name, source or Source(title))
    border = border_along(read.lines, names=read.names, source=read.source)
    table.warn_notes()
    return border if sides == _SIDES else _rename_sides(border, sides)


def _rename_sides(border: Border, sides: tuple[str, str]) -> Border:
    """Return a border whose sides have other names."""
    left, right = sides
    if fold_name(left) == fold_name(right) or BOTH in sides:
        raise DataError(f"Invalid sides {sides!r}. Must be two names, and neither of them 'both'.")
    one, other = border.sides
    named = replace(one, name=left, names={}), replace(other, name=right, names={})
    return replace(border, sides=named)


def _collect_lines(table: SourceTable, name: str | None, source: Source) -> _Lines:
    there = ~shapely.is_missing(table.required_shapes)
    if not there.any():
        raise DataError(f"Invalid file {table.name}: it has no line. Must have one.")
    names = _name_rows(table, name)
    kept = np.flatnonzero(there)
    runs = orient_lines(list(table.required_shapes[kept]))
    _note_orientation(table, runs, kept)
    titles = tuple(names[row] for row in kept[runs.rows])
    return _Lines(tuple(runs.lines), titles, source)


def _name_rows(table: SourceTable, given: str | None) -> list[str]:
    """Return a name for each row; a number where it has none."""
    columns = table.frame.columns
    found = [require_column(table, given, "name")] if given is not None else []
    for wanted in (NAME, NAMES["en"]):
        found = found or find_columns(columns, wanted)
    names = (
        clean_names(table, table.frame[found[0]]) if len(found) == 1 else [""] * len(table.frame)
    )
    return [text or f"section {number}" for number, text in enumerate(names, 1)]


def _note_orientation(table: SourceTable, runs: OrientedLines, rows: NDArray[np.int64]) -> None:
    """Note what was done so that all lines run one way, and where that is not certain."""
    if runs.turned:
        turned = table.cite_rows(rows[runs.turned])
        table.notes.append(f"turned round, wholly or in part, so that all run one way: {turned}.")
    if runs.rows != sorted(runs.rows):
        order = table.cite_rows(rows[runs.rows])
        table.notes.append(f"not in the order of the line, into which they were put: {order}.")
    if len(runs.branches):
        (lon, lat), more = runs.branches[0], len(runs.branches) - 1
        table.notes.append(
            f"three lines or more meet at {lon:.4f}, {lat:.4f} (longitude, latitude)"
            f"{f' and {more} more places' if more else ''}: left and right of each beyond are as "
            "most of it was drawn. Must be one line, without branches, for them to be sure."
        )
