"""Whether points lie in a zone, and how surely: arrays in, numbers out.

A zone is its distances: a point's distance to the border, its side, and how far it may be from
where it is said to be, decide. Tables are asked in :mod:`geobuffer.queries`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geobuffer.geodesy.antimeridian import cut_at_antimeridian
from geobuffer.geodesy.ellipsoid import Floats, direct, holds, wrap
from geobuffer.zones.checks import check_zone
from geobuffer.zones.region import Region
from geobuffer.zones.zone import BufferZone, CombinedZone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from geobuffer.zones.border import Border
    from geobuffer.zones.zone import Zone


#: What a zone may say of a place, in the order of :class:`Answers`' codes.
MEMBERSHIP = ("outside", "inside", "uncertain")


class Answers(NamedTuple):
    """What a zone says of points, as numbers: one entry for each point.

    ``distance_km`` and ``chainage_km`` are NaN, and codes −1, where there is no point (longitude
    NaN).

    Parameters
    ----------
    distance_km
        Distance to the border.
    side
        Number of the border's side whose territory holds the point; −1 for neither.
    section
        Number of the nearest section.
    chainage_km
        Chainage of the border's nearest point.
    ring
        Number of the ring; −1 outside the zone.
    membership
        Number in ``MEMBERSHIP``: 0 outside, 1 inside, 2 uncertain.

    Examples
    --------
    As :func:`answer` has them:

    >>> Answers._fields
    ('distance_km', 'side', 'section', 'chainage_km', 'ring', 'membership')
    """

    distance_km: Floats
    side: NDArray[np.int8]
    section: NDArray[np.int16]
    chainage_km: Floats
    ring: NDArray[np.int8]
    membership: NDArray[np.int8]


def answer(  # noqa: PLR0913 - what a place says of itself
    lon: Floats,
    lat: Floats,
    zone: Zone,
    *,
    margin: Floats | float = 0.0,
    unlisted: NDArray[np.bool_] | bool = True,
    wrong_country: NDArray[np.bool_] | bool = False,
    compiled: bool | None = None,
) -> Answers:
    """Return what a zone says of points in longitude and latitude, as numbers.

    This is :func:`geobuffer.classify` without the table: for those who have arrays, and many.

    Parameters
    ----------
    lon, lat
        Degrees; NaN where there is no point.
    zone
        The zone.
    margin
        How far a place may be from its point, in km: its accuracy and the border's, and its radius.
    unlisted, wrong_country
        Whether no country lists the place, or another than the one that holds its point. The
        border is an edge of a one-sided zone only for such: one that is listed stands on its
        country's side, however coarse its point.
    compiled
        As :meth:`geobuffer.nearest.LineIndex.nearest`.

    Raises
    ------
    WrongKind
        The zone is none.

    Examples
    --------
    >>> import geobuffer as gb
    >>> import shapely
    >>> plant = gb.border_around(shapely.Point(30.1, 51.39), source=gb.Source("a map"))
    >>> disc = gb.build_zone(plant, km=10)
    >>> answer(np.array([30.1, 30.3]), np.array([51.4, 51.4]), disc).membership.tolist()
    [1, 0]
    """
    check_zone(zone)
    doubts = _Doubts(margin, unlisted, wrong_country)
    if isinstance(zone, CombinedZone):
        return _of_parts(lon, lat, zone, doubts, compiled)
    return _of_zone(lon, lat, zone, doubts, compiled)


class _Doubts(NamedTuple):
    """What makes places uncertain, as :func:`answer` has it."""

    margin: Floats | float
    unlisted: NDArray[np.bool_] | bool
    wrong_country: NDArray[np.bool_] | bool


def _of_zone(
    lon: Floats,
    lat: Floats,
    zone: BufferZone,
    doubts: _Doubts,
    compiled: bool | None,  # noqa: FBT001
) -> Answers:
    margin, unlisted, wrong_country = doubts
    distance, section, chainage = placed(lon, lat, zone.border, compiled)
    side = zone.border.side_codes(lon, lat, compiled=compiled)
    inside, doubtful = _by_distance(zone, distance, side, margin, unlisted)
    near_enough = _may_be_within(zone, distance, margin)
    doubtful |= near_enough & wrong_country
    if zone.border.is_bare and zone.reach_km[2] < 0:
        # What both sides reach lies in the zone on whichever it is.
        near = np.flatnonzero(near_enough & (distance + margin > min(zone.reach_km[:2])))
        radius = np.broadcast_to(margin, len(lon))[near]
        doubtful[near] |= _may_change_side(zone.border, lon[near], lat[near], radius)
    for end in zone.flat_ends:
        near = np.flatnonzero(inside)
        beyond = end.beyond_m(lon[near], lat[near], zone.width_km * 1e3) / 1e3
        inside[near[beyond > 0.0]] = False
        doubtful[near] |= np.abs(beyond) < np.broadcast_to(margin, len(lon))[near]
    ring = np.where(inside, np.searchsorted(zone.edges_km[1:], distance), -1).astype(np.int8)
    membership = np.where(doubtful, 2, inside).astype(np.int8)
    membership[np.isnan(lon)] = -1
    return Answers(distance, side, section, chainage, ring, membership)


def _of_parts(
    lon: Floats,
    lat: Floats,
    zone: CombinedZone,
    doubts: _Doubts,
    compiled: bool | None,  # noqa: FBT001
) -> Answers:
    """Return what a zone made of zones says: where points lie by the border nearest to them."""
    said = {one: _of_zone(lon, lat, one, doubts, compiled) for one in zone.zones}
    inside, membership = _joined(lon, lat, zone, doubts, said)
    nearest = np.full(len(lon), np.inf)
    distance, chainage = np.full((2, len(lon)), np.nan)
    side, section = np.full(len(lon), -1, np.int8), np.full(len(lon), -1, np.int16)
    names = [one.name for one in zone.sides]
    for one, told in said.items():
        rows = np.flatnonzero(told.distance_km < nearest)
        nearest[rows] = distance[rows] = told.distance_km[rows]
        chainage[rows] = told.chainage_km[rows]
        sides = np.array([*(names.index(s.name) for s in one.sides), -1], dtype=np.int8)
        sections = np.array([zone.sections.index(s) for s in one.sections], dtype=np.int16)
        side[rows], section[rows] = sides[told.side[rows]], sections[told.section[rows]]
    membership[np.isnan(lon)] = -1
    return Answers(distance, side, section, chainage, inside.astype(np.int8) - 1, membership)


def _joined(
    lon: Floats,
    lat: Floats,
    part: Zone | Region,
    doubts: _Doubts,
    said: Mapping[BufferZone, Answers],
) -> tuple[NDArray[np.bool_], NDArray[np.int8]]:
    """Return which points lie in a part, and their membership, by three-valued logic.

    S. C. Kleene, *On notation for ordinal numbers*, J. Symbolic Logic 3 (1938): from false to true
    by way of unknown, *or* is the greater, *and* the lesser, *not* the opposite.
    """
    if isinstance(part, BufferZone):
        return said[part].ring >= 0, said[part].membership.copy()
    if isinstance(part, Region):
        inside = holds(cut_at_antimeridian(part.geometry), lon, lat)
        near = np.zeros(len(lon), dtype=bool)
        there = np.isfinite(lon)
        away = part.index.nearest(lon[there], lat[there]).distance_m / 1e3
        near[there] = away < np.broadcast_to(doubts.margin, len(lon))[there]
        return inside, np.where(near, 2, inside).astype(np.int8)
    told = [_joined(lon, lat, one, doubts, said) for one in part.parts]
    # Codes of membership are outside, inside, uncertain; truth is outside, uncertain, inside.
    crisp = [inside for inside, _ in told]
    truth = [_TRUTH[membership] for _, membership in told]
    if part.how == "difference":
        crisp[1:] = [~inside for inside in crisp[1:]]
        truth[1:] = [2 - value for value in truth[1:]]
    either = part.how == "union"
    inside = (np.any if either else np.all)(crisp, axis=0)
    return inside, _TRUTH[(np.max if either else np.min)(truth, axis=0)]


# Its own inverse: it exchanges the codes of inside and uncertain. Last, for no point: no matter.
_TRUTH = np.array([0, 2, 1, 0], dtype=np.int8)


def _by_distance(
    zone: BufferZone,
    distance: Floats,
    side: NDArray[np.int8],
    margin: Floats | float,
    unlisted: NDArray[np.bool_] | bool,  # noqa: FBT001 - private
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which points lie in a zone by distance and side, and which may lie on the other hand."""
    reach = np.array(zone.reach_km)
    # How far the zone reaches on the side of a point, and across the border (code −1 is the last).
    own = reach[side]
    across = np.maximum(np.array([reach[1], reach[0], reach[:2].min()])[side], 0.0)
    begin = zone.edges_km[0]
    inside = (distance <= own) & ((distance > begin) | (begin == 0.0))
    on_side = np.isfinite(own)
    doubtful = (np.abs(distance - own) < margin) & on_side
    if begin > 0.0:
        doubtful |= (np.abs(distance - begin) < margin) & on_side
    # It may be across, up to this far from the border.
    beyond = margin - distance
    other = np.where(inside, beyond > across, (beyond > begin) & (across > 0.0))
    if zone.border.is_bare:
        # No country lists a place as left or right of a line.
        unlisted = True
    return inside, doubtful | ((beyond > 0.0) & other & unlisted)


