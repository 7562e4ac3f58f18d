"""Find which areas hold given points, many at a time.

Testing a point against an area takes a hundred nanoseconds or more. :class:`AreaIndex` keeps a grid
of cells. No outline crosses most cells, so all their points lie in the same areas, and a look-up is
enough. We test points one by one only in cells that an outline crosses. The answers for all points
are therefore those of :func:`geobuffer.geodesy.ellipsoid.covers_points`.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geobuffer.geodesy.ellipsoid import covers_points, number_within_groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy.ellipsoid import Floats

    Flags = NDArray[np.bool_]

# The number of columns and of rows. Near the default border an outline crosses one cell in fifty,
# and the table takes half a megabyte, which fits into the processor's caches. With a quarter of the
# cells we test twice as many points; with four times as many the look-up costs more than it saves.
_SIZE = 512

# How far the grid reaches beyond the shapes near which points are expected, in degrees: some
# 110 km. We test points farther away one by one.
_MARGIN = 1.0

# Building the grid of two areas takes 20 ms, as long as testing 60,000 points. Once the grid
# exists, it saves time from 500 points on.
_ENOUGH, _ENOUGH_ONCE_BUILT = 60_000, 500

# We widen outlines by this share of a cell. Otherwise rounding could put a point of an outline into
# another cell than the outline.
_PAD = 1e-6

# How many points we look up at once: an array of them is 128 kB, which fits into the caches.
_POINTS = 16_384

# Whether a cell lies outside an area, in it, or on its outline.
_BESIDE, _HELD, _CROSSED = _STATES = range(3)


class Holders(NamedTuple):
    """Which areas hold points: all combinations of areas, and the one of each point."""

    number: NDArray[np.integer[Any]]
    """The number of the combination of each point, (n,)."""
    combinations: Flags
    """Which areas each combination has, (combinations, areas)."""


class AreaIndex:
    """An index that finds which areas hold given points; edges belong to the areas.

    Parameters
    ----------
    areas
        Polygons or MultiPolygons in longitude and latitude, degrees.
    near
        West, south, east and north of the shapes near which most points lie, (4,); by default, of
        the areas.

    Examples
    --------
    >>> index = AreaIndex([shapely.box(30, 50, 31, 51), shapely.box(31, 50, 32, 51)])
    >>> number, combinations = index.find_holders(np.array([30.5, 31.0]), np.array([50.5, 50.5]))
    >>> combinations[number].tolist()
    [[True, False], [True, True]]
    """

    def __init__(
        self,
        areas: Sequence[BaseGeometry],
        near: Floats | None = None,
    ) -> None:
        self.areas = list(areas)
        self._near = near

    def uses_cells(self, count: int) -> bool:
        """Return whether the grid is faster for this many points than testing each point."""
        is_built = "_cells" in self.__dict__
        return bool(self.areas) and count >= (_ENOUGH_ONCE_BUILT if is_built else _ENOUGH)

    def build_cells(self) -> None:
        """Build the grid now, so that copies of the index have it."""
        if self.areas:
            _ = self._cells

    def find_holders(self, lon: Floats, lat: Floats) -> Holders:
        """Return which areas hold each point; none where a coordinate is NaN.

        Parameters
        ----------
        lon, lat
            Degrees, (n,). 180° and −180° are one longitude.
        """
        if not self.uses_cells(len(lon)):
            shape = len(lon), len(self.areas)
            held = self._ask(lon, lat, np.zeros(shape, dtype=bool), np.ones(shape, dtype=bool))
            return _number_rows(held)
        cells = self._cells
        number, decided = cells.look_up(lon, lat), len(cells.decided)
        rows = (number >= decided).nonzero()[0]
        case = number.take(rows) - decided
        asked = _number_rows(self._ask(lon[rows], lat[rows], cells.held[case], cells.crossed[case]))
        combinations = np.concatenate([cells.decided, asked.combinations])
        number = number.astype(
            np.promote_types(number.dtype, np.min_scalar_type(len(combinations))), copy=False
        )
        number[rows] = asked.number + decided
        return Holders(number, combinations)

    def _ask(self, lon: Floats, lat: Floats, held: Flags, doubtful: Flags) -> Flags:
        """Return ``held``, (points, areas), with exact tests where ``doubtful`` is true."""
        for number, area in enumerate(self.areas):
            rows = doubtful[:, number].nonzero()[0]
            if len(rows):
                held[rows, number] = covers_points(area, lon[rows], lat[rows])
        return held

    @cached_property
    def _cells(self) -> _Cells:
        return _build_cells(self.areas, self._near)


def _number_rows(held: Flags) -> Holders:
    """Return the different rows of a table, and the number of each row among them."""
    if not held.size:
        return Holders(
            np.zeros(len(held), dtype=np.int64), np.zeros((1, held.shape[1]), dtype=bool)
        )
    packed = np.packbits(held, axis=1)
    keys = packed[:, 0] if packed.shape[1] == 1 else packed.view(f"V{packed.shape[1]}")[:, 0]
    _, first, number = np.unique(keys, return_index=True, return_inverse=True)
    return Holders(number, held[first])


class _Frame(NamedTuple):
    """Where cells are: the south-west corner (degrees), and cells per degree to the east and north.

    A ring of extra cells around the grid contains all points farther away.
    """

    west: float
    south: float
    across: float
    up: float

    def place(self, lon: Floats, lat: Floats) -> Floats:
        """Return columns and rows of points, (n, 2), with fractions; the first column is 0."""
        return np.stack([(lon - self.west) * self.across, (lat - self.south) * self.up], axis=1)


class _Cells(NamedTuple):
    """A grid of cells about areas.

    Cells without an outline have the first numbers; ``decided`` says which areas hold them. The
    numbers that follow are of cells that the outlines of some areas cross.
    """

    frame: _Frame
    number: NDArray[np.unsignedinteger[Any]]
    """The number of each cell, row by row from the south-west corner of the ring."""
    decided: Flags
    """Which areas hold the cells of the first numbers, (numbers, areas)."""
    held: Flags
    """Which areas wholly hold the other cells, areas whose outlines cross them excluded."""
    crossed: Flags
    """The areas whose outlines cross them."""

    def look_up(self, lon: Floats, lat: Floats) -> NDArray[np.unsignedinteger[Any]]:
        """Return the number of the cell of each point."""
        found = np.empty(len(lon), dtype=self.number.dtype)
        for low in range(0, len(lon), _POINTS):
            part = slice(low, low + _POINTS)
            cell = _find_steps(lat[part], self.frame.south, self.frame.up)
            cell *= _SIZE + 2
            cell += _find_steps(lon[part], self.frame.west, self.frame.across)
            self.number.take(cell, out=found[part], mode="clip")
        return found


def _find_steps(degrees: Floats, begin: float, per_degree: float) -> NDArray[np.int64]:
    """Return the column or row of coordinates, counted from the ring; 0 if one is NaN."""
    at = degrees - begin
    at *= per_degree
    at += 1.0
    np.fmax(at, 0.0, out=at)
    np.fmin(at, _SIZE + 1.0, out=at)
    return at.astype(np.int64)


def _build_cells(areas: Sequence[BaseGeometry], near: Floats | None) -> _Cells:
    frame = _choose_frame(shapely.total_bounds(np.asarray(areas, dtype=object)), near)
    number = np.zeros((_SIZE + 2) ** 2, dtype=np.int64)
    cases = np.full((1, len(areas)), _BESIDE, dtype=np.uint8)
    for nth, area in enumerate(areas):
        state = _classify_cells(area, frame).ravel()
        cells = state.nonzero()[0]
        # Each combination of the areas so far and the state in this area gets a new number.
        pair = number[cells] * len(_STATES) + state[cells]
        different = np.bincount(pair).nonzero()[0]
        new = cases[different // len(_STATES)]
        new[:, nth] = different % len(_STATES)
        place = np.zeros(different.max(initial=0) + 1, dtype=np.int64)
        place[different] = np.arange(len(cases), len(cases) + len(different))
        number[cells] = place[pair]
        cases = np.concatenate([cases, new])
    used = np.bincount(number, minlength=len(cases)) > 0
    is_open = (cases == _CROSSED).any(axis=1)
    order = np.concatenate([np.flatnonzero(used & ~is_open), np.flatnonzero(used & is_open)])
    rank = np.zeros(len(cases), dtype=np.min_scalar_type(len(order)))
    rank[order] = np.arange(len(order))
    decided, left = cases[used & ~is_open], cases[used & is_open]
    return _Cells(frame, rank[number], decided == _HELD, left == _HELD, left == _CROSSED)


def _choose_frame(bounds: Floats, near: Floats | None) -> _Frame:
    """Return the frame of a grid for the part of the areas' bounds that is near shapes."""
    west, south, east, north = bounds.tolist()
    if near is not None:
        west, south = max(west, near[0] - _MARGIN), max(south, near[1] - _MARGIN)
        east, north = min(east, near[2] + _MARGIN), min(north, near[3] + _MARGIN)
    # For areas far from the shapes, the grid has a size of nearly zero.
    width, height = max(east - west, _PAD), max(north - south, _PAD)
    return _Frame(
        west - _PAD, south - _PAD, _SIZE / (width + 2 * _PAD), _SIZE / (height + 2 * _PAD)
    )


