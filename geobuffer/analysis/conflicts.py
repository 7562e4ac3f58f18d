"""Compare the country and oblast that a table lists for each place with its point."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from geobuffer.geodesy.ellipsoid import Floats, covers_points
from geobuffer.io.point_tables import get_column
from geobuffer.zones.toponyms import find_other_names, fold_name, fold_region_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import geopandas as gpd
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
    known = dict(_COUNTRY_ALIASES)
    for region in regions:
        names = (region.country, *region.country_names.values())
        known |= {fold_name(name): region.country for name in names if name}

    def code(value: str) -> str | None:
        text = value.strip()
        is_code = len(text) == 2 and text.isascii() and text.isalpha()
        return text.upper() if is_code else known.get(fold_name(text))

    country = get_column(table, "country")
    given = country.where(country.notna(), get_column(table, "country_name"))
    codes = {value: code(value) for value in given.unique() if isinstance(value, str)}
    # Series.map() would turn a column of missing values alone into a column of numbers.
    return pd.Series([codes.get(value) for value in given], index=table.index, dtype=object)


class Conflicts(NamedTuple):
    """What :func:`find_conflicts` found: one entry for each row of a table."""

    sentences: NDArray[np.object_]
    """How the country or oblast contradicts the point; ``""`` if it does not."""
    wrong_country: Flags
    """Whether another country lists the place than the one that holds its point."""
    unlisted: Flags
    """Whether no country lists the place."""


def find_conflicts(
    table: gpd.GeoDataFrame | gpd.GeoSeries, regions: Iterable[Region], lon: Floats, lat: Floats
) -> Conflicts:
    """Find the rows whose country or oblast contradicts their points.

    Oblasts are compared by ``oblast_iso``. A row without it is compared by the name in ``oblast``,
    if that is the name of one of the regions. For a region that is named after a known town, the
    name of another known town counts as another oblast.
    """
    regions = list(regions)
    sentences = np.full(len(lon), "", dtype=object)
    wrong_country = np.zeros(len(lon), dtype=bool)
    country = find_listed_country(table, regions).to_numpy()
    iso, named = get_column(table, "oblast_iso"), get_column(table, "oblast").astype(object)
    oblast = named.where(named.notna(), iso).to_numpy()
    known = _compare_oblasts(iso, named, country, regions)
    for region, (here, elsewhere) in zip(regions, known, strict=True):
        if not (here.any() or elsewhere.any() or pd.notna(country).any()):
            continue
        there = covers_points(region.geometry, lon, lat)
        abroad = there & pd.notna(country) & (country != region.country).astype(bool)
        abroad &= bool(region.country)
        absent = ~there & here & np.isfinite(lon)
        for row in np.flatnonzero(absent & (sentences == "")):
            sentences[row] = f"listed in {oblast[row]}, but its point lies outside it"
        for row in np.flatnonzero((there & elsewhere) | abroad):
            lists = country[row] if abroad[row] else oblast[row]
            sentences[row] = f"listed in {lists}, but its point lies in {region.name}"
        wrong_country |= abroad
    return Conflicts(sentences, wrong_country, pd.isna(country))


def _compare_oblasts(
    iso: pd.Series, named: pd.Series, country: NDArray[np.object_], regions: Sequence[Region]
) -> list[tuple[Flags, Flags]]:
    """Return for each region which rows are listed in it, and which are surely listed elsewhere."""
    coded = iso.notna().to_numpy()
    # We look at each name and country once. The number −1 (missing) takes the last entry below.
    name_number, names = pd.factorize(named.where(~coded).to_numpy(dtype=object))
    country_number, countries = pd.factorize(country)
    keys = [fold_region_name(name) if isinstance(name, str) else "" for name in names]
    spelled = [_region_spellings(region) for region in regions]
    all_spelled = set().union(*spelled)
    found = []
    for region, mine in zip(regions, spelled, strict=True):
        # Only codes with a hyphen are codes of oblasts; others stand for a country or a park.
        is_oblast = "-" in region.iso
        here = (iso == region.iso).to_numpy(dtype=bool, na_value=False) & is_oblast
        elsewhere = coded & ~here & is_oblast
        is_town = any(find_other_names(key) for key in mine)
        flags = [
            (k in mine, k in all_spelled or (is_town and bool(find_other_names(k)))) for k in keys
        ]
        its_own, known = np.array([*flags, (False, False)], dtype=bool)[name_number].T
        # Two countries may have oblasts of the same name, so the country must agree as well.
        agrees = [not region.country or code == region.country for code in countries]
        here |= its_own & np.array([*agrees, True], dtype=bool)[country_number]
        elsewhere |= known & ~its_own
        found.append((here, elsewhere))
    return found


def _region_spellings(region: Region) -> set[str]:
    names = {fold_region_name(name) for name in (region.name, *region.names.values()) if name}
    return names | {other for name in names for other in find_other_names(name)}
