"""Quick pictures of a border's zone at many widths, for a slider.

They are planar buffers of a simplified border: a hundredth of the work of :func:`build_zone`, and
as right as stated. They are for looking at; whether a place lies in a zone is its distance.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import shapely

from geobuffer.errors import GeometryError
from geobuffer.geodesy.antimeridian import cut_at_antimeridian, keep_polygons, subtract_around_globe
from geobuffer.geodesy.buffer import PlanarBuffers, drop_slivers
from geobuffer.geodesy.ellipsoid import LIMIT_M, project_equal_area
from geobuffer.geodesy.nearest import LineIndex
from geobuffer.geodesy.simplify import simplify_parts
from geobuffer.zones.border import BOTH
from geobuffer.zones.flat_ends import build_end_cuts, find_flat_ends

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry import MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry

    from geobuffer.zones.border import Border
    from geobuffer.zones.zone import BufferZone


# Shares of what a sketch may stray, which add up to it: the border simplified, twice the arcs (the
# outline that the others are drawn about, and theirs), the edge simplified. They seldom meet: 47 m
# is the most measured on the default border.
_BORDER, _ARCS, _EDGE = 0.3, 0.1, 0.5

# Areas are measured with edges of 2.2 km at most: in the plane they bend by 0.1 m at latitude 45.
_EDGE_DEGREES = 0.02

# At zoom 11, where a hundred villages fit a screen, a pixel is 48 m at latitude 51.
_STRAYS_M = 60.0


class SliderOutline(NamedTuple):
    """A zone's picture at one width: on both sides, and the area of it on each."""

    km: float
    outline: Polygon | MultiPolygon
    areas_km2: dict[str, float]


def outline_error_m(widths_km: Sequence[float]) -> float:
    """Return how far the draw_outlines of a zone at these widths may stray, in metres.

    60 m, or six hundredths of the narrowest width if that is less: then a width of 1 km is drawn
    as 940 to 1,060 m at the worst.
    """
    return min(_STRAYS_M, 60.0 * min(widths_km))


def draw_outlines(zone: BufferZone, widths_km: Sequence[float]) -> list[SliderOutline]:
    """Return the zone's picture at each width that it can be drawn at.

    Parameters
    ----------
    zone
        Whose border, and whose kind of ends.
    widths_km
        Ascending.

    Returns
    -------
    list of SliderOutline
        Outlines lie within :func:`strays_m` of their distance; areas are right to some
        0.2 %. Widths beyond the limit, or that would reach a pole, are left out.

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
    strays = outline_error_m(widths_km)
    index = LineIndex(_simplify_lines(zone.border, _BORDER * strays))
    widths = [km for km in widths_km if km * 1e3 <= LIMIT_M]
    if not widths:
        return []
    rough = PlanarBuffers(index, max(widths) * 1e3, error_m=_ARCS * strays)

    def drawn(km: float) -> tuple[float, Polygon | MultiPolygon] | None:
        try:
            return km, _draw_outline(zone, rough, km, strays)
        except GeometryError:  # it would reach a pole or round the globe
            return None

    # Buffers are made outside of the interpreter's lock: two threads take half the time.
    with ThreadPoolExecutor() as threads:
        outlines = [made for made in threads.map(drawn, widths) if made is not None]
    areas = _simplify_sides(zone.border, _BORDER * strays)
    made = []
    for km, outline in reversed(outlines):
        held = {
            side: keep_polygons(shapely.intersection(outline, area)) for side, area in areas.items()
        }
        made.append(SliderOutline(km, outline, _measure_sides(zone.border, outline, held)))
        if zone.ends == "round":
            # Narrower ones lie in this one: of the territories, what this one holds is enough.
            areas = held
    return made[::-1]


def _simplify_lines(border: Border, tolerance_m: float) -> list[BaseGeometry]:
    """Return the sections' lines, simplified; points as they are."""
    return [
        shapely.multilinestrings(simplify_parts(line, tolerance_m)) if line.length else line
        for line in (section.line for section in border.sections)
    ]


def _simplify_sides(border: Border, tolerance_m: float) -> dict[str, BaseGeometry]:
    """Return the sides' territories, simplified: an area is wanted, not a line."""
    return {
        side.name: shapely.union_all(simplify_parts(side.area, tolerance_m))
        for side in border.sides
        if side.area is not None
    }


def _draw_outline(
    zone: BufferZone, rough: PlanarBuffers, km: float, strays: float
) -> Polygon | MultiPolygon:
    whole: BaseGeometry = rough.at(km * 1e3)
    if zone.ends == "flat":
        ends = find_flat_ends(zone.border.line, km * 1e3, simplify_m=_BORDER * strays)
        cut = build_end_cuts(ends, km * 1e3, _ARCS * strays, rough=True)
        # The outline is not cut at the antimeridian yet, but goes on over it on either side.
        whole = subtract_around_globe(whole, cut)
    # Where stretches of the border meet, a union may leave a hole of a hand's breadth.
    whole = drop_slivers(whole, _ARCS * strays)
    edge = shapely.multipolygons(simplify_parts(whole, _EDGE * strays))
    return cut_at_antimeridian(edge)


def _measure_sides(
    border: Border, outline: Polygon | MultiPolygon, areas: dict[str, BaseGeometry]
) -> dict[str, float]:
    """Return the area of a sketch in all, and on each side: what it holds of the territories."""
    whole = _measure_area(outline)
    found = {name: _measure_area(area) for name, area in areas.items()}
    for side in border.sides:
        if side.name not in found:  # everything that is not on the other side
            found[side.name] = whole - math.fsum(found[name] for name in areas)
    return {BOTH: whole, **found}


def _measure_area(shape: BaseGeometry) -> float:
    return (
        float(shapely.transform(shapely.segmentize(shape, _EDGE_DEGREES), project_equal_area).area)
        / 1e6
    )
