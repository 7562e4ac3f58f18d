"""Build the tables of places in Ukraine: the official register with positions of GeoNames.

A place gets a position only if the position can be trusted.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import candidates
import numpy as np
import shapely
from codifier import Entry
from names import fold_name, ukrainian_to_english, ukrainian_to_russian
from numpy.typing import NDArray
from plane import project, unproject
from postal import PostalPlace
from regions import BY_NAME
from settlement import CODIFIER_KINDS, HROMADA_TYPES, Settlement, estimate_radius
from towns import CUSTOMARY, Town, pick_name

# Per oblast: the start of its codes in the codifier, its name in the postal table, its FIPS code.
OBLASTS = {
    "Chernihiv": ("UA74", "Chernihivska", "02"),
    "Sumy": ("UA59", "Sumska", "21"),
    "Kharkiv": ("UA63", "Kharkivska", "07"),
    "Luhansk": ("UA44", "Luhanska", "14"),
    "Donetsk": ("UA14", "Donetska", "05"),
    "Poltava": ("UA53", "Poltavska", "18"),
    "Kyiv": ("UA32", "Kyivska", "13"),
}

# One place may have several positions, one per post office. Within this distance they agree.
SAME_PLACE_M = 2_000.0
# A hromada is some 15 km across, the largest 40 km: a place farther than this from the median of
# its hromada is another place of the same name.
HROMADA_REACH_M = 25_000.0
# Of several places of one name, we choose by the median of the hromada only if the nearest median
# is at most this far ...
NAMESAKE_REACH_M = 15_000.0
# ... and the next median is at least twice as far, and this much farther. In fewer than one of a
# hundred pairs a place is nearer to the median of a wrong hromada by that much (see the README).
NAMESAKE_LEAD_M = 5_000.0
# A name belongs to a place of at least so many people rather than to a village.
CITY_POPULATION = 5_000
# Each raion of before 2020 became part of one new raion, seldom of two. A new raion is a successor
# if it has at least this share of the places. Smaller shares come from rows with wrong positions.
SUCCESSOR_SHARE = 0.05
# A median of fewer places than this is not reliable.
MEDIAN_OF = 3
# A position may be this far outside its oblast, because polygons and positions are not exact.
OUTSIDE_M = 1_000.0
# Accuracies in metres, similar to one standard deviation. Compared with positions of OpenStreetMap
# that we do not use, those of GeoNames had a median error of 250 m, and 95 % were within 1.4 km.
ACCURACY_M = 500.0
# In Luhansk oblast the median was 540 m, and 95 % were within 1.95 km. Positions that only the
# places around them confirm had a median of 290 m, but 96 % were within 2 km. Donetsk was not
# compared; its two tables differ no more than those of Kharkiv do (`measure.py`).
COARSER_M = 700.0
COARSER_OBLASTS = ("UA44",)


class Fix(NamedTuple):
    """A position for a name in an oblast, from one of the tables."""

    name: str
    oblast_code: str
    old_raion: str
    source: str
    xy: tuple[float, float]
    lon: float
    lat: float
    town: Town | None
    postcode: str = ""


class Rough(NamedTuple):
    """Roughly where a place is: about a point, so many metres like one standard deviation."""

    xy: tuple[float, float]
    metres: float


def list_fixes(places: list[PostalPlace], towns: list[Town]) -> list[Fix]:
    """Return the positions of both tables in one form."""
    by_postal = {postal: code for code, postal, _ in OBLASTS.values()}
    by_fips = {fips: code for code, _, fips in OBLASTS.values()}
    postal = [
        Fix(
            p.name,
            by_postal[p.oblast],
            p.raion,
            "geonames_postal",
            (0, 0),
            p.lon,
            p.lat,
            None,
            p.postcode,
        )
        for p in places
    ]
    gazetteer = [
        Fix(t.name, by_fips[t.admin1], "", "geonames_gazetteer", (0, 0), t.lon, t.lat, t)
        for t in towns
    ]
    fixes = postal + gazetteer
    flat = project(np.array([(fix.lon, fix.lat) for fix in fixes])).tolist()
    return [fix._replace(xy=(x, y)) for fix, (x, y) in zip(fixes, flat, strict=True)]


def fold_latin(name: str) -> str:
    """Return a Latin name for comparisons: all spellings of и, і, ї and й become one.

    >>> fold_latin("Khutir-Mykhaylivskyi") == fold_latin("Khutir-Mykhailivskyi")
    True
    """
    return re.sub("[iy]+", "i", fold_name(name))


def index_entries(entries: Iterable[Entry]) -> dict[tuple[str, str], list[Entry]]:
    """Return the entries by oblast and folded name, once in Cyrillic and once in Latin letters."""
    index: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        index[entry.oblast_code, fold_name(entry.name)].append(entry)
        index[entry.oblast_code, fold_latin(ukrainian_to_english(entry.name))].append(entry)
    return index


def find_candidates(fix: Fix, index: dict[tuple[str, str], list[Entry]]) -> list[Entry]:
    """Return the entries that bear the name of a fix in its oblast.

    The Latin name of a town is the current one. Its names in Cyrillic include older ones, so they
    count only if no entry has the Latin name. A large town is a city, if one city bears the name.
    """
    if fix.town is None:
        return index.get((fix.oblast_code, fold_name(fix.name)), [])
    found = set(index.get((fix.oblast_code, fold_latin(fix.name)), ()))
    if not found:
        keys = [(fix.oblast_code, fold_name(name)) for name in fix.town.cyrillic]
        found = {entry for key in keys for entry in index.get(key, ())}
    cities = [entry for entry in found if entry.category == "M"]
    large = (fix.town.population or 0) >= CITY_POPULATION
    return cities if large and len(cities) == 1 else sorted(found)


def find_medians(pairs: Iterable[tuple[Entry, Fix]]) -> dict[str, NDArray[np.float64]]:
    """Return the median position of each hromada with enough places."""
    members = defaultdict(list)
    for entry, fix in pairs:
        members[entry.hromada_code].append(fix.xy)
    return {code: np.median(xy, axis=0) for code, xy in members.items() if len(xy) >= MEDIAN_OF}


def find_successors(single: dict[Fix, Entry]) -> dict[tuple[str, str], set[str]]:
    """Return the new raions of each raion before 2020, by the places whose name is unmistakable."""
    members: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for fix, entry in single.items():
        members[fix.oblast_code, fix.old_raion][entry.raion_code] += 1
    return {
        old: {new for new, n in news.items() if n >= SUCCESSOR_SHARE * news.total()}
        for old, news in members.items()
    }


def keep_inside(
    fixes: list[Fix], oblasts: dict[str, shapely.Geometry], counts: Counter[str]
) -> list[Fix]:
    """Drop the positions outside their oblast; `oblasts` in metres by the start of their codes."""
    for shape in oblasts.values():
        shapely.prepare(shape)
    inside = [
        fix
        for fix in fixes
        if shapely.dwithin(oblasts[fix.oblast_code], shapely.Point(fix.xy), OUTSIDE_M)
    ]
    counts["positions dropped: outside their oblast"] += len(fixes) - len(inside)
    return inside


def distance_m(fix: Fix, xy: NDArray[np.float64] | tuple[float, float]) -> float:
    """Return the distance between a fix and a position in metres."""
    return float(np.hypot(fix.xy[0] - xy[0], fix.xy[1] - xy[1]))


def locate_entries(
    entries: list[Entry], fixes: list[Fix], counts: Counter[str]
) -> dict[Entry, list[Fix]]:
    """Return the entries with a trustworthy position, each with the fixes that agree on it."""
    index = index_entries(entries)
    candidates = {fix: find_candidates(fix, index) for fix in fixes}
    counts["positions dropped: name not in the codifier"] += sum(not c for c in candidates.values())
    single = {fix: found[0] for fix, found in candidates.items() if len(found) == 1}
    medians = find_medians((entry, fix) for fix, entry in single.items())
    successors = find_successors(single)
    claims: dict[Entry, list[Fix]] = defaultdict(list)
    for fix, found in candidates.items():
        raions = successors.get((fix.oblast_code, fix.old_raion), set())
        possible = [e for e in found if e.raion_code in raions or not fix.old_raion]
        counts["positions dropped: name not in the raion"] += bool(found) and not possible
        entry = choose_entry(fix, possible, medians, counts)
        if entry is not None:
            claims[entry].append(fix)
    return settle_claims(claims, counts)


def choose_entry(
    fix: Fix, found: list[Entry], medians: dict[str, NDArray[np.float64]], counts: Counter[str]
) -> Entry | None:
    """Return which of its namesakes a fix is the position of, or None if that is not certain."""
    away = sorted(
        (distance_m(fix, medians[e.hromada_code]) if e.hromada_code in medians else np.inf, e)
        for e in found
    )
    if len(found) == 1:
        if away[0][0] < HROMADA_REACH_M or found[0].hromada_code not in medians:
            counts["positions matched: only bearer of the name in the raion"] += 1
            return found[0]
        counts["positions dropped: over 25 km from the median of the hromada"] += 1
    elif found:
        (first, entry), (second, _) = away[:2]
        if first < NAMESAKE_REACH_M and max(2 * first, first + NAMESAKE_LEAD_M) < second < np.inf:
            counts["positions matched: namesakes settled by the hromada"] += 1
            return entry
        counts["positions dropped: namesakes not settled by the hromada"] += 1
    return None


def settle_claims(claims: dict[Entry, list[Fix]], counts: Counter[str]) -> dict[Entry, list[Fix]]:
    """Keep the entries whose fixes agree; the gazetteer's fix comes first."""
    settled = {}
    for entry, fixes in claims.items():
        ranked = sorted(fixes, key=lambda f: (f.source, f.lon, f.lat))
        if all(distance_m(fix, ranked[0].xy) < SAME_PLACE_M for fix in ranked):
            settled[entry] = ranked
        else:
            counts["entries dropped: positions contradict each other"] += 1
    return settled


