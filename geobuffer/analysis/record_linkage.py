"""Tell which rows of several tables are one place: by code, by name and distance, by hromada.

Pairs of rows are ranked, and united from the best down unless that would put two rows of one table
together, or two codes of one system. For two tables this is the one stable assignment: no two rows
that were left apart would both be better off together. Nothing depends on the order of the tables.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from geobuffer.geodesy.antimeridian import unwrap_near, wrap_degrees
from geobuffer.geodesy.ellipsoid import Floats, Ints, inverse, to_ecef
from geobuffer.zones.toponyms import differ_by_slip

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


# How far apart two points of one name may be, and still be one place, in km. Of 721 places that
# GeoNames and the INID table both have near the line between Ukraine and Russia, 95 % lie within
# 2.3 km of each other; those astray are up to 12.2 km off. Of INID's 4,309 places, 24 pairs have
# one name and one raion within this distance, so that it leaves room for all:
SAME_UNIT_KM = 15.0
# Without a raion to agree on: 17 pairs of one name lie within this distance, 12 within the next.
UNSTATED_KM = 5.0
# Raions were merged and renamed, and places lie on their edges; but where two tables name
# different ones, a point must be nearer than nearly all namesakes are:
OTHER_UNIT_KM = 3.0
# Names that are only alike must stand at one spot: slips of spelling were up to 1.8 km apart, the
# nearest different places with names one letter apart 2.6 km.
ALIKE_KM = 2.0
# A place without a point belongs to the one of its name within this distance of the middle of its
# hromada (15 km across, as a rule), if any other is twice as far and 5 km farther: the rule of the
# bundled data, wrong in 0.3 % of the pairs it decides.
CENTRE_KM = 15.0
LEAD, LEAD_KM = 2.0, 5.0
# No two points on Earth are farther apart: under one code, equal names come before any others.
FARTHEST_KM = 20_004.0
# A middle is worth its name from so many places on.
CENTRE_PLACES = 3


class Records(NamedTuple):
    """The rows of all tables, one after the other; what is not stated is empty or NaN."""

    table: Ints
    ids: Sequence[frozenset[str]]
    lon: Floats
    lat: Floats
    accuracy_m: Floats
    names: Sequence[frozenset[str]]
    country: Sequence[str]
    oblast: Sequence[str]
    raion: Sequence[frozenset[str]]
    hromada: Sequence[str]
    code: Sequence[tuple[str, str]]
    """System and code."""
    order: Ints
    """The place of each row when all are sorted by what they say, whatever their table."""


class Pair(NamedTuple):
    """Two rows that may be one place; pairs sort by how good a match they are."""

    rank: int
    score: float
    order: tuple[int, int]
    a: int
    b: int


SAME_ID, SAME_CODE, SAME_NAME, ALIKE, BY_HROMADA = range(5)


def link_records(rows: Records) -> Ints:
    """Return for each row the number of the place it stands for."""
    places = Clusters(rows)
    places.unite(_pair_by_id(rows))
    places.unite(itertools.chain(_pair_by_code(rows), _pair_by_name(rows), _pair_by_likeness(rows)))
    places.unite(_pair_by_hromada(rows, places))
    return places.numbers()


class Clusters:
    """Rows gathered into places: no place has two rows of a table or two codes of a system."""

    def __init__(self, rows: Records) -> None:
        self._records = rows
        self._place = list(range(len(rows.table)))
        self.members = {row: [row] for row in self._place}

    def of(self, row: int) -> int:
        """Return the place of a row: the number of one of its rows."""
        return self._place[row]

    def unite(self, pairs: Iterable[Pair]) -> None:
        """Unite the places of pairs of rows, the best first, where nothing forbids it."""
        for pair in sorted(pairs):
            a, b = self.of(pair.a), self.of(pair.b)
            if a != b and self.may_be_one(a, b, pair.rank):
                small, large = sorted((a, b), key=lambda place: len(self.members[place]))
                for row in self.members[small]:
                    self._place[row] = large
                self.members[large] += self.members.pop(small)

    def may_be_one(self, a: int, b: int, rank: int) -> bool:
        """Tell whether nothing forbids two places to be one."""
        ours, theirs = self.members[a], self.members[b]
        rows = self._records
        if {rows.table[row] for row in ours} & {rows.table[row] for row in theirs}:
            return False
        if rank == SAME_ID:
            return True
        codes = defaultdict(set)
        for row in (*ours, *theirs):
            system, code = rows.code[row]
            if system:
                codes[system].add(code)
        if any(len(found) > 1 for found in codes.values()):
            return False
        countries = {rows.country[row] for row in (*ours, *theirs)} - {""}
        return rank == SAME_CODE or len(countries) < 2

    def numbers(self) -> Ints:
        """Return the number of each row's place, in the order of first rows."""
        return np.asarray(pd.factorize(np.array(self._place))[0], dtype=np.int64)


