"""Split a zone into the left and the right side of its lines.

A point belongs to the side on which it lies of the stretch of line nearest to it
(:meth:`geobuffer.geodesy.nearest.LineIndex.is_left`). So the lines themselves part the sides, and
beyond a free end the geodesic straight on. Where a left and a right bank of different stretches
face each other, as between two lines that run the same way, the sides part half-way. For that
half-way line we start from a Voronoi diagram of the banks. We then move its vertices to where
``is_left`` changes.

The lines cut the zone into *compartments*. The geodesics beyond free ends, and boxes about those,
cut the compartments further, into *faces*. Most faces lie on one side; we
split the others half-way.

Geometry is in longitude and latitude, degrees on WGS 84; distances are in metres.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from geobuffer.errors import GeometryError
from geobuffer.geodesy.antimeridian import (
    cut_at_antimeridian,
    cut_unwrapped_lines,
    unwrap_near,
    wrap_degrees,
)
from geobuffer.geodesy.ellipsoid import (
    Floats,
    Ints,
    direct,
    inverse,
    number_within_groups,
    project_to_globe,
    project_to_plane,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry import MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy.nearest import LineIndex


# The points on the banks lie this far from the middle of a piece: less than any gap that matters.
_BANK_M = 1e-3

# With steps of a kilometre, a geodesic is within 2 cm of its chords in longitude and latitude.
_STEP_M = 1_000.0

# Samples of the banks per width of the zone: half-way lines then start right to some metres.
_SAMPLES = 200

# A half-way line bends where another stretch becomes nearest. We cut its edges at the worst of
# these shares until they are off by no more than these metres. Eight rounds turn 200 m into 1 m.
_PROBES = (0.25, 0.5, 0.75)
_HALF_WAY_M = 0.5
_ROUNDS = 8

# How far, as a share of the width, a half-way line may start wrong: a plane about the middle of
# 1,000 km shifts it by half a percent of the width.
_SHIFT = 0.02

_TWICE = (
    "Invalid side: lines run along one another, so that what is left of one is right of another. "
    "Must be without the stretch that comes twice; side 'both' needs no sides."
)


class _Banks(NamedTuple):
    """Points on either bank of the pieces: first all left ones, then all right ones.

    ``compartment`` and ``face`` hold the number of the one that each point lies in.
    """

    tree: shapely.STRtree
    compartment: Ints
    face: Ints
    compartment_of_face: Ints


def split_sides(
    index: LineIndex, whole: BaseGeometry, distance_m: float
) -> tuple[Polygon | MultiPolygon, Polygon | MultiPolygon, float]:
    """Return the left and the right side of a zone, and the error of the edge between them.

    Parameters
    ----------
    index
        The lines.
    whole
        The zone: a polygon within ±180° longitude.
    distance_m
        The zone's width, in metres.

    Returns
    -------
    tuple
        Two polygons, cut at the antimeridian, and how far (in metres) the edge between them is at
        most from where the side changes.

    Raises
    ------
    GeometryError
        A stretch of line comes twice, so that it has no left and no right.

    Examples
    --------
    >>> from geobuffer.geodesy.nearest import LineIndex
    >>> from geobuffer.geodesy.buffer import buffer_lines
    >>> index = LineIndex([shapely.LineString([(30, 50), (31, 50)])])
    >>> whole, _ = buffer_lines(index, 1000, tolerance_m=1)
    >>> left, right, error = split_sides(index, whole, 1000)
    >>> left.bounds[3] > 50.008, right.bounds[1] < 49.992, error
    (True, True, 0.0)
    """
    runs, ends = cut_unwrapped_lines(_list_runs(index)), _trace_end_rays(index, whole)
    _check_no_repeats(runs)
    patches = [
        shapely.box(*_widen_bounds(shapely.LineString(end.line).bounds, distance_m))
        for end in ends
        if not end.nearest
    ]
    compartments = _cut_into_faces(whole, runs)
    cuts = [
        *cut_unwrapped_lines([end.line for end in ends]),
        *(patch.exterior for patch in patches),
    ]
    faces = _cut_into_faces(whole, [*runs, *cuts])
    inner = np.array([face.point_on_surface() for face in faces])
    round_the_end = shapely.intersects(shapely.union_all(patches), inner)
    banks = _locate_banks(
        index, _find_holders(compartments, shapely.STRtree(inner)), compartments, faces
    )
    parts: tuple[list[BaseGeometry], list[BaseGeometry]] = ([], [])
    errors = [0.0]
    for number, face in enumerate(faces):
        bank = _select_banks(banks, number, face, distance_m, both=bool(round_the_end[number]))
        left = bank < len(banks.face) // 2
        if left.all() or not left.any():
            parts[int(not left.all())].append(face)
            continue
        one, other, error = _split_face(index, face, bank, distance_m)
        parts[0].append(one)
        parts[1].append(other)
        errors.append(error)
    left_side, right_side = (cut_at_antimeridian(shapely.union_all(part)) for part in parts)
    return left_side, right_side, max(errors)


def _check_no_repeats(runs: list[BaseGeometry]) -> None:
    """Check that no stretch of the lines comes twice: it would have no left and no right."""
    # In degrees, a tenth of a metre; sums of a million lengths are right to a thousandth of that.
    if float(np.sum(shapely.length(runs))) - shapely.union_all(runs).length > 1e-6:
        raise GeometryError(_TWICE)


def _list_runs(index: LineIndex) -> list[Floats]:
    """Return the vertices (n, 2) of each unbroken run of pieces, with unwrapped longitudes."""
    p, begins = index.pieces, np.flatnonzero(~index.continues)
    runs = []
    for a, b in zip(begins, np.append(begins[1:], len(p.lon)), strict=True):
        lon = np.append(p.lon[a:b], p.lon[b - 1] + p.dlon[b - 1])
        turned = lon[0] + np.append(0.0, np.cumsum(wrap_degrees(np.diff(lon))))
        # Where the line does not cross 180°, we keep the longitudes as given, to the last digit.
        lon = np.where(np.abs(turned - lon) < 1.0, lon, turned)
        runs.append(np.stack([lon, np.append(p.lat[a:b], p.lat[b - 1] + p.dlat[b - 1])], axis=1))
    return runs


class _EndRay(NamedTuple):
    """The geodesic straight on from a free end; ``nearest`` if the end is nearest to all of it."""

    line: Floats
    nearest: bool


def _trace_end_rays(index: LineIndex, whole: BaseGeometry) -> list[_EndRay]:
    """Return the geodesics straight on from the free ends, until they leave the zone."""
    west, south, east, north = whole.bounds
    _, _, across = inverse(west, south, min(east, west + 179.0), north)
    reach = np.arange(0.0, float(across[0]) + 2.0 * _STEP_M, _STEP_M)
    ends = []
    for lon, lat, azimuth in zip(*index.free_ends(), strict=True):
        to_lon, to_lat, _ = direct(lon, lat, azimuth, reach)
        left = np.flatnonzero(~shapely.contains_xy(whole, wrap_degrees(to_lon), to_lat))
        count = max((left[0] if len(left) else len(reach) - 1) + 1, 2)
        line = np.stack([unwrap_near(to_lon, lon), to_lat], axis=1)[:count]
        line[0] = lon, lat
        away = index.nearest(*line.T).distance_m
        # We compare up to the last point within the zone.
        ends.append(_EndRay(line, bool((np.abs(away - reach[:count]) < 0.01)[:-1].all())))
    return ends


def _widen_bounds(bounds: tuple[float, ...], distance_m: float) -> Floats:
    """Return bounds in degrees, wider on each side by a distance and a tenth of it."""
    high = 1.1 * distance_m / 111_000.0
    _, south, _, north = bounds
    furthest = min(max(abs(south), abs(north)) + high, 89.0)
    wide = high / np.cos(np.radians(furthest))
    return np.asarray(np.add(bounds, [-wide, -high, wide, high]))


def _cut_into_faces(whole: BaseGeometry, lines: list[BaseGeometry]) -> list[BaseGeometry]:
    """Return the parts into which lines cut a zone."""
    edges = shapely.union_all([whole.boundary, *lines])
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(edges)))
    shapely.prepare(whole)
    return [face for face in faces if shapely.intersects(whole, face.point_on_surface())]


def _find_holders(faces: list[BaseGeometry], points: shapely.STRtree) -> Ints:
    """Return which face holds each point; −1 if no face does."""
    found = np.full(len(points), -1, dtype=np.int64)
    # STRtree prepares the query geometries. So we index the points and query with the faces, which
    # is hundreds of times as fast as the other way round.
    face, point = points.query(faces, predicate="contains")
    found[point] = face
    return found


def _locate_banks(
    index: LineIndex,
    compartment_of_face: Ints,
    compartments: list[BaseGeometry],
    faces: list[BaseGeometry],
) -> _Banks:
    """Return points on both banks of the pieces, with the compartment and face of each."""
    p = index.pieces
    lon, lat = p.lon + p.dlon / 2.0, p.lat + p.dlat / 2.0
    along, _, _ = inverse(lon, lat, p.lon + p.dlon, p.lat + p.dlat)
    sides = [direct(lon, lat, along + turn, _BANK_M)[:2] for turn in (-90.0, 90.0)]
    points = shapely.points(np.concatenate([np.stack(side, axis=1) for side in sides]))
    tree = shapely.STRtree(points)
    return _Banks(
        tree, _find_holders(compartments, tree), _find_holders(faces, tree), compartment_of_face
    )


def _select_banks(
    banks: _Banks, face: int, shape: BaseGeometry, distance_m: float, *, both: bool
) -> Ints:
    """Return the banks that can be nearest in a face.

    They lie in the same compartment, but not across the face's own line. ``both`` keeps those
    across the line, for faces near a free end, where they can be nearest.
    """
    here = banks.face == face
    across = np.roll(here, len(here) // 2) & (not both)
    near = np.zeros(len(here), dtype=bool)
    near[banks.tree.query(shapely.box(*_widen_bounds(shape.bounds, distance_m)))] = True
    same_compartment = banks.compartment == banks.compartment_of_face[face]
    return np.flatnonzero(here | (same_compartment & near & ~across))


def _split_face(
    index: LineIndex, face: BaseGeometry, bank: Ints, distance_m: float
) -> tuple[BaseGeometry, BaseGeometry, float]:
    """Split a face half-way between left and right banks; return both parts and their error."""
    at = face.centroid
    step = distance_m / _SAMPLES
    sites, left = _sample_banks(index, bank, step)
    plane = project_to_plane(at.x, at.y, *sites.T).T
    corners = project_to_plane(at.x, at.y, *shapely.get_coordinates(face).T).T
    reach = shapely.MultiPoint(corners).buffer(step)
    cells = _draw_voronoi_cells(plane, reach)

    def to_globe(xy: Floats) -> Floats:
        lon, lat = project_to_globe(at.x, at.y, xy.T)
        return np.stack([unwrap_near(lon, at.x), lat], axis=1)

    area = shapely.union_all(shapely.get_parts(cells)[left])
    area = shapely.segmentize(area, 4.0 * step)
    area = shapely.transform(area, to_globe)
    reach_m = max(step, _SHIFT * distance_m)
    area = _refine_half_way(index, _move_half_way(index, area, face, reach_m), face, reach_m)
    one, other = shapely.intersection(face, area), shapely.difference(face, area)
    one, other = _sort_slivers(index, one, other)
    away = _measure_edge_errors(index, one, face, reach_m).away_m
    return one, other, float(away.max(initial=0.0))


def _draw_voronoi_cells(plane: Floats, reach: BaseGeometry) -> BaseGeometry:
    """Return the Voronoi cells of banks, in their order."""
    try:
        return shapely.voronoi_polygons(shapely.MultiPoint(plane), extend_to=reach, ordered=True)
    except shapely.GEOSException as error:
        raise GeometryError(_TWICE) from error


def _sort_slivers(
    index: LineIndex, one: BaseGeometry, other: BaseGeometry
) -> tuple[BaseGeometry, BaseGeometry]:
    """Move slivers along the line, where cells of both banks meet, to the side they lie on."""
    parts = shapely.get_parts(shapely.get_parts([one, other]))
    parts = parts[shapely.area(parts) > 0.0]
    lon, lat = shapely.get_coordinates(shapely.point_on_surface(parts)).T
    left = index.is_left(lon, lat)
    return shapely.union_all(parts[left]), shapely.union_all(parts[~left])


def _sample_banks(index: LineIndex, bank: Ints, step_m: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Return points (n, 2) along banks, at most a step apart, and which are on left banks."""
    p, count = index.pieces, len(index.pieces.lon)
    cuts = np.ceil(p.length_m[bank % count] / step_m).astype(np.int64)
    piece, left = np.repeat(bank % count, cuts), np.repeat(bank < count, cuts)
    share = (number_within_groups(cuts) + 0.5) / np.repeat(cuts, cuts)
    lon, lat = p.at(piece, share)
    along, _, _ = inverse(lon, lat, p.lon[piece] + p.dlon[piece], p.lat[piece] + p.dlat[piece])
    to_lon, to_lat, _ = direct(lon, lat, along + np.where(left, -90.0, 90.0), _BANK_M)
    return np.stack([to_lon, to_lat], axis=1), left


