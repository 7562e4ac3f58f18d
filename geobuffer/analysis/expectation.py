"""Estimate how many places lie in a zone: sums of probabilities, with an interval of 90 %.

Errors of places with a point are independent. Places without a point share the candidates of their
hromada, so an error of these candidates affects all of them. We take such places as correlated like
draws from a Pólya urn that holds the candidates. The correlation of two places is 1 / (1 + n),
where n is the sum of the weights of the candidates, as in a beta-binomial distribution (N. L.
Johnson and S. Kotz, *Urn Models and Their Application*, 1977).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from geobuffer.analysis.membership import answer_candidates, find_ring_probability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geobuffer.analysis.classify import Classification
    from geobuffer.analysis.membership import Answers, Uncertainty
    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.zones.zone import Zone

    Key = tuple[object, ...]

#: An interval from the 5th to the 95th percentile of a normal distribution holds 90 %.
SIGMAS_OF_90 = 1.645


class Expected(NamedTuple):
    """How many places are expected, and the interval that holds their number nine times in ten."""

    expected: float
    low: int
    high: int


NOTHING_EXPECTED = Expected(0.0, 0, 0)


class Parts(NamedTuple):
    """Where places may lie: an entry for each point, and for each candidate of other places."""

    row: NDArray[np.int64]
    """The row of the place."""
    weight: Floats
    """How much of the place the entry stands for; the weights of a place add up to 1."""
    p: Floats
    """The probability that it lies in each ring: a column for each ring."""
    group: NDArray[np.int64]
    """Places with the same number share candidates; −1 for points, whose errors are independent."""
    correlation: Floats
    """The correlation of two places of the group."""
    whole: Floats
    """How far the people of the place stay together: see `Errors.measure_whole`."""
    side: NDArray[np.object_]
    section: NDArray[np.object_]

    def select(self, entries: NDArray[np.bool_]) -> Parts:
        """Return some of the entries."""
        chosen: Any = (values[entries] for values in self)
        return Parts(*chosen)


def list_parts(found: Classification, zone: Zone, edges_km: Sequence[tuple[float, float]]) -> Parts:
    """Return where the places of a table may lie, and how probably in each ring of a zone.

    Places without a point and without candidates have no entry. A place whose accuracy is not known
    has a probability that is NaN.
    """
    there = np.isfinite(found.lon)
    p = find_ring_probability(
        found.lon, found.lat, zone, found.answers, found.uncertainty, edges_km
    )
    own = np.flatnonzero(there)
    points = Parts(
        own, np.ones(len(own)), p[own], np.full(len(own), -1), np.zeros(len(own)),
        _measure_whole(found.uncertainty, len(there))[own], *_name_places(found.answers, zone, own),
    )  # fmt: skip
    if found.uncertainty.candidates is None:
        return points
    asked = answer_candidates(found.lon, zone, found.uncertainty)
    known = asked.candidates
    p = find_ring_probability(
        known.lon, known.lat, zone, asked.answers, asked.uncertainty, edges_km
    )
    counts = np.bincount(known.place)
    entries = np.split(np.arange(len(known.place)), np.cumsum(counts)[:-1])
    at = np.concatenate([np.empty(0, np.int64), *(entries[text] for text in asked.text)])
    total = np.bincount(known.place, known.weight)[known.place]
    others = Parts(
        np.repeat(asked.rows, counts[asked.text]),
        (known.weight / total)[at],
        p[at],
        known.place[at],
        (1.0 / (1.0 + total))[at],
        np.ones(len(at)),
        *_name_places(asked.answers, zone, at),
    )
    joined: Any = (np.concatenate(both) for both in zip(points, others, strict=True))
    return Parts(*joined)


def _measure_whole(uncertainty: Uncertainty, count: int) -> Floats:
    return np.asarray(np.broadcast_to(uncertainty.errors.measure_whole(), count))


def _name_places(
    answers: Answers, zone: Zone, at: NDArray[np.int64]
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return the names of the sides and sections of some answers, as `classify` gives them."""
    sides = np.array([*(side.name for side in zone.sides), ""], dtype=object)
    sections = np.array([*(section.name for section in zone.sections), None], dtype=object)
    return sides[answers.side[at]], sections[answers.section[at]]


class Sum(NamedTuple):
    """The mean and the variance of a sum."""

    mean: float
    variance: float


class Groups(NamedTuple):
    """The groups of entries by the values of some columns."""

    number: NDArray[np.int64]
    """The number of the group of each entry."""
    keys: list[Key]
    """The values that each group has, in the order in which groups first occur."""


