"""Measure a zone at many widths, for the slider of the page: its areas, and what flat ends cut off.

The page draws the zone itself, from the border, and needs the area of the zone. A polygon for each
of thirty widths would take seconds. Cells of a grid are enough: a cell lies in every zone that is
wider than its distance from the border. We cut cells that an edge crosses into smaller ones, and
count the share of each that lies within the distance.
"""

from __future__ import annotations

import copy
import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from geobuffer.geodesy.antimeridian import keep_polygons, unwrap_near, wrap_degrees
from geobuffer.geodesy.ellipsoid import LIMIT_M, covers_points, project_equal_area
from geobuffer.geodesy.simplify import simplify_parts
from geobuffer.zones.border import AROUND, BOTH
from geobuffer.zones.flat_ends import build_end_cuts, find_flat_ends

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.geodesy.nearest import LineIndex, Nearest
    from geobuffer.zones.border import Border
    from geobuffer.zones.zone import BufferZone


# A cell that the edge of a zone crosses has at most this share of the zone's area, and is at most
# this many widths long. Areas of the default border at 1 to 30 km are then within 0.05 % of those
# of exact zones, and within 0.1 % on one side. Cells of half the length take twice the time, and
# the difference is then 0.03 %.
_CELL_SHARE, _CELL_WIDTHS = 1.0 / 5000.0, 0.4

# We compute the share of a cell as if the distance changed along each edge by at least this share
# of the edge. The error of the result is less than a ten-thousandth.
_LEAST_RISE = 1e-3

# Flat ends cut off whole cells, so the cells of a zone with flat ends are this many times shorter.
_FLAT_ENDS_FINER = 2.0

# The first cells cover the widest zone with at most this many along each axis.
_FIRST_CELLS = 64

# The least and the greatest length of a degree of latitude, in km.
_LEAST_DEGREE_KM, _MOST_DEGREE_KM = 110.5, 111.7

# Where the zone may not reach: nearer to a pole than this share of its width, and in longitude
# farther from its middle than this, in degrees. geobuffer.build_zone refuses such zones too.
_POLE_MARGIN, _FARTHEST_DEGREES = 1.05, 175.0

# How we divide the permitted error of what flat ends cut off: the shares of simplifying the border,
# of arcs, and of simplifying the result. The three errors seldom add up.
_BORDER_SHARE, _ARC_SHARE, _EDGE_SHARE = 0.3, 0.1, 0.5

# The permitted error of what flat ends cut off, in metres. At zoom 11, where a hundred villages fit
# a screen, a pixel is 48 m at latitude 51.
_ERROR_M = 60.0

# The area of a territory is measured with edges of at most 2.2 km: in the plane, those bend by
# 0.1 m at latitude 45.
_EDGE_DEGREES = 0.02


class SliderStep(NamedTuple):
    """A zone at one width: its area on each side and on both, and what flat ends cut off.

    For a zone around areas, the area includes those areas.
    """

    km: float
    areas_km2: dict[str, float]
    cut: BaseGeometry | None = None


def cut_error_m(widths_km: Sequence[float]) -> float:
    """Return how far edges of what flat ends cut off may lie from their place, in metres.

    It is 60 m, or 6 % of the narrowest width if that is less.
    """
    return min(_ERROR_M, 60.0 * min(widths_km))


def measure_steps(zone: BufferZone, widths_km: Sequence[float]) -> list[SliderStep]:
    """Return the areas of a zone at each width at which it can be drawn.

    Parameters
    ----------
    zone
        The zone, which gives the border and the kind of its ends.
    widths_km
        The widths in kilometres, ascending.

    Returns
    -------
    list of SliderStep
        With widths in thirty even steps, areas on both sides are exact to 0.1 %, those on one side
        to some 0.2 %; if its territory is a strip narrower than the zone, to 0.5 %. Widths beyond
        the limit, and those that would reach a pole or go around the globe, are left out.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> zone = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=1)
    >>> at_10, at_20 = measure_steps(zone, [10, 20])
    >>> abs(at_10.areas_km2["Ukraine"] / zone.area_km2 - 1) < 0.002
    True
    """
    is_around = zone.side == AROUND
    return list(_measure_cached(zone.border, zone.ends, tuple(widths_km), is_around=is_around))