# The places of Ukraine within this distance of the line are shipped ...
REACH_M = 60_000.0
# ... and without a position those of hromadas with a located place this near (a hromada is up to
# 40 km across, so that one farther away can hardly reach into a zone of 10 or 15 km) ...
HROMADA_NEAR_M = 30_000.0
# ... or, if a hromada has no located place at all, those in raions with one this near.
RAION_NEAR_M = 10_000.0


def describe_place(entry: Entry, fixes: list[Fix]) -> Settlement:
    """Return the row of a codifier entry; without fixes it has no position.

    It has a Russian name only if GeoNames has one: of those made by rules one in three is wrong.
    """
    region = next(BY_NAME[name] for name, row in OBLASTS.items() if row[0] == entry.oblast_code)
    towns = [fix.town for fix in fixes if fix.town]
    population = max((town.population or 0 for town in towns), default=0) or None
    customary = ukrainian_to_russian(entry.name)
    names = {name for town in towns for name in town.cyrillic} - {entry.name}
    same = (customary,) if customary == entry.name and towns else ()
    picked = pick_name((*same, *sorted(names)), customary, "іїєґ’")
    russian = CUSTOMARY.get(entry.name, picked) if towns else None
    kind, kind_local = CODIFIER_KINDS[entry.category]
    fix = fixes[0] if fixes else None
    return Settlement(
        id=f"katottg:{entry.code}",
        name_uk=entry.name,
        name_ru=russian,
        name_en=ukrainian_to_english(entry.name),
        transliterated="en",
        kind=kind,
        kind_local=kind_local,
        country="UA",
        oblast_iso=region.iso,
        oblast=region.name,
        raion=entry.raion,
        raion_en=ukrainian_to_english(entry.raion.removesuffix(" район")) + " Raion",
        hromada=entry.hromada,
        hromada_code=entry.hromada_code,
        hromada_type=HROMADA_TYPES[entry.hromada_category],
        code=entry.code,
        code_system="KATOTTG",
        population=population,
        population_as_of=None,
        accuracy_m=find_accuracy(fix) if fix else None,
        radius_m=estimate_radius(kind, population),
        source=fix.source if fix else None,
        duplicate_of=None,
        lon=fix.lon if fix else None,
        lat=fix.lat if fix else None,
    )


