"""Decide whether points lie in a zone, and how surely: arrays in, arrays of codes out.

Four things decide: the distance of the point to the border, the side on which it lies, the error
range of its coordinates and the radius of the place. The country that lists a place decides whether
it can lie across the border. How probable it is that the place lies in the zone is computed by
:mod:`geobuffer.analysis.probability`.

:func:`answer` is the only classifier: all functions that take tables or files call it or its parts
(:mod:`geobuffer.analysis.classify`, :mod:`geobuffer.analysis.bulk`). It decides row by row. No
answer depends on other rows, so slices, batches and partitions of a table get the same answers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from geobuffer.analysis.conflicts import (
    Listing,
    NumberedValues,
    drop_blanks,
    find_conflicts,
    make_no_conflicts,
    number_values,
    repeat_value,
)
from geobuffer.analysis.probability import (
    ANY_SIDE,
    LEAST_MASS,
    OTHER_SIDE,
    OWN_SIDE,
    Candidates,
    Errors,
    Interval,
    compute_probability,
    parse_candidates,
    spread_probes,
)
from geobuffer.errors import DataError
from geobuffer.geodesy.antimeridian import cut_at_antimeridian, wrap_degrees
from geobuffer.geodesy.ellipsoid import Floats, check_points, covers_points, direct
from geobuffer.io.point_tables import check_metres
from geobuffer.zones.arguments import describe_type
from geobuffer.zones.border import AROUND, Border
from geobuffer.zones.checks import check_zone
from geobuffer.zones.region import Region
from geobuffer.zones.zone import BufferZone, CombinedZone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from geobuffer.zones.zone import Part, Zone

    # The documentation site would take a type that ends in an underscore for a link.
    Texts = NDArray[np.object_]


#: The classes of places, in the order of the codes of :class:`Answers`.
MEMBERSHIP = ("outside", "inside", "uncertain")

#: The classes of the places that a zone holds or may hold.
COUNTED = ("inside", "uncertain")

#: The class of lines and areas of which a zone holds a part.
PARTLY = "partly"

# Truth values of the codes outside, inside, uncertain: false 0, unknown 1, true 2. The last entry
# stands for the code −1 (no point), which is set again at the end.
_TRUTH_OF_CODE = np.array([0, 2, 1, 0], dtype=np.int8)
# Codes of the truth values false, unknown, true.
_CODE_OF_TRUTH = np.array([0, 2, 1], dtype=np.int8)
_UNCERTAIN = MEMBERSHIP.index("uncertain")

# The values of absent arguments: no probability is known, and a place has no extent.
_NOT_STATED, _NO_RADIUS = np.array(np.nan), np.array(0.0)


def is_counted(membership: Any) -> NDArray[np.bool_]:
    """Return which of an array or column of classes a zone holds, at least in part, or may hold.

    Examples
    --------
    >>> is_counted(["inside", "outside", "uncertain", None]).tolist()
    [True, False, True, False]
    """
    return pd.Series(membership).isin((*COUNTED, PARTLY)).to_numpy()


class Answers(NamedTuple):
    """Where points lie and whether a zone holds them: arrays with one entry for each point.

    Where there is no point (the longitude is NaN), ``distance_km`` and ``chainage_km`` are NaN and
    all codes are −1; ``p_inside`` is then that of the candidates of the place, if it has some.

    Parameters
    ----------
    distance_km
        Distance to the border; 0 inside the areas of a zone around areas.
    side
        Number of the border's side whose territory holds the point; −1 if neither does.
    section
        Number of the nearest section.
    chainage_km
        Chainage of the border's nearest point.
    ring
        Number of the ring; −1 outside the zone.
    membership
        Number in ``MEMBERSHIP``: 0 outside, 1 inside, 2 uncertain.
    p_inside
        Probability that the middle of the place lies in the zone; NaN where it is not known.
    margin_km
        How far the place may be from its point. An array of one value for all points is read-only.
    conflict
        A sentence where the country or oblast that lists the place contradicts the point, else
        ``""``. Where no country or oblast is given, the array is read-only.

    Examples
    --------
    :func:`answer` returns these fields:

    >>> Answers._fields[:5]
    ('distance_km', 'side', 'section', 'chainage_km', 'ring')
    >>> Answers._fields[5:]
    ('membership', 'p_inside', 'margin_km', 'conflict')
    """

    distance_km: Floats
    side: NDArray[np.int8]
    section: NDArray[np.int16]
    chainage_km: Floats
    ring: NDArray[np.int8]
    membership: NDArray[np.int8]
    p_inside: Floats
    margin_km: Floats
    conflict: Texts


def answer(  # noqa: PLR0913
    lon: ArrayLike,
    lat: ArrayLike,
    zone: Zone,
    *,
    accuracy_m: ArrayLike | None = None,
    radius_m: ArrayLike | None = None,
    country: Any = None,
    oblast: Any = None,
    oblast_iso: Any = None,
    candidates: Any = None,
) -> Answers:
    """Classify points in longitude and latitude: distance, side, ring and membership as arrays.

    This is :func:`geobuffer.classify` for arrays instead of a table, with the same answers. Use it
    for many points. Each argument takes an array with one entry for each point, or one value for
    all points.

    Parameters
    ----------
    lon, lat
        Degrees; NaN where there is no point. Numbers, lists, or arrays of any number of dimensions;
        the answers have their shape.
    zone
        The zone. The accuracy of its border counts for every point.
    accuracy_m
        The error range of the points, in metres; NaN counts as 1,000. Without this argument points
        are exact, and no probability is known.
    radius_m
        The radius of the places, in metres; NaN counts as 1,000. Without this argument places have
        none.
    country
        The country that lists the place, as a code or a name; None where none does. A place that a
        country lists counts as on the side of that country, even if its point is inaccurate.
    oblast, oblast_iso
        The oblast that lists the place: its name, and its ISO 3166-2 code.
    candidates
        Points near which a place without a point may lie, as texts: longitude, latitude, spread in
        metres and weight of each, divided by semicolons. Used where there is no point.

    Raises
    ------
    WrongKind
        ``zone`` is not a zone.
    DataError
        An array is not made of numbers, or the shapes of two differ; or an accuracy or a radius is
        negative or infinite; or candidates do not have their form.
    GeometryError
        A coordinate is infinite, a longitude is beyond ±720, or a latitude is beyond ±90, for
        example because they are in metres.

    Examples
    --------
    >>> import geobuffer as gb
    >>> import shapely
    >>> plant = gb.border_around(shapely.Point(30.1, 51.39), source=gb.Source("a map"))
    >>> disc = gb.build_zone(plant, km=10)
    >>> answer(np.array([30.1, 30.3]), np.array([51.4, 51.4]), disc).membership.tolist()
    [1, 0]
    >>> int(answer(30.1, 51.4, disc).membership)
    1
    """
    check_zone(zone)
    metres = {"accuracy_m": accuracy_m, "radius_m": radius_m}
    present = {name: value for name, value in metres.items() if value is not None}
    shape, (lon, lat, *arrays) = _read_arrays(lon=lon, lat=lat, **present)
    given_points = np.flatnonzero(~np.isnan(lon) & ~np.isnan(lat))
    check_points(lon[given_points], lat[given_points], given_points)
    lon = wrap_degrees(lon)
    read = {name: check_metres(name, array) for name, array in zip(present, arrays, strict=True)}
    errors = measure_errors(lon, lat, zone, **read)
    given = {"country": country, "oblast": oblast, "oblast_iso": oblast_iso}
    listing = Listing(*(_read_listed(name, texts, shape) for name, texts in given.items()))
    texts = _read_texts("candidates", candidates, shape)
    found = decide(lon, lat, zone, find_uncertainty(lon, lat, zone, errors, listing, texts))
    # [()] turns an array without dimensions into a number, so a single point gets single answers.
    reshaped: Any = [values.reshape(shape)[()] for values in found]
    return Answers(*reshaped)


def _read_listed(name: str, texts: Any, shape: tuple[int, ...]) -> NumberedValues | None:
    """Return the different texts of a listing and their numbers; None if no text is given."""
    read = _read_texts(name, texts, shape)
    if isinstance(read, str):
        return drop_blanks(NumberedValues(repeat_value(0, math.prod(shape)), [read]))
    return None if read is None else number_values(name, read)


def _read_texts(name: str, texts: Any, shape: tuple[int, ...]) -> Any:
    """Return texts as a flat array; one text, or None, stands for all points.

    Raises
    ------
    DataError
        They are not texts, or there is not one for each point.
    """
    if texts is None or isinstance(texts, str):
        return texts
    try:
        array = np.asarray(texts, dtype=object)
    except (TypeError, ValueError):
        array = None
    if array is None or array.shape != shape:
        raise DataError(
            f"Invalid {name}: {describe_type(texts)}. Must be a text, or an array or list with one "
            "text for each point.",
            parameter=name,
        )
    return array.ravel()


def _read_arrays(**given: Any) -> tuple[tuple[int, ...], list[NDArray[Any]]]:
    """Return the common shape of arguments, and each as a flat array of numbers.

    One value for all points stays one value, so that nothing is computed again for each point.

    Raises
    ------
    DataError
        One is not made of numbers, or their shapes do not fit.
    """
    arrays = [_read_array(name, value) for name, value in given.items()]
    # NumPy would turn a row of longitudes and a column of latitudes into a grid. We refuse them,
    # because the caller may have meant pairs.
    shape = arrays[0].shape
    for name, array in zip(given, arrays, strict=True):
        if array.shape not in {shape, ()} or (name == "lat" and array.shape != shape):
            raise DataError(
                f"Invalid {name}: its shape is {array.shape}, that of lon is {shape}. Must be the "
                "same; numpy.meshgrid() makes a grid of two axes.",
                parameter=name,
            )
    return shape, [array.ravel() if array.shape == shape else array for array in arrays]


def _read_array(name: str, value: Any) -> NDArray[Any]:
    array: NDArray[Any] | None
    try:
        array = np.asarray(value)
        is_numeric = array.dtype.kind in "iufO" or (
            array.dtype.kind == "b" and name not in {"lon", "lat", "accuracy_m", "radius_m"}
        )
        # The kernels are compiled for arrays that can be written to; only others are copied.
        array = np.require(array, np.float64, "W") if is_numeric or not array.size else None
    except (TypeError, ValueError, OverflowError):
        array = None
    if array is None:
        raise DataError(
            f"Invalid {name}: {describe_type(value)}. Must be a number, or an array or list of "
            "numbers.",
            parameter=name,
        )
    return array


class Uncertainty(NamedTuple):
    """How far places may be from their points, and why: one entry for each place."""

    margin: Floats
    """How far the place may be from its point, in km."""
    unlisted: NDArray[np.bool_]
    """Whether no country lists the place."""
    wrong_country: NDArray[np.bool_]
    """Whether the country that lists the place differs from the country around its point."""
    conflict: NumberedValues
    """How the country or oblast that lists the place contradicts the point, as a sentence."""
    errors: Errors
    """How far the middle of the place may be from its point, by cause."""
    candidates: Any = None
    """Texts of points near which a place without a point may lie; None if no place has some."""

    def select(self, rows: Any) -> Uncertainty:
        """Return the entries of some rows."""
        return Uncertainty(
            self.margin[rows],
            self.unlisted[rows],
            self.wrong_country[rows],
            self.conflict.select(rows),
            self.errors.select(rows),
            None if self.candidates is None else self.candidates[rows],
        )


def make_uncertainty(margin: Floats, errors: Errors) -> Uncertainty:
    """Return the uncertainty of places that no country or oblast lists."""
    free = make_no_conflicts(len(margin))
    return Uncertainty(margin, free.unlisted, free.wrong_country, free.sentences, errors)


def find_uncertainty(
    lon: Floats,
    lat: Floats,
    zone: Zone,
    errors: Errors,
    listing: Listing,
    candidates: Any = None,
) -> Uncertainty:
    """Return why places may lie elsewhere than their points, from their errors and listings."""
    conflicts = find_conflicts(listing, zone.regions, lon, lat, zone.region_index)
    margin = errors.margin
    if isinstance(candidates, str):
        candidates = np.full(len(lon), candidates, dtype=object)
    return Uncertainty(
        margin if margin.ndim else repeat_value(float(margin), len(lon)),
        conflicts.unlisted,
        conflicts.wrong_country,
        conflicts.sentences,
        errors,
        candidates,
    )


def decide(lon: Floats, lat: Floats, zone: Zone, uncertainty: Uncertainty) -> Answers:
    """Classify points like :func:`answer`, for places whose uncertainty is known."""
    if isinstance(zone, CombinedZone):
        found = _answer_combined(lon, lat, zone, uncertainty)
    else:
        found = _answer_zone(lon, lat, zone.zones[0], uncertainty)
    if uncertainty.candidates is not None:
        asked = answer_candidates(lon, zone, uncertainty)
        found.p_inside[asked.rows] = asked.average(asked.answers.p_inside)
    return found


def _answer_zone(lon: Floats, lat: Floats, zone: BufferZone, uncertainty: Uncertainty) -> Answers:
    margin, unlisted, wrong_country, conflict = uncertainty[:4]
    distance, section, chainage = locate_points(lon, lat, zone.border)
    side = zone.border.side_codes(lon, lat)
    if zone.side == AROUND:
        signed = np.where(side == 0, -distance, distance)
        distance = np.maximum(signed, 0.0) + 0.0  # no minus zero
        inside, doubtful = _compare_signed(zone, signed, margin)
    else:
        inside, doubtful = _compare_distance(zone, distance, side, margin, unlisted)
    near_enough = _may_be_within(zone, distance, margin)
    doubtful |= near_enough & wrong_country
    if zone.border.is_bare and zone.reach_km[2] < 0:
        # Nearer to the border than the shorter reach, a place is inside on either side.
        near = np.flatnonzero(
            near_enough & (margin > 0.0) & (distance + margin > min(zone.reach_km[:2]))
        )
        doubtful[near] |= _may_change_side(zone.border, lon[near], lat[near], margin[near])
    for end in zone.flat_ends:
        near = np.flatnonzero(inside & ((distance > 0.0) | (zone.side != AROUND)))
        beyond = end.beyond_m(lon[near], lat[near], zone.width_km * 1e3) / 1e3
        inside[near[beyond > 0.0]] = False
        doubtful[near] |= np.abs(beyond) < margin[near]
    ring = inside.astype(np.int8) - np.int8(1)
    for edge in zone.edges_km[1:-1]:
        ring += inside & (distance > edge)
    membership = np.where(doubtful, 2, inside).astype(np.int8)
    membership[np.isnan(lon)] = -1
    signed = distance if zone.side != AROUND else signed
    p = find_probability(lon, lat, zone, Located(signed, side, membership), uncertainty)
    return Answers(
        distance, side, section, chainage, ring, membership, p, margin, conflict.spread()
    )


def _answer_combined(
    lon: Floats,
    lat: Floats,
    zone: CombinedZone,
    uncertainty: Uncertainty,
) -> Answers:
    """Classify points by a zone made of zones; distances are those to the nearest border."""
    answers = {one: _answer_zone(lon, lat, one, uncertainty) for one in zone.zones}
    inside, truth, p = _combine_truth(lon, lat, zone, uncertainty, answers)
    corners = _find_corners(lon, lat, zone, uncertainty, answers)
    for start in range(0, len(corners), _CORNERS):
        rows = corners[start : start + _CORNERS]
        some = uncertainty.select(rows)
        p[rows] = _probe_corners(lon[rows], lat[rows], zone, some, p[rows])
    membership = _CODE_OF_TRUTH[truth]
    nearest = np.full(len(lon), np.inf)
    distance, chainage = np.full((2, len(lon)), np.nan)
    side, section = np.full(len(lon), -1, np.int8), np.full(len(lon), -1, np.int16)
    names = [one.name for one in zone.sides]
    for one, found in answers.items():
        rows = np.flatnonzero(found.distance_km < nearest)
        nearest[rows] = distance[rows] = found.distance_km[rows]
        chainage[rows] = found.chainage_km[rows]
        sides = np.array([*(names.index(s.name) for s in one.sides), -1], dtype=np.int8)
        sections = np.array([zone.sections.index(s) for s in one.sections], dtype=np.int16)
        side[rows], section[rows] = sides[found.side[rows]], sections[found.section[rows]]
    membership[np.isnan(lon)] = -1
    ring = inside.astype(np.int8) - 1
    margin, conflict = uncertainty.margin, uncertainty.conflict.spread()
    return Answers(distance, side, section, chainage, ring, membership, p, margin, conflict)


def _combine_truth(
    lon: Floats,
    lat: Floats,
    part: Part,
    uncertainty: Uncertainty,
    answers: Mapping[BufferZone, Answers],
) -> tuple[NDArray[np.bool_], NDArray[np.int8], Floats]:
    """Return whether points lie in a part of a zone, the truth of that, and its probability.

    The truth says how sure it is that the place lies in the part: 0 (false), 1 (unknown) or 2
    (true). We combine truth values by the logic of S. C. Kleene, *On notation for ordinal numbers*,
    J. Symbolic Logic 3 (1938): *or* is the greater value, *and* the lesser, *not* the opposite.

    Probabilities are combined alike, because the same error moves a place towards the edges of all
    parts. The probability of being in at least one of two zones is the greater one. That of being
    in one but not in the other is the difference. This is exact for zones of one border. Near edges
    of two borders, :func:`_probe_corners` computes the probabilities.
    """
    if isinstance(part, BufferZone):
        found = answers[part]
        return found.ring >= 0, _TRUTH_OF_CODE[found.membership], found.p_inside
    if isinstance(part, Region):
        return _answer_region(lon, lat, part, uncertainty)
    parts = [_combine_truth(lon, lat, one, uncertainty, answers) for one in part.parts]
    crisp, truth, p = (list(values) for values in zip(*parts, strict=True))
    if part.how == "difference":
        inside = crisp[0] & ~np.any(crisp[1:], axis=0)
        lost = np.max(p[1:], axis=0)
        return (
            inside,
            np.minimum(truth[0], 2 - np.max(truth[1:], axis=0)),
            np.maximum(p[0] - lost, 0.0),
        )
    if part.how == "union":
        return np.any(crisp, axis=0), np.max(truth, axis=0), np.max(p, axis=0)
    return np.all(crisp, axis=0), np.min(truth, axis=0), np.min(p, axis=0)


# If a probability lies between this and one minus this, an edge is near.
_NEAR_EDGE = 0.005

# How many rows near corners we process at a time: each has some 300 points.
_CORNERS = 1024


def _find_corners(
    lon: Floats,
    lat: Floats,
    zone: CombinedZone,
    uncertainty: Uncertainty,
    answers: Mapping[BufferZone, Answers],
) -> NDArray[np.intp]:
    """Return the rows near edges of two borders, or near edges of a border and a region."""
    if not np.isfinite(uncertainty.errors.accuracy).any():
        return np.zeros(0, dtype=np.intp)
    near: dict[int, NDArray[np.bool_]] = {}
    for one, found in answers.items():
        known = near.get(id(one.border), np.zeros(len(lon), dtype=bool))
        near[id(one.border)] = known | _is_near_edge(found.p_inside)
    count = np.sum([*near.values()], axis=0)
    for region in list_regions(zone):
        # A corner of a border and a region needs a border nearby. Two regions of one clip make no
        # corner, because they share their outline.
        rows = np.flatnonzero(count > 0)
        p = _answer_region(lon[rows], lat[rows], region, uncertainty.select(rows))[2]
        count[rows] += _is_near_edge(p)
    return np.flatnonzero(count > 1)


def _is_near_edge(p: Floats) -> NDArray[np.bool_]:
    return np.asarray((p > _NEAR_EDGE) & (p < 1.0 - _NEAR_EDGE))


def list_regions(part: Part | Zone) -> list[Region]:
    """Return the regions of which a zone is made."""
    if isinstance(part, Region):
        return [part]
    parts = part.parts if isinstance(part, CombinedZone) else ()
    return [region for one in parts for region in list_regions(one)]


def _probe_corners(
    lon: Floats,
    lat: Floats,
    zone: CombinedZone,
    uncertainty: Uncertainty,
    p: Floats,
) -> Floats:
    """Return the probabilities of places from many possible middles; `p` if none is possible."""
    probes = spread_probes(lon, lat, uncertainty.errors)
    count = len(probes.weight)
    row = np.repeat(np.arange(len(lon)), count)
    none = np.zeros(len(row), dtype=bool)
    exact = Errors(np.array(np.nan), np.array(0.0), np.array(0.0))
    free = make_uncertainty(np.zeros(len(row)), exact)
    answers = {one: _answer_zone(probes.lon, probes.lat, one, free) for one in zone.zones}
    inside = _combine_truth(probes.lon, probes.lat, zone, free, answers)[0]
    possible = ~none
    for one, found in answers.items():
        if one.border.is_bare or one.side == AROUND:
            continue
        # If a country lists the place, only points on the side of that country are possible.
        own = one.border.side_codes(lon, lat)[row]
        across = (found.side == 1 - own) & (own >= 0)
        possible &= uncertainty.unlisted[row] | (across == uncertainty.wrong_country[row])
    weight = np.where(possible.reshape(-1, count), probes.weight, 0.0)
    mass = weight.sum(axis=1)
    held = np.where(inside.reshape(-1, count), weight, 0.0).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.where(mass > LEAST_MASS, held / mass, p)


def _answer_region(
    lon: Floats, lat: Floats, region: Region, uncertainty: Uncertainty
) -> tuple[NDArray[np.bool_], NDArray[np.int8], Floats]:
    """Return whether points lie in a region, the truth of that, and its probability."""
    inside = covers_points(cut_at_antimeridian(region.geometry), lon, lat)
    near = np.zeros(len(lon), dtype=bool)
    away = np.full(len(lon), np.nan)
    # Exact points need no distance.
    there = np.isfinite(lon) & (
        (uncertainty.margin > 0.0) | np.isfinite(uncertainty.errors.accuracy)
    )
    away[there] = region.index.nearest(lon[there], lat[there]).distance_m / 1e3
    near[there] = away[there] < uncertainty.margin[there]
    free = np.full(len(lon), ANY_SIDE, dtype=np.int8)
    p = compute_probability(
        np.where(inside, -away, away), uncertainty.errors, Interval(-np.inf, 0.0), free
    )
    return inside, np.where(near, 1, np.where(inside, 2, 0)).astype(np.int8), p


class Located(NamedTuple):
    """Where points lie with respect to the border of a zone: an entry for each."""

    distance_km: Floats
    """The distance; for a zone around areas negative inside them."""
    side: NDArray[np.int8]
    membership: NDArray[np.int8]


def find_probability(
    lon: Floats,
    lat: Floats,
    zone: BufferZone,
    at: Located,
    uncertainty: Uncertainty,
    edges_km: tuple[float, float] | None = None,
) -> Floats:
    """Return the probability that the middle of each place lies in a zone; NaN if it is not known.

    Parameters
    ----------
    lon, lat
        The points.
    zone
        The zone.
    at
        Where the points lie.
    uncertainty
        How far the places may be from their points.
    edges_km
        Two distances between which the zone is taken; by default all of it.
    """
    if not np.isfinite(uncertainty.errors.accuracy).any():
        return np.full(len(lon), np.nan)
    begin, end = (zone.edges_km[0], zone.width_km) if edges_km is None else edges_km
    side = np.where(uncertainty.wrong_country, OTHER_SIDE, OWN_SIDE).astype(np.int8)
    side[uncertainty.unlisted] = ANY_SIDE
    if zone.border.is_bare or zone.side == AROUND:
        side[:] = ANY_SIDE
    beyond = []
    for one in zone.flat_ends:
        # Farther away, an end cuts off nothing.
        near = np.flatnonzero(at.distance_km <= 2.0 * zone.width_km)
        if zone.side == AROUND:
            near = near[at.distance_km[near] > 0.0]
        beyond_km = np.full(len(lon), -np.inf)
        beyond_km[near] = one.beyond_m(lon[near], lat[near], zone.width_km * 1e3) / 1e3
        beyond.append(beyond_km)
    interval = _hold_interval(zone, at.side, begin, end)
    p = compute_probability(at.distance_km, uncertainty.errors, interval, side, beyond)
    # If its point lies far on the wrong side of the border, it says nothing about where the place
    # is. Then an uncertain place has the probability 0.5, and any other place 0.
    lost = np.isnan(p) & np.isfinite(lon) & np.isfinite(uncertainty.errors.accuracy)
    p[lost] = np.where(at.membership[lost] == _UNCERTAIN, 0.5, 0.0)
    return p


def find_ring_probability(
    lon: Floats,
    lat: Floats,
    zone: Zone,
    answers: Answers,
    uncertainty: Uncertainty,
    edges_km: Sequence[tuple[float, float]],
) -> Floats:
    """Return the probability that each place lies between pairs of edges of a zone.

    The result has a column for each pair. For a zone of one ring, all columns are ``p_inside``.
    """
    if isinstance(zone, CombinedZone) or len(zone.rings) == 1:
        return np.repeat(answers.p_inside[:, None], len(edges_km), axis=1)
    signed = measure_signed_km(lon, lat, zone, answers.distance_km)
    p = np.full((len(lon), len(edges_km)), np.nan)
    # Most places of a table are too far from all edges, so we compute the others only. For a place
    # that another country lists, even a distance far beyond the edges matters.
    reach = max(end for _, end in edges_km) + 6.0 * uncertainty.errors.find_widest_sigma()
    is_far = (signed > reach) & ~uncertainty.wrong_country
    p[is_far] = 0.0
    rows = np.flatnonzero(~is_far)
    at = Located(signed[rows], answers.side[rows], answers.membership[rows])
    near, one = uncertainty.select(rows), zone.zones[0]
    for column, edges in enumerate(edges_km):
        p[rows, column] = find_probability(lon[rows], lat[rows], one, at, near, edges)
    return p


def _hold_interval(zone: BufferZone, side: NDArray[np.int8], begin: float, end: float) -> Interval:
    """Return the signed distances between two edges of a zone, for points on each side."""
    if zone.side == AROUND:
        return Interval(begin if begin > 0.0 else -np.inf, end)
    reach = np.minimum(zone.reach_km, end)
    across = np.array([reach[1], reach[0], reach[:2].min()])
    # The code −1 (neither side) takes the last entry.
    most, least = np.maximum(reach, 0.0)[side], -np.maximum(across, 0.0)[side]
    if begin <= 0.0:
        return Interval(least, most)
    return Interval(least, most, np.maximum(least, -begin), np.minimum(most, begin))


class CandidateAnswers(NamedTuple):
    """The candidates of places without a point, each different text once, with their answers."""

    rows: NDArray[np.int64]
    """The rows of the places."""
    text: NDArray[np.int64]
    """The number of the text of each row."""
    candidates: Candidates
    """The candidates of the texts."""
    answers: Answers
    uncertainty: Uncertainty
    """The uncertainty of each candidate."""

    def average(self, values: Floats) -> Floats:
        """Return the mean of the values of candidates for each row, by their weights."""
        count = int(self.text.max(initial=-1)) + 1
        return np.asarray(self.candidates.average(values, count)[self.text])


def answer_candidates(lon: Floats, zone: Zone, uncertainty: Uncertainty) -> CandidateAnswers:
    """Classify the candidates of the places without a point."""
    missing = np.isnan(lon) & ~pd.isna(uncertainty.candidates)
    rows = np.flatnonzero(missing)
    texts = uncertainty.candidates[rows]
    # A place that a country lists lies on the side of that country, as all its candidates do.
    unlisted = uncertainty.unlisted[rows]
    keys: dict[tuple[object, bool], int] = {}
    pairs = zip(texts.tolist(), unlisted.tolist(), strict=True)
    text = np.array([keys.setdefault(pair, len(keys)) for pair in pairs], dtype=np.int64)
    first = rows[np.unique(text, return_index=True)[1]].tolist()
    found = parse_candidates({row: pair[0] for row, pair in zip(first, keys, strict=True)})
    exact = np.zeros(len(found.place))
    errors = measure_errors(found.lon, found.lat, zone, exact, exact)
    errors = errors._replace(border=np.hypot(errors.border, found.spread_km))
    free = np.array([free for _, free in keys], dtype=bool)[found.place]
    own = make_uncertainty(errors.margin, errors)._replace(unlisted=free)
    answers = decide(wrap_degrees(found.lon), found.lat, zone, own)
    return CandidateAnswers(rows, text, found, answers, own)


def measure_signed_km(lon: Floats, lat: Floats, zone: Zone, distance: Floats) -> Floats:
    """Return distances that are negative inside the areas of a zone around areas, instead of 0.

    Parameters
    ----------
    lon, lat
        Degrees.
    zone
        The zone. For a zone that is not around areas, the distances are returned as they are.
    distance
        The distances of :class:`Answers`, in kilometres.
    """
    if not (isinstance(zone, BufferZone) and zone.side == AROUND):
        return distance
    signed, within = distance.copy(), np.flatnonzero(distance == 0.0)
    signed[within] = -zone.border.index.nearest(lon[within], lat[within]).distance_m / 1e3
    return signed


def _compare_signed(
    zone: BufferZone, signed: Floats, margin: Floats
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which points lie in a zone around areas, and for which that is uncertain.

    A place that moves by its margin changes its signed distance by the margin at most.
    """
    begin, end = zone.edges_km[0], zone.width_km
    inside = (signed <= end) & ((signed > begin) | (begin == 0.0))
    doubtful = np.abs(signed - end) < margin
    if begin > 0.0:
        doubtful |= np.abs(signed - begin) < margin
    return inside, doubtful


