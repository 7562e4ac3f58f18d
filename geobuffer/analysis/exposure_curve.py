"""Count the places and people within every distance of a border.

Places are counted from a table by their distances; people also from rasters, by the distances of
pixels. No zone is built for each width, so that many widths take little more time than one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geobuffer.analysis.classify import classify_table
from geobuffer.analysis.column_sums import read_population
from geobuffer.analysis.distance_shares import DistanceShares
from geobuffer.analysis.expectation import expect_total, list_parts
from geobuffer.analysis.exposure import find_counted_once, insert_columns
from geobuffer.analysis.membership import is_counted, measure_signed_km
from geobuffer.analysis.raster_exposure import (
    PATHS,
    ROUNDING_SHARE,
    add_figures,
    check_values,
    list_paths,
    warn_of_units,
)
from geobuffer.analysis.raster_metadata import read_raster_source
from geobuffer.analysis.rasters import make_empty_mosaic, measure_coverage, open_mosaics
from geobuffer.errors import DataError, GeometryError
from geobuffer.geodesy.ellipsoid import LIMIT_M, area_m2
from geobuffer.io.arrow_tables import is_arrow_stream, take_table
from geobuffer.io.not_located import find_not_located
from geobuffer.io.point_tables import read_points_table
from geobuffer.zones.arguments import TEXT, check_arguments, optional
from geobuffer.zones.border import BOTH, Border
from geobuffer.zones.checks import check_border
from geobuffer.zones.make_zone import build_zone
from geobuffer.zones.quantities import parse_km
from geobuffer.zones.source import SOURCE
from geobuffer.zones.zone import BufferZone

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

    from geobuffer.analysis.classify import Classification
    from geobuffer.analysis.rasters import Mosaic
    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.io.not_located import NotLocated
    from geobuffer.zones.source import Source


#: The least step of a curve: no border is more accurate, and more rows may not fit into memory.
LEAST_STEP_KM = 0.001


# Rows of a curve of rasters, if no step is given. A picture needs no more.
_RASTER_ROWS = 100
# The accuracy of the shares of pixels within a distance. If a smaller share of a zone has no data,
# that is rounding.
_EXACT_SHARE = 1e-3
# The area of a zone outside the rasters is added up over pixels of half the width of the zone, but
# of at least 1 km and at most 1°: smaller pixels take too long, larger ones are too coarse.
_LEAST_PIXEL_DEG, _MOST_PIXEL_DEG = 0.01, 1.0
_KM_PER_DEGREE = 111.0


def exposure_curve(  # noqa: PLR0913 - each argument is a choice of its own
    table: gpd.GeoDataFrame | str | Path | Iterable[str | Path],
    border: Border,
    *,
    to_km: float | str,
    side: str = BOTH,
    step_km: float | str | None = None,
    values: str | None = None,
    source: Source | None = None,
) -> pd.DataFrame:
    """Count the places and people within every distance of a border, up to a largest one.

    Parameters
    ----------
    table
        Points, in any CRS; people are counted from the column ``population`` if there is one. Or
        population rasters, as for :func:`geobuffer.exposure_raster`: the path of one, or several.
    border
        The border.
    to_km
        The largest distance.
    side
        ``"both"``, the name of one of the border's sides, or ``"around"``, as for
        :func:`geobuffer.build_zone`.
    step_km
        The step between the distances. By default there is a row for the distance of every place;
        for rasters there are 100 rows.
    values
        For rasters, and only for them: ``"counts"`` or ``"density"``, as for
        :func:`geobuffer.exposure_raster`.
    source
        The source of the rasters. By default it is read from the metadata beside them.

    Returns
    -------
    pandas.DataFrame
        ``within_km``, ascending to ``to_km``, and the columns of :func:`geobuffer.exposure`, also
        ``expected`` and ``not_located``, but without ``as_of`` and the model. Each row holds
        what :func:`geobuffer.exposure` counts in a zone of that width with round ends.

        For rasters, the columns of :func:`geobuffer.exposure_raster` with ``cumulative=True``.
        The last row is what that function counts; the others agree with it within 0.1 % of their
        people and areas.

    Raises
    ------
    GeometryError
        ``to_km`` or ``step_km`` is not finite, is less than a metre, or exceeds 2,000 km.
    DataError, UnknownSide
        As :func:`geobuffer.exposure` and :func:`geobuffer.build_zone`; for rasters also as
        :func:`geobuffer.exposure_raster`, or there are rasters without ``values``, or ``values``
        without rasters.
    WrongKind
        ``border`` is not a border.

    Notes
    -----
    The pixels of rasters are read once, whatever the number of distances. The polygon of the widest
    zone decides which share of each pixel lies in the zone. Geodesic distances divide that share
    among the widths. If the line at some width crosses a pixel, the pixel is divided into four,
    again and again, until the distance is nearly linear in each part.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> curve = exposure_curve(gb.load_settlements(), border, side="Ukraine", to_km=20, step_km=5)
    >>> curve["within_km"].tolist(), bool(curve["places"].is_monotonic_increasing)
    ([5.0, 10.0, 15.0, 20.0], True)
    """
    check_arguments(side=(side, TEXT), values=(values, optional(TEXT)),
                    source=(source, optional(SOURCE)))  # fmt: skip
    to_km = _parse_distance(to_km, "to_km")
    step_km = None if step_km is None else _parse_distance(step_km, "step_km")
    check_border(border)
    _check_values_fit(table, values)
    name = border.find_side_name(side)
    if values is not None:
        step_km = step_km or max(to_km / _RASTER_ROWS, LEAST_STEP_KM)
        within = _curve_distances(np.empty(0), to_km, step_km)
        return _count_rasters(list_paths(table), border, name, within, values, source)
    places, _ = take_table(table, None)
    table = read_points_table(places)
    # The zone needs no polygon here: distances decide which places it holds.
    zone = BufferZone(border, (0.0, to_km), name, "round", (), math.inf, math.inf)
    classified = classify_table(table, zone, stacklevel=2)
    found = classified.frame
    signed = measure_signed_km(
        classified.lon, classified.lat, zone, found["distance_km"].to_numpy()
    )
    once = find_counted_once(table, [classified], stacklevel=2)
    unplaced = find_not_located(table, found["membership"].isna().to_numpy() & once)
    near = is_counted(found["membership"]) & once
    begin, sure = _entry_distances(found[near], signed[near], to_km)
    people = read_population(table)
    within = _curve_distances(found["distance_km"].to_numpy()[near], to_km, step_km)
    counted = _count_curve(within, begin, sure, people[near])
    _insert_expected(counted, classified, zone, within, once)
    if unplaced.is_known:
        counted["not_located"] = _count_not_located(within, begin, unplaced.select(near))
    return counted


def _check_values_fit(table: Any, values: str | None) -> None:
    """Raise DataError unless values= is given for rasters, and for them only."""
    # Iterating over a table yields texts, too (the names of its columns), like a list of paths.
    is_table = hasattr(table, "columns") or is_arrow_stream(table)
    is_raster = not is_table and PATHS.accepts(table)
    if values is not None:
        check_values(values)
    if is_raster and values is None:
        raise DataError(
            "Invalid values None: the first argument is a path. Must be 'counts' or 'density' for "
            "a raster; read places with read_settlements().",
            parameter="values",
        )
    if not is_raster and values is not None:
        raise DataError(
            f"Invalid values {values!r}: the first argument is a table. Must be given with the "
            "path of a raster, or several.",
            parameter="values",
        )


def _count_rasters(
    paths: list[str | Path],
    border: Border,
    side: str,
    within: Floats,
    values: str,
    source: Source | None,
) -> pd.DataFrame:
    """Return the people of rasters within every distance, and the areas without data."""
    source = source or read_raster_source(paths)
    zone = build_zone(border, km=float(within[-1]), side=side)
    with open_mosaics(paths, values) as mosaics:
        people, data, area = _add_up_pixels(mosaics, zone, within)
        warn_of_units(mosaics, stacklevel=4)
    whole = area_m2(zone.polygon) / 1e6
    is_full = data[-1] == area[-1]
    if abs(whole - area[-1]) <= ROUNDING_SHARE * whole:
        data = data * (whole / area[-1])
    else:
        # Part of the zone lies beyond the rasters.
        step = np.clip(within[-1] / 2.0 / _KM_PER_DEGREE, _LEAST_PIXEL_DEG, _MOST_PIXEL_DEG)
        *_, area = _add_up_pixels([make_empty_mosaic(float(step))], zone, within)
        is_full = False
    area = area * (whole / area[-1])
    covered = is_full | (data > (1.0 - _EXACT_SHARE) * area)
    found = pd.DataFrame(
        {"people": people, "data_km2": np.where(covered, area, data), "area_km2": area}
    )
    return add_figures(pd.DataFrame({"within_km": within}), found, source)


def _add_up_pixels(
    mosaics: Sequence[Mosaic], zone: BufferZone, within: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return people, km² with data and km² of pixels within every distance."""
    sums = np.zeros((3, len(within)))
    for mosaic, cells in measure_coverage(mosaics, [zone.polygon]):
        share = np.zeros(len(cells.lon))
        share[cells.cell] = cells.share
        known = ~np.isnan(cells.people)
        counted = np.where(known, [cells.people, cells.area_km2], 0.0)
        shares = DistanceShares(zone.border, zone.side, mosaic, within)
        sums += shares.add_up(cells, share, np.vstack([counted, cells.area_km2]) * share)
    people, data, area = sums
    return people, data, area


