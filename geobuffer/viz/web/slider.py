"""Measure a zone at many widths, for the slider of the page: its areas, and what flat ends cut off.

The page draws the zone by itself, from the border, and needs to know how large it is. The outlines
that are measured are planar buffers of a simplified border. :func:`geobuffer.build_zone` takes a
hundred times as long. Whether a place lies in a zone follows from its distance.

The exact engine cannot replace them: with a tolerance of 30 m and a simplified border, it took
23.7 s and 141,788 vertices for the 30 widths of the default border. These take 3.6 s and 38,885.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import shapely

from geobuffer.errors import GeometryError
from geobuffer.geodesy.antimeridian import cut_at_antimeridian, keep_polygons, subtract_around_globe
from geobuffer.geodesy.buffer import PlanarBuffers, drop_slivers
from geobuffer.geodesy.ellipsoid import LIMIT_M, project_equal_area
from geobuffer.geodesy.nearest import LineIndex
from geobuffer.geodesy.simplify import simplify_parts
from geobuffer.zones.border import AROUND, BOTH
from geobuffer.zones.flat_ends import build_end_cuts, find_flat_ends

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry import MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry

    from geobuffer.zones.border import Border
    from geobuffer.zones.zone import BufferZone


# Shares of the permitted error: simplifying the border; the arcs, which count twice (those of the
# outline around which the others are drawn, and their own); and simplifying the outline. They
# seldom add up: the largest error measured on the default border is 47 m.
_BORDER, _ARCS, _EDGE = 0.3, 0.1, 0.5

# Areas are measured with edges of at most 2.2 km: in the plane, those bend by 0.1 m at latitude 45.
_EDGE_DEGREES = 0.02

# The permitted error in metres. At zoom 11, where a hundred villages fit a screen, a pixel is 48 m
# at latitude 51.
_ERROR_M = 60.0


# Of a parallel, simplifying leaves one edge. One longer than 180° would run the other way.
_LONGEST_DEGREES = 90.0


class SliderOutline(NamedTuple):
    """The outline of a zone at one width: its shape on both sides, and its area on each side.

    The outline of a zone around areas holds the areas. ``cut`` is what flat ends cut off.
    """

    km: float
    shape: Polygon | MultiPolygon
    areas_km2: dict[str, float]
    cut: BaseGeometry | None = None


def outline_error_m(widths_km: Sequence[float]) -> float:
    """Return the permitted error of the outlines at these widths, in metres.

    It is 60 m, or 6 % of the narrowest width if that is less. At worst, a width of 1 km is drawn
    as 940 to 1,060 m.
    """
    return min(_ERROR_M, 60.0 * min(widths_km))


def draw_outlines(zone: BufferZone, widths_km: Sequence[float]) -> list[SliderOutline]:
    """Return the outline of a zone at each width at which it can be drawn.

    Parameters
    ----------
    zone
        The zone, which gives the border and the kind of its ends.
    widths_km
        The widths in kilometres, ascending.

    Returns
    -------
    list of SliderOutline
        Outlines lie within :func:`outline_error_m` of their distance; areas are exact to some
        0.2 %. Widths beyond the limit, and those that would reach a pole, are left out.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> zone = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=1)
    >>> at_10, at_20 = draw_outlines(zone, [10, 20])
    >>> abs(at_10.areas_km2["Ukraine"] / zone.area_km2 - 1) < 0.002
    True
    """
    is_around = zone.side == AROUND
    return list(_draw_once(zone.border, zone.ends, tuple(widths_km), is_around=is_around))


# A notebook draws map after map of one border: the outlines take longer than all the rest of a map.
# Those of a border of some 1,000 km take 2 MB.
@lru_cache(maxsize=4)
def _draw_once(
    border: Border, ends: str, widths_km: tuple[float, ...], *, is_around: bool
) -> tuple[SliderOutline, ...]:
    error_m = outline_error_m(widths_km)
    index = LineIndex(_simplify_lines(border, _BORDER * error_m))
    widths = [km for km in widths_km if km * 1e3 <= LIMIT_M]
    if not widths:
        return ()
    buffers = PlanarBuffers(index, max(widths) * 1e3, error_m=_ARCS * error_m)

    def draw_width(km: float) -> tuple[float, Polygon | MultiPolygon, BaseGeometry | None] | None:
        try:
            return km, *_draw_outline(border, ends, buffers, km, error_m)
        except GeometryError:  # the zone would reach a pole or go around the globe
            return None

    # shapely releases the interpreter's lock while it makes buffers, so two threads take half the
    # time.
    with ThreadPoolExecutor() as threads:
        drawn = [one for one in threads.map(draw_width, widths) if one is not None]
    areas = _simplify_sides(border, _BORDER * error_m)
    outlines = []
    for km, shape, cut in reversed(drawn):
        if is_around:
            outlines.append(_fill_outline(border, km, shape, areas))
            continue
        inside = {
            side: keep_polygons(shapely.intersection(shape, area)) for side, area in areas.items()
        }
        outlines.append(SliderOutline(km, shape, _measure_sides(border, shape, inside), cut))
        if ends == "round":
            # Narrower zones lie within this one, so the territories within it are enough for them.
            areas = inside
    return tuple(outlines[::-1])


def _fill_outline(
    border: Border,
    km: float,
    shape: Polygon | MultiPolygon,
    areas: dict[str, BaseGeometry],
) -> SliderOutline:
    inside, outside = border.sides
    filled = keep_polygons(shapely.union(shape, areas[inside.name]))
    whole = _measure_area(filled)
    band = whole - _measure_area(areas[inside.name])
    return SliderOutline(km, filled, {AROUND: whole, outside.name: band})


def _simplify_lines(border: Border, tolerance_m: float) -> list[BaseGeometry]:
    """Return the lines of the sections, simplified; points stay unchanged."""
    return [
        shapely.segmentize(
            shapely.multilinestrings(simplify_parts(line, tolerance_m)), _LONGEST_DEGREES
        )
        if line.length
        else line
        for line in (section.line for section in border.sections)
    ]


def _simplify_sides(border: Border, tolerance_m: float) -> dict[str, BaseGeometry]:
    """Return the territories of the sides, simplified; only their areas are needed."""
    return {
        side.name: shapely.union_all(simplify_parts(side.area, tolerance_m))
        for side in border.sides
        if side.area is not None
    }


def _draw_outline(
    border: Border, ends: str, buffers: PlanarBuffers, km: float, error_m: float
) -> tuple[Polygon | MultiPolygon, BaseGeometry | None]:
    cut = None
    whole: BaseGeometry = buffers.at(km * 1e3)
    if ends == "flat":
        cuts = find_flat_ends(border.line, km * 1e3, simplify_m=_BORDER * error_m)
        cut, _ = build_end_cuts(cuts, km * 1e3, _ARCS * error_m, rough=True)
        # The outline is not cut at the antimeridian yet: it continues across it on either side.
        whole = subtract_around_globe(whole, cut)
    # Where parts of the border meet, a union may leave a hole some centimetres wide.
    whole = drop_slivers(whole, _ARCS * error_m)
    edge = shapely.multipolygons(simplify_parts(whole, _EDGE * error_m))
    if cut is not None:
        # The page draws it, so it may be as rough as an outline.
        cut = shapely.multipolygons(simplify_parts(keep_polygons(cut), _EDGE * error_m))
    return cut_at_antimeridian(edge), cut


def _measure_sides(
    border: Border, shape: Polygon | MultiPolygon, areas: dict[str, BaseGeometry]
) -> dict[str, float]:
    """Return the area of an outline: the whole, and the part on the territory of each side."""
    whole = _measure_area(shape)
    found = {name: _measure_area(area) for name, area in areas.items()}
    for side in border.sides:
        if side.name not in found:  # this side is all that does not belong to the other
            found[side.name] = whole - math.fsum(found[name] for name in areas)
    return {BOTH: whole, **found}


def _measure_area(shape: BaseGeometry) -> float:
    return (
        float(shapely.transform(shapely.segmentize(shape, _EDGE_DEGREES), project_equal_area).area)
        / 1e6
    )