# A notebook may draw many maps of one border, so we cache the last results.
@lru_cache(maxsize=4)
def _measure_cached(
    border: Border, ends: str, widths_km: tuple[float, ...], *, is_around: bool
) -> tuple[SliderStep, ...]:
    # An index counts the points that it measures, and builds a grid after many. That takes 0.2 s,
    # and is of no use for the few points of a table. So we measure cells with a copy of the index:
    # only the copy counts them, and it shares the rest.
    index = copy.copy(border.index)
    found = [(km, _find_frame(index, km)) for km in widths_km]
    frames = {km: frame for km, frame in found if frame is not None}
    if not frames:
        return ()
    widths = list(frames)
    finer = _FLAT_ENDS_FINER if ends == "flat" else 1.0
    cells = _cut_into_cells(border, index, widths, frames[widths[-1]], finer)
    shares = _find_shares(border, cells)
    steps = []
    for km in widths:
        held = cells.within(km)
        cut = _build_cut(border, km, cut_error_m(widths_km)) if ends == "flat" else None
        if cut is not None:
            held[covers_points(cut, *cells.sample)] = 0.0
        areas = {side: float((held * share).sum()) for side, share in shares.items()}
        steps.append(SliderStep(km, _add_inside(border, areas) if is_around else areas, cut))
    return tuple(steps)


def _add_inside(border: Border, areas_km2: Mapping[str, float]) -> dict[str, float]:
    """Return the areas of a zone around areas, which includes them."""
    inside, outside = border.sides
    band = areas_km2[outside.name]
    return {AROUND: band + _measure_area(inside.area or shapely.Polygon()), outside.name: band}


def _measure_area(shape: BaseGeometry) -> float:
    dense = shapely.segmentize(shape, _EDGE_DEGREES)
    return float(shapely.transform(dense, project_equal_area).area) / 1e6


def _build_cut(border: Border, km: float, error_m: float) -> BaseGeometry:
    """Return what flat ends cut off, within an error that is small enough for drawing it."""
    ends = find_flat_ends(border.line, km * 1e3, simplify_m=_BORDER_SHARE * error_m)
    cut, _ = build_end_cuts(ends, km * 1e3, _ARC_SHARE * error_m, rough=True)
    return shapely.multipolygons(simplify_parts(keep_polygons(cut), _EDGE_SHARE * error_m))


# --- cells ---


class _Frame(NamedTuple):
    """Bounds of a zone in degrees; longitudes go on beyond ±180°."""

    west: float
    south: float
    east: float
    north: float


class _Cells(NamedTuple):
    """Cells around a border, each with its distance from the border, its area and its length.

    ``sample`` has the longitude and latitude of a point of each cell. The territory of this point
    is that of the cell. The point lies anywhere in the cell, so that the points of a row of cells
    along a straight edge are not all on one side of it. If the border crosses a cell, the cell
    belongs to both territories, and the point is its middle.
    """

    sample: tuple[Floats, Floats]
    away_km: Floats
    area_km2: Floats
    length_km: Floats
    rises_km: tuple[Floats, Floats]
    """How much the distance changes from the middle to the edges: the larger and smaller change."""

    def within(self, km: float) -> Floats:
        """Return the area in km² of each cell that lies within a distance of the border.

        We treat the edge of the zone as a straight line through the cell, at right angles to the
        shortest line to the border.
        """
        return np.asarray(self.share_within(km - self.away_km) * self.area_km2)

    def share_within(self, rest_km: Floats) -> Floats:
        """Return the share of each cell that is at most ``rest_km`` farther away than its middle.

        It is the part of a rectangle on one side of a straight line. We add and subtract squares,
        one for each corner of the rectangle.
        """
        more, less = self.rises_km
        squares = (
            (more + less, 1.0),
            (more - less, -1.0),
            (less - more, -1.0),
            (-more - less, 1.0),
        )
        below = sum(sign * np.maximum(rest_km + rise, 0.0) ** 2 for rise, sign in squares)
        return np.asarray(np.clip(below / (8.0 * more * less), 0.0, 1.0))


