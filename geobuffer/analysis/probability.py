"""Compute the probability that a place lies in a zone, from the measured errors of points.

The middle of a place lies somewhere around its point. We measured how far the points of gazetteers
are from the middles: most are nearer than their stated accuracy, some are kilometres off. To that
we add the extent of the place and the accuracy of the border. A place without a point has
candidates instead: points near which it may lie, with weights. The probability of a place depends
on its own row only.

Distances are signed here: positive on the side of the border on which the point lies. Only the
distance across an edge matters, because a border is nearly straight over the few hundred metres of
most errors. Where two edges are near, as at the corner of a clipped zone, we test many possible
middles of the place instead (:class:`Probes`). Distances and errors are in kilometres.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from geobuffer.errors import DataError
from geobuffer.geodesy.antimeridian import wrap_degrees
from geobuffer.geodesy.ellipsoid import direct, is_on_globe
from geobuffer.zones.quantities import quote_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from geobuffer.geodesy.ellipsoid import Floats

# A mixture of three normal distributions fits the measured errors. Here are their shares, and their
# standard deviations along one axis in units of the accuracy. We compared points of GeoNames with
# an accuracy of 500 m with 561 places of OpenStreetMap in Kharkiv oblast: half are within 0.25 km,
# 90 % within 0.91, 95 % within 1.34, 99 % within 4.5, and the worst is 9.5 km off. The mixture
# gives 0.25, 0.93, 1.36 and 4.8 km, and one of 561 beyond 9.5 km.
ERROR_SHARES = (0.804, 0.18, 0.016)
ERROR_SIGMAS = (0.364, 1.5, 9.0)

# The radius of a disc is twice the standard deviation along one axis of a point anywhere in it.
SIGMA_OF_RADIUS = 0.5

# A place may be known to lie across the border from its point. If less than this share of the error
# distribution lies on the side of the place, the point says nothing about the place.
LEAST_MASS = 1e-4

# A standard deviation is at least a millimetre, so that we never divide by zero.
_LEAST_SIGMA_KM = 1e-6

# How many rows we process at a time, so that their arrays stay in the cache of a processor.
_CHUNK = 8192


class Errors(NamedTuple):
    """The errors that may separate the middles of places from their points, in kilometres.

    Each is an array with an entry for each place, or one number for all.
    """

    accuracy: Floats
    """The accuracy of the point; NaN where none is stated and so no probability is known."""
    border: Floats
    """The accuracy of the border."""
    radius: Floats
    """The radius of the place."""

    @property
    def margin(self) -> Floats:
        """How far the place may be from its point: the combined independent errors plus the radius.

        A point without a stated accuracy counts as exact.
        """
        # For one point numpy.nan_to_num takes five times as long (10 µs).
        stated = np.where(np.isnan(self.accuracy), 0.0, self.accuracy)
        return np.asarray(np.hypot(stated, self.border) + self.radius)

    def select(self, rows: Any) -> Errors:
        """Return the entries of some rows."""
        return Errors(*(v[rows] if np.ndim(v) else v for v in self))

    @property
    def fixed_sigma(self) -> Floats:
        """The standard deviation along one axis due to the border and the extent of the place."""
        return np.asarray(np.hypot(self.border, SIGMA_OF_RADIUS * self.radius))

    def measure_whole(self) -> Floats:
        """Return how far the people of a place stay together on one side of an edge, from 0 to 1.

        The error of a point moves all people of its place together; the extent of the place spreads
        them. The share of people beyond an edge has the variance p (1 − p) times this number. The
        number is 1 for a place without extent: all its people are beyond the edge, or none. It is
        near 0 for a city with an exact point: the share is always the same. For an edge through the
        middle, the number is 2 asin(ρ) / π by the normal distribution in two dimensions (W. F.
        Sheppard, Phil. Trans. R. Soc. A 192, 1899), where ρ is the part of the variance that comes
        from the error of the point.
        """
        extent = (SIGMA_OF_RADIUS * np.asarray(self.radius)) ** 2
        whole = np.zeros_like(extent)
        for share, one in zip(ERROR_SHARES, ERROR_SIGMAS, strict=True):
            moved = np.hypot(np.maximum(one * self.accuracy, _LEAST_SIGMA_KM), self.border) ** 2
            whole = whole + share * 2.0 / np.pi * np.arcsin(moved / (moved + extent))
        return whole

    def list_sigmas(self) -> list[Floats]:
        """Return the standard deviation of each normal error of the mixture, along one axis."""
        fixed = self.fixed_sigma
        return [self._add_fixed(one, fixed) for one in ERROR_SIGMAS]

    def find_widest_sigma(self) -> Floats:
        """Return the last one of :meth:`list_sigmas`, which is the widest."""
        return self._add_fixed(ERROR_SIGMAS[-1], self.fixed_sigma)

    def _add_fixed(self, factor: float, fixed: Floats) -> Floats:
        return np.asarray(np.maximum(np.hypot(factor * self.accuracy, fixed), _LEAST_SIGMA_KM))


class Interval(NamedTuple):
    """The signed distances within a zone: from `begin` to `end`, except a hole around zero."""

    begin: Floats | float
    end: Floats | float
    hole_begin: Floats | float | None = None
    hole_end: Floats | float | None = None


#: What is known about the side of a place: nothing, or that it is the side of its point, or that it
#: is the other side.
ANY_SIDE, OWN_SIDE, OTHER_SIDE = 0, 1, 2


# We interpolate the table linearly. The error is at most 4.6e-7: h² / 8 times the largest second
# derivative, 0.242. This takes a third of the time of a rational approximation.
_TABLE_END, _STEPS = 8, 256


def _tabulate_normal() -> Floats:
    """Return the normal distribution function at steps of 1/256 from −8 to 8."""
    x = np.arange(-_TABLE_END * _STEPS, _TABLE_END * _STEPS + 1) / _STEPS
    return np.array([0.5 * math.erfc(-one / math.sqrt(2.0)) for one in x])


_NORMAL = _tabulate_normal()
_RISES = np.append(np.diff(_NORMAL), 0.0)


def normal_cdf(x: Floats) -> Floats:
    """Return the share of a standard normal distribution below values, to 4.6e-7.

    Examples
    --------
    >>> normal_cdf(np.array([-np.inf, 0.0, 1.0, np.inf])).round(6).tolist()
    [0.0, 0.5, 0.841345, 1.0]
    """
    at = np.clip(x * _STEPS + _TABLE_END * _STEPS, 0.0, 2.0 * _TABLE_END * _STEPS)
    step = at.astype(np.int32)
    return np.asarray(_NORMAL[step] + (at - step) * _RISES[step])


def share_between(
    distance: Floats, sigma: Floats, begin: Floats | float, end: Floats | float
) -> Floats:
    """Return the share of a normal distribution around each distance between two distances."""
    upper: Floats | float = 1.0
    lower: Floats | float = 0.0
    if np.ndim(end) or end < np.inf:
        upper = normal_cdf((end - distance) / sigma)
    if np.ndim(begin) or begin > -np.inf:
        lower = normal_cdf((begin - distance) / sigma)
    return np.maximum(upper - lower, 0.0)


def compute_probability(
    distance: Floats,
    errors: Errors,
    zone: Interval,
    side: NDArray[np.signedinteger[Any]],
    beyond: Sequence[Floats] = (),
) -> Floats:
    """Return the probability that the middles of places lie in a zone.

    Parameters
    ----------
    distance
        The signed distances of the points, in kilometres; NaN where there is no point.
    errors
        How far the middles may be from the points.
    zone
        The distances within the zone.
    side
        What is known about the side of each place: ``ANY_SIDE``, ``OWN_SIDE`` or ``OTHER_SIDE``.
    beyond
        For each straight cut across the zone, how far the points lie beyond it, negative before it.

    Returns
    -------
    numpy.ndarray
        NaN where there is no point, its accuracy is not stated, or it says nothing about the place.

    Examples
    --------
    A point on the edge of a zone of 10 km, and one half a kilometre further in:

    >>> errors = Errors(np.array(0.5), np.array(0.01), np.array(0.0))
    >>> free = np.full(2, ANY_SIDE)
    >>> zone = Interval(0.0, 10.0)
    >>> compute_probability(np.array([10.0, 9.5]), errors, zone, free).round(2).tolist()
    [0.5, 0.94]
    """
    p = np.where(np.isnan(distance) | np.isnan(errors.accuracy), np.nan, 0.0)
    # Six standard deviations of the widest error beyond the zone, a probability is below 2e-11.
    reach = np.asarray(zone.end) + 6.0 * errors.find_widest_sigma()
    for one in (ANY_SIDE, OWN_SIDE, OTHER_SIDE):
        near = distance <= reach if one != OTHER_SIDE else np.isfinite(distance)
        asked = np.flatnonzero(near & (side == one))
        for start in range(0, len(asked), _CHUNK):
            rows = asked[start : start + _CHUNK]
            bounds: Any = (v[rows] if isinstance(v, np.ndarray) else v for v in zone)
            own = Interval(*bounds)
            cuts = [cut[rows] for cut in beyond]
            p[rows] = _compute_rows(distance[rows], errors.select(rows), own, one, cuts)
    return p


def _compute_rows(
    distance: Floats, errors: Errors, zone: Interval, side: int, beyond: Sequence[Floats]
) -> Floats:
    """Return the probabilities of places whose side is known in the same way."""
    least = 0.0 if side == OWN_SIDE else -np.inf
    most = 0.0 if side == OTHER_SIDE else np.inf
    begin, end = np.clip(zone.begin, least, most), np.clip(zone.end, least, most)
    hole = [np.clip(km, least, most) for km in zone[2:] if km is not None]
    held, mass = np.zeros((2, len(distance)))
    for share, sigma in zip(ERROR_SHARES, errors.list_sigmas(), strict=True):
        inside = share_between(distance, sigma, begin, end)
        if hole:
            inside = np.maximum(inside - share_between(distance, sigma, *hole), 0.0)
        for cut in beyond:
            inside = inside * normal_cdf(-cut / sigma)
        held += share * inside
        mass += share * share_between(distance, sigma, least, most)
    return np.clip(held / np.where(mass >= LEAST_MASS, mass, np.nan), 0.0, 1.0)


# How many points represent each normal distribution of the mixture where two edges are near. With
# these numbers, probabilities at the corner of a square are within 0.02 of those from random draws.
_PROBES = (180, 100, 40)

# The angle between two seeds of a sunflower, which spreads points evenly over a disc (H. Vogel,
# Mathematical Biosciences 44, 1979).
_GOLDEN_ANGLE = 180.0 * (3.0 - math.sqrt(5.0))


class Probes(NamedTuple):
    """Where the middles of places may lie: the same number of points for each place, in order."""

    lon: Floats
    lat: Floats
    weight: Floats
    """How much each of the points of a place counts; they add up to 1."""


def spread_probes(lon: Floats, lat: Floats, errors: Errors) -> Probes:
    """Return points that represent the possible middles of places, spread by the measured errors.

    They are at the same angles for every place, so that a place has the same points in any table.

    Parameters
    ----------
    lon, lat
        Degrees.
    errors
        How far the middles may be from the points.
    """
    away, azimuth, weight = [], [], []
    for share, count, sigma in zip(ERROR_SHARES, _PROBES, errors.list_sigmas(), strict=True):
        seed = np.arange(count)
        # Rings of equal probability: the distances of a normal error are Rayleigh distributed.
        reach = np.sqrt(-2.0 * np.log1p(-(seed + 0.5) / count))
        away.append(np.broadcast_to(sigma, lon.shape)[:, None] * reach)
        azimuth.append(np.broadcast_to(seed * _GOLDEN_ANGLE % 360.0, (len(lon), count)))
        weight.append(np.full(count, share / count))
    total = sum(_PROBES)
    to_lon, to_lat, _ = direct(
        np.repeat(lon, total), np.repeat(lat, total),
        np.concatenate(azimuth, axis=1).ravel(), np.concatenate(away, axis=1).ravel() * 1e3,
    )  # fmt: skip
    return Probes(wrap_degrees(to_lon), to_lat, np.concatenate(weight))


class Candidates(NamedTuple):
    """Points near which places without a point may lie: an entry for each candidate."""

    place: NDArray[np.int64]
    """The number of the place, from 0."""
    lon: Floats
    lat: Floats
    spread_km: Floats
    """How far the place may be from the point, as a standard deviation along one axis."""
    weight: Floats
    """How much the point counts; the weights of a place need not add up to 1."""

    def average(self, values: Floats, count: int) -> Floats:
        """Return the weighted mean of the values of candidates for each of ``count`` places."""
        sums = np.bincount(self.place, self.weight * values, minlength=count)
        weights = np.bincount(self.place, self.weight, minlength=count)
        with np.errstate(invalid="ignore"):
            return np.asarray(sums / weights)


_FIELDS = ("longitude", "latitude", "spread", "weight")
_AXES = 2
_FORM = (
    "Must be points divided by semicolons, each of longitude, latitude, spread in metres and "
    'weight, as "34.5 51.1 2000 1; 34.6 51.2 2000 1"'
)


def parse_candidates(texts: Mapping[int, object]) -> Candidates:
    """Return the candidates in texts: one text for each place, by the row number for messages.

    Raises
    ------
    DataError
        A text does not have the form, or a number is out of range.

    Examples
    --------
    >>> found = parse_candidates({0: "34.5 51.1 2000 1; 34.6 51.2 2000 3"})
    >>> found.lon.tolist(), found.spread_km.tolist(), found.weight.tolist()
    ([34.5, 34.6], [2.0, 2.0], [1.0, 3.0])
    """
    rows = [_parse_text(row, text) for row, text in texts.items()]
    place = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    lon, lat, spread, weight = np.concatenate([np.empty((0, 4)), *rows]).T
    return Candidates(place, lon, lat, spread / 1e3, weight)


def _parse_text(row: int, text: object) -> Floats:
    name = f"Invalid candidates at position {row}: {quote_value(text)}."
    try:
        points = np.array([part.split() for part in str(text).split(";")], dtype=float)
    except ValueError:
        points = np.empty((0, 0))
    if points.ndim != _AXES or points.shape[1] != len(_FIELDS):
        raise DataError(f"{name} {_FORM}.", parameter="candidates")
    lon, lat, spread, weight = points.T
    fits = is_on_globe(lon, lat) & (spread > 0.0) & (weight > 0.0) & np.isfinite(spread + weight)
    if not fits.all():
        raise DataError(
            f"{name} Longitude and latitude must lie on the globe, spread and weight must be "
            "positive.",
            parameter="candidates",
        )
    return points
