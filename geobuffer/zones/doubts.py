"""Find the stretches of a border that are less accurate, because the outlines of its sides differ.

The accuracy of a border's source holds for the whole line. Where the outlines of the two sides
differ by more, we lower the accuracy of that stretch alone. The outlines of the USA and Canada
differ by 9 km in the Beaufort Sea; that says nothing about a place beside the 49th parallel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geobuffer.geodesy.nearest import LineIndex
from geobuffer.zones.identity import Noun

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shapely.geometry import LineString

    from geobuffer.geodesy.ellipsoid import Floats

# A stretch is doubtful if its outlines differ by more than the stated accuracy, and by more than
# three times the usual difference: the one that 90 % of the line does not exceed. Two drawings that
# usually differ by 100 m differ by up to 300 m somewhere, which makes no stretch doubtful.
_UNUSUAL = 3.0
_USUAL_SHARE = 0.9

# We group differences into levels, each four times the one below. With levels, a place is uncertain
# by the difference beside it, and not by the largest one near it. There are few levels.
_STEP = 4.0


@dataclass(frozen=True, eq=False)
class Doubt(Noun):
    """A stretch of a border that is less accurate than the source of the border states.

    Parameters
    ----------
    start_km, end_km
        The chainage of the stretch along the border, in kilometres.
    accuracy_m
        The accuracy of the border along the stretch, in metres.

    Examples
    --------
    >>> Doubt(120.0, 124.5, 600.0)
    Doubt(start_km=120.0, end_km=124.5, accuracy_m=600.0)
    """

    start_km: float
    end_km: float
    accuracy_m: float


def combine_errors_m(stated_m: float, apart_m: float) -> float:
    """Return the accuracy of a line whose outlines differ: never less than the difference.

    It is rounded up to a decimetre.
    """
    return math.ceil(10.0 * math.hypot(stated_m, apart_m)) / 10.0


def find_doubts(
    chainage_km: Floats, apart_m: Floats, stated_m: float
) -> tuple[float, tuple[Doubt, ...]]:
    """Return the largest usual difference of outlines in metres, and the doubts beyond it.

    Parameters
    ----------
    chainage_km
        Places along the border, in kilometres.
    apart_m
        How far the outlines differ at each of them, in metres.
    stated_m
        The accuracy that the sources state, in metres.

    Examples
    --------
    >>> at, apart = np.arange(101.0), np.where(np.arange(101) == 50, 900.0, 2.0)
    >>> find_doubts(at, apart, 30.0)
    (2.0, (Doubt(start_km=49.0, end_km=51.0, accuracy_m=900.5),))
    """
    if not len(chainage_km):
        return 0.0, ()
    order = np.argsort(chainage_km)
    at, apart = chainage_km[order], apart_m[order]
    weight = np.gradient(at) if len(at) > 1 else np.ones(1)
    ranked = np.argsort(apart)
    reached = np.cumsum(weight[ranked])
    usual = float(apart[ranked][np.searchsorted(reached, _USUAL_SHARE * reached[-1])])
    least = max(stated_m, _UNUSUAL * usual)
    doubts: dict[tuple[float, float], Doubt] = {}
    level = least
    while (apart > level).any():
        above = level * _STEP if level > 0.0 else math.inf
        # A run of the next level with the same ends replaces this one.
        runs = _find_runs(at, apart, level, above, stated_m)
        doubts |= {(run.start_km, run.end_km): run for run in runs}
        level = above
    return float(apart[apart <= least].max(initial=0.0)), tuple(doubts.values())


def _find_runs(
    at: Floats, apart: Floats, level: float, above: float, stated_m: float
) -> Iterable[Doubt]:
    """Yield the runs where outlines differ by more than a level, each up to the next level."""
    beyond = np.flatnonzero(apart > level)
    # A run ends at the points before and after it. Two runs count as one if the gap between them is
    # smaller than the difference of the outlines: both make the places beside them uncertain.
    begin, end = at[np.maximum(beyond - 1, 0)], at[np.minimum(beyond + 1, len(at) - 1)]
    first = np.append(True, begin[1:] - end[:-1] > apart[beyond][1:] / 1e3)
    for run in np.split(np.arange(len(beyond)), np.flatnonzero(first)[1:]):
        apart_m = min(float(apart[beyond[run]].max()), above)
        yield Doubt(float(begin[run[0]]), float(end[run[-1]]), combine_errors_m(stated_m, apart_m))


def index_doubts(
    index: LineIndex, starts_km: Sequence[float], doubts: Sequence[Doubt]
) -> list[tuple[float, LineIndex]]:
    """Return each accuracy of the doubts, in metres, with an index of the stretches that have it.

    Parameters
    ----------
    index
        The index of the border, one line for each section.
    starts_km
        The chainage at which each section begins, in kilometres.
    doubts
        The doubts.
    """
    lines: dict[float, list[LineString]] = {}
    for doubt in doubts:
        lines.setdefault(doubt.accuracy_m, []).extend(_cut_stretch(index, starts_km, doubt))
    return [(accuracy_m, LineIndex(found)) for accuracy_m, found in lines.items() if found]


def _cut_stretch(
    index: LineIndex, starts_km: Sequence[float], doubt: Doubt
) -> Iterable[LineString]:
    """Yield the pieces of a border that lie within a stretch, each as a line."""
    p = index.pieces
    begin_m = 1e3 * np.asarray(starts_km)[p.line] + p.chainage_m
    there = np.flatnonzero(
        (begin_m < 1e3 * doubt.end_km) & (begin_m + p.length_m > 1e3 * doubt.start_km)
    )
    from_, to = (
        np.clip((1e3 * km - begin_m[there]) / p.length_m[there], 0.0, 1.0)
        for km in (doubt.start_km, doubt.end_km)
    )
    ends = np.stack([*p.at(there, from_), *p.at(there, to)], axis=1).reshape(-1, 2, 2)
    yield from shapely.linestrings(ends)
