"""Distances, lengths and areas on the WGS 84 ellipsoid: where it is known that the Earth is round.

It takes and gives shapely geometry, numpy arrays, degrees (longitude first) and metres. A segment
of a line is *straight in longitude and latitude*, as RFC 7946 (section 3.1.1) says and as every
map draws it; it is not a geodesic. All geodesics are solved by GeographicLib (C. F. F. Karney,
*Algorithms for geodesics*, J. Geodesy 87, 2013) through :class:`pyproj.Geod`, to some nanometres.
"""

from __future__ import annotations

import importlib.util
import math
import threading
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry import LineString, Polygon

from geobuffer.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from shapely.geometry.base import BaseGeometry

    from geobuffer.cells import Grid
    from geobuffer.cells import Pieces as PackedPieces

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

WGS84 = pyproj.Geod(ellps="WGS84")

# Beyond this a buffer reaches a tenth of the way round the globe, outlines start to meet
# themselves behind the pole, and no announced zone is as wide.
LIMIT_M = 2_000_000.0

# A piece of a segment is short enough when its chord strays from the line by no more than this.
# It only bounds where a foot is looked for: the distance is measured to the line itself.
_CHORD_M = 1e-3

# A piece is no longer than this, so that its foot, lifted from the chord to the surface by the
# first-order sagitta (2 cm here), is right to a micrometre.
_PIECE_M = 1_000.0

# Children per node of the tree of pieces: on the default border 4 are as fast, 8 take a seventh
# longer and 16 two fifths.
_BRANCH = 6

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


class _Pieces(NamedTuple):
    """Short pieces of lines, straight in longitude and latitude; one entry per piece."""

    lon: Floats
    lat: Floats
    dlon: Floats
    dlat: Floats
    line: Ints
    chainage_m: Floats
    length_m: Floats
    part: Ints
    """Which part of the lines a piece belongs to; pieces of a part follow one another unbroken."""


class _Feet(NamedTuple):
    """The nearest points of the pieces: distance, number of the piece, share of it passed."""

    distance_m: Floats
    piece: Ints
    share: Floats


def ecef(lon: ArrayLike, lat: ArrayLike) -> Floats:
    """Return points of the ellipsoid as Earth-centred x, y, z in metres, in the last axis.

    Examples
    --------
    >>> ecef([0.0, 90.0], [0.0, 0.0]).round(3).tolist()
    [[6378137.0, 0.0, 0.0], [0.0, 6378137.0, 0.0]]
    """
    lam, phi = np.radians(lon), np.radians(lat)
    prime_vertical = WGS84.a / np.sqrt(1.0 - WGS84.es * np.sin(phi) ** 2)
    return np.stack(
        [
            prime_vertical * np.cos(phi) * np.cos(lam),
            prime_vertical * np.cos(phi) * np.sin(lam),
            prime_vertical * (1.0 - WGS84.es) * np.sin(phi),
        ],
        axis=-1,
    )


