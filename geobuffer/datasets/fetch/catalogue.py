"""What can be fetched, and the one way to fetch it.

Which function brings which source. Needs the extra ``fetch``, as everything below it does.
"""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from geobuffer.datasets.fetch.downloader import Downloader
from geobuffer.errors import DataError, UnknownDataset, did_you_mean, missing_extra

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import geopandas as gpd

    from geobuffer.datasets.fetch.tables import Fetched
    from geobuffer.zones.region import Regions


# The module and the function that download each source. They are imported on first use, because
# they need the extra ``fetch``.
LOADERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "geonames": ("geonames", "places"),
        "osm-places": ("overpass", "places"),
        "osm-boundaries": ("overpass", "boundaries"),
        "geoboundaries": ("geoboundaries", "boundaries"),
        "ua-geo": ("ua_geo", "places"),
        "ua-geo-boundaries": ("ua_geo", "boundaries"),
        "hdx": ("hdx", "boundaries"),
        "worldpop": ("worldpop", "raster"),
    }
)


class _Offer(NamedTuple):
    """What a name stands for, and what must and may be said with it."""

    holds: str
    publisher: str
    licence: str
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


_CATALOGUE = {
    "geonames": _Offer("places of a country", "GeoNames", "CC BY 4.0", ("country",)),
    "osm-places": _Offer(
        "places of a country or a box", "OpenStreetMap", "ODbL 1.0", (), ("country", "bbox")
    ),
    "osm-boundaries": _Offer(
        "regions by ISO code", "OpenStreetMap", "ODbL 1.0", (), ("iso", "country")
    ),
    "geoboundaries": _Offer(
        "regions of a country", "geoBoundaries", "each its own", ("country",), ("level",)
    ),
    "ua-geo": _Offer("places of Ukraine with official codes", "ua-geo", "ODbL 1.0"),
    "ua-geo-boundaries": _Offer("regions of Ukraine", "ua-geo", "ODbL 1.0", (), ("level",)),
    "hdx": _Offer(
        "regions of a country with p-codes", "OCHA (HDX)", "each its own", ("country",), ("level",)
    ),
    "worldpop": _Offer(
        "people per 100 m cell, a raster", "WorldPop", "CC BY 4.0", ("country",), ("year",)
    ),
}


def list_sources() -> pd.DataFrame:
    """Return a row for each thing that :func:`fetch` can bring: what it holds, whose, what to say.

    Examples
    --------
    >>> list_sources().loc["worldpop", ["holds", "needs", "takes"]].tolist()
    ['people per 100 m cell, a raster', 'country', 'year']
    """
    rows = {
        name: {**offer._asdict(), "needs": ", ".join(offer.needs), "takes": ", ".join(offer.takes)}
        for name, offer in _CATALOGUE.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")


def fetch(
    name: str,
    *,
    refresh: bool = False,
    downloader: Downloader | None = None,
    **what: object,
) -> Regions | gpd.GeoDataFrame | Path:
    """Return public data by name, from the cache or, if they are not there yet, from the network.

    Needs the extra ``fetch``. What was fetched once is used offline from then on; every use
    compares it with its hash. Its source, with the day and the hash, is in the regions' ``source``,
    in the column ``source`` of a table, and in a ``.json`` beside a raster.

    Parameters
    ----------
    name
        One of :func:`list_sources`.
    refresh
        Download it again, though it is there.
    downloader
        Another cache, other addresses, other patience.
    **what
        ``country`` (ISO 3166 code or English name), ``level`` (administrative, 0 is the country),
        ``iso`` (one or several of ISO 3166-1 or -2), ``bbox`` (west, south, east, north in
        degrees) or ``year``, as the name needs.

    Returns
    -------
    Regions, GeoDataFrame or Path
        Regions in EPSG:4326; places in the columns of :func:`load_settlements`; or a GeoTIFF.

    Raises
    ------
    UnknownDataset
        There is nothing of that name.
    DataError
        Something that the name needs is not said, or is wrong; or what came is damaged.
    ChecksumMismatch
        A file is not the one it was, or not the one its publisher states.
    DownloadError
        It is neither to be had nor in the cache; the message says how to put it there by hand.
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
    return fetch_with_sources(name, refresh=refresh, downloader=downloader, **what).value


def fetch_with_sources(
    name: str, *, refresh: bool = False, downloader: Downloader | None = None, **what: object
) -> Fetched:
    """Return what :func:`fetch` does, and beside it the sources of every file it was made from."""
    offer = _CATALOGUE.get(name)
    if offer is None:
        raise UnknownDataset(f"Invalid name {name!r}. {did_you_mean(name, _CATALOGUE)}")
    given = {key: value for key, value in what.items() if value is not None}
    for key in given:
        if key not in (*offer.needs, *offer.takes):
            known = [*offer.needs, *offer.takes]
            end = did_you_mean(key, known) if known else "It takes nothing."
            raise DataError(f"Invalid {key} for {name}. {end}")
    if missing := [key for key in offer.needs if key not in given]:
        raise DataError(f"{name} needs {' and '.join(missing)}.")
    module, function = LOADERS[name]
    try:
        loader = getattr(import_module(f"geobuffer.datasets.fetch.{module}"), function)
    except ModuleNotFoundError as error:
        raise missing_extra("fetch", str(error.name), "A download") from error
    fetched: Fetched = loader(downloader or Downloader(), refresh=refresh, **given)
    return fetched
