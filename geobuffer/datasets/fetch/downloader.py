"""Settings for downloads: addresses, cache folder, timeouts; and the files to download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from geobuffer.errors import DataError, did_you_mean
from geobuffer.zones.arguments import (
    CALLABLE,
    FLAG,
    PATH,
    TEXT,
    TEXTS,
    Kind,
    check_arguments,
    optional,
)
from geobuffer.zones.quantities import is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from geobuffer.zones.source import Source


#: The addresses of each publisher's data. Several addresses are mirrors; we try them in order.
SITES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "geonames": ("https://download.geonames.org/export/dump",),
        # The main instance, and one that an association runs for the public. Both have the same
        # data. The second one helps users who have reached the limit of the first.
        "overpass": (
            "https://overpass-api.de/api/interpreter",
            "https://overpass.private.coffee/api/interpreter",
        ),
        "geoboundaries": ("https://www.geoboundaries.org/api/current",),
        "hdx": ("https://data.humdata.org/api/3/action",),
        "worldpop": ("https://data.worldpop.org/GIS/Population/Global_2015_2030/R2025A",),
    }
)


_NUMBER = Kind(is_number, "a number")
_ADDRESSES = Kind(
    lambda value: (
        isinstance(value, Mapping)
        and all(TEXT.accepts(one) or TEXTS.accepts(one) for one in value.values())
    ),
    "addresses by the name of a site, as {'geonames': 'https://mirror.example/geonames'}",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Downloader:
    """Settings for downloads, and the folder where files are stored.

    Parameters
    ----------
    folder
        The cache folder; by default ``geobuffer`` in the user's cache folder.
    sites
        Addresses that replace those of a publisher, by its name (``geonames``, ``overpass``,
        ``geoboundaries``, ``hdx``, ``worldpop``): your mirror, or several in the order to try
        them. HTTPS, or HTTP on this machine.
    timeout_s
        How many seconds to wait for a connection, and for the next byte. We ask Overpass to stop
        a query after the same time, so a large query needs more.
    total_s
        How many seconds one request may take in all, from the connection to the last byte. It
        protects us from a server that sends a byte now and then. The next attempt continues where
        this one stopped.
    attempts
        How many requests to make for a file in all, if the failures are temporary.
    pause_s
        The shortest time between two requests to one host, in seconds. After a failure the wait
        begins with this time and doubles, unless the server asks for another.
    size_cap_bytes
        The largest file to accept, in bytes, both compressed and unpacked.
    progress
        A function that we call with the name of the file, the bytes so far and the bytes of the
        whole file (``None`` if the server does not state them).
    offline
        Use only the cache, and send no requests. A file that is not there raises DownloadError.

    Raises
    ------
    DataError
        A site is unknown, or a number is not above zero.
    WrongKind
        A value has a wrong type.

    Examples
    --------
    >>> mirror = Downloader(sites={"geonames": "https://mirror.example/geonames"})
    >>> mirror.addresses("geonames"), mirror.addresses("hdx")[0][:24]
    (('https://mirror.example/geonames',), 'https://data.humdata.org')
    """

    folder: str | Path | None = None
    sites: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    # Overpass returns the places of a country in half a minute; its own default is 180 s.
    timeout_s: float = 90.0
    # In four attempts the largest file of 4 GiB needs 300 kB a second.
    total_s: float = 3600.0
    attempts: int = 4
    # Overpass asks for at most some 10,000 requests a day. No publisher asks for a longer pause
    # than a second.
    pause_s: float = 1.0
    # The largest size that a plain GeoTIFF or a plain zip can have.
    size_cap_bytes: int = 4 * 2**30
    progress: Callable[[str, int, int | None], object] | None = None
    offline: bool = False

    def __post_init__(self) -> None:
        check_arguments(
            folder=(self.folder, optional(PATH)),
            sites=(self.sites, _ADDRESSES),
            timeout_s=(self.timeout_s, _NUMBER),
            total_s=(self.total_s, _NUMBER),
            attempts=(self.attempts, _NUMBER),
            pause_s=(self.pause_s, _NUMBER),
            size_cap_bytes=(self.size_cap_bytes, _NUMBER),
            progress=(self.progress, optional(CALLABLE)),
            offline=(self.offline, FLAG),
        )
        for site in self.sites:
            if site not in SITES:
                raise DataError(f"Invalid site {site!r}. {did_you_mean(site, SITES)}")
        for name in ("timeout_s", "total_s", "attempts", "size_cap_bytes"):
            value = getattr(self, name)
            if not value > 0:
                raise DataError(f"Invalid {name} {value!r}. It must be above zero.")
        if not self.pause_s >= 0:
            raise DataError(f"Invalid pause_s {self.pause_s!r}. It must be zero or above.")

    def addresses(self, site: str) -> tuple[str, ...]:
        """Return the addresses of a site, without a slash at the end, in the order to try them.

        Parameters
        ----------
        site
            Its name in ``sites``.
        """
        given = self.sites.get(site, SITES[site])
        several = (given,) if isinstance(given, str) else tuple(given)
        return tuple(address.rstrip("/") for address in several)


@dataclass(frozen=True, eq=False)
class Wanted:
    """A file to download.

    Parameters
    ----------
    site
        The name of the publisher, and of the folder in the cache.
    name
        The name of the file in the cache.
    urls
        The addresses of the file, in the order to try them.
    source
        The metadata of the file, as far as they are known before the download.
    check
        A function that raises :class:`~geobuffer.errors.DataError` if the content is wrong.
    stated_hash
        The hash that the publisher states, in hexadecimal digits; its length says whether it is
        MD5, SHA-1 or SHA-256. Empty if the publisher states no hash.
    """

    site: str
    name: str
    urls: tuple[str, ...]
    source: Source
    check: Callable[[Path], object]
    stated_hash: str = ""


@dataclass(frozen=True, eq=False)
class Obtained:
    """A checked file of the cache, and its source with the date of retrieval and the hash."""

    path: Path
    source: Source
