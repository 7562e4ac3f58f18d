"""Build the two tables of places in Russia: from INID (2021) and from GeoNames."""

import csv
import io
import re
from collections import Counter, defaultdict

import numpy as np
import shapely
from names import YO, clean_name, fold_name, russian_to_english, russian_to_ukrainian
from plane import project
from postal import PostalPlace
from regions import BY_NAME, Region
from settlement import RUSSIAN_KINDS, Settlement, estimate_radius
from towns import Town, count_edits, pick_name

# Per oblast: its name in the INID table, its name in the postal table, its FIPS code.
OBLASTS = {
    "Bryansk": ("Брянская область", "Брянская Область", "10"),
    "Kursk": ("Курская область", "Курская Область", "41"),
    "Belgorod": ("Белгородская область", "Белгородская Область", "09"),
    "Voronezh": ("Воронежская область", "Воронежская Область", "86"),
    "Rostov": ("Ростовская область", "Ростовская Область", "61"),
    "Smolensk": ("Смоленская область", "Смоленская Область", "69"),
    "Oryol": ("Орловская область", "Орловская Область", "56"),
}
REACH_M = 60_000.0
# A position may be this far outside its oblast, because polygons and positions are not exact.
OUTSIDE_M = 1_000.0
# Two rows of one name in one raion that are nearer than this are one place, entered twice.
TWICE_M = 100.0
# A place of the same name in another file is the same place up to this distance, which is six
# times the accuracy of a position. Another place of that name is almost always farther.
SAME_PLACE_M = 3_000.0
# 721 places are in both tables. Their positions differ by 480 m in the median, two thirds by less
# than 720 m and 95 % by less than 2.3 km. The INID table is the better one (its positions are in
# the right raion in all cases that can be tested), so we assign the difference to GeoNames.
INID_ACCURACY_M = 500.0
GEONAMES_ACCURACY_M = 700.0
# The table does not state a year. Its populations agree with figures of about 2020.
INID_YEAR = "2020"


def name_raion(municipality: str) -> str:
    """Return the official form of a municipality of the INID table.

    >>> name_raion("Глушковский"), name_raion("Навлинский район"), name_raion("Город Курск")
    ('Глушковский район', 'Навлинский район', 'Город Курск')
    """
    name = clean_name(municipality)
    return f"{name} район" if re.fullmatch(r"[\w-]+(ий|ый|ой)", name) else name


def translate_raion(raion: str) -> str:
    """Return the Latin form of a raion's name.

    >>> translate_raion("Глушковский район")
    'Glushkovskiy Raion'
    """
    english = russian_to_english(raion.removesuffix(" район"))
    return f"{english} Raion" if raion.endswith(" район") else english


def spell_yo(name: str) -> str:
    """Return a name with ё if its correct spelling is known to have it."""
    return YO.get(name.lower(), name.lower()).capitalize() if name.lower() in YO else name


def read_inid(table: bytes) -> list[Settlement]:
    """Return the rows of the seven oblasts."""
    regions = {row[0]: BY_NAME[name] for name, row in OBLASTS.items()}
    rows = csv.DictReader(io.StringIO(table.decode("utf-8")))
    return [describe_inid(row, regions[row["region"]]) for row in rows if row["region"] in regions]


def describe_inid(row: dict[str, str], region: Region) -> Settlement:
    """Return one row of the INID table; a population of 0 there also means "not known"."""
    name = spell_yo(re.sub(r"\bN(?=\d)", "№ ", clean_name(row["settlement"])))
    raion = name_raion(row["municipality"])
    kind = RUSSIAN_KINDS[row["type"]]
    population = int(row["population"]) or None
    return Settlement(
        id=f"inid:{row['id']}",
        name_uk=russian_to_ukrainian(name),
        name_ru=name,
        name_en=russian_to_english(name),
        transliterated="uk en",
        kind=kind,
        kind_local=row["type"].replace("x", "х"),
        country="RU",
        oblast_iso=region.iso,
        oblast=region.name,
        raion=raion,
        raion_en=translate_raion(raion),
        hromada=None,
        hromada_code=None,
        hromada_type=None,
        code=row["oktmo"],
        code_system="OKTMO",
        population=population,
        population_as_of=INID_YEAR if population else None,
        accuracy_m=INID_ACCURACY_M,
        radius_m=estimate_radius(kind, population),
        source="inid",
        duplicate_of=None,
        lon=round(float(row["longitude_dd"]), 6),
        lat=round(float(row["latitude_dd"]), 6),
    )


def describe_town(town: Town, region: Region) -> Settlement | None:
    """Return a town of the gazetteer, or None if it has no Russian name there."""
    named = [name.removeprefix("Город ") for name in town.cyrillic]
    foreign = re.compile("[іїєґ’]|[сцз]ьк")
    russian = pick_latin([n for n in named if not foreign.search(n.lower())], town.name)
    if russian is None:
        return None
    customary = russian_to_ukrainian(russian)
    ukrainian = pick_name(tuple(n for n in town.cyrillic if n != russian), customary, "ыэёъ")
    missing = ["" if ukrainian else "uk", "en"]
    return Settlement(
        id=f"geonames:{town.geoname_id}",
        name_uk=ukrainian or customary,
        name_ru=russian,
        name_en=russian_to_english(russian),
        transliterated=" ".join(filter(None, missing)),
        kind="populated place",
        kind_local=None,
        country="RU",
        oblast_iso=region.iso,
        oblast=region.name,
        raion=None,
        raion_en=None,
        hromada=None,
        hromada_code=None,
        hromada_type=None,
        code=None,
        code_system=None,
        population=town.population,
        population_as_of=None,
        accuracy_m=GEONAMES_ACCURACY_M,
        radius_m=estimate_radius("populated place", town.population),
        source="geonames_gazetteer",
        duplicate_of=None,
        lon=town.lon,
        lat=town.lat,
    )