def find_accuracy(fix: Fix) -> float:
    """Return the accuracy of a position in metres."""
    by_name = fix.source in {"geonames_gazetteer", "geonames_postal"}
    return ACCURACY_M if by_name and fix.oblast_code not in COARSER_OBLASTS else COARSER_M


def add_rough(place: Settlement, rough: Rough | None) -> Settlement:
    """Return a row with the rough position of the place, if known, to four decimals (11 m)."""
    if rough is None:
        return place
    lon, lat = unproject(np.array([rough.xy]))[0].round(4).tolist()
    return place._replace(approx_lon=lon, approx_lat=lat, approx_m=rough.metres)


def add_candidates(place: Settlement, entry: Entry, near: candidates.Neighbours) -> Settlement:
    """Return a row with the points about which the place may lie."""
    rough = None
    if place.approx_lon is not None and place.approx_lat is not None and place.approx_m is not None:
        rough = (place.approx_lon, place.approx_lat), place.approx_m
    text = candidates.write_candidates(entry.hromada_code, entry.raion_code, near, rough)
    return place._replace(candidates=text)


def select_near(
    entries: list[Entry],
    located: dict[Entry, list[Fix]],
    rough: dict[Entry, Rough],
    line: shapely.Geometry,
) -> tuple[list[Settlement], list[Settlement]]:
    """Return the located places near the line, in metres, and those near it without a position."""
    away = {entry: line.distance(shapely.Point(fixes[0].xy)) for entry, fixes in located.items()}
    known = {entry.hromada_code for entry in away}
    hromadas = {entry.hromada_code for entry, m in away.items() if m <= HROMADA_NEAR_M}
    raions = {entry.raion_code for entry, m in away.items() if m <= RAION_NEAR_M}
    near = [describe_place(e, located[e]) for e in sorted(away) if away[e] <= REACH_M]
    around = candidates.group_neighbours(
        (e.hromada_code, e.raion_code, (fixes[0].lon, fixes[0].lat)) for e, fixes in located.items()
    )
    lost = [
        add_candidates(add_rough(describe_place(e, []), rough.get(e)), e, around)
        for e in sorted(set(entries) - set(located))
        if e.hromada_code in hromadas or (e.hromada_code not in known and e.raion_code in raions)
    ]
    return near, lost