def distance_km(rows: Records, a: Ints, b: Ints) -> Floats:
    """Return how far apart rows are; NaN where one has no point."""
    found = np.full(len(a), np.nan)
    there = np.flatnonzero(np.isfinite(rows.lon[a]) & np.isfinite(rows.lon[b]))
    if len(there):
        # From the row that sorts first: back from the other the last digit may differ.
        turned = rows.order[a] > rows.order[b]
        p, q = np.where(turned, b, a)[there], np.where(turned, a, b)[there]
        found[there] = inverse(rows.lon[p], rows.lat[p], rows.lon[q], rows.lat[q])[2] / 1e3
    return found


def same_unit(rows: Records, a: int, b: int) -> bool | None:
    """Tell whether two rows name the same hromada or raion; None where one names none."""
    if rows.oblast[a] and rows.oblast[b] and rows.oblast[a] != rows.oblast[b]:
        return False
    if rows.hromada[a] and rows.hromada[a] == rows.hromada[b]:
        return True
    if rows.raion[a] and rows.raion[b]:
        return bool(rows.raion[a] & rows.raion[b])
    return None


def _make_pair(rows: Records, rank: int, score: float, a: int, b: int) -> Pair:
    low, high = sorted((int(rows.order[a]), int(rows.order[b])))
    return Pair(rank, score, (low, high), a, b)


def _pair_by_key(
    rows: Records, keyed: Iterable[tuple[object, int]], again: Iterable[tuple[object, int]] = ()
) -> tuple[Ints, Ints]:
    """Return the pairs of rows of different tables that share a key.

    With ``again``, the first row's key is taken from ``keyed`` and the second's from there.
    """
    one = pd.DataFrame(keyed, columns=["key", "row"])
    other = pd.DataFrame(again, columns=["key", "row"]) if again else one
    found = one.merge(other, on="key", suffixes=("_a", "_b"))
    a, b = found["row_a"].to_numpy(dtype=np.int64), found["row_b"].to_numpy(dtype=np.int64)
    low, high = np.minimum(a, b), np.maximum(a, b)
    keep = rows.table[low] != rows.table[high]
    pairs = np.unique(np.stack([low[keep], high[keep]], axis=1), axis=0)
    return pairs[:, 0], pairs[:, 1]


def pair_by_id(rows: Records) -> tuple[Ints, Ints]:
    """Return the pairs of rows of different tables that share an id."""
    return _pair_by_key(rows, [(one, row) for row, ids in enumerate(rows.ids) for one in ids])


def _pair_by_id(rows: Records) -> list[Pair]:
    a, b = pair_by_id(rows)
    return [
        _make_pair(rows, SAME_ID, 0.0, i, j) for i, j in zip(a.tolist(), b.tolist(), strict=True)
    ]


def _pair_by_code(rows: Records) -> list[Pair]:
    """Pair rows of one code; some tables give it to several places, so names and points rank."""
    keyed = [(code, row) for row, code in enumerate(rows.code) if code[0]]
    a, b = _pair_by_key(rows, keyed)
    away = np.nan_to_num(distance_km(rows, a, b), nan=0.0)
    return [
        _make_pair(
            rows, SAME_CODE, km + (0.0 if rows.names[i] & rows.names[j] else FARTHEST_KM), i, j
        )
        for i, j, km in zip(a.tolist(), b.tolist(), away.tolist(), strict=True)
    ]


