"""OpenStreetMap through Overpass: places as a table, boundary relations as regions.

Queries and answers: https://wiki.openstreetmap.org/wiki/Overpass_API
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import shapely

from geobuffer.datasets.countries import describe_country
from geobuffer.datasets.fetch.cache import obtain
from geobuffer.datasets.fetch.check_content import read_json
from geobuffer.datasets.fetch.downloader import Wanted
from geobuffer.datasets.fetch.tables import Fetched, Outline, bbox_of, regions_of, settlement_table
from geobuffer.errors import DataError
from geobuffer.zones.region import Regions
from geobuffer.zones.source import Source
from geobuffer.zones.toponyms import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from geobuffer.datasets.fetch.downloader import Downloader, Obtained


# What people live in, as OpenStreetMap has it; and the nearest kind of the bundled tables.
_KINDS = {
    "city": "city", "town": "town", "village": "village", "hamlet": "hamlet",
    "isolated_dwelling": "hamlet",
}  # fmt: skip

# A node stands at some middle of the place; the place's own radius tells its size.
_PLACE_ACCURACY_M = 200.0
# Mapping practice for boundaries; see the bundled border.
_BORDER_ACCURACY_M = 10.0

# Digits, in thousands if they are divided: "12,5" is no 125.
_PLAIN = re.compile(r"\d+|\d{1,3}([\s,]\d{3})+")

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
        west, south, east, north = bbox_of(bbox)
        box = f"({south:.6f},{west:.6f},{north:.6f},{east:.6f})"
    area = f'area["ISO3166-1"="{where.alpha_2}"][admin_level=2]->.a;' if where else ""
    kinds = "|".join(_KINDS)
    query = f'{area}node["place"~"^({kinds})$"]{"(area.a)" if where else ""}{box};out;'
    name = f"places-{where.alpha_2}" if where else "places"
    answer = _ask(how, query, name, _PLACE_ACCURACY_M, refresh=refresh)
    document = read_json(answer.path)
    source = dataclasses.replace(answer.source, as_of=_as_of(document))
    rows = [_place(node, where.alpha_2 if where else None) for node in document["elements"]]
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
        codes = _codes(iso)
        select, name = _by_code(codes), "-".join(codes[:3])
    query = f"({select};);out geom;"
    answer = _ask(how, query, f"boundaries-{name}", _BORDER_ACCURACY_M, refresh=refresh)
    document = read_json(answer.path)
    source = dataclasses.replace(answer.source, as_of=_as_of(document))
    found = [_outline(e) for e in document["elements"] if e.get("type") == "relation"]
    if iso is not None and (gone := set(codes) - {outline.iso for outline in found}):
        message = (
            f"OpenStreetMap has no boundary {', '.join(sorted(gone))}. Must be ISO 3166 codes."
        )
        raise DataError(message)
    return Fetched(_regions(found, source), (source,))


def _codes(iso: object) -> list[str]:
    given = iso if isinstance(iso, (list, tuple)) else str(iso).split(",")
    codes = [str(code).strip().upper() for code in given]
    for code in codes:
        if not _ISO.fullmatch(code):
            raise DataError(f"Invalid iso {code!r}. Must be an ISO 3166 code: UA or RU-KRS.")
    return codes


def _by_code(codes: Sequence[str]) -> str:
    regions = "|".join(code for code in codes if "-" in code)
    countries = "|".join(code for code in codes if "-" not in code)
    select = []
    if regions:
        select.append(f'rel["boundary"="administrative"]["ISO3166-2"~"^({regions})$"]')
    if countries:
        select.append(f'rel["admin_level"="2"]["ISO3166-1"~"^({countries})$"]')
    return ";".join(select)


def _ask(how: Downloader, query: str, name: str, accuracy_m: float, *, refresh: bool) -> Obtained:
    """Put a query to Overpass as an address: whoever has no network here can open it elsewhere."""
    # The server is to give up when we do, not to work on for nobody.
    full = f"[out:json][timeout:{max(1, int(how.timeout_s))}];{query}"
    key = hashlib.sha256(query.encode()).hexdigest()[:10]
    source = Source(
        f"OpenStreetMap, {name}", "OpenStreetMap contributors", licence="ODbL 1.0",
        accuracy_m=accuracy_m, citation=_CITATION,
    )  # fmt: skip
    asked = urlencode({"data": full})
    urls = tuple(f"{address}?{asked}" for address in how.addresses("overpass"))
    wanted = Wanted("overpass", f"{name}-{key}.json", urls, source, _check)
    return obtain(wanted, how, refresh=refresh)


def _check(path: Path) -> None:
    document = read_json(path)
    if not isinstance(document, dict) or not isinstance(document.get("elements"), list):
        raise DataError(f"Invalid {path.name}: no answer of Overpass. Must have elements.")
    # An answer that ran out of time or memory is a success with some of the data and a remark.
    if "error" in str(document.get("remark", "")):
        raise DataError(f"Incomplete {path.name}: Overpass says {document['remark']!r}.")
    if not document["elements"]:
        raise DataError(f"Empty {path.name}: OpenStreetMap has nothing of the kind there.")


def _as_of(document: dict[str, Any]) -> str:
    stamp = document.get("osm3s", {}).get("timestamp_osm_base", "")
    return str(stamp)[:10]


def _place(node: dict[str, Any], country: str | None) -> dict[str, Any]:
    tags = node.get("tags", {})
    code = tags.get("katotth") or tags.get("katottg")
    return {
        "id": f"osm:node/{node.get('id')}",
        **{f"name_{language}": tags.get(f"name:{language}") for language in LANGUAGES},
        **_own_name(tags, country),
        "kind": _KINDS.get(tags.get("place"), "populated place"),
        "kind_local": tags.get("place"),
        "country": country or tags.get("addr:country"),
        "oblast": tags.get("addr:region"),
        "raion": tags.get("addr:district"),
        "code": code,
        "code_system": "KATOTTG" if code else None,
        "population": _people(tags.get("population", "")),
        "population_as_of": tags.get("population:date"),
        "longitude": node.get("lon"),
        "latitude": node.get("lat"),
    }


def _own_name(tags: dict[str, str], country: str | None) -> dict[str, str]:
    """Return the plain name in the column of its country's language, where that is not tagged."""
    language = {"UA": "uk", "RU": "ru"}.get(country or "", "en")
    name = tags.get(f"name:{language}") or tags.get("name")
    return {f"name_{language}": name} if name else {}


