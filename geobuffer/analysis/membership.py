"""Decide whether points lie in a zone, and how surely: arrays in, arrays of codes out.

A zone is a distance. Four things decide: the distance of the point to the border, the side it lies
on, the error range of its coordinates and the radius of the place. The country that lists a place
decides whether it can lie across the border.

:func:`answer` is the one engine: all functions that take tables or files call it or what it calls
(:mod:`geobuffer.analysis.classify`, :mod:`geobuffer.analysis.bulk`). It decides row by row. No
answer depends on other rows, so slices, batches and partitions of a table get the same answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from geobuffer.analysis.conflicts import Listing, find_conflicts
from geobuffer.errors import DataError
from geobuffer.geodesy.antimeridian import cut_at_antimeridian, wrap_degrees
from geobuffer.geodesy.ellipsoid import Floats, covers_points, direct
from geobuffer.io.point_tables import check_metres
from geobuffer.zones.arguments import FLAG, check_arguments, describe_type, optional
from geobuffer.zones.border import AROUND, Border
from geobuffer.zones.checks import check_zone
from geobuffer.zones.region import Region
from geobuffer.zones.zone import BufferZone, CombinedZone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from geobuffer.zones.zone import Part, Zone

    # The site reads a type that ends in an underscore as a link.
    Texts = NDArray[np.object_]


#: The classes of places, in the order of the codes of :class:`Answers`.
MEMBERSHIP = ("outside", "inside", "uncertain")

#: The classes of the places that a zone holds or may hold.
COUNTED = ("inside", "uncertain")

# Truth values of the codes outside, inside, uncertain: false 0, unknown 1, true 2. The last entry
# stands for the code −1 (no point), which is set again at the end.
_TRUTH_OF_CODE = np.array([0, 2, 1, 0], dtype=np.int8)
# Codes of the truth values false, unknown, true.
_CODE_OF_TRUTH = np.array([0, 2, 1], dtype=np.int8)


def is_counted(membership: Any) -> NDArray[np.bool_]:
    """Return which of an array or column of classes a zone holds or may hold.

    Examples
    --------
    >>> is_counted(["inside", "outside", "uncertain", None]).tolist()
    [True, False, True, False]
    """
    return np.asarray(np.isin(np.asarray(membership, dtype=object), COUNTED))


class Answers(NamedTuple):
    """Where points lie and whether a zone holds them: arrays with one entry for each point.

    Where there is no point (the longitude is NaN), ``distance_km`` and ``chainage_km`` are NaN and
    all codes are −1.

    Parameters
    ----------
    distance_km
        Distance to the border; 0 inside the areas that a zone around them holds.
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
    ('membership', 'margin_km', 'conflict')
    """

    distance_km: Floats
    side: NDArray[np.int8]
    section: NDArray[np.int16]
    chainage_km: Floats
    ring: NDArray[np.int8]
    membership: NDArray[np.int8]
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
    compiled: bool | None = None,
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
        are exact.
    radius_m
        The radius of the places, in metres; NaN counts as 1,000. Without this argument places have
        none.
    country
        The country that lists the place, as a code or a name; None where none does. A place that a
        country lists stands on the side of that country, however coarse its point.
    oblast, oblast_iso
        The oblast that lists the place: its name, and its ISO 3166-2 code.
    compiled
        Whether to use the compiled engine, as in
        :meth:`geobuffer.geodesy.nearest.LineIndex.nearest`.

    Raises
    ------
    WrongKind
        ``zone`` is not a zone.
    DataError
        An array is not made of numbers, or the shapes of two differ; or an accuracy or a radius is
        negative or infinite.

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
    check_arguments(compiled=(compiled, optional(FLAG)))
    shape, (lon, lat, accuracy, radius) = _read_arrays(
        lon=lon,
        lat=lat,
        accuracy_m=0.0 if accuracy_m is None else accuracy_m,
        radius_m=0.0 if radius_m is None else radius_m,
    )
    lon = wrap_degrees(lon)
    accuracy, radius = check_metres("accuracy_m", accuracy), check_metres("radius_m", radius)
    margin = compute_margin_km(lon, lat, accuracy, radius, zone)
    listed = {"country": country, "oblast": oblast, "oblast_iso": oblast_iso}
    texts = [_read_texts(name, column, shape) for name, column in listed.items()]
    found = decide(
        lon, lat, zone, find_uncertainty(lon, lat, zone, margin, Listing(*texts)), compiled
    )
    # [()] makes a number of an array without dimensions: one point in, one answer out.
    reshaped: Any = [values.reshape(shape)[()] for values in found]
    return Answers(*reshaped)


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
    # Coordinates of one row and one column would make a grid that was not meant.
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
    """Why places may lie elsewhere than their points: one entry for each place."""

    margin: Floats
    """How far the place may be from its point, in km."""
    unlisted: NDArray[np.bool_]
    """Whether no country lists the place."""
    wrong_country: NDArray[np.bool_]
    """Whether another country lists the place than the one that holds its point."""
    conflict: NDArray[np.object_]
    """How the country or oblast that lists the place contradicts the point, as a sentence."""

    def select(self, rows: Any) -> Uncertainty:
        """Return the entries of some rows."""
        return Uncertainty(*(values[rows] for values in self))


def find_uncertainty(
    lon: Floats, lat: Floats, zone: Zone, margin: Floats, listing: Listing
) -> Uncertainty:
    """Return why places may lie elsewhere than their points, from their margins and listings."""
    conflicts = find_conflicts(listing, zone.regions, lon, lat)
    return Uncertainty(
        margin if margin.ndim else np.broadcast_to(margin, len(lon)),
        conflicts.unlisted,
        conflicts.wrong_country,
        conflicts.sentences,
    )


def decide(
    lon: Floats,
    lat: Floats,
    zone: Zone,
    uncertainty: Uncertainty,
    compiled: bool | None = None,  # noqa: FBT001
) -> Answers:
    """Return what :func:`answer` does, for places whose uncertainty is known."""
    if isinstance(zone, CombinedZone):
        return _answer_combined(lon, lat, zone, uncertainty, compiled)
    return _answer_zone(lon, lat, zone.zones[0], uncertainty, compiled)


def _answer_zone(
    lon: Floats,
    lat: Floats,
    zone: BufferZone,
    uncertainty: Uncertainty,
    compiled: bool | None,  # noqa: FBT001
) -> Answers:
    margin, unlisted, wrong_country, conflict = uncertainty
    distance, section, chainage = locate_points(lon, lat, zone.border, compiled)
    side = zone.border.side_codes(lon, lat, compiled=compiled)
    if zone.side == AROUND:
        signed = np.where(side == 0, -distance, distance)
        distance = np.maximum(signed, 0.0) + 0.0  # no minus zero
        inside, doubtful = _compare_signed(zone, signed, margin)
    else:
        inside, doubtful = _compare_distance(zone, distance, side, margin, unlisted)
    near_enough = _may_be_within(zone, distance, margin)
    doubtful |= near_enough & wrong_country
    if zone.border.is_bare and zone.reach_km[2] < 0:
        # Within the shorter reach of the two sides a change of side changes nothing.
        near = np.flatnonzero(near_enough & (distance + margin > min(zone.reach_km[:2])))
        doubtful[near] |= _may_change_side(zone.border, lon[near], lat[near], margin[near])
    for end in zone.flat_ends:
        near = np.flatnonzero(inside & ((distance > 0.0) | (zone.side != AROUND)))
        beyond = end.beyond_m(lon[near], lat[near], zone.width_km * 1e3) / 1e3
        inside[near[beyond > 0.0]] = False
        doubtful[near] |= np.abs(beyond) < margin[near]
    ring = np.where(inside, np.searchsorted(zone.edges_km[1:], distance), -1).astype(np.int8)
    membership = np.where(doubtful, 2, inside).astype(np.int8)
    membership[np.isnan(lon)] = -1
    return Answers(distance, side, section, chainage, ring, membership, margin, conflict)


def _answer_combined(
    lon: Floats,
    lat: Floats,
    zone: CombinedZone,
    uncertainty: Uncertainty,
    compiled: bool | None,  # noqa: FBT001
) -> Answers:
    """Classify points by a zone made of zones; distances are those to the nearest border."""
    answers = {one: _answer_zone(lon, lat, one, uncertainty, compiled) for one in zone.zones}
    inside, truth = _combine_truth(lon, lat, zone, uncertainty, answers)
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
    margin, conflict = uncertainty.margin, uncertainty.conflict
    return Answers(distance, side, section, chainage, ring, membership, margin, conflict)


def _combine_truth(
    lon: Floats,
    lat: Floats,
    part: Part,
    uncertainty: Uncertainty,
    answers: Mapping[BufferZone, Answers],
) -> tuple[NDArray[np.bool_], NDArray[np.int8]]:
    """Return which points lie in a part, and how true that is: 0 false, 1 unknown, 2 true.

    The logic of three values is that of S. C. Kleene, *On notation for ordinal numbers*,
    J. Symbolic Logic 3 (1938): *or* is the greater value, *and* the lesser, *not* the opposite.
    """
    if isinstance(part, BufferZone):
        return answers[part].ring >= 0, _TRUTH_OF_CODE[answers[part].membership]
    if isinstance(part, Region):
        inside = covers_points(cut_at_antimeridian(part.geometry), lon, lat)
        near = np.zeros(len(lon), dtype=bool)
        there = np.isfinite(lon)
        away = part.index.nearest(lon[there], lat[there]).distance_m / 1e3
        near[there] = away < uncertainty.margin[there]
        return inside, np.where(near, 1, np.where(inside, 2, 0)).astype(np.int8)
    parts = [_combine_truth(lon, lat, one, uncertainty, answers) for one in part.parts]
    crisp = [inside for inside, _ in parts]
    truth = [value for _, value in parts]
    if part.how == "difference":
        crisp[1:] = [~inside for inside in crisp[1:]]
        truth[1:] = [2 - value for value in truth[1:]]
    either = part.how == "union"
    inside = (np.any if either else np.all)(crisp, axis=0)
    return inside, (np.max if either else np.min)(truth, axis=0)


def measure_signed_km(lon: Floats, lat: Floats, zone: Zone, distance: Floats) -> Floats:
    """Return distances that are negative inside areas, where a zone around them says 0.

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
    across = np.maximum(np.array([reach[1], reach[0], reach[:2].min()])[side], 0.0)
    begin = zone.edges_km[0]
    inside = (distance <= own) & ((distance > begin) | (begin == 0.0))
    on_side = np.isfinite(own)
    doubtful = (np.abs(distance - own) < margin) & on_side
    if begin > 0.0:
        doubtful |= (np.abs(distance - begin) < margin) & on_side
    # The place may lie across the border, up to this far from it.
    beyond = margin - distance
    other = np.where(inside, beyond > across, (beyond > begin) & (across > 0.0))
    if zone.border.is_bare:
        # The sides of a bare line belong to no country, so no table says on which side a place is.
        unlisted = np.broadcast_to(True, len(distance))  # noqa: FBT003
    return inside, doubtful | ((beyond > 0.0) & other & unlisted)


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


