"""The points of lines that are nearest to others, exactly, anywhere on Earth; left and right."""

from __future__ import annotations

import importlib.util
from functools import cache, cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from geobuffer.chords import Chords
from geobuffer.errors import GeometryError
from geobuffer.geodesy import (
    ON_GLOBE,
    WGS84,
    Floats,
    Ints,
    ecef,
    holds,
    inverse,
    is_on_globe,
    pieces_of,
    wrap,
)
from geobuffer.nodes import Nodes, tips_of
from geobuffer.ragged import least

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from numpy.typing import ArrayLike, NDArray
    from shapely.geometry.base import BaseGeometry

    from geobuffer.cells import Grid
    from geobuffer.cells import Pieces as PackedPieces

# Points worked on at once: some 40 candidates each, so that a batch stays below 20 MB.
_BATCH = 8_192

# Distances closer than this are equal, and the earlier piece wins: numerical noise of the
# geodesic solution (some nanometres) must not decide which section a place is nearest to.
_TIE_M = 1e-6

# Nearer than this to a line a point is on it: feet are right to some micrometres, and the direction
# from one to a point nearer than that says nothing of its side.
_ON_LINE_M = 1e-4


class Nearest(NamedTuple):
    """Where points are nearest to some lines: one entry per point."""

    distance_m: Floats
    line: Ints
    """The number of the line, in the order they were given."""
    chainage_m: Floats
    """Distance along that line from its beginning to the foot."""
    lon: Floats
    lat: Floats


class _Feet(NamedTuple):
    """The nearest points of the pieces: distance, number of the piece, share of it passed."""

    distance_m: Floats
    piece: Ints
    share: Floats


