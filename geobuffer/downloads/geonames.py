"""GeoNames: the places of a country, from its daily dump, with names from the alternate names.

Formats: https://download.geonames.org/export/dump/readme.txt
"""

from __future__ import annotations

import csv
import dataclasses
from typing import TYPE_CHECKING

import pandas as pd

from geobuffer.downloads.cache import obtain
from geobuffer.downloads.content import check_zip, opened_member
from geobuffer.downloads.countries import country_of
from geobuffer.downloads.downloader import Wanted
from geobuffer.downloads.tables import Fetched, settlement_table
from geobuffer.errors import DataError
from geobuffer.model import Source
from geobuffer.names import LANGUAGES

if TYPE_CHECKING:
    from pathlib import Path

    from geobuffer.downloads.downloader import Downloader, Obtained

_DUMP = (
    "geonameid", "name", "asciiname", "alternatenames", "latitude", "longitude", "class", "code",
    "country", "cc2", "admin1", "admin2", "admin3", "admin4", "population", "elevation", "dem",
    "timezone", "date",
)  # fmt: skip
_NAMES = (
    "id", "geonameid", "language", "name", "preferred", "short", "colloquial", "historic", "from",
    "to",
)  # fmt: skip

# Populated places that are no place of their own to count people in: parts of a place, whose
# people are counted with it, and places that are abandoned, destroyed or only of history.
_NO_PLACE = {"PPLX", "PPLQ", "PPLW", "PPLH", "PPLCH"}

# Many positions descend from a gazetteer that gives them to the minute of arc, which alone is
# some 600 m (one standard deviation, at 50° N); held against another table, places of GeoNames
# near the default border differed by 480 m in the median, two thirds by less than 720 m.
_ACCURACY_M = 700.0


def places(how: Downloader, *, refresh: bool, country: str) -> Fetched:
    """Return the populated places of a country."""
    where = country_of(country)
    code = where.alpha_2
    dump = _file(how, f"{code}.zip", f"{code}.zip", code, refresh=refresh)
    extra = _file(how, f"alternatenames/{code}.zip", f"{code}-names.zip", code, refresh=refresh)
    rows = _read(dump, f"{code}.txt", _DUMP)
    names = _best_names(_read(extra, f"{code}.txt", _NAMES))
    source = dataclasses.replace(dump.source, as_of=rows["date"].max())
    kept = rows[(rows["class"] == "P") & ~rows["code"].isin(_NO_PLACE)]
    return Fetched(settlement_table(_table(kept, rows, names), source), (source, extra.source))


def _file(how: Downloader, path: str, name: str, code: str, *, refresh: bool) -> Obtained:
    what = "alternate names" if path != name else "places"
    source = Source(
        f"GeoNames, {what} of {code}", "GeoNames", licence="CC BY 4.0", accuracy_m=_ACCURACY_M,
        citation="GeoNames (https://www.geonames.org), CC BY 4.0.",
    )  # fmt: skip

    def check(file: Path) -> None:
        check_zip(file, how.size_cap_bytes)
        with opened_member(file, f"{code}.txt"):
            pass

    urls = tuple(f"{address}/{path}" for address in how.addresses("geonames"))
    return obtain(Wanted("geonames", name, urls, source, check), how, refresh=refresh)


def _read(file: Obtained, member: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read a table of GeoNames: tabs, no header, no quotes, and Namibia is called NA."""
    try:
        with opened_member(file.path, member) as text:
            table = pd.read_csv(
                text, sep="\t", header=None, dtype="str", quoting=csv.QUOTE_NONE,
                keep_default_na=False, na_values=[], encoding="utf-8", index_col=False,
            )  # fmt: skip
    except pd.errors.EmptyDataError:
        table = pd.DataFrame(columns=range(len(columns)), dtype="str")
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise DataError(f"Invalid {member} in {file.path}: {error}.") from error
    short = table.isna().any(axis=1).to_numpy()
    if table.shape[1] != len(columns) or short.any():
        row = int(short.argmax()) + 1 if short.any() else 1
        raise DataError(
            f"Invalid {member} in {file.path}, row {row}: it has not {len(columns)} columns. "
            "Must have them all."
        )
    return table.set_axis(list(columns), axis=1)


def _best_names(names: pd.DataFrame) -> dict[str, pd.Series[str]]:
    """Return a name for each place by language: the preferred one, else the first of today's."""
    today = names[(names["colloquial"] != "1") & (names["historic"] != "1")]
    ranked = today.sort_values("preferred", ascending=False, kind="stable")
    return {
        language: ranked[ranked["language"] == language]
        .drop_duplicates("geonameid")
        .set_index("geonameid")["name"]
        for language in LANGUAGES
    }


def _table(
    kept: pd.DataFrame, rows: pd.DataFrame, names: dict[str, pd.Series[str]]
) -> pd.DataFrame:
    ids = kept["geonameid"]
    oblasts = rows[rows["code"] == "ADM1"].drop_duplicates("admin1").set_index("admin1")
    raions = rows[rows["code"] == "ADM2"].drop_duplicates(["admin1", "admin2"])
    raions = raions.set_index(raions["admin1"] + "." + raions["admin2"])
    raion = kept["admin1"] + "." + kept["admin2"]
    population = pd.to_numeric(kept["population"])
    return pd.DataFrame(
        {
            "id": "geonames:" + ids,
            "name_uk": ids.map(names["uk"]),
            "name_ru": ids.map(names["ru"]),
            "name_en": ids.map(names["en"]).fillna(kept["name"]),
            "kind": "populated place",
            "kind_local": kept["code"],
            "country": kept["country"],
            "oblast": kept["admin1"].map(oblasts["name"]),
            "raion_en": raion.map(raions["name"]),
            "population": population.where(population > 0),  # 0 is how the dump says unknown
            "longitude": kept["longitude"],
            "latitude": kept["latitude"],
        }
    )
