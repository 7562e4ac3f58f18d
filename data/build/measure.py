"""Hide known places, locate them by the rules, and print how often and how far the rules err.

`python data/build/measure.py --wheels DIR`. Nothing is written. A hidden place is judged by all
others. Its position is known by the rules of `ukraine.py`, so figures of accuracy compare the two
tables of GeoNames where both have a place.
"""

import argparse
import sys
from collections import Counter, defaultdict
from pathlib import Path

import check
import confirm
import locate
import numpy as np
import ukraine
from codifier import Entry
from confirm import Around
from names import fold_name
from plane import project_geometry
from ukraine import SAME_PLACE_M, Fix, distance_m

Located = dict[Entry, list[Fix]]
PERCENTILES = (50, 68, 90, 95)


def describe(label: str, metres: list[float]) -> str:
    """Return a line: the number of errors, their percentiles, the share over 2 km."""
    found = np.percentile(metres, PERCENTILES) if metres else []
    at = ", ".join(f"{p} %: {m:,.0f}" for p, m in zip(PERCENTILES, found, strict=False))
    over = 100 * sum(m > SAME_PLACE_M for m in metres) / max(len(metres), 1)
    return f"{label:60} n {len(metres):5,}   {at} m   over 2 km: {over:.1f} %"


def measure_rules(tables: locate.Tables, located: Located) -> list[str]:
    """Return how often each rule takes a right and a wrong position of a hidden place."""
    around = Around(located)
    bearers = confirm.index_bearers(tables.entries, tables.old_names)
    named = confirm.group_by_name(tables.own)
    counts: Counter[tuple[str, bool]] = Counter()
    for entry, fixes in located.items():
        for fix in named.get((entry.oblast_code, fold_name(entry.name)), ()):
            right = distance_m(fix, fixes[0].xy) < SAME_PLACE_M
            counts[name_rule(fix, entry, around, bearers), right] += 1
    rules = sorted({rule for rule, _ in counts})
    return [
        f"{rule:58} right {counts[rule, True]:5,}   wrong {counts[rule, False]:5,}"
        for rule in rules
    ]


def name_rule(fix: Fix, entry: Entry, around: Around, bearers: confirm.Bearers) -> str:
    """Return which rule takes a position for a hidden place."""
    if around.is_surrounded(fix, entry):
        return "taken: places of the hromada around it"
    if around.is_confirmed(fix, entry, bearers):
        return "taken: only bearer in the old raion, hromada within 10 km"
    return "not taken"


def measure_accuracy(tables: locate.Tables, located: Located) -> list[str]:
    """Return how far postal positions are from those of the gazetteer, by oblast and by rule."""
    around = Around(located)
    bearers = confirm.index_bearers(tables.entries, tables.old_names)
    named = confirm.group_by_name(tables.own)
    errors: dict[str, list[float]] = defaultdict(list)
    oblasts = {row[0]: name for name, row in ukraine.OBLASTS.items()}
    for entry, fixes in located.items():
        if fixes[0].town is None:
            continue
        label = f"gazetteer and postal table, {oblasts[entry.oblast_code]}"
        errors[label] += [distance_m(fixes[0], fix.xy) for fix in fixes if fix.town is None][:1]
        for fix in named.get((entry.oblast_code, fold_name(entry.name)), ()):
            if around.is_confirmed(fix, entry, bearers):
                errors["gazetteer and positions that the places around confirm"].append(
                    distance_m(fix, fixes[0].xy)
                )
    return [describe(label, errors[label]) for label in sorted(errors)]


def measure_rough(tables: locate.Tables, located: Located) -> list[str]:
    """Return how far hidden places are from where their post office and council are."""
    around = Around(located)
    bearers = confirm.index_bearers(tables.entries, tables.old_names)
    by_name = confirm.group_by_name(tables.every)
    shared = confirm.group_by_name(tables.shared)
    served = confirm.list_served(by_name, located, around, bearers)
    errors: dict[str, list[float]] = defaultdict(list)
    for entry, fixes in located.items():
        offices = confirm.find_offices(entry, entry.name, by_name, around, bearers)
        others = {
            office: [fix for fix in own if fix != fixes[0]]
            for office, own in served.get(entry.hromada_code, {}).items()
        }
        rows = shared.get((entry.oblast_code, fold_name(entry.name)), [])
        rough = confirm.approximate_entry(entry, offices, others, rows, around)
        if rough is not None:
            points = sum(len(others.get(office, ())) for office in offices)
            size = "all" if points == 0 else f"{min(points, 3)}{' or more' * (points >= 3)}"
            for label in {"all", size}:
                errors[f"middle of post office and council, places: {label}"].append(
                    distance_m(fixes[0], rough.xy)
                )
    return [describe(label, errors[label]) for label in sorted(errors)]


def measure_misplaced(located: Located) -> list[str]:
    """Return how many places that both tables agree on would be called misplaced."""
    around = Around(located)
    both = [e for e, fixes in located.items() if len({fix.source for fix in fixes}) > 1]
    wrong = sum(confirm.is_misplaced(located[e][0], e, around) for e in both)
    return [f"places of both tables called misplaced: {wrong} of {len(both)}"]


def main() -> int:
    """Print the measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheels", type=Path, default=Path(__file__).parent / "wheels")
    folder = parser.parse_args().wheels
    shapes = {row["name"]: project_geometry(row["geometry"]) for row in check.read_rows("oblasts")}
    by_code = {row[0]: shapes[name] for name, row in ukraine.OBLASTS.items()}
    counts: Counter[str] = Counter()
    tables = locate.read_tables(folder, by_code, counts)
    located = locate.locate_places(tables, counts).by_name
    lines = (
        measure_rules(tables, located)
        + measure_accuracy(tables, located)
        + measure_rough(tables, located)
        + measure_misplaced(located)
    )
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