class LineIndex:
    """Finds the nearest point of some lines, exactly, anywhere on Earth.

    Pieces of the lines are kept as chords in Earth-centred coordinates, where there is neither
    antimeridian nor pole nor projection, under a tree of bounding spheres. The chord decides
    which pieces can hold the foot; the geodesic to each of those decides which one does.

    Where numba is installed (the extra ``fast``), many points are looked up in a grid of cells
    instead (:mod:`geobuffer.cells`), built at first need and kept: a hundred times as fast.
    The two agree to a hundredth of a millimetre within 100 km, on the default border to 0.01 µm.

    Parameters
    ----------
    lines
        LineStrings or MultiLineStrings in longitude and latitude, degrees; also points, each of
        which is a piece of no length.

    Raises
    ------
    GeometryError
        A line is empty, has no length, or a vertex is not finite or beyond ±90° latitude.

    Examples
    --------
    >>> index = LineIndex([shapely.LineString([(36, 50), (36, 52)])])
    >>> foot = index.nearest([36.1], [51.0])
    >>> round(float(foot.distance_m[0]), 1), float(foot.lon[0]), round(float(foot.lat[0]), 4)
    (7019.8, 36.0, 51.0)
    """

    def __init__(self, lines: Sequence[BaseGeometry]) -> None:
        self.pieces = pieces_of(lines)
        self.continues: NDArray[np.bool_] = np.diff(self.pieces.part, prepend=-1) == 0
        self._chords = Chords(self.pieces)
        self._tips = tips_of(lines)
        self._grid: Grid | None = None

    def nearest(self, lon: ArrayLike, lat: ArrayLike, *, compiled: bool | None = None) -> Nearest:
        """Return the nearest point of the lines for each point (degrees, longitude first).

        Parameters
        ----------
        lon, lat
            Degrees, one-dimensional.
        compiled
            Whether to use the grid of cells; by default, for 200,000 points or more if numba is
            installed. Within either way, answers depend neither on the number nor on the order of
            the points; between the two, distances differ by at most 0.01 mm within 100 km.

        Raises
        ------
        GeometryError
            A coordinate is not finite, or a latitude lies beyond ±90°.
        """
        p, (distance, i, t) = self.pieces, self._feet(*_arrays(lon, lat), compiled)
        chainage = p.chainage_m[i] + t * p.length_m[i]
        foot_lon, foot_lat = p.at(i, t)
        return Nearest(distance, p.line[i], chainage, wrap(foot_lon), foot_lat)

    def is_left(
        self, lon: ArrayLike, lat: ArrayLike, *, compiled: bool | None = None
    ) -> NDArray[np.bool_]:
        """Tell which points lie to the left of the stretch of line nearest to them.

        Left is as one walks the line from its beginning. Where the nearest point is a vertex, the
        two stretches that meet there decide together; where it is an end, the line is thought to
        go straight on. A point of the line itself, to a tenth of a millimetre, is on the left.
        Parameters and errors as :meth:`nearest`.
        """
        lon, lat = _arrays(lon, lat)
        distance, piece, share = self._feet(lon, lat, compiled)
        p, nodes = self.pieces, self._nodes
        foot_lon, foot_lat = p.at(piece, share)
        azimuth, _, _ = inverse(foot_lon, foot_lat, lon, lat)
        along = np.degrees(p.heading(piece, foot_lat))
        turn = wrap(azimuth - along)
        left = turn <= 0.0
        passed = share * p.length_m[piece]
        at_begin, at_end = passed < _TIE_M, p.length_m[piece] - passed < _TIE_M
        for node, at in ((nodes.begin[piece], at_begin), (nodes.end[piece], at_end)):
            rows = np.flatnonzero(at)
            left[rows] = nodes.left(azimuth[rows], node[rows])
        return np.asarray(left | (distance < _ON_LINE_M))

    def free_ends(self) -> tuple[Floats, Floats, Floats]:
        """Return longitude, latitude and outward azimuth of the ends where no other line begins.

        The azimuth (degrees) is that of the line at its very end.
        """
        return self._nodes.free_ends()

    def within(
        self, lon: ArrayLike, lat: ArrayLike, distance_m: float, *, compiled: bool | None = None
    ) -> NDArray[np.bool_]:
        """Tell which points lie within a distance of the lines, the edge included.

        With the grid, only points in cells that the edge crosses are measured, one in a hundred.
        Parameters and errors as :meth:`nearest`.
        """
        lon, lat = _arrays(lon, lat)
        if not self.uses_grid(len(lon), compiled):
            return self.nearest(lon, lat, compiled=False).distance_m <= distance_m
        cells, grid = _compiled(), self._built_grid()
        found = cells.classed(grid, cells.classes(grid, distance_m), lon, lat)
        # Crossed by the edge, or outside the grid, as what is no point on the globe always is.
        open_ = np.flatnonzero(found < 0)
        _check(lon[open_], lat[open_], open_)
        found[open_] = self._from_grid(lon[open_], lat[open_]).distance_m <= distance_m
        inside: NDArray[np.bool_] = found.view(bool)
        return inside

    def cells_of(self, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.int32]:
        """Return the number of the grid's cell that holds each point; −1 outside the grid."""
        found: NDArray[np.int32] = _compiled().cell_of(self._built_grid(), *_arrays(lon, lat))
        return found

    def cells_in(self, areas: Sequence[BaseGeometry]) -> NDArray[np.int8]:
        """Return (areas, cells): 1 if a cell of the grid lies in an area, 0 beside, −1 if both."""
        middle_lon, middle_lat, boxes = _compiled().outlines(self._built_grid())
        # Cells across the antimeridian are left to the points themselves.
        split = np.abs(middle_lon) + shapely.area(boxes) ** 0.5 > 180.0
        found = np.empty((len(areas), len(boxes)), dtype=np.int8)
        for row, area in zip(found, areas, strict=True):
            edge = area.boundary
            shapely.prepare(edge)
            mixed = shapely.intersects(edge, boxes) | split
            row[:] = np.where(mixed, -1, holds(area, middle_lon, middle_lat))
        return found

    def uses_grid(self, count: int, compiled: bool | None) -> bool:  # noqa: FBT001
        """Tell whether so many points are looked up in the grid (see :meth:`nearest`)."""
        if compiled is None:
            # Under this many the tree is done before a grid is built.
            compiled = count >= 200_000 and has_numba()
        # Towards a pole the cells of a grid shrink to slivers.
        return compiled and bool(np.abs(self.pieces.lat).max() < 80.0)

    @cached_property
    def _nodes(self) -> Nodes:
        return Nodes(self.pieces, self._tips)

    def _feet(self, lon: Floats, lat: Floats, compiled: bool | None) -> _Feet:  # noqa: FBT001
        if self.uses_grid(len(lon), compiled):
            return self._from_grid(lon, lat)
        _check(lon, lat, np.arange(len(lon)))
        batches = [
            self._nearest(lon[at : at + _BATCH], lat[at : at + _BATCH])
            for at in range(0, max(len(lon), 1), _BATCH)
        ]
        return _Feet(*(np.concatenate(column) for column in zip(*batches, strict=True)))

    def _nearest(self, lon: Floats, lat: Floats) -> _Feet:
        point, piece, t, chord = self._chords.near(ecef(lon, lat))
        once = ~self._repeats(point, piece, t, chord)
        return self._measured(lon, lat, point[once], piece[once], t[once])

    def _repeats(self, point: Ints, piece: Ints, t: Floats, chord: Floats) -> NDArray[np.bool_]:
        """Tell feet on a vertex that the piece before has as well, so as to measure them once.

        Only within 100 km, where the foot of the chord is the foot of the geodesic to 1 m.
        """
        repeats = np.zeros(len(point), dtype=bool)
        repeats[1:] = (
            (point[1:] == point[:-1])
            & (piece[1:] == piece[:-1] + 1)
            & (t[1:] == 0.0)
            & (t[:-1] == 1.0)
        )
        return np.asarray(repeats & self.continues[piece] & (chord[point] < 1e5))

    def _measured(self, lon: Floats, lat: Floats, point: Ints, piece: Ints, t: Floats) -> _Feet:
        """Measure geodesics to the candidates' feet, and keep each point's shortest."""
        distance, t = self._settled(lon[point], lat[point], piece, t)
        shortest = least(distance, point)
        level = np.flatnonzero(distance <= shortest[point] + _TIE_M)
        chosen = level[np.flatnonzero(np.diff(point[level], prepend=-1))]
        return _Feet(distance[chosen], piece[chosen], t[chosen])

    def _settled(self, lon: Floats, lat: Floats, piece: Ints, t: Floats) -> tuple[Floats, Floats]:
        """Slide each foot along its piece until the geodesic meets it squarely (Newton)."""
        length = np.maximum(self.pieces.length_m[piece], 1e-9)  # a point has none
        best, slide = self._geodesic(lon, lat, piece, t)
        best_t, t = t.copy(), t.copy()
        for _ in range(8):
            better = np.clip(t + slide / length, 0.0, 1.0)
            # Sliding a foot by e changes the distance by e²/2s: stop below a nanometre, as where
            # the distance itself is none, so that no direction says where to slide to.
            loose = np.flatnonzero((((better - t) * length) ** 2 > 2e-9 * best) & (best > 1e-9))
            if not len(loose):
                break
            t[loose] = better[loose]
            distance, slide[loose] = self._geodesic(lon[loose], lat[loose], piece[loose], t[loose])
            shorter = distance < best[loose]
            best[loose[shorter]], best_t[loose[shorter]] = distance[shorter], t[loose[shorter]]
        return best, best_t

    def _geodesic(self, lon: Floats, lat: Floats, piece: Ints, t: Floats) -> tuple[Floats, Floats]:
        """Return the distance to feet on pieces, and how far to slide each foot on (metres)."""
        p = self.pieces
        foot_lon, foot_lat = p.at(piece, t)
        azimuth, _, distance = inverse(foot_lon, foot_lat, lon, lat)
        phi, heading = np.radians(foot_lat), p.heading(piece, foot_lat)
        turn = np.radians(azimuth) - heading
        # How the slope of the distance, −cos(turn), grows along the piece: by the geodesics'
        # spreading, and by the piece's own bend, which far away outweighs it.
        bend = np.tan(phi) * np.sin(heading) * (1.0 + np.cos(heading) ** 2)
        spread = np.sin(turn) ** 2 / np.tan(np.clip(distance / WGS84.a, 1e-12, 3.1))
        growth = (spread + np.sin(turn) * bend) / WGS84.a
        # Where the slope falls, the nearest point is an end: as far as the piece goes.
        slide = np.cos(turn) / np.maximum(growth, 1e-12)
        return distance, slide

    def _from_grid(self, lon: Floats, lat: Floats) -> _Feet:
        found = _Feet(*_compiled().nearest(self._built_grid(), self._packed, lon, lat))
        beyond = np.flatnonzero(found.piece < 0)
        if len(beyond):
            _check(lon[beyond], lat[beyond], beyond)
            rest = self._feet(lon[beyond], lat[beyond], compiled=False)
            for column, values in zip(found, rest, strict=True):
                column[beyond] = values
        return found

    def _built_grid(self) -> Grid:
        if self._grid is None:
            self._grid = _compiled().build_grid(self._packed, self.pieces.lon, self.pieces.lat)
        return self._grid

    @cached_property
    def _packed(self) -> PackedPieces:
        """The pieces as the compiled way takes them."""
        p = self.pieces
        middle = ecef(p.lon + p.dlon / 2.0, p.lat + p.dlat / 2.0)
        packed: PackedPieces = _compiled().packed(
            self._chords.start, self._chords.chord, self._chords.squared, middle
        )
        return packed


def _arrays(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Return points as one-dimensional arrays."""
    return (
        np.atleast_1d(np.asarray(lon, dtype=np.float64)),
        np.atleast_1d(np.asarray(lat, dtype=np.float64)),
    )


def _check(lon: Floats, lat: Floats, position: Ints) -> None:
    """Refuse what is no point on the globe, by its position."""
    bad = np.flatnonzero(~is_on_globe(lon, lat))
    if len(bad):
        raise GeometryError(
            f"Invalid point at position {position[bad[0]]}: longitude {lon[bad[0]]:.10g}, latitude "
            f"{lat[bad[0]]:.10g}. {ON_GLOBE}"
        )


@cache
def has_numba() -> bool:
    """Tell whether the compiled engine can be used."""
    return importlib.util.find_spec("numba") is not None


def _compiled() -> ModuleType:
    """Return the compiled room, which takes a second to import."""
    from geobuffer import cells

    return cells
