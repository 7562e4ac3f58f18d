"""Estimate the people in each ring of a zone from rasters, and set that beside what places say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import shapely

from geobuffer.errors import DataError, did_you_mean
from geobuffer.exposure import COUNTS
from geobuffer.geodesy import area_m2, has_numba
from geobuffer.model import BOTH
from geobuffer.mosaics import covered, open_mosaics
from geobuffer.rasters import check_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shapely.geometry.base import BaseGeometry

    from geobuffer.model import BufferZone, Source
    from geobuffer.mosaics import Mosaic

# What of a raster can be told apart; what its pixels may say.
_RASTER_BY = ("side", "oblast", "section")
_VALUES = ("counts", "density")

# An area taken from pixels agrees with that of the polygon to some 10⁻⁵: less than this share of
# it missing is rounding, more lies outside the rasters.
_ROUNDING = 1e-4
# Polygons of different origin leave slivers between them, which are nobody's: a hectare.
_SLIVER_M2 = 1e4
# Pixels of a block.
_MANY = 15_000
# Stands for no side, oblast or section while rows are grouped; no name holds a zero byte.
_NONE = "\0"


def exposure_raster(
    rasters: str | Path | Iterable[str | Path],
    zone: BufferZone,
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
        GeoTIFF or ASCII grid files of one band, in any reference system: one, or several
        that do not tell any place twice. Read block by block, however large.
    zone
        The zone; its polygons are laid over the pixels.
    values
        ``"counts"`` if a pixel says how many people live in it, ``"density"`` if how many to a
        square kilometre.
    by
        ``"side"``; ``"oblast"``, the regions the border was made of; or ``"section"``, a pixel
        being counted to the section nearest to its centre.
    cumulative
        Count all that lies within a ring's outer edge, not just between its two edges.
    source
        Where the raster comes from, to be told in the columns ``source`` (its title) and ``as_of``.

    Returns
    -------
    pandas.DataFrame
        A row for each ring (and value of ``by``): ``ring`` (or ``within_km``); ``population``, at
        least, as nobody is counted where the raster has no data, and missing where it has none at
        all; ``area_km2`` of the ring; ``no_data_km2`` of it, outside the rasters or without data
        in them, and ``no_data_share``; ``source`` and ``as_of``.

    Raises
    ------
    DataError
        A raster is missing, not readable or not north up; has several bands or values below zero
        in the zone; says of its values something else than ``values``; or two tell of one place.
    MissingCRSError
        A raster has no coordinate reference system.

    Notes
    -----
    Shares are those of a pixel's area in the raster's own plane, computed exactly by exactextract
    (Baston). Within a pixel of 1 km the scale of longitude and latitude changes by less than
    0.03 % up to 60° of latitude, so that a share is off by less than that; a pixel of 100 m, a
    tenth of it. People are taken to be spread evenly within a pixel.

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
    if values not in _VALUES:
        raise DataError(f"Invalid values {values!r}. {did_you_mean(str(values), _VALUES)}")
    if by is not None and by not in _RASTER_BY:
        raise DataError(f"Invalid by {by!r}. {did_you_mean(by, _RASTER_BY)}")
    paths = [rasters] if isinstance(rasters, (str, Path)) else list(rasters)
    pieces = _pieces(zone, None if by == "section" else by)
    with open_mosaics(paths) as mosaics:
        for raster in (raster for mosaic in mosaics for raster in mosaic.rasters):
            check_values(raster, values)
        sums = _summed(mosaics, [piece.shape for piece in pieces], zone, values, by == "section")
    found = _by_section(pieces, sums, zone) if by == "section" else _by_piece(pieces, sums)
    if cumulative:
        found = _within(found)
    known = found["data_km2"] > 0.0
    edges = {"within_km": [zone.edges_km[n + 1] for n in found["ring"]]}
    rings = {"ring": [zone.ring_names[n] for n in found["ring"]]}
    table = pd.DataFrame(edges if cumulative else rings)
    if by is not None:
        table[by] = found["key"].to_numpy()
    table["population"] = found["people"].where(known).to_numpy()
    table["area_km2"] = found["area_km2"].to_numpy()
    table["no_data_km2"] = (found["area_km2"] - found["data_km2"]).to_numpy()
    table["no_data_share"] = table["no_data_km2"] / table["area_km2"]
    table["source"] = source.title if source else None
    table["as_of"] = source.as_of if source else None
    return table


def compare_exposure(places: pd.DataFrame, raster: pd.DataFrame) -> pd.DataFrame:
    """Put what places say and what a raster says side by side.

    Parameters
    ----------
    places
        What :func:`exposure` returned.
    raster
        What :func:`exposure_raster` returned for the same zone, ``by`` and ``cumulative``.

    Returns
    -------
    pandas.DataFrame
        Their rows, joined; ``population``, ``as_of`` and ``source`` carry ``_places`` or
        ``_raster`` at their end. Neither is the truth: the first leaves out all who live in places
        without a figure (``without_figure``) or a point, the second is a model's guess.

    Raises
    ------
    DataError
        The two were counted by different rings or columns.

    Examples
    --------
    >>> places = pd.DataFrame({"ring": ["0–5 km"], "places": [3], "population": [120]})
    >>> raster = pd.DataFrame({"ring": ["0–5 km"], "population": [431.5], "no_data_share": [0.0]})
    >>> compare_exposure(places, raster).columns.tolist()
    ['ring', 'places', 'population_places', 'population_raster', 'no_data_share']
    """
    keys = [_keys(table) for table in (places, raster)]
    if keys[0] != keys[1] or set(places[keys[0][0]]) - set(raster[keys[1][0]]):
        raise DataError(
            f"Invalid tables: one counts by {', '.join(keys[0])}, the other by "
            f"{', '.join(keys[1])}, or by other rings. Must be of one zone, counted alike."
        )
    by = keys[0]
    rings = {ring: number for number, ring in enumerate(raster[by[0]].unique())}
    marked = [
        table.rename(columns={c: f"{c}_{mark}" for c in ("population", "as_of", "source")})
        for table, mark in ((places, "places"), (raster, "raster"))
    ]
    joined = marked[0].merge(marked[1], on=by, how="outer")
    # Where no place was listed there is none; of a raster nobody can say so.
    counts = [c for c in (*COUNTS, "population_places") if c in joined]
    joined[counts] = joined[counts].fillna(0).astype(int)
    order = [joined[by[0]].map(rings), *(joined[c].fillna("").astype(str) for c in by[1:])]
    rank = np.lexsort([key.to_numpy() for key in reversed(order)])
    joined.attrs |= places.attrs
    return joined.iloc[rank].reset_index(drop=True)


class _Piece(NamedTuple):
    """A part of a ring, by what it is counted."""

    ring: int
    key: str | None
    shape: BaseGeometry


def _pieces(zone: BufferZone, by: str | None) -> list[_Piece]:
    """Return the rings, cut by side or oblast; what belongs to none comes last."""
    whole = [_Piece(number, None, ring) for number, ring in enumerate(zone.rings)]
    if by is None:
        return whole
    if by == "side" and zone.side != BOTH:
        return [piece._replace(key=zone.side) for piece in whole]
    if by == "side":
        areas = {side.name: side.area for side in zone.border.sides if side.area is not None}
        missing = [side.name for side in zone.border.sides if side.area is None]
        rest = missing[0] if missing else ""
    else:
        areas, rest = {r.name: r.geometry for r in zone.border.regions}, None
    pieces = []
    for piece in whole:
        left = piece.shape
        for key, area in areas.items():
            pieces.append(_Piece(piece.ring, key, shapely.intersection(left, area)))
            left = shapely.difference(left, area)
        pieces.append(_Piece(piece.ring, rest, left))
    return [piece for piece in pieces if area_m2(piece.shape) > _SLIVER_M2]


def _summed(
    mosaics: Sequence[Mosaic],
    shapes: Sequence[BaseGeometry],
    zone: BufferZone,
    values: str,
    by_section: bool,  # noqa: FBT001
) -> pd.DataFrame:
    """Sum people, and km² with data and of pixels, for each shape (and section)."""
    empty = pd.DataFrame(columns=["people", "data_km2", "grid_km2"], dtype=float)
    total = empty.set_index(pd.MultiIndex.from_arrays([[], []], names=["shape", "section"]))
    for cells in covered(mosaics, shapes):
        known = ~np.isnan(cells.value)
        people = np.where(known, cells.value, 0.0)
        people = people * cells.area_km2 if values == "density" else people
        section = np.zeros(len(people), dtype=np.int64)
        if by_section:
            # From so many pixels on, a third of a second's work, the compiled engine is worth it.
            compiled = True if has_numba() and len(people) > _MANY else None
            section = zone.border.index.nearest(cells.lon, cells.lat, compiled=compiled).line
        at, share = cells.cell, cells.share
        sums = pd.DataFrame(
            {
                "shape": cells.shape,
                "section": section[at],
                "people": people[at] * share,
                "data_km2": np.where(known, cells.area_km2, 0.0)[at] * share,
                "grid_km2": cells.area_km2[at] * share,
            }
        )
        total = total.add(sums.groupby(["shape", "section"]).sum(), fill_value=0.0)
    return total.reset_index()


def _by_piece(pieces: list[_Piece], sums: pd.DataFrame) -> pd.DataFrame:
    """Return people, km² with data and km² in all of each piece."""
    found = sums.set_index("shape")[["people", "data_km2", "grid_km2"]]
    found = found.reindex(range(len(pieces)), fill_value=0.0)
    found["ring"] = [piece.ring for piece in pieces]
    found["key"] = pd.Series([piece.key for piece in pieces], index=found.index, dtype=object)
    found["area_km2"] = [area_m2(piece.shape) / 1e6 for piece in pieces]
    return _rounded(found)


def _by_section(pieces: list[_Piece], sums: pd.DataFrame, zone: BufferZone) -> pd.DataFrame:
    """Return the same of each section in each ring; what no pixel covers belongs to none."""
    names = [section.name for section in zone.border.sections]
    found = sums.rename(columns={"shape": "ring"}).sort_values(["ring", "section"])
    found["key"] = pd.Series([names[int(n)] for n in found["section"]], found.index, dtype=object)
    found["area_km2"] = found["grid_km2"]
    beyond = []
    for piece in pieces:
        area = area_m2(piece.shape) / 1e6
        left = area - found.loc[found["ring"] == piece.ring, "grid_km2"].sum()
        if left > _ROUNDING * area:
            beyond.append({"ring": piece.ring, "key": None, "area_km2": left})
    if beyond:
        rest = pd.DataFrame(beyond).assign(people=0.0, data_km2=0.0, grid_km2=0.0, section=-1)
        found = rest if found.empty else pd.concat([found, rest]).sort_values("ring", kind="stable")
    return found.reset_index(drop=True)


def _rounded(found: pd.DataFrame) -> pd.DataFrame:
    """Make up for what areas of pixels and polygons differ by where all pixels have data."""
    off = (found["area_km2"] - found["grid_km2"]).abs() <= _ROUNDING * found["area_km2"]
    scale = (found["area_km2"] / found["grid_km2"]).where(off, 1.0)
    within = (found["data_km2"] * scale).clip(upper=found["area_km2"])
    full = off & (found["data_km2"] == found["grid_km2"])
    return found.assign(data_km2=within.where(~full, found["area_km2"]))


def _within(found: pd.DataFrame) -> pd.DataFrame:
    """Add to each ring all that lies within it."""
    order = found.assign(key=found["key"].fillna(_NONE))
    rings = range(int(order["ring"].max()) + 1)
    grid = pd.MultiIndex.from_product([rings, dict.fromkeys(order["key"])], names=["ring", "key"])
    columns = ["people", "data_km2", "area_km2"]
    summed = order.set_index(["ring", "key"])[columns].reindex(grid, fill_value=0.0)
    summed = summed.groupby(level="key", sort=False).cumsum().reset_index()
    summed = summed[summed["area_km2"] > 0.0].reset_index(drop=True)
    keys = [None if key == _NONE else key for key in summed["key"]]
    return summed.assign(key=pd.Series(keys, index=summed.index, dtype=object))


def _keys(table: pd.DataFrame) -> list[str]:
    """Return the columns by which a table of exposure was counted."""
    said = {*COUNTS, "as_of", "source", "area_km2", "no_data_km2", "no_data_share"}
    keys = [str(column) for column in table.columns if column not in said]
    if not keys or keys[0] not in {"ring", "within_km"}:
        raise DataError("Invalid table: no ring. Must come from exposure or exposure_raster.")
    return keys
