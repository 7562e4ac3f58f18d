"""Read the towns of the GeoNames gazetteer (its extract of places with 500 people or more)."""

import json
import re
from typing import NamedTuple

from names import clean_name, fold_name

# A complete name in Cyrillic. Names with dots or underscores are abbreviations.
CYRILLIC = "[А-яЁёІіЇїЄєҐґ][А-яЁёІіЇїЄєҐґʼ'’` -]*"


class Town(NamedTuple):
    """One place of the gazetteer; `cyrillic` are its names in Cyrillic, of any language."""

    geoname_id: int
    name: str
    cyrillic: tuple[str, ...]
    admin1: str
    lon: float
    lat: float
    population: int | None


def read_towns(extract: bytes, country: str, admin1: tuple[str, ...]) -> list[Town]:
    """Return the towns of some first-level regions (FIPS codes), in the order of their ids."""
    towns = []
    for row in json.loads(extract).values():
        if row["countrycode"] == country and row["admin1code"] in admin1:
            names = [clean_name(n) for n in row["alternatenames"] if re.fullmatch(CYRILLIC, n)]
            town = Town(row["geonameid"], clean_name(row["name"]), tuple(names), row["admin1code"],
                        row["longitude"], row["latitude"], row["population"] or None)  # fmt: skip
            towns.append(town)
    return sorted(towns)


# Towns of which GeoNames has several Russian spellings and does not say which is customary: the
# Ukrainian one in Russian letters, or that of another language, may be the nearest to the rules.
# All but Первомайский and Южное are among those of GeoNames.
CUSTOMARY = {
    "Борова": "Боровая", "Буринь": "Бурынь", "Високе": "Высокое", "Есхар": "Эсхар",
    "Зугрес": "Зугрэс", "Коломийчиха": "Коломыйчиха", "Коротич": "Коротыч",
    "Кролевець": "Кролевец", "Лозова": "Лозовая", "Нижня Кринка": "Нижняя Крынка",
    "Охтирка": "Ахтырка", "Первомайський": "Первомайский", "Південне": "Южное",
    "Попасна": "Попасная", "Свеса": "Свесса", "Степано-Кринка": "Степано-Крынка",
    "Стила": "Стыла", "Тростянець": "Тростянец", "Харків": "Харьков", "Харцизьк": "Харцызск",
    "Чернеччина": "Чернетчина", "Щастя": "Счастье",
}  # fmt: skip


def pick_name(candidates: tuple[str, ...], expected: str, letters: str) -> str | None:
    """Return the candidate that is `expected` in another spelling, or None.

    `letters` are letters that the language of `expected` does not have. Names may differ by two
    letters ("Вовчанск", "Волчанск"); an older name of the place differs by more.
    """
    fitting = [
        (count_edits(fold_name(name), fold_name(expected)), name)
        for name in candidates
        if not re.search(f"[{letters}]", name.lower())
    ]
    best = min(fitting, default=(3, ""))
    return best[1] if best[0] <= 2 else None


def count_edits(first: str, second: str) -> int:
    """Return the Levenshtein distance of two words.

    >>> count_edits("вовчанск", "волчанск"), count_edits("суми", "")
    (1, 4)
    """
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(second, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]
