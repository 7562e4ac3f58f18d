"""What every settlement file holds: the columns, the closed set of kinds, the size of a place."""

from typing import NamedTuple

import pyarrow as pa


class Settlement(NamedTuple):
    """One place. All fields but the last six, about its position, are columns of every file."""

    id: str
    name_uk: str
    name_ru: str | None
    name_en: str
    transliterated: str
    kind: str
    kind_local: str | None
    country: str
    oblast_iso: str
    oblast: str
    raion: str | None
    raion_en: str | None
    hromada: str | None
    hromada_code: str | None
    hromada_type: str | None
    code: str | None
    code_system: str | None
    population: int | None
    population_as_of: str | None
    accuracy_m: float | None
    radius_m: float | None
    source: str | None
    duplicate_of: str | None
    lon: float | None
    lat: float | None
    approx_lon: float | None = None
    approx_lat: float | None = None
    approx_m: float | None = None
    candidates: str | None = None


NUMBERS = {"population": pa.int64(), "accuracy_m": pa.float64(), "radius_m": pa.float64()}
# Roughly where a place without a position is: columns of their own, which no map shows.
APPROXIMATE = Settlement._fields[-4:-1]
APPROXIMATE_SCHEMA = pa.schema(
    [*((name, pa.float64()) for name in APPROXIMATE), ("candidates", pa.string())]
)
COLUMNS = Settlement._fields[:-6]
SCHEMA = pa.schema([(name, NUMBERS.get(name, pa.string())) for name in COLUMNS])

COLUMN_MEANINGS = {
    "id": "stable unique key of the place: its code system or table and its key there",
    "name_uk": "name in Ukrainian",
    "name_ru": "name in Russian; null if no source has one",
    "name_en": "name in Latin letters: KMU 2010 from Ukrainian, BGN/PCGN from Russian",
    "transliterated": "which of the names were made by rules and not found in a source: language"
    " codes divided by blanks, empty if none",
    "kind": "city, urban-type settlement, settlement, village, hamlet, railway settlement or"
    " populated place (kind unknown)",
    "kind_local": "category or word of the source, in its language; null if it has none",
    "country": "ISO 3166-1 alpha-2 code",
    "oblast_iso": "ISO 3166-2 code of the oblast",
    "oblast": "short English name of the oblast, as in the dataset oblasts",
    "raion": "official name of the raion or urban district in the local language; null if unknown",
    "raion_en": "the same in Latin letters",
    "hromada": "official name of the hromada in Ukrainian; null outside Ukraine",
    "hromada_code": "KATOTTG code of the hromada, as several hromadas have one name; null outside"
    " Ukraine",
    "hromada_type": "urban, settlement or rural, by the category of its centre, the first place of"
    " the hromada in the codifier; null outside Ukraine",
    "code": "official code of the place; null if unknown",
    "code_system": "the system of `code`: KATOTTG or OKTMO; null if there is no code",
    "population": "inhabitants before 2022; null if unknown, never 0",
    "population_as_of": "year of `population`; null if the source does not tell",
    "accuracy_m": "uncertainty of the position, like one standard deviation, in metres",
    "radius_m": "rough radius of the built-up area around the point, in metres: an estimate",
    "source": "where the position comes from: a key of the table `sources` of this dataset",
    "duplicate_of": "id of the same place in another file, to be dropped when both are loaded",
    "approx_lon": "longitude of a point about which the place lies, in degrees; null if unknown",
    "approx_lat": "latitude of the same point",
    "approx_m": "how far from it the place may be, like one standard deviation, in metres",
    "candidates": "points about which the place may lie: longitude, latitude, spread in metres"
    " (like one standard deviation) and weight of each, divided by semicolons",
    "geometry": "Point, longitude and latitude in degrees, EPSG:4326",
}

# Categories of the Ukrainian codifier. In January 2024 the urban-type settlements (селище міського
# типу) became settlements (селище), together with the small ones that were called so before:
# the codifier no longer distinguishes them, and so neither does `kind`.
CODIFIER_KINDS = {
    "M": ("city", "місто"),
    "X": ("settlement", "селище"),
    "C": ("village", "село"),
}

# The type of a hromada by the category of its centre: міська, селищна or сільська громада.
HROMADA_TYPES = {"M": "urban", "X": "settlement", "C": "rural"}

# Words of the Russian table. A derevnya was a village without a church, and is today often as large
# as a selo: both are villages. A khutor is a hamlet. A posyolok that is not urban is a settlement.
RUSSIAN_KINDS = {
    "г": "city",
    "пгт": "urban-type settlement", "рп": "urban-type settlement", "дп": "urban-type settlement",
    "кп": "urban-type settlement", "гп": "urban-type settlement",
    "п": "settlement", "нп": "settlement", "м": "settlement", "мкр": "settlement",
    "с": "village", "д": "village", "ст-ца": "village", "сл": "village", "с/с": "village",
    "х": "hamlet", "x": "hamlet",
    "ст": "railway settlement", "рзд": "railway settlement", "п/ст": "railway settlement",
    "ж/д_будка": "railway settlement", "ж/д_рзд": "railway settlement",
    "ж/д_ст": "railway settlement", "ж/д_казарм": "railway settlement",
}  # fmt: skip

# Radius in metres of a place of unknown population: that of the median population of its kind in
# the Russian table within 60 km of the line (city 33,000; urban-type 7,800; village 185; hamlet
# 56; settlement 28, railway settlement 37), rounded up because the population is unknown.
KIND_RADIUS_M = {
    "city": 3_000.0,
    "urban-type settlement": 1_800.0,
    "settlement": 500.0,
    "village": 500.0,
    "hamlet": 350.0,
    "railway settlement": 300.0,
    "populated place": 500.0,
}


def estimate_radius(kind: str, population: int | None) -> float:
    """Return the rough radius of a place in metres.

    Built-up land a head falls as a place grows: about 0.3 ha in a village of 500 (a homestead of
    0.5 to 1 ha for every two or three), 0.04 ha in a city of 400,000. A power law through these
    two is r = 78 m · population^0.35. Compared with the official areas of cities: Belgorod
    153 km² (7.0 km; the law 7.0), Kursk 208 (8.1; 7.4), Oryol 121 (6.2; 6.5), Sumy 95 (5.5; 6.1),
    Chernihiv 79 (5.0; 6.3), Kharkiv 350 (10.6; 11.1): within 26 %. We had no areas of villages for
    a comparison.

    >>> [round(estimate_radius("village", n), -1) for n in (20, 500, 5_000)]
    [220.0, 690.0, 1540.0]
    """
    if population is None:
        return KIND_RADIUS_M[kind]
    return float(round(78.0 * population**0.35))
