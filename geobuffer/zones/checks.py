"""Check arguments that many functions take: borders, zones, regions and tables of geopandas.

A public function checks its arguments here before it computes anything. Errors name the argument,
and the functions that it calls need no checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyproj
import shapely
from pyproj.exceptions import ProjError

from geobuffer.errors import DataError, WrongKind
from geobuffer.geodesy.projected_edges import keep_edges_straight
from geobuffer.zones.border import Border
from geobuffer.zones.region import Region
from geobuffer.zones.zone import is_zone

if TYPE_CHECKING:
    import geopandas as gpd

    _Shapes = TypeVar("_Shapes", gpd.GeoDataFrame, gpd.GeoSeries)


def convert_to_degrees(shapes: _Shapes, what: str) -> _Shapes:
    """Return geopandas shapes that have a CRS, converted to degrees.

    Edges stay straight in the projection of the table, as :mod:`geobuffer.io.read.reproject` does
    for files.

    Parameters
    ----------
    shapes
        A GeoDataFrame or a GeoSeries.
    what
        What the shapes are, for messages.

    Raises
    ------
    DataError
        The CRS is vertical, of another planet, or geocentric.
    """
    system = shapes.crs
    if system == "EPSG:4326":
        return shapes
    try:
        if not (system.is_geographic or system.is_projected):
            raise ProjError("it is neither geographic nor projected")  # noqa: TRY301
        return _keep_edges_straight(shapes).to_crs("EPSG:4326")
    except ProjError as error:
        raise DataError(
            f"Invalid reference system {system.name!r} of {what}: it cannot be converted to "
            f"longitude and latitude on Earth ({' '.join(str(error).split())[:200]}). Must be one "
            "that can, such as EPSG:4326.",
            parameter="crs",
        ) from error


def _keep_edges_straight(shapes: _Shapes) -> _Shapes:
    """Add vertices to lines and areas where a straight edge of the projection bends in degrees."""
    given = shapes.geometry.to_numpy()
    rows = np.flatnonzero((shapely.get_dimensions(given) > 0) & ~shapely.is_empty(given))
    if shapes.crs.is_geographic or not len(rows):
        return shapes
    convert = pyproj.Transformer.from_crs(shapes.crs, "EPSG:4326", always_xy=True)
    dense_shapes = given.copy()
    dense_shapes[rows] = keep_edges_straight(given[rows], convert)
    series = shapes.geometry
    dense_series = type(series)(dense_shapes, index=series.index, crs=series.crs, name=series.name)
    return dense_series if series is shapes else shapes.set_geometry(dense_series)


def check_border(given: object) -> None:
    """Raise an error unless the argument is a border.

    Raises
    ------
    WrongKind
        It is something else; the message lists the functions that make a border.

    Examples
    --------
    >>> check_border("Kursk–Sumy")
    Traceback (most recent call last):
    ...
    geobuffer.errors.WrongKind: Invalid border: a str. Must be a Border: border_between() makes \
one of regions, border_along() of lines, border_around() of shapes, read_border() of a file.
    """
    if not isinstance(given, Border):
        raise WrongKind(
            f"Invalid border: a {type(given).__name__}. Must be a Border: border_between() makes "
            "one of regions, border_along() of lines, border_around() of shapes, read_border() of "
            "a file.",
            parameter="border",
        )


def check_zone(given: object, parameter: str = "zone") -> None:
    """Raise an error unless the argument is a zone.

    Parameters
    ----------
    given
        The argument.
    parameter
        The name of the argument, for the command line.

    Raises
    ------
    WrongKind
        It is something else; the message lists the functions that make a zone.

    Examples
    --------
    >>> check_zone("10 km")
    Traceback (most recent call last):
    ...
    geobuffer.errors.WrongKind: Invalid zone: a str. Must be a zone: build_zone() makes one of a \
border, read_zone() of a file.
    """
    if not is_zone(given):
        raise WrongKind(
            f"Invalid zone: a {type(given).__name__}. Must be a zone: build_zone() makes one of a "
            "border, read_zone() of a file.",
            parameter=parameter,
        )


def check_region(given: object, parameter: str | None = None) -> None:
    """Raise an error unless the argument is a region.

    Parameters
    ----------
    given
        The argument.
    parameter
        The name of the argument, for the command line.

    Raises
    ------
    WrongKind
        It is something else; the message says how to get a region from its name.

    Examples
    --------
    >>> check_region("Kursk")
    Traceback (most recent call last):
    ...
    geobuffer.errors.WrongKind: Invalid region: 'Kursk', a str. Must be a Region: \
load_regions()['Kursk'] if it is bundled, read_regions() makes them of a file.
    """
    if isinstance(given, str):
        raise WrongKind(
            f"Invalid region: {given!r}, a str. Must be a Region: load_regions()[{given!r}] if it "
            "is bundled, read_regions() makes them of a file.",
            parameter=parameter,
        )
    if not isinstance(given, Region):
        raise WrongKind(
            f"Invalid region: a {type(given).__name__}. Must be a Region: load_regions() and "
            "read_regions() return regions.",
            parameter=parameter,
        )
