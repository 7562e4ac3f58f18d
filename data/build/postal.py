"""Read the postal table of GeoNames and select the rows whose position can be trusted.

The table lists places with post offices, and some of its positions are wrong. A wrong position is
worse than a missing one, so a row is used only if it passes every rule here. The counts say how
many rows each rule removed.
"""

import re
from collections import Counter, defaultdict
from typing import NamedTuple

import numpy as np
from names import clean_name, fold_name
from plane import project

# The numbers of the columns.
COUNTRY, CODE, NAME, OBLAST, RAION, LATITUDE, LONGITUDE, ACCURACY = 0, 1, 2, 3, 5, 9, 10, 11
# Accuracy 1 means "estimated": most of those rows are wrong by more than 10 km. 3 means the
# position of a neighbour or a centroid, 4 a match with a place of GeoNames.
TRUSTED = ("3", "4")
# A raion of before 2020 is some 40 km across. A row farther than this from the median of its raion
# lies in another raion: the table has the position of another place with the same name.
RAION_REACH_M = 40_000.0


class PostalPlace(NamedTuple):
    """One named place at one position."""

    name: str
    hint: str
    oblast: str
    raion: str
    lon: float
    lat: float
    postcode: str


def read_postal(table: bytes, country: str, oblasts: tuple[str, ...]) -> list[list[str]]:
    """Return the rows of some oblasts, as lists of text."""
    rows = (line.split("\t") for line in table.decode("utf-8").splitlines())
    return [row for row in rows if row[COUNTRY] == country and row[OBLAST] in oblasts]


def split_hint(name: str) -> tuple[str, str]:
    """Return a name and its village council, which some names have in brackets.

    >>> split_hint("Вишневе (Фастовецька сільська рада)")
    ('Вишневе', 'Фастовецька сільська рада')
    """
    head, _, hint = clean_name(name).partition("(")
    return head.strip(), hint.rstrip(")").strip()


def make_place(row: list[str]) -> PostalPlace:
    """Return the place of a row."""
    name, hint = split_hint(row[NAME])
    lon, lat = float(row[LONGITUDE]), float(row[LATITUDE])
    return PostalPlace(name, hint, row[OBLAST], row[RAION], lon, lat, row[CODE])


def list_places(rows: list[list[str]], counts: Counter[str]) -> list[PostalPlace]:
    """Return the places of the rows that are not estimated, one per name and position."""
    counts["rows read"] += len(rows)
    cyrillic = re.compile("[А-яІЇЄҐіїєґ]")
    sure = [row for row in rows if row[ACCURACY] in TRUSTED and cyrillic.search(row[NAME])]
    counts["dropped: accuracy 1 or none, no Cyrillic name"] += len(rows) - len(sure)
    places: dict[tuple[str, str, str], PostalPlace] = {}
    for row in sure:
        place = make_place(row)
        places.setdefault((fold_name(place.name), row[LONGITUDE], row[LATITUDE]), place)
    counts["dropped: same place under another post code"] += len(sure) - len(places)
    return list(places.values())


def trust_postal(places: list[PostalPlace], counts: Counter[str]) -> list[PostalPlace]:
    """Return the places whose position passes every rule."""
    own, shared = split_shared(places)
    counts["dropped: position shared by places of different names"] += len(shared)
    near = drop_far(own)
    counts["dropped: over 40 km from the median of its raion"] += len(own) - len(near)
    return near


def split_shared(places: list[PostalPlace]) -> tuple[list[PostalPlace], list[PostalPlace]]:
    """Return the places with a position of their own, and those that share theirs.

    A position that places of different names share is not exact: it is often that of the centre
    of their former council.
    """
    names = defaultdict(set)
    for place in places:
        names[place.lon, place.lat].add(re.sub("[ьеиіїє]", "", fold_name(place.name)))
    own = [place for place in places if len(names[place.lon, place.lat]) == 1]
    return own, [place for place in places if len(names[place.lon, place.lat]) > 1]


def drop_far(places: list[PostalPlace]) -> list[PostalPlace]:
    """Drop the places that are too far from the median of their raion."""
    members = defaultdict(list)
    for place in places:
        members[place.oblast, place.raion].append((place.lon, place.lat))
    medians = {raion: np.median(project(np.array(m)), axis=0) for raion, m in members.items()}
    flat = project(np.array([(place.lon, place.lat) for place in places]))
    return [
        place
        for place, xy in zip(places, flat, strict=True)
        if np.hypot(*(xy - medians[place.oblast, place.raion])) < RAION_REACH_M
    ]
