"""Find data in the cache that were fetched earlier, without a network, for ``--fetched``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geobuffer as gb
from geobuffer.cli.output import print_note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from geobuffer.datasets.fetch.tables import Fetched


# The bundled places reach 60 km from their border. We read a little farther, because another table
# may put the same place farther away.
_REACH_KM = 80.0


def load_fetched_places(border: gb.Border, regions: Iterable[gb.Region]) -> list[gpd.GeoDataFrame]:
    """Return the places in the cache that lie near a border, a table for each source.

    Raises
    ------
    DataError
        No places were fetched, or none of those fetched lie near the border.
    """
    countries = sorted({"RU", "UA"} | {region.country for region in regions if region.country})
    got = list(_find_in_cache(countries))
    if not got:
        raise gb.DataError(
            "Invalid --fetched: no places are in the cache. Must be fetched first, with a "
            "network: geobuffer data get hdx-places (or geonames or osm-places, with --country)."
        )
    tables = [table for one in got if len(table := _keep_near(one.value, border))]
    if not tables:
        titles = ", ".join(one.sources[0].title for one in got)
        raise gb.DataError(
            f"Invalid --fetched: none of the places in the cache ({titles}) lie within "
            f"{_REACH_KM:g} km of the border. Must be fetched for its countries: geobuffer data "
            "get geonames --country CODE."
        )
    return tables


def _find_in_cache(countries: Sequence[str]) -> Iterator[Fetched]:
    """Yield the places in the cache: HDX, then whole countries of GeoNames and OpenStreetMap."""
    from geobuffer.datasets.fetch.catalogue import fetch_with_sources

    asked: list[tuple[str, dict[str, Any]]] = [("hdx-places", {})]
    asked += [
        (name, {"country": code}) for name in ("geonames", "osm-places") for code in countries
    ]
    offline = gb.Downloader(offline=True)
    for name, what in asked:
        try:
            yield fetch_with_sources(name, downloader=offline, **what)
        except gb.DownloadError:  # it is not in the cache
            continue


def load_fetched_totals() -> dict[str, float]:
    """Return the people of hromadas in the cache, by code; nothing if they were not fetched."""
    try:
        table: Any = gb.fetch("hdx-population", downloader=gb.Downloader(offline=True))
    except gb.DownloadError:
        return {}
    print_note(f"people of hromadas, for the model: {len(table):,} from {table['source'][0]}.")
    return dict(zip(table["hromada_code"], table["population"].astype(float), strict=True))


def find_fetched_rasters(countries: Iterable[str]) -> list[Path]:
    """Return each country's latest WorldPop raster in the cache; empty unless all have one."""
    from geobuffer.datasets.fetch.worldpop import list_years

    offline = gb.Downloader(offline=True)
    years = {code: max(list_years(offline, code), default=None) for code in sorted(set(countries))}
    missing = [code for code, year in years.items() if year is None]
    if missing or not years:
        if len(missing) < len(years):
            print_note(
                f"no raster of people is counted, because that of {', '.join(missing)} is not in "
                f"the cache: geobuffer data get worldpop --country {missing[0]}"
            )
        return []
    found: list[Any] = [
        gb.fetch("worldpop", country=code, year=year, downloader=offline)
        for code, year in years.items()
    ]
    print_note(f"the people of the raster come from {', '.join(path.name for path in found)}.")
    return found


def _keep_near(places: Any, border: gb.Border) -> gpd.GeoDataFrame:
    near: gpd.GeoDataFrame = places[gb.distance_to_border(places, border) <= _REACH_KM]
    return near


def print_fetched_sources(merged: pd.DataFrame, fetched: Sequence[pd.DataFrame]) -> None:
    """Print how many positions and figures of people come from each fetched and other source."""
    sources = list(dict.fromkeys(table["source"].iloc[0] for table in fetched))
    print_note(f"of the fetched places, those within {_REACH_KM:g} km of the border are used.")
    for column, what in (("position_source", "positions"), ("population_source", "populations")):
        given = list(merged[column].dropna()) if column in merged else []
        counts = {source: sum(source == one for one in given) for source in sources}
        parts = [f"{count:,} from {source}" for source, count in counts.items()]
        others = f"{len(given) - sum(counts.values()):,} from the other tables"
        print_note(f"{what}: {'; '.join([*parts, others])}.")
