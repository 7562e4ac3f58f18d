"""How far would it have to be: places and people within every distance, as a table and a plot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geobuffer.errors import DataError, GeometryError
from geobuffer.geodesy import LIMIT_M
from geobuffer.kinds import check_border
from geobuffer.model import BOTH, Border, BufferZone
from geobuffer.oddities import drop_uncounted
from geobuffer.palette import MEMBERSHIP, ZONE
from geobuffer.points import numbers
from geobuffer.queries import classified

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes

    from geobuffer.geodesy import Floats


def exposure_curve(
    table: gpd.GeoDataFrame,
    border: Border,
    *,
    to_km: float,
    side: str = BOTH,
    step_km: float | None = None,
) -> pd.DataFrame:
    """Count the places and people within every distance of a border, up to one.

    Parameters
    ----------
    table
        Points, in any CRS; people are counted from the column ``population`` if there is one.
    border
        The border.
    to_km
        The largest distance.
    side
        ``"both"``, or the name of one of the border's sides.
    step_km
        How far apart the distances are; by default there is a row for the distance of every place.

    Returns
    -------
    pandas.DataFrame
        ``within_km``, ascending to ``to_km``, and the columns of :func:`geobuffer.exposure`, which
        mean the same: each row is what it says of the zone of that width, with round ends.

    Raises
    ------
    GeometryError
        ``to_km`` or ``step_km`` is not positive and finite, or beyond the limit of 2,000 km.
    DataError, UnknownSide
        As :func:`geobuffer.exposure` and :func:`geobuffer.build_zone`.
    WrongKind
        The border is none.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> curve = exposure_curve(gb.load_settlements(), border, side="Ukraine", to_km=20, step_km=5)
    >>> curve["within_km"].tolist(), bool(curve["places"].is_monotonic_increasing)
    ([5.0, 10.0, 15.0, 20.0], True)
    """
    for name, km in (("to_km", to_km), ("step_km", step_km)):
        number = isinstance(km, (int, float, np.number)) and not isinstance(km, bool)
        if km is not None and not (number and math.isfinite(km) and 0 < km <= LIMIT_M / 1e3):
            limit = f"{LIMIT_M / 1e3:,.0f} km"
            raise GeometryError(f"Invalid {name} {km!r}. Must be positive, and at most {limit}.")
    check_border(border)
    name = side if side == BOTH else border.side(side).name
    # Nobody sees the polygon; what lies in the zone does not depend on it.
    zone = BufferZone(border, (0.0, float(to_km)), name, "round", (), math.inf, math.inf)
    found = classified(table, zone, stacklevel=2)
    may_be = found["membership"].isin(["inside", "uncertain"]).to_numpy()
    near = drop_uncounted(table, may_be, stacklevel=2)
    begin, sure = _thresholds(found[near], to_km)
    people = np.full(len(table), np.nan)
    if "population" in table.columns:
        people = numbers(table, "population")
    within = _distances(found["distance_km"].to_numpy()[near], to_km, step_km)
    return _counted(within, begin, sure, people[near])


def _thresholds(found: pd.DataFrame, to_km: float) -> tuple[Floats, Floats]:
    """Return beyond which width of a zone each place may be in it, and from which it surely is."""
    distance, margin = found["distance_km"].to_numpy(), found["margin_km"].to_numpy()
    # Uncertain though the edge is farther away than its margin: for its side, however wide it is.
    doubtful = (found["membership"] == "uncertain").to_numpy() & (
        np.abs(distance - to_km) >= margin
    )
    begin = np.where(margin > 0.0, distance - margin, np.nextafter(distance, -np.inf))
    return begin, np.where(doubtful, np.inf, distance + margin)


def _distances(distance: Floats, to_km: float, step_km: float | None) -> Floats:
    if step_km is None:
        return np.unique(np.append(distance[distance <= to_km], to_km))
    # A step less than a whole number of them short of the end is rounding.
    steps = np.arange(1, math.ceil(to_km / step_km - 1e-9)) * float(step_km)
    return np.append(steps, to_km)


def _counted(within: Floats, begin: Floats, sure: Floats, people: Floats) -> pd.DataFrame:
    known = ~np.isnan(people)
    weights = {
        ("places", "uncertain"): np.ones(len(people)),
        ("population", "population_uncertain"): np.where(known, people, 0.0),
        ("without_figure", "uncertain_without_figure"): (~known).astype(float),
    }
    columns: dict[str, Any] = {"within_km": within}
    for (inside, uncertain), weight in weights.items():
        entered = _sum_up_to(within, begin, weight, "left")
        settled = _sum_up_to(within, sure, weight, "right")
        columns[inside] = np.round(settled).astype(np.int64)
        columns[uncertain] = np.round(entered - settled).astype(np.int64)
    order = ["within_km", "places", "uncertain", "population", "without_figure",
             "population_uncertain", "uncertain_without_figure"]  # fmt: skip
    return pd.DataFrame(columns)[order]


def _sum_up_to(within: Floats, at: Floats, weight: Floats, side: Any) -> Floats:
    """Return the sum of the weights that lie at less than (left), or at most (right), distances."""
    order = np.argsort(at, kind="stable")
    sums = np.append(0.0, np.cumsum(weight[order]))
    return np.asarray(sums[np.searchsorted(at[order], within, side=side)])


def plot_curve(curve: pd.DataFrame, *, people: bool = True, ax: Axes | None = None) -> Axes:
    """Draw a curve of :func:`exposure_curve`: the sure as a line, the uncertain on top of it.

    Parameters
    ----------
    curve
        The table.
    people
        Whether to draw people (at least so many), or places.
    ax
        The axes to draw in; by default those of a new figure.

    Raises
    ------
    DataError
        The table is not one of :func:`exposure_curve`, or matplotlib is not installed.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> curve = exposure_curve(gb.load_settlements(), border, to_km=10)
    >>> plot_curve(curve, people=False).get_ylabel()
    'places'
    """
    sure, unsure = ("population", "population_uncertain") if people else ("places", "uncertain")
    columns = getattr(curve, "columns", ())
    lacking = [name for name in ("within_km", sure, unsure) if name not in columns]
    if lacking:
        raise DataError(f"Invalid curve: no column {lacking[0]!r}. Must be of exposure_curve().")
    axes = _new_axes() if ax is None else ax
    km = np.append(0.0, curve["within_km"])
    low = np.append(0, curve[sure])
    high = low + np.append(0, curve[unsure])
    axes.fill_between(
        km, low, high, step="post", color=MEMBERSHIP["uncertain"], alpha=0.6, label="uncertain"
    )
    axes.step(km, low, where="post", color=ZONE, label="surely within")
    axes.set_xlabel("distance from the border, km")
    axes.set_ylabel("people, at least" if people else "places")
    axes.set_xlim(0.0, float(km[-1]))
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter("{x:,.0f}")  # not 1e6, which readers of figures stumble over
    axes.legend(loc="upper left")
    return axes


def _new_axes() -> Axes:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise DataError(
            "Plots need matplotlib. Must be installed: pip install 'geobuffer[plot]'."
        ) from error
    # Not through pyplot, which keeps every figure until it is closed.
    figure = Figure(layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()