def _move_half_way(
    index: LineIndex, area: BaseGeometry, face: BaseGeometry, reach_m: float
) -> BaseGeometry:
    """Move the vertices of a half-way line to where the side changes."""
    begin, end = _list_edges(area)
    # We include those just beyond the face, so that the line leaves the face in the right place.
    near = shapely.box(*_widen_bounds(face.bounds, 4.0 * reach_m))
    here = shapely.intersects_xy(near, *begin.T)
    begin, end = begin[here], end[here]
    along, _, _ = inverse(*begin.T, *end.T)
    where, found = _find_side_change(index, begin, along + 90.0, reach_m)
    moved = dict(zip(map(tuple, begin[found].tolist()), where[found].tolist(), strict=True))

    def move(coords: Floats) -> Floats:
        return np.array([moved.get(tuple(xy), xy) for xy in coords.tolist()]).reshape(-1, 2)

    return shapely.make_valid(shapely.transform(area, move), method="structure")


class _EdgeErrors(NamedTuple):
    """Edges that split a face: both ends (n, 2), where the side changes nearby, and how far off."""

    begin: Floats
    end: Floats
    where: Floats
    away_m: Floats


def _measure_edge_errors(
    index: LineIndex, shape: BaseGeometry, face: BaseGeometry, reach_m: float
) -> _EdgeErrors:
    """Return the largest distance of each edge that splits a face from where the side changes."""
    begin, end = _list_edges(shape)
    shapely.prepare(face)
    edges = shapely.linestrings(np.stack([begin, end], axis=1))
    inside = np.flatnonzero(shapely.intersects(face, edges))
    begin, end = begin[inside], end[inside]
    worst = _EdgeErrors(begin, end, (begin + end) / 2.0, np.zeros(len(begin)))
    along, _, _ = inverse(*begin.T, *end.T)
    for share in _PROBES:
        point = begin + share * (end - begin)
        # At least a millimetre inside the face: its own edge is not a half-way line.
        free = np.flatnonzero(shapely.distance(shapely.points(point), face.boundary) > 1e-8)
        where, found = _find_side_change(index, point[free], along[free] + 90.0, reach_m)
        free, where = free[found], where[found]
        away = inverse(*point[free].T, *where.T)[2]
        more = away > worst.away_m[free]
        worst.where[free[more]], worst.away_m[free[more]] = where[more], away[more]
    return worst


