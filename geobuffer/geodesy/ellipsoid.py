"""Measure distances, lengths and areas on the WGS 84 ellipsoid.

The functions take and return shapely geometry and numpy arrays: degrees on WGS 84, longitude first,
and metres. A segment of a line is *straight in longitude and latitude*, as RFC 7946 (section 3.1.1)
says and as maps draw it. It is not a geodesic; we measure it in short pieces that are.

GeographicLib (C. F. F. Karney, *Algorithms for geodesics*, J. Geodesy 87, 2013) solves all
geodesics, through :class:`pyproj.Geod`, to some nanometres.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray

from geobuffer.errors import GeometryError
from geobuffer.geodesy.antimeridian import wrap_degrees

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shapely.geometry.base import BaseGeometry


Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

WGS84 = pyproj.Geod(ellps="WGS84")

# The largest distance of a buffer: a twentieth of the Earth's circumference. With larger ones,
# outlines start to meet themselves beyond the pole, and no announced zone is as wide.
LIMIT_M = 2_000_000.0

# A piece of a segment is short enough if its chord is off the segment by no more than this. This
# bounds only where we look for a foot: the distance is measured to the segment itself.
_CHORD_M = 1e-3

# The longest piece. We lift a foot from the chord to the surface by the first-order sagitta (2 cm
# for this length); the foot is then right to a micrometre.
_PIECE_M = 1_000.0

#: What coordinates must be, for messages.
ON_GLOBE = (
    "Must be finite degrees, longitude within ±180, latitude within ±90; are they swapped, or "
    "metres?"
)

# shapely prepares a geometry on first use and releases the GIL while doing so. Two threads at once
# crash the process, and threads share borders; so we lock.
_PREPARE_LOCK = threading.Lock()


# --- geodesics between points ---


def inverse(
    lon: ArrayLike, lat: ArrayLike, to_lon: ArrayLike, to_lat: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """Solve the inverse problem: azimuths there and back (degrees), and lengths (metres).

    Arrays are broadcast to each other; results are (n,).

    Examples
    --------
    >>> there, back, length = inverse([0.0], [0.0], [0.0], [1.0])
    >>> float(there[0]), float(back[0]), round(float(length[0]))
    (0.0, 180.0, 110574)
    """
    return _solve_geodesics(WGS84.inv, lon, lat, to_lon, to_lat)


def direct(
    lon: ArrayLike, lat: ArrayLike, azimuth: ArrayLike, length_m: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """Solve the direct problem: longitude, latitude and azimuth back of the end, in degrees.

    Arrays are broadcast to each other; results are (n,). Longitudes are within ±180°.
    """
    return _solve_geodesics(WGS84.fwd, lon, lat, azimuth, length_m)


def _solve_geodesics(solve: Callable[..., Any], *given: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Solve geodesics for arrays that are broadcast to each other."""
    arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(g, dtype=float)) for g in given))
    if arrays[0].size == 1:
        # pyproj 3.7 converts an array of one to a number, and numpy 2.0 to 2.3 warns of that.
        found = solve(*(float(array[0]) for array in arrays))
    else:
        found = solve(*(np.array(array) for array in arrays))
    first, second, third = (np.atleast_1d(np.asarray(f, dtype=float)) for f in found)
    return first, second, third