def compute_margin_km(
    lon: Floats, lat: Floats, accuracy_m: Floats, radius_m: Floats, border: Border | Zone
) -> Floats:
    """Return how far places may be from their points, in km.

    The errors of point and border are independent, so we add their squares. The radius of the
    place is added to the result.
    """
    stated_m: Floats | float = border.source.accuracy_m or 0.0
    borders = [one.border for one in border.zones] if not isinstance(border, Border) else [border]
    for one in borders:
        if one.doubts:
            stated_m = np.maximum(stated_m, one.accuracy_m_at(lon, lat))
    error = np.hypot(accuracy_m, stated_m)
    return np.asarray((error + radius_m) / 1e3)


def locate_points(
    lon: Floats,
    lat: Floats,
    border: Border,
    compiled: bool | None = None,  # noqa: FBT001
) -> tuple[Floats, NDArray[np.int16], Floats]:
    """Return the distance (km), number of the section and chainage (km) of each point."""
    there = np.isfinite(lon)
    everywhere = bool(there.all())
    foot = border.index.nearest(
        lon if everywhere else lon[there], lat if everywhere else lat[there], compiled=compiled
    )
    starts = np.array([section.start_km for section in border.sections])
    located = (
        foot.distance_m / 1e3,
        foot.line.astype(np.int16),
        starts[foot.line] + foot.chainage_m / 1e3,
    )
    if everywhere:
        return located
    distance, chainage = np.full((2, len(lon)), np.nan)
    section = np.full(len(lon), -1, dtype=np.int16)
    distance[there], section[there], chainage[there] = located
    return distance, section, chainage
