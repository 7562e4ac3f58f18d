"""Find rows of several tables that mean the same place: by code, name and distance, or hromada.

We rank pairs of rows and unite them, the best pair first. We do not unite two rows of one table, or
two codes of one system. For two tables this is the stable matching: no two unmatched rows would
both prefer each other to their match. The result does not depend on the order of the tables.
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


# The largest distance (km) between two points of the same name in the same raion that may be one
# place. 721 places near the line between Ukraine and Russia are in GeoNames and in the INID table:
# for 95 % the two points lie within 2.3 km of each other, and the largest error is 12.2 km. Among
# the 4,309 places of INID, 24 pairs within this distance have the same name and raion.
SAME_UNIT_KM = 15.0
# The same if a row names no raion. 17 pairs with the same name lie within this distance, and 12
# within OTHER_UNIT_KM.
UNSTATED_KM = 5.0
# The same if the rows name different raions. Raions were merged and renamed, and places lie on
# their edges, so such rows may be one place; but the distance must be smaller than that of nearly
# all namesakes.
OTHER_UNIT_KM = 3.0
# The largest distance between rows whose names differ by a slip of spelling. Slips were up to
# 1.8 km apart; the nearest different places with names one letter apart lie 2.6 km apart.
ALIKE_KM = 2.0
# A place without a point is the place of its name within this distance of the centre of its hromada
# (which is usually 15 km across), if every other place of that name is twice as far and 5 km
# farther. The bundled data use this rule, which is wrong in 0.3 % of the pairs that it decides.
CENTRE_KM = 15.0
LEAD, LEAD_KM = 2.0, 5.0
# No two points on Earth are farther apart. Added to a score, it puts pairs of one code with
# different names behind all pairs with equal names.
FARTHEST_KM = 20_004.0
# A hromada or raion has a centre only if at least this many of its places have points.
CENTRE_PLACES = 3


class Records(NamedTuple):
    """The rows of all tables, one after the other; a missing value is empty or NaN."""

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
    """The rank of each row when all rows are sorted by their values, whatever their table."""


class Pair(NamedTuple):
    """Two rows that may be one place; the best match sorts first."""

    rank: int
    score: float
    order: tuple[int, int]
    a: int
    b: int


SAME_ID, SAME_CODE, SAME_NAME, ALIKE, BY_HROMADA = range(5)


def link_records(records: Records) -> Ints:
    """Return for each row the number of its place."""
    clusters = Clusters(records)
    clusters.unite(_pair_by_id(records))
    clusters.unite(
        itertools.chain(_pair_by_code(records), _pair_by_name(records), _pair_by_likeness(records))
    )
    clusters.unite(_pair_by_hromada(records, clusters))
    return clusters.number_rows()


class Clusters:
    """Groups of rows that are one place; none has two rows of a table or two codes of a system."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._cluster = list(range(len(records.table)))
        self.members = {row: [row] for row in self._cluster}

    def find_cluster(self, row: int) -> int:
        """Return the cluster of a row, which is the number of one of its rows."""
        return self._cluster[row]

    def unite(self, pairs: Iterable[Pair]) -> None:
        """Unite the clusters of pairs of rows, the best pair first, where that is allowed."""
        for pair in sorted(pairs):
            a, b = self.find_cluster(pair.a), self.find_cluster(pair.b)
            if a != b and self.may_be_one(a, b, pair.rank):
                small, large = sorted((a, b), key=lambda cluster: len(self.members[cluster]))
                for row in self.members[small]:
                    self._cluster[row] = large
                self.members[large] += self.members.pop(small)

    def may_be_one(self, a: int, b: int, rank: int) -> bool:
        """Return whether two clusters may be one place."""
        ours, theirs = self.members[a], self.members[b]
        records = self._records
        if {records.table[row] for row in ours} & {records.table[row] for row in theirs}:
            return False
        if rank == SAME_ID:
            return True
        codes = defaultdict(set)
        for row in (*ours, *theirs):
            system, code = records.code[row]
            if system:
                codes[system].add(code)
        if any(len(found) > 1 for found in codes.values()):
            return False
        countries = {records.country[row] for row in (*ours, *theirs)} - {""}
        return rank == SAME_CODE or len(countries) < 2

    def number_rows(self) -> Ints:
        """Return the number of the cluster of each row, in the order of first rows."""
        return np.asarray(pd.factorize(np.array(self._cluster))[0], dtype=np.int64)