# Expected places are computed at this many distances at most, so that the time is linear in the
# rows. At 50 km these are a quarter of a kilometre apart, which is about the error of a place.
_MOST_EXPECTED = 200


def _insert_expected(
    counted: pd.DataFrame,
    found: Classification,
    zone: BufferZone,
    within: Floats,
    rows: NDArray[np.bool_],
) -> None:
    """Insert the columns of expected places into a curve, in front of the counts.

    Only `rows` count. If the curve has more distances, we interpolate between these.
    """
    to_km = zone.width_km
    step = max(to_km / _MOST_EXPECTED, LEAST_STEP_KM)
    at = within if len(within) <= _MOST_EXPECTED else np.append(np.arange(step, to_km, step), to_km)
    parts = list_parts(found, zone, [(0.0, float(km)) for km in at])
    guesses = expect_total(parts.select(rows[parts.row]))
    insert_columns(counted, [np.interp(within, at, values) for values in guesses])


def _parse_distance(given: float | str, name: str) -> float:
    """Return the end or the step of a curve in kilometres."""
    km = parse_km(given, name)
    if not (math.isfinite(km) and 0 < km <= LIMIT_M / 1e3):
        limit = f"{LIMIT_M / 1e3:,.0f} km"
        raise GeometryError(
            f"Invalid {name} {km:g}. Must be positive, and at most {limit}.",
            parameter=name,
        )
    if km < LEAST_STEP_KM:
        raise GeometryError(
            f"Invalid {name} {km:g}. Must be at least {LEAST_STEP_KM:g}, a metre.",
            parameter=name,
        )
    return km


