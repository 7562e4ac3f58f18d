"""Find the columns of a table by the names that publishers use, and read their coordinates.

Coordinates may have any form that ``zones/coordinates.py`` knows. The words by which we recognise
columns are in ``column_words.py``.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from geobuffer.errors import DataError, did_you_mean
from geobuffer.io.read import column_words as words
from geobuffer.io.read.column_words import COUNTRY, KNOWN_COLUMNS, NAME, NAMES, fold_heading
from geobuffer.io.read.reproject import parse_crs
from geobuffer.io.read.source_table import PointAxes
from geobuffer.zones.coordinates import NO_COORDINATE, CoordinateError, parse_coordinate
from geobuffer.zones.quantities import (
    MAX_CHARACTERS,
    NOT_KNOWN,
    find_decimal_mark,
    quote_value,
    read_number_column,
)
from geobuffer.zones.toponyms import load_name_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa

    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.io.read.source_table import SourceTable


# Columns of nested units in HDX and GADM. The deepest level is the one that names a row.
_NESTED = re.compile(
    r"(?:adm(?:in)?_?(?P<level>\d)_?(?:name)?_?(?P<language>en|ua|uk|ru)?|name_(?P<gadm>\d))"
)


def simplify_name(name: object) -> str:
    """Return a column's name in small letters, with underscores between its words.

    >>> simplify_name("Населений пункт "), simplify_name("name:en"), simplify_name("ISO3166-2")
    ('населений_пункт', 'name_en', 'iso3166_2')
    """
    text = unicodedata.normalize("NFC", str(name)).casefold().replace("ё", "е")
    return re.sub(r"[\W_]+", "_", text).strip("_")


def find_columns(columns: Iterable[object], wanted: Sequence[str]) -> list[str]:
    """Return the columns of the first wanted name that any column has.

    >>> find_columns(["Name", "NAME_EN", "title"], NAMES["en"])
    ['NAME_EN']
    """
    by_name: dict[str, list[str]] = {}
    for column in columns:
        by_name.setdefault(simplify_name(column), []).append(str(column))
    return next((by_name[name] for name in wanted if name in by_name), [])


def find_known_columns(
    columns: Iterable[str],
    tags: Mapping[str, str] = {},
) -> dict[str, str]:
    """Return the columns that can make a place uncertain, by the names that geobuffer uses.

    These are accuracies, radii, countries, oblasts, and candidates of places without a point.
    ``country`` may hold codes or names. ``tags`` are the meanings of columns from tags of HXL.

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
        "candidates": ("candidates",),
    }
    found = {known: find_columns(names, usual) for known, usual in wanted.items()}
    tagged = {meaning: column for column, meaning in tags.items() if meaning in wanted}
    return {known: of_name[0] for known, of_name in found.items() if len(of_name) == 1} | tagged


