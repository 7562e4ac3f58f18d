"""List the public data sources and fetch from them; needs the extra ``fetch``."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from geobuffer.datasets.fetch.downloader import Downloader
from geobuffer.errors import DataError, UnknownDataset, did_you_mean, missing_extra
from geobuffer.zones.arguments import FLAG, TEXT, Kind, check_arguments, optional

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import geopandas as gpd

    from geobuffer.datasets.fetch.tables import Fetched
    from geobuffer.zones.region import Regions


# The module and the function that download each source. We import them on first use, because
# they need the extra ``fetch``.
LOADERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "geonames": ("geonames", "places"),
        "osm-places": ("overpass", "places"),
        "osm-boundaries": ("overpass", "boundaries"),
        "geoboundaries": ("geoboundaries", "boundaries"),
        "hdx": ("hdx", "boundaries"),
        "hdx-places": ("hdx_places", "places"),
        "hdx-population": ("hdx_population", "people"),
        "worldpop": ("worldpop", "raster"),
    }
)


class _DataSource(NamedTuple):
    """What a source holds, and the arguments that it needs and takes."""

    holds: str
    publisher: str
    licence: str
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


_CATALOGUE = {
    "geonames": _DataSource("places of a country", "GeoNames", "CC BY 4.0", ("country",)),
    "osm-places": _DataSource(
        "places of a country or a box", "OpenStreetMap", "ODbL 1.0", (), ("country", "bbox")
    ),
    "osm-boundaries": _DataSource(
        "regions by ISO code", "OpenStreetMap", "ODbL 1.0", (), ("iso", "country")
    ),
    "geoboundaries": _DataSource(
        "regions of a country", "geoBoundaries", "each its own", ("country",), ("level",)
    ),
    "hdx": _DataSource(
        "regions of a country with p-codes", "OCHA (HDX)", "each its own", ("country",), ("level",)
    ),
    "hdx-places": _DataSource(
        "places of Ukraine with outlines and p-codes", "OCHA (HDX)", "CC BY-IGO"
    ),
    "hdx-population": _DataSource("people of Ukraine's hromadas", "OCHA (HDX)", "each its own"),
    "worldpop": _DataSource(
        "people per 100 m cell, a raster", "WorldPop", "CC BY 4.0", ("country",), ("year",)
    ),
}


_DOWNLOADER = Kind(lambda value: isinstance(value, Downloader), "a Downloader")


def list_sources() -> pd.DataFrame:
    """Return a row for each source of :func:`fetch`: content, publisher, licence and arguments.

    Examples
    --------
    >>> list_sources().loc["worldpop", ["holds", "needs", "takes"]].tolist()
    ['people per 100 m cell, a raster', 'country', 'year']
    """
    rows = {
        name: {**entry._asdict(), "needs": ", ".join(entry.needs), "takes": ", ".join(entry.takes)}
        for name, entry in _CATALOGUE.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")


def fetch(
    name: str,
    *,
    refresh: bool = False,
    downloader: Downloader | None = None,
    **what: object,
) -> Regions | gpd.GeoDataFrame | pd.DataFrame | Path:
    """Return public data by name, from the cache or, the first time, from the network.

    Needs the extra ``fetch``. Data that were fetched once are then used without a network; every
    use compares the file with its hash. The source, with the day and the hash, is in ``source`` of
    the regions, in the column ``source`` of a table, and in a ``.json`` beside a raster.

    Parameters
    ----------
    name
        A name in the index of :func:`list_sources`.
    refresh
        Download the data again, even if they are in the cache.
    downloader
        Settings for another cache, other addresses or other timeouts.
    **what
        ``country`` (an ISO 3166 code, or a name in English, Ukrainian or Russian), ``level``
        (administrative, 0 is the country), ``iso`` (one or several of ISO 3166-1 or -2), ``bbox``
        (west, south, east, north in degrees) or ``year``, depending on the name.

    Returns
    -------
    Regions, GeoDataFrame, DataFrame or Path
        Regions in EPSG:4326; places in the columns of :func:`load_settlements`; people by
        ``hromada_code``; or a GeoTIFF.

    Raises
    ------
    UnknownDataset
        No source has that name.
    DataError
        An argument is missing or wrong, or the downloaded data are damaged.
    ChecksumMismatch
        A file has changed since it was downloaded, or differs from the hash that its publisher
        states.
    DownloadError
        The data are not in the cache and cannot be downloaded. The message says how to add them
        by hand.
    MissingExtra
        geobuffer was installed without the extra ``fetch``.

    Examples
    --------
    >>> fetch("geonames")
    Traceback (most recent call last):
    geobuffer.errors.DataError: geonames needs country.
    >>> regions = fetch("osm-boundaries", iso="RU-KRS,UA-59")  # doctest: +SKIP
    >>> regions["Kursk Oblast"].source.retrieved  # doctest: +SKIP
    '2026-11-25'
    """
    check_arguments(
        name=(name, TEXT),
        refresh=(refresh, FLAG),
        downloader=(downloader, optional(_DOWNLOADER)),
    )
    return fetch_with_sources(name, refresh=refresh, downloader=downloader, **what).value


def fetch_with_sources(
    name: str, *, refresh: bool = False, downloader: Downloader | None = None, **what: object
) -> Fetched:
    """Return the result of :func:`fetch` together with the source of every file it comes from."""
    entry = _CATALOGUE.get(name)
    if entry is None:
        raise UnknownDataset(f"Invalid name {name!r}. {did_you_mean(name, _CATALOGUE)}")
    given = {key: value for key, value in what.items() if value is not None}
    for key in given:
        known = [*entry.needs, *entry.takes]
        if key not in known:
            hint = did_you_mean(key, known) if known else "It takes no arguments."
            raise DataError(f"Invalid {key} for {name}. {hint}")
    if missing := [key for key in entry.needs if key not in given]:
        raise DataError(f"{name} needs {' and '.join(missing)}.")
    module, function = LOADERS[name]
    try:
        loader = getattr(import_module(f"geobuffer.datasets.fetch.{module}"), function)
    except ModuleNotFoundError as error:
        raise missing_extra("fetch", str(error.name), "A download") from error
    fetched: Fetched = loader(downloader or Downloader(), refresh=refresh, **given)
    return fetched