def _may_be_within(zone: BufferZone, distance: Floats, margin: Floats | float) -> NDArray[np.bool_]:
    """Tell which points may lie between a zone's innermost and outermost edge, on any side."""
    begin, end = zone.edges_km[0], zone.width_km
    within = (distance <= end) | (np.abs(distance - end) < margin)
    return np.asarray(within & ((begin == 0.0) | (distance + margin > begin)))


def _may_change_side(border: Border, lon: Floats, lat: Floats, margin: Floats) -> NDArray[np.bool_]:
    """Tell which points have both sides of a bare line within a margin (km), in eight directions.

    The sides also meet beyond the line's ends and half-way between two stretches.
    """
    turns = np.arange(0.0, 360.0, 45.0)
    at, turn = np.repeat(np.arange(len(lon)), len(turns)), np.tile(turns, len(lon))
    to_lon, to_lat, _ = direct(lon[at], lat[at], turn, margin[at] * 1e3)
    codes = border.side_codes(wrap(to_lon), to_lat).reshape(-1, len(turns))
    return np.asarray((codes != codes[:, :1]).any(axis=1) & (margin > 0.0))


def margin_km(accuracy_m: Floats, radius_m: Floats, border: Border | Zone) -> Floats:
    """Return how far places may be from their points, in km.

    The errors of point and border are independent, so their squares add up; the radius of the
    place comes on top.
    """
    error = np.hypot(accuracy_m, border.source.accuracy_m or 0.0)
    return np.asarray((error + radius_m) / 1e3)


def placed(
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
    placed = (
        foot.distance_m / 1e3,
        foot.line.astype(np.int16),
        starts[foot.line] + foot.chainage_m / 1e3,
    )
    if everywhere:
        return placed
    distance, chainage = np.full((2, len(lon)), np.nan)
    section = np.full(len(lon), -1, dtype=np.int16)
    distance[there], section[there], chainage[there] = placed
    return distance, section, chainage
