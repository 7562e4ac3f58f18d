"""Choose the projection in which a zone is drawn: conformal, with the least distortion.

A conformal projection keeps angles, so a zone keeps its shape everywhere. Its scale at a point is
one number, which PROJ computes. We centre each candidate on the zone and choose the one whose scale
varies least over the zone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyproj
import shapely
from pyproj.exceptions import ProjError

from geobuffer.geodesy.antimeridian import repeat_within, unwrap_narrowest, unwrap_near
from geobuffer.geodesy.ellipsoid import Floats, inverse, to_ecef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shapely.geometry.base import BaseGeometry


# A scale error below a tenth of a per mille is less than a line's width on any page. Among
# projections as good as that, we choose the simplest: the first in the order of the candidates.
_INVISIBLE = 1e-4

# The number of outline points, and of grid steps in each direction, at which we measure distortion.
# The scale is smooth: between neighbouring points it changes by less than a hundredth of its range.
_OUTLINE, _GRID = 2_000, 40

# Before projection, a straight line in longitude and latitude is cut into steps of this fraction of
# the window. Even across 60°, the true line then deviates by less than a pixel from the drawn one.
_STEP = 1 / 400


class Projection(NamedTuple):
    """A conformal projection fitted to a shape.

    ``kind`` is its name in PROJ (a stereographic projection at a pole is ``"polar"``). ``lon`` and
    ``lat`` are its centre in degrees. ``scale_error`` is the largest difference of its scale from 1
    over the shape.
    """

    kind: str
    crs: pyproj.CRS
    lon: float
    lat: float
    scale_error: float


class Window(NamedTuple):
    """Bounds in degrees; longitudes continue beyond ±180° if the antimeridian lies within."""

    west: float
    south: float
    east: float
    north: float


def fit_projection(shape: BaseGeometry) -> Projection:
    """Return the conformal projection whose scale varies least over a shape.

    Candidates are the transverse, plain and oblique Mercator projections, Lambert's conformal
    conic, and the stereographic projections at the centre of the shape and at the nearer pole. All
    are in Snyder, *Map projections: a working manual* (USGS 1395, 1987). Each is scaled so that
    its largest and its smallest scale over the shape differ equally from 1.

    Parameters
    ----------
    shape
        A shape in longitude and latitude, degrees; it may cross the antimeridian.

    Examples
    --------
    >>> found = fit_projection(shapely.box(30, 50, 31, 51))
    >>> found.kind, found.scale_error < 1e-4
    ('tmerc', True)
    >>> [fit_projection(shapely.box(*bounds)).kind for bounds in
    ...  [(20, 49, 50, 52), (20, 10, 23, 60), (-170, 84, 170, 88), (0, -1, 40, 1)]]
    ['lcc', 'tmerc', 'polar', 'merc']
    """
    lon, lat = _sample_points(shape)
    fitted = (_fit_candidate(*candidate, lon, lat) for candidate in _list_candidates(lon, lat))
    good = [projection for projection in fitted if projection is not None]
    return min(good, key=lambda projection: max(projection.scale_error, _INVISIBLE))


def measure_scales(crs: pyproj.CRS, lon: Floats, lat: Floats) -> Floats:
    """Return the scale of a projection at points: metres in the plane for a metre on the ground.

    Examples
    --------
    >>> mercator = pyproj.CRS("+proj=merc +ellps=sphere")
    >>> measure_scales(mercator, np.array([0.0, 0.0]), np.array([0.0, 60.0])).round(6).tolist()
    [1.0, 2.0]
    """
    return np.asarray(pyproj.Proj(crs).get_factors(lon, lat).meridional_scale)


def unwrap_longitudes(lon: Floats, projection: Projection) -> Floats:
    """Return longitudes within 180° of the projection's centre, beyond ±180° if necessary."""
    return unwrap_near(lon, projection.lon)


def find_window(projection: Projection, frame: tuple[float, float, float, float]) -> Window:
    """Return bounds in degrees that contain a frame (west, south, east, north in metres).

    A frame with a pole in it contains all longitudes.
    """
    west, south, east, north = frame
    x, y = (part.ravel() for part in np.meshgrid(
        np.linspace(west, east, _GRID), np.linspace(south, north, _GRID)))  # fmt: skip
    lon, lat = unproject_points(projection, x, y)
    lon = unwrap_longitudes(lon, projection)
    # Between two points of the grid, the frame may exceed their bounds by a step of the grid.
    margin = 2.0 / _GRID
    dlat = margin * (lat.max() - lat.min())
    dlon = margin * (lon.max() - lon.min())
    low, high = max(lat.min() - dlat, -90.0), min(lat.max() + dlat, 90.0)
    for pole in (-90.0, 90.0):
        at_x, at_y = project_points(projection, np.array([projection.lon]), np.array([pole]))
        if west <= at_x[0] <= east and south <= at_y[0] <= north:
            low, high, dlon = min(low, pole), max(high, pole), 360.0
    # The window ends half way around the globe, where the plane is cut open.
    least, most = projection.lon - 180.0, projection.lon + 180.0
    return Window(max(lon.min() - dlon, least), low, min(lon.max() + dlon, most), high)


