"""List the points near which a place without a position may lie, for its probability in a zone.

A place lies somewhere in its hromada. So the located places of the hromada are its candidates, with
equal weights. `tests/datasets/test_calibration.py` hides places and predicts them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

LonLat = tuple[float, float]

# The spread about each candidate, like one standard deviation. Of 1, 1.5, 2, 2.5, 3, 4 and 5 km it
# is the one that predicts hidden places about as well as any (the mean logarithm of their
# probabilities at 5, 10, 15, 20 and 30 km is within 0.3 % of the best, that of 3 km) and counts
# them without bias also within 5 km, where 3 km would miss one in twenty.
SPREAD_M = 2_000
# How far a place may be from each place of its raion, where no place of its hromada is located.
RAION_SPREAD_M = 5_000
# The weight of all places of a raion together; one place of the hromada has the weight 1. It is
# small, because they say little about where one hromada lies, and its places lie close together.
RAION_WEIGHT = 0.25
# We use at most this many places of a raion.
RAION_POINTS = 25


class Neighbours(NamedTuple):
    """The positions of located places, by the code of their hromada and by their raion."""

    by_hromada: Mapping[str, list[LonLat]]
    by_raion: Mapping[str, list[LonLat]]


def group_neighbours(places: Iterable[tuple[str, str, LonLat]]) -> Neighbours:
    """Return the positions of places, given with the codes of their hromada and raion."""
    by_hromada: dict[str, list[LonLat]] = defaultdict(list)
    by_raion: dict[str, list[LonLat]] = defaultdict(list)
    for hromada, raion, point in sorted(places):
        by_hromada[hromada].append(point)
        by_raion[raion].append(point)
    return Neighbours(by_hromada, by_raion)


def write_candidates(
    hromada: str, raion: str, neighbours: Neighbours, rough: tuple[LonLat, float] | None = None
) -> str | None:
    """Return the candidates of a place as a text; None if nothing is known.

    Each is longitude, latitude, spread in metres and weight. `rough` is a point about which the
    place lies and how far off it may be, if that is known.

    >>> near = group_neighbours([("H1", "R", (34.5, 51.1)), ("H1", "R", (34.60004, 51.2))])
    >>> write_candidates("H1", "R", near)
    '34.5 51.1 2000 1; 34.6 51.2 2000 1'
    >>> write_candidates("H2", "R", near)
    '34.5 51.1 5000 0.125; 34.6 51.2 5000 0.125'
    >>> write_candidates("H2", "R", near, ((34.7, 51.3), 3500.0))
    '34.7 51.3 3500 1'
    """
    if rough is not None:
        return _write_points([rough[0]], rough[1], 1.0)
    if own := neighbours.by_hromada.get(hromada):
        return _write_points(own, SPREAD_M, 1.0)
    if others := neighbours.by_raion.get(raion):
        some = others[:: -(-len(others) // RAION_POINTS)]
        return _write_points(some, RAION_SPREAD_M, RAION_WEIGHT / len(some))
    return None


def _write_points(points: Iterable[LonLat], spread_m: float, weight: float) -> str:
    # Three decimals are 110 m or less, much less than the spread.
    numbers = (
        (round(lon, 3), round(lat, 3), spread_m, float(f"{weight:.3g}")) for lon, lat in points
    )
    return "; ".join(" ".join(f"{number:.7g}" for number in one) for one in numbers)