def require_column(table: SourceTable, column: str, option: str) -> str:
    """Check that a column exists that the caller chose, and return its name.

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
    own = [c for c in texts if not _NESTED.fullmatch(simplify_name(c))]
    ending = [c for c in own if simplify_name(c).endswith("_name")]
    if deepest := _find_deepest_level(texts):
        return deepest + ending
    for language in ("uk", "ru"):
        if found := find_columns(texts, NAMES[language]):
            return found
    ending = ending or [c for c in own if _split_noun(fold_heading(c)) is not None]
    ending = ending or _find_folded(own, words.PLACE_NOUNS)
    return ending or (list(texts) if len(texts) == 1 else [])


def find_section_names(columns: Iterable[object]) -> list[str]:
    """Return the columns that most surely hold the names of sections of a border.

    >>> find_section_names(["id", "nom"]), find_section_names(["id", "status"])
    (['nom'], [])
    """
    names = [str(column) for column in columns]
    for wanted in (NAME, NAMES["en"]):
        if found := find_columns(names, wanted):
            return found
    nouns = [c for c in names if _split_noun(fold_heading(c)) == ""]
    return nouns or _find_folded(names, words.PLACE_NOUNS)


def _find_folded(columns: Iterable[str], wanted: Sequence[str]) -> list[str]:
    """Return the columns of the first folded heading that any column has.

    >>> _find_folded(["id", "Miejscowość"], words.PLACE_NOUNS)
    ['Miejscowość']
    """
    by_name: dict[str, list[str]] = {}
    for column in columns:
        by_name.setdefault(fold_heading(column), []).append(column)
    return next((by_name[name] for name in wanted if name in by_name), [])


def _find_deepest_level(columns: Sequence[str], language: str = "") -> list[str]:
    """Return the column of the deepest level of nested units, in English by default.

    >>> _find_deepest_level(["ADM0_EN", "ADM1_EN"]), _find_deepest_level(["ADM1_UA"], "uk")
    (['ADM1_EN'], ['ADM1_UA'])
    >>> _find_deepest_level(["adm1_name", "adm0_name"])
    ['adm1_name']
    """
    codes = {"uk": ("uk", "ua"), "": ("en", None)}.get(language, (language,))
    found: dict[int, list[str]] = {}
    for column in columns:
        match = _NESTED.fullmatch(simplify_name(column))
        if match and match["language"] in codes:
            found.setdefault(int(match["level"] or match["gadm"]), []).append(column)
    if not found:
        return []
    deepest = found[max(found)]
    # A column without a language repeats the English names, so we leave it out.
    stated = [c for c in deepest if _NESTED.fullmatch(simplify_name(c))["language"]]  # type: ignore[index]
    return stated or deepest


def _split_noun(folded: str) -> str | None:
    """Remove a noun for a name from the beginning or end of a heading; ``None`` without one."""
    for noun in words.NAME_NOUNS:
        if folded == noun:
            return ""
        if len(noun) < 3 and noun.isascii():  # other words begin with "ad" too
            continue
        if folded.endswith(f"_{noun}"):
            return folded.removesuffix(f"_{noun}")
        if folded.startswith(f"{noun}_"):
            return folded.removeprefix(f"{noun}_")
    return None


def find_place_names(table: SourceTable, taken: Iterable[str]) -> dict[str, str]:
    """Return the columns of the names of places: ``name``, and those by language.

    The surest heading counts, in this order: a tag of HXL; ``name``; a noun for a name with one for
    a settlement, such as *village_name*; another noun for a name; the deepest level of nested
    units. A noun for a place alone, such as *place* or *settlement*, counts only if the texts are
    names and not kinds.

    Parameters
    ----------
    table
        The table.
    taken
        Columns that have another meaning.
    """
    columns = [str(c) for c in table.frame.columns if str(c) not in set(taken)]
    found = {
        meaning: column for column, meaning in table.tags.items() if meaning.startswith("name")
    }
    plain, by_language = _group_noun_columns([c for c in columns if c not in found.values()])
    for language in NAMES:
        known = f"name_{language}"
        candidates = (
            find_columns(columns, NAMES[language])
            or by_language.get(language, [])
            or _find_deepest_level(columns, language)
        )
        if known not in found and len(candidates) == 1:
            found[known] = candidates[0]
    if "name" not in found:
        left = [column for column in columns if column not in found.values()]
        name = find_columns(left, NAME)
        name = name or [c for c in plain if c in left and holds_names(table.frame[c])]
        if not (name or found):
            name = _choose_place_noun(table, left)
        if len(name) == 1:
            found["name"] = name[0]
    return found or _find_name_in_groups(table, columns)


def _find_name_in_groups(table: SourceTable, columns: Sequence[str]) -> dict[str, str]:
    """Return the column of names by the part of its heading after the group: *Village/Name*."""
    parts = {re.split(r"[/:]", c)[-1]: c for c in columns if re.search(r"[/:]", c)}
    plain, _ = _group_noun_columns(list(parts))
    name = find_columns(parts, NAME)
    name = name or [part for part in plain if holds_names(table.frame[parts[part]])]
    return {"name": parts[name[0]]} if len(name) == 1 else {}


def _group_noun_columns(columns: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Return the columns with a noun for names of places: without a language, and by language.

    If some headings also have a noun for a settlement, only those are returned.
    """
    ranked: dict[tuple[str, bool], list[str]] = {}
    for column in columns:
        head, _, ending = fold_heading(column).rpartition("_")
        language = words.LANGUAGES.get(ending, "")
        rest = _split_noun(head if language else fold_heading(column))
        if rest is None or _NESTED.fullmatch(simplify_name(column)):
            continue
        beside = set(rest.split("_")) - {""}
        is_settlement = bool(beside & words.SETTLEMENT_NOUNS)
        if is_settlement or not beside & words.NO_PLACE:
            ranked.setdefault((language, is_settlement), []).append(column)
    chosen = {
        language: ranked.get((language, True)) or ranked.get((language, False), [])
        for language in ("", *NAMES)
    }
    return chosen.pop(""), chosen