def project_points(projection: Projection, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return points in degrees as points in the plane, in metres."""
    x, y = pyproj.Proj(projection.crs)(lon, lat)
    return np.asarray(x), np.asarray(y)


def unproject_points(projection: Projection, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the longitudes and latitudes of points in the plane."""
    lon, lat = pyproj.Proj(projection.crs)(x, y, inverse=True)
    return np.asarray(lon), np.asarray(lat)


def globe_window(projection: Projection) -> Window:
    """Return the window of the whole globe, cut open opposite the projection's centre."""
    return Window(projection.lon - 180.0, -90.0, projection.lon + 180.0, 90.0)


def project_shape(shape: BaseGeometry, projection: Projection, window: Window) -> BaseGeometry:
    """Return the part of a shape in a window, in the plane; joined across the antimeridian."""
    if window.east - window.west >= 360.0 and shapely.get_dimensions(shape) == 2:
        # Around a pole, we project two halves and join them, so that no seam remains. Their edges
        # come from the same longitudes and differ by far less than a centimetre.
        halves = (window._replace(east=projection.lon), window._replace(west=projection.lon))
        return shapely.union_all(
            [project_shape(shape, projection, h) for h in halves], grid_size=0.01
        )
    box = shapely.box(*window)
    copies = repeat_within(shape, window.west, window.east)
    near = [shapely.intersection(copy, box) for copy in copies]
    there = [part for part in near if not part.is_empty]
    whole = shapely.union_all(there) if len(there) > 1 else (there or [near[0]])[0]
    step = (window.east - window.west + window.north - window.south) * _STEP / 2.0
    fine = shapely.segmentize(whole, step)
    return shapely.transform(fine, lambda xy: np.stack(project_points(projection, *xy.T), axis=1))


def _list_candidates(lon: Floats, lat: Floats) -> Iterator[tuple[str, float, float, str]]:
    """Yield kind, centre and definition of each projection, the simplest first."""
    south, north = lat.min(), lat.max()
    middle, centre = float(lon.min() + lon.max()) / 2.0, float(south + north) / 2.0
    # These projections would split a shape around a pole on the far side from its centre.
    if lon.max() - lon.min() < 180.0:
        at = f"+lat_0={centre:.6f} +lon_0={middle:.6f}"
        yield "tmerc", middle, centre, f"+proj=tmerc {at}"
        yield "merc", middle, centre, f"+proj=merc +lon_0={middle:.6f}"
        # Standard parallels a sixth from either end spread the error evenly (Snyder, page 99).
        sixth = (north - south) / 6.0
        parallels = f"+lat_1={south + sixth:.6f} +lat_2={north - sixth:.6f}"
        yield "lcc", middle, centre, f"+proj=lcc {parallels} {at}"
    pole = 90.0 if centre >= 0.0 else -90.0
    yield "polar", middle, pole, f"+proj=stere +lat_0={pole:g} +lon_0={middle:.6f}"
    at_lon, at_lat, azimuth = _find_axis(lon, lat)
    about = f"+lat_0={at_lat:.6f}"
    yield "stere", at_lon, at_lat, f"+proj=stere {about} +lon_0={at_lon:.6f}"
    # alpha within ±90° keeps north up.
    oblique = f"+lonc={at_lon:.6f} +alpha={azimuth:.6f} +no_uoff"
    yield "omerc", at_lon, at_lat, f"+proj=omerc {about} {oblique}"


def _fit_candidate(
    kind: str, middle: float, centre: float, definition: str, lon: Floats, lat: Floats
) -> Projection | None:  # fmt: skip
    """Return a projection scaled to its points, or ``None`` if it cannot show one of them."""
    plain = f"{definition} +ellps=WGS84 +datum=WGS84 +units=m"
    try:
        scale = measure_scales(pyproj.CRS(plain), lon, lat)
    except ProjError:
        return None
    if not (np.isfinite(scale).all() and scale.min() > 0.0):
        return None
    k_0 = 2.0 / (scale.min() + scale.max())
    crs = pyproj.CRS(f"{plain} +k_0={k_0:.10f}")
    return Projection(kind, crs, middle, centre, float(scale.max() * k_0 - 1.0))


def _sample_points(shape: BaseGeometry) -> tuple[Floats, Floats]:
    """Return points of a shape's outline and interior; longitudes may continue beyond ±180°."""
    degrees = shapely.get_coordinates(shapely.segmentize(shape, 1.0))
    xy = degrees[:: len(degrees) // _OUTLINE + 1]
    west, south, east, north = shape.bounds
    x, y = (part.ravel() for part in np.meshgrid(
        np.linspace(west, east, _GRID), np.linspace(south, north, _GRID)))  # fmt: skip
    # Other threads may query the shape, and must not do so while we prepare it. We prepare a copy.
    own = shapely.force_2d(shape)
    shapely.prepare(own)
    within = shapely.contains_xy(own, x, y)
    lon, lat = np.concatenate([xy, np.stack([x[within], y[within]], axis=1)]).T
    return unwrap_narrowest(lon), lat


def _find_axis(lon: Floats, lat: Floats) -> tuple[float, float, float]:
    """Return the centre of points, and the azimuth (within ±90°) of the great circle along them.

    That circle lies in the plane through the Earth's centre that is closest to the points.
    """
    at = to_ecef(lon, lat)
    at /= np.linalg.norm(at, axis=1, keepdims=True)
    _, axes = np.linalg.eigh(at.T @ at)
    along = np.cross(axes[:, 0], middle := (at.min(axis=0) + at.max(axis=0)) / 2.0)
    middle = np.cross(along, axes[:, 0])
    ahead = middle / np.linalg.norm(middle) + 0.01 * along / np.linalg.norm(along)
    to = [
        (np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y))))
        for x, y, z in (middle, ahead)
    ]
    azimuth = inverse(*to[0], *to[1])[0][0]
    return float(to[0][0]), float(to[0][1]), float((azimuth + 90.0) % 180.0 - 90.0)
