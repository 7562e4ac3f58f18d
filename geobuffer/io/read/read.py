"""Read regions, settlements and border lines from files and PostGIS tables.

The three public readers share their parameters and their steps: open the file, find its columns,
check its shapes, convert them to degrees, warn of changes. They are in one long module, so that a
change of a step applies to all readers.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geobuffer.errors import DataError, GeometryError
from geobuffer.io.odd_points import REPORTED
from geobuffer.io.pcodes import complete_pcodes
from geobuffer.io.point_tables import find_repeats
from geobuffer.io.read.column_words import COUNTRY, ISO, KNOWN_COLUMNS, NAMES
from geobuffer.io.read.columns import (
    find_columns,
    find_language_columns,
    find_name_column,
    find_people,
    find_place_names,
    find_section_names,
    is_kind,
    list_text_columns,
    read_metres_column,
    read_population,
    require_column,
    simplify_name,
)
from geobuffer.io.read.encodings import check_encoding, needless_encoding_error
from geobuffer.io.read.files import MAX_GB, FileFormat, find_file
from geobuffer.io.read.geometry import (
    check_any_shapes,
    check_axis_order,
    check_lines,
    check_points,
    check_polygons,
    expected_shapes,
    orient_lines,
)
from geobuffer.io.read.header_rows import drop_second_headers
from geobuffer.io.read.json_records import read_records
from geobuffer.io.read.layers import read_frame, read_layer
from geobuffer.io.read.point_columns import add_point_columns, add_shape_column
from geobuffer.io.read.postgis import is_database, read_database
from geobuffer.io.read.reproject import parse_crs
from geobuffer.io.read.shape_kinds import keep_kind
from geobuffer.io.read.source_table import check_has_rows
from geobuffer.io.read.structures import split_names
from geobuffer.io.read.text_tables import clean_names, read_table
from geobuffer.zones.arguments import (
    FLAG,
    NUMBER,
    PATH,
    TEXT,
    TEXTS_BY_NAME,
    Kind,
    check_arguments,
    optional,
)
from geobuffer.zones.border import BOTH, EXTENT
from geobuffer.zones.edges import check_edges
from geobuffer.zones.quantities import (
    MAX_NUMBER,
    find_decimal_mark,
    parse_metres,
    quote_value,
    read_number_column,
)
from geobuffer.zones.region import Region, Regions
from geobuffer.zones.source import SOURCE, UNSTATED, Source
from geobuffer.zones.toponyms import NAME_COLUMNS, fold_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry import LineString, MultiLineString

    from geobuffer.geodesy.curved_edges import EdgeKind
    from geobuffer.io.read.files import UserFile
    from geobuffer.io.read.geometry import OrientedLines
    from geobuffer.io.read.source_table import SourceTable
    from geobuffer.zones.border import Border


# A code given as an argument must be in capitals; codes in a column may have any case.
_COUNTRY_CODE = re.compile(r"[A-Z]{2}")
_COUNTRY_CODE_ANY_CASE = re.compile(r"[A-Za-z]{2}")

_POLYGON_TYPES = ("Polygon", "MultiPolygon")
_LINE_TYPES = ("LineString", "MultiLineString")
POINT_TYPES = ("Point", "MultiPoint")
_ANY_TYPES = (*_POLYGON_TYPES, *_LINE_TYPES, *POINT_TYPES, "GeometryCollection", "Geometry")


def read_regions(  # noqa: PLR0913 - one parameter for each fact that a file may not state
    path: str | Path | gpd.GeoDataFrame,
    *,
    name: str | None = None,
    layer: str | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    source: Source | None = None,
    names: Mapping[str, str] | None = None,
    iso: str | None = None,
    country: str | None = None,
    crs: Any = None,
    near: Region | Regions | Border | None = None,
    swap: bool = False,
    max_gb: float = MAX_GB,
    edges: EdgeKind = "straight",
) -> Regions:
    """Read regions from a file of areas, or from a PostGIS table.

    Rows of the same name become one region of several parts, such as islands, if they agree in all
    other texts. Rows of the same name that differ in another text raise an error. The areas are in
    longitude and latitude, without heights, valid, and cut at the antimeridian. A warning reports
    every change to the areas and every row that was left out.

    Parameters
    ----------
    path
        GeoPackage, GeoJSON, FlatGeobuf, Shapefile, KML, KMZ, GPX, GeoParquet, a zip archive of one
        of these; a text table, workbook or Parquet with a column of WKT or WKB; or
        ``postgresql://user@host/database?table=schema.table`` (or ``?query=SELECT …``), for which
        the extra ``postgis`` is needed. Or a GeoDataFrame, which is checked like a file.
    name
        The column of names. By default ``name``, ``name_en``, ``shapeName``, ``ADM1_EN``,
        ``NAME_1`` or a similar column.
    layer, sheet
        The layer or the file within an archive, and the sheet, if there are several. A sheet has a
        name, and a number from 1 on.
    encoding
        The encoding of a text table or a Shapefile, such as ``cp1251``, if the detected encoding is
        wrong.
    source
        Where the outlines come from. The default is the file's name, without an accuracy.
    names
        Columns of full names by language, if they have unusual names. We find columns such as
        ``name_en``, ``name:uk`` and ``ADM1_UA``.
    iso, country
        Columns of ISO 3166 codes, if they have unusual names. ``country`` may also be a code of two
        letters for all regions.
    crs
        The coordinate reference system, if the file states none or a wrong one.
    near
        Where you expect the regions. An error is raised if most of them lie there only with
        longitude and latitude swapped.
    swap
        Read the first coordinate as the latitude.
    max_gb
        The largest unpacked size to read, in GB.
    edges
        How edges run between vertices, as for :func:`geobuffer.border_along`.

    Raises
    ------
    DataError
        The file is missing, damaged, too large or in an unknown format; a column or layer is
        missing or you must name one; no region is left; two regions have the same name; the axes
        are swapped.
    GeometryError
        A row is not an area, or repairing it would change its area by more than 1 %.
    MissingCRSError
        Neither the file nor ``crs`` states the reference system.
    WrongKind
        An argument has a wrong type.

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
    _check_reader_options(path, name, layer, sheet, crs, near, swap=swap, max_gb=max_gb)
    encoding = _check_encoding(encoding)
    check_arguments(
        source=(source, optional(SOURCE)),
        names=(names, optional(TEXTS_BY_NAME)),
        iso=(iso, optional(TEXT)),
        country=(country, optional(TEXT)),
    )
    check_edges(edges)
    table, title = _read_shapes_source(
        path, _FileFacts(layer, sheet, encoding, max_gb), _POLYGON_TYPES
    )
    table.edges = edges
    regions = _collect_regions(
        table, source or Source(title), name=name, names=names, iso=iso, country=country, crs=crs,
        near=near, swap=swap,
    )  # fmt: skip
    table.warn_notes()
    return regions