def to_ecef(lon: ArrayLike, lat: ArrayLike) -> Floats:
    """Return points of the ellipsoid as Earth-centred x, y, z in metres: (..., 3).

    Examples
    --------
    >>> to_ecef([0.0, 90.0], [0.0, 0.0]).round(3).tolist()
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


def project_to_plane(
    at_lon: ArrayLike, at_lat: ArrayLike, lon: ArrayLike, lat: ArrayLike
) -> Floats:
    """Project points to azimuthal equidistant planes about other points: (2, n) metres.

    The first row is metres east, the second metres north; both are true from the middle.

    Examples
    --------
    >>> project_to_plane(30.0, 50.0, [30.01], [50.01]).round(1).tolist()
    [[716.8], [1112.3]]
    """
    azimuth, _, away = inverse(at_lon, at_lat, lon, lat)
    azimuth = np.radians(azimuth)
    return np.stack([away * np.sin(azimuth), away * np.cos(azimuth)])


def project_to_globe(at_lon: ArrayLike, at_lat: ArrayLike, plane: Floats) -> tuple[Floats, Floats]:
    """Return longitude (within ±180°) and latitude of points (2, n) of planes about other points.

    The inverse of :func:`project_to_plane`.

    Examples
    --------
    >>> lon, lat = project_to_globe(180.0, 50.0, np.array([[1000.0], [0.0]]))
    >>> round(float(lon[0]), 4), round(float(lat[0]), 4)
    (-179.9861, 50.0)
    """
    azimuth = np.degrees(np.arctan2(plane[0], plane[1]))
    lon, lat, _ = direct(at_lon, at_lat, azimuth, np.hypot(plane[0], plane[1]))
    return lon, lat


# --- lines in pieces ---


class Pieces(NamedTuple):
    """Short pieces of lines, straight in longitude and latitude; one entry per piece, (n,)."""

    lon: Floats
    """Longitude of the start, in degrees as given."""
    lat: Floats
    dlon: Floats
    """Longitude of the end less that of the start."""
    dlat: Floats
    line: Ints
    """The number of the line, in the order given."""
    chainage_m: Floats
    """Distance along the line from its start to that of the piece."""
    length_m: Floats
    part: Ints
    """The number of the line's part; pieces of a part follow one another without a break."""

    def at(self, piece: Ints, share: Floats) -> tuple[Floats, Floats]:
        """Return longitude and latitude at these shares (0 to 1) of pieces; we do not wrap them."""
        return (
            self.lon[piece] + share * self.dlon[piece],
            self.lat[piece] + share * self.dlat[piece],
        )

    def heading(self, piece: Ints, lat: Floats) -> Floats:
        """Return the azimuth of pieces at a latitude (degrees), in radians east of north."""
        phi = np.radians(lat)
        # The radius of the prime vertical over that of the meridian.
        ratio = (1.0 - WGS84.es * np.sin(phi) ** 2) / (1.0 - WGS84.es)
        return np.asarray(np.arctan2(self.dlon[piece] * np.cos(phi) * ratio, self.dlat[piece]))


def cut_into_pieces(lines: Sequence[BaseGeometry]) -> Pieces:
    """Cut lines into pieces whose geodesics are off the line by at most a millimetre.

    Raises
    ------
    GeometryError
        All lines are empty or without length; or a vertex is not finite, or beyond ±720° of
        longitude or ±90° of latitude.
    """
    start, step, owner, part = _list_segments(lines)
    cuts = _count_pieces(start, step)
    share = np.repeat(step, cuts, axis=0) / np.repeat(cuts, cuts)[:, None]
    begin = np.repeat(start, cuts, axis=0) + share * number_within_groups(cuts)[:, None]
    end = begin + share
    _, _, length = inverse(begin[:, 0], begin[:, 1], end[:, 0], end[:, 1])
    line = np.repeat(owner, cuts)
    total = np.cumsum(length) - length
    first = np.searchsorted(line, line)
    chainage, part = total - total[first], np.repeat(part, cuts)
    places = begin[:, 0], begin[:, 1], share[:, 0], share[:, 1]
    return Pieces(*places, line, chainage, length, part)


def _list_segments(lines: Sequence[BaseGeometry]) -> tuple[Floats, Floats, Ints, Ints]:
    """Return starts (n, 2), differences (n, 2), line and part numbers (n,) of all segments.

    A point is a segment of no length.
    """
    parts, owner = shapely.get_parts(np.asarray(lines, dtype=object), return_index=True)
    coords, part = shapely.get_coordinates(parts, return_index=True)
    check_degrees(coords, "line")
    step = np.diff(coords, axis=0, append=coords[-1:])
    step[np.diff(part, append=-1) != 0] = 0.0
    step[:, 0] = wrap_degrees(step[:, 0])
    dots = shapely.get_type_id(parts)[part] == shapely.GeometryType.POINT
    kept = (step != 0.0).any(axis=1) | dots
    if not kept.any():
        raise GeometryError("Invalid line: it is empty or has no length.")
    part = part[kept].astype(np.int64)
    return coords[kept], step[kept], owner[part].astype(np.int64), part


