"""Find the columns that hold the points or shapes of a table: by tags, by headings, by values.

We look for two columns of coordinates first, then for one column of points. Tags of the
Humanitarian Exchange Language are sure. Two pairs of equally sure headings are ambiguous. We go by
values alone only if exactly one pair of columns gives points near the expected area.
"""

from __future__ import annotations

import re
from itertools import permutations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import shapely

from geobuffer.errors import DataError
from geobuffer.io.point_tables import find_near_points
from geobuffer.io.read import column_words as words
from geobuffer.io.read.column_words import fold_heading
from geobuffer.io.read.columns import add_points, require_column
from geobuffer.io.read.point_headings import AXES, find_axes, find_pairs, has_point_heading
from geobuffer.io.read.point_texts import (
    ShapeColumn,
    explain_fault,
    is_well_known_text,
    parse_shapes,
)
from geobuffer.io.read.reproject import parse_crs
from geobuffer.io.read.shape_kinds import note_closed_rings, unwrap_points
from geobuffer.zones.coordinates import CoordinateError, parse_coordinate
from geobuffer.zones.quantities import quote_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.io.read.source_table import SourceTable


class PointColumns(NamedTuple):
    """The columns that hold the points of a table: those of longitude and latitude, or one."""

    columns: tuple[str, ...]
    note: str = ""
    """What was assumed."""

    @property
    def is_one(self) -> bool:
        """Whether one column holds the whole point."""
        return len(self.columns) == 1


def locate_points(
    name: str,
    columns: Sequence[str],
    sample: Callable[[], pd.DataFrame],
    *,
    tags: Mapping[str, str] = {},
    near: Sequence[shapely.Geometry] = (),
    in_metres: bool = False,
) -> PointColumns | None:
    """Return the columns that hold the points of a table; ``None`` if we cannot find them.

    Parameters
    ----------
    name
        The name of the table, for messages.
    columns
        The headings.
    sample
        A function that returns the first rows, or all; called if the headings do not decide.
    tags
        The meaning of columns, from the tags of HXL.
    near
        Shapes near which most points are expected.
    in_metres
        Whether x and y are expected rather than degrees.

    Raises
    ------
    DataError
        Several pairs of columns, or several columns, may hold the points.
    """
    tagged = {meaning: column for column, meaning in tags.items()}
    if {"latitude", "longitude"} <= tagged.keys():
        return PointColumns((tagged["longitude"], tagged["latitude"]))
    if "point" in tagged:
        return PointColumns((tagged["point"],))
    pairs = find_pairs(columns, in_metres=in_metres)
    if pairs:
        _check_parts(name, columns)
        return PointColumns(_choose_pair(name, pairs, sample))
    frame = sample()
    one = find_shape_column(name, frame, ("Point", "MultiPoint"))
    if one is not None:
        return PointColumns((one,))
    found = _find_near_pair(frame, near) if len(near) else None
    if found is None:
        _check_shape_texts(name, frame)
    return found


def _check_shape_texts(name: str, frame: pd.DataFrame) -> None:
    """Raise an error for a column of well-known text (WKT) that cannot be read."""
    for column in frame.columns:
        texts = (value for value in frame[column].head(_TRIED_VALUES) if isinstance(value, str))
        if (text := next(texts, None)) is None or not is_well_known_text(text):
            continue
        raise DataError(
            f"Invalid {column} of {name}: {quote_value(text)} is no well-known text that can be "
            "read: numbers or brackets are wrong, or collections are nested too deeply. "
            "Must be such as POINT (35.038 51.123)."
        )


def _choose_pair(
    name: str, pairs: Sequence[tuple[str, str]], sample: Callable[[], pd.DataFrame]
) -> tuple[str, str]:
    """Return the only pair, or the first if all hold the same values."""
    if len(pairs) == 1:
        return pairs[0]
    frame = sample()
    alike = all(_hold_the_same(frame, pairs[0], other) for other in pairs[1:])
    if alike and len({column for pair in pairs for column in pair}) == 2 * len(pairs):
        return pairs[0]
    for number, word, option in ((0, "longitude", "lon"), (1, "latitude", "lat")):
        several = list(dict.fromkeys(pair[number] for pair in pairs))
        if len({pair[1 - number] for pair in pairs}) == 1:
            shown = ", ".join(map(repr, several[:12]))
            raise DataError(
                f"Ambiguous {name}: several columns may be the {word}. Choose it with "
                f"{option}=: {shown}."
            )
    shown = ", ".join(f"{lat!r} with {lon!r}" for lon, lat in pairs[:6])
    raise DataError(
        f"Ambiguous {name}: several pairs of columns may be the coordinates: {shown}. Choose one "
        "with lat= and lon=."
    )