def _collect_regions(  # noqa: PLR0913 - as for read_regions
    table: SourceTable,
    source: Source,
    *,
    name: str | None,
    crs: Any,
    swap: bool,
    names: Mapping[str, str] | None = None,
    iso: str | None = None,
    country: str | None = None,
    near: Region | Regions | Border | None = None,
) -> Regions:
    check_has_rows(table)
    split_names(table)
    column = find_name_column(table, name)
    by_language = find_language_columns(table, names or {})
    codes = _read_codes(table, iso, ISO, "iso"), _read_countries(table, country)
    check_polygons(table, crs, swap=swap, near=near)
    labels = clean_names(table, table.frame[column])
    groups = _group_rows(_find_complete_rows(table, labels), labels)
    _join_parts(table, groups, column)
    translations = {
        language: clean_names(table, table.frame[c]) for language, c in by_language.items()
    }
    regions = tuple(
        Region(
            name=label,
            geometry=_join_shapes(table, rows),
            source=source,
            names={to: texts[rows[0]] for to, texts in translations.items() if texts[rows[0]]},
            iso=codes[0][rows[0]],
            country=codes[1][rows[0]],
        )
        for label, rows in groups.items()
    )
    return Regions(regions)


def read_shapes(  # noqa: PLR0913 - as for read_regions
    path: str | Path,
    *,
    name: str | None = None,
    layer: str | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    source: Source | None = None,
    crs: Any = None,
    swap: bool = False,
    max_gb: float = MAX_GB,
    edges: EdgeKind = "straight",
) -> tuple[list[Any], list[str], Source]:
    """Read shapes of any kinds from a file, for :func:`geobuffer.border_around`.

    Areas are read as :func:`geobuffer.read_regions` reads them. Rows without a name get a number if
    the file has also lines, points or collections, or no column of texts.

    Parameters
    ----------
    path, name, layer, sheet, encoding, source, crs, swap, max_gb, edges
        As for :func:`geobuffer.read_regions`.

    Returns
    -------
    tuple
        The shapes or regions, their names, and their source.

    Raises
    ------
    DataError, GeometryError, MissingCRSError, WrongKind
        As :func:`geobuffer.read_regions`.

    Examples
    --------
    >>> import tempfile
    >>> import geopandas as gpd
    >>> spots = gpd.GeoDataFrame({"name": ["well"]}, geometry=[shapely.Point(30, 50)], crs=4326)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     spots.to_file(f"{folder}/wells.gpkg")
    ...     shapes, names, _ = read_shapes(f"{folder}/wells.gpkg")
    >>> print(names, *shapes)
    ['well'] POINT (30 50)
    """
    _check_reader_options(path, name, layer, sheet, crs, None, swap=swap, max_gb=max_gb)
    encoding = _check_encoding(encoding)
    check_arguments(source=(source, optional(SOURCE)))
    check_edges(edges)
    table, title = _read_shapes_source(path, _FileFacts(layer, sheet, encoding, max_gb), _ANY_TYPES)
    table.edges = edges
    source = source or Source(title)
    kinds = {shape.geom_type for shape in table.required_shapes if shape}
    if kinds.issubset(_POLYGON_TYPES):
        if name is None and not list_text_columns(table):
            numbers = range(1, len(table.frame) + 1)
            table.frame = table.frame.assign(name=[f"area {number}" for number in numbers])
        shapes: list[Any] = list(_collect_regions(table, source, name=name, crs=crs, swap=swap))
        names = [region.name for region in shapes]
    else:
        check_any_shapes(table, crs, swap=swap)
        there = np.flatnonzero(~shapely.is_missing(table.required_shapes))
        labels = _name_rows(table, name)
        shapes, names = list(table.required_shapes[there]), [labels[row] for row in there]
    table.warn_notes()
    return shapes, names, source