def _refine_half_way(
    index: LineIndex, area: BaseGeometry, face: BaseGeometry, reach_m: float
) -> BaseGeometry:
    """Cut the edges of a half-way line that are off, at the place where the side changes."""
    for _ in range(_ROUNDS):
        found = _measure_edge_errors(index, area, face, reach_m)
        off = found.away_m > _HALF_WAY_M
        if not off.any():
            break
        ends = np.concatenate([found.begin, found.end], axis=1)[off]
        cuts = dict(zip(map(tuple, ends.tolist()), found.where[off].tolist(), strict=True))
        parts = [
            shapely.Polygon(
                _cut_ring(part.exterior, cuts), [_cut_ring(hole, cuts) for hole in part.interiors]
            )
            for part in shapely.get_parts(area)
        ]
        area = shapely.make_valid(shapely.MultiPolygon(parts), method="structure")
    return area


def _cut_ring(ring: BaseGeometry, cuts: dict[tuple[float, ...], list[float]]) -> list[list[float]]:
    """Return a ring's vertices, and between the ends of an edge the vertex that cuts it."""
    coords = ring.coords[:]
    cut = [coords[0]]
    for begin, end in pairwise(coords):
        cut += [cuts[key]] if (key := (*begin, *end)) in cuts else []
        cut.append(end)
    return cut