def _choose_place_noun(table: SourceTable, columns: Sequence[str]) -> list[str]:
    """Return the column of names of the deepest level, or one with a noun for a place."""
    labels = [c for c in columns if fold_heading(c).endswith("_label")]
    usual = (_find_folded(columns, (noun,)) for noun in words.PLACE_NOUNS)
    for candidates in (_find_deepest_level(columns), *usual, labels):
        if len(candidates) == 1 and holds_names(table.frame[candidates[0]]):
            return candidates
    return []


# If fewer than half of the texts differ, they are probably kinds or groups. But more than this many
# different texts are names that repeat.
_MANY_NAMES = 20
# How many texts we compare.
_TRIED_TEXTS = 1_000


def holds_names(column: pd.Series) -> bool:
    """Return whether a column holds names: mostly different texts, not kinds or numbers.

    Examples
    --------
    >>> holds_names(pd.Series(["Sumy", "Sudzha"])), holds_names(pd.Series(["village", "city"]))
    (True, False)
    >>> holds_names(pd.Series(["Mr", "Mr"])), holds_names(pd.Series(["1", "2"]))
    (False, False)
    """
    values = column.dropna().head(_TRIED_TEXTS).tolist()
    texts = [text for v in values if isinstance(v, str) and (text := " ".join(v.split()))]
    if not texts:
        return False
    odd = sum(1 for text in texts if is_kind(text) or not re.search(r"[^\W\d_]", text))
    different = len(set(texts))
    repeated = 2 * different < len(texts) and different <= _MANY_NAMES
    # A name that repeats, as a place of several events, begins with a capital letter.
    is_place = simplify_name(column.name) == "location" and all(t[0].isupper() for t in texts)
    return 2 * odd < len(texts) and (not repeated or is_place)


def is_kind(text: str) -> bool:
    """Return whether a text is the kind of a place, or another text that is not a name.

    >>> is_kind("village"), is_kind("смт"), is_kind("Yes"), is_kind("Село Нове")
    (True, True, True, False)
    """
    return " ".join(text.casefold().rstrip(".").split()) in _list_kinds()


@cache
def _list_kinds() -> frozenset[str]:
    """Return the words for kinds of places, and other words that are not names."""
    rules = load_name_rules()
    kinds = (rules[key] for key in ("kinds_before", "kinds_after", "kinds_apart"))
    return words.NO_NAMES.union(*kinds)


