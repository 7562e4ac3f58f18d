"""Download population rasters of WorldPop: people per cell of 3 arc seconds (about 100 m).

There is one GeoTIFF for each country and year.

Release statement: https://data.worldpop.org/repo/prj/Global_2015_2030/R2025A/doc/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from geobuffer.datasets.countries import describe_country
from geobuffer.datasets.fetch.cache import cache_folder, obtain
from geobuffer.datasets.fetch.check_content import check_geotiff
from geobuffer.datasets.fetch.downloader import Wanted
from geobuffer.datasets.fetch.tables import Fetched
from geobuffer.errors import DataError
from geobuffer.zones.source import Source

if TYPE_CHECKING:
    from geobuffer.datasets.fetch.downloader import Downloader


_FIRST_YEAR, _LAST_YEAR = 2015, 2030


def list_years(how: Downloader, country: str) -> list[int]:
    """Return the years of which the cache has the raster of a country."""
    iso3 = describe_country(country).alpha_3
    files = (cache_folder(how) / "worldpop").glob(_name_file(iso3, "*"))
    return sorted(int(file.name.split("_")[2]) for file in files)


def _name_file(iso3: str, year: object) -> str:
    return f"{iso3.lower()}_pop_{year}_CN_100m_R2025A_v1.tif"


def raster(how: Downloader, *, refresh: bool, country: str, year: int = 2025) -> Fetched:
    """Return the path of the raster of a country and a year: constrained counts, EPSG:4326."""
    iso3 = describe_country(country).alpha_3
    if not str(year).isdecimal() or not _FIRST_YEAR <= int(year) <= _LAST_YEAR:
        raise DataError(f"Invalid year {year!r}. It must be {_FIRST_YEAR} to {_LAST_YEAR}.")
    name = _name_file(iso3, year)
    source = Source(
        f"WorldPop, people per 100 m cell, {iso3} {year}, constrained, R2025A v1",
        "WorldPop, University of Southampton", licence="CC BY 4.0", version="R2025A v1",
        as_of=str(year),
        citation="Bondarenko et al. (2025), WorldPop, doi:10.5258/SOTON/WP00839. Alpha release.",
    )  # fmt: skip
    urls = tuple(
        f"{address}/{year}/{iso3}/v1/100m/constrained/{name}"
        for address in how.addresses("worldpop")
    )
    file = obtain(Wanted("worldpop", name, urls, source, check_geotiff), how, refresh=refresh)
    return Fetched(file.path, (file.source,))
