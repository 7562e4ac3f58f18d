"""Locate more places by the places around them, and find located places with wrong positions.

The rules of `ukraine.py` decide by the name. Here the places around a position decide: a village
lies among villages of its own hromada. `measure.py` hides known places and says how often each rule
is right.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import numpy as np
from codifier import Entry
from names import fold_name
from ukraine import HROMADA_REACH_M, MEDIAN_OF, Fix, Rough, settle_claims

# How many places around a position show which hromada it lies in: that of the nearest place, or
# that of two of the three.
ASKED = 3
# An old raion is that of a hromada if it has at least this share of its located places. Smaller
# shares come from namesakes.
RAION_SHARE = 0.1
# A position in the old raion of the hromada, whose name no other place there bears, is confirmed if
# a place of the hromada is this near. Of hidden places 446 of 447 were right within 10 km; at 15 to
# 20 km 2 of 5 were wrong, and beyond that all.
MEMBER_M = 10_000.0
# A place lies among strangers if no place of its hromada is this near (99 % have one) ...
APART_M = 8_000.0
# ... and one of another hromada is so many times nearer.
STRANGER_NEARER = 3.0

# Towns whose position differs from that of OpenStreetMap by kilometres, by code.
WRONG_TOWNS = {"UA63120050150087085"}  # Елітне

# How far the middle of the places of a post office is from a place of that office: of 1,169 hidden
# places half are within 3.3 km, 95 % within 7.4 km. That would be 2.8 to 3.0 km for errors alike in
# all directions; where only one other place of the office is known, it is 3.7 km. Compared with
# OpenStreetMap, positions shared in a former council had a median error of 3.3 km.
APPROXIMATE_M = 3_500.0

Bearers = Mapping[tuple[str, str], list[Entry]]


class Around:
    """The located places, to find those around a position."""

    def __init__(self, located: Mapping[Entry, list[Fix]]) -> None:
        self.entries = list(located)
        self.xy = np.array([fixes[0].xy for fixes in located.values()])
        self.own_raions = {e: {f.old_raion for f in fixes} - {""} for e, fixes in located.items()}
        self.members: dict[str, list[Entry]] = defaultdict(list)
        self.raions: dict[str, Counter[str]] = defaultdict(Counter)
        self._rows = {entry: row for row, entry in enumerate(self.entries)}
        for entry, raions in self.own_raions.items():
            self.members[entry.hromada_code].append(entry)
            self.raions[entry.hromada_code].update(raions)

    def find_nearest(self, fix: Fix, hidden: Entry) -> list[tuple[float, Entry]]:
        """Return the nearest places with their distances, without the place in question."""
        away = np.hypot(*(self.xy - fix.xy).T)
        order = np.argpartition(away, ASKED)[: ASKED + 1]
        nearest = sorted((float(away[i]), self.entries[i]) for i in order)
        return [(m, entry) for m, entry in nearest if entry != hidden][:ASKED]

    def measure_member(self, fix: Fix, entry: Entry) -> float:
        """Return the distance to the nearest other place of the hromada of an entry."""
        rows = [self._rows[one] for one in self.members[entry.hromada_code] if one != entry]
        return float(np.hypot(*(self.xy[rows] - fix.xy).T).min()) if rows else np.inf

    def share_raion(self, entry: Entry, raion: str) -> float | None:
        """Return the share of an old raion in the other places of a hromada; None without any."""
        counts = self.raions[entry.hromada_code] - Counter(self.own_raions.get(entry, ()))
        return counts[raion] / counts.total() if counts.total() else None

    def is_surrounded(self, fix: Fix, entry: Entry) -> bool:
        """Return whether the places around a position are of the hromada of an entry."""
        nearest = self.find_nearest(fix, entry)
        own = [one.hromada_code == entry.hromada_code for _, one in nearest]
        return own[0] or sum(own) >= ASKED - 1

    def is_only_bearer(self, name: str, raion: str, entry: Entry, bearers: Bearers) -> bool:
        """Return whether an entry lies in an old raion, and no other bearer of the name may."""
        if (self.share_raion(entry, raion) or 0) < RAION_SHARE:
            return False
        others = [one for one in bearers[entry.oblast_code, fold_name(name)] if one != entry]
        return not any(self.share_raion(one, raion) != 0 for one in others)

    def is_confirmed(self, fix: Fix, entry: Entry, bearers: Bearers) -> bool:
        """Return whether a position that bears the name of an entry is that of the entry."""
        if self.is_surrounded(fix, entry):
            return True
        near = self.measure_member(fix, entry) <= MEMBER_M
        return near and self.is_only_bearer(fix.name, fix.old_raion, entry, bearers)


def index_bearers(
    entries: Iterable[Entry], old_names: Mapping[Entry, list[str]]
) -> dict[tuple[str, str], list[Entry]]:
    """Return the entries that bear or bore a name, by oblast and folded name."""
    index: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        for name in {fold_name(one) for one in (entry.name, *old_names.get(entry, ()))}:
            index[entry.oblast_code, name].append(entry)
    return index


def drop_misplaced(located: dict[Entry, list[Fix]], counts: Counter[str]) -> dict[Entry, list[Fix]]:
    """Drop the places that lie among places of other hromadas and far from their own.

    Towns of the gazetteer stay, because a hromada may have a separate part; `WRONG_TOWNS` do not.
    """
    around = Around(located)
    misplaced = {
        entry
        for entry, fixes in located.items()
        if fixes[0].town is None and is_misplaced(fixes[0], entry, around)
    }
    counts["entries dropped: among places of other hromadas"] += len(misplaced)
    wrong = {e for e, fixes in located.items() if e.code in WRONG_TOWNS and fixes[0].town}
    counts["entries dropped: towns known to be wrong"] += len(wrong)
    misplaced |= wrong
    return {entry: fixes for entry, fixes in located.items() if entry not in misplaced}


def is_misplaced(fix: Fix, entry: Entry, around: Around) -> bool:
    """Return whether a place is far from its hromada and near another one."""
    own = around.measure_member(fix, entry)
    nearest = around.find_nearest(fix, entry)
    alone = not any(one.hromada_code == entry.hromada_code for _, one in nearest)
    if own > HROMADA_REACH_M and own < np.inf:
        return True
    enough = len(around.members[entry.hromada_code]) > MEDIAN_OF
    return alone and enough and own > max(APART_M, STRANGER_NEARER * nearest[0][0])


def confirm_entries(
    entries: list[Entry],
    old_names: Mapping[Entry, list[str]],
    fixes: list[Fix],
    located: dict[Entry, list[Fix]],
    counts: Counter[str],
) -> dict[Entry, list[Fix]]:
    """Return the entries that the places around a position confirm, with their positions.

    Old names are tried only where no position bears the present one. We do not use the position of
    a located place again, nor one that two entries claim.
    """
    around = Around(located)
    bearers = index_bearers(entries, old_names)
    taken = {(fix.lon, fix.lat) for own in located.values() for fix in own}
    named = defaultdict(list)
    for fix in fixes:
        if (fix.lon, fix.lat) not in taken:
            named[fix.oblast_code, fold_name(fix.name)].append(fix)

    def find(entry: Entry, names: Iterable[str], source: str) -> list[Fix]:
        keys = {(entry.oblast_code, fold_name(name)) for name in names}
        found = [fix for key in sorted(keys) for fix in named.get(key, ())]
        return [f._replace(source=source) for f in found if around.is_confirmed(f, entry, bearers)]

    claims = {}
    for entry in entries:
        if entry not in located:
            found = find(entry, [entry.name], "geonames_confirmed")
            found = found or find(entry, old_names.get(entry, ()), "geonames_old_name")
            if found:
                claims[entry] = found
    claimed = Counter((fix.lon, fix.lat) for own in claims.values() for fix in own)
    single = {e: own for e, own in claims.items() if all(claimed[f.lon, f.lat] == 1 for f in own)}
    counts["entries dropped: a position that two claim"] += len(claims) - len(single)
    settled = settle_claims(single, counts)
    for source in ("geonames_confirmed", "geonames_old_name"):
        number = sum(own[0].source == source for own in settled.values())
        counts[f"entries located by the places around: {source}"] += number
    return settled


def find_offices(
    entry: Entry, name: str, fixes: Mapping[tuple[str, str], list[Fix]], around: Around,
    bearers: Bearers,
) -> set[str]:  # fmt: skip
    """Return the postal codes of the rows that bear the name of an entry in its old raion.

    The position of such a row may be wrong or estimated; its postal code is still that of the post
    office that serves the place, most often of the former council.
    """
    rows = fixes.get((entry.oblast_code, fold_name(name)), ())
    return {
        fix.postcode
        for fix in rows
        if around.is_only_bearer(fix.name, fix.old_raion, entry, bearers)
    }


def approximate_entry(
    entry: Entry, offices: set[str], served: Mapping[str, list[Fix]], shared: Iterable[Fix],
    around: Around,
) -> Rough | None:  # fmt: skip
    """Return the middle of what is known of the post office or council of a place.

    These are the located places of its hromada that the office serves, and the position that the
    villages of the council share, if the places around it confirm that.
    """
    points = [fix.xy for office in sorted(offices) for fix in served.get(office, ())]
    points += [fix.xy for fix in shared if around.is_surrounded(fix, entry)]
    if not points:
        return None
    x, y = np.median(np.array(sorted(set(points))), axis=0).tolist()
    return Rough((x, y), APPROXIMATE_M)


def approximate_entries(
    entries: Iterable[Entry],
    old_names: Mapping[Entry, list[str]],
    every: list[Fix],
    shared: list[Fix],
    located: dict[Entry, list[Fix]],
) -> dict[Entry, Rough]:
    """Return roughly where the entries are that are not located, as far as that is known.

    `every` are the positions of all postal rows, wrong ones too; `shared` those of several names.
    """
    around = Around(located)
    bearers = index_bearers(entries, old_names)
    by_name, shared_by_name = group_by_name(every), group_by_name(shared)
    served = list_served(by_name, located, around, bearers)
    found = {}
    for entry in entries:
        if entry in located:
            continue
        for name in (entry.name, *old_names.get(entry, ())):
            offices = find_offices(entry, name, by_name, around, bearers)
            own = served.get(entry.hromada_code, {})
            rows = shared_by_name.get((entry.oblast_code, fold_name(name)), [])
            rough = approximate_entry(entry, offices, own, rows, around)
            if rough is not None:
                found[entry] = rough
                break
    return found


def group_by_name(fixes: Iterable[Fix]) -> dict[tuple[str, str], list[Fix]]:
    """Return positions by oblast and folded name."""
    groups: dict[tuple[str, str], list[Fix]] = defaultdict(list)
    for fix in fixes:
        groups[fix.oblast_code, fold_name(fix.name)].append(fix)
    return groups


def list_served(
    by_name: Mapping[tuple[str, str], list[Fix]],
    located: Mapping[Entry, list[Fix]],
    around: Around,
    bearers: Bearers,
) -> dict[str, dict[str, list[Fix]]]:
    """Return the positions of the places of each post office, by hromada and postal code."""
    served: dict[str, dict[str, list[Fix]]] = defaultdict(lambda: defaultdict(list))
    for entry, fixes in located.items():
        for office in find_offices(entry, entry.name, by_name, around, bearers):
            served[entry.hromada_code][office].append(fixes[0])
    return served
