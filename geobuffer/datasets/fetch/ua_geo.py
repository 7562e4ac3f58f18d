"""Download the places and regions of Ukraine from ua-geo.

ua-geo joins the official register of places (KATOTTG) to positions and outlines of OpenStreetMap:
https://github.com/alexbabintsev/ua-geo, release v0.1.0. ``katottg.csv`` is the register with
positions, ``boundaries.geojson.gz`` has the outlines. Columns may have one of several names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from geobuffer.datasets.countries import describe_country, ukraine_iso
from geobuffer.datasets.fetch.cache import obtain
from geobuffer.datasets.fetch.check_content import check_text, read_zipped_features
from geobuffer.datasets.fetch.downloader import Wanted
from geobuffer.datasets.fetch.tables import (
    Fetched,
    Outline,
    parse_level,
    regions_of,
    settlement_table,
    shape_of,
)
from geobuffer.errors import DataError
from geobuffer.zones.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from geobuffer.datasets.fetch.downloader import Downloader, Obtained


# Names of each column, the most likely first.
_COLUMN_NAMES = {
    "code": ("katottg", "code", "katottg_code", "id"),
    "name": ("name", "name_uk", "title"),
    "category": ("category", "kind", "type"),
    "latitude": ("lat", "latitude"),
    "longitude": ("lon", "lng", "longitude"),
}
_NEEDED_COLUMNS = ("code", "name", "latitude", "longitude")

# Categories of the register for places where people live. K stands for the two cities that are
# oblasts. The register has the letters both in Latin and in Cyrillic.
_KINDS = {
    "K": "city", "К": "city", "M": "city", "М": "city", "X": "settlement", "Х": "settlement",
    "C": "village", "С": "village",
}  # fmt: skip

# A point within the outline of the place in OpenStreetMap.
_PLACE_ACCURACY_M = 200.0
_BORDER_ACCURACY_M = 10.0

_CODE_PATTERN = r"UA\d{17}"


def places(how: Downloader, *, refresh: bool) -> Fetched:
    """Return the places of Ukraine that have a position, with their official codes."""
    file = _obtain_file(how, "katottg.csv", _check_table, _PLACE_ACCURACY_M, refresh=refresh)
    table = _read_table(file.path)
    names = table.set_index("code")["name"]
    levels = table["code"].map(level_of_code)
    # Kyiv and Sevastopol are both places and oblasts.
    cities = (levels == 1) & table["code"].str[2:4].isin(["80", "85"])
    located = table[((levels == 4) | cities) & table["latitude"].ne("") & table["longitude"].ne("")]
    return Fetched(settlement_table(_place_rows(located, names), file.source), (file.source,))


def boundaries(how: Downloader, *, refresh: bool, level: int = 1) -> Fetched:
    """Return the regions of Ukraine: oblasts (1), raions (2), hromadas (3) or places (4)."""
    level = parse_level(level, deepest=4)

    def check(path: Path) -> None:
        read_zipped_features(path, how.size_cap_bytes)

    file = _obtain_file(how, "boundaries.geojson.gz", check, _BORDER_ACCURACY_M, refresh=refresh)
    features = read_zipped_features(file.path, how.size_cap_bytes)
    outlines = [o for o in map(_make_outline, features) if level_of_code(o.code) == level]
    if not outlines:
        raise DataError(f"Invalid {file.path}: no regions of level {level}. Expected one or more.")
    return Fetched(regions_of(outlines, describe_country("UA"), file.source), (file.source,))


def level_of_code(code: str) -> int:
    """Return the level of a KATOTTG code: oblast 1, raion 2, hromada 3, place 4, city district 5.

    The code has two digits for the oblast, two for the raion, three for the hromada, three for
    the place and two for the district, or zeros for levels below its own. Five more digits make
    the code unique.

    Examples
    --------
    >>> [level_of_code(c) for c in ("UA59000000000057109", "UA59080330010086784")]
    [1, 4]
    """
    parts = (code[4:6], code[6:9], code[9:12], code[12:14])
    return 1 + max((n for n, part in enumerate(parts, 1) if part.strip("0")), default=0)


def _obtain_file(
    how: Downloader, name: str, check: Callable[[Path], object], accuracy_m: float, *, refresh: bool
) -> Obtained:
    source = Source(
        f"ua-geo, {name}",
        "Ministry for Development of Communities and Territories of Ukraine; OpenStreetMap "
        "contributors, by way of ua-geo",
        licence="ODbL 1.0", version="v0.1.0", as_of="2026-07", accuracy_m=accuracy_m,
        citation="© OpenStreetMap contributors, ODbL 1.0; KATOTTG; ua-geo v0.1.0.",
    )  # fmt: skip
    urls = tuple(f"{address}/{name}" for address in how.addresses("ua-geo"))
    return obtain(Wanted("ua-geo", name, urls, source, check), how, refresh=refresh)


def _check_table(path: Path) -> None:
    _read_table(path)


def _read_table(path: Path) -> pd.DataFrame:
    check_text(path)
    try:
        table = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, pd.errors.ParserError) as error:  # UnicodeDecodeError is a ValueError
        raise DataError(f"Invalid {path.name}: not CSV: {error}.") from error
    chosen = _find_columns(table.columns)
    if missing := [name for name in _NEEDED_COLUMNS if name not in chosen]:
        raise DataError(
            f"Invalid {path.name}: no column for {', '.join(missing)} among "
            f"{', '.join(map(str, table.columns))}. Use one of "
            f"{', '.join(s for name in missing for s in _COLUMN_NAMES[name])}."
        )
    named = table[list(chosen.values())].set_axis(list(chosen), axis=1)
    wrong = ~named["code"].str.fullmatch(_CODE_PATTERN)
    if wrong.any() or named.empty:
        row = int(wrong.to_numpy().argmax()) + 2 if wrong.any() else 2  # line 1 is the header
        shown = repr(named["code"].iloc[row - 2]) if wrong.any() else "nothing"
        raise DataError(f"Invalid {path.name}, row {row}: code {shown}. Expected UA and 17 digits.")
    return named


def _find_columns(columns: Iterable[Any]) -> dict[str, Any]:
    lower = {str(column).strip().lower(): column for column in columns}
    return {
        name: lower[found]
        for name, spellings in _COLUMN_NAMES.items()
        if (found := next((s for s in spellings if s in lower), None)) is not None
    }


def _place_rows(located: pd.DataFrame, names: pd.Series[str]) -> pd.DataFrame:
    # The code of a region is its digits, then zeros, then a number. So we find the region of a
    # place by the first digits of the place's code.
    above = {
        digits: {str(c)[:digits]: n for c, n in names.items() if level_of_code(str(c)) == level}
        for level, digits in ((1, 4), (2, 6), (3, 9))
    }
    codes = {str(c)[:9]: str(c) for c in names.index if level_of_code(str(c)) == 3}
    code = located["code"]
    category = located.get("category", pd.Series("", index=located.index))
    return pd.DataFrame(
        {
            "id": "katottg:" + code,
            "name_uk": located["name"],
            "kind": category.str.strip().str.upper().map(_KINDS).fillna("populated place"),
            "kind_local": category.where(category != ""),
            "country": "UA",
            "oblast_iso": code.map(ukraine_iso),
            "oblast": code.str[:4].map(above[4]),
            "raion": code.str[:6].map(above[6]),
            "hromada": code.str[:9].map(above[9]),
            "hromada_code": code.str[:9].map(codes),
            "code": code,
            "code_system": "KATOTTG",
            "longitude": located["longitude"],
            "latitude": located["latitude"],
        }
    )


def _make_outline(feature: dict[str, Any]) -> Outline:
    facts = feature["properties"]
    chosen = _find_columns(facts)
    if "code" not in chosen or "name" not in chosen:
        raise DataError(
            f"Invalid boundaries of ua-geo: no code or name among {', '.join(map(str, facts))}."
        )
    code, name = str(facts[chosen["code"]]), str(facts[chosen["name"]])
    iso = ukraine_iso(code) if level_of_code(code) == 1 else ""
    return Outline(name, shape_of(feature, name), {"uk": name}, iso, code)
