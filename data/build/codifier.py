"""Read KATOTTG, the official register of Ukraine: settlements with codes, kinds and regions."""

import io
from typing import NamedTuple

import openpyxl
from names import clean_name, fold_name

# The categories of places where people live: city, settlement (selyshche), village.
SETTLEMENTS = ("M", "X", "C")
# The numbers of the columns.
OBLAST, RAION, HROMADA, PLACE, CATEGORY, NAME = 0, 1, 2, 3, 5, 6


class Entry(NamedTuple):
    """One settlement of the codifier."""

    code: str
    name: str
    category: str
    hromada_code: str
    hromada: str
    hromada_category: str
    raion_code: str
    raion: str
    oblast_code: str


def read_codifier(workbook: bytes, oblast_codes: tuple[str, ...]) -> list[Entry]:
    """Return the settlements of some oblasts (by the first four characters of their codes)."""
    sheet = openpyxl.load_workbook(io.BytesIO(workbook)).worksheets[0]
    every = sheet.iter_rows(values_only=True)
    rows = [row for row in every if str(row[0]).startswith(oblast_codes)]
    names = {find_own_code(row): clean_name(str(row[NAME])) for row in rows}
    centres = find_centres(rows)
    return [
        Entry(
            code=str(row[PLACE]),
            name=names[str(row[PLACE])],
            category=str(row[CATEGORY]),
            hromada_code=str(row[HROMADA]),
            hromada=f"{names[str(row[HROMADA])]} громада",
            hromada_category=centres[str(row[HROMADA])],
            raion_code=str(row[RAION]),
            raion=f"{names[str(row[RAION])]} район",
            oblast_code=str(row[OBLAST])[:4],
        )
        for row in rows
        if row[CATEGORY] in SETTLEMENTS
    ]


def find_old_names(entries: list[Entry], editions: list[list[Entry]]) -> dict[Entry, list[str]]:
    """Return the names that places had in older editions, by their present entries.

    A place keeps its code when it is renamed. Another spelling of the present name is no old name.
    """
    present = {entry.code: entry for entry in entries}
    names: dict[Entry, set[str]] = {}
    for old in (one for edition in editions for one in edition if one.code in present):
        entry = present[old.code]
        if fold_name(old.name) != fold_name(entry.name):
            names.setdefault(entry, set()).add(old.name)
    return {entry: sorted(found) for entry, found in names.items()}


def find_centres(rows: list[tuple[object, ...]]) -> dict[str, str]:
    """Return the category of the centre of each hromada: of the place with the lowest code.

    The codifier numbers the centre 001, before the towns: in 29 of 397 hromadas the name of that
    place does not begin as the name of the hromada does, and each of them is the centre.
    """
    centres: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: str(row[PLACE])):
        if row[CATEGORY] in SETTLEMENTS:
            centres.setdefault(str(row[HROMADA]), str(row[CATEGORY]))
    return centres


def find_own_code(row: tuple[object, ...]) -> str:
    """Return the code of the unit that a row describes: the last code in the row."""
    return str([code for code in row[:CATEGORY] if code][-1])
