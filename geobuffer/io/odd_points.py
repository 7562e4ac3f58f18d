"""Find points that mean "no point" or are probably mistakes, by the same rules in every format.

A point at 0, 0 and fillers such as -999 mean "no point". We keep other odd points, and a note names
their rows: one coordinate is 0, coordinates in radians, and points very far from all others, for
example because a sign is missing. We read long tables in batches, and store only counts by cells of
one degree.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from geobuffer.geodesy.ellipsoid import Floats

    Flags = NDArray[np.bool_]

# A point this near to 0, 0 (11 m, or 0.1 mm in a projection) is a zero with a rounding error. The
# nearest land is 570 km away.
_NEAR_ZERO = 1e-4

# Numbers that programs write for "no data": nines, and the limits of integer types. We compare them
# without their signs.
_FILLERS = np.array(
    sorted(
        {float("9" * digits) for digits in range(2, 11)}
        | {float(f"{'9' * digits}.{'9' * more}") for digits in range(2, 7) for more in range(1, 7)}
        | {32767.0, 32768.0, 65535.0, 2147483647.0, 2147483648.0}
    )
)
_HUGE = 1e30  # larger than any coordinate; the largest float32 is 3.4e38

# Coordinates in radians are at most π/2 and π, so as degrees they lie within 1.6° and 3.2° of 0, 0.
# There is no land: the coast of Africa is beyond 4° N or 8° E there, the island of Annobón at
# 5.6° E.
_RADIANS = math.pi / 2, math.pi

# 80 % of the points lie within some distance of their middle. A point is far from the others if it
# is farther away than three times that distance plus 1,000 km. In a round area with evenly spread
# places, 80 % lie within 0.89 of the radius, so the limit is beyond every place of a country of any
# size. Up to 20 % of the points may be wrong. In tables of the whole world, no point is far from
# the others.
_SHARE = 0.8
_TIMES, _MORE_KM = 3.0, 1_000.0
_FEWEST = 3  # with two points, we cannot know which one is wrong
_EARTH_KM = 6_371.0

# A coordinate of exactly 0 is odd if no other point lies within this many degrees of that axis.
_NEAR_AXIS = 5.0

# No projection has northings beyond 10,000 km or eastings beyond 33,000 km (with the number of the
# zone as the first digits). Degrees times a million are larger.
_MOST_METRES, _MOST_NORTHING = 3.4e7, 1.1e7
# National grids have their origin more than 100 km outside the country.
_FEW_METRES = 1e5

# How many points a message shows with their values.
_SHOWN = 3

#: The entry in the ``attrs`` of a table whose odd points were reported when it was read.
REPORTED = "geobuffer_odd_points_reported"


def find_fillers(lon: Floats, lat: Floats, *, in_degrees: bool) -> Flags:
    """Return which points have a number that stands for "no data", such as -999.

    In degrees, one such number beyond the globe is enough; in a projection, both must be equal.

    Examples
    --------
    >>> lon, lat = np.array([-999.0, -99.0, 35.0, -99.0]), np.array([51.0, -99.0, 9999.0, 51.0])
    >>> find_fillers(lon, lat, in_degrees=True).tolist()
    [True, True, True, False]
    """
    if not in_degrees:
        return np.asarray(_is_filler(lon) & (lon == lat))
    found = np.zeros(len(lon), dtype=bool)
    for one, limit in ((lon, 180.0), (lat, 90.0)):
        # Only values beyond the globe can be fillers. Comparing every value would take long.
        rows = np.flatnonzero(np.abs(one) > limit)
        found[rows] |= _is_filler(one[rows])
    return found


def _is_filler(numbers: Floats) -> Flags:
    # Infinity is not a filler: readers raise an error for it.
    huge = (np.abs(numbers) > _HUGE) & np.isfinite(numbers)
    return np.asarray(np.isin(np.abs(numbers), _FILLERS) | huge)


def find_zeros(x: Floats, y: Floats) -> Flags:
    """Return which points lie at 0, 0.

    Examples
    --------
    >>> find_zeros(np.array([0.0, 1e-6, 0.0]), np.array([0.0, -1e-7, 51.0])).tolist()
    [True, True, False]
    """
    return np.asarray((np.abs(x) < _NEAR_ZERO) & (np.abs(y) < _NEAR_ZERO))


class Rows(NamedTuple):
    """Some rows of a table: their number, and the first ones."""

    total: int = 0
    first: tuple[int, ...] = ()
    values: tuple[tuple[float, float], ...] = ()
    """Longitude and latitude of the first."""

    def add(self, numbers: Sequence[int], lon: Floats, lat: Floats) -> Rows:
        """Return these rows and further ones."""
        left = max(0, 5 - len(self.first))
        new = list(zip(lon[:left].tolist(), lat[:left].tolist(), strict=True))
        first = (*self.first, *(int(number) for number in numbers[:left]))
        return Rows(self.total + len(numbers), first, (*self.values, *new))


class _Cells(NamedTuple):
    """The number of points in each cell of one degree, and the first point of each cell.

    The entries for the first point of an empty cell have no meaning.
    """

    total: NDArray[np.int64]
    row: NDArray[np.int64]
    lon: Floats
    lat: Floats

    def filled(self) -> _Cells:
        """Return the cells that hold points."""
        there = self.total > 0
        return _Cells(self.total[there], self.row[there], self.lon[there], self.lat[there])


# Columns of 181 cells, from −180 to 180 and from −90 to 90: a point may lie at 180 or 90 exactly.
_CELLS = 361 * 181
_MIDDLE_CELL = 180 * 181 + 90


class OddPoints:
    """The odd points of a table, which may come in batches."""

    def __init__(self) -> None:
        self.zeros = self.fillers = self.radians = self.on_axis = Rows()
        self._cells: _Cells | None = None

    def drop(self, x: Floats, y: Floats, first: int = 0, *, in_degrees: bool = True) -> Flags:
        """Return which points of a batch mean "no point", and store them for the notes.

        Parameters
        ----------
        x, y
            The coordinates in the system of the table; NaN where there is no point.
        first
            The number of the first row of the batch.
        in_degrees
            Whether the coordinates are degrees.
        """
        zeros, fillers = find_zeros(x, y), find_fillers(x, y, in_degrees=in_degrees)
        self.zeros = _add_rows(self.zeros, zeros, x, y, first)
        self.fillers = _add_rows(self.fillers, fillers, x, y, first)
        return zeros | fillers

    def look(self, lon: Floats, lat: Floats, first: int = 0) -> None:
        """Search a batch of points for odd ones; coordinates in degrees, NaN for no point."""
        radians = (np.abs(lat) <= _RADIANS[0]) & (np.abs(lon) <= _RADIANS[1])
        if radians.any():  # coordinates in radians are not whole numbers
            radians &= (np.fmod(lon, 1.0) != 0.0) & (np.fmod(lat, 1.0) != 0.0)
        self.radians = _add_rows(self.radians, radians, lon, lat, first)
        on_axis = (lon == 0.0) | (lat == 0.0)
        self.on_axis = _add_rows(self.on_axis, on_axis, lon, lat, first)
        there = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat) & ~radians)
        if len(there):
            self._cells = _count_cells(self._cells, lon[there], lat[there], first + there)

    def list_notes(self, cite: Callable[[Rows], str], *, are_kept: bool = False) -> list[str]:
        """Return the notes for all batches.

        ``cite`` returns the words for rows. With ``are_kept``, points at 0, 0 stay points.
        """
        notes = []
        if self.zeros.total:
            what = "" if are_kept else ", got no point"
            asked = " Are their coordinates missing?" if are_kept else ""
            notes.append(f"rows at 0, 0, which is in the ocean{what}: {cite(self.zeros)}.{asked}")
        if self.fillers.total:
            shown = _show_points(self.fillers)
            notes.append(
                f"rows with numbers that stand for no data got no point: {cite(self.fillers)}: "
                f"{shown}."
            )
        if self.radians.total:
            notes.append(
                "points within 1.6° of latitude and 3.2° of longitude of 0, 0, where there is no "
                f"land: {cite(self.radians)}: {_show_points(self.radians)}. Are they in radians?"
            )
        far, middle, limit_km = self._find_far()
        if far.total:
            notes.append(
                f"points more than {limit_km:,.0f} km from the middle of the others: {cite(far)}: "
                f"{_show_points(far)}.{_explain(far, middle, limit_km)}"
            )
        elif self.on_axis.total and self._axis_is_odd():
            notes.append(
                f"one coordinate is exactly 0: {cite(self.on_axis)}: {_show_points(self.on_axis)}. "
                "Is it missing?"
            )
        return notes

    def _find_far(self) -> tuple[Rows, NDArray[np.float64], float]:
        """Return the points far from the others, the middle of all points, and the limit in km."""
        nothing = Rows(), np.zeros(3), 0.0
        if self._cells is None or (total := int(self._cells.total.sum())) < _FEWEST:
            return nothing
        cells = self._cells.filled()
        unit = _to_unit(cells.lon, cells.lat)
        middle = np.array([_find_weighted(axis, cells.total, (total + 1) // 2) for axis in unit])
        size = float(np.linalg.norm(middle))
        if size < 0.1:  # points spread over the whole globe have no middle
            return nothing
        middle /= size
        away_km = _measure_km(middle, unit)
        rank = min(math.ceil(_SHARE * total), total - 1)
        limit_km = _TIMES * _find_weighted(away_km, cells.total, rank) + _MORE_KM
        far = np.flatnonzero(away_km > limit_km)
        far = far[np.argsort(cells.row[far])]
        rows = Rows().add(cells.row[far].tolist(), cells.lon[far], cells.lat[far])
        return rows._replace(total=int(cells.total[far].sum())), middle, limit_km

    def _axis_is_odd(self) -> bool:
        """Return whether points lie exactly on an axis and no other points lie near it."""
        if self._cells is None:
            return False
        cells = self._cells.filled()
        near = (np.abs(cells.lon) < _NEAR_AXIS) | (np.abs(cells.lat) < _NEAR_AXIS)
        return int(cells.total[near].sum()) <= self.on_axis.total


def _add_rows(rows: Rows, chosen: Flags, lon: Floats, lat: Floats, first: int) -> Rows:
    numbers = np.flatnonzero(chosen)
    return (
        rows.add((first + numbers).tolist(), lon[numbers], lat[numbers]) if len(numbers) else rows
    )


def _count_cells(cells: _Cells | None, lon: Floats, lat: Floats, row: NDArray[np.int64]) -> _Cells:
    """Return the cells with the points of a batch added."""
    cell = np.floor(lon).astype(np.int64) * 181 + np.floor(lat).astype(np.int64) + _MIDDLE_CELL
    count = np.bincount(cell, minlength=_CELLS)
    first = np.zeros(_CELLS, dtype=np.int64)
    first[cell[::-1]] = np.arange(len(cell))[::-1]  # of several assignments, the last one stays
    if cells is None:
        return _Cells(count, row[first], lon[first], lat[first])
    seen = cells.total > 0
    return _Cells(
        cells.total + count,
        np.where(seen, cells.row, row[first]),
        np.where(seen, cells.lon, lon[first]),
        np.where(seen, cells.lat, lat[first]),
    )


def _find_weighted(values: Floats, weights: NDArray[np.int64], rank: int) -> float:
    """Return the value at a rank, counted from 1; ``weights`` says how often each value occurs."""
    order = np.argsort(values)
    return float(values[order][np.searchsorted(np.cumsum(weights[order]), rank)])


def _to_unit(lon: Floats, lat: Floats) -> Floats:
    """Return unit vectors (3, n) on a sphere."""
    x, y = np.radians(lon), np.radians(lat)
    return np.stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)])


def _measure_km(middle: Floats, unit: Floats) -> Floats:
    return np.asarray(_EARTH_KM * np.arccos(np.clip(middle @ unit, -1.0, 1.0)))


def _show_points(rows: Rows) -> str:
    """Return the values of the first rows."""
    shown = [f"longitude {lon:.7g}, latitude {lat:.7g}" for lon, lat in rows.values[:_SHOWN]]
    return "; ".join(shown) + ("; ..." if rows.total > _SHOWN else "")


def _explain(rows: Rows, middle: Floats, limit_km: float) -> str:
    """Return which mistake would explain points far from the others; "" without an explanation."""
    lon, lat = np.array(rows.values).T

    def is_near(x: Floats, y: Floats) -> Flags:
        fits = (np.abs(y) <= 90.0) & (np.abs(x) <= 360.0)
        return fits & (_measure_km(middle, _to_unit(x, y)) <= limit_km)

    if ((lon == 0.0) | (lat == 0.0)).all():
        return " One coordinate is 0: is it missing?"
    if (is_near(-lon, lat) | is_near(lon, -lat) | is_near(-lon, -lat)).all():
        return " With the other sign, they would lie among the others: is a sign wrong?"
    if is_near(lat, lon).all():
        return " They would lie among the others with longitude and latitude swapped."
    moved = [is_near(lon * a, lat * b) for a in (0.1, 1.0, 10.0) for b in (0.1, 1.0, 10.0)]
    if np.any(moved, axis=0).all():
        return " With the decimal point moved, they would lie among the others."
    return ""


def explain_beyond(lon: Floats, lat: Floats, *, swap: str, metres: str) -> str:
    """Return the likely reason for coordinates beyond the globe and the remedy, for a message.

    Parameters
    ----------
    lon, lat
        All coordinates of a table, of which some are beyond ±360 or ±90.
    swap, metres
        What to do if the axes are swapped, or the numbers may be metres.

    Examples
    --------
    >>> how = {"swap": "swap them.", "metres": "state the system."}
    >>> explain_beyond(np.array([35.0, 34.5, 35.1]), np.array([51.0, 50.9, 51123.0]), **how)
    'the others are degrees; is 51123 rather 51.123?'
    >>> explain_beyond(np.array([35038123.0]), np.array([51123456.0]), **how)
    'they seem to be degrees times a million, or ten million: divide them.'
    """
    there = np.isfinite(lon) & np.isfinite(lat)
    lon, lat = lon[there], lat[there]
    bad = (np.abs(lon) > 360.0) | (np.abs(lat) > 90.0)
    x, y = np.abs(lon[bad]), np.abs(lat[bad])
    if (np.isin(x, _FILLERS) | np.isin(y, _FILLERS)).all():
        return "such numbers stand for no data: leave the coordinates of the row empty."
    if (np.abs(lat) <= 360.0).all() and (np.abs(lon) <= 90.0).all():
        where = ", in this row or in all" if bad.mean() <= 0.5 else ""
        return f"are longitude and latitude swapped{where}? {swap}"
    if bad.mean() <= 0.5:
        return f"the others are degrees; {_guess_decimals(lon, lat, bad)}"
    if ((np.maximum(x, y) > _MOST_METRES) | (np.minimum(x, y) > _MOST_NORTHING)).all():
        return "they seem to be degrees times a million, or ten million: divide them."
    if (x < _FEW_METRES).all() and (y < _FEW_METRES).all() and (np.fmod([x, y], 1.0) == 0.0).all():
        return f"their decimal points seem to be lost; {_guess_decimals(lon, lat, bad)}"
    return f"metres of a projection {metres}"


def _guess_decimals(lon: Floats, lat: Floats, bad: Flags) -> str:
    """Return a question about the first wrong number, with its likely decimal point."""
    row = int(np.flatnonzero(bad)[0])
    if abs(lon[row]) <= 90.0 and abs(lat[row]) <= 180.0:
        return "are the longitude and latitude of this row swapped?"
    number, others, limit = (
        (lat[row], lat[~bad], 90.0) if abs(lat[row]) > 90.0 else (lon[row], lon[~bad], 180.0)
    )
    low, high = (others.min() - 1.0, others.max() + 1.0) if len(others) else (-limit, limit)
    for digits in range(1, 10):
        if low <= (guess := number / 10.0**digits) <= high:
            return f"is {number:.10g} rather {guess:.10g}?"
    return "correct the row."