def _entry_distances(found: pd.DataFrame, distance: Floats, to_km: float) -> tuple[Floats, Floats]:
    """Return the zone widths from which on each place may be inside, and certainly is inside."""
    margin = found["margin_km"].to_numpy()
    # A place whose margin does not reach the edge is uncertain because of its side. It stays
    # uncertain at every width.
    doubtful = (found["membership"] == "uncertain").to_numpy() & (
        np.abs(distance - to_km) >= margin
    )
    begin = np.where(margin > 0.0, distance - margin, np.nextafter(distance, -np.inf))
    return begin, np.where(doubtful, np.inf, distance + margin)


def _curve_distances(distance: Floats, to_km: float, step_km: float | None) -> Floats:
    if step_km is None:
        return np.unique(np.append(distance[distance <= to_km], to_km))
    # The last step may fall just short of the end because of rounding: then it is left out.
    steps = np.arange(1, math.ceil(to_km / step_km - 1e-9)) * float(step_km)
    return np.append(steps, to_km)


def _count_curve(within: Floats, begin: Floats, sure: Floats, people: Floats) -> pd.DataFrame:
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


def _count_not_located(within: Floats, begin: Floats, unplaced: NotLocated) -> NDArray[np.int64]:
    """Return how many places without a point may lie within each distance."""
    first = np.full(len(unplaced.known), np.inf)
    named = unplaced.hromada >= 0
    np.minimum.at(first, unplaced.hromada[named], begin[named])
    weight = unplaced.known.astype(float)
    return unplaced.anywhere + _sum_up_to(within, first, weight, "left").astype(np.int64)


def _sum_up_to(within: Floats, at: Floats, weight: Floats, side: Any) -> Floats:
    """Return the sums of the weights that lie below ("left") or up to ("right") each distance."""
    order = np.argsort(at, kind="stable")
    sums = np.append(0.0, np.cumsum(weight[order]))
    return np.asarray(sums[np.searchsorted(at[order], within, side=side)])
