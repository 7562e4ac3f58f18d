"""Keep the edges of projected shapes straight when they become longitude and latitude.

An edge that is straight in a projection is curved in longitude and latitude. We add vertices until
no piece of it deviates by more than 0.1 m.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from geobuffer.geodesy.antimeridian import wrap_degrees

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import NDArray

    from geobuffer.geodesy.ellipsoid import Floats

    Shapes = NDArray[np.object_]


# The largest deviation of a piece of an edge: the same as that of a zone's edges by default.
_BEND_M = 0.1
_DEGREE_M = 111_320.0

# The most pieces of an edge: enough for half a great circle with pieces that deviate by 0.1 m.
_MOST_PIECES = 10_000

# Two rounds are enough, except for edges across an interruption of a projection, which would need
# infinitely many.
_ROUNDS = 4


def keep_edges_straight(shapes: Shapes, convert: pyproj.Transformer) -> Shapes:
    """Add vertices to projected shapes where their edges bend in longitude and latitude.

    Parameters
    ----------
    shapes
        Shapes in the projection, none of them missing or empty, (n,).
    convert
        The transformation from the projection to longitude and latitude.

    Returns
    -------
    array
        The shapes, still in the projection. No piece of an edge deviates by more than 0.1 m. An
        edge that two shapes share gets exactly the same vertices in both, in either direction,
        because we count pieces from the end with the smaller coordinates.

    Examples
    --------
    >>> import pyproj
    >>> convert = pyproj.Transformer.from_crs(32636, 4326, always_xy=True)
    >>> line = shapely.LineString([(300_000, 5_600_000), (400_000, 5_600_000)])
    >>> len(keep_edges_straight(np.array([line]), convert)[0].coords)
    50
    """
    kinds = shapely.get_type_id(shapes)
    made = shapes.copy()
    for alike in (np.isin(kinds, (1, 2, 5)), np.isin(kinds, (3, 6))):
        if alike.any():
            made[alike] = _densify_alike(shapes[alike], convert)
    for n in np.flatnonzero(kinds == shapely.GeometryType.GEOMETRYCOLLECTION):
        parts = shapely.get_parts(shapes[n])
        made[n] = shapely.GeometryCollection(list(keep_edges_straight(parts, convert)))
    return made


def _densify_alike(shapes: Shapes, convert: pyproj.Transformer) -> Shapes:
    """Return lines, or areas, with more vertices."""
    # Half an edge deviates by a quarter only if its curvature is constant, so we repeat the step.
    for _ in range(_ROUNDS):
        shapes, cut = _densify_once(shapes, convert)
        if not cut:
            break
    return shapes


def _densify_once(shapes: Shapes, convert: pyproj.Transformer) -> tuple[Shapes, bool]:
    """Add vertices to edges that bend, and return whether there were any."""
    # We drop heights, because no answer depends on them.
    kind, xy, offsets = shapely.to_ragged_array(shapes, include_z=False)
    ends = np.zeros(len(xy), dtype=bool)
    ends[offsets[0][1:] - 1] = True
    pieces = _count_pieces(xy, ends, convert)
    owner = np.repeat(np.arange(len(xy)), pieces)
    first = np.cumsum(pieces) - pieces
    nth = (np.arange(len(owner)) - first[owner]).astype(float)
    start, stop = xy[owner], xy[np.minimum(owner + 1, len(xy) - 1)]
    turned = (stop[:, 0] < start[:, 0]) | ((stop[:, 0] == start[:, 0]) & (stop[:, 1] < start[:, 1]))
    low, high = np.where(turned[:, None], stop, start), np.where(turned[:, None], start, stop)
    share = np.where(turned, pieces[owner] - nth, nth) / pieces[owner]
    cut = np.where(nth[:, None] == 0.0, start, low + (high - low) * share[:, None])
    rings = np.append(first, len(owner))[offsets[0]]
    made = shapely.from_ragged_array(kind, cut, (rings, *offsets[1:]))
    return np.asarray(made), bool((pieces > 1).any())


def _count_pieces(
    xy: Floats, ends: NDArray[np.bool_], convert: pyproj.Transformer
) -> NDArray[np.int64]:
    """Return the number of pieces for the edge from each vertex to the next."""
    pieces = np.ones(len(xy), dtype=np.int64)
    edge = np.flatnonzero(~ends)
    middle = (xy[edge] + xy[edge + 1]) / 2.0
    lon, lat = convert.transform(*xy.T)
    at_lon, at_lat = convert.transform(*middle.T)
    half = lon[edge] + wrap_degrees(lon[edge + 1] - lon[edge]) / 2.0
    north = at_lat - (lat[edge] + lat[edge + 1]) / 2.0
    east = wrap_degrees(at_lon - half) * np.cos(np.radians(at_lat))
    bend = np.hypot(north, east) * _DEGREE_M
    wanted = np.ceil(np.sqrt(np.nan_to_num(bend, nan=0.0, posinf=0.0) / _BEND_M))
    pieces[edge] = np.clip(wanted, 1, _MOST_PIECES).astype(np.int64)
    return pieces