def _hold_the_same(frame: pd.DataFrame, one: tuple[str, str], other: tuple[str, str]) -> bool:
    return all(
        frame[a].astype(str).tolist() == frame[b].astype(str).tolist()
        for a, b in zip(one, other, strict=True)
    )


def _check_parts(name: str, columns: Sequence[str]) -> None:
    """Raise an error if degrees and minutes are in separate columns."""
    for axes in (find_axes(columns, "degrees"), find_axes(columns, "extents")):
        parts = [
            column
            for axis in axes
            for rest, found in axis.items()
            if words.PARTS_OF_DEGREES.intersection(rest.split("_")) and not _has_greatest(axis)
            for column in found
        ]
        if len(parts) > 1:
            shown = ", ".join(map(repr, parts))
            raise DataError(
                f"Invalid table {name}: degrees and minutes are in separate columns ({shown}). "
                "Must be one number for each coordinate: add minutes / 60 to the degrees."
            )


def _has_greatest(axis: Mapping[str, Any]) -> bool:
    """Return whether there is a maximum; if so, "min" means minimum and not minutes."""
    return any("max" in rest.split("_") for rest in axis)


# How many values of a column we read to see whether it holds points.
_TRIED_VALUES = 200


def find_shape_column(
    name: str, frame: pd.DataFrame, kinds: Sequence[str], preferred: Sequence[str] = ()
) -> str | None:
    """Return the column that holds whole points or shapes; ``None`` without one.

    Parameters
    ----------
    name
        The name of the table, for messages.
    frame
        The first rows, or all.
    kinds
        The names of the wanted geometry types.
    preferred
        Columns that the file itself states as columns of shapes.

    Raises
    ------
    DataError
        Several columns hold shapes, and they differ.
    """
    found: dict[int, list[str]] = {}
    for column in frame.columns:
        if (rank := _rank_shapes(frame[column], str(column), kinds)) is not None:
            found.setdefault(-1 if column in preferred else rank, []).append(str(column))
    if not found:
        return None
    best = found[min(found)]
    if len(best) > 1 and not all(_hold_same_shapes(frame, best[0], other) for other in best[1:]):
        shown = ", ".join(map(repr, best))
        raise DataError(
            f"Ambiguous {name}: several columns hold shapes: {shown}. Must be only one; remove the "
            "others, or choose columns of coordinates with lon= and lat=."
        )
    return best[0]


def _rank_shapes(column: pd.Series, heading: str, kinds: Sequence[str]) -> int | None:
    """Return how surely a column holds shapes: 0 (also by its heading) is surest, ``None`` no."""
    if not (
        column.dtype == object
        or isinstance(column.dtype, (pd.StringDtype, pd.CategoricalDtype, pd.ArrowDtype))
    ):
        return None
    values = column.dropna().tolist()[:_TRIED_VALUES]
    read = parse_shapes(values)
    there = ~shapely.is_missing(read.shapes)
    pairs = ~np.isnan(read.first)
    if not (there.any() or pairs.any()):
        return None
    is_known = has_point_heading(heading)
    wrong = float(read.wrong.sum()) / len(values)
    if wrong > (0.5 if is_known else 0.0):
        return None
    if there.any():
        fits = {shape.geom_type for shape in read.shapes[there]} & set(kinds)
        return (0 if is_known else 1) if fits else 4
    if "Point" not in kinds or not (is_known or _are_exact(read)):
        return None
    return 2 if is_known else 3


def _are_exact(read: ShapeColumn) -> bool:
    """Return whether all pairs have decimals or letters: whole numbers may be counts."""
    pairs = ~np.isnan(read.first)
    exact = (read.first % 1 != 0) & (read.second % 1 != 0) | (read.eastward != 0)
    return bool(exact[pairs].all())


def _hold_same_shapes(frame: pd.DataFrame, one: str, other: str) -> bool:
    a, b = (parse_shapes(frame[column].tolist()) for column in (one, other))
    same = shapely.equals_exact(a.shapes, b.shapes, 1e-6) | shapely.is_missing(a.shapes)
    return bool(
        same.all()
        and np.array_equal(shapely.is_missing(a.shapes), shapely.is_missing(b.shapes))
        and np.allclose(a.first, b.first, equal_nan=True)
        and np.allclose(a.second, b.second, equal_nan=True)
    )


# We compare at most this many columns of numbers with one another, and this many points of each.
_MOST_COLUMNS = 12
_MOST_ROWS = 1_000


