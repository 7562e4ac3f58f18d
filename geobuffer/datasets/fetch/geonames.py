"""Download the places of a country from the daily dump of GeoNames, with their alternate names.

Formats: https://download.geonames.org/export/dump/readme.txt
"""

from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING

import pandas as pd

from geobuffer.datasets.countries import describe_country
from geobuffer.datasets.fetch.cache import obtain
from geobuffer.datasets.fetch.check_content import check_zip, open_zip_member
from geobuffer.datasets.fetch.downloader import Wanted
from geobuffer.datasets.fetch.tables import Fetched, settlement_table
from geobuffer.errors import DataError
from geobuffer.zones.source import Source
from geobuffer.zones.toponyms import NAME_LANGUAGES

if TYPE_CHECKING:
    from pathlib import Path

    from geobuffer.datasets.fetch.downloader import Downloader, Obtained


_DUMP = (
    "geonameid", "name", "asciiname", "alternatenames", "latitude", "longitude", "class", "code",
    "country", "cc2", "admin1", "admin2", "admin3", "admin4", "population", "elevation", "dem",
    "timezone", "date",
)  # fmt: skip
_NAMES = (
    "id", "geonameid", "language", "name", "preferred", "short", "colloquial", "historic", "from",
    "to",
)  # fmt: skip

# Feature codes that we leave out: parts of a place, whose people are counted with the place, and
# abandoned, destroyed or historical places.
_EXCLUDED_CODES = {"PPLX", "PPLQ", "PPLW", "PPLH", "PPLCH"}

# Many positions come from a gazetteer that rounds to the minute of arc, which alone is some 600 m
# (one standard deviation, at 50° N). Compared with another table, places of GeoNames near the
# default border differed by 480 m in the median, and two thirds by less than 720 m.
_ACCURACY_M = 700.0


def places(how: Downloader, *, refresh: bool, country: str) -> Fetched:
    """Return the populated places of a country."""
    where = describe_country(country)
    code = where.alpha_2
    dump = _obtain_zip(how, f"{code}.zip", f"{code}.zip", code, refresh=refresh)
    extra = _obtain_zip(
        how, f"alternatenames/{code}.zip", f"{code}-names.zip", code, refresh=refresh
    )
    rows = _read_table(dump, f"{code}.txt", _DUMP)
    names = _best_names(_read_table(extra, f"{code}.txt", _NAMES))
    source = dataclasses.replace(dump.source, as_of=rows["date"].max())
    populated = rows[(rows["class"] == "P") & ~rows["code"].isin(_EXCLUDED_CODES)]
    return Fetched(
        settlement_table(_place_rows(populated, rows, names), source), (source, extra.source)
    )


def _obtain_zip(how: Downloader, path: str, name: str, code: str, *, refresh: bool) -> Obtained:
    what = "alternate names" if path != name else "places"
    source = Source(
        f"GeoNames, {what} of {code}", "GeoNames", licence="CC BY 4.0", accuracy_m=_ACCURACY_M,
        citation="GeoNames (https://www.geonames.org), CC BY 4.0.",
    )  # fmt: skip

    def check(file: Path) -> None:
        check_zip(file, how.size_cap_bytes)
        with open_zip_member(file, f"{code}.txt"):
            pass

    urls = tuple(f"{address}/{path}" for address in how.addresses("geonames"))
    return obtain(Wanted("geonames", name, urls, source, check), how, refresh=refresh)


def _read_table(file: Obtained, member: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read a table of GeoNames: UTF-8, tabs, no header, no quotes."""
    rows = []
    try:
        with open_zip_member(file.path, member) as packed:
            for number, line in enumerate(io.TextIOWrapper(packed, "utf-8", newline="\n"), 1):
                fields = line.rstrip("\r\n").split("\t")
                if len(fields) != len(columns):
                    raise DataError(
                        f"Invalid {member} in {file.path}, row {number}: {len(fields)} columns. "
                        f"Expected {len(columns)}. Fetch the file again with refresh."
                    )
                rows.append(fields)
    except UnicodeDecodeError as error:
        raise DataError(f"Invalid {member} in {file.path}: not UTF-8: {error}.") from error
    return pd.DataFrame(rows, columns=list(columns))


def _best_names(names: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return names by language and place: the preferred one, else the first that is in use."""
    in_use = names[(names["colloquial"] != "1") & (names["historic"] != "1")]
    ranked = in_use.sort_values("preferred", ascending=False, kind="stable")
    best: dict[str, dict[str, str]] = {}
    for language in NAME_LANGUAGES:
        rows = ranked[ranked["language"] == language].drop_duplicates("geonameid")
        best[language] = dict(zip(rows["geonameid"], rows["name"], strict=True))
    return best


def _place_rows(
    populated: pd.DataFrame, rows: pd.DataFrame, names: dict[str, dict[str, str]]
) -> pd.DataFrame:
    ids = populated["geonameid"]
    oblasts = rows[rows["code"] == "ADM1"].drop_duplicates("admin1").set_index("admin1")
    raions = rows[rows["code"] == "ADM2"].drop_duplicates(["admin1", "admin2"])
    raions = raions.set_index(raions["admin1"] + "." + raions["admin2"])
    raion = populated["admin1"] + "." + populated["admin2"]
    population = pd.to_numeric(populated["population"])
    return pd.DataFrame(
        {
            "id": "geonames:" + ids,
            "name_uk": ids.map(names["uk"]),
            "name_ru": ids.map(names["ru"]),
            "name_en": [
                names["en"].get(number, name)
                for number, name in zip(ids, populated["name"], strict=True)
            ],
            "kind": "populated place",
            "kind_local": populated["code"],
            "country": populated["country"],
            "oblast": populated["admin1"].map(oblasts["name"]),
            "raion_en": raion.map(raions["name"]),
            "population": population.where(population > 0),  # in the dump, 0 means unknown
            "longitude": populated["longitude"],
            "latitude": populated["latitude"],
        }
    )
