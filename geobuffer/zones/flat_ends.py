"""Flat ends: where a zone is cut off square at the ends of its border."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from shapely.geometry import Polygon

from geobuffer.geodesy.antimeridian import cut_at_antimeridian, shift_to_0_360, unwrap_near
from geobuffer.geodesy.buffer import PlanarBuffers, buffer_lines
from geobuffer.geodesy.ellipsoid import Floats, direct, inverse
from geobuffer.geodesy.nearest import LineIndex
from geobuffer.geodesy.simplify import simplify_parts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from shapely.geometry import MultiPolygon
    from shapely.geometry.base import BaseGeometry


# Within the width of the last stretch, which itself lies within the width of the tip.
_REACH = 2.0


class FlatEnd(NamedTuple):
    """Where a zone is cut off square at an end of its border.

    What lies beyond the perpendicular at the end, and farther than the zone's width from the rest
    of the border, is left out. ``azimuth`` points outward: the bearing of the border over its last
    stretch as long as the zone is wide, so that a bend in the last few metres does not turn it.
    """

    lon: float
    lat: float
    azimuth: float
    rest: LineIndex | None

    def concerns(self, lon: Floats, lat: Floats, width_m: float) -> NDArray[np.bool_]:
        """Tell which points the end may leave out of a zone of that width."""
        _, _, away = inverse(self.lon, self.lat, lon, lat)
        return np.asarray(away <= _REACH * width_m)

    def beyond_m(self, lon: Floats, lat: Floats, width_m: float) -> Floats:
        """Return how far points of a zone of that width lie beyond the end, negative before it.

        Minus infinity for those which the end does not concern: nearer to another stretch.
        """
        bearing, _, away = inverse(self.lon, self.lat, lon, lat)
        beyond = away * np.cos(np.radians(bearing - self.azimuth))
        beyond[away > _REACH * width_m] = -np.inf
        near = np.flatnonzero(np.isfinite(beyond))
        if self.rest is not None and len(near):
            kept = self.rest.nearest(lon[near], lat[near]).distance_m <= width_m
            beyond[near[kept]] = -np.inf
        return np.asarray(beyond)


def find_flat_ends(line: BaseGeometry, width_m: float, *, simplify_m: float = 0.0) -> list[FlatEnd]:
    """Return the free ends of a border's line, where it neither goes on nor closes, to be flat.

    For a sketch, the rest of the border may be simplified by some metres: a buffer of 30 km about
    every bend of a real border takes seconds.
    """
    tips: Counter[tuple[float, float]] = Counter()
    runs = list(shapely.get_parts(line))
    for run in runs:
        tips.update((_tip(run.coords[0]), _tip(run.coords[-1])))
    ends = []
    for i, run in enumerate(runs):
        for way in (run, shapely.reverse(run)):
            if tips[_tip(way.coords[-1])] == 1:
                others = runs[:i] + runs[i + 1 :]
                ends.append(_flat_end(way, others, width_m, simplify_m))
    return ends


def build_end_cuts(
    ends: Iterable[FlatEnd], width_m: float, tolerance_m: float, *, rough: bool = False
) -> BaseGeometry:
    """Return what flat ends leave out of a zone, as a polygon.

    ``rough``, for a sketch, draws the zone of the rest of the border as :class:`PlanarBuffers`.
    """
    cuts = []
    for end in ends:
        # One hundredth more, for the drawn edge.
        beyond = _half_disc(end, 1.01 * _REACH * width_m, tolerance_m=tolerance_m)
        near = _near(end, width_m)
        if near is not None:
            if rough:
                kept = PlanarBuffers(near, width_m, error_m=tolerance_m).at(width_m)
                kept = cut_at_antimeridian(kept)
            else:
                kept, _ = buffer_lines(near, width_m, tolerance_m=tolerance_m)
            beyond = shapely.difference(beyond, kept)
        cuts.append(beyond)
    return shapely.union_all(cuts)


def _tip(vertex: tuple[float, ...]) -> tuple[float, float]:
    """Return a vertex, the same on either side of the antimeridian."""
    return (float(shift_to_0_360(vertex[0])), vertex[1])


def _flat_end(
    line: BaseGeometry, others: list[BaseGeometry], width_m: float, simplify_m: float
) -> FlatEnd:
    """Return the flat end at the last vertex of a line."""
    coords = shapely.get_coordinates(line)
    tip = coords[-1]
    _, _, away = inverse(tip[0], tip[1], coords[:, 0], coords[:, 1])
    beyond = np.flatnonzero(away >= width_m)
    last = int(beyond[-1]) if len(beyond) else 0
    _, back, _ = inverse(*coords[last], *tip)
    rest = [shapely.linestrings(coords[: last + 1])] if last else []
    rest += others
    if simplify_m:
        rest = [part for one in rest for part in simplify_parts(one, simplify_m)]
    return FlatEnd(
        float(tip[0]), float(tip[1]), float(back[0]) + 180.0, LineIndex(rest) if rest else None
    )


def _near(end: FlatEnd, width_m: float) -> LineIndex | None:
    """Return the rest of the border so far as its zone can reach beyond a flat end."""
    # 2.02 widths to the half disc's rim, one more to the border; 2 % for the flattening.
    reach = 3.1 * width_m
    if end.rest is None:
        return None
    p = end.rest.pieces
    _, _, away = inverse(end.lon, end.lat, p.lon, p.lat)
    near = np.flatnonzero(away < reach)
    if not len(near):
        return None
    begins = np.stack([p.lon, p.lat], axis=1)[near]
    ends = begins + np.stack([p.dlon, p.dlat], axis=1)[near]
    # In lines as long as they go: a buffer for each piece took 1.7 s in place of 0.07 s.
    anew = (np.diff(near, prepend=-2) != 1) | ~end.rest.continues[near]
    runs = np.split(np.arange(len(near)), np.flatnonzero(anew)[1:])
    return LineIndex([shapely.linestrings([*begins[run], ends[run[-1]]]) for run in runs])


def _half_disc(end: FlatEnd, radius_m: float, *, tolerance_m: float) -> Polygon | MultiPolygon:
    """Return what lies beyond a flat end, up to a radius; its edges are right to the tolerance."""
    arc = np.sqrt(8.0 * tolerance_m / radius_m)
    turns = np.linspace(-90.0, 90.0, int(np.ceil(np.pi / arc)) + 1)
    # The two straight edges: 100 m steps stray by 0.3 mm from a geodesic at latitude 60°.
    steps = np.linspace(0.0, radius_m, max(int(radius_m / 100.0), 2))
    bearing = np.concatenate([np.full(len(steps) - 1, -90.0), turns, np.full(len(steps) - 1, 90.0)])
    away = np.concatenate([steps[:-1], np.full(len(turns), radius_m), steps[:0:-1]])
    lon, lat, _ = direct(end.lon, end.lat, end.azimuth + bearing, away)
    unwrapped = unwrap_near(lon, end.lon)
    return cut_at_antimeridian(Polygon(np.stack([unwrapped, lat], axis=1)))
