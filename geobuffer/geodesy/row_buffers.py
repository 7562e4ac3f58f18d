"""Buffer many shapes at once, each by its own distance on the ellipsoid.

:func:`buffer_rows` draws points as geodesic circles, all in one array. For other shapes it computes
planar buffers, each in a separate plane, and :mod:`geobuffer.geodesy.refine` moves those to their
distances, some hundred rows at a time.

This module leaves out shapes that reach a pole or far across the globe, because a plane cannot hold
them. :mod:`geobuffer.geodesy.buffer` buffers such shapes one by one.

Geometry is in longitude and latitude, degrees on WGS 84; distances are in metres.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from geobuffer.geodesy.antimeridian import (
    cut_at_antimeridian,
    trace_boundary,
    unwrap_near,
    wrap_degrees,
)
from geobuffer.geodesy.buffer import unite_repaired
from geobuffer.geodesy.ellipsoid import (
    WGS84,
    Floats,
    Ints,
    direct,
    find_group_starts,
    number_within_groups,
    project_to_globe,
    project_to_plane,
)
from geobuffer.geodesy.nearest import LineIndex
from geobuffer.geodesy.refine import Edges, Target, bend_of_edges, bound_error, refine_edges
from geobuffer.geodesy.threads import run_in_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Shapes = NDArray[np.object_]


# How far a shape with its zone may reach from its middle, in metres. At this radius a plane is off
# by 0.02 % of the distance, less than the planar buffer itself.
_REACH_M = 200_000.0

# We leave out zones nearer to a pole than this latitude. A circle there needs a vertex for every
# 600 m at a tolerance of 1 m, because edges straight in longitude and latitude bend.
_POLAR = 89.5

# Chords per quarter circle of the planar buffers. They are 12 m short at 10 km before refining.
_QUADRANT = 16

# The longest edge, in degrees, in a plane; we cut longer edges first. An edge of this length that
# is straight in longitude and latitude is off by 4 cm in the plane at 60° north.
_SEGMENT_DEGREES = 0.01

# How many vertices of shapes and their planar buffers we refine at once, to limit the memory.
_VERTICES_AT_ONCE = 60_000

# How many vertices the arcs of one row's planar buffer add to that count.
_VERTICES_PER_ROW = 4 * _QUADRANT


class RowBuffers(NamedTuple):
    """The zones of rows, one entry per row."""

    shape: Shapes
    """A polygon, cut at the antimeridian; None where the row is left out."""
    error_m: Floats
    """A bound of how far its edges depart from the distance; NaN where the row is left out."""


def buffer_rows(shapes: Shapes, distance_m: Floats, tolerance_m: Floats) -> RowBuffers:
    """Return the zone within a distance of each shape; zones of areas include their inside.

    Parameters
    ----------
    shapes
        Valid shapes in two dimensions, none of them empty, (n,). Longitudes are within ±180°, and
        shapes across the antimeridian are cut there.
    distance_m
        The distance of the edge of each zone, in metres, (n,). For areas it may be negative: the
        zone is then the part of the area that is farther from the outline than that.
    tolerance_m
        How far the edges may be from that distance, in metres, (n,).

    Returns
    -------
    RowBuffers
        The zones. If an area vanishes at a negative distance, its polygon is empty.

    Examples
    --------
    >>> rows = np.array([shapely.Point(30, 50), shapely.box(30, 50, 31, 51)])
    >>> found = buffer_rows(rows, np.array([1000.0, -2000.0]), np.array([1.0, 1.0]))
    >>> [shape.geom_type for shape in found.shape], bool((found.error_m <= 1.0).all())
    (['Polygon', 'Polygon'], True)
    """
    found = RowBuffers(np.full(len(shapes), None, dtype=object), np.full(len(shapes), np.nan))
    dots = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    lon, lat, reach = _measure_reach(shapes)
    reach += np.abs(distance_m)
    flat = (np.abs(lat) + np.degrees(reach / WGS84.b) < _POLAR) & (dots | (reach < _REACH_M))
    # Distances near a pole take several times as long, so those rows get separate batches.
    polar = np.abs(lat) + np.degrees(reach / WGS84.b) > 80.0
    kinds = (
        (_draw_circles, flat & dots),
        (_buffer_in_planes, flat & ~dots & ~polar),
        (_buffer_in_planes, flat & ~dots & polar),
    )
    batches = [
        (rows, draw)
        for draw, chosen in kinds
        for rows in _split_rows(np.flatnonzero(chosen), shapes)
    ]

    def fill(low: int, high: int) -> None:
        for rows, draw in batches[low:high]:
            drawn = draw(shapes[rows], lon[rows], lat[rows], distance_m[rows], tolerance_m[rows])
            found.shape[rows], found.error_m[rows] = drawn

    run_in_threads(fill, len(batches), 1)
    return found


def _measure_reach(shapes: Shapes) -> tuple[Floats, Floats, Floats]:
    """Return a middle of each shape, and the largest distance of the shape from it, in metres."""
    coords, row = shapely.get_coordinates(shapes, return_index=True)
    starts = find_group_starts(row)
    # Longitudes relative to the first vertex, so that the antimeridian does not matter.
    first = coords[starts, 0]
    lon = wrap_degrees(coords[:, 0] - first[row])
    bounds = [
        ufunc.reduceat(values, starts)
        for values in (lon, coords[:, 1])
        for ufunc in (np.minimum, np.maximum)
    ]
    west, east, south, north = bounds
    middle_lon, middle_lat = wrap_degrees(first + (west + east) / 2.0), (south + north) / 2.0
    nearest_equator = np.where(south * north < 0.0, 0.0, np.minimum(np.abs(south), np.abs(north)))
    wide = np.radians(east - west) * np.cos(np.radians(nearest_equator)) / 2.0
    reach = 1.01 * WGS84.a * np.hypot(wide, np.radians(north - south) / 2.0)
    return middle_lon, middle_lat, reach


def _split_rows(rows: Ints, shapes: Shapes) -> list[Ints]:
    """Split rows into batches of limited numbers of vertices, or into single rows."""
    if not len(rows):
        return []
    count = shapely.get_num_coordinates(shapes[rows]) + _VERTICES_PER_ROW
    batch = np.cumsum(count) // _VERTICES_AT_ONCE
    return np.split(rows, find_group_starts(batch)[1:])


# --- points ---


def _draw_circles(
    shapes: Shapes, lon: Floats, lat: Floats, radius_m: Floats, tolerance_m: Floats
) -> tuple[Shapes, Floats]:
    """Return geodesic circles around points, and bounds of the errors of their edges."""
    del shapes  # the points are given as longitude and latitude
    # The curvature of the circle, and the largest one of edges straight in longitude and latitude.
    bend = 1.0 / radius_m + bend_of_edges(np.abs(lat) + np.degrees(radius_m / WGS84.b))
    # 2 % more than the sagitta length² / 8 radius of an arc, for an ellipsoid and wide arcs.
    eighth = 1.02 * (2.0 * np.pi * radius_m) ** 2 / 8.0
    count = np.ceil(np.sqrt(eighth * bend / tolerance_m)).clip(12).astype(np.int64)
    row = np.repeat(np.arange(len(lon)), count)
    azimuth = -360.0 * number_within_groups(count) / count[row]
    x, y, _ = direct(lon[row], lat[row], azimuth, radius_m[row])
    rings = shapely.linearrings(np.column_stack([unwrap_near(x, lon[row]), y]), indices=row)
    return _cut_beyond_180(shapely.polygons(rings)), eighth * bend / count**2


def _cut_beyond_180(shapes: Shapes) -> Shapes:
    """Cut polygons that cross the antimeridian."""
    west, _, east, _ = shapely.bounds(shapes).T
    for n in np.flatnonzero((west < -180.0) | (east > 180.0)):
        shapes[n] = cut_at_antimeridian(shapes[n])
    return shapes


# --- lines and areas ---


def _buffer_in_planes(
    shapes: Shapes, lon: Floats, lat: Floats, distance_m: Floats, tolerance_m: Floats
) -> tuple[Shapes, Floats]:
    """Return the zones of shapes, from planar buffers, and bounds of the errors of their edges."""
    planar = _buffer_planar(shapes, lon, lat, distance_m)
    parts, row_of_part = shapely.get_parts(planar, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    row_of_ring = row_of_part[part_of_ring]
    if not len(rings):
        return np.full(len(shapes), shapely.Polygon(), dtype=object), np.zeros(len(shapes))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    keep = np.append(np.diff(ring) == 0, False)  # without the last vertex: rings are open now
    xy, ring = xy[keep], ring[keep]
    row = row_of_ring[ring]
    x, y = project_to_globe(lon[row], lat[row], xy.T)
    index = LineIndex(list(_trace_outlines(shapes)), apart=True)
    target = Target(index, np.abs(distance_m)[row_of_ring], tolerance_m[row_of_ring], row_of_ring)
    edges = refine_edges(target, unwrap_near(x, lon[row]), y, ring)
    whole, error = _assemble_rows(target, edges, part_of_ring, row_of_part, len(shapes))
    return _cut_beyond_180(whole), error


def _buffer_planar(shapes: Shapes, lon: Floats, lat: Floats, distance_m: Floats) -> Shapes:
    """Return the buffers of shapes in equidistant planes around their middles, in metres."""
    shapes = _open_closed_lines(shapes)
    west, _, east, _ = shapely.bounds(shapes).T
    dense = shapely.segmentize(shapes, _SEGMENT_DEGREES)
    coords, row = shapely.get_coordinates(dense, return_index=True)
    plane = project_to_plane(lon[row], lat[row], coords[:, 0], coords[:, 1]).T
    planar = shapely.set_coordinates(dense, plane)
    # The halves of a shape that is cut at 180° meet in the plane.
    for n in np.flatnonzero((west <= -180.0) & (east >= 180.0)):
        planar[n] = shapely.union_all(shapely.buffer(shapely.get_parts(planar[n]), 0.001))
    return np.asarray(shapely.buffer(planar, distance_m, quad_segs=_QUADRANT))


def _open_closed_lines(shapes: Shapes) -> Shapes:
    """Split closed lines in two.

    GEOS treats a closed line as a ring. If the ring crosses itself, GEOS loses the area between the
    loops, or the whole area.
    """
    parts, row = shapely.get_parts(shapes, return_index=True)
    lines = shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING
    closed = np.flatnonzero(lines & shapely.is_closed(parts))
    if not len(closed):
        return shapes
    shapes, parts = shapes.copy(), parts.copy()
    parts[closed] = [_break_line(line) for line in parts[closed]]
    for n in np.unique(row[closed]):
        shapes[n] = shapely.GeometryCollection(list(parts[row == n]))
    return shapes


def _break_line(line: BaseGeometry) -> BaseGeometry:
    """Return a line as two lines that meet at its middle vertex."""
    coords = shapely.get_coordinates(line)
    middle = len(coords) // 2
    return shapely.MultiLineString([coords[: middle + 1], coords[middle:]])


def _trace_outlines(shapes: Shapes) -> Shapes:
    """Return the lines and points from which we measure; for areas, their outlines."""
    outlines = shapes.copy()
    kinds = shapely.get_type_id(shapes)
    areas = np.isin(kinds, (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON))
    outlines[areas] = [trace_boundary(area) for area in shapes[areas]]
    for n in np.flatnonzero(kinds == shapely.GeometryType.GEOMETRYCOLLECTION):
        parts = shapely.get_parts(shapely.get_parts(shapes[n]))
        outlines[n] = shapely.GeometryCollection(list(_trace_outlines(parts)))
    return outlines


def _assemble_rows(
    target: Target, edges: Edges, part_of_ring: Ints, row_of_part: Ints, count: int
) -> tuple[Shapes, Floats]:
    """Build the polygons of rows from rings, and return bounds of the errors of their edges.

    We drop slivers, and repair polygons that cross themselves at a notch.
    """
    rings = shapely.linearrings(np.column_stack([edges.lon, edges.lat]), indices=edges.ring)
    error_of_ring = np.maximum.reduceat(edges.error_m, find_group_starts(edges.ring))
    degrees = np.degrees(target.tolerance_m / WGS84.a)
    thick = shapely.area(shapely.polygons(rings)) > degrees * shapely.length(rings) / 2.0
    thick &= thick[part_of_ring.searchsorted(part_of_ring)]  # drop holes of a dropped shell
    kept_part, number = np.unique(part_of_ring[thick], return_inverse=True)
    parts = shapely.polygons(rings[thick], indices=number)
    row = row_of_part[kept_part]
    whole = np.full(count, shapely.Polygon(), dtype=object)
    shapely.multipolygons(parts, indices=row, out=whole)
    error = np.zeros(count)
    np.maximum.at(error, row_of_part[part_of_ring[thick]], error_of_ring[thick])
    for n in np.flatnonzero(~shapely.is_valid(whole)):
        ring = int(np.searchsorted(row_of_part[part_of_ring], n))
        whole[n] = unite_repaired(parts[row == n], target.tolerance_m[ring])
        error[n] = bound_error(target, ring, whole[n])
    single = np.flatnonzero(shapely.get_num_geometries(whole) == 1)
    whole[single] = shapely.get_geometry(whole[single], 0)
    return whole, error
