"""Count who lies in each ring of a zone: places, and people where anybody gives a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geobuffer.errors import DataError, did_you_mean
from geobuffer.queries import classify

if TYPE_CHECKING:
    import geopandas as gpd

    from geobuffer.model import BufferZone


def exposure(
    table: gpd.GeoDataFrame, zone: BufferZone, *, by: str | None = None, cumulative: bool = False
) -> pd.DataFrame:
    """Count the places and people in each ring of a zone, the sure apart from the uncertain.

    Parameters
    ----------
    table
        Points, in any CRS; people are counted from the column ``population`` if there is one.
    zone
        The zone.
    by
        A column of the table (``"oblast"``), or of what :func:`geobuffer.classify` adds to it
        (``"section"``, ``"side"``), to count by within each ring.
    cumulative
        Count all that lies within a ring's outer edge, not just between its two edges.

    Returns
    -------
    pandas.DataFrame
        A place near an edge between two rings is uncertain in both, so ``uncertain`` must not be
        summed over rings; ask for ``cumulative`` instead. A row for each ring (and value of ``by``): ``ring`` (or ``within_km``), ``places`` surely
        in it, ``uncertain`` ones that may or may not be, ``population`` of the sure ones, which is
        *at least* that, as ``without_figure`` of them have none; ``population_uncertain`` of the
        uncertain ones, of whom ``uncertain_without_figure`` have none.

    Raises
    ------
    DataError
        There is no column ``by``; or as :func:`geobuffer.classify`.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> zone = gb.build_zone(border, km=[5, 10], side="Ukraine", tolerance_m=1)
    >>> exposure(gb.load_settlements(), zone)["ring"].tolist()
    ['0–5 km', '5–10 km']
    """
    found = classify(table, zone)
    joined = table.drop(columns=[c for c in found.columns if c in table.columns]).join(found)
    if by is not None and by not in joined.columns:
        raise DataError(f"Invalid by {by!r}. {did_you_mean(by, map(str, joined.columns))}")
    rows = []
    for ring, inner, outer in zip(
        zone.ring_names, zone.edges_km[:-1], zone.edges_km[1:], strict=True
    ):
        sure, unsure = _in_ring(joined, zone, 0.0 if cumulative else inner, outer)
        label: dict[str, object] = {"within_km": outer} if cumulative else {"ring": ring}
        keys = [None] if by is None else sorted(joined.loc[sure | unsure, by].dropna().unique())
        for key in keys:
            here = np.ones(len(joined), bool) if by is None else (joined[by] == key).to_numpy()
            counted = _counted(joined, sure & here, unsure & here)
            rows.append(label | ({} if by is None else {by: key}) | counted)
    columns = [*(["within_km"] if cumulative else ["ring"]), *([by] if by else []), *_COUNTS]
    return pd.DataFrame(rows, columns=columns)


_COUNTS = (
    "places", "uncertain", "population", "without_figure",
    "population_uncertain", "uncertain_without_figure",
)  # fmt: skip


def _in_ring(
    joined: pd.DataFrame, zone: BufferZone, inner: float, outer: float
) -> tuple[np.ndarray, np.ndarray]:
    """Tell which rows surely lie between two edges, and which may."""
    distance, margin = joined["distance_km"].to_numpy(), joined["margin_km"].to_numpy()
    membership = joined["membership"].to_numpy()
    candidate = np.isin(membership, ["inside", "uncertain"])
    between = candidate & (distance <= outer) & ((distance > inner) | (inner == 0.0))
    near = (np.abs(distance - outer) < margin) | ((np.abs(distance - inner) < margin) & (inner > 0))
    # What is uncertain for another reason than the outer edge (its side, say) stays so.
    doubtful = (membership == "uncertain") & (np.abs(distance - zone.width_km) >= margin)
    unsure = candidate & (near | (between & doubtful))
    return between & ~unsure, unsure


def _counted(joined: pd.DataFrame, sure: np.ndarray, unsure: np.ndarray) -> dict[str, int]:
    if "population" in joined.columns:
        people = pd.to_numeric(joined["population"]).astype("Float64")
    else:
        people = pd.Series(pd.NA, index=joined.index, dtype="Float64")
    return {
        "places": int(sure.sum()),
        "uncertain": int(unsure.sum()),
        "population": int(people[sure].sum()),
        "without_figure": int(people[sure].isna().sum()),
        "population_uncertain": int(people[unsure].sum()),
        "uncertain_without_figure": int(people[unsure].isna().sum()),
    }
