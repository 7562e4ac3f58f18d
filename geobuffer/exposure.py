"""Count who lies in each ring of a zone: places, and people where anybody gives a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geobuffer.errors import DataError, did_you_mean
from geobuffer.oddities import drop_uncounted
from geobuffer.points import numbers
from geobuffer.queries import ORIGIN, classified, with_columns

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from geobuffer.combined import Zone
    from geobuffer.geodesy import Floats


def exposure(
    table: gpd.GeoDataFrame,
    zone: Zone,
    *,
    by: str | None = None,
    cumulative: bool = False,
) -> pd.DataFrame:
    """Count the places and people in each ring of a zone, the sure apart from the uncertain.

    Parameters
    ----------
    table
        Points, in any CRS; people are counted from the column ``population`` if there is one. A
        row without a point counts nowhere, one that repeats another in every column counts once;
        a warning tells of both.
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
        A row for each ring (and value of ``by``): ``ring`` (or ``within_km``), ``places`` surely
        in it, ``uncertain`` ones that may or may not be, ``population`` of the sure ones, which is
        *at least* that, as ``without_figure`` of them have none; ``population_uncertain`` of the
        uncertain ones, of whom ``uncertain_without_figure`` have none. A place near an edge
        between two rings is uncertain in both, so do not sum ``uncertain`` over rings: ask for
        ``cumulative``. Where the table has ``population_as_of``, ``as_of`` lists the dates of the
        figures. ``attrs["geobuffer"]`` says where border and places are from, and
        :func:`geobuffer.write` puts that into every row.

    Raises
    ------
    DataError
        There is no column ``by``, or it is one of those counted; a population is no number; or as
        :func:`geobuffer.classify`.
    WrongKind
        The zone is none.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> zone = gb.build_zone(border, km=[5, 10], side="Ukraine", tolerance_m=1)
    >>> exposure(gb.load_settlements(), zone)["ring"].tolist()
    ['0–5 km', '5–10 km']
    """
    joined = with_columns(table, classified(table, zone, stacklevel=2))
    people = (
        numbers(joined, "population")
        if "population" in joined.columns
        else np.full(len(joined), np.nan)
    )
    may_be = joined["membership"].isin(["inside", "uncertain"]).to_numpy()
    counts = drop_uncounted(joined, may_be, stacklevel=2)
    joined, people = joined[counts], people[counts]
    groups = {None: np.ones(len(joined), dtype=bool)} if by is None else _groups(joined, by)
    dates = _dates(joined, people)
    rows = []
    for ring, inner, outer in zip(
        zone.ring_names, zone.edges_km[:-1], zone.edges_km[1:], strict=True
    ):
        sure, unsure = _in_ring(joined, zone, zone.edges_km[0] if cumulative else inner, outer)
        label: dict[str, object] = {"within_km": outer} if cumulative else {"ring": ring}
        rows += [
            label
            | ({} if by is None else {by: key})
            | _counted(people, sure & here, unsure & here)
            | {"as_of": _listed(dates[(sure | unsure) & here])}
            for key, here in groups.items()
            if by is None or (here & (sure | unsure)).any()
        ]
    columns = [*(["within_km"] if cumulative else ["ring"]), *([by] if by else []), *COUNTS]
    columns += ["as_of"] if "population_as_of" in joined.columns else []
    counted = pd.DataFrame(rows, columns=columns)
    counted.attrs[ORIGIN] = joined.attrs[ORIGIN] | _sources(joined)
    return counted


def _sources(joined: pd.DataFrame) -> dict[str, str]:
    """Return where the places that are counted come from, each source once."""
    if "source" not in joined.columns:
        return {}
    counted = joined.loc[joined["membership"].isin(["inside", "uncertain"]), "source"].dropna()
    return {"places_source": "; ".join(sorted(counted.astype(str).unique()))}


#: The columns that are counted.
COUNTS = (
    "places", "uncertain", "population", "without_figure",
    "population_uncertain", "uncertain_without_figure",
)  # fmt: skip


def _in_ring(
    joined: pd.DataFrame, zone: Zone, inner: float, outer: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which rows surely lie between two edges, and which may."""
    distance, margin = joined["distance_km"].to_numpy(), joined["margin_km"].to_numpy()
    membership = joined["membership"].to_numpy()
    if len(zone.rings) == 1:
        return membership == "inside", membership == "uncertain"
    candidate = np.isin(membership, ["inside", "uncertain"])
    between = candidate & (distance <= outer) & ((distance > inner) | (inner == 0.0))
    near = (np.abs(distance - outer) < margin) | ((np.abs(distance - inner) < margin) & (inner > 0))
    # What is uncertain for another reason than the outer edge (its side, say) stays so.
    doubtful = (membership == "uncertain") & (np.abs(distance - zone.width_km) >= margin)
    unsure = candidate & (near | (between & doubtful))
    return between & ~unsure, unsure


def _groups(joined: gpd.GeoDataFrame, by: str) -> dict[object, NDArray[np.bool_]]:
    """Return which rows have each value of a column, and which have none."""
    columns = [str(column) for column in joined.columns if column != joined.geometry.name]
    if by not in columns:
        raise DataError(f"Invalid by {by!r}. {did_you_mean(by, columns)}")
    if by in {"ring", *COUNTS}:
        raise DataError(f"Invalid by {by!r}: it is what is counted. Must be another column.")
    values = joined[by].astype(object)
    missing = values.isna().to_numpy()
    groups = {
        key: (values == key).to_numpy(dtype=bool, na_value=False)
        for key in sorted(values[~missing].unique(), key=lambda key: (str(type(key)), key))
    }
    return groups | ({None: missing} if missing.any() else {})


def _counted(people: Floats, sure: NDArray[np.bool_], unsure: NDArray[np.bool_]) -> dict[str, int]:
    return {
        "places": int(sure.sum()),
        "uncertain": int(unsure.sum()),
        "population": round(np.nansum(people[sure])),
        "without_figure": int(np.isnan(people[sure]).sum()),
        "population_uncertain": round(np.nansum(people[unsure])),
        "uncertain_without_figure": int(np.isnan(people[unsure]).sum()),
    }


def _dates(joined: pd.DataFrame, people: Floats) -> NDArray[np.object_]:
    """Return the dates of figures; None where there is no figure."""
    if "population_as_of" not in joined.columns:
        return np.full(len(joined), None)
    dates = joined["population_as_of"].astype(object)
    told = dates.where(dates.notna(), "undated").where(~np.isnan(people), None)
    return np.asarray(told.to_numpy(dtype=object))


def _listed(dates: NDArray[np.object_]) -> str:
    return "; ".join(sorted({str(date) for date in dates if date is not None}))
