"""Estimate the people in each ring of a zone from rasters, and compare with counts of places."""

from __future__ import annotations

import warnings
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import shapely
from pandas.api.types import is_numeric_dtype

from geobuffer.analysis.count_rows import label_rings
from geobuffer.analysis.expectation import round_to_digits
from geobuffer.analysis.exposure import COUNTS, EXPECTED, MODEL
from geobuffer.analysis.membership import answer
from geobuffer.analysis.raster_metadata import read_raster_source
from geobuffer.analysis.rasters import measure_coverage, open_mosaics
from geobuffer.errors import DataError, did_you_mean
from geobuffer.geodesy.buffer import trace_outline
from geobuffer.geodesy.ellipsoid import area_m2
from geobuffer.geodesy.sides import split_sides
from geobuffer.zones.arguments import FLAG, PATH, TEXT, Kind, check_arguments, is_each, optional
from geobuffer.zones.border import AROUND, BOTH
from geobuffer.zones.checks import check_zone
from geobuffer.zones.source import ORIGIN, SOURCE
from geobuffer.zones.zone import BufferZone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geobuffer.analysis.rasters import Mosaic
    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.zones.border import Border
    from geobuffer.zones.region import Region
    from geobuffer.zones.source import Source
    from geobuffer.zones.zone import Zone

    # Returns the number of the section or side of points in longitude and latitude; −1 for neither.
    _Label = Callable[[Floats, Floats], NDArray[np.signedinteger]]


# The columns by which a raster can be counted, and the meanings of its values.
_RASTER_BY = ("side", "oblast", "section")
_VALUES = ("counts", "density")
PATHS = Kind(
    lambda value: PATH.accepts(value) or is_each(value, PATH.accepts),
    "a path of a raster, or several",
)
_COUNTS_TABLE = Kind(
    lambda value: (
        isinstance(value, pd.DataFrame) and bool({"ring", "within_km"} & set(value.columns))
    ),
    "a table of exposure() or exposure_raster()",
)

# The area summed over pixels agrees with that of the polygon to some 10⁻⁵. If less than this share
# is missing, that is rounding; if more is missing, it lies outside the rasters.
ROUNDING_SHARE = 1e-4
# Polygons of different origin leave slivers between them, which belong to no side or oblast. We
# drop parts up to a hectare, but in a small ring no more than rounding.
_SLIVER_M2 = 1e4
# Stands for a missing side, oblast or section while we group rows. No name holds a zero byte.
_NO_KEY = "\0"