def _find_near_pair(frame: pd.DataFrame, near: Sequence[shapely.Geometry]) -> PointColumns | None:
    """Return the only two columns of numbers whose points lie where they are expected."""
    rows = frame.head(_MOST_ROWS)
    if any(re.search(r"\d", str(c)) and not re.search(r"[^\W\d]", str(c)) for c in rows.columns):
        return None  # the header holds numbers, so it is the first row of data
    read = {str(c): _read_degrees(rows[c]) for c in rows.columns}
    numbers = {column: found for column, found in read.items() if found is not None}
    near_pairs = []
    for x, y in permutations(list(numbers)[:_MOST_COLUMNS], 2):
        there = np.isfinite(numbers[x]) & np.isfinite(numbers[y])
        if there.any() and (np.abs(numbers[y][there]) <= 90.0).all():
            straight, _ = find_near_points(numbers[x][there], numbers[y][there], near)
            # 90 % is enough, because a table may have a few distant places.
            if straight.mean() > 0.9:
                near_pairs.append((x, y))
    if len(near_pairs) != 1:
        return None
    lon, lat = near_pairs[0]
    note = (
        f"no heading names the coordinates: {lon!r} was taken as the longitude and {lat!r} as the "
        "latitude, because only these two columns give points in the expected area. lon= and lat= "
        "can state others."
    )
    return PointColumns((lon, lat), note)


