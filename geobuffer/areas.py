"""Areas that callers give: refused where no zone could be right, else flat and within ±180°."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from geobuffer.errors import GeometryError
from geobuffer.geodesy import area_m2, check_degrees
from geobuffer.outlines import cut_at_antimeridian

if TYPE_CHECKING:
    from shapely.geometry import MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry


def checked_area(shape: BaseGeometry, what: str) -> Polygon | MultiPolygon:
    """Return an area without heights, cut at the antimeridian; ``what`` is for messages.

    Raises
    ------
    GeometryError
        It is no polygon, empty, not valid, or its coordinates are no degrees.

    Examples
    --------
    >>> bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    >>> checked_area(bow_tie, "region 'Park'")
    Traceback (most recent call last):
    geobuffer.errors.GeometryError: Invalid region 'Park': Self-intersection[0.5 0.5]. Must be ...
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
    if not shape.is_valid:
        raise GeometryError(f"Invalid {what}: {_not_valid(shape)}")
    return cut_at_antimeridian(shapely.force_2d(shape))


def _not_valid(shape: BaseGeometry) -> str:
    """Return what is wrong with a polygon, and what mending would do to its area."""
    mended = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    before, after = (area_m2(one) / 1e6 for one in (shape, mended))
    return (
        f"{shapely.is_valid_reason(shape)}. Must be a valid polygon; shapely.make_valid() makes "
        f"one of {after:,.6g} km² of these {before:,.6g} km²: look whether that is meant."
    )
