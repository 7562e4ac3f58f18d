"""Handle 180 degrees of longitude: wrap and unwrap longitudes, cut and join shapes there.

A shape that crosses the antimeridian has two forms. In files it is *cut* at ±180° (RFC 7946,
section 3.1.9): every longitude lies within ±180°. For computing it is *unwrapped*: longitudes
continue beyond ±180°, so that no edge jumps from one end of the map to the other.

We read edges in files and in memory by one rule. An edge is the straight line between its positions
(RFC 7946, section 3.1.1). Two kinds of edges are longer than 180° of longitude:

- A *step over 180°* runs from one end of the map to the other, as from 178 to −179. We read it the
  short way round, which is at most 45°, and the caller warns the user.
- A *whole parallel* runs exactly one turn at one latitude, as from −180 to 180 along the edge of an
  Arctic box. If the shape is valid as it is written, it covers the whole width of the map, and all
  its edges are straight. If not, both numbers mean the same longitude. The same is true of an edge
  of one turn between two latitudes.

Any other edge of more than 180° is ambiguous, and raises an error.

Coordinates are degrees, longitude first. A turn is 360°.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.affinity import translate
from shapely.geometry import MultiPolygon, Polygon

from geobuffer.errors import GeometryError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from shapely.geometry import LineString, MultiLineString
    from shapely.geometry.base import BaseGeometry


_Floats: TypeAlias = NDArray[np.float64]

_TURN = 360.0


# --- longitudes ---


def wrap_degrees(degrees: _Floats) -> _Floats:
    """Bring differences of longitude, or azimuths, into ±180°: the short way round.

    Values within ±180° stay exactly the same.

    Examples
    --------
    >>> wrap_degrees(np.array([359.0, -190.0, 20.0])).tolist()
    [-1.0, 170.0, 20.0]
    """
    beyond = np.abs(degrees) > 180.0
    if not np.any(beyond):
        # The remainder below takes long, and few tables need it.
        return np.array(degrees, dtype=np.float64)
    return np.where(beyond, (degrees + 180.0) % _TURN - 180.0, degrees)


def normalize_longitudes(lon: ArrayLike) -> _Floats:
    """Bring longitudes into −180° (included) to 180° (excluded).

    Examples
    --------
    >>> normalize_longitudes([180.0, 359.0, -181.0]).tolist()
    [-180.0, -1.0, 179.0]
    """
    return np.asarray((np.asarray(lon, dtype=float) + 180.0) % _TURN - 180.0)


def shift_to_0_360(lon: ArrayLike) -> _Floats:
    """Bring longitudes into 0° (included) to 360° (excluded): one number for ±180°.

    Examples
    --------
    >>> shift_to_0_360([180.0, -180.0, -1.0]).tolist()
    [180.0, 180.0, 359.0]
    """
    return np.asarray(np.asarray(lon, dtype=float) % _TURN)


def unwrap_near(lon: _Floats, centre: _Floats | float) -> _Floats:
    """Return longitudes within 180° of a centre; near ±180° they continue beyond it.

    Examples
    --------
    >>> unwrap_near(np.array([-179.0, 179.0]), 178.0).tolist()
    [181.0, 179.0]
    """
    return np.asarray(centre + wrap_degrees(lon - centre))


def unwrap_east_of(lon: ArrayLike, west: float) -> _Floats:
    """Return longitudes within the turn that begins at a western end.

    Examples
    --------
    >>> unwrap_east_of([-179.0, 0.0], 90.0).tolist()
    [181.0, 360.0]
    """
    return np.asarray(west + (np.asarray(lon, dtype=float) - west) % _TURN)


def find_narrowest_range(lon: _Floats) -> tuple[float, float]:
    """Return the western end (0° to 360°) and width of the narrowest range of all longitudes.

    The rest of the turn is the widest gap between them.

    Examples
    --------
    >>> find_narrowest_range(np.array([-170.0, 175.0, 178.0]))
    (175.0, 15.0)
    """
    turned = np.sort(shift_to_0_360(lon))
    gaps = np.diff(turned, append=turned[0] + _TURN)
    widest = int(gaps.argmax())
    return float(turned[(widest + 1) % len(turned)]), float(_TURN - gaps[widest])


def unwrap_narrowest(lon: _Floats) -> _Floats:
    """Return longitudes as the narrowest unbroken range, which begins within ±180°.

    Examples
    --------
    >>> unwrap_narrowest(np.array([-170.0, 175.0, 178.0])).tolist()
    [190.0, 175.0, 178.0]
    """
    west, _ = find_narrowest_range(lon)
    along = unwrap_east_of(lon, west)
    return np.asarray(along - _TURN * np.floor((along.min() + 180.0) / _TURN))


def unwrap_vertices(lonlat: _Floats, west: float) -> _Floats:
    """Return the vertices (n, 2) of a line without jumps; its middle is in the turn from ``west``.

    Examples
    --------
    >>> unwrap_vertices(np.array([[179.0, 65.0], [-179.0, 66.0]]), 0.0).tolist()
    [[179.0, 65.0], [181.0, 66.0]]
    """
    lon = _unwrap_along(lonlat[:, 0])
    turn = np.floor(((lon.min() + lon.max()) / 2.0 - west) / _TURN)
    return np.column_stack([lon - _TURN * turn, lonlat[:, 1]])


def _unwrap_along(lon: _Floats) -> _Floats:
    """Add whole turns to longitudes, so that each is within 180° of the one before.

    We do not use ``numpy.unwrap``: it adds rounded differences, so that the last vertex of a closed
    ring differed from the first in the last digit, and the ring crossed itself.
    """
    turns = np.cumsum(np.round(np.diff(lon, prepend=lon[:1]) / _TURN))
    return np.asarray(lon - _TURN * turns)


def split_longitude_range(west: float, east: float) -> list[tuple[float, float]]:
    """Return a range of longitudes within ±180°; two ranges if the antimeridian runs through it.

    Examples
    --------
    >>> split_longitude_range(170.0, -170.0)
    [(170.0, 180.0), (-180.0, -170.0)]
    """
    return [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]


# --- shapes: from jumping edges to unwrapped or cut ones ---


# The widest step over 180°. Outlines have steps of a few degrees, and some routes have wider ones.
# A wider edge may as well be the straight line of RFC 7946, the long way round, such as the edge of
# a box from −170 to 120.
_STEP_DEGREES = 45.0


def crosses_antimeridian(shape: BaseGeometry) -> bool:
    """Return whether a shape leaves ±180°, or one of its edges steps over 180°.

    An edge along a pole does not count: Antarctica is drawn with one.

    Raises
    ------
    GeometryError
        An edge of more than 180° of longitude is ambiguous.

    Examples
    --------
    >>> crosses_antimeridian(shapely.LineString([(179.9, 65), (-179.9, 65)]))
    True
    """
    west, _, east, _ = shape.bounds
    return bool(west < -180.0 or east > 180.0) or steps_over_antimeridian(shape)


def steps_over_antimeridian(shape: BaseGeometry) -> bool:
    """Return whether an edge of a line or an area steps over 180°.

    Raises
    ------
    GeometryError
        As :func:`crosses_antimeridian`.
    """
    west, _, east, _ = shape.bounds
    return bool(east - west > 180.0) and any(
        _find_long_edges(part).step for part in shapely.get_parts(shape)
    )


class _LongEdges(NamedTuple):
    """Whether a line or polygon has edges of more than 180° of longitude, and of which kind."""

    step: bool
    """Whether an edge steps over 180°, or one longitude is written in two ways."""
    parallel: bool
    """Whether the shape is drawn across the whole map, with a whole parallel as an edge."""


def _find_long_edges(part: BaseGeometry) -> _LongEdges:
    lines = _list_rings(part) if isinstance(part, Polygon) else [part]
    vertices = [shapely.get_coordinates(line) for line in lines]
    if any(_has_parallel(lonlat) for lonlat in vertices) and (
        part.is_valid if isinstance(part, Polygon) else part.is_simple
    ):
        return _LongEdges(step=False, parallel=True)
    steps = False
    for lonlat in vertices:
        degrees = np.diff(lonlat[:, 0])
        polar = (np.abs(lonlat[:-1, 1]) == 90.0) & (np.abs(lonlat[1:, 1]) == 90.0)
        long = (np.abs(degrees) > 180.0) & ~polar
        short_way = np.abs(wrap_degrees(degrees))
        unclear = np.flatnonzero(long & ((short_way > _STEP_DEGREES) | (np.abs(degrees) > _TURN)))
        if len(unclear):
            raise _unclear_edge_error(lonlat, int(unclear[0]))
        steps |= bool(long.any())
    return _LongEdges(steps, parallel=False)


def _has_parallel(lonlat: _Floats) -> bool:
    """Return whether an edge runs exactly one turn at one latitude."""
    east, north = np.diff(lonlat, axis=0).T
    return bool(((np.abs(east) == _TURN) & (north == 0.0)).any())


def _unclear_edge_error(lonlat: _Floats, edge: int) -> GeometryError:
    (lon, lat), (to_lon, to_lat) = lonlat[edge : edge + 2]
    return GeometryError(
        f"the edge from {lon:g}, {lat:g} to {to_lon:g}, {to_lat:g} (longitude, latitude) spans "
        f"{abs(to_lon - lon):g}° of longitude and may run either way round. Must span at most "
        "180°: shapely.segmentize(shape, 90) cuts straight edges; for the way over 180°, write "
        "longitudes that run on, as 100 to 260 for 100 to -100"
    )


def _cut_long_edges(lonlat: _Floats) -> _Floats:
    """Return the vertices of a line with edges of more than 180° of longitude cut into quarters.

    An edge along a pole, which has no length, stays.
    """
    polar = (np.abs(lonlat[:, 1]) == 90.0) & (np.abs(np.roll(lonlat[:, 1], -1)) == 90.0)
    long = np.abs(np.diff(lonlat[:, 0], append=lonlat[-1:, 0])) > 180.0
    cuts = np.where(long & ~polar, 4, 1)
    first = np.repeat(np.cumsum(cuts) - cuts, cuts)
    share = ((np.arange(cuts.sum()) - first) / np.repeat(cuts, cuts))[:, None]
    step = np.diff(lonlat, axis=0, append=lonlat[-1:])
    return np.asarray(np.repeat(lonlat, cuts, axis=0) + share * np.repeat(step, cuts, axis=0))


def unwrap_polygon(shape: Polygon | MultiPolygon) -> Polygon | MultiPolygon:
    """Return a polygon without edges longer than 180°, beyond ±180° where necessary.

    Edges that step over 180° run the short way round. Whole parallels are cut into quarters.

    Raises
    ------
    GeometryError
        An edge is ambiguous, or a ring around the globe crosses the equator.

    Examples
    --------
    >>> fiji = shapely.Polygon([(178, -19), (-178, -19), (-178, -16), (178, -16)])
    >>> unwrap_polygon(fiji).bounds
    (178.0, -19.0, 182.0, -16.0)
    """
    west, _, east, _ = shape.bounds
    if not east - west > 180.0:
        return shape
    given = shapely.get_parts(shape)
    parts = [_unwrap_part(part) for part in given]
    if all(part is one for part, one in zip(parts, given, strict=True)):
        return shape
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _unwrap_part(part: Polygon) -> Polygon:
    found = _find_long_edges(part)
    if found.parallel:
        rings = [shapely.get_coordinates(ring) for ring in _list_rings(part)]
        shell, *holes = (_cut_long_edges(ring) for ring in rings)
        is_same = sum(map(len, rings)) == len(shell) + sum(map(len, holes))
        return part if is_same else shapely.Polygon(shell, holes)
    return _unwrap_steps(part) if found.step else part


def _list_rings(part: Polygon) -> list[LineString]:
    return [part.exterior, *part.interiors]


def _unwrap_steps(part: Polygon) -> Polygon:
    shell = _unwrap_ring(shapely.get_coordinates(part.exterior))
    west, east = shell[:, 0].min(), shell[:, 0].max()
    holes = []
    for interior in part.interiors:
        hole = _unwrap_ring(shapely.get_coordinates(interior))
        middle = (hole[:, 0].min() + hole[:, 0].max()) / 2.0
        # Each ring keeps its first longitude; we shift holes by whole turns into their shell.
        hole[:, 0] += _TURN * round(((west + east) / 2.0 - middle) / _TURN)
        holes.append(hole)
    return shapely.Polygon(shell, holes)


def _unwrap_ring(lonlat: _Floats) -> _Floats:
    lon = _unwrap_along(lonlat[:, 0])
    ring = np.stack([lon, lonlat[:, 1]], axis=1)
    turns = round((lon[-1] - lon[0]) / _TURN)
    if not turns:
        return ring
    south, north = lonlat[:, 1].min(), lonlat[:, 1].max()
    if south <= 0.0 <= north:
        raise GeometryError(
            "a ring goes round the globe across the equator. Must be cut at the antimeridian first"
        )
    # The ring goes round a pole, so it encloses the area up to that pole.
    pole = 90.0 if north > 0.0 else -90.0
    return np.vstack([ring, [(lon[-1], pole), (lon[0], pole)], ring[:1]])


def cut_line(shape: LineString | MultiLineString) -> LineString | MultiLineString:
    """Return a line within ±180°, cut at the antimeridian, without segments longer than 180°.

    Segments that step over 180° run the short way round. Whole parallels are cut into quarters.

    Raises
    ------
    GeometryError
        A segment is ambiguous.

    Examples
    --------
    >>> print(cut_line(shapely.LineString([(179, 65), (-179, 66)])))
    MULTILINESTRING ((179 65, 180 65.5), (-180 65.5, -179 66))
    """
    pieces = [
        piece for part in shapely.get_parts(shape) for piece in _cut_vertices(_read_vertices(part))
    ]
    return pieces[0] if len(pieces) == 1 else shapely.MultiLineString(pieces)


def _read_vertices(line: LineString) -> _Floats:
    lonlat = shapely.get_coordinates(line)
    return _cut_long_edges(lonlat) if _find_long_edges(line).parallel else lonlat


def _cut_vertices(lonlat: _Floats) -> list[LineString]:
    lon = _unwrap_along(lonlat[:, 0])
    turn = np.floor((lon + 180.0) / _TURN)
    path = [(lon[0], lonlat[0, 1])]
    for i in range(len(lon) - 1):
        if turn[i] != turn[i + 1]:
            seam = _TURN * max(turn[i], turn[i + 1]) - 180.0
            share = (seam - lon[i]) / (lon[i + 1] - lon[i])
            if 0.0 < share < 1.0:
                path.append((seam, lonlat[i, 1] + share * (lonlat[i + 1, 1] - lonlat[i, 1])))
        path.append((lon[i + 1], lonlat[i + 1, 1]))
    whole = np.array(path)
    between = np.floor(((whole[:-1, 0] + whole[1:, 0]) / 2.0 + 180.0) / _TURN)
    starts = [0, *(np.flatnonzero(np.diff(between)) + 1), len(between)]
    pieces = (whole[a : b + 1] - [_TURN * between[a], 0.0] for a, b in itertools.pairwise(starts))
    # Rounding may put a longitude beyond ±180 by its last bit.
    return [shapely.LineString(np.clip(piece, -180.0, 180.0)) for piece in pieces]


# --- shapes: from unwrapped to cut, and back ---


def cut_at_antimeridian(shape: BaseGeometry) -> Polygon | MultiPolygon:
    """Return an unwrapped polygon within ±180°, cut at the antimeridian (RFC 7946, 3.1.9).

    Examples
    --------
    >>> cut_at_antimeridian(shapely.box(170, 50, 190, 60)).bounds
    (-180.0, 50.0, 180.0, 60.0)
    """
    west, _, east, _ = shape.bounds
    if west >= -180.0 and east <= 180.0:
        return keep_polygons(shape)
    turns = np.arange(np.floor((west + 180.0) / _TURN), np.ceil((east + 180.0) / _TURN))
    parts = [part for turn in turns for part in shapely.get_parts(_clip_to_turn(shape, turn))]
    return keep_polygons(shapely.multipolygons([p for p in parts if isinstance(p, Polygon)]))


def cut_unwrapped_line(line: LineString) -> list[LineString]:
    """Return the parts of a line from −180° to 540° within ±180°, each in its direction."""
    parts = [
        part
        for turn in (0.0, 1.0)
        for part in shapely.get_parts(_clip_to_turn(line, turn))
        if part.length > 0.0
    ]
    merged = shapely.line_merge(shapely.multilinestrings(parts), directed=True)
    return list(shapely.get_parts(merged))


def cut_unwrapped_lines(lines: list[_Floats]) -> list[BaseGeometry]:
    """Return lines, given as vertices (n, 2), within ±180°; one geometry for a line and a turn.

    A line within ±180° stays unchanged.
    """
    cut = []
    for vertices in lines:
        line = shapely.LineString(vertices)
        west, east = vertices[:, 0].min(), vertices[:, 0].max()
        if west >= -180.0 and east <= 180.0:
            cut.append(line)
            continue
        turns = np.arange(np.floor((west + 180.0) / _TURN), np.floor((east + 180.0) / _TURN) + 1)
        cut += [_clip_to_turn(line, turn) for turn in turns]
    return cut


def _clip_to_turn(shape: BaseGeometry, turn: float) -> BaseGeometry:
    """Return the part of an unwrapped shape in one turn, moved to within ±180°."""
    by = _TURN * turn
    inside = shapely.intersection(shape, shapely.box(-180.0 + by, -90.0, 180.0 + by, 90.0))
    return shapely.transform(inside, lambda lonlat: lonlat - [by, 0.0])


def reaches_antimeridian(area: BaseGeometry) -> bool:
    """Return whether an area within ±180° touches the antimeridian, as a cut area does."""
    west, _, east, _ = area.bounds
    return bool(west <= -180.0 or east >= 180.0)


def unwrap_to_0_360(area: BaseGeometry) -> BaseGeometry:
    """Return an area within ±180° in longitudes 0° to 360°: joined where it was cut at ±180°."""
    west, east = (
        shapely.intersection(area, shapely.box(lon, -90.0, lon + 180.0, 90.0))
        for lon in (-180.0, 0.0)
    )
    return shapely.union(translate(west, _TURN), east)


def trace_boundary(area: BaseGeometry) -> BaseGeometry:
    """Return the boundary of an area within ±180°, without the seams of a cut at ±180°.

    An area around a pole closes along that pole. We leave out that edge, a single point on Earth.
    """
    boundary = area.boundary
    if boundary.is_empty or boundary.bounds[0] > -180.0 or boundary.bounds[2] < 180.0:
        return boundary
    west, east = (shapely.intersection(boundary, _make_meridian(lon)) for lon in (-180.0, 180.0))
    if west.is_empty or east.is_empty:
        return boundary
    seam = shapely.intersection(translate(west, _TURN), east)
    twin = translate(seam, -_TURN)
    poles = [
        pole
        for pole in (_make_parallel(-90.0), _make_parallel(90.0))
        if shapely.intersection(boundary, pole).length == _TURN
    ]
    return shapely.difference(boundary, shapely.union_all([seam, twin, *poles]))


def trace_boundary_at_180(area: BaseGeometry) -> BaseGeometry:
    """Return the boundary as :func:`trace_boundary`, with parts along −180° moved to 180°.

    Two areas on either side of the antimeridian then share that part of their boundaries.
    """
    boundary = trace_boundary(cut_at_antimeridian(shapely.force_2d(area)))
    if boundary.is_empty or boundary.bounds[0] > -180.0:
        return boundary
    west = shapely.intersection(boundary, _make_meridian(-180.0))
    if not west.length:
        return boundary
    return shapely.union(shapely.difference(boundary, west), translate(west, _TURN))


def _make_meridian(lon: float) -> LineString:
    """Return a meridian from pole to pole."""
    return shapely.LineString([(lon, -90.0), (lon, 90.0)])


def _make_parallel(lat: float) -> LineString:
    """Return a parallel from −180° to 180°."""
    return shapely.LineString([(-180.0, lat), (180.0, lat)])


# --- two shapes whose longitudes may be turns apart ---


def repeat_around_globe(shape: BaseGeometry) -> list[BaseGeometry]:
    """Return a shape one turn to the west, where it is, and one turn to the east."""
    return [translate(shape, turn * _TURN) for turn in (-1, 0, 1)]


def repeat_within(shape: BaseGeometry, west: float, east: float) -> list[BaseGeometry]:
    """Return all copies of a shape, moved by whole turns, that may lie between two longitudes."""
    shape_west, _, shape_east, _ = shape.bounds
    turns = np.arange(np.floor((west - shape_east) / _TURN), (east - shape_west) / _TURN + 1.0)
    return [translate(shape, turn * _TURN) for turn in turns]


def meet_around_globe(one: BaseGeometry, other: BaseGeometry) -> bool:
    """Return whether two areas touch or overlap, also across the antimeridian.

    Examples
    --------
    >>> meet_around_globe(shapely.box(170, 50, 180, 60), shapely.box(-180, 50, -170, 60))
    True
    """
    whole, part = cut_at_antimeridian(one), cut_at_antimeridian(other)
    return any(shapely.intersects(whole, copy) for copy in repeat_around_globe(part))


def subtract_around_globe(shape: BaseGeometry, cut: BaseGeometry) -> BaseGeometry:
    """Subtract a shape within ±180°, in every turn, from an unwrapped shape."""
    for copy in reversed(repeat_around_globe(cut)):
        shape = shapely.difference(shape, copy)
    return shape


# --- overlays ---


def keep_polygons(shape: BaseGeometry) -> Polygon | MultiPolygon:
    """Return the polygons of an overlay, without the points and lines where shapes touch.

    A single polygon is returned as a Polygon.
    """
    flat = shapely.get_parts(shapely.get_parts(shape))
    parts = [part for part in flat if isinstance(part, Polygon) and not part.is_empty]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)