def pair_namesakes(rows: Records) -> Iterator[tuple[int, int, float, bool | None]]:
    """Yield pairs of rows of one name that are near or in one raion, how far, and whether so."""
    units = [
        ((name, unit), row)
        for row, names in enumerate(rows.names)
        for name in names
        for unit in {*rows.raion[row], rows.hromada[row]} - {""}
    ]
    pairs = [np.stack(_pair_by_key(rows, units))]
    cells, reached = _cells(rows, UNSTATED_KM)
    near = [((name, cell), row) for row, cell in cells for name in rows.names[row]]
    again = [((name, cell), row) for row, cell in reached for name in rows.names[row]]
    pairs.append(np.stack(_pair_by_key(rows, near, again)))
    a, b = np.unique(np.concatenate(pairs, axis=1), axis=1)
    for i, j, km in zip(a.tolist(), b.tolist(), distance_km(rows, a, b).tolist(), strict=True):
        if np.isfinite(km):
            yield i, j, km, same_unit(rows, i, j)


def distance_limit_km(together: bool | None) -> float:  # noqa: FBT001 - what same_unit says
    """Return how far apart two points of one name may be."""
    return {True: SAME_UNIT_KM, None: UNSTATED_KM, False: OTHER_UNIT_KM}[together]


def _pair_by_name(rows: Records) -> Iterator[Pair]:
    """Pair rows of one name; the score is the distance as a share of its limit."""
    for a, b, km, together in pair_namesakes(rows):
        if km <= distance_limit_km(together):
            yield _make_pair(rows, SAME_NAME, km / distance_limit_km(together), a, b)


def _pair_by_likeness(rows: Records) -> Iterator[Pair]:
    """Pair rows at one spot whose names are a slip of spelling apart."""
    cells, reached = _cells(rows, ALIKE_KM)
    pairs = _pair_by_key(rows, [(c, r) for r, c in cells], [(c, r) for r, c in reached])
    away = distance_km(rows, *pairs)
    near = np.flatnonzero(away <= ALIKE_KM)
    for i, j, km in zip(*(side[near].tolist() for side in pairs), away[near].tolist(), strict=True):
        unlike = not rows.names[i] & rows.names[j]
        if unlike and any(differ_by_slip(x, y) for x in rows.names[i] for y in rows.names[j]):
            yield _make_pair(rows, ALIKE, km, i, j)


def _cells(
    rows: Records, km: float
) -> tuple[list[tuple[int, tuple[int, ...]]], list[tuple[int, tuple[int, ...]]]]:
    """Return the cell of space each row lies in, and all cells within a distance of it."""
    there = np.flatnonzero(np.isfinite(rows.lon))
    # A chord is shorter than its geodesic, so that a cube of the distance holds all it must.
    at, reach = to_ecef(rows.lon[there], rows.lat[there]) / 1e3, km
    size = 2.0 * reach
    own = np.floor(at / size).astype(np.int64)
    low, high = np.floor((at - reach) / size), np.floor((at + reach) / size)
    cells, reached = [], []
    for row, mine, first, last in zip(
        there.tolist(), own.tolist(), low.astype(int).tolist(), high.astype(int).tolist(),
        strict=True,
    ):  # fmt: skip
        cells.append((row, tuple(mine)))
        spans = (range(f, e + 1) for f, e in zip(first, last, strict=True))
        reached += [(row, cell) for cell in itertools.product(*spans)]
    return cells, reached