def _classify_cells(area: BaseGeometry, frame: _Frame) -> NDArray[np.uint8]:
    """Return where the cells of a grid and of the ring about it lie, (rows, columns)."""
    crossed = _find_outline(area, frame)
    west, south, east, north = area.bounds
    corners = np.array([[west, east, -180.0, 180.0], [south, north, 0.0, 0.0]])
    (low, high, *meridians), rows = frame.place(*corners).T.tolist()
    reaches = min(low, *rows[:2]) < 0.0 or max(high, *rows[:2]) > _SIZE
    # An area that touches 180° also holds points at −180°, and the other way round.
    if touches := max(-west, east) >= 180.0:
        crossed[:, [int(column) for column in meridians if 0.0 <= column < _SIZE]] = True
    found = np.full((_SIZE + 2, _SIZE + 2), _CROSSED if reaches or touches else _BESIDE, np.uint8)
    found[1:-1, 1:-1] = np.where(crossed, _CROSSED, _fill_runs(area, frame, crossed))
    return found


def _find_outline(area: BaseGeometry, frame: _Frame) -> Flags:
    """Return which cells the outline of an area crosses or touches, and some cells beside it."""
    rings = shapely.get_rings(shapely.get_parts(area))
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    at = frame.place(*coords.T)
    begin = np.flatnonzero(ring[1:] == ring[:-1])
    low, high = np.minimum(at[begin], at[begin + 1]), np.maximum(at[begin], at[begin + 1])
    begin = begin[((high >= -1.0) & (low <= _SIZE + 1.0)).all(axis=1)]
    start, way = at[begin], at[begin + 1] - at[begin]
    # A part shorter than a cell, here by a hundredth, lies in the cells of the corners of its box.
    parts = np.ceil(np.abs(way).max(axis=1, initial=0.0) * 1.01).astype(np.int64).clip(1)
    passed = number_within_groups(parts)[:, None]
    start, step = start.repeat(parts, axis=0), (way / parts[:, None]).repeat(parts, axis=0)
    one, other = start + passed * step, start + (passed + 1) * step
    low = np.floor(np.minimum(one, other) - _PAD).astype(np.int64)
    high = np.floor(np.maximum(one, other) + _PAD).astype(np.int64)
    crossed = np.zeros((_SIZE, _SIZE), dtype=bool)
    for column in (low[:, 0], high[:, 0]):
        for row in (low[:, 1], high[:, 1]):
            there = (column >= 0) & (column < _SIZE) & (row >= 0) & (row < _SIZE)
            crossed[row[there], column[there]] = True
    return crossed


def _fill_runs(area: BaseGeometry, frame: _Frame, crossed: Flags) -> Flags:
    """Return which cells lie in an area; values of cells on the outline have no meaning.

    Between two cells of a row that the outline crosses, all cells have the same answer, so we test
    only the first one.
    """
    first = ~crossed
    first[:, 1:] &= crossed[:, :-1]
    row, column = first.nonzero()
    lon = np.asarray(frame.west + (column + 0.5) / frame.across, dtype=np.float64)
    lat = np.asarray(frame.south + (row + 0.5) / frame.up, dtype=np.float64)
    held = np.zeros(crossed.shape, dtype=bool)
    held[row, column] = covers_points(area, lon, lat)
    begin = np.maximum.accumulate(np.where(first, np.arange(_SIZE), 0), axis=1)
    return np.take_along_axis(held, begin, axis=1)