def _find_frame(index: LineIndex, km: float) -> _Frame | None:
    """Return the bounds of a zone; None if it is too wide, at a pole, or around the globe."""
    p, reach = index.pieces, km / _LEAST_DEGREE_KM
    lat = np.concatenate([p.lat, p.lat + p.dlat])
    south, north = float(lat.min()), float(lat.max())
    highest = max(abs(south), abs(north))
    if km * 1e3 > LIMIT_M or highest + _POLE_MARGIN * reach >= 90.0:
        return None
    turns = np.radians(p.lon)
    middle = math.degrees(math.atan2(np.sin(turns).mean(), np.cos(turns).mean()))
    begins = unwrap_near(p.lon, middle)
    lon = np.concatenate([begins, begins + p.dlon])
    west, east = float(lon.min()), float(lon.max())
    # Where a circle about a point reaches farthest east, by the sine rule on a sphere.
    sine = math.sin(math.radians(_POLE_MARGIN * reach)) / math.cos(math.radians(highest))
    wide = math.degrees(math.asin(min(sine, 1.0)))
    if max(east - middle, middle - west) + wide > _FARTHEST_DEGREES:
        return None
    return _Frame(west - wide, south - reach, east + wide, north + reach)


def _cut_into_cells(
    border: Border, index: LineIndex, widths_km: Sequence[float], frame: _Frame, finer: float
) -> _Cells:
    """Return cells that cover the zones of all widths, small where the edge of one runs."""
    edges = np.array([0.0, *widths_km])
    discs = 1 + int((index.pieces.length_m == 0.0).sum())  # a point has a disc
    longest = _find_longest_cells(border.length_km, discs, edges) / finer
    corners = _make_first_cells(frame, widths_km[-1], float(longest.min()))
    done: list[tuple[Floats, ...]] = []
    while len(corners):
        west, south, wide, high = corners.T
        lon, lat = west + wide / 2.0, south + high / 2.0
        found = index.nearest(wrap_degrees(lon), lat)
        away_km = found.distance_m / 1e3
        area_km2 = _measure_cells(corners)
        length_km = np.sqrt(area_km2)
        rises_km = _find_rises(lon, lat, found, length_km)
        # The factor 1.005 allows for parallels, which are not the shortest lines.
        widest = wide * np.cos(np.radians(np.minimum(np.abs(south), np.abs(south + high))))
        corner_km = 1.005 * _MOST_DEGREE_KM * np.hypot(widest, high) / 2.0
        nearest = away_km - corner_km
        # For each cell, the first edge that may run through it or beyond it.
        edge = np.minimum(np.searchsorted(edges, nearest), len(edges) - 1)
        too_long = length_km > longest[edge]
        reached = nearest <= edges[-1]
        kept = reached & ~too_long
        columns = (lon, lat, wide, high, away_km, area_km2, length_km, *rises_km)
        done.append(tuple(column[kept] for column in columns))
        corners = _split_in_quarters(corners[reached & too_long])
    lon, lat, wide, high, away_km, area_km2, length_km, more, less = (
        np.concatenate(parts) for parts in zip(*done, strict=True)
    )
    # The fractions of these multiples fill a square evenly: Roberts' sequence R2.
    is_split = away_km <= more + less
    number = np.where(is_split, 0, np.arange(len(lon)))
    sample_lon = lon + wide * ((0.5 + 0.7548776662466927 * number) % 1.0 - 0.5)
    sample_lat = lat + high * ((0.5 + 0.5698402909980532 * number) % 1.0 - 0.5)
    sample = wrap_degrees(sample_lon), sample_lat
    return _Cells(sample, away_km, area_km2, length_km, (more, less))


