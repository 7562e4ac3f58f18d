"""Which column of a table is which: by the names that publishers give them, in three languages."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from geobuffer.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from geobuffer.reading.raw import Raw

# Names of columns, plain, by what they hold, the surest first. They are those of OpenStreetMap,
# GeoNames, HDX, geoBoundaries, GADM and Natural Earth, of Wikidata, and of tables in Ukrainian and
# Russian.
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

# Columns of nested units, of which the deepest is the one that names a row: HDX and GADM.
_NESTED = re.compile(r"(?:adm(\d)_(en|ua|uk|ru)|name_(\d))")

# Long enough that a column which goes on after them ("Широта, градусы") is still meant.
_LONG = ("longitude", "latitude", "довгота", "долгота", "широта")


def plain(name: object) -> str:
    """Return a column's name in small letters, with what parts words as underscores.

    >>> plain("Населений пункт "), plain("name:en"), plain("ISO3166-2")
    ('населений_пункт', 'name_en', 'iso3166_2')
    """
    text = unicodedata.normalize("NFC", str(name)).casefold().replace("ё", "е")
    return re.sub(r"[\W_]+", "_", text).strip("_")


def find(columns: Iterable[object], wanted: Sequence[str]) -> list[str]:
    """Return the columns of the surest of the wanted names that any has.

    >>> find(["Lat", "LATITUDE", "y"], LATITUDE)
    ['LATITUDE']
    >>> find(["Широта, градусы"], LATITUDE)
    ['Широта, градусы']
    """
    by_name: dict[str, list[str]] = {}
    for column in columns:
        by_name.setdefault(plain(column), []).append(str(column))
    for name in wanted:
        if name in by_name:
            return by_name[name]
    begun = [word for word in _LONG if word in wanted]
    return [
        column
        for name, of_name in by_name.items()
        if any(name.startswith(f"{word}_") for word in begun)
        for column in of_name
    ]


def named(raw: Raw, column: str, option: str) -> str:
    """Return a column that the caller names.

    Raises
    ------
    DataError
        There is none of that name; the message suggests the nearest.
    """
    columns = [str(c) for c in raw.frame.columns]
    if column not in columns:
        hint = did_you_mean(column, columns) if columns else "It has no columns."
        raise DataError(f"Invalid {option} {column!r} of {raw.name}: no such column. {hint}")
    return column


def name_column(raw: Raw, given: str | None) -> str:
    """Return the column of names: the one given, or the one that is plainly meant.

    Raises
    ------
    DataError
        There is none of the name given, or none or several that may be meant.
    """
    if given is not None:
        return named(raw, given, "name")
    columns = [str(column) for column in raw.frame.columns]
    texts = [c for c in columns if raw.frame[c].map(lambda v: isinstance(v, str)).any()]
    found = _candidates(texts)
    if len(found) == 1:
        return found[0]
    shown = ", ".join(repr(c) for c in (found or texts or columns)[:12]) or "none"
    what = "several columns may hold" if found else "no column is known to hold"
    raise DataError(f"Ambiguous {raw.name}: {what} the names. Tell name=: {shown}.")


def _candidates(texts: Sequence[str]) -> list[str]:
    for wanted in (NAME[:1], NAMES["en"], NAME):
        if found := find(texts, wanted):
            return found
    if deepest := _deepest(texts):
        return deepest
    for language in ("uk", "ru"):
        if found := find(texts, NAMES[language]):
            return found
    ending = [c for c in texts if plain(c).endswith("_name")]
    return ending or (list(texts) if len(texts) == 1 else [])


def _deepest(columns: Sequence[str], language: str = "") -> list[str]:
    """Return the column of the deepest of nested units; in English, if no language is asked for.

    >>> _deepest(["ADM0_EN", "ADM1_EN", "ADM1_UA"]), _deepest(["ADM0_EN", "ADM1_UA"], "uk")
    (['ADM1_EN'], ['ADM1_UA'])
    """
    codes = {"uk": ("uk", "ua"), "": ("en", None)}.get(language, (language,))
    found: dict[int, list[str]] = {}
    for column in columns:
        match = _NESTED.fullmatch(plain(column))
        if match and match[2] in codes:
            found.setdefault(int(match[1] or match[3]), []).append(column)
    return found[max(found)] if found else []


def name_columns(raw: Raw, given: Mapping[str, str]) -> dict[str, str]:
    """Return the columns of names by language: those given, and those whose name tells.

    Raises
    ------
    DataError
        A column given is not there.
    """
    columns = [str(column) for column in raw.frame.columns]
    found: dict[str, str] = {}
    for language, wanted in NAMES.items():
        candidates = find(columns, wanted) or _deepest(columns, language)
        if len(candidates) == 1:
            found[language] = candidates[0]
    return found | {
        language: named(raw, column, f"names[{language!r}]") for language, column in given.items()
    }