def pick_latin(named: list[str], latin: str) -> str | None:
    """Return the Russian name whose Latin form differs from a town's by at most three letters."""
    plain = latin.removeprefix("Gorod ").replace("’", "").replace("ë", "yo").lower()
    ranked = sorted((count_edits(russian_to_english(name).lower(), plain), name) for name in named)
    return ranked[0][1] if ranked and ranked[0][0] <= 3 else None


def describe_postal(place: PostalPlace, region: Region) -> Settlement:
    """Return a row of the postal table."""
    name = spell_yo(place.name)
    raion = place.raion.capitalize() or None
    return Settlement(
        id=f"geonames-postal:RU/{place.postcode}/{fold_name(name)}",
        name_uk=russian_to_ukrainian(name),
        name_ru=name,
        name_en=russian_to_english(name),
        transliterated="uk en",
        kind="populated place",
        kind_local=None,
        country="RU",
        oblast_iso=region.iso,
        oblast=region.name,
        raion=raion,
        raion_en=translate_raion(raion) if raion else None,
        hromada=None,
        hromada_code=None,
        hromada_type=None,
        code=None,
        code_system=None,
        population=None,
        population_as_of=None,
        accuracy_m=GEONAMES_ACCURACY_M,
        radius_m=estimate_radius("populated place", None),
        source="geonames_postal",
        duplicate_of=None,
        lon=place.lon,
        lat=place.lat,
    )


def list_geonames(
    places: list[PostalPlace], towns: list[Town], counts: Counter[str]
) -> list[Settlement]:
    """Return the towns, and the postal places that are neither towns nor numbered post offices."""
    by_postal = {row[1]: BY_NAME[name] for name, row in OBLASTS.items()}
    by_fips = {row[2]: BY_NAME[name] for name, row in OBLASTS.items()}
    found = [describe_town(town, by_fips[town.admin1]) for town in towns]
    rows = [row for row in found if row is not None]
    counts["towns dropped: no Russian name"] += len(found) - len(rows)
    whole = [place for place in places if not re.search(r"\d", place.name)]
    postal = [describe_postal(place, by_postal[place.oblast]) for place in whole]
    counts["dropped: numbered post office"] += len(places) - len(postal)
    once = drop_contradictions(postal)
    counts["dropped: one name, several positions in a raion"] += len(postal) - len(once)
    same = find_same(once, rows)
    counts["dropped: a town of the gazetteer"] += len(same)
    return rows + [row for row in once if row.id not in same]


def drop_contradictions(rows: list[Settlement]) -> list[Settlement]:
    """Keep one row for each name in a raion if its positions agree; else drop all of them."""
    groups = defaultdict(list)
    for row in rows:
        groups[row.oblast_iso, row.raion, fold_name(row.name_ru)].append(row)
    kept = []
    for group in groups.values():
        flat = project(np.array([(row.lon, row.lat) for row in group]))
        if np.hypot(*(flat - flat[0]).T).max() < SAME_PLACE_M:
            kept.append(group[0])
    return kept


def find_same(rows: list[Settlement], others: list[Settlement]) -> dict[str, str]:
    """Return the id in `others` of the rows that are also there.

    Two rows are one place if they have one name and are at most 3 km apart (for a large town: its
    radius); of several we take the nearest. A place farther away is the same one if it is the only
    one of that name in the raion.
    """
    named = defaultdict(list)
    for other in others:
        named[other.oblast_iso, fold_name(other.name_ru)].append(other)
    same = {}
    for row in rows:
        namesakes = named.get((row.oblast_iso, fold_name(row.name_ru)), [])
        ranked = sorted(
            (distance_m(row, o) - max(SAME_PLACE_M, o.radius_m or 0), o.id) for o in namesakes
        )
        raion = [o.id for o in namesakes if row.raion and row.raion == o.raion]
        if ranked and ranked[0][0] < 0:
            same[row.id] = ranked[0][1]
        elif len(raion) == 1:
            same[row.id] = raion[0]
    return same


def distance_m(first: Settlement, second: Settlement) -> float:
    """Return the distance between two places in metres."""
    flat = project(np.array([(first.lon, first.lat), (second.lon, second.lat)], dtype=np.float64))
    return float(np.hypot(*(flat[0] - flat[1])))


def drop_twice(rows: list[Settlement]) -> list[Settlement]:
    """Drop the rows that repeat an earlier one: same name, kind, raion and position."""
    seen: dict[tuple[str | None, ...], list[Settlement]] = defaultdict(list)
    for row in rows:
        group = seen[row.oblast_iso, row.raion, fold_name(row.name_ru), row.kind_local]
        if all(distance_m(row, other) > TWICE_M for other in group):
            group.append(row)
    return [row for group in seen.values() for row in group]


def select_near(
    rows: list[Settlement],
    line: shapely.Geometry,
    oblasts: dict[str, shapely.Geometry],
    counts: Counter[str],
) -> list[Settlement]:
    """Return the rows near the line that lie in their oblast, by id; shapes in metres."""
    flat = project(np.array([(row.lon, row.lat) for row in rows], dtype=np.float64))
    points = shapely.points(flat)
    near = np.flatnonzero(shapely.dwithin(points, line, REACH_M)).tolist()
    counts["rows within 60 km"] += len(near)
    for shape in oblasts.values():
        shapely.prepare(shape)
    kept = [
        rows[i] for i in near if shapely.dwithin(oblasts[rows[i].oblast_iso], points[i], OUTSIDE_M)
    ]
    counts["dropped: outside their oblast"] += len(near) - len(kept)
    return sorted(kept)
