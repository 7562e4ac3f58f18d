"""Simplify lines within a tolerance in metres."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy.ellipsoid import Floats


# The longest degree of latitude, at the poles. We simplify in degrees scaled to the longest that
# they can be, so that a tolerance in metres is a bound and not an average.
_DEGREE_M = 111_694.0


def scale_degrees(shape: BaseGeometry) -> tuple[BaseGeometry, Floats]:
    """Return a shape in degrees that are about as long in both directions, and the scale.

    Longitudes are multiplied by the cosine of the shape's latitude nearest to the equator. The
    scale (2,) turns the shape back: divide by it.
    """
    _, south, _, north = shape.bounds
    nearest_equator = 0.0 if south < 0.0 < north else min(abs(south), abs(north))
    scale = np.array([math.cos(math.radians(nearest_equator)), 1.0])
    return shapely.transform(shape, lambda lonlat: lonlat * scale), scale


def simplify_parts(shape: BaseGeometry, tolerance_m: float) -> list[Any]:
    """Return the parts of a shape in degrees, simplified to within a tolerance in metres.

    Parts without length, such as points, are left out.

    Examples
    --------
    >>> bend = shapely.LineString([(30, 50), (30.5, 50.0001), (31, 50)])  # 11 m off straight
    >>> [len(simplify_parts(bend, metres)[0].coords) for metres in (10, 12)]
    [3, 2]
    """
    if shape.is_empty:
        return []
    plane, scale = scale_degrees(shape)
    drawn = shapely.simplify(plane, tolerance_m / _DEGREE_M, preserve_topology=True)
    back = shapely.transform(drawn, lambda xy: xy / scale)
    return [part for part in shapely.get_parts(back) if part.length]
