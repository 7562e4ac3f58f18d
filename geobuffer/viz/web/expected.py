"""Compute the data from which the page computes the expected number of places in its zone.

The script `expected.js` adds up probabilities as :mod:`geobuffer.analysis.expectation` does, at
each width and side of the slider. It needs the standard deviation of each place's error, and the
candidates of places without a point (each different text once). It also needs what those places
add that are too far away to be on the page. Where one distance does not decide, the page gets the
values of the zone as built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from geobuffer.analysis.expectation import SIGMAS_OF_90, expect_zone
from geobuffer.analysis.membership import (
    Located,
    answer_candidates,
    find_probability,
    measure_signed_km,
)
from geobuffer.analysis.probability import ERROR_SHARES, ERROR_SIGMAS, LEAST_MASS
from geobuffer.viz.web.compact import encode_column, round_numbers
from geobuffer.zones.border import AROUND
from geobuffer.zones.zone import BufferZone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geobuffer.analysis.classify import Classification
    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.zones.flat_ends import FlatEnd
    from geobuffer.zones.zone import Zone

# A candidate this many standard deviations outside the widest zone adds less than 1e-9 of a place.
_REACH = 6.0


def zone_at_width(zone: BufferZone, km: float, side: str, ends: tuple[FlatEnd, ...]) -> BufferZone:
    """Return a zone at another width and side, without rings: for answers, not for drawing."""
    return BufferZone(zone.border, (0.0, km), side, zone.ends, (), 0.0, 0.0, ends)


def decides_by_distance(zone: Zone, widths_km: Sequence[float]) -> TypeGuard[BufferZone]:
    """Return whether one distance decides at each width; near flat ends, it does not."""
    return isinstance(zone, BufferZone) and bool(widths_km) and not zone.flat_ends


def states_accuracy(found: Classification) -> bool:
    """Return whether the table states accuracies; without them, we compute no expected numbers."""
    return bool(np.isfinite(found.uncertainty.errors.accuracy).any())


def describe_expected(
    found: Classification,
    shown: NDArray[np.bool_],
    zone: Zone,
    widths_km: Sequence[float],
    sides: Sequence[str],
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Return the page's data about all places, and columns about the places that it shows.

    Parameters
    ----------
    found
        The places of the table.
    shown
        Which of them the page shows.
    zone
        The zone.
    widths_km, sides
        The widths and sides of the slider; no width if one distance does not decide.
    """
    if not states_accuracy(found):
        return None, {}
    if not decides_by_distance(zone, widths_km):
        built = expect_zone(found, zone)
        p = round_numbers(found.answers.p_inside[shown])
        return {"built": round_numbers(built)} if built else None, {"p_inside": p}
    facts: dict[str, Any] = {
        "shares": ERROR_SHARES,
        "sigmas": ERROR_SIGMAS,
        "least": LEAST_MASS,
        "sigmas_of_90": SIGMAS_OF_90,
        "far": _expect_far(found, ~shown & np.isfinite(found.lon), zone, widths_km, sides),
    }
    errors = found.uncertainty.errors
    pair = np.broadcast_arrays(errors.accuracy, errors.fixed_sigma, found.lon)[:-1]
    # We round to a centimetre, far less than the standard deviation of a good border.
    rounded = np.round(np.stack(pair, axis=1)[shown], 5).tolist()
    columns: dict[str, Any] = {"errors_km": [tuple(row) for row in rounded]}
    if found.uncertainty.candidates is not None:
        facts["candidates"], text = _describe_candidates(found, zone, max(widths_km))
        columns["candidates"] = encode_column(text[shown].tolist())
    return facts, columns


def _expect_far(
    found: Classification,
    far: NDArray[np.bool_],
    zone: BufferZone,
    widths_km: Sequence[float],
    sides: Sequence[str],
) -> dict[str, list[list[float | int | None]]]:
    """Return what places outside the page add to mean and variance, by side and width."""
    some = found.select(far)
    lon, lat, answers = some.lon, some.lat, some.answers
    signed = measure_signed_km(lon, lat, zone, answers.distance_km)
    table = {}
    for side in sides:
        away = signed if side == AROUND else np.abs(signed)
        at = Located(away, answers.side, answers.membership)
        table[side] = [
            round_numbers([p.sum(), (p * (1.0 - p)).sum()])
            for p in (
                find_probability(lon, lat, zone_at_width(zone, km, side, ()), at, some.uncertainty)
                for km in widths_km
            )
        ]
    return table


def _describe_candidates(
    found: Classification, zone: BufferZone, widest_km: float
) -> tuple[dict[str, Any], NDArray[np.int64]]:
    """Return the different texts of candidates, and the number of each row's text, or −1."""
    answered = answer_candidates(found.lon, zone, found.uncertainty)
    text = np.full(len(found.lon), -1)
    text[answered.rows] = answered.text
    known, answers = answered.candidates, answered.answers
    count = int(answered.text.max(initial=-1)) + 1
    away: Floats = np.abs(measure_signed_km(known.lon, known.lat, zone, answers.distance_km))
    sigma = answered.uncertainty.errors.list_sigmas()[0]
    near = away <= widest_km + _REACH * sigma
    side = answers.side.astype(int)
    unlisted = answered.uncertainty.unlisted.astype(int)
    return {
        "places": np.bincount(answered.text, minlength=count).tolist(),
        "total": round_numbers(np.bincount(known.place, known.weight, minlength=count)),
        "text": encode_column(known.place[near].tolist()),
        "distance_km": round_numbers(away[near], 2),
        "side": encode_column(side[near].tolist()),
        "sigma_km": encode_column(round_numbers(sigma[near], 5)),
        "weight": encode_column(round_numbers(known.weight[near])),
        "unlisted": encode_column(unlisted[near].tolist()),
    }, text