def measure_distances_km(records: Records, a: Ints, b: Ints) -> Floats:
    """Return the distance between two rows of each pair, in km; NaN if one has no point."""
    found = np.full(len(a), np.nan)
    there = np.flatnonzero(np.isfinite(records.lon[a]) & np.isfinite(records.lon[b]))
    if len(there):
        # We measure from the row that sorts first: the other direction may give another last digit.
        turned = records.order[a] > records.order[b]
        p, q = np.where(turned, b, a)[there], np.where(turned, a, b)[there]
        found[there] = (
            inverse(records.lon[p], records.lat[p], records.lon[q], records.lat[q])[2] / 1e3
        )
    return found


def shares_unit(records: Records, a: int, b: int) -> bool | None:
    """Return whether two rows name the same hromada or raion; None if one of them names neither."""
    if records.oblast[a] and records.oblast[b] and records.oblast[a] != records.oblast[b]:
        return False
    if records.hromada[a] and records.hromada[a] == records.hromada[b]:
        return True
    if records.raion[a] and records.raion[b]:
        return bool(records.raion[a] & records.raion[b])
    return None


def _make_pair(records: Records, rank: int, score: float, a: int, b: int) -> Pair:
    low, high = sorted((int(records.order[a]), int(records.order[b])))
    return Pair(rank, score, (low, high), a, b)


def _pair_by_key(
    records: Records, keyed: Iterable[tuple[object, int]], others: Iterable[tuple[object, int]] = ()
) -> tuple[Ints, Ints]:
    """Return the pairs of rows of different tables that share a key.

    With ``others``, the key of the first row comes from ``keyed`` and that of the second from
    ``others``.
    """
    one = pd.DataFrame(keyed, columns=["key", "row"])
    other = pd.DataFrame(others, columns=["key", "row"]) if others else one
    found = one.merge(other, on="key", suffixes=("_a", "_b"))
    a, b = found["row_a"].to_numpy(dtype=np.int64), found["row_b"].to_numpy(dtype=np.int64)
    low, high = np.minimum(a, b), np.maximum(a, b)
    keep = records.table[low] != records.table[high]
    pairs = np.unique(np.stack([low[keep], high[keep]], axis=1), axis=0)
    return pairs[:, 0], pairs[:, 1]


def find_shared_ids(records: Records) -> tuple[Ints, Ints]:
    """Return the pairs of rows of different tables that share an id."""
    return _pair_by_key(records, [(one, row) for row, ids in enumerate(records.ids) for one in ids])


def _pair_by_id(records: Records) -> list[Pair]:
    a, b = find_shared_ids(records)
    return [
        _make_pair(records, SAME_ID, 0.0, i, j) for i, j in zip(a.tolist(), b.tolist(), strict=True)
    ]


def _pair_by_code(records: Records) -> list[Pair]:
    """Pair rows of one code, ranked by names and distances: a code may have several places."""
    keyed = [(code, row) for row, code in enumerate(records.code) if code[0]]
    a, b = _pair_by_key(records, keyed)
    away = np.nan_to_num(measure_distances_km(records, a, b), nan=0.0)
    pairs = []
    for i, j, km in zip(a.tolist(), b.tolist(), away.tolist(), strict=True):
        score = km if records.names[i] & records.names[j] else km + FARTHEST_KM
        pairs.append(_make_pair(records, SAME_CODE, score, i, j))
    return pairs