class _Unlocated(NamedTuple):
    """What decides about places without a point: middles of hromadas, and who bears a name."""

    rows: Records
    places: Clusters
    middle: dict[tuple[str, str, str], tuple[float, float]]
    bearers: dict[str, set[int]]

    def best(self, place: int) -> int:
        """Return the row whose point is a place's; one without a point if none has one."""
        return min(
            self.places.members[place],
            key=lambda r: (
                np.isnan(self.rows.lon[r]), self.rows.accuracy_m[r], self.rows.order[r],
            ),
        )  # fmt: skip

    def point(self, place: int) -> tuple[float, float] | None:
        """Return a place's own point, or None."""
        row = self.best(place)
        lon, lat = float(self.rows.lon[row]), float(self.rows.lat[row])
        return None if np.isnan(lon) else (lon, lat)

    def unit(self, place: int) -> tuple[str, str, str] | None:
        """Return the hromada of a place, or else its raion."""
        found = {unit for row in self.places.members[place] if (unit := _row_unit(self.rows, row))}
        return max(found, key=lambda unit: (unit[2] != "", unit)) if found else None

    def away_km(self, one: int, other: int) -> float:
        """Return how far two places may be taken to be apart; NaN where nobody can tell.

        Nothing if both name one hromada, infinity if they name different ones; else from point to
        point, the middle of the hromada standing in for a missing one.
        """
        ours, theirs = self.unit(one), self.unit(other)
        if ours and ours == theirs:
            return 0.0
        if ours and theirs and ours[2] and theirs[2]:
            return np.inf
        ends = [
            self.point(place) or (self.middle.get(unit) if unit else None)
            for place, unit in ((one, ours), (other, theirs))
        ]
        if ends[0] is None or ends[1] is None:
            return np.nan
        (lon, lat), (to_lon, to_lat) = sorted((ends[0], ends[1]))
        return float(inverse(lon, lat, to_lon, to_lat)[2][0]) / 1e3

    def rivals(self, place: int) -> dict[int, float]:
        """Return which other places of its name a place may be, and how far away they are."""
        names = set().union(*(self.rows.names[row] for row in self.places.members[place]))
        others = set().union(*(self.bearers.get(name, set()) for name in names)) - {place}
        return {
            other: self.away_km(place, other)
            for other in others
            if self.places.may_be_one(place, other, BY_HROMADA) and self._same_oblast(place, other)
        }

    def _same_oblast(self, one: int, other: int) -> bool:
        oblasts = {
            self.rows.oblast[row] for p in (one, other) for row in self.places.members[p]
        } - {""}
        return len(oblasts) < 2


def _row_unit(rows: Records, row: int) -> tuple[str, str, str] | None:
    raion = min(rows.raion[row], default="")
    if not raion and not rows.hromada[row]:
        return None
    return rows.oblast[row], "" if rows.hromada[row] else raion, rows.hromada[row]


def _pair_by_hromada(rows: Records, places: Clusters) -> Iterator[Pair]:
    """Pair places without a point and those of their name that nothing else rivals."""
    bearers = defaultdict(set)
    for row, names in enumerate(rows.names):
        for name in names:
            bearers[name].add(places.of(row))
    known = _Unlocated(rows, places, _find_centres(rows, places), bearers)
    for place in sorted(places.members):
        if known.point(place) is not None:
            continue
        rivals = known.rivals(place)
        for other, km in rivals.items():
            if km <= CENTRE_KM and _is_clearly_nearer(km, other, rivals):
                back = known.rivals(other)
                if _is_clearly_nearer(km, place, back):
                    yield _make_pair(rows, BY_HROMADA, km, known.best(place), known.best(other))


def _is_clearly_nearer(km: float, place: int, rivals: dict[int, float]) -> bool:
    """Tell whether a place is so much nearer than all its rivals that it must be the one."""
    others = [away for rival, away in rivals.items() if rival != place]
    # What is nowhere may be anywhere: NaN is never far enough.
    return all(away >= max(LEAD * km, km + LEAD_KM) for away in others)


def _find_centres(
    rows: Records, places: Clusters
) -> dict[tuple[str, str, str], tuple[float, float]]:
    """Return the median position of each hromada and raion with enough places in it."""
    inside = defaultdict(list)
    for row in np.argsort(rows.order, kind="stable").tolist():
        if np.isfinite(rows.lon[row]) and (unit := _row_unit(rows, row)):
            inside[unit].append(row)
    found = {}
    for unit, members in inside.items():
        if len({places.of(row) for row in members}) >= CENTRE_PLACES:
            lon = unwrap_near(rows.lon[members], rows.lon[members[0]])
            found[unit] = (
                float(wrap_degrees(np.median(lon, keepdims=True))[0]),
                float(np.median(rows.lat[members])),
            )
    return found