def _people(text: str) -> int | None:
    """Return a population if the tag is a plain number above zero.

    >>> _people("1 234"), _people("12,345"), _people("12,5"), _people("~500"), _people("0")
    (1234, 12345, None, None, None)
    """
    if not _PLAIN.fullmatch(text.strip()):
        return None
    return int(re.sub(r"[\s,]", "", text)) or None


def _outline(relation: dict[str, Any]) -> Outline:
    tags = relation.get("tags", {})
    name = tags.get("name:en") or tags.get("name") or f"relation {relation.get('id')}"
    code = f"relation/{relation.get('id')}"
    iso = tags.get("ISO3166-2") or tags.get("ISO3166-1") or tags.get("ISO3166-1:alpha2") or ""
    names = {language: tags.get(f"name:{language}", "") for language in LANGUAGES}
    return Outline(name, assemble(relation), names, iso, code)


def assemble(relation: dict[str, Any]) -> Any:
    """Return the area that the ways of a relation enclose, as Overpass gives them with geometry.

    Ways come in any order and direction; several make a ring. Rings lie in one another: what is
    within an odd number of them is inside, so that a hole can hold an island. The roles ``outer``
    and ``inner`` must agree with that.

    Raises
    ------
    DataError
        The ways enclose nothing, do not close, lack their geometry, or contradict their roles.
    """
    name = f"relation {relation.get('id')}"
    ways = [m for m in relation.get("members", ()) if m.get("type") == "way"]
    # A role that is left out is that of an outer way.
    outer = _rings([w for w in ways if w.get("role") != "inner"], name)
    if not outer:
        raise DataError(f"Invalid {name}: no outer ways. Must be a boundary.")
    inner = _rings([w for w in ways if w.get("role") == "inner"], name)
    return _nested(np.array([*outer, *inner]), len(outer), name)


def _nested(rings: NDArray[np.object_], outer: int, name: str) -> Any:
    """Return the area within rings, the first `outer` of which are outer ones."""
    sizes = shapely.area(rings)
    inside, around = shapely.STRtree(rings).query(
        shapely.point_on_surface(rings), predicate="within"
    )
    larger = sizes[around] > sizes[inside]
    inside, around = inside[larger], around[larger]
    depth = np.bincount(inside, minlength=len(rings))
    odd = depth % 2 == 1
    if (wrong := np.flatnonzero(odd != (np.arange(len(rings)) >= outer))).size:
        x, y = shapely.get_coordinates(rings[wrong[0]])[0]
        role, must = ("inner", "in") if wrong[0] >= outer else ("outer", "outside")
        raise DataError(
            f"Invalid {name}: the {role} ring at {y:.5f}, {x:.5f} does not lie {must} an outer one."
        )
    parts = []
    for shell in np.flatnonzero(~odd):
        # All that lies in the ring is in its holes; islands there are shells of their own.
        holes = shapely.union_all(rings[inside[around == shell]])
        parts.append(shapely.difference(rings[shell], holes))
    return shapely.union_all(parts)


def _rings(ways: Iterable[dict[str, Any]], name: str) -> list[Any]:
    """Return the rings that ways make, each as a polygon without holes."""
    faces = shapely.get_parts(_closed(_lines(ways, name), name))
    return [shapely.polygons(shapely.get_exterior_ring(face)) for face in faces]


def _lines(ways: Iterable[dict[str, Any]], name: str) -> list[Any]:
    lines = []
    for way in ways:
        points = way.get("geometry") or []
        if len(points) < 2 or not all(points):
            raise DataError(f"Invalid {name}: way {way.get('ref')} lacks geometry.")
        lines.append(shapely.linestrings([(p["lon"], p["lat"]) for p in points]))
    return lines


def _closed(lines: list[Any], name: str) -> Any:
    """Return the polygons of rings made of lines, all of which must be used up."""
    polygons, cuts, dangles, invalid = shapely.polygonize_full(lines)
    for kind in (cuts, dangles, invalid):
        if not kind.is_empty:
            x, y = shapely.get_coordinates(kind)[0]
            raise DataError(
                f"Invalid {name}: its ways do not close a ring near {y:.5f}, {x:.5f}. The boundary "
                "is broken in OpenStreetMap; try again later, or another source."
            )
    return polygons


def _regions(found: list[Outline], source: Source) -> Regions:
    """Return outlines as regions, each of its own country."""
    members: list[Any] = []
    for outline in found:
        country = describe_country(outline.iso[:2]) if outline.iso else None
        members += regions_of([outline], country, source)
    return Regions(tuple(members))