def group_entries(columns: Sequence[NDArray[np.object_]], count: int) -> Groups:
    """Group ``count`` entries by the values of columns; None counts as a value.

    Examples
    --------
    >>> side, section = (np.array(v, object) for v in (["b", None, "b"], ["x", "x", "x"]))
    >>> number, keys = group_entries([side, section], 3)
    >>> number.tolist(), keys
    ([0, 1, 0], [('b', 'x'), (None, 'x')])
    """
    number = np.zeros(count, dtype=np.int64)
    joined: list[Key] = [()] if count else []
    for values in columns:
        code, different = pd.factorize(values)
        names = [*different.tolist(), None]  # the code −1, of None, takes the last one
        number, pairs = pd.factorize(number * len(names) + code % len(names))
        joined = [(*joined[pair // len(names)], names[pair % len(names)]) for pair in pairs]
    return Groups(number, joined)


def expect_counts(parts: Parts, groups: Groups) -> dict[Key, list[Expected | None]]:
    """Return for each key how many places are expected in each ring; None where it is not known.

    Parameters
    ----------
    parts
        Where the places may lie.
    groups
        The groups of the entries of the parts.
    """
    ones, zeros = np.ones(len(parts.row)), np.zeros(len(parts.row))
    # The middle of a place is in the ring or not.
    counted = parts._replace(whole=ones)
    return {
        key: [_make_interval(*ring) for ring in rings]
        for key, rings in sum_parts(counted, groups, ones, zeros).items()
    }


def sum_parts(
    parts: Parts, groups: Groups, size: Floats, size_variance: Floats
) -> dict[Key, list[Sum]]:
    """Return the sums of the sizes of places in each ring, for each key.

    Parameters
    ----------
    parts
        Where the places may lie.
    groups
        The groups of the entries of the parts.
    size, size_variance
        The size of the place of each entry, and how uncertain it is.
    """
    code, distinct = groups
    # A place may have several entries with one key: its probability is their sum.
    # We pack each pair of key and place into one number: numbers sort ten times as fast as pairs.
    numbers = code * (parts.row.max(initial=0) + 1) + parts.row
    _, first, pair = np.unique(numbers, return_index=True, return_inverse=True)
    key, correlation = code[first], parts.correlation[first]
    shared = _share_groups(key, parts.group[first])
    of, spread, whole = size[first], size_variance[first], parts.whole[first]
    rings = []
    for column in parts.p.T:
        p = np.bincount(pair, parts.weight * column, minlength=len(key)).astype(np.float64)
        mean = np.bincount(key, p * of, minlength=len(distinct))
        own = np.clip(p * (1.0 - p), 0.0, None) * whole * of**2
        variance = _find_variance(own, key, shared, correlation, len(distinct))
        variance += np.bincount(key, np.clip(p, 0.0, 1.0) * spread, minlength=len(distinct))
        rings.append((mean, variance))
    return {
        name: [Sum(mean[number], variance[number]) for mean, variance in rings]
        for number, name in enumerate(distinct)
    }


def model_range(sums: Sequence[Sum]) -> tuple[int, int] | None:
    """Return the range of the sums of all choices of a model, to two digits; None if unknown."""
    if any(np.isnan(one.mean) for one in sums):
        return None
    low = min(one.mean - SIGMAS_OF_90 * np.sqrt(one.variance) for one in sums)
    high = max(one.mean + SIGMAS_OF_90 * np.sqrt(one.variance) for one in sums)
    return round_to_digits(max(low, 0.0)), round_to_digits(high)


def round_to_digits(value: float) -> int:
    """Return a number with two digits, because the model is no more accurate."""
    return round(float(f"{value:.1e}"))


def expect_total(parts: Parts) -> tuple[Floats, Floats, Floats]:
    """Return how many places are expected in each ring, and the ends of the intervals."""
    nothing = [NOTHING_EXPECTED] * parts.p.shape[1]
    rings = expect_counts(parts, group_entries([], len(parts.row))).get((), nothing)
    unknown = (np.nan,) * 3
    expected, low, high = np.array([unknown if one is None else one for one in rings]).T
    return expected, low, high


def expect_zone(found: Classification, zone: Zone) -> Expected | None:
    """Return how many places of a table to expect in all of a zone; None if it is not known."""
    parts = list_parts(found, zone, [(zone.edges_km[0], zone.edges_km[-1])])
    return expect_counts(parts, group_entries([], len(parts.row))).get((), [NOTHING_EXPECTED])[0]


class _Shared(NamedTuple):
    """Which entries have a group, the number of the group within its key, and that key."""

    rows: NDArray[np.int64]
    number: NDArray[np.int64]
    key: NDArray[np.int64]


def _share_groups(key: NDArray[np.int64], group: NDArray[np.int64]) -> _Shared:
    """Return the groups of entries, separately for each key."""
    rows = np.flatnonzero(group >= 0)
    numbers = key[rows] * (group.max(initial=0) + 1) + group[rows]
    _, first, number = np.unique(numbers, return_index=True, return_inverse=True)
    return _Shared(rows, number, key[rows][first])


def _find_variance(
    own: Floats, key: NDArray[np.int64], shared: _Shared, correlation: Floats, count: int
) -> Floats:
    """Return the variance of the sum of each key, from the variances of its places."""
    variance = np.bincount(key, own * (1.0 - correlation), minlength=count)
    deviation = np.sqrt(own[shared.rows] * correlation[shared.rows])
    sums = np.bincount(shared.number, deviation, minlength=len(shared.key))
    return np.asarray(variance + np.bincount(shared.key, sums**2, minlength=count))


def _make_interval(mean: float, variance: float) -> Expected | None:
    """Return the interval about a mean, in whole places."""
    if np.isnan(mean):
        return None
    half = SIGMAS_OF_90 * np.sqrt(variance)
    return Expected(float(mean), max(0, round(mean - half)), round(mean + half))
