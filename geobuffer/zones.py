"""Build the zone about a border: rings, sides, ends."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely

from geobuffer.errors import GeometryError, did_you_mean
from geobuffer.geodesy import LIMIT_M, LineIndex, inverse
from geobuffer.model import BOTH, Border, BufferZone
from geobuffer.outlines import FlatEnd, half_disc, outline

if TYPE_CHECKING:
    from shapely.geometry import MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry

_ENDS = ("round", "flat")

# No border is known to a metre.
_LEAST_KM = 0.001


def build_zone(
    border: Border,
    *,
    km: float | Iterable[float],
    side: str = BOTH,
    ends: Literal["round", "flat"] = "round",
    tolerance_m: float = 0.1,
) -> BufferZone:
    """Build the zone within a distance of a border, measured along geodesics.

    Parameters
    ----------
    border
        The border.
    km
        The width, or the outer edges of several rings: ``[5, 10]`` gives 0–5 and 5–10 km.
    side
        ``"both"``, or the name of one of the border's sides: then the zone is cut to that side's
        territory, which is that of the regions the border was made from.
    ends
        ``"round"`` keeps all that is within the distance of the border, past its ends as well;
        ``"flat"`` cuts the zone off square where the border ends, by a geodesic across the bearing
        of its last stretch as long as the zone is wide: not along other borders that begin there,
        so some of a neighbour may stay in. On one side, round ends are the better choice: the zone
        stays within that side's regions, so that one of Chernihiv, Sumy and Kharkiv reaches
        neither into Luhansk nor into Belarus, and keeps all of theirs that is near enough.
    tolerance_m
        How far the polygons' edges may lie from their distance.

    Raises
    ------
    GeometryError
        A distance is not a positive finite number, or beyond the limit of 2,000 km; rings do not
        ascend; the tolerance is not positive; ``ends`` is neither; the zone would reach a pole.
    UnknownSide
        The border has no side of that name.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> zone = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=1)
    >>> zone.ring_names, zone.error_m <= 1
    (('0–10 km',), True)
    """
    edges = _edges(km)
    if not (_is_number(tolerance_m) and math.isfinite(tolerance_m) and tolerance_m >= 0.001):
        raise GeometryError(
            f"Invalid tolerance_m {tolerance_m!r}. Must be at least 0.001: a millimetre."
        )
    if ends not in _ENDS:
        raise GeometryError(f"Invalid ends {ends!r}. {did_you_mean(str(ends), _ENDS)}")
    name = side if side == BOTH else border.side(side).name
    flat_ends = free_ends(border, edges[-1] * 1e3) if ends == "flat" else []
    cut = _cut_out(flat_ends, edges[-1] * 1e3, tolerance_m)
    rings, errors = [], []
    inner: BaseGeometry = shapely.Polygon()
    for edge in edges[1:]:
        tolerance = min(tolerance_m, edge * 10.0)  # a hundredth of a very narrow zone
        whole, error = outline(border.index, edge * 1e3, tolerance_m=tolerance)
        rings.append(_polygonal(shapely.difference(_on_side(border, name, whole, cut), inner)))
        errors.append(error)
        inner = whole
    if max(errors) > tolerance_m:
        warnings.warn(
            f"The zone's edges stray by up to {max(errors):.2g} m, more than tolerance_m "
            f"{tolerance_m:g}. Distances and membership are not affected.",
            stacklevel=2,
        )
    return BufferZone(
        border, edges, name, ends, tuple(rings), tolerance_m, max(errors), tuple(flat_ends)
    )


def _edges(km: float | Iterable[float]) -> tuple[float, ...]:
    widths = list(km) if isinstance(km, Iterable) and not isinstance(km, str) else [km]
    if not widths:
        raise GeometryError("Invalid km []. Must be a distance or several, in kilometres.")
    edges = [0.0]
    for width in widths:
        if not _is_number(width):
            raise GeometryError(f"Invalid km {width!r}. Must be a number of kilometres.")
        if not (math.isfinite(width) and width > 0):
            raise GeometryError(f"Invalid km {width:g}. Must be positive and finite.")
        if width < _LEAST_KM:
            raise GeometryError(f"Invalid km {width:g}. Must be at least a metre: {_LEAST_KM:g}.")
        if width * 1e3 > LIMIT_M:
            limit = f"{LIMIT_M / 1e3:,.0f} km"
            raise GeometryError(f"Invalid km {width:g}. Must be at most {limit}.")
        if width <= edges[-1]:
            raise GeometryError(f"Invalid km {widths!r}. Must ascend, without repeats.")
        edges.append(float(width))
    return tuple(edges)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _on_side(border: Border, side: str, whole: BaseGeometry, cut: BaseGeometry) -> BaseGeometry:
    """Cut a zone to a side's territory, and off where flat ends say."""
    if side != BOTH:
        area = border.side(side).area
        other = next(s.area for s in border.sides if s.name != side)
        whole = shapely.intersection(whole, area) if area else shapely.difference(whole, other)
    return shapely.difference(whole, cut) if not cut.is_empty else whole