def pair_namesakes(records: Records) -> Iterator[tuple[int, int, float, bool | None]]:
    """Yield pairs of rows with one name that are near each other or in one unit.

    Each pair comes with its distance (km) and the result of :func:`shares_unit`.
    """
    units = [
        ((name, unit), row)
        for row, names in enumerate(records.names)
        for name in names
        for unit in {*records.raion[row], records.hromada[row]} - {""}
    ]
    pairs = [np.stack(_pair_by_key(records, units))]
    cells, reached = _assign_cells(records, UNSTATED_KM)
    near = [((name, cell), row) for row, cell in cells for name in records.names[row]]
    others = [((name, cell), row) for row, cell in reached for name in records.names[row]]
    pairs.append(np.stack(_pair_by_key(records, near, others)))
    a, b = np.unique(np.concatenate(pairs, axis=1), axis=1)
    for i, j, km in zip(
        a.tolist(), b.tolist(), measure_distances_km(records, a, b).tolist(), strict=True
    ):
        if np.isfinite(km):
            yield i, j, km, shares_unit(records, i, j)


def distance_limit_km(together: bool | None) -> float:  # noqa: FBT001 - the result of shares_unit
    """Return the largest distance (km) between two points of one name that may be one place."""
    return {True: SAME_UNIT_KM, None: UNSTATED_KM, False: OTHER_UNIT_KM}[together]


def _pair_by_name(records: Records) -> Iterator[Pair]:
    """Pair rows of one name; the score is the distance as a share of its limit."""
    for a, b, km, together in pair_namesakes(records):
        if km <= distance_limit_km(together):
            yield _make_pair(records, SAME_NAME, km / distance_limit_km(together), a, b)


def _pair_by_likeness(records: Records) -> Iterator[Pair]:
    """Pair rows near each other whose names differ by a slip of spelling."""
    cells, reached = _assign_cells(records, ALIKE_KM)
    pairs = _pair_by_key(records, [(c, r) for r, c in cells], [(c, r) for r, c in reached])
    away = measure_distances_km(records, *pairs)
    near = np.flatnonzero(away <= ALIKE_KM)
    for i, j, km in zip(*(side[near].tolist() for side in pairs), away[near].tolist(), strict=True):
        unlike = not records.names[i] & records.names[j]
        if unlike and any(differ_by_slip(x, y) for x in records.names[i] for y in records.names[j]):
            yield _make_pair(records, ALIKE, km, i, j)


def _assign_cells(
    records: Records, km: float
) -> tuple[list[tuple[int, tuple[int, ...]]], list[tuple[int, tuple[int, ...]]]]:
    """Return the cell of space that each row lies in, and all cells within a distance of it."""
    there = np.flatnonzero(np.isfinite(records.lon))
    # A chord is shorter than its geodesic, so all points within the distance lie within the cube.
    at, reach = to_ecef(records.lon[there], records.lat[there]) / 1e3, km
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


