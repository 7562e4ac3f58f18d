"""A border line from a user's file: each feature a section, sides left and right of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geobuffer.errors import DataError
from geobuffer.geodesy import inverse
from geobuffer.model import BOTH, Source
from geobuffer.names import fold
from geobuffer.reading.columns import NAME, NAMES, find, named
from geobuffer.reading.expected import check_place
from geobuffer.reading.files import MAX_GB
from geobuffer.reading.shapes import check_lines
from geobuffer.reading.sources import read_shapes
from geobuffer.reading.texts import clean_names

if TYPE_CHECKING:
    from pathlib import Path

    from shapely.geometry import LineString, MultiLineString

    from geobuffer.model import Border, Region, Regions
    from geobuffer.reading.raw import Raw

_SIDES = ("left", "right")
_KINDS = ("LineString", "MultiLineString")

# Ends nearer than this are one: ten times what seven decimals of a degree, as GeoJSON has them
# by default, can part them by.
_JOINED_M = 0.1


class Lines(NamedTuple):
    """The sections of a line, in order, their names, and what they come from."""

    lines: tuple[LineString | MultiLineString, ...]
    names: tuple[str, ...]
    source: Source


def read_border(  # noqa: PLR0913 - one parameter for each fact that a file may not tell
    path: str | Path,
    *,
    name: str | None = None,
    layer: str | None = None,
    source: Source | None = None,
    crs: Any = None,
    sides: tuple[str, str] = _SIDES,
    near: Region | Regions | Border | None = None,
    swap: bool = False,
    max_gb: float = MAX_GB,
) -> Border:
    """Read a border from a file of lines, without regions: its sides are its left and right.

    Each feature is a section, in the order of the file, which is the order of the line. Left and
    right are those of somebody who goes along it. A feature that runs against the one before it
    is turned round, and a warning tells of it.

    Parameters
    ----------
    path, layer, crs, near, swap, max_gb
        As for :func:`geobuffer.read_regions`.
    name
        The column of the sections' names; by default ``name`` or the like. Features without a name
        are numbered.
    source
        Where the line comes from; by default the file's name, with nothing known of accuracy.
    sides
        What its left and its right are called.

    Raises
    ------
    DataError, MissingCRSError
        As :func:`geobuffer.read_regions`; the two sides have one name.
    GeometryError
        A row is no line, or as :func:`geobuffer.border_along`.

    Examples
    --------
    >>> import tempfile
    >>> import geopandas as gpd
    >>> line = shapely.LineString([(34, 51), (34, 50)])
    >>> river = gpd.GeoDataFrame({"name": ["Psel"]}, geometry=[line])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     river.set_crs("EPSG:4326").to_file(f"{folder}/river.gpkg")
    ...     read_border(f"{folder}/river.gpkg", sides=("east bank", "west bank"))
    Border(east bank | west bank: Psel; 111 km)
    """
    from geobuffer.shapes import border_along

    raw, title = read_shapes(path, layer, _KINDS, max_gb)
    check_lines(raw, crs, swap=swap)
    check_place(raw, near)
    read = _lines_of(raw, name, source or Source(title))
    border = border_along(read.lines, names=read.names, source=read.source)
    raw.tell()
    return border if sides == _SIDES else _called(border, sides)


def _called(border: Border, sides: tuple[str, str]) -> Border:
    """Return a border whose sides have other names."""
    left, right = sides
    if fold(left) == fold(right) or BOTH in sides:
        raise DataError(f"Invalid sides {sides!r}. Must be two names, and neither of them 'both'.")
    one, other = border.sides
    named = replace(one, name=left, names={}), replace(other, name=right, names={})
    return replace(border, sides=named)


def read_lines(
    path: str | Path,
    *,
    name: str | None = None,
    layer: str | None = None,
    source: Source | None = None,
    crs: Any = None,
    max_gb: float = MAX_GB,
) -> Lines:
    """Return the lines of a file as sections: what :func:`read_border` makes a border of.

    Parameters and errors as :func:`read_border`.
    """
    raw, title = read_shapes(path, layer, _KINDS, max_gb)
    check_lines(raw, crs)
    read = _lines_of(raw, name, source or Source(title))
    raw.tell()
    return read


def _lines_of(raw: Raw, name: str | None, source: Source) -> Lines:
    there = ~shapely.is_missing(raw.placed)
    if not there.any():
        raise DataError(f"Invalid file {raw.name}: it has no line. Must have one.")
    names = _names(raw, name)
    kept = np.flatnonzero(there)
    lines = _in_one_direction(raw, kept)
    return Lines(lines, tuple(names[row] for row in kept), source)


def _names(raw: Raw, given: str | None) -> list[str]:
    """Return a name for each row; a number where it has none."""
    columns = raw.frame.columns
    found = [named(raw, given, "name")] if given is not None else []
    for wanted in (NAME, NAMES["en"]):
        found = found or find(columns, wanted)
    names = clean_names(raw, raw.frame[found[0]]) if len(found) == 1 else [""] * len(raw.frame)
    return [text or f"section {number}" for number, text in enumerate(names, 1)]


def _in_one_direction(raw: Raw, rows: Any) -> tuple[LineString | MultiLineString, ...]:
    """Return lines of which none runs against the one before it."""
    lines = [_merged(raw.placed[row]) for row in rows]
    turned = []
    # The first has nothing before it: it is against the second if only its start touches it.
    if len(lines) > 1 and not _meets(lines[0], -1, lines[1]) and _meets(lines[0], 0, lines[1]):
        lines[0] = shapely.reverse(lines[0])
        turned.append(rows[0])
    for i in range(1, len(lines)):
        if _gap_m(lines[i - 1], -1, lines[i], 0) <= _JOINED_M:
            continue
        if _gap_m(lines[i - 1], -1, lines[i], -1) <= _JOINED_M:
            lines[i] = shapely.reverse(lines[i])
            turned.append(rows[i])
    if turned:
        raw.notes.append(f"turned round to run on from the one before: {raw.rows(turned)}.")
    return tuple(lines)


def _merged(line: LineString | MultiLineString) -> LineString | MultiLineString:
    """Return a line with those of its parts joined that run on from the one before, in order."""
    runs: list[Any] = []
    for part in shapely.get_parts(line):
        xy = shapely.get_coordinates(part)
        if runs and (runs[-1][-1] == xy[0]).all():
            runs[-1] = np.vstack([runs[-1], xy[1:]])
        else:
            runs.append(xy)
    lines = [shapely.LineString(run) for run in runs]
    return lines[0] if len(lines) == 1 else shapely.MultiLineString(lines)


def _meets(line: LineString | MultiLineString, end: int, other: Any) -> bool:
    return any(_gap_m(line, end, other, at) <= _JOINED_M for at in (0, -1))


def _gap_m(one: Any, end: int, other: Any, other_end: int) -> float:
    """Return the distance between an end (0 or −1) of one line and one of another."""
    a, b = (shapely.get_coordinates(line)[at] for line, at in ((one, end), (other, other_end)))
    _, _, distance = inverse(a[0], a[1], b[0], b[1])
    return float(distance[0])
