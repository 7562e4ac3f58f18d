"""A border line from a user's file: each feature a section, sides left and right of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geobuffer.errors import DataError
from geobuffer.model import BOTH, Source
from geobuffer.names import fold
from geobuffer.reading.columns import NAME, NAMES, find, named
from geobuffer.reading.expected import check_place
from geobuffer.reading.files import MAX_GB
from geobuffer.reading.runs import one_way
from geobuffer.reading.shapes import check_lines
from geobuffer.reading.sources import read_shapes
from geobuffer.reading.texts import clean_names

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry import LineString, MultiLineString

    from geobuffer.model import Border, Region, Regions
    from geobuffer.reading.raw import Raw
    from geobuffer.reading.runs import Runs

_SIDES = ("left", "right")
_KINDS = ("LineString", "MultiLineString")


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

    Each feature is a section. Left and right are those of somebody who goes along the line: the way
    in which the features are listed, or, where their order is not that of the line, the way most
    of it was drawn. Features, and parts of one, that run against the rest are turned round, and
    those out of order are put in order; warnings tell of it, and of places where lines branch.

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


def _lines_of(raw: Raw, name: str | None, source: Source) -> Lines:
    there = ~shapely.is_missing(raw.placed)
    if not there.any():
        raise DataError(f"Invalid file {raw.name}: it has no line. Must have one.")
    names = _names(raw, name)
    kept = np.flatnonzero(there)
    runs = one_way(list(raw.placed[kept]))
    _note(raw, runs, kept)
    titles = tuple(names[row] for row in kept[runs.rows])
    return Lines(tuple(runs.lines), titles, source)


def _names(raw: Raw, given: str | None) -> list[str]:
    """Return a name for each row; a number where it has none."""
    columns = raw.frame.columns
    found = [named(raw, given, "name")] if given is not None else []
    for wanted in (NAME, NAMES["en"]):
        found = found or find(columns, wanted)
    names = clean_names(raw, raw.frame[found[0]]) if len(found) == 1 else [""] * len(raw.frame)
    return [text or f"section {number}" for number, text in enumerate(names, 1)]


def _note(raw: Raw, runs: Runs, rows: NDArray[np.int64]) -> None:
    """Note what was done so that all lines run one way, and where that is not certain."""
    if runs.turned:
        turned = raw.rows(rows[runs.turned])
        raw.notes.append(f"turned round, wholly or in part, so that all run one way: {turned}.")
    if runs.rows != sorted(runs.rows):
        order = raw.rows(rows[runs.rows])
        raw.notes.append(f"not in the order of the line, into which they were put: {order}.")
    if len(runs.branches):
        (lon, lat), more = runs.branches[0], len(runs.branches) - 1
        raw.notes.append(
            f"three lines or more meet at {lon:.4f}, {lat:.4f} (longitude, latitude)"
            f"{f' and {more} more places' if more else ''}: left and right of each beyond are as "
            "most of it was drawn. Must be one line, without branches, for them to be sure."
        )
