"""Count the places and people that a zone holds: by ring, and between two zones.

:func:`exposure` counts them in each ring of a zone. :func:`compare` counts what two zones share and
what the second one gains and loses. People are counted from the column ``population``; places
without a figure are counted apart, as are those for which the zone gives *uncertain*.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geobuffer.analysis.classify import classify_table, join_columns
from geobuffer.analysis.column_sums import (
    PEOPLE,
    name_sums,
    read_columns,
    read_population,
    sum_columns,
)
from geobuffer.analysis.count_rows import label_rings, list_group_columns, order_key
from geobuffer.analysis.expectation import (
    NOTHING_EXPECTED,
    Expected,
    expect_counts,
    expect_total,
    group_entries,
    list_parts,
)
from geobuffer.analysis.feature_exposure import expose_features
from geobuffer.analysis.membership import is_counted, measure_signed_km
from geobuffer.analysis.people_model import find_ranges, model_sizes
from geobuffer.geodesy.ellipsoid import area_m2
from geobuffer.io.arrow_tables import take_table
from geobuffer.io.feature_tables import POINTS, find_kind
from geobuffer.io.not_located import find_not_located
from geobuffer.io.point_tables import drop_uncounted, read_points_table
from geobuffer.zones.arguments import (
    FLAG,
    NUMBER,
    Kind,
    check_arguments,
    optional,
)
from geobuffer.zones.checks import check_zone
from geobuffer.zones.source import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from geobuffer.analysis.classify import Classification
    from geobuffer.analysis.expectation import Groups, Parts
    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.zones.zone import Zone


def exposure(  # noqa: PLR0913 - each argument is a choice of its own
    table: gpd.GeoDataFrame,
    zone: Zone,
    *,
    by: str | Sequence[str] | None = None,
    cumulative: bool = False,
    of: str | Sequence[str] | None = None,
    whole: bool = False,
    model: bool = True,
    totals: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Count places, people, lines or areas in each ring of a zone; uncertain ones separately.

    Parameters
    ----------
    table
        Points, lines or areas, in any CRS, all of one kind. A row without a point is counted
        nowhere; if it has ``candidates``, it adds to the expected places there. A row of points
        that repeats another one in every column is counted once. A warning reports both. A table of
        another library (Polars, DuckDB, Ibis, pyarrow) may be given as it is; its counts are a
        table of pandas as well, because they carry their sources and go into other functions.
    zone
        The zone.
    by
        A column to count by within each ring, or a list of several: columns of the table
        (``"oblast"``), or those that :func:`geobuffer.classify` adds (``"section"``, ``"side"``).
    cumulative
        Count everything within the outer edge of a ring, not only between its two edges.
    of
        A column of numbers to add up, or a list of several: ``["population", "beds"]``. By default
        people are counted, from the column ``population`` if there is one.
    whole
        Count all of the figures of a line or area that lies partly in a ring. By default only the
        share that lies in the ring counts, as if the figures were spread evenly.
    model
        Give a modelled range of people too, if people are counted. Only for points.
    totals
        For the model: people of hromadas, by their code. They are one more choice of the model,
        beside comparable places: what is left of a total after the places with a figure is shared
        by the others.

    Returns
    -------
    pandas.DataFrame
        A row for each ring (and value of ``by``). ``ring`` names it; with ``cumulative`` it is
        ``within_km``, and ``from_km`` before it if the zone begins at some distance. A zone from
        which another was subtracted keeps ``ring``, because no two distances bound it.

        ``expected`` is the sum of the probabilities that the places lie here, also of places
        without a point that have ``candidates``; nine times in ten their number lies from
        ``expected_low`` to ``expected_high``. The three are missing if the table does not state how
        accurate its points are. Of :func:`geobuffer.load_settlements` they count the located places
        alone; with ``located="all"`` those known by name as well.

        ``places`` counts the places certainly in the row, and ``uncertain`` those that may be in
        it. A place near the edge between two rings is uncertain in both, so do not sum
        ``uncertain`` over rings: use ``cumulative``. ``population`` is that of the certain places:
        a lower limit, because ``without_figure`` of them have no figure. ``population_uncertain``
        and ``uncertain_without_figure`` are the same for the uncertain places. Another column of
        ``of``, such as ``beds``, has ``beds``, ``beds_without_figure``, ``beds_uncertain`` and
        ``beds_uncertain_without_figure`` in the same way. If the table has ``population_as_of``,
        ``as_of`` lists the dates of the figures.

        ``population_model_low`` to ``population_model_high``, in two digits, is the range of a
        model. It holds the people nine times in ten if its assumptions hold: places count by their
        probability, and a place without a figure is as large as the mean of the places with fewer
        than 500 people within 60 km of the border. The two ends use the oblasts with the smallest
        and the largest mean; an oblast needs 30 such places. ``attrs["geobuffer"]`` describes this
        in ``population_model``. The range is missing if no oblast has 30 such places, and a place
        has neither a figure nor a share of ``totals``.

        ``not_located`` counts the places without a point that may lie here, because the row counts
        another place of their hromada. Of the other columns, only ``expected`` and its range count
        such places, if they are rows of the table with ``candidates``. A place without a hromada
        counts in every row. The column is there if the table has rows without a point, or comes
        from :func:`geobuffer.load_settlements`, which knows how many more places each hromada has.

        ``attrs["geobuffer"]`` holds the sources of border and places; :func:`geobuffer.write` puts
        them into every row.

        For lines and areas: ``features`` counts the rows that surely have a part here, and
        ``uncertain`` those that may have one: an edge of the ring is nearer than ``margin_km`` to
        their nearest or farthest point. ``length_km`` or ``area_km2`` is the size of the parts of
        the sure rows that lie here, exactly divided by side and section. Sums of columns are those
        of the sure rows, by share or whole. Uncertain rows have sums of their own, always whole.

    Raises
    ------
    GeometryError
        As :func:`geobuffer.classify`.
    DataError
        The table has no column ``by`` or ``of``, or this is one of the columns that are counted; a
        figure is not a number; or as :func:`geobuffer.classify`.
    WrongKind
        ``zone`` is not a zone.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> zone = gb.build_zone(border, km=[5, 10], side="Ukraine", tolerance_m=1)
    >>> exposure(gb.load_settlements(), zone)["ring"].tolist()
    ['0–5 km', '5–10 km']
    >>> import geopandas as gpd
    >>> points = gpd.points_from_xy([35.03, 35.02], [51.12, 51.11], crs="EPSG:4326")
    >>> clinics = gpd.GeoDataFrame({"beds": [120, None]}, geometry=points)
    >>> exposure(clinics, zone, of="beds")[["ring", "beds", "beds_without_figure"]].values.tolist()
    [['0–5 km', 0, 0], ['5–10 km', 120, 1]]
    """
    check_arguments(
        cumulative=(cumulative, FLAG), whole=(whole, FLAG), model=(model, FLAG),
        totals=(totals, optional(TOTALS)),
    )  # fmt: skip
    places, _ = take_table(table, None)
    table = read_points_table(places)
    check_zone(zone)
    kind = find_kind(table)
    if kind != POINTS:
        return expose_features(table, kind, zone, by=by, cumulative=cumulative, of=of, whole=whole)
    found = classify_table(table, zone, stacklevel=2)
    joined = join_columns(table, found.frame)
    signed = measure_signed_km(found.lon, found.lat, zone, joined["distance_km"].to_numpy())
    by_columns = list_group_columns(joined, by, _TAKEN)
    figures = read_columns(joined, of, {*_TAKEN, *by_columns} - {*name_sums(PEOPLE)})
    model = model and PEOPLE in figures
    once = find_counted_once(joined, [found], stacklevel=2)
    unplaced = find_not_located(joined, joined["membership"].isna().to_numpy() & once)
    counts = is_counted(joined["membership"]) & once
    edges = [
        (zone.edges_km[0] if cumulative else inner, outer)
        for inner, outer in pairwise(zone.edges_km)
    ]
    parts = list_parts(found, zone, edges)
    parts = parts.select(once[parts.row])
    part_groups = _group_parts(joined, parts, by_columns)
    expected = expect_counts(parts, part_groups)
    away = joined["distance_km"].to_numpy()
    sizes = model_sizes(joined, figures[PEOPLE], away, totals) if model else None
    ranges = find_ranges(parts, part_groups, sizes) if sizes else {}
    joined, signed, unplaced = joined[counts], signed[counts], unplaced.select(counts)
    figures = {column: numbers[counts] for column, numbers in figures.items()}
    groups = _group_rows(joined, by_columns)
    no_row = np.zeros(len(joined), dtype=bool)
    keys = sorted({*groups, *expected}, key=order_key)
    dates = _figure_dates(joined, figures)
    rows = []
    labels = label_rings(zone, cumulative=cumulative)
    for ring, (label, (inner, outer)) in enumerate(zip(labels, edges, strict=True)):
        sure, unsure = _split_ring(joined, signed, zone, inner, outer)
        for key in keys:
            here = groups.get(key, no_row)
            guess = expected[key][ring] if key in expected else NOTHING_EXPECTED
            is_likely = guess is not None and guess.expected >= _LIKELY
            if not by_columns or (here & (sure | unsure)).any() or is_likely:
                sums = _count_group(figures, sure & here, unsure & here)
                rows.append(
                    label
                    | dict(zip(by_columns, key, strict=True))
                    | _describe_expected(guess)
                    | sums
                    | _describe_range(
                        ranges[key][ring] if key in ranges else None,
                        floor=int(sums.get(PEOPLE, 0)),
                    )
                    | {"not_located": unplaced.count_near((sure | unsure) & here)}
                    | {"as_of": _join_dates(dates[(sure | unsure) & here])}
                )
    summed = [name for column in figures for name in name_sums(column)]
    columns = [*labels[0], *by_columns, *EXPECTED, *COUNTS[:2], *summed, *(MODEL if model else ())]
    columns += ["not_located"] if unplaced.is_known else []
    is_dated = PEOPLE in figures and "population_as_of" in joined.columns
    columns += ["as_of"] if is_dated else []
    types = EXPECTED_TYPES | (dict.fromkeys(MODEL, "Int64") if model else {})
    counted = pd.DataFrame(rows, columns=columns).astype(types)
    counted.attrs[ORIGIN] = joined.attrs[ORIGIN] | _list_sources(joined)
    if sizes:
        counted.attrs[ORIGIN] |= {"population_model": str(sizes.basis)}
    return counted


