"""Download places and boundaries of OpenStreetMap from the Overpass API.

Format of queries and answers: https://wiki.openstreetmap.org/wiki/Overpass_API
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pandas as pd

from geobuffer.datasets.countries import describe_country
from geobuffer.datasets.fetch.cache import obtain
from geobuffer.datasets.fetch.check_content import read_json
from geobuffer.datasets.fetch.downloader import Wanted
from geobuffer.datasets.fetch.tables import (
    Fetched,
    Outline,
    parse_bbox,
    regions_of,
    settlement_table,
)
from geobuffer.errors import DataError
from geobuffer.io.read.overpass import assemble_area
from geobuffer.zones.region import Regions
from geobuffer.zones.source import Source
from geobuffer.zones.toponyms import NAME_LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from geobuffer.datasets.fetch.downloader import Downloader, Obtained


# Values of the tag place for places where people live, and the most similar kind of the bundled
# tables.
_KINDS = {
    "city": "city", "town": "town", "village": "village", "hamlet": "hamlet",
    "isolated_dwelling": "hamlet",
}  # fmt: skip

# A node is somewhere in the middle of its place. The radius of the place gives its size.
_PLACE_ACCURACY_M = 200.0
# Usual accuracy of boundaries in OpenStreetMap; see the bundled border.
_BORDER_ACCURACY_M = 10.0

# Digits, separated only at thousands: "12,5" does not mean 125.
_PLAIN_NUMBER = re.compile(r"\d+|\d{1,3}([\s,]\d{3})+")

_ISO = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_CITATION = "© OpenStreetMap contributors, ODbL 1.0 (https://www.openstreetmap.org/copyright)."


def places(
    how: Downloader, *, refresh: bool, country: str | None = None, bbox: object = None
) -> Fetched:
    """Return the places of a country, of a box, or of the part of a country in a box."""
    if country is None and bbox is None:
        raise DataError("osm-places needs country or bbox, or both.")
    where = describe_country(country) if country else None
    box = ""
    if bbox is not None:
        west, south, east, north = parse_bbox(bbox)
        box = f"({south:.6f},{west:.6f},{north:.6f},{east:.6f})"
    area = f'area["ISO3166-1"="{where.alpha_2}"][admin_level=2]->.a;' if where else ""
    kinds = "|".join(_KINDS)
    query = f'{area}node["place"~"^({kinds})$"]{"(area.a)" if where else ""}{box};out;'
    name = f"places-{where.alpha_2}" if where else "places"
    answer = _send_query(how, query, name, _PLACE_ACCURACY_M, refresh=refresh)
    document = read_json(answer.path)
    source = dataclasses.replace(answer.source, as_of=_as_of(document))
    rows = [_place_row(node, where.alpha_2 if where else None) for node in document["elements"]]
    return Fetched(settlement_table(pd.DataFrame(rows), source), (source,))


def boundaries(
    how: Downloader, *, refresh: bool, iso: object = None, country: str | None = None
) -> Fetched:
    """Return regions by their ISO 3166 codes, or all regions of a country that have one."""
    if (iso is None) == (country is None):
        raise DataError("osm-boundaries needs iso, such as RU-KRS or UA, or country.")
    if country is not None:
        code = describe_country(country).alpha_2
        select, name = f'rel["boundary"="administrative"]["ISO3166-2"~"^{code}-"]', code
    else:
        codes = _split_codes(iso)
        select, name = _select_by_code(codes), "-".join(codes[:3])
    query = f"({select};);out geom;"
    answer = _send_query(how, query, f"boundaries-{name}", _BORDER_ACCURACY_M, refresh=refresh)
    document = read_json(answer.path)
    source = dataclasses.replace(answer.source, as_of=_as_of(document))
    found = [_make_outline(e) for e in document["elements"] if e.get("type") == "relation"]
    if iso is not None and (missing := set(codes) - {outline.iso for outline in found}):
        message = f"OpenStreetMap has no boundary {', '.join(sorted(missing))}. Use ISO 3166 codes."
        raise DataError(message)
    return Fetched(_regions_with_countries(found, source), (source,))


def _split_codes(iso: object) -> list[str]:
    given = iso if isinstance(iso, (list, tuple)) else str(iso).split(",")
    codes = [str(code).strip().upper() for code in given]
    for code in codes:
        if not _ISO.fullmatch(code):
            raise DataError(f"Invalid iso {code!r}. Use an ISO 3166 code, such as UA or RU-KRS.")
    return codes


def _select_by_code(codes: Sequence[str]) -> str:
    regions = "|".join(code for code in codes if "-" in code)
    countries = "|".join(code for code in codes if "-" not in code)
    select = []
    if regions:
        select.append(f'rel["boundary"="administrative"]["ISO3166-2"~"^({regions})$"]')
    if countries:
        select.append(f'rel["admin_level"="2"]["ISO3166-1"~"^({countries})$"]')
    return ";".join(select)


def _send_query(
    how: Downloader, query: str, name: str, accuracy_m: float, *, refresh: bool
) -> Obtained:
    """Send a query to Overpass.

    The whole query is part of the address, so that a user without a network can open the address
    on another machine and add the file by hand.
    """
    # The server stops the query when we stop waiting for the answer.
    full = f"[out:json][timeout:{max(1, int(how.timeout_s))}];{query}"
    key = hashlib.sha256(query.encode()).hexdigest()[:10]
    source = Source(
        f"OpenStreetMap, {name}", "OpenStreetMap contributors", licence="ODbL 1.0",
        accuracy_m=accuracy_m, citation=_CITATION,
    )  # fmt: skip
    parameters = urlencode({"data": full})
    urls = tuple(f"{address}?{parameters}" for address in how.addresses("overpass"))
    wanted = Wanted("overpass", f"{name}-{key}.json", urls, source, _check_answer)
    return obtain(wanted, how, refresh=refresh)


def _check_answer(path: Path) -> None:
    document = read_json(path)
    if not isinstance(document, dict) or not isinstance(document.get("elements"), list):
        raise DataError(f"Invalid {path.name}: not an answer of Overpass. Expected elements.")
    # If a query runs out of time or memory, the status is a success and the answer has only part
    # of the data. A remark says so.
    if "error" in str(document.get("remark", "")):
        raise DataError(f"Incomplete {path.name}: Overpass says {document['remark']!r}.")
    if not document["elements"]:
        raise DataError(f"Empty {path.name}: OpenStreetMap has no such data there.")


def _as_of(document: dict[str, Any]) -> str:
    stamp = document.get("osm3s", {}).get("timestamp_osm_base", "")
    return str(stamp)[:10]


def _place_row(node: dict[str, Any], country: str | None) -> dict[str, Any]:
    tags = node.get("tags", {})
    code = tags.get("katotth") or tags.get("katottg")
    return {
        "id": f"osm:node/{node.get('id')}",
        **{f"name_{language}": tags.get(f"name:{language}") for language in NAME_LANGUAGES},
        **_local_name(tags, country),
        "kind": _KINDS.get(tags.get("place"), "populated place"),
        "kind_local": tags.get("place"),
        "country": country or tags.get("addr:country"),
        "oblast": tags.get("addr:region"),
        "raion": tags.get("addr:district"),
        "code": code,
        "code_system": "KATOTTG" if code else None,
        "population": _parse_population(tags.get("population", "")),
        "population_as_of": tags.get("population:date"),
        "longitude": node.get("lon"),
        "latitude": node.get("lat"),
    }


def _local_name(tags: dict[str, str], country: str | None) -> dict[str, str]:
    """Return the name in the country's language; the tag `name` if that language has no tag."""
    language = {"UA": "uk", "RU": "ru"}.get(country or "", "en")
    name = tags.get(f"name:{language}") or tags.get("name")
    return {f"name_{language}": name} if name else {}


def _parse_population(text: str) -> int | None:
    """Return the population of a tag if it is a plain number above zero, else None.

    >>> [_parse_population(text) for text in ("1 234", "12,345", "12,5", "~500", "0")]
    [1234, 12345, None, None, None]
    """
    if not _PLAIN_NUMBER.fullmatch(text.strip()):
        return None
    return int(re.sub(r"[\s,]", "", text)) or None


def _make_outline(relation: dict[str, Any]) -> Outline:
    tags = relation.get("tags", {})
    name = tags.get("name:en") or tags.get("name") or f"relation {relation.get('id')}"
    code = f"relation/{relation.get('id')}"
    iso = tags.get("ISO3166-2") or tags.get("ISO3166-1") or tags.get("ISO3166-1:alpha2") or ""
    names = {language: tags.get(f"name:{language}", "") for language in NAME_LANGUAGES}
    return Outline(name, assemble_area(relation), names, iso, code)


def _regions_with_countries(found: list[Outline], source: Source) -> Regions:
    """Return outlines as regions, each with the country of its own ISO code."""
    members: list[Any] = []
    for outline in found:
        country = describe_country(outline.iso[:2]) if outline.iso else None
        members += regions_of([outline], country, source)
    return Regions(tuple(members))
