"""Where a table lists its places, by country and oblast, and whether their points agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geobuffer.geodesy.ellipsoid import Floats, holds
from geobuffer.io.point_tables import listed
from geobuffer.zones.toponyms import find_other_names, fold_name, fold_region_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from geobuffer.zones.region import Region

    Flags = NDArray[np.bool_]


# Codes of three letters and full names that gazetteers of these countries use, folded.
_ALSO = {
    "ukr": "UA", "rus": "RU", "blr": "BY", "russian federation": "RU",
    "россииская федерация": "RU", "росииска федерация": "RU",
}  # fmt: skip


def listed_country(table: pd.DataFrame | pd.Series, regions: Iterable[Region]) -> pd.Series:
    """Return the code of the country that lists each row; missing where none is known to.

    A name counts as well as a code, in the column ``country`` or, where that is empty,
    ``country_name``: those of the regions' countries are known in their languages.

    Examples
    --------
    >>> import geobuffer as gb
    >>> table = pd.DataFrame({"country": ["ua", "Россия", "Utopia", None]})
    >>> listed_country(table, gb.load_regions()).tolist()
    ['UA', 'RU', None, None]
    """
    known = dict(_ALSO)
    for region in regions:
        names = (region.country, *region.country_names.values())
        known |= {fold_name(name): region.country for name in names if name}

    def code(value: str) -> str | None:
        text = value.strip()
        is_code = len(text) == 2 and text.isascii() and text.isalpha()
        return text.upper() if is_code else known.get(fold_name(text))

    country = listed(table, "country")
    given = country.where(country.notna(), listed(table, "country_name"))
    codes = {value: code(value) for value in given.unique() if isinstance(value, str)}
    # Not by map(), which makes a column of nothing but gaps one of numbers.
    return pd.Series([codes.get(value) for value in given], index=table.index, dtype=object)


def contradictions(
    table: gpd.GeoDataFrame | gpd.GeoSeries, regions: Iterable[Region], lon: Floats, lat: Floats
) -> tuple[NDArray[np.object_], Flags]:
    """Tell where a row's country or oblast contradicts its point, and where its country does.

    Oblasts are compared by ``oblast_iso``; a row without it, by the name in ``oblast``, if that is
    one of the regions' or, of a region named after a known town, another town's.
    """
    regions = list(regions)
    said = np.full(len(lon), "", dtype=object)
    wrong_country = np.zeros(len(lon), dtype=bool)
    country = listed_country(table, regions).to_numpy()
    iso, named = listed(table, "oblast_iso"), listed(table, "oblast").astype(object)
    oblast = named.where(named.notna(), iso).to_numpy()
    known = _known_oblasts(iso, named, country, regions)
    for region, (here, elsewhere) in zip(regions, known, strict=True):
        if not (here.any() or elsewhere.any() or pd.notna(country).any()):
            continue
        there = holds(region.geometry, lon, lat)
        abroad = there & pd.notna(country) & (country != region.country).astype(bool)
        abroad &= bool(region.country)
        absent = ~there & here & np.isfinite(lon)
        for row in np.flatnonzero(absent & (said == "")):
            said[row] = f"listed in {oblast[row]}, but its point lies outside it"
        for row in np.flatnonzero((there & elsewhere) | abroad):
            lists = country[row] if abroad[row] else oblast[row]
            said[row] = f"listed in {lists}, but its point lies in {region.name}"
        wrong_country |= abroad
    return said, wrong_country


def _known_oblasts(
    iso: pd.Series, named: pd.Series, country: NDArray[np.object_], regions: Sequence[Region]
) -> list[tuple[Flags, Flags]]:
    """Tell for each region which rows are listed in it, and which surely in another."""
    coded = iso.notna().to_numpy()
    # Each name and country once, and −1 where there is none: the last of what is told of them.
    name_number, names = pd.factorize(named.where(~coded).to_numpy(dtype=object))
    country_number, countries = pd.factorize(country)
    keys = [fold_region_name(name) if isinstance(name, str) else "" for name in names]
    spelled = [_spellings(region) for region in regions]
    all_spelled = set().union(*spelled)
    found = []
    for region, mine in zip(regions, spelled, strict=True):
        # A country's or a park's code is no oblast's.
        is_oblast = "-" in region.iso
        here = (iso == region.iso).to_numpy(dtype=bool, na_value=False) & is_oblast
        elsewhere = coded & ~here & is_oblast
        is_town = any(find_other_names(key) for key in mine)
        told = [
            (k in mine, k in all_spelled or (is_town and bool(find_other_names(k)))) for k in keys
        ]
        its_own, known = np.array([*told, (False, False)], dtype=bool)[name_number].T
        # There are namesakes in two countries.
        agrees = [not region.country or code == region.country for code in countries]
        here |= its_own & np.array([*agrees, True], dtype=bool)[country_number]
        elsewhere |= known & ~its_own
        found.append((here, elsewhere))
    return found


def _spellings(region: Region) -> set[str]:
    names = {fold_region_name(name) for name in (region.name, *region.names.values()) if name}
    return names | {other for name in names for other in find_other_names(name)}