def find_counted_once(
    table: gpd.GeoDataFrame, found: Sequence[Classification], *, stacklevel: int
) -> NDArray[np.bool_]:
    """Return which rows of a table count: all but those that repeat another one.

    We compare only the rows that lie or may lie in one of some zones, because others never count.
    """
    asked = np.zeros(len(table), dtype=bool)
    for one in found:
        asked |= is_counted(one.frame["membership"]) | (one.answers.p_inside > 0.0)
    return drop_uncounted(table, asked, stacklevel=stacklevel + 1) | ~asked


def _list_sources(joined: pd.DataFrame) -> dict[str, str]:
    """Return the sources of the places that are counted, each source once."""
    if "source" not in joined.columns:
        return {}
    counted = joined.loc[is_counted(joined["membership"]), "source"].dropna()
    return {"places_source": "; ".join(sorted(counted.astype(str).unique()))}


#: The columns of counts, where people are counted.
COUNTS = ("places", "uncertain", *name_sums(PEOPLE))


def _split_ring(
    joined: pd.DataFrame, distance: Floats, zone: Zone, inner: float, outer: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows certainly lie between two edges, and which may."""
    margin = joined["margin_km"].to_numpy()
    membership = joined["membership"].to_numpy()
    if len(zone.rings) == 1:
        return membership == "inside", membership == "uncertain"
    candidate = is_counted(membership)
    between = candidate & (distance <= outer) & ((distance > inner) | (inner == 0.0))
    near = (np.abs(distance - outer) < margin) | ((np.abs(distance - inner) < margin) & (inner > 0))
    # A place may be uncertain for another reason than the outer edge, for example its side. Then it
    # is uncertain in its ring as well.
    doubtful = (membership == "uncertain") & (np.abs(distance - zone.width_km) >= margin)
    unsure = candidate & (near | (between & doubtful))
    return between & ~unsure, unsure


#: The columns of expected places, and their types; missing where it is not known.
EXPECTED_TYPES: dict[str, Any] = {
    "expected": "Float64",
    "expected_low": "Int64",
    "expected_high": "Int64",
}
EXPECTED = tuple(EXPECTED_TYPES)

# A group without a place that is or may be inside still has a row if at least this many places are
# expected, which is rounded to a tenth of a place.
_LIKELY = 0.05


#: The columns of the modelled range of people.
MODEL = ("population_model_low", "population_model_high")

TOTALS = Kind(
    lambda value: (
        isinstance(value, Mapping)
        and all(isinstance(one, str) and NUMBER.accepts(other) for one, other in value.items())
    ),
    "a mapping from codes of hromadas to numbers of people",
)


def _describe_range(ends: tuple[int, int] | None, floor: int) -> dict[str, object]:
    """Return the columns of the modelled range, which does not begin below the floor."""
    if ends is None:
        return dict.fromkeys(MODEL, pd.NA)
    low, high = ends
    return dict(zip(MODEL, (max(low, floor), max(high, floor)), strict=True))


def _group_parts(joined: gpd.GeoDataFrame, parts: Parts, by: Sequence[str]) -> Groups:
    """Return the groups of places that are or may be in the zone."""
    columns = []
    for name in by:
        if name in {"side", "section"}:
            # A place without a point has these by its candidates.
            columns.append(getattr(parts, name))
        else:
            columns.append(joined[name].astype(object).to_numpy(dtype=object)[parts.row])
    return group_entries(columns, len(parts.row))


def _describe_expected(guess: Expected | None) -> dict[str, object]:
    """Return the columns of expected places, to a tenth of a place."""
    if guess is None:
        return dict.fromkeys(EXPECTED, pd.NA)
    return dict(zip(EXPECTED, (round(guess.expected, 1), guess.low, guess.high), strict=True))


# Columns of the result that have these names already.
_TAKEN = {"ring", "from_km", "within_km", "not_located", "as_of", *EXPECTED, *COUNTS, *MODEL}


def _group_rows(
    joined: gpd.GeoDataFrame, by: Sequence[str]
) -> dict[tuple[object, ...], NDArray[np.bool_]]:
    """Return which rows have each combination of values; None stands for a missing value."""
    groups: dict[tuple[object, ...], NDArray[np.bool_]] = {(): np.ones(len(joined), dtype=bool)}
    for column in by:
        values = joined[column].astype(object)
        missing = values.isna().to_numpy()
        keys = sorted(values[~missing].unique(), key=lambda key: (str(type(key)), key))
        masks = {key: (values == key).to_numpy(dtype=bool, na_value=False) for key in keys}
        masks |= {None: missing} if missing.any() else {}
        groups = {
            (*key, value): rows & here
            for key, rows in groups.items()
            for value, here in masks.items()
        }
    return groups


def _count_group(
    figures: Mapping[str, Floats], sure: NDArray[np.bool_], unsure: NDArray[np.bool_]
) -> dict[str, int | float]:
    counts = {"places": int(sure.sum()), "uncertain": int(unsure.sum())}
    return counts | sum_columns(figures, sure, unsure)


def _figure_dates(joined: pd.DataFrame, figures: Mapping[str, Floats]) -> NDArray[np.object_]:
    """Return the dates of figures of people; None where there is no figure."""
    if PEOPLE not in figures or "population_as_of" not in joined.columns:
        return np.full(len(joined), None)
    dates = joined["population_as_of"].astype(object)
    named = dates.where(dates.notna(), "undated").where(~np.isnan(figures[PEOPLE]), None)
    return np.asarray(named.to_numpy(dtype=object))


def _join_dates(dates: NDArray[np.object_]) -> str:
    return "; ".join(sorted({str(date) for date in dates if date is not None}))


def compare(
    before: Zone,
    after: Zone,
    settlements: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Compare two zones: what they share, what the second one gains and what it loses.

    Parameters
    ----------
    before, after
        The zones.
    settlements
        Places to count as well, with a column ``population`` if known. The point of a place
        decides where it is counted.

    Returns
    -------
    pandas.DataFrame
        The rows are ``kept``, ``gained`` and ``lost``; the column ``area_km2`` is always there.
        With settlements, ``expected`` places are those of :func:`geobuffer.exposure`, with
        their interval. ``places`` counts them by their points, uncertain ones included.
        ``population`` is that of the places with a figure, and ``without_figure`` counts the
        others. ``uncertain`` counts the places that are uncertain in one zone or the other, which
        may belong to another row or to no row, and ``population_uncertain`` is their population.
        So ``population`` less ``population_uncertain`` is the lower limit that
        :func:`geobuffer.exposure` gives. No row counts a place that a zone may hold if the point
        lies in neither zone.

    Raises
    ------
    WrongKind
        ``before`` or ``after`` is not a zone.
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
    check_zone(before, "before")
    check_zone(after, "after")
    if settlements is not None:
        settlements = read_points_table(settlements, "settlements")
    old, new = before.polygon, after.polygon
    shapes = {
        "kept": shapely.intersection(old, new),
        "gained": shapely.difference(new, old),
        "lost": shapely.difference(old, new),
    }
    table = pd.DataFrame({"area_km2": {k: area_m2(s) / 1e6 for k, s in shapes.items()}})
    if settlements is None:
        return table
    found = [classify_table(settlements, zone, stacklevel=2) for zone in (before, after)]
    was, now = (one.frame["ring"].notna().to_numpy() for one in found)
    counts = find_counted_once(settlements, found, stacklevel=2)
    insert_columns(table, _expect_changes(found, (before, after), counts))
    was, now = was & counts, now & counts
    unsure = np.any([one.frame["membership"] == "uncertain" for one in found], axis=0)
    rows = {"kept": was & now, "gained": now & ~was, "lost": was & ~now}
    people = read_population(settlements)
    table["places"] = {k: int(rows[k].sum()) for k in table.index}
    table["population"] = {k: round(np.nansum(people[rows[k]])) for k in table.index}
    table["without_figure"] = {k: int(np.isnan(people[rows[k]]).sum()) for k in table.index}
    table["uncertain"] = {k: int((rows[k] & unsure).sum()) for k in table.index}
    table["population_uncertain"] = {
        k: round(np.nansum(people[rows[k] & unsure])) for k in table.index
    }
    return table


def _expect_changes(
    found: Sequence[Classification], zones: Sequence[Zone], rows: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats]:
    """Return how many places are expected in both zones, in the second and in the first only.

    The same error moves a place towards the edges of both zones. So the probability that it lies in
    both is the lesser one. That is exact for zones of one border. Only `rows` count.
    """
    parts = [
        list_parts(one, zone, [(zone.edges_km[0], zone.edges_km[-1])])
        for one, zone in zip(found, zones, strict=True)
    ]
    was, now = (one.p[:, 0] for one in parts)
    both = np.minimum(was, now)
    changes = parts[0]._replace(p=np.stack([both, now - both, was - both], axis=1))
    return expect_total(changes.select(rows[changes.row]))


def insert_columns(counted: pd.DataFrame, guesses: Sequence[Floats]) -> None:
    """Insert expected places and the ends of their intervals behind the first column."""
    for place, (name, values) in enumerate(zip(EXPECTED, guesses, strict=True), start=1):
        column = pd.Series(values, index=counted.index)
        rounded = column.round(1) if name == "expected" else column.round()
        counted.insert(place, name, rounded.astype(EXPECTED_TYPES[name]))
