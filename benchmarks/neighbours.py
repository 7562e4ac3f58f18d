"""Find the border of every two neighbours of the world data, and write how complete it is.

Run: python benchmarks/neighbours.py [LEVEL ...]. We take all countries and all
first-level regions of the twenty largest countries. For each pair of neighbours the table
``data/neighbours.csv`` states the border that ``border_between`` finds by default, the one within
500 m, and whether there was a warning. An existing row whose pair is not computed again stays.
"""

from __future__ import annotations

import argparse
import csv
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import shapely

import geobuffer as gb

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geobuffer.zones.region import Region

TABLE = Path(__file__).parents[1] / "data" / "neighbours.csv"

# The twenty countries with the most land.
LARGEST = (
    "RU", "CA", "US", "CN", "BR", "AU", "IN", "AR", "KZ", "DZ", "CD", "SA", "MX", "ID", "SD", "LY",
    "IR", "MN", "PE", "TD",
)  # fmt: skip

# With this tolerance, the whole border of nearly all neighbours is found.
TOLERANT_M = 500.0

# Outlines nearer than this many degrees, about 500 m, are those of neighbours.
_NEAR_DEGREES = 0.005


class Row(NamedTuple):
    """A pair of neighbours: lengths in km, empty where no border was found."""

    level: str
    """``world`` for countries, or the code of the country whose regions they are."""
    one: str
    other: str
    default_km: str
    tolerant_km: str
    sea_km: str
    """The kilometres of the default border at sea."""
    warned: str
    """Empty, ``warned`` or ``refused``."""


def neighbours(level: str) -> list[tuple[Region, Region]]:
    """Return the pairs of countries, or of regions of a country, that are neighbours."""
    loaded = gb.load_regions("world", level=0) if level == "world" else None
    regions = list(loaded or gb.load_regions("world", country=level))
    outlines = [region.geometry.boundary for region in regions]
    one, other = shapely.STRtree(outlines).query(outlines, "dwithin", _NEAR_DEGREES)
    pairs = sorted({(int(a), int(b)) for a, b in zip(one, other, strict=True) if a < b})
    return [(regions[a], regions[b]) for a, b in pairs]


def measure(level: str, one: Region, other: Region) -> Row | None:
    """Return the row of a pair; None if the two meet nowhere, even within the wide tolerance."""
    found = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for name, tolerance_m in (("default", None), ("tolerant", TOLERANT_M)):
            said = len(caught)
            try:
                border = gb.border_between(one, other, tolerance_m=tolerance_m)
            except gb.GeometryError:  # NotAdjacent is one
                found[name] = ("", "", "refused")
            else:
                about = [str(w.message) for w in caught[said:]]
                is_warned = any("outlines" in text for text in about)
                km = (f"{border.length_km:.1f}", f"{border.sea_km:.1f}")
                found[name] = (*km, "warned" if is_warned else "")
    (default_km, sea_km, warned), (tolerant_km, *_) = found["default"], found["tolerant"]
    if not default_km and not tolerant_km:
        return None
    return Row(level, one.name, other.name, default_km, tolerant_km, sea_km, warned)


def is_complete(row: Row) -> bool:
    """Return whether the default border is at least 99 % of the one within the wide tolerance.

    At each end, a wide tolerance may make the border longer by up to the tolerance.
    """
    tolerant_km = float(row.tolerant_km or 0.0)
    least_km = min(0.99 * tolerant_km, tolerant_km - 2.0 * TOLERANT_M / 1e3)
    return bool(row.default_km) and float(row.default_km) >= least_km


def read_table(path: Path = TABLE) -> dict[tuple[str, str, str], Row]:
    """Return the rows of a table by level and names."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = [Row(*row) for row in list(csv.reader(file))[1:]]
    return {row[:3]: row for row in rows}


def write_table(rows: Iterable[Row], path: Path = TABLE) -> None:
    """Write a table, sorted by level and names."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([Row._fields, *sorted(rows)])


def main() -> None:
    """Measure neighbours, print rows with a warning or an incomplete border, write the table."""
    parser = argparse.ArgumentParser(description="Find the border of every two neighbours.")
    parser.add_argument("levels", nargs="*", help="world, or codes of countries; all by default")
    parser.add_argument("--out", type=Path, default=TABLE)
    options = parser.parse_args()
    begin = time.process_time()
    known = read_table(options.out)
    fresh: list[Row] = []
    for level in options.levels or ("world", *LARGEST):
        for one, other in neighbours(level):
            if row := measure(level, one, other):
                known[row[:3]] = row
                fresh.append(row)
                if row.warned or not is_complete(row):
                    print(*row, sep=", ", flush=True)
                if len(fresh) % 20 == 0:
                    write_table(known.values(), options.out)
    write_table(known.values(), options.out)
    silent = sum(not is_complete(row) and not row.warned for row in fresh)
    alarms = sum(is_complete(row) and bool(row.warned) for row in fresh)
    print(
        f"{len(fresh)} pairs in {time.process_time() - begin:,.0f} s: {silent} incomplete without "
        f"a warning, {alarms} complete with one."
    )


if __name__ == "__main__":
    main()
