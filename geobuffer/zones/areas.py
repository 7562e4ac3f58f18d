"""Check and repair areas: one policy for broken polygons in files, downloads and memory."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import shapely

from geobuffer.errors import GeometryError, find_caller_level
from geobuffer.geodesy.antimeridian import cut_at_antimeridian
from geobuffer.geodesy.ellipsoid import area_m2, check_degrees
from geobuffer.zones.arguments import Kind
from geobuffer.zones.edges import read_edges

if TYPE_CHECKING:
    from shapely.geometry import MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy.curved_edges import EdgeKind


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
        its coordinates are not degrees, or an edge of more than 180° of longitude is ambiguous: it
        may run either way round the Earth.

    Warns
    -----
    UserWarning
        The shape was repaired; the warning says how much its area changed. Or an edge of the shape
        crosses 180° of longitude.

    Examples
    --------
    >>> bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    >>> check_area(bow_tie, "region 'Park'")
    Traceback (most recent call last):
    geobuffer.errors.GeometryError: Invalid region 'Park': Self-intersection[0.5 0.5]. A repair ...
    """
    return flatten_area(check_polygon(shape, what))


def flatten_area(area: Polygon | MultiPolygon) -> Polygon | MultiPolygon:
    """Return a valid area without heights, cut at the antimeridian."""
    return cut_at_antimeridian(shapely.force_2d(area))


def check_polygon(
    shape: BaseGeometry, what: str, edges: EdgeKind = "straight"
) -> Polygon | MultiPolygon:
    """Return a valid polygon, repaired if necessary; errors and warnings as :func:`check_area`.

    ``edges`` says how the polygon's edges run, as for a region. The polygon keeps its heights. Only
    a ring that crosses 180° is cut there.

    Examples
    --------
    >>> check_polygon(shapely.Point(30, 50), "region 'Park'")
    Traceback (most recent call last):
    geobuffer.errors.GeometryError: Invalid region 'Park': its geometry is a Point. Must be a ...
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
    return repair_polygon(read_edges(shape, what, edges), what)


def repair_polygon(shape: BaseGeometry, what: str) -> Polygon | MultiPolygon:
    """Repair a polygon with :func:`repair_area`, and warn if it was not valid."""
    shape, note = repair_area(shape, what)
    if note:
        warnings.warn(f"repaired {what} {note}", stacklevel=find_caller_level())
    return shape


POLYGON = Kind(
    lambda value: isinstance(value, (shapely.Polygon, shapely.MultiPolygon)),
    "a Polygon or MultiPolygon",
)


# The largest share of a polygon's area that a repair may add or remove. Repairing a small drawing
# error changes far less. Repairing a figure of eight changes the whole area, because its two halves
# cancel each other; we cannot know which shape was intended.
_MOST_CHANGED = 0.01


def repair_area(shape: BaseGeometry, what: str) -> tuple[Polygon | MultiPolygon, str]:
    """Return a valid polygon, and a note on what was wrong and how the repair changed the area.

    All repairs, of files, downloads and shapes in memory, go through this function. The note is
    empty for a shape that is valid already.

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
