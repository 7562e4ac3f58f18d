"""Project coordinates to a plane in metres; distances in the area are right to 0.3 %."""

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from pyproj.enums import TransformDirection

# A conformal conic projection, exact at 47° N and 53° N. Half-way between them the scale is wrong
# by 0.14 %, so 60 km are right to 0.1 km. That is enough to select places near the line. Published
# distances never come from this plane.
CONE = "+proj=lcc +lat_1=47 +lat_2=53 +lat_0=50 +lon_0=36 +ellps=WGS84 +units=m"
TO_PLANE = Transformer.from_crs("EPSG:4326", CONE, always_xy=True)


def project(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows of (longitude, latitude) in degrees as rows of (x, y) in metres."""
    return np.column_stack(TO_PLANE.transform(lonlat[:, 0], lonlat[:, 1]))


def unproject(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows of (x, y) in metres as rows of (longitude, latitude) in degrees."""
    inverse = TransformDirection.INVERSE
    return np.column_stack(TO_PLANE.transform(xy[:, 0], xy[:, 1], direction=inverse))


def project_geometry(geometry: shapely.Geometry) -> shapely.Geometry:
    """Return a geometry in degrees as one in metres."""
    return shapely.transform(geometry, project)