def inverse(
    lon: ArrayLike, lat: ArrayLike, to_lon: ArrayLike, to_lat: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """Return azimuths there and back (degrees) and lengths (metres) of geodesics between points.

    Examples
    --------
    >>> there, back, length = inverse([0.0], [0.0], [0.0], [1.0])
    >>> float(there[0]), float(back[0]), round(float(length[0]))
    (0.0, 180.0, 110574)
    """
    return _solved(WGS84.inv, lon, lat, to_lon, to_lat)


def direct(
    lon: ArrayLike, lat: ArrayLike, azimuth: ArrayLike, length_m: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """Return where geodesics lead: longitude, latitude, and the azimuth back; degrees."""
    return _solved(WGS84.fwd, lon, lat, azimuth, length_m)


def _solved(solve: Callable[..., Any], *given: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Solve geodesics for arrays that are broadcast to each other."""
    arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(g, dtype=float)) for g in given))
    if arrays[0].size == 1:
        # pyproj 3.7 takes an array of one for a number, of which numpy 2.0 to 2.3 warns.
        found = solve(*(float(array[0]) for array in arrays))
    else:
        found = solve(*(np.array(array) for array in arrays))
    first, second, third = (np.atleast_1d(np.asarray(f, dtype=float)) for f in found)
    return first, second, third


def wrap(dlon: Floats) -> Floats:
    """Bring differences of longitude into −180 to 180 degrees: the short way round.

    Examples
    --------
    >>> wrap(np.array([359.0, -190.0, 20.0])).tolist()
    [-1.0, 170.0, 20.0]
    """
    return np.where(np.abs(dlon) > 180.0, (dlon + 180.0) % 360.0 - 180.0, dlon)


def length_m(line: BaseGeometry) -> float:
    """Return the length of a line whose segments are straight in longitude and latitude.

    Examples
    --------
    >>> round(length_m(LineString([(0, 60), (1, 60)])), 2)  # a stretch of the parallel
    55800.0
    """
    return float(_pieces([line]).length_m.sum())


def area_m2(shape: BaseGeometry) -> float:
    """Return the area of a polygon whose edges are straight in longitude and latitude.

    Edges are cut into geodesics that stray from them by at most 1 mm.

    Examples
    --------
    >>> round(area_m2(shapely.box(0, 0, 1, 1)) / 1e6, 1)
    12308.5
    """
    parts = shapely.get_parts(shape)
    polygons = [part for part in parts if isinstance(part, Polygon) and not part.is_empty]
    return float(sum(_polygon_area_m2(polygon) for polygon in polygons))


def _polygon_area_m2(polygon: Polygon) -> float:
    outer, *holes = (_ring_area_m2(ring) for ring in (polygon.exterior, *polygon.interiors))
    return outer - sum(holes)


def _ring_area_m2(ring: LineString) -> float:
    pieces = _pieces([ring])
    area, _ = WGS84.polygon_area_perimeter(pieces.lon, pieces.lat)
    return abs(float(area))


def quadrangle_area_m2(lon: Floats, lat: Floats) -> Floats:
    """Return the areas of small quadrangles, such as pixels; corners in order in the last axis.

    Their edges are straight where longitude and authalic latitude are the axes: exact for cells of
    longitude and latitude, and otherwise right to the square of (size over the Earth's radius).

    Examples
    --------
    >>> cell = quadrangle_area_m2(np.array([0.0, 1, 1, 0]), np.array([0.0, 0, 1, 1]))
    >>> round(float(cell) / 1e6, 1)  # as area_m2(shapely.box(0, 0, 1, 1))
    12308.5
    """
    eccentricity = math.sqrt(WGS84.es)
    sine = np.sin(np.radians(lat))
    # Snyder (1987), Map Projections, eq. 3-12: a²/2 · dλ · dq is a piece of the ellipsoid.
    q = (1.0 - WGS84.es) * (
        sine / (1.0 - WGS84.es * sine**2) + np.arctanh(eccentricity * sine) / eccentricity
    )
    # From the first corner, so that no digits are lost and the antimeridian does not matter.
    x, y = np.radians(wrap(lon - lon[..., :1])), q - q[..., :1]
    twice = (x * np.roll(y, -1, axis=-1) - np.roll(x, -1, axis=-1) * y).sum(axis=-1)
    return np.asarray(WGS84.a**2 / 4.0 * np.abs(twice))


# A prepared area finishes itself while it is first asked, without the interpreter's lock: two
# threads that ask it at once, as those that share a border do, end the process.
_ONE_ASKS = threading.Lock()


def holds(area: BaseGeometry, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    """Tell which points an area holds, its edge included; none where a coordinate is NaN."""
    with _ONE_ASKS:
        shapely.prepare(area)
        return np.asarray(shapely.intersects_xy(area, lon, lat))


def check_degrees(coords: Floats, what: str) -> None:
    """Refuse vertices, longitude and latitude in the last axis, that lie on no globe.

    Raises
    ------
    GeometryError
        A coordinate is not finite, or beyond ±720 and ±90, as metres are; the vertex is named.

    Examples
    --------
    >>> check_degrees(np.array([[30.0, 50.0], [373000.0, 50.0]]), "line 'Psel'")
    Traceback (most recent call last):
    geobuffer.errors.GeometryError: Invalid line 'Psel': vertex 1 is longitude 373000, latitude ...
    """
    lon, lat = coords[:, 0], coords[:, 1]
    bad = np.flatnonzero(~is_on_globe(lon, lat))
    if len(bad):
        raise GeometryError(
            f"Invalid {what}: vertex {bad[0]} is longitude {lon[bad[0]]:.10g}, latitude "
            f"{lat[bad[0]]:.10g}. {ON_GLOBE}"
        )


#: What coordinates must be, for messages.
ON_GLOBE = (
    "Must be finite degrees, longitude within ±180, latitude within ±90; are they swapped, or "
    "metres?"
)


def is_on_globe(lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    """Tell which coordinates may be degrees: finite, within ±720 and ±90.

    Charts of the Pacific go up to 360, and shapes that run on across the antimeridian beyond that;
    no metres are as few as twice round the globe.

    >>> is_on_globe(np.array([35.0, 51.0, np.nan]), np.array([51.0, 136.0, 51.0])).tolist()
    [True, False, False]
    """
    return (np.abs(lon) <= 720.0) & (np.abs(lat) <= 90.0)


def _segments(lines: Sequence[BaseGeometry]) -> tuple[Floats, Floats, Ints, Ints]:
    """Return starts (n, 2), differences (n, 2), line and part numbers (n,) of all segments.

    A point is a segment of no length.
    """
    parts, owner = shapely.get_parts(np.asarray(lines, dtype=object), return_index=True)
    coords, part = shapely.get_coordinates(parts, return_index=True)
    check_degrees(coords, "line")
    step = np.diff(coords, axis=0, append=coords[-1:])
    step[np.diff(part, append=-1) != 0] = 0.0
    step[:, 0] = wrap(step[:, 0])
    dots = shapely.get_type_id(parts)[part] == shapely.GeometryType.POINT
    kept = (step != 0.0).any(axis=1) | dots
    if not kept.any():
        raise GeometryError("Invalid line: it is empty or has no length.")
    part = part[kept].astype(np.int64)
    return coords[kept], step[kept], owner[part].astype(np.int64), part


def _pieces(lines: Sequence[BaseGeometry]) -> _Pieces:
    """Cut lines into pieces whose geodesic strays from the line by at most ``_CHORD_M``."""
    start, step, owner, part = _segments(lines)
    cuts = _cuts(start, step)
    nth = np.arange(cuts.sum()) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    share = np.repeat(step, cuts, axis=0) / np.repeat(cuts, cuts)[:, None]
    begin = np.repeat(start, cuts, axis=0) + share * nth[:, None]
    end = begin + share
    _, _, length = inverse(begin[:, 0], begin[:, 1], end[:, 0], end[:, 1])
    line = np.repeat(owner, cuts)
    total = np.cumsum(length) - length
    first = np.searchsorted(line, line)
    chainage, part = total - total[first], np.repeat(part, cuts)
    places = begin[:, 0], begin[:, 1], share[:, 0], share[:, 1]
    return _Pieces(*places, line, chainage, length, part)


def _cuts(start: Floats, step: Floats) -> Ints:
    """Return into how many pieces each segment is cut.

    A line straight in longitude and latitude that runs at azimuth α has the geodesic curvature
    tan φ · sin α · (1 + cos²α) / R, so a piece of length s strays by that times s² / 8.
    """
    phi = np.radians(np.minimum(np.abs(np.stack([start[:, 1], (start + step)[:, 1]])).max(0), 89.9))
    east, north = np.radians(step[:, 0]) * np.cos(phi), np.radians(step[:, 1])
    angle = np.hypot(np.radians(step[:, 0]) * np.cos(np.radians(start[:, 1])), north)
    angle = np.maximum(angle, np.hypot(east, north))
    # sin α (1 + cos²α) is at most 1.09.
    sagitta = WGS84.a * angle**2 * np.tan(phi) * 1.09 / 8.0
    flat = np.abs(step[:, 0]) < 1e-12
    wanted = np.where(flat, 1.0, np.sqrt(sagitta / _CHORD_M))
    pieces = np.maximum.reduce([wanted, angle * WGS84.a / _PIECE_M, np.ones_like(wanted)])
    return np.asarray(np.ceil(pieces), dtype=np.int64)


def _group_min(values: Floats, group: Ints) -> Floats:
    """Return the least value of each group; groups are sorted and none is empty."""
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    return np.minimum.reduceat(values, starts)


def _slack(chord: Floats) -> Floats:
    """Return by how much a chord may be longer than the shortest, and its geodesic yet shorter.

    A geodesic of length s is longer than its chord by s³ / 24r², where r, the radius of curvature
    along it, varies with its azimuth by 0.7 % from the mean. So two chords rank as their geodesics
    do once they differ by 3 % of that (1.5 cm at 80 km); the rest is for rounding.
    """
    return 1e-6 + 0.03 * chord**3 / (24.0 * WGS84.b**2)


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
    >>> index = LineIndex([LineString([(36, 50), (36, 52)])])
    >>> foot = index.nearest([36.1], [51.0])
    >>> round(float(foot.distance_m[0]), 1), float(foot.lon[0]), round(float(foot.lat[0]), 4)
    (7019.8, 36.0, 51.0)
    """

    def __init__(self, lines: Sequence[BaseGeometry]) -> None:
        self.pieces = p = _pieces(lines)
        self._start = ecef(p.lon, p.lat)
        self._chord = ecef(p.lon + p.dlon, p.lat + p.dlat) - self._start
        self._chord_squared = np.einsum("ij,ij->i", self._chord, self._chord)
        self.continues: NDArray[np.bool_] = np.diff(p.part, prepend=-1) == 0
        self._tips = _tips(lines)
        self._levels = _sphere_tree(self._start, np.sqrt(self._chord_squared))
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
        foot_lon, foot_lat = wrap(p.lon[i] + t * p.dlon[i]), p.lat[i] + t * p.dlat[i]
        return Nearest(distance, p.line[i], chainage, foot_lon, foot_lat)

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
        p = self.pieces
        foot_lon, foot_lat = (
            p.lon[piece] + share * p.dlon[piece],
            p.lat[piece] + share * p.dlat[piece],
        )
        azimuth, _, _ = inverse(foot_lon, foot_lat, lon, lat)
        along = np.degrees(self._heading(piece, foot_lat))
        turn = wrap(azimuth - along)
        left = turn <= 0.0
        passed = share * p.length_m[piece]
        at_begin, at_end = passed < _TIE_M, p.length_m[piece] - passed < _TIE_M
        for node, at in ((self._nodes[0][piece], at_begin), (self._nodes[1][piece], at_end)):
            rows = np.flatnonzero(at)
            left[rows] = self._left_of_rays(azimuth[rows], node[rows])
        return np.asarray(left | (distance < _ON_LINE_M))

    def _heading(self, piece: Ints, lat: Floats) -> Floats:
        """Return in which direction pieces run at a latitude, in radians east of north."""
        phi = np.radians(lat)
        # Radius of the prime vertical over that of the meridian: a degree east over one north.
        ratio = (1.0 - WGS84.es * np.sin(phi) ** 2) / (1.0 - WGS84.es)
        p = self.pieces
        return np.asarray(np.arctan2(p.dlon[piece] * np.cos(phi) * ratio, p.dlat[piece]))

    @cached_property
    def _nodes(self) -> tuple[Ints, Ints]:
        """The number of the node where each piece begins, and of that where it ends."""
        p = self.pieces
        parts = np.unique(p.part)
        _, met = np.unique(self._tips[parts].reshape(-1, 2), axis=0, return_inverse=True)
        first = np.flatnonzero(~self.continues)
        count = len(self.continues)
        begin, end = np.arange(count), np.arange(1, count + 1)
        begin[first], end[np.append(first[1:], count) - 1] = count + 1 + met.reshape(-1, 2).T
        return begin, end

    @cached_property
    def _rays(self) -> tuple[Ints, Floats, NDArray[np.bool_]]:
        """The rays of nodes: node, azimuth (degrees) and whether the line leaves along it."""
        p, every = self.pieces, np.arange(len(self.pieces.lon))
        begin, end = self._nodes
        out = np.degrees(self._heading(every, p.lat))
        back = np.degrees(self._heading(every, p.lat + p.dlat)) + 180.0
        node = np.concatenate([begin, end])
        order = np.argsort(node, kind="stable")
        leaves = np.repeat([True, False], len(every))
        return node[order], np.concatenate([out, back])[order], leaves[order]

    def free_ends(self) -> tuple[Floats, Floats, Floats]:
        """Return longitude, latitude and outward azimuth of the ends where no other line begins.

        The azimuth (degrees) is that of the line at its very end.
        """
        node, azimuth, leaves = self._rays
        _, first, count = np.unique(node, return_index=True, return_counts=True)
        ray = first[count == 1]
        begin, end = self._nodes
        piece_of = np.argsort(np.concatenate([begin, end]), kind="stable")[ray] % len(begin)
        p, at_end = self.pieces, ~leaves[ray]
        lon, lat = p.lon[piece_of], p.lat[piece_of]
        lon, lat = lon + at_end * p.dlon[piece_of], lat + at_end * p.dlat[piece_of]
        return lon, lat, wrap(azimuth[ray] + 180.0)

    def _left_of_rays(self, azimuth: Floats, node: Ints) -> NDArray[np.bool_]:
        """Tell which directions from nodes point left: as the nearest of the node's rays has it."""
        at, bearing, leaves = self._rays
        first, count = np.searchsorted(at, node), np.searchsorted(at, node, side="right")
        count -= first
        ray = np.repeat(first, count) + np.arange(count.sum())
        ray -= np.repeat(np.cumsum(count) - count, count)
        point = np.repeat(np.arange(len(node)), count)
        turn = wrap(np.repeat(azimuth, count) - bearing[ray])
        best = np.lexsort((np.abs(turn), point))
        best = best[np.diff(point[best], prepend=-1) != 0]
        return np.asarray((turn[best] <= 0.0) == leaves[ray[best]])

    def _feet(self, lon: Floats, lat: Floats, compiled: bool | None) -> _Feet:  # noqa: FBT001
        if self.uses_grid(len(lon), compiled):
            return self._from_grid(lon, lat)
        _check(lon, lat, np.arange(len(lon)))
        batches = [
            self._nearest(lon[at : at + _BATCH], lat[at : at + _BATCH])
            for at in range(0, max(len(lon), 1), _BATCH)
        ]
        return _Feet(*(np.concatenate(column) for column in zip(*batches, strict=True)))

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
            self._start, self._chord, self._chord_squared, middle
        )
        return packed

    def _from_grid(self, lon: Floats, lat: Floats) -> _Feet:
        found = _Feet(*_compiled().nearest(self._built_grid(), self._packed, lon, lat))
        beyond = np.flatnonzero(found.piece < 0)
        if len(beyond):
            _check(lon[beyond], lat[beyond], beyond)
            rest = self._feet(lon[beyond], lat[beyond], compiled=False)
            for column, values in zip(found, rest, strict=True):
                column[beyond] = values
        return found

    def _nearest(self, lon: Floats, lat: Floats) -> _Feet:
        xyz = ecef(lon, lat)
        point, piece = self._candidates(xyz)
        to_start = xyz[point] - self._start[piece]
        squared = self._chord_squared[piece]
        along = np.einsum("ij,ij->i", to_start, self._chord[piece])
        t = np.clip(along / np.where(squared > 0.0, squared, 1.0), 0.0, 1.0)
        foot = self._start[piece] + t[:, None] * self._chord[piece]
        foot *= 1.0 + (t * (1.0 - t) * squared / (2.0 * WGS84.a**2))[:, None]
        chord = np.linalg.norm(xyz[point] - foot, axis=1)
        best = _group_min(chord, point)
        keep = np.flatnonzero(chord <= (best + _slack(best))[point])
        point, piece, t = point[keep], piece[keep], t[keep]
        once = ~self._repeats(point, piece, t, best)
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

    def _candidates(self, xyz: Floats) -> tuple[Ints, Ints]:
        """Return pairs (point, piece), sorted by point, among which is each point's nearest."""
        top = len(self._levels[0][0])
        point = np.repeat(np.arange(len(xyz)), top)
        node = np.tile(np.arange(top), len(xyz))
        reach = np.full(len(xyz), np.inf)
        for depth, (centre, radius) in enumerate(self._levels):
            if depth:
                point, node = _children(point, node, len(centre))
            away = np.linalg.norm(xyz[point] - centre[node], axis=1)
            # The centre is a point of the line, so the nearest cannot be farther than it.
            reach = np.minimum(reach, _group_min(away, point))
            keep = away - radius[node] <= (reach + _slack(reach))[point]
            point, node = point[keep], node[keep]
        return point, node

    def _measured(self, lon: Floats, lat: Floats, point: Ints, piece: Ints, t: Floats) -> _Feet:
        """Measure geodesics to the candidates' feet, and keep each point's shortest."""
        distance, t = self._settled(lon[point], lat[point], piece, t)
        shortest = _group_min(distance, point)
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
            # Sliding a foot by e changes the distance by e²/2s: stop below a nanometre.
            loose = np.flatnonzero(((better - t) * length) ** 2 > 2e-9 * best)
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
        foot_lon, foot_lat = p.lon[piece] + t * p.dlon[piece], p.lat[piece] + t * p.dlat[piece]
        azimuth, _, distance = inverse(foot_lon, foot_lat, lon, lat)
        phi, heading = np.radians(foot_lat), self._heading(piece, foot_lat)
        turn = np.radians(azimuth) - heading
        # How the slope of the distance, −cos(turn), grows along the piece: by the geodesics'
        # spreading, and by the piece's own bend, which far away outweighs it.
        bend = np.tan(phi) * np.sin(heading) * (1.0 + np.cos(heading) ** 2)
        spread = np.sin(turn) ** 2 / np.tan(np.clip(distance / WGS84.a, 1e-12, 3.1))
        growth = (spread + np.sin(turn) * bend) / WGS84.a
        # Where the slope falls, the nearest point is an end: as far as the piece goes.
        slide = np.cos(turn) / np.maximum(growth, 1e-12)
        return distance, slide


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


def _tips(lines: Sequence[BaseGeometry]) -> Floats:
    """Return (parts, 2, 2): first and last vertex of each part, as given, save for whole turns.

    Parts that meet share that vertex; rounded to 0.01 mm, for what adding a turn rounds off.
    """
    parts = shapely.get_parts(np.asarray(lines, dtype=object))
    coords, part = shapely.get_coordinates(parts, return_index=True)
    ends = np.full((len(parts), 2, 2), np.nan)
    ends[part[::-1], 0], ends[part, 1] = coords[::-1], coords
    ends[..., 0] %= 360.0
    return np.round(ends, 10)


def _children(point: Ints, node: Ints, count: int) -> tuple[Ints, Ints]:
    """Replace each pair (point, node) by the pairs of the point and the node's children."""
    first = node * _BRANCH
    size = np.minimum(first + _BRANCH, count) - first
    nth = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    return np.repeat(point, size), np.repeat(first, size) + nth


def _sphere_tree(start: Floats, reach: Floats) -> list[tuple[Floats, Floats]]:
    """Return levels of bounding spheres (centres, radii), the coarsest first, pieces last.

    A node spans consecutive nodes of the level below; its centre is a vertex of the line.
    """
    levels = [(start, reach)]
    while len(levels[-1][0]) > 4 * _BRANCH:
        centre, radius = levels[-1]
        group = np.arange(len(centre)) // _BRANCH
        firsts = np.arange(0, len(centre), _BRANCH)
        middle = centre[np.minimum(firsts + _BRANCH // 2, len(centre) - 1)]
        away = np.linalg.norm(centre - middle[group], axis=1) + radius
        levels.append((middle, np.maximum.reduceat(away, firsts)))
    return levels[::-1]