_READABLE = Kind(
    lambda value: PATH.accepts(value) or isinstance(value, (pd.DataFrame, gpd.GeoSeries)),
    "a path, or a table in memory: a GeoDataFrame, or a DataFrame with columns of coordinates",
    takes_tables=True,
)
_TWO_NAMES = Kind(
    lambda value: isinstance(value, (tuple, list)) and [type(name) for name in value] == [str, str],
    "two names, as ('left', 'right')",
)


def _check_reader_options(  # noqa: PLR0913 - the options that the readers share
    path: Any, name: Any, layer: Any, sheet: Any, crs: Any, near: Any, *, swap: Any, max_gb: Any
) -> None:
    """Check the types of the arguments that the three readers share.

    Raises
    ------
    WrongKind
        An argument has another type. For a table of another library, the message says how to
        convert it.
    """
    check_arguments(
        path=(path, _READABLE),
        name=(name, optional(TEXT)),
        layer=(layer, optional(TEXT)),
        sheet=(sheet, optional(TEXT)),
        near=(near, optional(EXTENT)),
        swap=(swap, FLAG),
        max_gb=(max_gb, NUMBER),
    )
    if crs is not None:
        parse_crs(crs)


class _FileFacts(NamedTuple):
    """How to open a file, as stated by the caller."""

    layer: str | None
    sheet: str | None
    encoding: str | None
    max_gb: float


def _read_source(
    path: str | Path | pd.DataFrame, facts: _FileFacts, geometry_types: tuple[str, ...]
) -> tuple[SourceTable, str]:
    """Return the rows of a file, a PostGIS table or a table in memory, and their source's title.

    A text table and a workbook have no shapes yet.

    Errors as :func:`geobuffer.io.read.files.find_file`, :func:`geobuffer.io.read.layers.read_layer`
    and :func:`geobuffer.io.read.postgis.read_database`.
    """
    if isinstance(path, (pd.DataFrame, gpd.GeoSeries)):
        _refuse_encoding(facts.encoding, "a table in memory")
        return read_frame(path, layer=facts.layer, sheet=facts.sheet), UNSTATED.title
    if is_database(path):
        table = read_database_rows(path, facts.layer, facts.sheet, facts.encoding)
        return table, table.name
    file, layer = find_file(path, layer=facts.layer, max_gb=facts.max_gb)
    table = read_rows(file, layer, facts.sheet, facts.encoding, geometry_types)
    return table, file.path.name


def read_database_rows(
    address: str | Path, layer: str | None, sheet: str | None, encoding: str | None
) -> SourceTable:
    """Return the rows of a PostGIS table; raise an error for a stated sheet or encoding.

    Errors as :func:`geobuffer.io.read.postgis.read_database`.
    """
    _refuse_encoding(encoding, "a PostGIS table")
    _refuse_sheet(sheet, "a PostGIS table")
    return read_database(str(address), layer)


