"""Collect other names of the places: former ones of the codifier, and those of GeoNames."""

import json
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from names import clean_name, ukrainian_to_russian

Row = Mapping[str, Any]
# Places of one name that are farther apart are different places.
NEAR_KM = 4.0
DEGREE_KM = 111.2
# Names in small letters are machine transcriptions of Chinese, Arabic and Hebrew names.
NAME = re.compile(r"[A-ZÀ-ɏА-ЯЁЄІЇҐ][A-Za-zÀ-ɏЀ-ӿ'’ʼ‘ʹ `.()/-]*")
NAME_COLUMNS = ("name_uk", "name_ru", "name_en")


def fold(name: str) -> str:
    """Return a name in small letters without accents and signs.

    >>> fold("Bol’shoye Sélo"), fold("Тёткино")
    ('bolshoye selo', 'теткино')
    """
    parts = unicodedata.normalize("NFD", name.lower().replace("й", "\0"))
    letters = "".join(c for c in parts if not unicodedata.combining(c)).replace("\0", "й")
    return " ".join(re.sub(r"[^\w -]", "", letters).split())


def read_towns(extract: bytes) -> Iterator[tuple[Row, list[str]]]:
    """Yield the rows of Ukraine and Russia with their names in Latin and Cyrillic letters."""
    for row in json.loads(extract).values():
        if row["countrycode"] in {"UA", "RU"}:
            names = dict.fromkeys([row["name"], *row["alternatenames"]])
            yield row, [clean_name(name) for name in names if NAME.fullmatch(name)]


def distance_km(row: Row, place: Row) -> float:
    """Return the distance on a plane, which is enough to tell places of one name apart."""
    lon, lat = place["geometry"].x, place["geometry"].y
    east = (row["longitude"] - lon) * math.cos(math.radians(lat))
    return DEGREE_KM * math.hypot(east, row["latitude"] - lat)


def collect_other_names(
    extract: bytes, places: list[Row], every: list[Row], former: Mapping[str, list[str]]
) -> dict[str, list[str]]:
    """Return the names that the tables do not have, by the id of the place.

    `places` have a position, `every` are all of them. `former` are former names by KATOTTG code. A
    place without a Russian name gets the one that rules make of the Ukrainian: right for two places
    in three, which helps to find it and is not good enough to be shown.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for one, names in collect_from_towns(extract, places).items():
        found[one].update(names)
    for place in every:
        if place["code_system"] == "KATOTTG":
            found[place["id"]].update(former.get(place["code"], ()))
        if not place["name_ru"] and (made := ukrainian_to_russian(place["name_uk"])):
            found[place["id"]].add(made)
    known = {place["id"]: {place[column] for column in NAME_COLUMNS} for place in every}
    return {
        one: kept for one, names in found.items() if (kept := sorted(names - known.get(one, set())))
    }


def collect_from_towns(extract: bytes, places: list[Row]) -> dict[str, list[str]]:
    """Return the names of GeoNames that the table of places does not have, by the id of the place.

    A town is the nearest place of its country with which it has a name in common.
    """
    by_name = defaultdict(list)
    for place in places:
        for column in NAME_COLUMNS:
            if place[column]:
                by_name[place["country"], fold(place[column])].append(place)
    found: dict[str, list[str]] = {}
    for row, names in read_towns(extract):
        near = [
            (away, place["id"], place)
            for name in names
            for place in by_name.get((row["countrycode"], fold(name)), ())
            if (away := distance_km(row, place)) <= NEAR_KM
        ]
        if near:
            _, one, place = min(near, key=lambda triple: triple[:2])
            known = {fold(place[column]) for column in NAME_COLUMNS if place[column]}
            others = {fold(name): name for name in reversed(names) if fold(name) not in known}
            if others:
                found[one] = sorted({*found.get(one, ()), *others.values()})
    return found