def exposure_raster(
    rasters: str | Path | Iterable[str | Path],
    zone: Zone,
    *,
    values: str,
    by: str | None = None,
    cumulative: bool = False,
    source: Source | None = None,
) -> pd.DataFrame:
    """Estimate the people in each ring of a zone from a raster, by the share of each pixel in it.

    Parameters
    ----------
    rasters
        GeoTIFF or ASCII grid files of one band, in any reference system: one file, or several
        that do not overlap. They are read block by block, so they may be larger than memory.
    zone
        The zone. Its polygons are laid over the pixels.
    values
        ``"counts"`` if a pixel holds the number of its people, ``"density"`` if it holds people
        per square kilometre. A file may state another unit, such as people per hectare or thousand
        people. Its values are then converted, with a warning.
    by
        ``"side"``; ``"oblast"``, the regions from which the border was made; or ``"section"``. A
        pixel counts for the section nearest to its centre. Sides cut the zone exactly. Only in
        combined zones whose borders have different sides, or whose borders are bare lines, the
        centre of the pixel decides on the side.
    cumulative
        Count everything within the outer edge of a ring, not only between its two edges.
    source
        The source of the raster, for the columns ``source`` (its title) and ``as_of``. By default
        it is read from the metadata file that :func:`geobuffer.fetch` stores beside each raster.

    Returns
    -------
    pandas.DataFrame
        A row for each ring (and value of ``by``). ``ring`` names it; with ``cumulative`` it is
        ``within_km``, and ``from_km`` before it if the zone begins at some distance.
        ``population`` is a lower limit, because areas without data count no people; it is missing
        if the whole ring has no data. ``area_km2`` is the area of the ring, ``no_data_km2`` the
        part of it that lies outside the rasters or has no data, and ``no_data_share`` the share of
        that part. ``source`` and ``as_of`` name the source.

    Raises
    ------
    DataError
        A raster is missing, not readable or not north up; it has several bands or negative values
        in the zone; its own description contradicts ``values``; or two rasters overlap.
    MissingCRSError
        A raster has no coordinate reference system.
    WrongKind
        ``zone`` is not a zone.

    Notes
    -----
    exactextract (Baston) computes the share of a pixel in a shape exactly, in the plane of the
    raster. Within a pixel of 1 km the scale of longitude and latitude changes by less than 0.03 %
    up to 60° of latitude, so the error of a share is smaller than that. For a pixel of 100 m the
    error is a tenth. We assume that people are spread evenly within a pixel.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> zone = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=1)
    >>> exposure_raster("nowhere.tif", zone, values="counts")
    Traceback (most recent call last):
    geobuffer.errors.DataError: No file nowhere.tif. Must be a raster on this machine.
    """
    check_arguments(
        rasters=(rasters, PATHS),
        values=(values, TEXT),
        by=(by, optional(TEXT)),
        cumulative=(cumulative, FLAG),
        source=(source, optional(SOURCE)),
    )
    check_zone(zone)
    check_values(values)
    if by is not None and by not in _RASTER_BY:
        raise DataError(f"Invalid by {by!r}. {did_you_mean(by, _RASTER_BY)}", parameter="by")
    paths = list_paths(rasters)
    source = source or read_raster_source(paths)
    label = _pixel_label(zone, by)
    pieces = _cut_rings(zone, None if label else by)
    with open_mosaics(paths, values) as mosaics:
        sums = _sum_pixels(mosaics, [piece.shape for piece in pieces], label)
        warn_of_units(mosaics, stacklevel=3)
    if label is None:
        found = _tabulate_pieces(pieces, sums)
    else:
        named = zone.sections if by == "section" else zone.sides
        found = _tabulate_labels(pieces, sums, [one.name for one in named])
    if cumulative:
        found = _accumulate_rings(found)
    labels = label_rings(zone, cumulative=cumulative)
    rings = pd.DataFrame([labels[n] for n in found["ring"]], columns=list(labels[0]))
    if by is not None:
        rings[by] = found["key"].to_numpy()
    return add_figures(rings, found, source)


def check_values(values: str) -> None:
    """Raise an error unless this says what the pixels of a raster hold."""
    if values not in _VALUES:
        raise DataError(
            f"Invalid values {values!r}. {did_you_mean(str(values), _VALUES)}", parameter="values"
        )


def list_paths(rasters: str | Path | Iterable[str | Path]) -> list[str | Path]:
    """Return the paths of one raster or of several."""
    return [rasters] if isinstance(rasters, (str, Path)) else list(rasters)


def warn_of_units(mosaics: Iterable[Mosaic], *, stacklevel: int) -> None:
    """Warn of each raster whose values were converted from the unit that its file states."""
    for mosaic in mosaics:
        for raster, reading in zip(mosaic.rasters, mosaic.readings, strict=True):
            if reading.note:
                warnings.warn(f"{raster.name}: {reading.note}", stacklevel=stacklevel)


def add_figures(rings: pd.DataFrame, found: pd.DataFrame, source: Source | None) -> pd.DataFrame:
    """Return rings with their people, areas and source."""
    table = rings.copy()
    table["population"] = found["people"].where(found["data_km2"] > 0.0).to_numpy()
    table["area_km2"] = found["area_km2"].to_numpy()
    table["no_data_km2"] = (found["area_km2"] - found["data_km2"]).to_numpy()
    table["no_data_share"] = table["no_data_km2"] / table["area_km2"]
    table["source"] = source.title if source else None
    table["as_of"] = source.as_of if source else None
    return table