def find_people(columns: Iterable[str]) -> tuple[str, str]:
    """Return the column of the number of people, or "", and a note about it.

    Of counts of several years we take the latest. We do not take counts in thousands.

    Examples
    --------
    >>> [find_people([text])[0] for text in ("Населення, осіб", "population_2021", "pop_est")]
    ['Населення, осіб', 'population_2021', 'pop_est']
    >>> [find_people([text])[0] for text in ("population_density", "pop_up", "Населення, тис.")]
    ['', '', '']
    """
    names = list(columns)
    if usual := find_columns(names, KNOWN_COLUMNS["population"]):
        return (usual[0], "") if len(usual) == 1 else ("", "")
    found: dict[int, list[str]] = {}
    thousands = []
    for name in names:
        beside = _split_people(fold_heading(name))
        if beside is None:
            continue
        if beside & words.THOUSANDS:
            thousands.append(name)
        elif all(word in words.PEOPLE_DETAILS or word.isdecimal() for word in beside):
            years = [int(word) for word in beside if _YEAR.fullmatch(word)]
            found.setdefault(max(years, default=0), []).append(name)
    if not found:
        shown = ", ".join(map(repr, thousands))
        return "", f"{shown} counts thousands and was not read as people." if thousands else ""
    latest = found[max(found)]
    if len(latest) > 1:
        return "", (
            f"several columns may be the population, and none was read as such: "
            f"{', '.join(map(repr, latest))}. Name it population."
        )
    others = [name for year, of_year in found.items() if year < max(found) for name in of_year]
    note = f"of {', '.join(map(repr, [*others, *latest]))}, {latest[0]!r} is the population."
    return latest[0], note if others else ""


_YEAR = re.compile(r"(?:18|19|20)\d\d")


def _split_people(folded: str) -> set[str] | None:
    """Return the other words of a heading that begins or ends with a word for people."""
    apart = re.sub(r"(?<=[^\W\d_])((?:18|19|20)\d\d)", r"_\1", folded)  # pop2020
    for word in words.PEOPLE:
        if apart == word:
            return set()
        if apart.startswith(f"{word}_"):
            return set(apart.removeprefix(f"{word}_").split("_"))
        if apart.endswith(f"_{word}"):
            return set(apart.removesuffix(f"_{word}").split("_"))
    return None