def _list_edges(shape: BaseGeometry) -> tuple[Floats, Floats]:
    """Return the starts and ends, (n, 2) each, of all edges of polygons."""
    rings = shapely.get_rings(shapely.get_parts(shape))
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    same = np.flatnonzero(ring[1:] == ring[:-1])
    return coords[same], coords[same + 1]


def _find_side_change(
    index: LineIndex, points: Floats, azimuth: Floats, reach_m: float
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return where the side changes along geodesics through points, and for which it does."""
    # We do not look so far as to meet the line itself.
    reach = np.minimum(reach_m, index.nearest(*points.T).distance_m / 2.0)

    def at(rows: Ints, away: Floats) -> Floats:
        lon, lat, _ = direct(points[rows, 0], points[rows, 1], azimuth[rows], away)
        return np.stack([unwrap_near(lon, points[rows, 0]), lat], axis=1)

    first, last = (index.is_left(*at(np.arange(len(points)), away).T) for away in (-reach, reach))
    found = first != last
    rows = np.flatnonzero(found)
    low, high = -reach[rows], reach[rows]
    # 200 m halved 15 times is a centimetre.
    for _ in range(15):
        middle = (low + high) / 2.0
        same = index.is_left(*at(rows, middle).T) == first[rows]
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    where = points.copy()
    where[rows] = at(rows, (low + high) / 2.0)
    return where, found
