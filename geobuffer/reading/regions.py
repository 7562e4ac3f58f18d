"""Regions from a user's file: each a named area with its source."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geobuffer.errors import DataError
from geobuffer.model import Region, Regions, Source
from geobuffer.reading.columns import COUNTRY, ISO, find, name_column, name_columns, named, plain
from geobuffer.reading.expected import check_place
from geobuffer.reading.files import MAX_GB
from geobuffer.reading.raw import check_rows
from geobuffer.reading.shapes import check_polygons
from geobuffer.reading.sources import read_shapes
from geobuffer.reading.texts import clean_names

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from geobuffer.model import Border
    from geobuffer.reading.raw import Raw

_ALPHA_2 = re.compile(r"[A-Z]{2}")


def read_regions(  # noqa: PLR0913 - one parameter for each fact that a file may not tell
    path: str | Path,
    *,
    name: str | None = None,
    layer: str | None = None,
    source: Source | None = None,
    names: Mapping[str, str] | None = None,
    iso: str | None = None,
    country: str | None = None,
    crs: Any = None,
    near: Region | Regions | Border | None = None,
    swap: bool = False,
    max_gb: float = MAX_GB,
) -> Regions:
    """Read regions from a file of areas, or from a PostGIS table.

    Several rows of one name are one region of several parts, if they agree in all other texts
    (islands are often kept so); if they do not, they are namesakes and refused. Areas come out in
    longitude and latitude, without heights, valid, cut at the antimeridian. Of all that was done
    to them, and of rows left out, a warning tells.

    Parameters
    ----------
    path
        GeoPackage, GeoJSON, FlatGeobuf, Shapefile, KML or KMZ, GeoParquet, a zip archive of one
        of these; or ``postgresql://user@host/database?table=schema.table`` (or ``?query=SELECT
        …``), for which the extra ``postgis`` is needed.
    name
        The column of names. By default the one that is plainly meant: ``name``, ``name_en``,
        ``shapeName``, ``ADM1_EN``, ``NAME_1`` and the like.
    layer
        The layer, or the file within an archive, where there are several that may be meant.
    source
        Where the outlines come from; by default the file's name, with nothing known of accuracy.
    names
        Columns of full names by language; ``name_en``, ``name:uk``, ``ADM1_UA`` and the like are
        found by themselves.
    iso, country
        Columns of ISO 3166 codes, found by themselves where their names tell; ``country`` may be
        a code of two letters for all.
    crs
        The coordinate reference system, where the file does not tell it or tells it wrongly.
    near
        Where they are expected: if most are not, but would be with longitude and latitude swapped,
        the file is refused.
    swap
        Take the first coordinate for the latitude.
    max_gb
        The largest size, unpacked, that is read.

    Raises
    ------
    DataError
        The file is not there, damaged, of no format that is read, or too large; a column or layer
        is not there or must be told; no region is left; namesakes; the axes are swapped.
    GeometryError
        A row is no area, or so broken that repairing it would change it by more than 1 %.
    MissingCRSError
        Neither the file nor ``crs`` tells the reference system.

    Examples
    --------
    >>> import tempfile
    >>> import geobuffer as gb
    >>> import geopandas as gpd
    >>> area = shapely.box(30, 50, 31, 51)
    >>> park = gpd.GeoDataFrame({"park_name": ["Riverside"]}, geometry=[area])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     park.set_crs("EPSG:4326").to_file(f"{folder}/parks.gpkg")
    ...     read_regions(f"{folder}/parks.gpkg", source=gb.Source("City parks 2025"))
    Regions(Riverside)
    """
    raw, title = read_shapes(path, layer, ("Polygon", "MultiPolygon"), max_gb)
    check_rows(raw)
    column = name_column(raw, name)
    by_language = name_columns(raw, names or {})
    codes = _codes(raw, iso, ISO, "iso"), _countries(raw, country)
    check_polygons(raw, crs, swap=swap)
    check_place(raw, near)
    labels = clean_names(raw, raw.frame[column])
    groups = _groups(_kept(raw, labels), labels)
    _join_parts(raw, groups, column)
    told = {language: clean_names(raw, raw.frame[c]) for language, c in by_language.items()}
    regions = tuple(
        Region(
            name=label,
            geometry=_whole(raw, rows),
            source=source or Source(title),
            names={language: texts[rows[0]] for language, texts in told.items() if texts[rows[0]]},
            iso=codes[0][rows[0]],
            country=codes[1][rows[0]],
        )
        for label, rows in groups.items()
    )
    raw.tell()
    return Regions(regions)


def _codes(raw: Raw, given: str | None, wanted: tuple[str, ...], option: str) -> list[str]:
    """Return the codes of a column, given or found; empty texts where there is none."""
    found = [named(raw, given, option)] if given is not None else find(raw.frame.columns, wanted)
    if len(found) != 1:
        return [""] * len(raw.frame)
    column = raw.frame[found[0]]
    return [
        str(v).strip() if known else "" for v, known in zip(column, column.notna(), strict=True)
    ]


def _countries(raw: Raw, given: str | None) -> list[str]:
    """Return codes of two letters; whatever else a column called *country* holds is none."""
    if given is not None and given not in raw.frame.columns and _ALPHA_2.fullmatch(given):
        return [given] * len(raw.frame)
    codes = [code.upper() for code in _codes(raw, given, COUNTRY, "country")]
    if given is not None:
        for row, code in enumerate(codes):
            if code and not _ALPHA_2.fullmatch(code):
                raise DataError(
                    f"Invalid {given} in {raw.row(row)}: {code!r}. Must be an ISO code of two "
                    "letters."
                )
    return [code if _ALPHA_2.fullmatch(code) else "" for code in codes]


def _kept(raw: Raw, labels: list[str]) -> list[int]:
    """Return the rows that have a name and an area."""
    nameless = [row for row, label in enumerate(labels) if not label]
    if nameless:
        raw.notes.append(f"left out, as they have no name: {raw.rows(nameless)}.")
    there = ~shapely.is_missing(raw.placed)
    kept = [int(row) for row in np.flatnonzero(there) if labels[row]]
    if not kept:
        raise DataError(f"Invalid file {raw.name}: no row has a name and an area. Must have one.")
    return kept


def _groups(rows: list[int], labels: list[str]) -> dict[str, list[int]]:
    """Return rows by their names, in order."""
    groups: dict[str, list[int]] = {}
    for row in rows:
        groups.setdefault(labels[row], []).append(row)
    return groups


def _join_parts(raw: Raw, groups: Mapping[str, list[int]], column: str) -> None:
    """Note regions of several rows, and refuse namesakes: rows that differ in another text."""
    joined = {label: rows for label, rows in groups.items() if len(rows) > 1}
    texts = [c for c in raw.frame.columns if raw.frame[c].map(lambda v: isinstance(v, str)).any()]
    for label, rows in joined.items():
        for other in texts:
            values = list(dict.fromkeys(raw.frame[other].iloc[rows].dropna()))
            if other != column and plain(other) not in _OF_A_PART and len(values) > 1:
                one, two = values[:2]
                raise DataError(
                    f"Ambiguous {raw.name}: {label!r} names {raw.rows(rows)}, which differ in "
                    f"{other!r} ({one!r}, {two!r}). Tell a column of different names with name=, "
                    "or join the rows first if they are parts of one region."
                )
    if joined:
        shown = ", ".join(f"{label} ({len(rows)})" for label, rows in list(joined.items())[:6])
        more = f" and {len(joined) - 6} more" if len(joined) > 6 else ""
        raw.notes.append(f"rows of one name were joined to one region: {shown}{more}.")


# Texts that tell one part of a region from another, and not one region from its namesake.
_OF_A_PART = ("id", "fid", "gid", "objectid", "osm_id", "shapeid", "uuid", "globalid")


def _whole(raw: Raw, rows: list[int]) -> Any:
    """Return the area of a region: that of its row, or of its parts together."""
    if len(rows) == 1:
        return raw.placed[rows[0]]
    return shapely.union_all(raw.placed[rows])