def _polygonal(shape: BaseGeometry) -> Polygon | MultiPolygon:
    """Keep the polygons of an overlay, without the points and lines where shapes only touch."""
    parts = [p for p in shapely.get_parts(shapely.get_parts(shape)) if p.geom_type == "Polygon"]
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


def cut_at_ends(border: Border, width_m: float, tolerance_m: float) -> BaseGeometry:
    """Return what flat ends leave out of a zone of that width, as a polygon."""
    return _cut_out(free_ends(border, width_m), width_m, tolerance_m)


def free_ends(border: Border, width_m: float) -> list[FlatEnd]:
    """Return the free ends of a border, where it neither goes on nor closes, for flat ends."""
    tips: Counter[tuple[float, float]] = Counter()
    runs = list(shapely.get_parts(border.line))
    for run in runs:
        tips.update((_tip(run.coords[0]), _tip(run.coords[-1])))
    ends = []
    for i, run in enumerate(runs):
        for line in (run, shapely.reverse(run)):
            if tips[_tip(line.coords[-1])] == 1:
                others = runs[:i] + runs[i + 1 :]
                ends.append(_flat_end(line, others, width_m))
    return ends


def _tip(vertex: tuple[float, ...]) -> tuple[float, float]:
    """Return a vertex, the same on either side of the antimeridian."""
    return (vertex[0] % 360.0, vertex[1])


def _flat_end(line: BaseGeometry, others: list[BaseGeometry], width_m: float) -> FlatEnd:
    """Return the flat end at the last vertex of a line."""
    coords = shapely.get_coordinates(line)
    tip = coords[-1]
    _, _, away = inverse(tip[0], tip[1], coords[:, 0], coords[:, 1])
    beyond = np.flatnonzero(away >= width_m)
    last = int(beyond[-1]) if len(beyond) else 0
    _, back, _ = inverse(*coords[last], *tip)
    rest = [shapely.linestrings(coords[: last + 1])] if last else []
    rest += others
    return FlatEnd(
        float(tip[0]), float(tip[1]), float(back[0]) + 180.0, LineIndex(rest) if rest else None
    )


def _near(end: FlatEnd, width_m: float) -> LineIndex | None:
    """Return the rest of the border so far as its zone can reach beyond a flat end."""
    # 2.02 widths to the half disc's rim, one more to the border; 2 % for the flattening.
    reach = 3.1 * width_m
    p = end.rest.pieces if end.rest else None
    if p is None:
        return None
    _, _, away = inverse(end.lon, end.lat, p.lon, p.lat)
    begins = np.stack([p.lon, p.lat], axis=1)[away < reach]
    ends = begins + np.stack([p.dlon, p.dlat], axis=1)[away < reach]
    if not len(begins):
        return None
    return LineIndex(list(shapely.linestrings(np.stack([begins, ends], axis=1))))


def _cut_out(ends: Iterable[FlatEnd], width_m: float, tolerance_m: float) -> BaseGeometry:
    """Return what flat ends leave out of a zone, as a polygon."""
    cuts = []
    for end in ends:
        # Within the width of the last stretch, which itself lies within the width of the tip.
        beyond = half_disc(end, 2.02 * width_m, tolerance_m=tolerance_m)
        near = _near(end, width_m)
        if near is not None:
            kept, _ = outline(near, width_m, tolerance_m=tolerance_m)
            beyond = shapely.difference(beyond, kept)
        cuts.append(beyond)
    return shapely.union_all(cuts)