def read_rows(
    file: UserFile,
    layer: str | None,
    sheet: str | None,
    encoding: str | None,
    geometry_types: tuple[str, ...] = POINT_TYPES,
) -> SourceTable:
    """Return the unchanged rows of a layer, a text table or a sheet.

    Errors as :func:`geobuffer.io.read.layers.read_layer` and
    :func:`geobuffer.io.read.text_tables.read_table`, and for a sheet of another file.
    """
    refuse_needless(file, layer, sheet, encoding)
    if file.format in {FileFormat.TEXT, FileFormat.EXCEL}:
        return read_table(file, sheet, encoding)
    if file.format is FileFormat.RECORDS:
        return read_records(file, layer)
    return read_layer(file, layer, geometry_types, encoding)


def refuse_needless(
    file: UserFile, layer: str | None, sheet: str | None, encoding: str | None
) -> None:
    """Raise an error for a layer, sheet or encoding that does not apply to the format of a file.

    Raises
    ------
    DataError
        A layer is given for a file without layers, a sheet for a file that is not a workbook, or an
        encoding for a file whose encoding is known.
    """
    if file.format is not FileFormat.EXCEL:
        _refuse_sheet(sheet, str(file))
    if encoding is not None and file.format not in {FileFormat.TEXT, FileFormat.SHAPEFILE}:
        raise needless_encoding_error(encoding, str(file))
    one = file.stem if file.format is FileFormat.SHAPEFILE else None
    if layer is not None and file.format in _WITHOUT_LAYERS and layer != one:
        raise DataError(
            f"Invalid layer {layer!r}: {file} has no layers. Leave layer= out.", parameter="layer"
        )


# A Shapefile has one layer, with the name of the file.
_WITHOUT_LAYERS = (FileFormat.TEXT, FileFormat.EXCEL, FileFormat.PARQUET, FileFormat.SHAPEFILE)


def _refuse_sheet(sheet: str | None, name: str) -> None:
    if sheet is not None:
        raise DataError(
            f"Invalid sheet {sheet!r}: {name} is not a workbook. Leave sheet= out.",
            parameter="sheet",
        )


def _read_shapes_source(
    path: str | Path | pd.DataFrame, facts: _FileFacts, geometry_types: tuple[str, ...]
) -> tuple[SourceTable, str]:
    """Return the rows as :func:`_read_source` does, with the shapes of a column of WKT or WKB."""
    table, title = _read_source(path, facts, geometry_types)
    if table.shapes is None:
        check_has_rows(table)
        add_shape_column(table, geometry_types)
    keep_kind(table, geometry_types)
    return table, title


def _check_encoding(encoding: str | None) -> str | None:
    """Return the codec of a stated encoding."""
    check_arguments(encoding=(encoding, optional(TEXT)))
    return None if encoding is None else check_encoding(encoding)


def _refuse_encoding(encoding: str | None, name: str) -> None:
    if encoding is not None:
        raise needless_encoding_error(encoding, name)


def _read_codes(
    table: SourceTable, given: str | None, wanted: tuple[str, ...], option: str
) -> list[str]:
    """Return the codes of a stated or detected column; an empty text for a row without one."""
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
    """Return country codes of two letters; other values become empty texts."""
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


def _find_complete_rows(table: SourceTable, labels: list[str]) -> list[int]:
    """Return the rows that have a name and an area."""
    nameless = [row for row, label in enumerate(labels) if not label]
    if nameless:
        table.notes.append(f"rows without a name were left out: {table.cite_rows(nameless)}.")
    with_area = np.flatnonzero(~shapely.is_missing(table.required_shapes))
    complete = [int(row) for row in with_area if labels[row]]
    if not complete:
        raise DataError(f"Invalid file {table.name}: no row has a name and an area. Must have one.")
    return complete


def _group_rows(rows: list[int], labels: list[str]) -> dict[str, list[int]]:
    """Return the rows of each name, in the order of the file."""
    groups: dict[str, list[int]] = {}
    for row in rows:
        groups.setdefault(labels[row], []).append(row)
    return groups


def _join_parts(table: SourceTable, groups: Mapping[str, list[int]], column: str) -> None:
    """Note regions of several rows; raise an error if such rows differ in another text."""
    joined = {label: rows for label, rows in groups.items() if len(rows) > 1}
    texts = [
        c for c in table.frame.columns if table.frame[c].map(lambda v: isinstance(v, str)).any()
    ]
    for label, rows in joined.items():
        for other in texts:
            values = list(dict.fromkeys(table.frame[other].iloc[rows].dropna()))
            if other != column and simplify_name(other) not in _PART_COLUMNS and len(values) > 1:
                one, two = values[:2]
                raise DataError(
                    f"Ambiguous {table.name}: {label!r} names {table.cite_rows(rows)}, "
                    f"which differ in {other!r} ({one!r}, {two!r}). Name a column of different "
                    "names with name=, or join the rows first if they are parts of one region."
                )
    if joined:
        shown = ", ".join(f"{label} ({len(rows)})" for label, rows in list(joined.items())[:6])
        more = f" and {len(joined) - 6} more" if len(joined) > 6 else ""
        table.notes.append(f"rows of the same name were joined into one region: {shown}{more}.")