def compare_exposure(places: pd.DataFrame, raster: pd.DataFrame) -> pd.DataFrame:
    """Join the counts from places and from a raster, side by side.

    Parameters
    ----------
    places
        The result of :func:`exposure`.
    raster
        The result of :func:`exposure_raster` for the same zone, ``by`` and ``cumulative``.

    Returns
    -------
    pandas.DataFrame
        The joined rows. ``population``, ``as_of`` and ``source`` end with ``_places`` or
        ``_raster``. Neither figure is exact: the first one leaves out places without a figure
        (``without_figure``) or a point, and the second one is the estimate of a model. The range
        ``population_model_low`` to ``population_model_high`` is widened to include the raster.

    Raises
    ------
    DataError
        The two tables count by different rings or columns, or have no name of an oblast, side or
        section in common.

    Examples
    --------
    >>> places = pd.DataFrame({"ring": ["0–5 km"], "places": [3], "population": [120]})
    >>> raster = pd.DataFrame({"ring": ["0–5 km"], "population": [431.5], "no_data_share": [0.0]})
    >>> compare_exposure(places, raster).columns.tolist()
    ['ring', 'places', 'population_places', 'population_raster', 'no_data_share']
    """
    for name, table in (("places", places), ("raster", raster)):
        check_arguments(**{name: (table, _COUNTS_TABLE)})
    keys = [_key_columns(table) for table in (places, raster)]
    ring = "ring" if "ring" in keys[0] else "within_km"
    if keys[0] != keys[1] or set(places[ring]) - set(raster[ring]):
        raise DataError(
            f"Invalid tables: one counts by {', '.join(keys[0])}, the other by "
            f"{', '.join(keys[1])}, or by other rings. Must be of one zone, with the same columns."
        )
    by = keys[0]
    for column in by[by.index(ring) + 1 :]:
        _check_common_names(places[column], raster[column], column)
    rings = {ring: number for number, ring in enumerate(raster[ring].unique())}
    marked = [
        table.rename(columns={c: f"{c}_{mark}" for c in ("population", "as_of", "source")})
        for table, mark in ((places, "places"), (raster, "raster"))
    ]
    joined = marked[0].merge(marked[1], on=by, how="outer")
    # A ring without a row in the table of places has no places. For the raster it stays missing.
    absent = joined["places"].isna()
    guesses = [column for column in (*EXPECTED, *MODEL) if column in joined]
    joined.loc[absent, guesses] = 0
    known = {*by, *guesses, "as_of_places"}
    types = marked[0].dtypes
    counts = [str(c) for c in types.index if c not in known and is_numeric_dtype(types[c])]
    joined[counts] = joined[counts].fillna(0).astype({c: types[c] for c in counts})
    basis = _include_raster(joined)
    others = [joined[column].fillna("").astype(str) for column in by if column != ring]
    order = [joined[ring].map(rings), *others]
    rank = np.lexsort([key.to_numpy() for key in reversed(order)])
    joined.attrs |= places.attrs
    facts = joined.attrs.get(ORIGIN, {})
    if basis and "population_model" in facts:
        joined.attrs[ORIGIN] = facts | {"population_model": f"{facts['population_model']}; {basis}"}
    return joined.iloc[rank].reset_index(drop=True)


def _include_raster(joined: pd.DataFrame) -> str:
    """Widen the model's range to what a raster counts; return the words for that choice, or ""."""
    if not {*MODEL, "population_raster"} <= set(joined):
        return ""
    counted = joined["population_raster"].map(round_to_digits, na_action="ignore")
    given = joined[list(MODEL)].astype("Float64").assign(raster=counted)
    ends = given.drop(columns=MODEL[1]).min(axis=1), given.drop(columns=MODEL[0]).max(axis=1)
    for name, end in zip(MODEL, ends, strict=True):
        bounded = end.clip(lower=joined["population_places"])
        joined[name] = bounded.where(given[name].notna()).astype("Int64")
    return "or as many as the raster counts"


def _check_common_names(places: pd.Series, raster: pd.Series, column: str) -> None:
    """Refuse two tables without a common name: joined, every row would count 0 places."""
    ours, theirs = (set(names[names.notna() & (names != "")]) for names in (places, raster))
    if ours and theirs and not ours & theirs:
        shown = "; ".join(", ".join(sorted(map(str, names))[:5]) for names in (ours, theirs))
        raise DataError(
            f"Invalid {column}: places and raster have no name in common ({shown}). Must have the "
            f"same names; rename the regions or the table's column {column!r}."
        )