def _compare_distance(
    zone: BufferZone,
    distance: Floats,
    side: NDArray[np.int8],
    margin: Floats,
    unlisted: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which points lie in a zone by distance and side, and for which that is uncertain."""
    reach = np.array(zone.reach_km)
    # How far the zone reaches on the side of a point, and across the border. The code −1 (neither
    # side) takes the last entry.
    own = reach[side]
    across = np.maximum(np.array([reach[1], reach[0], min(zone.reach_km[:2])])[side], 0.0)
    begin = zone.edges_km[0]
    inside = (distance <= own) & ((distance > begin) | (begin == 0.0))
    on_side = np.isfinite(own)
    doubtful = (np.abs(distance - own) < margin) & on_side
    if begin > 0.0:
        doubtful |= (np.abs(distance - begin) < margin) & on_side
    # The place may lie across the border, up to this far from it.
    beyond = margin - distance
    other = np.where(inside, beyond > across, (beyond > begin) & (across > 0.0))
    other &= beyond > 0.0
    # The sides of a bare line belong to no country, so no table says on which side a place is.
    return inside, doubtful | (other if zone.border.is_bare else other & unlisted)


def _may_be_within(zone: BufferZone, distance: Floats, margin: Floats) -> NDArray[np.bool_]:
    """Return which points may lie between a zone's innermost and outermost edge, on any side."""
    begin, end = zone.edges_km[0], zone.width_km
    within = (distance <= end) | (np.abs(distance - end) < margin)
    return np.asarray(within & ((begin == 0.0) | (distance + margin > begin)))


def _may_change_side(border: Border, lon: Floats, lat: Floats, margin: Floats) -> NDArray[np.bool_]:
    """Return which points have both sides of a bare line within a margin (km).

    We try eight directions. A comparison with the distance to the line is not enough: the sides
    also meet beyond the ends of the line and half-way between two of its parts.
    """
    turns = np.arange(0.0, 360.0, 45.0)
    at, turn = np.repeat(np.arange(len(lon)), len(turns)), np.tile(turns, len(lon))
    to_lon, to_lat, _ = direct(lon[at], lat[at], turn, margin[at] * 1e3)
    codes = border.side_codes(wrap_degrees(to_lon), to_lat).reshape(-1, len(turns))
    return np.asarray((codes != codes[:, :1]).any(axis=1) & (margin > 0.0))


def measure_errors(
    lon: Floats,
    lat: Floats,
    border: Border | Zone,
    accuracy_m: Floats = _NOT_STATED,
    radius_m: Floats = _NO_RADIUS,
) -> Errors:
    """Return how far places may be from their points, by cause.

    Where borders of a zone are doubtful, their accuracy is that near the point.
    """
    stated_m: Floats | float = border.source.accuracy_m or 0.0
    borders = [one.border for one in border.zones] if not isinstance(border, Border) else [border]
    for one in borders:
        if one.doubts:
            stated_m = np.maximum(stated_m, one.accuracy_m_at(lon, lat))
    return Errors(accuracy_m / 1e3, np.asarray(stated_m) / 1e3, radius_m / 1e3)


def measure_distance_km(lon: Floats, lat: Floats, border: Border) -> Floats:
    """Return the distance (km) of each point, without the section and the chainage."""
    there = np.isfinite(lon)
    if there.all():
        return border.index.find_feet(lon, lat).distance_m / 1e3
    distance = np.full(len(lon), np.nan)
    distance[there] = border.index.find_feet(lon[there], lat[there]).distance_m / 1e3
    return distance


def locate_points(
    lon: Floats, lat: Floats, border: Border
) -> tuple[Floats, NDArray[np.int16], Floats]:
    """Return the distance (km), number of the section and chainage (km) of each point."""
    there = np.isfinite(lon)
    everywhere = bool(there.all())
    distance, piece, share = border.index.find_feet(
        lon if everywhere else lon[there], lat if everywhere else lat[there]
    )
    pieces = border.index.pieces
    chainage = share * pieces.length_m.take(piece)
    chainage += pieces.chainage_m.take(piece)
    chainage /= 1e3
    chainage += border.section_starts_km.take(pieces.line).take(piece)
    located = distance / 1e3, pieces.line.astype(np.int16).take(piece), chainage
    if everywhere:
        return located
    distance, chainage = np.full((2, len(lon)), np.nan)
    section = np.full(len(lon), -1, dtype=np.int16)
    distance[there], section[there], chainage[there] = located
    return distance, section, chainage
