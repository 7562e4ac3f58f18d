"""Shapes across the antimeridian: read the short way round, and cut at ±180° (RFC 7946, 3.1.9)."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from geobuffer.errors import GeometryError
from geobuffer.geodesy.ellipsoid import Floats

if TYPE_CHECKING:
    from shapely.geometry import LineString, MultiLineString
    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy.ellipsoid import Floats


def jumps(shape: BaseGeometry) -> bool:
    """Tell whether a shape leaves ±180°, or an edge of it leaps from one end of them to the other.

    An edge along a pole is none: it is how Antarctica is drawn.

    Examples
    --------
    >>> jumps(shapely.LineString([(179.9, 65), (-179.9, 65)]))
    True
    """
    west, _, east, _ = shape.bounds
    if east - west <= 180.0:
        return bool(west < -180.0 or east > 180.0)
    lines = shape.boundary if shapely.get_dimensions(shape) == 2 else shape
    parts = shapely.get_parts(lines)
    leaps = any(_leaps(shapely.get_coordinates(part)) for part in parts)
    return leaps or west < -180.0 or east > 180.0


def _leaps(xy: Floats) -> bool:
    long = np.abs(np.diff(xy[:, 0])) > 180.0
    polar = (np.abs(xy[:-1, 1]) == 90.0) & (np.abs(xy[1:, 1]) == 90.0)
    return bool((long & ~polar).any())


def unwrap_polygon(shape: Polygon | MultiPolygon) -> Polygon | MultiPolygon:
    """Return a polygon whose edges run the short way round, so beyond ±180° if need be.

    Raises
    ------
    GeometryError
        A ring goes once round the globe on both sides of the equator.
    """
    parts = [
        _unwrapped(part) if _leaps_anywhere(part) else part for part in shapely.get_parts(shape)
    ]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _leaps_anywhere(part: Polygon) -> bool:
    return any(_leaps(shapely.get_coordinates(r)) for r in (part.exterior, *part.interiors))


def _unwrapped(part: Polygon) -> Polygon:
    shell = _unwrapped_ring(shapely.get_coordinates(part.exterior))
    west, east = shell[:, 0].min(), shell[:, 0].max()
    holes = []
    for interior in part.interiors:
        hole = _unwrapped_ring(shapely.get_coordinates(interior))
        middle = (hole[:, 0].min() + hole[:, 0].max()) / 2.0
        # Each ring begins where it was written; a hole belongs within its shell.
        hole[:, 0] += 360.0 * round(((west + east) / 2.0 - middle) / 360.0)
        holes.append(hole)
    return shapely.Polygon(shell, holes)


def _unwrapped_ring(xy: Floats) -> Floats:
    lon = np.unwrap(xy[:, 0], period=360.0)
    ring = np.stack([lon, xy[:, 1]], axis=1)
    turn = round((lon[-1] - lon[0]) / 360.0)
    if not turn:
        return ring
    south, north = xy[:, 1].min(), xy[:, 1].max()
    if south <= 0.0 <= north:
        raise GeometryError("a ring goes round the globe across the equator")
    # It goes round a pole: what it encloses is what lies between it and that pole.
    pole = 90.0 if north > 0.0 else -90.0
    return np.vstack([ring, [(lon[-1], pole), (lon[0], pole)], ring[:1]])


def cut_line(shape: LineString | MultiLineString) -> LineString | MultiLineString:
    """Return a line within ±180° whose segments run the short way round: in parts, in order.

    Examples
    --------
    >>> print(cut_line(shapely.LineString([(179, 65), (-179, 66)])))
    MULTILINESTRING ((179 65, 180 65.5), (-180 65.5, -179 66))
    """
    pieces = [
        piece
        for part in shapely.get_parts(shape)
        for piece in _cut_part(shapely.get_coordinates(part))
    ]
    return pieces[0] if len(pieces) == 1 else shapely.MultiLineString(pieces)


def _cut_part(xy: Floats) -> list[LineString]:
    lon = np.unwrap(xy[:, 0], period=360.0)
    turn = np.floor((lon + 180.0) / 360.0)
    path = [(lon[0], xy[0, 1])]
    for i in range(len(lon) - 1):
        if turn[i] != turn[i + 1]:
            meridian = 360.0 * max(turn[i], turn[i + 1]) - 180.0
            share = (meridian - lon[i]) / (lon[i + 1] - lon[i])
            if 0.0 < share < 1.0:
                path.append((meridian, xy[i, 1] + share * (xy[i + 1, 1] - xy[i, 1])))
        path.append((lon[i + 1], xy[i + 1, 1]))
    whole = np.array(path)
    between = np.floor(((whole[:-1, 0] + whole[1:, 0]) / 2.0 + 180.0) / 360.0)
    starts = [0, *(np.flatnonzero(np.diff(between)) + 1), len(between)]
    pieces = (whole[a : b + 1] - [360.0 * between[a], 0.0] for a, b in itertools.pairwise(starts))
    # Rounding may leave ±180 by its last bit.
    return [shapely.LineString(np.clip(piece, -180.0, 180.0)) for piece in pieces]


def cut_at_antimeridian(shape: BaseGeometry) -> Polygon | MultiPolygon:
    """Bring longitudes into ±180°, cutting polygons at the antimeridian (RFC 7946, 3.1.9)."""
    west, _, east, _ = shape.bounds
    if west >= -180.0 and east <= 180.0:
        return areal(shape)
    parts = []
    turns = np.arange(np.floor((west + 180.0) / 360.0), np.ceil((east + 180.0) / 360.0))
    for turn in 360.0 * turns:
        part = shapely.intersection(shape, shapely.box(-180.0 + turn, -90.0, 180.0 + turn, 90.0))
        parts.extend(shapely.get_parts(shapely.transform(part, lambda xy, t=turn: xy - [t, 0.0])))
    return areal(shapely.multipolygons([p for p in parts if isinstance(p, Polygon)]))


def areal(shape: BaseGeometry) -> Polygon | MultiPolygon:
    """Keep the polygons of an overlay, one as a Polygon: no points or lines where shapes touch."""
    flat = shapely.get_parts(shapely.get_parts(shape))
    parts = [part for part in flat if isinstance(part, Polygon) and not part.is_empty]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def boundary_of(area: BaseGeometry) -> BaseGeometry:
    """Return an area's boundary without the seams at which it was cut at the antimeridian."""
    boundary, round_ = area.boundary, np.array([360.0, 0.0])
    if boundary.is_empty or boundary.bounds[0] > -180.0 or boundary.bounds[2] < 180.0:
        return boundary
    west, east = (shapely.intersection(boundary, meridian(lon)) for lon in (-180.0, 180.0))
    if west.is_empty or east.is_empty:
        return boundary
    seam = shapely.intersection(shapely.transform(west, lambda xy: xy + round_), east)
    twin = shapely.transform(seam, lambda xy: xy - round_)
    return shapely.difference(boundary, shapely.union(seam, twin))


def meridian(lon: float) -> LineString:
    """Return a meridian from pole to pole."""
    return shapely.LineString([(lon, -90.0), (lon, 90.0)])
