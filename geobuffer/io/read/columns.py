"""Find the columns of a table by the names that publishers use, and read their coordinates.

Names are known in English, Ukrainian and Russian. Coordinates are written in any form that
``zones/coordinates.py`` knows.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from geobuffer.errors import DataError, did_you_mean
from geobuffer.io.read.reproject import parse_crs
from geobuffer.io.read.source_table import PointAxes
from geobuffer.zones.coordinates import CoordinateError, parse_coordinate
from geobuffer.zones.quantities import (
    find_decimal_mark,
    quote_value,
    read_number_column,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa

    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.io.read.source_table import SourceTable


# Names of columns as simplify_name returns them, the most certain first. They come from
# OpenStreetMap, GeoNames, HDX, geoBoundaries, GADM, Natural Earth, Wikidata, and from tables in
# Ukrainian and Russian.
LONGITUDE = (
    "longitude", "lon", "lng", "long", "x", "longitude_dd", "lon_dd", "decimallongitude",
    "geo_lon", "point_x", "x_coord", "coord_x", "xcoord", "довгота", "долгота",
)  # fmt: skip
LATITUDE = (
    "latitude", "lat", "y", "latitude_dd", "lat_dd", "decimallatitude", "geo_lat", "point_y",
    "y_coord", "coord_y", "ycoord", "широта",
)  # fmt: skip
NAME = (
    "name", "shapename", "title", "label", "назва", "название", "наименование", "settlement",
    "place", "place_name", "placename", "village", "locality", "населений_пункт",
    "населенный_пункт", "назва_населеного_пункту", "название_населенного_пункта",
)  # fmt: skip
NAMES = {
    "en": ("name_en", "name_eng", "nameeng", "name_english", "en_name", "назва_англ"),
    "uk": ("name_uk", "name_ua", "name_ukr", "nameukr", "назва_укр", "название_укр"),
    "ru": ("name_ru", "name_rus", "namerus", "назва_рос", "название_рус"),
}  # fmt: skip
ISO = ("iso_3166_2", "iso3166_2", "iso", "shapeiso", "iso_code", "hasc_1", "ref_iso")
COUNTRY = (
    "country", "country_code", "countrycode", "iso_a2", "iso2", "cc", "iso_country", "adm0_pcode",
    "код_країни", "код_страны", "країна", "страна",
)  # fmt: skip

# Other columns that geobuffer knows, and the names that publishers give them.
KNOWN_COLUMNS = {
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

# Columns of nested units in HDX and GADM. The deepest level is the one that names a row.
_NESTED = re.compile(r"(?:adm(\d)_(en|ua|uk|ru)|name_(\d))")

# Long names: a column that begins with one ("Широта, градусы") counts too.
_LONG_NAMES = ("longitude", "latitude", "довгота", "долгота", "широта")


def simplify_name(name: object) -> str:
    """Return a column's name in small letters, with underscores between its words.

    >>> simplify_name("Населений пункт "), simplify_name("name:en"), simplify_name("ISO3166-2")
    ('населений_пункт', 'name_en', 'iso3166_2')
    """
    text = unicodedata.normalize("NFC", str(name)).casefold().replace("ё", "е")
    return re.sub(r"[\W_]+", "_", text).strip("_")


def find_columns(columns: Iterable[object], wanted: Sequence[str]) -> list[str]:
    """Return the columns that have the first of the wanted names that occurs.

    >>> find_columns(["Lat", "LATITUDE", "y"], LATITUDE)
    ['LATITUDE']
    >>> find_columns(["Широта, градусы"], LATITUDE)
    ['Широта, градусы']
    """
    by_name: dict[str, list[str]] = {}
    for column in columns:
        by_name.setdefault(simplify_name(column), []).append(str(column))
    for name in wanted:
        if name in by_name:
            return by_name[name]
    prefixes = [word for word in _LONG_NAMES if word in wanted]
    return [
        column
        for name, of_name in by_name.items()
        if any(name.startswith(f"{word}_") for word in prefixes)
        for column in of_name
    ]


def find_known_columns(columns: Iterable[str]) -> dict[str, str]:
    """Return the columns that can make a place uncertain, by the names that geobuffer uses.

    They are accuracies, radii, countries and oblasts. ``country`` may hold codes or names.

    >>> find_known_columns(["lon", "accuracy_m", "Область", "Країна"])
    {'accuracy_m': 'accuracy_m', 'oblast': 'Область', 'country': 'Країна'}
    """
    names = list(columns)
    wanted = {
        "accuracy_m": KNOWN_COLUMNS["accuracy_m"],
        "radius_m": KNOWN_COLUMNS["radius_m"],
        "oblast": KNOWN_COLUMNS["oblast"],
        "oblast_iso": KNOWN_COLUMNS["oblast_iso"],
        "country": COUNTRY,
        "country_name": ("country_name",),
    }
    found = {known: find_columns(names, usual) for known, usual in wanted.items()}
    return {known: of_name[0] for known, of_name in found.items() if len(of_name) == 1}


def require_column(table: SourceTable, column: str, option: str) -> str:
    """Return the name of a column that the caller chose, after checking that it exists.

    Raises
    ------
    DataError
        There is no such column. The message suggests the most similar names.
    """
    columns = [str(c) for c in table.frame.columns]
    if column not in columns:
        hint = did_you_mean(column, columns) if columns else "It has no columns."
        message = f"Invalid {option} {column!r} of {table.name}: no such column. {hint}"
        raise DataError(message, parameter=option)
    return column


def list_text_columns(table: SourceTable) -> list[str]:
    """Return the columns in which any value is a text."""
    frame = table.frame
    return [str(c) for c in frame.columns if frame[c].map(lambda v: isinstance(v, str)).any()]


def find_name_column(table: SourceTable, given: str | None) -> str:
    """Return the column of names: the given one, or the only one with a usual name.

    Raises
    ------
    DataError
        There is no column of the given name; or no column, or several, have a usual name.
    """
    if given is not None:
        return require_column(table, given, "name")
    columns = [str(column) for column in table.frame.columns]
    texts = list_text_columns(table)
    found = _find_name_candidates(texts)
    if len(found) == 1:
        return found[0]
    shown = ", ".join(repr(c) for c in (found or texts or columns)[:12]) or "none"
    what = "several columns may hold" if found else "no column is known to hold"
    raise DataError(f"Ambiguous {table.name}: {what} the names. Choose one with name=: {shown}.")


def _find_name_candidates(texts: Sequence[str]) -> list[str]:
    for wanted in (NAME[:1], NAMES["en"], NAME):
        if found := find_columns(texts, wanted):
            return found
    if deepest := _find_deepest_level(texts):
        return deepest
    for language in ("uk", "ru"):
        if found := find_columns(texts, NAMES[language]):
            return found
    ending = [c for c in texts if simplify_name(c).endswith("_name")]
    return ending or (list(texts) if len(texts) == 1 else [])


def _find_deepest_level(columns: Sequence[str], language: str = "") -> list[str]:
    """Return the column of the deepest level of nested units, in English by default.

    >>> _find_deepest_level(["ADM0_EN", "ADM1_EN"]), _find_deepest_level(["ADM1_UA"], "uk")
    (['ADM1_EN'], ['ADM1_UA'])
    """
    codes = {"uk": ("uk", "ua"), "": ("en", None)}.get(language, (language,))
    found: dict[int, list[str]] = {}
    for column in columns:
        match = _NESTED.fullmatch(simplify_name(column))
        if match and match[2] in codes:
            found.setdefault(int(match[1] or match[3]), []).append(column)
    return found[max(found)] if found else []


def find_language_columns(table: SourceTable, given: Mapping[str, str]) -> dict[str, str]:
    """Return the columns of names by language: the given ones, and those with a usual name.

    Raises
    ------
    DataError
        A given column does not exist.
    """
    columns = [str(column) for column in table.frame.columns]
    found: dict[str, str] = {}
    for language, wanted in NAMES.items():
        candidates = find_columns(columns, wanted) or _find_deepest_level(columns, language)
        if len(candidates) == 1:
            found[language] = candidates[0]
    return found | {
        language: require_column(table, column, f"names[{language!r}]")
        for language, column in given.items()
    }


# Texts that mean "no number" in big tables (classify_file), in small letters.
NO_NUMBER_IN_ARROW = ("", "na", "n/a", "nan", "null", "none")


def add_points(table: SourceTable, lon: str | None, lat: str | None, crs: object) -> None:
    """Add points to a table from its columns of longitude (or x) and latitude (or y).

    A row that lacks a coordinate, or lies at 0, 0, gets no point.

    Raises
    ------
    DataError
        There are no such columns, or several of them; or a value is not a coordinate. The message
        names the line, the column and the value.
    """
    x_column = _find_coordinate_column(table, lon, LONGITUDE, "lon")
    y_column = _find_coordinate_column(table, lat, LATITUDE, "lat")
    if x_column == y_column:
        raise DataError(f"Invalid lon and lat of {table.name}: both are {x_column!r}. Must differ.")
    table.decimal = find_decimal_mark(
        [table.frame[x_column], table.frame[y_column]], are_decimals=True
    )
    x = read_coordinates(table, x_column, "longitude")
    y = read_coordinates(table, y_column, "latitude")
    missing = np.isnan(x) | np.isnan(y)
    nowhere = (x == 0.0) & (y == 0.0)
    if nowhere.any():
        table.notes.append(
            f"rows at 0, 0, which is in the ocean, got no point: "
            f"{table.cite_rows(np.flatnonzero(nowhere))}."
        )
    there = ~(missing | nowhere)
    table.shapes = np.full(len(x), None, dtype=object)
    table.shapes[there] = shapely.points(x[there], y[there])
    table.crs = "EPSG:4326" if crs is None else parse_crs(crs)
    table.axes = PointAxes((x_column, y_column), is_stated=lon is not None or lat is not None)
    table.frame = table.frame.drop(columns=[x_column, y_column])


def _find_coordinate_column(
    table: SourceTable, given: str | None, wanted: tuple[str, ...], option: str
) -> str:
    if given is not None:
        return require_column(table, given, option)
    found = find_columns(table.frame.columns, wanted)
    if len(found) == 1:
        return found[0]
    shown = ", ".join(repr(str(c)) for c in (found or list(table.frame.columns))[:12])
    what = "several columns may be" if found else "no column is known as"
    word = "longitude" if option == "lon" else "latitude"
    raise DataError(
        f"Ambiguous {table.name}: {what} the {word}. Choose it with {option}=: {shown}."
    )


def read_coordinates(table: SourceTable, column: str, axis: str) -> Floats:
    """Return a column of coordinates as numbers, NaN where a row has no coordinate.

    Raises
    ------
    DataError
        A value is not a coordinate. The message names the line, the column and the value.
    """
    values = table.frame[column]
    kind = pd.api.types
    if kind.is_bool_dtype(values.dtype) or kind.is_complex_dtype(values.dtype):
        found = np.where(values.notna(), np.inf, np.nan)
        _check_finite(table, column, found, values.tolist())
        return np.asarray(found)
    if kind.is_numeric_dtype(values):
        found = values.to_numpy(dtype=float, na_value=np.nan)
        _check_finite(table, column, found, values.tolist())
        return np.asarray(found)
    return _parse_texts(table, column, values.tolist(), axis)


def _check_finite(table: SourceTable, column: str, found: Floats, values: Sequence[object]) -> None:
    bad = np.flatnonzero(np.isinf(found))
    if len(bad):
        raise _coordinate_error(table, int(bad[0]), column, values[bad[0]])


def _parse_texts(table: SourceTable, column: str, values: Sequence[object], axis: str) -> Floats:
    found = np.full(len(values), np.nan)
    for row, value in enumerate(values):
        if value is None or (isinstance(value, float) and np.isnan(value)):
            continue
        try:
            found[row] = parse_coordinate(str(value), axis)
        except CoordinateError as error:
            raise _coordinate_error(table, row, column, value, str(error)) from error
    return found


def _coordinate_error(
    table: SourceTable, row: int, column: str, value: object, reason: str = ""
) -> DataError:
    why = f": {reason}" if reason else ""
    return DataError(
        f"Invalid {column} in {table.cite_row(row)}: {quote_value(value)}{why}. "
        "Must be decimal degrees, such as 35.27 or 35,27, or such as 35°16′12″E; is it the other "
        "coordinate's column?"
    )


# What an accuracy or a radius must be, for messages.
_METRES = "metres, such as 1500, or a text with a unit, such as 500 ft"


def read_population(table: SourceTable, column: pd.Series, called: str) -> pd.Series:
    """Return counts of people; missing where the table has no count or a negative one."""
    form = "a whole number, such as 1234 or 1 234, of at most ten digits"
    people, decimal = _read_number_column(table, column, called, form)
    counts = np.round(people)
    if (parts := np.flatnonzero((counts != people) & ~np.isnan(people))).size:
        if table.decimal and decimal not in {"", table.decimal}:
            # Beside 51.20, 12,34 is rather a slip of 1,234 than a fraction of a person.
            raise _number_error(table, column, called, int(parts[0]), form)
        table.notes.append(
            f"fractions of people in {called} were rounded to whole numbers: "
            f"{table.cite_rows(parts)}."
        )
    if (negative := np.flatnonzero(counts < 0)).size:
        table.notes.append(
            f"a negative {called} was taken as unknown: {table.cite_rows(negative)}."
        )
        counts[negative] = np.nan
    return pd.Series(counts).astype("Int64")


def read_metres_column(table: SourceTable, column: pd.Series, called: str) -> pd.Series:
    """Return accuracies or radii in metres; NaN where the table has none."""
    metres, _ = _read_number_column(table, column, called, _METRES, "m")
    if (negative := np.flatnonzero(metres < 0)).size:
        raise _number_error(table, column, called, int(negative[0]), _METRES)
    return pd.Series(metres)


def _read_number_column(
    table: SourceTable, column: pd.Series, called: str, form: str, unit: str = ""
) -> tuple[Floats, str]:
    """Return a column of numbers and its decimal mark; refuse a value that is no number by its row.

    The numbers of the column have one decimal mark. If no value of it shows which, that of the
    other numbers of the table counts.
    """
    found = read_number_column(column, table.decimal, mark=table.marks.get(called), unit=unit)
    if found.wrong.any():
        raise _number_error(table, column, called, int(np.flatnonzero(found.wrong)[0]), form)
    if found.unclear.any():
        rows = np.flatnonzero(found.unclear)
        raise DataError(
            f"Ambiguous {called} of {table.name}: {quote_value(column.iloc[rows[0]])} may have "
            "decimals or a mark between thousands, and no other number of the table shows which: "
            f"{table.cite_rows(rows)}. Write thousands without a mark, and decimals with a point."
        )
    return found.numbers, found.decimal


def _number_error(
    table: SourceTable, column: pd.Series, called: str, row: int, form: str
) -> DataError:
    return DataError(
        f"Invalid {called} in {table.cite_row(row)}: {quote_value(column.iloc[row])}. Must be "
        f"{form}, or empty."
    )


def prepare_number_texts(texts: pa.ChunkedArray, decimal: str) -> pa.ChunkedArray:
    """Return the texts of an Arrow column so that a cast to ``float64`` reads them as numbers.

    Surrounding spaces are removed, texts in ``NO_NUMBER_IN_ARROW`` become null, and decimal commas
    become points if ``decimal`` is a comma. A text that is not a number stays as it is, so that the
    cast fails and the caller can name its row.

    >>> import pyarrow as pa
    >>> prepare_number_texts(pa.chunked_array([[" 51,2", "n/a"]]), ",").to_pylist()
    ['51.2', None]
    """
    import pyarrow as pa
    from pyarrow import compute as pc

    trimmed = pc.utf8_trim_whitespace(texts.cast(pa.string()))
    absent = pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(NO_NUMBER_IN_ARROW))
    prepared = pc.if_else(absent, pa.scalar(None, pa.string()), trimmed)
    if decimal == ",":
        # A point in such a number separates thousands or is a mistake: it must not be read.
        prepared = pc.replace_substring(prepared, ".", "_")
        prepared = pc.replace_substring(prepared, ",", ".")
    return prepared
