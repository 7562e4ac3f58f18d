"""Estimate a range for the people in a zone in which some places have no population figure.

:func:`geobuffer.exposure` gives a lower limit: the figures of the places that are surely inside.
The model adds the probable rest: figures by the probability of their places, and for places without
a figure the sizes of comparable ones. Which places are comparable is a choice. So the model makes
several choices and returns the range of all results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from geobuffer.analysis.expectation import model_range, sum_parts
from geobuffer.io.not_located import read_hromadas
from geobuffer.io.point_tables import get_column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from geobuffer.analysis.expectation import Groups, Key, Parts
    from geobuffer.geodesy.ellipsoid import Floats

# A place without a figure has fewer people than this: gazetteers give figures from 500 people on.
SMALL = 500
# Villages farther from the border than this are not comparable. The bundled table ends here.
NEAR_KM = 60.0
# A mean of fewer places is too uncertain. The standard deviation of village sizes is about 1.1
# times their mean, so the mean of 30 sizes is off by a fifth.
FEWEST = 30


class Sizes(NamedTuple):
    """The people of each place by one choice of the model, and the variance of each."""

    people: Floats
    variance: Floats


class Basis(NamedTuple):
    """The figures on which the sizes of places without a figure are based."""

    means: Mapping[str, float]
    """The mean size of the small places of each oblast; empty if only totals are used."""
    dates: tuple[str, ...]
    """The dates of their figures."""
    has_totals: bool
    """Whether totals of hromadas are shared among their places."""

    def __str__(self) -> str:
        of = f", figures of {', '.join(self.dates)}" if self.dates else ""
        parts = []
        if self.means:
            sizes = sorted(self.means.values())
            between = f"{sizes[0]:.0f} to {sizes[-1]:.0f}" if len(sizes) > 1 else f"{sizes[0]:.0f}"
            parts.append(
                f"places without a figure are as large as those with fewer than {SMALL} people in "
                f"{', '.join(self.means)} within {NEAR_KM:g} km: {between} on average{of}"
            )
        if self.has_totals:
            parts.append("or as large as the totals of their hromadas leave")
        return "; ".join(parts)


class PeopleModel(NamedTuple):
    """The choices of the model, and the figures on which they are based."""

    choices: tuple[Sizes, ...]
    basis: Basis


def model_sizes(
    table: pd.DataFrame,
    people: Floats,
    distance_km: Floats,
    totals: Mapping[str, float] | None = None,
) -> PeopleModel | None:
    """Return the sizes of all places of a table; None if too few places are comparable.

    Parameters
    ----------
    table
        The places, with the column ``oblast`` if known.
    people
        Their figures; NaN where a figure is missing.
    distance_km
        Their distances from the border.
    totals
        People of hromadas by their code: one more choice. What is left of a total after its places
        with a figure is shared evenly by the others.
    """
    known = ~np.isnan(people)
    small = known & (people < SMALL) & (people > 0) & (distance_km <= NEAR_KM)
    means = _average_oblasts(table, people, small)
    shared = _share_totals(table, people, totals or {})
    if not means and np.isnan(shared[~known]).any():
        return None
    variance = float(np.var(people[small])) if small.any() else 0.0
    sizes = sorted(means.values()) or [0.0]
    has_totals = not np.isnan(shared).all()
    ends = dict.fromkeys((sizes[0], sizes[-1]))
    others = [np.full(len(table), mean) for mean in ends] if means else []
    others += [np.where(np.isnan(shared), mean, shared) for mean in ends] if has_totals else []
    others = others or [np.zeros(len(table))]  # all places have a figure
    choices = tuple(
        Sizes(np.where(known, people, other), np.where(known, 0.0, variance)) for other in others
    )
    return PeopleModel(choices, Basis(means, _list_dates(table, small), has_totals))


def _average_oblasts(
    table: pd.DataFrame, people: Floats, small: NDArray[np.bool_]
) -> dict[str, float]:
    """Return the mean size of the small places of each oblast that has enough of them."""
    oblast = get_column(table, "oblast").astype(object).fillna("").astype(str).to_numpy()
    found = {}
    for name in sorted(set(oblast[small])):
        here = small & (oblast == name)
        if here.sum() >= FEWEST:
            found[name] = float(people[here].mean())
    return found


def _share_totals(table: pd.DataFrame, people: Floats, totals: Mapping[str, float]) -> Floats:
    """Return for each place without a figure an even share of what is left of its hromada's total.

    That is the total less the places with a figure. It is NaN where no total is known.
    """
    shared = np.full(len(table), np.nan)
    if not totals:
        return shared
    keys = pd.Series(read_hromadas(table), index=range(len(table)))
    codes = read_hromadas(pd.DataFrame({"hromada_code": list(totals)}))
    by_key = dict(zip(codes, totals.values(), strict=True))
    for key, found in keys.groupby(keys).indices.items():
        if key in by_key:
            rows = np.asarray(found)
            open_rows = rows[np.isnan(people[rows])]
            left = max(by_key[key] - np.nansum(people[rows]), 0.0)
            shared[open_rows] = left / max(len(open_rows), 1)
    return shared


def _list_dates(table: pd.DataFrame, rows: NDArray[np.bool_]) -> tuple[str, ...]:
    """Return the dates of the figures of some rows, each once."""
    return tuple(
        sorted({str(date) for date in get_column(table, "population_as_of")[rows].dropna()})
    )


def find_ranges(
    parts: Parts, groups: Groups, model: PeopleModel
) -> dict[Key, list[tuple[int, int] | None]]:
    """Return the modelled range of people in each ring, for each key.

    Parameters
    ----------
    parts
        Where the places may lie.
    groups
        The groups of the entries of the parts.
    model
        The sizes of all places of the table.
    """
    sums = [
        sum_parts(parts, groups, one.people[parts.row], one.variance[parts.row])
        for one in model.choices
    ]
    return {
        key: [model_range(ring) for ring in zip(*(one[key] for one in sums), strict=True)]
        for key in sums[0]
    }