# Columns in which parts of the same region differ.
_PART_COLUMNS = ("id", "fid", "gid", "objectid", "osm_id", "shapeid", "uuid", "globalid")


def _join_shapes(table: SourceTable, rows: list[int]) -> Any:
    """Return the area of a region: the shape of its row, or the union of its rows."""
    if len(rows) == 1:
        return table.required_shapes[rows[0]]
    return shapely.union_all(table.required_shapes[rows])


def read_settlements(  # noqa: PLR0913 - one parameter for each fact that a file may not state
    path: str | Path | pd.DataFrame,
    *,
    lon: str | None = None,
    lat: str | None = None,
    name: str | None = None,
    layer: str | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    crs: Any = None,
    source: str = "",
    accuracy_m: float | str | None = None,
    near: Region | Regions | Border | None = None,
    swap: bool = False,
    max_gb: float = MAX_GB,
) -> gpd.GeoDataFrame:
    r"""Read places from a table with coordinates, a layer of shapes, or a PostGIS table.

    Places are points. A layer of only lines, or only areas, keeps its shapes, because
    :func:`geobuffer.classify`, :func:`geobuffer.within`, :func:`geobuffer.exposure` and
    :func:`geobuffer.clip` also take roads and outlines.

    Columns with a known heading, in any of some 40 languages, get the names that
    :func:`geobuffer.load_settlements` uses: ``name`` (in an unknown language), ``name_en``,
    ``name_uk``, ``name_ru``, ``kind``, ``country`` (codes of two letters), ``oblast``, ``raion``,
    ``hromada``, ``code``, ``population`` (whole numbers, missing where the table has no figure),
    ``accuracy_m``, ``radius_m`` and ``source``. A KATOTTG ``code`` gives ``adm3_pcode`` and
    ``adm4_pcode``, as in :func:`geobuffer.load_settlements`. Other columns stay unchanged. Those of
    a text table stay texts, so codes keep their zeros. A row without coordinates stays, without a
    point. A row that repeats another row in every column is left out. Warnings report both, and
    every other change.

    All numbers of a column have one decimal mark. Where ``1,234`` may be 1234 or 1.234, other
    values of the column, or else the coordinates, decide. A column that they do not decide is
    refused. Fractions of people are rounded, with a warning.

    Parameters
    ----------
    path
        CSV, TSV or another text table (commas, semicolons, tabs; decimal points or commas; UTF-8,
        UTF-16, cp1251 and others), Excel (``.xlsx``, with the extra ``excel``), GeoPackage,
        GeoJSON, FlatGeobuf, Shapefile, KML, KMZ, GPX, (Geo)Parquet, records of JSON, a zip archive
        of one of these, or ``postgresql://…?table=schema.table``, as for
        :func:`geobuffer.read_regions`. Or a table in memory: a GeoDataFrame of points, or a
        DataFrame with columns of coordinates.
    lon, lat
        The columns of longitude and latitude in degrees, or of x and y in ``crs``. By default
        columns with a usual heading, such as ``lon``, ``_GPS_longitude``, ``довгота`` and ``x``;
        or one column of whole points, such as ``51.123, 35.038`` or WKT. Without such columns, we
        take the only two columns of numbers whose points lie near ``near``, if you state it.
    name
        The column of names. By default a column with a usual name.
    layer, sheet
        The layer or the file within an archive, and the sheet, if there are several. A sheet has a
        name, and a number from 1 on.
    encoding
        The encoding of a text table or a Shapefile, such as ``cp1251``, if the detected encoding is
        wrong.
    crs
        The coordinate reference system of a layer without one, or of columns of coordinates that
        are not degrees of WGS 84.
    source
        Where the positions come from, for rows without a source. The default is the file's name.
    accuracy_m
        The typical error of a position, for rows without an accuracy: in metres, or a text with its
        unit. Without this argument, :func:`geobuffer.classify` takes 1,000 metres for missing
        values of a column ``accuracy_m``. In a table without the column, points count as exact.
    near
        Where you expect most places. An error is raised if most of them lie there only with
        longitude and latitude swapped.
    swap
        Read the first coordinate as the latitude.
    max_gb
        The largest unpacked size to read, in GB.

    Raises
    ------
    DataError
        The file is missing, damaged, too large or in an unknown format; a column, sheet or layer is
        missing or you must name one; a coordinate or a count is not a number, or is beyond
        ±180 or ±90; the axes are swapped. The message names the line, column and value.
    GeometryError
        A layer holds points, lines and areas, or several points in one row; or an area is invalid.
    MissingCRSError
        Neither the file nor ``crs`` states the reference system of a layer.
    WrongKind
        An argument has a wrong type.

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
    _check_reader_options(path, name, layer, sheet, crs, near, swap=swap, max_gb=max_gb)
    encoding = _check_encoding(encoding)
    check_arguments(
        lon=(lon, optional(TEXT)),
        lat=(lat, optional(TEXT)),
        source=(source, TEXT),
    )
    if accuracy_m is not None:
        accuracy_m = parse_accuracy(accuracy_m)
    table, title = _read_source(path, _FileFacts(layer, sheet, encoding, max_gb), POINT_TYPES)
    check_has_rows(table)
    if table.shapes is None:
        drop_second_headers(table)
        add_point_columns(table, lon, lat, crs, expected_shapes(near))
    elif lon is not None or lat is not None:
        raise DataError(f"Invalid lon and lat: {table.name} has shapes. Leave them out.")
    _check_places(table, crs, swap=swap)
    _drop_repeats(table)
    check_axis_order(table, near)
    attributes = _standardise_columns(table, name)
    _note_alike(table, attributes)
    attributes["source"] = _fill_gaps(attributes, "source", source or title)
    if accuracy_m is not None or "accuracy_m" in attributes:
        attributes["accuracy_m"] = _fill_gaps(attributes, "accuracy_m", accuracy_m)
    complete_pcodes(attributes)
    places = gpd.GeoDataFrame(attributes, geometry=table.shapes, crs="EPSG:4326")
    places.attrs[REPORTED] = True
    table.warn_notes()
    return places


def _check_places(table: SourceTable, crs: Any, *, swap: bool) -> None:
    """Check that a table has only points, only lines or only areas, and convert it to degrees."""
    names = {name for name in shapely.get_type_id(table.required_shapes).tolist() if name >= 0}
    kinds = {shapely.GeometryType(number).name for number in names}
    for types, check in ((_LINE_TYPES, check_lines), (_POLYGON_TYPES, check_polygons)):
        if kinds and kinds <= {one.upper() for one in types}:
            check(table, crs, swap=swap)
            return
    keep_kind(table, POINT_TYPES)
    check_points(table, crs, swap=swap)


def parse_accuracy(given: object) -> float:
    """Return the accuracy that the caller states, in metres."""
    metres = parse_metres(given, "accuracy_m")
    if not 0.0 <= metres <= MAX_NUMBER:
        raise GeometryError(
            f"Invalid accuracy_m {quote_value(given)}. Must be metres, 0 or more.",
            parameter="accuracy_m",
        )
    return metres


def _drop_repeats(table: SourceTable) -> None:
    """Leave out rows that repeat an earlier row in every column, and note them."""
    repeats = find_repeats(table.frame, table.required_shapes)
    if repeats.any():
        table.notes.append(
            f"rows that repeat others were left out: {table.cite_rows(np.flatnonzero(repeats))}."
        )
        table.drop_rows(repeats)


def _note_alike(table: SourceTable, attributes: pd.DataFrame) -> None:
    """Note rows of the same name and point that differ in another column: all are counted."""
    named = [column for column in NAME_COLUMNS if column in attributes]
    there = (
        ~shapely.is_missing(table.required_shapes)
        & attributes[named].notna().any(axis=1).to_numpy()
    )
    alike = find_repeats(attributes[named], table.required_shapes) & there
    if named and alike.any():
        table.notes.append(
            f"rows with the name and point of another row differ in other columns and were kept: "
            f"{table.cite_rows(np.flatnonzero(alike))}."
        )


def _standardise_columns(table: SourceTable, name: str | None) -> pd.DataFrame:
    """Return the attributes with the column names and kinds of value that geobuffer uses."""
    split_names(table)
    known = _find_known_columns(table, name)
    renamed = {old: new for new, old in known.items()}
    # Another column may already have the name, such as a `country` of full names: rename that one.
    aside = {new: f"{new}_original" for new in known if new in table.frame and new not in renamed}
    named = find_columns(table.frame.columns, COUNTRY)
    if "country" not in known and len(named) == 1 and "country_name" not in table.frame:
        aside[named[0]] = "country_name"
    attributes = table.frame.rename(columns=aside | renamed)
    for column in sorted({*NAME_COLUMNS} & set(known)):
        texts = clean_names(table, attributes[column])
        attributes[column] = pd.Series([text or None for text in texts], dtype=object)
    if not {"name", *(f"name_{language}" for language in NAMES)} & set(known):
        shown = ", ".join(repr(str(c)) for c in list(table.frame.columns)[:12])
        remedy = f"; name= can state it: {shown}" if shown else ""
        table.notes.append(f"no column of names was found{remedy}.")
    quantities = {"accuracy_m", "population", "radius_m"} & set(known)
    # All numbers of a table have one decimal mark.
    table.decimal = table.decimal or find_decimal_mark(attributes[one] for one in quantities)
    for column in sorted(quantities - {"population"}):
        attributes[column] = read_metres_column(table, attributes[column], known[column])
    if "population" in known:
        attributes["population"] = read_population(
            table, attributes["population"], known["population"]
        )
    _read_own_numbers(table, attributes)
    if "country" in known:
        attributes["country"] = attributes["country"].map(
            lambda v: v.upper() if isinstance(v, str) else None
        )
    return attributes


# The columns of numbers that geobuffer adds to the tables that it writes.
_OWN_NUMBERS = (
    "distance_km", "p_inside", "margin_km", "chainage_km", "border_accuracy_m",
    "places_not_located",
)  # fmt: skip


def _read_own_numbers(table: SourceTable, attributes: pd.DataFrame) -> None:
    """Convert texts to numbers in the columns that geobuffer itself wrote to a text table."""
    made = attributes.get("made_with")
    if made is None or not made.map(lambda v: str(v).startswith("geobuffer ")).all():
        return
    for column in _OWN_NUMBERS:
        if column in attributes and not pd.api.types.is_numeric_dtype(attributes[column]):
            found = read_number_column(attributes[column], table.decimal)
            if not found.wrong.any() and not found.unclear.any():
                attributes[column] = found.numbers


def _find_known_columns(table: SourceTable, name: str | None) -> dict[str, str]:
    """Return the columns of the file that geobuffer knows, by its own names."""
    columns = [str(column) for column in table.frame.columns]
    known: dict[str, str] = {} if name is None else {"name": require_column(table, name, "name")}
    for column, meaning in table.tags.items():
        if column in columns and column not in known.values() and meaning in _TAGGED:
            known.setdefault(meaning, column)
    for standard, names in KNOWN_COLUMNS.items():
        found = [column for column in find_columns(columns, names) if column not in known.values()]
        if standard not in {*known, "population"} and len(found) == 1:
            known[standard] = found[0]
    for standard, column in find_place_names(table, known.values()).items():
        known.setdefault(standard, column)
    _add_people_and_kind(table, known)
    tagged = [column for column, meaning in table.tags.items() if meaning == "country"]
    for column in tagged or find_columns(columns, COUNTRY):
        codes = table.frame[column].dropna().astype(str).str.strip()
        if (
            len(codes)
            and codes.map(lambda code: bool(_COUNTRY_CODE_ANY_CASE.fullmatch(code))).all()
        ):
            known["country"] = column
    return known


# The meanings of HXL tags besides names and coordinates.
_TAGGED = {*KNOWN_COLUMNS}


def _add_people_and_kind(table: SourceTable, known: dict[str, str]) -> None:
    """Add the column of people, and OpenStreetMap's ``place`` as the column of kinds."""
    left = [str(c) for c in table.frame.columns if str(c) not in known.values()]
    if "population" not in known:
        column, note = find_people(left)
        if note:
            table.notes.append(note)
        if column:
            known["population"] = column
    places = find_columns(left, ("place",))
    if "kind" not in known and len(places) == 1:
        texts = table.frame[places[0]].dropna()
        if len(texts) and texts.map(lambda text: is_kind(str(text))).all():
            known["kind"] = places[0]


