"""Count who lies in each ring of a zone: places, and people where anybody gives a figure.

Compare two zones: what was kept, gained and lost, in area, places and people.

How far would it have to be: places and people within every distance, as a table and a plot.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geobuffer.analysis.classify import classified, with_columns
from geobuffer.errors import DataError, GeometryError, did_you_mean
from geobuffer.geodesy.ellipsoid import LIMIT_M, area_m2
from geobuffer.io.point_tables import drop_uncounted, numbers
from geobuffer.zones.border import BOTH, Border
from geobuffer.zones.checks import check_border, check_zone
from geobuffer.zones.source import ORIGIN
from geobuffer.zones.zone import BufferZone

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.zones.zone import Zone


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


def compare(
    before: Zone,
    after: Zone,
    settlements: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Return what two zones have in common, what the second gains and what it loses.

    Parameters
    ----------
    before, after
        The zones.
    settlements
        Places to count as well, with ``population`` if known. A place counts by its point.

    Returns
    -------
    pandas.DataFrame
        Rows ``kept``, ``gained``, ``lost``; columns ``area_km2``, and with settlements ``places``
        by their points, the uncertain among them; ``population`` of those that have a figure, and
        ``without_figure``, how many have none; ``uncertain``, how many of those places are so in
        one zone or the other and may belong to another row, or to none; and their
        ``population_uncertain``. So ``population`` less ``population_uncertain`` is what
        :func:`geobuffer.exposure` calls *at least*. Places that either zone may hold, but by their
        points neither does, are in none of these.

    Raises
    ------
    WrongKind
        Something given is no zone.
    DataError, MissingCRSError
        As :func:`geobuffer.classify`.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> narrow = gb.build_zone(border, km=5, tolerance_m=1)
    >>> wide = gb.build_zone(border, km=10, tolerance_m=1)
    >>> table = compare(narrow, wide)
    >>> bool(table.loc["lost", "area_km2"] < 0.1), bool(table.loc["gained", "area_km2"] > 1000)
    (True, True)
    """
    for zone in (before, after):
        check_zone(zone)
    old, new = before.polygon, after.polygon
    shapes = {
        "kept": shapely.intersection(old, new),
        "gained": shapely.difference(new, old),
        "lost": shapely.difference(old, new),
    }
    table = pd.DataFrame({"area_km2": {k: area_m2(s) / 1e6 for k, s in shapes.items()}})
    if settlements is None:
        return table
    told = [classified(settlements, zone, stacklevel=2) for zone in (before, after)]
    was, now = (found["ring"].notna().to_numpy() for found in told)
    counts = drop_uncounted(settlements, was | now, stacklevel=2)
    was, now = was & counts, now & counts
    unsure = np.any([found["membership"] == "uncertain" for found in told], axis=0)
    rows = {"kept": was & now, "gained": now & ~was, "lost": was & ~now}
    people = np.full(len(settlements), np.nan)
    if "population" in settlements.columns:
        people = numbers(settlements, "population")
    table["places"] = {k: int(rows[k].sum()) for k in table.index}
    table["population"] = {k: round(np.nansum(people[rows[k]])) for k in table.index}
    table["without_figure"] = {k: int(np.isnan(people[rows[k]]).sum()) for k in table.index}
    table["uncertain"] = {k: int((rows[k] & unsure).sum()) for k in table.index}
    table["population_uncertain"] = {
        k: round(np.nansum(people[rows[k] & unsure])) for k in table.index
    }
    return table


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
    return _curve_counted(within, begin, sure, people[near])


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


def _curve_counted(within: Floats, begin: Floats, sure: Floats, people: Floats) -> pd.DataFrame:
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
