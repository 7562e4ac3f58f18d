"""Classify tables of lines and areas: how much of each lies in a zone, and how surely.

The points of a line or an area decide. It is inside if every point is, outside if every point
is, and partly inside if one point is surely inside and another surely outside. Otherwise the
accuracy of the row or of the border leaves it uncertain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geobuffer.analysis.area_parts import (
    AreaParts,
    Pieces,
    cut_areas,
    divide_pieces,
    measure_pieces,
)
from geobuffer.analysis.line_parts import Extremes, measure_lines
from geobuffer.analysis.membership import MEMBERSHIP, PARTLY, answer
from geobuffer.geodesy.antimeridian import cut_unwrapped_lines, trace_boundary, wrap_degrees
from geobuffer.geodesy.ellipsoid import areas_m2
from geobuffer.io.feature_tables import LINES, read_features
from geobuffer.io.point_tables import read_metres

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geobuffer.analysis.line_parts import Stretches
    from geobuffer.geodesy.ellipsoid import Floats, Ints
    from geobuffer.io.feature_tables import Features
    from geobuffer.zones.zone import Zone


#: The classes of lines and areas, in the order of their codes.
FEATURE_MEMBERSHIP = (*MEMBERSHIP, PARTLY)
_OUTSIDE, _INSIDE, _UNCERTAIN, _PARTLY = range(4)

# A part smaller than this share of an area is what rounding leaves along a common edge.
_NOTHING = 1e-9


class FeatureParts(NamedTuple):
    """Parts of lines or areas: an entry for each row, ring, side and section."""

    row: Ints
    """The row of the table."""
    ring: Ints
    """The number of the ring; only parts inside the zone are listed."""
    side: Ints
    """The number of the side; −1 for neither, and where areas are not divided."""
    section: Ints
    size: Floats
    """Kilometres of a line, square kilometres of an area."""


class FeatureAnswers(NamedTuple):
    """Where lines or areas lie: arrays with one entry for each row that has a shape."""

    features: Features
    extremes: Extremes
    size: Floats
    """Kilometres or square kilometres of each."""
    parts: FeatureParts
    membership: NDArray[np.int8]
    shapes: NDArray[np.object_]
    """The part of each that lies in the zone, or None."""
    row_count: int
    """The number of rows of the table."""

    @property
    def is_whole(self) -> NDArray[np.bool_]:
        """Whether all of it lies in the zone."""
        pairs = zip(self.shapes, self.features.shapes, strict=True)
        return np.array([held is shape for held, shape in pairs], dtype=bool)

    @property
    def inside(self) -> Floats:
        """The size of what lies inside, for each row of the table."""
        parts, whole = self.parts, self.is_whole
        found = np.bincount(parts.row, parts.size, minlength=self.row_count).astype(np.float64)
        # The rounding of a sum must not make a part of a whole shape seem outside.
        found[self.features.rows[whole]] = self.size[whole]
        return found

    def find_innermost_rings(self) -> Ints:
        """Return the number of the innermost ring with a part of each row; −1 if none has one."""
        far = np.iinfo(np.int64).max
        found = np.full(self.row_count, far)
        np.minimum.at(found, self.parts.row, self.parts.ring)
        return np.where(found == far, -1, found)


def answer_features(
    table: gpd.GeoDataFrame | gpd.GeoSeries, kind: str, zone: Zone, *, divide: bool = False
) -> FeatureAnswers:
    """Return where the lines or areas of a table lie.

    Parameters
    ----------
    table
        The table.
    kind
        The result of :func:`geobuffer.io.feature_tables.find_kind` for it.
    zone
        The zone.
    divide
        Whether to divide the parts of areas by side and section, which takes longest. Without it,
        these parts have the codes −1. Parts of lines are always divided.
    """
    features = read_features(table, kind)
    accuracy_m = np.broadcast_to(read_metres(table, "accuracy_m", 0.0), len(table))[features.rows]
    if not len(features.rows):
        return _answer_nothing(features, len(table))
    if kind == LINES:
        found = _answer_lines(features, accuracy_m / 1e3, zone)
    else:
        found = _answer_areas(features, accuracy_m / 1e3, zone, divide=divide)
    return found._replace(row_count=len(table))


def _answer_nothing(features: Features, count: int) -> FeatureAnswers:
    none, no = np.zeros(0), np.zeros(0, dtype=bool)
    numbers = np.zeros(0, dtype=np.int64)
    extremes = Extremes(
        none, none, numbers.astype(np.int8), numbers.astype(np.int16), none, none, none, no, no, no
    )
    parts = FeatureParts(numbers, numbers, numbers, numbers, none)
    shapes = np.zeros(0, dtype=object)
    return FeatureAnswers(features, extremes, none, parts, numbers.astype(np.int8), shapes, count)


# --- lines ---


def _answer_lines(features: Features, accuracy_km: Floats, zone: Zone) -> FeatureAnswers:
    extremes, stretches = measure_lines(features.shapes, accuracy_km, zone)
    some = stretches.select(stretches.ring >= 0)
    parts = _sum_parts(features.rows[some.line], some.ring, some.side, some.section, some.length_km)
    shapes = np.full(len(features.rows), None, dtype=object)
    whole = np.bincount(stretches.line[stretches.ring < 0], minlength=len(shapes)) == 0
    shapes[whole] = features.shapes[whole]
    for line, shape in _join_stretches(some, whole):
        shapes[line] = shape
    membership = _choose_classes(extremes)
    size, count = extremes.length_km, len(shapes)
    return FeatureAnswers(features, extremes, size, parts, membership, shapes, count)


# Ends of neighbouring pieces are the same vertex, except for rounding of up to this (0.1 mm).
_SAME_DEGREES = 1e-9


def _join_stretches(some: Stretches, whole: NDArray[np.bool_]) -> list[tuple[int, BaseGeometry]]:
    """Return the parts of lines in a zone, for the lines that are not wholly inside."""
    some = some.select(~whole[some.line])
    step = some.begin[1:] - some.end[:-1]
    step[:, 0] = wrap_degrees(step[:, 0])
    is_new = np.diff(some.line) != 0
    starts = np.flatnonzero(is_new | (np.abs(step) > _SAME_DEGREES).any(axis=1)) + 1
    shapes: dict[int, list[BaseGeometry]] = {}
    for at in np.split(np.arange(len(some.line)), starts):
        if len(at):
            run = np.concatenate([some.begin[at[:1]], some.end[at]])
            run[:, 0] = np.unwrap(run[:, 0], period=360.0)
            parts = shapely.get_parts(cut_unwrapped_lines([run]))
            shapes.setdefault(int(some.line[at[0]]), []).extend(parts)
    return [
        (line, parts[0] if len(parts) == 1 else shapely.MultiLineString(parts))
        for line, parts in shapes.items()
    ]


# --- areas ---


def _answer_areas(
    features: Features, accuracy_km: Floats, zone: Zone, *, divide: bool
) -> FeatureAnswers:
    shapes = features.shapes
    outlines = np.array([*map(trace_boundary, shapes), None], dtype=object)[:-1]
    extremes, stretches = measure_lines(outlines, accuracy_km, zone)
    size_m2 = areas_m2(shapes)
    first = np.searchsorted(stretches.line, np.arange(len(shapes)))
    outline_ring = stretches.ring[first].astype(np.int64)
    pieces = cut_areas(shapes, outline_ring, zone, size_m2)
    measured = divide_pieces(pieces, zone) if divide else measure_pieces(pieces)
    parts = _clean_parts(measured, size_m2 / 1e6)
    extremes = _meet_border(features, extremes, zone)
    held = _join_pieces(pieces, len(shapes))
    extremes = _add_interior_points(shapes, held, extremes, accuracy_km, zone)
    summed = _sum_parts(
        features.rows[parts.area], parts.ring, parts.side, parts.section, parts.size_km2
    )
    size, count = size_m2 / 1e6, len(shapes)
    membership = _choose_classes(extremes)
    return FeatureAnswers(features, extremes, size, summed, membership, held, count)


def _clean_parts(parts: AreaParts, size_km2: Floats) -> AreaParts:
    """Return parts without those that are nothing but rounding."""
    kept = parts.size_km2 > _NOTHING * size_km2[parts.area]
    chosen: Any = (column[kept] for column in parts)
    return AreaParts(*chosen)


def _join_pieces(pieces: Pieces, count: int) -> NDArray[np.object_]:
    """Return the part of each area that lies in the zone; None for an area outside."""
    found = np.full(count, None, dtype=object)
    order = np.argsort(pieces.area, kind="stable")
    for at in np.split(order, np.flatnonzero(np.diff(pieces.area[order])) + 1):
        if len(at):
            some = pieces.shape[at]
            found[pieces.area[at[0]]] = some[0] if len(at) == 1 else shapely.union_all(some)
    return found


def _meet_border(features: Features, extremes: Extremes, zone: Zone) -> Extremes:
    """Return extremes with the distance 0 for areas that contain a whole line of the border.

    Such a line does not meet the outline of the area, and only outlines were measured.
    """
    firsts = np.array(
        [
            shapely.get_coordinates(part)[0]
            for section in zone.sections
            for part in shapely.get_parts(section.line)
        ]
    )
    tree = shapely.STRtree(shapely.points(firsts))
    area, at = tree.query(features.shapes, predicate="intersects")
    area, once = np.unique(area, return_index=True)
    rows = np.flatnonzero(extremes.least_km[area] > 0.0)
    area, at = area[rows], at[once[rows]]
    if not len(area):
        return extremes
    found = answer(firsts[at, 0], firsts[at, 1], zone)
    changed = extremes._replace(
        least_km=extremes.least_km.copy(), side=extremes.side.copy(),
        section=extremes.section.copy(), chainage_km=extremes.chainage_km.copy(),
    )  # fmt: skip
    changed.least_km[area] = 0.0
    changed.side[area], changed.section[area] = found.side, found.section
    changed.chainage_km[area] = found.chainage_km
    return changed


def _add_interior_points(
    shapes: NDArray[np.object_],
    held: NDArray[np.object_],
    extremes: Extremes,
    accuracy_km: Floats,
    zone: Zone,
) -> Extremes:
    """Return extremes that also count a point of each area inside the zone, and one outside it.

    A zone, or a hole of it, may lie within an area without meeting its outline.
    """
    there = np.flatnonzero(~shapely.is_missing(held))
    cut = there[[held[row] is not shapes[row] for row in there]] if len(there) else there
    rest = shapely.difference(shapes[cut], held[cut])
    beside = shapely.area(rest) > _NOTHING * shapely.area(shapes[cut])
    rows = np.concatenate([cut, cut[beside]])
    if not len(rows):
        return extremes
    inner = np.concatenate([held[cut], rest[beside]])
    lonlat = shapely.get_coordinates(shapely.point_on_surface(inner))
    found = answer(lonlat[:, 0], lonlat[:, 1], zone, accuracy_m=accuracy_km[rows] * 1e3)
    seen = np.zeros((3, len(shapes)), dtype=bool)
    seen[found.membership, rows] = True
    return extremes._replace(
        is_inside=extremes.is_inside | seen[_INSIDE],
        is_outside=extremes.is_outside | seen[_OUTSIDE],
        is_doubtful=extremes.is_doubtful | seen[_UNCERTAIN],
    )


# --- both ---


def _choose_classes(extremes: Extremes) -> NDArray[np.int8]:
    """Return the codes of the classes."""
    inside, outside, doubtful = extremes[-3:]
    both = inside & outside
    return np.select([both, doubtful, inside], [_PARTLY, _UNCERTAIN, _INSIDE], _OUTSIDE).astype(
        np.int8
    )


def _sum_parts(
    row: Ints, ring: NDArray[Any], side: NDArray[Any], section: NDArray[Any], size: Floats
) -> FeatureParts:
    """Return parts with one entry for each row, ring, side and section."""
    keys, key = np.unique(np.stack([row, ring, side, section]), axis=1, return_inverse=True)
    total = np.bincount(key.ravel(), size, minlength=keys.shape[1]).astype(np.float64)
    return FeatureParts(keys[0], keys[1], keys[2], keys[3], total)
