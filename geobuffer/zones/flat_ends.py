"""Find the ends of a border, and cut a zone off square there (flat ends)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from shapely.geometry import Polygon

from geobuffer.geodesy.antimeridian import cut_at_antimeridian, unwrap_near
from geobuffer.geodesy.buffer import PlanarBuffers, buffer_lines
from geobuffer.geodesy.ellipsoid import WGS84, Floats, direct, inverse
from geobuffer.geodesy.nearest import LineIndex, find_tips
from geobuffer.geodesy.simplify import simplify_parts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from shapely.geometry import MultiPolygon
    from shapely.geometry.base import BaseGeometry


# How far from the tip of the border a flat end has an effect, in widths of the zone. The last part
# of the border is one width long, and its zone reaches one width farther.
_REACH = 2.0


class FlatEnd(NamedTuple):
    """Where a zone is cut off square at an end of its border.

    A point is not in the zone if it lies beyond the perpendicular at the end and farther than the
    zone's width from the rest of the border.

    Parameters
    ----------
    lon, lat
        The tip of the border, in degrees.
    azimuth
        The outward bearing of the last part of the border, in degrees. That part is as long as the
        zone is wide, so that a bend in the last few metres does not change the bearing.
    rest
        The border without its last part; ``None`` if nothing is left.
    """

    lon: float
    lat: float
    azimuth: float
    rest: LineIndex | None

    def concerns(self, lon: Floats, lat: Floats, width_m: float) -> NDArray[np.bool_]:
        """Return which points the end may exclude from a zone of that width."""
        _, _, away_m = inverse(self.lon, self.lat, lon, lat)
        return np.asarray(away_m <= _REACH * width_m)

    def beyond_m(self, lon: Floats, lat: Floats, width_m: float) -> Floats:
        """Return how far points of a zone of that width lie beyond the end, negative before it.

        Minus infinity for points that the end does not exclude, because they are near enough to the
        rest of the border.
        """
        bearing, _, away_m = inverse(self.lon, self.lat, lon, lat)
        beyond_m = away_m * np.cos(np.radians(bearing - self.azimuth))
        beyond_m[away_m > _REACH * width_m] = -np.inf
        near = np.flatnonzero(np.isfinite(beyond_m))
        if self.rest is not None and len(near):
            is_near_rest = self.rest.nearest(lon[near], lat[near]).distance_m <= width_m
            beyond_m[near[is_near_rest]] = -np.inf
        return np.asarray(beyond_m)


def find_flat_ends(line: BaseGeometry, width_m: float, *, simplify_m: float = 0.0) -> list[FlatEnd]:
    """Return the flat ends of a border's line: where it neither continues nor closes.

    Parameters
    ----------
    line
        The line in longitude and latitude.
    width_m
        The width of the zone, in metres.
    simplify_m
        By how many metres to simplify the rest of the border. The page's slider uses it, because a
        buffer of 30 km around every bend of a real border takes seconds.
    """
    runs, tips, met = _list_tips(line)
    ends = []
    for i, (run, (first, last)) in enumerate(zip(runs, tips, strict=True)):
        others = runs[:i] + runs[i + 1 :]
        for way, tip in ((run, last), (shapely.reverse(run), first)):
            if met[tip] == 1:
                ends.append(_make_flat_end(way, others, width_m, simplify_m))
    return ends


def has_flat_ends(line: BaseGeometry) -> bool:
    """Return whether a border's line has ends at which a zone could be cut off.

    Examples
    --------
    >>> line = shapely.LineString([(30, 50), (31, 50), (31, 51)])
    >>> has_flat_ends(line), has_flat_ends(shapely.LinearRing(line))
    (True, False)
    """
    return 1 in _list_tips(line)[2].values()


_Tip = tuple[float, ...]


def _list_tips(
    line: BaseGeometry,
) -> tuple[list[BaseGeometry], list[list[_Tip]], Counter[_Tip]]:
    """Return the parts of a line, both tips of each, and how many tips lie at each place."""
    runs = list(shapely.get_parts(line))
    tips = [[tuple(tip) for tip in run] for run in find_tips(runs).tolist()]
    return runs, tips, Counter(tip for run in tips for tip in run)


def build_end_cuts(
    ends: Iterable[FlatEnd], width_m: float, tolerance_m: float, *, rough: bool = False
) -> tuple[BaseGeometry, float]:
    """Return the area that flat ends exclude from a zone, and the error of its edges.

    Parameters
    ----------
    ends
        The flat ends.
    width_m
        The width of the zone, in metres.
    tolerance_m
        How far an edge of the area may lie from its place, in metres.
    rough
        Whether to compute the zone of the rest of the border with :class:`PlanarBuffers`, which is
        faster and less exact. The page's slider uses it.

    Returns
    -------
    tuple
        The area, and a bound of how far its edges lie from their place, in metres. With ``rough``,
        the error of :class:`PlanarBuffers` is not in it.
    """
    cuts, error_m = [], 0.0
    for end in ends:
        # 1 % more than needed, because the edge of the zone is drawn with an error.
        beyond, off_m = _build_half_disc(end, 1.01 * _REACH * width_m, tolerance_m=tolerance_m)
        error_m = max(error_m, off_m)
        rest = _index_near_rest(end, width_m)
        if rest is not None:
            if rough:
                rest_zone = PlanarBuffers(rest, width_m, error_m=tolerance_m).at(width_m)
                rest_zone = cut_at_antimeridian(rest_zone)
            else:
                rest_zone, off_m = buffer_lines(rest, width_m, tolerance_m=tolerance_m)
                error_m = max(error_m, off_m)
            beyond = shapely.difference(beyond, rest_zone)
        cuts.append(beyond)
    return shapely.union_all(cuts), error_m


def _make_flat_end(
    line: BaseGeometry, others: list[BaseGeometry], width_m: float, simplify_m: float
) -> FlatEnd:
    """Return the flat end at the last vertex of a line."""
    coords = shapely.get_coordinates(line)
    tip = coords[-1]
    _, _, away_m = inverse(tip[0], tip[1], coords[:, 0], coords[:, 1])
    is_far = np.flatnonzero(away_m >= width_m)
    last = int(is_far[-1]) if len(is_far) else 0
    _, back, _ = inverse(*coords[last], *tip)
    rest = [shapely.linestrings(coords[: last + 1])] if last else []
    rest += others
    if simplify_m:
        rest = [part for one in rest for part in simplify_parts(one, simplify_m)]
    return FlatEnd(
        float(tip[0]), float(tip[1]), float(back[0]) + 180.0, LineIndex(rest) if rest else None
    )


def _index_near_rest(end: FlatEnd, width_m: float) -> LineIndex | None:
    """Return the part of the rest of the border whose zone can reach beyond a flat end."""
    # 2.02 widths to the edge of the half disc, one more to the border, and 2 % of that for the
    # flattening of the Earth.
    reach_m = 3.1 * width_m
    if end.rest is None:
        return None
    p = end.rest.pieces
    _, _, away_m = inverse(end.lon, end.lat, p.lon, p.lat)
    # A piece may be longer than the zone is wide, and begin far away.
    near = np.flatnonzero(away_m - p.length_m < reach_m)
    if not len(near):
        return None
    begins = np.stack([p.lon, p.lat], axis=1)[near]
    ends = begins + np.stack([p.dlon, p.dlat], axis=1)[near]
    # Pieces that follow each other form one line: a buffer for each piece took 1.7 s instead of
    # 0.07 s.
    is_start = (np.diff(near, prepend=-2) != 1) | ~end.rest.continues[near]
    runs = np.split(np.arange(len(near)), np.flatnonzero(is_start)[1:])
    return LineIndex([shapely.linestrings([*begins[run], ends[run[-1]]]) for run in runs])


def _build_half_disc(
    end: FlatEnd, radius_m: float, *, tolerance_m: float
) -> tuple[Polygon | MultiPolygon, float]:
    """Return the area beyond a flat end within a radius, and how far its straight edges may be off.

    The arc lies beyond the zone, so its error, which is within the tolerance, does not count.
    """
    arc = np.sqrt(8.0 * tolerance_m / radius_m)
    turns = np.linspace(-90.0, 90.0, int(np.ceil(np.pi / arc)) + 1)
    # Steps of some 100 m along the two straight edges, less than 300 m each. At latitude 60° a step
    # of 100 m is 0.3 mm off a geodesic, one of 300 m 2.7 mm.
    steps = np.linspace(0.0, radius_m, max(int(radius_m / 100.0), 2))
    bearing = np.concatenate([np.full(len(steps) - 1, -90.0), turns, np.full(len(steps) - 1, 90.0)])
    away_m = np.concatenate([steps[:-1], np.full(len(turns), radius_m), steps[:0:-1]])
    lon, lat, _ = direct(end.lon, end.lat, end.azimuth + bearing, away_m)
    # A chord of length s at latitude φ is off a geodesic by s² tan φ · 1.09 / 8R at most.
    steepest = np.tan(np.radians(min(float(np.abs(lat).max()), 89.9)))
    off_m = float(steps[1] ** 2 * steepest * 1.09 / 8.0 / WGS84.a)
    unwrapped = unwrap_near(lon, end.lon)
    return cut_at_antimeridian(Polygon(np.stack([unwrapped, lat], axis=1))), off_m
