"""How downloads are made: from where, into which folder, how patiently; and what is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from geobuffer.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from geobuffer.zones.source import Source


#: Where each publisher serves its data; several addresses are mirrors, tried in order.
SITES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "geonames": ("https://download.geonames.org/export/dump",),
        # The main instance and one that is run for the public by an association; both give the
        # same data, and the second spares a user whose turn at the first is over.
        "overpass": (
            "https://overpass-api.de/api/interpreter",
            "https://overpass.private.coffee/api/interpreter",
        ),
        "geoboundaries": ("https://www.geoboundaries.org/api/current",),
        "ua-geo": ("https://github.com/alexbabintsev/ua-geo/releases/download/v0.1.0",),
        "hdx": ("https://data.humdata.org/api/3/action",),
        "worldpop": ("https://data.worldpop.org/GIS/Population/Global_2015_2030/R2025A",),
    }
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Downloader:
    """How files are downloaded, and where they are kept.

    Parameters
    ----------
    folder
        The cache; by default ``geobuffer`` in the user's own cache folder.
    sites
        Addresses to use in place of a publisher's, by its name (``geonames``, ``overpass``,
        ``geoboundaries``, ``ua-geo``, ``hdx``, ``worldpop``): a mirror of yours, or several in
        the order to try them. HTTPS, or HTTP on the machine itself.
    timeout_s
        How long to wait for a connection, and for the next byte. Overpass is told to give up
        after as long, so a large query needs more.
    attempts
        How often a file is asked for in all, where the fault is a passing one.
    pause_s
        The least time between two requests to one host, in seconds; the wait after a fault,
        doubled after each, unless the server asks for another.
    size_cap_bytes
        The largest file to accept, as it comes and unpacked.
    progress
        Called with the file's name, the bytes that are there and those it will have (``None``
        where the server does not say).

    Raises
    ------
    DataError
        A site that is not known, or a number that is not above zero.

    Examples
    --------
    >>> mirror = Downloader(sites={"geonames": "https://mirror.example/geonames"})
    >>> mirror.addresses("geonames"), mirror.addresses("ua-geo")[0][:19]
    (('https://mirror.example/geonames',), 'https://github.com/')
    """

    folder: str | Path | None = None
    sites: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    # Overpass answers for a country's places in half a minute; its own default would be 180 s.
    timeout_s: float = 90.0
    attempts: int = 4
    # Overpass asks for no more than some 10,000 requests a day; nobody asks for more than one a
    # second.
    pause_s: float = 1.0
    # What the format of a plain GeoTIFF and of a plain zip can hold.
    size_cap_bytes: int = 4 * 2**30
    progress: Callable[[str, int, int | None], object] | None = None

    def __post_init__(self) -> None:
        for site in self.sites:
            if site not in SITES:
                raise DataError(f"Invalid site {site!r}. {did_you_mean(site, SITES)}")
        for name in ("timeout_s", "attempts", "size_cap_bytes"):
            value = getattr(self, name)
            if not value > 0:
                raise DataError(f"Invalid {name} {value!r}. Must be above zero.")
        if not self.pause_s >= 0:
            raise DataError(f"Invalid pause_s {self.pause_s!r}. Must be zero or above.")

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
    """A file to be had.

    Parameters
    ----------
    site
        Whose it is: a folder of the cache is named after it.
    name
        What it is called in the cache.
    urls
        Where it can be had, the first choice first.
    source
        Its papers, as far as they are known beforehand.
    check
        Raises :class:`~geobuffer.errors.DataError` if a file is not what it must be.
    stated_hash
        The hash that its publisher states, in hexadecimal: MD5, SHA-1 or SHA-256 by its length;
        empty where none is stated.
    """

    site: str
    name: str
    urls: tuple[str, ...]
    source: Source
    check: Callable[[Path], object]
    stated_hash: str = ""


@dataclass(frozen=True, eq=False)
class Obtained:
    """A file that is there, checked, and its source with date of retrieval and hash."""

    path: Path
    source: Source
