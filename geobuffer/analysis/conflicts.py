"""Compare the country and oblast that a table lists for each place with its point."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from geobuffer.errors import DataError
from geobuffer.geodesy.ellipsoid import Floats, Ints, covers_points
from geobuffer.zones.arguments import describe_type
from geobuffer.zones.toponyms import find_other_names, fold_name, fold_region_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from geobuffer.zones.region import Region

    Flags = NDArray[np.bool_]


# Codes of three letters and full names that gazetteers of these countries use, in folded spelling.
_COUNTRY_ALIASES = {
    "ukr": "UA", "rus": "RU", "blr": "BY", "russian federation": "RU",
    "россииская федерация": "RU", "росииска федерация": "RU",
}  # fmt: skip


def find_listed_country(table: pd.DataFrame | pd.Series, regions: Iterable[Region]) -> pd.Series:
    """Return the code of the country that lists each row; missing if it is unknown.

    The column ``country``, or where it is empty ``country_name``, may hold a code or a name. Names
    of the countries of the regions are known in all languages that the regions give.

    Examples
    --------
    >>> import geobuffer as gb
    >>> table = pd.DataFrame({"country": ["ua", "Россия", "Utopia", None]})
    >>> find_listed_country(table, gb.load_regions()).tolist()
    ['UA', 'RU', None, None]
    """
    number, values = _number_values("country", read_listing(table).country, len(table))
    codes = [*_read_country_codes(values, regions), None]
    return pd.Series([codes[at] for at in number], index=table.index, dtype=object)


class Listing(NamedTuple):
    """Where a table lists each place: arrays of texts, or one text for all; None if unstated."""

    country: Any = None
    """Codes or names of countries."""
    oblast: Any = None
    """Names of oblasts."""
    oblast_iso: Any = None
    """ISO 3166-2 codes of oblasts."""


def read_listing(table: pd.DataFrame | pd.Series) -> Listing:
    """Return where a table lists its places; ``country_name`` fills the gaps of ``country``."""

    def column(name: str) -> Any:
        return table[name].to_numpy(dtype=object) if name in getattr(table, "columns", ()) else None

    return Listing(
        fill_gaps(column("country"), column("country_name")),
        column("oblast"),
        column("oblast_iso"),
    )


def fill_gaps(texts: Any, others: Any) -> Any:
    """Return texts, and the others where a text is missing or blank.

    Examples
    --------
    >>> fill_gaps(["UA", None, " "], ["Ukraine", "Russia", None]).tolist()
    ['UA', 'Russia', None]
    """
    if texts is None or others is None:
        return others if texts is None else texts
    number, _ = _number_values("country", texts, len(texts))
    return np.where(number < 0, np.asarray(others, dtype=object), np.asarray(texts, dtype=object))


class Conflicts(NamedTuple):
    """What :func:`find_conflicts` found: one entry for each row of a table."""

    sentences: NDArray[np.object_]
    """How the country or oblast contradicts the point; ``""`` if it does not."""
    wrong_country: Flags
    """Whether another country lists the place than the one that holds its point."""
    unlisted: Flags
    """Whether no country lists the place."""


def find_conflicts(
    listing: Listing, regions: Iterable[Region], lon: Floats, lat: Floats
) -> Conflicts:
    """Find the places whose listed country or oblast contradicts their points.

    Oblasts are compared by ``oblast_iso``. A place without it is compared by the name in
    ``oblast``, if that is the name of one of the regions. For a region that is named after a known
    town, the name of another known town counts as another oblast. Each place is compared with the
    regions alone, so the other places of a table do not change what is found.
    """
    count = len(lon)
    if all(column is None for column in listing):
        return Conflicts(*(repeat_value(value, count) for value in ("", False, True)))
    regions = list(regions)
    sentences = np.full(count, "", dtype=object)
    wrong_country = np.zeros(count, dtype=bool)
    country, countries = _number_values("country", listing.country, count)
    codes = [*_read_country_codes(countries, regions), None]
    oblast = _number_values("oblast", listing.oblast, count)
    iso = _number_values("oblast_iso", listing.oblast_iso, count)

    def read_row(row: np.signedinteger) -> Any:
        number, values = oblast if oblast[0][row] >= 0 else iso
        return values[number[row]]

    known = _compare_oblasts(iso, oblast, (country, codes), regions)
    for region, (here, elsewhere) in zip(regions, known, strict=True):
        abroad = np.array(
            [bool(region.country) and code not in {None, region.country} for code in codes]
        )[country]
        if not (here.any() or elsewhere.any() or abroad.any()):
            continue
        there = covers_points(region.geometry, lon, lat)
        abroad &= there
        absent = ~there & here & np.isfinite(lon)
        for row in np.flatnonzero(absent):
            if not sentences[row]:
                sentences[row] = f"listed in {read_row(row)}, but its point lies outside it"
        for row in np.flatnonzero((there & elsewhere) | abroad):
            lists = codes[country[row]] if abroad[row] else read_row(row)
            sentences[row] = f"listed in {lists}, but its point lies in {region.name}"
        wrong_country |= abroad
    return Conflicts(sentences, wrong_country, np.array([code is None for code in codes])[country])


# If you ask about one point after another, you get the same arrays: to make them again takes as
# long as to test the side of the point. A table needs one size or two.
@lru_cache(maxsize=64, typed=True)
def repeat_value(value: str | float, count: int) -> NDArray[Any]:
    """Return a read-only array that stores one value, however many rows it has.

    Examples
    --------
    >>> repeat_value(0.5, 3).tolist(), repeat_value("", 2).tolist()
    ([0.5, 0.5, 0.5], ['', ''])
    """
    one = np.array(value, dtype=object if isinstance(value, str) else None)
    # The array is shared, so no caller may make it writable again.
    one.flags.writeable = False
    return np.broadcast_to(one, count)


def _number_values(name: str, values: Any, count: int) -> tuple[Ints, list[Any]]:
    """Return the number of each value in a list of different ones; −1 if missing or blank.

    So we look at each name once, however many rows have it.

    Raises
    ------
    DataError
        A value is a list, a dict or another object that cannot be a key.
    """
    if values is None:
        return np.full(count, -1), []
    texts = np.broadcast_to(np.asarray(values, dtype=object), count)
    try:
        number, different = pd.factorize(texts)
    except TypeError as error:
        row = next(row for row, value in enumerate(texts) if not _is_hashable(value))
        raise DataError(
            f"Invalid {name} at position {row}: {describe_type(texts[row])}. Must be a text, or "
            "missing.",
            parameter=name,
        ) from error
    blank = [isinstance(value, str) and not value.strip() for value in different]
    return np.where(np.array([*blank, True])[number], -1, number), list(different)


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _read_country_codes(values: Iterable[Any], regions: Iterable[Region]) -> list[str | None]:
    """Return the codes that codes or names of countries stand for; None if one is unknown."""
    known = dict(_COUNTRY_ALIASES)
    for region in regions:
        names = (region.country, *region.country_names.values())
        known |= {fold_name(name): region.country for name in names if name}

    def code(value: Any) -> str | None:
        text = value.strip() if isinstance(value, str) else ""
        is_code = len(text) == 2 and text.isascii() and text.isalpha()
        return text.upper() if is_code else known.get(fold_name(text))

    return [code(value) for value in values]


def _compare_oblasts(
    iso: tuple[Ints, list[Any]],
    named: tuple[Ints, list[Any]],
    country: tuple[Ints, list[str | None]],
    regions: Sequence[Region],
) -> list[tuple[Flags, Flags]]:
    """Return for each region which rows are listed in it, and which are surely listed elsewhere.

    Columns come as numbers and the values that these stand for.
    """
    coded = iso[0] >= 0
    # The number −1 (missing) takes the last entry below.
    name_number = np.where(coded, -1, named[0])
    keys = [fold_region_name(name) if isinstance(name, str) else "" for name in named[1]]
    spelled = [_region_spellings(region) for region in regions]
    all_spelled = set().union(*spelled)
    found = []
    for region, mine in zip(regions, spelled, strict=True):
        # Only codes with a hyphen are codes of oblasts; others stand for a country or a park.
        is_oblast = "-" in region.iso
        here = np.array([*(is_oblast and code == region.iso for code in iso[1]), False])[iso[0]]
        elsewhere = coded & ~here & is_oblast
        is_town = any(find_other_names(key) for key in mine)
        flags = [
            (k in mine, k in all_spelled or (is_town and bool(find_other_names(k)))) for k in keys
        ]
        its_own, known = np.array([*flags, (False, False)], dtype=bool)[name_number].T
        # Two countries may have oblasts of the same name, so the country must agree as well. A
        # place that no country lists has the last entry.
        agrees = [not region.country or code in {None, region.country} for code in country[1]]
        here = here | (its_own & np.array(agrees)[country[0]])
        elsewhere = elsewhere | (known & ~its_own)
        found.append((here, elsewhere))
    return found


def _region_spellings(region: Region) -> set[str]:
    names = {fold_region_name(name) for name in (region.name, *region.names.values()) if name}
    return names | {other for name in names for other in find_other_names(name)}