class _HromadaSearch(NamedTuple):
    """Finds the places of rows without a point, by the centres of hromadas and by names."""

    records: Records
    clusters: Clusters
    centre: dict[tuple[str, str, str], tuple[float, float]]
    places_by_name: dict[str, set[int]]

    def choose_row(self, place: int) -> int:
        """Return the row with the point of a place, or a row without a point if no row has one."""
        return min(
            self.clusters.members[place],
            key=lambda r: (
                np.isnan(self.records.lon[r]), self.records.accuracy_m[r], self.records.order[r],
            ),
        )  # fmt: skip

    def find_point(self, place: int) -> tuple[float, float] | None:
        """Return the point of a place, or None."""
        row = self.choose_row(place)
        lon, lat = float(self.records.lon[row]), float(self.records.lat[row])
        return None if np.isnan(lon) else (lon, lat)

    def find_unit(self, place: int) -> tuple[str, str, str] | None:
        """Return the hromada of a place, or else its raion."""
        found = {
            unit for row in self.clusters.members[place] if (unit := _row_unit(self.records, row))
        }
        return max(found, key=lambda unit: (unit[2] != "", unit)) if found else None

    def estimate_km(self, one: int, other: int) -> float:
        """Return an estimate of the distance between two places; NaN if it is unknown.

        It is 0 if both name one hromada, and infinite if they name different ones. Otherwise it is
        the distance between their points; the centre of the hromada replaces a missing point.
        """
        ours, theirs = self.find_unit(one), self.find_unit(other)
        if ours and ours == theirs:
            return 0.0
        if ours and theirs and ours[2] and theirs[2]:
            return np.inf
        ends = [
            self.find_point(place) or (self.centre.get(unit) if unit else None)
            for place, unit in ((one, ours), (other, theirs))
        ]
        if ends[0] is None or ends[1] is None:
            return np.nan
        (lon, lat), (to_lon, to_lat) = sorted((ends[0], ends[1]))
        return float(inverse(lon, lat, to_lon, to_lat)[2][0]) / 1e3

    def find_rivals(self, place: int) -> dict[int, float]:
        """Return the other places of the same name that may be this place, and their distances."""
        names = set().union(*(self.records.names[row] for row in self.clusters.members[place]))
        others = set().union(*(self.places_by_name.get(name, set()) for name in names)) - {place}
        return {
            other: self.estimate_km(place, other)
            for other in others
            if self.clusters.may_be_one(place, other, BY_HROMADA)
            and self._same_oblast(place, other)
        }

    def _same_oblast(self, one: int, other: int) -> bool:
        oblasts = {
            self.records.oblast[row] for p in (one, other) for row in self.clusters.members[p]
        } - {""}
        return len(oblasts) < 2


def _row_unit(records: Records, row: int) -> tuple[str, str, str] | None:
    raion = min(records.raion[row], default="")
    if not raion and not records.hromada[row]:
        return None
    return records.oblast[row], "" if records.hromada[row] else raion, records.hromada[row]


def _pair_by_hromada(records: Records, clusters: Clusters) -> Iterator[Pair]:
    """Pair each place without a point with the one place of its name that is clearly nearest."""
    places_by_name = defaultdict(set)
    for row, names in enumerate(records.names):
        for name in names:
            places_by_name[name].add(clusters.find_cluster(row))
    search = _HromadaSearch(records, clusters, _find_centres(records, clusters), places_by_name)
    for place in sorted(clusters.members):
        if search.find_point(place) is not None:
            continue
        rivals = search.find_rivals(place)
        for other, km in rivals.items():
            if km <= CENTRE_KM and _is_clearly_nearer(km, other, rivals):
                back = search.find_rivals(other)
                if _is_clearly_nearer(km, place, back):
                    first, second = search.choose_row(place), search.choose_row(other)
                    yield _make_pair(records, BY_HROMADA, km, first, second)


def _is_clearly_nearer(km: float, place: int, rivals: dict[int, float]) -> bool:
    """Return whether a place is so much nearer than all others that it must be the one."""
    others = [away for rival, away in rivals.items() if rival != place]
    # A candidate without coordinates could be anywhere, so NaN never counts as far enough away.
    return all(away >= max(LEAD * km, km + LEAD_KM) for away in others)


def _find_centres(
    records: Records, clusters: Clusters
) -> dict[tuple[str, str, str], tuple[float, float]]:
    """Return the median position of each hromada and raion that has enough located places."""
    inside = defaultdict(list)
    for row in np.argsort(records.order, kind="stable").tolist():
        if np.isfinite(records.lon[row]) and (unit := _row_unit(records, row)):
            inside[unit].append(row)
    found = {}
    for unit, members in inside.items():
        if len({clusters.find_cluster(row) for row in members}) >= CENTRE_PLACES:
            lon = unwrap_near(records.lon[members], records.lon[members[0]])
            found[unit] = (
                float(wrap_degrees(np.median(lon, keepdims=True))[0]),
                float(np.median(records.lat[members])),
            )
    return found
