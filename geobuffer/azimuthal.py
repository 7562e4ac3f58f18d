"""Azimuthal equidistant planes about points: metres east and north, true from the middle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geobuffer.geodesy import Floats, direct, inverse

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def on_plane(at_lon: ArrayLike, at_lat: ArrayLike, lon: ArrayLike, lat: ArrayLike) -> Floats:
    """Return (2, n) metres east and north of points, in planes about others (degrees).

    Examples
    --------
    >>> on_plane(30.0, 50.0, [30.01], [50.01]).round(1).tolist()
    [[716.8], [1112.3]]
    """
    azimuth, _, away = inverse(at_lon, at_lat, lon, lat)
    azimuth = np.radians(azimuth)
    return np.stack([away * np.sin(azimuth), away * np.cos(azimuth)])


def on_globe(at_lon: ArrayLike, at_lat: ArrayLike, plane: Floats) -> tuple[Floats, Floats]:
    """Return longitude, within ±180°, and latitude of points, (2, n), of planes about others.

    Examples
    --------
    >>> lon, lat = on_globe(180.0, 50.0, np.array([[1000.0], [0.0]]))
    >>> round(float(lon[0]), 4), round(float(lat[0]), 4)
    (-179.9861, 50.0)
    """
    azimuth = np.degrees(np.arctan2(plane[0], plane[1]))
    lon, lat, _ = direct(at_lon, at_lat, azimuth, np.hypot(plane[0], plane[1]))
    return lon, lat
