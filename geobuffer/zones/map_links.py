"""Find coordinates in the web address of an online map, as users paste it.

We read only the text and contact no server. A pin or a place that was searched for comes before
the middle of the map.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator

_ADDRESS = re.compile(
    r"(?P<scheme>https?://)?(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::[0-9]+)?(?P<rest>[/?#]\S.*)",
    re.IGNORECASE,
)
_GEO = re.compile(r"geo:(?P<pair>[^;?#]*)[^?#]*(?:\?(?P<query>.*))?", re.IGNORECASE)

_NUMBER = r"[+-]?[0-9]{1,3}(?:\.[0-9]+)?"
# Google: a pin, then the middle of the map.
_GOOGLE_PIN = re.compile(rf"!3d({_NUMBER})!4d({_NUMBER})")
_AT = re.compile(rf"/@({_NUMBER}),({_NUMBER})")
# OpenStreetMap, uMap and other maps: zoom, latitude, longitude.
_HASH = re.compile(rf"#(?:.*?[&?/])?(?:map=)?[0-9.]+/({_NUMBER})/({_NUMBER})")
_LONGITUDE_FIRST = re.compile(rf"/({_NUMBER}),({_NUMBER})(?:[/?#]|$)")
_GEOHACK = re.compile(r"[0-9._]+_[NS]_[0-9._]+_[EW]")

# Pairs of parameters that state latitude and longitude by name.
_NAMED = (("mlat", "mlon"), ("lat", "lon"), ("lat", "lng"), ("latitude", "longitude"))
# Parameters that hold a pair, by host; pins come before the middle of the map.
_YANDEX = ("pt", "whatshere[point]", "poi[point]", "ll")
_TWO_GIS = ("m", "center")
_OTHERS = (
    "q", "query", "destination", "daddr", "coordinate", "address", "ll", "cp", "center", "cbll",
    "viewpoint", "map", "sll",
)  # fmt: skip
_KNOWN_HOSTS = ("google.", "apple.", "bing.", "waze.", "here.")
# Only the server of a short address knows where the address leads.
_SHORT = ("goo.gl", "maps.app.goo.gl", "osm.org/go", "openstreetmap.org/go", "clck.ru", "bit.ly")
_SHORT_YANDEX = re.compile(r"/maps/-/")


class LinkError(ValueError):
    """An address has no coordinates, or coordinates of several places."""


class LinkPair(NamedTuple):
    """A text in an address that may be a pair of coordinates."""

    text: str
    longitude_first: bool = False


def find_link_pairs(text: str) -> list[LinkPair] | None:
    """Return the texts of an address that may be coordinates, the most exact first.

    Returns ``None`` for a text that is no address.

    Raises
    ------
    LinkError
        The address is a short one, without coordinates, or that of a route.

    Examples
    --------
    >>> find_link_pairs("https://www.openstreetmap.org/?mlat=51.1&mlon=35#map=12/51.2/35.3")
    [LinkPair(text='51.1; 35', longitude_first=False), LinkPair(text='51.2; 35.3', ...)]
    >>> find_link_pairs("geo:51.123,35.038;u=35")
    [LinkPair(text='51.123; 35.038', longitude_first=False)]
    """
    if match := _GEO.fullmatch(text):
        label = dict(parse_qsl(match["query"] or "")).get("q", "")
        parts = match["pair"].split(",")
        # Android writes geo:0,0?q=51.123,35.038(name) for a place that was searched for.
        pair = label.partition("(")[0].split(",") if parts[:2] == ["0", "0"] and label else parts
        return [LinkPair("; ".join(pair[:2]))]
    match = _ADDRESS.fullmatch(text)
    if match is None:
        return None
    host, rest = match["host"].lower(), match["rest"]
    found = list(_list_pairs(host, rest)) if not _is_short(host, rest) else []
    if not found and match["scheme"] is None:
        return None
    if not found:
        raise LinkError(
            "its address states no coordinates; open it, and copy the coordinates of the place"
        )
    return found


def _is_short(host: str, rest: str) -> bool:
    address = host.removeprefix("www.") + rest
    return address.startswith(_SHORT) or bool(_SHORT_YANDEX.match(rest))


def _list_pairs(host: str, rest: str) -> Iterator[LinkPair]:
    """Yield the pairs of an address: pins, searches, then the middle of the map."""
    if "/maps/dir/" in rest:
        raise LinkError("its address is that of a route; it must be that of one place")
    query = dict(parse_qsl(rest.partition("?")[2].partition("#")[0]))
    query |= {key: value for key, value in parse_qsl(rest.partition("#")[2]) if key not in query}
    for lat, lon in _NAMED:
        if lat in query and lon in query:
            yield LinkPair(f"{query[lat]}; {query[lon]}")
    plain = unquote_plus(rest)
    if pins := _GOOGLE_PIN.findall(plain):
        yield LinkPair("; ".join(pins[-1]))
    yield from _list_parameters(host, query)
    if found := re.search(r"/(?:place|search)/([^/?#]+)", rest):
        yield LinkPair(unquote_plus(found[1]).replace(",", ", "))
    if found := _GEOHACK.search(plain):
        yield LinkPair(found[0].replace("_", " "))
    for pattern in (_AT, _HASH):
        if found := pattern.search(plain):
            yield LinkPair(f"{found[1]}; {found[2]}")
    if "2gis." in host and (found := _LONGITUDE_FIRST.search(plain)):
        yield LinkPair(f"{found[1]}; {found[2]}", longitude_first=True)


def _list_parameters(host: str, query: dict[str, str]) -> Iterator[LinkPair]:
    """Yield the parameters that hold a pair, each in the order that its host uses."""
    if "yandex." in host or host == "ya.ru":
        if "text" in query:
            yield LinkPair(query["text"].replace(",", ", "))
        names: tuple[str, ...] = _YANDEX
        longitude_first = True
    elif "2gis." in host:
        names, longitude_first = _TWO_GIS, True
    elif host.endswith(("mapy.cz", "mapy.com")):
        if "x" in query and "y" in query:
            yield LinkPair(f"{query['y']}; {query['x']}")
        return
    elif any(known in f".{host}" for known in map(".{}".format, _KNOWN_HOSTS)):
        names, longitude_first = _OTHERS, False
    else:
        return
    for name in names:
        if name in query:
            pair = re.split(r"[,~/]", query[name])
            yield LinkPair("; ".join(pair[:2]) if len(pair) > 1 else query[name], longitude_first)