class _Piece(NamedTuple):
    """A part of a ring, and the key that it counts for."""

    ring: int
    key: str | None
    shape: BaseGeometry


def _pixel_label(zone: Zone, by: str | None) -> _Label | None:
    """Return a function from the centres of pixels to sections or sides; None if shapes are cut."""
    if by == "section" and isinstance(zone, BufferZone):
        index = zone.border.index
        return lambda lon, lat: index.nearest(lon, lat).line
    if by == "section":
        return lambda lon, lat: answer(lon, lat, zone).section
    if by == "side" and _common_border(zone) is None:
        return lambda lon, lat: answer(lon, lat, zone).side
    return None


def _common_border(zone: Zone) -> Border | None:
    """Return a border whose sides can cut the whole zone, or None."""
    if isinstance(zone, BufferZone):
        return zone.border
    first, *rest = (one.border for one in zone.zones)
    alike = all(border.sides == first.sides for border in rest) and not first.is_bare
    return first if alike else None


def _cut_rings(zone: Zone, by: str | None) -> list[_Piece]:
    """Return the rings, cut by side or oblast; the part that belongs to neither comes last."""
    whole = [_Piece(number, None, ring) for number, ring in enumerate(zone.rings)]
    if by is None:
        return whole
    if by == "side" and isinstance(zone, BufferZone) and zone.side not in {BOTH, AROUND}:
        return [piece._replace(key=zone.side) for piece in whole]
    if by == "side":
        areas = _side_areas(zone)
        missing = [side.name for side in zone.sides if side.name not in areas]
        rest = missing[0] if missing else ""
    else:
        areas, rest = _unite_regions(zone.regions), None
    pieces = []
    for piece in whole:
        left = piece.shape
        least = min(_SLIVER_M2, ROUNDING_SHARE * area_m2(left))
        parts = []
        for key, area in areas.items():
            parts.append(_Piece(piece.ring, key, shapely.intersection(left, area)))
            left = shapely.difference(left, area)
        parts.append(_Piece(piece.ring, rest, left))
        pieces += [part for part in parts if area_m2(part.shape) > least]
    return pieces


def _side_areas(zone: Zone) -> dict[str, BaseGeometry]:
    """Return the territory of each side; for a bare line, the areas left and right of it."""
    border = _common_border(zone)
    if border is None or not border.is_bare:
        return {side.name: side.area for side in zone.sides if side.area is not None}
    width_m, tolerance_m = zone.width_km * 1e3, min(zone.tolerance_m, zone.width_km * 10.0)
    outline = trace_outline(border.index, width_m, tolerance_m=tolerance_m)
    left, right, _ = split_sides(border.index, outline, width_m, tolerance_m=tolerance_m)
    return dict(zip((side.name for side in zone.sides), (left, right), strict=True))


def _unite_regions(regions: Iterable[Region]) -> dict[str, BaseGeometry]:
    """Return the areas of regions by name; different regions of one name are one area."""
    by_name: dict[str, list[BaseGeometry]] = {}
    for region in regions:
        by_name.setdefault(region.name, []).append(region.geometry)
    return {
        name: shapes[0] if len(shapes) == 1 else shapely.union_all(shapes)
        for name, shapes in by_name.items()
    }


def _sum_pixels(
    mosaics: Sequence[Mosaic],
    shapes: Sequence[BaseGeometry],
    label: _Label | None,
) -> pd.DataFrame:
    """Sum people, km² with data and km² of pixels for each shape (and label)."""
    empty = pd.DataFrame(columns=["people", "data_km2", "grid_km2"], dtype=float)
    total = empty.set_index(pd.MultiIndex.from_arrays([[], []], names=["shape", "label"]))
    for _, cells in measure_coverage(mosaics, shapes):
        known = ~np.isnan(cells.people)
        people = np.where(known, cells.people, 0.0)
        labels = np.zeros(len(people), dtype=np.int64)
        if label is not None:
            labels = label(cells.lon, cells.lat).astype(np.int64)
        at, share = cells.cell, cells.share
        sums = pd.DataFrame(
            {
                "shape": cells.shape,
                "label": labels[at],
                "people": people[at] * share,
                "data_km2": np.where(known, cells.area_km2, 0.0)[at] * share,
                "grid_km2": cells.area_km2[at] * share,
            }
        )
        total = total.add(sums.groupby(["shape", "label"]).sum(), fill_value=0.0)
    return total.reset_index()