def find_language_columns(table: SourceTable, given: Mapping[str, str]) -> dict[str, str]:
    """Return the columns of names by language: the given columns, and those with usual names.

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


def add_points(
    table: SourceTable, x_column: str, y_column: str, crs: object, *, is_stated: bool = False
) -> None:
    """Add points to a table from its columns of longitude (or x) and latitude (or y).

    A row that lacks a coordinate gets no point. ``is_stated`` says that the caller stated a column.

    Raises
    ------
    DataError
        Both are the same column, or a value is not a coordinate. The message names the line, the
        column and the value.
    """
    if x_column == y_column:
        raise DataError(f"Invalid lon and lat of {table.name}: both are {x_column!r}. Must differ.")
    table.decimal = find_decimal_mark(
        [table.frame[x_column], table.frame[y_column]], are_decimals=True
    )
    x = read_coordinates(table, x_column, "longitude")
    y = read_coordinates(table, y_column, "latitude")
    there = ~(np.isnan(x) | np.isnan(y))
    table.shapes = np.full(len(x), None, dtype=object)
    table.shapes[there] = shapely.points(x[there], y[there])
    table.crs = "EPSG:4326" if crs is None else parse_crs(crs)
    table.axes = PointAxes((x_column, y_column), is_stated=is_stated)
    table.frame = table.frame.drop(columns=[x_column, y_column])


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


# The form of an accuracy or a radius, for messages.
_METRES = "metres, such as 1500, or a text with a unit, such as 500 ft"


def read_population(table: SourceTable, column: pd.Series, called: str) -> pd.Series:
    """Return counts of people; missing where the table has no count or a negative one."""
    form = "a whole number, such as 1234 or 1 234, of at most ten digits"
    vague = _find_vague(column)
    people, decimal = _read_number_column(table, column, called, form, vague=vague)
    counts = np.round(people)
    if (parts := np.flatnonzero((counts != people) & ~np.isnan(people))).size:
        if table.decimal and decimal not in {"", table.decimal}:
            # In a table with 51.20, 12,34 is probably a mistake for 1,234, not 12.34 people.
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
    metres, _ = _read_number_column(table, column, called, _METRES, unit="m")
    if (negative := np.flatnonzero(metres < 0)).size:
        raise _number_error(table, column, called, int(negative[0]), _METRES)
    return pd.Series(metres)


# Texts that consist of characters of numbers, and words that are not estimates of a number.
_NUMBER_CHARACTERS = re.compile(r"[\s\d.,'’+−-]*|[+-]?(?:[\d.,]+e[+-]?\d+|inf|infinity)")
_TRUTH = {
    "true", "false", "істина", "хибність", "истина", "ложь", "wahr", "falsch", "prawda", "fałsz",
}  # fmt: skip


def _find_vague(column: pd.Series) -> frozenset[int]:
    """Return the rows of texts such as "~1700" and "500–600", which are not exact numbers.

    The result is empty if most values are such texts: then the column holds something else.
    """
    filled = int(column.notna().sum())
    vague = frozenset(
        row
        for row, value in enumerate(column.tolist())
        if isinstance(value, str)
        and len(value) <= MAX_CHARACTERS
        and not _NUMBER_CHARACTERS.fullmatch(plain := value.strip().casefold())
        and plain not in _TRUTH
    )
    return vague if 2 * len(vague) <= filled else frozenset()


def _read_number_column(
    table: SourceTable,
    column: pd.Series,
    called: str,
    form: str,
    *,
    unit: str = "",
    vague: frozenset[int] = frozenset(),
) -> tuple[Floats, str]:
    """Return a column of numbers and its decimal mark; an error names the row of another value.

    All numbers of the column have one decimal mark. If no value proves it, we use the mark of the
    other numbers of the table. Values that mean "unknown", and those of the rows ``vague``, become
    missing, with a note.
    """
    found = read_number_column(column, table.decimal, mark=table.marks.get(called), unit=unit)
    wrong = np.flatnonzero(found.wrong).tolist()
    unknown = [row for row in wrong if row in vague or _is_not_known(column.iloc[row])]
    if len(unknown) < len(wrong):
        first = next(row for row in wrong if row not in set(unknown))
        raise _number_error(table, column, called, first, form)
    if unknown:
        texts = dict.fromkeys(quote_value(column.iloc[row]) for row in unknown)
        shown = ", ".join(list(texts)[:3]) + (" and others" if len(texts) > 3 else "")
        table.notes.append(
            f"values of {called} that are no sure numbers were taken as unknown ({shown}): "
            f"{table.cite_rows(unknown)}. Write a number, or leave them empty."
        )
    if found.unclear.any():
        rows = np.flatnonzero(found.unclear)
        raise DataError(
            f"Ambiguous {called} of {table.name}: {quote_value(column.iloc[rows[0]])} may have "
            "decimals or a mark between thousands, and no other number of the table shows which: "
            f"{table.cite_rows(rows)}. Write thousands without a mark, and decimals with a point."
        )
    return found.numbers, found.decimal


def _is_not_known(value: object) -> bool:
    return isinstance(value, str) and value.strip().casefold() in NOT_KNOWN


def _number_error(
    table: SourceTable, column: pd.Series, called: str, row: int, form: str
) -> DataError:
    return DataError(
        f"Invalid {called} in {table.cite_row(row)}: {quote_value(column.iloc[row])}. Must be "
        f"{form}, or empty."
    )


def prepare_number_texts(texts: pa.ChunkedArray, decimal: str) -> pa.ChunkedArray:
    """Return the texts of an Arrow column so that a cast to ``float64`` reads them as numbers.

    Surrounding spaces are removed, texts that mean "no coordinate" become null, and decimal commas
    become points if ``decimal`` is a comma. A text that is not a number stays as it is, so that the
    cast fails and the caller can name its row.

    >>> import pyarrow as pa
    >>> prepare_number_texts(pa.chunked_array([[" 51,2", "n/a"]]), ",").to_pylist()
    ['51.2', None]
    """
    import pyarrow as pa
    from pyarrow import compute as pc

    trimmed = pc.utf8_trim_whitespace(texts.cast(pa.string()))
    absent = pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(sorted(NO_COORDINATE)))
    prepared = pc.if_else(absent, pa.scalar(None, pa.string()), trimmed)
    if decimal == ",":
        # A point in such a number separates thousands or is a mistake: it must not be read.
        prepared = pc.replace_substring(prepared, ".", "_")
        prepared = pc.replace_substring(prepared, ",", ".")
    return prepared