def _read_degrees(column: pd.Series) -> Floats | None:
    """Return a column as degrees if its numbers have decimals and are within 180; else ``None``."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return None
    found = np.full(len(column), np.nan)
    for row, value in enumerate(column.tolist()):
        if value is None or value is pd.NA or value is pd.NaT:
            continue
        try:
            found[row] = parse_coordinate(str(value), "longitude")
        except CoordinateError:
            return None
    if (np.abs(found) > 180.0).any():
        return None
    there = found[np.isfinite(found)]
    # Counts and codes are whole numbers.
    return found if len(there) and (there % 1 != 0).mean() > 0.9 else None


def add_point_columns(
    table: SourceTable,
    lon: str | None,
    lat: str | None,
    crs: object,
    near: Sequence[shapely.Geometry] = (),
) -> None:
    """Add points to a table from the columns that hold them.

    ``lon`` and ``lat`` are the columns that the caller states.

    Raises
    ------
    DataError
        There are no such columns, or several of them; or a value is not a coordinate. The message
        names the line, the column and the value.
    """
    columns = [str(column) for column in table.frame.columns]
    if lon is not None or lat is not None:
        east, north = complete_pair(table, columns, lon, lat)
        add_points(table, east, north, crs, is_stated=True)
        return
    in_metres = crs is not None and parse_crs(crs).is_projected
    at = locate_points(
        table.name, columns, lambda: table.frame, tags=table.tags, near=near, in_metres=in_metres
    )
    if at is None:
        raise missing_column_error(table.name, columns)
    if at.note:
        table.notes.append(at.note)
    if at.is_one:
        set_shapes(table, at.columns[0], crs)
    else:
        add_points(table, at.columns[0], at.columns[1], crs)


def add_shape_column(table: SourceTable, kinds: Sequence[str]) -> None:
    """Set the shapes of a table without a geometry from a column of well-known text or binary.

    Raises
    ------
    DataError
        No column holds shapes, or several do.
    """
    column = find_shape_column(table.name, table.frame, kinds)
    if column is None:
        raise DataError(
            f"Invalid file {table.name}: a table has no shapes. Must be a layer of lines or areas, "
            "or have a column of well-known text (WKT); read_settlements() reads tables with "
            "coordinates."
        )
    set_shapes(table, column, None)


def complete_pair(
    table: SourceTable, columns: Sequence[str], lon: str | None, lat: str | None
) -> tuple[str, str]:
    """Return both columns of coordinates; the caller stated one or both."""
    if lon is not None:
        require_column(table, lon, "lon")
    if lat is not None:
        require_column(table, lat, "lat")
    if lon is not None and lat is not None:
        return lon, lat
    number, given = (0, lon) if lon is not None else (1, lat)
    pairs = find_pairs(columns)
    found = [pair for pair in pairs if pair[number] == given] or pairs
    others = list(dict.fromkeys(pair[1 - number] for pair in found))
    if not others:
        others = [
            column
            for kind in AXES
            for of_rest in find_axes(columns, kind)[1 - number].values()
            for column in of_rest
            if column != given
        ][:1]
    if len(others) != 1:
        raise missing_column_error(table.name, columns, ("lat", "lon")[number], others)
    return (str(given), others[0]) if number == 0 else (others[0], str(given))


def missing_column_error(
    name: str, columns: Sequence[str], option: str = "", several: Sequence[str] = ()
) -> DataError:
    """Return the error about a column of coordinates that is missing or ambiguous."""
    if not option:
        lon = any(find_axes(columns, kind)[0] for kind in AXES)
        option = "lat" if lon else "lon"
    word = {"lon": "longitude", "lat": "latitude"}[option]
    what = "several columns may be" if several else "no column is known as"
    shown = ", ".join(map(repr, (several or columns)[:12]))
    return DataError(f"Ambiguous {name}: {what} the {word}. Choose it with {option}=: {shown}.")


def set_shapes(table: SourceTable, column: str, crs: object) -> None:
    """Set the shapes of a table from the column that holds them, and leave the column out.

    Raises
    ------
    DataError
        A value is not a shape, or the shapes have several reference systems.
    """
    read = read_shape_column(table, column)
    pairs = ~np.isnan(read.first)
    stated = crs
    if crs is None and read.srids:
        if len(read.srids) > 1:
            shown = ", ".join(map(str, sorted(read.srids)))
            raise DataError(
                f"Invalid {column} of {table.name}: its shapes are in the reference systems "
                f"{shown}. Must be in one."
            )
        stated = f"EPSG:{next(iter(read.srids))}"
    facts = PairFacts.of(read)
    x, y = order_pairs(column, read, facts)
    if note := choose_order(column, facts)[1]:
        table.notes.append(note)
    points = ~shapely.is_missing(read.shapes) & (shapely.get_type_id(read.shapes) == 0)
    if pairs.any() or points.sum() == len(points):
        x[points], y[points] = shapely.get_coordinates(read.shapes[points]).T
        # No other column has these names; add_points() removes the columns again.
        table.frame = table.frame.drop(columns=[column]).assign(**{"\0lon": x, "\0lat": y})
        add_points(table, "\0lon", "\0lat", stated)
        table.axes = None
        return
    table.shapes, table.frame = read.shapes, table.frame.drop(columns=[column])
    # Without an SRID we assume degrees, which the caller may correct with crs.
    table.crs, table.crs_is_fixed = parse_crs(stated or "EPSG:4326"), stated is None


def read_shape_column(table: SourceTable, column: str) -> ShapeColumn:
    """Return the shapes of a column; an error names the row of a value that is not a shape."""
    values = table.frame[column].tolist()
    read = parse_shapes(values)
    if read.wrong.any():
        row = int(np.flatnonzero(read.wrong)[0])
        raise DataError(
            f"Invalid {column} in {table.cite_row(row)}: {quote_value(values[row])}"
            f"{explain_fault(values[row])}. Must be a pair such as 51.123, 35.038, or well-known "
            "text such as POINT (35.038 51.123), or well-known binary."
        )
    note_closed_rings(table, read.closed)
    return read


class PairFacts(NamedTuple):
    """What the pairs of a whole column show about their order, besides the heading."""

    is_open: bool = False
    """Whether any pair does not state its order by letters."""
    first_beyond: bool = False
    """Whether any first number of such pairs is beyond 90 and so not a latitude."""
    second_beyond: bool = False
    has_others: bool = False
    """Whether some shapes are not points."""

    @classmethod
    def of(cls, read: ShapeColumn) -> PairFacts:
        """Return the facts of a column, or of a part of it."""
        rows = (read.eastward == 0) & np.isfinite(read.first)
        first, second = (bool((np.abs(x[rows]) > 90.0).any()) for x in (read.first, read.second))
        others = ~np.isin(shapely.get_type_id(unwrap_points(read.shapes)), (-1, 0))
        return cls(bool(rows.any()), first, second, bool(others.any()))

    @classmethod
    def join(cls, parts: Iterable[PairFacts]) -> PairFacts:
        """Return the facts of all parts of a column."""
        return cls(*(any(values) for values in zip(cls(), *parts, strict=True)))


def order_pairs(column: str, read: ShapeColumn, facts: PairFacts) -> tuple[Floats, Floats]:
    """Return the longitudes and latitudes of pairs.

    Letters decide, then the heading, then numbers beyond 90. Otherwise we take the latitude first,
    as most people write pairs.
    """
    eastward, _ = choose_order(column, facts)
    is_east = np.where(read.eastward == 0, eastward, read.eastward > 0)
    first, second = read.first, read.second
    return np.where(is_east, first, second), np.where(is_east, second, first)


def choose_order(column: str, facts: PairFacts) -> tuple[bool, str]:
    """Return whether the longitude is first in the pairs of a column, and a note if assumed."""
    folded = fold_heading(column)
    if folded in words.POINTS_EASTWARD or _LONGITUDE_FIRST.search(folded):
        return True, ""
    if _LATITUDE_FIRST.search(folded) or facts.second_beyond or not facts.is_open:
        return False, ""
    if facts.first_beyond:
        return True, ""
    return False, (
        f"the pairs of numbers in {column!r} were taken as latitude, longitude. If the longitude "
        "is first, swap=True turns them."
    )


_LATITUDE_FIRST = re.compile(r"(?:^|_)lat[a-z]*_?(?:and_)?(?:lon|lng)")
_LONGITUDE_FIRST = re.compile(r"(?:^|_)(?:lon[a-z]*|lng)_?(?:and_)?lat")
