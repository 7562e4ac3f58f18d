"""Download administrative boundaries of a country, by level, from the API of geoBoundaries.

Format: https://www.geoboundaries.org/api.html
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from geobuffer.datasets.countries import describe_country
from geobuffer.datasets.fetch.cache import file_name, obtain
from geobuffer.datasets.fetch.check_content import read_features, read_json
from geobuffer.datasets.fetch.downloader import Wanted
from geobuffer.datasets.fetch.http import check_address
from geobuffer.datasets.fetch.tables import Fetched, Outline, parse_level, regions_of, shape_of
from geobuffer.errors import DataError
from geobuffer.zones.source import Source

if TYPE_CHECKING:
    from pathlib import Path

    from geobuffer.datasets.fetch.downloader import Downloader


_CITATION = (
    "Runfola et al. (2020), geoBoundaries: A global database of political administrative "
    "boundaries, PLoS ONE 15(4): e0231866."
)


def boundaries(how: Downloader, *, refresh: bool, country: str, level: int = 1) -> Fetched:
    """Return the regions of a country at an administrative level, 0 (the country) to 5."""
    where = describe_country(country)
    level = parse_level(level, deepest=5)
    title = f"geoBoundaries gbOpen, {where.alpha_3} ADM{level}"
    api = _fetch_api_answer(how, where.alpha_3, level, title, refresh=refresh)
    url = str(api["gjDownloadURL"])
    key = hashlib.sha256(url.encode()).hexdigest()[:8]
    source = Source(
        title, f"William & Mary geoLab; {api.get('boundarySource', '')}".rstrip("; "),
        licence=str(api.get("boundaryLicense") or "not stated"),
        version=str(api.get("boundaryID") or ""),
        as_of=str(api.get("boundaryYearRepresented") or ""), citation=_CITATION,
    )  # fmt: skip
    name = file_name(f"{where.alpha_3}-ADM{level}-{key}.geojson")
    wanted = Wanted("geoboundaries", name, (url,), source, read_features)
    file = obtain(wanted, how, refresh=refresh)
    outlines = [_make_outline(feature) for feature in read_features(file.path)]
    return Fetched(regions_of(outlines, where, file.source), (file.source,))


def _fetch_api_answer(
    how: Downloader, iso3: str, level: int, title: str, *, refresh: bool
) -> dict[str, Any]:
    """Return the API's description of a file: its address, its licence, its year."""
    path = f"gbOpen/{iso3}/ADM{level}"
    urls = tuple(f"{address}/{path}/" for address in how.addresses("geoboundaries"))
    source = Source(f"{title}: where it is", "William & Mary geoLab")
    wanted = Wanted("geoboundaries", f"{iso3}-ADM{level}.json", urls, source, _check_api_answer)
    file = obtain(wanted, how, refresh=refresh)
    answer: dict[str, Any] = read_json(file.path)
    check_address(str(answer["gjDownloadURL"]), like=urls[0])
    return answer


def _check_api_answer(path: Path) -> None:
    answer = read_json(path)
    if not isinstance(answer, dict) or not isinstance(answer.get("gjDownloadURL"), str):
        raise DataError(f"Invalid {path.name}: no gjDownloadURL. Expected an answer of its API.")


def _make_outline(feature: dict[str, Any]) -> Outline:
    facts = feature["properties"]
    name = str(facts.get("shapeName") or facts.get("shapeID") or "unnamed")
    iso = str(facts.get("shapeISO") or "")
    # In the files of many countries shapeISO holds another text, such as the name.
    iso = iso if iso[2:3] == "-" or len(iso) == 2 else ""
    return Outline(name, shape_of(feature, name), {"en": name}, iso, str(facts.get("shapeID", "")))