def _tabulate_pieces(pieces: list[_Piece], sums: pd.DataFrame) -> pd.DataFrame:
    """Return people, km² with data and total km² of each piece."""
    found = sums.set_index("shape")[["people", "data_km2", "grid_km2"]]
    found = found.reindex(range(len(pieces)), fill_value=0.0)
    found["ring"] = [piece.ring for piece in pieces]
    found["key"] = pd.Series([piece.key for piece in pieces], index=found.index, dtype=object)
    found["area_km2"] = [area_m2(piece.shape) / 1e6 for piece in pieces]
    return absorb_rounding(found)


def _tabulate_labels(
    pieces: list[_Piece], sums: pd.DataFrame, names: Sequence[str]
) -> pd.DataFrame:
    """Return people and areas of each name in each ring; areas without pixels have no name."""
    # We group by name, because sections may share one. The order is that of the names; the part on
    # neither side comes first.
    order = {name: number for number, name in enumerate(dict.fromkeys(["", *names]))}
    key = [[*names, ""][int(number)] for number in sums["label"]]
    found = sums.rename(columns={"shape": "ring"}).drop(columns="label")
    found = found.assign(rank=[order[name] for name in key])
    found = found.groupby(["ring", "rank"], as_index=False).sum()
    found["key"] = pd.Series([list(order)[n] for n in found["rank"]], found.index, dtype=object)
    found["area_km2"] = found["grid_km2"]
    beyond = []
    for piece in pieces:
        area = area_m2(piece.shape) / 1e6
        left = area - found.loc[found["ring"] == piece.ring, "grid_km2"].sum()
        if left > ROUNDING_SHARE * area:
            beyond.append({"ring": piece.ring, "key": None, "area_km2": left})
    if beyond:
        rest = pd.DataFrame(beyond).assign(people=0.0, data_km2=0.0, grid_km2=0.0, rank=-1)
        found = rest if found.empty else pd.concat([found, rest]).sort_values("ring", kind="stable")
    return found.reset_index(drop=True)


def absorb_rounding(found: pd.DataFrame) -> pd.DataFrame:
    """Remove the rounding between areas of pixels and of polygons, so that full rings are full."""
    off = (found["area_km2"] - found["grid_km2"]).abs() <= ROUNDING_SHARE * found["area_km2"]
    scale = (found["area_km2"] / found["grid_km2"]).where(off, 1.0)
    within = (found["data_km2"] * scale).clip(upper=found["area_km2"])
    full = off & (found["data_km2"] == found["grid_km2"])
    return found.assign(data_km2=within.where(~full, found["area_km2"]))


def _accumulate_rings(found: pd.DataFrame) -> pd.DataFrame:
    """Add the rings inside it to each ring."""
    order = found.assign(key=found["key"].fillna(_NO_KEY))
    rings = range(int(order["ring"].max()) + 1)
    grid = pd.MultiIndex.from_product([rings, dict.fromkeys(order["key"])], names=["ring", "key"])
    columns = ["people", "data_km2", "area_km2"]
    summed = order.set_index(["ring", "key"])[columns].reindex(grid, fill_value=0.0)
    summed = summed.groupby(level="key", sort=False).cumsum().reset_index()
    summed = summed[summed["area_km2"] > 0.0].reset_index(drop=True)
    keys = [None if key == _NO_KEY else key for key in summed["key"]]
    return summed.assign(key=pd.Series(keys, index=summed.index, dtype=object))


def _key_columns(table: pd.DataFrame) -> list[str]:
    """Return the columns by which a table of exposure was counted."""
    figures = {
        *EXPECTED,
        *COUNTS,
        *MODEL,
        "not_located",
        "as_of",
        "source",
        "area_km2",
        "no_data_km2",
        "no_data_share",
    }
    # Keys stand first. Behind them there may be sums of any columns.
    keys = [str(column) for column in takewhile(lambda name: name not in figures, table.columns)]
    if not {"ring", "within_km"} & set(keys):
        raise DataError("Invalid table: no ring. Must come from exposure or exposure_raster.")
    return keys