def _find_rises(
    lon: Floats, lat: Floats, found: Nearest, length_km: Floats
) -> tuple[Floats, Floats]:
    """Return how much the distance changes from the middle of cells to their edges, in km.

    Cells are about as wide as high. The distance grows in the direction away from the nearest point
    of the border.
    """
    east = wrap_degrees(found.lon - lon) * np.cos(np.radians(lat))
    north = found.lat - lat
    away = np.hypot(east, north)
    # On the border itself, this direction is unknown. No edge of a zone is near, so 1 will do.
    known = away > 0.0
    steepness = [np.divide(np.abs(part), away, out=np.ones_like(away), where=known)
                 for part in (east, north)]  # fmt: skip
    # If the distance did not change along an edge, share_within would divide by zero.
    rises = np.maximum(np.sort(steepness, axis=0), _LEAST_RISE) * length_km / 2.0
    return rises[1], rises[0]


def _find_longest_cells(line_km: float, discs: int, edges_km: Floats) -> Floats:
    """Return the greatest length of a cell that an edge crosses, for each edge.

    The border itself, at a distance of 0, has the value of the narrowest edge.
    """
    km = np.maximum(edges_km, edges_km[1])
    about_km2 = 2.0 * line_km * km + discs * math.pi * km**2
    return np.asarray(np.minimum(_CELL_WIDTHS * km, np.sqrt(_CELL_SHARE * about_km2)))


def _make_first_cells(frame: _Frame, widest_km: float, shortest_km: float) -> Floats:
    """Return the first cells (n, 4): west, south, width and height in degrees.

    Repeated halving of their length leads to the length of the shortest cells.
    """
    west, south, east, north = frame
    lon_scale = math.cos(math.radians(min(abs(south), abs(north))))
    about = max((north - south) / _FIRST_CELLS, (east - west) * lon_scale / _FIRST_CELLS)
    about = max(about, widest_km / _LEAST_DEGREE_KM)
    shortest = shortest_km / _MOST_DEGREE_KM
    count = math.ceil((north - south) / (shortest * 2.0 ** round(math.log2(about / shortest))))
    high = (north - south) / count
    rows = []
    for at in (south + high * np.arange(count)).tolist():
        wide = high / max(math.cos(math.radians(at + high / 2.0)), 0.05)
        begins = np.arange(west, east, wide)
        rows.append(np.column_stack(np.broadcast_arrays(begins, at, wide, high)))
    return np.concatenate(rows)


def _split_in_quarters(corners: Floats) -> Floats:
    half = corners[:, 2:] / 2.0
    return np.concatenate(
        [
            np.concatenate([corners[:, :2] + half * part, half], axis=1)
            for part in ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))
        ]
    )


def _measure_cells(corners: Floats) -> Floats:
    """Return the areas of cells in km²; in the equal-area plane, cells are rectangles."""
    low, high = (
        project_equal_area(corners[:, :2]),
        project_equal_area(corners[:, :2] + corners[:, 2:]),
    )
    return np.asarray(np.prod(high - low, axis=1)) / 1e6


def _find_shares(border: Border, cells: _Cells) -> dict[str, Floats]:
    """Return the share of each cell that belongs to each side; for both sides, it is 1."""
    held = {
        side.name: covers_points(side.area, *cells.sample).astype(float)
        for side in border.sides
        if side.area is not None
    }
    # A cell that the border crosses belongs to the other side too.
    own = cells.share_within(cells.away_km)
    if len(held) == 2:
        (one, at_one), (other, at_other) = held.items()
        held = {
            one: at_one * own + at_other * (1.0 - own),
            other: at_other * own + at_one * (1.0 - own),
        }
    else:
        held = {name: at * own + (1.0 - at) * (1.0 - own) for name, at in held.items()}
    both = np.ones(len(cells.away_km))
    rest = both - sum(held.values(), np.zeros(len(both)))
    # A side without a territory has everything that does not belong to the other side.
    return {BOTH: both} | {side.name: held.get(side.name, rest) for side in border.sides}
