"""Check arguments that many functions take: borders, zones, regions and areas.

A public function calls these checks on its arguments before it computes anything. So an error
names the argument, and functions further down need not check it again.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import shapely
from pyproj.exceptions import ProjError

from geobuffer.errors import DataError, GeometryError, WrongKind, find_caller_level
from geobuffer.geodesy.antimeridian import cut_at_antimeridian
from geobuffer.geodesy.ellipsoid import area_m2, check_degrees
from geobuffer.zones.border import Border
from geobuffer.zones.edges import read_edges
from geobuffer.zones.region import Region
from geobuffer.zones.zone import is_zone

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely.geometry import MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry

    _Shapes = TypeVar("_Shapes", gpd.GeoDataFrame, gpd.GeoSeries)


def convert_to_degrees(shapes: _Shapes, what: str) -> _Shapes:
    """Return shapes of geopandas, which state their reference system, in degrees.

    Parameters
    ----------
    shapes
        A GeoDataFrame or a GeoSeries.
    what
        What the shapes are, for messages.

    Raises
    ------
    DataError
        Their system is of heights or of another planet, or counts from the Earth's centre.
    """
    system = shapes.crs
    if system == "EPSG:4326":
        return shapes
    try:
        if not (system.is_geographic or system.is_projected):
            raise ProjError("it is neither geographic nor projected")  # noqa: TRY301
        return shapes.to_crs("EPSG:4326")
    except ProjError as error:
        raise DataError(
            f"Invalid reference system {system.name!r} of {what}: it does not lead to longitude "
            f"and latitude on Earth ({' '.join(str(error).split())[:200]}). Must be one that does, "
            "such as EPSG:4326.",
            parameter="crs",
        ) from error


def check_area(shape: BaseGeometry, what: str) -> Polygon | MultiPolygon:
    """Return an area without heights, cut at the antimeridian.

    Parameters
    ----------
    shape
        A Polygon or MultiPolygon in longitude and latitude.
    what
        What the shape is, for messages.

    Raises
    ------
    GeometryError
        The shape is not a polygon or is empty, a repair would change its area by more than 1 %,
        its coordinates are not degrees, or an edge of more than 180° of longitude has two readings.

    Warns
    -----
    UserWarning
        The shape was repaired; the warning says how much its area changed. Or an edge of the shape
        steps over 180° of longitude.

    Examples
    --------
    >>> bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    >>> check_area(bow_tie, "region 'Park'")
    Traceback (most recent call last):
    geobuffer.errors.GeometryError: Invalid region 'Park': Self-intersection[0.5 0.5]. A repair ...
    """
    kind = getattr(shape, "geom_type", type(shape).__name__)
    if kind not in {"Polygon", "MultiPolygon"} or shape.is_empty:
        found = f"an empty {kind}" if getattr(shape, "is_empty", False) else f"a {kind}"
        mixed = kind == "GeometryCollection" and not shape.is_empty
        remedy = "; keep the polygons of its shapely.get_parts()" if mixed else ""
        raise GeometryError(
            f"Invalid {what}: its geometry is {found}. Must be a Polygon or MultiPolygon{remedy}."
        )
    check_degrees(shapely.get_coordinates(shape), what)
    shape, note = repair_area(read_edges(shape, what), what)
    if note:
        warnings.warn(f"repaired {what} {note}", stacklevel=find_caller_level())
    return cut_at_antimeridian(shapely.force_2d(shape))


# The largest share of its area by which a repair may change a polygon. Repairing a small drawing
# error changes far less. Repairing a figure of eight, whose two halves cancel each other, changes
# all of it, and the intended shape is unknown.
_MOST_CHANGED = 0.01


def repair_area(shape: BaseGeometry, what: str) -> tuple[Polygon | MultiPolygon, str]:
    """Return a valid polygon, and a note on what was wrong and how the repair changed the area.

    Files, downloads and shapes in memory are repaired by this function alone. The note is empty
    for a shape that is valid already.

    Parameters
    ----------
    shape
        A Polygon or MultiPolygon in longitude and latitude.
    what
        What the shape is, for messages.

    Raises
    ------
    GeometryError
        The repair would change the area by more than 1 %.

    Examples
    --------
    >>> spike = shapely.Polygon([(0, 0), (1, 0), (1, 1), (0, 1), (0, 2), (0, 1)])
    >>> repaired, note = repair_area(spike, "region 'Park'")
    >>> repaired.is_valid, note
    (True, '(Ring Self-intersection[0 1]): area 12,308.5 km² before, 12,308.5 km² after.')
    """
    if shape.is_valid:
        return shape, ""
    reason = shapely.is_valid_reason(shape)
    # Cutting off a spike leaves a line. We keep only areas.
    made = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    parts = [part for part in shapely.get_parts(made) if part.geom_type == "Polygon"]
    whole = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    before, after = area_m2(shape) / 1e6, area_m2(whole) / 1e6
    areas = f"area {before:,.6g} km² before, {after:,.6g} km² after"
    if abs(after - before) > _MOST_CHANGED * max(before, after) or not after:
        raise GeometryError(
            f"Invalid {what}: {reason}. A repair would change it by more than {_MOST_CHANGED:.0%} "
            f"({areas}). Must be a valid polygon: draw it again, or repair it by hand "
            '("Fix geometries" in QGIS, make_valid() in geopandas) and look at it.'
        )
    return whole, f"({reason}): {areas}."


def repair_region(region: Region) -> Region:
    """Return a region with a valid area; a warning reports a repair.

    Raises
    ------
    GeometryError
        As :func:`check_area`.
    """
    area = check_area(region.geometry, f"region {region.name!r}")
    return region if region.geometry.is_valid else replace(region, geometry=area)


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
