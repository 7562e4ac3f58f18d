"""Compute the modelled range of people that the page shows at each width and side of its slider.

It is the range of :func:`geobuffer.exposure`. The page does not compute the model again: it looks
up the ends of the range. It never shows a lower end below the number of people that it counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geobuffer.analysis.column_sums import read_population
from geobuffer.analysis.expectation import group_entries, list_parts
from geobuffer.analysis.membership import measure_signed_km
from geobuffer.analysis.people_model import NEAR_KM, SMALL, find_ranges, model_sizes
from geobuffer.viz.web.expected import decides_by_distance, states_accuracy, zone_at_width
from geobuffer.zones.border import AROUND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from geobuffer.analysis.classify import Classification
    from geobuffer.analysis.people_model import PeopleModel
    from geobuffer.zones.zone import Zone

    Ends = tuple[int, int]


def describe_people(
    table: pd.DataFrame,
    found: Classification,
    zone: Zone,
    widths_km: Sequence[float],
    sides: Sequence[str],
    totals: Mapping[str, float] | None = None,
) -> dict[str, Any] | None:
    """Return the range of people that the model gives in the zone; None if unknown.

    Parameters
    ----------
    table
        The places.
    found
        Their classification.
    zone
        The zone.
    widths_km, sides
        The widths and sides of the slider; no width if one distance does not decide.
    totals
        People of hromadas by their code.

    Returns
    -------
    dict
        ``ranges`` has for each side the two ends at each width. Where one distance does not decide,
        ``built`` has those of the zone as built instead. ``basis`` describes the data of the model.
    """
    if not states_accuracy(found):
        return None
    people = read_population(table)
    sizes = model_sizes(table, people, found.answers.distance_km, totals)
    if sizes is None:
        return None
    basis = sizes.basis
    facts: dict[str, Any] = {
        "small": SMALL,
        "near_km": NEAR_KM,
        "sizes": [round(size) for size in sorted(basis.means.values())],
        "oblasts": list(basis.means),
        "dates": list(basis.dates),
        "has_totals": basis.has_totals,
    }
    if not decides_by_distance(zone, widths_km):
        built = _find_ends(found, zone, sizes, [(zone.edges_km[0], zone.edges_km[-1])])
        return {"basis": facts, "built": built[0]}
    signed = measure_signed_km(found.lon, found.lat, zone, found.answers.distance_km)
    ranges = {}
    for side in sides:
        away = np.maximum(signed, 0.0) if side == AROUND else np.abs(signed)
        here = found._replace(answers=found.answers._replace(distance_km=away))
        own = model_sizes(table, people, away, totals) or sizes
        other = zone_at_width(zone, max(widths_km), side, ())
        ranges[side] = _find_ends(here, other, own, [(0.0, km) for km in widths_km])
    return {"basis": facts, "ranges": ranges}


def _find_ends(
    found: Classification, zone: Zone, sizes: PeopleModel, edges_km: Sequence[tuple[float, float]]
) -> list[Ends | None]:
    """Return the two ends of the range between pairs of edges."""
    parts = list_parts(found, zone, edges_km)
    # Most places of a table are too far away to be in any of the zones.
    parts = parts.select((parts.p != 0.0).any(axis=1))
    nothing: list[Ends | None] = [(0, 0)] * len(edges_km)
    return find_ranges(parts, group_entries([], len(parts.row)), sizes).get((), nothing)