def _count_pieces(start: Floats, step: Floats) -> Ints:
    """Return into how many pieces each segment is cut.

    A line straight in longitude and latitude that runs at azimuth α has the geodesic curvature
    tan φ · sin α · (1 + cos²α) / R, so a piece of length s is off by that times s² / 8.
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


def length_m(line: BaseGeometry) -> float:
    """Return the length in metres of a line, straight in longitude and latitude between vertices.

    Examples
    --------
    >>> round(length_m(shapely.LineString([(0, 60), (1, 60)])), 2)  # a stretch of the parallel
    55800.0
    """
    return float(cut_into_pieces([line]).length_m.sum())


# --- areas ---


def area_m2(shape: BaseGeometry) -> float:
    """Return the area in m² of a polygon whose edges are straight in longitude and latitude.

    We cut edges into geodesics that are off the edges by at most 1 mm.

    Examples
    --------
    >>> round(area_m2(shapely.box(0, 0, 1, 1)) / 1e6, 1)
    12308.5
    """
    return float(areas_m2([shape])[0])


def areas_m2(shapes: Sequence[BaseGeometry] | NDArray[np.object_]) -> Floats:
    """Return the area in m² of each shape, as :func:`area_m2`; 0 for shapes without polygons.

    Examples
    --------
    >>> ring = shapely.box(0, 0, 2, 1).difference(shapely.box(0, 0, 1, 1))
    >>> (areas_m2([shapely.box(0, 0, 1, 1), ring, shapely.Point(0, 0)]) / 1e6).round(1).tolist()
    [12308.5, 12308.5, 0.0]
    """
    count = len(shapes)
    parts, owner = shapely.get_parts(np.asarray(shapes, dtype=object), return_index=True)
    kept = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(parts)
    rings, part = shapely.get_rings(parts[kept], return_index=True)
    if not len(rings):
        return np.zeros(count)
    pieces = cut_into_pieces(rings)
    begin = find_group_starts(pieces.line)
    end = np.append(begin[1:], len(pieces.line))
    areas = [
        abs(WGS84.polygon_area_perimeter(pieces.lon[slice(*at)], pieces.lat[slice(*at)])[0])
        for at in zip(begin, end, strict=True)
    ]
    # The first ring of a part is its outline, the others are holes.
    ring = pieces.line[begin]
    is_hole = np.diff(part, prepend=-1)[ring] == 0
    signed = np.where(is_hole, -1.0, 1.0) * areas
    total = np.bincount(owner[kept][part[ring]], signed, minlength=count)
    return total.astype(np.float64)


def project_equal_area(lonlat: Floats) -> Floats:
    """Project longitude and latitude, (n, 2) degrees, to an equal-area plane, (n, 2) metres.

    The projection is cylindrical; its second axis is the authalic latitude. Edges straight in
    longitude and latitude bend in the plane, by up to the square of their length times the tangent
    of their latitude over eight Earth radii: 2 m for an edge of 10 km at 45°, 200 m for 100 km.

    Examples
    --------
    >>> square = shapely.transform(shapely.box(0, 0, 1, 1), project_equal_area)
    >>> round(square.area / 1e6, 1)  # as area_m2(shapely.box(0, 0, 1, 1))
    12308.5
    """
    lon, lat = lonlat.T
    eccentricity = math.sqrt(WGS84.es)
    sine = np.sin(np.radians(lat))
    # Snyder (1987), Map Projections, eq. 3-12: a²/2 · dλ · dq is an element of area.
    q = (1.0 - WGS84.es) * (
        sine / (1.0 - WGS84.es * sine**2) + np.arctanh(eccentricity * sine) / eccentricity
    )
    return np.stack([WGS84.a * np.radians(lon), WGS84.a * q / 2.0], axis=1)


def quadrangle_area_m2(lon: Floats, lat: Floats) -> Floats:
    """Return the areas in m² of small quadrangles, such as pixels; corners (..., 4) in order.

    Edges are straight in longitude and authalic latitude. That is exact for cells of longitude and
    latitude; otherwise the relative error is the square of (size over the Earth's radius).

    Examples
    --------
    >>> cell = quadrangle_area_m2(np.array([0.0, 1, 1, 0]), np.array([0.0, 0, 1, 1]))
    >>> round(float(cell) / 1e6, 1)  # as area_m2(shapely.box(0, 0, 1, 1))
    12308.5
    """
    # Longitudes count from the first corner, so that the antimeridian does not matter.
    lonlat = np.stack([wrap_degrees(lon - lon[..., :1]), lat], axis=-1)
    plane = project_equal_area(lonlat.reshape(-1, 2)).reshape(lonlat.shape)
    # We count metres from the first corner as well, so that no digits are lost.
    x, y = np.moveaxis(plane - plane[..., :1, :], -1, 0)
    twice = (x * np.roll(y, -1, axis=-1) - np.roll(x, -1, axis=-1) * y).sum(axis=-1)
    return np.asarray(np.abs(twice) / 2.0)


# --- coordinates and areas that hold them ---


def check_degrees(coords: Floats, what: str) -> None:
    """Check that vertices, (n, 2) longitude and latitude, can be degrees.

    Raises
    ------
    GeometryError
        A coordinate is not finite, or beyond ±720 and ±90, as metres are. The message names the
        vertex.

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


def check_points(lon: Floats, lat: Floats, position: NDArray[np.integer[Any]]) -> None:
    """Raise GeometryError for the first point that cannot be on the globe, with its position."""
    bad = np.flatnonzero(~is_on_globe(lon, lat))
    if len(bad):
        raise GeometryError(
            f"Invalid point at position {position[bad[0]]}: longitude {lon[bad[0]]:.10g}, latitude "
            f"{lat[bad[0]]:.10g}. {ON_GLOBE}"
        )


def is_on_globe(lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    """Return which coordinates may be degrees: finite, within ±720 and ±90.

    Charts of the Pacific go up to 360, and unwrapped shapes go beyond that. Coordinates in metres
    are practically never below 720.

    Examples
    --------
    >>> is_on_globe(np.array([35.0, 51.0, np.nan]), np.array([51.0, 136.0, 51.0])).tolist()
    [True, False, False]
    """
    return (np.abs(lon) <= 720.0) & (np.abs(lat) <= 90.0)


def covers_points(area: BaseGeometry, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    """Return which points (degrees) an area covers, its edge included; not where one is NaN.

    180° and −180° are one longitude.

    Examples
    --------
    >>> covers_points(shapely.box(170, 0, 180, 9), np.array([180.0, -180.0]), np.array([5.0, 5.0]))
    array([ True,  True])
    """
    with _PREPARE_LOCK:
        shapely.prepare(area)
        found = np.asarray(shapely.intersects_xy(area, lon, lat))
        twin = ((np.abs(lon) == 180.0) & ~found).nonzero()[0]
        if len(twin):
            found[twin] = shapely.intersects_xy(area, -lon[twin], lat[twin])
        return found


# --- groups of unequal size, stored one after another in flat arrays ---


def number_within_groups(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of each member within its group, of groups of these sizes.

    Examples
    --------
    >>> number_within_groups(np.array([2, 0, 3])).tolist()
    [0, 1, 0, 1, 2]
    """
    before: NDArray[np.int64] = sizes.cumsum()
    before -= sizes
    return np.asarray(np.arange(sizes.sum()) - before.repeat(sizes))


def find_group_starts(group: Ints) -> Ints:
    """Return the position of the first member of each group; members of a group are neighbours.

    We do not use ``numpy.diff``: for the answer about one point it takes three times as long.

    Examples
    --------
    >>> find_group_starts(np.array([0, 0, 2, 2, 2, 1])).tolist()
    [0, 2, 5]
    """
    begins = np.empty(len(group), dtype=bool)
    begins[:1] = True
    np.not_equal(group[1:], group[:-1], out=begins[1:])
    return begins.nonzero()[0]


def find_successors(group: Ints) -> Ints:
    """Return the position of each member's successor; the last of a group leads to its first.

    Members of a group follow one another, as the vertices of a closed ring do.

    Examples
    --------
    >>> find_successors(np.array([0, 0, 0, 1, 1])).tolist()
    [1, 2, 0, 4, 3]
    """
    after = np.arange(1, len(group) + 1)
    first = find_group_starts(group)
    after[np.append(first[1:], len(group)) - 1] = first
    return after


def find_group_minima(values: NDArray[np.float64], group: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the smallest value of each group; groups are sorted and not empty.

    Examples
    --------
    >>> find_group_minima(np.array([3.0, 1.0, 2.0]), np.array([0, 0, 1])).tolist()
    [1.0, 2.0]
    """
    return np.minimum.reduceat(values, find_group_starts(group))
