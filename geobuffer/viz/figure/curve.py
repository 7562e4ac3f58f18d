"""Draw the curve of people or places within each distance of a border."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geobuffer.errors import DataError, require
from geobuffer.palette import MEMBERSHIP, ZONE
from geobuffer.zones.arguments import FLAG, Kind, check_arguments, describe_type, optional

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


_AXES = Kind(lambda value: hasattr(value, "fill_between"), "Axes of matplotlib")


def plot_curve(curve: pd.DataFrame, *, people: bool = True, ax: Axes | None = None) -> Axes:
    """Draw a table of :func:`exposure_curve`: certain counts as a line, uncertain ones above it.

    Parameters
    ----------
    curve
        The table.
    people
        Whether to draw people, who are at least so many, or places.
    ax
        The axes to draw in; by default those of a new figure.

    Raises
    ------
    DataError
        The table is not a result of :func:`exposure_curve`, or matplotlib is not installed.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> curve = gb.exposure_curve(gb.load_settlements(), border, to_km=10)
    >>> plot_curve(curve, people=False).get_ylabel()
    'places'
    """
    check_arguments(people=(people, FLAG), ax=(ax, optional(_AXES)))
    certain, uncertain = (
        ("population", "population_uncertain") if people else ("places", "uncertain")
    )
    columns = getattr(curve, "columns", ())
    missing = [name for name in ("within_km", certain, uncertain) if name not in columns]
    if missing:
        raise DataError(
            f"Invalid curve: {describe_type(curve)} without a column {missing[0]!r}. Must be a "
            "result of exposure_curve().",
            parameter="curve",
        )
    axes = _make_axes() if ax is None else ax
    # Counts of a zone that begins at some distance say so; nothing nearer is in them.
    begin = float(curve["from_km"].iloc[0]) if "from_km" in columns else 0.0
    km = np.append(begin, curve["within_km"])
    low = np.append(0, curve[certain])
    high = low + np.append(0, curve[uncertain])
    axes.fill_between(
        km, low, high, step="post", color=MEMBERSHIP["uncertain"], alpha=0.6, label="uncertain"
    )
    axes.step(km, low, where="post", color=ZONE, label="surely within")
    axes.set_xlabel("distance from the border, km")
    axes.set_ylabel("people, at least" if people else "places")
    axes.set_xlim(begin, float(km[-1]))
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter("{x:,.0f}")  # 1,000,000 and not 1e6
    handles, labels = axes.get_legend_handles_labels()
    if "not_located" in columns and (number := int(curve["not_located"].iloc[-1])):
        from matplotlib.patches import Patch

        handles.append(Patch(alpha=0.0))
        labels.append(f"and {number:,} places known by name only, not located")
    axes.legend(handles, labels, loc="upper left")
    return axes


def _make_axes() -> Axes:
    require("plot", "matplotlib.figure", "A plot")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # We avoid pyplot, which keeps every figure until it is closed.
    figure = Figure(layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()