def _fill_gaps(attributes: pd.DataFrame, column: str, value: Any) -> Any:
    """Return a column with its missing values replaced, or the value if there is no such column."""
    if column not in attributes:
        return value
    return (
        attributes[column]
        if value is None
        else attributes[column].where(attributes[column].notna(), value)
    )


_SIDES = ("left", "right")


class _Lines(NamedTuple):
    """The sections of a border line in order, their names and their source."""

    lines: tuple[LineString | MultiLineString, ...]
    names: tuple[str, ...]
    source: Source


def read_border(  # noqa: PLR0913 - one parameter for each fact that a file may not state
    path: str | Path | gpd.GeoDataFrame,
    *,
    name: str | None = None,
    layer: str | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    source: Source | None = None,
    crs: Any = None,
    sides: tuple[str, str] = _SIDES,
    near: Region | Regions | Border | None = None,
    swap: bool = False,
    max_gb: float = MAX_GB,
    edges: EdgeKind = "straight",
) -> Border:
    """Read a border from a file of lines, without regions: its sides are its left and right.

    Each feature is a section. The order of the features in the file gives the direction of the
    line, and so its left and right. If the features are not in order along the line, the direction
    in which most of the length was drawn decides. Features, and parts of features, that run the
    other way are reversed, and features out of order are sorted. Warnings report both, and the
    places where lines branch.

    Parameters
    ----------
    path, layer, sheet, encoding, crs, near, swap, max_gb, edges
        As for :func:`geobuffer.read_regions`.
    name
        The column of the sections' names. The default is ``name`` or a similar column. Features
        without a name are numbered.
    source
        Where the line comes from. The default is the file's name, without an accuracy.
    sides
        The names of its left and its right side.

    Raises
    ------
    DataError, MissingCRSError, WrongKind
        As :func:`geobuffer.read_regions`, or the two sides have the same name.
    GeometryError
        A row is not a line, or as :func:`geobuffer.border_along`.

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
    _check_reader_options(path, name, layer, sheet, crs, near, swap=swap, max_gb=max_gb)
    encoding = _check_encoding(encoding)
    check_arguments(source=(source, optional(SOURCE)), sides=(sides, _TWO_NAMES))
    from geobuffer.zones.make_border import border_along

    check_edges(edges)
    table, title = _read_shapes_source(
        path, _FileFacts(layer, sheet, encoding, max_gb), _LINE_TYPES
    )
    table.edges = edges
    check_lines(table, crs, swap=swap, near=near)
    read = _collect_lines(table, name, source or Source(title))
    border = border_along(read.lines, names=read.names, source=read.source)
    table.warn_notes()
    return border if sides == _SIDES else _rename_sides(border, sides)


def _rename_sides(border: Border, sides: tuple[str, str]) -> Border:
    """Return a border with other names of its sides."""
    left, right = sides
    if fold_name(left) == fold_name(right) or BOTH in sides:
        raise DataError(
            f"Invalid sides {sides!r}. Must be two different names, neither of them 'both'."
        )
    one, other = border.sides
    named = replace(one, name=left, names={}), replace(other, name=right, names={})
    return replace(border, sides=named)


def _collect_lines(table: SourceTable, name: str | None, source: Source) -> _Lines:
    there = ~shapely.is_missing(table.required_shapes)
    if not there.any():
        raise DataError(f"Invalid file {table.name}: it has no line. Must have at least one.")
    names = _name_rows(table, name)
    kept = np.flatnonzero(there)
    runs = orient_lines(list(table.required_shapes[kept]))
    _note_orientation(table, runs, kept)
    titles = tuple(names[row] for row in kept[runs.rows])
    return _Lines(tuple(runs.lines), titles, source)


def _name_rows(table: SourceTable, given: str | None) -> list[str]:
    """Return a name for each row, with a number for a row without a name."""
    split_names(table)
    columns = table.frame.columns
    found = [require_column(table, given, "name")] if given is not None else []
    found = found or find_section_names(columns)
    names = (
        clean_names(table, table.frame[found[0]]) if len(found) == 1 else [""] * len(table.frame)
    )
    return [text or f"section {number}" for number, text in enumerate(names, 1)]


def _note_orientation(table: SourceTable, runs: OrientedLines, rows: NDArray[np.int64]) -> None:
    """Note which lines were reversed or sorted, and where lines branch."""
    if runs.turned:
        turned = table.cite_rows(rows[runs.turned])
        table.notes.append(
            f"lines were reversed, in whole or in part, so that all run one way: {turned}."
        )
    if runs.rows != sorted(runs.rows):
        order = table.cite_rows(rows[runs.rows])
        table.notes.append(f"lines were sorted into their order along the border: {order}.")
    if len(runs.branches):
        (lon, lat), more = runs.branches[0], len(runs.branches) - 1
        table.notes.append(
            f"three lines or more meet at {lon:.4f}, {lat:.4f} (longitude, latitude)"
            f"{f' and {more} more places' if more else ''}. Left and right of each branch follow "
            "the direction in which most of it was drawn. Use one line without branches to be sure."
        )
